"""What a scenario leaves possible at all: who could work for or pay whom, and the most of everything."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import cached_property
from math import ceil, floor

from matcher.verification.decisions import is_forbidden
from matcher.verification.documents import at, clipped, run
from matcher.verification.eligibility import kind_of, obstacles, out_of_reach
from matcher.verification.facts import Flow, Setting


class ScenarioLimits(Setting):
    """A scenario with what bounds look up: who could work for or pay whom, and the most of everything.

    Work counts in granules, money in minor units.
    """

    @cached_property
    def reach(self) -> dict[str, tuple[list[str], list[str]]]:
        """Funding and technical offers whose own filters let them work in each State."""
        found = {}
        for state in self.states:
            near = [key for key in self.offers if not any(out_of_reach(self, key, state))]
            found[state] = (
                [key for key in near if key in self.funding],
                [key for key in near if key in self.technical],
            )
        return found

    @cached_property
    def payers(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Funding offers that can pay each implementer for each need."""
        found = {}
        known: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for need, each in self.needs.items():
            state, sought = each["state"], each["capability"]
            for worker in self.reach[state][1]:
                if self.technical[worker]["capability"] != sought or not self.prices[worker]:
                    continue
                key = (worker, state, sought)
                if key not in known:
                    known[key] = self._payers(worker, need)
                if known[key]:
                    found[need, worker] = known[key]
        return found

    def _payers(self, worker: str, need: str) -> tuple[str, ...]:
        """Funding offers that can pay an implementer for a need, and for all of its State and capability."""
        state = self.needs[need]["state"]
        return tuple(
            payer
            for payer in self.reach[state][0]
            if not any(obstacles(self, payer, worker, need)) and kind_of(self, payer, worker, state) is not None
        )

    @cached_property
    def in_kind(self) -> dict[str, list[str]]:
        """Offers of work that costs nothing, by need."""
        return {
            need: [
                worker
                for worker in self.reach[each["state"]][1]
                if not any(obstacles(self, None, worker, need))
                and kind_of(self, None, worker, each["state"]) is not None
            ]
            for need, each in self.needs.items()
        }

    def workers(self, need: str, year: int) -> dict[str, tuple[str, ...] | None]:
        """Returns who can work for a need in a year, and who can pay them then; none where the work is in kind."""
        state = self.needs[need]["state"]
        found: dict[str, tuple[str, ...] | None] = {
            worker: None
            for worker in self.in_kind[need]
            if year in self.window(self.technical[worker]) and not self._forbidden(None, worker, need, year)
        }
        for worker in self.reach[state][1]:
            if (need, worker) in self.payers and year in self.window(self.technical[worker]):
                able = (
                    payer
                    for payer in self.payers[need, worker]
                    if self.can_pay(payer, year)
                    and self.most(payer, state, year)
                    and not self._forbidden(payer, worker, need, year)
                )
                if payers := tuple(able):
                    found[worker] = payers
        return found

    def _forbidden(self, payer: str | None, worker: str, need: str, year: int) -> bool:
        """Whether the user forbids this option in this year."""
        forbids = self.scenario["decisions"]["forbids"]
        if not forbids:
            return False
        flow = Flow(payer, worker, need, self.needs[need]["state"], year, 0, 0, "", 0)
        return any(is_forbidden(self, flow, forbid) for forbid in forbids)

    @cached_property
    def pinned(self) -> frozenset[tuple[str, str, int]]:
        """Offers that the user wants engaged, in States and years."""
        pins = self.scenario["decisions"]["pins"]
        named = (pin for pin in pins if pin["years"] is not None)
        return frozenset(
            (pin["offer"], pin["state"], year) for pin in named for year in clipped(run(pin["years"]), self.years)
        )

    @cached_property
    def earlier(self) -> dict[tuple[str, str, int], int]:
        """What the earlier portfolio gave, by offer, State and year: minor units, or granules."""
        return {
            (each["offer"], each["state"], year): amount // self.granule(self.technical[each["offer"]])
            if each["offer"] in self.technical
            else amount
            for each in self.scenario["decisions"]["earlier"]
            for year in self.years
            if (amount := at(each["amounts"], year))
        }

    @cached_property
    def sought(self) -> dict[str, int]:
        """Granules of each need: all of it, of which shares are shares."""
        return {key: each["quantity"] // self.granule(each) for key, each in self.needs.items()}

    @cached_property
    def demand(self) -> dict[str, int]:
        """Granules of each need that are still to be delivered."""
        return {key: self.rest[key] // self.granule(each) for key, each in self.needs.items()}

    def before(self, need: str) -> Fraction:
        """Returns the share of a need that was delivered before the horizon."""
        return Fraction(self.sought[need] - self.demand[need], self.sought[need])

    @cached_property
    def year_cap(self) -> dict[str, int]:
        """Most granules of each need in one year."""
        caps = {key: each["max_per_year"] for key, each in self.needs.items()}
        return {
            key: most if caps[key] is None else min(most, caps[key] // self.granule(self.needs[key]))
            for key, most in self.demand.items()
        }

    @cached_property
    def most_money(self) -> dict[tuple[str, int], int]:
        """Most that a funding offer can spend in a year: all that came before carried over."""
        found = {}
        for key, offer in self.funding.items():
            free = 0
            for year in self.years:
                free = self.new_money(offer, year) + floor(offer["carry_over"] * free)
                found[key, year] = free
        return found

    def most(self, offer: str, state: str, year: int) -> int:
        """Returns the most that an offer can give a State in a year."""
        if offer in self.technical:
            granule = self.granule(self.technical[offer])
            return self.capacity(self.technical[offer], year) // granule
        money, limit = self.most_money[offer, year], self.states[state]["absorption"]
        absorbed = None if limit is None or not self.external(offer, state) else at(limit, year)
        return money if absorbed is None else min(money, absorbed)

    def most_work(self, worker: str, need: str, year: int) -> int:
        """Returns the most granules that an offer can do for a need in a year."""
        technical = self.technical[worker]
        return min(self.year_cap[need], self.capacity(technical, year) // self.granule(technical))

    def most_for(self, offer: str, need: str, year: int) -> int:
        """Returns the most that an offer can give to one need in a year."""
        most = self.most(offer, self.needs[need]["state"], year)
        return min(most, self.year_cap[need] * (self.dearest.get((offer, need), 0) if offer in self.funding else 1))

    @cached_property
    def dearest(self) -> dict[tuple[str, str], int]:
        """The highest price that a funding offer can pay for a granule of a need."""
        found: dict[tuple[str, str], int] = {}
        for (need, worker), payers in self.payers.items():
            for payer in payers:
                found[payer, need] = max(found.get((payer, need), 0), self.prices[worker])
        return found

    def can_complete(self, state: str, years: range) -> bool:
        """Returns whether every need that completes a State could be met in some years, all others apart."""
        return all(
            sum(self._most_delivered(need, year) for year in years) >= self.demand[need]
            for need, each in self.needs_of[state].items()
            if each["completes"]
        )

    def _most_delivered(self, need: str, year: int) -> int:
        """The most granules of a need that all who can work for it together could deliver in a year."""
        if year not in self.window(self.needs[need]):
            return 0
        technical = (self.technical[worker] for worker in self.workers(need, year))
        able = sum(self.capacity(offer, year) // self.granule(offer) for offer in technical)
        return min(self.year_cap[need], able)

    @cached_property
    def waiting_floor(self) -> Fraction:
        """Need-years of waiting that stay in any portfolio, each need taken alone."""
        total = Fraction(0)
        for key, need in self.needs.items():
            weight = Fraction(need["weight"] * self.states[need["state"]]["weight"])
            left = self.demand[key]
            for year in self.years if weight else ():
                left = max(0, left - self._most_delivered(key, year))
                if year in self.waits(need):
                    total += Fraction(weight * left, self.sought[key])
        return total

    @cached_property
    def counted(self) -> frozenset[str]:
        """States whose coverage counts as the smallest: a need with a weight could be served there at all."""
        return frozenset(
            state
            for state, needs in self.needs_of.items()
            if any(need["weight"] and self._admits(key) for key, need in needs.items())
        )

    @property
    def set_aside(self) -> tuple[str, ...]:
        """States with a need that has a weight, none of which could be served at all."""
        return tuple(state for state, weight in self.weights.items() if weight and state not in self.counted)

    def _admits(self, need: str) -> bool:
        """Whether some option and year admit a granule and both minimum sizes, all other States and years apart."""
        state, most = self.needs[need]["state"], self.year_cap[need]
        for year in self.window(self.needs[need]) if most else ():
            for worker, payers in self.workers(need, year).items():
                if self.most(worker, state, year) < max(1, self.least_given(worker, state)):
                    continue
                if payers is None:
                    return True
                price = self.prices[worker]
                if any(self.most(key, state, year) >= max(price, self.least_given(key, state)) for key in payers):
                    return True
        return False

    def least_given(self, offer: str, state: str) -> int:
        """Returns the least that an offer gives a State where it gives anything in a year: minor units or granules."""
        least = self.least_working(offer, state) if self.external(offer, state) else self.least[offer]
        return least if offer in self.funding else -(-least // self.granule(self.technical[offer]))

    @cached_property
    def shares(self) -> dict[str, Fraction]:
        """Most share of its external money from one provider, by State where that binds: where enough could pay."""
        limits = {
            key: Fraction(each["max_share"]) for key, each in self.states.items() if each["max_share"] is not None
        }
        return {
            state: limit
            for state, limit in limits.items()
            if not limit or len(self._payers_in(state)) >= ceil(Fraction(1, limit))
        }

    def _payers_in(self, state: str) -> set[str]:
        """External providers that could pay for some need of a State, in whatever year."""
        payers = {key for (need, _), payers in self.payers.items() if need in self.needs_of[state] for key in payers}
        return {self.offers[key]["provider"] for key in payers if self.external(key, state)}

    @cached_property
    def relations(self) -> frozenset[tuple[str, str, int]]:
        """Every offer in every State that it may work in, in each of its years."""
        return frozenset(
            (key, state, year)
            for state, sides in self.reach.items()
            for side in sides
            for key in side
            for year in self.window(self.offers[key])
        )

    @cached_property
    def partners(self) -> dict[tuple[str, str], dict[int, list[str]]]:
        """External providers by State, and their offers that may work there by year."""
        found: defaultdict[tuple[str, str], defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for key, state, year in sorted(self.relations):
            if self.external(key, state):
                found[self.offers[key]["provider"], state][year].append(key)
        return {link: dict(years) for link, years in found.items()}

    def payments(self, provider: str, state: str, year: int) -> list[str]:
        """Returns the external funding offers by which a provider may pay in a State and year."""
        return [key for key in self.partners[provider, state].get(year, ()) if key in self.funding]

    def most_paid(self, provider: str, state: str, year: int) -> int:
        """Returns the most money that an external provider can pay in a State and year: each of its offers alone."""
        return sum(self.most(key, state, year) for key in self.payments(provider, state, year))

    def moves(self, provider: str, state: str, year: int) -> bool:
        """Whether a change of a link's money into a year counts: where that of the year before is known."""
        known = year > self.years.start or self.ongoing_links.get((provider, state)) is not None
        return known and year in self.open_years[state]

    @cached_property
    def lenders(self) -> dict[str, list[tuple[str, int, Fraction]]]:
        """For each offer that repays others: whom, after how many years, and how much for each unit."""
        found: defaultdict[str, list[tuple[str, int, Fraction]]] = defaultdict(list)
        for key, offer in self.funding.items():
            if offer["repayment"] is not None:
                terms = offer["repayment"]
                found[terms["offer"]].append((key, terms["after"], 1 + Fraction(terms["premium"])))
        return found

    def can_pay(self, offer: str, year: int) -> bool:
        """Returns whether a funding offer stands in a year, and its repayment would not fall past the horizon."""
        terms = self.funding[offer]["repayment"]
        return year in self.window(self.funding[offer]) and (terms is None or year + terms["after"] in self.years)

    def discount(self, year: int) -> Fraction:
        """Returns what a year's delivery counts for."""
        return Fraction(self.scenario["objectives"]["discount"]) ** (year - self.years.start)
