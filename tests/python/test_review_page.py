"""What the page of a review is made of: figures and tables in little room, facts of inputs, definitions, names of files."""

import json
from datetime import date, datetime, timezone

import pytest
import review_page
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("plotly")

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text(st.sampled_from("abc"), min_size=1), inner, max_size=4)
    ),
    max_leaves=40,
)
TREES = st.dictionaries(st.sampled_from("data layout a b".split()), VALUES, max_size=4)
CELLS = st.lists(
    st.none() | st.integers(-9, 9) | st.sampled_from(["a", "月", ""]) | st.floats(allow_nan=False), max_size=30
)


@settings(max_examples=200, deadline=None)
@given(TREES, TREES)
def test_one_language_from_the_other(base, other):
    from pdmetrics.review import _compact

    change = json.loads(_compact.to_json(_compact.difference(base, other)))
    assert _compact.patched(json.loads(json.dumps(base)), change) == json.loads(json.dumps(other))
    assert base != other or change == {}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([{"long": list(range(80))}, ["x" * 200], {"a": {"long": list(range(80))}}, 1, "b"]), max_size=8
    )
)
def test_what_is_said_twice_is_kept_once(items):
    from pdmetrics.review import _compact

    made, store = _compact.share(items)
    assert _compact.unshared(json.loads(_compact.to_json(made)), json.loads(_compact.to_json(store))) == items
    whole = [json.dumps(each) for each in store]
    assert len(set(whole)) == len(whole)
    if items.count(items[0] if items else None) > 2 and isinstance(items[0], (dict, list)):
        assert len(json.dumps([made, store])) < len(json.dumps(items))


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_columns_come_back(values):
    from pdmetrics.review import _compact

    kept = json.loads(_compact.to_json(_compact.column(values)))
    back = _compact.values(kept)
    wanted = [
        str(value) if isinstance(value, float) and value in (float("inf"), -float("inf")) else value for value in values
    ]
    assert back == wanted
    assert [type(a) for a in back] == [type(b) for b in wanted]


def test_no_value_ends_the_script(pdm):
    from pdmetrics.review import _compact

    said = _compact.to_json({"</script><!--": "\u2028</SCRIPT>"})
    assert "<" not in said and "\u2028" not in said
    assert json.loads(said) == {"</script><!--": "\u2028</SCRIPT>"}
    kept = _compact.column([2**60, 1])
    assert kept == {"v": [str(2**60), 1]}  # exact where JavaScript's numbers are not


def test_everything_has_a_definition_in_both_languages(pdm):
    from pdmetrics import review
    from pdmetrics.review import definitions

    made = review.build(pdm.datasets.private_domain(400, seed=4).tables, tz="Asia/Shanghai", currency_exponent=2)
    assert len(made.sections) > 12
    found = {part.metric: definitions.of(part) for part in made.sections}
    assert set(pdm.metrics) <= set(definitions.DEFINITIONS)
    for name, each in (*definitions.DEFINITIONS.items(), *found.items()):
        for text in (each.what, *each.formulas):
            assert text.en and text.zh and text.en != text.zh, name
            assert any("\u4e00" <= sign <= "\u9fff" for sign in text.zh), name
            assert not any("\u4e00" <= sign <= "\u9fff" for sign in text.en), name


TIMES = [datetime(2025, 1, 31, 16, 30, tzinfo=timezone.utc), datetime(2024, 12, 31, 15, 0, tzinfo=timezone.utc)]


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars", "lazy", "arrow", "duckdb"])
def test_facts_of_frames_of_every_kind(pdm, kind):
    from pdmetrics import _time
    from pdmetrics.review import _facts

    data = {"time": TIMES, "amount": [1, 2]}
    if kind == "dict":
        frame = data
    elif kind == "pandas":
        frame = pytest.importorskip("pandas").DataFrame(data)
    elif kind in ("polars", "lazy"):
        frame = pytest.importorskip("polars").DataFrame(data)
        frame = frame.lazy() if kind == "lazy" else frame
    else:
        frame = pytest.importorskip("pyarrow").table(data)
        if kind == "duckdb":
            frame = pytest.importorskip("duckdb").from_arrow(frame)
    found = _facts.of(frame, "time", _time.zone("Asia/Shanghai"))
    assert found == _facts.Facts(2, date(2024, 12, 31), date(2025, 2, 1))
    assert _facts.of(frame, None, _time.zone(None)) == _facts.Facts(2)


