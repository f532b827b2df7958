"""The rules of the model as rows over compact columns: one function each."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matcher.formulation.columns import Columns
from matcher.formulation.grouping import grouped
from matcher.scenario import FundingOffer, Scenario
from matcher.solvers.linear_model import UNLIMITED, Bools, Ints, RowBuilder, times, whole_ratio


def balance(columns: Columns, rows: RowBuilder) -> None:
    """Money paid in a class and year equals the price of the work done in it."""
    paid = np.flatnonzero(columns.flow_class >= 0)
    (name, _), group = grouped(columns.flow_class[paid], columns.flow_year[paid])
    numbers = rows.many("balance", 0, 0, len(name))
    work = paid < columns.works
    worth = np.zeros(len(paid), np.int64)
    worth[work] = -columns.work_price[paid[work]] // columns.payments.unit[columns.flow_class[paid[work]]]
    worth[~work] = (
        columns.money_unit[paid[~work] - columns.works] // columns.payments.unit[columns.flow_class[paid[~work]]]
    )
    rows.terms(numbers[group], paid, worth)


def budget(columns: Columns, rows: RowBuilder) -> None:
    """Rule 1: what an offer spends and repays in a year is no more than its new and carried money."""
    tables = columns.tables
    money = np.arange(columns.works, columns.flows)
    offer, year = columns.flow_offer[money], columns.flow_year[money]
    asked = columns.spent >= 0
    asked[offer, year] = True
    due = columns.repayments_due
    for where in due:
        asked[where] = True
    offers, years = np.nonzero(asked)
    number = np.full(asked.shape, -1, np.int64)
    number[offers, years] = rows.many("budget", -UNLIMITED, tables.money[offers, years], len(offers), offers, years)
    ledger = number.copy()
    kept = columns.spent >= 0
    ledger[kept] = rows.many("spent", 0, 0, int(kept.sum()))
    rows.terms(number[kept], columns.spent[kept], 1)
    rows.terms(ledger[kept], columns.spent[kept], -1)
    carried = (columns.carried >= 0) & asked
    rows.terms(number[carried], columns.carried[carried], -1)
    for where, charged in due.items():
        rows.terms(int(number[where]), np.array(charged), 1)
    rows.terms(ledger[offer, year], money, columns.money_unit)


def _funding(scenario: Scenario, at: int) -> FundingOffer:
    found = scenario.offers[at]
    assert isinstance(found, FundingOffer)
    return found


def carry_over(columns: Columns, rows: RowBuilder) -> None:
    """Rule 1: what moves to the next year is a share of what was free and unspent."""
    offer, year = np.nonzero(columns.carried >= 0)
    share, whole = (each[offer] for each in columns.carry_overs)
    free = columns.tables.money[offer, year - 1].copy()
    for each in np.unique(offer).tolist():
        path = ("offers", columns.scenario.offers[each].id, "carry_over")
        mine = offer == each
        free[mine] = times(int(columns.carry_overs[0][each]), free[mine], "carry-over", path)
    numbers = rows.many("carry-over", -UNLIMITED, free, len(offer), offer, year)
    rows.terms(numbers, columns.carried[offer, year], whole)
    rows.terms(numbers, columns.spent[offer, year - 1], share)
    before = columns.carried[offer, year - 1]
    rows.terms(numbers[before >= 0], before[before >= 0], -share[before >= 0])
    place = {pair: at for at, pair in enumerate(zip(offer.tolist(), (year - 1).tolist(), strict=True))}
    for when, charged in columns.repayments_due.items():
        if when in place:
            rows.terms(int(numbers[place[when]]), np.array(charged), int(share[place[when]]))


def repayment(columns: Columns, rows: RowBuilder) -> None:
    """Rule 1: pre-financing is repaid with its premium."""
    money = np.flatnonzero(columns.tables.repaying[columns.flow_offer[columns.works :]]) + columns.works
    for offer, year in zip(*np.nonzero(columns.repaid >= 0), strict=True):
        terms = _funding(columns.scenario, int(offer)).repayment
        assert terms is not None
        paid = money[(columns.flow_offer[money] == offer) & (columns.flow_year[money] == year)]
        if len(paid):
            path = ("offers", columns.scenario.offers[offer].id, "repayment", "premium")
            whole, repayments_due = whole_ratio(Fraction(1), 1 + Fraction(terms.premium), what="repayment", path=path)
            row = rows.row(("repayment",), lower=0)
            rows.terms(row, int(columns.repaid[offer, year]), whole)
            rows.terms(row, paid, times(-repayments_due, columns.money_unit[paid - columns.works], "repayment", path))


def capacity(columns: Columns, rows: RowBuilder) -> None:
    """Rule 2: what an implementer delivers in a year is no more than its capacity."""
    work = np.arange(columns.works)
    _limit(rows, "capacity", columns, work, columns.flow_offer[work], columns.tables.capacity)


def _limit(rows: RowBuilder, rule: str, columns: Columns, flows: Ints, subject: Ints, limit: Ints) -> None:
    """Keeps flows of each subject and year under a limit, where their own bounds do not."""
    (who, year), group = grouped(subject, columns.flow_year[flows])
    most = limit[who, year]
    bound = np.bincount(group, columns.upper[flows].astype(np.float64), minlength=len(who))
    binding = bound > most
    number = np.full(len(who), -1, np.int64)
    number[binding] = rows.many(rule, -UNLIMITED, most[binding], int(binding.sum()), who[binding], year[binding])
    kept = binding[group]
    rows.terms(number[group[kept]], flows[kept], 1)


def need(columns: Columns, rows: RowBuilder) -> None:
    """Rule 3: no more than is needed, over all years and in each; indivisible needs whole or not."""
    demand, work = columns.tables.rest, np.arange(columns.works)
    wanted = columns.flow_need[: columns.works]
    (which,), group = grouped(wanted)
    indivisible = columns.whole[which]
    limit = np.where(indivisible >= 0, 0, demand[which])
    numbers = rows.many("need", np.where(indivisible >= 0, 0, -UNLIMITED), limit, len(which), which)
    rows.terms(numbers[group], work, 1)
    whole = indivisible >= 0
    rows.terms(numbers[whole], indivisible[whole], -demand[which[whole]])
    unserved = (columns.whole >= 0) & (demand > 0) & ~np.isin(np.arange(len(columns.whole)), which)
    columns.upper[columns.whole[unserved]] = 0
    cap = columns.tables.year_cap
    limited = np.flatnonzero(cap[wanted] < demand[wanted])
    yearly = np.repeat(cap[:, None], len(columns.scenario.years), 1)
    _limit(rows, "need per year", columns, limited, wanted[limited], yearly)


def absorption(columns: Columns, rows: RowBuilder) -> None:
    """Rule 4: a State takes no more external money in a year than it can absorb."""
    limited = columns.tables.absorption < 2**60
    external = np.flatnonzero(columns.money_external) + columns.works
    state = columns.state[external]
    external = external[limited[state, columns.flow_year[external]]]
    (who, year), group = grouped(columns.state[external], columns.flow_year[external])
    numbers = rows.many("absorption", -UNLIMITED, columns.tables.absorption[who, year], len(who), who, year)
    rows.terms(numbers[group], external, columns.money_unit[external - columns.works])


def delivered(columns: Columns, rows: RowBuilder) -> None:
    """Adds up what is delivered by the end of each year, where rule 5 asks for it."""
    table = columns.delivered
    asked = table >= 0
    number = np.full(table.shape, -1, np.int64)
    before = np.where(np.arange(table.shape[1]) == 0, (columns.tables.rest - columns.payments.demand)[:, None], 0)
    number[asked] = rows.many("delivered", before[asked], before[asked], int(asked.sum()))
    work = np.flatnonzero(columns.tables.need_ordered[columns.flow_need[: columns.works]])
    rows.terms(number[columns.flow_need[work], columns.flow_year[work]], work, 1)
    rows.terms(number[asked], table[asked], -1)
    later = asked.copy()
    later[:, 0] = False
    wants, years = np.nonzero(later)
    rows.terms(number[wants, years], table[wants, years - 1], 1)


def precedence(columns: Columns, rows: RowBuilder) -> None:
    """Rule 5: the share delivered of a need does not run ahead of the needs that come first."""
    scenario, demand = columns.scenario, columns.payments.demand
    position = scenario.index.needs
    for at, each in enumerate(scenario.needs):
        for place, first in enumerate(each.after):
            other = position[first.need]
            mine, theirs, ahead = whole_ratio(
                Fraction(1, int(demand[at])),
                Fraction(1, int(demand[other])),
                Fraction(first.head_start),
                what="shares of two needs",
                path=("needs", each.id, "after", place),
            )
            years = np.arange(len(scenario.years))
            of = (np.full(len(years), at), np.full(len(years), place), years)
            begun = theirs * int(demand[other] - columns.tables.rest[other])  # counts before any lag has passed
            most = np.where(years < first.lag, ahead + begun, ahead)
            numbers = rows.many("precedence", -UNLIMITED, most, len(years), *of)
            rows.terms(numbers, columns.delivered[at], mine)
            rows.terms(
                numbers[first.lag :], columns.delivered[other, : max(len(scenario.years) - first.lag, 0)], -theirs
            )


def engagement(columns: Columns, rows: RowBuilder) -> None:
    """Rule 6: an offer flows in a State only while it is engaged there, and then at least its minimum."""
    tables, works = columns.tables, columns.works
    work, money = np.arange(works), np.arange(works, columns.flows)
    capacity = tables.capacity[columns.flow_offer[work], columns.flow_year[work]]
    _engaging(columns, rows, work, np.ones(works, np.int64), capacity, tables.year_cap[columns.flow_need[work]])
    most = tables.most_money[columns.flow_offer[money], columns.flow_year[money]]
    absorbed = tables.absorption[columns.state[money], columns.flow_year[money]]
    most = np.where(columns.money_external, np.minimum(most, absorbed), most)
    (which, _), group = grouped(columns.flow_relation[money], columns.flow_need[money])
    highest = np.zeros(len(which), np.int64)
    np.maximum.at(highest, group, tables.class_price[columns.flow_class[money]])
    _engaging(
        columns, rows, money, columns.money_unit, most, tables.year_cap[columns.flow_need[money]] * highest[group]
    )


def _engaging(columns: Columns, rows: RowBuilder, flows: Ints, worth: Ints, most: Ints, wanted: Ints) -> None:
    """Ties flows to their engagement: need by need where the need is the limit, and all together.

    Parameters
    ----------
    worth
        What a unit of each flow counts for: minor units, or 1 for granules.
    most
        Most of the offer in the State and year of each flow.
    wanted
        Most of the offer that the flow's need can take in a year.
    """
    engaged = columns.engaged[columns.flow_relation[flows], columns.flow_year[flows]]
    tracked = engaged >= 0
    flows, worth, most, wanted, engaged = (each[tracked] for each in (flows, worth, most, wanted, engaged))
    (gate, need), group = grouped(engaged, columns.flow_need[flows])
    cap = np.full(len(gate), 2**62, np.int64)
    np.minimum.at(cap, group, np.minimum(most, wanted))
    limit = np.zeros(columns.count, np.int64)
    limit[engaged] = most
    several = np.bincount(gate, minlength=columns.count)[gate] > 1
    alone = ~several | (cap < limit[gate])
    number = np.full(len(gate), -1, np.int64)
    number[alone] = rows.many("engagement", -UNLIMITED, 0, int(alone.sum()), gate[alone], need[alone])
    kept = alone[group]
    rows.terms(number[group[kept]], flows[kept], worth[kept])
    rows.terms(number[alone], gate[alone], -cap[alone])
    _together(columns, rows, flows, worth, engaged, limit, np.unique(gate[several]))


def _together(
    columns: Columns, rows: RowBuilder, flows: Ints, worth: Ints, engaged: Ints, limit: Ints, several: Ints
) -> None:
    """An offer's flows to all needs of a State together: at most its limit, at least its minimum."""
    number = np.full(columns.count, -1, np.int64)
    number[several] = rows.many("engagement", -UNLIMITED, 0, len(several), several)
    kept = number[engaged] >= 0
    rows.terms(number[engaged[kept]], flows[kept], worth[kept])
    rows.terms(number[several], several, -limit[several])
    least = columns.least
    demanding = np.unique(engaged)[least[np.unique(engaged)] > 0] if len(engaged) else engaged
    number[:] = -1
    number[demanding] = rows.many("minimum", 0, UNLIMITED, len(demanding), demanding)
    kept = number[engaged] >= 0
    rows.terms(number[engaged[kept]], flows[kept], worth[kept])
    rows.terms(number[demanding], demanding, -least[demanding])


