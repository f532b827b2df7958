"""The path formulation in MathOpt, solved by SCIP."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ortools.math_opt.python import mathopt

from benchmarks.outcome import GAP, Dimensions, Trajectory
from benchmarks.peers.path_data import MONEY, Key, PathData, read_paths, with_all_rules
from matcher import OptionSet
from matcher.scenario import FundingOffer

Terms = Iterable[tuple[mathopt.Variable, float]]


def build(options: OptionSet) -> ScipPath:
    """Builds the path formulation of a scenario's options."""
    return with_all_rules(ScipPath(read_paths(options)))


class ScipPath:
    """A MathOpt model that is built rule by rule."""

    def __init__(self, data: PathData) -> None:
        self.data = data
        self.model = mathopt.Model()
        self.nonzeros = 0
        self.unit = [data.flow_unit(flow) for flow in range(len(data.flows))]
        self.price = [price * unit / MONEY for price, unit in zip(data.price, self.unit, strict=True)]
        self.x = [self.model.add_variable(lb=0, ub=data.most(flow) / unit) for flow, unit in enumerate(self.unit)]
        self.y = {key: self.model.add_binary_variable() for key in data.engaging}
        self.e = {state: self.model.add_binary_variable() for state in data.completing()}
        self.u = {need.id: self.model.add_binary_variable() for need in data.scenario.needs if need.indivisible}

    def row(self, *parts: Terms, least: float = -float("inf"), most: float = float("inf")) -> None:
        """Adds a row over terms of different variables."""
        row = self.model.add_linear_constraint(lb=least, ub=most)
        for part in parts:
            for variable, factor in part:
                row.set_coefficient(variable, row.get_coefficient(variable) + factor)
                self.nonzeros += 1

    def money(self, flows: Sequence[int], factor: float = 1.0) -> Terms:
        """Returns the terms of million dollars that flow."""
        return [(self.x[flow], factor * self.price[flow]) for flow in flows]

    def work(self, flows: Sequence[int], factor: float = 1.0) -> Terms:
        """Returns the terms of work that flows, in natural units."""
        return [(self.x[flow], factor) for flow in flows]

    def add_objective(self) -> None:
        """Completions and coverage, weighted."""
        worth = self.data.flow_worth()
        for flow, x in enumerate(self.x):
            self.model.objective.set_linear_coefficient(x, worth[flow])
        for state, (value, _) in self.data.completing().items():
            self.model.objective.set_linear_coefficient(self.e[state], float(value))
        self.model.objective.is_maximize = True

    def add_budgets(self) -> None:
        """Rule 1: budgets with carry-over and repayments."""
        data = self.data
        for offer in data.payers():
            gamma, carried = float(offer.carry_over), None
            for year in data.scenario.years:
                used = list(self.money(data.paid_by.get((offer.id, year), [])))
                used += [(self.x[flow], self.price[flow] * float(part)) for flow, part in data.charges(offer, year)]
                free = data.scenario.money_at(offer, year) / MONEY
                if carried is not None:
                    used.append((carried, -1.0))
                self.row(used, most=free)
                if gamma and year < data.scenario.years[-1]:
                    carried = self.model.add_variable(lb=0)
                    self.row([(x, gamma * factor) for x, factor in used], [(carried, 1.0)], most=gamma * free)

    def add_capacities(self) -> None:
        """Rule 2: capacities."""
        for (key, year), flows in self.data.done_by.items():
            offer = self.data.scenario.offer(key)
            assert not isinstance(offer, FundingOffer)
            self.row(self.work(flows), most=self.data.scenario.capacity_at(offer, year) / self.unit[flows[0]])

    def add_needs(self) -> None:
        """Rule 3: needs, over all years and in each."""
        data = self.data
        for need in data.scenario.needs:
            unit = data.unit[need.capability]
            most = data.demand[need.id] / unit
            if need.id in self.u:
                self.row(self.work(data.of_need.get(need.id, [])), [(self.u[need.id], -most)], least=0, most=0)
            else:
                self.row(self.work(data.of_need.get(need.id, [])), most=most)
            if need.max_per_year is not None:
                yearly = need.max_per_year // data.scenario.capability(need.capability).granule / unit
                for year in data.scenario.years:
                    self.row(self.work(data.of_need_year.get((need.id, year), [])), most=yearly)

    def add_absorption(self) -> None:
        """Rule 4: external money that a State can absorb."""
        for (state, year), flows in self.data.external.items():
            limit = self.data.scenario.state(state).absorption
            if limit is not None:
                self.row(self.money(flows), most=limit.at(year) / MONEY)

    def add_precedence(self) -> None:
        """Rule 5: survey before clearance."""
        for need, first, _, mine, theirs in self.data.precedences():
            share = [(self.x[flow], self.unit[flow] / self.data.demand[need]) for flow in mine]
            before = [(self.x[flow], -self.unit[flow] / self.data.demand[first.need]) for flow in theirs]
            self.row(share, before, most=float(first.head_start))

    def add_engagements(self) -> None:
        """Rule 6: flows only while engaged, and then enough."""
        for key, flows in self.data.engaging.items():
            if isinstance(self.data.scenario.offer(key[0]), FundingOffer):
                given, unit = self.money(flows), float(MONEY)
            else:
                given, unit = self.work(flows), float(self.unit[flows[0]]) if flows else 1.0
            self.row(given, [(self.y[key], -self.data.most_engaged(key) / unit)], most=0)
            least = self.data.least_engaged(key[0])
            if least:
                self.row(given, [(self.y[key], -least / unit)], least=0)

    def add_lasting(self) -> None:
        """Rule 6: an engagement, once started, lasts for its least number of years or to the end."""
        for (offer, state, year), y in self.y.items():
            before = self.y.get((offer, state, year - 1))
            for later in range(year + 1, year + self.data.scenario.offer(offer).min_years):
                if (offer, state, later) in self.y:
                    terms = [(y, 1.0), (self.y[offer, state, later], -1.0)]
                    self.row(terms, [(before, -1.0)] if before is not None else [], most=0)

    def add_counts(self) -> None:
        """Rule 7: States of an offer and partners of a State at once."""
        of_offer: dict[tuple[str, int], list[Key]] = defaultdict(list)
        for key in self.y:
            of_offer[key[0], key[2]].append(key)
        for (offer, _), keys in of_offer.items():
            most = self.data.scenario.offer(offer).max_states
            if most is not None and most < len(keys):
                self.row([(self.y[key], 1.0) for key in keys], most=most)
        for (state, _), partners in self.data.partners().items():
            z = {name: self.model.add_binary_variable() for name in partners}
            for name, keys in partners.items():
                for key in keys:
                    self.row([(self.y[key], 1.0), (z[name], -1.0)], most=0)
            self.row([(each, 1.0) for each in z.values()], most=self.data.scenario.state(state).max_partners or 0)

    def add_matching(self) -> None:
        """Rule 8: private money beside enough public money."""
        for asked, public in self.data.matched():
            wanted = (term for ratio, flows in asked for term in self.money(flows, float(ratio)))
            self.row([*wanted, *self.money(public, -1.0)], most=0)

    def add_completions(self) -> None:
        """Rule 9: a State completes when all that it takes is delivered in time."""
        for state, (_, needs) in self.data.completing().items():
            for need in needs:
                unit = self.data.unit[self.data.scenario.need(need).capability]
                timely = self.data.until(need, self.data.scenario.state(state).last_year)
                self.row(self.work(timely), [(self.e[state], -self.data.demand[need] / unit)], least=0)

    def add_decisions(self) -> None:
        """Rule 10: commitments, pins and caps."""
        for demand in self.data.decisions():
            flows = [(self.x[flow], float(value) * self.unit[flow]) for flow, value in demand.flows.items()]
            engaged = [(self.y[key], 1.0) for key in demand.engaged]
            least = -float("inf") if demand.least is None else float(demand.least)
            self.row(flows, engaged, least=least, most=float("inf") if demand.most is None else float(demand.most))

    @property
    def dimensions(self) -> Dimensions:
        """How large the model is."""
        variables = list(self.model.variables())
        integers = sum(each.integer for each in variables)
        return Dimensions(len(list(self.model.linear_constraints())), len(variables), self.nonzeros, integers)

    def solve(self, seconds: float, threads: int, trajectory: Trajectory) -> str:
        """Solves with SCIP, which has one thread, and follows its log."""
        limit = datetime.timedelta(seconds=seconds)
        parameters = mathopt.SolveParameters(time_limit=limit, relative_gap_tolerance=GAP)

        def follow(lines: Sequence[str]) -> None:
            for line in lines:
                found = bounds_in(line)
                if found:
                    trajectory.add(*found)

        result = mathopt.solve(self.model, mathopt.SolverType.GSCIP, params=parameters, msg_cb=follow)
        value = result.objective_value() if result.has_primal_feasible_solution() else None
        trajectory.add(value, result.termination.objective_bounds.dual_bound)
        return str(result.termination.reason.name).lower()


def bounds_in(line: str) -> tuple[float | None, float | None] | None:
    """Returns value and bound in a line of SCIP's table, or None if it is another line."""
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) < 6 or "time" in cells[0]:
        return None
    figures: list[float | None] = []
    for cell in cells[-4:-2]:
        try:
            figures.append(float(cell))
        except ValueError:
            figures.append(None)
    return figures[1], figures[0]
