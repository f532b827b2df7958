"""Whether a whole kind of figures was written in another unit: then no peer disagrees.

What remains to compare with is what is published, and the other kinds of figures of the scenario.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from matcher.screening.unit_slips import published
from matcher.screening.unit_slips.figures import Amount, Entry, Figure, Figures
from matcher.screening.unit_slips.units import Intent, area_of, is_months
from matcher.screening.unit_slips.yardsticks import MANY, work_of

PRICES = "offers.*.price"
"""Path of all prices."""
FEWEST = 3
"""Figures of a kind below which they are judged one by one only."""
BEYOND = 3.0
"""By what factor the middle of all prices or areas must miss the published range."""
MONEY_PER_COST = (1 / 300, 1000.0)
"""Money over all years against the cost of all needs, each without the largest, where nothing is said."""
PLAUSIBLE = 30.0
"""Factor within which money and cost must then agree."""


@dataclass(frozen=True)
class WholeKind:
    """A kind of figures that was probably written in another unit altogether."""

    path: str
    """Path of the figures, with ``*`` for all entities."""
    middle: Figure
    """The figure in the middle of them."""
    intent: Intent
    """What was probably meant."""
    kind: str
    """Code of what they are compared with."""
    capability: str = ""
    """The capability that the figures are of, where they are not all at the path."""
    compared: Amount | None = None
    """What they are compared with, where that is a figure."""
    about: str = ""
    """Code of the published range that they are compared with, where they are."""


def whole_kinds(figures: Figures) -> tuple[WholeKind, ...]:
    """Returns the kinds of figures that were probably all written in another unit."""
    work = _Work.of(figures)
    prices = tuple(_prices(figures, work))
    return (*prices, *_areas(figures, work), *(() if prices else _money(figures, work)))


ByCapability = dict[str, list[Figure]]
"""Figures of a field by capability, each list sorted by size."""


@dataclass(frozen=True)
class _Work:
    """Figures of work, and what it costs."""

    prices: ByCapability
    capacities: ByCapability
    quantities: ByCapability
    costs: dict[str, list[Fraction]]
    """Cost of each need by capability, at the price in the middle of those asked."""

    @classmethod
    def of(cls, figures: Figures) -> _Work:
        """Returns the figures of work of a scenario."""
        offers = figures.scenario.technical
        prices = _sorted(figures, ((each.capability, figures.at("offers", each.id, "price")) for each in offers))
        done = _sorted(figures, ((each.capability, figures.at("offers", each.id, "capacity")) for each in offers))
        needs = figures.scenario.needs
        sought = _sorted(figures, ((each.capability, figures.at("needs", each.id, "quantity")) for each in needs))
        costs = {
            key: [need.size * _middle(prices[key]).size for need in found]
            for key, found in sought.items()
            if key in prices
        }
        return cls(prices, done, sought, costs)


def _sorted(figures: Figures, entries: Iterable[tuple[str, Entry]]) -> ByCapability:
    """Returns the first figure of each field by capability, sorted by size."""
    found: dict[str, list[int]] = defaultdict(list)
    for capability, entry in entries:
        found[capability] += entry.figures[:1]
    ordered = {key: sorted(each, key=figures.sizes.__getitem__) for key, each in found.items() if each}
    return {key: [figures.all[at] for at in each] for key, each in ordered.items()}


def _prices(figures: Figures, work: _Work) -> Iterable[WholeKind]:
    """Prices of a capability of which the middle is far from what is published."""
    scenario = figures.scenario
    if scenario.currency.code not in published.LIKE_DOLLARS:
        return
    for capability, found in work.prices.items():
        unit = scenario.capability(capability).unit
        area, name = area_of(unit), work_of(scenario, capability)
        if area and name:
            known = published.SURVEY_PRICE if name == "survey" else published.CLEARANCE_PRICE
        elif is_months(unit) and "expert" in unit:
            area, known = 1, published.EXPERT_MONTH_PRICE
        else:
            continue
        scale = 10.0**scenario.currency.decimals * area
        intent = _explained(found, known, scale)
        if intent:
            yield WholeKind(PRICES, _middle(found), intent, "published", capability, about=known.code)


def _areas(figures: Figures, work: _Work) -> Iterable[WholeKind]:
    """Areas needed and cleared in a year that are both far from what is published, for one and the same reason."""
    needed, done = work.quantities, work.capacities
    for capability in sorted(needed.keys() & done.keys()):
        area = area_of(figures.scenario.capability(capability).unit)
        states = {need.state for need in figures.scenario.needs if need.capability == capability}
        if not area or len(needed[capability]) > MANY * len(states):
            continue
        intent = _explained(needed[capability], published.AREA_OF_STATE, 1 / area)
        other = _explained(done[capability], published.TEAM_YEAR, 1 / area)
        if intent and other and intent.off == other.off and _cost_agrees(figures, work, capability, intent.off):
            middle, known = _middle(needed[capability]), published.AREA_OF_STATE
            yield WholeKind("needs.*.quantity", middle, intent, "published", capability, about=known.code)


def _cost_agrees(figures: Figures, work: _Work, capability: str, off: Fraction) -> bool:
    """Whether money and the cost of all needs agree no worse if one capability's quantities were off."""
    money, cost = _totals(figures, work)
    part = _but_largest(work.costs.get(capability, []))
    meant = max(cost - part, Fraction(0)) + part / off
    if not money or not meant or not cost:
        return True
    return abs(math.log(money / meant)) <= max(abs(math.log(money / cost)), math.log(PLAUSIBLE))


def _money(figures: Figures, work: _Work) -> Iterable[WholeKind]:
    """Money that is far from what the needs cost."""
    found = sorted(
        (
            figures.all[at]
            for each in figures.scenario.funding
            for at in figures.at("offers", each.id, "amount").figures
        ),
        key=lambda figure: figure.size,
    )
    money, cost = _totals(figures, work)
    if len(found) < FEWEST or not cost or MONEY_PER_COST[0] < money / cost < MONEY_PER_COST[1]:
        return
    for intent in _middle(found).intents:
        if not intent.small and 1 / PLAUSIBLE <= money / cost / float(intent.off) <= PLAUSIBLE:
            yield WholeKind("offers.*.amount", _middle(found), intent, "money_cost", compared=Amount(round(cost), None))
            return


def _totals(figures: Figures, work: _Work) -> tuple[Fraction, Fraction]:
    """Returns money of the horizon and cost of the needs, each without the largest: that may be a slip alone."""
    scenario = figures.scenario
    costs = [cost for each in work.costs.values() for cost in each]
    money = [sum(scenario.money_by_year(each)) for each in scenario.funding]
    return _but_largest([Fraction(each) for each in money]), _but_largest(costs)


def _but_largest(parts: list[Fraction]) -> Fraction:
    return sum(parts, Fraction(0)) - max(parts) if parts else Fraction(0)


def _middle(found: list[Figure]) -> Figure:
    return found[(len(found) - 1) // 2]


def _explained(found: list[Figure], known: published.Published, scale: float) -> Intent | None:
    """Returns the slip that brings the middle of figures into a published range from far outside of it."""
    if len(found) < FEWEST:
        return None
    middle = float(_middle(found).size) / scale
    if known.low / BEYOND <= middle <= known.high * BEYOND:
        return None
    fitting = [each for each in _middle(found).intents if known.low <= middle / float(each.off) <= known.high]
    return min(fitting, key=lambda each: each.penalty, default=None)
