"""Experiments in a review: of each one whether the split was honest, what the treatment did, and what now, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .. import _lists, _shorthand
from .._errors import Error
from .._registry import metrics
from .._result import Language, Result
from ..plot import draw
from . import Data, Grid, Section, Skipped, Text, percent, section

if TYPE_CHECKING:
    from . import Figure

_INPUTS = ("assignments", "experiment", "experiments", "units")
_EXPERIMENTS = ("experiment", "experiment_id", "test", "实验")
_CONTROLS = ("control", "ctrl", "baseline", "对照组", "对照", "default", "off", "old", "a", "0", "false")
# What is measured of units goes by several names; the first that is there counts.
_CONVERSIONS = ("converted", "conversion", "bought", "purchased")
_COUNTS = ("orders", "order_count")
_VALUES = ("value", "amount", "revenue", "gmv", "spend")
_AOV_MARGIN = 0.2  # the usual rule: an order value that may have lost a fifth calls for an adjustment
_MOST = 20  # experiments of one input

Rows = list[dict[str, Any]]


@dataclass
class _Drawn:
    """A figure of one of several experiments: its title says which."""

    name: str
    result: Result
    kind: str

    def draw(self, lang: Language) -> Figure:
        """The figure in a language."""
        made = draw(self.result, self.kind, lang=lang)
        if self.name:
            plain = self.name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            made.update_layout(title_text=f"{plain}: {made.layout.title.text}")
        return made


# --------------------------------------------------------------------------------------------------------------- input


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_relation(frame: Any) -> bool:
    return hasattr(frame, "project") and hasattr(frame, "types")


def _plain(frame: Any) -> Mapping[str, Any]:
    columns = frame if isinstance(frame, Mapping) else _lists.frame_columns(frame)
    if columns is None:
        raise Skipped(Text("experiments are told from a data frame", "实验部分需要数据框形式的输入"))
    return columns


def _sizes(frame: Any, names: list[str]) -> dict[tuple[Any, ...], int]:
    """How many rows there are of each combination of values."""
    if _is_relation(frame):
        columns = ", ".join(map(_quoted, names))
        return {tuple(row[:-1]): row[-1] for row in frame.aggregate(f"{columns}, count(*)", columns).fetchall()}
    found: dict[tuple[Any, ...], int] = {}
    columns_of = _plain(frame)
    for key in zip(*(list(columns_of[name]) for name in names), strict=True):
        found[key] = found.get(key, 0) + 1
    return found


def _where(frame: Any, column: str, value: Any) -> Any:
    """The rows of one experiment."""
    if _is_relation(frame):
        text = "'" + str(value).replace("'", "''") + "'"
        return frame.filter(f"CAST({_quoted(column)} AS VARCHAR) = {text}")
    columns = {name: list(values) for name, values in _plain(frame).items()}
    chosen = [i for i, one in enumerate(columns[column]) if one == value]
    return {name: [values[i] for i in chosen] for name, values in columns.items()}


def _has_fractions(frame: Any, column: str) -> bool:
    """Whether amounts are written with decimals, not as whole minor units."""
    if _is_relation(frame):
        kind = str(dict(zip(frame.columns, frame.types, strict=True))[column])
        return kind.startswith(("DOUBLE", "FLOAT", "REAL", "DECIMAL"))
    return any(isinstance(value, (float, Decimal)) for value in list(_plain(frame)[column]))


# ---------------------------------------------------------------------------------------------------------------- asked


def _metrics(data: Data, source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The usual metrics, as far as the columns allow, and what is known of them from before."""

    columns = data.columns(source)

    def first(names: tuple[str, ...]) -> str | None:
        return next((name for name in names if name in columns), None)

    conversion, count, value = first(_CONVERSIONS), first(_COUNTS), first(_VALUES)
    found: dict[str, Any] = {}
    covariates: dict[str, Any] = {}
    more: dict[str, Any] = {}
    if value is not None and _has_fractions(data.frame(source), value):
        places = data.arguments.get("currency_exponent")
        more = {"value_type": "decimal", "scale": 2 if places is None else int(places)}
    for name, kind in ((conversion, "conversion"), (count, "count"), (value, "value")):
        if name is not None:
            found[name] = {"kind": kind, **(more if kind == "value" else {}), **({} if found else {"role": "goal"})}
            if f"{name}_before" in columns and kind != "conversion":
                covariates[name] = f"{name}_before"
    if count is not None and value is not None:
        rule = {"role": "guardrail", "margin": _AOV_MARGIN}
        found["aov"] = {"kind": "ratio", "column": value, "denominator": count, **rule, **more}
    if not found:
        names = ", ".join((*_CONVERSIONS, *_COUNTS, *_VALUES))
        raise Skipped(
            Text(
                f"nothing that was measured of the units ({names}); say what with --metrics",
                f"没有可用的实验指标列（{names}），请用 --metrics 指定",
            )
        )
    return found, covariates


