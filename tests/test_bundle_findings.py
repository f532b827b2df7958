"""What is said of a bundle, claim by claim: at the last value that holds, and one past it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import matcher.verification.bundle as bundles
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario
from matcher.verification import verify, verify_result
from matcher.verification.__main__ import NOT_HERE, USAGE, main
from matcher.verification.bound import Proven
from matcher.verification.bundle import FILES, BundleReport, Finding, lines_of, verify_run
from matcher.verification.documents import completed
from matcher.verification.order import DEFAULT_ORDER, Entry, blend, entry_named, order_of, single
from matcher.verification.report import Report, violation
from tiny_portfolios import TINY, changed

Said = list[tuple[bool, str]]


def said(findings: Any) -> Said:
    """Returns findings that can be checked, as pairs; a solver's word is told apart by a star."""
    return [(each.ok, f"*{each.text}" if each.word else each.text) for each in findings]


def report(*violations: Any, **figures: Any) -> Report:
    """Returns a report by hand."""
    return Report(violations, {name: Fraction(value) for name, value in figures.items()}, {})


# The folder


def _folder(path: Path, manifest: Callable[[dict[str, Any]], object] | None = None, **files: bytes) -> Path:
    """Writes a bundle of small files, and a manifest that is right unless it is changed."""
    data = {name: b"{}\n" for name in FILES.values()} | {name.replace("_", "."): each for name, each in files.items()}
    listed = {name: {"bytes": len(each), "sha256": hashlib.sha256(each).hexdigest()} for name, each in data.items()}
    document: dict[str, Any] = {"manifest": 1, "files": listed}
    if manifest is not None:
        manifest(document)
    for name, each in data.items():
        (path / name).write_bytes(each)
    _write_manifest(path, document)
    return path


def _write_manifest(path: Path, document: dict[str, Any], **form: Any) -> None:
    form = {"indent": 2, "sort_keys": True, "ensure_ascii": False} | form
    (path / "manifest.json").write_text(json.dumps(document, **form) + "\n", encoding="utf-8")


def _checked_files(path: Path) -> Said:
    return said(bundles._files(path, FILES))


def test_files_are_counted_and_unlisted_names_told(tmp_path: Path) -> None:
    """All files hold; those beside the list are named; what a desktop drops is overlooked."""
    folder = _folder(tmp_path, zürich_md=b"x")
    assert _checked_files(folder) == [(True, "5 files are as the manifest lists them")]
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"")
    assert _checked_files(folder) == [(True, "5 files are as the manifest lists them")]
    (folder / "notes").write_bytes(b"")
    (folder / "zürich.md").unlink()
    (folder / "result.json").write_bytes(b"{ }")
    assert _checked_files(folder) == [
        (False, "notes is not listed in the manifest"),
        (False, "zürich.md is not there"),
        (False, "result.json is not the file that the manifest lists"),
        (True, "3 files are as the manifest lists them"),
    ]


@pytest.mark.parametrize(
    "entry", [{"bytes": 3.0}, {"bytes": True}, {"bytes": 2}, {"sha256": "0" * 64}, {"more": 1}], ids=str
)
def test_an_entry_says_size_and_hash_and_nothing_else(tmp_path: Path, entry: dict[str, Any]) -> None:
    """An entry that is not exactly as it should be does not list its file."""
    size = b"x" if entry.get("bytes") is True else b"abc"

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"]["a.b"] |= entry

    assert _checked_files(_folder(tmp_path, change, a_b=size)) == [
        (False, "a.b is not the file that the manifest lists"),
        (True, "4 files are as the manifest lists them"),
    ]


