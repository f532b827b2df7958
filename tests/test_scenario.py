"""Scenarios as data: strict numbers, all faults at once, rules between entities, and copies that mean the same."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from expected_messages import told
from generators import Seeded, draw_document
from matcher.errors import MOST_COMPARED, Fault, InvalidOptions, InvalidScenario, nearest
from matcher.formulation.objectives import FIGURES
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, scenario_hash
from matcher.scenario import (
    DEFAULT_ORDER,
    FundingOffer,
    Need,
    Provider,
    Scenario,
    State,
    TechnicalOffer,
    Yearly,
    Years,
)
from matcher.scenario.consistency import MOST_FAULTS
from matcher.scenario.fields import Id, Ids, Ratio, Share, Text
from matcher.scenario.objectives import OBJECTIVES, ObjectiveName, objective_named, weighted_sum
from matcher.units import fraction, plain
from matcher.verification.order import SENSE
from smallest_scenario import Changes, small_document, small_scenario

RATIO: TypeAdapter[Decimal] = TypeAdapter(Ratio)
SHARE: TypeAdapter[Decimal] = TypeAdapter(Share)
YEARLY: TypeAdapter[Yearly] = TypeAdapter(Yearly)
YEARS: TypeAdapter[Years] = TypeAdapter(Years)


def _faults(changes: Changes) -> dict[str, tuple[str, str, str | None]]:
    """Found, expected and suggestion of each fault, by its path."""
    with pytest.raises(InvalidScenario) as caught:
        small_scenario(changes)
    faults = caught.value.faults
    assert len({fault.path for fault in faults}) == len(faults)
    return {".".join(map(str, each.path)): (each.found, each.expected, each.suggestion) for each in faults}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (3, "3"),
        (0.1, "0.1"),
        (2.50, "2.5"),
        (1e3, "1000"),
        (Decimal("1.20"), "1.2"),
        (0, "0"),
        (-0.0, "0"),
        (Decimal("0E-999999"), "0"),
        (123456789012345, "123456789012345"),
        (1e-12, "1E-12"),
    ],
)
def test_ratios_are_the_decimals_they_are_written_as(given: Any, wanted: str) -> None:
    """A number means what its digits say, whichever type carried it."""
    assert RATIO.validate_python(given) == Decimal(wanted)


@pytest.mark.parametrize(
    "given",
    [
        True,
        "1",
        None,
        [1],
        float("nan"),
        float("inf"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        -1,
        -0.5,
        1e16,
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        1e-13,
        Decimal("1.234567890123456"),
        1234567890123456,
    ],
)
def test_ratios_refuse_what_is_no_exact_number(given: Any) -> None:
    """Truth values, text, infinities, negative numbers and too many digits are refused."""
    with pytest.raises(ValidationError):
        RATIO.validate_python(given)


@pytest.mark.parametrize("given", [1.0000001, 2, -0.1, Decimal("1.1")])
def test_shares_lie_between_nothing_and_all(given: Any) -> None:
    """A share is from 0 to 1."""
    with pytest.raises(ValidationError):
        SHARE.validate_python(given)


@pytest.mark.parametrize("text", ["0.1", "1", "0.333333333333", "12345.678", "1E-12", "123456789012345"])
def test_ratios_survive_json(text: str) -> None:
    """A ratio read from what it was written as is the same ratio."""
    written = RATIO.dump_json(Decimal(text))
    assert RATIO.validate_python(json.loads(written)) == Decimal(text)
    assert RATIO.validate_python(json.loads(written, parse_float=Decimal)) == Decimal(text)


NUMBERS = {
    "needs.n.quantity": (1.0, "1", True, 0, -5, None, 10**12 + 1),
    "needs.n.max_per_year": (1.0, "1", True, -5),
    "offers.f.amount": (1.5, 2.0, "2", True, -1, 10**13 + 1),
    "offers.f.min_per_state": (1.0, "1", True, -1, 10**13 + 1),
    "offers.t.min_years": (0, 101, 1.0, True),
    "offers.t.max_states": (1.0, -1, True),
    "states.A.deadline": (1989, 2101, 2016.0, "2016"),
    "states.A.weight": ("1", True, -1),
    "states.A.max_partners": (2.0, False, -1),
    "capabilities.clearance.granule": (0, 1.0, True, 10**9 + 1),
    "currency.decimals": (-1, 5, 2.0),
    "needs.n.completes": (1, "true", 0),
    "matcher": (3, 0, 1.0, "1"),
}


@pytest.mark.parametrize(("path", "given"), [(path, value) for path, values in NUMBERS.items() for value in values])
def test_numbers_are_strict(path: str, given: Any) -> None:
    """Floats, text, truth values and numbers out of range where a whole number belongs are faults at their place."""
    if given is None:
        assert list(_faults({path: [None]})) == [path]
        return
    assert list(_faults({path: given})) == [path]


@pytest.mark.parametrize("given", ["", "1a", "a b", "ä", "a" * 65, "a\n", "-a", "a/b", 5, None])
def test_ids_are_short_plain_names(given: Any) -> None:
    """An id starts with a letter and holds letters, digits and three signs, nothing else."""
    with pytest.raises(ValidationError):
        TypeAdapter(Id).validate_python(given)


@pytest.mark.parametrize("given", ["a", "AGO-clearance", "A.b_c-9", "x" * 64])
def test_plain_names_are_ids(given: str) -> None:
    """Names that files use are accepted as they are."""
    assert TypeAdapter(Id).validate_python(given) == given


@pytest.mark.parametrize("given", ["bell \x07", "nul \x00", "escape \x1b[31m", "x" * 4001, "delete \x7f", 3])
def test_text_holds_no_control_characters(given: Any) -> None:
    """Text that could move a terminal's cursor is refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python(given)
    assert TypeAdapter(Text).validate_python("two\nlines\tand \u0424") == "two\nlines\tand \u0424"


