"""What lasts, and who carries what, as rows: working years, links, swings, shares and late completions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matcher.formulation.columns import Columns
from matcher.formulation.grouping import grouped
from matcher.formulation.links import UNKNOWN, counted_sides
from matcher.scenario.within_reach import limited_shares
from matcher.solvers.linear_model import UNLIMITED, Bools, Ints, RowBuilder, times, whole_ratio


def working(columns: Columns, rows: RowBuilder) -> None:
    """Rule 6: an external engagement's year carries no flow, or at least that of a working year.

    Only where years without flow are allowed: elsewhere to be engaged is to work.
    """
    apart = (columns.working >= 0) & (columns.working != columns.engaged)
    relation, year = np.nonzero(apart)
    works = columns.working[relation, year]
    engaged = rows.many("works engaged", -UNLIMITED, 0, len(works))
    rows.terms(engaged, works, 1)
    rows.terms(engaged, columns.engaged[relation, year], -1)
    flows = np.flatnonzero(apart[columns.flow_relation, columns.flow_year])
    here = columns.working[columns.flow_relation[flows], columns.flow_year[flows]]
    most = np.zeros(columns.count, np.int64)
    np.add.at(most, here, columns.upper[flows] * columns.flow_worth[flows])
    number = np.full(columns.count, -1, np.int64)
    number[works] = rows.many("working", -UNLIMITED, 0, len(works), relation, year)
    rows.terms(number[here], flows, columns.flow_worth[flows])
    rows.terms(number[works], works, -most[works])
    least = columns.least
    number[works] = rows.many("working minimum", 0, UNLIMITED, len(works), relation, year)
    rows.terms(number[here], flows, columns.flow_worth[flows])
    rows.terms(number[works], works, -least[works])


def ongoing_terms(columns: Columns, rows: RowBuilder) -> None:
    """Rule 6: an ongoing engagement that goes on serves what is left of its minimum of years."""
    scenario, relations = columns.scenario, columns.relations
    for at, (which, where) in enumerate(zip(relations.offer.tolist(), relations.state.tolist(), strict=True)):
        offer = scenario.offers[which]
        found = scenario.ongoing(offer.id, scenario.states[where].id) if offer.ongoing else None
        if found is None or found.since is None:
            continue
        served = found.since + offer.min_years - 1
        last = max(0, min(served, scenario.horizon.last) - scenario.horizon.first)
        later = 1 + np.flatnonzero(columns.engaged[at, 1 : last + 1] >= 0)
        gates = columns.engaged[at, later]
        if len(gates) and columns.engaged[at, 0] >= 0:
            numbers = rows.many("ongoing term", -UNLIMITED, 0, len(gates), np.full(len(gates), at), later)
            rows.terms(numbers, np.full(len(gates), columns.engaged[at, 0]), 1)
            rows.terms(numbers, gates, -1)


def links(columns: Columns, rows: RowBuilder) -> None:
    """Objective turnover: a link works through any of its offers, and starts where it did not work the year before."""
    found = columns.links
    relation, year = np.nonzero(columns.working >= 0)
    link = found.of_relation[relation]
    joint = found.joint[link, year]
    offers, at = columns.working[relation[joint], year[joint]], found.works[link[joint], year[joint]]
    each = rows.many("link", -UNLIMITED, 0, len(offers), relation[joint], year[joint])
    rows.terms(each, offers, 1)
    rows.terms(each, at, -1)
    together = np.full(columns.count, -1, np.int64)
    own = found.works[found.joint]
    together[own] = rows.many("works", -UNLIMITED, 0, len(own), *np.nonzero(found.joint))
    rows.terms(together[own], own, 1)
    rows.terms(together[at], offers, -1)
    who, when = np.nonzero(found.start >= 0)
    later = when > 0
    who, when = who[later], when[later]
    starts = rows.many("link_start", -UNLIMITED, 0, len(who), who, when)
    rows.terms(starts, found.works[who, when], 1)
    rows.terms(starts, found.start[who, when], -1)
    before = found.works[who, when - 1]
    rows.terms(starts[before >= 0], before[before >= 0], -1)
    _first_starts(columns, rows)


def _first_starts(columns: Columns, rows: RowBuilder) -> None:
    """In the first year, what starts is a link that works through an offer of a side that states its ongoing ones."""
    found, counted = columns.links, counted_sides(columns.scenario)
    relation = np.flatnonzero((columns.working[:, 0] >= 0) & counted[columns.relations.offer])
    relation = relation[found.start[found.of_relation[relation], 0] >= 0]
    numbers = rows.many("first_start", -UNLIMITED, 0, len(relation), relation)
    rows.terms(numbers, columns.working[relation, 0], 1)
    rows.terms(numbers, found.start[found.of_relation[relation], 0], -1)


def swings(columns: Columns, rows: RowBuilder) -> None:
    """Objective swings: what a link pays is what it paid the year before, and what it moves by."""
    found = columns.links
    moves: Bools = (found.up >= 0) | (found.down >= 0)
    who, when = np.nonzero(moves)
    known = np.where((when == 0) & (found.before[who] != UNKNOWN), found.before[who], 0)
    number = np.full(moves.shape, -1, np.int64)
    number[who, when] = rows.many("swing", known, known, len(who), who, when)
    for table, sign in ((found.up, -1), (found.down, 1)):
        there = table >= 0
        rows.terms(number[there], table[there], sign)
    money, link = _link_money(columns)
    year, worth = columns.flow_year[money], columns.money_unit[money - columns.works]
    row = number[link, year]
    rows.terms(row[row >= 0], money[row >= 0], worth[row >= 0])
    inside = year + 1 < moves.shape[1]
    row = number[link[inside], year[inside] + 1]
    rows.terms(row[row >= 0], money[inside][row >= 0], -worth[inside][row >= 0])


def _link_money(columns: Columns) -> tuple[Ints, Ints]:
    """Columns of external money, and the link of each."""
    money = np.flatnonzero(columns.money_external) + columns.works
    return money, columns.links.of_relation[columns.flow_relation[money]]


def external_money(columns: Columns, rows: RowBuilder) -> None:
    """External money of a State over the horizon, where shares of it count."""
    total, (money, link) = columns.links.total, _link_money(columns)
    state = np.flatnonzero(total >= 0)
    number = np.full(len(total), -1, np.int64)
    number[state] = rows.many("external money", 0, 0, len(state))
    row = number[columns.links.state[link]]
    rows.terms(row[row >= 0], money[row >= 0], columns.money_unit[money[row >= 0] - columns.works])
    rows.terms(number[state], total[state], -1)


def excess(columns: Columns, rows: RowBuilder) -> None:
    """Objective dependence: what a link pays above its share of the State's external money."""
    found = columns.links
    chosen = np.flatnonzero(found.excess >= 0)
    ratio = Fraction(columns.scenario.objectives.dependence_share)
    number = _shares(columns, rows, "excess", chosen, ratio, ("objectives", "dependence_share"))
    rows.terms(number[chosen], found.excess[chosen], -1)


