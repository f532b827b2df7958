"""What is too large to be counted with exactly: the figures of a scenario that only together come to too much.

What one field may hold is said where fields are (`matcher.units`). Here are the products of fields: money at a
rate, with what is carried over and repaid; prices of granules; what a need would cost. Sums over many offers are
for who formulates the scenario to judge (`matcher.engine.lexicographic.formulated`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from matcher.errors import Fault, Path
from matcher.scenario.entities import FundingOffer, Need, TechnicalOffer
from matcher.scenario.fields import Years
from matcher.units import MAX_MONEY, MAX_WORTH, ceil_share, floor_share

Entities = Mapping[str, Mapping[str, Any]]
"""What could be read of a scenario: entities by collection and id."""
_MOST = f"at most {MAX_MONEY} minor units of the scenario's currency"


def size_faults(entities: Entities, horizon: Years, currency: str) -> Iterator[Fault]:
    """Yields what is too large, offer by offer and then need by need.

    Parameters
    ----------
    horizon, currency
        Years that are planned, and the code of the scenario's own currency.
    """
    dearest: dict[str, tuple[int, str]] = {}
    for key, offer in entities["offers"].items():
        rate = _rate(entities, offer.currency, currency)
        if rate is None:
            continue
        if isinstance(offer, FundingOffer):
            yield from _money(offer, rate, horizon, ("offers", key))
        elif offer.capability in entities["capabilities"]:
            price = _granule_price(entities, offer, rate)
            if price > MAX_MONEY:
                found = f"{offer.price}, which makes {price} minor units per granule"
                yield Fault(("offers", key, "price"), found, f"{_MOST} per granule")
            dearest[offer.capability] = max(dearest.get(offer.capability, (0, "")), (price, key))
    for need in entities["needs"].values():
        if need.capability in dearest:
            yield from _worth(entities, need, *dearest[need.capability])


def _rate(entities: Entities, foreign: str | None, own: str) -> Fraction | None:
    """What a minor unit of an offer's currency buys; None where no rate for it could be read."""
    if foreign in (None, own):
        return Fraction(1)
    rate = entities["rates"].get(str(foreign))
    return None if rate is None else Fraction(rate.rate)


def _granule_price(entities: Entities, offer: TechnicalOffer, rate: Fraction) -> int:
    return ceil_share(entities["capabilities"][offer.capability].granule, Fraction(offer.price) * rate)


def _money(offer: FundingOffer, rate: Fraction, horizon: Years, path: Path) -> Iterator[Fault]:
    """Money that can be spent in one year, the least of it in a State, and what is repaid of it."""
    years = offer.years or horizon
    free, most, when = 0, 0, horizon.first
    for year in range(max(years.first, horizon.first), min(years.last, horizon.last) + 1):
        free = floor_share(offer.amount.at(year), rate) + floor_share(free, offer.carry_over)
        most, when = max((most, when), (free, year))
    if most > MAX_MONEY:
        with_it = "at its rate, with what is carried over"
        yield Fault((*path, "amount"), f"{most} minor units to spend in {when} {with_it}", f"{_MOST} in one year")
    elif offer.repayment is not None:
        repaid = ceil_share(most, 1 + Fraction(offer.repayment.premium))
        if repaid > MAX_MONEY:
            found = f"{offer.repayment.premium}, which makes {repaid} minor units to repay for one year"
            yield Fault((*path, "repayment", "premium"), found, f"{_MOST} for one year")
    least = ceil_share(offer.min_per_state, rate)
    if least > MAX_MONEY:
        yield Fault((*path, "min_per_state"), f"{offer.min_per_state}, {least} minor units at its rate", _MOST)


def _worth(entities: Entities, need: Need, price: int, offer: str) -> Iterator[Fault]:
    """What all work for a need would cost of the dearest."""
    worth = need.quantity // entities["capabilities"][need.capability].granule * price
    if worth > MAX_WORTH:
        found = f"{need.quantity}, which would cost {worth} minor units at the price of {offer!r}"
        yield Fault(("needs", need.id, "quantity"), found, f"a need that would cost at most {MAX_WORTH}")
