"""Files as people export them: each is read to the values it means, or named in one line with line, column and text."""

import csv
import gzip
import io
import os
import signal
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("duckdb")
pytest.importorskip("plotly")

HEAD = "order_id,customer_id,time,amount\n"


@pytest.fixture(scope="module")
def reading(pdm):
    from pdmetrics import _reading

    return _reading


@pytest.fixture
def load(reading, tmp_path):
    """Writes a file, reads it, gives rows (times as text in UTC or on the clock) and notes."""
    from pdmetrics import _registry

    kinds = _registry
    fields = [
        reading.Field("customer_id", "customer", kinds.KEY, required=True, read=True),
        reading.Field("order_id", "order", kinds.KEY),
        reading.Field("time", "time", kinds.TIME, required=True, read=True),
        reading.Field("amount", "amount", kinds.MONEY, required=True, read=True),
    ]

    def call(content, name="x.csv", named=None, **options):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        with reading.Reader(reading.Settings(**options)) as reader:
            made = reader.load(str(path), fields, named or {})
            names = made.columns
            shown = [f'CAST("{n}" AS VARCHAR) AS "{n}"' if n == "time" else f'"{n}"' for n in names]
            rows = [dict(zip(names, row, strict=True)) for row in made.relation.project(", ".join(shown)).fetchall()]
            return rows, [note.en for note in made.notes], [note.zh for note in made.notes]

    return call


def values(load, *args, **options):
    rows, *_ = load(*args, **options)
    return [(row["customer_id"], row["time"], row["amount"]) for row in rows]


# ------------------------------------------------------------------------------------------------------- what is read

DAY = "2024-01-05 00:00:00"
MINUTE = "2024-01-05 13:05:00"
INSTANT = "2024-01-05 05:05:00+00"

TIMES = [
    ("2024-01-05", "2024-01-05"),
    ("2024/1/5", "2024-01-05"),
    ("2024.1.5", "2024-01-05"),
    ("20240105", "2024-01-05"),
    ("2024年1月5日", DAY),
    ("2024/1/5 13:05", MINUTE),
    ("2024-01-05 13:05:00", MINUTE),
    ("2024-01-05T13:05", MINUTE),
    ("2024年1月5日 13:05", MINUTE),
    ("2024年1月5日 13时05分", MINUTE),
    ("2024年1月5日 下午1:05", MINUTE),
    ("2024-1-5 1:05 PM", MINUTE),
    ("20240105 13:05:00", MINUTE),
    ("20240105130500", MINUTE),
    ("45296.5451388889", MINUTE),
    ("45296", DAY),
    ("2024-01-04 24:00:00", DAY),
    ("2024-01-05T13:05:00+08:00", INSTANT),
    ("2024-01-05 13:05:00 +0800", INSTANT),
    ("2024-01-05T05:05:00Z", INSTANT),
    ("2024/1/5 13:05:00+08:00", INSTANT),
    ("1704431100", INSTANT),
    ("1704431100000", INSTANT),
    ("1704431100000000", INSTANT),
    (" 2024-01-05 13:05:00\u3000", MINUTE),
    ("\uff12\uff10\uff12\uff14-01-05", "2024-01-05"),
    ("2024-01-05 13:05:00.250", "2024-01-05 13:05:00.25"),
]


@pytest.mark.parametrize(("text", "expected"), TIMES, ids=[text for text, _ in TIMES])
def test_times(load, text, expected):
    assert values(load, f'{HEAD}1,7,"{text}",100\n') == [(7, expected, 100)]


AMOUNTS = [
    ("1234.50", 123450),
    ('"1,234.50"', 123450),
    ("1 234.50", 123450),
    ("1\u00a0234.50", 123450),
    ("¥1234.50", 123450),
    ('"￥1,234"', 123400),
    ("$12.00", 1200),
    ("€12.00", 1200),
    ("12.5元", 1250),
    ("12元", 1200),
    ("RMB 12", 1200),
    ("-12.50", -1250),
    ("(12.50)", -1250),
    ("12.50-", -1250),
    ("-¥12.5", -1250),
    ("¥-12.5", -1250),
    ("\u221212.5", -1250),
    ("1.2万", 1200000),
    ("１２.５", 1250),
    ("'12.50", 1250),
    ('"=""12.50"""', 1250),
    (".5", 50),
    ("0", 0),
    ("1200", 1200),
    ("-1200", -1200),
    ("00120", 120),
    ("+7", 7),
]


@pytest.mark.parametrize(("text", "expected"), AMOUNTS, ids=[text for text, _ in AMOUNTS])
def test_amounts(load, text, expected):
    assert values(load, f"{HEAD}1,7,2024-01-05,{text}\n") == [(7, "2024-01-05", expected)]


