"""Like tasks as one need: exact both ways, and only where it is exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import Drawn, Seeded, Source, draw_tasks
from matcher import SolveOptions, solve
from matcher.formulation.need_aggregation import Merged, merge
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario, Years
from matcher.scenario.eligibility import Option, find_options
from matcher.units import MAX_QUANTITY
from matcher.verification import Report, verify
from smallest_scenario import Changes, small_scenario

EXACT = SolveOptions(gap=Decimal(0), method="whole", work=10)
MERGING = (1, 2, 3, 5, 7, 8, 11, 18, 29, 36, 40, 46, 55, 73, 79)
"""Seeds of random scenarios in which something merges and, but for 2 and 8, some class is served at the optimum."""


def draw_portfolio(source: Source, scenario: Scenario) -> Portfolio:
    """Returns a random portfolio that keeps rules 0 and 3 (indivisible needs aside), and what rule it likes else."""
    room = {need.id: need.quantity for need in scenario.needs}
    flows = []
    for option in find_options(scenario).options:
        granule = scenario.capability(scenario.need(option.need).capability).granule
        for year in option.years:
            granules = source.integer(0, 2)
            if granules and granules * granule <= room[option.need]:
                room[option.need] -= granules * granule
                flows.append(_flow(option, year, granules, granule))
    engagements = [
        Engagement(offer=offer.id, state=state.id, years=scenario.horizon)
        for offer in scenario.offers
        for state in scenario.states
        if source.integer(0, 1)
    ]
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        flows=tuple(flows),
        engagements=tuple(engagements),
    )


def _flow(option: Option, year: int, granules: int, granule: int) -> Flow:
    return Flow(
        financier=option.financier,
        implementer=option.implementer,
        need=option.need,
        year=year,
        kind=option.kind,
        quantity=granules * granule,
        money=granules * option.granule_price,
    )


def assert_same(one: Report, other: Report) -> None:
    """Two reports agree in every figure, of the whole and of each State."""
    assert one.figures == other.figures
    assert one.states == other.states


def broken(report: Report) -> list[tuple[Any, ...]]:
    """Returns what is wrong with a portfolio, apart from the words."""
    return [(each.rule, each.who, each.year, each.excess) for each in report.violations]


def assert_equivalent(merged: Merged, portfolio: Portfolio) -> None:
    """Split, a portfolio has the same figures and breaks the same rules; joined again, it is the same."""
    split = merged.split(portfolio)
    before, after = verify(merged.scenario, portfolio), verify(merged.original, split)
    assert_same(before, after)
    assert broken(before) == broken(after)
    assert merged.join(split) == portfolio


def assert_classes_add_up(merged: Merged) -> None:
    """Every need is in one class, named after its first member, that seeks and weighs what its members do."""
    assert sorted(key for each in merged.members.values() for key in each) == [n.id for n in merged.original.needs]
    assert set(merged.members) == {need.id for need in merged.scenario.needs}
    for key, members in merged.members.items():
        parts = [merged.original.need(member) for member in members]
        whole = merged.scenario.need(key)
        assert members == tuple(sorted(members))
        assert key == members[0]
        assert whole.quantity == sum(part.quantity for part in parts)
        assert whole.weight == sum(part.weight for part in parts)
        assert len(parts) > 1 or whole is parts[0]


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_random_portfolios_mean_the_same(data: st.DataObject) -> None:
    """Right or wrong, a portfolio of classes means exactly what it means once split."""
    source = Drawn(data.draw)
    merged = merge(Scenario.from_data(draw_tasks(source)))
    assert_classes_add_up(merged)
    assert_equivalent(merged, draw_portfolio(source, merged.scenario))


@pytest.mark.parametrize("seed", range(40))
def test_joined_portfolios_mean_the_same(seed: int) -> None:
    """Right or wrong, a portfolio of tasks means exactly what it means once joined."""
    source = Seeded(seed)
    merged = merge(Scenario.from_data(draw_tasks(source)))
    portfolio = draw_portfolio(source, merged.original)
    before, after = verify(merged.original, portfolio), verify(merged.scenario, merged.join(portfolio))
    assert_same(before, after)
    assert broken(before) == broken(after)


def test_random_scenarios_do_merge() -> None:
    """The random scenarios of these tests have classes of several tasks, and needs that stay alone."""
    found = [merge(Scenario.from_data(draw_tasks(Seeded(seed)))) for seed in range(40)]
    sizes = [len(members) for merged in found for members in merged.members.values()]
    assert sizes.count(1) >= 40
    assert sum(size > 1 for size in sizes) >= 25
    assert max(sizes) >= 3


@pytest.mark.parametrize("seed", MERGING)
def test_optimum_is_the_same(seed: int) -> None:
    """Solved as classes and as tasks, a tiny scenario has the same optimum, and both portfolios are right."""
    merged = merge(Scenario.from_data(draw_tasks(Seeded(seed))))
    assert merged.scenario is not merged.original
    small, full = solve(merged.scenario, EXACT), solve(merged.original, EXACT)
    assert small.status == full.status
    if small.portfolio is not None and full.portfolio is not None:
        split, joined = merged.split(small.portfolio), merged.join(full.portfolio)
        assert verify(merged.original, split).ok
        assert verify(merged.scenario, joined).ok
        wanted = [goal.objective for goal in merged.original.order()]
        one, other = ({each.objective: each.exact for each in result.figures} for result in (small, full))
        assert [one[name] for name in wanted] == [other[name] for name in wanted]
        assert_equivalent(merged, small.portfolio)


TASK = {"state": "A", "capability": "clearance", "quantity": 4, "weight": Decimal("0.4")}
TWO: Changes = {"needs": {"n": {**TASK, "quantity": 10, "weight": 1}, "task": TASK}}


def two_tasks(**task: Any) -> Scenario:
    """Returns the small scenario with a need of 10 m2 and weight 1, and a task like it but for what is changed."""
    other = {
        "capabilities.survey": {"name": "Survey", "unit": "m2"},
        "states.B": {"name": "Belmark", "deadline": 2016},
    }
    return small_scenario({**other, **TWO, "needs.task": {**TASK, **task}})


def test_like_tasks_merge() -> None:
    """Two tasks of one density are one need of their sums, under the first one's name."""
    merged = merge(two_tasks())
    assert merged.members == {"n": ("n", "task")}
    (need,) = merged.scenario.needs
    assert (need.id, need.quantity, need.weight) == ("n", 14, Decimal("1.4"))
    assert need.years is None
    assert merged.original.need("task").quantity == 4


