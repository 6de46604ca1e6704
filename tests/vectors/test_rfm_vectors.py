"""Conformance vectors of RFM and tiers, asked of the library and of the naive reference that other tests compare it with.

Real-data vectors (rfm_online_retail.json) are in tests/python/test_rfm_real_data.py.
"""

import importlib
import importlib.util
import itertools
import json
import os
import sys
from fractions import Fraction
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import rfm_reference as reference  # noqa: E402

VECTORS = Path(os.environ.get("PDM_SHARED") or ROOT.parent / "shared") / "vectors" / "rfm-clv"
DAY = reference.DAY
AS_OF = 20_000 * DAY  # a midnight UTC
POLICIES = {
    "qcut_right_closed": {"policy": "quantile_right"},
    "qcut_drop_duplicates": {"policy": "quantile_right", "duplicates": "drop"},
    "qcut_rank_first": {"policy": "rank_first"},
    "rfm_r_quantile_plus1": {"policy": "quantile_rfm_r"},
    "ntile": {"policy": "ntile"},
    "pct_rank_avg": {"policy": "pct_rank", "ties": "avg"},
    "pct_rank_min": {"policy": "pct_rank", "ties": "min"},
    "pct_rank_max": {"policy": "pct_rank", "ties": "max"},
    "pct_rank_mid": {"policy": "midrank"},
}
MISSPELT = {"Can't Loose": "Can't Lose"}


def load(name):
    path = VECTORS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else []


CASES = {
    case["id"]: case for name in ("worked_examples", "rfm_scores", "rfm_segment_maps") for case in load(name)
}


def case_of(name):
    if name not in CASES:
        pytest.skip(f"shared/vectors/rfm-clv is not here (set PDM_SHARED): {name}")
    return CASES[name]


def cases_of(*kinds):
    """Ids of the cases of some kinds; one that skips visibly where there are no vectors."""
    return [name for name, case in CASES.items() if case["kind"] in kinds] or ["/".join(kinds)]


class Reference:
    def tables(self, rows, **options):
        return reference.rfm(rows, **options)

    def code(self, rows, **options):
        with pytest.raises(reference.Refused) as raised:
            reference.rfm(rows, **options)
        return raised.value.code, str(raised.value)

    def tiers(self, values, method, tiers):
        return reference.tier_customers(values, method, tiers)

    def sharded(self, shards, **options):
        yield reference.rfm([row for shard in shards for row in shard], **options)


class Library:
    def __init__(self, pdm):
        self.pdm = pdm

    def tables(self, rows, **options):
        result = self.pdm.rfm(reference.columns_of(rows), **reference.package_options(options))
        return reference.package_tables(result)

    def code(self, rows, **options):
        with pytest.raises(self.pdm.Error) as raised:
            self.pdm.rfm(reference.columns_of(rows), **reference.package_options(options))
        return raised.value.code, str(raised.value)

    def tiers(self, values, method, tiers):
        frame = {"customer_id": list(values), "value": list(values.values())}
        result = self.pdm.tiers(frame, method=method, tiers=tiers)
        table = reference.rows_of(result["tiers"])
        assert {row["customer_id"]: row["value"] for row in table} == values
        return {row["customer_id"]: row["tier"] for row in table}

    def sharded(self, shards, **options):
        """Every order of merging, flat and nested, once through bytes."""
        options = reference.package_options(options)

        def state(shard):
            made = self.pdm.RFM(**options)
            made.update(reference.columns_of(shard))
            return made

        for a, b, c in itertools.permutations(shards):
            left = state(a)
            left.merge(state(b))
            left.merge(state(c))
            yield reference.package_tables(left.result())
            inner = self.pdm.RFM.from_bytes(state(b).to_bytes())
            inner.merge(state(c))
            outer = state(a)
            outer.merge(self.pdm.RFM.from_bytes(inner.to_bytes()))
            yield reference.package_tables(outer.result())


@pytest.fixture(params=["reference", "library"])
def engine(request):
    if request.param == "reference":
        return Reference()
    if importlib.util.find_spec("pdmetrics") is None:
        pytest.skip("pdmetrics is not installed")
    return Library(importlib.import_module("pdmetrics"))


