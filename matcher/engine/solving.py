"""The front door: a scenario in, a checked proposal with its bounds out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from typing import Literal

from matcher.engine import by_state, single_model
from matcher.engine.agreements import Agreed, fewest_agreements
from matcher.engine.conflicts import Infeasibility, why_infeasible
from matcher.engine.lexicographic import Formulated, Level, Stages, formulated
from matcher.engine.lots import by_lot
from matcher.engine.problem import ObjectiveProblem, ObjectiveResult, Report, silent
from matcher.engine.replanning import kept_plan
from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.engine.steadying import seeks_lasting, steadied
from matcher.errors import VerificationFailed
from matcher.execution import Executor, Serial
from matcher.formulation.formulation import Formulation
from matcher.formulation.need_aggregation import Merged
from matcher.formulation.plans import Plan, portfolio_of, without_idle
from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import (
    Cancel,
    Clock,
    Figure,
    Lot,
    Phase,
    Progress,
    ProgressCallback,
    Result,
    Sizes,
    SolveOptions,
    Stage,
    StateAgreements,
    StopReason,
    Timings,
    engine_version,
    scenario_hash,
)
from matcher.scenario import Scenario
from matcher.scenario.likeness import Alike, classes_of
from matcher.scenario.objectives import is_few, weighted_sum
from matcher.solvers.effort import WorkBudget
from matcher.solvers.linear_model import LinearObjective
from matcher.units import decimal_text, outward_text, plain
from matcher.verification import verify

_Method = Literal["whole", "decomposition"]
Keep = Callable[[Callable[[], Result]], None]
"""Takes a function that makes a result of what a solve has found so far, and calls it or not."""
BOUND_ROUNDING = Fraction(1, 10**7)
"""Relative distance by which a portfolio may pass its bound: more is an error, not a rounding."""
REHEARSED = 0.75
"""Share of the time of a first result that is kept for the last one."""
LOG = logging.getLogger("matcher.engine")


@dataclass
class _Run:
    """What one solve has done so far."""

    merged: Merged
    options: SolveOptions
    clock: Clock
    progress: ProgressCallback | None
    executor: Executor
    first_portfolio: float | None = None
    build: float = 0.0
    verification: float = 0.0
    checks: int = 0
    cut: bool = False
    """Whether the clock ended the pursuit of an objective."""
    ran_out: bool = False
    """Whether a limit in work ended the search for an objective that is still open."""
    refuted: bool = False
    """Whether a portfolio passed a bound, which was dropped."""
    stages: list[Stage] = field(default_factory=list)
    last: tuple[Plan, Portfolio, dict[str, Fraction]] | None = None
    """The last plan that was checked, as a portfolio, and its figures."""
    agreed: tuple[Agreed, ...] = ()
    """What the agreements of each State come to."""
    keep: Keep | None = None
    """Who wants to have results before the end."""
    start: Portfolio | None = None
    """Portfolio to start from."""
    settings: Settings = DEFAULT_SETTINGS
    alike: tuple[Alike, ...] = ()
    """States and providers that share by lot; none where a portfolio to start from says who had what."""
    levels: int = 0
    """Objectives that are pursued in turn."""
    used: float = 0.0
    """Work of those before the one at hand."""
    meter: WorkBudget = field(default_factory=lambda: WorkBudget(0.0))
    """Work of the one at hand."""

    @property
    def scenario(self) -> Scenario:
        """The scenario that was asked about."""
        return self.merged.original

    def report(self, level: Level, phase: Phase, plan: Plan | None, bound: Fraction | None, detail: str) -> None:
        """Tells the caller how far the solve is."""
        value = None if plan is None else level.objective.value(plan.point)
        if value is not None and self.first_portfolio is None:
            self.first_portfolio = self.clock.elapsed
        if self.progress is not None:
            gap = _gap(level, value, bound)
            best, most, open_ = (None if each is None else float(each) for each in (value, bound, gap))
            at = len(self.stages) + 1
            work = self.used + self.meter.used
            news = Progress(self.clock.elapsed, phase, level.name, best, most, open_, detail, at, self.levels, work)
            self.progress(news)


def solve(
    scenario: Scenario,
    options: SolveOptions | None = None,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
    executor: Executor | None = None,
    start: Portfolio | None = None,
    settings: Settings = DEFAULT_SETTINGS,
) -> Result:
    """Proposes the best portfolio that can be found for a scenario, with a bound for each objective.

    Parameters
    ----------
    scenario
        What is needed, offered and decided, and in which order objectives are sought.
    options
        Method, engine, gap and limits; the default needs about two minutes for 33 States.
    progress
        Called with each report, in this thread.
    cancel
        Ends the solve early from another thread; the best portfolio so far is returned.
    executor
        Where independent pieces run (`matcher.execution.executor_for`); none is in this process. It
        changes how long a solve takes, and within a work budget nothing else. Under a time limit a
        small model is searched at once in one more process, wherever pieces run.
    start
        Portfolio to start from, perhaps of another scenario: what of it this one allows is kept until
        something better is found (`matcher.engine.replanning`).
    settings
        What the search is tuned by, for whoever studies it. A result does not say which were used.

    Returns
    -------
    Result
        Its portfolio, if there is one, has passed the independent checker.

    Raises
    ------
    InvalidScenario
        if sums over the scenario's figures are too large for exact arithmetic: what ``matcher check`` refuses, too.
    VerificationFailed
        if the checker refuses the portfolio: an error of the engine, never of the input.
    """
    options = options or SolveOptions()
    clock = Clock(options.time_limit, cancel or Cancel())
    return solve_within(scenario, options, clock, progress, executor or Serial(), start=start, settings=settings)


def solve_within(
    scenario: Scenario,
    options: SolveOptions,
    clock: Clock,
    progress: ProgressCallback | None,
    executor: Executor,
    keep: Keep | None = None,
    start: Portfolio | None = None,
    settings: Settings = DEFAULT_SETTINGS,
) -> Result:
    """Solves as `solve` does, within a clock that runs already.

    Parameters
    ----------
    keep
        Called whenever there is a new portfolio or bound, with a function that makes a result of what
        there is: checked, as the last one is. Making it takes about as long as the end of a solve.
    start, settings
        As for `solve`.
    """
    model = formulated(scenario)
    run = _Run(model.merged, options, clock, progress, executor, keep=keep, start=start, settings=settings)
    run.alike = classes_of(scenario) if start is None else ()
    formulation = model.formulation
    run.build = run.clock.elapsed
    method = _method_for(options, formulation, settings)
    finding, last = ObjectiveResult(None, None, infeasible=True), formulation
    if not formulation.impossible:
        finding, task, levels = _pursue_all(run, model, method)
        last = task.formulation
        if finding.plan is not None and run.clock.reason() is None:
            plan = finding.plan
            if seeks_lasting(task.columns):
                plan = _without_idle(task, steadied(task, levels, plan, options.work * settings.steadying.share))
            plan, run.agreed = fewest_agreements(task, plan, settings, options.work * settings.agreements.share)
            finding = replace(finding, plan=plan)
    why = why_infeasible(formulation, run.clock, settings) if finding.infeasible else None
    return _result(run, last, method, finding.plan, why, formulation)


def _method_for(options: SolveOptions, formulation: Formulation, settings: Settings) -> _Method:
    """The method asked for, or by size."""
    if options.method != "auto":
        return options.method
    return "whole" if settings.method.takes_one_model(formulation.columns.count) else "decomposition"


def _pursue_all(
    run: _Run, formulated: Formulated, method: _Method
) -> tuple[ObjectiveResult, ObjectiveProblem, tuple[Level, ...]]:
    """Pursues each objective in turn, each under what the earlier ones demand.

    Returns the last problem too, under what all of them demand, and the levels in its columns.
    """
    stages, count = Stages(formulated), len(formulated.levels)
    run.levels = count
    pursue = single_model.pursue if method == "whole" else by_state.pursue
    afterwards = run.settings.agreements.share
    afterwards += run.settings.steadying.share if seeks_lasting(formulated.formulation.columns) else 0.0
    work, finding = float(run.options.work) * (1.0 - afterwards), ObjectiveResult(None, None)
    least = min(1.0, work / (2 * count))  # for whoever comes after one that took more than its share
    level, bounds = stages.levels[0], dict[str, Fraction | None]()
    for at in range(count):
        if at and run.clock.reason():
            break
        if finding.plan is not None:
            level, plan = stages.advance(finding.plan)
            finding = replace(finding, plan=plan)
        share = run.settings.method.share(count - at)
        task = stages.pursuit.problem(level.objective, run.options, run.clock.part(share), silent, run.executor)
        task = replace(task, report=_reporter(run, task, method, level), settings=run.settings, floor=level.floor)
        if not at and run.start is not None:
            finding = ObjectiveResult(kept_plan(task, run.merged.join(run.start)), None)
        run.meter = WorkBudget(work * share)
        known = bounds.get(level.name) if level.closing and method == "decomposition" else None
        if known is not None and finding.plan is not None:
            # What is kept has only grown: the bound from when the same was pursued before holds still.
            finding = by_state.polish(task, finding.plan, known, run.meter)
        else:
            finding = pursue(task, finding.plan, run.meter)
        bounds[level.name] = finding.bound
        run.cut = run.cut or task.clock.reason() == "time"
        work = max(work - run.meter.used, least)
        run.used, run.meter = run.used + run.meter.used, WorkBudget(0.0)
        if finding.plan is None:
            run.ran_out = finding.ran_out
            break
        plan = _without_idle(task, finding.plan)
        finding = replace(finding, plan=plan)
        run.stages.append(_stage(run, task.formulation, level, finding))
        run.ran_out = run.ran_out or (finding.ran_out and not run.stages[-1].solved)
        stages.keep(level.objective.value(plan.point))
    task = stages.pursuit.problem(level.objective, run.options, run.clock, executor=run.executor)
    return finding, replace(task, settings=run.settings), stages.levels


def _without_idle(task: ObjectiveProblem, plan: Plan) -> Plan:
    """The plan without idle engagements, so that what is kept for later objectives is what its portfolio has."""
    lean = without_idle(task.formulation, plan, portfolio_of(task.formulation, plan), task.min_coverage_rows)
    return lean if task.model.admits(lean.point) else plan


def _reporter(run: _Run, task: ObjectiveProblem, method: _Method, level: Level) -> Report:
    """Returns what tells the caller how far one objective is, and offers a result of what there is."""

    def interim(plan: Plan, bound: Fraction | None) -> Result:
        lean = _without_idle(task, plan)
        aside = replace(run, stages=list(run.stages), last=None, ran_out=True)  # the solve itself is left as it is
        aside.stages.append(_stage(aside, task.formulation, level, ObjectiveResult(lean, bound)))
        return _result(aside, task.formulation, method, lean, None, task.formulation)

    def report(phase: Phase, plan: Plan | None, bound: Fraction | None, detail: str = "", /) -> None:
        if run.keep is None and plan is not None and run.clock.limit is not None and not run.clock.reserve:
            _rehearse(run, partial(interim, plan, bound))
        if run.keep is not None and plan is not None:  # first: whoever hears of a plan may stop the solve for it
            run.keep(partial(interim, plan, bound))
        run.report(level, phase, plan, bound, detail)

    return report


def _rehearse(run: _Run, make: Callable[[], Result]) -> None:
    """Keeps time of the limit for the end of the solve: most of what making a result takes the first time.

    Later it takes less: what depends on the scenario alone is known then.
    """
    began = run.clock.elapsed
    make()
    run.clock.reserve = REHEARSED * (run.clock.elapsed - began)


def _stage(run: _Run, formulation: Formulation, level: Level, finding: ObjectiveResult) -> Stage:
    """How far one objective came: the value by the checker, the bound never on the wrong side of it."""
    assert finding.plan is not None
    objective = level.objective
    value = _figure(run, formulation, level, finding.plan)
    bound = _holding(objective, value, finding.bound)
    run.refuted = run.refuted or (finding.bound is not None and bound is None)
    gap = _gap(level, value, bound)
    return Stage(
        objective=level.name,
        sense="max" if objective.maximise else "min",
        value=decimal_text(value),
        exact=plain(value),
        bound=None if bound is None else outward_text(bound, up=objective.maximise),
        gap=None if gap is None else float(decimal_text(gap + Fraction(1, 2 * 10**6) if gap else gap)),
        solved=gap is not None and gap <= Fraction(run.options.gap),
        closing=level.closing,
    )


def _holding(objective: LinearObjective, value: Fraction, bound: Fraction | None) -> Fraction | None:
    """A bound that a checked value does not pass: the value itself where rounding alone is between them.

    None where the value refutes the bound: the portfolio is right, so the search was wrong, and nothing is
    known of how good it is. That is an error of a solver's, and logged as one; it takes no portfolio from anybody.
    """
    if bound is None or ((bound >= value) if objective.maximise else (bound <= value)):
        return bound
    if abs(bound - value) <= BOUND_ROUNDING * max(abs(bound), abs(value)):
        return value
    LOG.error("%s: a checked portfolio reaches %s, past the bound %s, which is dropped", objective.name, value, bound)
    return None


def _figure(run: _Run, formulation: Formulation, level: Level, plan: Plan) -> Fraction:
    """The level's figure as the checker computes it."""
    _, figures = _checked(run, formulation, plan)
    if level.name == "weighted":
        return weighted_sum(run.scenario.objectives.weights or (), figures)
    if level.closing:
        return figures[level.name]
    return next(goal.figure(figures) for goal in run.scenario.order() if goal.name == level.name)


