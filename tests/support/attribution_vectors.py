"""Conformance vectors of attribution, asked of the library.

    for name, case, expectation in expectations():
        check(expectation, answer(pdm, case, expectation))

An answer holds the outputs that the expectation names. Values are compared as the vectors' README says; channels missing from an output
count as 0. Models that the library does not have are in LATER, by name and parameters.
"""

import csv
import json
import math
import os
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared")
VECTORS = SHARED / "vectors" / "attribution"
SECOND = 1_000_000

NEVER = ("anchor_simulation_tight",)  # records of another tool: no target
LATER = ("counterfactual", "shao_li", "shapley_per_set", "driver")
LATER_WORTHS = ("rate_exact", "table")

PLAIN = (
    "first_touch",
    "last_touch",
    "first_non_direct",
    "last_non_direct",
    "linear",
    "linear_unique",
    "participation",
    "position_decay",
)


def is_later(expectation):
    return expectation["model"] in LATER or expectation["params"].get("worth") in LATER_WORTHS


def expectations():
    """[(name, case, expectation)] of everything that is to be met."""
    found = []
    for path in sorted(VECTORS.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            for number, expectation in enumerate(case["expect"]):
                if expectation["model"] not in NEVER:
                    found.append((f"{case['id']}-{number}-{expectation['model']}", case, expectation))
    return found


# ---- questions --------------------------------------------------------------------------------------------------------------


def number(text):
    return float(Fraction(text)) if isinstance(text, str) else text


def model_of(expectation):
    """A row of list `models`."""
    model, params = expectation["model"], expectation["params"]
    if model in PLAIN:
        return {"model": model}
    if model == "position_based":
        given = {name: number(params[name]) for name in ("first", "middle", "last") if name in params}
        return {"model": model, "two_touch": params.get("two_touch", "renormalise"), **given}
    if model == "time_decay":
        return {
            "model": model,
            "half_life": params["half_life_s"] * SECOND,
            "mode": params.get("mode", "continuous"),
        }
    if model in ("markov", "transition_matrix"):
        return {
            "model": "markov",
            "order": params["order"],
            "self_transitions": int(params.get("self_transitions", False)),
            "ignore_nulls": int(params.get("ignore_nulls", False)),
        }
    if model == "shapley":
        return {"model": model, "worth": params["worth"]}
    if model == "shapley_ordered":
        return {"model": model, "repeats": params["repeats"]}
    return {"model": "linear"}  # what is asked for needs no model: journeys, paths, orders


def paths_of(rows):
    """Rows [path, conversions, value, nulls] as columns."""
    return {
        "path": [row[0] for row in rows],
        "conversions": [row[1] for row in rows],
        "value": [float(number(row[2])) if row[1] else None for row in rows],
        "nulls": [row[3] for row in rows],
    }


def read_file(given):
    path = SHARED.parent / given["file"] if SHARED.name == "shared" else SHARED / Path(given["file"]).relative_to("shared")
    if not path.exists():
        return None
    if "columns" not in given:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [[line, 1, 1.0, 0] for line in lines]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = given["columns"]
    return [[row[names[0]], int(row[names[1]]), float(row[names[2]]), int(row[names[3]])] for row in rows]


def from_paths(pdm, rows, expectation, separator=">", shards=None, **options):
    model = model_of(expectation)
    given = {
        "rows": "paths",
        "value_type": "double",
        "models": [model],
        "direct": list(expectation["params"].get("direct", ())) or None,
        "path_separator": separator,
        "top": -1,
        **options,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if shards is None:
        return pdm.attribution(paths_of(rows), **given)
    states = []
    for shard in shards:
        state = pdm.Attribution(**given)
        state.update(paths_of(shard))
        states.append(state)
    first = states.pop()
    for state in states:
        first.merge(state)
    return first.result()


def events_of(rows):
    """Rows {user, t, type, channel or value} as columns; their places are seq."""
    return {
        "user": [row["user"] for row in rows],
        "time": [row["t"] * SECOND for row in rows],
        "kind": [row["type"] for row in rows],
        "channel": [row.get("channel") for row in rows],
        "value": [None if row.get("value") is None else float(row["value"]) for row in rows],
        "seq": list(range(len(rows))),
    }


def from_events(pdm, rows, expectation, **options):
    direct = list(expectation["params"].get("direct", ())) or None
    given = {"value_type": "double", "models": [model_of(expectation)], "direct": direct, "list_journeys": True, **options}
    return pdm.attribution(events_of(rows), **{name: value for name, value in given.items() if value is not None})


def event_options(given):
    """Options of a case as the library's."""
    options = {"lookback": "unlimited"}
    if given.get("lookback") is not None:
        options["lookback"] = given["lookback"] * SECOND
    for name in ("reset", "nulls", "direct_mode", "max_touches", "direct"):
        if name in given:
            options[name] = given[name]
    return options


def touch_rows(touches, value):
    """One converting journey: touches [(channel, age)] oldest first."""
    rows = [{"user": "u", "t": -age, "type": "touch", "channel": channel} for channel, age in touches]
    return [*rows, {"user": "u", "t": 0, "type": "conversion", "value": value}]


def numbered(count):
    return [f"T{i:02}" for i in range(count)]


def result_of(pdm, case, expectation):
    """The library's result, and the channels that stand for touches; None where a file is not here."""
    kind, given = case["kind"], case["input"]
    if kind == "path_table":
        return from_paths(pdm, given["rows"], expectation, given["sep"]), None
    if kind == "path_table_shards":
        return from_paths(pdm, None, expectation, given["sep"], shards=given["shards"]), None
    if kind in ("path_table_file", "journeys_file"):
        rows = read_file(given)
        options = {"markov_orders": expectation["params"]["max_order"]} if expectation["model"] == "choose_order" else {}
        return (None if rows is None else from_paths(pdm, rows, expectation, given["sep"], **options)), None
    if kind == "touch_weights":
        ages = given.get("ages_s")
        names = numbered(expectation["n_touches"] if ages is None else len(ages))
        if ages is None:
            return from_paths(pdm, [[" > ".join(names), 1, 1.0, 0]], expectation), names
        return from_events(pdm, touch_rows(zip(names, ages, strict=True), 1), expectation, lookback="unlimited"), names
    if kind == "touch_list":
        touches = given["touches"]
        names = numbered(len(touches)) if "touch_credit" in expectation else None
        if names is not None:
            direct = [n for n, t in zip(names, touches, strict=True) if t[0] in expectation["params"].get("direct", ())]
            expectation = {**expectation, "params": {**expectation["params"], "direct": direct}}
            touches = [(name, touch[1]) for name, touch in zip(names, touches, strict=True)]
        return from_events(pdm, touch_rows(touches, given["value"]), expectation, lookback="unlimited"), names
    if kind == "events":
        return from_events(pdm, given["events"], expectation, **event_options(given["options"])), None
    if kind == "transform":
        return transformed(pdm, given["path"], expectation), None
    raise AssertionError(kind)


def transformed(pdm, path, expectation):
    name, params = expectation["model"].split(":")[1], expectation["params"]
    options = {
        "unique": {},
        "remove_if_not_all": {"direct_mode": "exclude_unless_all", "direct": [params.get("channel")]},
        "remove_if_last_and_not_all": {"direct_mode": "strip_tail", "direct": [params.get("channel")]},
        "trim_last": {"max_touches": params.get("n")},
    }.get(name, {"transform": name})
    return from_paths(pdm, [[" > ".join(path), 1, 1.0, 0]], expectation, **options)


# ---- answers ----------------------------------------------------------------------------------------------------------------


def column(table, key, value, **where):
    return {row[key]: row[value] for row in table.to_rows() if all(row[k] == v for k, v in where.items())}


def journeys_of(result):
    found = []
    for row in result["journeys"].to_rows():
        path = row["path"].split(" > ") if row["path"] else []
        ages = [int(age) / SECOND for age in row["ages"].split(",") if age] if row["ages"] is not None else None
        found.append(
            {
                "user": row["user"],
                "path": path,
                "ages": ages,
                "conversions": row["conversions"],
                "value": row["value"],
                "nulls": row["nulls"],
            }
        )
    return found


def by_position(table):
    found = {}
    for row in table.to_rows():
        found.setdefault(row["channel"], {})[row["position"]] = row["conversions"]
    return found


def answer(pdm, case, expectation):
    """{output: value} of the outputs that the expectation has; None where the data is not here."""
    result, names = result_of(pdm, case, expectation)
    if result is None:
        return None
    credits = result["credits"]
    conversions = column(credits, "channel", "conversions", row_kind="channel")
    value = column(credits, "channel", "value", row_kind="channel")
    totals = result["totals"].to_rows()[0]
    by_value = expectation["params"].get("worth") == "value"
    got = {
        "credit_conversions": conversions,
        "credit_value": value,
        "credit": value if by_value else conversions,
        "unattributed_conversions": totals["unattributed_conversions"],
        "unattributed_value": totals["unattributed_value"],
        "total": result["conservation"].to_rows()[0]["credit_sum"],
    }
    if names is not None:
        got["touch_weights"] = [conversions.get(name, 0.0) for name in names]
        got["touch_credit"] = [value.get(name, 0.0) for name in names]
    if "journeys" in expectation:
        got["journeys"] = journeys_of(result)
    if "path" in expectation:
        paths = result["paths"].to_rows()
        got["path"] = paths[0]["path"].split(" > ") if paths else []
    summary = result["markov_summary"].to_rows()
    if summary:
        got |= {
            "p_conversion": summary[0]["p_conversion"],
            "expected_value_per_journey": summary[0]["value_per_journey"],
            "states_including_start": summary[0]["states"],
            "distinct_transitions": summary[0]["distinct_transitions"],
            "removal_effect": column(result["removal_effects"], "channel", "removal_effect"),
            "removal_effect_value": column(result["removal_effects"], "channel", "removal_effect_value"),
            "transitions": {(r["from"], r["to"]): (r["count"], r["probability"]) for r in result["transitions"].to_rows()},
        }
    shapley = column(result["shapley"], "channel", "shapley_value")
    got["shapley_value"] = shapley
    got["sum"] = math.fsum(shapley.values())
    got["by_position"] = by_position(result["shapley_positions"])
    if "orders" in expectation:
        got["orders"] = result["markov_orders"].to_rows()
    return got


# ---- comparison -------------------------------------------------------------------------------------------------------------

OUTPUTS = (
    "credit_conversions",
    "credit_value",
    "credit",
    "touch_weights",
    "touch_credit",
    "journeys",
    "path",
    "unattributed_conversions",
    "unattributed_value",
    "p_conversion",
    "expected_value_per_journey",
    "states_including_start",
    "distinct_transitions",
    "removal_effect",
    "removal_effect_value",
    "shapley_value",
    "sum",
    "total",
)


def plain(expected):
    if isinstance(expected, dict) and "value" in expected and ("exact" in expected or "decimal" in expected or len(expected) == 1):
        return expected["value"]
    return expected


def close(got, expected, tolerance, where):
    expected = number(expected)
    if tolerance is None:
        assert got == expected, (where, got, expected)
        return
    kind, size = tolerance
    room = {
        "absolute": size,
        "relative": size * abs(expected),
        "mixed": size * max(1.0, abs(expected)),
    }[kind]
    assert got is not None and abs(got - expected) <= room, (where, got, expected, got - expected)


def compare(got, expected, tolerance, where):
    expected = plain(expected)
    if isinstance(expected, dict):
        for key in {*expected, *(got or {})}:
            compare((got or {}).get(key, 0.0), expected.get(key, 0.0), tolerance, f"{where}[{key}]")
    elif isinstance(expected, list):
        assert len(got) == len(expected), (where, got, expected)
        for i, (g, e) in enumerate(zip(got, expected, strict=True)):
            compare(g, e, tolerance, f"{where}[{i}]")
    elif expected is None or isinstance(expected, str) and not isinstance(got, (int, float)):
        assert got == expected, (where, got, expected)
    else:
        close(got, expected, tolerance, where)


def compare_transitions(got, expected, tolerance):
    assert len(got) == len(expected), (sorted(got), expected)
    for row in expected:
        count, probability = got[row[0], row[1]]
        if len(row) == 4:
            assert count == row[2], row
        close(probability, row[-1], tolerance, f"transition {row[:2]}")


def compare_positions(got, expected, tolerance):
    for channel in {*got, *expected}:
        values = plain(expected.get(channel, []))
        mine = got.get(channel, {})
        assert not mine or max(mine) <= len(values), (channel, mine)
        for i, value in enumerate(values, 1):
            close(mine.get(i, 0.0), value, tolerance, f"{channel} at {i}")


def compare_orders(got, expectation, tolerance):
    names = {"order": "order", "auc": "auc", "penalised_auc": "penalised_auc", "n_nodes_penalty": "parameters"}
    assert len(got) == len(expectation["orders"])
    for mine, expected in zip(got, expectation["orders"], strict=True):
        for theirs, ours in names.items():
            close(mine[ours], expected[theirs], tolerance, f"order {expected['order']}: {theirs}")
    assert [row["order"] for row in got if row["best"]] == [expectation["best_order_exact"]]


def tolerance_of(expectation):
    for name, kind in (("tolerance", "mixed"), ("tolerance_rel", "relative"), ("tolerance_abs", "absolute")):
        if expectation.get(name) is not None:
            return kind, expectation[name]
    return None


def check(expectation, got):
    """Every output of the expectation; at least one must have been looked at."""
    tolerance = tolerance_of(expectation)
    looked = 0
    for name in OUTPUTS:
        if name in expectation:
            compare(got[name], expectation[name], tolerance, name)
            looked += 1
    if "transitions" in expectation:
        compare_transitions(got["transitions"], expectation["transitions"], tolerance)
        looked += 1
    if "by_position" in expectation:
        compare_positions(got["by_position"], expectation["by_position"], tolerance)
        looked += 1
    if "orders" in expectation:
        compare_orders(got["orders"], expectation, tolerance)
        looked += 1
    assert looked > 0, sorted(expectation)
