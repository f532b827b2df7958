"""Completion clocks and value curves: by hand, and every claim tried out by a full solve of the changed scenario."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from generators import Seeded, draw_scenario
from matcher.engine.parts import Best
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions, VerificationFailed
from matcher.explanation import curves as curves_module
from matcher.explanation.clock_findings import Clock, Curve, CurvePoint, Curves, Earliest
from matcher.explanation.clocks import clock, only_own
from matcher.explanation.curves import curve, curves_of
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS
from matcher.explanation.state_part import StatePart
from matcher.io import load
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import SolveOptions
from matcher.reporting.clocks import clock_lines, curve_lines
from matcher.scenario import Scenario
from matcher.units import fraction
from matcher.verification import Report, verify
from smallest_scenario import Changes, small_scenario

QUICK = SolveOptions(work=5, gap=Decimal(0))
TINY = Path(__file__).parents[1] / "scenarios" / "tiny"
ORDER = [{"objective": "completions"}, {"objective": "coverage", "give_up": 0}]
Document = dict[str, Any]


def sought(document: Document) -> Scenario:
    """Returns a scenario in which a State's completing comes first and its needs next."""
    discount = document["objectives"].get("discount", 1)
    return Scenario.from_data(document | {"objectives": {"order": ORDER, "discount": discount}})


def best(scenario: Scenario) -> Report | None:
    """Returns what the checker says of the best portfolio of all; None if there is none."""
    result = solve(scenario, QUICK)
    assert result.status in ("optimal", "infeasible")
    return None if result.portfolio is None else verify(scenario, result.portfolio)


def portfolio_of(scenario: Scenario) -> Portfolio:
    """Returns a portfolio of a scenario."""
    portfolio = solve(scenario, QUICK).portfolio
    assert portfolio is not None
    return portfolio


def empty(scenario: Scenario) -> Portfolio:
    """Returns the portfolio in which nothing flows."""
    return Portfolio(scenario=scenario.name, scenario_hash=scenario.digest)


OWN: Changes = {
    "horizon": [2015, 2020],
    "needs.n.completes": True,
    "offers.g": {"kind": "funding", "provider": "gov", "amount": 1000},
    "offers.o": {"kind": "technical", "provider": "gov", "capability": "clearance", "capacity": 2, "price": 72},
}
"""Beside the operator's 5 m2 a year, the State's own team clears 2 m2 a year, until 2020."""


def test_the_clock_by_hand() -> None:
    """7 m2 a year clear 10 m2 in two years; 2 m2 a year, alone, in five: past the deadline of 2016."""
    scenario = small_scenario(OWN)
    found = clock(scenario, portfolio_of(scenario), "A")
    both, alone = Earliest(year=2016, least=2016), Earliest(year=2019, least=2019)
    assert found == Clock(state="A", deadline=2016, year=2016, within=both, alone=alone)
    assert both.proven
    assert clock(scenario, empty(scenario), "A").year is None
    assert clock(scenario, empty(scenario), "A").within == both