def test_amounts_of_a_column_are_of_one_kind(load):
    """One point, sign or unit in the heading says that all of them are whole currency."""
    rows = "1,7,2024-01-05,{}\n2,7,2024-01-06,12\n"
    for text, first in (("5.5", 550), ("¥5", 500), ("5", 5)):
        assert [row[2] for row in values(load, HEAD + rows.format(text))] == [first, 12 if text == "5" else 1200]
    for heading, factor in (("金额(元)", 100), ("金额（分）", 1), ("金额", 1)):
        assert [row[2] for row in values(load, f"order_id,customer_id,time,{heading}\n" + rows.format(5))] == [
            5 * factor,
            12 * factor,
        ]
    assert [row[2] for row in values(load, HEAD + rows.format(5), amounts="major")] == [500, 1200]
    assert [row[2] for row in values(load, HEAD + rows.format(5), amounts="major", exponent=0)] == [5, 12]
    notes = load(f"order_id,customer_id,time,总金额\n{rows.format(5)}")[1]
    assert any('"总金额" holds whole numbers, read as minor units (1 = 0.01)' in note for note in notes)


def test_a_late_point_changes_the_whole_column(load):
    """Whatever the first rows looked like."""
    many = "".join(f"{i},{i},2024-01-05,{i}\n" for i in range(60_000))
    found = values(load, f"{HEAD}{many}9,A9,2024/1/6,1.5\n")
    assert found[3] == ("3", "2024-01-05", 300) and found[-1] == ("A9", "2024-01-06", 150)
    assert len(found) == 60_001


def test_decimal_comma(load):
    content = f'{HEAD}1,7,2024-01-05,"1.234,50"\n2,7,2024-01-05,"1 234,50"\n3,7,2024-01-05,12\n4,7,2024-01-05,1.234\n'
    assert [row[2] for row in values(load, content, decimal=",")] == [123450, 123450, 1200, 123400]
    with pytest.raises(ValueError, match='line 2, column "amount": .* found "1.23"; say --decimal "." if the point is'):
        load(f"{HEAD}1,7,2024-01-05,1.23\n", decimal=",")


def test_rounding_is_counted(load):
    rows, notes, _ = load(f"{HEAD}1,7,2024-01-05,1.005\n2,7,2024-01-05,1.004\n3,7,2024-01-05,1.100000\n")
    assert [row["amount"] for row in rows] == [101, 100, 110]
    assert 'x.csv: 2 rows rounded, "amount" is finer than the currency: "1.005" (lines 2, 3)' in notes


def test_quantity_times_price(load):
    content = "InvoiceNo,CustomerID,InvoiceDate,Quantity,UnitPrice\n1,7,2024-01-05,-3,2.55\n2,7,2024-01-05,7,0.001\n"
    rows, notes, _ = load(content)
    assert [row["amount"] for row in rows] == [-765, 1]
    assert 'x.csv: no amount; it is "Quantity" × "UnitPrice"' in notes
    assert "x.csv: 1 row rounded, the amount is finer than the currency (line 3)" in notes


def test_day_and_month(load):
    both = f"{HEAD}1,7,01/02/2024,1\n2,7,03/04/2024 10:00,2\n"
    assert [row[1] for row in values(load, both, date_order="dmy")] == ["2024-02-01 00:00:00", "2024-04-03 10:00:00"]
    assert [row[1] for row in values(load, both, date_order="mdy")] == ["2024-01-02 00:00:00", "2024-03-04 10:00:00"]
    rows, notes, _ = load(f"{both}3,7,13/04/2024,3\n")
    assert [row["time"] for row in rows] == ["2024-02-01 00:00:00", "2024-04-03 10:00:00", "2024-04-13 00:00:00"]
    assert 'x.csv: dates in "time" are day first, as they can be nothing else (--date-order)' in notes


def test_whole_numbers_are_microseconds_where_they_are_nothing_else(load):
    rows, notes, _ = load(f"{HEAD}1,7,0,1\n2,7,-1000000,1\n3,7,60000000,1\n4,7,45296,1\n")
    times = [datetime.fromisoformat(row["time"]).timestamp() for row in rows]
    assert times == [0, -1, 60, 0.045296]
    assert 'x.csv: whole numbers in "time" are taken for µs since 1970' in notes
    # Among dates a number that is none is an error, not the first minute of 1970.
    with pytest.raises(ValueError, match='found "17"'):
        load(f"{HEAD}1,7,20240105,1\n2,7,17,1\n3,7,20240106,1\n")


