"""Small cases that an earlier engine got wrong, each with the right value by hand, and each for a kind of fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.comparison.comparison import compare
from matcher.engine.solving import solve
from matcher.io.reading import load
from matcher.portfolio.handover import taken_over
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Engine, Lot, Result, SolveOptions
from matcher.reporting.conflicts import conflict_texts
from matcher.runs.reading import read_portfolio
from matcher.scenario import Goal, Scenario
from matcher.verification import verify
from matcher.verification.report import Obligation

DATA = Path(__file__).parent / "data"
CASES = DATA / "cases"
ENGINES: tuple[Engine, ...] = ("cpsat", "highs", "scip")


def case(name: str) -> Scenario:
    """Returns a case as its file has it."""
    return load(CASES / f"{name}.yaml")


def solved(scenario: Scenario, engine: Engine = "cpsat") -> Result:
    """Returns the result of one model."""
    return solve(scenario, SolveOptions(method="whole", engine=engine))


def best(scenario: Scenario, engine: Engine = "cpsat") -> Portfolio:
    """Returns the portfolio of a proven result."""
    result = solved(scenario, engine)
    assert result.status == "optimal"
    assert result.portfolio is not None
    return result.portfolio


def flows(portfolio: Portfolio) -> list[tuple[str, int, int]]:
    """Returns need, year and quantity of each flow, in order."""
    return sorted((flow.need, flow.year, flow.quantity) for flow in portfolio.flows)


def ordered(scenario: Scenario, *entries: Goal) -> Scenario:
    """Returns a scenario that pursues other entries."""
    return scenario.with_fields(objectives=scenario.objectives.with_fields(order=entries))


@pytest.mark.parametrize("engine", ENGINES)
def test_work_that_could_be_done_in_any_year_is_done_in_the_first(engine: Engine) -> None:
    """Nothing speaks for a later year, so every engine works in 2030."""
    assert flows(best(case("any-year-will-do"), engine)) == [("QAA-n", 2030, 10)]


@pytest.mark.parametrize("engine", ENGINES)
def test_work_does_not_stand_still_between_its_years(engine: Engine) -> None:
    """1.9 km2 at 1.0 a year are 1.0 and then 0.9, in one partnership of two years without a break."""
    result = solved(case("standstill"), engine)
    assert result.portfolio is not None
    assert flows(result.portfolio) == [("AAA-c", 2025, 1_000_000), ("AAA-c", 2026, 900_000)]
    (partnership,) = result.partnerships
    assert (partnership.years.first, partnership.years.last) == (2025, 2026)
    (agreed,) = result.agreements
    assert (agreed.agreements, agreed.breaks) == (1, 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_minimum_years_are_owed_past_the_horizon(engine: Engine) -> None:
    """Where few engagement-years count most, the donor starts in 2032: two of its three years, and 2,000, are owed.

    A start in 2031 has two years of both offers and owes one, 5; one in 2030 has three of both, 6. In 2032 there is
    one of both, and two are owed: 4.
    """
    scenario = case("minimum-years-at-the-end")
    portfolio = best(scenario, engine)
    found = verify(scenario, portfolio)
    assert flows(portfolio) == [("QAA-n", 2032, 10)]
    assert found.obligations == (Obligation("D-money", "QAA", 2, 2000),)
    assert (found.figures["engagements"], found.figures["cost"]) == (4, 12_000)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_that_waits_for_nobody_serves_its_minimum_years(engine: Engine) -> None:
    """With waiting before engagements: 8 at once and the least, 1 and 1, in the years that the donor must stay."""
    order = [Goal(objective=name) for name in ("coverage", "waiting", "engagements", "cost")]
    portfolio = best(ordered(case("minimum-years-at-the-end"), *order), engine)
    assert flows(portfolio) == [("QAA-n", 2030, 8), ("QAA-n", 2031, 1), ("QAA-n", 2032, 1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_of_two_equal_donors_the_sure_one_pays(engine: Engine) -> None:
    """In the default order risk counts twice and one provider's weight half: all comes from the donor that will pay."""
    portfolio = best(case("two-equal-donors"), engine)
    assert [(flow.financier, flow.quantity) for flow in portfolio.flows] == [("sure", 10)]


