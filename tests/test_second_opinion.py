"""A second engine: its results fit the first ones, and a contradiction is told."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

import matcher.isolation.second_opinion as asked
from generators import Seeded, draw_scenario
from matcher import Scenario
from matcher.cli import run
from matcher.cli.exits import Exit
from matcher.engine.solving import solve
from matcher.io import load, load_result
from matcher.isolation.second_opinion import OTHER, Compared, Comparison, Opinion, compare, second_opinion
from matcher.portfolio.result import Result, SolveOptions
from matcher.reporting.languages import languages
from matcher.reporting.opinion import compared_text
from matcher.runs.restating import restated

TINY = Path(__file__).parent.parent / "scenarios" / "tiny"


def race() -> tuple[Scenario, Result]:
    """Returns a scenario of two States and what is proposed for it."""
    scenario = load(TINY / "completion-race.yaml")
    return scenario, solve(scenario)


def changed(result: Result, stage: int, **fields: object) -> Result:
    """Returns a result with fields of one stage changed."""
    stages = [each.model_dump() for each in result.stages]
    stages[stage] |= fields
    return Result.model_validate({**result.model_dump(), "stages": stages})


def test_another_engine_agrees() -> None:
    """Every bound of either holds the other's portfolio."""
    scenario, first = race()
    opinion = second_opinion(scenario, first)
    assert opinion.engine == "highs"
    assert opinion.result.options.engine == "highs"
    assert opinion.result.figures == first.figures
    assert opinion.disagreements == ()
    assert len(opinion.agreements) == 2 * len(first.stages)


@pytest.mark.parametrize("seed", range(12))
def test_engines_agree_on_random_scenarios(seed: int) -> None:
    """Whether there is a portfolio, and within which bounds, does not depend on the engine."""
    scenario = draw_scenario(Seeded(700 + seed), states=3, years=3, most=4)
    first = solve(scenario, SolveOptions(work=10))
    second = solve(scenario, SolveOptions(work=10, engine=OTHER["auto"]))
    assert [each for each in compare(scenario, first, second) if not each.fits] == []


def test_a_bound_that_the_other_portfolio_passes_is_a_contradiction() -> None:
    """A bound too low by a little is found out by the other portfolio."""
    scenario, first = race()
    wrong = changed(first, 1, bound="1.399", value="1.399", exact="1399/1000")
    data = {"objective": "coverage", "value": "1.400000", "bound": "1.399"}
    (found,) = (each for each in compare(scenario, wrong, first) if not each.fits)
    assert found.document == {"code": "second_passes", **data}
    (other_way,) = (each for each in compare(scenario, first, wrong) if not each.fits)
    assert other_way.document == {"code": "first_passes", **data}
    assert compared_text(found.document) == "coverage: the second portfolio (1.400000) passes the first bound (1.399)"
    assert compared_text(other_way.document, "fr") == (
        "coverage : le premier portefeuille (1,400000) dépasse la seconde borne (1,399)"
    )


@pytest.mark.parametrize("language", languages())
def test_every_comparison_has_a_sentence(language: str) -> None:
    """Whatever can be compared is said in every language, with all its data."""
    data = {"objective": "cost", "value": "17", "bound": "19", "first": "optimal", "second": "infeasible"}
    for code in get_args(Compared):
        text = compared_text({"code": code, **data}, language)
        held = ("optimal", "infeasible") if code == "status" else ("cost", "17", "19")
        assert all(each in text for each in held)


def test_an_opinion_saved_by_an_earlier_version_is_verified(tmp_path: Path) -> None:
    """It held sentences; they are held against what the two results give, like the data of later ones."""
    out = tmp_path / "run"
    assert run(["solve", str(TINY / "completion-race.yaml"), "--second-opinion", "-o", str(out)]) == Exit.DONE
    scenario, result = load(out / "scenario.resolved.json"), load_result(out / "result.json")
    path = out / "second_opinion.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert all(isinstance(each, dict) for each in saved["agreements"])
    sentences = [compared_text(each) for each in saved["agreements"]]
    for stated, holds in ((sentences, True), ([*sentences[1:], "cost: all is well"], False)):
        path.write_text(json.dumps({**saved, "agreements": stated}), encoding="utf-8")
        found = restated(out, scenario, result, sound=True)
        assert [each.where for each in found if not each.ok] == ([] if holds else [f"{path.name}: agreements"])


def test_a_later_bound_speaks_only_of_portfolios_that_keep_as_much() -> None:
    """A portfolio that reaches less in an earlier objective may pass a later bound."""
    scenario, first = race()
    kept_more = changed(first, 0, exact="2", value="2", bound="2")
    looser = changed(kept_more, 4, bound="7000.000000")
    assert [each for each in compare(scenario, looser, first) if not each.fits] == []
    tight = changed(first, 4, bound="7000.000000")
    assert [each.document for each in compare(scenario, tight, first) if not each.fits] == [
        {"code": "second_passes", "objective": "cost", "value": "6000.000000", "bound": "7000.000000"}
    ]
    assert Fraction(first.stages[4].exact) == 6000


def test_infeasible_against_a_portfolio_is_a_contradiction() -> None:
    """A portfolio disproves that there is none."""
    scenario, first = race()
    none = Result.model_validate(
        {**first.model_dump(), "status": "infeasible", "portfolio": None, "stages": (), "figures": ()}
    )
    (found,) = (each for each in compare(scenario, none, first) if not each.fits)
    assert found.document == {"code": "status", "first": "infeasible", "second": "optimal"}
    assert all(each.fits for each in compare(scenario, none, none))


def test_the_command_asks_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both results are saved, and nothing contradicts."""
    out = tmp_path / "run"
    scenario = str(TINY / "completion-race.yaml")
    assert run(["solve", scenario, "--second-opinion", "--bundle", "-o", str(out)]) == Exit.DONE
    assert "second opinion, by highs: nothing contradicts" in capsys.readouterr().err
    document = json.loads((out / "second_opinion.json").read_text(encoding="utf-8"))
    assert document["disagreements"] == []
    assert document["result"]["options"]["engine"] == "highs"
    assert run(["verify", str(out)]) == Exit.DONE


def test_a_contradiction_ends_with_1_and_both_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever is wrong, both results are there to look at, and the exit code says that something is."""

    def contradicting(_: Scenario, first: Result) -> Opinion:
        data = {"objective": "cost", "value": "17", "bound": "19"}
        return Opinion("highs", first, (), (Comparison(False, "second_passes", data),))

    monkeypatch.setattr(asked, "second_opinion", contradicting)
    out = tmp_path / "run"
    scenario = str(TINY / "completion-race.yaml")
    assert run(["solve", scenario, "--second-opinion", "-o", str(out)]) == Exit.FAILED
    assert "CONTRADICTED" in capsys.readouterr().err
    assert json.loads((out / "second_opinion.json").read_text(encoding="utf-8"))["disagreements"]
    assert (out / "result.json").is_file()
