"""How unlike history a portfolio is, counted: what a programme manager would find odd in it.

A plan can keep every rule and still be one that nobody would run: money that goes on and off, partners that come
for one year, one donor that carries a whole State, a hectare left mined. Whether such a figure is too high is for
the reader to say; what history shows stands in the reports.

A *link* is an external provider and a State between which money flows. Money counts by provider, not by offer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import median

from matcher.comparison.tally import Tally, deliveries, tally
from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import PRIVATE_KINDS, FundingOffer, Scenario

LASTING = 3
"""Years from which an unbroken link is a lasting one."""
ENDING = 2
"""Years at the end of the horizon: what begins in them may well go on beyond it."""
OPENING = 3
"""Years at the start of the horizon whose money is held against that of the year before."""
CUT = Fraction(3, 10)
"""A State's money is cut if less than this share of the year before is left."""
RISE = Fraction(27, 10)
"""It rises if it is more than so many times that of the year before."""
DOMINANT = Fraction(3, 4)
"""Share of a State's external money from which one provider carries it."""
FACTOR = 3
"""Money within this factor of the year before the horizon is near it."""
CRUMB = Fraction(1, 100)
"""A need of which no more than this share is open should not be open."""
RECIPIENTS = 5
"""Recipients whose money is added up as that of the largest."""

LinkKey = tuple[str, str]
"""Provider and State."""
Ongoing = Mapping[LinkKey, int | None]
"""Links of the year before the horizon, with that year's money in minor units; None where it is not known."""


@dataclass(frozen=True)
class Part:
    """So many of so many, or so much money of so much (minor units)."""

    count: int
    whole: int

    @property
    def share(self) -> Fraction | None:
        """The share; None of nothing."""
        return Fraction(self.count, self.whole) if self.whole else None


@dataclass(frozen=True, order=True)
class Link:
    """An external provider and a State between which money flows."""

    provider: str
    state: str


@dataclass(frozen=True)
class YearlyChange:
    """A State's external money in two consecutive years, in minor units."""

    state: str
    year: int
    """The second of the two."""
    before: int
    after: int


@dataclass(frozen=True)
class Largest:
    """The external provider that gives a State most over the horizon; of several equal ones, the first by id."""

    state: str
    provider: str
    share: Fraction
    """Share of the State's external money."""


@dataclass(frozen=True)
class Opening:
    """A State's external money in the year before the horizon and in its first years, in minor units."""

    state: str
    before: int
    mean: Fraction
    """Mean of the first `OPENING` years, or of the whole horizon where that is shorter."""

    @property
    def near(self) -> bool:
        """Whether the mean is within `FACTOR` of the year before, either way."""
        return self.before <= self.mean * FACTOR and self.mean <= self.before * FACTOR


@dataclass(frozen=True)
class Plausibility:
    """What in a portfolio is like or unlike real programmes: States, links and needs by id, sorted."""

    in_time: tuple[str, ...]
    """States that complete by their deadline."""
    late: tuple[str, ...]
    """States that complete within the horizon, but later."""
    incomplete: tuple[str, ...]
    """States with something to complete that do not."""
    lasting: Part
    """External money in unbroken runs of a link of `LASTING` years or more, of all external money."""
    finishing: int
    """External money in shorter runs whose last year is the one in which the State completes."""
    recent: int
    """External money in other shorter runs that begin in the last `ENDING` years of the horizon."""
    one_year: Part
    """Unbroken runs of years of a financier, an implementer and a State that last one year, of all such runs; work in
    kind (no financier) and by the State itself included."""
    links: int
    """Links, broken or not."""
    broken_links: tuple[Link, ...]
    """Links that stop and start again."""
    broken_groups: Part
    """Groups of a financier, an implementer and a State that stop and start again, of all such groups."""
    cuts: tuple[YearlyChange, ...]
    """Years in which a State keeps less than `CUT` of its external money, while a need of it is open."""
    rises: tuple[YearlyChange, ...]
    """Years in which a State has more than `RISE` times the external money of the year before."""
    funded_pairs: int
    """Pairs of consecutive years with external money in the first: those that a cut can be in."""
    funded_twice: int
    """Pairs of consecutive years with external money in both: those that a rise can be in."""
    kept: tuple[Link, ...]
    """Links of the year before the horizon that have money in its first year."""
    dropped: tuple[Link, ...]
    """Links of the year before the horizon that have none."""
    largest: tuple[Largest, ...]
    """The largest provider of each State with external money."""
    top_recipients: Part
    """External money of the `RECIPIENTS` States that have most, of all."""
    unused: tuple[str, ...]
    """Public providers and operators with external money on offer, of which nothing is used."""
    unused_private: tuple[str, ...]
    """Companies and foundations of which the same is true."""
    openings: tuple[Opening, ...]
    """States that had links in the year before, each with a known amount, and that do not complete in the first
    `OPENING` years."""
    crumbs: tuple[str, ...]
    """Needs not met in full of which no more than `CRUMB` is open."""

    @property
    def carried(self) -> tuple[Largest, ...]:
        """States in which one external provider carries `DOMINANT` of the money or more."""
        return tuple(each for each in self.largest if each.share >= DOMINANT)

    @property
    def median_largest(self) -> Fraction | None:
        """Median over States of the share of the largest provider; None where no State has external money."""
        return median([each.share for each in self.largest]) if self.largest else None

    @property
    def continued(self) -> Part:
        """Of the links of the year before the horizon, those kept."""
        return Part(len(self.kept), len(self.kept) + len(self.dropped))

    @property
    def near(self) -> Part:
        """Of `openings`, those near the year before."""
        return Part(sum(each.near for each in self.openings), len(self.openings))


