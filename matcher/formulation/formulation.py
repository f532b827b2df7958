"""A scenario as a linear model, with the meaning of its columns and rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from matcher.formulation.columns import Columns
from matcher.portfolio.result import Figures
from matcher.scenario import Scenario
from matcher.scenario.eligibility import Reason
from matcher.solvers.linear_model import LinearModel, RowGroup


@dataclass(frozen=True)
class Impossible:
    """A decision of the user that no portfolio can meet, found while building the model."""

    reason: str
    subjects: tuple[str, ...]
    figures: Figures = field(default_factory=dict)
    barriers: tuple[Reason, ...] = ()
    """Rules that keep the partners of a decision from its need."""


@dataclass(frozen=True)
class Formulation:
    """A scenario as a compact linear model, with the meaning of its columns."""

    columns: Columns
    model: LinearModel
    groups: tuple[RowGroup, ...]
    """What the rows are about: see where each rule is formulated."""
    impossible: tuple[Impossible, ...]
    """Decisions that cannot be met; the model is only of use when there are none."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.columns.scenario
