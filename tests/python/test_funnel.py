"""The funnel in Python: frames of every kind, the ways to write a question down, states, refusals, figures, commands, review."""

import json
import pickle
from datetime import datetime, timedelta, timezone

import pytest
import support_frames as frames

EVENTS = {
    "unit": ["a", "a", "a", "b", "b", "c", "c", "d", "d"],
    "time": [0, 10, 20, 0, 90, 5, 6, 0, 50],
    "event": ["view", "cart", "pay", "view", "cart", "cart", "view", "view", "pay"],
    "channel": ["x", "x", "y", "y", "y", "x", "x", None, "x"],
    "product": [1, 1, 1, 1, 2, 1, 1, 3, 3],
    "visit": [1, 1, 2, 1, 2, 1, 1, 1, 1],
    "vip": [True, False, True, False, True, False, False, True, None],
    "bad": [0, 1, 0, 0, 0, 0, 0, 0, 0],
}
STEPS = ["view", "cart", "pay"]
DAY = 86_400_000_000


def counts(result):
    return result.main["count"].to_list()


def by_group(result):
    found = {}
    for row in result.main.to_rows():
        found.setdefault(row["group"], []).append(row["count"])
    return found


# ------------------------------------------------------------------------------------------------------------- results


def test_result(pdm):
    f = pdm.funnel(EVENTS, steps=STEPS, within=60, list_units=True, trend_period="day")
    assert type(f).__name__ == "FunnelResult"
    assert counts(f) == [4, 1, 1]
    assert f.steps["name"].to_list() == STEPS
    assert f.durations["n"].to_list() == [1, 1, 1] and f.durations["median"].to_list() == [10, 10, 20]
    assert sum(f.histogram["count"]) == 1
    assert f.trend["n_from"].to_list() == [4] and f.trend["n_to"].to_list() == [1]
    assert dict(zip(f.units["unit"], f.units["level"], strict=True)) == {"a": 3, "b": 1, "c": 1, "d": 1}
    assert f.units.columns[-3:] == ["t_1", "t_2", "t_3"]
    assert f.totals.to_rows()[0]["rows"] == 9
    shown = f._repr_html_()
    assert "<table" in shown and "rate_prev" in shown and ".durations" in shown
    assert "view" in repr(f)


def rows_of(kind, name):
    """The events as a frame of some kind; `event` as text, as a category, or as codes."""
    data = dict(EVENTS)
    if name == "codes":
        data["event"] = [STEPS.index(event) for event in EVENTS["event"]]
    if kind == "dict":
        return data
    if kind == "rows":
        return [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]
    if kind == "numpy":
        numpy = pytest.importorskip("numpy")
        return {key: numpy.array(values) for key, values in data.items() if key != "channel"}
    if kind == "pandas":
        frame = pytest.importorskip("pandas").DataFrame(data)
        return frame.astype({"event": "category"}) if name == "category" else frame
    if kind == "polars":
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame(data)
        return frame.with_columns(polars.col("event").cast(polars.Categorical)) if name == "category" else frame
    if kind == "pyarrow":
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table(data)
        if name != "category":
            return table
        return table.set_column(table.column_names.index("event"), "event", table["event"].dictionary_encode())
    pytest.importorskip("duckdb")
    relation = __import__("duckdb").connect().from_arrow(pytest.importorskip("pyarrow").table(data))
    return relation


@pytest.mark.parametrize("name", ["text", "category", "codes"])
@pytest.mark.parametrize("kind", ["dict", "rows", "numpy", "pandas", "polars", "pyarrow", "duckdb"])
def test_frames_of_every_kind(pdm, kind, name):
    frame = rows_of(kind, name)
    steps = [0, 1, 2] if name == "codes" else STEPS
    assert counts(pdm.funnel(frame, steps=steps, within=60)) == [4, 1, 1]
    with_columns = [steps[0], pdm.Step(column="vip")]
    frame = rows_of(kind, name)
    assert counts(pdm.funnel(frame, steps=with_columns, within=100)) == [4, 2]


def test_times_of_every_kind(pdm):
    start = datetime(2025, 3, 1, tzinfo=timezone.utc)
    for times in (
        [start, start + timedelta(days=2)],
        [moment.replace(tzinfo=None) for moment in (start, start + timedelta(days=2))],
        [start.date(), (start + timedelta(days=2)).date()],
    ):
        frame = {"unit": [1, 1], "time": times, "event": ["a", "b"]}
        assert counts(pdm.funnel(frame, steps=["a", "b"], within="2d")) == [1, 1]
        assert counts(pdm.funnel(frame, steps=["a", "b"], within="47h")) == [1, 0]


