"""Columns of the formulation: which stands where, between which bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from matcher.formulation.coverage_shares import WORST_SCALE as WORST_SCALE
from matcher.formulation.coverage_shares import Reachable, reachable, unlimited, worst_off_table
from matcher.formulation.limits import Relations, Tables, build_relations, build_tables
from matcher.formulation.links import Links, build_links
from matcher.formulation.payment_classes import FINE_GRANULES, Payments
from matcher.scenario import FundingOffer, Scenario
from matcher.scenario.within_reach import least_of
from matcher.solvers.linear_model import Bools, Floats, Ints

FINE_UNITS = 10_000
"""A ledger of at most this many units is kept whole by all engines."""
FEW_UNITS = 10_000
"""A column of less than this is scaled by what it can be: a millionth of the usual scale is one unit."""


@dataclass(frozen=True)
class Columns:
    """Column numbers by what they mean, in the order work, money, engaged, start, partner, complete,
    whole, carried, repaid, spent, delivered, min_coverage, reached, lost, gained, working, late, those of `links`,
    always.
    Tables hold -1 where there is none."""

    sought: frozenset[str]
    """Names of the objectives that the columns are for."""
    payments: Payments
    tables: Tables
    relations: Relations
    work_entry: Ints
    """Entry of `payments.work` of each column of work; work columns come first, sorted by need."""
    work_year: Ints
    money_entry: Ints
    """Entry of `payments.money` of each column of money; they come next, sorted by need."""
    money_year: Ints
    engaged: Ints
    """Shape (relations, years): the relation is engaged; only where a rule or figure asks for it."""
    start: Ints
    """Shape (relations, years): an engagement starts; only where it must last."""
    partner: Ints
    """Shape (partners, years): a provider with several offers in a State is engaged through any."""
    complete: Ints
    """Shape (States,): the State completes."""
    whole: Ints
    """Shape (needs,): the indivisible need is met in full."""
    carried: Ints
    """Shape (offers, years): minor units carried into the year."""
    repaid: Ints
    """Shape (offers, years): minor units charged for what was pre-financed in the year."""
    spent: Ints
    """Shape (offers, years): minor units spent in the year, where money is carried over."""
    delivered: Ints
    """Shape (needs, years): granules delivered by the end of the year, where a precedence asks."""
    min_coverage: int
    """Smallest State coverage, in units of 1 / WORST_SCALE."""
    reachable: Reachable
    """Which States count in it, and what they can have; all with a weight, and all, where nothing asks for it."""
    reached: Ints
    """Shape (States,): the State has all that it can have, where it counts and others can have more."""
    lost: Ints
    """Shape (relations, years): how much less than in the earlier portfolio, where that gave anything."""
    gained: Ints
    """Shape (relations, years): how much more."""
    working: Ints
    """Shape (relations, years): an external offer works, not only is engaged: its engagement where it must give
    something in each engaged year, else a column of its own."""
    late: Ints
    """Shape (States,): the State completes within the horizon, but after its deadline."""
    links: Links
    """Links of providers and States, with their columns."""
    always: int
    """1, for what counts in any case; -1 where nothing does."""
    lower: Ints
    upper: Ints
    state: Ints
    """State of each column, -1 for columns that all States share."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.payments.scenario

    @property
    def count(self) -> int:
        """Number of columns."""
        return len(self.lower)

    @property
    def works(self) -> int:
        """Number of columns of work; money columns follow them."""
        return len(self.work_entry)

    @property
    def flows(self) -> int:
        """Number of columns of work and money."""
        return len(self.work_entry) + len(self.money_entry)

    @cached_property
    def flow_offer(self) -> Ints:
        """Offer of each column of work and money."""
        return np.concatenate((self.payments.work.offer[self.work_entry], self.payments.money.offer[self.money_entry]))

    @cached_property
    def flow_need(self) -> Ints:
        """Need of each column of work and money."""
        return np.concatenate((self.payments.work.need[self.work_entry], self.payments.money.need[self.money_entry]))

    @cached_property
    def flow_class(self) -> Ints:
        """Payment class of each column of work and money, -1 for work in kind."""
        work, money = self.payments.work, self.payments.money
        return np.concatenate((work.payment_class[self.work_entry], money.payment_class[self.money_entry]))

    @cached_property
    def flow_year(self) -> Ints:
        """Year of each column of work and money."""
        return np.concatenate((self.work_year, self.money_year))

    @cached_property
    def flow_relation(self) -> Ints:
        """Relation of each column of work and money."""
        return np.concatenate((self.relations.of_work[self.work_entry], self.relations.of_money[self.money_entry]))

    @cached_property
    def ledger_offer(self) -> Ints:
        """Offer of each ledger of money, -1 for other columns."""
        offer = np.full(self.count, -1, np.int64)
        for ledger in (self.carried, self.repaid, self.spent):
            offer[ledger[ledger >= 0]] = np.nonzero(ledger >= 0)[0]
        return offer

    @cached_property
    def ledgers(self) -> Ints:
        """All ledgers of money."""
        return np.flatnonzero(self.ledger_offer >= 0)

    def of_state(self, state: int) -> Ints:
        """Returns the columns of a State, in order."""
        order, start = self._by_state
        return order[start[state] : start[state + 1]]

    @cached_property
    def _by_state(self) -> tuple[Ints, Ints]:
        """The columns sorted by State, and where each State's start."""
        order = np.argsort(self.state, kind="stable")
        return order, np.searchsorted(self.state[order], np.arange(len(self.scenario.states) + 1))

    @cached_property
    def repayments_due(self) -> dict[tuple[int, int], list[int]]:
        """Repayment columns by the offer and year that they are charged to."""
        place = self.scenario.index.offers
        due: dict[tuple[int, int], list[int]] = {}
        for at, year in zip(*(each.tolist() for each in np.nonzero(self.repaid >= 0)), strict=True):
            offer = self.scenario.offers[at]
            assert isinstance(offer, FundingOffer)
            assert offer.repayment is not None
            charged = (place[offer.repayment.offer], year + offer.repayment.after)
            due.setdefault(charged, []).append(int(self.repaid[at, year]))
        return due

    @cached_property
    def carry_overs(self) -> tuple[Ints, Ints]:
        """Share of unspent money that each offer carries over: numerators and denominators."""
        return _ratios(
            Fraction(offer.carry_over) if isinstance(offer, FundingOffer) else Fraction(0)
            for offer in self.scenario.offers
        )

    @cached_property
    def repayments(self) -> tuple[Ints, Ints]:
        """What is repaid of each unit of each offer, with its premium: numerators and denominators."""
        return _ratios(
            1 + Fraction(offer.repayment.premium)
            if isinstance(offer, FundingOffer) and offer.repayment is not None
            else Fraction(1)
            for offer in self.scenario.offers
        )

    @cached_property
    def money_pool(self) -> Ints:
        """Shape (offers,): offers with the same number share money, as one repays what another lends."""
        money_pool = np.arange(len(self.scenario.offers))
        place = self.scenario.index.offers
        for at, offer in enumerate(self.scenario.offers):
            if isinstance(offer, FundingOffer) and offer.repayment is not None:
                one, other = money_pool[at], money_pool[place[offer.repayment.offer]]
                money_pool[money_pool == max(one, other)] = min(one, other)
        return money_pool

    @cached_property
    def work_price(self) -> Ints:
        """Minor units per granule of each column of work."""
        return self.tables.price[self.flow_offer[: self.works]]

    @cached_property
    def money_unit(self) -> Ints:
        """Minor units in which each column of money counts."""
        return self.payments.unit[self.flow_class[self.works :]]

    @cached_property
    def money_external(self) -> Bools:
        """Whether each column of money comes from outside the State."""
        return self.relations.external[self.flow_relation[self.works :]]

    @cached_property
    def work_of_need(self) -> Ints:
        """Where each need's columns of work start, and the total at the end."""
        return np.searchsorted(self.flow_need[: self.works], np.arange(len(self.scenario.needs) + 1))

    @cached_property
    def money_of_need(self) -> Ints:
        """Where each need's columns of money start (counted among columns), and the total at the end."""
        starts = np.searchsorted(self.flow_need[self.works :], np.arange(len(self.scenario.needs) + 1))
        return np.asarray(starts + self.works, np.int64)

    @cached_property
    def flow_worth(self) -> Ints:
        """What a unit of each column of work and money counts for: a granule, or minor units."""
        return np.concatenate((np.ones(self.works, np.int64), self.money_unit))

    def given(self, point: Ints) -> Ints:
        """Returns what is given through each relation in each year: granules, or minor units."""
        given = np.zeros(self.relations.years.shape, np.int64)
        np.add.at(given, (self.flow_relation, self.flow_year), point[: self.flows] * self.flow_worth)
        return given

    @cached_property
    def coverage_table(self) -> Ints:
        """Shape (needs,): what a granule adds to its State's coverage, in units of 1 / WORST_SCALE."""
        return worst_off_table(self.scenario, self.payments.demand)

    @cached_property
    def least(self) -> Ints:
        """The least that flows while each column of engagement, or of work, is 1: minor units, or granules."""
        relations, least = self.relations, np.zeros(len(self.relations.offer), np.int64)
        matters = self.scenario.least_engagement is not None or "turnover" in self.sought
        for at, (which, where) in enumerate(zip(relations.offer.tolist(), relations.state.tolist(), strict=True)):
            offer = self.scenario.offers[which]
            if offer.min_per_state or (matters and relations.external[at]):
                least[at] = least_of(self.scenario, offer, self.scenario.states[where].id)
        found = np.zeros(self.count, np.int64)
        works = np.where(self.working >= 0, self.working, self.engaged)
        relation, year = np.nonzero(works >= 0)
        found[works[relation, year]] = least[relation]
        return found

    @cached_property
    def relaxable(self) -> Bools:
        """Columns that may be relaxed: flows of needs of many granules, money, and the smallest coverage."""
        relaxable = np.zeros(self.count, np.bool_)
        relaxable[: self.flows] = self.payments.demand[self.flow_need] > FINE_GRANULES
        relaxable |= self.derived & (self.upper > FINE_UNITS)
        for follows in (self.links.start, self.links.up, self.links.down, self.links.total, self.links.excess):
            relaxable[follows[follows >= 0]] = True  # whole wherever the flows and the links are
        return relaxable

    @cached_property
    def derived(self) -> Bools:
        """Columns that follow from the flows: ledgers of money and delivery, and the smallest coverage."""
        derived = np.zeros(self.count, np.bool_)
        links = self.links
        for ledger in (self.carried, self.repaid, self.spent, self.delivered, self.lost, self.gained):
            derived[ledger[ledger >= 0]] = True
        for ledger in (links.start, links.up, links.down, links.total, links.excess):
            derived[ledger[ledger >= 0]] = True
        derived[self.min_coverage] = True
        return derived

    @cached_property
    def scale(self) -> Floats:
        """A sensible unit of each fine column: a million of money, or its granules; of few units, what it can be."""
        scale = np.ones(self.count, np.float64)
        demand = self.payments.demand
        work = np.where(
            self.work_price > 0, 1e6 / np.maximum(self.work_price, 1), demand[self.flow_need[: self.works]] / 100.0
        )
        scale[: self.works] = np.maximum(work, 1.0)
        scale[self.works : self.flows] = 1e6
        for ledger in (self.carried, self.repaid, self.spent):
            scale[ledger[ledger >= 0]] = 1e6
        need, year = np.nonzero(self.delivered >= 0)
        scale[self.delivered[need, year]] = np.maximum(demand[need] // 100, 1)
        for moved in (self.lost[self.lost >= 0], self.gained[self.gained >= 0]):
            scale[moved] = np.maximum(self.upper[moved] // 100, 1)
        for money in (self.links.up, self.links.down, self.links.total, self.links.excess):
            scale[money[money >= 0]] = 1e6
        scale[self.min_coverage] = WORST_SCALE
        # A range that is hardly more than a search's tolerance is none to it, and its bound is then no bound.
        most = np.where(self.upper < FEW_UNITS, np.maximum(self.upper, 1), scale)
        return np.where(self.relaxable, np.minimum(scale, most), 1.0)


def _ratios(ratios: Iterable[Fraction]) -> tuple[Ints, Ints]:
    pairs = [(ratio.numerator, ratio.denominator) for ratio in ratios]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


class _Columns:
    """Numbers columns group by group."""

    def __init__(self) -> None:
        self.count = 0
        self.upper: list[Ints] = []
        self.state: list[Ints] = []

    def take(self, upper: Ints, state: Ints) -> Ints:
        """Adds one column per element and returns their numbers."""
        numbers = np.arange(self.count, self.count + len(upper), dtype=np.int64)
        self.count += len(upper)
        self.upper.append(np.asarray(upper, np.int64))
        self.state.append(np.broadcast_to(np.asarray(state, np.int64), upper.shape))
        return numbers

    def table(self, present: Bools, upper: Ints, state: Ints) -> Ints:
        """Adds a column where a table says so; returns the table of numbers, -1 elsewhere."""
        numbers = np.full(present.shape, -1, np.int64)
        numbers[present] = self.take(
            np.broadcast_to(upper, present.shape)[present], np.broadcast_to(state, present.shape)[present]
        )
        return numbers


def build_columns(payments: Payments, sought: frozenset[str], known: Reachable | None = None) -> Columns:
    """Returns the columns of a scenario's payment classes, for some objectives; what States can have may be known."""
    scenario = payments.scenario
    tables, take = build_tables(payments), _Columns()
    relations = build_relations(payments, tables)
    work_entry, work_year = np.nonzero(payments.work.years)
    money_entry, money_year = np.nonzero(payments.money.years)
    homes = tables.need_state[payments.work.need[work_entry]], tables.need_state[payments.money.need[money_entry]]
    take.take(_work_upper(payments, tables, work_entry, work_year), homes[0])
    take.take(_money_upper(payments, tables, relations, money_entry, money_year), homes[1])
    one, nobody, home = np.ones((1, 1), np.int64), np.full((1, 1), -1, np.int64), relations.state[:, None]
    engaged = take.table(relations.years & relations.tracked[:, None], one, home)
    start = take.table(relations.years & relations.lasting[:, None], one, home)
    partner = take.table(relations.partner_years, one, relations.partner_state[:, None])
    completing = np.isin(np.arange(len(scenario.states)), tables.need_state[tables.need_completes])
    complete = take.table(completing, one[0], np.arange(len(scenario.states)))
    whole = take.table(tables.need_indivisible, one[0], tables.need_state)
    carried = take.table(tables.carries, tables.most_money - tables.money, nobody)
    repaid = take.table(tables.repays, tables.most_repaid, nobody)
    spent = take.table(tables.spends, tables.most_money, nobody)
    ordered = np.repeat(tables.need_ordered[:, None], len(scenario.years), 1)
    delivered = take.table(ordered, payments.demand[:, None], tables.need_state[:, None])
    reach, min_coverage, reached = _smallest_coverage(payments, sought, known, take)
    most = _most_given(payments, relations, take.upper)
    lost, gained = _moves(payments, relations, most, take)
    working = _working(scenario, relations, sought, engaged, take)
    late = take.table(completing & _may_be_late(scenario, sought), one[0], np.arange(len(scenario.states)))
    links = build_links(payments, relations, sought, working, most, take)
    always = int(take.take(np.array([1]), np.array([-1]))[0]) if _has_constant(scenario, sought) else -1
    return Columns(
        sought,
        payments,
        tables,
        relations,
        work_entry,
        work_year,
        money_entry,
        money_year,
        engaged,
        start,
        partner,
        complete,
        whole,
        carried,
        repaid,
        spent,
        delivered,
        min_coverage,
        reach,
        reached,
        lost,
        gained,
        working,
        late,
        links,
        always,
        _lower(take, always),
        np.concatenate(take.upper),
        np.concatenate(take.state),
    )


def _smallest_coverage(
    payments: Payments, sought: frozenset[str], known: Reachable | None, take: _Columns
) -> tuple[Reachable, int, Ints]:
    """Adds the column of the smallest coverage, which is 0 where no State counts, and those of who has all it can."""
    scenario = payments.scenario
    reach = (known or reachable(scenario, payments.demand)) if "worst_off" in sought else unlimited(scenario)
    least = take.take(np.array([WORST_SCALE if reach.counted.any() else 0]), np.array([-1]))
    return reach, int(least[0]), take.table(reach.held, np.ones(1, np.int64), np.arange(len(reach.held)))


def _working(scenario: Scenario, relations: Relations, sought: frozenset[str], engaged: Ints, take: _Columns) -> Ints:
    """The columns by which external offers work: their engagement, or columns of their own where they may be idle."""
    apart = idle_allowed(scenario, relations, sought)[:, None] & (engaged >= 0)
    own = take.table(apart, np.ones((1, 1), np.int64), relations.state[:, None])
    return np.where(apart, own, np.where(relations.external[:, None], engaged, -1))


def _lower(take: _Columns, always: int) -> Ints:
    """Nothing is the least of each column but of what counts in any case."""
    lower = np.zeros(take.count, np.int64)
    if always >= 0:
        lower[always] = 1
    return lower


def _moves(payments: Payments, relations: Relations, most: Ints, take: _Columns) -> tuple[Ints, Ints]:
    """Adds the columns of what is lost and gained against an earlier portfolio."""
    home, was = relations.state[:, None], _earlier(payments.scenario, relations)
    return take.table(was > 0, was, home), take.table(was > 0, most, home)


def idle_allowed(scenario: Scenario, relations: Relations, sought: frozenset[str]) -> Bools:
    """Returns whether each external relation may be engaged in years without a flow, and it matters which those are."""
    lasting = np.array([each.min_years > 1 and not each.min_per_state for each in scenario.offers], np.bool_)
    matters = scenario.least_engagement is not None or "turnover" in sought
    return relations.external & lasting[relations.offer] & matters


def _may_be_late(scenario: Scenario, sought: frozenset[str]) -> Bools:
    """Whether each State could complete within the horizon after its deadline, and that counts for something."""
    counts = "late_completions" in sought
    return np.array([counts and state.last_year < scenario.horizon.last for state in scenario.states], np.bool_)


def _has_constant(scenario: Scenario, sought: frozenset[str]) -> bool:
    """Whether some figure counts what no plan changes."""
    known = any(offer.ongoing for offer in scenario.offers) or any(need.delivered for need in scenario.needs)
    return bool(scenario.decisions.earlier) or known or "waiting" in sought


def _earlier(scenario: Scenario, relations: Relations) -> Ints:
    """What the earlier portfolio gave through each relation in each of its years; shape (relations, years)."""
    was = np.zeros(relations.years.shape, np.int64)
    if scenario.earlier:
        for at, (offer, state) in enumerate(zip(relations.offer.tolist(), relations.state.tolist(), strict=True)):
            pair = (scenario.offers[offer].id, scenario.states[state].id)
            was[at] = [scenario.earlier.get((*pair, year), 0) for year in scenario.years]
    return np.where(relations.years, was, 0)


def _most_given(payments: Payments, relations: Relations, upper: list[Ints]) -> Ints:
    """The most that can be given through each relation in each year: minor units, or granules.

    Parameters
    ----------
    upper
        Most of the columns of work and of money, which come first.
    """
    most = np.zeros(relations.years.shape, np.int64)
    work_entry, work_year = np.nonzero(payments.work.years)
    money_entry, money_year = np.nonzero(payments.money.years)
    np.add.at(most, (relations.of_work[work_entry], work_year), upper[0])
    unit = payments.unit[payments.money.payment_class[money_entry]]
    np.add.at(most, (relations.of_money[money_entry], money_year), upper[1] * unit)
    return most


def _work_upper(payments: Payments, tables: Tables, entry: Ints, year: Ints) -> Ints:
    """Most granules of each column of work: by the need and by capacity, each taken alone."""
    cap = tables.year_cap[payments.work.need[entry]]
    return np.minimum(cap, tables.capacity[payments.work.offer[entry], year])


def _money_upper(payments: Payments, tables: Tables, relations: Relations, entry: Ints, year: Ints) -> Ints:
    """Most units of each column of money: by the need, the budget and absorption, each taken alone."""
    offer, need = payments.money.offer[entry], payments.money.need[entry]
    name = payments.money.payment_class[entry]
    most = np.minimum(tables.most_money[offer, year], tables.year_cap[need] * tables.class_price[name])
    external = relations.external[relations.of_money[entry]]
    absorbed = np.where(external, tables.absorption[tables.need_state[need], year], most)
    most = np.minimum(most, absorbed)
    late = tables.repaying[offer] & ~tables.repays[offer, year]  # a repayment past the horizon is not allowed
    return np.where(late, 0, most // payments.unit[name])
