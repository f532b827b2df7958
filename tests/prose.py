"""Sentences in source code: strings that a person would read, outside what stays in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

LEAST_WORDS = 3
"""Plain words in a row that make a sentence."""
NEVER_SHOWN = re.compile(
    r"(^|\.)(LOG|LOGGER|logging)\.\w+$|(^|\.)log\.note$"  # log messages
    r"|(^|\.)(Fault|PydanticCustomError|BadParameter|\w*(Error|Failed|Invalid\w+|Broken\w+|TooLarge|OutOfTime|Starved))$"
    r"|(^|\.)typer\.\w+$"  # help texts
    r"|\.(startswith|endswith|removeprefix|removesuffix|split|add_note)$"  # compared, cut up, or beside an error
    r"|^re\.\w+$"
)
"""Calls whose strings stay in English, or are shown to nobody."""
ERROR_FIELDS = frozenset({"what", "expected", "hint"})
"""Arguments and variables that hold a part of an error or fault."""
_PLAIN = re.compile(r"[A-Za-z][a-z'\u2019]*[,;:.]?")


def prose(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and text of every sentence in a module that is no docstring, error, fault, log message or help."""
    tree = ast.parse(source)
    skipped = {id(node) for root in _exempt(tree) for node in ast.walk(root)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        text = _text(node)
        if text is not None and _longest_run(text) >= LEAST_WORDS:
            yield node.lineno, text  # type: ignore[attr-defined]
            skipped |= {id(inner) for inner in ast.walk(node)}


def _text(node: ast.AST) -> str | None:
    """Returns a string, with a digit for each value that an f-string is filled with."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _longest_run(text: str) -> int:
    """Returns the most plain words in a row; values in between count as none and break nothing."""
    longest = run = 0
    for token in text.split():
        if _PLAIN.fullmatch(token):
            run += 1
            longest = max(longest, run)
        elif not re.fullmatch(r"\W*0\W*|\{\w+\}", token):
            run = 0
    return longest


def _exempt(tree: ast.Module) -> Iterator[ast.AST]:
    """Yields what stays in English: errors and what they are made of, log messages, help, docstrings, comparisons."""
    roots = [node for node in ast.walk(tree) if _stays(node)]
    yield from roots
    inside = [node for root in roots for node in ast.walk(root)]
    names = {node.id for node in inside if isinstance(node, ast.Name)} | ERROR_FIELDS
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            held = {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
            if node.value is not None and held & names:
                yield node.value
    called = {node.func.id for node in inside if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in called:
            yield from (each for each in ast.walk(node) if isinstance(each, ast.Return))


def _stays(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.Compare):
        return True
    if isinstance(node, ast.Expr):  # docstrings, also of fields
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.keyword):
        return node.arg in ERROR_FIELDS
    return isinstance(node, ast.Call) and NEVER_SHOWN.search(ast.unparse(node.func)) is not None
