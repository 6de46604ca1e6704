"""Acquisition in a review: who came from where, who left whom, who bought, and what they are worth."""

from __future__ import annotations

from typing import Any

from .._periods import period_label
from .._result import Result
from . import Data, Definition, Grid, Numbers, Section, Skipped, Text, _cohorts, percent, topic
from ._change import Change, totals, wilson
from ._chart import Chart, Series
from ._cohorts import COLUMNS, Rows, asked, both
from ._friends import Friends
from ._people import DAY, WORTH, People
from ._rows import quoted
from ._standing import Rate, above, rates

_SMALLEST = 30  # customers of an origin that is compared
_MOST = 12  # origins and periods of a table
_STAFF = 20  # staff of a table

_DEFINITION = Definition(
    Text(
        "Friends that staff added and lost, by period, origin and member of staff; where first orders came from; what the "
        "customers of each origin bring, and those whom other customers invited.",
        "员工新增与流失的好友（按周期、来源、员工）；首单来自哪些渠道；各来源客户与老客邀请客户的价值。",
    ),
    (
        Text("net = added − lost", "净增 = 新增 − 流失"),
        Text(
            "deletion rate = pairs of customer and staff with a deletion ÷ pairs ever added",
            "删除率 = 发生删除的（客户，员工）对 ÷ 添加过的（客户，员工）对",
        ),
        Text(
            f"net sales in {WORTH} days, each = Σ amounts within {WORTH} days of the first addition ÷ customers who have had them",
            f"{WORTH} 天人均净销售额 = 首次添加后 {WORTH} 天内的金额合计 ÷ 已满 {WORTH} 天的客户数",
        ),
        Text("intervals: Wilson for rates, Fieller for ratios of means", "区间：比例用 Wilson，均值之比用 Fieller"),
    ),
)
_ENABLE = {
    "friends": Text(
        "Friends added and lost: give --input friends=FILE with customer_id, time and kind (add, delete), and staff and source.",
        "如需好友增删，请提供 --input friends=文件：含 customer_id、time、kind（add、delete），以及 staff、source。",
    ),
    "invitations": Text(
        "Referral: give --input invitations=FILE with inviter_id and invitee_id.",
        "如需裂变分析，请提供 --input invitations=文件：含 inviter_id、invitee_id。",
    ),
    "orders": Text(
        "First orders and what customers are worth: give orders with customer_id, time and amount.",
        "如需首单与客户价值，请提供订单：含 customer_id、time、amount。",
    ),
}


# ---------------------------------------------------------------------------------------------------- added and lost


def _pairs(mine: Friends) -> tuple[list[Rate], list[Rate], tuple[int, int]]:
    """Of the customers each member of staff ever added, those with a deletion; the same by origin; and in all."""
    staff = f"CAST({quoted(mine.staff)} AS VARCHAR)" if mine.staff else "CAST(NULL AS VARCHAR)"
    origin = "CAST(NULL AS VARCHAR)"
    if mine.origin:
        at = quoted(mine.time)
        origin = f"arg_min(CAST({quoted(mine.origin)} AS VARCHAR), {at}) FILTER (WHERE {mine.added})"
    pairs = (
        f"SELECT {quoted(mine.customer)} AS customer, {staff} AS staff, {origin} AS origin, bool_or({mine.left}) AS gone "
        f"FROM input WHERE {quoted(mine.customer)} IS NOT NULL GROUP BY 1, 2 HAVING bool_or({mine.added})"
    )

    def counted(name: str) -> list[Rate]:
        sql = f"SELECT {name}, count(*) FILTER (WHERE gone), count(*) FROM ({pairs}) GROUP BY 1 ORDER BY 1"
        return rates(mine.ask(sql).fetchall())

    gone, every = mine.ask(f"SELECT count(*) FILTER (WHERE gone), count(*) FROM ({pairs})").fetchall()[0]
    return counted("staff") if mine.staff else [], counted("origin") if mine.origin else [], (gone, every)


def _leaving(kind: Text, found: list[Rate], advice: Text) -> list[Text]:
    """Who loses far more friends than the others."""
    standing = above(found)
    if standing is None:
        return []
    rate, name = standing.rate, both(standing.rate.name)
    mine, others = percent(rate.value), percent(standing.others)
    interval = f"[{percent(rate.low)} … {percent(rate.high)}]"
    return [
        Text(
            f"{kind.en} {name.en} loses friends: {mine} {interval} of the {rate.whole:,} customers added were deleted or left, "
            f"elsewhere {others}. {advice.en}",
            f"{kind.zh} {name.zh} 的好友流失严重：所添加的 {rate.whole:,} 位客户中 {mine} {interval} 已删除，其他为 {others}。{advice.zh}",
        )
    ]


