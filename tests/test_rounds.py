"""Rounds: what is decided holds, what it costs is what a plan without it says, and nothing of a session changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from generators import Seeded, draw_scenario
from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.comparison.comparison import FigureChange
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions, InvalidScenario
from matcher.io import canonical_json, load, scenario_document
from matcher.portfolio.partnerships import derive_partnerships, flows_of
from matcher.portfolio.portfolio import Flow, Portfolio
from matcher.portfolio.result import Result, SolveOptions
from matcher.reporting.languages import table_of
from matcher.reporting.rounds import round_markdown
from matcher.rounds.decisions import DecisionText, decided, with_decisions
from matcher.rounds.play import PlannedRound, play, price
from matcher.rounds.record import DecisionInForce, Mode, Record
from matcher.rounds.session import Session, replay
from matcher.scenario import Scenario
from matcher.units import fraction, plain
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario
from test_cli_end_to_end import matcher as command

TINY = Path(__file__).parents[1] / "scenarios" / "tiny"
OPTIONS = SolveOptions(work=5)
TWO_OPERATORS: Changes = {
    "offers.u": {"kind": "technical", "provider": "other", "capability": "clearance", "capacity": 10, "price": 90},
    "providers.other": {"name": "Another operator", "kind": "operator"},
    "offers.f.amount": 360,
    "needs.n.completes": True,
    "needs.n.beneficiaries": {"women": 50, "men": 40, "girls": 30, "boys": 20},
}


def engine(scenario: Scenario, options: SolveOptions, start: Portfolio | None, /) -> Result:
    """Solves in this process."""
    return solve(scenario, options, start=start)


def standing(
    scenario: Scenario, wishes: list[DecisionText], earlier: Result | None, number: int = 1
) -> tuple[DecisionInForce, ...]:
    """Returns wishes as decisions of a second round."""
    portfolio = None if earlier is None else earlier.portfolio
    found = decided(scenario, wishes, portfolio, () if earlier is None else earlier.partnerships)
    return tuple(DecisionInForce(number=number + at, round=2, decision=each) for at, each in enumerate(found))


def second(changes: Changes, *wishes: tuple[str, str], mode: Mode = "repair") -> tuple[Result, PlannedRound]:
    """Returns a first plan, and a second round after some decisions."""
    scenario = small_scenario(changes)
    first = solve(scenario, OPTIONS)
    decisions = standing(scenario, [DecisionText(kind, said) for kind, said in wishes], first)  # type: ignore[arg-type]
    return first, play(scenario, decisions, mode, OPTIONS, first.portfolio, engine)


def figure(result: Result, name: str) -> Fraction:
    """Returns a figure of a result."""
    return fraction({each.objective: each.exact for each in result.figures}[name])


def test_a_veto_forbids_the_pair_and_another_steps_in() -> None:
    """The vetoed partners do not meet again in the State; the dearer operator does what the money allows."""
    first, after = second(TWO_OPERATORS, ("veto", "A-donor-ngo-2015"))
    assert {each.implementer for each in first.partnerships} == {"ngo"}
    assert {each.implementer for each in after.result.partnerships} == {"other"}
    assert figure(first, "completions") == 1
    assert figure(after.result, "completions") == 0
    assert verify(after.scenario, after.result).ok


def test_a_price_is_what_changes_with_the_decision() -> None:
    """Completions, money and people with and without it; the plan without it is the earlier one, which is allowed."""
    first, after = second(TWO_OPERATORS, ("veto", "A-donor-ngo-2015"))
    found = price(after, 1, engine)
    assert found is not None
    moved = {each.subject: (each.before, each.after) for each in found.comparison.objectives}
    assert moved["completions"] == ("1", "0")
    for name, (before, now) in moved.items():
        if name != "disruption":
            assert (fraction(before), fraction(now)) == (figure(first, name), figure(after.result, name))
    (state,) = found.comparison.states
    assert (state.people[0].women, state.people[1].women) == (50, 40)
    assert state.completion_year == (2016, None)
    assert found.proven


def test_a_price_among_several_is_of_a_plan_that_keeps_the_others() -> None:
    """Where the earlier plan breaks another decision, the plan without one is solved for."""
    wishes = [("veto", "A-donor-ngo-2015"), ("cap", "offer=f,state=A,money=360")]
    _, after = second(TWO_OPERATORS, *wishes, mode="replan")
    found = price(after, 2, engine)
    assert found is not None
    assert {each.subject: (each.before, each.after) for each in found.comparison.objectives}["cost"] == ("720", "360")
    scenario = after.base.model_dump() | {"decisions": {"forbids": after.scenario.model_dump()["decisions"]["forbids"]}}
    alone = solve(Scenario.from_data(scenario), OPTIONS)
    assert figure(alone, "coverage") == fraction(found.comparison.states[0].coverage[0])


def test_keeping_a_partnership_fixes_its_flows() -> None:
    """Each of its flows must come again, at least as large; more may come."""
    scenario = small_scenario(TWO_OPERATORS)
    first = solve(scenario, OPTIONS)
    assert first.portfolio is not None
    (partnership,) = first.partnerships
    kept = standing(scenario, [DecisionText("keep", partnership.id)], first)
    flows = flows_of(scenario, first.portfolio, partnership)
    assert set(flows) == set(first.portfolio.flows)
    made = kept[0].decision.makes.commitments
    assert [(each.need, each.year, each.quantity) for each in made] == [(f.need, f.year, f.quantity) for f in flows]
    richer = with_decisions(small_scenario({**TWO_OPERATORS, "offers.u.price": 1}), [kept[0].decision])
    assert {flow.implementer for flow in solve(richer, OPTIONS).portfolio.flows} >= {"t"}  # type: ignore[union-attr]


def test_what_is_kept_twice_is_agreed_once() -> None:
    """Kept in two rounds, and fixed at less: the same commitments. The same twice in a file are two, and add up."""
    scenario = small_scenario(TWO_OPERATORS | {"needs.n.completes": False})
    first = solve(scenario, OPTIONS)
    (partnership,) = first.partnerships
    assert first.portfolio is not None
    flow = first.portfolio.flows[0]
    less = f"financier={flow.financier},implementer={flow.implementer},need=n,year={flow.year},quantity=1"
    wishes = [DecisionText("keep", partnership.id), DecisionText("fix", less), DecisionText("keep", partnership.id)]
    once, *_ = found = [each.decision for each in standing(scenario, wishes, first)]
    kept = with_decisions(scenario, [once])
    assert with_decisions(scenario, found).digest == kept.digest
    assert with_decisions(kept, found).decisions == kept.decisions
    again = solve(with_decisions(scenario, found), OPTIONS)
    assert again.status == "optimal"
    later = with_decisions(scenario, reversed(found[:2]))
    agreed = [each.quantity for each in later.decisions.commitments if each.year == flow.year]
    assert agreed == [1, flow.quantity - 1]
    document = kept.model_dump()
    document["decisions"]["commitments"] *= 2
    assert solve(Scenario.from_data(document), OPTIONS).status == "infeasible"


def test_every_flow_stands_in_exactly_one_partnership() -> None:
    """Flows of partnerships, put together, are those of the portfolio."""
    scenario = small_scenario(TWO_OPERATORS | {"needs.n.quantity": 30, "offers.f.amount": 5000})
    portfolio = solve(scenario, OPTIONS).portfolio
    assert portfolio is not None
    partnerships = derive_partnerships(scenario, portfolio)
    assert len(partnerships) > 1
    found = [flow for each in partnerships for flow in flows_of(scenario, portfolio, each)]
    assert sorted(found, key=lambda flow: flow.key()) == list(portfolio.flows)


def test_work_in_kind_is_vetoed_alone() -> None:
    """A veto on work in kind leaves the same provider's paid work alone."""
    changes: Changes = {
        "offers.k": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 2},
        "needs.n.quantity": 14,
    }
    scenario = small_scenario(changes)
    first = solve(scenario, OPTIONS)
    gift = next(each for each in first.partnerships if each.financier is None)
    (veto,) = standing(scenario, [DecisionText("veto", gift.id)], first)
    assert [(each.offer, each.partner, each.state) for each in veto.decision.makes.forbids] == [("k", None, "A")]


