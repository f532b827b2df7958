"""One small scenario with every kind of rule that prices know, for reckoning by hand."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

from matcher.scenario import Scenario
from matcher.verification.documents import completed, plain

SMALL: dict[str, Any] = {
    "name": "small",
    "horizon": [2020, 2022],
    "currency": {"code": "USD"},
    "rates": {"EUR": {"rate": Decimal("1.5")}},
    "capabilities": {
        "clearance": {"name": "Clearance", "unit": "m2", "granule": 10},
        "advice": {"name": "Advice", "unit": "month", "granule": 2, "reference_price": Decimal("7.5")},
    },
    "states": {
        "S": {"name": "S", "deadline": 2021, "weight": 2, "absorption": {2020: 500, 2021: 300}, "max_partners": 2},
        "Z": {"name": "Z", "deadline": 2022, "region": "north"},
    },
    "needs": {
        "N": {"state": "S", "capability": "clearance", "quantity": 100, "weight": 3, "completes": True},
        "M": {
            "state": "S",
            "capability": "clearance",
            "quantity": 60,
            "max_per_year": 40,
            "after": [{"need": "N", "lag": 1, "head_start": Decimal("0.25")}],
        },
        "K": {"state": "Z", "capability": "advice", "quantity": 8, "weight": 0, "indivisible": True},
    },
    "providers": {
        "donor": {"name": "Donor", "kind": "donor_state"},
        "bank": {"name": "Bank", "kind": "regional_organisation"},
        "fund": {"name": "Fund", "kind": "foundation"},
        "ngo": {"name": "NGO", "kind": "operator"},
        "home": {"name": "S itself", "kind": "affected_state", "state": "S"},
    },
    "offers": {
        "grant": {
            "kind": "funding",
            "provider": "donor",
            "amount": 1000,
            "carry_over": Decimal("0.5"),
            "max_states": 1,
            "min_years": 2,
            "min_per_state": 100,
            "firmness": Decimal("0.5"),
            "fit": {"S": Decimal("0.75")},
            "fit_otherwise": Decimal("0.25"),
        },
        "loan": {
            "kind": "funding",
            "provider": "bank",
            "amount": 200,
            "currency": "EUR",
            "repayment": {"offer": "grant", "after": 1, "premium": Decimal("0.1")},
            "states": ["S"],
        },
        "gift": {"kind": "funding", "provider": "fund", "amount": 90, "match": Decimal("0.5"), "states": ["S"]},
        "budget": {"kind": "funding", "provider": "home", "amount": 70, "states": ["S"]},
        "team": {
            "kind": "technical",
            "provider": "ngo",
            "capability": "clearance",
            "capacity": 85,
            "price": 2,
            "min_per_state": 15,
            "years": [2020, 2021],
            "states": ["S"],
        },
        "free": {"kind": "technical", "provider": "ngo", "capability": "advice", "capacity": 7, "states": ["Z"]},
    },
    "objectives": {"order": [{"objective": "cost"}], "discount": Decimal("0.5")},
}
"""Clearance at 20 a granule of 10 m2, advice in kind in granules of 2 months."""


def document(**changes: dict[str, Any]) -> dict[str, Any]:
    """Returns the small scenario completed, with fields of its parts changed."""
    copy = deepcopy(SMALL)
    for part, each in changes.items():
        for key, value in each.items():
            copy[part][key] = copy[part].get(key, {}) | value if isinstance(value, dict) else value
    return completed(plain(Scenario.from_data(copy)))
