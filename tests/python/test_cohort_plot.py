"""Figures of cohort metrics: what they draw is what the tables say, in both languages, for every period, group and edge."""

import json
from datetime import datetime, timedelta

import pytest

pytest.importorskip("plotly")
TZ = "Asia/Shanghai"
LANGS = ("en", "zh")


@pytest.fixture(scope="module")
def world(pdm):
    return pdm.datasets.private_domain(customers=400, seed=5)


@pytest.fixture(scope="module")
def orders(world):
    return {name: world.orders[name].to_list() for name in ("customer_id", "time", "amount", "channel", "order_id")}


def paid(frame):
    return [amount > 0 for amount in frame["amount"]]


@pytest.fixture(scope="module")
def asked():
    return {"unit": "customer_id", "tz": TZ, "start": paid, "value": "amount", "period": "month"}


def is_chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def drawn(result, kind, lang, **options):
    figure = result.plot(kind, lang=lang, **options)
    json.loads(figure.to_json())
    assert is_chinese(figure.layout.title.text) == (lang == "zh")
    return figure


def texts(figure):
    (scatter,) = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "text"]
    return dict(zip(zip(scatter.x, scatter.y, strict=True), scatter.text, strict=True))


def polygons(figure):
    """Centres of what is hatched."""
    found = set()
    for trace in figure.data:
        if trace.type == "scatter" and trace.fill == "toself":
            assert trace.fillpattern.shape == "/"
            points = list(zip(trace.x, trace.y, strict=True))
            for at in range(0, len(points), 6):
                corners = points[at : at + 4]
                found.add((round(sum(x for x, _ in corners) / 4), round(sum(y for _, y in corners) / 4)))
    return found


# ------------------------------------------------------------------------------------------------------------ triangle


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("period", "options"),
    [
        ("month", {}),
        ("week", {"intervals": 20}),
        ("day", {"intervals": 31}),
        ("quarter", {"intervals": 6}),
        ("year", {"intervals": 3}),
        ("month", {"mode": "on_or_after"}),
        ("month", {"brackets": [(1, 3), 6, (2, 12)], "date_from": "2024-06"}),
        ("day", {"clock": "rolling_24h", "intervals": 8}),
        ("month", {"denominator": "previous_interval"}),
        ("month", {"average": "none"}),
        ("month", {"future_cells": "zero"}),
    ],
)
def test_triangle_is_the_table(pdm, orders, asked, lang, period, options):
    result = pdm.retention(orders, **{**asked, "period": period, **options})
    figure = drawn(result, "triangle", lang)
    cells = result.to_rows()
    cohorts = list(dict.fromkeys(row["cohort"] for row in cells))
    heat = figure.data[0]
    for row in cells:
        y, k = cohorts.index(row["cohort"]), row["k"]
        shown = None if k == 0 or row["status"] == "future" else row["rate"]
        assert heat.z[y][k] == shown
        assert texts(figure)[k, y] == (f"{row['size']:,}" if k == 0 else texts(figure)[k, y])
        assert is_chinese(heat.customdata[y][k]) == (lang == "zh") or period in ("day", "week")
    hatched = {
        (row["k"], cohorts.index(row["cohort"]))
        for row in cells
        if row["k"] and row["status"] == "partial" and row["rate"] is not None
    }
    assert polygons(figure) == hatched
    note = {"en": "hatched", "zh": "斜线"}[lang]
    assert (note in figure.layout.title.text) == bool(hatched)
    if options.get("average") == "none":
        assert len([trace for trace in figure.data if trace.type == "heatmap"]) == 1
        return
    average = figure.data[1]
    assert [value for value in average.z[0][1:]] == [row["rate"] for row in result.average.to_rows() if row["k"]]
    labels = [label for label in figure.layout.yaxis.ticktext]
    assert labels[0] == {"en": "<b>average</b>", "zh": "<b>平均</b>"}[lang] and len(labels) == len(cohorts) + 1
    assert figure.layout.xaxis.ticktext[0] == {"en": "size", "zh": "人数"}[lang]


def test_labels_of_periods(pdm, orders, asked):
    for period, label in (
        ("month", "2025-12"),
        ("week", "2025-12-29"),
        ("day", "2025-12-31"),
        ("quarter", "2025 Q4"),
        ("year", "2025"),
    ):
        result = pdm.retention(orders, **{**asked, "period": period, "date_to": "2025-12-31"})
        assert result.plot().layout.yaxis.ticktext[-1] == label
        assert {"day": "days", "week": "weeks"}.get(period, period) in result.plot().layout.xaxis.title.text
    hours = {"unit": [1, 1, 2], "time": [datetime(1969, 12, 31, hour) for hour in (1, 2, 3)]}
    assert pdm.retention(hours, period="hour", intervals=3).plot().layout.yaxis.ticktext[-1] == "12-31 03:00"
    sunday = pdm.retention(orders, **{**asked, "period": "week", "preset": "posthog", "date_to": "2025-12-31"})
    assert sunday.plot().layout.yaxis.ticktext[-1] == "2025-12-28"


