"""`pdmetrics plan`: sums that are exact, numbers against pandas, and every mistake in the model named in one line."""

import csv
import json
import re
from datetime import date, timedelta
from fractions import Fraction

import pytest
import review_page
from conftest import ROOT
from test_cli import read

pd = pytest.importorskip("pandas")
pytest.importorskip("duckdb")
pytest.importorskip("plotly")

CUSTOMERS = 1500


@pytest.fixture(scope="module")
def orders(pdm):
    return pdm.datasets.private_domain(CUSTOMERS, seed=3).orders


@pytest.fixture(scope="module")
def folder(pdm, orders, tmp_path_factory):
    made = tmp_path_factory.mktemp("plan")
    orders.save(made / "orders.parquet")
    return made


@pytest.fixture(scope="module")
def example(pdm):
    from pdmetrics import planning

    return planning.example()


@pytest.fixture(scope="module")
def sales(orders):
    frame = orders.to_pandas()
    frame = frame[frame["amount"] > 0].copy()
    local = frame["time"].dt.tz_convert("Asia/Shanghai")
    frame["day"] = local.dt.date
    frame["month"] = local.dt.strftime("%Y-%m")
    return frame


def table(folder, name):
    with open(folder / f"{name}.csv", encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def model(folder, text, name="changed.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -------------------------------------------------------------------------------------------------------------- running


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_example_runs(run, folder, example, lang):
    code, out, err = run("plan", f"{lang}.toml", "--example", "--lang", lang)
    assert code == 0 and f"{lang}.toml" in err and out == ""
    assert (folder / f"{lang}.toml").read_text(encoding="utf-8") == example
    code, out, err = run("plan", f"{lang}.toml", "--example")
    assert code == 2 and "is there already" in err
    for more in ([], ["--history", "orders.parquet"], ["--history", ".", "--as-of", "2025-08-17"]):
        code, out, err = run("plan", f"{lang}.toml", *more, "--lang", lang)
        assert code == 0, err
        assert ("公式树" in out) == (lang == "zh") and ("Formula tree" in out) == (lang == "en")
    assert ("滚动调整" in out) == (lang == "zh")
    assert run("plan", "--example")[1] == example


def test_sums_are_exact(run, folder):
    code, _, err = run("plan", "--example", "sums.toml")
    code, _, err = run("plan", "sums.toml", "--history", "orders.parquet", "--as-of", "2025-08-17", "--out", "sums")
    assert code == 0, err
    cells, channels = table(folder / "sums", "plan"), table(folder / "sums", "plan_channels")
    months = [row["month"] for row in channels[:-1]]
    assert months == [f"2025-{m:02d}" for m in range(1, 13)]
    names = [name for name in channels[0] if name not in ("month", "total")]
    sums = {}
    for row in cells:
        assert int(row["amount"]) >= 0
        for key in ((row["month"], row["channel"]), row["month"], row["channel"], "all"):
            sums[key] = sums.get(key, 0) + int(row["amount"])
    for row in channels:
        month = row["month"]
        for name in names:
            assert int(row[name]) == (sums[name] if month == "total" else sums[month, name])
        assert int(row["total"]) == (sums["all"] if month == "total" else sums[month])
    assert {row["month"]: int(row["amount"]) for row in table(folder / "sums", "season")} == {
        m: sums[m] for m in months
    }
    segments = table(folder / "sums", "plan_segments")
    assert int(segments[-1]["old"]) + int(segments[-1]["new"]) == sums["all"]
    roll = table(folder / "sums", "roll")
    for row in roll[:-1]:
        assert int(row["end"]) - int(row["start"]) == int(row["new"]) - int(row["lost"])
        assert int(row["gmv"]) == int(row["gmv_old"]) + int(row["gmv_new"])
    adds = {row["month"]: sum(int(row[name]) for name in names) for row in table(folder / "sums", "roll_adds")}
    assert adds == {row["month"]: int(row["new"]) for row in roll[:-1]}
    tracked = {row["month"]: row for row in table(folder / "sums", "tracking")}
    anew = {row["month"]: int(row["new_target"]) for row in table(folder / "sums", "replan")}
    whole = [f"2025-{m:02d}" for m in range(1, 8)]
    assert sum(anew.values()) + sum(int(float(tracked[m]["actual"])) for m in whole) == sums["all"]
    again = {}
    for row in table(folder / "sums", "replan_cells"):
        again[row["month"]] = again.get(row["month"], 0) + int(row["amount"])
    assert again == anew


def test_json_and_one_table(run):
    run("plan", "--example", "json.toml")
    code, out, err = run("plan", "json.toml", "--history", "orders.parquet", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["currency_exponent"] == 2
    assert {part["name"] for part in told["parts"]} >= {"season", "shares", "plan", "tree", "roll", "gap", "levers"}
    assert sum(row["amount"] for row in told["tables"]["plan"]) == told["tables"]["plan_channels"][-1]["total"]
    code, out, _ = run("plan", "json.toml", "--history", "orders.parquet", "--table", "plan")
    assert code == 0 and out.count("\n") == len(told["tables"]["plan"]) + 2
    code, _, err = run("plan", "json.toml", "--history", "orders.parquet", "--table", "nothing")
    assert code == 2 and 'no table "nothing"' in err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page(run, folder, lang):
    run("plan", "--example", f"page-{lang}.toml")
    arguments = ["--history", "orders.parquet", "--as-of", "2025-08-17", "--html", "page.html", "--lang", lang]
    code, _, err = run("plan", f"page-{lang}.toml", *arguments)
    assert code == 0 and "page.html" in err
    page = read(folder / "page.html")
    assert {"season", "plan", "tree", "roll", "gap", "levers", "tracking", "replan"} <= set(page.sections)
    assert page.elsewhere == []
    assert len(page.text["en"]) == len(page.text["zh-CN"]) > 200
    html = (folder / "page.html").read_text(encoding="utf-8")
    titles = ["Formula tree", "Plan and actual", "Pace of the year", "Who carries the gap", "Targets re-planned"]
    for title in titles:
        assert f'<figure class="chart"><figcaption><h3><span lang="en">{title}</span><span lang="zh-CN">' in html
    assert len(review_page.figures(html)) >= len(titles)
    assert f'data-lang="{lang}"' in html and "目标计划 2025" in html and "Plan 2025" in html


# ------------------------------------------------------------------------------------------------------------ by pandas


def test_measures(pdm, orders, sales, example, folder):
    from pdmetrics import planning

    found = planning.History(planning.load(model(folder, example)), orders).measures()
    base = sales[sales["month"].between("2024-01", "2024-12")]
    first = sales.groupby("customer_id")["month"].min()
    assert found["gmv"] == base["amount"].sum()
    assert found["orders"] == base["order_id"].nunique()
    assert found["buyers"] == found["customers"] == found["new_customers"] == base["customer_id"].nunique()
    assert found["old_customers"] == found["old_gmv"] == found["old_buyers"] == 0

    def active(day):
        back = (
            day.replace(year=day.year - 1, month=day.month + 6) if day.month <= 6 else day.replace(month=day.month - 6)
        )
        return set(sales.loc[(sales["day"] >= back) & (sales["day"] < day), "customer_id"])

    assert found["active_customers"] == len(active(date(2025, 1, 1)))
    sums = dict.fromkeys(("months", "users", "lost", "buyers", "orders", "gmv", "new", "new_orders", "new_gmv"), 0)
    for month in range(7, 13):
        name, start = f"2024-{month:02d}", date(2024, month, 1)
        end = date(2025, 1, 1) if month == 12 else date(2024, month + 1, 1)
        rows = sales[sales["month"] == name]
        new = rows[rows["customer_id"].map(first) == name]
        returning = rows[rows["customer_id"].map(first) != name]
        sums["months"] += 1
        sums["users"] += len(active(start))
        sums["lost"] += len(active(start)) - len(active(end)) + new["customer_id"].nunique()
        for key, part in (("", returning), ("new_", new)):
            sums["buyers" if not key else "new"] += part["customer_id"].nunique()
            sums[key + "orders"] += part["order_id"].nunique()
            sums[key + "gmv"] += part["amount"].sum()
    assert {name.removeprefix("monthly_"): value for name, value in found.items() if name.startswith("monthly_")} == {
        **sums,
        "kept": sums["users"] - sums["lost"],
    }
    assert set(found) == set(planning.MEASURES)


def test_two_years_of_history(pdm, orders, sales, example, folder):
    """With customers from before the base year, old and new add up and match a count by hand."""
    from pdmetrics import planning

    later = re.sub(r"^start = 2025-01-01", "start = 2026-01-01", example, flags=re.M)
    found = planning.History(planning.load(model(folder, later)), orders).measures()
    first = sales.groupby("customer_id")["month"].min()
    base = sales[sales["month"] >= "2025-01"]
    old = base[base["customer_id"].map(first) < "2025-01"]
    assert found["old_customers"] == (first < "2025-01").sum()
    assert found["old_buyers"] == old["customer_id"].nunique() and found["old_gmv"] == old["amount"].sum()
    assert found["old_gmv"] + found["new_gmv"] == found["gmv"] == base["amount"].sum()
    assert found["monthly_months"] == 12


def day_weights(start, end, events):
    weights = {}
    day = start
    while day < end:
        weights[day] = 1.0
        for begin, last, multiplier in events:
            if begin <= day <= last:
                weights[day] *= multiplier
        day += timedelta(days=1)
    return weights


def test_season_moves_with_a_feast(pdm, orders, sales, example, folder):
    """Months of history ÷ their days × the days of the plan; a feast in February 2024 is in January 2025."""
    from pdmetrics import planning

    text = re.sub(r'^weekdays = "history".*$', "", example, flags=re.M)
    text = re.sub(r"^history_growth = .*$", "", text, flags=re.M)
    text = re.sub(r"^growth = 0.02.*$", "", text, flags=re.M)
    made = planning.make(planning.load(model(folder, text)), orders)
    events = [
        (date(2024, 3, 8), date(2024, 3, 8), 3.0),
        (date(2024, 6, 16), date(2024, 6, 19), 3.0),
        (date(2024, 11, 10), date(2024, 11, 12), 4.0),
        (date(2024, 2, 9), date(2024, 2, 16), 0.8),
        (date(2025, 1, 28), date(2025, 2, 4), 0.8),
    ]
    events += [(a.replace(year=2025), b.replace(year=2025), m) for a, b, m in events[:3]]
    past = day_weights(date(2024, 1, 1), date(2025, 1, 1), events)
    plan = day_weights(date(2025, 1, 1), date(2026, 1, 1), events)
    sold = sales[sales["month"] < "2025"].groupby("month")["amount"].sum()
    weights = {}
    for month, amount in sold.items():
        calm = amount / sum(w for d, w in past.items() if f"{d:%Y-%m}" == month)
        weights[f"2025{month[4:]}"] = calm * sum(w for d, w in plan.items() if f"{d:%m}" == month[5:])
    target = round(sold.sum() * 2)
    season = made.tables["season"].to_rows()
    for row in season:
        assert row["amount"] == pytest.approx(target * weights[row["month"]] / sum(weights.values()), abs=1)
    assert sum(row["amount"] for row in season) == target
    february = next(row for row in season if row["month"] == "2025-02")
    assert february["day_weight"] == pytest.approx(28 - 4 * 0.2)


def test_measured_campaign_and_weekdays(pdm, orders, sales, example, folder):
    from pdmetrics import planning
    from pdmetrics.planning import topdown
    from pdmetrics.planning.work import Work

    text = example.replace("multiplier = 4.0", 'multiplier = "history"')
    loaded = planning.load(model(folder, text))
    work = Work(loaded, planning.History(loaded, orders), None, loaded.month_names())
    events, notes = topdown._events(work)
    measured = {event.multiplier for event in events if event.name == "双11"}
    by_day = sales.groupby("day")["amount"].sum().to_dict()
    peak = [date(2024, 11, d) for d in (10, 11, 12)]
    busy = {d for e in loaded.events for d in pd.date_range(e.start, e.end).date}
    near = [d for d in pd.date_range(peak[0] - timedelta(28), peak[-1] + timedelta(28)).date if d not in busy]
    expected = sum(by_day.get(d, 0) for d in peak) / 3 / (sum(by_day.get(d, 0) for d in near) / len(near))
    assert len(measured) == 1 and measured.pop() == pytest.approx(expected, rel=1e-12)
    assert any("双11" in note.en for note in notes)
    weekdays = topdown._weekdays(work, events)
    calm = [d for d in pd.date_range("2024-01-01", "2024-12-31").date if d not in busy]
    mondays = [d for d in calm if d.weekday() == 0 and all(d + timedelta(i) in set(calm) for i in range(7))]
    sums = [sum(by_day.get(d + timedelta(i), 0) for d in mondays) for i in range(7)]
    assert weekdays == pytest.approx([7 * s / sum(sums) for s in sums], rel=1e-12)
    assert weekdays[5] > weekdays[0]  # the planted weekend


def test_shares_blend_and_segments(pdm, orders, sales, example, folder):
    from pdmetrics import planning

    made = planning.make(planning.load(model(folder, example)), orders)
    past = sales[sales["month"] < "2025"]
    own = past.groupby("channel", observed=True)["amount"].sum() / past["amount"].sum()
    capacity = {"wecom": 0.40, "miniprogram": 0.25, "group": 0.20, "livestream": 0.15}
    for row in made.tables["channel_shares"].to_rows():
        assert row["share"] == pytest.approx(0.8 * own[row["channel"]] + 0.2 * capacity[row["channel"]], rel=1e-12)
    first = past.groupby("customer_id")["month"].min()
    new = past[past["customer_id"].map(first) == past["month"]].groupby("channel", observed=True)["amount"].sum()
    whole = past.groupby("channel", observed=True)["amount"].sum()
    for row in made.tables["segment_shares"].to_rows():
        share = new[row["channel"]] / whole[row["channel"]]
        assert row["share"] == pytest.approx(share if row["segment"] == "new" else 1 - share, rel=1e-12)


def test_tracking_and_replan(run, folder, sales):
    run("plan", "--example", "track.toml")
    code, out, err = run("plan", "track.toml", "--history", "orders.parquet", "--as-of", "2025-08-17", "--out", "track")
    assert code == 0, err
    sold = sales.groupby("month")["amount"].sum()
    rows = {row["month"]: row for row in table(folder / "track", "tracking")}
    assert list(rows) == [*(f"2025-{m:02d}" for m in range(1, 9)), "total"]
    for month in list(rows)[:7]:
        row = rows[month]
        assert float(row["actual"]) == sold[month]
        assert float(row["attainment"]) == pytest.approx(sold[month] / float(row["target"]), rel=1e-12)
        assert float(row["yoy"]) == pytest.approx(sold[month] / sold[f"2024{month[4:]}"] - 1, rel=1e-12)
    running = sales[(sales["month"] == "2025-08") & (sales["day"] <= date(2025, 8, 17))]["amount"].sum()
    assert float(rows["2025-08"]["actual"]) == running
    assert 0.5 < float(rows["2025-08"]["expected_to_date"]) / float(rows["2025-08"]["target"]) < 0.6
    (pace,) = table(folder / "track", "pace")
    target = sum(int(row["amount"]) for row in table(folder / "track", "plan"))
    reached = sum(sold[f"2025-{m:02d}"] for m in range(1, 8)) + running
    assert float(pace["attainment"]) == pytest.approx(reached / target, rel=1e-12)
    expected = sum(float(rows[f"2025-{m:02d}"]["target"]) for m in range(1, 8)) + float(
        rows["2025-08"]["expected_to_date"]
    )
    assert float(pace["expected_to_date"]) == pytest.approx(expected, rel=1e-9)
    left = Fraction(int(target)) - sum(int(sold[f"2025-{m:02d}"]) for m in range(1, 8))
    anew = table(folder / "track", "replan")
    old = sum(Fraction(row["old_target"]) for row in anew)
    for row in anew:
        assert abs(left * Fraction(row["old_target"]) / old - int(row["new_target"])) < 2
    assert "2025-09" in {row["month"] for row in anew}
    channels = table(folder / "track", "tracking_channels")
    seven = sales[sales["month"].between("2025-01", "2025-07")].groupby("channel", observed=True)["amount"].sum()
    assert {row["channel"]: float(row["actual"]) for row in channels} == seven.to_dict()


def test_actuals_in_the_file(run, folder, example):
    text = example.replace("# [actuals.months]", '[actuals.months]\n"2025-01" = 150_000.50\n"2025-02" = 90_000 #')
    code, out, err = run("plan", model(folder, text), "--out", "given")
    assert code == 0, err
    rows = table(folder / "given", "tracking")
    assert [float(row["actual"]) for row in rows] == [15_000_050, 9_000_000, 24_000_050]
    assert [row["month"] for row in table(folder / "given", "replan")][0] == "2025-03"


# ------------------------------------------------------------------------------------------------------ caps and floors


def limited(example, *rows, method="by_share"):
    blocks = "\n".join(f"[[limits]]\n{row}" for row in rows)
    return example.replace('method = "by_share"', f'method = "{method}"').replace("[gap]", f"{blocks}\n[gap]")


def test_limits(run, folder, example, sales):
    text = limited(example, 'channel = "livestream"\nhigh = 100_000', 'month = "2025-11"\nhigh = 120_000.55')
    code, _, err = run("plan", model(folder, text), "--history", "orders.parquet", "--out", "limited")
    assert code == 0, err
    channels = table(folder / "limited", "plan_channels")
    assert int(channels[-1]["livestream"]) == 10_000_000
    assert int(channels[10]["total"]) == 12_000_055
    assert sum(int(row["total"]) for row in channels[:-1]) == int(channels[-1]["total"])
    for row in channels:
        assert sum(int(row[name]) for name in ("wecom", "miniprogram", "group", "livestream")) == int(row["total"])


def test_headroom(run, folder, example):
    caps = [f'channel = "{c}"\nhigh = 3_000_000' for c in ("wecom", "miniprogram", "group", "livestream")]
    code, _, err = run(
        "plan",
        model(folder, limited(example, *caps, method="by_headroom")),
        "--history",
        "orders.parquet",
        "--out",
        "room",
    )
    assert code == 0, err
    rows = table(folder / "room", "gap_by_channel")
    assert {row["breaks_capacity"] for row in rows} == {"false"}


# ------------------------------------------------------------------------------------------------------------- mistakes

WRONG = [
    ("start = 2025-01-01", "start = 2025-01-02", "plan.start: expected the first day of a month, got 2025-01-02"),
    ("start = 2025-01-01", 'start = "2025-01"', "plan.start: expected a date such as 2026-01-01, without quotes"),
    ("start = 2025-01-01", "begin = 2025-01-01", "plan.start: missing; write start = 2026-01-01"),
    ("months = 12", "months = 0", "plan.months: expected a whole number from 1 to 60, got 0"),
    ("target = 3_600_000 ", "target = 100.001", "plan.target: 100.001 has more than 2 decimal places"),
    ("target = 3_600_000 ", "target = -5 ", "plan.target: expected an amount above 0"),
    ('timezone = "Asia/Shanghai"', 'timezne = "Asia/Shanghai"', 'plan.timezne: no such key; did you mean "timezone"?'),
    ('timezone = "Asia/Shanghai"', 'timezone = "Mars/Base"', 'no time zone "Mars/Base"'),
    (
        'time = "time"',
        'time = "paid"',
        'history.columns.time: orders.parquet has no column "paid"; name one of customer_id',
    ),
    ('column = "channel"', 'column = "shop"', 'channels.column: orders.parquet has no column "shop"'),
    ("12*users*cvr", "12*users**cvr", "formula.text: character 15"),
    ("12*users*cvr", "12*user*cvr", 'formula.text: character 9: "user" is neither a leaf nor defined'),
    ("gmv = 12", "gmv = gmv + 12", "formula.text: "),
    ('history = "active_customers"     #', 'history = "actives" #', "leaves.users.history: "),
    ('history = "active_customers"     #', 'history = "gmv / old_gmv" #', "has no value: div_by_zero"),
    ('role = "rate"\nvalue = 1.0', 'role = "rate"\nvalue = 1.5', "leaves.fcvr: a rate is between 0 and 1, this is 1.5"),
    ('role = "count"\nhistory = "new_customers"', 'role = "counts"', "leaves.new.role: expected one of free, count"),
    ("cvr = { high = 0.60 }", "cvr = { low = 0.9, high = 0.60 }", "levers.cvr.low: 0.9 is above high = 0.60"),
    (
        "cvr = { high = 0.60 }",
        "cvrs = { high = 0.60 }",
        "levers.cvrs: no such leaf of the formula; there are users, cvr",
    ),
    ('method = "pct"', 'method = "equal"', "levers.method: expected one of pct, log, min_sq"),
    ('method = "mean_ratio"', 'method = "cma"', "season.method: "),
    ("start = 2025-06-16", "start = 2025-06-20", "season.events[4].end: 2025-06-19 is before start = 2025-06-20"),
    ("multiplier = 4.0", "", "multiplier: missing; write multiplier = 3.0, or"),
    (
        "blend = { history = 0.8, capacity = 0.2 }",
        "blend = { history = 1, guess = 1 }",
        "channels.blend.guess: no source",
    ),
    ("churn = { history", "churns = { history", "roll.churn: missing; write churn = 0.05 a month"),
    (
        'conversion_rate = { history = "monthly_buyers / monthly_kept", value = 0.25 }',
        "conversion_rate = [0.1, 0.2]",
        "roll.conversion_rate: expected 12 numbers, one a month, got 2",
    ),
    (
        'conversion_rate = { history = "monthly_buyers / monthly_kept", value = 0.25 }',
        "conversion_rate = 0.9",
        "with the season is above 1",
    ),
    (
        "# as_of = 2025-07-15",
        "as_of = 2026-07-15",
        "actuals.as_of: 2026-07-15 is no day of the plan (2025-01-01 to 2025-12-31)",
    ),
    ("# [actuals.months]", '[actuals.months]\n"2024-01" = 1 #', "actuals.months.2024-01: no month of the plan"),
    ('method = "keep_total"', 'method = "keep"', "replan.method: expected one of keep_total"),
    ("[plan]", "[plann]", "plan.start: missing"),
    ("months = 12", "months = twelve", "not valid TOML"),
    ("active_months = 6", "active_months = 24", "needs a whole active window (24 months)"),
]


@pytest.mark.parametrize(("text", "instead", "message"), WRONG, ids=[message[:40] for _, _, message in WRONG])
def test_mistakes_are_named(run, folder, example, text, instead, message):
    assert text in example
    path = model(folder, example.replace(text, instead), "wrong.toml")
    code, out, err = run("plan", path.name, "--history", "orders.parquet")
    assert code == 2 and out == "", (out, err)
    assert message in err and err.count("\n") == 1 and "Traceback" not in err
    if "time zone" not in message:
        assert "wrong.toml" in err


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (['channel = "shop"\nhigh = 5'], 'limits[1].channel: no channel "shop"; there are'),
        (
            ['month = "2026-01"\nhigh = 5'],
            'limits[1].month: "2026-01" is no month of the plan; they are 2025-01 to 2025-12',
        ),
        (['channel = "wecom"'], "limits[1].high: write low = …, high = … or both"),
        (['channel = "wecom"\nmonth = "2025-01"\nhigh = 5'], "limits[1].channel: write either channel"),
        (['channel = "wecom"\nlow = 6\nhigh = 5'], "limits[1].low: 6 is above high = 5"),
        (
            [f'channel = "{c}"\nhigh = 5' for c in ("wecom", "group", "miniprogram", "livestream")],
            "cannot hold the target",
        ),
    ],
)
def test_limits_that_cannot_be(run, folder, example, rows, message):
    path = model(folder, limited(example, *rows), "wrong.toml")
    code, _, err = run("plan", path.name, "--history", "orders.parquet")
    assert code == 2 and message in err and "wrong.toml: limits" in err


def test_no_target(run, folder, example):
    text = re.sub(r"^(growth = 1.00|target = ).*$", "", example, flags=re.M)
    code, _, err = run("plan", model(folder, text, "wrong.toml").name)
    assert code == 2 and "wrong.toml: plan.target: missing; write target = 12_000_000" in err
    text = re.sub(r"^target = .*$", "", example, flags=re.M)
    code, _, err = run("plan", model(folder, text, "wrong.toml").name)
    assert code == 2 and "wrong.toml: plan.growth: needs order rows" in err


def test_other_mistakes(run, folder, example):
    good = model(folder, example, "good.toml")
    for arguments, message in (
        (["absent.toml"], 'no model file "absent.toml"'),
        ([], "which model file?"),
        ([good.name, "--history", "absent.csv"], 'no file "absent.csv"'),
        ([good.name, "--history", "orders.parquet", "--as-of", "soon"], "--as-of: expected a date"),
        (
            [good.name, "--history", "SELECT * FROM 'orders.parquet' WHERE amount > 1e15"],
            "no rows with an amount above 0",
        ),
        ([good.name, "--history", "SELECT * FROM 'orders.parquet' WHERE time > '2025-06-01'"], "plan.growth"),
        (
            [
                good.name,
                "--history",
                "SELECT * REPLACE (CASE WHEN amount > 9000 THEN channel END AS channel) FROM 'orders.parquet'",
            ],
            'column "channel" is empty in',
        ),
    ):
        code, out, err = run("plan", *arguments)
        assert code == 2 and message in err and err.count("\n") == 1, (arguments, err)
    path = model(folder, limited(example, method="by_headroom"), "wrong.toml")
    code, _, err = run("plan", path.name, "--history", "orders.parquet")
    assert code == 2 and "gap.method: by_headroom needs a cap of every channel" in err
    (folder / "gbk.toml").write_bytes('name = "计划"'.encode("gbk"))
    code, _, err = run("plan", "gbk.toml")
    assert code == 2 and "gbk.toml: not UTF-8" in err


# -------------------------------------------------------------------------------------------------------- documentation


@pytest.mark.parametrize("page", ["planning.md", "planning.zh-CN.md"])
def test_the_guide_names_every_key(pdm, example, page):
    from pdmetrics.planning import MEASURES

    text = (ROOT / "docs" / "guide" / page).read_text(encoding="utf-8")
    section = ""
    for line in example.splitlines():
        found = re.match(r"^#? ?\[+([a-z_.]+)", line)
        section = found[1] if found else section
        key = re.match(r"^#? ?([a-z_]+) = ", line)
        for name in filter(None, (section.split(".")[0], key and key[1])):
            known = section in ("channels.shares", "channels.sources.capacity", "segments.shares", "levers")
            assert f"{name}" in text or known, (section, name)
    if page == "planning.md":
        for name in MEASURES:
            assert f"`{name}`" in text, name


def test_frames_of_any_kind(pdm, orders, example, folder):
    from pdmetrics import planning

    loaded = planning.load(model(folder, example))
    expected = planning.make(loaded, folder / "orders.parquet").cells
    polars = pytest.importorskip("polars")
    for frame in (
        orders,
        orders.to_pandas(),
        polars.read_parquet(folder / "orders.parquet"),
        f"{folder}/orders.parquet",
    ):
        assert planning.make(loaded, frame).cells == expected
    with pytest.raises(pdm.ArgumentError, match="expected a data frame, a file or a query, got dict"):
        planning.make(loaded, {"time": []})


def test_a_plan_of_any_size_adds_up(pdm, example, folder):
    from pdmetrics import planning

    text = re.sub(r"^blend = .*$", "", example, flags=re.M)
    text = re.sub(r"\[channels.sources.capacity\].*?\n\n", "", text, flags=re.S)
    for key, count, share in (("channels", 50, "{} = {}"), ("segments", 20, "{} = {}.37")):
        rows = "\n".join(share.format(f"part_{i:02d}", i + 1) for i in range(count))
        text = re.sub(rf"\[{key}.shares\].*?\n\n", f"[{key}.shares]\n{rows}\n\n", text, flags=re.S)
    made = planning.make(planning.load(model(folder, text)))
    assert len(made.cells) == 12 * 50 * 20 and sum(made.cells.values()) == 360_000_000
    channels = made.tables["plan_channels"]
    whole = sum(range(1, 51))
    for i in range(50):
        share = Fraction(360_000_000 * (i + 1), whole)
        assert abs(channels.rows[-1][i + 1] - share) < 1
        assert channels.rows[-1][i + 1] == sum(row[i + 1] for row in channels.rows[:-1])


def test_amounts_as_floats_and_other_names(pdm, orders, example, folder, run):
    """The same orders in yuan, under other names, with local times without zone: the same plan."""
    query = (
        "SELECT customer_id AS uid, order_id AS oid, amount / 100.0 AS paid, channel AS shop, "
        "(time AT TIME ZONE 'Asia/Shanghai') AS paid_at FROM 'orders.parquet'"
    )
    text = example
    for old, new in (
        ('customer = "customer_id"', 'customer = "uid"'),
        ('order = "order_id"', 'order = "oid"'),
        ('time = "time"', 'time = "paid_at"'),
        ('amount = "amount"', 'amount = "paid"'),
        ('column = "channel"', 'column = "shop"'),
        ('# naive_time = "local"', 'naive_time = "local"'),
    ):
        assert old in text
        text = text.replace(old, new)
    one = run("plan", model(folder, example, "a.toml"), "--history", "orders.parquet", "--json")
    other = run("plan", model(folder, text, "b.toml"), "--history", query, "--json")
    assert one[0] == other[0] == 0, other[2]
    assert json.loads(one[1])["tables"] == json.loads(other[1])["tables"]
