"""What each figure is compared with: peers, the figures that it must agree with, and published ranges.

A comparison is a ratio of sums of figures, as a decimal logarithm, and where it is expected: around
the median of all comparisons of its kind. How far they usually scatter is measured by their median
deviation, mixed with what the kind is known to scatter by, as if that had been seen `SEEN` times.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from statistics import median

from matcher.scenario.entities import FundingOffer, Need, TechnicalOffer
from matcher.scenario.scenario import Scenario
from matcher.screening.unit_slips import published
from matcher.screening.unit_slips.figures import Entry, Figures
from matcher.screening.unit_slips.published import Published
from matcher.screening.unit_slips.units import area_of, is_months

Parts = tuple[tuple[int, Fraction], ...]
"""Figures by position, each with its weight in a sum."""

SEEN = 4
"""Comparisons that what is known of a kind counts for, beside those of the scenario."""
MOST_TERMS = 60
"""Figures in one sum: what is compared with more says little about any one of them."""
YEAR_SCATTER = 0.13
"""Scatter of a year around the years beside it: a third more or less is usual."""
MANY = 20
"""Needs of one State and capability above which they are single tasks, and not compared one by one."""


@dataclass(frozen=True)
class Kind:
    """A kind of comparison, and what is known about it."""

    name: str
    """Code of the kind."""
    scatter: float
    """Standard deviation of the decimal logarithm that is usual in real scenarios."""
    centre: float | None = None
    """Where the logarithm is expected; none means at the median of the comparisons."""


@dataclass(frozen=True)
class Comparison:
    """One figure or sum against another, or against its peers."""

    kind: str
    """Code of its kind."""
    top: Parts
    """What is compared."""
    bottom: Parts
    """What it is divided by; empty means one."""
    low: float
    """Least decimal logarithm expected."""
    high: float
    """Largest decimal logarithm expected."""
    scatter: float
    """Standard deviation of the logarithm outside that range."""
    peers: int = 0
    """Other comparisons of the same group."""
    middle: Parts = ()
    """What is compared in the comparison in the middle of the group."""
    about: str | int = ""
    """What else it is of: a capability, people who benefit, or the code of a published range."""


@dataclass(frozen=True)
class _Raw:
    group: object
    top: Parts
    bottom: Parts = ()
    about: str | int = ""


KINDS = {
    kind.name: kind
    for kind in (
        Kind("amounts", 0.6),
        Kind("amount_minimum", 0.4),
        Kind("amount_absorption", 0.5),
        Kind("absorptions", 0.45),
        Kind("absorption_cost", 0.6),
        Kind("minimums", 0.45),
        Kind("prices", 0.2),
        Kind("price_reference", 0.25, 0.0),
        Kind("capacities", 0.6),
        Kind("capacity_minimum", 0.4),
        Kind("capacity_needs", 0.6),
        Kind("areas", 0.7),
        Kind("quantities", 0.4),
        Kind("quantity_pace", 0.15),
        Kind("paces", 0.4),
        Kind("quantity_pair", 0.7),
        Kind("beneficiaries", 0.4),
    )
}
"""Kinds of comparison. The scatters are set by eye from the real figures of 2014 and 2015 (Landmine
Monitor) as the scenario of June 2015 holds them; a scenario's own figures soon outweigh them."""


def comparisons_of(figures: Figures) -> list[Comparison]:
    """Returns everything that figures of a scenario are compared with."""
    sources: dict[str, Callable[[_Scene], Iterable[_Raw]]] = {
        "amounts": _amounts,
        "amount_minimum": _amount_minimum,
        "amount_absorption": _amount_absorption,
        "absorptions": _absorptions,
        "absorption_cost": _absorption_cost,
        "minimums": _minimums,
        "prices": _prices,
        "price_reference": _price_reference,
        "capacities": _capacities,
        "capacity_minimum": _capacity_minimum,
        "capacity_needs": _capacity_needs,
        "areas": lambda scene: _quantities(scene, area=True),
        "quantities": lambda scene: _quantities(scene, area=False),
        "quantity_pace": _quantity_pace,
        "paces": _paces,
        "quantity_pair": _quantity_pair,
        "beneficiaries": _beneficiaries,
    }
    scene = _Scene(figures)
    found: list[Comparison] = []
    for name, source in sources.items():
        raws = list(source(scene))
        found += _placed(KINDS[name], raws, figures)
        found += _against_published(name, raws, scene)
    return [*found, *_own_years(figures), *_bounds(scene), *_decisions(scene)]


