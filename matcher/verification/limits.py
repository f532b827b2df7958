"""What a scenario leaves possible at all: who could work for or pay whom, and the most of everything."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any

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
    def places(self) -> dict[tuple[str, str], tuple[list[str], dict[str, tuple[str, ...]]]]:
        """By State and capability: offers of work that costs nothing, and those that cost with who can pay them.

        All needs of a place can be served alike, but for their years and for what the user forbids.
        """
        found: dict[tuple[str, str], tuple[list[str], dict[str, tuple[str, ...]]]] = {}
        for need, each in self.needs.items():
            place = (each["state"], each["capability"])
            if place not in found:
                technical = [key for key in self.reach[place[0]][1] if self.technical[key]["capability"] == place[1]]
                paid = {key: payers for key in technical if (payers := self._payers(key, need))}
                found[place] = ([key for key in technical if self._is_option(None, key, need)], paid)
        return found

    def _payers(self, worker: str, need: str) -> tuple[str, ...]:
        """Funding offers that can pay an implementer for a need; nobody for work in kind."""
        funding = self.reach[self.needs[need]["state"]][0]
        return tuple(payer for payer in funding if self._is_option(payer, worker, need))

    def _is_option(self, payer: str | None, worker: str, need: str) -> bool:
        """Whether these may work together for a need at all."""
        kind = kind_of(self, payer, worker, self.needs[need]["state"])
        return kind is not None and not any(obstacles(self, payer, worker, need))

    def place(self, need: str) -> tuple[list[str], dict[str, tuple[str, ...]]]:
        """Returns who could work for a need in kind, and who for money with who can pay them."""
        return self.places[self.needs[need]["state"], self.needs[need]["capability"]]

    @cached_property
    def payers(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Funding offers that can pay each implementer for each need."""
        return {(need, worker): payers for need in self.needs for worker, payers in self.place(need)[1].items()}

    def workers(self, need: str, year: int) -> dict[str, tuple[str, ...] | None]:
        """Returns who can work for a need in a year, and who can pay them then; none where the work is in kind."""
        state, (in_kind, paid) = self.needs[need]["state"], self.place(need)
        found: dict[str, tuple[str, ...] | None] = {
            worker: None
            for worker in in_kind
            if year in self.window(self.technical[worker]) and not self._forbidden(None, worker, need, year)
        }
        for worker, payers in paid.items():
            if year in self.window(self.technical[worker]):
                able = (
                    payer
                    for payer in payers
                    if self.can_pay(payer, year)
                    and self.most(payer, state, year)
                    and not self._forbidden(payer, worker, need, year)
                )
                if now := tuple(able):
                    found[worker] = now
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
        each = self.needs[need]
        key = (need if self.scenario["decisions"]["forbids"] else (each["state"], each["capability"]), year)
        if key not in self._most_worked:
            technical = (self.technical[worker] for worker in self.workers(need, year))
            self._most_worked[key] = sum(self.capacity(offer, year) // self.granule(offer) for offer in technical)
        return min(self.year_cap[need], self._most_worked[key])

    @cached_property
    def _most_worked(self) -> dict[Any, int]:
        """Granules that all who can work at a place, or for a need where some are forbidden, could do in a year."""
        return {}

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
        """States with something left of a need that has a weight, none of which could be served at all."""
        left = {
            state
            for state, needs in self.needs_of.items()
            if any(need["weight"] and self.demand[key] for key, need in needs.items())
        }
        return tuple(state for state in self.weights if state in left and state not in self.counted)

    def _admits(self, need: str) -> bool:
        """Whether some option and year admit a granule and both minimum sizes, all other States and years apart."""
        state, sought = self.needs[need]["state"], self.needs[need]["capability"]
        funding, technical = self.reach[state]
        for worker in technical if self.year_cap[need] else ():
            if self.technical[worker]["capability"] != sought:
                continue
            least = max(1, self.least_given(worker, state))
            years = [year for year in self.window(self.needs[need]) if self.most(worker, state, year) >= least]
            for payer in (None, *funding) if years else ():
                able = (year for year in years if self._admits_in(payer, worker, need, year))
                if next(able, None) is not None and self._is_option(payer, worker, need):
                    return True
        return False

    def _admits_in(self, payer: str | None, worker: str, need: str, year: int) -> bool:
        """Whether that much can be paid in a year in which so much can be done, and the user does not forbid it."""
        if payer is not None:
            least = max(self.prices[worker], self.least_given(payer, self.needs[need]["state"]))
            if not self.can_pay(payer, year) or self.most(payer, self.needs[need]["state"], year) < least:
                return False
        return self._may_enter(payer, worker, need) and not self._forbidden(payer, worker, need, year)

    def _may_enter(self, payer: str | None, worker: str, need: str) -> bool:
        """Whether the State takes so many partners, both offers any State, and there is work enough for a minimum."""
        state = self.needs[need]["state"]
        partners = {self.offers[key]["provider"] for key in (payer, worker) if key and self.external(key, state)}
        limits = self.states[state]
        if limits["max_partners"] is not None and limits["max_partners"] < len(partners):
            return False
        if 0 in {self.offers[key]["max_states"] for key in (payer, worker) if key}:
            return False
        if payer and self.external(payer, state) and limits["max_share"] is not None and not limits["max_share"]:
            return False
        if payer and self.least_given(payer, state) > self._dearest_year[state]:
            return False
        return self.least_given(worker, state) <= self._most_work[state, self.needs[need]["capability"]]

    @cached_property
    def _most_work(self) -> Counter[tuple[str, str]]:
        """Granules that all needs of a State can take in one year, by State and capability."""
        found = Counter[tuple[str, str]]()
        for key, need in self.needs.items():
            found[need["state"], need["capability"]] += self.year_cap[key]
        return found

    @cached_property
    def _dearest_year(self) -> Counter[str]:
        """What that costs by State, of all capabilities, where the dearest offer does the work."""
        price, found = Counter[str](), Counter[str]()
        for key, offer in self.technical.items():
            price[offer["capability"]] = max(price[offer["capability"]], self.prices[key])
        for (state, capability), most in self._most_work.items():
            found[state] += most * price[capability]
        return found

    @cached_property
    def own_bounds(self) -> dict[str, Fraction]:
        """The most that the coverage of each State that counts can be, by its own limits and each offer's and year's.

        Needs of the same capability, years and weight per unit share those who can work and pay; other needs are
        each taken alone.
        """
        return {state: self._own_bound(state) for state in self.states if state in self.counted}

    def _own_bound(self, state: str) -> Fraction:
        alone = {forbid["need"] for forbid in self.scenario["decisions"]["forbids"]}
        together: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
        total = Fraction(0)
        for key, need in self.needs_of[state].items():
            if need["weight"]:
                density = Fraction(need["weight"], self.sought[key])
                named = key if key in alone else None
                together[density, need["capability"], self.window(need), named].append(key)
                total += need["weight"] * self.before(key)
        total += sum(density * self._most_together(group) for (density, *_), group in together.items())
        return Fraction(total, self.weights[state])

    def _most_together(self, group: list[str]) -> int:
        """The most granules of like needs that their offers can deliver over the years."""
        by_year = [self._workable(group[0], year) for year in self.window(self.needs[group[0]])]
        total = 0
        for key in group:
            most = min(self.demand[key], sum(min(self.year_cap[key], units) for units in by_year))
            total += 0 if self.needs[key]["indivisible"] and most < self.demand[key] else most
        cap = sum(self.year_cap[key] for key in group)
        return min(total, sum(min(cap, units) for units in by_year))

    def _workable(self, need: str, year: int) -> int:
        """Granules for which there are people and money in a year, the cheapest work first."""
        state, (in_kind, paid) = self.needs[need]["state"], self.place(need)
        able: list[tuple[int, int]] = []
        payers: set[str] = set()
        for worker in (*in_kind, *paid):
            most = self.most(worker, state, year)
            if year not in self.window(self.technical[worker]) or most < max(1, self.least_given(worker, state)):
                continue
            known: tuple[str | None, ...] = paid.get(worker, (None,))
            pay = [key for key in known if self._admits_in(key, worker, need, year)]
            able += [(self.prices[worker], most)] if pay else []
            payers |= {key for key in pay if key is not None}
        limit = self.states[state]["absorption"]
        outside = sum(self.most_money[key, year] for key in payers if self.external(key, state))
        money = outside if limit is None else min(outside, at(limit, year))
        money += sum(self.most_money[key, year] for key in payers if not self.external(key, state))
        done = 0
        for price, most in sorted(able):
            units = min(most, money // price) if price else most
            done, money = done + units, money - units * price
        return done

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
        found = set()
        for need in self.needs_of[state]:
            for worker, payers in self.place(need)[1].items():
                able = (key for key in payers if self.external(key, state) and self._meet(key, worker, need))
                found |= {self.offers[key]["provider"] for key in able}
        return found

    def _meet(self, payer: str, worker: str, need: str) -> bool:
        """Whether some year that is not forbidden has the payer, who works, and the need."""
        years = set(self.window(self.needs[need])) & set(self.window(self.technical[worker]))
        return any(
            not self._forbidden(payer, worker, need, year) for year in years & set(self.window(self.funding[payer]))
        )

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