def test_all_faults_of_wishes_are_told_at_once() -> None:
    """Unknown fields, names and ids, wrong numbers, repeated fields, and contradictions, each with the option."""
    scenario = small_scenario({})
    first = solve(scenario, OPTIONS)
    wishes = [
        DecisionText("pin", "ofer=f"),
        DecisionText("cap", "offer=f,offer=f,state=A,money=1"),
        DecisionText("veto", "A-donor-ngos-2015"),
        DecisionText("cap", "offer=g,state=A,money=1e3"),
        DecisionText("forbid", "state=A,years=2015-"),
        DecisionText("cap", "offer=f,state=A,share=half"),
        DecisionText("keep", ""),
    ]
    with pytest.raises(InvalidScenario) as caught:
        decided(scenario, wishes, first.portfolio, first.partnerships)
    text = str(caught.value)
    for part in (
        "--pin ofer=f: found 'ofer=f'; expected FIELD=VALUE with one of offer, state, years (did you mean 'offer'?)",
        "--cap offer=f,offer=f,state=A,money=1.offer: found 'f'; expected each field once",
        "--veto A-donor-ngos-2015: found 'A-donor-ngos-2015'; expected the id of a partnership",
        "(did you mean 'A-donor-ngo-2015'?)",
        "--cap offer=g,state=A,money=1e3.money: found '1e3'",
        "--forbid state=A,years=2015-.years",
        "--cap offer=f,state=A,share=half.share",
    ):
        assert part in text
    with pytest.raises(InvalidScenario, match=r"--pin offer=g,state=A.offer: found 'g'"):
        decided(scenario, [DecisionText("pin", "offer=g,state=A")], None, ())
    with pytest.raises(InvalidScenario, match="the id of a partnership of the round before"):
        decided(scenario, [DecisionText("keep", "x")], None, ())


