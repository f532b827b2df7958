"""Changes of a scenario, each monotone: more of it never makes anything impossible that was possible.

More money or work of a provider is a further offer, under the same earmarks, channels and dates as one
that it has, without its minimum: a further grant, a further team. ``anybody`` is a donor or
operator that the scenario does not know, without any earmark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from hashlib import sha256
from math import ceil, floor

from matcher.comparison.tally import tally
from matcher.explanation.findings import ChangeKind
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import FundingOffer, Provider, ProviderKind, Scenario, State, TechnicalOffer, Yearly
from matcher.scenario.edits import (
    MILLIONTHS,
    BetterOwnership,
    Deadline,
    Edit,
    FurtherOffer,
    LargerShare,
    Lengthen,
    MoreAbsorption,
    MorePartners,
    OnlyStates,
    SmallerEngagement,
    WaiveLimit,
    WithOffer,
    edited,
    grant,
)
from matcher.scenario.eligibility import Reason, find_options
from matcher.scenario.within_reach import limited_shares
from matcher.units import MAX_MONEY, MAX_QUANTITY, floor_share

Pair = tuple[str | None, str]
"""A financier (or none) and an implementer."""
Refusals = dict[str, dict[Pair, tuple[Reason, ...]]]
"""By need, every pair that is no option of it, and why."""
FURTHER = "further"
"""What the id of an offer that a change adds begins with."""
LONGEST_ID = 64
"""Letters of the longest id that a scenario takes."""
ANYBODY = "anybody"
"""Whose offer it is where it may be anybody's."""
COMPONENTS = (
    "high_level_interest",
    "empowered_entities",
    "measures_articulated",
    "challenges_planned",
    "financial_commitment",
)
EARMARKS = {
    "state_not_in_reach": "states",
    "region_not_in_reach": "regions",
    "capability_not_funded": "capabilities",
    "channel_closed": "channels",
    "ownership_below_floor": "ownership_floor",
}
"""Fields of an offer whose being waived answers a reason."""


@dataclass(frozen=True)
class Relaxation:
    """One kind of change of one figure, by any amount up to a most."""

    kind: ChangeKind
    subject: str
    field: str
    amounts: tuple[int, ...] | None
    """Amounts worth trying, rising; None where the least amount is solved for (an added offer)."""
    edit: Callable[[int], Edit]
    """The change by an amount; the amount of an added offer is as much as it can give in a year."""
    adds: str = ""
    """Id of the offer that it adds, which no offer of the scenario has; empty where it adds none."""


def changed(scenario: Scenario, *levers: tuple[Relaxation, int]) -> Scenario:
    """Returns a scenario with some changes made."""
    return edited(scenario, *(lever.edit(amount) for lever, amount in levers))


def refusals_of(scenario: Scenario, state: State) -> Refusals:
    """Returns who cannot serve each need of a State with whom, and why."""
    options = find_options(scenario)
    return {need.id: options.refusals(need.id) for need in scenario.needs_of(state.id)}


def narrowed(scenario: Scenario, portfolio: Portfolio, state: str) -> Scenario:
    """Returns the scenario without what other States have no use for: offers that a portfolio does not bring them.

    As long as they keep what the portfolio gives them, one State can have the same in it, whatever is changed.
    """
    decisions = scenario.decisions
    used: dict[str, set[str]] = defaultdict(set)
    for offer, place in tally(scenario, portfolio).placed:
        used[offer].add(place)
    for engagement in portfolio.engagements:
        used[engagement.offer].add(engagement.state)
    for pin in decisions.pins:
        used[pin.offer].add(pin.state)
    for cap in decisions.caps:
        if cap.offer is not None:
            used[cap.offer].add(cap.state)
    near = {each.id: {state} if each.states is None or state in each.states else set() for each in scenario.offers}
    return edited(scenario, *(OnlyStates(key, tuple(sorted(used[key] | here))) for key, here in near.items()))


