"""Single columns, from whatever holds them, as the tuples that the native module reads in place."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Literal

from . import _registry
from ._errors import BadValueError, ColumnTypeError, Error, RangeError
from ._native import core

# (name, type, values, validity, offsets, offset, index_type, scale, naive, (length, column) of a dictionary or of items)
Column = tuple[str, int, Any, Any, Any, int, int, int, int, Any]

# Roles that are no fractions: floats of these are integers with gaps.
_WHOLE = frozenset({_registry.KEY, _registry.FLAG})

_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NOT_A_TIME = -(2**63)

_BY_FORMAT = {
    ("i", 1): core.PDM_TYPE_INT8,
    ("i", 2): core.PDM_TYPE_INT16,
    ("i", 4): core.PDM_TYPE_INT32,
    ("i", 8): core.PDM_TYPE_INT64,
    ("u", 1): core.PDM_TYPE_UINT8,
    ("u", 2): core.PDM_TYPE_UINT16,
    ("u", 4): core.PDM_TYPE_UINT32,
    ("u", 8): core.PDM_TYPE_UINT64,
    ("f", 4): core.PDM_TYPE_FLOAT32,
    ("f", 8): core.PDM_TYPE_FLOAT64,
}

_TIME_UNITS = {
    "s": core.PDM_TYPE_TIMESTAMP_S,
    "ms": core.PDM_TYPE_TIMESTAMP_MS,
    "us": core.PDM_TYPE_TIMESTAMP_US,
    "ns": core.PDM_TYPE_TIMESTAMP_NS,
}


def make(
    name: str,
    kind: int,
    values: Any,
    validity: Any = None,
    *,
    offsets: Any = None,
    offset: int = 0,
    index_type: int = 0,
    scale: int = 0,
    naive: bool = False,
    dictionary: tuple[int, Column] | None = None,
) -> Column:
    """A column tuple."""
    return name, kind, values, validity, offsets, offset, index_type, scale, int(naive), dictionary


def column(name: str, values: Any, role: int) -> tuple[int, Column]:
    """Length and column of anything that holds one value a row: arrays, buffers, lists, series."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(values, numpy.ndarray):
        return len(values), of_numpy(name, values, role)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, (pandas.Series, pandas.Index)):
        from ._pandas import of_series

        return len(values), of_series(name, pandas.Series(values), role)
    if isinstance(values, (list, tuple, range)):
        return len(values), of_list(name, values, role)
    if hasattr(values, "to_pylist"):  # pyarrow arrays outside a table
        return of_arrow(name, values, role)
    if hasattr(values, "to_arrow") and hasattr(values, "to_list"):  # polars series
        return of_arrow(name, values.to_arrow(), role)
    if hasattr(values, "to_list"):
        return column(name, values.to_list(), role)
    try:
        view = memoryview(values)
    except TypeError:
        if isinstance(values, Sequence) and not isinstance(values, str):
            return len(values), of_list(name, list(values), role)
        raise ColumnTypeError(
            f'column "{name}": expected an array, a buffer or a list, got {type(values).__name__}', column=name
        ) from None
    return len(view), of_buffer(name, view)


def of_buffer(name: str, view: memoryview) -> Column:
    """A one-dimensional buffer of native numbers."""
    code = view.format.lstrip("@=<")
    kind = "f" if code in "fd" else "i" if code in "bhilqn" else "u" if code in "BHILQN" else "?"
    found = _BY_FORMAT.get((kind, view.itemsize))
    if found is None or view.ndim != 1:
        raise ColumnTypeError(f'column "{name}": a buffer of format "{view.format}" cannot be read', column=name)
    return make(name, found, view if view.c_contiguous else array(code, view.tolist()))


# ---------------------------------------------------------------------------------------------------------------- numpy


def bitmap(present: Any) -> Any:
    """Arrow's validity bitmap of a numpy mask; ``None`` if nothing is missing."""
    import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return None if bool(present.all()) else numpy.packbits(present, bitorder="little")


