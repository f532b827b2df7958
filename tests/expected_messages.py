"""What is told of each faulty input, word for word, in the files beside the tests' data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def told(name: str) -> dict[str, list[str]]:
    """Returns what a file says is told: by case, a name on a line of its own, the lines indented below it."""
    found: dict[str, list[str]] = {}
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            found[[*found][-1]].append(line[2:])
        else:
            found[line.removesuffix(":")] = []
    return found
