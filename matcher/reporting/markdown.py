"""A result as a paper for a meeting, in Markdown. It proposes; people decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matcher.comparison.plausibility import plausibility
from matcher.comparison.tally import tally
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.reporting import amounts
from matcher.reporting.conflicts import conflict_texts
from matcher.reporting.languages import Table, numerals_of, sought_names, table_of
from matcher.reporting.lasting import completing_lines, lasting_lines
from matcher.reporting.layout import escaped, markdown_table
from matcher.reporting.plausibility import plausibility_lines
from matcher.reporting.sheets import Sheet, need_name, sheet
from matcher.reporting.tables import (
    KIND_RIGHT,
    LARGEST_RIGHT,
    kind_head,
    kind_rows,
    largest_count,
    largest_head,
    largest_rows,
    state_head,
)
from matcher.reporting.verdict import (
    OBJECTIVE_RIGHT,
    completion,
    objective_head,
    objective_rows,
    stop_of,
    verdict_of,
)
from matcher.scenario import Scenario

Lines = list[str]
COLLECTIONS = ("capabilities", "states", "needs", "providers", "offers")
"""Collections whose figures come from the world."""
CHECK_COMMAND = "matcher verify ."


def summary_markdown(scenario: Scenario, result: Result, language: str = "en") -> str:
    """Returns a result as a paper for a meeting.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return "\n\n".join("\n".join(block) for block in _Paper(scenario, result, language).blocks() if block) + "\n"


