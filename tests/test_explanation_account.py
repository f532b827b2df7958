"""The account of a portfolio: parts as asked, the same wherever they are made, addressed to whoever reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.cli.talk import out_markdown
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions
from matcher.execution import executor_for
from matcher.explanation.account import explain
from matcher.explanation.explanation import PARTS, Explanation, Question
from matcher.io import load
from matcher.portfolio.result import Result, SolveOptions
from matcher.reporting.audiences import Audience
from matcher.reporting.explained import account_markdown
from matcher.reporting.languages import languages, table_of
from matcher.runs.files import RunFolder
from matcher.scenario import Scenario
from smallest_scenario import Changes, small_scenario

STARTER = Path(__file__).parents[1] / "matcher" / "cli" / "starter" / "scenario.yaml"
POOR: Changes = {
    "needs.n.completes": True,
    "needs.n.quantity": 14,
    "states.B": {"name": "Belmark", "deadline": 2016},
    "needs.b": {"state": "B", "capability": "clearance", "quantity": 3},
}


def solved(changes: Changes) -> tuple[Scenario, Result]:
    """Returns a scenario and what is proposed for it."""
    scenario = small_scenario(changes)
    return scenario, solve(scenario, SolveOptions(work=5))


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        (Question(), PARTS),
        (Question(states=("A",)), PARTS),
        (Question(providers=("ngo",)), ("why", "why_not", "idle")),
        (Question(partnerships=("A-donor-ngo-2015",)), ("why",)),
        (Question(needs=("n",)), ("why_not",)),
        (Question(needs=("n",), partnerships=("A-donor-ngo-2015",)), ("why", "why_not")),
        (Question(parts=("clock", "idle")), ("idle", "clock")),
        (Question(providers=("ngo",), parts=("curves",)), ("curves",)),
    ],
)
def test_parts_are_those_that_speak_of_what_is_asked(asked: Question, parts: tuple[str, ...]) -> None:
    """All for everybody or a State; for a provider what concerns it; others by name; each is told of before."""
    told: list[str] = []
    scenario, result = solved(POOR)
    found = explain(scenario, result, asked, tell=told.append)
    assert found.parts == parts
    assert sorted(told) == sorted(parts)
    made = {part: bool(getattr(found, "clocks" if part == "clock" else part)) for part in PARTS}
    assert {part for part in PARTS if made[part]} <= set(parts)


def test_only_what_is_asked_about() -> None:
    """One State's needs, clock and curves; one provider's partnerships and offers."""
    scenario, result = solved(POOR)
    whole, mine = explain(scenario, result), explain(scenario, result, Question(states=("A",)))
    assert {each.state for each in whole.clocks} == {"A", "B"}
    assert mine.why_not == tuple(each for each in whole.why_not if each.state == "A")
    assert mine.clocks == tuple(each for each in whole.clocks if each.state == "A")
    assert mine.why == tuple(each for each in whole.why if each.state == "A")
    single = explain(scenario, result, Question(needs=("n",)))
    assert [each.need for each in single.why_not] == ["n"]
    assert single.why_not[0] in whole.why_not
    there = explain(scenario, result, Question(needs=("b",), parts=("clock", "curves", "idle")))
    assert {each.state for each in (*there.clocks, *there.curves)} == {"B"}
    assert {each.state for each in there.idle} <= {"B"}
    theirs = explain(scenario, result, Question(providers=("donor",)))
    assert {each.offer for each in theirs.idle} == {"f"}
    assert explain(scenario, result, Question(providers=("gov",))).idle == ()


def test_the_account_does_not_depend_on_where_it_is_made() -> None:
    """Two processes find what one does; it survives its own document."""
    scenario, result = solved(POOR)
    with executor_for(2) as executor:
        there = explain(scenario, result, executor=executor)
    here = explain(scenario, result)
    assert here == there
    assert Explanation.model_validate_json(json.dumps(here.model_dump(mode="json"))) == here


def test_what_cannot_be_explained_is_refused() -> None:
    """Unknown names with the nearest, results without a portfolio, portfolios of other scenarios."""
    scenario, result = solved(POOR)
    with pytest.raises(InvalidOptions, match="no State 'a'; did you mean 'A'"):
        explain(scenario, result, Question(states=("a",)))
    with pytest.raises(InvalidOptions, match="no provider 'donors'; did you mean 'donor'"):
        explain(scenario, result, Question(providers=("donors",)))
    with pytest.raises(InvalidOptions, match=r"no State 'zzz'$"):
        explain(scenario, result, Question(states=("zzz",)))
    with pytest.raises(InvalidOptions, match="no need 'm'"):
        explain(scenario, result, Question(needs=("m",), parts=("why_not",)))
    with pytest.raises(InvalidOptions, match="one after the other"):
        explain(scenario, result, Question(states=("A",), providers=("ngo",)))
    with pytest.raises(InvalidOptions, match="holds no portfolio"):
        explain(scenario, Result.model_validate({**result.model_dump(), "portfolio": None}))
    with pytest.raises(InvalidOptions, match="not valid for this scenario"):
        explain(small_scenario({}), result)


@pytest.mark.parametrize("language", languages())
def test_words_are_addressed(language: str) -> None:
    """To the Committee, a State or a provider, each with its title; with every part, or that there is nothing."""
    scenario, result = solved(POOR)
    assert result.portfolio is not None
    found = explain(scenario, result)
    table = table_of(language)["audiences"]
    texts: dict[str, str] = {}
    for key, audience, name in (
        ("committee", Audience(), ""),
        ("state", Audience(state="A"), "Arland"),
        ("provider", Audience(provider="ngo"), "An operator"),
    ):
        text = account_markdown(scenario, result.portfolio, found, language, audience)
        assert text.startswith(f"# {table[key]['title'].format(name=name, scenario='small')}\n")
        assert "{" not in text
        texts[key] = text
    for heading in ("clocks", "why", "remains", "idle", "curves"):
        assert f"## {table[heading]}\n" in texts["state"]
    assert table["asks"].format(name="An operator") in texts["provider"]
    nothing = Explanation(scenario="small", scenario_hash="x", portfolio="x", parts=PARTS)
    empty = account_markdown(scenario, result.portfolio, nothing, language)
    for key in ("nothing", "no_partnership", "no_idle"):
        assert table[key] in empty


def test_the_command_addresses_and_adds_alternatives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One State or one provider is addressed; alternatives stand at the end, or in the document."""
    scenario = load(STARTER)
    result = solve(scenario, SolveOptions(work=5))
    folder = RunFolder(tmp_path / "run")
    folder.save(scenario, result, "")
    place = str(folder.path)

    def out(*arguments: str) -> str:
        assert run(["explain", place, *arguments]) == Exit.DONE
        return capsys.readouterr().out

    assert out("--state", "BBB", "--only", "clock").startswith("# For Belmark")
    assert out("--provider", "norland", "--only", "why").startswith("# For Norland")
    assert out("--partnership", result.partnerships[0].id).count("\n### ") == 1
    text = out("--only", "clock", "--alternatives", "2", "--tolerance", "0.05", "--language", "fr", "--workers", "2")
    assert "## Autres portefeuilles possibles\n" in text
    document: dict[str, Any] = json.loads(out("--only", "clock", "--alternatives", "1", "--json"))
    assert document["alternatives"]["count_asked"] == 1
    assert document["clocks"]
    assert run(["explain", place, "--only", "clocks"]) == Exit.INVALID
    assert "did you mean clock?" in capsys.readouterr().err
    assert run(["explain", place, "--tolerance", "1.5"]) == Exit.INVALID
    assert run(["explain", place, "--tolerance", "much"]) == Exit.INVALID


def test_a_terminal_shows_names_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What marks a name for Markdown is left out where nobody reads Markdown."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    out_markdown("- A\\_b \\[c\\] \\\\ d\n")
    assert capsys.readouterr().out == "- A_b [c] \\ d\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    out_markdown("A\\_b\n")
    assert capsys.readouterr().out == "A\\_b\n"
