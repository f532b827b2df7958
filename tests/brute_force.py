"""The optimum of a tiny scenario by trying everything, with the checker as the only judge.

Shares nothing with what finds portfolios: which options there are is the checker's word too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import floor

from matcher.scenario import Scenario
from matcher.verification.decisions import caps, commitments, forbids, pins
from matcher.verification.documents import Document, completed, fractional
from matcher.verification.eligibility import kind_of, option
from matcher.verification.facts import Facts, Flow, Setting
from matcher.verification.figures import figures, state_figures
from matcher.verification.limits import ScenarioLimits
from matcher.verification.order import CLOSING, WEIGHTED, Entry, order_of
from matcher.verification.rules import (
    absorption,
    budget,
    capacity,
    counts,
    engagement,
    matching,
    need,
    precedence,
    repayment,
    share,
)

RULES = (
    need,
    capacity,
    budget,
    repayment,
    absorption,
    precedence,
    matching,
    commitments,
    forbids,
    caps,
    engagement,
    counts,
    pins,
)
"""All rules but 0 Option, which decides what is tried at all, and 12 Share, which asks who could pay."""
Runs = dict[tuple[str, str], list[range]]


class TooMany(Exception):
    """There are more portfolios than shall be tried."""


@dataclass
class Answer:
    """What trying everything has found."""

    figures: tuple[Fraction, ...] | None
    """What each entry of the scenario's order, and then what closes it, can come to where those before it keep what
    their tolerances ask; none if no portfolio is allowed."""
    options: int
    """Eligible options, by the checker."""
    tried: int
    """Portfolios that the checker was asked about."""
    kinds: set[str]
    """Kinds of partnership among the options."""
    refusals: Counter[str]
    """Portfolios refused, by the first rule broken; capacities that are less than a need seeks."""


@dataclass(frozen=True)
class Slot:
    """One option in one year: one granule of it."""

    flow: Flow
    granule: int

    def filled(self, granules: int) -> Flow:
        """Returns the flow of so many granules."""
        one = self.flow
        money = one.money * granules
        return Flow(
            one.financier,
            one.implementer,
            one.need,
            one.state,
            one.year,
            self.granule * granules,
            money,
            one.stated_kind,
            money,
        )


def best(scenario: Scenario, limit: int) -> Answer:
    """Tries every portfolio.

    Raises
    ------
    TooMany
        if there are more than the limit.
    """
    full = completed(scenario.model_dump())
    setting = ScenarioLimits(fractional(full))
    slots = list(_slots(setting))
    right: list[dict[str, Fraction]] = []
    tried, refusals = 0, _tight_capacities(setting, slots)
    for flows, runs in _portfolios(setting, slots, limit):
        tried += 1
        if tried > limit:
            raise TooMany
        facts = _facts(setting, flows, runs)
        broken = _broken(facts, setting)
        if broken is not None:
            refusals[broken] += 1
        else:
            right.append(figures(facts, state_figures(facts), setting.own_bounds))
    options = len({(slot.flow.financier, slot.flow.implementer, slot.flow.need) for slot in slots})
    best_figures = tuple(_in_turn(right, pursued(full, setting))) if right else None
    return Answer(best_figures, options, tried, {slot.flow.stated_kind for slot in slots}, refusals)


def pursued(full: Document, setting: ScenarioLimits) -> list[Entry]:
    """Returns the entries of a completed scenario's order, then what closes it: nothing closes one entry alone."""
    order = order_of(full)
    closing = CLOSING if len(order) > 1 and order[0].name != WEIGHTED else ()
    floor = setting.waiting_floor
    return [replace(each, floor=floor) if each.name == "waiting" else each for each in (*order, *closing)]


def _in_turn(right: list[dict[str, Fraction]], entries: list[Entry]) -> Iterator[Fraction]:
    """Yields the best of each entry among the portfolios that keep what is left of those before it."""
    for entry in entries:
        values = [entry.figure(found) or Fraction(0) for found in right]
        top = max(values, key=lambda value: entry.sense * value)
        kept = entry.level(top)
        right = [each for each, value in zip(right, values, strict=True) if entry.sense * (value - kept) >= 0]
        yield top


def right_portfolios(scenario: Scenario, limit: int) -> Iterator[tuple[tuple[Flow, ...], dict[str, Fraction]]]:
    """Yields the flows and figures of every right portfolio, with engagements that could not be smaller.

    Raises
    ------
    TooMany
        if there are more portfolios to try than the limit.
    """
    for facts, found in right_facts(ScenarioLimits(fractional(completed(scenario.model_dump()))), limit):
        yield facts.flows, found


def right_facts(setting: ScenarioLimits, limit: int) -> Iterator[tuple[Facts, dict[str, Fraction]]]:
    """Yields the facts and figures of every right portfolio, as `right_portfolios` does."""
    for tried, (flows, runs) in enumerate(_portfolios(setting, list(_slots(setting)), limit)):
        if tried == limit:
            raise TooMany
        facts = _facts(setting, flows, runs)
        if _broken(facts, setting) is None:
            yield facts, figures(facts, state_figures(facts), setting.own_bounds)


def _broken(facts: Facts, limits: ScenarioLimits) -> str | None:
    """The name of the first rule that a portfolio breaks."""
    broken = (rule.__name__ for rule in RULES if next(rule(facts), None) is not None)
    return next(broken, None) or (share.__name__ if next(share(facts, limits.shares), None) else None)


