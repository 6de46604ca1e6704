"""What can go wrong, as exceptions.

Every error of the library is an :class:`Error` and also one of Python's own kinds, so ``except ValueError`` works as
expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._result import Result

_BY_CODE: dict[str, type[Error]] = {}


class Error(Exception):
    """An error of libpdmetrics.

    ``code`` is its lower-case name (``"null_value"``), ``row`` the 0-based row to blame or ``None``, ``column`` the
    column or option to blame or ``None``. ``rows_taken`` counts the rows that a failed update had taken before it
    failed. ``position`` is the 0-based character of a formula to blame, ``None`` otherwise. ``result`` is what a call
    under ``strict`` gives without it: the status beside everything that is defined.
    """

    code: str = "error"

    def __init_subclass__(cls) -> None:
        _BY_CODE.setdefault(cls.code, cls)

    def __init__(
        self, message: str, *, code: str | None = None, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.row = row
        self.column = column
        self.rows_taken = 0
        self.position: int | None = None
        self.result: Result | None = None

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        facts = (self.code, self.row, self.column, self.rows_taken, self.position)
        return _restore, (type(self), self.message, *facts)


class ArgumentError(Error, ValueError):
    """An argument of the call itself is unusable."""

    code = "argument"


class NoMemoryError(Error, MemoryError):
    """The machine has no memory left."""

    code = "nomem"


class LimitError(Error, MemoryError):
    """``memory_limit``, or a fixed limit of the library, would be exceeded."""

    code = "limit"


class BusyError(Error, RuntimeError):
    """Another thread is using this state."""

    code = "busy"


class StoppedError(Error, RuntimeError):
    """The progress callback returned ``False``. (Ctrl-C raises :class:`KeyboardInterrupt`.)"""

    code = "stopped"


class SequenceError(Error, ValueError):
    """A call that must come before the first update came after it."""

    code = "sequence"


class OptionError(Error, ValueError):
    """An option, or a row of a list, has a value outside its range."""

    code = "bad_option"


class CombinationError(OptionError):
    """Each option is fine, together they are not."""

    code = "unsupported_combination"


class MissingColumnError(Error, ValueError):
    """A required column is absent."""

    code = "missing_column"


class ColumnTypeError(Error, TypeError):
    """A column has a type that cannot serve."""

    code = "bad_type"


class NullValueError(Error, ValueError):
    """Null where a value is needed."""

    code = "null_value"


class BadValueError(Error, ValueError):
    """A value that cannot be used."""

    code = "bad_value"


class RangeError(Error, OverflowError):
    """A number would leave its range."""

    code = "overflow"


class OptionsDifferError(Error, ValueError):
    """States made with different options do not merge."""

    code = "options_differ"


class CorruptStateError(Error, ValueError):
    """Bytes that are no valid state."""

    code = "corrupt_state"


class UnsupportedVersionError(Error, ValueError):
    """A state of a newer version."""

    code = "unsupported_version"


class StreamError(Error, ValueError):
    """An Arrow stream reported an error."""

    code = "stream"


class SegmentOverlapError(OptionError):
    """A score code belongs to two segments."""

    code = "segment_overlap"


class DuplicateEdgesError(Error, ValueError):
    """Quantile edges coincide."""

    code = "duplicate_edges"


class EmptyPeriodError(OptionError):
    """A period holds no time at all."""

    code = "empty_period"


class StatusError(Error, ValueError):
    """A row of a result has a status other than ``ok``, and ``strict`` was on."""

    code = "status"


def from_native(code: str, row: int, column: str, message: str) -> Error:
    """The exception for an error record of the library. Called from C."""
    kind = _BY_CODE.get(code, Error)
    if column and column not in message:
        message = f"{column}: {message}"
    return kind(message, code=code, row=None if row < 0 else row, column=column or None)


def _restore(
    kind: type[Error],
    message: str,
    code: str,
    row: int | None,
    column: str | None,
    rows_taken: int,
    position: int | None,
) -> Error:
    error = kind(message, code=code, row=row, column=column)
    error.rows_taken = rows_taken
    error.position = position
    return error