# --------------------------------------------------------------------------------------------------------------- sugar


def test_steps_in_every_form(pdm):
    expected = counts(pdm.funnel(EVENTS, steps=["view", "cart"], within=60))
    for steps in (
        ("view", "cart"),
        [["view"], ("cart",)],
        [{"event": "view"}, {"event": ["cart"]}],
        [pdm.Step("view"), pdm.Step(event="cart", name="basket")],
        {"seen": "view", "basket": "cart"},
        [{"step": 1, "event": "view"}, {"step": 2, "event": "cart"}],
        {"step": [1, 2], "event": ["view", "cart"]},
        "view,cart",
    ):
        assert counts(pdm.funnel(EVENTS, steps=steps, within=60)) == expected, steps
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"step": [1, 2], "event": ["view", "cart"]})
    assert counts(pdm.funnel(EVENTS, steps=frame, within=60)) == expected


def test_names_of_steps(pdm):
    def names(steps):
        return pdm.funnel(EVENTS, steps=steps).main["name"].to_list()

    assert names(["view", ["cart", "pay"]]) == ["view", "cart / pay"]
    assert names({"seen": "view", "bought": ["cart", "pay"]}) == ["seen", "bought"]
    assert names([pdm.Step("view", name="浏览"), pdm.Step(column="vip")]) == ["浏览", "vip"]
    assert names(["view"] * 2) == ["view", "view"]


def test_alternatives_and_boolean_columns(pdm):
    assert counts(pdm.funnel(EVENTS, steps=["view", ["cart", "pay"]], within=60)) == [4, 2]
    either = [pdm.Step("view"), pdm.Step(event="pay", column="vip")]
    assert counts(pdm.funnel(EVENTS, steps=either, within=100)) == [4, 3]


def test_mask_columns(pdm):
    masks = {**EVENTS, "steps": [1 << STEPS.index(event) for event in EVENTS["event"]]}
    expected = pdm.funnel(EVENTS, steps=STEPS, within=60)
    assert counts(pdm.funnel(masks, step_count=3, within=60)) == counts(expected)
    renamed = {("bits" if name == "steps" else name): values for name, values in masks.items()}
    assert counts(pdm.funnel(renamed, step_count=3, within=60, steps_column="bits")) == counts(expected)
    named = [pdm.Step(name="one"), pdm.Step(name="two"), pdm.Step()]
    assert pdm.funnel(masks, steps=named, within=60).main["name"].to_list() == ["one", "two", "step 3"]


@pytest.mark.parametrize(
    ("within", "reached"),
    [(89, 1), (90, 2), ("90us", 2), (timedelta(microseconds=90), 2), ("unlimited", 2), (0, 0), ("1 calendar day", 2)],
)
def test_windows_in_every_form(pdm, within, reached):
    assert counts(pdm.funnel(EVENTS, steps=["view", "cart"], within=within))[1] == reached
    if within != "1 calendar day":
        assert counts(pdm.funnel(EVENTS, steps=["view", "cart"], window=within))[1] == reached


def test_calendar_days(pdm):
    """An hour before midnight in China, and an hour after."""
    midnight = datetime(2025, 3, 1, 16, tzinfo=timezone.utc)
    hour = timedelta(hours=1)
    frame = {"unit": [1, 1], "time": [midnight - hour, midnight + hour], "event": ["a", "b"]}
    for within, tz, reached in (("1 calendar day", "+08:00", 0), ("1 calendar day", None, 1), ("2 calendar days", "+08:00", 1)):
        assert counts(pdm.funnel(frame, steps=["a", "b"], within=within, tz=tz)) == [1, reached]
    for window in (2, "2", "2d", timedelta(days=2)):
        f = pdm.funnel(frame, steps=["a", "b"], window=window, window_kind="calendar_days", tz="+08:00")
        assert counts(f) == [1, 1]


