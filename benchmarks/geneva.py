"""Measures the main job: geneva-2015 with the default budget, as one table.

Run from the top of the project, in an environment where it is installed::

    python benchmarks/geneva.py [--work N] [--runs N]

Times are wall clock on this machine and mean nothing on another; the figures repeat exactly.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from matcher import Result, SolveOptions, load, solve

SCENARIO = Path(__file__).parents[1] / "scenarios" / "geneva-2015.yaml"


def start_up(runs: int = 7) -> float:
    """Returns the median seconds of `matcher --help` in a process of its own."""
    seconds = []
    for _ in range(runs):
        before = time.perf_counter()
        subprocess.run([sys.executable, "-m", "matcher", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def table(result: Result) -> str:
    """Returns sizes, times and gaps of one solve."""
    sizes, timings = result.sizes, result.timings
    lines = [
        f"options {sizes.options}, columns {sizes.columns}, rows {sizes.rows}, nonzeros {sizes.nonzeros}, "
        f"integer columns {sizes.integers}",
        f"total {timings.total:.1f} s, build {timings.build:.2f} s, first portfolio {timings.first_portfolio:.1f} s, "
        f"checker {timings.verification:.3f} s ({timings.verification / timings.total:.2%} of the solve)",
    ]
    for stage in result.stages:
        lines.append(f"{stage.objective:12} {stage.sense} {stage.value:>22} bound {stage.bound!s:>22} gap {stage.gap}")
    return "\n".join(lines)


def main() -> None:
    """Solves, measures and writes the table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=int, default=SolveOptions().work)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    scenario = load(SCENARIO)
    write = sys.stdout.write
    write(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; matcher --help {start_up():.3f} s\n")
    for _ in range(arguments.runs):
        write(table(solve(scenario, SolveOptions(work=arguments.work))) + "\n\n")


if __name__ == "__main__":
    main()
