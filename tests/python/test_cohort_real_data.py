"""Cohorts of real shops: Online Retail and CDNOW. Every cell against DuckDB's own SQL, and CDNOW's published repeat counts."""

import math

import cohort_library as library
import pytest
from funnel_reference_tables import wilson

duckdb = pytest.importorskip("duckdb")

DAY = 86_400_000_000
WITHIN = (7, 30, 90)


@pytest.fixture(scope="module")
def shop(shared):
    """Online Retail, the usual cleaning, as table `lines`: unit, time, order_id, breakdown (the country), value."""
    path = shared("data", "online-retail", "online_retail.csv.gz")
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute(
        """
        CREATE TABLE lines AS SELECT
            CAST(CustomerID AS BIGINT) AS unit,
            epoch_us(CAST(InvoiceDate AS TIMESTAMP)) AS time,
            InvoiceNo AS order_id,
            Country AS breakdown,
            CAST(CAST(Quantity AS BIGINT) * CAST(UnitPrice AS DECIMAL(12, 3)) * 1000 AS BIGINT) AS value
        FROM read_csv(?, all_varchar = true)
        WHERE CustomerID <> '' AND InvoiceNo NOT LIKE 'C%' AND CAST(Quantity AS BIGINT) > 0
            AND CAST(UnitPrice AS DECIMAL(12, 3)) > 0
        """,
        [str(path)],
    )
    assert rows_of(db, "SELECT count(DISTINCT unit), count(DISTINCT order_id) FROM lines") == [(4_338, 18_532)]
    yield db
    db.close()


def read_cdnow(db, path, unit):
    db.execute(
        f"""
        CREATE TABLE lines AS SELECT
            CAST({unit} AS BIGINT) AS unit,
            epoch_us(strptime(date, '%Y%m%d')) AS time,
            row_number() OVER () AS order_id,
            CAST(CAST(dollar_value AS DECIMAL(12, 2)) * 100 AS BIGINT) AS value
        FROM read_csv(?, all_varchar = true)
        """,
        [str(path)],
    )


@pytest.fixture(scope="module")
def cdnow(shared):
    """Every purchase of CDNOW's customers."""
    db = duckdb.connect()
    db.execute("SET threads = 1")
    read_cdnow(db, shared("data", "cdnow", "cdnow_master.csv.gz"), "customer_id")
    assert rows_of(db, "SELECT count(*), count(DISTINCT unit) FROM lines") == [(69_659, 23_570)]
    yield db
    db.close()


@pytest.fixture(scope="module")
def sample(shared):
    """The 1/10 sample that the papers are about."""
    db = duckdb.connect()
    read_cdnow(db, shared("data", "cdnow", "cdnow_sample.csv.gz"), "sample_id")
    yield db
    db.close()


def rows_of(db, sql):
    return db.execute(sql).fetchall()


def frame(db, where="true"):
    return db.sql(f"SELECT * FROM lines WHERE {where}").to_arrow_table()


@pytest.fixture(scope="module")
def repurchase(pdm):
    if not library.has("repurchase"):
        pytest.skip("the installed pdmetrics has no metric repurchase")
    return pdm.repurchase


def close(got, wanted):
    """SQL gives numbers as float, int, decimal or null; times as µs."""
    if got is None or wanted is None:
        return got is None and wanted is None
    if isinstance(wanted, str):
        return got == wanted
    return math.isclose(float(got), float(wanted), rel_tol=1e-12)


def assert_table(table, columns, expected):
    got = list(zip(*(library.raw(table[name]) for name in columns)))
    assert len(got) == len(expected) > 0
    for mine, theirs in zip(got, expected):
        assert all(map(close, mine, theirs)), (columns, mine, theirs)


def assert_rates(table, name="rate", prefix=""):
    """The rate and its interval, from numerator and denominator."""
    for num, den, rate, lo, hi in zip(*(table[prefix + part].to_list() for part in ("num", "den")), *(
        table[column].to_list() for column in (name, prefix + "lo", prefix + "hi")
    )):  # fmt: skip
        ends = wilson(num, den, 0.95) if num is not None else (None, None)
        assert close(rate, num / den if num is not None and den else None)
        for got, wanted in zip((lo, hi), ends):
            assert (got is None) == (wanted is None) and (got is None or abs(got - wanted) < 1e-12)


# ---- repurchase: the same in SQL --------------------------------------------------------------------------------------------

