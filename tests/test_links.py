"""What makes plans last, in rows: each written out by hand on a scenario of one State, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from brute_force import TooMany, right_portfolios
from lasting_fields import draw_lasting_scenario
from matcher.engine.solving import solve
from matcher.formulation.columns import Columns
from matcher.formulation.formulate import formulate
from matcher.formulation.objectives import weighted_objective
from matcher.portfolio.result import Clock, SolveOptions
from matcher.solvers.engines import Limits, engine
from matcher.solvers.linear_model import UNLIMITED, RowGroup
from smallest_scenario import Changes, small_scenario

ALL = frozenset({"turnover", "swings", "dependence", "late_completions", "waiting", "cost"})
SECOND: Changes = {"horizon": [2015, 2015], "offers.f2": {"kind": "funding", "provider": "donor", "amount": 100}}
PRIVATE: Changes = {"offers.p": {"kind": "funding", "provider": "firm", "amount": 100}}
OWN: Changes = {"offers.g": {"kind": "funding", "provider": "gov", "amount": 300, "states": ["A"]}}
ONE_YEAR: Changes = {"horizon": [2015, 2015]}
ONGOING: Changes = {"offers.f.ongoing": [{"state": "A", "amount": 100}]}
LASTING: Changes = {"offers.t.min_years": 2}
LATE: Changes = {"needs.n.completes": True, "states.A.deadline": 2015}

GOLDEN: dict[str, tuple[Changes, str]] = {
    "link_start of links with one offer": (
        {"horizon": [2015, 2017]},  # a gap ends with a start
        """
        -y[f,2015] + y[f,2016] - n[donor,2016] <= 0
        -y[f,2016] + y[f,2017] - n[donor,2017] <= 0
        -y[t,2015] + y[t,2016] - n[ngo,2016] <= 0
        -y[t,2016] + y[t,2017] - n[ngo,2017] <= 0
        """,
    ),
    "link_start of a link with two offers": (
        SECOND | {"horizon": [2015, 2016]},
        """
        -L[donor,2015] + L[donor,2016] - n[donor,2016] <= 0
        -y[t,2015] + y[t,2016] - n[ngo,2016] <= 0
        """,
    ),
    "link_start after a year in which nothing can be": (
        {"offers.f.years": [2016, 2016]},
        """
        y[f,2016] - n[donor,2016] <= 0
        -y[t,2015] + y[t,2016] - n[ngo,2016] <= 0
        """,
    ),
    "link through any of two offers": (
        SECOND,
        """
        y[f,2015] - L[donor,2015] <= 0
        y[f2,2015] - L[donor,2015] <= 0
        """,
    ),
    "works through one of two offers at least": (SECOND, "-y[f,2015] - y[f2,2015] + L[donor,2015] <= 0"),
    "link of two offers in the years of both alone": (
        SECOND | {"horizon": [2015, 2016], "offers.f2.years": [2016, 2016]},
        """
        y[f,2016] - L[donor,2016] <= 0
        y[f2,2016] - L[donor,2016] <= 0
        """,
    ),
    "first_start on no side that states its links": ({}, ""),
    "first_start on the side that does": (
        PRIVATE | ONGOING,  # the donor goes on, the firm would begin, and of operators nothing is stated
        "y[p,2015] - n[firm,2015] <= 0",
    ),
    "first_start through the stated side of a provider with both": (
        {
            "offers.p": {"kind": "funding", "provider": "firm", "amount": 100, "ongoing": [{"state": "A"}]},
            "offers.w": {"kind": "technical", "provider": "donor", "capability": "clearance", "capacity": 1},
        },
        "y[f,2015] - n[donor,2015] <= 0",
    ),
    "swing from year to year": (
        {},  # of the year before the horizon nothing is stated
        "-72*m[f,2015] + 72*m[f,2016] - up[donor,2016] + down[donor,2016] = 0",
    ),
    "swing from last year's amount": (
        ONGOING,
        """
        72*m[f,2015] - up[donor,2015] + down[donor,2015] = 100
        -72*m[f,2015] + 72*m[f,2016] - up[donor,2016] + down[donor,2016] = 0
        """,
    ),
    "swing from foreign money, rounded down": (
        ONE_YEAR
        | {
            "offers.f.currency": "EUR",
            "rates": {"EUR": {"rate": 0.5}},
            "offers.f.ongoing": [{"state": "A", "amount": 301}],
        },
        "72*m[f,2015] - up[donor,2015] + down[donor,2015] = 150",
    ),
    "swing of an ongoing link without an amount": (
        {"offers.f.ongoing": [{"state": "A"}]},
        "-72*m[f,2015] + 72*m[f,2016] - up[donor,2016] + down[donor,2016] = 0",
    ),
    "swing from nothing paid last year": (  # which is not the same as not stated
        ONE_YEAR | {"offers.f.ongoing": [{"state": "A", "amount": 0}]},
        "72*m[f,2015] - up[donor,2015] = 0",
    ),
    "swing to nothing where windows are closed": ({"needs.n.years": [2015, 2015]}, ""),
    "swing to nothing where the offer ends and the need is open": (
        {"offers.f.years": [2015, 2015]},
        "-72*m[f,2015] + down[donor,2016] = 0",
    ),
    "swing of money that cannot flow any more": (
        ONE_YEAR
        | ONGOING
        | {"offers.f.amount": 50, "offers.p": {"kind": "funding", "provider": "firm", "amount": 100}},
        "72*m[f,2015] + down[donor,2015] = 100",
    ),
    "external money over the horizon": (
        OWN,  # the State's own is none of it
        "72*m[f,2015] + 72*m[f,2016] - M = 0",
    ),
    "excess above half": (
        PRIVATE | ONE_YEAR,
        """
        144*m[f,2015] - M - a[donor] <= 0
        144*m[p,2015] - M - a[firm] <= 0
        """,
    ),
    "excess above another share": (
        ONE_YEAR | {"objectives.dependence_share": 0.3},
        "720*m[f,2015] - 3*M - a[donor] <= 0",
    ),
    "max_share that enough could keep": (
        PRIVATE | ONE_YEAR | {"states.A.max_share": 0.5},
        """
        144*m[f,2015] - M <= 0
        144*m[p,2015] - M <= 0
        """,
    ),
    "max_share that one alone could not": (ONE_YEAR | {"states.A.max_share": 0.5}, ""),
    "max_share that two could not": (PRIVATE | ONE_YEAR | {"states.A.max_share": 0.4}, ""),
    "max_share of nobody": (ONE_YEAR | {"states.A.max_share": 0}, "72*m[f,2015] <= 0"),
    "late": (
        LATE | {"needs.n.delivered": 3},
        "x[t,2015] + x[t,2016] - 7*e - 7*d >= 0",
    ),
    "late by a date within a year": (
        {"needs.n.completes": True, "states.A.deadline": "2016-12-30"},
        "x[t,2015] + x[t,2016] - 10*e - 10*d >= 0",
    ),
    "late is nothing by the last day of the horizon": (
        {"needs.n.completes": True, "states.A.deadline": "2016-12-31"},
        "",
    ),
    "either": (LATE, "e + d <= 1"),
    "works engaged where years may be idle": (LASTING | ONE_YEAR, "-y[t,2015] + k[t,2015] <= 0"),
    "working": (LASTING | ONE_YEAR, "x[t,2015] - 5*k[t,2015] <= 0"),
    "working minimum of one granule": (LASTING | ONE_YEAR, "x[t,2015] - k[t,2015] >= 0"),
    "working minimum that the scenario states": (
        LASTING | ONE_YEAR | {"least_engagement": 200},
        "x[t,2015] - 3*k[t,2015] >= 0",
    ),
    "working minimum of all that a State needs": (  # 2 m2 cost 144, less than what an engagement gives at least
        LASTING | ONE_YEAR | {"least_engagement": 200, "needs.n.quantity": 2},
        "x[t,2015] - 2*k[t,2015] >= 0",
    ),
    "working minimum of lasting money": (
        ONE_YEAR | {"least_engagement": 200, "offers.f.min_years": 2},
        "72*m[f,2015] - 200*k[f,2015] >= 0",
    ),
    "working where each engaged year gives its minimum": (LASTING | {"offers.t.min_per_state": 2}, ""),
    "minimum of a working year that is no column of its own": (
        ONE_YEAR | {"least_engagement": 200},
        """
        x[t,2015] - 3*y[t,2015] >= 0
        72*m[f,2015] - 200*y[f,2015] >= 0
        """,
    ),
    "ongoing term of a stretch that began last year": (
        {"horizon": [2015, 2018], "offers.t.min_years": 4, "offers.t.ongoing": [{"state": "A", "since": 2014}]},
        """
        y[t,2015] - y[t,2016] <= 0
        y[t,2015] - y[t,2017] <= 0
        """,
    ),
    "ongoing term that is served": ({"offers.t.min_years": 4, "offers.t.ongoing": [{"state": "A"}]}, ""),
    "ongoing term that ends with the offer": (
        {
            "horizon": [2015, 2018],
            "offers.t.min_years": 4,
            "offers.t.years": [2010, 2016],
            "offers.t.ongoing": [{"state": "A", "since": 2014}],
        },
        "y[t,2015] - y[t,2016] <= 0",
    ),
    "begin of one that goes on": (
        LASTING | {"offers.t.ongoing": [{"state": "A"}]},
        """
        y[t,2015] - b[t,2015] <= 1
        -y[t,2015] + y[t,2016] - b[t,2016] <= 0
        """,
    ),
}
"""By name (the rule, then what is special): the changes to the small scenario, and the rule's rows."""
RULES = (
    "link_start",
    "link",
    "works engaged",
    "works",
    "first_start",
    "swing",
    "external money",
    "excess",
    "max_share",
    "late",
    "either",
    "working minimum",
    "working",
    "minimum",
    "ongoing term",
    "begin",
)


