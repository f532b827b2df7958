"""From portfolios to settled points of the model and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matcher.arrays import build_arrays
from matcher.errors import InvalidPortfolio
from matcher.formulations.assignment import Assignment, formulate
from matcher.formulations.layout import WORST_SCALE
from matcher.formulations.objectives import FIGURES, linear_objective, worst_off_error, worst_off_rows
from matcher.formulations.points import point_of, portfolio_of, settled
from matcher.io import load
from matcher.options import find_options
from matcher.portfolio import Portfolio
from matcher.result import SolveOptions, scenario_hash
from matcher.scenario import Scenario
from matcher.solving import solve
from matcher.verification import verify
from small import Changes, small_scenario

TINY = sorted(
    path
    for path in (Path(__file__).parent.parent / "scenarios" / "tiny").glob("*.yaml")
    if ".expected" not in path.name
)


def _formulated(scenario: Scenario) -> Assignment:
    return formulate(build_arrays(find_options(scenario)))


Flows = list[tuple[str | None, str, str, int, int]]
Runs = list[tuple[str, str, int, int]]


def _portfolio(scenario: Scenario, flows: Flows, engagements: Runs) -> Portfolio:
    """A portfolio of (financier, implementer, need, year, units) and (offer, State, first, last)."""
    document = {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "flows": [
            {
                "financier": financier,
                "implementer": implementer,
                "need": need,
                "year": year,
                "kind": "operator" if financier != "p" else "public-private",
                "quantity": units,
                "money": 0 if financier is None else units * 72,
            }
            for financier, implementer, need, year, units in flows
        ],
        "engagements": [
            {"offer": who, "state": where, "years": [first, last]} for who, where, first, last in engagements
        ],
    }
    return Portfolio.model_validate(document)


def _values(built: Assignment, point: np.ndarray) -> dict[str, dict[tuple[object, ...], int]]:
    layout = built.layout
    names = ("engaged", "start", "partner", "carried", "repaid", "spent", "delivered")
    return {name: {key: int(point[column]) for key, column in getattr(layout, name).items()} for name in names}


@pytest.mark.parametrize("path", TINY, ids=lambda path: path.stem)
def test_solved_portfolios_survive_the_way_to_a_point_and_back(path: Path) -> None:
    """The portfolio of each tiny scenario is the portfolio of its own settled point, which the model admits."""
    scenario = load(path)
    result = solve(scenario, SolveOptions(work=20))
    if result.portfolio is None:
        assert result.status == "infeasible"
        return
    built = _formulated(scenario)
    rows = worst_off_rows(built.layout)
    point = point_of(built, result.portfolio, rows)
    assert result.portfolio.flows
    assert built.model.with_rows(rows).admits(point)
    assert portfolio_of(built, point) == result.portfolio
    assert (settled(built, point, rows) == point).all()


@pytest.mark.parametrize("path", TINY, ids=lambda path: path.stem)
def test_figures_of_a_point_are_those_of_the_checker(path: Path) -> None:
    """Every linear objective at the settled point is the checker's figure of the portfolio, within its error."""
    scenario = load(path)
    portfolio = solve(scenario, SolveOptions(work=20)).portfolio
    if portfolio is None:
        return
    built = _formulated(scenario)
    point = point_of(built, portfolio, worst_off_rows(built.layout))
    report = verify(scenario, portfolio)
    assert report.ok
    for name in FIGURES:
        aim = linear_objective(built.layout, name)
        allowed = aim.error + (worst_off_error(built.layout) if name == "worst_off" else 0)
        assert abs(aim.value(point) - report.figures[name]) <= allowed, name


def test_an_empty_portfolio_is_the_empty_point() -> None:
    """Nothing proposed: no flow and no engagement, and the smallest coverage is nothing."""
    scenario = small_scenario({"offers.f.carry_over": 0.5})
    built = _formulated(scenario)
    point = point_of(built, _portfolio(scenario, [], []), worst_off_rows(built.layout))
    assert _values(built, point)["carried"] == {("f", 1): 500}
    point[list(built.layout.carried.values())] = 0
    assert not point.any()


def test_ledgers_are_settled_to_leave_most_room() -> None:
    """Carried money is as large, and a repayment as small, as the flows allow."""
    prepaid: Changes = {
        "horizon": [2015, 2017],
        "offers.f.carry_over": 0.5,
        "offers.p": {
            "kind": "funding",
            "provider": "firm",
            "amount": 500,
            "repayment": {"offer": "f", "after": 1, "premium": 0.1},
        },
    }
    scenario = small_scenario(prepaid)
    built = _formulated(scenario)
    flows: Flows = [("f", "t", "n", 2015, 1), ("p", "t", "n", 2015, 2), ("f", "t", "n", 2016, 3)]
    runs: Runs = [("f", "A", 2015, 2016), ("t", "A", 2015, 2016), ("p", "A", 2015, 2015)]
    portfolio = _portfolio(scenario, flows, runs)
    point = point_of(built, portfolio)
    values = _values(built, point)
    assert values["repaid"] == {("p", 0): 159, ("p", 1): 0}  # 1.1 x 144 = 158.4
    assert values["spent"] == {("f", 0): 72, ("f", 1): 216, ("f", 2): 0}
    assert values["carried"] == {("f", 1): 464, ("f", 2): 544}  # (1000 + 464 - 216 - 159) / 2 = 544.5
    assert built.model.admits(point)
    assert verify(scenario, portfolio).ok
    for (key, ledger), step in ((("f", "carried"), 1), (("p", "repaid"), -1)):
        for (offer, _), column in getattr(built.layout, ledger).items():
            more = point.copy()
            more[column] += step
            assert offer == key
            assert not built.model.admits(more)


