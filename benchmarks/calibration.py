"""What an instance achieves of what it is fitted to, measured on the scenario alone."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from fractions import Fraction

from matcher import Scenario
from matcher.scenario import PUBLIC_KINDS, FundingOffer, State, TechnicalOffer

Offer = FundingOffer | TechnicalOffer


def calibration(scenario: Scenario) -> dict[str, float]:
    """Returns the statistics that instances are calibrated on, by name; shares are from 0 to 1."""
    states_of = _states_of(scenario)
    grants = _grants(scenario)
    return {
        "states": len(scenario.states),
        "needs": len(scenario.needs),
        "offers": len(scenario.offers),
        **_money(scenario, grants, states_of),
        **_terms(scenario, grants, states_of),
        **_reached(scenario, states_of),
        **_hopes(scenario, states_of),
    }


def _states_of(scenario: Scenario) -> dict[str, list[str]]:
    """States in reach of each offer, by its lists of States and regions and its ownership floor."""
    score = {each.id: each.ownership_score() for each in scenario.states}
    region: dict[str | None, list[str]] = defaultdict(list)
    for each in scenario.states:
        region[each.region].append(each.id)
    everyone = list(score)
    found = {}
    for offer in scenario.offers:
        near = everyone if offer.regions is None else [key for name in offer.regions for key in region[name]]
        listed = near if offer.states is None else [key for key in offer.states if offer.regions is None or key in near]
        found[offer.id] = [key for key in listed if score[key] >= offer.ownership_floor]
    return found


def _grants(scenario: Scenario) -> list[FundingOffer]:
    """Public money from outside that is neither matched nor paid back."""
    found = []
    for offer in scenario.funding:
        provider = scenario.provider(offer.provider)
        if provider.kind in PUBLIC_KINDS and provider.state is None and not offer.repayment:
            found.append(offer)
    return found


def _cluster(offer: Offer) -> str:
    """The part of the world in an id such as ``donor-03-17``."""
    return offer.provider.split("-")[1]


def _money(scenario: Scenario, grants: list[FundingOffer], states_of: dict[str, list[str]]) -> dict[str, float]:
    first = scenario.years[0]
    budgets: dict[str, list[int]] = defaultdict(list)
    taken: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for offer in grants:
        budgets[_cluster(offer)].append(offer.amount.at(first))
        room = {key: _absorption(scenario.state(key), first) for key in states_of[offer.id]}
        for key, part in room.items():
            taken[_cluster(offer)][key] += offer.amount.at(first) * part / sum(room.values())
    total = sum(map(sum, budgets.values()))
    own = sum(each.amount.at(first) for each in scenario.funding if scenario.provider(each.provider).state)
    need = sum(float(cost) for cost in _costs(scenario, states_of, only_completing=False).values())
    return {
        "international_per_state": total / len(scenario.states),
        "own_per_international": own / total,
        "top1_donor_share": statistics.mean(_top(each, 1) for each in budgets.values()),
        "top5_donor_share": statistics.mean(_top(each, 5) for each in budgets.values()),
        "top5_donor_share_least": min(_top(each, 5) for each in budgets.values()),
        "top5_donor_share_most": max(_top(each, 5) for each in budgets.values()),
        "top5_recipient_share": statistics.mean(_top(each.values(), 5) for each in taken.values()),
        "money_per_need": (total + own) * len(scenario.years) / need,
    }


def _absorption(state: State, year: int) -> float:
    return float(state.absorption.at(year)) if state.absorption else 1.0


def _top(amounts: Iterable[float], number: int) -> float:
    ordered = sorted(amounts, reverse=True)
    return sum(ordered[:number]) / sum(ordered)


def _terms(scenario: Scenario, grants: list[FundingOffer], states_of: dict[str, list[str]]) -> dict[str, float]:
    least = [each.min_per_state for each in grants]
    reach = [len(states_of[each.id]) for each in grants]
    return {
        "donors_per_state": len(grants) / len(scenario.states),
        "grant_least": min(least),
        "grant_median": statistics.median(least),
        "grant_most": max(least),
        "reach_least": min(reach),
        "reach_median": statistics.median(reach),
        "reach_most": max(reach),
        "multi_year_share": statistics.mean(each.min_years > 1 for each in grants),
        "carry_over_share": statistics.mean(each.carry_over > 0 for each in grants),
        "channel_share": statistics.mean(each.channels is not None for each in grants),
        "max_states_share": statistics.mean(each.max_states is not None for each in grants),
        "floor_share": statistics.mean(each.ownership_floor > 0 for each in grants),
        "matched_offers": sum(each.match > 0 for each in scenario.funding),
        "repaid_offers": sum(each.repayment is not None for each in scenario.funding),
    }


def _reached(scenario: Scenario, states_of: dict[str, list[str]]) -> dict[str, float]:
    """How many offers reach a State: of money, and of work by capability."""
    money = Counter({each.id: 0 for each in scenario.states})
    work: Counter[tuple[str, str]] = Counter()
    for offer in scenario.offers:
        for key in states_of[offer.id]:
            if isinstance(offer, FundingOffer):
                money[key] += 1
            else:
                work[key, offer.capability] += 1
    land = [count for (_, capability), count in work.items() if capability == "clearance"]
    return {
        "funding_per_state_least": min(money.values()),
        "funding_per_state_mean": statistics.mean(money.values()),
        "funding_per_state_most": max(money.values()),
        "clearance_per_state_mean": statistics.mean(land),
        "work_per_state_and_capability_most": max(work.values()),
    }


def _costs(scenario: Scenario, states_of: dict[str, list[str]], *, only_completing: bool) -> dict[str, Fraction]:
    """Money that the needs of each State cost at the least price that reaches them."""
    cheapest: dict[tuple[str, str], Fraction] = {}
    for offer in scenario.technical:
        for state in states_of[offer.id]:
            pair = (state, offer.capability)
            cheapest[pair] = min(cheapest.get(pair, Fraction(offer.price)), Fraction(offer.price))
    cost: dict[str, Fraction] = dict.fromkeys((each.id for each in scenario.states), Fraction(0))
    for need in scenario.needs:
        if need.completes or not only_completing:
            cost[need.state] += need.quantity * cheapest.get((need.state, need.capability), Fraction(0))
    return cost


def _hopes(scenario: Scenario, states_of: dict[str, list[str]]) -> dict[str, float]:
    """Shares of States by the money they can use until their deadline against what completion costs.

    Less than the cost proves that a State cannot complete; 1.6 times it is called easy.
    """
    ratios = []
    for key, cost in _costs(scenario, states_of, only_completing=True).items():
        state = scenario.state(key)
        years = [year for year in scenario.years if year <= state.last_year]
        own = [each for each in scenario.funding if scenario.provider(each.provider).state == key]
        room = sum(_absorption(state, year) + sum(each.amount.at(year) for each in own) for year in years)
        ratios.append(room / float(cost))
    needs = [each.quantity / 1e6 for each in scenario.needs if each.capability == "clearance"]
    return {
        "hopeless_share": statistics.mean(ratio < 1 for ratio in ratios),
        "easy_share": statistics.mean(ratio >= 1.6 for ratio in ratios),
        "clearance_km2_least": min(needs),
        "clearance_km2_most": max(needs),
    }
