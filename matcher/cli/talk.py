"""What commands say, and where: data to stdout, talk to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from matcher.cli.streams import lead_nowhere, tell
from matcher.cli.substitutes import ESCAPED, with_names_read
from matcher.errors import Fault, InvalidInput
from matcher.units import plain

if TYPE_CHECKING:
    from matcher.portfolio.portfolio import Portfolio
    from matcher.scenario import Scenario


def out(text: str) -> None:
    """Writes data; a reader of a pipe that has gone has had enough of it, and what else is to be done is done.

    Raises
    ------
    OSError
        if they cannot be written, with the name of stdout.
    """
    try:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        lead_nowhere(sys.stdout)
    except OSError as error:
        lead_nowhere(sys.stdout)
        raise OSError(error.errno, error.strerror or str(error), "standard output") from error


def out_markdown(text: str) -> None:
    """Writes Markdown to a file or pipe as it is, and to a terminal as it is read."""
    from matcher.reporting.layout import as_read

    out(as_read(text) if sys.stdout.isatty() else text)


def out_json(document: object) -> None:
    """Writes data as JSON with sorted keys."""
    out_document(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, default=_plain))


def out_document(text: str) -> None:
    """Writes a JSON document, with escapes for the characters that stdout cannot write: it means the same."""
    encoding = sys.stdout.encoding or "utf-8"
    out(with_names_read(text).encode(encoding, ESCAPED).decode(encoding))


def _plain(value: object) -> object:
    """Says exact numbers as JSON can: fractions as text, decimals as numbers."""
    if isinstance(value, Fraction):
        return plain(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


def say(text: str) -> None:
    """Writes talk, as long as there is where it can go."""
    tell(sys.stderr, f"{text}\n")


def message(key: str, language: str, **data: object) -> str:
    """Returns what a command says of its own doing: one of the ``messages`` of a language, filled in.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    from matcher.reporting.languages import table_of

    sentence: str = table_of(language)["messages"][key]
    return sentence.format(**data)


def warner(language: str) -> Callable[[str], None]:
    """Returns what writes warnings that are worded in a language.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    from matcher.reporting.languages import table_of

    sentence: str = table_of(language)["screening"]["warning"]
    return lambda text: say(sentence.format(text=text))


def reason(error: Exception) -> str:
    """Returns why something failed, with the name of the file if it is an error of the system."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def say_faults(error: InvalidInput) -> None:
    """Writes every fault of refused input, one a line, and how many there are."""
    for fault in error.faults:
        say(str(fault))
    if error.more:
        say(f"and {error.more} more")
    say(error.summary)


def fault_documents(faults: Sequence[Fault]) -> list[dict[str, object]]:
    """Returns faults as plain data."""
    return [
        {
            "path": list(fault.path),
            "place": fault.place,
            "found": fault.found,
            "expected": fault.expected,
            "suggestion": fault.suggestion,
        }
        for fault in faults
    ]


def taken_over_aloud(scenario: Scenario, before: Scenario, portfolio: Portfolio, language: str) -> Scenario:
    """Returns a scenario with the starting state that an earlier plan leaves it, and says on stderr what that is."""
    from matcher.portfolio.handover import taken_over
    from matcher.reporting.starting import taken_over_lines

    started = taken_over(scenario, before, portfolio)  # where the horizon has moved on
    for line in taken_over_lines(scenario, started, language):
        say(line)
    return started
