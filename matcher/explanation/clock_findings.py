"""What completion clocks and value curves say, as data."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, Strict

from matcher.comparison.comparison import Exact
from matcher.scenario import Frozen
from matcher.scenario.fields import Flag, Id, Total, Year
from matcher.units import fraction

PROVEN_WITHIN = Fraction(1, 10**4)
"""Relative distance from its bound at which a value counts as proven, as a solve's own gap does."""
Resource = Literal["money", "work", "time"]
"""money: a further grant from anybody, for any purpose in the State; work: more of a capability a year, done
by anybody in the State for the dearest price offered; time: a later deadline."""


class Earliest(Frozen):
    """The first year by whose end a State can have all that Article 5 requires."""

    year: Year | None
    """Earliest year for which a portfolio was found and checked; None if none was found."""
    least: Year | None
    """No earlier year is possible, proven; None where it is proven that no year of the horizon is."""

    @property
    def proven(self) -> bool:
        """Whether it is known: the year, or that there is none within the horizon."""
        return self.year == self.least


class Clock(Frozen):
    """When one State has all that Article 5 requires, and when it could have it."""

    state: Id
    deadline: Year
    """Last year whose work counts for its deadline: the clock may run past it."""
    year: Year | None
    """Year by whose end it is delivered under the portfolio; None if never, or where nothing is required."""
    within: Earliest | None
    """With all that is offered, others keeping what they have; None where nothing is required."""
    alone: Earliest | None
    """With the State's own offers and nobody else's; None where nothing is required."""


class CurvePoint(Frozen):
    """The best that a State can have with so much more of something, others keeping what they have.

    To complete comes first, then the share of its needs that is met.
    """

    amount: Total
    """How much more: minor units in all, units of work in each year, or years."""
    completes: Flag | None
    """Whether a portfolio was found, and checked, in which it completes by its deadline; None where nothing is
    required. What that weighs in the objective ``completions`` is the State's weight."""
    could_complete: Flag | None
    """Whether it is not proven that it cannot."""
    coverage: Exact
    """Weighted, discounted share of its needs that is met in a portfolio that was checked."""
    coverage_bound: Exact
    """No portfolio that completes, if this one does, has a larger share."""
    relaxed: Exact
    """The same bound by the linear relaxation alone: a cross-check, never smaller than the share."""

    @property
    def proven(self) -> bool:
        """Whether it is proven that nothing is better: completing, and the share met but for `PROVEN_WITHIN` of it."""
        return self.completes == self.could_complete and near(fraction(self.coverage), fraction(self.coverage_bound))


class Curve(Frozen):
    """What ever more of one thing would be worth to one State."""

    state: Id
    resource: Resource
    capability: Id | None = None
    """Which work; None of money and time."""
    step: Annotated[int, Strict(), Field(ge=1)]
    """One step: amounts are 1, 2, 5, 10 ... of it."""
    points: tuple[CurvePoint, ...]
    """By amount, from nothing more on, to the first with which all is had that was found with any; never falling."""
    most: CurvePoint
    """With as much as could ever be of use: no amount gains more than its bounds allow."""

    @property
    def saturation(self) -> int | None:
        """The least of the amounts from which it is proven that nothing more can be gained.

        But for `PROVEN_WITHIN` of it. None where that is not proven of any.
        """
        most, bound = self.most, fraction(self.most.coverage_bound)
        reached = (
            point.amount
            for point in self.points
            if point.completes == most.could_complete and near(fraction(point.coverage), bound)
        )
        return next(reached, None)


class Curves(Frozen):
    """The curves of one State: money, work by capability, time."""

    state: Id
    curves: tuple[Curve, ...]


def near(value: Fraction, bound: Fraction) -> bool:
    """Returns whether a share is so near to its bound that it counts as proven."""
    return value >= bound * (1 - PROVEN_WITHIN)
