"""Plans: whole points of the formulation together with who pays whom.

A plan is *settled*: every column that flows and engagements imply (starts, partners, completions,
carried and repaid money, the smallest coverage) has the value that leaves most room to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from matcher.errors import Fault, InvalidPortfolio
from matcher.formulation.columns import Columns
from matcher.formulation.coverage_shares import delivered_before
from matcher.formulation.links import counted_sides
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer, Years
from matcher.scenario.eligibility import kind_of
from matcher.solvers.linear_model import Bools, Ints, Rows

if TYPE_CHECKING:
    from matcher.formulation.formulation import Formulation


@dataclass(frozen=True)
class Pairs:
    """Who pays whom: granules by columns of work and money; sorted, none of 0 granules."""

    work: Ints
    """Column of work of each pair."""
    money: Ints
    """Column of money of each pair, -1 in kind."""
    granules: Ints

    def where(self, kept: Bools) -> Pairs:
        """Returns some of the pairs."""
        return Pairs(self.work[kept], self.money[kept], self.granules[kept])

    def joined(self, other: Pairs) -> Pairs:
        """Returns these pairs and others, sorted."""
        work = np.concatenate((self.work, other.work))
        money = np.concatenate((self.money, other.money))
        granules = np.concatenate((self.granules, other.granules))
        order = np.lexsort((money, work))
        order = order[granules[order] > 0]
        return Pairs(work[order], money[order], granules[order])


NO_PAIRS = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Plan:
    """A settled whole point, and the pairs that it stands for."""

    point: Ints
    pairs: Pairs


def with_derived_columns(columns: Columns, pairs: Pairs, engaged: Ints, min_coverage_rows: Rows | None = None) -> Plan:
    """Returns the settled plan of pairs and engagements.

    Parameters
    ----------
    engaged
        A point whose engagement columns say what is engaged beside what the flows ask for.
    min_coverage_rows
        Rows of the smallest coverage, if an objective uses it.
    """
    point = np.zeros(columns.count, np.int64)
    np.add.at(point, pairs.work, pairs.granules)
    paid = pairs.money >= 0
    units = pairs.granules[paid] * columns.work_price[pairs.work[paid]]
    np.add.at(point, pairs.money[paid], units // columns.money_unit[pairs.money[paid] - columns.works])
    _set_engagements(columns, point, engaged)
    _set_working(columns, point)
    _set_outcomes(columns, point)
    _set_ledgers(columns, point)
    _set_moves(columns, point)
    _set_links(columns, point)
    _set_reached(columns, point)
    if columns.always >= 0:
        point[columns.always] = 1
    if min_coverage_rows is not None:
        most = int(columns.upper[columns.min_coverage])
        point[columns.min_coverage] = most
        slack = min_coverage_rows.activity(point) - min_coverage_rows.lower
        point[columns.min_coverage] = max(0, most + int(slack.min(initial=0)))
    return Plan(point, pairs)


def _set_engagements(columns: Columns, point: Ints, engaged: Ints) -> None:
    gates = columns.engaged[columns.engaged >= 0]
    point[gates] = np.maximum(engaged[gates], columns.lower[gates])
    flowing = np.flatnonzero(point[: columns.flows] > 0)
    used = columns.engaged[columns.flow_relation[flowing], columns.flow_year[flowing]]
    point[used[used >= 0]] = 1
    active = np.where(columns.engaged >= 0, point[columns.engaged], 0)
    before = np.zeros_like(active)
    before[:, 1:] = active[:, :-1]
    before[columns.relations.ongoing, 0] = 1
    starts = (columns.start >= 0) & (active > before)
    point[columns.start[starts]] = 1
    relation, year = np.nonzero((active > 0) & (columns.relations.partner[:, None] >= 0))
    partner = columns.partner[columns.relations.partner[relation], year]
    point[partner[partner >= 0]] = 1


def _set_outcomes(columns: Columns, point: Ints) -> None:
    """Completions, indivisible needs and what is delivered by when, as the flows have it."""
    scenario, tables, demand = columns.scenario, columns.tables, columns.tables.rest
    work, wanted, year = point[: columns.works], columns.flow_need[: columns.works], columns.flow_year[: columns.works]
    last = np.array([state.last_year for state in scenario.states], np.int64) - scenario.horizon.first
    timely = year <= last[tables.need_state[wanted]]
    by_deadline = _sums(wanted[timely], work[timely], len(demand))
    short = tables.need_completes & (by_deadline < demand)
    done = columns.complete >= 0
    done[tables.need_state[short]] = False
    point[columns.complete[done]] = 1
    total = _sums(wanted, work, len(demand))
    late = columns.late >= 0
    late[tables.need_state[tables.need_completes & (total < demand)]] = False
    late &= ~(done & (columns.complete >= 0))
    point[columns.late[late]] = 1
    met = (columns.whole >= 0) & (total == demand) & (demand > 0)
    point[columns.whole[met]] = 1
    asked = tables.need_ordered[wanted]
    table = np.zeros(columns.delivered.shape, np.int64)
    np.add.at(table, (wanted[asked], year[asked]), work[asked])
    kept = columns.delivered >= 0
    before = (columns.payments.demand - demand)[:, None]
    point[columns.delivered[kept]] = (before + np.cumsum(table, axis=1))[kept]


def _sums(keys: Ints, values: Ints, count: int) -> Ints:
    total = np.zeros(count, np.int64)
    np.add.at(total, keys, values)
    return total


def _set_ledgers(columns: Columns, point: Ints) -> None:
    """Repayments as small, and carried money as large, as the flows allow."""
    tables = columns.tables
    money = np.flatnonzero(point[columns.works : columns.flows]) + columns.works
    spent = np.zeros(tables.money.shape, np.int64)
    worth = point[money] * columns.money_unit[money - columns.works]
    np.add.at(spent, (columns.flow_offer[money], columns.flow_year[money]), worth)
    kept = columns.spent >= 0
    point[columns.spent[kept]] = spent[kept]
    offer, year = np.nonzero(columns.repaid >= 0)
    point[columns.repaid[offer, year]] = -_floor_shares(-spent[offer, year], *columns.repayments, offer)
    charged = np.zeros_like(spent)
    for where, due_at in columns.repayments_due.items():
        charged[where] = point[due_at].sum()
    for at in range(1, len(columns.scenario.years)):  # what is carried depends on the year before
        owner = np.flatnonzero(columns.carried[:, at] >= 0)
        before = columns.carried[owner, at - 1]
        free = tables.money[owner, at - 1] + np.where(before >= 0, point[before], 0)
        left = np.maximum(free - spent[owner, at - 1] - charged[owner, at - 1], 0)
        point[columns.carried[owner, at]] = _floor_shares(left, *columns.carry_overs, owner)


def _set_moves(columns: Columns, point: Ints) -> None:
    """What is lost and gained against the earlier portfolio, as the flows have it."""
    kept = columns.lost >= 0
    given = columns.given(point)[kept]
    was = columns.upper[columns.lost[kept]]
    point[columns.lost[kept]] = np.maximum(was - given, 0)
    point[columns.gained[kept]] = np.maximum(given - was, 0)


def _set_reached(columns: Columns, point: Ints) -> None:
    """States that have all that they can have."""
    held = np.flatnonzero(columns.reached >= 0)
    if len(held):
        gained = point[: columns.works] * columns.coverage_table[columns.flow_need[: columns.works]]
        before = delivered_before(columns.scenario)
        coverage = _sums(columns.state[: columns.works], gained, len(columns.reached))[held]
        coverage += np.array([before[columns.scenario.states[at].id] for at in held.tolist()], np.int64)
        point[columns.reached[held]] = coverage >= columns.reachable.bound[held]


def _set_working(columns: Columns, point: Ints) -> None:
    """Years in which external offers work, and not only are engaged: those in which something flows."""
    flowing = np.flatnonzero(point[: columns.flows] > 0)
    works = columns.working[columns.flow_relation[flowing], columns.flow_year[flowing]]
    point[works[works >= 0]] = 1


def _set_links(columns: Columns, point: Ints) -> None:
    """Links that work and start, what their money moves by, and what they carry above their share."""
    links = columns.links
    relation, year = np.nonzero(columns.working >= 0)
    active = point[columns.working[relation, year]] > 0
    link = links.of_relation[relation[active]]
    joint = links.joint[link, year[active]]
    point[links.works[link[joint], year[active][joint]]] = 1
    works = np.where(links.works >= 0, point[links.works], 0)
    before = np.zeros_like(works)
    before[:, 1:] = works[:, :-1]
    starts = (links.start >= 0) & (works > before)
    starts[:, 0] = False
    point[links.start[starts]] = 1
    counted = counted_sides(columns.scenario)
    first = (year == 0) & counted[columns.relations.offer[relation]] & (point[columns.working[relation, year]] > 0)
    begun = links.start[links.of_relation[relation[first]], 0]
    point[begun[begun >= 0]] = 1
    paid = np.zeros(links.works.shape, np.int64)
    money = np.flatnonzero(columns.money_external) + columns.works
    np.add.at(
        paid,
        (links.of_relation[columns.flow_relation[money]], columns.flow_year[money]),
        point[money] * columns.money_unit[money - columns.works],
    )
    earlier = np.concatenate((np.maximum(links.before, 0)[:, None], paid[:, :-1]), axis=1)
    for table, moved in ((links.up, paid - earlier), (links.down, earlier - paid)):
        kept = table >= 0
        point[table[kept]] = np.maximum(moved[kept], 0)
    _set_excess(columns, point, paid.sum(axis=1))


def _set_excess(columns: Columns, point: Ints, paid: Ints) -> None:
    links = columns.links
    ratio = Fraction(columns.scenario.objectives.dependence_share)
    total = np.zeros(len(columns.scenario.states), np.int64)
    np.add.at(total, links.state, paid)
    point[links.total[links.total >= 0]] = total[links.total >= 0]
    kept = np.flatnonzero(links.excess >= 0)
    over = paid[kept] * ratio.denominator - total[links.state[kept]] * ratio.numerator
    point[links.excess[kept]] = np.maximum(over, 0)


def _floor_shares(amount: Ints, numerator: Ints, denominator: Ints, owner: Ints) -> Ints:
    """Each amount times its owner's ratio, rounded down; exact also where a product passes 64 bits."""
    over, under = numerator[owner], denominator[owner]
    found = amount * over // under
    for at in np.flatnonzero(np.abs(amount.astype(np.float64)) * over >= 2.0**62).tolist():
        found[at] = int(amount[at]) * int(over[at]) // int(under[at])
    return found


