"""Sets and data of the path formulation, ready to be iterated: what every peer starts from.

Money is in whole dollars, work in whole granules; `money` and `unit` say what a model in natural
units divides by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, TypeVar

from matcher import Option, OptionSet, Scenario
from matcher.scenario import PUBLIC_KINDS, Cap, FundingOffer, Precedence, TechnicalOffer

Key = tuple[str, str, int]
"""Offer, State, year: one engagement."""
MONEY = 1_000_000
"""Dollars in the natural unit of money."""


@dataclass(frozen=True)
class Demand:
    """A row that the user's decisions ask for, over flows or engagements."""

    flows: dict[int, Fraction]
    """Factor of each flow's granules."""
    engaged: list[Key]
    """Engagements that are counted."""
    least: int | None
    """Least sum; none has no least."""
    most: int | None
    """Most sum; none has no most."""


@dataclass(frozen=True)
class PathData:
    """Options by year, grouped by everything that a rule sums over."""

    scenario: Scenario
    options: tuple[Option, ...]
    flows: list[tuple[int, int]] = field(default_factory=list)
    """Option and year of each flow."""
    price: list[int] = field(default_factory=list)
    """Dollars per granule of each flow."""
    demand: dict[str, int] = field(default_factory=dict)
    """Granules of each need."""
    unit: dict[str, int] = field(default_factory=dict)
    """Granules in the natural unit of each capability: a km2 of land, one of anything else."""
    of_need: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    of_need_year: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    paid_by: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    done_by: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    engaging: dict[Key, list[int]] = field(default_factory=dict)
    """Flows of each engagement; none in a year in which the offer can be engaged but not flow."""
    external: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    """Flows of external money by State and year."""
    free: dict[str, dict[int, int]] = field(default_factory=dict)
    """Most dollars by offer and year, once asked for."""

    def flow_unit(self, flow: int) -> int:
        """Returns granules in the natural unit of a flow."""
        return self.unit[self.scenario.need(self.options[self.flows[flow][0]].need).capability]

    def most(self, flow: int) -> int:
        """Returns the most granules that can flow: the need."""
        return self.demand[self.options[self.flows[flow][0]].need]

    def least_engaged(self, offer: str) -> int:
        """Returns the least dollars or granules of an engaged year."""
        found = self.scenario.offer(offer)
        if isinstance(found, FundingOffer):
            return self.scenario.converted(found, found.min_per_state, up=True)
        return -(-found.min_per_state // self.scenario.capability(found.capability).granule)

    def most_engaged(self, key: Key) -> int:
        """Returns the most dollars or granules that an offer can give in a State and year."""
        offer = self.scenario.offer(key[0])
        if isinstance(offer, TechnicalOffer):
            return self.scenario.capacity_at(offer, key[2])
        limit = self.scenario.state(key[1]).absorption
        most = self.available(offer, key[2])
        return min(most, limit.at(key[2])) if limit and self.scenario.is_external(*key[:2]) else most

    def available(self, offer: FundingOffer, year: int) -> int:
        """Returns the most dollars an offer can have in a year, all carried over before."""
        if offer.id not in self.free:
            carried, found = 0, {}
            for each in self.scenario.years:
                found[each] = self.scenario.money_at(offer, each) + carried
                carried = int(found[each] * Fraction(offer.carry_over))
            self.free[offer.id] = found
        return self.free[offer.id][year]

    def payers(self) -> list[FundingOffer]:
        """Returns the funding offers with a budget that something is charged to."""
        used = {offer for offer, _ in self.paid_by}
        used |= {lender.repayment.offer for lender in self.lenders() if lender.repayment}
        return [each for each in self.scenario.funding if each.id in used]

    def lenders(self) -> list[FundingOffer]:
        """Returns the pre-financing offers."""
        return [each for each in self.scenario.funding if each.repayment is not None]

    def charges(self, offer: FundingOffer, year: int) -> Iterator[tuple[int, Fraction]]:
        """Yields the flows whose repayment an offer is charged with in a year, and how much of each dollar."""
        for lender in self.lenders():
            terms = lender.repayment
            if terms is not None and terms.offer == offer.id:
                for flow in self.paid_by.get((lender.id, year - terms.after), ()):
                    yield flow, 1 + Fraction(terms.premium)

    def partners(self) -> dict[tuple[str, int], dict[str, list[Key]]]:
        """Returns engagements by State, year and external provider, where a State limits its partners."""
        found: dict[tuple[str, int], dict[str, list[Key]]] = defaultdict(lambda: defaultdict(list))
        for key in self.engaging:
            offer, state, year = key
            if self.scenario.is_external(offer, state) and self.scenario.state(state).max_partners is not None:
                found[state, year][self.scenario.offer(offer).provider].append(key)
        return found

    def matched(self) -> Iterator[tuple[list[tuple[Fraction, list[int]]], list[int]]]:
        """Yields, by State and year, the flows of money that ask for a match, by how much, and those that match."""
        asked: dict[tuple[str, int], list[tuple[Fraction, list[int]]]] = defaultdict(list)
        for (offer, state, year), flows in self.engaging.items():
            found = self.scenario.offer(offer)
            if isinstance(found, FundingOffer) and found.match and flows:
                asked[state, year].append((Fraction(found.match), flows))
        for place, each in asked.items():
            yield each, [flow for flow in self.external.get(place, ()) if self._matches(flow)]

    def _matches(self, flow: int) -> bool:
        """Whether a flow's money is public, no advance, and asks for no match itself."""
        offer = self.scenario.offer(self.options[self.flows[flow][0]].financier or "")
        public = self.scenario.provider(offer.provider).kind in PUBLIC_KINDS
        return isinstance(offer, FundingOffer) and not offer.match and offer.repayment is None and public

    def precedences(self) -> Iterator[tuple[str, Precedence, int, list[int], list[int]]]:
        """Yields need, precedence, year, and the flows until then of the need and of what comes first."""
        for need in self.scenario.needs:
            for first in need.after:
                for year in self.scenario.years:
                    yield need.id, first, year, self.until(need.id, year), self.until(first.need, year - first.lag)

    def until(self, need: str, year: int) -> list[int]:
        """Returns the flows of a need until the end of a year."""
        return [flow for flow in self.of_need.get(need, ()) if self.flows[flow][1] <= year]

    def weights(self) -> tuple[Fraction, Fraction]:
        """Returns the weights of completions and coverage.

        Raises
        ------
        ValueError
            if the scenario weighs anything else, or seeks an order.
        """
        weights = {each.objective: Fraction(each.weight) for each in self.scenario.objectives.weights or ()}
        if not weights or set(weights) - {"completions", "coverage"} or self.scenario.objectives.discount != 1:
            raise ValueError("peers take a weighted sum of completions and undiscounted coverage only")
        return weights.get("completions", Fraction(0)), weights.get("coverage", Fraction(0))

    def worth(self) -> dict[str, Fraction]:
        """Returns what a granule of each need adds to the objective by coverage."""
        weight = self.weights()[1]
        return {
            need.id: weight
            * Fraction(self.scenario.state(need.state).weight)
            * Fraction(need.weight)
            / self.demand[need.id]
            for need in self.scenario.needs
        }

    def flow_worth(self) -> list[float]:
        """Returns what a natural unit of each flow adds to the objective by coverage."""
        worth = {need: float(each) for need, each in self.worth().items()}
        return [worth[self.options[at].need] * self.flow_unit(flow) for flow, (at, _) in enumerate(self.flows)]

    def completing(self) -> dict[str, tuple[Fraction, list[str]]]:
        """Returns what completion of each State is worth, and the needs that it takes."""
        needs: dict[str, list[str]] = defaultdict(list)
        for need in self.scenario.needs:
            if need.completes:
                needs[need.state].append(need.id)
        weight = self.weights()[0]
        return {state: (weight * Fraction(self.scenario.state(state).weight), ids) for state, ids in needs.items()}

    def decisions(self) -> Iterator[Demand]:
        """Yields the rows of the user's commitments, pins and caps."""
        decided = self.scenario.decisions
        for each in decided.commitments:
            wanted = (each.need, each.financier or "", each.implementer)
            capability = self.scenario.capability(self.scenario.need(each.need).capability)
            here = self.of_need_year.get((each.need, each.year), ())
            flows = [flow for flow in here if self.options[self.flows[flow][0]].key() == wanted]
            yield Demand({flow: Fraction(1) for flow in flows}, [], each.quantity // capability.granule, None)
        for pin in decided.pins:
            keys = [(pin.offer, pin.state, year) for year in (pin.years.range() if pin.years else self.scenario.years)]
            keys = [key for key in keys if key in self.engaging]
            for group in [[key] for key in keys] if pin.years else [keys]:
                yield Demand({}, group, 1, None)
        for cap in decided.caps:
            yield from self._capped(cap)

    def _capped(self, cap: Cap) -> Iterator[Demand]:
        """Yields a cap's rows: money of an offer or provider in a State, or its share of all external money."""
        years = self.scenario.years
        for span in [(year,) for year in years] if cap.per == "year" else [years]:
            every = {
                flow: Fraction(self.price[flow]) for year in span for flow in self.external.get((cap.state, year), ())
            }
            own = {
                flow: Fraction(self.price[flow])
                for (offer, state, year), flows in self.engaging.items()
                if state == cap.state and year in span and self._is_capped(cap, offer)
                for flow in flows
            }
            if cap.money is not None:
                yield Demand(own, [], None, cap.money)
            else:
                share = Fraction(cap.share or 0)
                terms = {
                    flow: own.get(flow, Fraction(0)) - share * every.get(flow, Fraction(0)) for flow in own | every
                }
                yield Demand(terms, [], None, 0)

    def _is_capped(self, cap: Cap, offer: str) -> bool:
        found = self.scenario.offer(offer)
        return isinstance(found, FundingOffer) and (offer == cap.offer or found.provider == cap.provider)


def read_paths(options: OptionSet) -> PathData:
    """Returns the options of a scenario by year, grouped."""
    scenario = options.scenario
    data = PathData(scenario, options.options)
    for each in scenario.capabilities:
        data.unit[each.id] = max(1, 1_000_000 // each.granule) if each.unit == "m2" else 1
    for need in scenario.needs:
        data.demand[need.id] = need.quantity // scenario.capability(need.capability).granule
    for at, option in enumerate(data.options):
        for offer in filter(None, (option.financier, option.implementer)):
            for year in scenario.window(scenario.offer(offer)):
                data.engaging.setdefault((offer, option.state, year), [])
        for year in option.years:
            if _repayable(scenario, option, year):
                _add_flow(data, at, option, year)
    return data


def _repayable(scenario: Scenario, option: Option, year: int) -> bool:
    """Whether a flow's repayment, if it has one, falls inside the horizon."""
    offer = scenario.offer(option.financier) if option.financier else None
    terms = offer.repayment if isinstance(offer, FundingOffer) else None
    return terms is None or year + terms.after in scenario.horizon


def _add_flow(data: PathData, at: int, option: Option, year: int) -> None:
    flow = len(data.flows)
    data.flows.append((at, year))
    data.price.append(option.granule_price)
    data.of_need[option.need].append(flow)
    data.of_need_year[option.need, year].append(flow)
    data.done_by[option.implementer, year].append(flow)
    data.engaging[option.implementer, option.state, year].append(flow)
    if option.financier is not None:
        data.paid_by[option.financier, year].append(flow)
        data.engaging[option.financier, option.state, year].append(flow)
        if data.scenario.is_external(option.financier, option.state):
            data.external[option.state, year].append(flow)


class PathModel(Protocol):
    """A peer's model, to which the rules are added one by one."""

    def add_objective(self) -> None: ...
    def add_budgets(self) -> None: ...
    def add_capacities(self) -> None: ...
    def add_needs(self) -> None: ...
    def add_absorption(self) -> None: ...
    def add_precedence(self) -> None: ...
    def add_engagements(self) -> None: ...
    def add_lasting(self) -> None: ...
    def add_counts(self) -> None: ...
    def add_matching(self) -> None: ...
    def add_completions(self) -> None: ...
    def add_decisions(self) -> None: ...


M = TypeVar("M", bound=PathModel)


def with_all_rules(model: M) -> M:
    """Adds the objective and every rule to a model and returns it."""
    model.add_objective()
    model.add_budgets()
    model.add_capacities()
    model.add_needs()
    model.add_absorption()
    model.add_precedence()
    model.add_engagements()
    model.add_lasting()
    model.add_counts()
    model.add_matching()
    model.add_completions()
    model.add_decisions()
    return model
