"""A result as a paper for a meeting, in Markdown. It proposes; people decide."""

from __future__ import annotations

from collections import Counter

from matcher.comparison.tally import kinds, tally
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.reporting import amounts, words
from matcher.reporting.layout import escaped, markdown_table
from matcher.reporting.sheets import (
    LARGEST_HEAD,
    LARGEST_RIGHT,
    Sheet,
    largest_count,
    largest_rows,
    need_name,
    sheet,
)
from matcher.reporting.verdict import OBJECTIVE_HEAD, OBJECTIVE_RIGHT, completion, objective_rows, stop_of, verdict_of
from matcher.scenario import Scenario

Lines = list[str]
COLLECTIONS = ("capabilities", "states", "needs", "providers", "offers")
"""Collections whose figures come from the world."""


def summary_markdown(scenario: Scenario, result: Result) -> str:
    """Returns a result as a paper for a meeting."""
    blocks: list[Lines] = [
        _opening(scenario, result),
        _asked(scenario, result),
        _objectives(scenario, result),
    ]
    if result.portfolio is not None:
        blocks += [
            _states(scenario, result.portfolio),
            _kinds(scenario, result),
            _unmet(scenario, result.portfolio),
            _partnerships(scenario, result),
        ]
    blocks += [_ground(scenario), _checking(result)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _opening(scenario: Scenario, result: Result) -> Lines:
    lines = [f"# {escaped(scenario.title or scenario.name)}", ""]
    if result.portfolio is None:
        lines += [f"**{words.STATUS[result.status].capitalize()}.** {verdict_of(result, scenario)}"]
        return [*lines, "", *(f"- {escaped(conflict.detail)}" for conflict in result.conflicts)]
    lines += [words.PAPER["opening"], "", f"**How good it is.** {verdict_of(result, scenario)}"]
    return lines


def _asked(scenario: Scenario, result: Result) -> Lines:
    external = [offer for offer in scenario.funding if scenario.provider(offer.provider).state is None]
    lines = ["## What was asked", ""]
    if scenario.description:
        lines += [escaped(scenario.description), ""]
    lines += [
        f"- {len(scenario.states)} States with {len(scenario.needs)} needs, {amounts.years(scenario.horizon)}",
        f"- {len(scenario.providers)} providers with {len(scenario.offers)} offers,"
        f" {len(external)} of them money from outside",
        f"- sought: {_sought(scenario)}",
        f"- precision asked: {amounts.gap(result.options.gap)}; ended because {_ending(result)}",
    ]
    return lines


def _ending(result: Result) -> str:
    """Returns what ended the solve; where no portfolio exists, no precision was reached."""
    return words.PAPER["proven_infeasible"] if result.status == "infeasible" else stop_of(result)


def _sought(scenario: Scenario) -> str:
    """Returns the objectives in the order or with the weights that were asked for."""
    names = words.objective_names(scenario.objectives.discount)
    if scenario.objectives.weights is not None:
        return ", ".join(f"{names[each.objective]} x {each.weight}" for each in scenario.objectives.weights)
    return "; then ".join(names[goal.objective] for goal in scenario.order())


def _objectives(scenario: Scenario, result: Result) -> Lines:
    if not result.stages:
        return []
    rows = objective_rows(result, scenario)
    return ["## Objectives", "", *markdown_table(OBJECTIVE_HEAD, rows, OBJECTIVE_RIGHT)]


def _states(scenario: Scenario, portfolio: Portfolio) -> Lines:
    head = ("State", "deadline", "completes", "needs met", "external money", "own money", "partners")
    states = tally(scenario, portfolio).states
    rows = [
        (
            scenario.state(key).name,
            str(scenario.state(key).deadline),
            completion(counted),
            amounts.share(counted.coverage),
            amounts.money(counted.external, scenario.currency),
            amounts.money(counted.own, scenario.currency),
            ", ".join(scenario.provider(partner).name for partner in sorted(counted.partners)) or amounts.NONE,
        )
        for key, counted in states.items()
    ]
    return ["## States", "", *markdown_table(head, rows, frozenset({1, 3, 4, 5}))]


def _kinds(scenario: Scenario, result: Result) -> Lines:
    rows = [
        (words.KINDS[each.kind], str(each.partnerships), amounts.money(each.money, scenario.currency))
        for each in kinds(result.partnerships)
    ]
    if not rows:
        return []
    return ["## Kinds of partnership", "", *markdown_table(("kind", "partnerships", "money"), rows, frozenset({1, 2}))]


def _partnerships(scenario: Scenario, result: Result) -> Lines:
    if not result.partnerships:
        return ["## Partnerships", "", words.PAPER["no_partnerships"]]
    table = markdown_table(LARGEST_HEAD, largest_rows(scenario, result), LARGEST_RIGHT)
    return [f"## Partnerships ({largest_count(result)})", "", *table, "", words.PAPER["drafts_beside"]]


def partnerships_markdown(scenario: Scenario, result: Result) -> str:
    """Returns the draft sheets of all partnerships of a result, by State."""
    title = f"# {escaped(scenario.title or scenario.name)}: {words.PAPER['drafts_title']}"
    lines = [title, "", words.PAPER["drafts" if result.partnerships else "no_partnerships"]]
    state = None
    for each in result.partnerships:
        if each.state != state:
            state = each.state
            lines += ["", f"## {escaped(scenario.state(state).name)}"]
        lines += ["", *_sheet(sheet(scenario, each))]
    return "\n".join(lines) + "\n"


def _sheet(draft: Sheet) -> Lines:
    lines = [f"### {escaped(draft.id)}", "", escaped(draft.title), "", f"*{escaped(draft.facts)}*", ""]
    for part in draft.parts:
        lines.append(f"- **{part.title}**" + (f": *{part.missing}*" if part.missing else ""))
        lines += [f"  - {escaped(line)}" for line in part.lines]
    return lines


def _unmet(scenario: Scenario, portfolio: Portfolio) -> Lines:
    rows = [
        (
            scenario.state(each.need.state).name,
            need_name(scenario, each.need.id),
            amounts.quantity(each.open, scenario.capability(each.need.capability).unit),
            amounts.share(1 - each.met),
        )
        for each in tally(scenario, portfolio).needs.values()
        if each.open
    ]
    if not rows:
        return ["## Unmet needs", "", words.PAPER["all_met"]]
    table = markdown_table(("State", "need", "open", "share"), rows, frozenset({2, 3}))
    return ["## Unmet needs", "", *table]


def _ground(scenario: Scenario) -> Lines:
    """How far the figures can be trusted, and what was assumed."""
    counts = Counter(
        each.confidence
        for name in COLLECTIONS
        for entity in getattr(scenario, name)
        for each in entity.provenance.values()
    )
    lines = ["## What it rests on", ""]
    lines += [f"- {counts[key]:,} figures {text}" for key, text in words.CONFIDENCE.items() if counts[key]]
    lines += [] if counts else [f"- {words.PAPER['no_provenance']}"]
    lines.append(f"- {len(scenario.assumptions)} assumptions" + (":" if scenario.assumptions else ""))
    return lines + _assumptions(scenario)


def _assumptions(scenario: Scenario) -> Lines:
    return [f"  - {escaped(each.text)} ({escaped(each.reason)})" for each in scenario.assumptions]


def _checking(result: Result) -> Lines:
    origin = f"Scenario {result.scenario}, SHA-256 {result.scenario_hash}"
    engine = f"matcher {result.version}; {escaped(result.solver)}"
    lines = ["## How to check it", ""]
    if result.portfolio is not None:
        lines += [words.PAPER["checking"], "", "```", words.PAPER["check_command"], "```", ""]
    return [*lines, f"{origin}; {engine}."]
