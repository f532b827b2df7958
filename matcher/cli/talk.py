"""What commands say, and where: data to stdout, talk to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from matcher.errors import Fault, InvalidInput
from matcher.units import plain


def out(text: str) -> None:
    """Writes data."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


def out_json(document: object) -> None:
    """Writes data as JSON with sorted keys."""
    out(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    """Says exact numbers as JSON can: fractions as text, decimals as numbers."""
    if isinstance(value, Fraction):
        return plain(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


def say(text: str) -> None:
    """Writes talk."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say_faults(error: InvalidInput) -> None:
    """Writes every fault of refused input, one a line, and how many there are."""
    for fault in error.faults:
        say(str(fault))
    count = len(error.faults)
    say(f"{error.source or 'input'}: {count} fault{'s' if count != 1 else ''}")


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