def test_a_file_that_is_read_must_be_listed(tmp_path: Path) -> None:
    """What the bundle is made of is there and listed; otherwise it is no bundle."""
    assert _checked_files(_folder(tmp_path, lambda manifest: manifest["files"].pop("result.json"))) == [
        (False, "result.json is not listed in the manifest"),
        (False, "result.json is no part of this folder: expected a run written with --bundle"),
        (True, "3 files are as the manifest lists them"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(more=1),
        lambda manifest: manifest.update(manifest=2),
        lambda manifest: manifest.update(manifest=1.0),
        lambda manifest: manifest.update(manifest=True),
        lambda manifest: manifest.update(files=[]),
    ],
)
def test_a_manifest_of_another_form_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Its fields are those of format 1, in their types."""
    assert _checked_files(_folder(tmp_path, change)) == [(False, "manifest.json is not as it was written")]


@pytest.mark.parametrize("form", [{"indent": 1}, {"sort_keys": False}, {"ensure_ascii": True}], ids=str)
def test_a_manifest_is_written_in_one_way(tmp_path: Path, form: dict[str, Any]) -> None:
    """The same data written otherwise are other bytes."""
    manifest = json.loads((_folder(tmp_path, é_md=b"x") / "manifest.json").read_text(encoding="utf-8"))
    assert [ok for ok, _ in _checked_files(tmp_path)] == [True]
    _write_manifest(tmp_path, dict(reversed(manifest.items())), **form)
    assert _checked_files(tmp_path) == [(False, "manifest.json is not as it was written")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"manifest": 1}', "'files'"),
        ("[]", "list indices must be integers or slices, not str"),
        ("null", "'NoneType' object is not subscriptable"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path, text: str, why: str) -> None:
    """Nothing else is looked at then."""
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    assert _checked_files(tmp_path) == [(False, f"manifest.json cannot be read: {why}")]


def test_a_folder_without_manifest_is_told(tmp_path: Path) -> None:
    """A folder of anything else is no run, and verification ends there."""
    found = verify_run(tmp_path)
    assert (len(found.findings), found.ok, found.report) == (1, False, None)
    assert found.findings[0].text.startswith("manifest.json cannot be read: ")


def test_documents_without_sense_are_told_by_kind(tmp_path: Path) -> None:
    """A missing part by its name; any other fault by its kind."""
    nothing = said(verify_run(_folder(tmp_path)).findings)[1:]
    assert nothing == [(False, "does not make sense: 'currency' is missing")]
    broken = _folder(tmp_path, **{FILES["scenario"].replace(".", "_"): b"[]"})
    why = f"{broken / FILES['scenario']} holds no JSON object"
    assert said(verify_run(broken).findings)[1:] == [(False, f"cannot be read: {why}")]
    assert verify_run(broken).findings[-1].where == "scenario.resolved.json: the whole file"


def test_the_program_checks_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes every finding in a line and ends with 1; more than one argument is no folder to check."""
    assert main([str(_folder(tmp_path))]) == 1
    assert capsys.readouterr().out.splitlines() == [*lines_of(verify_run(tmp_path)), NOT_HERE]
    assert main([str(tmp_path), str(tmp_path), str(tmp_path)]) == 2
    assert main([str(tmp_path / "none")]) == 2
    assert capsys.readouterr() == ("", USAGE * 2)


def test_the_program_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """0 where everything holds."""
    found = BundleReport((Finding(True, "this"), Finding(True, "that")))
    monkeypatch.setattr("matcher.verification.__main__.verify_run", {tmp_path: found}.get)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr() == (f"ok     this\nok     that\nverified: 2 checks hold\n{NOT_HERE}\n", "")


def test_findings_as_lines() -> None:
    """Marks stand in a column; the last line counts."""
    holds, word, fails = Finding(True, "a"), Finding(True, "b", word=True), Finding(False, "c")
    assert lines_of(BundleReport((holds, word))) == [
        *("ok     a", "word   b"),
        "not proven: 1 checks hold, but that no portfolio exists is a solver's word alone",
    ]
    assert lines_of(BundleReport((holds, word, holds, word), report())) == [
        *("ok     a", "word   b", "ok     a", "word   b"),
        "verified: 2 checks hold; 2 more on a solver's word alone",
    ]
    assert lines_of(BundleReport((fails, word, holds))) == [
        *("FAILED c", "word   b", "ok     a"),
        "not verified: 1 of 3 checks failed",
    ]


# What belongs together


def _result(**changes: Any) -> dict[str, Any]:
    full: dict[str, Any] = {"scenario_hash": "x", "options": {"gap": Decimal(0)}, "version": "1", "solver": "ortools 2"}
    empty: dict[str, Any] = {"stages": [], "figures": [], "status": "optimal", "portfolio": None}
    empty["partnerships"] = []
    return full | empty | changes


@pytest.mark.parametrize(
    ("bundle", "holds"),
    [
        ({}, (True, True)),
        ({"options": {}}, (False, True)),
        ({"versions": {"matcher": "2", "ortools": "2"}}, (True, False)),
        ({"versions": {"matcher": "1", "ortools": "1"}}, (True, False)),
    ],
    ids=str,
)
def test_options_and_versions_are_the_result_s(bundle: dict[str, Any], holds: tuple[bool, bool]) -> None:
    """What a bundle says of its making is what its result says."""
    stated = {"options": {"gap": Decimal(0)}, "versions": {"matcher": "1", "ortools": "2"}} | bundle
    assert said(bundles._belonging({"name": "n"}, stated, _result()))[1:] == [
        (holds[0], "options are those of the result"),
        (holds[1], "made by matcher 1 with ortools 2"),
    ]