def portfolio_of(formulation: Formulation, plan: Plan) -> Portfolio:
    """Returns the portfolio of a plan, without idle engagements."""
    columns, scenario, pairs = formulation.columns, formulation.scenario, plan.pairs
    first = scenario.horizon.first
    granule = {each.id: each.granule for each in scenario.capabilities}
    active: dict[tuple[str, str], set[int]] = {}
    totals: dict[tuple[int, int, int, int], int] = {}
    for work, money, amount in zip(pairs.work.tolist(), pairs.money.tolist(), pairs.granules.tolist(), strict=True):
        payer = -1 if money < 0 else int(columns.flow_offer[money])
        key = (int(columns.flow_need[work]), payer, int(columns.flow_offer[work]), int(columns.flow_year[work]))
        totals[key] = totals.get(key, 0) + amount
    flows = []
    for (need_at, payer, worker, at), amount in totals.items():
        need, implementer = scenario.needs[need_at], scenario.offers[worker]
        financier = None if payer < 0 else scenario.offers[payer]
        assert isinstance(implementer, TechnicalOffer)
        assert financier is None or isinstance(financier, FundingOffer)
        kind = kind_of(scenario, financier, implementer, need.state)
        assert kind is not None  # payment classes hold options only
        flows.append(
            Flow(
                financier=None if financier is None else financier.id,
                implementer=implementer.id,
                need=need.id,
                year=first + at,
                kind=kind,
                quantity=amount * granule[need.capability],
                money=amount * int(columns.tables.price[worker]),
            )
        )
        for offer in (financier, implementer):
            if offer is not None:
                active.setdefault((offer.id, need.state), set()).add(first + at)
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        flows=tuple(flows),
        engagements=tuple(engagement_runs(scenario, active, _engaged_years(columns, plan.point))),
    )