def test_mixed_forms_and_zones(load):
    content = HEAD + "".join(f'{i},7,"{text}",1\n' for i, (text, _) in enumerate(TIMES))
    zone = ZoneInfo("Asia/Shanghai")
    rows, notes, _ = load(content, zone=zone)
    for row, (text, expected) in zip(rows, TIMES, strict=True):
        instant = datetime.fromisoformat(expected)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=zone)
        assert datetime.fromisoformat(row["time"]) == instant, text
    assert any("some times" in note and "Asia/Shanghai (--tz)" in note for note in notes)


CELLS = "1,A,2024-01-05,1.5\n2,乙,2024-01-06,-2\n"
EXPECTED = [("A", "2024-01-05", 150), ("乙", "2024-01-06", -200)]
FILES = [
    ("plain", (HEAD + CELLS).encode()),
    ("mark", b"\xef\xbb\xbf" + (HEAD + CELLS).encode()),
    ("gbk", ("订单号,会员ID,下单时间,实付金额\n" + CELLS).encode("gbk")),
    ("gb18030", ("订单号,会员ID,下单时间,实付金额\n" + CELLS + "3,\U00020000,,\n").encode("gb18030")),
    ("utf-16", (HEAD + CELLS).encode("utf-16")),
    ("utf-16 be", b"\xfe\xff" + (HEAD + CELLS).encode("utf-16-be")),
    ("crlf", (HEAD + CELLS).replace("\n", "\r\n").encode()),
    ("cr", (HEAD + CELLS).replace("\n", "\r").encode()),
    ("no newline at the end", (HEAD + CELLS).rstrip("\n").encode()),
    ("semicolon", (HEAD + CELLS).replace(",", ";").encode()),
    ("tab", (HEAD + CELLS).replace(",", "\t").encode()),
    ("pipe", (HEAD + CELLS).replace(",", "|").encode()),
    ("blank lines", (HEAD + "\n" + CELLS.replace("\n", "\n\n") + "\n \n").encode()),
    ("title above", ("会员订单明细\n导出时间：2024-02-01,,,\n\n" + HEAD + CELLS).encode()),
    (
        "quoted",
        b'"order_id","customer_id","time","amount"\n"1","A","2024-01-05","1.5"\n"2","\xe4\xb9\x99","2024-01-06","-2"\n',
    ),
    ("blanks", " order_id , customer_id,time ,amount\n1, A ,2024-01-05 , 1.5\n2,乙 ,2024-01-06,-2\n".encode()),
    ("cells too many, empty", (HEAD + CELLS.replace("\n", ",,\n")).encode()),
]


@pytest.mark.parametrize("data", [data for _, data in FILES], ids=[name for name, _ in FILES])
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_files(load, data, name):
    assert values(load, data, name)[:2] == EXPECTED


def test_encodings_that_must_be_said(load):
    data = (HEAD + CELLS).encode("utf-16-le")
    assert values(load, data, encoding="utf-16-le")[:2] == EXPECTED
    assert values(load, (HEAD + "1,é,2024-01-05,1.5\n").encode("latin-1"), encoding="latin-1")[0][0] == "é"


def test_quotes_with_breaks_and_delimiters(load):
    content = (
        'order_id,customer_id,time,amount,remark\n1,7,2024-01-05,1.5,"two\nlines, ""quoted"""\n2,8,2024-01-06,x,\n'
    )
    with pytest.raises(ValueError, match='x.csv line 4, column "amount": expected an amount .* found "x"'):
        load(content)
    rows, *_ = load(content.replace(",x,", ',2.5,5" pipe'))
    assert [row["remark"] for row in rows] == ['two\nlines, "quoted"', '5" pipe']


def test_nothing_is_lost(load):
    content = (
        f"{HEAD}1,7,2024-01-05,1.50\n,,,\n2,,2024-01-05,2\n3,8,soon,3\n4,9,2024-01-05,much\n5,9,2024-01-05\n"
        "6,9,2024-01-05,6,7\n,,,\n合计,,,99\n"
    )
    rows, notes, chinese = load(content, skip_bad=True)
    assert [row["order_id"] for row in rows] == ["1", "2", "合计"]
    assert [row["amount"] for row in rows] == [150, 200, 9900]
    assert notes == [
        "x.csv: 2 rows left out, more or fewer cells than the header's 4 (lines 7, 8)",
        'x.csv: 1 row left out, no time in column "time": "soon" (line 5)',
        'x.csv: 1 row left out, no amount in column "amount": "much" (line 6)',
        "x.csv: 2 rows left out, all cells empty (lines 3, 9)",
        'x.csv: 2 rows without a value in "customer_id" (lines 4, 10)',
        'x.csv: 1 row without a value in "time" (line 10)',
    ]
    assert len(chinese) == len(notes) and "第 7、8 行" in chinese[0]


