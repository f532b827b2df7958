"""Which figures of a scenario are better explained by another unit than by themselves.

A figure is suspected where one of its comparisons is far from what is expected. For each unit it may
have been written in, all comparisons that it takes part in are then made again with the figure as it
would have been meant. How much more likely they become together (by a distribution with heavy tails,
so that one odd ratio convinces nobody) is the weight of evidence. The slip with the most weight is
taken first and what it explains is explained: a figure is not suspected because of another's slip.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from matcher.scenario.scenario import Scenario
from matcher.screening.unit_slips.figures import Amount, Entry, Figures, figures_of, total
from matcher.screening.unit_slips.units import Intent
from matcher.screening.unit_slips.whole_file import PRICES, WholeKind, whole_kinds
from matcher.screening.unit_slips.yardsticks import Comparison, comparisons_of

TOLD_EVIDENCE = 4.5
"""Natural logarithm of odds from which evidence is told: a slip that one figure in several hundred has."""
SUSPECTED_LOSS = 2.0
"""Loss of likelihood from which a comparison makes its figures suspected."""
TIGHT = frozenset({"own_years", "prices", "published_prices", "price_reference", "quantity_pace", "pace_bound"})
"""Comparisons that can speak for a factor of twelve: in all others, honest figures differ by as much."""
TAIL = 5.0
"""Degrees of freedom of Student's distribution: few, so that rare but honest figures are thought possible."""
UNDECIDED = 2.0
"""Evidence by which one slip must surpass another for the other not to be named beside it."""
MOST_SLIPS = 100
"""Slips told of one scenario: who has more has one and the same slip in all of them."""


@dataclass(frozen=True)
class Slip:
    """A figure, or several that belong together, that was probably written in another unit."""

    path: str
    """Keys that lead to the figure or field, joined by points."""
    found: tuple[Amount, ...]
    """What the scenario says: each figure, or of a whole kind the one in the middle."""
    intent: Intent
    """What was probably meant."""
    kind: str
    """Code of what it is compared with."""
    compared: Amount | None
    """The figure that it is compared with; None where only with a published range."""
    peers: int = 0
    """How many others it was compared with, where they are peers."""
    about: str | int = ""
    """What else the comparison is of: a capability, people who benefit, or the code of a published range."""
    capability: str = ""
    """For a whole kind, the capability that its figures are of, where they are not all at the path."""
    rival: str = ""
    """Path of another figure of which a slip would explain the same nearly as well, if there is one."""
    evidence: float = math.inf
    """Natural logarithm of the odds for a slip that the comparisons give; not measured for a whole kind."""


def find_slips(scenario: Scenario) -> tuple[Slip, ...]:
    """Returns the figures of a scenario that were probably written in another unit.

    Kinds of figures that are all in another unit come first, then single figures and fields by
    path. The scenario is only read.
    """
    figures = figures_of(scenario)
    whole = [_whole(each) for each in whole_kinds(figures)]
    judge = _Judge(figures, comparisons_of(figures))
    single = [slip for slip in judge.slips() if not _follows(slip, whole)]
    return (*whole, *sorted(single, key=lambda slip: slip.path))


def _whole(kind: WholeKind) -> Slip:
    return Slip(
        path=kind.path,
        found=(kind.middle.amount,),
        intent=kind.intent,
        kind=kind.kind,
        compared=kind.compared,
        about=kind.about,
        capability=kind.capability,
    )


def _follows(slip: Slip, whole: list[Slip]) -> bool:
    """Whether a reference price only disagrees with prices that are all said to be in another unit."""
    priced = {f"capabilities.{each.capability}.reference_price" for each in whole if each.path == PRICES}
    return slip.path in priced


@dataclass(frozen=True)
class _Suspicion:
    """A slip that would explain something."""

    evidence: float
    path: str
    figures: tuple[int, ...]
    intent: Intent

    @property
    def rank(self) -> tuple[float, int, str, str]:
        """Order in which slips are taken: most evidence, then fewest figures, then by name."""
        return (-self.evidence, len(self.figures), self.path, self.intent.code)


