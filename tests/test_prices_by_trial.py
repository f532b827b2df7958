"""Prices and pieces against every right portfolio of tiny scenarios, found by trying everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest

from brute_force import TooMany, right_facts
from lasting_fields import draw_lasting_scenario
from matcher.verification.bound import _pieces
from matcher.verification.documents import completed, fractional
from matcher.verification.limits import ScenarioLimits
from matcher.verification.objectives import add_objective
from matcher.verification.order import SENSE
from matcher.verification.worths import EQUATIONS, RULES, ReducedCosts
from priced_portfolios import Amounts, amounts_of, instances, left_of

SEEDS = 250
"""Scenarios that are drawn; most of them are small enough."""
LIMIT = 60
"""Most portfolios of one scenario."""

Case = tuple[ScenarioLimits, list[tuple[Amounts, dict[str, Fraction]]]]


@cache
def cases() -> tuple[Case, ...]:
    """Returns small scenarios with what each of their right portfolios holds of everything, and its figures."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for seed in range(SEEDS):
        scenario = draw_lasting_scenario(seed, states=1 + seed % 2, years=2 + seed % 2, most=2)
        world = ScenarioLimits(fractional(completed(scenario.model_dump())))
        try:
            found = list(right_facts(world, LIMIT))
        except TooMany:
            continue
        yield world, [(amounts_of(world, facts, figures), figures) for facts, figures in found]


def test_there_is_something_to_try() -> None:
    """Scenarios and portfolios are many, and each figure is now and then more than nothing."""
    assert len(cases()) > 50
    portfolios = [figures for _, found in cases() for _, figures in found]
    assert len(portfolios) > 400
    assert {name for figures in portfolios for name, value in figures.items() if value} == set(SENSE) - {"disruption"}


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"earlier"}))
def test_every_instance_of_a_rule_holds_in_every_right_portfolio(rule: str) -> None:
    """At what portfolios hold, no rule as priced is broken, and some are exactly kept; equations always are."""
    tight = tried = 0
    for world, portfolios in cases():
        for instance in instances(world, rule):
            worths = ReducedCosts(world)
            RULES[rule][0](worths, Fraction(1), *instance)
            for amounts, _ in portfolios:
                left = left_of(worths, amounts)
                assert left >= 0, (world.scenario["states"], instance)
                assert left == 0 or rule not in EQUATIONS, (world.scenario, instance)
                tried, tight = tried + 1, tight + (left == 0)
    assert tried
    assert tight


@pytest.mark.parametrize("objective", sorted(set(SENSE) - {"disruption"}))
def test_an_objective_is_worth_its_figure(objective: str) -> None:
    """Summed over what a portfolio holds, the worths of an objective are its figure."""
    for world, portfolios in cases():
        worths = ReducedCosts(world)
        add_objective(worths, objective, Fraction(1))
        for amounts, figures in portfolios:
            assert left_of(worths, amounts) == figures[objective], world.scenario


GROUPS = {
    "engagements": ("engaged", "working", "link"),
    "completions": ("complete", "late"),
    "moves": ("up", "down"),
    "starts": ("started", "link_start"),
    "partners": ("partner",),
    "excess": ("excess",),
}
"""Tables of worths that are bounded together, and apart from all others."""


def _keys(world: ScenarioLimits) -> dict[str, list[Any]]:
    """Everything that can have a worth, by table."""
    links = [(*link, year) for link in world.partners for year in world.years]
    moves = [(*link, year) for link in world.partners for year in world.years if world.moves(*link, year)]
    relations = [each for each in sorted(world.relations) if world.external(each[0], each[1])]
    return {
        "engaged": sorted(world.relations),
        "working": relations,
        "link": links,
        "complete": list(world.states),
        "late": list(world.states),
        "up": moves,
        "down": moves,
        "started": sorted(world.relations),
        "link_start": links,
        "partner": links,
        "excess": list(world.partners),
    }


@pytest.mark.parametrize("group", GROUPS)
def test_no_right_portfolio_passes_the_pieces(group: str) -> None:
    """Whatever things are worth, pieces are worth at least what any portfolio holds of them; and no more, at times."""
    tight = 0
    for number, (world, portfolios) in enumerate(cases()):
        chance, keys = Random(number), _keys(world)
        for _ in range(8):
            worths = ReducedCosts(world)
            for table in GROUPS[group]:
                for key in keys[table]:
                    getattr(worths, table)[key] += chance.choice((0, 0, chance.randint(-5, 5)))
            most = sum(_pieces(worths), Fraction(0))
            held = [left_of(worths, amounts) for amounts, _ in portfolios]
            assert all(each <= most for each in held), world.scenario
            tight += most > 0 and most in held
    assert tight


@pytest.mark.parametrize("objective", sorted(set(SENSE) - {"disruption"}))
def test_no_right_portfolio_passes_what_any_prices_prove(objective: str) -> None:
    """Prices drawn at random for rules drawn at random prove nothing that a portfolio refutes."""
    for number, (world, portfolios) in enumerate(cases()):
        chance = Random(number)
        worths = ReducedCosts(world)
        add_objective(worths, objective, Fraction(SENSE[objective]))
        for rule in sorted(set(RULES) - {"earlier"}):
            for instance in instances(world, rule):
                if chance.randint(0, 3) == 0:
                    low = -3 if rule in EQUATIONS else 0
                    RULES[rule][0](worths, Fraction(chance.randint(low, 3), 2), *instance)
        most = worths.constant + sum(_pieces(worths), Fraction(0))
        for _, figures in portfolios:
            assert SENSE[objective] * figures[objective] <= most, world.scenario


def test_every_table_of_worths_is_looked_at() -> None:
    """What portfolios hold is told for each thing that can have a worth."""
    given = {"world", "constant", "worst_kept", "all_short"}  # what all worths are counted by
    tables = {each.name for each in fields(ReducedCosts)} - given
    (_, ((amounts, _), *_)), *_ = cases()
    assert set(amounts) == tables


def test_waiting_is_never_less_than_its_floor() -> None:
    """What stays open in any plan is what some portfolio, at times, comes down to."""
    floors = [(world.waiting_floor, [figures["waiting"] for _, figures in found]) for world, found in cases() if found]
    assert all(floor <= min(waits) for floor, waits in floors)
    assert any(0 < floor == min(waits) for floor, waits in floors)
