"""CHECK: says whether a portfolio is right, rule by rule, and recomputes its figures, with no tolerance.

Shares no code with what finds portfolios and needs the standard library only, so that this folder also
runs alone, with nothing installed::

    python matcher/verification scenario.resolved.json result.json
    python matcher/verification RUN

`documents` reads scenarios and portfolios as plain exact data, `facts` indexes them, `rules` and
`decisions` hold the rules of the model, one function each with the rule's number, `figures` recomputes
the objectives, and `checker` puts it together; `limits` says what a scenario leaves possible at all. `worths`,
`objectives` and `bound` recompute what prices prove of what is pursued (`order`), and `bundle` checks the
folder of a saved run: its files (`manifest`), its result, and what it says of the portfolio in other forms
(`agreements`). Numbers are `int` and `Fraction` throughout.
"""

from matcher.verification.bundle import BundleReport, verify_result, verify_run
from matcher.verification.checker import verify
from matcher.verification.documents import canonical_hash
from matcher.verification.manifest import Finding, file_findings
from matcher.verification.report import Report, StateFigures, Violation

__all__ = [
    "BundleReport",
    "Finding",
    "Report",
    "StateFigures",
    "Violation",
    "canonical_hash",
    "file_findings",
    "verify",
    "verify_result",
    "verify_run",
]
