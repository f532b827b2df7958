"""The most that a State's coverage can be by its own limits, and the smallest of those that could have more."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from brute_force import right_facts
from generators import Seeded, draw_document, draw_tasks
from matcher import Portfolio, Scenario, SolveOptions, solve, verify
from matcher.engine.certificates import certify
from matcher.formulation.need_aggregation import merge
from matcher.reporting.lasting import lasting_lines
from matcher.scenario.within_reach import OwnBounds
from matcher.verification.bound import proven
from matcher.verification.documents import completed, fractional
from matcher.verification.figures import state_figures
from matcher.verification.limits import ScenarioLimits
from smallest_scenario import Changes, small_scenario

ENGINES = ("scip", "highs", "cpsat")
WORST: Changes = {"objectives.order": [{"objective": "worst_off"}]}
THREE: Changes = WORST | {
    "horizon": [2015, 2015],
    "states.B": {"name": "Beland", "deadline": 2016},
    "states.C": {"name": "Ceeland", "deadline": 2016, "absorption": 72},
    "needs": {f"{s}-n": {"state": s, "capability": "clearance", "quantity": 10} for s in "ABC"},
    "offers.t.capacity": 9,
}
"""C can absorb the price of 1 of its 10 m2; 9 m2 in all can be cleared for the three."""


def bounds(scenario: Scenario) -> dict[str, Fraction]:
    """Returns the bound of every State that counts, as the scenario, its smaller twin and the checker have it."""
    own, merged = OwnBounds(scenario), OwnBounds(merge(scenario).scenario)
    checked = ScenarioLimits(fractional(completed(scenario.model_dump()))).own_bounds
    found = {state: own.bound(state) for state in sorted(own.counted)}
    assert found == {state: merged.bound(state) for state in sorted(merged.counted)}
    assert found == checked
    assert list(checked) == sorted(checked)
    return found


OTHER = {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 1}
TASK = {"state": "A", "capability": "clearance", "quantity": 10}
ROOMS: dict[str, tuple[Changes, str]] = {
    "all of it": ({}, "1"),
    "capacity in both years": ({"offers.t.capacity": 2}, "2/5"),
    "capacity of several, of which one is in kind": ({"offers.t.capacity": 2, "offers.k": OTHER}, "3/5"),
    "absorption, in whole granules": ({"states.A.absorption": 150}, "2/5"),
    "the donor's money": ({"offers.f.amount": 217}, "3/5"),
    "the cheapest first": (
        {"states.A.absorption": 150, "offers.k": OTHER | {"price": 10}},
        "2/5",  # 10 of 150 for 1, 72 of the rest for another one, in each year
    ),
    "own money is not absorbed": (
        {"states.A.absorption": 72, "offers.g": {"kind": "funding", "provider": "gov", "amount": 72, "states": ["A"]}},
        "2/5",
    ),
    "the need's years": ({"needs.n.years": [2016, 2016]}, "1/2"),
    "the need's most in a year": ({"needs.n.max_per_year": 1}, "1/5"),
    "all or nothing": (
        {"needs.n.max_per_year": 1, "needs.n.indivisible": True, "needs.m": TASK | {"quantity": 2}},
        "1/2",
    ),
    "what was delivered before": ({"needs.n.max_per_year": 1, "needs.n.delivered": 3}, "1/2"),
    "who gives too little at once": ({"offers.t.capacity": 2, "offers.k": OTHER | {"min_per_state": 2}}, "2/5"),
    "who is forbidden in a year": ({"decisions.forbids": [{"offer": "t", "years": [2015, 2015]}]}, "1/2"),
    "who is forbidden for one need": (
        {"needs.m": TASK, "decisions.forbids": [{"offer": "t", "need": "m"}]},
        "1/2",
    ),
    "like needs share": ({"needs.m": TASK}, "1/2"),
    "a need without weight": (
        {"needs.m": TASK | {"weight": 0}},
        "1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ROOMS)
def test_a_state_can_have_what_its_own_limits_leave(case: str) -> None:
    """Each limit of the State, of an offer or of a year, by hand."""
    changes, most = ROOMS[case]
    assert bounds(small_scenario(changes)) == {"A": Fraction(most)}


@pytest.mark.parametrize("seed", range(120))
def test_all_who_count_bounds_agree(seed: int) -> None:
    """The engine, what it makes of like tasks, and the checker have the same bounds."""
    source = Seeded(seed)
    bounds(Scenario.from_data(draw_tasks(source) if seed % 2 else draw_document(source, states=3)))


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_no_portfolio_passes_a_bound(seed: int) -> None:
    """No State of any right portfolio has more than its own limits allow."""
    scenario = Scenario.from_data(draw_document(Seeded(seed), years=2, most=3))
    limits = bounds(scenario)
    for facts, _ in right_facts(ScenarioLimits(fractional(completed(scenario.model_dump()))), 20_000):
        states = state_figures(facts)
        assert all(states[state].coverage <= most for state, most in limits.items())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_state_with_all_it_can_have_is_set_aside(engine: Any) -> None:
    """C has its 1 of 10 and is named; of the 8 that are left, A and B have 4 each."""
    scenario = small_scenario(THREE)
    result = solve(scenario, SolveOptions(engine=engine))
    assert result.portfolio is not None
    report = verify(scenario, result.portfolio)
    assert (report.figures["worst_off"], report.held, report.set_aside) == (Fraction(2, 5), ("C",), ())
    assert {state: each.coverage * 10 for state, each in report.states.items()} == {"A": 4, "B": 4, "C": 1}
    for language, said in (("en", "Set aside there too, as they have all"), ("fr", "Écartés de même")):
        (line,) = (line for line in lasting_lines(scenario, result, language) if line.startswith(said))
        assert line.endswith(": Ceeland.") or line.endswith(" : Ceeland.")
    (stage, *_) = result.stages
    assert (stage.objective, stage.exact, stage.solved) == ("worst_off", "2/5", True)


def test_nobody_is_set_aside_with_less_than_it_could_have() -> None:
    """Without anything C holds the smallest coverage at 0, whatever the others have."""
    scenario = small_scenario(THREE)
    result = solve(scenario)
    assert result.portfolio is not None
    rows = [flow for flow in result.portfolio.flows if not flow.need.startswith("C")]
    report = verify(scenario, Portfolio(**{**dict(result.portfolio), "flows": tuple(rows)}))
    assert (report.figures["worst_off"], report.held) == (0, ())


def test_where_all_have_what_they_can_the_figure_is_the_largest() -> None:
    """A can have half and C a tenth; both do, and nobody could have more."""
    there = {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 9, "price": 72}
    two = {"states.B": None, "needs.B-n": None, "offers.t": there | {"capacity": 5, "states": ["A"]}}
    scenario = small_scenario(THREE | two | {"offers.k": there | {"states": ["C"]}})
    assert bounds(scenario) == {"A": Fraction(1, 2), "C": Fraction(1, 10)}
    result = solve(scenario)
    assert result.portfolio is not None
    report = verify(scenario, result.portfolio)
    assert (report.figures["worst_off"], report.held) == (Fraction(1, 2), ("C",))
    assert result.stages[0].solved


def test_a_bound_below_what_little_room_allows_is_that_of_all_states() -> None:
    """C could have 4 of 10, but 9 m2 are 3 for each: nobody is set aside, and prices prove that without C's room."""
    scenario = small_scenario(THREE | {"states.C.absorption": 4 * 72})
    assert bounds(scenario) == {"A": Fraction(9, 10), "B": Fraction(9, 10), "C": Fraction(2, 5)}
    result = solve(scenario)
    assert result.portfolio is not None
    assert verify(scenario, result.portfolio).held == ()
    (stage, *_) = result.stages
    assert (stage.exact, stage.bound, stage.solved) == ("3/10", "0.300000", True)
    (found, *_) = proven(scenario.model_dump(), certify(scenario, result))
    assert Fraction(3, 10) <= found.bound < Fraction(31, 100)


@pytest.mark.parametrize("after", ["coverage", "waiting", "cost"])
def test_what_is_kept_is_kept_of_every_state(after: str) -> None:
    """What comes after worst_off leaves each State its share or all it can have, and certificates prove it."""
    order = [{"objective": "worst_off"}, {"objective": after}]
    scenario = small_scenario(THREE | {"objectives.order": order})
    result = solve(scenario)
    assert result.portfolio is not None
    assert verify(scenario, result.portfolio).figures["worst_off"] == Fraction(2, 5)
    bound = {each.objective: each.bound for each in proven(scenario.model_dump(), certify(scenario, result))}
    assert bound["worst_off"] < Fraction(1, 2)
    assert bound[after] == {"coverage": Fraction(9, 10), "waiting": Fraction(21, 10), "cost": 648}[after]
