"""Branches of reading and of money that no whole scenario reaches by itself."""

from __future__ import annotations

import os
import pathlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from matcher.errors import Fault, InvalidScenario
from matcher.formulation import pairing
from matcher.formulation.pairing import Flows, _pair
from matcher.formulation.payment_classes import find_payments
from matcher.io import load
from matcher.io.yaml_text import read_yaml
from matcher.portfolio.result import Clock
from matcher.scenario import Scenario
from matcher.scenario.consistency import MOST_FAULTS
from matcher.solvers.integer_repair import relaxed_with_room
from matcher.solvers.linear_model import LinearModel, RowBuilder, objective, submodel
from matcher.units import decimal_text, plain
from smallest_scenario import small_document, small_scenario


@pytest.mark.parametrize(
    ("path", "place"), [(("a", "b", "c"), (1, 4)), (("a",), (1, 4)), (("d", 1, "x"), (3, 3)), (("d", 2), (2, 4))]
)
def test_a_fault_below_what_was_read_stands_at_what_was(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    """At the scalar, the item, or the list that should hold it."""
    root = read_yaml("a: 1\nd: [1,\n  2]\n").root
    assert root is not None
    assert root.place_of(Fault(path, "found", "expected")) == place


def test_a_key_that_is_refused_is_told_once() -> None:
    """What is no number is not called a wrong key too."""
    faults = read_yaml("{007: 1, a: 2}").findings.placed("f")
    assert [str(fault) for fault in faults] == [
        "f:1:2: ?: found 007; expected a number without leading zeros, or quotes if it is text"
    ]


def test_names_in_a_closed_folder_are_no_hint(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be listed gives no hint, and no other error."""

    def closed(_: pathlib.Path) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "scenario.yaml").touch()
    monkeypatch.setattr(pathlib.Path, "iterdir", closed)
    with pytest.raises(InvalidScenario) as caught:
        load(tmp_path / "scenari.yaml")
    (fault,) = caught.value.faults
    assert (fault.found, fault.suggestion) == ("no such file", None)


@pytest.mark.parametrize(
    ("paid", "wanted", "pairs"),
    [
        ([40.0, 60.0], [2.0, 3.0], [(0, 2, 2.0), (1, 3, 3.0)]),
        ([0.0, 100.0], [2.0, 3.0], [(0, 3, 2.0), (1, 3, 3.0)]),  # who pays nothing is passed over
        ([50.0, 50.0], [2.0, 3.0], [(0, 2, 2.0), (1, 2, 0.5), (1, 3, 2.5)]),
        ([40.0, 50.0], [2.0, 3.0], [(0, 2, 2.0), (1, 3, 3.0)]),  # the last pays what is missing
        ([40.0, 60.0], [0.0, 0.0], [(0, 2, 0.0)]),  # where nothing flows, one pair keeps the columns
        ([], [2.0, 3.0], []),
    ],
)
def test_work_is_paired_with_money_in_order(
    paid: list[float], wanted: list[float], pairs: list[tuple[int, int, float]]
) -> None:
    """Two columns of work at 20 each, and columns of money after them."""
    columns = len(wanted) + len(paid)
    worth = np.array([20] * len(wanted) + [1] * len(paid), np.int64)
    none = np.zeros(columns, np.bool_)
    flows = Flows(np.arange(columns), np.zeros(columns, np.int64), none, worth, none)
    point = np.array(wanted + paid, np.float64)
    assert _pair([0, 1], list(range(2, columns)), flows, point) == pairs


def test_a_state_without_needs_pays_for_none() -> None:
    """It has no payment classes, and changes none of the others."""
    with_idle = small_scenario({"states.B": {"name": "Belmark", "deadline": 2016}})
    alone, beside = find_payments(small_scenario()), find_payments(with_idle)
    assert isinstance(with_idle, Scenario)
    assert [len(alone.work.offer), len(alone.money.offer)] == [len(beside.work.offer), len(beside.money.offer)]


def test_a_row_too_narrow_for_its_room_has_no_point() -> None:
    """Rounding would have nowhere to give way."""
    most = np.array([5], np.int64)
    rows, one = RowBuilder(), np.ones(1, np.bool_)
    rows.terms(rows.row(("rule",), lower=1, upper=2), np.array([0]), np.array([1]))
    model = LinearModel(np.zeros_like(most), most, one, ~one, np.ones(1), rows.build(most))
    narrow = submodel(model, one, np.array([1], np.int64))
    aim = objective("aim", True, {0: Fraction(1)}, most)
    assert relaxed_with_room(narrow, np.array([0]), aim, Clock()) is not None
    assert relaxed_with_room(narrow, np.array([1]), aim, Clock()) is None


@pytest.mark.parametrize(("value", "text"), [("1/3", "0.333333"), ("-1/2", "-0.500000"), ("7", "7.000000")])
def test_numbers_are_written_for_reading(value: str, text: str) -> None:
    """Rounded to six places, or to none."""
    assert decimal_text(Fraction(value)) == text
    assert decimal_text(Fraction(value), 0) == str(round(Fraction(value)))
    assert plain(Fraction(value)) == value


@pytest.mark.parametrize("value", [5, "A", None])
def test_a_collection_is_by_id_or_a_list(value: object) -> None:
    """A model of a scenario that is built from anything else is refused."""
    with pytest.raises(ValidationError, match="states"):
        Scenario.model_validate(small_document() | {"states": value})


def test_offers_are_told_apart_by_kind() -> None:
    """Work and money, in order, and nothing of the other."""
    scenario = small_scenario()
    assert ([each.id for each in scenario.technical], [each.id for each in scenario.funding]) == (["t"], ["f"])


def test_too_many_wrong_fields_stop_the_checking() -> None:
    """Of entities, and of fields at the top."""
    wrong = {f"n{at}": 5 for at in range(MOST_FAULTS + 7)}
    for document in (small_document({"needs": wrong}), small_document() | wrong):
        scenario, faults = Scenario.read(document)
        assert scenario is None
        assert len(faults) == MOST_FAULTS + 1
        assert str(faults[-1]) == "(whole document): found 1000 faults; expected fewer: checking stopped here"


def test_years_of_every_kind_are_found_again() -> None:
    """A fault of an amount stands under the key as the file has it: number, text, or a number past all years."""
    for key in (2015, "2015", 10**20):
        _, faults = Scenario.read(small_document({"offers.f.amount": {key: -1}}))
        assert {fault.path for fault in faults} == {("offers", "f", "amount", key)}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_no_file(tmp_path: pathlib.Path) -> None:
    """It is refused instead of waited for."""
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(InvalidScenario) as caught:
        load(tmp_path / "pipe.yaml")
    (fault,) = caught.value.faults
    assert fault.found == "no plain file but a pipe or a device"


def test_room_that_no_real_point_has_is_no_point() -> None:
    """Two rows may each have their room, and no point that both admit."""
    most = np.array([5], np.int64)
    rows, one = RowBuilder(), np.ones(1, np.bool_)
    for low, high in ((0, 2), (3, 5)):
        rows.terms(rows.row(("rule",), lower=low, upper=high), np.array([0]), np.array([1]))
    model = LinearModel(np.zeros_like(most), most, one, ~one, np.ones(1), rows.build(most))
    narrow = submodel(model, one, np.array([1], np.int64))
    aim = objective("aim", True, {0: Fraction(1)}, most)
    assert relaxed_with_room(narrow, np.array([0, 0]), aim, Clock()) is None


def test_pairs_are_looked_for_in_full_where_no_point_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near the engine's point, then with ever less room, and in the end thoroughly: each is tried once."""
    tried: list[bool] = []

    def nothing(*arguments: Any, tightened: bool = False) -> None:
        tried.append(tightened)

    monkeypatch.setattr(pairing, "_pairs_near", nothing)
    monkeypatch.setattr(pairing, "_with_room", lambda *arguments: None)
    point: Any = np.zeros(1)
    assert pairing.whole_pairs(point, point, point, point, Clock()) is None
    assert tried == [False, True]
