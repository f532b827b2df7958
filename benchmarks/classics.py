"""Classic problems written as scenarios, each with its optimum from a model of its own.

Usage::

    python benchmarks/classics.py [KIND ...]     # all kinds if none is named

Prints, for each instance, the optimum, what the default command found and proved, and in how many processor seconds;
then, for each kind, on which share the optimum was found and proven. Nothing of the engine is used for the optimum:
each problem is written a second time, straight for CP-SAT.

How each is written:

knapsack            items are States that complete by one need, one fund pays
projects            items are indivisible needs of one State, one fund pays
set_packing         sets are States that complete, elements are offers of one unit of a capability of their own
kidney_exchange     the same: sets are cycles of two or three pairs in a graph of who can give to whom
assignment          jobs are States that take one partner, agents are offers in kind; a job has a need for each agent
location            sites are States, each with a camp that comes before its customers, who are offers of one visit
location_by_links   sites are providers that start a link with one State, whose needs are the customers
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from matcher import Scenario, solve

SEEDS = (1, 2, 3, 4, 5)
Document = dict[str, Any]


@dataclass(frozen=True)
class Classic:
    """A classic problem as a scenario."""

    name: str
    scenario: Scenario
    optimum: Fraction
    """Of the stage that is the problem ..."""
    stage: int = 0
    """... by its place in the order."""


def _document(name: str, capabilities: dict[str, str], **parts: Any) -> Document:
    """A scenario of one year, unless told; capabilities by id and name."""
    return {
        "matcher": 2,
        "name": name,
        "horizon": [2030, 2030],
        "currency": {"code": "USD"},
        "capabilities": {key: {"name": text, "unit": "unit"} for key, text in capabilities.items()},
        **parts,
    }


def _best(model: cp_model.CpModel) -> int:
    """The optimum of a model; it is proven or an error."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_time_in_seconds = 120
    if solver.solve(model) != cp_model.OPTIMAL:
        raise RuntimeError("no proven optimum of a classic problem: choose a smaller one")
    return round(solver.objective_value)


def _knapsack_data(items: int, seed: int) -> tuple[list[int], list[int], int, int]:
    """Profits near the weights (weakly correlated), half of the weights as capacity, and the optimum."""
    random = np.random.default_rng(seed)
    weight = random.integers(10, 100, items).tolist()
    profit = [max(1, each + int(random.integers(-10, 11))) for each in weight]
    capacity = sum(weight) // 2
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in range(items)]
    model.add(cp_model.LinearExpr.weighted_sum(chosen, weight) <= capacity)
    model.maximize(cp_model.LinearExpr.weighted_sum(chosen, profit))
    return profit, weight, capacity, _best(model)


def _fund(capacity: int, works: int) -> Document:
    return {
        "providers": {"F": {"name": "Fund", "kind": "foundation"}, "O": {"name": "Operator", "kind": "operator"}},
        "offers": {
            "F-money": {"kind": "funding", "provider": "F", "amount": capacity},
            "O-work": {"kind": "technical", "provider": "O", "capability": "c", "capacity": works, "price": 1},
        },
    }


def knapsack(items: int, seed: int) -> Classic:
    """Returns a 0-1 knapsack: States that complete, and one fund."""
    profit, weight, capacity, best = _knapsack_data(items, seed)
    name = f"knapsack-{items}-{seed}"
    document = _document(
        name,
        {"c": "Clearance"},
        states={f"S{at:02}": {"name": f"State {at}", "deadline": 2030, "weight": profit[at]} for at in range(items)},
        needs={
            f"S{at:02}-c": {"state": f"S{at:02}", "capability": "c", "quantity": weight[at], "completes": True}
            for at in range(items)
        },
        objectives={"order": [{"objective": "completions"}]},
        **_fund(capacity, sum(weight)),
    )
    return Classic(name, Scenario.from_data(document), Fraction(best))


