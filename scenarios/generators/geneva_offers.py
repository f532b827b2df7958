"""Providers and what they offer: money and work, by rule from the tables."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from geneva_facts import (
    ADVISER,
    COST,
    DEMAND,
    DONORS,
    ELSEWHERE,
    FIRST,
    HECTARE,
    LAST,
    NATIONAL,
    OPERATORS,
    OWN_PRICE,
    PLACE,
    SCOPE,
    SOUTH_ADVISER,
    STATES,
    Fields,
    Row,
    chosen,
    names,
    nearest,
    table,
    told,
)
from geneva_links import least_money, ongoing

KINDS = {
    "ngo_international": "operator",
    "ngo_national": "operator",
    "centre_of_expertise": "operator",
    "un_agency": "un_agency",
    "regional_org": "regional_organisation",
    "trust_fund": "regional_organisation",
    "commercial": "company",
    "corporate": "company",
    "npo_corporate": "company",
    "foundation": "foundation",
}
RENAMED = {"JANUS": "JANUS_STERLING"}


def providers() -> dict[str, Fields]:
    """Returns donors, affected States and implementers by id."""
    found: dict[str, Fields] = {}
    for key, row in DONORS.items():
        kind = "regional_organisation" if key == "EU" else "donor_state"
        whence = {"*": told(row["source"], row["confidence"], "2014")}
        found[key] = {"name": row["name"], "kind": kind, "provenance": whence}
    for iso3 in sorted(set(NATIONAL) | {"GBR"}):
        row = STATES[iso3]
        kind = "donor_state" if iso3 in DONORS else "affected_state"
        whence = {"*": told(row["source"], row["confidence"], "2015-06")}
        found[iso3] = {"name": row["name"], "kind": kind, "state": iso3, "provenance": whence}
    users = [row["provider"] for row in table("delivering") + table("private")]
    for key in sorted(set(users) - set(found)):
        found[key] = implementer(key)
    return found


def implementer(key: str) -> Fields:
    """Returns one implementer, foundation or company."""
    if key == "HRV-FIRMS":
        whence = told(OPERATORS["CROMAC"]["source"], "recall", "2015", OPERATORS["CROMAC"]["notes"])
        return {"name": "Croatian demining companies", "kind": "company", "provenance": {"*": whence}}
    row = OPERATORS[RENAMED.get(key, key)]
    whence = told(row["source"], row["confidence"], "2015", row["notes"] or None)
    return {"name": row["name"], "kind": KINDS[row["kind"]], "provenance": {"*": whence}}


# --- Funding offers ---------------------------------------------------------------------------


def yearly_to_states(donor: str) -> int:
    """Returns a donor's yearly money for the 33 States and the work modelled here."""
    total = Decimal(DONORS[donor]["amount_usd"])
    known = [row for row in table("donor_recipient") if row["donor"] == donor and row["modality"] == "cash"]
    here = sum((Decimal(row["amount_usd"]) for row in known if row["recipient"] in STATES), Decimal(0))
    traced = sum((Decimal(row["amount_usd"]) for row in known), Decimal(0))
    return nearest(SCOPE * (here + ELSEWHERE * max(Decimal(0), total - traced)), 1000)


def givings() -> dict[str, Fields]:
    """Returns the funding offers of external donors."""
    return {row["offer"]: giving(row) for row in table("giving")}