@pytest.mark.parametrize(
    ("status", "changes", "check", "holds"),
    [
        ("infeasible", {}, None, True),
        ("no_portfolio", {}, None, True),
        ("optimal", {}, None, False),
        ("infeasible", {}, {}, False),
        ("no_portfolio", {"stages": [1]}, None, False),
        ("no_portfolio", {"figures": [1]}, None, False),
        ("optimal", {"stages": [1]}, {}, False),
    ],
)
def test_without_a_portfolio_nothing_else_is_claimed(status: str, changes: Any, check: Any, holds: bool) -> None:
    """Whether none exists or none was found."""
    found = said(bundles._nothing({"check": check}, _result(status=status, **changes)))
    fault = f"says {status}, expected infeasible or no_portfolio, and no figures: there is no portfolio"
    assert found == [(holds, f"the result is {status}: there is no portfolio to check" if holds else fault)]


def test_every_violation_is_a_finding() -> None:
    """With the rule, who breaks it, and how."""
    wrong = violation(6, ("offer", "S"), 2020, 1, "too short")
    assert said(bundles._portfolio(report(wrong))) == [(False, "rule 6 (engagement): offer, S: too short")]
    assert said(bundles._portfolio(report())) == [(True, "the portfolio keeps every rule of the scenario")]


@pytest.mark.parametrize(
    ("check", "stated", "holds"),
    [
        ({}, {}, (True, True)),
        ({"ok": False}, {}, (False, True)),
        ({"ok": 1}, {}, (False, True)),
        ({"figures": {"cost": "2"}}, {}, (False, True)),
        ({}, {"exact": "7/5"}, (True, False)),
        ({}, {"value": "1.333332"}, (True, False)),
        ({}, {"value": "1.333334"}, (True, False)),
    ],
    ids=str,
)
def test_figures_are_stated_as_they_are(check: Any, stated: Any, holds: tuple[bool, bool]) -> None:
    """By the bundle exactly, by the result exactly and rounded."""
    bundle = {"check": {"ok": True, "figures": {"cost": "4/3"}} | check}
    figure = {"objective": "cost", "exact": "4/3", "value": "1.333333"} | stated
    assert said(bundles._figures(bundle, _result(figures=[figure]), report(cost="4/3"))) == [
        (holds[0], "the checker's report is repeated"),
        (
            holds[1],
            "the result states every figure as it is"
            if holds[1]
            else f"says {next(iter(stated.values()))}, expected 4/3, or that rounded",
        ),
    ]


def test_a_figure_is_rounded_to_six_places() -> None:
    """Half a millionth off is rounded; more is another figure."""
    value = Fraction("0.0000005")
    assert [bundles._is_rounded(text, value) for text in ("0.000000", "0.000001", "0.000002", "-0.000001")] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize("text", [1, None, "1e3", "1.", ".5", "+1", "0" * 401, " 1"])
def test_a_stated_number_is_digits(text: object) -> None:
    """Anything else is refused, and shown up to a readable length."""
    with pytest.raises(ValueError, match="is no number, expected digits with six decimals") as caught:
        bundles._stated(text)
    assert str(caught.value) == f"{str(text)[:40]!r} is no number, expected digits with six decimals"


def test_stated_numbers_are_exact() -> None:
    """Up to four hundred characters of digits."""
    assert bundles._stated("-1.250000") == Fraction(-5, 4)
    assert bundles._stated("9" * 400) == 10**400 - 1


# Stages


def _stage(objective: str = "coverage", exact: str = "2", **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"objective": objective, "exact": exact, "value": f"{exact}.000000", "sense": "max"}
    return found | {"bound": f"{exact}.000000", "gap": Decimal("0.0"), "solved": True} | changes


COST = {"objective": "cost", "sense": "min"}


