"""What is pursued: objectives and blends of them in their order, and how much of each later entries may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from matcher.verification.documents import Document

SENSE = {
    "completions": 1,
    "late_completions": 1,
    "coverage": 1,
    "worst_off": 1,
    "turnover": -1,
    "waiting": -1,
    "fit": 1,
    "firmness": 1,
    "engagements": -1,
    "dependence": -1,
    "swings": -1,
    "at_risk": -1,
    "cost": -1,
    "disruption": -1,
}
"""Objectives: 1 where more is better, -1 where less is."""
WEIGHTED = "weighted"
"""Name of a weighted sum of objectives, pursued instead of an order."""
_COSTS: dict[str, int | Decimal] = {"cost": 1, "at_risk": 2, "dependence": Decimal("0.5"), "swings": Decimal("0.5")}
COUNTS = frozenset({"completions", "late_completions", "turnover", "engagements"})
"""Objectives that count: States by their weights, links, or engaged years."""
FEW = 10
"""A count of less than this is near zero."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an order: what is pursued, and what later entries may take of it."""

    name: str
    """Objective, or the sum of a blend's parts, or ``weighted``."""
    sense: int
    """1 where more is better, -1 where less is."""
    parts: tuple[tuple[str, Fraction], ...]
    """Objectives, and the weight of each in the figure."""
    share: Fraction = Fraction(0)
    """Share of its value that later entries may take."""
    amount: Fraction | None = None
    """What later entries may take, where that is stated instead of a share."""
    floor: Fraction = Fraction(0)
    """What the figure is in any portfolio: shares and gaps are of what comes on top."""

    def figure(self, figures: Mapping[str, Fraction]) -> Fraction | None:
        """Returns the figure of what is pursued; none where one of its objectives has no figure."""
        if not self.parts or not all(name in figures for name, _ in self.parts):
            return None
        return sum((weight * figures[name] for name, weight in self.parts), Fraction(0))

    def level(self, value: Fraction) -> Fraction:
        """Returns what later entries must keep of a value: at least, or at most."""
        taken = self.share * abs(value - self.floor) if self.amount is None else self.amount
        return value - self.sense * taken

    def passes(self, value: Fraction, bound: Fraction) -> bool:
        """Returns whether a value is better than what is said to be the best possible."""
        return self.sense * (value - bound) > 0

    def gap(self, value: Fraction, bound: Fraction) -> Fraction:
        """Returns the relative distance of value and bound; of counts near zero, the distance itself."""
        near_zero = self.name in COUNTS and max(abs(value), abs(bound)) < FEW
        if value == bound or near_zero:
            return abs(bound - value)
        return Fraction(abs(bound - value), max(abs(bound - self.floor), abs(value - self.floor)))


def single(name: str, share: Fraction | str | int = 0) -> Entry:
    """Returns the entry of one objective.

    Raises
    ------
    ValueError
        if there is no objective of that name.
    """
    if name not in SENSE:
        raise ValueError(f"no objective {name!r}")
    return Entry(name, SENSE[name], ((name, Fraction(1)),), Fraction(share))


def blend(parts: Mapping[str, int | Decimal], share: Fraction | str | int = 0) -> Entry:
    """Returns the entry of a weighted sum of objectives, all of which are to be large, or all small."""
    named = (f"{Decimal(weight).normalize():f} {name}".removeprefix("1 ") for name, weight in parts.items())
    weights = tuple((name, Fraction(weight)) for name, weight in parts.items())
    return Entry(" + ".join(named), SENSE[weights[0][0]], weights, Fraction(share))


DEFAULT_ORDER = (
    single("completions"),
    single("late_completions"),
    single("coverage", "0.0005"),
    single("worst_off", "0.01"),
    single("turnover", "0.05"),
    single("waiting", "0.1"),
    blend(_COSTS, "0.02"),
)
"""What is pursued where a scenario names nothing."""
CLOSING = (single("coverage"), single("waiting"))
"""What is pursued once more after an order, so that nothing stays open that costs nothing."""


def order_of(full: Document) -> tuple[Entry, ...]:
    """Returns what is pursued for a completed scenario, in order."""
    objectives = full["objectives"]
    if objectives["weights"] is not None:
        each = objectives["weights"]
        parts = ((part["objective"], SENSE[part["objective"]] * Fraction(part["weight"])) for part in each)
        return (Entry(WEIGHTED, 1, tuple(parts)),)
    return DEFAULT_ORDER if objectives["order"] is None else tuple(_entry(goal) for goal in objectives["order"])


def _entry(goal: Document) -> Entry:
    """The entry that an order names."""
    amount = goal["tolerance_amount"]
    if goal["blend"] is None:
        named = single(goal["objective"], Fraction(goal["tolerance"]))
    else:
        parts = {part["objective"]: part["weight"] for part in goal["blend"]}
        named = blend(parts, Fraction(goal["tolerance"]))
    return named if amount is None else Entry(named.name, named.sense, named.parts, amount=Fraction(amount))


def entry_named(order: tuple[Entry, ...], name: str) -> Entry:
    """Returns the entry of an order by its name; of others than these, the objective of that name.

    Raises
    ------
    ValueError
        if there is neither.
    """
    found = next((each for each in order if each.name == name), None)
    if found is None and name == WEIGHTED:
        raise ValueError("the scenario weighs no objectives")
    return single(name) if found is None else found
