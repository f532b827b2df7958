"""The files of a run: what is saved of a solve, and what makes it a bundle."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from matcher.engine.certificates import certify
from matcher.io import (
    RESULT_FILE,
    SCENARIO_FILE,
    canonical_json,
    default_run_directory,
    portfolio_csv,
    scenario_document,
    write_run,
)
from matcher.isolation.second_opinion import Opinion
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, SolveOptions, scenario_hash
from matcher.reporting.markdown import partnerships_markdown, summary_markdown
from matcher.scenario import Scenario
from matcher.units import plain
from matcher.verification import verify

BUNDLE_FILE = "bundle.json"
CERTIFICATE_FILE = "certificate.json"
OPINION_FILE = "second_opinion.json"


@dataclass(frozen=True)
class RunFolder:
    """The directory that one solve is saved in."""

    path: Path
    language: str = "en"
    """Language of the papers in it."""

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        options: SolveOptions,
        wanted: Path | None,
        start: Portfolio | None = None,
        language: str = "en",
    ) -> RunFolder:
        """Returns the directory asked for, or the one named after the scenario and a hash of all that was asked."""
        asked = f"{scenario_hash(scenario)}\n{options.model_dump_json()}{start.digest if start else ''}"
        asked += "" if language == "en" else f"\n{language}"  # the same question in two languages: two folders
        return cls(wanted or default_run_directory(scenario, hashlib.sha256(asked.encode()).hexdigest()), language)

    def save(self, scenario: Scenario, result: Result, log: str, more: Mapping[str, str] | None = None) -> None:
        """Writes all files of the run at once, with more by name."""
        write_run(self.path, {**run_files(scenario, result, log, self.language), **(more or {})})


def run_files(scenario: Scenario, result: Result, log: str, language: str = "en") -> dict[str, str]:
    """Returns what is saved of a solve, by name of file, its papers in a language."""
    files = {
        RESULT_FILE: canonical_json(result.model_dump(mode="json")),
        SCENARIO_FILE: canonical_json(scenario_document(scenario)),
        **run_papers(scenario, result, language),
        "timings.json": canonical_json(result.timings.model_dump(mode="json")),
        "log.txt": log,
    }
    if result.portfolio is not None:
        files["portfolio.csv"] = portfolio_csv(scenario, result.portfolio)
    return files


def run_papers(scenario: Scenario, result: Result, language: str) -> dict[str, str]:
    """Returns those files of a solve that are written in a language, by name.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    papers = {"summary.md": summary_markdown(scenario, result, language)}
    if result.portfolio is not None:
        papers["partnerships.md"] = partnerships_markdown(scenario, result, language)
    return papers


def source_of(name: str, data: bytes, overrides: Sequence[str]) -> dict[str, object]:
    """Returns what a bundle says of where its scenario comes from: the file's name, size and hash, and overrides."""
    digest = hashlib.sha256(data).hexdigest()
    return {"inputs": [{"name": name, "bytes": len(data), "sha256": digest}], "overrides": list(overrides)}


def bundle_files(source: Mapping[str, object], scenario: Scenario, result: Result) -> dict[str, str]:
    """Returns what makes a run a bundle: where it comes from, the checker's report, and proof of its bounds."""
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
            **{package: version(package) for package in ("numpy", "ortools", "pydantic")},
        },
        "check": check,
    }
    return {BUNDLE_FILE: canonical_json(bundle), CERTIFICATE_FILE: canonical_json(certify(scenario, result))}


def opinion_files(opinion: Opinion) -> dict[str, str]:
    """Returns what a second opinion adds to a run: the other result, and what was compared."""
    compared = {
        "engine": opinion.engine,
        "agreements": [each.document for each in opinion.agreements],
        "disagreements": [each.document for each in opinion.disagreements],
        "result": opinion.result.model_dump(mode="json"),
    }
    return {OPINION_FILE: canonical_json(compared)}
