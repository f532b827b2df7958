"""The optimum of a tiny scenario by trying everything, with the checker as the only judge."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product

from matcher.arrays import Arrays, build_arrays, most_money
from matcher.options import find_options
from matcher.portfolio import Engagement, Flow, Portfolio
from matcher.result import scenario_hash
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer, Years
from matcher.verification import verify

SENSES = {"engagements": -1, "cost": -1}


def size(arrays: Arrays) -> int:
    """Returns how many combinations of flows there are before any pruning."""
    total = 1
    for upper in arrays.flow_upper.tolist():
        total *= upper + 1
    return total


def best_figures(scenario: Scenario) -> tuple[Fraction, ...] | None:
    """Returns the lexicographically best figures in the scenario's order, or None if nothing is allowed."""
    best: tuple[Fraction, ...] | None = None
    order = [goal.objective for goal in scenario.order()]
    for portfolio in portfolios(scenario):
        report = verify(scenario, portfolio)
        if report.ok:
            key = tuple(SENSES.get(name, 1) * report.figures[name] for name in order)
            best = key if best is None or key > best else best
    return None if best is None else tuple(SENSES.get(name, 1) * e for name, e in zip(order, best, strict=True))


def portfolios(scenario: Scenario) -> Iterator[Portfolio]:
    """Yields every portfolio that could be right, with engagements that could not be smaller."""
    arrays = build_arrays(find_options(scenario))
    digest = scenario_hash(scenario)
    for granules in _fillings(scenario, arrays):
        flows = tuple(_flow(scenario, arrays, at, amount) for at, amount in enumerate(granules) if amount)
        for engagements in _engagements(scenario, flows):
            yield Portfolio(scenario=scenario.name, scenario_hash=digest, flows=flows, engagements=engagements)


def _flow(scenario: Scenario, arrays: Arrays, at: int, amount: int) -> Flow:
    option = arrays.option_of(at)
    granule = scenario.capability(scenario.need(option.need).capability).granule
    return Flow(
        financier=option.financier,
        implementer=option.implementer,
        need=option.need,
        year=scenario.horizon.first + int(arrays.flow_year[at]),
        kind=option.kind,
        quantity=amount * granule,
        money=amount * option.granule_price,
    )


def _fillings(scenario: Scenario, arrays: Arrays) -> Iterator[list[int]]:
    """Yields granules per flow that pass neither needs, capacities nor the most money of a year."""
    room: dict[tuple[object, ...], int] = {}
    for at, need in enumerate(scenario.needs):
        room["need", at] = int(arrays.demand[at])
    for offer in scenario.offers:
        for year, calendar in enumerate(scenario.years):
            if isinstance(offer, TechnicalOffer):
                room["work", offer.id, year] = scenario.capacity_at(offer, calendar)
            elif isinstance(offer, FundingOffer):
                room["money", offer.id, year] = most_money(scenario, offer)[year]

    def uses(at: int) -> list[tuple[tuple[object, ...], int]]:
        option, year = arrays.option_of(at), int(arrays.flow_year[at])
        used = [(("need", int(arrays.flow_need[at])), 1), (("work", option.implementer, year), 1)]
        return used + ([(("money", option.financier, year), option.granule_price)] if option.financier else [])

    table = [uses(at) for at in range(arrays.flows)]
    filling = [0] * arrays.flows

    def fill(at: int) -> Iterator[list[int]]:
        if at == arrays.flows:
            yield filling
            return
        most = min(int(arrays.flow_upper[at]), *(room[key] // each for key, each in table[at] if each))
        for amount in range(most + 1):
            filling[at] = amount
            for key, each in table[at]:
                room[key] -= amount * each
            yield from fill(at + 1)
            for key, each in table[at]:
                room[key] += amount * each
        filling[at] = 0

    yield from fill(0)


def _engagements(scenario: Scenario, flows: tuple[Flow, ...]) -> Iterator[tuple[Engagement, ...]]:
    """Yields the combinations of smallest sets of engaged years that cover all flows and pins."""
    active: dict[tuple[str, str], set[int]] = {}
    for flow in flows:
        for offer in (flow.financier, flow.implementer):
            if offer is not None:
                active.setdefault((offer, scenario.need(flow.need).state), set()).add(flow.year)
    for pin in scenario.decisions.pins:
        if pin.years is not None and (pin.offer, pin.state) in active:
            active[pin.offer, pin.state] |= set(pin.years.range())
    choices = [[(key, years) for years in _covers(scenario, key[0], wanted)] for key, wanted in active.items()]
    for choice in product(*choices):
        yield tuple(
            Engagement(offer=offer, state=state, years=Years(first=run[0], last=run[-1]))
            for (offer, state), years in choice
            for run in _runs(years)
        )


def _covers(scenario: Scenario, offer: str, wanted: set[int]) -> list[frozenset[int]]:
    """The smallest sets of years (none inside another) that hold the wanted ones and last long enough."""
    window = list(scenario.window(scenario.offer(offer)))
    least = scenario.offer(offer).min_years
    spare = [year for year in window if year not in wanted]
    found: list[frozenset[int]] = []
    for count in range(len(spare) + 1):
        for extra in combinations(spare, count):
            years = frozenset(wanted | set(extra))
            lasts = all(len(run) >= least or run[-1] == window[-1] for run in _runs(years))
            if lasts and not any(smaller < years for smaller in found):
                found.append(years)
    return found


def _runs(years: frozenset[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and runs[-1][-1] == year - 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return runs
