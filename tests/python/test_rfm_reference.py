"""The library against the naive reference on small random tables: every option, every table, cell by cell.

Values are few and small, so that ties, empty classes, refunds without orders and orders without money are the rule.
"""

import itertools
import os
import sqlite3
from fractions import Fraction

import pytest
import rfm_reference as reference
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rfm_reference import DAY

FIRST_DAY = 19_789  # some days before the clocks of New York change
LONG = 20 if os.environ.get("PDM_LONG") else 1
CHECKS = settings(deadline=None, max_examples=120 * LONG, suppress_health_check=list(HealthCheck), database=None)
FEWER = settings(CHECKS, max_examples=40 * LONG)

INT_IDS = [-3, 0, 1, 2, 7, 10, 2**40]
TEXT_IDS = ["a", "Z", "aa", "\uff21", "\U0001f600", "é", "客户", "b", "10", "9"]
TZ = ["UTC", "+08:00", "-03:30", "Asia/Shanghai", "America/New_York"]

# ---- random shops -----------------------------------------------------------------------------------------------------------


@st.composite
def moments(draw):
    """Instants at and around midnights of several zones; so few that they meet."""
    hour = 3_600_000_000
    offset = draw(st.sampled_from([0, 0, 0, -1, 16 * hour, 16 * hour - 1, 7 * hour // 2]))
    return (FIRST_DAY + draw(st.integers(0, 7))) * DAY + offset


@st.composite
def shops(draw, nulls=True, max_rows=30):
    """Rows of a shop: customers of one type, few orders each, refunds of all kinds, exact copies."""
    customers = draw(st.sampled_from([INT_IDS, TEXT_IDS]))
    orders = draw(st.sampled_from([[1, 2, 3, 4], ["A", "B", "C", "甲"]]))
    row = st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(customers[: draw(st.integers(1, len(customers)))]),
            "order_id": st.sampled_from(orders),
            "time": moments(),
            "amount": st.sampled_from([-300, -200, -100, -1, 0, 0, 1, 100, 100, 200, 200, 300, 501]),
            "original_order_id": st.sampled_from([None, None, *orders]),
        }
    )
    rows = draw(st.lists(row, max_size=max_rows))
    copies = draw(st.lists(st.integers(0, len(rows) - 1), max_size=4)) if rows else []
    rows = [dict(row, event_id=number) for number, row in enumerate(rows)]
    rows += [dict(rows[number]) for number in copies]
    if nulls and rows:
        for number in draw(st.lists(st.integers(0, len(rows) - 1), max_size=3)):
            rows[number][draw(st.sampled_from(["customer_id", "time", "amount"]))] = None
        # a column of nothing but nulls has no type, which is another matter
        assume(all(any(row[name] is not None for row in rows) for name in ("customer_id", "time", "amount")))
    return draw(st.permutations(rows))


@st.composite
def windows(draw, least=1):
    """Named windows, some with an as_of of their own, some overlapping."""
    out = []
    for name in "ABC"[: draw(st.integers(least, 3))]:
        begin = draw(moments())
        end = begin + draw(st.sampled_from([DAY, 2 * DAY, 4 * DAY, 4 * DAY + 1, 20 * DAY]))
        as_of = draw(st.sampled_from([None, None, end, end + 1, end + 2 * DAY]))
        out.append((name, begin, end) if as_of is None else (name, begin, end, as_of))
    return out


@st.composite
def counting(draw):
    """Options of the state: what an order is, what counts, over which window."""
    options = {
        "null_rows": "skip",
        "tz": draw(st.sampled_from(TZ)),
        "grain": draw(st.sampled_from(["line", "line", "order"])),
        "dedupe": draw(st.sampled_from(["none", "none", "event_id"])),
        "refund_policy": draw(st.sampled_from(["net_in_M_keep_F", "drop_fully_refunded", "gross"])),
        "refund_cutoff": draw(st.sampled_from(["as_of", "none"])),
        "count_zero_orders": draw(st.booleans()),
        "r_base": draw(st.sampled_from(["as_of_day", "last_day"])),
        "f_basis": draw(st.sampled_from(["orders", "days", "rows", "repeat"])),
        "m_basis": draw(st.sampled_from(["net_sum", "gross_sum", "net_mean", "net_max"])),
        "zero_denominator": draw(st.sampled_from(["null", "null", "zero"])),
    }
    kind = draw(st.sampled_from(["default", "as_of", "windows"]))
    if kind == "as_of":
        options["as_of"] = draw(moments())
    elif kind == "windows":
        options["windows"] = draw(windows())
    if options["grain"] == "order" and options["refund_policy"] == "drop_fully_refunded":
        options["refund_policy"] = draw(st.sampled_from(["net_in_M_keep_F", "gross"]))
    if options["f_basis"] == "repeat" and options["m_basis"] == "net_mean":
        options["f_basis"] = "days"
    return options


RANKED = ["midrank", "pct_rank", "ntile", "rank_first", "quantile_right", "quantile_rfm_r"]


@st.composite
def scoring(draw):
    """How values become scores, without a map: any policy and k per dimension."""
    options = {
        "map": "none",
        "k": draw(st.sampled_from([None, 2, 3, 4, 5, 7, 10])),
        "ties": draw(st.sampled_from(["avg", "min", "max"])),
        "duplicates": draw(st.sampled_from(["drop", "drop", "error"])),
    }
    if draw(st.booleans()):
        options["policy"] = draw(st.sampled_from([*RANKED, "split"]))
    for d in reference.DIMENSIONS:
        if draw(st.integers(0, 3)) == 0:
            options["k_" + d] = draw(st.integers(2, 10))
        if draw(st.integers(0, 2)) == 0:
            options["policy_" + d] = draw(st.sampled_from([*RANKED, "fixed", "split"]))
        options["delta_" + d] = draw(st.sampled_from([0, 1, 2, 100]))
    options.update(draw(splitting()))
    cuts = {}
    for d in reference.DIMENSIONS:
        if options.get("policy_" + d) == "fixed":
            k = options.get("k_" + d) or options["k"] or 5
            steps = st.sampled_from([-100, 0, 1, 1, 2, 3, 6, 100, 200])
            cuts[d] = sorted(draw(st.lists(steps, min_size=k - 1, max_size=k - 1)))
    if cuts:
        options["cuts"] = cuts
    return options


@st.composite
def splitting(draw):
    options = {"compare": draw(st.sampled_from(["gt", "ge"])), "split_by": draw(st.sampled_from(["mean", "median"]))}
    for d, values in (("r", [1, 3, 5]), ("f", [1, 2]), ("m", [-100, 0, 100, 200])):
        by = draw(st.sampled_from([None, None, "mean", "median", "value"]))
        if by:
            options["split_by_" + d] = by
        if by == "value":
            options["split_" + d] = draw(st.sampled_from(values))
    return options


@st.composite
def mapped(draw):
    """A map and scores that go with it."""
    chosen = draw(st.sampled_from(["en11", "en10_rf", "rfm_r10", "pymc5", "cn8", "user", "codes"]))
    if chosen == "cn8":
        return {"map": "cn8", **draw(cn8())}
    if chosen == "user":
        return draw(user_boxes())
    if chosen == "codes":
        return draw(user_codes())
    options = {"map": chosen, "policy": draw(st.sampled_from([None, *RANKED, "nested"]))}
    options["ties"] = draw(st.sampled_from(["avg", "min", "max"]))
    options["duplicates"] = "drop"
    if options["policy"] == "nested":
        options["base"] = draw(st.sampled_from(["midrank", "pct_rank", "ntile", "rank_first", "quantile_rfm_r"]))
    return options


@st.composite
def cn8(draw):
    options = draw(splitting())
    options["cn8_names"] = draw(st.sampled_from(["standard", "alt"]))
    if draw(st.integers(0, 2)) == 0:
        options["split_on"] = "score"
        options["base"] = draw(st.sampled_from(["midrank", "pct_rank", "ntile", "rank_first", "quantile_rfm_r"]))
        options["k"] = draw(st.sampled_from([None, 4, 5]))
        for d in reference.DIMENSIONS:
            if options.get("split_by_" + d) == "value":
                options["split_" + d] = draw(st.sampled_from([2, 3, 4]))
    else:
        options["cn8_convention"] = draw(st.sampled_from(["recent_high", "days_high"]))
    return options


@st.composite
def user_boxes(draw):
    k = draw(st.sampled_from([2, 3, 5, 10]))
    boxes = []
    for _ in range(draw(st.integers(1, 5))):
        box = {"segment": draw(st.sampled_from(["Loyal", "Big", "新客", "Other", "Rest"]))}
        for d in reference.DIMENSIONS:
            ends = sorted([draw(st.integers(1, k)), draw(st.integers(1, k))])
            box[d + "_lo"], box[d + "_hi"] = ends
        boxes.append(box)
    # without `ordered` two random boxes mostly overlap, and the whole table is refused: seldom worth an example
    return {"segments": boxes, "k": k, "ordered": draw(st.sampled_from([True, True, True, False]))}


@st.composite
def user_codes(draw):
    k = draw(st.sampled_from([2, 3, 10]))
    codes = draw(st.permutations([reference.code_text(code, [k] * 3) for code in reference.all_codes([k] * 3)]))
    ends = sorted(draw(st.lists(st.integers(0, min(len(codes), 40)), min_size=3, max_size=3)))
    lists = {"First": codes[: ends[0]], "二": codes[ends[0] : ends[1]], "Third": codes[ends[1] : ends[2]]}
    lists = {name: listed for name, listed in lists.items() if listed}
    assume(lists)
    return {"segments": lists, "k": k, "other_name": draw(st.sampled_from(["Other", "其他"]))}


@st.composite
def tiering(draw):
    options = {"tiers": draw(st.sampled_from(["none", "cut", "share"]))}
    if options["tiers"] == "none":
        return options
    options["tier_value"] = draw(st.sampled_from(["net", "monetary", "gmv", "orders", "frequency"]))
    if options["tiers"] == "cut":
        cuts = sorted(draw(st.sets(st.sampled_from([-100, 0, 1, 2, 100, 200, 300, 400]), min_size=1, max_size=3)))
        names = ["bronze", "silver", "gold", "钻石"]
        options["tiers_list"] = [{"tier": tier, "cut": cut} for tier, cut in zip(names, [None, *cuts])]
    elif draw(st.booleans()):
        shares = draw(st.sampled_from([[0.1, 0.2, 0.7], [0.5, 0.5], [0.25, 0.25, 0.25, 0.25], [1.0]]))
        options["tiers_list"] = [{"tier": f"tier {i}", "share": share} for i, share in enumerate(shares)]
    return options


# ---- comparing --------------------------------------------------------------------------------------------------------------


def frames(kind, rows):
    """The rows as one of the frames that users have."""
    columns = reference.columns_of(rows)
    if kind == "dict" or not rows:
        return columns
    arrow = pytest.importorskip("pyarrow").table(columns)
    if kind == "polars":
        return pytest.importorskip("polars").from_arrow(arrow)
    if kind == "pandas":
        pandas = pytest.importorskip("pandas")
        return arrow.to_pandas(types_mapper=pandas.ArrowDtype)
    return arrow


def ask_library(pdm, frame, options):
    return reference.package_tables(pdm.rfm(frame, **reference.package_options(options)))


def check_thresholds(expected, got, frozen):
    """Classes of groups that nobody is in may be listed or not; cuts of a frozen window are those of the first."""
    key = ["window", "dimension", "within_r", "within_f", "class"]

    def described(rows):
        group = key[:4]
        peopled = {tuple(row.get(part) for part in group) for row in rows if row["customers"]}
        kept = [
            {"within_r": None, "within_f": None, **row}
            for row in rows
            if row.get("within_r") is None or tuple(row.get(part) for part in group) in peopled
        ]
        return sorted(kept, key=lambda row: [str(row[part]) for part in key])

    later = {row["window"] for row in expected} - {row["window"] for row in expected[:1]} if frozen else set()
    for rows in (expected, got):
        for row in rows:
            if row["window"] in later:
                row["cut"] = row["split"] = None
    reference.assert_same(described(expected), described(got), key)


def check_migration(expected, got, segments):
    """All cells from and to segments must be there; the corner of those in neither window may be left out."""
    key = ["from_window", "to_window", "from_segment", "to_segment"]

    def cells(rows):
        kept = [row for row in rows if row["from_segment"] in segments or row["to_segment"] in segments]
        return sorted(kept, key=lambda row: [row[part] for part in key])

    reference.assert_same(cells(expected), cells(got), key)
    assert not [row for row in got if row["customers"] and row not in cells(got)]


def check(pdm, rows, options, kind="dict"):
    """Asks both; equal tables, or both refuse with the same code."""
    try:
        expected = reference.rfm(rows, **options)
    except reference.Refused as refused:
        with pytest.raises(pdm.Error) as raised:
            ask_library(pdm, frames(kind, rows), options)
        assert raised.value.code == refused.code
        return
    compare(expected, ask_library(pdm, frames(kind, rows), options), options)


def compare(expected, got, options):
    reference.assert_same(expected["rfm"], got["rfm"], ["window", "customer_id"])
    reference.assert_same(expected["stats"], got["stats"], ["window"])
    check_thresholds(expected["thresholds"], got["thresholds"], options.get("thresholds") == "frozen")
    if options.get("map") != "none":
        reference.assert_same(expected["segments"], got["segments"], ["window", "segment"])
        assert {row["segment"]: row["rank"] for row in got["map"]} == expected["ranks"]
    if len(options.get("windows") or []) > 1 and options.get("map") != "none":
        names = {row["segment"] for row in expected["segments"]}
        check_migration(expected["migration"], got["migration"], names)
        pair = ["from_window", "to_window"]
        reference.assert_same(expected["migration_summary"], got["migration_summary"], pair)
    if "segments" in options:
        want = [{**row, "all_matching": "|".join(row["all_matching"])} for row in expected["coverage"]]
        reference.assert_same(want, got["coverage"], ["code"])
        reachable = {row["segment"]: row["reachable"] for row in got["map"]}
        assert sorted(name for name in reachable if not reachable[name]) == sorted(expected["unreachable"])
    if options.get("tiers", "none") != "none":
        reference.assert_same(expected["tiers"], got["tiers"], ["window", "customer_id"])
        key = ["window", "tier"]
        rows = sorted(got["tier_segments"], key=lambda row: [row[part] for part in key])
        want = sorted(expected["tier_segments"], key=lambda row: [row[part] for part in key])
        reference.assert_same(want, rows, key)


# ---- the library is the reference -------------------------------------------------------------------------------------------

FRAMES = st.sampled_from(["dict", "arrow", "polars", "pandas"])


@CHECKS
@given(rows=shops(), options=counting(), kind=FRAMES)
def test_counting(pdm, rows, options, kind):
    """Who is in the table, with which R, F and M, what was left out."""
    check(pdm, rows, options, kind)


@CHECKS
@given(rows=shops(), options=scoring(), count=counting())
def test_scoring(pdm, rows, options, count):
    check(pdm, rows, {**count, **options})


@CHECKS
@given(
    values=st.lists(st.tuples(st.integers(0, 6), st.sampled_from([-1, 0, 1, 2, 3, 5, 100, 10**15])), max_size=25),
    policy=st.sampled_from([*RANKED, "nested"]),
    k=st.integers(2, 10),
    options=st.fixed_dictionaries(
        {
            "base": st.sampled_from(RANKED),
            "ties": st.sampled_from(["avg", "min", "max"]),
            "delta_m": st.sampled_from([0, 1, 2, 100]),
        }
    ),
)
def test_policies(pdm, values, policy, k, options):
    """One policy on enough customers for classes to fill; each has one order, some a refund that takes nearly all of it."""
    rows = []
    for customer, (day, monetary) in enumerate(values):
        time = (FIRST_DAY + day) * DAY
        rows.append({"customer_id": customer, "time": time, "amount": monetary + 2})
        rows.append({"customer_id": customer, "time": time, "amount": -2})
    check(pdm, rows, {**options, "policy": policy, "k": k, "grain": "order", "map": "none", "duplicates": "drop"})


@CHECKS
@given(rows=shops(), options=mapped(), count=counting())
def test_segments(pdm, rows, options, count):
    check(pdm, rows, {**count, **options})


@FEWER
@given(rows=shops(nulls=False), options=mapped())
def test_one_order_a_customer(pdm, rows, options):
    """Many customers, so that classes fill: every row is a customer of its own."""
    rows = [dict(row, customer_id=number, original_order_id=None) for number, row in enumerate(rows)]
    check(pdm, rows, {**options, "grain": "order"})


def has_cuts(rows, options):
    try:
        table = reference.rfm(rows, **options)["rfm"]
    except reference.Refused:
        return True
    return table and all(row["code"] is not None for row in table)


@CHECKS
@given(rows=shops(), pair=windows(least=2), options=mapped(), frozen=st.booleans(), detail=st.booleans())
def test_migration(pdm, rows, pair, options, frozen, detail):
    options = {**options, "windows": pair, "absent_detail": detail, "null_rows": "skip", "thresholds": "per_window"}
    splits_ties = {"ntile", "rank_first", "nested"}
    if frozen and not splits_ties & {options.get("policy"), options.get("base")}:
        options["thresholds"] = "frozen"
        # of a first window without customers, or with one class only, there are no cuts to apply
        assume(has_cuts(rows, {**options, "windows": pair[:1]}))
    check(pdm, rows, options)


FROZEN = st.one_of(
    st.sampled_from(["midrank", "pct_rank", "quantile_right", "quantile_rfm_r"]).map(
        lambda policy: {"policy": policy, "duplicates": "drop"}
    ),
    cn8(),
    st.tuples(st.just({"policy": "split", "map": "none"}), splitting()).map(lambda pair: {**pair[0], **pair[1]}),
)


@CHECKS
@given(
    orders=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([1, 2, 3, 5, 8, 13])), min_size=6, max_size=40
    ),
    options=FROZEN,
)
def test_frozen(pdm, orders, options):
    """Two peopled windows: the second is scored by the cuts and splits of the first, between whose values its own lie."""
    if options.get("base") in ("ntile", "rank_first"):
        options = {**options, "base": "midrank"}
    if "policy" not in options:
        options = {**options, "map": "cn8"}
    rows = [dict(customer_id=customer, time=day * DAY, amount=money) for customer, day, money in orders]
    pair = [("A", 0, 5 * DAY), ("B", 5 * DAY, 10 * DAY)]
    options = {**options, "grain": "order", "windows": pair, "thresholds": "frozen"}
    assume(has_cuts(rows, {**options, "windows": pair[:1]}))
    check(pdm, rows, options)


