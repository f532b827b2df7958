"""What was found of a claim of a saved run that the independent checker cannot count: a code and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matcher.reporting.verified import finding_text
from matcher.verification import Finding


@dataclass(frozen=True)
class Claim:
    """One claim that was looked into."""

    ok: bool
    """Whether it holds."""
    code: str
    """Key of its sentence among the ``findings`` of a language."""
    data: Mapping[str, object] = field(default_factory=dict)
    """What fills the sentence."""
    word: bool = False
    """Whether it rests on the word of a solver."""
    where: str = ""
    """Of what does not hold: the file and, after a colon, the field."""
    written_by: str | None = None
    """Version that wrote the run, where it is another one: it may be why the claim does not hold."""

    def finding(self, language: str) -> Finding:
        """Returns it as the checker's findings are.

        Raises
        ------
        InvalidOptions
            if there are no sentences in that language.
        """
        text = finding_text(self.code, self.data, self.written_by, language)
        return Finding(self.ok, text, self.word, self.where)