class _Scene:
    """A scenario's figures with what several comparisons look up in them."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.scenario: Scenario = figures.scenario
        self.needs: dict[tuple[str, str], list[Need]] = defaultdict(list)
        for need in self.scenario.needs:
            self.needs[need.state, need.capability].append(need)
        self.tasks = any(len(needs) > MANY for needs in self.needs.values())
        self.units = {each.id: each.unit for each in self.scenario.capabilities}

    def quantity(self, need: Need) -> Parts:
        """The quantity of a need."""
        return self.figures.at("needs", need.id, "quantity").mean

    def offers(self, field: str) -> Iterable[tuple[FundingOffer | TechnicalOffer, Entry]]:
        """Offers with a field that has a figure."""
        for each in self.scenario.offers:
            entry = self.figures.at("offers", each.id, field)
            if entry.figures:
                yield self.scenario.offer(each.id), entry

    def giver(self, offer: FundingOffer) -> str:
        """Who gives money: a State to itself, a company or foundation, or anybody else."""
        provider = self.scenario.provider(offer.provider)
        if provider.state is not None:
            return "own"
        return "private" if provider.kind in ("company", "foundation") else "public"


def size_of(parts: Parts, figures: Figures) -> float:
    """Returns a weighted sum of figures; one where there are none."""
    return sum(figures.sizes[at] * float(weight) for at, weight in parts) if parts else 1.0


def _logarithm(raw: _Raw, figures: Figures) -> float:
    return math.log10(size_of(raw.top, figures)) - math.log10(size_of(raw.bottom, figures))


def _placed(kind: Kind, raws: list[_Raw], figures: Figures) -> Iterable[Comparison]:
    """Yields comparisons with where each is expected: around the median of the others of its group."""
    groups: dict[object, list[tuple[float, _Raw]]] = defaultdict(list)
    for raw in raws:
        groups[raw.group].append((_logarithm(raw, figures), raw))
    for members in groups.values():
        if len(members) == 1 and kind.centre is None:
            continue  # nothing to compare with
        members.sort(key=lambda each: each[0])
        logs = [each[0] for each in members]
        for at, (_, raw) in enumerate(members):
            centre, scatter = _expected(kind, logs, at)
            middle = members[_middle(len(members), at)][1].top if len(members) > 1 else ()
            yield Comparison(
                kind.name, raw.top, raw.bottom, centre, centre, scatter, len(members) - 1, middle, raw.about
            )


def _middle(count: int, without: int) -> int:
    """Returns the position of the median among so many sorted members, leaving one out."""
    at = (count - 2) // 2
    return at if at < without else at + 1


def _expected(kind: Kind, logs: list[float], at: int) -> tuple[float, float]:
    """Returns centre and scatter from all sorted logarithms of a group but one.

    The scatter is half the distance between the sixteenth and the eighty-fourth percentile.
    """
    count = len(logs) - 1
    known = kind.scatter**2 * SEEN

    def other(share: float) -> float:
        position = round(share * (count - 1))
        return logs[position if position < at else position + 1]

    if not count:
        return kind.centre or 0.0, kind.scatter
    centre = (other(0.499) + other(0.501)) / 2 if kind.centre is None else kind.centre
    spread = (other(0.84) - other(0.16)) / 2
    # A single peer says where to expect a figure, but less surely than many do.
    return centre, math.sqrt((known + spread**2 * count) / (SEEN + count) + known / SEEN / count)


def _against_published(name: str, raws: list[_Raw], scene: _Scene) -> Iterable[Comparison]:
    """Yields comparisons with published ranges, where most figures of the scenario lie in them."""
    groups: dict[Published, list[tuple[float, _Raw]]] = defaultdict(list)
    for raw in raws:
        found = _range_of(name, raw.group, scene)
        if found:
            groups[found[0]].append((_logarithm(raw, scene.figures) - math.log10(found[1]), raw))
    for known, members in groups.items():
        low, high = math.log10(known.low), math.log10(known.high)
        if sum(low <= log <= high for log, _ in members) * 2 <= len(members):
            continue
        for log, raw in members:
            shift = _logarithm(raw, scene.figures) - log
            kind = "published_prices" if name == "prices" else "published"
            yield Comparison(kind, raw.top, raw.bottom, low + shift, high + shift, 0.3, about=known.code)


def _range_of(name: str, group: object, scene: _Scene) -> tuple[Published, float] | None:
    """Returns the published range for a group of figures, and the scenario's units in one of its own."""
    money = 10.0**scene.scenario.currency.decimals
    dollars = scene.scenario.currency.code in published.LIKE_DOLLARS
    if name in ("amounts", "absorptions", "minimums"):
        if not dollars or (name == "minimums" and group != "money"):
            return None
        known = {"amounts": published.DONOR_MONEY, "absorptions": published.ABSORBED}.get(name, published.GRANT)
        return known, money
    if name not in ("prices", "areas", "capacities") or not isinstance(group, str):
        return None
    unit, area = scene.units[group], area_of(scene.units[group])
    if name == "prices":
        if dollars and area and work_of(scene.scenario, group):
            survey = work_of(scene.scenario, group) == "survey"
            return (published.SURVEY_PRICE if survey else published.CLEARANCE_PRICE), money * area
        return (published.EXPERT_MONTH_PRICE, money) if dollars and is_months(unit) and "expert" in unit else None
    if area and name == "areas" and not scene.tasks:
        return published.AREA_OF_STATE, 1 / area
    return (published.TEAM_YEAR, 1 / area) if area and name == "capacities" else None


