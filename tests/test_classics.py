"""Classic problems written as scenarios: the default command finds and proves their optimum."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from benchmarks.classics import KINDS, Classic
from matcher.engine.solving import solve
from matcher.portfolio.result import Result, SolveOptions
from matcher.scenario import Scenario
from test_cases import case

SMALL: list[tuple[str, Any]] = [
    ("knapsack", 30),
    ("projects", 14),
    ("set_packing", 40),
    ("kidney_exchange", 30),
    ("assignment", (5, 15)),
    ("location", (12, 20)),
    ("location_by_links", (8, 12)),
]


def classic(kind: str, size: Any, seed: int) -> Classic:
    """Returns an instance of a kind."""
    return KINDS[kind][0](size, seed)


def is_proven(result: Result, optimum: Fraction, stage: int = 0) -> bool:
    """Whether a stage of a result has the optimum, and is proven."""
    return Fraction(result.stages[stage].exact) == optimum and result.stages[stage].solved


@pytest.mark.parametrize(("kind", "size"), SMALL, ids=[kind for kind, _ in SMALL])
def test_the_default_finds_and_proves_the_optimum(kind: str, size: Any) -> None:
    """However many States a problem has: its model is small."""
    asked = classic(kind, size, 7)
    assert is_proven(solve(asked.scenario), asked.optimum, asked.stage)


def test_eleven_states_and_one_fund_are_proven() -> None:
    """101 of weight is best, which takes less than a unit of work: the number of States is no reason to part them."""
    result = solve(case("eleven-states-one-fund"), SolveOptions(work=1))
    assert is_proven(result, Fraction(101))
    assert (result.status, result.stopped_by) == ("optimal", "gap")


def test_fourteen_projects_and_one_budget_are_proven() -> None:
    """Indivisible projects of one State or of fourteen: the same best value, proven in a unit of work."""
    projects, states = classic("projects", 14, 3), classic("knapsack", 14, 3)
    assert projects.optimum == states.optimum
    for each in (projects, states):
        assert is_proven(solve(each.scenario, SolveOptions(work=1)), each.optimum)


@pytest.mark.parametrize("granules", [1, 1000], ids=["coarse", "fine"])
def test_what_parting_leaves_open_the_whole_closes(granules: int) -> None:
    """State by State a knapsack is left open; the work that is left proves it, without a clock and the same twice."""
    asked = classic("knapsack", 30, 1)
    document = asked.scenario.model_dump()
    for need in document["needs"].values():
        need["quantity"] *= granules
    document["offers"]["F-money"]["amount"] *= granules
    document["offers"]["O-work"]["capacity"] *= granules
    scenario = Scenario.model_validate(document)
    first, second = (solve(scenario, SolveOptions(method="decomposition")) for _ in range(2))
    assert is_proven(first, asked.optimum)
    assert first.stages == second.stages
    assert first.portfolio == second.portfolio


def test_what_closes_an_order_is_bounded_though_its_order_does_not_name_it() -> None:
    """Waiting was not pursued before, so there is no bound to take over: one is sought."""
    asked = classic("location_by_links", (8, 12), 7)
    result = solve(asked.scenario, SolveOptions(method="decomposition"))
    assert is_proven(result, asked.optimum, asked.stage)
    assert [(each.objective, each.solved) for each in result.stages[2:]] == [("coverage", True), ("waiting", True)]
