"""The check as a whole: every rule, in order, and every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from matcher.verification.decisions import caps, commitments, forbids, pins
from matcher.verification.documents import Document, completed, entries, exact_number, fractional, full_hash, plain
from matcher.verification.eligibility import option, references, statement
from matcher.verification.facts import gather
from matcher.verification.figures import claims, figures, state_figures
from matcher.verification.limits import ScenarioLimits
from matcher.verification.report import Report, Violation, violation
from matcher.verification.rules import (
    absorption,
    budget,
    capacity,
    counts,
    engagement,
    matching,
    need,
    precedence,
    repayment,
    share,
)

if TYPE_CHECKING:
    from matcher.portfolio.portfolio import Portfolio
    from matcher.portfolio.result import Result
    from matcher.scenario import Scenario


def verify(scenario: Scenario | Document, portfolio: Portfolio | Result | Document) -> Report:
    """Returns everything that is wrong with a portfolio, in the order of the rules, and all its figures.

    A flow or engagement that names what does not exist breaks rule 0 and is left out of all other rules.
    Money counts as it is due, whatever a flow states: a wrong statement breaks rule 0 alone.

    Parameters
    ----------
    scenario, portfolio
        The models, or plain documents as `model_dump()` or ``json.loads(text, parse_float=Decimal)`` give
        them; fields at their default may be missing. Of a result, the figures that it claims count too.

    Raises
    ------
    TypeError
        if a document holds a float, or a flow or engagement a field of the wrong type.
    ValueError
        if a result holds no portfolio, or claims a figure that is no whole number or fraction; if a document
        holds a number of more digits, the scenario more years or levels, than any that can be meant.
    """
    setting = _read(scenario)
    document, claimed = _opened(plain(portfolio))
    facts = gather(setting.exact, document)
    states = state_figures(facts)
    limits = _limits(setting.digest, facts.scenario)
    found = figures(facts, states, limits.own_bounds)
    held = tuple(key for key in limits.own_bounds if states[key].coverage < found["worst_off"])
    steps = (
        identity(document, setting.exact["name"], setting.digest),
        references(facts),
        option(facts),
        statement(facts),
        budget(facts),
        repayment(facts),
        capacity(facts),
        need(facts),
        absorption(facts),
        precedence(facts),
        engagement(facts),
        counts(facts),
        matching(facts),
        claims(claimed, found),
        commitments(facts),
        pins(facts),
        forbids(facts),
        caps(facts),
        share(facts, limits.shares),
    )
    violations = tuple(each for step in steps for each in step)
    return Report(violations, found, states, facts.obligations, limits.set_aside, held)


class _Read(NamedTuple):
    """A scenario as the checker reads it."""

    digest: str
    exact: Document
    """With all defaults spelt out, and decimals as fractions."""


_last: list[tuple[ref[Scenario], _Read]] = []
"""The last scenario that came as a model, which is frozen; a document may be another at each call."""


def _read(scenario: Scenario | Document) -> _Read:
    """Returns a scenario as the checker reads it; refuses what is not exact data."""
    for known, read in tuple(_last):
        if known() is scenario:
            return read
    try:
        setting = completed(plain(scenario))
        digest = full_hash(setting)  # first of all, for it refuses floats
    except RecursionError:
        raise ValueError("the scenario holds lists or mappings too deep inside each other") from None
    read = _Read(digest, fractional(setting))
    if not isinstance(scenario, Mapping):
        _last[:] = [(ref(scenario, lambda _: _last.clear()), read)]
    return read


class _Alone(NamedTuple):
    """What a scenario limits whatever the portfolio, and whatever the earlier one, which its hash leaves out."""

    own_bounds: dict[str, Fraction]
    shares: dict[str, Fraction]
    set_aside: tuple[str, ...]


_known: dict[str, _Alone] = {}
"""Of the last scenario, by its hash: whoever solves it checks a dozen portfolios of it."""


def _limits(digest: str, scenario: Document) -> _Alone:
    """Returns what the scenario alone limits."""
    found = _known.get(digest)
    if found is None:
        limits = ScenarioLimits(scenario)
        found = _Alone(limits.own_bounds, limits.shares, limits.set_aside)
        _known.clear()
        _known[digest] = found
    return found


def _opened(document: Document) -> tuple[Document, dict[str, Fraction]]:
    """Returns the portfolio, and the figures claimed for it where a result holds it."""
    if "result" not in document:
        return document, {}
    if document.get("portfolio") is None:
        raise ValueError("the result holds no portfolio")
    return document["portfolio"], {
        each["objective"]: exact_number(each["exact"]) for each in entries(document, "figures")
    }


def identity(portfolio: Document, name: str, digest: str) -> Iterator[Violation]:
    """0 Option. A portfolio answers this scenario: by name, and word for word by hash."""
    if portfolio.get("scenario") != name:
        yield violation(0, (name,), None, 1, f"answers another scenario, {portfolio.get('scenario')!r}")
    elif portfolio.get("scenario_hash") != digest:
        yield violation(0, (name,), None, 1, "answers another scenario: of this name, but of another hash")
