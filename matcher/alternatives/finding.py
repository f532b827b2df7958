"""Finds the alternatives to a portfolio, and what they have in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from matcher.alternatives.findings import Alternative, Alternatives, Bound, Pair, Unused, Why, Witness
from matcher.alternatives.necessity import Asked, Trial, try_without
from matcher.alternatives.pairs import PairKey, eligible_pairs, pairs_of, reuse
from matcher.alternatives.search import least_reuse
from matcher.alternatives.tolerances import Allowed, Ground, allowed_by, ground_of, judged
from matcher.decomposition.search import Meter
from matcher.errors import InvalidOptions
from matcher.execution import Executor, Serial
from matcher.formulations.compact import formulate_compact
from matcher.merging import Merged, merge
from matcher.portfolio import Engagement, Flow, Portfolio
from matcher.result import Figure, scenario_hash
from matcher.scenario import Scenario
from matcher.solving import WHOLE_COLUMNS, WHOLE_STATES
from matcher.units import decimal_text, plain
from matcher.verification import verify

TRIAL_SHARE = 0.4
"""Share of the work that is kept for trying to do without the pairs that all alternatives have."""


@dataclass(frozen=True)
class _Found:
    """A portfolio of the original scenario within the tolerances."""

    portfolio: Portfolio
    figures: Mapping[str, Fraction]
    pairs: frozenset[PairKey]


@dataclass
class _Run:
    """What has been found so far."""

    merged: Merged
    given: Portfolio
    """The given portfolio, of the smaller scenario."""
    allowed: tuple[Allowed, ...]
    ground: Ground
    together: bool
    found: list[_Found]
    trials: list[Trial] = field(default_factory=list)

    @property
    def shared(self) -> list[PairKey]:
        """Pairs that all have, sorted."""
        return sorted(frozenset.intersection(*(each.pairs for each in self.found)))

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
    work: int = 60,
    executor: Executor | None = None,
) -> Alternatives:
    """Returns portfolios about as good as a given one, and as different from it and each other as can be found.

    Modelling to generate alternatives: hop, skip and jump (Brill, Chang and Hopkins, 1982; DeCarolis,
    2011). Each step holds every objective within the tolerance of the given portfolio's figure and seeks
    to use again as little as possible of what those before used. Then each pair of partners that all of
    them have is forbidden in turn, and what it concerns solved again: either a portfolio without it is
    found, or it is proven that there is none, or neither. Where too few were found, portfolios found so
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
        Deterministic work allowed in all, about seconds of one core.
    executor
        Where States and trials are solved; none is in this process. The result does not depend on it.

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
    run = _begun(scenario, portfolio, report.figures, tolerance, executor or Serial())
    meter = Meter(work * (1 - TRIAL_SHARE))
    _hop(run, count, meter)
    trying = Meter(work - min(meter.used, meter.budget))
    _try(run, count, trying)
    why: Why = "none_found"
    if len(run.found) > count:
        why = "reached"
    elif meter.empty or trying.empty:
        why = "work"
    return _told(run, count, tolerance, why)


def _begun(
    scenario: Scenario, portfolio: Portfolio, figures: Mapping[str, Fraction], tolerance: Decimal, executor: Executor
) -> _Run:
    merged = merge(scenario)
    given = merged.join(portfolio)
    compact = formulate_compact(merged.scenario)
    allowed = allowed_by(scenario, figures, tolerance)
    ground = ground_of(compact, given, allowed, executor, "given")
    together = len(ground.states) <= WHOLE_STATES and compact.columns.count <= WHOLE_COLUMNS
    return _Run(merged, given, allowed, ground, together, [_Found(portfolio, figures, pairs_of(scenario, portfolio))])


def _hop(run: _Run, count: int, meter: Meter) -> None:
    """Adds alternatives one by one, until there are enough, or no new one is found, or the work is used up."""
    for step in range(count):
        if meter.empty:
            return
        uses = Counter(pair for each in run.found for pair in each.pairs)
        own = Meter((meter.budget - meter.used) / (count - step))
        plan = least_reuse(run.ground, reuse(run.ground.task.columns, uses), own, together=run.together)
        meter.used += own.used
        found = judged(run.merged, run.allowed, run.ground.portfolio(plan))
        if found is None or not run.add(*found):
            return


def _try(run: _Run, count: int, meter: Meter) -> None:
    """Tries to do without each pair that all have; what is found fills up the alternatives, in the order of pairs."""
    asked = Asked(run.merged, run.given, run.allowed, run.together)
    columns = run.ground.task.columns
    place = {state.id: at for at, state in enumerate(columns.scenario.states)}
    tried = []
    for pair in run.shared:
        if meter.empty:
            break
        meter.spend(columns.count if run.together else len(columns.of_state(place[pair[0]])))
        tried.append(pair)
    executor = run.ground.task.executor
    run.trials = executor.map(try_without, tried, shared=executor.share(asked))
    for trial in run.trials:
        if len(run.found) <= count and trial.without is not None and trial.figures is not None:
            run.add(trial.without, trial.figures)


def _told(run: _Run, count: int, tolerance: Decimal, why: Why) -> Alternatives:
    scenario = run.merged.original
    shared = set(run.shared)
    witnesses = {
        trial.pair: _witness(run, trial.without, trial.figures)
        for trial in run.trials
        if trial.pair in shared and trial.without is not None and trial.figures is not None
    }
    listed = {each.digest: each for each in witnesses.values()}
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
        pairs=tuple(_pairs(run, witnesses)),
        witnesses=tuple(listed.values()),
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


def _pairs(run: _Run, witnesses: Mapping[PairKey, Witness]) -> Iterator[Pair]:
    """Yields each pair that some portfolio uses, with what is known of it."""
    uses = Counter(pair for each in run.found for pair in each.pairs)
    needed = {trial.pair: trial.needed for trial in run.trials}
    for pair, used in sorted(uses.items()):
        state, payer, worker = pair
        witness = witnesses.get(pair)
        sure = used == len(run.found) and witness is None
        yield Pair(
            state=state,
            financier=payer or None,
            implementer=worker,
            used=used,
            share=f"{used}/{len(run.found)}",
            verdict="no_regret" if sure else "contested",
            needed=needed.get(pair, "unknown") if sure else None,
            witness=None if witness is None else witness.digest,
        )


def _witness(run: _Run, portfolio: Portfolio, figures: Mapping[str, Fraction]) -> Witness:
    """What a portfolio has other than the given one, State by State."""
    scenario = run.merged.original
    ours, theirs = (_by_state(scenario, each) for each in (run.found[0].portfolio, portfolio))
    states = tuple(state.id for state in scenario.states if ours[state.id] != theirs[state.id])
    return Witness(
        digest=portfolio.digest,
        figures=_figures(figures),
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
    used = frozenset[PairKey]().union(*(each.pairs for each in run.found))
    count = Counter(pair[0] for pair in eligible_pairs(run.ground.task.columns) - used)
    for state in run.merged.original.states:
        if count[state.id]:
            yield Unused(state=state.id, pairs=count[state.id])
