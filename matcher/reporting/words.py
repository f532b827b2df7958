"""All sentences of the reports and of the command line, in one table per subject.

The engine leaves codes and data; words are put to them here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


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

KINDS = _table(
    **{
        "national": "national",
        "bilateral": "bilateral",
        "operator": "through an operator",
        "multilateral": "multilateral",
        "south-south": "South-South",
        "triangular": "triangular",
        "public-private": "public-private",
    }
)
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

CONFIDENCE = _table(
    page="seen in a published source",
    recall="from memory",
    estimate="derived from other figures",
    assumption="assumed, with a reason",
)
"""How far the figures of a scenario can be trusted."""

REASONS = _table(
    other_capability="{offer} offers {found}, the need is {wanted}",
    state_not_in_reach="{offer} is for {wanted}, not for {found}",
    region_not_in_reach="{offer} is for the region {wanted}, the State is in {found}",
    ownership_below_floor="{offer} asks for national ownership of {wanted}, the State has {found}",
    capability_not_funded="{offer} pays for {wanted}, not for {found}",
    channel_closed="{offer} may pay {wanted}, not {found}",
    work_needs_money="{offer} has a price and nobody pays it",
    work_is_in_kind="{offer} is free of charge and takes no money",
    no_kind="no kind of partnership joins {found}",
    no_common_year="there is no year in which all of them are there",
    forbidden="a decision of the user forbids it",
)
"""Why an offer or pair cannot serve a need."""

WARNINGS = _table(
    offer_unused="offer {subject} can be used nowhere; nearest miss, for {need}: {reasons}",
    offer_alone="offer {subject} can be used nowhere: there is no partner or need for it at all",
    offer_empty="offer {subject} has nothing to give in any year of the horizon",
    need_unserved="need {subject} has no option; nearest miss: {reasons}",
    need_alone="need {subject} has no option: nobody offers {capability}",
    window_outside="{collection} {subject}: its years {years} lie outside the horizon {horizon}",
    state_late="State {subject} cannot complete: its deadline {deadline} is before the horizon",
    state_short="State {subject} cannot complete by {deadline}: at most {most} of {quantity} {unit}"
    " of need {need} can be delivered by then",
    no_reference_price="capability {subject} has no reference_price: its work in kind weighs nothing in {objectives}",
    commitment_impossible="commitment {subject} is no eligible option in {year}: the scenario has no portfolio",
    pin_impossible="pin {subject} in {state} has no option: the scenario has no portfolio",
    unit_slip="{subject}: {found} is far {direction} than expected, compared with {compared};"
    " {factor} times {remedy} would agree: {intent}?{otherwise}",
    provenance_missing="{count} of {total} {collection} say nothing about where their figures come from",
)
"""What a scenario's author may want to know before solving."""

OTHERWISE = " Or it is {rival} that is off."
"""Names another figure that may be the one in another unit."""

INTENTS = _table(
    thousands="given in thousands of {unit}",
    millions="given in millions of {unit}",
    whole_units="given in whole {unit}",
    per_month="given per month",
    months_or_years="given per month, or in years rather than months",
    years_for_months="given in years, not months",
    other_unit="given in {unit}",
    price_of_other="given as the price in {unit}",
    price_of_year="given as the price of a year",
    converted_twice="converted once too often",
)
"""In what other unit a figure was probably written."""

YARDSTICKS = _table(
    amounts="{peers} other offers of money ({compared} in the middle)",
    amount_minimum="{peers} other offers' amounts and least amounts in a State (here {compared} beside it)",
    amount_absorption="{peers} other offers of money and what their States can absorb (here {compared} beside it)",
    absorptions="what {peers} other States can absorb ({compared} in the middle)",
    absorption_cost="what {peers} other States can absorb and what their needs would cost",
    minimums="{peers} other least amounts in a State ({compared} in the middle)",
    prices="{peers} other prices of {said} ({compared} in the middle)",
    price_reference="{peers} other prices of {said} and its reference price (here {compared} beside it)",
    capacities="{peers} other capacities of {said} ({compared} in the middle)",
    capacity_minimum="{peers} other offers' capacities and least amounts in a State (here {compared} beside it)",
    capacity_needs="{peers} other capacities of {said} and their States' needs (here {compared} beside it)",
    areas="{peers} other needs of {said} ({compared} in the middle)",
    quantities="{peers} other needs of {said} ({compared} in the middle)",
    quantity_pace="quantity and most in a year of {peers} other needs of {said} (here {compared} beside it)",
    pace_bound="the need itself, of which no more can be used in a year than in all (here {compared} beside it)",
    minimum_bound="all that the offer has in a year, of which no State can get more (here {compared} beside it)",
    paces="the most in a year of {peers} other needs of {said} ({compared} in the middle)",
    quantity_pair="survey and clearance in {peers} other States (here {compared} beside it)",
    beneficiaries="quantity and people who benefit in {peers} other needs (here {said} people)",
    own_years="its own other years ({compared} in the middle)",
    published="published figures: {said}",
    published_prices="published figures: {said}",
    commitment_capacity="the capacity that it is to come from or the commitment on it ({compared})",
    commitment_need="the need that it is for or the commitment for it ({compared})",
    cap_money="the money that is capped or its cap ({compared})",
    money_cost="what all needs would cost at the prices asked ({compared})",
)
"""What a figure that was probably written in another unit is compared with."""
