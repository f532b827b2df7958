"""Equal States served alike: copies by the same partners, or by equal ones that are free, as far as they go."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from matcher.engine.by_state.copying import served_alike
from matcher.engine.lexicographic import Stages, formulated
from matcher.engine.problem import ObjectiveProblem
from matcher.engine.solving import solve
from matcher.formulation.plans import portfolio_of
from matcher.portfolio.result import SolveOptions
from matcher.scenario import Scenario
from matcher.solvers.effort import WorkBudget
from matcher.verification import verify


def equals(states: int, donors: int, operators: int, **changes: Any) -> Scenario:
    """Returns equal States of 100 hectares at 1,000, and equal donors of 5,000 and operators of 20 hectares a year."""
    money = {"kind": "funding", "amount": 5000, "min_per_state": 1000, "min_years": 2, "max_states": 3}
    work = {"kind": "technical", "capability": "c", "capacity": 20, "price": 1000}
    names = range(states)
    document: dict[str, Any] = {
        "matcher": 2,
        "name": "equals",
        "horizon": [2030, 2034],
        "currency": {"code": "USD"},
        "capabilities": {"c": {"name": "Clearance", "unit": "hectare"}},
        "states": {f"S{at:02}": {"name": f"State {at}", "deadline": 2034, "max_partners": 6} for at in names},
        "needs": {
            f"S{at:02}-c": {"state": f"S{at:02}", "capability": "c", "quantity": 100, "completes": True} for at in names
        },
        "providers": {f"D{at:02}": {"name": f"Donor {at}", "kind": "donor_state"} for at in range(donors)}
        | {f"O{at:02}": {"name": f"Operator {at}", "kind": "operator"} for at in range(operators)},
        "offers": {f"D{at:02}-m": {"provider": f"D{at:02}", **money} for at in range(donors)}
        | {f"O{at:02}-w": {"provider": f"O{at:02}", **work} for at in range(operators)},
        "objectives": {"order": [{"objective": "completions"}]},
    }
    return Scenario.from_data(document | changes)


def first_task(scenario: Scenario) -> ObjectiveProblem:
    """Returns the problem of the first objective."""
    stages = Stages(formulated(scenario))
    return stages.pursuit.problem(stages.levels[0].objective)


def served(scenario: Scenario) -> Fraction | None:
    """Returns how many States complete by serving equal ones alike, by a plan that the checker accepts."""
    task = first_task(scenario)
    plan = served_alike(task, WorkBudget(20.0))
    if plan is None:
        return None
    assert task.model.admits(plan.point)
    assert verify(scenario, portfolio_of(task.formulation, plan)).ok
    return task.value(plan)


@pytest.mark.parametrize(("states", "donors", "operators", "best"), [(8, 24, 8, 6), (8, 24, 5, 5), (5, 20, 5, 5)])
def test_each_state_takes_whole_partners(states: int, donors: int, operators: int, best: int) -> None:
    """Four donors in all years and one operator complete a State; money, work or States run out first."""
    assert served(equals(states, donors, operators)) == best


def test_large_partners_are_used_up_before_free_ones_are_asked() -> None:
    """A donor of 60,000 a year and an operator of 60 hectares serve three States each: two of each serve six."""
    scenario = equals(6, 2, 2)
    document = scenario.model_dump()
    for offer in document["offers"].values():
        offer.update({"amount": 60_000} if offer["kind"] == "funding" else {"capacity": 60})
    for need in document["needs"].values():
        need["max_per_year"] = 20
    assert served(Scenario.model_validate(document)) == 6


def test_states_that_are_told_apart_are_not_served_alike() -> None:
    """Weights tell the States apart: there is no class, and nothing to start from."""
    scenario = equals(3, 12, 3)
    document = scenario.model_dump()
    for at, state in enumerate(document["states"].values()):
        state["weight"] = at + 1
    assert served(Scenario.model_validate(document)) is None


def test_a_state_with_a_decision_of_its_own_keeps_it() -> None:
    """One operator may not work in the first State: it is no copy, and the others complete all the same."""
    forbid = {"forbids": [{"offer": "O00-w", "state": "S00"}]}
    assert served(equals(4, 16, 4, decisions=forbid)) == 3


def test_twenty_equal_states_complete_as_by_hand() -> None:
    """60 donors are four for each of 15 States: found, and proven, within work 20."""
    result = solve(equals(20, 60, 20), SolveOptions(work=20))
    (stage,) = result.stages
    assert (Fraction(stage.exact), stage.solved) == (15, True)
