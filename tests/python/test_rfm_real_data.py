"""RFM of real shops: Online Retail and CDNOW. Every cell against DuckDB's own SQL and the naive reference.

Amounts of Online Retail are thousandths of a pound (prices have up to three decimals), of CDNOW cents.
"""

import json
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
import rfm_reference as reference

duckdb = pytest.importorskip("duckdb")

ROWS = 541_909
WITHOUT_CUSTOMER = 135_080
DAY = reference.DAY
AS_OF = reference.DAY * (datetime(2011, 12, 10) - reference.EPOCH).days  # midnight after the last row
MIDDLE = reference.DAY * (datetime(2011, 6, 1) - reference.EPOCH).days
COLUMNS = "customer_id, order_id, time, amount"


def scalar(db, sql):
    return db.execute(sql).fetchall()[0][0]


@pytest.fixture(scope="module")
def shop(shared):
    """A connection with table `lines`, all rows of Online Retail, and `clean`, the usual cleaning."""
    path = shared("data", "online-retail", "online_retail.csv.gz")
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute(
        """
        CREATE TABLE lines AS SELECT
            CAST(nullif(CustomerID, '') AS BIGINT) AS customer_id,
            InvoiceNo AS order_id,
            epoch_us(CAST(InvoiceDate AS TIMESTAMP)) AS time,
            CAST(CAST(Quantity AS BIGINT) * CAST(UnitPrice AS DECIMAL(12, 3)) * 1000 AS BIGINT) AS amount,
            CAST(Quantity AS BIGINT) AS quantity
        FROM read_csv(?, all_varchar = true)
        """,
        [str(path)],
    )
    db.execute(
        """
        CREATE VIEW clean AS SELECT * FROM lines
        WHERE customer_id IS NOT NULL AND order_id NOT LIKE 'C%' AND quantity > 0 AND amount > 0
        """
    )
    assert scalar(db, "SELECT count(*) FROM lines") == ROWS
    assert scalar(db, "SELECT sum(amount) FROM lines") == 9_747_747_934
    yield db
    db.close()


def frame(db, source, columns=COLUMNS):
    return db.sql(f"SELECT {columns} FROM {source}").to_arrow_table()


def rows_for_reference(db, source):
    names = COLUMNS.split(", ")
    return [dict(zip(names, row)) for row in db.sql(f"SELECT {COLUMNS} FROM {source}").fetchall()]


@pytest.fixture(scope="module")
def vectors(shared):
    path = shared("vectors", "rfm-clv", "rfm_online_retail.json")
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case["expect"] for case in cases}


ASK = {
    "or_gross": ("clean", {}),
    "or_net_of_cancellations": ("lines", {"null_rows": "skip"}),
    "or_cn8_mean": ("clean", {"map": "cn8"}),
}


@pytest.fixture(scope="module", params=["reference", "library"])
def ask(request, shop):
    """ask(vector) → the tables, by the reference or by the library. Kept, since asking takes a while."""
    kept = {}
    library = request.getfixturevalue("pdm") if request.param == "library" else None

    def tables(name):
        source, options = ASK[name]
        if name not in kept and library:
            kept[name] = reference.package_tables(library.rfm(frame(shop, source), **options))
        elif name not in kept:
            kept[name] = reference.rfm(rows_for_reference(shop, source), **options)
        return kept[name]

    return tables


# ---- the figures of the vectors ---------------------------------------------------------------------------------------------


def thousandths(value):
    return int(Fraction(str(value)) * 1000)


def test_gross_totals(ask, vectors):
    expect, table = vectors["or_gross"], ask("or_gross")["rfm"]
    days, orders, money = ([row[name] for row in table] for name in ("recency_days", "frequency", "monetary"))
    assert len(table) == expect["customers"]
    assert sum(days) == expect["sum_R"]
    assert sum(orders) == expect["sum_F"]
    assert sum(money) == thousandths(expect["sum_M"])
    assert (max(orders), max(money)) == (expect["max_F"], thousandths(expect["max_M"]))
    assert float(reference.median(days)) == expect["median_R"]
    assert float(reference.median(orders)) == expect["median_F"]
    assert reference.median(money) == Fraction(str(expect["median_M"])) * 1000
    assert orders.count(1) == expect["F1"]


