"""Draft sheets of partnerships: the four parts of a partnership for completion, each there or missing.

A sheet is a draft for the partners: it says what the portfolio has ground for and leaves the rest,
by name, to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.portfolio.partnerships import PARTS
from matcher.portfolio.portfolio import Part, PartnerCommitment, Partnership, Responsibility, Target
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.scenario import Scenario
from matcher.scenario.entities import Dialogue

UNNAMED_MEETING = Dialogue.model_fields["format"].default
"""Format of meetings where a scenario names none: each language has its own words for it."""


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


def sheet(scenario: Scenario, partnership: Partnership, language: str = "en") -> Sheet:
    """Returns the draft sheet of one partnership.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return _Speaker(scenario, language).sheet(partnership)


def partners(scenario: Scenario, partnership: Partnership, language: str = "en") -> str:
    """Returns who takes part, in a few words."""
    table, implementer = table_of(language)["sheets"], scenario.provider(partnership.implementer).name
    if partnership.financier is None:
        return str(table["gift"].format(implementer=implementer))
    financier = scenario.provider(partnership.financier).name
    if partnership.financier == partnership.implementer:
        return financier
    return str(table["pair"].format(financier=financier, implementer=implementer))


def years_text(partnership: Partnership, language: str = "en") -> str:
    """Returns the years of a partnership, and those between them in which nothing flows."""
    years = amounts.years(partnership.years)
    if not partnership.breaks:
        return years
    broken: str = table_of(language)["sheets"]["broken"]
    return broken.format(years=years, breaks=", ".join(map(amounts.years, partnership.breaks)))


def need_name(scenario: Scenario, key: str, language: str = "en") -> str:
    """Returns the name of a need, or of its capability, with its id."""
    need = scenario.need(key)
    name = need.name or scenario.capability(need.capability).name
    return str(table_of(language)["sheets"]["need"].format(name=name, id=key))


def sheet_lines(draft: Sheet, language: str = "en") -> list[str]:
    """Returns a sheet as plain text."""
    headed: str = table_of(language)["sheets"]["part"]
    lines = [f"{draft.id}  {draft.title}", f"  {draft.facts}"]
    for part in draft.parts:
        lines.append(f"  {headed.format(part=part.title, missing=part.missing) if part.missing else part.title}")
        lines += [f"    - {line}" for line in part.lines]
    return lines


class _Speaker:
    """Says what a partnership holds, in one language."""

    def __init__(self, scenario: Scenario, language: str) -> None:
        self.scenario, self.language = scenario, language
        self.table: Table = table_of(language)["sheets"]
        self.kinds: Table = table_of(language)["partnership_kinds"]
        self.numerals = numerals_of(language)

    def sheet(self, partnership: Partnership) -> Sheet:
        """Returns the draft sheet of one partnership."""
        table, who = self.table, partners(self.scenario, partnership, self.language)
        money = self._money(partnership.money) if partnership.financier else table["no_money"]
        return Sheet(
            partnership.id,
            table["title"].format(state=self.scenario.state(partnership.state).name, partners=who),
            table["facts"].format(
                kind=self.kinds[partnership.kind], years=years_text(partnership, self.language), money=money
            ),
            tuple(self._part(partnership, part) for part in PARTS),
        )

    def _part(self, partnership: Partnership, part: Part) -> SheetPart:
        lines = {
            "responsibilities": self._responsibilities,
            "targets": self._targets,
            "multi_year_commitment": self._commitments,
            "dialogue": self._dialogue,
        }[part](partnership)
        missing = self.table["missing"][part] if part in partnership.missing else None
        return SheetPart(self.table["parts"][part], tuple(lines), missing)

    def _responsibilities(self, partnership: Partnership) -> Iterator[str]:
        for duty in partnership.responsibilities:
            need = self._need(duty.need) if duty.need else ""
            yield self.table["duties"][duty.duty].format(partner=self._party(duty), need=need)

    def _party(self, duty: Responsibility) -> str:
        """Returns the name of the State that leads, or of the provider."""
        scenario = self.scenario
        return scenario.state(duty.partner).name if duty.duty == "lead" else scenario.provider(duty.partner).name

    def _targets(self, partnership: Partnership) -> Iterator[str]:
        for target in sorted(partnership.targets, key=lambda each: (each.by, each.need)):
            done = self._quantity(target.quantity, self.scenario.need(target.need).capability)
            said = self.table["target"].format(year=target.by, quantity=done, need=self._need(target.need))
            yield self._with_people(said, target)

    def _with_people(self, said: str, target: Target) -> str:
        people = target.beneficiaries
        if people is None:
            return said
        counts = {who: amounts.count(getattr(people, who), self.numerals) for who in ("women", "men", "girls", "boys")}
        return str(self.table["people"].format(target=said, **counts))

    def _commitments(self, partnership: Partnership) -> Iterator[str]:
        for each in partnership.commitments:
            partner = self.scenario.provider(each.partner).name
            yearly = self.table["between"].join(self._yearly(each))
            yield self.table["commitments"][each.role].format(partner=partner, offer=each.offer, amounts=yearly)

    def _yearly(self, commitment: PartnerCommitment) -> Iterator[str]:
        for each in commitment.amounts:
            if commitment.capability is None:
                amount = self._money(each.amount)
            else:
                amount = self._quantity(each.amount, commitment.capability)
            yield self.table["yearly"].format(year=each.year, amount=amount)

    def _dialogue(self, partnership: Partnership) -> Iterator[str]:
        months: dict[tuple[str, int], list[str]] = {}
        for meeting in partnership.dialogue:
            months.setdefault((meeting.format, meeting.year), []).append(self.table["months"][meeting.month])
        calendar: dict[tuple[str, str], list[int]] = {}
        for (form, year), names in months.items():
            calendar.setdefault((form, ", ".join(names)), []).append(year)
        for (form, listed), years in calendar.items():
            sentence = self.table["meetings_yearly" if years[1:] else "meetings"]
            named = self.table["meeting"] if form == UNNAMED_MEETING else form
            yield sentence.format(years=amounts.years((min(years), max(years))), meeting=named, months=listed)

    def _need(self, key: str) -> str:
        return need_name(self.scenario, key, self.language)

    def _money(self, amount: int) -> str:
        return amounts.money(amount, self.scenario.currency, self.numerals)

    def _quantity(self, amount: int, capability: str) -> str:
        return amounts.quantity(amount, self.scenario.capability(capability).unit, self.numerals)
