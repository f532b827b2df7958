"""Payment classes: which financiers can pay which implementers for a need, in bulk.

Options pair every financier with every implementer. But who may pay whom rests on few things (the
implementer's kind, channels, forbids), so the implementers of a need fall into *classes* with the
same financiers; within a class every financier can pay every implementer. Money then need not be
followed from pair to pair: it is enough that, class by class and year by year, the money paid in
equals the price of the work done. Pairs are recovered afterwards (`matcher.recovery`).

Where a need is counted in few granules, a class also holds one price only, and its money is
counted in that price: the balance is then one of whole granules, and whole pairs always exist
(a transportation problem with whole supplies and demands has a whole solution).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matcher.linear_model import Bools, Ints
from matcher.options import OptionSet, Role, channel_of, kind_by_role, option_years
from matcher.scenario import Forbid, FundingOffer, Need, Scenario, TechnicalOffer

FINE_GRANULES = 200
"""A need of more granules than this may be relaxed to real numbers by engines with floats."""


@dataclass(frozen=True)
class Side:
    """One side of the classes: an offer that takes part in a class (or works in kind), and when."""

    offer: Ints
    """Index of the offer."""
    need: Ints
    """Index of the need."""
    payment_class: Ints
    """Index of the class; -1 for work in kind."""
    years: Bools
    """Years (of the horizon) in which it can take part; shape (entries, years)."""

    @property
    def count(self) -> int:
        """Number of entries."""
        return len(self.offer)


@dataclass(frozen=True)
class Payments:
    """All payment classes of a scenario, sorted by need."""

    scenario: Scenario
    unit: Ints
    """Minor units in which each class counts money: 1, or its price where the need is coarse."""
    work: Side
    """Implementers, sorted by need."""
    money: Side
    """Financiers, sorted by need."""
    pairs: int
    """Number of options that the classes stand for."""
    committed: dict[tuple[str, str, str], int]
    """(financier, implementer, need) -> class of its own, for pairs that the user has committed."""

    @cached_property
    def demand(self) -> Ints:
        """Granules of each need."""
        return granules_of(self.scenario)


def granules_of(scenario: Scenario) -> Ints:
    """Returns the granules of each need."""
    granule = {each.id: each.granule for each in scenario.capabilities}
    return np.array([need.quantity // granule[need.capability] for need in scenario.needs], np.int64)


def find_payments(scenario: Scenario) -> Payments:
    """Returns the payment classes of a scenario: all its options, without listing them pair by pair."""
    return _Finder(scenario).find()


class _Finder:
    """Looks up, State by State, who can pay whom."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._funding = [isinstance(offer, FundingOffer) for offer in scenario.offers]
        self._price = [
            scenario.granule_price(offer) if isinstance(offer, TechnicalOffer) else 0 for offer in scenario.offers
        ]
        self._window = windows(scenario, [*scenario.offers, *scenario.needs])
        self._home = [scenario.provider(offer.provider).state for offer in scenario.offers]
        self._provider = [offer.provider for offer in scenario.offers]
        self._known: dict[tuple[object, ...], bool] = {}
        self._work: list[tuple[int, int, int, Bools]] = []
        self._money: list[tuple[int, int, int, Bools]] = []
        self._unit: list[int] = []
        self._pairs = 0
        self._committed: dict[tuple[str, str, str], int] = {}

    def find(self) -> Payments:
        """Returns all payment classes."""
        scenario = self._scenario
        by_state: dict[str, list[int]] = {}
        for at, need in enumerate(scenario.needs):
            by_state.setdefault(need.state, []).append(at)
        reach = _reach(scenario)
        forbids = scenario.decisions.forbids
        for place, state in enumerate(scenario.states):
            needs = by_state.get(state.id)
            if not needs:
                continue
            offers = reach[place]
            payers = [offer for offer in offers if self._funding[offer]]
            workers = [offer for offer in offers if not self._funding[offer]]
            open_pairs = self._open_pairs(payers, workers, state.id)
            for at in needs:
                need = scenario.needs[at]
                touching = [each for each in forbids if _touches(each, need)]
                self._add_need(at, need, payers, workers, open_pairs, touching)
        self._add_committed()
        order = np.argsort([need for _, need, _, _ in self._work], kind="stable")
        paid = np.argsort([need for _, need, _, _ in self._money], kind="stable")
        return Payments(
            scenario,
            np.array(self._unit, np.int64),
            self._side([self._work[at] for at in order]),
            self._side([self._money[at] for at in paid]),
            self._pairs,
            self._committed,
        )

    def _side(self, entries: list[tuple[int, int, int, Bools]]) -> Side:
        columns = np.array([entry[:3] for entry in entries], np.int64).reshape(-1, 3)
        years = np.array([entry[3] for entry in entries], np.bool_).reshape(-1, len(self._scenario.years))
        return Side(columns[:, 0], columns[:, 1], columns[:, 2], years)

    def _open_pairs(self, payers: list[int], workers: list[int], state: str) -> Bools:
        """Which payer (the last row: none) can pay which worker in a State, forbids apart."""
        table = np.zeros((len(payers) + 1, len(workers)), np.bool_)
        for column, worker in enumerate(workers):
            for row, payer in enumerate([*payers, -1]):
                table[row, column] = (payer < 0) == (self._price[worker] == 0) and self._is_open(payer, worker, state)
        return table

    def _is_open(self, payer: int, worker: int, state: str) -> bool:
        """Whether the channel is open and the pair is of some kind (remembered by role)."""
        scenario = self._scenario
        home = self._home[worker] == state
        implementer = scenario.provider(self._provider[worker])
        works = (implementer.kind, home)
        if payer < 0:
            key: tuple[object, ...] = works
        else:
            offer = scenario.offers[payer]
            assert isinstance(offer, FundingOffer)
            same = self._provider[payer] == self._provider[worker]
            paying = self._home[payer] == state
            key = (*works, payer, paying, same)
        if key not in self._known:
            role = None
            channel_open = True
            if payer >= 0:
                assert isinstance(offer, FundingOffer)
                role = Role(scenario.provider(self._provider[payer]).kind, paying, offer.match > 0)
                channel_open = offer.channels is None or channel_of(implementer, state) in offer.channels
            self._known[key] = channel_open and kind_by_role(role, Role(*works), payer < 0 or same) is not None
        return self._known[key]

    def _add_need(
        self, at: int, need: Need, payers: list[int], workers: list[int], open_pairs: Bools, forbids: list[Forbid]
    ) -> None:
        """Adds the classes of one need; year by year where a forbid may touch it."""
        mine = self._window[len(self._price) + at]
        able = [
            place
            for place, worker in enumerate(workers)
            if self._scenario.offers[worker].capability == need.capability  # type: ignore[union-attr]
        ]
        willing = [
            place
            for place, payer in enumerate(payers)
            if (wanted := self._scenario.offers[payer].capabilities) is None  # type: ignore[union-attr]
            or need.capability in wanted
        ]
        table = open_pairs[np.ix_([*willing, len(payers)], able)]
        chosen, working = [payers[place] for place in willing], [workers[place] for place in able]
        for pairs, years in self._tables(need, table, chosen, working, mine, forbids):
            self._add_classes(at, pairs, chosen, working, years)

    def _tables(
        self, need: Need, table: Bools, payers: list[int], workers: list[int], years: Bools, forbids: list[Forbid]
    ) -> Iterator[tuple[Bools, Bools]]:
        """Yields who can pay whom and the years in which it is so."""
        if not forbids:
            yield table, years
            return
        scenario = self._scenario
        allowed = np.zeros((*table.shape, len(years)), np.bool_)
        for row, column in zip(*np.nonzero(table), strict=True):
            payer = None if row == len(payers) else scenario.offers[payers[row]]
            worker = scenario.offers[workers[column]]
            assert isinstance(worker, TechnicalOffer)
            assert payer is None or isinstance(payer, FundingOffer)
            for year in option_years(scenario, payer, worker, need):
                allowed[row, column, year - scenario.horizon.first] = True
        groups: dict[bytes, list[int]] = {}
        for year in np.flatnonzero(years).tolist():
            groups.setdefault(allowed[:, :, year].tobytes(), []).append(year)
        for alike in groups.values():
            when = np.zeros(len(years), np.bool_)
            when[alike] = True
            yield allowed[:, :, alike[0]], when

    def _add_classes(self, at: int, table: Bools, payers: list[int], workers: list[int], years: Bools) -> None:
        """Adds the classes of one table: workers with the same payers (and, where coarse, the same price)."""
        coarse = self._demand[at] <= FINE_GRANULES
        classes: dict[tuple[bytes, int], list[int]] = {}
        for column, worker in enumerate(workers):
            if table[-1, column]:
                self._enter(self._work, worker, at, -1, years & self._window[worker])
            elif table[:-1, column].any():
                key = (table[:-1, column].tobytes(), self._price[worker] if coarse else 0)
                classes.setdefault(key, []).append(column)
        for (_, price), columns in classes.items():
            paying = [payers[row] for row in np.flatnonzero(table[:-1, columns[0]])]
            working = [workers[column] for column in columns]
            payable = years & np.logical_or.reduce([self._window[payer] for payer in paying])
            workable = years & np.logical_or.reduce([self._window[worker] for worker in working])
            name = len(self._unit)
            self._unit.append(price or 1)
            for worker in working:
                self._enter(self._work, worker, at, name, payable & self._window[worker])
            for payer in paying:
                self._enter(self._money, payer, at, name, workable & self._window[payer])
            self._pairs += len(paying) * len(working)

    def _add_committed(self) -> None:
        """Gives each committed pair that is an option a class of its own, in the years agreed."""
        scenario = self._scenario
        place = {offer.id: at for at, offer in enumerate(scenario.offers)}
        wanted: dict[tuple[str, str, str], set[int]] = {}
        for each in scenario.decisions.commitments:
            if each.financier is not None:
                wanted.setdefault((each.financier, each.implementer, each.need), set()).add(each.year)
        for (payer, worker, key), years in wanted.items():
            need = scenario.need(key)
            open_years = years.intersection(committed_years(scenario, payer, worker, need))
            if open_years:
                at = scenario.needs.index(need)
                when = np.isin(np.array(scenario.years), sorted(open_years))
                self._committed[payer, worker, key] = len(self._unit)
                coarse = self._demand[at] <= FINE_GRANULES
                self._work.append((place[worker], at, len(self._unit), when))
                self._money.append((place[payer], at, len(self._unit), when))
                self._unit.append(self._price[place[worker]] if coarse else 1)

    def _enter(self, side: list[tuple[int, int, int, Bools]], offer: int, need: int, name: int, years: Bools) -> None:
        self._pairs += name < 0
        if years.any():
            side.append((offer, need, name, years))

    @cached_property
    def _demand(self) -> Ints:
        return granules_of(self._scenario)


