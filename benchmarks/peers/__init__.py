"""The same problem as a competent user would write it with the usual libraries: the path formulation.

One column x[p, t] for each option p = (financier or none, implementer, need) and year, a binary
y[o, s, t] for each offer engaged in a State, e[s] for each State that completes, u[n] for each
indivisible need, z[v, s, t] for each external provider in a State, c[f, t] for money carried over::

    max  sum of weights on  sum_s w[s] e[s]  and  sum_n w[s] w[n] / D[n] sum x[n]

    budget      spent[f,t] + due[f,t] <= Q[f,t] + c[f,t]
                c[f,t+1] <= gamma (Q[f,t] + c[f,t] - spent[f,t] - due[f,t])
                due to pre-financing: (1 + premium) times what was paid so many years before
    capacity    sum x <= Q[h,t]
    need        sum x <= D[n], = D[n] u[n] if indivisible; in one year <= the need's yearly limit
    absorption  external money in s, t <= A[s,t]
    precedence  cumulated x[n] / D[n] <= head start + cumulated x[n'] / D[n'], a lag before
    engagement  least y <= money or work of o in s, t <= most y
                y[t] - y[t-1] <= y[t+k] for k below the least number of years
    counts      sum_s y <= max_states;  y <= z;  sum_v z <= max_partners
    matching    sum of rho times money <= external public money beside it, advances apart
    completion  sum of x until the deadline >= D[n] e[s]
    decisions   commitments, pins and caps as rows

Units are natural: km2, million dollars, months, places. Flows are continuous (CP-SAT: whole granules
and dollars), so SCIP and HiGHS are asked for less than a portfolio in whole units: every portfolio is
a solution of theirs, not the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from benchmarks.outcome import Dimensions, Trajectory
from benchmarks.registry import registered
from matcher import OptionSet


class Model(Protocol):
    """A model that is built, with its solver."""

    @property
    def dimensions(self) -> Dimensions:
        """How large it is."""

    def solve(self, seconds: float, threads: int, trajectory: Trajectory) -> str:
        """Solves for so many seconds, records what is found, and returns the solver's word for how it ended."""


class PeerModule(Protocol):
    """What a peer's module holds."""

    def build(self, options: OptionSet) -> Model:
        """Builds the path formulation of a scenario's options."""


@dataclass(frozen=True)
class Peer:
    """A way to solve the problem with other people's libraries."""

    name: str
    """Name in the registry."""
    module: str
    """Module that builds the model."""
    packages: tuple[str, ...]
    """Modules that must be installed."""
    title: str
    """Name in tables."""

    def load(self) -> PeerModule:
        """Returns the module that builds."""
        return cast("PeerModule", import_module(self.module))


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("pulp", "benchmarks.peers.pulp_path", ("pulp", "highspy"), "PuLP, HiGHS"),
        Peer("linopy", "benchmarks.peers.linopy_path", ("linopy", "highspy"), "linopy, HiGHS"),
        Peer("cpsat", "benchmarks.peers.cpsat_path", ("ortools",), "CP-SAT"),
        Peer("scip", "benchmarks.peers.scip_path", ("ortools",), "MathOpt, SCIP"),
    )
}


def peer_of(name: str) -> Peer:
    """Returns a registered peer; an unknown name is a ValueError that lists those known."""
    return registered(PEERS, "peer", name)
