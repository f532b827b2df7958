"""Links: what makes a partnership last, as columns.

A link is an external provider and a State. It works in a year in which one of the provider's offers works there;
it starts in a year that follows none in which it worked; its money moves from year to year; and what it pays above
its share of a State's external money makes the State depend on it. Only what an objective asks for has columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np

from matcher.scenario import FundingOffer, Scenario
from matcher.scenario.within_reach import limited_shares
from matcher.solvers.linear_model import Bools, Ints

if TYPE_CHECKING:
    from matcher.formulation.limits import Relations
    from matcher.formulation.payment_classes import Payments

UNKNOWN = -1
"""Stands for an amount of the year before the horizon that nobody has stated."""


@dataclass(frozen=True)
class Links:
    """Links that some column uses, sorted by State and provider; tables hold -1 where there is no column."""

    provider: Ints
    state: Ints
    of_relation: Ints
    """Link of each relation of an offer and a State; -1 for a State's own."""
    ongoing: Bools
    """Whether it worked in the year before the horizon."""
    works: Ints
    """Shape (links, years): column that says whether it works; of a link with one offer, that of the offer."""
    joint: Bools
    """Shape (links, years): whether that column stands for several offers."""
    start: Ints
    """Shape (links, years): it starts."""
    up: Ints
    """Shape (links, years): minor units more than in the year before."""
    down: Ints
    """Shape (links, years): minor units less."""
    before: Ints
    """Minor units paid in the year before the horizon; `UNKNOWN` where nobody has stated them."""
    total: Ints
    """Shape (States,): external money over the horizon, where shares of it count."""
    excess: Ints
    """Money above the share of a State's external money that counts, in units of 1 / its denominator."""
    lapsed: int
    """Ongoing links that nothing can flow through any more: each counts as one that does not work."""
    lost: int
    """Minor units of the year before the horizon that fall to nothing, whatever is done."""


class Taking(Protocol):
    """Adds columns: their upper limits and States in, their numbers out."""

    def table(self, present: Bools, upper: Ints, state: Ints) -> Ints:
        """Adds a column where a table says so."""


def build_links(
    payments: Payments, relations: Relations, sought: frozenset[str], working: Ints, most: Ints, take: Taking
) -> Links:
    """Returns the links of a scenario, with the columns that its objectives ask for.

    Parameters
    ----------
    sought
        Names of the objectives that the formulation is for.
    working
        Column that says whether a relation works; shape (relations, years).
    most
        The most that can be given through each relation in each year, in minor units or granules.
    """
    scenario = payments.scenario
    place = scenario.index.providers
    provider = np.array([place[each.provider] for each in scenario.offers], np.int64)
    funds = np.array([isinstance(each, FundingOffer) for each in scenario.offers], np.bool_)
    outside = np.flatnonzero(relations.external)
    key = relations.state[outside] * (len(place) + 1) + provider[relations.offer[outside]]
    found, group = np.unique(key, return_inverse=True)
    of_relation = np.full(len(relations.offer), -1, np.int64)
    of_relation[outside] = np.asarray(group, np.int64).ravel()
    who, home = found % (len(place) + 1), found // (len(place) + 1)
    known = _Known(scenario, who, home)
    shape = (len(found), len(scenario.years))
    works, joint = _works("turnover" in sought, of_relation, working, shape, home, take)
    paid = np.zeros(shape, np.int64)
    money = outside[funds[relations.offer[outside]]]
    np.add.at(paid, of_relation[money], most[money])
    may = _may_start(scenario, relations, of_relation, works, known) & ("turnover" in sought)
    start = take.table(may, _ONE, home[:, None])
    up, down, before = _moves("swings" in sought, scenario, paid, home, known, take)
    shared = {state for state, _ in limited_shares(scenario)}
    if "dependence" in sought:
        shared = {state.id for state in scenario.states}
    everything = np.zeros(len(scenario.states), np.int64)
    np.add.at(everything, home, paid.sum(axis=1))
    counted = np.array([state.id in shared for state in scenario.states], np.bool_) & (everything > 0)
    total = take.table(counted, everything, np.arange(len(scenario.states)))
    excess = np.full(shape[0], -1, np.int64)
    if "dependence" in sought:
        ratio = Fraction(scenario.objectives.dependence_share)
        most = paid.sum(axis=1)
        excess = take.table(most > 0, most * ratio.denominator, home)
    lapsed, lost = known.beyond()
    return Links(
        who, home, of_relation, known.ongoing, works, joint, start, up, down, before, total, excess, lapsed, lost
    )


