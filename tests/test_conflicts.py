"""A smallest set of the user's decisions that cannot all be met."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from generators import Seeded, draw_scenario
from lasting_fields import draw_lasting_scenario
from matcher.engine.conflicts.decided import decided_conflict
from matcher.engine.conflicts.limits import limits_of, under
from matcher.engine.solving import solve
from matcher.formulation.formulate import formulate
from matcher.portfolio.result import Clock, Conflict, SolveOptions
from matcher.reporting.conflicts import SUBJECTS, ConflictSpeaker, conflict_texts
from matcher.reporting.languages import languages, table_of
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario


def _commitment(year: int, quantity: int, need: str = "n") -> dict[str, Any]:
    return {"financier": "f", "implementer": "t", "need": need, "year": year, "quantity": quantity}


def _conflicts(changes: Changes, clock: Clock | None = None) -> set[tuple[str, tuple[str, ...]]]:
    built = formulate(small_scenario(changes))
    assert built.impossible == ()
    found = [each.conflict for each in decided_conflict(built, clock or Clock())]
    return {(conflict.reason, conflict.subjects) for conflict in found}


SECOND: Changes = {"needs.m": {"state": "A", "capability": "clearance", "quantity": 10}}
B: Changes = {
    "states.B": {"name": "Belmark", "deadline": 2016},
    "needs.b": {"state": "B", "capability": "clearance", "quantity": 10},
}
AGREED_N = ("commitment", ("f", "t", "n", "2015"))
AGREED_M = ("commitment", ("f", "t", "m", "2015"))
PIN_A, PIN_B = ("pin", ("t", "A")), ("pin", ("t", "B"))

Named = tuple[str, tuple[str, ...]]
"""Reason and subjects of a conflict."""
CASES: dict[str, tuple[Changes, set[Named], set[Named]]] = {
    "two commitments beyond capacity": (
        SECOND | {"decisions.commitments": [_commitment(2015, 3), _commitment(2015, 3, "m")]},
        {AGREED_N, AGREED_M},
        {("capacity", ("t", "2015"))},
    ),
    "a commitment of another year is no part of it": (
        SECOND | {"decisions.commitments": [_commitment(2016, 1), _commitment(2015, 3), _commitment(2015, 3, "m")]},
        {AGREED_N, AGREED_M},
        {("capacity", ("t", "2015"))},
    ),
    "one commitment that a cap forbids": (
        {
            "decisions.commitments": [_commitment(2015, 3), _commitment(2016, 1)],
            "decisions.caps": [{"offer": "f", "state": "A", "money": 150, "per": "year"}],
        },
        {AGREED_N},
        {("cap", ("f", "A", "0"))},
    ),
    "one commitment that precedence forbids": (
        {
            "needs.m": {
                "state": "A",
                "capability": "clearance",
                "quantity": 10,
                "after": [{"need": "n", "lag": 1}],
            },
            "decisions.commitments": [_commitment(2015, 1, "m"), _commitment(2015, 1)],
        },
        {AGREED_M},
        {("after", ("m", "n"))},
    ),
    "two pins in more States than the offer serves": (
        B
        | {
            "offers.t.max_states": 1,
            "decisions.pins": [
                {"offer": "t", "state": "A", "years": [2015, 2015]},
                {"offer": "t", "state": "B", "years": [2015, 2015]},
                {"offer": "f", "state": "A"},
            ],
        },
        {PIN_A, PIN_B},
        {("max_states", ("t",))},
    ),
    "a pin beside a commitment that takes all": (
        B
        | {
            "offers.t.max_states": 1,
            "decisions.pins": [{"offer": "t", "state": "B", "years": [2015, 2015]}],
            "decisions.commitments": [_commitment(2015, 3), _commitment(2016, 3)],
        },
        {AGREED_N, PIN_B},
        {("max_states", ("t",))},
    ),
    "a pin without years in a State that is not to take anything": (
        {"states.A.max_partners": 1, "decisions.pins": [{"offer": "f", "state": "A"}]},
        {("pin", ("f", "A"))},
        {("max_partners", ("A",))},
    ),
    "one pinned year too thin for the least per State": (
        {
            "offers.f.min_per_state": 400,
            "offers.f.amount": {2015: 1000, 2016: 100},
            "decisions.pins": [
                {"offer": "f", "state": "A", "years": [2015, 2015]},
                {"offer": "f", "state": "A", "years": [2016, 2016]},
            ],
        },
        {("pin", ("f", "A"))},
        {("min_per_state", ("f",)), ("budget", ("f", "2016"))},
    ),
    "more pinned years than there is work": (
        {"needs.n.quantity": 1, "decisions.pins": [{"offer": "f", "state": "A", "years": [2015, 2016]}]},
        {("pin", ("f", "A"))},
        {("quantity", ("n",))},
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_conflicts_are_a_smallest_set(case: str) -> None:
    """The decisions named cannot all be met, and no decision is named that is no part of the quarrel."""
    changes, wanted, _ = CASES[case]
    assert _conflicts(changes) == wanted


@pytest.mark.parametrize("case", list(CASES))
def test_dropping_any_one_of_the_conflicts_makes_the_scenario_possible(case: str) -> None:
    """The scenario as it is has no portfolio; without one of the named decisions or limits it has."""
    changes, decided, limits = CASES[case]
    result = solve(small_scenario(changes))
    assert (result.status, result.confirmed_by) == ("infeasible", "highs")
    assert {(each.reason, each.subjects) for each in result.conflicts} == decided | limits
    for language in languages():
        unnamed = {f"{each.reason}{colon}" for each in result.conflicts for colon in (":", " :")}
        said = conflict_texts(small_scenario(changes), result, language)
        assert not [text for text in said if text.startswith(tuple(unnamed))]
    for _, subjects in decided:
        trial = changes | {key: _without(changes.get(key, []), subjects) for key in _DECIDED}
        assert solve(small_scenario(trial)).portfolio is not None
    named = [each for each in result.conflicts if (each.reason, each.subjects) in limits]
    assert solve(under(small_scenario(changes), named)).portfolio is None
    for limit in named:
        others = [each for each in named if each is not limit]
        assert solve(under(small_scenario(changes), others)).portfolio is not None


def test_an_indivisible_need_is_not_made_larger() -> None:
    """What is met as a whole or not at all would be harder to meet if there were more of it: not a limit to lift."""
    changes: Changes = {
        "needs.n.indivisible": True,
        "needs.n.max_per_year": 5,
        "needs.n.after": [{"need": "m", "lag": 1}],
        "needs.m": {"state": "A", "capability": "clearance", "quantity": 4},
        "offers.t.capacity": 20,
        "decisions.commitments": [_commitment(2015, 5)],
    }
    result = solve(small_scenario(changes))
    assert {(each.reason, each.subjects) for each in result.conflicts} == {AGREED_N, ("after", ("n", "m"))}
    assert solve(small_scenario(changes | {"needs.n.after": []})).portfolio is not None


def test_a_scenario_without_a_limit_keeps_every_portfolio() -> None:
    """By the independent checker: whatever limit is waived, the best portfolio before is still a valid one."""
    waived = 0
    drawn = [draw_scenario(Seeded(5075 + seed), states=2, years=3, most=4) for seed in range(12)]
    drawn += [draw_lasting_scenario(6000 + seed, states=2, years=3, most=4) for seed in range(16)]
    for seed, scenario in enumerate(drawn):
        portfolio = solve(scenario, SolveOptions(work=2)).portfolio
        limits = [limit.conflict for limit in limits_of(scenario)]
        for limit in limits if portfolio is not None else ():
            without = under(scenario, [each for each in limits if each != limit])
            report = verify(without, portfolio.model_copy(update={"scenario_hash": without.digest}))
            assert report.ok, (seed, limit, report.violations[:2])
            waived += 1
    assert waived > 250


_DECIDED = ("decisions.commitments", "decisions.pins")


def _without(decisions: list[dict[str, Any]], subjects: tuple[str, ...]) -> list[dict[str, Any]]:
    """The decisions less those about these subjects."""

    def about(each: dict[str, Any]) -> tuple[str, ...]:
        if "need" in each:
            return (each["financier"], each["implementer"], each["need"], str(each["year"]))
        return (each["offer"], each["state"])

    return [each for each in decisions if about(each) != subjects]


def test_conflicts_hold_figures_and_reports_put_words_to_them() -> None:
    """What was agreed is a figure with its unit; where an offer cannot be engaged is among the subjects."""
    changes, _, _ = CASES["a pin beside a commitment that takes all"]
    scenario = small_scenario(changes)
    found = {each.conflict.reason: each.conflict for each in decided_conflict(formulate(scenario), Clock())}
    unit = scenario.capability("clearance").unit
    assert (found["commitment"].figures, found["pin"].figures) == ({"quantity": 3, "unit": unit}, {})
    english, french = ConflictSpeaker(scenario, "en"), ConflictSpeaker(scenario, "fr")
    assert english.text(found["commitment"]).startswith(f"3 {unit} for n in 2015, agreed with t, cannot be kept")
    assert french.text(found["commitment"]).startswith(f"3 {unit} pour n en 2015, convenus avec t, sont incompatibles")
    assert english.text(found["pin"]).startswith("t cannot be engaged in B")


EVERY: Changes = {
    "states.A.max_partners": 1,
    "states.A.absorption": 700,
    "states.A.max_share": 1,
    "least_engagement": 300,
    "needs.n.max_per_year": 4,
    "needs.n.indivisible": True,
    "needs.m": {"state": "A", "capability": "clearance", "quantity": 10, "after": [{"need": "n"}]},
    "offers.f.min_per_state": 200,
    "offers.f.match": 0.5,
    "offers.t.min_per_state": 2,
    "offers.t.min_years": 2,
    "offers.t.max_states": 1,
    "decisions.caps": [
        {"offer": "f", "state": "A", "money": 150, "per": "year"},
        {"offer": "f", "state": "A", "share": 0.5, "per": "horizon"},
    ],
}
"""Changes that give a scenario every kind of limit."""


@pytest.mark.parametrize("language", languages())
def test_every_limit_has_a_sentence_with_its_figures(language: str) -> None:
    """No kind of limit is said by its code; each sentence holds its subject, and each its own figure."""
    scenario = small_scenario(EVERY)
    speaker = ConflictSpeaker(scenario, language)
    limits = [limit.conflict for limit in limits_of(scenario)]
    kinds = set(SUBJECTS) - {each for each in SUBJECTS if each.startswith(("commitment", "pin", "forbid"))}
    assert {each.reason for each in limits} == kinds
    for each in limits:
        text = speaker.text(each)
        assert each.subjects[0] in text or each.reason == "least_engagement"
        assert not text.startswith(each.reason)
    by_code = {each.reason: speaker.text(each) for each in limits if "money" not in each.figures}
    assert "0.5" in by_code["match"].replace(",", ".")
    said = next(speaker.text(each) for each in limits if each.reason == "least_engagement")
    assert "300" in said
    assert "700" in next(speaker.text(each) for each in limits if each.reason == "absorption")


def test_the_least_of_an_offer_of_money_is_money_of_the_scenario() -> None:
    """It is written in its own currency: said in the scenario's, with its code, like every other amount."""
    changes: Changes = {"rates.EUR.rate": 2, "offers.f.currency": "EUR", "offers.f.min_per_state": 200}
    scenario = small_scenario(changes)
    least = next(each.conflict for each in limits_of(scenario) if each.conflict.reason == "min_per_state")
    assert least.figures == {"money": 400}
    code = scenario.currency.code
    assert ConflictSpeaker(scenario, "en").text(least).startswith(f"f asks for at least {code} ")


