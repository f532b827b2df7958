"""What the formulation looks up: limits by offer, need, State and year, and relations."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.formulation.payment_classes import Payments, windows
from matcher.scenario import PUBLIC_KINDS, FundingOffer, Scenario, TechnicalOffer
from matcher.solvers.linear_model import Bools, Ints, times
from matcher.units import ceil_share

NO_LIMIT = 2**60
"""Stands for no limit on absorption: beyond all money."""


@dataclass(frozen=True)
class Tables:
    """Limits by position: offers o, needs n, States s, years t, classes c."""

    price: Ints
    """Minor units per granule; shape (o,), 0 for money."""
    capacity: Ints
    """Granules; shape (o, t)."""
    money: Ints
    """New money in minor units; shape (o, t)."""
    most_money: Ints
    """Most that can be spent: all that came before carried over; shape (o, t)."""
    carries: Bools
    """Years into which money can be carried; shape (o, t)."""
    spends: Bools
    """Years of offers that carry money over; shape (o, t)."""
    repaying: Bools
    """Pre-financing offers; shape (o,)."""
    repays: Bools
    """Years of pre-financing whose repayment falls due inside the horizon; shape (o, t)."""
    most_repaid: Ints
    """Most that can be charged for a year's pre-financing; shape (o, t)."""
    need_state: Ints
    """State of each need; shape (n,)."""
    need_completes: Bools
    need_indivisible: Bools
    need_ordered: Bools
    """Needs that come before or after others."""
    rest: Ints
    """Granules of each need that were not delivered before the horizon; shape (n,)."""
    year_cap: Ints
    """Most granules of a need in one year; shape (n,)."""
    absorption: Ints
    """Most external money; shape (s, t)."""
    class_price: Ints
    """Highest price in each class; shape (c,)."""


@dataclass(frozen=True)
class Relations:
    """Every (offer, State) that some column uses, sorted by State and offer."""

    offer: Ints
    state: Ints
    external: Bools
    years: Bools
    """Years of the offer; shape (relations, years)."""
    tracked: Bools
    """Whether a rule or figure speaks of its engagement."""
    lasting: Bools
    """Whether an engagement must last for several years."""
    ongoing: Bools
    """Whether the offer worked there in the year before the horizon."""
    public_match: Bools
    """Whether its money can match other money."""
    of_work: Ints
    """Relation of each entry of work."""
    of_money: Ints
    """Relation of each entry of money."""
    partner: Ints
    """Partner (row of `partner_years`) of each relation, -1 for none."""
    partner_state: Ints
    """State of each partner: a provider with several offers in a State that limits its partners."""
    partner_years: Bools
    """Years in which several of its offers could be engaged; shape (partners, years)."""


def build_tables(payments: Payments) -> Tables:
    """Returns the limits of a scenario by position."""
    scenario = payments.scenario
    shape = (len(scenario.offers), len(scenario.years))
    price = np.zeros(shape[0], np.int64)
    capacity, money, most, repaid = (np.zeros(shape, np.int64) for _ in range(4))
    carries, spends, repays = (np.zeros(shape, np.bool_) for _ in range(3))
    repaying = np.zeros(shape[0], np.bool_)
    for at, offer in enumerate(scenario.offers):
        if isinstance(offer, TechnicalOffer):
            price[at] = scenario.granule_price(offer)
            capacity[at] = scenario.capacity_by_year(offer)
            continue
        money[at] = scenario.money_by_year(offer)
        most[at] = scenario.most_money(offer)
        if offer.carry_over > 0:
            carries[at, 1:] = spends[at] = True
        if offer.repayment is not None:
            repaying[at] = True
            repays[at, : max(shape[1] - offer.repayment.after, 0)] = True
            repaid[at] = _repaid(offer, most[at])
    place = scenario.index.states
    ordered = {need.id for need in scenario.needs if need.after}
    ordered |= {first.need for need in scenario.needs for first in need.after}
    highest = np.zeros(len(payments.unit), np.int64)
    paid = payments.work.payment_class >= 0
    np.maximum.at(highest, payments.work.payment_class[paid], price[payments.work.offer[paid]])
    return Tables(
        price,
        capacity,
        money,
        most,
        carries,
        spends,
        repaying,
        repays,
        repaid,
        np.array([place[need.state] for need in scenario.needs], np.int64),
        np.array([need.completes for need in scenario.needs], np.bool_),
        np.array([need.indivisible for need in scenario.needs], np.bool_),
        np.array([need.id in ordered for need in scenario.needs], np.bool_),
        _rest(payments),
        _year_cap(payments),
        _absorption(scenario),
        highest,
    )


