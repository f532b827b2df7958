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
    own = _own(scenario)
    at_home = {key for each in own.values() if each is not None for _, key in each}
    like: dict[object, list[tuple[State, tuple[str, ...]]]] = defaultdict(list)
    for state in scenario.states:
        needs, programmes = _needs(scenario, state.id), own.get(state.id, [])
        if needs is None or programmes is None:
            continue
        mine = (*(key for _, key in needs), *(key for _, key in programmes))
        if state.id in named or named & set(mine):
            continue
        seen = tuple(text for text, _ in needs), tuple(text for text, _ in programmes)
        like[_plain(state), seen, tuple(_as_seen(scenario, state.id, at_home))].append((state, mine))
    for states in like.values():
        if len(states) > 1 and any(scenario.needs_of(state.id) for state, _ in states):
            yield Alike("states", tuple(state.id for state, _ in states), tuple(mine for _, mine in states))


def _needs(scenario: Scenario, state: str) -> list[tuple[str, str]] | None:
    """What each need of a State says, what it comes after by what that says, and its id; in order.

    None where some come after others, and are so alike that who comes after whom could be mixed up.
    """
    needs = scenario.needs_of(state)
    text = {need.id: _plain(need, "state", "after") for need in needs}
    if any(need.after for need in needs) and len(set(text.values())) < len(text):
        return None
    after = {
        need.id: sorted((text.get(first.need, first.need), first.lag, first.head_start) for first in need.after)
        for need in needs
    }
    return sorted((f"{text[key]} {after[key]}", key) for key in text)


def _own(scenario: Scenario) -> dict[str, list[tuple[str, str]] | None]:
    """What each State's own programme and its offers say, and their ids, in order; the State itself unnamed.

    None where it has several programmes, or where they do anything abroad, advance money or repay an advance: nothing
    is like that.
    """
    home = {provider.id: provider for provider in scenario.providers if provider.state is not None}
    tied = {offer.repayment.offer for offer in scenario.funding if offer.repayment is not None}
    found: dict[str, list[tuple[str, str]] | None] = {}
    for provider in home.values():
        assert provider.state is not None
        alone = provider.state not in found
        found[provider.state] = [(_plain(provider, "state"), provider.id)] if alone else None
    for offer in (each for each in scenario.offers if each.provider in home):
        state = home[offer.provider].state
        assert state is not None
        own = found[state]
        advances = isinstance(offer, FundingOffer) and offer.repayment is not None
        abroad = offer.states != (state,) or not {*offer.fit, *(each.state for each in offer.ongoing)} <= {state}
        if own is None or advances or abroad or offer.id in tied:
            found[state] = None
        else:
            own.append((_plain(offer, "provider").replace(repr(state), "itself"), offer.id))
    return {state: None if each is None else sorted(each) for state, each in found.items()}


def _as_seen(scenario: Scenario, state: str, at_home: set[str]) -> Iterator[object]:
    """How each offer that does not stay at home sees a State: whether it names it, how it fits, what it did before."""
    for offer in (each for each in scenario.offers if each.id not in at_home):
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
