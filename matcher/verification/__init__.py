"""CHECK: says whether a portfolio is right, rule by rule, and recomputes its figures, with no tolerance.

Shares no code with what finds portfolios and needs the standard library only, so that this folder also
runs alone, with nothing installed::

    python matcher/verification scenario.resolved.json result.json
    python matcher/verification BUNDLE

`documents` reads scenarios and portfolios as plain exact data, `facts` indexes them, `rules` and
`decisions` hold the rules of the model, one function each with the rule's number, `figures` recomputes
the objectives, and `checker` puts it together. `worths` and `bound` recompute what prices prove of an
objective, and `bundle` checks a folder with all of a result. Numbers are `int` and `Fraction` throughout.
"""

from matcher.verification.bundle import BundleReport, Finding, verify_bundle
from matcher.verification.checker import verify
from matcher.verification.documents import canonical_hash
from matcher.verification.report import Report, StateFigures, Violation

__all__ = [
    "BundleReport",
    "Finding",
    "Report",
    "StateFigures",
    "Violation",
    "canonical_hash",
    "verify",
    "verify_bundle",
]
