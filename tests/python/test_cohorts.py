"""Cohort metrics in Python: conditions on frames of every kind, the ways to write a question down, states, refusals, commands."""

import pickle
from datetime import date

import pytest

TZ = "Asia/Shanghai"
ASKED = {"unit": "customer_id", "period": "month", "intervals": 6, "tz": TZ}


@pytest.fixture(scope="module")
def world(pdm):
    return pdm.datasets.private_domain(customers=300, seed=3)


@pytest.fixture(scope="module")
def columns(world):
    return {name: world.events[name].to_list() for name in ("customer_id", "time", "event", "channel")}


@pytest.fixture(scope="module")
def wanted(pdm, columns):
    """Viewed first, paid later, from boolean columns that were worked out by hand."""
    flags = {"start": [e == "view" for e in columns["event"]], "return": [e == "pay" for e in columns["event"]]}
    return pdm.retention({**columns, **flags}, **ASKED).to_dict()


# ------------------------------------------------------------------------------------------------------ frames of every kind


def pandas_frame(world, columns):
    frame = pytest.importorskip("pandas").DataFrame(columns)
    return frame, lambda f: f["event"] == "view", frame["event"] == "pay"


def pandas_categories(world, columns):
    frame = pytest.importorskip("pandas").DataFrame(columns).astype({"event": "category"})
    return frame, lambda f: f["event"] == "view", lambda f: (f["event"] == "pay").to_numpy()


def polars_frame(world, columns):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(columns), polars.col("event") == "view", lambda f: f["event"] == "pay"


def polars_categories(world, columns):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(columns).with_columns(polars.col("event").cast(polars.Categorical))
    return frame, polars.col("event") == "view", lambda f: [e == "pay" for e in f["event"]]


def polars_lazy(world, columns):
    polars = pytest.importorskip("polars")
    return polars.LazyFrame(columns), polars.col("event") == "view", lambda f: polars.col("event") == "pay"


def arrow_table(world, columns):
    arrow = pytest.importorskip("pyarrow")
    compute = pytest.importorskip("pyarrow.compute")
    return arrow.table(columns), compute.field("event") == "view", lambda t: compute.equal(t["event"], "pay")


def arrow_batch(world, columns):
    arrow = pytest.importorskip("pyarrow")
    compute = pytest.importorskip("pyarrow.compute")
    return arrow.RecordBatch.from_pydict(columns), compute.field("event") == "view", compute.field("event") == "pay"


def duckdb_relation(world, columns):
    duckdb = pytest.importorskip("duckdb")
    table = pytest.importorskip("pyarrow").table(columns)
    relation = duckdb.connect().from_arrow(table)
    return relation, lambda r: "event = 'view'", duckdb.SQLExpression("event = 'pay'")


def lists(world, columns):
    return columns, lambda f: [e == "view" for e in f["event"]], lambda f: [e == "pay" for e in f["event"]]


def rows(world, columns):
    made = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return made, lambda f: [e == "view" for e in f["event"]], lambda f: [e == "pay" for e in f["event"]]


def own_table(world, columns):
    compute = pytest.importorskip("pyarrow.compute")
    arrow = pytest.importorskip("pyarrow")
    return (
        world.events,
        lambda t: compute.equal(t["event"].cast(arrow.string()), "view"),
        lambda t: compute.equal(t["event"].cast(arrow.string()), "pay"),
    )


def pieces(world, columns):
    frame = pytest.importorskip("pandas").DataFrame(columns)
    return (
        [frame[:700], pytest.importorskip("polars").DataFrame(frame[700:])],
        lambda f: f["event"] == "view",
        lambda f: f["event"] == "pay",
    )


KINDS = [
    pandas_frame,
    pandas_categories,
    polars_frame,
    polars_categories,
    polars_lazy,
    arrow_table,
    arrow_batch,
    duckdb_relation,
    lists,
    rows,
    own_table,
    pieces,
]