def test_how_a_rate_is_written(pdm, orders, asked):
    def first(period, intervals):
        result = pdm.retention(orders, **{**asked, "period": period, "intervals": intervals, "date_from": "2024-03"})
        return result.to_rows()[1]["rate"], texts(result.plot())[1, 0]

    rate, text = first("month", 12)
    assert text == f"{rate:.1%}"
    rate, text = first("month", 20)
    assert text == f"{rate:.0%}"
    rate, text = first("week", 30)
    assert text == f"{rate * 100:.0f}"
    assert first("day", 60)[1] == ""
    partial = pdm.retention(orders, **asked, as_of="2025-12-15")
    assert any(text.startswith("≥") for text in texts(partial.plot()).values())


def test_a_cohort_of_one_does_not_pale_the_others(pdm):
    day = timedelta(days=1)
    start = datetime(2025, 1, 1)
    rows = [(unit, start) for unit in range(100)] + [(unit, start + day) for unit in range(20)]
    rows += [(1000, start + day), (1000, start + 2 * day), (1000, start + 9 * day)]
    frame = {"unit": [unit for unit, _ in rows], "time": [time for _, time in rows]}
    heat = pdm.retention(frame, intervals=4, date_from=start).plot().data[0]
    assert heat.zmax == 21 / 101
    assert max(rate for line in heat.z for rate in line if rate is not None) == 1


def test_hover_tells_all(pdm, orders, asked):
    result = pdm.retention(orders, **asked, costs={"2025-03": 100_000})
    rows = [row for row in result.to_rows() if row["cohort_start"].month == 3]
    figure = result.plot()
    told = figure.data[0].customdata[list(figure.layout.yaxis.ticktext).index("2025-03") - 1][2]
    row = rows[2]
    for part in (
        "2025-03",
        "month 2",
        f"{row['num']:,} of {row['den']:,}",
        f"{row['rate']:.1%}",
        f"{row['lo']:.1%}",
        f"{row['ltv'] / 100:,.2f}",
        f"{row['value_to_cost']:.0%}",
    ):
        assert part in told, (part, told)


def test_groups(pdm, orders, asked):
    result = pdm.retention(orders, **asked, by="channel")
    sizes = {}
    for row in result.to_rows():
        sizes[row["group"]] = sizes.get(row["group"], 0) + (row["size"] if row["k"] == 0 else 0)
    largest = max(sizes, key=sizes.get)
    assert largest in result.plot().layout.title.text
    heat = result.plot(group="wecom").data[0]
    mine = [
        row["rate"]
        for row in result.to_rows()
        if row["group"] == "wecom" and row["k"] == 1 and row["status"] != "future"
    ]
    assert [line[1] for line in heat.z][: len(mine)] == mine
    assert "企业微信" in result.plot(group="wecom", lang="zh").layout.title.text
    for kind, key in (("curves", "rate"), ("ltv", "ltv")):
        lines = {}
        for trace in result.plot(kind).data:
            lines.setdefault(trace.name, {}).update(zip(trace.x, trace.y, strict=True))
        assert set(lines) == set(sizes)
        scale = 100 if key == "ltv" else 1
        for name, line in lines.items():
            rows = [row for row in result.average.to_rows() if row["group"] == name and row[key] is not None]
            assert line == {row["k"]: row[key] / scale for row in rows if row["k"] or key == "ltv"}
        one = result.plot(kind, group="wecom").data
        assert "average" in {trace.name for trace in one} and len(one) > len(lines)
    for call in (lambda: result.plot(group="nobody"), lambda: result.plot("curves", group="nobody")):
        with pytest.raises(pdm.ArgumentError, match="nobody"):
            call()


# -------------------------------------------------------------------------------------------------------------- curves