def test_a_commitment_that_is_no_option_names_the_rules_against_it() -> None:
    """As data with the code of each rule, and in the words that cautions have for it."""
    changes: Changes = {
        "offers.f.channels": ["un_agency"],
        "decisions.commitments": [_commitment(2015, 1)],
    }
    scenario = small_scenario(changes)
    (conflict,) = solve(scenario).conflicts
    assert [each.code for each in conflict.barriers] == ["channel_closed"]
    for language in languages():
        (said,) = conflict_texts(scenario, solve(scenario), language)
        assert table_of(language)["screening"]["parties"]["un_agency"] in said


def test_conflicts_of_earlier_versions_are_read() -> None:
    """Their sentence is dropped; code and subjects are said in its place, as of a code that no solve gives."""
    old = Conflict.model_validate({"reason": "budget", "subjects": ["f", "2015"], "detail": "f has 1,000 USD"})
    assert old == Conflict(reason="budget", subjects=("f", "2015"))
    speaker = ConflictSpeaker(small_scenario(), "en")
    assert speaker.text(old) == "budget: f, 2015"
    assert speaker.text(Conflict(reason="luck", subjects=("f",))) == "luck: f"
    with pytest.raises(ValidationError):
        Conflict.model_validate({"reason": "budget", "subjects": ["f"], "detail": 3})


def test_without_time_all_decisions_are_named() -> None:
    """With no time to try, every commitment and pin stays under suspicion."""
    changes, wanted, _ = CASES["a commitment of another year is no part of it"]
    assert _conflicts(changes, Clock(limit=0.0)) == wanted | {("commitment", ("f", "t", "n", "2016"))}


def test_decisions_that_no_option_can_meet_are_told_by_the_solve() -> None:
    """What the formulation finds impossible comes back as the conflict, with its reason."""
    changes: Changes = {"decisions.commitments": [{"implementer": "t", "need": "n", "year": 2015, "quantity": 1}]}
    result = solve(small_scenario(changes))
    assert result.status == "infeasible"
    assert [conflict.reason for conflict in result.conflicts] == ["commitment_not_eligible"]
