"""What the checker says: violations and figures as plain frozen data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

RULES = {
    0: "option",
    1: "budget",
    2: "capacity",
    3: "need",
    4: "absorption",
    5: "precedence",
    6: "engagement",
    7: "counts",
    8: "matching",
    9: "completion",
    10: "decisions",
    12: "share",
}
"""Rules of the model: number and name."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a portfolio is wrong."""

    rule: int
    """Number of the rule in the model."""
    name: str
    """Name of the rule."""
    who: tuple[str, ...]
    """Ids concerned: offers, States, needs, providers."""
    year: int | None
    """Year concerned; none where the rule looks at the whole horizon."""
    excess: Fraction
    """By how much, in the rule's own unit; 1 where there is nothing to measure."""
    detail: str
    """What is wrong, in a few words for people."""


@dataclass(frozen=True, slots=True)
class StateFigures:
    """What a portfolio does for one State."""

    completes: bool | None
    """Whether all that Article 5 requires is delivered by the deadline; none if no need requires it."""
    coverage: Fraction
    """Weighted mean of its needs' delivered shares, at the end of the horizon; 0 if no need has a weight."""
    completes_late: bool = False
    """Whether all that Article 5 requires is delivered within the horizon, but not by the deadline."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """What an engagement that the horizon cuts off still owes to its least number of years."""

    offer: str
    """Offer engaged."""
    state: str
    """State in which it is engaged."""
    years: int
    """Years after the horizon."""
    money: int
    """Least money that a funding offer gives in all of them, in minor units; 0 of work."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the checker found."""

    violations: tuple[Violation, ...]
    """All violations in the order of the rules' numbers; none if the portfolio is right."""
    figures: dict[str, Fraction]
    """Objectives by name."""
    states: dict[str, StateFigures]
    """Completion and coverage by State."""
    obligations: tuple[Obligation, ...] = ()
    """Years that engagements must last beyond the horizon."""
    set_aside: tuple[str, ...] = ()
    """States with something left of a need that has a weight, which nobody can serve; they do not count as smallest."""
    held: tuple[str, ...] = ()
    """States below the smallest coverage, as they have all that their own limits and those of each offer allow."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.violations


def shown(value: Fraction, most: int = 40) -> str:
    """Returns a number as people read it: exactly where that is short, else cut after six decimal places.

    Of sums of many fractions, Python would refuse to write all digits.
    """
    long = max(abs(value.numerator), value.denominator) >= 10**most
    if not long:
        return str(value)
    whole, parts = divmod(abs(value.numerator) * 10**6 // value.denominator, 10**6)
    return f"{'-' if value < 0 else ''}{whole}.{parts:06}..."


def shortened(value: object) -> str:
    """Returns a value as text, cut to a readable length."""
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def violation(rule: int, who: tuple[str, ...], year: int | None, excess: Fraction | int, detail: str) -> Violation:
    """Returns a violation of a rule given by its number."""
    return Violation(rule, RULES[rule], who, year, Fraction(excess), detail)


def at_most(
    rule: int, who: tuple[str, ...], year: int | None, found: Fraction | int, limit: Fraction | int, what: str
) -> Iterator[Violation]:
    """Yields a violation if more is found than a rule allows."""
    if found > limit:
        yield violation(rule, who, year, Fraction(found) - limit, f"{what}: {found}, at most {limit}")


def at_least(
    rule: int, who: tuple[str, ...], year: int | None, found: Fraction | int, limit: Fraction | int, what: str
) -> Iterator[Violation]:
    """Yields a violation if less is found than a rule asks for."""
    if found < limit:
        yield violation(rule, who, year, Fraction(limit) - found, f"{what}: {found}, at least {limit}")
