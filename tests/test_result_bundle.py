"""Bundles: all of a result in one folder, that anybody can check with the standard library alone."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import pytest

import matcher.verification as verification
import matcher.verification.bundle as bundles
import matcher.verification.order as pursued
from generators import Seeded, draw_scenario
from matcher.cli import run
from matcher.cli.exits import Exit
from matcher.engine.certificates import certify
from matcher.engine.solving import solve
from matcher.io import canonical_json, scenario_document
from matcher.portfolio.result import SolveOptions
from matcher.scenario import DEFAULT_ORDER, Scenario
from matcher.scenario.decisions import CLOSING
from matcher.units import plain
from matcher.verification import BundleReport, verify_run
from matcher.verification.__main__ import NOT_HERE
from matcher.verification.bundle import FILES, lines_of

SCENARIOS = Path(__file__).parent.parent / "scenarios" / "tiny"
CHECKER = Path(verification.__file__).parent


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a scenario in which one bound rests on a solver's word."""
    folder = tmp_path_factory.mktemp("bundles") / "race"
    arguments = ["solve", str(SCENARIOS / "completion-race.yaml"), "--bundle", "-o", str(folder), "--quiet"]
    assert run(arguments) == Exit.DONE
    return folder


@pytest.fixture
def bundle(written: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(written, tmp_path / "bundle"))


def texts(found: BundleReport) -> list[str]:
    """Returns what failed."""
    return [each.text for each in found.findings if not each.ok]


def test_a_bundle_is_verified(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every claim holds, and the one that no price proves is said to be a solver's word."""
    found = verify_run(written)
    assert found.ok
    assert texts(found) == []
    assert [each.text.partition(":")[0] for each in found.findings if each.word] == ["engagements"]
    assert run(["verify", str(written)]) == Exit.DONE
    said = capsys.readouterr().out
    assert "completions: no portfolio has more than 1: proven by its prices" in said
    assert "the word of ortools" in said
    assert said.splitlines()[-1].startswith("verified: ")


def test_a_bundle_says_where_it_comes_from(written: Path) -> None:
    """It names its input by hash, and what it was made with."""
    stated = json.loads((written / "bundle.json").read_text(encoding="utf-8"))
    data = (SCENARIOS / "completion-race.yaml").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert stated["inputs"] == [{"name": "completion-race.yaml", "bytes": len(data), "sha256": digest}]
    assert {"matcher", "python", "numpy", "ortools", "pydantic"} == set(stated["versions"])
    assert stated["check"]["ok"] is True
    assert stated["options"]["work"] == 120


def test_the_same_solve_gives_the_same_bundle(written: Path, tmp_path: Path) -> None:
    """All files but the clock's are the same bytes again."""
    again = tmp_path / "again"
    arguments = ["solve", str(SCENARIOS / "completion-race.yaml"), "--bundle", "-o", str(again), "--quiet"]
    assert run(arguments) == Exit.DONE
    names = {each.name for each in written.iterdir()} - {"timings.json", "log.txt", "manifest.json"}
    for name in names:
        assert (again / name).read_bytes() == (written / name).read_bytes(), name


def test_any_changed_byte_is_found(bundle: Path) -> None:
    """A byte changed anywhere, in any file, is found out."""
    for path in sorted(bundle.iterdir()):
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 60)):
            for other in (data[at] ^ 1, data[at] ^ 32):
                path.write_bytes(data[:at] + bytes([other]) + data[at + 1 :])
                assert not verify_run(bundle).ok, (path.name, at)
        for changed in (data[:-1], data + b"\n", b""):
            path.write_bytes(changed)
            assert not verify_run(bundle).ok, (path.name, len(changed))
        path.write_bytes(data)
    assert verify_run(bundle).ok


def test_a_file_too_many_or_too_few_is_found(bundle: Path) -> None:
    """Files are those that the manifest lists, no more and no fewer; what desktops drop does not count."""
    (bundle / ".DS_Store").write_bytes(b"x")
    assert verify_run(bundle).ok
    (bundle / "notes.txt").write_bytes(b"x")
    assert texts(verify_run(bundle)) == ["notes.txt is not listed in the manifest"]
    (bundle / "notes.txt").unlink()
    (bundle / "summary.md").unlink()
    assert texts(verify_run(bundle)) == ["summary.md is not there"]
    shutil.rmtree(bundle)
    assert not verify_run(bundle).ok