@CHECKS
@given(rows=shops(), options=tiering(), count=counting())
def test_tiers_of_windows(pdm, rows, options, count):
    check(pdm, rows, {**count, **options})


@FEWER
@given(rows=shops(), options=counting(), data=st.data())
def test_shards_and_shuffles(pdm, rows, options, data):
    """Any split, any order, through bytes: the tables of the whole, and equal bytes."""
    given_options = reference.package_options(options)
    whole = pdm.RFM(**given_options)
    if rows:
        whole.update(reference.columns_of(rows))
    parts = {}
    for row in data.draw(st.permutations(rows)):
        parts.setdefault(data.draw(st.integers(0, 3)), []).append(row)
    merged = pdm.RFM(**given_options)
    for part in parts.values():
        shard = pdm.RFM(**given_options)
        for half in (part[: len(part) // 2], part[len(part) // 2 :]):
            if half:
                shard.update(typed(half, rows))
        merged.merge(pdm.RFM.from_bytes(shard.to_bytes()))
    assert reference.package_tables(merged.result()) == reference.package_tables(whole.result())
    assert merged.to_bytes() == whole.to_bytes()
    if rows:
        compare(reference.rfm(rows, **options), reference.package_tables(merged.result()), options)


def typed(part, rows):
    """A part with the columns and types of the whole, even where it holds nothing but nulls."""
    arrow = pytest.importorskip("pyarrow")
    schema = arrow.table(reference.columns_of(rows)).schema
    return arrow.table({name: [row.get(name) for row in part] for name in schema.names}, schema=schema)


@FEWER
@given(rows=shops(nulls=False), data=st.data())
def test_conflicting_events(pdm, rows, data):
    """One id, different rows: which one stays must not depend on their order or on shards."""
    rows = [dict(row, event_id=row["event_id"] % 3) for row in rows]
    assume(rows)
    first = ask_library(pdm, typed(rows, rows), {"dedupe": "event_id"})
    shuffled = data.draw(st.permutations(rows))
    assert ask_library(pdm, typed(shuffled, rows), {"dedupe": "event_id"}) == first
    cut = data.draw(st.integers(0, len(rows)))
    left, right = pdm.RFM(dedupe="event_id"), pdm.RFM(dedupe="event_id")
    left.update(typed(shuffled[:cut], rows))
    right.update(typed(shuffled[cut:], rows))
    left.merge(right)
    assert reference.package_tables(left.result()) == first


@pytest.mark.parametrize("name", list(itertools.chain(reference.MAP_K, ["user"])))
@pytest.mark.parametrize("zero", ["null", "zero"])
def test_nothing(pdm, name, zero):
    """No rows at all: every segment with counts 0, no ratio, no error."""
    options = {"zero_denominator": zero}
    if name == "user":
        options["segments"] = {"One": ["111", "555"]}
    else:
        options["map"] = name
    frame = {"customer_id": [], "order_id": [], "time": [], "amount": []}
    compare(reference.rfm([], **options), ask_library(pdm, frame, options), options)


# ---- tiers of any value -----------------------------------------------------------------------------------------------------


@CHECKS
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(INT_IDS), st.sampled_from([-100, 0, 1, 99, 100, 100, 200, 2**50])), max_size=20
    ),
    options=tiering(),
    text=st.booleans(),
)
def test_tiers(pdm, rows, options, text):
    """Rows of one customer add up; then cuts or shares."""
    method = options["tiers"]
    assume(method != "none")
    if text:
        rows = [(TEXT_IDS[INT_IDS.index(customer)], value) for customer, value in rows]
    sums = {}
    for customer, value in rows:
        sums[customer] = sums.get(customer, 0) + value
    expected = reference.tier_customers(sums, method, options.get("tiers_list"))
    frame = {"customer_id": [customer for customer, _ in rows], "value": [value for _, value in rows]}
    lists = {"tiers": options["tiers_list"]} if "tiers_list" in options else {}
    result = reference.package_tables(pdm.tiers(frame, method=method, **lists))
    names = reference.tier_names(method, options.get("tiers_list"))
    want = [
        {"customer_id": c, "value": sums[c], "tier_id": names.index(expected[c]) + 1, "tier": expected[c]}
        for c in sorted(sums, key=reference.id_order)
    ]
    reference.assert_same(want, result["tiers"], ["customer_id"])
    for name, row in zip([*names, "total"], result["segments"], strict=True):
        members = [value for customer, value in sums.items() if name in ("total", expected[customer])]
        assert (row["tier"], row["customers"], row["value"]) == (name, len(members), sum(members))
        assert (row["min_value"], row["max_value"]) == (min(members, default=None), max(members, default=None))


