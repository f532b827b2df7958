"""Changes of a scenario tried out for one State, with as few formulations as can be.

What adds offers is formulated once with all of them, each as large as could ever be of use and for this
State alone; a question closes those that it does not ask about (a State that limits one provider's share is asked
about each new partner apart: with more who could pay, the limit may come to bind). The State's limits of partners and
money are rows, whose limits a question sets. All other changes are formulated when they are asked about.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property

from matcher.explanation.findings import Goal
from matcher.explanation.limits_against import share_waivers
from matcher.explanation.relaxations import ANYBODY, Relaxation, changed, decided_on, narrowed, repayers_of
from matcher.explanation.setting import Found, Setting, Tuning
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Scenario, State
from matcher.scenario.edits import Edit, OnlyStates, WaiveLimit, edited
from matcher.scenario.eligibility import need_node, reach
from matcher.solvers.linear_model import ModelTooLarge
from matcher.units import MAX_MONEY, MAX_QUANTITY, ceil_share

Changes = Sequence[tuple[Relaxation, int]]


class RelaxationTrials:
    """Tries out changes for one State of a portfolio."""

    def __init__(
        self,
        scenario: Scenario,
        portfolio: Portfolio,
        state: State,
        levers: Sequence[Relaxation],
        settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
    ) -> None:
        self.settings = settings
        self.scenario = scenario
        self.portfolio = portfolio
        self.levers = tuple(levers)
        self.narrow = narrowed(scenario, portfolio, state.id)
        self._state = state
        self._reaching = _reaching(scenario, state.id)
        self._near = tuple(
            each for each in levers if each.amounts is None and each.subject in {*self._reaching, ANYBODY}
        )
        # somebody new could make the limit on one provider's share bind, and so is there only where asked about
        self._apart = tuple(each for each in self._near if each.subject == ANYBODY and state.max_share is not None)
        self._work, self._money = _all_of(scenario, state.id)
        self._settings: OrderedDict[tuple[object, ...], Setting] = OrderedDict()
        self._known: dict[tuple[object, ...], Found] = {}

    def all_of(self, lever: Relaxation) -> int:
        """Returns as much of a lever as could ever be of use."""
        if lever.amounts is not None:
            return lever.amounts[-1]
        return self._money if lever.kind in ("money", "more_money") else self._work

    def fits(self, goal: Goal, changes: Changes, least: Relaxation | None = None) -> Found:
        """Returns whether a goal is reached under some changes, and by how little of an offer that one of them adds."""
        asked = (goal, _key(changes), None if least is None else _name(least))
        if asked not in self._known:
            self._known[asked] = self._tried(goal, changes, least)
        return self._known[asked]

    @cached_property
    def repayers(self) -> dict[str, Fraction]:
        """Offers that repay what is paid in advance in the State, each with the most of it for a unit paid."""
        near = set(self._reaching)
        decided = {offer.id for offer in self.scenario.offers if decided_on(self.scenario, offer.id, self._state.id)}
        return {offer: owed for offer, owed in repayers_of(self.scenario, near).items() if offer not in decided}

    def most_raise(self, offer: str) -> int:
        """Returns as much more of an offer, in minor units a year, as could ever be of use."""
        return min(ceil_share(self._money, max(self.repayers.get(offer, Fraction(1)), Fraction(1))), MAX_MONEY)

    def bring_share(self, changes: Changes) -> bool:
        """Returns whether some changes make the State's limit on one provider's share bind, as it does not without."""
        if self._state.max_share is None:
            return False
        after = changed(self.scenario, *changes)
        return any(each.subject == self._state.id for each in share_waivers(self.scenario, after))

    def confirm(self, goal: Goal, changes: Changes, least: Relaxation | None, told: Changes) -> None:
        """Holds an answer against the checker, in the scenario with the changes that it tells.

        Where nothing was asked but what is formulated anew each time, that was done at once.

        Parameters
        ----------
        changes, least
            What was asked.

        Raises
        ------
        VerificationFailed
            if it refuses it: an error of the engine.
        """
        if _tunable(changes):
            scenario = changed(self.scenario, *(each for each in told if each[1]))
            self._setting(changes).check(self.fits(goal, changes, least), scenario)

    def _tried(self, goal: Goal, changes: Changes, least: Relaxation | None) -> Found:
        try:
            setting = self._setting(changes)
        except ModelTooLarge:  # with as much as is asked about: nothing is known of that
            return Found(None, None)
        # what cannot come is of no use, and none is used
        offer = least.adds if least is not None and least in self._near else None
        if not _tunable(changes):
            found = setting.least(goal, offer)
            if len(changes) == 1:
                setting.check(
                    found, changed(self.scenario, *changes)
                )  # it is an answer by itself, and the setting is not kept
            return Found(found.value, found.bound, found.impossible)
        return setting.least(goal, offer, self._tuning(changes))

    def _setting(self, changes: Changes) -> Setting:
        """The setting in which changes can be asked about."""
        structural = [(lever, amount) for lever, amount in changes if not _tuned(lever)]
        structural += [(lever, self.all_of(lever)) for lever, _ in changes if lever.kind == "absorption"]
        if not _tunable(changes):
            return Setting.of(changed(self.narrow, *structural), self.portfolio, self.settings)
        asked = [lever for lever, _ in changes]
        apart = [(lever, self.all_of(lever)) for lever in self._apart if lever in asked]
        key = _key([*structural, *apart])
        if key in self._settings:
            self._settings.move_to_end(key)
            return self._settings[key]
        further = [(lever, self.all_of(lever)) for lever in self._near if lever not in self._apart or lever in asked]
        more = [lever.edit(amount) for lever, amount in (*structural, *further)]
        here = [edit for lever, _ in further for edit in _only_in(self._state.id, lever.adds)]
        setting = Setting.of(edited(self.narrow, *more, *here), self.portfolio, self.settings)
        self._settings[key] = setting
        if len(self._settings) > self.settings.kept_settings:
            self._settings.popitem(last=False)
        return setting

    def _tuning(self, changes: Changes) -> Tuning:
        """What changes ask of their setting."""
        asked = {_name(lever) for lever, _ in changes}
        closed = frozenset(lever.adds for lever in self._near if _name(lever) not in asked and lever not in self._apart)
        some = [(lever, amount) for lever, amount in changes if lever in self._near and amount < self.all_of(lever)]
        return Tuning(closed, tuple((lever.adds, amount) for lever, amount in some), tuple(self._limits(changes)))

    def _limits(self, changes: Changes) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The limits of the State that changes set, year by year."""
        state, years = self._state, self.scenario.years
        for lever, amount in changes:
            if lever.kind == "partners":
                assert state.max_partners is not None
                yield "max_partners", (state.max_partners + amount,) * len(years)
            if lever.kind == "absorption":
                assert state.absorption is not None
                yield "absorption", tuple(state.absorption.at(year) + amount for year in years)


