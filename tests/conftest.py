"""What holds in every test: no bound is refuted; while mutants are tried, tests that solve something come last."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from itertools import count

import pytest

SLOW_TO_TELL = ("test_reading.py", "test_result_bundle.py", "test_tampering.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts tests so that a mutant is found by the quickest, where a mutation tool runs them."""
    if "MUTANT_UNDER_TEST" in os.environ:
        place = count()
        items.sort(key=lambda item: (item.path.name in SLOW_TO_TELL, next(place)))


class Refusing(logging.Handler):
    """Makes an error of what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Refuses the record."""
        raise AssertionError(record.getMessage())


@pytest.fixture(autouse=True)
def no_bound_is_refuted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test in whose process the engine logs an error, unless that is what it is about."""
    log, handler = logging.getLogger("matcher.engine"), Refusing(logging.ERROR)
    log.disabled = False  # a library that sets up its own logging disables all loggers that it finds
    if request.node.get_closest_marker("refutes") is None:
        log.addHandler(handler)
    yield
    log.removeHandler(handler)
