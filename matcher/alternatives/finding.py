"""Finds the alternatives to a portfolio, and what they have in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from matcher.alternatives.findings import (
    Alternative,
    Alternatives,
    Bound,
    Needed,
    Pair,
    Partner,
    Role,
    Unused,
    Why,
    Witness,
)
from matcher.alternatives.necessity import Asked, try_without
from matcher.alternatives.pairs import ANY, Key, eligible_pairs, pairs_of, reuse, ties_of
from matcher.alternatives.search import least_reuse
from matcher.alternatives.settings import DEFAULT_ALTERNATIVE_SETTINGS, AlternativeSettings
from matcher.alternatives.tolerances import Allowed, ToleranceModel, allowed_by, checked_alternative, ground_of
from matcher.errors import InvalidOptions
from matcher.execution import Executor, Serial
from matcher.formulation.formulate import formulate
from matcher.formulation.need_aggregation import Merged, merge
from matcher.formulation.objectives import waiting_floor
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import Figure, scenario_hash
from matcher.scenario import Scenario
from matcher.solvers.effort import WorkBudget
from matcher.units import decimal_text, plain
from matcher.verification import verify


@dataclass(frozen=True)
class _Found:
    """A portfolio of the original scenario within the tolerances."""

    portfolio: Portfolio
    figures: Mapping[str, Fraction]
    pairs: frozenset[Key]


@dataclass
class _Run:
    """What has been found so far."""

    merged: Merged
    given: Portfolio
    """The given portfolio, of the smaller scenario."""
    allowed: tuple[Allowed, ...]
    ground: ToleranceModel
    together: bool
    found: list[_Found]
    settings: AlternativeSettings
    needed: dict[Key, Needed] = field(default_factory=dict)
    """What is known of those that were tried."""
    further: list[_Found] = field(default_factory=list)
    """Portfolios that are found beyond those asked for."""

    def budget(self, work: float) -> WorkBudget:
        """Returns a budget of so much work, none of it used."""
        return WorkBudget(work)

    def shared(self) -> frozenset[Key]:
        """Returns the pairs and partners that all portfolios have, those found beyond the asked ones as well."""
        return frozenset.intersection(*(ties_of(each.pairs) for each in (*self.found, *self.further)))

    def add(self, portfolio: Portfolio, figures: Mapping[str, Fraction]) -> bool:
        """Takes a portfolio in if no other has the same pairs."""
        pairs = pairs_of(self.merged.original, portfolio)
        new = all(pairs != each.pairs for each in self.found)
        if new:
            self.found.append(_Found(portfolio, figures, pairs))
        return new


def find_alternatives(
    scenario: Scenario,
    portfolio: Portfolio,
    *,
    count: int = 5,
    tolerance: Decimal = Decimal("0.01"),
    work: int = 180,
    executor: Executor | None = None,
    settings: AlternativeSettings = DEFAULT_ALTERNATIVE_SETTINGS,
) -> Alternatives:
    """Returns portfolios about as good as a given one, and as different from it and each other as can be found.

    Modelling to generate alternatives: hop, skip and jump (Brill, Chang and Hopkins, 1982; DeCarolis,
    2011). Each step holds every objective within the tolerance of the given portfolio's figure and seeks
    to use again as little as possible of what those before used. Then each pair of partners that all of
    them have is forbidden in turn, and each partner, and what it concerns solved again: either a portfolio
    without it is found, or it is proven that there is none, or neither. Where too few were found, portfolios found so
    count as alternatives.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario.
    count
        Alternatives sought beside the given portfolio, which is listed first.
    tolerance
        Share, between 0 and 1, of its figure by which each objective may be worse: those that speak of
        results, and those that seek few engagements, low cost or few changes as well. Where objectives are
        weighed, it is their sum that may be.
    work
        Deterministic work allowed in all, about seconds of one core: enough for five of a world of thirty States.
    executor
        Where States and trials are solved; none is in this process. The result does not depend on it.
    settings
        What the search is tuned by, for whoever studies it.

    Raises
    ------
    InvalidOptions
        if count, tolerance or work is out of range, or the portfolio is not a valid one of the scenario.
    VerificationFailed
        if the checker refuses an alternative: an error of the engine, never of the input.
    """
    if count < 1 or work < 1 or not 0 <= tolerance <= 1:
        raise InvalidOptions(f"count {count}, work {work} and tolerance {tolerance}: 1 or more, and 0 to 1, are wanted")
    report = verify(scenario, portfolio)
    if not report.ok:
        raise InvalidOptions(f"the portfolio is not valid for this scenario: {report.violations[0].detail}")
    run = _begun(scenario, portfolio, report.figures, tolerance, executor or Serial(), settings)
    meter = run.budget(work * (1 - settings.trial_share))
    _hop(run, count, meter)
    trying = run.budget(work - min(meter.used, meter.budget))
    _try(run, count, trying)
    why: Why = "none_found"
    if len(run.found) > count:
        why = "reached"
    elif meter.empty or trying.empty:
        why = "work"
    return _told(run, count, tolerance, why)


def _begun(
    scenario: Scenario,
    portfolio: Portfolio,
    figures: Mapping[str, Fraction],
    tolerance: Decimal,
    executor: Executor,
    settings: AlternativeSettings,
) -> _Run:
    merged = merge(scenario)
    given = merged.join(portfolio)
    formulation = formulate(merged.scenario)
    floor = waiting_floor(formulation.columns) if "waiting" in scenario.sought else Fraction(0)
    allowed = allowed_by(scenario, figures, tolerance, floor)
    ground = ground_of(formulation, given, allowed, executor, "given", settings.engine)
    together = settings.engine.method.takes_one_model(formulation.columns.count)
    found = [_Found(portfolio, figures, pairs_of(scenario, portfolio))]
    return _Run(merged, given, allowed, ground, together, found, settings)


def _hop(run: _Run, count: int, meter: WorkBudget) -> None:
    """Adds alternatives one by one, until there are enough, or no new one is found, or the work is used up."""
    starts = [run.ground.plan]
    for step in range(count):
        if meter.empty:
            return
        uses = Counter(pair for each in run.found for pair in each.pairs)
        own = run.budget((meter.budget - meter.used) / (count - step))
        objective = reuse(run.ground.task.columns, uses)
        start = min(starts, key=lambda each: objective.value(each.point))  # the first of several
        plan = least_reuse(run.ground, start, objective, own, together=run.together, sweeps=run.settings.sweeps)
        meter.used += own.used
        found = checked_alternative(run.merged, run.allowed, run.ground.portfolio(plan))
        if found is None or not run.add(*found):
            return
        starts.append(plan)


def _try(run: _Run, count: int, meter: WorkBudget) -> None:
    """Tries to do without what all have: each pair, then each partner that no pair is known to need."""
    _try_each(run, count, meter, sorted(key for key in run.shared() if ANY not in key))
    for state, payer, worker in sorted(run.shared()):
        known = run.needed.get((state, payer, worker))
        if known is not None:
            run.needed |= {key: known for key in ties_of([(state, payer, worker)]) if key not in run.needed}
    _try_each(run, count, meter, sorted(key for key in run.shared() if ANY in key and not _proven(run, key)))


def _proven(run: _Run, key: Key) -> bool:
    return run.needed.get(key, "unknown") != "unknown"


def _try_each(run: _Run, count: int, meter: WorkBudget, keys: Sequence[Key]) -> None:
    """Tries to do without each of some pairs or partners; what is found fills up the alternatives, in their order."""
    columns, executor = run.ground.task.columns, run.ground.task.executor
    place = columns.scenario.index.states
    tried = []
    for key in keys:
        if meter.empty:
            break
        size = columns.count if run.together else len(columns.of_state(place[key[0]]))
        meter.spend(run.settings.trial_cost(size))
        tried.append(key)
    asked = executor.share(Asked(run.merged, run.given, run.allowed, run.together, run.settings))
    for trial in executor.map(try_without, tried, shared=asked):
        if trial.without is None or trial.figures is None:
            run.needed[trial.key] = trial.needed
        elif len(run.found) > count or not run.add(trial.without, trial.figures):
            run.further.append(_Found(trial.without, trial.figures, pairs_of(run.merged.original, trial.without)))


def _told(run: _Run, count: int, tolerance: Decimal, why: Why) -> Alternatives:
    scenario = run.merged.original
    teller = _Teller(run)
    pairs, partners = tuple(teller.pairs()), tuple(teller.partners())
    named = {each.witness for each in (*pairs, *partners)}
    witnesses = {each.portfolio.digest: each for each in run.further if each.portfolio.digest in named}
    return Alternatives(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        count_asked=count,
        tolerance=tolerance,
        bounds=tuple(
            Bound(
                objective=each.objective,
                sense="max" if each.maximise else "min",
                given=plain(each.given),
                limit=plain(each.limit),
            )
            for each in run.allowed
        ),
        why=why,
        portfolios=tuple(_alternatives(run.found)),
        pairs=pairs,
        partners=partners,
        witnesses=tuple(_witness(run, each) for each in witnesses.values()),
        unused=tuple(_unused(run)),
    )


def _figures(figures: Mapping[str, Fraction]) -> tuple[Figure, ...]:
    return tuple(Figure(objective=k, exact=plain(v), value=decimal_text(v)) for k, v in figures.items())


def _alternatives(found: Sequence[_Found]) -> Iterator[Alternative]:
    for at, each in enumerate(found):
        apart = [len(each.pairs ^ other.pairs) for other in found[:at]]
        yield Alternative(
            digest=each.portfolio.digest,
            figures=_figures(each.figures),
            pairs=len(each.pairs),
            from_first=apart[0] if apart else 0,
            from_nearest=min(apart, default=0),
            portfolio=each.portfolio,
        )


class _Teller:
    """Says of pairs and partners how many portfolios have them, and what is known of their need."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._uses = Counter(key for each in run.found for key in ties_of(each.pairs))
        self._further = [(each.portfolio.digest, ties_of(each.pairs)) for each in run.further]

    def pairs(self) -> Iterator[Pair]:
        """Yields each pair that some portfolio uses."""
        for key in sorted(self._uses):
            if ANY not in key:
                yield Pair(**self._standing(key), financier=key[1] or None, implementer=key[2])

    def partners(self) -> Iterator[Partner]:
        """Yields each partner that some portfolio has."""
        roles: tuple[tuple[Role, int], ...] = (("pays", 1), ("works", 2))
        for role, at in roles:
            for key in sorted(self._uses):
                if key[3 - at] == ANY:
                    yield Partner(**self._standing(key), provider=key[at], role=role)

    def _standing(self, key: Key) -> dict[str, Any]:
        used, listed = self._uses[key], len(self._run.found)
        without = (digest for digest, ties in self._further if key not in ties)
        witness = next(without, None) if used == listed else None
        sure = used == listed and witness is None
        return {
            "state": key[0],
            "used": used,
            "share": f"{used}/{listed}",
            "verdict": "no_regret" if sure else "contested",
            "needed": self._run.needed.get(key, "unknown") if sure else None,
            "witness": witness,
        }


