"""Funnels over real logs, Tmall (days: most rows are tied) and Taobao (seconds), against the naive reference, cell by cell."""

import csv
import gzip
from datetime import UTC, datetime

import funnel_library as library
import funnel_reference as reference
import pytest
from funnel_reference_tables import DAY, HOUR
from test_funnel_reference import assert_same

STEPS = 3  # view, favourite or cart, buy
TMALL = {"0": 1, "2": 2, "3": 2, "1": 4}
TAOBAO = {"pv": 1, "fav": 2, "cart": 2, "buy": 4}


def read(path):
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        yield from csv.DictReader(file)


def midnight(month, day):
    return int(datetime(2013, month, day, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture(scope="module")
def tmall(shared):
    """Every tenth user; the reference is slow where a hundred rows are tied."""
    rows = []
    for row in read(shared("data", "tmall-behavior-2013", "t_alibaba_data.csv.gz")):
        if int(row["user_id"]) // 250 % 10 == 3:
            time = midnight(*map(int, row["visit_datetime"].split("-")))
            brand = int(row["brand_id"])
            rows.append(reference.Row(int(row["user_id"]), time, TMALL[row["type"]], holds=(brand,), value=row["type"]))
    assert len(rows) > 10_000
    return rows


@pytest.fixture(scope="module")
def taobao(shared):
    """All rows of 43 users; the category is the breakdown, the item the value held constant."""
    rows = [
        reference.Row(
            int(row["user_id"]),
            int(row["timestamp"]) * 1_000_000,
            TAOBAO[row["behavior_type"]],
            holds=(int(row["item_id"]),),
            value=row["category_id"],
        )
        for row in read(shared("data", "taobao-userbehavior", "userbehavior_43users.csv.gz"))
    ]
    assert len(rows) == 4_321
    return rows


@pytest.mark.parametrize(
    "asked",
    [
        {"window": 7 * DAY},
        {"window": 0},
        {"window": 1, "window_kind": "calendar_days", "tz": "Asia/Shanghai"},
        {"window": 30 * DAY, "attempt_tie": "first_entered", "trend_period": "week"},
        {"window": 30 * DAY, "hold_constant": "column"},
        {"window": 30 * DAY, "count": "totals"},
        {"window": 30 * DAY, "order": "unordered"},
    ],
    ids=str,
)
def test_tmall(tmall, asked):
    options = reference.make_options(STEPS, **asked)
    assert_same(library.engine(tmall, options), reference.funnel(tmall, options))


@pytest.mark.parametrize(
    "asked",
    [
        {"window": DAY},
        {"window": None},
        {"window": HOUR, "count": "totals", "totals_mode": "every_entry"},
        {"window": DAY, "count": "sessions"},
        {"window": DAY, "order": "strict"},
        {"window": DAY, "order": "fixed", "deduplication": "break_attempt"},
        {"window": DAY, "entry": "first", "grace": 2_000_000},
        {"window": DAY, "attribution": "first_touch", "breakdown_limit": 5},
        {"window": DAY, "attribution": "all_events", "breakdown_limit": 8},
        {"window": DAY, "hold_constant": "column", "hold_count": "per_unit"},
        {"window": 3 * DAY, "step_windows": (HOUR, None)},
        {"window": 3 * DAY, "optional_steps": (2,), "trend_period": "day", "tz": "Asia/Shanghai"},
        {"window": DAY, "preset": "clickhouse", "mode": ("strict_order",)},
        {"window": DAY, "preset": "starrocks"},
        {"preset": "posthog"},
        {"preset": "mixpanel"},
        {"window": DAY, "preset": "amplitude", "count": "totals"},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["mask", "events"])
def test_taobao(taobao, asked, form):
    options = reference.make_options(STEPS, **asked)
    assert_same(library.engine(taobao, options, form=form), reference.funnel(taobao, options))