@pytest.mark.parametrize("kind", KINDS)
def test_conditions(pdm, world, columns, wanted, kind):
    frame, viewed, paid = kind(world, columns)
    ways = (
        {"event": "event", "start": "view", "return_": "pay"},
        {"event": "event", "start": "view|no such event", "return_": ["no such event", "pay"]},
        {"start": ["view"], "return_": pdm.Step("pay")},
        {"start": {"event": ["view"]}, "return_": pdm.Step(event="pay")},
        {"start": viewed, "return_": paid},
        {"start": viewed, "return_": ["pay"]},
    )
    for way in ways:
        assert pdm.retention(frame, **way, **ASKED).to_dict() == wanted, way


@pytest.mark.parametrize("kind", [pandas_frame, polars_frame, polars_lazy, arrow_table, duckdb_relation, lists, rows])
def test_boolean_columns(pdm, world, columns, wanted, kind):
    flags = {"s": [e == "view" for e in columns["event"]], "r": [e == "pay" or None for e in columns["event"]]}
    flags["never"] = [None] * len(flags["s"])
    flags["never"][0] = False
    frame, *_ = kind(world, {**columns, **flags})
    for start, back in (
        ("s", "r"),
        (pdm.Step(column="s"), pdm.Step(column=["never", "r"])),
        ({"column": "s"}, pdm.Step("x", "r")),
    ):
        assert pdm.retention(frame, start=start, return_=back, **ASKED).to_dict() == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_of_arrays(pdm, world, columns, kind):
    frame, viewed, _ = kind(world, columns)
    codes = {"view": 1, "order": 4, "pay": 6}
    masks = {"customer_id": columns["customer_id"], "conditions": [codes.get(e, 0) for e in columns["event"]]}
    asked = {"unit": "customer_id", "list_units": True}
    wanted = pdm.retention_array(masks, condition_count=3, **asked)
    assert wanted.main["units"][0] > wanted.main["units"][2] > 0
    for first in ("view", viewed, pdm.Step("view")):
        found = pdm.retention_array(frame, conditions=[first, "pay", ["order", "pay"]], **asked)
        assert found.to_dict() == wanted.to_dict()
        assert found.tables["units"].to_dict() == wanted.tables["units"].to_dict()
    state = pdm.RetentionArray(conditions=["view", "pay", "order|pay"], event="event", **asked)
    assert state.update(frame).result().to_dict() == wanted.to_dict()


def test_refused_conditions_of_arrays(pdm, columns):
    def refused(match, **asked):
        with pytest.raises(pdm.Error, match=match):
            pdm.retention_array(columns, unit="customer_id", **asked)

    refused("1 to 32 conditions expected, 0 given", conditions=[])
    refused("33 given", conditions=["view"] * 33)
    refused("is no list", conditions="mask", event="event")
    refused("expected an event", conditions=[True])
    refused('no column "kind" for conditions=', conditions=["view"], event="kind")
    refused("but 2 conditions", conditions=["view", "pay"], condition_count=3)


def test_codes_of_events(pdm, columns, wanted):
    codes = {name: code for code, name in enumerate(dict.fromkeys(columns["event"]))}
    frame = {**columns, "event": [codes[name] for name in columns["event"]]}
    assert pdm.retention(frame, start=codes["view"], return_=[codes["pay"]], **ASKED).to_dict() == wanted


def test_every_row(pdm, columns):
    frame = {**columns, "start": [False] * len(columns["event"])}
    every = pdm.retention(columns, **ASKED).to_dict()
    assert pdm.retention(frame, **ASKED).to_dict() != every
    assert pdm.retention(frame, start=True, **ASKED).to_dict() == every


def test_every_third_row_of_a_frame(pdm, columns, wanted):
    """Slices with a step have strides, times with a zone too."""
    frame = pytest.importorskip("pandas").DataFrame(columns)
    assert str(frame["time"].dtype).startswith("datetime64[") and frame["time"].dt.tz is not None
    asked = {"event": "event", "start": "view", "return_": "pay", **ASKED}
    state = pdm.Retention(**asked)
    for at in range(3):
        state.merge(pdm.Retention(**asked).update(frame[at::3]))
    assert state.result().to_dict() == wanted