def _forged(bundle: Path, name: str, change: Callable[[dict[str, Any]], None]) -> BundleReport:
    """What is found once a document is changed and the manifest made to fit."""
    document = json.loads((bundle / name).read_text(encoding="utf-8"))
    change(document)
    data = canonical_json(document).replace('"ENDLESS"', "1e9999999").replace("HALF", "\\ud800").encode()
    (bundle / name).write_bytes(data)
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (bundle / "manifest.json").write_text(canonical_json(manifest), encoding="utf-8")
    return verify_run(bundle)


def _move_money(result: dict[str, Any]) -> None:
    result["portfolio"]["flows"][0]["money"] += 1


def _better_bound(result: dict[str, Any]) -> None:
    result["stages"][0] |= {"exact": "2", "value": "2.000000"}


def _other_end(result: dict[str, Any]) -> None:
    result["stages"][-1] |= {"exact": "5999", "value": "5999.000000"}


def _other_name(result: dict[str, Any]) -> None:
    result["stages"][0]["objective"] = "coverage"


def _cheaper(certificate: dict[str, Any]) -> None:
    certificate["stages"][0]["prices"]["budget"][0][-1] = -1


def _unkept(certificate: dict[str, Any]) -> None:
    certificate["stages"][1]["kept"]["completions"] = "2"


def _no_stage(certificate: dict[str, Any]) -> None:
    certificate["stages"].pop()


def _other_work(bundle: dict[str, Any]) -> None:
    bundle["options"]["work"] = 61


def _other_figure(bundle: dict[str, Any]) -> None:
    bundle["check"]["figures"]["cost"] = "1"


def _other_version(bundle: dict[str, Any]) -> None:
    bundle["versions"]["ortools"] = "1.0"


def _past_bound(result: dict[str, Any]) -> None:
    result["stages"][-1] |= {"bound": "7000.000000", "gap": 0.142858, "solved": False}
    result["status"] = "feasible"


def _low_bound(result: dict[str, Any]) -> None:
    result["stages"][0] |= {"bound": "0.000000", "gap": 1.0, "solved": False}
    result["status"] = "feasible"


def _other_status(result: dict[str, Any]) -> None:
    result["status"] = "perfect"


def _other_sense(result: dict[str, Any]) -> None:
    result["stages"][0]["sense"] = "min"


def _other_gap(result: dict[str, Any]) -> None:
    result["stages"][0] |= {"gap": 0.5, "solved": False}


def _no_figures(result: dict[str, Any]) -> None:
    result["figures"] = []


def _other_figure_text(result: dict[str, Any]) -> None:
    result["figures"][0]["value"] = "99.000000"


def _no_stages(result: dict[str, Any]) -> None:
    result["stages"] = []


def _other_hash(result: dict[str, Any]) -> None:
    result["scenario_hash"] = "0" * 64


def _nothing_at_all(result: dict[str, Any]) -> None:
    result |= {"portfolio": None, "status": "infeasible"}


def _overclaimed(result: dict[str, Any]) -> None:
    result["stages"][1] |= {"exact": "3/2", "value": "1.500000", "bound": "1.500000"}


def _odd_value(result: dict[str, Any]) -> None:
    result["stages"][0]["value"] = "1e99999999"


def _odd_solver(result: dict[str, Any]) -> None:
    result["portfolio"] = []


def _half_a_character(result: dict[str, Any]) -> None:
    result["solver"] = "HALF"


def _odd_flow(result: dict[str, Any]) -> None:
    result["portfolio"]["flows"][0] = "x"


def _kept_early(certificate: dict[str, Any]) -> None:
    certificate["stages"][0]["kept"] = {"cost": "6000"}


def _endless_price(certificate: dict[str, Any]) -> None:
    certificate["stages"][0]["prices"]["budget"][0][-1] = "ENDLESS"


