"""Two portfolios side by side: who gains, who loses, what moved, and what differs between their scenarios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, Strict

from matcher.errors import InvalidOptions
from matcher.portfolio import Portfolio
from matcher.scenario import Frozen, Scenario
from matcher.scenario.fields import Count, Id, Text
from matcher.units import plain
from matcher.verification import Report, verify

Exact = Annotated[str, Strict(), Field(pattern=r"^-?\d+(/\d+)?$")]
"""A whole number, or a fraction p/q."""
UNSEEN = frozenset({"provenance", "description", "title", "assumptions"})
"""Fields of a scenario that no portfolio depends on."""


class Moved(Frozen):
    """A figure in both portfolios."""

    subject: Text
    """What it is about: an objective, an offer."""
    before: Exact
    after: Exact


class StateMoved(Frozen):
    """One State in both portfolios."""

    state: Id
    completes: tuple[bool | None, bool | None]
    """Whether it completes by its deadline, before and after; None where nothing is required, or no such State is."""
    coverage: tuple[Exact, Exact]
    """Weighted share of its needs that is met."""
    money: tuple[Count, Count]
    """Money from others, in minor units."""
    partners_gained: tuple[Text, ...] = ()
    """Providers from outside that come."""
    partners_lost: tuple[Text, ...] = ()
    """Providers from outside that go."""


class Differs(Frozen):
    """A figure or rule that is not the same in the two scenarios."""

    path: Text
    """Keys that lead to it, joined by points."""
    before: Text
    after: Text
    """As a file would say them; empty where it is not there."""


class Comparison(Frozen):
    """What is different between two portfolios."""

    comparison: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the format."""
    objectives: tuple[Moved, ...]
    """Every objective, in its order."""
    states: tuple[StateMoved, ...]
    """States for which anything is different, those that gain most coverage first."""
    offers: tuple[Moved, ...]
    """Money (minor units) or work (units) of offers that give more or less, by id."""
    scenarios: tuple[Differs, ...]
    """What is different between the two scenarios."""


def compare(
    scenario: Scenario, portfolio: Portfolio, other_scenario: Scenario, other_portfolio: Portfolio
) -> Comparison:
    """Returns what is different in the second portfolio from the first; the scenarios may differ too.

    Raises
    ------
    InvalidOptions
        if a portfolio is not valid for its scenario, or money is counted in different currencies.
    """
    if scenario.currency != other_scenario.currency:
        raise InvalidOptions("the two scenarios count money in different currencies or units")
    before, after = _Side(scenario, portfolio), _Side(other_scenario, other_portfolio)
    objectives = tuple(
        Moved(subject=name, before=plain(value), after=plain(after.report.figures[name]))
        for name, value in before.report.figures.items()
    )
    names = sorted({state.id for side in (scenario, other_scenario) for state in side.states})
    states = [moved for name in names if (moved := _state(name, before, after)) is not None]
    states.sort(key=lambda each: (before.coverage(each.state) - after.coverage(each.state), each.state))
    given = sorted(before.given.keys() | after.given.keys())
    offers = tuple(
        Moved(subject=offer, before=str(before.given[offer]), after=str(after.given[offer]))
        for offer in given
        if before.given[offer] != after.given[offer]
    )
    return Comparison(
        objectives=objectives,
        states=tuple(states),
        offers=offers,
        scenarios=tuple(_differences(scenario, other_scenario)),
    )


class _Side:
    """One portfolio, counted."""

    def __init__(self, scenario: Scenario, portfolio: Portfolio) -> None:
        self.report: Report = verify(scenario, portfolio)
        if not self.report.ok:
            raise InvalidOptions(f"a portfolio is not valid for its scenario: {self.report.violations[0].detail}")
        self.money, self.given = Counter[str](), Counter[str]()
        self.partners: dict[str, set[str]] = {}
        for flow in portfolio.flows:
            state = scenario.need(flow.need).state
            self.given[flow.implementer] += flow.quantity
            if flow.financier is not None:
                self.given[flow.financier] += flow.money
                if scenario.is_external(flow.financier, state):
                    self.money[state] += flow.money
            for offer in (flow.financier, flow.implementer):
                if offer is not None and scenario.is_external(offer, state):
                    self.partners.setdefault(state, set()).add(scenario.offer(offer).provider)

    def coverage(self, state: str) -> Any:
        """Returns the coverage of a State; 0 where it is not in the scenario."""
        found = self.report.states.get(state)
        return 0 if found is None else found.coverage

    def completes(self, state: str) -> bool | None:
        """Returns whether a State completes."""
        found = self.report.states.get(state)
        return None if found is None else found.completes


def _state(name: str, before: _Side, after: _Side) -> StateMoved | None:
    """One State, if anything is different for it."""
    mine, theirs = before.partners.get(name, set()), after.partners.get(name, set())
    moved = StateMoved(
        state=name,
        completes=(before.completes(name), after.completes(name)),
        coverage=(plain(before.coverage(name)), plain(after.coverage(name))),
        money=(before.money[name], after.money[name]),
        partners_gained=tuple(sorted(theirs - mine)),
        partners_lost=tuple(sorted(mine - theirs)),
    )
    pairs = (moved.completes, moved.coverage, moved.money, (mine, theirs))
    return moved if any(one != other for one, other in pairs) else None


def _differences(one: Scenario, other: Scenario) -> Iterator[Differs]:
    before, after = _flat(one.model_dump(mode="json")), _flat(other.model_dump(mode="json"))
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield Differs(path=path, before=before.get(path, ""), after=after.get(path, ""))


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The figures and rules of a scenario by dotted path, as text."""
    found: dict[str, str] = {}
    for key, value in document.items():
        if key in UNSEEN or (not prefix and key == "name"):
            continue
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        elif value is not None:
            found[f"{prefix}{key}"] = str(value)
    return found
