"""Keeps off the standard output what an engine prints there whatever it is told.

HiGHS tells of solutions that it mends, by C's `printf` and with no option against it; a library is silent. Python's own
output does not go through C's stream and is never touched.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_STREAMS = ("stdout", "__stdoutp")
"""C's standard output, by the names that libraries give it."""
_LOCK = threading.Lock()
_USUAL: list[int | None] = []
"""Where the stream pointed when each engine that runs now began: they share one stream, and the first knows."""


@contextmanager
def silenced() -> Iterator[None]:
    """What C code prints while the block runs goes nowhere; where C's stream is not found, it is printed."""
    found = _streams()
    if found is None:
        yield
        return
    stream, nowhere = found
    with _LOCK:
        _USUAL.append(_USUAL[0] if _USUAL else stream.value)
        stream.value = nowhere
    try:
        yield
    finally:
        with _LOCK:
            usual = _USUAL.pop()
            if not _USUAL:
                stream.value = usual


@cache
def _streams() -> tuple[ctypes.c_void_p, int] | None:
    """C's standard output, and a stream that leads nowhere."""
    try:
        library = ctypes.CDLL(None)
        library.fopen.restype = ctypes.c_void_p
        nowhere = library.fopen(os.devnull.encode(), b"w")
    except (OSError, TypeError, AttributeError):  # no such library on this system
        return None
    for name in _STREAMS:
        try:
            stream = ctypes.c_void_p.in_dll(library, name)
        except ValueError:
            continue
        return None if nowhere is None else (stream, nowhere)
    return None
