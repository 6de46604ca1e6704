"""Options, lists and time zones as Python users write them."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import support_frames as frames
from support_frames import tables

DATA = frames.orders()
MIDNIGHT = datetime(2024, 7, 1, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_enums_are_checked(pdm):
    with pytest.raises(pdm.OptionError, match="is not one of") as raised:
        pdm.rfm(DATA, policy="quintiles")
    assert raised.value.column == "policy"
    with pytest.raises(pdm.OptionError):
        pdm.rfm(DATA, policy=3)
    with pytest.raises(pdm.OptionError):
        pdm.rfm(DATA, k=99)
    with pytest.raises(pdm.OptionError):
        pdm.rfm(DATA, k="5")
    with pytest.raises(pdm.OptionError):
        pdm.rfm(DATA, count_zero_orders=1)
    with pytest.raises(TypeError):
        pdm.rfm(DATA, no_such_option=1)
    with pytest.raises(pdm.OptionError):
        pdm.rfm(DATA, currency="x" * 64)
    with pytest.raises(ValueError, match="NUL"):
        pdm.rfm(DATA, currency="a\0b")


def test_defaults_may_be_said(pdm):
    metric = pdm.metrics["rfm"]
    said = {name: option.default for name, option in metric.options.items() if option.default is not None}
    assert tables(pdm.rfm(DATA, **said)) == tables(pdm.rfm(DATA))


def test_combinations_are_checked(pdm):
    with pytest.raises(pdm.CombinationError) as raised:
        pdm.rfm(DATA, m_basis="net_mean", f_basis="repeat")
    assert raised.value.code == "unsupported_combination"
    assert isinstance(raised.value, pdm.OptionError)


@pytest.mark.parametrize(
    "as_of",
    [
        "2024-07-01",
        "2024/07/01",
        "2024-07-01T00:00:00+08:00",
        "2024-06-30T16:00Z",
        date(2024, 7, 1),
        datetime(2024, 7, 1),
        MIDNIGHT,
        MIDNIGHT.astimezone(timezone.utc),
        int(MIDNIGHT.timestamp()) * 1_000_000,
        str(int(MIDNIGHT.timestamp()) * 1_000_000),
    ],
)
def test_as_of_in_every_form(pdm, as_of):
    expected = tables(pdm.rfm(DATA, tz="Asia/Shanghai", as_of=MIDNIGHT))
    assert tables(pdm.rfm(DATA, tz="Asia/Shanghai", as_of=as_of)) == expected
    assert expected != tables(pdm.rfm(DATA, tz="Asia/Shanghai"))


def test_as_of_of_numpy_and_pandas(pdm):
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    expected = tables(pdm.rfm(DATA, as_of="2024-07-01"))
    for as_of in (
        numpy.datetime64("2024-07-01"),
        numpy.datetime64("2024-07-01", "ns"),
        pandas.Timestamp("2024-07-01"),
        pandas.Timestamp("2024-07-01", tz="UTC"),
        numpy.int64(datetime(2024, 7, 1, tzinfo=timezone.utc).timestamp() * 1_000_000),
    ):
        assert tables(pdm.rfm(DATA, as_of=as_of)) == expected
    for wrong in ("yesterday", 1.5, [], "2024-13-01"):
        with pytest.raises(pdm.OptionError) as raised:
            pdm.rfm(DATA, as_of=wrong)
        assert raised.value.column == "as_of"


# -------------------------------------------------------------------------------------------------------------- zones


@pytest.mark.parametrize(
    "tz", ["+08:00", "+8", "+0800", "UTC+8", "Asia/Shanghai", ZoneInfo("Asia/Shanghai"), timezone(timedelta(hours=8))]
)
def test_zones_in_every_form(pdm, tz):
    expected = tables(pdm.rfm(DATA, tz="+08:00"))
    got = tables(pdm.rfm(DATA, tz=tz))
    assert got == expected
    assert got["rfm"]["recency_days"] != tables(pdm.rfm(DATA))["rfm"]["recency_days"]


@pytest.mark.parametrize("tz", ["Mars/Olympus", "+25:00", "../etc/passwd", "", 8])
def test_zones_that_are_not(pdm, tz):
    with pytest.raises(pdm.OptionError) as raised:
        pdm.rfm(DATA, tz=tz)
    assert raised.value.column == "tz"


def test_days_follow_summer_time(pdm):
    zone = ZoneInfo("America/New_York")
    times = [datetime(2024, 1, 1, 12, tzinfo=timezone.utc) + timedelta(hours=7 * step) for step in range(1300)]
    frame = {"customer_id": list(range(1300)), "order_id": list(range(1300)), "time": times, "amount": [1] * 1300}
    result = pdm.rfm(frame, tz=zone, as_of="2025-02-01", map="none")
    days = dict(zip(result["customer_id"], result["recency_days"]))
    for customer, time in enumerate(times):
        assert days[customer] == (date(2025, 2, 1) - time.astimezone(zone).date()).days


def test_the_table_of_a_zone_is_the_zone(pdm):
    from pdmetrics import _time

    for name in ("Asia/Shanghai", "Europe/London", "Africa/Casablanca", "Pacific/Apia", "America/St_Johns"):
        zone = ZoneInfo(name)
        _, first, changes, offsets = _time.calendar(zone)
        assert list(changes) == sorted(set(changes))
        import bisect

        for step in range(0, 73_000, 11):
            moment = datetime(1900, 1, 2, 3, 4, 5, tzinfo=timezone.utc) + timedelta(days=step)
            at = bisect.bisect_right(changes, int(moment.timestamp()))
            offset = offsets[at - 1] if at else first
            assert timedelta(seconds=offset) == moment.astimezone(zone).utcoffset(), (name, moment)
        for change, offset in zip(changes, offsets):
            before = datetime.fromtimestamp(change - 1, timezone.utc).astimezone(zone).utcoffset()
            after = datetime.fromtimestamp(change, timezone.utc).astimezone(zone).utcoffset()
            assert before != after == timedelta(seconds=offset)


def test_weeks(pdm):
    with pytest.raises(pdm.OptionError):
        pdm.RFM(week_start="someday")
    assert tables(pdm.rfm(DATA, week_start="sunday")) == tables(pdm.rfm(DATA))


# -------------------------------------------------------------------------------------------------------------- lists


def test_windows_in_every_form(pdm):
    rows = [("h1", "2024-01-01", "2024-07-01"), ("h2", "2024-07-01", "2025-01-01")]
    expected = tables(pdm.rfm(DATA, windows=rows))
    assert "migration" in expected
    names = ("name", "from", "to")
    forms = [
        [dict(zip(names, row)) for row in rows],
        {"h1": (date(2024, 1, 1), date(2024, 7, 1)), "h2": (datetime(2024, 7, 1), "2025-01-01")},
        {"h1": {"from": "2024-01-01", "to": "2024-07-01"}, "h2": {"from": "2024-07-01", "to": "2025-01-01"}},
        dict(zip(names, zip(*rows))),
        [list(row) for row in rows],
    ]
    for module in ("pandas", "polars", "pyarrow"):
        kind = pytest.importorskip(module)
        columns = dict(zip(names, map(list, zip(*rows))))
        forms.append(kind.table(columns) if module == "pyarrow" else kind.DataFrame(columns))
    for form in forms:
        assert tables(pdm.rfm(DATA, windows=form)) == expected, form


def test_segments_in_every_form(pdm):
    everything = [f"{r}{f}{m}" for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    codes = {
        "Top": [code for code in everything if code[0] == "5"],
        "Rest": [code for code in everything if code[0] < "5"],
    }
    expected = tables(pdm.rfm(DATA, segments=codes))
    assert set(expected["rfm"]["segment"]) == {"Top", "Rest"}
    rows = [{"segment": name, "code": code} for name, listed in codes.items() for code in listed]
    assert tables(pdm.rfm(DATA, segments=rows)) == expected
    boxes = [("Top", 5, 5, 1, 5, 1, 5), ("Rest", 1, 4, 1, 5, 1, 5)]
    assert tables(pdm.rfm(DATA, segments=boxes))["rfm"] == expected["rfm"]
    named = [{"segment": "Top", "label_zh": "高", "r_lo": 5, "r_hi": 5, "f_lo": 1, "f_hi": 5, "m_lo": 1, "m_hi": 5}]
    assert set(pdm.rfm(DATA, segments=named, other_name="Else")["segment"]) == {"Top", "Else"}
    with pytest.raises(pdm.SegmentOverlapError):
        pdm.rfm(DATA, segments={"A": ["555"], "B": ["555"]})
    with pytest.raises(pdm.OptionError):
        pdm.rfm(DATA, segments={"A": ["999"]})


def test_thresholds_and_tiers(pdm):
    cuts = {"r": [30, 60, 120, 240], "f": [2, 4, 6, 8], "m": [1000, 10_000, 100_000, 300_000]}
    expected = tables(pdm.rfm(DATA, policy="fixed", thresholds=cuts))
    rows = [(name, cut) for name, listed in cuts.items() for cut in listed]
    assert tables(pdm.rfm(DATA, policy="fixed", thresholds_list=rows)) == expected
    assert tables(pdm.rfm(DATA, policy="fixed", thresholds=[{"dimension": d, "cut": c} for d, c in rows])) == expected
    shares = [("A", 0.1), ("B", 0.4), ("C", 0.5)]
    by_share = pdm.rfm(DATA, tiers="share", tiers_list=shares)
    assert "tiers" in by_share.tables
    values = {"customer_id": [1, 2, 3, 4], "value": [5, 50, 500, 5000]}
    assert pdm.tiers(values, tiers={"low": None, "high": 500})["tier"].to_list()[-1] == "high"
    exact = pdm.tiers(values, tiers=[("low", None, None), ("high", None, Decimal(500))], currency_exponent=0)
    assert exact["tier"].to_list() == pdm.tiers(values, tiers={"low": None, "high": 500})["tier"].to_list()


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        "h1",
        [("h1",)],
        [("h1", "2024-01-01", "soon")],
        {"h1": {"start": "2024-01-01"}},
        [("a", "2024-01-01", "2024-02-01", None, 1, 2)],
        [("h1", "2024-07-01", "2024-01-01")],
        {"name": ["a"], "from": ["2024-01-01", "2024-01-02"]},
    ],
)
def test_lists_that_are_wrong(pdm, wrong):
    with pytest.raises(pdm.Error) as raised:
        pdm.rfm(DATA, windows=wrong)
    assert isinstance(raised.value, (ValueError, TypeError))


def test_thresholds_of_a_result_score_again(pdm):
    """The cuts of one population, as they come, are the list that scores another."""
    orders = pdm.datasets.private_domain(customers=500).orders
    first = pdm.rfm(orders, tz="Asia/Shanghai")
    again = pdm.rfm(orders, tz="Asia/Shanghai", policy="fixed", thresholds=first.thresholds)
    for score in ("r_score", "f_score", "m_score"):
        assert again.to_dict()[score] == first.to_dict()[score]
