"""What the search for alternatives was tuned by. Work is deterministic: about seconds of one core."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.engine.settings import DEFAULT_SETTINGS, Settings


@dataclass(frozen=True)
class AlternativeSettings:
    """The search for other portfolios about as good, and the trials to do without what all of them have."""

    trial_share: float = 0.4
    """Share of the work that is kept for trying to do without the pairs that all alternatives have."""
    trial_work: float = 4.0
    """Work of looking for a portfolio without one pair, for each State that is free to change."""
    trial_gap: float = 0.01
    """Relative gap at which a low cost counts as found in a trial."""
    sweeps: int = 2
    """Times that each State is freed alone with its fair part, before groups are freed with all that is left."""
    engine: Settings = DEFAULT_SETTINGS
    """What the engine below is tuned by."""


DEFAULT_ALTERNATIVE_SETTINGS = AlternativeSettings()
"""What is used where none are passed."""