ORDERS = {
    "separate": "SELECT unit, order_id, min(time) AS time FROM lines GROUP BY unit, order_id",
    "merge": "SELECT unit, 0, min(time) AS time FROM lines GROUP BY unit, time // 86400000000",
}
GROUPS = {
    "none": "SELECT DISTINCT unit, NULL AS grp FROM lines",
    "entry": """SELECT unit, min(breakdown) AS grp FROM lines
        WHERE (unit, time) IN (SELECT (unit, min(time)) FROM lines GROUP BY unit) GROUP BY unit""",
    "latest": """SELECT unit, min(breakdown) AS grp FROM lines
        WHERE (unit, time) IN (SELECT (unit, max(time)) FROM lines GROUP BY unit) GROUP BY unit""",
}
QUANTILES = ", ".join(f"quantile_cont(gap, {q})" for q in (0.1, 0.25, 0.5, 0.75, 0.9))


def prepare(db, same_day, breakdown_by, period, as_of):
    """Tables `orders` (grp, unit, j, time, gap before, period number) and `grid` (grp, period number)."""
    number = f"CAST(date_diff('{period}', TIMESTAMP '1970-01-01', make_timestamp(time)) AS BIGINT)"
    db.execute(
        f"""
        CREATE OR REPLACE TABLE orders AS SELECT grp, unit, time, {number} AS p,
            row_number() OVER w AS j, time - lag(time) OVER w AS gap
        FROM ({ORDERS[same_day]}) JOIN ({GROUPS[breakdown_by]}) USING (unit)
        WINDOW w AS (PARTITION BY unit ORDER BY time, order_id)
        """.replace("unit, 0, min", "unit, 0 AS order_id, min")
    )
    last = rows_of(db, f"SELECT {number} FROM (SELECT {as_of} AS time)")[0][0]
    db.execute(
        f"""
        CREATE OR REPLACE TABLE grid AS SELECT grp, p, epoch_us(TIMESTAMP '1970-01-01' + p * INTERVAL 1 {period}) AS start,
            epoch_us(TIMESTAMP '1970-01-01' + (p + 1) * INTERVAL 1 {period}) - 1 AS ends,
            epoch_us(TIMESTAMP '1970-01-01' + (p + 2) * INTERVAL 1 {period}) - 1 AS next_ends
        FROM (SELECT DISTINCT grp FROM orders), (SELECT unnest(range((SELECT min(p) FROM orders), {last} + 1)) AS p)
        """
    )


PERIODS = """
    WITH b AS (SELECT grp, unit, p, count(*) AS n FROM orders GROUP BY ALL), f AS (SELECT unit, min(p) AS first FROM orders GROUP BY unit)
    SELECT g.grp, g.start, count(b.unit), coalesce(sum(b.n), 0), sum(b.n) / nullif(count(b.unit), 0),
        count(*) FILTER (b.n >= 2), count(b.unit),
        CASE WHEN g.next_ends <= {as_of} THEN count(b2.unit) END, count(b.unit),
        count(*) FILTER (f.first < g.p), count(b.unit), g.ends <= {as_of}
    FROM grid g LEFT JOIN b ON b.p = g.p AND b.grp IS NOT DISTINCT FROM g.grp LEFT JOIN f ON f.unit = b.unit
        LEFT JOIN b b2 ON b2.unit = b.unit AND b2.p = b.p + 1
    GROUP BY g.grp, g.p, g.start, g.ends, g.next_ends ORDER BY g.grp NULLS FIRST, g.p
"""
COHORTS = """
    WITH f AS (SELECT grp, unit, min(p) FILTER (j = 1) AS p, min(time) AS first, min(time) FILTER (j = 2) AS second FROM orders GROUP BY ALL),
    cells AS (SELECT grp, p, start, ends, n FROM grid, (SELECT unnest([7, 30, 90]) AS n)
        UNION ALL SELECT grp, NULL, NULL, max(ends), n FROM grid, (SELECT unnest([7, 30, 90]) AS n) GROUP BY grp, n)
    SELECT c.grp, c.start, c.n, count(f.unit),
        count(*) FILTER ({as_of} - f.first >= c.n * 86400000000 AND f.second - f.first <= c.n * 86400000000),
        count(*) FILTER ({as_of} - f.first >= c.n * 86400000000), c.ends + c.n * 86400000000 <= {as_of}
    FROM cells c LEFT JOIN f ON (f.p = c.p OR c.p IS NULL) AND f.grp IS NOT DISTINCT FROM c.grp
    GROUP BY c.grp, c.p, c.start, c.ends, c.n ORDER BY c.grp NULLS FIRST, c.p NULLS FIRST, c.n
"""
LADDER = """
    SELECT a.grp, a.j, count(b.unit), count(*), count(*) - count(b.unit), avg(b.gap), {quantiles}
    FROM orders a LEFT JOIN orders b ON b.unit = a.unit AND b.j = a.j + 1
    GROUP BY a.grp, a.j HAVING count(b.unit) > 0 OR a.j = 1 ORDER BY a.grp NULLS FIRST, a.j
"""
GAPS = """
    WITH u AS (SELECT grp, unit, count(*) AS n, {as_of} - max(time) AS open, median(gap) AS half FROM orders GROUP BY ALL),
    beside AS (SELECT grp, count(*) FILTER (n = 1) AS single, count(*) AS open_n, avg(open) AS open_mean, median(open) AS open_half FROM u GROUP BY grp),
    gaps AS (SELECT grp, 'gaps' AS kind, gap FROM orders UNION ALL SELECT grp, 'units', half FROM u)
    SELECT grp, kind, count(gap), avg(gap), {quantiles}, any_value(single), any_value(open_n), any_value(open_mean), any_value(open_half)
    FROM gaps JOIN beside ON gaps.grp IS NOT DISTINCT FROM beside.grp GROUP BY gaps.grp, kind ORDER BY gaps.grp NULLS FIRST, kind
""".replace("SELECT grp, kind, count", "SELECT gaps.grp, kind, count")
UNITS = """
    SELECT unit, any_value(grp), count(*), min(time), min(time) FILTER (j = 2), max(time), median(gap), {as_of} - max(time)
    FROM orders GROUP BY unit ORDER BY unit
"""
QUARTILES = ["mean", "p10", "p25", "median", "p75", "p90"]


