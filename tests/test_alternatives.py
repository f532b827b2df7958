"""Alternatives are right, within the tolerance and different; what is said to be needed is, by trying everything."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from os import times
from pathlib import Path
from typing import NamedTuple

import pytest

from brute_force import TooMany, right_portfolios
from generators import Seeded, draw_scenario
from matcher.alternatives import finding
from matcher.alternatives.finding import find_alternatives, replaced
from matcher.alternatives.findings import Alternatives
from matcher.alternatives.pairs import ANY, Key, forbidding, pairs_of, ties_of
from matcher.alternatives.settings import AlternativeSettings
from matcher.alternatives.tolerances import allowed_by, figure_of
from matcher.engine.settings import MethodSettings, Settings
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions
from matcher.execution import Processes
from matcher.formulation.formulate import formulate
from matcher.formulation.need_aggregation import merge
from matcher.formulation.objectives import waiting_floor
from matcher.io import load
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import SolveOptions
from matcher.reporting import amounts
from matcher.reporting.alternatives import alternatives_lines
from matcher.reporting.languages import table_of
from matcher.scenario import Scenario
from matcher.units import fraction, plain
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
QUICK = SolveOptions(work=5)

TWINS: Changes = {
    "providers.twin": {"name": "Another operator", "kind": "operator"},
    "offers.u": {"kind": "technical", "provider": "twin", "capability": "clearance", "capacity": 10, "price": 72},
    "offers.t.capacity": 10,
    "needs.n.completes": True,
}
"""Two operators that can do the same for the same money, and one donor."""


def solved(scenario: Scenario) -> Portfolio:
    """Returns the portfolio of a short solve."""
    found = solve(scenario, QUICK).portfolio
    assert found is not None
    return found


def key_of(each: object) -> Key:
    """Returns what a pair or partner is called inside."""
    if hasattr(each, "role"):
        return (each.state, each.provider, ANY) if each.role == "pays" else (each.state, ANY, each.provider)  # type: ignore[attr-defined]
    return (each.state, each.financier or "", each.implementer)  # type: ignore[attr-defined]


def assert_right(scenario: Scenario, given: Portfolio, found: Alternatives) -> None:
    """Checks again all that is said of the portfolios, from their flows alone."""
    allowed = allowed_by(scenario, verify(scenario, given).figures, found.tolerance)
    first = found.portfolios[0]
    assert first.portfolio == given
    whole = [each.portfolio for each in found.portfolios]
    pairs = [pairs_of(scenario, each) for each in whole]
    assert len(set(pairs)) == len(pairs)
    told = [(each.figures, each.digest) for each in (*found.portfolios, *found.witnesses)]
    further = [replaced(scenario, given, each) for each in found.witnesses]
    for portfolio, (figures, digest) in zip([*whole, *further], told, strict=True):
        report = verify(scenario, portfolio)
        assert report.ok
        assert portfolio.digest == digest
        assert report.figures == {each.objective: fraction(each.exact) for each in figures}
        assert all(each.admits(figure_of(scenario, report.figures, each.objective)) for each in allowed)
    for at, each in enumerate(found.portfolios):
        assert each.pairs == len(pairs[at])
        assert each.from_first == len(pairs[0] ^ pairs[at])
        assert each.from_nearest == min((len(pairs[at] ^ other) for other in pairs[:at]), default=0)
    ties = [ties_of(each) for each in pairs]
    lacking = {
        each.digest: ties_of(pairs_of(scenario, one)) for each, one in zip(found.witnesses, further, strict=True)
    }
    assert {key_of(each) for each in (*found.pairs, *found.partners)} == frozenset().union(*ties)
    for each in (*found.pairs, *found.partners):
        used = sum(key_of(each) in one for one in ties)
        assert (each.used, each.share) == (used, f"{used}/{len(ties)}")
        assert (each.verdict == "contested") == (used < len(ties) or each.witness is not None)
        assert (each.needed is None) == (each.verdict == "contested")
        assert each.witness is None or (used == len(ties) and key_of(each) not in lacking[each.witness])
    assert {each.witness for each in (*found.pairs, *found.partners)} - {None} == set(lacking)


def test_operators_that_can_replace_each_other_are_a_choice_and_the_sole_donor_is_not() -> None:
    """Either operator does, with whom the donor works is contested, and the donor is needed by proof."""
    scenario = small_scenario(TWINS)
    given = solved(scenario)
    found = find_alternatives(scenario, given)
    assert_right(scenario, given, found)
    assert {(each.implementer, each.verdict) for each in found.pairs} == {("ngo", "contested"), ("twin", "contested")}
    (donor,) = (each for each in found.partners if each.role == "pays")
    assert (donor.provider, donor.verdict, donor.needed) == ("donor", "no_regret", "everywhere")
    without = solve(forbidding(scenario, ("A", "donor", ANY)), QUICK)
    assert without.portfolio is not None
    figures = verify(scenario, given).figures
    assert next(iter(allowed_by(scenario, figures, found.tolerance))).limit > fraction(without.stages[0].exact)


def test_fewer_are_found_where_there_are_no_more() -> None:
    """One operator for each donor: nothing else can be done, and the reason is told."""
    scenario = small_scenario()
    found = find_alternatives(scenario, solved(scenario), count=3)
    assert (found.why, len(found.portfolios), found.count_asked) == ("none_found", 1, 3)
    (pair,) = found.pairs
    assert (pair.share, pair.verdict, pair.needed) == ("1/1", "no_regret", "everywhere")
    assert found.unused == ()


def test_what_the_user_decided_is_needed() -> None:
    """A committed pair cannot be done without, however many others could do the same."""
    commitment = {"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 2}
    scenario = small_scenario(TWINS | {"decisions.commitments": [commitment]})
    found = find_alternatives(scenario, solved(scenario), tolerance=Decimal(1))
    standing = {each.implementer: (each.verdict, each.needed) for each in found.pairs}
    assert standing["ngo"] == ("no_regret", "everywhere")


def test_count_is_reached_and_stops_there() -> None:
    """As many as asked for, where there are enough."""
    scenario = small_scenario(TWINS)
    found = find_alternatives(scenario, solved(scenario), count=1)
    assert (found.why, len(found.portfolios)) == ("reached", 2)
    assert found.portfolios[1].from_first == 2


def test_work_kept_short_is_told() -> None:
    """With hardly any work nothing is proven, and that is said."""
    scenario = load(SCENARIOS / "tiny" / "worst-off.yaml")
    given = solved(scenario)
    found = find_alternatives(scenario, given, work=1)
    assert_right(scenario, given, found)
    nothing = finding.WorkBudget(0.0)
    run = finding._begun(
        scenario, given, verify(scenario, given).figures, Decimal(0), finding.Serial(), AlternativeSettings()
    )
    finding._hop(run, 3, nothing)
    finding._try(run, 3, nothing)
    assert len(run.found) == 1
    told = finding._told(run, 3, Decimal(0), "work")
    assert {each.needed for each in told.pairs} == {"unknown"}
    assert table_of("en")["alternatives"]["verdict"]["unknown"] in words(scenario, told)


def words(scenario: Scenario, found: Alternatives, language: str = "en") -> str:
    """Returns what is said of alternatives."""
    return "\n".join(alternatives_lines(scenario, found, language))


@pytest.mark.parametrize(
    "changes", [{"count": 0}, {"work": 0}, {"tolerance": Decimal("1.1")}, {"tolerance": Decimal(-1)}]
)
def test_wrong_questions_are_refused(changes: dict[str, object]) -> None:
    """What cannot be asked is said."""
    scenario = small_scenario()
    with pytest.raises(InvalidOptions, match="are wanted"):
        find_alternatives(scenario, solved(scenario), **changes)  # type: ignore[arg-type]


def test_a_portfolio_of_another_scenario_is_refused() -> None:
    """Only what is right can have alternatives."""
    with pytest.raises(InvalidOptions, match="not valid"):
        find_alternatives(small_scenario(TWINS), solved(small_scenario()))


def test_weighted_objectives_are_held_as_their_sum() -> None:
    """Where objectives are weighed, the sum is what may be worse by the tolerance."""
    weights = [{"objective": "coverage", "weight": 10}, {"objective": "engagements", "weight": Decimal("0.01")}]
    scenario = small_scenario(TWINS | {"objectives": {"weights": weights}})
    given = solved(scenario)
    found = find_alternatives(scenario, given)
    assert_right(scenario, given, found)
    (bound,) = found.bounds
    assert (bound.objective, bound.sense) == ("weighted", "max")
    assert fraction(bound.limit) == fraction(bound.given) * Fraction(99, 100)
    assert {each.verdict for each in found.pairs} == {"contested"}
    assert "weighted sum" in words(scenario, found)


def test_like_tasks_are_one_while_searching() -> None:
    """Two like tasks are merged and split again: the portfolios are those of the scenario asked about."""
    scenario = small_scenario(
        TWINS
        | {
            "needs.m": {"state": "A", "capability": "clearance", "quantity": 5},
            "needs.n": {"state": "A", "capability": "clearance", "quantity": 5},
        }
    )
    assert len(merge(scenario).scenario.needs) == 1
    given = solved(scenario)
    assert_right(scenario, given, find_alternatives(scenario, given))


def test_waiting_may_grow_by_a_share_of_what_can_be_waited_for() -> None:
    """Of the need-years that are open in any plan, which no plan can do without, nothing may be added."""
    order = [{"objective": "completions"}, {"objective": "waiting"}]
    scenario = small_scenario(TWINS | {"objectives": {"order": order}})
    figures = {"waiting": Fraction(3)}
    limits = [allowed_by(scenario, figures, Decimal("0.5"), Fraction(floor))[1].limit for floor in (0, 1)]
    assert limits == [Fraction(9, 2), 4]
    floor = waiting_floor(formulate(scenario).columns)
    slow = small_scenario(TWINS | {"objectives": {"order": order}, "offers.t.capacity": 4, "offers.u.capacity": 4})
    assert (floor, waiting_floor(formulate(slow).columns)) == (0, Fraction(2, 10))
    given = solved(slow)
    most = Fraction(2, 10) + (verify(slow, given).figures["waiting"] - Fraction(2, 10)) * Fraction(3, 2)
    found = find_alternatives(slow, given, tolerance=Decimal("0.5"))
    assert all(verify(slow, each.portfolio).figures["waiting"] <= most for each in found.portfolios)


def test_a_blend_is_held_as_one() -> None:
    """Alternatives keep the sum of its parts; what it is closed with is held by none of its own."""
    blend = {"blend": [{"objective": "cost"}, {"objective": "swings", "weight": Decimal("0.5")}]}
    scenario = small_scenario(TWINS | {"objectives": {"order": [{"objective": "completions"}, blend]}})
    given = solved(scenario)
    found = find_alternatives(scenario, given, tolerance=Decimal("0.2"))
    assert_right(scenario, given, found)
    assert len(found.portfolios) > 1
    allowed = allowed_by(scenario, verify(scenario, given).figures, found.tolerance)
    assert [each.objective for each in allowed] == ["completions", "cost + 0.5 swings"]
    figures = verify(scenario, given).figures
    assert allowed[1].given == figures["cost"] + figures["swings"] / 2
    assert allowed[1].given > 0
    shown = amounts.objective("cost", plain(allowed[1].given), scenario.currency)
    (row,) = (line for line in words(scenario, found).splitlines() if line.startswith("| proposed |"))
    assert f"| {shown} |" in row


def test_who_alone_can_serve_the_worst_off_is_needed() -> None:
    """Without its only partners a State would be out of reach, and set aside: it is the worst off all the same."""
    order = [{"objective": "worst_off"}]
    scenario = small_scenario({"objectives": {"order": order}})
    found = find_alternatives(scenario, solved(scenario), tolerance=Decimal(0))
    assert [each.needed for each in (*found.pairs, *found.partners)] == ["everywhere"] * 3
    begun = small_scenario({"objectives": {"order": order}, "needs.n.delivered": 4, "offers.t.capacity": 0})
    nothing = find_alternatives(begun, solved(begun), tolerance=Decimal(0))
    assert nothing.pairs == ()


class Drawn(NamedTuple):
    """A random scenario, a good portfolio of it, and the pairs of all that are within a tolerance."""

    seed: int
    scenario: Scenario
    given: Portfolio
    tolerance: Decimal
    within: list[tuple[frozenset[Key], frozenset[tuple[object, ...]]]]
    """Pairs, and flows as (State, flow)."""


def drawn(first: int, count: int, limit: int = 600) -> Iterator[Drawn]:
    """Yields random scenarios with all that is within a tolerance, by trying everything."""

    def found() -> Iterator[Drawn]:
        for seed in range(first, first + 10**4):
            scenario = draw_scenario(Seeded(seed), states=1 + seed % 2, years=2, most=2 + seed % 2)
            tolerance = (Decimal(0), Decimal("0.01"), Decimal("0.3"), Decimal("0.5"))[seed % 4]
            try:
                tried = list(right_portfolios(scenario, limit))
            except TooMany:
                continue
            given = solve(scenario, QUICK).portfolio if len(tried) > 1 else None
            if given is None or not given.flows:
                continue
            allowed = allowed_by(scenario, verify(scenario, given).figures, tolerance)
            provider = {offer.id: offer.provider for offer in scenario.offers} | {None: ""}
            within = [
                (
                    frozenset((flow.state, provider[flow.financier], provider[flow.implementer]) for flow in flows),
                    frozenset((f.state, f.financier, f.implementer, f.need, f.year, f.quantity) for f in flows),
                )
                for flows, figures in tried
                if all(each.admits(figure_of(scenario, figures, each.objective)) for each in allowed)
            ]
            yield Drawn(seed, scenario, given, tolerance, within)

    return islice(found(), count)


@pytest.mark.parametrize("first", [0, 10_000])
def test_what_is_needed_everywhere_is_in_all_there_are(first: int) -> None:
    """On random scenarios every verdict is what trying everything says, and none is left open."""
    proven = contested = several = 0
    for each in drawn(first, 25):
        found = find_alternatives(each.scenario, each.given, tolerance=each.tolerance)
        assert_right(each.scenario, each.given, found)
        everywhere = frozenset.intersection(*(ties_of(pairs) for pairs, _ in each.within))
        for one in (*found.pairs, *found.partners):
            assert (key_of(one) in everywhere) == (one.verdict == "no_regret"), (each.seed, one)
            assert one.needed in (None, "everywhere"), (each.seed, one)
            proven += one.needed == "everywhere"
            contested += one.verdict == "contested"
        several += len(found.portfolios) > 1
    assert proven > 20
    assert contested > 20
    assert several > 4


def test_what_is_needed_if_others_keep_theirs_is() -> None:
    """State by State: no portfolio that leaves all other States as they are does without."""
    state_by_state = AlternativeSettings(engine=Settings(method=MethodSettings(most_columns=0)))
    proven = contested = 0
    for each in drawn(20_000, 25):
        found = find_alternatives(each.scenario, each.given, tolerance=each.tolerance, work=5, settings=state_by_state)
        assert_right(each.scenario, each.given, found)
        need = {one.id: one.state for one in each.scenario.needs}
        ours = {(need[f.need], f.financier, f.implementer, f.need, f.year, f.quantity) for f in each.given.flows}
        for one in (*found.pairs, *found.partners):
            if one.needed == "others_kept":
                beside = {flow for flow in ours if flow[0] != one.state}
                alike = [pairs for pairs, flows in each.within if {f for f in flows if f[0] != one.state} == beside]
                assert alike
                assert all(key_of(one) in ties_of(pairs) for pairs in alike), (each.seed, one)
            proven += one.needed == "others_kept"
            contested += one.verdict == "contested"
    assert proven > 10
    assert contested > 5


@pytest.mark.parametrize("language", ["en", "fr"])
def test_words_say_pairs_shares_and_verdicts(language: str) -> None:
    """The paper has a row for each pair, and says what else is needed and allowed."""
    scenario = small_scenario(TWINS)
    text = words(scenario, find_alternatives(scenario, solved(scenario)), language)
    table = table_of(language)["alternatives"]
    assert text.count(table["verdict"]["contested"]) == 2
    assert f"{table['partner']['pays'].format(name='A donor', meaning=table['verdict']['everywhere'])}" in text
    assert "1\N{NO-BREAK SPACE}%" in text
    assert "{" not in text
    alone = words(small_scenario(), find_alternatives(small_scenario(), solved(small_scenario())), language)
    assert table["verdict"]["everywhere"] in alone
    assert table["why"]["none_found"].format(asked=5) in alone
    assert "{" not in alone


def test_the_same_question_has_the_same_answer_anywhere() -> None:
    """In this process and in others, word for word."""
    scenario = load(SCENARIOS / "tiny" / "worst-off.yaml")
    given = solved(scenario)
    here = find_alternatives(scenario, given, tolerance=Decimal("0.3"))
    with Processes(2) as executor:
        there = find_alternatives(scenario, given, tolerance=Decimal("0.3"), executor=executor)
    assert here.model_dump_json() == there.model_dump_json()
    assert Alternatives.model_validate_json(here.model_dump_json()) == here


def processor_seconds() -> float:
    """Returns the processor time of this process and of those that it has ended."""
    return sum(times()[:4])


@pytest.mark.slow
def test_the_world_has_five_alternatives() -> None:
    """For the world of June 2015: five alternatives, each half different at least, in a few minutes of two cores."""
    scenario = load(SCENARIOS / "geneva-2015.yaml")
    given = solve(scenario, SolveOptions(work=10)).portfolio
    assert given is not None
    begun = processor_seconds()
    with Processes(2) as executor:
        found = find_alternatives(scenario, given, executor=executor)
    assert processor_seconds() - begun < 2 * 180
    assert_right(scenario, given, found)
    assert (found.why, len(found.portfolios)) == ("reached", 6)
    assert all(2 * each.from_nearest >= each.pairs for each in found.portfolios[1:])
    assert any(each.needed == "others_kept" for each in found.pairs)
