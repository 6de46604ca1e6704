"""Attribution in a review: what each channel earned by every model, what it cost, and which ones only assist."""

from __future__ import annotations

from typing import Any

from .._errors import Error
from .._events import label, spelled
from .._registry import metrics
from .._result import Result
from . import Data, Grid, Numbers, Section, Skipped, Text, percent, section
from ._change import wilsons
from ._cohorts import amount_of, both, money, short
from ._rows import first_of, held, kinds, one_of, quoted, select

_USERS = ("customer_id", "customer", "user_id", "user", "uid", "客户")
_TIMES = ("time", "touch_time", "created_at", "时间")
_KINDS = ("kind", "type", "类型")
_CHANNELS = ("channel", "source", "渠道")
_VALUES = ("value", "amount", "revenue", "gmv", "金额")
_COSTS = ("cost", "spend", "费用")
_CONVERSIONS = ("conversion", "convert", "converted", "order", "purchase", "转化")
_TOUCHES = ("touch", "click", "view", "impression", "exposure", "触点")

_MODELS = ("first_touch", "last_touch", "linear", "position_based", "time_decay", "markov", "shapley")
_MODEL_NAMES = {
    "first_touch": Text("first touch", "首次触点"),
    "last_touch": Text("last touch", "末次触点"),
    "linear": Text("linear", "线性"),
    "position_based": Text("by position", "位置（U 型）"),
    "time_decay": Text("time decay", "时间衰减"),
    "markov": Text("Markov", "马尔可夫"),
    "shapley": Text("Shapley", "Shapley"),
}
# A channel assists if it is in this many paths for each one that it closes.
_ASSISTS = 3

Rows = list[dict[str, Any]]


# --------------------------------------------------------------------------------------------------------------- input


def _whole(data: Data, source: str, column: str) -> bool:
    """Whether a column holds integers."""
    return "INT" in kinds(held(data, source))[column]


def _conversions(data: Data) -> Any:
    """Orders as conversions, where touches alone were recorded: an order once, with what its lines sold for."""
    source = "orders"
    columns = {column.name: data.name_of(column, source) for column in metrics["rfm"].columns}
    customer, time, order = columns["customer_id"], columns["time"], columns["order_id"]
    amount = amount_of(data, source)
    if customer is None or time is None:
        return None
    value = f"sum({quoted(amount)})" if amount else "NULL"
    if amount and _whole(data, source, amount):
        value = f"CAST({value} AS BIGINT)"  # a sum of integers would be a decimal, which is in yuan
    keys = f"{quoted(customer)}, {quoted(order)}" if order else f"{quoted(customer)}, {quoted(time)}"
    chosen = f"{quoted(customer)} AS user, min({quoted(time)}) AS \"time\", 'conversion' AS kind, "
    chosen += f'CAST(NULL AS VARCHAR) AS channel, {value} AS "value"'
    return select(data, source, chosen, f"{f'WHERE {quoted(amount)} > 0' if amount else ''} GROUP BY {keys}")


def _input(data: Data, source: str) -> str:
    """Touches and conversions as the metric reads them: of one table, or touches and orders."""
    user, time, channel, kind, value = (
        first_of(data, source, names) for names in (_USERS, _TIMES, _CHANNELS, _KINDS, _VALUES)
    )
    ordered = source == "touches" and "orders" in data.inputs  # other rows with a channel need not be touches
    if user is None or time is None or channel is None or (kind is None and not ordered):
        raise Skipped(
            Text(
                "needs touches: --input touches=FILE with customer_id, time, channel, and kind (touch, conversion) or orders",
                "需要触点数据：--input touches=文件，含 customer_id、time、channel，以及 kind（touch、conversion）或订单",
            )
        )
    touch = "TRUE" if kind is None else one_of(kind, _TOUCHES)
    conversion = "FALSE" if kind is None else one_of(kind, _CONVERSIONS)
    chosen = (
        f'{quoted(user)} AS "user", {quoted(time)} AS "time", '
        f"CASE WHEN {conversion} THEN 'conversion' ELSE 'touch' END AS kind, "
        f"CASE WHEN {touch} THEN coalesce(CAST({quoted(channel)} AS VARCHAR), '(unknown)') END AS channel, "
        + (
            f'CASE WHEN {conversion} THEN {quoted(value)} END AS "value"'
            if value
            else 'CAST(NULL AS BIGINT) AS "value"'
        )
    )
    touches = select(data, source, chosen, f"WHERE {touch} OR {conversion}")
    own = kind is not None and bool(select(data, source, "1", f"WHERE {conversion} LIMIT 1").fetchall())
    name = f"{source} as journeys"
    if own:
        return data.derive(name, touches)
    orders = _conversions(data) if ordered else None
    if orders is None:
        raise Skipped(Text("touches without a conversion or an order", "只有触点，没有转化或订单"))
    return data.derive(name, [touches, orders])