@pytest.mark.parametrize("golden", list(GOLDEN))
def test_each_rule_has_the_rows_written_here(golden: str) -> None:
    """Every rule's rows on its small scenario are exactly those written out by hand."""
    changes, text = GOLDEN[golden]
    rule = next(each for each in RULES if f"{golden} ".startswith(f"{each} "))
    written = [line.strip() for line in text.strip().splitlines()]
    assert list(_lines(changes, rule)) == written


def test_every_rule_of_what_lasts_has_rows_here() -> None:
    """No rule is tested by its absence alone."""
    shown = {rule for rule in RULES for name, (_, text) in GOLDEN.items() if name.startswith(rule) and text}
    assert shown == set(RULES)


def test_only_what_is_sought_has_columns() -> None:
    """Links, swings, shares and lateness have no rows where no objective asks for them."""
    changes = SECOND | PRIVATE | LATE | LASTING | {"horizon": [2015, 2016]}
    lean = formulate(small_scenario(changes), sought=frozenset({"coverage"}))
    assert not {group.rule for group in lean.groups if group.count} & set(RULES) - {"begin"}
    assert lean.columns.count < formulate(small_scenario(changes), sought=ALL).columns.count


def _lines(changes: Changes, rule: str) -> Iterator[str]:
    """Readable text of each row of a rule."""
    formulation = formulate(small_scenario(changes), sought=ALL)
    names, rows = _names(formulation.columns), formulation.model.rows
    for row in (at for group in formulation.groups if group.rule == rule for at in _numbers(group)):
        terms = range(int(rows.start[row]), int(rows.start[row + 1]))
        text = " ".join(_term(int(rows.coefficient[at]), names[int(rows.column[at])]) for at in terms)
        text = text.removeprefix("+ ")
        text = text.replace("- ", "-", 1) if text.startswith("- ") else text
        yield f"{text} {_limits(int(rows.lower[row]), int(rows.upper[row]))}"