class _Judge:
    """The figures as far as they are understood, and how well they agree."""

    def __init__(self, figures: Figures, comparisons: list[Comparison]) -> None:
        self.figures, self.comparisons = figures, comparisons
        self.sizes = list(figures.sizes)
        self.of: dict[int, list[int]] = defaultdict(list)
        for at, each in enumerate(comparisons):
            for figure in {part for part, _ in each.top + each.bottom}:
                self.of[figure].append(at)
        self.tops = [[(at, float(weight)) for at, weight in each.top] for each in comparisons]
        self.bottoms = [[(at, float(weight)) for at, weight in each.bottom] for each in comparisons]
        self.losses = [self.loss(at, {}) for at in range(len(comparisons))]
        self.taken: set[int] = set()
        self.entry_of = {figure: entry for entry in figures.entries.values() for figure in entry.figures}

    def logarithm(self, at: int, meant: dict[int, float]) -> float:
        """Returns a comparison's decimal logarithm, with some figures as they were meant."""
        sums = [
            sum(meant.get(figure, self.sizes[figure]) * weight for figure, weight in parts) if parts else 1.0
            for parts in (self.tops[at], self.bottoms[at])
        ]
        return math.log10(sums[0]) - math.log10(sums[1])

    def loss(self, at: int, meant: dict[int, float]) -> float:
        """Returns how unlikely a comparison is: 0 where it is as expected."""
        each, log = self.comparisons[at], self.logarithm(at, meant)
        away = max(0.0, each.low - log, log - each.high) / each.scatter
        return (TAIL + 1) / 2 * math.log1p(away * away / TAIL)

    def slips(self) -> Iterable[Slip]:
        """Yields slips, those with the most evidence first; each is then taken as meant."""
        found: dict[str, list[_Suspicion]] = {}
        stale = set(self.entry_of[figure].path for figure in self.suspected(range(len(self.comparisons))))
        for _ in range(MOST_SLIPS):
            for path in stale:
                found[path] = list(self.suspicions(self.figures.entries[path]))
            best = min((each for some in found.values() for each in some), key=lambda each: each.rank, default=None)
            if best is None:
                return
            yield self.told(best, self.rival(best, found))
            touched = self.take(best)
            stale = {self.entry_of[part].path for at in touched for part, _ in self.tops[at] + self.bottoms[at]}
            stale &= found.keys() | {self.entry_of[figure].path for figure in self.suspected(touched)}

    def suspected(self, comparisons: Iterable[int]) -> set[int]:
        """Returns the figures of odd comparisons."""
        odd = [at for at in comparisons if self.losses[at] > SUSPECTED_LOSS]
        return {figure for at in odd for figure, _ in self.tops[at] + self.bottoms[at]}

    def suspicions(self, entry: Entry) -> Iterable[_Suspicion]:
        """Yields every slip that a field may have: of one year, or of all."""
        sets: list[tuple[str, tuple[int, ...]]] = [
            (self.figures.all[figure].path, (figure,)) for figure in entry.figures
        ]
        if len(entry.figures) > 1:
            sets.append((entry.path, entry.figures))
        offer = entry.path.rpartition(".")[0]
        least = self.figures.at(offer, "min_per_state")
        if entry.path.endswith((".amount", ".capacity")) and least.figures:
            sets.append((offer, entry.figures + least.figures))
        for path, figures in sets if entry.figures else ():
            for intent in self.figures.all[figures[0]].intents:
                evidence = 0.0 if self.taken & set(figures) else self.evidence(figures, intent)
                if evidence >= TOLD_EVIDENCE:
                    yield _Suspicion(evidence, path, figures, intent)

    def evidence(self, figures: tuple[int, ...], intent: Intent) -> float:
        """Returns how much likelier all comparisons become if the figures are taken as meant."""
        meant = {figure: self.sizes[figure] / float(intent.off) for figure in figures}
        touched = {at for figure in figures for at in self.of[figure]}
        gains = [(self.comparisons[at].kind in TIGHT, self.gain(at, meant)) for at in sorted(touched)]
        total = sum(gain for _, gain in gains) - intent.penalty
        if intent.small:
            sure = sum(gain if tight else min(gain, 0.0) for tight, gain in gains) - intent.penalty
            return total if sure >= TOLD_EVIDENCE else min(sure, total)
        return total

    def gain(self, at: int, meant: dict[int, float]) -> float:
        """Returns how much likelier a comparison becomes.

        What one part of a sum is compared with may be odd because of the very slip, in every comparison
        that shares the part: such a sum can speak for a slip in it, not against.
        """
        gain = self.losses[at] - self.loss(at, meant)
        shared = any(figure not in meant for figure, _ in self.bottoms[at])
        inside = any(figure in meant for figure, _ in self.bottoms[at])
        return max(gain, 0.0) if shared and inside else gain

    def take(self, best: _Suspicion) -> set[int]:
        """Takes figures as they were meant, and returns the comparisons that this touches."""
        for figure in best.figures:
            self.sizes[figure] /= float(best.intent.off)
        self.taken |= set(best.figures)
        touched = {at for figure in best.figures for at in self.of[figure]}
        for at in touched:
            self.losses[at] = self.loss(at, {})
        return touched

    def rival(self, best: _Suspicion, found: dict[str, list[_Suspicion]]) -> str:
        """Returns the path of another slip that would explain the same nearly as well; empty if none would."""
        touched = {at for figure in best.figures for at in self.of[figure]}
        others = {part for at in touched for part, _ in self.tops[at] + self.bottoms[at]} - set(best.figures)
        near = [
            each
            for path in {self.entry_of[figure].path for figure in others}
            for each in found.get(path, [])
            if each.evidence > best.evidence - UNDECIDED and not set(each.figures) & set(best.figures)
        ]
        return min(near, key=lambda each: each.rank).path if near else ""

    def told(self, best: _Suspicion, rival: str) -> Slip:
        """Returns a slip with the comparison that speaks for it most."""
        meant = {figure: self.sizes[figure] / float(best.intent.off) for figure in best.figures}
        touched = sorted({at for figure in best.figures for at in self.of[figure]})
        gains = {at: self.losses[at] - self.loss(at, meant) for at in touched}
        comparison = self.comparisons[max(touched, key=lambda at: gains[at])]
        mine = [part for part, _ in comparison.top if part in best.figures]
        other = (comparison.bottom if mine else comparison.top) or comparison.middle
        return Slip(
            path=best.path,
            found=tuple(self.figures.all[at].amount for at in best.figures),
            intent=best.intent,
            kind=comparison.kind,
            compared=total(self.figures, other) if other else None,
            peers=comparison.peers,
            about=comparison.about,
            rival=rival,
            evidence=best.evidence,
        )
