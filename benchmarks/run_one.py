"""Builds or solves one instance with one subject in a process of its own, and writes one line of JSON.

    python -m benchmarks.run_one --subject pulp --size tiny --seed 101 --seconds 20

OR-Tools and highspy cannot live in one process, and only a fresh process has a peak of memory of its
own. The line is the last of standard output: solvers write there too.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.instances import SIZES, generate
from benchmarks.outcome import Trajectory
from benchmarks.subjects import SUBJECTS, Subject, subject_of
from matcher import Scenario

MEGABYTE = 1024 if platform.system() == "Linux" else 1024 * 1024
"""Units of `ru_maxrss` in a megabyte: kilobytes on Linux, bytes on macOS."""
_PACKAGES = ("matcher", "ortools", "highspy", "pulp", "linopy", "numpy")


def peak(who: int = resource.RUSAGE_SELF) -> float:
    """Returns the most memory used so far, in MB."""
    return round(resource.getrusage(who).ru_maxrss / MEGABYTE, 1)


def measure(subject: Subject, scenario: Scenario, seconds: float | None, threads: int) -> dict[str, Any]:
    """Returns what building, and solving if there are seconds for it, took and gave."""
    subject.load()
    gc.collect()
    before, trajectory = peak(), Trajectory()
    prepared = subject.prepare(scenario)
    at_hand = trajectory.elapsed
    built = subject.build(prepared)
    row: dict[str, Any] = {
        "options_seconds": round(at_hand, 4),
        "build_seconds": round(trajectory.elapsed - at_hand, 4),
        "memory_before_mb": before,
        "memory_built_mb": peak(),
    }
    counting = time.perf_counter()
    row |= asdict(built.count())
    trajectory.start += time.perf_counter() - counting  # counting is not a part of the job
    if seconds is not None and subject.solve is not None:
        left = max(1.0, seconds - trajectory.elapsed)
        ended = subject.solve(built, left, threads, trajectory)
        row |= {"status": ended.status, **_found(trajectory)}
        if ended.build_seconds is not None and ended.dimensions is not None:
            row |= {"build_seconds": round(ended.build_seconds, 4), **asdict(ended.dimensions)}
    row |= {"peak_mb": peak(), "peak_children_mb": peak(resource.RUSAGE_CHILDREN)}
    return row


def _found(trajectory: Trajectory) -> dict[str, Any]:
    last = trajectory.last
    return {
        "total_seconds": round(trajectory.elapsed, 3),
        "value": last.value,
        "bound": last.bound,
        "gap": last.gap,
        "first_seconds": trajectory.first,
        "trajectory": [[round(each.seconds, 3), each.value, each.bound] for each in trajectory.points],
    }


def versions() -> dict[str, str]:
    """Returns the versions of the packages at work, where they are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def limit_memory(gigabytes: float | None) -> None:
    """Lets no allocation take the process over a limit: it fails instead of the machine."""
    if gigabytes is not None:
        most = int(gigabytes * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", required=True, choices=list(SUBJECTS))
    parser.add_argument("--size", required=True, choices=list(SIZES))
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--seconds", type=float, help="wall clock from scenario to result; without it, build only")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", type=float, metavar="GB", help="most memory")
    return parser.parse_args()


def main() -> None:
    """Measures and writes the line."""
    asked = arguments()
    limit_memory(asked.memory)
    start = time.perf_counter()
    scenario = generate(asked.size, asked.seed)
    row: dict[str, Any] = {
        "subject": asked.subject,
        "size": asked.size,
        "seed": asked.seed,
        "seconds": asked.seconds,
        "threads": asked.threads,
        "states": len(scenario.states),
        "needs": len(scenario.needs),
        "offers": len(scenario.offers),
        "generate_seconds": round(time.perf_counter() - start, 3),
        "load": round(os.getloadavg()[0], 2),
        "versions": versions(),
    }
    row |= measure(subject_of(asked.subject), scenario, asked.seconds, asked.threads)
    sys.stdout.flush()
    sys.stdout.write("\n" + json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