def test_durations_are_written_as_people_do(pdm):
    from pdmetrics import _time

    for text, micros in (("7d", 7 * DAY), ("36h", 36 * DAY // 24), ("90 s", 90_000_000), ("2w", 14 * DAY), ("5", 5)):
        assert _time.duration(text, "x") == micros
    for micros in (0, 1, 1_500, 90_000_000, 7 * DAY, _time.UNLIMITED):
        assert _time.duration(_time.duration_text(micros), "x") == micros
    numpy = pytest.importorskip("numpy")
    assert _time.duration(numpy.timedelta64(3, "h"), "x") == 3 * DAY // 24
    assert _time.duration(numpy.int64(3), "x") == 3


def test_windows_of_steps_and_optional_steps(pdm):
    short = [pdm.Step("view"), pdm.Step("cart", window=9), pdm.Step("pay", window="1h")]
    assert counts(pdm.funnel(EVENTS, steps=short)) == [4, 0, 0]
    short[1] = {"event": "cart", "window": timedelta(microseconds=10)}
    assert counts(pdm.funnel(EVENTS, steps=short)) == [4, 1, 1]
    optional = ["view", pdm.Step("cart", optional=True), "pay"]
    f = pdm.funnel(EVENTS, steps=optional, within=60)
    assert counts(f) == [4, 1, 2] and f.steps["optional"].to_list() == [False, True, False]


def test_breakdowns(pdm):
    steps = {"steps": ["view", "pay"], "within": 60}
    assert by_group(pdm.funnel(EVENTS, by="channel", **steps)) == {"x": [3, 2], "y": [1, 0]}
    assert by_group(pdm.funnel(EVENTS, by="channel", attribution="last_touch", **steps)) == {"x": [2, 1], "y": [2, 1]}
    f = pdm.funnel(EVENTS, by="channel", attribution="step", attribution_step=1, **steps)
    assert by_group(f) == {None: [1, 1], "x": [2, 1], "y": [1, 0]}
    renamed = {("breakdown" if name == "channel" else name): values for name, values in EVENTS.items()}
    assert by_group(pdm.funnel(renamed, attribution="first_touch", **steps)) == {"x": [3, 2], "y": [1, 0]}
    assert by_group(pdm.funnel(renamed, **steps)) == {None: [4, 2]}
    assert by_group(pdm.funnel(EVENTS, by="product", breakdown_limit=1, **steps)) == {"1": [3, 1], "(other)": [1, 1]}


def test_sessions_and_held_values(pdm):
    steps = {"steps": ["view", "cart", "pay"], "within": 100}
    f = pdm.funnel(EVENTS, session="visit", list_units=True, **steps)
    assert counts(f) == [4, 1, 0]
    assert set(zip(f.units["unit"], f.units["session"], strict=True)) == {("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")}
    assert counts(pdm.funnel(EVENTS, count="sessions", session_gap=30, **steps)) == [4, 1, 1]
    assert counts(pdm.funnel(EVENTS, **steps)) == [4, 2, 1]
    assert counts(pdm.funnel(EVENTS, hold="product", **steps)) == [4, 1, 1]
    assert counts(pdm.funnel(EVENTS, hold=["product", "visit"], steps=["view", "cart"], within=100)) == [4, 1]
    own = [pdm.Step("view", hold="product"), pdm.Step("cart", hold="visit")]
    assert counts(pdm.funnel(EVENTS, steps=own, within=100)) == [4, 1]


def test_exclusions_in_every_form(pdm):
    steps = {"steps": ["view", "pay"], "within": 60}
    assert counts(pdm.funnel(EVENTS, **steps)) == [4, 2]
    for exclusions in (
        ["cart"],
        "cart",
        [pdm.Exclusion("cart")],
        pdm.Exclusion("cart"),
        [{"event": "cart", "between": (1, 2), "effect": "drop_unit"}],
        [{"from": 1, "to": 2, "event": "cart"}],
    ):
        f = pdm.funnel(EVENTS, exclusions=exclusions, **steps)
        assert counts(f) == [3, 1] and f.totals["units_dropped"] == [1], exclusions  # a; the cart of b is too late
    f = pdm.funnel(EVENTS, exclusions=[pdm.Exclusion(column="bad", effect="end_attempt")], **steps)
    assert counts(f) == [4, 1] and f.totals["units_dropped"] == [0]


def test_histogram_edges(pdm):
    f = pdm.funnel(EVENTS, steps=["view", "cart"], edges=[0, "50us", timedelta(microseconds=100)])
    assert [(row["left"], row["right"], row["count"]) for row in f.histogram.to_rows()] == [
        (None, 0, 0),
        (0, 50, 1),
        (50, 100, 1),
        (100, None, 0),
    ]


def test_presets(pdm):
    with pytest.raises(pdm.OptionError, match="window"):
        pdm.funnel(EVENTS, steps=STEPS, preset="clickhouse")
    assert counts(pdm.funnel(EVENTS, steps=STEPS, preset="clickhouse", mode="strict_order", within=60)) == [4, 1, 1]
    every = ["strict_order", "allow_reentry", "strict_deduplication", "strict_increase", "strict_once"]
    assert counts(pdm.funnel(EVENTS, steps=STEPS, preset="clickhouse", mode=every, within=60)) == [4, 1, 1]
    sunday = datetime(2025, 3, 2, tzinfo=timezone.utc)
    frame = {"unit": [1], "time": [sunday], "event": ["a"]}
    starts = [
        pdm.funnel(frame, steps=["a"], trend_period="week", **more).trend["period_start"][0].date().isoformat()
        for more in ({}, {"preset": "posthog"}, {"preset": "posthog", "week_start": "monday"})
    ]
    assert starts == ["2025-02-24", "2025-03-02", "2025-02-24"]


# -------------------------------------------------------------------------------------------------------------- states


def parts(count):
    return [{name: values[i::count] for name, values in EVENTS.items()} for i in range(count)]


@pytest.mark.parametrize("steps", [STEPS, ["view", {"column": "vip"}, {"column": "bad", "event": "pay"}]])
def test_states_split_merge_restore(pdm, steps):
    options = {"steps": steps, "within": 100, "by": "channel", "list_units": True}
    whole = pdm.Funnel(**options).update(EVENTS)
    first, second, third = (pdm.Funnel(**options).update(part) for part in parts(3))
    restored = pdm.State.from_bytes(second.to_bytes(), by="channel")
    assert isinstance(restored, pdm.Funnel)
    third.merge(pickle.loads(pickle.dumps(first))).merge(restored)
    assert third.to_bytes() == whole.to_bytes()
    assert third.result().units.to_rows() == pdm.funnel(EVENTS, **options).units.to_rows()
    again = pdm.Funnel.from_bytes(pdm.Funnel(**options).to_bytes(), by="channel").update(EVENTS)
    assert again.to_bytes() == whole.to_bytes()
    copied = whole.copy().update({**EVENTS, "unit": ["z"] * 9})
    assert copied.rows == 18 and whole.rows == 9
    assert pickle.loads(pickle.dumps(pdm.Funnel(**options))).update(EVENTS).to_bytes() == whole.to_bytes()


def test_unlike_states_do_not_merge(pdm):
    one = pdm.Funnel(steps=["view", "pay"], within=60)
    for other in (pdm.Funnel(steps=["view", "cart"], within=60), pdm.Funnel(steps=["view", "pay"], within=61)):
        with pytest.raises(pdm.OptionsDifferError):
            one.merge(other)


def test_a_failed_update_changes_nothing(pdm):
    state = pdm.Funnel(steps=STEPS).update(EVENTS)
    before = state.to_bytes()
    with pytest.raises(pdm.NullValueError) as raised:
        state.update({"unit": ["a", None], "time": [1, 2], "event": ["view", "pay"]})
    assert raised.value.row == 1 and raised.value.column == "unit"
    assert state.to_bytes() == before
    skipping = pdm.funnel({"unit": ["a", None], "time": [1, 2], "event": ["view", "pay"]}, steps=STEPS, null_rows="skip")
    assert skipping.totals["rows_null"] == [1]


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, "OptionError", "1 to 32 steps"),
        ({"steps": []}, "OptionError", "empty list"),
        ({"steps": 3}, "OptionError", "list of events"),
        ({"steps": [None]}, "OptionError", "expected an event"),
        ({"steps": [3.5]}, "OptionError", "expected an event"),
        ({"steps": [["view"], []]}, "OptionError", "alternatives"),
        ({"steps": ["view", 7]}, "OptionError", "names in some steps and codes in others"),
        ({"steps": [{"events": "view"}]}, "OptionError", 'no "events"'),
        ({"steps": ["view"] * 33}, "OptionError", "1 to 32"),
        ({"steps": ["view"], "step_count": 2}, "OptionError", "step_count"),
        ({"steps": "view,,pay"}, "OptionError", "empty name"),
        ({"step_count": 40}, "OptionError", "step_count"),
        ({"steps": STEPS, "preset": "matomo"}, "OptionError", "clickhouse, doris"),
        ({"steps": STEPS, "window": -1}, "OptionError", "window"),
        ({"steps": STEPS, "within": timedelta(days=-1)}, "OptionError", "window"),
        ({"steps": STEPS, "within": "a week"}, "OptionError", '"7d"'),
        ({"steps": STEPS, "within": 3.5}, "OptionError", '"7d"'),
        ({"steps": STEPS, "within": "7d", "window": "7d"}, "OptionError", "one of the two"),
        ({"steps": STEPS, "within": "0 calendar days"}, "OptionError", "local days"),
        ({"steps": STEPS, "window": "36h", "window_kind": "calendar_days"}, "OptionError", "whole days"),
        ({"steps": STEPS, "session_gap": "soon"}, "OptionError", "session_gap"),
        ({"steps": STEPS, "exclusions": [("cart", 1)]}, "OptionError", "Exclusion"),
        ({"steps": STEPS, "exclusions": [{"event": "bad", "between": 2}]}, "OptionError", "two steps"),
        ({"steps": STEPS, "exclusions": [{"event": "bad", "between": (3, 2)}]}, "OptionError", "from before to"),
        ({"steps": STEPS, "exclusions": [{"event": "bad", "between": (1, 4)}]}, "OptionError", "step 4"),
        ({"steps": STEPS, "exclusions": [{"event": "bad", "effect": "explode"}]}, "OptionError", "wipe_progress"),
        ({"steps": STEPS, "hold": ["product"]}, "OptionError", "each step"),
        ({"steps": STEPS, "edges": [5]}, "OptionError", "two edges"),
        ({"steps": STEPS, "edges": [5, 1]}, "OptionError", "ascend"),
        ({"steps": STEPS, "order": "sorted"}, "OptionError", "ordered"),
        ({"steps": STEPS, "order": "unordered", "count": "totals"}, "CombinationError", "totals"),
        ({"steps": STEPS, "grace": 5, "strict_increase": "skip", "ties": "row_order"}, "OptionError", "grace"),
        ({"steps": STEPS, "ties": "row_order"}, "MissingColumnError", "seq"),
        ({"steps": [pdm_step := {"column": "missing"}, pdm_step]}, "MissingColumnError", "missing"),
        ({"steps": STEPS, "by": "nothing"}, "MissingColumnError", "by="),
        ({"steps": STEPS, "event": "nothing"}, "MissingColumnError", "event="),
        ({"steps": [1, 2]}, "ColumnTypeError", "event"),
        ({"steps": [{"column": "channel"}]}, "ColumnTypeError", "channel"),
        ({"steps": STEPS, "unit": "vip"}, "ColumnTypeError", "unit"),
    ],
)
def test_refusals(pdm, options, error, message):
    with pytest.raises(getattr(pdm, error), match=message) as raised:
        pdm.funnel(EVENTS, **options)
    assert "\n" not in str(raised.value)


