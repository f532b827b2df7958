"""Tables and paragraphs as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

Row = Sequence[str]
WIDEST = 44
"""Widest cell of a text table; longer text is cut."""
_UNBROKEN = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""Spaces that stand inside numbers and before some signs in French."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def clean(text: str) -> str:
    """Returns text on one line, without anything that a terminal could take for a command."""
    shown = "".join(letter if letter.isprintable() or letter in _UNBROKEN else " " for letter in text)
    return re.sub(" +", " ", shown).strip(" ")


def shortened(text: str, width: int = WIDEST) -> str:
    """Returns text cut to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def escaped(text: str) -> str:
    """Returns text that Markdown shows as it is written."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def as_read(markdown: str) -> str:
    """Returns Markdown as a terminal shows it best: names as they are written, without what marks them for Markdown."""
    return re.sub(r"\\([\\`*_\[\]<>|#])", r"\1", markdown)


def text_table(head: Row, rows: Sequence[Row], right: frozenset[int] = frozenset()) -> list[str]:
    """Returns the lines of an aligned table; columns in `right` are set flush right."""
    cells = [[shortened(clean(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = [_text_row(row, widths, right) for row in cells]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _text_row(row: Row, widths: Sequence[int], right: frozenset[int]) -> str:
    padded = (
        cell.rjust(width) if at in right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def markdown_table(head: Row, rows: Sequence[Row], right: frozenset[int] = frozenset()) -> list[str]:
    """Returns the lines of a Markdown table; columns in `right` are set flush right."""
    rule = ["---:" if at in right else "---" for at in range(len(head))]
    lines = [rule, *([escaped(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(row)} |" for row in ([escaped(cell) for cell in head], *lines)]


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Returns a titled block of text, with an empty line before it; nothing if there are no lines."""
    return ["", title, *lines] if lines else []
