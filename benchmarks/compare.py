"""Solves instances with this engine and with its peers, one after the other, each in a fresh process.

The long run, documented in benchmarks/README.md::

    python -m benchmarks.compare --sizes tiny small real --seeds 101 102 103 104 105 --seconds 120 \
        --solvers matcher pulp linopy cpsat scip --out benchmarks/results

Each result is appended to `solves.jsonl` at once; a run that is started again skips what is there,
and with `--again` measures anew what failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.instances import SIZES
from benchmarks.subjects import SUBJECTS, solvers

TOP = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
OVERTIME = 900
"""Seconds a process may take beyond its limit, for generating and building, before it is ended."""
Row = dict[str, Any]


def rows_in(path: Path) -> list[Row]:
    """Returns the rows of a file of JSON lines, the last of each measurement; none if there is no file."""
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return list({key_of(row): row for row in rows}.values())


def key_of(row: Row) -> tuple[str, str, int, float | None]:
    """Returns what tells a measurement from all others."""
    return row["subject"], row["size"], row["seed"], row["seconds"]


def measure(subject: str, size: str, seed: int, seconds: float | None, more: list[str]) -> Row:
    """Returns one row, measured in a fresh process; a failure is a row too."""
    command = [sys.executable, "-m", "benchmarks.run_one", "--subject", subject, "--size", size, "--seed", str(seed)]
    command += ["--seconds", str(seconds)] if seconds is not None else []
    asked: Row = {"subject": subject, "size": size, "seed": seed, "seconds": seconds}
    try:
        run = subprocess.run(
            [*command, *more], capture_output=True, text=True, cwd=TOP, timeout=(seconds or 0) + OVERTIME
        )
    except subprocess.TimeoutExpired:
        return {**asked, "failed": f"ended after {(seconds or 0) + OVERTIME:.0f} s"}
    if run.returncode:
        last = run.stderr.strip().splitlines()[-1:] or [f"signal {-run.returncode}"]
        return {**asked, "failed": last[0][:300]}
    row: Row = json.loads(run.stdout.strip().splitlines()[-1])
    return row


def campaign(
    asked: Iterable[tuple[str, str, int, float | None]], path: Path, more: list[str], *, again: bool = False
) -> Iterator[Row]:
    """Measures what is not in the file yet (or, again, what failed), appends each row at once, and yields it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {key_of(row) for row in rows_in(path) if not (again and "failed" in row)}
    for subject, size, seed, seconds in asked:
        if (subject, size, seed, seconds) in done:
            continue
        row = measure(subject, size, seed, seconds, more)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        yield row


def told(row: Row) -> str:
    """Returns a row as a line to read while waiting."""
    start = f"{row['subject']:10} {row['size']:6} {row['seed']:4}"
    if "failed" in row:
        return f"{start} failed: {row['failed']}"
    figures = [f"build {row['build_seconds']:.2f} s", f"peak {row['peak_mb']:.0f} MB", f"nonzeros {row['nonzeros']}"]
    if "value" in row:
        shown = [
            f"{name} {row[name]:.4f}" if row[name] is not None else f"no {name}" for name in ("value", "bound", "gap")
        ]
        figures = [*shown, *figures, row["status"]]
    return f"{start} {', '.join(figures)}"


def add_common(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that all campaigns share."""
    parser.add_argument("--seeds", nargs="+", type=int, default=[101, 102, 103, 104, 105])
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="threads of those solvers that take them"
    )
    parser.add_argument("--memory", type=float, default=16, metavar="GB", help="most memory of a process")
    parser.add_argument("--again", action="store_true", help="measure anew what failed")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR")


def passed_on(arguments: argparse.Namespace) -> list[str]:
    """Returns the common arguments as each process takes them."""
    return ["--threads", str(arguments.threads), "--memory", str(arguments.memory)]


def main() -> None:
    """Runs the campaign and tells each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["tiny", "small", "real"])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--solvers", nargs="+", choices=solvers(), default=solvers())
    add_common(parser)
    asked = parser.parse_args()
    for name in asked.solvers:
        SUBJECTS[name].check()
    wanted = [
        (solver, size, seed, asked.seconds) for size in asked.sizes for seed in asked.seeds for solver in asked.solvers
    ]
    for row in campaign(wanted, asked.out / "solves.jsonl", passed_on(asked), again=asked.again):
        sys.stdout.write(told(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
