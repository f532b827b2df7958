"""What portfolios hold of everything that has a price, and every instance of the rules that are priced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from matcher.verification.facts import Facts
from matcher.verification.figures import state_figures
from matcher.verification.limits import ScenarioLimits
from matcher.verification.worths import ReducedCosts

Amounts = dict[str, dict[Any, Fraction | int]]
"""Amounts by table of `ReducedCosts` and key."""


def instances(world: ScenarioLimits, rule: str) -> list[list[Any]]:
    """Returns every instance of a rule that names offers, States, needs and years which fit."""
    offers, states, needs, years = list(world.offers), list(world.states), list(world.needs), list(world.years)
    relations = [[o, s, t] for o in offers for s in states for t in years if t in world.window(world.offers[o])]
    links = sorted(world.partners)
    by_rule: dict[str, list[list[Any]]] = {
        "budget": [[o, t] for o in world.funding for t in years],
        "carry_over": [[o, t] for o in world.funding for t in years],
        "capacity": [[o, t] for o in world.technical for t in years],
        "need_per_year": [[n, t] for n in needs for t in years],
        "indivisible": [[n] for n in needs if world.needs[n]["indivisible"]],
        "absorption": [[s, t] for s in states if world.states[s]["absorption"] is not None for t in years],
        "precedence": [[n, at, t] for n in needs for at in range(len(world.needs[n]["after"])) for t in years],
        "engagement": relations,
        "engagement_for": [[o, n, t] for o in offers for n in needs for t in years],
        "minimum": relations,
        "start": relations,
        "lasting": relations,
        "max_states": [[o, t] for o in offers if world.offers[o]["max_states"] is not None for t in years],
        "max_partners": [[s, t] for s in states if world.states[s]["max_partners"] is not None for t in years],
        "partner": [each for each in relations if world.external(each[0], each[1])],
        "matching": [[s, t] for s in states for t in years],
        "completion": [[n] for n in needs if world.needs[n]["completes"]],
        "ongoing_term": [
            [o, s, t] for o, s in world.ongoing for t in years[1:] if t <= world.term(o, s, world.years.start)
        ],
        "late": [[n] for n in needs if world.needs[n]["completes"]],
        "max_share": [[v, s] for v, s in links if s in world.shares],
        "excess": [list(link) for link in links],
        "link": [each for each in relations if world.external(each[0], each[1])],
        "works": [[*link, t] for link in links for t in years],
        "link_start": [[*link, t] for link in links for t in years[1:]],
        "first_start": [[o, s] for o in offers for s in states if _may_start(world, o, s)],
        "swing": [[*link, t] for link in links for t in years if world.moves(*link, t)],
        "smallest": [[s] for s in world.counted],
        "earlier": [each for each in relations if tuple(each) in world.earlier],
    }
    return by_rule[rule]


def _may_start(world: ScenarioLimits, offer: str, state: str) -> bool:
    """Whether that an offer works in the first year is a start that counts."""
    stated = world.offers[offer]["kind"] in world.stated_sides
    link = (world.offers[offer]["provider"], state)
    return stated and world.external(offer, state) and link not in world.ongoing_links


def _carried(facts: Facts) -> dict[tuple[str, int], int]:
    """Money that each offer carries into each year, as the checker reckons."""
    found = {}
    for key, offer in facts.funding.items():
        carried = 0
        for year in facts.years:
            found[key, year] = carried
            used = sum(money for (payer, _, when), money in facts.paid.items() if (payer, when) == (key, year))
            used += sum(
                ceil((1 + facts.funding[lender]["repayment"]["premium"]) * money)
                for lender, when, money in _lent(facts, key)
                if when == year
            )
            carried = floor(offer["carry_over"] * (facts.new_money(offer, year) + carried - used))
    return found


def _lent(facts: Facts, key: str) -> Iterator[tuple[str, int, int]]:
    """Who lends what an offer repays, when that is due, and how much was lent in the year."""
    for lender, offer in facts.funding.items():
        terms = offer["repayment"]
        if terms is not None and terms["offer"] == key:
            for year in facts.years:
                lent = sum(money for (payer, _, when), money in facts.paid.items() if (payer, when) == (lender, year))
                yield lender, year + terms["after"], lent


def amounts_of(world: ScenarioLimits, facts: Facts, figures: Mapping[str, Fraction]) -> Amounts:
    """Returns how much of everything that can have a worth a portfolio holds."""
    money, given_to = defaultdict(int), defaultdict(int)
    for flow in facts.flows:
        granules = flow.quantity // facts.granule(facts.needs[flow.need])
        given_to[flow.implementer, flow.need, flow.year] += granules
        if flow.financier is not None:
            money[flow.financier, flow.year] += flow.money
            given_to[flow.financier, flow.need, flow.year] += flow.money
    engaged = set(facts.engaged)
    given = {
        key: amount // (1 if key[0] in facts.funding else facts.granule(facts.offers[key[0]]))
        for key, amount in facts.given.items()
    }
    worked = defaultdict(int)
    for (offer, _, year), amount in given.items():
        worked[offer, year] += amount if offer in facts.technical else 0
    delivered = {
        (need, year): units // facts.granule(facts.needs[need]) for (need, year), units in facts.delivered.items()
    }
    total = defaultdict(int)
    for (need, _), granules in delivered.items():
        total[need] += granules
    return {
        "spent": money,
        "worked": worked,
        "given": given,
        "given_to": given_to,
        "external": dict(facts.external_money),
        "delivered": delivered,
        "engaged": dict.fromkeys(engaged, 1),
        "working": {each: 1 for each in facts.working if facts.external(each[0], each[1])},
        "started": {
            each: 1
            for each in engaged
            if (each[0], each[1], each[2] - 1) not in engaged
            and (each[2] > facts.years.start or each[:2] not in facts.ongoing)
        },
        "partner": {
            (facts.offers[key]["provider"], state, year): 1
            for key, state, year in engaged
            if facts.external(key, state)
        },
        "complete": {key: 1 for key, each in state_figures(facts).items() if each.completes},
        "late": {key: 1 for key, each in state_figures(facts).items() if each.completes_late},
        **_links(world, facts),
        "whole": {need: 1 for need, granules in total.items() if granules == world.demand[need]},
        "carried": _carried(facts),
        "lost": {key: max(was - given.get(key, 0), 0) for key, was in world.earlier.items()},
        "gained": {key: max(given.get(key, 0) - was, 0) for key, was in world.earlier.items()},
        "worst": {None: figures["worst_off"]},
    }


def _links(world: ScenarioLimits, facts: Facts) -> Amounts:
    """What a portfolio holds of links: where they work, start and move, and what is above their share."""
    first, share = facts.years.start, Fraction(facts.scenario["objectives"]["dependence_share"])
    starts, ups, downs, excess = {}, {}, {}, {}
    for provider, state in sorted(world.partners.keys() | facts.ongoing_links.keys()):
        link, before = (provider, state), facts.ongoing_links.get((provider, state)) or 0
        for year in facts.years:
            now = facts.link_money.get((*link, year), 0)
            ups[(*link, year)], downs[(*link, year)], before = max(now - before, 0), max(before - now, 0), now
            if (*link, year) in facts.working_links and (*link, year - 1) not in facts.working_links:
                offers = [offer for offer, s, t in facts.working if (s, t) == (state, year)]
                by = [each for each in offers if facts.offers[each]["provider"] == provider]
                starts[(*link, year)] = int(year > first or any(_may_start(world, each, state) for each in by))
        paid = sum(facts.link_money.get((*link, year), 0) for year in facts.years)
        external = sum(facts.external_money.get((state, year), 0) for year in facts.years)
        excess[link] = max(paid - share * external, Fraction(0))
    works = dict.fromkeys(facts.working_links, 1)
    return {"link": works, "link_start": starts, "up": ups, "down": downs, "excess": excess}


def left_of(worths: ReducedCosts, amounts: Amounts) -> Fraction:
    """Returns what everything that a portfolio holds is worth together."""
    left = worths.constant + worths.worst * amounts["worst"][None]
    for name, amount in amounts.items():
        if name != "worst":
            table = getattr(worths, name)
            left += sum((worth * amount.get(key, 0) for key, worth in table.items()), Fraction(0))
    return left
