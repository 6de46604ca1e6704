"""Conformance vectors of GMV targets, asked of pdmetrics.plan.

    for vector in vectors():
        assert not differences(vector, answer(plan, vector))

An operation's function takes a vector's input and gives what `expect` asks for, under the same keys; an error or a
status is `{"error": "ITS_NAME", …}` with the diagnostics beside it. Keys that repeat what others print are not
compared; every other key must be answered.
"""

import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared") / "vectors" / "targets"
FILES = (
    "adtributor",
    "allocation",
    "apportionment",
    "goalseek",
    "lmdi",
    "pnl-performance",
    "practice-numbers",
    "pvm-mix",
    "reconcile",
    "rollforward",
    "scrm-metrics",
    "seasonality",
    "shapley-chain",
    "tracking",
)
METHODS = ("largest_remainder", "webster", "dhondt", "adams", "huntington")

# What others print, what a habit gets wrong, and remarks: README of the vectors.
OTHERS = (
    "published",
    "source_",
    "tool_",
    "asker_",
    "answer_",
    "naive",
    "note",
    "interval_from_",
    "if_mom_",
    "annual_claimed",
)

# Real numbers that stand beside integers in an exact vector: doubles, so the least tolerance of reals holds.
REALS = {"real_end": 1e-12}

_SCRM = "one of the other private-domain metrics, not of targets"
NOT_OF_TARGETS = {
    "scrm-metrics/friends-day": _SCRM,
    "scrm-metrics/k-factor-geratools": _SCRM,
    "scrm-metrics/k-factor-sub-critical": _SCRM,
    "scrm-metrics/k-two-conventions": _SCRM,
    "scrm-metrics/referral-levels": _SCRM,
    "scrm-metrics/chat-48h": _SCRM,
    "scrm-metrics/sop-reach": _SCRM,
    "scrm-metrics/ces2-mean": _SCRM,
    "scrm-metrics/ces2-index": _SCRM,
    "scrm-metrics/ces-simplesat-inconsistent": _SCRM,
    "scrm-metrics/effort-gap": _SCRM,
    "scrm-metrics/inventory": _SCRM,
    "scrm-metrics/association": _SCRM,
    "scrm-metrics/slot-efficiency": _SCRM,
    "scrm-metrics/search-quality": _SCRM,
    "scrm-metrics/driver-lmg-swiss": "driver analysis of a regression, planned for a later release",
    "scrm-metrics/unique-lost-friends": _SCRM,
    "scrm-metrics/wecom-week-reply": _SCRM,
    "scrm-metrics/dq-before-after": _SCRM,
    "scrm-metrics/trigger-high-value-recall": _SCRM,
}


def vectors():
    """All vectors by file and id; none where there are no shared files."""
    found = {}
    for name in FILES:
        path = VECTORS / f"{name}.json"
        for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"] if path.exists() else []:
            key = f"{name}/{vector['id']}"
            assert key not in found, key
            found[key] = {**vector, "file": name}
    return found


# ---------------------------------------------------------------------------------------- comparison


def tolerance(vector):
    """(relative, absolute) of a vector's `tol`, without the bracket."""
    kind, *size = vector["tol"].split(" (")[0].split()
    assert kind in ("exact", "rel", "abs"), kind
    return float(size[0]) if kind == "rel" else 0.0, float(size[0]) if kind == "abs" else 0.0