def max_share(columns: Columns, rows: RowBuilder) -> None:
    """Rule 12: no provider pays more than its share of a State's external money over the horizon."""
    place = columns.scenario.index.states
    for state, limit in limited_shares(columns.scenario):
        here = (columns.links.state == place[state]) & (columns.links.total[place[state]] >= 0)
        chosen = np.intersect1d(np.flatnonzero(here), _link_money(columns)[1])
        _shares(columns, rows, "max_share", chosen, limit, ("states", state, "max_share"))


def _shares(
    columns: Columns, rows: RowBuilder, rule: str, chosen: Ints, share: Fraction, path: tuple[str, ...]
) -> Ints:
    """Rows by which a link's money is at most a share of its State's external money; the row of each link."""
    money, link = _link_money(columns)
    worth = columns.money_unit[money - columns.works]
    number = np.full(len(columns.links.state), -1, np.int64)
    number[chosen] = rows.many(rule, -UNLIMITED, 0, len(chosen), chosen)
    whole, part = whole_ratio(Fraction(1), share, what=rule, path=path)
    mine = number[link] >= 0
    rows.terms(number[link[mine]], money[mine], times(whole, worth[mine], rule, path))
    total = columns.links.total[columns.links.state[chosen]]
    rows.terms(number[chosen], total, times(-part, np.ones(len(chosen), np.int64), rule, path))
    return number


def late_completion(columns: Columns, rows: RowBuilder) -> None:
    """Rule 9: a State completes late only if all that completes it is delivered within the horizon, and not in time."""
    tables = columns.tables
    late = columns.late[tables.need_state]
    asked = tables.need_completes & (late >= 0)
    work = np.flatnonzero(asked[columns.flow_need[: columns.works]])
    (which,), group = grouped(columns.flow_need[work])
    numbers = rows.many("late", 0, UNLIMITED, len(which), which)
    rows.terms(numbers[group], work, 1)
    rows.terms(numbers, late[which], -tables.rest[which])
    rows.terms(numbers, columns.complete[tables.need_state[which]], -tables.rest[which])
    hopeless = asked & (tables.rest > 0)
    hopeless[which] = False
    columns.upper[late[hopeless]] = 0
    state = np.flatnonzero(columns.late >= 0)
    either = rows.many("either", -UNLIMITED, 1, len(state))
    rows.terms(either, columns.late[state], 1)
    rows.terms(either, columns.complete[state], 1)
    _not_in_time(columns, rows)


def _not_in_time(columns: Columns, rows: RowBuilder) -> None:
    """Rule 9: who completes late lacks something at the deadline; what comes in time is not late by choice."""
    tables, wanted = columns.tables, columns.flow_need[: columns.works]
    home = tables.need_state[wanted]
    last = np.array([state.last_year for state in columns.scenario.states], np.int64) - columns.scenario.horizon.first
    rest = np.zeros(len(last), np.int64)
    np.add.at(rest, tables.need_state[tables.need_completes], tables.rest[tables.need_completes])
    state = np.flatnonzero(columns.late >= 0)
    number = np.full(len(last), -1, np.int64)
    number[state] = rows.many("not in time", -UNLIMITED, rest[state], len(state), state)
    timely = tables.need_completes[wanted] & (columns.flow_year[: columns.works] <= last[home]) & (number[home] >= 0)
    work = np.flatnonzero(timely)
    rows.terms(number[home[work]], work, 1)
    rows.terms(number[state], columns.late[state], 1)
