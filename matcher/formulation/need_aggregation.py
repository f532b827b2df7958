"""Like tasks as one need: a smaller scenario with exactly the same answers, and the way there and back.

A national plan may hold thousands of tasks where, for whoever decides about money and work, one task
is as good as the next. `merge` makes one need of each class of such tasks; `Merged.split` hands what a
portfolio gives to a class to its members, `Merged.join` does the opposite.

Needs form a class if they agree in State, capability, years inside the horizon, `completes`, and weight
per unit (exactly), have no `max_per_year`, are not indivisible, and no precedence, forbid or commitment
names them. The class seeks D, the sum of its members' quantities D_i, with weight W, the sum of their
weights w_i. Where the sum of weights cannot be written as a ratio, or that of quantities is more than
one field holds, the members form several classes.

Why this changes no answer. `split` and `join` keep, for each offer, State, capability and year, the
units and the money, as well as all engagements. For portfolios that keep rule 3 they also keep:

* rule 0: members and class have the same options of the same kinds in the same years, for eligibility
  looks at nothing of a need but State, capability, window and the forbids and commitments that name it;
  pieces are whole granules, as flows and D_i are, and a piece's money is its granules at their price;
* rules 1, 2, 4, 6, 7, 8 and pins and caps: they look at sums by offer, State and year, and at
  engagements, all of which stay as they are;
* rule 3: no member gets more than D_i, so no class more than D; and what is at most D in all can be
  handed out with at most D_i each. Windows are the same;
* rule 5 and commitments: they name no need of a class;
* rule 9 and `completions`: as no member passes D_i, the class has all of D by the end of a year exactly
  if each member has all of D_i by then. For `split`, this needs the years in their order: it fills
  members with what flows first;
* `coverage`: a unit delivered in a year counts w_i / D_i times the year's discount, which for all
  members is W / D. A State's coverage, and with it `worst_off`, is the same sum over the sum of weights,
  which is kept, and a State has a need with a weight exactly if it had one before;
* `fit`, `firmness`, `engagements` and `cost`: sums by offer, State and year, and engaged years.

So either scenario has a right portfolio with given figures exactly if the other has, and a bound on one
is a bound on the other. Of a portfolio that is not right, `split` and `join` keep every unit too, but
may mend one fault or show another: what they return of it is for the checker to judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import gcd

from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Beneficiaries, Need, Scenario
from matcher.units import MAX_QUANTITY, RATIO_DECIMALS, RATIO_DIGITS

MAX_PEOPLE = 10**9
"""Most people in one field."""


@dataclass(frozen=True)
class Merged:
    """A scenario with like tasks as one need, and how its portfolios are those of the original."""

    original: Scenario
    """The scenario that was merged."""
    scenario: Scenario
    """The smaller scenario of the same name; the original itself where nothing merges."""
    members: dict[str, tuple[str, ...]]
    """For each need of the smaller scenario, the needs that it stands for, in the order of their ids.

    A class is named after its first member. A need on its own stands for itself."""

    def split(self, portfolio: Portfolio) -> Portfolio:
        """Returns a portfolio of the smaller scenario as one of the original.

        Flows to a class are handed out in the order of year, implementer and financier, and fill its
        members one after the other in the order of their ids: few tasks are shared or left half done.
        What a class gets beyond what it seeks goes to its last member.
        """
        if self.scenario is self.original:
            return portfolio
        by_need: dict[str, list[Flow]] = defaultdict(list)
        for flow in portfolio.flows:
            by_need[flow.need].append(flow)
        flows = [piece for need, given in by_need.items() for piece in self._pieces(need, given)]
        return _portfolio(self.original, flows, portfolio.engagements)

    def join(self, portfolio: Portfolio) -> Portfolio:
        """Returns a portfolio of the original as one of the smaller scenario: flows to members add up."""
        if self.scenario is self.original:
            return portfolio
        together: dict[tuple[object, ...], list[Flow]] = defaultdict(list)
        for flow in portfolio.flows:
            together[self._class_of.get(flow.need, flow.need), *flow.key()[1:], flow.kind].append(flow)
        flows = [self._sum(given) for given in together.values()]
        return _portfolio(self.scenario, flows, portfolio.engagements)

    @cached_property
    def _class_of(self) -> dict[str, str]:
        """The need of the smaller scenario that stands for each need of the original."""
        return {member: key for key, members in self.members.items() for member in members}

    def _pieces(self, need: str, flows: list[Flow]) -> Iterator[Flow]:
        """Yields the flows to a need as flows to the members of its class."""
        members = self.members.get(need, (need,))
        if len(members) == 1:
            yield from flows
            return
        at, room = 0, self.original.need(members[0]).quantity
        for flow in sorted(flows, key=lambda each: (each.year, each.implementer, each.financier or "")):
            quantity, money = flow.quantity, flow.money
            while quantity:
                if not room and at < len(members) - 1:
                    at += 1
                    room = self.original.need(members[at]).quantity
                part = quantity if at == len(members) - 1 else min(quantity, room)
                paid = money * part // quantity
                yield _changed(flow, members[at], part, paid)
                quantity, money, room = quantity - part, money - paid, max(0, room - part)

    def _sum(self, flows: list[Flow]) -> Flow:
        """Returns flows through the same offers in the same year to one class as one flow."""
        first, need = flows[0], self._class_of.get(flows[0].need, flows[0].need)
        if len(flows) == 1 and first.need == need:
            return first
        return _changed(first, need, sum(each.quantity for each in flows), sum(each.money for each in flows))


def merge(scenario: Scenario) -> Merged:
    """Returns a scenario with each class of like needs as one need, wherever that is exact."""
    classes = list(_classes(scenario))
    members = {each[0].id: tuple(need.id for need in each) for each in classes}
    if len(classes) == len(scenario.needs):
        return Merged(scenario, scenario, members)
    fields = {name: getattr(scenario, name) for name in Scenario.model_fields}
    smaller = Scenario(**{**fields, "needs": [_merged(each) for each in classes]})
    return Merged(scenario, smaller, members)


def _classes(scenario: Scenario) -> Iterator[Sequence[Need]]:
    """Yields the needs that become one, in the order of their ids."""
    alone = _named(scenario)
    like: dict[tuple[object, ...], list[Need]] = defaultdict(list)
    for need in scenario.needs:
        if need.id in alone or need.after or need.indivisible or need.max_per_year is not None or need.delivered:
            yield (need,)
        else:
            like[_likeness(scenario, need)].append(need)
    for needs in like.values():
        yield from _writable(needs)


def _named(scenario: Scenario) -> set[str]:
    """The needs that another need waits for, or that a decision of the user names."""
    decisions = scenario.decisions
    waited = {first.need for need in scenario.needs for first in need.after}
    agreed = {commitment.need for commitment in decisions.commitments}
    return waited | agreed | {forbid.need for forbid in decisions.forbids if forbid.need is not None}


def _likeness(scenario: Scenario, need: Need) -> tuple[object, ...]:
    """What needs of one class have in common."""
    window, weight = scenario.window(need), _weight(need)
    shared = gcd(weight, need.quantity)
    density = (weight // shared, need.quantity // shared)
    return (need.state, need.capability, need.completes, (window.start, window.stop) if window else None, density)


def _weight(need: Need) -> int:
    """The weight of a need in the last decimal place of a ratio: whole numbers add up exactly."""
    return int(need.weight.scaleb(RATIO_DECIMALS))


def _writable(needs: list[Need]) -> Iterator[list[Need]]:
    """Cuts like needs into runs whose sums can be written in one need, each as long as its start allows."""
    run: list[Need] = []
    quantity = weight = 0
    for need in needs:
        quantity, weight = quantity + need.quantity, weight + _weight(need)
        if run and (quantity > MAX_QUANTITY or not _is_ratio(weight)):
            yield run
            run, quantity, weight = [], need.quantity, _weight(need)
        run.append(need)
    yield run


def _is_ratio(weight: int) -> bool:
    """Whether a number of last decimal places has no more digits than a ratio may have."""
    digits = str(weight)
    return len(digits.rstrip("0")) <= RATIO_DIGITS and len(digits) <= RATIO_DIGITS + RATIO_DECIMALS


def _merged(needs: Sequence[Need]) -> Need:
    """Returns the need that stands for a class; it has no name and no sources of its own."""
    first = needs[0]
    if len(needs) == 1:
        return first
    return Need(
        id=first.id,
        state=first.state,
        capability=first.capability,
        quantity=sum(need.quantity for need in needs),
        years=first.years,
        weight=Decimal(sum(map(_weight, needs))).scaleb(-RATIO_DECIMALS),
        completes=first.completes,
        beneficiaries=_people([need.beneficiaries for need in needs]),
    )


def _people(known: list[Beneficiaries | None]) -> Beneficiaries | None:
    """Returns the people of all members together; None if one states none, or they are more than a field holds."""
    sums = {
        name: sum(getattr(people, name) for people in known if people is not None)
        for name in Beneficiaries.model_fields
    }
    return Beneficiaries(**sums) if None not in known and max(sums.values()) <= MAX_PEOPLE else None


def _changed(flow: Flow, need: str, quantity: int, money: int) -> Flow:
    """Returns a flow to another need, of another size."""
    return Flow(
        financier=flow.financier,
        implementer=flow.implementer,
        need=need,
        year=flow.year,
        kind=flow.kind,
        quantity=quantity,
        money=money,
    )


def _portfolio(scenario: Scenario, flows: Iterable[Flow], engagements: tuple[Engagement, ...]) -> Portfolio:
    """Returns flows and engagements as a portfolio of a scenario."""
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        flows=tuple(flows),
        engagements=engagements,
    )