def test_years_and_shares_are_read() -> None:
    """One year, a run of years, a share."""
    scenario = small_scenario({})
    wishes = [
        DecisionText("pin", "offer=t,state=A,years=2015"),
        DecisionText("forbid", "offer=t,years=2015-2016"),
        DecisionText("cap", CAP),
    ]
    pin, forbid, cap = decided(scenario, wishes, None, ())
    assert pin.makes.pins[0].years is not None
    assert tuple(pin.makes.pins[0].years.range()) == (2015,)
    assert forbid.makes.forbids[0].years is not None
    assert tuple(forbid.makes.forbids[0].years.range()) == (2015, 2016)
    assert cap.makes.caps[0].share == fraction("1/4")


CAP = "provider=donor,state=A,share=0.25"


def append(
    session: Session, played: PlannedRound, prices: tuple[Any, ...] = (), taken_back: tuple[int, ...] = ()
) -> Record:
    """Adds a round as the command does."""
    record = session.record(played, prices, taken_back)
    files = {
        "result.json": canonical_json(played.result.model_dump(mode="json")),
        "scenario.resolved.json": canonical_json(scenario_document(played.scenario)),
    }
    session.append(record, played, files)
    return record


def begun(folder: Path) -> Session:
    """Returns a session of two rounds."""
    scenario = small_scenario(TWO_OPERATORS)
    session = Session.of(folder / "talks")
    with session.held():
        append(session, play(scenario, (), "plan", OPTIONS, None, engine))
        session = Session.of(folder / "talks")
        first = session.result(1)
        decisions = standing(scenario, [DecisionText("veto", "A-donor-ngo-2015")], first)
        append(session, play(scenario, decisions, "repair", OPTIONS, first.portfolio, engine))
    return Session.of(folder / "talks")


