"""What an explanation rests on is checked: names that there are, a valid portfolio, plans that the checker accepts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from matcher.errors import InvalidOptions, VerificationFailed, nearest
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Scenario
from matcher.verification import Report, verify


def check_names(names: Collection[str], known: Sequence[str], what: str) -> None:
    """Refuses a name that nothing has, with the nearest that something has.

    Raises
    ------
    InvalidOptions
        if there is such a name.
    """
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            raise InvalidOptions(f"no {what} {name!r}" + (f"; did you mean {hint!r}?" if hint else ""))


def require_valid(scenario: Scenario, portfolio: Portfolio) -> None:
    """Refuses a portfolio that is not a valid one of the scenario.

    Raises
    ------
    InvalidOptions
        if it is not.
    """
    report = verify(scenario, portfolio)
    if not report.ok:
        raise InvalidOptions(f"the portfolio is not valid for this scenario: {report.violations[0].detail}")


def accepted(scenario: Scenario, portfolio: Portfolio) -> Report:
    """Returns what the checker says of a portfolio of ours that an answer rests on.

    Raises
    ------
    VerificationFailed
        if it refuses it: an error of the engine.
    """
    report = verify(scenario, portfolio)
    if not report.ok:
        raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))
    return report
