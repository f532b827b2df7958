"""What is published about the size of figures in mine action: ranges far outside of which nothing was seen.

The ranges are wide on purpose. They serve where a scenario has too few figures of a kind to compare
with each other, and are only used where most of its figures agree with them: a scenario of invented
or very small figures is then left in peace. Dollars of about 2015; other currencies that are worth
between half a dollar and two are taken alike.
"""

from __future__ import annotations

from dataclasses import dataclass

LIKE_DOLLARS = frozenset({"USD", "EUR", "CHF", "GBP", "CAD", "AUD", "NZD", "SGD"})
"""Currencies of which one unit is between half a dollar and two."""


@dataclass(frozen=True)
class Published:
    """The range in which figures of a kind lie, ends included, in dollars or square metres."""

    low: float
    """Least that was seen."""
    high: float
    """Most that was seen."""
    code: str
    """Code of the range: the words beside it say where it is published."""


CLEARANCE_PRICE = Published(0.08, 10.0, "clearance_price")
SURVEY_PRICE = Published(0.005, 1.0, "survey_price")
EXPERT_MONTH_PRICE = Published(3_000.0, 22_000.0, "expert_month_price")
DONOR_MONEY = Published(43_730.0, 310_000_000.0, "donor_money")
GRANT = Published(7_291.0, 25_102_263.0, "grant")
ABSORBED = Published(100_000.0, 162_300_000.0, "absorbed")
AREA_OF_STATE = Published(40_000.0, 1_522_000_000.0, "area_of_state")
TEAM_YEAR = Published(10_000.0, 100_000_000.0, "team_year")
