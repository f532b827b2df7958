"""What a result says of its portfolio in other forms, counted again from the flows: partnerships and the table.

Of a partnership: who takes part, the years and breaks, needs, money, yearly commitments and targets, and that
each flow stands in exactly one. Of the table: every row's ids, year and amounts. Not counted again here are
names, duties, meetings and parts called missing.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from matcher.verification.documents import Document
from matcher.verification.manifest import Finding
from matcher.verification.report import shortened

TABLE = "portfolio.csv"
Partners = tuple[str, str | None, str, str]
"""State, provider that pays, provider that works, kind."""


def partnership_findings(full: Document, result: Document) -> Iterator[Finding]:
    """Checks a result's partnerships against the flows of its portfolio, which must name nothing unknown."""
    of_partners: defaultdict[Partners, list[Document]] = defaultdict(list)
    for flow in result["portfolio"]["flows"]:
        of_partners[_partners(full, flow)].append(flow)
    taken = 0
    wrong = False
    for at, stated in enumerate(result["partnerships"]):
        who = (stated["state"], stated["financier"], stated["implementer"], stated["kind"])
        flows = of_partners.get(who, [])
        taken += len(flows)
        counted = _counted(full, who, flows) if flows else {"years": None}
        for field, value in counted.items():
            if _plain(stated[field]) != value:
                wrong = True
                text = f"{stated['id']}: {shortened(stated[field])}, but its flows give {shortened(value)}"
                yield Finding(False, text, where=f"result.json: partnerships[{at}].{field}")
    count, flows_of_all = len(result["partnerships"]), len(result["portfolio"]["flows"])
    whole = taken == flows_of_all
    text = f"{count} partnerships hold {taken} of {flows_of_all} flows, each once"
    if not whole or not wrong:
        yield Finding(whole, text, where="" if whole else "result.json: partnerships")


def _partners(full: Document, flow: Document) -> Partners:
    """Who takes part in a flow."""
    offers, payer = full["offers"], flow["financier"]
    provider = None if payer is None else offers[payer]["provider"]
    return full["needs"][flow["need"]]["state"], provider, offers[flow["implementer"]]["provider"], flow["kind"]


def _counted(full: Document, who: Partners, flows: Sequence[Document]) -> dict[str, Any]:
    """What can be counted of a partnership that consists of these flows."""
    years = sorted({flow["year"] for flow in flows})
    return {
        "years": [years[0], years[-1]],
        "breaks": [[one + 1, other - 1] for one, other in pairwise(years) if other - one > 1],
        "needs": sorted({flow["need"] for flow in flows}),
        "money": sum(flow["money"] for flow in flows),
        "commitments": [
            *_commitments(full, who[1], "financier", "finances", flows),
            *_commitments(full, who[2], "implementer", "delivers", flows),
        ],
        "targets": list(_targets(full, flows)),
    }


def _commitments(
    full: Document, partner: str | None, side: str, role: str, flows: Sequence[Document]
) -> Iterator[dict[str, Any]]:
    """What one side commits from each of its offers, year by year."""
    pays = role == "finances"
    for offer in sorted({flow[side] for flow in flows if flow[side] is not None}):
        own = [flow for flow in flows if flow[side] == offer]
        amounts = _yearly((flow["year"], flow["money" if pays else "quantity"]) for flow in own)
        yield {
            "partner": partner,
            "offer": offer,
            "role": role,
            "capability": None if pays else full["offers"][offer]["capability"],
            "amounts": [{"year": year, "amount": amount} for year, amount in amounts],
        }


def _targets(full: Document, flows: Sequence[Document]) -> Iterator[dict[str, Any]]:
    """What is delivered of each need by the end of each year, and who benefits, in proportion and rounded down."""
    for need in sorted({flow["need"] for flow in flows}):
        sought, people = full["needs"][need]["quantity"], full["needs"][need]["beneficiaries"]
        delivered = 0
        for year, quantity in _yearly((flow["year"], flow["quantity"]) for flow in flows if flow["need"] == need):
            delivered += quantity
            served = None if people is None else {who: n * delivered // sought for who, n in people.items()}
            yield {"need": need, "by": year, "quantity": delivered, "beneficiaries": served}


def _yearly(amounts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    sums: Counter[int] = Counter()
    for year, amount in amounts:
        sums[year] += amount
    return sorted(sums.items())


def _plain(value: Any) -> Any:
    """Plain data with lists for tuples, as JSON has them."""
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def table_findings(full: Document, result: Document, path: Path) -> Iterator[Finding]:
    """Checks the ids, years and amounts of the table of a portfolio against its flows, row by row."""
    flows = result["portfolio"]["flows"]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != len(flows):
        yield Finding(False, f"{len(rows)} rows for {len(flows)} flows", where=TABLE)
        return
    for at, (row, flow) in enumerate(zip(rows, flows, strict=True), start=2):
        for column, value in _row(full, flow).items():
            if row.get(column) != value:
                text = f"{shortened(row.get(column))}, but the portfolio has {shortened(value)}"
                yield Finding(False, text, where=f"{TABLE}: line {at}, {column}")
                return
    yield Finding(True, f"the table has the portfolio's {len(flows)} flows")


def _row(full: Document, flow: Document) -> dict[str, str]:
    """What one row of the table says in ids and numbers."""
    state, payer, worker, kind = _partners(full, flow)
    decimals = full["currency"]["decimals"]
    whole, part = divmod(flow["money"], 10**decimals)
    return {
        "state": state,
        "need": flow["need"],
        "kind": kind,
        "financier_offer": flow["financier"] or "",
        "financier_provider": payer or "",
        "implementer_offer": flow["implementer"],
        "implementer_provider": worker,
        "year": str(flow["year"]),
        "quantity": str(flow["quantity"]),
        "money": f"{whole}.{part:0{decimals}}" if decimals else str(whole),
        "currency": full["currency"]["code"],
    }