def _checked(run: _Run, formulation: Formulation, plan: Plan) -> tuple[Portfolio, dict[str, Fraction]]:
    """The portfolio of a plan and its figures, once the independent checker has accepted it.

    Raises
    ------
    VerificationFailed
        if it does not.
    """
    if run.last is not None and run.last[0] is plan:
        return run.last[1], run.last[2]
    portfolio = by_lot(run.scenario, run.merged.split(portfolio_of(formulation, plan)), run.alike)
    before = run.clock.elapsed
    report = verify(run.scenario, portfolio)
    run.verification += run.clock.elapsed - before
    run.checks += 1
    if not report.ok:
        raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))
    run.last = plan, portfolio, dict(report.figures)
    return portfolio, run.last[2]


def _gap(level: Level, value: Fraction | None, bound: Fraction | None) -> Fraction | None:
    """Relative distance of value and bound, less what any plan has; of counts near zero, the distance itself."""
    if value is None or bound is None:
        return None
    if value == bound or is_few(level.name, value, bound):
        return abs(bound - value)
    return abs(bound - value) / max(abs(bound - level.floor), abs(value - level.floor))


def _result(
    run: _Run,
    formulation: Formulation,
    method: _Method,
    plan: Plan | None,
    why: Infeasibility | None,
    whole: Formulation,
) -> Result:
    portfolio, figures = (None, {}) if plan is None else _checked(run, formulation, plan)
    wanted = 1 if run.scenario.objectives.weights is not None else len(run.scenario.order()) + len(run.scenario.closing)
    solved = len(run.stages) == wanted and all(stage.solved for stage in run.stages)
    if why is not None and why.confirmed_by is None:
        why = None  # one engine's word alone is no proof
    none = "infeasible" if why is not None else "no_portfolio"
    stopped_by = _stopped_by(run, solved or why is not None)
    return Result(
        scenario=run.scenario.name,
        scenario_hash=scenario_hash(run.scenario),
        version=engine_version(),
        solver=f"ortools {version('ortools')}",
        options=run.options,
        method=method,
        status=("optimal" if solved else "feasible") if portfolio is not None else none,  # type: ignore[arg-type]
        stopped_by=stopped_by,
        repeatable=run.options.time_limit is None and stopped_by in ("gap", "work", "search_ended", "bound_refuted"),
        stages=tuple(run.stages),
        figures=tuple(Figure(objective=k, exact=plain(v), value=decimal_text(v)) for k, v in figures.items()),
        portfolio=portfolio,
        partnerships=derive_partnerships(run.scenario, portfolio) if portfolio is not None else (),
        conflicts=() if why is None else why.conflicts,
        confirmed_by=None if why is None else why.confirmed_by,
        started_from=None if run.start is None else run.start.digest,
        agreements=tuple(
            StateAgreements(
                state=run.scenario.states[each.state].id,
                agreements=each.agreements,
                breaks=each.breaks,
                proven=each.proven,
            )
            for each in run.agreed
        ),
        lots=tuple(Lot(kind=each.kind, members=each.members) for each in run.alike) if portfolio is not None else (),
        sizes=_sizes(run, whole),
        timings=Timings(
            total=run.clock.elapsed,
            build=run.build,
            first_portfolio=run.first_portfolio,
            verification=run.verification,
        ),
    )


def _stopped_by(run: _Run, solved: bool) -> StopReason:
    if solved:
        return "gap"
    if run.cut or run.clock.reason():
        return run.clock.reason() or "time"
    if run.refuted:
        return "bound_refuted"
    return "work" if run.ran_out else "search_ended"


def _sizes(run: _Run, formulation: Formulation) -> Sizes:
    model = formulation.model
    return Sizes(
        options=formulation.columns.payments.pairs,
        columns=model.columns,
        rows=model.rows.count,
        nonzeros=len(model.rows.column),
        integers=int((~model.relaxable).sum()),
        checks=run.checks,
    )
