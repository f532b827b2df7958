"""Bounds from prices: what a certificate proves, recomputed exactly and without any solver.

With every rule priced (`verification.worths`), what is left of the objective is bounded piece by
piece: each need gets at most its quantity, the dearest granules first, each of them from whom it is
worth most; each choice is taken where its worth is positive. The sum bounds the objective of every
portfolio that keeps the rules and what the certificate says earlier objectives have reached
(Geoffrion, 1974; Neumaier and Shcherbina, 2004, for why any prices will do). Caps and
commitments are left out, which can only make the bound weaker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from matcher.verification.documents import Document, brief, exact_number, fractional
from matcher.verification.limits import ScenarioLimits
from matcher.verification.objectives import add_objective
from matcher.verification.order import Entry, entry_named, order_of
from matcher.verification.worths import EQUATIONS, RULES, ReducedCosts


@dataclass(frozen=True, slots=True)
class Proven:
    """What the prices of one stage prove."""

    objective: str
    """Name of what is pursued: an objective, a blend, or ``weighted``."""
    sense: int
    """1 where more is better, -1 where less is."""
    bound: Fraction
    """No portfolio within what the certificate says is kept is better than this."""
    kept: dict[str, Fraction]
    """What earlier objectives are kept at, at least (or at most, where less is better)."""


def proven(scenario: Document, certificate: Document) -> tuple[Proven, ...]:
    """Returns what each stage of a certificate proves about a completed scenario.

    Raises
    ------
    ValueError
        if the certificate is malformed, names what does not exist, or holds a negative price.
    """
    world, order = ScenarioLimits(fractional(scenario)), order_of(scenario)
    _check(world)
    if certificate.get("certificate") != 1 or not isinstance(certificate.get("stages"), list):
        raise ValueError("no certificate of format 1")
    return tuple(_proven(world, order, stage) for stage in certificate["stages"])


def _check(world: ScenarioLimits) -> None:
    """Refuses a scenario that breaks what the pieces below rest on; those that readers accept never do."""
    needs, funding = world.needs.values(), world.funding.values()
    fits = (
        0 <= world.scenario["objectives"]["discount"] <= 1,
        all(0 <= need["delivered"] <= need["quantity"] and need["quantity"] >= 1 for need in needs),
        all(need[name] % world.granule(need) == 0 for need in needs for name in ("quantity", "delivered")),
        all(first["lag"] >= 0 for need in needs for first in need["after"]),
        all(0 <= offer["carry_over"] <= 1 for offer in funding),
        all(each["weight"] >= 0 for each in (*needs, *world.states.values())),
    )
    if not all(fits):
        raise ValueError("the scenario is none that can be read: a discount, quantity, lag, share or weight")


def _proven(world: ScenarioLimits, order: tuple[Entry, ...], stage: Any) -> Proven:
    """What the prices of one stage prove."""
    name = _field(stage, "objective", str)
    kept_at = {key: exact_number(value) for key, value in _field(stage, "kept", dict).items()}
    pursued = entry_named(order, name)
    best = _best(order, stage, pursued, kept_at, ReducedCosts(world))
    if name == "worst_off" and name not in kept_at:
        # Whoever passes this sets aside the State of the smallest coverage, which then has all that it can have.
        short = _best(order, stage, pursued, kept_at, ReducedCosts(world, all_short=True))
        room = set(world.own_bounds.values())
        if all(short < most for most in room - {max(room, default=0)}):
            best = min(best, short)
    return Proven(name, pursued.sense, pursued.sense * _in_steps(world, name, best), kept_at)


def _best(
    order: tuple[Entry, ...], stage: Document, pursued: Entry, kept_at: Mapping[str, Fraction], worths: ReducedCosts
) -> Fraction:
    """The most that the prices of a stage leave of what is pursued, to be made large."""
    kept_prices = _field(stage, "kept_prices", dict)
    worths.worst_kept = max(Fraction(0), kept_at.get("worst_off", Fraction(0)))
    _add(worths, pursued, Fraction(1))
    for key, level in kept_at.items():
        price, kept = _price(kept_prices.get(key, 0)), entry_named(order, key)
        _add(worths, kept, price)
        worths.constant -= kept.sense * price * level
    for rule, instances in _field(stage, "prices", dict).items():
        _subtract(worths, rule, instances)
    return worths.constant + sum(_pieces(worths), Fraction(0))


def _add(worths: ReducedCosts, pursued: Entry, price: Fraction) -> None:
    """Adds what is pursued, to be made large, times a price."""
    for objective, weight in pursued.parts:
        add_objective(worths, objective, pursued.sense * weight * price)


def _subtract(worths: ReducedCosts, rule: str, instances: Any) -> None:
    """Subtracts the instances of one rule at their prices."""
    if rule not in RULES:
        raise ValueError(f"no rule {rule!r} has prices")
    if not isinstance(instances, list):
        raise ValueError(f"{rule}: {brief(instances)} is no list of instances")
    subtract, names = RULES[rule]
    for instance in instances:
        if not isinstance(instance, list) or [type(each) for each in instance[:-1]] != list(names):
            raise ValueError(f"{rule}: {brief(instance)} is no instance")
        *key, price = instance
        if names[-1] is int and key[-1] not in worths.world.years:
            raise ValueError(f"{rule}: {brief(instance)} is outside the horizon")
        try:
            subtract(worths, _price(price, free=rule in EQUATIONS), *key)
        except (KeyError, IndexError) as error:
            raise ValueError(f"{rule}: {brief(instance)} names what does not exist: {error}") from None


def _price(value: object, *, free: bool = False) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{brief(value)} is no price")
    price = Fraction(value)
    if price < 0 and not free:
        raise ValueError(f"{value} is a negative price")
    return price


def _field(stage: Any, name: str, kind: type) -> Any:
    if not isinstance(stage, dict) or not isinstance(stage.get(name), kind):
        raise ValueError(f"a stage without {name}")
    return stage[name]


def _pieces(worths: ReducedCosts) -> Iterator[Fraction]:
    """The most that each piece can be worth, all others apart."""
    world, zero = worths.world, Fraction(0)
    for need in world.needs:
        yield _filled(worths, need)
    yield from _engagements(worths)
    for state in sorted(worths.complete.keys() | worths.late.keys()):
        yield max((zero, *_completions(worths, state)))
    for table in (worths.started, worths.partner, worths.whole, worths.link_start):
        yield from (worth for worth in table.values() if worth > 0)
    for (offer, year), worth in worths.carried.items():
        if worth > 0 and year > world.years.start:  # nothing is carried into the first year
            yield worth * (world.most_money[offer, year] - world.new_money(world.funding[offer], year))
    yield from (worth * world.earlier[key] for key, worth in worths.lost.items() if worth > 0)
    yield from (worth * world.most(*key) for key, worth in worths.gained.items() if worth > 0)
    for (provider, state), worth in worths.excess.items():
        yield max(zero, worth) * sum(world.most_paid(provider, state, year) for year in world.years)
    for key in sorted(worths.up.keys() | worths.down.keys()):
        yield max(zero, worths.up[key] * world.most_paid(*key), worths.down[key] * _most_before(world, *key))
    yield max(zero, worths.worst) * max(world.own_bounds.values(), default=zero)


def _most_before(world: ScenarioLimits, provider: str, state: str, year: int) -> int:
    """The most that a link can have been paid in the year before."""
    if year == world.years.start:
        return world.ongoing_links[provider, state] or 0
    return world.most_paid(provider, state, year - 1)


def _completions(worths: ReducedCosts, state: str) -> Iterator[Fraction]:
    """The worths of what a State could come to, of which it comes to one at most: completion, and a late one."""
    world = worths.world
    for worth, years in ((worths.complete[state], world.timely(state)), (worths.late[state], world.years)):
        if worth > 0 and world.can_complete(state, years):
            yield worth


def _engagements(worths: ReducedCosts) -> Iterator[Fraction]:
    """The most that engagements can be worth: a State's own one by one, external ones with all of their link."""
    world = worths.world
    links: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    for offer, state, year in {*worths.engaged, *worths.working, *world.pinned}:
        if world.external(offer, state):
            links[world.offers[offer]["provider"], state, year].add(offer)
        else:
            worth = worths.engaged.get((offer, state, year), Fraction(0))
            yield worth if (offer, state, year) in world.pinned else max(Fraction(0), worth)
    for provider, state, year in worths.link:
        links[provider, state, year].update(world.partners.get((provider, state), {}).get(year, ()))
    for link, offers in links.items():
        yield _link(worths, link, offers)


