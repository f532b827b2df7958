"""SCIP, HiGHS, and for the linear relaxation GLOP, HiGHS and PDLP, through MathOpt's model format, handed over in bulk.

The exact model is scaled for floating point: fine columns in sensible units (a million of money),
rows so that their largest coefficient is about 1. Bounds are moved outwards by the engines'
tolerance before they are believed; the relaxation's bound needs no such trust.
"""

from __future__ import annotations

import datetime
import re
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from ortools.math_opt import (
    callback_pb2,
    model_parameters_pb2,
    model_pb2,
    parameters_pb2,
    result_pb2,
    solution_pb2,
    sparse_containers_pb2,
)
from ortools.math_opt.core.python import solver as core
from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from matcher.portfolio.result import Clock
from matcher.solvers.effort import count
from matcher.solvers.engines import Continuous, Limits, Outcome, SolverFailed
from matcher.solvers.linear_model import UNLIMITED, Bools, Floats, LinearModel, LinearObjective
from matcher.solvers.settings import EngineEffort
from matcher.solvers.silence import silenced
from matcher.solvers.watch import stopped_from_outside

BOUND_TOLERANCE = 5e-6
"""Relative distance by which a search's bound is moved outwards: its pruning rests on tolerances."""
_UNSEEN = 1e-6
"""Share of the largest weight below which a search, whose reduced costs are good to 1e-7, may overlook a weight."""
_SUM_ROUNDING = 1e-14
"""Relative rounding of a sum in floats, of the size of its terms: some fifty times a double's own."""
_NO_MEMORY = re.compile(r"SCIP error code -1\b|bad_alloc|[Oo]ut of memory")
"""What engines say when they are refused memory (SCIP_NOMEMORY is -1)."""


def solve_scip(
    model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock, hint: Floats | None = None
) -> Outcome:
    """Solves a mixed-integer model with SCIP."""
    return _solve(model, objective, limits, clock, hint, mathopt.SolverType.GSCIP)


def solve_highs(
    model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock, hint: Floats | None = None
) -> Outcome:
    """Solves a mixed-integer model with HiGHS."""
    return _solve(model, objective, limits, clock, hint, mathopt.SolverType.HIGHS)


def solve_relaxation(
    model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock, hint: Floats | None = None
) -> Outcome:
    """Solves the linear relaxation; the bound holds whatever the engine's tolerances.

    Any prices of the rows give a bound by weak duality, since every column is bounded: the engine's
    prices are only taken as good ones (Neumaier and Shcherbina, 2004).
    """
    parameters = _parameters(limits, clock, model, mathopt.LPAlgorithm.DUAL_SIMPLEX)  # its prices bound at any time
    return _relaxed(model, objective, parameters, clock, limits.effort.simplex)


def solve_primal(
    model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock, hint: Floats | None = None
) -> Outcome:
    """Solves the linear relaxation by the primal simplex method: where much is to be had, it starts from nothing.

    The bound holds as in `solve_relaxation`; where a limit cuts it short, its prices bound badly.
    """
    parameters = _parameters(limits, clock, model, mathopt.LPAlgorithm.PRIMAL_SIMPLEX)
    return _relaxed(model, objective, parameters, clock, limits.effort.simplex)


def solve_interior(
    model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock, hint: Floats | None = None
) -> Outcome:
    """Solves the linear relaxation by the interior-point method of HiGHS, faster than the simplex on large models.

    The bound holds as in `solve_relaxation`.
    """
    parameters = mathopt.SolveParameters(lp_algorithm=mathopt.LPAlgorithm.BARRIER)
    parameters.highs.int_options["ipm_iteration_limit"] = max(
        limits.rates.least_passes, int(limits.work * limits.rates.interior_passes)
    )
    return _relaxed(model, objective, parameters, clock, limits.effort.interior, mathopt.SolverType.HIGHS)


def solve_first_order(
    model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock, hint: Floats | None = None
) -> Outcome:
    """Prices the linear relaxation roughly, by a method that factors nothing (PDLP: Applegate et al., 2021).

    The bound holds as in `solve_relaxation`, but is looser. On one thread, so that it can be repeated.
    """
    parameters = mathopt.SolveParameters()
    parameters.pdlp.num_threads = 1
    criteria = parameters.pdlp.termination_criteria
    criteria.simple_optimality_criteria.eps_optimal_relative = limits.rates.price_accuracy
    criteria.simple_optimality_criteria.eps_optimal_absolute = 1e-9
    passes = int(limits.work * limits.rates.terms / max(len(model.rows.column), 1))
    criteria.iteration_limit = max(limits.rates.least_passes, passes)
    return _relaxed(model, objective, parameters, clock, limits.effort.first_order, mathopt.SolverType.PDLP)


