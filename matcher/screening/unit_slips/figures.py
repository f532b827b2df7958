"""Every figure of a scenario that has a unit, under the path at which it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from matcher.scenario.entities import Currency, FundingOffer, TechnicalOffer
from matcher.scenario.fields import Yearly
from matcher.scenario.scenario import Scenario
from matcher.screening.unit_slips.units import Intent, money_intents, price_intents, work_intents


@dataclass(frozen=True)
class Unit:
    """What a figure counts: work, minor units of money, or minor units of money for a unit of work."""

    kind: Literal["work", "money", "price", "reference_price"]
    """Which of these; a reference price is a price too."""
    money: str = ""
    """Code of the currency; empty for work."""
    minor: int = 1
    """Minor units in one unit of the currency."""
    work: str = ""
    """Unit of the capability; empty for money."""


@dataclass(frozen=True)
class Amount:
    """A figure as a scenario writes it."""

    value: int | Decimal
    """The number."""
    unit: Unit | None
    """What it counts; None for minor units of the scenario's currency, where that goes without saying."""


@dataclass(frozen=True)
class Figure:
    """One positive figure."""

    path: str
    """Keys that lead to it, joined by points."""
    written: int | Decimal
    """What the scenario says."""
    unit: Unit
    """Its unit."""
    size: Fraction
    """What it is compared by: units of work, or minor units of the scenario's currency."""
    intents: tuple[Intent, ...]
    """Slips that it may have come from."""

    @property
    def amount(self) -> Amount:
        """What is written, with its unit."""
        return Amount(self.written, self.unit)


@dataclass(frozen=True)
class Entry:
    """One field of an entity: a single figure, or one for each of some years."""

    path: str
    """Keys that lead to the field."""
    figures: tuple[int, ...]
    """Positions of its positive figures, in the order of years; empty where there is none."""
    by_year: bool = False
    """Whether the scenario gives a figure for each year."""

    @property
    def mean(self) -> tuple[tuple[int, Fraction], ...]:
        """Figures with weights that add up to the mean of the field."""
        return tuple((at, Fraction(1, len(self.figures))) for at in self.figures)


@dataclass
class Figures:
    """All figures of a scenario, and the fields that they belong to."""

    scenario: Scenario
    """The scenario; it is read and never changed."""
    all: list[Figure]
    """Figures by position."""
    entries: dict[str, Entry]
    """Fields by path."""
    sizes: list[float]
    """Sizes of the figures, for logarithms: no amount that is shown comes from here."""

    def at(self, *keys: object) -> Entry:
        """Returns the field at a path; one without figures where there is none."""
        path = ".".join(map(str, keys))
        return self.entries.get(path, Entry(path, ()))

    def _add(
        self, path: str, written: int | Decimal, unit: Unit, intents: tuple[Intent, ...], rate: Fraction | int = 1
    ) -> int:
        self.all.append(Figure(path, written, unit, Fraction(written) * rate, intents))
        self.sizes.append(float(self.all[-1].size))
        return len(self.all) - 1

    def single(
        self,
        path: str,
        written: int | Decimal | None,
        unit: Unit,
        intents: tuple[Intent, ...],
        rate: Fraction | int = 1,
    ) -> None:
        """Notes a field of one figure, if it is positive."""
        if written:
            self.entries[path] = Entry(path, (self._add(path, written, unit, intents, rate),))

    def yearly(
        self,
        path: str,
        written: Yearly | None,
        unit: Unit,
        intents: tuple[Intent, ...],
        rate: Fraction | int = 1,
    ) -> None:
        """Notes a field of yearly figures."""
        plain = written.plain() if written is not None else 0
        if isinstance(plain, int):
            self.single(path, plain, unit, intents, rate)
            return
        years = [year for year, value in sorted(plain.items()) if value]
        at = tuple(self._add(f"{path}.{year}", plain[year], unit, intents, rate) for year in years)
        self.entries[path] = Entry(path, at, by_year=True)


