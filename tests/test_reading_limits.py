"""What a file may make its reader do: faults, places, names and values are bounded, and bounded in words."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from matcher import errors
from matcher.cli.talk import say_faults
from matcher.errors import (
    MOST_FAULTS,
    MOST_LETTERS,
    Fault,
    InvalidInput,
    InvalidPortfolio,
    InvalidResult,
    InvalidScenario,
    Names,
    nearest,
)
from matcher.io import answers, document, json_text, load_portfolio, load_result, loads
from matcher.io.document import MAX_FAULTS, Node, Place
from matcher.io.json_text import read_json
from matcher.io.yaml_text import read_yaml
from matcher.portfolio.result import Result, SolveOptions
from matcher.scenario import Scenario, validation
from matcher.scenario.validation import holds_more
from smallest_scenario import small_document, small_scenario

HEAD = {"portfolio": 1, "scenario": "small", "scenario_hash": "0" * 64}
FLOW = {
    "financier": "f",
    "implementer": "t",
    "need": "n",
    "year": 2015,
    "kind": "operator",
    "quantity": 5,
    "money": 360,
}


def faults_of(text: str, format: Any = "json") -> list[str]:
    """What is wrong with a text of a scenario."""
    with pytest.raises(InvalidScenario) as refused:
        loads(text, source="f", format=format)
    return [str(fault) for fault in refused.value.faults]


def saved(path: Path, data: object) -> Path:
    """Writes data as JSON."""
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_an_error_carries_so_many_faults_and_says_how_many_more() -> None:
    """Also once it has travelled between processes."""
    faults = [Fault(("needs", at), "x", "y") for at in range(MOST_FAULTS + 3)]
    whole = InvalidInput(faults[:MOST_FAULTS], "f")
    assert (len(whole.faults), whole.more, str(whole).splitlines()[0]) == (MOST_FAULTS, 0, "f: 2000 faults")
    assert "more" not in str(whole)
    for error in (InvalidInput(faults, "f"), pickle.loads(pickle.dumps(InvalidInput(faults, "f")))):
        assert (len(error.faults), error.more) == (MOST_FAULTS, 3)
        assert str(error).splitlines()[0] == error.summary == "f: 2003 faults"
        assert str(error).splitlines()[-1] == "  and 3 more"
    assert InvalidInput(faults[:1]).summary == "input: 1 fault"


def test_the_command_line_says_how_many_more(capsys: pytest.CaptureFixture[str]) -> None:
    """Before the sum of all; nothing where there are no more."""
    say_faults(InvalidInput([Fault((), "x", "y")] * (MOST_FAULTS + 3), "f"))
    assert capsys.readouterr().err.splitlines()[-2:] == ["and 3 more", "f: 2003 faults"]
    say_faults(InvalidInput([Fault((), "x", "y")]))
    assert capsys.readouterr().err.splitlines() == ["(whole document): found x; expected y", "input: 1 fault"]


def test_long_keys_are_cut_in_the_path_of_a_fault() -> None:
    """The last that is shown whole has a hundred letters."""
    fits, long = "k" * MOST_LETTERS, "k" * (MOST_LETTERS + 1)
    assert str(Fault(("needs", fits), "x", "y")) == f"needs.{fits}: found x; expected y"
    assert str(Fault((long, 5), "x", "y")) == f"{'k' * 97}....5: found x; expected y"


def test_the_effort_for_names_is_bounded_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is spent, only names that differ in capitals are found; a long name is never looked for."""
    monkeypatch.setattr(errors, "MOST_EFFORT", 2 * 5 * 10)
    names = Names(["alpha", "betas"])
    assert [names.nearest("alphx") for _ in range(3)] == ["alpha", "alpha", None]
    assert names.nearest("ALPHA") == "alpha"
    assert names.nearest(5) is None
    assert names.nearest("qqqqq") is None
    assert names.few == "alpha, betas"
    assert nearest("a" * MOST_LETTERS, ["a" * MOST_LETTERS + "b"]) is None  # beyond the effort set here
    monkeypatch.undo()
    assert nearest("a" * MOST_LETTERS, ["a" * MOST_LETTERS + "b"]) == "a" * MOST_LETTERS + "b"
    assert nearest("a" * (MOST_LETTERS + 1), ["a" * MOST_LETTERS]) is None
    assert nearest("AB", ["ab", "Ab", "aB"]) == "Ab"
    assert Names(f"n{at}" for at in range(9)).few == "n0, n1, n2, n3, n4, n5, n6, n7, ..."