def test_unknown_arguments(pdm):
    with pytest.raises(TypeError):
        pdm.funnel(EVENTS, steps=STEPS, stepz=1)
    with pytest.raises(TypeError, match="has no column"):
        pdm.Funnel(steps=STEPS).update(EVENTS, customer="unit")


# ------------------------------------------------------------------------------------------------------------- figures


@pytest.fixture(scope="module")
def figures(pdm):
    pytest.importorskip("plotly")
    return pdm.funnel(EVENTS, steps=STEPS, within=100, by="channel", trend_period="day")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_funnel_figure(pdm, figures, lang):
    figure = figures.plot(lang=lang)
    assert figure.layout.title.text == {"en": "Conversion funnel by group", "zh": "分组转化漏斗"}[lang]
    whole = pdm.funnel(EVENTS, steps=STEPS).plot(lang=lang)
    assert whole.layout.title.text == {"en": "Conversion funnel", "zh": "转化漏斗"}[lang]
    assert [list(trace.x) for trace in figure.data] == [[3, 1, 1], [1, 1, 0]]
    assert [trace.name for trace in figure.data] == ["x", "y"]
    assert len({trace.marker.color for trace in figure.data}) == 2
    first = figure.data[0]
    assert list(first.y) == {"en": ["1. view", "2. cart", "3. pay"], "zh": ["1. 浏览", "2. 加购", "3. 支付"]}[lang]
    hover = first.customdata[1]
    assert "33.3%" in hover and {"en": "dropped off: 2", "zh": "流失: 2"}[lang] in hover
    assert "100.0%" in first.text[0] and "33.3%" in first.text[1]
    json.loads(figure.to_json())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_time_and_trend_figures(pdm, figures, lang):
    time = figures.plot("time_to_convert", lang=lang)
    assert sum(sum(trace.y) for trace in time.data) == sum(figures.histogram["count"])
    assert {"en": "Time to convert", "zh": "转化用时"}[lang] in time.layout.title.text
    trend = figures.plot("trend", lang=lang)
    assert [list(trace.y) for trace in trend.data] == [[1 / 3], [0]]
    assert {"en": "entered", "zh": "进入"}[lang] in trend.data[0].customdata[0]
    edges = pdm.funnel(EVENTS, steps=["view", "cart"], edges=[0, 50, 100]).plot("time_to_convert", lang=lang)
    assert list(edges.data[0].y) == [0, 1, 1, 0] and len(edges.data[0].x) == 4
    for figure in (time, trend, edges):
        json.loads(figure.to_json())


