"""Certificates: what prices prove is never less than any portfolio reaches, and little more than relaxations prove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import matcher.engine.certificates as certificates
from generators import Seeded, draw_scenario
from matcher.engine.certificates import certify
from matcher.engine.replanning import near
from matcher.engine.solving import solve
from matcher.io import canonical_json, load, scenario_document
from matcher.portfolio.result import Result, SolveOptions
from matcher.scenario import Scenario
from matcher.solvers.engines import Outcome, Solver, engine
from matcher.units import fraction
from matcher.verification.bound import Proven, proven
from matcher.verification.documents import completed, fractional
from matcher.verification.facts import gather
from matcher.verification.limits import ScenarioLimits
from matcher.verification.objectives import add_objective
from matcher.verification.order import SENSE
from matcher.verification.worths import EQUATIONS, RULES, ReducedCosts
from priced_portfolios import Amounts, amounts_of, instances, left_of

TINY = Path(__file__).parent.parent / "scenarios" / "tiny"
NAMED = ["absorption-limit", "carry-over", "channels", "completion-race", "foreign-currency", "indivisible"]
NAMED += ["matched-private-money", "multi-year-minimum", "national-ownership", "ownership-floor", "partner-limit"]
NAMED += ["pre-financing", "south-south-in-kind", "survey-before-clearance", "triangular", "worst-off"]


def written(document: dict[str, Any]) -> dict[str, Any]:
    """Returns a document as it is read back from a file."""
    found: dict[str, Any] = json.loads(canonical_json(document), parse_float=Decimal)
    return found


def plain_of(scenario: Scenario) -> dict[str, Any]:
    """Returns a scenario as the checker reads it from a file."""
    return completed(written(scenario_document(scenario)))


@cache
def named(name: str) -> tuple[Scenario, Result]:
    """Returns a scenario by name, and what is proposed for it."""
    scenario = load(TINY / f"{name}.yaml")
    return scenario, solve(scenario, SolveOptions(work=10))


@cache
def drawn(seed: int) -> tuple[Scenario, Result]:
    """Returns a random scenario of few States, and what is proposed for it."""
    scenario = draw_scenario(Seeded(seed), states=2 + seed % 3, years=3, most=4)
    return scenario, solve(scenario, SolveOptions(work=10))


@cache
def replanned(seed: int) -> tuple[Scenario, Result]:
    """Returns a random scenario with less capacity than the earlier portfolio was made for, and what is proposed."""
    scenario, result = drawn(seed)
    if result.portfolio is None:
        return scenario, result
    document = near(scenario, result.portfolio).model_dump()
    for offer in document["offers"].values():
        if offer["kind"] == "technical" and isinstance(offer["capacity"], int):
            offer["capacity"] //= 2
    document["decisions"] |= {"pins": [], "commitments": []}
    changed = Scenario.from_data(document)
    return changed, solve(changed, SolveOptions(work=10))


@pytest.mark.parametrize("name", NAMED)
def test_prices_prove_what_the_relaxation_proves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds added up by the checker are those of the engine's relaxation, to a millionth."""
    relaxed: list[Fraction] = []

    def listening(which: str) -> Solver:
        def solver(*arguments: Any) -> Outcome:
            outcome = engine(which)(*arguments)
            if which == "interior":
                assert outcome.bound is not None
                relaxed.append(outcome.bound)
            return outcome

        return solver

    monkeypatch.setattr(certificates, "engine", listening)
    scenario, result = named(name)
    stages = proven(plain_of(scenario), written(certify(scenario, result)))
    assert len(relaxed) == len(stages) == len(result.stages)
    for stage, bound in zip(stages, relaxed, strict=True):
        assert stage.sense * float(stage.bound - bound) <= 1e-6 * max(1.0, abs(float(bound)))


@pytest.mark.parametrize("seed", range(40))
def test_no_portfolio_passes_what_prices_prove(seed: int) -> None:
    """Whatever is proposed is within the certificate's bounds, stage by stage."""
    scenario, result = drawn(seed)
    if result.portfolio is None:
        return
    stages = proven(plain_of(scenario), written(certify(scenario, result)))
    assert [stage.objective for stage in stages] == [stage.objective for stage in result.stages]
    for found, stage in zip(stages, result.stages, strict=True):
        assert found.sense * (found.bound - Fraction(stage.exact)) >= 0


