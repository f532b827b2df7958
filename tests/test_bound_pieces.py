"""Bounds from prices, reckoned by hand on one small scenario, and certificates that prove nothing."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from matcher.verification.bound import Proven, _engagements, _pieces, proven
from matcher.verification.documents import completed, fractional
from matcher.verification.limits import ScenarioLimits
from matcher.verification.worths import ReducedCosts
from priced_scenario import SMALL, document


def bound(objective: str, full: dict[str, Any], **stage: Any) -> Fraction:
    """Returns what one stage of a certificate proves."""
    empty: dict[str, Any] = {"objective": objective, "kept": {}, "kept_prices": {}, "prices": {}}
    (found,) = proven(full, {"certificate": 1, "stages": [empty | stage]})
    return found.bound


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("completions", "2"),
        ("late_completions", "2"),
        ("turnover", "0"),
        ("waiting", "28/15"),  # a fifth of N at the end of 2020, weight 6; a third of M, weight 2
        ("dependence", "0"),
        ("swings", "0"),
        ("at_risk", "0"),
        ("coverage", "106/15"),  # N: 8 at 0.6 and 2 at 0.3; M: 4 at a third and 2 at a sixth
        ("worst_off", "1"),
        ("fit", "700"),  # 16 granules at 20 for the work and 20 for its money, 4 of advice at 15
        ("firmness", "700"),
        ("engagements", "0"),
        ("cost", "0"),
    ],
)
def test_without_prices_pieces_know_nothing_of_each_other(objective: str, expected: str) -> None:
    """Each need is filled from the dearest granule on."""
    assert bound(objective, document()) == Fraction(expected)


NO_BUDGET = {"offers": {"budget": {"amount": 0}}}
HUNDREDTH, TENTH, ONE = Decimal("0.01"), Decimal("0.1"), 1


@pytest.mark.parametrize(
    ("changes", "stage", "more"),
    [
        ({}, {"indivisible": [["K", ONE]]}, "4"),
        ({}, {"indivisible": [["K", -2]]}, "8"),
        ({}, {"budget": [["grant", 2020, HUNDREDTH]]}, "10"),  # nothing is carried into the first year
        ({}, {"budget": [["grant", 2021, HUNDREDTH]]}, "15"),
        ({}, {"start": [["grant", "S", 2021, ONE]]}, "2"),
        (
            {"decisions": {"pins": [{"offer": "grant", "state": "S", "years": [2021, 2021]}]}},
            {"start": [["grant", "S", 2021, ONE]]},
            "1",
        ),
        ({"decisions": {"pins": [{"offer": "grant", "state": "S"}]}}, {"start": [["grant", "S", 2021, ONE]]}, "2"),
        ({}, {"partner": [["team", "S", 2020, ONE]]}, "1"),
        ({}, {"matching": [["S", 2020, ONE]]}, "240"),  # 12 granules at 20 in 2020, now paid by the grant
        ({}, {"absorption": [["S", 2020, HUNDREDTH]]}, "5"),  # the budget is the State's own
        (NO_BUDGET, {"absorption": [["S", 2020, HUNDREDTH]]}, "8/3"),  # so M is met in 2021 first
        ({}, {"engagement_for": [["grant", "M", 2020, ONE]]}, "80"),
        ({}, {"engagement_for": [["team", "M", 2020, TENTH]]}, "0"),  # 0.4 for being engaged, 0.1 less for each of 4
        ({}, {"minimum": [["team", "S", 2020, ONE]]}, "12"),
        ({}, {"capacity": [["team", 2020, TENTH]]}, "-2/5"),  # 0.8 for 8 granules, 0.1 less for 12
        ({}, {"need_per_year": [["M", 2020, ONE]]}, "3"),  # 4 for the cap, and M gets 4 at a sixth in 2021
        ({}, {"precedence": [["M", 0, 2020, ONE], ["M", 0, 2021, ONE]]}, "-11/30"),
    ],
)
def test_what_a_price_adds_to_a_bound(changes: dict[str, Any], stage: dict[str, Any], more: str) -> None:
    """The worth of a limit, and of everything that becomes worth having under it."""
    full = document(**{part: each for part, each in changes.items() if part != "decisions"})
    full = completed(full | {"decisions": {**full["decisions"], **changes.get("decisions", {})}})
    without = bound("coverage", full)
    assert without == Fraction(106, 15)
    assert bound("coverage", full, prices=stage) - without == Fraction(more)


@pytest.mark.parametrize(
    ("changes", "kept", "price", "expected"),
    [
        ({}, {"cost": "100"}, {"cost": HUNDREDTH}, "121/15"),
        (NO_BUDGET, {"cost": "100"}, {"cost": HUNDREDTH}, "74/15"),
        (NO_BUDGET, {"cost": "100"}, {}, "106/15"),
        ({}, {"completions": "1"}, {"completions": 2}, "136/15"),
        ({}, {"completions": "3/2", "cost": "1"}, {"completions": 2}, "121/15"),
    ],
)
def test_what_earlier_objectives_are_kept_at_counts(
    changes: dict[str, Any], kept: dict[str, str], price: dict[str, Any], expected: str
) -> None:
    """At its price, what a level leaves; more is better or less is, as the objective has it."""
    assert bound("coverage", document(**changes), kept=kept, kept_prices=price) == Fraction(expected)


def test_a_stage_is_told_with_its_sense_and_levels() -> None:
    """Costs are bounded from below."""
    stage = {"objective": "cost", "kept": {"completions": "1/2"}, "kept_prices": {}, "prices": {}}
    certificate = {"certificate": 1, "stages": [stage, {**stage, "objective": "coverage", "kept": {}}]}
    assert proven(document(), certificate) == (
        Proven("cost", -1, Fraction(0), {"completions": Fraction(1, 2)}),
        Proven("coverage", 1, Fraction(106, 15), {}),
    )


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([("completions", 5)], "10"),
        ([("completions", Decimal("0.25")), ("coverage", 3)], "217/10"),
        ([("completions", 5), ("engagements", 1), ("cost", 1)], "10"),
    ],
)
def test_a_weighted_sum_is_bounded_as_a_whole(weights: list[tuple[str, Any]], expected: str) -> None:
    """Each objective at its weight, costs against; sums of figures move in no steps."""
    listed = [{"objective": name, "weight": weight} for name, weight in weights]
    assert bound("weighted", document(objectives={"order": None, "weights": listed})) == Fraction(expected)


@pytest.mark.parametrize(
    ("weights", "level", "expected"),
    [
        ((2, 1), "2.9", 2),
        ((Decimal("1.5"), 1), "1.9", "1.5"),
        ((Decimal("1.5"), 0), "1.9", "1.5"),
        ((Decimal("0.4"), Decimal("0.6")), "0.79", "0.6"),
        ((0, 0), "1.9", "1.9"),
    ],
)
def test_completions_move_in_steps_of_their_weights(weights: tuple[Any, Any], level: str, expected: Any) -> None:
    """No portfolio reaches a figure between two steps."""
    full = document(states={"S": {"weight": weights[0]}, "Z": {"weight": weights[1]}})
    # what lies between the steps comes from a start that is worth it
    rest = Decimal(level) - Decimal(weights[0])
    prices = {"start": [["grant", "Z", 2020, rest]]}
    assert bound("completions", full, prices=prices) == Fraction(Decimal(expected))
    assert bound("late_completions", full, prices=prices) == Fraction(Decimal(expected))


@pytest.mark.parametrize(("price", "whole"), [(Decimal("0.5"), 1), (1, 1), (Decimal("1.01"), 2)])
def test_engagements_links_and_money_are_whole(price: Any, whole: int) -> None:
    """What costs at least half a unit costs a whole one."""
    stage = {"kept": {"coverage": "1"}, "kept_prices": {"coverage": price}}
    full = document(needs={"N": {"weight": 0}, "M": {"weight": 0}})  # nothing can be had of what is kept
    whole_names = ("cost", "engagements", "turnover", "swings")
    assert {bound(name, full, **stage) for name in whole_names} == {whole}
    parts = ("dependence", "at_risk", "waiting")
    assert {bound(name, full, **stage) for name in parts} == {Fraction(price)}


BLEND = {"blend": [{"objective": "cost", "weight": 2}, {"objective": "swings", "weight": 1}]}


def test_a_blend_is_bounded_and_kept_as_a_whole() -> None:
    """Twice the cost, and swings: at half the price, what keeps twice the money is worth the same."""
    full = document(**NO_BUDGET, objectives={"order": [BLEND]})
    name = "2 cost + swings"
    assert bound(name, full) == 0
    half = Decimal("0.005")
    assert bound("coverage", full, kept={name: "200"}, kept_prices={name: half}) == Fraction(74, 15)
    least = bound(name, full, kept={"coverage": "1"}, kept_prices={"coverage": 100})
    assert least == 2 * bound("cost", full, kept={"coverage": "1"}, kept_prices={"coverage": 50})
    certificate = {"certificate": 1, "stages": [{"objective": name, "kept": {}, "kept_prices": {}, "prices": {}}]}
    assert proven(full, certificate) == (Proven(name, -1, Fraction(0), {}),)
    with pytest.raises(ValueError, match=r"^no objective '2 cost \+ swings'$"):
        proven(document(), certificate)


def _worth_of(tables: dict[str, dict[tuple[Any, ...], int]], pieces: Any, full: dict[str, Any]) -> Fraction:
    """Returns what pieces are worth at worths by table and key."""
    worths = ReducedCosts(ScenarioLimits(fractional(full)))
    for name, table in tables.items():
        for key, worth in table.items():
            getattr(worths, name)[key if len(key) > 1 else key[0]] += worth
    return sum(pieces(worths), Fraction(0))


GRANT, MORE = ("grant", "S", 2020), ("more", "S", 2020)
DONOR = ("donor", "S", 2020)


@pytest.mark.parametrize(
    ("worths", "most"),
    [
        ({}, 0),
        ({"engaged": {GRANT: 5}}, 5),
        ({"engaged": {GRANT: -3}, "working": {GRANT: 5}}, 2),
        ({"engaged": {GRANT: -5}, "working": {GRANT: 3}}, 0),
        ({"engaged": {GRANT: 2}, "working": {GRANT: -5}}, 2),  # engaged without a gift
        ({"link": {DONOR: 4}}, 4),
        ({"link": {DONOR: 4}, "engaged": {GRANT: -3, MORE: -1}}, 3),  # whoever costs less works
        ({"link": {DONOR: 4}, "engaged": {GRANT: -5, MORE: -5}}, 0),
        ({"link": {DONOR: -4}, "working": {GRANT: 3, MORE: 3}}, 2),
        ({"link": {DONOR: -7}, "working": {GRANT: 3, MORE: 3}}, 0),
        ({"link": {DONOR: -2}, "working": {GRANT: 3, MORE: -1}}, 1),
        ({"link": {DONOR: 4}, "engaged": {GRANT: 2}, "working": {GRANT: -5}}, 6),
        ({"link": {DONOR: 4}, "engaged": {GRANT: 2, MORE: -3}, "working": {GRANT: -1}}, 5),
        ({"link": {("ngo", "S", 2022): 4, ("nobody", "S", 2020): 4}}, 0),  # who has no offer then does not work
        ({"engaged": {("free", "S", 2020): 3}, "working": {("free", "S", 2020): 5}}, 3),  # may be engaged, not work
        ({"engaged": {("budget", "S", 2020): 2, ("budget", "S", 2021): -2}}, 2),  # a State's own is no link
        ({"engaged": {GRANT: 5, ("grant", "S", 2021): 5, ("grant", "Z", 2020): 5}}, 15),
    ],
    ids=str,
)
def test_what_a_link_can_be_worth(worths: dict[str, Any], most: int) -> None:
    """Each offer out, engaged or working; the link works if one of its two offers does."""
    more = SMALL["offers"]["grant"] | {"fit": {}}
    assert _worth_of(worths, _engagements, document(offers={"more": more})) == most


@pytest.mark.parametrize(
    ("worths", "most"),
    [
        ({}, 0),
        ({"engaged": {GRANT: -3, ("budget", "S", 2020): -2}}, -5),
        ({"engaged": {GRANT: -3}, "working": {GRANT: -1, MORE: 2}, "link": {DONOR: -7}}, -9),
        ({"engaged": {GRANT: 3, MORE: 1}, "working": {GRANT: 1, MORE: -1}, "link": {DONOR: 7}}, 12),
    ],
    ids=str,
)
def test_who_is_pinned_works_whatever_that_is_worth(worths: dict[str, Any], most: int) -> None:
    """The grant and the State's own money are pinned in 2020, and so its link works."""
    full = document(offers={"more": SMALL["offers"]["grant"] | {"fit": {}}})
    pins = [{"offer": offer, "state": "S", "years": [2020, 2020]} for offer in ("grant", "budget")]
    full = completed(full | {"decisions": {**full["decisions"], "pins": pins}})
    assert _worth_of(worths, _engagements, full) == most


