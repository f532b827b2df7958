"""Every claim of an explanation, tried out: the change is made in the scenario and all is solved again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from generators import Seeded, draw_scenario
from matcher.engine.solving import solve
from matcher.explanation.findings import Cause, Goal, Remedy, Shortfall
from matcher.explanation.limits_against import BindingLimit, limits_against, scenario_without
from matcher.explanation.relaxations import Relaxation, changed, relaxations_for
from matcher.explanation.setting import Found, Setting
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS
from matcher.explanation.shortfalls import remaining
from matcher.explanation.smallest_changes import PAIRED
from matcher.explanation.trials import RelaxationTrials
from matcher.io import load
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import SolveOptions
from matcher.scenario import Scenario
from matcher.scenario.edits import Edit, RaiseMoney
from smallest_scenario import Changes, small_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TINY = sorted(path.stem for path in (SCENARIOS / "tiny").glob("*.yaml") if not path.stem.endswith(".expected"))
WORK = 20
"""Deterministic work of solving the large scenario: what it leaves is to be explained, not to be best."""
SAMPLE = 75
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
    """Returns the most of a goal in the whole scenario, where others have no less than a portfolio gives them.

    What other States have is agreed as it is; other needs of the State may be served otherwise, where no need waits
    for another.

    Units of the need, or 1 where the State completes.
    """
    document = scenario.model_dump()
    here = {need.id for need in scenario.needs_of(goal.state)}
    moved = set() if goal.need is None or any(scenario.need(each).after for each in here) else here - {goal.need}
    given = Counter[str]()
    agreed: Counter[tuple[str | None, str, str, int]] = Counter()
    for flow in portfolio.flows:
        given[flow.need] += flow.quantity
        ours = flow.need in here if goal.need is None else flow.need == goal.need
        if not ours and flow.need not in moved:
            agreed[flow.financier, flow.implementer, flow.need, flow.year] += flow.quantity
    fields = ("financier", "implementer", "need", "year")
    document["decisions"]["commitments"] = [
        {**dict(zip(fields, key, strict=True)), "quantity": amount} for key, amount in agreed.items()
    ]
    for key, need in document["needs"].items():
        need["weight"] = 1 if key == goal.need else 0
        need["completes"] = need["completes"] and goal.need is None and need["state"] == goal.state
        if key in moved and given[key]:
            need.update(quantity=given[key] + need["delivered"], weight=1000 * (given[key] + need["delivered"]))
    aim = "completions" if goal.need is None else "coverage"
    document["objectives"] = {"order": [{"objective": aim}]}
    result = solve(Scenario.from_data(document), SolveOptions(work=5))
    assert result.status == "optimal"
    assert result.portfolio is not None
    if goal.need is None:
        return int(next(each.exact for each in result.figures if each.objective == aim))
    found = Counter[str]()
    for flow in result.portfolio.flows:
        found[flow.need] += flow.quantity
    assert all(found[each] >= given[each] for each in moved)
    return found[goal.need]


class Trial:
    """A shortfall of a portfolio whose claims are tried out."""

    def __init__(self, scenario: Scenario, portfolio: Portfolio, found: Shortfall) -> None:
        self.scenario = scenario
        self.portfolio = portfolio
        self.found = found
        self.goal = Goal(found.state, found.need)
        self.levers = relaxations_for(scenario, scenario.state(found.state))
        delivered = (flow.quantity for flow in portfolio.flows if flow.need == found.need)
        self.has = found.at_hand + (0 if found.need is None else sum(delivered))
        need = None if found.need is None else scenario.need(found.need)
        self.wanted = 1 if need is None else need.quantity - need.delivered

    def stop(self, cause: Cause) -> BindingLimit:
        """Returns what a cause names."""
        stops = limits_against(self.scenario, self.goal)
        return next(stop for stop in stops if (stop.code, stop.subject) == (cause.code, *cause.subjects))

    def pulled(self, remedy: Remedy) -> list[tuple[Relaxation, int]]:
        """Returns the levers of a remedy with their amounts."""
        by_name = {(lever.kind, lever.subject, lever.field): lever for lever in self.levers}
        for each in remedy.changes:
            if each.kind == "raise":
                larger = _same(RaiseMoney(each.subject, each.by_year))
                by_name["raise", each.subject, ""] = Relaxation("raise", each.subject, "", (each.amount,), larger)
        return [(by_name[each.kind, each.subject, each.field], each.amount) for each in remedy.changes]

    def most(self, scenario: Scenario) -> int:
        """Returns the most of the goal in the whole of a changed scenario."""
        return best(scenario, self.portfolio, self.goal)

    def check_causes(self) -> Iterator[str]:
        """Tries out what stands in the way, alone and together, and what is at hand; yields each."""
        assert self.most(self.scenario) == self.has
        yield "at_hand"
        for cause in self.found.causes:
            assert self.most(scenario_without(self.scenario, [self.stop(cause)])) == self.has + cause.gain, cause
            yield cause.code
        together = [self.stop(cause) for cause in self.found.together]
        if together:
            gain = self.found.together[0].gain
            assert self.most(scenario_without(self.scenario, together)) == self.has + gain, together
            yield "together"
        for stop in together:
            assert (
                self.most(scenario_without(self.scenario, [each for each in together if each is not stop])) == self.has
            )
            yield "not without"

    def check_others(self) -> Iterator[str]:
        """Tries out that nothing else stands in the way alone, where that is claimed."""
        named = {(cause.code, *cause.subjects) for cause in self.found.causes}
        if self.found.known and self.found.at_hand < self.found.missing:
            for stop in limits_against(self.scenario, self.goal):
                if (stop.code, stop.subject) not in named:
                    most = self.most(scenario_without(self.scenario, [stop]))
                    assert (
                        self.has <= most <= self.has + self.found.missing // DEFAULT_EXPLANATION_SETTINGS.trifling_part
                    ), stop
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
        probes = RelaxationTrials(self.scenario, self.portfolio, self.scenario.state(self.goal.state), self.levers)
        for kind, verdict in self.found.insufficient:
            assert verdict == "not_enough"
            for lever in (each for each in self.levers if each.kind == kind):
                assert self.most(changed(self.scenario, (lever, probes.all_of(lever)))) < self.wanted, lever
                yield "not enough"


def _same(edit: Edit) -> Callable[[int], Edit]:
    """Returns what makes an edit, whatever the amount."""
    return lambda _: edit


def outcome(found: Found) -> tuple[bool, bool, int | None]:
    """Returns whether there is something or proof of nothing, and how little where that is proven."""
    return found.value is not None, found.impossible, found.value if found.value == found.bound else None


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5])
def test_probes_answer_as_the_changed_scenario_does(seed: int) -> None:
    """Every lever alone, as large as can be, and pairs with half of another: asked in the setting that is formulated
    once, and in the changed scenario itself."""
    scenario = draw_scenario(Seeded(9300 + seed), states=2, years=3, most=4)
    portfolio = solve(scenario, SolveOptions(work=1)).portfolio
    assert portfolio is not None
    asked = 0
    for state in scenario.states:
        probes = RelaxationTrials(scenario, portfolio, state, relaxations_for(scenario, state))
        paired = [lever for lever in probes.levers if lever.kind in PAIRED]
        questions = [[(lever, probes.all_of(lever))] for lever in probes.levers]
        for one, other in combinations(paired, 2):
            some = probes.all_of(one) // 2 if one.amounts is None else one.amounts[len(one.amounts) // 2]
            questions.append([(other, probes.all_of(other)), (one, some)])
        for goal in (Goal(state.id), *(Goal(state.id, need.id) for need in scenario.needs_of(state.id))):
            for changes in questions:
                lever = changes[0][0]
                least = lever if lever.amounts is None else None
                anew = Setting.of(changed(scenario, *changes), portfolio)
                there = least is not None and lever.adds
                assert outcome(probes.fits(goal, changes, least)) == outcome(anew.least(goal, there or None)), changes
                asked += 1
    assert asked >= 10


def tried(scenario: Scenario) -> Counter[str]:
    """Tries out all that is explained about a portfolio of a scenario; returns how much of each kind."""
    portfolio = solve(scenario, SolveOptions(work=5)).portfolio
    if portfolio is None:
        return Counter()
    count: Counter[str] = Counter()
    for found in remaining(scenario, portfolio).shortfalls:
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


Verdict = bool | None
"""Whether a claim is confirmed; False where it is proven wrong, None where the search for a whole point finds none."""


class PartTrial(Trial):
    """Tries out claims on the State's part alone, all else kept, formulated anew for each."""

    def reaches(self, scenario: Scenario) -> Verdict:
        """Whether the goal is reached in the State's part of a changed scenario; the checker agrees where it is."""
        setting = Setting.of(scenario, self.portfolio)
        found = setting.least(self.goal)
        setting.check(found)
        return True if found.value is not None else False if found.impossible else None

    def gains(self, stops: list[BindingLimit], gain: int) -> Verdict:
        """Whether there is more without some limits, about as much as is claimed: searches end some granules apart."""
        scenario = scenario_without(self.scenario, stops)
        if self.goal.need is None:
            return self.reaches(scenario)
        setting = Setting.of(scenario, self.portfolio)
        found = setting.most(self.goal)
        setting.check(found)
        if found.bound is not None and found.bound < self.has + gain:
            return False
        near = found.value is not None and abs(found.value - self.has - gain) <= self.wanted // 100
        return True if near and found.value is not None and found.value > self.has else None

    def claims(self) -> Iterator[tuple[str, Callable[[], Verdict]]]:
        """Yields claims, and what tries each out."""
        for cause in self.found.causes:
            yield cause.code, partial(self.gains, [self.stop(cause)], cause.gain)
        for cause in self.found.together:
            yield "together", partial(self._together, cause)
        for remedy in self.found.remedies:
            yield remedy.changes[0].kind, partial(self._remedy, remedy)
        for kind, verdict in self.found.insufficient:
            if verdict == "not_enough":
                yield f"not {kind}", partial(self._not_enough, kind)

    def _together(self, left: Cause) -> Verdict:
        """All are enough; all but one are not found to be."""
        stops = [self.stop(cause) for cause in self.found.together]
        fewer = [stop for stop in stops if (stop.code, stop.subject) != (left.code, *left.subjects)]
        if self.found.known and self.gains(fewer, left.gain):
            return False
        return self.gains(stops, left.gain)

    def _remedy(self, remedy: Remedy) -> Verdict:
        """The changes are enough, and where they are said to be least, the step before is not."""
        pulled = self.pulled(remedy)
        (lever, amount), *others = pulled
        if lever.amounts is not None and remedy.smallest:
            less = [0, *lever.amounts][lever.amounts.index(amount)]
            if self.reaches(changed(self.scenario, *([(lever, less)] if less else []), *others)):
                return False
        return self.reaches(changed(self.scenario, *pulled))

    def _not_enough(self, kind: str) -> Verdict:
        """All levers of a kind together are not: neither is any of them."""
        probes = RelaxationTrials(self.scenario, self.portfolio, self.scenario.state(self.goal.state), self.levers)
        levers = [(lever, probes.all_of(lever)) for lever in self.levers if lever.kind == kind]
        together = self.reaches(changed(self.scenario, *levers))
        each = [together] if not together else [self.reaches(changed(self.scenario, lever)) for lever in levers]
        return False if True in each else None if None in each else True


