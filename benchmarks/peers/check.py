"""Solves scenario files with one peer, for completions and coverage, and writes the values as JSON.

python -m benchmarks.peers.check cpsat scenarios/tiny/*.yaml
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

from benchmarks.outcome import Trajectory
from benchmarks.peers import peer_of
from matcher import Scenario, find_options, load, verify
from matcher.scenario import Objectives, Weight

SECONDS = 20


def weighed(path: Path) -> Scenario:
    """Returns a scenario with the benchmarks' objective in place of its own."""
    weights = (Weight(objective="completions", weight=Decimal(2)), Weight(objective="coverage", weight=Decimal(1)))
    return load(path).model_copy(update={"objectives": Objectives(weights=weights)})


def value_of(peer: str, path: Path) -> float | str | None:
    """Returns the best value, None if there is no portfolio, or what the checker finds wrong with it."""
    scenario = weighed(path)
    model = peer_of(peer).load().build(find_options(scenario))
    trajectory = Trajectory()
    model.solve(SECONDS, 1, trajectory)
    portfolio = model.portfolio() if trajectory.last.value is not None and hasattr(model, "portfolio") else None
    if portfolio is not None:
        report = verify(scenario, portfolio)
        if not report.ok:
            return "; ".join(violation.detail for violation in report.violations)
    return trajectory.last.value


def main() -> None:
    """Writes a JSON object from file to value as the last line."""
    peer, *paths = sys.argv[1:]
    found = {Path(path).stem: value_of(peer, Path(path)) for path in paths}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
