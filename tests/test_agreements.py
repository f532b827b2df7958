"""As few agreements as possible, then as few breaks: pairs of the same flows, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from matcher.engine.agreements import Agreed, fewest_agreements
from matcher.engine.lexicographic import Pursuit
from matcher.engine.problem import ObjectiveProblem
from matcher.engine.settings import AgreementSettings, Settings
from matcher.engine.solving import solve
from matcher.formulation.columns import Columns
from matcher.formulation.formulate import formulate
from matcher.formulation.objectives import linear_objective
from matcher.formulation.plans import NO_PAIRS, Pairs, Plan, with_derived_columns
from matcher.portfolio.result import SolveOptions
from matcher.solvers.engines import SolverFailed
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario

TWO_AND_TWO: Changes = {
    "horizon": [2015, 2017],
    "states.A.deadline": 2017,
    "providers.friend": {"name": "Another donor", "kind": "foundation"},
    "providers.team": {"name": "Another operator", "kind": "operator"},
    "needs.n.quantity": 60,
    "offers.f": {"kind": "funding", "provider": "donor", "amount": 10},
    "offers.g": {"kind": "funding", "provider": "friend", "amount": 10},
    "offers.t": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 10, "price": 1},
    "offers.u": {"kind": "technical", "provider": "team", "capability": "clearance", "capacity": 10, "price": 1},
}
"""Two who pay 10 a year and two who do 10 granules at 1: everybody could pay everybody."""
PRICES: Changes = TWO_AND_TWO | {
    "horizon": [2015, 2015],
    "needs.n.quantity": 800,
    "offers.f": {"kind": "funding", "provider": "donor", "amount": 1001},
    "offers.g": {"kind": "funding", "provider": "friend", "amount": 1001},
    "offers.t": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 400, "price": 3},
    "offers.u": {"kind": "technical", "provider": "team", "capability": "clearance", "capacity": 400, "price": 2},
}
"""400 granules at 3 and 400 at 2, so many that money is counted in minor units and not in granules."""
Pair = tuple[str | None, str, int, int]
"""Who pays, who works, the year and the granules."""


def _task(scenario: Any, objective: str = "coverage") -> ObjectiveProblem:
    formulation = formulate(scenario, sought=frozenset({objective}))
    aim = linear_objective(formulation.columns, objective)
    return Pursuit(formulation, [aim]).problem(aim)


def _column(columns: Columns, offer: str, year: int, need: str, *, money: bool) -> int:
    index = columns.scenario.index
    here = (columns.flow_offer == index.offers[offer]) & (columns.flow_year == year - columns.scenario.horizon.first)
    here &= columns.flow_need == index.needs[need]
    here &= np.arange(columns.flows) >= columns.works if money else np.arange(columns.flows) < columns.works
    (found,) = np.flatnonzero(here).tolist()
    return int(found)


def _plan(task: ObjectiveProblem, *pairs: Pair, need: str = "n") -> Plan:
    columns = task.columns
    work = [_column(columns, worker, year, need, money=False) for _, worker, year, _ in pairs]
    money = [-1 if payer is None else _column(columns, payer, year, need, money=True) for payer, _, year, _ in pairs]
    some = Pairs(*(np.array(each, np.int64) for each in (work, money, [granules for *_, granules in pairs])))
    order = np.lexsort((some.money, some.work))
    nothing = np.zeros(columns.count, np.int64)
    plan = with_derived_columns(columns, some.where(order), nothing)
    assert task.model.admits(plan.point)
    return plan


def _told(task: ObjectiveProblem, plan: Plan) -> set[Pair]:
    """The pairs of a plan by name."""
    columns, offers = task.columns, task.columns.scenario.offers

    def name(column: int) -> str | None:
        return None if column < 0 else offers[int(columns.flow_offer[column])].id

    table = zip(plan.pairs.work.tolist(), plan.pairs.money.tolist(), plan.pairs.granules.tolist(), strict=True)
    return {
        (name(money), str(name(work)), columns.scenario.years[int(columns.flow_year[work])], granules)
        for work, money, granules in table
    }


def _found(changes: Changes, *pairs: Pair, objective: str = "coverage") -> tuple[set[Pair], tuple[Agreed, ...]]:
    task = _task(small_scenario(changes), objective)
    plan, agreed = fewest_agreements(task, _plan(task, *pairs), Settings())
    assert task.model.admits(plan.point)
    return _told(task, plan), agreed


def _crossed(year: int) -> list[Pair]:
    """Each of two pays each of two, in one year."""
    return [(payer, worker, year, 5) for payer in "fg" for worker in "tu"]


def test_two_who_pay_and_two_who_work_need_two_agreements() -> None:
    """Four agreements of 5 become two of 10, the same in each year, and so without a break."""
    found, agreed = _found(TWO_AND_TWO, *_crossed(2015), *_crossed(2016), *_crossed(2017))
    assert agreed == (Agreed(0, 2, 0, True),)
    partners = {(payer, worker) for payer, worker, *_ in found}
    assert partners in ({("f", "t"), ("g", "u")}, {("f", "u"), ("g", "t")})
    assert found == {(payer, worker, year, 10) for payer, worker in partners for year in (2015, 2016, 2017)}


def test_partners_that_change_every_year_keep_to_each_other() -> None:
    """Pairs that are right year by year, but not the same ones, are four agreements: two are enough."""
    one, other = [("f", "t"), ("g", "u")], [("f", "u"), ("g", "t")]
    years = ((2015, one), (2016, other), (2017, one))
    found, agreed = _found(TWO_AND_TWO, *((*pair, year, 10) for year, pairs in years for pair in pairs))
    assert agreed == (Agreed(0, 2, 0, True),)
    assert len({(payer, worker) for payer, worker, *_ in found}) == 2


def test_a_break_that_nobody_can_fill_is_counted() -> None:
    """One who pays, an operator in the first and last year and another between: two agreements, one break."""
    flows: list[Pair] = [("f", "t", 2015, 4), ("f", "u", 2016, 4), ("f", "t", 2017, 4)]
    found, agreed = _found(TWO_AND_TWO, *flows)
    assert agreed == (Agreed(0, 2, 1, True),)
    assert found == set(flows)


def test_fewer_breaks_decide_between_as_few_agreements() -> None:
    """In 2016 both pay and both work: f goes on with t, and g pays u, so that no third agreement fills the gap."""
    flows: list[Pair] = [("f", "t", 2015, 10), ("g", "t", 2016, 10), ("f", "u", 2016, 10), ("f", "t", 2017, 10)]
    found, agreed = _found(TWO_AND_TWO, *flows)
    assert agreed == (Agreed(0, 2, 0, True),)
    assert found == {("f", "t", 2015, 10), ("f", "t", 2016, 10), ("g", "u", 2016, 10), ("f", "t", 2017, 10)}


def test_offers_of_one_provider_are_one_partner() -> None:
    """Two offers of the same donor with the same operator are one agreement."""
    found, agreed = _found(TWO_AND_TWO | {"offers.g.provider": "donor"}, ("f", "t", 2015, 5), ("g", "t", 2015, 5))
    assert agreed == (Agreed(0, 1, 0, True),)
    assert found == {("f", "t", 2015, 5), ("g", "t", 2015, 5)}


def test_work_in_kind_is_an_agreement_with_who_works() -> None:
    """Nobody pays for it, so it is a group of its own beside the same operator's paid work."""
    kind = {"offers.k": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 5}}
    flows: list[Pair] = [(None, "k", 2015, 5), ("f", "t", 2015, 10), (None, "k", 2017, 5)]
    found, agreed = _found(TWO_AND_TWO | kind, *flows)
    assert agreed == (Agreed(0, 2, 1, True),)
    assert found == set(flows)


