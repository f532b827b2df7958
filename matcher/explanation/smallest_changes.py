"""The smallest change of each kind by which a State completes or a need is met in full.

Amounts of an added offer are minimised outright; all others rise through the amounts worth trying, and
the least that is enough is found by halving: what is enough stays enough with more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from matcher.explanation.findings import KINDS, Change, ChangeKind, Goal, Remedy, Verdict
from matcher.explanation.halving import sufficient_alone
from matcher.explanation.raises import least_raise
from matcher.explanation.relaxations import Relaxation
from matcher.explanation.setting import Found
from matcher.explanation.trials import RelaxationTrials

PAIRED: tuple[ChangeKind, ...] = (
    "partners",
    "absorption",
    "share",
    "least_engagement",
    "deadline",
    "more_money",
    "more_work",
)
"""Kinds of which two are tried together where none alone is enough."""


@dataclass(frozen=True)
class Ledger:
    """What it would take to reach one goal."""

    remedies: tuple[Remedy, ...]
    insufficient: tuple[tuple[ChangeKind, Verdict], ...]


@dataclass(frozen=True)
class _Least:
    """The least amount of a lever that is enough."""

    verdict: Verdict
    amount: int = 0
    least: int = 0
    """No smaller amount is enough, proven."""


class SmallestChanges:
    """Looks for the smallest changes by which one State reaches a goal, others keeping what they have."""

    def __init__(self, probes: RelaxationTrials, goal: Goal) -> None:
        self.probes = probes
        self.goal = goal

    def ledger(self) -> Ledger:
        """Returns the smallest change of each kind that is enough alone; else the smallest pairs."""
        levers = self.probes.levers
        remedies: list[Remedy] = []
        verdicts: dict[ChangeKind, Verdict] = {}
        for kind in KINDS:
            of_kind = [lever for lever in levers if lever.kind == kind]
            hopeful, known = sufficient_alone(of_kind, self._enough)
            found = [(lever, least) for lever, _ in hopeful if (least := self.least(lever)).verdict == "found"]
            remedies += [self._remedy([(lever, least)], least.least) for lever, least in found]
            if of_kind:
                verdicts[kind] = "found" if found else "unknown" if hopeful or not known else "not_enough"
            if kind == "money" and (of_kind or self.probes.repayers):
                raises, verdicts["raise"] = self._raises([lever.subject for lever, _ in found], verdicts.get(kind))
                remedies += raises
        insufficient = tuple((kind, verdicts[kind]) for kind in KINDS if verdicts.get(kind, "found") != "found")
        return Ledger(tuple(sorted(remedies or self._pairs(levers), key=_effort)), insufficient)

    def _raises(self, granting: Sequence[str], of_grants: Verdict | None) -> tuple[list[Remedy], Verdict]:
        """Offers that are enough if they are larger themselves, and what is known of all others.

        Whatever a larger offer pays for, a further grant beside it could pay for: only offers of which such a
        grant is enough are asked, and those that repay what others advance, which no further grant does.
        """
        remedies: list[Remedy] = []
        verdict: Verdict = "unknown" if of_grants == "unknown" else "not_enough"
        for offer in dict.fromkeys([*granting, *self.probes.repayers]):
            probes = self.probes
            most = probes.most_raise(offer)
            found = least_raise(
                probes.scenario, probes.narrow, probes.portfolio, self.goal, offer, most, probes.settings
            )
            if isinstance(found, str):
                verdict = "unknown" if found == "unknown" else verdict
            elif any(found.by_year):
                more = Change(kind="raise", subject=offer, amount=sum(found.by_year), by_year=found.by_year)
                remedies.append(Remedy(changes=(more,), least=found.least))
        return remedies, "found" if remedies else verdict

    def _enough(self, levers: Sequence[Relaxation]) -> int | None:
        """1 if all there is of some levers is enough together, 0 if it is proven not to be."""
        if len(levers) == 1:
            return {"found": 1, "not_enough": 0, "unknown": None}[self.least(levers[0]).verdict]
        found = self.probes.fits(self.goal, [(lever, self.probes.all_of(lever)) for lever in levers])
        if found.impossible:  # fewer may still be enough, where all together limit one provider's share
            return 1 if self.probes.bring_share([(lever, self.probes.all_of(lever)) for lever in levers]) else 0
        return None if found.value is None else 1

    def least(self, lever: Relaxation, *others: tuple[Relaxation, int]) -> _Least:
        """Returns the least amount of a lever that is enough, beside other changes."""
        if lever.amounts is not None:
            return self._halved(lever, lever.amounts, others)
        changes = [(lever, self.probes.all_of(lever)), *others]
        found = self.probes.fits(self.goal, changes, lever)
        if found.impossible or found.value is None:
            return _Least("not_enough" if found.impossible else "unknown")
        bound = found.bound or 0  # tolerances may move it below nothing
        return _Least("found", found.value, min(max(bound, 0), found.value))

    def _halved(
        self, lever: Relaxation, amounts: tuple[int, ...], others: tuple[tuple[Relaxation, int], ...]
    ) -> _Least:
        """The first of rising amounts that is enough."""
        last = self._fits(lever, amounts[-1], others)
        sure = len(amounts) == 1 or not self.probes.bring_share([(lever, amounts[-1]), *others])
        if last.value is None:
            return _Least("not_enough" if last.impossible and sure else "unknown")
        low, high, proven = -1, len(amounts) - 1, -1
        while high - low > 1:
            middle = (low + high) // 2
            found = self._fits(lever, amounts[middle], others)
            if found.value is not None:
                high = middle
                continue
            low = middle
            proven = middle if found.impossible and sure else proven  # and with it all that is less
        return _Least("found", amounts[high], amounts[proven + 1])

    def _fits(self, lever: Relaxation, amount: int, others: tuple[tuple[Relaxation, int], ...]) -> Found:
        return self.probes.fits(self.goal, [(lever, amount), *others])

    def _pairs(self, levers: Sequence[Relaxation]) -> Iterator[Remedy]:
        """Two changes that are enough together: the least of the first with all of the second, then of the second."""
        paired = [lever for lever in levers if lever.kind in PAIRED]
        for first, second in combinations(paired, 2):
            one = self.least(first, (second, self.probes.all_of(second)))
            if one.verdict != "found" or not one.amount:
                continue
            other = self.least(second, (first, one.amount))
            if other.verdict == "found" and other.amount:
                least = one.least if other.least == other.amount else 0
                yield self._remedy([(first, one), (second, other)], least)

    def _remedy(self, parts: Sequence[tuple[Relaxation, _Least]], least: int) -> Remedy:
        """A remedy whose portfolio the checker has accepted in the scenario with just these changes."""
        told = [(lever, part.amount) for lever, part in parts]
        last = parts[-1][0]
        if last.amounts is None:
            self.probes.confirm(self.goal, [*told[:-1], (last, self.probes.all_of(last))], last, told)
        else:
            self.probes.confirm(self.goal, told, None, told)
        return Remedy(changes=tuple(_change(lever, amount) for lever, amount in told), least=least)


def _change(lever: Relaxation, amount: int) -> Change:
    return Change(kind=lever.kind, subject=lever.subject, field=lever.field, amount=amount)


def _effort(remedy: Remedy) -> tuple[object, ...]:
    """Single changes first, then by who has to agree, then by amount and name."""
    kinds = [KINDS.index(change.kind) for change in remedy.changes]
    amounts = [(change.amount, change.subject, change.field) for change in remedy.changes]
    return (len(kinds), kinds, amounts)