def test_places_in_json_are_those_of_an_editor() -> None:
    """Of every value and key, on any level, in whatever order they are asked for."""
    text = '\n{ "a" : [1, {"b": [] , "c":null}, "x" ],\n "d": {}, "e": -1.5e3 }'
    root = read_json(text).root
    assert root is not None

    def at(*path: str | int) -> Place:
        return root.place_of(Fault(path, "x", "y"))

    assert at() == Place(2, 1)
    assert at("e") == Place(3, 16)
    assert at("a", 2) == Place(2, 35)
    assert at("a", 1, "c") == Place(2, 28)
    assert at("a", 1, "b") == Place(2, 19)
    assert at("a", 0) == Place(2, 10)
    assert at("a", 3) == at("a", "b") == at("a") == Place(2, 9)
    assert at("a", 1, "q") == Place(2, 13)
    assert at("q") == Place(2, 1)
    assert root.place_of(Fault(("d",), "unknown field 'd'", "y")) == Place(3, 2)


def test_fields_in_json_are_a_mapping() -> None:
    """Of nodes, by key, in the order of the text; what is not there is no key."""
    root = read_json('{"b": 1, "a": [2]}').root
    assert root is not None
    fields = root.value
    assert isinstance(fields, dict | document.Mapping)
    assert list(fields) == ["b", "a"]
    assert len(fields) == 2
    assert "c" not in fields
    assert isinstance(fields["a"], Node)
    assert fields["a"] is fields["a"]
    assert fields["a"].plain() == [2]
    with pytest.raises(KeyError, match="c"):
        fields["c"]


def test_what_is_read_at_once_and_what_is_read_one_by_one_come_to_the_same() -> None:
    """A text with a fault holds the parts without one as they are, with their places."""
    text = '{"a": [[1, {"b": 2}], [], {}, 01, "\\u00e9"], "c": {"d": [true]}, "e": 007}'.replace("01", "1" * 31)
    text = text.replace("007", "NaN")
    root = read_json(text).root
    assert root is not None
    plain = root.plain()
    assert isinstance(plain, dict)
    assert plain["a"][:3] == [[1, {"b": 2}], [], {}]
    assert plain["a"][4] == "é"
    assert plain["c"] == {"d": [True]}
    assert root.place_of(Fault(("a", 0, 1, "b"), "x", "y")) == Place(1, 18)
    assert root.place_of(Fault(("c", "d", 0), "x", "y")) == Place(1, text.index("true") + 1)


