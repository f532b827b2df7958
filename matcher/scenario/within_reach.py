"""What each State could have by the limits of itself, one offer and one year alone.

A State that no option can serve at all would hold the smallest coverage at 0 and take it from all others: it is
set aside there and named. A limit on one provider's share binds only where enough others could pay.

`worst_off` is the most of which every State that counts has its share, or all that it can have:

    max w  with  coverage[s] >= min(w, bound[s])  for every State s that counts,  and  w <= the largest bound

That is the smallest coverage among the States below their bounds; the largest bound if there are none. More coverage
never makes it less, and a State with little room takes nothing from the others once it has all that it can have.

A bound rests on the limits of one State, one offer and one year: needs, those who may work and pay for them in each
year, their amounts, and what the State can absorb. Needs of the same capability, years and weight per unit share
these; each such group is taken alone, as if all else were for it. So where two groups live on the same money, their
State's bound may be more than it can have, and it stays among those that count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import ceil

import networkx as nx

from matcher.scenario.eligibility import need_node, option_years, options_between, reach
from matcher.scenario.entities import FundingOffer, Need, TechnicalOffer
from matcher.scenario.scenario import Scenario


def states_within_reach(scenario: Scenario) -> frozenset[str]:
    """Returns the States that count in `worst_off`.

    They have a need with a weight, and for it an option and a year that admit one granule and both minimum sizes under
    the limits of that State, offer and year alone.
    """
    found, graph = set(), reach(scenario)
    for need in scenario.needs:
        if need.state in found or not need.weight:
            continue
        offers = [scenario.offer(offer) for offer in sorted(graph.predecessors(need_node(need.id)))]
        if any(_admits(scenario, payer, worker, need) for payer, worker in options_between(scenario, need, offers)):
            found.add(need.state)
    return frozenset(found)


def _admits(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need) -> bool:
    """Whether some year has room for a granule and both minimum sizes, all other limits apart."""
    granule = scenario.capability(need.capability).granule
    if need.quantity - need.delivered < granule or (need.max_per_year is not None and need.max_per_year < granule):
        return False
    return any(admits_in(scenario, payer, worker, need, year) for year in option_years(scenario, payer, worker, need))


def admits_in(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need, year: int) -> bool:
    """Returns whether a year of an option has room for a granule and both minimum sizes, all other limits apart."""
    if scenario.capacity_at(worker, year) < max(1, least_of(scenario, worker, need.state)):
        return False
    if not _may_enter(scenario, payer, worker, need):
        return False
    if payer is None:
        return True
    least = max(scenario.granule_price(worker), least_of(scenario, payer, need.state))
    limit = scenario.state(need.state).absorption
    if scenario.is_external(payer.id, need.state) and limit is not None and limit.at(year) < least:
        return False
    if payer.repayment is not None and year + payer.repayment.after > scenario.horizon.last:
        return False
    return scenario.most_money(payer)[year - scenario.horizon.first] >= least


def _may_enter(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need) -> bool:
    """Whether the counts and shares of the State and of both offers, and what there is to do, let them in at all."""
    state = scenario.state(need.state)
    offers = [each for each in (payer, worker) if each is not None]
    partners = {each.provider for each in offers if scenario.is_external(each.id, state.id)}
    if state.max_partners is not None and len(partners) > state.max_partners:
        return False
    if any(each.max_states == 0 for each in offers):
        return False
    if payer is not None and state.max_share == 0 and scenario.is_external(payer.id, state.id):
        return False
    if payer is not None and least_of(scenario, payer, state.id) > scenario.dearest_year(state.id):
        return False
    return least_of(scenario, worker, state.id) <= scenario.most_in_a_year(state.id, need.capability)


class OwnBounds:
    """What the States of a scenario could have by their own limits, and each offer's and year's."""

    def __init__(self, scenario: Scenario) -> None:
        """Takes a scenario; each State is looked at when it is asked for."""
        self._scenario = scenario
        self._able: dict[tuple[str, str, str | None], list[int]] = {}

    @cached_property
    def counted(self) -> frozenset[str]:
        """States that count in `worst_off` at all."""
        return states_within_reach(self._scenario)

    def bound(self, state: str) -> Fraction:
        """Returns the most that the coverage of a State that counts can be."""
        needs = [need for need in self._scenario.needs_of(state) if need.weight]
        weight = sum((Fraction(need.weight) for need in needs), Fraction(0))
        total = sum((Fraction(need.weight) * Fraction(need.delivered, need.quantity) for need in needs), Fraction(0))
        for key, most in self.most_delivered(state).items():
            need = self._scenario.need(key)
            granule = self._scenario.capability(need.capability).granule
            total += Fraction(need.weight) * Fraction(most * granule, need.quantity)
        return total / weight

    def most_delivered(self, state: str) -> dict[str, int]:
        """Returns the most granules of a State's needs that have a weight, by the first need of each group."""
        groups: dict[tuple[object, ...], list[Need]] = {}
        for need in self._scenario.needs_of(state):
            if need.weight:
                window, density = self._scenario.window(need), Fraction(need.weight) / need.quantity
                like = (need.capability, window.start, window.stop, density, self._named(need))
                groups.setdefault(like, []).append(need)
        return {group[0].id: self._most_of(group) for group in groups.values()}

    def smallest(self, coverages: Mapping[str, Fraction]) -> Fraction:
        """Returns the smallest coverage of the States that count and have less than they can have.

        Where each has all that it can have, it is the largest of them; 0 where no State counts.

        Parameters
        ----------
        coverages
            Undiscounted coverage of each State with a need that has a weight.
        """
        least = Fraction(0)
        for share, state in sorted((share, state) for state, share in coverages.items() if state in self.counted):
            least = share
            if share < self.bound(state):
                break
        return least

    def _named(self, need: Need) -> str | None:
        """The need itself where the user forbids something for it alone."""
        return need.id if any(forbid.need == need.id for forbid in self._scenario.decisions.forbids) else None

    def _most_of(self, group: Sequence[Need]) -> int:
        """The most granules of needs that the same offers can serve in the same years."""
        granule = self._scenario.capability(group[0].capability).granule
        rests = [(need.quantity - need.delivered) // granule for need in group]
        caps = [
            rest if need.max_per_year is None else min(rest, need.max_per_year // granule)
            for need, rest in zip(group, rests, strict=True)
        ]
        able = self._workable(group[0])
        total = 0
        for need, rest, cap in zip(group, rests, caps, strict=True):
            most = min(rest, sum(min(cap, units) for units in able))
            total += 0 if need.indivisible and most < rest else most
        return min(total, sum(min(sum(caps), units) for units in able))

    def _workable(self, need: Need) -> list[int]:
        """Granules for which there are people and money in each year of a need."""
        place = (need.state, need.capability, self._named(need))
        if place not in self._able:
            self._able[place] = self._at_place(need.model_copy(update={"years": None}))
        window = self._scenario.window(need)
        return self._able[place][window.start - self._scenario.horizon.first :][: len(window)]

    def _at_place(self, need: Need) -> list[int]:
        """The same for a need that is open in all years."""
        scenario = self._scenario
        offers = [scenario.offer(offer) for offer in sorted(self._reach.predecessors(need_node(need.id)))]
        workers: dict[int, dict[str, TechnicalOffer]] = {year: {} for year in scenario.years}
        payers: dict[int, dict[str, FundingOffer]] = {year: {} for year in scenario.years}
        for payer, worker in options_between(scenario, need, offers):
            for year in option_years(scenario, payer, worker, need):
                if admits_in(scenario, payer, worker, need, year):
                    workers[year][worker.id] = worker
                    payers[year].update({} if payer is None else {payer.id: payer})
        return [
            self._worked(workers[year].values(), year, self._money(payers[year].values(), need.state, year))
            for year in scenario.years
        ]

    @cached_property
    def _reach(self) -> nx.DiGraph[str]:
        return reach(self._scenario)

    def _money(self, payers: Iterable[FundingOffer], state: str, year: int) -> int:
        """The most that these can pay in a State and year."""
        own = external = 0
        for payer in payers:
            most = self._scenario.most_money(payer)[year - self._scenario.horizon.first]
            if self._scenario.is_external(payer.id, state):
                external += most
            else:
                own += most
        limit = self._scenario.state(state).absorption
        return own + (external if limit is None else min(external, limit.at(year)))

    def _worked(self, workers: Iterable[TechnicalOffer], year: int, money: int) -> int:
        """Granules that these can do in a year for so much money, the cheapest first."""
        scenario, done = self._scenario, 0
        for price, capacity in sorted(
            (scenario.granule_price(each), scenario.capacity_at(each, year)) for each in workers
        ):
            units = min(capacity, money // price) if price else capacity
            done, money = done + units, money - units * price
        return done


def least_of(scenario: Scenario, offer: FundingOffer | TechnicalOffer, state: str) -> int:
    """Returns the least that an offer gives in a year in which it gives anything: minor units, or granules.

    Of an external offer it is that of a working year; a State's own has no more than its own minimum.
    """
    if scenario.is_external(offer.id, state):
        return scenario.least_given(offer.id, state)
    if isinstance(offer, FundingOffer):
        return scenario.converted(offer, offer.min_per_state, up=True)
    return -(-offer.min_per_state // scenario.capability(offer.capability).granule)


def payers_of(scenario: Scenario) -> dict[str, frozenset[str]]:
    """Returns the external providers that could pay for something in each State, in whatever year."""
    found: dict[str, set[str]] = {state.id: set() for state in scenario.states}
    graph = reach(scenario)
    for need in scenario.needs:
        offers = [scenario.offer(offer) for offer in sorted(graph.predecessors(need_node(need.id)))]
        unknown = [
            offer
            for offer in offers
            if isinstance(offer, TechnicalOffer)
            or (scenario.is_external(offer.id, need.state) and offer.provider not in found[need.state])
        ]
        pairs = options_between(scenario, need, unknown)
        found[need.state].update(payer.provider for payer, _ in pairs if payer is not None)
    return {state: frozenset(payers) for state, payers in found.items()}


def limited_shares(scenario: Scenario) -> Iterator[tuple[str, Fraction]]:
    """Yields each State with a limit on one provider's share that binds, and the limit."""
    limits = [(state.id, Fraction(state.max_share)) for state in scenario.states if state.max_share is not None]
    payers = payers_of(scenario) if limits else {}
    for state, limit in limits:
        if not limit or len(payers[state]) >= ceil(1 / limit):
            yield state, limit
