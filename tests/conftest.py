"""The order of tests while mutants are tried: those that solve something come last."""

from __future__ import annotations

import os
from itertools import count

import pytest

SLOW_TO_TELL = ("test_reading.py", "test_result_bundle.py", "test_tampering.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts tests so that a mutant is found by the quickest, where a mutation tool runs them."""
    if "MUTANT_UNDER_TEST" in os.environ:
        place = count()
        items.sort(key=lambda item: (item.path.name in SLOW_TO_TELL, next(place)))