def test_a_fault_far_into_a_text_ends_the_reading_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the text is no JSON, it says so with the place; else that there is one further on."""
    monkeypatch.setattr(json_text, "MAX_NODES", 5)
    head = '{"a": [1, 2'
    few = read_json(f"{head}, NaN]}}").findings.placed("f")
    assert [str(each) for each in few] == ["f:1:14: a.2: found NaN; expected a finite number"]
    broken = read_json(f"{head}, 3, 4, 5, x]}}").findings.placed("f")
    assert [str(each) for each in broken] == [
        "f:1:23: (whole document): found broken JSON, expecting value; expected well-formed JSON"
    ]
    refused = "expected numbers of at most 30 characters, each key once, whole characters, 40 levels"
    for late in ("NaN", '{"a": 1, "a": 2}', "9" * 31):
        (fault,) = read_json(f"{head}, 3, 4, 5, {late}]}}").findings.placed("f")
        assert str(fault) == f"f:1:17: (whole document): found a fault after the first 5 values; {refused}"
    (fault,) = read_json(f"{head}, 3, 4, 5, {'[' * 100_000}").findings.placed("f")
    assert "found a fault after the first 5 values" in str(fault)


def test_a_list_of_very_many_values_ends_the_reading_of_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mappings with fields do not count, wherever they stand: of needs there may be any number."""
    monkeypatch.setattr("matcher.io.yaml_text.MAX_BARE", 2)
    more = "found more than 2 values in one list or mapping; expected fewer: reading stopped here"
    for text, place in (
        ("a: [1, 2, 3]", "f:1:11: a"),
        ("a: [x, [], {}]", "f:1:12: a"),
        ("{a: 1, b: 2, c: 3}", "f:1:17: (whole document)"),
    ):
        read = read_yaml(text)
        assert read.root is None
        assert [str(each) for each in read.findings.placed("f")] == [f"{place}: {more}"]
    for text in ("a: [1, 2]", "[{a: 1}, {a: 1}, {a: 1}, 1, 2]", "{a: {b: 1}, c: {d: 2}, e: {f: 2}, g: 1}"):
        assert read_yaml(text).findings.found == []


def test_values_are_counted_on_all_levels() -> None:
    """Of lists and mappings; a text is one."""
    data = {"a": [1, 2, [3]], "b": {"c": "xyz"}, "d": (4,)}
    assert not holds_more(data, 9)
    assert holds_more(data, 8)
    assert not holds_more("abc", 0)


def test_one_entity_holds_so_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told at the entity, the field or the decision, before any of them is looked at."""
    monkeypatch.setattr(validation, "MOST_VALUES", 10)
    more = "found more than 10 values; expected fewer in one place"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"offers.f.states": ["A"] * 9}, f"offers.f: {more}"),
        ({"horizon": [1] * 11}, f"horizon: {more}"),
        ({"decisions": {"pins": [{"offer": "f", "state": "A", "years": [5] * 9}]}}, f"decisions.pins.0: {more}"),
    ]
    for changes, said in wrong:
        _, faults = Scenario.read(small_document(changes))
        assert [str(fault) for fault in faults] == [said]
    assert Scenario.read(small_document({"decisions": {"pins": [{"offer": "f", "state": "A"}] * 11}}))[1] == []


def test_decisions_are_read_one_by_one() -> None:
    """With the place of each fault, up to a limit; right ones of any number are read."""
    good = {"offer": "f", "state": "A"}
    _, faults = Scenario.read(small_document({"decisions": {"pins": [good, {**good, "offr": 1}], "caps": 5}}))
    assert [str(fault) for fault in faults] == [
        "decisions.pins.1.offr: found unknown field 'offr'; expected one of offer, state, years"
        " (did you mean 'offer'?)",
        "decisions.caps: found 5; expected a valid tuple",
    ]
    many = validation.MOST_FAULTS + 5
    _, faults = Scenario.read(small_document({"decisions": {"pins": [1] * many, "caps": [1]}}))
    assert len(faults) == validation.MOST_FAULTS + 1
    assert all(fault.path[:2] == ("decisions", "pins") for fault in faults[:-1])
    scenario, faults = Scenario.read(small_document({"decisions": {"pins": [good] * many}}))
    assert faults == []
    assert scenario is not None
    assert len(scenario.decisions.pins) == many


def test_objectives_are_told_once_in_any_number() -> None:
    """Again only where they gave something up, each time before."""
    order = [{"objective": "cost", "give_up": 0.1}, {"objective": "cost"}, {"objective": "cost"}]
    assert [text.split(":")[3] for text in faults_of(json.dumps(small_document({"objectives": {"order": order}})))] == [
        " objectives.order.2"
    ]


def test_portfolios_are_read_one_flow_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fault of each, up to a limit, beside those of the portfolio itself."""
    path = saved(tmp_path / "p.json", {**HEAD, "flows": [FLOW, {**FLOW, "yer": 1}, 5], "engagements": 5, "x": 1})
    with pytest.raises(InvalidPortfolio) as refused:
        load_portfolio(path)
    assert [(each.path, each.found) for each in refused.value.faults] == [
        (("flows", 1, "yer"), "unknown field 'yer'"),
        (("flows", 2), "5"),
        (("engagements",), "5"),
        (("x",), "unknown field 'x'"),
    ]
    with pytest.raises(InvalidPortfolio) as refused:
        load_portfolio(saved(path, {**HEAD, "flows": [1] * (MAX_FAULTS + 5)}))
    said = str(min(refused.value.faults, key=lambda each: len(each.path)))
    assert said.endswith("flows: found 1000 faults; expected fewer: reading stopped here")
    assert len(refused.value.faults) == MAX_FAULTS + 1
    monkeypatch.setattr(answers, "MOST_VALUES", 10)
    wide = {f"k{at}": 1 for at in range(11)}
    for data, where in (({**HEAD, **wide}, ()), ({**HEAD, "flows": [wide]}, ("flows", 0))):
        with pytest.raises(InvalidPortfolio) as refused:
            load_portfolio(saved(path, data))
        assert [(each.path, each.found) for each in refused.value.faults] == [(where, "more than 10 values")]
    flows = [{**FLOW, "year": year} for year in (2015, 2016, 2017)]
    assert len(load_portfolio(saved(path, {**HEAD, "flows": flows})).flows) == 3


