"""RULES 1 to 8, and 12: what flows and engagements must keep to, one function each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor

from matcher.verification.documents import Document, at, clipped, length
from matcher.verification.eligibility import PUBLIC
from matcher.verification.facts import Facts, summed
from matcher.verification.report import Violation, at_least, at_most, violation


@dataclass(frozen=True, slots=True)
class _Charge:
    """The repayment of one year's pre-financing."""

    lender: str
    """Pre-financing offer."""
    payer: str
    """Offer that is charged."""
    paid: int
    """Year of the payment."""
    due: int
    """Year of the repayment."""
    money: int
    """Money paid back, premium included."""


def _charges(facts: Facts) -> Iterator[_Charge]:
    """Yields what is to be repaid for each pre-financing offer and year, rounded up to a minor unit."""
    paid = summed(((offer, year), money) for (offer, _, year), money in facts.paid.items())
    for (lender, year), money in paid.items():
        terms = facts.funding[lender]["repayment"]
        if terms is not None:
            yield _Charge(lender, terms["offer"], year, year + terms["after"], ceil((1 + terms["premium"]) * money))


def budget(facts: Facts) -> Iterator[Violation]:
    """1 Budget. What a funding offer pays, and repays for others, it has: new money and what was carried over.

    The stated share of what a year leaves unspent moves to the next, rounded down to a minor unit.
    """
    spent = summed(((offer, year), money) for (offer, _, year), money in facts.paid.items())
    charged = summed(((charge.payer, charge.due), charge.money) for charge in _charges(facts))
    for key, offer in facts.funding.items():
        carried = 0
        for year in facts.years:
            free = facts.new_money(offer, year) + carried
            used = spent.get((key, year), 0) + charged.get((key, year), 0)
            yield from at_most(1, (key,), year, used, free, "money spent and repaid")
            carried = floor(offer["carry_over"] * max(0, free - used))


def repayment(facts: Facts) -> Iterator[Violation]:
    """1 Budget. No repayment falls past the horizon."""
    for charge in _charges(facts):
        if charge.due not in facts.years:
            detail = f"repayment by {charge.payer} would fall in {charge.due}, past the horizon"
            yield violation(1, (charge.lender, charge.payer), charge.paid, charge.money, detail)


def capacity(facts: Facts) -> Iterator[Violation]:
    """2 Capacity. A technical offer delivers no more in a year, in all States together, than it can."""
    units = summed(((offer, year), units) for (offer, _, year), units in facts.worked.items())
    for (key, year), found in units.items():
        yield from at_most(2, (key,), year, found, facts.capacity(facts.technical[key], year), "units delivered")


def need(facts: Facts) -> Iterator[Violation]:
    """3 Need. No more is delivered than is sought, in all and per year, and nothing outside the need's years.

    Of what was delivered before the horizon, no more is sought. The rest of an indivisible need is met in full or not
    at all.
    """
    total = summed(((key,), units) for (key, _), units in facts.delivered.items())
    for (key, year), units in facts.delivered.items():
        most = facts.needs[key]["max_per_year"]
        if year not in facts.window(facts.needs[key]):
            yield violation(3, (key,), year, units, f"{units} units delivered outside the need's years")
        elif most is not None:
            yield from at_most(3, (key,), year, units, most, "units delivered in the year")
    for (key,), units in total.items():
        sought = facts.rest[key]
        yield from at_most(3, (key,), None, units, sought, "units delivered")
        if facts.needs[key]["indivisible"]:
            yield from at_least(3, (key,), None, units, sought, "units delivered of an indivisible need")


def absorption(facts: Facts) -> Iterator[Violation]:
    """4 Absorption. A State gets no more external money in a year than it can absorb."""
    for (state, year), money in facts.external_money.items():
        most = facts.states[state]["absorption"]
        if most is not None:
            yield from at_most(4, (state,), year, money, at(most, year), "external money")


def precedence(facts: Facts) -> Iterator[Violation]:
    """5 Precedence. The share delivered of a need stays within a head start of what came first, with its lag."""
    for key, later in facts.needs.items():
        shares = _shares(facts, key) if later["after"] else []
        for first in later["after"]:
            befores = _shares(facts, first["need"])
            for past, share in enumerate(shares):
                known = befores[: max(0, past - first["lag"] + 1)]
                started = Fraction(facts.needs[first["need"]]["delivered"], facts.needs[first["need"]]["quantity"])
                before = (known[-1] if known else started) + first["head_start"]
                yield from at_most(5, (key, first["need"]), facts.years.start + past, share, before, "share delivered")


