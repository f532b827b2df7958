"""All that is explained of a portfolio, for everybody or for some States, providers or partnerships."""

from __future__ import annotations

from collections.abc import Callable

from matcher.errors import InvalidOptions
from matcher.execution import Executor, Serial
from matcher.explanation.checking import check_names, require_valid
from matcher.explanation.clock_findings import Clock, Curves
from matcher.explanation.clocks import clock
from matcher.explanation.contribution_findings import Contribution
from matcher.explanation.contributions import contributions
from matcher.explanation.curves import curves_of
from matcher.explanation.explanation import PARTS, Explanation, Part, Question
from matcher.explanation.findings import Shortfall
from matcher.explanation.idle import idle_offers
from matcher.explanation.idle_findings import Idle
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.explanation.shortfalls import remaining
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.scenario import Scenario


def explain(
    scenario: Scenario,
    portfolio: Portfolio | Result,
    asked: Question | None = None,
    *,
    executor: Executor | None = None,
    tell: Callable[[Part], None] | None = None,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Explanation:
    """Returns what is explained of a portfolio.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario, or a result that holds one.
    asked
        What is to be explained; none is everything.
    executor
        Where the answers are looked for; none is in this process. They do not depend on it.
    tell
        Called with each part before it is made.
    settings
        What the search is tuned by, for whoever studies it.

    Raises
    ------
    InvalidOptions
        if there is no such State, provider or partnership, or no valid portfolio of the scenario.
    """
    if isinstance(portfolio, Result):
        if portfolio.portfolio is None:
            raise InvalidOptions("the result holds no portfolio: its conflicts say why")
        portfolio = portfolio.portfolio
    require_valid(scenario, portfolio)
    asked, run = asked or Question(), executor or Serial()
    check_names(asked.states, [state.id for state in scenario.states], "State")
    check_names(asked.needs, [need.id for need in scenario.needs], "need")
    if asked.states and asked.providers:
        raise InvalidOptions("States and providers cannot be asked about at once: one after the other")
    check_names(asked.providers, [provider.id for provider in scenario.providers], "provider")
    wanted = asked.wanted()

    def begin(part: Part) -> bool:
        if part in wanted and tell is not None:
            tell(part)
        return part in wanted

    case = (scenario, portfolio, settings)
    states = [state.id for state in scenario.states if asked.of_state(scenario, state.id)]
    return Explanation(
        scenario=scenario.name,
        scenario_hash=scenario.digest,
        portfolio=portfolio.digest,
        parts=tuple(part for part in PARTS if part in wanted),
        why=_why(scenario, portfolio, asked, run, settings) if begin("why") else (),
        why_not=_why_not(scenario, portfolio, asked, run, settings) if begin("why_not") else (),
        idle=_idle(scenario, portfolio, asked, run, settings) if begin("idle") else (),
        clocks=tuple(run.map(_clock, states, shared=run.share(case))) if begin("clock") else (),
        curves=tuple(run.map(_curves, states, shared=run.share(case))) if begin("curves") else (),
    )


def _why(
    scenario: Scenario, portfolio: Portfolio, asked: Question, run: Executor, settings: ExplanationSettings
) -> tuple[Contribution, ...]:
    return contributions(
        scenario,
        portfolio,
        partnerships=asked.partnerships,
        needs=asked.needs,
        states=asked.states,
        providers=asked.providers,
        executor=run,
        settings=settings,
    )


def _why_not(
    scenario: Scenario, portfolio: Portfolio, asked: Question, run: Executor, settings: ExplanationSettings
) -> tuple[Shortfall, ...]:
    return remaining(
        scenario,
        portfolio,
        states=asked.states,
        needs=asked.needs,
        ledger=asked.ledger,
        executor=run,
        settings=settings,
    ).shortfalls


def _idle(
    scenario: Scenario, portfolio: Portfolio, asked: Question, run: Executor, settings: ExplanationSettings
) -> tuple[Idle, ...]:
    offers = [offer.id for offer in scenario.offers if offer.provider in asked.providers]
    if asked.providers and not offers:
        return ()
    return idle_offers(
        scenario, portfolio, offers=offers, states=asked.where(scenario), executor=run, settings=settings
    )


_Case = tuple[Scenario, Portfolio, ExplanationSettings]
"""What clocks and curves are made from, for pieces that run anywhere."""


def _clock(case: _Case, state: str) -> Clock:
    scenario, portfolio, settings = case
    return clock(scenario, portfolio, state, settings)


def _curves(case: _Case, state: str) -> Curves:
    scenario, portfolio, settings = case
    return curves_of(scenario, portfolio, state, settings)
