"""The command line with the engine replaced by a stand-in: arguments, files, streams, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from matcher.cli import run
from matcher.cli.app import COMMANDS
from matcher.cli.arguments import read_order, with_order
from matcher.cli.exits import Exit, exit_of
from matcher.cli.streams import stdout_for_data
from matcher.errors import InvalidOptions, VerificationFailed
from matcher.io import canonical_json, load
from matcher.isolation import ProcessLimits
from matcher.portfolio.result import Result, SolveOptions
from matcher.scenario import DEFAULT_ORDER
from sample_result import sample_result, sample_scenario

if TYPE_CHECKING:
    from fake_engine import StandIn

pytest_plugins = ("fake_engine",)
NOTHING: dict[str, Any] = {"portfolio": None, "partnerships": (), "figures": (), "stages": ()}


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself, and the overall help names them all."""
    assert run(["--help"]) == Exit.DONE
    overall = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command} " in overall
        assert run([command, "--help"]) == Exit.DONE
        assert "Usage: matcher" in capsys.readouterr().out


def test_help_is_not_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    """The one-line help of each command fits on its line."""
    run(["--help"])
    commands = capsys.readouterr().out.partition("Commands:")[2]
    assert commands
    assert "..." not in commands


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is one line on stdout."""
    assert run(["--version"]) == Exit.DONE
    assert re.fullmatch(r"matcher (\d+\.\d+\.\d+|unknown: not installed)\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["solve"],
        ["solve", "--nonesuch"],
        ["solve", "x.yaml", "--engine", "abacus"],
        ["solve", "x.yaml", "--work", "0"],
        ["schema", "x"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage exits with 2 and says so on stderr only."""
    assert run(arguments) == Exit.INVALID
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage" in captured.err


def test_light_start() -> None:
    """The help needs neither solvers nor number libraries."""
    heavy = {"ortools", "numpy", "pandas", "networkx", "matplotlib", "scipy", "yaml"}
    code = f"import sys; from matcher.cli import run; run(['--help']); sys.exit(bool({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_new_writes_a_valid_scenario(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The starter is valid, named after its file, and nothing goes to stdout."""
    assert run(["new", "My first.yaml"]) == Exit.DONE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "My first.yaml" in captured.err
    scenario = load(home / "My first.yaml")
    assert scenario.name == "My-first"
    assert (len(scenario.states), len(scenario.needs)) == (2, 4)
    assert load(home / "My first.yaml", ["less-money"]) != scenario


def test_new_takes_a_name(home: Path) -> None:
    """The name asked for stands in the file."""
    assert run(["new", "--name", "peru"]) == Exit.DONE
    assert load(home / "scenario.yaml").name == "peru"


@pytest.mark.parametrize("name", ["", "1st", "a b", "é", "x" * 65])
def test_new_refuses_a_bad_name(home: Path, name: str) -> None:
    """A name that a scenario cannot have is refused, and nothing is written."""
    assert run(["new", "--name", name]) == Exit.INVALID
    assert not (home / "scenario.yaml").exists()


