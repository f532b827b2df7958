"""Ctrl-C: the first asks the solve to stop and keeps its best portfolio, the second aborts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from matcher.result import Cancel

T = TypeVar("T")
POLL = 0.05
"""Seconds between two looks at the working thread; signals are handled in between."""


def run_interruptibly(job: Callable[[], T], cancel: Cancel, announce: Callable[[], None]) -> T:
    """Runs a job in a thread of its own, so that this one can answer Ctrl-C while engines compute.

    Raises
    ------
    KeyboardInterrupt
        at the second Ctrl-C; the job is left behind.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(job())
        except BaseException as error:  # handed on to the waiting thread
            failure.append(error)

    thread = threading.Thread(target=work, name="solve", daemon=True)
    handle = _handler(cancel, announce)
    in_charge = threading.current_thread() is threading.main_thread()  # no other may handle signals
    before = signal.getsignal(signal.SIGINT)
    try:
        if in_charge:
            signal.signal(signal.SIGINT, handle)
        thread.start()
        while thread.is_alive():
            thread.join(POLL)
            if in_charge:  # again and again: engines put handlers of their own in its place
                signal.signal(signal.SIGINT, handle)
    finally:
        if in_charge:
            signal.signal(signal.SIGINT, before)
    if failure:
        raise failure[0]
    return outcome[0]


def _handler(cancel: Cancel, announce: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    """Returns what Ctrl-C does: asks the solve to stop; aborts when it was asked already."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if cancel.requested:
            raise KeyboardInterrupt
        cancel.cancel()
        announce()

    return handle