def _reaching(scenario: Scenario, state: str) -> tuple[str, ...]:
    """Offers that can come to a State."""
    graph = reach(scenario)
    needs = [need_node(need.id) for need in scenario.needs_of(state)]
    return tuple(sorted({offer for need in needs for offer in graph.predecessors(need)}))


def _tuned(lever: Relaxation) -> bool:
    """Whether a change is made in a setting that is there, not in the scenario."""
    return lever.amounts is None or lever.kind in ("partners", "absorption")


def _tunable(changes: Changes) -> bool:
    return any(_tuned(lever) for lever, _ in changes)


def _only_in(state: str, offer: str) -> tuple[Edit, ...]:
    """Keep an offer that a lever adds to one State, where it can come anyway: others get nothing of it."""
    return OnlyStates(offer, (state,)), WaiveLimit("offers", offer, "regions")


def _name(lever: Relaxation) -> tuple[str, str, str]:
    return lever.kind, lever.subject, lever.field


def _key(changes: Changes) -> tuple[object, ...]:
    return tuple(sorted((*_name(lever), amount) for lever, amount in changes))


def _all_of(scenario: Scenario, state: str) -> tuple[int, int]:
    """All the work that a State needs, and what it would cost of the dearest."""
    work = money = 0
    for need in scenario.needs_of(state):
        granule = scenario.capability(need.capability).granule
        prices = [scenario.granule_price(each) for each in scenario.technical if each.capability == need.capability]
        work += need.quantity + granule
        money += (need.quantity // granule + 1) * max(prices, default=0)
    return min(work, MAX_QUANTITY), min(money, MAX_MONEY)