def _other_scenario(scenario: dict[str, Any]) -> None:
    scenario["title"] = "Another"


@pytest.mark.parametrize(
    ("what", "change", "said"),
    [
        ("result", _move_money, "money is"),
        ("result", _better_bound, "passes what its prices prove"),
        ("result", _other_end, "waiting reaches 5999"),
        ("result", _other_name, "objectives are pursued"),
        ("result", _past_bound, "at best 7000.000000"),
        ("result", _low_bound, "at best 0.000000"),
        ("result", _other_status, ", expected "),
        ("result", _other_sense, "completions: 1.000000"),
        ("result", _other_gap, "gap 0.5"),
        ("result", _no_figures, "says 0 figures, expected 13"),
        ("result", _other_figure_text, "says 99.000000, expected 1, or that rounded"),
        ("result", _no_stages, "objectives are pursued"),
        ("result", _other_hash, "says 0000000000"),
        ("result", _nothing_at_all, "there is no portfolio"),
        ("result", _overclaimed, "the portfolio keeps coverage"),
        ("result", _odd_value, "is no number"),
        ("result", _odd_solver, "does not make sense"),
        ("result", _half_a_character, "\\ud800"),
        ("result", _odd_flow, "does not make sense"),
        ("certificate", _kept_early, "earlier objectives are kept"),
        ("certificate", _endless_price, "is no number"),
        ("certificate", _cheaper, "is a negative price"),
        ("certificate", _unkept, "earlier objectives are kept"),
        ("certificate", _no_stage, "the certificate is about"),
        ("bundle", _other_work, "options are those of the result"),
        ("bundle", _other_figure, "the checker's report is repeated"),
        ("bundle", _other_version, "made by"),
        ("scenario", _other_scenario, "scenario"),
    ],
)
def test_a_forged_claim_is_found(bundle: Path, what: str, change: Callable[[dict[str, Any]], None], said: str) -> None:
    """A manifest that fits does not help: what a document claims is checked too."""
    found = _forged(bundle, FILES[what], change)
    assert not found.ok
    assert any(said in text for text in texts(found)), texts(found)
    assert lines_of(found)[-1].startswith("not verified: ")


def test_documents_that_make_no_sense_are_told(bundle: Path) -> None:
    """A document without its parts is a finding, not a crash."""
    found = _forged(bundle, FILES["bundle"], dict.clear)
    assert texts(found) == ["does not make sense: 'options' is missing"]


