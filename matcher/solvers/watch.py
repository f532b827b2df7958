"""Stops a running engine from another thread: when its solve is cancelled, or its time is up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from matcher.portfolio.result import Clock

POLL_SECONDS = 0.05


@contextmanager
def stopped_from_outside(clock: Clock, stop: Callable[[], None], seconds: float | None = None) -> Iterator[None]:
    """Calls `stop` from another thread soon after the solve is cancelled, while the block runs.

    Parameters
    ----------
    seconds
        Time after which it is called in any case: some engines look at their own limit seldom, and a first-order
        method on a large model works for seconds before it does.
    """
    done = threading.Event()
    end = None if seconds is None else time.monotonic() + seconds

    def wait() -> None:
        while not done.wait(POLL_SECONDS):
            if clock.cancel.requested or (end is not None and time.monotonic() > end):
                stop()
                return

    watcher = threading.Thread(target=wait, daemon=True, name="matcher-cancel")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
