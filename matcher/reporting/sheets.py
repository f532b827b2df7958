"""Draft sheets of partnerships: the four parts of a partnership for completion, each there or missing.

A sheet is a draft for the partners: it says what the portfolio has ground for and leaves the rest,
by name, to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.portfolio.partnerships import PARTS
from matcher.portfolio.portfolio import Part, PartnerCommitment, Partnership, Responsibility, Target
from matcher.portfolio.result import Result
from matcher.reporting import amounts, words
from matcher.scenario import Scenario

TOP = 10
"""Partnerships that a table of the largest lists."""
LARGEST_HEAD = ("id", "State", "partners", "kind", "years", "money")
LARGEST_RIGHT = frozenset({5})
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class SheetPart:
    """One of the four parts, as lines for people."""

    title: str
    """Name of the part."""
    lines: tuple[str, ...]
    """What the portfolio has ground for."""
    missing: str | None
    """What is said where the ground is missing, or None."""


@dataclass(frozen=True)
class Sheet:
    """One partnership as a draft agreement."""

    id: str
    """Name of the partnership."""
    title: str
    """State and partners."""
    facts: str
    """Kind, years and money in one line."""
    parts: tuple[SheetPart, ...]
    """The four parts, in their order."""


def sheet(scenario: Scenario, partnership: Partnership) -> Sheet:
    """Returns the draft sheet of one partnership."""
    money = amounts.money(partnership.money, scenario.currency) if partnership.financier else "in kind, no money"
    kind = words.KINDS[partnership.kind]
    return Sheet(
        partnership.id,
        f"{scenario.state(partnership.state).name}: {partners(scenario, partnership)}",
        f"{kind}, {amounts.years(partnership.years)}, {money}",
        tuple(_part(scenario, partnership, part) for part in PARTS),
    )


def partners(scenario: Scenario, partnership: Partnership) -> str:
    """Returns who takes part, in a few words."""
    implementer = scenario.provider(partnership.implementer).name
    if partnership.financier is None:
        return f"{implementer} (in kind)"
    financier = scenario.provider(partnership.financier).name
    return financier if partnership.financier == partnership.implementer else f"{financier} with {implementer}"


def largest_count(result: Result) -> str:
    """Returns how many of the partnerships a table of the largest lists."""
    total = len(result.partnerships)
    return str(total) if total <= TOP else f"the {TOP} largest of {total}"


def largest_rows(scenario: Scenario, result: Result) -> list[tuple[str, ...]]:
    """Returns one row per partnership for the largest ones, by money."""
    largest = sorted(result.partnerships, key=lambda each: (-each.money, each.id))[:TOP]
    return [
        (
            each.id,
            scenario.state(each.state).name,
            partners(scenario, each),
            words.KINDS[each.kind],
            amounts.years(each.years),
            amounts.money(each.money, scenario.currency),
        )
        for each in largest
    ]


def need_name(scenario: Scenario, key: str) -> str:
    """Returns the name of a need, or of its capability, with its id."""
    need = scenario.need(key)
    return f"{need.name or scenario.capability(need.capability).name} ({key})"


def _part(scenario: Scenario, partnership: Partnership, part: Part) -> SheetPart:
    lines = {
        "responsibilities": _responsibilities,
        "targets": _targets,
        "multi_year_commitment": _commitments,
        "dialogue": _dialogue,
    }[part](scenario, partnership)
    missing = words.MISSING[part] if part in partnership.missing else None
    return SheetPart(words.PARTS[part], tuple(lines), missing)


def _responsibilities(scenario: Scenario, partnership: Partnership) -> Iterator[str]:
    for duty in partnership.responsibilities:
        need = need_name(scenario, duty.need) if duty.need else ""
        yield words.DUTIES[duty.duty].format(partner=_party(scenario, duty), need=need)


def _party(scenario: Scenario, duty: Responsibility) -> str:
    """Returns the name of the State that leads, or of the provider."""
    return scenario.state(duty.partner).name if duty.duty == "lead" else scenario.provider(duty.partner).name


def _targets(scenario: Scenario, partnership: Partnership) -> Iterator[str]:
    for target in sorted(partnership.targets, key=lambda each: (each.by, each.need)):
        unit = scenario.capability(scenario.need(target.need).capability).unit
        done = amounts.quantity(target.quantity, unit)
        yield f"by the end of {target.by}: {done} of {need_name(scenario, target.need)}{_people(target)}"


def _people(target: Target) -> str:
    people = target.beneficiaries
    if people is None:
        return ""
    return f"; for {people.women:,} women, {people.men:,} men, {people.girls:,} girls, {people.boys:,} boys"


def _commitments(scenario: Scenario, partnership: Partnership) -> Iterator[str]:
    for commitment in partnership.commitments:
        verb = "pays" if commitment.role == "finances" else "delivers"
        partner = scenario.provider(commitment.partner).name
        yearly = "; ".join(_yearly(scenario, commitment))
        yield f"{partner} {verb} (offer {commitment.offer}): {yearly}"


def _yearly(scenario: Scenario, commitment: PartnerCommitment) -> Iterator[str]:
    for each in commitment.amounts:
        if commitment.capability is None:
            yield f"{each.year} {amounts.money(each.amount, scenario.currency)}"
        else:
            yield f"{each.year} {amounts.quantity(each.amount, scenario.capability(commitment.capability).unit)}"


def _dialogue(_: Scenario, partnership: Partnership) -> Iterator[str]:
    months: dict[tuple[str, int], list[str]] = {}
    for meeting in partnership.dialogue:
        months.setdefault((meeting.format, meeting.year), []).append(MONTH_NAMES[meeting.month - 1])
    calendar: dict[tuple[str, str], list[int]] = {}
    for (form, year), names in months.items():
        calendar.setdefault((form, ", ".join(names)), []).append(year)
    for (form, listed), years in calendar.items():
        yield f"{amounts.years((min(years), max(years)))}: {form} in {listed}" + (" of each year" if years[1:] else "")


def sheet_lines(draft: Sheet) -> list[str]:
    """Returns a sheet as plain text."""
    lines = [f"{draft.id}  {draft.title}", f"  {draft.facts}"]
    for part in draft.parts:
        lines.append(f"  {part.title}" + (f": {part.missing}" if part.missing else ""))
        lines += [f"    - {line}" for line in part.lines]
    return lines