def committed_years(scenario: Scenario, payer: str | None, worker: str, need: Need) -> list[int]:
    """Returns the years in which a pair is an option for a need; none if it never is."""
    financier, implementer = None if payer is None else scenario.offer(payer), scenario.offer(worker)
    assert financier is None or isinstance(financier, FundingOffer)
    assert isinstance(implementer, TechnicalOffer)
    if OptionSet(scenario, ()).why_not(payer, worker, need.id):
        return []
    return option_years(scenario, financier, implementer, need)


def windows(scenario: Scenario, entities: Sequence[Need | FundingOffer | TechnicalOffer]) -> Bools:
    """Returns the years of needs or offers that lie in the horizon; shape (entities, years)."""
    first = scenario.horizon.first
    table = np.zeros((len(entities), len(scenario.years)), np.bool_)
    for at, each in enumerate(entities):
        window = scenario.window(each)
        table[at, window.start - first : max(window.stop - first, 0)] = True
    return table


def _reach(scenario: Scenario) -> list[list[int]]:
    """Offers whose own filters let them work in each State, sorted."""
    place = {state.id: at for at, state in enumerate(scenario.states)}
    score = [state.ownership_score() for state in scenario.states]
    found: list[list[int]] = [[] for _ in scenario.states]
    everywhere = range(len(scenario.states))
    for at, offer in enumerate(scenario.offers):
        states = everywhere if offer.states is None else [place[state] for state in offer.states]
        for state in states:
            here = offer.regions is None or scenario.states[state].region in offer.regions
            if here and score[state] >= offer.ownership_floor:
                found[state].append(at)
    return found


def _touches(forbid: Forbid, need: Need) -> bool:
    """Whether a forbid may concern options of a need."""
    return forbid.state in (None, need.state) and forbid.need in (None, need.id)