@pytest.mark.parametrize(
    "change",
    [
        {"state": "B"},
        {"capability": "survey"},
        {"years": [2015, 2015]},
        {"weight": Decimal("0.5")},
        {"weight": Decimal("0.400000000001")},
        {"completes": True},
        {"max_per_year": 4},
        {"indivisible": True},
        {"after": [{"need": "n"}]},
    ],
    ids=lambda change: "-".join(map(str, change)),
)
def test_tasks_that_differ_stay_apart(change: dict[str, Any]) -> None:
    """A task that differs in anything that matters is no class with the other; the scenario is the same object."""
    merged = merge(two_tasks(**change))
    assert merged.scenario is merged.original
    assert merged.members == {"n": ("n",), "task": ("task",)}


@pytest.mark.parametrize(
    "decisions",
    [
        {"forbids": [{"need": "task", "offer": "f"}]},
        {"commitments": [{"financier": "f", "implementer": "t", "need": "task", "year": 2015, "quantity": 1}]},
    ],
    ids=lambda decisions: next(iter(decisions)),
)
def test_tasks_that_are_named_stay_apart(decisions: dict[str, Any]) -> None:
    """A task that a decision of the user names is no class with another."""
    merged = merge(small_scenario({**TWO, "decisions": decisions}))
    assert merged.scenario is merged.original


def test_a_task_that_others_wait_for_stays_apart() -> None:
    """A task that comes first for another need is no class with a like one."""
    later = {**TASK, "capability": "survey", "after": [{"need": "task"}]}
    survey = {"capabilities.survey": {"name": "Survey", "unit": "m2"}}
    merged = merge(small_scenario({**survey, **TWO, "needs.later": later}))
    assert merged.scenario is merged.original


@pytest.mark.parametrize("both", [{"max_per_year": 4}, {"indivisible": True}], ids=lambda both: next(iter(both)))
def test_tasks_alike_in_what_no_sum_keeps_stay_apart(both: dict[str, Any]) -> None:
    """Tasks with the same yearly limit, or all indivisible, are not what one need of their sum would be."""
    merged = merge(small_scenario({**TWO, "needs.n": {**TASK, **both}, "needs.task": {**TASK, **both}}))
    assert merged.scenario is merged.original


