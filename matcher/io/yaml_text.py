"""YAML 1.2 as a tree of placed values: the safe part only, built from the parser's events.

Tags, anchors, aliases and merge keys are refused, and so are several documents in one file: a
scenario says what it means, once. Nothing is ever constructed but texts, numbers, lists and mappings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from matcher.errors import Fault, Path
from matcher.io.document import (
    MAX_BARE,
    MAX_DEPTH,
    REFUSED,
    START,
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
from matcher.io.numerals import NumeralError, plain_scalar

LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The parser whose events are read: the fast one where PyYAML was built with it.

What both accept means the same. The fast one also takes some of the tabs that YAML allows between
tokens, and words its complaints differently."""

# Control characters, half surrogate pairs, byte order marks, and the line breaks that YAML 1.1 knew
# and 1.2 does not: the parser would count lines at them that no editor shows.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")

FLAT = "a document as flat as a scenario"
_HINTS = (
    ("mapping values are not allowed", "one 'key: value' a line, and quotes around a text that holds ': '"),
    ("could not find expected ':'", "a ': ' after every key"),
    ("did not find expected key", "keys that stand together to be indented alike"),
    ("expected <block end>", "keys that stand together to be indented alike"),
    ("did not find expected '-' indicator", "items that stand together to be indented alike"),
    ("cannot start any token", "quotes around a text that starts with this character"),
    ("did not find expected ',' or", "a ',' between items and a closing bracket"),
    ("expected ',' or", "a ',' between items and a closing bracket"),
    ("unexpected end of stream", "a closing quote"),
)


def read_yaml(text: str) -> Document:
    """Returns the one document that a YAML text holds."""
    findings = Findings()
    try:
        return Document(_Reader(text, findings).document(), findings)
    except UnreadableError:
        return Document(None, findings)
    except yaml.YAMLError as error:
        place, fault = _syntax_fault(error, text)
        findings.found.append((place, fault))
        return Document(None, findings)