def of_numpy(name: str, values: Any, role: int, *, nan_is_null: bool = False) -> Column:
    """A numpy array; only strided, foreign-endian and object arrays are copied."""
    import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

    if values.ndim != 1:
        raise ColumnTypeError(
            f'column "{name}": expected one value a row, got an array of shape {values.shape}', column=name
        )
    kind = values.dtype.kind
    validity = None
    if kind == "O":
        return of_list(name, values.tolist(), role)
    if numpy.ma.isMaskedArray(values):
        validity = bitmap(~numpy.ma.getmaskarray(values))
        values = numpy.ma.getdata(values)
    if kind in "US":
        texts = values.tolist() if kind == "U" else [item.decode() for item in values.tolist()]
        return make(name, core.PDM_TYPE_LARGE_UTF8, texts)
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    values = numpy.ascontiguousarray(values)
    if kind == "M":
        return _of_times(name, values, validity)
    if kind == "b":
        return make(name, core.PDM_TYPE_BOOL, numpy.packbits(values, bitorder="little"), validity)
    if kind == "f" and values.dtype.itemsize in (4, 8):
        if nan_is_null or role in _WHOLE:
            present = ~numpy.isnan(values)
            validity = bitmap(present) if validity is None else validity
            values = values if validity is None else numpy.where(present, values, 0)
        if role in _WHOLE:
            values = _whole(name, values)
            kind = "i"
    found = _BY_FORMAT.get((kind, values.dtype.itemsize))
    if found is None:
        raise ColumnTypeError(f'column "{name}": arrays of {values.dtype} cannot be read', column=name)
    return make(name, found, values, validity)


def _whole(name: str, values: Any) -> Any:
    """Float keys, which is what integers with gaps become in pandas, as the integers they are."""
    import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

    with numpy.errstate(invalid="ignore"):
        whole = values.astype(numpy.int64)
    wrong = numpy.flatnonzero((whole != values) | (numpy.abs(values) > 2.0**53))
    if wrong.size:
        row = int(wrong[0])
        raise BadValueError(
            f'row {row}, column "{name}": {values[row]!r} is no key; keys are integers or text', row=row, column=name
        )
    return whole


def _of_times(name: str, values: Any, validity: Any, naive: bool = True) -> Column:
    import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

    unit = numpy.datetime_data(values.dtype)[0]
    count = numpy.datetime_data(values.dtype)[1]
    if count == 1 and unit == "D":
        days = values.view(numpy.int64)
        present = days != _NOT_A_TIME
        if not present.all():
            days = numpy.where(present, days, 0)
        return make(
            name, core.PDM_TYPE_DATE32, days.astype(numpy.int32), bitmap(present) if validity is None else validity
        )
    if count != 1 or unit not in _TIME_UNITS:
        values, unit = values.astype("datetime64[s]"), "s"
    ticks = values.view(numpy.int64)
    if validity is None:
        validity = bitmap(ticks != _NOT_A_TIME)
    return make(name, _TIME_UNITS[unit], ticks, validity, naive=naive)


def of_ticks(name: str, ticks: Any, unit: str, *, naive: bool) -> Column:
    """Times as int64 numpy ticks of a unit, with numpy's not-a-time."""
    return make(name, _TIME_UNITS[unit], ticks, bitmap(ticks != _NOT_A_TIME), naive=naive)


# ---------------------------------------------------------------------------------------------------------------- arrow


def _offsets(buffer: Any, large: bool) -> Any:
    code: Literal["q", "i"] = "q" if large else "i"
    return memoryview(buffer).cast(code) if buffer is not None and buffer.size else array(code, [0])


