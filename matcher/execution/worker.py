"""What a worker process does: it answers pieces until the process that started it is gone.

Pieces come on stdin and outcomes go to stdout, each as its length and its bytes. What a piece
prints goes to stderr, which its starter keeps in a file.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import traceback
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from shutil import rmtree
from threading import Event, Thread
from typing import IO, Any

from matcher.execution.pieces import performed

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a program to end; not every system has all of them."""
_LENGTH = struct.Struct("<Q")
NO_MEMORY = 77
"""Exit code of a process that ran out of memory where it could not tell so."""
PATIENCE = 20.0
"""Seconds in which a thread must have begun."""
_KEPT = 4
"""Shared values that a worker keeps loaded."""


def send(stream: IO[bytes], message: bytes) -> None:
    """Writes one message to an unbuffered stream."""
    for part in (_LENGTH.pack(len(message)), message):
        view = memoryview(part)
        while view:
            view = view[stream.write(view) :]


def receive(stream: IO[bytes]) -> bytes:
    """Reads one message from an unbuffered stream.

    Raises
    ------
    EOFError
        if the other end is gone.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return bytes(_exactly(stream, length))


def _exactly(stream: IO[bytes], length: int) -> bytearray:
    content = bytearray(length)
    view = memoryview(content)
    while view:
        count = stream.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        view = view[count:]
    return content


def end_without_memory(unraisable: Any) -> None:
    """Ends the process where a thread had no memory to begin with: whoever started it would wait for it for ever."""
    if issubclass(unraisable.exc_type, MemoryError):
        os._exit(NO_MEMORY)
    sys.__unraisablehook__(unraisable)


def end_if_no_thread_begins() -> None:
    """Ends the process where a thread has not begun after `PATIENCE` seconds.

    Where memory runs out while it begins, it may be gone without a word, and Python waits for it for ever.
    """
    begin = Thread.start

    def start(thread: Thread) -> None:
        thread._started = _Begun()  # type: ignore[attr-defined]
        begin(thread)

    Thread.start = start  # type: ignore[assignment, method-assign]


class _Begun(Event):
    """Whether a thread has begun; nobody waits for that without end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for so many seconds, or else until the process is given up."""
        begun = super().wait(PATIENCE if timeout is None else timeout)
        if not begun and timeout is None:
            os._exit(NO_MEMORY)
        return begun


def leave_ending_to_the_starter() -> None:
    """Ignores what asks to end: a whole group of processes is sent it, and this one ends when its starter says so."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def serve(directory: str) -> None:
    """Answers pieces one by one; never returns.

    When stdin ends, the starter was killed or forgot the worker: it removes the directory of shared
    values, which nobody else will do, and ends in the middle of a piece if need be.
    """
    leave_ending_to_the_starter()
    sys.unraisablehook = end_without_memory
    end_if_no_thread_begins()
    incoming, outgoing = private_streams()
    pieces: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(incoming, pieces, directory), daemon=True).start()
    while True:
        send(outgoing, performed(pieces.get(), _loaded))


def private_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Returns stdin and stdout for messages only, leaving the usual ones to what pieces read and print."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _listen(incoming: IO[bytes], pieces: SimpleQueue[bytes], directory: str) -> None:
    try:
        while True:
            pieces.put(receive(incoming))
    except EOFError:
        rmtree(directory, ignore_errors=True)
    except Exception:  # such as too little memory for a piece
        traceback.print_exc()
    finally:
        os._exit(1)


@lru_cache(maxsize=_KEPT)
def _loaded(path: object) -> object:
    """Loads a shared value once."""
    return pickle.loads(Path(str(path)).read_bytes())
