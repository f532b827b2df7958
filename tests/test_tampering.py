"""Falsified runs: whatever is changed, with or without a manifest made to fit, `matcher verify` names it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import matcher
import matcher.verification as verification
from matcher.cli import run
from matcher.cli.exits import Exit
from matcher.engine.conflicts import Infeasibility
from matcher.io import canonical_json, load
from matcher.portfolio.result import Result
from matcher.runs import impossibility
from matcher.runs.files import run_files
from matcher.runs.reading import read_run
from matcher.verification.bundle import lines_of
from matcher.verification.documents import canonical_hash, read_document

TINY = Path(__file__).parent.parent / "scenarios" / "tiny"
SCENARIOS = sorted(path for path in TINY.glob("*.yaml") if not path.name.endswith(".expected.yaml"))
RESULT = "result.json"
Change = Callable[[Any], object]


def solved(folder: Path, scenario: str, *options: str) -> Path:
    """Solves a tiny scenario into a folder."""
    code = run(["solve", str(TINY / f"{scenario}.yaml"), "-o", str(folder), "--quiet", *options])
    assert code in (Exit.DONE, Exit.INFEASIBLE)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without proof, of several partnerships."""
    return solved(tmp_path_factory.mktemp("runs") / "race", "completion-race")


@pytest.fixture
def saved(written: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(written, tmp_path / "run"))


def fit(folder: Path) -> None:
    """Makes the manifest list whatever the folder holds."""
    data = {each.name: each.read_bytes() for each in folder.iterdir() if each.name != "manifest.json"}
    files = {name: {"bytes": len(each), "sha256": hashlib.sha256(each).hexdigest()} for name, each in data.items()}
    (folder / "manifest.json").write_text(canonical_json({"manifest": 1, "files": files}), encoding="utf-8")


def field(*path: str | int, value: object = None) -> Change:
    """A change of one field of a document; of a number or text without a value, to another one."""

    def change(document: Any) -> None:
        *parents, last = path
        for part in parents:
            document = document[part]
        was = document[last]
        document[last] = value if value is not None else was + 1

    return change


def drop(*path: str | int) -> Change:
    """A change that takes an entry out."""

    def change(document: Any) -> None:
        *parents, last = path
        for part in parents:
            document = document[part]
        del document[last]

    return change


