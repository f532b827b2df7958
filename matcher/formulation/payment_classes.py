"""Payment classes: which financiers can pay which implementers for a need, in bulk.

Options pair every financier with every implementer. But who may pay whom rests on few things (the
implementer's kind, channels, forbids), so the implementers of a need fall into *classes* with the
same financiers; within a class every financier can pay every implementer. Money then need not be
followed from pair to pair: it is enough that, class by class and year by year, the money paid in
equals the price of the work done. Pairs are recovered afterwards (`matcher.formulation.pairing`).

Where a need is counted in few granules, a class also holds one price only, and its money is
counted in that price: the balance is then one of whole granules, and whole pairs always exist
(a transportation problem with whole supplies and demands has a whole solution).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from matcher.scenario import Forbid, FundingOffer, Need, ProviderKind, Scenario, TechnicalOffer
from matcher.scenario.eligibility import OptionSet, Role, channel, kind_by_role, option_years
from matcher.solvers.linear_model import Bools, Ints

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


class _Entries:
    """Collects one side of the classes, a handful of offers at a time."""

    def __init__(self) -> None:
        self._offer: list[Ints] = []
        self._need: list[int] = []
        self._class: list[int] = []
        self._years: list[Bools] = []

    def add(self, offers: Ints, need: int, name: int, years: Bools) -> None:
        """Adds offers to a class of a need, each in its own years; shape of `years` (offers, years)."""
        self._offer.append(offers)
        self._need.append(need)
        self._class.append(name)
        self._years.append(years)

    def side(self, horizon: int) -> Side:
        """Returns what was added, sorted by need, without those that can take part in no year."""
        count = [len(each) for each in self._offer]
        years = np.concatenate((np.zeros((0, horizon), np.bool_), *self._years))
        need = np.repeat(np.array(self._need, np.int64), count)
        kept = np.flatnonzero(years.any(axis=1))
        kept = kept[np.argsort(need[kept], kind="stable")]
        offer = np.concatenate((np.zeros(0, np.int64), *self._offer))
        name = np.repeat(np.array(self._class, np.int64), count)
        return Side(offer[kept], need[kept], name[kept], years[kept])


class _Roles:
    """Who can pay whom by their roles: a financier's kind and channels, an implementer's kind, who is at home."""

    def __init__(self, scenario: Scenario) -> None:
        state, place = scenario.index.states, scenario.index.providers
        kinds = sorted({each.kind for each in scenario.providers})
        self._provider = np.array([place[offer.provider] for offer in scenario.offers], np.int64)
        home = np.array([state.get(each.state or "", -1) for each in scenario.providers], np.int64)
        kind = np.array([kinds.index(each.kind) for each in scenario.providers], np.int64)
        self._home, self._kind = home[self._provider], kind[self._provider]
        payers: dict[_Payer, int] = {}
        self._payer = np.full(len(scenario.offers), -1, np.int64)
        for at, offer in enumerate(scenario.offers):
            if isinstance(offer, FundingOffer):
                payer = (scenario.provider(offer.provider).kind, offer.match > 0, offer.channels)
                self._payer[at] = payers.setdefault(payer, len(payers))
        each_bool = (False, True)
        self._in_kind = np.array(
            [[kind_by_role(None, Role(kind, home), True) is not None for home in each_bool] for kind in kinds]
        ).reshape(-1, 2)
        pairs = product(payers, kinds, each_bool, each_bool, each_bool)
        self._paid = np.array([_can_pay(*each) for each in pairs], np.bool_).reshape(len(payers), len(kinds), 2, 2, 2)

    def open_pairs(self, payers: Ints, workers: Ints, state: int) -> Bools:
        """Returns which payer can pay which worker in a State; in the last row, who could work in kind."""
        home = (self._home[workers] == state).astype(np.int64)
        paying = (self._home[payers] == state).astype(np.int64)[:, None]
        same = (self._provider[payers][:, None] == self._provider[workers]).astype(np.int64)
        kind = self._kind[workers]
        paid = self._paid[self._payer[payers][:, None], kind, home, paying, same]
        return np.concatenate((paid, self._in_kind[kind, home][None, :]))


_Payer = tuple[ProviderKind, bool, tuple[str, ...] | None]
"""All about a financier that decides whom it can pay: kind, whether it must be matched, channels."""


def _can_pay(payer: _Payer, works: ProviderKind, home: bool, paying: bool, same: bool) -> bool:
    """Whether the channel is open and the pair is of some kind."""
    kind, matched, channels = payer
    if channels is not None and channel(works, home) not in channels:
        return False
    return kind_by_role(Role(kind, paying, matched), Role(works, home), same) is not None


class _Finder:
    """Looks up, State by State, who can pay whom."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._price = np.array(
            [scenario.granule_price(offer) if isinstance(offer, TechnicalOffer) else 0 for offer in scenario.offers],
            np.int64,
        )
        self._window = windows(scenario, scenario.offers)
        self._need_window = windows(scenario, scenario.needs)
        self._roles = _Roles(scenario)
        self._capability = scenario.index.capabilities
        self._does, self._buys = self._skills()
        self._demand = granules_of(scenario)
        self._work, self._money = _Entries(), _Entries()
        self._unit: list[int] = []
        self._pairs = 0
        self._committed: dict[tuple[str, str, str], int] = {}

    def _skills(self) -> tuple[Ints, Bools]:
        """The capability of each offer of work (-1 for money), and those that each offer of money buys."""
        offers = self._scenario.offers
        does = np.full(len(offers), -1, np.int64)
        buys = np.zeros((len(offers), len(self._capability)), np.bool_)
        for at, offer in enumerate(offers):
            if isinstance(offer, TechnicalOffer):
                does[at] = self._capability[offer.capability]
            elif offer.capabilities is None:
                buys[at] = True
            else:
                buys[at, [self._capability[each] for each in offer.capabilities]] = True
        return does, buys

    def find(self) -> Payments:
        """Returns all payment classes."""
        scenario = self._scenario
        by_state: dict[str, list[int]] = {}
        for at, need in enumerate(scenario.needs):
            by_state.setdefault(need.state, []).append(at)
        reach = _reach(scenario)
        for place, state in enumerate(scenario.states):
            if state.id in by_state:
                self._add_state(place, by_state[state.id], np.array(reach[place], np.int64))
        self._add_committed()
        horizon = len(scenario.years)
        unit = np.array(self._unit, np.int64)
        work, money = self._work.side(horizon), self._money.side(horizon)
        return Payments(scenario, unit, work, money, self._pairs, self._committed)

    def _add_state(self, state: int, needs: list[int], offers: Ints) -> None:
        """Adds the classes of a State's needs; forbids apart, needs of one capability have the same pairs."""
        workers, payers = offers[self._does[offers] >= 0], offers[self._does[offers] < 0]
        open_pairs = self._roles.open_pairs(payers, workers, state)
        open_pairs[:-1] &= self._price[workers] > 0
        open_pairs[-1] &= self._price[workers] == 0
        known: dict[int, tuple[Bools, Ints, Ints]] = {}
        for at in needs:
            need = self._scenario.needs[at]
            capability = self._capability[need.capability]
            if capability not in known:
                able = np.flatnonzero(self._does[workers] == capability)
                willing = np.flatnonzero(self._buys[payers, capability])
                table = open_pairs[np.append(willing, len(payers))[:, None], able]
                known[capability] = table, payers[willing], workers[able]
            table, paying, working = known[capability]
            touching = [each for each in self._scenario.decisions.forbids if _touches(each, need)]
            for pairs, years in self._tables(need, table, paying, working, self._need_window[at], touching):
                self._add_classes(at, pairs, paying, working, years)

    def _tables(
        self, need: Need, table: Bools, payers: Ints, workers: Ints, years: Bools, forbids: list[Forbid]
    ) -> Iterator[tuple[Bools, Bools]]:
        """Yields who can pay whom and the years in which it is so: several where a forbid may touch the need."""
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

    def _add_classes(self, at: int, table: Bools, payers: Ints, workers: Ints, years: Bools) -> None:
        """Adds the classes of one table: workers with the same payers (and, where coarse, the same price)."""
        free = table[-1]
        if free.any():
            self._work.add(workers[free], at, -1, years & self._window[workers[free]])
            self._pairs += int(free.sum())
        paid = np.flatnonzero(table[:-1].any(axis=0) & ~free)
        patterns = np.ascontiguousarray(table[:-1, paid].T)
        coarse = self._demand[at] <= FINE_GRANULES
        prices = self._price[workers[paid]].tolist() if coarse else [0] * len(paid)
        classes: dict[tuple[bytes, int], list[int]] = {}
        for column, price in enumerate(prices):
            classes.setdefault((patterns[column].tobytes(), price), []).append(column)
        for (_, price), columns in classes.items():
            paying, working = payers[patterns[columns[0]]], workers[paid[columns]]
            pays, works = self._window[paying], self._window[working]
            name = len(self._unit)
            self._unit.append(price or 1)
            self._work.add(working, at, name, works & (years & pays.any(axis=0)))
            self._money.add(paying, at, name, pays & (years & works.any(axis=0)))
            self._pairs += len(paying) * len(working)

    def _add_committed(self) -> None:
        """Gives each committed pair that is an option a class of its own, in the years agreed."""
        scenario = self._scenario
        place = scenario.index.offers
        wanted: dict[tuple[str, str, str], set[int]] = {}
        for each in scenario.decisions.commitments:
            if each.financier is not None:
                wanted.setdefault((each.financier, each.implementer, each.need), set()).add(each.year)
        for (payer, worker, key), years in wanted.items():
            need = scenario.need(key)
            open_years = years.intersection(committed_years(scenario, payer, worker, need))
            if open_years:
                at, name = scenario.index.needs[key], len(self._unit)
                when = np.isin(np.array(scenario.years), sorted(open_years))[None, :]
                self._committed[payer, worker, key] = name
                self._work.add(np.array([place[worker]]), at, name, when)
                self._money.add(np.array([place[payer]]), at, name, when)
                self._unit.append(int(self._price[place[worker]]) if self._demand[at] <= FINE_GRANULES else 1)


def committed_years(scenario: Scenario, payer: str | None, worker: str, need: Need) -> list[int]:
    """Returns the years in which a pair is an option for a need; none if it never is."""
    financier, implementer = None if payer is None else scenario.funding_offer(payer), scenario.technical_offer(worker)
    if OptionSet(scenario, ()).why_not(payer, worker, need.id):
        return []
    return option_years(scenario, financier, implementer, need)


def windows(scenario: Scenario, entities: Sequence[Need | FundingOffer | TechnicalOffer]) -> Bools:
    """Returns the years of needs or offers that lie in the horizon; shape (entities, years)."""
    spans = [each.years or scenario.horizon for each in entities]
    first = np.array([span.first for span in spans], np.int64)[:, None]
    last = np.array([span.last for span in spans], np.int64)[:, None]
    years = np.array(scenario.years)
    return np.asarray((first <= years) & (years <= last), np.bool_)


def _reach(scenario: Scenario) -> list[list[int]]:
    """Offers whose own filters let them work in each State, sorted."""
    place = scenario.index.states
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
