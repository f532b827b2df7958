"""One State's part of a portfolio solved again under a changed scenario, all others kept as they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from matcher.engine.by_state.groups import Subproblem, SubproblemData, SubproblemSolution, merged, subproblem_data
from matcher.engine.parts import plain_task, relaxed_bound, solve_part
from matcher.engine.problem import ObjectiveProblem
from matcher.explanation.checking import accepted
from matcher.explanation.findings import Goal
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.formulation.formulate import formulate
from matcher.formulation.formulation import Formulation
from matcher.formulation.plans import Pairs, Plan, plan_of, portfolio_of
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario, TechnicalOffer
from matcher.solvers.engines import Limits
from matcher.solvers.linear_model import UNLIMITED, Bools, Ints, LinearModel, LinearObjective, RowBuilder, Rows
from matcher.verification import Report


@dataclass(frozen=True)
class Found:
    """The best that one State can have."""

    value: int | None
    """Units of the aim in a plan that keeps the model; None if there is none."""
    bound: int | None
    """No portfolio has more (less, where less is sought); None if there is none, proven by ``impossible``."""
    impossible: bool = False
    """Whether it is proven that there is no portfolio."""
    plan: Plan | None = field(default=None, compare=False, repr=False)
    """The plan that has the value, for `Setting.check`."""


@dataclass(frozen=True)
class Tuning:
    """Figures of a setting's scenario that are set otherwise for one question, without formulating it again."""

    closed: Collection[str] = ()
    """Offers that give nothing; the portfolio uses none of them."""
    most: tuple[tuple[str, int], ...] = ()
    """Offers that give less: minor units in all, or units of work in each year."""
    limits: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Rules of the State whose limit is another (``absorption``, ``max_partners``), with that of each year."""


AS_IT_IS = Tuning()


@dataclass(frozen=True)
class StatePart:
    """One State's part of the model, all others kept."""

    state: int
    plan: Plan
    """What all others keep."""
    task: ObjectiveProblem
    piece: SubproblemData
    free: Ints
    """Its columns in the whole model."""

    @property
    def rows(self) -> Ints:
        """Number in the whole model of each row of the part."""
        free = np.zeros(self.task.model.columns, np.bool_)
        free[self.free] = True
        rows = self.task.model.rows
        return np.unique(rows.row_of_term[free[rows.column]])

    def merged(self, pairs: Pairs, others: Ints) -> Plan | None:
        """Returns the plan with a new part; None if it breaks a row of the whole model."""
        return merged(
            self.task,
            self.plan,
            [Subproblem(frozenset([self.state]), self.free, SubproblemSolution(pairs, others))],
        )