def _arms(found: list[Any]) -> tuple[list[Any], bool]:
    """The arms, the control first; and whether its name says that it is one."""
    ordered = sorted(found, key=lambda arm: (isinstance(arm, str), arm))
    for name in _CONTROLS:
        for arm in ordered:
            if str(arm).strip().lower() == name:
                return [arm, *(other for other in ordered if other != arm)], True
    return ordered, False


def _rules(data: Data, asked: Mapping[str, Any]) -> Rows:
    """List ``metrics`` as the registry has it, whoever wrote it."""
    metric = metrics["experiment"]
    given = asked["metrics"] if "metrics" in asked else data.arguments["metrics"]
    return _lists.rows(metric.lists["metrics"], _shorthand.expanded(metric, {"metrics": given})["metrics"])


def _goals(rules: Rows) -> set[str]:
    return {rule["metric"] for rule in rules if rule.get("role") == "goal"}


def _asked(data: Data, source: str) -> dict[str, Any]:
    """What nobody said: metrics, what they are for, and that the experiment is over."""
    said = {name for name, value in data.arguments.items() if value is not None}
    columns = data.columns(source)
    unit = data.name_of(next(column for column in metrics["experiment"].columns if column.name == "unit"), source)
    if unit is None:
        raise Skipped(Text("no column says who was assigned; name it with --unit", "没有客户列，请用 --unit 指定"))
    asked: dict[str, Any] = {"unit": unit}
    if "metrics" not in said:
        asked["metrics"], covariates = _metrics(data, source)
        if "covariates" not in said and covariates:
            asked["covariates"] = covariates
    if "required_n" not in said and _goals(_rules(data, asked)):
        asked["required_n"], asked["last_look"] = 1, True
    segments = data.arguments.get("segments")  # other metrics have a list of this name
    names = segments.split(",") if isinstance(segments, str) else segments
    if not isinstance(names, (list, tuple)) or not all(str(name).strip() in columns for name in names):
        asked["segments"] = None
    return asked


# ----------------------------------------------------------------------------------------------------------------- told


def _decision(row: dict[str, Any]) -> Text:
    return Text(str(row["decision"]).replace("_", " "), str(row["decision_zh"]))


def _lift(row: dict[str, Any]) -> str:
    if row["lift"] is None:
        return "–"
    if row["lift_form"] != "interval" or row["lift_low"] is None or row["lift_high"] is None:
        return f"{row['lift']:+.1%}"
    return f"{row['lift']:+.1%} [{row['lift_low']:+.1%}, {row['lift_high']:+.1%}]"


def _value(value: float | None, metric: str, rates: set[str], exponent: dict[str, int]) -> str:
    if value is None:
        return "–"
    return percent(value) if metric in rates else f"{value / 10 ** exponent.get(metric, 0):,.2f}"


def _exponent(data: Data, rules: Rows) -> dict[str, int]:
    """Decimal places of the metrics that are whole minor units of money."""
    places = data.arguments.get("currency_exponent")
    return {
        rule["metric"]: 2 if places is None else int(places)
        for rule in rules
        if (rule.get("column") or rule["metric"]) in _VALUES and rule.get("value_type") in (None, "int")
    }