def _flow_chart(rows: Rows, period: str) -> Chart:
    """Added by origin above, lost below, and what remains."""
    starts = sorted({row["period_start"] for row in rows})
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row["channel"]] = sizes.get(row["channel"], 0) + row["sales"]
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    shown, rest = (ranked, []) if len(ranked) < 5 else (ranked[:4], ranked[4:])

    def summed(key: str, names: list[str]) -> list[float]:
        return [float(sum(r[key] for r in rows if r["period_start"] == at and r["channel"] in names)) for at in starts]

    whole = len(ranked) == 1
    series = [Series(Text("added", "新增") if whole else both(name), summed("sales", [name])) for name in shown]
    if rest:
        series.append(Series(Text("others", "其他"), summed("sales", rest)))
    lost = summed("refunds", ranked)
    series.append(Series(Text("lost", "流失"), [-value for value in lost]))
    net = [a - b for a, b in zip(summed("sales", ranked), lost, strict=True)]
    series.append(Series(Text("net", "净增"), net, "line"))
    places = [Text(label, label) for label in (period_label(at, period) for at in starts)]
    return Chart(Text("Friends added and lost", "好友新增与流失"), places, series, mode="relative")


def _flow_grid(rows: Rows, period: str) -> Grid:
    starts = sorted({row["period_start"] for row in rows})[-_MOST:]
    head = [
        Text("period", "周期"),
        Text("added", "新增好友"),
        Text("lost", "流失好友"),
        Text("net", "净增"),
        Text("lost per added", "流失/新增"),
    ]
    body = []
    for at in starts:
        added, lost = (sum(row[key] for row in rows if row["period_start"] == at) for key in ("sales", "refunds"))
        name = period_label(at, period)
        cells = [f"{added:,}", f"{lost:,}", f"{added - lost:+,}", percent(lost / added if added else None)]
        body.append([Text(name, name), *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Friends by period", "好友增减"), head, body, numeric=True)


def _staff_grid(found: list[Rate]) -> Grid:
    head = [
        Text("staff", "员工"),
        Text("customers added", "添加客户数"),
        Text("with a deletion", "其中删除"),
        Text("deletion rate", "删除率"),
        Text("95% interval", "95% 区间"),
    ]
    body = []
    for rate in found[:_STAFF]:
        ends = f"{percent(rate.low)} … {percent(rate.high)}"
        cells = [f"{rate.whole:,}", f"{rate.part:,}", percent(rate.value), ends]
        body.append([both(rate.name), *(Text(cell, cell) for cell in cells)])
    caption = Text("Friends lost by staff, the most first", "各员工好友流失（由高到低）")
    return Grid(caption, head, body, numeric=True)


# ------------------------------------------------------------------------------------------------------------ origins


def _origins(people: People) -> Rows:
    """What became of the customers of each origin."""
    late = "FALSE" if people.end is None else f"joined + {WORTH * DAY} <= {people.end}"
    rows = people.ask(
        f"SELECT origin, count(*), count(first_at), count(*) FILTER (WHERE {late}), "
        f"sum(coalesce(early, 0)) FILTER (WHERE {late}), sum(coalesce(early, 0) * coalesce(early, 0)) FILTER (WHERE {late}) "
        "FROM people WHERE joined IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    names = ("origin", "customers", "bought", "known", "early", "squares")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _origin_grid(rows: Rows, leaving: list[Rate], flows: Rows, result: Result | None) -> Grid:
    lost = {rate.name: rate for rate in leaving}
    head = [Text("origin", "来源"), Text("customers", "客户数"), Text("added", "添加次数"), Text("lost", "流失次数")]
    head += [Text("net", "净增"), Text("deletion rate", "删除率")]
    if result is not None:
        head += [Text("with an order", "已首单"), Text("share", "首单率"), Text("95% interval", "95% 区间")]
        head.append(Text(f"net sales in {WORTH} days, each", f"{WORTH} 天人均净销售额"))
    body = []
    for row in rows[:_MOST]:
        mine = [flow for flow in flows if flow["channel"] == (row["origin"] or "")]
        added, gone = (sum(flow[key] for flow in mine) for key in ("sales", "refunds"))
        rate = lost.get(row["origin"])
        cells = [f"{row['customers']:,}", f"{added:,}", f"{gone:,}", f"{added - gone:+,}"]
        cells.append("–" if rate is None else percent(rate.value))
        if result is not None:
            ends = wilson(row["bought"], row["customers"])
            cells += [f"{row['bought']:,}", percent(row["bought"] / row["customers"])]
            cells.append("–" if ends is None else f"{percent(ends[0])} … {percent(ends[1])}")
            cells.append(_cohorts.money(row["early"] / row["known"] if row["known"] else None, result))
        body.append([both(row["origin"]), *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Where customers came from", "各来源客户"), head, body, numeric=True)


def _best(people: People, rows: Rows, result: Result) -> list[Text]:
    """The origin whose customers bring most in their first days, and the one whose bring least."""
    large = [row for row in rows if row["known"] >= _SMALLEST]
    if len(large) < 2:
        return []
    best, worst = (pick(large, key=lambda row: row["early"] / row["known"]) for pick in (max, min))
    seen = f"joined + {WORTH * DAY} <= {people.end}"

    def against(row: dict[str, Any]) -> Change:
        name = "origin IS NULL" if row["origin"] is None else "origin = '" + row["origin"].replace("'", "''") + "'"
        mine = people.moments("coalesce(early, 0)", f"{seen} AND {name}")
        others = people.moments("coalesce(early, 0)", f"{seen} AND NOT coalesce({name}, FALSE)")
        return totals(others, mine)

    def worth(row: dict[str, Any]) -> str:
        return _cohorts.money(row["early"] / row["known"], result)

    changes = [against(row) for row in (best, worst)]
    if not any(change.sure for change in changes):
        return [
            Text(
                f"What a new friend brings in {WORTH} days does not differ surely by origin.",
                f"各来源新客 {WORTH} 天内的人均净销售额没有显著差异。",
            )
        ]
    high, low = changes
    names = both(best["origin"]), both(worst["origin"])
    return [
        Text(
            f"In their first {WORTH} days friends from {names[0].en} bring most, {worth(best)} each "
            f"({high.bracketed().en} on all others), those from {names[1].en} least, {worth(worst)} ({low.bracketed().en}).",
            f"添加后 {WORTH} 天内，{names[0].zh}来源客户的人均净销售额最高：{worth(best)}（较其他 {high.bracketed().zh}）；"
            f"{names[1].zh}最低：{worth(worst)}（{low.bracketed().zh}）。",
        )
    ]


def _silent(people: People) -> list[Text]:
    """Friends who never bought."""
    silent, every = people.ask(
        "SELECT count(*) FILTER (WHERE first_at IS NULL), count(*) FROM people WHERE joined IS NOT NULL"
    )[0]
    if not silent:
        return []
    share = percent(silent / every)
    return [
        Text(
            f"{silent:,} friends ({share} of {every:,}) have never bought: greet them with an offer for a first order.",
            f"{silent:,} 位好友（占 {every:,} 位的 {share}）从未下单：可用首单礼激活。",
        )
    ]


# ----------------------------------------------------------------------------------------------------------- referral


def _referral(people: People, result: Result | None) -> tuple[list[Text], Numbers]:
    """Who was invited by a customer, and what they are worth beside the others."""
    invited, every = people.ask("SELECT count(*) FILTER (WHERE invited), count(*) FROM people")[0]
    if not invited or invited == every:
        return [], []
    share = percent(invited / every)
    numbers: Numbers = [(Text("invited by a customer", "老客邀请"), f"{invited:,} ({share})")]
    mine, others = (people.moments("coalesce(net, 0)", where) for where in ("invited", "NOT invited"))
    if result is None or mine.n < 2 or others.n < 2 or others.x <= 0 or mine.x <= 0:
        return [
            Text(f"{share} of the customers were invited by another one.", f"{share} 的客户由老客邀请而来。")
        ], numbers
    change = totals(others, mine)
    worth = [_cohorts.money(each.mean(), result) for each in (mine, others)]
    times = f"{mine.mean() / others.mean():.2f}"
    if change.low is not None and change.high is not None:
        times += f" [{1 + change.low:.2f} … {1 + change.high:.2f}]"
    advice = Text(
        " Ask good customers for invitations; it may be who is invited, and not the invitation, that makes the difference.",
        "建议邀请优质老客转介绍；差异也可能来自人群本身，而非邀请行为。",
    )
    better = change.sure and (change.value or 0) > 0
    return [
        Text(
            f"{share} of the customers were invited by another one; each has brought {times} times as much as the others "
            f"({worth[0]} against {worth[1]}).{advice.en if better else ''}",
            f"{share} 的客户由老客邀请而来，人均净销售额为其他客户的 {times} 倍（{worth[0]} 对 {worth[1]}）。{advice.zh if better else ''}",
        )
    ], numbers


# -------------------------------------------------------------------------------------------------------- first orders


def _first_orders(data: Data, source: str) -> tuple[Grid, Chart] | None:
    """Customers by the period and channel of their first order."""
    rows = _cohorts.sold(data, source)
    group = _cohorts.group_of(data, source)
    period = _cohorts.period_for(data, rows)
    ended = _cohorts.whole_days(data, source)
    arguments = asked(data, "retention", period=period, intervals=COLUMNS[period], value=None, costs=None, **ended)
    made = data.compute("retention", rows, **arguments, by=group)
    found: dict[Any, dict[str | None, int]] = {}
    for row in made.main.to_rows():
        if row["k"] == 0:
            mine = found.setdefault(row["cohort_start"], {})
            mine[row["group"]] = mine.get(row["group"], 0) + row["size"]
    if not found:
        return None
    sizes: dict[str | None, int] = {}
    for mine in found.values():
        for name, size in mine.items():
            sizes[name] = sizes.get(name, 0) + size
    ranked = sorted(sizes, key=lambda name: (-sizes[name], str(name)))[:_MOST]
    starts = sorted(found)

    def title(name: str | None) -> Text:
        return Text("customers", "客户数") if group is None else both(name)

    series = [Series(title(name), [float(found[at].get(name, 0)) for at in starts]) for name in ranked]
    names = [period_label(at, period) for at in starts]
    caption = Text("First orders", "首单客户") if group is None else Text("First orders by channel", "各渠道首单客户")
    chart = Chart(caption, [Text(name, name) for name in names], series, mode="relative")
    head = [
        Text("period", "周期"),
        Text("first orders", "首单客户"),
        *(title(name) for name in ranked if group is not None),
    ]
    body = []
    for at, name in list(zip(starts, names, strict=True))[-_MOST:]:
        cells = [f"{sum(found[at].values()):,}"]
        cells += [f"{found[at].get(each, 0):,}" for each in ranked if group is not None]
        body.append([Text(name, name), *(Text(cell, cell) for cell in cells)])
    return Grid(caption, head, body, numeric=True), chart


# ------------------------------------------------------------------------------------------------------------- section


def _period(data: Data, mine: Friends) -> str:
    """Periods of friends: those of the orders, or such that there are a few."""
    if "orders" in data.inputs and data.periods:
        return next(iter(data.periods.values()))
    months = {row["period_start"] for row in mine.flows("month").main.to_rows()}
    return "month" if len(months) > 3 else "day"


def _add_friends(data: Data, people: People, mine: Friends, made: Section, result: Result | None) -> None:
    period = _period(data, mine)
    flows = mine.flows(period).main.to_rows()
    added, lost = (sum(row[key] for row in flows) for key in ("sales", "refunds"))
    by_staff, by_origin, (gone, every) = _pairs(mine)
    made.numbers += [
        (Text("friends added", "新增好友"), f"{added:,}"),
        (Text("friends lost", "流失好友"), f"{lost:,}"),
        (Text("net", "净增"), f"{added - lost:+,}"),
        (Text("deletion rate", "删除率"), percent(gone / every if every else None)),
    ]
    made.findings += _leaving(
        Text("Staff", "员工"), by_staff, Text("Look at how often and what they send.", "请检查其触达频率与话术。")
    )
    advice = Text("Check what was promised there.", "请核对该渠道的引流承诺。")
    made.findings += _leaving(Text("Origin", "来源"), by_origin, advice)
    made.figures_of.append(_flow_chart(flows, period))
    rows = _origins(people)
    made.grids += [_flow_grid(flows, period), _origin_grid(rows, by_origin, flows, result)]
    if by_staff:
        made.grids.append(_staff_grid(by_staff))
    if result is not None:
        made.findings += _best(people, rows, result) + _silent(people)
    made.notes.append(
        Text(
            "Deletion rate: of the customers that a member of staff ever added, those with a deletion by either side. Origin is "
            f"that of the first addition; sales of the first {WORTH} days are net of refunds and of customers who have had them.",
            f"删除率：员工添加过的客户中，任一方删除过的占比。来源取首次添加；{WORTH} 天销售额已扣退款，仅统计已满 {WORTH} 天的客户。",
        )
    )


@topic("acquisition", inputs=("friends", "contacts", "friend", "orders"), needs=_ENABLE["friends"])
def tell(data: Data, source: str) -> Section:
    """The section."""
    made = Section(Text("Acquisition", "拉新与好友"), definition=_DEFINITION)
    people = People.of(data)
    result = None if people.orders is None else data.orders(people.orders.source)
    first = None if people.orders is None else _first_orders(data, people.orders.source)
    if people.friends is not None:
        _add_friends(data, people, people.friends, made, result)
    else:
        made.notes.append(_ENABLE["friends"])
    if people.invited:
        found, numbers = _referral(people, result)
        made.findings += found
        made.numbers += numbers
    else:
        made.notes.append(_ENABLE["invitations"])
    if first is not None:
        made.grids.insert(min(1, len(made.grids)), first[0])
        made.figures_of.append(first[1])
    elif people.orders is None:
        made.notes.append(_ENABLE["orders"])
    if not made.grids:
        raise Skipped(_ENABLE["friends"])
    return made
