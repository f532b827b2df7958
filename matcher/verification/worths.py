"""What a unit of everything in a portfolio is worth: an objective, less the prices of the rules.

A *price* is what one unit of a rule's limit costs. For any portfolio that keeps the rules, and any
prices u >= 0 of rules written as ``a x <= b``, weak duality gives::

    objective(x)  <=  u b + (objective - u a) x

`ReducedCosts` holds ``u b`` and, by what it belongs to, the worth ``objective - u a`` of a unit. Each
function of `RULES` subtracts one rule at one price, and is written from the meaning of the rule
alone. A price that is left out costs nothing but tightness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from matcher.verification.documents import at
from matcher.verification.eligibility import PUBLIC
from matcher.verification.limits import ScenarioLimits

Worth = defaultdict[Any, Fraction]


def _worth() -> Worth:
    return defaultdict(Fraction)


@dataclass
class ReducedCosts:
    """The worth of a unit of everything at some prices; 0 where nothing is said."""

    world: ScenarioLimits
    constant: Fraction = Fraction(0)
    spent: Worth = field(default_factory=_worth)
    """By funding offer and year: a minor unit spent anywhere."""
    worked: Worth = field(default_factory=_worth)
    """By technical offer and year: a granule of work anywhere."""
    given: Worth = field(default_factory=_worth)
    """By offer, State and year: a unit given there."""
    given_to: Worth = field(default_factory=_worth)
    """By offer, need and year: a unit given to it."""
    external: Worth = field(default_factory=_worth)
    """By State and year: a minor unit of external money."""
    delivered: Worth = field(default_factory=_worth)
    """By need and year: a granule delivered."""
    engaged: Worth = field(default_factory=_worth)
    """By offer, State and year: being engaged."""
    started: Worth = field(default_factory=_worth)
    """By offer, State and year: an engagement that starts."""
    partner: Worth = field(default_factory=_worth)
    """By provider, State and year: an external provider engaged there."""
    complete: Worth = field(default_factory=_worth)
    """By State: its completion."""
    whole: Worth = field(default_factory=_worth)
    """By indivisible need: meeting it in full."""
    carried: Worth = field(default_factory=_worth)
    """By funding offer and year: a minor unit carried into the year."""
    lost: Worth = field(default_factory=_worth)
    """By offer, State and year: a unit less than in the earlier portfolio."""
    gained: Worth = field(default_factory=_worth)
    """By offer, State and year: a unit more than in the earlier portfolio."""
    worst: Fraction = Fraction(0)
    """The smallest State coverage."""

    def spend(self, offer: str, year: int, worth: Fraction) -> None:
        """Adds to the worth of money spent, and of money that others spend and this offer repays, in a year."""
        self.spent[offer, year] += worth
        for lender, after, factor in self.world.lenders.get(offer, ()):
            self.spent[lender, year - after] += worth * factor


def budget(worths: ReducedCosts, price: Fraction, offer: str, year: int) -> None:
    """1 Budget. Money spent and repaid, less money carried in, is at most the new money."""
    worths.constant += price * worths.world.new_money(worths.world.funding[offer], year)
    worths.spend(offer, year, -price)
    worths.carried[offer, year] += price


def carry_over(worths: ReducedCosts, price: Fraction, offer: str, year: int) -> None:
    """1 Budget. Money carried into a year is at most a share of what the year before left."""
    world = worths.world
    share = price * Fraction(world.funding[offer]["carry_over"])
    worths.constant += share * world.new_money(world.funding[offer], year - 1)
    worths.carried[offer, year] -= price
    worths.carried[offer, year - 1] += share
    worths.spend(offer, year - 1, -share)


def capacity(worths: ReducedCosts, price: Fraction, offer: str, year: int) -> None:
    """2 Capacity. Work of an offer in a year, in all States together, is at most what it can do."""
    technical = worths.world.technical[offer]
    worths.constant += price * (worths.world.capacity(technical, year) // worths.world.granule(technical))
    worths.worked[offer, year] -= price


def need_per_year(worths: ReducedCosts, price: Fraction, need: str, year: int) -> None:
    """3 Need. No more is delivered in a year than its most."""
    worths.constant += price * worths.world.year_cap[need]
    worths.delivered[need, year] -= price


def indivisible(worths: ReducedCosts, price: Fraction, need: str) -> None:
    """3 Need. An indivisible need gets all or nothing: an equation, whose price may be negative."""
    if not worths.world.needs[need]["indivisible"]:
        raise ValueError(f"{need} is not indivisible")
    for year in worths.world.years:
        worths.delivered[need, year] -= price
    worths.whole[need] += price * worths.world.demand[need]


def absorption(worths: ReducedCosts, price: Fraction, state: str, year: int) -> None:
    """4 Absorption. External money in a State and year is at most what it can absorb."""
    limit = worths.world.states[state]["absorption"]
    if limit is None:
        raise ValueError(f"{state} has no limit on absorption")
    worths.constant += price * at(limit, year)
    worths.external[state, year] -= price


def precedence(worths: ReducedCosts, price: Fraction, need: str, position: int, year: int) -> None:
    """5 Precedence. The share delivered of a need is at most its head start and the share of what comes first."""
    world = worths.world
    first = world.needs[need]["after"][position]
    worths.constant += price * Fraction(first["head_start"])
    for each in range(world.years.start, year + 1):
        worths.delivered[need, each] -= Fraction(price, world.demand[need])
        if each <= year - first["lag"]:
            worths.delivered[first["need"], each] += Fraction(price, world.demand[first["need"]])


def engagement(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. An offer gives a State at most its most, and nothing unless it is engaged."""
    worths.given[offer, state, year] -= price
    worths.engaged[offer, state, year] += price * worths.world.most(offer, state, year)