def _link(worths: ReducedCosts, link: tuple[str, str, int], offers: Iterable[str]) -> Fraction:
    """The most that a link can be worth in a year: if none of its offers works, or if some do.

    Each offer is not engaged, engaged without a gift, or works; the link works if one of them does. Who is pinned
    works, and whoever may not work in the State and year does not.
    """
    idle, gains, works = Fraction(0), [], False
    for offer in offers:
        key = (offer, *link[1:])
        without = max(Fraction(0), worths.engaged.get(key, Fraction(0)))
        working = worths.engaged.get(key, Fraction(0)) + worths.working.get(key, Fraction(0))
        if key in worths.world.pinned:
            idle, works = idle + working, True
        else:
            idle += without
            gains += [working - without] if key in worths.world.relations else []
    if not works and not gains:
        return idle
    more = sum((gain for gain in gains if gain > 0), Fraction(0))
    least = Fraction(0) if works else min(Fraction(0), max(gains))
    some = idle + worths.link.get(link, Fraction(0)) + more + least
    return some if works else max(idle, some)


def _filled(worths: ReducedCosts, need: str) -> Fraction:
    """The most that a need's granules can be worth: its quantity, filled from the dearest on (Dantzig, 1957)."""
    left, total = worths.world.demand[need], Fraction(0)
    for worth, most in sorted(_offered(worths, need), reverse=True):
        taken = min(left, most)
        total, left = total + taken * worth, left - taken
        if not left:
            break
    return total


