"""Work that engines have done, by their own counters of pivots, nodes and passes: the same on every machine.

Whoever wants to know what a piece of the solve costs counts it::

    with counted() as effort:
        outcome = engine("scip")(model, objective, limits, clock)
    budget.spend(effort.work)

What is counted inside such a block counts for those around it, too. Pieces that run in other processes count there,
and their results say what they came to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Effort:
    """Work so far: a unit takes about a second of one core."""

    work: float = 0.0


@dataclass
class WorkBudget:
    """Deterministic work used so far, by the counters of the engines, whatever the clock says."""

    budget: float
    used: float = 0.0

    def spend(self, work: float) -> None:
        """Counts work that was done."""
        self.used += work

    @property
    def left(self) -> float:
        """Work that is left."""
        return max(self.budget - self.used, 0.0)

    @property
    def empty(self) -> bool:
        """Whether the budget is used up."""
        return self.used >= self.budget


_counting: ContextVar[Effort | None] = ContextVar("counting", default=None)


@contextmanager
def counted() -> Iterator[Effort]:
    """Counts the work of all engines that this thread runs inside the block."""
    effort = Effort()
    token = _counting.set(effort)
    try:
        yield effort
    finally:
        _counting.reset(token)
        count(effort.work)


def count(work: float) -> None:
    """Adds an engine's work to the block that counts, if there is one."""
    effort = _counting.get()
    if effort is not None:
        effort.work += work