def test_states_with_conditions(pdm, columns, wanted):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(columns)
    asked = {"event": "event", "start": "view", "return_": "pay", **ASKED}
    one, other = pdm.Retention(**asked).update(frame[:900]), pdm.Retention(**asked)
    again = pickle.loads(pickle.dumps(other)).update(frame[900:].to_pandas())
    assert one.merge(again).result().to_dict() == wanted
    restored = pdm.Retention.from_bytes(pdm.Retention(**asked).to_bytes(), tz=TZ, unit="customer_id")
    named = {"start": [e == "view" for e in columns["event"]], "return": [e == "pay" for e in columns["event"]]}
    assert restored.update({**columns, **named}).result().to_dict() == wanted


# ----------------------------------------------------------------------------------------------------------- lists and options


def orders(world):
    return {name: world.orders[name].to_list() for name in ("customer_id", "time", "amount", "channel", "order_id")}


def test_brackets(pdm, world):
    frame = orders(world)
    native = [{"from": 1, "to": 3}, {"from": 4, "to": 7}, {"from": 8, "to": 8}]
    wanted = pdm.retention(frame, mode="brackets", brackets=native, **ASKED).to_dict()
    for way in (
        [(1, 3), (4, 7), 8],
        ["1-3", "4-7", "8"],
        "1-3, 4..7, 8",
        [range(1, 4), [4, 7], (8, 8)],
        {"from": [1, 4, 8], "to": [3, 7, 8]},
    ):
        assert pdm.retention(frame, brackets=way, **ASKED).to_dict() == wanted, way


def test_costs_and_values(pdm, world):
    frame = orders(world)
    asked = {**ASKED, "date_from": "2024-06", "date_to": date(2024, 8, 31)}
    native = [{"cohort": date(2024, 6, 1), "cost": 90_000}, {"cohort": "2024-08-15", "cost": 5}]
    wanted = pdm.retention({**frame, "value": frame["amount"]}, retained_value=True, costs=native, **asked)
    assert wanted.payback["cost"].to_list() == [90_000, 5]
    assert len({row["cohort"] for row in wanted.to_rows()}) == 3
    for way in (
        {"2024-06": 90_000, "2024-08": 5},
        {date(2024, 6, 30): 90_000, date(2024, 8, 1): 5},
        [("2024-06", 90_000), ("2024-08", 5)],
    ):
        found = pdm.retention(frame, value="amount", costs=way, **asked)
        assert found.payback.to_dict() == wanted.payback.to_dict(), way
        assert found.to_dict() == wanted.to_dict()
    by = {**asked, "by": "channel", "value": "amount"}
    groups = {("group", "2024-06"): 7, ("wecom", "2024-07"): 8}
    found = pdm.retention(frame, costs=groups, **by).payback
    assert {(row["group"], row["cohort_start"].month): row["cost"] for row in found.to_rows()} == {
        ("group", 6): 7,
        ("wecom", 7): 8,
    }
    assert (
        pdm.retention(frame, costs={"group": {"2024-06": 7}, "wecom": {"2024-07": 8}}, **by).payback.to_dict()
        == found.to_dict()
    )