def made_of(**fields):
    from pdmetrics import review

    section = review.Section(review.Text("Title", "标题"), **fields)
    return review.Review([section], [], {"orders": "/home/somebody/with/a/long/way/orders.csv"}, datetime(2025, 6, 1))


def test_a_page_says_no_more_than_it_should(pdm):
    from pdmetrics.review.page import page

    result = pdm.rfm(
        {"customer_id": [1, 2, 3], "time": [10**15, 2 * 10**15, 3 * 10**15], "amount": [500, 700, 900]}, grain="order"
    )
    html = page(made_of(figures_of=[(result, "heatmap")], metric="rfm"))
    assert "/home/somebody" not in html and "orders.csv" in html
    held = review_page.tables(html)
    assert held["rfm-segments"] == result.segments.to_dict()
    assert not any("customer_id" in table for table in held.values())
    assert "pdmetrics rfm --out" in html
    assert 'href="https://example.org/docs/metrics/rfm.zh-CN.md"' in page(
        made_of(metric="rfm"), docs="https://example.org/docs/"
    )
    assert "https://" not in html.split('id="plotly"')[0]


def test_files_have_names_of_their_own(pdm):
    from pdmetrics import review
    from pdmetrics.review.page import page

    words = [review.Text("Sales, by month (net)", "月度销售")] * 2
    grids = [review.Grid(each, [review.Text("a", "甲")], [[review.Text("1", "1")]]) for each in words]
    grids.append(
        review.Grid(
            words[0], [review.Text("a", "甲")], [], download=review.Download("raw", words[0], ["a", "b"], [[1, None]])
        )
    )
    html = page(made_of(grids=grids, metric="actuals"))
    assert 'data-shown="actuals-sales-by-month-net"' in html and 'data-shown="actuals-sales-by-month-net-2"' in html
    assert review_page.tables(html) == {"raw": {"a": [1], "b": [None]}}


def test_numbers_with_their_change(pdm):
    from pdmetrics import review
    from pdmetrics.review.page import page

    said = [review.Text(each, each) for each in ("1,234.50", "▲ +5.0%", "<7>")]
    html = page(made_of(numbers=[(said[0], review.Changed(said[0], said[1])), (said[0], "<7>")]))
    assert '<dd>1,234.50 <span class="change">▲ +5.0%</span></dd>' in html and "<dd>&lt;7&gt;</dd>" in html


def test_what_many_inputs_are_told_as(pdm):
    from pdmetrics import review
    from pdmetrics.review.page import page

    made = made_of(computed_from=list("abcde"))
    made.facts = {name: review.Facts(10) for name in "abcde"}
    html = page(made)
    assert "5 inputs (a, b, c, d, e), 50 rows" in html and "5 个输入（a, b, c, d, e），50 行" in html


def test_no_series_is_told_by_its_colour_alone(pdm):
    import plotly.graph_objects as go
    from pdmetrics.review.page import page

    class Drawn:
        def __init__(self, *traces):
            self.traces = traces

        def draw(self, lang):
            return go.Figure(self.traces, {"title": {"text": "A & <b>B</b><br>below"}})

    lines = Drawn(*(go.Scatter(x=[1, 2], y=[1, i], mode="lines", name=f"line {i}") for i in range(3)))
    bars = Drawn(*(go.Bar(x=["a", "b"], y=[1, i], name=f"bar {i}") for i in range(3)))
    hatched = Drawn(*(go.Bar(x=["a"], y=[i], name=f"bar {i}", marker_pattern_shape=["/"]) for i in range(2)))
    html = page(made_of(figures_of=[lines, bars, hatched], metric="odd"))
    assert html.count("<h3>A &amp; B</h3>") == 3
    found = [figure["en"]["data"] for figure in review_page.figures(html).values()]
    assert len({trace["marker"]["symbol"] for trace in found[0]}) == 3
    assert len({(trace.get("marker") or {}).get("pattern", {}).get("shape") for trace in found[1]}) == 3
    assert all(trace["marker"]["pattern"]["shape"] == ["/"] for trace in found[2])
