"""``matcher verify``: the independent checker on saved files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher.cli.arguments import AsJson, Overrides
from matcher.cli.exits import Exit
from matcher.cli.runs import RESULT_FILE, SCENARIO_FILE, is_bundle
from matcher.cli.talk import out, out_json
from matcher.units import decimal_text, plain

if TYPE_CHECKING:
    from matcher.verification import Report, Violation


def verify_command(
    scenario: Annotated[
        Path, typer.Argument(metavar="SCENARIO", help="Scenario file, or the directory of a run or bundle.")
    ],
    portfolio: Annotated[
        Path | None, typer.Argument(metavar="PORTFOLIO", help="Portfolio or result file; not with a run's directory.")
    ] = None,
    override: Overrides = None,
    json: AsJson = False,
) -> None:
    """Check a saved portfolio, or a bundle, exactly."""
    from matcher.io import load, load_portfolio
    from matcher.verification import verify

    if portfolio is None and is_bundle(scenario):
        raise typer.Exit(_bundle(scenario, override or [], json=json))
    if portfolio is None:
        if not scenario.is_dir():
            raise typer.BadParameter(
                "expected a portfolio file, or the directory of a run alone", param_hint="PORTFOLIO"
            )
        scenario, portfolio = scenario / SCENARIO_FILE, scenario / RESULT_FILE
    report = verify(load(scenario, override or ()), load_portfolio(portfolio))
    if json:
        out_json(_document(report))
    else:
        out("\n".join(_lines(report)))
    raise typer.Exit(Exit.DONE if report.ok else Exit.FAILED)


def _bundle(directory: Path, override: Sequence[str], *, json: bool) -> Exit:
    """Checks a bundle and shows what was found."""
    from matcher.verification import verify_bundle
    from matcher.verification.bundle import lines_of

    if override:
        raise typer.BadParameter("a bundle is checked as it is: name scenario and portfolio", param_hint="--override")
    found = verify_bundle(directory)
    if json:
        out_json({"ok": found.ok, "findings": [asdict(each) for each in found.findings]})
    else:
        out("\n".join(lines_of(found)))
    return Exit.DONE if found.ok else Exit.FAILED


def _document(report: Report) -> dict[str, object]:
    return {
        "ok": report.ok,
        "violations": [asdict(violation) for violation in report.violations],
        "figures": {name: plain(value) for name, value in report.figures.items()},
    }


def _lines(report: Report) -> list[str]:
    from matcher.verification.report import shown

    count = len(report.violations)
    head = f"not verified: {count} violation{'s' if count != 1 else ''}" if count else "verified: no rule is violated"
    figures = [f"  {name}: {decimal_text(value)} ({shown(value)})" for name, value in sorted(report.figures.items())]
    return [head, *(f"  {_said(violation)}" for violation in report.violations), "figures, recomputed:", *figures]


def _said(violation: Violation) -> str:
    """Returns a violation as a sentence: rule, who, when, by how much."""
    year = "" if violation.year is None else f" in {violation.year}"
    who = ", ".join(violation.who)
    return f"rule {violation.rule} ({violation.name}): {who}{year}, by {plain(violation.excess)}: {violation.detail}"