def test_a_session_is_a_chain_that_can_be_replayed(tmp_path: Path) -> None:
    """Every round comes out byte for byte; a changed byte anywhere is found."""
    session = begun(tmp_path)
    one, two = session.records
    assert (two.previous, two.number, one.previous) == (one.digest, 2, None)
    again = list(replay(session, engine))
    assert [record for record, _ in again] == [one, two]
    for record, result in again:
        assert canonical_json(result.model_dump(mode="json")) == (
            session.round(record.number) / "result.json"
        ).read_text(encoding="utf-8")
    for file in sorted(each for each in (tmp_path / "talks" / "0001").iterdir() if each.name != "manifest.json"):
        saved = file.read_bytes()
        file.write_bytes(saved.replace(b"2015", b"2016", 1) if b"2015" in saved else saved + b" ")
        with pytest.raises(InvalidOptions):
            Session.of(tmp_path / "talks")
        file.write_bytes(saved)
    assert Session.of(tmp_path / "talks").records == session.records


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    """Foreign files, missing rounds, rounds of another session, and files in the way."""
    session = begun(tmp_path)
    (tmp_path / "talks" / "notes.txt").write_text("x")
    with pytest.raises(InvalidOptions, match=r"it holds notes\.txt"):
        Session.of(tmp_path / "talks")
    with pytest.raises(InvalidOptions, match="is no folder"):
        Session.of(tmp_path / "talks" / "notes.txt")
    (tmp_path / "talks" / "notes.txt").unlink()
    with pytest.raises(InvalidOptions, match="added a round meanwhile"):
        session.append(session.records[1], play(session.base(), (), "plan", OPTIONS, None, engine), {"result.json": ""})
    (tmp_path / "talks" / "0001").rename(tmp_path / "0001")
    with pytest.raises(InvalidOptions, match="it holds 0002"):
        Session.of(tmp_path / "talks")
    (tmp_path / "talks" / "0002").rename(tmp_path / "talks" / "0001")
    with pytest.raises(InvalidOptions, match="does not follow"):
        Session.of(tmp_path / "talks")


def test_two_processes_cannot_add_at_once(tmp_path: Path) -> None:
    """The second is told; when the first is done, it may."""
    session = Session.of(tmp_path / "talks")
    with session.held(), pytest.raises(InvalidOptions, match="another process"), session.held():
        pass
    with session.held():
        pass


def test_a_mode_needs_what_it_speaks_of() -> None:
    """A first plan has nothing before it, a repair has."""
    scenario = small_scenario({})
    with pytest.raises(InvalidOptions, match="'repair' and no earlier"):
        play(scenario, (), "repair", OPTIONS, None, engine)


def test_words_say_what_stands_and_what_it_costs() -> None:
    """In English and in French, with no price that was not asked for."""
    first, after = second(TWO_OPERATORS, ("veto", "A-donor-ngo-2015"), ("cap", "offer=f,state=A,money=900"))
    session = Session(Path("talks"), ())
    found = price(after, 1, engine)
    free = price(after, 2, engine)
    assert found is not None
    assert free is not None
    record = session.record(after, (found, free), (7,))
    text = round_markdown(after.scenario, after.result, record)
    for part in (
        "# Round 1: ",
        "- 1. no partnership between these two in this State: A-donor-ngo-2015 (round 2)",
        "### Decision 1:",
        "- States that complete (weighted): 1, then 0",
        "people who benefit 140, then 112",
        "No cost: the plan without it is the same",
        "Taken back in this round: 7",
    ):
        assert part in text
    french = round_markdown(after.scenario, after.result, record, None, "fr")
    assert "Elle ne coûte rien" in french
    assert first.portfolio is not None


