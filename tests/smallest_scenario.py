"""The smallest scenario with a need, its money and its work, for the tests of one rule at a time."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from matcher.scenario import Scenario

DOCUMENT: dict[str, Any] = {
    "name": "small",
    "horizon": [2015, 2016],
    "currency": {"code": "USD"},
    "capabilities": {"clearance": {"name": "Clearance", "unit": "m2"}},
    "states": {"A": {"name": "Arland", "deadline": 2016}},
    "needs": {"n": {"state": "A", "capability": "clearance", "quantity": 10}},
    "providers": {
        "donor": {"name": "A donor", "kind": "donor_state"},
        "ngo": {"name": "An operator", "kind": "operator"},
        "firm": {"name": "A company", "kind": "company"},
        "gov": {"name": "Arland", "kind": "affected_state", "state": "A"},
    },
    "offers": {
        "f": {"kind": "funding", "provider": "donor", "amount": 1000},
        "t": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 5, "price": 72},
    },
}
"""A donor's 1,000 a year, an operator's 5 m2 a year at 72, and 10 m2 to clear in two years."""

Changes = dict[str, Any]


def small_document(changes: Changes | None = None) -> dict[str, Any]:
    """Returns the document with changes by dotted path; a value of None drops the field."""
    document = deepcopy(DOCUMENT)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        here = document
        for part in parents:
            here = here.setdefault(part, {})
        if value is None:
            here.pop(last, None)
        else:
            here[last] = deepcopy(value)
    return document


def small_scenario(changes: Changes | None = None) -> Scenario:
    """Returns the scenario with changes by dotted path."""
    return Scenario.from_data(small_document(changes))
