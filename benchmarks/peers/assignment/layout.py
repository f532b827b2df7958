"""Columns of the assignment formulation: which stands where, between which bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.peers.assignment.arrays import Arrays
from matcher.formulation.columns import FINE_UNITS, WORST_SCALE
from matcher.formulation.coverage_shares import Reachable, reachable
from matcher.formulation.payment_classes import FINE_GRANULES
from matcher.scenario import Scenario, TechnicalOffer
from matcher.solvers.linear_model import Bools, Floats, Ints
from matcher.units import ceil_share


@dataclass(frozen=True)
class Layout:
    """Column numbers by what they mean, in the order flows, engaged, starts, partners, complete,
    whole, carried, repaid, spent, delivered, min_coverage, reached, lost, gained, working, late,
    always."""

    arrays: Arrays
    engaged: dict[tuple[int, int], int]
    """(relation, year) -> column: the relation is engaged; only where a rule asks for it."""
    start: dict[tuple[int, int], int]
    """(relation, year) -> column: an engagement starts; only where it must last."""
    partner: dict[tuple[str, str, int], int]
    """(provider, State, year) -> column: the provider is engaged through any of several offers."""
    complete: dict[str, int]
    """State -> column: it completes."""
    whole: dict[str, int]
    """Indivisible need -> column: it is met in full."""
    carried: dict[tuple[str, int], int]
    """(funding offer, year) -> column: minor units carried into the year."""
    repaid: dict[tuple[str, int], int]
    """(pre-financing offer, year of payment) -> column: minor units charged for it."""
    spent: dict[tuple[str, int], int]
    """(funding offer that carries over, year) -> column: minor units spent in the year."""
    delivered: dict[tuple[str, int], int]
    """(need with a precedence, year) -> column: granules delivered by the end of the year."""
    min_coverage: int
    """Column of the smallest State coverage, in units of 1 / WORST_SCALE."""
    reachable: Reachable
    """Which States count in it, and what they can have."""
    reached: dict[str, int]
    """State -> column: it has all that it can have, where others can have more."""
    lost: dict[tuple[int, int], int]
    """(relation, year) -> column: how much less than in the earlier portfolio, where that gave anything."""
    gained: dict[tuple[int, int], int]
    """(relation, year) -> column: how much more."""
    working: dict[tuple[int, int], int]
    """(relation, year) -> column: an external offer works, where the scenario says how much that takes at least."""
    late: dict[str, int]
    """State -> column: it completes within the horizon, but after its deadline."""
    always: int
    """Column that is 1, for what counts in any case."""
    lower: Ints
    upper: Ints

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.arrays.scenario

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.lower)

    @cached_property
    def relaxable(self) -> Bools:
        """Columns that may be relaxed: flows of many granules, money, and the smallest coverage."""
        relaxable = np.zeros(self.columns, np.bool_)
        relaxable[: self.arrays.flows] = self.arrays.demand[self.arrays.flow_need] > FINE_GRANULES
        return relaxable | (self.derived & (self.upper > FINE_UNITS))

    @cached_property
    def derived(self) -> Bools:
        """Columns that follow from the flows: ledgers of money and delivery, and the smallest coverage."""
        derived = np.zeros(self.columns, np.bool_)
        ledgers = (self.carried, self.repaid, self.spent, self.delivered)
        derived[[*(column for ledger in ledgers for column in ledger.values()), self.min_coverage]] = True
        derived[[*self.lost.values(), *self.gained.values()]] = True
        return derived

    @cached_property
    def column_scale(self) -> Floats:
        """A sensible unit of each fine column: a million of money, or its granules."""
        scale = np.ones(self.columns, np.float64)
        arrays = self.arrays
        money = 1e6 / np.maximum(arrays.flow_price, 1)
        share = arrays.demand[arrays.flow_need] / 100.0
        scale[: arrays.flows] = np.maximum(np.where(arrays.flow_price > 0, money, share), 1.0)
        scale[[*self.carried.values(), *self.repaid.values(), *self.spent.values()]] = 1e6
        for (need, _), column in self.delivered.items():
            scale[column] = max(self.scenario.need(need).quantity // 100, 1)
        moved = [*self.lost.values(), *self.gained.values()]
        scale[moved] = np.maximum(self.upper[moved] // 100, 1)
        scale[self.min_coverage] = WORST_SCALE
        return np.where(self.relaxable, scale, 1.0)


def build_layout(arrays: Arrays) -> Layout:
    """Returns the columns of a scenario."""
    count = arrays.flows
    lower, upper = [np.zeros(count, np.int64)], [arrays.flow_upper]

    def take(keys: list[tuple[object, int]]) -> dict[object, int]:
        nonlocal count
        columns = {key: count + at for at, (key, _) in enumerate(keys)}
        lower.append(np.zeros(len(keys), np.int64))
        upper.append(np.array([most for _, most in keys], np.int64))
        count += len(keys)
        return columns

    engaged = take([(key, 1) for key in _engaged_keys(arrays)])
    start = take([(key, 1) for key in _start_keys(arrays)])
    partner = take([(key, 1) for key in _partner_keys(arrays)])
    scenario = arrays.scenario
    completing = sorted({need.state for need in scenario.needs if need.completes})
    complete = take([(state, 1) for state in completing])
    whole = take([(need.id, 1) for need in scenario.needs if need.indivisible])
    carried = take(_carried_keys(arrays))
    repaid = take(_repaid_keys(arrays))
    spent = take(_spent_keys(arrays))
    delivered = take(_delivered_keys(arrays))
    reach = reachable(scenario, arrays.demand)  # where no State counts, the smallest coverage is 0
    min_coverage = take([("min_coverage", WORST_SCALE if reach.counted.any() else 0)])["min_coverage"]
    reached = take([(scenario.states[at].id, 1) for at in np.flatnonzero(reach.held).tolist()])
    was = _earlier_keys(arrays)
    lost = take([(key, amount) for key, amount, _ in was])
    gained = take([(key, most) for key, _, most in was])
    external = [key for key in engaged if arrays.relations[key[0]].external]  # type: ignore[index]
    working = take([(key, 1) for key in external if scenario.least_engagement is not None])
    late = take([(state, 1) for state in completing if scenario.state(state).last_year < scenario.horizon.last])
    always = take([("always", 1)])["always"]
    least = np.concatenate(lower)
    least[always] = 1
    return Layout(
        arrays,
        engaged,  # type: ignore[arg-type]
        start,  # type: ignore[arg-type]
        partner,  # type: ignore[arg-type]
        complete,  # type: ignore[arg-type]
        whole,  # type: ignore[arg-type]
        carried,  # type: ignore[arg-type]
        repaid,  # type: ignore[arg-type]
        spent,  # type: ignore[arg-type]
        delivered,  # type: ignore[arg-type]
        min_coverage,
        reach,
        reached,  # type: ignore[arg-type]
        lost,  # type: ignore[arg-type]
        gained,  # type: ignore[arg-type]
        working,  # type: ignore[arg-type]
        late,  # type: ignore[arg-type]
        always,
        least,
        np.concatenate(upper),
    )


def _engaged_keys(arrays: Arrays) -> list[tuple[int, int]]:
    """Relations that a rule or figure speaks of, in each year of their own."""
    scenario = arrays.scenario
    keys = []
    for at, relation in enumerate(arrays.relations):
        offer = scenario.offer(relation.offer)
        ruled = offer.min_per_state > 0 or offer.min_years > 1 or offer.max_states is not None
        pinned = any((pin.offer, pin.state) == (relation.offer, relation.state) for pin in scenario.decisions.pins)
        if relation.external or ruled or pinned:
            keys += [(at, year) for year in range(relation.first, relation.last + 1)]
    return keys


def _earlier_keys(arrays: Arrays) -> list[tuple[tuple[int, int], int, int]]:
    """Relations and years in which the earlier portfolio gave something: how much, and the most that can be given."""
    scenario = arrays.scenario
    keys = []
    for at, relation in enumerate(arrays.relations):
        for year in range(relation.first, relation.last + 1):
            amount = scenario.earlier.get((relation.offer, relation.state, scenario.years[year]))
            if amount is not None:
                flows, worth = given_by(arrays, at, year)
                keys.append(((at, year), amount, int(arrays.flow_upper[flows] @ worth)))
    return keys


def given_by(arrays: Arrays, relation: int, year: int) -> tuple[Ints, Ints]:
    """Returns the flows through a relation in a year, and what a granule of each counts for: money, or itself."""
    side = 0 if isinstance(arrays.scenario.offer(arrays.relations[relation].offer), TechnicalOffer) else 1
    flows = np.flatnonzero((arrays.flow_relations[:, side] == relation) & (arrays.flow_year == year))
    return flows, arrays.flow_price[flows] if side else np.ones(len(flows), np.int64)


def _start_keys(arrays: Arrays) -> list[tuple[int, int]]:
    lasting = [
        (at, relation)
        for at, relation in enumerate(arrays.relations)
        if arrays.scenario.offer(relation.offer).min_years > 1
    ]
    return [(at, year) for at, relation in lasting for year in range(relation.first, relation.last + 1)]


def _partner_keys(arrays: Arrays) -> list[tuple[str, str, int]]:
    """Providers with several offers in a State that limits its partners."""
    scenario = arrays.scenario
    offers: dict[tuple[str, str, int], int] = {}
    for relation in arrays.relations:
        if relation.external and scenario.state(relation.state).max_partners is not None:
            provider = scenario.offer(relation.offer).provider
            for year in range(relation.first, relation.last + 1):
                offers[provider, relation.state, year] = offers.get((provider, relation.state, year), 0) + 1
    return sorted(key for key, several in offers.items() if several > 1)


def _carried_keys(arrays: Arrays) -> list[tuple[object, int]]:
    """Years into which an offer can carry money, with the most it can carry."""
    scenario = arrays.scenario
    keys: list[tuple[object, int]] = []
    for offer in scenario.funding:
        if offer.carry_over > 0:
            free = scenario.most_money(offer)
            for at in range(1, len(scenario.years)):
                keys.append(((offer.id, at), free[at] - scenario.money_at(offer, scenario.years[at])))
    return keys


def _repaid_keys(arrays: Arrays) -> list[tuple[object, int]]:
    """Payments of pre-financing that fall due inside the horizon."""
    scenario = arrays.scenario
    keys: list[tuple[object, int]] = []
    for offer in scenario.funding:
        if offer.repayment is not None:
            free = scenario.most_money(offer)
            last = len(scenario.years) - offer.repayment.after
            keys += [((offer.id, at), ceil_share(free[at], 1 + offer.repayment.premium)) for at in range(last)]
    return keys


def _spent_keys(arrays: Arrays) -> list[tuple[object, int]]:
    """Years of offers that carry money over, with the most they can spend."""
    scenario = arrays.scenario
    keys: list[tuple[object, int]] = []
    for offer in scenario.funding:
        if offer.carry_over > 0:
            keys += [((offer.id, at), most) for at, most in enumerate(scenario.most_money(offer))]
    return keys


def _delivered_keys(arrays: Arrays) -> list[tuple[object, int]]:
    """Years of needs that come before or after others."""
    scenario = arrays.scenario
    ordered = {need.id for need in scenario.needs if need.after}
    ordered |= {first.need for need in scenario.needs for first in need.after}
    demand = {need.id: int(arrays.demand[at]) for at, need in enumerate(scenario.needs)}
    return [((need, at), demand[need]) for need in sorted(ordered) for at in range(len(scenario.years))]