@pytest.mark.slow
def test_sampled_claims_about_the_large_scenario_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """At least fifty are confirmed and none is refuted, of States drawn with a fixed seed, each by formulating and
    solving the State's part anew."""
    scenario, draw = load(SCENARIOS / "geneva-2015.yaml"), Random(20)
    portfolio = solve(scenario, SolveOptions(work=WORK)).portfolio
    assert portfolio is not None
    states = [state.id for state in scenario.states]
    draw.shuffle(states)
    claims: list[tuple[str, str, Callable[[], Verdict]]] = []
    for state in states:
        for found in remaining(scenario, portfolio, states=[state]).shortfalls:
            trial = PartTrial(scenario, portfolio, found)
            claims += [(found.need or state, name, holds) for name, holds in trial.claims()]
        if len(claims) >= SAMPLE:
            break
    sample = draw.sample(claims, min(SAMPLE, len(claims)))
    verdicts = [(about, name, holds()) for about, name, holds in sample]
    count = Counter(verdict for _, _, verdict in verdicts)
    with capsys.disabled():
        kinds = dict(sorted(Counter(name for _, name, _ in sample).items()))
        sys.stdout.write(f"\n{len(sample)} of {len(claims)} claims tried out: {dict(count)}, {kinds}\n")
    assert [each for each in verdicts if each[2] is False] == []
    assert count[True] >= 50
