"""What a scenario takes over from an earlier plan whose years have passed, in words."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.scenario import FundingOffer, Scenario

MOST = 5
"""Names told of one kind; how many more there are is said."""


def taken_over_lines(scenario: Scenario, started: Scenario, language: str = "en") -> list[str]:
    """Returns what a scenario has of an earlier plan, a line for each kind of thing; nothing where it has none.

    Parameters
    ----------
    scenario, started
        The scenario as its file says it, and with its starting state.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    table: Table = table_of(language)["taken_over"]
    numerals = numerals_of(language)
    found = {
        "delivered": list(_delivered(scenario, started, language)),
        "ongoing": [
            table["ongoing_in" if new.ongoing else "ongoing_nowhere"].format(
                offer=new.id, states=", ".join(each.state for each in new.ongoing)
            )
            for old, new in zip(scenario.offers, started.offers, strict=True)
            if new.ongoing != old.ongoing
        ],
        "carried_in": list(_money(scenario, started, "carried_in", language)),
        "debts": list(_money(scenario, started, "debts", language)),
    }
    lines = []
    for key, names in found.items():
        if names:
            more = [table["more"].format(count=amounts.count(len(names) - MOST, numerals))] if names[MOST:] else []
            said = table["between"].join((*names[:MOST], *more))
            lines.append(table[key].format(first=scenario.horizon.first, names=said))
    return lines


def _delivered(scenario: Scenario, started: Scenario, language: str) -> Iterator[str]:
    """Needs with the units that were delivered of them."""
    for old, new in zip(scenario.needs, started.needs, strict=True):
        if new.delivered != old.delivered:
            unit = scenario.capability(new.capability).unit
            yield f"{new.id} {amounts.quantity(new.delivered, unit, numerals_of(language))}"


def _money(scenario: Scenario, started: Scenario, field: str, language: str) -> Iterator[str]:
    """Offers with the money that they bring or owe, by year, in the scenario's currency."""
    for old, new in zip(scenario.offers, started.offers, strict=True):
        yearly = getattr(new, field, None)
        if not isinstance(new, FundingOffer) or yearly in (None, getattr(old, field)):
            continue
        for year in scenario.years:
            if yearly.at(year):
                money = scenario.converted(new, yearly.at(year), up=field == "debts")
                yield f"{new.id} {year} {amounts.money(money, scenario.currency, numerals_of(language))}"
