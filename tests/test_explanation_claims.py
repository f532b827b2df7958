"""Every claim of an explanation, tried out: the change is made in the scenario and all is solved again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.explanation import Cause, Remedy, Shortfall, explain
from matcher.explanation.changes import Lever, changed, levers_of
from matcher.explanation.probes import Probes
from matcher.explanation.setting import Goal
from matcher.explanation.stops import Stop, stops_of, without
from matcher.io import load
from matcher.portfolio import Portfolio
from matcher.result import SolveOptions
from matcher.scenario import Scenario
from matcher.solving import solve
from small import Changes, small_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TINY = sorted(path.stem for path in (SCENARIOS / "tiny").glob("*.yaml") if not path.stem.endswith(".expected"))
SAMPLE = 60
"""Claims about the large scenario that are tried out."""
LATE: Changes = {"needs.n.completes": True, "needs.n.max_per_year": 5, "states.A.deadline": 2015}
SMALL: dict[str, Changes] = {
    "deadline": LATE,
    "late offer": {"offers.t.years": [2016, 2016], "needs.n.completes": True},
    "early end": {"offers.f.years": [2015, 2015], "needs.n.years": [2016, 2016]},
    "decision": {"decisions.forbids": [{"kind": "operator"}]},
    "two": {"offers.t.capacity": 3, "states.A.absorption": 216},
    "least": {"offers.f.min_per_state": 400, "offers.f.min_years": 2},
    "partners": {"states.A.max_partners": 1},
}


def best(scenario: Scenario, portfolio: Portfolio, goal: Goal) -> int:
    """Returns the most of a goal in the whole scenario, all that a portfolio gives to other needs being agreed.

    Units of the need, or 1 where the State completes.
    """
    document = scenario.model_dump()
    agreed: Counter[tuple[str | None, str, str, int]] = Counter()
    for flow in portfolio.flows:
        ours = scenario.need(flow.need).state == goal.state if goal.need is None else flow.need == goal.need
        if not ours:
            agreed[flow.financier, flow.implementer, flow.need, flow.year] += flow.quantity
    fields = ("financier", "implementer", "need", "year")
    document["decisions"]["commitments"] = [
        {**dict(zip(fields, key, strict=True)), "quantity": amount} for key, amount in agreed.items()
    ]
    for key, need in document["needs"].items():
        need["weight"] = 1 if key == goal.need else 0
        need["completes"] = need["completes"] and goal.need is None and need["state"] == goal.state
    aim = "completions" if goal.need is None else "coverage"
    document["objectives"] = {"order": [{"objective": aim}]}
    result = solve(Scenario.from_data(document), SolveOptions(work=5))
    assert result.status == "optimal"
    assert result.portfolio is not None
    if goal.need is None:
        return int(next(each.exact for each in result.figures if each.objective == aim))
    return sum(flow.quantity for flow in result.portfolio.flows if flow.need == goal.need)


class Trial:
    """A shortfall of a portfolio whose claims are tried out."""

    def __init__(self, scenario: Scenario, portfolio: Portfolio, found: Shortfall) -> None:
        self.scenario = scenario
        self.portfolio = portfolio
        self.found = found
        self.goal = Goal(found.state, found.need)
        self.levers = levers_of(scenario, scenario.state(found.state))
        delivered = (flow.quantity for flow in portfolio.flows if flow.need == found.need)
        self.has = found.at_hand + (0 if found.need is None else sum(delivered))
        self.wanted = 1 if found.need is None else scenario.need(found.need).quantity

    def stop(self, cause: Cause) -> Stop:
        """Returns what a cause names."""
        stops = stops_of(self.scenario, self.goal)
        return next(stop for stop in stops if (stop.code, stop.subject) == (cause.code, *cause.subjects))

    def pulled(self, remedy: Remedy) -> list[tuple[Lever, int]]:
        """Returns the levers of a remedy with their amounts."""
        by_name = {(lever.kind, lever.subject, lever.field): lever for lever in self.levers}
        return [(by_name[each.kind, each.subject, each.field], each.amount) for each in remedy.changes]

    def most(self, scenario: Scenario) -> int:
        """Returns the most of the goal in the whole of a changed scenario."""
        return best(scenario, self.portfolio, self.goal)

    def check_causes(self) -> Iterator[str]:
        """Tries out what stands in the way, alone and together, and what is at hand; yields each."""
        assert self.most(self.scenario) == self.has
        yield "at_hand"
        for cause in self.found.causes:
            assert self.most(without(self.scenario, [self.stop(cause)])) == self.has + cause.gain, cause
            yield cause.code
        together = [self.stop(cause) for cause in self.found.together]
        if together:
            gain = self.found.together[0].gain
            assert self.most(without(self.scenario, together)) == self.has + gain, together
            yield "together"
        for stop in together:
            assert self.most(without(self.scenario, [each for each in together if each is not stop])) == self.has
            yield "not without"

    def check_others(self) -> Iterator[str]:
        """Tries out that nothing else stands in the way alone, where that is claimed."""
        named = {(cause.code, *cause.subjects) for cause in self.found.causes}
        if self.found.known and self.found.at_hand < self.found.missing:
            for stop in stops_of(self.scenario, self.goal):
                if (stop.code, stop.subject) not in named:
                    assert self.most(without(self.scenario, [stop])) == self.has, stop
                    yield "no cause"

    def check_ledger(self) -> Iterator[str]:
        """Tries out every remedy, what is a little less, and what is said not to be enough; yields each."""
        for remedy in self.found.remedies:
            pulled = self.pulled(remedy)
            assert self.most(changed(self.scenario, *pulled)) == self.wanted, remedy
            yield "remedy"
            (lever, amount), *others = pulled
            less = None if lever.amounts is None else ([0, *lever.amounts][lever.amounts.index(amount)])
            if lever.kind in ("money", "more_money"):
                less = amount - 1
            if less is not None and remedy.smallest:
                changes = [(lever, less), *others] if less else others
                assert self.most(changed(self.scenario, *changes)) < self.wanted, remedy
                yield "smallest"
        probes = Probes(self.scenario, self.portfolio, self.scenario.state(self.goal.state), self.levers)
        for kind, verdict in self.found.insufficient:
            assert verdict == "not_enough"
            for lever in (each for each in self.levers if each.kind == kind):
                assert self.most(changed(self.scenario, (lever, probes.all_of(lever)))) < self.wanted, lever
                yield "not enough"


def tried(scenario: Scenario) -> Counter[str]:
    """Tries out all that is explained about a portfolio of a scenario; returns how much of each kind."""
    portfolio = solve(scenario, SolveOptions(work=5)).portfolio
    if portfolio is None:
        return Counter()
    count: Counter[str] = Counter()
    for found in explain(scenario, portfolio).shortfalls:
        trial = Trial(scenario, portfolio, found)
        count.update([*trial.check_causes(), *trial.check_others(), *trial.check_ledger()])
    return count


@pytest.mark.parametrize("case", list(SMALL))
def test_claims_about_small_scenarios_hold(case: str) -> None:
    """Dates, decisions and limits, alone and together, in the smallest scenario."""
    assert tried(small_scenario(SMALL[case])).total() >= 5


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_claims_about_tiny_scenarios_hold(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every cause and remedy, and everything said to be none; tells how many were tried out."""
    count = tried(load(SCENARIOS / "tiny" / f"{name}.yaml"))
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {dict(sorted(count.items()))}\n")