PARTNERSHIP = ("partnerships", 0)
TAMPERED: list[tuple[str, Change, str]] = [
    (RESULT, field("figures", 0, "exact", value="99"), "result.json: figures[0].exact"),
    (RESULT, field("figures", 0, "value", value="99.000000"), "result.json: figures[0].value"),
    (RESULT, field("figures", 0, "objective", value="luck"), "result.json: figures[0].objective"),
    (RESULT, drop("figures", 6), "result.json: figures"),
    (RESULT, field("scenario", value="other"), "result.json: scenario"),
    (RESULT, field("stages", 0, "bound", value="0.000000"), "result.json: stages[0].bound"),
    (RESULT, field("stages", 0, "bound", value="2.000000"), "result.json: stages[0].gap"),
    (RESULT, field("stages", 4, "bound", value="7000.000000"), "result.json: stages[4].bound"),
    (RESULT, field("stages", 0, "gap", value=0.5), "result.json: stages[0].gap"),
    (RESULT, field("stages", 0, "value", value="2.000000"), "result.json: stages[0].value"),
    (RESULT, field("stages", 0, "sense", value="min"), "result.json: stages[0].sense"),
    (RESULT, field("stages", 0, "solved", value=False), "result.json: stages[0].solved"),
    (RESULT, drop("stages", 0), "result.json: stages"),
    (RESULT, field("stages", 0, "objective", value="luck"), "result.json: stages"),
    (RESULT, field("status", value="feasible"), "result.json: status"),
    (RESULT, field("stopped_by", value="work"), "result.json: stopped_by"),
    (RESULT, field("stopped_how", value="the power went"), "result.json: stopped_how"),
    (RESULT, field("repeatable", value=False), "result.json: repeatable"),
    (RESULT, field("confirmed_by", value="scip"), "result.json: confirmed_by"),
    (RESULT, lambda result: result.update(luck=1), "result.json: luck"),
    (RESULT, field("options", "gap", value=0.5), "summary.md: line"),
    (RESULT, field("version", value="99"), "summary.md: line"),
    (RESULT, field("portfolio", "flows", 0, "money"), "rule 0 (option)"),
    (RESULT, field("portfolio", "flows", 0, "quantity"), "rule 0 (option)"),
    (RESULT, drop("portfolio", "flows", 0), "result.json: figures[2].exact"),
    (RESULT, drop("portfolio", "engagements", 0), "rule 6 (engagement)"),
    (RESULT, field("portfolio", "engagements", 0, "years", 1, value=2019), "rule "),
    (RESULT, field(*PARTNERSHIP, "money"), "result.json: partnerships[0].money"),
    (RESULT, field(*PARTNERSHIP, "targets", 0, "quantity"), "result.json: partnerships[0].targets"),
    (RESULT, field(*PARTNERSHIP, "targets", 0, "by"), "result.json: partnerships[0].targets"),
    (RESULT, field(*PARTNERSHIP, "years", value=[2015, 2016]), "result.json: partnerships[0].years"),
    (RESULT, field(*PARTNERSHIP, "breaks", value=[[2016, 2016]]), "result.json: partnerships[0].breaks"),
    (RESULT, field(*PARTNERSHIP, "commitments", 0, "amounts", 0, "amount"), "result.json: partnerships[0].commitments"),
    (RESULT, field(*PARTNERSHIP, "id", value="SEN-DEU"), "result.json: partnerships[0].id"),
    (RESULT, field(*PARTNERSHIP, "state", value="NOWHERE"), "result.json: partnerships"),
    (RESULT, drop(*PARTNERSHIP, "responsibilities", 0), "result.json: partnerships[0].responsibilities"),
    (RESULT, field(*PARTNERSHIP, "missing", value=[]), "result.json: partnerships[0].missing"),
    (RESULT, drop("partnerships", 0), "result.json: partnerships"),
    ("scenario.resolved.json", field("states", "SEN", "weight"), "result.json: scenario_hash: says "),
    ("portfolio.csv", lambda lines: lines.pop(), "portfolio.csv"),
    ("portfolio.csv", lambda lines: lines.insert(1, lines[1]), "portfolio.csv"),
    ("portfolio.csv", lambda lines: lines.append(lines.pop().replace("2016", "2015")), "portfolio.csv: line 4, year"),
    ("portfolio.csv", lambda lines: lines.append(lines.pop().replace("1", "9")), "portfolio.csv"),
    ("summary.md", lambda lines: lines.append(lines.pop().replace("1", "2")), "summary.md: line"),
    ("partnerships.md", lambda lines: lines.append(lines.pop() + " or not"), "partnerships.md: line"),
]


