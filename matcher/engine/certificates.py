"""Certificates: the prices that prove a result's bounds, so that anybody can add them up again.

For each objective the relaxation is priced once more, the States' own rows too, and the prices are
written down by what they belong to: a rule of the model and the offer, State, need and year of its
instance. `matcher.verification.bound` recomputes from them, exactly and without a solver, what they
prove; it starts from the scenario and never sees a row of ours.

A certificate proves what relaxations can. Bounds that a search has made tighter still rest on the
search's word, and whoever verifies a bundle is told by how much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from matcher.engine.by_state.bundle import Bundle
from matcher.engine.by_state.prices import cut, reduced_weight, whole_prices
from matcher.engine.by_state.search import starting_plan
from matcher.engine.lexicographic import Pursuit, levels_of
from matcher.engine.problem import ObjectiveProblem
from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.formulation.columns import WORST_SCALE
from matcher.formulation.formulate import formulate
from matcher.formulation.formulation import Formulation
from matcher.formulation.need_aggregation import Merged, merge
from matcher.formulation.objectives import linear_objective
from matcher.portfolio.result import Result
from matcher.scenario import FundingOffer, Scenario
from matcher.solvers.effort import WorkBudget
from matcher.solvers.engines import Limits, SolverFailed, engine
from matcher.solvers.linear_model import Floats, LinearObjective, RowGroup, whole_ratio
from matcher.units import fraction, plain
from matcher.verification.worths import EQUATIONS

_DIGITS = 15
"""Significant digits of a written price: any price proves something, and more digits would not prove more."""
_NOTHING = 1e-16
"""Share of a rule's largest price below which a price is left out."""

Instance = list[Any]
"""Ids and numbers that name an instance of a rule, and its price."""


def certify(scenario: Scenario, result: Result, settings: Settings = DEFAULT_SETTINGS) -> dict[str, Any]:
    """Returns the certificate of a result, as plain data; takes about as long as the relaxations of its objectives.

    Parameters
    ----------
    scenario, result
        A scenario and what was proposed for it.
    settings
        What the search for prices is tuned by.

    Returns
    -------
    dict
        ``certificate`` (format), and ``stages``: for each objective its name, the levels at which
        earlier objectives are kept (``p/q``), their prices, and the prices of rules by name.
    """
    merged = merge(scenario)
    formulation = formulate(merged.scenario)
    levels = list(levels_of(formulation))
    pursuit = Pursuit(formulation, [level.objective for level in levels])
    stages: list[dict[str, Any]] = []
    kept: dict[str, Fraction] = {}
    for level, stage in zip(levels, result.stages, strict=False):  # a limit may have left later ones out
        task = _opened(replace(pursuit.problem(level.objective, result.options), settings=settings))
        prices = _prices(task)
        written = {} if prices is None else _written(task, merged, prices)
        stages.append(
            {
                "objective": level.name,
                "kept": {name: plain(figure) for name, figure in kept.items()},
                "kept_prices": {} if prices is None else _kept_prices(task, prices, kept),
                "prices": written,
            }
        )
        value = fraction(stage.exact)
        kept[level.name] = level.kept(value)
        if len(stages) < len(result.stages):
            pursuit.keep(level, value)
    return {"certificate": 1, "stages": stages}


def rule_prices(scenario: Scenario, name: str, settings: Settings = DEFAULT_SETTINGS) -> dict[str, list[Instance]]:
    """Returns what a unit of each rule's limit is worth to one objective alone, where every amount may be a fraction.

    Returns
    -------
    dict
        By name of the rule: instances, each its ids and numbers and then the price, in units of the objective.
        Prices of limits that bind are positive. Empty where the relaxation has no prices.
    """
    # for that objective alone: gates that others ask for would share the price of the budget behind them
    objectives = scenario.objectives.with_fields(order=[{"objective": name}], weights=None)
    merged = merge(scenario.with_fields(objectives=objectives))
    formulation = formulate(merged.scenario)
    objective = linear_objective(formulation.columns, name)
    task = replace(_opened(Pursuit(formulation, [objective]).problem(objective)), settings=settings)
    prices = _prices(task)
    return {} if prices is None else _written(task, merged, prices)


