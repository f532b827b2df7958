"""RULE 9 and the objectives: what a portfolio is worth, recomputed from its flows alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from matcher.verification.documents import at
from matcher.verification.facts import Facts, summed
from matcher.verification.report import StateFigures, Violation, shown, violation

Worths = Mapping[tuple[str, str], Fraction]


def completion(facts: Facts, state: str) -> tuple[bool | None, bool]:
    """9 Completion. A State completes if all that Article 5 requires is delivered by the end of its deadline.

    Returns that, none for a State of which nothing is required; and whether it is delivered later, but within the
    horizon.
    """
    required = [key for key, each in facts.needs_of[state].items() if each["completes"]]
    if not required:
        return None, False
    in_time, at_all = (
        all(_units(facts, key, years) >= facts.rest[key] for key in required)
        for years in (facts.timely(state), facts.years)
    )
    return in_time, at_all and not in_time


def _units(facts: Facts, need: str, years: Iterable[int]) -> int:
    """Units of a need delivered in some years."""
    return sum(facts.delivered.get((need, year), 0) for year in years)


def state_figures(facts: Facts) -> dict[str, StateFigures]:
    """Returns completion and coverage of every State."""
    met = _met(facts, Fraction(1))
    found = {}
    for state, weight in facts.weights.items():
        in_time, late = completion(facts, state)
        found[state] = StateFigures(in_time, Fraction(met[state], weight) if weight else Fraction(0), late)
    return found


def _met(facts: Facts, discount: Fraction) -> dict[str, Fraction]:
    """Delivered share of every need of a State, discounted and weighted, by State."""
    shares = _shares(facts, discount)
    return {
        state: sum((each["weight"] * shares[key] for key, each in needs.items()), Fraction(0))
        for state, needs in facts.needs_of.items()
    }


def _shares(facts: Facts, discount: Fraction) -> dict[str, Fraction]:
    """Share delivered of every need, each year's share discounted for the years since the first.

    What was delivered before the horizon counts in full.
    """
    length = len(facts.years)
    over, under = discount.numerator, discount.denominator
    # Over one denominator for all years, sums are of whole numbers: thousands of fractions would be slow.
    whole = {year: over**past * under ** (length - past) for past, year in enumerate(facts.years)}
    units = {key: need["delivered"] * under**length for key, need in facts.needs.items()}
    for (key, year), delivered in facts.delivered.items():
        units[key] += delivered * whole.get(year, 0)
    return {key: Fraction(units[key], facts.needs[key]["quantity"] * under**length) for key in units}


def figures(facts: Facts, states: Mapping[str, StateFigures], bounds: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Returns every objective by name.

    Parameters
    ----------
    bounds
        The most that the coverage can be of each State that counts in the smallest.
    """
    worths = _worths(facts)
    return {
        "completions": completions(facts, states),
        "late_completions": late_completions(facts, states),
        "coverage": coverage(facts),
        "worst_off": worst_off(states, bounds),
        "turnover": turnover(facts),
        "waiting": waiting(facts),
        "fit": fit(facts, worths),
        "firmness": firmness(facts, worths),
        "engagements": engagements(facts),
        "dependence": dependence(facts),
        "swings": swings(facts),
        "at_risk": at_risk(facts, worths),
        "cost": cost(facts),
        **disruption(facts),
    }


def completions(facts: Facts, states: Mapping[str, StateFigures]) -> Fraction:
    """Weight of the States that complete by their deadlines."""
    return sum((Fraction(facts.states[key]["weight"]) for key, each in states.items() if each.completes), Fraction(0))


def late_completions(facts: Facts, states: Mapping[str, StateFigures]) -> Fraction:
    """Weight of the States that complete within the horizon, but later."""
    late = (Fraction(facts.states[key]["weight"]) for key, each in states.items() if each.completes_late)
    return sum(late, Fraction(0))


def coverage(facts: Facts) -> Fraction:
    """Delivered share of every need, each year's share discounted, weighted by need and State."""
    met = _met(facts, Fraction(facts.scenario["objectives"]["discount"]))
    return sum((state["weight"] * met[key] for key, state in facts.states.items()), Fraction(0))


def worst_off(states: Mapping[str, StateFigures], bounds: Mapping[str, Fraction]) -> Fraction:
    """The most of which every State that counts has its share, or all that it can have; without any discount."""
    short = (states[key].coverage for key, most in bounds.items() if states[key].coverage < most)
    return min(short, default=max(bounds.values(), default=Fraction(0)))


def waiting(facts: Facts) -> Fraction:
    """Share of every need still open at the end of each year from its first on, weighted by need and State."""
    total = Fraction(0)
    for key, need in facts.needs.items():
        weight = Fraction(need["weight"] * facts.states[need["state"]]["weight"])
        waits, left, open_at_ends = facts.waits(need), facts.rest[key], 0
        for year in facts.years if weight else ():
            left -= facts.delivered.get((key, year), 0)
            open_at_ends += left if year in waits else 0
        total += Fraction(weight * open_at_ends, need["quantity"])
    return total


