"""Exceptions and faults of the engine.

::

    MatcherError
    ├── InvalidInput            bad data from outside; carries every Fault found
    │   ├── InvalidScenario     a scenario that cannot be understood
    │   └── InvalidPortfolio    a portfolio file that cannot be understood
    ├── InvalidOptions          solve options that contradict each other or the scenario
    ├── InvalidEdit             a change of ours that left a scenario invalid: never the user's fault
    └── VerificationFailed      a portfolio of ours that the independent checker refused

An exception says what was found, what was expected and the way out. Several faults are
collected and raised together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

Path = tuple[str | int, ...]

MOST_COMPARED = 2000
"""Names among which one that is like another is looked for: letter by letter, more would take seconds."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a piece of input, with where it stands and what would be right."""

    path: Path
    """Keys and positions that lead from the top of the document to the faulty value."""
    found: str
    """The offending value or situation, in the words of the file."""
    expected: str
    """What would have been accepted there."""
    suggestion: str | None = None
    """The nearest valid name or value, when one is near."""
    place: str | None = None
    """``file:line:column`` (or ``sheet!cell``), filled in by the reader that knows it."""

    def at(self, place: str | None) -> Fault:
        """Returns the same fault, placed."""
        return replace(self, place=place)

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.path) or "(whole document)"
        start = f"{self.place}: {where}" if self.place else where
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{start}: found {self.found}; expected {self.expected}{hint}"


class MatcherError(Exception):
    """Base of every error that the library raises on purpose."""


class InvalidInput(MatcherError):
    """Input that was refused, with all of its faults."""

    def __init__(self, faults: Sequence[Fault], source: str | None = None) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.source = source
        count = len(self.faults)
        head = f"{source or 'input'}: {count} fault{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[tuple[Fault, ...], str | None]]:
        """Lets the error travel between processes whole."""
        return type(self), (self.faults, self.source)


class InvalidScenario(InvalidInput):
    """A scenario that cannot be understood or contradicts itself."""


class InvalidPortfolio(InvalidInput):
    """A portfolio document that cannot be understood."""


class InvalidOptions(MatcherError):
    """Solve options that contradict each other or the scenario."""


class InvalidEdit(MatcherError):
    """A change that the engine made to a scenario for its own purposes left one that is not valid: an error of ours."""


class VerificationFailed(MatcherError):
    """The independent checker refused a portfolio that the engine was about to publish."""


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Returns the known name most like `name`, or None when none is near (ties: first in order)."""
    if not isinstance(name, str):
        return None
    names, folded = set(known), name.casefold()
    same = [entry for entry in names if entry.casefold() == folded]
    if same:
        return min(same)
    if len(names) > MOST_COMPARED:
        return None
    close = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.6)
    return close[0] if close else None