# ---- rows -------------------------------------------------------------------------------------------------------------------


def order_rows(case_input, rows):
    names = case_input["columns"]
    return [dict(zip(names, row)) for row in rows]


def options_of(case_input):
    names = ("tz", "refund_policy", "refund_cutoff", "count_zero_orders", "r_base", "f_basis", "m_basis")
    options = {name: case_input[name] for name in names if name in case_input}
    return {**options, "windows": [("w", *case_input["window"])]}


def customers_with(values):
    """Order rows of customers that have given (id, R days, F, M): one order with the money and gifts on its day."""
    rows = []
    for customer, days, frequency, monetary in values:
        for number in range(frequency):
            rows.append(
                {
                    "customer_id": customer,
                    "order_id": f"{customer}/{number}",
                    "time": AS_OF - days * DAY,
                    "amount": monetary if number == 0 else 0,
                }
            )
    return rows


POPULATION = {"as_of": AS_OF, "count_zero_orders": True}


def scores_of(tables):
    return [[row[d + "_score"] for row in tables["rfm"]] for d in ("r", "f", "m")]


def exact(value, scale):
    scaled = Fraction(str(value)) * scale
    assert scaled.denominator == 1
    return int(scaled)


# ---- worked examples ------------------------------------------------------------------------------------------------------


def check_rfm_table(tables, expect):
    names = expect["columns"]
    got = [[row[name] for name in names] for row in tables["rfm"]]
    assert got == expect["rows"]
    stats = tables["stats"][0]
    assert {name: stats[name] for name in expect["stats"]} == expect["stats"]


@pytest.mark.parametrize("name", cases_of("rfm_table"))
def test_rfm_table(engine, name):
    case = case_of(name)
    tables = engine.tables(order_rows(case["input"], case["input"]["rows"]), **options_of(case["input"]))
    check_rfm_table(tables, case["expect"])


@pytest.mark.parametrize("name", cases_of("rfm_table_shards"))
def test_shards(engine, name):
    case = case_of(name)
    shards = [order_rows(case["input"], shard) for shard in case["input"]["shards"]]
    for tables in engine.sharded(shards, **options_of(case["input"])):
        check_rfm_table(tables, case["expect"])


@pytest.mark.parametrize("name", cases_of("score_with_cuts"))
def test_cuts(engine, name):
    case = case_of(name)
    values, k = case["input"]["values"], case["input"]["k"]
    expect = case["expect"]
    rows = customers_with([(i, v, v, v) for i, v in enumerate(values)])
    tables = engine.tables(rows, policy=case["input"]["policy"], k=k, map="none", **POPULATION)
    backwards = [k + 1 - s for s in expect["scores"]]
    assert scores_of(tables) == [backwards, expect["scores"], expect["scores"]]
    for d in ("r", "f", "m"):
        classes = [row for row in tables["thresholds"] if row["dimension"] == d]
        assert [row["class"] for row in classes] == list(range(1, k + 1))
        assert [row["customers"] for row in classes] == expect["class_sizes"]
        assert [row["cut"] for row in classes] == expect["cuts"]
        assert [row["score"] for row in classes] == [k + 1 - c if d == "r" else c for c in range(1, k + 1)]
    again = engine.tables(
        rows, policy="fixed", k=k, map="none", cuts={d: expect["cuts"][1:] for d in ("r", "f", "m")}, **POPULATION
    )
    assert scores_of(again) == scores_of(tables)


def test_nested(engine):
    case = case_of("nested_k3")
    rows = customers_with([(i, *row) for i, row in enumerate(case["input"]["rows"])])
    tables = engine.tables(rows, policy="nested", base="midrank", k=3, map="none", **POPULATION)
    assert scores_of(tables) == [case["expect"][d] for d in ("r", "f", "m")]