def _numbers(group: RowGroup) -> range:
    return range(group.first, group.first + group.count)


def _term(coefficient: int, name: str) -> str:
    size = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
    return f"{'-' if coefficient < 0 else '+'} {size}{name}"


def _limits(lower: int, upper: int) -> str:
    if lower == upper:
        return f"= {upper}"
    assert lower <= -UNLIMITED or upper >= UNLIMITED
    return f"<= {upper}" if lower <= -UNLIMITED else f">= {lower}"


def _names(columns: Columns) -> dict[int, str]:
    """Readable name of each column that these rows use, of a scenario with one State and one need."""
    scenario, found = columns.scenario, {int(columns.complete[0]): "e", int(columns.late[0]): "d"}
    for at in range(columns.flows):
        letter = "x" if at < columns.works else "m"
        offer = scenario.offers[int(columns.flow_offer[at])].id
        found[at] = f"{letter}[{offer},{scenario.years[int(columns.flow_year[at])]}]"
    relation = [scenario.offers[at].id for at in columns.relations.offer.tolist()]
    links = columns.links
    provider = [scenario.providers[at].id for at in links.provider.tolist()]
    tables = {"k": (columns.working, relation), "y": (columns.engaged, relation), "b": (columns.start, relation)}
    linked = {"L": links.works, "n": links.start, "up": links.up, "down": links.down}
    for letter, (table, names) in (tables | {key: (table, provider) for key, table in linked.items()}).items():
        for who, name in enumerate(names):
            for year, column in zip(scenario.years, table[who].tolist(), strict=True):
                if letter != "L" or links.joint[who, year - scenario.horizon.first]:
                    found[column] = f"{letter}[{name},{year}]"
    found |= {int(column): f"a[{name}]" for name, column in zip(provider, links.excess, strict=True)}
    found[int(links.total[0])] = "M"
    assert len(set(found.values())) == len(found)
    return found


