"""The portfolio as agreements: who does what for which State, when, and how they talk.

Flows that tie the same financier and the same implementer to the same State, in the same kind of
partnership, form one agreement over all their years; years between them in which nothing flows are its
breaks, whoever stays engaged through them. Each agreement carries the parts that a partnership for
completion needs; a part that the scenario gives no ground for is named as missing, never invented.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import get_args

from matcher.portfolio.portfolio import (
    BeneficiaryTarget,
    Flow,
    Meeting,
    Part,
    PartnerCommitment,
    Partnership,
    Portfolio,
    Responsibility,
    Target,
    YearlyAmount,
)
from matcher.scenario import PUBLIC_KINDS, Dialogue, Forbid, Need, OptionKind, Scenario, Years

PARTS: tuple[Part, ...] = get_args(Part)
"""The parts of a partnership for completion, in their order."""
MONTHS = 12


@dataclass(frozen=True, order=True)
class _Partners:
    """Who takes part in an agreement, where, and as what."""

    state: str
    financier: str  # "" for none, so that partners sort
    implementer: str
    kind: OptionKind


@dataclass(frozen=True)
class _Group:
    """The flows of one group of partners."""

    partners: _Partners
    flows: tuple[Flow, ...]

    @cached_property
    def years(self) -> Years:
        """The first and last year of flow."""
        years = [flow.year for flow in self.flows]
        return Years(first=min(years), last=max(years))

    @cached_property
    def breaks(self) -> tuple[Years, ...]:
        """The runs of years between them without any flow."""
        years = sorted({flow.year for flow in self.flows})
        return tuple(Years(first=before + 1, last=after - 1) for before, after in pairwise(years) if after - before > 1)

    @cached_property
    def flows_to(self) -> dict[str, list[Flow]]:
        """Flows by need served, sorted by need."""
        found: dict[str, list[Flow]] = defaultdict(list)
        for flow in self.flows:
            found[flow.need].append(flow)
        return dict(sorted(found.items()))

    @property
    def needs(self) -> tuple[str, ...]:
        """Needs served, sorted."""
        return tuple(self.flows_to)


def derive_partnerships(scenario: Scenario, portfolio: Portfolio) -> tuple[Partnership, ...]:
    """Returns the portfolio's agreements, sorted by State, financier, implementer and kind.

    Every unit and all money of the portfolio stand in exactly one of them.
    """
    book = _Book(scenario, portfolio)
    groups: dict[_Partners, list[Flow]] = defaultdict(list)
    for flow in portfolio.flows:
        groups[book.partners(flow)].append(flow)
    found = [
        _Group(partners, tuple(sorted(groups[partners], key=lambda each: (each.year, each.key()))))
        for partners in sorted(groups)
    ]
    return tuple(_partnership(book, group, name) for group, name in zip(found, _names(found), strict=True))


def flows_of(scenario: Scenario, portfolio: Portfolio, partnership: Partnership) -> tuple[Flow, ...]:
    """Returns the flows of the portfolio that one of its agreements is made of."""
    book = _Book(scenario, portfolio)
    partners = _Partners(partnership.state, partnership.financier or "", partnership.implementer, partnership.kind)
    return tuple(flow for flow in portfolio.flows if book.partners(flow) == partners)


def pairs_of(scenario: Scenario, partnership: Partnership) -> tuple[tuple[str | None, str], ...]:
    """Returns the pairs of offers by which an agreement's two providers can work together; offers in kind alone."""
    workers = [each for each in scenario.technical if each.provider == partnership.implementer]
    if partnership.financier is None:
        return tuple((None, each.id) for each in workers if not scenario.granule_price(each))
    paid = [each for each in workers if scenario.granule_price(each)]
    payers = [each for each in scenario.funding if each.provider == partnership.financier]
    return tuple((payer.id, worker.id) for payer in payers for worker in paid)


def forbidding(scenario: Scenario, partnership: Partnership) -> tuple[Forbid, ...]:
    """Returns what forbids an agreement's two providers to work together in its State, with whichever offers."""
    return tuple(
        Forbid(offer=worker if payer is None else payer, partner=None if payer is None else worker, state=state)
        for state in (partnership.state,)
        for payer, worker in pairs_of(scenario, partnership)
    )


