"""The tables behind the scenario of June 2015, and how their figures and sources are read."""

from __future__ import annotations

import csv
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

TABLES = Path(__file__).resolve().parent / "geneva_2015"
FIRST, LAST = 2015, 2025
HECTARE = 10_000
Row = dict[str, str]
Fields = dict[str, Any]

SCOPE = Decimal("0.91")
"""Share of mine action money that is not victim assistance (9 % in 2019)."""
ELSEWHERE = Decimal("0.5")
"""Share of money without a known recipient that goes to the 33 States."""
OWN_PRICE = Decimal("0.85")
"""Price of a State's own teams as a share of the class price: no expatriate staff."""
ADVISER, SOUTH_ADVISER, PLACE = 16_000, 5_000, 6_700
"""US dollars per expert-month, per South-South expert-month, per training place."""


def table(name: str) -> list[Row]:
    """Returns the rows of one table beside this file."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by(rows: list[Row], key: str) -> dict[str, Row]:
    """Returns rows by the value of one column."""
    return {row[key]: row for row in rows}


def names(text: str) -> list[str]:
    """Returns the parts of a list written with semicolons."""
    return [part for part in text.split(";") if part]


def told(source: str, confidence: str, as_of: str | None = None, note: str | None = None) -> Fields:
    """Returns one provenance entry."""
    entry = {"source": source, "confidence": confidence, "as_of": as_of, "note": note}
    return {key: value for key, value in entry.items() if value}


def dated(text: str) -> str | None:
    """Returns a date as the format writes it, or nothing where the table says more or less than a date."""
    return text if re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", text) else None


def chosen(reason: str, rule: str) -> Fields:
    """Returns the provenance of something assumed under one of the scenario's assumptions."""
    return told(f"assumption {rule}", "assumption", "2015-06", reason)


def nearest(value: Decimal, step: int) -> int:
    """Returns the multiple of `step` nearest to a value."""
    return int((value / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


STATES = by(table("states"), "iso3")
DEMAND = by(table("demand"), "iso3")
NATIONAL = by(table("national"), "iso3")
DONORS = by(table("donors"), "donor")
OPERATORS = by(table("operators"), "id")
COST = by([row for row in table("classes") if row["kind"] == "cost"], "class")
CONTAMINATION = by([row for row in table("classes") if row["kind"] == "contamination"], "class")


def contamination(iso3: str) -> Row:
    """Returns the contamination class of a State ('massive (on paper)' is massive)."""
    return CONTAMINATION[STATES[iso3]["contamination_class"].split(" ")[0].replace("n/a", "residual")]


def page_or(row: Row, *words: str) -> str:
    """Returns the confidence of fields of a State: page only where the row says that they were seen."""
    if row["confidence"] != "page":
        return row["confidence"]
    seen = row["page_fields"]
    return "page" if seen.startswith("all") or any(word in seen for word in words) else "recall"