def test_cn8_conventions(engine):
    case = case_of("cn8_conventions")
    rows = customers_with(case["input"]["rows"])
    for convention in ("recent_high", "days_high"):
        expect = case["expect"][convention]
        options = {**POPULATION, "map": "cn8", "cn8_convention": convention, "compare": expect["compare"]}
        tables = engine.tables(rows, **options)
        assert [row["code"] for row in tables["rfm"]] == expect["bits"]
        assert [row["segment"] for row in tables["rfm"]] == expect["segments"]
        splits = {row["dimension"]: float(row["split"]) for row in tables["thresholds"] if row["split"] is not None}
        assert [splits[d] for d in ("r", "f", "m")] == case["expect"]["split"]
        if "alt_names" in expect:
            alt = engine.tables(rows, cn8_names="alt", **options)
            assert [row["segment"] for row in alt["rfm"]] == expect["alt_names"]


def boxes_of(case):
    names = ("segment", "r_lo", "r_hi", "f_lo", "f_hi", "m_lo", "m_hi")
    return [dict(zip(names, box)) for box in case["input"]["boxes"]]


def test_coverage(engine):
    case = case_of("user_boxes_ordered")
    for rows in ([], customers_with([(1, 3, 1, 500)])):
        tables = engine.tables(rows, segments=boxes_of(case), k=3, ordered=True, **POPULATION)
        got = [[row["code"], row["segment"], row["status"], listed(row["all_matching"])] for row in tables["coverage"]]
        assert got == case["expect"]["coverage"]
        if isinstance(engine, Reference):
            unreachable = tables["unreachable"]
        else:
            unreachable = [row["segment"] for row in tables["map"] if not row["reachable"]]
        assert unreachable == case["expect"]["unreachable"]


def listed(names):
    return [name for name in names.split("|") if name] if isinstance(names, str) else names


def test_overlap_is_refused(engine):
    case = case_of("user_boxes_unordered")
    code, message = engine.code([], segments=boxes_of(case), k=3, ordered=False)
    assert code == case["expect"]["error"]
    for overlapping in case["expect"]["codes"]:
        assert overlapping in message


@pytest.mark.parametrize("name", cases_of("tiers"))
def test_tiers(engine, name):
    case = case_of(name)
    given = case["input"]
    if given["method"] == "cut":
        cuts = [None, *given["cuts"]]
        tiers = [{"tier": tier, "cut": cut} for tier, cut in zip(given["names"], cuts)]
    else:
        tiers = [{"tier": tier, "share": share} for tier, share in given["shares"]]
    got = engine.tiers(dict(given["rows"]), given["method"], tiers)
    assert [got[customer] for customer, _ in given["rows"]] == case["expect"]["tier"]


def migration_options(case):
    given = case["input"]
    return {
        "tz": given["tz"],
        "windows": [("A", *given["windows"][0]), ("B", *given["windows"][1])],
        "map": given["map"],
        "split_by": given["split"],
        "compare": given["compare"],
        "thresholds": given["thresholds"],
    }


def test_migration(engine):
    case = case_of("migration_cn8_small")
    expect = case["expect"]
    rows = order_rows(case["input"], case["input"]["rows"])
    tables = engine.tables(rows, **migration_options(case))
    for window in ("A", "B"):
        here = {row["customer_id"]: row["segment"] for row in tables["rfm"] if row["window"] == window}
        assert here == expect[f"segments_{window}"]
        splits = {
            row["dimension"]: float(row["split"])
            for row in tables["thresholds"]
            if row["window"] == window and row["split"] is not None
        }
        assert [splits[d] for d in ("r", "f", "m")] == pytest.approx(expect[f"split_{window}"], rel=1e-9)
    cells = [[row["from_segment"], row["to_segment"], row["customers"]] for row in tables["migration"]]
    assert sorted(cell for cell in cells if cell[2]) == sorted(expect["cells"])
    summary = tables["migration_summary"][0]
    for name, value in expect["summary"].items():
        assert summary[name] == pytest.approx(value, rel=1e-9), name
    detailed = engine.tables(rows, absent_detail=True, **migration_options(case))
    joined = {"new": expect["joined_new"], "dormant": expect["joined_dormant"]}
    for kind, customers in joined.items():
        targets = sorted(expect["segments_B"][customer] for customer in customers)
        got = [row["to_segment"] for row in detailed["migration"] if row["from_segment"] == kind and row["customers"]]
        assert sorted(got) == targets
    lost = [row["from_segment"] for row in detailed["migration"] if row["to_segment"] == "lost" and row["customers"]]
    assert lost == [cell[0] for cell in expect["cells"] if cell[1] == "absent"]


