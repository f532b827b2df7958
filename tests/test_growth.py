"""Twice as much data takes about twice the work, wherever a scenario or a portfolio passes the border.

Work is counted in steps of the interpreter, never timed: something that looks at all needs for each State,
or at all flows for each need, takes four times the steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from interpreter_steps import effort
from matcher.errors import InvalidScenario
from matcher.formulation.need_aggregation import merge
from matcher.io import canonical_json, load_portfolio, loads, portfolio_csv, scenario_document
from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import Result, SolveOptions, scenario_hash
from matcher.reporting.markdown import partnerships_markdown, summary_markdown
from matcher.reporting.terminal import summary_text
from matcher.scenario import Scenario, Years
from matcher.scenario.eligibility import find_options
from matcher.screening.overview import overview_of
from matcher.verification import verify

SMALL = 24
"""States, or tasks of one State, in the smaller of two scenarios; the other has twice as many."""
MOST = 2.25
"""Times as many steps as are allowed for twice as much data: a little more than two, for sorting."""
OWNERSHIP = (
    "high_level_interest",
    "empowered_entities",
    "measures_articulated",
    "challenges_planned",
    "financial_commitment",
)


def document(states: int, tasks: int) -> dict[str, Any]:
    """Returns a scenario with two offers, some decisions and as many like tasks for each State."""
    return {
        "name": "growth",
        "horizon": [2020, 2024],
        "currency": {"code": "USD"},
        "capabilities": {"clearance": {"name": "Clearance", "unit": "m2", "granule": 10}},
        "states": {f"S{at}": _state(at) for at in range(states)},
        "needs": {f"S{at}-n{task}": _task(at, task) for at in range(states) for task in range(tasks)},
        "providers": {"donor": {"name": "D", "kind": "donor_state"}, "ngo": {"name": "N", "kind": "operator"}},
        "offers": {key: offer for at in range(states) for key, offer in _offers(at).items()},
        "dialogue": {"meetings_per_year": 2},
        "decisions": {
            "forbids": [{"state": f"S{at}", "kind": "national"} for at in range(states)],
            "caps": [{"offer": f"f{at}", "state": f"S{at}", "share": 1} for at in range(states)],
            "pins": [{"offer": f"f{at}", "state": f"S{at}"} for at in range(states)],
        },
    }


def _state(at: int) -> dict[str, Any]:
    known = dict.fromkeys(OWNERSHIP, 0.5)
    return {"name": f"State {at}", "deadline": 2023, "region": f"r{at}", "absorption": 10**9, "ownership": known}


def _task(at: int, task: int) -> dict[str, Any]:
    people = {"women": 4, "men": 3, "girls": 2, "boys": 1}
    return {
        "state": f"S{at}",
        "capability": "clearance",
        "quantity": 10 * (1 + task % 7),
        "weight": 1 + task % 7,
        "completes": True,
        "beneficiaries": people,
        "provenance": {"quantity": {"source": "a test", "confidence": "assumption"}},
    }


def _offers(at: int) -> dict[str, Any]:
    work = {"kind": "technical", "provider": "ngo", "capability": "clearance", "price": 2, "states": [f"S{at}"]}
    money = {"kind": "funding", "provider": "donor", "regions": [f"r{at}"], "fit": {f"S{at}": 0.5}}
    return {f"f{at}": {**money, "amount": {2020: 10**6, 2021: 10**6}}, f"t{at}": {**work, "capacity": 10**6}}


def portfolio(scenario: Scenario) -> Portfolio:
    """Returns a portfolio that meets every need, half in one year and half in the next, wherever it can be halved."""
    run = Years(first=2020, last=2021)
    flows = []
    for need in scenario.needs:
        granules, at = need.quantity // 10, need.state[1:]
        for year, part in ((2020, granules // 2), (2021, granules - granules // 2)):
            if part:
                who = {"financier": f"f{at}", "implementer": f"t{at}", "need": need.id, "kind": "operator"}
                flows.append(Flow(**who, year=year, quantity=10 * part, money=20 * part))
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        flows=tuple(flows),
        engagements=tuple(
            Engagement(offer=f"{kind}{state.id[1:]}", state=state.id, years=run)
            for state in scenario.states
            for kind in "ft"
        ),
    )


class Case:
    """A scenario, a right portfolio for it, and a result that holds it."""

    def __init__(self, states: int, tasks: int) -> None:
        self.data = document(states, tasks)
        self.scenario = Scenario.from_data(self.data)
        self.portfolio = portfolio(self.scenario)
        self.result = Result(
            scenario=self.scenario.name,
            scenario_hash=scenario_hash(self.scenario),
            version="0",
            solver="none",
            options=SolveOptions(),
            method="whole",
            status="feasible",
            stopped_by="work",
            portfolio=self.portfolio,
            partnerships=derive_partnerships(self.scenario, self.portfolio),
        )

    def fresh(self) -> Scenario:
        """Returns the scenario without what has been worked out."""
        return self.scenario.model_copy()


def _read_portfolio(case: Case, tmp_path: Any) -> Callable[[], object]:
    path = tmp_path / "portfolio.json"
    path.write_text(case.portfolio.model_dump_json(), encoding="utf-8")
    return lambda: load_portfolio(path)


def _split_and_join(case: Case) -> Callable[[], object]:
    merged = merge(case.scenario)
    joined = merged.join(case.portfolio)
    assert len(joined.flows) == 2 * len(case.scenario.states)
    return lambda: merged.join(merged.split(joined))


def _faulty(case: Case) -> Callable[[], object]:
    needs = {key: {**need, "capability": "clearence"} for key, need in case.data["needs"].items()}
    text = json.dumps({**case.data, "needs": needs})

    def refused() -> None:
        with pytest.raises(InvalidScenario):
            loads(text, format="json")

    return refused


WORK: dict[str, Callable[[Case], Callable[[], object]]] = {
    "read plain data": lambda case: lambda: Scenario.from_data(case.data),
    "read JSON": lambda case: lambda: loads(json.dumps(case.data), format="json"),
    "read YAML": lambda case: lambda: loads(json.dumps(case.data), format="yaml"),
    "tell faults": _faulty,
    "write JSON": lambda case: lambda: canonical_json(scenario_document(case.scenario)),
    "digest": lambda case: lambda: scenario_hash(case.fresh()),
    "merge": lambda case: lambda: merge(case.fresh()),
    "split and join": _split_and_join,
    "verify": lambda case: lambda: verify(case.scenario, case.portfolio),
    "partnerships": lambda case: lambda: derive_partnerships(case.fresh(), case.portfolio),
    "table": lambda case: lambda: portfolio_csv(case.fresh(), case.portfolio),
    "overview": lambda case: lambda: overview_of(case.fresh()),
    "options": lambda case: lambda: find_options(case.fresh()),
    "summary": lambda case: lambda: summary_text(case.fresh(), case.result),
    "paper": lambda case: lambda: summary_markdown(case.fresh(), case.result),
    "sheets": lambda case: lambda: partnerships_markdown(case.fresh(), case.result),
    "result": lambda case: lambda: canonical_json(case.result.model_dump(mode="json")),
}


@pytest.fixture(scope="module", params=["States", "tasks"])
def cases(request: pytest.FixtureRequest) -> tuple[Case, Case]:
    """Returns two cases, the second with twice as many States, or twice as many tasks in each of two States."""
    small = (SMALL, 2) if request.param == "States" else (2, SMALL)
    large = (2 * SMALL, 2) if request.param == "States" else (2, 2 * SMALL)
    return Case(*small), Case(*large)


@pytest.mark.parametrize("name", WORK)
def test_work_grows_like_the_data(cases: tuple[Case, Case], name: str) -> None:
    """Twice the States, or twice the tasks, take about twice the work."""
    small, large = (WORK[name](case) for case in cases)
    small(), large()  # so that what is imported, compiled or kept at first use counts for neither
    assert effort(large) < MOST * effort(small)


def test_a_portfolio_is_read_in_work_that_grows_like_it(cases: tuple[Case, Case], tmp_path: Any) -> None:
    """Reading a portfolio from JSON takes the interpreter hardly any steps at all."""
    small, large = (_read_portfolio(case, tmp_path) for case in cases)
    small()
    assert effort(large) < MOST * effort(small)


def test_the_cases_are_right(cases: tuple[Case, Case]) -> None:
    """What is counted is the work on right portfolios."""
    assert all(verify(case.scenario, case.portfolio).ok for case in cases)


def test_effort_tells_growth() -> None:
    """Looking at everything once is told from looking at everything for each thing."""
    once = [effort(lambda size=size: sum(each for each in range(size))) for size in (50, 100)]
    each = [effort(lambda size=size: [[0 for _ in range(size)] for _ in range(size)]) for size in (50, 100)]
    assert once[1] < MOST * once[0]
    assert each[1] > 3 * each[0]
