"""Rules that tie entities together: each finds its faults and reports all of them.

Works on whatever entities could be read, so that a wrong type in one place does not hide a wrong
reference in another. A reference to an entity that stands in the file but could not be read is
not reported again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from matcher.errors import Fault, Names, Path, nearest
from matcher.scenario.decisions import Cap, Commitment, Decisions, Forbid, Goal, Objectives, Pin, Weight
from matcher.scenario.entities import PUBLIC_KINDS, Entity, FundingOffer, Need, Precedence, TechnicalOffer
from matcher.scenario.objectives import OBJECTIVES, ObjectiveName
from matcher.units import exact_granule

if TYPE_CHECKING:
    from matcher.scenario.scenario import Scenario

MOST_FAULTS = 1000
"""Contradictions after which checking stops: nobody mends more in one go, and each costs a search for its remedy."""
COLLECTIONS = ("rates", "capabilities", "states", "needs", "providers", "offers", "assumptions")
Offers = FundingOffer | TechnicalOffer


@dataclass(frozen=True)
class Parts:
    """What could be read of a scenario: entities by collection and id, and all ids declared."""

    entities: dict[str, dict[str, Any]]
    declared: dict[str, frozenset[str]]
    horizon: Any = None
    currency: Any = None
    decisions: Decisions = field(default_factory=Decisions)
    objectives: Objectives = field(default_factory=Objectives)
    earlier: bool = False
    """Whether an earlier portfolio is there, be it readable or not."""

    @classmethod
    def of(cls, scenario: Scenario) -> Parts:
        """Returns the parts of a scenario that could be read whole."""
        entities = {name: {each.id: each for each in getattr(scenario, name)} for name in COLLECTIONS}
        declared = {name: frozenset(found) for name, found in entities.items()}
        known = (scenario.horizon, scenario.currency, scenario.decisions, scenario.objectives)
        return cls(entities, declared, *known, bool(scenario.decisions.earlier))

    def get(self, collection: str, key: str | None) -> Any:
        """Returns the entity, or None if it was not readable or is not there."""
        return None if key is None else self.entities[collection].get(key)

    @cached_property
    def regions(self) -> Names:
        """Regions that some State is in."""
        return Names(state.region for state in self.entities["states"].values() if state.region)

    @cached_property
    def names(self) -> dict[str, Names]:
        """Ids declared, by collection."""
        return {name: Names(declared) for name, declared in self.declared.items()}

    @cached_property
    def names_of_kind(self) -> dict[str, Names]:
        """Ids of offers that could be read, by kind."""
        offers = self.entities["offers"].values()
        return {kind: Names(each.id for each in offers if each.kind == kind) for kind in ("funding", "technical")}

    def unknown(self, path: Path, collection: str, key: str | None) -> Iterator[Fault]:
        """Yields a fault if no such entity is declared."""
        if key is not None and key not in self.declared[collection]:
            yield unknown_name(path, key, _ONE_OF[collection], self.names[collection])


_ONE_OF = {
    "rates": "a currency with a rate",
    "capabilities": "a capability",
    "states": "a State",
    "needs": "a need",
    "providers": "a provider",
    "offers": "an offer",
}


def unknown_name(path: Path, key: str, what: str, known: Names) -> Fault:
    """Returns the fault of a name that does not exist."""
    return Fault(path, repr(key), f"{what} of this scenario ({known.few or 'it has none'})", known.nearest(key))


def consistency_faults(parts: Parts) -> list[Fault]:
    """Returns every contradiction between the entities, in the order of the document, up to `MOST_FAULTS`."""
    rules = (_provenance, _rates, _needs, _providers, _offers, _decisions, _objectives)
    found = (fault for rule in rules for fault in rule(parts))
    faults = list(islice(found, MOST_FAULTS))
    if next(found, None) is not None:
        faults.append(Fault((), f"more than {MOST_FAULTS} contradictions", "fewer: checking stopped here"))
    return faults


def _provenance(parts: Parts) -> Iterator[Fault]:
    """Provenance speaks of fields that the entity has."""
    for collection in COLLECTIONS:
        for entity in parts.entities[collection].values():
            yield from _provenance_of(entity, (collection, entity.id))


def _provenance_of(entity: Entity, path: Path) -> Iterator[Fault]:
    known = frozenset(type(entity).model_fields) - {"id", "provenance"}
    for key in entity.provenance:
        if key != "*" and key.split(".")[0] not in known:
            expected = "a field of this entity, or '*' for all others"
            yield Fault((*path, "provenance", key), repr(key), expected, nearest(key, known))


def _rates(parts: Parts) -> Iterator[Fault]:
    """A rate is of another currency, and is not zero."""
    for code, rate in parts.entities["rates"].items():
        if parts.currency is not None and code == parts.currency.code:
            yield Fault(("rates", code), repr(code), "a currency other than the scenario's own")
        if rate.rate == 0:
            yield Fault(("rates", code, "rate"), "0", "a rate above 0")


def _needs(parts: Parts) -> Iterator[Fault]:
    for key, need in parts.entities["needs"].items():
        path: Path = ("needs", key)
        yield from parts.unknown((*path, "state"), "states", need.state)
        yield from parts.unknown((*path, "capability"), "capabilities", need.capability)
        capability = parts.get("capabilities", need.capability)
        if capability is not None:
            yield from _whole((*path, "quantity"), need.quantity, capability.granule, capability.unit)
            yield from _whole((*path, "delivered"), need.delivered, capability.granule, capability.unit)
        if need.delivered > need.quantity:
            yield Fault((*path, "delivered"), str(need.delivered), f"at most the quantity, {need.quantity}")
        yield from _precedence(parts, need, path)


def _whole(path: Path, quantity: int, granule: int, unit: str) -> Iterator[Fault]:
    """Quantities that must be met exactly are whole granules."""
    if quantity % granule:
        down = quantity - quantity % granule
        near = str(down) if down and quantity - down <= granule - (quantity - down) else str(down + granule)
        yield Fault(path, str(quantity), f"a whole number of granules of {granule} {unit}", near)


def _precedence(parts: Parts, need: Need, path: Path) -> Iterator[Fault]:
    for at, first in enumerate(need.after):
        where = (*path, "after", at, "need")
        yield from parts.unknown(where, "needs", first.need)
        other = parts.get("needs", first.need)
        if first.need == need.id:
            yield Fault(where, repr(first.need), "another need than this one")
        elif other is not None and other.state != need.state:
            yield Fault(where, f"{first.need!r} of {other.state}", f"a need of the same State, {need.state}")
        else:
            yield from _begun(need, first, other, (*path, "delivered"))


def _begun(need: Need, first: Precedence, other: Need | None, where: Path) -> Iterator[Fault]:
    """What was delivered before the horizon is no more than what came first then allowed: no plan could mend that."""
    if other is None or not need.delivered:
        return
    allowed = Fraction(first.head_start) + Fraction(other.delivered, other.quantity)
    if Fraction(need.delivered, need.quantity) > allowed:
        most = int(allowed * need.quantity)
        expected = f"at most {most}, as far as {first.need!r} has been delivered, or a longer head start"
        yield Fault(where, str(need.delivered), expected)


def _providers(parts: Parts) -> Iterator[Fault]:
    for key, provider in parts.entities["providers"].items():
        yield from parts.unknown(("providers", key, "state"), "states", provider.state)
        if provider.state is not None and provider.kind not in ("donor_state", "affected_state"):
            expected = "no state: only a donor_state or affected_state can be a State"
            yield Fault(
                ("providers", key, "state"), f"{provider.state!r} on a provider of kind {provider.kind}", expected
            )


def _offers(parts: Parts) -> Iterator[Fault]:
    for key, offer in parts.entities["offers"].items():
        path: Path = ("offers", key)
        yield from parts.unknown((*path, "provider"), "providers", offer.provider)
        yield from _reach(parts, offer, path)
        if offer.currency is not None and parts.currency is not None and offer.currency != parts.currency.code:
            yield from parts.unknown((*path, "currency"), "rates", offer.currency)
        if isinstance(offer, FundingOffer):
            yield from _funding(parts, offer, path)
        else:
            yield from _technical(parts, offer, path)


def _reach(parts: Parts, offer: Offers, path: Path) -> Iterator[Fault]:
    """States, regions and fits that an offer names exist."""
    for at, state in enumerate(offer.states or ()):
        yield from parts.unknown((*path, "states", at), "states", state)
    for state in offer.fit:
        yield from parts.unknown((*path, "fit", state), "states", state)
    yield from _ongoing(parts, offer, path)
    complete = len(parts.declared["states"]) == len(parts.entities["states"])
    for at, region in enumerate(offer.regions or ()):
        if complete and region not in parts.regions.known:
            yield unknown_name((*path, "regions", at), region, "a region", parts.regions)


def _ongoing(parts: Parts, offer: Offers, path: Path) -> Iterator[Fault]:
    """Ongoing links are with known States, each once, and began before the horizon."""
    seen: set[str] = set()
    for at, each in enumerate(offer.ongoing):
        where: Path = (*path, "ongoing", at)
        yield from parts.unknown((*where, "state"), "states", each.state)
        if each.state in seen:
            yield Fault((*where, "state"), f"{each.state!r} again", "each State once")
        seen.add(each.state)
        if each.since is not None and parts.horizon is not None and each.since >= parts.horizon.first:
            yield Fault((*where, "since"), str(each.since), f"a year before the horizon, {parts.horizon.first}")


def _funding(parts: Parts, offer: FundingOffer, path: Path) -> Iterator[Fault]:
    for at, capability in enumerate(offer.capabilities or ()):
        yield from parts.unknown((*path, "capabilities", at), "capabilities", capability)
    if offer.repayment is None:
        return
    where = (*path, "repayment", "offer")
    yield from parts.unknown(where, "offers", offer.repayment.offer)
    payer = parts.get("offers", offer.repayment.offer)
    if payer is None:
        return
    if not isinstance(payer, FundingOffer) or payer.repayment is not None or payer.id == offer.id:
        yield Fault(where, repr(payer.id), "a funding offer that is not itself pre-financing")
        return
    provider = parts.get("providers", payer.provider)
    if provider is not None and provider.kind not in PUBLIC_KINDS:
        yield Fault(where, f"{payer.id!r} of a provider of kind {provider.kind}", "a public funding offer")


def _technical(parts: Parts, offer: TechnicalOffer, path: Path) -> Iterator[Fault]:
    yield from parts.unknown((*path, "capability"), "capabilities", offer.capability)
    capability = parts.get("capabilities", offer.capability)
    own = parts.currency is not None and offer.currency in (None, parts.currency.code)
    if capability is None or not own:
        return
    if (Fraction(offer.price) * capability.granule).denominator != 1:
        exact = exact_granule(offer.price, capability.granule)
        expected = (
            f"a price that is whole minor units per granule of {capability.granule} {capability.unit}"
            f" (a granule of {exact} would make it exact)"
        )
        yield Fault((*path, "price"), str(offer.price), expected)


def _decisions(parts: Parts) -> Iterator[Fault]:
    for at, commitment in enumerate(parts.decisions.commitments):
        yield from _commitment(parts, commitment, ("decisions", "commitments", at))
    for at, pin in enumerate(parts.decisions.pins):
        yield from _pin(parts, pin, ("decisions", "pins", at))
    for at, forbid in enumerate(parts.decisions.forbids):
        yield from _forbid(parts, forbid, ("decisions", "forbids", at))
    for at, cap in enumerate(parts.decisions.caps):
        yield from _cap(parts, cap, ("decisions", "caps", at))
    yield from _earlier(parts)


def _earlier(parts: Parts) -> Iterator[Fault]:
    """Known offers and States, each pair once, work in whole granules."""
    pairs: set[tuple[str, str]] = set()
    for at, earlier in enumerate(parts.decisions.earlier):
        path: Path = ("decisions", "earlier", at)
        yield from parts.unknown((*path, "offer"), "offers", earlier.offer)
        yield from parts.unknown((*path, "state"), "states", earlier.state)
        if (earlier.offer, earlier.state) in pairs:
            yield Fault(path, f"{earlier.offer!r} in {earlier.state!r} again", "each offer in each State once")
        pairs.add((earlier.offer, earlier.state))
        offer = parts.get("offers", earlier.offer)
        capability = parts.get("capabilities", offer.capability) if isinstance(offer, TechnicalOffer) else None
        if capability is not None:
            given = earlier.amounts.plain()
            for amount in sorted(set(given.values())) if isinstance(given, dict) else [given]:
                yield from _whole((*path, "amounts"), amount, capability.granule, capability.unit)


def _commitment(parts: Parts, commitment: Commitment, path: Path) -> Iterator[Fault]:
    yield from _offer_of_kind(parts, (*path, "financier"), commitment.financier, FundingOffer)
    yield from _offer_of_kind(parts, (*path, "implementer"), commitment.implementer, TechnicalOffer)
    yield from parts.unknown((*path, "need"), "needs", commitment.need)
    if parts.horizon is not None and commitment.year not in parts.horizon:
        expected = f"a year from {parts.horizon.first} to {parts.horizon.last}"
        yield Fault((*path, "year"), str(commitment.year), expected)
    need = parts.get("needs", commitment.need)
    capability = parts.get("capabilities", need.capability) if need is not None else None
    if capability is not None:
        yield from _whole((*path, "quantity"), commitment.quantity, capability.granule, capability.unit)


def _offer_of_kind(parts: Parts, path: Path, key: str | None, wanted: type[Offers]) -> Iterator[Fault]:
    yield from parts.unknown(path, "offers", key)
    offer = parts.get("offers", key)
    if offer is not None and not isinstance(offer, wanted):
        kind = "funding" if wanted is FundingOffer else "technical"
        near = parts.names_of_kind[kind].nearest(key)
        yield Fault(path, f"{key!r}, a {offer.kind} offer", f"a {kind} offer", near)


def _pin(parts: Parts, pin: Pin, path: Path) -> Iterator[Fault]:
    yield from parts.unknown((*path, "offer"), "offers", pin.offer)
    yield from parts.unknown((*path, "state"), "states", pin.state)
    horizon = parts.horizon
    if pin.years and horizon and (pin.years.first not in horizon or pin.years.last not in horizon):
        found = f"{pin.years.first} to {pin.years.last}"
        yield Fault((*path, "years"), found, f"years from {horizon.first} to {horizon.last}")


def _forbid(parts: Parts, forbid: Forbid, path: Path) -> Iterator[Fault]:
    for name, collection in (
        ("provider", "providers"),
        ("offer", "offers"),
        ("partner", "offers"),
        ("state", "states"),
        ("need", "needs"),
    ):
        yield from parts.unknown((*path, name), collection, getattr(forbid, name))
    if not forbid.model_dump(exclude_none=True):
        yield Fault(path, "no field", "at least one field: an empty forbid would forbid everything")
    if forbid.partner is not None and forbid.offer is None:
        yield Fault((*path, "partner"), repr(forbid.partner), "an 'offer' beside 'partner': they name a pair")
    elif forbid.partner is not None and forbid.partner == forbid.offer:
        yield Fault((*path, "partner"), repr(forbid.partner), "another offer than 'offer'")


def _cap(parts: Parts, cap: Cap, path: Path) -> Iterator[Fault]:
    yield from _offer_of_kind(parts, (*path, "offer"), cap.offer, FundingOffer)
    yield from parts.unknown((*path, "provider"), "providers", cap.provider)
    yield from parts.unknown((*path, "state"), "states", cap.state)
    for pair in (("offer", "provider"), ("money", "share")):
        given = [name for name in pair if getattr(cap, name) is not None]
        if len(given) != 1:
            yield Fault(path, " and ".join(given) or "neither", f"exactly one of '{pair[0]}' and '{pair[1]}'")


def _objectives(parts: Parts) -> Iterator[Fault]:
    """An order or weights, never both; each objective once, or again once it gave something up."""
    objectives = parts.objectives
    if objectives.order is not None and objectives.weights is not None:
        yield Fault(("objectives",), "'order' and 'weights'", "one of them")
    if objectives.order is not None:
        yield from _order(parts, objectives.order)
    if objectives.weights is not None:
        yield from _weights(parts, objectives.weights)


def _order(parts: Parts, order: tuple[Goal, ...]) -> Iterator[Fault]:
    if not order:
        yield Fault(("objectives", "order"), "nothing", "at least one objective")
    settled: set[str] = set()
    for at, goal in enumerate(order):
        path: Path = ("objectives", "order", at)
        yield from _goal(goal, path)
        if goal.name in settled:
            yield Fault(path, repr(goal.name), "each objective once")
        settled |= set() if goal.tolerance or goal.tolerance_amount else {goal.name}
        yield from _measurable(parts, [part.objective for part in goal.parts], path)


def _goal(goal: Goal, path: Path) -> Iterator[Fault]:
    """An entry is one objective or one blend of objectives of the same sense, with one tolerance."""
    given = [name for name in ("objective", "blend") if getattr(goal, name) is not None]
    if len(given) != 1:
        yield Fault(path, " and ".join(given) or "neither", "exactly one of 'objective' and 'blend'")
    named = [part.objective for part in goal.blend or ()]
    if goal.blend is not None and len(named) < 2:
        yield Fault((*path, "blend"), f"{len(named)} objectives", "at least two, or 'objective'")
    if len({OBJECTIVES[name].maximise for name in named}) > 1:
        yield Fault((*path, "blend"), " and ".join(named), "objectives that are all to be large, or all small")
    for at, name in enumerate(named):
        if name in named[:at]:
            yield Fault((*path, "blend", at), repr(name), "each objective once")
    if goal.tolerance and goal.tolerance_amount is not None:
        yield Fault(path, "'tolerance' and 'tolerance_amount'", "one of them")


def _weights(parts: Parts, weights: tuple[Weight, ...]) -> Iterator[Fault]:
    if not weights:
        yield Fault(("objectives", "weights"), "nothing", "at least one objective")
    named = [each.objective for each in weights]
    for at, name in enumerate(named):
        path: Path = ("objectives", "weights", at)
        if name in named[:at]:
            yield Fault(path, repr(name), "each objective once")
        yield from _measurable(parts, [name], path)


def _measurable(parts: Parts, named: list[ObjectiveName], path: Path) -> Iterator[Fault]:
    """Disruption is measured from an earlier portfolio."""
    if "disruption" in named and not parts.earlier:
        yield Fault(path, "'disruption'", "an earlier portfolio in 'decisions.earlier' to measure it from")
