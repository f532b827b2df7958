"""Reading scenarios from files, with every fault and its place at once.

Files are YAML 1.2 (``.yaml``, ``.yml``; `yaml_text` and `numerals` say what of it) or JSON
(``.json``). Numbers with a point or an exponent are exact decimals. A fault stands at
``file:line:column`` of the value; of the key, if the key is wrong or the value starts on a later
line; and of the mapping, where a field is missing from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Literal

from matcher.errors import Fault, InvalidInput, InvalidScenario
from matcher.io.document import REFUSED, Document, Node, UnreadableError
from matcher.io.json_text import read_json
from matcher.io.overrides import overridden, overrides_of
from matcher.io.text_file import FilePath, UnreadableFileError, read_text, suffix
from matcher.io.yaml_text import read_yaml
from matcher.scenario import Scenario

Format = Literal["yaml", "json"]

_READERS: dict[Format, Callable[[str], Document]] = {"yaml": read_yaml, "json": read_json}
_FORMATS: dict[str, Format] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def load(path: FilePath, overrides: Sequence[str] = ()) -> Scenario:
    """Reads a scenario from a file and lays the named overrides over it, in order.

    Raises
    ------
    InvalidScenario
        with every fault of the text, the overrides and the scenario that can be told.
    """
    text, format = text_of(path, InvalidScenario)
    return loads(text, source=os.fspath(path), format=format, overrides=overrides)


def loads(text: str, *, source: str = "<text>", format: Format = "yaml", overrides: Sequence[str] = ()) -> Scenario:
    """Reads a scenario from text; `source` names it in faults.

    Raises
    ------
    InvalidScenario
        with every fault of the text, the overrides and the scenario that can be told.
    """
    root, document = parsed(text, source, format, InvalidScenario)
    merged = _overridden(root, overrides, document, source)
    scenario, faults = Scenario.read(merged.plain())
    for fault in faults:
        if fault.found != repr(REFUSED):  # told already
            document.findings.found.append((merged.place_of(fault), fault))
    if scenario is None or document.findings.found:
        raise InvalidScenario(document.findings.placed(source), source)
    return scenario


def override_names(path: FilePath) -> tuple[str, ...]:
    """Returns the names of a scenario file's overrides, in the order of the file.

    Raises
    ------
    InvalidScenario
        if the file cannot be read, or its overrides are not what they should be.
    """
    text, format = text_of(path, InvalidScenario)
    source = os.fspath(path)
    root, document = parsed(text, source, format, InvalidScenario)
    _overridden(root, (), document, source)
    if document.findings.found:
        raise InvalidScenario(document.findings.placed(source), source)
    return tuple(overrides_of(root))


def text_of(path: FilePath, error: type[InvalidInput]) -> tuple[str, Format]:
    """Returns the text of a file and the format that its name says."""
    source = os.fspath(path)
    format = _FORMATS.get(suffix(path))
    try:
        text = read_text(path)
    except UnreadableFileError as reason:
        raise error([reason.fault], source) from reason.__cause__
    if format is None:
        fault = Fault((), f"a file named *{suffix(path)}", "a file named *.yaml, *.yml or *.json", place=source)
        raise error([fault], source)
    return text, format


def parsed(text: str, source: str, format: Format, error: type[InvalidInput]) -> tuple[Node, Document]:
    """Returns the tree of a text; raises its faults if there is none."""
    document = _READERS[format](text)
    if document.root is None:
        raise error(document.findings.placed(source), source)
    return document.root, document


def _overridden(root: Node, names: Sequence[str], document: Document, source: str) -> Node:
    """Returns the tree with overrides laid on; raises all faults if there are too many to go on."""
    try:
        return overridden(root, names, document.findings)
    except UnreadableError:
        raise InvalidScenario(document.findings.placed(source), source) from None
