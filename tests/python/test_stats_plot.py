"""Figures of experiments: every kind, both languages, what they show and what they refuse."""

import json
import math

import pytest

pytest.importorskip("plotly")

COUNTS = {
    "name": ["repurchase", "refunds", "clicks"],
    "x_control": [75, 30, 900],
    "n_control": [500, 500, 3000],
    "x_treatment": [125, 14, 905],
    "n_treatment": [500, 500, 3000],
}
ALL = {
    "proportion_test": COUNTS,
    "mean_test": {
        "n_control": 100,
        "mean_control": 5.0,
        "variance_control": 4.0,
        "n_treatment": 120,
        "mean_treatment": 5.5,
        "variance_treatment": 3.0,
    },
    "ratio_test": {
        f"{what}_{arm}": value
        for arm in ("control", "treatment")
        for what, value in (
            ("n", 200),
            ("numerator_mean", 90.0),
            ("denominator_mean", 1.5),
            ("numerator_variance", 400.0),
            ("denominator_variance", 0.5),
            ("covariance", 5.0),
        )
    },
    "beta_posterior": {"x_control": 75, "n_control": 500, "x_treatment": 95, "n_treatment": 500},
    "gamma_posterior": {"events_control": 0, "exposure_control": 10, "events_treatment": 65, "exposure_treatment": 100},
    "normal_posterior": {"estimate": 0.1, "se": 0.05},
    "beta_best": {"variant": ["A", "B", "C"], "x": [40, 50, 55], "n": 500},
    "normal_best": {"variant": ["A", "B"], "mean": [5000.0, 5400.0], "se": [200.0, 210.0]},
    "group_sequential": {"info": [0.5, 0.75, 1.0], "estimate": [0.01, 0.04, None], "se": [0.02, 0.012, None]},
    "always_valid": {"estimate": [0.05, 0.05], "se": [0.02, 0.01], "n_total": [1000, 4000], "n_tune": 4000},
    "power": {"p_control": 0.15, "p_treatment": 0.18, "n_control": [500, 1000, 3000]},
    "mde": {"p_control": 0.15, "n_control": [500, 1000]},
    "srm": {"variant": ["A", "B"], "units": [5000, 5400]},
}


@pytest.fixture(scope="module")
def stats(pdm):
    return pdm.stats


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ALL)
def test_every_figure_in_both_languages(stats, name, lang):
    figure = getattr(stats, name)(**ALL[name]).plot(lang=lang)
    text = json.loads(figure.to_json())
    title = figure.layout.title.text
    assert title and (any("一" <= letter <= "鿿" for letter in title) == (lang == "zh"))
    assert "NaN" not in json.dumps(text) and figure.data
    assert getattr(stats, name)(**ALL[name]).plot(lang=lang, title="Own").layout.title.text == "Own"


def test_forest(stats):
    result = stats.proportion_test(COUNTS)
    lifts = result.plot(lower=["refunds"], names={"clicks": ("click rate", "点击率")})
    assert [trace.x[1] for trace in lifts.data] == result["lift"].to_list()
    better, falls, open_ = lifts.data
    assert better.line.color == falls.line.color != open_.line.color
    assert better.name == "significantly better" and open_.name == "not significant" and open_.y[0] == "click rate"
    assert result.plot(lang="zh").data[1].name == "显著变差"
    assert "0.15 → treatment 0.25" in better.customdata[0]
    points = result.plot(scale="diff")
    assert [trace.x[0] for trace in points.data] == result["low"].to_list()
    empty = stats.proportion_test(x_control=[0, 0], n_control=[50, 0], x_treatment=[3, 0], n_treatment=[50, 0])
    assert empty.plot().layout.title.text == "Difference, treatment − control"  # there is no lift over nothing
    with pytest.raises(ValueError, match="scale"):
        result.plot(scale="odds")


@pytest.mark.parametrize("name", ["beta_posterior", "gamma_posterior", "normal_posterior"])
def test_densities_are_densities(stats, name):
    figure = getattr(stats, name)(**ALL[name]).plot()
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    for line in lines:
        area = sum((b - a) * (p + q) / 2 for a, b, p, q in zip(line.x, line.x[1:], line.y, line.y[1:], strict=False))
        assert area == pytest.approx(1, abs=0.03)
    fills = [trace for trace in figure.data if trace.mode == "none"]
    for fill in fills:
        area = sum((b - a) * (p + q) / 2 for a, b, p, q in zip(fill.x, fill.x[1:], fill.y, fill.y[1:], strict=False))
        assert area == pytest.approx(0.95, abs=0.01)


def test_boundary_shows_its_sides(stats):
    both = stats.group_sequential(info=[0.5, 1.0], statistic=[-3.5, None])
    bound = both["bound"].to_list()
    upper, lower, path = both.plot().data
    assert list(upper.y) == bound and list(lower.y) == [-z for z in bound] and list(path.y) == [-3.5]
    assert "bound crossed" in path.customdata[0]
    less = stats.group_sequential(info=[0.5, 1.0], alternative="less").plot()
    assert len(less.data) == 1 and all(z < 0 for z in less.data[0].y)


def test_always_valid_marks_the_first_look_that_shows_it(stats):
    result = stats.always_valid(**{**ALL["always_valid"], "name": ["monday", "tuesday"]})
    figure = result.plot(percent=True)
    assert "tuesday" in figure.layout.annotations[0].text
    assert [list(trace.y) for trace in figure.data[:2]] == [result["high"].to_list(), result["low"].to_list()]
    one_sided = stats.always_valid(**ALL["always_valid"], alternative="greater").plot()
    assert all(math.isfinite(end) for trace in one_sided.data for end in trace.y)
    by_look = stats.always_valid(estimate=[0.1, 0.1], se=[0.1, 0.01], method="msprt", tau2=0.01).plot()
    assert list(by_look.data[2].x) == ["1", "2"]


def test_curves(stats):
    names = ["a", "b", "a", "b"]
    result = stats.power(name=names, p_control=0.15, p_treatment=[0.18, 0.2] * 2, n_control=[3000, 3000, 500, 500])
    figure = result.plot(target=0.9, names={"a": "A"})
    assert [trace.name for trace in figure.data] == ["A", "b"]
    assert list(figure.data[0].x) == [500, 3000] and figure.data[0].y[0] < figure.data[0].y[1]
    assert figure.layout.shapes[0].y0 == 0.9
    means = stats.mde(sd_control=2.0, n_control=[100, 400]).plot()
    assert means.data[0].y[0] == pytest.approx(2 * means.data[0].y[1], rel=0.02)


def test_what_cannot_be_drawn(pdm, stats):
    for call in (
        lambda: stats.normal_posterior(estimate=0.0, se=0.0).plot(),
        lambda: stats.srm(units=[1, 2]).plot(name="nobody"),
        lambda: stats.srm(units=[1, 2]).plot("pie"),
    ):
        with pytest.raises(pdm.ArgumentError):
            call()
    assert stats.p_adjust(p=[0.1]).plot().data[0].type == "table"