def test_figures_of_odd_results(pdm):
    pytest.importorskip("plotly")
    nobody = pdm.funnel({"unit": [], "time": [], "event": []}, steps=STEPS)
    assert nobody.plot().data
    for call in (
        lambda: nobody.plot("time_to_convert"),
        lambda: nobody.plot("trend"),
        lambda: nobody.plot("pie"),
        lambda: nobody.plot(lang="fr"),
    ):
        with pytest.raises(pdm.ArgumentError):
            call()
    many = {"unit": list(range(60)), "time": [0] * 60, "event": ["view"] * 60, "n": [n % 20 for n in range(60)]}
    assert len(pdm.funnel(many, steps=["view"], by="n").plot().data) == 8
    optional = pdm.funnel(EVENTS, steps=["view", pdm.Step("cart", optional=True), "pay"]).plot(lang="zh")
    assert optional.data[0].y[1] == "2. 加购 (可选)"


# ------------------------------------------------------------------------------------------------- commands and review


@pytest.fixture(scope="module")
def folder(pdm, tmp_path_factory):
    pytest.importorskip("duckdb")
    pytest.importorskip("plotly")
    made = tmp_path_factory.mktemp("funnel")
    pdm.datasets.private_domain(3000, seed=4).save_all(made / "shop", format="csv")
    lines = [",".join("" if v is None else str(v) for v in row) for row in zip(*EVENTS.values(), strict=True)]
    (made / "events.csv").write_text("\n".join([",".join(EVENTS), *lines]) + "\n", encoding="utf-8")
    frames.as_duckdb(frames.orders()).write_csv(str(made / "orders.csv"))
    return made


