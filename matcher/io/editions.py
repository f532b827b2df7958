"""Scenario files of the first edition, brought to the second: what changes in the text, and what it now means.

Files of version 1 are read as they are, with the meaning of version 2. To bring one over changes its text in the few
places where a word changed, and leaves all else as it stands, comments included.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from matcher.scenario import Scenario

Code = Literal["version", "tolerance", "order", "beyond", "pins", "twice"]
"""version: the number of the format. tolerance: a key by another name. order: no order is given, and the default is
another. beyond: minimum years that the horizon cuts off are owed. pins: a pinned year is one of work. twice: the same
commitment twice counts twice."""
_VERSION = re.compile(r'^(\s*\{?\s*"?matcher"?\s*:\s*)1(?=\s*[,}#\r\n]|\s*$)', re.MULTILINE)
_TOLERANCE = re.compile(r'\bgive_up(?="?\s*:)')


@dataclass(frozen=True)
class Change:
    """Something that is written or meant otherwise."""

    code: Code
    lines: tuple[int, ...] = ()
    """Lines of the file that change; none where only the meaning does."""
    subjects: tuple[str, ...] = ()
    """Ids or positions that it concerns."""


def migrated(text: str, scenario: Scenario) -> tuple[str, tuple[Change, ...]]:
    """Returns the text of a file of version 1 as one of version 2, and what is written or meant otherwise.

    Parameters
    ----------
    text, scenario
        The file's text, and the scenario that it holds.
    """
    found = []
    for code, pattern in (("version", _VERSION), ("tolerance", _TOLERANCE)):
        lines = tuple(dict.fromkeys(text.count("\n", 0, each.end()) + 1 for each in pattern.finditer(text)))
        if lines:
            found.append(Change(code, lines))  # type: ignore[arg-type]
    new = _TOLERANCE.sub("tolerance", _VERSION.sub(r"\g<1>2", text))
    return new, (*found, *_meanings(scenario))


def _meanings(scenario: Scenario) -> list[Change]:
    """What a scenario means otherwise than in the first edition."""
    found = []
    if scenario.objectives.order is None and scenario.objectives.weights is None:
        found.append(Change("order"))
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


def _ends_later(scenario: Scenario, offer: str) -> bool:
    """Whether an offer's own years go on past the horizon."""
    years = scenario.offer(offer).years
    return years is None or years.last > scenario.horizon.last