def partnerships_markdown(scenario: Scenario, result: Result, language: str = "en") -> str:
    """Returns the draft sheets of all partnerships of a result, by State.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    table = table_of(language)
    title = table["paper"]["drafts_title"].format(scenario=escaped(scenario.title or scenario.name))
    lines = [f"# {title}", "", table["paper"]["drafts" if result.partnerships else "no_partnerships"]]
    state = None
    for each in result.partnerships:
        if each.state != state:
            state = each.state
            lines += ["", f"## {escaped(scenario.state(state).name)}"]
        lines += ["", *_sheet(sheet(scenario, each, language), table["sheets"]["part"])]
    return "\n".join(lines) + "\n"


def _sheet(draft: Sheet, headed: str) -> Lines:
    lines = [f"### {escaped(draft.id)}", "", escaped(draft.title), "", f"*{escaped(draft.facts)}*", ""]
    for part in draft.parts:
        title = f"**{part.title}**"
        lines.append(f"- {headed.format(part=title, missing=f'*{part.missing}*') if part.missing else title}")
        lines += [f"  - {escaped(line)}" for line in part.lines]
    return lines


class _Paper:
    """Says what a result holds, in one language."""

    def __init__(self, scenario: Scenario, result: Result, language: str) -> None:
        self.scenario, self.result, self.language = scenario, result, language
        self.table: Table = table_of(language)["paper"]
        self.results: Table = table_of(language)["results"]
        self.numerals = numerals_of(language)

    def blocks(self) -> list[Lines]:
        """Returns the blocks of the paper, in order; one that there is nothing to say in is empty."""
        blocks = [self._opening(), self._question(), self._objectives()]
        if self.result.portfolio is not None:
            portfolio = self.result.portfolio
            blocks += [self._states(portfolio), self._kinds(), self._unmet(portfolio), self._partnerships()]
            blocks += [self._lasting(), self._plausibility(portfolio)]
        return [*blocks, self._ground(), self._checking()]

    def _opening(self) -> Lines:
        lines = [f"# {escaped(self.scenario.title or self.scenario.name)}", ""]
        verdict = verdict_of(self.result, self.scenario, self.language)
        if self.result.portfolio is None:
            status = self.results["status"][self.result.status]
            lines += [f"**{status[:1].upper()}{status[1:]}.** {verdict}", ""]
            return [
                *lines,
                *(f"- {escaped(text)}" for text in conflict_texts(self.scenario, self.result, self.language)),
            ]
        return [*lines, self.table["opening"], "", self.table["quality"].format(verdict=verdict)]

    def _question(self) -> Lines:
        """What the scenario holds, what was sought in it, and what ended the solve."""
        scenario, table = self.scenario, self.table
        external = [offer for offer in scenario.funding if scenario.provider(offer.provider).state is None]
        held = table["states"].format(
            states=self._count(scenario.states),
            needs=self._count(scenario.needs),
            years=amounts.years(scenario.horizon),
        )
        offered = table["providers"].format(
            providers=self._count(scenario.providers),
            offers=self._count(scenario.offers),
            external=self._count(external),
        )
        gap = amounts.gap(self.result.options.gap, self.numerals)
        ending = table["ending"].format(gap=gap, stop=self._ending())
        described = [escaped(scenario.description), ""] if scenario.description else []
        points = (f"- {line}" for line in (held, offered, self._sought(), ending))
        return self._headed(table["headings"]["scenario"], [*described, *points])

    def _ending(self) -> str:
        """Returns what ended the solve; where no portfolio exists, no precision was reached."""
        infeasible = self.result.status == "infeasible"
        return self.table["proven_infeasible"] if infeasible else stop_of(self.result, self.language)

    def _sought(self) -> str:
        """Returns the objectives in the order or with the weights that were asked for."""
        scenario, table = self.scenario, self.table
        names = sought_names(self.language, scenario.objectives.discount)
        weights = scenario.objectives.weights
        if weights is None:
            order = table["then"].join(names[goal.name] for goal in scenario.order())
            return str(table["order"].format(objectives=order))
        named = (
            table["weight"].format(name=names[each.objective], weight=self.numerals.written(str(each.weight)))
            for each in weights
        )
        return str(table["weights"].format(objectives=", ".join(named)))

    def _objectives(self) -> Lines:
        if not self.result.stages:
            return []
        rows = objective_rows(self.result, self.scenario, self.language)
        table = markdown_table(objective_head(self.language), rows, OBJECTIVE_RIGHT)
        return self._headed(self.results["headings"]["objectives"], table)

    def _states(self, portfolio: Portfolio) -> Lines:
        scenario, currency = self.scenario, self.scenario.currency
        rows = [
            (
                scenario.state(key).name,
                str(scenario.state(key).deadline),
                completion(counted, self.language),
                amounts.share(counted.coverage, numerals=self.numerals),
                amounts.money(counted.external, currency, self.numerals),
                amounts.money(counted.own, currency, self.numerals),
                ", ".join(scenario.provider(partner).name for partner in sorted(counted.partners)) or amounts.NONE,
            )
            for key, counted in tally(scenario, portfolio).states.items()
        ]
        table = markdown_table(state_head(self.language), rows, frozenset({1, 3, 4, 5}))
        said = completing_lines(scenario, portfolio, self.language)
        return self._headed(self.results["headings"]["states"], [*table, *(["", *said] if said else [])])

    def _lasting(self) -> Lines:
        lines = lasting_lines(self.scenario, self.result, self.language)
        return self._headed(table_of(self.language)["lasting"]["title"], [f"- {escaped(line)}" for line in lines])

    def _plausibility(self, portfolio: Portfolio) -> Lines:
        return plausibility_lines(self.scenario, plausibility(self.scenario, portfolio), self.language)

    def _kinds(self) -> Lines:
        rows = kind_rows(self.scenario, self.result, self.language)
        if not rows:
            return []
        table = markdown_table(kind_head(self.language), rows, KIND_RIGHT)
        return self._headed(self.results["headings"]["kinds"], table)

    def _unmet(self, portfolio: Portfolio) -> Lines:
        scenario, table = self.scenario, self.table
        rows = [
            (
                scenario.state(each.need.state).name,
                need_name(scenario, each.need.id, self.language),
                amounts.quantity(each.open, scenario.capability(each.need.capability).unit, self.numerals),
                amounts.share(1 - each.met, numerals=self.numerals),
            )
            for each in tally(scenario, portfolio).needs.values()
            if each.open
        ]
        head = [table["unmet"][column] for column in ("state", "need", "quantity", "share")]
        lines = markdown_table(head, rows, frozenset({2, 3})) if rows else [table["all_met"]]
        return self._headed(table["headings"]["unmet"], lines)

    def _partnerships(self) -> Lines:
        scenario, result, language = self.scenario, self.result, self.language
        if not result.partnerships:
            return self._headed(self.table["headings"]["no_partnerships"], [self.table["no_partnerships"]])
        table = markdown_table(largest_head(language), largest_rows(scenario, result, language), LARGEST_RIGHT)
        head = self.results["headings"]["partnerships"].format(count=largest_count(result, language))
        return self._headed(head, [*table, "", self.table["drafts_beside"]])

    def _ground(self) -> Lines:
        """How far the figures can be trusted, and what was assumed."""
        scenario, table = self.scenario, self.table
        counts = Counter(
            each.confidence
            for name in COLLECTIONS
            for entity in getattr(scenario, name)
            for each in entity.provenance.values()
        )
        lines = [
            f"- {table['figures'].format(confidence=text, count=amounts.count(counts[key], self.numerals))}"
            for key, text in table_of(self.language)["confidence"].items()
            if counts[key]
        ] or [f"- {table['no_provenance']}"]
        lines.append(f"- {table['assumptions'].format(count=self._count(scenario.assumptions))}")
        lines += [f"  - {escaped(each.text)} ({escaped(each.reason)})" for each in scenario.assumptions]
        return self._headed(table["headings"]["ground"], lines)

    def _checking(self) -> Lines:
        result, table = self.result, self.table
        origin = table["origin"].format(
            scenario=result.scenario, hash=result.scenario_hash, version=result.version, solver=escaped(result.solver)
        )
        check = [table["checking"], "", "```", CHECK_COMMAND, "```", ""] if result.portfolio is not None else []
        return self._headed(table["headings"]["checking"], [*check, origin])

    def _headed(self, heading: str, lines: Lines) -> Lines:
        return [f"## {heading}", "", *lines]

    def _count(self, things: Sequence[object]) -> str:
        return amounts.count(len(things), self.numerals)