def result_document() -> dict[str, Any]:
    """A right result, as it is saved."""
    stage = {"objective": "cost", "sense": "min", "value": "0", "exact": "0", "bound": None, "gap": 0.1, "solved": True}
    return {
        "result": 1,
        "scenario": "small",
        "scenario_hash": small_scenario().digest,
        "version": "1",
        "solver": "none",
        "options": json.loads(SolveOptions(time_limit=0.3).model_dump_json()),
        "method": "whole",
        "status": "feasible",
        "stopped_by": "time",
        "stages": [stage],
        "portfolio": {**HEAD, "flows": [FLOW]},
    }


def test_results_are_read_as_they_were_saved(tmp_path: Path) -> None:
    """To the last bit of a number; with no portfolio, too."""
    data = result_document()
    for each in (data, {**data, "portfolio": None}):
        path = saved(tmp_path / "r.txt", each)
        assert load_result(path) == Result.model_validate_json(path.read_bytes())
    assert load_result(path).stages[0].gap == 0.1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stages": [1] * 3}, ["stages.0: found 1", "stages.1: found 1", "stages.2: found 1"]),
        ({"portfolio": {**HEAD, "flows": [1]}, "status": 5}, ["portfolio.flows.0: found 1", "status: found 5"]),
        ({"portfolio": 5}, ["portfolio: found 5"]),
        ({"x": 1}, ["x: found unknown field 'x'"]),
    ],
)
def test_results_are_refused_with_every_fault(changes: dict[str, Any], said: list[str], tmp_path: Path) -> None:
    """Of the portfolio in it as of itself, each in its place."""
    path = saved(tmp_path / "r.json", {**result_document(), **changes})
    with pytest.raises(InvalidResult) as refused:
        load_result(path)
    found = sorted(str(each).split("r.json:1:")[1].split(": ", 1)[1].split(";")[0] for each in refused.value.faults)
    assert found == said


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    """A list, a broken text, no file."""
    for text, why in (("[]", "no mapping; expected a mapping of the result's fields"), ("{", "broken JSON")):
        path = tmp_path / "r.json"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidResult, match=why):
            load_result(path)
    with pytest.raises(InvalidResult, match="no such file"):
        load_result(tmp_path / "none.json")
