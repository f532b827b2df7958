"""Where the values of a JSON text stand, looked up one by one: the data were read as a whole, at once.

A tree of placed values takes a hundred bytes and some microseconds for each; of a file of millions, only the
few that a fault or an override is about are ever asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from matcher.io.document import HeldItems, Key, Lines, Node

SPACE = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()
"""Reads any value, to find where it ends."""


class Fields(Mapping[Key, Node]):
    """Fields of an object that is JSON throughout, as nodes made when asked for."""

    def __init__(self, text: str, lines: Lines, at: int, data: dict[str, Any]) -> None:
        self.data = data
        """The fields as plain data."""
        self._text, self._lines = text, lines
        self._ahead = _fields(text, at)
        self._known: dict[Key, Node] = {}

    def __getitem__(self, key: Key) -> Node:
        if key not in self.data:
            raise KeyError(key)
        while key not in self._known:
            name, key_at, at = next(self._ahead)
            key_place = self._lines.at(key_at)
            self._known[name] = Node(held(self._text, self._lines, at, self.data[name]), self._lines.at(at), key_place)
        return self._known[key]

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[Key]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class Items(HeldItems):
    """Items of an array that is JSON throughout, as nodes made when asked for."""

    def __init__(self, text: str, lines: Lines, at: int, data: list[Any]) -> None:
        self.data = data
        """The items as plain data."""
        self._text, self._lines = text, lines
        self._ahead = _items(text, at)
        self._known: list[Node] = []

    def item(self, position: int) -> Node:
        while position >= len(self._known):
            at = next(self._ahead)
            value = held(self._text, self._lines, at, self.data[len(self._known)])
            self._known.append(Node(value, self._lines.at(at)))
        return self._known[position]


def held(text: str, lines: Lines, at: int, data: Any) -> Any:
    """Returns what a node holds whose value stands at an offset and was read as this data."""
    if isinstance(data, dict):
        return Fields(text, lines, at, data)
    return Items(text, lines, at, data) if isinstance(data, list) else data


def _past(text: str, at: int) -> int:
    """The offset of what comes after spaces."""
    found = SPACE.match(text, at)
    return found.end() if found else at


def _items(text: str, at: int) -> Iterator[int]:
    """Yields where each item of the array at an offset stands; is not to be asked for more than there are."""
    while True:
        at = _past(text, at + 1)  # the bracket, or the comma before the next
        yield at
        at = _past(text, DECODER.raw_decode(text, at)[1])


def _fields(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Yields each key of the object at an offset, and where key and value stand; likewise."""
    while True:
        at = _past(text, at + 1)
        key, end = DECODER.raw_decode(text, at)
        value_at = _past(text, _past(text, end) + 1)
        yield key, at, value_at
        at = _past(text, DECODER.raw_decode(text, value_at)[1])
