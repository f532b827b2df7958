"""The completion clock: by when a State can have all that Article 5 requires, with others and alone.

A year is possible if the State's part of the model, solved again, delivers all of it by the year's end. What is
possible by a year is possible by all later ones, so years are halved. The State's deadline is no limit here: it
says what counts as completion, not when work may be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.comparison.tally import tally
from matcher.errors import VerificationFailed
from matcher.explanation.checking import require_valid
from matcher.explanation.clock_findings import Clock, Earliest
from matcher.explanation.setting import Setting
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.explanation.state_part import StatePart, part_of
from matcher.formulation.plans import portfolio_of
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Decisions, FundingOffer, Objectives, Scenario
from matcher.scenario.edits import Deadline, Only, ReplaceDecisions, ReplaceObjectives, edited
from matcher.solvers.linear_model import LinearModel, LinearObjective
from matcher.verification import verify


def clock(
    scenario: Scenario, portfolio: Portfolio, state: str, settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS
) -> Clock:
    """Returns when a State completes under a portfolio, and the earliest that is possible.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario.
    state
        Id of the State.
    settings
        What the search is tuned by, for whoever studies it.

    Raises
    ------
    InvalidOptions
        if the portfolio is not a valid one of the scenario.
    """
    require_valid(scenario, portfolio)
    deadline = scenario.state(state).last_year
    if not any(need.completes for need in scenario.needs_of(state)):
        return Clock(state=state, deadline=deadline, year=None, within=None, alone=None)
    year = tally(scenario, portfolio).state(state).completion_year
    longest = open_ended(scenario, state)
    within = earliest(longest, answering(longest, portfolio), state, year, settings)
    single = open_ended(only_own(scenario, state), state)
    nothing = Portfolio(scenario=single.name, scenario_hash=single.digest)
    alone = earliest(single, nothing, state, settings=settings)
    return Clock(state=state, deadline=deadline, year=year, within=within, alone=alone)


def answering(scenario: Scenario, portfolio: Portfolio) -> Portfolio:
    """Returns the same flows and engagements as a portfolio of another scenario."""
    return portfolio.model_copy(update={"scenario": scenario.name, "scenario_hash": scenario.digest})


def open_ended(scenario: Scenario, state: str) -> Scenario:
    """Returns the scenario in which a State has until the end of the horizon, at least, to complete."""
    if scenario.state(state).last_year >= scenario.horizon.last:
        return scenario
    return edited(scenario, Deadline(state, scenario.horizon.last))


def only_own(scenario: Scenario, state: str) -> Scenario:
    """Returns the scenario with nothing but a State's needs and its own offers.

    What the State has promised to others, or agreed with others in view, is left out: commitments, pins, and
    caps on a share of all money. Forbids and caps on an amount of its own money stay. Its offers of money that
    somebody else would pay back go.
    """
    own = {offer.id for offer in scenario.offers if not scenario.is_external(offer.id, state)}
    while borrowed := {each.id for each in scenario.funding if each.id in own and _repaid_by(each) not in own | {None}}:
        own -= borrowed
    needs = {need.id for need in scenario.needs_of(state)}
    decided = Decisions(
        forbids=tuple(
            each
            for each in scenario.decisions.forbids
            if {each.offer, each.partner} <= own | {None} and each.need in needs | {None}
        ),
        caps=tuple(
            each
            for each in scenario.decisions.caps
            if each.state == state and each.share is None and each.offer in own | {None}
        ),
    )
    return edited(
        scenario,
        Only("offers", frozenset(own)),
        Only("needs", frozenset(needs)),
        ReplaceDecisions(decided),
        ReplaceObjectives(Objectives(discount=scenario.objectives.discount)),
    )


def _repaid_by(offer: FundingOffer) -> str | None:
    """The offer that pays back what an offer lends; None where nothing is paid back."""
    return None if offer.repayment is None else offer.repayment.offer


@dataclass(frozen=True)
class _Tried:
    """What came of one year."""

    year: int | None
    """Year in which a checked portfolio has it all, no later than the one tried; None if there is none."""
    impossible: bool = False


def earliest(
    scenario: Scenario,
    portfolio: Portfolio,
    state: str,
    known: int | None = None,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Earliest:
    """Returns the first year by whose end a State can have all that Article 5 requires, others kept as they are.

    Parameters
    ----------
    scenario
        In which the State has until the end of the horizon.
    known
        A year that is known to be possible.
    settings
        What the search is tuned by, for whoever studies it.
    """
    setting = Setting.of(scenario, portfolio, settings)
    nothing = np.zeros(setting.formulation.columns.count, np.int64)
    part = part_of(setting, state, LinearObjective("least", False, nothing, 1, Fraction(0)))
    first, last = scenario.horizon.first, scenario.horizon.last
    low, proven, year = first, first, known
    high = last if year is None else year - 1  # years from low to high are open
    while low <= high:
        middle = (low + high) // 2 if year is not None else high  # first of all: is it possible at all?
        tried = _tried(part, state, middle)
        if tried.year is not None:
            year = tried.year
            high = year - 1
            continue
        low = middle + 1
        proven = low if tried.impossible else proven  # and with it all earlier years
    return Earliest(year=year, least=None if proven > last else proven)


def _tried(part: StatePart, state: str, year: int) -> _Tried:
    """Whether all can be delivered by the end of a year."""
    setting = part.setting
    model = delivering(part, year)
    if model is None:
        return _Tried(None, impossible=True)
    best = part.best(setting.part_limits(), model)
    if best.plan is None:
        return _Tried(None, best.impossible)
    portfolio = portfolio_of(setting.formulation, best.plan)
    report = verify(setting.scenario, portfolio)
    found = tally(setting.scenario, portfolio).state(state).completion_year
    if not report.ok or found is None or found > year:
        faults = "; ".join(violation.detail for violation in report.violations[:5])
        raise VerificationFailed(faults or f"{state} was to have all by {year} and has it by {found}")
    return _Tried(found)


def delivering(part: StatePart, year: int) -> LinearModel | None:
    """Returns a State's part in which all that Article 5 requires is delivered by the end of a year.

    The scenario must leave the State that long. None where bounds of columns alone say that it cannot be.
    """
    columns = part.setting.formulation.columns
    complete = int(columns.complete[part.state])
    late = np.zeros(columns.count, np.bool_)
    required = columns.tables.need_completes[columns.flow_need[: columns.works]]
    late[: columns.works] = required & (columns.flow_year[: columns.works] > year - columns.scenario.horizon.first)
    lower, upper = part.model.lower.copy(), np.where(late[part.free], 0, part.model.upper)
    lower[part.place(complete)] = 1
    return None if (lower > upper).any() else part.model.with_bounds(lower, upper)