def relaxations_for(scenario: Scenario, state: State, refused: Refusals | None = None) -> list[Relaxation]:
    """Returns all levers that could help a State, by kind in the order of who has to agree, then by name.

    Parameters
    ----------
    refused
        The refusals of the State, where they are known.
    """
    needs = scenario.needs_of(state.id)
    kinds = {need.capability for need in needs}
    offers: list[FundingOffer | TechnicalOffer] = [*scenario.funding]
    offers += [each for each in scenario.technical if each.capability in kinds]
    return [
        *_partners(scenario, state),
        *_absorption(scenario, state),
        *_shares(scenario, state),
        *_engagement(scenario),
        *later_deadline(scenario, state),
        *_ownership(scenario, state, offers),
        *_earmarks(refusals_of(scenario, state) if refused is None else refused),
        *_starts(scenario, offers),
        *(_further(scenario, offer) for offer in offers if not decided_on(scenario, offer.id, state.id)),
        anybodys_money(scenario),
        *(lever for capability in sorted(kinds) for lever in anybodys_work(scenario, capability)),
    ]


def _added(scenario: Scenario, kind: ChangeKind, subject: str, field: str = "") -> str:
    """The id of an offer that a lever adds."""
    return _free(f"{FURTHER}-{kind}-{subject}{field}", {offer.id for offer in scenario.offers})


def _free(wanted: str, taken: set[str]) -> str:
    """An id that nothing has, as wanted if it can be; names of a scenario may be as long as an id, or the same."""
    found, tries = wanted, 0
    while found in taken or len(found) > LONGEST_ID:
        mark = sha256(f"{wanted} {tries}".encode()).hexdigest()[:16]
        found, tries = f"{wanted[: LONGEST_ID - len(mark) - 1]}-{mark}", tries + 1
    return found


def _partners(scenario: Scenario, state: State) -> list[Relaxation]:
    if state.max_partners is None:
        return []
    most = max(len(scenario.providers) - state.max_partners, 0)
    more = partial(MorePartners, state.id)
    return [Relaxation("partners", state.id, "", tuple(range(1, most + 1)), more)] if most else []


def _absorption(scenario: Scenario, state: State) -> list[Relaxation]:
    """More external money in each year, in steps of a thousandth of all the money that there is."""
    if state.absorption is None:
        return []
    total = sum(sum(scenario.money_by_year(offer)) for offer in scenario.funding) or 1
    step = max(10 ** (len(str(total)) - 4), 1)
    room = MAX_MONEY - max(state.absorption.at(year) for year in scenario.years)  # a scenario cannot say more
    amounts = tuple(amount for amount in range(step, total + step, step) if amount <= room)
    return [Relaxation("absorption", state.id, "", amounts, partial(MoreAbsorption, state.id))] if amounts else []


def _shares(scenario: Scenario, state: State) -> list[Relaxation]:
    """A larger share of one provider in the State's external money, to each whole hundredth up to all of it.

    None where the limit does not bind: a larger one could then come to bind, as fewer must be able to pay for that.
    """
    if state.max_share is None or state.id not in {each for each, _ in limited_shares(scenario)}:
        return []
    given = Fraction(state.max_share)
    wanted = [Fraction(at, 100) - given for at in range(floor(given * 100) + 1, 101)]
    amounts = tuple(ceil(more * MILLIONTHS) for more in wanted)
    return [Relaxation("share", state.id, "", amounts, partial(LargerShare, state.id))] if amounts else []