def test_segments(engine):
    case = case_of("segments_cn8_small")
    used = case_of("migration_cn8_small")
    tables = engine.tables(order_rows(used["input"], used["input"]["rows"]), **migration_options(used))
    got = [row for row in tables["segments"] if row["window"] == "B"]
    names = case["expect"]["columns"]
    expected = [dict(zip(names, row)) for row in case["expect"]["rows"]]
    reference.assert_same(expected, got, ["segment"])


# ---- scores -----------------------------------------------------------------------------------------------------------------


def test_r_package_example(engine):
    case = case_of("rfmR_995")
    expect = case["expect"]
    rows = customers_with([(c, r, f, exact(m, 100)) for c, r, f, m in case["input"]["rows"]])
    tables = engine.tables(rows, policy="quantile_rfm_r", delta_m=100, map="rfm_r10", **POPULATION)
    assert [row["customer_id"] for row in tables["rfm"]] == [row[0] for row in case["input"]["rows"]]
    assert scores_of(tables) == [expect[d] for d in ("r", "f", "m")]
    assert [row["segment"] for row in tables["rfm"]] == expect["segment"]
    summary = {row["segment"]: [row["customers"], row["orders"], row["gmv"]] for row in tables["segments"]}
    for segment, (customers, orders, amount) in expect["segment_summary"].items():
        assert summary[segment] == [customers, orders, exact(amount, 100)]
    if isinstance(engine, Reference):
        for name, scale, column in (("frequency_lower", 1, "frequency"), ("monetary_lower", 100, "monetary")):
            values = sorted(row[column] for row in tables["rfm"])
            inner = [reference.quantile7(values, i, 5) + scale for i in range(1, 5)]
            lower = [float(Fraction(edge) / scale) for edge in [values[0], *inner]]
            assert lower == pytest.approx(expect["thresholds"][name], rel=1e-9)


def test_r_package_thresholds(engine):
    case = case_of("rfmR_bins_mtcars")
    values = [exact(value, 10) for value in case["input"]["values"]]
    thresholds = [Fraction(str(value)) * 10 for value in case["expect"]["thresholds"]]
    rows = customers_with([(i, v, 1, v) for i, v in enumerate(values)])
    tables = engine.tables(rows, policy="quantile_rfm_r", delta_m=10, delta_r=10, map="none", **POPULATION)
    expected = [1 + sum(1 for edge in thresholds if edge <= v) for v in values]
    r, _, m = scores_of(tables)
    assert m == expected
    assert r == [6 - s for s in expected]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", cases_of("score_policies"))
def test_tie_policies(engine, name, policy):
    case = case_of(name)
    values, k = case["input"]["values"], case["input"]["bins"]
    expected = case["expect"][policy]
    options = {**POLICIES[policy], **POPULATION, "k": k, "map": "none"}
    rows = customers_with([(i, v, v, v) for i, v in enumerate(values)])
    if isinstance(expected, str) and policy == "qcut_rank_first":
        expected = [1]  # pandas refuses one customer, the specification does not
    if isinstance(expected, str):
        assert engine.code(rows, **options)[0] == "duplicate_edges"
        return
    r, f, m = scores_of(engine.tables(rows, **options))
    top = k
    if POLICIES[policy].get("duplicates") == "drop" and None not in expected:
        edges = [reference.quantile7(sorted(values), i, k) for i in range(k + 1)]
        top = len(set(edges)) - 1
    assert f == expected
    assert m == expected
    assert r == [None if s is None else top + 1 - s for s in expected]


