"""Private-domain (私域) commerce metrics, exact and mergeable.

Every metric is a function that takes a frame of any kind and gives tables, and a class whose states can be fed piece
by piece, merged, stored and restored with the same result to the last bit::

    import pdmetrics as pdm

    r = pdm.rfm(orders, customer="uid", tz="Asia/Shanghai")
    r.segments.to_pandas()
    r.plot(lang="zh")
"""

from __future__ import annotations

from . import datasets, plan, stats
from ._codes import *  # noqa: F403
from ._codes import __all__ as _codes_all
from ._errors import (
    ArgumentError,
    BadValueError,
    BusyError,
    ColumnTypeError,
    CombinationError,
    CorruptStateError,
    DuplicateEdgesError,
    EmptyPeriodError,
    Error,
    LimitError,
    MissingColumnError,
    NoMemoryError,
    NullValueError,
    OptionError,
    OptionsDifferError,
    RangeError,
    SegmentOverlapError,
    SequenceError,
    StatusError,
    StoppedError,
    StreamError,
    UnsupportedVersionError,
)
from ._metrics import *  # noqa: F403
from ._metrics import __all__ as _metrics_all
from ._native.core import pdm_version as _version
from ._registry import calculators, metrics
from ._result import Column, Result, Table
from ._shorthand.funnel import Exclusion, Step
from ._state import State

__version__: str = _version()

__all__ = [
    "ArgumentError",
    "BadValueError",
    "BusyError",
    "Column",
    "ColumnTypeError",
    "CombinationError",
    "CorruptStateError",
    "DuplicateEdgesError",
    "EmptyPeriodError",
    "Error",
    "Exclusion",
    "LimitError",
    "MissingColumnError",
    "NoMemoryError",
    "NullValueError",
    "OptionError",
    "OptionsDifferError",
    "RangeError",
    "Result",
    "SegmentOverlapError",
    "SequenceError",
    "State",
    "StatusError",
    "Step",
    "StoppedError",
    "StreamError",
    "Table",
    "UnsupportedVersionError",
    "calculators",
    "datasets",
    "metrics",
    "plan",
    "stats",
]
__all__ += _metrics_all
__all__ += _codes_all