@pytest.mark.parametrize(
    ("stage", "asked", "holds"),
    [
        (_stage(), "0", True),
        (_stage(sense="min"), "0", False),
        (_stage(value="2.000001"), "0", False),
        (_stage("weighted"), "0", True),
        (_stage(**COST), "0", True),
        (_stage(**COST | {"sense": "max"}), "0", False),
        # without a bound nothing is said of how good it is
        (_stage(bound=None, gap=None, solved=False), "0", True),
        (_stage(bound=None, gap=None, solved=True), "0", False),
        (_stage(bound=None, gap=Decimal(0), solved=False), "0", False),
        (_stage(bound=None, gap=None, solved=False, sense="min"), "0", False),
        # the bound is on the far side of the value, or rounded up to there
        (_stage(bound="2.000001", gap=Decimal("0.0")), "0", True),
        (_stage(bound="1.999999", gap=Decimal("0.0")), "0", False),
        (_stage(bound="1.999998", gap=Decimal("0.000001")), "1", False),
        (_stage(**COST, bound="1.999999", gap=Decimal("0.0")), "0", True),
        (_stage(**COST, bound="2.000001", gap=Decimal("0.0")), "0", False),
        (_stage(**COST, bound="2.000002", gap=Decimal("0.000001")), "1", False),
        (_stage(**COST, bound="1.000000", gap=Decimal("0.5")), "1", True),
        # the gap is the distance over the larger of the two
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=False), "0", True),
        (_stage(bound="4.000000", gap=Decimal("0.500001"), solved=False), "0", True),
        (_stage(bound="4.000000", gap=Decimal("0.499999"), solved=False), "0", True),
        (_stage(bound="4.000000", gap=Decimal("0.500002"), solved=False), "0", False),
        (_stage(bound="4.000000", gap=Decimal("0.499998"), solved=False), "0", False),
        (_stage(exact="-2", bound="-1.000000", gap=Decimal("0.5"), solved=False), "0", True),
        (_stage(exact="-2", bound="2.000000", gap=Decimal("2.0"), solved=False), "0", True),
        # solved is what is within the gap asked for
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=True), "0.5", True),
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=False), "0.5", True),
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=True), "0.499999", True),
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=True), "0.499998", False),
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=False), "0.500001", False),
        (_stage(bound="4.000000", gap=Decimal("0.5"), solved=1), "0.6", False),
        (_stage(solved=False), "0.000001", False),
    ],
    ids=lambda each: None if isinstance(each, bool) else str(each),
)
def test_a_stage_says_what_adds_up(stage: dict[str, Any], asked: str, holds: bool) -> None:
    """Value, bound, gap, sense and whether it is solved fit together."""
    entry = Entry("weighted", 1, ()) if stage["objective"] == "weighted" else single(stage["objective"])
    found = said(bundles._stage(stage, entry, _result(options={"gap": Decimal(asked)}), 0))
    text = f"{stage['objective']}: {stage['value']}, at best {stage['bound']}, gap {stage['gap']}"
    assert found[0][0] is holds
    assert found[0][1] == text if holds else found[0][1].endswith(f", expected what fits: {text}")


SOUGHT = (single("coverage"), single("cost"))


def _told(result: dict[str, Any], report: Report, order: Any = SOUGHT, floor: int | str = 0) -> Said:
    """Returns what is said of the stages of a result."""
    return said(bundles._stages(result, report, order, bundles._pursued(result["stages"], order, Fraction(floor))))


@pytest.mark.parametrize(
    ("stages", "status", "holds"),
    [
        ([_stage(), _stage(**COST)], "optimal", (True, True, True)),
        ([_stage(), _stage(**COST)], "feasible", (True, True, False)),
        ([_stage()], "feasible", (True, True, True)),
        ([_stage()], "optimal", (True, True, False)),
        ([_stage(**COST)], "feasible", (False, True, True)),
        ([_stage(), _stage(**COST, exact="1")], "optimal", (True, False, True)),
        ([_stage(exact="3"), _stage(**COST)], "optimal", (True, True, True)),
        ([_stage(), _stage(**COST, solved=1)], "optimal", (True, True, False)),
        ([_stage(solved=False), _stage(**COST)], "feasible", (True, True, True)),
    ],
)
def test_stages_are_the_scenario_s(stages: list[Any], status: str, holds: tuple[bool, bool, bool]) -> None:
    """In its order, from the first; the last leaves the portfolio where it says; optimal is all of them solved."""
    found = _told(_result(stages=stages, status=status), report(coverage=2, cost=2))
    assert found[0] == (
        holds[0],
        f"objectives are pursued in the scenario's order: {', '.join(each['objective'] for each in stages)}",
    )
    assert [text.rpartition("expected what fits: ")[2] for _, text in found[1:-2]] == [
        f"{each['objective']}: {each['value']}, at best {each['bound']}, gap {each['gap']}" for each in stages
    ]
    last = stages[-1]
    text = f"{last['objective']} reaches {last['exact']}"
    other = {"optimal": "feasible", "feasible": "optimal"}[status]
    assert found[-2:] == [
        (holds[1], text if holds[1] else f"says {text}, expected 2"),
        (holds[2], f"the result is called {status}" if holds[2] else f"says {status}, expected {other}"),
    ]