def test_keys_stay_what_they_are(load):
    content = f"{HEAD}0012,007,2024-01-05,1\n1e5,8.0,2024-01-05,2\n"
    rows, *_ = load(content)
    assert [(row["order_id"], row["customer_id"]) for row in rows] == [("0012", "007"), ("1e5", "8.0")]
    rows, *_ = load(f"{HEAD}1,17850.0,2024-01-05,1\n2,,2024-01-05,2\n3,nan,2024-01-05,2\n")
    assert [row["customer_id"] for row in rows] == [17850, None, None]
    rows, *_ = load(f"{HEAD}1,9007199254740993,2024-01-05,1\n2,99999999999999999999,2024-01-05,2\n")
    assert [row["customer_id"] for row in rows] == ["9007199254740993", "99999999999999999999"]


def test_several_files(load, reading, tmp_path):
    from pdmetrics._reading import flags

    for month in (1, 2):
        rows = "".join(f"{i},7,2024-{month:02d}-05,{i}.5\n" for i in range(1, 4))
        (tmp_path / f"o{month}.csv").write_text(HEAD + rows, encoding="utf-8")
    with reading.Reader() as reader:
        made = reader.load(str(tmp_path / "o*.csv"), flags.of_review(), {})
        assert made.relation.aggregate("count(*), sum(amount)").fetchall() == [(6, 1500)]
        assert made.where(4) == "line 3"
    (tmp_path / "o3.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with reading.Reader() as reader, pytest.raises(ValueError, match="o3.csv: expected the columns of o1.csv"):
        reader.load(str(tmp_path / "o*.csv"), flags.of_review(), {})


# ------------------------------------------------------------------------------------------------------ what is asked

REFUSED = [
    ("", {}, "x.csv is empty"),
    ("\n \n", {}, "x.csv is empty"),
    (HEAD, {}, "x.csv: there is a header (order_id, customer_id, time, amount), but no rows"),
    ("1,7,2024-01-05,5\n2,7,2024-01-05,5\n", {}, "x.csv line 1: expected the names of the columns, found values: 1, 7, 2024-01-05, 5; add a line of names"),
    (f"{HEAD}1,7,2024-01-05,5\n2,7,2024-01-05\n", {}, 'x.csv line 3: expected 4 cells as in the header, found 3: "2,7,2024-01-05"; --bad-rows skip leaves such rows out'),
    (f"{HEAD}1,7,2024-01-05,5\n2,7,2024-01-05,1,234\n", {}, 'x.csv line 3: expected 4 cells as in the header, found 5: "2,7,2024-01-05,1,234"; --bad-rows skip leaves such rows out'),
    (f'{HEAD}1,"7,2024-01-05,5\n2,7,2024-01-05,1\n', {}, 'x.csv line 2: expected 4 cells as in the header, found 2: "1,7,2024-01-05,5 2,7,2024-01-05,1"; is a quote missing at its end? --bad-rows skip leaves such rows out'),
    (f"{HEAD}1,7,2024-01-05,5\n2,7,2024-02-30,1\n", {}, 'x.csv line 3, column "time": expected a time such as 2024-06-18 20:00, found "2024-02-30"; --bad-rows skip leaves such rows out'),
    (f"{HEAD}1,7,2024-01-05,5\n2,7,soon,1\n3,7,soon,1\n4,7,later,1\n", {}, 'x.csv line 3, column "time": expected a time such as 2024-06-18 20:00, found "soon" (2 more like it); --bad-rows skip leaves such rows out'),
    (f'{HEAD}1,7,2024-01-05,"12,5"\n', {}, 'x.csv line 2, column "amount": expected an amount such as 1,234.50, found "12,5"; say --decimal "," if the comma is before the decimals'),
    (f"{HEAD}1,7,2024-01-05,5%\n", {}, 'x.csv line 2, column "amount": expected an amount such as 1,234.50, found "5%"; --bad-rows skip leaves such rows out'),
    (f"{HEAD}1,7,2024-01-05,¥5\n2,7,2024-01-05,$5\n", {}, 'x.csv, column "amount": amounts in more than one currency: '),
    (f"{HEAD}1,7,01/02/2024,5\n", {}, 'x.csv, column "time", line 2: "01/02/2024": day or month first? say --date-order dmy or mdy'),
    (f"{HEAD}1,7,13/02/2024,5\n2,7,02/14/2024,5\n", {}, 'x.csv, column "time": days and months change places: '),
    (f"{HEAD}1,7\0,2024-01-05,5\n".encode(), {}, "x.csv line 2: a NUL byte; this is no text, or it is UTF-16 without its mark: --encoding utf-16-le"),
    (f"{HEAD}1,7,2024-01-05,5\n".encode() + b"2,\xff\xfe,,\n", {}, "x.csv line 3: bytes that are neither UTF-8 nor GBK; say which with --encoding, or save the file as UTF-8"),
    (HEAD.encode() + b"1,\xc4\xe3,2024-01-05,5\n", {"encoding": "utf-8"}, "x.csv line 2: bytes that are no UTF-8"),
    (f"{HEAD}1,7,2024-01-05,5\n", {"encoding": "klingon"}, '--encoding: there is no encoding "klingon"; usual are utf-8, gb18030, utf-16'),
    (f"{HEAD}1,7,2024-01-05,5\n", {"delimiter": "xx"}, '--delimiter: expected one character or "tab", got "xx"'),
    ("order_id,customer_id,time,amount,Amount\n1,7,2024-01-05,5,6\n", {}, 'x.csv line 1: "amount" stands in columns 4 and 5; rename one of them, or name another: --amount NAME'),
    ("a,b,c\n1,2,3\n", {}, "x.csv: which columns are the customer, the time and the amount? found: a, b, c; say --customer NAME --time NAME --amount NAME"),
    ("a,time,amount\n1,2024-01-05,3\n", {}, "x.csv: which column is the customer? found: a, time, amount; say --customer NAME"),
    ("会员编号,用户编号,time,amount\n1,2,2024-01-05,3\n", {}, "x.csv: which column is the customer? found: 会员编号, 用户编号; say --customer NAME"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "message"), REFUSED, ids=[m[:60] for *_, m in REFUSED])
def test_refused_in_one_line(load, content, options, message):
    with pytest.raises(ValueError) as caught:
        load(content, **options)
    said = str(caught.value)
    assert said.startswith(message) if message.endswith(": ") else said == message
    assert "\n" not in said
    if message.endswith(": "):
        assert "line 2" in said and "line 3" in said


# --------------------------------------------------------------------------------------------------- both ways are one


def words(reading):
    """Cells of every kind, half of them of no kind at all."""
    stamps = st.datetimes(datetime(1990, 1, 1), datetime(2039, 1, 1)).map(lambda t: t.replace(microsecond=0))
    forms = st.sampled_from(
        ["%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日", "%Y年%m月%d日 %H:%M", "%Y-%m-%dT%H:%M:%S+08:00",
         "%Y-%m-%dT%H:%M:%SZ", "%Y%m%d", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S+0530", "%Y-%m-%d %H:%M:%S.123456"]
    )  # fmt: skip
    good = st.builds(lambda t, form: t.strftime(form), stamps, forms)
    near = st.text("0123456789-/:T +Z.年月日", max_size=22)
    return st.one_of(good, good, near)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_fast_way_gives_what_the_careful_way_gives(reading, tmp_path_factory, data):
    """Times and amounts, cell by cell: what DuckDB reads is what :mod:`cells` reads."""
    import duckdb
    from pdmetrics._reading import cells, columns

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")

        def fast(form, text):
            query = f"SELECT CAST(v AS VARCHAR) FROM (SELECT {form.of('$1::VARCHAR')} AS v)"
            return connection.execute(query, [text]).fetchall()[0][0]

        texts = data.draw(st.lists(words(reading), min_size=1, max_size=12))
        for form in columns._TIMES.values():
            for text in texts:
                found = fast(form, text)
                if found is None:
                    continue
                value = cells.time(text)
                expected = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
                assert datetime.fromisoformat(found) == expected, (form.name, text)
        numbers = data.draw(st.lists(st.text("0123456789.,-¥()e ", max_size=14), max_size=12))
        for text in numbers:
            for form, scale in (
                (columns.money_form(["1.5"], "auto", 2), 100),
                (columns.INTEGER, 1),
                (columns.number_form(), 1),
            ):
                found = fast(form, text)
                if found is not None:
                    assert Decimal(found) == cells.number(text).value * scale, (form.name, text)


def amounts_as_text(cents, style):
    sign, whole, part = "-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100
    if style == "plain":
        return f"{sign}{whole}.{part:02d}"
    if style == "groups":
        return f"{sign}{whole:,}.{part:02d}"
    if style == "sign":
        return f"{sign}¥{whole:,}.{part:02d}"
    if style == "brackets":
        return f"({whole:,}.{part:02d})" if cents < 0 else f"{whole:,}.{part:02d}元"
    return f"{sign}{whole:,}.{part:02d}".replace(",", "_").replace(".", ",").replace("_", ".")


ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="gb18030", exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(
            lambda text: text.strip("'=-\\") == text and text not in ("NULL", "null", "nan", "NaN", "None", "#N/A")
        ),
        st.datetimes(datetime(1990, 1, 1), datetime(2039, 1, 1)).map(lambda t: t.replace(microsecond=0)),
        st.integers(-(10**12), 10**12),
        st.text(st.characters(codec="gb18030", exclude_characters="\0", exclude_categories=("Cs", "Cc", "Cn", "Co")) | st.sampled_from('\n\r",;\t|'), max_size=12),
    ),
    min_size=1,
    max_size=20,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    rows=ROWS,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    form=st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S"]
    ),
    style=st.sampled_from(["plain", "groups", "sign", "brackets", "comma"]),
    head=st.sampled_from(
        [
            ("customer_id", "time", "amount"),
            ("会员ID", "付款时间", "实付金额"),
            ("Customer ID", "Order Date", "Paid Amount"),
        ]
    ),
)
def test_round_trip_in_any_dialect(
    reading, tmp_path_factory, rows, encoding, delimiter, end, quoting, form, style, head
):
    from pdmetrics._reading import cells, flags

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow([*head, "remark"])
    for key, at, cents, remark in rows:
        writer.writerow([key, at.strftime(form), amounts_as_text(cents, style), remark])
    path = tmp_path_factory.mktemp("trip") / "rows.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    options = {"delimiter": delimiter, "date_order": "dmy", "decimal": "," if style == "comma" else "."}
    with reading.Reader(reading.Settings(**options, encoding=None if encoding != "gb18030" else encoding)) as reader:
        made = reader.load(str(path), flags.of_review(), {})
        found = made.relation.project(
            'CAST(customer_id AS VARCHAR), CAST("time" AS TIMESTAMP), amount, CAST(remark AS VARCHAR)'
        ).fetchall()
    assert [row[:3] for row in found] == [(key, at, cents) for key, at, cents, _ in rows]
    texts = [remark.strip(cells.PADDING) or None for *_, remark in rows]
    if any(text is not None and not text.isascii() for text in texts):  # a column of remarks, not of numbers or dates
        assert [row[3] for row in found] == texts


