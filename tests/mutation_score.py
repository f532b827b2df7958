"""How many mutants of the checker and of the readers the tests find out.

A mutant is the code with one small fault put in: `<` for `<=`, another word, an argument left out. mutmut
makes them (pyproject.toml says of which files and which tests are tried on each); this program runs it and
counts by module. Run in a clone, it leaves the folder ``mutants``, in which ``mutmut show NAME`` looks::

    python tests/mutation_score.py                    # every mutant: an hour or two of one core
    python tests/mutation_score.py --sample 25        # 25 of each module, the same ones each time for a seed
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

FIRST = "matcher.verification.report.x_at_most__mutmut_1"
"""A mutant that is soon tried: with it, all others are made."""
GROUPS = {"verification": "matcher.verification.", "reading": ("matcher.io.", "matcher.scenario.")}
"""What a score is asked of, and how the names of its mutants start."""
FOUND_OUT = frozenset({"killed", "timeout"})
"""What a test, or the clock, has found out."""


def statuses(tree: Path) -> dict[str, str]:
    """Returns what is known of every mutant, by name."""
    lines = _mutmut(tree, "results", "--all", "true").splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in lines if "__mutmut_" in line)


def module_of(mutant: str) -> str:
    """Returns the module that a mutant is of."""
    return mutant.rpartition(".")[0]


def sampled(mutants: Iterable[str], most: int, seed: int = 0) -> list[str]:
    """Returns so many mutants of each module, drawn by a seed; all of a module that has no more."""
    by_module: dict[str, list[str]] = {}
    for each in sorted(mutants):
        by_module.setdefault(module_of(each), []).append(each)
    return [each for names in by_module.values() for each in Random(seed).sample(names, min(most, len(names)))]


def try_mutants(tree: Path, sample: int | None, seed: int = 0) -> dict[str, str]:
    """Tries a sample of each module's mutants on the tests, or all; returns what became of each."""
    if sample is None:
        _mutmut(tree, "run", "--max-children", "1")
        return statuses(tree)
    _mutmut(tree, "run", "--max-children", "1", FIRST)
    names = sampled(statuses(tree), sample, seed)
    _mutmut(tree, "run", "--max-children", "1", *names)
    found = statuses(tree)
    return {name: found[name] for name in names}


def scores(found: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Returns how many mutants were found out, of how many, by group and by module."""
    caught, tried = Counter[str](), Counter[str]()
    for name, status in found.items():
        groups = [group for group, starts in GROUPS.items() if name.startswith(starts)]
        for each in (*groups, module_of(name)):
            tried[each] += 1
            caught[each] += status in FOUND_OUT
    return {each: (caught[each], tried[each]) for each in tried}


def _mutmut(tree: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"mutmut {arguments[0]} ended with {done.returncode}:\n{done.stdout[-400:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def main() -> None:
    """Tries mutants of the tree around this file, and writes the survivors and the scores."""
    options = argparse.ArgumentParser()
    options.add_argument("--sample", type=int, help="mutants of each module; all if it is not given")
    options.add_argument("--seed", type=int, default=0, help="which sample")
    asked = options.parse_args()
    found = try_mutants(Path(__file__).parent.parent, asked.sample, asked.seed)
    lines = [f"{status}: {name}" for name, status in sorted(found.items()) if status not in FOUND_OUT]
    lines += [
        f"{caught:5} of {tried:5} {caught * 100 // tried:3} % {name}" for name, (caught, tried) in scores(found).items()
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
