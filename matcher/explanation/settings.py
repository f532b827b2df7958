"""What explanations were tuned by. Work is deterministic: about seconds of one core."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.engine.settings import DEFAULT_SETTINGS, Settings


@dataclass(frozen=True)
class ExplanationSettings:
    """How long each answer is looked for, and what counts in it."""

    part_work: float = 4.0
    """Work of solving one State's part."""
    idle_work: float = 1.0
    """Work of each solve about an offer that is not used in full."""
    veto_work: float = 1.0
    """Work of each objective where a State is planned again without a partnership."""
    veto_gap: float = 1e-4
    """Relative gap at which such an objective counts as solved."""
    curve_work: float = 2.0
    """Work of each solve of a curve."""
    curve_gap: float = 1e-5
    """Relative gap of each solve of a curve: a tenth of the distance at which a value counts as proven."""
    trifling_part: int = 1000
    """A limit counts only where more than one in so many of the units missing could be had without it: what is less
    is lost in whole granules and in what a search leaves open."""
    few_limits: int = 8
    """Limits of which the relaxation alone says whether there is hope in them: to try each takes no longer then."""
    most_users: int = 3
    """States named that use what is limited instead."""
    most_successors: int = 3
    """Pairs of partners named that would do more instead."""
    kept_settings: int = 8
    """Changed scenarios with all offers that are kept ready: as many as pairs go back and forth between."""
    engine: Settings = DEFAULT_SETTINGS
    """What the engine below is tuned by."""


DEFAULT_EXPLANATION_SETTINGS = ExplanationSettings()
"""What is used where none are passed."""
