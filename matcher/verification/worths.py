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
from collections.abc import Callable, Mapping
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
    working: Worth = field(default_factory=_worth)
    """By external offer, State and year: a working year, in which it is engaged and gives enough."""
    started: Worth = field(default_factory=_worth)
    """By offer, State and year: an engagement that starts."""
    partner: Worth = field(default_factory=_worth)
    """By provider, State and year: an external provider engaged there."""
    complete: Worth = field(default_factory=_worth)
    """By State: its completion by the deadline."""
    late: Worth = field(default_factory=_worth)
    """By State: its completion within the horizon, but later."""
    whole: Worth = field(default_factory=_worth)
    """By indivisible need: meeting it in full."""
    carried: Worth = field(default_factory=_worth)
    """By funding offer and year: a minor unit carried into the year."""
    lost: Worth = field(default_factory=_worth)
    """By offer, State and year: a unit less than in the earlier portfolio."""
    gained: Worth = field(default_factory=_worth)
    """By offer, State and year: a unit more than in the earlier portfolio."""
    link: Worth = field(default_factory=_worth)
    """By external provider, State and year: that some offer of the provider works there."""
    link_start: Worth = field(default_factory=_worth)
    """By external provider, State and year: that this starts."""
    up: Worth = field(default_factory=_worth)
    """By external provider, State and year: a minor unit more than in the year before."""
    down: Worth = field(default_factory=_worth)
    """By external provider, State and year: a minor unit less."""
    excess: Worth = field(default_factory=_worth)
    """By external provider and State: a minor unit above its share of external money."""
    worst: Fraction = Fraction(0)
    """The smallest State coverage."""
    worst_kept: Fraction = Fraction(0)
    """What the smallest State coverage is kept at, at least."""
    all_short: bool = False
    """Whether no State has all that it can have and less than the smallest coverage."""

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
    """5 Precedence. The share delivered of a need is at most its head start and the share of what comes first.

    Shares count what was delivered before the horizon.
    """
    world = worths.world
    first = world.needs[need]["after"][position]
    worths.constant += price * (Fraction(first["head_start"]) + world.before(first["need"]) - world.before(need))
    for each in range(world.years.start, year + 1):
        worths.delivered[need, each] -= Fraction(price, world.sought[need])
        if each <= year - first["lag"]:
            worths.delivered[first["need"], each] += Fraction(price, world.sought[first["need"]])


