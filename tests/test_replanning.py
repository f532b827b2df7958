"""Planning again from an earlier portfolio: what is kept of it, and how few changes a new one makes."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from generators import Seeded, draw_scenario
from matcher.engine.certificates import certify
from matcher.engine.replanning import near
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions, InvalidScenario
from matcher.isolation import solve_isolated
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Method, Result, SolveOptions
from matcher.scenario import Scenario
from matcher.units import fraction
from matcher.verification import verify
from matcher.verification.bound import proven
from matcher.verification.documents import completed
from smallest_scenario import Changes, small_scenario

QUICK = SolveOptions(work=5)
TWO_OPERATORS: Changes = {
    "offers.u": {"kind": "technical", "provider": "other", "capability": "clearance", "capacity": 10, "price": 72},
    "providers.other": {"name": "Another operator", "kind": "operator"},
    "needs.n.completes": True,
}


def solved(scenario: Scenario, start: Portfolio | None = None, method: Method = "auto") -> Result:
    """Returns a short solve."""
    return solve(scenario, SolveOptions(work=5, method=method), start=start)


def proposed(scenario: Scenario) -> Portfolio:
    """Returns the portfolio of a short solve."""
    portfolio = solved(scenario).portfolio
    assert portfolio is not None
    return portfolio


def figure(result: Result, name: str) -> str:
    """Returns a figure of a result."""
    return {each.objective: each.exact for each in result.figures}[name]


def given(scenario: Scenario, portfolio: Portfolio) -> Counter[tuple[str, str, int]]:
    """Returns what each offer gives each State in each year: money, or units at the price of 72."""
    found = Counter[tuple[str, str, int]]()
    for flow in portfolio.flows:
        state = scenario.need(flow.need).state
        found[flow.implementer, state, flow.year] += 72 * flow.quantity
        found[str(flow.financier), state, flow.year] += flow.money
    return found


def test_a_scenario_without_an_earlier_portfolio_is_what_it_was() -> None:
    """The field is left out of documents and hashes where there is none, on both sides."""
    scenario = small_scenario({})
    assert "earlier" not in json.dumps(scenario.model_dump(mode="json"))
    assert scenario.digest == "2015011efea89ecfac4cb114c076af4dad93d862e0b03a081b3b91782cc18031"
    assert near(scenario, Portfolio(scenario="small", scenario_hash=scenario.digest)).digest == scenario.digest


def test_disruption_counts_what_moves() -> None:
    """The same again is 0; another operator counts its work and that of the one before, and money in other years."""
    scenario = small_scenario(TWO_OPERATORS)
    earlier = proposed(scenario)
    again = near(scenario, earlier)
    assert [goal.objective for goal in again.order()].index("disruption") == 6
    result = solved(again)
    assert figure(result, "disruption") == "0"
    assert result.portfolio is not None
    assert result.portfolio.flows == earlier.flows
    worker = next(each for each in earlier.engagements if each.offer in "tu")
    forbidden = scenario.model_dump() | {"decisions": {"forbids": [{"offer": worker.offer}]}}
    changed = solved(near(Scenario.from_data(forbidden), earlier), earlier)
    assert changed.portfolio is not None
    before, after = given(scenario, earlier), given(scenario, changed.portfolio)
    moved = sum(abs(before[key] - after[key]) for key in before | after)
    assert moved >= 2 * 720
    assert figure(changed, "disruption") == str(moved)
    assert changed.status == "optimal"
    assert "disruption" not in {each.objective for each in solved(scenario).figures}


def test_a_repair_replaces_what_is_lost_and_no_more() -> None:
    """A new donor changes nothing; a withdrawn operator is replaced, for as much money and work."""
    scenario = small_scenario(TWO_OPERATORS)
    earlier = proposed(scenario)
    richer = small_scenario({**TWO_OPERATORS, "offers.f.amount": 10_000, "needs.n.quantity": 40})
    assert len(solved(richer).portfolio.flows) > 0  # type: ignore[union-attr]
    again = solved(near(richer, earlier, repair=True), earlier)
    assert again.portfolio is not None
    assert again.portfolio.flows == earlier.flows
    worker = next(each for each in earlier.engagements if each.offer in "tu")
    forbidden = scenario.model_dump() | {"decisions": {"forbids": [{"offer": worker.offer}]}}
    changed = near(Scenario.from_data(forbidden), earlier, repair=True)
    repaired = solved(changed, earlier)
    assert repaired.status == "optimal"
    assert repaired.portfolio is not None
    assert sum(flow.quantity for flow in repaired.portfolio.flows) == sum(flow.quantity for flow in earlier.flows)
    forced = fraction(str(repaired.stages[0].value))
    assert forced == 2 * 720
    assert forced <= fraction(figure(repaired, "disruption")) <= 2 * forced


def test_an_objective_may_come_again_once_it_gave_something_up() -> None:
    """Its second stage looks within what the first left open; twice without giving up says nothing and is refused."""
    twice = [{"objective": "cost", "give_up": Decimal("0.5")}, {"objective": "coverage"}, {"objective": "cost"}]
    result = solved(small_scenario({"objectives": {"order": twice}}))
    assert [stage.objective for stage in result.stages if not stage.closing] == ["cost", "coverage", "cost"]
    with pytest.raises(InvalidScenario, match="each objective once"):
        small_scenario({"objectives": {"order": [*twice, {"objective": "cost"}]}})


def test_what_is_gone_counts_in_any_case() -> None:
    """Money of an offer that may not come any more and years of an offer that are over; not what is past."""
    earlier = [
        {"offer": "far", "state": "A", "amounts": {2014: 100, 2015: 30}},
        {"offer": "f", "state": "A", "amounts": {2016: 72}},
        {"offer": "t", "state": "A", "amounts": {2016: 2}},
    ]
    order = {"order": [{"objective": "disruption"}, {"objective": "coverage"}]}
    scenario = small_scenario(
        {
            "offers.far": {"kind": "funding", "provider": "donor", "amount": 5, "states": ["B"]},
            "states.B": {"name": "Belmark", "deadline": 2016},
            "offers.t.years": [2015, 2015],
            "decisions.earlier": earlier,
            "objectives": order,
        }
    )
    result = solved(scenario)
    assert (figure(result, "disruption"), result.status) == (str(30 + 72 + 2 * 72), "optimal")
    assert proven(completed(scenario.model_dump()), certify(scenario, result))[0].bound == 30 + 72 + 2 * 72


def test_disruption_needs_an_earlier_portfolio() -> None:
    """An order that names it without one is refused; unknown offers and States are, too."""
    with pytest.raises(InvalidScenario, match=r"earlier portfolio in 'decisions.earlier'"):
        small_scenario({"objectives": {"order": [{"objective": "disruption"}]}})
    with pytest.raises(InvalidScenario, match=r"offer: found 'zz'(.|\n)*state: found 'Z'"):
        small_scenario({"decisions.earlier": [{"offer": "zz", "state": "Z", "amounts": 1}]})
    with pytest.raises(InvalidScenario, match="each offer in each State once"):
        small_scenario({"decisions.earlier": [{"offer": "t", "state": "A", "amounts": 1}] * 2})
    with pytest.raises(InvalidScenario) as caught:  # what cannot be read is there all the same
        small_scenario(
            {
                "decisions.earlier": [{"offer": "t", "state": "A", "amounts": {2015: "x"}}],
                "decisions.pins": [{"offer": "zz", "state": "A"}],
                "objectives": {"order": [{"objective": "disruption"}]},
            }
        )
    assert [fault.path[:2] for fault in caught.value.faults] == [("decisions", "earlier"), ("decisions", "pins")]
    with pytest.raises(InvalidScenario, match="granule"):
        small_scenario(
            {
                "capabilities.clearance.granule": 2,
                "decisions.earlier": [{"offer": "t", "state": "A", "amounts": {2015: 2, 2016: 3}}],
            }
        )


def test_work_without_a_price_moves_as_well() -> None:
    """A partner in kind is not taken out for nothing: a granule counts for one minor unit."""
    gift = {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 10}
    scenario = small_scenario({"offers.t": gift, "offers.u": gift | {"provider": "gov"}})
    earlier = proposed(scenario)
    forbidden = scenario.model_dump() | {"decisions": {"forbids": [{"offer": earlier.engagements[0].offer}]}}
    again = near(Scenario.from_data(forbidden), earlier, repair=True)
    result = solved(again)
    assert figure(result, "disruption") == "20"
    assert (result.stages[0].exact, result.stages[0].solved) == ("10", True)
    cheaper = near(scenario, earlier)
    assert proven(completed(cheaper.model_dump()), certify(cheaper, solved(cheaper)))


def test_what_an_offer_is_no_more_is_not_counted() -> None:
    """An offer that now is of another kind of work, or money, gives nothing of what it gave."""
    earlier = proposed(small_scenario())
    advice = {"kind": "technical", "provider": "ngo", "capability": "advice", "capacity": 10}
    changes: Changes = {"capabilities.advice": {"name": "Advice", "unit": "month", "granule": 7}, "offers.t": advice}
    changed = near(small_scenario(changes), earlier)
    assert {each.offer for each in changed.decisions.earlier} == {"f"}


def test_an_order_says_where_changes_stand() -> None:
    """Where the order names disruption it stays there, also in a repair, with what it gives up."""
    scenario = small_scenario(TWO_OPERATORS)
    earlier = proposed(scenario)
    wanted = [{"objective": "coverage"}, {"objective": "disruption", "give_up": Decimal("0.5")}, {"objective": "cost"}]
    ordered = Scenario.from_data(near(scenario, earlier).model_dump() | {"objectives": {"order": wanted}})
    names = [(goal.objective, goal.tolerance) for goal in near(ordered, earlier, repair=True).order()]
    assert names == [("disruption", 1), ("coverage", 0), ("disruption", Decimal("0.5")), ("cost", 0)]
    first = Scenario.from_data(ordered.model_dump() | {"objectives": {"order": wanted[1:]}})
    assert near(first, earlier, repair=True).order() == first.order()


def test_changes_stand_before_what_is_about_who_pays() -> None:
    """The default order keeps its blend, and what matters more than few changes; so does one that ends otherwise."""
    scenario = small_scenario(TWO_OPERATORS)
    earlier = proposed(scenario)
    names = [goal.name for goal in near(scenario, earlier).order()]
    assert names[-2:] == ["disruption", "cost + 2 at_risk + 0.5 dependence + 0.5 swings"]
    assert names[:-2] == [goal.name for goal in scenario.order()[:-1]]
    assert near(near(scenario, earlier), earlier).order() == near(scenario, earlier).order()

    def places(*order: dict[str, Any]) -> list[str]:
        changed = Scenario.from_data(near(scenario, earlier).model_dump() | {"objectives": {"order": list(order)}})
        return [goal.name for goal in near(changed, earlier).order()]

    coverage, cost = {"objective": "coverage"}, {"objective": "cost"}
    risk = {"blend": [{"objective": "at_risk"}, {"objective": "swings"}]}
    assert places(coverage, risk, cost) == ["coverage", "disruption", "at_risk + swings", "cost"]
    assert places(cost, coverage) == ["cost", "coverage", "disruption"]
    named = {"blend": [{"objective": "disruption"}, {"objective": "turnover"}]}
    assert places(coverage, named) == ["coverage", "disruption + turnover"]
    assert places(coverage, cost, named) == ["coverage", "cost", "disruption + turnover"]


def test_weights_say_nothing_of_changes() -> None:
    """Staying near is refused where objectives are weighed; an order that names it is left as it is."""
    scenario = small_scenario(TWO_OPERATORS)
    earlier = proposed(scenario)
    weighed = scenario.model_dump() | {"objectives": {"weights": [{"objective": "coverage", "weight": 1}]}}
    with pytest.raises(InvalidOptions, match="give an order"):
        near(Scenario.from_data(weighed), earlier)
    named = near(scenario, earlier).model_dump() | {"objectives": {"order": [{"objective": "disruption"}]}}
    assert [goal.objective for goal in near(Scenario.from_data(named), earlier).order()] == ["disruption"]
    nothing = Portfolio(scenario="small", scenario_hash=scenario.digest)
    assert near(Scenario.from_data(named), nothing).objectives.order is None


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_a_valid_start_is_never_left_for_something_worse(method: Method) -> None:
    """With no work to speak of, the result is at least as good as the start, objective by objective."""
    for seed in range(12):
        scenario = draw_scenario(Seeded(seed))
        first = solve(scenario, SolveOptions(work=5, method=method))
        if first.portfolio is None:
            continue
        again = solve(scenario, SolveOptions(work=1, method=method), start=first.portfolio)
        assert again.started_from == first.portfolio.digest
        goal, figures = scenario.order()[0], verify(scenario, first.portfolio).figures
        assert fraction(figure(again, goal.objective)) >= figures[goal.objective]


def test_a_start_from_elsewhere_is_kept_as_far_as_it_is_allowed() -> None:
    """Flows that are no options, States that break a budget, and years that are gone are dropped, no more."""
    two = {
        "states.B": {"name": "Belmark", "deadline": 2016},
        "needs.b": {"state": "B", "capability": "clearance", "quantity": 5},
        "offers.t.capacity": 20,
    }
    rich = small_scenario({**two, "offers.f.amount": 10_000})
    start = proposed(rich)
    poor = small_scenario({**two, "offers.f.amount": 300})
    assert solve(poor, QUICK, start=start).status == "optimal"
    other = small_scenario({"offers.f.amount": 10_000})
    result = solve(other, QUICK, start=start)
    assert figure(result, "coverage") == "1"


@pytest.mark.slow
def test_starts_of_other_scenarios_never_break_anything() -> None:
    """Whatever decisions come between, the result is valid and, where proven, as good as without a start."""
    compared = 0
    for seed in range(60):
        scenario = draw_scenario(Seeded(seed))
        portfolio = solved(scenario).portfolio
        if portfolio is None or not portfolio.engagements:
            continue
        gone = portfolio.engagements[seed % len(portfolio.engagements)]
        document = scenario.model_dump()
        forbids = [*document["decisions"]["forbids"], {"offer": gone.offer, "state": gone.state}]
        document["decisions"] = {**document["decisions"], "forbids": forbids, "pins": [], "commitments": []}
        changed = Scenario.from_data(document)
        cold, warm = solved(changed), solve(near(changed, portfolio), QUICK, start=portfolio)
        assert warm.portfolio is not None
        assert verify(near(changed, portfolio), warm).ok
        if cold.status == warm.status == "optimal":
            goal = changed.order()[0].objective
            assert (
                abs(fraction(figure(cold, goal)) - fraction(figure(warm, goal))) <= fraction(figure(cold, goal)) / 5000
            )
            compared += 1
    assert compared > 15


def test_bounds_of_disruption_are_certified() -> None:
    """Prices prove a bound that no portfolio passes, and the checker recomputes it."""
    scenario = small_scenario(TWO_OPERATORS)
    earlier = proposed(scenario)
    poorer = {"offers.t.capacity": 2, "offers.u.capacity": 1}
    changed = near(small_scenario(TWO_OPERATORS | poorer), earlier)
    result = solved(changed)
    stages = proven(completed(changed.model_dump()), certify(changed, result))
    found = {stage.objective: stage.bound for stage in stages}
    value, bound = fraction(figure(result, "disruption")), found["disruption"]
    assert value * Fraction(99, 100) <= bound <= value
    assert value > 0


def test_formulations_agree_on_disruption() -> None:
    """Whole and by State, bounds meet values where solved, and the checker's figure is the model's."""
    seen = 0
    for seed in range(40):
        scenario = draw_scenario(Seeded(seed))
        portfolio = solved(scenario).portfolio
        if portfolio is None or not portfolio.flows:
            continue
        document = near(scenario, portfolio).model_dump()
        document["objectives"] = {**document["objectives"], "weights": None, "order": [{"objective": "disruption"}]}
        for offer in document["offers"].values():
            if offer["kind"] == "technical" and isinstance(offer["capacity"], int):
                offer["capacity"] //= 2
        document["decisions"] |= {"pins": [], "commitments": []}
        changed = Scenario.from_data(document)
        whole, parts = solved(changed, method="whole"), solved(changed, method="decomposition")
        assert whole.portfolio is not None
        assert whole.stages[0].bound is not None
        assert fraction(whole.stages[0].bound) <= fraction(figure(parts, "disruption"))
        if whole.status == "optimal":
            seen += whole.stages[0].value != "0.000000"
            assert fraction(figure(whole, "disruption")) <= fraction(figure(parts, "disruption")) * Fraction(
                10001, 10000
            )
    assert seen > 5


def test_an_isolated_solve_starts_there_too() -> None:
    """The same bytes as in this process."""
    scenario = small_scenario(TWO_OPERATORS)
    start = proposed(scenario)
    assert solve_isolated(scenario, QUICK, start=start).model_dump() == solve(scenario, QUICK, start=start).model_dump()