def _whole(result: Result) -> Rows:
    return [row for row in result.tables["effects"].to_rows() if row["segment_dim"] is None]


def _optional(result: Result, table: str) -> Rows:
    return result.tables[table].to_rows() if table in result.tables else []


def _split(name: str, result: Result) -> list[Text]:
    """A split that chance does not explain."""
    test = next(row for row in result.tables["srm"].to_rows() if row["segment_dim"] is None)
    if test["status"] != "mismatch":
        return []
    arms = [row for row in result.tables["srm_arms"].to_rows() if row["segment_dim"] is None]
    got = " : ".join(percent(row["observed"] / test["n"]) for row in arms)
    planned = " : ".join(percent(row["expected"] / test["n"]) for row in arms)
    who = " : ".join(str(row["variant"]) for row in arms)
    return [
        Text(
            f"{name}: review. The split is broken (sample ratio mismatch): {who} is {got} instead of {planned} "
            f"(p = {test['p']:.2g}). Find out why before believing any effect.",
            f"{name}：复核。分流异常（样本比例不均）：{who} 为 {got}，应为 {planned}（p = {test['p']:.2g}）。查明原因前，任何效果都不可信。",
        )
    ]


def _written(reason: Mapping[str, Any], rates: set[str], exponent: dict[str, int]) -> Text:
    """A reason with its number as people write it: a share in points, money in currency, a count with separators."""
    value, metric = reason["value"], reason["metric"]
    en, zh = str(reason["text_en"]), str(reason["text_zh"])
    if value is None:
        return Text(en, zh)
    signed, plain = f"{value:+g}", f"{value:g}"
    if signed in en and metric in rates:
        points = f"{100 * value:+.1f}"
        return Text(en.replace(signed, f"{points} pp"), zh.replace(signed, f"{points} 个百分点"))
    if signed in en and metric in exponent:
        amount = f"{value / 10 ** exponent[metric]:+,.2f}"
        return Text(en.replace(signed, amount), zh.replace(signed, amount))
    if plain in en and value >= 1000 and value == int(value):
        return Text(en.replace(plain, f"{value:,.0f}"), zh.replace(plain, f"{value:,.0f}"))
    return Text(en, zh)


def _decisions(name: str, result: Result, rates: set[str], exponent: dict[str, int]) -> list[Text]:
    """What to do about each treatment, and why."""
    found = []
    reasons = _optional(result, "reasons")
    for row in _optional(result, "decision"):
        mine = [reason for reason in reasons if reason["variant"] == row["variant"]]
        told = _decision(row)
        reasons_of = [_written(reason, rates, exponent) for reason in mine]
        why, why_zh = " ".join(each.en for each in reasons_of), "".join(each.zh for each in reasons_of)
        found.append(
            Text(f"{name}, {row['variant']}: {told.en}. {why}", f"{name}，{row['variant']}：{told.zh}。{why_zh}")
        )
    return found


def _effects(name: str, result: Result, goals: set[str], rates: set[str], exponent: dict[str, int]) -> list[Text]:
    """What became of the goals; of one without a result, what it could have missed."""
    found = []
    for row in _whole(result):
        control = row["control_value"]
        if row["metric"] not in goals or row["lift"] is None:
            continue
        values = [_value(row[key], row["metric"], rates, exponent) for key in ("control_value", "treatment_value")]
        change = f"{row['metric']} {values[0]} → {values[1]}, {_lift(row)}"
        text = Text(f"{name}, {row['variant']}: {change}.", f"{name}，{row['variant']}：{change}。")
        if not row["significant"] and row["mde"] and control:
            least = percent(abs(row["mde"] / control))
            text = Text(
                f"{text.en} With so many units a change by less than {least} was likely to go unnoticed.",
                f"{text.zh}以目前的样本量，低于 {least} 的变化很可能检测不到。",
            )
        found.append(text)
    return found


