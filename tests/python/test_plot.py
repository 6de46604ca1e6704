"""Figures: every kind, both languages, from every map."""

import json

import pytest
import support_frames as frames

pytest.importorskip("plotly")
DATA = frames.orders()
WINDOWS = [("h1", "2024-01-01", "2024-06-01"), ("h2", "2024-06-01", "2025-01-01")]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("options", [{}, {"map": "cn8"}, {"map": "en10_rf"}, {"map": "rfm_r10"}, {"map": "pymc5"}])
def test_segments_and_heatmap(pdm, options, lang):
    result = pdm.rfm(DATA, **options)
    rows = [row for row in result.segments.to_rows() if row["segment"] != "total"]
    figure = result.plot(lang=lang)
    tiles = figure.data[0]
    assert list(tiles.values) == [row["customers"] for row in rows]
    assert [list(bar.x) for bar in figure.data[1:]] == [[row[key] for row in rows] for key in ("share", "gmv_share")]
    hover = tiles.customdata[0]
    assert ("复购率" in hover) == (lang == "zh")
    assert ("repurchase rate" in hover) == (lang == "en")
    assert any("建议动作" in text or "what to do" in text for text in tiles.customdata)
    assert figure.layout.title.text == {"en": "Customer segments", "zh": "客户分群"}[lang]
    json.loads(figure.to_json())
    heat = result.plot("heatmap", lang=lang).data[0]
    assert sum(map(sum, heat.z)) == len(result)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_migration(pdm, lang):
    result = pdm.rfm(DATA, windows=WINDOWS)
    moved = sum(result.migration["customers"])
    heat = result.plot("migration", lang=lang).data[0]
    assert sum(int(cell.replace(",", "") or 0) for row in heat.text for cell in row) == moved
    assert ("无订单" in heat.y or "无订单" in heat.x) == (lang == "zh")
    assert sum(result.plot("sankey", lang=lang).data[0].link.value) == moved
    result.plot(lang=lang)
    result.plot("heatmap", lang=lang)


def test_other_results(pdm):
    tiers = pdm.tiers({"customer_id": [1, 2, 3, 4, 5], "value": [1, 2, 3, 4, 500]})
    for lang, title in (("en", "Membership tiers"), ("zh", "会员分层")):
        figure = tiers.plot(lang=lang)
        assert figure.layout.title.text == title
        assert sum(figure.data[1].x) == pytest.approx(1)
    assert pdm.datasets.private_domain(50).plot().data
    assert pdm.rfm({name: [] for name in DATA}).plot().data


def test_what_cannot_be_drawn(pdm):
    result = pdm.rfm(DATA)
    for call in (
        lambda: result.plot("pie"),
        lambda: result.plot("migration"),
        lambda: result.plot(lang="fr"),
        lambda: pdm.rfm(DATA, map="none").plot("segments"),
    ):
        with pytest.raises(pdm.ArgumentError):
            call()