def plausibility(scenario: Scenario, portfolio: Portfolio, ongoing: Ongoing | None = None) -> Plausibility:
    """Returns how like real programmes a portfolio is, valid or not; all that it names must be in the scenario.

    Parameters
    ----------
    ongoing
        Links of the year before the horizon; where they are left out, those that the scenario's offers
        of money state.

    Raises
    ------
    KeyError
        if `ongoing` names a provider or a State that is not in the scenario.
    """
    count = _Count(scenario, portfolio, tally(scenario, portfolio))
    known = _funded_before(scenario) if ongoing is None else ongoing
    before = {Link(*key): amount for key, amount in sorted(known.items())}
    for link in before:
        scenario.provider(link.provider)
        scenario.state(link.state)
    in_time, late, incomplete = count.completing()
    lasting, finishing, recent = count.money_by_run()
    one_year, broken_groups = count.groups()
    unused, unused_private = count.unused()
    first = scenario.years[0]
    kept = tuple(link for link in before if count.money[link].get(first))
    return Plausibility(
        in_time=in_time,
        late=late,
        incomplete=incomplete,
        lasting=Part(lasting, sum(count.received.values())),
        finishing=finishing,
        recent=recent,
        one_year=one_year,
        links=len(count.funded),
        broken_links=tuple(link for link in count.funded if len(_runs(count.money[link])) > 1),
        broken_groups=broken_groups,
        cuts=tuple(count.cuts()),
        rises=tuple(each for each in count.pairs if each.after > RISE * each.before),
        funded_pairs=len(count.pairs),
        funded_twice=sum(each.after > 0 for each in count.pairs),
        kept=kept,
        dropped=tuple(link for link in before if link not in kept),
        largest=tuple(count.largest()),
        top_recipients=Part(
            sum(sorted(count.received.values(), reverse=True)[:RECIPIENTS]), sum(count.received.values())
        ),
        unused=unused,
        unused_private=unused_private,
        openings=tuple(count.openings(before)),
        crumbs=tuple(key for key, each in count.counted.needs.items() if each.open and 1 - each.met <= CRUMB),
    )


def _funded_before(scenario: Scenario) -> dict[LinkKey, int | None]:
    """Returns the links of the year before the horizon that the scenario states of money; of work there are others."""
    paying = {(offer.provider, each.state) for offer in scenario.funding for each in offer.ongoing}
    return {link: amount for link, amount in scenario.ongoing_links.items() if link in paying}


def _runs(years: Collection[int]) -> list[range]:
    """Returns some years as runs of consecutive ones."""
    found: list[range] = []
    for year in sorted(years):
        if found and found[-1].stop == year:
            found[-1] = range(found[-1].start, year + 1)
        else:
            found.append(range(year, year + 1))
    return found