CASES: dict[str, tuple[Changes, int | None, int | None]] = {
    "the deadline is no limit": ({"states.A.deadline": 2015}, 2016, 2019),
    "a deadline before the horizon": ({"states.A.deadline": 2010}, 2016, 2019),
    "a deadline past the horizon": ({"states.A.deadline": 2030}, 2016, 2019),
    "the need's own years bind": ({"needs.n.years": [2017, 2020]}, 2018, None),
    "nothing of its own": ({"offers.o": None}, 2016, None),
    "no money of its own": ({"offers.g": None}, 2016, None),
    "work of its own in kind": ({"offers.g": None, "offers.o.price": 0}, 2016, 2019),
    "a forbid on its own team": ({"decisions.forbids": [{"offer": "o"}]}, 2016, None),
    "a forbid on somebody else": ({"decisions.forbids": [{"offer": "t"}]}, 2019, 2019),
    "a forbid on a pair": ({"decisions.forbids": [{"offer": "g", "partner": "o"}]}, 2016, None),
    "a cap on its own money": ({"decisions.caps": [{"offer": "g", "state": "A", "money": 500}]}, 2016, None),
    "a cap on a share": (
        {"decisions.caps": [{"provider": "donor", "state": "A", "share": Decimal("0.5")}]},
        2016,
        2019,
    ),
    "a pin of somebody else": ({"decisions.pins": [{"offer": "t", "state": "A"}]}, 2016, 2019),
    "agreed for late": (
        {"decisions.commitments": [{"financier": "f", "implementer": "t", "need": "n", "year": 2018, "quantity": 1}]},
        2018,
        2019,
    ),
    "money that somebody else pays back": (
        {
            "offers.g.amount": 100,
            "offers.h": {
                "kind": "funding",
                "provider": "gov",
                "amount": 1000,
                "repayment": {"offer": "f", "after": 1},
            },
        },
        2016,
        None,
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_what_moves_the_clock(case: str) -> None:
    """The earliest years with others and alone, each in one change of the same small world."""
    changes, within, alone = CASES[case]
    scenario = small_scenario(OWN | changes)
    found = clock(scenario, portfolio_of(scenario), "A")
    assert found.within == Earliest(year=within, least=within)
    assert found.alone == Earliest(year=alone, least=alone)


def test_others_keep_what_they_have() -> None:
    """What another State uses is not there, but is alone: its promises to others are left out then."""
    shared: Changes = {
        "horizon": [2015, 2018],
        "states.B": {"name": "Belmark", "deadline": 2016},
        "needs.b": {"state": "B", "capability": "clearance", "quantity": 8, "completes": True},
        "needs.n.completes": True,
        "needs.n.quantity": 4,
        "offers.o": {"kind": "technical", "provider": "gov", "capability": "clearance", "capacity": 4},
        "offers.t": None,
        "states.A.weight": Decimal("0.1"),
    }
    scenario = small_scenario(shared)
    portfolio = portfolio_of(scenario)  # the team of A works in B until 2016
    found = clock(scenario, portfolio, "A")
    assert found.within == Earliest(year=2017, least=2017)
    assert found.alone == Earliest(year=2015, least=2015)
    assert clock(scenario, portfolio, "B").alone == Earliest(year=None, least=None)
    work = curve(scenario, portfolio, "A", "work", "clearance")
    assert work is not None
    assert [(each.amount, each.completes) for each in work.points] == [(0, False), (1, False), (2, True)]


def test_nothing_is_required() -> None:
    """A State without needs that complete has no clock, and no curve of time."""
    scenario = small_scenario({"states.B": {"name": "Belmark", "deadline": 2015}, "states.A.deadline": 2015})
    portfolio = portfolio_of(scenario)
    nothing = Clock(state="A", deadline=2015, year=None, within=None, alone=None)
    assert clock(scenario, portfolio, "A") == nothing
    assert [each.resource for each in curves_of(scenario, portfolio, "A").curves] == ["money", "work"]
    assert curves_of(scenario, portfolio, "B") == Curves(state="B", curves=())
    assert {each.completes for each in curves_of(scenario, portfolio, "A").curves[0].points} == {None}


def test_a_portfolio_of_another_scenario_is_refused() -> None:
    """Claims about it would be about nothing."""
    one, other = small_scenario(OWN), small_scenario()
    for asked in (clock, curves_of):
        with pytest.raises(InvalidOptions, match="not valid"):
            asked(one, empty(other), "A")


def test_a_limit_is_never_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where solves end without an answer, years and points are left open."""
    scenario = small_scenario(OWN | {"offers.t.capacity": 3})
    portfolio = empty(scenario)
    monkeypatch.setattr(StatePart, "best", lambda *_: Best(None, None))
    found = clock(scenario, portfolio, "A")
    assert found.within == found.alone == Earliest(year=None, least=2015)
    assert not Earliest(year=None, least=2015).proven
    money = curve(scenario, portfolio, "A", "money")
    assert money is not None
    assert {(each.completes, each.coverage, each.proven) for each in money.points} == {(False, "0", False)}
    assert money.saturation is None
    assert fraction(money.most.coverage_bound) > 0
    text = "\n".join([*clock_lines(scenario, found), *curve_lines(scenario, Curves(state="A", curves=(money,)))])
    assert "is not known; it cannot be before 2015" in text


POOR: Changes = {"needs.n.completes": True, "offers.f.amount": 72, "offers.t.capacity": 50}


def shown(found: Curve | None) -> list[tuple[int, bool | None, str]]:
    """Returns the points of a curve, each of which must be proven."""
    assert found is not None
    assert all(each.proven for each in found.points)
    return [(each.amount, each.completes, each.coverage) for each in found.points]


def test_the_curve_of_money_by_hand() -> None:
    """Money for 2 of 10 m2; 8 more cost 576, so that a step is 1 and the curve ends at 1,000: too little for 500."""
    scenario = small_scenario(POOR)
    found = curve(scenario, portfolio_of(scenario), "A", "money")
    assert found is not None
    few = [(0, False, "1/5"), (1, False, "1/5"), (2, False, "1/5"), (5, False, "1/5"), (10, False, "1/5")]
    more = [(20, False, "1/5"), (50, False, "1/5"), (100, False, "3/10"), (200, False, "2/5"), (500, False, "4/5")]
    assert shown(found) == [*few, *more, (1000, True, "1")]
    assert (found.step, found.saturation, found.most) == (1, 1000, found.points[-1])


def test_the_curve_of_work_by_hand() -> None:
    """3 m2 a year are cleared; 2 more a year are enough, and are paid for by the donor."""
    scenario = small_scenario({"needs.n.completes": True, "offers.t.capacity": 3})
    found = curve(scenario, portfolio_of(scenario), "A", "work", "clearance")
    assert shown(found) == [(0, False, "3/5"), (1, False, "4/5"), (2, True, "1")]
    assert found is not None
    assert found.saturation == 2
    coarse = small_scenario({"capabilities.clearance.granule": 5, "offers.t.capacity": 0})
    assert shown(curve(coarse, empty(coarse), "A", "work", "clearance")) == [(0, None, "0"), (5, None, "1")]
    assert curve(coarse, empty(coarse), "A", "work", "survey") is None


def test_the_curve_of_time_by_hand() -> None:
    """1 m2 a year from 2015: all 10 by 2024, eight years after the deadline; the horizon ends in 2025."""
    scenario = small_scenario({"horizon": [2015, 2025], "needs.n.completes": True, "offers.t.capacity": 1})
    found = curve(scenario, portfolio_of(scenario), "A", "time")
    assert shown(found) == [(0, False, "1"), (1, False, "1"), (2, False, "1"), (5, False, "1"), (9, True, "1")]
    assert found is not None
    assert found.saturation == 9
    late = small_scenario({"needs.n.completes": True})
    assert curve(late, empty(late), "A", "time") is None


def test_completing_comes_before_the_share_of_needs_met() -> None:
    """A grant large enough to complete goes to what completing asks for, though less is met with it."""
    scenario = small_scenario(
        {
            "needs.n.completes": True,
            "needs.n.weight": 1,
            "needs.m": {"state": "A", "capability": "clearance", "quantity": 10, "weight": 9},
            "offers.f.amount": 0,
            "offers.t.capacity": 5,
        }
    )
    found = curve(scenario, empty(scenario), "A", "money")
    assert found is not None
    assert [each.completes for each in found.points][-2:] == [False, True]
    assert [fraction(each.coverage) for each in found.points][-2:] == [Fraction(54, 100), Fraction(1, 10)]


def test_money_is_for_the_State_alone() -> None:
    """Another State in need gets none of a further grant, and keeps what it has."""
    scenario = small_scenario(
        POOR
        | {
            "states.B": {"name": "Belmark", "deadline": 2016},
            "needs.b": {"state": "B", "capability": "clearance", "quantity": 100, "completes": True},
        }
    )
    found = curve(scenario, empty(scenario), "A", "money")
    assert found is not None
    assert found.most.completes
    assert found.most.coverage == "1"


def test_work_in_foreign_money_has_no_curve() -> None:
    """Its price cannot be stated exactly in another currency."""
    scenario = small_scenario({"rates": {"EUR": {"rate": Decimal("1.1")}}, "offers.t.currency": "EUR"})
    found = curves_of(scenario, empty(scenario), "A")
    assert [each.resource for each in found.curves] == ["money"]


def test_a_share_past_its_bound_is_an_error() -> None:
    """It is reported as one, and never said to be proven."""
    scenario = small_scenario(POOR)
    now = curves_module._now(scenario, empty(scenario), "A", DEFAULT_EXPLANATION_SETTINGS)
    with pytest.raises(VerificationFailed, match="passes its bound 0"):
        now.worth.bounded(Fraction(0), Fraction(1))


def one_State(most: int) -> Iterator[tuple[str, Scenario]]:
    """Yields tiny scenarios of one State that have a portfolio."""
    for path in sorted(TINY.glob("*.yaml")):
        if not path.name.endswith(".expected.yaml"):
            scenario = load(path)
            if len(scenario.states) == 1 and path.stem != "infeasible-commitment":
                yield path.stem, sought(scenario.model_dump())
    for seed in range(most):
        yield f"seed {seed}", sought(draw_scenario(Seeded(seed), states=1).model_dump())


def year_by_solving(scenario: Scenario, state: str) -> int | None:
    """The first year of the horizon which, as the deadline, lets a full solve complete the State."""
    for year in scenario.years:
        document = scenario.model_dump()
        document["states"][state]["deadline"] = year
        report = best(Scenario.from_data(document))
        if report is not None and report.states[state].completes:
            return year
    return None


def alone_by_forbidding(scenario: Scenario, state: str) -> Scenario:
    """The scenario with every offer of somebody else forbidden, and nothing agreed."""
    document = scenario.model_dump()
    external = [offer.id for offer in scenario.offers if scenario.is_external(offer.id, state)]
    decisions = document["decisions"]
    forbids = [*decisions["forbids"], *({"offer": offer} for offer in external)]
    caps = [each for each in decisions["caps"] if each["share"] is None]
    document["decisions"] = {"forbids": forbids, "caps": caps}
    for key, offer in document["offers"].items():  # one who lends what somebody else would pay back
        if offer.get("repayment") and offer["repayment"]["offer"] in external:
            document["decisions"]["forbids"].append({"offer": key})
    return Scenario.from_data(document)


def with_more(scenario: Scenario, found: Curve, amount: int) -> Scenario:
    """The scenario with so much more, written into its document."""
    document = scenario.model_dump()
    if found.resource == "time":
        document["states"][found.state]["deadline"] += amount
    elif found.resource == "money":
        document["providers"]["more"] = {"name": "More", "kind": "donor_state"}
        document["offers"]["more"] = {
            "kind": "funding",
            "provider": "more",
            "amount": {scenario.horizon.first: amount},
            "carry_over": 1,
            "states": [found.state],
        }
    else:
        able = [each for each in scenario.technical if each.capability == found.capability]
        document["providers"]["more"] = {"name": "More", "kind": "operator"}
        document["offers"]["more"] = {
            "kind": "technical",
            "provider": "more",
            "capability": found.capability,
            "capacity": amount,
            "states": [found.state],
            "price": max((each.price for each in able if each.currency in (None, "USD")), default=0),
        }
    return Scenario.from_data(document)


def frozen(scenario: Scenario, portfolio: Portfolio, state: str) -> Scenario:
    """The scenario in which other States have what they have in a portfolio, whatever is done, and nothing else."""
    document = scenario.model_dump()
    decisions = document["decisions"]
    given = Counter(dict.fromkeys((need.id for need in scenario.needs if need.state != state), 0))
    own = (each for each in decisions["commitments"] if each["need"] not in given)
    decisions["commitments"] = tuple(
        own
    )  # what others have holds what is agreed with them: twice would be twice as much
    worked = {
        (offer, scenario.need(flow.need).state, flow.year)
        for flow in portfolio.flows
        for offer in (flow.financier, flow.implementer)
    }
    for flow in portfolio.flows:
        if flow.need in given:
            given[flow.need] += flow.quantity
            fields = ("financier", "implementer", "need", "year", "quantity")
            decisions["commitments"] = (*decisions["commitments"], {name: getattr(flow, name) for name in fields})
    for key, quantity in given.items():
        need = document["needs"][key]
        document["needs"][key] = {name: need[name] for name in ("state", "capability", "quantity", "years")}
        if quantity:
            document["needs"][key]["quantity"] = quantity
        else:
            decisions["forbids"] = (*decisions["forbids"], {"need": key})
    for each in portfolio.engagements:
        for year in each.years.range() if each.state != state else ():
            if (each.offer, each.state, year) in worked:  # who is pinned must give something
                pin = {"offer": each.offer, "state": each.state, "years": [year, year]}
                decisions["pins"] = (*decisions["pins"], pin)
    for other in scenario.states:
        document["states"][other.id]["weight"] = int(other.id == state)
    return Scenario.from_data(document)


def hold_clock(scenario: Scenario, state: str) -> None:
    """Holds the clock of a State against full solves with each year as the deadline, others having what they have."""
    portfolio = portfolio_of(scenario)
    found, world = clock(scenario, portfolio, state), frozen(scenario, portfolio, state)
    if found.within is None or found.alone is None:
        return
    for told, changed in ((found.within, world), (found.alone, alone_by_forbidding(scenario, state))):
        assert told.proven
        assert told.year == year_by_solving(changed, state)
    assert found.year is None or found.within.year is not None
    assert found.year is None or found.within.year <= found.year  # type: ignore[operator]


def hold_curves(scenario: Scenario, state: str) -> int:
    """Holds every point of a State's curves against a full solve of the changed scenario; returns how many."""
    points, portfolio = 0, portfolio_of(scenario)
    world = frozen(scenario, portfolio, state)
    for found in curves_of(scenario, portfolio, state).curves:
        values = [(bool(each.completes), fraction(each.coverage)) for each in found.points]
        assert values == sorted(values)
        assert [each.amount for each in found.points] == sorted({each.amount for each in found.points})
        for point in (*found.points, found.most):
            assert fraction(point.coverage) <= fraction(point.coverage_bound) <= fraction(point.relaxed)
            report = best(with_more(world, found, point.amount) if point.amount else world)
            assert report is not None
            assert report.states[state].completes == point.completes
            assert report.states[state].coverage == fraction(point.coverage)
            assert point.completes is None or point.completes == point.could_complete
            points += 1
        assert found.points[-1].completes == found.most.completes
        assert found.points[-1].coverage == found.most.coverage
    return points


def test_every_claim_is_what_a_full_solve_gives() -> None:
    """On all tiny scenarios of one State, and on some at random."""
    points = 0
    for _, scenario in one_State(10):
        if best(scenario) is not None:
            hold_clock(scenario, scenario.states[0].id)
            points += hold_curves(scenario, scenario.states[0].id)
    assert points > 100


def hold_at_random(seeds: range, states: int) -> None:
    """Holds all claims about all States of random scenarios."""
    for seed in seeds:
        scenario = sought(draw_scenario(Seeded(seed), states=states).model_dump())
        if best(scenario) is not None:
            for state in scenario.states:
                hold_clock(scenario, state.id)
                hold_curves(scenario, state.id)


def test_claims_are_about_what_others_leave() -> None:
    """Among several States, what others have is theirs, and full solves in which it is give the same."""
    hold_at_random(range(100, 108), 3)


@pytest.mark.slow
def test_every_claim_is_what_a_full_solve_gives_at_length() -> None:
    """On many more at random, of one State and of several."""
    hold_at_random(range(10, 80), 1)
    hold_at_random(range(108, 160), 3)


def test_the_same_bytes_twice_and_anywhere() -> None:
    """Findings are the same each time, and survive a journey to another process and to a file."""
    scenario = small_scenario(OWN | {"offers.t.capacity": 1})
    portfolio = portfolio_of(scenario)
    for asked, kind in ((clock, Clock), (curves_of, Curves)):
        first, second = (asked(*pickle.loads(pickle.dumps((scenario, portfolio))), "A") for _ in range(2))
        assert first.model_dump_json() == second.model_dump_json()
        assert kind.model_validate_json(first.model_dump_json()) == first
        assert pickle.loads(pickle.dumps(first)) == first


def test_only_what_is_its_own_is_left() -> None:
    """No offer of others, no needs of others, nothing agreed; the State is still among the others."""
    scenario = load(TINY / "south-south-in-kind.yaml")
    for state in scenario.states:
        own = only_own(scenario, state.id)
        assert {need.state for need in own.needs} <= {state.id}
        assert not any(own.is_external(offer.id, state.id) for offer in own.offers)
        assert own.states == scenario.states


EARLIEST = (
    (Earliest(year=2016, least=2016), "known"),
    (Earliest(year=2016, least=2015), "found"),
    (Earliest(year=None, least=None), "never"),
    (Earliest(year=None, least=2015), "unknown"),
)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_clock_has_words(language: str) -> None:
    """Each way a clock can stand is said, with its years, and differently from all others."""
    scenario = small_scenario(OWN)
    said = set()
    for year in (2016, 2018, None):
        for within, _ in EARLIEST:
            for alone, _ in EARLIEST:
                lines = clock_lines(
                    scenario, Clock(state="A", deadline=2016, year=year, within=within, alone=alone), language
                )
                assert len(lines) == 3
                assert not any("{" in line or "None" in line for line in lines)
                said.add("\n".join(lines))
    assert len(said) == 3 * 4 * 4
    nothing = Clock(state="A", deadline=2016, year=None, within=None, alone=None)
    assert len(clock_lines(scenario, nothing, language)) == 1


def test_words_of_clock_and_curves_in_English() -> None:
    """As a reader sees them."""
    scenario = small_scenario(OWN | {"offers.t.capacity": 3, "states.A.deadline": 2015})
    portfolio = portfolio_of(scenario)
    assert clock_lines(scenario, clock(scenario, portfolio, "A")) == [
        "- Under this portfolio, all required work is done in 2016, after the deadline of 2015.",
        "- 2016 is the earliest year possible while others keep what they have.",
        "- Alone, with its own means only, 2019 at the earliest.",
    ]
    lines = curve_lines(scenario, curves_of(scenario, portfolio, "A"))
    assert lines == [
        "**More work each year by a new operator, at the highest price offered (Clearance)**",
        "",
        "| more | completes | needs met |",
        "| ---: | --- | ---: |",
        "| nothing more | no | 100.00 % |",
        "| 1 m2 | no | 100.00 % |",
        "| 2 m2 | no | 100.00 % |",
        "| 5 m2 | yes | 100.00 % |",
        "",
        "Beyond 5 m2, more gains nothing further.",
        "",
        "**A later deadline**",
        "",
        "| deadline | completes | needs met |",
        "| ---: | --- | ---: |",
        "| 2015 | no | 100.00 % |",
        "| 2016 | yes | 100.00 % |",
        "",
        "Later than 2016, nothing further is gained.",
        "",
        "While others keep what they have, nothing would be gained by: "
        "a further grant from a new partner, for any purpose.",
        "",
    ]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_not_proven_is_not_said_to_be(language: str) -> None:
    """A share with the most that it could be, rounded away from each other, and an end that is open."""
    scenario = small_scenario(POOR)

    def point(amount: int, completes: bool | None, could: bool | None) -> CurvePoint:
        return CurvePoint(
            amount=amount,
            completes=completes,
            could_complete=could,
            coverage="1/3",
            coverage_bound="2/3",
            relaxed="1",
        )

    open_end = Curve(state="A", resource="money", step=1, points=(point(0, False, False),), most=point(1, False, False))
    lines = curve_lines(scenario, Curves(state="A", curves=(open_end,)), language)
    separator = "," if language == "fr" else "."
    assert f"33{separator}33 %" in lines[4]
    assert f"66{separator}67 %" in lines[4]
    assert f"66{separator}67 %" in lines[-2]
    unknown = open_end.model_copy(update={"points": (point(0, False, True),), "most": point(1, False, True)})
    lines = curve_lines(scenario, Curves(state="A", curves=(unknown,)), language)
    assert "Arland" in lines[-2]
    none = open_end.model_copy(update={"points": (point(0, None, None),), "most": point(1, None, None)})
    assert "| - |" in curve_lines(scenario, Curves(state="A", curves=(none,)), language)[4]


@pytest.mark.slow
def test_the_large_scenario() -> None:
    """Clock and curves of a State among 33, from the empty portfolio: proven years, and shares within their bounds."""
    document = load(TINY.parent / "geneva-2015.yaml").model_dump()
    scenario = Scenario.from_data(document | {"decisions": {}})
    portfolio = empty(scenario)
    found = clock(scenario, portfolio, "DZA")
    assert found.within is not None
    assert found.within.proven
    for each in curves_of(scenario, portfolio, "DZA").curves:
        assert all(fraction(point.coverage) <= fraction(point.relaxed) for point in each.points)
        assert each.saturation is not None