def test_net_totals(ask, vectors):
    expect, tables = vectors["or_net_of_cancellations"], ask("or_net_of_cancellations")
    table, stats = tables["rfm"], tables["stats"][0]
    money = [row["monetary"] for row in table]
    assert len(table) == expect["customers"] == stats["customers"]
    assert sum(money) == thousandths(expect["sum_M"])
    assert sum(1 for value in money if value < 0) == expect["negative_M"]
    assert money.count(0) == expect["zero_M"]
    assert stats["customers_without_order"] == expect["customers_only_cancellations"]
    assert (stats["rows"], stats["rows_null"], stats["rows_outside"]) == (ROWS, WITHOUT_CUSTOMER, 0)


def test_midrank_histograms(ask, vectors):
    expect, tables = vectors["or_scores_pct_rank_mid"], ask("or_gross")
    table = tables["rfm"]
    for d in ("r", "f", "m"):
        count = Counter(row[d + "_score"] for row in table)
        assert [count[s] for s in range(1, 6)] == expect[d]
    codes = Counter(row["code"] for row in table)
    assert (codes["555"], codes["111"]) == (expect["code_555"], expect["code_111"])
    assert Counter(row["segment"] for row in table) == expect["en11"]
    sizes = {row["segment"]: row["customers"] for row in tables["segments"] if row["segment"] != "total"}
    assert sizes == expect["en11"]


def test_cn8_by_mean(ask, vectors):
    expect, tables = vectors["or_cn8_mean"], ask("or_cn8_mean")
    assert Counter(row["segment"] for row in tables["rfm"]) == expect["counts"]
    splits = {row["dimension"]: float(row["split"]) for row in tables["thresholds"] if row["split"] is not None}
    wanted = expect["split"]
    assert splits == pytest.approx({"r": wanted["R"], "f": wanted["F"], "m": 1000 * wanted["M"]}, rel=1e-9)


# ---- against SQL ------------------------------------------------------------------------------------------------------------

PER_CUSTOMER = """
    WITH orders AS (
        SELECT customer_id, order_id, min(time) AS time, sum(amount) AS sale
        FROM lines WHERE customer_id IS NOT NULL AND amount >= 0 GROUP BY ALL
    ), refunds AS (
        SELECT customer_id, -sum(amount) AS refunds
        FROM lines WHERE customer_id IS NOT NULL AND amount < 0 AND time >= {begin} AND time < {end} GROUP BY ALL
    )
    SELECT customer_id, CAST({end} // {day} - max(time) // {day} AS BIGINT) AS recency_days, count(*) AS frequency,
        CAST(sum(sale) - coalesce(any_value(refunds), 0) AS BIGINT) AS monetary,
        min(time) AS first_time, max(time) AS last_time, count(*) AS orders, CAST(sum(sale) AS BIGINT) AS gmv,
        CAST(coalesce(any_value(refunds), 0) AS BIGINT) AS refunds
    FROM orders LEFT JOIN refunds USING (customer_id)
    WHERE sale > 0 AND time >= {begin} AND time < {end}
    GROUP BY customer_id ORDER BY customer_id
"""


def per_customer(db, begin, end):
    relation = db.sql(PER_CUSTOMER.format(begin=begin, end=end, day=DAY))
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def test_cancelled_invoices_are_no_orders_of_others(shop):
    """What makes the SQL right: no cancellation shares the number of a sale, so all refunds are unlinked."""
    shared_numbers = """
        SELECT count(*) FROM (SELECT order_id FROM lines WHERE customer_id IS NOT NULL
        GROUP BY order_id HAVING min(amount) < 0 AND max(amount) >= 0)
    """
    assert scalar(shop, shared_numbers) == 0


def test_every_customer_equals_sql(ask, shop):
    table = ask("or_net_of_cancellations")["rfm"]
    reference.assert_same(per_customer(shop, 0, AS_OF), table, ["customer_id"])