def test_new_does_not_overwrite(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that exists is left as it is."""
    (home / "scenario.yaml").write_text("mine", encoding="utf-8")
    assert run(["new"]) == Exit.INVALID
    assert (home / "scenario.yaml").read_text(encoding="utf-8") == "mine"
    assert "exists" in capsys.readouterr().err


def test_new_says_where_it_cannot_write(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that does not exist is a matter of usage."""
    assert run(["new", "none/x.yaml"]) == Exit.INVALID
    assert "cannot be written" in capsys.readouterr().err


def test_check_summary(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A valid scenario is summed up on stdout, cautions go to stderr."""
    assert run(["check", "sample.json"]) == Exit.DONE
    captured = capsys.readouterr()
    assert "USD 16,000" in captured.out
    assert "warning: 8 of 8 offers" in captured.err
    assert "warning" not in captured.out


def test_check_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as one document, cautions included."""
    assert run(["check", "sample.json", "--json"]) == Exit.DONE
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["money"]["external"] == 16000
    assert {each["code"] for each in document["warnings"]} == {"provenance_missing"}
    assert captured.err == ""


def faulty(home: Path) -> None:
    """Writes a scenario with two faults."""
    data = json.loads((home / "sample.json").read_text(encoding="utf-8"))
    data["needs"]["A1"]["quantity"] = 95
    data["needs"]["B1"]["state"] = "BB"
    (home / "faulty.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


@pytest.mark.parametrize("command", ["check", "solve"])
def test_all_faults_are_told(home: Path, engine: StandIn, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every fault is on stderr with its place, stdout stays empty, and nothing is solved."""
    faulty(home)
    assert run([command, "faulty.json"]) == Exit.INVALID
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "needs.A1.quantity: found 95" in captured.err
    assert "did you mean 'BBB'" in captured.err
    assert "faulty.json: 2 faults" in captured.err
    assert engine.asked == []


def test_check_json_lists_faults(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The faults as one list on stdout."""
    faulty(home)
    assert run(["check", "faulty.json", "--json"]) == Exit.INVALID
    faults = json.loads(capsys.readouterr().out)
    assert [fault["path"] for fault in faults] == [["needs", "A1", "quantity"], ["needs", "B1", "state"]]
    assert faults[1]["suggestion"] == "BBB"
    assert faults[0]["place"].startswith("faulty.json:")


def test_check_missing_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there is an invalid scenario, not an internal error."""
    assert run(["check", "none.yaml"]) == Exit.INVALID
    assert "none.yaml" in capsys.readouterr().err


def saved(home: Path) -> Path:
    """Returns the one run directory under the default place."""
    (folder,) = (home / "runs").iterdir()
    return folder


def test_solve_saves_all_files(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A solve writes its seven files, the summary on stdout and talk on stderr."""
    assert run(["solve", "sample.json"]) == Exit.DONE
    folder = saved(home)
    assert folder.name.startswith("sample-")
    assert {file.name for file in folder.iterdir()} == {
        "manifest.json",
        "result.json",
        "portfolio.csv",
        "summary.md",
        "partnerships.md",
        "scenario.resolved.json",
        "log.txt",
        "timings.json",
    }
    captured = capsys.readouterr()
    assert captured.out.startswith("Two States and their partners: solved")
    assert f"saved in runs/{folder.name}" in captured.err
    assert "groups of States" in captured.err
    assert json.loads((folder / "timings.json").read_text(encoding="utf-8"))["total"] == 1.5
    assert "groups of States | completions" in (folder / "log.txt").read_text(encoding="utf-8")
    assert load(folder / "scenario.resolved.json") == load("sample.json")


def test_result_file_is_deterministic(home: Path, engine: StandIn) -> None:
    """The same solve writes the same result, byte for byte, into the same directory."""
    run(["solve", "sample.json"])
    first = (saved(home) / "result.json").read_bytes()
    run(["solve", "sample.json"])
    assert (saved(home) / "result.json").read_bytes() == first
    assert b"timings" not in first


def test_other_options_go_to_another_directory(home: Path, engine: StandIn) -> None:
    """What is asked differently is saved elsewhere."""
    run(["solve", "sample.json"])
    run(["solve", "sample.json", "--gap", "0.01"])
    run(["solve", "sample.json", "--order", "cost"])
    assert len(list((home / "runs").iterdir())) == 3


def test_solve_passes_its_options_on(home: Path, engine: StandIn) -> None:
    """Every option of the command reaches the engine."""
    arguments = "--method decomposition --engine highs --gap 0.05 --work 7 --time-limit 2.5 -o out --quiet --json"
    assert run(["solve", "sample.json", *arguments.split()]) == Exit.DONE
    ((_, options),) = engine.asked
    assert options == SolveOptions(method="decomposition", engine="highs", gap=Decimal("0.05"), work=7, time_limit=2.5)
    assert (home / "out" / "result.json").exists()


def test_default_gap(home: Path, engine: StandIn) -> None:
    """Without a gap asked for, a thousandth counts as solved."""
    run(["solve", "sample.json"])
    assert engine.asked[0][1].gap == Decimal("0.0001")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--gap", "2"],
        ["--gap", "x"],
        ["--gap", "nan"],
        ["--time-limit", "0"],
        ["--time-limit", "nan"],
        ["--order", "completion"],
        ["--order", "cost,cost"],
        ["--order", "coverage:x"],
        ["--order", "coverage:1.5"],
        ["--order", ""],
        ["--order", "cost+"],
        ["--order", "cost+coverage"],
        ["--order", "cost+2*cost"],
        ["--order", "cost+0*swings"],
        ["--order", "cost+x*swings"],
        ["--order", "cost+inf*swings"],
        ["--order", "2*cost"],
        ["--order", "cost+swings,cost+swings"],
    ],
)
def test_solve_refuses_options(home: Path, engine: StandIn, arguments: list[str]) -> None:
    """Options that mean nothing are usage errors, before anything is solved or written."""
    assert run(["solve", "sample.json", *arguments]) == Exit.INVALID
    assert engine.asked == []
    assert not (home / "runs").exists()


def test_order_names_the_nearest(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt objective is told with the nearest one."""
    run(["solve", "sample.json", "--order", "completion"])
    assert "did you mean completions?" in capsys.readouterr().err


def test_order_replaces_the_scenarios() -> None:
    """The order asked for is the scenario's order, with what may be given up; weights are gone."""
    weights = {"weights": [{"objective": "cost", "weight": 1}], "discount": 0.9}
    scenario = with_order(sample_scenario(objectives=weights), "cost,coverage:0.01")
    assert [(goal.objective, goal.tolerance) for goal in scenario.order()] == [
        ("cost", 0),
        ("coverage", Decimal("0.01")),
    ]
    assert scenario.objectives.discount == Decimal("0.9")
    assert scenario.offers == sample_scenario().offers


def test_default_order_can_be_written() -> None:
    """The model's default order, written out, is the default order."""
    text = (
        "completions,late_completions,coverage:0.0005,worst_off:0.01,turnover:0.05,waiting:0.10,"
        "cost+2*at_risk+0.5*dependence+0.5*swings:0.02"
    )
    assert read_order(text) == DEFAULT_ORDER


def test_spaces_in_an_order_do_not_matter() -> None:
    """Around objectives, weights and entries."""
    (cost, blend) = read_order(" cost : 0.1 , at_risk + 2 * swings ")
    assert (cost.objective, cost.tolerance) == ("cost", Decimal("0.1"))
    assert [(each.objective, each.weight) for each in blend.parts] == [("at_risk", 1), ("swings", 2)]


def test_solve_json(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is the result document, the very bytes of the file."""
    assert run(["solve", "sample.json", "--json", "-o", "out"]) == Exit.DONE
    written = (home / "out" / "result.json").read_text(encoding="utf-8")
    assert capsys.readouterr().out == written
    assert Result.model_validate_json(written).portfolio is not None


def test_solve_quiet(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """With --quiet stderr stays empty, and the log is kept all the same."""
    run(["solve", "sample.json", "--quiet"])
    assert capsys.readouterr().err == ""
    assert "groups of States" in (saved(home) / "log.txt").read_text(encoding="utf-8")


def test_solve_refuses_a_foreign_directory(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that holds something else is refused before the solve, and left as it is."""
    (home / "out").mkdir()
    (home / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    assert run(["solve", "sample.json", "-o", "out"]) == Exit.INVALID
    assert engine.asked == []
    assert "thesis.txt" in capsys.readouterr().err
    assert [file.name for file in (home / "out").iterdir()] == ["thesis.txt"]


def test_solve_refuses_a_place_that_cannot_be_written(
    home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no folder can be made the solve is refused before it starts, with the reason."""
    (home / "file").write_text("x", encoding="utf-8")
    assert run(["solve", "sample.json", "-o", "file/out"]) == Exit.INVALID
    assert engine.asked == []
    assert "file/out cannot be written (Not a directory): name another folder" in capsys.readouterr().err


def test_result_is_shown_even_if_it_cannot_be_saved(
    home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """What took long to find is shown although the disk refused it, and the exit code says so."""
    engine.during = lambda _: (home / "out").write_text("in the way", encoding="utf-8")
    assert run(["solve", "sample.json", "-o", "out"]) != Exit.DONE
    assert "Two States and their partners" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "strict", "code"),
    [
        ({}, False, Exit.DONE),
        ({}, True, Exit.DONE),
        ({"status": "feasible", "stopped_by": "time"}, False, Exit.DONE),
        ({"status": "feasible", "stopped_by": "time"}, True, Exit.GAP_NOT_MET),
        ({"status": "infeasible", **NOTHING}, False, Exit.INFEASIBLE),
        ({"status": "no_portfolio", "stopped_by": "work", **NOTHING}, True, Exit.NO_PORTFOLIO),
        ({"status": "feasible", "stopped_by": "resource_exhausted"}, False, Exit.DONE),
        ({"status": "feasible", "stopped_by": "resource_exhausted"}, True, Exit.GAP_NOT_MET),
        ({"status": "feasible", "stopped_by": "crash"}, False, Exit.FAILED),
    ],
)
def test_exit_codes(home: Path, engine: StandIn, changes: dict[str, Any], strict: bool, code: Exit) -> None:
    """Each outcome has its exit code, and a result file in any case."""
    engine.changes = changes
    assert run(["solve", "sample.json", *(["--strict"] if strict else [])]) == code
    assert (saved(home) / "result.json").exists()
    assert (saved(home) / "portfolio.csv").exists() == (changes.get("portfolio", "there") is not None)


def test_limits_of_the_process_are_handed_on(home: Path, engine: StandIn) -> None:
    """Memory and processor time are limits of the process that solves; without them there are none."""
    assert run(["solve", "sample.json", "--memory-limit", "512", "--cpu-limit", "60"]) == Exit.DONE
    assert run(["solve", "sample.json"]) == Exit.DONE
    assert engine.limits == [ProcessLimits(memory_mib=512, cpu_seconds=60), ProcessLimits()]
    assert run(["solve", "sample.json", "--memory-limit", "12"]) == Exit.INVALID


def test_interruption_comes_before_any_outcome() -> None:
    """An interrupted solve exits with 130 whatever it found."""
    assert exit_of(sample_result(), strict=True, interrupted=Exit.INTERRUPTED) == Exit.INTERRUPTED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidOptions("two methods"), Exit.INVALID),
        (VerificationFailed("budget"), Exit.FAILED),
        (ZeroDivisionError("oh"), Exit.FAILED),
        (MemoryError(), Exit.FAILED),
    ],
)
def test_errors_of_the_engine(
    home: Path, engine: StandIn, error: Exception, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors become a clear line and an exit code; the traceback comes only with --debug."""

    def fail(_: object) -> None:
        raise error

    engine.during = fail
    assert run(["solve", "sample.json"]) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert captured.err.strip()
    if code == Exit.FAILED:
        assert run(["--debug", "solve", "sample.json"]) == code
        assert "Traceback" in capsys.readouterr().err


def test_module_entry_point() -> None:
    """``python -m matcher`` is the same program."""
    done = subprocess.run([sys.executable, "-m", "matcher", "--version"], capture_output=True, timeout=600, check=False)
    assert (done.returncode, done.stdout[:8]) == (0, b"matcher ")


def test_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """A reader that goes away ends the program quietly."""
    script = f"{sys.executable} -m matcher schema | head -c 1 > {tmp_path / 'out'}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=600, check=False)
    assert done.stderr == b""
    assert done.returncode == 0


NOISY = """
from matcher.cli.app import main
from matcher.isolation import parent
from misbehaving_processes import beginning_with

parent._START = beginning_with("noisy")
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="C library of POSIX systems")
@pytest.mark.parametrize("closed", ["", "1>&-", "2>&-", "1>&- 2>&-"])
def test_noise_of_libraries_stays_out_of_the_data(home: Path, closed: str) -> None:
    """What engines' libraries write by themselves is kept by nobody; stdout is the document alone."""
    (home / "noisy.py").write_text(NOISY, encoding="utf-8")
    tests = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    script = f"{sys.executable} noisy.py solve sample.json --json -o out {closed}"
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0
    assert done.stdout == (b"" if "1>" in closed else (home / "out" / "result.json").read_bytes())
    assert b"noise" not in done.stderr
    assert (b"saved in" in done.stderr) == ("2>" not in closed)


def test_stdout_is_put_back(capfd: pytest.CaptureFixture[str]) -> None:
    """After a failure too, stdout is what it was."""

    def fail() -> None:
        with stdout_for_data():
            os.write(1, b"noise")
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    os.write(1, b"data")
    assert capfd.readouterr() == ("data", "noise")


def test_documents_are_canonical() -> None:
    """Two results that are equal are the same text."""
    first, second = sample_result(), sample_result()
    assert canonical_json(first.model_dump(mode="json")) == canonical_json(second.model_dump(mode="json"))
