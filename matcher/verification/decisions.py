"""RULE 10: what the user has already decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from matcher.verification.documents import Document, clipped, length, run
from matcher.verification.eligibility import kind_of
from matcher.verification.facts import Facts, Flow, Setting, Sums, summed
from matcher.verification.report import Violation, at_least, at_most, violation

PLACES = ("need", "offer", "state")
"""Fields of a forbid by which its flows are found, the narrowest first."""


def commitments(facts: Facts) -> Iterator[Violation]:
    """10 Decisions. Flows that are already agreed are there: exactly these partners, need and year, or more.

    What is agreed several times adds up.
    """
    units = summed(
        ((flow.financier or "", flow.implementer, flow.need, flow.year), flow.quantity) for flow in facts.flows
    )
    agreed: dict[tuple[str, str, str, int], int] = {}
    for each in facts.scenario["decisions"]["commitments"]:
        key = (each["financier"] or "", each["implementer"], each["need"], each["year"])
        agreed[key] = agreed.get(key, 0) + each["quantity"]
    for key, quantity in agreed.items():
        who = tuple(filter(None, key[:3]))
        yield from at_least(10, who, key[3], units.get(key, 0), quantity, "units of a commitment")


def pins(facts: Facts) -> Iterator[Violation]:
    """10 Decisions. Pinned offers work in each year named, or in some year: they are engaged, and give enough."""
    for pin in facts.scenario["decisions"]["pins"]:
        offer, state = who = (pin["offer"], pin["state"])
        years = facts.years if pin["years"] is None else run(pin["years"])
        inside = clipped(years, facts.years)
        absent = [year for year in inside if not facts.works(offer, state, year)]
        missing = length(years) - len(inside) + len(absent)  # nobody is asked to work outside the horizon
        if missing and (pin["years"] is not None or missing == len(years)):
            first = years.start if years.start not in inside else (*absent, inside.stop)[0]
            idle = any(facts.is_engaged(offer, state, year) for year in absent)
            what = "pinned, but gives nothing, or too little" if idle else "not engaged as pinned"
            yield violation(10, who, first, 1 if pin["years"] is None else missing, what)
        elif not length(years):
            yield violation(10, who, years.start, 1, "pinned in no year")


def forbids(facts: Facts) -> Iterator[Violation]:
    """10 Decisions. No flow matches every field of what is forbidden."""
    flows_at = _flows_by_place(facts) if facts.scenario["decisions"]["forbids"] else {}
    for forbid in facts.scenario["decisions"]["forbids"]:
        place = next((name for name in PLACES if forbid[name] is not None), None)
        for flow in facts.flows if place is None else flows_at.get((place, forbid[place]), ()):
            if is_forbidden(facts, flow, forbid):
                yield violation(10, flow.who, flow.year, flow.quantity, "this option is forbidden")


def _flows_by_place(facts: Facts) -> dict[tuple[str, str], list[Flow]]:
    """Flows by need, by offer on either side, and by State: there are too many to look at all for each forbid."""
    found: defaultdict[tuple[str, str], list[Flow]] = defaultdict(list)
    for flow in facts.flows:
        for place in (("need", flow.need), *(("offer", side) for side in flow.sides), ("state", flow.state)):
            found[place].append(flow)
    return found


def is_forbidden(facts: Setting, flow: Flow, forbid: Document) -> bool:
    """Returns whether a flow matches every field given of what is forbidden."""
    return (
        forbid["state"] in (None, flow.state)
        and forbid["need"] in (None, flow.need)
        and (forbid["years"] is None or flow.year in run(forbid["years"]))
        and forbid["offer"] in (None, *flow.sides)
        and (forbid["partner"] is None or {*flow.sides} == {forbid["offer"], forbid["partner"]})
        and forbid["provider"] in (None, *(facts.offers[side]["provider"] for side in flow.sides))
        and (forbid["kind"] is None or forbid["kind"] == kind_of(facts, flow.financier, flow.implementer, flow.state))
    )


def caps(facts: Facts) -> Iterator[Violation]:
    """10 Decisions. An offer's or provider's money in a State stays within a sum or a share of external money."""
    for cap in facts.scenario["decisions"]["caps"]:
        here = facts.paid_in.get(cap["state"], [])
        given = _by_period(cap, ((key, year, money) for key, year, money in here if _is_capped(facts, cap, key)))
        external = _by_period(cap, (each for each in here if facts.external(each[0], cap["state"])))
        who = (cap["offer"] or cap["provider"], cap["state"])
        for (year,), money in given.items():
            limit = cap["money"] if cap["share"] is None else cap["share"] * external.get((year,), 0)
            yield from at_most(10, who, year, money, limit, "capped money")


def _is_capped(facts: Facts, cap: Document, offer: str) -> bool:
    """Whether an offer is the one named, or one of the provider named."""
    return cap["offer"] in (None, offer) and cap["provider"] in (None, facts.offers[offer]["provider"])


def _by_period(cap: Document, paid: Iterable[tuple[str, int, int]]) -> Sums:
    """Money by year, or over the horizon (year none)."""
    return summed(((year if cap["per"] == "year" else None,), money) for _, year, money in paid)
