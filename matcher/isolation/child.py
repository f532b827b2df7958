"""The process that solves: it tells its progress and results until it is done, or its starter is gone.

Messages are pickled pairs of a kind and what belongs to it. The first limits are set before anything
large is imported.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from shutil import rmtree
from threading import Thread
from typing import IO, Any

from matcher.isolation.limits import apply_limits

PROTOCOL = 5
"""Version of pickle."""
OUT_OF_MEMORY = pickle.dumps(("exhausted", "memory"), PROTOCOL)
"""Made beforehand: when it is needed there is no memory for it."""
SHARE = 0.05
"""Share of the time that results before the end may take ..."""
ADVANCE = 0.5
"""... and seconds on top: at the beginning a solve gets better fast."""
ROOM = 1.5
"""Time kept for the end of a solve, as a multiple of what a result took before."""


@dataclass(frozen=True)
class Order:
    """What a child is to solve."""

    scenario: Any
    options: Any
    began: float
    """When the caller asked, by the monotonic clock, which all processes of a machine share."""
    workers: int
    scheduler: str | None
    start: Any = None


def serve(place: str, memory_mib: int, cpu_seconds: int) -> None:
    """Takes one order from stdin, solves it, and ends the process.

    Parameters
    ----------
    place
        Folder of its temporary files, to be removed if its starter cannot do that any more.
    """
    apply_limits(memory_mib, cpu_seconds)
    from matcher.execution import WorkerOutOfTime
    from matcher.execution.worker import (
        end_if_no_thread_begins,
        end_without_memory,
        leave_ending_to_the_starter,
        private_streams,
        receive,
        send,
    )

    leave_ending_to_the_starter()
    incoming, outgoing = private_streams()
    sys.unraisablehook = end_without_memory
    end_if_no_thread_begins()

    def tell(kind: str, content: object) -> None:
        send(outgoing, pickle.dumps((kind, content), PROTOCOL))

    spare = bytearray(1 << 22)  # given back when memory runs out, so that this can be told
    try:
        order = pickle.loads(receive(incoming))
        cancel = _cancel_from(incoming, place)
        tell(*_solved(order, cancel, tell))
    except EOFError:  # the starter is gone before it said what to solve
        rmtree(place, ignore_errors=True)
    except MemoryError:
        del spare
        send(outgoing, OUT_OF_MEMORY)
    except WorkerOutOfTime:
        tell("exhausted", "processor_time")
    os._exit(0)  # threads that still run have nothing to add


def _solved(order: Order, cancel: Any, tell: Callable[[str, object], None]) -> tuple[str, object]:
    """Returns the kind and content of the last message of a solve."""
    from matcher.engine.solving import solve_within
    from matcher.execution import WorkerOutOfTime, WorkerStarved, executor_for
    from matcher.execution.pieces import portable
    from matcher.portfolio.result import Clock

    clock = Clock(order.options.time_limit, cancel, order.began)
    try:
        with executor_for(order.workers, order.scheduler) as executor:
            keeper = _Keeper(clock, tell)
            return "result", solve_within(
                order.scenario, order.options, clock, lambda news: tell("progress", news), executor, keeper, order.start
            )
    except (MemoryError, WorkerStarved) as error:
        raise MemoryError from error
    except WorkerOutOfTime:
        raise
    except Exception as error:  # raised again where the order came from
        if "can't start new thread" in str(error):  # how Python tells that there is no room for its stack
            raise MemoryError from error
        return "error", portable(error)


def _cancel_from(incoming: IO[bytes], place: str) -> Any:
    """Returns a handle that is told when the starter asks to stop; ends the process when the starter is gone."""
    from matcher.portfolio.result import Cancel

    cancel = Cancel()

    def listen() -> None:
        if incoming.read(1):
            cancel.cancel()
            incoming.read(1)
        rmtree(place, ignore_errors=True)
        os._exit(1)

    Thread(target=listen, daemon=True).start()
    return cancel


class _Keeper:
    """Tells results before the end, as often as they take no more than a small share of the time."""

    def __init__(self, clock: Any, tell: Callable[[str, object], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._spent = self._took = 0.0
        self._told = False

    def __call__(self, make: Callable[[], Any]) -> None:
        began = time.monotonic()
        late = self._spent + self._took > ADVANCE + SHARE * self._clock.elapsed
        if self._told and (late or self._clock.cancel.requested):
            return
        self._tell("interim", make())
        self._told = True
        self._took = took = time.monotonic() - began
        self._spent += took
        self._clock.reserve = max(self._clock.reserve, ROOM * took)