def spoil(folder: Path, name: str, change: Change) -> None:
    """Changes one file of a run: a document, or a paper or table as lines."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    if name.endswith(".json"):
        document = json.loads(text)
        change(document)
        changed = canonical_json(document)
    else:
        lines = text.splitlines()
        change(lines)
        changed = "\n".join(lines) + "\n"
    assert changed != text
    path.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "change", "said"), TAMPERED, ids=[f"{at:02}-{name}" for at, (name, _, _) in enumerate(TAMPERED)]
)
def test_a_falsified_run_is_found_by_its_claims(
    saved: Path, name: str, change: Change, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the file that it is, and, once the manifest is made to fit, by what it claims, with file and field."""
    spoil(saved, name, change)
    capsys.readouterr()
    assert run(["verify", str(saved)]) == Exit.FAILED
    assert f"FAILED {name} is not the file that the manifest lists" in capsys.readouterr().out
    fit(saved)
    assert run(["verify", str(saved)]) == Exit.FAILED
    out = capsys.readouterr().out
    assert out.startswith("not verified: ")
    assert said in out, out
    assert run(["verify", str(saved), "--json"]) == Exit.FAILED
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_a_scenario_that_no_reader_takes_is_told(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where every hash is made to fit it."""
    spoil(saved, "scenario.resolved.json", field("title", value=5))
    digest = canonical_hash(read_document(saved / "scenario.resolved.json"))
    spoil(saved, RESULT, field("scenario_hash", value=digest))
    spoil(saved, RESULT, field("portfolio", "scenario_hash", value=digest))
    fit(saved)
    capsys.readouterr()
    assert run(["verify", str(saved)]) == Exit.FAILED
    assert "FAILED scenario.resolved.json: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            RESULT,
            lambda result: result.update(partnerships=None),
            "result.json: partnerships: says nothing (null), expected ",
        ),
        (RESULT, field("stages", 0, "gap", value="wide"), "result.json: stages[0].gap: says 'wide', expected "),
        (RESULT, field("status", value="feasible"), "result.json: status: says feasible, expected optimal"),
        (RESULT, field("repeatable", value=False), "result.json: repeatable: says False, expected True"),
        (RESULT, field("figures", 0, "exact", value="99"), "result.json: figures[0].exact: says 99, expected 1"),
    ],
)
def test_a_fault_is_told_as_what_is_said_and_expected(
    saved: Path, name: str, change: Change, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file and the field, in no words of a programming language."""
    spoil(saved, name, change)
    fit(saved)
    capsys.readouterr()
    assert run(["verify", str(saved)]) == Exit.FAILED
    out = capsys.readouterr().out
    assert said in out
    assert "object" not in out


def test_an_amount_that_is_no_whole_number_is_told_by_its_place(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It means the same and has the same hash; no reader takes it, and the checker alone names the file."""
    path = saved / "scenario.resolved.json"
    offers = json.loads(path.read_text(encoding="utf-8"))["offers"]
    offer, amount = next((key, each["amount"]) for key, each in offers.items() if "amount" in each)
    spoil(saved, path.name, field("offers", offer, "amount", value=float(amount)))
    fit(saved)
    capsys.readouterr()
    assert run(["verify", str(saved)]) == Exit.FAILED
    assert (
        f"FAILED scenario.resolved.json: offers.{offer}.amount: says {amount}.0, expected a" in capsys.readouterr().out
    )
    found = verification.verify_run(saved).findings[-1]
    assert (found.ok, found.where) == (False, "scenario.resolved.json: the whole file")


def test_a_table_that_is_no_text_is_told_by_its_name(saved: Path) -> None:
    """All else makes sense without it."""
    (saved / "portfolio.csv").write_bytes(b"\xff")
    fit(saved)
    assert [each.where for each in matcher.verify_run(saved).findings if not each.ok] == [
        "portfolio.csv: the whole file"
    ]


def _without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _unlisted(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"]["summary.md"]
    (folder / "manifest.json").write_text(canonical_json(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said", "once_it_fits"),
    [
        (_without("manifest.json"), "manifest.json cannot be read", None),
        (_unlisted, "summary.md is not listed in the manifest", None),
        (lambda folder: (folder / "notes.txt").write_text("x"), "notes.txt is not listed", "notes.txt is no file of"),
        (_without("summary.md"), "summary.md is not there", "summary.md is not there: a run of this kind has it"),
        (_without("log.txt"), "log.txt is not there", "log.txt is not there: a run of this kind has it"),
        (_without("portfolio.csv"), "portfolio.csv is not there", "portfolio.csv is not there: a run of this kind"),
        (_without(RESULT), "result.json is not there", "result.json is no part of this folder"),
    ],
)
def test_files_are_those_of_a_run(
    saved: Path,
    change: Callable[[Path], object],
    said: str,
    once_it_fits: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No file less and none more, whatever the manifest lists."""
    change(saved)
    capsys.readouterr()
    assert run(["verify", str(saved)]) == Exit.FAILED
    assert said in capsys.readouterr().out
    if once_it_fits is not None:
        fit(saved)
        assert run(["verify", str(saved)]) == Exit.FAILED
        assert once_it_fits in capsys.readouterr().out


@pytest.mark.parametrize("name", ["log.txt", "timings.json"])
def test_log_and_timings_make_no_claims(saved: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The manifest holds them; beyond it nothing can be counted again, as no two runs have the same."""
    (saved / name).write_text("{}\n", encoding="utf-8")
    assert run(["verify", str(saved)]) == Exit.FAILED
    assert f"{name} is not the file that the manifest lists" in capsys.readouterr().out
    fit(saved)
    assert run(["verify", str(saved)]) == Exit.DONE


@pytest.mark.parametrize("options", [(), ("--bundle",)], ids=["run", "bundle"])
@pytest.mark.parametrize("scenario", [path.stem for path in SCENARIOS])
def test_an_honest_run_is_verified(tmp_path: Path, scenario: str, options: tuple[str, ...]) -> None:
    """Nothing is alleged of what a solve wrote, with proof or without, with a portfolio or without."""
    assert run(["verify", str(solved(tmp_path / "run", scenario, *options))]) == Exit.DONE


AGREED = {"financier": "SWE-money", "implementer": "MAG-teams", "need": "COD-clearance", "year": 2015, "quantity": 3}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that proves that no portfolio exists, by a commitment and a budget."""
    return solved(tmp_path_factory.mktemp("runs") / "none", "infeasible-commitment")


def rewrite(folder: Path) -> None:
    """Writes the papers of a run again from its documents, as a forger would, and makes the manifest fit."""
    scenario = load(folder / "scenario.resolved.json")
    result = Result.model_validate_json((folder / RESULT).read_bytes())
    for name, text in run_files(scenario, result, "").items():
        (folder / name).write_text(text, encoding="utf-8")
    if result.portfolio is None:
        for name in ("partnerships.md", "portfolio.csv"):
            (folder / name).unlink(missing_ok=True)
    fit(folder)


def emptied(result: Any, *conflicts: dict[str, object]) -> None:
    """Claims of a solved scenario that it has no portfolio."""
    result.update(status="infeasible", portfolio=None, figures=[], stages=[], partnerships=[])
    result.update(confirmed_by="highs", conflicts=list(conflicts), stopped_by="gap", repeatable=True)


INVENTED = {"reason": "budget", "subjects": ["no-such-offer", "2031"], "figures": {"money": 0}}


def test_an_invented_impossibility_is_found(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is agreed, the empty portfolio keeps every rule, as the checker alone finds."""
    spoil(saved, RESULT, lambda result: emptied(result, INVENTED))
    rewrite(saved)
    capsys.readouterr()
    assert run(["verify", str(saved)]) == Exit.FAILED
    out = capsys.readouterr().out
    assert out.startswith("not verified: ")
    assert "result.json: status: says infeasible, but the empty portfolio keeps every rule" in out
    assert not verification.verify_run(saved).ok


def test_an_invented_impossibility_of_what_is_agreed_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where something is agreed, the engine finds a portfolio; the checker alone calls it unproven."""
    scenario = load(TINY / "infeasible-commitment.yaml").model_dump(mode="json")
    scenario["offers"]["SWE-money"]["amount"] = 4000
    (tmp_path / "enough.json").write_text(json.dumps(scenario), encoding="utf-8")
    folder = tmp_path / "run"
    assert run(["solve", str(tmp_path / "enough.json"), "-o", str(folder), "--quiet"]) == Exit.DONE
    figures = {"quantity": 3, "unit": "km2"}
    subjects = [str(AGREED[each]) for each in ("financier", "implementer", "need", "year")]
    spoil(folder, RESULT, lambda result: emptied(result, dict(reason="commitment", subjects=subjects, figures=figures)))
    rewrite(folder)
    capsys.readouterr()
    assert run(["verify", str(folder)]) == Exit.FAILED
    assert "FAILED result.json: status: says infeasible, but a portfolio exists" in capsys.readouterr().out
    lines = lines_of(verification.verify_run(folder))
    assert lines[-1] == "not proven: 5 checks hold, but that no portfolio exists is a solver's word alone"


BUDGET = {
    "reason": "budget",
    "subjects": ["SWE-money", "2016"],
    "figures": {"money": 2000},
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop("conflicts", 0), "result.json: conflicts: says budget: SWE-money, 2015, expected commitment_too_large"),
        (drop("conflicts", 1), "result.json: conflicts: says commitment_too_large: SWE-money, MAG-teams, COD"),
        (lambda result: result["conflicts"].append(BUDGET), "result.json: conflicts: says commitment_too_large"),
        (lambda result: result["conflicts"].append(INVENTED), "result.json: conflicts[2]: says 'budget: no-such"),
        (
            field("conflicts", 1, "figures", value={"money": 0}),
            "conflicts[1]: says {'figures': {'money': 0}}, expected",
        ),
        (field("conflicts", 1, "subjects", value=["SWE-money", "2019"]), "conflicts[1]: says 'budget: SWE-money, 20"),
        (field("conflicts", 1, "reason", value="luck"), "result.json: conflicts[1]: says 'luck: SWE-money, 2015'"),
        (field("confirmed_by", value="highs"), "result.json: confirmed_by: says highs, expected arithmetic"),
    ],
)
def test_why_there_is_no_portfolio_is_sought_again(
    without: Path, tmp_path: Path, change: Change, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The honest claim comes out the same and rests on nobody's word; any other is told, also in papers that fit it."""
    folder = Path(shutil.copytree(without, tmp_path / "run"))
    capsys.readouterr()
    assert run(["verify", str(folder)]) == Exit.DONE
    out = capsys.readouterr().out
    assert out.startswith("verified: there is no portfolio, ")
    assert "word" not in out
    spoil(folder, RESULT, change)
    rewrite(folder)
    assert run(["verify", str(folder)]) == Exit.FAILED
    assert said in capsys.readouterr().out


def test_findings_beyond_the_checkers_are_in_the_language_asked_for(without: Path, tmp_path: Path) -> None:
    """Of a run, of one whose conflict has another figure, and of one without a manifest."""
    folder = Path(shutil.copytree(without, tmp_path / "run"))
    english, french = (
        " ".join(each.text for each in matcher.verify_run(folder, code).findings) for code in ("en", "fr")
    )
    assert "no portfolio exists: the same conflicts come out again, confirmed by arithmetic" in english
    assert "les mêmes conflits sont retrouvés, confirmés par arithmetic" in french
    spoil(folder, RESULT, field("conflicts", 1, "figures", value={"money": 0}))
    rewrite(folder)
    (wrong,) = (each for each in matcher.verify_run(folder, "fr").findings if not each.ok)
    assert wrong.text.startswith("indique {'figures': {'money': 0}}, attendu {'figures': {'money': ")
    (folder / "manifest.json").unlink()
    warned: list[str] = []
    read_run(folder, warned.append, language="fr")
    assert [each.partition(" : ")[2].split(" : ")[0] for each in warned] == ["pas de manifeste"]


def test_only_what_can_confirm_is_named(without: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another engine than those that confirm is no confirmation, also for the checker alone."""
    folder = Path(shutil.copytree(without, tmp_path / "run"))
    spoil(folder, RESULT, field("confirmed_by", value="cplex"))
    fit(folder)
    capsys.readouterr()
    assert run(["verify", str(folder)]) == Exit.FAILED
    assert "FAILED result.json: confirmed_by: " in capsys.readouterr().out
    assert [each.where for each in verification.verify_run(folder).findings if not each.ok] == [
        "result.json: confirmed_by"
    ]


def test_what_cannot_be_sought_again_is_a_word(
    without: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no engine comes to a proof, the verdict does not begin with 'verified'; a clock may have cut the set."""
    folder = Path(shutil.copytree(without, tmp_path / "run"))
    with monkeypatch.context() as patched:
        patched.setattr(impossibility, "why_infeasible", lambda *_: Infeasibility((), None))
        assert run(["verify", str(folder)]) == Exit.DONE
    out = capsys.readouterr().out
    assert out.startswith("not proven: ")
    assert "no engine came to a proof here" in out

    def hurried(result: Any) -> None:
        result["options"]["time_limit"] = 5.0
        result.update(repeatable=False)
        del result["conflicts"][1]

    spoil(folder, RESULT, hurried)
    rewrite(folder)
    assert run(["verify", str(folder)]) == Exit.DONE
    out = capsys.readouterr().out
    assert "conflicts named: 1; that they are a smallest set is the word of ortools" in out


def test_a_second_opinion_that_there_is_none_is_sought_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other engine's reasons are held against the scenario like the first's."""
    folder = solved(tmp_path / "run", "infeasible-commitment", "--second-opinion")
    assert run(["verify", str(folder)]) == Exit.DONE
    spoil(folder, "second_opinion.json", field("result", "conflicts", 1, "figures", value={"money": 0}))
    fit(folder)
    capsys.readouterr()
    assert run(["verify", str(folder)]) == Exit.FAILED
    assert "second_opinion.json: result.conflicts[1]: says {'figures': {'money': 0}}" in capsys.readouterr().out


def test_a_second_opinion_is_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its result must hold, and the comparison must be what the two results give."""
    folder = solved(tmp_path / "run", "completion-race", "--second-opinion")
    assert run(["verify", str(folder)]) == Exit.DONE
    honest = (folder / "second_opinion.json").read_text(encoding="utf-8")
    for change, said in (
        (field("disagreements", value=["x"]), "second_opinion.json: disagreements"),
        (field("engine", value="scip"), "second_opinion.json: engine"),
        (field("result", "figures", 0, "exact", value="99"), "second_opinion.json: result.figures[0].exact"),
        (drop("result", "stages"), "second_opinion.json"),
        (drop("result", "status"), "second_opinion.json: the whole file"),
    ):
        spoil(folder, "second_opinion.json", change)
        fit(folder)
        capsys.readouterr()
        assert run(["verify", str(folder)]) == Exit.FAILED
        assert said in capsys.readouterr().out
        (folder / "second_opinion.json").write_text(honest, encoding="utf-8")


def test_the_checker_alone_finds_what_it_can_count(saved: Path, tmp_path: Path) -> None:
    """With the standard library only: numbers of partnerships and table, but not the words of papers."""
    alone = shutil.copytree(Path(verification.__file__).parent, tmp_path / "matcher" / "verification")
    command = [sys.executable, "-I", "-S", "-W", "error", str(alone), str(saved)]

    def checked() -> subprocess.CompletedProcess[str]:
        fit(saved)
        return subprocess.run(command, capture_output=True, text=True, check=False)

    spoil(saved, "summary.md", lambda lines: lines.append("all is well"))
    done = checked()
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("not checked here, but held by the manifest: the words of papers")
    spoil(saved, RESULT, field(*PARTNERSHIP, "money"))
    spoil(saved, "portfolio.csv", lambda lines: lines.append(lines.pop().replace("2016", "2015")))
    done = checked()
    assert done.returncode == 1
    assert "FAILED result.json: partnerships[0].money" in done.stdout
    assert "FAILED portfolio.csv: line 4, year" in done.stdout


def test_a_result_apart_from_its_run_is_checked_by_its_claims(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named with its scenario, a result is checked as a result, not only as the portfolio in it."""
    both = [str(TINY / "completion-race.yaml"), str(saved / RESULT)]
    assert run(["verify", *both]) == Exit.DONE
    spoil(saved, RESULT, field("figures", 0, "exact", value="99"))
    capsys.readouterr()
    assert run(["verify", *both]) == Exit.FAILED
    assert "FAILED result.json: figures[0].exact" in capsys.readouterr().out


def test_a_service_reads_and_verifies_runs_without_a_command_line(saved: Path) -> None:
    """What is wrong is raised or found, by the library's own errors; what is only odd is handed to who asked."""
    said: list[str] = []
    scenario, result = matcher.read_run(saved, said.append)
    assert (scenario.name, result.status, said) == ("completion-race", "optimal", [])
    assert matcher.verify_run(saved).ok
    (saved / "notes.txt").write_text("x", encoding="utf-8")
    matcher.read_run(saved, said.append)
    assert said == [f"{saved}: notes.txt is not listed in the manifest"]
    spoil(saved, RESULT, drop("status"))
    with pytest.raises(matcher.InvalidOptions, match="is not as it was saved"):
        matcher.read_run(saved, said.append)
    fit(saved)
    with pytest.raises(matcher.InvalidResult, match="status: found nothing; expected the field 'status'"):
        matcher.read_run(saved, said.append)
    assert not matcher.verify_run(saved).ok


READERS: list[list[str]] = [
    ["show", "RUN"],
    ["show", "RUN/result.json"],
    ["explain", "RUN", "--only", "why", "--quiet"],
    ["compare", "RUN", "HONEST"],
    ["compare", "HONEST", "RUN"],
    ["round", "talks", "--from", "RUN", "--quiet"],
    ["solve", str(TINY / "completion-race.yaml"), "--from", "RUN", "-o", "again", "--quiet"],
]


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_who_reads_a_falsified_run_says_so(
    saved: Path,
    written: Path,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A result that is not the one saved is refused by name, and nothing of it is shown."""
    monkeypatch.chdir(tmp_path)
    spoil(saved, RESULT, field("figures", 0, "exact", value="99"))
    capsys.readouterr()
    named = [each.replace("RUN", str(saved)).replace("HONEST", str(written)) for each in arguments]
    assert run(named) == Exit.INVALID
    out, err = capsys.readouterr()
    assert "result.json is not the file that the manifest lists" in err
    assert "is not as it was saved (result.json)" in err
    assert "99" not in out


def test_what_a_reader_does_not_need_is_a_warning(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A note beside the files, a changed paper and a missing manifest are said, and the result is shown."""
    (saved / "notes.txt").write_text("x", encoding="utf-8")
    spoil(saved, "summary.md", lambda lines: lines.append("all is well"))
    capsys.readouterr()
    assert run(["show", str(saved)]) == Exit.DONE
    assert capsys.readouterr().err.splitlines() == [
        f"warning: {saved}: notes.txt is not listed in the manifest",
        f"warning: {saved}: summary.md is not the file that the manifest lists",
    ]
    (saved / "manifest.json").unlink()
    assert run(["show", str(saved)]) == Exit.DONE
    assert "no manifest" in capsys.readouterr().err


def test_a_result_under_another_name_is_told_as_what_it_is(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a manifest it is not listed there; listed and changed, it is refused; without a manifest, that is said."""
    other = saved / "r2.json"
    other.write_bytes((saved / RESULT).read_bytes())
    capsys.readouterr()
    assert run(["show", str(other)]) == Exit.DONE
    assert capsys.readouterr().err == f"warning: {saved}: r2.json is not listed in the manifest\n"
    fit(saved)
    assert run(["show", str(other)]) == Exit.DONE
    assert capsys.readouterr().err == ""
    spoil(saved, "r2.json", field("figures", 0, "exact", value="99"))
    assert run(["show", str(other)]) == Exit.INVALID
    assert "is not as it was saved (r2.json)" in capsys.readouterr().err
    (saved / "manifest.json").write_text("{}", encoding="utf-8")
    assert run(["show", str(other)]) == Exit.INVALID
    assert "is not as it was saved (manifest.json)" in capsys.readouterr().err
    (saved / "manifest.json").unlink()
    assert run(["show", str(other)]) == Exit.DONE
    assert f"{other}: no manifest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"), [("manifest.json", "{}"), ("scenario.resolved.json", "{}")], ids=["manifest", "scenario"]
)
def test_a_broken_manifest_or_scenario_is_refused(
    saved: Path, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reader trusts neither."""
    (saved / name).write_text(text, encoding="utf-8")
    assert run(["show", str(saved)]) == Exit.INVALID
    assert f"is not as it was saved ({name})" in capsys.readouterr().err
