"""RULE 9 and the objectives: what a portfolio is worth, recomputed from its flows alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from matcher.verification.documents import Document, at
from matcher.verification.facts import Facts, summed
from matcher.verification.report import StateFigures, Violation, shown, violation

Worths = Mapping[tuple[str, str], Fraction]


def completion(facts: Facts, state: str) -> bool | None:
    """9 Completion. A State completes if all that Article 5 requires is delivered by the end of its deadline.

    Returns none for a State of which nothing is required.
    """
    last = min(facts.states[state]["deadline"], facts.years[-1])
    required = {key: each["quantity"] for key, each in facts.needs_of[state].items() if each["completes"]}
    if not required:
        return None
    return all(
        sum(facts.delivered.get((key, year), 0) for year in range(facts.years.start, last + 1)) >= sought
        for key, sought in required.items()
    )


def state_figures(facts: Facts) -> dict[str, StateFigures]:
    """Returns completion and coverage of every State."""
    met = _met(facts)
    return {
        state: StateFigures(completion(facts, state), _coverage(facts, state, met[state])) for state in facts.states
    }


def _coverage(facts: Facts, state: str, met: Fraction) -> Fraction:
    """Weighted mean of the needs' delivered shares; 0 if no need has a weight."""
    return Fraction(met, facts.weights[state]) if facts.weights[state] else Fraction(0)


def _met(facts: Facts) -> dict[str, Fraction]:
    """Delivered share of every need of a State, discounted and weighted, by State."""
    shares = _discounted_shares(facts)
    return {
        state: sum((each["weight"] * shares[key] for key, each in needs.items()), Fraction(0))
        for state, needs in facts.needs_of.items()
    }


def _discounted_shares(facts: Facts) -> dict[str, Fraction]:
    """Share delivered of every need, each year's share discounted for the years since the first."""
    discount, length = Fraction(facts.scenario["objectives"]["discount"]), len(facts.years)
    over, under = discount.numerator, discount.denominator
    # Over one denominator for all years, sums are of whole numbers: thousands of fractions would be slow.
    whole = {year: over**past * under ** (length - past) for past, year in enumerate(facts.years)}
    units = dict.fromkeys(facts.needs, 0)
    for (key, year), delivered in facts.delivered.items():
        units[key] += delivered * whole.get(year, 0)
    return {key: Fraction(units[key], facts.needs[key]["quantity"] * under**length) for key in units}


def figures(facts: Facts, states: Mapping[str, StateFigures]) -> dict[str, Fraction]:
    """Returns every objective by name."""
    worths = _worths(facts)
    return {
        "completions": completions(facts, states),
        "coverage": coverage(facts, states),
        "worst_off": worst_off(facts, states),
        "fit": fit(facts, worths),
        "firmness": firmness(facts, worths),
        "engagements": engagements(facts),
        "cost": cost(facts),
        **disruption(facts),
    }


def completions(facts: Facts, states: Mapping[str, StateFigures]) -> Fraction:
    """Weight of the States that complete."""
    return sum((Fraction(facts.states[key]["weight"]) for key, each in states.items() if each.completes), Fraction(0))


def coverage(facts: Facts, states: Mapping[str, StateFigures]) -> Fraction:
    """Delivered share of every need, discounted, weighted by need and State: the mean of a State times all weight."""
    weight = {key: facts.weights[key] * state["weight"] for key, state in facts.states.items()}
    return sum((weight[key] * each.coverage for key, each in states.items()), Fraction(0))


def worst_off(facts: Facts, states: Mapping[str, StateFigures]) -> Fraction:
    """Coverage of the State that is covered least, among those with a need that has a weight."""
    return min((each.coverage for key, each in states.items() if facts.weights[key]), default=Fraction(0))


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
    value = {key: _unit_value(facts, key, offer) for key, offer in facts.technical.items()}
    return {(key, state): amount * value.get(key, Fraction(1)) for (key, state), amount in given.items()}


def _unit_value(facts: Facts, key: str, offer: Document) -> Fraction:
    """What a unit of work is worth: the capability's reference price, else the offer's own price."""
    price = facts.scenario["capabilities"][offer["capability"]]["reference_price"]
    return Fraction(facts.prices[key], facts.granule(offer)) if price is None else Fraction(price)


def engagements(facts: Facts) -> Fraction:
    """Years in which external offers are engaged, over all offers and States."""
    return Fraction(sum(facts.external(key, state) for key, state, _ in facts.engaged))


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
    value = {
        key: _unit_value(facts, key, offer) or Fraction(1, facts.granule(offer))
        for key, offer in facts.technical.items()
    }
    moved = {key: abs(facts.given.get(key, 0) - was.get(key, 0)) for key in (*was, *facts.given)}
    return {"disruption": sum((value.get(key[0], Fraction(1)) * each for key, each in moved.items()), Fraction(0))}


def cost(facts: Facts) -> Fraction:
    """Money from others than the States themselves."""
    return Fraction(sum(facts.external_money.values()))


def claims(claimed: Mapping[str, Fraction], found: Mapping[str, Fraction]) -> Iterator[Violation]:
    """9 Completion. Completions, and all other figures that a result claims, are what its portfolio gives."""
    for name, value in claimed.items():
        if name not in found:
            yield violation(9, (name,), None, 1, f"claims {shown(value)} of an unknown objective")
        elif value != found[name]:
            yield violation(
                9, (name,), None, abs(value - found[name]), f"claims {shown(value)}, but it is {shown(found[name])}"
            )
