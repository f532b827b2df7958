"""JSON (RFC 8259) as a tree of placed values, and nothing that is not JSON."""

from __future__ import annotations

import json
import re

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
from matcher.io.numerals import MAX_DIGITS, NumeralError, number

_SPACE = re.compile(r"[ \t\r\n]*")
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
_DECODER = json.JSONDecoder()


def plain_json(text: str) -> object:
    """Returns what a JSON text holds as plain data, without places; None if there is any fault to tell.

    Takes a tenth of the time and memory of `read_json`, whose tree says where each value stands.
    """
    if _SURROGATE.search(text) or _HALF_ESCAPED.search(text):
        return None
    try:
        data = json.loads(
            text, object_pairs_hook=_unique, parse_int=_whole, parse_float=number, parse_constant=_refused
        )
    except (ValueError, RecursionError):
        return None
    return data if _is_flat(data) else None


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


def _is_flat(data: object) -> bool:
    """Whether nothing stands deeper than a document may be, looked at level by level."""
    level = [data]
    for _ in range(MAX_DEPTH):
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
    """Returns the document that a JSON text holds."""
    findings = Findings()
    try:
        return Document(_Reader(text, findings).document(), findings)
    except UnreadableError:
        return Document(None, findings)


class _Reader:
    """Walks the text once; `at` is the offset of the next character."""

    def __init__(self, text: str, findings: Findings) -> None:
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
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

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
        if here and here in "{[":
            if len(path) >= MAX_DEPTH:
                fault = Fault(path, f"more than {MAX_DEPTH} levels", "a document as flat as a scenario")
                raise self.findings.give_up(place, fault)
            return Node(self._fields(path) if here == "{" else self._items(path), place, key)
        if here == '"':
            return Node(self._text(path), place, key)
        return Node(self._scalar(path, place), place, key)

    def _text(self, path: Path) -> str:
        """Reads a string; half of a surrogate pair is no character."""
        start = self.at
        text: str  # as it starts with a quote
        try:
            text, self.at = _DECODER.raw_decode(self.text, start)
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
