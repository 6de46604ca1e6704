"""pandas: numpy-backed columns are read in place, Arrow-backed text too; the rest is turned into one of the two."""

from __future__ import annotations

from typing import Any

from . import _registry
from ._columns import Column, bitmap, make, of_arrow, of_list, of_numpy, of_ticks
from ._errors import ArgumentError
from ._native import core


def of_series(name: str, series: Any, role: int) -> Column:
    """A column of a data frame. What pandas takes for missing is null."""
    dtype = series.dtype
    kind = getattr(dtype, "kind", "O")
    if type(dtype).__module__.startswith("numpy"):
        if kind != "O":
            return of_numpy(name, series.to_numpy(), role, nan_is_null=True)
        values = series.tolist()
        missing = series.isna().to_numpy()
        if missing.any():
            values = [None if gone else value for value, gone in zip(values, missing, strict=True)]
        return of_list(name, values, role)
    label = type(dtype).__name__
    if label == "DatetimeTZDtype":
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

        ticks = pandas.DatetimeIndex(series).asi8
        return of_ticks(name, ticks if ticks.flags.c_contiguous else ticks.copy(), dtype.unit, naive=False)
    if label == "CategoricalDtype":
        return _of_categories(name, series.cat, role)
    if hasattr(series.array, "__arrow_array__") and (label in ("ArrowDtype", "StringDtype")) and _arrow_backed(dtype):
        return of_arrow(name, series.array.__arrow_array__(), role)[1]
    missing = series.isna().to_numpy()
    if kind in "iufb":  # pandas' masked arrays
        plain = (
            series.to_numpy(dtype=dtype.numpy_dtype, na_value=0)
            if missing.any()
            else series.to_numpy(dtype.numpy_dtype)
        )
        made = of_numpy(name, plain, role)
        return (*made[:3], bitmap(~missing), *made[4:])
    values = series.tolist()
    if missing.any():
        values = [None if gone else value for value, gone in zip(values, missing, strict=True)]
    return of_list(name, values, role)


def _arrow_backed(dtype: Any) -> bool:
    return type(dtype).__name__ == "ArrowDtype" or getattr(dtype, "storage", "").startswith("pyarrow")


def _of_categories(name: str, cat: Any, role: int) -> Column:
    import numpy  # type: ignore[import-untyped,import-not-found,unused-ignore]

    codes = cat.codes.to_numpy()
    present = codes >= 0
    validity = bitmap(present)
    if validity is not None:
        codes = numpy.where(present, codes, 0).astype(codes.dtype)
    categories = cat.categories
    inner = of_series(name, categories.to_series(), role)
    index_type = of_numpy(name, codes, _registry.INTEGER)[1]
    return make(
        name,
        core.PDM_TYPE_DICTIONARY,
        numpy.ascontiguousarray(codes),
        validity,
        index_type=index_type,
        dictionary=(len(categories), inner),
    )


def pick(frame: Any, label: str) -> Any:
    """A column of a data frame by its name, which must be unique."""
    series = frame[label]
    if getattr(series, "ndim", 1) != 1:
        raise ArgumentError(f'the frame has several columns called "{label}"', column=label)
    return series
