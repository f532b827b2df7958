"""Runs of the first edition of the format: what of them can be checked by the rules and figures of the second.

The same scenario has another hash now, some objectives count otherwise, others are new, and so are the default order
and what partnerships say. So a portfolio is held against today's rules, and figures where both editions count alike;
what cannot be checked is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from fractions import Fraction

from matcher.verification.documents import Document, canonical_text, exact_number
from matcher.verification.manifest import Finding
from matcher.verification.report import Report, shown

ALIKE = frozenset({"completions", "coverage", "fit", "firmness"})
"""Objectives that both editions count alike."""
NOTE = (
    "a run of the first edition of the format; checked: its files, its ending, today's rules, and the figures that "
    "both editions count alike; not checked: bounds, gaps, partnerships and papers, which the second edition states "
    "otherwise"
)


def first_edition_hash(scenario: Document) -> str | None:
    """Returns the hash that the first edition gave a scenario as it saved it; None for other scenarios.

    Raises
    ------
    TypeError
        if the document holds a float, or anything else that is not plain exact data.
    """
    if scenario.get("matcher") != 1:
        return None
    return hashlib.sha256(canonical_text(scenario).encode()).hexdigest()


def is_first_edition(scenario: Document, result: Document) -> bool:
    """Returns whether a result answers a scenario of the first edition, by the hash that this gave it."""
    return first_edition_hash(scenario) == str(result["scenario_hash"])


def readdressed(result: Document, digest: str) -> Document:
    """Returns a result of the first edition that claims no figures, for the scenario by its present hash.

    One whose portfolio answers another scenario than it does is left as it is, and so answers another one.
    """
    portfolio = result["portfolio"]
    if portfolio["scenario_hash"] == result["scenario_hash"]:
        portfolio = {**portfolio, "scenario_hash": digest}
    return {**result, "scenario_hash": digest, "portfolio": portfolio, "figures": ()}


def figure_findings(result: Document, report: Report) -> Iterator[Finding]:
    """Checks the figures that both editions count alike."""
    same = 0
    for at, each in enumerate(result["figures"]):
        name, value = each["objective"], exact_number(each["exact"])
        if name in ALIKE and value != report.figures[name]:
            fault = f"says {shown(value)}, expected {shown(report.figures[name])}"
            yield Finding(False, fault, where=f"result.json: figures[{at}].exact")
        same += name in ALIKE and value == report.figures[name]
    yield Finding(True, f"{same} figures that both editions count alike are as the result states them")


def notes(result: Document, figures: Mapping[str, Fraction]) -> Iterator[str]:
    """Says what of a run is not checked, and which figures the second edition counts otherwise."""
    yield NOTE
    for each in result["figures"]:
        name, value = each["objective"], exact_number(each["exact"])
        if name not in ALIKE and figures.get(name) != value:
            now = shown(figures[name]) if name in figures else "nothing"
            yield f"{name}: {shown(value)} in the first edition, {now} as the second counts"
