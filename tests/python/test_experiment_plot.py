"""Figures of experiments: what is drawn is what the tables say, in both languages; what has no interval is drawn as such."""

import json
import random

import pytest

pytest.importorskip("plotly")

METRICS = {"bought": "conversion", "spend": "value", "aov": "spend/orders"}
ALL = ("bought", "spend", "aov")


def rows(n, arms=("old", "new"), seed=4):
    draw = random.Random(seed)
    variant = [draw.choice(arms) for _ in range(n)]
    bought = [int(draw.random() < (0.12 if arm == "old" else 0.16)) for arm in variant]
    orders = [one + (one and draw.random() < 0.2) for one in bought]
    return {
        "unit": list(range(n)),
        "variant": variant,
        "city": [draw.choice(["杭州", "a<b>", None]) for _ in range(n)],
        "bought": bought,
        "orders": orders,
        "spend": [one * draw.randint(5_000, 40_000) for one in orders],
    }


def first(data, n):
    return {name: values[:n] for name, values in data.items()}


def ends(trace):
    """Intervals as drawn."""
    x, error = trace.x, trace.error_x
    return [(v - low, v + high) for v, low, high in zip(x, error.arrayminus, error.array, strict=True)]


@pytest.mark.parametrize(("lang", "title"), [("en", "Effects with their intervals"), ("zh", "实验效果与置信区间")])
def test_effects(pdm, lang, title):
    result = pdm.experiment(rows(4000), arms=["old", "new"], metrics=METRICS, segments=["city"])
    made = result.plot(lang=lang)
    table = result.effects.to_rows()
    points = made.data[0]
    assert made.layout.title.text == title
    assert sorted(points.x) == sorted(row["lift"] for row in table) and len(table) == 12
    drawn = dict(zip(points.x, zip(ends(points), points.marker.color, strict=True), strict=True))
    low_end, high_end = made.layout.xaxis.range
    for row in table:
        (low, high), colour = drawn[row["lift"]]
        assert low == pytest.approx(row["lift_low"]) or (low > row["lift_low"] and row["segment_dim"])
        assert high == pytest.approx(row["lift_high"]) or (high < row["lift_high"] and row["segment_dim"])
        assert low_end <= low and high <= high_end
        assert (colour != "#ffffff") == row["significant"]
    labels = list(made.layout.yaxis.ticktext)
    assert len(labels) == 12 and [label for label in labels if label.startswith("<b>")] == [f"<b>{m}</b>" for m in ALL]
    assert "city: a&lt;b&gt;" in labels and f"city: {'（空）' if lang == 'zh' else '(none)'}" in labels
    assert ("提升" in made.layout.xaxis.title.text) == (lang == "zh")
    assert all("a<b>" not in text for text in points.customdata)
    json.loads(made.to_json())


def test_differences_have_axes_of_their_own(pdm):
    result = pdm.experiment(rows(3000, ("old", "new", "newer")), arms=["old", "new", "newer"], metrics=METRICS)
    made = result.plot(scale="diff", metrics=["spend", "bought"])
    points = [trace for trace in made.data if trace.mode == "markers" and trace.error_x.array]
    expected = {row["diff"] for row in result.effects.to_rows() if row["metric"] != "aov"}
    assert {x for trace in points for x in trace.x} == expected and len(points) == 4
    assert {trace.name for trace in points if trace.showlegend} == {"new versus old", "newer versus old"}
    assert made.layout.yaxis.ticktext == ("<b>spend</b>",) and made.layout.yaxis2.ticktext == ("<b>bought</b>",)
    places = [y for trace in points for y in trace.y]
    assert len(set(places)) == 2  # comparisons of a metric stand beside each other


def test_small_levels_are_left_out_and_counted(pdm):
    data = rows(600)
    data["city"] = [f"c{int((i % 100) ** 0.5)}" for i in range(600)]
    result = pdm.experiment(data, arms=["old", "new"], metrics={"bought": "conversion"}, segments="city")
    made = result.plot(levels=4)
    assert [label for label in made.layout.yaxis.ticktext if "city" in label] == ["city: c6", "city: c7", "city: c8", "city: c9"]
    assert "(6 smaller ones left out)" in made.layout.title.text


