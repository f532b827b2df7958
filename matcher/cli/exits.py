"""Exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matcher.portfolio.result import Result


class Exit(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    """Done; for a solve: within the required gap, or a limit reached with a portfolio."""
    FAILED = 1
    """An error of the engine itself, though what it had found may be saved; a check that did not pass; or
    something that could not be written where it was to be."""
    INVALID = 2
    """Wrong usage, or an invalid file."""
    INFEASIBLE = 3
    """No portfolio exists."""
    NO_PORTFOLIO = 4
    """A limit was reached without a portfolio."""
    GAP_NOT_MET = 5
    """A limit was reached before the required gap, and ``--strict`` was given."""
    HUNG_UP = 129
    """Interrupted by SIGHUP; what there is, is saved. As the two that follow, 128 and the signal's number."""
    INTERRUPTED = 130
    """Interrupted by Ctrl-C, which is SIGINT."""
    TERMINATED = 143
    """Interrupted by SIGTERM."""


def exit_of(result: Result, *, strict: bool, interrupted: Exit | None) -> Exit:
    """Returns the exit code of a solve; where it was interrupted, the one that says by what."""
    if result.stopped_by == "crash":
        return Exit.FAILED
    if interrupted is not None:
        return interrupted
    if result.status == "feasible":
        return Exit.GAP_NOT_MET if strict else Exit.DONE
    return {
        "optimal": Exit.DONE,
        "infeasible": Exit.INFEASIBLE,
        "no_portfolio": Exit.NO_PORTFOLIO,
    }[result.status]
