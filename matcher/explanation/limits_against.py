"""What can stand against a goal of a State: limits and dates, each of which can be waived alone.

All are monotone: what is possible stays possible when more is waived. So an offer that asks for a least
number of years is not let go on for longer, since an engagement would then have to last longer, too; and a limit on
one provider's share that does not bind, since too few could pay, does not come to bind when others may pay as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.engine.conflicts.limits import limits_of
from matcher.explanation.findings import Goal
from matcher.scenario import FundingOffer, Need, Scenario, TechnicalOffer, Years
from matcher.scenario.edits import THE_SCENARIO, AllowAgain, Deadline, Edit, Lengthen, Owner, WaiveLimit, edited
from matcher.scenario.eligibility import need_node, reach
from matcher.scenario.within_reach import limited_shares

DATES = ("begins", "deadline", "ends", "forbid", "window")
"""Kinds that are no limits of money, work or number: dates, and what the user has decided against."""


@dataclass(frozen=True)
class BindingLimit:
    """What stands in the way about one entity, in all years."""

    code: str
    """Kind of limit."""
    subject: str
    """Whose it is."""
    waives: tuple[Edit, ...]
    """Take it out of its scenario."""


def limits_against(scenario: Scenario, goal: Goal) -> list[BindingLimit]:
    """Returns what touches a State: its own, its needs', and that of the offers whose filters let them come.

    Dates come first, then by kind and name: where several must give way together, limits are named rather
    than dates.
    """
    graph, state = reach(scenario), goal.state
    needs = [need.id for need in scenario.needs_of(state)]
    offers = sorted({offer for need in needs for offer in graph.predecessors(need_node(need))})
    found: dict[tuple[str, str], list[Edit]] = defaultdict(list)
    near: set[Owner] = {THE_SCENARIO, ("states", state)}
    near |= {*(("needs", need) for need in needs), *(("offers", each) for each in offers)}
    for limit in limits_of(scenario):
        if limit.owner in near and limit.conflict.reason != "quantity":
            found[limit.conflict.reason, limit.conflict.subjects[0]].append(limit.waiver)
    for code, subject, edit in _dates(scenario, goal, offers):
        found[code, subject].append(edit)
    order = sorted(found, key=lambda each: (each[0] not in DATES, *each))
    return [BindingLimit(*key, tuple(found[key])) for key in order]


def scenario_without(scenario: Scenario, stops: Sequence[BindingLimit]) -> Scenario:
    """Returns the scenario with some of what stands in the way waived."""
    found = edited(scenario, *(edit for stop in stops for edit in stop.waives))
    return edited(found, *share_waivers(scenario, found))


def share_waivers(before: Scenario, after: Scenario) -> list[WaiveLimit]:
    """Returns waivers of the limits on one provider's share that bind in a scenario and did not in the one before."""
    bound = {state for state, _ in limited_shares(before)}
    return [WaiveLimit("states", state, "max_share") for state, _ in limited_shares(after) if state not in bound]


_Named = tuple[str, str, Edit]


def _dates(scenario: Scenario, goal: Goal, offers: Sequence[str]) -> Iterator[_Named]:
    horizon = scenario.horizon
    state = scenario.state(goal.state)
    if goal.need is None and state.last_year < horizon.last:
        yield "deadline", state.id, Deadline(state.id, horizon.last)
    for need in scenario.needs_of(state.id):
        if need.years is not None and _shorter(need.years, horizon):
            yield "window", need.id, WaiveLimit("needs", need.id, "years")
        yield from _forbids(scenario, need)
    for key in offers:
        yield from _of_offer(scenario.offer(key), horizon)


def _shorter(years: Years, horizon: Years) -> bool:
    return years.first > horizon.first or years.last < horizon.last


def _of_offer(offer: FundingOffer | TechnicalOffer, horizon: Years) -> Iterator[_Named]:
    """An offer that begins after the horizon does or ends before it: with as much as in its first or last year."""
    years = offer.years
    if years is not None and years.first > horizon.first:
        yield "begins", offer.id, Lengthen(offer.id, horizon.first)
    if years is not None and years.last < horizon.last and offer.min_years == 1:
        yield "ends", offer.id, Lengthen(offer.id, horizon.last)


def _forbids(scenario: Scenario, need: Need) -> Iterator[_Named]:
    """What the user has decided against that may concern a need, by what it names first."""
    for forbid in scenario.decisions.forbids:
        if forbid.state in (None, need.state) and forbid.need in (None, need.id):
            named = forbid.offer or forbid.provider or forbid.kind or forbid.need or need.state
            yield "forbid", named, AllowAgain(forbid)