# ---- what is refused --------------------------------------------------------------------------------------------------------

ONE = {"customer_id": [1], "order_id": [1], "time": [FIRST_DAY * DAY], "amount": [100]}
NOON = FIRST_DAY * DAY + DAY // 2

TWO = [("A", 0, 1), ("B", 1, 2)]
CUTS = {"r": [1, 2, 3, 4], "f": [1, 2, 3, 4], "m": [1, 2, 3, 4]}
EQUAL_CUTS = [{"tier": "a", "cut": None}, {"tier": "b", "cut": 5}, {"tier": "c", "cut": 5}]
REFUSED = [
    ("unsupported_combination", {"m_basis": "net_mean", "f_basis": "repeat"}),
    ("unsupported_combination", {"refund_policy": "drop_fully_refunded", "grain": "order"}),
    ("unsupported_combination", {"map": "cn8", "cn8_convention": "days_high", "split_on": "score"}),
    ("unsupported_combination", {"thresholds": "frozen", "policy": "ntile", "windows": TWO}),
    ("unsupported_combination", {"thresholds": "frozen", "policy": "nested", "windows": TWO}),
    ("unsupported_combination", {"thresholds": "frozen", "policy_f": "rank_first", "windows": TWO}),
    ("bad_option", {"windows": [("A", 5, 5)]}),
    ("bad_option", {"windows": [("A", 0, 5, 4)]}),
    ("bad_option", {"map": "en11", "k": 4}),
    ("bad_option", {"map": "pymc5", "k": 5}),
    ("bad_option", {"map": "rfm_r10", "k_f": 3}),
    ("bad_option", {"k": 11, "map": "none"}),
    ("bad_option", {"policy": "fixed", "map": "none", "cuts": {**CUTS, "m": [4, 3, 2, 1]}}),
    ("bad_option", {"policy": "fixed", "map": "none", "cuts": {**CUTS, "f": [1, 2, 3]}}),
    ("bad_option", {"segments": {"One": ["111", "111"]}}),
    ("bad_option", {"segments": {"One": ["116"]}}),
    ("bad_option", {"segments": [dict(segment="One", r_lo=3, r_hi=2, f_lo=1, f_hi=5, m_lo=1, m_hi=5)]}),
    ("segment_overlap", {"segments": {"One": ["111", "112"], "Two": ["112"]}}),
    ("duplicate_edges", {"policy": "quantile_right"}),
    ("bad_option", {"tiers": "cut", "tiers_list": EQUAL_CUTS}),
    ("bad_option", {"tiers": "share", "tiers_list": [{"tier": "a", "share": 0.5}, {"tier": "b", "share": 0.4}]}),
]