@dataclass(frozen=True)
class _Book:
    """A portfolio with its scenario, and what several agreements look up in them."""

    scenario: Scenario
    portfolio: Portfolio

    @cached_property
    def matchers(self) -> dict[tuple[str, int], frozenset[str]]:
        """Providers of external public money that needs no match, by State and year."""
        found: dict[tuple[str, int], set[str]] = defaultdict(set)
        for flow in self.portfolio.flows:
            state = self.scenario.need(flow.need).state
            if flow.money > 0 and flow.financier is not None and self._can_match(flow.financier, state):
                found[state, flow.year].add(self.scenario.offer(flow.financier).provider)
        return {key: frozenset(providers) for key, providers in found.items()}

    def _can_match(self, offer: str, state: str) -> bool:
        """Whether an offer's money in a State counts as the match of other money."""
        funding = self.scenario.funding_offer(offer)
        public = self.scenario.provider(funding.provider).kind in PUBLIC_KINDS
        return public and funding.match == 0 and funding.repayment is None and self.scenario.is_external(offer, state)

    def partners(self, flow: Flow) -> _Partners:
        """Returns who takes part in a flow."""
        state = self.scenario.need(flow.need).state
        financier = "" if flow.financier is None else self.scenario.offer(flow.financier).provider
        return _Partners(state, financier, self.scenario.offer(flow.implementer).provider, flow.kind)

    def dialogue(self, state: str) -> Dialogue | None:
        """Returns the dialogue of a State with its partners, or the scenario's."""
        return self.scenario.state(state).dialogue or self.scenario.dialogue


def _names(groups: list[_Group]) -> list[str]:
    """Returns a readable name for each agreement: State, partners, first year; more only to stay unique."""
    short = [_short_name(group) for group in groups]
    shared = Counter(short)
    names = [
        name if shared[name] == 1 else f"{name}-{group.partners.kind}"
        for name, group in zip(short, groups, strict=True)
    ]
    taken: set[str] = set()
    unique = []
    for name in names:
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        taken.add(free)
        unique.append(free)
    return unique


def _short_name(group: _Group) -> str:
    partners = group.partners
    parts = (partners.state, partners.financier, partners.implementer, str(group.years.first))
    return "-".join(part for part in parts if part)


def _partnership(book: _Book, group: _Group, name: str) -> Partnership:
    """Returns one group's flows as an agreement with all parts that there is ground for."""
    partners = group.partners
    dialogue = book.dialogue(partners.state)
    meetings = tuple(_meetings(dialogue, group.years)) if dialogue else ()
    return Partnership(
        id=name,
        state=partners.state,
        kind=partners.kind,
        financier=partners.financier or None,
        implementer=partners.implementer,
        needs=group.needs,
        years=group.years,
        breaks=group.breaks,
        money=sum(flow.money for flow in group.flows),
        commitments=(*_payments(group), *_deliveries(book, group)),
        responsibilities=tuple(_responsibilities(book, group)),
        targets=tuple(_targets(book, group)),
        dialogue=meetings,
        missing=_missing(book, group, meetings),
    )


def _payments(group: _Group) -> Iterator[PartnerCommitment]:
    """Yields the money that the financier commits from each of its offers, year by year."""
    for offer, flows in _by_offer(group.flows, "financier"):
        amounts = _yearly((flow.year, flow.money) for flow in flows)
        yield PartnerCommitment(partner=group.partners.financier, offer=offer, role="finances", amounts=amounts)


def _deliveries(book: _Book, group: _Group) -> Iterator[PartnerCommitment]:
    """Yields the work that the implementer commits from each of its offers, year by year."""
    for offer, flows in _by_offer(group.flows, "implementer"):
        yield PartnerCommitment(
            partner=group.partners.implementer,
            offer=offer,
            role="delivers",
            capability=book.scenario.need(flows[0].need).capability,
            amounts=_yearly((flow.year, flow.quantity) for flow in flows),
        )


