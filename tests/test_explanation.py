"""Why a need is not met and what it would take: every answer is tried out by solving the whole again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from generators import Seeded, draw_scenario
from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions
from matcher.execution import Processes
from matcher.explanation import shortfalls
from matcher.explanation.explanation import Explanation
from matcher.explanation.findings import Cause, Change, Goal, Remedy, Shortfall
from matcher.explanation.halving import minimal_set, sufficient_alone
from matcher.explanation.relaxations import Relaxation, changed, relaxations_for
from matcher.explanation.setting import Found, Setting
from matcher.explanation.shortfalls import remaining
from matcher.explanation.smallest_changes import SmallestChanges
from matcher.explanation.trials import RelaxationTrials
from matcher.io import load
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, SolveOptions
from matcher.reporting import amounts
from matcher.reporting.explained import account_markdown
from matcher.reporting.languages import languages, numerals_of, table_of
from matcher.reporting.shortfalls import ShortfallSpeaker
from matcher.runs.files import RunFolder
from matcher.scenario import Scenario, Yearly
from matcher.scenario.edits import RaiseMoney, edited
from smallest_scenario import Changes, small_scenario

QUICK = SolveOptions(work=5)
TINY = Path(__file__).parents[1] / "scenarios" / "tiny"


def solved(scenario: Scenario) -> Result:
    """Returns the result of a short solve."""
    return solve(scenario, QUICK)


def explained(scenario: Scenario, **options: Any) -> dict[str | None, Shortfall]:
    """Returns what is left of a scenario of one State, by need."""
    portfolio = solved(scenario).portfolio
    assert portfolio is not None
    return {each.need: each for each in remaining(scenario, portfolio, **options).shortfalls}


WORLD: Changes = {"needs.n.completes": True}
CASES: dict[str, tuple[Changes, set[tuple[str, str, int]], set[tuple[str, str, int]]]] = {
    "capacity": ({"offers.t.capacity": 3}, {("capacity", "t", 4)}, set()),
    "budget": ({"offers.f.amount": 150}, {("budget", "f", 6)}, set()),
    "absorption": ({"states.A.absorption": 150}, {("absorption", "A", 6)}, set()),
    "least per State": ({"offers.f.min_per_state": 400}, {("min_per_state", "f", 10), ("capacity", "t", 10)}, set()),
    "most in a year": ({"needs.n.max_per_year": 4}, {("max_per_year", "n", 2)}, set()),
    "partners": ({"states.A.max_partners": 1}, {("max_partners", "A", 10)}, set()),
    "matching money": ({"offers.f.match": "1"}, {("match", "f", 10)}, set()),
    "whole or not at all": (
        {"needs.n.indivisible": True, "offers.t.capacity": {2015: 5, 2016: 4}},
        {("capacity", "t", 10), ("indivisible", "n", 9)},
        set(),
    ),
    "two limits at once": (
        {"offers.t.capacity": 3, "states.A.absorption": 216},
        set(),
        {("capacity", "t", 4), ("absorption", "A", 4)},
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_what_stands_in_the_way_is_named_with_what_it_costs(case: str) -> None:
    """Each limit that alone keeps a need from being met, and how much; else a smallest set of them."""
    changes, causes, together = CASES[case]
    if case == "matching money":
        changes = changes | {"providers.donor.kind": "company"}
        changes["offers.f.match"] = 1
    found = explained(small_scenario(changes), ledger=False)["n"]
    assert {(each.code, each.subjects[0], each.gain) for each in found.causes} == causes
    assert {(each.code, each.subjects[0], each.gain) for each in found.together} == together
    assert found.at_hand == 0


def test_rules_that_bar_providers_are_counted() -> None:
    """A donor for another State, and one that asks for more ownership, are told as what they are."""
    scenario = small_scenario(
        {
            "states.B": {"name": "Belmark", "deadline": 2016},
            "offers.f.states": ["B"],
            "offers.g": {"kind": "funding", "provider": "donor", "amount": 10, "ownership_floor": 0.5},
        }
    )
    found = explained(scenario, ledger=False)["n"]
    assert [(each.code, each.subjects, each.gain) for each in found.barred] == [
        ("ownership_below_floor", ("g",), 1),
        ("state_not_in_reach", ("f",), 1),
    ]
    assert found.causes == ()


DATES: dict[str, tuple[Changes, set[tuple[str, str]]]] = {
    "deadline": ({"states.A.deadline": 2015, "needs.n.max_per_year": 5}, {("deadline", "A")}),
    "the need's years": (
        {"needs.n.years": [2016, 2016], "needs.n.max_per_year": 5},
        {("window", "n")},
    ),
    "a late beginning": (
        {"offers.t.years": [2016, 2016], "offers.t.capacity": 5},
        {("begins", "t"), ("capacity", "t")},
    ),
    "an early end": (
        {"offers.t.years": [2015, 2015], "offers.t.capacity": {2015: 5}},
        {("ends", "t"), ("capacity", "t")},
    ),
    "a decision": ({"decisions.forbids": [{"offer": "t", "state": "A"}]}, {("forbid", "t")}),
    "years to last": (
        {"offers.t.years": [2015, 2015], "offers.t.capacity": 5, "offers.t.min_years": 2},
        {("capacity", "t")},
    ),
}


@pytest.mark.parametrize("case", list(DATES))
def test_dates_and_decisions_stand_in_the_way(case: str) -> None:
    """What begins too late or ends too early is named, and what the user has decided against."""
    changes, causes = DATES[case]
    found = explained(small_scenario(WORLD | changes), ledger=False)[None]
    assert {(each.code, each.subjects[0]) for each in found.causes} == causes
    assert found.together == ()


def test_the_nearest_provider_is_named_for_each_rule() -> None:
    """Of two that one rule keeps away the larger, of two as large the first; where several rules do, all of them."""
    offer = {"kind": "funding", "provider": "donor", "states": ["B"]}
    world: Changes = {
        "states.B": {"name": "Belmark", "deadline": 2016},
        "offers.f.states": ["B"],
        "offers.f.amount": 500,
        "offers.g": {**offer, "amount": 1000},
        "offers.h": {**offer, "amount": 1000},
        "offers.i": {**offer, "amount": 10**6, "ownership_floor": 0.5},
    }
    found = explained(small_scenario(world), ledger=False)["n"]
    assert [(each.code, each.subjects, each.gain) for each in found.barred] == [("state_not_in_reach", ("g",), 3)]
    floors = {f"offers.{key}.ownership_floor": 0.5 for key in "fgh"}
    found = explained(small_scenario(world | floors), ledger=False)["n"]
    assert [(each.code, each.subjects, each.gain) for each in found.barred] == [
        ("ownership_below_floor", ("i",), 0),
        ("state_not_in_reach", ("i",), 0),
    ]


def test_what_can_be_met_as_things_are_needs_no_change() -> None:
    """Where the search for the most misses it, the question whether it can be met at all may not."""
    scenario = small_scenario(WORLD)
    empty = Portfolio(scenario=scenario.name, scenario_hash=scenario.digest, flows=(), engagements=())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Setting, "most", lambda *_: Found(3, 10))
        need = remaining(scenario, empty).shortfalls[1]
    assert (need.at_hand, need.causes, need.remedies, need.insufficient) == (10, (), (), ())


SHARED: Changes = {
    "states.B": {"name": "Belmark", "deadline": 2016, "weight": 0.1},
    "needs.b": {"state": "B", "capability": "clearance", "quantity": 10, "completes": True},
    "needs.n.completes": True,
}


def test_nothing_is_taken_from_others() -> None:
    """Where another State uses what there is, it is named as the one that does, and keeps it."""
    scenario = small_scenario(SHARED)
    portfolio = solved(scenario).portfolio
    assert portfolio is not None
    found = {each.need: each for each in remaining(scenario, portfolio).shortfalls}
    assert found["b"].state == "B"
    assert found["b"].at_hand == 0
    (cause,) = found["b"].causes
    assert (cause.code, cause.subjects, cause.gain, cause.users) == ("capacity", ("t",), 10, ("A",))
    amounts = {each.changes[0].kind: each.changes[0].amount for each in found["b"].remedies}
    assert amounts == {"capacity": 10, "more_work": 10}


def test_decisions_of_the_user_are_not_gone_round() -> None:
    """An offer that is forbidden or capped is not asked for more; both decisions are named as in the way."""
    scenario = small_scenario(
        WORLD
        | {
            "offers.g": {"kind": "funding", "provider": "donor", "amount": 1000},
            "decisions.forbids": [{"offer": "g", "state": "A"}],
            "decisions.caps": [{"offer": "f", "state": "A", "money": 1}],
        }
    )
    found = explained(scenario)[None]
    assert {(each.code, each.subjects[0]) for each in found.causes} == {("cap", "f"), ("forbid", "g")}
    changes = {(change.kind, change.subject) for remedy in found.remedies for change in remedy.changes}
    assert changes == {("more_money", "anybody")}


def test_a_plan_that_could_do_better_says_so() -> None:
    """An empty portfolio leaves all at hand: nothing stands in the way."""
    scenario = small_scenario(WORLD)
    empty = Portfolio(scenario=scenario.name, scenario_hash=scenario.digest, flows=(), engagements=())
    whole, need = remaining(scenario, empty).shortfalls
    assert (whole.need, whole.missing, whole.at_hand, whole.remedies) == (None, 1, 1, ())
    assert (need.need, need.missing, need.at_hand, need.causes) == ("n", 10, 10, ())


def completes(scenario: Scenario) -> bool:
    """Whether the only State of a scenario can complete, by a solve of its own for nothing else."""
    document = {**scenario.model_dump(), "objectives": {"order": [{"objective": "completions"}]}}
    result = solved(Scenario.from_data(document))
    assert result.status == "optimal"
    return {each.objective: each.exact for each in result.figures}["completions"] != "0"


def lever_of(scenario: Scenario, change: Change) -> Relaxation:
    """Returns the lever of a change."""
    levers = relaxations_for(scenario, scenario.states[0])
    (found,) = (e for e in levers if (e.kind, e.subject, e.field) == (change.kind, change.subject, change.field))
    return found


def smaller(lever: Relaxation, amount: int) -> int | None:
    """Returns the amount before one; None if there is none, or none that can be tried as a whole."""
    if lever.amounts is None:
        return amount - 1 if amount > 1 and lever.kind in ("money", "more_money") else None
    at = lever.amounts.index(amount)
    return lever.amounts[at - 1] if at else None


def lesser_raises(scenario: Scenario, change: Change) -> list[list[int]]:
    """Raises by one minor unit less: taken off each raised year, or the whole of the rest in each year of the offer."""
    given = scenario.offer(change.subject)
    window = given.years or scenario.horizon
    less = [
        [amount - (at == year) for at, amount in enumerate(change.by_year)]
        for year, amount in enumerate(change.by_year)
        if amount
    ]
    whole = [
        [(change.amount - 1) * (each == year) for each in scenario.years]
        for year in scenario.years
        if window.first <= year <= window.last
    ]
    assert whole
    assert {sum(each) for each in (*less, *whole)} == {change.amount - 1}
    return [*less, *(each for each in whole if each not in less)]


def raise_holds(scenario: Scenario, remedy: Remedy) -> bool:
    """Whether an offer raised as told is enough, and less than is told is not, to a minor unit.

    Engines see no difference of a single minor unit between columns of many thousands.
    """
    (change,) = remedy.changes
    assert sum(change.by_year) == change.amount > 0
    assert completes(edited(scenario, RaiseMoney(change.subject, change.by_year)))
    if remedy.smallest:
        for less in lesser_raises(scenario, change):
            assert not completes(edited(scenario, RaiseMoney(change.subject, tuple(less)))), less
    return remedy.least >= change.amount - 1


def much_larger(scenario: Scenario, offer: str) -> Scenario:
    """Returns the scenario with a million more of an offer in each of its years."""
    window = scenario.window(scenario.offer(offer))
    return edited(scenario, RaiseMoney(offer, tuple(10**6 * (year in window) for year in scenario.years)))


def check_ledger(scenario: Scenario, found: Shortfall) -> int:
    """Tries out every answer of a ledger about completing; returns how many."""
    tried = 0
    for remedy in found.remedies:
        if remedy.changes[0].kind == "raise":
            assert raise_holds(scenario, remedy)
            tried += 1
            continue
        pulled = [(lever_of(scenario, change), change.amount) for change in remedy.changes]
        assert completes(changed(scenario, *pulled)), remedy
        assert remedy.smallest
        less = smaller(*pulled[0])
        if less is not None:
            assert not completes(changed(scenario, (pulled[0][0], less), *pulled[1:])), remedy
        tried += 1
    levers = relaxations_for(scenario, scenario.states[0])
    for kind, verdict in found.insufficient:
        assert verdict == "not_enough"
        if kind == "raise":
            assert not any(completes(much_larger(scenario, offer.id)) for offer in scenario.funding)
            tried += 1
        for lever in (each for each in levers if each.kind == kind):
            most = lever.amounts[-1] if lever.amounts is not None else 10**6
            assert not completes(changed(scenario, (lever, most))), lever
            tried += 1
    return tried


LEDGERS: dict[str, Changes] = {
    "money": {"offers.f.amount": 300},
    "capacity": {"offers.t.capacity": 3},
    "absorption": {"states.A.absorption": 150},
    "partners": {"states.A.max_partners": 1},
    "deadline": {"states.A.deadline": 2015},
    "ownership": {
        "offers.f.ownership_floor": 0.6,
        "states.A.ownership": dict.fromkeys(
            (
                "high_level_interest",
                "empowered_entities",
                "measures_articulated",
                "challenges_planned",
                "financial_commitment",
            ),
            0.5,
        ),
    },
    "earmark": {"offers.f.capabilities": ["survey"], "capabilities.survey": {"name": "Survey", "unit": "m2"}},
    "start": {"offers.t.years": [2016, 2016]},
    "a pair": {"offers.t.capacity": 3, "states.A.absorption": 216},
}


@pytest.mark.parametrize("case", list(LEDGERS))
def test_the_smallest_change_of_each_kind(case: str) -> None:
    """The change that was made to spoil things is among the remedies, and each answer holds when tried out."""
    scenario = small_scenario(WORLD | LEDGERS[case])
    found = explained(scenario)[None]
    kinds = {change.kind for remedy in found.remedies for change in remedy.changes}
    assert case in kinds or (case == "a pair" and all(len(each.changes) == 2 for each in found.remedies))
    assert found.remedies
    assert check_ledger(scenario, found) >= 4


def test_an_earlier_start_gives_what_the_late_one_is_blamed_for() -> None:
    """As much as in the first year, also where the file writes 0 for the years before: cause and remedy agree."""
    late: Changes = {"offers.t.years": [2016, 2016], "offers.t.capacity": {2015: 0, 2016: 5}}
    found = explained(small_scenario(WORLD | late))[None]
    assert "begins" in {cause.code for cause in found.causes}
    assert Change(kind="start", subject="t", amount=1) in {remedy.changes[0] for remedy in found.remedies}


RAISES: dict[str, tuple[Changes, tuple[int, ...], int]] = {
    "half of a grant is enough": ({"offers.f.amount": {2015: 360, 2016: 110}, "offers.t.price": 72}, (0, 250), 288),
    "what is carried over counts": (
        {"offers.f.amount": {2015: 400, 2016: 0}, "offers.f.carry_over": 0.5, "needs.n.max_per_year": 5},
        (0, 340),
        360,
    ),
    "no more than fits into each year": (
        {"offers.f.amount": 300, "needs.n.max_per_year": 5},
        (60, 60),
        144,
    ),
    "in another currency": (
        {"offers.f.amount": {2015: 180, 2016: 55}, "offers.f.currency": "EUR", "rates.EUR": {"rate": 2}},
        (0, 250),
        288,
    ),
    "after an advance is repaid": (
        {
            "offers.f.amount": {2015: 0, 2016: 700},
            "offers.a": {
                "kind": "funding",
                "provider": "firm",
                "amount": {2015: 360, 2016: 0},
                "repayment": {"offer": "f", "after": 1},
            },
        },
        (0, 20),
        72,
    ),
}
"""What an offer lacks, the least by which it is itself raised in each year, and the least further grant beside it: one
unit of work costs 72, and no two pay for one."""


@pytest.mark.parametrize("case", list(RAISES))
def test_an_offer_is_raised_by_less_than_a_further_grant(case: str) -> None:
    """What is left of the offer counts: money of one offer pays for work that no two offers share."""
    changes, by_year, grant = RAISES[case]
    scenario = small_scenario(WORLD | changes)
    found = explained(scenario)[None]
    told = {each.changes[0].kind: each for each in found.remedies if each.changes[0].subject == "f"}
    assert told["raise"].changes[0].by_year == by_year
    assert told["raise"].smallest
    assert told["money"].changes[0].amount == grant
    assert raise_holds(scenario, told["raise"])


def test_half_of_a_grant_is_enough() -> None:
    """Of two courses at 1,000, 1,500 pay for one: 500 more of the same offer are enough, as a grant beside it 1,000."""
    scenario = small_scenario(
        {
            "horizon": [2026, 2026],
            "states.A.deadline": 2026,
            "needs.n.quantity": 2,
            "offers.f.amount": 1500,
            "offers.t.capacity": 2,
            "offers.t.price": 1000,
        }
        | WORLD
    )
    for found in explained(scenario).values():
        told = [(each.changes[0].kind, each.changes[0].amount, each.smallest) for each in found.remedies]
        assert told == [("raise", 500, True), ("money", 1000, True), ("more_money", 1000, True)]


ADVANCE: Changes = {
    "offers.f": {"kind": "funding", "provider": "donor", "amount": 500, "years": [2016, 2016]},
    "offers.a": {
        "kind": "funding",
        "provider": "firm",
        "amount": {2015: 720, 2016: 0},
        "repayment": {"offer": "f", "after": 1, "premium": 0.1},
    },
    "offers.t.years": [2015, 2015],
    "offers.t.capacity": 10,
}


@pytest.mark.parametrize("earmark", [None, ["survey"]])
def test_an_offer_that_repays_an_advance_is_asked_for_more(earmark: list[str] | None) -> None:
    """720 paid first cost 792 a year later, whatever else the money is for: no further grant repays them."""
    changes = ADVANCE | {"capabilities.survey": {"name": "Survey", "unit": "m2"}}
    scenario = small_scenario(WORLD | changes | ({} if earmark is None else {"offers.f.capabilities": earmark}))
    for found in explained(scenario).values():
        told = {each.changes[0].kind: each for each in found.remedies if each.changes[0].subject == "f"}
        assert told["raise"].changes[0].by_year == (0, 292)
        assert told["raise"].smallest
        assert "money" not in told


def test_what_no_larger_offer_reaches_is_said() -> None:
    """Where work is lacking, larger offers are proven not to be enough, as further grants are."""
    found = explained(small_scenario(WORLD | {"offers.t.capacity": 3}))[None]
    assert {("raise", "not_enough"), ("money", "not_enough")} <= set(found.insufficient)


def test_a_raise_of_the_wrong_year_is_found_out() -> None:
    """Half of 680 is lost on the way to the next year: a unit less is not enough, but half of it there is."""
    scenario = small_scenario(WORLD | RAISES["what is carried over counts"][0])
    (right,) = (each for each in explained(scenario)[None].remedies if each.changes[0].kind == "raise")
    change = right.changes[0].model_copy(update={"by_year": (680, 0), "amount": 680})
    with pytest.raises(AssertionError, match=r"\[0, 679\]"):
        raise_holds(scenario, right.model_copy(update={"changes": (change,), "least": 680}))


def drawn(seed: int) -> Scenario | None:
    """Returns a random scenario of one State that does not complete; None if it does or has nothing to."""
    scenario = draw_scenario(Seeded(7000 + seed), states=1, years=3, most=4)
    document = {**scenario.model_dump(), "decisions": {}}
    document["needs"] = {key: {**need, "completes": True} for key, need in document["needs"].items()}
    scenario = Scenario.from_data(document)
    return None if completes(scenario) else scenario


def test_ledgers_of_random_scenarios_hold() -> None:
    """Every answer about completing is confirmed by a solve of the whole changed scenario."""
    tried = 0
    for seed in range(8):
        scenario = drawn(seed)
        if scenario is not None:
            tried += check_ledger(scenario, explained(scenario)[None])
    assert tried >= 20


@pytest.mark.slow
def test_ledgers_of_many_random_scenarios_hold() -> None:
    """The same, two hundred times."""
    for seed in range(8, 208):
        scenario = drawn(seed)
        if scenario is not None:
            check_ledger(scenario, explained(scenario)[None])


def test_processes_give_the_same() -> None:
    """Explained in two processes or here, it is the same."""
    scenario = small_scenario(SHARED)
    portfolio = solved(scenario).portfolio
    assert portfolio is not None
    with Processes(2) as executor:
        assert remaining(scenario, portfolio, executor=executor) == remaining(scenario, portfolio)


def test_what_cannot_be_explained_is_refused() -> None:
    """A State that is not there, with the nearest name, and a portfolio that is not valid."""
    scenario = small_scenario(WORLD)
    portfolio = solved(scenario).portfolio
    assert portfolio is not None
    with pytest.raises(InvalidOptions, match="no State 'a'; did you mean 'A'"):
        remaining(scenario, portfolio, states=["a"])
    poorer = small_scenario(WORLD | {"offers.f.amount": 10})
    with pytest.raises(InvalidOptions, match="not valid for this scenario"):
        remaining(poorer, portfolio.model_copy(update={"scenario_hash": poorer.digest}))


@pytest.mark.parametrize(
    ("found", "gain"),
    [
        (Found(12, 12), 2),
        (Found(12, 15), 2),
        (Found(10, 10), 0),
        (Found(10, 11), None),
        (Found(10, None), None),
        (Found(None, 10), 0),
        (Found(None, None), None),
    ],
)
def test_nothing_is_only_what_is_proven(found: Found, gain: int | None) -> None:
    """Where nothing more was found but something may be, the gain is not known."""
    assert shortfalls._beyond(found, 10, 10, 0) == gain
    assert shortfalls._beyond(Found(12, 15), 10, 12, 0) is None
    assert shortfalls._beyond(Found(14, 15), 10, 12, 0) == 2
    assert shortfalls._beyond(Found(14, 15), 10, 12, 5) == 0
    assert shortfalls._beyond(Found(14, 16), 10, 12, 5) is None
    assert shortfalls._beyond(Found(18, 18), 10, 12, 5) == 6


def test_halving_finds_what_is_enough_alone() -> None:
    """Each that gains alone, with its gain; what is not known is not taken for nothing."""
    asked: list[tuple[int, ...]] = []

    def gain(some: Any) -> int:
        asked.append(tuple(some))
        return max((each for each in some if each % 5 == 0), default=0)

    assert sufficient_alone(range(1, 17), gain) == ([(5, 5), (10, 10), (15, 15)], True)
    assert len(asked) < 25
    asked.clear()
    assert sufficient_alone(range(5, 85, 5), gain) == ([(each, each) for each in range(5, 85, 5)], True)
    assert len(asked) < 16 + 6  # each once, and few groups
    assert sufficient_alone([1, 2], lambda some: 1 if len(some) == 2 else None) == ([], False)
    assert sufficient_alone([], gain) == ([], True)


def test_needed_is_what_is_left_when_each_in_turn_is_left_out() -> None:
    """Many are tried at once; what is not known to be superfluous stays."""
    tried: list[int] = []

    def enough(some: Any) -> bool:
        tried.append(len(some))
        return {3, 40} <= set(some) or {3, 7, 50} <= set(some)

    left = list(range(64))
    for each in range(64):
        rest = [other for other in left if other != each]
        left = rest if enough(rest) else left
    tried.clear()
    assert minimal_set(range(64), enough) == (left, True) == ([3, 40], True)
    assert len(tried) < 30
    assert minimal_set([1, 2], lambda some: None) == ([1, 2], False)
    assert minimal_set([], enough) == ([], True)


@pytest.mark.parametrize(("bound", "least"), [(None, 0), (-1, 0), (3, 3), (9, 7)])
def test_no_bound_proves_nothing(monkeypatch: pytest.MonkeyPatch, bound: int | None, least: int) -> None:
    """Without a bound nothing less is excluded; tolerances may move one below nothing or above what was found."""
    scenario = small_scenario(WORLD | {"offers.t.capacity": 3})
    portfolio = solved(scenario).portfolio
    assert portfolio is not None
    state = scenario.states[0]
    probes = RelaxationTrials(scenario, portfolio, state, relaxations_for(scenario, state))
    monkeypatch.setattr(probes, "fits", lambda *_: Found(7, bound))
    (lever,) = (each for each in probes.levers if each.kind == "money")
    found = SmallestChanges(probes, Goal("A")).least(lever)
    assert (found.verdict, found.amount, found.least) == ("found", 7, least)


# Words.


def fields(sentence: str) -> set[str]:
    """Returns the fields of a sentence."""
    return set(re.findall(r"\{(\w+)\}", sentence))


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Returns the sentences of a table by dotted key."""
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def test_languages_say_the_same() -> None:
    """Every table has the sentences of the English one, with the same fields."""
    english = flat(table_of("en"))
    assert set(languages()) >= {"en", "fr"}
    for language in languages():
        table = flat(table_of(language))
        assert {key: fields(text) for key, text in table.items()} == {k: fields(t) for k, t in english.items()}
    assert table_of("fr")["language"] != table_of("en")["language"]