# ------------------------------------------------------------------------------------------------------ realistic exports

TAOBAO = """订单编号,买家会员名,买家实际支付金额,订单状态,订单创建时间,订单付款时间,宝贝标题,宝贝总数量
="3811",tb_01,129.00,交易成功,2024-05-01 10:00:00,2024-05-01 10:02:11,面膜,1
="3812",tb_02,0.00,交易关闭,2024-05-02 10:00:00,,口红,1
="3813",tb_01,"1,058.50",交易成功,2024-06-03 09:00:00,2024-06-03 09:30:00,"礼盒,大",2
"""
YOUZAN = """店铺订单导出,,,,
导出时间：2024-07-01 12:00:00,,,,
订单号,客户手机号,付款时间,实付金额（元）,下单渠道
E2024,138****0001,2024/5/1 10:02,￥129.00,微信小程序
E2025,138****0002,2024/5/3 22:15,￥59.90,门店
E2024,138****0001,2024/5/9 08:00,-￥129.00,微信小程序
"""
SHOPIFY = """Order ID;Customer ID;Created at;Total
#1001;C1;2024-05-01 10:02:11 +0800;129.00
#1002;C2;2024-05-03 22:15:00 +0800;59.90
"""
WECHAT = """订单ID\t会员卡号\t交易时间\t实付金额(分)
1\t0012\t20240501100211\t12900
2\t0013\t20240503221500\t5990
"""
EXPORTS = [
    (
        "taobao",
        TAOBAO.encode("gbk"),
        [("tb_01", "2024-05-01 10:02:11", 12900), ("tb_02", None, 0), ("tb_01", "2024-06-03 09:30:00", 105850)],
        'the time is "订单付款时间", not "订单创建时间" (--time NAME)',
    ),
    (
        "youzan",
        YOUZAN.encode("utf-8-sig"),
        [
            ("138****0001", "2024-05-01 10:02:00", 12900),
            ("138****0002", "2024-05-03 22:15:00", 5990),
            ("138****0001", "2024-05-09 08:00:00", -12900),
        ],
        "the header is on line 3",
    ),
    (
        "shopify",
        SHOPIFY.encode(),
        [("C1", "2024-05-01 02:02:11+00", 12900), ("C2", "2024-05-03 14:15:00+00", 5990)],
        '"Created at" as time',
    ),
    (
        "points of a cent",
        WECHAT.encode("utf-16"),
        [("0012", "2024-05-01 10:02:11", 12900), ("0013", "2024-05-03 22:15:00", 5990)],
        "read as UTF-16",
    ),
]