def _facts(setting: Setting, flows: tuple[Flow, ...], runs: Runs) -> Facts:
    """The facts of a portfolio; what follows from the scenario alone is worked out once."""
    facts = Facts(setting.scenario, flows, runs, ())
    facts.__dict__.update({key: value for key, value in setting.__dict__.items() if key != "scenario"})
    return facts


def _tight_capacities(setting: Setting, slots: list[Slot]) -> Counter[str]:
    """Counts the slots whose capacity is less than the need seeks: no filling that is tried passes them."""
    sides = [(slot.flow, setting.technical[slot.flow.implementer]) for slot in slots]
    tight = sum(setting.capacity(offer, flow.year) < setting.needs[flow.need]["quantity"] for flow, offer in sides)
    return Counter(capacity=tight)


def _slots(setting: Setting) -> Iterator[Slot]:
    """Yields every eligible option in every year in which all of its sides stand."""
    for worker, key in product(setting.technical, setting.needs):
        for payer in (None, *setting.funding):
            granule = setting.granule(setting.needs[key])
            state, price = setting.needs[key]["state"], setting.prices[worker]
            kind = kind_of(setting, payer, worker, state)
            for year in setting.window(setting.needs[key]):
                flow = Flow(payer, worker, key, state, year, granule, price, kind or "", price)
                facts = _facts(setting, (flow,), {})
                if kind is not None and next(option(facts), None) is None:
                    yield Slot(flow, granule)


def _portfolios(setting: Setting, slots: list[Slot], limit: int) -> Iterator[tuple[tuple[Flow, ...], Runs]]:
    """Yields every portfolio that could be right, with engagements that could not be smaller."""
    if len(slots) > limit.bit_length() * 4:
        raise TooMany
    covers = cache(lambda pair, wanted: _covers(setting, pair, wanted))
    for granules in _fillings(setting, slots):
        flows = tuple(slot.filled(amount) for slot, amount in zip(slots, granules, strict=True) if amount)
        active: dict[tuple[str, str], set[int]] = {}
        for flow in flows:
            for side in flow.sides:
                active.setdefault((side, flow.state), set()).add(flow.year)
        choices = [covers(pair, frozenset(active[pair])) for pair in sorted(active)]
        for choice in product(*choices):
            yield flows, dict(zip(sorted(active), choice, strict=True))


def _fillings(setting: Setting, slots: list[Slot]) -> Iterator[list[int]]:
    """Yields granules per slot that pass neither needs, capacities nor the most money of a year."""
    room = {("need", key): rest for key, rest in setting.rest.items()}
    for year in setting.years:
        room |= {("work", key, year): setting.capacity(each, year) for key, each in setting.technical.items()}
    for key in setting.funding:
        room |= {("money", key, year): most for year, most in _most_money(setting, key).items()}
    table = [list(_uses(slot)) for slot in slots]
    filling = [0] * len(slots)

    def fill(at: int) -> Iterator[list[int]]:
        if at == len(slots):
            yield filling
            return
        most = min(room[key] // each for key, each in table[at])
        for amount in range(most + 1):
            filling[at] = amount
            for key, each in table[at]:
                room[key] -= amount * each
            yield from fill(at + 1)
            for key, each in table[at]:
                room[key] += amount * each
        filling[at] = 0

    yield from fill(0)


def _uses(slot: Slot) -> Iterator[tuple[tuple[object, ...], int]]:
    """Yields what one granule uses up."""
    flow = slot.flow
    yield ("need", flow.need), flow.quantity
    yield ("work", flow.implementer, flow.year), flow.quantity
    if flow.financier is not None:
        yield ("money", flow.financier, flow.year), flow.money


def _most_money(setting: Setting, key: str) -> dict[int, int]:
    """Money of a funding offer in each year if none was ever spent before."""
    most, carried = {}, 0
    for year in setting.years:
        most[year] = setting.new_money(setting.funding[key], year) + carried
        carried = floor(setting.funding[key]["carry_over"] * most[year])
    return most


def _covers(setting: Setting, pair: tuple[str, str], wanted: frozenset[int]) -> list[list[range]]:
    """The sets of years that hold the wanted ones and last long enough, as runs: those of which no part would do.

    Of two, one inside the other, the larger is of use where it owes fewer years after the horizon.
    """
    window = list(setting.window(setting.offers[pair[0]]))
    spare = [year for year in window if year not in wanted]
    found: dict[frozenset[int], int] = {}
    for count in range(len(spare) + 1):
        for extra in combinations(spare, count):
            years = wanted.union(extra)
            runs = _runs(years)
            lasts = all(run[-1] >= min(setting.term(*pair, run[0]), window[-1]) for run in runs)
            owed = max(0, setting.term(*pair, runs[-1][0]) - setting.years[-1]) if window[-1] in years else 0
            if lasts and not any(smaller < years and least <= owed for smaller, least in found.items()):
                found[years] = owed
    return [_runs(years) for years in found]


def _runs(years: Iterable[int]) -> list[range]:
    """The unbroken runs of a set of years, in order."""
    runs: list[range] = []
    for year in sorted(years):
        if runs and runs[-1].stop == year:
            runs[-1] = range(runs[-1].start, year + 1)
        else:
            runs.append(range(year, year + 1))
    return runs
