"""Attribution in Python: ways to write its lists, its figures, its part of a review."""

import json

import pytest

DAY = 86_400_000_000
EVENTS = {
    "user": [1, 1, 1, 2, 2, 2, 2, 3, 4],
    "time": [0, 2 * DAY, 3 * DAY, 0, DAY, 2 * DAY, 4 * DAY, 0, 5 * DAY],
    "kind": ["touch", "touch", "conversion", "touch", "touch", "touch", "conversion", "touch", "conversion"],
    "channel": ["A<b>", "B", None, "C", "B", "C", None, "C", None],
    "value": [None, None, 10_000, None, None, None, 5_000, None, 2_000],
}


def conversions(result, model):
    rows = result.credits.to_rows() if hasattr(result, "credits") else result["credits"].to_rows()
    return {row["channel"]: row["conversions"] for row in rows if row["model"] == model and row["row_kind"] == "channel"}


def test_weights_stand_in_models(pdm):
    result = pdm.attribution(EVENTS, models=[{"model": "custom_weights", "weights": [2, 1]}, {"model": "time_decay", "half_life": "1d"}])
    got = conversions(result, "custom_weights")
    assert got["A<b>"] == pytest.approx(1 / 3) and got["B"] == pytest.approx(1) and got["C"] == pytest.approx(2 / 3)
    native = pdm.attribution(EVENTS, models=["custom_weights"], weights=[("custom_weights", 1, None, 2.0), ("custom_weights", 2, None, 1.0)])
    assert conversions(native, "custom_weights") == got
    assert conversions(result, "time_decay")["B"] == pytest.approx(0.8 + 2 / 7)


def test_words_and_durations(pdm):
    result = pdm.attribution(EVENTS, models="last_touch,last_non_direct", direct="C", lookback="1 calendar day", time_bins="0s,1d,2d")
    assert conversions(result, "last_touch") == {"A<b>": 0, "B": 1, "C": 0}
    assert [row["from"] for row in result["time_to_convert"].to_rows()][:3] == [0, 86_400, 172_800]
    result = pdm.attribution(EVENTS, priority_lookbacks={0: "1d"})
    assert result["totals"].to_rows()[0]["unattributed_conversions"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": [{"order": 2}]}, "model"),
        ({"models": [{"model": "custom_weights", "weights": 3}]}, "weights"),
        ({"models": [{"model": "custom_weights", "weights": [1]}], "weights": [("custom_weights", 1, None, 1.0)]}, "one place"),
        ({"models": ["magic"]}, "magic"),
    ],
)
def test_what_is_refused(pdm, arguments, message):
    with pytest.raises(ValueError, match=message):
        pdm.attribution(EVENTS, **arguments)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_figures(pdm, lang):
    pytest.importorskip("plotly")
    result = pdm.attribution(EVENTS)
    bars = result.plot(lang=lang)
    assert len(bars.data) == 10 and list(bars.data[0].x) == ["A&lt;b&gt;", "B", "C"]
    for trace in bars.data:
        assert sum(trace.y) == pytest.approx(1)
    lost = result.plot("removal", lang=lang)
    assert max(lost.data[0].x) == pytest.approx(0.75)
    flows = result.plot("journeys", lang=lang)
    assert sum(flows.data[0].link.value) == 3 + 3
    for made in (bars, lost, flows):
        json.loads(made.to_json())
    with pytest.raises(ValueError, match="markov_9"):
        result.plot("removal", model="markov_9")