@pytest.mark.parametrize(
    ("data", "expected", "note"), [rest for _, *rest in EXPORTS], ids=[name for name, *_ in EXPORTS]
)
def test_exports(load, data, expected, note):
    rows, notes, chinese = load(data)
    assert [(row["customer_id"], row["time"], row["amount"]) for row in rows] == expected
    assert any(note in said for said in notes), notes
    assert len(chinese) == len(notes) and all(any(ord(sign) > 0x3000 for sign in said) for said in chinese)


# -------------------------------------------------------------------------------------------------------- command line


@pytest.fixture
def exports(tmp_path):
    rows = "".join(
        f"E{i},会员{i % 40:03d},2024/{1 + i % 12}/{1 + i % 28} 10:0{i % 10},￥{(i * 37) % 5000 + 100}.50\n"
        for i in range(400)
    )
    (tmp_path / "订单.csv").write_bytes(
        f"订单号,会员ID,付款时间,实付金额\n{rows}E400,,2024/1/1 10:00,￥5.00\n".encode("gbk")
    )
    return tmp_path


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_metric_of_an_export(pdm, run, exports):
    code, _, err = run("rfm", "订单.csv", "--tz", "Asia/Shanghai", "--null-rows", "skip", "--out", "rfm.csv")
    assert code == 0, err
    assert '"会员ID" as customer_id' in err and 'without a value in "会员ID" (line 402)' in err
    with open(exports / "rfm.csv", encoding="utf-8", newline="") as source:
        rows = {row["customer_id"]: row for row in csv.DictReader(source)}
    assert len(rows) == 40
    own = [i for i in range(400) if i % 40 == 7]
    assert int(rows["会员007"]["monetary"]) == sum(((i * 37) % 5000 + 100) * 100 + 50 for i in own)
    last = max(f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}T10:0{i % 10}" for i in own)
    assert rows["会员007"]["last_time"].startswith(f"{last}:00+08:00")