def _lines(name: str, result: Result, rates: set[str], exponent: dict[str, int]) -> list[list[Text]]:
    decisions = {row["variant"]: row for row in _optional(result, "decision")}
    body = []
    for row in _whole(result):
        decision = decisions.get(row["variant"])
        told = Text("–", "–") if decision is None else _decision(decision)
        p = "–" if row["p_adjusted"] is None else f"{row['p_adjusted']:.2g}"
        cells = [
            str(row["metric"]),
            _value(row["control_value"], row["metric"], rates, exponent),
            _value(row["treatment_value"], row["metric"], rates, exponent),
            _lift(row),
            p,
        ]
        title = f"{name} · {row['variant']}" if name else str(row["variant"])
        body.append([Text(title, title), *(Text(cell, cell) for cell in cells), told])
    return body


_HEAD = [
    Text("experiment", "实验"),
    Text("metric", "指标"),
    Text("control", "对照组"),
    Text("treatment", "实验组"),
    Text("lift with interval", "提升及区间"),
    Text("p, adjusted", "校正后 p"),
    Text("decision", "决策"),
]


_BELIEF_HEAD = [
    Text("experiment", "实验"),
    Text("metric", "指标"),
    Text("effect with credible interval", "效果及可信区间"),
    Text("chance to be better", "更好的概率"),
    Text("expected loss of choosing it", "选择它的期望损失"),
    Text("expected loss of keeping the control", "保留对照组的期望损失"),
]


def _believed(name: str, result: Result, exponent: dict[str, int]) -> list[list[Text]]:
    """What is believed of each comparison, where posteriors were asked for."""
    body = []
    for row in _optional(result, "posterior"):
        if row["segment_dim"] is not None or row["low"] is None:
            continue
        share = row["method"] == "beta" or row["scale"] == "lift"

        def shown(value: float, share: bool = share, metric: str = row["metric"]) -> str:
            return f"{value:+.2%}" if share else f"{value / 10 ** exponent.get(metric, 0):+,.2f}"

        def lost(value: float, share: bool = share, metric: str = row["metric"]) -> str:
            return f"{value * 100:.2g}%" if share else f"{value / 10 ** exponent.get(metric, 0):,.2g}"

        title = f"{name} · {row['variant']}" if name else str(row["variant"])
        cells = [
            title,
            str(row["metric"]),
            f"{shown(row['effect'])} [{shown(row['low'])}, {shown(row['high'])}]",
            percent(row["prob_better"]),
            lost(row["loss_if_treatment"]),
            lost(row["loss_if_control"]),
        ]
        body.append([Text(cell, cell) for cell in cells])
    return body


def _one(data: Data, made: Section, name: str, shown: str, result: Result, asked: Mapping[str, Any]) -> None:
    rules = _rules(data, asked)
    rates = {rule["metric"] for rule in rules if rule.get("kind") == "conversion"}
    exponent = _exponent(data, rules)
    broken = _split(shown, result)
    made.findings += broken or [
        *_decisions(shown, result, rates, exponent),
        *_effects(shown, result, _goals(rules), rates, exponent),
    ]
    made.figures_of.append(_Drawn(name, result, "effects"))
    if broken:
        made.figures_of.append(_Drawn(name, result, "split"))
    quality = result.tables["quality"].to_rows()[0]
    for key, en, zh in (
        ("crossovers", "in several arms and left out", "位客户出现在多个组（串组），已剔除"),
        ("conflicts", "with rows that contradict each other, left out", "位客户的数据前后矛盾，已剔除"),
    ):
        if quality[key]:
            made.notes.append(Text(f"{shown}: {quality[key]:,} {en}.", f"{shown}：{quality[key]:,} {zh}。"))
    made.grids[0].rows += _lines(name, result, rates, exponent)
    believed = _believed(name, result, exponent)
    if believed:
        made.figures_of.append(_Drawn(name, result, "posterior"))
        if len(made.grids) == 1:
            made.grids.append(Grid(Text("Posteriors", "后验分布"), _BELIEF_HEAD, []))
        made.grids[1].rows += believed