def idle_years(columns: Columns) -> None:
    """Rule 6: a year in which nothing can flow is not an engaged one where a minimum is asked."""
    flowing = np.zeros(columns.engaged.shape, np.bool_)
    flowing[columns.flow_relation, columns.flow_year] = True
    least = columns.least
    gates = columns.engaged[(columns.engaged >= 0) & ~flowing]
    columns.upper[gates[least[gates] > 0]] = 0


def minimum_years(columns: Columns, rows: RowBuilder) -> None:
    """Rule 6: an engagement lasts, once started, for its minimum of years or to the end; one that goes on has begun."""
    scenario, relations = columns.scenario, columns.relations
    least = np.array([offer.min_years for offer in scenario.offers], np.int64)[relations.offer]
    relation, year = np.nonzero(columns.start >= 0)
    begun = np.where((year == 0) & relations.ongoing[relation], 1, 0)
    begin = rows.many("begin", -UNLIMITED, begun, len(relation), relation, year)
    engaged, start = columns.engaged[relation, year], columns.start[relation, year]
    rows.terms(begin, engaged, 1)
    rows.terms(begin, start, -1)
    earlier = (year > 0) & (columns.engaged[relation, np.maximum(year - 1, 0)] >= 0)
    rows.terms(begin[earlier], columns.engaged[relation[earlier], year[earlier] - 1], -1)
    last = rows.many("lasting", -UNLIMITED, 0, len(relation), relation, year)
    rows.terms(last, engaged, -1)
    for back in range(int(least.max(initial=1))):
        recent = (least[relation] > back) & (year >= back)
        before = columns.start[relation[recent], year[recent] - back]
        rows.terms(last[recent][before >= 0], before[before >= 0], 1)


