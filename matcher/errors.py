"""Exceptions and faults of the engine.

::

    MatcherError
    ├── InvalidInput            bad data from outside; carries every Fault found
    │   ├── InvalidScenario     a scenario that cannot be understood
    │   ├── InvalidPortfolio    a portfolio file that cannot be understood
    │   └── InvalidResult       a saved result that cannot be understood
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
from functools import cached_property
from heapq import nsmallest

Path = tuple[str | int, ...]

MOST_COMPARED = 2000
"""Names among which one that is like another is looked for: letter by letter, more would take seconds."""
MOST_LETTERS = 100
"""Letters of a name for which one that is like it is looked for, and of a key as a fault's path shows it."""
MOST_EFFORT = 2_000_000
"""Pairs of letters, one of a wrong name and one of a known, that are looked at for all wrong names together."""
MOST_FAULTS = 2000
"""Faults that an error carries and tells; of more it says how many."""


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
        where = ".".join(_key(part) for part in self.path) or "(whole document)"
        start = f"{self.place}: {where}" if self.place else where
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{start}: found {self.found}; expected {self.expected}{hint}"


def _key(part: str | int) -> str:
    text = str(part)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 3]}..."


class MatcherError(Exception):
    """Base of every error that the library raises on purpose."""


class InvalidInput(MatcherError):
    """Input that was refused, with its faults: all of them, up to `MOST_FAULTS`."""

    def __init__(self, faults: Sequence[Fault], source: str | None = None, more: int = 0) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults[:MOST_FAULTS])
        self.more = more + len(faults) - len(self.faults)
        """Faults that were found beyond these."""
        self.source = source
        super().__init__("\n".join([self.summary, *(f"  {fault}" for fault in self.faults), *self._rest]))

    @property
    def _rest(self) -> list[str]:
        return [f"  and {self.more} more"] if self.more else []

    @property
    def summary(self) -> str:
        """How many faults there are, and where."""
        count = len(self.faults) + self.more
        return f"{self.source or 'input'}: {count} fault{'s' if count != 1 else ''}"

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[tuple[Fault, ...], str | None, int]]:
        """Lets the error travel between processes whole."""
        return type(self), (self.faults, self.source, self.more)


class InvalidScenario(InvalidInput):
    """A scenario that cannot be understood or contradicts itself."""


class InvalidPortfolio(InvalidInput):
    """A portfolio document that cannot be understood."""


class InvalidResult(InvalidInput):
    """A saved result that cannot be understood."""


class InvalidOptions(MatcherError):
    """Solve options that contradict each other or the scenario."""


class InvalidEdit(MatcherError):
    """A change that the engine made to a scenario for its own purposes left one that is not valid: an error of ours."""


class VerificationFailed(MatcherError):
    """The independent checker refused a portfolio that the engine was about to publish."""


class Names:
    """Names that exist, among which those most like wrong ones are looked for, within an effort for all of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.known = frozenset(names)
        self._left = MOST_EFFORT

    @cached_property
    def few(self) -> str:
        """The first few in order, and that there are more."""
        return ", ".join(nsmallest(8, self.known)) + (", ..." if len(self.known) > 8 else "")

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {name.casefold(): name for name in reversed(self._in_order)}

    @cached_property
    def _in_order(self) -> list[str]:
        return sorted(self.known)

    @cached_property
    def _letters(self) -> int:
        return sum(map(len, self.known))

    def nearest(self, name: object) -> str | None:
        """Returns the name most like another; None if none is near, or the effort is spent (ties: first in order)."""
        if not isinstance(name, str) or len(name) > MOST_LETTERS:
            return None
        same = self._folded.get(name.casefold())
        effort = len(name) * self._letters
        if same is not None or len(self.known) > MOST_COMPARED or effort > self._left:
            return same
        self._left -= effort
        close = difflib.get_close_matches(name, self._in_order, n=1, cutoff=0.6)
        return close[0] if close else None


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Returns the known name most like `name`, or None when none is near (ties: first in order)."""
    return Names(known).nearest(name)