class Setting:
    """A portfolio in a scenario, perhaps a changed one, ready to have one State's part solved again.

    What it finds keeps the model; `check` holds it against the checker, which takes as long again.
    """

    def __init__(
        self,
        scenario: Scenario,
        formulation: Formulation,
        plan: Plan,
        settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
    ) -> None:
        self.scenario = scenario
        self.formulation = formulation
        self.plan = plan
        self.settings = settings
        self.task = replace(plain_task(formulation), settings=settings.engine)
        """A task without an aim of its own."""
        self._models: dict[tuple[Goal, bool], LinearModel | None] = {}
        self._activity: dict[tuple[Goal, bool], Ints] = {}

    @classmethod
    def of(
        cls, scenario: Scenario, portfolio: Portfolio, settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS
    ) -> Setting:
        """Returns the setting of a portfolio; it must be one of the scenario, whatever scenario it was made for."""
        formulation = formulate(scenario)
        return cls(scenario, formulation, plan_of(formulation, portfolio), settings)

    def part_limits(self) -> Limits:
        """Returns when the search of one State's part ends."""
        return self.settings.engine.limits(self.settings.part_work)

    def most(self, goal: Goal) -> Found:
        """Returns the most units of a goal's need that can be delivered, the State's other needs having no less."""
        return self._best(goal, self._delivery(goal), False, AS_IT_IS)

    def at_most(self, goal: Goal) -> int | None:
        """Returns what `most` cannot pass, by the linear relaxation; None if that is not known."""
        part = self.part(goal, self._delivery(goal), False, AS_IT_IS)
        if part is None:
            return None
        bound = relaxed_bound(part.piece, part.piece.limits).bound
        return None if bound is None else int(bound)

    def _delivery(self, goal: Goal) -> LinearObjective:
        """Units of a goal's need that are delivered."""
        assert goal.need is not None
        columns, need = self.formulation.columns, self.scenario.index.needs[goal.need]
        coefficient = np.zeros(columns.count, np.int64)
        granule = self.scenario.capability(self.scenario.need(goal.need).capability).granule
        coefficient[: columns.works][columns.flow_need[: columns.works] == need] = granule
        return LinearObjective("most", True, coefficient, 1, Fraction(0))

    def least(self, goal: Goal, offer: str | None = None, tuning: Tuning = AS_IT_IS) -> Found:
        """Returns the least of an offer, in minor units or units of work, with which a goal is reached.

        Without an offer, 0 where the goal can be reached at all.
        """
        coefficient = np.zeros(self.formulation.columns.count, np.int64)
        if offer is not None:
            coefficient = self.use_of(offer)
        return self._best(goal, LinearObjective("least", False, coefficient, 1, Fraction(0)), True, tuning)

    def check(self, found: Found, scenario: Scenario | None = None) -> Report | None:
        """Holds what was found against the checker, in this scenario or another that it should be good in, too.

        Returns its report; None where nothing was found.

        Raises
        ------
        VerificationFailed
            if it refuses it: an error of the engine.
        """
        if found.plan is None:
            return None
        return self.accepted(found.plan, scenario or self.scenario)

    def accepted(self, plan: Plan, scenario: Scenario) -> Report:
        """Returns what the checker says of a plan as a portfolio of a scenario, this one or another.

        Raises
        ------
        VerificationFailed
            if it refuses it: an error of the engine.
        """
        portfolio = portfolio_of(self.formulation, plan)
        return accepted(scenario, portfolio.model_copy(update={"scenario_hash": scenario_hash(scenario)}))

    def use_of(self, offer: str) -> Ints:
        """What each column takes of an offer: minor units of money, or units of work."""
        columns, scenario = self.formulation.columns, self.scenario
        at = self.scenario.index.offers[offer]
        flows = np.flatnonzero(columns.flow_offer[: columns.flows] == at)
        coefficient = np.zeros(columns.count, np.int64)
        each = scenario.offers[at]
        if isinstance(each, TechnicalOffer):
            coefficient[flows] = scenario.capability(each.capability).granule
        else:
            coefficient[flows] = columns.money_unit[flows - columns.works]
        return coefficient

    def _model(self, goal: Goal, reaching: bool) -> LinearModel | None:
        """The model in which a goal is reached, or may be more or less; None where no point can."""
        if (goal, reaching) not in self._models:
            model = self._reaching(goal) if reaching else self._keeping(goal)
            self._models[goal, reaching] = model
            if model is not None:
                self._activity[goal, reaching] = model.rows.activity(self.plan.point)
        return self._models[goal, reaching]

    def _reaching(self, goal: Goal) -> LinearModel | None:
        """The model in which a goal is reached; None where no point can."""
        columns, model = self.formulation.columns, self._keeping(goal)
        if goal.need is None:
            complete = columns.complete[self.scenario.index.states[goal.state]]
            if complete < 0:
                return None
            lower = model.lower.copy()
            lower[complete] = 1
            return model.with_bounds(lower, model.upper)
        need = self.scenario.index.needs[goal.need]
        rows = RowBuilder()
        row = rows.row(("reached",), lower=int(columns.tables.rest[need]), upper=UNLIMITED)
        rows.terms(row, np.flatnonzero(columns.flow_need[: columns.works] == need), 1)
        return model.with_rows(rows.build(np.maximum(model.upper, 1)))

    def _keeping(self, goal: Goal) -> LinearModel:
        """The model in which the State's other needs get no less than they have, and it completes if it does."""
        columns, model, state = self.formulation.columns, self.formulation.model, self.scenario.index.states[goal.state]
        others = self.scenario.needs_of(goal.state) if goal.need is not None else ()
        needs = [self.scenario.index.needs[each.id] for each in others if each.id != goal.need]
        rows = RowBuilder()
        for need in needs:
            work = np.flatnonzero(columns.flow_need[: columns.works] == need)
            if len(work):
                row = rows.row(("kept",), lower=int(self.plan.point[work].sum()), upper=UNLIMITED)
                rows.terms(row, work, 1)
        model = model.with_rows(rows.build(np.maximum(model.upper, 1)))
        complete = columns.complete[state]
        if complete >= 0 and self.plan.point[complete]:
            lower = model.lower.copy()
            lower[complete] = 1
            model = model.with_bounds(lower, model.upper)
        return model

    def _columns_of(self, offers: Collection[str]) -> Bools:
        """What some offers do and whether they are engaged, as columns; none is anything in the portfolio."""
        columns = self.formulation.columns
        theirs = np.array([each.id in offers for each in self.scenario.offers], np.bool_)
        found = np.zeros(columns.count, np.bool_)
        found[: columns.flows] = theirs[columns.flow_offer]
        for table in (columns.engaged, columns.working, columns.start):
            gates = table[theirs[columns.relations.offer]]
            found[gates[gates >= 0]] = True
        return found

    def _tuned(self, model: LinearModel, goal: Goal, tuning: Tuning) -> LinearModel:
        """The model with other limits of the State and of some offers."""
        upper = model.rows.upper.copy()
        state = self.scenario.index.states[goal.state]
        for rule, by_year in tuning.limits:
            for group in self.formulation.groups:
                if group.rule == rule and group.count:
                    who, year = group.of
                    mine = np.flatnonzero(who == state)
                    upper[group.first + mine] = np.array(by_year, np.int64)[year[mine]]
        if tuning.limits:
            model = model.with_row_upper(upper)
        return model.with_rows(self._lessened(model, tuning)) if tuning.most else model

    def _lessened(self, model: LinearModel, tuning: Tuning) -> Rows:
        """Rows by which offers give less than they could."""
        columns, rows = self.formulation.columns, RowBuilder()
        for offer, amount in tuning.most:
            use = self.use_of(offer)
            flows = np.flatnonzero(use)
            if isinstance(self.scenario.offer(offer), TechnicalOffer):
                for year in np.unique(columns.flow_year[flows]).tolist():
                    of_year = flows[columns.flow_year[flows] == year]
                    rows.terms(rows.row(("most",), upper=amount), of_year, use[of_year])
            elif len(flows):
                rows.terms(rows.row(("most",), upper=amount), flows, use[flows])
        return rows.build(np.maximum(model.upper, 1))

    def part(self, goal: Goal, objective: LinearObjective, reaching: bool, tuning: Tuning) -> StatePart | None:
        """The State's part of the model; None where it is plain that it has no point."""
        model, state = self._model(goal, reaching), self.scenario.index.states[goal.state]
        if model is None or (model.lower > model.upper).any():
            return None
        model, activity = self._tuned(model, goal, tuning), self._activity[goal, reaching]
        activity = model.rows.activity(self.plan.point) if tuning.most else activity
        task = replace(self.task, model=model, objective=objective)
        kept = self._columns_of(tuning.closed) if tuning.closed else None
        limits = self.part_limits()
        piece, free = subproblem_data(task, self.plan, [state], limits, objective, activity=activity, kept=kept)
        return None if _broken(model.rows, activity, free) else StatePart(state, self.plan, task, piece, free)

    def _best(self, goal: Goal, objective: LinearObjective, reaching: bool, tuning: Tuning) -> Found:
        part = self.part(goal, objective, reaching, tuning)
        if part is None:
            return Found(None, None, impossible=True)
        hint = part.piece.point.astype(np.float64)
        states = [self.scenario.index.states[goal.state]]
        best = solve_part(part.task, self.plan, states, part.piece, part.free, hint=hint)
        bound = None if best.bound is None else int(best.bound)
        if best.impossible or best.plan is None:
            return Found(None, bound, best.impossible)
        return Found(int(objective.value(best.plan.point)), bound, plan=best.plan)


def _broken(rows: Rows, activity: Ints, free: Ints) -> bool:
    """Whether some row is broken in which no column is free: a part of the model does not have it."""
    for row in np.flatnonzero((activity < rows.lower) | (activity > rows.upper)).tolist():
        if not np.isin(rows.column[rows.start[row] : rows.start[row + 1]], free).any():
            return True
    return False
