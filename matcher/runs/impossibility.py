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
from matcher.runs.claim import Claim
from matcher.scenario import Scenario
from matcher.verification.bundle import WHOLE
from matcher.verification.report import shortened


def impossibility(scenario: Scenario, result: Result, inside: str = f"{RESULT_FILE}: ") -> Iterator[Claim]:
    """Yields whether the claim of an infeasible result comes out the same when it is sought again.

    Parameters
    ----------
    inside
        How the places of findings begin: the file, and a field of it where the result stands in one.
    """
    if not (scenario.decisions.commitments or scenario.decisions.pins):
        yield Claim(False, "nothing_decided", where=f"{inside}status")
        return
    try:
        formulation = formulated(scenario).formulation
    except InvalidScenario as error:
        yield Claim(False, "unsolvable", {"fault": error.faults[0]}, where=f"{SCENARIO_FILE}: {WHOLE}")
        return
    unknown = list(_unknown(result, nameable(formulation), inside))
    yield from unknown
    why = why_infeasible(formulation, Clock())
    if why.confirmed_by is not None:
        yield from () if unknown else _compared(result, why, inside)
    elif not formulation.impossible and has_point(formulation.model, Clock()):
        yield Claim(False, "portfolio_exists", where=f"{inside}status")
    else:
        yield Claim(True, "none_unproven", {"solver": result.solver}, word=True)


def _unknown(result: Result, known: frozenset[Conflict], inside: str) -> Iterator[Claim]:
    """Conflicts that speak of nothing that the scenario holds, or with other figures."""
    for at, each in enumerate(result.conflicts):
        if each in known:
            continue
        where = f"{inside}conflicts[{at}]"
        like = [other for other in known if (other.reason, other.subjects) == (each.reason, each.subjects)]
        if like:
            data = {"found": shortened(_data(each)), "expected": shortened(_data(like[0]))}
            yield Claim(False, "says", data, where=where, written_by=another_version(result))
        else:
            data = {"found": repr(shortened(_named((each,))))}
            yield Claim(False, "no_limit", data, where=where, written_by=another_version(result))


def _compared(result: Result, why: Infeasibility, inside: str) -> Iterator[Claim]:
    """Holds what a result names against what was found now: there is proof that no portfolio exists."""
    if (result.conflicts, result.confirmed_by) == (why.conflicts, why.confirmed_by):
        yield Claim(True, "same_conflicts", {"confirmer": why.confirmed_by})
        return
    if not _comes_out_the_same(result):
        yield Claim(True, "none_confirmed")
        data = {"count": len(result.conflicts), "solver": result.solver}
        yield Claim(True, "smallest_unproven", data, word=True)
        return
    if result.conflicts != why.conflicts:
        data = {"found": shortened(_named(result.conflicts)), "expected": shortened(_named(why.conflicts))}
        yield Claim(False, "says", data, where=f"{inside}conflicts")
    if result.confirmed_by != why.confirmed_by:
        data = {"found": result.confirmed_by, "expected": why.confirmed_by}
        yield Claim(False, "says", data, where=f"{inside}confirmed_by")


def _comes_out_the_same(result: Result) -> bool:
    """Whether the search for a result's conflicts comes to the same here: no clock, and the same programs."""
    same = (result.version, result.solver) == (engine_version(), f"ortools {version('ortools')}")
    return same and result.options.time_limit is None


def _named(conflicts: tuple[Conflict, ...]) -> str:
    """Conflicts by code and subjects, as a document has them."""
    return "; ".join(f"{each.reason}: {', '.join(each.subjects)}" for each in conflicts)


def _data(conflict: Conflict) -> dict[str, object]:
    """What a conflict holds beside its code and subjects."""
    return conflict.model_dump(mode="json", include={"figures", "barriers"}, exclude_defaults=True)


def another_version(result: Result) -> str | None:
    """Returns the version that wrote a result, where it is another one: it may be why words or figures differ."""
    return None if result.version == engine_version() else result.version
