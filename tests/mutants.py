"""Valid portfolios with one limit drawn tight, and single slips that pass it: one or more per rule.

A slip is a generator over a `World`: up to its `yield` it tightens the scenario around a valid portfolio,
after it, it spoils the portfolio. Numbers vary with the seed; what the slip breaks does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from random import Random
from typing import Any

from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario

Key = tuple[str | None, str, str, int]
OWNERSHIP = (
    "high_level_interest",
    "empowered_entities",
    "measures_articulated",
    "challenges_planned",
    "financial_commitment",
)
FLOWS: dict[Key, str] = {
    ("nor-grant", "ngo-surveys", "A-survey", 2020): "operator",
    ("nor-grant", "ngo-surveys", "A-survey", 2021): "operator",
    ("nor-grant", "ngo-clears", "A-clear", 2021): "operator",
    ("nor-grant", "ngo-clears", "A-clear", 2022): "operator",
    ("nor-grant", "ngo-clears", "A-clear", 2023): "operator",
    ("gov-budget", "gov-clears", "A-clear", 2021): "national",
    ("sud-grant", "ngo-clears", "B-clear", 2021): "operator",
    ("sud-grant", "ngo-clears", "B-clear", 2022): "operator",
    ("fund-match", "ngo-clears", "B-clear", 2021): "public-private",
    ("bank-loan", "ngo-clears", "B-clear", 2022): "public-private",
    (None, "ecu-advises", "B-advice", 2022): "south-south",
    (None, "ecu-advises", "B-advice", 2023): "south-south",
}
"""Flows of every world, with their kinds."""
NOR_A = ("nor-grant", "ngo-clears", "A-clear")
SUD_B = ("sud-grant", "ngo-clears", "B-clear")
MATCH: Key = ("fund-match", "ngo-clears", "B-clear", 2021)
LOAN: Key = ("bank-loan", "ngo-clears", "B-clear", 2022)
ADVICE = (None, "ecu-advises", "B-advice")


class World:
    """A scenario with room in every limit, and a valid portfolio for it that can be changed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.granule = self.random.choice([10, 100])
        self.cost = self.random.randint(2, 9)
        self.scenario = _roomy_scenario(self.granule, Decimal(self.cost) / self.granule)
        self.flows: dict[Key, dict[str, Any]] = {}
        self.engagements: dict[tuple[str, str], list[list[int]]] = {}
        self.repeated: list[dict[str, Any]] = []
        self.claims: dict[str, str] = {}
        self.name, self.digest = "world", ""
        for key, kind in FLOWS.items():
            self.put(key, self.random.randint(3, 9), kind)

    def put(self, key: Key, granules: int, kind: str) -> None:
        """Adds a flow of whole granules, and engages its offers in its year."""
        size = 1 if key[2] == "B-advice" else self.granule
        names = dict(zip(("financier", "implementer", "need", "year"), key, strict=True))
        money = 0 if key[0] is None else granules * self.cost
        self.flows[key] = {**names, "kind": kind, "quantity": granules * size, "money": money}
        for offer in filter(None, key[:2]):
            self.engage(offer, self.state(key), key[3])

    def add(self, key: Key, granules: int) -> None:
        """Changes a flow by whole granules."""
        self.put(key, self.granules(key) + granules, self.flows[key]["kind"])

    def move(self, key: Key, year: int) -> None:
        """Moves a flow to another year, with its engagements added there."""
        flow = self.flows.pop(key)
        size = 1 if key[2] == "B-advice" else self.granule
        self.put((*key[:3], year), flow["quantity"] // size, flow["kind"])

    def engage(self, offer: str, state: str, year: int) -> None:
        """Adds a year to an offer's engagement in a State; a gap in between starts a run of its own."""
        runs = self.engagements.setdefault((offer, state), [])
        years = sorted({year, *(each for first, last in runs for each in range(first, last + 1))})
        starts = [each for each in years if each - 1 not in years]
        runs[:] = [[each, next(end for end in years if end >= each and end + 1 not in years)] for each in starts]

    def granules(self, key: Key) -> int:
        """Whole granules of a flow."""
        return int(self.flows[key]["quantity"]) // (1 if key[2] == "B-advice" else self.granule)

    def state(self, key: Key) -> str:
        """The State of a flow's need."""
        return str(self.scenario["needs"][key[2]]["state"])

    def total(self, figure: str, where: Callable[[Key], bool], per_year: bool = True) -> Any:
        """Sum of a figure over the flows that match: by year, or in all."""
        years = {key[3] for key in self.flows if where(key)} if per_year else [None]
        sums = {
            year: sum(flow[figure] for key, flow in self.flows.items() if where(key) and year in (None, key[3]))
            for year in years
        }
        return sums if per_year else sums[None]

    def offer(self, key: str, **fields: Any) -> None:
        """Changes fields of an offer."""
        self.scenario["offers"][key].update(fields)

    def need(self, key: str, **fields: Any) -> None:
        """Changes fields of a need."""
        self.scenario["needs"][key].update(fields)

    def decide(self, name: str, **fields: Any) -> None:
        """Adds a decision."""
        self.scenario["decisions"].setdefault(name, []).append(fields)

    def documents(self) -> tuple[Scenario, dict[str, Any]]:
        """The scenario, and the portfolio (or the result that claims figures for it) as a document."""
        scenario = Scenario.from_data(deepcopy(self.scenario))
        portfolio = {
            "scenario": self.name,
            "scenario_hash": self.digest or scenario_hash(scenario),
            "flows": [*deepcopy(list(self.flows.values())), *self.repeated],
            "engagements": [
                {"offer": offer, "state": state, "years": list(years)}
                for (offer, state), runs in self.engagements.items()
                for years in runs
            ],
        }
        if not self.claims:
            return scenario, portfolio
        figures = [{"objective": name, "exact": value} for name, value in self.claims.items()]
        return scenario, {"result": 1, "portfolio": portfolio, "figures": figures}


def _roomy_scenario(granule: int, price: Decimal) -> dict[str, Any]:
    """Three States and eight providers, with more than enough of everything."""
    much = 10**6
    work = {"kind": "technical", "capacity": much, "price": price}
    money = {"kind": "funding", "amount": much}
    half = dict.fromkeys(OWNERSHIP, Decimal("0.5"))
    clear = {"capability": "clearance", "quantity": 100 * granule}
    return {
        "name": "world",
        "horizon": [2020, 2025],
        "currency": {"code": "USD"},
        "rates": {"EUR": {"rate": Decimal("1.1")}},
        "capabilities": {
            "clearance": {"name": "Clearance", "unit": "m2", "granule": granule},
            "survey": {"name": "Survey", "unit": "m2", "granule": granule},
            "advice": {"name": "Advice", "unit": "month", "reference_price": 50},
        },
        "states": {
            "AAA": {"name": "Arland", "region": "south", "deadline": 2024, "ownership": half},
            "BBB": {"name": "Belmark", "region": "north", "deadline": 2024},
            "CCC": {"name": "Cornia", "deadline": 2024},
        },
        "needs": {
            "A-clear": {"state": "AAA", **clear},
            "A-survey": {"state": "AAA", "capability": "survey", "quantity": 100 * granule},
            "B-clear": {"state": "BBB", **clear},
            "B-advice": {"state": "BBB", "capability": "advice", "quantity": 100},
        },
        "providers": {
            "nor": {"name": "Norland", "kind": "donor_state"},
            "sud": {"name": "Sudland", "kind": "donor_state"},
            "fund": {"name": "Mine Fund", "kind": "foundation"},
            "bank": {"name": "Bank", "kind": "company"},
            "ngo": {"name": "Clear Paths", "kind": "operator"},
            "gov": {"name": "Government of Arland", "kind": "affected_state", "state": "AAA"},
            "ecu": {"name": "Neighbour", "kind": "affected_state"},
            "agency": {"name": "Agency", "kind": "un_agency"},
        },
        "offers": {
            "nor-grant": {**money, "provider": "nor"},
            "sud-grant": {**money, "provider": "sud"},
            "agency-grant": {**money, "provider": "agency"},
            "gov-budget": {**money, "provider": "gov", "states": ["AAA"]},
            "fund-match": {**money, "provider": "fund", "match": Decimal("0.1")},
            "bank-loan": {
                **money,
                "provider": "bank",
                "repayment": {"offer": "sud-grant", "after": 2, "premium": Decimal("0.1")},
            },
            "ngo-clears": {**work, "provider": "ngo", "capability": "clearance"},
            "ngo-surveys": {**work, "provider": "ngo", "capability": "survey"},
            "gov-clears": {**work, "provider": "gov", "capability": "clearance", "states": ["AAA"]},
            "ecu-advises": {**work, "provider": "ecu", "capability": "advice", "price": 0},
        },
        "decisions": {},
    }


Slip = Callable[[World], Iterator[None]]


@dataclass(frozen=True)
class Fault:
    """A slip and the rules that it breaks."""

    rule: int
    """The rule that must be named first."""
    also: frozenset[int]
    """Rules that the slip cannot but break too."""
    slip: Slip

    @property
    def name(self) -> str:
        """Name of the slip, with its rule."""
        return f"{self.rule}-{self.slip.__name__}"


FAULTS: list[Fault] = []


def breaks(rule: int, *also: int) -> Callable[[Slip], Slip]:
    """Registers a slip under the rule that it breaks, and rules that it cannot but break too."""

    def register(slip: Slip) -> Slip:
        FAULTS.append(Fault(rule, frozenset(also), slip))
        return slip

    return register


@dataclass(frozen=True)
class Mutant:
    """A valid portfolio and the same with one slip."""

    scenario: Scenario
    valid: dict[str, Any]
    spoilt: dict[str, Any]


def mutant(fault: Fault, seed: int) -> Mutant:
    """Returns the mutant of a fault for a seed."""
    world = World(seed)
    steps = fault.slip(world)
    next(steps)
    scenario, valid = world.documents()
    next(steps, None)
    return Mutant(scenario, valid, world.documents()[1])


# 0 Option


@breaks(0)
def money_a_unit_too_much(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["money"] += 1


@breaks(0)
def money_a_unit_too_little(world: World) -> Iterator[None]:
    yield
    world.flows[LOAN]["money"] -= 1


@breaks(0)
def money_for_work_in_kind(world: World) -> Iterator[None]:
    yield
    world.flows[(*ADVICE, 2022)]["money"] = 1


@breaks(0)
def part_of_a_granule(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["quantity"] += 1


@breaks(0)
def nothing_flows(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)].update(quantity=0, money=0)


@breaks(0)
def wrong_kind(world: World) -> Iterator[None]:
    yield
    key = world.random.choice(sorted(FLOWS, key=str))
    kinds = {"national", "operator", "south-south", "public-private", "triangular"} - {FLOWS[key]}
    world.flows[key]["kind"] = world.random.choice(sorted(kinds))


@breaks(0)
def unknown_financier(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["financier"] = "ghost"


@breaks(0)
def implementer_as_financier(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["financier"] = "ngo-surveys"


@breaks(0)
def unknown_implementer(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["implementer"] = "ghost"


@breaks(0)
def unknown_need(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["need"] = "ghost"


@breaks(0)
def unknown_offer_engaged(world: World) -> Iterator[None]:
    yield
    world.engage("ghost", "AAA", 2022)


@breaks(0)
def unknown_state_engaged(world: World) -> Iterator[None]:
    yield
    world.engage("nor-grant", "ZZZ", 2022)


@breaks(0)
def one_flow_stated_as_two(world: World) -> Iterator[None]:
    yield
    world.add((*NOR_A, 2022), -1)
    world.repeated.append({**world.flows[(*NOR_A, 2022)], "quantity": world.granule, "money": world.cost})


@breaks(0)
def financier_of_work_in_kind(world: World) -> Iterator[None]:
    yield
    flow = world.flows[(*ADVICE, 2022)]
    flow.update(financier="nor-grant", kind="triangular")
    world.engage("nor-grant", "BBB", 2022)


@breaks(0)
def no_financier_of_priced_work(world: World) -> Iterator[None]:
    yield
    world.flows[(*SUD_B, 2022)].update(financier=None)


@breaks(0)
def work_of_another_capability(world: World) -> Iterator[None]:
    yield
    world.flows[(*NOR_A, 2022)]["need"] = "A-survey"


@breaks(0)
def outside_the_offers_states(world: World) -> Iterator[None]:
    world.offer("sud-grant", states=["BBB"])
    yield
    world.put(("sud-grant", "ngo-clears", "A-clear", 2022), 1, "operator")


@breaks(0)
def outside_the_offers_regions(world: World) -> Iterator[None]:
    world.offer("sud-grant", regions=["north"])
    yield
    world.put(("sud-grant", "ngo-clears", "A-clear", 2022), 1, "operator")


@breaks(0)
def below_the_ownership_floor(world: World) -> Iterator[None]:
    world.offer("nor-grant", ownership_floor=Decimal("0.5"))
    yield
    world.put(("nor-grant", "ngo-clears", "B-clear", 2022), 1, "operator")


@breaks(0)
def capability_not_paid_for(world: World) -> Iterator[None]:
    world.offer("sud-grant", capabilities=["clearance"])
    yield
    world.put(("sud-grant", "ngo-surveys", "A-survey", 2022), 1, "operator")


@breaks(0)
def channel_not_paid(world: World) -> Iterator[None]:
    world.offer("sud-grant", channels=["operator"])
    yield
    world.put(("sud-grant", "gov-clears", "A-clear", 2022), 1, "bilateral")


@breaks(0)
def own_programme_as_another_affected_state(world: World) -> Iterator[None]:
    world.offer("sud-grant", channels=["operator", "affected_state"])
    yield
    world.put(("sud-grant", "gov-clears", "A-clear", 2022), 1, "bilateral")


@breaks(0)
def no_kind_at_all(world: World) -> Iterator[None]:
    world.scenario["providers"]["nor"]["kind"] = "operator"
    for key in [key for key in world.flows if key[0] == "nor-grant"]:
        del world.flows[key]
    world.engagements = {pair: runs for pair, runs in world.engagements.items() if pair[0] != "nor-grant"}
    yield
    world.put(("nor-grant", "ngo-clears", "A-clear", 2022), 1, "operator")


@breaks(0, 6)
def past_the_financiers_years(world: World) -> Iterator[None]:
    world.offer("nor-grant", years=[2020, 2023], carry_over=1)
    yield
    world.move((*NOR_A, 2023), 2024)


@breaks(0, 2, 6)
def past_the_implementers_years(world: World) -> Iterator[None]:
    world.offer("ecu-advises", years=[2022, 2023])
    yield
    world.move((*ADVICE, 2023), 2024)


@breaks(0)
def another_scenarios_name(world: World) -> Iterator[None]:
    yield
    world.name = "another"


@breaks(0)
def another_scenarios_hash(world: World) -> Iterator[None]:
    yield
    world.digest = "0" * 64


# 1 Budget


def _spend_all(world: World, offer: str) -> dict[int, int]:
    """Leaves an offer with exactly what it spends."""
    spent: dict[int, int] = world.total("money", lambda key: key[0] == offer)
    world.offer(offer, amount=spent)
    return spent


@breaks(1)
def a_granule_over_budget(world: World) -> Iterator[None]:
    _spend_all(world, "nor-grant")
    yield
    world.add((*NOR_A, world.random.choice([2021, 2022, 2023])), 1)


@breaks(1)
def a_minor_unit_over_budget(world: World) -> Iterator[None]:
    spent = _spend_all(world, "nor-grant")
    world.offer("nor-grant", amount={year: money + world.cost - 1 for year, money in spent.items()})
    yield
    world.add((*NOR_A, 2022), 1)


@breaks(1)
def more_than_was_carried_over(world: World) -> Iterator[None]:
    spent = _spend_all(world, "nor-grant")
    unspent = world.random.randint(1, world.cost * 3)
    amount = {**spent, 2020: spent[2020] + unspent, 2021: spent[2021] - unspent // 2}
    world.offer("nor-grant", amount=amount, carry_over=Decimal("0.5"))
    yield
    world.add((*NOR_A, 2021), 1)


@breaks(1)
def spent_before_it_comes(world: World) -> Iterator[None]:
    _spend_all(world, "gov-budget")
    yield
    world.move(("gov-budget", "gov-clears", "A-clear", 2021), 2020)


@breaks(1)
def foreign_money_rounded_up(world: World) -> Iterator[None]:
    spent = world.total("money", lambda key: key[0] == "gov-budget")
    foreign = {year: ceil(Fraction(money * 10, 11)) for year, money in spent.items()}
    world.offer("gov-budget", currency="EUR", amount=foreign)
    yield
    world.add(("gov-budget", "gov-clears", "A-clear", 2021), 1)


@breaks(1)
def loan_larger_than_its_repayment(world: World) -> Iterator[None]:
    spent = _spend_all(world, "sud-grant")
    due = ceil(Fraction(11, 10) * world.flows[LOAN]["money"])
    world.offer("sud-grant", amount={**spent, 2024: due})
    yield
    world.add(LOAN, 1)


@breaks(1)
def repayment_money_spent(world: World) -> Iterator[None]:
    spent = _spend_all(world, "sud-grant")
    due = ceil(Fraction(11, 10) * world.flows[LOAN]["money"])
    world.offer("sud-grant", amount={**spent, 2024: due + world.cost - 1})
    yield
    world.put((*SUD_B, 2024), 1, "operator")


@breaks(1)
def repayment_past_the_horizon(world: World) -> Iterator[None]:
    yield
    world.move(LOAN, 2024)


@breaks(1)
def what_was_left_spent_twice(world: World) -> Iterator[None]:
    spent = _spend_all(world, "nor-grant")
    left = world.cost * world.granules((*NOR_A, 2022))
    world.offer("nor-grant", amount={**spent, 2022: spent[2022] - left}, carried_in={2022: left})
    yield
    world.add((*NOR_A, 2022), 1)


@breaks(1)
def what_is_owed_spent(world: World) -> Iterator[None]:
    spent = _spend_all(world, "nor-grant")
    owed = world.random.randint(1, 99)
    foreign = {year: ceil(Fraction(10 * (money + owed), 11)) for year, money in spent.items()}
    world.offer("nor-grant", currency="EUR", amount=foreign, debts=owed * 10 // 11)
    yield
    world.add((*NOR_A, 2022), 1)


# 2 Capacity


@breaks(2)
def a_granule_over_capacity(world: World) -> Iterator[None]:
    units = world.total("quantity", lambda key: key[1] == "ngo-clears")
    world.offer("ngo-clears", capacity={year: each + world.granule - 1 for year, each in units.items()})
    yield
    world.add(world.random.choice([MATCH, LOAN, (*NOR_A, 2023)]), 1)


@breaks(2)
def work_in_a_year_without_capacity(world: World) -> Iterator[None]:
    world.offer("ecu-advises", capacity={2022: 100, 2023: 100})
    yield
    world.move((*ADVICE, 2023), 2024)


# 3 Need


@breaks(3)
def a_granule_more_than_needed(world: World) -> Iterator[None]:
    world.need("A-clear", quantity=world.total("quantity", lambda key: key[2] == "A-clear", per_year=False))
    yield
    world.add((*NOR_A, world.random.choice([2021, 2022, 2023])), 1)


@breaks(3)
def a_granule_more_than_a_year_can_use(world: World) -> Iterator[None]:
    most = max(world.total("quantity", lambda key: key[2] == "B-clear").values())
    world.need("B-clear", max_per_year=most)
    yield
    units = world.total("quantity", lambda key: key[2] == "B-clear")
    world.add((*SUD_B, max(units, key=lambda year: units[year])), 1)


@breaks(3)
def after_the_needs_years(world: World) -> Iterator[None]:
    world.need("A-clear", years=[2021, 2023])
    yield
    world.move((*NOR_A, 2023), 2024)


@breaks(3)
def before_the_needs_years(world: World) -> Iterator[None]:
    world.need("A-clear", years=[2021, 2023])
    yield
    world.move((*NOR_A, 2022), 2020)


@breaks(3)
def indivisible_a_granule_short(world: World) -> Iterator[None]:
    quantity = world.total("quantity", lambda key: key[2] == "B-advice", per_year=False)
    world.need("B-advice", quantity=quantity, indivisible=True)
    yield
    world.add((*ADVICE, 2022), -1)


@breaks(3)
def what_was_delivered_before_delivered_again(world: World) -> Iterator[None]:
    before = world.random.randint(1, 9) * world.granule
    quantity = world.total("quantity", lambda key: key[2] == "A-clear", per_year=False)
    world.need("A-clear", quantity=quantity + before, delivered=before)
    yield
    world.add((*NOR_A, 2022), 1)


@breaks(3)
def part_of_what_is_left_of_an_indivisible_need(world: World) -> Iterator[None]:
    quantity = world.total("quantity", lambda key: key[2] == "B-advice", per_year=False)
    world.need("B-advice", quantity=quantity + 5, delivered=5, indivisible=True)
    yield
    world.add((*ADVICE, 2022), -1)


# 4 Absorption


def _foreign_to_aaa(key: Key) -> bool:
    return key[2].startswith("A") and key[0] != "gov-budget"


@breaks(4)
def a_granule_more_than_can_be_absorbed(world: World) -> Iterator[None]:
    world.scenario["states"]["AAA"]["absorption"] = world.total("money", _foreign_to_aaa)
    yield
    world.add((*NOR_A, world.random.choice([2021, 2022, 2023])), 1)


@breaks(4)
def a_minor_unit_more_than_can_be_absorbed(world: World) -> Iterator[None]:
    most = max(world.total("money", _foreign_to_aaa).values()) + world.cost - 1
    world.scenario["states"]["AAA"]["absorption"] = most
    yield
    money = world.total("money", _foreign_to_aaa)
    year = max(money, key=lambda each: money[each])
    world.add(next(key for key in world.flows if _foreign_to_aaa(key) and key[3] == year), 1)


# 5 Precedence


def _clear_after_survey(world: World) -> None:
    """Clearance keeps exactly to survey's share of the year before, with twice its granules."""
    early, late = world.random.randint(2, 5), world.random.randint(2, 5)
    shares = {
        ("nor-grant", "ngo-surveys", "A-survey", 2020): early,
        ("nor-grant", "ngo-surveys", "A-survey", 2021): late,
        ("gov-budget", "gov-clears", "A-clear", 2021): 1,
        (*NOR_A, 2021): 2 * early - 1,
        (*NOR_A, 2022): 2 * late - 1,
        (*NOR_A, 2023): 1,
    }
    for key, granules in shares.items():
        world.put(key, granules, FLOWS[key])
    world.need("A-survey", quantity=(early + late) * world.granule)
    world.need("A-clear", quantity=2 * (early + late) * world.granule, after=[{"need": "A-survey", "lag": 1}])


@breaks(5)
def a_granule_ahead_of_survey(world: World) -> Iterator[None]:
    _clear_after_survey(world)
    yield
    world.add((*NOR_A, 2022), -1)
    world.add((*NOR_A, 2021), 1)


@breaks(5)
def survey_a_year_late(world: World) -> Iterator[None]:
    _clear_after_survey(world)
    yield
    world.move(("nor-grant", "ngo-surveys", "A-survey", 2021), 2022)


@breaks(5)
def ahead_of_what_was_surveyed_before(world: World) -> Iterator[None]:
    _clear_after_survey(world)
    survey = world.scenario["needs"]["A-survey"]["quantity"]
    world.need("A-survey", quantity=2 * survey, delivered=survey)
    clear = world.scenario["needs"]["A-clear"]["quantity"]
    world.need("A-clear", quantity=2 * clear, delivered=clear)
    yield
    world.move((*NOR_A, 2021), 2020)


# 6 Engagement


@breaks(6)
def engagement_dropped(world: World) -> Iterator[None]:
    yield
    del world.engagements[world.random.choice(sorted(world.engagements))]


@breaks(6)
def flow_after_the_run(world: World) -> Iterator[None]:
    yield
    world.engagements["nor-grant", "AAA"][0][1] -= 1


@breaks(6)
def flow_before_the_run(world: World) -> Iterator[None]:
    yield
    world.engagements["ngo-clears", "AAA"][0][0] += 1


@breaks(6)
def run_a_year_short(world: World) -> Iterator[None]:
    world.offer("sud-grant", min_years=3)
    world.engage("sud-grant", "BBB", 2023)
    yield
    world.engagements["sud-grant", "BBB"][0][1] -= 1


@breaks(6)
def run_stopped_with_its_flow(world: World) -> Iterator[None]:
    world.offer("nor-grant", min_years=4)
    yield
    del world.flows[(*NOR_A, 2023)]
    world.engagements["nor-grant", "AAA"] = [[2020, 2022]]


@breaks(6)
def money_below_the_least(world: World) -> Iterator[None]:
    least = min(world.total("money", lambda key: key[0] == "sud-grant").values())
    world.offer("sud-grant", min_per_state=least)
    yield
    key = min(((*SUD_B, 2021), (*SUD_B, 2022)), key=lambda each: world.flows[each]["money"])
    world.add(key, -1)


def _least(world: World, key: Key) -> None:
    """Asks of every offer what one flow gives, and lets all others give much more."""
    for other in (other for other in FLOWS if other != key):
        world.put(other, 20, FLOWS[other])
    world.need("A-clear", quantity=1000 * world.granule)
    world.scenario["least_engagement"] = world.cost * world.granules(key)


@breaks(6)
def money_less_than_a_working_year(world: World) -> Iterator[None]:
    _least(world, LOAN)
    yield
    world.add(LOAN, -1)


@breaks(6)
def work_less_than_a_working_year(world: World) -> Iterator[None]:
    key: Key = ("nor-grant", "ngo-surveys", "A-survey", 2021)
    _least(world, key)
    yield
    world.add(key, -1)


@breaks(6)
def advice_less_than_a_working_year(world: World) -> Iterator[None]:
    for key in (key for key in FLOWS if key[1] != "ecu-advises"):
        world.put(key, 300, FLOWS[key])
    for need in ("A-clear", "A-survey", "B-clear"):
        world.need(need, quantity=10**4 * world.granule)
    fewest = min(world.granules((*ADVICE, year)) for year in (2022, 2023))
    world.scenario["least_engagement"] = 50 * fewest - world.random.randint(0, 49)
    yield
    key = min(((*ADVICE, 2022), (*ADVICE, 2023)), key=world.granules)
    world.add(key, -1)


@breaks(6)
def late_start_stopped_before_the_horizon_ends(world: World) -> Iterator[None]:
    world.offer("sud-grant", min_years=9)
    for year in (2023, 2024, 2025):
        world.engage("sud-grant", "BBB", year)
    yield
    world.engagements["sud-grant", "BBB"][0][1] -= 1


@breaks(6)
def ongoing_engagement_stopped_before_its_term(world: World) -> Iterator[None]:
    world.offer("nor-grant", min_years=6, ongoing=[{"state": "AAA", "since": 2018}])
    yield
    del world.flows[(*NOR_A, 2023)]
    world.engagements["nor-grant", "AAA"] = [[2020, 2022]]


@breaks(6)
def resumed_engagement_stopped_before_its_term(world: World) -> Iterator[None]:
    world.offer("sud-grant", min_years=3, ongoing=[{"state": "BBB"}])
    world.engage("sud-grant", "BBB", 2023)
    yield
    world.engagements["sud-grant", "BBB"][0][1] -= 1


@breaks(6)
def foreign_least_rounded_down(world: World) -> Iterator[None]:
    key: Key = ("gov-budget", "gov-clears", "A-clear", 2021)
    # Money that lies between the least's value and the minor unit above it: 11/10 least in (money, money + 1).
    between = {each: each * world.cost * 10 // 11 + 1 for each in range(3, 99)}
    granules, least = next(
        (each, least) for each, least in between.items() if 0 < 11 * least - 10 * each * world.cost < 10
    )
    world.put(key, granules + 1, "national")
    world.offer("gov-budget", currency="EUR", min_per_state=least)
    yield
    world.add(key, -1)


@breaks(6)
def units_below_the_least(world: World) -> Iterator[None]:
    least = min(world.total("quantity", lambda key: key[1] == "ecu-advises").values())
    world.offer("ecu-advises", min_per_state=least)
    yield
    key = min(((*ADVICE, 2022), (*ADVICE, 2023)), key=lambda each: world.flows[each]["quantity"])
    world.add(key, -1)


@breaks(6)
def idle_year_where_none_is_allowed(world: World) -> Iterator[None]:
    world.offer("sud-grant", min_per_state=1)
    yield
    world.engage("sud-grant", "BBB", 2023)


@breaks(6)
def engaged_past_the_offers_years(world: World) -> Iterator[None]:
    world.offer("sud-grant", years=[2021, 2024])
    world.engage("sud-grant", "BBB", 2023)
    world.engage("sud-grant", "BBB", 2024)
    yield
    world.engage("sud-grant", "BBB", 2025)


@breaks(6)
def one_run_stated_as_two(world: World) -> Iterator[None]:
    world.offer("nor-grant", min_years=3)
    yield
    world.engagements["nor-grant", "AAA"] = [[2020, 2021], [2022, 2023]]


@breaks(6)
def runs_that_overlap(world: World) -> Iterator[None]:
    yield
    world.engagements["nor-grant", "AAA"] = [[2020, 2022], [2021, 2023]]


# 7 Counts


@breaks(7)
def one_state_too_many(world: World) -> Iterator[None]:
    world.offer("ngo-clears", max_states=2)
    yield
    world.engage("ngo-clears", "CCC", world.random.choice([2021, 2022]))


@breaks(7)
def one_partner_too_many(world: World) -> Iterator[None]:
    # 2021: sud, fund, ngo; 2022: sud, bank, ngo, ecu. Two offers of one provider are one partner.
    world.scenario["states"]["BBB"]["max_partners"] = 4
    world.engage("ngo-surveys", "BBB", 2022)
    yield
    world.engage("agency-grant", "BBB", 2022)


# 8 Matching


def _exact_match(world: World) -> None:
    granules = world.granules(MATCH)
    world.put((*SUD_B, 2021), 2 * granules, "operator")
    world.offer("fund-match", match=2)


@breaks(8)
def a_granule_of_public_money_missing(world: World) -> Iterator[None]:
    _exact_match(world)
    yield
    world.add((*SUD_B, 2021), -1)


@breaks(8)
def a_granule_too_much_to_be_matched(world: World) -> Iterator[None]:
    _exact_match(world)
    yield
    world.add(MATCH, 1)


@breaks(8)
def public_money_a_year_later(world: World) -> Iterator[None]:
    yield
    world.move((*SUD_B, 2021), 2023)


@breaks(8)
def matched_by_private_money(world: World) -> Iterator[None]:
    yield
    granules = world.granules((*SUD_B, 2021))
    del world.flows[(*SUD_B, 2021)]
    world.put(("bank-loan", "ngo-clears", "B-clear", 2021), granules, "public-private")


# 9 Completion


@breaks(9)
def completion_claimed(world: World) -> Iterator[None]:
    quantity = world.total("quantity", lambda key: key[2] == "A-clear", per_year=False)
    world.need("A-clear", quantity=quantity, completes=True)
    world.claims = {"completions": "1"}
    yield
    world.add((*NOR_A, 2023), -1)


@breaks(9)
def completion_after_the_deadline_claimed(world: World) -> Iterator[None]:
    quantity = world.total("quantity", lambda key: key[2] == "A-clear", per_year=False)
    world.need("A-clear", quantity=quantity, completes=True)
    world.claims = {"completions": "1"}
    yield
    world.move((*NOR_A, 2023), 2025)


@breaks(9)
def completion_in_the_year_of_a_deadline_claimed(world: World) -> Iterator[None]:
    quantity = world.total("quantity", lambda key: key[2] == "A-clear", per_year=False)
    world.need("A-clear", quantity=quantity, completes=True)
    world.scenario["states"]["AAA"]["deadline"] = world.random.choice(["2023-12-31", "2024-01-01", "2024-12-30"])
    world.claims = {"completions": "1"}
    yield
    world.move((*NOR_A, 2023), 2024)


@breaks(9)
def late_completion_claimed(world: World) -> Iterator[None]:
    quantity = world.total("quantity", lambda key: key[2] == "A-clear", per_year=False)
    world.need("A-clear", quantity=quantity + world.granule, delivered=world.granule, completes=True)
    world.scenario["states"]["AAA"]["deadline"] = 2022
    world.claims = {"completions": "0", "late_completions": "1"}
    yield
    world.add((*NOR_A, 2023), -1)


@breaks(9)
def a_start_not_counted(world: World) -> Iterator[None]:
    # In AAA nobody starts after the first year but the NGO that clears, which is there already; in BBB all do.
    world.claims = {"turnover": "5"}
    yield
    world.claims = {"turnover": "4"}


@breaks(9)
def a_year_of_waiting_not_counted(world: World) -> Iterator[None]:
    world.need("B-advice", quantity=world.total("quantity", lambda key: key[2] == "B-advice", per_year=False))
    for need in ("A-clear", "A-survey", "B-clear"):
        world.need(need, weight=0)
    late = world.flows[(*ADVICE, 2023)]["quantity"]
    quantity = world.scenario["needs"]["B-advice"]["quantity"]
    world.claims = {"waiting": f"{2 * quantity + late}/{quantity}"}
    yield
    world.move((*ADVICE, 2023), 2024)


@breaks(9)
def cost_claimed_a_unit_too_low(world: World) -> Iterator[None]:
    money = sum(flow["money"] for key, flow in world.flows.items() if key[0] != "gov-budget")
    world.claims = {"cost": str(money)}
    yield
    world.claims = {"cost": str(money - 1)}


# 10 Decisions


@breaks(10)
def commitment_a_granule_short(world: World) -> Iterator[None]:
    quantity = world.flows[(*NOR_A, 2022)]["quantity"]
    names = dict(zip(("financier", "implementer", "need"), NOR_A, strict=True))
    world.decide("commitments", **names, year=2022, quantity=quantity)
    yield
    world.add((*NOR_A, 2022), -1)


@breaks(10)
def commitments_that_add_up_kept_once(world: World) -> Iterator[None]:
    names = dict(zip(("financier", "implementer", "need"), NOR_A, strict=True))
    first = world.random.randint(1, world.granules((*NOR_A, 2022)) - 1)
    for granules in (first, world.granules((*NOR_A, 2022)) - first):
        world.decide("commitments", **names, year=2022, quantity=granules * world.granule)
    yield
    world.add((*NOR_A, 2022), -1)


@breaks(10)
def commitment_kept_by_another(world: World) -> Iterator[None]:
    quantity = world.flows[(*NOR_A, 2022)]["quantity"]
    names = dict(zip(("financier", "implementer", "need"), NOR_A, strict=True))
    world.decide("commitments", **names, year=2022, quantity=quantity)
    yield
    granules = world.granules((*NOR_A, 2022))
    del world.flows[(*NOR_A, 2022)]
    world.put(("sud-grant", "ngo-clears", "A-clear", 2022), granules, "operator")


@breaks(10)
def commitment_in_kind_a_month_short(world: World) -> Iterator[None]:
    quantity = world.flows[(*ADVICE, 2022)]["quantity"]
    world.decide("commitments", implementer="ecu-advises", need="B-advice", year=2022, quantity=quantity)
    yield
    world.add((*ADVICE, 2022), -1)


@breaks(10)
def pinned_year_dropped(world: World) -> Iterator[None]:
    world.decide("pins", offer="sud-grant", state="BBB", years=[2021, 2023])
    world.put((*SUD_B, 2023), 3, "operator")
    yield
    del world.flows[(*SUD_B, 2023)]
    world.engagements["sud-grant", "BBB"][0][1] -= 1


@breaks(10)
def pinned_year_without_a_gift(world: World) -> Iterator[None]:
    world.decide("pins", offer="sud-grant", state="BBB", years=[2021, 2022])
    yield
    del world.flows[(*SUD_B, 2022)]


@breaks(10)
def pinned_offer_gives_less_than_a_working_year(world: World) -> Iterator[None]:
    money = world.flows["gov-budget", "gov-clears", "A-clear", 2021]["money"]
    world.scenario["least_engagement"] = money
    for key in (key for key in FLOWS if key[0] != "gov-budget"):
        world.put(key, 20, FLOWS[key])
    world.decide("pins", offer="gov-budget", state="AAA")
    yield
    world.add(("gov-budget", "gov-clears", "A-clear", 2021), -1)


@breaks(10)
def pinned_offer_gives_nothing(world: World) -> Iterator[None]:
    world.decide("pins", offer="bank-loan", state="BBB")
    yield
    del world.flows[LOAN]


@breaks(10)
def pinned_offer_left_out(world: World) -> Iterator[None]:
    world.decide("pins", offer="bank-loan", state="BBB")
    yield
    del world.flows[LOAN]
    del world.engagements["bank-loan", "BBB"]


@breaks(10)
def forbidden_pair(world: World) -> Iterator[None]:
    pair = world.random.sample(["sud-grant", "ngo-surveys"], 2)
    world.decide("forbids", offer=pair[0], partner=pair[1])
    yield
    world.put(("sud-grant", "ngo-surveys", "A-survey", 2022), 1, "operator")


@breaks(10)
def forbidden_kind(world: World) -> Iterator[None]:
    world.decide("forbids", kind="multilateral")
    yield
    world.put(("agency-grant", "gov-clears", "A-clear", 2022), 1, "multilateral")


@breaks(10)
def forbidden_provider_and_years(world: World) -> Iterator[None]:
    world.decide("forbids", provider="nor", state="AAA", need="A-clear", years=[2024, 2025])
    yield
    world.move((*NOR_A, 2023), 2024)


@breaks(10)
def a_granule_over_an_offers_cap(world: World) -> Iterator[None]:
    money = world.total("money", lambda key: key[0] == "sud-grant", per_year=False)
    world.decide("caps", offer="sud-grant", state="BBB", money=money)
    yield
    world.add((*SUD_B, 2022), 1)


@breaks(10)
def a_granule_over_a_providers_yearly_cap(world: World) -> Iterator[None]:
    money = max(world.total("money", lambda key: key[0] == "sud-grant").values())
    world.decide("caps", provider="sud", state="BBB", money=money, per="year")
    yield
    spent = world.total("money", lambda key: key[0] == "sud-grant")
    world.add((*SUD_B, max(spent, key=lambda year: spent[year])), 1)


@breaks(10)
def a_granule_over_a_cap_by_share(world: World) -> Iterator[None]:
    loan, period = world.granules(LOAN), world.random.choice(["year", "horizon"])
    world.put((*SUD_B, 2022), loan, "operator")
    world.put((*SUD_B, 2021), world.granules(MATCH), "operator")
    world.decide("caps", provider="sud", state="BBB", share=Decimal("0.5"), per=period)
    yield
    world.add((*SUD_B, 2022), 1)


# 12 Share


def _half_and_half(world: World) -> None:
    """In BBB, one donor pays as much as a foundation and a company together, and none may pay more than that."""
    world.put((*SUD_B, 2021), world.granules(MATCH), "operator")
    world.put((*SUD_B, 2022), world.granules(LOAN), "operator")
    world.scenario["states"]["BBB"]["max_share"] = Decimal("0.5")


@breaks(12)
def more_than_half_from_one_provider(world: World) -> Iterator[None]:
    _half_and_half(world)
    yield
    world.add((*SUD_B, world.random.choice([2021, 2022])), 1)


@breaks(12)
def more_than_half_from_two_offers_of_one_provider(world: World) -> Iterator[None]:
    _half_and_half(world)
    world.scenario["offers"]["sud-more"] = dict(world.scenario["offers"]["sud-grant"])
    yield
    world.put(("sud-more", "ngo-clears", "B-clear", 2023), 1, "operator")


@breaks(12)
def money_where_nobody_may_pay(world: World) -> Iterator[None]:
    world.scenario["states"]["CCC"]["max_share"] = 0
    world.scenario["needs"]["C-clear"] = {**world.scenario["needs"]["B-clear"], "state": "CCC"}
    yield
    world.put(("sud-grant", "ngo-clears", "C-clear", 2021), 1, "operator")
