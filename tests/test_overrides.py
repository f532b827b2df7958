"""Overrides: how they merge, in which order, and where their faults are placed."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.errors import Fault, InvalidScenario
from matcher.io import load, loads, override_names
from matcher.io.document import Findings
from matcher.io.overrides import overridden
from matcher.io.yaml_text import read_yaml
from matcher.scenario import Yearly

TWO_STATES = Path(__file__).parent / "data" / "two-states.yaml"
BASE = TWO_STATES.read_text(encoding="utf-8").split("overrides:")[0]
LINES = BASE.count("\n")


def merged(base: str, *patches: str) -> tuple[object, list[str]]:
    """Lays patches over a base, as overrides named 0, 1, ...; returns the data and the faults."""
    named = "".join(f"  '{at}': {patch}\n" for at, patch in enumerate(patches))
    root = read_yaml(f"{base}\noverrides:\n{named}").root
    assert root is not None
    findings = Findings()
    data = overridden(root, [str(at) for at in range(len(patches))], findings).plain()
    return data, [str(fault) for fault in findings.placed("f")]


def refused(overrides: str, *names: str) -> list[Fault]:
    """Returns the faults of the two States with these overrides."""
    with pytest.raises(InvalidScenario) as caught:
        loads(f"{BASE}overrides:\n{overrides}", source="f", overrides=names)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("base", "patch", "expected"),
    [
        ("needs: {a: {x: 1, y: 2}}", "{needs: {a: {y: 3}}}", {"needs": {"a": {"x": 1, "y": 3}}}),
        ("needs: {a: {x: 1}}", "{needs: {b: {x: 2}}}", {"needs": {"a": {"x": 1}, "b": {"x": 2}}}),
        ("horizon: [1, 2, 3]", "{horizon: [4]}", {"horizon": [4]}),
        ("needs: {a: {x: 1}}", "{needs: 5}", {"needs": 5}),
        ("needs: 5", "{needs: {a: {x: null}}}", {"needs": {"a": {"x": None}}}),
        ("needs: {a: 1, b: 2}", "{needs: {a: null}}", {"needs": {"b": 2}}),
        ("needs: {2015: 1}", "{needs: {'2015': 2}}", {"needs": {2015: 2}}),
        ("needs: {a: 1}", "{}", {"needs": {"a": 1}}),
        ("title: x", "{needs: {a: null}}", {"title": "x", "needs": {"a": None}}),
    ],
)
def test_mappings_merge_and_all_else_replaces(base: str, patch: str, expected: object) -> None:
    """Mappings merge by key, other values replace, null deletes, new keys are taken as written."""
    assert merged(base, patch) == (expected, [])


def test_later_overrides_win() -> None:
    """Overrides are laid on in order, each over the outcome of the one before."""
    first, second = "{needs: {a: 2, b: 2}}", "{needs: {a: 3}}"
    assert merged("needs: {a: 1}", first, second) == ({"needs": {"a": 3, "b": 2}}, [])
    assert merged("needs: {a: 1}", second, first) == ({"needs": {"a": 2, "b": 2}}, [])


def test_two_overrides_may_delete_the_same_key_and_one_may_bring_it_back() -> None:
    """What an earlier override has deleted need not be there for a later one."""
    gone = "{needs: {a: null}}"
    assert merged("needs: {a: 1, b: 2}", gone, gone) == ({"needs": {"b": 2}}, [])
    assert merged("needs: {a: {x: 1}}", gone, "{needs: {a: {y: 2}}}") == ({"needs": {"a": {"y": 2}}}, [])


def test_deleting_what_is_not_there_is_a_fault() -> None:
    """A slip in a deletion does not pass in silence."""
    _, told = merged("needs: {clearance: 1}", "{needs: {clearence: null}}")
    assert told == [
        "f:3:17: needs.clearence: found null; expected a key that the scenario has: null deletes it"
        " (did you mean 'clearance'?)"
    ]


def test_overrides_of_a_scenario_file() -> None:
    """Named overrides change what they name and nothing else."""
    plain = load(TWO_STATES)
    less = load(TWO_STATES, ["less-money", "late-start"])
    money = less.funding_offer("money")
    assert money.amount == Yearly(1000)
    assert money.regions is None
    assert sorted(money.fit) == ["AO", "NO"]
    assert less.horizon.first == 2016
    assert less.model_copy(update={"horizon": plain.horizon, "offers": plain.offers}) == plain
    alone = load(TWO_STATES, ["without-norway"])
    assert [state.id for state in alone.states] == ["AO"]


def test_an_unknown_override_is_refused_with_the_nearest() -> None:
    """A slip in a name is answered with the names there are."""
    (fault,) = refused("  less-money: {}\n  late-start: {}\n", "less-mony")
    assert str(fault) == (
        f"f:{LINES + 1}:1: overrides: found the override 'less-mony' asked for;"
        " expected an override of this file (late-start, less-money) (did you mean 'less-money'?)"
    )
    with pytest.raises(InvalidScenario, match="it has none"):
        loads(BASE, overrides=["less-money"])


def test_faults_of_overridden_values_are_placed_at_the_override() -> None:
    """A wrong value, a wrong reference and a wrong field stand where the override wrote them."""
    text = "  odd:\n    needs:\n      ao-clear:\n        quantity: -5\n        stat: AO\n      no-clear: {state: AF}\n"
    told = [(fault.place, ".".join(map(str, fault.path))) for fault in refused(text, "odd")]
    assert told == [
        (f"f:{LINES + 5}:19", "needs.ao-clear.quantity"),
        (f"f:{LINES + 6}:9", "needs.ao-clear.stat"),
        (f"f:{LINES + 7}:25", "needs.no-clear.state"),
    ]


def test_a_field_missing_from_a_merged_entity_is_placed_at_the_entity() -> None:
    """What an override deletes from an entity is missed where the entity stands."""
    (fault,) = refused("  odd: {states: {AO: {name: null}}}\n", "odd")
    assert fault.path == ("states", "AO", "name")
    line = next(at for at, text in enumerate(BASE.splitlines(), 1) if text.startswith("  AO:"))
    assert fault.place == f"f:{line}:3"


def test_overrides_are_checked_even_when_nobody_asks_for_them() -> None:
    """Overrides that are no mappings, and fields that no scenario has, are faults of the file."""
    text = "  odd: {offer: {}}\n  odder: 5\n  oddest:\n  good: {title: x}\n"
    told = [(fault.place, ".".join(map(str, fault.path)), fault.suggestion) for fault in refused(text, "odder")]
    assert told == [
        (f"f:{LINES + 2}:9", "overrides.odd.offer", "offers"),
        (f"f:{LINES + 3}:10", "overrides.odder", None),
        (f"f:{LINES + 4}:10", "overrides.oddest", None),
    ]


def test_an_unknown_field_is_told_once_if_its_override_is_asked_for() -> None:
    """Using a faulty override does not double its fault, nor does a deletion in it."""
    (fault,) = refused("  odd: {offer: {}, title: x}\n", "odd")
    assert fault.path == ("overrides", "odd", "offer")
    (fault,) = refused("  odd: {offer: null, title: null}\n", "odd")
    assert fault.path == ("overrides", "odd", "offer")


def test_an_override_with_a_number_for_a_name_is_known_by_its_text() -> None:
    """A name that YAML reads as a year can be asked for, and is placed right when faulty."""
    text = "  2016: {offer: {}}\n"
    (fault,) = refused(text, "2016")
    assert fault.place == f"f:{LINES + 2}:10"


def test_too_many_faults_in_overrides_stop_the_reading() -> None:
    """The limit on faults holds for overrides as for all else."""
    faults = refused("  odd:\n" + "".join(f"    k{at}: 1\n" for at in range(3000)))
    assert len(faults) == 1001


def test_an_override_cannot_hold_overrides(tmp_path: Path) -> None:
    """Overrides are one level deep; listing their names tells the same fault."""
    text = "  odd: {overrides: {}}\n"
    (fault,) = refused(text)
    assert fault.found == "unknown field 'overrides'"
    path = tmp_path / "s.yaml"
    path.write_text(f"{BASE}overrides:\n{text}", encoding="utf-8")
    with pytest.raises(InvalidScenario, match="unknown field 'overrides'"):
        override_names(path)


@pytest.mark.parametrize("value", ["[a]", "5", "", "text"])
def test_overrides_that_are_no_mapping_are_refused(value: str) -> None:
    """The field itself is a mapping from name to fields."""
    with pytest.raises(InvalidScenario) as caught:
        loads(f"{BASE}overrides: {value}\n", source="f")
    (fault,) = caught.value.faults
    assert (fault.path, fault.found) == (("overrides",), "no mapping")


def test_a_key_written_twice_in_an_override_is_a_fault() -> None:
    """Overrides are read as strictly as all else."""
    faults = refused("  odd: {title: x, title: y}\n")
    assert [fault.found for fault in faults] == ["the key 'title' again"]
