"""The directory of a run: what a solve saves, and how it is read again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matcher.cli.substitutes import with_names_read

if TYPE_CHECKING:
    from matcher.isolation.second_opinion import Opinion
    from matcher.portfolio.portfolio import Portfolio
    from matcher.portfolio.result import Result, SolveOptions
    from matcher.scenario import Scenario

RESULT_FILE = "result.json"
SCENARIO_FILE = "scenario.resolved.json"
BUNDLE_FILE = "bundle.json"
CERTIFICATE_FILE = "certificate.json"
OPINION_FILE = "second_opinion.json"


@dataclass(frozen=True)
class RunFolder:
    """The directory that one solve is saved in."""

    path: Path

    @classmethod
    def of(
        cls, scenario: Scenario, options: SolveOptions, wanted: Path | None, start: Portfolio | None = None
    ) -> RunFolder:
        """Returns the directory asked for, or the one named after the scenario and a hash of all that was asked."""
        from matcher.io import default_run_directory
        from matcher.portfolio.result import scenario_hash

        asked = f"{scenario_hash(scenario)}\n{options.model_dump_json()}{start.digest if start else ''}"
        return cls(wanted or default_run_directory(scenario, hashlib.sha256(asked.encode()).hexdigest()))

    def save(self, scenario: Scenario, result: Result, log: str, more: Mapping[str, str] | None = None) -> None:
        """Writes all files of the run at once, with more by name."""
        from matcher.io import write_run

        write_run(self.path, {**run_files(scenario, result, log), **(more or {})})


def run_files(scenario: Scenario, result: Result, log: str) -> dict[str, str]:
    """Returns what is saved of a solve, by name of file."""
    from matcher.io import canonical_json, portfolio_csv, scenario_document
    from matcher.reporting.markdown import partnerships_markdown, summary_markdown

    files = {
        RESULT_FILE: canonical_json(result.model_dump(mode="json")),
        SCENARIO_FILE: canonical_json(scenario_document(scenario)),
        "summary.md": summary_markdown(scenario, result),
        "timings.json": canonical_json(result.timings.model_dump(mode="json")),
        "log.txt": log,
    }
    if result.portfolio is not None:
        files["partnerships.md"] = partnerships_markdown(scenario, result)
        files["portfolio.csv"] = portfolio_csv(scenario, result.portfolio)
    return files


def source_of(file: Path, overrides: Sequence[str]) -> dict[str, object]:
    """Returns what a bundle says of where its scenario comes from: the file's name, size and hash, and overrides."""
    data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    name = with_names_read(file.name)
    return {"inputs": [{"name": name, "bytes": len(data), "sha256": digest}], "overrides": list(overrides)}


def bundle_files(source: Mapping[str, object], scenario: Scenario, result: Result) -> dict[str, str]:
    """Returns what makes a run a bundle: where it comes from, the checker's report, and proof of its bounds."""
    from matcher.cli.packages import version_of
    from matcher.engine.certificates import certify
    from matcher.io import canonical_json
    from matcher.units import plain
    from matcher.verification import verify

    check = None
    if result.portfolio is not None:
        report = verify(scenario, result)
        check = {"ok": report.ok, "figures": {name: plain(value) for name, value in report.figures.items()}}
    bundle = {
        "bundle": 1,
        **source,
        "options": result.options.model_dump(mode="json"),
        "seed": 0,
        "versions": {
            "matcher": result.version,
            "python": platform.python_version(),
            **{package: version_of(package) for package in ("numpy", "ortools", "pydantic")},
        },
        "check": check,
    }
    return {BUNDLE_FILE: canonical_json(bundle), CERTIFICATE_FILE: canonical_json(certify(scenario, result))}


def opinion_files(opinion: Opinion) -> dict[str, str]:
    """Returns what a second opinion adds to a run: the other result, and what was compared."""
    from matcher.io import canonical_json

    compared = {
        "engine": opinion.engine,
        "agreements": list(opinion.agreements),
        "disagreements": list(opinion.disagreements),
        "result": opinion.result.model_dump(mode="json"),
    }
    return {OPINION_FILE: canonical_json(compared)}


def read_portfolio(run: Path) -> tuple[Scenario, Portfolio]:
    """Reads the portfolio of a saved run, with its scenario.

    Raises
    ------
    InvalidOptions
        if the run holds none.
    typer.BadParameter
        as `read_run`.
    """
    from matcher.errors import InvalidOptions

    scenario, result = read_run(run)
    if result.portfolio is None:
        raise InvalidOptions(f"{run} holds no portfolio: its summary says why")
    return scenario, result.portfolio


def read_run(path: Path, scenario: Path | None = None) -> tuple[Scenario, Result]:
    """Reads a saved result, from its file or its directory, with the scenario saved beside it.

    Says on stderr how the directory is not what its manifest lists, or that it has no manifest.

    Raises
    ------
    InvalidOptions
        if the manifest, or a file that is read, is not as it was saved.
    typer.BadParameter
        if there is no readable result or scenario there, or they do not belong together.
    """
    from matcher.io import load
    from matcher.portfolio.result import scenario_hash

    file = path / RESULT_FILE if path.is_dir() else path
    _check_manifest(file, (RESULT_FILE,) if scenario else (RESULT_FILE, SCENARIO_FILE))
    result = read_result(file)
    beside = scenario or file.parent / SCENARIO_FILE
    if not beside.is_file():
        raise typer.BadParameter(f"{beside} is not there; name the scenario with --scenario", param_hint="RESULT")
    loaded = load(beside)
    if scenario_hash(loaded) != result.scenario_hash:
        raise typer.BadParameter(f"{file} answers another scenario than {beside}", param_hint="RESULT")
    return loaded, result


def _check_manifest(file: Path, read: Sequence[str]) -> None:
    """Says how the directory of a result is not as it was saved; refuses to read a changed file of it."""
    from matcher.cli.talk import say
    from matcher.errors import InvalidOptions
    from matcher.verification import file_findings
    from matcher.verification.manifest import MANIFEST

    folder = file.parent
    if not file.is_file():
        return  # told by who reads it
    if file.name != RESULT_FILE or not (folder / MANIFEST).exists():
        say(f"warning: {file}: no manifest: nothing shows whether it is as it was saved")
        return
    off = [each for each in file_findings(folder) if not each.ok]
    for each in off:
        say(f"warning: {folder}: {each.text}")
    changed = [each.where for each in off if each.where in (MANIFEST, *read)]
    if changed:
        raise InvalidOptions(
            f"{folder} is not as it was saved ({', '.join(changed)}), so it is not read; "
            f"'matcher verify {folder}' says what no longer holds"
        )


def read_result(file: Path) -> Result:
    """Reads a saved result.

    Raises
    ------
    typer.BadParameter
        if there is none that can be read.
    """
    from matcher.errors import InvalidResult
    from matcher.io import load_result

    try:
        return load_result(file)
    except InvalidResult as error:
        raise typer.BadParameter(f"{file} is no result: {error.faults[0]}", param_hint="RESULT") from None