def test_no_stage_at_all_is_none_of_the_scenario_s() -> None:
    """Nothing was sought, so nothing is optimal."""
    assert _told(_result(stages=[], status="feasible"), report()) == [
        (False, "objectives are pursued in the scenario's order: "),
        (True, "the result is called feasible"),
    ]


CLOSED = [
    _stage(),
    _stage(**COST),
    _stage(closing=True),
    _stage("waiting", "7", sense="min", closing=True),
]


def test_what_is_pursued_once_more_is_told_apart() -> None:
    """After the order, coverage and then waiting; the last leaves the portfolio where it says."""
    figures = report(coverage=2, cost=2, waiting=7)
    found = _told(_result(stages=CLOSED, status="optimal"), figures)
    assert all(ok for ok, _ in found)
    assert found[0][1] == "objectives are pursued in the scenario's order: coverage, cost, coverage, waiting"
    assert found[-2] == (True, "waiting reaches 7")
    assert all(ok for ok, _ in _told(_result(stages=CLOSED[:3], status="optimal"), figures))
    assert _told(_result(stages=[*CLOSED[:2], CLOSED[3]], status="optimal"), figures)[0] == (
        False,
        "objectives are pursued in the scenario's order: coverage, cost, waiting",
    )
    assert _told(_result(stages=[*CLOSED, _stage(closing=True)], status="optimal"), figures)[0][0] is False
    late = [*CLOSED[:3], CLOSED[3] | {"bound": None, "gap": None, "solved": False}]
    assert _told(_result(stages=late, status="optimal"), figures)[-1] == (False, "says optimal, expected feasible")


@pytest.mark.parametrize(("at", "closing"), [(0, True), (2, False), (2, 1), (3, None)])
def test_closing_is_what_comes_after_the_order(at: int, closing: object) -> None:
    """No entry of the order closes, and whatever comes after it does."""
    stages = [each | ({"closing": closing} if number == at else {}) for number, each in enumerate(CLOSED)]
    found = bundles._stages(
        _result(stages=stages, status="optimal"),
        report(coverage=2, cost=2, waiting=7),
        SOUGHT,
        bundles._pursued(stages, SOUGHT, Fraction(0)),
    )
    wrong = [(each.where, each.text) for each in found if not each.ok]
    assert wrong == [(f"result.json: stages[{at}].closing", f"says {closing}, expected {at > 1}")]


@pytest.mark.parametrize(
    ("gap", "floor", "holds"),
    [("0.2", 0, True), ("0.5", 6, True), ("0.2", 6, False), ("0.5", 0, False)],
)
def test_a_gap_of_waiting_is_of_what_is_above_its_floor(gap: str, floor: int, holds: bool) -> None:
    """Of 10, where 8 may be possible: a fifth of all, and half of the 4 above 6."""
    stage = _stage("waiting", "10", sense="min", bound="8.000000", gap=Decimal(gap), solved=False)
    found = _told(_result(stages=[stage], status="feasible"), report(waiting=10), (single("waiting"),), floor)
    assert found[1][0] is holds


def test_how_much_later_entries_may_take() -> None:
    """A share of the value, of what is above a floor, or an amount."""
    assert single("cost", "0.1").level(Fraction(10)) == 11
    assert single("coverage", "0.1").level(Fraction(10)) == 9
    assert Entry("coverage", 1, (), Fraction(0), Fraction(3)).level(Fraction(10)) == 7
    assert Entry("turnover", -1, (), Fraction(0), Fraction(3)).level(Fraction(0)) == 3
    assert Entry("waiting", -1, (), Fraction(1, 4), None, Fraction(6)).level(Fraction(10)) == 11
    (waiting,) = bundles._pursued([_stage("waiting")], (single("waiting", "0.25"),), Fraction(6))
    assert waiting == Entry("waiting", -1, (("waiting", Fraction(1)),), Fraction(1, 4), None, Fraction(6))
    again, unknown = bundles._pursued([_stage("cost"), _stage("luck")], (single("coverage", "0.25"),), Fraction(6))
    assert (again, unknown) == (single("cost"), Entry("luck", 1, ()))


