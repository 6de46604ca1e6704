"""Frames of every kind give identical results, and what cannot be read says so."""

import os
from array import array
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import support_frames as frames
from support_frames import tables

DATA = frames.orders()


@pytest.fixture(scope="module")
def expected(pdm):
    return tables(pdm.rfm(DATA))


@pytest.mark.parametrize("kind", frames.KINDS)
def test_every_kind_of_frame(pdm, expected, kind):
    options = {"currency_exponent": 0} if kind == "arrow_decimal" else {}
    assert tables(pdm.rfm(frames.make(kind, DATA), **options)) == expected


@pytest.mark.parametrize("kind", frames.KINDS)
def test_every_kind_with_text_keys(pdm, kind):
    if kind in ("buffers", "structured", "pandas_float_keys"):
        pytest.skip("holds numbers only")
    names = ["甲", "O'Brien", "", "x" * 40, "a\u0301"]
    data = dict(DATA)
    data["customer_id"] = [f"{names[key % 5]}{key}" for key in DATA["customer_id"]]
    data["order_id"] = [f"订单{key}" for key in DATA["order_id"]]
    data["original_order_id"] = [None if key is None else f"订单{key}" for key in DATA["original_order_id"]]
    options = {"currency_exponent": 0} if kind == "arrow_decimal" else {}
    assert tables(pdm.rfm(frames.make(kind, data), **options)) == tables(pdm.rfm(data))


def test_polars_categories_and_enums(pdm):
    polars = pytest.importorskip("polars")
    text = {**DATA, "customer_id": [f"c{key:03}" for key in DATA["customer_id"]]}
    frame = frames.as_polars(text)
    expected = tables(pdm.rfm(text))
    assert tables(pdm.rfm(frame.with_columns(polars.col("customer_id").cast(polars.Categorical)))) == expected
    members = sorted(set(text["customer_id"]))
    assert tables(pdm.rfm(frame.with_columns(polars.col("customer_id").cast(polars.Enum(members))))) == expected