def test_two_equal_states_draw_lots() -> None:
    """One of two equal States is served, by the scenario's seed and by no alphabet; that they are equal is told."""
    served = set()
    for seed in range(8):
        scenario = case("two-equal-states").with_fields(seed=seed)
        result = solved(scenario)
        assert result.lots == (Lot(kind="states", members=("QAA", "QBB")),)
        assert result.portfolio is not None
        (flow,) = result.portfolio.flows
        assert (flow.year, flow.quantity) == (2030, 10)
        served.add(flow.need)
    assert served == {"QAA-n", "QBB-n"}


@pytest.mark.parametrize("engine", ENGINES)
def test_one_state_beyond_reach_takes_nothing_from_the_others(engine: Engine) -> None:
    """Nobody pays in C, so it is set aside and named, and A and B have half of what they need each."""
    scenario = case("one-state-beyond-reach")
    portfolio = best(scenario, engine)
    assert flows(portfolio) == [("QAA-n", 2030, 5), ("QBB-n", 2030, 5)]
    assert verify(scenario, portfolio).set_aside == ("QCC",)


def test_what_was_delivered_before_counts_where_the_worst_off_is_kept() -> None:
    """A has 6 of 10 already: 2 more for it and 8 for B leave nobody below 4/5, and what comes after keeps that."""
    scenario = case("one-state-beyond-reach")
    begun = [each.with_fields(id=each.id, delivered=6) if each.id == "QAA-n" else each for each in scenario.needs]
    portfolio = best(scenario.with_fields(needs=begun))
    assert flows(portfolio) == [("QAA-n", 2030, 2), ("QBB-n", 2030, 8)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_commitment_twice_counts_twice(engine: Engine) -> None:
    """2 and 2 agreed are 4, though each costs money and nothing else is sought."""
    assert flows(best(case("commitment-twice"), engine)) == [("QAA-n", 2030, 4)]


def test_the_same_commitment_twice_can_be_too_much() -> None:
    """3 and 3 cost 6,000 of 5,000: each could be kept alone, and the conflict names both and the budget."""
    scenario = case("commitment-twice")
    agreed = tuple(each.with_fields(quantity=3) for each in scenario.decisions.commitments)
    result = solved(scenario.with_fields(decisions=scenario.decisions.with_fields(commitments=agreed)))
    assert result.status == "infeasible"
    assert [each.reason for each in result.conflicts] == ["commitment_too_large", "budget"]
    assert result.conflicts[0].figures["quantity"] == 6


def test_the_same_commitment_twice_beside_others_can_be_too_much() -> None:
    """2 and 2 for one need, and 2 for another, cost 6,000 of 5,000: without any of the three there would be enough."""
    scenario = case("commitment-twice")
    other = scenario.need("QAA-n").with_fields(id="QAA-m")
    agreed = (*scenario.decisions.commitments, scenario.decisions.commitments[0].with_fields(need="QAA-m"))
    result = solved(
        scenario.with_fields(
            needs=[*scenario.needs, other], decisions=scenario.decisions.with_fields(commitments=agreed)
        )
    )
    assert result.status == "infeasible"
    assert [each.reason for each in result.conflicts] == ["commitment"] * 3 + ["budget"]


def test_a_pin_in_a_forbidden_year_is_no_empty_promise() -> None:
    """Pinned for 2030 and 2031, forbidden in 2031: no portfolio, and both decisions are named."""
    scenario = case("pin-in-forbidden-year")
    result = solved(scenario)
    assert (result.status, result.confirmed_by) == ("infeasible", "arithmetic")
    assert [(each.reason, each.subjects) for each in result.conflicts] == [
        ("pin_not_possible", ("D-money", "QAA")),
        ("forbid", ("D-money", "2031")),
    ]
    assert conflict_texts(scenario, result) == [
        "D-money has no option in QAA in the years of the pin",
        "a decision forbids D-money, 2031",
    ]


def forbidden(**decisions: Any) -> Result:
    """Returns what comes of decisions under which something is forbidden."""
    scenario = case("pin-in-forbidden-year")
    return solved(Scenario.from_data(scenario.model_dump() | {"decisions": decisions}))


def test_only_the_forbids_that_matter_are_named() -> None:
    """Of three forbids, one leaves the pinned offer no option; another State's and another year's do not."""
    result = forbidden(
        pins=[{"offer": "D-money", "state": "QAA", "years": [2031, 2031]}],
        forbids=[
            {"offer": "D-money", "years": [2030, 2030]},
            {"provider": "T", "state": "QAA", "need": "QAA-n"},
            {"kind": "multilateral"},
        ],
    )
    assert [each.subjects for each in result.conflicts[1:]] == [("T", "QAA", "QAA-n")]


def test_a_pin_that_is_impossible_without_any_forbid_names_none() -> None:
    """An offer that pays only in 2030 cannot work in 2031, whatever is forbidden beside."""
    scenario = case("pin-in-forbidden-year")
    short = scenario.offer("D-money").with_fields(id="D-money", years={"first": 2030, "last": 2030})
    result = solved(scenario.with_fields(offers=[short, scenario.offer("T-teams")]))
    assert [each.reason for each in result.conflicts] == ["pin_not_possible"]


def test_a_commitment_in_a_forbidden_year_names_the_forbid() -> None:
    """What is agreed for 2031 is no option, for what is forbidden from 2031 on."""
    agreed = {"financier": "D-money", "implementer": "T-teams", "need": "QAA-n", "year": 2031, "quantity": 1}
    result = forbidden(commitments=[agreed], forbids=[{"provider": "D", "years": [2031, 2032]}])
    assert [(each.reason, each.subjects) for each in result.conflicts] == [
        ("commitment_not_eligible", ("D-money", "T-teams", "QAA-n", "2031")),
        ("forbid", ("D", "2031-2032")),
    ]


def test_money_that_is_owed_is_not_spent_again() -> None:
    """The advance of 2030 takes all that the donor has in 2032: a year later, nothing more can be done."""
    first, later = case("debt-first-plan"), case("debt-a-year-later")
    plan = best(first)
    assert flows(plan) == [("QAA-n", 2030, 5)]
    begun = taken_over(later, first, plan)
    debts = begun.offer("D-money").model_dump()["debts"]
    assert debts == {2032: 5000}
    assert flows(best(begun)) == []
    assert sum(quantity for *_, quantity in flows(best(later))) == 5  # what forgetting the debt would plan


def test_a_solve_from_the_first_plan_takes_its_debt_over(tmp_path: Path) -> None:
    """On the command line, --from hands over what was begun."""
    for name, options in (
        ("debt-first-plan", []),
        ("debt-a-year-later", ["--from", str(tmp_path / "debt-first-plan")]),
    ):
        folder = str(tmp_path / name)
        assert run(["solve", str(CASES / f"{name}.yaml"), "-o", folder, "--quiet", *options]) == Exit.DONE
    scenario, portfolio = read_portfolio(tmp_path / "debt-a-year-later", lambda *_: None)
    assert scenario.offer("D-money").model_dump()["debts"] == {2032: 5000}
    assert flows(portfolio) == []


def test_a_session_from_the_first_plan_takes_its_debt_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rounds stand on what was begun as a solve does, and are replayed from it; nothing owed is spent twice."""
    first, talks = str(tmp_path / "first"), str(tmp_path / "talks")
    assert run(["solve", str(CASES / "debt-first-plan.yaml"), "-o", first, "--quiet"]) == Exit.DONE
    later = str(CASES / "debt-a-year-later.yaml")
    assert run(["round", talks, "--scenario", later, "--from", first, "--quiet"]) == Exit.DONE
    assert "money owed from before 2031: D-money 2032 USD 5,000" in capsys.readouterr().err
    assert run(["round", talks, "--quiet"]) == Exit.DONE
    for number in ("0001", "0002"):
        scenario, portfolio = read_portfolio(tmp_path / "talks" / number, lambda *_: None)
        assert scenario.offer("D-money").model_dump()["debts"] == {2032: 5000}
        assert flows(portfolio) == []
    assert run(["round", talks, "--replay", "--quiet"]) == Exit.DONE


def test_the_same_plan_under_two_discounts_is_the_same() -> None:
    """Needs met are quantities, whatever a later year counts for: no State gains or loses."""
    path = DATA / "same-plan-two-discounts.yaml"
    plain, early = load(path), load(path, ["early"])
    found = compare(plain, best(plain), early, best(early))
    assert (found.states, found.offers) == ((), ())
    assert verify(plain, best(plain)).states["AAA"].coverage == verify(early, best(early)).states["AAA"].coverage == 1
