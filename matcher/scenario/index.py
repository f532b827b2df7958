"""Where each entity of a scenario stands: arrays count by position what files name by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matcher.scenario.format import ScenarioFields


@dataclass(frozen=True)
class ScenarioIndex:
    """Positions by id in a scenario's collections; the way back is ``scenario.states[at].id``."""

    capabilities: Mapping[str, int]
    states: Mapping[str, int]
    needs: Mapping[str, int]
    providers: Mapping[str, int]
    offers: Mapping[str, int]

    @classmethod
    def of(cls, scenario: ScenarioFields) -> ScenarioIndex:
        """Returns the positions in a scenario's collections."""
        collections = (
            scenario.capabilities,
            scenario.states,
            scenario.needs,
            scenario.providers,
            scenario.offers,
        )
        return cls(*({each.id: at for at, each in enumerate(entities)} for entities in collections))