def _order_of(order: Any, weights: Any = None) -> tuple[Entry, ...]:
    return order_of({"objectives": {"weights": weights, "order": order}})


def test_what_is_pursued_and_how_much_later_entries_may_take() -> None:
    """The scenario's order, the default where it names none, or one weighted sum."""
    bare: dict[str, Any] = {"objective": None, "blend": None, "tolerance": Decimal(0), "tolerance_amount": None}
    share, amount = (
        bare | {"objective": "cost"} | each for each in ({"tolerance": Decimal("0.5")}, {"tolerance_amount": 3})
    )
    parts = [{"objective": "cost", "weight": Decimal("10.0")}, {"objective": "swings", "weight": Decimal("0.50")}]
    mixed = bare | {"blend": parts, "tolerance": Decimal("0.02")}
    one = (("cost", Fraction(1)),)
    assert _order_of([share, amount, mixed]) == (
        Entry("cost", -1, one, Fraction(1, 2)),
        Entry("cost", -1, one, amount=Fraction(3)),
        Entry("10 cost + 0.5 swings", -1, (("cost", Fraction(10)), ("swings", Fraction(1, 2))), Fraction(1, 50)),
    )
    assert _order_of([mixed | {"tolerance_amount": 3}])[0].amount == 3
    assert _order_of(None) == DEFAULT_ORDER
    weights = [{"objective": "coverage", "weight": Decimal("0.5")}, {"objective": "cost", "weight": 3}]
    assert _order_of([share], weights) == (
        Entry("weighted", 1, (("coverage", Fraction(1, 2)), ("cost", Fraction(-3)))),
    )


def test_an_entry_is_found_by_its_name() -> None:
    """In the order; else the objective of that name; a weighted sum only where the scenario has one."""
    mixed = blend({"fit": 1, "firmness": Decimal("2.5")})
    assert (mixed.name, mixed.sense) == ("fit + 2.5 firmness", 1)
    order = (single("cost", "0.1"), mixed)
    assert [entry_named(order, name) for name in ("cost", "fit + 2.5 firmness", "fit")] == [*order, single("fit")]
    with pytest.raises(ValueError, match=r"^no objective 'luck'$"):
        entry_named(order, "luck")
    with pytest.raises(ValueError, match=r"^the scenario weighs no objectives$"):
        entry_named(order, "weighted")


def test_the_figure_of_a_blend() -> None:
    """Each figure times its weight; none where one of them has none."""
    figures = report(coverage=5, cost=2).figures
    assert (
        Entry("weighted", 1, (("coverage", Fraction(1, 2)), ("cost", Fraction(-3)))).figure(figures)
        == Fraction(5, 2) - 6
    )
    assert single("coverage").figure(figures) == 5
    assert blend({"cost": 1, "swings": 1}).figure(figures) is None
    assert Entry("luck", 1, ()).figure(figures) is None


# Bounds


def _proven(objective: str, bound: int | str, **kept: int | str) -> Proven:
    sense = {"cost": -1, "engagements": -1}.get(objective, 1)
    return Proven(objective, sense, Fraction(bound), {name: Fraction(level) for name, level in kept.items()})


def test_bounds_are_proven_or_a_solver_s_word() -> None:
    """What prices prove of each stage, what is left to a solver, and what later stages must keep."""
    stages = [_stage("coverage", "2"), _stage(**COST, exact="10", bound="8.000000")]
    proofs = (_proven("coverage", 3), _proven("cost", 7, coverage="3/2"))
    order = (single("coverage", "0.25"), single("cost", "0.1"))
    found = bundles._bounds(_result(stages=stages), report(coverage="3/2", cost=11), proofs, order, [*order])
    assert said(found) == [
        (True, "coverage: earlier objectives are kept as far as they must be"),
        (True, "coverage: no portfolio has more than 3: proven by its prices"),
        (True, "*coverage: from there to 2.000000 the word of ortools 2"),
        (True, "the portfolio keeps coverage at 1.500000..."),
        (True, "cost: earlier objectives are kept as far as they must be"),
        (True, "cost: no portfolio that keeps coverage at least 1.500000... has less than 7: proven by its prices"),
        (True, "*cost: from there to 8.000000 the word of ortools 2"),
        (True, "the portfolio keeps cost at 11"),
    ]