def _engaged_years(columns: Columns, point: Ints) -> dict[tuple[str, str], set[int]]:
    """Years in which a point engages each relation that it tracks."""
    scenario, relations = columns.scenario, columns.relations
    active = np.where(columns.engaged >= 0, point[columns.engaged], 0)
    found: dict[tuple[str, str], set[int]] = {}
    for relation, year in zip(*(each.tolist() for each in np.nonzero(active)), strict=True):
        pair = (scenario.offers[int(relations.offer[relation])].id, scenario.states[int(relations.state[relation])].id)
        found.setdefault(pair, set()).add(scenario.horizon.first + year)
    return found


def without_idle(
    formulation: Formulation, plan: Plan, portfolio: Portfolio, min_coverage_rows: Rows | None = None
) -> Plan:
    """Returns the plan with the engagements of its portfolio, which leaves out idle years that nothing asks for."""
    return with_derived_columns(
        formulation.columns, plan.pairs, _engaged_point(formulation.columns, portfolio), min_coverage_rows
    )


def plan_of(formulation: Formulation, portfolio: Portfolio, min_coverage_rows: Rows | None = None) -> Plan:
    """Returns the settled plan of a portfolio.

    Raises
    ------
    InvalidPortfolio
        if a flow is none of the scenario's options, or not whole granules.
    """
    columns = formulation.columns
    finder = _PairFinder(columns)
    faults, pairs = [], []
    for at, flow in enumerate(portfolio.flows):
        found = finder.pairs_of(flow)
        if found is None:
            expected = "an option of the scenario in one of its years, in whole granules"
            faults.append(Fault(("flows", at), f"{flow.key()}, {flow.quantity}", expected))
        else:
            pairs += found
    if faults:
        raise InvalidPortfolio(faults)
    return _settled(columns, pairs, portfolio, min_coverage_rows)


