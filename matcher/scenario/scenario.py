"""The scenario: everything that is known, needed, offered and decided, in one frozen object."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Any, Self

from pydantic import model_validator

from matcher.errors import Fault, InvalidScenario
from matcher.scenario.consistency import Parts, consistency_faults
from matcher.scenario.decisions import CLOSING, DEFAULT_ORDER, Forbid, Goal
from matcher.scenario.entities import (
    ById,
    Capability,
    FundingOffer,
    Need,
    Ongoing,
    Provider,
    State,
    TechnicalOffer,
)
from matcher.scenario.format import ScenarioFields
from matcher.scenario.index import ScenarioIndex
from matcher.scenario.validation import read_values
from matcher.units import ceil_share, floor_share

_compact = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
"""Writes plain data as canonical JSON."""


class Scenario(ScenarioFields):
    """States and their needs, providers and their offers, decisions and objectives.

    Collections are written as mappings from id to fields and held as tuples sorted by id, so
    that the order in a file carries no meaning.

    Raises
    ------
    pydantic.ValidationError
        if a field is of the wrong type or out of range, or, once all fields are right, if
        entities contradict each other (unknown references, prices that are not whole per granule,
        and so on: see `matcher.scenario.consistency`).
    """

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = consistency_faults(Parts.of(self))
        if faults:
            raise ValueError("; ".join(map(str, faults)))
        return self

    def __copy__(self) -> Self:
        """Returns a copy without what was worked out, so that `model_copy` can change what it rests on."""
        copied = super().__copy__()
        for name in [name for name in vars(copied) if name not in type(self).model_fields]:
            del vars(copied)[name]
        return copied

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the scenario's canonical JSON: same meaning, same digest."""
        digest = hashlib.sha256()
        for piece in self._canonical():  # piece by piece: the whole text of a large scenario takes half a gigabyte
            digest.update(piece.encode())
        return digest.hexdigest()

    def _canonical(self) -> Iterator[str]:
        """Yields the scenario's canonical JSON, entity by entity: sorted keys, no spaces, ASCII only."""
        for at, name in enumerate(sorted(type(self).model_fields)):
            yield f"{',' if at else '{'}{_compact(name)}:"
            value = getattr(self, name)
            if isinstance(value, ById):
                entities = (f"{_compact(each.id)}:{_compact(each.model_dump(mode='json'))}" for each in value)
                yield from ("," + entity if nth else "{" + entity for nth, entity in enumerate(entities))
                yield "}" if value else "{}"
            else:
                yield _compact(self.model_dump(mode="json", include={name})[name])
        yield "}"

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Years of the horizon, in order."""
        return tuple(self.horizon.range())

    @cached_property
    def _by_id(self) -> dict[str, dict[str, Any]]:
        collections = ("capabilities", "states", "needs", "providers", "offers", "rates")
        return {name: {each.id: each for each in getattr(self, name)} for name in collections}

    def capability(self, key: str) -> Capability:
        """Returns the capability with this id (KeyError if there is none)."""
        return self._by_id["capabilities"][key]  # type: ignore[no-any-return]

    def state(self, key: str) -> State:
        """Returns the State with this id (KeyError if there is none)."""
        return self._by_id["states"][key]  # type: ignore[no-any-return]

    def need(self, key: str) -> Need:
        """Returns the need with this id (KeyError if there is none)."""
        return self._by_id["needs"][key]  # type: ignore[no-any-return]

    def provider(self, key: str) -> Provider:
        """Returns the provider with this id (KeyError if there is none)."""
        return self._by_id["providers"][key]  # type: ignore[no-any-return]

    def offer(self, key: str) -> FundingOffer | TechnicalOffer:
        """Returns the offer with this id (KeyError if there is none)."""
        return self._by_id["offers"][key]  # type: ignore[no-any-return]

    def funding_offer(self, key: str) -> FundingOffer:
        """Returns the offer of money with this id (KeyError if there is none, TypeError if it offers work)."""
        found = self.offer(key)
        if not isinstance(found, FundingOffer):
            raise TypeError(f"offer {key!r} offers work, not money")
        return found

    def technical_offer(self, key: str) -> TechnicalOffer:
        """Returns the offer of work with this id (KeyError if there is none, TypeError if it offers money)."""
        found = self.offer(key)
        if not isinstance(found, TechnicalOffer):
            raise TypeError(f"offer {key!r} offers money, not work")
        return found

    @cached_property
    def index(self) -> ScenarioIndex:
        """Positions of capabilities, States, needs, providers and offers by id."""
        return ScenarioIndex.of(self)

    @cached_property
    def funding(self) -> tuple[FundingOffer, ...]:
        """Funding offers, sorted by id."""
        return tuple(offer for offer in self.offers if isinstance(offer, FundingOffer))

    @cached_property
    def technical(self) -> tuple[TechnicalOffer, ...]:
        """Technical offers, sorted by id."""
        return tuple(offer for offer in self.offers if isinstance(offer, TechnicalOffer))

    def needs_of(self, state: str) -> tuple[Need, ...]:
        """Returns the needs of one State, sorted by id."""
        return self._needs_of.get(state, ())

    @cached_property
    def _needs_of(self) -> dict[str, tuple[Need, ...]]:
        found: dict[str, list[Need]] = defaultdict(list)
        for need in self.needs:
            found[need.state].append(need)
        return {state: tuple(needs) for state, needs in found.items()}

    def forbids_on(self, need: Need, offers: Iterable[str]) -> Iterator[Forbid]:
        """Yields the forbids that may concern options of a need with some offers: by need, offer and State."""
        places = (("need", need.id), *(("offer", offer) for offer in offers), ("state", need.state), None)
        return (forbid for place in places for forbid in self._forbids_at.get(place, ()))

    @cached_property
    def _forbids_at(self) -> dict[tuple[str, str] | None, list[Forbid]]:
        """Forbids by the first of need, offer and State that they name; under None those that name none of them."""
        found: dict[tuple[str, str] | None, list[Forbid]] = defaultdict(list)
        for forbid in self.decisions.forbids:
            named = [(name, getattr(forbid, name)) for name in ("need", "offer", "state")]
            found[next((place for place in named if place[1] is not None), None)].append(forbid)
        return found

    @cached_property
    def earlier(self) -> dict[tuple[str, str, int], int]:
        """What the earlier portfolio gave by offer, State and year of the horizon: minor units, or granules."""
        found = {}
        for each in self.decisions.earlier:
            offer = self.offer(each.offer)
            unit = self.capability(offer.capability).granule if isinstance(offer, TechnicalOffer) else 1
            for year in self.years:
                if each.amounts.at(year):
                    found[each.offer, each.state, year] = each.amounts.at(year) // unit
        return found

    def window(self, entity: Need | FundingOffer | TechnicalOffer) -> range:
        """Returns the years of a need or offer that lie inside the horizon (may be empty)."""
        years = entity.years or self.horizon
        return range(max(years.first, self.horizon.first), min(years.last, self.horizon.last) + 1)

    def order(self) -> tuple[Goal, ...]:
        """Returns the lexicographic order sought; empty where weights are given."""
        if self.objectives.weights is not None:
            return ()
        return self.objectives.order or DEFAULT_ORDER

    @cached_property
    def sought(self) -> frozenset[str]:
        """Objectives that the scenario pursues: those weighed, or those of the order and of its closing pursuit."""
        if self.objectives.weights is not None:
            return frozenset(each.objective for each in self.objectives.weights)
        return frozenset((*(part.objective for goal in self.order() for part in goal.parts), *self.closing))

    @property
    def closing(self) -> tuple[str, ...]:
        """Objectives pursued once more after an order of several entries, with all entries kept."""
        return CLOSING if len(self.order()) > 1 else ()

    def ongoing(self, offer: str, state: str) -> Ongoing | None:
        """Returns what is known of an offer's work in a State in the year before the horizon; None without any."""
        return next((each for each in self.offer(offer).ongoing if each.state == state), None)

    @cached_property
    def ongoing_links(self) -> dict[tuple[str, str], int | None]:
        """Provider and State of each link that worked in the year before the horizon, with its money then.

        The money is in minor units, and None where no funding offer of the provider states it.
        """
        found: dict[tuple[str, str], int | None] = {}
        for offer in self.offers:
            for each in offer.ongoing:
                if not self.is_external(offer.id, each.state):
                    continue
                pair = (offer.provider, each.state)
                before = found.get(pair)
                if isinstance(offer, FundingOffer) and each.amount is not None:
                    before = (before or 0) + self.converted(offer, each.amount)
                found[pair] = before
        return found

    def least_given(self, offer: str, state: str) -> int:
        """Returns the least that an external offer gives in a working year: minor units, or granules."""
        found = self.offer(offer)
        if isinstance(found, FundingOffer):
            least = self.converted(found, found.min_per_state, up=True)
            return least or max(1, min(self.least_engagement or 1, self._cheapest.get(state, 0)))
        granule = self.capability(found.capability).granule
        if found.min_per_state:
            return -(-found.min_per_state // granule)
        value = self.granule_value(found)
        if self.least_engagement is None or not value:
            return 1
        return max(1, ceil(min(self.least_engagement, self._cheapest.get(state, 0)) / value))

    def cheapest_cost(self, state: str) -> int:
        """Returns what all needs of a State cost at their cheapest, in minor units; 0 where nothing has a price."""
        return self._cheapest.get(state, 0)

    def most_in_a_year(self, state: str, capability: str) -> int:
        """Returns the granules of a capability that all needs of a State can take in one year."""
        return self._year_caps.get((state, capability), 0)

    def dearest_year(self, state: str) -> int:
        """Returns what that costs, of all capabilities, where the dearest offer does the work, in minor units."""
        return self._dearest_years.get(state, 0)

    @cached_property
    def _year_caps(self) -> dict[tuple[str, str], int]:
        """What is known of `most_in_a_year`."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        for need in self.needs:
            left = need.quantity - need.delivered
            most = left if need.max_per_year is None else min(left, need.max_per_year)
            found[need.state, need.capability] += most // self.capability(need.capability).granule
        return found

    @cached_property
    def _dearest_years(self) -> dict[str, int]:
        """What is known of `dearest_year`."""
        price: dict[str, int] = defaultdict(int)
        for offer in self.technical:
            price[offer.capability] = max(price[offer.capability], self.granule_price(offer))
        found: dict[str, int] = defaultdict(int)
        for (state, capability), most in self._year_caps.items():
            found[state] += most * price[capability]
        return found

    @cached_property
    def _cheapest(self) -> dict[str, int]:
        """What all needs of each State cost at their cheapest, in minor units."""
        price: dict[str, int] = {}
        for offer in self.technical:
            each = self.granule_price(offer)
            if each:
                price[offer.capability] = min(each, price.get(offer.capability, each))
        found: dict[str, int] = defaultdict(int)
        for need in self.needs:
            found[need.state] += (
                need.quantity // self.capability(need.capability).granule * price.get(need.capability, 0)
            )
        return dict(found)

    def granule_value(self, offer: TechnicalOffer) -> Fraction:
        """Returns what a granule of work counts for where work is valued, in minor units: its reference price, else
        its own."""
        capability = self.capability(offer.capability)
        if capability.reference_price is None:
            return Fraction(self.granule_price(offer))
        return Fraction(capability.reference_price) * capability.granule

    def is_external(self, offer: str, state: str) -> bool:
        """Returns whether the offer comes from someone else than the State itself."""
        return self.provider(self.offer(offer).provider).state != state

    def granule_price(self, offer: TechnicalOffer) -> int:
        """Returns minor units of the scenario's currency per granule (rounded up from foreign money)."""
        granule = self.capability(offer.capability).granule
        if offer.currency in (None, self.currency.code):
            return floor_share(granule, offer.price)  # exact: consistency has made sure of it
        rate = self._by_id["rates"][offer.currency].rate
        return ceil_share(granule, Fraction(offer.price) * Fraction(rate))

    def converted(self, offer: FundingOffer, amount: int, *, up: bool = False) -> int:
        """Returns money of an offer in the scenario's currency, rounded down (or up) to a minor unit."""
        if offer.currency in (None, self.currency.code):
            return amount
        rate = self._by_id["rates"][offer.currency].rate
        return ceil_share(amount, rate) if up else floor_share(amount, rate)

    def money_by_year(self, offer: FundingOffer) -> list[int]:
        """Returns the offer's new money in each year of the horizon, in minor units, less what is owed from before.

        What a year's own money does not cover of its debts is kept from the years before it, as far as money may be
        carried over; what is owed beyond that is not carried on.
        """
        if offer.id not in self._new_money:
            money = [self.money_less_debts(offer, year) for year in self.years]
            if offer.debts is not None:
                for at in range(len(money) - 1, -1, -1):
                    short, money[at] = max(-money[at], 0), max(money[at], 0)
                    if at and short and offer.carry_over > 0:
                        money[at - 1] -= ceil_share(short, 1 / Fraction(offer.carry_over))
            self._new_money[offer.id] = money
        return list(self._new_money[offer.id])

    @cached_property
    def _new_money(self) -> dict[str, list[int]]:
        """What is known of `money_by_year`, by offer."""
        return {}

    def money_less_debts(self, offer: FundingOffer, year: int) -> int:
        """Returns a year's amount with what is left from before the horizon, less the debts of that year alone.

        In minor units; below 0 where they are more.
        """
        owed = 0 if offer.debts is None else self.converted(offer, offer.debts.at(year), up=True)
        if year not in self.window(offer):
            return -owed
        money = self.converted(offer, offer.amount.at(year)) - owed
        return money if offer.carried_in is None else money + self.converted(offer, offer.carried_in.at(year))

    def most_money(self, offer: FundingOffer) -> list[int]:
        """Returns the most money an offer can spend in each year of the horizon: all that came before carried over."""
        if offer.id not in self._most_money:
            free, found = 0, []
            for each in self.money_by_year(offer):
                free = each + floor_share(free, offer.carry_over)
                found.append(free)
            self._most_money[offer.id] = found
        return self._most_money[offer.id]

    @cached_property
    def _most_money(self) -> dict[str, list[int]]:
        """What is known of `most_money`, by offer."""
        return {}

    def capacity_by_year(self, offer: TechnicalOffer) -> list[int]:
        """Returns the whole granules the offer can deliver in each year of the horizon."""
        granule = self.capability(offer.capability).granule
        return self._in_window(offer, lambda year: offer.capacity.at(year) // granule)

    def _in_window(self, offer: FundingOffer | TechnicalOffer, amount: Callable[[int], int]) -> list[int]:
        """An amount for each year of the horizon; 0 outside the offer's own years."""
        window = self.window(offer)
        return [amount(year) if year in window else 0 for year in self.years]

    def money_at(self, offer: FundingOffer, year: int) -> int:
        """Returns the offer's new money in a year, in minor units; 0 outside its own years."""
        return self.money_by_year(offer)[year - self.horizon.first] if year in self.horizon else 0

    def capacity_at(self, offer: TechnicalOffer, year: int) -> int:
        """Returns the whole granules the offer can deliver in a year; 0 outside its own years."""
        if year not in self.window(offer):
            return 0
        return offer.capacity.at(year) // self.capability(offer.capability).granule

    @classmethod
    def read(cls, data: object) -> tuple[Scenario | None, list[Fault]]:
        """Returns the scenario that plain data describe, or None with every fault found (paths lead into `data`)."""
        values, faults = read_values(data)
        return (None if values is None else cls(**values)), faults

    @classmethod
    def from_data(cls, data: object, source: str | None = None) -> Scenario:
        """Returns the scenario that plain data describes.

        Raises
        ------
        InvalidScenario
            with every fault that can be told, of fields and of consistency alike.
        """
        scenario, faults = cls.read(data)
        if scenario is None:
            raise InvalidScenario(faults, source)
        return scenario
