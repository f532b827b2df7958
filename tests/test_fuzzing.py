"""Damaged scenario files by the hundred thousand: each is read or refused, and quickly.

The slow run is the long one::

    pytest -m slow tests/test_fuzzing.py
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

import pytest

from matcher.errors import InvalidScenario
from matcher.io import Format, loads
from smallest_scenario import small_document

TINY = Path(__file__).parent.parent / "scenarios" / "tiny"
MANY = 500_000
MOST_SECONDS = 2.0
"""Of a core, for one case."""
LEAST_RATE = 400
"""Cases per second of a core that the long run manages."""
_BITS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "'",
    "\n",
    "  ",
    "- ",
    "&a ",
    "*a",
    "<<: *a",
    "!!x ",
    "---\n",
    "#",
    "|",
    "?",
]
_BITS += [
    "null",
    "true",
    "NaN",
    ".inf",
    "1e9999",
    "0x1F",
    "-1",
    "99999999999999999999",
    "0.1",
    "\u202e",
    "\x00",
    "\ud800",
]
_BITS += ["\t", "\\", "\\u0000", "\u0410", "\ufeff", "\r", "\u2028", "1_000", "2015-01-01", "yes", "~", "%", "@", "`"]


def seeds() -> list[tuple[str, Format]]:
    """Returns right scenarios to damage, in both formats."""
    files = [TINY / f"{name}.yaml" for name in ("pins-and-forbids", "pre-financing", "survey-before-clearance")]
    return [(json.dumps(small_document()), "json"), *((path.read_text(encoding="utf-8"), "yaml") for path in files)]


def damaged(text: str, chance: Random) -> str:
    """Returns the text with one to four pieces cut out, doubled, moved, swapped or put in."""
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(text) + 1), chance.choice([1, 1, 2, 5, 20, 80])
        piece, other = text[at : at + length], chance.randrange(len(text) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + piece + text[at:]
        elif kind == 2:
            text = text[:other] + piece + text[other:]
        elif kind == 3:
            text = text[:at] + chance.choice(_BITS) + text[at:]
        elif kind == 4:
            text = text[:at] + chance.choice(_BITS) + text[at + length :]
        else:
            text = text[:at] + chr(chance.randrange(1, 0x3000)) + text[at + 1 :]
    return text


def tried(count: int, seed: int) -> tuple[int, float, float]:
    """Reads so many damaged files: how many were scenarios still, seconds in all, and the longest of one."""
    chance, kept, silent, longest = Random(seed), 0, 0, 0.0
    right = seeds()
    begin = time.process_time()
    for _ in range(count):
        text, format = chance.choice(right)
        case = damaged(text, chance)
        start = time.process_time()
        try:
            loads(case, format=format)
            kept += 1
        except InvalidScenario as error:
            silent += not (error.faults and str(error))
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error} on {format}: {case!r}") from error
        longest = max(longest, time.process_time() - start)
    assert not silent
    return kept, time.process_time() - begin, longest


def test_damaged_files_are_read_or_refused() -> None:
    """Nothing but a scenario or its faults ever comes back, and none takes long."""
    kept, _, longest = tried(1_500, 1)
    assert 0 < kept < 1_500
    assert longest <= MOST_SECONDS


@pytest.mark.slow
def test_half_a_million_damaged_files() -> None:
    """The same at length; what it measures is told."""
    kept, seconds, longest = tried(MANY, 2)
    print(f"{MANY} cases, {kept} still scenarios, {MANY / seconds:.0f} a second, longest {longest:.3f} s")  # noqa: T201
    assert longest <= MOST_SECONDS
    assert MANY / seconds >= LEAST_RATE
