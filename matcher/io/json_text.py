"""JSON (RFC 8259) as a tree of placed values, and nothing that is not JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from matcher.errors import Fault, Path
from matcher.io.document import (
    MAX_DEPTH,
    REFUSED,
    Document,
    Findings,
    Key,
    Lines,
    Node,
    Place,
    Scalar,
    UnreadableError,
    shown,
)
from matcher.io.json_places import DECODER, SPACE, held
from matcher.io.numerals import MAX_DIGITS, NumeralError, number

MAX_NODES = 100_000
"""Values of a text with a fault in it that are read one by one: where there are more, reading stops at the fault."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[-+]?[A-Za-z0-9_.+\-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Half of a pair as an escape: a first half without a second, a second without a first, or anything after
# an escaped backslash, which would take more than a glance to tell.
_HALF_ESCAPED = re.compile(
    r"\\\\u[dD][89a-fA-F]|\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]"
)
_NAMES: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def plain_json(text: str) -> object:
    """Returns what a JSON text holds as plain data, without places; None if there is any fault to tell.

    Takes a tenth of the time and memory of a tree that says where each value stands.
    """
    start = _past_space(text, 0)
    read = _read_whole(text, start, MAX_DEPTH)
    return read[0] if read is not None and _past_space(text, read[1]) == len(text) else None


def _past_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _read_whole(text: str, at: int, depth: int) -> tuple[Any, int] | None:
    """Returns the value at an offset as plain data, and where it ends; None if there is any fault in it."""
    try:
        data, end = _STRICT.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    escaped = text.find("\\u", at, end) >= 0  # quickly told, and rarely so
    whole = _SURROGATE.search(text, at, end) is None and not (escaped and _HALF_ESCAPED.search(text, at, end))
    return (data, end) if whole and _is_flat(data, depth) else None


def _unique(fields: list[tuple[str, object]]) -> dict[str, object]:
    """Refuses an object with a key that stands twice."""
    found = dict(fields)
    if len(found) < len(fields):
        raise NumeralError("each key once")
    return found


def _whole(text: str) -> int:
    """Reads a whole number of few digits at once, as there are so many."""
    return int(text) if len(text) < MAX_DIGITS else int(number(text))


def _refused(word: str) -> None:
    raise NumeralError(f"{word} is no finite number")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_whole, parse_float=number, parse_constant=_refused)


def _is_flat(data: object, depth: int) -> bool:
    """Whether nothing stands deeper than so many levels, looked at level by level."""
    level = [data]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


def read_json(text: str) -> Document:
    """Returns the document that a JSON text holds: read at once if it is without fault, else value by value."""
    findings = Findings()
    data = plain_json(text)
    if data is not None:
        start, lines = _past_space(text, 0), Lines(text)
        return Document(Node(held(text, lines, start, data), lines.at(start)), findings)
    try:
        return Document(_Reader(text, findings).document(), findings)
    except UnreadableError:
        return Document(None, findings)


