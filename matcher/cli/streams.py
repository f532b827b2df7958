"""Keeps stdout for data while engines run: some of their libraries write to it by themselves."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

STDOUT = 1
STDERR = 2


@contextlib.contextmanager
def stdout_for_data() -> Iterator[None]:
    """Sends to stderr whatever is written to the process's stdout meanwhile, also by C and C++ libraries."""
    if sys.stdout is None:  # closed from the start: the number may be another file's by now
        yield
        return
    sys.stdout.flush()
    try:
        kept = os.dup(STDOUT)
    except OSError:  # closed since: nothing to keep
        yield
        return
    try:
        _lead_away()
        yield
    finally:
        _flush_libraries()
        os.dup2(kept, STDOUT)
        os.close(kept)


def _lead_away() -> None:
    """Makes stdout another name of stderr, or of nothing where stderr is closed."""
    try:
        os.dup2(STDERR, STDOUT)
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, STDOUT)
        if nothing != STDOUT:
            os.close(nothing)


def _flush_libraries() -> None:
    """Has C write what it holds back for a pipe or file, so that it does not come after the data."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
