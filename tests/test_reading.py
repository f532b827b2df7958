"""Reading of scenarios and portfolios: what is accepted, what is refused, and at which place."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from expected_messages import told
from matcher.errors import InvalidPortfolio, InvalidScenario
from matcher.io import load, load_portfolio, loads, override_names, text_file, yaml_text
from matcher.io.document import Lines, Place
from matcher.io.json_places import Fields
from matcher.io.json_text import plain_json, read_json
from matcher.io.yaml_text import read_yaml
from matcher.scenario import Scenario, Yearly

DATA = Path(__file__).parent / "data"
TWO_STATES = DATA / "two-states.yaml"
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test once with each parser."""
    monkeypatch.setattr(yaml_text, "LOADER", request.param)


def value_of(text: str) -> object:
    """Reads one YAML value that must be without fault."""
    document = read_yaml(text)
    assert document.root is not None
    assert document.findings.found == []
    return document.root.plain()


def faults_of(text: str, format: str = "yaml") -> list[tuple[str, str, str]]:
    """Reads a text that is no document and returns place, found and expected of each fault."""
    document = read_yaml(text) if format == "yaml" else read_json(text)
    return [(fault.place or "", fault.found, fault.expected) for fault in document.findings.placed("f")]


def tag(text: str) -> str:
    """Returns the start of a text as the id of a test: without what pytest would escape, again in each collection."""
    return "".join(letter if " " <= letter <= "~" and letter != "\\" else "/" for letter in text[:24])


def short(text: str) -> str:
    """Returns the name of a text in the lists of what is told."""
    return f"{text[:30]!a} ({len(text)} characters)"


