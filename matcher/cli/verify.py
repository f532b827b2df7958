"""``matcher verify``: the independent checker on saved files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher.cli.arguments import AsJson, Language, Overrides
from matcher.cli.exits import Exit
from matcher.cli.streams import stdout_for_data
from matcher.cli.talk import out, out_json
from matcher.units import plain

if TYPE_CHECKING:
    from matcher.verification import BundleReport


def verify_command(
    scenario: Annotated[
        Path, typer.Argument(metavar="SCENARIO", help="Scenario file, or the directory of a run or bundle.")
    ],
    portfolio: Annotated[
        Path | None,
        typer.Argument(metavar="PORTFOLIO", help="Portfolio or result file; omit it for the directory of a run."),
    ] = None,
    override: Overrides = None,
    language: Language = "en",
    json: AsJson = False,
) -> None:
    """Verify a saved portfolio, run or bundle in exact arithmetic."""
    from matcher.reporting.languages import table_of

    table_of(language)  # before what may take long
    if portfolio is None:
        if not scenario.is_dir():
            raise typer.BadParameter(
                "expected a portfolio file, or the directory of a run alone", param_hint="PORTFOLIO"
            )
        if override:
            raise typer.BadParameter(
                "a saved run is checked as it is: name scenario and portfolio", param_hint="--override"
            )
        raise typer.Exit(_run(scenario, language, json=json))
    raise typer.Exit(_portfolio(scenario, override or (), portfolio, language, json=json))


def _run(directory: Path, language: str, *, json: bool) -> Exit:
    """Checks a saved run or bundle, and shows what was found."""
    from matcher.reporting.verified import verified_lines
    from matcher.runs.verifying import verify_run
    from matcher.verification.bundle import lines_of
    from matcher.verification.manifest import is_bundle

    with stdout_for_data():  # that no portfolio exists is sought again, by engines that write what they like
        found = verify_run(directory, language)
    if json:
        out_json(_document(found))
    elif is_bundle(directory) and language == "en":  # in the checker's own words, as it says them alone
        out("\n".join(lines_of(found)))
    else:
        out("\n".join(verified_lines(found, language)))
    return Exit.DONE if found.ok else Exit.FAILED


def _portfolio(scenario: Path, overrides: Sequence[str], portfolio: Path, language: str, *, json: bool) -> Exit:
    """Checks a portfolio, or a result with all that it claims, and shows what was found."""
    from matcher.io import load, load_portfolio
    from matcher.reporting.verified import verified_lines
    from matcher.verification import BundleReport, verify, verify_result

    loaded, plan = load(scenario, overrides), load_portfolio(portfolio)
    claims = _result_document(portfolio)
    if claims is None:
        found = BundleReport((), verify(loaded, plan))
    else:
        found = verify_result(loaded.model_dump(), {**claims, "portfolio": plan.model_dump(mode="json")})
    fine = found.ok and found.report is not None and found.report.ok
    if json:
        out_json({**_document(found), "ok": fine})
    else:
        out("\n".join(verified_lines(found, language)))
    return Exit.DONE if fine else Exit.FAILED


def _result_document(path: Path) -> Mapping[str, object] | None:
    """Returns the result that a file holds; none of a portfolio alone."""
    from matcher.io import load_result
    from matcher.verification.documents import read_document

    if path.suffix.lower() != ".json":
        return None
    document = read_document(path)
    if "result" not in document:
        return None
    load_result(path)  # refuses what is no result
    return document


def _document(found: BundleReport) -> dict[str, object]:
    report = found.report
    return {
        "ok": found.ok,
        "findings": [asdict(each) for each in found.findings],
        "notes": list(found.notes),
        "violations": [asdict(each) for each in report.violations] if report else [],
        "figures": {name: plain(value) for name, value in report.figures.items()} if report else {},
    }
