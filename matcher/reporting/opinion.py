"""A second opinion, in words."""

from __future__ import annotations

from collections.abc import Mapping

from matcher.reporting.languages import numerals_of, table_of

NUMBERS = frozenset({"value", "bound"})
"""Data of a comparison that are numbers."""


def compared_text(compared: Mapping[str, str], language: str = "en") -> str:
    """Returns one thing compared in two results as a sentence.

    Parameters
    ----------
    compared
        Its document: a code, and the data that belong to it.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    sentence: str = table_of(language)["second_opinion"][compared["code"]]
    written = numerals_of(language).written
    return sentence.format(**{key: written(text) if key in NUMBERS else text for key, text in compared.items()})
