"""The library as an engine of cohort metrics: a question in the reference's words, put to pdmetrics, answered in its words.

    tables = engine("repurchase", rows, options)            # rows of cohort_reference.Row, options of make_options()
    tables = engine("repurchase", rows, options, parts=3)   # … in states that are merged, stored and restored

What the library refuses is raised as cohort_reference.Refused with the library's code. METRICS says per metric what is its own.
"""

import functools
import importlib.util
from dataclasses import dataclass

from cohort_reference import Refused
from funnel_library import raw
from funnel_reference_tables import day_start


@functools.cache
def registered():
    """Names of the metrics that the installed package has."""
    if importlib.util.find_spec("pdmetrics") is None:
        return frozenset()
    from pdmetrics import _registry

    return frozenset(_registry.metrics)


def has(metric):
    return metric in (*METRICS, "retention_array") and metric in registered()


@dataclass(frozen=True)
class Metric:
    """Columns besides unit and time as {column: attribute of a row}, and what its options are where they are written in another way."""

    columns: object = None  # options -> columns
    options: object = None  # (name, value) -> {name: value}


def activity_option(name, value):
    return {"criteria": value[0], "criteria_rows": value[1]} if name == "criteria" else {name: value}


def retention_columns(o):
    value = {"value": "value"} if o.retained_value else {}
    return {"start": "start", "return": "ret", "start_any": "start_any", **value}


METRICS = {
    "retention": Metric(retention_columns),
    "repurchase": Metric(lambda o: {"order_id": "order_id"}),
    "lifecycle": Metric(lambda o: {"first_seen": "first_seen"} if o.first_seen == "column" else {}),
    "activity": Metric(lambda o: {}, activity_option),
}
# `from` is a word of Python's.
DATES = {"from": "date_from", "to": "date_to"}


# ---- the question -----------------------------------------------------------------------------------------------------------


def options_of(metric, o):
    """Keyword arguments: what was asked for, dates as the instants at which they begin."""
    asked = {}
    write = METRICS[metric].options or (lambda name, value: {name: value})
    for name, value in o.given.items():
        if value is None:
            continue
        if name in DATES:
            name, value = DATES[name], day_start(value, o.tz)
        for option, written in write(name, value).items():
            asked[option] = list(written) if isinstance(written, tuple) else written
    return {**asked, "list_units": True}


def frame_of(metric, rows, o):
    names = {"unit": "unit", "time": "time", **METRICS[metric].columns(o)}
    if o.breakdown_by != "none":
        names["breakdown"] = "group"
    if o.dedupe == "event_id":
        names["event_id"] = "event_id"
    return {column: [getattr(row, attribute) for row in rows] for column, attribute in names.items()}


# ---- the answer -------------------------------------------------------------------------------------------------------------


def rows_of(table):
    values = {name: raw(table[name]) for name in table.columns}
    return [dict(zip(values, row)) for row in zip(*values.values())]


def tables_of(result, rows):
    tables = {name: rows_of(table) for name, table in result.tables.items()}
    whole = any(isinstance(row.group, int) for row in rows)
    for table in tables.values():
        for row in table:
            if row.get("group") is not None and whole:
                row["group"] = int(row["group"])
    return tables


def arrays(rows, conditions):
    """retention_array of (unit, conditions met): ({unit: array}, sums)."""
    import pdmetrics as pdm

    masks = [sum(1 << (number - 1) for number in set(numbers)) for _, numbers in rows]
    found = pdm.retention_array(
        {"unit": [unit for unit, _ in rows], "conditions": masks}, condition_count=conditions, list_units=True
    )
    units = zip(found["units"]["unit"].to_list(), found["units"]["retained"].to_list())
    return {unit: [mask >> i & 1 for i in range(conditions)] for unit, mask in units}, found["sums"]["units"].to_list()


def engine(metric, rows, o, parts=0, threads=1):
    """Tables of the library, in the reference's shape."""
    import pdmetrics as pdm

    rows = list(rows)
    if metric == "retention_array":
        return arrays(rows, o)
    compute = getattr(pdm, metric)
    make = getattr(pdm, metric.capitalize())
    try:
        asked = {**options_of(metric, o), "threads": threads}
        if not parts:
            return tables_of(compute(frame_of(metric, rows, o), **asked), rows)
        state = make(**asked)
        for part in range(parts):
            more = make(**asked)
            if rows[part::parts]:
                more.update(frame_of(metric, rows[part::parts], o))
            state = make.from_bytes(more.to_bytes(), tz=o.tz).merge(state)
        return tables_of(state.result(), rows)
    except pdm.Error as error:
        raise Refused(error.code, str(error)) from error
