"""Scenario and options as index arrays, and flowing years as engagements.

Everything a formulation needs is ready here: granules, whole prices, true capacities of each flow
and of each relation. A *flow* is an option in a year; a *relation* is an offer in a State.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matcher.formulation.limits import is_public
from matcher.portfolio.result import scenario_hash
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer
from matcher.scenario.eligibility import Option, OptionSet
from matcher.solvers.linear_model import Bools, Ints


@dataclass(frozen=True)
class Relation:
    """One offer in one State: the years for which it could be engaged."""

    offer: str
    state: str
    external: bool
    first: int
    """Index of the first year in which it can be engaged."""
    last: int
    """Index of the last such year."""


@dataclass(frozen=True)
class Arrays:
    """Index arrays over flows; years are indices from the first year of the horizon."""

    options: OptionSet
    flow_option: Ints
    """Option of each flow; flows are sorted by option and year."""
    flow_year: Ints
    flow_price: Ints
    """Minor units per granule."""
    flow_upper: Ints
    """Most granules that need, implementer, financier and absorption allow."""
    flow_need: Ints
    flow_state: Ints
    flow_implementer: Ints
    """Offer index of the implementer."""
    flow_financier: Ints
    """Offer index of the financier, -1 for none."""
    relations: tuple[Relation, ...]
    """Every (offer, State) that some flow uses, sorted."""
    flow_relations: Ints
    """Relation of implementer and of financier (-1 for none) of each flow; shape (flows, 2)."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.options.scenario

    @property
    def flows(self) -> int:
        """Number of flows."""
        return len(self.flow_option)

    @cached_property
    def offer_external(self) -> Ints:
        """1 where the relation's provider is not the State itself; shape (relations,)."""
        return np.array([relation.external for relation in self.relations], np.int64)

    @cached_property
    def flow_external_money(self) -> Ints:
        """Minor units of external money per granule of each flow."""
        financier = self.flow_relations[:, 1]
        external: Ints = np.where(financier >= 0, self.offer_external[financier] if len(self.relations) else 0, 0)
        return np.asarray(self.flow_price * external, np.int64)

    @cached_property
    def granule(self) -> Ints:
        """Units per granule of each need's capability."""
        return np.array([self.scenario.capability(need.capability).granule for need in self.scenario.needs], np.int64)

    @cached_property
    def demand(self) -> Ints:
        """Granules of each need."""
        return np.array([need.quantity for need in self.scenario.needs], np.int64) // self.granule

    @cached_property
    def rest(self) -> Ints:
        """Granules of each need that were not delivered before the horizon."""
        before = np.array([need.delivered for need in self.scenario.needs], np.int64)
        return np.asarray(self.demand - before // self.granule, np.int64)

    @cached_property
    def year_cap(self) -> Ints:
        """Most granules of each need in one year."""
        most = [need.quantity if need.max_per_year is None else need.max_per_year for need in self.scenario.needs]
        return np.asarray(np.minimum(np.array(most, np.int64) // self.granule, self.rest), np.int64)

    def relation_index(self, offer: str, state: str) -> int | None:
        """Returns the position of a relation, or None if no flow uses it."""
        return self._relation_at.get((offer, state))

    @cached_property
    def _relation_at(self) -> dict[tuple[str, str], int]:
        return {(each.offer, each.state): at for at, each in enumerate(self.relations)}

    @cached_property
    def scenario_hash(self) -> str:
        """SHA-256 of the scenario."""
        return scenario_hash(self.scenario)

    @cached_property
    def flow_at(self) -> dict[tuple[str, str, str, int], int]:
        """Flow by (need, financier or "", implementer, year index)."""
        keys = [option.key() for option in self.options.options]
        pairs = zip(self.flow_option.tolist(), self.flow_year.tolist(), strict=True)
        return {(*keys[option], year): flow for flow, (option, year) in enumerate(pairs)}

    def option_of(self, flow: int) -> Option:
        """Returns the option of a flow."""
        return self.options.options[int(self.flow_option[flow])]


def build_arrays(options: OptionSet) -> Arrays:
    """Returns the index arrays of a scenario and its options."""
    scenario = options.scenario
    first = scenario.horizon.first
    pairs = [(at, year - first) for at, option in enumerate(options.options) for year in option.years]
    flow_option = np.array([at for at, _ in pairs], np.int64)
    flow_year = np.array([year for _, year in pairs], np.int64)
    of_option = _option_columns(options)
    relations = _relations(options)
    at = {(each.offer, each.state): position for position, each in enumerate(relations)}
    option_relations = np.array(
        [
            (at[option.implementer, option.state], at.get((option.financier or "", option.state), -1))
            for option in options.options
        ],
        np.int64,
    ).reshape(-1, 2)
    columns = {name: values[flow_option] for name, values in of_option.items()}
    return Arrays(
        options,
        flow_option,
        flow_year,
        columns["price"],
        _upper(scenario, columns, flow_year),
        columns["need"],
        columns["state"],
        columns["implementer"],
        columns["financier"],
        relations,
        option_relations[flow_option],
    )


def _option_columns(options: OptionSet) -> dict[str, Ints]:
    """Per option: price, need, State, implementer and financier as indices."""
    scenario = options.scenario
    offers = {offer.id: at for at, offer in enumerate(scenario.offers)}
    needs = {need.id: at for at, need in enumerate(scenario.needs)}
    states = {state.id: at for at, state in enumerate(scenario.states)}
    rows = [
        (
            each.granule_price,
            needs[each.need],
            states[each.state],
            offers[each.implementer],
            offers.get(each.financier or "", -1),
        )
        for each in options.options
    ]
    table = np.array(rows, np.int64).reshape(-1, 5)
    return dict(zip(("price", "need", "state", "implementer", "financier"), table.T, strict=True))


def _relations(options: OptionSet) -> tuple[Relation, ...]:
    scenario = options.scenario
    used: set[tuple[str, str]] = set()
    for option in options.options:
        used.update((offer, option.state) for offer in (option.financier, option.implementer) if offer is not None)
    found = []
    for offer, state in sorted(used):
        window = scenario.window(scenario.offer(offer))
        first = window[0] - scenario.horizon.first
        found.append(Relation(offer, state, scenario.is_external(offer, state), first, first + len(window) - 1))
    return tuple(found)


def is_public_match(scenario: Scenario, offer: FundingOffer, state: str) -> bool:
    """Returns whether an offer's money in a State can match other money there."""
    return is_public(scenario, offer) and scenario.is_external(offer.id, state)


def _upper(scenario: Scenario, columns: dict[str, Ints], year: Ints) -> Ints:
    """Most granules of each flow by need, capacity, money and absorption, each taken alone."""
    years = scenario.years
    capacity = np.zeros((len(scenario.offers), len(years)), np.int64)
    money = np.zeros_like(capacity)
    for at, offer in enumerate(scenario.offers):
        if isinstance(offer, TechnicalOffer):
            capacity[at] = scenario.capacity_by_year(offer)
        else:
            money[at] = scenario.most_money(offer)
    granule = [scenario.capability(need.capability).granule for need in scenario.needs]
    caps = [need.quantity if need.max_per_year is None else need.max_per_year for need in scenario.needs]
    left = [need.quantity - need.delivered for need in scenario.needs]
    need_cap = np.minimum(np.array(caps, np.int64), left) // np.array(granule, np.int64)
    upper = np.minimum(need_cap[columns["need"]], capacity[columns["implementer"], year])
    priced = np.maximum(columns["price"], 1)
    limit = np.where(columns["price"] > 0, money[columns["financier"], year] // priced, upper)
    absorbed = _absorption(scenario)[columns["state"], year] // priced
    external = _external_financier(scenario, columns)
    return np.asarray(np.minimum(np.minimum(upper, limit), np.where(external, absorbed, upper)), np.int64)


def _absorption(scenario: Scenario) -> Ints:
    """Most external money per State and year; a number beyond all money where there is no limit."""
    none = 2**60
    table = [
        [none if state.absorption is None else state.absorption.at(year) for year in scenario.years]
        for state in scenario.states
    ]
    return np.array(table, np.int64).reshape(len(scenario.states), len(scenario.years))


def _external_financier(scenario: Scenario, columns: dict[str, Ints]) -> Bools:
    """Whether each flow is paid by someone else than the State itself."""
    home = [scenario.provider(offer.provider).state for offer in scenario.offers]
    at = {state.id: position for position, state in enumerate(scenario.states)}
    homes = np.array([at.get(state or "", -1) for state in home], np.int64)
    financier = columns["financier"]
    return np.asarray((financier >= 0) & (homes[financier] != columns["state"]), np.bool_)