def of_arrow(name: str, values: Any, role: int) -> tuple[int, Column]:
    """A pyarrow array or chunked array; text is not copied if it is in one piece."""
    import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]

    if isinstance(values, pyarrow.ChunkedArray):
        values = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
        if isinstance(values, pyarrow.ChunkedArray):  # too large for one piece
            values = pyarrow.concat_arrays([chunk.cast(pyarrow.large_string()) for chunk in values.chunks])
    kind = values.type
    if pyarrow.types.is_string_view(kind):
        values = values.cast(pyarrow.large_string())
        kind = values.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        large = pyarrow.types.is_large_string(kind)
        validity, offsets, data = values.buffers()
        return len(values), make(
            name,
            core.PDM_TYPE_LARGE_UTF8 if large else core.PDM_TYPE_UTF8,
            b"" if data is None else data,
            validity,
            offsets=_offsets(offsets, large),
            offset=values.offset,
        )
    if pyarrow.types.is_dictionary(kind):
        codes = values.indices
        _, inner = of_arrow(name, values.dictionary, role)
        plain = codes.fill_null(0).to_numpy(zero_copy_only=False)
        found = _BY_FORMAT[plain.dtype.kind, plain.dtype.itemsize]
        present = bitmap(codes.is_valid().to_numpy(zero_copy_only=False)) if codes.null_count else None
        return len(values), make(
            name, core.PDM_TYPE_DICTIONARY, plain, present, index_type=found, dictionary=(len(values.dictionary), inner)
        )
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        validity, offsets, *_ = values.buffers()
        large = pyarrow.types.is_large_list(kind)
        length, items = of_arrow(name, values.values, role)
        if items[1] in (core.PDM_TYPE_LIST, core.PDM_TYPE_LARGE_LIST):
            raise ColumnTypeError(f'column "{name}": lists of lists make no column', column=name)
        return len(values), make(
            name,
            core.PDM_TYPE_LARGE_LIST if large else core.PDM_TYPE_LIST,
            None,
            validity,
            offsets=_offsets(offsets, large),
            offset=values.offset,
            dictionary=(length, items),
        )
    if pyarrow.types.is_decimal(kind):
        return len(values), of_list(name, values.to_pylist(), role)
    present = bitmap(values.is_valid().to_numpy(zero_copy_only=False)) if values.null_count else None
    if pyarrow.types.is_timestamp(kind):
        ticks = values.cast(pyarrow.int64()).fill_null(0).to_numpy()
        return len(values), make(name, _TIME_UNITS[kind.unit], ticks, present, naive=kind.tz is None)
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        plain = values.fill_null(0).to_numpy(zero_copy_only=False) if present is not None else values.to_numpy()
        made = of_numpy(name, plain, role)
        return len(values), (*made[:3], present if present is not None else made[3], *made[4:])
    return len(values), of_list(name, values.to_pylist(), role)


# ---------------------------------------------------------------------------------------------------------------- lists


def _validity(values: Sequence[Any]) -> bytes:
    bits = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        if value is not None:
            bits[i >> 3] |= 1 << (i & 7)
    return bytes(bits)


def of_list(name: str, values: Sequence[Any], role: int) -> Column:
    """A list of Python objects of one kind, with ``None`` for what is missing."""
    kinds = set(map(type, values))
    missing = type(None) in kinds
    kinds.discard(type(None))
    if not kinds:
        return make(name, core.PDM_TYPE_ALL_NULL, None)
    if any(_holds_items(kind) for kind in kinds):
        return _lists(name, values, role)
    if kinds == {str}:
        return make(name, core.PDM_TYPE_LARGE_UTF8, values if isinstance(values, list) else list(values))
    validity = _validity(values) if missing else None
    if kinds == {int}:
        return _integers(name, values, validity)
    if kinds == {float} or kinds == {int, float}:
        return _floats(name, values, validity, role)
    if kinds == {bool}:
        return make(name, core.PDM_TYPE_BOOL, _validity([value or None for value in values]), validity)
    if kinds <= {int, Decimal}:
        return _decimals(name, values, validity)
    if all(issubclass(kind, datetime) for kind in kinds):
        return _datetimes(name, values, validity)
    if kinds == {date}:
        days = array("i", (0 if value is None else value.toordinal() - _EPOCH_DAY for value in values))
        return make(name, core.PDM_TYPE_DATE32, days, validity)
    if all(issubclass(kind, str) for kind in kinds):  # str enums, numpy.str_
        return make(name, core.PDM_TYPE_LARGE_UTF8, [None if value is None else str(value) for value in values])
    if any(hasattr(kind, "item") and not hasattr(kind, "__len__") for kind in kinds):  # numpy scalars
        plain = [value.item() if hasattr(value, "item") else value for value in values]
        if set(map(type, plain)) - {type(None)} != kinds:
            return of_list(name, plain, role)
    names = " and ".join(sorted(kind.__name__ for kind in kinds))
    raise ColumnTypeError(f'column "{name}": values of {names} make no column', column=name)


def _holds_items(kind: type) -> bool:
    """Whether values of a type are lists: lists themselves, tuples, arrays, series."""
    if issubclass(kind, (str, bytes)):
        return False
    return issubclass(kind, (list, tuple)) or (hasattr(kind, "tolist") and hasattr(kind, "__len__"))