class _Reader:
    """Walks the text once, past all that is without fault at once; `at` is the offset of the next character."""

    def __init__(self, text: str, findings: Findings) -> None:
        self.nodes = 0
        self.text = text
        self.lines = Lines(text)
        self.findings = findings
        self.at = 0

    def document(self) -> Node:
        """Reads the whole text."""
        self._skip_space()
        root = self._value((), None)
        self._skip_space()
        if self.at < len(self.text):
            raise self._broken("nothing after the document")
        return root

    def _skip_space(self) -> None:
        self.at = _past_space(self.text, self.at)

    def _next(self) -> str:
        """The next character; empty at the end of the text."""
        return self.text[self.at : self.at + 1]

    def _broken(self, expected: str) -> UnreadableError:
        """Notes that the text goes on in a way that no JSON does."""
        here = self._next()
        word = _WORD.match(self.text, self.at)
        found = "the end of the file" if not here else shown(word.group()) if word else repr(here)
        return self.findings.give_up(self.lines.at(self.at), Fault((), f"broken JSON, {found}", expected))

    def _value(self, path: Path, key: Place | None) -> Node:
        place = self.lines.at(self.at)
        here = self._next()
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self._further_on()
        if here and here in "{[":
            if len(path) >= MAX_DEPTH:
                fault = Fault(path, f"more than {MAX_DEPTH} levels", "a document as flat as a scenario")
                raise self.findings.give_up(place, fault)
            whole = self._whole(path)
            if whole is None:
                whole = self._fields(path) if here == "{" else self._items(path)
            return Node(whole, place, key)
        if here == '"':
            return Node(self._text(path), place, key)
        return Node(self._scalar(path, place), place, key)

    def _whole(self, path: Path) -> Any:
        """Reads a list or object at once; None if there is any fault in it."""
        read = _read_whole(self.text, self.at, MAX_DEPTH - len(path)) if path else None  # the whole text was tried
        if read is None:
            return None
        start, self.at = self.at, read[1]
        return held(self.text, self.lines, start, read[0])

    def _further_on(self) -> UnreadableError:
        """Notes the fault that is somewhere further on: where it stands, if the text is no JSON there."""
        try:
            json.loads(self.text, parse_int=str, parse_float=str)
        except json.JSONDecodeError as error:
            fault = Fault((), f"broken JSON, {error.msg.lower()}", "well-formed JSON")
            return self.findings.give_up(self.lines.at(error.pos), fault)
        except RecursionError:
            pass
        found = f"a fault after the first {MAX_NODES} values"
        expected = f"numbers of at most {MAX_DIGITS} characters, each key once, whole characters, {MAX_DEPTH} levels"
        return self.findings.give_up(self.lines.at(self.at), Fault((), found, expected))

    def _text(self, path: Path) -> str:
        """Reads a string; half of a surrogate pair is no character."""
        start = self.at
        text: str  # as it starts with a quote
        try:
            text, self.at = DECODER.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            fault = Fault((), f"broken JSON, {error.msg.lower()}", "a string in double quotes on one line")
            raise self.findings.give_up(self.lines.at(error.pos), fault) from None
        if _SURROGATE.search(text):
            self.findings.add(self.lines.at(start), Fault(path, "half of a surrogate pair", "whole characters"))
            return _SURROGATE.sub("\ufffd", text)
        return text

    def _scalar(self, path: Path, place: Place) -> Scalar:
        """Reads a number or one of the three names."""
        found = _WORD.match(self.text, self.at)
        word = found.group() if found else ""
        if word in _NAMES:
            self.at += len(word)
            return _NAMES[word]
        if word in _NOT_FINITE:
            self.at += len(word)
            self.findings.add(place, Fault(path, word, "a finite number"))
            return REFUSED
        if not _NUMBER.fullmatch(word):
            raise self._broken("a value (JSON has no comments, single quotes, leading zeros or trailing commas)")
        self.at += len(word)
        try:
            return number(word)
        except NumeralError as error:
            self.findings.add(place, Fault(path, shown(word), str(error)))
            return REFUSED

    def _items(self, path: Path) -> tuple[Node, ...]:
        items: list[Node] = []
        while self._another("]", first=not items):
            items.append(self._value((*path, len(items)), None))
        return tuple(items)

    def _fields(self, path: Path) -> dict[Key, Node]:
        """Reads the fields of an object; of a key that stands twice, the first counts."""
        fields: dict[Key, Node] = {}
        first = True
        while self._another("}", first=first):
            first = False
            place = self.lines.at(self.at)
            if self._next() != '"':
                raise self._broken("a key in double quotes")
            key = self._text(path)
            self._skip_space()
            if self._next() != ":":
                raise self._broken("a ':' after the key")
            self.at += 1
            self._skip_space()
            value = self._value((*path, key), place)
            if key in fields:
                self.findings.duplicate(place, (*path, key), fields[key].key or place)
            else:
                fields[key] = value
        return fields

    def _another(self, closing: str, *, first: bool) -> bool:
        """Moves to the next item, past the comma before it; False past the closing bracket."""
        if first:
            self.at += 1  # the opening bracket
        self._skip_space()
        if self._next() == closing:
            self.at += 1
            return False
        if not first:
            if self._next() != ",":
                raise self._broken(f"a ',' or '{closing}'")
            self.at += 1
            self._skip_space()
        return True