def counts(columns: Columns, rows: RowBuilder) -> None:
    """Rule 7: most States per offer and year, most external providers per State and year."""
    scenario, relations = columns.scenario, columns.relations
    relation, year = np.nonzero(columns.engaged >= 0)
    most = np.array([-1 if each.max_states is None else each.max_states for each in scenario.offers], np.int64)
    limited = most[relations.offer[relation]] >= 0
    _count(
        rows,
        "max_states",
        columns.engaged[relation, year][limited],
        relations.offer[relation[limited]],
        year[limited],
        most,
    )
    fewest = np.array([-1 if each.max_partners is None else each.max_partners for each in scenario.states], np.int64)
    here = relations.external[relation] & (fewest[relations.state[relation]] >= 0)
    relation, year = relation[here], year[here]
    gates = columns.engaged[relation, year]
    partner = (
        np.where(relations.partner[relation] >= 0, columns.partner[relations.partner[relation], year], -1)
        if columns.partner.size
        else np.full(len(gates), -1, np.int64)
    )
    joint = partner >= 0
    links = rows.many("partner", -UNLIMITED, 0, int(joint.sum()), gates[joint])
    rows.terms(links, gates[joint], 1)
    rows.terms(links, partner[joint], -1)
    who, when = np.nonzero(columns.partner >= 0)
    seats = np.concatenate((gates[~joint], columns.partner[who, when]))
    state = np.concatenate((relations.state[relation[~joint]], relations.partner_state[who]))
    _count(rows, "max_partners", seats, state, np.concatenate((year[~joint], when)), fewest)


