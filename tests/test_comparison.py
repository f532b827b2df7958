"""Two portfolios side by side: what each State and offer gains or loses, and what differs in the scenarios."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.comparison.comparison import Comparison, FigureChange, compare
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import SolveOptions
from matcher.reporting.compared import ComparisonSpeaker, comparison_markdown
from matcher.reporting.languages import table_of
from matcher.runs.files import RunFolder
from matcher.scenario import Scenario
from smallest_scenario import Changes, small_scenario

BOTH: Changes = {
    "states.B": {"name": "Belmark", "deadline": 2016, "weight": 0.1},
    "needs.b": {"state": "B", "capability": "clearance", "quantity": 10, "completes": True},
    "needs.n.completes": True,
}
FAVOURED: Changes = BOTH | {"states.B.weight": 10}


def proposed(changes: Changes) -> tuple[Scenario, Portfolio]:
    """Returns a scenario and its best portfolio."""
    scenario = small_scenario(changes)
    portfolio = solve(scenario, SolveOptions(work=5)).portfolio
    assert portfolio is not None
    return scenario, portfolio


def test_who_gains_and_who_loses() -> None:
    """Where another State weighs more, it gets all, with its completion, money and partners."""
    found = compare(*proposed(BOTH), *proposed(FAVOURED))
    gains, loses = found.states
    assert (gains.state, gains.coverage, gains.completes, gains.money) == ("B", ("0", "1"), (False, True), (0, 720))
    assert (gains.partners_gained, gains.partners_lost) == (("donor", "ngo"), ())
    assert (loses.state, loses.coverage, loses.completes, loses.money) == ("A", ("1", "0"), (True, False), (720, 0))
    assert (loses.partners_gained, loses.partners_lost) == ((), ("donor", "ngo"))
    assert found.offers == ()
    assert [(each.path, each.before, each.after) for each in found.scenarios] == [("states.B.weight", "0.1", "10")]
    assert {each.subject: (each.before, each.after) for each in found.objectives}["completions"] == ("1", "10")


def test_what_offers_give() -> None:
    """Less work for less money, as both offers have it."""
    found = compare(*proposed({}), *proposed({"offers.t.capacity": 3}))
    assert [(each.subject, each.before, each.after) for each in found.offers] == [("f", "720", "432"), ("t", "10", "6")]
    assert [each.coverage for each in found.states] == [("1", "3/5")]


def test_a_state_that_comes_or_goes() -> None:
    """What is in one scenario only has no share met in the other."""
    found = compare(*proposed({"needs.n.completes": True}), *proposed(FAVOURED))
    states = {each.state: each for each in found.states}
    assert states["B"].completes == (None, True)
    assert states["A"].coverage == ("1", "0")
    back = compare(*proposed(FAVOURED), *proposed({"needs.n.completes": True}))
    assert {each.state: each for each in back.states}["B"].coverage == ("1", None)


def test_the_same_is_the_same() -> None:
    """A portfolio differs from itself in nothing."""
    found = compare(*proposed(BOTH), *proposed(BOTH))
    assert (found.states, found.offers, found.scenarios) == ((), (), ())
    assert all(each.before == each.after for each in found.objectives)
    scenario, _ = proposed(BOTH)
    assert table_of("en")["compare"]["same"] in comparison_markdown(scenario, scenario, found)


def test_what_cannot_be_compared_is_refused() -> None:
    """Portfolios that are not valid, and money of two currencies."""
    scenario, portfolio = proposed({})
    poorer = small_scenario({"offers.f.amount": 10})
    stolen = portfolio.model_copy(update={"scenario_hash": poorer.digest})
    with pytest.raises(InvalidOptions, match="not valid for its scenario"):
        compare(scenario, portfolio, poorer, stolen)
    with pytest.raises(InvalidOptions, match="different currencies"):
        compare(scenario, portfolio, *proposed({"currency": {"code": "EUR"}}))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "- Belmark: needs met 0.0 %, then 100.0 %; now completes by its deadline; all required work done: not"
            " within these years, then 2016; external money USD 0, then USD 720; new partners: A donor, An"
            " operator\n  - A donor (f): USD 0, then USD 720; less of it in Arland\n",
        ),
        (
            "fr",
            "fonds extérieurs 0\N{NO-BREAK SPACE}USD, puis 720\N{NO-BREAK SPACE}USD ;"
            " nouveaux partenaires : A donor, An operator\n",
        ),
    ],
)
def test_the_command_compares_two_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    """In words and as data."""
    for name, changes in (("one", BOTH), ("two", FAVOURED)):
        scenario = small_scenario(changes)
        RunFolder(tmp_path / name).save(scenario, solve(scenario, SolveOptions(work=5)), "")
    runs = [str(tmp_path / "one"), str(tmp_path / "two")]
    assert run(["compare", *runs, "--language", language]) == Exit.DONE
    text = capsys.readouterr().out
    assert said in text
    assert "{" not in text
    assert run(["compare", *runs, "--json"]) == Exit.DONE
    assert Comparison.model_validate_json(json.dumps(json.loads(capsys.readouterr().out))).states[0].state == "B"


def test_why_a_state_loses() -> None:
    """Which offers go elsewhere and where to, when it would complete, whom it reaches, and what differs for it."""
    people = {"women": 10, "men": 10, "girls": 20, "boys": 5}
    found = compare(
        *proposed(BOTH | {"needs.n.beneficiaries": people}), *proposed(FAVOURED | {"needs.n.beneficiaries": people})
    )
    gains, loses = found.states
    assert [(each.offer, each.before, each.after, each.instead) for each in loses.offers] == [
        ("f", 720, 0, ("B",)),
        ("t", 10, 0, ("B",)),
    ]
    assert [each.instead for each in gains.offers] == [("A",), ("A",)]
    assert loses.completion_year[1] is None
    assert loses.completion_year[0] in (2015, 2016)
    assert [sum(count for _, count in each) for each in loses.people] == [45, 0]
    assert gains.differences == ("states.B.weight",)
    assert loses.differences == ()


def test_decisions_differ_entry_by_entry() -> None:
    """Each decision that only one scenario has is told alone; an earlier portfolio is none."""
    first = {"offer": "f", "years": [2015, 2015]}
    second = {"need": "n", "years": [2016, 2016], "state": "A"}
    earlier = [{"offer": "f", "state": "A", "amounts": {2015: 1}}]
    changes: Changes = {"decisions.forbids": [first, second], "decisions.earlier": earlier}
    (found,) = compare(*proposed({"decisions.forbids": [first]}), *proposed(changes)).scenarios
    assert (found.path, found.before) == ("decisions.forbids", "")
    assert found.after == "state=A, need=n, years=[2016, 2016]"


@pytest.mark.parametrize(
    ("language", "same", "alike", "differing"),
    [
        ("en", "45.3 %, unchanged", "45.3 %, hardly changed", "45.3 %, then 45.4 %"),
        ("fr", "45,3 %, sans changement", "45,3 %, presque sans changement", "45,3 %, puis 45,4 %"),
    ],
)
def test_figures_written_alike_are_not_written_as_a_change(
    language: str, same: str, alike: str, differing: str
) -> None:
    """Whether they are the same or differ by less than is written; of objectives and of States."""
    scenario, _ = proposed(BOTH)
    state = compare(*proposed(BOTH), *proposed(FAVOURED)).states[0]
    speaker = ComparisonSpeaker(scenario, scenario, language)
    for before, after, said in (
        ("4530/10000", "4530/10000", same),
        ("4530/10000", "4531/10000", alike),
        ("4530/10000", "4540/10000", differing),
    ):
        objective = FigureChange(subject="worst_off", before=before, after=after)
        assert speaker.objective(objective).rpartition(": ")[2] == said
        line = speaker.state(state.model_copy(update={"coverage": (before, after)}))[0]
        assert f" {said}" in line
        assert ("45.3 %, then 45.3" in line, "45,3 %, puis 45,3" in line) == (False, False)