def test_what_has_no_interval(pdm):
    """No lift over nothing; a control near nothing leaves the lift unbounded: arrows to both sides."""
    data = {"unit": list(range(8)), "variant": ["old"] * 4 + ["new"] * 4, "none": [0] * 4 + [1, 0, 1, 1], "wide": [0, 0, 0, 3, 9, 1, 2, 4]}
    result = pdm.experiment(data, arms=["old", "new"], metrics={"none": "conversion", "wide": "value"})
    wide = result.effects.to_rows()[1]
    assert wide["lift_form"] != "interval"
    made = result.plot()
    assert [trace.text for trace in made.data if trace.mode == "text"] == [("  no lift: unbounded_above",)]
    arrows = {trace.marker.symbol: trace for trace in made.data if "triangle" in str(trace.marker.symbol)}
    assert {symbol: list(trace.y) for symbol, trace in arrows.items()} == {"triangle-left": [-1], "triangle-right": [-1]}
    assert "[−∞, ∞]" in made.data[0].customdata[0]
    assert "无法计算提升" in next(trace.text[0] for trace in result.plot(lang="zh").data if trace.mode == "text")
    empty = pdm.Experiment(arms=["old", "new"], metrics={"none": "conversion"}).result()
    for kind in ("effects", "split"):
        json.loads(empty.plot(kind, lang="zh").to_json())


