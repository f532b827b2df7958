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

from matcher.scenario.entities import Entity, FundingOffer, Need, Provider, State
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
    """For each, what is its own, in the same order: the ids of a State's needs, or of a provider's offers."""

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
    own = {provider.state for provider in scenario.providers}
    like: dict[object, list[State]] = defaultdict(list)
    for state in scenario.states:
        needs = scenario.needs_of(state.id)
        if state.id in own or state.id in named or any(need.id in named or need.after for need in needs):
            continue
        seen = tuple(sorted(_plain(need, "state") for need in needs))
        like[_plain(state), seen, tuple(_as_seen(scenario, state.id))].append(state)
    for states in like.values():
        if len(states) > 1 and any(scenario.needs_of(state.id) for state in states):
            parts = tuple(_sorted_needs(scenario, state.id) for state in states)
            yield Alike("states", tuple(state.id for state in states), parts)


def _sorted_needs(scenario: Scenario, state: str) -> tuple[str, ...]:
    needs: list[Need] = sorted(scenario.needs_of(state), key=lambda need: (_plain(need, "state"), need.id))
    return tuple(need.id for need in needs)


def _as_seen(scenario: Scenario, state: str) -> Iterator[object]:
    """How each offer sees a State: whether it names it, how it fits, and what it did there before."""
    for offer in scenario.offers:
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
