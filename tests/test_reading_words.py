"""What readers say of files, portfolios, overrides and odd values, word for word."""

from __future__ import annotations

import codecs
import errno
import json
import os
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from expected_messages import told
from matcher.errors import InvalidInput, InvalidPortfolio, InvalidScenario
from matcher.io import load, load_portfolio, loads, override_names, text_file
from matcher.io.document import REFUSED, Place, by_text, shown
from matcher.io.json_text import plain_json, read_json
from matcher.io.numerals import NumeralError, number, plain_scalar
from matcher.io.overrides import overrides_of
from matcher.io.yaml_text import read_yaml
from matcher.scenario import Scenario
from smallest_scenario import Changes, small_document

PORTFOLIO: dict[str, Any] = {
    "scenario": "small",
    "scenario_hash": "0" * 64,
    "flows": [
        {"implementer": "t", "need": "n", "year": 2016, "kind": "operator", "quantity": 2, "money": 3},
    ],
    "engagements": [{"offer": "t", "state": "A", "years": [2016, 2016]}],
}


def _flow(**fields: Any) -> dict[str, Any]:
    document = deepcopy(PORTFOLIO)
    document["flows"][0] |= fields
    return document


PORTFOLIOS: dict[str, Any] = {
    "a number": 5,
    "a list": [],
    "a result without": {"result": 1},
    "a result with nothing": {"result": 1, "portfolio": None},
    "a result with a number": {"result": 1, "portfolio": 5},
    "nothing in it": {},
    "nothing inside": {"portfolio": {}},
    "unknown field": PORTFOLIO | {"flow": []},
    "unknown field of a flow": _flow(quantty=1),
    "unknown field of an engagement": PORTFOLIO | {"engagements": [{"offer": "t", "state": "A", "yeers": [1, 2]}]},
    "unknown field inside a result": {"result": 1, "portfolio": _flow(quantty=1)},
    "no year": {**PORTFOLIO, "flows": [{"implementer": "t", "need": "n"}]},
    "wrong types": _flow(year="2016", quantity=1.5, money=True, kind="operater", implementer=None, need=["n"]),
    "a mapping for a list": PORTFOLIO | {"flows": {}},
    "years the wrong way round": PORTFOLIO | {"engagements": [{"offer": "t", "state": "A", "years": [2017, 2016]}]},
    "years of one": PORTFOLIO | {"engagements": [{"offer": "t", "state": "A", "years": [2017]}]},
    "a long value": _flow(kind="x" * 100),
}


@pytest.mark.parametrize("case", PORTFOLIOS)
def test_portfolios_are_refused_word_for_word(case: str, tmp_path: Path) -> None:
    """Each fault at its place in the file, and one line for each."""
    assert refusal(tmp_path, PORTFOLIOS[case]) == told("portfolio_faults")[case]


def refusal(folder: Path, document: Any) -> list[str]:
    """Returns what is said of a portfolio's file, without the folder that it is in."""
    path = folder / "p.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    with pytest.raises(InvalidPortfolio) as caught:
        load_portfolio(path)
    assert caught.value.source == str(path)
    return str(caught.value).replace(f"{folder}{os.sep}", "").splitlines()


# Files


def _file_faults(path: Path) -> tuple[list[str], BaseException | None]:
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert caught.value.source == str(path)
    return [str(fault).replace(str(path.parent), "D") for fault in caught.value.faults], caught.value.__cause__