def test_the_line_that_the_library_blames(run, exports):
    code, _, err = run("rfm", "订单.csv")
    assert code == 2
    assert err.splitlines()[-1].startswith('pdmetrics: 订单.csv line 402, column "customer_id": null')


def test_review_of_an_export(run, exports):
    code, out, err = run(
        "review", "订单.csv", "--tz", "Asia/Shanghai", "--lang", "zh", "--html", "page.html", "--progress"
    )
    assert code == 0, err
    assert "订单.csv：1 行缺少“会员ID”（第 402 行）" in out
    html = (exports / "page.html").read_text(encoding="utf-8")
    assert "1 行缺少“会员ID”（第 402 行）" in html and "1 row without a value in" in html
    assert files(exports) == ["page.html", "订单.csv"]


def test_a_question_of_a_review(run, tmp_path):
    (tmp_path / "x.csv").write_text("a,when,what\n1,2024-01-05,3\n", encoding="utf-8")
    code, out, err = run("review", "x.csv")
    assert (code, out) == (2, "")
    assert err == (
        "pdmetrics: x.csv: the data allow no metric; which columns are the customer, the time and the amount? "
        "found: a, when, what; say --customer NAME --time NAME --amount NAME\n"
    )
    code, _, err = run("review", "x.csv", "--customer", "a", "--time", "when")
    assert code == 2 and "which column is the amount? found: a, when, what; say --amount NAME" in err
    assert run("review", "x.csv", "--customer", "a", "--time", "when", "--amount", "what")[0] == 0


def test_empty_files_among_others(run, exports):
    (exports / "events.csv").write_bytes(b"")
    (exports / "订单.csv").rename(exports / "orders.csv")
    code, out, err = run("review", ".")
    assert code == 0 and "events.csv is empty; left out" in out, err