def test_references_are_a_set() -> None:
    """Order and repetition of references carry no meaning."""
    assert TypeAdapter(Ids).validate_python(["b", "a", "b"]) == ("a", "b")
    first = small_scenario({"states.B": {"name": "B", "deadline": 2016}, "offers.f.states": ["B", "A"]})
    second = small_scenario({"states.B": {"name": "B", "deadline": 2016}, "offers.f.states": ["A", "B", "A"]})
    assert scenario_hash(first) == scenario_hash(second)


def test_years_are_a_run() -> None:
    """Years are read from two numbers, written as two numbers, and include both ends."""
    years = YEARS.validate_python([2015, 2017])
    assert (list(years.range()), 2017 in years, 2018 in years) == ([2015, 2016, 2017], True, False)
    assert YEARS.dump_python(years) == [2015, 2017]
    assert YEARS.validate_python(years) == years


@pytest.mark.parametrize(
    "given", [[2016, 2015], [2015], [2015, 2016, 2017], 2015, "2015", [2015.0, 2016], [1989, 2015]]
)
def test_years_refuse_what_is_no_run(given: Any) -> None:
    """Years the wrong way round, one year alone, or years that are no whole numbers are refused."""
    with pytest.raises(ValidationError):
        YEARS.validate_python(given)


def test_yearly_amounts_are_one_for_all_or_one_for_each() -> None:
    """A number holds in every year; a mapping in its years, with nothing in others; text keys of JSON are years."""
    every = YEARLY.validate_python(5)
    each = YEARLY.validate_python({2016: 3, "2015": 2})
    assert (every.at(1999), each.at(2015), each.at(2016), each.at(2017)) == (5, 2, 3, 0)
    assert (every.plain(), each.plain()) == (5, {2015: 2, 2016: 3})
    assert repr(each) == "Yearly({2015: 2, 2016: 3})"
    assert YEARLY.validate_python(each) == each
    assert YEARLY.validate_python(json.loads(YEARLY.dump_json(each))) == each


@pytest.mark.parametrize(
    "given", [{"201": 1}, {"20155": 1}, {2101: 1}, {2015: -1}, {2015: 1.0}, {True: 1}, 1.0, -1, True, [1]]
)
def test_yearly_amounts_are_strict(given: Any) -> None:
    """Wrong years and amounts are refused in either form."""
    with pytest.raises(ValidationError):
        YEARLY.validate_python(given)


def test_yearly_amounts_are_frozen_values() -> None:
    """Equal amounts are equal, hash alike, survive pickling and copying, and cannot be changed."""
    each = YEARLY.validate_python({2015: 2})
    assert len({each, YEARLY.validate_python({"2015": 2}), Yearly(2)}) == 2
    assert each != 2
    assert pickle.loads(pickle.dumps(each)) == each
    assert copy.deepcopy(each) == each
    with pytest.raises(AttributeError, match="frozen"):
        each.every = 3


