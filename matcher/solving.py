"""The front door: a scenario in, a checked proposal with its bounds out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import numpy as np

from matcher import by_state, whole_model
from matcher.arrays import build_arrays
from matcher.conflicts import conflicts_of
from matcher.errors import VerificationFailed
from matcher.formulations.assignment import Assignment, formulate
from matcher.formulations.objectives import (
    linear_objective,
    weighted_objective,
    worst_off_error,
    worst_off_rows,
    worst_off_steps,
)
from matcher.formulations.points import portfolio_of
from matcher.linear_model import UNLIMITED, Ints, LinearModel, LinearObjective, RowBuilder, Rows
from matcher.options import find_options
from matcher.partnerships import derive_partnerships
from matcher.portfolio import Portfolio
from matcher.pursuit import Finding, Task
from matcher.result import (
    Cancel,
    Clock,
    Conflict,
    Figure,
    Progress,
    ProgressCallback,
    Result,
    Sizes,
    SolveOptions,
    Stage,
    StopReason,
    Timings,
    scenario_hash,
)
from matcher.scenario import Scenario
from matcher.units import decimal_text, plain
from matcher.verification import verify

WHOLE_STATES = 10
"""Scenarios with at most this many States that have options are solved as one model ..."""
WHOLE_COLUMNS = 6000
"""... if the model has at most this many columns."""
BOUND_ROUNDING = Fraction(1, 10**7)
"""Relative distance by which a portfolio may pass its bound: more is an error, not a rounding."""
SHARE = 0.5
"""Share of the work left that one objective may use; what it leaves goes to the next ones."""


@dataclass
class _Run:
    """What one solve has done so far."""

    scenario: Scenario
    options: SolveOptions
    clock: Clock
    progress: ProgressCallback | None
    first_portfolio: float | None = None
    build: float = 0.0
    verification: float = 0.0
    checks: int = 0
    stages: list[Stage] = field(default_factory=list)

    def report(self, stage: LinearObjective, phase: str, value: Fraction | None, bound: Fraction | None) -> None:
        """Tells the caller how far the solve is."""
        if value is not None and self.first_portfolio is None:
            self.first_portfolio = self.clock.elapsed
        if self.progress is not None:
            known = (None if each is None else float(each) for each in (value, bound, _gap(value, bound)))
            self.progress(Progress(self.clock.elapsed, phase, stage.name, *known))


def solve(
    scenario: Scenario,
    options: SolveOptions | None = None,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Result:
    """Proposes the best portfolio that can be found for a scenario, with a bound for each objective.

    Parameters
    ----------
    scenario
        What is needed, offered and decided, and in which order objectives are sought.
    options
        Method, engine, gap and limits; the default needs about a minute for 33 States.
    progress
        Called with each report, in this thread.
    cancel
        Ends the solve early from another thread; the best portfolio so far is returned.

    Returns
    -------
    Result
        Its portfolio, if there is one, has passed the independent checker.

    Raises
    ------
    ModelTooLarge
        if the scenario's numbers are too large for exact arithmetic.
    VerificationFailed
        if the checker refuses the portfolio: an error of the engine, never of the input.
    """
    options = options or SolveOptions()
    run = _Run(scenario, options, Clock(options.time_limit, cancel or Cancel()), progress)
    assignment = formulate(build_arrays(find_options(scenario)))
    run.build = run.clock.elapsed
    if assignment.impossible:
        conflicts = tuple(
            Conflict(reason=e.reason, subjects=e.subjects, detail=e.detail) for e in assignment.impossible
        )
        return _result(run, assignment, "whole", None, conflicts)
    method = _method(options, assignment)
    finding = _pursue_all(run, assignment, method)
    conflicts = conflicts_of(assignment, run.clock) if finding.infeasible else ()
    return _result(run, assignment, method, finding.point, conflicts)


def _method(options: SolveOptions, assignment: Assignment) -> Literal["whole", "by_state"]:
    """The method asked for, or by size."""
    if options.method != "auto":
        return options.method
    few = len(set(assignment.arrays.flow_state.tolist())) <= WHOLE_STATES
    return "whole" if few and assignment.model.columns <= WHOLE_COLUMNS else "by_state"


def _pursue_all(run: _Run, assignment: Assignment, method: Literal["whole", "by_state"]) -> Finding:
    """Pursues each objective in turn, each under what the earlier ones demand."""
    aims = list(_aims(run.scenario, assignment))
    uses_worst = any(aim.coefficient[assignment.layout.worst] for aim, _ in aims)
    worst = worst_off_rows(assignment.layout) if uses_worst else None
    model = assignment.model if worst is None else assignment.model.with_rows(worst)
    pursue = whole_model.pursue if method == "whole" else by_state.pursue
    work, finding = float(run.options.work), Finding(None, None)
    for at, (aim, give_up) in enumerate(aims):
        if at and run.clock.reason():
            break
        task = _task(run, assignment, model, worst, aim)
        finding = pursue(task, finding.point, work if at == len(aims) - 1 else work * SHARE)
        work = max(work - finding.work, 1.0)
        if finding.point is None:
            return finding
        run.stages.append(_stage(run, assignment, aim, finding))
        model = _locked(model, aim, finding.point, give_up)
    return finding


def _task(run: _Run, assignment: Assignment, model: LinearModel, worst: Rows | None, aim: LinearObjective) -> Task:
    def report(phase: str, value: Fraction | None, bound: Fraction | None) -> None:
        run.report(aim, phase, value, bound)

    error = aim.error + (worst_off_error(assignment.layout) if aim.coefficient[assignment.layout.worst] else 0)
    guide = linear_objective(assignment.layout, "cost") if aim.name == "completions" else None
    steps = worst_off_steps(assignment.layout) if aim.name == "worst_off" else ()
    return Task(assignment, model, worst, aim, guide, run.options, run.clock, report, error, steps)


def _aims(scenario: Scenario, assignment: Assignment) -> Iterator[tuple[LinearObjective, Fraction]]:
    """The objectives in order, each with the share of its value that later ones may take."""
    layout = assignment.layout
    if scenario.objectives.weights is not None:
        weights: dict[str, Fraction] = {each.objective: Fraction(each.weight) for each in scenario.objectives.weights}
        yield weighted_objective(layout, weights), Fraction(0)
    for goal in scenario.order():
        yield linear_objective(layout, goal.objective), Fraction(goal.give_up)


def _locked(model: LinearModel, aim: LinearObjective, point: Ints, give_up: Fraction) -> LinearModel:
    """The model with a row that keeps what an objective has reached, less what it may give up."""
    value = int(aim.coefficient @ point)
    slack = int(abs(value) * give_up)
    low, high = (value - slack, UNLIMITED) if aim.maximise else (-UNLIMITED, value + slack)
    rows = RowBuilder()
    row = rows.row(("kept", aim.name), lower=low, upper=high)
    columns = np.flatnonzero(aim.coefficient)
    rows.terms(row, columns, aim.coefficient[columns])
    return model.with_rows(rows.build(np.ones(model.columns, np.int64)))


def _stage(run: _Run, assignment: Assignment, aim: LinearObjective, finding: Finding) -> Stage:
    """How far one objective came: the value by the checker, the bound never on the wrong side of it."""
    assert finding.point is not None
    value = _figure(run, assignment, aim, finding.point)
    bound = finding.bound
    if bound is not None and ((bound < value) if aim.maximise else (bound > value)):
        if abs(bound - value) > BOUND_ROUNDING * max(abs(bound), abs(value)):
            raise VerificationFailed(f"{aim.name}: the portfolio reaches {value}, past the bound {bound}")
        bound = value
    gap = _gap(value, bound)
    return Stage(
        objective=aim.name,
        sense="max" if aim.maximise else "min",
        value=decimal_text(value),
        bound=None if bound is None else decimal_text(bound),
        gap=None if gap is None else float(decimal_text(gap + Fraction(1, 2 * 10**6) if gap else gap)),
        solved=gap is not None and gap <= Fraction(run.options.gap),
    )


def _figure(run: _Run, assignment: Assignment, aim: LinearObjective, point: Ints) -> Fraction:
    """The objective's figure as the checker computes it."""
    figures = _checked(run, portfolio_of(assignment, point))
    if aim.name in figures:
        return figures[aim.name]
    signs = {"engagements": -1, "cost": -1}
    weights = run.scenario.objectives.weights or ()
    parts = (signs.get(e.objective, 1) * Fraction(e.weight) * figures[e.objective] for e in weights)
    return sum(parts, Fraction(0))


