"""``matcher verify``: the independent checker on saved files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher.cli.arguments import AsJson, Overrides
from matcher.cli.exits import Exit
from matcher.cli.streams import stdout_for_data
from matcher.cli.talk import out, out_json
from matcher.units import decimal_text, plain

if TYPE_CHECKING:
    from matcher.verification import BundleReport, Violation

PORTFOLIO = "result.json: portfolio"
"""Where violations are: they are told by themselves, with rule, who and year."""


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
    """Check a saved portfolio, run or bundle, exactly."""
    if portfolio is None:
        if not scenario.is_dir():
            raise typer.BadParameter(
                "expected a portfolio file, or the directory of a run alone", param_hint="PORTFOLIO"
            )
        if override:
            raise typer.BadParameter(
                "a saved run is checked as it is: name scenario and portfolio", param_hint="--override"
            )
        raise typer.Exit(_run(scenario, json=json))
    raise typer.Exit(_portfolio(scenario, override or (), portfolio, json=json))


def _run(directory: Path, *, json: bool) -> Exit:
    """Checks a saved run or bundle, and shows what was found."""
    from matcher.runs.verifying import verify_run
    from matcher.verification.bundle import lines_of
    from matcher.verification.manifest import is_bundle

    with stdout_for_data():  # that no portfolio exists is sought again, by engines that write what they like
        found = verify_run(directory)
    if json:
        out_json(_document(found))
    elif is_bundle(directory):
        out("\n".join(lines_of(found)))
    else:
        out("\n".join(_lines(found)))
    return Exit.DONE if found.ok else Exit.FAILED


def _portfolio(scenario: Path, overrides: Sequence[str], portfolio: Path, *, json: bool) -> Exit:
    """Checks a portfolio, or a result with all that it claims, and shows what was found."""
    from matcher.io import load, load_portfolio
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
        out("\n".join(_lines(found)))
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
        "violations": [asdict(each) for each in report.violations] if report else [],
        "figures": {name: plain(value) for name, value in report.figures.items()} if report else {},
    }


def _lines(found: BundleReport) -> list[str]:
    """Returns what was found, the verdict first."""
    from matcher.verification.bundle import said
    from matcher.verification.report import shown

    violations = found.report.violations if found.report else ()
    off = [each for each in found.findings if not each.ok and each.where != PORTFOLIO]
    words = [each.text for each in found.findings if each.word]
    lines = [_verdict(found, len(violations), len(off)), *(f"  {_said(violation)}" for violation in violations)]
    lines += [f"  FAILED {said(each)}" for each in off]
    if words:
        lines += ["on a solver's word alone:", *(f"  {text}" for text in words)]
    if found.report:
        figures = sorted(found.report.figures.items())
        lines += [
            "figures, recomputed:",
            *(f"  {name}: {decimal_text(each)} ({shown(each)})" for name, each in figures),
        ]
    return lines


def _verdict(found: BundleReport, violations: int, off: int) -> str:
    """Returns in one line whether all holds."""
    from matcher.verification.bundle import NO_PROOF

    if violations:
        more = f", and {_counted(off, 'other check')} failed" if off else ""
        return f"not verified: {_counted(violations, 'violation')}{more}"
    if off:
        return f"not verified: {_counted(off, 'check')} failed"
    holding = sum(not each.word for each in found.findings)
    if found.report is None and holding < len(found.findings):
        return f"not proven: {_counted(holding, 'check')} hold, {NO_PROOF}"
    head = "verified: no rule is violated" if found.report else "verified: there is no portfolio"
    return f"{head}, {_counted(holding, 'check')} hold" if holding else head


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _said(violation: Violation) -> str:
    """Returns a violation as a sentence: rule, who, when, by how much."""
    year = "" if violation.year is None else f" in {violation.year}"
    who = ", ".join(violation.who)
    return f"rule {violation.rule} ({violation.name}): {who}{year}, by {plain(violation.excess)}: {violation.detail}"