@pytest.mark.parametrize("lang", LANGS)
def test_curves(pdm, orders, asked, lang):
    result = pdm.retention(orders, **asked, as_of="2025-12-15")
    figure = drawn(result, "curves", lang)
    average = [trace for trace in figure.data if trace.name == {"en": "average", "zh": "平均"}[lang]]
    line, few = average
    rows = {row["k"]: row for row in result.average.to_rows() if row["k"] and row["rate"] is not None}
    drawn_at = dict(zip([*line.x, *few.x], [*line.y, *few.y], strict=True))
    assert drawn_at == {k: row["rate"] for k, row in rows.items()}
    most = max(row["cohorts"] for row in result.average.to_rows())
    assert few.line.dash == "dot" and list(few.x)[1:] == [k for k, row in rows.items() if 2 * row["cohorts"] < most]
    by_name = {}
    for trace in figure.data:
        by_name.setdefault(trace.name, []).append(trace)
    for row in result.to_rows():
        if row["k"] == 0 or row["rate"] is None or row["status"] == "future":
            continue
        points = [
            (x, y, fill)
            for trace in by_name[f"{row['cohort_start']:%Y-%m}"]
            for x, y, fill in zip(trace.x, trace.y, trace.marker.color, strict=True)
        ]
        found = [fill for x, y, fill in points if x == row["k"] and y == row["rate"]]
        assert found and (found[-1] == "white") == (row["status"] == "partial")
    many = pdm.retention(orders, **{**asked, "period": "day", "intervals": 30})
    assert [trace.name for trace in many.plot("curves").data if trace.showlegend] == ["average"]


@pytest.mark.parametrize("lang", LANGS)
def test_values_and_payback(pdm, orders, asked, lang):
    costs = {"2025-02": 50_000, "2025-03": 1, "2025-04": 10**9}
    result = pdm.retention(orders, **asked, costs=costs)
    figure = drawn(result, "ltv", lang)
    words = {
        "en": {"open": "not yet paid back", "paid_back": "paid back"},
        "zh": {"open": "尚未回本", "paid_back": "已回本"},
    }[lang]
    cells = {(row["cohort"], row["k"]): row for row in result.to_rows()}
    for kind, key, scale in (("ltv", "ltv", 100), ("payback", "value_to_cost", 1)):
        figure = drawn(result, kind, lang)
        for status, word in words.items():
            mine = [row for row in result.payback.to_rows() if row["status"] == status]
            (marks,) = [trace for trace in figure.data if trace.name == word]
            places = [(row["cohort"], row["payback"] if status == "paid_back" else row["k"]) for row in mine]
            assert list(marks.x) == [k for _, k in places]
            assert list(marks.y) == [cells[place][key] / scale for place in places]
    assert any(shape.y0 == 1 for shape in figure.layout.shapes)
    without = pdm.retention(orders, **{**asked, "value": None})
    for kind in ("ltv", "payback"):
        with pytest.raises(pdm.ArgumentError, match="value=|costs="):
            without.plot(kind)


# ----------------------------------------------------------------------------------------------------- lifecycle, activity


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("period", ["month", "week", "day"])
def test_lifecycle(pdm, orders, lang, period):
    result = pdm.lifecycle(orders, unit="customer_id", tz=TZ, period=period, as_of="2025-12-30T12:00")
    figure = drawn(result, "lifecycle", lang)
    rows = result.to_rows()
    words = {"en": ["returning", "new", "back again", "dormant"], "zh": ["留存活跃", "新增", "回流", "新流失"]}[lang]
    assert [trace.name for trace in figure.data] == words
    above = [sum(values) for values in zip(*(trace.y for trace in figure.data[:3]), strict=True)]
    assert above == [row["active"] for row in rows]
    assert [-value for value in figure.data[3].y] == [row["dormant"] for row in rows]
    for trace in figure.data:
        assert [shape == "/" for shape in trace.marker.pattern.shape] == [not row["complete"] for row in rows]
    assert not any(text.startswith(("-", "−")) for text in figure.layout.yaxis.ticktext)
    assert ("hatched" in figure.layout.title.text or "斜线" in figure.layout.title.text) == any(
        not row["complete"] for row in rows
    )
    grouped = pdm.lifecycle(orders, unit="customer_id", tz=TZ, period=period, by="channel")
    assert "wecom" in grouped.plot(group="wecom").layout.title.text


@pytest.mark.parametrize("lang", LANGS)
def test_active(pdm, orders, lang):
    result = pdm.activity(orders, unit="customer_id", tz=TZ)
    figure = drawn(result, "active", lang)
    rows = result.active.to_rows()
    for key, name in (("dau", "DAU"), ("wau", "WAU"), ("mau", "MAU")):
        pieces = [trace for trace in figure.data if name in trace.name and "/" not in trace.name]
        points = {}
        for trace in pieces:
            points.update(zip(trace.x, trace.y, strict=True))
            assert trace.line.dash in ("solid", "dot")
        assert points == {f"{row['day_start']:%Y-%m-%d}": row[key] for row in rows}
        assert sum(bool(trace.showlegend) for trace in pieces) == 1
        whole = [day for trace in pieces if trace.line.dash == "solid" for day in trace.x[1:]]
        assert len(whole) in (sum(row["complete"] for row in rows), sum(row["complete"] for row in rows) - 1)
    most = max(row["dau_mau"] for row in rows if row["complete"])
    assert figure.layout.yaxis2.range[1] == pytest.approx(most * 1.15)


