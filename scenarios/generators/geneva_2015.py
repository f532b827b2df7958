"""Writes scenarios/geneva-2015.yaml from the tables in geneva_2015/.

Tables of facts (states, donors, donor_recipient, operators, unit_costs, partnerships) hold published
figures with their source and confidence; tables of choices (demand, national, giving, private,
delivering, classes, assumptions) hold what had to be assumed, each row with its reason.

Usage: ``python scenarios/generators/geneva_2015.py`` writes the file; ``--check`` compares it
with what would be written and exits with 1 if they differ.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

from geneva_facts import ADVISER, COST, FIRST, HECTARE, LAST, PLACE, STATES, Fields, chosen, names, nearest, table
from geneva_links import LEAST
from geneva_needs import needs, state
from geneva_offers import deliveries, givings, own_money, own_work, privates, providers
from yaml_layout import block, collection

TARGET = Path(__file__).resolve().parents[1] / "geneva-2015.yaml"

TITLE = "Geneva, June 2015: 33 States Parties with Article 5 obligations, and who could help them finish"
DESCRIPTION = (
    "The world of June 2015 as the Anti-Personnel Mine Ban Convention's intersessional meetings saw it, planned from"
    " 2015 to 2025. Areas, deadlines and the money of 2014 come from published profiles; how the money may be used,"
    " what teams can deliver and where areas were not reported is assumed, and says so."
)


def capabilities() -> dict[str, Fields]:
    """Returns the kinds of work, valued at the middle class price."""
    mid = COST["mid"]
    rows = (
        ("clearance", "Clearance", "m2", HECTARE, Decimal(mid["clearance_price"])),
        ("survey", "Non-technical and technical survey", "m2", HECTARE, Decimal(mid["survey_price"])),
        ("capacity", "Capacity development of the national authority", "expert-month", 1, Decimal(ADVISER)),
        ("training", "Training of deminers and managers", "training place", 1, Decimal(PLACE)),
    )
    return {
        key: {
            "name": name,
            "unit": unit,
            "granule": granule,
            "reference_price": price,
            "provenance": {"*": chosen("granule of one hectare or one unit; middle class price", "prices")},
        }
        for key, name, unit, granule, price in rows
    }


def offers() -> dict[str, Fields]:
    """Returns all offers: external money, private money, own money, own work, work of others."""
    return {**givings(), **privates(), **own_money(), **own_work(), **deliveries()}


def decisions() -> list[str]:
    """Returns the lines of what is already agreed."""
    return [
        "decisions:",
        "  pins:",
        "    # Grants of the 10th European Development Fund run to 2017 (partnership P06).",
        "    - {offer: EU-programmes, state: AGO, years: [2015, 2017]}",
        "    # PADEMIN, the only international money in Chad (partnership P07).",
        "    - {offer: EU-programmes, state: TCD, years: [2015, 2016]}",
    ]


def assumptions() -> dict[str, Fields]:
    """Returns the rules that stand behind every figure that is not published."""
    return {
        row["id"]: {"text": row["text"], "reason": row["reason"], "affects": names(row["affects"])}
        for row in table("assumptions")
    }


def overrides() -> list[str]:
    """Returns the lines of the named what-ifs."""
    external = {**givings(), **privates()}
    lines = ["overrides:", "  # All money from outside is 30 per cent less.", "  less-money:", "    offers:"]
    lines += [f"      {key}: {{amount: {less(offer['amount'])}}}" for key, offer in external.items()]
    lines += [
        "  # Three large donors start a year or two late, as when award procedures slip.",
        "  late-start:",
        "    offers:",
        f"      EU-programmes: {{years: [{FIRST + 1}, {LAST}]}}",
        f"      JPN-grants: {{years: [{FIRST + 1}, {LAST}]}}",
        f"      NOR-framework: {{years: [{FIRST + 2}, {LAST}]}}",
        "    decisions:",
        "      pins:",
        "        - {offer: EU-programmes, state: AGO, years: [2016, 2017]}",
        "        - {offer: EU-programmes, state: TCD, years: [2016, 2016]}",
        "  # The United States no longer match what ITF raises.",
        "  no-us-match:",
        "    offers:",
        "      USA-ITF-match: null",
        "  # Foundations pre-finance clearance in Cambodia; the United Kingdom repays it after three years plus 5 %.",
        "  front-loading:",
        "    providers:",
        '      FAMILY-FOUNDATIONS: {name: "Three family foundations", kind: foundation}',
        "    offers:",
        '      KHM-front-loading: {kind: funding, name: "Mine fields to rice fields", provider: FAMILY-FOUNDATIONS,'
        " amount: 5000000, years: [2015, 2018], states: [KHM], capabilities: [clearance],"
        " channels: [own_programme, operator], min_per_state: 500000, firmness: 0.8,"
        " repayment: {offer: GBR-gmap, after: 3, premium: 0.05}}",
    ]
    return lines


def less(amount: int | dict[int, int]) -> str:
    """Returns 70 per cent of a yearly amount, as YAML."""
    if isinstance(amount, int):
        return str(nearest(Decimal(amount) * Decimal("0.7"), 1000))
    return "{" + ", ".join(f"{year}: {less(each)}" for year, each in amount.items()) + "}"


def text() -> str:
    """Returns the scenario file."""
    needed = needs()
    first = {need["state"]: key for key, need in reversed(needed.items())}
    heads = {key: STATES[iso3]["name"] for iso3, key in first.items()}
    offered = offers()
    titles = {
        next(iter(givings())): "money from donors",
        next(iter(privates())): "money from companies and foundations",
        next(iter(own_money())): "the States' own money",
        next(iter(own_work())): "the States' own teams",
        next(iter(deliveries())): "work of operators, agencies, companies and other States",
    }
    top = {"matcher": 2, "name": "geneva-2015", "title": TITLE, "description": DESCRIPTION}
    rest = {
        "horizon": [FIRST, LAST],
        "currency": {"code": "USD", "decimals": 0},
        "least_engagement": LEAST,
        "dialogue": {"meetings_per_year": 2, "format": "country coalition meeting (individualised approach)"},
    }
    parts = [
        ["# Written by scenarios/generators/geneva_2015.py: change its tables, not this file.", *block(top, 0)],
        list(block(rest, 0)),
        list(collection("capabilities", capabilities(), {})),
        list(collection("states", {iso3: state(iso3) for iso3 in sorted(STATES)}, {})),
        list(collection("needs", needed, heads)),
        list(collection("providers", providers(), {})),
        list(collection("offers", offered, titles)),
        decisions(),
        list(collection("assumptions", assumptions(), {})),
        overrides(),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def main() -> int:
    """Writes the file, or with --check says whether it is what would be written."""
    if sys.argv[1:] == ["--check"]:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text()
        sys.stdout.write(f"{TARGET.name} is {'up to date' if same else 'not what the generator writes'}\n")
        return 0 if same else 1
    TARGET.write_text(text(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