def _shares(facts: Facts, key: str) -> list[Fraction]:
    """The share of a need delivered by the end of each year, with what was delivered before the horizon.

    It is at most all of it, so that rule 3 speaks for itself.
    """
    sought, before = facts.needs[key]["quantity"], facts.needs[key]["delivered"]
    units = (before + each for each in accumulate(facts.delivered.get((key, year), 0) for year in facts.years))
    return [Fraction(min(each, sought), sought) for each in units]


def engagement(facts: Facts) -> Iterator[Violation]:
    """6 Engagement. Whoever gives is engaged; whoever is engaged gives enough, for long enough, in its own years.

    An external offer without a minimum gives nothing at all in an engaged year, or what makes it a working year.
    """
    for (key, state, year), given in facts.given.items():
        if not facts.is_engaged(key, state, year):
            yield violation(6, (key, state), year, given, f"{given} given without an engagement")
    for key, state, year in facts.engaged:
        given = facts.given.get((key, state, year), 0)
        working = given > 0 and facts.external(key, state)
        least = facts.least_working(key, state) if working else facts.least[key]
        yield from at_least(6, (key, state), year, given, least, "given")
    for (key, state), runs in facts.runs.items():
        yield from _runs_apart((key, state), runs)
        for years in facts.stretches[key, state]:
            yield from _long_enough(facts, (key, state), years)


def _runs_apart(who: tuple[str, str], runs: list[range]) -> Iterator[Violation]:
    """Yields runs without a year, and runs that overlap or touch: what is one run is listed as one."""
    for years in runs:
        if not years:
            yield violation(6, who, years.start, years.start - years.stop + 1, "an engagement ends before it starts")
    for earlier, later in pairwise(filter(None, runs)):
        if later.start <= earlier.stop:
            off = earlier.stop - later.start + 1
            yield violation(6, who, later.start, off, "two engagements overlap or touch")


def _long_enough(facts: Facts, who: tuple[str, str], years: range) -> Iterator[Violation]:
    """Yields a run that leaves the offer's own years, or ends before its term and the horizon do."""
    offer: Document = facts.offers[who[0]]
    window = facts.window(offer)
    inside = clipped(years, window)
    outside = length(years) - length(inside)
    if outside:
        first = inside.stop if inside and inside.start == years.start else years.start
        yield violation(6, who, first, outside, "engaged outside the offer's years")
        return
    least = min(facts.term(*who, years.start), facts.years[-1]) - years.start + 1
    yield from at_least(6, who, years.start, len(years), least, "years engaged")


def counts(facts: Facts) -> Iterator[Violation]:
    """7 Counts. Neither an offer's States at once nor a State's external partners at once are too many."""
    states = Counter((key, year) for key, _, year in facts.engaged)
    for (key, year), number in states.items():
        if facts.offers[key]["max_states"] is not None:
            yield from at_most(7, (key,), year, number, facts.offers[key]["max_states"], "States at once")
    partners: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for key, state, year in facts.engaged:
        if facts.external(key, state):
            partners[state, year].add(facts.offers[key]["provider"])
    for (state, year), providers in sorted(partners.items()):
        if facts.states[state]["max_partners"] is not None:
            yield from at_most(7, (state,), year, len(providers), facts.states[state]["max_partners"], "partners")


def matching(facts: Facts) -> Iterator[Violation]:
    """8 Matching. Beside all money that asks for a match flows external public money that asks for none, once each."""
    public = summed(
        ((state, year), money) for (key, state, year), money in facts.paid.items() if _can_match(facts, key, state)
    )
    asked = summed(
        ((state, year), facts.funding[key]["match"] * money)
        for (key, state, year), money in facts.paid.items()
        if facts.funding[key]["match"]
    )
    for (state, year), wanted in asked.items():
        yield from at_least(8, (state,), year, public.get((state, year), 0), wanted, "public money beside it")


def share(facts: Facts, limits: Mapping[str, Fraction]) -> Iterator[Violation]:
    """12 Share. No provider pays more than its share of a State's external money over the horizon, where that binds."""
    money = summed(((provider, state), each) for (provider, state, _), each in facts.link_money.items())
    external = summed(((state,), each) for (state, _), each in facts.external_money.items())
    for (provider, state), paid in money.items():
        if state in limits:
            most = limits[state] * external[(state,)]
            yield from at_most(12, (provider, state), None, paid, most, "money of one provider")


def _can_match(facts: Facts, key: str, state: str) -> bool:
    """Whether a funding offer's money in a State can match other money; no advance does."""
    offer = facts.funding[key]
    return bool(
        offer["match"] == 0
        and offer["repayment"] is None
        and facts.providers[key]["kind"] in PUBLIC
        and facts.external(key, state)
    )