@pytest.mark.parametrize("lang", LANGS)
def test_stickiness(pdm, orders, lang):
    result = pdm.activity(orders, unit="customer_id", tz=TZ, period="month")
    figure = drawn(result, "stickiness", lang)
    rows = [
        row
        for row in result.stickiness.to_rows()
        if row["j"] <= max(r["j"] for r in result.stickiness.to_rows() if r["units"])
    ]
    assert list(figure.data[0].y) == [row["share"] for row in rows]
    mean = result.summary["mean"].value
    assert f"{mean:.1f}" in figure.layout.title.text
    daily = pdm.activity({"unit": [1] * 40, "time": [datetime(2025, 1, 1) + timedelta(days=i) for i in range(40)]})
    bars = daily.plot("stickiness", lang=lang).data[0]
    assert list(bars.x)[-1] == "32+" and sum(bars.y) == 1
    grouped = pdm.activity(orders, unit="customer_id", tz=TZ, period="month", by="channel").plot(
        "stickiness", lang=lang
    )
    assert len(grouped.data) == len(set(orders["channel"])) and grouped.layout.showlegend
    cumulative = pdm.activity(orders, unit="customer_id", tz=TZ, cumulative=True)
    shares = list(cumulative.plot("stickiness").data[0].y)
    assert shares[0] == 1 and shares == sorted(shares, reverse=True)


# ---------------------------------------------------------------------------------------------------------- repurchase


@pytest.mark.parametrize("lang", LANGS)
def test_repurchase(pdm, orders, lang):
    kept = [i for i, amount in enumerate(orders["amount"]) if amount > 0]
    sold = {name: [values[i] for i in kept] for name, values in orders.items()}
    result = pdm.repurchase(sold, unit="customer_id", tz=TZ)
    rungs = [row for row in result["ladder"].to_rows() if row["den"]][:10]
    ladder = drawn(result, "ladder", lang).data[0]
    assert list(ladder.x) == [row["den"] for row in rungs]
    assert f"{rungs[0]['rate']:.1%}" in ladder.text[1]
    gaps = drawn(result, "gaps", lang)
    boxes = [trace for trace in gaps.data if trace.type == "box"]
    pooled = result["gaps"].to_rows()[0]
    assert boxes[0].median[0] == pooled["median"] / 86_400_000_000 and boxes[0].q3[0] == pooled["p75"] / 86_400_000_000
    assert boxes[2].median[0] == rungs[0]["median"] / 86_400_000_000
    rates = drawn(result, "rates", lang)
    periods = result["periods"].to_rows()
    assert list(rates.data[0].y) == [row["returning_share"] for row in periods if row["returning_share"] is not None]
    assert list(rates.data[1].y) == [row["return_rate"] for row in periods if row["return_rate"] is not None]
    n_day = drawn(result, "n_day", lang)
    assert len(n_day.data) == 3
    rows = [
        row
        for row in result["repurchase_n"].to_rows()
        if row["cohort"] is not None and row["n"] == 30 and row["rate"] is not None
    ]
    assert list(n_day.data[1].y) == [row["rate"] for row in rows]
    grouped = pdm.repurchase(sold, unit="customer_id", tz=TZ, by="channel")
    bars = drawn(grouped, "n_day", lang)
    assert len(bars.data) == len(set(sold["channel"]))
    assert "wecom" in grouped.plot("ladder", group="wecom").layout.title.text
    drawn(grouped, "n_day", lang, group="wecom")


# --------------------------------------------------------------------------------------------------------------- edges


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_to_draw(pdm, lang):
    nothing = {"unit": [], "time": [], "order_id": []}
    assert drawn(pdm.retention(nothing), "triangle", lang).data
    assert drawn(pdm.retention(nothing, date_from="2025-01-01", date_to="2025-01-03"), "triangle", lang).data
    drawn(pdm.retention(nothing, date_from="2025-01-01", date_to="2025-01-03"), "curves", lang)
    drawn(pdm.lifecycle(nothing), "lifecycle", lang)
    drawn(pdm.activity(nothing), "active", lang)
    for call in (
        lambda: pdm.activity(nothing).plot("stickiness"),
        lambda: pdm.repurchase(nothing).plot("gaps"),
        lambda: pdm.repurchase(nothing).plot("ladder"),
        lambda: pdm.repurchase(nothing).plot("rates"),
    ):
        with pytest.raises(pdm.ArgumentError):
            call()
    one = {"unit": [1], "time": [datetime(2025, 1, 1)], "order_id": [1]}
    for result in (pdm.retention(one), pdm.lifecycle(one), pdm.activity(one), pdm.repurchase(one)):
        drawn(result, None, lang)
    with pytest.raises(pdm.ArgumentError, match="bought twice"):
        pdm.repurchase(one).plot("gaps")