def work_of(scenario: Scenario, capability: str) -> str | None:
    """Returns whether a capability is survey or clearance, by its id and name; None if it is neither."""
    name = f"{capability} {scenario.capability(capability).name}".casefold()
    return "survey" if "survey" in name else "clearance" if "clear" in name else None


def _amounts(scene: _Scene) -> Iterable[_Raw]:
    """Money that is offered, by who gives."""
    for offer, entry in scene.offers("amount"):
        if isinstance(offer, FundingOffer):
            yield _Raw(scene.giver(offer), entry.mean)


def _amount_minimum(scene: _Scene) -> Iterable[_Raw]:
    """Money against the least that it gives to a State."""
    for offer, entry in scene.offers("amount"):
        least = scene.figures.at("offers", offer.id, "min_per_state")
        if least.figures:
            yield _Raw("all", entry.mean, least.mean)


def _amount_absorption(scene: _Scene) -> Iterable[_Raw]:
    """Money against what the States can absorb for which it is."""
    for offer, entry in scene.offers("amount"):
        if isinstance(offer, FundingOffer) and offer.states and len(offer.states) <= MOST_TERMS:
            room = [scene.figures.at("states", state, "absorption").mean for state in offer.states]
            if all(room):
                yield _Raw(scene.giver(offer), entry.mean, tuple(chain.from_iterable(room)))


def _absorptions(scene: _Scene) -> Iterable[_Raw]:
    """What States can absorb."""
    for state in scene.scenario.states:
        entry = scene.figures.at("states", state.id, "absorption")
        if entry.figures:
            yield _Raw("all", entry.mean)