def _engagement(scenario: Scenario) -> list[Relaxation]:
    """A smaller least engagement, down to each whole hundredth of what it is and to nothing."""
    given = scenario.least_engagement
    if not given:
        return []
    amounts = tuple(sorted({given - given * left // 100 for left in range(100)}))
    return [Relaxation("least_engagement", scenario.name, "", amounts, SmallerEngagement)]


def later_deadline(scenario: Scenario, state: State) -> list[Relaxation]:
    """A later deadline, up to the end of the horizon; nothing where it is there already."""
    years = tuple(range(1, scenario.horizon.last - state.last_year + 1))
    if not years:
        return []
    return [Relaxation("deadline", state.id, "", years, lambda more: Deadline(state.id, state.last_year + more))]


def _ownership(scenario: Scenario, state: State, offers: list[FundingOffer | TechnicalOffer]) -> list[Relaxation]:
    """Each component that has room, by what would lift the State to the floors that are above it."""
    if state.ownership is None:
        return []
    score = state.ownership_score()
    above = {Fraction(each.ownership_floor) for each in offers if Fraction(each.ownership_floor) > score}
    wanted = sorted({-floor_share(-MILLIONTHS, (floor - score) * len(COMPONENTS)) for floor in above})
    found = []
    for component in COMPONENTS:
        room = int((1 - getattr(state.ownership, component)) * MILLIONTHS)
        amounts = tuple(amount for amount in wanted if amount <= room)
        if amounts:
            better = partial(BetterOwnership, state.id, component)
            found.append(Relaxation("ownership", state.id, component, amounts, better))
    return found


def _earmarks(refused: Refusals) -> list[Relaxation]:
    """Filters of offers that alone keep some pair from a need of the State."""
    found: set[tuple[str, str]] = set()
    for of_need in refused.values():
        for reasons in of_need.values():
            fields = {(reason.offer, EARMARKS.get(reason.code)) for reason in reasons}
            if len(fields) == 1:
                offer, field = fields.pop()
                if offer is not None and field is not None:
                    found.add((offer, field))
    return [Relaxation("earmark", offer, field, (1,), _waived(offer, field)) for offer, field in sorted(found)]


def _waived(offer: str, field: str) -> Callable[[int], Edit]:
    return lambda _: WaiveLimit("offers", offer, field)


def _starts(scenario: Scenario, offers: list[FundingOffer | TechnicalOffer]) -> list[Relaxation]:
    """Offers that begin after the horizon does."""
    found = []
    for offer in offers:
        if offer.years is not None and offer.years.first > scenario.horizon.first:
            amounts = tuple(range(1, offer.years.first - scenario.horizon.first + 1))
            found.append(Relaxation("start", offer.id, "", amounts, _earlier(offer.id, offer.years.first)))
    return found


def _earlier(offer: str, first: int) -> Callable[[int], Edit]:
    return lambda years: Lengthen(offer, first - years)


def decided_on(scenario: Scenario, offer: str, state: str) -> bool:
    """Returns whether the user has forbidden an offer something, or capped it in the State.

    More of the same provider is then no way round.
    """
    decisions = scenario.decisions
    return any(offer in (forbid.offer, forbid.partner) for forbid in decisions.forbids) or any(
        cap.offer == offer and cap.state == state for cap in decisions.caps
    )


def _further(scenario: Scenario, offer: FundingOffer | TechnicalOffer) -> Relaxation:
    """A further grant or team of a provider."""
    kind: ChangeKind = "money" if isinstance(offer, FundingOffer) else "capacity"
    key = _added(scenario, kind, offer.id)
    return Relaxation(kind, offer.id, "", None, partial(FurtherOffer, offer.id, key), key)


def repayers_of(scenario: Scenario, offers: Collection[str]) -> dict[str, Fraction]:
    """Returns the offers that repay what some offers pay in advance, each with the most of it for a unit paid."""
    found: dict[str, Fraction] = {}
    for offer in scenario.funding:
        if offer.id in offers and offer.repayment is not None:
            owed = 1 + Fraction(offer.repayment.premium)
            found[offer.repayment.offer] = max(found.get(offer.repayment.offer, owed), owed)
    return found


def anybodys_money(scenario: Scenario) -> Relaxation:
    """A further grant from anybody, for any purpose, to be used in any year of the horizon."""
    first, key = scenario.horizon.first, _added(scenario, "more_money", ANYBODY)
    provider = _nobody(scenario, "donor_state")

    def more(amount: int) -> Edit:
        return WithOffer(FundingOffer(id=key, kind="funding", provider=provider.id, **grant(first, amount)), provider)

    return Relaxation("more_money", ANYBODY, "", None, more, key)


def anybodys_work(scenario: Scenario, capability: str) -> list[Relaxation]:
    """Work at the price of the dearest who offers it in the scenario's currency; none where nobody does."""
    own = (None, scenario.currency.code)
    workers = [offer for offer in scenario.technical if offer.capability == capability]
    prices = [offer.price for offer in workers if offer.currency in own]
    if workers and not prices:
        return []
    key, provider = _added(scenario, "more_work", ANYBODY, capability), _nobody(scenario, "operator")
    price = max(prices, default=Decimal(0))

    def more(amount: int) -> Edit:
        offer = TechnicalOffer(
            id=key,
            kind="technical",
            provider=provider.id,
            capability=capability,
            capacity=Yearly(min(amount, MAX_QUANTITY)),
            price=price,
        )
        return WithOffer(offer, provider)

    return [Relaxation("more_work", ANYBODY, capability, None, more, key)]


def _nobody(scenario: Scenario, kind: ProviderKind) -> Provider:
    """Somebody of a kind that the scenario does not know."""
    taken = {provider.id for provider in scenario.providers}
    return Provider(id=_free(f"{ANYBODY}-{kind}".replace("_", "-"), taken), name=ANYBODY, kind=kind)