_ONE = np.ones((1, 1), np.int64)


class _Known:
    """What the scenario states of links in the year before the horizon."""

    def __init__(self, scenario: Scenario, provider: Ints, state: Ints) -> None:
        self._scenario = scenario
        names = [each.id for each in scenario.providers], [each.id for each in scenario.states]
        self.pairs = [
            (names[0][who], names[1][home]) for who, home in zip(provider.tolist(), state.tolist(), strict=True)
        ]
        self._links = scenario.ongoing_links
        self.ongoing = np.array([pair in self._links for pair in self.pairs], np.bool_)
        self.before = np.array([self._amount(pair) for pair in self.pairs], np.int64)

    def _amount(self, pair: tuple[str, str]) -> int:
        found = self._links.get(pair)
        return UNKNOWN if found is None else found

    def beyond(self) -> tuple[int, int]:
        """What ongoing links without any column count for in turnover and swings."""
        scenario, here = self._scenario, set(self.pairs)
        gone = {pair: amount for pair, amount in self._links.items() if pair not in here}
        first = scenario.horizon.first
        lost = (amount or 0 for (_, state), amount in gone.items() if has_open_window(scenario, state, first))
        return len(gone), sum(lost)


def has_open_window(scenario: Scenario, state: str, year: int) -> bool:
    """Returns whether some need of a State can be met in a year of the horizon."""
    return any(year in scenario.window(need) for need in scenario.needs_of(state))


def _works(
    asked: bool, of_relation: Ints, working: Ints, shape: tuple[int, int], home: Ints, take: Taking
) -> tuple[Ints, Bools]:
    """The column by which each link works in a year: the offer's own, or one of its own for several."""
    several = np.zeros(shape, np.int64)
    relation, year = np.nonzero(working >= 0)
    outside = of_relation[relation] >= 0
    relation, year = relation[outside], year[outside]
    np.add.at(several, (of_relation[relation], year), 1)
    works = np.full(shape, -1, np.int64)
    works[of_relation[relation], year] = working[relation, year]
    joint = (several > 1) & asked
    own = take.table(joint, _ONE, home[:, None])
    return np.where(joint, own, works), joint


def _may_start(scenario: Scenario, relations: Relations, of_relation: Ints, works: Ints, known: _Known) -> Bools:
    """Years in which a link may start: in the first, where its side states which links are ongoing."""
    may = works >= 0
    counted = counted_sides(scenario)
    relation = np.flatnonzero((of_relation >= 0) & counted[relations.offer])
    first = np.zeros(len(may), np.bool_)
    first[of_relation[relation]] = True
    may[:, 0] &= first & ~known.ongoing
    return may


def counted_sides(scenario: Scenario) -> Bools:
    """Returns, for each offer, whether links that start in the first year count: if its side states ongoing ones.

    What a State's own programme did at home is no link.
    """
    stated = {
        isinstance(each, FundingOffer)
        for each in scenario.offers
        if any(scenario.is_external(each.id, before.state) for before in each.ongoing)
    }
    return np.array([isinstance(each, FundingOffer) in stated for each in scenario.offers], np.bool_)


def _moves(
    asked: bool, scenario: Scenario, paid: Ints, home: Ints, known: _Known, take: Taking
) -> tuple[Ints, Ints, Ints]:
    """Columns of what a link's money moves by from year to year."""
    before = np.where(known.ongoing, known.before, UNKNOWN)
    if not asked:
        nothing = np.full(paid.shape, -1, np.int64)
        return nothing, nothing.copy(), before
    homes = [state for _, state in known.pairs]
    windows = {state: [has_open_window(scenario, state, year) for year in scenario.years] for state in set(homes)}
    counted = np.array([windows[state] for state in homes], np.bool_).reshape(paid.shape)
    earlier = np.concatenate((np.maximum(before, 0)[:, None], paid[:, :-1]), axis=1)
    counted[:, 0] &= before != UNKNOWN
    up = take.table(counted & (paid > 0), paid, home[:, None])
    return up, take.table(counted & (earlier > 0), earlier, home[:, None]), before