def _fractional(data: Data, source: str) -> bool:
    """Whether what sold is written with decimals, not as whole minor units."""
    value = first_of(data, source, _VALUES)
    if value is not None:
        return not _whole(data, source, value)
    amount = amount_of(data, "orders") if "orders" in data.inputs else None
    return amount is not None and not _whole(data, "orders", amount)


_NO_SPEND = Text(
    "The input spend is not used: it needs the columns channel and spend (or cost, amount).",
    "未使用 spend 输入：需要 channel 与 spend（或 cost、amount）列。",
)
_MINOR_SPEND = Text(
    "Spend without decimals is read in minor units (fen, cents), as whole amounts of sales are: write 1200.00 for currency.",
    "不带小数的花费按最小货币单位（分）读取，与整数销售额一致；以元为单位请写作 1200.00。",
)


def _spend(data: Data, source: str, notes: list[Text]) -> dict[str, int] | None:
    """What each channel cost: rows of an input of spend, or else of the touches, added up by the metric of actuals."""
    for name, wanted in (("spend", (*_COSTS, "amount", "金额")), (source, _COSTS)):
        if name not in data.inputs:
            continue
        cost, channel = (first_of(data, name, names) for names in (wanted, _CHANNELS))
        if cost is None or channel is None:
            if name == "spend":
                notes.append(_NO_SPEND)
            continue
        amount = quoted(cost)
        if name != source and _whole(data, name, cost):
            if _fractional(data, source):
                amount = f"CAST({amount} AS DOUBLE)"  # sales in yuan and spend without decimals: yuan, too
            else:
                notes.append(_MINOR_SPEND)
        chosen = f"{quoted(channel)} AS channel, {amount} AS amount, 0 AS period"
        known = f"WHERE {quoted(channel)} IS NOT NULL AND {quoted(cost)} IS NOT NULL"
        about = data.derive(f"{name} as spend", select(data, name, chosen, known))
        made = data.compute(
            "actuals", about, calendar_period="none", period="period", amount="amount", channel="channel", kind=None
        )
        found = {str(row["channel"]): row["gmv"] for row in made.main.to_rows()}
        if any(found.values()):
            return found
    return None


# ---------------------------------------------------------------------------------------------------------------- told


def _shares(result: Result) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows of the comparison by channel and model."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in result.tables["comparison"].to_rows():
        found.setdefault(row["channel"], {})[row["model"]] = row
    return found


