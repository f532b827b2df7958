"""A document as read from text: a tree of values that know where they stand, and what is wrong with it."""

from __future__ import annotations

import bisect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from matcher.errors import Fault, Path

MAX_DEPTH = 40
"""Most levels of mappings and lists inside each other."""
MAX_FAULTS = 1000
"""Faults after which reading stops: nobody mends more in one go."""
MAX_BARE = 50_000
"""Most values in one list or mapping that are no mappings of fields themselves: far more than there are States."""

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Place(NamedTuple):
    """Line and column of a character, both counted from 1."""

    line: int
    column: int


START = Place(1, 1)


class Lines:
    """Turns offsets in a text into places."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _LINE_BREAK.finditer(self._text))]

    def at(self, offset: int) -> Place:
        """Returns the place of the character at an offset; of the first, without looking for line breaks."""
        if offset == 0:
            return START
        line = bisect.bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)

    def offset(self, place: Place) -> int:
        """Returns the offset of the character at a place: what `at` is the inverse of."""
        return self._starts[place.line - 1] + place.column - 1


class Refused:
    """Stands in the data for a value that the reader has already found fault with."""

    def __repr__(self) -> str:
        return "<refused by the reader>"


REFUSED = Refused()

Key = str | int
Scalar = str | int | bool | Decimal | Refused | None


class HeldItems(ABC):
    """Items of a list that was read as plain data, and whose places are looked up when asked for."""

    data: list[Any]
    """The items as plain data."""

    @abstractmethod
    def item(self, position: int) -> Node:
        """Returns the item at a position that the list has."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document, and where it and its key stand."""

    value: Scalar | tuple[Node, ...] | HeldItems | Mapping[Key, Node]
    """A scalar, the items of a list, or the fields of a mapping."""
    place: Place
    """Where the value starts."""
    key: Place | None = None
    """Where the key starts under which it stands, if it stands in a mapping."""

    def plain(self) -> object:
        """Returns the value as plain dictionaries, lists and scalars, none of which is to be changed."""
        held = getattr(self.value, "data", None)
        if held is not None:
            return held
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def place_of(self, fault: Fault) -> Place:
        """Returns where a fault stands: at its value, its key, or (a missing field) what should hold it.

        A value that starts on a later line than its key is placed at the key: that is the line on
        which a reader looks for it. So is a fault of the key itself: one whose `found` ends with it.
        """
        node = self
        for part in fault.path:
            inner = node._child(part)
            if inner is None:
                return node._start()
            node = inner
        about_key = bool(fault.path) and fault.found.endswith(repr(fault.path[-1]))
        return node.key if about_key and node.key else node._start()

    def _child(self, part: Key) -> Node | None:
        if isinstance(self.value, Mapping):
            return self.value.get(part)
        if isinstance(self.value, tuple) and isinstance(part, int) and part < len(self.value):
            return self.value[part]
        if isinstance(self.value, HeldItems) and isinstance(part, int) and part < len(self.value.data):
            return self.value.item(part)
        return None

    def _start(self) -> Place:
        return self.key if self.key and self.key.line < self.place.line else self.place


class UnreadableError(Exception):
    """The rest of the document cannot be told: what was found so far is all there is to say."""


@dataclass
class Findings:
    """Faults of one document with their places, in the order of finding."""

    found: list[tuple[Place, Fault]] = field(default_factory=list)

    def add(self, place: Place, fault: Fault) -> None:
        """Notes one fault; gives the document up when there are too many."""
        self.found.append((place, fault))
        if len(self.found) >= MAX_FAULTS:
            more = Fault((), f"{MAX_FAULTS} faults", "fewer: reading stopped here")
            self.found.append((place, more))
            raise UnreadableError

    def give_up(self, place: Place, fault: Fault) -> UnreadableError:
        """Notes one fault after which nothing more can be told, and returns what to raise."""
        self.found.append((place, fault))
        return UnreadableError()

    def duplicate(self, place: Place, path: Path, first: Place) -> None:
        """Notes a key that stands twice in one mapping."""
        self.add(place, Fault(path, f"the key {path[-1]!r} again", f"each key once (it stands in line {first.line})"))

    def placed(self, source: str) -> list[Fault]:
        """Returns all faults in the order of the file, each with its place."""
        in_order = sorted(self.found, key=lambda each: each[0])
        return [fault.at(f"{source}:{place.line}:{place.column}") for place, fault in in_order]


@dataclass(frozen=True)
class Document:
    """A document that was read, with what was wrong with its text."""

    root: Node | None
    """The whole; None if it could not be read to its end."""
    findings: Findings


def shown(text: str) -> str:
    """Returns a piece of text as a fault shows it, cut to a readable length."""
    return text if len(text) <= 60 else text[:57] + "..."


def by_text(keys: Iterable[Key]) -> dict[str, Key]:
    """Returns keys by their text: a year 2015 and the text "2015" are one key."""
    return {str(key): key for key in keys}