def test_large_strings_and_views(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    text = {**DATA, "customer_id": [f"customer number {key}" for key in DATA["customer_id"]]}
    expected = tables(pdm.rfm(text))
    table = frames.as_arrow(text)
    at = table.schema.get_field_index("customer_id")
    for kind in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
        shown = table.set_column(at, "customer_id", table["customer_id"].cast(kind))
        assert tables(pdm.rfm(shown)) == expected, kind


def test_times_in_every_unit(pdm):
    numpy = pytest.importorskip("numpy")
    whole = {**DATA, "time": [time // 1_000_000 * 1_000_000 for time in DATA["time"]]}
    expected = tables(pdm.rfm(whole))
    micros = numpy.array(whole["time"], dtype="datetime64[us]")
    for unit in ("s", "ms", "us", "ns"):
        assert tables(pdm.rfm({**whole, "time": micros.astype(f"datetime64[{unit}]")})) == expected, unit
    days = micros.astype("datetime64[D]")
    dates = [day.item() for day in days]
    assert isinstance(dates[0], date)
    assert tables(pdm.rfm({**whole, "time": days})) == tables(pdm.rfm({**whole, "time": dates}))


def test_dates_are_local_midnights(pdm):
    row = {"customer_id": [1], "order_id": [1], "amount": [100]}
    result = pdm.rfm({**row, "time": [date(2024, 5, 1)]}, tz="Asia/Shanghai")
    assert result["first_time"][0] == datetime(2024, 4, 30, 16, tzinfo=timezone.utc)
    assert result["first_time"][0].utcoffset() == timedelta(hours=8)


# -------------------------------------------------------------------------------------------------------------- names


def test_renamed_columns(pdm, expected):
    renamed = {
        "uid": DATA["customer_id"],
        "no": DATA["order_id"],
        "paid_at": DATA["time"],
        "fee": DATA["amount"],
        "of": DATA["original_order_id"],
        "time": ["decoy"] * len(DATA["time"]),
        "amount": [None] * len(DATA["time"]),
    }
    roles = {"customer": "uid", "order": "no", "time": "paid_at", "amount": "fee", "original_order": "of"}
    assert tables(pdm.rfm(renamed, **roles)) == expected
    for kind in ("polars", "pandas", "arrow"):
        module = pytest.importorskip("pyarrow" if kind == "arrow" else kind)
        frame = module.table(renamed) if kind == "arrow" else module.DataFrame(renamed)
        assert tables(pdm.rfm(frame, **roles)) == expected, kind
    state = pdm.RFM()
    state.update(renamed, **roles)
    assert tables(state.result()) == expected


def test_one_column_in_two_roles(pdm):
    polars = pytest.importorskip("polars")
    data = {**DATA, "order_id": DATA["customer_id"]}
    frame = frames.as_polars(DATA)
    assert tables(pdm.rfm(frame, order="customer_id")) == tables(pdm.rfm(data))
    assert isinstance(frame, polars.DataFrame)


def test_a_column_that_is_not_wanted(pdm):
    without = {name: DATA[name] for name in DATA if name != "original_order_id"}
    assert tables(pdm.rfm(DATA, original_order=None)) == tables(pdm.rfm(without))
    assert tables(pdm.rfm(DATA, original_order=None)) != tables(pdm.rfm(DATA))


def test_named_columns_must_exist(pdm):
    for frame in (DATA, *(frames.make(kind, DATA) for kind in ("pandas", "polars", "arrow"))):
        with pytest.raises(pdm.MissingColumnError, match='no column "uid" for customer=; the columns are ') as raised:
            pdm.rfm(frame, customer="uid")
        assert raised.value.code == "missing_column"
        assert raised.value.column == "customer_id"
        assert isinstance(raised.value, ValueError)


def test_a_missing_column_is_explained(pdm):
    with pytest.raises(pdm.MissingColumnError, match='customer="…"') as raised:
        pdm.rfm({"uid": [1], "order_id": [1], "time": [0], "amount": [1]})
    assert '"uid"' in str(raised.value)
    assert raised.value.column == "customer_id"


def test_several_columns_of_one_name(pdm):
    pandas = pytest.importorskip("pandas")
    frame = frames.as_pandas(DATA)
    twice = pandas.concat([frame, frame[["amount"]]], axis=1)
    with pytest.raises(pdm.ArgumentError, match='several columns called "amount"'):
        pdm.rfm(twice)


def test_errors_in_the_users_words(pdm):
    with pytest.raises(pdm.NullValueError) as raised:
        pdm.rfm({"uid": [1, None], "order_id": [1, 2], "time": [0, 0], "amount": [1, 1]}, customer="uid")
    assert (raised.value.row, raised.value.column) == (1, "customer_id")
    assert 'your column "uid"' in str(raised.value)


# -------------------------------------------------------------------------------------------------------------- values


def test_nulls_of_every_kind_are_null(pdm):
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    base = {"customer_id": [1, 2, 3], "order_id": [1, 2, 3], "time": [0, 0, 0]}
    kinds = {
        "list": {**base, "amount": [1, None, 3]},
        "pandas float": pandas.DataFrame({**base, "amount": [1, numpy.nan, 3]}),
        "pandas Int64": pandas.DataFrame({**base, "amount": pandas.array([1, None, 3], dtype="Int64")}),
        "pandas object": pandas.DataFrame(
            {**base, "amount": pandas.Series([Decimal(1), None, Decimal(3)], dtype=object)}
        ),
        "masked": {**base, "amount": numpy.ma.masked_array([1, 2, 3], mask=[False, True, False])},
    }
    for kind, frame in kinds.items():
        with pytest.raises(pdm.NullValueError) as raised:
            pdm.rfm(frame, currency_exponent=0)
        assert (raised.value.row, raised.value.column) == (1, "amount"), kind
        skipped = pdm.rfm(frame, currency_exponent=0, null_rows="skip")
        assert len(skipped) == 2, kind
    times = pandas.DataFrame({"customer_id": [1, 2], "order_id": [1, 2], "amount": [1, 1]})
    times["time"] = pandas.to_datetime(["2024-01-01", None])
    with pytest.raises(pdm.NullValueError) as raised:
        pdm.rfm(times)
    assert (raised.value.row, raised.value.column) == (1, "time")


def test_money_is_exact(pdm):
    base = {"customer_id": [1, 1], "order_id": [1, 2], "time": [0, 0]}
    for amounts in ([Decimal("5.05"), Decimal("1e3")], [5.05, 1000.0], [Decimal("5.050"), 1000]):
        result = pdm.rfm({**base, "amount": amounts}, currency_exponent=2)
        assert result["gmv"].to_list() == [100_505], amounts
    with pytest.raises(pdm.Error) as raised:
        pdm.rfm({**base, "amount": [5.05, 1.0]})
    assert raised.value.column == "amount"
    with pytest.raises(pdm.BadValueError) as raised:
        pdm.rfm({**base, "amount": [1.0, 5.055]}, currency_exponent=2)
    assert (raised.value.row, raised.value.column) == (1, "amount")
    with pytest.raises(pdm.BadValueError) as raised:
        pdm.rfm({**base, "amount": [Decimal("NaN"), Decimal(1)]}, currency_exponent=2)
    assert raised.value.row == 0
    with pytest.raises(pdm.RangeError):
        pdm.rfm({**base, "amount": [Decimal(10) ** 40, Decimal(1)]}, currency_exponent=2)
    with pytest.raises(OverflowError):
        pdm.rfm({**base, "amount": [2**70, 1]})


def test_keys_are_never_rounded(pdm):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"customer_id": [1.0, 2.5], "order_id": [1, 2], "time": [0, 0], "amount": [1, 1]})
    with pytest.raises(pdm.BadValueError) as raised:
        pdm.rfm(frame)
    assert (raised.value.row, raised.value.column) == (1, "customer_id")
    for huge in (2.0**60, float("inf")):
        with pytest.raises(pdm.BadValueError):
            pdm.rfm({"customer_id": [huge], "order_id": [1], "time": [0], "amount": [1]})
    large = {"customer_id": [2**63 + 1, 2**63 + 3], "order_id": [1, 2], "time": [0, 0], "amount": [1, 1]}
    assert sorted(pdm.rfm(large)["customer_id"]) == [2**63 + 1, 2**63 + 3]


def test_types_that_cannot_serve(pdm):
    base = {"customer_id": [1], "order_id": [1], "time": [0], "amount": [1]}
    for name, values in (
        ("amount", ["12"]),
        ("time", ["2024-01-01"]),
        ("time", [1.5]),
        ("customer_id", [True]),
        ("amount", [object()]),
        ("amount", [1, "x"][:1] + ["x"]),
        ("time", [b"x"]),
        ("customer_id", [[1, 2]]),
    ):
        rows = len(values)
        frame = {**{key: value * rows for key, value in base.items()}, name: values}
        with pytest.raises(pdm.ColumnTypeError) as raised:
            pdm.rfm(frame)
        assert raised.value.column == name
        assert isinstance(raised.value, TypeError)
    mixed = [datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=timezone.utc)]
    with pytest.raises(pdm.ColumnTypeError, match="with and without a zone"):
        pdm.rfm({"customer_id": [1, 1], "order_id": [1, 1], "time": mixed, "amount": [1, 1]})


