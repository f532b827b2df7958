"""Which States to free together: those with most to win, and their rivals for the same offers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import inf
from random import Random

import numpy as np

from matcher.engine.problem import ObjectiveProblem
from matcher.engine.settings import NeighbourhoodSettings
from matcher.formulation.plans import Plan
from matcher.solvers.linear_model import Floats


class Groups:
    """Draws rounds of disjoint groups of States by a fixed seed: likelier the more a State could win.

    Groups grow while they win nothing. Settled ones, in which who is engaged where stays, begin large and shrink.
    """

    def __init__(self, task: ObjectiveProblem, *, settled: bool = False) -> None:
        self._task = task
        self._settings = task.settings.neighbourhoods
        columns = task.columns
        self.active = sorted(set(columns.state[: columns.works].tolist()))
        self._rivalry = _rivalry(task)
        self._round = max(self._settings.least_groups, len(self.active) // self._settings.states_per_group)
        self._crowded = self._round == self._settings.least_groups
        """Whether States are so few that rivals are freed side by side: order then matters more than conflicts."""
        self._random = Random(0)
        self.settled = settled
        """Whether who is engaged where stays: what is given is shared out anew."""
        most = self._settings.settled_states if settled else self._settings.most_states
        self._largest = min(most, len(self.active))
        self._size = self._largest if settled else min(2, self._largest)
        self._barren = 0
        self._rounds = 0
        self.regret: Floats = np.zeros(len(task.formulation.scenario.states))

    @property
    def more(self) -> bool:
        """Whether there are still groups worth a try."""
        if self.settled:
            return bool(self.active) and self._barren < self._settings.settled_patience
        return bool(self.active) and not (self._size == self._largest and self._barren > 2 * len(self.active))

    @property
    def thorough(self) -> bool:
        """Whether to search the next groups in full: every other round, and once quick searches find nothing."""
        if self.settled:
            return True
        return self._rounds % 2 == 0 or self._barren > len(self.active) or self._size >= len(self.active)

    def alone(self, plan: Plan) -> list[list[frozenset[int]]]:
        """Returns rounds of single States, those with most to win (then the least served) first.

        With many States, those further behind come forward into a round whose States share no offer with them.
        """
        columns = self._task.columns
        served = np.zeros(len(self._task.formulation.scenario.states))
        wanted = columns.flow_need[: columns.works]
        share = plan.point[: columns.works] / columns.payments.demand[wanted]
        np.add.at(served, columns.state[: columns.works], share)
        order = sorted(self.active, key=lambda state: (-self.regret[state], served[state], state))
        return [[frozenset({state}) for state in each] for each in self._apart(order)]

    def _apart(self, order: list[int]) -> Iterator[list[int]]:
        """Yields rounds of States, in order but for those that do not yet fit beside their rivals."""
        waiting = np.array(order, np.int64)
        while len(waiting):
            chosen: list[int] = []
            apart = np.ones(len(waiting), np.bool_)
            for at, state in enumerate(waiting.tolist()):
                if apart[at]:
                    chosen.append(state)
                    apart &= self._crowded | (self._rivalry[state, waiting] == 0)
                    if len(chosen) == self._round:
                        break
            missing = max(self._settings.least_groups - len(chosen), 0)
            chosen += waiting[~np.isin(waiting, chosen)].tolist()[:missing]
            waiting = waiting[~np.isin(waiting, chosen)]
            yield chosen

    def draw(self, first: int | None = None) -> list[frozenset[int]]:
        """Returns the next round; its first group starts with a State where one is given."""
        self._rounds += 1
        free = set(self.active)
        found = []
        for at in range(self._round):
            if not free:
                break
            apart = [] if self._crowded else self._apart_from(set(self.active) - free, sorted(free))
            apart = apart or sorted(free)
            start = first if at == 0 and first is not None else self._choose(apart)
            group = {start}
            free.discard(start)
            while len(group) < self._size and free:
                rival = self._rival(group, sorted(free))
                group.add(rival)
                free.discard(rival)
            found.append(frozenset(group))
        return found

    def _apart_from(self, chosen: set[int], states: list[int]) -> list[int]:
        """Those of some States that share no offer with the chosen ones."""
        shared = self._rivalry[np.ix_(sorted(chosen), states)].sum(axis=0)
        return [state for state, offers in zip(states, shared.tolist(), strict=True) if not offers]

    def _choose(self, states: list[int]) -> int:
        weight = self.regret[states]
        weight = weight + max(float(weight.mean()), 1e-9) / 4
        return self._random.choices(states, weight.tolist())[0]

    def _rival(self, group: set[int], states: list[int]) -> int:
        """A State that shares offers with the group, likelier the more it shares."""
        weight = 1.0 + self._rivalry[np.ix_(sorted(group), states)].sum(axis=0)
        return self._random.choices(states, weight.tolist())[0]

    def tell(self, won: list[bool]) -> None:
        """Learns which groups made things better."""
        for each in won:
            self._barren = 0 if each else self._barren + 1
        if self.settled:
            step = Fraction(3, 2) if all(won) else Fraction(1) if any(won) else Fraction(2, 3)
            self._size = max(min(int(self._size * step), self._largest), min(2, self._largest))
        elif self._barren > 2 * len(self.active) and self._size < self._largest:
            self._size, self._barren = self._size + 1, 0

    def try_again(self) -> None:
        """Lets one more round be drawn, though the last ones won nothing: others have moved something since."""
        self._barren = min(self._barren, self._settings.settled_patience - 1)


class Kinds:
    """Two kinds of groups in turn: the one that has won more for its work, and in one round of a few the other."""

    def __init__(self, settings: NeighbourhoodSettings, groups: Groups, settled: Groups | None) -> None:
        self._settings = settings
        self._kinds = (groups,) if settled is None else (groups, settled)
        self._gained = [(0.0, 0.0) for _ in self._kinds]
        """Gain and work of each kind's rounds, the latest counting most."""
        self._drawn = 0

    def next(self) -> Groups | None:
        """Returns what the next round is drawn from; None where no kind has more."""
        self._drawn += 1
        rates = [gain / work if work else inf for gain, work in self._gained]
        order = sorted(range(len(rates)), key=lambda at: (-rates[at], -at))
        if self._drawn % self._settings.other_kind == 0:
            order.reverse()
        return next((self._kinds[at] for at in order if self._kinds[at].more), None)

    def tell(self, groups: Groups, won: list[bool], gain: float, work: float) -> None:
        """Learns what a round of one kind has won, for how much work."""
        groups.tell(won)
        at = self._kinds.index(groups)
        gained, spent = (each * self._settings.remembered for each in self._gained[at])
        self._gained[at] = gained + gain, spent + work
        if any(won):
            for other in self._kinds:
                if other is not groups and other.settled:
                    other.try_again()


def _rivalry(task: ObjectiveProblem) -> Floats:
    """Number of offers that each two States share; shape (States, States)."""
    relations = task.columns.relations
    uses = np.zeros((len(task.formulation.scenario.offers), len(task.formulation.scenario.states)), np.float32)
    uses[relations.offer, relations.state] = 1
    shared = uses[uses.sum(axis=1) > 1]
    return np.asarray(shared.T @ shared, np.float64)
