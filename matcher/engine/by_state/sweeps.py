"""Sweeps over the States and groups of them: what leads from one plan of an objective to a better one.

What an earlier objective has reached is one tight row over all States: kept, it lets a State move only what it gives
back itself. So a sweep at prices opens such rows and charges their prices instead, a little more than the
relaxation's, as it does with shared budgets; then States are served at ever dearer prices of the rows that are still
broken, until all are kept again. A plan that breaks one is never reported, and never the best one.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from matcher.engine.by_state.bundle import Bundle, Valued
from matcher.engine.by_state.neighbourhoods import Groups, Kinds
from matcher.engine.by_state.prices import signed_bound
from matcher.engine.by_state.search import free_groups, opened, settled_columns
from matcher.engine.by_state.worst_off import lifting, lifts, lowest
from matcher.engine.problem import ObjectiveProblem, better, guided, tighter, within_gap
from matcher.formulation.plans import Plan
from matcher.solvers.effort import WorkBudget
from matcher.solvers.linear_model import Bools, Floats, LinearObjective


class Sweeps:
    """Sweeps and groups for one objective, all charged to one budget."""

    def __init__(self, task: ObjectiveProblem, meter: WorkBudget) -> None:
        self.task = task
        self.meter = meter
        self.groups = Groups(task)
        self.search = guided(task.model, task.objective, task.guide)
        self.bound: Fraction | None = None
        """Best bound so far."""
        self.patient = True
        """Whether groups were freed for as long as there were any to try, or work for them."""
        self.reserved = 0.0
        """Work that sweeps leave to groups after them."""
        links_kept = any(label[:2] == ("kept", "turnover") for label in task.model.rows.label)
        self.settled = Groups(task, settled=True) if links_kept else None
        """Groups in which who is engaged where stays, once what links have come to is kept."""
        self._kept_share = task.settings.sweeps.kept_share

    def prove(self, bound: Fraction) -> None:
        """Takes a bound, if it is tighter than the one so far."""
        self.bound = tighter(self.task, self.bound, bound)

    def done(self, plan: Plan) -> bool:
        """Whether a plan is within the gap asked."""
        return within_gap(self.task, plan, self.bound)

    def _nearly(self, plan: Plan) -> bool:
        """Whether a plan is so near to the bound that lifting other States than the worst is no gain."""
        near = self.task.settings.neighbourhoods.lifting_gap
        return self.bound is not None and abs(self.bound - self.task.value(plan)) <= near * abs(self.bound)

    @property
    def ran_out(self) -> bool:
        """Whether more work would have led further."""
        return self.meter.empty or not self.patient

    def _stopped(self) -> bool:
        return self.task.clock.reason() is not None or self.meter.left <= self.reserved

    def alone(self, plan: Plan, most: int | None = None) -> Plan:
        """Frees States alone, each once, the least served first: all of them, or at most so many."""
        served = 0
        for group in self.groups.alone(plan):
            if self._stopped() or (most is not None and served >= most):
                break
            served += len(group)
            plan, _ = self._free(plan, group)
            self.task.report("single_states", plan, self.bound)
        return plan

    def reserve(self) -> None:
        """Keeps a share of the work for groups where there are settled ones: sweeps would take all of it."""
        if self.settled is not None:
            self.reserved = self.meter.left * self.task.settings.neighbourhoods.reserved_share

    def share_out(self, plan: Plan) -> Plan:
        """Frees settled groups, for half of the work that is kept for groups."""
        half = self.reserved / 2
        end = self.meter.used + half
        while self.settled is not None and self.settled.more and self.meter.used < end:
            if self.task.clock.reason() is not None:
                break
            plan, won = self._round(plan, self.settled)
            self.settled.tell(won)
        self.reserved = min(half, max(end + half - self.meter.used, 0.0))
        return plan

    def at_prices(self, start: Plan, plan: Plan, priced: Bundle, shares: Iterable[float]) -> Plan:
        """Serves all States at a share of the prices, then gives out what is left; again while it pays.

        The first sweep leads from `start`, the others from the best plan so far; prices become better between
        them. Returns the best plan.
        """
        settings, other = self.task.settings.sweeps, start
        for share in shares:
            before, dear = self.task.value(plan), self._kept_share
            self.prove(signed_bound(self.task, priced.valued.valuation))
            plan = self.once(other, plan, priced.valued, share)
            if self._stopped() or self.done(plan):
                break
            if self._kept_share > dear:  # nothing came of this one: the next is dearer
                continue
            if abs(self.task.value(plan) - before) <= abs(before) * settings.least_gain:
                break
            other = plan
            if priced.rough:
                priced.step(self.task.settings.prices.next_steps, self.meter)
        return plan

    def once(self, other: Plan, plan: Plan, valued: Valued, share: float) -> Plan:
        """One sweep from a plan, at a share of the prices and then without; returns the better of it and the best."""
        task = self.task
        full = valued.priced(task.columns.state, 1.0)
        self.groups.regret = regrets(task, valued, full, other)
        found = self._served_at_prices(other, valued, share)
        if found is None:
            return plan
        plan = self._best(found, plan)
        self.groups.regret = regrets(task, valued, full, found)
        for group in self.groups.alone(found):
            if self._stopped():
                break
            found, _ = self._free(found, group)
            plan = self._best(found, plan)
            task.report("states_at_prices", plan, self.bound)
        return plan

    def _served_at_prices(self, plan: Plan, valued: Valued, share: float) -> Plan | None:
        """Serves each State at prices; None if what earlier objectives have reached is lost, and cannot be won back.

        Their price falls as long as it is kept, and rises when it is not.
        """
        task, settings = self.task, self.task.settings.sweeps
        rows = kept_rows(task, valued)
        if not rows.any():
            return self._sweep(task, plan, valued.priced(task.columns.state, share))
        loose = opened(task, valued.blocks.row[rows])
        plan = self._sweep(loose, plan, valued.priced(task.columns.state, share, rows, self._kept_share))
        if not task.model.admits(plan.point):
            dearer = valued.priced(task.columns.state, share, rows, self._kept_share * settings.restoring)
            plan = self._sweep(loose, plan, dearer, until_kept=True)
        kept = task.model.admits(plan.point)
        self._kept_share *= settings.cheaper if kept else settings.dearer
        return plan if kept else None

    def _sweep(self, task: ObjectiveProblem, plan: Plan, objective: LinearObjective, until_kept: bool = False) -> Plan:
        """Serves each State once; at most until all rows of earlier objectives are kept."""
        for group in self.groups.alone(plan):
            if self._stopped() or (until_kept and self.task.model.admits(plan.point)):
                break
            plan, _ = free_groups(task, plan, group, objective, self.meter)
        return plan

    def _best(self, found: Plan, plan: Plan) -> Plan:
        return found if better(self.task.objective, self.task.value(found), self.task.value(plan)) else plan

    def improve(self, plan: Plan, valued: Valued | None) -> Plan:
        """Frees groups of States, one round after another, and keeps what is better."""
        task, groups = self.task, self.groups
        patience = task.settings.neighbourhoods.patience * self.meter.budget
        kinds = Kinds(task.settings.neighbourhoods, groups, self.settled)
        last_win = self.meter.used
        while not self._stopped() and not self.done(plan):
            self.patient = self.meter.used - last_win <= patience
            drawn = kinds.next() if self.patient else None
            if drawn is None:
                break
            before, used = task.value(plan), self.meter.used
            plan, won = self._round(plan, drawn, valued)
            gain = abs(task.value(plan) - before)
            kinds.tell(drawn, won, float(gain), self.meter.used - used)
            if any(won) and (gain or not lifts(task) or not self._nearly(plan)):
                last_win = self.meter.used
        return plan

    def _round(self, plan: Plan, groups: Groups, valued: Valued | None = None) -> tuple[Plan, list[bool]]:
        """Draws a round of groups and frees them; says which have won something."""
        task = self.task
        if valued is not None:
            groups.regret = regrets(task, valued, valued.priced(task.columns.state, 1.0), plan)
        first = lowest(task, plan, groups.active) if lifts(task) else None
        kept = settled_columns(task) if groups.settled else None
        plan, won = self._free(plan, groups.draw(first), groups.thorough, kept)
        task.report("groups", plan, self.bound)
        return plan, won

    def _free(
        self, plan: Plan, groups: list[frozenset[int]], thorough: bool = False, kept: Bools | None = None
    ) -> tuple[Plan, list[bool]]:
        """Frees a round of groups; for the smallest coverage, one after another, each lifting its own worst State."""
        if not lifts(self.task):
            return free_groups(self.task, plan, groups, self.search, self.meter, thorough, kept)
        won = []
        for group in groups:
            lifted, objective = lifting(self.task, plan, group)
            plan, found = free_groups(lifted, plan, [group], objective, self.meter, thorough)
            won += found
        return plan, won


def regrets(task: ObjectiveProblem, valued: Valued, full: LinearObjective, plan: Plan) -> Floats:
    """Returns how much each State's part of a plan is worth less, at full prices, than its best alone."""
    worth = np.zeros(len(task.formulation.scenario.states))
    own = task.columns.state >= 0
    np.add.at(worth, task.columns.state[own], (full.coefficient * plan.point / full.denominator)[own])
    best = np.zeros_like(worth)
    for state, bound in valued.valuation.block_bounds.items():
        if state >= 0:
            best[state] = float(bound)
    return np.maximum(best - worth, 0.0)


def kept_rows(task: ObjectiveProblem, valued: Valued) -> Bools:
    """Returns which linking rows keep an earlier objective and have a price, those of completions apart.

    A completion is all or nothing, and its price in a relaxation says little.
    """
    names = [_opens(task.model.rows.label[row]) for row in valued.blocks.row.tolist()]
    return np.asarray(np.array(names, np.bool_) & (valued.valuation.prices != 0), np.bool_)


def _opens(label: tuple[object, ...]) -> bool:
    return label[0] == "kept" and label[1] not in ("completions", "late_completions")
