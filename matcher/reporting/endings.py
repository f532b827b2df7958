"""What ended a solve from outside, in words."""

from __future__ import annotations

from matcher.portfolio.result import Ending
from matcher.reporting import amounts
from matcher.reporting.languages import numerals_of, table_of


def ending_text(ending: Ending | str, language: str = "en") -> str:
    """Returns what ran out or how a process died; what results of earlier versions hold is a sentence already.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    if isinstance(ending, str):
        return ending
    table = table_of(language)["endings"]
    amount = "" if ending.amount is None else amounts.count(ending.amount, numerals_of(language))
    text: str = table[ending.code].format(amount=amount, signal=ending.signal)
    return str(table["with_output"].format(text=text, output=ending.output)) if ending.output else text
