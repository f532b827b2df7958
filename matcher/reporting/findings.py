"""What was found of a saved run beyond the independent checker's findings, in words."""

from __future__ import annotations

from collections.abc import Mapping

from matcher.portfolio.result import engine_version
from matcher.reporting.languages import table_of


def finding_text(code: str, data: Mapping[str, object], written_by: str | None = None, language: str = "en") -> str:
    """Returns a finding as a sentence.

    Parameters
    ----------
    written_by
        Version that wrote the run, where it is another than this one.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    table = table_of(language)["findings"]
    sentence: str = table[code].format(**data)
    if written_by is not None:
        sentence += table["other_version"].format(written=written_by, read=engine_version())
    return sentence
