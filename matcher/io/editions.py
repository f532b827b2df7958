"""Scenario files of the first edition, brought to the second: what changes in the text, and what it now means.

Files of version 1 are read as they are, with the meaning of version 2. To bring one over changes its text in the few
places where a word changed, and leaves all else as it stands, comments included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from matcher.io.document import HeldItems, Lines, Node, Place
from matcher.io.overrides import overrides_of
from matcher.scenario import Scenario
from matcher.scenario.within_reach import OwnBounds

Code = Literal[
    "version", "tolerance", "order", "closing", "discount", "set_aside", "little_room", "beyond", "pins", "twice"
]
"""version: the number of the format. tolerance: a key by another name. order: no order is given, and the default is
another. closing: an order of several is followed by two objectives more. discount: the least served State is counted
without it. set_aside: States out of reach do not count as the least served. little_room: nor do those with less room
than others, once they have all that they can have. beyond: minimum years that the horizon cuts off are owed. pins: a
pinned year is one of work. twice: the same commitment twice counts twice."""
VERSION = 2
"""The edition that files are brought to."""


@dataclass(frozen=True)
class Change:
    """Something that is written or meant otherwise."""

    code: Code
    lines: tuple[int, ...] = ()
    """Lines of the file that change; none where only the meaning does."""
    subjects: tuple[str, ...] = ()
    """Ids or positions that it concerns."""


def migrated(text: str, root: Node, scenario: Scenario) -> tuple[str, tuple[Change, ...]] | None:
    """Returns the text of a file of version 1 as one of version 2, and what is written or meant otherwise.

    None where the file is of version 2 already.

    Parameters
    ----------
    text, root, scenario
        The file's text, the tree read from it, and the scenario that it holds.
    """
    version = _at(root, "matcher")
    if version is None or version.value == VERSION:
        return None
    renamed = list(_renamed(root))
    found = [Change("version", (version.place.line,))]
    if renamed:
        found.append(Change("tolerance", tuple(dict.fromkeys(place.line for place in renamed))))
    edits = [(version.place, str(version.value), str(VERSION)), *((place, "give_up", "tolerance") for place in renamed)]
    return _edited(text, edits), (*found, *_meanings(scenario))


def _at(node: Node, *path: str) -> Node | None:
    """What stands under some keys."""
    found: Node | None = node
    for key in path:
        found = found.value.get(key) if found is not None and isinstance(found.value, Mapping) else None
    return found


def _renamed(root: Node) -> Iterator[Place]:
    """Yields where keys of orders stand that have another name now, in the scenario and in its overrides."""
    for scenario in (root, *overrides_of(root).values()):
        order = _at(scenario, "objectives", "order")
        for goal in () if order is None else _items(order):
            key = _at(goal, "give_up")
            if key is not None and key.key is not None:
                yield key.key


def _items(node: Node) -> Iterable[Node]:
    if isinstance(node.value, HeldItems):
        return [node.value.item(at) for at in range(len(node.value.data))]
    return node.value if isinstance(node.value, tuple) else ()


def _edited(text: str, edits: Iterable[tuple[Place, str, str]]) -> str:
    """Returns a text with words replaced where they stand, quotes before them left alone."""
    lines = Lines(text)
    for place, old, new in sorted(edits, reverse=True):  # from the end, so that places hold
        start = text.index(old, lines.offset(place))
        text = text[:start] + new + text[start + len(old) :]
    return text


def _meanings(scenario: Scenario) -> list[Change]:
    """What a scenario means otherwise than in the first edition."""
    found = []
    if scenario.objectives.order is None and scenario.objectives.weights is None:
        found.append(Change("order"))
    elif scenario.closing:
        found.append(Change("closing"))
    if "worst_off" in scenario.sought:
        found += _least_served(scenario)
    cut = tuple(offer.id for offer in scenario.offers if offer.min_years > 1 and _ends_later(scenario, offer.id))
    if cut:
        found.append(Change("beyond", subjects=cut))
    pins = tuple(
        f"{pin.offer} {pin.state}"
        for pin in scenario.decisions.pins
        if pin.years is not None and pin.years.first < pin.years.last and not scenario.offer(pin.offer).min_per_state
    )
    if pins:
        found.append(Change("pins", subjects=pins))
    agreed = Counter(
        (each.financier, each.implementer, each.need, each.year) for each in scenario.decisions.commitments
    )
    twice = tuple(f"{implementer} {need} {year}" for (_, implementer, need, year), n in agreed.items() if n > 1)
    if twice:
        found.append(Change("twice", subjects=twice))
    return found


def _least_served(scenario: Scenario) -> list[Change]:
    """What the least served State means otherwise."""
    found = [Change("discount")] if scenario.objectives.discount != 1 else []
    bounds = OwnBounds(scenario)
    weighted = {need.state for need in scenario.needs if need.weight and need.delivered < need.quantity}
    away = tuple(state.id for state in scenario.states if state.id in weighted - bounds.counted)
    room = {state.id: bounds.bound(state.id) for state in scenario.states if state.id in bounds.counted}
    little = tuple(state for state, most in room.items() if most < max(room.values()))
    found += [Change("set_aside", subjects=away)] if away else []
    return [*found, Change("little_room", subjects=little)] if little else found


def _ends_later(scenario: Scenario, offer: str) -> bool:
    """Whether an offer's own years go on past the horizon."""
    years = scenario.offer(offer).years
    return years is None or years.last > scenario.horizon.last
