"""Whole scenarios drawn at random, from Hypothesis or from a seed: the same draws, two sources."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from matcher.scenario import Scenario

T = TypeVar("T")


class Source(Protocol):
    """Where draws come from."""

    def integer(self, low: int, high: int) -> int: ...

    def choice(self, values: list[Any]) -> Any: ...


class Seeded:
    """Draws from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def integer(self, low: int, high: int) -> int:
        """Returns a whole number between the two."""
        return self._random.randint(low, high)

    def choice(self, values: list[Any]) -> Any:
        """Returns one of the values."""
        return self._random.choice(values)


class Drawn:
    """Draws by Hypothesis, which can shrink them."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        """Returns a whole number between the two."""
        return int(self._draw(st.integers(low, high)))

    def choice(self, values: list[Any]) -> Any:
        """Returns one of the values."""
        return self._draw(st.sampled_from(values))


PROVIDERS = [
    ("donor", "donor_state"),
    ("agency", "un_agency"),
    ("charity", "foundation"),
    ("firm", "company"),
    ("ngo", "operator"),
    ("peer", "affected_state"),
]
SHARES = [Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal(1)]


def draw_document(source: Source, *, states: int = 2, years: int = 3, most: int = 4, decisions: bool = True) -> dict[str, Any]:
    """Returns the document of a random scenario.

    Parameters
    ----------
    states, years
        Most States, and length of the horizon.
    most
        Most granules of one need: 3 or 4 can be enumerated, large ones test whole units.
    decisions
        Whether commitments, pins, forbids and caps are drawn too.
    """
    count = source.integer(1, states)
    names = [f"S{at}" for at in range(count)]
    document: dict[str, Any] = {
        "name": "random",
        "horizon": [2015, 2014 + years],
        "currency": {"code": "USD"},
        "capabilities": {
            "clearance": {"name": "Clearance", "unit": "m2", "granule": source.choice([1, 1, 10])},
            "advice": {"name": "Advice", "unit": "expert-month", "reference_price": 3},
        },
        "states": {name: _state(source, years) | ({"region": "north"} if name == "S0" else {}) for name in names},
        "providers": {key: {"name": key, "kind": kind} for key, kind in PROVIDERS},
        "needs": {},
        "offers": {},
    }
    for name in names:
        document["providers"][f"own{name}"] = {"name": name, "kind": "affected_state", "state": name}
    _needs(source, document, names, years, most)
    _offers(source, document, names, years, most)
    if source.integer(0, 3) == 0:
        document["objectives"] = {"discount": source.choice([Decimal("0.5"), Decimal("0.9")])}
    if decisions:
        document["decisions"] = _decisions(source, document, names)
    return document


def _state(source: Source, years: int) -> dict[str, Any]:
    state: dict[str, Any] = {
        "name": "A State",
        "region": source.choice(["north", "south"]),
        "deadline": 2014 + source.integer(1, years + 1),
        "weight": source.choice([1, 1, 2]),
    }
    if source.integer(0, 3) == 0:
        state["absorption"] = source.choice([2, 5, 9])
    if source.integer(0, 2) == 0:
        state["max_partners"] = source.integer(1, 2)
    if source.integer(0, 1):
        parts = ("high_level_interest", "empowered_entities", "measures_articulated", "challenges_planned", "financial_commitment")
        state["ownership"] = {part: source.choice(SHARES) for part in parts}
    return state


def _needs(source: Source, document: dict[str, Any], names: list[str], years: int, most: int) -> None:
    for name in names:
        for at in range(source.integer(1, 2)):
            capability = source.choice(["clearance", "advice"])
            granule = document["capabilities"][capability].get("granule", 1)
            need: dict[str, Any] = {
                "state": name,
                "capability": capability,
                "quantity": granule * source.integer(1, most),
                "completes": bool(source.integer(0, 2)),
                "weight": source.choice([1, 1, 3]),
            }
            if source.integer(0, 3) == 0:
                need["max_per_year"] = granule * source.integer(1, most)
            if source.integer(0, 3) == 0:
                need["indivisible"] = True
            if source.integer(0, 3) == 0:
                first = source.integer(0, years - 1)
                need["years"] = [2015 + first, 2015 + source.integer(first, years - 1)]
            if at and source.integer(0, 1):
                need["after"] = [
                    {"need": f"{name}-n0", "lag": source.integer(0, 1), "head_start": source.choice(SHARES[:3])}
                ]
            document["needs"][f"{name}-n{at}"] = need


def _offers(source: Source, document: dict[str, Any], names: list[str], years: int, most: int) -> None:
    payers = [key for key, _ in PROVIDERS] + [f"own{name}" for name in names]
    for at in range(source.integer(2, 3)):
        document["offers"][f"f{at}"] = _funding(source, payers, names, years, most)
    for at in range(source.integer(2, 4)):
        document["offers"][f"t{at}"] = _technical(source, document, payers, names, years, most)
    if source.integer(0, 4) == 0 and document["providers"][document["offers"]["f0"]["provider"]]["kind"] in (
        "donor_state",
        "un_agency",
        "affected_state",
    ):
        advance = _funding(source, ["charity", "firm"], names, years, most)
        advance["repayment"] = {"offer": "f0", "after": 1, "premium": source.choice([Decimal(0), Decimal("0.1")])}
        document["offers"]["f9"] = advance


def _offer(source: Source, providers: list[str], names: list[str], years: int) -> dict[str, Any]:
    offer: dict[str, Any] = {"provider": source.choice(providers)}
    if source.integer(0, 3) == 0:
        offer["states"] = [source.choice(names)]
    if source.integer(0, 7) == 0:
        offer["regions"] = ["north"]
    if source.integer(0, 2) == 0:
        first = source.integer(0, years - 1)
        offer["years"] = [2015 + first, 2015 + source.integer(first, years - 1)]
    if source.integer(0, 3) == 0:
        offer["max_states"] = 1
    if source.integer(0, 2) == 0:
        offer["min_years"] = source.integer(2, 3)
    if source.integer(0, 7) == 0:
        offer["ownership_floor"] = Decimal("0.5")
    if source.integer(0, 1):
        offer["fit"] = {name: source.choice(SHARES) for name in names}
    offer["firmness"] = source.choice([Decimal(1), Decimal("0.5")])
    return offer


def _funding(source: Source, payers: list[str], names: list[str], years: int, most: int) -> dict[str, Any]:
    offer = _offer(source, payers, names, years) | {"kind": "funding", "amount": source.integer(1, 3 * most)}
    if source.integer(0, 2) == 0:
        offer["carry_over"] = source.choice(SHARES[1:])
    if source.integer(0, 3) == 0:
        offer["min_per_state"] = source.integer(1, 2 * most)
    if source.integer(0, 4) == 0:
        offer["match"] = source.choice([Decimal("0.5"), Decimal(1), Decimal(2)])
    if source.integer(0, 4) == 0:
        offer["channels"] = source.choice([["own_programme"], ["operator", "un_agency"], ["affected_state", "operator"]])
    return offer


def _technical(
    source: Source, document: dict[str, Any], payers: list[str], names: list[str], years: int, most: int
) -> dict[str, Any]:
    capability = source.choice(["clearance", "clearance", "advice"])
    granule = document["capabilities"][capability].get("granule", 1)
    price = Decimal(source.choice([0, 1, 1, 2])) / granule
    offer = _offer(source, payers, names, years) | {
        "kind": "technical",
        "capability": capability,
        "capacity": granule * source.integer(1, most),
        "price": price,
    }
    if source.integer(0, 3) == 0:
        offer["min_per_state"] = granule
    return offer


def _decisions(source: Source, document: dict[str, Any], names: list[str]) -> dict[str, Any]:
    decisions: dict[str, Any] = {}
    offers = sorted(document["offers"])
    if source.integer(0, 9) == 0:
        decisions["pins"] = [{"offer": source.choice(offers), "state": source.choice(names)}]
    if source.integer(0, 5) == 0:
        decisions["forbids"] = [
            {"offer": source.choice(offers), "state": source.choice(names), "years": [2015, 2014 + source.integer(1, 3)]}
        ]
    if source.integer(0, 5) == 0:
        cap = {"offer": "f0", "state": source.choice(names), "per": source.choice(["year", "horizon"])}
        limit = source.choice([{"money": source.integer(0, 6)}, {"share": source.choice(SHARES)}])
        decisions["caps"] = [cap | limit]
    return decisions


def draw_scenario(source: Source, **sizes: Any) -> Scenario:
    """Returns a random scenario (see `draw_document`)."""
    return Scenario.from_data(draw_document(source, **sizes))


@st.composite
def scenarios(draw: Any, **sizes: Any) -> Scenario:
    """Draws scenarios that Hypothesis can shrink."""
    return draw_scenario(Drawn(draw), **sizes)