def _relaxed(
    model: LinearModel,
    objective: LinearObjective,
    parameters: mathopt.SolveParameters,
    clock: Clock,
    effort: EngineEffort,
    solver: mathopt.SolverType = mathopt.SolverType.GLOP,
) -> Outcome:
    if (model.lower > model.upper).any():
        return Outcome("infeasible", None, None)
    figure_scale = _figure_scale(model, objective)
    scaled = _scaled(model, objective, figure_scale)
    proto = _proto(scaled, objective.maximise, np.zeros(model.columns, np.bool_))
    exact = solver == mathopt.SolverType.GLOP
    result = _run(proto, solver, parameters, None, clock, effort)
    reason = mathopt.TerminationReason(result.termination.reason)
    if reason in _NO_POINT:
        return Outcome("infeasible", None, None) if exact else Outcome("limit", None, None)
    price = np.zeros(len(model.rows.lower))  # without prices, the bounds of the columns alone
    solution = result.solutions[0] if result.solutions else None
    if solution is not None and solution.HasField("dual_solution"):
        price = _dense(solution.dual_solution.dual_values, len(price))
    tightest = min if objective.maximise else max  # prices of a solve cut short can be worse than none
    price = tightest((price, np.zeros_like(price)), key=lambda each: _price_bound(scaled, each, objective.maximise))
    bound = Fraction(_price_bound(scaled, price, objective.maximise) * figure_scale) / objective.denominator
    point = None
    if solution is not None and solution.HasField("primal_solution"):
        point = _dense(solution.primal_solution.variable_values, model.columns) * model.column_scale
    done = exact and reason == mathopt.TerminationReason.OPTIMAL
    prices = price * figure_scale / scaled.row_scale
    return Outcome("optimal" if done else "feasible" if point is not None else "limit", point, bound, prices)


def _solve(
    model: LinearModel,
    objective: LinearObjective,
    limits: Limits,
    clock: Clock,
    hint: Floats | None,
    solver: mathopt.SolverType,
) -> Outcome:
    if (model.lower > model.upper).any():
        return Outcome("infeasible", None, None)
    figure_scale = _figure_scale(model, objective)
    scaled = _scaled(model, objective, figure_scale)
    proto = _proto(scaled, objective.maximise, ~model.relaxable)
    given = None if hint is None else np.clip(hint, model.lower, model.upper) / model.column_scale  # HiGHS asks for it
    parameters = _parameters(limits, clock, model)
    if solver == mathopt.SolverType.GSCIP and limits.quick:
        _hurry(parameters)
    if solver == mathopt.SolverType.HIGHS and limits.quick:
        _descend(parameters)
    effort = limits.effort.search if solver == mathopt.SolverType.GSCIP else limits.effort.branching
    result = _run(proto, solver, parameters, given, clock, effort)
    return _outcome(result, model, objective, figure_scale)


def _run(
    proto: model_pb2.ModelProto,
    solver: mathopt.SolverType,
    parameters: mathopt.SolveParameters,
    hint: Floats | None,
    clock: Clock,
    effort: EngineEffort,
) -> result_pb2.SolveResultProto:
    """Solves by the core of MathOpt: its Python objects for columns and values cost as much as the solves."""
    given = model_parameters_pb2.ModelSolveParametersProto()
    given.variable_values_filter.skip_zero_values = True
    given.dual_values_filter.skip_zero_values = True
    if hint is not None:
        values = given.solution_hints.add().variable_values
        values.ids.extend(range(len(hint)))
        values.values.extend(hint.tolist())

    left = clock.left  # here and not before: to state a large model takes seconds
    if left is not None:
        parameters.time_limit = datetime.timedelta(seconds=max(left, 0.01))

    def run(interrupter: SolveInterrupter | None) -> result_pb2.SolveResultProto:
        return core.solve(
            proto,
            solver.value,
            parameters_pb2.SolverInitializerProto(),
            parameters.to_proto(),
            given,
            None,
            callback_pb2.CallbackRegistrationProto(),
            None,
            None if interrupter is None else interrupter.pybind_interrupter,
        )

    try:
        if solver == mathopt.SolverType.GSCIP:  # its interrupter writes errors to stderr: cancelled at its limit
            return _counted(proto, run(None), effort)
        interrupter = SolveInterrupter()
        quiet = silenced() if solver == mathopt.SolverType.HIGHS else nullcontext()
        with stopped_from_outside(clock, interrupter.interrupt, left), quiet:
            return _counted(proto, run(interrupter), effort)
    except Exception as error:  # MathOpt has no error class of its own for an engine's failure
        if _NO_MEMORY.search(str(error)):
            raise MemoryError(f"{solver.name}: {error}") from error
        raise SolverFailed(f"{solver.name}: {error}") from error