def test_columns_that_are_named_are_used(pdm, world):
    frame = orders(world)
    plain = pdm.retention(frame, **ASKED)
    by = pdm.retention(frame, by="channel", **ASKED)
    assert {row["group"] for row in by.to_rows()} == set(frame["channel"])
    assert sum(row["size"] for row in by.to_rows() if row["k"] == 0) == sum(
        row["size"] for row in plain.to_rows() if row["k"] == 0
    )
    same = pdm.retention(frame, by="channel", breakdown_by="same_value", **ASKED)
    assert same.totals["entries"].value > by.totals["entries"].value
    held = pdm.retention(frame, hold="channel", **ASKED)
    assert held.to_dict() == pdm.retention(frame, hold="channel", hold_constant="column", **ASKED).to_dict()
    assert held.to_dict() != plain.to_dict()
    any_view = {
        **frame,
        "first": [amount > 30_000 for amount in frame["amount"]],
        "every": [True] * len(frame["amount"]),
    }
    ever = pdm.retention(any_view, start="first", start_any="every", **ASKED)
    assert (
        ever.to_dict()
        == pdm.retention(any_view, start="first", start_any="every", cohort_entry="first_ever", **ASKED).to_dict()
    )
    assert ever.totals["entries"].value < pdm.retention(any_view, start="first", **ASKED).totals["entries"].value
    life = pdm.lifecycle(frame, unit="customer_id", by="channel", period="month")
    assert {row["group"] for row in life.to_rows()} == set(frame["channel"])
    assert set(pdm.activity(frame, unit="customer_id", by="channel").summary["group"]) == set(frame["channel"])
    bought = pdm.repurchase(frame, unit="customer_id", by="channel", n="7, 30d")
    assert set(bought["repurchase_n"]["n"]) == {7, 30}
    assert (
        pdm.repurchase(frame, unit="customer_id", n=[14])["repurchase_n"]["n"][0]
        == pdm.repurchase(frame, unit="customer_id", n=14)["repurchase_n"]["n"][0]
    )
    seen = {**frame, "joined": [time.replace(day=1) for time in frame["time"]]}
    with_date = pdm.lifecycle(seen, unit="customer_id", first_seen_column="joined", period="day")
    assert (
        with_date.to_dict()
        == pdm.lifecycle(seen, unit="customer_id", first_seen_column="joined", first_seen="column").to_dict()
    )
    assert with_date.to_dict() != pdm.lifecycle(seen, unit="customer_id").to_dict()


def test_criteria(pdm, world):
    frame = orders(world)
    for way, native in (
        (">=3", ("gte", 3)),
        (3, ("gte", 3)),
        (("lte", 2), ("lte", 2)),
        ("= 2", ("exact", 2)),
        ("exact 2", ("exact", 2)),
    ):
        found = pdm.activity(frame, unit="customer_id", period="week", criteria=way).to_dict()
        name, number = native
        assert (
            found
            == pdm.activity(frame, unit="customer_id", period="week", criteria=name, criteria_rows=number).to_dict()
        )


def test_posthog_counts_from_sunday(pdm):
    # 5 and 6 October 2024 are a Saturday and a Sunday.
    frame = {"unit": ["a", "a"], "time": [f"2024-10-{day:02d}" for day in (5, 6)]}
    pandas = pytest.importorskip("pandas")
    frame["time"] = pandas.to_datetime(frame["time"]).to_list()
    asked = {"period": "week", "intervals": 3, "date_from": "2024-09-29"}
    plain, posthog = pdm.retention(frame, **asked), pdm.retention(frame, preset="posthog", **asked)
    assert plain["retained"].to_list()[:3] == [0, 0, None]
    assert posthog["retained"].to_list()[:3] == [1, 1, 0]
    assert posthog["cohort_start"][0].day == 29
    assert posthog["rate"].to_list() == [1, 1, 0, 0, 0, 0] and plain["rate"][0] is None
    assert pdm.retention(frame, preset="posthog", week_start="monday", **asked)["retained"].to_list()[:3] == [0, 0, 0]
    assert pdm.lifecycle(frame, preset="posthog", period="week")["new"].to_list() == [1, 0]
    assert pdm.lifecycle(frame, period="week")["new"].to_list() == [1]
    assert len(pdm.activity(frame, preset="posthog", period="week").stickiness) == 2