def _count(rows: RowBuilder, rule: str, gates: Ints, subject: Ints, year: Ints, most: Ints) -> None:
    """At most so many of the gates of one subject and year, where there are more."""
    (who, when), group = grouped(subject, year)
    limit = most[who]
    binding = np.bincount(group, minlength=len(who)) > limit
    number = np.full(len(who), -1, np.int64)
    number[binding] = rows.many(rule, -UNLIMITED, limit[binding], int(binding.sum()), who[binding], when[binding])
    kept = binding[group]
    rows.terms(number[group[kept]], gates[kept], 1)


def matching(columns: Columns, rows: RowBuilder) -> None:
    """Rule 8: beside all money that must be matched in a State and year flows enough other external public money.

    A dollar matches once: what all of it asks for adds up.
    """
    scenario, relations = columns.scenario, columns.relations
    match = [Fraction(each.match) if isinstance(each, FundingOffer) else Fraction(0) for each in scenario.offers]
    money = np.arange(columns.works, columns.flows)
    relation, year = columns.flow_relation[money], columns.flow_year[money]
    matched = np.array([match[at] > 0 for at in relations.offer.tolist()], np.bool_)
    asking = np.zeros((len(scenario.states), len(scenario.years)), np.bool_)
    asking[relations.state[relation[matched[relation]]], year[matched[relation]]] = True
    number = np.full(asking.shape, -1, np.int64)
    number[asking] = rows.many("matching", 0, UNLIMITED, int(asking.sum()), *np.nonzero(asking))
    for state in np.flatnonzero(asking.any(axis=1)).tolist():
        here = np.flatnonzero(relations.state == state)
        asked = [Fraction(int(relations.public_match[at])) - match[relations.offer[at]] for at in here.tolist()]
        path = ("offers", scenario.offers[next(at for at in relations.offer[here].tolist() if match[at])].id, "match")
        ratio = whole_ratio(Fraction(1), *asked, what="matching", path=path)[1:]
        for at, worth in zip(here.tolist(), ratio, strict=True):
            mine = money[(relation == at) & (number[state, year] >= 0)] if worth else money[:0]
            factor = times(worth, columns.money_unit[mine - columns.works], "matching", path)
            rows.terms(number[state, columns.flow_year[mine]], mine, factor)


