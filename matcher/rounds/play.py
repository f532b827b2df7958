"""One round: the scenario with what is decided, planned from the portfolio of the round before, and priced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from matcher.comparison.comparison import compare
from matcher.engine.replanning import near
from matcher.errors import InvalidOptions
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, SolveOptions
from matcher.rounds.decisions import with_decisions
from matcher.rounds.record import DecisionInForce, Mode, Price
from matcher.scenario import Scenario


class Solver(Protocol):
    """What solves a scenario: `matcher.solve`, in this process or in one of its own."""

    def __call__(self, scenario: Scenario, options: SolveOptions, start: Portfolio | None, /) -> Result: ...


@dataclass(frozen=True)
class PlannedRound:
    """A round that was planned."""

    base: Scenario
    """The scenario without what the session decided."""
    standing: tuple[DecisionInForce, ...]
    mode: Mode
    options: SolveOptions
    earlier: Portfolio | None
    """The portfolio of the round before."""
    scenario: Scenario
    """The scenario that was solved."""
    result: Result


def play(
    base: Scenario,
    standing: Sequence[DecisionInForce],
    mode: Mode,
    options: SolveOptions,
    earlier: Portfolio | None,
    solver: Solver,
) -> PlannedRound:
    """Plans a round.

    Raises
    ------
    InvalidOptions
        if the scenario weighs its objectives and there is an earlier portfolio: see `matcher.engine.replanning.near`.
    """
    scenario = asked(base, standing, mode, earlier)
    return PlannedRound(base, tuple(standing), mode, options, earlier, scenario, solver(scenario, options, earlier))


def asked(base: Scenario, standing: Sequence[DecisionInForce], mode: Mode, earlier: Portfolio | None) -> Scenario:
    """Returns the scenario that a round solves.

    Raises
    ------
    InvalidOptions
        if a first round is to be near something, or a later one near nothing.
    """
    if (mode == "plan") != (earlier is None):
        raise InvalidOptions(f"a round with mode {mode!r} and {'no' if earlier is None else 'an'} earlier portfolio")
    decided = with_decisions(base, (each.decision for each in standing))
    return decided if earlier is None else near(decided, earlier, repair=mode == "repair")


def price(played: PlannedRound, number: int, solver: Solver) -> Price | None:
    """Returns what one decision costs in a round; None where nothing was found without it.

    The plan without it is made as the round itself was, in the same mode.
    """
    assert played.result.portfolio is not None
    others = tuple(each for each in played.standing if each.number != number)
    scenario = asked(played.base, others, played.mode, played.earlier)
    found, proven = _without(played, scenario, solver)
    if found is None:
        return None
    comparison = compare(scenario, found, played.scenario, played.result.portfolio)
    return Price(number=number, comparison=comparison, proven=proven and played.result.status == "optimal")


def _without(played: PlannedRound, scenario: Scenario, solver: Solver) -> tuple[Portfolio | None, bool]:
    """A portfolio for the round without one of its decisions, and whether it is proven to be as good as can be."""
    # A repair is solved too where the earlier portfolio is still allowed: nothing may move then, but what one
    # offer gives a State in a year may still serve its needs better.
    start = played.result.portfolio if played.mode == "replan" else played.earlier
    result = solver(scenario, played.options, start)
    return result.portfolio, result.status == "optimal"