def _experiments(data: Data, source: str, variant: str) -> list[tuple[Any, list[Any], int]]:
    """The experiments of an input, the largest first, each with its arms and rows; one without a name if there is no column."""
    column = next((name for name in _EXPERIMENTS if name in data.columns(source) and name != variant), None)
    names = [variant] if column is None else [column, variant]
    found: dict[Any, dict[Any, int]] = {}
    for key, rows in _sizes(data.frame(source), names).items():
        if None not in key:
            found.setdefault(None if column is None else key[0], {})[key[-1]] = rows
    return sorted(
        ((name, list(arms), sum(arms.values())) for name, arms in found.items()),
        key=lambda item: (-item[2], str(item[0])),
    )


def _filtered(data: Data, source: str, name: Any) -> str:
    if name is None:
        return source
    column = next(one for one in _EXPERIMENTS if one in data.columns(source))
    return data.derive(f"{source}:{name}", _where(data.frame(source), column, name))


@section("experiment", inputs=_INPUTS)
def tell(data: Data, source: str) -> Section:
    """The section."""
    metric = metrics["experiment"]
    variant = next(column for column in metric.columns if column.name == "variant")
    column = data.name_of(variant, source) or "variant"
    asked = _asked(data, source)
    every = _experiments(data, source, column)
    made = Section(Text(metric.title, metric.title_zh), grids=[Grid(Text("Effects", "效果明细"), _HEAD, [])])
    units = 0
    for name, found, _ in every[:_MOST]:
        shown = metric.title if name is None else str(name)
        arms, certain = _arms(found)
        more = dict(asked) if data.arguments.get("arms") is not None else {**asked, "arms": arms}
        try:
            if len(found) < 2:
                made.notes.append(Text(f"{shown}: only one arm, {found[0]}.", f"{shown}：只有一个组（{found[0]}）。"))
                continue
            result = data.compute("experiment", _filtered(data, source, name), **more)
        except Error as error:
            made.notes.append(Text(f"{shown}: {error}", f"{shown}：{error}"))
            continue
        if not certain and not data.arguments.get("control") and "arms" in more:
            made.notes.append(
                Text(
                    f"{shown}: {arms[0]} is taken to be the control; say which with --control.",
                    f"{shown}：以 {arms[0]} 为对照组；可用 --control 指定。",
                )
            )
        units += result.tables["quality"].to_rows()[0]["units"]
        _one(data, made, "" if name is None else str(name), shown, result, asked)
    if not made.figures_of:
        raise Skipped(Text("; ".join(note.en for note in made.notes), "；".join(note.zh for note in made.notes)))
    made.numbers = [
        (Text("experiments", "实验数"), f"{len(every):,}"),
        (Text("units, over all experiments", "各实验人数合计"), f"{units:,}"),
    ]
    if len(every) > _MOST:
        made.notes.append(Text(f"The {_MOST} largest experiments are shown.", f"仅显示人数最多的 {_MOST} 个实验。"))
    if "required_n" in asked:
        made.notes.append(
            Text(
                "No plan was given: experiments are taken to be over and judged once; see --required-n and --days.",
                "未提供实验计划：视为实验已结束并一次性判定；可用 --required-n 与 --days 指定。",
            )
        )
    if data.arguments.get("arms") is None:
        made.notes.append(
            Text("Planned shares are taken to be equal; see --arms.", "计划流量按均分处理；可用 --arms 指定。")
        )
    if isinstance(asked.get("metrics"), dict) and "aov" in asked["metrics"]:
        made.notes.append(
            Text(
                f"Guardrail: order value (AOV) must not fall by {_AOV_MARGIN:.0%} or more.",
                f"护栏指标：客单价降幅不得达到 {_AOV_MARGIN:.0%}。",
            )
        )
    return made