def test_bounds_without_proof_are_a_solver_s_word() -> None:
    """What is not known of a stage is nobody's word; the portfolio keeps earlier objectives all the same."""
    stages = [_stage("coverage", "2"), _stage(**COST, exact="10", bound=None), _stage("fit")]
    pursued = [single("coverage", "0.25"), single("cost"), single("fit")]
    assert said(bundles._words(_result(stages=stages), report(coverage="3/2", cost=11), pursued)) == [
        (True, "*coverage: that nothing passes 2.000000 is the word of ortools 2"),
        (True, "the portfolio keeps coverage at 1.500000..."),
        (False, "the portfolio keeps cost at 10"),
        (True, "*fit: that nothing passes 2.000000 is the word of ortools 2"),
    ]


def test_what_later_stages_took_too_much_of_is_told() -> None:
    """A portfolio past a level, and a proof that keeps another level, prove nothing."""
    stages = [_stage("cost", "10", sense="min"), _stage("coverage", "2")]
    proofs = (_proven("cost", 10), _proven("coverage", 2, cost=10))
    order = (single("cost", "0.1"), single("coverage"))
    found = said(bundles._bounds(_result(stages=stages), report(coverage="1.9", cost=12), proofs, order, [*order]))
    assert [text for ok, text in found if not ok] == [
        "the portfolio keeps cost at 11",
        "coverage: earlier objectives are kept as far as they must be",
        "the portfolio keeps coverage at 2",
    ]
    assert (True, "coverage: no portfolio that keeps cost at most 10 has more than 2: proven by its prices") in found


def test_a_certificate_of_other_stages_proves_nothing() -> None:
    """Nothing more is looked at."""
    stages, proofs = [_stage("cost")], (_proven("coverage", 3),)
    found = said(bundles._bounds(_result(stages=stages), report(), proofs, (), [single("cost")]))
    assert found == [(False, "the certificate is about ['coverage'], the result about ['cost']")]


def test_an_objective_without_a_figure_is_kept_by_nothing() -> None:
    """What has no figure is told elsewhere; nothing asks what the portfolio keeps of it."""
    order = (Entry("weighted", 1, (("luck", Fraction(1)),)),)
    stages = _result(stages=[_stage("weighted")])
    assert said(bundles._bounds(stages, report(), (_proven("weighted", 2),), order, [*order])) == [
        (True, "weighted: earlier objectives are kept as far as they must be"),
        (True, "weighted: no portfolio has more than 2: proven by its prices"),
    ]


@pytest.mark.parametrize(
    ("stage", "proof", "findings"),
    [
        (_stage(), _proven("coverage", 2), ["coverage: no portfolio has more than 2: proven by its prices"]),
        (_stage(), _proven("coverage", 1), ["!coverage: 2 passes what its prices prove, 1"]),
        (_stage(**COST), _proven("cost", 3), ["!cost: 2 passes what its prices prove, 3"]),
        (_stage(**COST), _proven("cost", 2), ["cost: no portfolio has less than 2: proven by its prices"]),
        (
            _stage(bound=None),
            _proven("coverage", "2.5"),
            ["coverage: no portfolio has more than 2.500000...: proven by its prices"],
        ),
        (
            _stage(),
            _proven("coverage", "2.000001"),
            ["coverage: no portfolio has more than 2.000001...: proven by its prices"],
        ),
        (
            _stage(),
            _proven("coverage", "2.000002"),
            [
                "coverage: no portfolio has more than 2.000002...: proven by its prices",
                "*coverage: from there to 2.000000 the word of S",
            ],
        ),
        (
            _stage(),
            _proven("coverage", 10**12, cost=10**11, engagements="1/3"),
            [
                "coverage: no portfolio that keeps cost at most 100000000000 and engagements at most 0.333333..."
                " has more than 1000000000000.000000...: proven by its prices",
                "*coverage: from there to 2.000000 the word of S",
            ],
        ),
    ],
)
def test_what_prices_prove_of_one_bound(stage: dict[str, Any], proof: Proven, findings: list[str]) -> None:
    """A value that passes its proof is false; a bound within rounding of it is proven; a tighter one is a word."""
    found = [text if ok else f"!{text}" for ok, text in said(bundles._bound(stage, proof, (), "S"))]
    assert found == findings


def test_only_a_claim_that_none_exists_can_be_refuted() -> None:
    """That none was found is no such claim."""
    assert list(bundles._refuted({}, {}, _result(status="no_portfolio"))) == []