def test_totals_close(ask, shop):
    """Nothing is lost: customers in the table and the others hold all money of the rows with a customer."""
    tables = ask("or_net_of_cancellations")
    total = tables["segments"][-1]
    money = scalar(shop, "SELECT sum(amount) FROM lines WHERE customer_id IS NOT NULL")
    sales = "SELECT sum(amount) FROM lines WHERE customer_id IS NOT NULL AND amount >= 0"
    assert total["net"] + tables["stats"][0]["money_without_order"] == money
    assert total["gmv"] == scalar(shop, sales)
    for name in ("customers", "orders", "gmv", "net", "repeat_customers"):
        assert sum(row[name] for row in tables["segments"][:-1]) == total[name]
    stats = tables["stats"][0]
    refunds = scalar(shop, "SELECT count(*) FROM lines WHERE customer_id IS NOT NULL AND amount < 0")
    assert (stats["refund_rows_linked"], stats["refund_rows_unlinked"]) == (0, refunds)


# ---- the library against the reference --------------------------------------------------------------------------------------

WINDOWS = [("before", 0, MIDDLE), ("after", MIDDLE, AS_OF)]
KEYS = {
    "rfm": ["window", "customer_id"],
    "segments": ["window", "segment"],
    "thresholds": ["window", "dimension", "class"],
    "stats": ["window"],
    "migration": ["from_window", "to_window", "from_segment", "to_segment"],
    "migration_summary": ["from_window", "to_window"],
}


@pytest.mark.parametrize("frozen", ["per_window", "frozen"])
def test_migration_of_a_year(shop, pdm, frozen):
    options = {"null_rows": "skip", "windows": WINDOWS, "thresholds": frozen}
    tables = reference.package_tables(pdm.rfm(frame(shop, "lines"), **options))
    expected = reference.rfm(rows_for_reference(shop, "lines"), **options)
    for name, begin, end in WINDOWS:
        here = [row for row in tables["rfm"] if row["window"] == name]
        reference.assert_same(per_customer(shop, begin, end), here, ["customer_id"])
    for name, key in KEYS.items():
        got = sorted(tables[name], key=lambda row: [str(row[part]) for part in key])
        want = sorted(expected[name], key=lambda row: [str(row[part]) for part in key])
        if name == "migration":  # whether cells without customers are listed for absent → absent is not settled
            got, want = ([row for row in rows if row["customers"]] for rows in (got, want))
        ignore = ("cut", "split") if frozen == "frozen" and name == "thresholds" else ()
        reference.assert_same(want, got, key, ignore)


def test_shards_merge_to_the_same_bytes(shop, pdm):
    whole = pdm.RFM(null_rows="skip", windows=WINDOWS)
    whole.update(frame(shop, "lines"))
    merged = pdm.RFM(null_rows="skip", windows=WINDOWS)
    for part in (2, 0, 1):
        shard = pdm.RFM(null_rows="skip", windows=WINDOWS)
        shard.update(frame(shop, f"lines WHERE hash(time + amount) % 3 = {part}"))
        merged.merge(pdm.RFM.from_bytes(shard.to_bytes()))
    assert merged.to_bytes() == whole.to_bytes()
    assert reference.package_tables(merged.result()) == reference.package_tables(whole.result())


def test_local_days_of_london(shop, pdm):
    """The times are local British ones: as instants, and asked for local days, they give the same days."""
    london, utc = ZoneInfo("Europe/London"), ZoneInfo("UTC")
    epoch = reference.EPOCH.replace(tzinfo=utc)
    instants = {}
    for (time,) in shop.sql("SELECT DISTINCT time FROM clean").fetchall():
        local = (reference.EPOCH + timedelta(microseconds=time)).replace(tzinfo=london)
        instants[time] = (local.astimezone(utc) - epoch) // timedelta(microseconds=1)
    rows = shop.sql(f"SELECT {COLUMNS} FROM clean").fetchall()
    customers, orders, times, amounts = map(list, zip(*rows))
    columns = {"customer_id": customers, "order_id": orders, "amount": amounts}
    local = reference.package_tables(pdm.rfm({**columns, "time": times}))["rfm"]
    there = pdm.rfm({**columns, "time": [instants[time] for time in times]}, tz="Europe/London")
    reference.assert_same(
        local, reference.package_tables(there)["rfm"], ["customer_id"], ("first_time", "last_time")
    )