@dataclass(frozen=True)
class _Count:
    """A portfolio with its scenario, and what several figures look up in them."""

    scenario: Scenario
    portfolio: Portfolio
    counted: Tally

    @cached_property
    def money(self) -> defaultdict[Link, Counter[int]]:
        """External money by link and year, where there is any."""
        found: defaultdict[Link, Counter[int]] = defaultdict(Counter)
        for (key, state, year), amount in self.counted.yearly.items():
            offer = self.scenario.offer(key)
            if amount and isinstance(offer, FundingOffer) and self.scenario.is_external(key, state):
                found[Link(offer.provider, state)][year] += amount
        return found

    @cached_property
    def funded(self) -> tuple[Link, ...]:
        """Links of the portfolio, sorted."""
        return tuple(sorted(link for link, years in self.money.items() if years))

    @cached_property
    def received(self) -> dict[str, int]:
        """External money over the horizon by State, where there is any, sorted."""
        states = self.counted.states
        return {key: states[key].external for key in sorted(states) if states[key].external}

    @cached_property
    def pairs(self) -> tuple[YearlyChange, ...]:
        """Every pair of consecutive years of the horizon with external money in the first, by State and year."""
        yearly = Counter[tuple[str, int]]()
        for link in self.funded:
            for year, amount in self.money[link].items():
                yearly[link.state, year] += amount
        return tuple(
            YearlyChange(state, year + 1, yearly[state, year], yearly[state, year + 1])
            for state in self.received
            for year in self.scenario.years[:-1]
            if yearly[state, year]
        )

    def completing(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Returns States that complete by their deadline, later, and never."""
        due = [(key, each) for key, each in self.counted.states.items() if each.completes is not None]
        return (
            tuple(key for key, each in due if each.completes),
            tuple(key for key, each in due if not each.completes and each.completion_year is not None),
            tuple(key for key, each in due if each.completion_year is None),
        )

    def money_by_run(self) -> tuple[int, int, int]:
        """Returns external money in lasting runs, in shorter ones that end as their State completes, in recent ones."""
        lasting = finishing = recent = 0
        late = self.scenario.years[-ENDING:]
        for link in self.funded:
            for run in _runs(self.money[link]):
                amount = sum(self.money[link][year] for year in run)
                if len(run) >= LASTING:
                    lasting += amount
                elif run[-1] == self.counted.state(link.state).completion_year:
                    finishing += amount
                elif run[0] in late:
                    recent += amount
        return lasting, finishing, recent

    def groups(self) -> tuple[Part, Part]:
        """Returns runs of one year, and broken groups: of who pays, who works and in which State."""
        years: defaultdict[tuple[str | None, str, str], set[int]] = defaultdict(set)
        for each in derive_partnerships(self.scenario, self.portfolio):
            for commitment in each.commitments:
                # Not the agreement's own run of years: an engaged year without work bridges nothing.
                worked = (amount.year for amount in commitment.amounts)
                years[each.financier, each.implementer, each.state].update(worked)
        runs = [_runs(found) for found in years.values()]
        single = sum(len(run) == 1 for found in runs for run in found)
        broken = sum(len(found) > 1 for found in runs)
        return Part(single, sum(map(len, runs))), Part(broken, len(runs))

    def cuts(self) -> Iterator[YearlyChange]:
        """Yields the years in which a State's external money is cut though it still has work to pay for."""
        delivered = deliveries(self.portfolio)
        for pair in self.pairs:
            if pair.after < CUT * pair.before and any(
                pair.year in self.scenario.window(need)
                and sum(units for year, units in delivered[need.id].items() if year < pair.year)
                < need.quantity - need.delivered
                for need in self.scenario.needs_of(pair.state)
            ):
                yield pair

    def largest(self) -> Iterator[Largest]:
        """Yields the largest provider of each State with external money."""
        given: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for link in self.funded:
            given[link.state][link.provider] = sum(self.money[link].values())
        for state, whole in self.received.items():
            provider = max(given[state], key=given[state].__getitem__)
            yield Largest(state, provider, Fraction(given[state][provider], whole))

    def unused(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns providers whose external money is on offer and wholly unused: all but private ones, and those.

        Money that repays what another advances here is in use.
        """
        offering = {
            offer.provider
            for offer in self.scenario.funding
            if self._abroad(offer) and any(self.scenario.money_by_year(offer))
        }
        paying = {flow.financier for flow in self.portfolio.flows if flow.money}
        repaid = {each.repayment.offer for each in self.scenario.funding if each.repayment and each.id in paying}
        repaying = {self.scenario.offer(each).provider for each in repaid}
        idle = sorted(offering - {link.provider for link in self.funded} - repaying)
        private = {key for key in idle if self.scenario.provider(key).kind in PRIVATE_KINDS}
        return tuple(key for key in idle if key not in private), tuple(key for key in idle if key in private)

    def _abroad(self, offer: FundingOffer) -> bool:
        """Whether an offer may be used in a State that its provider is not."""
        home = self.scenario.provider(offer.provider).state
        return offer.states is None or any(state != home for state in offer.states)

    def openings(self, before: Mapping[Link, int | None]) -> Iterator[Opening]:
        """Yields the money of States before the horizon and in its first years, unless they complete in these."""
        years = self.scenario.years[:OPENING]
        for state in sorted({link.state for link in before}):
            known = [amount for link, amount in before.items() if link.state == state]
            last = _sum_if_known(known)
            year = self.counted.state(state).completion_year
            if last and not (year is not None and year <= years[-1]):
                after = sum(self.money[link][at] for link in self.funded if link.state == state for at in years)
                yield Opening(state, last, Fraction(after, len(years)))


def _sum_if_known(amounts: Iterable[int | None]) -> int | None:
    """Returns the sum of amounts; None where one is not known."""
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