# A result as a whole


WAITS = changed(TINY, offers__team__capacity=45, needs__K__weight=0)
"""Of N and M, 60 and 10 must wait for 2021, and 20 of N for 2022: one need-year in any plan, and eight in none."""
BLEND = "cost + 2 at_risk + 0.5 dependence + 0.5 swings"
VALUES = {"completions": 0, "late_completions": 0, "coverage": 0, "worst_off": 0, "turnover": 0, "waiting": 8, BLEND: 0}
KEPT = VALUES | {"waiting": Fraction(87, 10)}
"""A tenth of what is above one need-year may be given up."""


def _pursuit(name: str, closing: bool) -> dict[str, Any]:
    value, sense = VALUES[name], "max" if name in [*VALUES][:4] else "min"
    exact = {"objective": name, "exact": str(value), "value": f"{value}.000000", "sense": sense}
    return exact | {"bound": None, "gap": None, "solved": False, "closing": closing}


def _documents(**kept: str) -> dict[str, dict[str, Any]]:
    """Returns scenario, result, bundle and certificate of the plan to do nothing."""
    model = Scenario.from_data(WAITS)
    names = {"scenario": "tiny", "scenario_hash": scenario_hash(model)}
    portfolio = {**names, "flows": [], "engagements": []}
    figures = verify(model, portfolio).figures
    stated = {name: f"{value}" for name, value in figures.items()}
    order = [*VALUES, "coverage", "waiting"]
    levels: dict[str, str] = {}
    proofs = []
    for at, name in enumerate(order):
        proofs.append({"objective": name, "kept": dict(levels), "kept_prices": {}, "prices": {}})
        levels[name] = kept.get(name, str(KEPT[name])) if at < len(VALUES) else str(VALUES[name])
    versions = {"version": "1", "solver": "ortools 2", "options": {"gap": Decimal(0), "time_limit": None}}
    ended = {"status": "feasible", "stopped_by": "work", "stopped_how": None, "repeatable": True}
    listed = [{"objective": name, "exact": value, "value": f"{value}.000000"} for name, value in stated.items()]
    result = {**names, **versions, **ended, "conflicts": [], "confirmed_by": None, "portfolio": portfolio}
    result |= {"partnerships": [], "figures": listed}
    result["stages"] = [_pursuit(name, at >= len(VALUES)) for at, name in enumerate(order)]
    bundle = {"options": versions["options"], "versions": {"matcher": "1", "ortools": "2"}}
    bundle["check"] = {"ok": True, "figures": stated}
    certificate = {"certificate": 1, "stages": proofs}
    return {"scenario": completed(WAITS), "result": result, "bundle": bundle, "certificate": certificate}


def test_an_honest_result_of_the_default_order_is_verified() -> None:
    """Entries, a blend among them, are kept at what they may give up, and coverage and waiting are closed."""
    found = said(bundles._checked((), _documents()).findings)
    assert [text for ok, text in found if not ok] == []
    texts = [text for _, text in found]
    assert "the portfolio keeps waiting at 8.700000..." in texts
    assert texts[-1] == "the portfolio keeps waiting at 8"
    assert f"objectives are pursued in the scenario's order: {', '.join([*VALUES, 'coverage', 'waiting'])}" in texts
    (closed,) = (text for text in texts if text.startswith("waiting: no portfolio") and BLEND in text)
    assert closed == (
        "waiting: no portfolio that keeps completions at least 0 and late_completions at least 0"
        " and coverage at least 0 and worst_off at least 0 and turnover at most 0 and waiting at most 8.700000..."
        f" and {BLEND} at most 0 has less than 1: proven by its prices"
    )


def test_what_waits_in_any_plan_may_not_be_given_up() -> None:
    """A tenth of all 8 would be another level: later stages that keep it prove nothing."""
    (wrong, again, last) = (each for each in bundles._checked((), _documents(waiting="44/5")).findings if not each.ok)
    assert [each.where for each in (wrong, again, last)] == [f"certificate.json: stages[{at}].kept" for at in (6, 7, 8)]


def test_a_result_apart_from_a_certificate_keeps_its_levels() -> None:
    """What is kept is counted without any proof too."""
    documents = _documents()
    found = verify_result(documents["scenario"], documents["result"])
    assert found.ok
    assert "the portfolio keeps waiting at 8.700000..." in [each.text for each in found.findings]