def figures_of(scenario: Scenario) -> Figures:
    """Returns every positive figure of a scenario that has a unit."""
    found = Figures(scenario, [], {}, [])
    currency = scenario.currency
    rates = {each.id: Fraction(each.rate) for each in scenario.rates}
    for capability in scenario.capabilities:
        per = Unit("reference_price", currency.code, _minor(currency), capability.unit)
        intents = price_intents(capability.unit, currency.code, currency.decimals)
        found.single(f"capabilities.{capability.id}.reference_price", capability.reference_price, per, intents)
    money = money_intents(currency.code, currency.decimals, yearly=True)
    for state in scenario.states:
        unit = Unit("money", currency.code, _minor(currency))
        found.yearly(f"states.{state.id}.absorption", state.absorption, unit, money)
    for need in scenario.needs:
        name = scenario.capability(need.capability).unit
        unit = Unit("work", work=name)
        found.single(f"needs.{need.id}.quantity", need.quantity, unit, work_intents(name, yearly=False))
        found.single(f"needs.{need.id}.max_per_year", need.max_per_year, unit, work_intents(name, yearly=True))
    for offer in scenario.funding:
        _funding(found, offer, rates.get(offer.currency or "", Fraction(1)))
    for work in scenario.technical:
        _technical(found, work, rates.get(work.currency or "", Fraction(1)))
    _decisions(found)
    return found


def _minor(currency: Currency) -> int:
    """Returns how many minor units one unit of a currency has; one where it has none."""
    return int(10**currency.decimals)


def _funding(found: Figures, offer: FundingOffer, rate: Fraction) -> None:
    scenario, base = found.scenario, f"offers.{offer.id}"
    unit = Unit("money", offer.currency or scenario.currency.code, _minor(scenario.currency))
    intents = money_intents(offer.currency or scenario.currency.code, scenario.currency.decimals, yearly=True)
    found.yearly(f"{base}.amount", offer.amount, unit, intents, rate)
    found.single(f"{base}.min_per_state", offer.min_per_state, unit, intents, rate)


def _technical(found: Figures, offer: TechnicalOffer, rate: Fraction) -> None:
    scenario, base = found.scenario, f"offers.{offer.id}"
    capability, currency = scenario.capability(offer.capability), offer.currency or scenario.currency.code
    intents = work_intents(capability.unit, yearly=True)
    unit = Unit("work", work=capability.unit)
    found.yearly(f"{base}.capacity", offer.capacity, unit, intents)
    found.single(f"{base}.min_per_state", offer.min_per_state, unit, intents)
    per = Unit("price", currency, _minor(scenario.currency), capability.unit)
    found.single(
        f"{base}.price", offer.price, per, price_intents(capability.unit, currency, scenario.currency.decimals), rate
    )


def _decisions(found: Figures) -> None:
    scenario = found.scenario
    for at, commitment in enumerate(scenario.decisions.commitments):
        name = scenario.capability(scenario.need(commitment.need).capability).unit
        intents = work_intents(name, yearly=False)
        found.single(f"decisions.commitments.{at}.quantity", commitment.quantity, Unit("work", work=name), intents)
    for at, cap in enumerate(scenario.decisions.caps):
        unit = Unit("money", scenario.currency.code, _minor(scenario.currency))
        intents = money_intents(scenario.currency.code, scenario.currency.decimals, yearly=False)
        found.single(f"decisions.caps.{at}.money", cap.money, unit, intents)


def total(figures: Figures, parts: Iterable[tuple[int, Fraction]]) -> Amount:
    """Returns a weighted sum of at least one figure: the figure itself where it is one."""
    chosen = list(parts)
    if len(chosen) == 1 and chosen[0][1] == 1:
        return figures.all[chosen[0][0]].amount
    summed = round(sum((figures.all[at].size * weight for at, weight in chosen), Fraction(0)))
    return Amount(summed, figures.all[chosen[0][0]].unit)
