"""Solves geneva-2015 in several orders of its objectives and with other tolerances, and sets the plans side by side.

Run from the top of the project, in an environment where it is installed::

    python benchmarks/orders.py --out FOLDER [--work N] [NAME ...]

Each plan is saved in a folder of its name; what is there already is read, not solved again. Writes a Markdown table, a
plan a row; README.md says what its figures count, and what was chosen by them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from benchmarks.plausibility import given_before
from matcher import Scenario, SolveOptions
from matcher.comparison.plausibility import Plausibility, plausibility
from matcher.portfolio.portfolio import Portfolio
from matcher.runs.reading import read_portfolio

SCENARIO = Path(__file__).parents[1] / "scenarios" / "geneva-2015.yaml"
FIRST = ("completions", "late_completions")
COVERAGE, WORST_OFF, TURNOVER, WAITING = "coverage:0.0005", "worst_off:0.01", "turnover:0.05", "waiting:0.10"
BLEND = "cost+2*at_risk+0.5*dependence+0.5*swings"
KEEPING = (*FIRST, COVERAGE, WORST_OFF)
"""Before what is tried in every order."""
ORDERS: Mapping[str, tuple[str, ...]] = {
    "turnover-waiting-blend": (*KEEPING, TURNOVER, WAITING, f"{BLEND}:0.02"),
    "turnover-blend-waiting": (*KEEPING, TURNOVER, f"{BLEND}:0.02", WAITING),
    "waiting-turnover-blend": (*KEEPING, WAITING, TURNOVER, f"{BLEND}:0.02"),
    "waiting-blend-turnover": (*KEEPING, WAITING, f"{BLEND}:0.02", TURNOVER),
    "blend-turnover-waiting": (*KEEPING, f"{BLEND}:0.02", TURNOVER, WAITING),
    "blend-waiting-turnover": (*KEEPING, f"{BLEND}:0.02", WAITING, TURNOVER),
    "tolerances-halved": (
        *FIRST, "coverage:0.00025", "worst_off:0.005", "turnover:0.025", "waiting:0.05", f"{BLEND}:0.01",
    ),
    "tolerances-doubled": (
        *FIRST, "coverage:0.001", "worst_off:0.02", "turnover:0.10", "waiting:0.20", f"{BLEND}:0.04",
    ),
    "coverage-half-percent": (*FIRST, "coverage:0.005", WORST_OFF, TURNOVER, WAITING, f"{BLEND}:0.02"),
    "turnover-first": (*FIRST, TURNOVER, COVERAGE, WORST_OFF, WAITING, f"{BLEND}:0.02"),
    "dependence-before-turnover": (*KEEPING, "dependence:0.5", TURNOVER, WAITING, f"{BLEND}:0.02"),
    "dependence-first": (*FIRST, "dependence:0.05", COVERAGE, WORST_OFF, TURNOVER, WAITING, f"{BLEND}:0.02"),
}  # fmt: skip
"""Entries of each order, with their tolerances; ``turnover`` or ``dependence`` first shows how good it could be."""
FIGURES: Mapping[str, Callable[[Plausibility], str]] = {
    "in time / late": lambda found: f"{len(found.in_time)} / {len(found.late)}",
    "links of 3 years": lambda found: percent(found.lasting.share),
    "one-year spells": lambda found: percent(found.one_year.share),
    "links / groups with a gap": lambda found: (
        f"{len(found.broken_links)} of {found.links} / {percent(found.broken_groups.share)}"
    ),
    "cuts / rises": lambda found: (
        f"{len(found.cuts)} of {found.funded_pairs} / {len(found.rises)} of {found.funded_twice}"
    ),
    "links of 2014 kept": lambda found: percent(found.continued.share),
    "carried by one": lambda found: f"{len(found.carried)} of {len(found.largest)}",
    "public unused": lambda found: str(len(found.unused)),
    "near 2014": lambda found: f"{found.near.count} of {found.near.whole}",
}
"""What the table tells of each plan."""


def percent(share: Fraction | None) -> str:
    """Returns a share in per cent; a dash where there is nothing to take it of."""
    return "-" if share is None else f"{float(share) * 100:.1f} %"


def solved(name: str, out: Path, work: int, scenario: Path = SCENARIO) -> tuple[Scenario, Portfolio]:
    """Returns the plan of an order, from its folder if it is there."""
    folder = out / name
    if not folder.exists():
        command = [sys.executable, "-m", "matcher", "solve", str(scenario), "--order", ",".join(ORDERS[name])]
        command += ["--work", str(work), "--quiet", "-o", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return read_portfolio(folder, lambda line: None)


def lines(plans: Mapping[str, tuple[Scenario, Portfolio]]) -> Iterator[str]:
    """Yields the table of some plans, by the name of their order."""
    yield f"| order | {' | '.join(FIGURES)} |"
    yield f"| --- |{' ---: |' * len(FIGURES)}"
    for name, (scenario, portfolio) in plans.items():
        found = plausibility(scenario, portfolio, given_before(scenario))
        yield f"| {name} | {' | '.join(tell(found) for tell in FIGURES.values())} |"


def main(arguments: list[str] | None = None) -> None:
    """Solves what is missing and writes the table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", metavar="NAME", help="orders; all of them if none is named")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--work", type=int, default=SolveOptions().work)
    parser.add_argument("--scenario", type=Path, default=SCENARIO, help="another scenario than geneva-2015")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.name) - ORDERS.keys()):
        parser.error(f"no order is called {', '.join(unknown)}; there are {', '.join(ORDERS)}")
    plans = {name: solved(name, asked.out, asked.work, asked.scenario) for name in asked.name or ORDERS}
    sys.stdout.writelines(f"{line}\n" for line in lines(plans))


if __name__ == "__main__":
    main()