def test_same_from_decimals_text_and_other_frames(shop, pdm):
    """Pounds as decimals, customers as text, frames of pandas and polars: the same money for the same people."""
    pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    plain = reference.package_tables(pdm.rfm(frame(shop, "clean")))
    pounds = "customer_id, order_id, time, CAST(amount AS DECIMAL(18, 3)) / 1000.0 AS amount"
    decimals = shop.sql(f"SELECT * REPLACE (CAST(amount AS DECIMAL(18, 3)) AS amount) FROM (SELECT {pounds} FROM clean)")
    assert reference.package_tables(pdm.rfm(decimals.to_arrow_table(), currency_exponent=3)) == plain
    other = frame(shop, "clean")
    assert reference.package_tables(pdm.rfm(other.to_pandas())) == plain
    assert reference.package_tables(pdm.rfm(polars.from_arrow(other))) == plain
    text = frame(shop, "clean", "CAST(customer_id AS VARCHAR) AS customer_id, order_id, time, amount")
    by_text = reference.package_tables(pdm.rfm(text))
    for row in by_text["rfm"]:  # all ids have five digits, so both orders agree
        row["customer_id"] = int(row["customer_id"])
    assert by_text == plain


# ---- CDNOW ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cdnow(shared):
    path = shared("data", "cdnow", "cdnow_master.csv.gz")
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute(
        """
        CREATE TABLE lines AS SELECT customer_id,
            epoch_us(strptime(date, '%Y%m%d')) AS time,
            CAST(CAST(dollar_value AS DECIMAL(10, 2)) * 100 AS BIGINT) AS amount
        FROM read_csv(?, all_varchar = true)
        """,
        [str(path)],
    )
    yield db
    db.close()


CDNOW_BASES = [
    ("orders", "count(*)", "net_sum", "sum(amount)"),
    ("days", "count(DISTINCT time)", "gross_sum", "sum(amount)"),
    ("rows", "count(*)", "net_max", "max(amount)"),
    ("repeat", "count(*) - 1", "net_sum", "sum(amount)"),
]


@pytest.mark.parametrize("f_basis, f_sql, m_basis, m_sql", CDNOW_BASES)
@pytest.mark.parametrize("engine", ["reference", "library"])
def test_cdnow_equals_sql(request, cdnow, engine, f_basis, f_sql, m_basis, m_sql):
    end = DAY * (datetime(1998, 7, 1) - reference.EPOCH).days
    relation = cdnow.sql(
        f"""
        SELECT customer_id, CAST({end} // {DAY} - max(time) // {DAY} AS BIGINT) AS recency_days,
            CAST({f_sql} AS BIGINT) AS frequency, CAST({m_sql} AS BIGINT) AS monetary, min(time) AS first_time,
            max(time) AS last_time, count(*) AS orders, CAST(sum(amount) AS BIGINT) AS gmv, 0 AS refunds
        FROM lines WHERE amount > 0 GROUP BY customer_id ORDER BY customer_id
        """
    )
    expected = [dict(zip(relation.columns, row)) for row in relation.fetchall()]
    options = {"grain": "order", "f_basis": f_basis, "m_basis": m_basis}
    columns = "customer_id, time, amount"
    if engine == "library":
        pdm = request.getfixturevalue("pdm")
        tables = reference.package_tables(pdm.rfm(frame(cdnow, "lines", columns), **options))
    else:
        rows = cdnow.sql(f"SELECT {columns} FROM lines").fetchall()
        tables = reference.rfm([dict(zip(columns.split(", "), row)) for row in rows], **options)
    reference.assert_same(expected, tables["rfm"], ["customer_id"])
    stats = tables["stats"][0]
    everybody = scalar(cdnow, "SELECT count(DISTINCT customer_id) FROM lines")
    assert (stats["rows"], stats["customers"]) == (69_659, len(expected))
    assert stats["customers"] + stats["customers_without_order"] == everybody == 23_570
    assert tables["segments"][-1]["gmv"] == scalar(cdnow, "SELECT sum(amount) FROM lines")


def test_cdnow_dollars_as_floats(cdnow, pdm):
    """Float dollars are whole cents exactly, or refused: here they are."""
    exact = pdm.rfm(frame(cdnow, "lines", "customer_id, time, amount"), grain="order")
    dollars = frame(cdnow, "lines", "customer_id, time, amount / 100.0::DOUBLE AS amount")
    floats = pdm.rfm(dollars, grain="order", currency_exponent=2)
    assert reference.package_tables(floats) == reference.package_tables(exact)
    with pytest.raises(pdm.Error) as raised:
        pdm.rfm(dollars, grain="order", currency_exponent=1)
    assert raised.value.code == "bad_value"
    assert raised.value.column == "amount"
