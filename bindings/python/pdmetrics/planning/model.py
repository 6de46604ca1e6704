"""The model file of a plan: a year's target, how it is split, what it is built from, and who may close the gap.

Every key is described in ``docs/guide/planning.md`` and in the file that ``pdmetrics plan --example`` writes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .reader import Keys, ModelError, as_day, as_number, read

ROLES = ("free", "count", "rate", "ratio", "money")
SHARES = ("gross_sohl_f", "gross_sohl_a", "last", "same_period_last_year")
APPORTION = ("largest_remainder", "webster", "dhondt", "adams", "huntington")
ROLL_INPUTS = (
    "churn",
    "conversion_rate",
    "order_value",
    "frequency",
    "first_conversion_rate",
    "first_order_value",
)
ROLL_MONEY = ("order_value", "first_order_value")
NEW_OLD = "new_old"


@dataclass(frozen=True)
class Number:
    """A number of the plan: as given, or a formula over what history measures, changed by a share."""

    where: str
    value: float | None = None
    history: str = ""
    change: float = 0.0


@dataclass(frozen=True)
class Leaf:
    """A leaf of the formula."""

    name: str
    role: str
    number: Number
    sd: float | None
    trials: float | None
    label: tuple[str, str]


@dataclass(frozen=True)
class Lever:
    """A leaf that may move to close the gap, and how far."""

    leaf: str
    low: float | None
    high: float | None
    weight: float | None


@dataclass(frozen=True)
class Event:
    """Days on which more, or less, is sold; ``multiplier`` None is measured from history."""

    name: str
    start: date
    end: date
    multiplier: float | None
    where: str


@dataclass(frozen=True)
class Limit:
    """A cap or floor of a channel's year or of a month, in minor units."""

    where: str
    channel: str
    month: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Dimension:
    """Channels or segments: which column of history, how shares are formed, and shares for when there is none."""

    column: str
    method: str
    shares: dict[str, float]
    sources: dict[str, dict[str, float]]
    blend: dict[str, float]
    per_channel: bool = False


@dataclass(frozen=True)
class Source:
    """A source of new users in the roll-forward."""

    channel: str
    traffic: tuple[Number, ...]
    touch: float
    add: float


@dataclass(frozen=True)
class Roll:
    """The bottom-up plan: users, and what they do month by month."""

    users: Number | None
    inputs: dict[str, tuple[Number, ...]]
    sources: tuple[Source, ...]
    new_users: Number | None
    seasonal: bool
    options: dict[str, str]


@dataclass(frozen=True)
class Replan:
    """What happens after a miss."""

    method: str
    apportion: str
    spread: int
    caps: bool


@dataclass(frozen=True)
class Model:
    """A model file."""

    file: str
    name: str
    start: date
    months: int
    target: int | None
    growth: float | None
    tz: str
    exponent: int
    history_months: int
    active_months: int
    naive_time: str
    columns: dict[str, str]
    formula: str
    leaves: tuple[Leaf, ...]
    levers: tuple[Lever, ...]
    effort: str
    tornado: float
    channels: Dimension
    segments: Dimension
    season_method: str
    season_index: tuple[float, ...]
    season_growth: float
    history_growth: float
    weekdays: tuple[float, ...]
    measured_weekdays: bool
    events: tuple[Event, ...]
    limits: tuple[Limit, ...]
    gap_method: str
    roll: Roll | None
    actuals: dict[str, int]
    as_of: date | None
    replan: Replan

    def month_names(self) -> list[str]:
        """The months of the plan: 2026-01 …"""
        return [f"{day:%Y-%m}" for day in self.month_starts()[:-1]]

    def month_starts(self) -> list[date]:
        """First days of the months, and the first day after them."""
        return [add_months(self.start, i) for i in range(self.months + 1)]

    def fail(self, where: str, what: str) -> ModelError:
        """An error that names the file and the key."""
        return ModelError(f"{self.file}: {where}: {what}", column=where)