CROSSED: list[Pair] = [("f", "t", 2015, 200), ("f", "u", 2015, 200), ("g", "t", 2015, 200), ("g", "u", 2015, 200)]


def test_money_may_move_by_less_than_a_granule() -> None:
    """With a dollar of room, f pays 333 or 334 granules at 3 instead of 1,000 dollars: three agreements."""
    found, agreed = _found(PRICES, *CROSSED)
    assert agreed == (Agreed(0, 3, 0, True),)
    price = {"t": 3, "u": 2}
    for payer in "fg":
        paid = sum(granules * price[worker] for who, worker, _, granules in found if who == payer)
        assert 999 <= paid <= 1001
        assert paid != 1000 or len({worker for who, worker, *_ in found if who == payer}) == 2
    assert sum(granules for *_, granules in found) == 800


def test_money_does_not_move_where_a_budget_has_no_room() -> None:
    """Where each must pay its 1,000 to the last dollar, both pay both: four agreements, and none fewer."""
    found, agreed = _found(PRICES | {"offers.f.amount": 1000, "offers.g.amount": 1000}, *CROSSED)
    assert agreed == (Agreed(0, 4, 0, True),)
    assert sum(granules * {"t": 3, "u": 2}[worker] for payer, worker, _, granules in found if payer == "f") == 1000


def test_money_does_not_move_where_the_objective_would() -> None:
    """A dollar of the less firm donor is not a dollar of the other: the objective stays to the last of it."""
    assert _found(PRICES | {"offers.f.firmness": 0.5}, *CROSSED, objective="at_risk")[1] == (Agreed(0, 4, 0, True),)


def test_states_without_flows_are_not_told() -> None:
    """Agreements are counted where there are any; each State for itself."""
    two = TWO_AND_TWO | {
        "states.B": {"name": "Belmark", "deadline": 2017},
        "states.C": {"name": "Corvia", "deadline": 2017},
        "needs.m": {"state": "C", "capability": "clearance", "quantity": 60},
    }
    task = _task(small_scenario(two))
    one, other = _plan(task, ("f", "t", 2015, 3)), _plan(task, ("g", "u", 2015, 3), need="m")
    nothing = np.zeros(task.columns.count, np.int64)
    both = with_derived_columns(task.columns, one.pairs.joined(other.pairs), nothing)
    plan, agreed = fewest_agreements(task, both, Settings())
    assert agreed == (Agreed(0, 1, 0, True), Agreed(2, 1, 0, True))
    assert (plan.point == both.point).all()
    assert fewest_agreements(task, with_derived_columns(task.columns, NO_PAIRS, nothing), Settings())[1] == ()


