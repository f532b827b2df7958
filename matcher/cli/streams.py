"""The process's stdout and stderr: there at all, never at a loss for a character, stdout for data alone."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from matcher.cli.substitutes import READABLE

STDOUT = 1
STDERR = 2


def open_closed_streams() -> None:
    """Gives a process that was started without stdout or stderr ones that lead nowhere.

    They take the free numbers, so that no file that is opened later is taken for stdout or stderr.
    """
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()


def write_readably() -> None:
    """Has stdout and stderr write something like what their encoding lacks, where they would fail or garble it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=READABLE)


def _nowhere() -> TextIO:
    """Returns a stream that drops what is written to it."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - no path, and open to the end


def lead_nowhere(stream: TextIO) -> None:
    """Drops all that a stream which failed still holds or is given: else it would fail again at every turn."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    stream.flush()


def tell(stream: TextIO, text: str) -> None:
    """Writes talk; where it can no longer go, it ends: the work that it is about does not."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        lead_nowhere(stream)


@contextlib.contextmanager
def stdout_for_data() -> Iterator[None]:
    """Sends to stderr whatever is written to the process's stdout meanwhile, also by C and C++ libraries."""
    sys.stdout.flush()
    kept = os.dup(STDOUT)
    try:
        os.dup2(STDERR, STDOUT)
        yield
    finally:
        _flush_libraries()
        os.dup2(kept, STDOUT)
        with contextlib.suppress(OSError):  # what is wrong with stdout is told when data are written to it
            os.close(kept)


def _flush_libraries() -> None:
    """Has C write what it holds back for a pipe or file, so that it does not come after the data."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
