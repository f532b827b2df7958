"""Proposes multi-year mine-action partnerships: exact, with proven bounds, checked independently.

>>> from matcher import load, solve
>>> result = solve(load("scenarios/tiny/triangular.yaml"))
>>> result.status
'optimal'

Every name below is loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matcher.comparison.comparison import Comparison, compare
    from matcher.engine.solving import solve
    from matcher.errors import (
        Fault,
        InvalidInput,
        InvalidOptions,
        InvalidPortfolio,
        InvalidResult,
        InvalidScenario,
        MatcherError,
        VerificationFailed,
    )
    from matcher.explanation.account import explain
    from matcher.explanation.explanation import Explanation, Question
    from matcher.io import load, load_portfolio, loads
    from matcher.isolation import ProcessLimits, solve_isolated
    from matcher.portfolio.portfolio import Engagement, Flow, Partnership, Portfolio
    from matcher.portfolio.result import Cancel, Progress, Result, SolveOptions
    from matcher.runs.reading import read_run
    from matcher.runs.verifying import verify_run
    from matcher.scenario import Scenario
    from matcher.scenario.eligibility import Option, OptionSet, find_options
    from matcher.screening.caution import Caution
    from matcher.screening.cautions import screen
    from matcher.verification import Report, Violation, verify

_HOME = {
    "Cancel": "portfolio.result",
    "Caution": "screening.caution",
    "Comparison": "comparison.comparison",
    "Engagement": "portfolio.portfolio",
    "Explanation": "explanation.explanation",
    "Fault": "errors",
    "Flow": "portfolio.portfolio",
    "InvalidInput": "errors",
    "InvalidOptions": "errors",
    "InvalidPortfolio": "errors",
    "InvalidResult": "errors",
    "InvalidScenario": "errors",
    "MatcherError": "errors",
    "Option": "scenario.eligibility",
    "OptionSet": "scenario.eligibility",
    "Partnership": "portfolio.portfolio",
    "Portfolio": "portfolio.portfolio",
    "ProcessLimits": "isolation",
    "Progress": "portfolio.result",
    "Question": "explanation.explanation",
    "Report": "verification",
    "Result": "portfolio.result",
    "Scenario": "scenario",
    "SolveOptions": "portfolio.result",
    "VerificationFailed": "errors",
    "Violation": "verification",
    "compare": "comparison.comparison",
    "explain": "explanation.account",
    "find_options": "scenario.eligibility",
    "load": "io",
    "load_portfolio": "io",
    "loads": "io",
    "read_run": "runs.reading",
    "screen": "screening.cautions",
    "solve": "engine.solving",
    "solve_isolated": "isolation",
    "verify": "verification",
    "verify_run": "runs.verifying",
}

__all__ = [
    "Cancel",
    "Caution",
    "Comparison",
    "Engagement",
    "Explanation",
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
    "Question",
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
]


def __getattr__(name: str) -> object:
    """Loads a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Lists the public names."""
    return list(__all__)
