"""The same orders as frames of every kind. Shared by the tests of the Python package."""

import random
from array import array
from datetime import datetime, timedelta, timezone

import pytest

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
COLUMNS = ["customer_id", "order_id", "time", "amount", "original_order_id"]


def orders(rows=600, customers=60, seed=7):
    """Order lines with refunds, as a dict of lists. Times are µs since the epoch."""
    dice = random.Random(seed)
    found = {name: [] for name in COLUMNS}
    for row in range(rows):
        order = 1000 + row // 2
        refund = row > 20 and dice.random() < 0.1
        found["customer_id"].append(dice.randrange(customers) if not refund else found["customer_id"][row - 10])
        found["order_id"].append(order if not refund else 500_000 + row)
        moment = START + timedelta(seconds=dice.randrange(300 * 86_400), microseconds=dice.randrange(1_000_000))
        found["time"].append((moment - EPOCH) // timedelta(microseconds=1))
        found["amount"].append(dice.randrange(1, 100_000) if not refund else -dice.randrange(1, 5_000))
        found["original_order_id"].append(found["order_id"][row - 10] if refund else None)
    return found


def moments(data):
    """Times as datetimes without a zone, which are UTC to the library."""
    return [(EPOCH + timedelta(microseconds=time)).replace(tzinfo=None) for time in data["time"]]


def is_text(values):
    return any(isinstance(value, str) for value in values)


def as_numpy(data):
    import numpy

    original = data["original_order_id"]
    if is_text(data["customer_id"]):
        keys = {
            "customer_id": numpy.array(data["customer_id"]),
            "order_id": numpy.array(data["order_id"], dtype=object),
        }
        optional = numpy.array(original, dtype=object)
    else:
        keys = {
            "customer_id": numpy.array(data["customer_id"], dtype="int32"),
            "order_id": numpy.array(data["order_id"], dtype="uint32"),
        }
        optional = numpy.ma.masked_array([value or 0 for value in original], mask=[value is None for value in original])
    return {
        **keys,
        "time": numpy.array(data["time"], dtype="datetime64[us]"),
        "amount": numpy.array(data["amount"], dtype="int64"),
        "original_order_id": optional,
    }


def as_structured(data):
    import numpy

    dtype = [
        ("customer_id", "i8"),
        ("order_id", "i4"),
        ("unused", "f4"),
        ("time", "M8[us]"),
        ("amount", ">i8"),
        ("original_order_id", "O"),
    ]
    frame = numpy.zeros(len(data["time"]), dtype=dtype)
    for name in COLUMNS:
        frame[name] = data[name] if name != "time" else numpy.array(data[name], dtype="datetime64[us]")
    return frame


def as_buffers(data):
    frame = {name: array("q", data[name]) for name in COLUMNS[:4]}
    frame["original_order_id"] = data["original_order_id"]
    return frame


def as_datetimes(data):
    return {**data, "time": moments(data)}


def as_aware(data):
    there = timezone(timedelta(hours=8))
    return {**data, "time": [time.replace(tzinfo=timezone.utc).astimezone(there) for time in moments(data)]}


def as_pandas(data):
    import pandas

    frame = pandas.DataFrame(data)
    frame["time"] = pandas.to_datetime(frame["time"], unit="us")
    return frame


def as_pandas_zoned(data):
    frame = as_pandas(data)
    frame["time"] = frame["time"].dt.tz_localize("UTC").dt.tz_convert("Asia/Shanghai")
    return frame


def as_pandas_nullable(data):
    return as_pandas(data).convert_dtypes()


def as_pandas_arrow(data):
    import pandas

    return as_arrow(data).select(COLUMNS).to_pandas(types_mapper=pandas.ArrowDtype)


def as_pandas_float_keys(data):
    frame = as_pandas(data)
    frame["customer_id"] = frame["customer_id"].astype("float64")
    frame["extra"] = 1.5
    return frame.iloc[::1]


def as_pandas_category(data):
    frame = as_pandas(data)
    for name in ("customer_id", "order_id", "original_order_id"):
        whole = frame[name] if is_text(data[name]) else frame[name].astype("Int64")
        frame[name] = whole.astype("category")
    return frame


def as_pandas_strided(data):
    """Every other row of a frame twice as long."""
    import pandas

    frame = as_pandas(data)
    return pandas.concat([frame, frame]).sort_index(kind="stable").iloc[::2]


def as_arrow(data):
    import pyarrow

    optional = pyarrow.string() if is_text(data["original_order_id"]) else pyarrow.int64()
    return pyarrow.table(
        {
            "unused": pyarrow.array([[1, 2]] * len(data["time"])),
            **{name: pyarrow.array(data[name]) for name in ("customer_id", "order_id")},
            "time": pyarrow.array(data["time"], pyarrow.timestamp("us", tz="UTC")),
            "amount": pyarrow.array(data["amount"], pyarrow.int32()),
            "original_order_id": pyarrow.array(data["original_order_id"], optional),
        }
    )


def as_arrow_decimal(data):
    import pyarrow

    table = as_arrow(data)
    amounts = table["amount"].cast(pyarrow.decimal128(20, 0))
    return table.set_column(table.schema.get_field_index("amount"), "amount", amounts)


def as_arrow_dictionary(data):
    table = as_arrow(data)
    at = table.schema.get_field_index("customer_id")
    return table.set_column(at, "customer_id", table["customer_id"].dictionary_encode())


def as_batch(data):
    return as_arrow(data).combine_chunks().to_batches()[0]


def as_reader(data):
    return as_arrow(data).to_reader(max_chunksize=37)


def as_sliced(data):
    import pyarrow

    table = as_arrow(data)
    return pyarrow.concat_tables([table.slice(0, 101), table.slice(101, 5), table.slice(106)])


class ArrayOnly:
    """Exports one Arrow array and nothing else."""

    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__(requested_schema)


def as_array_only(data):
    return ArrayOnly(as_batch(data).slice(0))


def as_polars(data):
    import polars

    return polars.DataFrame(data).with_columns(polars.col("time").cast(polars.Datetime("us")), unused=polars.lit("x"))


def as_lazy(data):
    return as_polars(data).lazy()


def as_polars_sliced(data):
    import polars

    frame = as_polars(data)
    return polars.concat([frame[:3], frame])[3:]


def as_duckdb(data):
    import duckdb

    table = as_arrow(data)
    return duckdb.connect().from_arrow(table)


def as_rows(data):
    return [dict(zip(data, values)) for values in zip(*data.values())]


def as_generator(data):
    return (batch for batch in as_arrow(data).to_batches(max_chunksize=50))


def as_pandas_chunks(data):
    frame = as_pandas(data)
    return [frame.iloc[start : start + 130] for start in range(0, len(frame), 130)]


KINDS = {
    function.__name__.removeprefix("as_"): function
    for function in (
        as_numpy,
        as_structured,
        as_buffers,
        as_datetimes,
        as_aware,
        as_pandas,
        as_pandas_zoned,
        as_pandas_nullable,
        as_pandas_arrow,
        as_pandas_float_keys,
        as_pandas_category,
        as_pandas_strided,
        as_arrow,
        as_arrow_decimal,
        as_arrow_dictionary,
        as_batch,
        as_reader,
        as_sliced,
        as_array_only,
        as_polars,
        as_lazy,
        as_polars_sliced,
        as_duckdb,
        as_rows,
        as_generator,
        as_pandas_chunks,
    )
}


def make(kind, data):
    """A frame of a kind; skips the test where its package is not installed."""
    try:
        return KINDS[kind](data)
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")


def tables(result):
    """All tables of a result as plain values, to be compared."""
    return {name: table.to_dict() for name, table in result.tables.items()}
