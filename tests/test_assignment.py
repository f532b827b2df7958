"""The rows of the assignment formulation, each rule written out by hand for a model of two offers."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import benchmarks.peers.assignment
from benchmarks.peers.assignment.arrays import build_arrays
from benchmarks.peers.assignment.formulation import Assignment, formulate
from benchmarks.peers.assignment.layout import Layout
from benchmarks.peers.assignment.objectives import worst_off_rows
from matcher.formulation.columns import WORST_SCALE
from matcher.formulation.formulation import Impossible
from matcher.scenario.eligibility import Reason, find_options
from matcher.solvers.linear_model import UNLIMITED, Rows
from smallest_scenario import Changes, small_scenario

PREPAID: Changes = {
    "offers.p": {
        "kind": "funding",
        "provider": "firm",
        "amount": 500,
        "repayment": {"offer": "f", "after": 1, "premium": 0.1},
    }
}
MATCHED: Changes = {"offers.p": {"kind": "funding", "provider": "firm", "amount": 500, "match": 0.5}}
OWN: Changes = {"offers.g": {"kind": "funding", "provider": "gov", "amount": 300, "states": ["A"]}}
COARSE: Changes = {
    "capabilities.clearance.granule": 10,
    "needs.n.quantity": 100,
    "offers.t.capacity": 57,
    "offers.t.price": 1,
}
SECOND: Changes = {
    "horizon": [2015, 2015],
    "states.A.max_partners": 1,
    "offers.f2": {"kind": "funding", "provider": "donor", "amount": 10},
}
TWO_STATES: Changes = {
    "horizon": [2015, 2015],
    "states.B": {"name": "Belmark", "deadline": 2016},
    "needs.m": {"state": "B", "capability": "clearance", "quantity": 3},
}
ORDERED: Changes = {
    "needs.m": {
        "state": "A",
        "capability": "clearance",
        "quantity": 4,
        "after": [{"need": "n", "lag": 1, "head_start": 0.25}],
    }
}
LITTLE_ROOM: Changes = {
    "states.B": {"name": "Beland", "deadline": 2016},
    "needs.m": {"state": "B", "capability": "clearance", "quantity": 10, "max_per_year": 2},
    "horizon": [2015, 2015],
}

GOLDEN: dict[str, tuple[Changes, str]] = {
    "budget": (
        {},
        """
        budget f 2015: 72*x[f,t,n,2015] <= 1000
        budget f 2016: 72*x[f,t,n,2016] <= 1000
        """,
    ),
    "budget of own years": (
        {"offers.f.years": [2016, 2016]},
        "budget f 2016: 72*x[f,t,n,2016] <= 1000",
    ),
    "budget of foreign money": (
        {"offers.f.currency": "EUR", "rates": {"EUR": {"rate": 0.5}}, "offers.f.amount": {2015: 999}},
        """
        budget f 2015: 72*x[f,t,n,2015] <= 499
        budget f 2016: 72*x[f,t,n,2016] <= 0
        """,
    ),
    "budget with repayment": (
        PREPAID,
        """
        budget f 2015: 72*x[f,t,n,2015] <= 1000
        budget f 2016: 72*x[f,t,n,2016] + r[p,2015] <= 1000
        budget p 2015: 72*x[p,t,n,2015] <= 500
        budget p 2016: 72*x[p,t,n,2016] <= 500
        """,
    ),
    "budget with money carried": (
        {"offers.f.carry_over": 0.5},
        """
        budget f 2015: s[f,2015] <= 1000
        budget f 2016: -c[f,2016] + s[f,2016] <= 1000
        """,
    ),
    "spent": (
        {"offers.f.carry_over": 0.5},
        """
        spent f 2015: 72*x[f,t,n,2015] - s[f,2015] = 0
        spent f 2016: 72*x[f,t,n,2016] - s[f,2016] = 0
        """,
    ),
    "carry-over": (
        {"offers.f.carry_over": 0.5, "horizon": [2015, 2017]},
        """
        carry-over f 2015: 2*c[f,2016] + s[f,2015] <= 1000
        carry-over f 2016: -c[f,2016] + 2*c[f,2017] + s[f,2016] <= 1000
        """,
    ),
    "carry-over of what is not repaid": (
        PREPAID | {"offers.f.carry_over": 1, "horizon": [2015, 2017]},
        """
        carry-over f 2015: c[f,2016] + s[f,2015] <= 1000
        carry-over f 2016: -c[f,2016] + c[f,2017] + r[p,2015] + s[f,2016] <= 1000
        """,
    ),
    "repayment": (PREPAID, "repayment p 2015: -792*x[p,t,n,2015] + 10*r[p,2015] >= 0"),
    "capacity": (
        {},
        """
        capacity t 2015: x[f,t,n,2015] <= 5
        capacity t 2016: x[f,t,n,2016] <= 5
        """,
    ),
    "capacity in whole granules": (
        COARSE | {"horizon": [2015, 2015]},
        "capacity t 2015: x[f,t,n,2015] <= 5",
    ),
    "need": ({}, "need n: x[f,t,n,2015] + x[f,t,n,2016] <= 10"),
    "need in whole granules": (COARSE, "need n: x[f,t,n,2015] + x[f,t,n,2016] <= 10"),
    "need that is indivisible": (
        {"needs.n.indivisible": True},
        "need n: x[f,t,n,2015] + x[f,t,n,2016] - 10*u[n] = 0",
    ),
    "need per year": (
        {"needs.n.max_per_year": 3},
        """
        need per year n 2015: x[f,t,n,2015] <= 3
        need per year n 2016: x[f,t,n,2016] <= 3
        """,
    ),
    "absorption": (
        {"states.A.absorption": {2015: 500}},
        """
        absorption A 2015: 72*x[f,t,n,2015] <= 500
        absorption A 2016: 72*x[f,t,n,2016] <= 0
        """,
    ),
    "absorption of external money alone": (
        OWN | {"states.A.absorption": 500, "horizon": [2015, 2015], "offers.t.provider": "gov"},
        "absorption A 2015: 72*x[f,t,n,2015] <= 500",
    ),
    "delivered": (
        ORDERED,
        """
        delivered m 2015: x[f,t,m,2015] - X[m,2015] = 0
        delivered m 2016: x[f,t,m,2016] + X[m,2015] - X[m,2016] = 0
        delivered n 2015: x[f,t,n,2015] - X[n,2015] = 0
        delivered n 2016: x[f,t,n,2016] + X[n,2015] - X[n,2016] = 0
        """,
    ),
    "precedence": (
        ORDERED,
        """
        precedence m n 2015: 5*X[m,2015] <= 5
        precedence m n 2016: 5*X[m,2016] - 2*X[n,2015] <= 5
        """,
    ),
    "engagement": (
        {},
        """
        engagement t n 2015: x[f,t,n,2015] - 5*y[t,A,2015] <= 0
        engagement t n 2016: x[f,t,n,2016] - 5*y[t,A,2016] <= 0
        engagement f n 2015: x[f,t,n,2015] - 5*y[f,A,2015] <= 0
        engagement f n 2016: x[f,t,n,2016] - 5*y[f,A,2016] <= 0
        """,
    ),
    "engagement of what a year takes": (
        {"horizon": [2015, 2015], "needs.n.max_per_year": 3},
        """
        engagement t n 2015: x[f,t,n,2015] - 3*y[t,A,2015] <= 0
        engagement f n 2015: x[f,t,n,2015] - 3*y[f,A,2015] <= 0
        """,
    ),
    "minimum": (
        {"offers.f.min_per_state": 100, "horizon": [2015, 2015]},
        "minimum f A 2015: 72*x[f,t,n,2015] - 100*y[f,A,2015] >= 0",
    ),
    "minimum of foreign money": (
        {
            "offers.f.min_per_state": 99,
            "horizon": [2015, 2015],
            "offers.f.currency": "EUR",
            "rates": {"EUR": {"rate": 0.5}},
        },
        "minimum f A 2015: 72*x[f,t,n,2015] - 50*y[f,A,2015] >= 0",
    ),
    "minimum in whole granules": (
        COARSE | {"offers.t.min_per_state": 15, "horizon": [2015, 2015]},
        "minimum t A 2015: x[f,t,n,2015] - 2*y[t,A,2015] >= 0",
    ),
    "begin": (
        {"horizon": [2015, 2017], "offers.t.min_years": 2},
        """
        begin t A 2015: y[t,A,2015] - b[t,A,2015] <= 0
        begin t A 2016: -y[t,A,2015] + y[t,A,2016] - b[t,A,2016] <= 0
        begin t A 2017: -y[t,A,2016] + y[t,A,2017] - b[t,A,2017] <= 0
        """,
    ),
    "lasting": (
        {"horizon": [2015, 2017], "offers.t.min_years": 2},
        """
        lasting t A 2015: -y[t,A,2015] + b[t,A,2015] <= 0
        lasting t A 2016: -y[t,A,2016] + b[t,A,2015] + b[t,A,2016] <= 0
        lasting t A 2017: -y[t,A,2017] + b[t,A,2016] + b[t,A,2017] <= 0
        """,
    ),
    "begin of one that goes on": (
        {"offers.t.min_years": 2, "offers.t.ongoing": [{"state": "A"}]},
        """
        begin t A 2015: y[t,A,2015] - b[t,A,2015] <= 1
        begin t A 2016: -y[t,A,2015] + y[t,A,2016] - b[t,A,2016] <= 0
        """,
    ),
    "ongoing": (
        {"horizon": [2015, 2018], "offers.t.min_years": 4, "offers.t.ongoing": [{"state": "A", "since": 2014}]},
        """
        ongoing t A 2016: y[t,A,2015] - y[t,A,2016] <= 0
        ongoing t A 2017: y[t,A,2015] - y[t,A,2017] <= 0
        """,
    ),
    "works": (
        {"horizon": [2015, 2015], "least_engagement": 200},
        """
        works f A 2015: -y[f,A,2015] + k[f,A,2015] <= 0
        works t A 2015: -y[t,A,2015] + k[t,A,2015] <= 0
        """,
    ),
    "working": (
        {"horizon": [2015, 2015], "least_engagement": 200},
        """
        working f A 2015: 72*x[f,t,n,2015] - 360*k[f,A,2015] <= 0
        working t A 2015: x[f,t,n,2015] - 5*k[t,A,2015] <= 0
        """,
    ),
    "working minimum": (  # 200 of money, and the fewest granules at 72 that are worth as much
        {"horizon": [2015, 2015], "least_engagement": 200},
        """
        working minimum f A 2015: 72*x[f,t,n,2015] - 200*k[f,A,2015] >= 0
        working minimum t A 2015: x[f,t,n,2015] - 3*k[t,A,2015] >= 0
        """,
    ),
    "partner": (
        SECOND | {"offers.f2.amount": 100},
        """
        partner f A 2015: y[f,A,2015] - z[donor,A,2015] <= 0
        partner f2 A 2015: y[f2,A,2015] - z[donor,A,2015] <= 0
        """,
    ),
    "max_partners": (SECOND, "max_partners A 2015: y[t,A,2015] + z[donor,A,2015] <= 1"),
    "max_states": (
        TWO_STATES | {"offers.t.max_states": 1},
        "max_states t 2015: y[t,A,2015] + y[t,B,2015] <= 1",
    ),
    "matching": (
        MATCHED | {"horizon": [2015, 2015]},
        "matching A 2015: 144*x[f,t,n,2015] - 72*x[p,t,n,2015] >= 0",
    ),
    "matching by external money alone": (
        MATCHED | OWN | {"horizon": [2015, 2015], "offers.t.provider": "gov", "offers.f.match": 2},
        """
        matching A 2015: -288*x[f,t,n,2015] - 72*x[p,t,n,2015] >= 0
        """,
    ),
    "completion": (
        {"needs.n.completes": True, "states.A.deadline": 2015},
        "completion n: x[f,t,n,2015] - 10*e[A] >= 0",
    ),
    "late": (
        {"needs.n.completes": True, "states.A.deadline": 2015, "needs.n.delivered": 3},
        "late n: x[f,t,n,2015] + x[f,t,n,2016] - 7*l[A] >= 0",
    ),
    "either": (
        {"needs.n.completes": True, "states.A.deadline": "2016-06-30"},
        "either A: e[A] + l[A] <= 1",
    ),
    "max_share": (
        {
            "horizon": [2015, 2015],
            "states.A.max_share": 0.5,
            "offers.p": {"kind": "funding", "provider": "firm", "amount": 100},
        },
        """
        max_share donor A: 72*x[f,t,n,2015] - 72*x[p,t,n,2015] <= 0
        max_share firm A: -72*x[f,t,n,2015] + 72*x[p,t,n,2015] <= 0
        """,
    ),
    "earlier": (
        {
            "decisions.earlier": [
                {"offer": "f", "state": "A", "amounts": {2015: 300}},
                {"offer": "t", "state": "A", "amounts": {2016: 4}},
            ]
        },
        """
        earlier f A 2015: 72*x[f,t,n,2015] + lost[f,A,2015] - gained[f,A,2015] = 300
        earlier t A 2016: x[f,t,n,2016] + lost[t,A,2016] - gained[t,A,2016] = 4
        """,
    ),
    "pin": (
        {"decisions.pins": [{"offer": "t", "state": "A"}]},
        "pin t A: x[f,t,n,2015] + x[f,t,n,2016] >= 1",
    ),
    "pin of two years": (
        {"decisions.pins": [{"offer": "f", "state": "A", "years": [2015, 2016]}]},
        """
        pin f A: x[f,t,n,2015] >= 1
        pin f A: x[f,t,n,2016] >= 1
        """,
    ),
    "pin of years": (
        {"decisions.pins": [{"offer": "f", "state": "A", "years": [2016, 2016]}]},
        "pin f A: x[f,t,n,2016] >= 1",
    ),
    "cap": (
        {"decisions.caps": [{"offer": "f", "state": "A", "money": 200, "per": "year"}]},
        """
        cap f A 2015: 72*x[f,t,n,2015] <= 200
        cap f A 2016: 72*x[f,t,n,2016] <= 200
        """,
    ),
    "cap of a share": (
        MATCHED | {"horizon": [2015, 2015], "decisions.caps": [{"provider": "donor", "state": "A", "share": 0.25}]},
        "cap donor A horizon: 216*x[f,t,n,2015] - 72*x[p,t,n,2015] <= 0",
    ),
    "worst_off": (
        {"needs.m": {"state": "A", "capability": "clearance", "quantity": 2, "weight": 3}, "horizon": [2015, 2015]},
        f"worst_off A: {WORST_SCALE * 3 // 8}*x[f,t,m,2015] + {WORST_SCALE // 40}*x[f,t,n,2015] - w >= 0",
    ),
    "worst_off of a State with little room": (
        LITTLE_ROOM,
        f"""
        worst_off A: {WORST_SCALE // 10}*x[f,t,n,2015] - w >= 0
        worst_off B: {WORST_SCALE // 10}*x[f,t,m,2015] - w + {WORST_SCALE // 10 * 3}*r[B] >= 0
        """,
    ),
    "reached": (
        LITTLE_ROOM,
        f"reached B: {WORST_SCALE // 10}*x[f,t,m,2015] - {WORST_SCALE // 10 * 2}*r[B] >= 0",
    ),
}
"""By name (the rule, then what is special): the changes to the small scenario, and the rule's rows."""


@pytest.mark.parametrize("golden", list(GOLDEN))
def test_each_rule_has_the_rows_written_here(golden: str) -> None:
    """Every rule's rows on its small scenario are exactly those written out by hand."""
    changes, text = GOLDEN[golden]
    built = _formulated(changes)
    written = [line.strip() for line in text.strip().splitlines()]
    rules = {rule for rule in _emitted() if f"{golden} ".startswith(f"{rule} ")}
    longest = max(rules, key=len)
    rows = [*_lines(built.layout, built.model.rows), *_lines(built.layout, worst_off_rows(built.layout))]
    assert [line for rule, line in rows if rule == longest] == written


def test_every_rule_has_a_golden() -> None:
    """A rule whose rows nobody has written out is not tested."""
    written = {line.strip() for _, text in GOLDEN.values() for line in text.strip().splitlines()}
    missing = [rule for rule in sorted(_emitted()) if not any(line.startswith(f"{rule} ") for line in written)]
    assert missing == []


def test_rule_labels_are_found_in_the_source() -> None:
    """The search for labels finds the first and the last of the rules."""
    assert {"budget", "lasting", "cap", "worst_off"} <= _emitted()


def _emitted() -> set[str]:
    """First words of the labels of all rows that the formulations open."""
    found: set[str] = set()
    for path in sorted(Path(benchmarks.peers.assignment.__path__[0]).glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                found |= _labels_in(function)
    return found


def _labels_in(function: ast.FunctionDef) -> set[str]:
    named = {
        target.id: each.value
        for each in ast.walk(function)
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    found = set()
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "row":
            label = call.args[0]
            label = named[label.id] if isinstance(label, ast.Name) else label
            assert isinstance(label, ast.Tuple), ast.dump(call)
            first = label.elts[0]
            assert isinstance(first, ast.Constant), ast.dump(call)
            found.add(str(first.value))
    return found


def _formulated(changes: Changes) -> Assignment:
    built = formulate(build_arrays(find_options(small_scenario(changes))))
    assert built.impossible == ()
    return built


def _lines(layout: Layout, rows: Rows) -> list[tuple[str, str]]:
    """Rule and readable text of each row."""
    names = _names(layout)
    found = []
    for row, label in enumerate(rows.label):
        terms = range(int(rows.start[row]), int(rows.start[row + 1]))
        text = " ".join(_term(int(rows.coefficient[at]), names[int(rows.column[at])]) for at in terms)
        text = text.removeprefix("+ ").replace("- ", "-", 1) if text.startswith("- ") else text.removeprefix("+ ")
        found.append((label[0], f"{' '.join(label)}: {text} {_limits(int(rows.lower[row]), int(rows.upper[row]))}"))
    return found


def _term(coefficient: int, name: str) -> str:
    size = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
    return f"{'-' if coefficient < 0 else '+'} {size}{name}"


def _limits(lower: int, upper: int) -> str:
    if lower == upper:
        return f"= {upper}"
    assert lower <= -UNLIMITED or upper >= UNLIMITED, "a row with two limits needs a way to be written"
    return f"<= {upper}" if lower <= -UNLIMITED else f">= {lower}"


def _names(layout: Layout) -> dict[int, str]:
    """Readable name of every column."""
    arrays, years = layout.arrays, layout.scenario.years
    names = {layout.min_coverage: "w"} | {column: f"r[{state}]" for state, column in layout.reached.items()}
    for flow in range(arrays.flows):
        option = arrays.option_of(flow)
        who = f"{option.financier or '-'},{option.implementer},{option.need}"
        names[flow] = f"x[{who},{years[int(arrays.flow_year[flow])]}]"
    for letter, columns in (("y", layout.engaged), ("b", layout.start)):
        for (at, year), column in columns.items():
            relation = arrays.relations[at]
            names[column] = f"{letter}[{relation.offer},{relation.state},{years[year]}]"
    names |= {column: f"z[{who},{state},{years[year]}]" for (who, state, year), column in layout.partner.items()}
    names |= {column: f"e[{state}]" for state, column in layout.complete.items()}
    names |= {column: f"u[{need}]" for need, column in layout.whole.items()}
    names |= {column: f"c[{offer},{years[year]}]" for (offer, year), column in layout.carried.items()}
    names |= {column: f"r[{offer},{years[year]}]" for (offer, year), column in layout.repaid.items()}
    names |= {column: f"s[{offer},{years[year]}]" for (offer, year), column in layout.spent.items()}
    for word, moved in (("lost", layout.lost), ("gained", layout.gained)):
        for (at, year), column in moved.items():
            relation = arrays.relations[at]
            names[column] = f"{word}[{relation.offer},{relation.state},{years[year]}]"
    for (at, year), column in layout.working.items():
        relation = arrays.relations[at]
        names[column] = f"k[{relation.offer},{relation.state},{years[year]}]"
    names |= {column: f"l[{state}]" for state, column in layout.late.items()}
    names[layout.always] = "always"
    names |= {column: f"X[{need},{years[year]}]" for (need, year), column in layout.delivered.items()}
    assert sorted(names) == list(range(layout.columns)), "a column has no name here"
    return names


def _bounds(built: Assignment) -> dict[str, tuple[int, int]]:
    names = _names(built.layout)
    return {names[at]: (int(built.model.lower[at]), int(built.model.upper[at])) for at in range(built.model.columns)}


def test_pre_financing_that_falls_due_too_late_cannot_flow() -> None:
    """Money whose repayment would fall past the horizon is held at nothing."""
    bounds = _bounds(_formulated(PREPAID))
    assert bounds["x[p,t,n,2015]"] == (0, 5)
    assert bounds["x[p,t,n,2016]"] == (0, 0)
    assert bounds["r[p,2015]"] == (0, 550)


def test_a_commitment_is_a_lower_bound_in_granules() -> None:
    """A commitment holds its flow at its granules, and no other."""
    agreed = {"financier": "f", "implementer": "t", "need": "n", "year": 2016, "quantity": 20}
    bounds = _bounds(_formulated(COARSE | {"decisions.commitments": [agreed]}))
    assert bounds["x[f,t,n,2015]"] == (0, 5)
    assert bounds["x[f,t,n,2016]"] == (2, 5)


def test_several_commitments_to_one_flow_add_up() -> None:
    """Two commitments to the same flow are two agreements: both hold."""
    agreed = {"financier": "f", "implementer": "t", "need": "n", "year": 2016}
    commitments = [{**agreed, "quantity": amount} for amount in (1, 3)]
    assert _bounds(_formulated({"decisions.commitments": commitments}))["x[f,t,n,2016]"] == (4, 5)


def test_pinned_years_are_engaged() -> None:
    """A pin holds the engagement in each of its years."""
    pin = {"offer": "f", "state": "A", "years": [2016, 2016]}
    bounds = _bounds(_formulated({"decisions.pins": [pin]}))
    assert bounds["y[f,A,2015]"] == (0, 1)
    assert bounds["y[f,A,2016]"] == (1, 1)


def test_a_state_that_nothing_reaches_in_time_cannot_complete() -> None:
    """Without timely flows the completion is held at nothing, and so is an indivisible need without options."""
    late = {"needs.n.completes": True, "states.A.deadline": 2015, "needs.n.years": [2016, 2016]}
    assert _bounds(_formulated(late))["e[A]"] == (0, 0)
    alone = {"needs.n.indivisible": True, "offers.t.years": [2017, 2018]}
    assert _bounds(_formulated(alone))["u[n]"] == (0, 0)


def test_carried_money_is_bounded_by_all_that_could_be_left() -> None:
    """The most that can be carried is the share of all earlier money, spent on nothing."""
    bounds = _bounds(_formulated({"horizon": [2015, 2017], "offers.f.carry_over": 0.5}))
    assert bounds["c[f,2016]"] == (0, 500)
    assert bounds["c[f,2017]"] == (0, 750)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (
            {"commitments": [{"implementer": "t", "need": "n", "year": 2015, "quantity": 1}]},
            Impossible(
                "commitment_not_eligible",
                ("none", "t", "n", "2015"),
                barriers=(Reason(code="work_needs_money", offer="t", found="72", wanted="0"),),
            ),
        ),
        (
            {"commitments": [{"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 6}]},
            Impossible("commitment_too_large", ("f", "t", "n", "2015"), {"quantity": 6, "most": 5, "unit": "m2"}),
        ),
        (
            {"pins": [{"offer": "g", "state": "A"}]},
            Impossible("pin_not_possible", ("g", "A")),
        ),
    ],
)
def test_decisions_that_nothing_can_meet_are_told(decision: dict[str, object], expected: Impossible) -> None:
    """A decision that contradicts the options or bounds is named with its subjects, figures and barriers."""
    changes = OWN | {"offers.g.channels": ["own_programme"], "decisions": decision}
    (found,) = formulate(build_arrays(find_options(small_scenario(changes)))).impossible
    assert found == expected


def test_a_commitment_in_a_year_without_all_partners_is_told() -> None:
    """An option that exists, but not in the year agreed, is not eligible there."""
    agreed = {"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 1}
    changes = {"offers.f.years": [2016, 2016], "decisions.commitments": [agreed]}
    (found,) = formulate(build_arrays(find_options(small_scenario(changes)))).impossible
    assert found == Impossible("commitment_not_eligible", ("f", "t", "n", "2015"))


def test_a_pin_on_a_year_in_which_nothing_can_flow_is_told() -> None:
    """A pinned year is one of work: engaged without a need that is open is not enough."""
    changes = {"needs.n.years": [2016, 2016], "decisions.pins": [{"offer": "t", "state": "A", "years": [2015, 2016]}]}
    (found,) = formulate(build_arrays(find_options(small_scenario(changes)))).impossible
    assert found == Impossible("pin_not_possible", ("t", "A"))


def test_the_empty_portfolio_keeps_all_rows_without_decisions() -> None:
    """Whatever the rules, doing nothing breaks none of them."""
    for changes, _ in GOLDEN.values():
        if not {"decisions.pins", "decisions.earlier"} & set(changes):
            built = _formulated(changes)
            nothing = np.zeros(built.model.columns, np.int64)
            nothing[built.layout.always] = 1
            assert built.model.admits(nothing)
