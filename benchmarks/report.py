"""Makes tables and plots of what was measured: `python -m benchmarks.report [--out benchmarks/results]`.

Tables go into the marked section of benchmarks/README.md, plots into benchmarks/plots.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.compare import RESULTS, Row, rows_in
from benchmarks.instances import SIZES
from benchmarks.measured import best_bounds, built_mb, in_order
from benchmarks.subjects import SUBJECTS

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
Figure = Callable[[Row], float | None]


def spread(figures: Iterable[float | None], form: str) -> str:
    """Returns the median and, where they differ, least and most; how many are missing, if any."""
    every = list(figures)
    known = [each for each in every if each is not None]
    if not known:
        return "none"
    middle, least, most = (f"{each:{form}}" for each in (statistics.median(known), min(known), max(known)))
    found = middle if least == most else f"{middle} ({least} to {most})"
    return found if len(known) == len(every) else f"{found}, {len(every) - len(known)} without"


def gap_to_best(row: Row, best: dict[tuple[str, int], float]) -> float | None:
    """Returns how far a portfolio is below the tightest bound, 0 to 1."""
    bound = best.get((row["size"], row["seed"]))
    if bound is None or row.get("value") is None:
        return None
    return max(0.0, (bound - row["value"]) / bound) if bound else 0.0


def table(head: list[str], body: list[list[str]]) -> list[str]:
    """Returns the lines of a Markdown table."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return [f"| {' | '.join(each)} |" for each in (head, rule, *body)]


def solve_tables(rows: list[Row]) -> list[str]:
    """Returns a table for each size and time limit: median over the seeds, least and most."""
    best = best_bounds(rows)
    groups: dict[tuple[str, float], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["size"], row["seconds"]].append(row)
    lines: list[str] = []
    for size in in_order({size for size, _ in groups}, SIZES):
        for seconds in sorted({each for name, each in groups if name == size}):
            here = groups[size, seconds]
            seeds = len({row["seed"] for row in here})
            lines += [f"### {size}: {SIZES[size].states} States, {seconds:.0f} s, {seeds} seeds", ""]
            lines += [*_solve_table(here, best), ""]
    return lines


def _solve_table(rows: list[Row], best: dict[tuple[str, int], float]) -> list[str]:
    head = ["solver", "portfolio", "bound", "own gap %", "gap to best bound %"]
    head += ["first portfolio s", "build s", "peak MB", "failed"]
    body = []
    for name in in_order((row["subject"] for row in rows), SUBJECTS):
        mine = [row for row in rows if row["subject"] == name]
        done = [row for row in mine if "failed" not in row]
        body.append(
            [
                SUBJECTS[name].title,
                spread((row["value"] for row in done), ".2f"),
                spread((row["bound"] for row in done), ".2f"),
                spread((_percent(row["gap"]) for row in done), ".2f"),
                spread((_percent(gap_to_best(row, best)) for row in done), ".2f"),
                spread((row["first_seconds"] for row in done), ".1f"),
                spread((row["build_seconds"] for row in done), ".2f"),
                spread((max(row["peak_mb"], row["peak_children_mb"]) for row in done), ".0f"),
                str(len(mine) - len(done)),
            ]
        )
    return table(head, body)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def build_table(rows: list[Row]) -> list[str]:
    """Returns one table of building: a row for each size and subject."""
    body = []
    for size in in_order((row["size"] for row in rows), SIZES):
        for name in in_order((row["subject"] for row in rows if row["size"] == size), SUBJECTS):
            mine = [row for row in rows if (row["size"], row["subject"]) == (size, name)]
            done = [row for row in mine if "failed" not in row]
            figures: list[tuple[Figure, str]] = [
                (lambda row: row["columns"], ",.0f"),
                (lambda row: row["rows"], ",.0f"),
                (lambda row: row["nonzeros"], ",.0f"),
                (lambda row: row["build_seconds"], ".2f"),
                (built_mb, ".0f"),
            ]
            cells = [spread(map(figure, done), form) for figure, form in figures]
            body.append([f"{size}, {SUBJECTS[name].title}", *cells, str(len(mine) - len(done))])
    head = ["size, builder", "columns", "rows", "nonzeros", "build s", "memory for it MB", "failed"]
    return [*table(head, body), ""] if body else []


def write_section(lines: list[str]) -> None:
    """Replaces what stands between the marks of the README."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text("\n".join([before + BEGIN, "", *lines, END + after]), encoding="utf-8")


def machine(rows: list[Row]) -> list[str]:
    """Returns one line on what it was measured with."""
    versions: dict[str, str] = next((row["versions"] for row in reversed(rows) if "versions" in row), {})
    threads = sorted({row["threads"] for row in rows if "threads" in row})
    told = ", ".join(f"{name} {each}" for name, each in versions.items())
    return [f"Measured with {told}; threads: {', '.join(map(str, threads))}.", ""]


def main() -> None:
    """Writes tables and plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="where the results are")
    asked = parser.parse_args()
    solves, builds = rows_in(asked.out / "solves.jsonl"), rows_in(asked.out / "builds.jsonl")
    from benchmarks.drawing import draw

    plots = [f"![{path.stem}](plots/{path.name})" for path in draw(solves, builds)]
    write_section([*machine(solves + builds), *solve_tables(solves), *build_table(builds), *plots, ""])


if __name__ == "__main__":
    main()
