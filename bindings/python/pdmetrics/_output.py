"""Files that are there in whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from ._errors import ArgumentError


class OutputError(ArgumentError):
    """A place that cannot be written."""


def check(path: str | os.PathLike[str]) -> None:
    """Fails if a file cannot be made there; for long work, before it begins."""
    name = os.fspath(path)
    directory = os.path.dirname(name) or "."
    if os.path.isdir(name):
        raise OutputError(f'"{name}" cannot be written: it is a directory')
    if not os.path.isdir(directory):
        raise OutputError(f'"{name}" cannot be written: there is no directory "{directory}"')
    if not os.access(directory, os.W_OK | os.X_OK):
        raise OutputError(f'"{name}" cannot be written: the directory "{directory}" is read-only')


@contextmanager
def replaced(path: str | os.PathLike[str]) -> Iterator[str]:
    """The name of a temporary file beside ``path`` that takes its place in the end, or is deleted if anything fails.

    Readers see the old file or the new one, never a part of it. A device or a pipe is written directly.
    """
    name = os.fspath(path)
    if os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name):
        yield name
        return
    check(name)
    target = os.path.realpath(name)
    base, suffix = os.path.splitext(os.path.basename(target))
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{base[:100]}.", suffix=suffix, dir=os.path.dirname(target))
    except OSError as error:
        raise OutputError(f'"{name}" cannot be written: {error.strerror}') from None
    try:
        os.close(handle)
        yield temporary
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        raise OutputError(f'"{name}" cannot be written: {error.strerror or error}') from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def write(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text as a whole."""
    with replaced(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as out:
        out.write(text)


def _mode(target: str) -> int:
    """What the file would have had, had it been written in place."""
    try:
        return os.stat(target).st_mode & 0o7777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
