"""Counts how unlike history the plans of saved runs are: each figure beside history and what is aimed at.

Run from the top of the project, in an environment where it is installed, on folders that `matcher solve -o` wrote::

    python benchmarks/plausibility.py RUN [RUN ...] [--clocks]

Writes a Markdown table, figures that miss their aim in bold, and for each run who or what is behind the figures.
The links of the year before come from the scenario; where it states none and begins in 2015, as those of the first
edition do, from the table that geneva-2015 is made from.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from matcher.comparison.plausibility import Part, Plausibility, plausibility
from matcher.comparison.tally import tally
from matcher.errors import MatcherError
from matcher.explanation.clocks import clock
from matcher.portfolio.portfolio import Portfolio
from matcher.reporting.languages import table_of
from matcher.reporting.layout import escaped
from matcher.reporting.plausibility import plausibility_cells, plausibility_witnesses
from matcher.runs.reading import read_portfolio
from matcher.scenario import Scenario

GIVEN = Path(__file__).parents[1] / "scenarios" / "generators" / "geneva_2015" / "donor_recipient.csv"
"""Who gave how much to whom in 2014, with sources."""
YEAR = 2014
MORE_HISTORY = {"top_recipients": "78 % of what is traced in 2014 to States of geneva-2015"}
"""What is known of one scenario's States only."""


@dataclass(frozen=True)
class Aim:
    """What a programme manager would expect of a plan."""

    text: str
    met: Callable[[Plausibility], bool]


def at_most(share: Fraction | None, percent: int) -> bool:
    """Returns whether a share is no more than so many per cent; of nothing, it is."""
    return share is None or share * 100 <= percent


def at_least(share: Fraction | None, percent: int) -> bool:
    """Returns whether a share is no less than so many per cent; of nothing, it is."""
    return share is None or share * 100 >= percent


AIMS = {
    "completing": Aim("late: at most 2", lambda found: len(found.late) <= 2),
    "lasting": Aim("at least 92 %", lambda found: at_least(found.lasting.share, 92)),
    "one_year": Aim("at most 10 %", lambda found: at_most(found.one_year.share, 10)),
    "broken_links": Aim("at most 2 %", lambda found: at_most(Part(len(found.broken_links), found.links).share, 2)),
    "broken_groups": Aim("at most 5 %", lambda found: at_most(found.broken_groups.share, 5)),
    "cuts": Aim("at most 4 %", lambda found: at_most(Part(len(found.cuts), found.funded_pairs).share, 4)),
    "rises": Aim("at most 5 %", lambda found: at_most(Part(len(found.rises), found.funded_twice).share, 5)),
    "kept": Aim("at least 70 %", lambda found: at_least(found.continued.share, 70)),
    "carried": Aim("at most 3", lambda found: len(found.carried) <= 3),
    "unused": Aim("0", lambda found: not found.unused),
    "near": Aim("at least two thirds", lambda found: 3 * found.near.count >= 2 * found.near.whole),
    "crumbs": Aim("0", lambda found: not found.crumbs),
}
"""By figure; README.md says why."""


def given_before(scenario: Scenario, path: Path = GIVEN) -> dict[tuple[str, str], int | None] | None:
    """Returns the links of the year before a scenario's horizon, with that year's money; None where it states some.

    They are taken from the table of 2014. Rows are left out whose donor is no provider
    of the scenario, or whose recipient is none of its States; none are taken for a scenario that begins in another
    year. Money is known in dollars only.
    """
    if scenario.ongoing_links:
        return None
    if scenario.horizon.first != YEAR + 1:
        return {}
    providers = {each.id: each.state for each in scenario.providers}
    states = {each.id for each in scenario.states}
    found = Counter[tuple[str, str]]()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            donor, recipient = row["donor"], row["recipient"]
            if donor in providers and recipient in states and providers[donor] != recipient:
                found[donor, recipient] += int(row["amount_usd"]) * 10**scenario.currency.decimals
    dollars = scenario.currency.code == "USD"
    return {link: amount if dollars else None for link, amount in sorted(found.items())}


def overdue(scenario: Scenario, portfolio: Portfolio) -> Iterator[str]:
    """Yields the States that complete later than they could with all else kept, and both years."""
    for state, counted in tally(scenario, portfolio).states.items():
        if counted.completion_year is not None:
            found = clock(scenario, portfolio, state)
            if (
                found.within is not None
                and found.within.year is not None
                and found.within.year < counted.completion_year
            ):
                yield f"{scenario.state(state).name} ({counted.completion_year}, could by {found.within.year})"


def lines(runs: Sequence[tuple[str, Scenario, Portfolio]], clocks: bool = False) -> Iterator[str]:
    """Yields the table of some runs, by name, and who or what is behind the figures of each."""
    found = [plausibility(scenario, portfolio, given_before(scenario)) for _, scenario, portfolio in runs]
    late = [list(overdue(scenario, portfolio)) if clocks else [] for _, scenario, portfolio in runs]
    cells = [plausibility_cells(scenario, each) for (_, scenario, _), each in zip(runs, found, strict=True)]
    words = table_of("en")["plausibility"]
    yield _row("figure", *(name for name, _, _ in runs), "history", "aim")
    yield _row("---", *("---:" for _ in runs), "---", "---")
    for key, name in words["names"].items():
        aim = AIMS.get(key)
        values = [_cell(cell.get(key), aim is None or aim.met(each)) for cell, each in zip(cells, found, strict=True)]
        told = "; ".join(text for text in (words["history"].get(key), MORE_HISTORY.get(key)) if text)
        yield _row(name, *values, told or "-", "-" if aim is None else aim.text)
    if clocks:
        yield _row("States that complete later than they could, all else kept", *map(str, map(len, late)), "-", "-")
    for (name, scenario, _), each, those in zip(runs, found, late, strict=True):
        yield from ("", f"{escaped(name)}:", "")
        yield from (f"- {escaped(f'{what}: {names}')}" for what, names in plausibility_witnesses(scenario, each))
        if those:
            yield f"- Later than they could: {escaped('; '.join(those))}"


def _cell(said: tuple[str, str] | None, met: bool) -> str:
    """A figure's name and value as a cell; a dash where nothing is known of it."""
    if said is None:
        return "-"
    return said[1] if met else f"**{said[1]}**"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main(arguments: list[str] | None = None) -> None:
    """Reads runs and writes the table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="+", help="folder that matcher solve wrote")
    parser.add_argument("--clocks", action="store_true", help="also: when each State could complete (minutes)")
    asked = parser.parse_args(arguments)
    try:
        runs = [(path.resolve().name, *read_portfolio(path, _warn)) for path in asked.run]
    except MatcherError as error:
        parser.exit(2, f"{error}\n")
    sys.stdout.writelines(f"{line}\n" for line in lines(runs, asked.clocks))


if __name__ == "__main__":
    main()
