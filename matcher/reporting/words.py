"""Sentences of results in English, in one table per subject; all others stand in the table of their language.

The engine leaves codes and data; words are put to them in the reports and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from matcher.reporting.languages import table_of


def _table(**entries: str) -> Mapping[str, str]:
    return MappingProxyType(entries)


OBJECTIVES = _table(
    completions="States that complete (weighted)",
    coverage="needs met (weighted sum over States)",
    worst_off="needs met in the least served State",
    fit="money and work, weighted by fit",
    firmness="money and work, weighted by firmness",
    engagements="years of external engagements (fewer is better)",
    cost="external money (less is better)",
    disruption="money and work moved from where the earlier portfolio had them (less is better)",
    weighted="weighted sum of objectives",
)
"""What each objective measures."""

DISCOUNTED = _table(
    coverage="needs met, sooner counts more (weighted)",
    worst_off="least served State, sooner counts more",
)
"""What objectives measure in which a scenario discounts later years; "needs met" alone is quantities everywhere."""


def objective_names(discount: Decimal) -> Mapping[str, str]:
    """Returns what each objective measures in a scenario with that discount."""
    return OBJECTIVES if discount == 1 else {**OBJECTIVES, **DISCOUNTED}


STATUS = _table(
    optimal="solved",
    feasible="a portfolio, not yet proven",
    infeasible="no portfolio exists",
    no_portfolio="no portfolio found",
)
"""Outcome of a solve in a few words."""

STOPS = _table(
    gap="the asked precision was reached",
    time="the time limit was reached",
    work="the work limit was reached",
    cancel="it was interrupted",
    resource_exhausted="memory or processor time ran out",
    crash="the solving process died",
)
"""What ended a solve."""

CLOCK = "What ended it was no count of work: another run may end elsewhere."
"""What is said of a result that need not come out the same again."""

VERDICTS = _table(
    optimal_exact="Every objective, in its order, is proven best: no portfolio of this scenario does better.",
    optimal_near="Every objective, in its order, is proven to be within {asked} of the best possible.",
    feasible="This is a valid portfolio, but better ones may exist: {stop} before the proof. {gaps}",
    infeasible="No portfolio can meet all rules and decisions of this scenario.",
    no_portfolio="No portfolio was found: {stop} first. One may well exist; a larger limit may find it.",
)
"""How far a result can be relied on, in one sentence."""

GAPS = _table(
    open="Largest distance still open: {gap} ({objective}).",
    unknown="For {objective} no bound is known, so nothing can be said about its distance from the best.",
    closed="All objectives that were reached are within the asked precision.",
    conditional="The bound of each later objective holds for portfolios that keep what the earlier objectives reached"
    " here.",
)
"""The honest gap."""

KINDS = _table(**table_of("en")["overview"]["kinds"])
"""Kinds of partnership."""

PARTS = _table(
    responsibilities="Responsibilities",
    targets="Time-bound targets",
    multi_year_commitment="Multi-year commitment",
    dialogue="Regular dialogue",
)
"""The four parts of a partnership for completion."""

MISSING = _table(
    responsibilities="missing: for the partners to agree",
    targets="time-bound, but not by sex and age: for the partners to agree",
    multi_year_commitment="missing: one year only; for the partners to agree",
    dialogue="missing: for the partners to agree",
)
"""What stands in place of a part that the scenario gives no ground for."""

DUTIES = _table(
    lead="{partner}: the national authority leads; it tasks, accredits and accepts the work",
    finance="{partner}: pays as committed",
    deliver="{partner}: delivers {need} to standard",
    prepay="{partner}: pays first and is repaid",
    repay="{partner}: repays the money paid first, with the agreed premium",
    match="{partner}: puts public money beside the private money",
)
"""What each partner answers for."""

PAPER = _table(
    opening="This paper proposes partnerships between affected States and those who can support them."
    " It is a starting point for their dialogue: the States and their partners decide.",
    drafts="Each sheet is a draft for the partners named in it. What the data give no ground for is named in its"
    " place: it is for the partners to agree.",
    drafts_title="draft partnerships",
    drafts_beside="[partnerships.md](partnerships.md), beside this paper, holds a draft sheet for each partnership,"
    " by State.",
    proven_infeasible="it is certain that no portfolio exists",
    no_partnerships="The portfolio is empty: nothing could be proposed under the rules and decisions given.",
    all_met="None: all needs are met in full.",
    no_provenance="no figure says where it comes from",
    checking="An independent checker, which shares no code with the engine, has checked every rule and figure of this"
    " portfolio with whole numbers and no tolerance. To repeat the check, in the folder of this paper:",
    check_command="matcher verify .",
)
"""Standing sentences of the paper for a meeting."""

CONFIDENCE = _table(**table_of("en")["overview"]["confidence"])
"""How far the figures of a scenario can be trusted."""