def _witness(run: _Run, found: _Found) -> Witness:
    """What a portfolio has other than the given one, State by State."""
    scenario, portfolio = run.merged.original, found.portfolio
    ours, theirs = (_by_state(scenario, each) for each in (run.found[0].portfolio, portfolio))
    states = tuple(state.id for state in scenario.states if ours[state.id] != theirs[state.id])
    return Witness(
        digest=portfolio.digest,
        figures=_figures(found.figures),
        states=states,
        flows=tuple(flow for state in states for flow in theirs[state][0]),
        engagements=tuple(each for state in states for each in theirs[state][1]),
    )


_Part = tuple[list[Flow], list[Engagement]]


def _by_state(scenario: Scenario, portfolio: Portfolio) -> dict[str, _Part]:
    found: dict[str, _Part] = defaultdict(lambda: ([], []))
    for flow in portfolio.flows:
        found[scenario.need(flow.need).state][0].append(flow)
    for each in portfolio.engagements:
        found[each.state][1].append(each)
    return found


def replaced(scenario: Scenario, portfolio: Portfolio, witness: Witness) -> Portfolio:
    """Returns the whole portfolio of a witness, from the given one."""
    changed = set(witness.states)
    kept = (flow for flow in portfolio.flows if scenario.need(flow.need).state not in changed)
    others = (each for each in portfolio.engagements if each.state not in changed)
    return Portfolio(
        scenario=portfolio.scenario,
        scenario_hash=portfolio.scenario_hash,
        flows=(*kept, *witness.flows),
        engagements=(*others, *witness.engagements),
    )


def _unused(run: _Run) -> Iterator[Unused]:
    """Yields how many eligible pairs of each State no portfolio uses."""
    used = frozenset[Key]().union(*(each.pairs for each in run.found))
    count = Counter(pair[0] for pair in eligible_pairs(run.ground.task.columns) - used)
    for state in run.merged.original.states:
        if count[state.id]:
            yield Unused(state=state.id, pairs=count[state.id])