def earlier(columns: Columns, rows: RowBuilder) -> None:
    """Disruption: what is given, and what is lost, is what was given before and what is gained."""
    relation, year = np.nonzero(columns.lost >= 0)
    lost = columns.lost[relation, year]
    amount = columns.upper[lost]
    number = np.full(columns.lost.shape, -1, np.int64)
    number[relation, year] = rows.many("earlier", amount, amount, len(relation), relation, year)
    rows.terms(number[relation, year], lost, 1)
    rows.terms(number[relation, year], columns.gained[relation, year], -1)
    flows = np.arange(columns.flows)
    row = number[columns.flow_relation, columns.flow_year] if number.size else np.full(len(flows), -1, np.int64)
    kept = row >= 0
    rows.terms(row[kept], flows[kept], columns.flow_worth[kept])


def completion(columns: Columns, rows: RowBuilder) -> None:
    """Rule 9: a State completes only if all that completes it is delivered by its deadline."""
    scenario, tables = columns.scenario, columns.tables
    last = np.array([state.last_year for state in scenario.states], np.int64) - scenario.horizon.first
    wanted = columns.flow_need[: columns.works]
    timely = tables.need_completes[wanted] & (columns.flow_year[: columns.works] <= last[tables.need_state[wanted]])
    work = np.flatnonzero(timely)
    (which,), group = grouped(wanted[work])
    numbers = rows.many("completion", 0, UNLIMITED, len(which), which)
    rows.terms(numbers[group], work, 1)
    rows.terms(numbers, columns.complete[tables.need_state[which]], -tables.rest[which])
    hopeless: Bools = tables.need_completes & (tables.rest > 0)
    hopeless[which] = False
    columns.upper[columns.complete[tables.need_state[hopeless]]] = 0
