"""A scenario and a portfolio, indexed once: what the rules look at."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any

from matcher.verification.documents import (
    MOST_YEARS,
    Document,
    at,
    check_types,
    clipped,
    entries,
    last_full_year,
    length,
    run,
)
from matcher.verification.report import Obligation

OWNERSHIP = (
    "high_level_interest",
    "empowered_entities",
    "measures_articulated",
    "challenges_planned",
    "financial_commitment",
)
"""The five components of national ownership."""

Sums = Mapping[tuple[Any, ...], int]


@dataclass(frozen=True, slots=True)
class Flow:
    """What a portfolio delivers through one option in one year."""

    financier: str | None
    """Funding offer that pays, if any."""
    implementer: str
    """Technical offer that delivers."""
    need: str
    """Need served."""
    state: str
    """State of the need."""
    year: int
    """Year of delivery and payment."""
    quantity: int
    """Units delivered."""
    money: int
    """Money due, in minor units: the price of a granule for each granule, whatever the portfolio states."""
    stated_kind: str
    """Kind that the portfolio states."""
    stated_money: int
    """Money that the portfolio states."""

    @property
    def sides(self) -> tuple[str, ...]:
        """Offers that take part: financier, if any, and implementer."""
        return (self.implementer,) if self.financier is None else (self.financier, self.implementer)

    @property
    def who(self) -> tuple[str, ...]:
        """Offers that take part, and the need."""
        return (*self.sides, self.need)


@dataclass(frozen=True)
class Setting:
    """A scenario with defaults spelt out, and what its offers and needs amount to in its own currency."""

    scenario: Document
    """The completed document."""

    @cached_property
    def years(self) -> range:
        """Years of the horizon, of which there is one at least; what is done year by year is done with these."""
        years = run(self.scenario["horizon"])
        if not 1 <= length(years) <= MOST_YEARS:
            raise ValueError(f"the horizon has {length(years)} years, expected 1 to {MOST_YEARS}")
        return years

    @cached_property
    def states(self) -> dict[str, Document]:
        """States by id, in order."""
        return dict(sorted(self.scenario["states"].items()))

    @cached_property
    def needs(self) -> dict[str, Document]:
        """Needs by id, in order."""
        return dict(sorted(self.scenario["needs"].items()))

    @cached_property
    def needs_of(self) -> dict[str, dict[str, Document]]:
        """Needs by State and id, in order; every State is there."""
        found: dict[str, dict[str, Document]] = {state: {} for state in self.states}
        for key, need in self.needs.items():
            found[need["state"]][key] = need
        return found

    @cached_property
    def weights(self) -> dict[str, Fraction]:
        """Weight of all needs of a State together."""
        return {
            state: sum((Fraction(need["weight"]) for need in needs.values()), Fraction(0))
            for state, needs in self.needs_of.items()
        }

    @cached_property
    def offers(self) -> dict[str, Document]:
        """All offers by id, in order."""
        return dict(sorted(self.scenario["offers"].items()))

    @cached_property
    def funding(self) -> dict[str, Document]:
        """Funding offers by id, in order."""
        return {key: offer for key, offer in self.offers.items() if offer["kind"] == "funding"}

    @cached_property
    def technical(self) -> dict[str, Document]:
        """Technical offers by id, in order."""
        return {key: offer for key, offer in self.offers.items() if offer["kind"] == "technical"}

    @cached_property
    def prices(self) -> dict[str, int]:
        """Price of one granule by technical offer, foreign money rounded up."""
        return {
            key: ceil(offer["price"] * self.granule(offer) * self.rate(offer)) for key, offer in self.technical.items()
        }

    @cached_property
    def ownership(self) -> dict[str, Fraction]:
        """Plain mean of the five components of national ownership by State; 0 where nothing is known."""
        known = {key: state["ownership"] or dict.fromkeys(OWNERSHIP, 0) for key, state in self.states.items()}
        return {key: Fraction(sum(parts[name] for name in OWNERSHIP), len(OWNERSHIP)) for key, parts in known.items()}

    @cached_property
    def providers(self) -> dict[str, Document]:
        """Who makes an offer, by offer."""
        return {key: self.scenario["providers"][offer["provider"]] for key, offer in self.offers.items()}

    def external(self, offer: str, state: str) -> bool:
        """Whether an offer comes from someone else than the State itself."""
        return bool(self.providers[offer]["state"] != state)

    def window(self, entity: Document) -> range:
        """Years of a need or an offer that lie inside the horizon."""
        return self.years if entity["years"] is None else clipped(run(entity["years"]), self.years)

    def granule(self, entity: Document) -> int:
        """Units in one granule of the capability that a need seeks or an offer brings."""
        return self.scenario["capabilities"][entity["capability"]]["granule"]  # type: ignore[no-any-return]

    def rate(self, offer: Document) -> Fraction:
        """Minor units of the scenario's currency that one minor unit of the offer's currency buys."""
        own = offer["currency"] in (None, self.scenario["currency"]["code"])
        return Fraction(1 if own else self.scenario["rates"][offer["currency"]]["rate"])

    def timely(self, state: str) -> range:
        """Years of the horizon whose work counts for a State's completion: those that end by its deadline."""
        last = min(last_full_year(self.states[state]["deadline"]), self.years[-1])
        return range(self.years.start, last + 1)

    @cached_property
    def rest(self) -> dict[str, int]:
        """Units of each need that are still sought: all of it, less what was delivered before the horizon."""
        return {key: need["quantity"] - need["delivered"] for key, need in self.needs.items()}

    def new_money(self, offer: Document, year: int) -> int:
        """New money of a funding offer in a year, with what is left from before the horizon and less what is owed.

        Foreign money is rounded down, and debts up. There is none outside the offer's own years.
        """
        there = 0
        if year in self.window(offer):
            there = sum(
                floor(at(each, year) * self.rate(offer)) for each in (offer["amount"], offer["carried_in"] or 0)
            )
        return max(0, there - self.owed(offer, year))

    def owed(self, offer: Document, year: int) -> int:
        """What a year's money must leave for its own debts, and for those of later years that theirs do not cover.

        So much that its share that is carried over is enough; what is owed beyond all that is there is not carried on.
        """
        if not offer["debts"]:
            return 0
        due = ceil(at(offer["debts"], year) * self.rate(offer))
        if year + 1 in self.years and offer["carry_over"]:
            window, rate = self.window(offer), self.rate(offer)
            later = self.owed(offer, year + 1)
            if year + 1 in window:
                later -= sum(floor(at(each, year + 1) * rate) for each in (offer["amount"], offer["carried_in"] or 0))
            due += ceil(Fraction(max(0, later), Fraction(offer["carry_over"])))
        return due

    def capacity(self, offer: Document, year: int) -> int:
        """Units in whole granules that a technical offer can deliver in a year; none outside its own years."""
        granule = self.granule(offer)
        return at(offer["capacity"], year) // granule * granule if year in self.window(offer) else 0

    @cached_property
    def least(self) -> dict[str, int]:
        """Least that an offer gives a State in an engaged year: money (foreign money rounded up) or units."""
        money = {key: ceil(offer["min_per_state"] * self.rate(offer)) for key, offer in self.funding.items()}
        return {**money, **{key: offer["min_per_state"] for key, offer in self.technical.items()}}

    def least_working(self, key: str, state: str) -> int:
        """Least that an offer gives a State in a working year, money or units; never nothing.

        Where the offer names no minimum of its own, the scenario's least engagement: in money, or in the fewest
        granules that are worth as much; no more than what all needs of the State cost.
        """
        if self.least[key]:
            return self.least[key]
        stated = self.scenario["least_engagement"]
        value = 0 if stated is None else min(stated, self.cheapest[state])
        if key in self.funding:
            return max(1, value)
        granule = self.granule(self.technical[key])
        worth = self.unit_value(key) * granule
        return max(1, ceil(Fraction(value, worth)) if worth else 1) * granule

    @cached_property
    def cheapest(self) -> dict[str, int]:
        """What all needs of a State cost where the cheapest offer with a price does the work, by State."""
        price: dict[str, int] = {}
        for key, offer in self.technical.items():
            if self.prices[key]:
                price[offer["capability"]] = min(self.prices[key], price.get(offer["capability"], self.prices[key]))
        return {
            state: sum(
                need["quantity"] // self.granule(need) * price.get(need["capability"], 0) for need in needs.values()
            )
            for state, needs in self.needs_of.items()
        }

    def unit_value(self, key: str) -> Fraction:
        """What a unit of work is worth: the capability's reference price, else the offer's own price."""
        offer = self.technical[key]
        price = self.scenario["capabilities"][offer["capability"]]["reference_price"]
        return Fraction(self.prices[key], self.granule(offer)) if price is None else Fraction(price)

    @cached_property
    def ongoing(self) -> dict[tuple[str, str], Document]:
        """What is stated of offers that worked in a State in the year before the horizon, by offer and State."""
        return {(key, each["state"]): each for key, offer in self.offers.items() for each in offer["ongoing"]}

    @cached_property
    def ongoing_links(self) -> dict[tuple[str, str], int | None]:
        """External providers that worked in a State in the year before the horizon, and their money then, if known."""
        found: dict[tuple[str, str], int | None] = {}
        for (key, state), stated in self.ongoing.items():
            if self.external(key, state):
                link = (self.offers[key]["provider"], state)
                known = found.setdefault(link, None)
                if key in self.funding and stated["amount"] is not None:
                    found[link] = (known or 0) + floor(stated["amount"] * self.rate(self.offers[key]))
        return found

    @cached_property
    def stated_sides(self) -> frozenset[str]:
        """Kinds of offers, money or work, of which the scenario states what links were ongoing before the horizon."""
        return frozenset(self.offers[key]["kind"] for key, state in self.ongoing if self.external(key, state))

    def term(self, key: str, state: str, start: int) -> int:
        """Returns the last year that an engagement of an offer, which starts in a year, has to reach.

        One that was ongoing before the horizon and goes on started when that is stated, and else has served its term.
        """
        offer, stated = self.offers[key], self.ongoing.get((key, state))
        if stated is not None and start == self.years.start:
            if stated["since"] is None:
                return start
            start = stated["since"]
        last: int = start + offer["min_years"] - 1
        return last if offer["years"] is None else min(last, run(offer["years"]).stop - 1)

    def waits(self, need: Document) -> range:
        """Years of the horizon at whose ends a need is counted as waiting: from its first to the last of all."""
        first = self.years.start if need["years"] is None else run(need["years"]).start
        return clipped(range(first, self.years.stop), self.years)

    @cached_property
    def open_years(self) -> dict[str, frozenset[int]]:
        """Years of the horizon in which some need of a State can be met, by State."""
        return {
            state: frozenset(year for need in needs.values() for year in self.window(need))
            for state, needs in self.needs_of.items()
        }