def engagement(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. An offer gives a State at most its most, and nothing unless it is engaged; if external, works."""
    worths.given[offer, state, year] -= price
    _giving(worths, offer, state)[offer, state, year] += price * worths.world.most(offer, state, year)


def engagement_for(worths: ReducedCosts, price: Fraction, offer: str, need: str, year: int) -> None:
    """6 Engagement. The same for one need: at most what it can take."""
    worths.given_to[offer, need, year] -= price
    state = worths.world.needs[need]["state"]
    _giving(worths, offer, state)[offer, state, year] += price * worths.world.most_for(offer, need, year)


def _giving(worths: ReducedCosts, offer: str, state: str) -> Worth:
    """Of whom a gift is a sign: of an external offer's working year, or of a State's own engagement."""
    return worths.working if worths.world.external(offer, state) else worths.engaged


def minimum(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. An engaged offer gives its minimum; an external one without any, what makes a working year."""
    worths.given[offer, state, year] += price
    engaged = worths.engaged if worths.world.least[offer] else _giving(worths, offer, state)
    engaged[offer, state, year] -= price * worths.world.least_given(offer, state)


def start(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. Who is engaged, and was not in the year before, starts; who is ongoing was, before the horizon."""
    worths.engaged[offer, state, year] -= price
    if year - 1 in worths.world.window(worths.world.offers[offer]):
        worths.engaged[offer, state, year - 1] += price
    elif year == worths.world.years.start and (offer, state) in worths.world.ongoing:
        worths.constant += price
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


def ongoing_term(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """6 Engagement. Who was ongoing before the horizon, and goes on, is still engaged until it has served its term."""
    world = worths.world
    first = world.years.start
    if (offer, state) not in world.ongoing or not first < year <= world.term(offer, state, first):
        raise ValueError(f"{offer} has no term to serve in {state} in {year}")
    worths.engaged[offer, state, first] -= price
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


def matching(worths: ReducedCosts, price: Fraction, state: str, year: int) -> None:
    """8 Matching. All that is asked in a State is at most what public money there matches, no advance among it."""
    world = worths.world
    for key, other in world.funding.items():
        if other["match"]:
            worths.given[key, state, year] -= price * Fraction(other["match"])
        elif other["repayment"] is None and world.providers[key]["kind"] in PUBLIC and world.external(key, state):
            worths.given[key, state, year] += price


def completion(worths: ReducedCosts, price: Fraction, need: str) -> None:
    """9 Completion. A State that completes has all of a need that completes it by its deadline."""
    each = worths.world.needs[need]
    if not each["completes"]:
        raise ValueError(f"{need} does not complete its State")
    worths.complete[each["state"]] -= price * worths.world.demand[need]
    for year in worths.world.timely(each["state"]):
        worths.delivered[need, year] += price


def late(worths: ReducedCosts, price: Fraction, need: str) -> None:
    """9 Completion. A State that completes, in time or later, has all of a need that completes it by the last year."""
    each = worths.world.needs[need]
    if not each["completes"]:
        raise ValueError(f"{need} does not complete its State")
    for completing in (worths.complete, worths.late):
        completing[each["state"]] -= price * worths.world.demand[need]
    for year in worths.world.years:
        worths.delivered[need, year] += price


def max_share(worths: ReducedCosts, price: Fraction, provider: str, state: str) -> None:
    """12 Share. Money of a provider in a State is at most its share of all external money there, where that binds."""
    if state not in worths.world.shares:
        raise ValueError(f"{state} has no limit on shares that binds")
    _share(worths, price, provider, state, worths.world.shares[state])


def _share(worths: ReducedCosts, price: Fraction, provider: str, state: str, share: Fraction) -> None:
    """Subtracts a provider's money over the horizon, less a share of the State's external money."""
    for year in worths.world.years:
        for offer in worths.world.payments(provider, state, year):
            worths.given[offer, state, year] -= price
        worths.external[state, year] += price * share


def excess(worths: ReducedCosts, price: Fraction, provider: str, state: str) -> None:
    """Objective dependence. Money of a provider above its share of a State's external money is in excess."""
    share = Fraction(worths.world.scenario["objectives"]["dependence_share"])
    _share(worths, price, provider, state, share)
    worths.excess[provider, state] += price


def link(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """Objective turnover. A link works if any of its offers does."""
    if not worths.world.external(offer, state):
        raise ValueError(f"{offer} is not external to {state}")
    worths.working[offer, state, year] -= price
    worths.link[worths.world.offers[offer]["provider"], state, year] += price


def works(worths: ReducedCosts, price: Fraction, provider: str, state: str, year: int) -> None:
    """Objective turnover. A link works only if one of its offers does."""
    worths.link[provider, state, year] -= price
    for offer in worths.world.partners[provider, state].get(year, ()):
        worths.working[offer, state, year] += price


def link_start(worths: ReducedCosts, price: Fraction, provider: str, state: str, year: int) -> None:
    """Objective turnover. A link that works, and did not in the year before, starts."""
    if (provider, state) not in worths.world.partners or year == worths.world.years.start:
        raise ValueError(f"{provider} has no link with {state} that starts in {year}, after the first year")
    worths.link[provider, state, year] -= price
    worths.link[provider, state, year - 1] += price
    worths.link_start[provider, state, year] += price


def first_start(worths: ReducedCosts, price: Fraction, offer: str, state: str) -> None:
    """Objective turnover. In the first year, links start by offers of a side that states which ones are ongoing."""
    world = worths.world
    key = (world.offers[offer]["provider"], state)
    stated = world.offers[offer]["kind"] in world.stated_sides
    if not stated or not world.external(offer, state) or key in world.ongoing_links:
        raise ValueError(f"{offer} starts nothing in {state} in the first year that counts")
    worths.working[offer, state, world.years.start] -= price
    worths.link_start[(*key, world.years.start)] += price


def swing(worths: ReducedCosts, price: Fraction, provider: str, state: str, year: int) -> None:
    """Objective swings. A link's money is that of the year before, and what it moves by: an equation."""
    world = worths.world
    if not world.moves(provider, state, year):
        raise ValueError(f"what {provider} pays in {state} does not move into {year}")
    for offer in world.payments(provider, state, year):
        worths.given[offer, state, year] -= price
    if year == world.years.start:
        worths.constant += price * (world.ongoing_links[provider, state] or 0)
    else:
        for offer in world.payments(provider, state, year - 1):
            worths.given[offer, state, year - 1] += price
    worths.up[provider, state, year] += price
    worths.down[provider, state, year] -= price


def earlier(worths: ReducedCosts, price: Fraction, offer: str, state: str, year: int) -> None:
    """Objective disruption. What is given, and lost, is what was given and what is gained: an equation."""
    key = (offer, state, year)
    worths.constant += price * worths.world.earlier[key]
    worths.given[key] -= price
    worths.lost[key] -= price
    worths.gained[key] += price


def smallest(worths: ReducedCosts, price: Fraction, state: str) -> None:
    """Objective worst_off. A State that counts has as much as the smallest coverage, or all that it can have.

    Between what the smallest coverage is kept at and the most that any State can have, the lesser of the two is at
    least what lies on the straight line between its ends.
    """
    world = worths.world
    if state not in world.counted:
        raise ValueError(f"{state} does not count in the smallest coverage")
    low, high, own = worths.worst_kept, max(world.own_bounds.values()), world.own_bounds[state]
    least = min(low, own)
    rise = Fraction(own - least, high - low) if high > low else Fraction(0)
    if worths.all_short:
        least, rise = low, Fraction(1)
    worths.worst -= price * rise
    worths.constant -= price * (least - rise * low)
    for need, each in world.needs_of[state].items():
        share = Fraction(price * each["weight"], world.weights[state])
        worths.constant += share * world.before(need)
        for year in world.years if share else ():
            worths.delivered[need, year] += Fraction(share, world.sought[need])


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
    "ongoing_term": (ongoing_term, (str, str, int)),
    "max_states": (max_states, (str, int)),
    "max_partners": (max_partners, (str, int)),
    "partner": (partner, (str, str, int)),
    "matching": (matching, (str, int)),
    "completion": (completion, (str,)),
    "late": (late, (str,)),
    "max_share": (max_share, (str, str)),
    "excess": (excess, (str, str)),
    "link": (link, (str, str, int)),
    "works": (works, (str, str, int)),
    "link_start": (link_start, (str, str, int)),
    "first_start": (first_start, (str, str)),
    "swing": (swing, (str, str, int)),
    "smallest": (smallest, (str,)),
    "earlier": (earlier, (str, str, int)),
}
"""Rules that can be priced: how each is subtracted, and what names one of its instances."""

EQUATIONS = frozenset({"indivisible", "earlier", "swing"})
"""Rules that hold with equality: their prices may be negative."""
