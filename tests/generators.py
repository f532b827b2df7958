"""Whole scenarios drawn at random, from Hypothesis or from a seed: the same draws, two sources."""

from __future__ import annotations

from copy import deepcopy
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
    ("league", "regional_organisation"),
    ("charity", "foundation"),
    ("firm", "company"),
    ("ngo", "operator"),
    ("peer", "affected_state"),
]
OBJECTIVES = ("completions", "coverage", "worst_off", "fit", "firmness", "engagements", "cost")
DENSITIES = [Decimal(0), Decimal("0.3"), Decimal(1), Decimal(1)]
SHARES = [Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal(1)]


def draw_document(
    source: Source, *, states: int = 2, years: int = 3, most: int = 4, decisions: bool = True
) -> dict[str, Any]:
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
        "rates": {"EUR": {"rate": Decimal("1.15")}},
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
    document["objectives"] = {"order": _order(source)}
    if source.integer(0, 3) == 0:
        document["objectives"]["discount"] = source.choice([Decimal("0.5"), Decimal("0.9")])
    if decisions:
        document["decisions"] = _decisions(source, document, names)
    return document


def _order(source: Source) -> list[dict[str, Any]]:
    """Draws one to five objectives, each to be met to the last."""
    left = list(OBJECTIVES)
    order = []
    for _ in range(source.integer(1, 5)):
        name = source.choice(left)
        left.remove(name)
        order.append({"objective": name, "give_up": Decimal(0)})
    return order


def _yearly(source: Source, low: int, high: int, years: int) -> int | dict[int, int]:
    """Draws one amount for all years, or now and then one for each of some years."""
    if source.integer(0, 3):
        return source.integer(low, high)
    return {2015 + year: source.integer(low, high) for year in range(source.integer(1, years))}


def _state(source: Source, years: int) -> dict[str, Any]:
    state: dict[str, Any] = {
        "name": "A State",
        "region": source.choice(["north", "south"]),
        "deadline": 2014 + source.integer(1, years + 1),
        "weight": source.choice([1, 1, 2]),
    }
    if source.integer(0, 3) == 0:
        state["absorption"] = source.choice([2, 5, 9, {2015: 1, 2016: 4}])
    if source.integer(0, 2) == 0:
        state["max_partners"] = source.integer(1, 2)
    if source.integer(0, 1):
        parts = (
            "high_level_interest",
            "empowered_entities",
            "measures_articulated",
            "challenges_planned",
            "financial_commitment",
        )
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
    if source.integer(0, 3) == 0:
        document["offers"]["f0"]["capabilities"] = [source.choice(["clearance", "advice"])]
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
    offer = _offer(source, payers, names, years) | {
        "kind": "funding",
        "amount": _yearly(source, 1, 3 * most, years),
    }
    if source.integer(0, 2) == 0:
        offer["carry_over"] = source.choice(SHARES[1:])
    if source.integer(0, 3) == 0:
        offer["min_per_state"] = source.integer(1, 2 * most)
    if source.integer(0, 5) == 0:
        offer["currency"] = "EUR"
    if source.integer(0, 4) == 0:
        offer["match"] = source.choice([Decimal("0.5"), Decimal(1), Decimal(2)])
    if source.integer(0, 4) == 0:
        offer["channels"] = source.choice(
            [["own_programme"], ["operator", "un_agency"], ["affected_state", "operator"]]
        )
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
        "capacity": _yearly(source, granule, granule * most, years),
        "price": price,
    }
    if source.integer(0, 5) == 0:
        offer["currency"] = "EUR"
    if source.integer(0, 3) == 0:
        offer["min_per_state"] = granule
    return offer


def _decisions(source: Source, document: dict[str, Any], names: list[str]) -> dict[str, Any]:
    decisions: dict[str, Any] = {}
    offers = sorted(document["offers"])
    if source.integer(0, 7) == 0:
        pin = {"offer": source.choice(offers), "state": source.choice(names)}
        decisions["pins"] = [pin | (_span(source, document) if source.integer(0, 1) else {})]
    if source.integer(0, 3) == 0:
        decisions["forbids"] = [_forbid(source, document, names)]
    if source.integer(0, 5) == 0:
        who = source.choice([{"offer": "f0"}, {"provider": document["offers"]["f1"]["provider"]}])
        cap = who | {"state": source.choice(names), "per": source.choice(["year", "horizon"])}
        limit = source.choice([{"money": source.integer(0, 6)}, {"share": source.choice(SHARES)}])
        decisions["caps"] = [cap | limit]
    if source.integer(0, 5) == 0:
        decisions["commitments"] = _commitments(source, document)
    return decisions


def _span(source: Source, document: dict[str, Any]) -> dict[str, Any]:
    """Draws a run of years inside the horizon."""
    first, last = document["horizon"]
    start = source.integer(first, last)
    return {"years": [start, source.integer(start, last)]}


def _forbid(source: Source, document: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Draws one of the ways in which options can be forbidden."""
    offer = source.choice(sorted(document["offers"]))
    forbid = source.choice(
        [
            {"offer": offer, "state": source.choice(names)},
            {"kind": source.choice(["operator", "public-private", "bilateral", "multilateral"])},
            {"provider": document["offers"][offer]["provider"]},
            {"offer": "f0", "partner": "t0"},
            {"need": source.choice(sorted(document["needs"]))},
        ]
    )
    return forbid | (_span(source, document) if source.integer(0, 1) else {})


def _commitments(source: Source, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Draws a commitment for one need, eligible or not, if any offer brings what it seeks."""
    key = source.choice(sorted(document["needs"]))
    capability = document["needs"][key]["capability"]
    able = sorted(each for each, offer in document["offers"].items() if offer.get("capability") == capability)
    if not able:
        return []
    worker = source.choice(able)
    payer = "f0" if document["offers"][worker]["price"] else None
    granule = document["capabilities"][capability].get("granule", 1)
    year = source.integer(*document["horizon"])
    return [{"financier": payer, "implementer": worker, "need": key, "year": year, "quantity": granule}]


def draw_tasks(source: Source, most: int = 2) -> dict[str, Any]:
    """Returns the document of a random scenario with some needs in several tasks, mostly like ones."""
    document = draw_document(source, most=4)
    for key, need in sorted(document["needs"].items()):
        granule = document["capabilities"][need["capability"]].get("granule", 1)
        density = source.choice(DENSITIES)
        need["weight"] = density * need["quantity"]
        if source.integer(0, 2):
            need = {name: value for name, value in need.items() if name not in ("max_per_year", "indivisible")}
        document["needs"][key] = need
        for at in range(source.integer(0, most)):
            task = deepcopy(need) | {"quantity": granule * source.integer(1, 4)}
            if source.integer(0, 4) == 0:
                density = source.choice(DENSITIES)
            task["weight"] = density * task["quantity"]
            document["needs"][f"{key}-{at}"] = task
    return document


def draw_scenario(source: Source, **sizes: Any) -> Scenario:
    """Returns a random scenario (see `draw_document`)."""
    return Scenario.from_data(draw_document(source, **sizes))


@st.composite
def scenarios(draw: Any, **sizes: Any) -> Scenario:
    """Draws scenarios that Hypothesis can shrink."""
    return draw_scenario(Drawn(draw), **sizes)


def shuffled(value: Any, chance: Random) -> Any:
    """Returns a document with the keys of its mappings in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(each, chance) for each in value] if isinstance(value, list) else value
