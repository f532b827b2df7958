"""Why a State does not complete or a need is not met in full, and what it would take."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from matcher.comparison.comparison import FigureChange
from matcher.comparison.tally import tally
from matcher.execution import Executor, Serial
from matcher.explanation.barring import barred
from matcher.explanation.checking import check_names, require_valid
from matcher.explanation.findings import Cause, Goal, Shortfall, Shortfalls
from matcher.explanation.halving import minimal_set, sufficient_alone
from matcher.explanation.limits_against import BindingLimit, limits_against, scenario_without
from matcher.explanation.relaxations import Refusals, refusals_of, relaxations_for
from matcher.explanation.setting import Found, Setting
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.explanation.smallest_changes import SmallestChanges
from matcher.explanation.trials import RelaxationTrials
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario
from matcher.scenario.eligibility import find_options
from matcher.scenario.objectives import OBJECTIVES
from matcher.solvers.linear_model import ModelTooLarge
from matcher.units import plain
from matcher.verification import Report, verify


class _Asked:
    """What is to be explained, for pieces that run anywhere; remembers what it knows of the State asked about last."""

    def __init__(self, scenario: Scenario, portfolio: Portfolio, ledger: bool, settings: ExplanationSettings) -> None:
        self.settings = settings
        self.scenario = scenario
        self.portfolio = portfolio
        self.ledger = ledger
        self._of_state: tuple[str, Refusals, RelaxationTrials] | None = None

    def about(self, key: str) -> tuple[Refusals, RelaxationTrials]:
        """Returns who is kept from the needs of a State, and what to try out changes for it with."""
        if self._of_state is None or self._of_state[0] != key:
            state = self.scenario.state(key)
            refused = refusals_of(self.scenario, state)
            levers = relaxations_for(self.scenario, state, refused)
            trials = RelaxationTrials(self.scenario, self.portfolio, state, levers, self.settings)
            self._of_state = key, refused, trials
        return self._of_state[1:]


def remaining(
    scenario: Scenario,
    portfolio: Portfolio,
    *,
    states: Collection[str] = (),
    needs: Collection[str] = (),
    ledger: bool = True,
    executor: Executor | None = None,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Shortfalls:
    """Returns why a portfolio leaves what it leaves, and what it would take.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario.
    states
        Ids of the States to explain; none are all.
    needs
        Ids of the needs to explain; none are all, and States that do not complete as well.
    ledger
        Whether to look for the smallest changes too: that takes most of the time.
    executor
        Where States are looked at; none is in this process.
    settings
        What the search is tuned by, for whoever studies it.

    Raises
    ------
    InvalidOptions
        if there is no such State or need, or the portfolio is not a valid one of the scenario.
    """
    check_names(states, [state.id for state in scenario.states], "State")
    check_names(needs, [need.id for need in scenario.needs], "need")
    require_valid(scenario, portfolio)
    goals = [
        goal
        for goal in open_goals(scenario, portfolio)
        if (not states or goal.state in states) and (not needs or goal.need in needs)
    ]
    run = executor or Serial()
    asked = run.share(_Asked(scenario, portfolio, ledger, settings))
    order = _longest_first(scenario, goals)
    found = dict(zip(order, run.map(shortfall, order, shared=asked), strict=True))
    return Shortfalls(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        shortfalls=tuple(found[goal] for goal in goals),
    )


def _longest_first(scenario: Scenario, goals: Sequence[Goal]) -> list[Goal]:
    """The goals by State, those of most options first: what takes longest does not come last, alone."""
    of_need = find_options(scenario).of_need
    size = {
        state.id: sum(len(option.years) for need in scenario.needs_of(state.id) for option in of_need[need.id])
        for state in scenario.states
    }
    return sorted(goals, key=lambda goal: (-size[goal.state], goal.state))


def open_goals(scenario: Scenario, portfolio: Portfolio) -> Iterator[Goal]:
    """Yields what a portfolio leaves: each State that has not completed, then its needs that are not met in full."""
    counted = tally(scenario, portfolio)
    for key, state in counted.states.items():
        if state.completes is False:
            yield Goal(key)
        yield from (Goal(key, need.id) for need in scenario.needs_of(key) if counted.needs[need.id].open > 0)


def shortfall(asked: _Asked, goal: Goal) -> Shortfall:
    """Returns all about one goal that a portfolio does not reach."""
    scenario, portfolio = asked.scenario, asked.portfolio
    missing, has = 1, 0
    if goal.need is not None:
        need = tally(scenario, portfolio).needs[goal.need]
        has, missing = need.delivered - scenario.need(goal.need).delivered, need.open
    refused, probes = asked.about(goal.state)
    looker = _Looker(scenario, probes.narrow, portfolio, goal, has, missing, asked.settings)
    at_hand, traded = looker.at_hand(missing)
    against = looker.against() if at_hand < missing else _Against((), (), True)
    wanted = asked.ledger and at_hand < missing
    taken = SmallestChanges(probes, goal).ledger() if wanted else None
    return Shortfall(
        state=goal.state,
        need=goal.need,
        missing=missing,
        at_hand=at_hand,
        traded=traded,
        causes=against.causes,
        together=against.together,
        known=against.known,
        barred=tuple(barred(scenario, goal.need, refused[goal.need])) if goal.need is not None else (),
        remedies=() if taken is None else taken.remedies,
        insufficient=() if taken is None else taken.insufficient,
    )


@dataclass(frozen=True)
class _Against:
    """What stands against a goal."""

    causes: tuple[Cause, ...]
    together: tuple[Cause, ...]
    known: bool


_Key = tuple[tuple[str, str], ...]


def _key(stops: Sequence[BindingLimit]) -> _Key:
    return tuple((stop.code, stop.subject) for stop in stops)


class _Looker:
    """Looks for what stands against one goal."""

    def __init__(
        self,
        scenario: Scenario,
        narrow: Scenario,
        portfolio: Portfolio,
        goal: Goal,
        has: int,
        missing: int,
        settings: ExplanationSettings,
    ) -> None:
        self.scenario = scenario
        self.narrow = narrow  # as far as it matters to the State
        self.portfolio = portfolio
        self.goal = goal
        self.has = has  # within the horizon: the model knows of nothing else
        self.trifle = missing // settings.trifling_part
        self.settings = settings
        self._tried: dict[_Key, Found] = {}
        self._last: tuple[_Key, Setting, Found] | None = None
        """The last that was tried, whole: it may have to be held against the checker."""

    def at_hand(self, missing: int) -> tuple[int, tuple[FigureChange, ...]]:
        """Returns the units (or completions) that can be had beyond the portfolio as things are.

        And the objectives that are less good where they are had.
        """
        now, report = self._found(()), self._checked(())
        if self.goal.need is None:
            return (0, ()) if now.value is None else (1, self._traded(report))
        most = max((now.value or 0) - self.has, 0)
        if most < missing and (now.bound is None or now.bound >= self.has + missing):
            whole = Setting.of(self.narrow, self.portfolio, self.settings)
            reached = whole.least(self.goal)  # the search for the most may miss it
            other = whole.check(reached, self.scenario)
            if other is not None:
                return missing, self._traded(other)
        return most, self._traded(report) if most else ()

    def _traded(self, report: Report | None) -> tuple[FigureChange, ...]:
        """Objectives of the scenario that a plan is less good in than the portfolio."""
        if report is None:
            return ()
        before = verify(self.scenario, self.portfolio).figures
        worse = (
            name
            for name in dict.fromkeys(part.objective for goal in self.scenario.order() for part in goal.parts)
            if OBJECTIVES[name].sign * (report.figures[name] - before[name]) < 0
        )
        return tuple(
            FigureChange(subject=name, before=plain(before[name]), after=plain(report.figures[name])) for name in worse
        )

    def gain(self, stops: Sequence[BindingLimit], *, check: bool = False) -> int | None:
        """Units (or completions) beyond all that could be had as things are, that can be without some limits.

        0 only where it is proven that there are none; None if it is not known, as where it is not known
        what could be had as things are.
        """
        gained = self._gain(stops)
        if check and gained:
            self._checked(stops)
        return gained

    def _gain(self, stops: Sequence[BindingLimit]) -> int | None:
        now, found = self._found(()), self._found(stops)
        if self.goal.need is None:
            return 0 if found.impossible else None if found.value is None or not now.impossible else 1
        return None if now.bound is None else _beyond(found, self._now(now), now.bound, self.trifle)

    def _hope(self, stops: Sequence[BindingLimit]) -> int | None:
        """Whether the relaxation leaves hope that something can be without some limits (1), or none (0).

        None where it is not known what could be had as things are. Enough to tell which limits to try alone.
        """
        now = self._found(())
        if self.goal.need is None or now.bound is None:
            return self.gain(stops)
        if _key(stops) in self._tried:
            return self._gain(stops)
        setting = self._setting(stops)
        return 1 if setting is None or self._trifling(setting, stops) is None else 0

    def _now(self, now: Found) -> int:
        """What can be had as things are."""
        return max(now.value or 0, self.has)

    def _found(self, stops: Sequence[BindingLimit]) -> Found:
        """The best without some limits."""
        key = _key(stops)
        if key not in self._tried:
            setting = self._setting(stops)
            if setting is None:
                return Found(None, None)
            self._tried[key] = self._trifling(setting, stops) or self._solved(setting, key)
        return self._tried[key]

    def _setting(self, stops: Sequence[BindingLimit]) -> Setting | None:
        """The setting without some limits; None where what is raised for that is too large to be counted with."""
        try:
            return Setting.of(scenario_without(self.narrow, stops), self.portfolio, self.settings)
        except ModelTooLarge:
            return None

    def _trifling(self, setting: Setting, stops: Sequence[BindingLimit]) -> Found | None:
        """A bound by the relaxation where that shows already that there is nothing to speak of; else None."""
        if self.goal.need is None or not stops:
            return None
        bound = setting.at_most(self.goal)
        return None if bound is None or bound > self._now(self._found(())) + self.trifle else Found(None, bound)

    def _solved(self, setting: Setting, key: _Key) -> Found:
        found = setting.least(self.goal) if self.goal.need is None else setting.most(self.goal)
        self._last = key, setting, found
        return Found(found.value, found.bound, found.impossible)

    def _checked(self, stops: Sequence[BindingLimit]) -> Report | None:
        """What the checker says of the best without some limits: it is an answer, not a step on the way to one."""
        key = _key(stops)
        if self._last is None or self._last[0] != key:
            self._tried.pop(key, None)
            self._found(stops)
        assert self._last is not None
        _, setting, found = self._last
        return setting.check(found, scenario_without(self.scenario, stops))

    def against(self) -> _Against:
        """Returns what stands against the goal alone, most first; else a smallest set that does together."""
        stops = limits_against(self.scenario, self.goal)

        def hope(some: Sequence[BindingLimit]) -> int | None:
            return (
                self.gain(some, check=True)
                if len(some) == 1
                else self._hope(some)
                if len(some) <= self.settings.few_limits
                else self.gain(some)
            )

        found, known = sufficient_alone(stops, hope)
        if found:
            ordered = sorted(found, key=lambda each: (-each[1], each[0].code, each[0].subject))
            return _Against(tuple(self._cause(stop, gain) for stop, gain in ordered), (), known)
        whole = self.gain(stops)
        if not whole:
            return _Against((), (), known and whole is not None)
        kept, told = minimal_set(stops, lambda some: None if (gain := self.gain(some)) is None else gain > 0)
        gained = self.gain(kept, check=True) or 0
        return _Against((), tuple(self._cause(stop, gained) for stop in kept), known and told)

    def _cause(self, stop: BindingLimit, gain: int) -> Cause:
        return Cause(code=stop.code, subjects=(stop.subject,), gain=gain, users=tuple(self._users(stop)))

    def _users(self, stop: BindingLimit) -> list[str]:
        """Other States that use a limited budget or capacity, those that use most first."""
        if stop.code not in ("budget", "capacity"):
            return []
        placed = tally(self.scenario, self.portfolio).placed
        used = {state: given for (offer, state), given in placed.items() if offer == stop.subject}
        used.pop(self.goal.state, None)
        return sorted(used, key=lambda state: (-used[state], state))[: self.settings.most_users]


def _beyond(found: Found, has: int, most: int, trifle: int) -> int | None:
    """What is found beyond the most that there can be anyway; None where more may be possible but was not found.

    0 where it is no more than a trifle.

    Parameters
    ----------
    has, most
        What there can be anyway, and a bound on it.
    """
    if found.value is not None and found.value > max(most, has) + trifle:
        return found.value - max(most, has)
    return 0 if found.bound is not None and found.bound <= has + trifle else None
