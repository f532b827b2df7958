"""Measures explanations beside the solve that they explain: each part, and every single why-not, as one table.

Run from the top of the project, in an environment where it is installed::

    python benchmarks/explaining.py [SCENARIO] [--work N] [--workers N] [--alternatives N]

All are measured in one run on one machine. Times mean nothing on another; how many times the solve each takes does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from matcher import Question, SolveOptions, explain, load, solve
from matcher.alternatives.finding import find_alternatives
from matcher.execution import executor_for
from matcher.explanation.account import PARTS
from matcher.explanation.shortfalls import open_goals, remaining
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Scenario

SCENARIO = Path(__file__).parents[1] / "scenarios" / "geneva-2015.yaml"


def seconds(job: Callable[[], object]) -> float:
    """Returns the wall-clock seconds of a job."""
    before = time.perf_counter()
    job()
    return time.perf_counter() - before


def single_why_nots(scenario: Scenario, portfolio: Portfolio) -> dict[str, float]:
    """Returns the seconds of the why-not of each need that is not met in full, without the ledger, one at a time."""
    needs = [goal.need for goal in open_goals(scenario, portfolio) if goal.need is not None]
    return {
        need: seconds(lambda need=need: remaining(scenario, portfolio, needs=[need], ledger=False)) for need in needs
    }


def main(arguments: list[str] | None = None) -> None:
    """Solves, explains, measures and writes the table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", type=Path, nargs="?", default=SCENARIO)
    parser.add_argument("--work", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--alternatives", type=int, default=5)
    wanted = parser.parse_args(arguments)
    scenario, write = load(wanted.scenario), sys.stdout.write
    write(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {wanted.workers} workers\n")
    with executor_for(wanted.workers) as executor:
        result = solve(scenario, SolveOptions(work=wanted.work))
        whole = result.timings.total
        write(f"solve: {whole:.1f} s in one process\n")
        if result.portfolio is None:
            sys.exit("there is no portfolio to explain")
        portfolio = result.portfolio
        for part in PARTS:
            asked = Question(parts=(part,))
            took = seconds(lambda asked=asked: explain(scenario, portfolio, asked, executor=executor))
            write(f"{part}: {took:.1f} s, {took / whole:.2f} times the solve\n")
        if wanted.alternatives:
            others = {"count": wanted.alternatives, "executor": executor}
            took = seconds(lambda: find_alternatives(scenario, portfolio, **others))
            write(f"{wanted.alternatives} alternatives: {took:.1f} s, {took / whole:.2f} times the solve\n")
    singles = single_why_nots(scenario, portfolio)
    if singles:
        write(f"single why-not: median {statistics.median(singles.values()):.1f} s; the longest:\n")
        for need in sorted(singles, key=lambda each: -singles[each])[:5]:
            write(f"  {need}: {singles[need]:.1f} s\n")


if __name__ == "__main__":
    main()
