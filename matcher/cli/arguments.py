"""Arguments and options that several commands share, and how their texts are read."""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

if TYPE_CHECKING:
    from matcher.scenario import Goal, Scenario

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file, YAML or JSON.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="NAME", help="Apply a named override from the scenario file; repeatable."),
]
Gap = Annotated[
    str,
    typer.Option(metavar="GAP", help="Gap at which an objective counts as solved."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1024,
        metavar="N",
        help="Number of processes; the result does not depend on it. By default two, where there are two cores.",
    ),
]
USUAL_WORKERS = 2
"""Processes that are used unless more are asked for: as many as a round has groups in all but huge scenarios."""
Order = Annotated[
    str | None,
    typer.Option(
        metavar="ORDER",
        help="Objectives in order, e.g. completions,coverage:0.01,cost+0.5*swings (tolerance 1 %; a sum).",
    ),
]
WorkBudget = Annotated[
    int,
    typer.Option(min=1, max=10**6, metavar="N", help="Work budget: roughly seconds of one core, not wall-clock time."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="S", help="Limit in wall-clock seconds; results may vary between runs."),
]
MemoryLimit = Annotated[
    int | None, typer.Option(min=256, max=2**30, metavar="MIB", help="Memory limit of each process, in MiB.")
]
CpuLimit = Annotated[
    int | None, typer.Option(min=2, max=10**8, metavar="S", help="Processor time limit of each process, in seconds.")
]
Language = Annotated[str, typer.Option(metavar="CODE", help="Language of the output: en, fr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write a JSON document instead of text.")]


def workers_of(asked: int | None) -> int:
    """Returns the number of processes asked for, or the usual one where this process may use so many cores."""
    if asked is not None:
        return asked
    may_use = getattr(os, "sched_getaffinity", None)  # fewer than the machine has, where the system says so
    cores = (os.cpu_count() or 1) if may_use is None else len(may_use(0))
    return min(USUAL_WORKERS, cores)


def read_gap(text: str) -> Decimal:
    """Returns a gap written as a decimal number from 0 to 1."""
    try:
        gap = Decimal(text)
    except InvalidOperation:
        gap = Decimal("NaN")
    if not (gap.is_finite() and 0 <= gap <= 1):
        raise typer.BadParameter(f"{text!r} is not a number from 0 to 1, such as 0.001", param_hint="--gap")
    return gap


def read_order(text: str) -> tuple[Goal, ...]:
    """Returns entries written as ``completions,coverage:0.01,cost+0.5*swings:0.02``: each with its tolerance, a share.

    An entry is an objective, or a blend: objectives joined by ``+``, each with its weight before a ``*`` (else 1).
    """
    from matcher.scenario import Goal

    goals: list[Goal] = []
    for part in text.split(","):
        blend, _, tolerance = part.strip().partition(":")
        parts = [_part(each) for each in blend.split("+")]
        _check_blend(part.strip(), parts)
        entry = {"blend": parts} if parts[1:] else {"objective": parts[0]["objective"]}
        goals.append(Goal.model_validate({**entry, "tolerance": _share(part, tolerance)}))
    for at, goal in enumerate(goals):
        if all(each.name != goal.name or each.tolerance for each in goals[:at]):
            continue
        raise typer.BadParameter("each objective may be named once", param_hint="--order")
    return tuple(goals)


def _check_blend(text: str, parts: list[dict[str, object]]) -> None:
    """Refuses a blend whose objectives are not all to be large or all small, and a weight of one alone."""
    from matcher.scenario.objectives import OBJECTIVES

    names = [str(each["objective"]) for each in parts]
    if len({OBJECTIVES[name].maximise for name in names}) > 1:
        message = f"{text!r}: objectives of one sum are all to be large, or all small"
    elif len(set(names)) < len(names):
        message = f"{text!r}: each objective may be named once in a sum"
    elif len(parts) == 1 and "*" in text:
        message = f"{text!r}: a weight is for the objectives of a sum, such as cost+0.5*swings"
    else:
        return
    raise typer.BadParameter(message, param_hint="--order")


def _part(text: str) -> dict[str, object]:
    """Returns an objective and its weight, written as ``swings`` or ``0.5*swings``."""
    from matcher.errors import nearest
    from matcher.scenario import ObjectiveName

    known: tuple[str, ...] = get_args(ObjectiveName)
    weight, star, name = (each.strip() for each in text.rpartition("*"))
    if name not in known:
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else ""
        raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}{hint}", param_hint="--order")
    try:
        value = Decimal(weight) if star else Decimal(1)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and value > 0):
        message = f"{text.strip()!r}: a weight is a number above 0, such as 0.5"
        raise typer.BadParameter(message, param_hint="--order")
    return {"objective": name, "weight": value}


def _share(part: str, text: str) -> Decimal:
    """Returns the share after the colon; 0 if there is none."""
    try:
        share = Decimal(text or "0")
    except InvalidOperation:
        share = Decimal("NaN")
    if not (share.is_finite() and 0 <= share <= 1):
        message = f"{part.strip()!r}: a tolerance is a number from 0 to 1, such as 0.01"
        raise typer.BadParameter(message, param_hint="--order")
    return share


def with_order(scenario: Scenario, order: str | None) -> Scenario:
    """Returns the scenario with another order of objectives, checked anew; as it is if none is given."""
    if order is None:
        return scenario
    goals = read_order(order)
    if any(goal.objective == "disruption" for goal in goals) and not scenario.decisions.earlier:
        expected = "an earlier portfolio in the scenario's 'decisions.earlier' to measure 'disruption' from"
        raise typer.BadParameter(f"expected {expected}", param_hint="--order")
    return scenario.with_fields(objectives=scenario.objectives.with_fields(order=goals, weights=None))