def _held() -> Iterator[tuple[ScenarioLimits, Amounts, dict[str, Fraction]]]:
    """Yields scenarios, what their portfolios hold of everything, and their figures."""
    cases = [*map(drawn, range(80)), *map(named, NAMED), *map(replanned, range(20))]
    for scenario, result in cases:
        if result.portfolio is not None:
            world = ScenarioLimits(fractional(plain_of(scenario)))
            facts = gather(world.scenario, written(result.portfolio.model_dump(mode="json")))
            figures = {figure.objective: fraction(figure.exact) for figure in result.figures}
            yield world, amounts_of(world, facts, figures), figures


ELSEWHERE = {"ongoing_term", "max_share", "first_start"}
"""Rules that no scenario here has: they are held against portfolios in `test_prices_by_trial`."""


@pytest.mark.parametrize("rule", sorted(set(RULES) - ELSEWHERE))
def test_every_instance_of_a_rule_holds_in_every_portfolio(rule: str) -> None:
    """At what portfolios really hold, no rule as priced is broken, and some are exactly kept."""
    tight = tried = 0
    for world, amounts, _ in _held():
        for instance in instances(world, rule):
            worths = ReducedCosts(world)
            RULES[rule][0](worths, Fraction(1), *instance)
            left = left_of(worths, amounts)
            assert left >= 0, (world.scenario["name"], instance)
            assert left == 0 or rule not in EQUATIONS, (world.scenario["name"], instance)
            tried, tight = tried + 1, tight + (left == 0)
    assert tried
    assert tight


@pytest.mark.parametrize("objective", sorted(SENSE))
def test_an_objective_is_worth_what_the_checker_says(objective: str) -> None:
    """Summed over what portfolios hold, the worths of an objective are its figure."""
    told = [each for each in _held() if objective in each[2]]
    assert any(figures[objective] for _, _, figures in told)
    for world, amounts, figures in told:
        worths = ReducedCosts(world)
        add_objective(worths, objective, Fraction(1))
        assert left_of(worths, amounts) == figures[objective]


def test_more_prices_prove_more() -> None:
    """Without prices everything is possible; with its own ones a certificate is as tight as can be."""
    scenario, result = named("completion-race")
    document, certificate = plain_of(scenario), written(certify(scenario, result))
    bare = {**certificate, "stages": [{**stage, "prices": {}} for stage in certificate["stages"]]}
    loose, tight = proven(document, bare)[0], proven(document, certificate)[0]
    assert (loose.bound, tight.bound) == (2, 1)
    assert tight == Proven("completions", 1, Fraction(1), {})


def _faults(stage: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "negative": {**stage, "prices": {"budget": [["DEU-money", 2015, Decimal("-1")]]}},
        "no rule": {**stage, "prices": {"luck": []}},
        "no list": {**stage, "prices": {"budget": 3}},
        "no instance": {**stage, "prices": {"budget": [["DEU-money", 1]]}},
        "does not exist": {**stage, "prices": {"budget": [["nobody", 2015, 1]]}},
        "outside the horizon": {**stage, "prices": {"budget": [["DEU-money", 1999, 1]]}},
        "no price": {**stage, "prices": {"budget": [["DEU-money", 2015, "1"]]}},
        "no objective": {**stage, "objective": "luck"},
        "without kept": {key: value for key, value in stage.items() if key != "kept"},
        "weighs no objectives": {**stage, "objective": "weighted"},
        "no limit on absorption": {**stage, "prices": {"absorption": [["SEN", 2015, 1]]}},
    }


@pytest.mark.parametrize("fault", list(_faults({})))
def test_a_malformed_certificate_is_refused(fault: str) -> None:
    """Whatever a certificate names must exist, fit, and have a price that is none below zero."""
    scenario, _ = named("completion-race")
    stage = {"objective": "completions", "kept": {}, "kept_prices": {}, "prices": {}}
    names = {"no rule": "no rule 'luck' has prices"}
    with pytest.raises(ValueError, match=names.get(fault, fault)):
        proven(plain_of(scenario), {"certificate": 1, "stages": [_faults(stage)[fault]]})


@pytest.mark.parametrize(
    ("place", "value"),
    [("objectives", {"discount": Decimal("1.5")}), ("needs", {"quantity": 0}), ("states", {"weight": -1})],
)
def test_a_scenario_that_no_reader_accepts_is_refused(place: str, value: dict[str, Any]) -> None:
    """What the pieces of a bound rest on is checked, as nobody else may have read the scenario."""
    document = plain_of(named("completion-race")[0])
    if place == "objectives":
        document[place] |= value
    else:
        next(iter(document[place].values())).update(value)
    with pytest.raises(ValueError, match="none that can be read"):
        proven(document, {"certificate": 1, "stages": []})
