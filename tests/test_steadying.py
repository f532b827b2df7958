"""Who works when: as steadily as can be, with all money as it is; plans by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from matcher.engine.lexicographic import Pursuit, formulated
from matcher.engine.solving import solve
from matcher.engine.steadying import seeks_lasting, steadied
from matcher.formulation.formulate import formulate
from matcher.formulation.plans import plan_of, portfolio_of
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import SolveOptions, scenario_hash
from matcher.scenario import Scenario, Years
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario

TWO_WHO_WORK: Changes = {
    "horizon": [2015, 2018],
    "states.A.deadline": 2018,
    "needs.n.quantity": 40,
    "providers.team": {"name": "Another operator", "kind": "operator"},
    "offers.f.amount": 720,
    "offers.t.capacity": 10,
    "offers.u": {"kind": "technical", "provider": "team", "capability": "clearance", "capacity": 10, "price": 72},
    "objectives.order": [{"objective": "coverage"}, {"objective": "turnover"}],
}
"""One who pays for 10 m2 a year, and two of whom either could do all of it."""


def portfolio(scenario: Scenario, *work: tuple[str, int, int]) -> Portfolio:
    """Returns what operators do, by offer, year and m2, all of it paid by the donor."""
    years: dict[str, list[int]] = {}
    for offer, year, _ in work:
        years.setdefault(offer, []).append(year)
    runs = [Engagement(offer=offer, state="A", years=Years(first=2015, last=2018)) for offer in ("f", *sorted(years))]
    flows = tuple(
        Flow(financier="f", implementer=offer, need="n", year=year, kind="operator", quantity=units, money=72 * units)
        for offer, year, units in work
    )
    return Portfolio(
        scenario=scenario.name, scenario_hash=scenario_hash(scenario), flows=flows, engagements=tuple(runs)
    )


def steady(scenario: Scenario, given: Portfolio) -> Portfolio:
    """Returns a portfolio in which all is as good, once it is made steady; the checker accepts it."""
    model = formulated(scenario)
    pursuit = Pursuit(model.formulation, [level.objective for level in model.levels])
    plan = plan_of(model.formulation, given, pursuit.min_coverage_rows)
    for level in model.levels:
        pursuit.keep(level, level.objective.value(plan.point))
    task = pursuit.problem(model.levels[-1].objective)
    found = portfolio_of(model.formulation, steadied(task, model.levels, plan, 10.0))
    assert verify(scenario, found).ok
    return found


def done(found: Portfolio, offer: str) -> list[int]:
    """Returns what an operator does in each year."""
    units = Counter[int]()
    for flow in found.flows:
        units[flow.year] += flow.quantity if flow.implementer == offer else 0
    return [units[year] for year in range(2015, 2019)]


def test_one_who_clears_every_other_year_clears_every_year() -> None:
    """10, 1, 10, 1 and 0, 9, 0, 9 move by 54 m2 in all; what is steady moves by nothing, and pays the same."""
    scenario = small_scenario(TWO_WHO_WORK)
    work = [("t", 2015, 10), ("t", 2016, 1), ("u", 2016, 9), ("t", 2017, 10), ("t", 2018, 1), ("u", 2018, 9)]
    found = steady(scenario, portfolio(scenario, *work))
    for offer in ("t", "u"):
        assert len(set(done(found, offer))) == 1
    assert [sum(flow.money for flow in found.flows if flow.year == year) for year in range(2015, 2019)] == [720] * 4


def test_who_is_dearer_takes_no_work() -> None:
    """Another price is other money: nothing moves."""
    scenario = small_scenario(TWO_WHO_WORK | {"offers.u.price": 71})
    work = [("t", 2015, 10), ("u", 2016, 10), ("t", 2017, 10), ("u", 2018, 10)]
    given = portfolio(scenario, *work)
    given = given.with_fields(
        flows=tuple(
            flow.with_fields(money=71 * flow.quantity) if flow.implementer == "u" else flow for flow in given.flows
        )
    )
    found = steady(scenario, given)
    assert (done(found, "t"), done(found, "u")) == ([10, 0, 10, 0], [0, 10, 0, 10])


def test_nobody_starts_for_it() -> None:
    """A team that has begun nothing is not brought in: that would be a link more."""
    scenario = small_scenario(TWO_WHO_WORK | {"offers.f.amount": {2015: 720, 2016: 360, 2017: 720, 2018: 360}})
    work = [("t", 2015, 10), ("t", 2016, 5), ("t", 2017, 10), ("t", 2018, 5)]
    found = steady(scenario, portfolio(scenario, *work))
    assert (done(found, "t"), done(found, "u")) == ([10, 5, 10, 5], [0, 0, 0, 0])


@pytest.mark.parametrize(("order", "lasting"), [(["coverage", "turnover"], True), (["coverage", "cost"], False)])
def test_only_orders_that_ask_for_what_lasts_are_made_steady(order: list[str], lasting: bool) -> None:
    """By turnover or swings, in the order or in a blend."""
    scenario = small_scenario({"objectives.order": [{"objective": each} for each in order]})
    assert seeks_lasting(formulate(scenario).columns) is lasting


def test_a_solve_ends_steady() -> None:
    """The default order's plan of two equal teams has nobody stop and start."""
    found = solve(small_scenario(TWO_WHO_WORK | {"objectives.order": None}), SolveOptions(work=5)).portfolio
    assert found is not None
    assert all(len(set(done(found, offer))) == 1 for offer in ("t", "u"))


def test_what_is_done_in_kind_stays() -> None:
    """Two who send people for nothing, in turns, go on in turns: their work has no price that could move."""
    kind = {"kind": "technical", "capability": "clearance", "capacity": 10, "price": 0}
    changes = TWO_WHO_WORK | {"offers.v": kind | {"provider": "ngo"}, "offers.w": kind | {"provider": "team"}}
    scenario = small_scenario(changes | {"needs.n.quantity": 80})
    given = portfolio(scenario, ("t", 2015, 10), ("u", 2016, 10), ("t", 2017, 10), ("u", 2018, 10))
    flows = tuple(
        Flow(financier=None, implementer=offer, need="n", year=year, kind="operator", quantity=7, money=0)
        for offer, year in (("v", 2015), ("w", 2016), ("v", 2017), ("w", 2018))
    )
    runs = tuple(Engagement(offer=offer, state="A", years=Years(first=2015, last=2018)) for offer in "vw")
    found = steady(scenario, given.with_fields(flows=given.flows + flows, engagements=given.engagements + runs))
    assert (done(found, "v"), done(found, "w")) == ([7, 0, 7, 0], [0, 7, 0, 7])
    assert len(set(done(found, "t"))) == len(set(done(found, "u"))) == 1