def projects(items: int, seed: int) -> Classic:
    """Returns a 0-1 knapsack: indivisible projects of one State, and one fund."""
    profit, weight, capacity, best = _knapsack_data(items, seed)
    name = f"projects-{items}-{seed}"
    document = _document(
        name,
        {"c": "Clearance"},
        states={"S": {"name": "State", "deadline": 2030}},
        needs={
            f"n{at:02}": {
                "state": "S",
                "capability": "c",
                "quantity": weight[at],
                "weight": profit[at],
                "indivisible": True,
            }
            for at in range(items)
        },
        objectives={"order": [{"objective": "coverage"}]},
        **_fund(capacity, sum(weight)),
    )
    return Classic(name, Scenario.from_data(document), Fraction(best))


def _packing(name: str, elements: int, sets: list[tuple[int, ...]], weight: list[int]) -> Classic:
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in sets]
    for element in range(elements):
        model.add_at_most_one(chosen[at] for at, each in enumerate(sets) if element in each)
    model.maximize(cp_model.LinearExpr.weighted_sum(chosen, weight))
    used = sorted({element for each in sets for element in each})
    document = _document(
        name,
        {f"c{element:02}": f"Element {element}" for element in used},
        states={
            f"S{at:03}": {"name": f"Set {at}", "deadline": 2030, "weight": weight[at]} for at, _ in enumerate(sets)
        },
        needs={
            f"S{at:03}-{element:02}": {
                "state": f"S{at:03}",
                "capability": f"c{element:02}",
                "quantity": 1,
                "completes": True,
            }
            for at, each in enumerate(sets)
            for element in each
        },
        providers={f"p{element:02}": {"name": f"Owner of {element}", "kind": "operator"} for element in used},
        offers={
            f"o{element:02}": {
                "kind": "technical",
                "provider": f"p{element:02}",
                "capability": f"c{element:02}",
                "capacity": 1,
            }
            for element in used
        },
        objectives={"order": [{"objective": "completions"}]},
    )
    return Classic(name, Scenario.from_data(document), Fraction(_best(model)))


def set_packing(sets: int, seed: int) -> Classic:
    """Returns a weighted set packing: sets of two to five out of half as many elements."""
    random = np.random.default_rng(seed)
    elements = sets // 2
    drawn = [tuple(sorted(random.choice(elements, random.integers(2, 6), replace=False).tolist())) for _ in range(sets)]
    weight = random.integers(1, 20, sets).tolist()
    return _packing(f"set_packing-{sets}-{seed}", elements, drawn, weight)


def kidney_exchange(pairs: int, seed: int) -> Classic:
    """Returns the most transplants in cycles of two or three pairs, each fitting one in eight of the others."""
    random = np.random.default_rng(seed)
    gives = random.random((pairs, pairs)) < 0.125
    two = [(a, b) for a, b in combinations(range(pairs), 2) if gives[a, b] and gives[b, a]]
    three = [
        (a, b, c)
        for a, b, c in combinations(range(pairs), 3)
        if (gives[a, b] and gives[b, c] and gives[c, a]) or (gives[a, c] and gives[c, b] and gives[b, a])
    ]
    cycles: list[tuple[int, ...]] = [*two, *three]
    return _packing(f"kidney_exchange-{pairs}-{seed}", pairs, cycles, [len(each) for each in cycles])


