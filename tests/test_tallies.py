"""What a portfolio comes to for each State, counted by hand."""

from __future__ import annotations

from fractions import Fraction

from matcher.comparison.tally import ABSENT, completion_year, tally
from matcher.portfolio.portfolio import Flow, Portfolio
from small import small_scenario

PEOPLE = {"women": 10, "men": 9, "girls": 3, "boys": 0}


def test_a_portfolio_is_counted() -> None:
    """Part of a need: money, partners, and people rounded down; no year of completion yet."""
    scenario = small_scenario({"needs.n.completes": True, "needs.n.beneficiaries": PEOPLE})
    flow = Flow(financier="f", implementer="t", need="n", year=2015, kind="operator", quantity=3, money=216)
    counted = tally(scenario, Portfolio(scenario="small", scenario_hash=scenario.digest, flows=(flow,)))
    state = counted.state("A")
    assert (state.completes, state.completion_year, state.coverage, state.money) == (False, None, Fraction(3, 10), 216)
    assert state.partners == {"donor", "ngo"}
    assert dict(state.people) == {"women": 3, "men": 2, "girls": 0, "boys": 0}
    assert (dict(counted.given), dict(counted.placed)) == ({"f": 216, "t": 3}, {("f", "A"): 216, ("t", "A"): 3})
    assert counted.state("Z") is ABSENT


def test_the_year_of_completion_is_the_last_of_the_needs_that_count() -> None:
    """The year in which the sum reaches what is sought, need by need; none where one is never met or none counts."""
    scenario = small_scenario(
        {
            "needs.n.completes": True,
            "needs.m": {"state": "A", "capability": "clearance", "quantity": 4, "completes": True},
            "needs.o": {"state": "A", "capability": "clearance", "quantity": 99},
        }
    )
    needs = scenario.needs_of("A")
    assert completion_year(needs, {"n": {2015: 4, 2016: 6}, "m": {2015: 4}, "o": {}}) == 2016
    assert completion_year(needs, {"n": {2016: 0, 2015: 10}, "m": {2015: 4}, "o": {}}) == 2015
    assert completion_year(needs, {"n": {2015: 9}, "m": {2015: 4}, "o": {2015: 99}}) is None
    assert completion_year(needs[2:], {"o": {2015: 99}}) is None
