"""How much more than it offers one provider would have to give, in which years, for a goal to be reached.

A further grant (`matcher.explanation.relaxations`) pays for whole units of work by itself; a raised offer
adds to what is left of the offer, and may so need less. Columns for the raise are added to one State's part of
the model of the offer at its largest:

    minimise    sum over years t of r_t
    such that   spent_t <= Q_t + r_t + carried_t                   (budget)
                carried_t <= share (Q_{t-1} + r_{t-1} + carried_{t-1} - spent_{t-1})   (carry-over)

with all other rules as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from matcher.engine.problem import exact_bound
from matcher.explanation.findings import Goal
from matcher.explanation.setting import AS_IT_IS, Setting, StatePart
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.formulation.pairing import whole_pairs
from matcher.formulation.plans import Plan
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Clock
from matcher.scenario import Scenario
from matcher.scenario.edits import RaiseMoney, edited
from matcher.solvers.engines import SolverFailed, engine
from matcher.solvers.linear_model import Ints, LinearModel, LinearObjective, ModelTooLarge
from matcher.units import MAX_MONEY


@dataclass(frozen=True)
class Raise:
    """By how much an offer is raised."""

    by_year: tuple[int, ...]
    """Minor units of the scenario's currency in each year of the horizon."""
    least: int
    """No smaller sum is enough, proven."""