def assert_all(db, result, as_of):
    def sql(text, gap="gap"):
        return rows_of(db, text.format(as_of=as_of, quantiles=QUANTILES.replace("gap,", gap + ",")))

    rates = [f"{name}_{part}" for name in ("repeat_rate", "return_rate", "returning_share") for part in ("num", "den")]
    columns = ["group", "period_start", "buyers", "orders", "frequency", *rates, "complete"]
    assert_table(result["periods"], columns, sql(PERIODS))
    for name in ("repeat_rate", "return_rate", "returning_share"):
        assert_rates(result["periods"], name, name + "_")
    assert_table(result["repurchase_n"], ["group", "cohort_start", "n", "size", "num", "den", "complete"], sql(COHORTS))
    assert_table(result["ladder"], ["group", "from", "num", "den", "stopped", *QUARTILES], sql(LADDER, "b.gap"))
    for name in ("repurchase_n", "ladder"):
        assert_rates(result[name])
    beside = ["single_order_units", "open_gaps", "open_mean", "open_median"]
    assert_table(result["gaps"], ["group", "over", "n", *QUARTILES, *beside], sql(GAPS))
    columns = ["unit", "group", "orders", "first_time", "second_time", "last_time", "median_gap", "open_gap"]
    assert_table(result["units"], columns, sql(UNITS))
    assert result["buyers"]["unit"].to_list() == [
        unit for (unit,) in rows_of(db, "SELECT DISTINCT ON (grp, p, unit) unit FROM orders ORDER BY grp NULLS FIRST, p, unit")
    ]


@pytest.mark.parametrize("breakdown_by", ["none", "entry", "latest"])
@pytest.mark.parametrize("same_day", ["separate", "merge"])
@pytest.mark.parametrize("period", ["month", "quarter"])
def test_repurchase_of_the_shop(shop, repurchase, same_day, breakdown_by, period):
    as_of = 15_332 * DAY - 1  # the end of 2011-12-24
    prepare(shop, same_day, breakdown_by, period, as_of)
    asked = {"same_day": same_day, "breakdown_by": breakdown_by, "period": period, "as_of": as_of, "list_units": True}
    result = repurchase(frame(shop), n=list(WITHIN), **asked)
    assert_all(shop, result, as_of)
    assert result["totals"]["units"].to_list() == [4_338]


@pytest.mark.parametrize("period", ["month", "year", "day"])
def test_repurchase_of_cdnow(cdnow, repurchase, period):
    (as_of,) = rows_of(cdnow, "SELECT max(time) FROM lines")[0]
    prepare(cdnow, "merge", "none", period, as_of)
    assert_all(cdnow, repurchase(frame(cdnow), same_day="merge", period=period, list_units=True), as_of)


