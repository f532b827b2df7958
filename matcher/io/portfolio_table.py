"""A portfolio as a table for spreadsheets: one row per flow."""

from __future__ import annotations

import csv
import io

from matcher.portfolio.portfolio import Flow, Portfolio
from matcher.scenario import Scenario

COLUMNS = (
    "state",
    "state_name",
    "need",
    "need_name",
    "capability",
    "unit",
    "kind",
    "financier_offer",
    "financier_provider",
    "implementer_offer",
    "implementer_provider",
    "year",
    "quantity",
    "money",
    "currency",
)

# Spreadsheets run a cell that starts with one of these as a formula; full-width forms count too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def portfolio_csv(scenario: Scenario, portfolio: Portfolio) -> str:
    """Returns the flows as CSV (RFC 4180 quoting, lines ending in a line feed).

    Money is in units of the currency, with the decimal places of its minor unit, exactly. A text that
    a spreadsheet would run as a formula has an apostrophe put before it.

    Raises
    ------
    KeyError
        if the portfolio names something that the scenario does not have.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(scenario, flow) for flow in portfolio.flows)
    return table.getvalue()


def _row(scenario: Scenario, flow: Flow) -> list[str]:
    need = scenario.need(flow.need)
    state = scenario.state(need.state)
    capability = scenario.capability(need.capability)
    financier = scenario.offer(flow.financier) if flow.financier is not None else None
    texts = [
        state.id,
        state.name,
        need.id,
        need.name or capability.name,
        capability.id,
        capability.unit,
        flow.kind,
        financier.id if financier else "",
        financier.provider if financier else "",
        flow.implementer,
        scenario.offer(flow.implementer).provider,
    ]
    money = _money(flow.money, scenario.currency.decimals)
    return [*map(_inert, texts), str(flow.year), str(flow.quantity), money, scenario.currency.code]


def _inert(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    starts = text.lstrip().startswith(_FORMULA_STARTS) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if starts else text


def _money(minor: int, decimals: int) -> str:
    """Minor units as the amount that people write."""
    whole, part = divmod(minor, 10**decimals)
    return f"{whole}.{part:0{decimals}}" if decimals else str(whole)