def _offered(worths: ReducedCosts, need: str) -> Iterator[tuple[Fraction, int]]:
    """Yields the worth of a granule by each worker in each year, where it is positive, and the most of them."""
    world = worths.world
    for year in world.window(world.needs[need]):
        workers = world.workers(need, year)
        money = _dearest_money(worths, need, year, workers)
        for worker, payers in workers.items():
            worth = _work(worths, worker, need, year)
            if payers is not None:
                worth += world.prices[worker] * money[payers]
            if worth > 0:
                yield worth, world.most_work(worker, need, year)


def _dearest_money(
    worths: ReducedCosts, need: str, year: int, workers: Mapping[str, tuple[str, ...] | None]
) -> dict[tuple[str, ...], Fraction]:
    """By who can pay: the worth of a minor unit from whom it is worth most."""
    paid = {payers for payers in workers.values() if payers is not None}
    known = {payer: _money(worths, payer, need, year) for payer in {payer for payers in paid for payer in payers}}
    return {payers: max(known[payer] for payer in payers) for payers in paid}


def _work(worths: ReducedCosts, worker: str, need: str, year: int) -> Fraction:
    """The worth of a granule of work for a need, unpaid."""
    return Fraction(
        worths.delivered.get((need, year), 0)
        + worths.worked.get((worker, year), 0)
        + worths.given.get((worker, worths.world.needs[need]["state"], year), 0)
        + worths.given_to.get((worker, need, year), 0)
    )


def _money(worths: ReducedCosts, payer: str, need: str, year: int) -> Fraction:
    """The worth of a minor unit that an offer pays for a need."""
    state = worths.world.needs[need]["state"]
    worth = (
        worths.spent.get((payer, year), 0)
        + worths.given.get((payer, state, year), 0)
        + worths.given_to.get((payer, need, year), 0)
    )
    if worths.world.external(payer, state):
        worth += worths.external.get((state, year), 0)
    return Fraction(worth)


def _in_steps(world: ScenarioLimits, name: str, best: Fraction) -> Fraction:
    """The largest figure (to be maximised) that can occur, where figures move in steps."""
    if name in ("completions", "late_completions"):
        step = _common([Fraction(state["weight"]) for state in world.states.values()])
    elif name in ("engagements", "cost", "turnover", "swings"):
        step = Fraction(1)
    else:
        return best
    return best if not step else step * (best // step)


def _common(weights: Iterable[Fraction]) -> Fraction:
    """The greatest number of which all weights are multiples."""
    known = [weight for weight in weights if weight]
    under = lcm(*(weight.denominator for weight in known))
    return Fraction(gcd(*(int(weight * under) for weight in known)), under)