def turnover(facts: Facts) -> Fraction:
    """Links that start, and ongoing ones that do not work in the first year.

    In the first year those start that are not ongoing, and work through an offer of a side, money or work, whose
    ongoing links the scenario states.
    """
    first, working = facts.years.start, facts.working_links
    later = sum(year > first and (*link, year - 1) not in working for *link, year in working)
    stated = {
        (facts.offers[offer]["provider"], state)
        for offer, state, year in facts.working
        if year == first and facts.external(offer, state) and facts.offers[offer]["kind"] in facts.stated_sides
    }
    dropped = sum((*link, first) not in working for link in facts.ongoing_links)
    return Fraction(later + len(stated - facts.ongoing_links.keys()) + dropped)


def dependence(facts: Facts) -> Fraction:
    """Money that external providers pay in a State, over the horizon, above their share of its external money."""
    share = Fraction(facts.scenario["objectives"]["dependence_share"])
    money = summed(((provider, state), each) for (provider, state, _), each in facts.link_money.items())
    external = summed(((state,), each) for (state, _), each in facts.external_money.items())
    return sum((max(Fraction(0), paid - share * external[(link[1],)]) for link, paid in money.items()), Fraction(0))


def swings(facts: Facts) -> Fraction:
    """Change of every link's money from year to year, whatever the sign, in years in which its State has open needs.

    The step into the first year counts where last year's amount is known.
    """
    first, money = facts.years.start, facts.link_money
    links = {(provider, state) for provider, state, _ in money} | facts.ongoing_links.keys()
    total = 0
    for link in links:
        before = facts.ongoing_links.get(link)
        for year in facts.years:
            now = money.get((*link, year), 0)
            if (year > first or before is not None) and year in facts.open_years[link[1]]:
                total += abs(now - (before or 0))
            before = now
    return Fraction(total)


def at_risk(facts: Facts, worths: Worths) -> Fraction:
    """Money of others than the State itself, and value of their work, by the chance that it does not materialise."""
    external = {key: worth for key, worth in worths.items() if facts.external(*key)}
    return sum((worth * (1 - facts.offers[key]["firmness"]) for (key, _), worth in external.items()), Fraction(0))


def fit(facts: Facts, worths: Worths) -> Fraction:
    """Money and value of work, weighted by each offer's fit with the State."""
    fits = {key: (offer["fit"], offer["fit_otherwise"]) for key, offer in facts.offers.items()}
    return sum((worth * fits[key][0].get(state, fits[key][1]) for (key, state), worth in worths.items()), Fraction(0))


def firmness(facts: Facts, worths: Worths) -> Fraction:
    """Money and value of work, weighted by the chance that each offer materialises."""
    return sum((worth * facts.offers[key]["firmness"] for (key, _), worth in worths.items()), Fraction(0))


def _worths(facts: Facts) -> Worths:
    """What offers give, by offer and State: money, or work at its reference price, else at the offer's own."""
    given = summed(((key, state), given) for (key, state, _), given in facts.given.items())
    value = {key: facts.unit_value(key) for key in facts.technical}
    return {(key, state): amount * value.get(key, Fraction(1)) for (key, state), amount in given.items()}


def engagements(facts: Facts) -> Fraction:
    """Years in which external offers are engaged, over all offers and States, and must still be after the horizon."""
    owed = sum(each.years for each in facts.obligations if facts.external(each.offer, each.state))
    return Fraction(owed + sum(facts.external(key, state) for key, state, _ in facts.engaged))


def disruption(facts: Facts) -> dict[str, Fraction]:
    """What offers give States in each year, less what they gave in the earlier portfolio, whatever the sign.

    Work counts at its reference price, else at the offer's own, else for one minor unit a granule: that it moves is
    never nothing. Returns nothing where the scenario knows of no
    earlier portfolio.
    """
    earlier = facts.scenario["decisions"]["earlier"]
    if not earlier:
        return {}
    was = {
        (each["offer"], each["state"], year): at(each["amounts"], year)
        for each in earlier
        for year in facts.years
        if at(each["amounts"], year)
    }
    value = {key: facts.unit_value(key) or Fraction(1, facts.granule(offer)) for key, offer in facts.technical.items()}
    moved = {key: abs(facts.given.get(key, 0) - was.get(key, 0)) for key in (*was, *facts.given)}
    return {"disruption": sum((value.get(key[0], Fraction(1)) * each for key, each in moved.items()), Fraction(0))}


def cost(facts: Facts) -> Fraction:
    """Money from others than the States themselves, and the least that they must still pay after the horizon."""
    owed = sum(each.money for each in facts.obligations if facts.external(each.offer, each.state))
    return Fraction(owed + sum(facts.external_money.values()))


def claims(claimed: Mapping[str, Fraction], found: Mapping[str, Fraction]) -> Iterator[Violation]:
    """9 Completion. Completions, and all other figures that a result claims, are what its portfolio gives."""
    for name, value in claimed.items():
        if name not in found:
            yield violation(9, (name,), None, 1, f"claims {shown(value)} of an unknown objective")
        elif value != found[name]:
            yield violation(
                9, (name,), None, abs(value - found[name]), f"claims {shown(value)}, but it is {shown(found[name])}"
            )