def _flows(*amounts: tuple[int, int]) -> list[dict[str, object]]:
    """Commitments of the small scenario's donor and operator: granules by year."""
    agreed = {"financier": "f", "implementer": "t", "need": "n"}
    return [{**agreed, "year": year, "quantity": granules} for year, granules in amounts]


VALUES: dict[str, tuple[str, Changes, Fraction]] = {
    "nothing starts where nothing works": ("turnover", {}, Fraction(0)),
    "what begins in an unstated first year is no start": (
        "turnover",
        {"decisions.commitments": _flows((2015, 1), (2016, 1))},
        Fraction(0),
    ),
    "a gap ends with a start of both partners": (
        "turnover",
        {
            "horizon": [2015, 2017],
            "offers.t.capacity": {2015: 5, 2017: 5},
            "decisions.commitments": _flows((2015, 1), (2017, 1)),
        },
        Fraction(2),
    ),
    "an ongoing link that stops counts once": ("turnover", ONGOING | {"needs.n.years": [2016, 2016]}, Fraction(1)),
    "and once more for each start later": (
        "turnover",
        ONGOING | {"needs.n.years": [2016, 2016], "decisions.commitments": _flows((2016, 1))},
        Fraction(3),
    ),
    "an ongoing link without any option counts too": (
        "turnover",
        {"offers.f2": {"kind": "funding", "provider": "firm", "amount": 0, "ongoing": [{"state": "A"}]}},
        Fraction(1),
    ),
    "a first year's start counts on the side that states its links": (
        "turnover",
        {
            "offers.p": {"kind": "funding", "provider": "firm", "amount": 0, "ongoing": [{"state": "A"}]},
            "decisions.commitments": _flows((2015, 1)),
        },
        Fraction(2),  # the firm stops and the donor starts; of the operator's side nothing is stated
    ),
    "money swings up from last year's amount": (
        "swings",
        ONGOING | {"decisions.commitments": _flows((2015, 2), (2016, 5))},
        Fraction(260),  # from 100 to 360, in however many steps
    ),
    "a fall to nothing counts only while windows are open": (
        "swings",
        ONGOING | {"needs.n.years": [2015, 2015], "decisions.commitments": _flows((2015, 2))},
        Fraction(44),
    ),
    "what a link without any option paid falls to nothing": (
        "swings",
        {"offers.p": {"kind": "funding", "provider": "firm", "amount": 0, "ongoing": [{"state": "A", "amount": 70}]}},
        Fraction(70),
    ),
    "unless nothing is needed in the first year": (
        "swings",
        {
            "needs.n.years": [2016, 2016],
            "offers.p": {"kind": "funding", "provider": "firm", "amount": 0, "ongoing": [{"state": "A", "amount": 70}]},
        },
        Fraction(0),
    ),
    "one donor alone is above its half": ("dependence", {"decisions.commitments": _flows((2015, 4))}, Fraction(144)),
    "a share of all is never passed": (
        "dependence",
        {"objectives.dependence_share": 1, "decisions.commitments": _flows((2015, 4))},
        Fraction(0),
    ),
    "what is delivered after the deadline completes late": ("late_completions", LATE, Fraction(1)),
    "years due beyond the horizon are engagement-years": (
        "engagements",  # the operator's one year, and three of the donor's, wherever they begin
        {"offers.f.min_years": 3, "offers.f.min_per_state": 100, "decisions.commitments": _flows((2016, 1))},
        Fraction(4),
    ),
    "and cost their minimum": (
        "cost",  # two granules in 2016, as one is less than the minimum, and 100 in each of two years
        {"offers.f.min_years": 3, "offers.f.min_per_state": 100, "decisions.commitments": _flows((2016, 1))},
        Fraction(344),
    ),
    "but not after the offer's own years": (
        "cost",
        {
            "offers.f.min_years": 3,
            "offers.f.min_per_state": 100,
            "offers.f.years": [2015, 2017],
            "decisions.commitments": _flows((2016, 1)),
        },
        Fraction(244),
    ),
    "an ongoing one owes what is left since it began": (
        "engagements",  # the donor goes on in 2015 and 2016 and owes 2017; the operator works a year
        {
            "offers.f.min_years": 4,
            "offers.f.ongoing": [{"state": "A", "since": 2014}],
            "decisions.commitments": _flows((2015, 1)),
        },
        Fraction(4),
    ),
    "what stays open waits": (
        "waiting",  # 5 of 10 are delivered in each of two years
        {},
        Fraction(1, 2),
    ),
    "what was delivered before waits no more": (
        "waiting",  # 8 of 10 are left: 3 at the end of the first year
        {"needs.n.delivered": 2},
        Fraction(3, 10),
    ),
    "what cannot be met yet does not wait": ("waiting", {"needs.n.years": [2016, 2016]}, Fraction(1, 2)),
}
"""By what it shows: an objective, the changes to the small scenario, and the objective's best value."""


