"""What makes partnerships last, in explanations: shares and least engagements, dates, and what was there before."""

from __future__ import annotations

import pytest

from lasting_fields import draw_lasting_scenario
from matcher.engine.solving import solve
from matcher.explanation.clock_findings import Curve
from matcher.explanation.clocks import clock
from matcher.explanation.contributions import contributions
from matcher.explanation.curves import curve, curves_of
from matcher.explanation.findings import Change, Remedy, Shortfall
from matcher.explanation.shortfalls import remaining
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import SolveOptions
from matcher.reporting.clocks import clock_lines, curve_lines
from matcher.reporting.shortfalls import ShortfallSpeaker
from matcher.scenario import Scenario
from matcher.scenario.edits import SmallerEngagement, edited
from smallest_scenario import Changes, small_scenario

QUICK = SolveOptions(work=5)
TWO: Changes = {
    "offers.g": {"kind": "funding", "provider": "other", "amount": {2015: 72}},
    "providers.other": {"name": "Another donor", "kind": "donor_state"},
    "needs.n.completes": True,
    "states.A.max_share": 0.5,
}
"""A second donor with money for 1 m2, and half of the money from each at most: 2 m2 of 10."""
ALONE: Changes = {"needs.n.completes": True, "states.A.max_share": 0.5, "offers.f.amount": 150}
"""One donor with money for 2 m2 a year: no share of it is limited, as nobody else could pay."""
BEGUN: Changes = {
    "needs.n": {"state": "A", "capability": "clearance", "quantity": 16, "delivered": 4, "completes": True},
    "offers.t.capacity": 3,
    "states.A.deadline": "2016-06-30",
}
"""4 of 16 m2 were cleared before; 3 a year can be; the last whole year before the deadline is 2015."""


def proposed(scenario: Scenario) -> Portfolio:
    """Returns the portfolio of a short solve."""
    portfolio = solve(scenario, QUICK).portfolio
    assert portfolio is not None
    return portfolio


def explained(changes: Changes) -> dict[str | None, Shortfall]:
    """Returns what is left of a scenario of one State, by need; None is about completing."""
    scenario = small_scenario(changes)
    return {each.need: each for each in remaining(scenario, proposed(scenario)).shortfalls}


def causes(found: Shortfall) -> set[tuple[str, str, int]]:
    """Returns code, subject and gain of each limit that stands alone against something."""
    return {(each.code, each.subjects[0], each.gain) for each in found.causes}


def amounts(found: Shortfall) -> dict[tuple[str, str], int]:
    """Returns the least amount of each single change that is enough."""
    return {(each.changes[0].kind, each.changes[0].subject): each.changes[0].amount for each in found.remedies}


def points(found: Curve | None) -> list[tuple[int, bool | None, str]]:
    """Returns the points of a curve, each of which must be proven."""
    assert found is not None
    assert all(each.proven for each in found.points)
    return [(each.amount, each.completes, each.coverage) for each in found.points]


def test_a_limit_on_one_share_stands_in_the_way() -> None:
    """The larger donor would pay 8 of 9 m2 beside the 1 of the other... all 10 with nine tenths."""
    found = explained(TWO)
    assert causes(found["n"]) == {("budget", "g", 8), ("max_share", "A", 8)}
    assert causes(found[None]) == {("budget", "g", 1), ("max_share", "A", 1)}
    wanted = {("share", "A"): 400_000, ("raise", "g"): 288, ("money", "g"): 288, ("more_money", "anybody"): 288}
    assert amounts(found[None]) == amounts(found["n"]) == wanted


def test_a_larger_share_is_said_as_what_it_comes_to() -> None:
    """In hundredths of the State's external money, in both languages."""
    scenario = small_scenario(TWO)
    change = Change(kind="share", subject="A", amount=400_000)
    remedy = Remedy(changes=(change,), least=300_000)
    assert ShortfallSpeaker(scenario, "en").remedy(remedy) == (
        "a larger share of one provider in the external money of Arland: up to 90 % "
        "(less than this, down to 80 %, may do)"
    )
    assert "90 % (" in ShortfallSpeaker(scenario, "fr").remedy(remedy)


def test_a_share_that_does_not_bind_is_no_limit() -> None:
    """With a second donor it would bind: a grant from anybody else is then not enough, one of the donor's own is."""
    found = explained(ALONE)[None]
    assert causes(found) == {("budget", "f", 1)}
    assert amounts(found) == {("raise", "f"): 420, ("money", "f"): 432}
    assert dict(found.insufficient) == dict.fromkeys(("capacity", "more_money", "more_work"), "not_enough")
    scenario = small_scenario(ALONE)
    rising = points(curve(scenario, proposed(scenario), "A", "money"))
    assert (rising[0], rising[-1]) == ((0, False, "2/5"), (500, True, "1"))


def test_a_filter_that_keeps_the_second_donor_away_hides_no_share() -> None:
    """Were it let in, the share would bind; as a limit in the way, its filter is waived with that."""
    found = explained(ALONE | {"offers.g": TWO["offers.g"] | {"amount": 72, "years": [2016, 2016]}} | {
        "providers.other": TWO["providers.other"], "offers.f.amount": {2015: 150}, "states.A.max_share": 0.4,
    })  # fmt: skip
    assert ("begins", "g", 1) in causes(found["n"])