def test_command(pdm, run, folder):
    code, out, err = run("funnel", "events.csv", "--steps", "view,cart|pay", "--within", "60", "--by", "channel", "--out", "f.csv")
    assert code == 0, err
    assert "cart / pay" in out and "totals" in out
    expected = pdm.funnel(EVENTS, steps=["view", ["cart", "pay"]], within=60, by="channel")
    lines = (folder / "f.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == expected.columns and len(lines) == len(expected) + 1


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--steps", '["view", {"column": "vip"}]', "--window", "100us"], " vip "),
        (["--steps", "steps.json", "--within", "1 calendar day", "--tz", "+08:00"], " bought "),
        (["--steps", "steps.csv", "--grace", "5us"], " seen "),
        (["--steps", "view,pay", "--exclusions", "cart", "--table", "totals"], "units_dropped"),
        (["--steps", "view,pay", "--session", "visit", "--hold", "product"], " pay "),
        (["--steps", "view,pay", "--edges", "0s,1m,1h", "--table", "histogram"], "60000000"),
    ],
)
def test_commands_of_every_kind(run, folder, arguments, shown):
    (folder / "steps.json").write_text('{"seen": "view", "bought": "pay"}', encoding="utf-8")
    (folder / "steps.csv").write_text("step,event,name\n1,view,seen\n2,pay,bought\n", encoding="utf-8")
    code, out, err = run("funnel", "events.csv", *arguments)
    assert code == 0, err
    assert shown in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["events.csv"], "1 to 32 steps"),
        (["events.csv", "--steps", "view,,pay"], "empty name"),
        (["events.csv", "--steps", "[1,"], "no valid JSON"),
        (["events.csv", "--steps", "no.json"], "cannot be read"),
        (["events.csv", "--steps", "view,pay", "--within", "soon"], '"7d"'),
        (["events.csv", "--steps", "view,pay", "--preset", "matomo"], "posthog"),
        (["events.csv", "--steps", "view,pay", "--by", "nothing"], '"channel"'),
        (["events.csv", "--steps", "1,2"], "event"),
        (["orders.csv", "--steps", "view,pay"], "unit"),
        (["nothing.csv", "--steps", "view,pay"], "nothing.csv"),
        (["events.csv", "--steps", "view,pay", "--table", "users"], "durations"),
    ],
)
def test_bad_commands_are_one_line_and_code_2(run, arguments, message):
    code, out, err = run("funnel", *arguments)
    assert code == 2 and out == ""
    assert message in err and err.count("\n") == 1, err