@pytest.mark.parametrize("code, options", REFUSED)
def test_refused(pdm, code, options):
    with pytest.raises(pdm.Error) as raised:
        pdm.rfm(ONE, **reference.package_options(options))
    assert raised.value.code == code


@pytest.mark.parametrize("column", ["customer_id", "time", "amount"])
def test_nulls_are_refused_or_counted(pdm, column):
    rows = [dict(customer_id=1, order_id=i, time=NOON, amount=100) for i in range(3)]
    rows[1][column] = None
    state = pdm.RFM()
    before = state.to_bytes()
    with pytest.raises(pdm.Error) as raised:
        state.update(reference.columns_of(rows))
    assert (raised.value.code, raised.value.row, raised.value.column) == ("null_value", 1, column)
    assert state.to_bytes() == before
    skipped = reference.package_tables(pdm.rfm(reference.columns_of(rows), null_rows="skip"))
    assert (skipped["stats"][0]["rows_null"], skipped["rfm"][0]["orders"]) == (1, 2)


@pytest.mark.parametrize("column", ["customer_id", "order_id", "time", "amount"])
def test_missing_columns(pdm, column):
    frame = {name: cells for name, cells in ONE.items() if name != column}
    with pytest.raises(pdm.Error) as raised:
        pdm.rfm(frame)
    assert (raised.value.code, raised.value.column) == ("missing_column", column)


