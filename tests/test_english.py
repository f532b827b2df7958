"""The words that users see: turns of phrase that were edited out do not come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]
EDITED_OUT = (
    r"[Tt]ells? every fault",
    r"[Ll]ooks? whether",
    r"[Ll]ays? a named override",
    r"as far as it still can",
    r"change no more of it",
    r"[Dd]o not say what is being looked for",
    r"in the same effort",
    r"[Ww]ith it, then without it",
    r"pays for no more",
    r"nobody would do more",
    r"[Ii]f these two may not work",
    r"say nothing about where",
    r"can be used nowhere",
    r"[Nn]eeds that stay open",
    r"[Dd]ecide, and plan again from",
    r"\bWhat was asked",
    r"[Aa]sked precision",
    r"[Mm]oney from (others|outside)",
    r"How good it is",
    r"What (it rests on|is given by whom|differs in|the plan comes to|is decided|each new decision costs)",
    r"By when States",
    r"those asked about",
    r"says where it comes from",
)
"""Patterns that a native reader stumbled over."""
SEEN = [TREE / "README.md", *sorted((TREE / "matcher" / "cli").glob("*.py"))]
SEEN += [
    *sorted((TREE / "matcher" / "reporting").rglob("*.py")),
    *sorted((TREE / "matcher" / "reporting").rglob("*.yaml")),
]
"""Files with words that users see."""


@pytest.mark.parametrize("path", SEEN, ids=lambda path: str(path.relative_to(TREE)))
def test_what_was_edited_out_stays_out(path: Path) -> None:
    """Help texts, language tables and the README use nouns and the field's verbs."""
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert [pattern for pattern in EDITED_OUT if re.search(pattern, text)] == []


@pytest.mark.parametrize(
    "said", ["Tell every fault", "needs that stay open", "can be used nowhere", "USD 5 of money from others"]
)
def test_the_patterns_find_what_they_are_for(said: str) -> None:
    """Each of these was printed once."""
    assert any(re.search(pattern, said) for pattern in EDITED_OUT)