def test_published_repeat_counts(sample, repurchase, shared):
    """Fader and Hardie's sample to 1997-09-30: 2 357 customers, 1 411 without repeat, 2 457 repeat days; 1 882 days in the 39 weeks after."""
    (cut,) = rows_of(sample, "SELECT epoch_us(TIMESTAMP '1997-10-01')")[0]
    before = repurchase(frame(sample, f"time < {cut}"), same_day="merge", period="year", list_units=True)
    after = repurchase(frame(sample), same_day="merge", period="year")
    customers, days = before["totals"]["units"].to_list()[0], before["totals"]["orders"].to_list()[0]
    assert (customers, days - customers) == (2_357, 2_457)
    assert before["gaps"]["single_order_units"].to_list()[0] == 1_411
    first = [before["ladder"][name].to_list()[0] for name in ("num", "den", "stopped")]
    assert first == [2_357 - 1_411, 2_357, 1_411]
    assert after["totals"]["orders"].to_list()[0] - days == 1_882
    path = shared("data", "cdnow", "cdnow_customers_summary.csv.gz")
    published = rows_of(sample, f"SELECT ID, frequency, recency FROM read_csv('{path}') ORDER BY ID")
    units = before["units"]
    assert units["unit"].to_list() == [customer for customer, _, _ in published]
    assert [orders - 1 for orders in units["orders"].to_list()] == [times for _, times, _ in published]
    firsts, lasts = library.raw(units["first_time"]), library.raw(units["last_time"])
    for first, last, (_, _, weeks) in zip(firsts, lasts, published):
        assert abs((last - first) / DAY / 7 - weeks) <= 0.0051


# ---- retention: the same in SQL ---------------------------------------------------------------------------------------------

ENTRIES = {
    "first_time": "SELECT unit, min(p) AS c FROM rows GROUP BY unit",
    "recurring": "SELECT DISTINCT unit, p AS c FROM rows",
}
CELLS = """
    WITH rows AS (SELECT unit, value, CAST(date_diff('{period}', TIMESTAMP '1970-01-01', make_timestamp(time)) AS BIGINT) AS p FROM lines),
    e AS ({entries}),
    grid AS (SELECT c, k FROM (SELECT DISTINCT p AS c FROM rows WHERE p > (SELECT max(p) FROM rows) - {intervals}),
        (SELECT unnest(range({intervals})) AS k)),
    sizes AS (SELECT c, count(*) AS size FROM e GROUP BY c),
    found AS (SELECT e.c, p - e.c AS k, count(DISTINCT unit) AS n, sum(value) AS value FROM e JOIN rows USING (unit) GROUP BY ALL)
    SELECT epoch_us(TIMESTAMP '1970-01-01' + c * INTERVAL 1 {period}), k, coalesce(size, 0),
        CASE WHEN k = 0 THEN coalesce(size, 0) WHEN c + k <= (SELECT max(p) FROM rows) THEN coalesce(n, 0) END,
        CASE WHEN c + k <= (SELECT max(p) FROM rows) THEN coalesce(value, 0) END,
        CASE WHEN c + k < (SELECT max(p) FROM rows) THEN 'complete' WHEN c + k = (SELECT max(p) FROM rows) THEN 'partial' ELSE 'future' END
    FROM grid LEFT JOIN sizes USING (c) LEFT JOIN found USING (c, k) ORDER BY c, k
"""


@pytest.mark.parametrize("entry", ["first_time", "recurring"])
@pytest.mark.parametrize(("source", "period", "intervals"), [("shop", "month", 13), ("shop", "week", 20), ("cdnow", "month", 18)])
def test_retention(request, pdm, source, period, intervals, entry):
    """Triangles of real shops; weeks of DuckDB and of the library begin on Monday."""
    if not library.has("retention"):
        pytest.skip("the installed pdmetrics has no metric retention")
    db = request.getfixturevalue(source)
    start = "1969-12-29" if period == "week" else "1970-01-01"  # a Monday
    text = CELLS.format(period=period, intervals=intervals, entries=ENTRIES[entry]).replace("1970-01-01", start)
    expected = rows_of(db, text)
    asked = {"period": period, "intervals": intervals, "cohort_entry": entry, "retained_value": True}
    result = pdm.retention(frame(db), **asked)
    cells = result["cells"]
    assert_table(cells, ["cohort_start", "k", "size", "retained", "value_sum", "status"], expected)
    assert len(expected) == intervals * intervals and sum(row[2] for row in expected[::intervals]) > 0
    assert_rates(cells)
