"""That no portfolio exists, and why: what a result says of it is sought again, as the solve sought it.

No checker can count it, so this needs the engine: the search for a smallest conflict and its confirmation by
a second engine, within the same deterministic work.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from matcher.engine.conflicts import Infeasibility, has_point, nameable, why_infeasible
from matcher.engine.lexicographic import formulated
from matcher.errors import InvalidScenario
from matcher.io import RESULT_FILE, SCENARIO_FILE
from matcher.portfolio.result import Clock, Conflict, Result, engine_version
from matcher.scenario import Scenario
from matcher.verification import Finding
from matcher.verification.report import shortened


def impossibility(scenario: Scenario, result: Result, inside: str = f"{RESULT_FILE}: ") -> Iterator[Finding]:
    """Yields whether the claim of an infeasible result comes out the same when it is sought again.

    Parameters
    ----------
    inside
        How the places of findings begin: the file, and a field of it where the result stands in one.
    """
    if not (scenario.decisions.commitments or scenario.decisions.pins):
        text = "says infeasible, but nothing is agreed or pinned: the empty portfolio keeps every rule"
        yield Finding(False, text, where=f"{inside}status")
        return
    try:
        formulation = formulated(scenario).formulation
    except InvalidScenario as error:
        yield Finding(False, f"cannot be solved: {error.faults[0]}", where=f"{SCENARIO_FILE}: the whole file")
        return
    unknown = list(_unknown(result, nameable(formulation), inside))
    yield from unknown
    why = why_infeasible(formulation, Clock())
    if why.confirmed_by is not None:
        yield from () if unknown else _compared(result, why, inside)
    elif not formulation.impossible and has_point(formulation.model, Clock()):
        yield Finding(False, "says infeasible, but a portfolio exists", where=f"{inside}status")
    else:
        text = f"that there can be none is the word of {result.solver}: no engine came to a proof here"
        yield Finding(True, text, word=True)


def _unknown(result: Result, known: frozenset[Conflict], inside: str) -> Iterator[Finding]:
    """Conflicts that speak of nothing that the scenario holds, or in other words than it is called by."""
    for at, each in enumerate(result.conflicts):
        if each in known:
            continue
        where = f"{inside}conflicts[{at}]"
        like = [other for other in known if (other.reason, other.subjects) == (each.reason, each.subjects)]
        if like:
            text = f"says {shortened(each.detail)!r}, expected {shortened(like[0].detail)!r}"
            yield Finding(False, f"{text}{by_another_version(result)}", where=f"{where}.detail")
        else:
            subjects = ", ".join(each.subjects)
            text = f"says {shortened(f'{each.reason} of {subjects}')!r}, expected a decision or limit of the scenario"
            yield Finding(False, f"{text}{by_another_version(result)}", where=where)


def _compared(result: Result, why: Infeasibility, inside: str) -> Iterator[Finding]:
    """Holds what a result names against what was found now: there is proof that no portfolio exists."""
    if (result.conflicts, result.confirmed_by) == (why.conflicts, why.confirmed_by):
        yield Finding(True, f"no portfolio exists: the same conflicts come out again, confirmed by {why.confirmed_by}")
        return
    if not _comes_out_the_same(result):
        yield Finding(True, "no portfolio exists: a second engine or arithmetic confirms it again")
        text = f"that these {len(result.conflicts)} conflicts are a smallest set is the word of {result.solver}"
        yield Finding(True, text, word=True)
        return
    if result.conflicts != why.conflicts:
        text = f"says {_named(result.conflicts)}, expected {_named(why.conflicts)}"
        yield Finding(False, text, where=f"{inside}conflicts")
    if result.confirmed_by != why.confirmed_by:
        text = f"says {result.confirmed_by}, expected {why.confirmed_by}"
        yield Finding(False, text, where=f"{inside}confirmed_by")


def _comes_out_the_same(result: Result) -> bool:
    """Whether the search for a result's conflicts comes to the same here: no clock, and the same programs."""
    same = (result.version, result.solver) == (engine_version(), f"ortools {version('ortools')}")
    return same and result.options.time_limit is None


def _named(conflicts: tuple[Conflict, ...]) -> str:
    return shortened("; ".join(f"{each.reason} of {', '.join(each.subjects)}" for each in conflicts))


def by_another_version(result: Result) -> str:
    """Returns, of a result by another version of the engine, that this may be why its words are others."""
    if result.version == engine_version():
        return ""
    return f" (written by matcher {result.version}, read by {engine_version()}: its own version may write it so)"