def test_unknown_languages_are_refused() -> None:
    """With those that there are."""
    with pytest.raises(InvalidOptions, match=r"'frr'; there are en, fr \(did you mean 'fr'"):
        table_of("frr")


def told(scenario: Scenario, shortfalls: tuple[Shortfall, ...], language: str) -> str:
    """Returns the words of an account of nothing but shortfalls."""
    found = Explanation(scenario="small", scenario_hash="x", portfolio="x", parts=("why_not",), why_not=shortfalls)
    portfolio = Portfolio(scenario="small", scenario_hash=scenario.digest)
    return account_markdown(scenario, portfolio, found, language)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_has_words(language: str) -> None:
    """Every limit, rule, kind of change and verdict that data can hold is said, with its figures."""
    scenario = small_scenario(WORLD | {"offers.t.capacity": 3})
    table = table_of(language)
    changes = [
        Change(
            kind=kind,
            subject="t" if kind == "capacity" else "A",
            field="clearance",
            amount=1_500_000,
            by_year=(1_000_000, 500_000) if kind == "raise" else (),
        )
        for kind in table["kinds"]
    ]
    base = explained(scenario, ledger=False)[None]
    shortfalls = [
        base.model_copy(update={"at_hand": 1, "insufficient": (("money", "not_enough"), ("start", "unknown"))})
    ]
    for change in changes:
        for least in (change.amount, 7):
            shortfalls.append(base.model_copy(update={"remedies": (Remedy(changes=(change, change), least=least),)}))
    text = told(scenario, tuple(shortfalls), language)
    assert "{" not in text
    assert text.count(amounts.count(1_500_000, numerals_of(language))) >= 2 * 2
    for kind in ("money", "start"):
        assert table["kinds"][kind] in text
    by_kind = {
        change.kind: ShortfallSpeaker(scenario, language).remedy(Remedy(changes=(change,), least=change.amount))
        for change in changes
    }
    capability = scenario.capability("clearance")
    assert capability.name in by_kind["more_work"]
    assert "clearance" not in by_kind["more_work"]
    assert text.count(table["no_pair"]) == 1
    assert table["nothing"] in told(scenario, (), language)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_cause_and_rule_has_words(language: str) -> None:
    """Limits, dates and decisions by name, and the nearest provider of each rule, alone or with others."""
    scenario = small_scenario(WORLD | {"offers.t.capacity": 3})
    speaker = ShortfallSpeaker(scenario, language)
    for code in table_of(language)["limits"]:
        said = speaker.limit(Cause(code=code, subjects=("t",), gain=1))
        assert "An operator (t)" in said or code == "least_engagement"  # which is nobody's own
    base = explained(scenario, ledger=False)["n"]
    for gain in (0, 2):
        rules = tuple(Cause(code=code, subjects=("t",), gain=gain) for code in table_of(language)["rules"])
        text = "\n".join(speaker.shortfall(base.model_copy(update={"barred": rules})))
        assert text.count("An operator (t)") >= len(rules)
        assert "{" not in text


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Returns the folder of a run whose State does not complete."""
    scenario = small_scenario(WORLD | {"offers.t.capacity": 3})
    folder = RunFolder(tmp_path / "run")
    folder.save(scenario, solved(scenario), "")
    return folder.path


def test_the_command_explains_a_run(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In English, in French and as data."""
    assert run(["explain", str(saved)]) == Exit.DONE
    english = capsys.readouterr().out
    assert "**Arland does not yet complete its Article 5 obligations by 2016.**" in english
    assert "- the capacity of An operator (t): 4 m2 more" in english
    assert "- 4 m2 more done by An operator (t)" in english
    assert run(["explain", str(saved), "--language", "fr", "--no-ledger"]) == Exit.DONE
    assert "- la capacité de l\u2019offre An operator (t) : 4 m2 de plus" in capsys.readouterr().out
    assert run(["explain", str(saved), "--json", "--state", "A"]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert [each["need"] for each in document["why_not"]] == [None, "n"]
    assert Explanation.model_validate_json(json.dumps(document)).why_not[1].causes[0].gain == 4


def test_the_command_refuses_what_it_cannot_explain(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown States and languages, and runs without a portfolio."""
    assert run(["explain", str(saved), "--state", "B"]) == Exit.INVALID
    assert run(["explain", str(saved), "--language", "xx"]) == Exit.INVALID
    scenario = load(TINY / "infeasible-commitment.yaml")
    folder = RunFolder(tmp_path / "none")
    folder.save(scenario, solved(scenario), "")
    assert run(["explain", str(folder.path)]) == Exit.INVALID
    assert "holds no portfolio" in capsys.readouterr().err


def test_what_is_less_good_where_more_is_at_hand() -> None:
    """Of the objectives in the order, those that a plan with more of the need has less good; perhaps none."""
    frugal = small_scenario({"objectives": {"order": [{"objective": "cost"}, {"objective": "coverage"}]}})
    found = explained(frugal, ledger=False)["n"]
    assert found.at_hand == 10
    assert [(each.subject, each.before, each.after) for each in found.traded] == [("cost", "0", "720")]
    assert "external money, with obligations: USD 0, then USD 720" in "\n".join(
        ShortfallSpeaker(frugal, "en").shortfall(found)
    )
    plain = small_scenario({"objectives": {"order": [{"objective": "coverage"}]}})
    empty = Portfolio(scenario=plain.name, scenario_hash=plain.digest, flows=(), engagements=())
    (need,) = remaining(plain, empty, ledger=False).shortfalls
    assert (need.at_hand, need.traded) == (10, ())
    assert table_of("fr")["untraded"] in "\n".join(ShortfallSpeaker(plain, "fr").shortfall(need))


def test_names_of_any_length_and_those_of_our_own_offers_are_free_to_the_user() -> None:
    """What is added while looking for changes has an id of its own, however long or like it the scenario's ids are."""
    long = "t" * 64
    taken = ("further-money-f", "further-more_money-anybody", "anybody-donor-state", "anybody-operator")
    worker = {"kind": "technical", "provider": "ngo", "capability": "c" * 64, "capacity": 5, "price": 72}
    mine = {"kind": "funding", "amount": 0}
    changes: dict[str, Any] = {f"providers.{key}": {"name": key, "kind": "donor_state"} for key in taken[2:]}
    changes |= {f"offers.{key}": {**mine, "provider": taken[2]} for key in taken[:2]}
    changes |= {f"offers.{long}": worker, "offers.t": None, "needs.n.capability": "c" * 64, "offers.f.amount": 10}
    scenario = small_scenario({**changes, f"capabilities.{'c' * 64}": {"name": "Clearance", "unit": "m2"}})
    levers = relaxations_for(scenario, scenario.state("A"))
    adding = [lever for lever in levers if lever.adds]
    assert len({lever.adds for lever in adding}) == len(adding) == 6
    assert not {lever.adds for lever in adding} & {offer.id for offer in scenario.offers}
    for lever in adding:
        more = changed(scenario, (lever, 10))
        assert [offer for offer in more.offers if offer.id != lever.adds] == list(scenario.offers)
        assert [each for each in more.providers if each in scenario.providers] == list(scenario.providers)


def test_absorption_is_not_raised_past_what_a_scenario_can_say() -> None:
    """A State that can absorb as much as there is a number for has no more of it to try."""
    scenario = small_scenario({"states.A.absorption": {2015: 10**13, 2016: 1}})
    assert not [lever for lever in relaxations_for(scenario, scenario.state("A")) if lever.kind == "absorption"]
    scenario = small_scenario({"states.A.absorption": 10**13 - 500, "offers.f.amount": 1000})
    (lever,) = [lever for lever in relaxations_for(scenario, scenario.state("A")) if lever.kind == "absorption"]
    assert lever.amounts is not None
    assert changed(scenario, (lever, lever.amounts[-1])).state("A").absorption == Yearly(10**13)
