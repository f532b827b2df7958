"""RULE 0: which flows are options at all, of which kind, and rightly stated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from matcher.verification.facts import Facts, Flow, Setting
from matcher.verification.report import Violation, at_most, violation

PUBLIC = frozenset({"donor_state", "affected_state", "un_agency", "regional_organisation"})
"""Providers whose money is public."""
PRIVATE = frozenset({"company", "foundation"})
"""Providers that make a partnership public-private."""
THIRD_PARTIES = frozenset({"donor_state", "un_agency", "regional_organisation", "foundation"})
"""Providers that make work of one affected State in another triangular by paying for it."""
AGENCIES = frozenset({"un_agency", "regional_organisation"})
"""Providers that make a partnership multilateral."""


def references(facts: Facts) -> Iterator[Violation]:
    """0 Option. Everything that a portfolio names exists in the scenario."""
    for what, name, year in facts.unknown:
        yield violation(0, (name,), year, 1, f"the scenario has no {what} {name!r}")


def option(facts: Facts) -> Iterator[Violation]:
    """0 Option. Every flow is one eligible option, of the kind stated, within the years of its offers."""
    for (financier, implementer, need), flows in facts.options.items():
        reasons = list(obstacles(facts, financier, implementer, need))
        kind = kind_of(facts, financier, implementer, facts.needs[need]["state"])
        for flow in flows:
            for reason in (*reasons, *_out_of_years(facts, flow)):
                yield violation(0, flow.who, flow.year, flow.quantity, reason)
            if kind != flow.stated_kind:
                yield violation(0, flow.who, flow.year, 1, f"the kind is {kind or 'none'}, not {flow.stated_kind}")


def statement(facts: Facts) -> Iterator[Violation]:
    """0 Option. A flow is stated once, in whole granules of at least one, with the money that is due."""
    for flow in facts.flows:
        rest = flow.quantity % facts.granule(facts.needs[flow.need])
        if flow.quantity < 1:
            yield violation(0, flow.who, flow.year, 1 - flow.quantity, f"a flow of {flow.quantity} units")
        elif rest:
            yield violation(0, flow.who, flow.year, rest, f"{flow.quantity} units are not whole granules")
        elif flow.money != flow.stated_money:
            off = abs(flow.money - flow.stated_money)
            yield violation(0, flow.who, flow.year, off, f"money is {flow.money}, not {flow.stated_money}")
    for flows in facts.options.values():
        for year, times in Counter(flow.year for flow in flows).items():
            yield from at_most(0, flows[0].who, year, times, 1, "flows of one option in one year")


def obstacles(facts: Setting, financier: str | None, implementer: str, need: str) -> Iterator[str]:
    """Yields every reason why this is no eligible option."""
    state, sought = facts.needs[need]["state"], facts.needs[need]["capability"]
    offered = facts.technical[implementer]["capability"]
    if offered != sought:
        yield f"{implementer} delivers {offered}, not {sought}"
    yield from out_of_reach(facts, implementer, state)
    if financier is None:
        if facts.prices[implementer]:
            yield "priced work needs a financier"
        return
    if not facts.prices[implementer]:
        yield "work in kind takes no financier"
    yield from out_of_reach(facts, financier, state)
    money, channel = facts.funding[financier], channel_of(facts, implementer, state)
    if money["capabilities"] is not None and sought not in money["capabilities"]:
        yield f"{financier} does not pay for {sought}"
    if money["channels"] is not None and channel not in money["channels"]:
        yield f"{financier} does not pay through {channel}"


def out_of_reach(facts: Setting, key: str, state: str) -> Iterator[str]:
    """Yields every reason why an offer may not be used in a State."""
    offer = facts.offers[key]
    if offer["states"] is not None and state not in offer["states"]:
        yield f"{key} is not for {state}"
    if offer["regions"] is not None and facts.states[state]["region"] not in offer["regions"]:
        yield f"{key} is not for the region of {state}"
    if facts.ownership[state] < offer["ownership_floor"]:
        yield f"{key} asks for more national ownership than {state} has"


def _out_of_years(facts: Facts, flow: Flow) -> Iterator[str]:
    """Yields the offers of a flow that do not stand in its year."""
    for side in flow.sides:
        if flow.year not in facts.window(facts.offers[side]):
            yield f"{side} has no offer in {flow.year}"


def channel_of(setting: Setting, implementer: str, state: str) -> str:
    """Returns through whom money for an implementer in a State flows."""
    return setting.providers[implementer]["kind"] if setting.external(implementer, state) else "own_programme"


def kind_of(setting: Setting, financier: str | None, implementer: str, state: str) -> str | None:
    """Returns the kind of partnership that follows from who takes part: the first that fits; none if none does."""
    doer, own_work = setting.providers[implementer]["kind"], not setting.external(implementer, state)
    unpaid = financier is None
    payer = None if financier is None else setting.providers[financier]["kind"]
    own_money = financier is not None and not setting.external(financier, state)
    matched = financier is not None and setting.funding[financier]["match"] > 0
    same = financier is not None and setting.offers[financier]["provider"] == setting.offers[implementer]["provider"]
    neighbour = doer == "affected_state" and not own_work
    public = unpaid or payer in PUBLIC
    kinds = {
        "national": own_work and (unpaid or own_money),
        "south-south": neighbour and (unpaid or same),
        "triangular": neighbour and not own_money and payer in THIRD_PARTIES,
        "public-private": matched or bool(PRIVATE & {payer, doer}),
        "bilateral": (own_work and payer == "donor_state") or (doer == "donor_state" and (unpaid or same)),
        "operator": doer == "operator" and public,
        "multilateral": (doer in AGENCIES and public) or (own_work and payer in AGENCIES),
    }
    return next((kind for kind, fits in kinds.items() if fits), None)
