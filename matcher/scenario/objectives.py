"""The objectives: name, sense and unit of each, in one table for everybody but the checker, which shares nothing.

What each measures stands in `matcher.formulation.objectives`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Protocol

from matcher.errors import InvalidOptions, nearest

ObjectiveName = Literal[
    "completions",
    "late_completions",
    "coverage",
    "worst_off",
    "turnover",
    "waiting",
    "fit",
    "firmness",
    "engagements",
    "dependence",
    "swings",
    "at_risk",
    "cost",
    "disruption",
]
"""Names of the objectives, as scenario files write them."""
Unit = Literal["weight", "share", "years", "links", "money"]
"""What a figure counts: weights of States or needs, a share of needs, years of engagement or waiting, links between
a provider and a State, or minor units of money."""


@dataclass(frozen=True)
class Objective:
    """One objective."""

    name: ObjectiveName
    maximise: bool
    """Whether more is better."""
    unit: Unit
    """What its figure counts."""

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.maximise else -1


OBJECTIVES: Mapping[str, Objective] = {
    each.name: each
    for each in (
        Objective("completions", True, "weight"),
        Objective("late_completions", True, "weight"),
        Objective("coverage", True, "weight"),
        Objective("worst_off", True, "share"),
        Objective("turnover", False, "links"),
        Objective("waiting", False, "years"),
        Objective("fit", True, "money"),
        Objective("firmness", True, "money"),
        Objective("engagements", False, "years"),
        Objective("dependence", False, "money"),
        Objective("swings", False, "money"),
        Objective("at_risk", False, "money"),
        Objective("cost", False, "money"),
        Objective("disruption", False, "money"),
    )
}
"""All objectives by name."""


COUNTS = frozenset({"completions", "late_completions", "turnover", "engagements"})
"""Objectives that count: States by their weights, links, or engaged years."""
FEW = 10
"""A count of less than this is near zero: one more or less would be a large share of it."""


def is_few(name: str, *figures: Fraction | float) -> bool:
    """Returns whether value and bound of an objective are counts near zero, so that their gap is their difference."""
    return name in COUNTS and all(-FEW < each < FEW for each in figures)


class Weighted(Protocol):
    """An objective's part in a weighted sum."""

    @property
    def objective(self) -> ObjectiveName:
        """Name of the objective."""

    @property
    def weight(self) -> Decimal:
        """What a unit of its figure counts for."""


def objective_named(name: str) -> Objective:
    """Returns an objective by name.

    Raises
    ------
    InvalidOptions
        if there is none of that name.
    """
    if name not in OBJECTIVES:
        hint = nearest(name, OBJECTIVES)
        known = f"no objective {name!r}; known: {', '.join(OBJECTIVES)}"
        raise InvalidOptions(known + (f" (did you mean {hint}?)" if hint else ""))
    return OBJECTIVES[name]


def weighted_sum(weights: Iterable[Weighted], figures: Mapping[str, Fraction]) -> Fraction:
    """Returns the weighted sum of figures, those of which less is better counting against it.

    Parameters
    ----------
    figures
        Figures by objective; one that is absent counts as 0.
    """
    parts = (
        OBJECTIVES[each.objective].sign * Fraction(each.weight) * figures.get(each.objective, Fraction(0))
        for each in weights
    )
    return sum(parts, Fraction(0))
