"""All States in one model, searched by HiGHS in a process of its own, beside all that goes State by State.

For half a dozen States it proves more than prices do and finds other plans; beyond, it finds
nothing in time. No work limit holds for it, so it runs only under a limit on the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from matcher.execution import Processes
from matcher.formulations.compact.points import Plan
from matcher.linear_model import Floats, LinearModel, LinearObjective
from matcher.pursuit import Task
from matcher.result import Clock
from matcher.solvers import Limits, Outcome, engine

JOINT_COLUMNS = 10_000
"""Most columns of a model that is worth it."""
SEARCH_SHARE = 0.9
"""Share of the time left for the search: the rest is for whole units."""
_NO_LIMIT = 1e6
"""Work that never ends it."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class _Order:
    """What the other process needs to know."""

    model: LinearModel
    objective: LinearObjective
    engine: str
    limits: Limits
    hint: Floats | None
    seconds: float


@dataclass(frozen=True)
class Search:
    """A search that goes on beside this one."""

    future: Future[Outcome]
    clock: Clock
    """When it ends."""

    def outcome(self) -> Outcome | None:
        """Waits for the search's own end; returns None if the solve is cancelled first."""
        while not self.clock.cancel.requested:
            try:
                return self.future.result(_POLL_SECONDS)
            except TimeoutError:
                continue
        return None


@contextmanager
def searching(task: Task, incumbent: Plan | None) -> Iterator[Search | None]:
    """Searches the whole model while the block runs, if that is worth it; None if it is not."""
    if task.clock.limit is None or task.columns.count > JOINT_COLUMNS:
        yield None
        return
    clock = task.clock.part(SEARCH_SHARE)
    order = _Order(
        task.model,
        task.objective,
        "highs" if task.options.engine == "auto" else task.options.engine,
        Limits(_NO_LIMIT, float(task.options.gap) / 2),
        None if incumbent is None else incumbent.point.astype(np.float64),
        clock.left or 0.0,
    )
    with Processes(1) as process:
        yield Search(process.submit(_search, order), clock)


def _search(order: _Order) -> Outcome:
    clock = Clock(order.seconds)
    return engine(order.engine)(order.model, order.objective, order.limits, clock, order.hint)