def test_engagements_starts_and_partners_are_settled() -> None:
    """Each run starts once, idle years inside it are engaged, and a partner is engaged through any offer."""
    scenario = small_scenario(
        {
            "horizon": [2015, 2018],
            "offers.t.min_years": 2,
            "states.A.max_partners": 2,
            "offers.f2": {"kind": "funding", "provider": "donor", "amount": 200},
        }
    )
    built = _formulated(scenario)
    flows: Flows = [("f", "t", "n", 2015, 1), ("f2", "t", "n", 2018, 1)]
    runs: Runs = [("f", "A", 2015, 2015), ("f2", "A", 2018, 2018), ("t", "A", 2015, 2016), ("t", "A", 2018, 2018)]
    portfolio = _portfolio(scenario, flows, runs)
    point = point_of(built, portfolio)
    values = _values(built, point)
    work = built.layout.arrays.relation_index("t", "A")
    assert [values["engaged"][work, year] for year in range(4)] == [1, 1, 0, 1]
    assert [values["start"][work, year] for year in range(4)] == [1, 0, 0, 1]
    assert [values["partner"]["donor", "A", year] for year in range(4)] == [1, 0, 0, 1]
    assert built.model.admits(point)
    assert verify(scenario, portfolio).ok
    assert portfolio_of(built, point) == portfolio


def test_completion_and_indivisible_needs_are_settled() -> None:
    """A State completes and an indivisible need is met only to the last granule, in time."""
    scenario = small_scenario({"needs.n.completes": True, "needs.n.indivisible": True, "states.A.deadline": 2016})
    built = _formulated(scenario)
    runs: Runs = [("f", "A", 2015, 2016), ("t", "A", 2015, 2016)]
    for last, done in ((5, 1), (4, 0)):
        flows: Flows = [("f", "t", "n", 2015, 5), ("f", "t", "n", 2016, last)]
        portfolio = _portfolio(scenario, flows, runs)
        point = point_of(built, portfolio)
        assert point[built.layout.complete["A"]] == done
        assert point[built.layout.whole["n"]] == done
        assert built.model.admits(point) == verify(scenario, portfolio).ok == bool(done)


def test_delivery_adds_up_over_the_years() -> None:
    """What is delivered by the end of each year is settled where a precedence asks for it."""
    after = [{"need": "n", "lag": 1}]
    ordered = {"needs.m": {"state": "A", "capability": "clearance", "quantity": 4, "after": after}}
    scenario = small_scenario(ordered)
    built = _formulated(scenario)
    runs: Runs = [("f", "A", 2015, 2016), ("t", "A", 2015, 2016)]
    for wanted, right in ((2, True), (3, False)):
        flows: Flows = [("f", "t", "n", 2015, 5), ("f", "t", "m", 2016, wanted)]
        portfolio = _portfolio(scenario, flows, runs)
        point = point_of(built, portfolio)
        assert _values(built, point)["delivered"] == {("m", 0): 0, ("m", 1): wanted, ("n", 0): 5, ("n", 1): 5}
        assert built.model.admits(point) == verify(scenario, portfolio).ok == right


def test_the_smallest_coverage_is_settled() -> None:
    """The smallest coverage is as large as the flows allow, to within its stated error."""
    scenario = small_scenario()
    built = _formulated(scenario)
    rows = worst_off_rows(built.layout)
    portfolio = _portfolio(scenario, [("f", "t", "n", 2015, 3)], [("f", "A", 2015, 2015), ("t", "A", 2015, 2015)])
    point = point_of(built, portfolio, rows)
    assert point[built.layout.worst] == WORST_SCALE // 10 * 3
    model = built.model.with_rows(rows)
    assert model.admits(point)
    point[built.layout.worst] += 1
    assert not model.admits(point)


def test_flows_that_are_no_options_are_told_together() -> None:
    """Every flow that the model has no column for, or no whole granules, is a fault of its own."""
    scenario = small_scenario({"capabilities.clearance.granule": 5, "offers.t.price": 72, "offers.f.amount": 1000})
    flows: Flows = [
        ("f", "t", "n", 2015, 5),
        ("f", "t", "n", 2016, 4),
        (None, "t", "n", 2015, 5),
        ("f", "t", "n", 2017, 5),
    ]
    with pytest.raises(InvalidPortfolio) as caught:
        point_of(_formulated(scenario), _portfolio(scenario, flows, []))
    assert len(caught.value.faults) == 3
    assert {fault.path[0] for fault in caught.value.faults} == {"flows"}


def test_engagements_of_unknown_relations_are_left_out() -> None:
    """An engagement that no option asks for has no column, and does not come back."""
    scenario = small_scenario(
        {"offers.g": {"kind": "funding", "provider": "gov", "amount": 1, "channels": ["own_programme"]}}
    )
    built = _formulated(scenario)
    point = point_of(built, _portfolio(scenario, [], [("g", "A", 2015, 2016)]))
    assert not point.any()
    assert portfolio_of(built, point) == _portfolio(scenario, [], [])
