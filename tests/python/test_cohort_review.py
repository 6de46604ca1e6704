"""The sections about cohorts in a review: they find what was planted in the sample data, and say what the metrics say."""

from datetime import datetime, timedelta

import pytest

PARTS = ("retention", "repurchase", "lifecycle", "activity")
TZ = "Asia/Shanghai"


@pytest.fixture(scope="module")
def world(pdm):
    return pdm.datasets.private_domain(3000, seed=4)


@pytest.fixture(scope="module")
def truths(world):
    return {row["name"]: row["value"] for row in world.truths.to_rows()}


def built(inputs, **arguments):
    from pdmetrics import review

    made = review.build(inputs, only=PARTS, tz=TZ, **arguments)
    return {part.metric: part for part in made.sections}, review.summary(made, "en"), review.summary(made, "zh")


@pytest.fixture(scope="module")
def told(pdm, world, tmp_path_factory):
    """The review as the command line makes it, of files."""
    pytest.importorskip("duckdb")
    from pdmetrics import _frames

    folder = tmp_path_factory.mktemp("cohorts")
    inputs = {}
    for name in ("orders", "events", "touches"):
        world.tables[name].save(folder / f"{name}.csv")
        inputs[name] = _frames.relation(folder / f"{name}.csv")
    return built(inputs, currency_exponent=2)


def test_finds_the_cohort_that_does_not_come_back(told, world, truths):
    parts, english, chinese = told
    month = f"{truths['bad_cohort_month']:.0f}"
    cohort = f"{month[:4]}-{month[4:]}"
    assert f"The cohort {cohort} · livestream does not come back" in english
    assert f"同期群 {cohort} · 直播间 留不住" in chinese
    assert f"first bought in {cohort} · livestream only" in english
    assert f"{cohort} · 直播间 首购的" in chinese

    # What it says is near what was planted; the planted rates are of all time, those said of 180 days.
    (finding,) = [each.en for each in parts["repurchase"].findings if cohort in each.en]
    mine, others = (float(part.split("%")[0].split()[-1]) / 100 for part in (finding.split("only")[1], finding.split("elsewhere")[1]))
    assert mine == pytest.approx(truths["bad_cohort_repeat_rate"], abs=0.025)
    assert others == pytest.approx(truths["other_repeat_rate"], abs=0.08)
    firsts = {}
    for customer, time, amount, channel in zip(*(world.orders[name].to_list() for name in ("customer_id", "time", "amount", "channel")), strict=True):
        if amount > 0 and (customer not in firsts or time < firsts[customer][0]):
            firsts[customer] = (time, channel)
    size = sum(f"{(time + timedelta(hours=8)):%Y%m}" == month and channel == "livestream" for time, channel in firsts.values())
    assert f"Of the {size:,} customers" in finding


def test_who_orders_again(told, world):
    parts, english, _ = told
    orders = {}
    for customer, order, amount in zip(*(world.orders[name].to_list() for name in ("customer_id", "order_id", "amount")), strict=True):
        if amount > 0:
            orders.setdefault(customer, set()).add(order)
    again = sum(len(each) > 1 for each in orders.values()) / len(orders)
    assert f"{again:.1%} of the customers have ordered a second time" in english
    numbers = {name.en: value for name, value in parts["repurchase"].numbers}
    assert numbers["customers"] == f"{len(orders):,}" and numbers["second order"] == f"{again:.1%}"
    assert [kind for _, kind in parts["repurchase"].figures_of] == ["ladder", "gaps", "rates"]


def test_value_of_cohorts_is_net_of_refunds(told, world):
    parts, english, chinese = told
    (values,) = [item[0] for item in parts["retention"].figures_of if isinstance(item, tuple) and item[1] == "ltv"]
    bought, brought = set(), 0
    rows = sorted(zip(*(world.orders[name].to_list() for name in ("time", "customer_id", "amount", "channel")), strict=True), key=lambda row: row[:2])
    firsts = {}
    for time, customer, amount, _ in rows:
        if amount > 0:
            firsts.setdefault(customer, f"{time + timedelta(hours=8):%Y-%m}")
    for time, customer, amount, _ in rows:
        if firsts.get(customer) == "2025-03" and f"{time + timedelta(hours=8):%Y-%m}" == "2025-03":
            bought.add(customer)
            brought += amount
    cells = [row for row in values.main.to_rows() if f"{row['cohort_start']:%Y-%m}" == "2025-03" and row["k"] == 0]
    assert sum(row["size"] for row in cells) == len(bought)
    assert sum(row["value_sum"] for row in cells) == brought
    assert "has brought" in english and "累计贡献" in chinese
    (grid,) = parts["retention"].grids
    assert len(grid.rows) == 4 and all(len(row) == len(grid.head) for row in grid.rows)
    worth = {row[0].en: float(row[-1].en.replace(",", "")) for row in grid.rows}
    assert min(worth, key=worth.get) == "livestream"