def test_what_is_no_frame(pdm):
    numpy = pytest.importorskip("numpy")
    polars = pytest.importorskip("polars")
    for thing in (None, 5, b"bytes", [1, 2], numpy.zeros(3), polars.Series([1, 2]), object()):
        with pytest.raises((pdm.Error, TypeError)):
            pdm.rfm(thing)
    with pytest.raises(pdm.ArgumentError, match="has 1 rows, the others 2"):
        pdm.rfm({"customer_id": [1, 2], "order_id": [1, 2], "time": [0], "amount": [1, 1]})
    with pytest.raises(pdm.Error):
        pdm.rfm({"customer_id": array("u", "ab"), "order_id": [1, 2], "time": [0, 0], "amount": [1, 1]})


def test_a_stream_is_used_once(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    capsule = frames.as_arrow(DATA).__arrow_c_stream__()

    class Once:
        def __arrow_c_stream__(self, requested_schema=None):
            return capsule

    assert len(pdm.rfm(Once())) > 0
    with pytest.raises(ValueError, match="used up"):
        pdm.rfm(Once())
    assert pyarrow is not None


def test_a_stream_that_fails(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    table = frames.as_arrow(DATA)

    def batches():
        yield from table.slice(0, 100).to_batches()
        raise OSError("the disk is gone")

    state = pdm.RFM()
    with pytest.raises(pdm.StreamError, match="the disk is gone") as raised:
        state.update(pyarrow.RecordBatchReader.from_batches(table.schema, batches()))
    assert raised.value.rows_taken == state.rows == 100
    state.update(table.slice(100))
    assert tables(state.result()) == tables(pdm.rfm(table))


def test_rows_are_counted_over_the_whole_input(pdm):
    good = {"customer_id": [1, 2], "order_id": [1, 2], "time": [0, 0], "amount": [1, 1]}
    bad = {**good, "customer_id": [3, None]}
    state = pdm.RFM()
    with pytest.raises(pdm.NullValueError) as raised:
        state.update(frame for frame in (good, good, bad))
    assert raised.value.row == 5
    assert raised.value.rows_taken == state.rows == 4
    pyarrow = pytest.importorskip("pyarrow")
    reader = pyarrow.concat_tables([pyarrow.table(frame) for frame in (good, good)])
    late = pyarrow.concat_tables([reader, pyarrow.table({name: pyarrow.array(bad[name]) for name in bad})])
    with pytest.raises(pdm.NullValueError) as raised:
        pdm.RFM().update(late)
    assert raised.value.row == 5


def test_empty_frames(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    nothing = {name: [] for name in DATA}
    expected = tables(pdm.rfm(nothing))
    assert expected["rfm"]["customer_id"] == []
    for frame in (
        frames.as_arrow(DATA).slice(0, 0),
        frames.as_polars(DATA)[:0],
        frames.as_pandas(DATA)[:0],
        [],
        iter(()),
    ):
        assert tables(pdm.rfm(frame))["segments"] == expected["segments"]
    assert pyarrow is not None


# --------------------------------------------------------------------------------------------------------- files, SQL


def test_files_and_queries(pdm, expected, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    relation = frames.as_duckdb(DATA).project("customer_id, order_id, time, amount, original_order_id")
    parquet, text = tmp_path / "or'ders.parquet", tmp_path / "orders.csv"
    relation.write_parquet(str(parquet))
    relation.write_csv(str(text))
    assert tables(pdm.rfm(parquet)) == expected
    assert tables(pdm.rfm(str(parquet))) == expected
    assert tables(pdm.rfm(text)) == expected
    quoted = str(parquet).replace("'", "''")
    query = f"SELECT customer_id AS uid, * EXCLUDE (customer_id) FROM read_parquet('{quoted}') ORDER BY amount"
    assert tables(pdm.rfm(query, customer="uid")) == expected
    local_frame = frames.as_polars(DATA)
    assert tables(pdm.rfm("FROM local_frame")) == expected
    assert local_frame.height and duckdb is not None
    os.system(f"gzip -k '{text}'")
    assert tables(pdm.rfm(f"{text}.gz")) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("absent.csv", 'no file "absent.csv"'),
        ("orders.xlsx", "neither a file that can be read"),
        ("SELECT * FROM nowhere_at_all", "the query failed"),
        ("SELEC 1", "neither a file"),
    ],
)
def test_files_and_queries_that_fail(pdm, source, message):
    pytest.importorskip("duckdb")
    with pytest.raises(pdm.ArgumentError, match=message):
        pdm.rfm(source)


def test_another_result_is_a_frame(pdm):
    pytest.importorskip("pandas")
    sample = pdm.datasets.private_domain(300, seed=5)
    expected = tables(pdm.rfm(sample.orders))
    assert (
        expected
        == tables(pdm.rfm(sample))
        == tables(pdm.rfm(sample.orders.to_pandas()))
        == tables(pdm.rfm(sample.orders.to_dict()))
    )
    again = pdm.tiers(pdm.rfm(sample), value="gmv", method="share")
    assert len(again.main) == len(expected["rfm"]["customer_id"])


# -------------------------------------------------------------------------------------------------------------- cost


def test_only_wanted_columns_are_exported(pdm):
    class Watched(dict):
        seen = []

        def __getitem__(self, name):
            self.seen.append(name)
            return super().__getitem__(name)

    frame = Watched({**DATA, "huge": object()})
    pdm.rfm(frame)
    assert "huge" not in frame.seen


def test_columns_of_arrow_are_not_copied(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    numpy = pytest.importorskip("numpy")
    rows = 400_000
    table = pyarrow.table(
        {
            "customer_id": numpy.arange(rows) % 1000,
            "order_id": numpy.arange(rows),
            "time": pyarrow.array(numpy.arange(rows) * 1_000_000, pyarrow.timestamp("us")),
            "amount": numpy.ones(rows, dtype="int64"),
        }
    )
    before = pyarrow.total_allocated_bytes()
    state = pdm.RFM(grain="order")
    peak = []
    state.update(batch for batch in [table] if not peak.append(pyarrow.total_allocated_bytes()))
    assert max(peak) == before
    assert state.rows == rows


def test_a_small_frame_is_quick(pdm):
    pandas = pytest.importorskip("pandas")
    import time

    data = frames.orders(1000)
    frame = frames.as_pandas(data)
    assert isinstance(frame, pandas.DataFrame)
    pdm.rfm(frame)
    best = min(_timed(pdm, frame, time) for _ in range(15))
    assert best < float(os.environ.get("PDM_TEST_SMALL_CALL_MS", "20")) / 1000


def _timed(pdm, frame, time):
    start = time.perf_counter()
    pdm.rfm(frame, threads=1)
    return time.perf_counter() - start