def _checked(run: _Run, portfolio: Portfolio) -> dict[str, Fraction]:
    """The figures of a portfolio that the independent checker accepts.

    Raises
    ------
    VerificationFailed
        if it does not.
    """
    before = run.clock.elapsed
    report = verify(run.scenario, portfolio)
    run.verification += run.clock.elapsed - before
    run.checks += 1
    if not report.ok:
        raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))
    return dict(report.figures)


def _gap(value: Fraction | None, bound: Fraction | None) -> Fraction | None:
    """Relative distance of value and bound; 0 where they are equal."""
    if value is None or bound is None:
        return None
    return Fraction(0) if value == bound else abs(bound - value) / max(abs(bound), abs(value))


def _result(
    run: _Run,
    assignment: Assignment,
    method: Literal["whole", "by_state"],
    point: Ints | None,
    conflicts: tuple[Conflict, ...],
) -> Result:
    portfolio = None if point is None else portfolio_of(assignment, point)
    figures = _checked(run, portfolio) if portfolio is not None else {}
    wanted = 1 if run.scenario.objectives.weights is not None else len(run.scenario.order())
    solved = len(run.stages) == wanted and all(stage.solved for stage in run.stages)
    none = "infeasible" if conflicts else "no_portfolio"
    return Result(
        scenario=run.scenario.name,
        scenario_hash=scenario_hash(run.scenario),
        version=engine_version(),
        solver=f"ortools {version('ortools')}",
        options=run.options,
        method=method,
        status=("optimal" if solved else "feasible") if portfolio is not None else none,  # type: ignore[arg-type]
        stopped_by=_stopped_by(run, solved or bool(conflicts)),
        stages=tuple(run.stages),
        figures=tuple(Figure(objective=k, exact=plain(v), value=decimal_text(v)) for k, v in figures.items()),
        portfolio=portfolio,
        partnerships=derive_partnerships(run.scenario, portfolio) if portfolio is not None else (),
        conflicts=conflicts,
        sizes=_sizes(run, assignment),
        timings=Timings(
            total=run.clock.elapsed,
            build=run.build,
            first_portfolio=run.first_portfolio,
            verification=run.verification,
        ),
    )


def _stopped_by(run: _Run, solved: bool) -> StopReason:
    return "gap" if solved else run.clock.reason() or "work"


def _sizes(run: _Run, assignment: Assignment) -> Sizes:
    model = assignment.model
    return Sizes(
        options=len(assignment.arrays.options.options),
        columns=model.columns,
        rows=model.rows.count,
        nonzeros=len(model.rows.column),
        integers=int((~model.fine).sum()),
        checks=run.checks,
    )


def engine_version() -> str:
    """Returns the version of the installed package, or ``unknown`` outside an installation."""
    try:
        return version("matcher")
    except PackageNotFoundError:
        return "unknown"