@pytest.mark.parametrize(("away", "said"), [("0", False), ("1", True)])
def test_what_is_written_alike_leaves_nothing_to_hope_for(away: str, said: bool) -> None:
    """A later objective may bring a figure to the bound of its own search: that is not "at best"."""
    _, after = second(TWO_OPERATORS, ("veto", "A-donor-ngo-2015"))
    at = [stage.objective for stage in after.result.stages].index("completions")
    bound = figure(after.result, "completions") + Fraction(away)
    open_ = after.result.stages[at].model_copy(update={"bound": plain(bound), "gap": 0.5, "solved": False})
    result = after.result.model_copy(update={"stages": (*after.result.stages[:at], open_)})
    text = round_markdown(after.scenario, result, Session(Path("talks"), ()).record(after, (), ()))
    line = next(each for each in text.splitlines() if each.startswith("- States that complete"))
    assert ("(not proven;" in line) is said


def test_a_seeming_gain_is_explained() -> None:
    """Where a repair comes out better with a decision than the plan without it, the words say why."""
    _, after = second(TWO_OPERATORS, ("veto", "A-donor-ngo-2015"))
    found = price(after, 1, engine)
    assert found is not None
    moved = tuple(
        FigureChange(subject=each.subject, before=each.after, after=each.before) for each in found.comparison.objectives
    )
    other = found.model_copy(update={"comparison": found.comparison.model_copy(update={"objectives": moved})})
    session = Session(Path("talks"), ())
    for language in ("en", "fr"):
        sentence = table_of(language)["rounds"]["gained"]
        record = session.record(after, (found,), ())
        assert sentence not in round_markdown(after.scenario, after.result, record, None, language)
        record = session.record(after, (other,), ())
        assert sentence in round_markdown(after.scenario, after.result, record, None, language)


def test_the_command_plays_a_session(tmp_path: Path) -> None:
    """Plan, veto, take back, replay; wrong use is refused and adds nothing."""
    command(tmp_path, "new")
    out, talk = command(tmp_path, "round", "talks", "--scenario", "scenario.yaml", "--quiet")
    assert "A first plan, from nothing." in out
    assert "round 1 saved" in talk
    first = json.loads((tmp_path / "talks" / "0001" / "result.json").read_text(encoding="utf-8"))
    vetoed = next(each["id"] for each in first["partnerships"] if each["id"].startswith("BBB-norland-clear-paths"))
    out, _ = command(tmp_path, "round", "talks", "--veto", vetoed, "--json", "--quiet")
    record = json.loads(out)
    assert (record["mode"], record["standing"][0]["number"], len(record["prices"])) == ("repair", 1, 1)
    assert record["prices"][0]["comparison"]["states"]
    out, _ = command(tmp_path, "round", "talks", "--take-back", "1", "--quiet", "--language", "fr")
    assert "Retiré lors de ce tour : 1" in out
    _, talk = command(tmp_path, "round", "talks", "--take-back", "1", code=2)
    assert "no decision 1 stands" in talk
    _, talk = command(tmp_path, "round", "talks", "--scenario", "scenario.yaml", code=2)
    assert "only for the first round" in talk
    _, talk = command(tmp_path, "round", "others", code=2)
    assert "--scenario" in talk
    _, talk = command(tmp_path, "round", "talks", "--replay", "--veto", "x", code=2)
    assert "--replay" in talk
    _, talk = command(tmp_path, "round", "talks", "--keep", "a\x1b[31mb", code=2)
    assert "\x1b" not in talk
    _, talk = command(tmp_path, "round", "scenario.yaml/talks", "--scenario", "scenario.yaml", code=2)
    assert "cannot be made" in talk
    out, _ = command(tmp_path, "round", "talks", "--replay", "--quiet")
    assert out.splitlines() == [f"round {number}: the same, byte for byte" for number in (1, 2, 3)]
    out, _ = command(tmp_path, "round", "talks", "--replay", "--quiet", "--language", "fr")
    assert out.splitlines() == [f"tour {number} : identique, octet pour octet" for number in (1, 2, 3)]
    assert sorted(each.name for each in (tmp_path / "talks").iterdir()) == [".lock", "0001", "0002", "0003"]
    for number in (1, 2, 3):  # the paper of each round comes out the same, in its language
        out, _ = command(tmp_path, "verify", f"talks/{number:04}")
        assert out.startswith("verified")
    falsified = shutil.copytree(tmp_path / "talks", tmp_path / "falsified")
    for name, said in (("round.md", "round.md: line"), ("round.json", "round.json: result_hash")):
        path = falsified / "0002" / name
        honest = path.read_text(encoding="utf-8")
        record = {
            **json.loads((falsified / "0002" / "round.json").read_text(encoding="utf-8")),
            "result_hash": "0" * 64,
        }
        path.write_text(honest + "-\n" if name == "round.md" else json.dumps(record), encoding="utf-8")
        out, _ = command(tmp_path, "verify", "falsified/0002", code=1)
        assert said in out
        path.write_text(honest, encoding="utf-8")
    for number in (1, 2, 3):
        assert (tmp_path / "talks" / f"{number:04}" / "round.md").is_file()


