"""How far the data can be trusted: what is missing, repeated, impossible or contradictory, and what metrics left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo
from typing import Any

from .. import _time
from .._errors import Error
from .._registry import TIME, metrics
from . import Data, Definition, Grid, Section, Skipped, Text, _people, percent, topic
from ._rows import ask, held, kinds, micros, quoted, select

_DAY = 86_400_000_000
_MUCH = 0.01  # repeated rows beyond this share are a mistake
_EARLY = 946_684_800_000_000  # 2000-01-01, before which nobody kept such data
_AHEAD = 366 * _DAY  # what lies further in the future is a slip
_TIMES = ("time", "month", "时间")
_FLOWING = ("orders", "events", "touches", "friends")
# Columns without which a row says nothing, as far as an input has them.
_KEYS = (
    "customer_id",
    "customer",
    "user_id",
    "unit",
    "inviter_id",
    "invitee_id",
    "order_id",
    "amount",
    "event",
    "kind",
    "variant",
    "month",
)
# Numbers of reports of metrics that say what was not counted.
_LEFT_OUT = {
    "rows_null": Text("without a key, a time or an amount", "缺少主键、时间或金额"),
    "rows_skipped": Text("without a key, a time or an amount", "缺少主键、时间或金额"),
    "skipped_rows": Text("without a key, a time or an amount", "缺少主键、时间或金额"),
    "rows_duplicate": Text("repeats of an event", "重复事件"),
    "rows_late": Text("came after their time was settled", "到达时所属时段已结清"),
    "duplicate_rows": Text("repeats of a customer in an arm", "同一客户重复分组"),
    "refunds_unmatched": Text("refunds of orders that are not there", "退款找不到原订单"),
    "refund_rows_late": Text("refunds later than the day looked at", "退款晚于统计时点"),
    "conflicts": Text("contradict each other", "前后矛盾"),
    "crossovers": Text("customers in several arms", "客户出现在多个组"),
    "segment_conflicts": Text("customers with several values of a segment", "客户的分群取值不唯一"),
    "unattributed_conversions": Text("conversions without a touch before", "转化之前没有触点"),
}
_REPORTS = ("totals", "stats", "quality")
_DEFINITION = Definition(
    Text(
        "What is missing, repeated, impossible or contradictory in the inputs, and what metrics left out and counted.",
        "输入中缺失、重复、异常或矛盾之处，以及各指标剔除并计数的行。",
    ),
    (
        Text("repeated = rows − different rows, all columns compared", "重复行 = 行数 − 各列均不同的行数"),
        Text(
            "empty keys = rows without customer, time, number or amount", "主键为空 = 缺少客户、时间、编号或金额的行数"
        ),
    ),
)


@dataclass
class _Checked:
    """What was seen of an input."""

    name: str
    rows: int
    repeated: int
    missing: dict[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    future: int = 0
    early: int = 0
    unread: int = 0  # times that are text and no time


# -------------------------------------------------------------------------------------------------------------- checked


def _time_of(data: Data, name: str) -> str | None:
    """What an input calls its times."""
    columns = data.columns(name)
    for metric in metrics.values():
        for column in metric.columns:
            if column.role == TIME:
                found = data.name_of(column, name)
                if found is not None:
                    return found
    return next((one for one in _TIMES if one in columns), None)


def _keys(data: Data, name: str) -> list[str]:
    """The columns of an input that every row must have."""
    columns = data.columns(name)
    said = [data.arguments.get(key) for key in ("customer", "unit", "user", "order", "amount", "event", "variant")]
    return [each for each in columns if each in _KEYS or each in said]


def _is_time(data: Data, name: str, column: str) -> bool:
    """Whether a column holds instants, and no numbers of unknown units."""
    return kinds(held(data, name))[column].startswith(("TIMESTAMP", "DATE", "VARCHAR"))


def set_aside(data: Data) -> None:
    """Takes rows with impossible times out of the inputs: one slip would stretch every figure over centuries."""
    now = int(datetime.now(timezone.utc).timestamp() * 1_000_000)
    for name in _FLOWING:
        if name not in data.inputs:
            continue
        time = _time_of(data, name)
        try:
            if time is None or not _is_time(data, name, time):
                continue
            at = micros(data, name, time)
            impossible = f"{at} < {_EARLY} OR {at} > {now + _AHEAD}"
            count = select(data, name, "count(*)", f"WHERE {impossible}").fetchall()[0][0]
        except Skipped:
            return
        if count:
            data.given[name] = data.inputs[name]
            data.inputs[name] = select(data, name, "*", f"WHERE ({impossible}) IS NOT TRUE")


def _check(data: Data, name: str, now: int) -> _Checked:
    keys, time = _keys(data, name), _time_of(data, name)
    chosen = ["count(*)", *(f"count(*) - count({quoted(key)})" for key in keys)]
    timed = time is not None and _is_time(data, name, time)
    if time is not None and timed:
        at = micros(data, name, time)
        chosen += [f"min({at})", f"max({at})", f"count(*) FILTER (WHERE {at} > {now})"]
        chosen += [f"count(*) FILTER (WHERE {at} < {_EARLY})", f"count({quoted(time)}) - count({at})"]
        chosen.append(f"count(*) - count({quoted(time)})")
    row = list(select(data, name, ", ".join(chosen)).fetchall()[0])
    different = ask(data, name, "SELECT count(*) FROM (SELECT DISTINCT * FROM input)").fetchall()[0][0]
    made = _Checked(name, row[0], row[0] - different)
    made.missing = {key: count for key, count in zip(keys, row[1 : 1 + len(keys)], strict=True) if count}
    if time is not None and timed:
        made.first, made.last, made.future, made.early, made.unread, missing = row[1 + len(keys) :]
        if missing:
            made.missing[time] = missing
    return made


def _share(count: int, rows: int) -> str:
    share = count / rows
    return f"{count:,} ({'<0.1%' if 0 < share < 0.0005 else percent(share)})"


def _of_input(one: _Checked) -> list[Text]:
    """What is wrong with an input by itself."""
    found = []
    if not one.rows:
        return [Text(f"{one.name}: there are no rows.", f"{one.name}：没有数据行。")]
    if one.repeated:
        many, much = _share(one.repeated, one.rows), one.repeated > _MUCH * one.rows
        found.append(
            Text(
                f"{one.name}: {many} rows repeat another one in every column"
                + (": was a file loaded twice?" if much else "; so few may be right."),
                f"{one.name}：{many} 行与其他行完全重复" + ("，是否重复导入？" if much else "，数量很少，可能属实。"),
            )
        )
    for column, count in one.missing.items():
        many = _share(count, one.rows)
        found.append(Text(f"{one.name}: {column} is empty in {many} rows.", f"{one.name}：{column} 有 {many} 行为空。"))
    for count, en, zh in (
        (one.future, "lie in the future", "时间在未来"),
        (one.early, "lie before 2000", "时间早于 2000 年"),
        (one.unread, "have a time that cannot be read", "时间无法识别"),
    ):
        if count:
            many = _share(count, one.rows)
            found.append(Text(f"{one.name}: {many} rows {en}.", f"{one.name}：{many} 行{zh}。"))
    return found


# --------------------------------------------------------------------------------------------------------------- orders


def _of_orders(data: Data) -> list[Text]:
    """What contradicts itself in the orders."""
    mine = _people.orders(data)
    if mine is None:
        return []
    found = []
    customer, amount = quoted(mine.customer), quoted(mine.amount)
    order = next(
        (name for name in ("order_id", str(data.arguments.get("order"))) if name in data.columns("orders")), None
    )
    if order is not None:
        several = ask(
            data,
            mine.source,
            f"SELECT count(*) FROM (SELECT 1 FROM input WHERE {amount} > 0 AND {quoted(order)} IS NOT NULL "
            f"GROUP BY {quoted(order)} HAVING min({customer}) <> max({customer}))",
        ).fetchall()[0][0]
        if several:
            found.append(
                Text(
                    f"orders: {several:,} order numbers belong to more than one customer.",
                    f"orders：{several:,} 个订单号对应多位客户。",
                )
            )
        found += _too_much_back(data, mine, order)
    free = select(data, mine.source, "count(*)", f"WHERE {amount} = 0").fetchall()[0][0]
    if free:
        found.append(
            Text(
                f"orders: {free:,} lines have an amount of 0 (samples, gifts): they are no sales and not counted as such.",
                f"orders：{free:,} 行金额为 0（小样、赠品），不计为销售。",
            )
        )
    return found + _quiet_days(data, mine)


def _too_much_back(data: Data, mine: _people.Orders, order: str) -> list[Text]:
    """Orders of which more was paid back than paid."""
    if "original_order_id" not in data.columns(mine.source):
        return []
    amount = quoted(mine.amount)
    count = ask(
        data,
        mine.source,
        f"SELECT count(*) FROM (SELECT {quoted(order)} AS id, sum({amount}) AS paid FROM input WHERE {amount} > 0 GROUP BY 1) "
        f"JOIN (SELECT original_order_id AS id, -sum({amount}) AS back FROM input WHERE {amount} < 0 GROUP BY 1) USING (id) "
        "WHERE back > paid",
    ).fetchall()[0][0]
    if not count:
        return []
    return [
        Text(
            f"orders: of {count:,} orders more was refunded than paid.", f"orders：{count:,} 个订单的退款额超过支付额。"
        )
    ]


def _quiet_days(data: Data, mine: _people.Orders) -> list[Text]:
    """Days without any order where there are usually many: an import that failed."""
    at = micros(data, mine.source, mine.time)
    rows = select(
        data, mine.source, f"{at} // {_DAY}, count(*)", f"WHERE {at} IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if len(rows) < 14:
        return []
    usual = sorted(count for _, count in rows)[len(rows) // 2]
    quiet = int(rows[-1][0] - rows[0][0] + 1 - len(rows))
    if usual < 10 or not quiet or quiet > len(rows):
        return []
    return [
        Text(
            f"orders: on {quiet:,} days there is not a single row, where {usual:,} are usual: was an import missed?",
            f"orders：有 {quiet:,} 天没有任何数据（平日约 {usual:,} 行），是否漏导？",
        )
    ]


# ---------------------------------------------------------------------------------------------------------- one another


def _between(data: Data, checked: list[_Checked], zone: tzinfo) -> list[Text]:
    """What inputs say about each other."""
    found = []
    ends = {one.name: one.last for one in checked if one.last is not None and not one.future and one.name in _FLOWING}
    if len(ends) > 1 and max(ends.values()) - min(ends.values()) > 3 * _DAY:
        first, last = min(ends, key=lambda name: ends[name]), max(ends, key=lambda name: ends[name])
        days = [_day(ends[name], zone) for name in (first, last)]
        found.append(
            Text(
                f"{first} end on {days[0]}, {last} on {days[1]}: the last days cannot be compared.",
                f"{first} 截止 {days[0]}，{last} 截止 {days[1]}：最后几天不可比。",
            )
        )
    people = _together(data)
    if people is not None and people.friends is not None and people.orders is not None:
        strangers, buyers = people.ask(
            "SELECT count(*) FILTER (WHERE joined IS NULL), count(*) FROM people WHERE first_at IS NOT NULL"
        )[0]
        if strangers:
            many = _share(strangers, buyers)
            found.append(
                Text(
                    f"{many} of the buyers are in no list of friends: they bought elsewhere, or the numbers of customers differ.",
                    f"{many} 的购买客户不在好友中：可能在其他渠道购买，或客户编号不一致。",
                )
            )
    return found


def _together(data: Data) -> _people.People | None:
    try:
        return _people.People.of(data)
    except (Error, Skipped):
        return None


def _left_out(data: Data) -> Grid | None:
    """What metrics did not count, by input and reason."""
    found: dict[tuple[str, str, int], list[str]] = {}
    for metric, source, result in data.computed:
        for report in _REPORTS:
            if report not in result.tables:
                continue
            rows = result.tables[report].to_rows()
            for row in rows if len(rows) == 1 else []:  # several windows leave out what is in the others
                for name in _LEFT_OUT:
                    if row.get(name):
                        titles = found.setdefault((_root(data, source), name, int(row[name])), [])
                        if metric not in titles:
                            titles.append(metric)
    if not found:
        return None
    head = [Text("input", "输入"), Text("what", "原因"), Text("rows", "行数"), Text("metrics", "涉及指标")]
    body = []
    for (source, name, count), by in sorted(found.items(), key=lambda item: (item[0][0], -item[0][2])):
        who = Text(", ".join(metrics[one].title for one in by), "、".join(metrics[one].title_zh for one in by))
        body.append([Text(source, source), _LEFT_OUT[name], Text(f"{count:,}", f"{count:,}"), who])
    return Grid(Text("Left out by the metrics", "指标未计入的数据"), head, body)


def _root(data: Data, source: str) -> str:
    """The input that a derived one was made of."""
    known = [name for name in data.inputs if source == name or source.startswith((f"{name} ", f"{name},", f"{name}:"))]
    return max(known, key=len) if known else source


# ----------------------------------------------------------------------------------------------------------------- told


def _day(micros_: int | None, zone: tzinfo) -> str:
    return "–" if micros_ is None else f"{_time.to_datetime(micros_, zone):%Y-%m-%d}"


def _grid(checked: list[_Checked], zone: tzinfo) -> Grid:
    head = [
        Text("input", "输入"),
        Text("rows", "行数"),
        Text("from", "起"),
        Text("to", "止"),
        Text("repeated rows", "重复行"),
        Text("empty keys", "主键为空"),
        Text("in the future", "未来时间"),
    ]
    body = []
    for one in checked:
        cells: list[Any] = [f"{one.rows:,}", _day(one.first, zone), _day(one.last, zone), f"{one.repeated:,}"]
        cells += [f"{sum(one.missing.values()):,}", f"{one.future:,}"]
        body.append([Text(one.name, one.name), *(Text(cell, cell) for cell in cells)])
    return Grid(Text("Inputs", "输入数据"), head, body, numeric=True)


@topic("quality", inputs=("*",))
def tell(data: Data, source: str) -> Section:
    """The section."""
    zone = _time.zone(data.arguments.get("tz"))
    now = int(datetime.now(timezone.utc).timestamp() * 1_000_000)
    checked = []
    made = Section(Text("Data quality", "数据质量"), computed_from=list(data.inputs), definition=_DEFINITION)
    whole = Data({**data.inputs, **data.given}, data.arguments)
    for name in data.inputs:
        try:
            checked.append(_check(whole, name, now))
        except Skipped:
            raise
        except Error as error:
            made.notes.append(Text(f"{name}: {error}", f"{name}：{error}"))
    made.numbers = [
        (Text("inputs", "输入"), f"{len(checked):,}"),
        (Text("rows", "行数"), f"{sum(one.rows for one in checked):,}"),
        (Text("repeated rows", "重复行"), f"{sum(one.repeated for one in checked):,}"),
        (Text("empty keys", "主键为空"), f"{sum(sum(one.missing.values()) for one in checked):,}"),
        (Text("times in the future", "未来时间"), f"{sum(one.future for one in checked):,}"),
    ]
    made.findings = [text for one in checked for text in _of_input(one)]
    if "orders" in data.inputs:
        made.findings += _of_orders(data)
    made.findings += _between(data, checked, zone)
    if data.given:
        names = ", ".join(data.given)
        made.notes.append(
            Text(
                f"Rows of {names} before 2000 or more than a year ahead are in no other section.",
                f"{names} 中早于 2000 年或超前一年以上的行未计入其他部分。",
            )
        )
    if not made.findings:
        made.findings = [
            Text(
                "No rows are repeated, no keys are empty, no times are impossible.",
                "没有重复行，没有空主键，没有异常时间。",
            )
        ]
    made.grids = [_grid(checked, zone)]
    left_out = _left_out(data)
    if left_out is not None:
        made.grids.append(left_out)
    else:
        made.notes.append(Text("No metric left out a row.", "所有指标均未剔除数据行。"))
    return made