def assignment(size: tuple[int, int], seed: int) -> Classic:
    """Returns a generalised assignment of the most profit: agents, jobs (Chu and Beasley, 1997, type C)."""
    agents, jobs = size
    random = np.random.default_rng(seed)
    use = random.integers(5, 26, (agents, jobs))
    profit = random.integers(10, 51, (agents, jobs))
    capacity = [int(0.8 * use[agent].sum() / agents) for agent in range(agents)]
    model = cp_model.CpModel()
    does = [[model.new_bool_var("") for _ in range(jobs)] for _ in range(agents)]
    for agent in range(agents):
        model.add(cp_model.LinearExpr.weighted_sum(does[agent], use[agent].tolist()) <= capacity[agent])
    for job in range(jobs):
        model.add_at_most_one(does[agent][job] for agent in range(agents))
    model.maximize(sum(int(profit[agent, job]) * does[agent][job] for agent in range(agents) for job in range(jobs)))
    name = f"assignment-{agents}x{jobs}-{seed}"
    document = _document(
        name,
        {f"c{agent:02}": f"Work of agent {agent}" for agent in range(agents)},
        states={f"J{job:02}": {"name": f"Job {job}", "deadline": 2030, "max_partners": 1} for job in range(jobs)},
        needs={
            f"J{job:02}-{agent:02}": {
                "state": f"J{job:02}",
                "capability": f"c{agent:02}",
                "quantity": int(use[agent, job]),
                "weight": int(profit[agent, job]),
                "indivisible": True,
            }
            for job in range(jobs)
            for agent in range(agents)
        },
        providers={f"p{agent:02}": {"name": f"Agent {agent}", "kind": "operator"} for agent in range(agents)},
        offers={
            f"o{agent:02}": {
                "kind": "technical",
                "provider": f"p{agent:02}",
                "capability": f"c{agent:02}",
                "capacity": capacity[agent],
            }
            for agent in range(agents)
        },
        objectives={"order": [{"objective": "coverage"}]},
    )
    return Classic(name, Scenario.from_data(document), Fraction(_best(model)))


def _sites(size: tuple[int, int], seed: int) -> tuple[list[int], list[list[int]]]:
    """Costs of opening sites, and of serving customers from them: distances in a square."""
    sites, customers = size
    random = np.random.default_rng(seed)
    at, to = random.random((sites, 2)), random.random((customers, 2))
    costs = np.rint(100 * np.linalg.norm(at[:, None] - to[None], axis=2)).astype(int)
    return random.integers(150, 260, sites).tolist(), costs.tolist()


def _location_cost(opening: list[int], costs: list[list[int]]) -> int:
    """The least cost of serving all customers."""
    sites, customers = len(opening), len(costs[0])
    model = cp_model.CpModel()
    opened = [model.new_bool_var("") for _ in range(sites)]
    serves = [[model.new_bool_var("") for _ in range(customers)] for _ in range(sites)]
    for customer in range(customers):
        model.add_exactly_one(serves[site][customer] for site in range(sites))
        for site in range(sites):
            model.add_implication(serves[site][customer], opened[site])
    running = sum(
        costs[site][customer] * serves[site][customer] for site in range(sites) for customer in range(customers)
    )
    model.minimize(cp_model.LinearExpr.weighted_sum(opened, opening) + running)
    return _best(model)


def location(size: tuple[int, int], seed: int) -> Classic:
    """Returns an uncapacitated facility location: the most worth of visits, less what camps cost."""
    opening, costs = _sites(size, seed)
    sites, customers = size
    worth = 200  # of each visit: more than the farthest costs, so that all are made
    camp = {f"L{site:02}-camp": {"state": f"L{site:02}", "capability": "camp", "quantity": opening[site],
            "indivisible": True, "weight": 0} for site in range(sites)}  # fmt: skip
    visits = {
        f"L{site:02}-{customer:02}": {
            "state": f"L{site:02}",
            "capability": f"c{customer:02}",
            "quantity": 1,
            "weight": worth - costs[site][customer],
            "after": [{"need": f"L{site:02}-camp"}],
        }
        for site in range(sites)
        for customer in range(customers)
    }
    name = f"location-{sites}x{customers}-{seed}"
    document = _document(
        name,
        {"camp": "Camps"} | {f"c{customer:02}": f"Visit of customer {customer}" for customer in range(customers)},
        states={f"L{site:02}": {"name": f"Site {site}", "deadline": 2030} for site in range(sites)},
        needs=camp | visits,
        providers={"F": {"name": "Fund", "kind": "foundation"}, "O": {"name": "Builder", "kind": "operator"}}
        | {f"p{customer:02}": {"name": f"Customer {customer}", "kind": "operator"} for customer in range(customers)},
        offers={
            "F-money": {"kind": "funding", "provider": "F", "amount": sum(opening)},
            "O-work": {
                "kind": "technical", "provider": "O", "capability": "camp", "capacity": sum(opening), "price": 1
            },
        }
        | {
            f"o{customer:02}": {
                "kind": "technical",
                "provider": f"p{customer:02}",
                "capability": f"c{customer:02}",
                "capacity": 1,
            }
            for customer in range(customers)
        },
        objectives={"weights": [{"objective": "coverage", "weight": 1}, {"objective": "cost", "weight": 1}]},
    )  # fmt: skip
    best = worth * customers - _location_cost(opening, costs)
    return Classic(name, Scenario.from_data(document), Fraction(best))


