"""Pairs of partners: what makes a partnership the same in two portfolios, and an aim that avoids those used.

A pair is (State, provider that pays or none, provider that works). It is read off the flows of a
portfolio exactly, as its partnerships are. The compact model holds no column for a pair, only one for
each offer that is engaged in a State in a year; so the aim lays the weight of a pair on both partners.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np

from matcher.formulation.columns import Columns
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Decisions, Forbid, FundingOffer, Scenario
from matcher.scenario.edits import WithDecisions, edited
from matcher.solvers.linear_model import LinearObjective

Key = tuple[str, str, str]
"""State, provider that pays ("" in kind, so that pairs sort), provider that works. One of the two may be `ANY`: the
other is then meant with whomever."""

ANY = "*"
"""Stands for any partner; no id holds it."""

USE_WEIGHT = 1000
"""What a year of an engagement counts for each use of its partner, against 1 for any year of any engagement."""


def pairs_of(scenario: Scenario, portfolio: Portfolio) -> frozenset[Key]:
    """Returns the pairs of partners that a portfolio uses."""
    provider = {offer.id: offer.provider for offer in scenario.offers} | {None: ""}
    return frozenset(
        (scenario.need(flow.need).state, provider[flow.financier], provider[flow.implementer])
        for flow in portfolio.flows
    )


def ties_of(pairs: Iterable[Key]) -> frozenset[Key]:
    """Returns pairs, and each of their partners on its own."""
    found = set(pairs)
    for state, payer, worker in pairs:
        found.add((state, ANY, worker))
        if payer:
            found.add((state, payer, ANY))
    return frozenset(found)


def eligible_pairs(columns: Columns) -> frozenset[Key]:
    """Returns the pairs of partners that the rules of eligibility let work together somewhere."""
    scenario, payments = columns.scenario, columns.payments
    provider = [offer.provider for offer in scenario.offers]
    home = [need.state for need in scenario.needs]
    payers: dict[int, set[str]] = {}
    for offer, name in zip(payments.money.offer.tolist(), payments.money.payment_class.tolist(), strict=True):
        payers.setdefault(name, set()).add(provider[offer])
    work = payments.work
    found = set()
    for offer, need, name in zip(work.offer.tolist(), work.need.tolist(), work.payment_class.tolist(), strict=True):
        found |= {(home[need], payer, provider[offer]) for payer in (payers[name] if name >= 0 else ("",))}
    return frozenset(found)


def reuse(columns: Columns, uses: Mapping[Key, int]) -> LinearObjective:
    """Returns the aim to use again as little as possible of what earlier portfolios used.

    A year of an engagement counts `USE_WEIGHT` for each use, in an earlier portfolio, of a pair in which its
    provider has the same role in the State; and 1 in any case, so that none is idle. A State's own offers,
    whose engagement no column tells, count nothing.

    Parameters
    ----------
    uses
        By pair, how many earlier portfolios used it.
    """
    paying, working = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for (state, payer, worker), count in uses.items():
        paying[state, payer] += count
        working[state, worker] += count
    scenario, relations = columns.scenario, columns.relations
    weight = np.zeros(len(relations.offer), np.int64)
    for at, (which, where) in enumerate(zip(relations.offer.tolist(), relations.state.tolist(), strict=True)):
        offer = scenario.offers[which]
        role = paying if isinstance(offer, FundingOffer) else working
        weight[at] = USE_WEIGHT * role[scenario.states[where].id, offer.provider] + 1
    coefficient = np.zeros(columns.count, np.int64)
    relation, year = np.nonzero(columns.engaged >= 0)
    coefficient[columns.engaged[relation, year]] = weight[relation]
    return LinearObjective("reuse", False, coefficient, 1, Fraction(0))


def forbidding(scenario: Scenario, key: Key) -> Scenario:
    """Returns the scenario in which a pair of partners must not work together in its State, or one not at all."""
    state, payer, worker = key
    money = [offer.id for offer in scenario.funding if offer.provider == payer]
    work = [offer.id for offer in scenario.technical if offer.provider == worker]
    if worker == ANY:
        more = [Forbid(offer=paid, state=state) for paid in money]
    elif payer == ANY:
        more = [Forbid(offer=done, state=state) for done in work]
    elif payer:
        more = [Forbid(offer=paid, partner=done, state=state) for paid in money for done in work]
    else:  # work without a price takes no money: nothing else of the offer is lost
        free = {offer.id for offer in scenario.technical if not scenario.granule_price(offer)}
        more = [Forbid(offer=done, state=state) for done in work if done in free]
    return edited(scenario, WithDecisions(Decisions(forbids=tuple(more))))


def restated(scenario: Scenario, portfolio: Portfolio) -> Portfolio:
    """Returns a portfolio as an answer to a scenario, whichever it was made for."""
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        flows=portfolio.flows,
        engagements=portfolio.engagements,
    )
