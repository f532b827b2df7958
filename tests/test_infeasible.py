"""Infeasible is right: scenarios feasible by a portfolio in hand, or infeasible by arithmetic, none told wrong."""

from __future__ import annotations

from functools import cache
from pickle import dumps, loads
from random import Random
from typing import Any

import pytest

from benchmarks.instances import generate
from generators import Seeded, draw_document, draw_scenario
from matcher.engine.conflicts import limits
from matcher.engine.conflicts.limits import under
from matcher.engine.solving import solve
from matcher.errors import InvalidEdit, InvalidInput
from matcher.portfolio.portfolio import Flow, Portfolio
from matcher.portfolio.result import Conflict, Result, SolveOptions
from matcher.scenario import Scenario
from matcher.verification import verify
from smallest_scenario import small_document, small_scenario

QUICK = SolveOptions(work=10)
FEW = range(12)
DECISIONS = ("commitment", "pin", "commitment_too_large", "commitment_not_eligible", "pin_not_possible")


def _document(scenario: Scenario, **decisions: list[dict[str, Any]]) -> dict[str, Any]:
    """A scenario's document with these decisions, and no others."""
    return {
        **scenario.model_dump(),
        "decisions": {"commitments": [], "pins": [], "forbids": [], "caps": []} | decisions,
    }


@cache
def base(seed: int) -> tuple[Scenario, Portfolio] | None:
    """Returns a random scenario without decisions and a portfolio for it; None if nothing flows."""
    drawn = draw_scenario(Seeded(9000 + seed), states=2 + seed % 3, years=3, most=4)
    scenario = Scenario.model_validate(_document(drawn))
    portfolio = solve(scenario, QUICK).portfolio
    return (scenario, portfolio) if portfolio is not None and portfolio.flows else None


def _agreed(flow: Flow, quantity: int) -> dict[str, Any]:
    named = {"financier": flow.financier, "implementer": flow.implementer, "need": flow.need, "year": flow.year}
    return {**named, "quantity": quantity}