def test_pymc_quartiles(engine):
    case = case_of("pymc_quartile_labels")
    given = case["input"]
    values = list(zip(range(8), given["recency"], given["frequency"], given["monetary"]))
    for chosen in ("none", "pymc5"):
        tables = engine.tables(
            customers_with(values), policy="quantile_right", duplicates="drop", k=4, map=chosen, **POPULATION
        )
        assert scores_of(tables) == [case["expect"][d] for d in ("r", "f", "m")]


@pytest.mark.parametrize("name", ["cn8_raw_mean_gt", "cn8_raw_median_ge"])
def test_cn8_raw(engine, name):
    case = case_of(name)
    given = case["input"]
    order = sorted(range(len(given["rows"])), key=lambda i: given["rows"][i][0])
    values = [(c, r, f, exact(m, 100)) for c, r, f, m in given["rows"]]
    tables = engine.tables(
        customers_with(values), map="cn8", split_by=given["split"], compare=name[-2:], **POPULATION
    )
    assert [row["segment"] for row in tables["rfm"]] == [case["expect"]["segments"][i] for i in order]
    splits = {row["dimension"]: float(row["split"]) for row in tables["thresholds"] if row["split"] is not None}
    expect = case["expect"]["split"]
    assert splits == pytest.approx({"r": expect["R"], "f": expect["F"], "m": 100 * expect["M"]}, rel=1e-9)


# ---- maps -------------------------------------------------------------------------------------------------------------------


def one_customer_per_code(k):
    """Orders and fixed thresholds under which customer "rfm" has exactly those scores."""
    values = []
    for r, f, m in reference.all_codes([k] * 3):
        values.append((f"{r}{f}{m}", 10 * (k - r) + 5, f, 100 * m))
    thresholds = {
        "r": [10 * i for i in range(1, k)],
        "f": list(range(2, k + 1)),
        "m": [100 * i for i in range(2, k + 1)],
    }
    return customers_with(values), thresholds


def owners_of(case):
    """code → segment, from whichever form the case has."""
    expect, k = case["expect"], case["input"]["scale"]
    if case["id"] == "en10_rf_grid":
        return {rf + str(m): MISSPELT.get(name, name) for rf, name in expect.items() for m in range(1, k + 1)}
    if case["id"] in ("rfmR10_boxes", "cn8"):
        return expect
    owners = {code: name for name, codes in expect.items() for code in codes}
    assert len(owners) == sum(len(codes) for codes in expect.values())
    owners.update({code: "Other" for code in case.get("input", {}).get("unlisted_codes_become_Other", [])})
    owners.update({code: "Other" for code in case.get("unlisted_codes_become_Other", [])})
    return owners


@pytest.mark.parametrize(
    "name, chosen",
    [("en11_codes", "en11"), ("en10_rf_grid", "en10_rf"), ("rfmR10_boxes", "rfm_r10"), ("pymc5_quartiles", "pymc5")],
)
def test_map(engine, name, chosen):
    case = case_of(name)
    k = case["input"]["scale"]
    rows, thresholds = one_customer_per_code(k)
    tables = engine.tables(rows, policy="fixed", cuts=thresholds, k=k, map=chosen, **POPULATION)
    got = {row["customer_id"]: row["segment"] for row in tables["rfm"]}
    assert got == owners_of(case)
    assert len(got) == k**3
    assert all(row["code"] == row["customer_id"] for row in tables["rfm"])
    sizes = {row["segment"]: row["customers"] for row in tables["segments"]}
    assert sizes.pop("total") == k**3
    assert sizes == {name: list(got.values()).count(name) for name in sizes}
    assert sum(sizes.values()) == k**3


def test_map_cn8(engine):
    case = case_of("cn8")
    values = []
    for bits in itertools.product((0, 1), repeat=3):
        values.append(("".join(map(str, bits)), 3 if bits[0] else 10, 1 + bits[1], 100 + 100 * bits[2]))
    tables = engine.tables(
        customers_with(values), map="cn8", split_by="value", split_r=5, split_f=1, split_m=100, **POPULATION
    )
    assert {row["customer_id"]: row["segment"] for row in tables["rfm"]} == case["expect"]
    assert all(row["code"] == row["customer_id"] for row in tables["rfm"])
