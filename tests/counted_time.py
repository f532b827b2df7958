"""A clock that counts how often it is looked at: it runs out at the same place each time, on any machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from matcher.engine.solving import solve_within
from matcher.execution import Serial
from matcher.portfolio.result import Clock, ProgressCallback, Result, SolveOptions
from matcher.scenario import Scenario

STEP = 10_000.0
"""Seconds that pass from one look to the next: what is handed to an engine as time left is never used up."""


@dataclass
class CountedClock(Clock):
    """A clock by which time passes with each look at it, and only then."""

    looks: Iterator[int] = field(default_factory=count)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return STEP * next(self.looks)

    def part(self, share: float) -> Clock:
        """Returns a clock with a share of the time left, that runs with this one."""
        assert self.left is not None
        return replace(self, limit=self.elapsed + self.left * share)


def solve_in_looks(scenario: Scenario, looks: int, progress: ProgressCallback | None = None, **options: Any) -> Result:
    """Solves with time for so many looks at the clock; with none, the time is over from the start."""
    limit = STEP * looks
    asked = SolveOptions(time_limit=max(limit, 1.0), **options)
    return solve_within(scenario, asked, CountedClock(limit), progress, Serial())
