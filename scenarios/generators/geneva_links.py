"""Who paid where in the year before the horizon, and the smallest grants that follow from it."""

from __future__ import annotations

from decimal import Decimal

from geneva_facts import DEMAND, SCOPE, Fields, Row, names, nearest, table

MODELLED = ("clearance", "capacity", "various")
"""Sectors of donor_recipient.csv that hold work of the scenario's kinds; "various" may hold any."""
LEAST = 50_000
"""US dollars below which money in a State in a year is a token, not work."""
STEP = 10_000
"""US dollars to whole multiples of which derived minimum grants are cut."""


def links(donor: str) -> list[Row]:
    """Returns the rows of 2014 by which a donor paid for modelled work in a State that has needs here."""
    return [
        row
        for row in table("donor_recipient")
        if row["donor"] == donor and row["recipient"] in DEMAND and any(word in row["sectors"] for word in MODELLED)
    ]


def carrier(donor: str, iso3: str) -> str:
    """Returns the id of the donor's largest offer that may work in a State.

    Raises
    ------
    ValueError
        If no offer of the donor reaches the State: then its row in giving.csv lacks a State that it gave to.
    """
    rows = [row for row in table("giving") if row["provider"] == donor and iso3 in names(row["states"])]
    if not rows:
        raise ValueError(f"no offer of {donor} in giving.csv reaches {iso3}, to which it gave in 2014")
    return max(rows, key=lambda row: Decimal(row["share"]))["offer"]


def ongoing(offer: Row) -> list[Fields]:
    """Returns the States in which an offer of giving.csv worked in 2014, with what it gave there in cash."""
    found: list[Fields] = []
    for row in sorted(links(offer["provider"]), key=lambda row: row["recipient"]):
        if carrier(offer["provider"], row["recipient"]) == offer["offer"]:
            paid = {"amount": given(row, offer)} if row["modality"] == "cash" else {}
            found.append({"state": row["recipient"], **paid})
    return found


def given(row: Row, offer: Row) -> int:
    """Returns what an offer gave to a State in 2014, scaled as the yearly amount of the offer is."""
    return nearest(Decimal(row["amount_usd"]) * SCOPE * Decimal(offer["share"]), 1)


def least_money(offer: Row) -> int:
    """Returns the least that an offer gives to a State in a year: by size, or its smaller grants of 2014 if less."""
    size = int(offer["min_per_state"])
    grants: list[int] = sorted(each["amount"] for each in ongoing(offer) if "amount" in each)
    if not grants:
        return size
    quartile = grants[(len(grants) - 1) // 4]
    return min(size, max(LEAST, quartile // STEP * STEP))
