"""Why a scenario has no portfolio, in words."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from matcher.portfolio.result import Barrier, Conflict, Result
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.reporting.screened import CautionSpeaker
from matcher.scenario import Scenario
from matcher.scenario.eligibility import Reason

DECIDED = ("financier", "implementer", "need", "year")
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "commitment": DECIDED,
    "commitment_too_large": DECIDED,
    "commitment_not_eligible": DECIDED,
    "pin": ("offer", "state"),
    "pin_not_possible": ("offer", "state"),
    "forbid": (),
    "min_per_state": ("offer",),
    "min_years": ("offer",),
    "max_states": ("offer",),
    "least_engagement": (),
    "match": ("offer",),
    "budget": ("offer", "year"),
    "capacity": ("offer", "year"),
    "max_partners": ("state",),
    "max_share": ("state",),
    "absorption": ("state", "year"),
    "max_per_year": ("need",),
    "indivisible": ("need",),
    "after": ("need",),
    "quantity": ("need",),
    "cap": ("offer", "state"),
}
"""What the subjects of a conflict are, by its reason; what follows them is said as ``others``."""
COUNTED = frozenset({"quantity", "most", "years", "states", "partners"})
"""Figures that are whole numbers of something."""


def conflict_texts(scenario: Scenario, result: Result, language: str = "en") -> list[str]:
    """Returns a sentence for each conflict of a result.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = ConflictSpeaker(scenario, language)
    return [speaker.text(each) for each in result.conflicts]


class ConflictSpeaker:
    """Puts words to the conflicts of one scenario, in one language."""

    def __init__(self, scenario: Scenario, language: str) -> None:
        self.table: Table = table_of(language)["conflicts"]
        self.numerals = numerals_of(language)
        self.currency = scenario.currency
        self.cautions = CautionSpeaker(language)

    def text(self, conflict: Conflict) -> str:
        """Returns a conflict as a sentence; by its code and subjects alone where it holds nothing else.

        Earlier versions wrote no figures, and a document may hold reasons that no solve gives.
        """
        known = self._sentence(conflict)
        data = self._data(conflict)
        if known is None or not _fields_of(known) <= data.keys():
            subjects = ", ".join(conflict.subjects)
            return str(self.table["unfigured"].format(reason=conflict.reason, subjects=subjects))
        return known.format(**data)

    def _sentence(self, conflict: Conflict) -> str | None:
        """Returns the sentence of a reason, for the kind of figure that it has."""
        reason = conflict.reason
        if reason == "commitment_not_eligible" and not conflict.barriers:
            reason = "commitment_no_year"
        if reason == "min_per_state" and "money" in conflict.figures:
            reason = "min_money_per_state"
        if reason == "cap":
            reason = "cap_share" if "share" in conflict.figures else "cap_money"
        sentence: str | None = self.table["reasons"].get(reason)
        return sentence

    def _data(self, conflict: Conflict) -> dict[str, str]:
        names = SUBJECTS.get(conflict.reason, ())
        data = dict(zip(names, conflict.subjects, strict=False))
        data["others"] = ", ".join(conflict.subjects[len(names) :])
        data["barriers"] = self.cautions.table["between"].join(map(self._barrier, conflict.barriers))
        return data | {name: self._figure(name, value) for name, value in conflict.figures.items()}

    def _figure(self, name: str, value: int | str) -> str:
        if isinstance(value, int):
            if name == "money":
                return amounts.money(value, self.currency, self.numerals)
            return amounts.count(value, self.numerals)
        if name == "per":
            return str(self.table["per"].get(value, value))
        return value if name == "unit" else self.numerals.written(value)

    def _barrier(self, barrier: Barrier) -> str:
        """Returns a rule against a commitment as the cautions word it."""
        return self.cautions.reason(Reason(barrier.code, barrier.offer, barrier.found, barrier.wanted))


def _fields_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}