def test_visits(told):
    parts, english, chinese = told
    last = parts["retention"].figures_of[-1]
    pytest.importorskip("plotly")
    assert "Visits by cohort" in last.draw("en").layout.title.text
    assert "到访留存" in last.draw("zh").layout.title.text
    assert "come for the first time" in english and "首次到访" in chinese


def test_the_rush_and_what_became_of_it(told, truths):
    _, english, chinese = told
    assert "2025-03 brought" in english and "in 2025-04" in english
    assert "2025-03 新增" in chinese and "2025-04 流失" in chinese
    assert "The busiest day was 2025-11-11" in english and "最活跃的一天是 2025-11-11" in chinese


def test_lifecycle_and_activity_say_what_the_metrics_say(pdm, told, world):
    parts, _, _ = told
    rows = [row for row in parts["lifecycle"].figures_of[0][0].to_rows() if row["complete"]]
    numbers = {name.en: value for name, value in parts["lifecycle"].numbers}
    assert numbers["active"] == f"{rows[-1]['active']:,}" and numbers["dormant"] == f"{rows[-1]['dormant']:,}"
    assert rows[-1]["active"] == rows[-1]["new"] + rows[-1]["returning"] + rows[-1]["resurrecting"]
    active = pdm.activity(world.events, unit="customer_id", tz=TZ).active.to_rows()
    last = [row for row in active if row["complete"]][-1]
    assert {name.en: value for name, value in parts["activity"].numbers}["MAU"] == f"{last['mau']:,}"


def test_page(pdm, told):
    pytest.importorskip("plotly")
    from pdmetrics import review
    from pdmetrics.review.page import page

    parts, _, _ = told
    made = page(review.Review(list(parts.values()), [], {}, datetime.now()), "zh")
    for metric in PARTS:
        assert f'<section id="{metric}" ' in made
    assert "同期群留存" in made and "Retention by cohort" in made and "复购阶梯" in made


# ------------------------------------------------------------------------------------------------------------- other inputs


def columns(table, *names):
    return {name: table[name].to_list() for name in names}


def test_frames_of_every_kind(pdm, world, told):
    pandas, polars, arrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    names = ("customer_id", "order_id", "time", "amount", "channel")
    data = columns(world.orders, *names)
    wanted = built({"orders": data})[1]
    assert "2025-03 · livestream does not come back" in wanted
    for frame in (pandas.DataFrame(data), polars.DataFrame(data), polars.LazyFrame(data), arrow.table(data), world.orders):
        assert built({"orders": frame})[1] == wanted, type(frame)


def test_without_amounts_and_channels(world):
    sales = columns(world.orders, "customer_id", "order_id", "time")
    parts, english, _ = built({"orders": sales})
    assert set(parts) == set(PARTS)
    assert "ltv" not in [item[1] for item in parts["retention"].figures_of if isinstance(item, tuple)]
    assert not parts["retention"].grids and "has brought" not in english


def test_events_alone(world):
    parts, english, chinese = built({"events": columns(world.events, "customer_id", "time", "event", "channel")})
    assert {"retention", "lifecycle", "activity"} <= set(parts) and "repurchase" not in parts
    assert "come for the first time" in english and "首次到访" in chinese


def test_words_meant_for_others(world):
    """Options of the same name that mean something to another metric only."""
    inputs = {"orders": columns(world.orders, "customer_id", "order_id", "time", "amount", "channel")}
    inputs["events"] = columns(world.events, "customer_id", "time", "event", "channel")
    wanted = built(inputs)[1]
    assert built(inputs, mode="strict_order", preset="clickhouse", event="event", first_seen="x")[1] == wanted
    weekly, english, _ = built(inputs, period="week")
    assert "weeks later" in english and set(weekly) == set(PARTS)
    assert "back in week 1" in [name.en for name, _ in weekly["retention"].numbers]


@pytest.mark.parametrize("days", [1, 20, 70])
def test_young_data(days):
    start = datetime(2025, 1, 1)
    times = [start + timedelta(hours=7 * i) for i in range(days * 3)]
    orders = {"customer_id": [i % 11 for i in range(len(times))], "order_id": list(range(len(times))), "time": times}
    orders["amount"] = [100 + i for i in range(len(times))]
    parts, english, chinese = built({"orders": orders})
    assert set(parts) == set(PARTS) and english and chinese
    period = "day" if days * 3 * 7 / 24 < 32 else "week"
    if days > 1:
        assert f"new in" in str([name.en for name, _ in parts["retention"].numbers]) and period in str(parts["retention"].numbers)


def test_nothing_sold():
    orders = {"customer_id": [1, 2], "order_id": [1, 2], "time": [datetime(2025, 1, 1)] * 2, "amount": [0, -5]}
    parts, english, chinese = built({"orders": orders})
    assert set(parts) == set(PARTS)
    for text in ("Nobody has begun.", "There are no orders.", "Nobody was active."):
        assert text in english
    assert "没有订单。" in chinese
