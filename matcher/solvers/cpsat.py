"""CP-SAT: exact whole numbers throughout; the engine for small models and for whole units."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from ortools.sat.python import cp_model

from matcher.portfolio.result import Clock
from matcher.solvers.effort import count
from matcher.solvers.engines import Limits, Outcome, SolverFailed
from matcher.solvers.linear_model import UNLIMITED, Floats, LinearModel, LinearObjective
from matcher.solvers.watch import stopped_from_outside

_EXACT_FLOAT = 2**53
"""Whole numbers up to this are exact as floats."""


def solve_cpsat(
    model: LinearModel,
    objective: LinearObjective,
    limits: Limits,
    clock: Clock,
    hint: Floats | None = None,
) -> Outcome:
    """Solves a model in whole numbers with one worker, within deterministic work.

    Raises
    ------
    SolverFailed
        if CP-SAT refuses the model.
    """
    if (model.lower > model.upper).any():
        return Outcome("infeasible", None, None)
    built = _build(model, objective, hint)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = limits.seed - 1
    solver.parameters.catch_sigint_signal = False  # a signal is the caller's to handle
    solver.parameters.max_deterministic_time = limits.work
    solver.parameters.max_number_of_conflicts = max(1, int(limits.work * limits.rates.conflicts))
    solver.parameters.linearization_level = 2  # lazily, it can creep to a far bound a unit at a time
    solver.parameters.relative_gap_limit = limits.gap
    if clock.left is not None:
        solver.parameters.max_time_in_seconds = max(clock.left, 0.01)
    with stopped_from_outside(clock, solver.stop_search):
        status = solver.solve(built)
    count(limits.effort.cpsat_start + limits.effort.cpsat_unit * solver.response_proto.deterministic_time)
    if status == cp_model.MODEL_INVALID:
        raise SolverFailed(f"CP-SAT refused the model: {built.validate()}")
    if status == cp_model.INFEASIBLE:
        return Outcome("infeasible", None, None)
    if status == cp_model.UNKNOWN:  # the bound is 0 then, whatever was proven
        return Outcome("limit", None, None)
    bound = _bound(solver.best_objective_bound, objective)
    point = np.array(list(solver.response_proto.solution), np.float64)
    return Outcome("optimal" if status == cp_model.OPTIMAL else "feasible", point, bound)


def _bound(bound: float, objective: LinearObjective) -> Fraction:
    """The bound on the whole sum as a fraction: CP-SAT tells it as a float, exact up to 2**53."""
    if not objective.coefficient.any():
        return Fraction(0)
    whole = round(bound)
    rounding = abs(whole) // _EXACT_FLOAT
    return Fraction(whole + rounding if objective.maximise else whole - rounding, objective.denominator)


def _build(model: LinearModel, objective: LinearObjective, hint: Floats | None) -> cp_model.CpModel:
    built = cp_model.CpModel()
    columns = [
        built.new_int_var(low, high, "") for low, high in zip(model.lower.tolist(), model.upper.tolist(), strict=True)
    ]
    rows = model.rows
    place, coefficient = rows.column.tolist(), rows.coefficient.tolist()
    start = rows.start.tolist()
    for row, (low, high) in enumerate(zip(rows.lower.tolist(), rows.upper.tolist(), strict=True)):
        first, last = start[row], start[row + 1]
        members = [columns[place[term]] for term in range(first, last)]
        total = cp_model.LinearExpr.weighted_sum(members, coefficient[first:last])
        lowest = low if low > -UNLIMITED else cp_model.INT_MIN
        built.add_linear_constraint(total, lowest, high if high < UNLIMITED else cp_model.INT_MAX)
    weighty = np.flatnonzero(objective.coefficient).tolist()
    if weighty:
        total = cp_model.LinearExpr.weighted_sum(
            [columns[at] for at in weighty], [int(objective.coefficient[at]) for at in weighty]
        )
        built.maximize(total) if objective.maximise else built.minimize(total)
    if hint is not None:
        for column, value in zip(columns, np.rint(hint).astype(np.int64).tolist(), strict=True):
            built.add_hint(column, value)
    return built
