"""Reading portfolios and results from files, with every fault and its place at once.

Items of long lists are read one by one: together, a million wrong ones would fill the memory with what is wrong
with each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from matcher.errors import Fault, InvalidInput, InvalidPortfolio, InvalidResult, Path, nearest
from matcher.io.document import MAX_FAULTS, REFUSED, Document, Node
from matcher.io.reading import parsed, text_of
from matcher.io.text_file import FilePath, UnreadableFileError, read_text
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.scenario.validation import MOST_VALUES, holds_more, words

Read = TypeVar("Read", Portfolio, Result)


def load_portfolio(path: FilePath) -> Portfolio:
    """Reads a portfolio from its own document, or from a result that holds one.

    Raises
    ------
    InvalidPortfolio
        with every fault that can be told; also if the result holds no portfolio.
    """
    text, format = text_of(path, InvalidPortfolio)
    source = os.fspath(path)
    root, document = parsed(text, source, format, InvalidPortfolio)
    return _faultless(*_portfolio(root.plain()), root, document, source, InvalidPortfolio)


def load_result(path: FilePath) -> Result:
    """Reads a result as it was saved: JSON, whatever the file is named.

    Raises
    ------
    InvalidResult
        with every fault that can be told.
    """
    source = os.fspath(path)
    try:
        text = read_text(path)
    except UnreadableFileError as reason:
        raise InvalidResult([reason.fault], source) from reason.__cause__
    root, document = parsed(text, source, "json", InvalidResult)
    return _faultless(*_result(root.plain()), root, document, source, InvalidResult)


def _faultless(
    read: Read | None, faults: list[Fault], root: Node, document: Document, source: str, error: type[InvalidInput]
) -> Read:
    """Returns what was read; raises all faults, placed, if there are any."""
    for fault in faults:
        if fault.found != repr(REFUSED):  # told already
            document.findings.found.append((root.place_of(fault), fault))
    if read is None or document.findings.found:
        raise error(document.findings.placed(source), source)
    return read


def _portfolio(data: object) -> tuple[Portfolio | None, list[Fault]]:
    """Reads plain data as a portfolio, or as a result around one."""
    if not isinstance(data, Mapping) or not ("result" in data or isinstance(data.get("portfolio"), Mapping)):
        return _read(Portfolio, data, ())
    if data.get("portfolio") is None:
        return None, [Fault(("portfolio",), "a result without a portfolio", "a result that holds a portfolio")]
    return _read(Portfolio, data["portfolio"], ("portfolio",))


def _result(data: object) -> tuple[Result | None, list[Fault]]:
    """Reads plain data as a result, and first the portfolio in it."""
    if not isinstance(data, Mapping) or not isinstance(data.get("portfolio"), Mapping):
        return _read(Result, data, ())
    portfolio, faults = _read(Portfolio, data["portfolio"], ("portfolio",))
    result, more = _read(Result, {**data, "portfolio": portfolio}, ())
    return (None, [*faults, *more]) if faults else (result, more)


def _read(model: type[Read], data: object, path: Path) -> tuple[Read | None, list[Fault]]:
    """Reads plain data that stands at a path: the items of lists each on its own, then all together."""
    if not isinstance(data, Mapping):
        return None, [Fault(path, "no mapping", f"a mapping of the {model.__name__.lower()}'s fields")]
    fields = dict(data)
    faults: list[Fault] = []
    more: list[Fault]
    items = _items_of(model)
    for name, item in items.items():
        if isinstance(fields.get(name), list | tuple):
            fields[name], more = _read_list(item, fields[name], (*path, name))
            faults += more
    apart = {key: value for key, value in fields.items() if key not in items}
    if holds_more(apart, MOST_VALUES):
        return None, [*faults, Fault(path, f"more than {MOST_VALUES} values", "fewer in one place")]
    read, more = _validated(model, fields, path)
    return (None, [*faults, *more]) if faults else (read, more)


def _items_of(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Returns the fields of a model that hold lists of others, and those."""
    listed = {name: info.annotation for name, info in model.model_fields.items() if get_origin(info.annotation)}
    return {name: get_args(kind)[0] for name, kind in listed.items() if get_origin(kind) is tuple}


def _read_list(model: type[BaseModel], data: Sequence[object], path: Path) -> tuple[tuple[Any, ...], list[Fault]]:
    """Reads the items of a list that stands at a path; of those with a fault, none."""
    read: list[Any] = []
    faults: list[Fault] = []
    adapter = TypeAdapter(model)
    for at, item in enumerate(data):
        if len(faults) >= MAX_FAULTS:
            faults.append(Fault(path, f"{MAX_FAULTS} faults", "fewer: reading stopped here"))
            break
        if holds_more(item, MOST_VALUES):
            faults.append(Fault((*path, at), f"more than {MOST_VALUES} values", "fewer in one place"))
            continue
        try:
            read.append(adapter.validate_python(item))
        except ValidationError as error:
            faults += _said_of(error, model, (*path, at))
    return tuple(read), faults


def _validated(model: type[Read], fields: Mapping[Any, Any], path: Path) -> tuple[Read | None, list[Fault]]:
    try:
        return model.model_validate(fields), []
    except ValidationError as error:
        return None, _said_of(error, model, path)


def _said_of(error: ValidationError, model: type[BaseModel], path: Path) -> list[Fault]:
    """Says the validator's errors about what stands at a path in our words."""
    return [_said(detail, model, path) for detail in error.errors(include_url=False)[:MAX_FAULTS]]


def _said(detail: ErrorDetails, model: type[BaseModel], path: Path) -> Fault:
    """Says one of the validator's errors in our words."""
    loc, found = detail["loc"], detail["input"]
    where = (*path, *loc)
    if detail["type"] == "missing":
        return Fault(where, "nothing", f"the field '{loc[-1]}'")
    if detail["type"] == "extra_forbidden":
        known = model.model_fields
        expected = f"one of {', '.join(sorted(known))}"
        return Fault(where, f"unknown field {words(loc[-1])}", expected, nearest(loc[-1], known))
    return Fault(where, words(found), detail["msg"].removeprefix("Input should be ").removeprefix("expected "))
