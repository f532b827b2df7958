"""The forbids that stand against decisions: no option is left for these, and without the forbids there would be one."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.engine.conflicts.limits import restricted
from matcher.formulation.formulate import formulate
from matcher.portfolio.result import Conflict
from matcher.scenario import Commitment, Forbid, Pin, Scenario
from matcher.scenario.edits import ReplaceDecisions, edited


def forbids_against(scenario: Scenario, decisions: Sequence[Commitment | Pin]) -> tuple[Conflict, ...]:
    """Returns forbids because of which decisions have no option, as few as will do; none where it is not for them."""
    here = restricted(scenario, decisions)
    kept = list(here.decisions.forbids)
    if not kept or _barred(here, []):
        return ()
    for each in here.decisions.forbids:
        fewer = [other for other in kept if other is not each]
        if _barred(here, fewer):
            kept = fewer
    return tuple(map(forbid_conflict, kept))


def _barred(scenario: Scenario, forbids: Sequence[Forbid]) -> bool:
    """Whether some decision of a scenario has no option under these forbids alone."""
    trial = edited(scenario, ReplaceDecisions(scenario.decisions.with_fields(forbids=tuple(forbids))))
    return any(each.reason != "commitment_too_large" for each in formulate(trial).impossible)


def forbid_conflict(forbid: Forbid) -> Conflict:
    """Returns a forbid as a conflict: what it names, and its years."""
    named = [forbid.kind, forbid.provider, forbid.offer, forbid.partner, forbid.state, forbid.need]
    if forbid.years is not None:
        named.append("-".join(dict.fromkeys((str(forbid.years.first), str(forbid.years.last)))))
    return Conflict(reason="forbid", subjects=tuple(filter(None, named)))