def least_raise(
    scenario: Scenario,
    narrow: Scenario,
    portfolio: Portfolio,
    goal: Goal,
    offer: str,
    most: int,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Raise | Literal["not_enough", "unknown"]:
    """Returns the least raise of an offer by which a State reaches a goal, others keeping what they have.

    Otherwise whether it is proven that none is enough up to `most` in each year.

    Parameters
    ----------
    narrow
        The scenario without what other States have no use for.
    most
        As much as could ever be of use, in minor units.
    settings
        What the search is tuned by.

    Raises
    ------
    VerificationFailed
        if the checker refuses the portfolio that has it: an error of the engine.
    """
    given = narrow.funding_offer(offer)
    window = narrow.window(given)
    room = [min(most, MAX_MONEY - now) for now in narrow.money_by_year(given)]
    room = [more if year in window else 0 for year, more in zip(narrow.years, room, strict=True)]
    try:
        setting = Setting.of(edited(narrow, RaiseMoney(offer, tuple(room))), portfolio, settings)
    except ModelTooLarge:  # with as much as could be of use: nothing is known of that
        return "unknown"
    part = setting.part(goal, LinearObjective("spent", False, setting.use_of(offer), 1, Fraction(0)), True, AS_IT_IS)
    if part is None:
        return "not_enough"
    found = _Ledger.of(setting, part, offer, room).least(part)
    if isinstance(found, str):
        return found
    plan, bound = found
    by_year = _shortage(setting, plan, offer, narrow.money_by_year(given))
    setting.accepted(plan, edited(scenario, RaiseMoney(offer, by_year)))
    return Raise(by_year, min(max(bound, 0), sum(by_year)))


@dataclass(frozen=True)
class _Ledger:
    """The rows of an offer's budget in a State's part of the model."""

    row: Ints
    """Rows that a raise in some year relaxes."""
    year: Ints
    """Year of the raise, by position."""
    share: Ints
    """How far a minor unit relaxes each."""
    room: Ints
    """Most of the raise, shape (years,), in minor units."""

    @classmethod
    def of(cls, setting: Setting, part: StatePart, offer: str, room: Sequence[int]) -> _Ledger:
        """Finds the rows by what they are about."""
        formulation, at = setting.formulation, setting.scenario.index.offers[offer]
        share = int(formulation.columns.carry_overs[0][at])
        found: list[tuple[int, int, int]] = []
        place = {row: here for here, row in enumerate(part.rows.tolist())}
        for group in formulation.groups:
            if group.rule in ("budget", "carry-over") and group.count:
                before, worth = (0, 1) if group.rule == "budget" else (1, share)
                for each in np.flatnonzero(group.of[0] == at).tolist():
                    if group.first + each in place:
                        found.append((place[group.first + each], int(group.of[1][each]) - before, worth))
        table = np.array(found, np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2], np.array(room, np.int64))

    def least(self, part: StatePart) -> tuple[Plan, int] | Literal["not_enough", "unknown"]:
        """The plan with the least raise that was found, and what is proven of it; or whether there is none."""
        model, objective = self._open(part.piece.model)
        clock = Clock()
        try:
            outcome = engine(part.piece.engine)(model, objective, part.piece.limits, clock)
        except SolverFailed:
            return "unknown"
        if outcome.point is None or outcome.bound is None:
            return "not_enough" if outcome.status == "infeasible" else "unknown"
        years = outcome.point[part.piece.model.columns :]
        granted = np.minimum(np.ceil(np.round(years, 3)).astype(np.int64), self.room)
        point = outcome.point[: part.piece.model.columns]
        for most in (granted, self.room):  # in the amount found if that can be, else near it
            closed = part.piece.model.with_row_upper(self._upper(part.piece.model, most))
            pairs = whole_pairs(closed, part.piece.flows, point, part.piece.objective, clock, part.piece.solvers)
            plan = None if pairs is None else part.merged(*pairs)
            if plan is not None:
                return plan, int(exact_bound(objective, outcome.bound, Fraction(0)))
        return "unknown"

    def _upper(self, model: LinearModel, granted: Ints) -> Ints:
        """Upper limits of the rows where the raise is another than the largest."""
        upper = model.rows.upper.copy()
        upper[self.row] -= self.share * (self.room - granted)[self.year]
        return upper

    def _open(self, model: LinearModel) -> tuple[LinearModel, LinearObjective]:
        """The model with a column for the raise in each year, and their sum."""
        closed = model.with_row_upper(self._upper(model, np.zeros_like(self.room)))
        rows, years = closed.rows, len(self.room)
        order = np.argsort(np.concatenate((rows.row_of_term, self.row)), kind="stable")
        column = np.concatenate((rows.column, model.columns + self.year))[order]
        coefficient = np.concatenate((rows.coefficient, -self.share))[order]
        more = np.bincount(self.row, minlength=rows.count)
        start = rows.start + np.concatenate((np.zeros(1, np.int64), np.cumsum(more)))
        wide = LinearModel(
            np.concatenate((model.lower, np.zeros(years, np.int64))),
            np.concatenate((model.upper, self.room)),
            np.concatenate((model.relaxable, np.ones(years, np.bool_))),
            np.concatenate((model.derived, np.ones(years, np.bool_))),
            np.concatenate((model.column_scale, np.full(years, 1e6))),
            replace(rows, start=start, column=column, coefficient=coefficient),
        )
        worth = np.concatenate((np.zeros(model.columns, np.int64), np.ones(years, np.int64)))
        return wide, LinearObjective("raise", False, worth, 1, Fraction(0))


def _shortage(setting: Setting, plan: Plan, offer: str, money: Sequence[int]) -> tuple[int, ...]:
    """What a plan spends and repays of an offer beyond what it has, year by year, in minor units."""
    columns, at = setting.formulation.columns, setting.scenario.index.offers[offer]
    share, whole = (int(each[at]) for each in columns.carry_overs)
    flows = np.flatnonzero(columns.flow_offer[: columns.flows] == at)
    spent = np.zeros(len(money), np.int64)
    np.add.at(spent, columns.flow_year[flows], plan.point[flows] * columns.money_unit[flows - columns.works])
    for (who, year), charged in columns.repayments_due.items():
        if who == at and year < len(money):
            spent[year] += plan.point[charged].sum()
    missing, carried = [], 0
    for year, new in enumerate(money):
        left = new + carried - int(spent[year])
        missing.append(max(-left, 0))
        carried = max(left, 0) * share // whole
    return tuple(missing)