def giving(row: Row) -> Fields:
    """Returns one external funding offer."""
    donor = DONORS[row["provider"]]
    every = nearest(Decimal(row["share"]) * yearly_to_states(row["provider"]), 1000)
    change = Decimal(row["yearly_change"])
    falling = {year: nearest(every * change ** (year - FIRST), 1000) for year in range(FIRST, LAST + 1)}
    whence = f"{DONORS[row['provider']]['name']} gave {donor['amount_usd']} USD in 2014"
    offer: Fields = {
        "kind": "funding",
        "name": row["name"],
        "provider": row["provider"],
        "amount": every if change == 1 else falling,
        "states": names(row["states"]),
        "capabilities": names(row["capabilities"]) or None,
        "channels": names(row["channels"]),
        "max_states": int(row["max_states"]),
        "min_per_state": least_money(row),
        "min_years": int(row["min_years"]),
        "carry_over": Decimal(row["carry_over"]),
        "match": Decimal(row["match"]),
        "ownership_floor": Decimal(row["ownership_floor"]),
        "firmness": Decimal(row["firmness"]),
        "fit": fit(row),
        "fit_otherwise": Decimal("0.6"),
        "ongoing": ongoing(row),
        "provenance": {
            "amount": told(donor["source"], "estimate", "2014", f"{whence}; scaled by assumption donor-amounts"),
            "states": chosen(row["reason"], "donor-reach"),
            "fit": chosen("1 where money flowed in 2014, 0.8 where a language is shared", "fit"),
            **last_year(row),
            "*": chosen(row["reason"], "donor-terms"),
        },
    }
    return plain(offer)


def last_year(row: Row) -> Fields:
    """Returns the provenance of what follows from the donor's grants of 2014, where the offer carries any."""
    if not ongoing(row):
        return {}
    size = f"the lower quartile of its grants of 2014, at most {row['min_per_state']} by its size"
    note = "grants of 2014, each with its source in donor_recipient.csv; cut by assumption ongoing"
    return {
        "ongoing": told("Landmine Monitor 2015, profiles of donors and States", "estimate", "2014", note),
        "min_per_state": chosen(size, "donor-terms"),
    }


def fit(row: Row) -> dict[str, Decimal]:
    """Returns fit with States: 1 for a relationship of 2014, 0.8 for a shared language."""
    related = {each["recipient"] for each in table("donor_recipient") if each["donor"] == row["provider"]}
    tongues = set(names(row["languages"]))
    found: dict[str, Decimal] = {}
    for iso3 in names(row["states"]):
        if iso3 in related:
            found[iso3] = Decimal(1)
        elif tongues & set(names(STATES[iso3]["working_languages"])):
            found[iso3] = Decimal("0.8")
    return found


DEFAULTS: Fields = {
    "carry_over": 0,
    "match": 0,
    "ownership_floor": 0,
    "fit": {},
    "firmness": 1,
    "min_years": 1,
    "ongoing": [],
}


def plain(offer: Fields) -> Fields:
    """Returns the fields that say something: neither absent nor at the format's default."""
    return {key: value for key, value in offer.items() if value is not None and DEFAULTS.get(key) != value}


def privates() -> dict[str, Fields]:
    """Returns the funding offers of companies and foundations."""
    found: dict[str, Fields] = {}
    for row in table("private"):
        operator = OPERATORS[row["provider"]]
        paid = [{"state": row["states"], "amount": int(row["amount_2014"])}] if row["amount_2014"] else []
        whence = {"ongoing": chosen("what it paid in 2014", "private-money")} if paid else {}
        offer: Fields = {
            "kind": "funding",
            "name": row["name"],
            "provider": row["provider"],
            "amount": int(row["amount"]),
            "years": [int(row["first"]), int(row["last"])],
            "states": names(row["states"]),
            "capabilities": names(row["capabilities"]),
            "channels": names(row["channels"]),
            "min_per_state": int(row["min_per_state"]),
            "firmness": Decimal(row["firmness"]),
            "ongoing": paid,
            "provenance": {
                "amount": told(operator["source"], row["confidence"], "2015", row["reason"]),
                **whence,
                "*": chosen(row["reason"], "private-money"),
            },
        }
        found[row["offer"]] = plain(offer)
    return found


