"""Stops a running engine when its solve is cancelled from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from matcher.portfolio.result import Clock

POLL_SECONDS = 0.05


@contextmanager
def stopped_on_cancel(clock: Clock, stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` from another thread soon after the solve is cancelled, while the block runs."""
    done = threading.Event()

    def wait() -> None:
        while not done.wait(POLL_SECONDS):
            if clock.cancel.requested:
                stop()
                return

    watcher = threading.Thread(target=wait, daemon=True, name="matcher-cancel")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