def _opened(task: ObjectiveProblem) -> ObjectiveProblem:
    """The problem with wider bounds of money: its limits are rules, and it is these that a certificate prices."""
    upper = task.model.upper.copy()
    upper[task.columns.works : task.columns.flows] *= 8
    upper[task.columns.spent[task.columns.spent >= 0]] *= 8
    return replace(task, model=task.model.with_bounds(task.model.lower, upper))


def _prices(task: ObjectiveProblem) -> Floats | None:
    """Prices of all rows, in figures of the (maximised) objective per unit of activity; None if there are none."""
    sign = 1.0 if task.objective.maximise else -1.0
    if len(task.model.rows.column) <= task.settings.prices.most_factored_terms:
        try:
            relaxed = engine("interior")(task.model, task.objective, _limits(task), task.clock)
        except SolverFailed:
            return _rough_prices(task)
        return None if relaxed.prices is None else sign * relaxed.prices / task.objective.denominator
    return _rough_prices(task)


def _limits(task: ObjectiveProblem) -> Limits:
    """When a relaxation ends."""
    return task.settings.limits(task.settings.certificates.work)


def _rough_prices(task: ObjectiveProblem) -> Floats | None:
    """Prices of a large model: of shared rows by a first-order method and a bundle, then of each State's own."""
    sign = 1.0 if task.objective.maximise else -1.0
    relaxed = engine("first_order")(task.model, task.objective, _limits(task), task.clock)
    plan, _ = starting_plan(task)
    if relaxed.prices is None or plan is None:
        return None
    blocks = cut(task.model, task.objective, task.columns.state)
    bundle = Bundle(task, blocks, whole_prices(blocks, sign * relaxed.prices[blocks.row]), plan)
    bundle.step(task.settings.certificates.steps, WorkBudget(float("inf")))
    shared = bundle.valued.valuation.prices
    prices = np.zeros(task.model.rows.count)
    prices[blocks.row] = shared / np.exp2(blocks.shift) / blocks.denominator
    reduced = reduced_weight(blocks, shared)
    for block in blocks.blocks:
        objective = LinearObjective("block", True, reduced[block.columns], 1, Fraction(0))
        outcome = engine("lp")(block.model, objective, _limits(task), task.clock)
        if outcome.prices is not None:
            prices[block.rows] = outcome.prices / blocks.denominator
    return prices