def own_money() -> dict[str, Fields]:
    """Returns what affected States pay themselves."""
    found: dict[str, Fields] = {}
    for iso3, row in NATIONAL.items():
        if not row["own_money"]:
            continue
        rule = "self-funders" if row["money_confidence"] == "assumption" else "own-money"
        found[f"{iso3}-own-money"] = plain(
            {
                "kind": "funding",
                "name": f"{STATES[iso3]['name']}: national budget for mine action",
                "provider": iso3,
                "amount": int(row["own_money"]),
                "years": [2015, 2015] if iso3 == "MOZ" else None,
                "states": [iso3],
                "channels": ["own_programme", "operator", "company"],
                "carry_over": Decimal("0.2"),
                "firmness": Decimal("0.3" if iso3 == "COD" else "0.9"),
                "provenance": {
                    "amount": told(STATES[iso3]["source"], row["money_confidence"], "2014", row["reason"]),
                    "*": chosen(row["reason"], rule),
                },
            }
        )
    return found


# --- Technical offers -------------------------------------------------------------------------


def own_work() -> dict[str, Fields]:
    """Returns what affected States can do with their own teams."""
    found: dict[str, Fields] = {}
    for iso3, row in NATIONAL.items():
        for capability in ("clearance", "survey"):
            teams = int(row[f"own_{capability}_teams"])
            if teams:
                classes = COST[DEMAND[iso3]["cost_class"]]
                price = per_hectare(classes[f"{capability}_price"], OWN_PRICE)
                found[f"{iso3}-own-{capability}"] = {
                    "kind": "technical",
                    "name": f"{STATES[iso3]['name']}: own {capability} teams",
                    "provider": iso3,
                    "capability": capability,
                    "capacity": teams * int(classes[f"{capability}_team_ha"]) * HECTARE,
                    "price": price,
                    "states": [iso3],
                    "firmness": Decimal("0.9"),
                    "provenance": {
                        "capacity": chosen(f"{teams} teams. {row['reason']}", "capacities"),
                        "price": chosen("class price without expatriate staff", "prices"),
                        "*": told(STATES[iso3]["source"], "recall", "2015"),
                    },
                }
    return found


def per_hectare(price: str, markup: Decimal) -> Decimal:
    """Returns a price per m2 that is whole dollars per hectare."""
    return (Decimal(price) * markup).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def deliveries() -> dict[str, Fields]:
    """Returns the technical offers of operators, agencies, companies and other States."""
    found: dict[str, Fields] = {}
    for row in table("delivering"):
        key = "-".join(part for part in (row["provider"], row["capability"], row["cost_class"]) if part)
        found[key] = delivery(row)
    return found


def delivery(row: Row) -> Fields:
    """Returns one technical offer."""
    capability, area = row["capability"], row["capability"] in ("clearance", "survey")
    team = int(COST[row["cost_class"]][f"{capability}_team_ha"]) * HECTARE if area else 1
    least = {"clearance": team // 2 // HECTARE * HECTARE, "survey": 10 * HECTARE, "capacity": 3, "training": 5}
    provenance = {
        "capacity": chosen(f"{row['teams']} {'teams' if area else 'units a year'}. {row['reason']}", "capacities"),
        "price": chosen(f"class price times {row['markup']}" if row["markup"] != "0" else "in kind", "prices"),
        "states": told("countries of work in operators.csv", "recall", "2015"),
        "*": chosen(row["reason"], "capacities"),
    }
    return plain(
        {
            "kind": "technical",
            "provider": row["provider"],
            "capability": capability,
            "capacity": int(row["teams"]) * team,
            "price": unit_price(row),
            "states": names(row["states"]),
            "max_states": int(row["max_states"]) if row["max_states"] else None,
            "min_per_state": least[capability],
            "min_years": int(row["min_years"]),
            "firmness": Decimal("0.9"),
            "provenance": provenance,
        }
    )


def unit_price(row: Row) -> Decimal:
    """Returns dollars per unit of a technical offer."""
    markup = Decimal(row["markup"])
    if row["capability"] in ("clearance", "survey"):
        return per_hectare(COST[row["cost_class"]][f"{row['capability']}_price"], markup)
    south = row["provider"] in NATIONAL and row["provider"] != "GBR"
    base = PLACE if row["capability"] == "training" else SOUTH_ADVISER if south else ADVISER
    return Decimal(nearest(base * markup, 1))