def _counted(
    proto: model_pb2.ModelProto, result: result_pb2.SolveResultProto, effort: EngineEffort
) -> result_pb2.SolveResultProto:
    """The result, once its work is counted."""
    done = result.solve_stats
    passes = done.barrier_iterations + done.first_order_iterations
    rows, terms = len(proto.linear_constraints.ids), len(proto.linear_constraint_matrix.row_ids)
    count(effort.work(rows, terms, done.simplex_iterations, done.node_count, passes))
    return result


def _dense(sparse: sparse_containers_pb2.SparseDoubleVectorProto, count: int) -> Floats:
    """The values by column or row; those not named are 0."""
    values = np.zeros(count, np.float64)
    values[np.array(sparse.ids, np.int64)] = np.array(sparse.values, np.float64)
    return values


_REASONS = mathopt.TerminationReason
_NO_POINT = (_REASONS.INFEASIBLE, _REASONS.INFEASIBLE_OR_UNBOUNDED)  # every column is bounded
_USUAL = (_REASONS.OPTIMAL, _REASONS.FEASIBLE, _REASONS.NO_SOLUTION_FOUND, _REASONS.IMPRECISE)


def _outcome(
    result: result_pb2.SolveResultProto, model: LinearModel, objective: LinearObjective, figure_scale: float
) -> Outcome:
    reason = mathopt.TerminationReason(result.termination.reason)
    if reason in _NO_POINT:
        return Outcome("infeasible", None, None)
    if reason not in _USUAL:
        raise SolverFailed(f"{reason.name}: {result.termination.detail}")
    scale = figure_scale / objective.denominator
    raw = result.termination.objective_bounds.dual_bound * scale
    size = float(np.abs(objective.coefficient).astype(np.float64) @ model.upper) / objective.denominator
    slack = max(BOUND_TOLERANCE * max(abs(raw), scale * 1e-3), 1e-9 * size)  # terms may cancel in what it tells
    slack += _overlooked(model, objective, figure_scale) / objective.denominator
    bound = Fraction(raw + slack if objective.maximise else raw - slack) if np.isfinite(raw) else None
    best = result.solutions[0].primal_solution if result.solutions else None
    if best is None or best.feasibility_status != solution_pb2.SOLUTION_STATUS_FEASIBLE:
        return Outcome("limit", None, bound)
    point = _dense(best.variable_values, model.columns) * model.column_scale
    return Outcome("optimal" if reason == _REASONS.OPTIMAL else "feasible", point, bound)


def _overlooked(model: LinearModel, objective: LinearObjective, figure_scale: float) -> float:
    """All that columns can add whose weights are too small, beside the largest, for a search to see."""
    weight = np.abs(objective.coefficient).astype(np.float64)
    unseen = weight * model.column_scale < _UNSEEN * figure_scale
    return float(weight[unseen] @ (model.upper - model.lower)[unseen])


def _parameters(
    limits: Limits, clock: Clock, model: LinearModel | Continuous, simplex: mathopt.LPAlgorithm | None = None
) -> mathopt.SolveParameters:
    """Limits of a search, or of the simplex method."""
    parameters = mathopt.SolveParameters(random_seed=limits.seed)
    if simplex is not None:
        rows = model.rows.count if isinstance(model, LinearModel) else len(model.row_lower)
        parameters.lp_algorithm = simplex
        parameters.iteration_limit = _whole(limits.work / limits.effort.simplex.of_pivot(rows))
    else:
        assert isinstance(model, LinearModel)
        parameters.relative_gap_tolerance = limits.gap
        parameters.absolute_gap_tolerance = 0.0
        parameters.node_limit = _whole(limits.work * limits.rates.nodes / max(len(model.rows.column), 1) ** 1.5)
    return parameters


def _whole(count: float) -> int:
    """A count as engines take it: 1 or more, in 32 bits."""
    return min(max(1, int(count)), 2**31 - 1)


def _hurry(parameters: mathopt.SolveParameters) -> None:
    """Few cuts and no strong branching: measured on groups of States, five to ten times faster."""
    parameters.heuristics = mathopt.Emphasis.LOW
    parameters.cuts = mathopt.Emphasis.LOW
    parameters.gscip.int_params.update(
        {"branching/pscost/priority": 1_000_000, "separating/maxroundsroot": 3, "separating/maxrounds": 0}
    )
    parameters.node_limit = min(4 * (parameters.node_limit or 1), 2**31 - 1)


