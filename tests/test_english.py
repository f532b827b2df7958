"""The words that users see: turns of phrase that were edited out do not come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prose import prose

TREE = Path(__file__).parents[1]
ENGLISH = ("errors.py", "io/", "scenario/", "cli/app.py", "cli/doctor.py")
"""Where strings are what errors and faults say, or tell of an installation that may not read the tables at all."""
RULES = frozenset({"need per year"})
"""Names of rules in a certificate, as the independent checker reads them."""
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
    r"of \d+ states\b",
    r"[Oo]f the file over it",
    r"cannot be kept beside",
    r"all that was asked",
    r"the asked gap",
    r"says how far from the best",
    r"and talk goes to stderr|[Tt]alk goes to",
    r"[Ff]aults are told in",
    r"that it had told of",
    r"what ended it is said",
    r"is told by `result",
    r"it seeks again with the engine",
    r"[Bb]y its own means alone",
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


CODE = [
    path
    for path in sorted((TREE / "matcher").rglob("*.py"))
    if "verification" not in path.parts and not str(path.relative_to(TREE / "matcher")).startswith(ENGLISH)
]
"""Modules that hand over codes and data; the independent checker prints its own words."""


def _sentences(path: Path) -> list[str]:
    found = prose(path.read_text(encoding="utf-8"))
    return [f"{line}: {text}" for line, text in found if text not in RULES]


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(TREE)))
def test_sentences_stand_in_the_tables_of_their_languages(path: Path) -> None:
    """What a person reads is put to codes and data in one place; errors, faults, help and log stay in English."""
    assert _sentences(path) == []


def test_the_glossary_names_what_there_is() -> None:
    """Each name stands in the code, and each French word in the French table."""
    page = (TREE / "matcher" / "README.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.split("## Words")[1].split("## ")[0].split("\n| ")[3:]]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((TREE / "matcher").rglob("*.py")))
    french = (TREE / "matcher" / "reporting" / "languages" / "fr.yaml").read_text(encoding="utf-8").lower()
    assert len(rows) >= 30
    for word, meaning, named, said in rows:
        assert meaning
        assert all(re.search(rf"\b{name}\b", code) for name in re.findall(r"`(\w+)`", named)), word
        missing = [each for each in said.split(" |")[0].split(", ") if each != "-" and each.lower() not in french]
        assert not missing, word


SAYS = """
def said(offer, money, year):
    text = f"{offer} has {money} of new money in {year}"
    return text
"""
FAILS = """
def read(path):
    \"\"\"Reads a file, or says that it cannot be read.\"\"\"
    where = f"the file {path} cannot be read"
    LOG.warning("the file %s cannot be read", path)
    raise Fault(where, reason(path))

def reason(path):
    return "it is not there at all"

HELP = typer.Option(help="Directory that holds the file.")
"""


def test_a_planted_sentence_is_found_and_errors_are_not() -> None:
    """A sentence that is returned is found with its line; those of errors, faults, log, help and docstrings are not."""
    assert list(prose(SAYS)) == [(3, "0 has 0 of new money in 0")]
    assert list(prose('ROW = {"work": "the work limit was reached"}')) == [(1, "the work limit was reached")]
    assert list(prose('LABELS = ("need", "per year", "first order")')) == []
    assert list(prose('log.say("pricing each objective once more")')) == [(1, "pricing each objective once more")]
    assert list(prose('log.note("starting from portfolio so and so")')) == []
    assert list(prose(FAILS)) == []


@pytest.mark.parametrize(
    "said", ["Tell every fault", "needs that stay open", "can be used nowhere", "USD 5 of money from others"]
)
def test_the_patterns_find_what_they_are_for(said: str) -> None:
    """Each of these was printed once."""
    assert any(re.search(pattern, said) for pattern in EDITED_OUT)
