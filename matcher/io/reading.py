"""Reading scenarios and portfolios from files, with every fault and its place at once.

Files are YAML 1.2 (``.yaml``, ``.yml``; `yaml_text` and `numerals` say what of it) or JSON
(``.json``). Numbers with a point or an exponent are exact decimals. A fault stands at
``file:line:column`` of the value; of the key, if the key is wrong or the value starts on a later
line; and of the mapping, where a field is missing from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from matcher.errors import Fault, InvalidInput, InvalidPortfolio, InvalidScenario, Path, nearest
from matcher.io.document import REFUSED, Document, Node, UnreadableError
from matcher.io.json_text import plain_json, read_json
from matcher.io.overrides import FIELD as OVERRIDES
from matcher.io.overrides import overridden, overrides_of
from matcher.io.text_file import FilePath, UnreadableFileError, read_text, suffix
from matcher.io.yaml_text import read_yaml
from matcher.portfolio import Engagement, Flow, Portfolio
from matcher.scenario import Scenario
from matcher.scenario.validation import read_scenario, words

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
    text, format = _read(path, InvalidScenario)
    return loads(text, source=os.fspath(path), format=format, overrides=overrides)


def loads(text: str, *, source: str = "<text>", format: Format = "yaml", overrides: Sequence[str] = ()) -> Scenario:
    """Reads a scenario from text; `source` names it in faults.

    Raises
    ------
    InvalidScenario
        with every fault of the text, the overrides and the scenario that can be told.
    """
    quick = None if overrides or format != "json" else _faultless(plain_json(text))
    if quick is not None:
        return quick
    root, document = _parsed(text, source, format, InvalidScenario)
    merged = _overridden(root, overrides, document, source)
    scenario, faults = read_scenario(merged.plain())
    for fault in faults:
        if fault.found != repr(REFUSED):  # told already
            document.findings.found.append((merged.place_of(fault), fault))
    if scenario is None or document.findings.found:
        raise InvalidScenario(document.findings.placed(source), source)
    return scenario


def _faultless(data: object) -> Scenario | None:
    """Returns the scenario of plain data that has no overrides and no faults: nothing needs to be placed."""
    return read_scenario(data)[0] if isinstance(data, dict) and OVERRIDES not in data else None


def override_names(path: FilePath) -> tuple[str, ...]:
    """Returns the names of a scenario file's overrides, in the order of the file.

    Raises
    ------
    InvalidScenario
        if the file cannot be read, or its overrides are not what they should be.
    """
    text, format = _read(path, InvalidScenario)
    source = os.fspath(path)
    root, document = _parsed(text, source, format, InvalidScenario)
    _overridden(root, (), document, source)
    if document.findings.found:
        raise InvalidScenario(document.findings.placed(source), source)
    return tuple(overrides_of(root))


def load_portfolio(path: FilePath) -> Portfolio:
    """Reads a portfolio from its own document, or from a result that holds one.

    Raises
    ------
    InvalidPortfolio
        with every fault that can be told; also if the result holds no portfolio.
    """
    text, format = _read(path, InvalidPortfolio)
    source = os.fspath(path)
    quick = _portfolio(plain_json(text))[0] if format == "json" else None
    if quick is not None:
        return quick
    root, document = _parsed(text, source, format, InvalidPortfolio)
    portfolio, faults = _portfolio(root.plain())
    for fault in faults:
        if fault.found != repr(REFUSED):
            document.findings.found.append((root.place_of(fault), fault))
    if portfolio is None or document.findings.found:
        raise InvalidPortfolio(document.findings.placed(source), source)
    return portfolio


def _portfolio(data: object) -> tuple[Portfolio | None, list[Fault]]:
    """Reads plain data as a portfolio, or as a result around one."""
    path: Path = ()
    if isinstance(data, Mapping) and ("result" in data or isinstance(data.get("portfolio"), Mapping)):
        path, data = ("portfolio",), data.get("portfolio")
        if data is None:
            return None, [Fault(path, "a result without a portfolio", "a result that holds a portfolio")]
    if not isinstance(data, Mapping):
        return None, [Fault(path, "no mapping", "a mapping of the portfolio's fields")]
    try:
        return Portfolio.model_validate(data), []
    except ValidationError as error:
        return None, [_said(path, detail) for detail in error.errors(include_url=False)]


def _said(path: Path, detail: ErrorDetails) -> Fault:
    """Says one of the validator's errors about a portfolio in our words."""
    loc, found = detail["loc"], detail["input"]
    where = (*path, *loc)
    if detail["type"] == "missing":
        return Fault(where, "nothing", f"the field '{loc[-1]}'")
    if detail["type"] == "extra_forbidden":
        holder: dict[object, type[Flow | Engagement]] = {"flows": Flow, "engagements": Engagement}
        known = holder.get(loc[0], Portfolio).model_fields
        return Fault(where, f"unknown field {loc[-1]!r}", f"one of {', '.join(sorted(known))}", nearest(loc[-1], known))
    return Fault(where, words(found), detail["msg"].removeprefix("Input should be ").removeprefix("expected "))


def _read(path: FilePath, error: type[InvalidInput]) -> tuple[str, Format]:
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


def _parsed(text: str, source: str, format: Format, error: type[InvalidInput]) -> tuple[Node, Document]:
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