def _merged(commitments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Commitments, one for each option and year."""
    return list({(e["financier"], e["implementer"], e["need"], e["year"]): e for e in commitments}.values())


def test_a_bound_that_is_far_away_is_not_crept_to() -> None:
    """A scenario on which CP-SAT once moved its bound a unit at a time, for hours, within next to no work."""
    found = base(613)
    assert found is not None
    assert solve(found[0], SolveOptions(work=10, time_limit=3_600.0)).status == "optimal"


def feasible(seed: int) -> tuple[Scenario, Portfolio] | None:
    """Returns a scenario that agrees to a part of what a portfolio in hand does, and that portfolio."""
    found = base(seed)
    if found is None:
        return None
    scenario, portfolio = found
    chance = Random(seed)
    flows = chance.sample(portfolio.flows, max(1, len(portfolio.flows) // 2))
    runs = chance.sample(portfolio.engagements, max(1, len(portfolio.engagements) // 2))
    active = {
        (offer, scenario.need(flow.need).state, flow.year)
        for flow in portfolio.flows
        for offer in (flow.financier, flow.implementer)
    }
    pins = [
        {"offer": run.offer, "state": run.state, "years": [year, year]}
        for run in runs
        for year in run.years.range()  # a pinned year is one of work: idle ones of a stretch are none
        if (run.offer, run.state, year) in active
    ]
    commitments = _merged([_agreed(flow, flow.quantity) for flow in flows])
    decided = Scenario.model_validate(_document(scenario, commitments=commitments, pins=pins))
    mine = Portfolio.model_validate({**portfolio.model_dump(), "scenario_hash": decided.digest})
    return decided, mine


def infeasible(seed: int) -> Scenario | None:
    """Returns a scenario that agrees to more than an offer's capacity, a need or a budget holds, by simple sums."""
    found = base(seed)
    if found is None:
        return None
    scenario, portfolio = found
    chance = Random(seed)
    flow = chance.choice(portfolio.flows)
    offer, need = scenario.technical_offer(flow.implementer), scenario.need(flow.need)
    granule = scenario.capability(offer.capability).granule
    beyond = chance.choice([scenario.capacity_at(offer, flow.year) * granule, need.quantity]) + granule
    others = [_agreed(each, each.quantity) for each in chance.sample(portfolio.flows, min(2, len(portfolio.flows)))]
    return Scenario.model_validate(_document(scenario, commitments=_merged([*others, _agreed(flow, beyond)])))


def in_odd_sizes(seed: int) -> Scenario:
    """Returns a random scenario in granules of several units, with least sizes that are no whole granules of them.

    It agrees to a granule of every need by whoever does its work, whether that can be or not, and half of the seeds
    leave offers of money next to nothing.
    """
    chance = Random(seed)
    document = draw_document(Seeded(31000 + seed), states=1 + seed % 3, most=4, decisions=bool(seed % 3))
    granule = chance.choice([3, 5, 7, 60])
    before = document["capabilities"]["clearance"]["granule"]
    document["capabilities"]["clearance"]["granule"] = granule
    for need in document["needs"].values():
        if need["capability"] == "clearance":
            need["quantity"] = need["quantity"] // before * granule
    for offer in document["offers"].values():
        if offer["kind"] == "technical":
            offer["min_per_state"] = chance.randint(1, 3 * granule)
            offer["price"] = chance.choice([0, 1, 2])
        elif seed % 2:
            offer["amount"] = chance.randint(0, 2)
    work = sorted((key, each["capability"]) for key, each in document["offers"].items() if each["kind"] == "technical")
    document.setdefault("decisions", {})["commitments"] = [
        {
            "financier": "f0" if document["offers"][worker]["price"] else None,
            "implementer": worker,
            "need": key,
            "year": chance.randint(2015, 2017),
            "quantity": granule if kind == "clearance" else 1,
        }
        for key, need in document["needs"].items()
        for worker, kind in work
        if kind == need["capability"]
    ]
    return Scenario.from_data(document)


def check_odd_sizes(seed: int) -> bool:
    """Whether a scenario in odd sizes is proven to have no portfolio; fails if a limit of it cannot be named."""
    result = solve(in_odd_sizes(seed), QUICK)  # a change of its own that is not valid is an error of the engine
    if result.status == "infeasible":
        assert result.conflicts
        assert result.confirmed_by is not None
    return result.status == "infeasible"


def check_feasible(seed: int) -> bool:
    """Whether there was something to try; fails if a scenario with a portfolio is called infeasible."""
    found = feasible(seed)
    if found is None:
        return False
    scenario, mine = found
    assert verify(scenario, mine).ok, seed  # feasible by construction, says the checker
    result = solve(scenario, QUICK)
    assert result.status in ("optimal", "feasible"), (seed, result.status)
    return True


def _less(scenario: Scenario, dropped: Conflict | None, kept: tuple[Conflict, ...]) -> Scenario:
    """The scenario with only these decisions, less one."""
    wanted = {each.subjects for each in kept if each is not dropped}

    def subjects(each: dict[str, Any]) -> tuple[str, ...]:
        return (each["financier"] or "none", each["implementer"], each["need"], str(each["year"]))

    document = scenario.model_dump()
    commitments = [each for each in document["decisions"]["commitments"] if subjects(each) in wanted]
    return Scenario.model_validate(_document(scenario, commitments=commitments))


def check_infeasible(seed: int) -> bool:
    """Whether there was something to try; fails unless it is infeasible, by a smallest conflict, for two engines."""
    scenario = infeasible(seed)
    if scenario is None:
        return False
    result: Result = solve(scenario, QUICK)
    assert result.status == "infeasible", (seed, result.status)
    assert result.confirmed_by is not None
    decided = tuple(each for each in result.conflicts if each.reason in DECISIONS)
    named = [each for each in result.conflicts if each.reason not in DECISIONS]
    assert decided
    assert named, (seed, decided)
    alone = _less(scenario, None, decided)
    assert solve(alone, SolveOptions(work=10, engine="highs")).status == "infeasible", seed
    if any(each.reason != "commitment" for each in decided):
        return True  # each alone is told to be too much before any search
    for each in decided:
        assert solve(_less(scenario, each, decided), QUICK).portfolio is not None, (seed, each)
    for each in named:
        others = [other for other in named if other is not each]
        assert solve(under(alone, others), QUICK).portfolio is not None, (seed, each)
    return True


def test_a_portfolio_in_hand_is_never_called_impossible() -> None:
    """Scenarios that agree to what a portfolio in hand does have a portfolio."""
    assert sum(check_feasible(seed) for seed in FEW) >= 6


def test_what_sums_forbid_is_infeasible_by_a_smallest_conflict() -> None:
    """Scenarios that agree to too much have none, for a second engine too; less any named decision, they have."""
    assert sum(check_infeasible(seed) for seed in FEW) >= 6


def test_least_sizes_that_are_no_whole_granules_are_no_fault_of_the_file() -> None:
    """A granule of 5, an offer that asks for 4 and an agreed 5: what more than 10 would be is a whole granule again."""
    document = small_document(
        {
            "capabilities.clearance.granule": 5,
            "offers.t.min_per_state": 4,
            "offers.f.amount": 2,
            "decisions.commitments": [{"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 5}],
        }
    )
    result = solve(Scenario.from_data(document), QUICK)
    assert result.status == "infeasible"
    assert [each.reason for each in result.conflicts] == ["commitment_too_large", "budget"]


def test_none_that_is_valid_is_refused_while_its_conflict_is_looked_for() -> None:
    """Random scenarios in granules of several units, with odd least sizes: most have no portfolio, none is refused."""
    assert sum(check_odd_sizes(seed) for seed in range(40)) >= 20


@pytest.mark.slow
def test_many_in_odd_sizes() -> None:
    """Three hundred that have no portfolio."""
    assert sum(check_odd_sizes(seed) for seed in range(500)) >= 300


@pytest.mark.slow
def test_many_scenarios_none_told_wrong() -> None:
    """Three hundred of each kind that have something to try."""
    seeds = range(2000)
    for check in (check_feasible, check_infeasible):
        tried = 0
        for seed in seeds:
            tried += check(seed)
            if tried == 300:
                break
        assert tried == 300


def test_large_scenarios_too() -> None:
    """A scenario of six States, solved State by State: what is agreed in hand holds, and too much of it does not."""
    scenario = generate("tiny", 3)
    portfolio = solve(scenario, SolveOptions(work=2)).portfolio
    assert portfolio is not None
    flows = portfolio.flows[:: max(1, len(portfolio.flows) // 6)]
    agreed = [_agreed(flow, flow.quantity) for flow in flows]
    held = solve(Scenario.model_validate(_document(scenario, commitments=agreed)), SolveOptions(work=2))
    assert held.portfolio is not None
    offer = scenario.technical_offer(flows[0].implementer)
    granule = scenario.capability(offer.capability).granule
    beyond = scenario.capacity_at(offer, flows[0].year) * granule + granule
    too_much = [_agreed(flows[0], beyond), *agreed[1:]]
    none = solve(Scenario.model_validate(_document(scenario, commitments=too_much)), SolveOptions(work=2))
    assert none.status == "infeasible"
    conflict, *named = none.conflicts
    assert named  # there may be more that forbid it; a smallest set of them is named
    assert conflict.subjects[1:] == (flows[0].implementer, flows[0].need, str(flows[0].year))


def test_a_change_of_our_own_that_is_not_valid_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine breaks while it looks for a conflict is an error of its own, also in the process of a solve."""
    agreed = [{"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 5}]
    scenario = small_scenario({"offers.f.amount": 2, "decisions.commitments": agreed})
    monkeypatch.setattr(limits, "_in_granules", lambda scenario, need, quantity: 0)
    with pytest.raises(InvalidEdit, match=r"no valid scenario: needs\.n\.quantity: found 0;") as caught:
        solve(scenario, QUICK)
    assert not isinstance(caught.value, InvalidInput)  # which would end with the exit code of an invalid file
    assert str(loads(dumps(caught.value))) == str(caught.value)