def _by_offer(flows: Iterable[Flow], side: str) -> list[tuple[str, list[Flow]]]:
    """Returns the flows by offer on one side, sorted; flows without an offer there are left out."""
    found: dict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        offer = getattr(flow, side)
        if offer is not None:
            found[offer].append(flow)
    return sorted(found.items())


def _yearly(amounts: Iterable[tuple[int, int]]) -> tuple[YearlyAmount, ...]:
    """Returns the sum of amounts per year, in order."""
    sums: Counter[int] = Counter()
    for year, amount in amounts:
        sums[year] += amount
    return tuple(YearlyAmount(year=year, amount=sums[year]) for year in sorted(sums))


def _responsibilities(book: _Book, group: _Group) -> Iterator[Responsibility]:
    """Yields who answers for what: the State's authority leads, one pays, one delivers."""
    yield Responsibility(partner=group.partners.state, duty="lead")
    offers = [book.scenario.funding_offer(offer) for offer, _ in _by_offer(group.flows, "financier")]
    if any(offer.repayment is None for offer in offers):
        yield Responsibility(partner=group.partners.financier, duty="finance")
    repaid = [offer.repayment for offer in offers if offer.repayment is not None]
    if repaid:
        yield Responsibility(partner=group.partners.financier, duty="prepay")
    for provider in sorted({book.scenario.offer(repayment.offer).provider for repayment in repaid}):
        yield Responsibility(partner=provider, duty="repay")
    for provider in _matching_providers(book, group):
        yield Responsibility(partner=provider, duty="match")
    for need in group.needs:
        yield Responsibility(partner=group.partners.implementer, duty="deliver", need=need)


def _matching_providers(book: _Book, group: _Group) -> list[str]:
    """Returns the providers whose public money stands beside this group's matched money, sorted."""
    years = {
        flow.year
        for flow in group.flows
        if flow.financier is not None and flow.money > 0 and book.scenario.funding_offer(flow.financier).match > 0
    }
    nobody: frozenset[str] = frozenset()
    return sorted({each for year in years for each in book.matchers.get((group.partners.state, year), nobody)})


def _targets(book: _Book, group: _Group) -> Iterator[Target]:
    """Yields, for each need, what is delivered by the end of each year that delivers something."""
    for key, flows in group.flows_to.items():
        need = book.scenario.need(key)
        delivered = 0
        for year in _yearly((flow.year, flow.quantity) for flow in flows):
            delivered += year.amount
            people = _beneficiaries(need, delivered)
            yield Target(need=key, by=year.year, quantity=delivered, beneficiaries=people)


def _beneficiaries(need: Need, delivered: int) -> BeneficiaryTarget | None:
    """Returns the people who benefit from a part of a need, in proportion, rounded down."""
    if need.beneficiaries is None:
        return None
    people = {name: count * delivered // need.quantity for name, count in need.beneficiaries}
    return BeneficiaryTarget(**people)


def _meetings(dialogue: Dialogue, years: Years) -> Iterator[Meeting]:
    """Yields the years' meetings, each in the middle of its share of the year."""
    for year in years.range():
        for nth in range(1, dialogue.meetings_per_year + 1):
            month = -(-MONTHS * (2 * nth - 1) // (2 * dialogue.meetings_per_year))
            yield _meeting(year, month, dialogue.format)


@lru_cache(maxsize=4096)
def _meeting(year: int, month: int, form: str) -> Meeting:
    """Returns one meeting: the same object for all agreements, as there are few and they are frozen."""
    return Meeting(year=year, month=month, format=form)


def _missing(book: _Book, group: _Group, meetings: tuple[Meeting, ...]) -> tuple[Part, ...]:
    """Returns the parts that the scenario gives no ground for, in their order."""
    lacking: dict[Part, bool] = {
        # Targets are to be age- and gender-sensitive: without beneficiaries they are not.
        "targets": any(book.scenario.need(need).beneficiaries is None for need in group.needs),
        "multi_year_commitment": group.years.first == group.years.last,
        "dialogue": not meetings,
    }
    return tuple(part for part in PARTS if lacking.get(part, False))