@pytest.mark.parametrize("case", list(VALUES))
def test_the_best_value_is_the_one_reckoned_here(case: str) -> None:
    """What an objective comes to at best, by hand."""
    name, changes, value = VALUES[case]
    result = solve(small_scenario(changes | {"objectives.order": [{"objective": name}]}), SolveOptions(method="whole"))
    assert [(Fraction(each.exact), each.solved) for each in result.stages] == [(value, True)]


@pytest.mark.parametrize("name", ["turnover", "swings", "dependence"])
def test_the_best_of_all_portfolios_is_the_optimum(name: str) -> None:
    """Of tiny random scenarios, no portfolio is better than the optimum, and one is as good.

    Coverage weighs more than anything, so that doing nothing is not the best.
    """
    weights, tried = {"coverage": Fraction(1000), name: Fraction(1)}, 0
    for seed in range(120):
        scenario = draw_lasting_scenario(seed, states=1 + seed % 2, years=2, most=2)
        try:
            found = [(1000 * each["coverage"] - each[name], each[name]) for _, each in right_portfolios(scenario, 60)]
        except TooMany:
            continue
        formulation = formulate(scenario, sought=frozenset(weights))
        if formulation.impossible:
            assert not found
            continue
        aim = weighted_objective(formulation.columns, weights)
        outcome = engine("cpsat")(formulation.model, aim, Limits(50.0), Clock())
        best = outcome.bound if outcome.status == "optimal" else None
        expected, moved = max(found, default=(None, Fraction(0)))
        assert best == expected, seed
        tried += moved > 0
    assert tried > 5
