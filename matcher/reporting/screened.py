"""A scenario looked over before it is solved, in words: its cautions, and the scenario at a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields

from matcher.portfolio.result import scenario_hash
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.reporting.layout import clean, section, text_table
from matcher.scenario import Years
from matcher.scenario.eligibility import Reason
from matcher.screening.caution import Caution, PinImpossible, ProvenanceMissing, UnitSlip
from matcher.screening.overview import Overview
from matcher.screening.unit_slips import Slip
from matcher.screening.unit_slips.figures import Amount, Unit

SHOWN = 3
"""Figures of one unit slip that are shown; the data hold all."""
PUBLISHED = frozenset({"published", "published_prices"})
"""Comparisons of unit slips with a published range."""
CALENDAR = frozenset({"deadline", "year"})
"""Data of cautions that are years, not counts."""


def warning(caution: Caution, language: str = "en") -> str:
    """Returns a caution as the command line says it.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = CautionSpeaker(language)
    return str(speaker.table["warning"].format(text=speaker.text(caution)))


class CautionSpeaker:
    """Says cautions in one language."""

    def __init__(self, language: str) -> None:
        self.table: Table = table_of(language)["screening"]
        self.numerals = numerals_of(language)

    def text(self, caution: Caution) -> str:
        """Returns a caution as a sentence."""
        sentence: str = self.table["cautions"][caution.code]
        if isinstance(caution, ProvenanceMissing) and caution.count == 1:
            return self._one_without_provenance(caution)
        return sentence.format(subject=self.subject(caution), **self.details(caution))

    def _one_without_provenance(self, caution: ProvenanceMissing) -> str:
        """Returns that one entity, perhaps the only one, has no provenance: in the singular."""
        table = self.table["one_without_provenance"]
        sentence: str = table["only" if caution.total == 1 else "of_several"]
        return sentence.format(one=table["names"][caution.subject], **self.details(caution))

    def subject(self, caution: Caution) -> str:
        """Returns what a caution is about: its subject, and whose that is where the subject alone does not say it."""
        if isinstance(caution, PinImpossible):
            return str(self.table["subjects"]["pin"].format(subject=caution.subject, offer=caution.offer))
        if isinstance(caution, UnitSlip) and caution.slip.capability:
            capability = caution.slip.capability
            return str(self.table["subjects"]["kind"].format(subject=caution.subject, capability=capability))
        return caution.subject

    def details(self, caution: Caution) -> dict[str, str]:
        """Returns what fills the sentence of a caution beside its subject, by field."""
        if isinstance(caution, UnitSlip):
            return {"path": self.subject(caution), **self._slip(caution.slip)}
        data = {each.name: getattr(caution, each.name) for each in fields(caution) if each.name != "subject"}
        if isinstance(caution, PinImpossible):
            del data["offer"]  # stands in the subject
        if isinstance(caution, ProvenanceMissing):
            data["collection"] = caution.subject
        return {name: self._shown(name, value) for name, value in data.items()}

    def _shown(self, name: str, value: object) -> str:
        """Returns one datum of a caution as text."""
        if isinstance(value, Years):
            return amounts.years(value)
        if isinstance(value, int):
            return str(value) if name in CALENDAR else amounts.count(value, self.numerals)
        if name == "reasons" and isinstance(value, tuple):
            return str(self.table["between"].join(map(self.reason, value)))
        if isinstance(value, tuple):
            return str(self.table["and"].join(value))
        return str(self.table["collections"][value] if name == "collection" else value)

    def reason(self, reason: Reason) -> str:
        """Returns why an offer or pair cannot serve a need."""
        found, wanted = reason.found, reason.wanted
        if reason.code == "ownership_below_floor":
            found, wanted = self.numerals.written(found), self.numerals.written(wanted)
        elif reason.code == "channel_closed":
            found, wanted = self._parties(found, ", "), self._parties(wanted, ", ")
        elif reason.code == "no_kind":
            found = self._parties(found, self.table["and"])
        return str(self.table["reasons"][reason.code].format(offer=reason.offer, found=found, wanted=wanted))

    def _parties(self, kinds: str, between: str) -> str:
        """Returns kinds of provider, joined by commas in a reason, in words."""
        return between.join(self.table["parties"].get(kind, kind) for kind in kinds.split(", ") if kind)

    def _slip(self, slip: Slip) -> dict[str, str]:
        """Returns what fills the sentence of a figure in the wrong unit."""
        table = self.table
        less = slip.intent.off < 1
        direction = table["directions"]["less" if less else "more"]
        found = ", ".join(map(self.amount, slip.found[:SHOWN]))
        return {
            "otherwise": table["otherwise"].format(rival=slip.rival) if slip.rival else "",
            "found": table["more"].format(figures=found) if len(slip.found) > SHOWN else found,
            "compared": self._yardstick(slip),
            "factor": amounts.count(int(max(slip.intent.off, 1 / slip.intent.off)), self.numerals),
            "direction": direction["far"],
            "remedy": direction["remedy"],
            "intent": table["intents"][slip.intent.code].format(unit=slip.intent.unit),
        }

    def _yardstick(self, slip: Slip) -> str:
        """Returns what a figure is compared with."""
        about = amounts.count(slip.about, self.numerals) if isinstance(slip.about, int) else slip.about
        if slip.kind in PUBLISHED:
            about = self.table["published"][about]
        sentence: str = self.table["yardsticks"][slip.kind]
        return sentence.format(
            peers=amounts.count(slip.peers, self.numerals),
            compared=self.amount(slip.compared) if slip.compared else "",
            said=about,
        )

    def amount(self, amount: Amount) -> str:
        """Returns a figure as a scenario writes it, with thousands separators and its unit."""
        value = self.numerals.written(f"{amount.value:,}")
        if amount.unit is None:
            return value
        return str(self.table["units"]["amount"].format(value=value, unit=self._unit(amount.unit)))

    def _unit(self, unit: Unit) -> str:
        units = self.table["units"]
        minor = units["minor"].format(count=amounts.count(unit.minor, self.numerals)) if unit.minor > 1 else ""
        return str(units[unit.kind].format(money=unit.money, minor=minor, work=unit.work))


