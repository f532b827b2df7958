"""Decisions and objectives added and replaced."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from matcher.scenario.decisions import Commitment, Decisions, Objectives
from matcher.scenario.edits.draft import Draft, Edit


@dataclass(frozen=True)
class WithDecisions(Edit):
    """Further decisions, each kind after those that there are.

    What is agreed is agreed once: a commitment to a flow of which as much is agreed already adds nothing, and one to
    more of it adds the difference.
    """

    more: Decisions

    def apply(self, draft: Draft) -> None:
        """Adds them."""
        both = {name: (*getattr(draft.decisions, name), *getattr(self.more, name)) for name in Decisions.model_fields}
        both["commitments"] = _agreed(draft.decisions.commitments, self.more.commitments)
        draft.decisions = draft.decisions.with_fields(**both)


def _agreed(before: tuple[Commitment, ...], further: tuple[Commitment, ...]) -> tuple[Commitment, ...]:
    """Commitments by which at least so much flows as is agreed before, and as each further one names."""
    found, agreed = list(before), Counter[tuple[str | None, str, str, int]]()
    for each in before:
        agreed[_flow(each)] += each.quantity
    for each in further:
        more = each.quantity - agreed[_flow(each)]
        if more > 0:
            found.append(each.with_fields(quantity=more))
            agreed[_flow(each)] += more
    return tuple(found)


def _flow(commitment: Commitment) -> tuple[str | None, str, str, int]:
    return commitment.financier, commitment.implementer, commitment.need, commitment.year


@dataclass(frozen=True)
class ReplaceDecisions(Edit):
    """Other decisions."""

    decisions: Decisions

    def apply(self, draft: Draft) -> None:
        """Takes them in place of all that there are."""
        draft.decisions = self.decisions


@dataclass(frozen=True)
class ReplaceObjectives(Edit):
    """Other objectives."""

    objectives: Objectives

    def apply(self, draft: Draft) -> None:
        """Takes them in place of all that there are."""
        draft.objectives = self.objectives