def test_plan_from_an_export(pdm, run, tmp_path):
    made = pdm.datasets.private_domain(300, seed=2).orders.to_pandas()
    plain = made[["order_id", "customer_id", "time", "amount", "channel"]]
    plain.to_parquet(tmp_path / "orders.parquet")
    local = plain.assign(
        time=plain["time"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y/%m/%d %H:%M:%S.%f"),
        amount=[f"¥{value / 100:,.2f}" for value in plain["amount"]],
    )
    local.columns = ["订单号", "会员ID", "付款时间", "实付金额", "channel"]
    local.to_csv(tmp_path / "导出.csv", index=False, encoding="gb18030")
    assert run("plan", "model.toml", "--example")[0] == 0
    expected = run("plan", "model.toml", "--history", "orders.parquet", "--json")
    text = (
        (tmp_path / "model.toml").read_text(encoding="utf-8").replace("[history]", '[history]\nnaive_time = "local"', 1)
    )
    (tmp_path / "model.toml").write_text(text, encoding="utf-8")
    code, out, err = run("plan", "model.toml", "--history", "导出.csv", "--json")
    assert code == 0, err
    assert out == expected[1]
    assert '"会员ID" as customer_id' in err


def test_the_only_file_of_a_directory_holds_orders(pdm, run, tmp_path):
    pdm.datasets.private_domain(300).orders.to_pandas().to_csv(tmp_path / "orders.csv", index=False)
    alone = tmp_path / "export"
    alone.mkdir()
    (tmp_path / "orders.csv").rename(alone / "2025年导出.csv")
    code, out, err = run("review", "export")
    assert code == 0 and out.startswith("Headline"), err
    (alone / "2025年导出.csv").rename(alone / "events.csv")  # that says what it is
    assert "Headline" not in run("review", "export")[1]


# ------------------------------------------------------------------------------------------------------------- writing


def test_places_that_cannot_be_written(run, exports):
    (exports / "dir").mkdir()
    before = files(exports)
    for arguments, message in (
        (["review", "订单.csv", "--html", "absent/page.html"], '"absent/page.html" cannot be written: there is no directory "absent"'),
        (["review", "订单.csv", "--html", "dir"], '"dir" cannot be written: it is a directory'),
        (["rfm", "订单.csv", "--null-rows", "skip", "--out", "absent/x.csv"], '"absent/x.csv" cannot be written: there is no directory'),
        (["rfm", "订单.csv", "--null-rows", "skip", "--html", "dir/a/b.html"], '"dir/a/b.html" cannot be written: there is no directory'),
    ):  # fmt: skip
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert message in err.splitlines()[-1] and "Traceback" not in err
        assert files(exports) == before


def test_a_page_is_there_in_whole_or_not_at_all(pdm, run, exports, monkeypatch):
    from pdmetrics import _output

    (exports / "page.html").write_text("old", encoding="utf-8")
    (exports / "page.html").chmod(0o640)

    def full(path, text):
        with _output.replaced(path) as temporary, open(temporary, "w", encoding="utf-8") as out:
            out.write(text[:1000])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(_output, "write", full)
        code, _, err = run("rfm", "订单.csv", "--null-rows", "skip", "--html", "page.html")
    assert code == 2 and err.endswith('pdmetrics: "page.html" cannot be written: No space left on device\n')
    assert (exports / "page.html").read_text(encoding="utf-8") == "old"
    assert files(exports) == ["page.html", "订单.csv"]
    assert run("rfm", "订单.csv", "--null-rows", "skip", "--html", "page.html")[0] == 0
    assert (exports / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (exports / "page.html").stat().st_mode & 0o777 == 0o640
    (exports / "link.html").symlink_to("page.html")
    assert run("rfm", "订单.csv", "--null-rows", "skip", "--html", "link.html")[0] == 0
    assert (exports / "link.html").is_symlink()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing_behind(pdm, tmp_path, number, code):
    work, scratch = tmp_path / "work", tmp_path / "scratch"
    work.mkdir()
    scratch.mkdir()
    pdm.datasets.private_domain(3000, seed=2).save_all(work, format="csv")
    text = (work / "orders.csv").read_text(encoding="utf-8")
    (work / "orders.csv").write_text(text, encoding="utf-16")  # so that a copy in UTF-8 is made
    before = files(work)
    environment = {**os.environ, "PYTHONPATH": str(Path(pdm.__file__).parents[1]), "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "pdmetrics", "review", ".", "--html", "page.html", "--progress"]
    with subprocess.Popen(
        command, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        said = b""
        while b"overview" not in said and running.poll() is None:
            said += os.read(running.stderr.fileno(), 4096)
        assert running.poll() is None, said
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert running.returncode == code
    assert (out, err.splitlines()[-1]) == (b"", b"pdmetrics: stopped")
    assert files(work) == before and files(scratch) == []


def test_exit_codes_are_in_the_help(run):
    for command in (["--help"], ["review", "--help"], ["rfm", "--help"], ["plan", "--help"]):
        code, out, _ = run(*command)
        assert code == 0
        said = " ".join(out.split())
        assert (
            "exit codes: 0 done; 1 a fault of the program; 2 something to put right" in said
            and "130 stopped by Ctrl-C" in said
        )


def test_progress_in_one_line(pdm):
    from pdmetrics._progress import Steps

    out = io.StringIO()
    steps = Steps(4, out, patience_s=0)
    steps.begin("orders.csv")
    steps(1000, -1)
    steps.begin("rfm")
    steps.close()
    shown = out.getvalue()
    assert "\n" not in shown and "0%  orders.csv" in shown and "25%  rfm" in shown
    assert shown.rsplit("\r", 2)[1].strip() == ""
    quiet = io.StringIO()
    steps = Steps(4, quiet)
    steps.begin("orders.csv")
    steps.close()
    assert quiet.getvalue() == ""
