"""Why each partnership is there, in words: lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcher.explanation.contribution_findings import Binding, Contribution, Veto
from matcher.portfolio.portfolio import Partnership
from matcher.reporting import amounts
from matcher.reporting.compared import ComparisonSpeaker
from matcher.reporting.languages import Table, table_of
from matcher.reporting.layout import escaped
from matcher.reporting.sheets import years_text
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer
from matcher.units import fraction

TOLD = frozenset({"completions", "coverage", "worst_off", "cost"})
"""Figures of the whole that are told of a veto, with those that the scenario seeks; the data hold all."""
MILLION = 10**6
THOUSAND = 1000
MOST_OFFERS = 3
"""Offers named that a veto would set free."""


class MeritSpeaker:
    """Says why partnerships are there, in one language."""

    def __init__(self, scenario: Scenario, partnerships: Sequence[Partnership], language: str) -> None:
        self.scenario, self.language = scenario, language
        self.partnerships = {each.id: each for each in partnerships}
        self.compared = ComparisonSpeaker(scenario, scenario, language)
        self.numerals = self.compared.numerals
        self.between: str = self.compared.table["between"]
        self.table: Table = table_of(language)["merits"]
        self.pair: str = table_of(language)["sheets"]["pair"]
        sought = {part.objective for goal in scenario.order() for part in goal.parts}
        self.told = TOLD | sought - {"engagements", "disruption"}

    def merits(self, found: Sequence[Contribution]) -> Iterator[str]:
        """Yields the lines about some partnerships, State by State."""
        state = None
        for each in sorted(found, key=lambda merit: (self.scenario.state(merit.state).name, merit.partnership)):
            if each.state != state:
                state = each.state
                yield from ("", f"### {escaped(self.scenario.state(state).name)}")
            yield from self.merit(each)

    def merit(self, each: Contribution) -> Iterator[str]:
        """Yields the lines about one partnership."""
        partnership, table = self.partnerships[each.partnership], self.table
        said = table["head"].format(
            id=f"**{escaped(each.partnership)}**", partners=escaped(self._partners(partnership))
        )
        yield from ("", said, "")
        if each.adds is None:
            yield f"- {table['nothing']}"
        else:
            moved = self.compared.state(each.adds.model_copy(update={"completes": (None, None)}))[0]
            lost = each.adds.completes == (True, False)
            parts = [moved, table["completes"]] if lost else [moved]
            yield f"- {escaped(table['opening'].format(moved=self.between.join(parts)))}"
        if each.binding:
            yield f"- {table['binding']}"
            yield from (f"  - {escaped(self._binding(binding))}" for binding in each.binding)
        else:
            yield f"- {table['unbound']}"
        yield from self._veto(each.veto, self._with(partnership))

    def _partners(self, partnership: Partnership) -> str:
        years = years_text(partnership, self.language)
        implementer = self._provider(partnership.implementer)
        if partnership.financier is None:
            return str(self.table["gift"].format(implementer=implementer, years=years))
        if partnership.financier == partnership.implementer:
            return str(self.table["alone"].format(implementer=implementer, years=years))
        financier = self._provider(partnership.financier)
        return str(self.table["partners"].format(financier=financier, implementer=implementer, years=years))

    def _provider(self, key: str) -> str:
        return self.scenario.provider(key).name

    def _binding(self, each: Binding) -> str:
        text = str(self.table["rules"][each.rule].format(subject=self._subject(each)))
        if each.years:
            text = self.table["in_years"].format(limit=text, years=", ".join(map(str, each.years)))
        if each.price is None:
            return text
        amount, step = self._step(each)
        worth = amounts.share(fraction(each.price) * step, 2, self.numerals)
        key = "price" if self.scenario.objectives.discount == 1 else "price_discounted"
        return str(self.table[key].format(limit=text, amount=amount, share=worth))

    def _step(self, each: Binding) -> tuple[str, int]:
        """An amount of what is limited that is worth a need at most, and how many units that is."""
        assert each.price is not None
        money = each.rule in ("budget", "absorption")
        step = MILLION * 10**self.scenario.currency.decimals if money else THOUSAND
        while step > 1 and fraction(each.price) * step > 1:
            step //= 10
        if money:
            return amounts.money(step, self.scenario.currency, self.numerals), step
        return amounts.quantity(self._granule(each) * step, self._unit(each), self.numerals), step

    def _capability(self, each: Binding) -> str:
        if each.rule == "capacity":
            return self.scenario.technical_offer(each.subject).capability
        return self.scenario.need(each.subject).capability

    def _unit(self, each: Binding) -> str:
        return self.scenario.capability(self._capability(each)).unit

    def _granule(self, each: Binding) -> int:
        return self.scenario.capability(self._capability(each)).granule

    def _subject(self, each: Binding) -> str:
        if each.rule == "cap" and each.subject in {provider.id for provider in self.scenario.providers}:
            return self._provider(each.subject)
        if each.rule in ("budget", "capacity", "cap"):
            return f"{self._provider(self.scenario.offer(each.subject).provider)} ({each.subject})"
        if each.rule in ("absorption", "matching"):
            return self.scenario.state(each.subject).name
        return self.scenario.need(each.subject).name or each.subject

    def _with(self, partnership: Partnership) -> str:
        """The key of what a veto forbids: two to work together, or one to work alone."""
        return "veto" if partnership.financier not in (None, partnership.implementer) else "veto_alone"

    def _veto(self, veto: Veto, key: str) -> Iterator[str]:
        table = self.table
        if veto.comparison is None:
            yield f"- {table['outcomes'][veto.outcome]}"
            return
        yield f"- {table[key]}"
        moved = [each for each in veto.comparison.objectives if each.before != each.after and each.subject in self.told]
        yield from (f"  - {escaped(self.compared.objective(each))}" for each in moved)
        yield from (f"  - {escaped(self.compared.state(each)[0])}" for each in veto.comparison.states)
        if not moved and not veto.comparison.states:
            yield f"  - {table['free']}"
        yield f"  - {escaped(self._successors(veto))}"
        released = self._released(veto)
        if released:
            yield f"  - {escaped(table['set_free'].format(offers=self.between.join(released)))}"
        yield f"  - {table['proven' if veto.proven else 'unproven']}"

    def _successors(self, veto: Veto) -> str:
        if not veto.successors:
            return str(self.table["nobody"])
        said = []
        for each in veto.successors:
            partners = self._provider(each.implementer)
            if each.financier not in (None, each.implementer):
                payer = self._provider(str(each.financier))
                partners = self.pair.format(financier=payer, implementer=partners)
            quantity = amounts.count(each.quantity, self.numerals)
            unit = self.scenario.capability(self.scenario.need(each.need).capability).unit
            said.append(self.table["successor"].format(partners=partners, quantity=quantity, unit=unit))
        return str(self.table["successors"].format(partners=self.between.join(said)))

    def _released(self, veto: Veto) -> list[str]:
        """What offers give less, those of money first, most first."""
        assert veto.comparison is not None
        found = []
        for each in veto.comparison.offers:
            less = int(each.before) - int(each.after)
            offer = self.scenario.offer(each.subject)
            money = isinstance(offer, FundingOffer)
            if less > 0:
                found.append((not money, -less, each.subject))
        said = []
        for work, less, key in sorted(found)[:MOST_OFFERS]:
            offer = self.scenario.offer(key)
            if work:
                assert isinstance(offer, TechnicalOffer)
                amount = amounts.quantity(-less, self.scenario.capability(offer.capability).unit, self.numerals)
            else:
                amount = amounts.money(-less, self.scenario.currency, self.numerals)
            name = f"{self._provider(offer.provider)} ({key})"
            said.append(self.table["released"].format(offer=name, amount=amount))
        return said