@dataclass(frozen=True)
class Facts(Setting):
    """A setting and a portfolio for it."""

    flows: tuple[Flow, ...]
    """Flows whose financier, implementer and need exist."""
    runs: dict[tuple[str, str], list[range]]
    """Runs of engaged years by offer and State, in order, of offers and States that exist."""
    unknown: tuple[tuple[str, str, int | None], ...]
    """Ids that the portfolio names and the scenario does not have: what, id and year."""

    @cached_property
    def options(self) -> dict[tuple[str | None, str, str], list[Flow]]:
        """Flows by option: financier or none, implementer and need."""
        options: defaultdict[tuple[str | None, str, str], list[Flow]] = defaultdict(list)
        for flow in self.flows:
            options[flow.financier, flow.implementer, flow.need].append(flow)
        return options

    @cached_property
    def delivered(self) -> Sums:
        """Units delivered by need and year."""
        return summed(((flow.need, flow.year), flow.quantity) for flow in self.flows)

    @cached_property
    def paid(self) -> Sums:
        """Money by funding offer, State and year."""
        return summed(
            ((flow.financier, flow.state, flow.year), flow.money) for flow in self.flows if flow.financier is not None
        )

    @cached_property
    def paid_in(self) -> dict[str, list[tuple[str, int, int]]]:
        """Funding offer, year and money by State."""
        found: defaultdict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for (offer, state, year), money in self.paid.items():
            found[state].append((offer, year, money))
        return found

    @cached_property
    def worked(self) -> Sums:
        """Units by technical offer, State and year."""
        return summed(((flow.implementer, flow.state, flow.year), flow.quantity) for flow in self.flows)

    @cached_property
    def given(self) -> Sums:
        """Money of funding offers and units of technical ones, by offer, State and year."""
        return {**self.paid, **self.worked}

    @cached_property
    def external_money(self) -> Sums:
        """Money from others than the State itself, by State and year."""
        return summed(
            ((state, year), money) for (offer, state, year), money in self.paid.items() if self.external(offer, state)
        )

    @cached_property
    def stretches(self) -> dict[tuple[str, str], list[range]]:
        """Unbroken runs of engaged years by offer and State, in order: what listed runs add up to."""
        return {pair: merged(runs) for pair, runs in self.runs.items()}

    @property
    def engaged(self) -> Iterator[tuple[str, str, int]]:
        """Every engaged year of the horizon: offer, State and year, in order. Of others, rule 6 says how many."""
        for pair, stretches in self.stretches.items():
            for years in stretches:
                for year in clipped(years, self.years):
                    yield *pair, year

    def works(self, offer: str, state: str, year: int) -> bool:
        """Returns whether an engaged year is a working year: whether the offer gives enough in it."""
        given = self.given.get((offer, state, year), 0)
        return self.is_engaged(offer, state, year) and given >= self.least_working(offer, state)

    @cached_property
    def working(self) -> frozenset[tuple[str, str, int]]:
        """Offer, State and year of the horizon of every working year."""
        return frozenset(each for each in self.engaged if self.works(*each))

    @cached_property
    def working_links(self) -> frozenset[tuple[str, str, int]]:
        """External provider, State and year of the horizon in which one of the provider's offers works there."""
        return frozenset(
            (self.offers[offer]["provider"], state, year)
            for offer, state, year in self.working
            if self.external(offer, state)
        )

    @cached_property
    def link_money(self) -> Sums:
        """Money by external provider, State and year."""
        return summed(
            ((self.offers[offer]["provider"], state, year), money)
            for (offer, state, year), money in self.paid.items()
            if self.external(offer, state)
        )

    @cached_property
    def obligations(self) -> tuple[Obligation, ...]:
        """Years that engagements must last beyond the horizon, by offer and State."""
        last, found = self.years[-1], []
        for (key, state), stretches in self.stretches.items():
            for years in stretches:
                missing = self.term(key, state, years.start) - last
                if years.start <= last < years.stop and missing > 0:
                    least = self.least[key] if key in self.funding else 0
                    found.append(Obligation(key, state, missing, missing * least))
        return tuple(found)

    def is_engaged(self, offer: str, state: str, year: int) -> bool:
        """Returns whether an offer is engaged in a State in a year, be it inside the horizon or not."""
        stretches = self.stretches.get((offer, state), [])
        at_most = bisect_right(stretches, year, key=lambda years: years.start)
        return at_most > 0 and year in stretches[at_most - 1]


