"""The path formulation in PuLP, solved by HiGHS."""

from __future__ import annotations

from collections import defaultdict

import highspy
import pulp

from benchmarks.outcome import GAP, Dimensions, Trajectory
from benchmarks.peers.highs_watch import CALLBACKS, watching
from benchmarks.peers.path_data import MONEY, Key, PathData, read_paths, with_all_rules
from matcher import OptionSet
from matcher.scenario import FundingOffer


def build(options: OptionSet) -> PulpPath:
    """Builds the path formulation of a scenario's options."""
    return with_all_rules(PulpPath(read_paths(options)))


class PulpPath:
    """A PuLP model that is built rule by rule."""

    def __init__(self, data: PathData) -> None:
        self.data = data
        self.problem = pulp.LpProblem("path", pulp.LpMaximize)
        self.unit = [data.flow_unit(flow) for flow in range(len(data.flows))]
        self.x = [pulp.LpVariable(f"x_{flow}", 0, data.most(flow) / unit) for flow, unit in enumerate(self.unit)]
        self.price = [price * unit / MONEY for price, unit in zip(data.price, self.unit, strict=True)]
        self.y = {key: pulp.LpVariable(f"y_{at}", cat="Binary") for at, key in enumerate(data.engaging)}
        self.e = {state: pulp.LpVariable(f"e_{state}", cat="Binary") for state in data.completing()}
        self.u = {
            need.id: pulp.LpVariable(f"u_{need.id}", cat="Binary") for need in data.scenario.needs if need.indivisible
        }

    def money(self, flows: list[int]) -> pulp.LpAffineExpression:
        """Returns million dollars that flow."""
        return pulp.LpAffineExpression([(self.x[flow], self.price[flow]) for flow in flows])

    def work(self, flows: list[int]) -> pulp.LpAffineExpression:
        """Returns the work that flows, in natural units."""
        return pulp.LpAffineExpression([(self.x[flow], 1) for flow in flows])

    def add_objective(self) -> None:
        """Completions and coverage, weighted."""
        worth = self.data.flow_worth()
        parts = list(zip(self.x, worth, strict=True))
        parts += [(self.e[state], float(value)) for state, (value, _) in self.data.completing().items()]
        self.problem += pulp.LpAffineExpression(parts)

    def add_budgets(self) -> None:
        """Rule 1: budgets with carry-over and repayments."""
        data, years = self.data, self.data.scenario.years
        for offer in data.payers():
            before = None
            for year in years:
                charged = [(self.x[flow], self.price[flow] * float(part)) for flow, part in data.charges(offer, year)]
                used = self.money(data.paid_by.get((offer.id, year), [])) + pulp.LpAffineExpression(charged)
                free = data.scenario.money_at(offer, year) / MONEY
                if before is not None and offer.carry_over:
                    carried = pulp.LpVariable(f"c_{offer.id}_{year}", 0)
                    self.problem += carried <= float(offer.carry_over) * before
                    free = free + carried
                self.problem += used <= free
                before = free - used

    def add_capacities(self) -> None:
        """Rule 2: capacities."""
        for (key, year), flows in self.data.done_by.items():
            offer = self.data.scenario.offer(key)
            assert not isinstance(offer, FundingOffer)
            self.problem += self.work(flows) <= self.data.scenario.capacity_at(offer, year) / self.unit[flows[0]]

    def add_needs(self) -> None:
        """Rule 3: needs, over all years and in each."""
        data = self.data
        for need in data.scenario.needs:
            unit = data.unit[need.capability]
            most = data.demand[need.id] / unit
            if need.id in self.u:
                self.problem += self.work(data.of_need.get(need.id, [])) == most * self.u[need.id]
            else:
                self.problem += self.work(data.of_need.get(need.id, [])) <= most
            if need.max_per_year is not None:
                yearly = need.max_per_year // data.scenario.capability(need.capability).granule / unit
                for year in data.scenario.years:
                    self.problem += self.work(data.of_need_year.get((need.id, year), [])) <= yearly

    def add_absorption(self) -> None:
        """Rule 4: external money that a State can absorb."""
        for (state, year), flows in self.data.external.items():
            limit = self.data.scenario.state(state).absorption
            if limit is not None:
                self.problem += self.money(flows) <= limit.at(year) / MONEY

    def add_precedence(self) -> None:
        """Rule 5: survey before clearance."""
        for need, first, _, mine, theirs in self.data.precedences():
            mine_share = pulp.LpAffineExpression([(self.x[f], self.unit[f] / self.data.demand[need]) for f in mine])
            share = pulp.LpAffineExpression([(self.x[f], self.unit[f] / self.data.demand[first.need]) for f in theirs])
            self.problem += mine_share <= float(first.head_start) + share

    def add_engagements(self) -> None:
        """Rule 6: flows only while engaged, and then enough."""
        for key, flows in self.data.engaging.items():
            if isinstance(self.data.scenario.offer(key[0]), FundingOffer):
                given, unit = self.money(flows), float(MONEY)
            else:
                given, unit = self.work(flows), float(self.unit[flows[0]]) if flows else 1.0
            self.problem += given <= self.data.most_engaged(key) / unit * self.y[key]
            least = self.data.least_engaged(key[0])
            if least:
                self.problem += given >= least / unit * self.y[key]

    def add_lasting(self) -> None:
        """Rule 6: an engagement, once started, lasts for its least number of years or to the end."""
        for (offer, state, year), y in self.y.items():
            for later in range(year + 1, year + self.data.scenario.offer(offer).min_years):
                if (offer, state, later) in self.y:
                    before = self.y.get((offer, state, year - 1), 0)
                    self.problem += y - before <= self.y[offer, state, later]

    def add_counts(self) -> None:
        """Rule 7: States of an offer and partners of a State at once."""
        of_offer: dict[tuple[str, int], list[Key]] = defaultdict(list)
        for key in self.y:
            of_offer[key[0], key[2]].append(key)
        for (offer, _), keys in of_offer.items():
            most = self.data.scenario.offer(offer).max_states
            if most is not None and most < len(keys):
                self.problem += pulp.lpSum(self.y[key] for key in keys) <= most
        for (state, year), partners in self.data.partners().items():
            z = {name: pulp.LpVariable(f"z_{state}_{year}_{name}", cat="Binary") for name in partners}
            for name, keys in partners.items():
                for key in keys:
                    self.problem += self.y[key] <= z[name]
            self.problem += pulp.lpSum(z.values()) <= self.data.scenario.state(state).max_partners

    def add_matching(self) -> None:
        """Rule 8: private money beside enough public money."""
        for asked, public in self.data.matched():
            self.problem += pulp.lpSum(float(ratio) * self.money(flows) for ratio, flows in asked) <= self.money(public)

    def add_completions(self) -> None:
        """Rule 9: a State completes when all that it takes is delivered in time."""
        for state, (_, needs) in self.data.completing().items():
            for need in needs:
                unit = self.data.unit[self.data.scenario.need(need).capability]
                timely = self.data.until(need, self.data.scenario.state(state).last_year)
                self.problem += self.work(timely) >= self.data.demand[need] / unit * self.e[state]

    def add_decisions(self) -> None:
        """Rule 10: commitments, pins and caps."""
        for demand in self.data.decisions():
            parts = [(self.x[flow], float(value) * self.unit[flow]) for flow, value in demand.flows.items()]
            parts += [(self.y[key], 1.0) for key in demand.engaged]
            if demand.least is not None:
                self.problem += pulp.LpAffineExpression(parts) >= demand.least
            if demand.most is not None:
                self.problem += pulp.LpAffineExpression(parts) <= demand.most

    @property
    def dimensions(self) -> Dimensions:
        """How large the model is."""
        variables, rows = self.problem.variables(), list(self.problem._constraints.values())
        nonzeros = sum(len(row.items()) for row in rows)
        return Dimensions(len(rows), len(variables), nonzeros, sum(each.cat == "Integer" for each in variables))

    def solve(self, seconds: float, threads: int, trajectory: Trajectory) -> str:
        """Solves with HiGHS."""
        solver = pulp.HiGHS(
            msg=False,
            gapRel=GAP,
            threads=threads,
            timeLimit=seconds,
            callbackTuple=(watching(trajectory, -1.0), None),
            callbacksToActivate=list(CALLBACKS),
        )
        self.problem.solve(solver)
        found: highspy.Highs = self.problem.solverModel
        info = found.getInfo()
        trajectory.add(-info.objective_function_value, -info.mip_dual_bound)
        return str(found.modelStatusToString(found.getModelStatus()))
