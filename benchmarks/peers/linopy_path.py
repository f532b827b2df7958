"""The path formulation in linopy, solved by HiGHS: the same rules as sums over arrays."""

from __future__ import annotations

import warnings
from collections import defaultdict
from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.outcome import GAP, Dimensions, Trajectory
from benchmarks.peers.highs_watch import CALLBACKS, watching
from benchmarks.peers.path_data import MONEY, Key, PathData, read_paths, with_all_rules
from matcher import OptionSet
from matcher.scenario import FundingOffer

Terms = list[tuple[int, int, float]]
"""Row, element of a variable, factor."""


def build(options: OptionSet) -> LinopyPath:
    """Builds the path formulation of a scenario's options."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # linopy and xarray warn of each other's future
        return with_all_rules(LinopyPath(read_paths(options)))


class LinopyPath:
    """A linopy model that is built rule by rule."""

    def __init__(self, data: PathData) -> None:
        self.data = data
        self.model = linopy.Model()
        self.unit = np.array([data.flow_unit(flow) for flow in range(len(data.flows))], float)
        self.price = np.array(data.price) * self.unit / MONEY
        self.place = {key: at for at, key in enumerate(data.engaging)}
        self.states = {state: at for at, state in enumerate(data.completing())}
        self.whole = {need.id: at for at, need in enumerate(each for each in data.scenario.needs if each.indivisible)}
        upper = np.array([data.most(flow) for flow in range(len(data.flows))]) / self.unit
        self.x = self.model.add_variables(lower=0, upper=xr.DataArray(upper, dims="flow"), name="x")
        self.y = self.binaries("y", len(self.place))
        self.e = self.binaries("e", len(self.states))
        self.u = self.binaries("u", len(self.whole))
        self.carried: dict[tuple[str, int], int] = {}

    def binaries(self, name: str, number: int) -> Any:
        """Returns binary variables along a dimension of their own."""
        return (
            self.model.add_variables(binary=True, coords=[pd.RangeIndex(number, name=f"{name}_at")], name=name)
            if number
            else None
        )

    def summed(self, variable: Any, terms: Terms) -> Any:
        """Returns the sum of a variable's elements, with factors, by row."""
        row, at, factor = (np.array(part) for part in zip(*terms, strict=True))
        (dimension,) = variable.dims
        picked = variable.isel({dimension: xr.DataArray(at, dims="term")})
        weighed = picked * xr.DataArray(factor.astype(float), dims="term")
        return weighed.groupby(xr.DataArray(row, dims="term", name="row")).sum()

    def add(self, name: str, parts: list[tuple[Any, Terms]], sign: str, right: list[float]) -> None:
        """Adds rows: the sum of all parts by row against the right-hand side; a row without terms is left out."""
        sums = [self.summed(variable, terms) for variable, terms in parts if terms]
        if not sums:
            return
        total = sums[0]
        for each in sums[1:]:
            total = total.add(each, join="outer")
        rows = total.indexes["row"]
        bound = xr.DataArray(np.array(right, float)[rows], coords={"row": rows})
        self.model.add_constraints(total, sign, bound, name=name)

    def money(self, row: int, flows: list[int], factor: float = 1.0) -> Terms:
        """Returns the terms of million dollars that flow."""
        return [(row, flow, factor * self.price[flow]) for flow in flows]

    def work(self, row: int, flows: list[int], factor: float = 1.0) -> Terms:
        """Returns the terms of work that flows, in natural units."""
        return [(row, flow, factor) for flow in flows]

    def add_objective(self) -> None:
        """Completions and coverage, weighted."""
        worth = np.array(self.data.flow_worth())
        value = [float(value) for value, _ in self.data.completing().values()]
        coverage = (self.x * xr.DataArray(worth, dims="flow")).sum()
        completions = (self.e * xr.DataArray(value, dims="e_at")).sum()
        self.model.add_objective(coverage + completions, sense="max")

    def add_budgets(self) -> None:
        """Rule 1: budgets with carry-over and repayments."""
        data, years = self.data, self.data.scenario.years
        payers = data.payers()
        places = [(offer, year) for offer in payers if offer.carry_over for year in years[1:]]
        at = {(offer.id, year): place for place, (offer, year) in enumerate(places)}
        c = self.model.add_variables(lower=0, coords=[pd.RangeIndex(len(at), name="c_at")], name="c") if at else None
        spent: Terms = []
        carried: Terms = []
        kept: Terms = []
        keeping: Terms = []
        free: list[float] = []
        left: list[float] = []
        for offer in payers:
            for year in years:
                row = len(free)
                used = self.money(row, data.paid_by.get((offer.id, year), []))
                used += [(row, flow, self.price[flow] * float(part)) for flow, part in data.charges(offer, year)]
                free.append(data.scenario.money_at(offer, year) / MONEY)
                spent += used
                if (offer.id, year) in at:
                    carried.append((row, at[offer.id, year], -1.0))
                if (offer.id, year + 1) in at:
                    gamma, after = float(offer.carry_over), len(left)
                    keeping.append((after, at[offer.id, year + 1], 1.0))
                    keeping += [(after, at[offer.id, year], -gamma)] if (offer.id, year) in at else []
                    kept += [(after, flow, gamma * factor) for _, flow, factor in used]
                    left.append(gamma * free[-1])
        self.add("budget", [(self.x, spent), (c, carried)], "<=", free)
        self.add("carry_over", [(self.x, kept), (c, keeping)], "<=", left)

    def add_capacities(self) -> None:
        """Rule 2: capacities."""
        terms: Terms = []
        right: list[float] = []
        for row, ((key, year), flows) in enumerate(self.data.done_by.items()):
            offer = self.data.scenario.offer(key)
            assert not isinstance(offer, FundingOffer)
            terms += self.work(row, flows)
            right.append(self.data.scenario.capacity_at(offer, year) / self.unit[flows[0]])
        self.add("capacity", [(self.x, terms)], "<=", right)

    def add_needs(self) -> None:
        """Rule 3: needs, over all years and in each."""
        data = self.data
        for name, whole in (("need", False), ("indivisible", True)):
            needs = [need for need in data.scenario.needs if need.indivisible == whole]
            most = [data.demand[need.id] / data.unit[need.capability] for need in needs]
            terms = [term for row, need in enumerate(needs) for term in self.work(row, data.of_need.get(need.id, []))]
            if whole:
                met = [(row, self.whole[need.id], -most[row]) for row, need in enumerate(needs)]
                self.add(name, [(self.x, terms), (self.u, met)], "=", [0.0] * len(needs))
            else:
                self.add(name, [(self.x, terms)], "<=", most)
        yearly: Terms = []
        right: list[float] = []
        for (key, _), flows in data.of_need_year.items():
            need = data.scenario.need(key)
            if need.max_per_year is not None:
                yearly += self.work(len(right), flows)
                granule = data.scenario.capability(need.capability).granule
                right.append(need.max_per_year // granule / data.unit[need.capability])
        self.add("need_per_year", [(self.x, yearly)], "<=", right)

    def add_absorption(self) -> None:
        """Rule 4: external money that a State can absorb."""
        terms: Terms = []
        right: list[float] = []
        for (state, year), flows in self.data.external.items():
            limit = self.data.scenario.state(state).absorption
            if limit is not None:
                terms += self.money(len(right), flows)
                right.append(limit.at(year) / MONEY)
        self.add("absorption", [(self.x, terms)], "<=", right)

    def add_precedence(self) -> None:
        """Rule 5: survey before clearance."""
        terms: Terms = []
        right: list[float] = []
        for need, first, _, mine, theirs in self.data.precedences():
            terms += [(len(right), flow, self.unit[flow] / self.data.demand[need]) for flow in mine]
            terms += [(len(right), flow, -self.unit[flow] / self.data.demand[first.need]) for flow in theirs]
            right.append(float(first.head_start))
        self.add("precedence", [(self.x, terms)], "<=", right)

    def add_engagements(self) -> None:
        """Rule 6: flows only while engaged, and then enough."""
        given: Terms = []
        most: Terms = []
        least: Terms = []
        for (key, flows), row in zip(self.data.engaging.items(), range(len(self.place)), strict=True):
            if isinstance(self.data.scenario.offer(key[0]), FundingOffer):
                unit = float(MONEY)
                given += self.money(row, flows)
            else:
                unit = float(self.unit[flows[0]]) if flows else 1.0
                given += self.work(row, flows)
            most.append((row, row, -self.data.most_engaged(key) / unit))
            least.append((row, row, -self.data.least_engaged(key[0]) / unit))
        nothing = [0.0] * len(self.place)
        self.add("most_engaged", [(self.x, given), (self.y, most)], "<=", nothing)
        self.add("least_engaged", [(self.x, given), (self.y, least)], ">=", nothing)

    def add_lasting(self) -> None:
        """Rule 6: an engagement, once started, lasts for its least number of years or to the end."""
        terms: Terms = []
        rows = 0
        for (offer, state, year), at in self.place.items():
            for later in range(year + 1, year + self.data.scenario.offer(offer).min_years):
                if (offer, state, later) in self.place:
                    terms += [(rows, at, 1.0), (rows, self.place[offer, state, later], -1.0)]
                    before = self.place.get((offer, state, year - 1))
                    terms += [(rows, before, -1.0)] if before is not None else []
                    rows += 1
        self.add("lasting", [(self.y, terms)], "<=", [0.0] * rows)

    def add_counts(self) -> None:
        """Rule 7: States of an offer and partners of a State at once."""
        of_offer: dict[tuple[str, int], list[Key]] = defaultdict(list)
        for key in self.place:
            of_offer[key[0], key[2]].append(key)
        terms: Terms = []
        right: list[float] = []
        for (offer, _), keys in of_offer.items():
            most = self.data.scenario.offer(offer).max_states
            if most is not None and most < len(keys):
                terms += [(len(right), self.place[key], 1.0) for key in keys]
                right.append(most)
        self.add("max_states", [(self.y, terms)], "<=", right)
        self.add_partners()

    def add_partners(self) -> None:
        """Rule 7, the second half: a provider is a partner through any of its offers."""
        engaged: Terms = []
        partner: Terms = []
        counted: Terms = []
        right: list[float] = []
        found = self.data.partners()
        z = self.binaries("z", sum(map(len, found.values())))
        for (state, _), partners in found.items():
            for keys in partners.values():
                at = len(counted)
                counted.append((len(right), at, 1.0))
                for key in keys:
                    partner.append((len(engaged), at, -1.0))
                    engaged.append((len(engaged), self.place[key], 1.0))
            right.append(self.data.scenario.state(state).max_partners or 0)
        self.add("partner", [(self.y, engaged), (z, partner)], "<=", [0.0] * len(engaged))
        self.add("max_partners", [(z, counted)], "<=", right)

    def add_matching(self) -> None:
        """Rule 8: private money beside enough public money."""
        terms: Terms = []
        rows = 0
        for asked, public in self.data.matched():
            terms += self.money(rows, public, -1.0)
            for ratio, flows in asked:
                terms += self.money(rows, flows, float(ratio))
            rows += 1
        self.add("matching", [(self.x, terms)], "<=", [0.0] * rows)

    def add_completions(self) -> None:
        """Rule 9: a State completes when all that it takes is delivered in time."""
        terms: Terms = []
        completed: Terms = []
        for state, (_, needs) in self.data.completing().items():
            for need in needs:
                row = len(completed)
                unit = self.data.unit[self.data.scenario.need(need).capability]
                terms += self.work(row, self.data.until(need, self.data.scenario.state(state).last_year))
                completed.append((row, self.states[state], -self.data.demand[need] / unit))
        self.add("completion", [(self.x, terms), (self.e, completed)], ">=", [0.0] * len(completed))

    def add_decisions(self) -> None:
        """Rule 10: commitments, pins and caps."""
        for at, demand in enumerate(self.data.decisions()):
            flows = [(0, flow, float(value) * self.unit[flow]) for flow, value in demand.flows.items()]
            engaged = [(0, self.place[key], 1.0) for key in demand.engaged]
            for sign, bound in ((">=", demand.least), ("<=", demand.most)):
                if bound is not None:
                    self.add(f"decision_{at}_{sign}", [(self.x, flows), (self.y, engaged)], sign, [float(bound)])

    @property
    def dimensions(self) -> Dimensions:
        """How large the model is."""
        matrix: Any = self.model.matrices
        integers = sum(int(each.size) for name, each in self.model.variables.items() if name in ("y", "e", "u", "z"))
        return Dimensions(matrix.A.shape[0], matrix.A.shape[1], matrix.A.nnz, integers)

    def solve(self, seconds: float, threads: int, trajectory: Trajectory) -> str:
        """Solves with HiGHS."""
        left = trajectory.elapsed + seconds
        solver = linopy.io.to_highspy(self.model, set_names=False)
        for name, value in (("output_flag", False), ("mip_rel_gap", GAP), ("threads", threads)):
            solver.setOptionValue(name, value)
        solver.setOptionValue("time_limit", max(1.0, left - trajectory.elapsed))
        solver.setCallback(watching(trajectory, 1.0), None)
        for event in CALLBACKS:
            solver.startCallback(event)
        solver.run()
        info = solver.getInfo()
        trajectory.add(info.objective_function_value, info.mip_dual_bound)
        return str(solver.modelStatusToString(solver.getModelStatus()))
