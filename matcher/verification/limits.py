"""What a scenario leaves possible at all: who could work for or pay whom, and the most of everything."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import cached_property
from math import floor

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
        known: dict[tuple[str, str, str, str], bool] = {}
        for need, each in self.needs.items():
            state, sought = each["state"], each["capability"]
            funding, technical = self.reach[state]
            for worker in technical:
                if self.technical[worker]["capability"] != sought or not self.prices[worker]:
                    continue
                paying = []
                for payer in funding:
                    key = (payer, worker, state, sought)
                    if key not in known:
                        open_way = not any(obstacles(self, payer, worker, need))
                        known[key] = open_way and kind_of(self, payer, worker, state) is not None
                    if known[key]:
                        paying.append(payer)
                if paying:
                    found[need, worker] = tuple(paying)
        return found

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
    def demand(self) -> dict[str, int]:
        """Granules of each need."""
        return {key: each["quantity"] // self.granule(each) for key, each in self.needs.items()}

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

    def can_complete(self, state: str) -> bool:
        """Returns whether every need that completes a State could be met by its deadline, all others apart."""
        return all(
            sum(
                min(self.year_cap[need], sum(self.most_work(worker, need, year) for worker in self.workers(need, year)))
                for year in self.timely(need)
                if year in self.window(each)
            )
            >= self.demand[need]
            for need, each in self.needs_of[state].items()
            if each["completes"]
        )

    def least_given(self, offer: str) -> int:
        """Returns the least that an offer gives in an engaged year: minor units or whole granules."""
        if offer in self.funding:
            return self.least[offer]
        return -(-self.least[offer] // self.granule(self.technical[offer]))

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

    def timely(self, need: str) -> range:
        """Returns the years up to the deadline of a need's State."""
        return range(self.years.start, min(self.states[self.needs[need]["state"]]["deadline"], self.years[-1]) + 1)