def _repaid(offer: FundingOffer, most: Ints) -> list[int]:
    """Most that is to be repaid for each year of an offer that is paid back."""
    assert offer.repayment is not None
    due = 1 + Fraction(offer.repayment.premium)
    times(-(-due.numerator // due.denominator), most, "repayment", ("offers", offer.id, "repayment", "premium"))
    return [ceil_share(int(free), due) for free in most]


def _rest(payments: Payments) -> Ints:
    scenario = payments.scenario
    granule = {each.id: each.granule for each in scenario.capabilities}
    before = [need.delivered // granule[need.capability] for need in scenario.needs]
    return np.asarray(payments.demand - np.array(before, np.int64), np.int64)


def _year_cap(payments: Payments) -> Ints:
    scenario, cap = payments.scenario, _rest(payments)
    granule = {each.id: each.granule for each in scenario.capabilities}
    for at, need in enumerate(scenario.needs):
        if need.max_per_year is not None:
            cap[at] = min(int(cap[at]), need.max_per_year // granule[need.capability])
    return cap


def _absorption(scenario: Scenario) -> Ints:
    table = np.full((len(scenario.states), len(scenario.years)), NO_LIMIT, np.int64)
    for at, state in enumerate(scenario.states):
        if state.absorption is not None:
            table[at] = [state.absorption.at(year) for year in scenario.years]
    return table


def build_relations(payments: Payments, tables: Tables) -> Relations:
    """Returns the relations that the entries of work and money use."""
    scenario = payments.scenario
    offer = np.concatenate((payments.work.offer, payments.money.offer))
    state = tables.need_state[np.concatenate((payments.work.need, payments.money.need))]
    key, inverse = np.unique(state * max(len(scenario.offers), 1) + offer, return_inverse=True)
    offers, states = key % max(len(scenario.offers), 1), key // max(len(scenario.offers), 1)
    external, ruled, lasting, public = _terms(scenario, offers, states)
    tracked = external | ruled | _pinned(scenario, offers, states)
    window = windows(scenario, scenario.offers)[offers]
    split = payments.work.count
    partner, partner_state, partner_years = _partners(scenario, offers, states, external, window)
    return Relations(
        offers,
        states,
        external,
        window,
        tracked,
        lasting,
        _ongoing(scenario, offers, states),
        public,
        np.asarray(inverse[:split], np.int64),
        np.asarray(inverse[split:], np.int64),
        partner,
        partner_state,
        partner_years,
    )


def _terms(scenario: Scenario, offer: Ints, state: Ints) -> tuple[Bools, Bools, Bools, Bools]:
    """Whether each relation is external, ruled by the offer's terms, must last, and its money matches other money."""
    place = scenario.index.states
    home = np.array([place.get(scenario.provider(each.provider).state or "", -1) for each in scenario.offers], np.int64)
    lasting = np.array([each.min_years > 1 for each in scenario.offers], np.bool_)
    ruled = np.array([each.min_per_state > 0 or each.max_states is not None for each in scenario.offers], np.bool_)
    public = np.array([isinstance(each, FundingOffer) and is_public(scenario, each) for each in scenario.offers], bool)
    external = home[offer] != state
    return external, (ruled | lasting)[offer], lasting[offer], public[offer] & external


def _ongoing(scenario: Scenario, offer: Ints, state: Ints) -> Bools:
    """Whether each relation goes on from before the horizon."""
    known = {(offer.id, each.state) for offer in scenario.offers for each in offer.ongoing}
    named = zip(offer.tolist(), state.tolist(), strict=True)
    return np.array([(scenario.offers[who].id, scenario.states[where].id) in known for who, where in named], np.bool_)


def _pinned(scenario: Scenario, offer: Ints, state: Ints) -> Bools:
    """Whether the user has pinned each relation."""
    pins = scenario.decisions.pins
    offers, states = scenario.index.offers, scenario.index.states
    width = len(states) + 1
    pinned = np.array([offers[pin.offer] * width + states[pin.state] for pin in pins], np.int64)
    return np.isin(offer * width + state, pinned)


def _partners(scenario: Scenario, offer: Ints, state: Ints, external: Bools, years: Bools) -> tuple[Ints, Ints, Bools]:
    """Providers with several offers in a State that limits its partners, and the years of several."""
    place = scenario.index.providers
    provider = np.array([place[each.provider] for each in scenario.offers], np.int64)
    limited = np.array([each.max_partners is not None for each in scenario.states], np.bool_)
    member = np.flatnonzero(external & limited[state])
    key = state[member] * (len(place) + 1) + provider[offer[member]]
    _, seen, group = np.unique(key, return_index=True, return_inverse=True)
    group = np.argsort(np.argsort(seen))[group]  # numbered by who comes first
    at_once = np.zeros((int(group.max(initial=-1)) + 1, years.shape[1]), np.int64)
    np.add.at(at_once, group, years[member])
    several: Bools = np.any(at_once > 1, axis=1)
    number = np.where(several, np.cumsum(several) - 1, -1)
    partner = np.full(len(offer), -1, np.int64)
    partner[member] = number[group]
    home = np.zeros(len(several), np.int64)
    home[group] = state[member]
    return partner, home[several], at_once[several] > 1


def is_public(scenario: Scenario, offer: FundingOffer) -> bool:
    """Returns whether an offer's money can match other money, in States that it is external to: no advance does."""
    return scenario.provider(offer.provider).kind in PUBLIC_KINDS and offer.match == 0 and offer.repayment is None