def test_windows_that_differ_outside_the_horizon_are_one() -> None:
    """What counts of a task's years is what lies inside the horizon, even if that is nothing."""
    assert len(merge(two_tasks(years=[2010, 2030])).members) == 1
    gone = small_scenario({**TWO, "needs.n.years": [2001, 2002], "needs.task.years": [2020, 2022]})
    assert len(merge(gone).members) == 1


def test_weights_whose_sum_cannot_be_written_form_several_classes() -> None:
    """A sum of weights with more digits than a ratio has is never rounded: the class ends before it."""
    long = {**TASK, "quantity": 4, "weight": Decimal("0.999999999996")}
    merged = merge(small_scenario({"needs": {f"n{at}": long for at in range(4)}, "states.A.weight": 1}))
    assert merged.members == {"n0": ("n0", "n1", "n2", "n3")}
    longer = {**TASK, "weight": Decimal("499.999999999996")}
    merged = merge(small_scenario({"needs": {f"n{at}": longer for at in range(5)}}))
    assert merged.members == {"n0": ("n0", "n1"), "n2": ("n2", "n3"), "n4": ("n4",)}
    assert merged.scenario.need("n0").weight == Decimal("999.999999999992")


def test_quantities_whose_sum_is_too_large_form_several_classes() -> None:
    """No class seeks more than one field holds."""
    half = {**TASK, "quantity": MAX_QUANTITY // 2, "weight": 1}
    merged = merge(small_scenario({"needs": {f"n{at}": half for at in range(3)}}))
    assert merged.members == {"n0": ("n0", "n1"), "n2": ("n2",)}


def test_beneficiaries_add_up_if_all_tasks_state_them() -> None:
    """A class has its members' people, or states none where a member states none or they are too many."""
    people = {"women": 3, "men": 2, "girls": 1, "boys": 0}
    known = {**TWO, "needs.n.beneficiaries": people}
    (need,) = merge(small_scenario({**known, "needs.task.beneficiaries": {**people, "boys": 5}})).scenario.needs
    assert need.beneficiaries is not None
    assert need.beneficiaries.model_dump() == {"women": 6, "men": 4, "girls": 2, "boys": 5}
    (need,) = merge(small_scenario(known)).scenario.needs
    assert need.beneficiaries is None
    (need,) = merge(small_scenario({**known, "needs.task.beneficiaries": {**people, "men": 10**9}})).scenario.needs
    assert need.beneficiaries is None


def test_split_fills_tasks_by_id_with_what_flows_first() -> None:
    """What flows first goes to the first task, year by year and implementer by implementer."""
    merged = merge(two_tasks())
    portfolio = flows_to_n(merged.scenario, (2016, 9), (2015, 5))
    split = merged.split(portfolio)
    assert [(flow.need, flow.year, flow.quantity, flow.money) for flow in split.flows] == [
        ("n", 2015, 5, 360),
        ("n", 2016, 5, 360),
        ("task", 2016, 4, 288),
    ]
    assert split.scenario_hash == scenario_hash(merged.original)
    assert split.engagements == portfolio.engagements
    assert merged.join(split) == portfolio


def test_what_is_too_much_stays_too_much() -> None:
    """Units beyond all that a class seeks go to its last task, where the checker sees them."""
    merged = merge(two_tasks())
    split = merged.split(flows_to_n(merged.scenario, (2015, 13), (2016, 3)))
    assert [(flow.need, flow.year, flow.quantity) for flow in split.flows] == [
        ("n", 2015, 10),
        ("task", 2015, 3),
        ("task", 2016, 3),
    ]
    excess = [each for each in verify(merged.original, split).violations if each.rule == 3]
    assert [(each.who, each.excess) for each in excess] == [(("task",), 2)]


def test_portfolios_of_what_does_not_merge_stay_as_they_are() -> None:
    """Where nothing merges, splitting and joining hand the same portfolio back."""
    merged = merge(small_scenario())
    portfolio = flows_to_n(merged.scenario, (2015, 5))
    assert merged.split(portfolio) is portfolio
    assert merged.join(portfolio) is portfolio


def flows_to_n(scenario: Scenario, *rows: tuple[int, int]) -> Portfolio:
    """Returns a portfolio of the small scenario that delivers to the need ``n`` by year."""
    flows = [
        Flow(financier="f", implementer="t", need="n", year=year, kind="operator", quantity=units, money=72 * units)
        for year, units in rows
    ]
    run = Years(first=2015, last=2016)
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        flows=tuple(flows),
        engagements=tuple(Engagement(offer=offer, state="A", years=run) for offer in ("f", "t")),
    )