def test_states_of_other_options_do_not_merge(pdm):
    state, other = pdm.RFM(count_zero_orders=True), pdm.RFM()
    state.update(ONE)
    other.update(ONE)
    before = state.to_bytes()
    with pytest.raises(pdm.Error) as raised:
        state.merge(other)
    assert raised.value.code == "options_differ"
    assert state.to_bytes() == before


def test_cut_bytes_are_corrupt(pdm):
    state = pdm.RFM()
    state.update(ONE)
    whole = state.to_bytes()
    for size in range(len(whole)):
        with pytest.raises(pdm.Error) as raised:
            pdm.RFM.from_bytes(whole[:size])
        assert raised.value.code == "corrupt_state"


def test_columns_by_other_names(pdm):
    rows = [
        dict(customer_id="a", order_id=1, time=NOON, amount=500, original_order_id=None, event_id=1),
        dict(customer_id="a", order_id=2, time=NOON + DAY, amount=-200, original_order_id=1, event_id=2),
        dict(customer_id="b", order_id=3, time=NOON, amount=100, original_order_id=None, event_id=3),
    ]
    columns = reference.columns_of(rows)
    renamed = {"c_" + name: cells for name, cells in columns.items()}
    roles = {
        "customer": "c_customer_id",
        "order": "c_order_id",
        "time": "c_time",
        "amount": "c_amount",
        "original_order": "c_original_order_id",
        "event_id": "c_event_id",
    }
    assert reference.package_tables(pdm.rfm(renamed, **roles)) == reference.package_tables(pdm.rfm(columns))


