"""Benchmark instances: the same bytes each time, and as concentrated as the world they stand for."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.calibration import calibration
from benchmarks.instances import SIZES, generate, generate_data, size_of
from matcher import Scenario

TREE = Path(__file__).parent.parent
SMALL = ("tiny", "small", "real")


def written(size: str, seed: int) -> str:
    """Returns an instance as text."""
    return json.dumps(generate_data(size, seed))


def test_same_arguments_give_the_same_bytes() -> None:
    """A process with other hashes draws the same instance; another seed does not."""
    code = "import json\nfrom benchmarks.instances import *\nprint(json.dumps(generate_data('small', 7)), end='')"
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=TREE, env={"PYTHONHASHSEED": "5"}
    )
    assert run.stdout == written("small", 7)
    assert written("small", 7) != written("small", 8)


def test_instances_stay_what_they_were() -> None:
    """Measurements of different days speak of the same instance."""
    assert sha256(written("tiny", 101).encode()).hexdigest()[:16] == "d6f2317ee787ac6b"


def test_unknown_size_is_refused_with_the_known_ones() -> None:
    """A wrong name is told together with all right ones."""
    with pytest.raises(ValueError, match="no size 'giant': there are tiny, small, real, big, task, huge"):
        size_of("giant")


@pytest.mark.parametrize("size", SMALL)
def test_sizes_have_the_states_they_say(size: str) -> None:
    """Each State has five or six needs, one provider and money of its own."""
    scenario = generate(size, 3)
    assert len(scenario.states) == SIZES[size].states
    for state in scenario.states:
        assert len(scenario.needs_of(state.id)) in (5, 6)
        assert scenario.provider(state.id).state == state.id
        assert scenario.offer(f"{state.id}-own-money").states == (state.id,)


@pytest.mark.parametrize("seed", [101, 102])
def test_real_size_is_calibrated(seed: int) -> None:
    """Money, reach, terms and hopes lie where published figures put them."""
    found = calibration(generate("real", seed))
    ranges = {
        "international_per_state": (12e6, 14e6),
        "own_per_international": (0.1, 0.4),
        "top5_donor_share": (0.715, 0.755),
        "top5_recipient_share": (0.35, 0.55),
        "money_per_need": (0.5, 0.85),
        "grant_least": (50_000, 500_000),
        "grant_most": (500_000, 2_000_000),
        "reach_median": (7, 13),
        "multi_year_share": (0.55, 0.95),
        "funding_per_state_mean": (8, 15),
        "work_per_state_and_capability_most": (4, 12),
        "hopeless_share": (0.2, 0.45),
        "easy_share": (0.2, 0.45),
        "clearance_km2_least": (0.1, 1.5),
        "clearance_km2_most": (200, 300),
    }
    off = {name: found[name] for name, (low, high) in ranges.items() if not low <= found[name] <= high}
    assert off == {}
    assert found["reach_least"] >= 4
    assert found["reach_most"] <= 22
    assert found["matched_offers"]
    assert found["repaid_offers"]


@pytest.mark.parametrize("size", SMALL)
def test_prices_tell_implementers_apart(size: str) -> None:
    """No two offers of one capability ask the same price, except work in kind."""
    asked = [(each.capability, each.price) for each in generate(size, 5).technical if each.price]
    assert len(asked) == len(set(asked))


def test_objectives_are_weighted_or_in_order() -> None:
    """Weights name completions and coverage; without them the default order holds."""
    weights = generate("tiny", 1).objectives.weights
    assert weights is not None
    assert {each.objective: int(each.weight) for each in weights} == {"completions": 2, "coverage": 1}
    assert generate("tiny", 1, "lexicographic").objectives.weights is None


def test_tasks_are_exactly_proportional_within_a_class() -> None:
    """Tasks of one State, capability and class have exactly the same weight per unit; two thousand a State."""
    data = generate_data("task", 1)
    key = next(iter(data["states"]))
    needs = {name: each for name, each in data["needs"].items() if each["state"] == key}
    assert len(needs) == 2000
    cut = {**data, "states": {key: data["states"][key]}, "needs": needs, "offers": {}, "providers": {}}
    scenario = Scenario.from_data(cut)
    tasks = [each for each in scenario.needs if each.capability == "clearance"]
    assert len({each.weight / each.quantity for each in tasks}) == 4
    assert len({(each.years, each.weight / each.quantity) for each in tasks}) <= 12