def refused(text: str, format: str = "yaml", **options: object) -> list[str]:
    """Returns the faults for which a scenario is refused, as people see them."""
    with pytest.raises(InvalidScenario) as caught:
        loads(text, source="f", format=format, **options)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("1_000_000", 1_000_000),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", Decimal("1e3")),
        ("1.5", Decimal("1.5")),
        ("0.1", Decimal("0.1")),
        (".5", Decimal("0.5")),
        ("-1.E-2", Decimal("-0.01")),
        ("2015-06-01", "2015-06-01"),
        ("12:30:45", "12:30:45"),
        ("0b11", "0b11"),
        ("1,000", "1,000"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("'007'", "007"),
        ('"12"', "12"),
        ('"\\u0394\\t"', "Δ\t"),
        ("|\n  12\n", "12\n"),
        ("[1, NO, {a: }]", [1, "NO", {"a": None}]),
        ("{2015: 1, x: 2}", {2015: 1, "x": 2}),
        ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    """Unquoted values mean what YAML 1.2 says, of the very type, and numbers are exact."""
    read = value_of(text)
    assert read == value
    assert type(read) is type(value)


HOSTILE_YAML = [
    ("a: 007", "f:1:4", "leading zeros"),
    ("a: -00", "f:1:4", "leading zeros"),
    ("a: 01.5", "f:1:4", "leading zeros"),
    ("a:\n  - 1\n  - .nan", "f:3:5", "finite"),
    ("a: -.INF", "f:1:4", "finite"),
    ("a: 1_0", "f:1:4", "1_000_000"),
    ("a: 2015_16", "f:1:4", "1_000_000"),
    ("a: 1" + "0" * 30, "f:1:4", "30 characters"),
    ("a: " + "9" * 100_000, "f:1:4", "30 characters"),
    ("a: 0x" + "f" * 40, "f:1:4", "30 characters"),
    ("a: 1e999999999", "f:1:4", "exponent"),
    ("a: 1\nb: 2\na: 3", "f:3:1", "each key once (it stands in line 1)"),
    ("a: {b: 1, 'b': 2}", "f:1:11", "it stands in line 1"),
    ("a: {2015: 1, '2015': 2}", "f:1:14", "it stands in line 1"),
    ("a: &x 1", "f:1:4", "without anchors"),
    ("a: [1, *x]", "f:1:8", "written out"),
    ("a: {<<: {b: 1}}", "f:1:5", "written out"),
    ("a: !!python/object/apply:os.system [ls]", "f:1:4", "without tags"),
    ("a: !!int '3'", "f:1:4", "without tags"),
    ("a: !own {b: 1}", "f:1:4", "without tags"),
    ("a: ! 3", "f:1:4", "without tags"),
    ("%TAG !e! tag:e,2000:\n---\na: 1", "f:1:1", "no tags"),
    ("%YAML 1.1\n---\na: 1", "f:1:1", "YAML 1.2"),
    ("a: 1\n---\nb: 2", "f:2:1", "one document"),
    ("a: 1\n...\n---\nb: 2", "f:3:1", "one document"),
    ("true: 1", "f:1:1", "a name or a whole number"),
    ("null: 1", "f:1:1", "a name or a whole number"),
    ("1.5: 1", "f:1:1", "a name or a whole number"),
    ("~: 1", "f:1:1", "a name or a whole number"),
    ("? [a]\n: 1", "f:1:3", "a name or a whole number"),
    ("? {a: 1}\n: 1", "f:1:3", "a name or a whole number"),
    ("a:\n\tb: 1", "f:2:1", "spaces"),
    ("a:\n  b: 1\n \tc: 2", "f:3:2", "spaces"),
    ("a: 1\n b: 2", "f:2:3", "quotes around a text that holds ': '"),
    ("a: b: c", "f:1:5", "quotes around a text that holds ': '"),
    ("a: @b", "f:1:4", "quotes around a text that starts with"),
    ("a: [1, 2", "f:1:9", "','"),
    ("a: 'b", "f:1:6", "closing quote"),
    ('a: "\\ud83d"', "f:1:4", ""),
    ("a: \x07", "f:1:4", "printable"),
    ("a: b\u2028c", "f:1:5", "printable"),
    ("\ufeffa: 1", "f:1:1", "printable"),
    ("a: \ud83d", "f:1:4", "printable"),
    ("a: " + "[" * 41 + "]" * 41, "f:1:43", "flat"),
    ("{a: " * 1000, "f:1:161", "flat"),
]


@pytest.mark.usefixtures("either_parser")
def test_bottomless_yaml_is_refused() -> None:
    """A hundred thousand levels are refused where ours end, or where the parser's own do."""
    ((where, _, way_out),) = faults_of("a: " + "[" * 100_000)
    assert where in ("f:1:43", "f:1:1003")
    assert "flat" in way_out


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(("text", "place", "expected"), HOSTILE_YAML, ids=[tag(case[0]) for case in HOSTILE_YAML])
def test_hostile_yaml_is_refused_at_its_place(text: str, place: str, expected: str) -> None:
    """Every snippet has exactly one fault, at the place where it starts, that says the way out."""
    ((where, _, way_out),) = faults_of(text)
    if "\\ud83d" not in text:  # libyaml points into the escape
        assert where == place
    assert expected in way_out


@pytest.mark.parametrize("text", [case[0] for case in HOSTILE_YAML], ids=[tag(case[0]) for case in HOSTILE_YAML])
def test_hostile_yaml_is_told_word_for_word(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the parser that is everywhere: the other one words its complaints differently."""
    monkeypatch.setattr(yaml_text, "LOADER", yaml.SafeLoader)
    assert [str(fault) for fault in read_yaml(text).findings.placed("f")] == told("yaml_faults")[short(text)]


HOSTILE_JSON = [
    ("", "f:1:1", "a value"),
    ('{"a": 1,}', "f:1:9", "a key in double quotes"),
    ("[1, 2,]", "f:1:7", "trailing commas"),
    ("{'a': 1}", "f:1:2", "a key in double quotes"),
    ("{a: 1}", "f:1:2", "a key in double quotes"),
    ('{"a" 1}', "f:1:6", "':'"),
    ('{"a": 1 "b": 2}', "f:1:9", "a ',' or '}'"),
    ("[1 2]", "f:1:4", "a ',' or ']'"),
    ('{"a": NO}', "f:1:7", "a value"),
    ('{"a": 007}', "f:1:7", "leading zeros"),
    ('{"a": +1}', "f:1:7", "a value"),
    ('{"a": .5}', "f:1:7", "a value"),
    ('{"a": 1.}', "f:1:7", "a value"),
    ('{"a": 0x1F}', "f:1:7", "a value"),
    ('{"a": 1_000}', "f:1:7", "a value"),
    ('{"a": NaN}', "f:1:7", "a finite number"),
    ('{"a": -Infinity}', "f:1:7", "a finite number"),
    ('{"a": 1e9999}', "f:1:7", "exponent"),
    ('{"a": ' + "9" * 100_000 + "}", "f:1:7", "30 characters"),
    ('{"a": 1,\n "a": 2}', "f:2:2", "it stands in line 1"),
    ('{"a": "x\ny"}', "f:1:9", "a string"),
    ('{"a": "\\x"}', "f:1:8", "a string"),
    ('{"a": "x', "f:1:7", "a string"),
    ('{"a": "\\ud83d"}', "f:1:7", "whole characters"),
    ('{"a": 1} // more', "f:1:10", "nothing after the document"),
    ('{"a": 1}\n{"b": 2}', "f:2:1", "nothing after the document"),
    ('// x\n{"a": 1}', "f:1:1", "no comments"),
    ('{"a": [1', "f:1:9", "a ',' or ']'"),
    ('{"a": ', "f:1:7", "a value"),
    ("[" * 41 + "]" * 41, "f:1:41", "flat"),
    ("[" * 100_000, "f:1:41", "flat"),
    ('\ufeff{"a": 1}', "f:1:1", "a value"),
]


@pytest.mark.parametrize(("text", "place", "expected"), HOSTILE_JSON, ids=[tag(case[0]) for case in HOSTILE_JSON])
def test_hostile_json_is_refused_at_its_place(text: str, place: str, expected: str) -> None:
    """What is not JSON is not read as JSON, even where YAML would take it."""
    ((where, _, way_out),) = faults_of(text, "json")
    assert where == place
    assert expected in way_out


@pytest.mark.parametrize("text", [case[0] for case in HOSTILE_JSON], ids=[tag(case[0]) for case in HOSTILE_JSON])
def test_hostile_json_is_told_word_for_word(text: str) -> None:
    """What was found, what is expected and where."""
    assert [str(fault) for fault in read_json(text).findings.placed("f")] == told("json_faults")[short(text)]


@pytest.mark.parametrize("text", [case[0] for case in HOSTILE_JSON], ids=[tag(case[0]) for case in HOSTILE_JSON])
def test_hostile_json_is_not_read_quickly(text: str) -> None:
    """What has any fault is left to the reader that tells where it stands."""
    assert plain_json(text) is None


def assert_read_alike(text: str) -> None:
    """JSON is read quickly exactly if it is without fault, and then as the placing reader reads it."""
    document, quick = read_json(text), plain_json(text)
    if document.root is None or document.findings.found or "\\\\ud" in text.lower():
        assert quick is None
    else:
        assert repr(quick) == repr(document.root.plain())


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**32), 10**32)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(exclude_categories=()), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON_VALUES, ascii_only=st.booleans(), at=st.integers(0, 60), put=st.sampled_from('",:[]{}0-.eE\\ nN\n'))
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_json_is_read_quickly_or_not_at_all(value: object, ascii_only: bool, at: int, put: str) -> None:
    """Right or with one character changed, both readers agree on what a text holds and whether it is JSON."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert_read_alike(text)
    assert_read_alike(text[:at] + put + text[at + 1 :])


@pytest.mark.parametrize(
    "text", ["[" * 40 + "]" * 40, '{"a":' * 40 + "1" + "}" * 40, "[0" * 41 + "]" * 41, "1" * 30, "1" * 31]
)
def test_json_is_read_quickly_up_to_the_same_limits(text: str) -> None:
    """Both readers have the same limits of depth and length."""
    assert_read_alike(text)


@pytest.mark.parametrize(
    "halves", list(product(["\\ud83d", "\\ude00", "\\\\", "x"], repeat=3)), ids=lambda each: tag("".join(each))
)
def test_halves_of_surrogate_pairs_are_told_apart(halves: tuple[str, ...]) -> None:
    """Both readers agree on which escapes make whole characters."""
    assert_read_alike(f'"{"".join(halves)}"')


def test_a_faultless_json_file_is_never_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places, ten times as large as the data, are only looked up where there is a fault or an override."""
    path = tmp_path / "two-states.json"
    root = read_yaml(TWO_STATES.read_text(encoding="utf-8")).root
    assert root is not None
    plain = root.plain()
    assert isinstance(plain, dict)
    named = plain.pop("overrides", None)
    path.write_text(json.dumps(plain, default=float), encoding="utf-8")
    monkeypatch.setattr(Lines, "_starts", property(lambda _: pytest.fail("a line was looked for")))
    monkeypatch.setattr(Fields, "__getitem__", lambda *_: pytest.fail("a place was looked for"))
    assert load(path).needs
    assert load_portfolio(saved(tmp_path / "portfolio.json", PORTFOLIO)).scenario
    path.write_text(json.dumps({**plain, "overrides": named or {}}, default=float), encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match="a place was looked for"):
        load(path)


def test_json_is_read_like_the_standard_library_reads_it() -> None:
    """Escapes, surrogate pairs, nesting and spaces come out right, and years as keys stay text."""
    text = (
        '\r\n{"a": ["\\ud83d\\ude00", "\\u00e9\\n\\"\\/", -0, 1.50, 1e3, true, null, [], {}], "2015": {"b": [{}]}} \n'
    )
    document = read_json(text)
    assert document.findings.found == []
    assert document.root is not None
    assert document.root.plain() == json.loads(text, parse_float=Decimal)


def test_lines_are_counted_as_editors_count_them() -> None:
    """Carriage returns, non-Latin letters and emoji move a place by one line or column each."""
    assert faults_of("a: 1\r\nb: 2\rñ😀: {c: 007}\n")[0][0] == "f:3:9"
    assert faults_of('{"a":\r\n "ñ😀\u2028", "b": 007}', "json")[0][0] == "f:2:14"


@pytest.mark.usefixtures("either_parser")
def test_norway_is_a_state() -> None:
    """The State NO is not read as false, neither as a key nor as a reference."""
    scenario = load(TWO_STATES)
    assert [state.id for state in scenario.states] == ["AO", "NO"]
    assert scenario.need("no-clear").state == "NO"


@pytest.mark.usefixtures("either_parser")
def test_a_scenario_file_is_read_exactly() -> None:
    """Numbers, texts and years arrive as written; overrides are not part of the scenario."""
    scenario = load(TWO_STATES)
    assert isinstance(scenario, Scenario)
    assert scenario.title == "Two States: Ā, ñ and 😀"
    assert scenario.state("NO").weight == Decimal(10)
    assert scenario.state("AO").absorption == Yearly(None, ((2015, 1_000_000), (2016, 500_000)))
    assert scenario.offer("teams").price == Decimal("1.5")  # type: ignore[union-attr]
    assert scenario.need("no-clear").provenance["quantity"].as_of == "2015-06-01"


def test_json_and_yaml_give_the_same_scenario(tmp_path: Path) -> None:
    """The same content in the other format is the same scenario."""
    root = read_yaml(TWO_STATES.read_text(encoding="utf-8")).root
    assert root is not None
    path = tmp_path / "two-states.json"
    path.write_text(json.dumps(root.plain(), default=float), encoding="utf-8")
    assert load(path) == load(TWO_STATES)
    assert load(path, ["less-money"]) == load(TWO_STATES, ["less-money"])


FAULTY = """\
# every line with a fault says so
name: faulty
horizn: [2015, 2018]
currency: {code: USD, decimals: 007}
capabilities:
  clearance: {name: Clearance, unit: m2, granule: 1000, reference_price: .nan}
states:
  AO:
    name: Angola
    deadlin: 2017
    weight: -1
needs:
  ao-clear: {state: AO, capability: clearance, quantity: 1.5}
  ao-clear: {state: AO, capability: clearance, quantity: 200_000}
  9lives:
    state: AO
    capability: clearance
    quantity: 1000
  far:
    state: AF
    capability: clearance
    quantity: 1000
providers:
  donor: {name: *x, kind: donor}
offers:
  money: {kind: fund, provider: donor, amount: 500000}
overrides:
  less-money:
    offer: {money: {amount: 1000}}
"""


@pytest.mark.usefixtures("either_parser")
def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    """Faults of text, fields, references and overrides come together, each at its place, none twice."""
    with pytest.raises(InvalidScenario) as caught:
        loads(FAULTY, source="runs/faulty.yaml")
    places = [(fault.place, ".".join(map(str, fault.path))) for fault in caught.value.faults]
    assert places == [
        ("runs/faulty.yaml:2:1", "horizon"),
        ("runs/faulty.yaml:3:1", "horizn"),
        ("runs/faulty.yaml:4:33", "currency.decimals"),
        ("runs/faulty.yaml:6:74", "capabilities.clearance.reference_price"),
        ("runs/faulty.yaml:8:3", "states.AO.deadline"),
        ("runs/faulty.yaml:10:5", "states.AO.deadlin"),
        ("runs/faulty.yaml:11:13", "states.AO.weight"),
        ("runs/faulty.yaml:13:58", "needs.ao-clear.quantity"),
        ("runs/faulty.yaml:14:3", "needs.ao-clear"),
        ("runs/faulty.yaml:15:3", "needs.9lives"),
        ("runs/faulty.yaml:20:12", "needs.far.state"),
        ("runs/faulty.yaml:24:17", "providers.donor.name"),
        ("runs/faulty.yaml:24:27", "providers.donor.kind"),
        ("runs/faulty.yaml:26:17", "offers.money.kind"),
        ("runs/faulty.yaml:29:5", "overrides.less-money.offer"),
    ]
    assert str(caught.value).splitlines() == told("faulty_scenario")["runs/faulty.yaml"]


def test_a_fault_reads_as_one_line_with_a_hint() -> None:
    """What a person sees: place, path, what was found, what was expected, what may have been meant."""
    (told,) = refused(TWO_STATES.read_text(encoding="utf-8").replace("state: AO", "state: Ao"))
    assert (
        told
        == "f:25:21: needs.ao-clear.state: found 'Ao'; expected a State of this scenario (AO, NO) (did you mean 'AO'?)"
    )


@pytest.mark.parametrize(("text", "place"), [("", "f:1:1"), ("# nothing\n", "f:1:1"), ("\n\n- a\n", "f:3:1")])
def test_a_document_that_is_no_mapping_is_refused(text: str, place: str) -> None:
    """An empty file and a list are no scenario."""
    (told,) = refused(text)
    assert told.startswith(f"{place}: (whole document): found ")


def test_faults_stop_being_collected_somewhere() -> None:
    """A file of nothing but faults does not fill the memory."""
    faults = refused("\n".join(f"k{at}: 007" for at in range(5000)))
    assert len(faults) == 1001
    assert "reading stopped here" in faults[-1]


@pytest.mark.usefixtures("either_parser")
def test_broken_files_give_faults_and_nothing_else() -> None:
    """A file with random damage is read or refused with placed faults; nothing else is ever raised."""
    whole = TWO_STATES.read_text(encoding="utf-8")
    bits = ["\t", "{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!!x ", "'", '"', "\n", "? ", "<<: ", "007", "1e9", "~"]
    choice = random.Random(20150601)
    refusals: list[InvalidScenario] = []
    for _ in range(60):
        start = choice.randrange(len(whole))
        damaged = whole[:start] + choice.choice(bits) + whole[start + choice.randrange(20) :]
        try:
            loads(damaged, source="f")
        except InvalidScenario as error:
            refusals.append(error)
    assert len(refusals) > 30
    assert all((fault.place or "").startswith("f:") for error in refusals for fault in error.faults)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("s.yaml", b"\xef\xbb\xbfname: x\n", "s.yaml:1:1: (whole document): found a byte order mark"),
        ("s.yaml", "name: x\n".encode("utf-16"), "s.yaml:1:1: (whole document): found UTF-16 text"),
        ("s.yaml", "name: x\n".encode("utf-32"), "s.yaml:1:1: (whole document): found UTF-32 text"),
        ("s.yaml", "a: 1\nb: ñ\xe9".encode("latin-1"), "s.yaml:2:4: (whole document): found the byte 0xF1"),
        ("s.txt", b"name: x\n", "s.txt: (whole document): found a file named *.txt"),
    ],
)
def test_files_that_are_no_plain_text_are_refused(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    """Other encodings, byte order marks and other kinds of file have a fault of their own."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidScenario) as caught:
        load(path)
    (fault,) = caught.value.faults
    assert str(fault).removeprefix(f"{tmp_path}/").startswith(told)


def test_a_missing_file_is_a_fault_that_names_the_nearest(tmp_path: Path) -> None:
    """A slip in a file's name is answered with the name that exists; missing folders and folders as files too."""
    (tmp_path / "geneva-2015.yaml").touch()
    told = {}
    for name in ("geneva-2105.yaml", "nowhere/a.yaml", ".", "a\0b.yaml"):
        with pytest.raises(InvalidScenario) as caught:
            load(tmp_path / name)
        (told[name],) = caught.value.faults
    assert told["geneva-2105.yaml"].found == "no such file"
    assert told["geneva-2105.yaml"].suggestion == "geneva-2015.yaml"
    assert told["nowhere/a.yaml"].found == f"no such folder '{tmp_path}/nowhere'"
    assert told["."].found == "a folder"
    assert "null" in told["a\0b.yaml"].found


def test_a_file_that_may_not_be_read_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing permission is told as such."""

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(text_file.os, "open", closed)
    with pytest.raises(InvalidScenario, match="found permission denied; expected a file that can be read"):
        load(tmp_path / "s.yaml")


def test_a_file_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds to the byte."""
    path = tmp_path / "s.yaml"
    size = TWO_STATES.stat().st_size
    path.write_bytes(TWO_STATES.read_bytes())
    monkeypatch.setattr(text_file, "MAX_BYTES", size)
    load(path)
    monkeypatch.setattr(text_file, "MAX_BYTES", size - 1)
    with pytest.raises(InvalidScenario, match="a larger file"):
        load(path)


PORTFOLIO = {
    "portfolio": 1,
    "scenario": "two-states",
    "scenario_hash": "0" * 64,
    "flows": [
        {
            "financier": "money",
            "implementer": "teams",
            "need": "ao-clear",
            "year": 2016,
            "kind": "operator",
            "quantity": 2000,
            "money": 3000,
        }
    ],
    "engagements": [{"offer": "money", "state": "AO", "years": [2016, 2016]}],
}


def saved(path: Path, document: object) -> Path:
    """Saves a document as JSON."""
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def test_a_portfolio_is_read_from_its_own_document_or_a_result(tmp_path: Path) -> None:
    """Both hold the same portfolio, in JSON and in YAML."""
    alone = load_portfolio(saved(tmp_path / "portfolio.json", PORTFOLIO))
    inside = load_portfolio(saved(tmp_path / "result.json", {"result": 1, "portfolio": PORTFOLIO}))
    other = load_portfolio(saved(tmp_path / "portfolio.yaml", PORTFOLIO))
    assert alone == inside == other
    assert alone.flows[0].money == 3000


def test_all_faults_of_a_portfolio_are_told_at_their_places(tmp_path: Path) -> None:
    """A portfolio inside a result is refused with every fault, placed in the result's file."""
    flow = {**PORTFOLIO["flows"][0], "money": 1.5, "quantiti": 1, "kind": "bilatral"}  # type: ignore[index]
    del flow["quantity"]
    engagement = {"offer": "money", "state": "AO", "years": [2017, 2016]}
    faulty = {**PORTFOLIO, "flows": [flow], "engagements": [engagement], "scenario_hash": "x"}
    path = saved(tmp_path / "result.json", {"result": 1, "portfolio": faulty})
    with pytest.raises(InvalidPortfolio) as caught:
        load_portfolio(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    told = [
        (fault.path[1:], lines[int((fault.place or "").split(":")[1]) - 1].strip()) for fault in caught.value.faults
    ]
    assert told == [
        (("scenario_hash",), '"scenario_hash": "x",'),
        (("flows", 0, "quantity"), "{"),
        (("flows", 0, "kind"), '"kind": "bilatral",'),
        (("flows", 0, "money"), '"money": 1.5,'),
        (("flows", 0, "quantiti"), '"quantiti": 1'),
        (("engagements", 0, "years"), '"years": ['),
    ]
    assert caught.value.faults[4].suggestion == "quantity"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"result": 1, "portfolio": None}, "a result without a portfolio"),
        ({"result": 1, "status": "infeasible"}, "a result without a portfolio"),
        ([], "no mapping"),
        ({"result": 1, "portfolio": 3}, "no mapping"),
    ],
)
def test_what_holds_no_portfolio_is_refused(tmp_path: Path, document: object, found: str) -> None:
    """A result without a portfolio says so."""
    with pytest.raises(InvalidPortfolio) as caught:
        load_portfolio(saved(tmp_path / "result.json", document))
    assert caught.value.faults[0].found == found


def test_files_of_portfolios_fail_as_portfolios(tmp_path: Path) -> None:
    """Missing and broken files raise the portfolio's error."""
    with pytest.raises(InvalidPortfolio, match="no such file"):
        load_portfolio(tmp_path / "result.json")
    (tmp_path / "result.json").write_text('{"portfolio": {"flows": NaN}}', encoding="utf-8")
    with pytest.raises(InvalidPortfolio, match="found NaN"):
        load_portfolio(tmp_path / "result.json")


def test_override_names_are_listed_in_the_order_of_the_file() -> None:
    """The names that may be asked for."""
    assert override_names(TWO_STATES) == ("less-money", "late-start", "without-norway")


def test_importing_brings_no_solver_along() -> None:
    """Reading a file does not pay for numerical libraries."""
    code = "import sys, matcher.io; print([m for m in ('numpy', 'ortools', 'pandas', 'networkx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_places_and_offsets_are_inverse() -> None:
    """In texts with all kinds of line break."""
    text = "a\r\nbc\n\rd"
    lines = Lines(text)
    assert [lines.offset(lines.at(each)) for each in range(len(text))] == list(range(len(text)))
    assert lines.offset(Place(2, 2)) == 4
