"""The public names are written down, can be used, and cost nothing until they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import matcher

TREE = Path(__file__).parent.parent

SURFACE = (
    "Explanation",
    "Question",
    "Cancel",
    "Caution",
    "Comparison",
    "Engagement",
    "Fault",
    "Flow",
    "InvalidInput",
    "InvalidOptions",
    "InvalidPortfolio",
    "InvalidResult",
    "InvalidScenario",
    "MatcherError",
    "Option",
    "OptionSet",
    "Partnership",
    "Portfolio",
    "ProcessLimits",
    "Progress",
    "Report",
    "Result",
    "Scenario",
    "SolveOptions",
    "VerificationFailed",
    "Violation",
    "compare",
    "explain",
    "find_options",
    "load",
    "load_portfolio",
    "loads",
    "read_run",
    "screen",
    "solve",
    "solve_isolated",
    "verify",
    "verify_run",
)


def test_the_public_names_are_exactly_these() -> None:
    """A name cannot appear or vanish unnoticed."""
    assert sorted(matcher.__all__) == sorted(SURFACE)
    assert dir(matcher) == matcher.__all__


@pytest.mark.parametrize("name", SURFACE)
def test_every_public_name_is_there_with_a_docstring(name: str) -> None:
    """Each name loads and says what it is."""
    assert getattr(matcher, name).__doc__


def test_screening_gives_cautions_as_data_without_words_or_solvers() -> None:
    """`screen` tells what `matcher check` warns of, and loads neither command line, reports nor solvers for it."""
    code = """
import sys, matcher
cautions = matcher.screen(matcher.load("scenarios/tiny/triangular.yaml"))
assert cautions and all(isinstance(each, matcher.Caution) for each in cautions)
print([(each.code, each.subject, each.count, each.total) for each in cautions])
print(sorted({"matcher.cli", "matcher.reporting", "matcher.engine", "typer", "ortools"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TREE)
    assert done.stdout.splitlines()[1] == "[]"
    assert "('provenance_missing', 'offers', 4, 4)" in done.stdout


def test_an_unknown_name_is_refused() -> None:
    """A misspelt name is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="sovle"):
        matcher.sovle  # noqa: B018


def test_importing_loads_no_solver_and_no_tables() -> None:
    """`import matcher` loads neither solvers, arrays, tables nor plots."""
    heavy = "{'ortools', 'numpy', 'pandas', 'pydantic', 'networkx', 'matplotlib'}"
    code = f"import sys, matcher; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