def engagement_for(worths: ReducedCosts, price: Fraction, offer: str, need: str, year: int) -> None:
    """6 Engagement. The same for one need: at most what it can take."""
    worths.given_to[offer, need, year] -= price
    state = worths.world.needs[need]["state"]
    worths.engaged[offer, state, year] += price * worths.world.most_for(offer, need, year)


def minimum(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. An engaged offer gives at least its minimum."""
    worths.given[offer, state, year] += price
    worths.engaged[offer, state, year] -= price * worths.world.least_given(offer)


def start(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. Who is engaged, and was not in the year before, starts."""
    worths.engaged[offer, state, year] -= price
    if year - 1 in worths.world.window(worths.world.offers[offer]):
        worths.engaged[offer, state, year - 1] += price
    worths.started[offer, state, year] += price


def lasting(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. Who started within the least number of years is still engaged."""
    window = worths.world.window(worths.world.offers[offer])
    if year not in window:
        raise ValueError(f"{offer} has no offer in {year}")
    least = worths.world.offers[offer]["min_years"]
    for each in range(max(window.start, year - least + 1), year + 1):
        worths.started[offer, state, each] -= price
    worths.engaged[offer, state, year] += price


def max_states(worths: ReducedCosts, price: Fraction, offer: str, year: int) -> None:
    """7 Counts. An offer is engaged in at most so many States at once."""
    most = worths.world.offers[offer]["max_states"]
    if most is None:
        raise ValueError(f"{offer} has no limit on its States")
    worths.constant += price * most
    for state in worths.world.states:
        worths.engaged[offer, state, year] -= price


def max_partners(worths: ReducedCosts, price: Fraction, state: str, year: int) -> None:
    """7 Counts. At most so many external providers are engaged in a State at once."""
    most = worths.world.states[state]["max_partners"]
    if most is None:
        raise ValueError(f"{state} has no limit on its partners")
    worths.constant += price * most
    providers = {offer["provider"] for key, offer in worths.world.offers.items() if worths.world.external(key, state)}
    for provider in providers:
        worths.partner[provider, state, year] -= price


def partner(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """7 Counts. A provider is engaged through each of its external offers."""
    if not worths.world.external(offer, state):
        raise ValueError(f"{offer} is not external to {state}")
    worths.engaged[offer, state, year] -= price
    worths.partner[worths.world.offers[offer]["provider"], state, year] += price


def matching(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """8 Matching. Money that asks for a match is at most what public money beside it matches."""
    world = worths.world
    worths.given[offer, state, year] -= price * Fraction(world.funding[offer]["match"])
    for key, other in world.funding.items():
        if other["match"] == 0 and world.providers[key]["kind"] in PUBLIC and world.external(key, state):
            worths.given[key, state, year] += price


def completion(worths: ReducedCosts, price: Fraction, need: str) -> None:
    """9 Completion. A State that completes has all of a need that completes it by its deadline."""
    each = worths.world.needs[need]
    if not each["completes"]:
        raise ValueError(f"{need} does not complete its State")
    worths.complete[each["state"]] -= price * worths.world.demand[need]
    for year in worths.world.timely(need):
        worths.delivered[need, year] += price


def earlier(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """Objective disruption. What is given, and lost, is what was given and what is gained: an equation."""
    key = (offer, state, year)
    worths.constant += price * worths.world.earlier[key]
    worths.given[key] -= price
    worths.lost[key] -= price
    worths.gained[key] += price


def smallest(worths: ReducedCosts, price: Fraction, state: str) -> None:
    """Objective worst_off. The smallest State coverage is at most a State's own, if it has any weight."""
    total = worths.world.weights[state]
    if not total:
        raise ValueError(f"{state} has no need with a weight")
    worths.worst -= price
    for need, each in worths.world.needs_of[state].items():
        share = Fraction(price * each["weight"], total * worths.world.demand[need])
        for year in worths.world.years if share else ():
            worths.delivered[need, year] += share * worths.world.discount(year)


RULES: Mapping[str, tuple[Callable[..., None], tuple[type, ...]]] = {
    "budget": (budget, (str, int)),
    "carry_over": (carry_over, (str, int)),
    "capacity": (capacity, (str, int)),
    "need_per_year": (need_per_year, (str, int)),
    "indivisible": (indivisible, (str,)),
    "absorption": (absorption, (str, int)),
    "precedence": (precedence, (str, int, int)),
    "engagement": (engagement, (str, str, int)),
    "engagement_for": (engagement_for, (str, str, int)),
    "minimum": (minimum, (str, str, int)),
    "start": (start, (str, str, int)),
    "lasting": (lasting, (str, str, int)),
    "max_states": (max_states, (str, int)),
    "max_partners": (max_partners, (str, int)),
    "partner": (partner, (str, str, int)),
    "matching": (matching, (str, str, int)),
    "completion": (completion, (str,)),
    "smallest": (smallest, (str,)),
    "earlier": (earlier, (str, str, int)),
}
"""Rules that can be priced: how each is subtracted, and what names one of its instances."""

EQUATIONS = frozenset({"indivisible", "earlier"})
"""Rules that hold with equality: their prices may be negative."""


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


def _coverage(worths: ReducedCosts, factor: Fraction) -> None:
    world = worths.world
    for key, need in world.needs.items():
        share = factor * Fraction(need["weight"]) * Fraction(world.states[need["state"]]["weight"])
        for year in world.years if share else ():
            worths.delivered[key, year] += Fraction(share, world.demand[key]) * world.discount(year)


def _worst_off(worths: ReducedCosts, factor: Fraction) -> None:
    worths.worst += factor


def _cost(worths: ReducedCosts, factor: Fraction) -> None:
    for state in worths.world.states:
        for year in worths.world.years:
            worths.external[state, year] += factor


def _engagements(worths: ReducedCosts, factor: Fraction) -> None:
    for key, state, year in _relations(worths.world):
        if worths.world.external(key, state):
            worths.engaged[key, state, year] += factor


def _disruption(worths: ReducedCosts, factor: Fraction) -> None:
    """Where something was given: what is lost or gained. Where nothing was: all that is given."""
    world = worths.world
    possible = set(_relations(world))
    for key in world.earlier:
        worth = factor * (_unit(world, key[0]) or 1)
        if key in possible:
            worths.lost[key] += worth
            worths.gained[key] += worth
        else:
            worths.constant += worth * world.earlier[key]
    for key in possible - world.earlier.keys():
        worths.given[key] += factor * (_unit(world, key[0]) or 1)


def _fit(worths: ReducedCosts, factor: Fraction) -> None:
    for key, state, year in _relations(worths.world):
        offer = worths.world.offers[key]
        fit = Fraction(offer["fit"].get(state, offer["fit_otherwise"]))
        worths.given[key, state, year] += factor * fit * _unit(worths.world, key)


def _firmness(worths: ReducedCosts, factor: Fraction) -> None:
    for key, state, year in _relations(worths.world):
        firmness = Fraction(worths.world.offers[key]["firmness"])
        worths.given[key, state, year] += factor * firmness * _unit(worths.world, key)


_FIGURES: Mapping[str, Callable[[ReducedCosts, Fraction], None]] = {
    "completions": _completions,
    "coverage": _coverage,
    "worst_off": _worst_off,
    "fit": _fit,
    "firmness": _firmness,
    "engagements": _engagements,
    "cost": _cost,
    "disruption": _disruption,
}


def _relations(world: ScenarioLimits) -> Iterator[tuple[str, str, int]]:
    """Every offer in every State that it may work in, in each of its years."""
    for state, sides in world.reach.items():
        for side in sides:
            for key in side:
                for year in world.window(world.offers[key]):
                    yield key, state, year


def _unit(world: ScenarioLimits, key: str) -> Fraction:
    """What a unit given is worth: a minor unit itself, a granule at its reference price, else its own."""
    if key in world.funding:
        return Fraction(1)
    offer = world.technical[key]
    price = world.scenario["capabilities"][offer["capability"]]["reference_price"]
    return Fraction(world.prices[key]) if price is None else Fraction(price) * world.granule(offer)
