"""How a solve went over time: the same record for every solver."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

EMPTY = 1e-6
"""Objective values up to this are of a portfolio in which nothing of note happens."""
INTERVAL = 0.5
"""Seconds between two records of a bound that moves while the value stays."""
GAP = 1e-4
"""Relative gap at which every solver may stop."""


@dataclass(frozen=True)
class Point:
    """What was known at one moment."""

    seconds: float
    """Seconds since the scenario was in hand."""
    value: float | None
    """Objective of the best portfolio."""
    bound: float | None
    """Best bound."""

    @property
    def gap(self) -> float | None:
        """Relative distance of value and bound, 0 to 1."""
        if self.value is None or self.bound is None:
            return None
        size = max(abs(self.value), abs(self.bound))
        return abs(self.bound - self.value) / size if size else 0.0


@dataclass
class Trajectory:
    """Collects points while a solver runs; an objective is maximised, so values rise and bounds fall."""

    start: float = field(default_factory=time.perf_counter)
    """When the scenario was in hand."""
    points: list[Point] = field(default_factory=list)
    """What was known, at each change."""

    def add(self, value: float | None, bound: float | None, seconds: float | None = None) -> None:
        """Records a value and a bound, if they are news."""
        value, bound = _finite(value), _finite(bound)
        now = self.elapsed if seconds is None else seconds
        if self.points:
            last = self.points[-1]
            value = last.value if value is None else value if last.value is None else max(value, last.value)
            bound = last.bound if bound is None else bound if last.bound is None else min(bound, last.bound)
            if (value, bound) == (last.value, last.bound):
                return
            if self._is_passing(value, now):
                self.points.pop()
        elif value is None and bound is None:
            return
        self.points.append(Point(now, value, bound))

    def _is_passing(self, value: float | None, now: float) -> bool:
        """Whether the last record is of a bound alone, a moment after the one before."""
        if len(self.points) < 2 or value != self.points[-1].value:
            return False
        return self.points[-2].value == value and now - self.points[-2].seconds < INTERVAL

    @property
    def elapsed(self) -> float:
        """Seconds since the scenario was in hand."""
        return time.perf_counter() - self.start

    @property
    def first(self) -> float | None:
        """Seconds to the first portfolio in which something happens."""
        return next((each.seconds for each in self.points if each.value is not None and each.value > EMPTY), None)

    @property
    def last(self) -> Point:
        """What is known at the end."""
        return self.points[-1] if self.points else Point(self.elapsed, None, None)


def _finite(figure: float | None) -> float | None:
    return figure if figure is not None and math.isfinite(figure) and abs(figure) < 1e20 else None


@dataclass(frozen=True)
class Dimensions:
    """How large a model is."""

    rows: int
    columns: int
    nonzeros: int
    integers: int