KNOWN = {"offers": {"grant": {"ongoing": [{"state": "S", "amount": 40}]}}}


@pytest.mark.parametrize(
    ("changes", "worths", "most"),
    [
        ({}, {"up": {("donor", "S", 2021): 2}}, 2 * 300),
        ({}, {"down": {("donor", "S", 2021): 2}}, 2 * 500),
        ({}, {"up": {("donor", "S", 2021): 2}, "down": {("donor", "S", 2021): 1}}, 2 * 300),  # not both at once
        ({}, {"up": {("donor", "S", 2021): -2}, "down": {("donor", "S", 2021): -1}}, 0),
        (KNOWN, {"up": {DONOR: 2}}, 2 * 500),
        (KNOWN, {"down": {DONOR: 2}}, 2 * 40),
        ({}, {"excess": {("donor", "S"): 2}}, 2 * (500 + 300)),
        ({}, {"excess": {("donor", "S"): -2}}, 0),
        ({}, {"link_start": {("donor", "S", 2021): 2, ("donor", "S", 2022): -2}}, 2),
        ({}, {"complete": {("S",): 3}, "late": {("S",): 5}}, 5),  # one or the other
        ({}, {"complete": {("S",): 3}, "late": {("S",): 2}}, 3),
        ({}, {"complete": {("S",): -3}, "late": {("S",): -2}}, 0),
        ({"states": {"S": {"deadline": 2020}}}, {"complete": {("S",): 3}, "late": {("S",): 2}}, 2),  # 80 of 100 by then
        ({"needs": {"N": {"quantity": 170}}}, {"complete": {("S",): 3}, "late": {("S",): 2}}, 0),
        ({"needs": {"N": {"quantity": 170, "delivered": 10}}}, {"complete": {("S",): 3}}, 3),
    ],
    ids=str,
)
def test_what_moves_and_completions_can_be_worth(changes: dict[str, Any], worths: dict[str, Any], most: int) -> None:
    """The most money of a link, before and after; a State that completes does so in time or later."""
    assert _worth_of(worths, _pieces, document(**changes)) == most


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ({}, "no certificate of format 1"),
        ({"certificate": 2, "stages": []}, "no certificate of format 1"),
        ({"certificate": 1}, "no certificate of format 1"),
        ({"certificate": 1, "stages": {}}, "no certificate of format 1"),
        ({"certificate": 1, "stages": ["x"]}, "a stage without objective"),
    ],
    ids=str,
)
def test_another_certificate_proves_nothing(certificate: dict[str, Any], why: str) -> None:
    """It says what it is, and lists its stages."""
    with pytest.raises(ValueError, match=f"^{why}$"):
        proven(document(), certificate)


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        ({"objective": 3}, "a stage without objective"),
        ({"objective": "luck"}, "no objective 'luck'"),
        ({"objective": "weighted"}, "the scenario weighs no objectives"),
        ({"kept": None}, "a stage without kept"),
        ({"kept": {"luck": "1"}}, "no objective 'luck'"),
        ({"kept": {"cost": "0.5"}}, "'0.5' is no exact number, expected digits or digits/digits"),
        ({"kept": {"cost": "1"}, "kept_prices": {"cost": -1}}, "-1 is a negative price"),
        ({"kept_prices": []}, "a stage without kept_prices"),
        ({"prices": []}, "a stage without prices"),
        ({"prices": {"luck": []}}, "no rule 'luck' has prices"),
        ({"prices": {"budget": 3}}, "budget: 3 is no list of instances"),
        ({"prices": {"budget": [3]}}, "budget: 3 is no instance"),
        ({"prices": {"budget": [["grant", 1]]}}, "budget: ['grant', 1] is no instance"),
        ({"prices": {"budget": [["grant", True, 1]]}}, "budget: ['grant', True, 1] is no instance"),
        ({"prices": {"budget": [["grant", 2019, 1]]}}, "budget: ['grant', 2019, 1] is outside the horizon"),
        ({"prices": {"budget": [["grant", 2020, "1"]]}}, "'1' is no price"),
        ({"prices": {"budget": [["grant", 2020, True]]}}, "True is no price"),
        ({"prices": {"budget": [["grant", 2020, Decimal("-0.5")]]}}, "-0.5 is a negative price"),
        (
            {"prices": {"budget": [["nobody", 2020, 1]]}},
            "budget: ['nobody', 2020, 1] names what does not exist: 'nobody'",
        ),
        (
            {"prices": {"precedence": [["M", 1, 2020, 1]]}},
            "precedence: ['M', 1, 2020, 1] names what does not exist: list index out of range",
        ),
    ],
    ids=str,
)
def test_a_malformed_stage_is_refused_with_its_reason(stage: dict[str, Any], why: str) -> None:
    """In words that name the field, the rule or the instance."""
    empty: dict[str, Any] = {"objective": "coverage", "kept": {}, "kept_prices": {}, "prices": {}}
    with pytest.raises(ValueError, match=r".") as caught:
        proven(document(), {"certificate": 1, "stages": [empty | stage]})
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("part", "key", "field", "fits", "fails"),
    [
        ("objectives", None, "discount", (0, 1), (Decimal("-0.1"), Decimal("1.1"))),
        ("needs", "N", "quantity", (10, 20), (0, -10, 5, 15)),
        ("needs", "N", "delivered", (0, 10, 100), (-10, 5, 110)),
        ("needs", "M", "after", ([{"need": "N", "lag": 0}],), ([{"need": "N", "lag": -1}],)),
        ("offers", "grant", "carry_over", (0, 1), (Decimal("-0.1"), Decimal("1.1"))),
        ("needs", "K", "weight", (0,), (Decimal("-0.1"),)),
        ("states", "Z", "weight", (0,), (Decimal("-0.1"),)),
    ],
)
def test_bounds_rest_on_what_readers_accept(part: str, key: str | None, field: str, fits: Any, fails: Any) -> None:
    """At the limit it is accepted, one past it refused."""
    for value in (*fits, *fails):
        full = deepcopy(document())
        place = full[part] if key is None else full[part][key]
        place[field] = value
        certificate: dict[str, Any] = {"certificate": 1, "stages": []}
        if value in fits:
            assert proven(completed(full), certificate) == ()
        else:
            with pytest.raises(
                ValueError, match=r"^the scenario is none that can be read: a discount, quantity, lag, "
            ):
                proven(completed(full), certificate)