def test_scenarios_are_frozen() -> None:
    """No field of a scenario or of anything in it can be set."""
    scenario = small_scenario()
    for entity, field in ((scenario, "name"), (scenario.needs[0], "quantity"), (scenario.horizon, "first")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(entity, field, 1)


def test_an_offer_of_the_other_kind_is_refused_by_name() -> None:
    """Who asks for money by the id of an offer of work, or the other way round, is told so; ids must exist."""
    scenario = small_scenario()
    assert scenario.funding_offer("f") is scenario.offer("f")
    assert scenario.technical_offer("t") is scenario.offer("t")
    with pytest.raises(TypeError, match="'t' offers work, not money"):
        scenario.funding_offer("t")
    with pytest.raises(TypeError, match="'f' offers money, not work"):
        scenario.technical_offer("f")
    for find in (scenario.funding_offer, scenario.technical_offer):
        with pytest.raises(KeyError, match="'nobody'"):
            find("nobody")


def test_the_index_leads_from_ids_to_positions_and_is_made_once() -> None:
    """Each id leads to where its entity stands; a copy with other entities has an index of its own."""
    need = {"state": "B", "capability": "clearance", "quantity": 5}
    scenario = small_scenario({"states.B": {"name": "Belmark", "deadline": 2016}, "needs.m": need})
    assert scenario.index is scenario.index
    for name in ("capabilities", "states", "needs", "providers", "offers"):
        entities, positions = getattr(scenario, name), getattr(scenario.index, name)
        assert len(positions) == len(entities) > 0
        assert all(entities[positions[each.id]] is each for each in entities)
    assert (scenario.index.states, scenario.index.needs) == ({"A": 0, "B": 1}, {"m": 0, "n": 1})
    fewer = scenario.model_copy(update={"needs": type(scenario.needs)(scenario.needs[1:])})
    assert fewer.index.needs == {"n": 0}


def test_defaults_are_those_of_the_model() -> None:
    """What a file leaves out is no limit, weight 1, no carry-over, no match, and the default order."""
    scenario = small_scenario()
    state, need = scenario.state("A"), scenario.need("n")
    money, work = scenario.funding_offer("f"), scenario.technical_offer("t")
    assert (state.weight, state.absorption, state.max_partners, state.ownership_score()) == (1, None, None, 0)
    assert (need.weight, need.completes, need.indivisible, need.after) == (1, False, False, ())
    assert (money.carry_over, money.match, money.repayment, money.channels) == (0, 0, None, None)
    assert (work.min_years, work.firmness, work.fit_otherwise, work.min_per_state) == (1, 1, 1, 0)
    assert (scenario.order(), scenario.objectives.discount) == (DEFAULT_ORDER, 1)
    assert [goal.name for goal in scenario.order()] == [
        "completions",
        "late_completions",
        "coverage",
        "worst_off",
        "turnover",
        "waiting",
        "cost + 2 at_risk + 0.5 dependence + 0.5 swings",
    ]


def test_weights_leave_no_order() -> None:
    """A weighted sum replaces the order."""
    assert small_scenario({"objectives.weights": [{"objective": "cost", "weight": 1}]}).order() == ()


def test_ownership_is_the_plain_mean() -> None:
    """The ownership score is the exact mean of its five components."""
    parts = ("high_level_interest", "empowered_entities", "measures_articulated", "challenges_planned")
    ownership = dict.fromkeys(parts, 0.1) | {"financial_commitment": 1}
    assert small_scenario({"states.A.ownership": ownership}).state("A").ownership_score() == Fraction(7, 25)


def test_foreign_money_is_rounded_against_the_offer() -> None:
    """Foreign money is rounded down, prices per granule and least amounts up; years outside are empty."""
    changes: Changes = {
        "rates": {"EUR": {"rate": 0.5}},
        "offers.f.currency": "EUR",
        "offers.f.amount": 333,
        "offers.f.years": [2016, 2020],
        "offers.t.currency": "EUR",
        "offers.t.price": 0.7,
        "capabilities.clearance.granule": 3,
        "needs.n.quantity": 9,
        "offers.t.years": [2010, 2015],
    }
    scenario = small_scenario(changes)
    money, work = scenario.funding_offer("f"), scenario.technical_offer("t")
    assert [scenario.money_at(money, year) for year in (2015, 2016, 2017)] == [0, 166, 0]
    assert scenario.converted(money, 333, up=True) == 167
    assert scenario.granule_price(work) == 2  # 3 x 0.7 x 0.5 = 1.05
    assert [scenario.capacity_at(work, year) for year in (2014, 2015, 2016)] == [0, 1, 0]


def test_collections_are_sorted_by_id_whatever_the_file_says() -> None:
    """A file's order carries no meaning: same entities, same tuple, same hash."""
    one = small_document({"states.B": {"name": "B", "deadline": 2016}})
    other = {**one, "states": dict(reversed(one["states"].items())), "offers": dict(reversed(one["offers"].items()))}
    first, second = Scenario.from_data(one), Scenario.from_data(other)
    assert [state.id for state in first.states] == [state.id for state in second.states] == ["A", "B"]
    assert first == second
    assert scenario_hash(first) == scenario_hash(second)


def test_scenarios_survive_json_and_plain_data() -> None:
    """A dump in either form reads back as the same scenario, and an id is never written inside its entity."""
    scenario = small_scenario({"offers.f.amount": {2015: 7}, "states.A.weight": 0.3, "rates": {"EUR": {"rate": 1.1}}})
    for dump in (scenario.model_dump(), scenario.model_dump(mode="json"), json.loads(scenario.model_dump_json())):
        assert set(dump["needs"]) == {"n"}
        assert "id" not in dump["needs"]["n"]
        assert Scenario.from_data(dump) == scenario
        assert Scenario.model_validate(dump) == scenario
        assert scenario_hash(Scenario.from_data(dump)) == scenario_hash(scenario)


def test_scenarios_can_be_built_from_tuples_of_entities() -> None:
    """Entities with ids of their own may stand in a tuple instead of a mapping."""
    scenario = small_scenario()
    fields = {name: getattr(scenario, name) for name in Scenario.model_fields}
    assert Scenario(**fields) == scenario
    assert Scenario(**{**fields, "states": list(scenario.states)}) == scenario
    assert Scenario(**{**fields, "states": {each.id: each for each in scenario.states}}) == scenario


@pytest.mark.parametrize("states", [[1], ["A"], [State(name="no id", deadline=2016)] * 2])
def test_tuples_of_anything_else_are_refused(states: list[Any]) -> None:
    """Plain values and two entities of one id are no collection."""
    scenario = small_scenario()
    fields = {name: getattr(scenario, name) for name in Scenario.model_fields}
    with pytest.raises(ValidationError, match="ids of their own"):
        Scenario(**{**fields, "states": states})


def test_scenarios_survive_pickling() -> None:
    """A scenario that travels between processes is the same, cached figures or not."""
    scenario = small_scenario({"offers.f.amount": {2015: 7}})
    assert scenario.years == (2015, 2016)
    again = pickle.loads(pickle.dumps(scenario))
    assert again == scenario
    assert again.need("n") == scenario.need("n")
    assert scenario_hash(again) == scenario_hash(scenario)


def test_errors_survive_pickling() -> None:
    """Faults that travel between processes arrive whole."""
    with pytest.raises(InvalidScenario) as caught:
        Scenario.from_data(small_document({"needs.n.state": "B"}), "file.yaml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.faults, again.source, str(again)) == (caught.value.faults, "file.yaml", str(caught.value))
    assert str(again).startswith("file.yaml: 1 fault\n")


def test_unknown_entities_are_key_errors() -> None:
    """Asking a scenario for what it does not hold is an error of the caller."""
    scenario = small_scenario()
    for ask in (scenario.capability, scenario.state, scenario.need, scenario.provider, scenario.offer):
        with pytest.raises(KeyError):
            ask("nobody")
    assert scenario.needs_of("nowhere") == ()


FEW_STATES: Changes = {"states.B": {"name": "Belmark", "deadline": 2016, "region": "north"}}
FUNDING: dict[str, Any] = {"kind": "funding", "provider": "donor", "amount": 1}

FAULTS: dict[str, tuple[Changes, list[str], str]] = {
    "unknown State": ({"needs.n.state": "AA"}, ["needs.n.state"], "'A'"),
    "unknown capability": ({"needs.n.capability": "clearence"}, ["needs.n.capability"], "'clearance'"),
    "unknown provider": ({"offers.t.provider": "nog"}, ["offers.t.provider"], "'ngo'"),
    "unknown capability of an offer": ({"offers.t.capability": "x"}, ["offers.t.capability"], "capability"),
    "unknown capability to fund": ({"offers.f.capabilities": ["x"]}, ["offers.f.capabilities.0"], "capability"),
    "unknown State of an offer": ({"offers.t.states": ["A", "Z"]}, ["offers.t.states.1"], "State"),
    "unknown State of a fit": ({"offers.t.fit": {"Z": 1}}, ["offers.t.fit.Z"], "State"),
    "unknown region": (FEW_STATES | {"offers.t.regions": ["nort"]}, ["offers.t.regions.0"], "'north'"),
    "unknown State of a provider": ({"providers.donor.state": "Z"}, ["providers.donor.state"], "State"),
    "operator that is a State": ({"providers.ngo.state": "A"}, ["providers.ngo.state"], "donor_state"),
    "currency without a rate": ({"offers.f.currency": "EUR"}, ["offers.f.currency"], "rate"),
    "rate of the own currency": ({"rates": {"USD": {"rate": 1}}}, ["rates.USD"], "other than"),
    "rate of nothing": ({"rates": {"EUR": {"rate": 0}}}, ["rates.EUR.rate"], "above 0"),
    "quantity not whole": (
        {"capabilities.clearance.granule": 4, "offers.t.price": 1},
        ["needs.n.quantity"],
        "granules of 4 m2",
    ),
    "price not whole": ({"offers.t.price": 0.7}, ["offers.t.price"], "a granule of 10 would"),
    "after itself": ({"needs.n.after": [{"need": "n"}]}, ["needs.n.after.0.need"], "another need"),
    "after nothing": ({"needs.n.after": [{"need": "zz"}]}, ["needs.n.after.0.need"], "need of this scenario"),
    "after another State": (
        FEW_STATES
        | {
            "needs.b": {"state": "B", "capability": "clearance", "quantity": 1},
            "needs.n.after": [{"need": "b"}],
        },
        ["needs.n.after.0.need"],
        "same State",
    ),
    "repaid by nobody": (
        {"offers.f.repayment": {"offer": "zz", "after": 1}},
        ["offers.f.repayment.offer"],
        "offer of this scenario",
    ),
    "repaid by itself": (
        {"offers.f.repayment": {"offer": "f", "after": 1}},
        ["offers.f.repayment.offer"],
        "not itself pre-financing",
    ),
    "repaid by work": (
        {"offers.f.repayment": {"offer": "t", "after": 1}},
        ["offers.f.repayment.offer"],
        "not itself pre-financing",
    ),
    "repaid by private money": (
        {"offers.p": FUNDING | {"provider": "firm"}, "offers.f.repayment": {"offer": "p", "after": 1}},
        ["offers.f.repayment.offer"],
        "public",
    ),
    "commitment to everything wrong": (
        {
            "capabilities.clearance.granule": 5,
            "decisions.commitments": [{"financier": "t", "implementer": "f", "need": "n", "year": 2020, "quantity": 7}],
        },
        [f"decisions.commitments.0.{name}" for name in ("financier", "implementer", "year", "quantity")],
        "a funding offer",
    ),
    "pin of nothing": (
        {"decisions.pins": [{"offer": "x", "state": "Z", "years": [2015, 2020]}]},
        [f"decisions.pins.0.{name}" for name in ("offer", "state", "years")],
        "offer of this scenario",
    ),
    "empty forbid": ({"decisions.forbids": [{}]}, ["decisions.forbids.0"], "forbid everything"),
    "forbid of nothing": (
        {"decisions.forbids": [{"provider": "x", "offer": "x", "partner": "z", "state": "x", "need": "x"}]},
        [f"decisions.forbids.0.{name}" for name in ("provider", "offer", "partner", "state", "need")],
        "provider of this scenario",
    ),
    "partner of itself": (
        {"decisions.forbids": [{"offer": "t", "partner": "t"}]},
        ["decisions.forbids.0.partner"],
        "another offer",
    ),
    "partner alone": ({"decisions.forbids": [{"partner": "t"}]}, ["decisions.forbids.0.partner"], "beside"),
    "cap of work": (
        {"decisions.caps": [{"offer": "t", "state": "A", "money": 1}]},
        ["decisions.caps.0.offer"],
        "a funding offer",
    ),
    "cap of both": (
        {"decisions.caps": [{"offer": "f", "provider": "donor", "state": "A", "money": 1}]},
        ["decisions.caps.0"],
        "exactly one of 'offer' and 'provider'",
    ),
    "cap without a limit": (
        {"decisions.caps": [{"offer": "f", "state": "A"}]},
        ["decisions.caps.0"],
        "exactly one of 'money' and 'share'",
    ),
    "order and weights": (
        {"objectives": {"order": [{"objective": "cost"}], "weights": [{"objective": "cost", "weight": 1}]}},
        ["objectives"],
        "one of them",
    ),
    "no objective": ({"objectives": {"order": []}}, ["objectives.order"], "at least one"),
    "objective twice": (
        {"objectives": {"order": [{"objective": "cost"}, {"objective": "cost"}]}},
        ["objectives.order.1"],
        "once",
    ),
    "source of an unknown field": (
        {"states.A.provenance": {"deadlin": {"source": "x", "confidence": "recall"}}},
        ["states.A.provenance.deadlin"],
        "field of this entity",
    ),
    "unknown field": ({"needs.n.quantty": 1}, ["needs.n.quantty"], "quantity"),
    "unknown field at the top": ({"horizn": 1}, ["horizn"], "a field of a scenario"),
    "unknown field deep inside": (
        {"needs.n.after": [{"need": "n", "lagg": 1}]},
        ["needs.n.after.0.lagg"],
        "lag",
    ),
    "missing field": ({"needs.n.state": None}, ["needs.n.state"], "the field 'state'"),
    "missing collection": ({"capabilities": None, "needs": {}, "offers": {}}, ["capabilities"], "the field"),
    "collection that is a list": ({"needs": []}, ["needs"], "a mapping from id to fields"),
    "entity that is a number": ({"needs.n": 5}, ["needs.n"], "a mapping of fields"),
    "id inside an entity": ({"needs.n.id": "n"}, ["needs.n.id"], "the key is the id"),
    "bad id": ({"states.1x": {"name": "x", "deadline": 2016}}, ["states.1x"], "an id: a letter"),
    "unknown kind of provider": ({"providers.ngo.kind": "operater"}, ["providers.ngo.kind"], "operator"),
    "unknown kind of offer": ({"offers.t.kind": "technicl"}, ["offers.t.kind"], "'funding' or 'technical'"),
    "no kind of offer": ({"offers.t.kind": None}, ["offers.t.kind"], "'funding' or 'technical'"),
    "amount of a wrong year": ({"offers.f.amount": {1800: 1}}, ["offers.f.amount.1800"], "greater"),
    "horizon the wrong way round": ({"horizon": [2016, 2015]}, ["horizon"], "first year"),
}
"""By name: what is changed, where each fault is told, and words of the first fault's expectation."""


@pytest.mark.parametrize("case", list(FAULTS))
def test_each_fault_is_told_at_its_place(case: str) -> None:
    """What is wrong is told where it stands, in order, with what would be right."""
    changes, paths, words = FAULTS[case]
    found = _faults(changes)
    assert list(found) == paths
    _, expected, suggestion = found[paths[0]]
    assert words in f"{expected} {suggestion!r}"
    assert [str(Fault(tuple(path.split(".")), *said)) for path, said in found.items()] == told("scenario_faults")[case]


def test_all_faults_are_told_at_once() -> None:
    """Faults of fields and faults between entities in different places are all in one error."""
    found = _faults(
        {
            "horizon": [2016, 2015],
            "needs.n.quantity": 1.5,
            "needs.m": {"state": "B", "capability": "clearance", "quantity": 2},
            "offers.t.provider": "nog",
            "decisions.pins": [{"offer": "ff", "state": "A"}],
            "titel": "x",
        }
    )
    assert set(found) == {
        "horizon",
        "needs.n.quantity",
        "needs.m.state",
        "offers.t.provider",
        "decisions.pins.0.offer",
        "titel",
    }


def test_what_could_not_be_read_is_not_reported_as_missing() -> None:
    """A need that cannot be read is still there for those that refer to it."""
    agreed = {"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 1}
    assert list(_faults({"needs.n.quantity": 1.5, "decisions.commitments": [agreed]})) == ["needs.n.quantity"]
    assert list(_faults({"states.A.deadline": "soon", "offers.t.regions": ["north"]})) == ["states.A.deadline"]


def test_models_refuse_what_from_data_refuses() -> None:
    """Building the model without the reader is as strict as with it, but that it takes tuples of entities."""
    for case, (changes, _, _) in FAULTS.items():
        if case == "collection that is a list":
            continue
        with pytest.raises(ValidationError):
            Scenario.model_validate(small_document(changes))


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_documents_that_are_no_mapping_are_refused(data: object) -> None:
    """A document that is a list, text or number is one fault of the whole."""
    with pytest.raises(InvalidScenario) as caught:
        Scenario.from_data(data)
    (fault,) = caught.value.faults
    assert fault.path == ()
    assert "whole document" in str(fault)


@pytest.mark.parametrize(("quantity", "near"), [(1, "10"), (14, "10"), (15, "10"), (16, "20"), (29, "30")])
def test_the_nearest_whole_quantity_is_suggested(quantity: int, near: str) -> None:
    """A quantity that is not whole granules comes with the nearest that is, never nothing."""
    changes: Changes = {"capabilities.clearance.granule": 10, "needs.n.quantity": quantity, "offers.t.price": 1}
    assert _faults(changes)["needs.n.quantity"][2] == near


@pytest.mark.parametrize("model", [Scenario, Portfolio, Result])
def test_formats_export_a_json_schema(model: type[Scenario]) -> None:
    """Every format has a JSON Schema: closed objects with descriptions, every reference resolved, no ids inside."""
    schema = model.model_json_schema()
    text = json.dumps(schema)
    definitions = schema["$defs"]
    for part in text.split('"$ref": "#/$defs/')[1:]:
        assert part.split('"')[0] in definitions
    objects = [schema, *(each for each in definitions.values() if "properties" in each)]
    for each in objects:
        assert each["additionalProperties"] is False
        assert "id" not in each["properties"] or model is not Scenario
        for name, field in each["properties"].items():
            assert field.get("description") or "const" in field or "$ref" in field, name


def test_the_schema_says_how_things_are_written() -> None:
    """Years are pairs, amounts numbers or mappings, shares bounded numbers, collections mappings of closed objects."""
    schema = Scenario.model_json_schema()
    definitions = schema["$defs"]
    assert list(schema["properties"]["needs"]["patternProperties"].values()) == [{"$ref": "#/$defs/Need"}]
    assert set(schema["required"]) >= {"name", "horizon", "currency", "capabilities", "states", "needs"}
    amount = definitions["FundingOffer"]["properties"]["amount"]
    assert [each["type"] for each in amount["oneOf"]] == ["integer", "object"]
    share = definitions["FundingOffer"]["properties"]["carry_over"]
    assert (share["type"], share["minimum"], share["maximum"]) == ("number", 0, 1)
    assert schema["properties"]["horizon"]["maxItems"] == 2
    assert {"Need", "State", "Provider", "FundingOffer", "TechnicalOffer"} <= set(definitions)


@pytest.mark.parametrize("entity", [Need, State, Provider, FundingOffer, TechnicalOffer])
def test_every_field_says_what_it_is(entity: type[Any]) -> None:
    """Each field of an entity has a description, for schema and people."""
    assert [name for name, field in entity.model_fields.items() if not field.description] == []


def test_needs_of_a_state_are_found_once() -> None:
    """The needs of a State are gathered once for all States, not at each question."""
    scenario = small_scenario({"states.B": {"name": "Belmark", "deadline": 2016}})
    assert [need.id for need in scenario.needs_of("A")] == ["n"]
    assert scenario.needs_of("A") is scenario.needs_of("A")
    assert scenario.needs_of("B") == scenario.needs_of("nowhere") == ()


def test_digest_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario is written out once for its digest, however often that is asked for."""
    scenario = small_scenario()
    dumps: list[object] = []
    dump = Need.model_dump
    monkeypatch.setattr(Need, "model_dump", lambda self, **how: dumps.append(self) or dump(self, **how))
    assert scenario.digest == scenario.digest == scenario_hash(scenario)
    assert dumps == [scenario.need("n")]


@pytest.mark.parametrize("seed", range(20))
def test_digest_is_that_of_the_whole_text(seed: int) -> None:
    """Written piece by piece, a scenario has the digest of all its canonical JSON."""
    scenario = Scenario.from_data(draw_document(Seeded(seed))) if seed else small_scenario()
    text = json.dumps(scenario.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    assert scenario.digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_changed_copy_forgets_what_was_worked_out() -> None:
    """A copy with other needs has another digest and finds its own needs."""
    scenario = small_scenario()
    before = (scenario.digest, scenario.needs_of("A"), scenario.years)
    other = small_scenario({"needs.n.quantity": 20})
    changed = scenario.model_copy(update={"needs": other.needs, "horizon": Years(first=2015, last=2015)})
    assert (changed.needs_of("A"), changed.years) == (other.needs_of("A"), (2015,))
    assert changed.digest != scenario.digest
    assert (scenario.digest, scenario.needs_of("A"), scenario.years) == before
    assert scenario.model_copy() == scenario


def test_contradictions_are_told_up_to_a_limit() -> None:
    """A file that is wrong throughout is refused after a thousand contradictions, and says so."""
    document = small_document()
    document["needs"] = {f"n{at}": {**document["needs"]["n"], "state": f"X{at}"} for at in range(MOST_FAULTS + 5)}
    with pytest.raises(InvalidScenario) as refused:
        Scenario.from_data(document)
    *faults, last = refused.value.faults
    assert len(faults) == MOST_FAULTS
    assert last == Fault((), "more than 1000 contradictions", "fewer: checking stopped here")


def test_the_nearest_of_very_many_names_is_told_by_its_letters_alone() -> None:
    """Among very many names only one that differs in capitals is looked for: likeness would take too long."""
    names = {f"state-{at}" for at in range(MOST_COMPARED)}
    assert nearest("stat-7", names) == "state-7"
    assert nearest("stat-7", names | {"one-more"}) is None
    assert nearest("STATE-7", names | {"one-more"}) == "state-7"


def test_amounts_by_year_cannot_be_changed_through_what_they_say() -> None:
    """The amounts that a file would say are a copy."""
    yearly = Yearly(None, ((2015, 3),))
    said = yearly.plain()
    assert isinstance(said, dict)
    said[2015] = 4
    assert (yearly.at(2015), yearly.at(2016)) == (3, 0)


@pytest.mark.parametrize("value", [Fraction(0), Fraction(-7), Fraction(22, 7), Fraction(3**12_000, 7**9000)])
def test_fractions_are_written_and_read_at_any_length(value: Fraction) -> None:
    """A fraction comes back from its text, also where Python alone refuses to write so many digits."""
    assert fraction(plain(value)) == value


def test_decimal_text_is_read_as_a_fraction() -> None:
    """A number written with decimals reads as the fraction that it is."""
    assert fraction("-0.125000") == Fraction(-1, 8)


TOO_LARGE: list[tuple[Changes, str, str]] = [
    (
        {"rates.EUR.rate": 925000, "offers.f.currency": "EUR", "offers.f.amount": 10**13},
        "offers.f.amount",
        "9250000000000000000 minor units to spend in 2016 at its rate, with what is carried over",
    ),
    (
        {"offers.f.amount": 10**13, "offers.f.carry_over": Decimal("0.5"), "offers.f.years": [2014, 2016]},
        "offers.f.amount",
        "15000000000000 minor units to spend in 2016 at its rate, with what is carried over",
    ),
    (
        {
            "offers.l": {
                "kind": "funding",
                "provider": "firm",
                "amount": 10**13,
                "repayment": {"offer": "f", "after": 1, "premium": Decimal("0.1")},
            }
        },
        "offers.l.repayment.premium",
        "0.1, which makes 11000000000000 minor units to repay for one year",
    ),
    (
        {"rates.EUR.rate": 2, "offers.f.currency": "EUR", "offers.f.min_per_state": 10**13},
        "offers.f.min_per_state",
        "10000000000000, 20000000000000 minor units at its rate",
    ),
    (
        {"offers.t.price": 10**14, "needs.n.quantity": 1},
        "offers.t.price",
        "100000000000000, which makes 100000000000000 minor units per granule",
    ),
    (
        {"needs.n.quantity": 10**12, "offers.t.price": 101},
        "needs.n.quantity",
        "1000000000000, which would cost 101000000000000 minor units at the price of 't'",
    ),
]


@pytest.mark.parametrize(("changes", "path", "found"), TOO_LARGE)
def test_what_is_too_large_together_is_refused(changes: Changes, path: str, found: str) -> None:
    """Products of fields, each of which is as large as it may be."""
    with pytest.raises(InvalidScenario) as caught:
        small_scenario(changes)
    (fault,) = caught.value.faults
    assert (".".join(map(str, fault.path)), fault.found) == (path, found)
    assert "at most 1000000000000" in fault.expected


def test_the_largest_that_is_not_too_large() -> None:
    """Figures that come to the most exactly are taken."""
    small_scenario({"offers.f.amount": 10**13, "offers.f.min_per_state": 10**13, "offers.t.price": 10**13})
    small_scenario({"needs.n.quantity": 10**12, "offers.t.price": 100})
    loan = {"kind": "funding", "provider": "firm", "amount": 10**13, "repayment": {"offer": "f", "after": 1}}
    small_scenario({"offers.l": loan})


def test_what_could_be_read_is_measured() -> None:
    """Offers without a readable rate or capability, and needs that nobody offers work for, are left to other rules."""
    changes: Changes = {"offers.f.currency": "EUR", "offers.t.capability": "nothing", "offers.f.amount": 10**13}
    with pytest.raises(InvalidScenario) as caught:
        small_scenario(changes)
    assert [".".join(map(str, fault.path)) for fault in caught.value.faults] == [
        "offers.f.currency",
        "offers.t.capability",
    ]


def test_a_need_that_nobody_works_for_costs_nothing() -> None:
    """There is no price to count it with."""
    nobody: Changes = {"capabilities.c": {"name": "C", "unit": "m2"}, "needs.n.capability": "c"}
    assert small_scenario({**nobody, "needs.n.quantity": 10**12}).need("n").quantity == 10**12


def test_faults_before_the_horizon_is_read_are_told_without_sizes() -> None:
    """Without years nothing can be summed over them."""
    with pytest.raises(InvalidScenario) as caught:
        small_scenario({"horizon": None, "offers.t.price": 10**14})
    assert [fault.path for fault in caught.value.faults] == [("horizon",)]


def test_every_objective_has_its_place_in_the_table() -> None:
    """The names that a file may say, the table, the formulation and the checker have the same objectives and senses."""
    assert set(get_args(ObjectiveName)) == set(OBJECTIVES) == set(FIGURES) == set(SENSE)
    assert {name: each.sign for name, each in OBJECTIVES.items()} == dict(SENSE)


def test_an_objective_of_another_name_is_refused() -> None:
    """With those that there are, and the nearest."""
    assert objective_named("cost").sign == -1
    with pytest.raises(InvalidOptions, match=r"no objective 'cots'; known: completions, .* \(did you mean cost\?\)"):
        objective_named("cots")
    with pytest.raises(InvalidOptions, match=r"no objective 'xyz'; known: [a-z_, ]*$"):
        objective_named("xyz")


def test_a_weighted_sum_counts_what_is_minimised_against_it() -> None:
    """Twice a completion, less a tenth of 30 of cost; what has no figure counts nothing."""
    named = {"completions": 2, "cost": Decimal("0.1"), "fit": 5}
    listed = [{"objective": name, "weight": weight} for name, weight in named.items()]
    weights = small_scenario({"objectives.weights": listed}).objectives.weights
    assert weights is not None
    assert weighted_sum(weights, {"completions": Fraction(1), "cost": Fraction(30)}) == -1


@pytest.mark.parametrize(
    ("given", "kept", "last"),
    [
        (2016, 2016, 2016),
        ("2016-12-31", "2016-12-31", 2016),
        ("2016-12-30", "2016-12-30", 2015),
        ("2016-01-01", "2016-01-01", 2015),
        (date(2016, 3, 1), "2016-03-01", 2015),
    ],
)
def test_a_deadline_is_a_year_or_a_date(given: Any, kept: Any, last: int) -> None:
    """It is kept as it is written; years count that end on or before it."""
    state = small_scenario({"states.A.deadline": given}).state("A")
    assert (state.deadline, state.last_year) == (kept, last)


@pytest.mark.parametrize("given", ["2016", "2016-3-1", "2016-02-30", "1990-12-31", "2101-01-01", "soon", ""])
def test_a_text_that_is_no_date_is_no_deadline(given: str) -> None:
    """One fault, at the deadline."""
    assert _faults({"states.A.deadline": given})["states.A.deadline"][1] == "a year, or a date as YYYY-MM-DD"


def test_links_of_the_year_before() -> None:
    """Of external offers, all of a provider's in a State as one, with the money that its offers of money state."""
    grant = {"kind": "funding", "provider": "donor", "amount": 10}
    scenario = small_scenario(
        {
            "offers.f.ongoing": [{"state": "A", "amount": 60}],
            "offers.g": {**grant, "ongoing": [{"state": "A", "amount": 30}, {"state": "A2"}]},
            "offers.t.ongoing": [{"state": "A"}],
            "offers.own": {**grant, "provider": "gov", "states": ["A"], "ongoing": [{"state": "A", "amount": 5}]},
            "states.A2": {"name": "Other", "deadline": 2016},
        }
    )
    assert scenario.ongoing_links == {("donor", "A"): 90, ("donor", "A2"): None, ("ngo", "A"): None}


LASTING_FAULTS: dict[str, tuple[Changes, str, str]] = {
    "delivered past the quantity": ({"needs.n.delivered": 11}, "needs.n.delivered", "at most the quantity, 10"),
    "a link stated twice": (
        {"offers.f.ongoing": [{"state": "A"}, {"state": "A"}]},
        "offers.f.ongoing.1.state",
        "each State once",
    ),
    "a link since the horizon": (
        {"offers.f.ongoing": [{"state": "A", "since": 2015}]},
        "offers.f.ongoing.0.since",
        "a year before the horizon, 2015",
    ),
    "neither objective nor blend": (
        {"objectives": {"order": [{"tolerance": 0.1}]}},
        "objectives.order.0",
        "exactly one of 'objective' and 'blend'",
    ),
    "a blend of one": (
        {"objectives": {"order": [{"blend": [{"objective": "cost"}]}]}},
        "objectives.order.0.blend",
        "at least two, or 'objective'",
    ),
    "a blend of both senses": (
        {"objectives": {"order": [{"blend": [{"objective": "cost"}, {"objective": "coverage"}]}]}},
        "objectives.order.0.blend",
        "objectives that are all to be large, or all small",
    ),
    "a blend of the same": (
        {"objectives": {"order": [{"blend": [{"objective": "cost"}, {"objective": "cost"}]}]}},
        "objectives.order.0.blend.1",
        "each objective once",
    ),
    "two tolerances": (
        {"objectives": {"order": [{"objective": "cost", "tolerance": 0.1, "tolerance_amount": 5}]}},
        "objectives.order.0",
        "one of them",
    ),
    "no order": ({"objectives": {"order": []}}, "objectives.order", "at least one objective"),
    "no weights": ({"objectives": {"weights": []}}, "objectives.weights", "at least one objective"),
    "a weight twice": (
        {"objectives": {"weights": [{"objective": "cost", "weight": 1}, {"objective": "cost", "weight": 2}]}},
        "objectives.weights.1",
        "each objective once",
    ),
    "a start ahead of what comes first": (
        {
            "needs.n.delivered": 6,
            "needs.n.after": [{"need": "m", "head_start": 0.5}],
            "needs.m": {"state": "A", "capability": "clearance", "quantity": 10},
        },
        "needs.n.delivered",
        "at most 5, as far as 'm' has been delivered, or a longer head start",
    ),
}
"""By what is wrong: changes of the smallest scenario, the place of the fault, and what is expected there."""


@pytest.mark.parametrize("case", LASTING_FAULTS)
def test_what_lasts_is_stated_without_contradiction(case: str) -> None:
    """Each contradiction is told once, at its place, with what would be right."""
    changes, place, expected = LASTING_FAULTS[case]
    scenario, faults = Scenario.read(small_document(changes))
    assert scenario is None
    assert [(".".join(map(str, fault.path)), fault.expected) for fault in faults] == [(place, expected)]


def test_what_is_sought_is_named_once() -> None:
    """Of weights their objectives; of an order those of its entries and, where there are several, of its closing."""
    weights = Scenario.from_data(small_document({"objectives": {"weights": [{"objective": "cost", "weight": 1}]}}))
    assert weights.sought == {"cost"}
    order = [{"objective": "completions"}, {"blend": [{"objective": "cost"}, {"objective": "swings"}]}]
    assert Scenario.from_data(small_document({"objectives": {"order": order}})).sought == {
        *("completions", "cost", "swings", "coverage", "waiting")
    }
    assert Scenario.from_data(small_document({"objectives": {"order": order[:1]}})).sought == {"completions"}
