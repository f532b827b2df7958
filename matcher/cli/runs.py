"""The directory of a run: what a solve saves, and how it is read again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from matcher.result import Result, SolveOptions
    from matcher.scenario import Scenario

RESULT_FILE = "result.json"
SCENARIO_FILE = "scenario.resolved.json"


@dataclass(frozen=True)
class RunFolder:
    """The directory that one solve is saved in."""

    path: Path

    @classmethod
    def of(cls, scenario: Scenario, options: SolveOptions, wanted: Path | None) -> RunFolder:
        """Returns the directory asked for, or the one named after the scenario and a hash of all that was asked."""
        from matcher.io import default_run_directory
        from matcher.result import scenario_hash

        asked = f"{scenario_hash(scenario)}\n{options.model_dump_json()}"
        return cls(wanted or default_run_directory(scenario, hashlib.sha256(asked.encode()).hexdigest()))

    def save(self, scenario: Scenario, result: Result, log: str) -> None:
        """Writes all files of the run at once."""
        from matcher.io import canonical_json, portfolio_csv, scenario_document, write_run
        from matcher.reporting import partnerships_markdown, summary_markdown

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
        write_run(self.path, files)


def read_run(path: Path, scenario: Path | None = None) -> tuple[Scenario, Result]:
    """Reads a saved result, from its file or its directory, with the scenario saved beside it.

    Raises
    ------
    typer.BadParameter
        if there is no readable result or scenario there, or they do not belong together.
    """
    from matcher.io import load
    from matcher.result import scenario_hash

    file = path / RESULT_FILE if path.is_dir() else path
    result = _read_result(file)
    beside = scenario or file.parent / SCENARIO_FILE
    if not beside.is_file():
        raise typer.BadParameter(f"{beside} is not there; name the scenario with --scenario", param_hint="RESULT")
    loaded = load(beside)
    if scenario_hash(loaded) != result.scenario_hash:
        raise typer.BadParameter(f"{file} answers another scenario than {beside}", param_hint="RESULT")
    return loaded, result


def _read_result(file: Path) -> Result:
    from pydantic import ValidationError

    from matcher.result import Result

    try:
        return Result.model_validate_json(file.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="RESULT") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise typer.BadParameter(f"{file} is no result: {where}: {first['msg']}", param_hint="RESULT") from None