def test_a_run_without_proof_is_no_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder of a plain run is verified as a portfolio."""
    folder = tmp_path / "plain"
    assert run(["solve", str(SCENARIOS / "completion-race.yaml"), "-o", str(folder), "--quiet"]) == Exit.DONE
    capsys.readouterr()
    assert run(["verify", str(folder)]) == Exit.DONE
    assert capsys.readouterr().out.startswith("verified: no rule is violated")


def test_an_infeasible_scenario_has_a_bundle_too(tmp_path: Path) -> None:
    """Without a portfolio there is nothing to prove, and the bundle says so."""
    folder = tmp_path / "none"
    arguments = ["solve", str(SCENARIOS / "infeasible-commitment.yaml"), "--bundle", "-o", str(folder), "--quiet"]
    assert run(arguments) == Exit.INFEASIBLE
    found = verify_run(folder)
    assert found.ok
    assert [each.text for each in found.findings if each.word] == [
        f"that there can be none is the word of ortools {version('ortools')}"
    ]
    assert "the result is infeasible: there is no portfolio to check" in [each.text for each in found.findings]


def test_nothing_but_the_standard_library_is_needed(written: Path, bundle: Path, tmp_path: Path) -> None:
    """The checker's folder alone, with no package installed, checks a bundle and ends with 0 or 1."""
    alone = Path(shutil.copytree(CHECKER, tmp_path / "matcher" / "verification"))
    command = [sys.executable, "-I", "-S", "-W", "error", str(alone)]
    done = subprocess.run([*command, str(written)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*lines_of(verify_run(written)), NOT_HERE]
    (bundle / "result.json").write_text("{}", encoding="utf-8")
    failed = subprocess.run([*command, str(bundle)], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "result.json is not the file that the manifest lists" in failed.stdout


def test_a_bundle_that_has_lost_its_proof_is_still_one(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Taking a file away, or every file that says so, does not make it a plain run."""
    (bundle / "summary.md").write_text("lies", encoding="utf-8")
    for name in ("bundle.json", "certificate.json"):
        (bundle / name).unlink()
        assert run(["verify", str(bundle)]) == Exit.FAILED
        assert f"{name} is not there" in capsys.readouterr().out


def test_a_folder_in_place_of_a_file_is_told(bundle: Path) -> None:
    """What is listed must be a file."""
    (bundle / "summary.md").unlink()
    (bundle / "summary.md").mkdir()
    assert texts(verify_run(bundle)) == ["summary.md is not the file that the manifest lists"]


def test_the_default_order_is_the_engine_s() -> None:
    """The checker knows by itself what is pursued where a scenario names nothing, and once more after any order."""
    known = [(each.name, [*each.parts], each.share, each.amount) for each in pursued.DEFAULT_ORDER]
    assert known == [
        (
            goal.name,
            [(part.objective, Fraction(part.weight)) for part in goal.parts],
            Fraction(goal.tolerance),
            goal.tolerance_amount,
        )
        for goal in DEFAULT_ORDER
    ]
    assert [each.name for each in pursued.CLOSING] == [*CLOSING]


def test_findings_as_data(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, each finding says whether it holds and whether it rests on a solver's word."""
    assert run(["verify", str(written), "--json"]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert {"ok", "text", "where", "word"} == set(document["findings"][0])


def test_a_portfolio_is_saved_even_if_its_proof_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proof comes after the run is saved: whatever happens to it, nothing is lost."""

    def broken(*_: object) -> dict[str, Any]:
        raise RuntimeError("no proof")

    monkeypatch.setattr("matcher.runs.files.certify", broken)
    folder = tmp_path / "saved"
    arguments = ["solve", str(SCENARIOS / "completion-race.yaml"), "--bundle", "-o", str(folder), "--quiet"]
    assert run(arguments) == Exit.FAILED
    assert run(["verify", str(folder)]) == Exit.DONE


def test_a_bundle_takes_no_overrides(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was solved is in the bundle: nothing can be laid over it."""
    assert run(["verify", str(written), "--override", "x"]) == Exit.INVALID
    assert "a saved run is checked as it is" in capsys.readouterr().err


@pytest.mark.parametrize("seed", [*range(8), 5056, 9111])
@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_honest_bundles_of_every_order_are_verified(seed: int, method: str) -> None:
    """Whatever is sought, in whatever order and however little it may give up, what a solve says adds up."""
    chance = Random(seed)
    document = draw_scenario(
        Seeded(seed), states=2 + seed % 4, years=3 + seed % 3, most=chance.choice([4, 997])
    ).model_dump()
    names = chance.sample(["engagements", "fit", "worst_off", "coverage", "completions", "firmness", "cost"], 4)
    goals = [{"objective": name, "tolerance": chance.choice([Decimal(0), Decimal("0.0333")])} for name in names]
    document["objectives"] |= {"order": goals, "weights": None, "discount": chance.choice([Decimal(1), Decimal("0.9")])}
    scenario = Scenario.model_validate(document)
    result = solve(scenario, SolveOptions.model_validate({"work": 2, "method": method}))
    if result.portfolio is None:
        return
    report = verification.verify(scenario, result)
    figures = {name: plain(value) for name, value in report.figures.items()}
    stated = {
        "check": {"ok": report.ok, "figures": figures},
        "options": result.options.model_dump(mode="json"),
        "versions": {"matcher": result.version, "ortools": result.solver.split()[-1]},
    }
    documents = {
        "scenario": scenario_document(scenario),
        "result": result.model_dump(mode="json"),
        "bundle": stated,
        "certificate": certify(scenario, result),
    }
    read = {what: json.loads(canonical_json(each), parse_float=Decimal) for what, each in documents.items()}
    assert texts(bundles._checked((), read)) == []
