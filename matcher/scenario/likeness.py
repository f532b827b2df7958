"""Classes of States, and of providers, that are equal but for their names.

Nothing in a scenario says which of them should have more: whoever comes first in the alphabet would always win. Only
what cannot be told apart at all is of one class: whatever names one of them, be it an offer's list of States or a
decision of the user, tells it apart unless it names all of them alike.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from matcher.scenario.entities import Entity, FundingOffer, Provider, State
from matcher.scenario.scenario import Scenario

_NAMES = frozenset({"id", "name", "provenance"})
Kind = Literal["states", "providers"]


@dataclass(frozen=True)
class Alike:
    """A class of entities that are equal but for their names."""

    kind: Kind
    members: tuple[str, ...]
    """Their ids, sorted."""
    parts: tuple[tuple[str, ...], ...]
    """For each, what is its own, in the same order: ids of a State's needs, programmes and their offers, or of a
    provider's offers."""

    def drawn(self, seed: int) -> dict[str, str]:
        """Returns, for each id of a member or of its own, the id that takes its place by lot.

        Lots are the hashes of the scenario's seed and the id: the same each time, and of no alphabet.
        """
        lots = sorted(range(len(self.members)), key=lambda at: _lot(seed, self.members[at]))
        found = {}
        for role, member in enumerate(lots):
            found[self.members[role]] = self.members[member]
            found.update(zip(self.parts[role], self.parts[member], strict=True))
        return found


def _lot(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def classes_of(scenario: Scenario) -> tuple[Alike, ...]:
    """Returns every class of at least two States, or of two providers, of a scenario."""
    named = _named_in_decisions(scenario)
    return (*_like_states(scenario, named), *_like_providers(scenario, named))


def _plain(entity: Entity, *but: str) -> str:
    """All that an entity says of itself but its names, as text that is equal where it is."""
    return repr(sorted((key, repr(value)) for key, value in entity if key not in _NAMES and key not in but))


def _named_in_decisions(scenario: Scenario) -> frozenset[str]:
    """Ids that decisions of the user, or an earlier portfolio, speak of."""
    found: set[str] = set()
    for name in type(scenario.decisions).model_fields:
        for decision in getattr(scenario.decisions, name):
            found.update(value for _, value in decision if isinstance(value, str))
    return frozenset(found)


def _like_states(scenario: Scenario, named: frozenset[str]) -> Iterator[Alike]:
    own = _own_offers(scenario)
    like: dict[object, list[tuple[State, tuple[str, ...]]]] = defaultdict(list)
    for state in scenario.states:
        needs, offers = _needs(scenario, state.id), own.get(state.id, [])
        mine = (*(key for _, key in needs), *(key for _, key in offers))
        if state.id in named or named & set(mine) or _ambiguous(scenario, state.id, needs):
            continue
        seen = tuple(text for text, _ in needs), tuple(text for text, _ in offers)
        others = tuple(_as_seen(scenario, state.id, {key for each in own.values() for _, key in each}))
        like[_plain(state), seen, others].append((state, mine))
    for states in like.values():
        if len(states) > 1 and any(scenario.needs_of(state.id) for state, _ in states):
            yield Alike("states", tuple(state.id for state, _ in states), tuple(mine for _, mine in states))


def _needs(scenario: Scenario, state: str) -> list[tuple[str, str]]:
    """What each need of a State says, what it comes after by what that says, and its id; in order."""
    text = {need.id: _plain(need, "state", "after") for need in scenario.needs_of(state)}
    after = {
        need.id: sorted((text.get(first.need, first.need), first.lag, first.head_start) for first in need.after)
        for need in scenario.needs_of(state)
    }
    return sorted((f"{text[key]} {after[key]}", key) for key in text)


def _ambiguous(scenario: Scenario, state: str, needs: list[tuple[str, str]]) -> bool:
    """Whether needs that come after others are so alike that who comes after whom could be mixed up."""
    ordered = any(need.after for need in scenario.needs_of(state))
    return ordered and len({text for text, _ in needs}) < len(needs)


def _own_offers(scenario: Scenario) -> dict[str, list[tuple[str, str]]]:
    """What each State's own programmes and their offers say, and their ids, in order; the State itself unnamed.

    Where one advances money, or repays an advance, nothing is like it: its text has its own id.
    """
    home = {provider.id: provider.state for provider in scenario.providers if provider.state is not None}
    tied = {offer.repayment.offer for offer in scenario.funding if offer.repayment is not None}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for provider in scenario.providers:
        if provider.state is not None:
            found[provider.state].append((_plain(provider, "state"), provider.id))
    for offer in scenario.offers:
        state = home.get(offer.provider)
        if state is not None:
            advances = isinstance(offer, FundingOffer) and offer.repayment is not None
            text = _plain(offer, "provider").replace(repr(state), "itself")
            found[state].append((offer.id if advances or offer.id in tied else text, offer.id))
    return {state: sorted(each) for state, each in found.items()}


def _as_seen(scenario: Scenario, state: str, own: set[str]) -> Iterator[object]:
    """How each offer that is of no State sees a State: whether it names it, how it fits, what it did there before."""
    for offer in (each for each in scenario.offers if each.id not in own):
        before = scenario.ongoing(offer.id, state)
        yield (
            offer.states is None or state in offer.states,
            offer.fit.get(state, offer.fit_otherwise),
            None if before is None else (before.since, before.amount),
        )


def _like_providers(scenario: Scenario, named: frozenset[str]) -> Iterator[Alike]:
    offers: dict[str, list[Any]] = defaultdict(list)
    for offer in scenario.offers:
        offers[offer.provider].append(offer)
    tied = {offer.repayment.offer for offer in scenario.funding if offer.repayment is not None}
    like: dict[object, list[Provider]] = defaultdict(list)
    for provider in scenario.providers:
        mine = offers[provider.id]
        names = {provider.id, *(offer.id for offer in mine)}
        advances = any(isinstance(offer, FundingOffer) and offer.repayment is not None for offer in mine)
        if not mine or provider.state is not None or names & named or names & tied or advances:
            continue
        like[_plain(provider), tuple(sorted(_plain(offer, "provider") for offer in mine))].append(provider)
    for providers in like.values():
        if len(providers) > 1:
            yield Alike(
                "providers",
                tuple(provider.id for provider in providers),
                tuple(_sorted_offers(offers, provider.id) for provider in providers),
            )


def _sorted_offers(offers: Mapping[str, list[Any]], provider: str) -> tuple[str, ...]:
    return tuple(offer.id for offer in sorted(offers[provider], key=lambda each: (_plain(each, "provider"), each.id)))
