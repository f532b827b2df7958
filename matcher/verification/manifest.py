"""The files of a saved run: every byte is the one that its manifest lists, and a run has all of its files.

A manifest is no proof against somebody who writes another one: what the files claim is counted again
elsewhere (`verification.bundle`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
UNLISTED = "is not listed in the manifest"
_DROPPINGS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

ALWAYS = frozenset({"log.txt", "result.json", "scenario.resolved.json", "summary.md", "timings.json"})
"""Files of every run."""
OF_A_PORTFOLIO = frozenset({"partnerships.md", "portfolio.csv"})
"""Further files of a run that found a portfolio."""
OF_A_BUNDLE = frozenset({"bundle.json", "certificate.json"})
OF_A_ROUND = frozenset({"round.json", "round.md"})
OF_A_FIRST_ROUND = frozenset({"base.json", "earlier.json"})
OPINION = "second_opinion.json"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    ok: bool
    """Whether it holds."""
    text: str
    """What was checked and found, in a sentence."""
    word: bool = False
    """Whether it rests on the word of a solver, which nothing here can check."""
    where: str = ""
    """Of what does not hold: the file and, after a colon, the field; of files themselves, the file alone."""


def file_findings(directory: Path, needed: Iterable[str] = (), expected: str = "") -> Iterator[Finding]:
    """Checks every byte of every file of a folder against its manifest, and the manifest's own form.

    Parameters
    ----------
    needed
        Names that the manifest must list.
    expected
        What the folder would be, if it did.
    """
    try:
        text = directory.joinpath(MANIFEST).read_bytes()
        manifest = json.loads(text.decode("utf-8"))
        listed: Any = manifest["files"]
        canonical = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8") + b"\n"
        whole = canonical == text and manifest.keys() == {"files", "manifest"} and isinstance(listed, dict)
        whole = whole and type(manifest["manifest"]) is int and manifest["manifest"] == 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        yield Finding(False, f"{MANIFEST} cannot be read: {error}", where=MANIFEST)
        return
    if not whole:
        yield Finding(False, f"{MANIFEST} is not as it was written", where=MANIFEST)
        return
    yield from _held(directory, listed, needed, expected)


def _held(directory: Path, listed: dict[str, Any], needed: Iterable[str], expected: str) -> Iterator[Finding]:
    """Checks the files of a folder against the entries of its manifest."""
    there = names_in(directory)
    for name in sorted({*listed, MANIFEST} ^ {*there, MANIFEST}):
        fault = "is not there" if name in listed else UNLISTED
        yield Finding(False, f"{name} {fault}", where=name)
    for name in (each for each in needed if each not in listed):
        yield Finding(False, f"{name} is no part of this folder: expected {expected}", where=name)
    same = [
        name for name in sorted(there.intersection(listed)) if _is_as_listed(directory.joinpath(name), listed[name])
    ]
    for name in sorted(there.intersection(listed).difference(same)):
        yield Finding(False, f"{name} is not the file that the manifest lists", where=name)
    yield Finding(True, f"{len(same)} files are as the manifest lists them")


def names_in(directory: Path) -> frozenset[str]:
    """Returns the names of all files of a folder but its manifest and what desktops leave anywhere."""
    return frozenset(each.name for each in directory.iterdir()) - _DROPPINGS - {MANIFEST}


def _is_as_listed(path: Path, entry: Any) -> bool:
    """Whether a file has the size and hash that the manifest says, and the manifest says them as it should."""
    if not path.is_file():
        return False
    data = path.read_bytes()
    same = bool(entry == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    return same and type(entry["bytes"]) is int


def is_bundle(directory: Path) -> bool:
    """Returns whether a folder is, or says that it is, a bundle: a file of it missing does not make it less of one."""
    if any(directory.joinpath(name).exists() for name in OF_A_BUNDLE):
        return True
    manifest = directory.joinpath(MANIFEST)
    return manifest.is_file() and any(name.encode() in manifest.read_bytes() for name in OF_A_BUNDLE)


def member_findings(there: frozenset[str], *, portfolio: bool) -> Iterator[Finding]:
    """Checks that the files of a folder are those of a run, all of them and no others, whatever its manifest lists."""
    wanted = ALWAYS | (OF_A_PORTFOLIO if portfolio else frozenset())
    wanted |= OF_A_BUNDLE if there & OF_A_BUNDLE else frozenset()
    of_rounds = OF_A_ROUND | OF_A_FIRST_ROUND
    wanted |= OF_A_ROUND if there & of_rounds else frozenset()
    for name in sorted(wanted - there):
        yield Finding(False, f"{name} is not there: a run of this kind has it", where=name)
    for name in sorted(there - wanted - OF_A_FIRST_ROUND - {OPINION}):
        yield Finding(False, f"{name} is no file of a run of this kind", where=name)