# ---- the reference by yet another road --------------------------------------------------------------------------------------

VALUES = st.lists(st.integers(-3, 6), min_size=1, max_size=25)


@FEWER
@given(values=VALUES, k=st.integers(2, 10))
def test_reference_ntile_is_that_of_sql(values, k):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE v (id INTEGER, value INTEGER)")
    db.executemany("INSERT INTO v VALUES (?, ?)", enumerate(values))
    tiles = db.execute("SELECT ntile(?) OVER (ORDER BY value, id) FROM v ORDER BY id", [k]).fetchall()
    db.close()
    assert reference.classify(values, {"policy": "ntile", "k": k})[0] == [tile for (tile,) in tiles]


@FEWER
@given(values=VALUES, k=st.sampled_from([2, 4, 8]))
def test_reference_quantiles_are_those_of_pandas(values, k):
    pandas = pytest.importorskip("pandas")
    rule = {"policy": "quantile_right", "k": k, "duplicates": "drop", "name": "m"}
    # in floats the cuts are right to the last bit only where k is a power of two
    got, classes = reference.classify(values, rule)
    expected = pandas.qcut(pandas.Series(values), k, labels=False, duplicates="drop")
    if classes:
        assert got == [label + 1 for label in expected]
    if len(values) > 1:
        first, _ = reference.classify(values, {"policy": "rank_first", "k": k})
        ranks = pandas.Series(values).rank(method="first").astype(int)
        edges = [1 + Fraction((len(values) - 1) * i, k) for i in range(1, k)]
        assert first == [1 + sum(1 for edge in edges if edge < rank) for rank in ranks.tolist()]


@FEWER
@given(values=VALUES, k=st.integers(2, 10))
def test_reference_midrank_by_pairs(values, k):
    got, _ = reference.classify(values, {"policy": "midrank", "k": k})
    for value, points in zip(values, got):
        below = sum(2 if other < value else other == value for other in values)
        assert points == k * below // (2 * len(values)) + 1
        assert 1 <= points <= k
