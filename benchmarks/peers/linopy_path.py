"""The path formulation in linopy, solved by HiGHS: the same rules as sums over arrays."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.outcome import GAP, Dimensions, Trajectory
from benchmarks.peers.highs_watch import CALLBACKS, watching
from benchmarks.peers.path_data import MONEY, Key, PathData, read_paths
from matcher import Scenario
from matcher.scenario import FundingOffer

Terms = list[tuple[int, int, float]]
"""Row, element of a variable, factor."""


def build(scenario: Scenario) -> LinopyPath:
    """Builds the path formulation of a scenario."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # linopy and xarray warn of each other's future
        model = LinopyPath(read_paths(scenario))
        for add in (
            model.add_objective,
            model.add_budgets,
            model.add_capacities,
            model.add_needs,
            model.add_absorption,
            model.add_precedence,
            model.add_engagements,
            model.add_lasting,
            model.add_counts,
            model.add_matching,
            model.add_completions,
            model.add_decisions,
        ):
            add()
    return model


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
        return self.model.add_variables(
            binary=True, coords=[pd.RangeIndex(number, name=f"{name}_at")], name=name
        ) if number else None

    def summed(self, variable: Any, terms: Terms) -> Any:
        """Returns the sum of a variable's elements, with factors, by row."""
        row, at, factor = (np.array(part) for part in zip(*terms, strict=True))
        (dimension,) = variable.dims
        picked = variable.isel({dimension: xr.DataArray(at, dims="term")})
        weighed = picked * xr.DataArray(factor.astype(float), dims="term")
        return weighed.groupby(xr.DataArray(row, dims="term", name="row")).sum()

    def add(self, name: str, parts: Iterable[tuple[Any, Terms]], sign: str, right: dict[int, float]) -> None:
        """Adds rows: the sum of all parts by row against the right-hand side; a row has at least one term."""
        total: Any = None
        for variable, terms in parts:
            if terms:
                part = self.summed(variable, terms)
                total = part if total is None else linopy.merge([total, part], join="outer") if False else total + part
        if total is not None:
            bound = xr.DataArray([right[int(row)] for row in total.indexes["row"]], coords={"row": total.indexes["row"]})
            self.model.add_constraints(total, sign, bound, name=name)