def test_a_session_may_begin_with_a_saved_run(tmp_path: Path) -> None:
    """Its portfolio is the round before the first; what no plan can keep adds nothing."""
    command(tmp_path, "new")
    command(tmp_path, "solve", "scenario.yaml", "-o", "run", "--quiet")
    out, _ = command(tmp_path, "round", "talks", "--from", "run", "--forbid", "provider=mine-fund", "--quiet", "--json")
    record = json.loads(out)
    result = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert record["mode"] == "repair"
    earlier = json.loads((tmp_path / "talks" / "0001" / "earlier.json").read_text(encoding="utf-8"))
    assert earlier["flows"] == result["portfolio"]["flows"]
    out, _ = command(tmp_path, "round", "talks", "--replay", "--quiet")
    assert out == "round 1: the same, byte for byte\n"
    _, talk = command(tmp_path, "round", "talks", "--pin", "offer=mine-fund-match,state=BBB", "--quiet", code=3)
    assert "no round was added" in talk
    assert sorted(each.name for each in (tmp_path / "talks").iterdir()) == [".lock", "0001"]


def test_what_is_kept_where_the_horizon_has_moved_on_is_what_lies_ahead() -> None:
    """Of a partnership of 2015 and 2016, a scenario from 2016 on keeps the 3 of 2016, and one from 2017 on nothing."""
    earlier = small_scenario()
    flows = tuple(
        Flow(
            financier="f", implementer="t", need="n", year=year, kind="operator", quantity=quantity, money=72 * quantity
        )
        for year, quantity in ((2015, 2), (2016, 3))
    )
    plan = Portfolio(scenario=earlier.name, scenario_hash=earlier.digest, flows=flows, engagements=())
    (partnership,) = derive_partnerships(earlier, plan)
    wish = [DecisionText("keep", partnership.id)]

    def kept(**changes: Any) -> list[tuple[int, int]]:
        scenario = small_scenario({"states.A.deadline": 2018, **changes})
        (decision,) = decided(scenario, wish, plan, [partnership])
        return [(each.year, each.quantity) for each in decision.makes.commitments]

    assert kept(horizon=[2016, 2018]) == [(2016, 3)]
    with pytest.raises(InvalidScenario, match="a partnership that goes on in 2017 or later"):
        kept(horizon=[2017, 2018])
    other = {"needs.n": None, "needs.m": {"state": "A", "capability": "clearance", "quantity": 1}}
    with pytest.raises(InvalidScenario, match="a partnership whose needs the scenario has"):
        kept(**other)


def test_a_round_that_cannot_be_added_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk: it goes to the temporary folder, said aloud, with exit code 1; the session is as it was."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "append", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(["round", "talks", "--scenario", str(TINY / "partner-limit.yaml"), "--quiet"]) == Exit.FAILED
    talk = capsys.readouterr().err
    assert "talks/0001 cannot be written (No space left on device)" in talk
    assert "no round was added to talks" in talk
    (place,) = tmp_path.glob("matcher-*/*/result.json")
    assert json.loads(place.read_text(encoding="utf-8"))["status"] == "optimal"
    assert Session.of(tmp_path / "talks").records == ()


