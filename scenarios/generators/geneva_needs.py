"""Affected States and what they need, by rule from the tables."""

from __future__ import annotations

import math
from decimal import Decimal

from geneva_facts import (
    DEMAND,
    FIRST,
    HECTARE,
    LAST,
    STATES,
    Fields,
    Row,
    chosen,
    contamination,
    dated,
    nearest,
    page_or,
    told,
)


def state(iso3: str) -> Fields:
    """Returns one State with deadline, absorption, partners and ownership."""
    row = STATES[iso3]
    requested = DEMAND.get(iso3, {}).get("deadline") or {"CYP": "2019-07-01"}.get(iso3, "")
    deadline = told(row["source"], page_or(row, "deadline", "extension", "completion", "14MSP"), "2015-06")
    if requested:
        note = f"deadline of record {row['art5_deadline']}; the date requested is taken"
        deadline = chosen(note, "requested-deadlines")
    date = requested or row["art5_deadline"]
    donors = int(row["intl_donors_n"] or 0)
    return {
        "name": row["name"],
        "region": row["region"],
        "deadline": int(date) if date.isdigit() else date,
        "absorption": absorption(iso3),
        "max_partners": max(int(contamination(iso3)["max_partners"]), donors + 4 if donors else 0),
        "ownership": ownership(row),
        "provenance": {
            "*": told(row["source"], row["confidence"], "2015-06"),
            "deadline": deadline,
            "absorption": chosen("money received in 2014 and the contamination class", "absorption"),
            "max_partners": chosen("donors of 2014 and the contamination class", "partners"),
            "ownership": chosen("scored by rule from the facts of the State's row", "ownership"),
        },
    }


def absorption(iso3: str) -> int | dict[int, int]:
    """Returns external money that a State can absorb: half more than in 2014, at least its class's floor."""
    received = Decimal(STATES[iso3]["intl_received_usd"] or 0)
    usual = max(nearest(received * Decimal("1.5"), 100_000), int(contamination(iso3)["absorption_floor"]))
    early = {"YEM": {2015: 3, 2016: 4, 2017: 6}, "IRQ": {2015: 30, 2016: 35}, "UKR": {2015: 4, 2016: 5}}.get(iso3)
    if early is None:
        return usual
    return {year: early.get(year, 0) * 1_000_000 or usual for year in range(FIRST, LAST + 1)}


def ownership(row: Row) -> Fields:
    """Returns the five components of national ownership, by the rule of assumption `ownership`."""
    self_funded = row["seeks_assistance"] == "no"
    paid = bool(row["national_contribution_usd_yr"]) and not row["national_year"].startswith("pledge")
    lost = "no single" in row["national_authority"]
    voices = [row["spoke_intersessional_june2015"], row["updated_14msp_dec2015"]].count("yes")
    planned = "0.8" if row["plan_budget_usd"] else "0.6" if self_funded or row["baseline_clarity"] == "known" else "0.4"
    return {
        "high_level_interest": Decimal("0.4") + Decimal("0.3") * voices,
        "empowered_entities": Decimal("0.3" if lost else "0.9" if self_funded else "0.6"),
        "measures_articulated": {"known": Decimal("0.9"), "partial": Decimal("0.6")}.get(
            row["baseline_clarity"], Decimal("0.3")
        ),
        "challenges_planned": Decimal(planned),
        "financial_commitment": Decimal("1" if self_funded else "0.8" if paid else "0.2"),
    }


def areas(iso3: str) -> tuple[int, int, int]:
    """Returns hectares confirmed, to be surveyed and to be cleared."""
    row, wish = STATES[iso3], DEMAND[iso3]
    total = Decimal(wish["area_km2"] or row["ap_total_km2"] or 0)
    if wish["cha_share"]:
        confirmed = total * Decimal(wish["cha_share"])
        suspected = total - confirmed
    else:
        confirmed = Decimal(row["ap_cha_km2"] or 0)
        suspected = Decimal(row["ap_sha_km2"]) if row["ap_sha_km2"] else total - confirmed
    cleared = confirmed + suspected * Decimal(wish["clear_of_sha"])
    return tuple(math.ceil(area * 100) for area in (confirmed, suspected, cleared))  # type: ignore[return-value]


