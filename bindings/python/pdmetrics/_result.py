"""Results: named tables of named columns, in whatever shape the next tool wants them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _output, _render, _time
from ._errors import ArgumentError
from ._native import core
from ._registry import MetricInfo, TableInfo

if TYPE_CHECKING:
    import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import plotly.graph_objects  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]

Language = Literal["en", "zh"]

_DTYPES = {
    core.PDM_TYPE_INT32: "int32",
    core.PDM_TYPE_INT64: "int64",
    core.PDM_TYPE_UINT64: "uint64",
    core.PDM_TYPE_FLOAT64: "float64",
    core.PDM_TYPE_TIMESTAMP_US: "datetime",
    core.PDM_TYPE_BOOL: "bool",
    core.PDM_TYPE_LARGE_UTF8: "text",
    core.PDM_TYPE_DICTIONARY: "category",
}


class Column(Sequence[Any]):
    """A column of a result: a read-only sequence of Python values, ``None`` where undefined."""

    def __init__(self, table: Table, index: int, name: str) -> None:
        self._table = table
        self._index = index
        self.name = name
        kind = core.pdm_table_column_type(table._native, index)
        self.dtype = _DTYPES[kind]

    def _slice(self, start: int, stop: int) -> list[Any]:
        return self._told(core.pdm_py_table_list(self._table._native, self._index, start, stop))

    def _told(self, values: list[Any]) -> list[Any]:
        """Values as users get them."""
        if self.dtype != "datetime":
            return values
        tz = self._table._tz
        # Periods stand in many rows, and a time takes long to make.
        known = {value: None if value is None else _time.to_datetime(value, tz) for value in set(values)}
        return [known[value] for value in values]

    @property
    def value(self) -> Any:
        """The value of a table of one row: ``result.summary["closure"].value``."""
        if len(self) != 1:
            raise ArgumentError(f'column "{self.name}" has {len(self)} rows, one was expected', column=self.name)
        return self[0]

    def to_list(self) -> list[Any]:
        """All values."""
        return self._slice(0, len(self))

    def min(self) -> Any:
        """The smallest value there is; ``None`` if there is none."""
        return self._extreme(min)

    def max(self) -> Any:
        """The largest value there is; ``None`` if there is none."""
        return self._extreme(max)

    def _extreme(self, choose: Callable[..., Any]) -> Any:
        native = core.pdm_py_table_list(self._table._native, self._index, 0, len(self))
        found = choose((value for value in native if value is not None), default=None)
        return self._told([found])[0]

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """A numpy array of its own; null is NaN or NaT, and None among text. Integers with nulls become floats."""
        import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

        if self.dtype in ("text", "category"):
            texts: numpy.ndarray[Any, Any] = numpy.array(self.to_list(), dtype=object)
            return texts
        native = self._table._native
        dtype = {"datetime": "datetime64[us]", "bool": "bool"}.get(self.dtype, self.dtype)
        data = bytearray(core.pdm_py_table_data(native, self._index))
        values: numpy.ndarray[Any, Any] = numpy.frombuffer(data, dtype=dtype)
        nulls = self.nulls()
        if nulls is None:
            return values
        if self.dtype == "datetime":
            values[nulls] = numpy.datetime64("NaT")
            return values
        floats: numpy.ndarray[Any, Any] = values.astype("float64")
        floats[nulls] = numpy.nan
        return floats

    def nulls(self) -> numpy.ndarray[Any, Any] | None:
        """A numpy mask of what is undefined; ``None`` if nothing is."""
        import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

        nulls = core.pdm_py_table_nulls(self._table._native, self._index)
        if nulls is None:
            return None
        mask: numpy.ndarray[Any, Any] = numpy.frombuffer(nulls, dtype="bool")
        return mask

    def codes(self) -> numpy.ndarray[Any, Any]:
        """A numpy array of positions in :meth:`categories`; −1 is null."""
        import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

        data = bytearray(core.pdm_py_table_data(self._table._native, self._index))
        codes: numpy.ndarray[Any, Any] = numpy.frombuffer(data, dtype="int32")
        nulls = self.nulls()
        if nulls is not None:
            codes[nulls] = -1
        return codes

    def categories(self) -> list[str]:
        """The values a category column can have."""
        return core.pdm_py_table_categories(self._table._native, self._index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.ndarray[Any, Any]:
        values = self.to_numpy()
        return values if dtype is None else values.astype(dtype)

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, item: int) -> Any: ...
    @overload
    def __getitem__(self, item: slice) -> list[Any]: ...
    def __getitem__(self, item: int | slice) -> Any:
        if isinstance(item, slice):
            start, stop, step = item.indices(len(self))
            return self._slice(start, stop) if step == 1 else self.to_list()[item]
        index = item + len(self) if item < 0 else item
        if not 0 <= index < len(self):
            raise IndexError(f"row {item} of {len(self)}")
        return self._slice(index, index + 1)[0]

    def __iter__(self) -> Iterator[Any]:
        step = 65_536
        for start in range(0, len(self), step):
            yield from self._slice(start, start + step)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (Column, list, tuple)):
            return len(self) == len(other) and self.to_list() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        head = ", ".join(map(_render.plain, self[:6]))
        return f"<{self.name}: {self.dtype}, {len(self):,} values: [{head}{', …' if len(self) > 6 else ''}]>"


class Table:
    """One table of a result.

    It exports itself as Arrow without copying: ``polars.DataFrame(table)``, ``pyarrow.table(table)``.
    """

    def __init__(self, result: core.pdm_result, native: core.pdm_table, info: TableInfo | None, tz: tzinfo) -> None:
        self._result = result  # keeps the memory
        self._native = native
        self._tz = tz
        self.info = info
        self.name: str = core.pdm_table_name(native)
        self._rows = core.pdm_table_rows(native)
        names = [core.pdm_table_column_name(native, i) for i in range(core.pdm_table_column_count(native))]
        self._index = {name: i for i, name in enumerate(names)}

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._index)

    @property
    def dtypes(self) -> dict[str, str]:
        """Kinds of the columns."""
        return {name: self[name].dtype for name in self._index}

    def column(self, name: str) -> Column:
        """A column."""
        try:
            return Column(self, self._index[name], name)
        except KeyError:
            raise KeyError(f'no column "{name}" in table {self.name}; there are {", ".join(self._index)}') from None

    __getitem__ = column

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __len__(self) -> int:
        return self._rows

    def to_dict(self) -> dict[str, list[Any]]:
        """Column name → list of values."""
        return {name: self[name].to_list() for name in self._index}

    def to_rows(self) -> list[dict[str, Any]]:
        """One dict a row."""
        values = self.to_dict()
        return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas data frame; needs no pyarrow. Integers with nulls become pandas' Int64, segments categories."""
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

        columns: dict[str, Any] = {}
        for name in self._index:
            column = self[name]
            nulls = None if column.dtype in ("text", "category") else column.nulls()
            if column.dtype == "category":
                columns[name] = pandas.Categorical.from_codes(column.codes(), column.categories())
            elif column.dtype == "datetime":
                columns[name] = pandas.DatetimeIndex(column.to_numpy(), tz="UTC").tz_convert(self._tz)
            elif nulls is not None and column.dtype in ("int32", "int64", "uint64", "bool"):
                dtype = "boolean" if column.dtype == "bool" else column.dtype.replace("i", "I", 1).replace("uI", "UI")
                columns[name] = pandas.array(column.to_list(), dtype=dtype)
            elif column.dtype == "text":
                columns[name] = column.to_list()
            else:
                columns[name] = column.to_numpy()
        return pandas.DataFrame(columns)

    def to_polars(self) -> polars.DataFrame:
        """A polars data frame that shares the memory."""
        import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]

        return polars.DataFrame(self)

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table that shares the memory."""
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]

        return pyarrow.table(self)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return core.pdm_py_table_stream(self._native)

    def __arrow_c_schema__(self) -> object:
        return core.pdm_py_table_schema(self._native)

    def save(self, path: str | os.PathLike[str], *, encoding: str = "utf-8") -> None:
        """Writes the table as ``.csv`` (``encoding="utf-8-sig"`` for Excel) or ``.parquet``."""
        suffix = os.path.splitext(os.fspath(path))[1].lower()
        if suffix not in (".csv", ".parquet"):
            raise ArgumentError(f'cannot save as "{os.fspath(path)}": expected a name that ends in .csv or .parquet')
        with _output.replaced(path) as temporary:
            if suffix == ".parquet":
                _save_parquet(self, temporary)
            else:
                self._save_csv(temporary, encoding)

    def _save_csv(self, path: str | os.PathLike[str], encoding: str) -> None:
        step = 65_536
        columns = [self[name] for name in self._index]
        with open(path, "w", encoding=encoding, newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(self._index)
            for start in range(0, self._rows, step):
                block = [list(map(_csv_value, column[start : start + step])) for column in columns]
                writer.writerows(zip(*block, strict=True))

    def _show(self, rows: int = 10) -> tuple[list[list[Any]], int | None]:
        """First and last rows, and after how many of them rows were left out."""
        if self._rows <= rows:
            return self._rows_between(0, self._rows), None
        half = rows // 2
        return self._rows_between(0, half) + self._rows_between(self._rows - half, self._rows), half

    def _rows_between(self, start: int, stop: int) -> list[list[Any]]:
        columns = [self[name][start:stop] for name in self._index]
        return [list(row) for row in zip(*columns, strict=True)]

    def _units(self) -> list[str]:
        if self.info is None:
            return [""] * len(self._index)
        units = {column.name: column.unit for column in self.info.columns}
        return [units.get(name, "") for name in self._index]

    def _repr_html_(self) -> str:
        shown, gap = self._show()
        return _render.html_table(self.name, self.columns, self._units(), shown, gap, self._rows)

    def __repr__(self) -> str:
        shown, gap = self._show()
        return _render.text_table(self.name, self.columns, shown, gap, self._rows)


class Result:
    """Named tables.

    The main one answers as if it were the result itself; the others are attributes: ``result.segments``.
    """

    def __init__(
        self, native: core.pdm_result, metric: MetricInfo | None, tz: tzinfo, currency_exponent: int | None = None
    ) -> None:
        self._native = native
        self.metric = metric
        self.tz = tz
        self.currency_exponent = currency_exponent
        infos = {} if metric is None else metric.tables
        self.tables: dict[str, Table] = {}
        for i in range(core.pdm_result_table_count(native)):
            table = core.pdm_result_table_at(native, i)
            name = core.pdm_table_name(table)
            self.tables[name] = Table(native, table, infos.get(name), tz)

    @property
    def main(self) -> Table:
        """The main table."""
        return next(iter(self.tables.values()))

    def _table(self, name: str) -> Table:
        try:
            return self.tables[name]
        except KeyError:
            known = ", ".join(self.tables)
            raise AttributeError(f'this result has no table "{name}"; it has {known}') from None

    def __getattr__(self, name: str) -> Table:
        tables: Mapping[str, Table] = self.__dict__.get("tables", {})
        if name in tables:
            return tables[name]
        known = ", ".join(tables)
        raise AttributeError(f'no table "{name}"; there are {known}')

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def __getitem__(self, name: str) -> Any:
        """A table by its name, or a column of the main table."""
        if name in self.tables:
            return self.tables[name]
        if name in self.main:
            return self.main[name]
        raise KeyError(
            f'no table or column "{name}"; tables: {", ".join(self.tables)}; columns: {", ".join(self.main.columns)}'
        )

    def __contains__(self, name: object) -> bool:
        return name in self.tables or name in self.main

    def __len__(self) -> int:
        return len(self.main)

    @property
    def columns(self) -> list[str]:
        """Names of the main table's columns."""
        return self.main.columns

    def to_dict(self) -> dict[str, list[Any]]:
        """The main table: column name → list of values."""
        return self.main.to_dict()

    def to_rows(self) -> list[dict[str, Any]]:
        """The main table: one dict a row."""
        return self.main.to_rows()

    def to_pandas(self) -> pandas.DataFrame:
        """The main table as a pandas data frame."""
        return self.main.to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The main table as a polars data frame that shares the memory."""
        return self.main.to_polars()

    def to_arrow(self) -> pyarrow.Table:
        """The main table as a pyarrow table that shares the memory."""
        return self.main.to_arrow()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.main.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.main.__arrow_c_schema__()

    def save(self, path: str | os.PathLike[str], *, encoding: str = "utf-8") -> None:
        """Writes the main table as ``.csv`` (``encoding="utf-8-sig"`` for Excel) or ``.parquet``."""
        self.main.save(path, encoding=encoding)

    def save_all(
        self, directory: str | os.PathLike[str], *, format: Literal["csv", "parquet"] = "csv", encoding: str = "utf-8"
    ) -> None:
        """Writes every table into a directory, which is made if need be: ``segments.csv`` and so on."""
        os.makedirs(directory, exist_ok=True)
        for name, table in self.tables.items():
            table.save(os.path.join(directory, f"{name}.{format}"), encoding=encoding)

    def plot(self, kind: str | None = None, *, lang: Language = "en", **options: Any) -> plotly.graph_objects.Figure:
        """An interactive Plotly figure, English or Chinese; ``kind`` chooses among those of the metric."""
        from .plot import draw

        return draw(self, kind, lang=lang, **options)

    def _repr_html_(self) -> str:
        others = [name for name in self.tables if name != self.main.name]
        return self.main._repr_html_() + _render.html_names(others)

    def __repr__(self) -> str:
        others = ", ".join(f"{name} ({len(table):,})" for name, table in self.tables.items() if name != self.main.name)
        return repr(self.main) + (f"\nmore tables: {others}" if others else "")


_RESULTS: dict[str, type[Result]] = {}


def register_result(metric: str) -> Callable[[type[Result]], type[Result]]:
    """Makes a generated class the one of a metric's results."""
    return partial(_register, metric)


def _register(metric: str, kind: type[Result]) -> type[Result]:
    _RESULTS[metric] = kind
    return kind


def result_class(metric: str) -> type[Result]:
    """The class of a metric's results."""
    return _RESULTS.get(metric, Result)


def _csv_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _save_parquet(table: Table, path: str) -> None:
    try:
        import pyarrow.parquet  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        pyarrow.parquet.write_table(table.to_arrow(), path)
        return
    try:
        import polars  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        polars.DataFrame(table).write_parquet(path)
        return
    try:
        import duckdb  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise ArgumentError('writing Parquet needs pyarrow, polars or DuckDB: pip install "pdmetrics[cli]"') from None
    duckdb.connect().from_arrow(table).write_parquet(path)