def forged(folder: Path, name: str, old: str, new: str) -> None:
    """Changes a file of a saved run, and its manifest with it."""
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    data = text.replace(old, new).encode()
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(canonical_json(manifest), encoding="utf-8")


def test_a_round_does_not_stand_on_a_changed_result(tmp_path: Path) -> None:
    """The result of the last round, and the portfolio it all began with, are those of the record."""
    command(tmp_path, "solve", str(TINY / "partner-limit.yaml"), "-o", "run", "--quiet")
    command(tmp_path, "round", "talks", "--from", "run", "--quiet")
    forged(tmp_path / "talks" / "0001", "result.json", '"status": "optimal"', '"status": "feasible"')
    _, talk = command(tmp_path, "round", "talks", "--quiet", code=2)
    assert "is not the result that its round recorded" in talk
    command(tmp_path, "round", "more", "--from", "run", "--quiet")
    earlier = json.loads((tmp_path / "more" / "0001" / "earlier.json").read_text(encoding="utf-8"))
    first = json.dumps(earlier["engagements"][0]["offer"])
    forged(tmp_path / "more" / "0001", "earlier.json", first, '"nobody"')
    _, talk = command(tmp_path, "round", "more", "--replay", "--quiet", code=2)
    assert "is not the portfolio that the session began with" in talk


def test_what_a_round_cannot_use_is_refused_first(tmp_path: Path) -> None:
    """Another currency, overrides of nothing, an order without what it measures from: and nothing is written."""
    command(tmp_path, "new")
    command(tmp_path, "solve", "scenario.yaml", "-o", "run", "--quiet")
    text = (tmp_path / "scenario.yaml").read_text(encoding="utf-8")
    assert "USD" in text
    (tmp_path / "other.yaml").write_text(text.replace("USD", "CHF"), encoding="utf-8")
    for options, expected in (
        (("--from", "run", "--scenario", "other.yaml"), "it counts money in USD"),
        (("--from", "run", "--override", "nothing"), "expected --scenario FILE"),
        (("--from", "run", "--order", "coverage,disruption"), "an earlier portfolio"),
        (("--scenario", "scenario.yaml", "--cap", "bad"), "FIELD=VALUE"),
    ):
        _, talk = command(tmp_path, "round", "talks", *options, "--quiet", code=2)
        assert expected in " ".join(talk.split())
        assert not (tmp_path / "talks").exists()
    command(tmp_path, "solve", "other.yaml", "--from", "run", "-o", "again", "--quiet", code=2)


TWO_NEEDS = """
matcher: 1
name: two-needs
horizon: [2020, 2021]
currency: {code: USD}
capabilities: {clearance: {name: Clearance, unit: m2}}
states: {A: {name: A, deadline: 2022}}
needs:
  A1: {state: A, capability: clearance, quantity: 100, weight: 2, completes: false}
  A2: {state: A, capability: clearance, quantity: 100, weight: 1, completes: true}
providers: {N: {name: N, kind: donor_state}, O: {name: O, kind: operator}}
offers:
  N-money: {kind: funding, provider: N, amount: 60}
  O-work: {kind: technical, provider: O, capability: clearance, capacity: 60, price: 1}
objectives: {order: [{objective: coverage}, {objective: cost}]}
"""


def test_a_decision_that_changes_nothing_is_free(tmp_path: Path) -> None:
    """A plan made for another order: what a repair can better without moving anything is no decision's doing."""
    (tmp_path / "one.yaml").write_text(TWO_NEEDS, encoding="utf-8")
    text = TWO_NEEDS.replace("order: [", "order: [{objective: completions}, ")
    (tmp_path / "two.yaml").write_text(text, encoding="utf-8")
    first, other = solve(load(tmp_path / "one.yaml"), OPTIONS), load(tmp_path / "two.yaml")
    chosen = standing(other, [DecisionText("cap", "offer=N-money,state=A,money=1000")], first)
    played = play(other, chosen, "repair", OPTIONS, first.portfolio, engine)
    priced = price(played, 1, engine)
    assert priced is not None
    assert priced.proven
    assert [each for each in priced.comparison.objectives if each.before != each.after] == []