def numbers(value):
    if isinstance(value, dict):
        return [n for key, each in value.items() if not key.startswith(OTHERS) for n in numbers(each)]
    if isinstance(value, list):
        return [n for each in value for n in numbers(each)]
    return [abs(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def differences(vector, answered):
    """What of a vector's `expect` is not met, as lines."""
    relative, absolute = tolerance(vector)
    largest = max(numbers(vector["expect"]), default=0.0)
    found = []

    def compare(path, expected, actual, relative=relative):
        if isinstance(expected, dict):
            for key, each in expected.items():
                if key.startswith(OTHERS):
                    continue
                if not isinstance(actual, dict) or key not in actual:
                    found.append(f"{path}{key}: not answered")
                else:
                    compare(f"{path}{key}.", each, actual[key], max(relative, REALS.get(key, 0.0)))
        elif isinstance(expected, list):
            actual = list(actual) if actual is not None else []
            if len(actual) != len(expected):
                found.append(f"{path}: {len(expected)} values expected, {len(actual)} came")
            for i, (left, right) in enumerate(zip(expected, actual, strict=False)):
                compare(f"{path}{i}.", left, right, relative)
        elif expected is None or isinstance(expected, (str, bool)) or actual is None:
            if expected != actual:
                found.append(f"{path}: {expected!r} expected, {actual!r} came")
        else:
            scale = max(abs(expected), abs(actual)) if expected != 0 else largest
            if not abs(expected - actual) <= relative * scale + absolute:
                found.append(f"{path}: {expected!r} expected, {actual!r} came")

    compare("", vector["expect"], answered)
    return found


# ---------------------------------------------------------------------------------------- answering


def answer(pdm, vector):
    """What the library says to a vector's input."""
    try:
        return _OPERATIONS[vector["op"]](pdm.plan, vector["input"], vector)
    except pdm.Error as error:
        return {"error": error.code.upper()}


_OPERATIONS = {}


def operation(*names):
    def register(function):
        _OPERATIONS.update(dict.fromkeys(names, function))
        return function

    return register


def one(table):
    """A table of one row as a dict."""
    (row,) = table.to_rows()
    return row


def failed(status):
    return {} if status == "ok" else {"error": status.upper()}


def square(values, columns):
    values = list(values)
    return [values[i : i + columns] for i in range(0, len(values), columns)]


def tree_of(plan, given):
    return plan.Tree(given["formula"]), dict(zip(given["names"], given["x"], strict=True))


# ---- formula, goal-seek ----


@operation("ft_eval")
def _evaluate(plan, given, _):
    tree, leaves = tree_of(plan, given)
    result = tree.evaluate(leaves)
    branches = [row["value"] for row in result.explain.to_rows() if row["parent"] == 0]
    return {
        "value": result["value"].value,
        "branch_old": branches[0],
        "branch_new": branches[1],
        "grad": result.leaves["grad"],
        "elasticity": result.leaves["elasticity"],
    }


@operation("goal_seek")
def _goal_seek(plan, given, _):
    tree, leaves = tree_of(plan, given)
    row = one(
        tree.solve(leaves, given["target"], lever=given["lever"], low=given.get("lo"), high=given.get("hi")).solution
    )
    told = {
        "change_pct": row["change_rel"],
        "best_value_at_bound": row["best_value"],
        "feasible_rate": row["status"] == "ok",
    }
    return {**row, **told, **failed(row["status"])}


@operation("goal_seek_equal", "goal_seek_minsq")
def _effort(plan, given, vector):
    tree, leaves = tree_of(plan, given)
    method = "min_sq" if vector["op"] == "goal_seek_minsq" else "log" if "log" in vector["id"] else "pct"
    result = tree.solve(leaves, given["target"], levers=given.get("levers", given["names"]), method=method)
    moved = dict(zip(result.levers["lever"], result.levers["value"], strict=True))
    first = result.levers.to_rows()[0]
    solution = one(result.solution)
    return {
        "pct": solution["effort"],
        "multiplier": first["value"] / first["from"],
        "change_pct": first["change_rel"],
        "x_new": [moved.get(name, leaves[name]) for name in given["names"]],
        **failed(solution["status"]),
    }


@operation("sensitivity")
def _tornado(plan, given, _):
    tree, leaves = tree_of(plan, given)
    rows = tree.tornado(leaves, pct=given["pct"]).to_rows()
    sign = {"low": -given["pct"], "high": given["pct"]}
    return {"rows": [{"lever": row["lever"], "pct": sign[row["end"]], "delta": row["delta"]} for row in rows]}


@operation("scenario_grid")
def _scenarios(plan, given, _):
    tree, leaves = tree_of(plan, given)
    values = tree.scenarios(leaves, given["grid"])["value"]
    return {"values": square(values, len(list(given["grid"].values())[-1]))}


@operation("target_uncertainty")
def _uncertainty(plan, given, _):
    tree, leaves = tree_of(plan, given)
    row = one(
        tree.uncertainty(leaves, sd=dict(zip(leaves, given["sd"], strict=True)), target=given["target"]).attainment
    )
    return {"value": row["value"], "sd": row["sd"], "p_attain_linear": row["probability"]}


# ---- allocation ----


@operation("apportion")
def _apportion(plan, given, _):
    made = {}
    for method in METHODS:
        result = plan.apportion(parts=given["weights"], total=given["total"], method=method)
        assert result.summary["closure"].value == 0
        made[method] = result.split["amount"]
    return made


@operation("split_capped_proportional")
def _capped(plan, given, _):
    parts = {"weight": given["weights"], "low": given["lo"], "high": given["hi"]}
    result = plan.allocate(parts=parts, total=given["total"])
    summary = one(result.summary)
    whole = plan.allocate(parts=parts, total=given["total"], exact_int=True).split["amount_int"]
    if summary["status"] == "ok":
        assert sum(whole) == given["total"]
    return {
        "x": result.split["amount"],
        "lambda": summary["multiplier"],
        "shortfall": summary["shortfall"],
        **failed(summary["status"]),
    }


@operation("split_quadratic")
def _quadratic(plan, given, _):
    parts = {"base": given["base"], "flex": given["flex"], "low": given["lo"], "high": given["hi"]}
    result = plan.allocate(parts=parts, total=given["total"], method="quadratic")
    return {"x": result.split["amount"], "mu": result.summary["multiplier"].value}


@operation("ipf", "biproportional")
def _two_way(plan, given, vector):
    rows, columns = ([f"{axis}{i}" for i in range(len(given[key]))] for axis, key in (("r", "rows"), ("c", "cols")))
    cells = [(r, c, given["seed"][i][j]) for i, r in enumerate(rows) for j, c in enumerate(columns)]
    result = plan.two_way(
        cells,
        row_totals=list(zip(rows, given["rows"], strict=True)),
        column_totals=list(zip(columns, given["cols"], strict=True)),
        method=vector["op"],
    )
    return {"x": square(result["amount" if vector["op"] == "biproportional" else "value"], len(columns))}


@operation("split_nested")
def _nested(plan, given, _):
    levels = {"quarter": given["quarters"], "channel": given["channels"]}
    shares = [
        {"level": level, "part": f"{level}{i}", "weight": weight}
        for level, weights in levels.items()
        for i, weight in enumerate(weights)
    ]
    result = plan.nested(levels=list(levels), shares=shares, total=given["total"])
    quarters = [row["amount"] for row in result.nodes.to_rows() if row["level"] == "quarter"]
    return {"quarters": quarters, "cells": square(result["amount"], len(given["channels"]))}


@operation("denton")
def _denton(plan, given, _):
    methods = {"proportional_first_diff": "proportional", "additive_first_diff": "additive", "pro_rata": "pro_rata"}
    return {
        key: plan.denton(given["indicator"], annual=given["annual"], season_length=given["s"], method=method)["value"]
        for key, method in methods.items()
    }


# ---- seasonality ----


@operation("seasonal_index_normalise")
def _normalise(plan, given, _):
    raw = [value / 5 for value in given["quarter_sums_of_5_ratios"]]
    result = plan.seasonal_index(raw, method="normalise", base=100)
    return {
        "raw": result["raw"],
        "sum_raw": sum(result["raw"]),
        "adjusted": result.index["index"],
        "sum": sum(result.index["index"]),
    }


@operation("seasonal_index")
def _seasonal_index(plan, given, _):
    values = [value for year in given["history"] for value in year]
    index = {
        method: plan.seasonal_index(values, season_length=len(given["history"][0]), method=method).index["index"]
        for method in ("mean_ratio", "ratio_of_sums")
    }
    return {
        "mean_of_yearly_ratios": index["mean_ratio"],
        "ratio_of_sums": index["ratio_of_sums"],
        "sum": sum(index["mean_ratio"]),
    }


@operation("growth_compound", "growth_required", "target_growth")
def _growth(plan, given, _):
    growth = given.get("monthly", given.get("annual", given.get("growth")))
    row = one(plan.growth([{"growth": growth, "periods": given.get("periods"), "base": given.get("base")}]).growth)
    return {"annual_if_compounding": row["compound"], "monthly": row["per_period"], "target": row["target"]}


@operation("split_geometric")
def _geometric(plan, given, _):
    result = plan.seasonal_split(total=given["total"], growth=given["growth"], index=[1] * given["periods"])
    return {"first": result["amount"][0], "months": result["amount"]}


@operation("s_curve")
def _s_curve(plan, given, _):
    return {"cumulative": plan.s_curve(steps=given["n"], steepness=given["k"], midpoint=given["mid"])["cumulative"]}


# ---- roll-forward ----


def _rolled(plan, given, **options):
    names = {"cvr": "conversion_rate", "aov": "order_value", "freq": "frequency"}
    names |= {"fcvr": "first_conversion_rate", "faov": "first_order_value"}
    months = {"month": list(range(len(given["churn"]))), "churn": given["churn"]}
    months |= {names[key]: values for key, values in given.get("conversion", {}).items()}
    sources = given.get("channels", [])
    if "traffic" in given:
        sources = [{"name": "all", "traffic": values, "add": [0.1] * len(values)} for values in given["traffic"]]
    rows = [
        {"month": month, "channel": source["name"]} | {key: source[key][month] for key in source if key != "name"}
        for source in sources
        for month in range(len(source["traffic"]))
    ]
    return plan.roll_forward(users=given["u0"], months=months, channels=rows or None, **options)


@operation("roll_forward")
def _roll_forward(plan, given, _):
    result = _rolled(plan, given)
    adds = square(result.adds["adds"], len(given.get("channels", [])) or 1)
    rows = [{**row, "adds": each} for row, each in zip(result.months.to_rows(), adds, strict=True)]
    total = one(result.total)
    return {"rows": rows, "end_users": total["end"], "total_new": total["new"], "total_gmv": total["gmv"]}


@operation("roll_forward_int")
def _roll_forward_int(plan, given, _):
    made = {}
    for rounding in ("half_even", "carry"):
        result = _rolled(plan, given, exact_int=True, rounding=rounding)
        made[rounding] = [
            {"lost": lost, "adds": adds, "end": end, "real_end": real}
            for lost, adds, end, real in zip(
                result.months_int["lost"],
                result.adds_int["adds"],
                result.months_int["end"],
                result.months["end"],
                strict=True,
            )
        ]
    return made


@operation("roll_solve_adds", "roll_steady_state", "roll_half_life", "churn_compound")
def _inverse(plan, given, _):
    names = {"u_prev": "users_start", "u_end": "users_end", "monthly": "churn"}
    row = one(plan.roll_inverse([{names.get(key, key): value for key, value in given.items()}]).rows)
    return {**row, "users": row["steady_state"], "months": row["half_life"], "annual": row["compound_churn"]}


# ---- shares, reconciliation ----


@operation("topdown_proportions")
def _shares(plan, given, _):
    history = [(p, u, value) for p, row in enumerate(given["history"]) for u, value in enumerate(row)]
    a, f = (
        plan.shares(history, total=given["top_target"], method=method) for method in ("gross_sohl_a", "gross_sohl_f")
    )
    return {
        "average_proportions": a["share"],
        "proportion_of_averages": f["share"],
        "split_A": a["amount"],
        "split_F": f["amount"],
    }


def _parent(node):
    return None if node == "total" else "total" if len(node) == 1 else node[0]


@operation("topdown_forecast_proportions")
def _forecast_proportions(plan, given, _):
    tree = [{"node": node, "parent": _parent(node), "value": value} for node, value in given["tree"].items()]
    made = {}
    for policy in ("equal", "error"):
        try:
            result = plan.forecast_proportions(tree, zero_policy=policy)
        except ValueError as error:
            made["policy_error"] = error.code.upper()
        else:
            made[f"policy_{policy}"] = dict(zip(result["node"], result["amount"], strict=True))
    return made | made.get("policy_error_free", made.get("policy_equal", {}))


@operation("reconcile_ls")
def _reconcile(plan, given, _):
    rows = [{"node": "top", "value": given["top"], "weight": given["w_top"]}]
    for i, (value, weight) in enumerate(zip(given["bottom"], given["w_bottom"], strict=True)):
        rows.append({"node": f"b{i}", "parent": "top", "value": value, "weight": weight})
    result = plan.reconcile(rows, weights="var")
    moved = result["reconciled"].to_list()
    return {"top": moved[0], "bottom": moved[1:], "discrepancy": result.discrepancies["discrepancy"].value}


@operation("reconcile_ls_general")
def _reconcile_general(plan, given, _):
    nodes = {"node": given["nodes"], "parent": [_parent(node) for node in given["nodes"]], "value": given["y"]}
    return {"y": plan.reconcile({**nodes, "weight": given["W_diag"]}, weights="var")["reconciled"]}


@operation("gap")
def _gap(plan, given, _):
    row = one(plan.gap([given]).gaps)
    return {"gap": row["gap"], "gap_pct_of_target": row["gap_pct"], "coverage": row["coverage"]}


@operation("gap_attribution")
def _gap_split(plan, given, _):
    units = {"plan": given["bottom_up"], "capacity": given["capacity"]}
    share, room = (plan.gap_split(target=given["top_down"], units=units, method=m) for m in ("by_share", "by_headroom"))
    return {
        "gap": share.summary["gap"].value,
        "by_plan_share": share.split["add"],
        "by_headroom": room.split["add"],
        "feasible": room.summary["status"].value == "ok",
        "by_plan_share_breaks_capacity": share.split["breaks_capacity"],
    }


# ---- change ----


def _effects(tree, given, **options):
    ends = (dict(zip(tree.leaves, given[key], strict=True)) for key in ("x0", "xT"))
    return tree.decompose(*ends, **options)


@operation("decompose_product", "decompose_formula")
def _decompose(plan, given, _):
    names = given.get("names") or [f"f{i}" for i in range(len(given["x0"]))]
    tree = plan.Tree(given.get("formula") or "*".join(names))
    assert list(tree.leaves) == names
    result = _effects(tree, given)
    orders = {
        "chain_forward": names,
        "chain_reverse": names[::-1],
        "chain_D_then_A": ["D", "A"],
        "chain_A_then_D": ["A", "D"],
    }
    made = {
        key: _effects(tree, given, method="chain", order=order)["effect"]
        for key, order in orders.items()
        if set(order) == set(names)
    }
    summary = one(result.summary)
    return {"V0": summary["v0"], "VT": summary["v1"], "total": summary["total"], "shapley": result["effect"], **made}


@operation("decompose_mix")
def _decompose_mix(plan, given, _):
    count = len(given["n0"])
    tree = plan.Tree("+".join(f"n*s{i}*r{i}" for i in range(count)))

    def leaves(people, means):
        size = sum(people)
        return {"n": size} | {
            key: value for i in range(count) for key, value in ((f"s{i}", people[i] / size), (f"r{i}", means[i]))
        }

    players = {name: {"n": "size", "s": "mix", "r": "rate"}[name[0]] for name in tree.leaves}
    result = tree.decompose(leaves(given["n0"], given["a0"]), leaves(given["nT"], given["aT"]), players=players)
    summary = one(result.summary)
    effects = dict(zip(result["factor"], result["effect"], strict=True))
    return {"V0": summary["v0"], "VT": summary["v1"], "total": summary["total"], "shapley": effects}


@operation("lmdi")
def _lmdi(plan, given, _):
    factors = [
        {"segment": f"s{i}", "factor": f"f{k}", "x0": x0, "x1": x1}
        for i, (before, after) in enumerate(zip(given["X0"], given["XT"], strict=True))
        for k, (x0, x1) in enumerate(zip(before, after, strict=True))
    ]
    one_, two = (plan.lmdi(factors, method=method) for method in ("lmdi1", "lmdi2"))
    summary = one(one_.summary)
    assert summary["status"] == "ok"
    return {
        "total": summary["total"],
        "ratio": summary["ratio"],
        "V0": summary["v0"],
        "VT": summary["v1"],
        "Z": square(one_.segments["effect"], len(given["X0"][0])),
        "add": one_["effect"],
        "mul": one_["multiplier"],
        "add_lmdi2": two["effect"],
        "mul_lmdi2": two["multiplier"],
    }


@operation("lmdi_term")
def _lmdi_term(plan, given, _):
    result = plan.lmdi([("x", given["x0"], given["xT"])], values={"v0": [given["v0"]], "v1": [given["vT"]]})
    return {"Z": result.segments["effect"].value}


@operation("pvm")
def _pvm(plan, given, _):
    products = {"price0": given["p0"], "quantity0": given["q0"], "price1": given["p1"], "quantity1": given["q1"]}
    closing, old, middle = (plan.pvm(products, method=method) for method in ("closing", "old_qty", "midpoint"))
    summary = one(closing.summary)
    return {
        "R0": summary["revenue0"],
        "R1": summary["revenue1"],
        "total": summary["total"],
        "price_old_qty": old["price"],
        "price_new_qty": closing["price"],
        "volume_each_at_old_price": old["volume"],
        "cross": old["cross"],
        "pvm_total_volume": summary["volume"],
        "pvm_mix_by_product": closing["mix"],
        "pvm_price_new_qty_total": summary["price"],
        "midpoint": {"price": middle["price"], "volume": middle["volume"]},
    }


@operation("sum_inner_mix")
def _sum_mix(plan, given, _):
    return one(plan.sum_mix([given]).summary)


@operation("mean_inner_mix")
def _rate_mix(plan, given, _):
    names = {"num0": "numerator0", "den0": "denominator0", "num1": "numerator1", "den1": "denominator1"}
    groups = [{names.get(key, key): value for key, value in row.items()} for row in given["rows"]]
    references = {"old_mean": "mix_vs_old_mean", "new_mean": "mix_vs_current_mean", "none": "mix_raw"}
    by_group = {row["group"]: {} for row in groups}
    for reference, key in references.items():
        result = plan.rate_mix(groups, reference=reference)
        for row in result.groups.to_rows():
            by_group[row["group"]] |= {key: row["mix"], "inner": row["inner"]}
        summary = one(result.summary)
    return {"rate0": summary["rate0"], "rate1": summary["rate1"], "total": summary["total"], "by_group": by_group}


@operation("funnel_chain")
def _funnel_change(plan, given, _):
    steps = {"step": given["steps"], "v0": given["v0"], "v1": given["v1"]}
    shapley, chain = (plan.funnel_change(steps, method=method) for method in ("shapley", "chain"))
    return {
        "shapley": shapley["effect"],
        "chain_forward": chain["effect"],
        "total": shapley.summary["total"].value,
    }


@operation("adtributor")
def _root_cause(plan, given, _):
    rows = [(d, e, f, a) for d, elements in given["forecast_actual"].items() for e, (f, a) in elements.items()]
    options = {"t_ep": given["T_EP"], "t_eep": given["T_EEP"]} if "T_EP" in given else {}
    natural, binary = (plan.root_cause(rows, log_base=base, **options) for base in ("e", "2"))
    status = natural.summary["status"].value
    if status != "ok":
        return failed(status)
    best = min((row for row in natural.dimensions.to_rows() if row["rank"]), key=lambda row: row["rank"])
    cells = natural.elements.to_rows()
    chosen = sorted(row["element"] for row in cells if row["in_set"] and row["dimension"] == best["dimension"])

    def by_element(column):
        return {
            d: {row["element"]: row[column] for row in cells if row["dimension"] == d} for d in given["forecast_actual"]
        }

    return {
        "ep": by_element("ep"),
        "surprise_ln": by_element("surprise"),
        "dim_surprise_ln": dict(zip(natural.dimensions["dimension"], natural.dimensions["dim_surprise"], strict=True)),
        "dim_surprise_log2": dict(zip(binary.dimensions["dimension"], binary.dimensions["dim_surprise"], strict=True)),
        "ranked_best_dimension": best["dimension"],
        "best_set": chosen,
        "best_ep": best["set_ep"],
    }


# ---- tracking ----


@operation("track", "completion", "completion_signed", "completion_lower", "mom", "mom_signed")
def _track(plan, given, _):
    row = {"previous" if key == "prev" else key: value for key, value in given.items()}
    found = one(plan.track([row]).rows)
    against = one(plan.track([{"actual": given["actual"], "previous": given.get("target")}]).rows)
    told = {
        "completion": found["attainment"],
        "signed": found["mom"],
        "ratio": against["mom_index"],
        "growth": against["mom"],
    }
    return {**found, **told, **failed(found["status"] if given.get("target") is not None else "ok")}


@operation("pace", "planned_progress")
def _pace(plan, given, _):
    row = {"actual": given.get("actual", 1), "target": given.get("target", 1)}
    found = one(
        plan.pace(
            **row, elapsed=given["elapsed_days"], total_days=given["total_days"], days=given.get("day_weights")
        ).pace
    )
    told = {"linear": found["time_progress"], "weighted": found["planned_progress"], "completion": found["attainment"]}
    return {**found, **told}


@operation("alert")
def _alert(plan, given, _):
    if "completion" in given:
        rows = {"actual": given["completion"], "target": [1] * len(given["completion"])}
        return {"status": plan.track(rows, red_below=given["red_below"], green_from=given["green_from"])["alert"]}
    rows = [{"value": given["value"], "op": "le", "threshold": given["threshold"]}]
    return {"status": plan.alerts(rows)["outcome"].value}


@operation("track_cumulative")
def _cumulative(plan, given, _):
    known = len(given["actual"])
    actual = given["actual"] + [None] * (len(given["target"]) - known)
    result = plan.cumulative({"actual": actual, "target": given["target"]})
    summary = one(result.summary)
    return {**summary, "completion": result["attainment"][:known], "next_period_needed_pct": summary["remaining_ratio"]}


@operation("replan")
def _replan(plan, given, _):
    remaining = {"weight": given["remaining_weights"], "high": given["hi"]}
    result = plan.replan(plan=given["annual"], actuals=given["actual_to_date"], remaining=remaining)
    whole = plan.replan(plan=given["annual"], actuals=given["actual_to_date"], remaining=remaining, exact_int=True)
    assert whole["new_target_int"] == [int(value) for value in result["new_target"]]
    return {
        "remaining": result.summary["remaining"].value,
        "new_targets": result["new_target"],
        "at_bound": result["at_bound"],
    }


@operation("growth_series")
def _growth_series(plan, given, _):
    result = plan.growth_series({"period": given["years"], "value": given["value"]})
    return {"yoy": result.growth["growth"][1:], "cagr": result.summary["cagr"].value}


@operation("delta")
def _delta(plan, given, _):
    row = one(plan.track([{"actual": given["to"], "target": given["from"], "previous": given["from"]}]).rows)
    return {"pp": row["gap"], "relative": row["mom"]}


# ---- P&L, performance ----


@operation("activity_pnl")
def _pnl(plan, given, _):
    names = {"cvr": "conversion_rate", "aov": "order_value"}
    row = one(plan.activity_pnl([{names.get(key, key): value for key, value in given.items()}]).activities)
    told = {
        "break_even_cvr": row["break_even_conversion_rate"],
        "break_even_cvr_basis_gmv": row["break_even_conversion_rate_basis_gmv"],
    }
    return {**row, **told, **failed(row["status"])}


@operation("formula")
def _formula(plan, given, _):
    if "cost" in given:
        return one(plan.activity_pnl([{"gmv": given["gmv"], "marketing_cost": given["cost"]}]).activities)
    return {"gmv": plan.Tree("old*cvr*aov*freq + new*fcvr*faov").evaluate(given)["value"].value}


@operation("inventory")
def _turnover(plan, given, _):
    turned = plan.Tree("days = 365/turnover").scenarios({"turnover": 1}, {"turnover": [1 + given["turnover_growth"]]})
    return {"days_change": turned["delta_vs_base"].value / 365}


@operation("amortise")
def _amortise(plan, given, _):
    return {"monthly": plan.amortise([given])["amount"]}


@operation("growth_pair")
def _growth_pair(plan, given, _):
    if "gmv_growth" in given:
        changes = [
            {"change": 1 + given["profit_growth"], "kind": "multiple"},
            {"change": 1 / (1 + given["gmv_growth"]), "kind": "multiple"},
        ]
        row = one(plan.compound_change(changes).total)
        return {"profit_margin_index": row["index"], "profit_margin_change": row["change_rel"]}
    value, margin = given["aov_growth"], given["margin_growth"]
    relative = plan.compound_change([value, margin])
    points = plan.compound_change([{"change": value}, {"change": margin, "kind": "points", "base": 0.4}])
    return {
        "gross_profit_per_order_index_if_relative": relative.total["index"].value,
        "example_if_8pp_from_40": points.total["index"].value,
    }


@operation("commission")
def _commission(plan, given, _):
    made = {}
    for method in ("progressive", "retroactive"):
        row, whole = (
            one(plan.commission([given["amount"]], tiers=given["tiers"], method=method, exact_int=exact).payouts)
            for exact in (False, True)
        )
        assert whole["payout_int"] == round(row["payout"])
        made[method] = row["payout"]
    return made


@operation("commission_multiplier")
def _multiplier(plan, given, _):
    tiers = [(0, given["base_rate"])]
    return {"payout": plan.commission([given["deal"]], tiers=tiers, multiplier=given["multiplier"])["payout"].value}


@operation("composite_index")
def _composite(plan, given, _):
    indicators = {"attainment": given["completion"], "weight": given["weights"]}
    return {
        "uncapped": plan.composite(indicators)["index"].value,
        "capped": plan.composite(indicators, cap=given["cap"])["index"].value,
    }


@operation("ltv_cac")
def _unit_economics(plan, given, _):
    row = one(
        plan.unit_economics(
            [
                {
                    "cost": given["cac"],
                    "new_customers": 1,
                    "arpu": given["arpu_month"],
                    "margin": given["gross_margin"],
                    "churn": given["churn"],
                }
            ]
        ).rows
    )
    return {**row, "payback_months": row["payback_periods"]}


@operation("credit")
def _credit(_, given, __):
    from pdmetrics import credit  # a row metric

    rows = [
        {"order_id": i, "amount": order["amount"], "staff_id": order[f"{role}_staff"], "role": role}
        for i, order in enumerate(given["orders"])
        for role in ("store", "private")
    ]
    results = {policy: credit(rows, policy=policy) for policy in ("full", "dedup", "split")}
    credits = {policy: dict(zip(r["staff_id"], r["credited"], strict=True)) for policy, r in results.items()}
    return {
        "full_double": credits["full"],
        "dedup_same_person": credits["dedup"],
        "split_50_50": credits["split"],
        "credited_full_double": results["full"].totals["credited_total"].value,
        "credited_dedup": results["dedup"].totals["credited_total"].value,
        "company_revenue": results["full"].totals["company_total"].value,
    }


# ---- significance: practice numbers of experiments ----


@operation("ab_two_proportion")
def _two_rates(_, given, __):
    from pdmetrics import stats

    arms = {arm: round(given[f"p_{arm}"] * given[f"n_{arm}"]) for arm in "ab"}
    row = one(
        stats.proportion_test(
            x_control=arms["a"], n_control=given["n_a"], x_treatment=arms["b"], n_treatment=given["n_b"]
        ).effects
    )
    return {"diff": row["diff"], "lift": row["lift"], "z_pooled": row["statistic"], "p_two_sided": row["p"]}


@operation("ab_sample_size")
def _units_of_rates(_, given, __):
    from pdmetrics import stats

    asked = {"alpha": given["alpha"], "power": given["power"], "kind": "unpooled"}
    return {"n_per_group_unpooled": stats.sample_size(p_control=given["p_a"], p_treatment=given["p_b"], **asked)["n_control"].value}