def test_a_search_that_fails_keeps_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that are there are as right; that they are the fewest is not told."""

    def failing(*asked: Any) -> Any:
        raise SolverFailed("out of memory")

    monkeypatch.setattr("matcher.engine.agreements.engine", lambda name: failing)
    found, agreed = _found(TWO_AND_TWO, *_crossed(2015))
    assert found == set(_crossed(2015))
    assert agreed == (Agreed(0, 4, 0, False),)


def test_a_search_without_work_keeps_the_pairs() -> None:
    """So it is where the search ends before it has found anything."""
    task = _task(small_scenario(TWO_AND_TWO))
    plan = _plan(task, *_crossed(2015))
    least = replace(Settings(), agreements=AgreementSettings(state_work=1e-12))
    kept, agreed = fewest_agreements(task, plan, least)
    assert task.model.admits(kept.point)
    assert agreed[0].agreements >= 2
    assert agreed[0].agreements == len({(payer, worker) for payer, worker, *_ in _told(task, kept)})


def test_a_result_tells_its_agreements() -> None:
    """Two agreements over three years, proven, in a portfolio that is right."""
    scenario = small_scenario(TWO_AND_TWO)
    result = solve(scenario, SolveOptions(work=5))
    assert result.portfolio is not None
    assert verify(scenario, result).ok
    assert [(each.state, each.agreements, each.breaks, each.proven) for each in result.agreements] == [
        ("A", 2, 0, True)
    ]
    providers = {(flow.financier, flow.implementer) for flow in result.portfolio.flows}
    assert len(providers) == 2
    assert Fraction(sum(flow.quantity for flow in result.portfolio.flows)) == 60


def _fewest(tables: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Agreements and breaks of two who pay and two who work, all ways tried out.

    By year: what f pays, what g pays, and what t works; u works the rest.
    """
    best = (99, 99)
    for shares in product(*(range(max(0, done - g), min(f, done) + 1) for f, g, done in tables)):
        years: dict[str, list[int]] = {}
        for year, ((f, g, done), share) in enumerate(zip(tables, shares, strict=True)):
            for pair, units in (("ft", share), ("fu", f - share), ("gt", done - share), ("gu", g - done + share)):
                if units:
                    years.setdefault(pair, []).append(year)
        breaks = sum(year - 1 not in each for each in years.values() for year in each) - len(years)
        best = min(best, (len(years), breaks))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_no_way_to_pair_two_and_two_has_fewer(seed: int) -> None:
    """Counted by trying all: a year in which a pair does nothing bridges no gap."""
    random = Random(seed)
    tables = []
    for _ in range(5):
        f, g = random.randint(0, 3), random.randint(0, 2)
        tables.append((f, g, random.randint(0, f + g)))
    flows: list[Pair] = []
    for year, (f, g, done) in enumerate(tables, 2015):
        first = min(f, done)
        given = (("f", "t", first), ("f", "u", f - first), ("g", "t", done - first), ("g", "u", g - done + first))
        flows += [(payer, worker, year, units) for payer, worker, units in given if units]
    _, (agreed,) = _found(TWO_AND_TWO | {"horizon": [2015, 2019], "states.A.deadline": 2019}, *flows)
    assert agreed == Agreed(0, *_fewest(tables), True)


def test_states_are_searched_until_the_budget_is_used_up() -> None:
    """The first round of States uses it; those after it keep their pairs, and are not told as proven."""
    state = {"name": "Beland", "deadline": 2017}
    need = {"state": "B", "capability": "clearance", "quantity": 60}
    task = _task(small_scenario(TWO_AND_TWO | {"states.B": state, "needs.m": need}))
    crossed = [("f", "t", 2015, 5), ("f", "u", 2015, 5), ("g", "t", 2015, 5), ("g", "u", 2015, 5)]
    one = _plan(task, *[(who, by, year, 2) for who, by, year, _ in crossed])
    other = _plan(task, *[(who, by, year, 2) for who, by, year, _ in crossed], need="m")
    both = with_derived_columns(task.columns, one.pairs.joined(other.pairs), np.zeros(task.columns.count, np.int64))
    one_by_one = replace(Settings(), agreements=AgreementSettings(at_once=1))
    assert [each.agreements for each in fewest_agreements(task, both, one_by_one)[1]] == [2, 2]
    plan, agreed = fewest_agreements(task, both, one_by_one, work=1e-9)
    assert task.model.admits(plan.point)
    assert agreed[1] == Agreed(1, 4, 0, False)
    assert fewest_agreements(task, both, one_by_one, work=0.0)[1] == (Agreed(0, 4, 0, False), Agreed(1, 4, 0, False))