def _absorption_cost(scene: _Scene) -> Iterable[_Raw]:
    """What a State can absorb against the cost of what it needs, at the price in the middle of those asked."""
    asked: dict[str, list[Fraction]] = defaultdict(list)
    for offer, entry in scene.offers("price"):
        if isinstance(offer, TechnicalOffer):
            asked[offer.capability].append(scene.figures.all[entry.figures[0]].size)
    price = {key: Fraction(median(found)) for key, found in asked.items()}
    for state in scene.scenario.states:
        entry, needs = scene.figures.at("states", state.id, "absorption"), scene.scenario.needs_of(state.id)
        if entry.figures and 0 < len(needs) <= MANY and all(need.capability in price for need in needs):
            cost = [(at, price[need.capability]) for need in needs for at, _ in scene.quantity(need)]
            yield _Raw("all", entry.mean, tuple(cost))


def _minimums(scene: _Scene) -> Iterable[_Raw]:
    """The least given to one State: of money, or of one capability."""
    for offer, entry in scene.offers("min_per_state"):
        yield _Raw(offer.capability if isinstance(offer, TechnicalOffer) else "money", entry.mean)


def _prices(scene: _Scene) -> Iterable[_Raw]:
    """Prices of one capability."""
    for offer, entry in scene.offers("price"):
        if isinstance(offer, TechnicalOffer):
            yield _Raw(offer.capability, entry.mean, about=offer.capability)


def _price_reference(scene: _Scene) -> Iterable[_Raw]:
    """Prices against the reference price of their capability."""
    for offer, entry in scene.offers("price"):
        if isinstance(offer, TechnicalOffer):
            reference = scene.figures.at("capabilities", offer.capability, "reference_price")
            if reference.figures:
                yield _Raw(offer.capability, entry.mean, reference.mean, offer.capability)


def _capacities(scene: _Scene) -> Iterable[_Raw]:
    """Capacities of one capability."""
    for offer, entry in scene.offers("capacity"):
        if isinstance(offer, TechnicalOffer):
            yield _Raw(offer.capability, entry.mean, about=offer.capability)


def _capacity_minimum(scene: _Scene) -> Iterable[_Raw]:
    """Capacity against the least that is done in one State."""
    for offer, entry in scene.offers("capacity"):
        least = scene.figures.at("offers", offer.id, "min_per_state")
        if least.figures and isinstance(offer, TechnicalOffer):
            yield _Raw(offer.capability, entry.mean, least.mean)


def _capacity_needs(scene: _Scene) -> Iterable[_Raw]:
    """Capacity against what the States need for which it is."""
    for offer, entry in scene.offers("capacity"):
        if not isinstance(offer, TechnicalOffer) or not offer.states or len(offer.states) > MOST_TERMS:
            continue
        found = [scene.needs.get((state, offer.capability), []) for state in offer.states]
        if all(len(needs) <= MANY for needs in found) and any(found):
            sought = tuple(chain.from_iterable(scene.quantity(need) for needs in found for need in needs))
            own = scene.scenario.provider(offer.provider).state in offer.states
            yield _Raw((offer.capability, own), entry.mean, sought, offer.capability)


def _quantities(scene: _Scene, *, area: bool) -> Iterable[_Raw]:
    """Quantities needed of one capability: areas, which differ most, or any other."""
    for need in scene.scenario.needs:
        if (area_of(scene.units[need.capability]) is not None) == area:
            yield _Raw(need.capability, scene.quantity(need), about=need.capability)


def _quantity_pace(scene: _Scene) -> Iterable[_Raw]:
    """Quantity against the most that can be used in a year."""
    for need in scene.scenario.needs:
        pace = scene.figures.at("needs", need.id, "max_per_year")
        if pace.figures:
            yield _Raw(need.capability, scene.quantity(need), pace.mean, need.capability)


