"""What an earlier plan leaves behind where the horizon moves on: delivered, begun, left over and owed.

The years of an earlier plan that lie before a later scenario's horizon are taken as they were planned: what they
delivered is delivered, who worked in the last of them is ongoing, money that they left is carried in as far as the
offer carries money over, and what was pre-financed in them is owed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from math import ceil, floor

from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import FundingOffer, Need, Ongoing, Scenario, TechnicalOffer
from matcher.units import ceil_share, floor_share


def taken_over(scenario: Scenario, before: Scenario, portfolio: Portfolio) -> Scenario:
    """Returns a scenario with the starting state that an earlier plan leaves it; as it is where none of it is before.

    What a file states itself stands, unless the earlier one states the same, or as much or more: that speaks of how
    the earlier horizon began, or one before it. A need that seeks another quantity, work or State than before is
    taken at its word: it says what is left.

    Parameters
    ----------
    before, portfolio
        The earlier scenario, in the same currency, and its plan.
    """
    first = scenario.horizon.first
    if before.horizon.first >= first:
        return scenario
    past = Portfolio(
        scenario=portfolio.scenario,
        scenario_hash=portfolio.scenario_hash,
        flows=tuple(flow for flow in portfolio.flows if flow.year < first),
        engagements=portfolio.engagements,
    )
    return scenario.with_fields(
        needs=[_need(need, before, past) for need in scenario.needs],
        offers=[_offer(scenario, offer, before, past) for offer in scenario.offers],
    )


def _need(need: Need, before: Scenario, past: Portfolio) -> Need:
    """A need with what was delivered of it."""
    known = {each.id: each for each in before.needs}.get(need.id)
    if known is None or need.delivered > known.delivered:
        return need
    if (known.quantity, known.capability, known.state) != (need.quantity, need.capability, need.state):
        return need
    delivered = known.delivered + sum(flow.quantity for flow in past.flows if flow.need == need.id)
    return need.with_fields(id=need.id, delivered=delivered)


def _offer(
    scenario: Scenario, offer: FundingOffer | TechnicalOffer, before: Scenario, past: Portfolio
) -> FundingOffer | TechnicalOffer:
    """An offer with its ongoing work, and a funding offer with what is left and owed."""
    known = {each.id: each for each in before.offers}.get(offer.id)
    fields: dict[str, object] = {}
    if isinstance(offer, FundingOffer) and isinstance(known, FundingOffer):
        fields["debts"] = _with_news(scenario, offer, known, "debts", _debts(scenario, offer, before, past))
        fields["carried_in"] = _with_news(scenario, offer, known, "carried_in", _left(scenario, offer, before, past))
    elif known is None or type(known) is not type(offer):
        return offer
    if offer.ongoing in ((), known.ongoing):
        fields["ongoing"] = _ongoing(scenario, offer, before, past)
    return offer.with_fields(id=offer.id, **fields)


def _with_news(
    scenario: Scenario, offer: FundingOffer, known: FundingOffer, field: str, left: dict[int, int]
) -> object:
    """Money by year that an earlier plan leaves; as the file states it where only that states any.

    Where the earlier one began with some too, the file may speak of before it: in each year the larger counts.
    """
    now, then = getattr(offer, field), getattr(known, field)
    if now is None or now == then:
        return _by_year(left)
    if then is None or offer.currency != known.currency:
        return now
    return _by_year({year: max(left.get(year, 0), now.at(year)) for year in {*left, *scenario.years}})


def _by_year(amounts: dict[int, int]) -> dict[int, int] | None:
    return {year: amount for year, amount in sorted(amounts.items()) if amount} or None


def _ongoing(
    scenario: Scenario, offer: FundingOffer | TechnicalOffer, before: Scenario, past: Portfolio
) -> tuple[Ongoing, ...]:
    """States in which the offer worked in the year before the horizon, since when, and what it gave."""
    last = scenario.horizon.first - 1
    states = {state.id for state in scenario.states}
    given: dict[str, Counter[int]] = defaultdict(Counter)
    for flow in past.flows:
        amount = flow.money if flow.financier == offer.id else flow.quantity
        if offer.id in (flow.financier, flow.implementer):
            given[before.need(flow.need).state][flow.year] += amount
    found = []
    for state, amounts in sorted(given.items()):
        if state not in states or not amounts[last]:
            continue
        since = min(
            (
                run.years.first
                for run in past.engagements
                if (run.offer, run.state) == (offer.id, state) and run.years.first <= last <= run.years.last
            ),
            default=last,
        )
        earlier = before.ongoing(offer.id, state)
        if since == before.horizon.first and earlier is not None:
            found.append(Ongoing(state=state, since=earlier.since, amount=_own(scenario, offer, before, amounts[last])))
        else:
            found.append(Ongoing(state=state, since=since, amount=_own(scenario, offer, before, amounts[last])))
    return tuple(found)


def _own(scenario: Scenario, offer: FundingOffer | TechnicalOffer, before: Scenario, amount: int) -> int | None:
    """Money in the offer's own currency, rounded down; None for work, which has no amount of money."""
    if not isinstance(offer, FundingOffer):
        return None
    return floor(amount / _rate_then(scenario, offer, before))