def add_months(day: date, months: int) -> date:
    """The first of the month so many months later."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def days_of(start: date, end: date) -> list[date]:
    """Days from start up to, not including, end."""
    return [start + timedelta(days=i) for i in range((end - start).days)]


def load(path: str | os.PathLike[str]) -> Model:
    """Reads a model file."""
    top = read(path)
    plan = top.table("plan")
    exponent = plan.whole("currency_exponent", 2, 0, 9)
    start, months = _span(plan)
    target = plan.raw("target")
    growth = plan.number("growth", -1)
    if target is None and growth is None:
        plan.fail("target", "missing; write target = 12_000_000, or growth = 0.15 on the same months a year before")
    if target is not None and minor(plan, "target", target, exponent) <= 0:
        plan.fail("target", f"expected an amount above 0, got {target}")
    name, tz = plan.text("name", f"{start:%Y}"), plan.text("timezone")
    plan.done()
    history, columns = top.table("history"), {}
    named = history.table("columns")
    for key in ("customer", "order", "time", "amount"):
        columns[key] = named.text(key, "amount" if key == "amount" else "time" if key == "time" else f"{key}_id")
    named.done()
    history_months = history.whole("months", 0, 0, 240)
    active_months = history.whole("active_months", 6, 1, 60)
    naive_time = history.choice("naive_time", ("utc", "local"), "utc")
    history.done()
    formula, leaves = _formula(top, exponent)
    levers, effort, tornado = _levers(top, leaves, exponent)
    channels = _dimension(top.table("channels"), "channel")
    segments = _dimension(top.table("segments"), NEW_OLD)
    season = _season(top.table("season"), months)
    names = [f"{add_months(start, i):%Y-%m}" for i in range(months)]
    limits = tuple(_limit(row, names, exponent) for row in top.rows("limits"))
    gap = top.table("gap")
    gap_method = gap.choice("method", ("by_share", "by_headroom"), "by_share")
    gap.done()
    roll = _roll(top.table("roll"), months, exponent) if "roll" in top else None
    actuals, as_of = _actuals(top.table("actuals"), names, exponent)
    replan = _replan(top.table("replan"))
    top.raw("roll")
    top.done()
    return Model(
        file=top.file,
        name=name,
        start=start,
        months=months,
        target=None if target is None else minor(plan, "target", target, exponent),
        growth=None if growth is None else float(growth),
        tz=tz,
        exponent=exponent,
        history_months=history_months,
        active_months=active_months,
        naive_time=naive_time,
        columns=columns,
        formula=formula,
        leaves=leaves,
        levers=levers,
        effort=effort,
        tornado=tornado,
        channels=channels,
        segments=segments,
        limits=limits,
        gap_method=gap_method,
        roll=roll,
        actuals=actuals,
        as_of=as_of,
        replan=replan,
        **season,
    )


# ------------------------------------------------------------------------------------------------------------ the parts


def minor(keys: Keys, key: str, value: Any, exponent: int) -> int:
    """An amount of the file, which is in whole currency (元), in minor units (分); exact or an error."""
    amount = as_number(keys, key, value, None, None).scaleb(exponent)
    whole = int(amount)
    if whole != amount:
        keys.fail(key, f"{value} has more than {exponent} decimal places (plan.currency_exponent)")
    if abs(whole) >= 2**63:
        keys.fail(key, f"{value} is too large")
    return whole


def _span(plan: Keys) -> tuple[date, int]:
    start = as_day(plan, "start", plan.need("start", "start = 2026-01-01, the first day of the first month"))
    if start.day != 1:
        plan.fail("start", f"expected the first day of a month, got {start}; write {start:%Y-%m}-01")
    return start, plan.whole("months", 12, 1, 60)


def _number(keys: Keys, exponent: int, *, money: bool, low: float | None = None) -> Number:
    """A number of a table: value, history, change."""
    value, history = keys.raw("value"), keys.text("history")
    change = keys.number("change", -1)
    if value is None and not history:
        keys.fail("value", 'missing; write value = … or history = "…", a formula over what history measures')
    number = None if value is None else float(as_number(keys, "value", value, low, None))
    if number is not None and money:
        number = float(as_number(keys, "value", value, low, None).scaleb(exponent))
    return Number(keys.path, number, history, 0.0 if change is None else float(change))


def _formula(top: Keys, exponent: int) -> tuple[str, tuple[Leaf, ...]]:
    formula = top.table("formula")
    text = formula.need("text", 'text = "gmv = buyers * orders_per_buyer * order_value"')
    if not isinstance(text, str) or not text.strip():
        formula.fail("text", "expected a formula in quotes")
    formula.done()
    leaves = []
    table = top.table("leaves")
    for name in list(table):
        keys = table.table(name)
        role = keys.choice("role", ROLES, "free")
        number = _number(keys, exponent, money=role == "money", low=None if role == "free" else 0)
        sd, trials = keys.number("sd", 0), keys.number("trials", 0)
        label = _label(keys, name)
        keys.done()
        scaled = None if sd is None else float(sd.scaleb(exponent) if role == "money" else sd)
        leaves.append(Leaf(name, role, number, scaled, None if trials is None else float(trials), label))
    if not leaves:
        top.fail("leaves", 'missing; the formula needs a value for every name in it: [leaves.old] role = "count" …')
    return text, tuple(leaves)


def _label(keys: Keys, name: str) -> tuple[str, str]:
    """What readers call it: one text, or one for each language."""
    if not isinstance(keys.raw("label"), dict):
        said = keys.text("label", name)
        return said, said
    below = keys.table("label")
    both = below.text("en", name), below.text("zh", name)
    below.done()
    return both


def _levers(top: Keys, leaves: tuple[Leaf, ...], exponent: int) -> tuple[tuple[Lever, ...], str, float]:
    table = top.table("levers")
    effort = table.choice("method", ("pct", "log", "min_sq"), "pct")
    tornado = table.number("tornado", 0, 1)
    roles = {leaf.name: leaf.role for leaf in leaves}
    levers = []
    for name in list(table):
        if name in ("method", "tornado"):
            continue
        keys = table.table(name)
        if name not in roles:
            table.fail(name, f"no such leaf of the formula; there are {', '.join(roles)}")
        scale = exponent if roles[name] == "money" else 0
        low, high, weight = (keys.number(key) for key in ("low", "high", "weight"))
        if low is not None and high is not None and low > high:
            keys.fail("low", f"{low} is above high = {high}")
        keys.done()
        levers.append(
            Lever(
                name,
                None if low is None else float(low.scaleb(scale)),
                None if high is None else float(high.scaleb(scale)),
                None if weight is None else float(weight),
            )
        )
    return tuple(levers), effort, 0.1 if tornado is None else float(tornado)


def _dimension(keys: Keys, column: str) -> Dimension:
    method = keys.choice("method", SHARES, "gross_sohl_f")
    named = keys.text("column", column)
    shares = {name: float(value) for name, value in keys.numbers("shares", 0).items()}
    given = keys.table("sources")
    sources = {name: {k: float(v) for k, v in given.numbers(name, 0).items()} for name in list(given)}
    blend = {name: float(value) for name, value in keys.numbers("blend", 0).items()}
    for name in blend:
        if name != "history" and name not in sources:
            keys.table("blend").fail(
                name, f"no source of that name; write [{keys.where('sources')}.{name}] with a weight for each"
            )
    per_channel = keys.flag("per_channel", False) if column == NEW_OLD else False
    keys.done()
    return Dimension(named, method, shares, sources, blend, per_channel)


def _season(keys: Keys, months: int) -> dict[str, Any]:
    index = keys.raw("index")
    if index is not None and (not isinstance(index, list) or len(index) != months):
        keys.fail("index", f"expected {months} numbers, one a month of the plan")
    growth, in_history = keys.number("growth", -1), keys.number("history_growth", -1)
    weekdays = keys.raw("weekdays")
    measured = weekdays == "history"
    if weekdays is not None and not measured and (not isinstance(weekdays, list) or len(weekdays) != 7):
        keys.fail("weekdays", 'expected 7 numbers, Monday first, or "history"')
    found = {
        "season_method": keys.choice("method", ("mean_ratio", "ratio_of_sums", "cma"), "mean_ratio"),
        "season_index": tuple(float(as_number(keys, "index", value, 0, None)) for value in index or ()),
        "season_growth": 0.0 if growth is None else float(growth),
        "history_growth": 0.0 if in_history is None else float(in_history),
        "weekdays": ()
        if measured
        else tuple(float(as_number(keys, "weekdays", value, 0, None)) for value in weekdays or ()),
        "measured_weekdays": measured,
        "events": tuple(_event(row) for row in keys.rows("events")),
    }
    keys.done()
    return found


def _event(row: Keys) -> Event:
    name = row.need("name", 'name = "618"')
    start = as_day(row, "start", row.need("start", "start = 2026-06-01"))
    end = row.day("end") or start
    if end < start:
        row.fail("end", f"{end} is before start = {start}")
    given = row.raw("multiplier")
    multiplier = None if given == "history" else row.number("multiplier", 0)
    if given is None:
        row.fail("multiplier", 'missing; write multiplier = 3.0, or multiplier = "history" to have it measured')
    row.done()
    return Event(str(name), start, end, None if multiplier is None else float(multiplier), row.path)


def _limit(row: Keys, months: list[str], exponent: int) -> Limit:
    channel, month = row.text("channel"), row.text("month")
    if bool(channel) == bool(month):
        row.fail("channel", 'write either channel = "…" (its whole plan) or month = "2026-02" (all channels)')
    if month and month not in months:
        row.fail("month", f'"{month}" is no month of the plan; they are {months[0]} to {months[-1]}')
    low, high = (None if row.raw(key) is None else minor(row, key, row.raw(key), exponent) for key in ("low", "high"))
    if low is None and high is None:
        row.fail("high", "write low = …, high = … or both")
    if low is not None and high is not None and low > high:
        row.fail("low", f"{row.raw('low')} is above high = {row.raw('high')}")
    row.done()
    return Limit(row.path, channel, month, low, high)


def _monthly(keys: Keys, key: str, months: int, exponent: int, *, money: bool) -> tuple[Number, ...]:
    """A number a month: one for all, a list of them, or a table with history and change."""
    value = keys.raw(key)
    scale = exponent if money else 0
    if isinstance(value, dict):
        below = keys.table(key)
        number = _number(below, exponent, money=money, low=0)
        below.done()
        return (number,) * months
    if isinstance(value, list):
        if len(value) != months:
            keys.fail(key, f"expected {months} numbers, one a month, got {len(value)}")
        return tuple(
            Number(keys.where(key), float(as_number(keys, key, item, 0, None).scaleb(scale))) for item in value
        )
    return (Number(keys.where(key), float(as_number(keys, key, value, 0, None).scaleb(scale))),) * months


def _roll(keys: Keys, months: int, exponent: int) -> Roll:
    users = _monthly(keys, "users", 1, exponent, money=False)[0] if "users" in keys else None
    if users is None:
        keys.fail("users", 'missing; write users = 12_000 or users = { history = "active_customers" }')
    inputs = {key: _monthly(keys, key, months, exponent, money=key in ROLL_MONEY) for key in ROLL_INPUTS if key in keys}
    for key in ROLL_INPUTS:
        keys.raw(key)
    if "churn" not in inputs:
        keys.fail("churn", 'missing; write churn = 0.05 a month, or churn = { history = "churn" }')
    new_users = _monthly(keys, "new_users", 1, exponent, money=False)[0] if "new_users" in keys else None
    keys.raw("new_users")
    sources = []
    for row in keys.rows("sources"):
        channel = str(row.need("channel", 'channel = "wecom"'))
        row.need("traffic", "traffic = 2_000 a month")
        traffic = _monthly(row, "traffic", months, exponent, money=False)
        touch, add = row.number("touch", 0), row.number("add", 0, 1)
        row.done()
        sources.append(
            Source(channel, traffic, 1.0 if touch is None else float(touch), 1.0 if add is None else float(add))
        )
    seasonal = keys.flag("seasonal", True)
    options = {
        "touch_mode": keys.choice("touch_mode", ("product", "independent"), "product"),
        "new_churn": keys.choice("new_churn", ("none", "half"), "none"),
        "rounding": keys.choice("rounding", ("half_even", "carry"), "carry"),
    }
    keys.done()
    return Roll(users, inputs, tuple(sources), new_users, seasonal, options)


def _actuals(keys: Keys, months: list[str], exponent: int) -> tuple[dict[str, int], date | None]:
    rows = keys.table("months")
    found = {}
    for month in list(rows):
        if month not in months:
            rows.fail(month, f"no month of the plan; they are {months[0]} to {months[-1]}")
        found[month] = minor(rows, month, rows.raw(month), exponent)
    as_of = keys.day("as_of")
    keys.done()
    return found, as_of


def _replan(keys: Keys) -> Replan:
    found = Replan(
        keys.choice("method", ("keep_total", "keep_remaining", "next", "spread"), "keep_total"),
        keys.choice("apportion", APPORTION, "largest_remainder"),
        keys.whole("spread", 3, 1, 60),
        keys.flag("caps", True),
    )
    keys.done()
    return found
