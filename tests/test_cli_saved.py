"""The command line on what a solve has saved, on the formats, and on the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matcher.cli import run
from matcher.cli.exits import Exit

if TYPE_CHECKING:
    from fake_engine import StandIn

pytest_plugins = ("fake_engine",)


def test_show_a_saved_run(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A saved run shows the same summary as the solve did, from its directory or its file."""
    run(["solve", "sample.json", "-o", "out"])
    solved = capsys.readouterr().out
    for path in ("out", "out/result.json"):
        assert run(["show", path]) == Exit.DONE
        assert capsys.readouterr().out == solved
    run(["show", "out", "--json"])
    assert capsys.readouterr().out == (home / "out" / "result.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--state", "BBB"], ["BBB-ecu-2026", "BBB-fund-ngo-2026"]),
        (["--provider", "nor"], ["AAA-nor-ngo-2026"]),
        (["--provider", "fund", "--state", "AAA"], ["AAA-fund-ngo-2026"]),
        (["--partnership", "AAA-gov-gov-2026"], ["AAA-gov-gov-2026"]),
        (["--state", "CCC"], []),
    ],
)
def test_show_sheets(
    home: Path, engine: StandIn, arguments: list[str], ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Sheets are those of the State, provider and partnership asked for, as text and as data."""
    run(["solve", "sample.json", "-o", "out"])
    capsys.readouterr()
    assert run(["show", "out", *arguments]) == Exit.DONE
    text = capsys.readouterr().out
    assert [line.split()[0] for line in text.splitlines() if line[:1] in "AB" and "2026 " in line] == ids
    assert run(["show", "out", *arguments, "--json"]) == Exit.DONE
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == ids


def test_show_refuses_unknown_names(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not in the result is told with the nearest one."""
    run(["solve", "sample.json", "-o", "out"])
    assert run(["show", "out", "--state", "bbb"]) == Exit.INVALID
    assert "did you mean BBB?" in capsys.readouterr().err


def test_show_needs_the_scenario(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A result alone needs its scenario named; another scenario than its own is refused."""
    run(["solve", "sample.json", "-o", "out"])
    (home / "lone.json").write_bytes((home / "out" / "result.json").read_bytes())
    assert run(["show", "lone.json"]) == Exit.INVALID
    assert "--scenario" in capsys.readouterr().err
    assert run(["show", "lone.json", "--scenario", "sample.json"]) == Exit.DONE
    run(["new"])
    assert run(["show", "lone.json", "--scenario", "scenario.yaml"]) == Exit.INVALID
    assert "another scenario" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{}", '{"result": 2}', "\x00", "[" * 5000])
def test_show_refuses_what_is_no_result(home: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no result is told, not a traceback."""
    (home / "bad.json").write_text(text, encoding="utf-8")
    assert run(["show", "bad.json"]) == Exit.INVALID
    said = capsys.readouterr().err
    assert "bad.json:1:" in said
    assert "; expected " in said
    assert run(["show", "none.json"]) == Exit.INVALID


@pytest.mark.parametrize("subject", ["scenario", "portfolio", "result", "account", "comparison", "round"])
def test_schema(subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each format has a JSON Schema whose fields are described."""
    assert run(["schema", subject]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["$schema"].startswith("https://json-schema.org/")
    assert document["type"] == "object"
    assert all("description" in field or "$ref" in field for field in document["properties"].values())


def test_doctor_reports(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """The doctor looks at versions, the machine, the output and each engine."""
    assert run(["doctor"]) == Exit.DONE
    text = capsys.readouterr().out
    for subject in ("Python", "ortools", "cores", "memory", "output directory", "scip", "highs", "cpsat"):
        assert subject in text
    assert "BAD" not in text
    assert [options.engine for _, options in engine.asked] == ["scip", "highs", "cpsat"]


def test_doctor_finds_a_broken_engine(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """An engine that fails is told, the others are tried all the same, and the exit code is 1."""

    def fail(_: object) -> None:
        if engine.asked[-1][1].engine == "highs":
            raise RuntimeError("no such engine")

    engine.during = fail
    assert run(["doctor", "--json"]) == Exit.FAILED
    findings = json.loads(capsys.readouterr().out)
    assert [each["subject"] for each in findings if not each["ok"]] == ["solver highs"]


def test_output_directory_that_cannot_be_written(
    home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doctor says where results cannot be written."""

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("matcher.cli.doctor.tempfile.TemporaryFile", refuse)
    assert run(["doctor"]) == Exit.FAILED
    assert "cannot be written: Permission denied" in capsys.readouterr().out