def _rate(scenario: Scenario, offer: FundingOffer) -> Fraction:
    """Minor units of the scenario's currency that one of the offer's buys."""
    if offer.currency in (None, scenario.currency.code):
        return Fraction(1)
    return next(Fraction(each.rate) for each in scenario.rates if each.id == offer.currency)


def _rate_then(scenario: Scenario, offer: FundingOffer, before: Scenario) -> Fraction:
    """The rate at which the earlier plan reckoned the offer's money, unless that was of another currency."""
    known = before.funding_offer(offer.id)
    return _rate(before, known) if known.currency == offer.currency else _rate(scenario, offer)


def _debts(scenario: Scenario, offer: FundingOffer, before: Scenario, past: Portfolio) -> dict[int, int]:
    """What the offer must repay within or after the horizon for what was pre-financed before it, by year."""
    first, rate = scenario.horizon.first, _rate(scenario, offer)
    owed = Counter({year: ceil(each / rate) for year, each in _charged(offer, before, past).items() if year >= first})
    known = before.funding_offer(offer.id)
    if known.debts is not None:
        for year in scenario.years:
            owed[year] += ceil(_restated(scenario, offer, before, known.debts.at(year)))
    return owed


def _restated(scenario: Scenario, offer: FundingOffer, before: Scenario, amount: int) -> Fraction:
    """An amount of the earlier file in the offer's currency of today: the same, whatever rates did, if that is too."""
    known = before.funding_offer(offer.id)
    same = known.currency == offer.currency
    return Fraction(amount) if same else amount * _rate(before, known) / _rate(scenario, offer)


def _charged(offer: FundingOffer, before: Scenario, past: Portfolio) -> Counter[int]:
    """What an offer is charged for others' pre-financing of the past, by the year in which it falls due."""
    paid = Counter[tuple[str, int]]()
    for flow in past.flows:
        if flow.financier is not None:
            paid[flow.financier, flow.year] += flow.money
    charged = Counter[int]()
    for lender in before.funding:
        if lender.repayment is None or lender.repayment.offer != offer.id:
            continue
        for (who, year), money in paid.items():
            if who == lender.id:
                charged[year + lender.repayment.after] += ceil_share(money, 1 + Fraction(lender.repayment.premium))
    return charged


def _left(scenario: Scenario, offer: FundingOffer, before: Scenario, past: Portfolio) -> dict[int, int]:
    """What earlier years leave: to the horizon's first, by the share carried over, and what is stated of others."""
    known, first = before.funding_offer(offer.id), scenario.horizon.first
    spent = Counter[int]()
    for flow in past.flows:
        if flow.financier == offer.id:
            spent[flow.year] += flow.money
    charged, carried = _charged(offer, before, past), 0
    for year in range(before.horizon.first, min(first, before.horizon.last + 1)):
        free = before.money_less_debts(known, year) + carried - spent[year] - charged[year]
        carried = floor_share(max(free, 0), known.carry_over)
    for _ in range(before.horizon.last + 1, first):  # of years between the two nothing is known but what they pass on
        carried = floor_share(carried, known.carry_over)
    left = Counter({first: floor(carried / _rate_then(scenario, offer, before))})
    if known.carried_in is not None:
        for year in scenario.years:
            left[year] += floor(_restated(scenario, offer, before, known.carried_in.at(year)))
    return left