def test_a_smaller_least_engagement_is_proposed() -> None:
    """360 a year is enough for 5 of 10 in each year, and 400 is more than there is: lowered by 40, all is met."""
    changes = {"least_engagement": 400, "offers.f.amount": 360}
    scenario, found = small_scenario(changes), explained(changes)["n"]
    (remedy,) = [each for each in found.remedies if each.changes[0].kind == "least_engagement"]
    assert (remedy.changes[0].subject, remedy.changes[0].amount, remedy.least) == ("small", 40, 40)
    assert edited(scenario, SmallerEngagement(40)).least_engagement == 360
    assert edited(scenario, SmallerEngagement(400)).least_engagement is None
    for language, said in (("en", "gives in a State and year lowered to USD 360"), ("fr", "ramené à 360\xa0USD")):
        assert said in ShortfallSpeaker(scenario, language).remedy(remedy)
    open_yet = remedy.model_copy(update={"least": 20})
    assert "(a higher one, up to USD 380, may do)" in ShortfallSpeaker(scenario, "en").remedy(open_yet)


def test_the_least_engagement_stands_in_the_way() -> None:
    """350 a year are less than the 400 that a working year must bring; without that, 4 m2 a year can be paid for."""
    found = explained({"least_engagement": 400, "offers.f.amount": 350})["n"]
    assert causes(found) == {("least_engagement", "small", 8)}
    said = ShortfallSpeaker(small_scenario(), "en").limit(found.causes[0])
    assert said == "the least that a partner gives in a State and year"


def test_a_later_deadline_is_said_as_a_year() -> None:
    """By its end; a deadline in the middle of a year leaves the whole years before it."""
    changes = BEGUN | {"offers.t.capacity": 6}
    found = explained(changes)[None]
    assert amounts(found)["deadline", "A"] == 1
    scenario = small_scenario(changes)
    remedy = next(each for each in found.remedies if each.changes[0].kind == "deadline")
    assert ShortfallSpeaker(scenario, "en").remedy(remedy) == "a later deadline for Arland: the end of 2016"
    assert ShortfallSpeaker(scenario, "fr").remedy(remedy).endswith(" : la fin de 2016")
    portfolio = proposed(scenario)
    assert clock_lines(scenario, clock(scenario, portfolio, "A"))[0] == (
        "- Under this portfolio, all required work is done in 2016; the deadline is 2016-06-30, "
        "and the last whole year before it is 2015."
    )
    rows = [line for line in curve_lines(scenario, curves_of(scenario, portfolio, "A")) if "2016" in line]
    assert rows[:2] == ["| 2016-06-30 | no | 100.00 % |", "| 2016 | yes | 100.00 % |"]


def test_what_was_delivered_before_counts() -> None:
    """10 of 16 m2 are met, none completes; 9 more a year would, and 3 more would meet all by the end of 2016."""
    scenario = small_scenario(BEGUN)
    portfolio = proposed(scenario)
    found = {each.need: each for each in remaining(scenario, portfolio, ledger=False).shortfalls}
    assert (found["n"].missing, causes(found["n"])) == (6, {("capacity", "t", 6)})
    work = points(curve(scenario, portfolio, "A", "work", "clearance"))
    assert work == [(0, False, "5/8"), (1, False, "3/4"), (2, False, "7/8"), (5, False, "1"), (10, True, "1")]
    when = clock(scenario, portfolio, "A")
    assert when.within is not None
    assert (when.deadline, when.year, when.within.year, when.within.proven) == (2015, None, None, True)
    faster = small_scenario(BEGUN | {"offers.t.capacity": 6})
    soon = clock(faster, proposed(faster), "A")
    assert soon.within is not None
    assert (soon.year, soon.within.year, soon.within.proven) == (2016, 2016, True)


def test_what_is_owed_from_before_is_no_limit_by_itself() -> None:
    """Of a budget that old debts use up more than all that could be asked for is raised with them."""
    agreed = {"financier": "f", "implementer": "t", "need": "n", "quantity": 4, "year": 2015}
    changes: Changes = {"offers.f.debts": {2015: 50_000}, "decisions.commitments": [agreed]}
    found = solve(small_scenario(changes), QUICK).conflicts
    assert ("budget", ("f", "2015")) in {(each.reason, each.subjects) for each in found}


@pytest.mark.parametrize("seed", [3, 8, 13])
def test_every_part_holds_on_random_scenarios(seed: int) -> None:
    """What is told is held against the checker, or the parts would raise."""
    scenario = draw_lasting_scenario(seed, states=2, years=3, most=4, decisions=bool(seed % 2))
    portfolio = solve(scenario, SolveOptions(work=2)).portfolio
    assert portfolio is not None
    states = [state.id for state in scenario.states if scenario.needs_of(state.id)]
    assert all(each.missing > 0 for each in remaining(scenario, portfolio).shortfalls)
    assert [clock(scenario, portfolio, state).state for state in states] == states
    for state in states:
        for each in curves_of(scenario, portfolio, state).curves:
            shares = [(bool(point.completes), point.coverage) for point in each.points]
            assert shares[0][0] <= shares[-1][0]
    assert len(contributions(scenario, portfolio)) >= bool(portfolio.flows)