def _descend(parameters: mathopt.SolveParameters) -> None:
    """HiGHS without heuristics and restarts: its first descent finds a point as good, by a third sooner."""
    parameters.highs.double_options["mip_heuristic_effort"] = 0.0
    parameters.highs.double_options["mip_feasibility_tolerance"] = 1e-9  # so that rounding breaks no tight row
    parameters.highs.bool_options["mip_allow_restart"] = False


def solve_continuous(program: Continuous, limits: Limits, clock: Clock) -> Floats | None:
    """Returns where a linear program is smallest, as `matcher.solvers.engines.minimum` does."""
    proto = _proto(program, False, np.zeros(len(program.lower), np.bool_))
    parameters = _parameters(limits, clock, program, mathopt.LPAlgorithm.DUAL_SIMPLEX)
    result = _run(proto, mathopt.SolverType.GLOP, parameters, None, clock, limits.effort.simplex)
    if mathopt.TerminationReason(result.termination.reason) not in (_REASONS.OPTIMAL, _REASONS.IMPRECISE):
        return None
    if not result.solutions:  # it happens where the result is imprecise
        return None
    return _dense(result.solutions[0].primal_solution.variable_values, len(program.lower))


@dataclass(frozen=True)
class _Scaled(Continuous):
    """A model in floating-point units: columns by their scale, rows by powers of two."""

    row_scale: Floats


def _figure_scale(model: LinearModel, objective: LinearObjective) -> float:
    """The largest weight of a scaled column, so that scaled weights are at most 1; of those that can be used at all."""
    return float(np.abs(objective.coefficient * model.column_scale).max(where=model.upper > 0, initial=0.0)) or 1.0


def _scaled(model: LinearModel, objective: LinearObjective, figure_scale: float) -> _Scaled:
    scale, rows = model.column_scale, model.rows
    value, row = rows.coefficient * scale[rows.column], rows.row_of_term
    size: Floats = np.zeros(rows.count)
    np.maximum.at(size, row, np.abs(value))
    size = np.exp2(np.round(np.log2(np.where(size > 0, size, 1.0))))
    return _Scaled(
        model.lower / scale,
        model.upper / scale,
        np.where(model.upper > 0, objective.coefficient * scale / figure_scale, 0.0),
        row,
        rows.column,
        value / size[row],
        np.where(rows.lower <= -UNLIMITED, -np.inf, rows.lower / size),
        np.where(rows.upper >= UNLIMITED, np.inf, rows.upper / size),
        size,
    )


def _price_bound(scaled: _Scaled, price: Floats, maximise: bool) -> float:
    """The bound that row prices imply, in scaled units: exact up to the rounding of its own sums."""
    sign = 1.0 if maximise else -1.0
    price = sign * price
    price = np.where((price > 0) & np.isinf(scaled.row_upper), 0.0, price)
    price = np.where((price < 0) & np.isinf(scaled.row_lower), 0.0, price)
    limit = np.where(price > 0, scaled.row_upper, np.where(price < 0, scaled.row_lower, 0.0))
    spread = price[scaled.row] * scaled.value
    reduced = sign * scaled.weight - np.bincount(scaled.column, spread, minlength=len(scaled.lower))
    terms = np.concatenate((price * limit, np.where(reduced > 0, reduced * scaled.upper, reduced * scaled.lower)))
    summed = np.abs(scaled.weight) + np.bincount(scaled.column, np.abs(spread), minlength=len(scaled.lower))
    most = np.maximum(np.abs(scaled.lower), np.abs(scaled.upper))
    rounding = 1e-12 * float(np.abs(terms).sum()) + _SUM_ROUNDING * float(summed @ most)
    return sign * (float(terms.sum()) + rounding)


def _proto(scaled: Continuous, maximise: bool, integer: Bools) -> model_pb2.ModelProto:
    """The scaled model in MathOpt's format."""
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(len(scaled.lower)))
    proto.variables.lower_bounds.extend(scaled.lower.tolist())
    proto.variables.upper_bounds.extend(scaled.upper.tolist())
    proto.variables.integers.extend(integer.tolist())
    proto.objective.maximize = maximise
    weighty = np.flatnonzero(scaled.weight)
    proto.objective.linear_coefficients.ids.extend(weighty.tolist())
    proto.objective.linear_coefficients.values.extend(scaled.weight[weighty].tolist())
    proto.linear_constraints.ids.extend(range(len(scaled.row_lower)))
    proto.linear_constraints.lower_bounds.extend(scaled.row_lower.tolist())
    proto.linear_constraints.upper_bounds.extend(scaled.row_upper.tolist())
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(scaled.row.tolist())
    matrix.column_ids.extend(scaled.column.tolist())
    matrix.coefficients.extend(scaled.value.tolist())
    return proto
