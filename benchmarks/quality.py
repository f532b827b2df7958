"""Holds what fixed work finds on a small fixed set, over three seeds of the engines, to what is stored.

Run from the top of the project, in an environment where it is installed::

    python benchmarks/quality.py                      # figures beside what is asked of them
    python benchmarks/quality.py --store "REASON"     # stores what is found now as what is asked from now on

A change that makes a figure worse than asked fails, in the tests too, until it is stored with the reason. Of each value
and each bound the median and the worst over the seeds are asked; each may be worse than it was by 2 %, or by half of
how far apart the seeds were: so much is chance, and other machines round otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.instances import generate
from matcher import Result, Scenario, SolveOptions, load, solve
from matcher.engine.settings import DEFAULT_SETTINGS

STORED = Path(__file__).parent / "results" / "quality.yaml"
SEEDS = (1, 2, 3)
SLACK = 0.02
"""Share of itself by which a figure may be worse than it was ..."""
CHANCE = 0.5
"""... and share of how far apart the seeds were."""


@dataclass(frozen=True)
class Case:
    """A scenario and the work that it is solved with."""

    scenario: Callable[[], Scenario]
    work: int


def _geneva() -> Scenario:
    return load(Path(__file__).parents[1] / "scenarios" / "geneva-2015.yaml")


CASES: Mapping[str, Case] = {
    "tiny-501": Case(lambda: generate("tiny", 501), 2),
    "tiny-502": Case(lambda: generate("tiny", 502, "lexicographic"), 2),
    "tiny-503": Case(lambda: generate("tiny", 503), 2),
    "small-501": Case(lambda: generate("small", 501, "lexicographic"), 10),
    "geneva-2015": Case(_geneva, 20),
}
"""Seeds that nobody tuned on."""


@dataclass(frozen=True)
class Figure:
    """A value or a bound over the seeds: the larger the better, or the smaller."""

    larger: bool
    median: float
    worst: float
    asked_median: float
    asked_worst: float

    def faults(self, now: Figure) -> Iterator[str]:
        """Yields what of a figure found now is worse than this one asks."""
        for name, found, asked in (
            ("median", now.median, self.asked_median),
            ("worst", now.worst, self.asked_worst),
        ):
            if found < asked if self.larger else found > asked:
                yield f"{name} {found:.6g}, asked {'at least' if self.larger else 'at most'} {asked:.6g}"


def figure_of(found: list[float], larger: bool) -> Figure:
    """Returns the figure of a value or bound, and what is asked from now on."""
    worst = min(found) if larger else max(found)
    slack = max(SLACK * abs(median(found)), CHANCE * (max(found) - min(found)))
    sign = -1.0 if larger else 1.0
    return Figure(larger, median(found), worst, median(found) + sign * slack, worst + sign * slack)


def figures_of(case: Case) -> dict[str, Figure]:
    """Solves a case with each seed; returns the figures of each level's value and bound."""
    scenario, results = case.scenario(), list[Result]()
    for seed in SEEDS:
        settings = replace(DEFAULT_SETTINGS, solvers=replace(DEFAULT_SETTINGS.solvers, seed=seed))
        results.append(solve(scenario, SolveOptions(work=case.work), settings=settings))
    found = {}
    for at, level in enumerate(results[0].stages):
        stages = [result.stages[at] for result in results]
        name, larger = f"{at + 1} {level.objective}", level.sense == "max"
        found[f"{name}, value"] = figure_of([float(stage.value) for stage in stages], larger)
        bounds = [float(stage.bound) for stage in stages if stage.bound is not None]
        if len(bounds) == len(stages):
            found[f"{name}, bound"] = figure_of(bounds, not larger)
    return found


def stored(path: Path = STORED) -> dict[str, dict[str, Figure]]:
    """Returns what is asked of each case."""
    data = yaml.safe_load(path.read_text("utf-8"))
    return {
        case: {name: Figure(**figure) for name, figure in figures.items()} for case, figures in data["cases"].items()
    }


def faults(asked: Mapping[str, Figure], found: Mapping[str, Figure]) -> list[str]:
    """Returns what of a case is worse than asked, or no longer there."""
    told = []
    for name, figure in asked.items():
        if name not in found:
            told.append(f"{name}: none")
        else:
            told += [f"{name}: {fault}" for fault in figure.faults(found[name])]
    return told


def main(arguments: list[str] | None = None) -> int:
    """Solves all cases; shows or stores what they come to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", metavar="REASON", help="store what is found as what is asked, and why")
    chosen = parser.parse_args(arguments)
    found = {name: figures_of(case) for name, case in CASES.items()}
    if chosen.store:
        cases: dict[str, Any] = {
            case: {
                name: {key: round(value, 6) if isinstance(value, float) else value for key, value in vars(each).items()}
                for name, each in figures.items()
            }
            for case, figures in found.items()
        }
        data = {"reason": chosen.store, "seeds": list(SEEDS), "cases": cases}
        STORED.write_text(yaml.safe_dump(data, sort_keys=False, width=120), "utf-8")
        return 0
    asked, worse = stored(), 0
    for case, figures in found.items():
        sys.stdout.write(f"{case}\n")
        for name, figure in figures.items():
            sys.stdout.write(f"  {name}: median {figure.median:.6g}, worst {figure.worst:.6g}\n")
        for fault in faults(asked[case], figures):
            worse += 1
            sys.stdout.write(f"  WORSE {fault}\n")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
