"""Targets in the review: the planted shortfall and why, pace, channels, doubts; and sales by month."""

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("plotly")


@pytest.fixture(scope="module")
def world(pdm):
    return pdm.datasets.private_domain(2000, seed=5)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    made = tmp_path_factory.mktemp("review")
    world.save_all(made)
    return made


def told(inputs, only=("targets",), **arguments):
    from pdmetrics import _frames, review

    frames = {
        name: _frames.relation(str(source)) if hasattr(source, "suffix") or isinstance(source, str) else source
        for name, source in inputs.items()
    }
    made = review.build(frames, only=list(only), **{"tz": "Asia/Shanghai", **arguments})
    return made, review.summary(made, "en"), review.summary(made, "zh")


def drawn(part, lang="en"):
    return {figure.layout.title.text: figure for figure in (item.draw(lang) for item in part.figures_of)}


def test_the_planted_shortfall_is_found_and_explained(pdm, world, folder):
    made, english, chinese = told({"orders": folder / "orders.csv", "targets": folder / "targets.csv"})
    truths = {row["name"]: row["value"] for row in world.truths.to_rows()}
    month = f"{truths['shortfall_month']:.0f}"
    month = f"{month[:4]}-{month[4:]}"
    assert (
        f"1 of 24 months missed their target; furthest below is {month}: {truths['shortfall_gmv_ratio']:.1%}" in english
    )
    assert f"order value (AOV) ({truths['shortfall_aov_ratio'] - 1:+.1%}) explains 100.0% of it" in english
    assert f"最差的是 {month}" in chinese and "客单价（-20.0%）贡献 100.0%" in chinese
    (part,) = made.sections
    figures = drawn(part)
    bridge = figures[f"From target to actual, {month}"].data[0]
    short = min(world.targets.to_rows(), key=lambda row: row["actual_gmv"] / row["target_gmv"])
    assert sum(bridge.y) - bridge.y[-1] + bridge.base == pytest.approx(short["actual_gmv"] / 100, rel=1e-9)
    bars = {trace.name: list(trace.x) for trace in figures["Target and actual"].data}
    assert bars["actual: below"] == [month]
    (grid,) = part.grids
    assert len(grid.rows) == 25 and all(len(row) == len(grid.head) for row in grid.rows)
    assert [row[0].en for row in grid.rows if row[-1].en == "○ below"] == [month]
    assert "differ" not in english  # the table and the orders agree
    assert {title[0] for title in drawn(part, "zh")} & set("目标") and "pace (1 = as planned): 1.0" in english


def test_actuals_come_from_the_orders(pdm, world, folder):
    """Without actual_gmv the orders say what was reached; a table that says something else is doubted."""
    query = f"SELECT month, target_gmv FROM '{folder / 'targets.csv'}'"
    _, english, _ = told({"orders": folder / "orders.csv", "targets": query})
    assert "1 of 24 months missed" in english and "80.0%" in english
    more = "actual_gmv + CASE WHEN month > '2025-11-01' THEN 7 ELSE 0 END AS actual_gmv"
    query = f"SELECT * REPLACE ({more}) FROM '{folder / 'targets.csv'}'"
    _, english, chinese = told({"orders": folder / "orders.csv", "targets": query})
    assert "actual_gmv and the orders differ in 1 months: 2025-12." in english and "不一致：2025-12" in chinese
    made, english, _ = told({"targets": folder / "targets.csv"})
    assert "1 of 24 months missed" in english


def test_the_running_month_is_judged_by_its_pace(pdm, world, folder):
    orders = f"SELECT * FROM '{folder / 'orders.csv'}' WHERE time < '2025-06-18T00:00+08:00'"
    targets = f"SELECT month, target_gmv FROM '{folder / 'targets.csv'}'"
    made, english, _ = told({"orders": orders, "targets": targets})
    (part,) = made.sections
    rows = {row[0].en: row for row in part.grids[0].rows}
    assert rows["2025-06"][7].en != "–" and rows["2025-05"][7].en == "–"
    assert "All 17 months reached their target." in english
    assert "2025 attainment" in english and "missed" not in english
    running = {trace.name: list(trace.x) for trace in drawn(part)["Target and actual"].data}["actual: still running"]
    assert running == ["2025-06"]