def test_help_names_everything(pdm, run):
    code, out, _ = run("funnel", "--help")
    assert code == 0
    for flag in ("--steps", "--within", "--by", "--session", "--hold", "--exclusions", "--steps-column", "--session-gap"):
        assert flag in out


def told(pdm, folder, **arguments):
    from pdmetrics import review

    sources = {name: folder / "shop" / f"{name}.csv" for name in ("orders", "events", "touches")}
    from pdmetrics import _frames

    made = review.build({name: _frames.relation(path) for name, path in sources.items()}, only=["funnel"], **arguments)
    (part,) = made.sections
    return part, review.summary(made, "en"), review.summary(made, "zh")


def test_review_finds_what_was_planted(pdm, folder):
    part, english, chinese = told(pdm, folder)
    truths = {row["name"]: row["value"] for row in pdm.datasets.private_domain(3000, seed=4).truths.to_rows()}
    assert "miniprogram leaks" in english and "from cart to order" in english
    assert "小程序商城存在流失点：加购 → 下单" in chinese
    assert "largest loss is from cart to order" in english
    whole = part.figures_of[0][0]
    grouped = part.figures_of[1][0]
    rates = {(row["group"], row["name"]): row["rate_prev"] for row in grouped.main.to_rows()}
    assert rates["miniprogram", "order"] == pytest.approx(truths["miniprogram_cart_to_order"], abs=0.02)
    assert rates["miniprogram", "cart"] == pytest.approx(truths["miniprogram_view_to_cart"], abs=0.02)
    assert whole.main["rate_prev"][3] == pytest.approx(truths["order_to_pay"], abs=0.01)
    counts = whole.main["count"].to_list()
    assert [sum(row["count"] for row in grouped.main.to_rows() if row["step"] == step) for step in (1, 2, 3, 4)] == counts
    assert [kind for _, kind in part.figures_of] == ["funnel", "funnel", "time_to_convert"]
    (grid,) = part.grids
    assert len(grid.rows) == 16 and all(len(row) == len(grid.head) for row in grid.rows)
    assert "Visits" in english and "按会话统计" in chinese


def test_review_of_what_one_asks_for(pdm, folder):
    part, english, _ = told(pdm, folder, steps="view,pay", within="1d", by="channel", trend_period="month", customer="customer_id")
    assert [kind for _, kind in part.figures_of] == ["funnel", "time_to_convert", "trend"]
    assert "from view to pay" in english


def test_review_page(run, folder):
    code, out, err = run("review", "shop", "--only", "funnel", "--html", "page.html", "--lang", "zh", "--tz", "+08:00")
    assert code == 0, err
    assert "转化漏斗" in out and "小程序商城" in out
    html = (folder / "page.html").read_text(encoding="utf-8")
    assert '<section id="funnel" ' in html and "Conversion funnel" in html and "流失率" in html
    code, _, err = run("funnel", "events.csv", "--steps", "view,cart,pay", "--within", "100", "--html", "one.html")
    assert code == 0, err
    assert '<section id="funnel" ' in (folder / "one.html").read_text(encoding="utf-8")


def test_review_without_events_of_a_shop(pdm, folder):
    from pdmetrics import review

    made = review.build({"orders": folder / "orders.csv"})
    reasons = {name: (why.en, why.zh) for name, why in made.skipped}
    assert "no column" in reasons["funnel"][0] and "步骤" in reasons["funnel"][1]
    strange = {"unit": [1, 1], "time": [1, 2], "event": ["foo", "bar"]}
    with pytest.raises(pdm.ArgumentError, match="say which with --steps"):
        review.build({"events": strange}, only=["funnel"])
