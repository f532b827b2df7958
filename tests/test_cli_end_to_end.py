"""The command line as users run it, with the real engine, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TREE = Path(__file__).parent.parent


def matcher(folder: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Runs the command line in a folder and returns stdout and stderr, once the exit code is as expected."""
    line, variables = command(*arguments), environment()
    done = subprocess.run(line, cwd=folder, env=variables, capture_output=True, timeout=600, check=False)
    out, talk = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, talk + out
    return out, talk


def command(*arguments: str) -> list[str]:
    """Returns the command line of this interpreter, with warnings as errors."""
    return [sys.executable, "-W", "error", "-m", "matcher", *arguments]


def environment() -> dict[str, str]:
    """Returns an environment in which the package of this tree is the one that runs."""
    return {**os.environ, "PYTHONPATH": str(TREE)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder that holds the starter scenario and, in ``out``, its solved run."""
    folder = tmp_path_factory.mktemp("starter")
    matcher(folder, "new")
    out, talk = matcher(folder, "solve", "scenario.yaml", "-o", "out")
    assert "A first scenario: solved" in out
    assert "saved in out" in talk
    return folder


def result_of(folder: Path) -> Any:
    """Returns the result document of a run."""
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_starter_is_solved_and_not_empty(run: Path) -> None:
    """The starter has a proven portfolio with partnerships, in which both States complete."""
    result = result_of(run / "out")
    assert result["status"] == "optimal"
    assert result["partnerships"]
    assert {figure["objective"]: figure["exact"] for figure in result["figures"]}["completions"] == "5/2"


def test_check_accepts_the_starter(run: Path) -> None:
    """The starter is valid, and every offer and need of it can be used."""
    out, talk = matcher(run, "check", "scenario.yaml")
    assert "A first scenario: valid, 2026-2029" in out
    assert all(line.endswith("have no provenance") for line in talk.splitlines()), talk


def test_saved_run_is_verified(run: Path) -> None:
    """The checker accepts a saved run, and the resolved scenario with the result or the starter itself."""
    for arguments in (["out"], ["out/scenario.resolved.json", "out/result.json"], ["scenario.yaml", "out/result.json"]):
        out, _ = matcher(run, "verify", *arguments)
        assert out.startswith("verified")
    out, _ = matcher(run, "verify", "out", "--json")
    assert json.loads(out)["ok"] is True


def test_tampered_run_is_not_verified(run: Path) -> None:
    """One unit more money in one flow is found, with rule and exit code."""
    result = result_of(run / "out")
    flow = next(flow for flow in result["portfolio"]["flows"] if flow["money"])
    flow["money"] += 1
    (run / "tampered.json").write_text(json.dumps(result), encoding="utf-8")
    out, _ = matcher(run, "verify", "scenario.yaml", "tampered.json", code=1)
    assert out.startswith("not verified: 1 violation\n")
    assert flow["need"] in out.splitlines()[1]
    out, _ = matcher(run, "verify", "scenario.yaml", "tampered.json", "--json", code=1)
    assert json.loads(out)["violations"][0]["rule"] == 0


def test_portfolio_of_another_scenario_is_not_verified(run: Path) -> None:
    """A portfolio does not answer a scenario that an override has changed."""
    out, _ = matcher(run, "verify", "scenario.yaml", "out/result.json", "--override", "less-money", code=1)
    assert "rule 0" in out


def test_summary_is_the_same_again(run: Path) -> None:
    """A saved run can be shown, as a whole and by State."""
    out, _ = matcher(run, "show", "out")
    assert out.startswith("A first scenario: solved")
    sheets, _ = matcher(run, "show", "out", "--state", "AAA")
    assert "Time-bound targets" in sheets
    assert "Belmark" not in sheets


def test_solve_from_an_earlier_run(run: Path) -> None:
    """The search starts at a saved portfolio and may stay near it: the same scenario moves nothing."""
    matcher(run, "solve", "scenario.yaml", "--from", "out", "--stay-near", "-o", "near")
    result, earlier = result_of(run / "near"), result_of(run / "out")
    assert {figure["objective"]: figure["exact"] for figure in result["figures"]}["disruption"] == "0"
    assert result["portfolio"]["flows"] == earlier["portfolio"]["flows"]
    assert result["started_from"] in (run / "near" / "log.txt").read_text(encoding="utf-8")
    assert earlier["started_from"] is None
    out, _ = matcher(run, "verify", "near")
    assert out.startswith("verified")
    order = "coverage,disruption,cost"
    matcher(run, "solve", "scenario.yaml", "--from", "out", "--stay-near", "--order", order, "-o", "ordered")
    stages = result_of(run / "ordered")["stages"]
    assert [stage["objective"] for stage in stages if not stage["closing"]] == order.split(",")
    _, talk = matcher(run, "solve", "scenario.yaml", "--order", order, code=2)
    assert "--order" in talk
    _, talk = matcher(run, "solve", "scenario.yaml", "--stay-near", code=2)
    assert "--from RUN" in talk


def test_solve_from_a_run_that_begins_earlier(run: Path) -> None:
    """Where the horizon has moved on, what the years before it leave is taken over, and said."""
    text = (run / "scenario.yaml").read_text(encoding="utf-8")
    assert text.count("horizon: [2026, 2029]") == 1
    later = text.replace("horizon: [2026, 2029]", "horizon: [2027, 2030]").replace("[2026, 2027]", "[2027, 2028]")
    (run / "later.yaml").write_text(later, encoding="utf-8")
    _, talk = matcher(run, "solve", "later.yaml", "--from", "out", "-o", "later", "--language", "fr")
    assert "repris du plan antérieur, réalisé avant 2027 : " in talk
    needs = json.loads((run / "later" / "scenario.resolved.json").read_text(encoding="utf-8"))["needs"]
    done = dict.fromkeys(needs, 0)
    for flow in result_of(run / "out")["portfolio"]["flows"]:
        done[flow["need"]] += flow["quantity"] if flow["year"] == 2026 else 0
    assert done["AAA-survey"] > 0 < done["BBB-clearance"]
    done["AAA-survey"] += 200000  # what both files state was delivered before 2026, and the plan's year adds to it
    assert {key: need["delivered"] for key, need in needs.items()} == done
    out, _ = matcher(run, "verify", "later")
    assert out.startswith("verified")


def test_same_solve_gives_the_same_bytes(run: Path) -> None:
    """Solving again gives the same result file, byte for byte."""
    matcher(run, "solve", "scenario.yaml", "-o", "again")
    assert (run / "again" / "result.json").read_bytes() == (run / "out" / "result.json").read_bytes()


def test_override_and_order(run: Path) -> None:
    """An override and an order of objectives change what is solved, and are verified as resolved."""
    arguments = ["--override", "less-money", "--order", "coverage,cost", "-o", "variant", "--json"]
    out, _ = matcher(run, "solve", "scenario.yaml", *arguments)
    assert [stage["objective"] for stage in json.loads(out)["stages"]] == [
        *("coverage", "cost"),
        *("coverage", "waiting"),  # once more, with all else held
    ]
    matcher(run, "verify", "variant")


def test_infeasible_scenario(run: Path) -> None:
    """A commitment that no capacity can honour gives exit code 3, its conflict, and a result file."""
    matcher(run, "new", "broken.json.yaml", "--name", "broken")
    text = (run / "broken.json.yaml").read_text(encoding="utf-8")
    who = "financier: norland-grant, implementer: safe-ground-survey, need: AAA-survey"
    commitment = f"{{{who}, year: 2026, quantity: 1600000}}"
    text = text.replace("decisions:\n", f"decisions:\n  commitments:\n    - {commitment}\n")
    (run / "broken.yaml").write_text(text, encoding="utf-8")
    out, _ = matcher(run, "solve", "broken.yaml", "-o", "broken", code=3)
    assert "no portfolio exists" in out
    assert "Conflicts" in out
    assert result_of(run / "broken")["status"] == "infeasible"
    assert not (run / "broken" / "portfolio.csv").exists()


def test_faults_of_a_file_are_placed(run: Path) -> None:
    """Every fault is told at once with line and column."""
    text = (run / "scenario.yaml").read_text(encoding="utf-8")
    text = text.replace("quantity: 24", "quantity: -24").replace("provider: sudland", "provider: sudlandd")
    (run / "faulty.yaml").write_text(text, encoding="utf-8")
    lines = text.splitlines()
    out, talk = matcher(run, "check", "faulty.yaml", code=2)
    assert out == ""
    first, second = (next(at for at, line in enumerate(lines, 1) if wrong in line) for wrong in ("-24", "sudlandd"))
    assert f"faulty.yaml:{first}:15: needs.BBB-advice.quantity" in talk
    assert f"faulty.yaml:{second}:15: offers.sudland-grant.provider" in talk
    assert "did you mean 'sudland'?" in talk


def test_doctor_is_content() -> None:
    """On the machine of the tests every engine solves the starter."""
    out, _ = matcher(TREE, "doctor")
    assert "BAD" not in out
    for engine in ("scip", "highs", "cpsat"):
        assert f"solver {engine}" in out
