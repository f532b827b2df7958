"""The path formulation in CP-SAT: whole granules, whole dollars, every rule exact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from math import floor, lcm

from ortools.sat.python import cp_model

from benchmarks.outcome import GAP, Dimensions, Trajectory
from benchmarks.peers.path_data import Key, PathData, read_paths, with_all_rules
from matcher import Engagement, Flow, OptionSet, Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import FundingOffer, Years

Terms = Iterable[tuple[cp_model.IntVar, Fraction | int]]
SCALE = 10**9
"""Steps in a unit of the objective, which CP-SAT wants whole too."""


def build(options: OptionSet) -> CpSatPath:
    """Builds the path formulation of a scenario's options."""
    return with_all_rules(CpSatPath(read_paths(options)))


class CpSatPath:
    """A CP-SAT model that is built rule by rule."""

    def __init__(self, data: PathData) -> None:
        self.data = data
        self.model = cp_model.CpModel()
        self.nonzeros = 0
        self.x = [self.model.new_int_var(0, data.most(flow), f"x{flow}") for flow in range(len(data.flows))]
        self.y = {key: self.model.new_bool_var(f"y{at}") for at, key in enumerate(data.engaging)}
        self.e = {state: self.model.new_bool_var(f"e_{state}") for state in data.completing()}
        self.u = {need.id: self.model.new_bool_var(f"u_{need.id}") for need in data.scenario.needs if need.indivisible}
        self.found: list[int] = []
        """Granules of each flow in the best portfolio, once solved."""
        self.engaged: list[Key] = []
        """Engagements of the best portfolio, once solved."""

    def row(self, *parts: Terms, most: Fraction | int, equal: bool = False) -> None:
        """Adds a row of at most (or exactly) so much, multiplied until all is whole."""
        variables, factors = [], []
        for variable, factor in chain(*parts):
            variables.append(variable)
            factors.append(Fraction(factor))
        scale = lcm(*(each.denominator for each in (*factors, Fraction(most))))
        total = cp_model.LinearExpr.weighted_sum(variables, [int(each * scale) for each in factors])
        right = int(Fraction(most) * scale)
        self.model.add(total == right if equal else total <= right)
        self.nonzeros += len(variables)

    def money(self, flows: Sequence[int], factor: Fraction | int = 1) -> Terms:
        """Returns the terms of dollars that flow."""
        return [(self.x[flow], factor * self.data.price[flow]) for flow in flows]

    def work(self, flows: Sequence[int], factor: Fraction | int = 1) -> Terms:
        """Returns the terms of granules that flow."""
        return [(self.x[flow], factor) for flow in flows]

    def add_objective(self) -> None:
        """Completions and coverage, weighted, in whole steps."""
        worth = {need: round(each * SCALE) for need, each in self.data.worth().items()}
        factors = [worth[self.data.options[at].need] for at, _ in self.data.flows]
        completing = self.data.completing()
        factors += [round(value * SCALE) for value, _ in completing.values()]
        variables = self.x + [self.e[state] for state in completing]
        self.model.maximize(cp_model.LinearExpr.weighted_sum(variables, factors))

    def add_budgets(self) -> None:
        """Rule 1: budgets with carry-over and repayments."""
        data = self.data
        due = {offer.id: self._due(offer) for offer in data.lenders()}
        for offer in data.payers():
            gamma, carried = Fraction(offer.carry_over), None
            for year in data.scenario.years:
                used = list(self.money(data.paid_by.get((offer.id, year), [])))
                for lender in data.lenders():
                    terms = lender.repayment
                    if terms and terms.offer == offer.id and year - terms.after in due[lender.id]:
                        used.append((due[lender.id][year - terms.after], 1))
                free = data.scenario.money_at(offer, year)
                if carried is not None:
                    used.append((carried, -1))
                self.row(used, most=free)
                if gamma and year < data.scenario.years[-1]:
                    carried = self.model.new_int_var(0, floor(gamma * data.available(offer, year)), "c")
                    self.row([(x, gamma * factor) for x, factor in used], [(carried, 1)], most=gamma * free)

    def _due(self, lender: FundingOffer) -> dict[int, cp_model.IntVar]:
        """Repayments by the year of the payment, rounded up to a dollar."""
        found = {}
        terms = lender.repayment
        assert terms is not None
        for year in self.data.scenario.years:
            flows = self.data.paid_by.get((lender.id, year))
            if flows:
                part = 1 + Fraction(terms.premium)
                most = floor(part * self.data.available(lender, year)) + 1
                found[year] = self.model.new_int_var(0, most, "due")
                self.row(self.money(flows, part), [(found[year], -1)], most=0)
        return found

    def add_capacities(self) -> None:
        """Rule 2: capacities."""
        for (key, year), flows in self.data.done_by.items():
            offer = self.data.scenario.offer(key)
            assert not isinstance(offer, FundingOffer)
            self.row(self.work(flows), most=self.data.scenario.capacity_at(offer, year))

    def add_needs(self) -> None:
        """Rule 3: needs, over all years and in each."""
        data = self.data
        for need in data.scenario.needs:
            flows, most = data.of_need.get(need.id, []), data.demand[need.id]
            if need.id in self.u:
                self.row(self.work(flows), [(self.u[need.id], -most)], most=0, equal=True)
            else:
                self.row(self.work(flows), most=most)
            if need.max_per_year is not None:
                yearly = need.max_per_year // data.scenario.capability(need.capability).granule
                for year in data.scenario.years:
                    self.row(self.work(data.of_need_year.get((need.id, year), [])), most=yearly)

    def add_absorption(self) -> None:
        """Rule 4: external money that a State can absorb."""
        for (state, year), flows in self.data.external.items():
            limit = self.data.scenario.state(state).absorption
            if limit is not None:
                self.row(self.money(flows), most=limit.at(year))

    def add_precedence(self) -> None:
        """Rule 5: survey before clearance."""
        for need, first, _, mine, theirs in self.data.precedences():
            share = self.work(mine, Fraction(1, self.data.demand[need]))
            before = self.work(theirs, Fraction(-1, self.data.demand[first.need]))
            self.row(share, before, most=Fraction(first.head_start))

    def add_engagements(self) -> None:
        """Rule 6: flows only while engaged, and then enough."""
        for key, flows in self.data.engaging.items():
            funding = isinstance(self.data.scenario.offer(key[0]), FundingOffer)
            given = self.money if funding else self.work
            self.row(given(flows), [(self.y[key], -self.data.most_engaged(key))], most=0)
            least = self.data.least_engaged(key[0])
            if least:
                self.row(given(flows, -1), [(self.y[key], least)], most=0)

    def add_lasting(self) -> None:
        """Rule 6: an engagement, once started, lasts for its least number of years or to the end."""
        for (offer, state, year), y in self.y.items():
            before = self.y.get((offer, state, year - 1))
            for later in range(year + 1, year + self.data.scenario.offer(offer).min_years):
                if (offer, state, later) in self.y:
                    started = [y.Not()] if before is None else [y.Not(), before]
                    self.model.add_bool_or([*started, self.y[offer, state, later]])
                    self.nonzeros += len(started) + 1

    def add_counts(self) -> None:
        """Rule 7: States of an offer and partners of a State at once."""
        of_offer: dict[tuple[str, int], list[Key]] = defaultdict(list)
        for key in self.y:
            of_offer[key[0], key[2]].append(key)
        for (offer, _), keys in of_offer.items():
            most = self.data.scenario.offer(offer).max_states
            if most is not None and most < len(keys):
                self.row([(self.y[key], 1) for key in keys], most=most)
        for (state, _), partners in self.data.partners().items():
            z = {name: self.model.new_bool_var("z") for name in partners}
            for name, keys in partners.items():
                for key in keys:
                    self.model.add_implication(self.y[key], z[name])
                    self.nonzeros += 2
            self.row([(each, 1) for each in z.values()], most=self.data.scenario.state(state).max_partners or 0)

    def add_matching(self) -> None:
        """Rule 8: private money beside enough public money."""
        for asked, public in self.data.matched():
            wanted = (term for ratio, flows in asked for term in self.money(flows, ratio))
            self.row([*wanted, *self.money(public, -1)], most=0)

    def add_completions(self) -> None:
        """Rule 9: a State completes when all that it takes is delivered in time."""
        for state, (_, needs) in self.data.completing().items():
            for need in needs:
                timely = self.data.until(need, self.data.scenario.state(state).last_year)
                self.row(self.work(timely, -1), [(self.e[state], self.data.demand[need])], most=0)

    def add_decisions(self) -> None:
        """Rule 10: commitments, pins and caps."""
        for demand in self.data.decisions():
            terms: list[tuple[cp_model.IntVar, Fraction | int]] = [
                (self.x[flow], value) for flow, value in demand.flows.items()
            ]
            terms += [(self.y[key], 1) for key in demand.engaged]
            if demand.most is not None:
                self.row(terms, most=demand.most)
            if demand.least is not None:
                self.row([(variable, -factor) for variable, factor in terms], most=-demand.least)

    @property
    def dimensions(self) -> Dimensions:
        """How large the model is."""
        proto = self.model.proto
        return Dimensions(len(proto.constraints), len(proto.variables), self.nonzeros, len(proto.variables))

    def solve(self, seconds: float, threads: int, trajectory: Trajectory) -> str:
        """Solves with CP-SAT and keeps the best portfolio."""
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = threads
        solver.parameters.relative_gap_limit = GAP
        solver.best_bound_callback = lambda bound: trajectory.add(None, bound / SCALE)
        status = solver.solve(self.model, _Watch(trajectory))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            trajectory.add(solver.objective_value / SCALE, solver.best_objective_bound / SCALE)
            self.found = [solver.value(x) for x in self.x]
            self.engaged = [key for key, y in self.y.items() if solver.value(y)]
        return solver.status_name(status).lower()

    def portfolio(self) -> Portfolio:
        """Returns the best portfolio found, to be checked."""
        data, flows = self.data, []
        for (at, year), granules, price in zip(data.flows, self.found, data.price, strict=True):
            option = data.options[at]
            granule = data.scenario.capability(data.scenario.need(option.need).capability).granule
            if granules:
                flows.append(
                    Flow(
                        financier=option.financier,
                        implementer=option.implementer,
                        need=option.need,
                        year=year,
                        kind=option.kind,
                        quantity=granules * granule,
                        money=granules * price,
                    )
                )
        return Portfolio(
            scenario=data.scenario.name,
            scenario_hash=scenario_hash(data.scenario),
            flows=tuple(flows),
            engagements=tuple(runs_of(self.engaged)),
        )


def runs_of(engaged: list[Key]) -> Iterator[Engagement]:
    """Yields the unbroken runs of years of engagements."""
    known = set(engaged)
    starts = [key for key in sorted(known) if (key[0], key[1], key[2] - 1) not in known]
    for offer, state, first in starts:
        last = first
        while (offer, state, last + 1) in known:
            last += 1
        yield Engagement(offer=offer, state=state, years=Years(first=first, last=last))


class _Watch(cp_model.CpSolverSolutionCallback):
    """Records each better portfolio."""

    def __init__(self, trajectory: Trajectory) -> None:
        super().__init__()
        self.trajectory = trajectory

    def on_solution_callback(self) -> None:
        """Called by CP-SAT."""
        self.trajectory.add(self.objective_value / SCALE, self.best_objective_bound / SCALE)
