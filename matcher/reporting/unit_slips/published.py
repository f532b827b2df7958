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
    source: str
    """Who says so."""


CLEARANCE_PRICE = Published(
    0.08,
    10.0,
    "0.08 to 10 USD per m2, from land release in Cambodia (ReliefWeb, 10 December 2020) to the upper bound of the"
    " 1990s (ageconsearch.umn.edu/record/98503)",
)
SURVEY_PRICE = Published(
    0.005,
    1.0,
    "0.005 to 1.00 USD per m2, from cancellation by non-technical survey to reduction by technical survey, estimates",
)
EXPERT_MONTH_PRICE = Published(
    3_000.0,
    22_000.0,
    "3,000 to 22,000 USD per expert-month, from South-South experts to international advisers, estimates",
)
DONOR_MONEY = Published(
    43_730.0,
    310_000_000.0,
    "43,730 to 310,000,000 USD a year, from Liechtenstein in 2014 (Landmine Monitor 2015, Cambodia) to the"
    " United States in 2022, 39 per cent of 798 million (Landmine Monitor 2023)",
)
GRANT = Published(
    7_291.0,
    25_102_263.0,
    "7,291 to 25,102,263 USD: grants of 2014 to one State, from Sweden to South Sudan to the European Union to Angola"
    " (Landmine Monitor 2015)",
)
ABSORBED = Published(
    100_000.0,
    162_300_000.0,
    "up to 162,300,000 USD a year received by one State: Ukraine in 2022 (Landmine Monitor 2023)",
)
AREA_OF_STATE = Published(
    40_000.0,
    1_522_000_000.0,
    "0.04 to 1,522 km2 in one State: Niger (an estimate) to Iraq (Landmine Monitor 2016)",
)
TEAM_YEAR = Published(
    10_000.0,
    100_000_000.0,
    "10,000 m2 to 100 km2 a year: from one small team of manual deminers (10 m2 a day each, estimates) to more than any"
    " programme (46.5 km2 cleared in Cambodia in 2015, Landmine Monitor 2016)",
)