def test_files_that_are_not_there_are_told_word_for_word(tmp_path: Path) -> None:
    """With what may have been meant."""
    (tmp_path / "geneva.yaml").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "folder.yaml").touch()
    missing = "(whole document): found no such file; expected a file that exists"
    assert _file_faults(tmp_path / "genva.yaml")[0] == [f"D/genva.yaml: {missing} (did you mean 'geneva.yaml'?)"]
    assert _file_faults(tmp_path / "other.json")[0] == [f"D/other.json: {missing}"]
    assert _file_faults(tmp_path / "nowhere" / "a.yaml")[0] == [
        "D/a.yaml: (whole document): found no such folder 'D'; expected a file that exists"
    ]
    faults, cause = _file_faults(tmp_path / "folder")
    assert faults == ["D/folder: (whole document): found a folder; expected a file (did you mean 'folder.yaml'?)"]
    assert isinstance(cause, IsADirectoryError)
    assert (cause.errno, cause.strerror, cause.filename) == (
        *(errno.EISDIR, os.strerror(errno.EISDIR)),
        str(tmp_path / "folder"),
    )
    (fault,), _ = _file_faults(tmp_path / "a\0.yaml")
    assert fault.startswith("D/a\0.yaml: (whole document): found embedded null ")  # the rest is the system's
    assert fault.endswith("; expected a file that can be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_told_with_its_name(tmp_path: Path) -> None:
    """As any other thing that is no file."""
    os.mkfifo(tmp_path / "pipe.yaml")
    faults, cause = _file_faults(tmp_path / "pipe.yaml")
    reason = "no plain file but a pipe or a device"
    assert faults == [f"D/pipe.yaml: (whole document): found {reason}; expected a file that can be read"]
    assert isinstance(cause, OSError)
    assert (cause.errno, cause.filename) == (errno.EINVAL, str(tmp_path / "pipe.yaml"))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (codecs.BOM_UTF8 + b"a", "1:1: (whole document): found a byte order mark; {mark}"),
        (codecs.BOM_UTF16_LE, "1:1: (whole document): found UTF-16 text; {mark}"),
        (codecs.BOM_UTF16_BE, "1:1: (whole document): found UTF-16 text; {mark}"),
        (codecs.BOM_UTF32_LE, "1:1: (whole document): found UTF-32 text; {mark}"),
        (codecs.BOM_UTF32_BE, "1:1: (whole document): found UTF-32 text; {mark}"),
        (b"a: 1\n\xc3\xa9\x0f\xf1", "2:3: (whole document): found the byte 0xF1; {save}"),
        (b"\x80", "1:1: (whole document): found the byte 0x80; {save}"),
    ],
)
def test_other_encodings_are_told_word_for_word(data: bytes, fault: str, tmp_path: Path) -> None:
    """By their mark, or at the first byte that is no UTF-8."""
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    mark = "expected UTF-8 text without a byte order mark"
    save = "expected UTF-8 text (save the file as UTF-8)"
    assert _file_faults(path)[0] == [f"D/s.yaml:{fault.format(mark=mark, save=save)}"]