def _lists(name: str, values: Sequence[Any], role: int) -> Column:
    """A list of lists. Whether the column takes lists is for the library to say."""
    offsets = array("q", [0])
    items: list[Any] = []
    for row, value in enumerate(values):
        if value is not None and not _holds_items(type(value)):
            raise ColumnTypeError(
                f'row {row}, column "{name}": a {type(value).__name__} among lists', row=row, column=name
            )
        if value is not None:
            items.extend(value.tolist() if hasattr(value, "tolist") else value)
        offsets.append(len(items))
    validity = _validity(values) if any(value is None for value in values) else None
    nested = {kind for kind in set(map(type, items)) if _holds_items(kind)}
    if nested:
        row = bisect_right(offsets, next(i for i, item in enumerate(items) if type(item) in nested)) - 1
        raise ColumnTypeError(f'row {row}, column "{name}": a list within a list', row=row, column=name)
    try:
        inner = of_list(name, items, role)
    except Error as error:
        row = bisect_right(offsets, _odd_item(items) if error.row is None else error.row) - 1
        reason = error.message.partition(f'column "{name}": ')[2]
        raise type(error)(f'row {row}, column "{name}": {reason}', row=row, column=name) from None
    made = (len(items), inner)
    return make(name, core.PDM_TYPE_LARGE_LIST, None, validity, offsets=offsets, dictionary=made)


def _odd_item(items: Sequence[Any]) -> int:
    """The first item that is of another kind than those before it; the first of all if they are alike."""
    given = [i for i, item in enumerate(items) if item is not None]
    return next((i for i in given if type(items[i]) is not type(items[given[0]])), given[0])


def _integers(name: str, values: Sequence[Any], validity: bytes | None) -> Column:
    plain = values if validity is None else [0 if value is None else value for value in values]
    try:
        return make(name, core.PDM_TYPE_INT64, array("q", plain), validity)
    except OverflowError:
        pass
    try:
        return make(name, core.PDM_TYPE_UINT64, array("Q", plain), validity)
    except OverflowError:
        row = next(i for i, value in enumerate(plain) if not -(2**63) <= value < 2**63)
        raise RangeError(
            f'row {row}, column "{name}": {plain[row]} does not fit 64 bits', row=row, column=name
        ) from None


def _floats(name: str, values: Sequence[Any], validity: bytes | None, role: int) -> Column:
    plain = array("d", values if validity is None else (0.0 if value is None else value for value in values))
    if role not in _WHOLE:
        return make(name, core.PDM_TYPE_FLOAT64, plain, validity)
    for row, value in enumerate(plain):
        if not value.is_integer() or abs(value) > 2.0**53:
            raise BadValueError(
                f'row {row}, column "{name}": {value!r} is no key; keys are integers or text', row=row, column=name
            )
    return make(name, core.PDM_TYPE_INT64, array("q", map(int, plain)), validity)


def _decimals(name: str, values: Sequence[Any], validity: bytes | None) -> Column:
    scale = 0
    for row, value in enumerate(values):
        if isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            if not isinstance(exponent, int):
                raise BadValueError(f'row {row}, column "{name}": {value} is no number', row=row, column=name)
            scale = max(scale, -exponent)
    factor = 10**scale
    pieces = []
    for row, value in enumerate(values):
        whole = 0
        if isinstance(value, Decimal):
            sign, digits, exponent = value.as_tuple()
            whole = int("".join(map(str, digits))) * 10 ** (scale + int(exponent))
            whole = -whole if sign else whole
        elif value is not None:
            whole = value * factor
        try:
            pieces.append(whole.to_bytes(16, sys.byteorder, signed=True))
        except OverflowError:
            raise RangeError(f'row {row}, column "{name}": {value} does not fit', row=row, column=name) from None
    return make(name, core.PDM_TYPE_DECIMAL128, b"".join(pieces), validity, scale=scale)


def _datetimes(name: str, values: Sequence[Any], validity: bytes | None) -> Column:
    zones = {
        value.tzinfo is None for value in values if value is not None and value == value
    }  # NaT differs from itself
    if len(zones) > 1:
        raise ColumnTypeError(f'column "{name}": times with and without a zone', column=name)
    naive = zones == {True}
    ticks = array("q")
    if any(value is not None and value != value for value in values):
        values = [value if value is not None and value == value else None for value in values]
        validity = _validity(values)
    for value in values:
        if value is None:
            ticks.append(0)
            continue
        clock = value if naive else value.astimezone(timezone.utc).replace(tzinfo=None)
        since = clock - _EPOCH
        ticks.append((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    return make(name, core.PDM_TYPE_TIMESTAMP_US, ticks, validity, naive=naive)