@pytest.mark.parametrize("horizon", ["asymp_cs", "group_sequential"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_looks(pdm, lang, horizon):
    data, sizes = rows(4000), (1000, 2000, 3000)
    results = [
        pdm.experiment(
            first(data, n), arms=["old", "new"], metrics=METRICS, horizon=horizon, planned_n_total=4000,
            looks=list(sizes[:i]) if horizon == "group_sequential" and i else None,
        )
        for i, n in enumerate(sizes)
    ]  # fmt: skip
    made = results[-1].plot("looks", earlier=results[:-1], lang=lang)
    lines = [trace for trace in made.data if trace.mode == "lines+markers"]
    assert len(lines) == 3 and all(list(trace.x) == list(sizes) for trace in lines)
    for number, trace in enumerate(lines):
        table = [result.looks.to_rows()[number] for result in results]
        assert [y - low for y, low in zip(trace.y, trace.error_y.arrayminus, strict=True)] == pytest.approx(
            [row["low"] for row in table]
        )
        assert [colour != "#ffffff" for colour in trace.marker.color] == [row["crossed"] for row in table]
    planned = {shape.x0 for shape in made.layout.shapes if shape.x0 == shape.x1}
    assert planned == {4000}
    assert ("计划人数" in str(made.layout.annotations)) == (lang == "zh")
    one = results[0].plot("looks", metrics="aov", lang=lang)
    assert [len(trace.x) for trace in one.data if trace.mode == "lines+markers"] == [1]


@pytest.mark.parametrize(("lang", "good", "bad"), [("en", "as planned", "mismatch"), ("zh", "符合计划", "样本比例不均")])
def test_split(pdm, lang, good, bad):
    honest = pdm.experiment(rows(2000), arms=["old", "new"], metrics=METRICS).plot("split", lang=lang)
    broken = pdm.experiment(rows(2000), arms={"old": 1, "new": 2}, metrics=METRICS)
    made = broken.plot("split", lang=lang)
    assert good in honest.layout.title.text and bad in made.layout.title.text
    table = broken.tables["srm_arms"].to_rows()
    assert [list(bar.y) for bar in made.data] == [[row[key] for row in table] for key in ("observed", "expected")]
    assert sum(made.data[0].y) == pytest.approx(sum(made.data[1].y)) == 2000


def test_what_cannot_be_drawn(pdm):
    result = pdm.experiment(rows(100), arms=["old", "new"], metrics=METRICS)
    for call, message in (
        (lambda: result.plot("looks"), "fixed horizon"),
        (lambda: result.plot(metrics="gmv"), 'no metric "gmv"; there are bought, spend, aov'),
        (lambda: result.plot(scale="ratio"), "scale"),
        (lambda: result.plot("curve"), "no figure"),
    ):
        with pytest.raises(pdm.ArgumentError, match=message):
            call()


# ---- posteriors, the best arm ------------------------------------------------------------------------------------------


def believed(pdm, **more):
    metrics = {"bought": {"kind": "conversion", "role": "goal"}, "spend": {"kind": "value", "role": "goal"}, "aov": "spend/orders"}
    names = ("old", "new", "a<b>")
    return pdm.experiment(rows(3000, names), arms=list(names), metrics=metrics, posterior="total", **more)


@pytest.mark.parametrize(("lang", "title", "axis"), [("en", "What is believed after the data", "conversion rate"), ("zh", "后验分布", "转化率")])
def test_posterior(pdm, lang, title, axis):
    result = believed(pdm)
    table = {(row["metric"], row["variant"]): row for row in result.posterior.to_rows()}
    made = result.plot("posterior", lang=lang)
    assert made.layout.title.text == title and made.layout.xaxis.title.text.startswith(axis)
    curves = [trace for trace in made.data if trace.mode == "lines"]
    filled = [trace for trace in made.data if trace.mode == "none"]
    assert len(curves) == 3 + 2 + 2 == len(filled)
    legend = [trace.name for trace in curves if trace.showlegend]
    assert legend == ["old", "new", "a&lt;b&gt;"]
    row = table["bought", "new"]
    assert (filled[0].x[0], filled[0].x[-1]) == (row["low_control"], row["high_control"])
    assert (filled[1].x[0], filled[1].x[-1]) == (row["low_treatment"], row["high_treatment"])
    row = table["spend", "new"]
    assert (filled[3].x[0], filled[3].x[-1]) == (row["low"], row["high"])
    for trace in curves:  # a density
        step = trace.x[1] - trace.x[0]
        assert sum(trace.y) * step == pytest.approx(1, abs=0.02)
    assert f"{row['prob_better']:.2%}" in made.layout.xaxis2.title.text
    assert "a<b>" not in made.to_json()
    assert len([trace for trace in result.plot("posterior", metrics="aov").data if trace.mode == "lines"]) == 2


def test_posteriors_of_a_segment_and_those_that_are_missing(pdm):
    data = rows(800)
    result = pdm.experiment(data, arms=["old", "new"], metrics=METRICS, segments="city", posterior="segments")
    made = result.plot("posterior", segment=("city", "杭州"))
    row = next(row for row in result.posterior.to_rows() if row["segment"] == "杭州" and row["metric"] == "bought")
    assert made.data[0].x[0] == row["low_control"] and made.layout.title.text.endswith("city: 杭州")
    with pytest.raises(pdm.ArgumentError, match='posterior="segments"'):
        result.plot("posterior", segment=("city", "北京"))
    with pytest.raises(pdm.ArgumentError, match='posterior="total"'):
        pdm.experiment(data, arms=["old", "new"], metrics=METRICS).plot("posterior")
    nothing = {**data, "spend": [0] * 800}
    made = pdm.experiment(nothing, arms=["old", "new"], metrics={"spend": "value"}, posterior=True).plot("posterior")
    assert "no posterior (zero_variance)" in made.layout.xaxis.title.text


@pytest.mark.parametrize(("lang", "told"), [("en", "· the best one"), ("zh", "· 最优组")])
def test_best(pdm, lang, told):
    result = believed(pdm)
    made = result.plot("best", lang=lang)
    table = result.best.to_rows()
    assert len(made.data) == 2  # two goals
    assert [x for trace in made.data for x in trace.x] == [row["prob_best"] for row in table]
    for i, row in enumerate(table):
        assert (told in made.data[i // 3].text[i % 3]) == row["best"]
    assert "a<b>" not in made.to_json()
    with pytest.raises(pdm.ArgumentError, match="not asked for"):
        pdm.experiment(rows(300), arms=["old", "new"], metrics=METRICS).plot("best")
    covered = {**rows(300), "before": [i % 7 for i in range(300)]}
    metrics = {"spend": {"kind": "value", "covariates": "before"}}
    with pytest.raises(pdm.ArgumentError, match="leave it open"):
        pdm.experiment(covered, arms=["old", "new"], metrics=metrics, posterior=True).plot("best")