# -------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("arguments", "column", "message"),
    [
        ({"event": "event"}, "event", "say which are start= and return_="),
        ({"event": "evt", "start": "view"}, "start", 'no column "evt" for start='),
        ({"event": 3, "start": "view"}, "event", "expected the name of the column of events"),
        ({"start": "view"}, "start", 'no column "view" for start='),
        ({"start": []}, "start", "an empty list"),
        ({"event": "event", "start": "view|"}, "start", "an empty list or name"),
        ({"start": [1.5]}, "start", "got 1.5"),
        ({"start": False}, "start", "True is every row"),
        ({"start": {"evnt": "view"}}, "start", "event and column, not evnt"),
        ({"start": {}}, "start", "names an event or a column"),
        ({"start": "time", "return_": "r", "event": None}, "return", 'no column "r" for return_='),
        ({"brackets": ["1-"]}, "brackets", "got '1-'"),
        ({"brackets": [(1, 2, 3)]}, "brackets", "expected first and last interval"),
        ({"brackets": [(3, 1)]}, "brackets", "1 ≤ from ≤ to"),
        ({"brackets": [(1, 2)], "mode": "on_or_after"}, "mode", "mode is not brackets"),
        ({"costs": {("wecom", "2024-06", 1): 3}}, "costs", "expected (group, cohort)"),
        ({"costs": {"2024-13": 3}}, "costs.cohort", "2024-13"),
        ({"preset": "mixpanel"}, "preset", 'expected "posthog"'),
    ],
)
def test_refusals(pdm, columns, arguments, column, message):
    with pytest.raises(pdm.Error) as caught:
        pdm.retention({**columns, "value": [1] * len(columns["event"])}, unit="customer_id", **arguments)
    assert message in str(caught.value)
    assert caught.value.column == column


def test_a_step_of_a_funnel_is_no_condition(pdm, columns):
    for step in (pdm.Step("view", optional=True), pdm.Step("view", window="7d"), pdm.Step("view", hold="channel")):
        with pytest.raises(pdm.OptionError, match="are for funnels"):
            pdm.retention(columns, start=step, unit="customer_id")


def test_other_refusals(pdm, columns):
    for criteria in ([1, 2, 3], 1.5, ("gte",)):
        with pytest.raises(pdm.OptionError, match="criteria"):
            pdm.activity(columns, unit="customer_id", criteria=criteria)
    with pytest.raises(pdm.OptionError, match="names the number already"):
        pdm.activity(columns, unit="customer_id", criteria=">=3", criteria_rows=2)
    with pytest.raises(pdm.OptionError, match="7,30,90"):
        pdm.repurchase({**columns, "order_id": columns["customer_id"]}, unit="customer_id", n="7,x")
    with pytest.raises(pdm.ColumnTypeError, match="expected flags"):
        pdm.retention(columns, unit="customer_id", start=lambda f: "view")
    with pytest.raises(pdm.Error):
        pdm.retention(columns, unit="customer_id", start=lambda f: [True])


# -------------------------------------------------------------------------------------------------------------- commands


def test_commands(pdm, columns, wanted, tmp_path, monkeypatch, capsys):
    pytest.importorskip("duckdb")
    pandas = pytest.importorskip("pandas")
    from pdmetrics import cli

    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame(columns)
    frame["time"] = frame["time"].dt.tz_convert("UTC")
    frame.to_csv("events.csv", index=False)
    words = (
        "retention events.csv --unit customer_id --event event --start view --return pay --period month --intervals 6"
    )
    assert cli.main([*words.split(), "--tz", TZ, "--out", "out.csv"]) == 0, capsys.readouterr().err
    found = pandas.read_csv("out.csv")
    assert found["size"].to_list() == wanted["size"]
    assert found["retained"].fillna(-1).to_list() == [-1 if each is None else each for each in wanted["retained"]]
    assert (
        cli.main(["retention", "events.csv", "--unit", "customer_id", "--brackets", "1-3,4-7", "--out", "b.csv"]) == 0
    )
    assert pandas.read_csv("b.csv")["interval_to"].to_list()[:3] == [0, 3, 7]
    assert (
        cli.main(["activity", "events.csv", "--unit", "customer_id", "--criteria", ">=2", "--preset", "posthog"]) == 0
    )
    capsys.readouterr()
    assert cli.main(["retention", "events.csv", "--unit", "customer_id", "--event", "event"]) == 2
    assert "no events" in capsys.readouterr().err
