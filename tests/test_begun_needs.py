"""Needs that were begun before the horizon, and what comes first of them: how far each may be."""

from __future__ import annotations

import pytest

from matcher.errors import InvalidScenario
from smallest_scenario import Changes, small_scenario


def begun(delivered: int, before: int, head_start: str) -> Changes:
    """Returns changes by which 10 units come after 8 of another need, some of both delivered."""
    return {
        "needs.first": {"state": "A", "capability": "clearance", "quantity": 8, "delivered": before},
        "needs.n.quantity": 10,
        "needs.n.delivered": delivered,
        "needs.n.after": [{"need": "first", "head_start": float(head_start)}],
    }


@pytest.mark.parametrize(("before", "head_start", "most"), [(2, "0", 2), (2, "0.25", 5), (0, "0.25", 2), (0, "0", 0)])
def test_what_was_delivered_keeps_to_what_comes_first(before: int, head_start: str, most: int) -> None:
    """The head start and the share of what comes first allow so much and no more: a plan could never mend more."""
    assert small_scenario(begun(most, before, head_start)).need("n").delivered == most
    with pytest.raises(InvalidScenario) as caught:
        small_scenario(begun(most + 1, before, head_start))
    (fault,) = caught.value.faults
    assert fault.path == ("needs", "n", "delivered")
    assert fault.found == str(most + 1)
    assert fault.expected == f"at most {most}, as far as 'first' has been delivered, or a longer head start"


def test_a_need_after_one_that_is_unknown_has_that_fault_alone() -> None:
    """What cannot be looked up says nothing of how far it has come."""
    with pytest.raises(InvalidScenario) as caught:
        small_scenario({"needs.n.delivered": 1, "needs.n.after": [{"need": "nowhere"}]})
    assert [fault.path for fault in caught.value.faults] == [("needs", "n", "after", 0, "need")]