def overview_text(seen: Overview, language: str = "en") -> str:
    """Returns a scenario at a glance as text; its cautions are said apart.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    said, numerals = table_of(language), numerals_of(language)
    table = said["overview"]
    scenario, currency = seen.scenario, seen.scenario.currency

    def counted(found: int) -> str:
        return amounts.count(found, numerals)

    name = clean(scenario.title) or scenario.name
    lines = [table["title"].format(name=name, years=amounts.years(scenario.horizon)), ""]
    lines += _tally(seen.counts, table["counts"], counted)
    sums = {"external": seen.external_money, "own": seen.own_money, "cheapest": seen.cheapest}
    money = [(table[key], amounts.money(amount, currency, numerals)) for key, amount in sums.items()]
    head = table["money_columns"]
    lines += section(table["money"], text_table((head["what"], head["amount"]), money, frozenset({1})))
    kinds = [(said["partnership_kinds"][kind], counted(count)) for kind, count in seen.options.items()]
    total = table["options"].format(count=counted(sum(seen.options.values())))
    head = table["option_columns"]
    lines += section(total, text_table((head["kind"], head["options"]), kinds, frozenset({1})))
    lines += section(table["provenance"], _tally(seen.confidence, said["confidence"], counted))
    return "\n".join(lines) + "\n"


def _tally(counts: Mapping[str, int], names: Table, counted: Callable[[int], str]) -> list[str]:
    """Returns counts by name, one a line, flush right."""
    return [f"{counted(count):>6} {names[key]}" for key, count in counts.items()]


def overview_document(seen: Overview, language: str = "en") -> dict[str, object]:
    """Returns a scenario at a glance as plain data; of each warning, `text` alone depends on the language.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    scenario, data, words = seen.scenario, CautionSpeaker("en"), CautionSpeaker(language)
    return {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "title": scenario.title,
        "horizon": [scenario.horizon.first, scenario.horizon.last],
        "currency": scenario.currency.code,
        "counts": dict(seen.counts),
        "money": {"external": seen.external_money, "own": seen.own_money, "needs_at_cheapest": seen.cheapest},
        "options": dict(seen.options),
        "provenance": dict(seen.confidence),
        "warnings": [
            {"code": each.code, "subject": data.subject(each), **data.details(each), "text": words.text(each)}
            for each in seen.cautions
        ],
    }
