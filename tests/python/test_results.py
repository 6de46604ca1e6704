"""Results in every shape: lists, pandas, polars, Arrow, files, text and HTML."""

import csv
import gc
from datetime import datetime, timedelta, timezone

import pytest
import support_frames as frames

DATA = frames.orders()


@pytest.fixture(scope="module")
def result(pdm):
    return pdm.rfm(DATA, tz="Asia/Shanghai")


def test_tables_and_columns(pdm, result):
    assert list(result.tables)[0] == "rfm"
    assert result["segments"] is result.segments is result.tables["segments"]
    assert isinstance(result.segments, pdm.Table)
    assert len(result) == len(result.main) == len(result.rfm)
    assert (
        result.columns
        == result.main.columns
        == list(pdm.metrics["rfm"].tables["rfm"].columns[i].name for i in range(len(result.columns)))
    )
    assert "segments" in result and "monetary" in result and "nothing" not in result
    assert result["monetary"].to_list() == result.main["monetary"].to_list()
    assert result.metric.name == "rfm"
    with pytest.raises(KeyError, match="no table or column"):
        result["nothing"]
    with pytest.raises(AttributeError, match="no table"):
        result.nothing  # noqa: B018
    with pytest.raises(KeyError, match="no column"):
        result.segments["nothing"]
    assert "segments" in dir(result)
    assert isinstance(result, pdm.RFMResult)


def test_columns_are_sequences(result):
    column = result["monetary"]
    values = column.to_list()
    assert list(column) == values
    assert len(column) == len(values)
    assert column[0] == values[0] and column[-1] == values[-1]
    assert column[2:5] == values[2:5] and column[::-2] == values[::-2] and column[5:2] == []
    assert column == values and column != values[:-1]
    assert values[3] in column
    assert column.min() == min(values) and column.max() == max(values)
    with pytest.raises(IndexError):
        column[len(values)]
    assert column.dtype == "int64"
    assert "monetary" in repr(column)
    with pytest.raises(TypeError):
        hash(column)


def test_extremes(result):
    times = result["last_time"].to_list()
    assert result["last_time"].min() == min(times) and result["last_time"].max() == max(times)
    cuts = result.thresholds["cut"]
    known = [value for value in cuts.to_list() if value is not None]
    assert len(known) < len(cuts) and cuts.min() == min(known) and cuts.max() == max(known)
    assert result.thresholds["split"].min() is None  # nothing but nulls


def test_times_are_on_the_clock_asked_for(pdm, result):
    there = result["last_time"][0]
    utc = pdm.rfm(DATA)["last_time"][0]
    assert there == utc
    assert there.utcoffset() == timedelta(hours=8)
    assert utc.utcoffset() == timedelta(0)
    assert isinstance(there, datetime)


def test_every_shape_holds_the_same(pdm, result):
    numpy = pytest.importorskip("numpy")
    for package in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(package)
    sample = pdm.datasets.private_domain(200, seed=9)
    every = [*result.tables.values(), *pdm.rfm(DATA, tiers="share").tables.values(), *sample.tables.values()]
    for table in every:
        values = table.to_dict()
        assert table.to_rows() == [dict(zip(values, row)) for row in zip(*values.values())]
        if len(table) == 0:
            continue
        for shape in (table.to_polars().to_dict(as_series=False), table.to_arrow().to_pydict()):
            assert list(shape) == table.columns
            for name, column in shape.items():
                assert [_instant(value) for value in column] == [_instant(value) for value in values[name]], (
                    table.name,
                    name,
                )
        frame = table.to_pandas()
        assert list(frame.columns) == table.columns
        for name in table.columns:
            got = [None if _missing(value) else _instant(value) for value in frame[name].tolist()]
            assert got == [_instant(value) for value in values[name]], (table.name, name)
            array = table[name].to_numpy()
            assert len(array) == len(table)
            nulls = [value is None for value in values[name]]
            if array.dtype.kind in "iuf":
                assert [None if numpy.isnan(v) else v for v in array.astype(float)] == [
                    None if v is None else float(v) for v in values[name]
                ]
            assert table[name].nulls() is None or table[name].nulls().tolist() == nulls
            assert numpy.asarray(table[name]).shape == array.shape


def _missing(value):
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _instant(value):
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    return value


def test_pandas_types(result):
    pytest.importorskip("pandas")
    frame = result.to_pandas()
    assert str(frame["last_time"].dtype).startswith("datetime64[us, Asia/Shanghai")
    assert str(frame["segment"].dtype) == "category"
    assert str(frame["monetary"].dtype) == "int64"
    assert str(frame["r_score"].dtype) == "int32"


def test_arrow_outlives_everything(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    made = pdm.rfm(DATA)
    expected = made.segments.to_dict()
    capsule_holder = pyarrow.table(made.segments)
    schema = pyarrow.schema(made.segments)
    del made
    gc.collect()
    assert capsule_holder.to_pydict() == expected
    assert schema.names == list(expected)
    capsule_holder.validate(full=True)


def test_unused_capsules_leak_nothing(pdm):
    made = pdm.rfm(DATA)
    for _ in range(100):
        made.__arrow_c_stream__()
        made.__arrow_c_schema__()
    with pytest.raises(TypeError):
        pdm.rfm(type("Wrong", (), {"__arrow_c_stream__": lambda self, schema=None: made.__arrow_c_schema__()})())


def test_save(pdm, result, tmp_path):
    result.segments.save(tmp_path / "segments.csv")
    with open(tmp_path / "segments.csv", encoding="utf-8", newline="") as source:
        rows = list(csv.reader(source))
    assert rows[0] == result.segments.columns
    assert len(rows) == len(result.segments) + 1
    assert [row[rows[0].index("segment")] for row in rows[1:]] == result.segments["segment"].to_list()
    result.save(tmp_path / "excel.csv", encoding="utf-8-sig")
    assert (tmp_path / "excel.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    result.save_all(tmp_path / "all")
    assert {path.name for path in (tmp_path / "all").iterdir()} == {f"{name}.csv" for name in result.tables}
    with pytest.raises(pdm.ArgumentError, match="ends in .csv or .parquet"):
        result.save(tmp_path / "x.xlsx")


def test_save_parquet(result, tmp_path):
    polars = pytest.importorskip("polars")
    result.save(tmp_path / "rfm.parquet")
    assert polars.read_parquet(tmp_path / "rfm.parquet")["monetary"].to_list() == result["monetary"].to_list()


def test_text(result):
    text = repr(result)
    assert text.startswith(f"rfm: {len(result)} rows")
    assert "customer_id" in text and "more tables:" in text and "…" in text
    assert max(map(len, text.splitlines())) < 200
    assert "segments: " in repr(result.segments)


def test_html_is_escaped(pdm):
    from html.parser import HTMLParser

    evil = "<script>alert('x')</script>&\""
    made = pdm.rfm({"customer_id": [evil, "b"], "order_id": [1, 2], "time": [0, 1], "amount": [1, 2]})
    html = made._repr_html_()
    assert "<script" not in html and "&lt;script&gt;" in html
    opened = []

    class Check(HTMLParser):
        def handle_starttag(self, tag, attrs):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Check().feed(html)
    assert not opened
    long = pdm.rfm(DATA)._repr_html_()
    assert long.count("<tr>") < 20 and "⋮" in long
