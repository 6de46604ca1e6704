"""Paths of attribution as columns of lists, in frames of every kind: the same states as from text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PATHS = [["短信", "group"], ["group"], [], ["短信", "group"], ["group", "短信", "group"]]
COUNTS = {"conversions": [1, 2, 1, 3, 1], "nulls": [0, 1, 0, 2, 5]}
MARKS = [[1, 0], [3], [], [0, 0], [0, 2, 1]]


def state(pdm, *frames, **more):
    made = pdm.Attribution(rows="paths", models=["linear", "markov"], **more)
    for frame in frames:
        made.update(frame)
    return made.to_bytes()


def joined(paths, separator=" > "):
    return [None if path is None else separator.join(map(str, path)) for path in paths]


def lists():
    return {"path": PATHS, **COUNTS}


def polars_of(kind):
    def make():
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame(lists(), schema_overrides={"path": polars.List(polars.String)})
        if kind == "categorical":
            frame = frame.with_columns(polars.col("path").cast(polars.List(polars.Categorical)))
        return frame.lazy() if kind == "lazy" else dict(frame.to_dict()) if kind == "series" else frame

    return make


def arrow_of(kind):
    def make():
        pyarrow = pytest.importorskip("pyarrow")
        text = pyarrow.string()
        kinds = {
            "large": pyarrow.large_list(pyarrow.large_string()),
            "dictionary": pyarrow.list_(pyarrow.dictionary(pyarrow.int8(), text)),
        }
        if kind == "view":
            kinds["view"] = pyarrow.list_(pyarrow.string_view())
        path = pyarrow.array([["before"], *PATHS, ["after"]], pyarrow.list_(text))
        path = pyarrow.array(path.to_pylist(), kinds[kind]) if kind in kinds else path
        table = pyarrow.table({"path": path, **{name: [9, *values, 9] for name, values in COUNTS.items()}}).slice(1, 5)
        if kind == "reader":
            return table.to_reader(max_chunksize=2)
        return {name: table[name] for name in table.column_names} if kind == "arrays" else table

    return make


def pandas_of(kind):
    def make():
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(lists())
        if kind == "arrays":
            import numpy

            return frame.assign(path=[numpy.array(path, dtype=object) for path in PATHS])
        if kind == "arrow":
            pyarrow = pytest.importorskip("pyarrow")
            return frame.assign(path=pandas.Series(PATHS, dtype=pandas.ArrowDtype(pyarrow.list_(pyarrow.string()))))
        return {"path": frame["path"].to_numpy(), **COUNTS} if kind == "numpy" else frame

    return make


def duckdb_of():
    duckdb = pytest.importorskip("duckdb")
    source = json.dumps([dict(zip(lists(), row, strict=True)) for row in zip(*lists().values(), strict=True)])
    columns = 'UNNEST(from_json(?::JSON, \'[{"path": ["VARCHAR"], "conversions": "BIGINT", "nulls": "BIGINT"}]\'))'
    return duckdb.connect().sql(f"SELECT r.* FROM (SELECT {columns} AS r)", params=[source])


FRAMES = {
    "lists": lists,
    "tuples": lambda: {**lists(), "path": [tuple(path) for path in PATHS]},
    "dicts": lambda: [dict(zip(lists(), row, strict=True)) for row in zip(*lists().values(), strict=True)],
    "iterable of frames": lambda: iter(
        [{name: values[:2] for name, values in lists().items()}, {name: values[2:] for name, values in lists().items()}]
    ),
    **{f"polars {kind}": polars_of(kind) for kind in ("eager", "lazy", "series", "categorical")},
    **{f"pyarrow {kind}": arrow_of(kind) for kind in ("list", "large", "dictionary", "view", "reader", "arrays")},
    **{f"pandas {kind}": pandas_of(kind) for kind in ("lists", "arrays", "arrow", "numpy")},
    "duckdb": duckdb_of,
}


@pytest.mark.parametrize("kind", FRAMES)
def test_the_same_state_as_from_text(pdm, kind):
    text = {"path": joined(PATHS), **COUNTS}
    assert state(pdm, FRAMES[kind]()) == state(pdm, text)
    assert state(pdm, FRAMES[kind](), text) == state(pdm, text, FRAMES[kind]()) == state(pdm, text, text)


def test_marks(pdm):
    milestones = {"milestones": ["lead", "sale"]}
    text = {"path": joined(PATHS), "marks": joined(MARKS), **COUNTS}
    want = state(pdm, text, **milestones)
    assert state(pdm, {"path": PATHS, "marks": MARKS, **COUNTS}, **milestones) == want
    assert state(pdm, {"path": joined(PATHS), "marks": MARKS, **COUNTS}, **milestones) == want
    assert state(pdm, {"path": PATHS, "marks": joined(MARKS), **COUNTS}, **milestones) == want
    assert state(pdm, {"path": PATHS, **COUNTS}, **milestones) != want
    pyarrow = pytest.importorskip("pyarrow")
    for kind in (pyarrow.uint8(), pyarrow.int64()):
        table = pyarrow.table({"path": PATHS, "marks": pyarrow.array(MARKS, pyarrow.list_(kind)), **COUNTS})
        assert state(pdm, table, **milestones) == want
        assert state(pdm, {name: table[name] for name in table.column_names}, **milestones) == want


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.lists(st.sampled_from(["a", "b", "小程序", "x y", "-"]), max_size=5),
            st.integers(0, 4),
            st.integers(0, 4),
        ),
        min_size=1,
        max_size=12,
    ),
    cut=st.integers(0, 12),
)
def test_any_mixture(pdm, rows, cut):
    paths, conversions, nulls = (list(column) for column in zip(*rows, strict=True))
    whole = {"path": joined(paths), "conversions": conversions, "nulls": nulls}
    first = {"path": paths[:cut], "conversions": conversions[:cut], "nulls": nulls[:cut]}
    rest = {name: values[cut:] for name, values in whole.items()}
    assert state(pdm, *(frame for frame in (rest, first) if frame["path"])) == state(pdm, whole)


def test_channels_are_taken_as_they_are(pdm):
    frame = {"path": [["a > b", " c "], ["c"], []], "conversions": [1, 2, 4]}
    result = pdm.attribution(frame, rows="paths", models=["linear"])
    credits = {row["channel"]: row["conversions"] for row in result.credits.to_rows() if row["row_kind"] == "channel"}
    assert credits == {"a > b": 0.5, " c ": 0.5, "c": 2.0}
    assert result.totals.to_rows()[0]["unattributed_conversions"] == 4


def test_rows_without_a_list(pdm):
    frame = {"path": [["a"], None], "conversions": [1, 2]}
    with pytest.raises(pdm.NullValueError, match='row 1, column "path": null'):
        pdm.attribution(frame, rows="paths")
    result = pdm.attribution(frame, rows="paths", null_rows="skip")
    assert result.totals.to_rows()[0]["rows_skipped"] == 1


BAD_PATHS = [
    ([["a"], ["b", None]], 1, "item 1 of the list is null"),
    ([["a"], [], ["b", ""]], 2, "item 1 of the list; a channel has a name"),
    ([["(conversion)"]], 0, "item 0 of the list; .start., .conversion. and .null. are no channels"),
    ([["a"], "b"], 1, "a str among lists"),
    ([["a"], ["b", 1]], 1, "values of int and str"),
    ([["a"], ["b"], [["c"]]], 2, "a list within a list"),
    ([["a"], [{}]], 1, "values of dict and str"),
    ([[1], [2**70]], 1, "does not fit 64 bits"),
    ([[1], [2]], None, "lists of int64; lists of text expected"),
    ([[["a"]], [["b"]]], 0, "a list within a list"),
]


@pytest.mark.parametrize(("paths", "row", "message"), BAD_PATHS)
def test_bad_paths(pdm, paths, row, message):
    with pytest.raises(pdm.Error, match=message) as caught:
        pdm.attribution({"path": paths, "conversions": [1] * len(paths)}, rows="paths")
    assert caught.value.row == row and caught.value.column == "path"


BAD_MARKS = [
    ([[1], [0]], 1, "item 1 of the list; for each touch"),
    ([[1], [0, 1, 0]], 1, "more marks than touches"),
    ([[2], [0, 1]], 0, "item 0 of the list; for each touch"),
    ([[1], [0, -1]], 1, "item 1 of the list; for each touch"),
    ([[1], [0, None]], 1, "item 1 of the list is null"),
    ([["1"], ["0", "1"]], None, "lists of large_utf8; lists of integers expected"),
    ([[1.0], [0.0, 1.0]], None, "lists of float64; lists of integers expected"),
]


@pytest.mark.parametrize(("marks", "row", "message"), BAD_MARKS)
def test_bad_marks(pdm, marks, row, message):
    frame = {"path": [["a"], ["a", "b"]], "conversions": [1, 1], "marks": marks}
    with pytest.raises(pdm.Error, match=message) as caught:
        pdm.attribution(frame, rows="paths", milestones=["lead"])
    assert caught.value.row == row and caught.value.column == "marks"


def test_arrow_lists_of_other_things(pdm):
    pyarrow = pytest.importorskip("pyarrow")
    for values, kind, message in [
        ([["a"], ["b", None]], pyarrow.list_(pyarrow.string()), "row 1, .*item 1 of the list is null"),
        ([[["a"]], [["b"]]], pyarrow.list_(pyarrow.list_(pyarrow.string())), "lists of .*; lists of text expected"),
        ([[1], [2]], pyarrow.list_(pyarrow.int32()), "lists of int32; lists of text expected"),
        ([[{"a": 1}], []], pyarrow.list_(pyarrow.struct([("a", pyarrow.int8())])), "lists of unsupported"),
    ]:
        table = pyarrow.table({"path": pyarrow.array(values, kind), "conversions": [1, 1]})
        with pytest.raises(pdm.Error, match=message):
            pdm.attribution(table, rows="paths")
        with pytest.raises(pdm.Error, match="lists of|item 1|values of dict"):
            pdm.attribution({name: table[name] for name in table.column_names}, rows="paths")


def test_other_columns_take_no_lists(pdm):
    with pytest.raises(pdm.ColumnTypeError, match='column "conversions": type large_list; integers'):
        pdm.attribution({"path": ["a"], "conversions": [[1]]}, rows="paths")
    with pytest.raises(pdm.ColumnTypeError, match='column "user": type large_list; integers or text expected'):
        pdm.attribution({"user": [[1]], "time": [0], "kind": ["touch"], "channel": ["a"]})
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"user": [1], "time": [0], "kind": ["touch"], "channel": [["a"]]})
    with pytest.raises(pdm.ColumnTypeError, match='column "channel": type list; text expected'):
        pdm.attribution(table)
    unused = pyarrow.table({"path": ["a"], "conversions": [1], "basket": [[["x"]]]})
    assert pdm.attribution(unused, rows="paths").totals.to_rows()[0]["conversions"] == 1