def plan_within(formulation: Formulation, portfolio: Portfolio, min_coverage_rows: Rows | None = None) -> Plan:
    """Returns the settled plan of what the scenario has options for in a portfolio, perhaps of another scenario.

    It may break rules.
    """
    finder = _PairFinder(formulation.columns)
    pairs = [pair for flow in portfolio.flows for pair in finder.pairs_of(flow) or ()]
    return _settled(formulation.columns, pairs, portfolio, min_coverage_rows)


def _settled(
    columns: Columns, pairs: list[tuple[int, int, int]], portfolio: Portfolio, min_coverage_rows: Rows | None
) -> Plan:
    table = np.array(pairs, np.int64).reshape(-1, 3)
    joined = NO_PAIRS.joined(Pairs(table[:, 0], table[:, 1], table[:, 2]))
    return with_derived_columns(columns, joined, _engaged_point(columns, portfolio), min_coverage_rows)


class _PairFinder:
    """Looks up the columns of a flow."""

    def __init__(self, columns: Columns) -> None:
        scenario = columns.scenario
        self._columns = columns
        self._need, self._offer = scenario.index.needs, scenario.index.offers
        self._granule = {each.id: each.granule for each in scenario.capabilities}

    def pairs_of(self, flow: Flow) -> list[tuple[int, int, int]] | None:
        """Returns (work, money, granules) of a flow, committed classes first; None if it has no columns."""
        columns, scenario = self._columns, self._columns.scenario
        need = self._need.get(flow.need)
        if need is None or flow.implementer not in self._offer:
            return None
        granule = self._granule[scenario.needs[need].capability]
        if flow.quantity % granule or (flow.financier is not None and flow.financier not in self._offer):
            return None
        left, year, found = flow.quantity // granule, flow.year - scenario.horizon.first, []
        work = np.arange(*columns.work_of_need[need : need + 2])
        work = work[(columns.flow_offer[work] == self._offer[flow.implementer]) & (columns.flow_year[work] == year)]
        if flow.financier is None:
            work = work[columns.flow_class[work] < 0]
            return [(int(work[0]), -1, left)] if len(work) else None
        money = np.arange(*columns.money_of_need[need : need + 2])
        money = money[(columns.flow_offer[money] == self._offer[flow.financier]) & (columns.flow_year[money] == year)]
        couples = [(int(w), int(m)) for w in work for m in money if columns.flow_class[w] == columns.flow_class[m]]
        couples.sort(key=lambda couple: (columns.lower[couple[0]] == 0, couple))
        for at, couple in enumerate(couples):
            amount = left if at == len(couples) - 1 else min(left, int(columns.lower[couple[0]]))
            found.append((*couple, amount))
            left -= amount
        return found or None


