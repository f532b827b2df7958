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
    trial_rate: float = 0.1
    """Work that a trial over 1,000 columns is expected to take ..."""
    trial_growth: float = 1.5
    """... and the power of their number by which it grows."""
    trial_gap: float = 0.01
    """Relative gap at which a low cost counts as found in a trial."""
    sweeps: int = 2
    """Times that each State is freed alone with its fair part, before groups are freed with all that is left."""
    engine: Settings = DEFAULT_SETTINGS
    """What the engine below is tuned by."""

    def trial_cost(self, columns: int) -> float:
        """Returns the work that a trial over so many columns is expected to take."""
        return max(0.02, self.trial_rate * float((columns / 1000) ** self.trial_growth))


DEFAULT_ALTERNATIVE_SETTINGS = AlternativeSettings()
"""What is used where none are passed."""
