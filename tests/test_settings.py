"""Settings of the search: each is read where it works, and a changed one changes what the search does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import matcher
from benchmarks.instances import generate
from matcher.alternatives.settings import AlternativeSettings
from matcher.engine.by_state.neighbourhoods import Groups
from matcher.engine.by_state.search import group_limits
from matcher.engine.conflicts.trial import first_engine, has_point
from matcher.engine.settings import (
    ConflictSettings,
    MethodSettings,
    NeighbourhoodSettings,
    Settings,
    SingleModelSettings,
    SubproblemSettings,
)
from matcher.engine.single_model import engine_for
from matcher.engine.solving import solve
from matcher.explanation.account import explain
from matcher.explanation.explanation import Question
from matcher.explanation.findings import Goal
from matcher.explanation.setting import Setting, Tuning
from matcher.explanation.settings import ExplanationSettings
from matcher.portfolio.result import Clock, SolveOptions
from matcher.solvers.effort import count, counted
from matcher.solvers.engines import Limits, engine
from matcher.solvers.settings import SolverSettings, WorkRates
from smallest_scenario import small_scenario
from test_decomposition import task_of

SOURCE = Path(matcher.__file__).parent


def _leaves(settings: Any) -> Iterator[str]:
    """Yields the name of each setting that is no group of settings."""
    for each in fields(settings):
        value = getattr(settings, each.name)
        if is_dataclass(value):
            yield from _leaves(value)
        else:
            yield each.name


def _read() -> frozenset[str]:
    """Names of attributes that the package reads; settings' own methods count."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    return frozenset(found)


@pytest.mark.parametrize(
    "settings", [ExplanationSettings(), AlternativeSettings()], ids=["explanation", "alternatives"]
)
def test_no_setting_is_left_unread(settings: Any) -> None:
    """A setting that nobody reads would promise what it does not do."""
    names = list(_leaves(settings))
    assert len(names) > 3
    assert set(names) <= _read()


def test_settings_decide_which_scenarios_are_one_model() -> None:
    """The smallest scenario is solved as one model, unless no model is small enough; the portfolio is as good."""
    scenario, options = small_scenario(), SolveOptions(work=1)
    one = solve(scenario, options)
    by_state = solve(scenario, options, settings=Settings(method=MethodSettings(most_columns=0)))
    assert (one.method, by_state.method) == ("whole", "decomposition")
    assert [each.value for each in one.stages] == [each.value for each in by_state.stages]


def test_settings_reach_the_groups_that_are_freed() -> None:
    """Groups are as many and as large as the settings let them be, and end at their limits."""
    task = task_of(generate("tiny", 1))
    wide = Settings(
        neighbourhoods=NeighbourhoodSettings(most_states=1, least_groups=3),
        subproblems=SubproblemSettings(state_work=5.0, gap=0.5),
    )
    changed = replace(task, settings=wide)
    groups, others = Groups(changed), Groups(task)
    assert [len(each) for each in groups.draw()] == [1, 1, 1]
    assert [len(each) for each in others.draw()] == [2, 2]
    assert (group_limits(changed, 2).work, group_limits(changed, 2).gap) == (10.0, 0.5)
    assert (group_limits(task, 2).work, group_limits(task, 2).gap) == (2.0, 1e-3)


def test_settings_say_what_work_counts_as() -> None:
    """A run of the simplex method counts more where each of its pivots does."""
    task = task_of(generate("tiny", 1))
    usual = Settings().solvers.effort
    dear = replace(usual, simplex=replace(usual.simplex, pivot=2 * usual.simplex.pivot + 1.0))
    work = []
    for effort in (usual, dear):
        limits = Settings(solvers=SolverSettings(effort=effort)).limits(1e6)
        with counted() as done:
            engine("lp")(task.model, task.objective, limits, Clock())
        work.append(done.work)
    assert work[1] - work[0] >= 1.0  # it pivots at least once


def test_what_is_counted_inside_counts_outside_too() -> None:
    """A block counts what blocks inside it count; outside of all blocks nothing is counted."""
    count(5.0)
    with counted() as outer:
        count(1.0)
        with counted() as inner:
            count(2.0)
    assert (inner.work, outer.work) == (2.0, 3.0)


def test_settings_decide_which_model_is_small() -> None:
    """A coarse model goes to CP-SAT, unless it has more columns than the settings call few."""
    task = task_of(small_scenario({"states.A.absorption": None}))
    coarse = replace(task, model=replace(task.model, relaxable=task.model.relaxable & False))
    none = replace(coarse, settings=Settings(single_model=SingleModelSettings(most_exact_columns=0)))
    assert (engine_for(coarse), engine_for(none)) == ("cpsat", "scip")


def test_settings_decide_which_engine_proves_a_conflict() -> None:
    """A small model is CP-SAT's, unless the settings call none small."""
    model = task_of(small_scenario()).model
    none = Settings(conflicts=ConflictSettings(most_exact_columns=0))
    assert (first_engine(model), first_engine(model, none)) == ("cpsat", "scip")
    assert has_point(model, Clock(), none)


def test_settings_say_what_an_engine_does_for_its_work() -> None:
    """A relaxation that may take one pivot for all its work bounds less well than one that may take thousands."""
    task = task_of(generate("tiny", 1))
    effort = Settings().solvers.effort
    few = Settings(solvers=SolverSettings(effort=replace(effort, simplex=replace(effort.simplex, pivot=1.0))))
    usual, cut_short = (
        engine("lp")(task.model, task.objective, settings.limits(1.0), Clock()) for settings in (Settings(), few)
    )
    assert (usual.status, cut_short.status) == ("optimal", "feasible")
    assert usual.bound is not None
    assert cut_short.bound is not None
    assert cut_short.bound > usual.bound


def test_settings_reach_a_state_that_is_solved_again() -> None:
    """What an explanation solves has the limits of its settings, and the engine's below them."""
    scenario = small_scenario()
    portfolio = solve(scenario, SolveOptions(work=1)).portfolio
    assert portfolio is not None
    rates = WorkRates(nodes=7.0)
    asked = ExplanationSettings(part_work=2.5, engine=Settings(solvers=SolverSettings(rates=rates)))
    setting = Setting.of(scenario, portfolio, asked)
    part = setting.part(Goal("A", "n"), setting._delivery(Goal("A", "n")), False, Tuning())
    assert part is not None
    assert part.piece.limits == Limits(2.5, rates=rates)
    assert part.piece.solvers is asked.engine.solvers


def test_settings_say_how_many_successors_are_named() -> None:
    """Whoever asks for none is told of none, whatever a partnership's end would bring others."""
    twin = {"kind": "technical", "provider": "twin", "capability": "clearance", "price": 72, "capacity": 10}
    scenario = small_scenario({"providers.twin": {"name": "Another", "kind": "operator"}, "offers.u": twin})
    portfolio = solve(scenario, SolveOptions(work=1)).portfolio
    assert portfolio is not None
    question = Question(parts=("why",))
    named, none = (
        [each.veto.successors for each in explain(scenario, portfolio, question, settings=settings).why]
        for settings in (ExplanationSettings(), ExplanationSettings(most_successors=0))
    )
    assert any(named)
    assert len(none) == len(named)
    assert not any(none)
