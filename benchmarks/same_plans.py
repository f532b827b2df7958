"""Whether the engine still proposes what it did: flows, engagements, bounds and figures, before and after a change.

Usage::

    python benchmarks/same_plans.py record before.json     # on the old code
    python benchmarks/same_plans.py compare before.json    # on the new code: exit code 1 if anything differs

Every tiny scenario is solved by each engine and both methods, and geneva-2015 with its default order within a
small work limit. Nothing that is compared depends on a clock.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matcher import Result, SolveOptions, load, solve

SCENARIOS = Path(__file__).parents[1] / "scenarios"
ENGINES = ("auto", "scip", "highs", "cpsat")
GENEVA_WORK = 10


def runs() -> Iterator[tuple[str, Path, SolveOptions]]:
    """Yields what is solved, by name."""
    for path in sorted((SCENARIOS / "tiny").glob("*.yaml")):
        if not path.stem.endswith(".expected"):
            for engine in ENGINES:
                yield f"{path.stem} {engine}", path, SolveOptions.model_validate({"engine": engine, "work": 5})
            yield f"{path.stem} decomposition", path, SolveOptions(method="decomposition", work=5)
    yield "geneva-2015", SCENARIOS / "geneva-2015.yaml", SolveOptions(work=GENEVA_WORK)


def outcome(result: Result) -> dict[str, Any]:
    """Returns what must stay the same, as plain data."""
    portfolio = result.portfolio
    return {
        "status": result.status,
        "stages": [[each.objective, each.exact, each.bound, each.gap] for each in result.stages],
        "figures": {each.objective: each.exact for each in result.figures},
        "flows": [] if portfolio is None else [list(each.model_dump().values()) for each in portfolio.flows],
        "engagements": [] if portfolio is None else [each.model_dump(mode="json") for each in portfolio.engagements],
        "conflicts": [[each.reason, list(each.subjects)] for each in result.conflicts],
    }


def main(mode: str, file: str) -> int:
    """Records or compares; returns the exit code."""
    path = Path(file)
    found = {name: json.loads(json.dumps(outcome(solve(load(path), options)))) for name, path, options in runs()}
    if mode == "record":
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
        return 0
    before = json.loads(path.read_text(encoding="utf-8"))
    differing = [name for name in sorted(before | found) if before.get(name) != found.get(name)]
    sys.stdout.write(f"{len(found)} runs, {len(differing)} differ{': ' + ', '.join(differing) if differing else ''}\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
