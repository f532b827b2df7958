"""What a unit of everything in a portfolio is worth to an objective.

Each function adds one objective, times a factor, to `ReducedCosts`, and is written from the meaning of the figure
alone: what a figure is in any portfolio is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from matcher.verification.limits import ScenarioLimits
from matcher.verification.worths import ReducedCosts


def add_objective(worths: ReducedCosts, name: str, factor: Fraction) -> None:
    """Adds an objective, times a factor, to what everything is worth.

    Raises
    ------
    ValueError
        if there is no objective of that name.
    """
    if name not in _FIGURES:
        raise ValueError(f"no objective {name!r}")
    _FIGURES[name](worths, factor)


def _completions(worths: ReducedCosts, factor: Fraction) -> None:
    world = worths.world
    for key in {need["state"] for need in world.needs.values() if need["completes"]}:
        worths.complete[key] += factor * Fraction(world.states[key]["weight"])


def _late_completions(worths: ReducedCosts, factor: Fraction) -> None:
    """Where the deadline is before the end of the horizon; what is delivered within it is else in time."""
    world = worths.world
    for key in {need["state"] for need in world.needs.values() if need["completes"]}:
        if world.timely(key) != world.years:
            worths.late[key] += factor * Fraction(world.states[key]["weight"])


def _coverage(worths: ReducedCosts, factor: Fraction) -> None:
    world = worths.world
    for key, need in world.needs.items():
        share = factor * Fraction(need["weight"]) * Fraction(world.states[need["state"]]["weight"])
        worths.constant += share * world.before(key)
        for year in world.years if share else ():
            worths.delivered[key, year] += Fraction(share, world.sought[key]) * world.discount(year)


def _waiting(worths: ReducedCosts, factor: Fraction) -> None:
    """All that is sought waits to the end; what is delivered in a year waits no more from its end on."""
    world = worths.world
    for key, need in world.needs.items():
        share = factor * Fraction(need["weight"]) * Fraction(world.states[need["state"]]["weight"])
        waits = world.waits(need) if share else range(0)
        worths.constant += share * len(waits) * (1 - world.before(key))
        for year in world.window(need) if waits else ():
            worths.delivered[key, year] -= Fraction(share * (waits.stop - year), world.sought[key])


def _turnover(worths: ReducedCosts, factor: Fraction) -> None:
    """Starts; and of ongoing links, that they do not work in the first year, be it that they never can."""
    world = worths.world
    first = world.years.start
    for key, years in world.partners.items():
        for year in years:
            if year > first or _may_start(world, key):
                worths.link_start[(*key, year)] += factor
    for key in world.ongoing_links:
        worths.constant += factor
        if first in world.partners.get(key, ()):
            worths.link[(*key, first)] -= factor


def _may_start(world: ScenarioLimits, key: tuple[str, str]) -> bool:
    """Whether a link that works in the first year may start in it."""
    able = world.partners[key][world.years.start]
    return key not in world.ongoing_links and any(world.offers[each]["kind"] in world.stated_sides for each in able)


def _dependence(worths: ReducedCosts, factor: Fraction) -> None:
    for key in worths.world.partners:
        worths.excess[key] += factor


def _swings(worths: ReducedCosts, factor: Fraction) -> None:
    """Both ways, wherever a change counts; of a link that can pay nothing, all that it paid before the horizon."""
    world = worths.world
    paying = {key for key, years in world.partners.items() if any(world.payments(*key, year) for year in years)}
    for key in sorted(paying):
        for year in world.years:
            if world.moves(*key, year):
                worths.up[(*key, year)] += factor
                worths.down[(*key, year)] += factor
    for key in world.ongoing_links.keys() - paying:
        if world.moves(*key, world.years.start):
            worths.constant += factor * (world.ongoing_links[key] or 0)


def _worst_off(worths: ReducedCosts, factor: Fraction) -> None:
    worths.worst += factor


def _cost(worths: ReducedCosts, factor: Fraction) -> None:
    """With the least money of the years that engagements must last beyond the horizon."""
    world = worths.world
    for state in world.states:
        for year in world.years:
            worths.external[state, year] += factor
    for key, state, year in world.relations:
        if key in world.funding and world.external(key, state):
            _owed(worths, factor * world.least[key], key, state, year)


def _engagements(worths: ReducedCosts, factor: Fraction) -> None:
    """With the years that engagements must last beyond the horizon."""
    for key, state, year in worths.world.relations:
        if worths.world.external(key, state):
            worths.engaged[key, state, year] += factor
            _owed(worths, factor, key, state, year)


def _owed(worths: ReducedCosts, factor: Fraction, offer: str, state: str, year: int) -> None:
    """Adds the worth of years beyond the horizon to a start that owes some, or to going on in the first year."""
    world = worths.world
    missing = world.term(offer, state, year) - world.years[-1]
    if missing > 0:
        goes_on = year == world.years.start and (offer, state) in world.ongoing
        (worths.engaged if goes_on else worths.started)[offer, state, year] += factor * missing


def _disruption(worths: ReducedCosts, factor: Fraction) -> None:
    """Where something was given: what is lost or gained. Where nothing was: all that is given."""
    world = worths.world
    for key in world.earlier:
        worth = factor * (_unit(world, key[0]) or 1)
        if key in world.relations:
            worths.lost[key] += worth
            worths.gained[key] += worth
        else:
            worths.constant += worth * world.earlier[key]
    for key in world.relations - world.earlier.keys():
        worths.given[key] += factor * (_unit(world, key[0]) or 1)


def _fit(worths: ReducedCosts, factor: Fraction) -> None:
    for key, state, year in worths.world.relations:
        offer = worths.world.offers[key]
        fit = Fraction(offer["fit"].get(state, offer["fit_otherwise"]))
        worths.given[key, state, year] += factor * fit * _unit(worths.world, key)


def _firmness(worths: ReducedCosts, factor: Fraction) -> None:
    for key, state, year in worths.world.relations:
        firmness = Fraction(worths.world.offers[key]["firmness"])
        worths.given[key, state, year] += factor * firmness * _unit(worths.world, key)


def _at_risk(worths: ReducedCosts, factor: Fraction) -> None:
    for key, state, year in worths.world.relations:
        if worths.world.external(key, state):
            risk = 1 - Fraction(worths.world.offers[key]["firmness"])
            worths.given[key, state, year] += factor * risk * _unit(worths.world, key)


_FIGURES: Mapping[str, Callable[[ReducedCosts, Fraction], None]] = {
    "completions": _completions,
    "late_completions": _late_completions,
    "coverage": _coverage,
    "worst_off": _worst_off,
    "turnover": _turnover,
    "waiting": _waiting,
    "fit": _fit,
    "firmness": _firmness,
    "engagements": _engagements,
    "dependence": _dependence,
    "swings": _swings,
    "at_risk": _at_risk,
    "cost": _cost,
    "disruption": _disruption,
}


def _unit(world: ScenarioLimits, key: str) -> Fraction:
    """What a unit given is worth: a minor unit itself, a granule at its reference price, else its own."""
    return Fraction(1) if key in world.funding else world.unit_value(key) * world.granule(world.technical[key])