def merged(runs: Iterable[range]) -> list[range]:
    """Returns the unbroken runs of years that runs, in order, add up to."""
    found: list[range] = []
    for years in runs:
        if found and years.start <= found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, years.stop))
        elif years:
            found.append(years)
    return found


def summed(items: Iterable[tuple[tuple[Any, ...], int]]) -> Sums:
    """Returns sums by key, in the order of the keys."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for key, amount in items:
        sums[key] += amount
    return dict(sorted(sums.items()))


def gather(scenario: Document, portfolio: Document) -> Facts:
    """Returns the facts about a completed scenario and a portfolio.

    Raises
    ------
    TypeError
        if a flow or engagement lacks a field or holds it in another type.
    """
    setting = Setting(scenario)
    known, unknown = [], []
    for at_flow, flow in enumerate(entries(portfolio, "flows")):
        check_types(flow, f"flow {at_flow}", implementer=str, need=str, year=int, kind=str, quantity=int, money=int)
        strangers = [(*stranger, flow["year"]) for stranger in _strangers_in_flow(setting, flow)]
        unknown += strangers
        known += [] if strangers else [_flow(setting, flow)]
    runs: defaultdict[tuple[str, str], list[range]] = defaultdict(list)
    for at_run, engagement in enumerate(entries(portfolio, "engagements")):
        check_types(engagement, f"engagement {at_run}", offer=str, state=str)
        strangers = [(*stranger, None) for stranger in _strangers_in_engagement(setting, engagement)]
        unknown += strangers
        if not strangers:
            runs[engagement["offer"], engagement["state"]].append(run(engagement.get("years")))
    ordered = {pair: sorted(each, key=lambda years: (years.start, years.stop)) for pair, each in sorted(runs.items())}
    return Facts(scenario, tuple(known), ordered, tuple(unknown))


def _strangers_in_flow(setting: Setting, flow: Document) -> Iterator[tuple[str, str]]:
    """Yields what a flow names that does not exist."""
    financier = flow.get("financier")
    if financier is not None and financier not in setting.funding:
        yield "funding offer", str(financier)
    if flow["implementer"] not in setting.technical:
        yield "technical offer", flow["implementer"]
    if flow["need"] not in setting.needs:
        yield "need", flow["need"]


def _strangers_in_engagement(setting: Setting, engagement: Document) -> Iterator[tuple[str, str]]:
    """Yields what an engagement names that does not exist."""
    if engagement["offer"] not in setting.offers:
        yield "offer", engagement["offer"]
    if engagement["state"] not in setting.states:
        yield "State", engagement["state"]


def _flow(setting: Setting, flow: Document) -> Flow:
    """Returns a flow with what follows from it."""
    worker = setting.technical[flow["implementer"]]
    return Flow(
        financier=flow.get("financier"),
        implementer=flow["implementer"],
        need=flow["need"],
        state=setting.needs[flow["need"]]["state"],
        year=flow["year"],
        quantity=flow["quantity"],
        money=setting.prices[flow["implementer"]] * flow["quantity"] // setting.granule(worker),
        stated_kind=flow["kind"],
        stated_money=flow["money"],
    )