class _Reader:
    """Builds the tree from the events, one after the other."""

    def __init__(self, text: str, findings: Findings) -> None:
        self.findings = findings
        strange = _UNPRINTABLE.search(text)
        if strange:
            found = f"the character U+{ord(strange.group()):04X}"
            fault = Fault((), found, 'printable text (in double quotes, "\\u..." can write any character)')
            raise findings.give_up(Lines(text).at(strange.start()), fault)
        self.events = yaml.parse(text, Loader=LOADER)

    def document(self) -> Node:
        """Reads the only document."""
        root = Node(None, START)
        seen = False
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise self.findings.give_up(_place(event), Fault((), "a second document", "one document a file"))
                self._directives(event)
                root = self._node(next(self.events), (), None)
                seen = True
        return root

    def _directives(self, event: Any) -> None:
        """Refuses what would change the meaning of the text below."""
        if event.version not in (None, (1, 2)):
            version = ".".join(map(str, event.version))
            self.findings.add(_place(event), Fault((), f"%YAML {version}", "YAML 1.2 (the line can be left out)"))
        if event.tags:
            self.findings.add(_place(event), Fault((), "a %TAG line", "no tags"))

    def _node(self, event: Any, path: Path, key: Place | None) -> Node:
        """Reads one value, whatever it is."""
        place = _place(event)
        if isinstance(event, yaml.AliasEvent):
            self.findings.add(place, Fault(path, f"the alias *{event.anchor}", "the value itself, written out"))
            return Node(REFUSED, place, key)
        self._properties(event, place, path)
        if isinstance(event, yaml.ScalarEvent):
            return Node(self._scalar(event, path), place, key)
        if len(path) >= MAX_DEPTH:
            fault = Fault(path, f"more than {MAX_DEPTH} levels", FLAT)
            raise self.findings.give_up(place, fault)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._items(path), place, key)
        return Node(self._fields(path), place, key)

    def _properties(self, event: Any, place: Place, path: Path) -> None:
        """Refuses tags and anchors."""
        if event.anchor is not None:
            self.findings.add(place, Fault(path, f"the anchor &{event.anchor}", "values written out, without anchors"))
        if event.tag is not None:
            self.findings.add(place, Fault(path, f"the tag {_short_tag(event.tag)}", "plain values, without tags"))

    def _scalar(self, event: Any, path: Path) -> Scalar:
        """Reads a text, number, flag or null."""
        text: str = event.value
        if _SURROGATE.search(text):  # from an escape; libyaml refuses it by itself
            self.findings.add(_place(event), Fault(path, "half of a surrogate pair", "whole characters"))
            return REFUSED
        if event.style:
            return text
        try:
            return plain_scalar(text)
        except NumeralError as error:
            self.findings.add(_place(event), Fault(path, shown(text), str(error)))
            return REFUSED

    def _items(self, path: Path) -> tuple[Node, ...]:
        items: list[Node] = []
        bare = 0
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), None))
            bare = self._bare(bare, items[-1], path)
        return tuple(items)

    def _bare(self, before: int, node: Node, path: Path) -> int:
        """Counts a value that is no mapping of fields; gives the document up where there are too many in one place.

        Each costs as much as a field that means something, most of it the parser's.
        """
        now = before + (not isinstance(node.value, Mapping) or not node.value)
        if now > MAX_BARE:
            fault = Fault(path, f"more than {MAX_BARE} values in one list or mapping", "fewer: reading stopped here")
            raise self.findings.give_up(node.place, fault)
        return now

    def _fields(self, path: Path) -> dict[Key, Node]:
        """Reads the fields of a mapping; of a key that stands twice, the first counts."""
        fields: dict[Key, Node] = {}
        firsts: dict[str, Place] = {}
        bare = 0
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            place = _place(event)
            key = self._key(event, place, path)
            value = self._node(next(self.events), (*path, "?" if key is None else key), place)
            bare = self._bare(bare, value, path)
            if key is None:
                continue
            if str(key) in firsts:
                self.findings.duplicate(place, (*path, key), firsts[str(key)])
                continue
            firsts[str(key)] = place
            fields[key] = value
        return fields

    def _key(self, event: Any, place: Place, path: Path) -> Key | None:
        """Reads a key; None if it cannot be one."""
        node = self._node(event, (*path, "?"), None)
        if event.__class__ is yaml.ScalarEvent and not event.style and event.value == "<<":
            self.findings.add(place, Fault(path, "the merge key <<", "the fields themselves, written out"))
            return None
        if isinstance(node.value, str) or (isinstance(node.value, int) and not isinstance(node.value, bool)):
            return node.value
        if node.value is not REFUSED:
            found = shown(event.value) if isinstance(event, yaml.ScalarEvent) and event.value else "no plain text"
            self.findings.add(place, Fault(path, f"{found} as a key", "a name or a whole number (quotes make it text)"))
        return None


def _short_tag(tag: str) -> str:
    """A tag as a file writes it."""
    return re.sub("^tag:yaml.org,2002:", "!!", tag)


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax_fault(error: yaml.YAMLError, text: str) -> tuple[Place, Fault]:
    """Says in our words why the parser gave up, and where."""
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    place = Place(mark.line + 1, mark.column + 1) if mark is not None else START
    place = min(place, Lines(text).at(len(text)))  # the parser adds a line break where the last is missing
    line = re.split(r"\r\n|\n|\r", text)[place.line - 1]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return Place(place.line, indent.index("\t") + 1), Fault((), "a tab", "spaces in front of keys and items")
    if "nesting depth" in problem:  # newer versions of libyaml stop by themselves, far ahead of what is read
        return place, Fault((), f"more than {MAX_DEPTH} levels", FLAT)
    expected = next((hint for start, hint in _HINTS if start in problem), "well-formed YAML")
    return place, Fault((), f"broken YAML, {problem}", expected)
