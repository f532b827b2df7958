"""One small scenario with a hand-made portfolio and result, for the tests of what people read."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Figure, Result, SolveOptions, Stage, Timings, scenario_hash
from matcher.scenario import Scenario

SCENARIO: dict[str, Any] = {
    "name": "sample",
    "title": "Two States and their partners",
    "horizon": [2026, 2029],
    "currency": {"code": "USD", "decimals": 0},
    "capabilities": {
        "clearance": {"name": "Clearance", "unit": "m2", "granule": 10},
        "advice": {"name": "Advice", "unit": "month", "reference_price": 100},
    },
    "states": {
        "AAA": {"name": "Arland", "deadline": 2029},
        "BBB": {"name": "Belmark", "deadline": 2027, "region": "north"},
        "CCC": {"name": "Cornia", "deadline": 2028},
    },
    "needs": {
        "A1": {
            "state": "AAA",
            "capability": "clearance",
            "quantity": 90,
            "completes": True,
            "beneficiaries": {"women": 10, "men": 9, "girls": 7, "boys": 5},
        },
        "B1": {"state": "BBB", "capability": "clearance", "quantity": 200, "completes": True},
        "B2": {"state": "BBB", "capability": "advice", "quantity": 10},
    },
    "providers": {
        "nor": {"name": "Norland", "kind": "donor_state"},
        "fund": {"name": "Mine Fund", "kind": "foundation"},
        "union": {"name": "Union", "kind": "regional_organisation"},
        "ngo": {"name": "Clear Paths", "kind": "operator"},
        "gov": {"name": "Government of Arland", "kind": "affected_state", "state": "AAA"},
        "ecu": {"name": "Neighbour", "kind": "affected_state"},
    },
    "offers": {
        "nor-grant": {"kind": "funding", "provider": "nor", "amount": 1000},
        "union-grant": {"kind": "funding", "provider": "union", "amount": 1000},
        "fund-match": {"kind": "funding", "provider": "fund", "amount": 1000, "match": 1},
        "fund-loan": {
            "kind": "funding",
            "provider": "fund",
            "amount": 1000,
            "repayment": {"offer": "union-grant", "after": 1, "premium": 0.1},
        },
        "gov-budget": {"kind": "funding", "provider": "gov", "amount": 1000, "states": ["AAA"]},
        "ngo-clears": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 500, "price": 2},
        "gov-clears": {
            "kind": "technical",
            "provider": "gov",
            "capability": "clearance",
            "capacity": 500,
            "price": 1,
            "states": ["AAA"],
        },
        "ecu-advises": {"kind": "technical", "provider": "ecu", "capability": "advice", "capacity": 5},
    },
    "dialogue": {"meetings_per_year": 2},
}

Row = tuple[str | None, str, str, int, str, int, int]
FLOWS: tuple[Row, ...] = (
    ("nor-grant", "ngo-clears", "A1", 2026, "operator", 30, 60),
    ("nor-grant", "ngo-clears", "A1", 2027, "operator", 20, 40),
    ("nor-grant", "ngo-clears", "A1", 2029, "operator", 20, 40),
    ("fund-match", "ngo-clears", "A1", 2026, "public-private", 10, 20),
    ("gov-budget", "gov-clears", "A1", 2026, "national", 10, 10),
    ("fund-loan", "ngo-clears", "B1", 2026, "public-private", 20, 40),
    (None, "ecu-advises", "B2", 2026, "south-south", 5, 0),
)
ENGAGEMENTS = (
    ("nor-grant", "AAA", 2026, 2029),
    ("ngo-clears", "AAA", 2026, 2029),
    ("fund-match", "AAA", 2026, 2026),
    ("gov-budget", "AAA", 2026, 2026),
    ("gov-clears", "AAA", 2026, 2026),
    ("fund-loan", "BBB", 2026, 2026),
    ("ngo-clears", "BBB", 2026, 2026),
    ("ecu-advises", "BBB", 2026, 2026),
)


def sample_scenario(**changes: Any) -> Scenario:
    """Returns the sample scenario with top-level fields changed."""
    return Scenario.from_data({**deepcopy(SCENARIO), **changes})


def sample_portfolio(
    scenario: Scenario,
    flows: tuple[Row, ...] = FLOWS,
    engagements: tuple[tuple[str, str, int, int], ...] = ENGAGEMENTS,
) -> Portfolio:
    """Returns a portfolio of the rows given."""
    names = ("financier", "implementer", "need", "year", "kind", "quantity", "money")
    return Portfolio.model_validate(
        {
            "scenario": scenario.name,
            "scenario_hash": scenario_hash(scenario),
            "flows": [dict(zip(names, row, strict=True)) for row in flows],
            "engagements": [
                {"offer": offer, "state": state, "years": [first, last]} for offer, state, first, last in engagements
            ],
        }
    )


def sample_result(scenario: Scenario | None = None, **changes: Any) -> Result:
    """Returns a solved result of the sample scenario with fields changed."""
    scenario = scenario or sample_scenario()
    portfolio = changes["portfolio"] if "portfolio" in changes else sample_portfolio(scenario)
    fields: dict[str, Any] = {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "version": "0.1.0",
        "solver": "a solver 1.0",
        "options": SolveOptions(),
        "method": "whole",
        "status": "optimal",
        "stopped_by": "gap",
        "stages": (
            Stage(
                objective="completions",
                sense="max",
                value="1.000000",
                exact="1",
                bound="1.000000",
                gap=0.0,
                solved=True,
            ),
            Stage(
                objective="cost", sense="min", value="200.000000", exact="200", bound="200.000000", gap=0.0, solved=True
            ),
        ),
        "figures": (
            Figure(objective="completions", exact="1", value="1.000000"),
            Figure(objective="cost", exact="200", value="200.000000"),
        ),
        "portfolio": portfolio,
        "partnerships": () if portfolio is None else derive_partnerships(scenario, portfolio),
        "timings": Timings(total=1.5),
    }
    return Result(**{**fields, **changes})
