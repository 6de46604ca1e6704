"""The headline of a review: numbers of the last complete period, their changes and how sure these are."""

from datetime import datetime, timedelta

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

TZ = "Asia/Shanghai"
LAST, BEFORE, YEAR_AGO = "2025-12", "2025-11", "2024-12"


def month(time):
    return f"{time + timedelta(hours=8):%Y-%m}"


@pytest.fixture(scope="module")
def world(pdm):
    return pdm.datasets.private_domain(1500, seed=2)


def told(inputs, **arguments):
    from pdmetrics import review

    made = review.build(inputs, only=["overview"], **arguments)
    (part,) = made.sections
    return part, review.summary(made, "en"), review.summary(made, "zh")


def rows_of(part):
    (grid,) = part.grids
    assert all(len(row) == len(grid.head) for row in grid.rows)
    return {row[0].en: [cell.en for cell in row[1:]] for row in grid.rows}


def number(text):
    return float(text.replace(",", ""))


@pytest.fixture(scope="module")
def headline(world):
    return told({name: world.tables[name] for name in ("orders", "friends")}, tz=TZ)


def test_numbers_are_those_of_the_rows(headline, world):
    part, _, _ = headline
    rows = rows_of(part)
    orders = [row for row in world.orders.to_rows() if month(row["time"]) in (LAST, BEFORE, YEAR_AGO)]
    firsts = {}
    for row in world.orders.to_rows():
        if row["amount"] > 0:
            firsts[row["customer_id"]] = min(firsts.get(row["customer_id"], row["time"]), row["time"])
    for at, name in ((0, LAST), (1, BEFORE), (5, YEAR_AGO)):
        mine = [row for row in orders if month(row["time"]) == name]
        sold = [row for row in mine if row["amount"] > 0]
        back = -sum(row["amount"] for row in mine if row["amount"] < 0)
        gmv, count = sum(row["amount"] for row in sold), len({row["order_id"] for row in sold})
        assert number(rows["net sales"][at]) == pytest.approx((gmv - back) / 100)
        assert number(rows["sales (GMV)"][at]) == pytest.approx(gmv / 100)
        assert number(rows["refunds"][at]) == pytest.approx(back / 100)
        assert number(rows["orders"][at]) == count
        assert number(rows["active buyers"][at]) == len({row["customer_id"] for row in sold})
        assert number(rows["new customers"][at]) == sum(month(first) == name for first in firsts.values())
        assert number(rows["order value (AOV)"][at]) == pytest.approx(gmv / count / 100, abs=0.01)
        friends = [row["kind"] for row in world.friends.to_rows() if month(row["time"]) == name]
        assert number(rows["friends added"][at]) == friends.count("add")
        assert number(rows["friends lost"][at]) == len(friends) - friends.count("add")


def test_changes_and_intervals(headline, world):
    from scipy import stats

    part, english, chinese = headline
    rows = rows_of(part)
    for name, cells in rows.items():
        assert len(cells) == 10
        for value, old, change, interval, reading in (cells[:5], [cells[0], *cells[5:9]]):
            if "%" in value or change == "–":
                continue
            assert float(change.rstrip("%")) == pytest.approx(100 * (number(value) / number(old) - 1), abs=0.1), name
            if interval == "–":
                continue
            low, high = (float(end.rstrip("%")) for end in interval.split(" … "))
            assert low <= float(change.rstrip("%")) <= high
            assert (low > 0 or high < 0) == ("chance" not in reading)
    # Numbers of customers: the exact interval of a ratio of two Poisson counts.
    after, before = (int(number(cell)) for cell in rows["active buyers"][:2])
    share = [stats.beta.ppf(0.025, after, before + 1), stats.beta.ppf(0.975, after + 1, before)]
    ends = [f"{each / (1 - each) - 1:+.1%}" for each in share]
    assert rows["active buyers"][3] == " … ".join(ends)
    assert f"{LAST}: net sales" in english and f"on {YEAR_AGO}" in english
    assert f"{LAST} 净销售额" in chinese and "同比" in chinese and "环比" in chinese


def test_parts_of_the_change_add_up(headline):
    part, english, _ = headline
    rows = rows_of(part)
    total = number(rows["sales (GMV)"][0]) - number(rows["sales (GMV)"][1])
    moved = {row["factor"]: row["effect"] for row in part.figures_of[0].result.main.to_rows()}
    assert sum(moved.values()) / 100 == pytest.approx(total, abs=0.05) and len(moved) == 3
    sentence = next(finding for finding in part.findings if "What moved sales" in finding.en)
    assert f"buyers {'+' if moved['buyers'] > 0 else '−'}{abs(moved['buyers']) / 1e5:,.1f}k" in sentence.en
    assert f"购买客户数 {'+' if moved['buyers'] > 0 else '−'}{abs(moved['buyers']) / 1e6:,.2f}万" in sentence.zh


def test_nothing_changed():
    """The same customers buy the same in two months: no change is called one."""
    start = [datetime(2025, at, 10) for at in range(1, 8)]
    rows = [(c, at * 1000 + c, start[at], 1000 + c) for at in range(7) for c in range(40)]
    orders = dict(zip(("customer_id", "order_id", "time", "amount"), map(list, zip(*rows, strict=True)), strict=True))
    part, english, chinese = told({"orders": orders}, as_of=datetime(2025, 8, 1))
    assert "Nothing became surely worse" in english and "没有指标显著变差" in chinese
    cells = rows_of(part)
    assert cells["orders"][0] == cells["orders"][1] == "40" and cells["orders"][2] == "+0.0%"
    assert all("better" not in cell and "worse" not in cell for row in cells.values() for cell in row)


def test_too_little_to_compare(pdm):
    orders = {"customer_id": [1], "order_id": [1], "time": [datetime(2025, 1, 1)], "amount": [100]}
    with pytest.raises(pdm.ArgumentError, match="two complete"):
        told({"orders": orders})