@pytest.mark.parametrize("seed", range(30))
def test_random_rounds_keep_what_is_decided_and_change_little(seed: int) -> None:
    """Whatever is decided, the next portfolio is valid under it; where nothing is forced, a repair moves nothing."""
    scenario = draw_scenario(Seeded(seed), states=1 + seed % 3, years=3)
    first = solve(scenario, OPTIONS)
    if first.portfolio is None or not first.partnerships or scenario.objectives.weights is not None:
        return
    chosen = first.partnerships[seed % len(first.partnerships)]
    offer = chosen.commitments[0].offer
    wishes = {
        0: DecisionText("veto", chosen.id),
        1: DecisionText("keep", chosen.id),
        2: DecisionText("cap", f"provider={chosen.financier},state={chosen.state},money={chosen.money // 2}"),
        3: DecisionText("pin", f"offer={offer},state={chosen.state},years={chosen.years.first}"),
        4: DecisionText("forbid", f"offer={offer},years={chosen.years.last}"),
    }
    wish = wishes[seed % 5]
    if wish.kind == "cap" and (chosen.financier is None or not chosen.money):
        wish = wishes[4]
    decisions = standing(scenario, [wish], first)
    played = play(scenario, decisions, "repair", OPTIONS, first.portfolio, engine)
    if played.result.portfolio is None:
        assert played.result.status in ("infeasible", "no_portfolio")
        return
    assert verify(played.scenario, played.result).ok
    if wish.kind in ("keep", "pin"):  # the portfolio keeps them already
        assert figure(played.result, "disruption") == 0
    priced = price(played, 1, engine)
    assert priced is not None
    if wish.kind in ("keep", "pin"):
        assert not priced.comparison.states
    if wish.kind == "veto":
        there = [each for each in played.result.partnerships if each.state == chosen.state]
        pairs = {(each.financier, each.implementer) for each in there}
        assert (chosen.financier, chosen.implementer) not in pairs


class Interrupting:
    """An engine that is interrupted after so many solves."""

    def __init__(self, after: int, error: Exception | None = None) -> None:
        self.left, self.error = after, error

    def __call__(self, scenario: Scenario, options: SolveOptions, start: Portfolio | None, /) -> Result:
        """Solves, or ends as it is to."""
        self.left -= 1
        if self.left < 0 and self.error is not None:
            raise self.error
        return engine(scenario, options, start)


def test_what_ends_the_pricing_does_not_lose_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error, or a signal, while decisions are priced: the round is added, with the prices that are there."""
    from matcher.cli import round as round_module
    from matcher.execution import ExecutionFailed

    command(tmp_path, "new")
    monkeypatch.chdir(tmp_path)
    assert run(["round", "talks", "--scenario", "scenario.yaml", "--quiet"]) == Exit.DONE
    real = round_module._Engine.__call__
    failing = Interrupting(1, ExecutionFailed("it died"))
    monkeypatch.setattr(round_module._Engine, "__call__", lambda _, *arguments: failing(*arguments))
    assert run(["round", "talks", "--cap", "provider=norland,state=AAA,money=900000", "--quiet"]) == Exit.DONE
    assert "decision 1 could not be priced: it died" in capsys.readouterr().err
    assert Session.of(tmp_path / "talks").records[1].prices == ()
    calls = 0

    def interrupted(self: Any, *arguments: Any) -> Result:
        nonlocal calls
        calls += 1
        if calls == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, *arguments)

    monkeypatch.setattr(round_module._Engine, "__call__", interrupted)
    assert run(["round", "talks", "--cap", "provider=norland,state=AAA,money=800000", "--quiet"]) == Exit.TERMINATED
    assert len(Session.of(tmp_path / "talks").records) == 3