def _engaged_point(columns: Columns, portfolio: Portfolio) -> Ints:
    scenario, relations = columns.scenario, columns.relations
    point = np.zeros(columns.count, np.int64)
    named = {
        (scenario.offers[offer].id, scenario.states[state].id): at
        for at, (offer, state) in enumerate(zip(relations.offer.tolist(), relations.state.tolist(), strict=True))
    }
    for each in portfolio.engagements:
        at = named.get((each.offer, each.state))
        if at is not None:
            years = [year - scenario.horizon.first for year in each.years.range() if year in scenario.horizon]
            gates = columns.engaged[at, years]
            point[gates[gates >= 0]] = 1
    return point


def engagement_runs(
    scenario: Scenario, active: dict[tuple[str, str], set[int]], engaged: dict[tuple[str, str], set[int]]
) -> list[Engagement]:
    """Returns engagements as maximal runs, without idle years that nothing asks for.

    They are dropped at either end of a run and, where a year may stand alone, within it: a model in which links count
    takes no idle year of such an offer.
    """
    found: list[Engagement] = []
    for offer, state in sorted(active):
        flowing = active[offer, state]
        pinned = pinned_years(scenario, offer, state)
        years = flowing | engaged.get((offer, state), set())
        if scenario.offer(offer).min_years == 1:
            years &= flowing | pinned
        for run in runs_of(years):
            trimmed = _trim(scenario, offer, run, flowing | pinned, _term(scenario, offer, state, run))
            if trimmed is not None:
                found.append(Engagement(offer=offer, state=state, years=Years(first=trimmed[0], last=trimmed[-1])))
    return found


def _term(scenario: Scenario, offer: str, state: str, run: list[int]) -> int:
    """The year up to which a run must last, the offer's own years apart; a run that goes on may have served it."""
    least, before = scenario.offer(offer).min_years, scenario.ongoing(offer, state)
    if run[0] != scenario.horizon.first or before is None:
        return run[0] + least - 1
    return run[0] - 1 if before.since is None else before.since + least - 1


def _trim(scenario: Scenario, offer: str, run: list[int], needed: set[int], term: int) -> list[int] | None:
    """Drops idle years at both ends of a run, as far as the least length of a run allows."""
    if not needed.intersection(run):
        return None
    window = scenario.window(scenario.offer(offer))
    least, first = scenario.offer(offer).min_years, run[0]

    def due(years: list[int]) -> int:
        return term if years[0] == first else years[0] + least - 1

    def lasts(years: list[int]) -> bool:
        return years[-1] >= min(due(years), window[-1])

    def owed(years: list[int]) -> int:
        own = scenario.offer(offer).years
        last = due(years) if own is None else min(due(years), own.last)
        return max(0, last - max(years[-1], scenario.horizon.last))

    while run[-1] not in needed and lasts(run[:-1]):
        run = run[:-1]
    while run[0] not in needed and lasts(run[1:]) and owed(run[1:]) <= owed(run) + 1:
        run = run[1:]  # but not where that starts anew what was ongoing, and so owes more than the year is
    return run


def runs_of(years: set[int]) -> list[list[int]]:
    """Returns the maximal runs of consecutive years, in order."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and runs[-1][-1] == year - 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return runs


def pinned_years(scenario: Scenario, offer: str, state: str) -> set[int]:
    """Returns the years in which the user's pins want a relation engaged."""
    pins = [pin for pin in scenario.decisions.pins if (pin.offer, pin.state) == (offer, state)]
    return {year for pin in pins if pin.years is not None for year in pin.years.range()}
