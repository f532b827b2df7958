"""Arguments and options that several commands share, and how their texts are read."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

if TYPE_CHECKING:
    from matcher.scenario import Goal, Scenario

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file, YAML or JSON.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="NAME", help="Lay a named override of the file over it; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write a JSON document instead of text.")]


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
    """Returns objectives written as ``completions,coverage:0.01,...``: name, and what it may give up."""
    from matcher.errors import nearest
    from matcher.scenario import Goal, ObjectiveName

    known: tuple[str, ...] = get_args(ObjectiveName)
    goals = []
    for part in text.split(","):
        name, _, give_up = part.strip().partition(":")
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else ""
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}{hint}", param_hint="--order")
        goals.append(Goal.model_validate({"objective": name, "give_up": _share(part, give_up)}))
    names = [goal.objective for goal in goals]
    if len(set(names)) < len(names):
        raise typer.BadParameter("each objective may be named once", param_hint="--order")
    return tuple(goals)


def _share(part: str, text: str) -> Decimal:
    """Returns the share after the colon; 0 if there is none."""
    try:
        share = Decimal(text or "0")
    except InvalidOperation:
        share = Decimal("NaN")
    if not (share.is_finite() and 0 <= share <= 1):
        message = f"{part.strip()!r}: what may be given up is a number from 0 to 1, such as 0.01"
        raise typer.BadParameter(message, param_hint="--order")
    return share


def with_order(scenario: Scenario, order: str | None) -> Scenario:
    """Returns the scenario with another order of objectives, checked anew; as it is if none is given."""
    if order is None:
        return scenario
    from matcher.scenario import Objectives

    objectives = Objectives(order=read_order(order), discount=scenario.objectives.discount)
    fields = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    return type(scenario)(**{**fields, "objectives": objectives})