def _paces(scene: _Scene) -> Iterable[_Raw]:
    """The most of one capability that can be used in a year."""
    for need in scene.scenario.needs:
        pace = scene.figures.at("needs", need.id, "max_per_year")
        if pace.figures:
            yield _Raw(need.capability, pace.mean, about=need.capability)


def _quantity_pair(scene: _Scene) -> Iterable[_Raw]:
    """Areas of two capabilities in one State."""
    areas = [key for key, unit in scene.units.items() if area_of(unit)]
    for state in scene.scenario.states:
        single = {key: needs[0] for key in areas if len(needs := scene.needs.get((state.id, key), [])) == 1}
        for first, second in zip(list(single), list(single)[1:], strict=False):
            pair = scene.quantity(single[first]), scene.quantity(single[second])
            yield _Raw((first, second), *pair)


def _beneficiaries(scene: _Scene) -> Iterable[_Raw]:
    """Quantity for each person who will benefit."""
    for need in scene.scenario.needs:
        people = need.beneficiaries
        if people and len(scene.needs[need.state, need.capability]) <= MANY:
            count = people.women + people.men + people.girls + people.boys
            if count:
                yield _Raw(
                    need.capability, tuple((at, Fraction(1, count)) for at, _ in scene.quantity(need)), (), count
                )


def _own_years(figures: Figures) -> Iterable[Comparison]:
    """Yields each year of a field against its own other years.

    A year is expected between the years before and after it; the first and the last, which nothing
    encloses, at the year in the middle, within half the range of all others.
    """
    for entry in figures.entries.values():
        logs = {at: math.log10(figures.sizes[at]) for at in entry.figures}
        years = sorted(entry.figures, key=lambda at: logs[at])
        for place, at in enumerate(years if len(years) > 1 else ()):
            middle, when = years[_middle(len(years), place)], entry.figures.index(at)
            beside = [logs[each] - logs[middle] for each in entry.figures[max(0, when - 1) : when + 2] if each != at]
            low, high, scatter = min(beside), max(beside), YEAR_SCATTER
            if len(beside) == 1:
                others = [logs[each] for each in years if each != at]
                low = high = 0.0
                scatter = max(YEAR_SCATTER, (others[-1] - others[0]) / 2)
            one = Fraction(1)
            yield Comparison("own_years", ((at, one),), ((middle, one),), low, high, scatter, len(years) - 1)


def _bounds(scene: _Scene) -> Iterable[Comparison]:
    """Yields figures against a part of theirs, which is no larger than they are."""
    for raw in _quantity_pace(scene):
        yield Comparison("pace_bound", raw.top, raw.bottom, 0.0, math.inf, 0.25)
    for raw in (*_amount_minimum(scene), *_capacity_minimum(scene)):
        yield Comparison("minimum_bound", raw.top, raw.bottom, 0.0, math.inf, 0.25)


def _decisions(scene: _Scene) -> Iterable[Comparison]:
    """Yields commitments and caps against what they are commitments of and caps on."""
    figures = scene.figures
    for at, commitment in enumerate(scene.scenario.decisions.commitments):
        top = figures.at("decisions.commitments", at, "quantity").mean
        capacity = figures.at("offers", commitment.implementer, "capacity").mean
        sought = figures.at("needs", commitment.need, "quantity").mean
        for kind, bottom in (("commitment_capacity", capacity), ("commitment_need", sought)):
            if bottom:
                yield Comparison(kind, top, bottom, -2.5, 0.0, 0.25)
    for at, cap in enumerate(scene.scenario.decisions.caps):
        top = figures.at("decisions.caps", at, "money").mean
        years = len(scene.scenario.years) if cap.per == "horizon" else 1
        capped = [each for each in scene.scenario.funding if cap.offer == each.id or cap.provider == each.provider]
        money = [part for each in capped for part in figures.at("offers", each.id, "amount").mean]
        if top and money:
            yield Comparison("cap_money", top, tuple((part, weight * years) for part, weight in money), -2.0, 0.3, 0.3)