def _models_grid(result: Result, shares: dict[str, dict[str, dict[str, Any]]]) -> Grid:
    models = list(dict.fromkeys(row["model"] for row in result.tables["comparison"].to_rows()))
    head = [Text("share of conversions", "转化占比"), *(_MODEL_NAMES.get(name, Text(name, name)) for name in models)]

    def largest(row: dict[str, dict[str, Any]]) -> float:
        return -max((each["share_conversions"] or 0.0 for each in row.values()), default=0.0)

    body = []
    for channel, row in sorted(shares.items(), key=lambda item: largest(item[1])):
        cells = (percent(row[name]["share_conversions"]) if name in row else "–" for name in models)
        body.append([both(channel), *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Models side by side", "各归因模型对比"), head, body, numeric=True)


def _assists_grid(rows: Rows, total: int, result: Result) -> Grid:
    head = [
        Text("channel", "渠道"),
        Text("touches", "触点数"),
        Text("in paths of conversions", "参与转化"),
        Text("share of conversions", "占全部转化"),
        Text("95% interval", "95% 区间"),
        Text("first", "首次"),
        Text("last", "末次"),
        Text("share as the last", "末次占比"),
        Text("assisted only", "仅助攻"),
        Text("sales it took part in", "参与销售额"),
        Text("part", "角色"),
    ]
    body = []
    ends = wilsons([(row["conversions"], total) for row in rows])
    for row, interval in zip(rows, ends, strict=True):
        cells = [
            f"{row['touches']:,}",
            f"{row['conversions']:,}",
            percent(row["conversions"] / total if total else None),
            "–" if interval is None else f"{percent(interval[0])} … {percent(interval[1])}",
            f"{row['first_conversions']:,}",
            f"{row['last_conversions']:,}",
            percent(row["last_conversions"] / total if total else None),
            f"{row['assist_only_conversions']:,}",
            money(row["value"], result),
        ]
        body.append([both(row["channel"]), *(Text(cell, cell) for cell in cells), _part(row)])
    return Grid(Text("Assists", "助攻分析"), head, body)


def _part(row: dict[str, Any]) -> Text:
    """What a channel does in journeys."""
    if row["last_conversions"] * _ASSISTS < row["conversions"]:
        opens = row["first_conversions"] * 2 > row["conversions"]
        return Text("assists, opens journeys" if opens else "assists", "助攻（常为首触）" if opens else "助攻")
    if row["last_conversions"] * 2 > row["conversions"]:
        return Text("closes", "收口")
    return Text("both", "兼有")


def _assistant(rows: Rows, total: int, shares: dict[str, dict[str, dict[str, Any]]]) -> list[Text]:
    """The channel that is in most paths among those that rarely close."""
    quiet = [row for row in rows if row["last_conversions"] * _ASSISTS < row["conversions"]]
    if not quiet or not total:
        return []
    top = max(quiet, key=lambda row: row["conversions"])
    name = both(top["channel"])
    within, last = percent(top["conversions"] / total), percent(top["last_conversions"] / total)
    other = next((model for model in ("markov", "shapley", "linear") if model in shares.get(top["channel"], {})), None)
    en = f"{name.en} assists and rarely closes: it is in {within} of the paths that convert, and the last touch of {last}."
    zh = f"{name.zh}是助攻渠道：出现在 {within} 的转化路径中，但仅 {last} 的末次触点。"
    if other is not None:
        share = percent(shares[top["channel"]][other]["share_conversions"])
        model = _MODEL_NAMES[other]
        en += f" By {model.en} it earns {share}: do not cut it because the last touch says so."
        zh += f"按{model.zh}模型其贡献为 {share}：不要仅凭末次触点削减它。"
    return [Text(en, zh)]


def _leaders(shares: dict[str, dict[str, dict[str, Any]]]) -> list[Text]:
    found = []
    for model in ("last_touch", "markov"):
        mine = {channel: row[model]["share_conversions"] or 0.0 for channel, row in shares.items() if model in row}
        if not mine:
            continue
        channel = max(mine, key=lambda name: mine[name])
        name, share = both(channel), percent(mine[channel])
        words = {
            "last_touch": Text("by the last touch", "按末次触点"),
            "markov": Text("by removal effects (Markov)", "按移除效应（马尔可夫）"),
        }[model]
        found.append(
            Text(
                f"{name.en} earned most conversions {words.en}: {share}.",
                f"{words.zh}，{name.zh}贡献的转化最多：{share}。",
            )
        )
    return found


_RETURNS = ("last_touch", "linear", "markov")


def _returns(result: Result) -> tuple[Rows, list[str]]:
    rows = [row for row in result.tables["returns"].to_rows() if row["row_kind"] == "channel"]
    known = {row["model"] for row in rows}
    return rows, [name for name in _RETURNS if name in known] or sorted(known)


def _spend_grid(result: Result) -> Grid | None:
    rows, models = _returns(result)
    if not rows:
        return None
    head = [Text("channel", "渠道"), Text("spend", "花费"), Text("of all spend", "花费占比")]
    for name in models:
        model = _MODEL_NAMES.get(name, Text(name, name))
        head += [
            Text(f"cost per conversion, {model.en}", f"单次转化成本（{model.zh}）"),
            Text(f"ROAS, {model.en}", f"ROAS（{model.zh}）"),
            Text(f"ROI, {model.en}", f"ROI（{model.zh}）"),
        ]
    found = {(row["channel"], row["model"]): row for row in rows}
    body = []
    channels = sorted({row["channel"] for row in rows}, key=lambda name: -(found[name, models[0]]["spend"] or 0))
    for channel in channels:
        first = found[channel, models[0]]
        cells = [money(first["spend"], result), percent(first["spend_share"])]
        for name in models:
            row = found[channel, name]
            cells.append(money(row["cost_per_conversion"], result))
            cells.append("–" if row["roas"] is None else f"{row['roas']:,.1f}")
            cells.append("–" if row["roi_gmv"] is None else f"{row['roi_gmv']:,.1f}")
        body.append([both(channel), *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Spend and what it brought", "渠道花费与回报"), head, body, numeric=True)


def _spent(result: Result, buyers: int | None) -> tuple[list[Text], Numbers]:
    """What was spent in all, and which channels give most and least for it."""
    total = next((row for row in result.tables["returns"].to_rows() if row["row_kind"] == "blended"), None)
    if total is None or not total["spend"]:
        return [], []
    numbers: Numbers = [
        (Text("spend", "花费"), short(total["spend"], result)),
        (Text("cost per conversion", "单次转化成本"), money(total["cost_per_conversion"], result)),
        (Text("ROAS", "ROAS"), "–" if total["roas"] is None else f"{total['roas']:,.1f}"),
    ]
    if buyers:
        numbers.append((Text("spend per buyer", "每位购买客户的花费"), money(total["spend"] / buyers, result)))
    rows, models = _returns(result)
    model = "markov" if "markov" in models else models[0]
    mine = [row for row in rows if row["model"] == model and row["roas"] is not None and row["spend"]]
    if len(mine) < 2:
        return [], numbers
    best, worst = max(mine, key=lambda row: row["roas"]), min(mine, key=lambda row: row["roas"])
    high, low, name = both(best["channel"]), both(worst["channel"]), _MODEL_NAMES.get(model, Text(model, model))
    share, earned = percent(worst["spend_share"]), percent(worst["conversions"] / total["conversions"])
    found = [
        Text(
            f"{low.en} takes {share} of the spend and earns {earned} of the conversions by {name.en} "
            f"(ROAS {worst['roas']:,.1f}); {high.en} returns most (ROAS {best['roas']:,.1f}). Move budget in steps and test.",
            f"{low.zh}占花费 {share}，按{name.zh}模型贡献转化 {earned}（ROAS {worst['roas']:,.1f}）；{high.zh}回报最高"
            f"（ROAS {best['roas']:,.1f}）。建议分步调整预算并做实验验证。",
        )
    ]
    return found, numbers


def _paths_grid(result: Result) -> Grid:
    head = [
        Text("path", "路径"),
        Text("conversions", "转化"),
        Text("share", "占比"),
        Text("value", "销售额"),
        Text("did not convert", "未转化"),
        Text("conversion rate", "转化率"),
    ]
    body = []
    for row in result.tables["paths"].to_rows()[:12]:
        steps = str(row["path"]).split(" > ")
        path = Text(" → ".join(label(step, "en") for step in steps), " → ".join(label(step, "zh") for step in steps))
        cells = [
            f"{row['conversions']:,}",
            percent(row["share"]),
            money(row["value"], result),
            f"{row['nulls']:,}",
            percent(row["conversion_rate"]),
        ]
        body.append([path, *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Most frequent paths", "主要转化路径"), head, body, numeric=True)


def _time(result: Result) -> list[Text]:
    rows = {row["measure"]: row for row in result.tables["time_summary"].to_rows()}
    first = rows.get("first_touch")
    if first is None or first["mean"] is None:
        return []
    mean = first["mean"] * 1_000_000
    en, zh = spelled(mean, "en"), spelled(mean, "zh")
    return [
        Text(
            f"From the first touch to the conversion it takes {en} on average.",
            f"从首次触点到转化平均需要 {zh}。",
        )
    ]


def _notes(totals: dict[str, Any], asked: dict[str, Any], spend: bool) -> list[Text]:
    notes = [
        Text(
            "A journey is every touch since the conversion before; credit by a model is not proof that the channel "
            "caused it: test large changes.",
            "路径为上次转化之后的全部触点；模型归因不等于因果，重大调整请先做实验。",
        )
        if asked.get("reset")
        else Text(
            "Credit by a model is not proof that the channel caused it: test large changes.",
            "模型归因不等于因果，重大调整请先做实验。",
        )
    ]
    if totals["unattributed_conversions"]:
        count = totals["unattributed_conversions"]
        notes.append(
            Text(f"{count:,} conversions had no touch and are nobody's.", f"{count:,} 次转化之前没有触点，未归因。")
        )
    if spend:
        notes.append(
            Text(
                "ROAS = credited sales / spend, ROI = ROAS − 1 before the cost of goods. Spend is that of an input of spend, or "
                "the cost of the touches.",
                "ROAS = 归因销售额 / 花费，ROI = ROAS − 1（未扣商品成本）。花费取自 spend 输入，或触点成本。",
            )
        )
    else:
        notes.append(
            Text(
                "For ROAS and cost per conversion give what channels cost: --input spend=FILE with channel and spend, or a "
                "column cost of the touches.",
                "如需 ROAS 与单次转化成本，请提供渠道花费：--input spend=文件（含 channel、spend），或触点的 cost 列。",
            )
        )
    return notes


# ------------------------------------------------------------------------------------------------------------- section


def _asked(data: Data) -> dict[str, Any]:
    said = data.arguments
    asked: dict[str, Any] = {"user": "user", "time": "time", "kind": "kind", "channel": "channel", "value": "value"}
    if said.get("models") is None:
        asked["models"] = list(_MODELS)
    if said.get("reset") is None and said.get("lookback") is None:
        asked |= {"reset": "after_conversion", "lookback": "unlimited"}
    return asked


def _computed(data: Data, name: str, asked: dict[str, Any]) -> tuple[Result, Text | None]:
    """Attribution with every model; without Shapley values where there are too many channels for them."""
    try:
        return data.compute("attribution", name, **asked), None
    except Error as error:
        models = asked.get("models")
        if not models or "shapley" not in models:
            raise
        fewer = {**asked, "models": [model for model in models if model != "shapley"]}
        return data.compute("attribution", name, **fewer), Text(
            f"no Shapley values: {error}", f"无法计算 Shapley：{error}"
        )


@section("attribution", inputs=("touches", "events"), columns_of="activity")
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["attribution"]
    name = _input(data, source)
    asked = _asked(data)
    doubts: list[Text] = []
    spend = None if data.arguments.get("spend") is not None else _spend(data, source, doubts)
    if spend is not None:
        asked["spend"] = [{"channel": channel, "spend": cost} for channel, cost in spend.items()]
    result, lacking = _computed(data, name, asked)
    made = Section(Text(metric.title, metric.title_zh))
    totals = result.tables["totals"].to_rows()[0]
    if not totals["attributed_conversions"]:
        raise Skipped(Text("no conversion has a touch before it", "没有转化之前有触点"))
    total = int(totals["attributed_conversions"])
    shares = _shares(result)
    assists = sorted(result.tables["assists"].to_rows(), key=lambda row: -row["conversions"])
    made.numbers = [
        (Text("touches", "触点数"), f"{totals['touches']:,}"),
        (Text("conversions", "转化数"), f"{totals['conversions']:,}"),
        (Text("with a touch before", "可归因"), percent(total / totals["conversions"])),
        (Text("credited sales", "归因销售额"), short(totals["attributed_value"], result)),
    ]
    made.findings = _leaders(shares) + _assistant(assists, int(totals["conversions"]), shares)
    made.grids = [_models_grid(result, shares), _assists_grid(assists, int(totals["conversions"]), result)]
    made.figures_of = [(result, "models"), (result, "removal"), (result, "journeys")]
    has_spend = "returns" in result.tables and len(result.tables["returns"]) > 0
    if has_spend:
        found, numbers = _spent(result, len(data.orders("orders").main) if "orders" in data.inputs else None)
        made.findings += found
        made.numbers += numbers
        grid = _spend_grid(result)
        if grid is not None:
            made.grids.append(grid)
    made.findings += _time(result)
    made.grids.append(_paths_grid(result))
    made.notes = _notes(totals, asked, has_spend) + doubts
    if lacking is not None:
        made.notes.append(lacking)
    return made