def _kept_prices(task: ObjectiveProblem, prices: Floats, kept: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """Prices of what earlier objectives have reached, per unit of their figure."""
    objectives = {level.name: level.objective for level in levels_of(task.formulation)}
    rises = _rises(task, kept)
    total: dict[str, float] = {}
    for row, label in enumerate(task.model.rows.label):
        if label[0] == "kept":  # the smallest coverage has a row for each State, where any counts
            each = len(label) > 2
            scale = WORST_SCALE * rises[label[2]] if each else objectives[label[1]].denominator
            total[label[1]] = total.get(label[1], 0.0) + abs(float(prices[row])) * scale
    return {name: price for name, each in total.items() if (price := _decimal(each))}


def _rises(task: ObjectiveProblem, kept: Mapping[str, Fraction]) -> dict[str, float]:
    """By how much each State's coverage rises, at the least, with the smallest from where that is kept."""
    reach, least = task.columns.reachable, float(kept.get("worst_off", 0)) * WORST_SCALE
    room = float(reach.bound.max(initial=0)) - least
    rise = np.where(reach.held, np.maximum(reach.bound - least, 0) / room if room > 0 else 0, 1)
    return dict(zip((state.id for state in task.formulation.scenario.states), rise.tolist(), strict=True))


def _written(task: ObjectiveProblem, merged: Merged, prices: Floats) -> dict[str, list[Instance]]:
    """Prices by rule and instance, in the words of the scenario."""
    namer = _Namer(task.formulation, merged)
    found: dict[str, list[Instance]] = {}
    for group in task.formulation.groups:
        here = prices[group.first : group.first + group.count]
        least = _NOTHING * float(np.abs(here).max(initial=0.0))
        for at in np.flatnonzero(np.abs(here) > least).tolist():
            for rule, key, factor in namer.instances(group, at):
                price = float(here[at]) * factor
                written = _decimal(price if rule in EQUATIONS else abs(price))
                if written:
                    found.setdefault(rule, []).append([*key, written])
    smallest = _smallest(task, prices)
    if smallest:
        found["smallest"] = smallest
    return {rule: sorted(instances, key=_by_name) for rule, instances in found.items()}


def _smallest(task: ObjectiveProblem, prices: Floats) -> list[Instance]:
    """Prices of the States' own coverage, where the smallest one is sought or kept."""
    total: dict[str, float] = {}
    for row, label in enumerate(task.model.rows.label):
        if label[0] in ("worst_off", "reached") or label[:2] == ("kept", "worst_off"):
            total[label[-1]] = total.get(label[-1], 0.0) + abs(float(prices[row])) * WORST_SCALE
    return [[state, price] for state, each in total.items() if (price := _decimal(each))]


def _by_name(instance: Instance) -> list[str]:
    return [str(part) for part in instance[:-1]]


def _decimal(price: float) -> Decimal:
    """A price in a few digits."""
    return Decimal(f"{price:.{_DIGITS - 1}e}").normalize()


_NAMERS = {
    "budget": "_budget",
    "carry-over": "_carry_over",
    "capacity": "_capacity",
    "need per year": "_need_per_year",
    "need": "_need",
    "absorption": "_absorption",
    "precedence": "_precedence",
    "engagement": "_engagement",
    "minimum": "_minimum",
    "begin": "_begin",
    "lasting": "_lasting",
    "max_states": "_max_states",
    "max_partners": "_max_partners",
    "partner": "_partner",
    "matching": "_matching",
    "completion": "_completion",
    "earlier": "_earlier",
    "working": "_working",
    "working minimum": "_working_minimum",
    "ongoing term": "_ongoing_term",
    "late": "_late",
    "link": "_link",
    "works": "_works",
    "link_start": "_link_start",
    "first_start": "_first_start",
    "swing": "_swing",
    "excess": "_excess",
    "max_share": "_max_share",
}
"""By rule of the formulation: the method that tells what a row is about."""


class _Namer:
    """Tells what a row of the formulation is about, as `matcher.verification.worths` names rules."""

    def __init__(self, formulation: Formulation, merged: Merged) -> None:
        self._scenario, self._columns, self._members = formulation.scenario, formulation.columns, merged.members
        columns = formulation.columns
        relation, year = np.nonzero(columns.engaged >= 0)
        self._gate = np.full((columns.count, 2), -1, np.int64)
        self._gate[columns.engaged[relation, year]] = np.stack((relation, year), axis=1)
        self._direct = self._direct_partners()

    def _direct_partners(self) -> dict[tuple[int, int], list[int]]:
        """Relations that are counted as partners themselves, by State and year."""
        columns, relations = self._columns, self._columns.relations
        found: dict[tuple[int, int], list[int]] = {}
        for at, year in zip(*(each.tolist() for each in np.nonzero(columns.engaged >= 0)), strict=True):
            several = relations.partner[at] >= 0 and columns.partner[relations.partner[at], year] >= 0
            if relations.external[at] and not several:
                found.setdefault((int(relations.state[at]), year), []).append(at)
        return found

    def instances(self, group: RowGroup, at: int) -> Iterator[tuple[str, Instance, float]]:
        """Yields rule, key and how many times the row is the rule's own inequality; nothing for other rows."""
        name = _NAMERS.get(group.rule)
        if name is not None:
            yield from getattr(self, name)(*(int(each[at]) for each in group.of))

    def _offer(self, offer: int) -> str:
        return self._scenario.offers[offer].id

    def _year(self, year: int) -> int:
        return self._scenario.horizon.first + year

    def _state(self, state: int) -> str:
        return self._scenario.states[state].id

    def _relation(self, relation: int, year: int) -> Instance:
        relations = self._columns.relations
        return [self._offer(relations.offer[relation]), self._state(relations.state[relation]), self._year(year)]

    def _of(self, need: int) -> tuple[str, ...]:
        """The needs of the original scenario that a need stands for."""
        key = self._scenario.needs[need].id
        return tuple(self._members[key])

    def _budget(self, offer: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "budget", [self._offer(offer), self._year(year)], 1.0

    def _carry_over(self, offer: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "carry_over", [self._offer(offer), self._year(year)], float(self._columns.carry_overs[1][offer])

    def _capacity(self, offer: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "capacity", [self._offer(offer), self._year(year)], 1.0

    def _need_per_year(self, need: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        if len(self._of(need)) == 1:
            yield "need_per_year", [self._of(need)[0], self._year(year)], 1.0

    def _need(self, need: int) -> Iterator[tuple[str, Instance, float]]:
        if self._columns.whole[need] >= 0:
            yield "indivisible", [self._of(need)[0]], 1.0

    def _absorption(self, state: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "absorption", [self._state(state), self._year(year)], 1.0

    def _precedence(self, need: int, place: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        demand = self._columns.payments.demand
        after = self._scenario.needs[need].after[place]
        other = self._scenario.index.needs[after.need]
        mine, _, _ = whole_ratio(
            Fraction(1, int(demand[need])), Fraction(1, int(demand[other])), Fraction(after.head_start)
        )
        yield "precedence", [self._of(need)[0], place, self._year(year)], float(mine * int(demand[need]))

    def _engagement(self, gate: int, need: int | None = None) -> Iterator[tuple[str, Instance, float]]:
        key = self._relation(*self._gate[gate].tolist())
        if need is None:
            yield "engagement", key, 1.0
        elif len(self._of(need)) == 1:
            yield "engagement_for", [key[0], self._of(need)[0], key[2]], 1.0

    def _minimum(self, gate: int) -> Iterator[tuple[str, Instance, float]]:
        yield "minimum", self._relation(*self._gate[gate].tolist()), 1.0

    def _begin(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "start", self._relation(relation, year), 1.0

    def _lasting(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "lasting", self._relation(relation, year), 1.0

    def _max_states(self, offer: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "max_states", [self._offer(offer), self._year(year)], 1.0

    def _max_partners(self, state: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "max_partners", [self._state(state), self._year(year)], 1.0
        for relation in self._direct.get((state, year), ()):
            yield "partner", self._relation(relation, year), 1.0

    def _partner(self, gate: int) -> Iterator[tuple[str, Instance, float]]:
        yield "partner", self._relation(*self._gate[gate].tolist()), 1.0

    def _matching(self, state: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        relations, offers = self._columns.relations, self._scenario.offers
        asked = [offers[at] for at in relations.offer[relations.state == state].tolist()]
        ratios = [Fraction(each.match) for each in asked if isinstance(each, FundingOffer) and each.match]
        yield "matching", [self._state(state), self._year(year)], float(whole_ratio(Fraction(1), *ratios)[0])

    def _earlier(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "earlier", self._relation(relation, year), 1.0

    def _working(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "engagement", self._relation(relation, year), 1.0

    def _working_minimum(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "minimum", self._relation(relation, year), 1.0

    def _ongoing_term(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "ongoing_term", self._relation(relation, year), 1.0

    def _late(self, need: int) -> Iterator[tuple[str, Instance, float]]:
        for each in self._of(need):
            yield "late", [each], 1.0

    def _of_link(self, link: int) -> Instance:
        links = self._columns.links
        return [self._scenario.providers[int(links.provider[link])].id, self._state(int(links.state[link]))]

    def _link(self, relation: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "link", self._relation(relation, year), 1.0

    def _works(self, link: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "works", [*self._of_link(link), self._year(year)], 1.0

    def _link_start(self, link: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "link_start", [*self._of_link(link), self._year(year)], 1.0

    def _first_start(self, relation: int) -> Iterator[tuple[str, Instance, float]]:
        yield "first_start", self._relation(relation, 0)[:2], 1.0

    def _swing(self, link: int, year: int) -> Iterator[tuple[str, Instance, float]]:
        yield "swing", [*self._of_link(link), self._year(year)], 1.0

    def _excess(self, link: int) -> Iterator[tuple[str, Instance, float]]:
        share = Fraction(self._scenario.objectives.dependence_share)
        yield "excess", self._of_link(link), float(share.denominator)

    def _max_share(self, link: int) -> Iterator[tuple[str, Instance, float]]:
        share = self._scenario.states[int(self._columns.links.state[link])].max_share
        assert share is not None
        yield "max_share", self._of_link(link), float(Fraction(share).denominator)

    def _completion(self, need: int) -> Iterator[tuple[str, Instance, float]]:
        for each in self._of(need):
            yield "completion", [each], 1.0