def test_a_file_may_be_so_large_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the byte."""
    path = tmp_path / "s.YML"
    monkeypatch.setattr(text_file, "MAX_BYTES", 2**20)
    path.write_bytes(b"# " + b"x" * (2**20 - 2))
    assert len(text_file.read_text(path)) == 2**20
    path.write_bytes(b"# " + b"x" * (2**20 - 1))
    assert _file_faults(path)[0] == ["D/s.YML: (whole document): found a larger file; expected at most 1 MiB"]


def test_faults_inside_a_file_are_told_with_its_name(tmp_path: Path) -> None:
    """In each fault and in the error as a whole, with overrides and without."""
    path = tmp_path / "s.yaml"
    path.write_text("a: 007\noverrides: {x: {}}\n", encoding="utf-8")
    assert _file_faults(path)[0][0].startswith("D/s.yaml:1:1: a: found unknown field 'a'; ")
    with pytest.raises(InvalidScenario) as caught:
        load(path, ["x"])
    assert str(caught.value).startswith(f"{path}: ")


def test_broken_text_is_told_with_its_source(tmp_path: Path) -> None:
    """A file by its name, a text as what it is."""
    path = tmp_path / "p.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InvalidPortfolio) as portfolio:
        load_portfolio(path)
    assert str(portfolio.value).startswith(f"{path}: 1 fault\n  {path}:1:2: ")
    with pytest.raises(InvalidScenario) as text:
        loads("{")
    assert str(text.value).startswith("<text>: 1 fault\n  <text>:1:2: ")


def test_other_endings_are_told_word_for_word(tmp_path: Path) -> None:
    """After what is wrong with the file itself."""
    path = tmp_path / "s.TXT"
    path.write_text("name: x", encoding="utf-8")
    expected = "expected a file named *.yaml, *.yml or *.json"
    assert _file_faults(path)[0] == [f"D/s.TXT: (whole document): found a file named *.txt; {expected}"]


@pytest.mark.parametrize("text", ["[1, 2]", "5", "", "a: 1", "overrides: 5"])
def test_a_file_without_overrides_has_no_names(text: str, tmp_path: Path) -> None:
    """Unless its overrides are no mapping, which is told."""
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    if text.startswith("overrides"):
        with pytest.raises(InvalidScenario) as caught:
            override_names(path)
        assert str(caught.value).splitlines() == [
            f"{path}: 1 fault",
            f"  {path}:1:12: overrides: found no mapping; expected a mapping from name to the fields that differ",
        ]
    else:
        assert override_names(path) == ()


# Overrides

OVERRIDES: dict[str, tuple[str, tuple[str, ...]]] = {
    "no mapping": ("overrides: [a]", ()),
    "names that are none": ("overrides: {a: 5, b: [1], c: }", ()),
    "unknown fields": ("overrides: {a: {neds: {}, xyz: 1}}", ()),
    "unknown name": ("overrides: {less: {}, more: {}, 2016: {}}", ("les", "zzz", "2016")),
    "unknown name of none": ("a: 1", ("less",)),
    "deleting what is not there": ("needs: {a: 1}\noverrides: {less: {needs: {b: null, aa: null}}}", ("less",)),
    "deleting twice": ("needs: {a: 1}\noverrides: {x: {needs: {a: null}}, y: {needs: {a: null}}}", ("x", "y")),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_overrides_are_refused_word_for_word(case: str) -> None:
    """What is wrong with an override, and with asking for one that is not there."""
    assert _of_overrides(case) == told("override_faults")[case]


def _of_overrides(case: str) -> list[str]:
    text, names = OVERRIDES[case]
    with pytest.raises(InvalidScenario) as caught:
        loads(text, source="f", overrides=names)
    return [str(fault) for fault in caught.value.faults if not fault.found.startswith("nothing")]


def test_overrides_are_known_by_their_text() -> None:
    """Those that are mappings."""
    root = read_yaml("overrides: {2016: {a: 1}, b: 5}").root
    assert root is not None
    assert [*overrides_of(root)] == ["2016"]


def test_too_many_faults_end_the_reading_of_overrides() -> None:
    """The error names its source."""
    text = "overrides: {a: {" + ", ".join(f"k{at}: 1" for at in range(1100)) + "}}"
    with pytest.raises(InvalidScenario) as caught:
        loads(text, source="f")
    assert caught.value.source == "f"
    assert len(caught.value.faults) == 1001
    assert str(caught.value.faults[-1]).endswith("found 1000 faults; expected fewer: reading stopped here")
    assert {str(fault.place).split(":")[0] for fault in caught.value.faults} == {"f"}


# Values

VALUES: dict[str, Changes] = {
    "a word for a number": {"needs.n.quantity": "ten"},
    "a flag for a number": {"needs.n.quantity": True},
    "no for a number": {"needs.n.quantity": False},
    "a list for a number": {"needs.n.quantity": [1]},
    "a mapping for a number": {"needs.n.quantity": {}},
    "nothing for a list": {"needs.n.after": {}},
    "a long word": {"offers.t.kind": "x" * 80},
    "a word of fifty-eight": {"offers.t.kind": "x" * 58},
    "a word of fifty-nine": {"offers.t.kind": "x" * 59},
    "a share above one": {"offers.f.carry_over": Decimal("1.5")},
    "a weight below nothing": {"needs.n.weight": Decimal("-0.5")},
    "a negative amount": {"offers.f.amount": -1},
    "an amount that is a word": {"offers.f.amount": "x"},
    "an amount of a negative": {"offers.f.amount": {2015: -1}},
    "an amount of a word": {"offers.f.amount": {"x": 1}},
    "a premium of a word": {"offers.f.repayment": {"offer": "f2", "after": 1, "premium": "x"}},
    "a repayment with more": {"offers.f.repayment": {"offer": "f", "after": 1, "premum": 0}},
    "a source with more": {"states.A.provenance": {"name": {"source": "x", "confidence": "recall", "as_off": "2015"}}},
    "a source of no trust": {"states.A.provenance": {"name": {"source": "x", "confidence": "recal"}}},
    "a currency with more": {"currency": {"code": "USD", "decimls": 2}},
    "a decision with more": {"decisions": {"pin": []}},
    "a pin with more": {"decisions": {"pins": [{"offer": "f", "state": "A", "yeers": [1, 2]}]}},
    "a horizon of one": {"horizon": [2015]},
    "a horizon of words": {"horizon": ["a", "b"]},
    "an unknown number at the top": {"7": 1},
    "an objective that is none": {"objectives": {"order": [{"objective": "coverge"}]}},
    "an id that is a number": {"states": {5: {"name": "x", "deadline": 2016}}},
    "an id and no fields": {"states": {"5": 3}},
    "an id inside that is a list": {"needs.n.id": ["n"]},
    "a kind that is a number": {"offers.t.kind": 5},
    "work with more": {"offers.t.capacty": 1},
    "money with more": {"offers.f.amont": 1},
    "an offer that is a list": {"offers.t": [1]},
}


@pytest.mark.parametrize("case", VALUES)
def test_values_are_refused_word_for_word(case: str) -> None:
    """As a file would show them, cut to a readable length."""
    assert _of_values(case) == told("value_faults")[case]


def _of_values(case: str) -> list[str]:
    _, faults = Scenario.read(small_document(VALUES[case]))
    return [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (None, "nothing (null)"),
        ([], "a list"),
        ((), "a list"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        ("x", "'x'"),
        ("x" * 58, f"'{'x' * 58}'"),
        ("x" * 59, f"'{'x' * 56}..."),
    ],
)
def test_documents_that_are_none_are_shown(data: object, found: str) -> None:
    """In a few words, or cut after so many letters."""
    scenario, (fault,) = Scenario.read(data)
    assert scenario is None
    assert str(fault) == f"(whole document): found {found}; expected a mapping of the scenario's fields"


def test_half_a_character_in_a_key_is_told_where_it_stands() -> None:
    """At the key, under the mapping that holds it; what is left of it is shown."""
    document = read_json('{"a": {"\\ud83d": 1, "b": "\\ude00x"}}')
    assert [str(fault) for fault in document.findings.placed("f")] == [
        "f:1:8: a: found half of a surrogate pair; expected whole characters",
        "f:1:26: a.b: found half of a surrogate pair; expected whole characters",
    ]
    assert document.root is not None
    assert document.root.plain() == {"a": {"\ufffd": 1, "b": "\ufffdx"}}


def test_refused_values_stand_in_for_themselves() -> None:
    """So that what was told is not told again."""
    for text, reader in (("{a: 007, b: *x}", read_yaml), ('{"a": NaN, "b": 1e9999}', read_json)):
        root = reader(text).root
        assert root is not None
        assert root.plain() == {"a": REFUSED, "b": REFUSED}
    assert repr(REFUSED) == "<refused by the reader>"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("01", "a number without leading zeros, or quotes if it is text"),
        ("1e1000", "a number with an exponent of at most 3 digits"),
        ("1" * 31, "a number of at most 30 characters"),
        ("0x" + "1" * 29, "a number of at most 30 characters"),
        ("+.inf", "a finite number"),
        ("1_00", "thousands marked as in 1_000_000, or quotes if it is text"),
    ],
)
def test_numerals_that_could_be_misread_are_refused(text: str, why: str) -> None:
    """With what was expected."""
    with pytest.raises(NumeralError) as caught:
        plain_scalar(text)
    assert str(caught.value) == why


def test_numerals_have_their_limits() -> None:
    """The last that is read."""
    assert number("1e999") == Decimal("1e999")
    assert number("-" + "1" * 29) == -int("1" * 29)
    assert plain_scalar("0x" + "f" * 28) == 16**28 - 1
    assert plain_scalar("0o7") == 7
    assert plain_json("9" * 30) == 10**30 - 1
    assert plain_json("9" * 31) is None


def test_small_parts_of_documents() -> None:
    """Texts of sixty letters are shown whole; keys are known by their text; places are a line and a column."""
    assert (shown("x" * 60), shown("x" * 61)) == ("x" * 60, "x" * 57 + "...")
    assert by_text([2015, "a"]) == {"2015": 2015, "a": "a"}
    root = read_yaml("a:\n  - 1\n  - {b: 2}\n").root
    assert root is not None
    assert root.plain() == {"a": [1, {"b": 2}]}
    assert isinstance(root.value, dict)
    node = root.value["a"]
    assert (node.place, node.key) == (Place(2, 3), Place(1, 1))