def test_channels(pdm):
    targets = {
        "month": ["2026-01", "2026-01", "2026-02", "2026-02"],
        "channel": ["wecom", "group"] * 2,
        "target_gmv": [1000, 500, 1200, 600],
        "actual_gmv": [1100, 300, 1250, 500],
    }
    made, english, chinese = told({"targets": targets})
    (part,) = made.sections
    assert "Channel group is furthest behind: 72.7% of its target." in english and "渠道 group 落后最多" in chinese
    bridge = drawn(part)["From target to actual by channel"].data[0]
    assert [value * 100 for value in bridge.y[1:-1]] == pytest.approx([150, -300])
    assert [row[0].en for row in part.grids[1].rows] == ["wecom", "group", "total"]
    assert part.grids[0].rows[-1][1].en == "33.00"  # 分 as 元


def test_what_targets_cannot_be(pdm):
    from pdmetrics import review

    rows = {"month": ["2026-01"], "target_gmv": [None], "actual_gmv": [5]}
    with pytest.raises(pdm.ArgumentError, match="target_gmv is empty for 2026-01"):
        told({"targets": rows})
    with pytest.raises(pdm.ArgumentError, match="row 0: month: expected a date or text such as 2025-09, got 'soon'"):
        told({"targets": {**rows, "month": ["soon"]}})
    with pytest.raises(pdm.ArgumentError, match="no input with month, target_gmv"):
        told({"targets": {"month": ["2026-01"], "goal": [5]}})
    with pytest.raises(pdm.ArgumentError, match="no actual_gmv and no orders"):
        told({"targets": {"month": ["2026-01"], "target_gmv": [5]}})
    assert "targets" in review.parts() and set(pdm.metrics) < set(review.parts())


def test_zero_targets_and_one_month(pdm):
    _, english, _ = told({"targets": {"month": ["2026-01"], "target_gmv": [0], "actual_gmv": [5]}})
    assert "attainment: –" in english
    _, english, _ = told({"targets": {"month": ["2026-01"], "target_gmv": [10.5], "actual_gmv": [5.25]}})
    assert "target: 10.50" in english and "attainment: 50.0%" in english


def test_sales_by_month(pdm, world, folder):
    made, english, chinese = told({"orders": folder / "orders.csv"}, only=["actuals"])
    (part,) = made.sections
    rows = world.orders.to_rows()
    sold, back = (sum(row["amount"] for row in rows if sign * row["amount"] > 0) for sign in (1, -1))
    cells = [[float(cell.en.replace(",", "")) for cell in (row[1], row[2])] for row in part.grids[0].rows]
    assert sum(cell[0] for cell in cells) == pytest.approx(sold / 100)
    assert sum(cell[1] for cell in cells) == pytest.approx(-back / 100)
    assert len(cells) == 24 and "on the same month a year before" in english and "同比" in chinese
    named = f'SELECT time AS paid_at, amount AS "fee""s" FROM \'{folder / "orders.csv"}\''
    made, english, _ = told({"orders": named}, only=["actuals"], time="paid_at", amount='fee"s')
    assert len(made.sections[0].grids[0].rows) == 24


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page(pdm, folder, monkeypatch, capsys, lang):
    from pdmetrics import cli
    from test_cli import read

    monkeypatch.chdir(folder)
    assert (
        cli.main(
            [
                "review",
                ".",
                "--only",
                "targets",
                "--only",
                "actuals",
                "--tz",
                "Asia/Shanghai",
                "--html",
                "page.html",
                "--lang",
                lang,
            ]
        )
        == 0
    )
    page = read(folder / "page.html")
    assert {"actuals", "targets"} <= set(page.sections) and page.elsewhere == []
    assert ("客单价" in capsys.readouterr().out) == (lang == "zh")
    with pytest.raises(SystemExit):
        cli.main(["review", "--nothing"])
    assert cli.main(["review", ".", "--only", "nothing"]) == 2
    assert "targets" in capsys.readouterr().err