def location_by_links(size: tuple[int, int], seed: int) -> Classic:
    """Returns an uncapacitated facility location where all sites cost the same: a link of a provider and a State."""
    opening, costs = _sites(size, seed)
    sites, customers = size
    fixed = opening[0]
    name = f"location_by_links-{sites}x{customers}-{seed}"
    document = _document(
        name,
        {f"c{customer:02}": f"Work for customer {customer}" for customer in range(customers)},
        horizon=[2030, 2031],  # links that start in the first year count only beside ongoing ones
        states={"S": {"name": "State", "deadline": 2031}},
        needs={
            f"n{customer:02}": {"state": "S", "capability": f"c{customer:02}", "quantity": 1, "years": [2031, 2031]}
            for customer in range(customers)
        },
        providers={"F": {"name": "Fund", "kind": "foundation"}}
        | {f"p{site:02}": {"name": f"Site {site}", "kind": "operator"} for site in range(sites)},
        offers={"F-money": {"kind": "funding", "provider": "F", "amount": 1000 * customers}}
        | {
            f"o{site:02}-{customer:02}": {
                "kind": "technical",
                "provider": f"p{site:02}",
                "capability": f"c{customer:02}",
                "capacity": 1,
                "price": costs[site][customer],
            }
            for site in range(sites)
            for customer in range(customers)
        },
        objectives={
            "order": [
                {"objective": "coverage"},
                {"blend": [{"objective": "cost"}, {"objective": "turnover", "weight": fixed}]},
            ]
        },
    )
    best = _location_cost([fixed] * sites, costs) + fixed  # the fund's own link
    return Classic(name, Scenario.from_data(document), Fraction(best), 1)


KINDS: dict[str, tuple[Callable[[Any, int], Classic], tuple[Any, ...]]] = {
    "knapsack": (knapsack, (20, 50)),
    "projects": (projects, (14, 40)),
    "set_packing": (set_packing, (30, 60)),
    "kidney_exchange": (kidney_exchange, (20, 30)),
    "assignment": (assignment, ((5, 15), (8, 32), (10, 40))),
    "location": (location, ((16, 30), (16, 50))),
    "location_by_links": (location_by_links, ((10, 20), (16, 50))),
}
"""By kind: what writes one, and of which sizes."""


def classics(kinds: list[str]) -> Iterator[tuple[str, Classic]]:
    """Yields the instances of some kinds."""
    for kind in kinds:
        write, sizes = KINDS[kind]
        for size in sizes:
            for seed in SEEDS:
                yield kind, write(size, seed)


def main(kinds: list[str]) -> None:
    """Solves the instances of some kinds and prints how each ended."""
    tally: dict[str, list[tuple[bool, bool]]] = {}
    for kind, classic in classics(kinds or list(KINDS)):
        before = time.process_time()
        result = solve(classic.scenario)
        seconds = time.process_time() - before
        stage = result.stages[classic.stage]
        found = Fraction(stage.exact) == classic.optimum
        tally.setdefault(kind, []).append((found, found and stage.solved))
        bound = "none" if stage.bound is None else Decimal(stage.bound)
        sys.stdout.write(
            f"{classic.name}: optimum {float(classic.optimum):g}, found {stage.value}, bound {bound}, "
            f"{result.method}, {result.stopped_by}, {result.sizes.columns} columns, {seconds:.1f} s\n"
        )
        sys.stdout.flush()
    for kind, each in tally.items():
        found, proven = (sum(one[at] for one in each) for at in (0, 1))
        sys.stdout.write(f"{kind}: found {found}, proven {proven} of {len(each)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