def needs() -> dict[str, Fields]:
    """Returns all needs by id, State by State."""
    found: dict[str, Fields] = {}
    for iso3 in sorted(DEMAND):
        for name, need in (
            ("survey", survey_need(iso3)),
            ("clearance", clearance_need(iso3)),
            ("capacity", capacity_need(iso3)),
            ("training", training_need(iso3)),
        ):
            if need is not None:
                found[f"{iso3}-{name}"] = need
    return found


def area_provenance(iso3: str) -> Fields:
    """Returns where the area of a State comes from, and how it was split."""
    row, wish = STATES[iso3], DEMAND[iso3]
    confidence = "assumption" if wish["area_km2"] or wish["cha_share"] else "estimate"
    recorded = ", ".join(
        f"{label} {row[column]} km2"
        for label, column in (("CHA", "ap_cha_km2"), ("SHA", "ap_sha_km2"), ("total", "ap_total_km2"))
        if row[column]
    )
    kept = f"recorded ({row['area_as_of'] or 'no date'}; {page_or(row, 'ap_', 'CHA')}): {recorded or 'no area'}"
    note = f"{wish['reason']}. {kept}. Rule: assumption areas."
    return told(row["source"], confidence, dated(row["area_as_of"]), note)


def survey_need(iso3: str) -> Fields | None:
    """Returns survey of the suspected area, if there is any."""
    _, suspected, _ = areas(iso3)
    if not suspected:
        return None
    return {
        "name": f"Survey of suspected hazardous areas, {STATES[iso3]['name']}",
        "state": iso3,
        "capability": "survey",
        "quantity": suspected * HECTARE,
        "years": [FIRST, LAST],
        "weight": 3,
        "completes": True,
        "provenance": {"quantity": area_provenance(iso3), "*": chosen("weights and windows", "weights")},
    }


def clearance_need(iso3: str) -> Fields:
    """Returns clearance of the confirmed area and of what survey will confirm."""
    confirmed, suspected, cleared = areas(iso3)
    need: Fields = {
        "name": f"Clearance of confirmed hazardous areas, {STATES[iso3]['name']}",
        "state": iso3,
        "capability": "clearance",
        "quantity": cleared * HECTARE,
        "years": [FIRST, LAST],
        "weight": 4,
        "completes": True,
    }
    provenance = {"quantity": area_provenance(iso3), "*": chosen("weights and windows", "weights")}
    if suspected and contamination(iso3)["class"] in ("massive", "heavy", "medium", "unknown"):
        ready = max(Decimal(math.floor(100 * confirmed / cleared)) / 100, Decimal("0.2"))
        need["after"] = [{"need": f"{iso3}-survey", "lag": 1, "head_start": ready}]
        provenance["after"] = chosen("share of the clearance that is confirmed already, at least 0.2", "survey-first")
    if DEMAND[iso3]["beneficiaries"] == "yes":
        need["beneficiaries"] = beneficiaries(cleared)
        provenance["beneficiaries"] = chosen("people per km2 cleared", "beneficiaries")
    return {**need, "provenance": provenance}


def beneficiaries(hectares: int) -> dict[str, int]:
    """Returns people who benefit from clearance: 500 per km2, by sex and age."""
    shares = {"women": 26, "men": 25, "girls": 24, "boys": 25}
    return {group: hectares * 5 * share // 100 for group, share in shares.items()}


def capacity_need(iso3: str) -> Fields | None:
    """Returns expert-months for the national authority, where a State seeks help."""
    if DEMAND[iso3]["seeks"] != "yes" or iso3 in ("HRV", "ERI"):
        return None
    months = int(contamination(iso3)["capacity_months"])
    return {
        "name": f"Information and quality management, {STATES[iso3]['name']}",
        "state": iso3,
        "capability": "capacity",
        "quantity": months,
        "years": [FIRST, 2015 if iso3 == "MOZ" else LAST],
        "weight": 2,
        "max_per_year": months if iso3 == "MOZ" else months // 4,
        "provenance": {"*": chosen(contamination(iso3)["reason"], "capacity-needs")},
    }


def training_need(iso3: str) -> Fields | None:
    """Returns training places, where a documented or likely exchange exists."""
    places = int(DEMAND[iso3]["training_places"])
    if not places:
        return None
    return {
        "name": f"Training of deminers and managers, {STATES[iso3]['name']}",
        "state": iso3,
        "capability": "training",
        "quantity": places,
        "years": [FIRST, LAST],
        "max_per_year": max(15, places // 3),
        "provenance": {"*": chosen("courses of fifteen places", "training-needs")},
    }
