"""What remains of a need or of completion, why, and what it would take, in words: lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from matcher.explanation.barring import NOBODY_OFFERS
from matcher.explanation.findings import Cause, Change, Remedy, Shortfall
from matcher.explanation.relaxations import EARMARKS
from matcher.reporting import amounts
from matcher.reporting.compared import ComparisonSpeaker
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.reporting.layout import escaped
from matcher.scenario import Scenario

MOST_NAMED = 8
"""Limits and changes of one kind that are named; the data hold all."""
WHOLE = 10**6


class ShortfallSpeaker:
    """Says what remains, in one language."""

    def __init__(self, scenario: Scenario, language: str) -> None:
        self.scenario, self.language = scenario, language
        self.table: Table = table_of(language)
        self.numerals = numerals_of(language)

    def shortfall(self, each: Shortfall) -> Iterator[str]:
        """Yields the lines about one goal."""
        table, unit = self.table, self._unit(each)
        yield f"**{escaped(self._opening(each))}**"
        if each.at_hand:
            key = "at_hand_completing" if each.need is None else "at_hand"
            yield from (
                "",
                table[key].format(amount=self._count(each.at_hand), unit=escaped(unit)) + f" {self._traded(each)}",
            )
        if each.causes:
            key = "causes_completing" if each.need is None else "causes"
            yield from self._list(table[key], (self._cause(cause, each, unit) for cause in each.causes))
        if each.together:
            yield from self._list(table["together"], (self.limit(cause) for cause in each.together))
        if not each.known:
            yield from ("", table["not_known"])
        if each.barred and each.barred[0].code == NOBODY_OFFERS:
            capability = self.scenario.capability(each.barred[0].subjects[0]).name
            yield from ("", escaped(self._sentence("nearest.nobody").format(capability=capability)))
        elif each.barred:
            head = "barred" if each.barred[0].gain else "nearest.none"
            yield from self._list(self._sentence(head), map(self._rule, each.barred))
        yield from self._remedies(each)

    def _traded(self, each: Shortfall) -> str:
        """What is less good where more of a need is met."""
        if not each.traded:
            return str(self.table["untraded"])
        speaker = ComparisonSpeaker(self.scenario, self.scenario, self.language)
        said = speaker.table["between"].join(map(speaker.objective, each.traded))
        return str(self.table["traded"].format(objectives=escaped(said)))

    def _remedies(self, each: Shortfall) -> Iterator[str]:
        if each.remedies:
            key = "pairs" if len(each.remedies[0].changes) > 1 else "remedies"
            yield from self._list(self.table[key], map(self.remedy, each.remedies))
        for verdict, key in (("not_enough", "insufficient"), ("unknown", "unknown")):
            kinds = [self.table["kinds"][kind] for kind, told in each.insufficient if told == verdict]
            if kinds:
                yield from ("", self.table[key].format(kinds=", ".join(kinds)))
        if each.insufficient and not each.remedies:
            yield from ("", self.table["no_pair"])

    def _list(self, head: str, items: Iterable[str]) -> Iterator[str]:
        """A head and its items, the first ones in full."""
        named = list(items)
        yield from ("", head, "", *(f"- {escaped(item)}" for item in named[:MOST_NAMED]))
        if len(named) > MOST_NAMED:
            yield f"- {self.table['more'].format(count=len(named) - MOST_NAMED)}"

    def _opening(self, each: Shortfall) -> str:
        state = self.scenario.state(each.state)
        if each.need is None:
            return str(self.table["not_completing"].format(state=state.name, deadline=state.deadline))
        need = self.scenario.need(each.need)
        return str(
            self.table["not_met"].format(
                need=need.name or need.id,
                missing=self._count(each.missing),
                quantity=self._count(need.quantity),
                unit=self._unit(each),
            )
        )

    def _unit(self, each: Shortfall) -> str:
        if each.need is None:
            return ""
        return self.scenario.capability(self.scenario.need(each.need).capability).unit

    def _cause(self, cause: Cause, each: Shortfall, unit: str) -> str:
        limit = self.limit(cause)
        if each.need is None:
            return limit
        return str(self.table["gain"].format(limit=limit, amount=self._count(cause.gain), unit=unit))

    def limit(self, cause: Cause) -> str:
        """Returns what is limited, and who uses it instead."""
        limit = self.table["limits"][cause.code].format(subject=self._named(cause.subjects[0]))
        if not cause.users:
            return str(limit)
        users = ", ".join(self.scenario.state(state).name for state in cause.users)
        return str(self.table["users"].format(limit=limit, users=users))

    def _rule(self, cause: Cause) -> str:
        """A rule that keeps providers away, with the nearest of them."""
        subject = self._named(cause.subjects[0])
        if not cause.gain:
            field = self.table["fields"][EARMARKS[cause.code]]
            return self._sentence("nearest.several").format(subject=subject, field=field)
        rule = self.table["rules"][cause.code].format(count=cause.gain)
        return self._sentence("nearest.named").format(rule=rule, subject=subject)

    def _sentence(self, path: str) -> str:
        """A sentence of the table, by its dotted key."""
        found: Any = self.table
        for key in path.split("."):
            found = found[key]
        return str(found)

    def _named(self, key: str) -> str:
        """The name of a State, need or offer; of an offer, the provider's with its id."""
        scenario = self.scenario
        for state in scenario.states:
            if state.id == key:
                return state.name
        for need in scenario.needs:
            if need.id == key:
                return need.name or key
        for offer in scenario.offers:
            if offer.id == key:
                return f"{scenario.provider(offer.provider).name} ({key})"
        for provider in scenario.providers:
            if provider.id == key:
                return provider.name
        return key

    def remedy(self, remedy: Remedy) -> str:
        """Returns the changes of a remedy."""
        changes = [self._change(change, change.amount) for change in remedy.changes]
        text = changes[0]
        if not remedy.smallest:
            least = self._amount(remedy.changes[0], remedy.least)
            lowered = remedy.changes[0].kind == "least_engagement"
            text = self.table["not_proven_lowered" if lowered else "not_proven"].format(change=text, least=least)
        return text if len(changes) == 1 else str(self.table["both"].format(first=text, second=changes[1]))

    def _change(self, change: Change, amount: int) -> str:
        fields = self.table["fields"]
        return str(
            self.table["changes"][change.kind].format(
                subject=self._named(change.subject),
                field=fields.get(change.field, change.field) if change.kind != "more_work" else self._work(change),
                amount=self._amount(change, amount),
                unit=self._unit_of(change),
                years=", ".join(self._by_year(change)),
            )
        )

    def _by_year(self, change: Change) -> Iterator[str]:
        """The years of a raise, each with its amount where there are several."""
        parts = [each for each in zip(self.scenario.years, change.by_year, strict=False) if each[1]]
        for year, amount in parts:
            text = self.table["in_year"].format(year=year, amount=self._amount(change, amount))
            yield text if len(parts) > 1 else str(year)

    def _work(self, change: Change) -> str:
        """What kind of work it is, by name."""
        return self.scenario.capability(change.field).name

    def _amount(self, change: Change, amount: int) -> str:
        if change.kind in ("raise", "money", "more_money", "absorption"):
            return amounts.money(amount, self.scenario.currency, self.numerals)
        if change.kind == "ownership":
            return self.numerals.written(f"{amount / WHOLE:.2f}")
        if change.kind == "share":  # what it comes to, like a deadline
            given = Fraction(self.scenario.state(change.subject).max_share or 0)
            return amounts.share(min(given + Fraction(amount, WHOLE), Fraction(1)), 0, self.numerals)
        if change.kind == "least_engagement":
            left = max((self.scenario.least_engagement or 0) - amount, 0)
            return amounts.money(left, self.scenario.currency, self.numerals)
        if change.kind == "deadline":
            return str(self.scenario.state(change.subject).last_year + amount)
        return self._count(amount)

    def _count(self, value: int) -> str:
        return amounts.count(value, self.numerals)

    def _unit_of(self, change: Change) -> str:
        if change.kind == "more_work":
            return self.scenario.capability(change.field).unit
        if change.kind == "capacity":
            return self.scenario.capability(self.scenario.technical_offer(change.subject).capability).unit
        return ""
