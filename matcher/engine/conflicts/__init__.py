"""Why there is no portfolio: a smallest set of decisions and limits that cannot all hold, confirmed.

Without commitments and pins the empty portfolio is always right, so a conflict begins with those
(`conflicts.decided`) and then names the budgets, capacities and other limits that stand against them
(`conflicts.limits`). A second engine of other lineage, or plain arithmetic, must come to the same;
without that nothing is called infeasible. The second engine shares the formulation and the waivers;
tests hold both against the independent checker.
"""

from __future__ import annotations

from dataclasses import dataclass

from matcher.engine.conflicts.decided import decided_conflict, decisions_of
from matcher.engine.conflicts.forbidden import forbid_conflict, forbids_against
from matcher.engine.conflicts.limits import confirmed, limits_of, restricted, smallest
from matcher.engine.conflicts.trial import has_point
from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.formulation.formulation import Formulation, Impossible
from matcher.portfolio.result import Barrier, Clock, Confirmer, Conflict
from matcher.scenario import Commitment, Pin, Scenario


@dataclass(frozen=True)
class Infeasibility:
    """A proof that there is no portfolio."""

    conflicts: tuple[Conflict, ...]
    """Decisions, then limits, that cannot all hold."""
    confirmed_by: Confirmer | None
    """Engine that came to the same, or ``arithmetic``; None if nothing did, and then it counts as no proof."""


def why_infeasible(formulation: Formulation, clock: Clock, settings: Settings = DEFAULT_SETTINGS) -> Infeasibility:
    """Returns why a scenario has no portfolio.

    Parameters
    ----------
    formulation
        Its formulation, of which an engine has told that it has no point, or which says so itself.
    settings
        What the trials are tuned by.
    """
    if formulation.impossible:
        return _by_arithmetic(formulation, clock, settings)
    kept = decided_conflict(formulation, clock, settings)
    here = restricted(formulation.scenario, [each.decision for each in kept])
    named = smallest(here, clock, settings)
    conflicts = (*(each.conflict for each in kept), *named)
    return Infeasibility(conflicts, confirmed(here, named, clock, settings))


def _by_arithmetic(formulation: Formulation, clock: Clock, settings: Settings) -> Infeasibility:
    """Each decision that is impossible alone, with the limits against it where it is not barred by a rule."""
    conflicts: list[Conflict] = []
    for each in formulation.impossible:
        conflicts.append(_conflict(each))
        decisions = _decisions(formulation.scenario, each)
        if each.reason == "commitment_too_large":
            conflicts += smallest(restricted(formulation.scenario, decisions), clock, settings)
        else:
            conflicts += forbids_against(formulation.scenario, decisions)
    return Infeasibility(tuple(dict.fromkeys(conflicts)), "arithmetic")


def _conflict(each: Impossible) -> Conflict:
    barriers = tuple(
        Barrier(code=why.code, offer=why.offer, found=why.found, wanted=why.wanted) for why in each.barriers
    )
    return Conflict(reason=each.reason, subjects=each.subjects, figures=each.figures, barriers=barriers)


def nameable(formulation: Formulation) -> frozenset[Conflict]:
    """Returns all that can be named where a scenario has no portfolio: its decisions and limits, with their figures."""
    decided = [*map(_conflict, formulation.impossible)] or [each.conflict for each in decisions_of(formulation)]
    forbids = map(forbid_conflict, formulation.scenario.decisions.forbids)
    return frozenset([*decided, *forbids, *(each.conflict for each in limits_of(formulation.scenario))])


def _decisions(scenario: Scenario, each: Impossible) -> list[Commitment | Pin]:
    """The decisions that are impossible together: pins of one offer in one State, or what is agreed several times."""
    if each.reason == "pin_not_possible":
        return [pin for pin in scenario.decisions.pins if (pin.offer, pin.state) == each.subjects]
    return [
        agreed
        for agreed in scenario.decisions.commitments
        if (agreed.financier or "none", agreed.implementer, agreed.need, str(agreed.year)) == each.subjects
    ]


__all__ = ["Infeasibility", "has_point", "nameable", "why_infeasible"]
