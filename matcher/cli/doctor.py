"""``matcher doctor``: whether the engine can work here."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matcher.cli.arguments import AsJson, with_order
from matcher.cli.exits import Exit
from matcher.cli.packages import version_of
from matcher.cli.talk import out, out_json

if TYPE_CHECKING:
    from matcher.scenario import Scenario

PACKAGES = ("matcher", "ortools", "networkx", "numpy", "pydantic", "PyYAML", "typer")
ENGINES = ("scip", "highs", "cpsat")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    """What was looked at."""
    found: str
    """What was found."""
    ok: bool = True
    """Whether the engine can work with it."""


def doctor_command(json: AsJson = False) -> None:
    """Check that the solvers work on this machine."""
    findings = [*_packages(), *_machine(), _output(), *_engines()]
    if json:
        out_json([{"subject": each.subject, "found": each.found, "ok": each.ok} for each in findings])
    else:
        out("\n".join(f"{'ok ' if each.ok else 'BAD'}  {each.subject}: {each.found}" for each in findings))
    raise typer.Exit(Exit.DONE if all(each.ok for each in findings) else Exit.FAILED)


def _packages() -> Iterator[Finding]:
    """Yields the versions of Python and of what the engine rests on."""
    yield Finding("Python", platform.python_version())
    for package in PACKAGES:
        found = version_of(package)
        # The engine itself also runs from its source tree.
        yield Finding(package, found or "not installed", ok=found is not None or package == "matcher")


def _machine() -> Iterator[Finding]:
    """Yields the cores and the memory of the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("cores", str(cores or "unknown"))
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        yield Finding("memory", f"{memory / 2**30:.1f} GiB")
    except (AttributeError, ValueError, OSError):
        yield Finding("memory", "unknown")


def _output() -> Finding:
    """Finds out whether results can be written where they go by default."""
    runs = Path("runs")
    place = runs if runs.is_dir() else Path()
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding("output directory", f"{place.resolve()} can be written")
    except OSError as error:
        return Finding("output directory", f"{place.resolve()} cannot be written: {error.strerror}", ok=False)


def _engines() -> Iterator[Finding]:
    """Yields whether each engine solves the starter scenario."""
    from matcher.cli.starter import starter_text
    from matcher.io import loads

    scenario = with_order(loads(starter_text("doctor"), source="starter scenario"), "completions")
    for engine in ENGINES:
        yield _self_test(scenario, engine)


def _self_test(scenario: Scenario, engine: str) -> Finding:
    from matcher.portfolio.result import SolveOptions

    options = SolveOptions.model_validate({"engine": engine, "work": 1, "gap": 0.01})
    try:
        from matcher import isolation

        result = isolation.solve_isolated(scenario, options)
    except Exception as error:  # whatever is wrong with an engine is what the doctor looks for
        return Finding(f"solver {engine}", f"{type(error).__name__}: {error}", ok=False)
    good = result.portfolio is not None and result.stopped_by != "crash"
    return Finding(f"solver {engine}", f"{result.solver}: starter scenario {result.status}", ok=good)
