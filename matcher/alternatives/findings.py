"""What near-optimal alternatives say, as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.portfolio.result import Figure
from matcher.scenario import Frozen
from matcher.scenario.fields import Count, Id, Share, Text

Verdict = Literal["no_regret", "contested"]
"""no_regret: in every portfolio found; contested: some portfolio within the tolerance does without it."""

Needed = Literal["everywhere", "others_kept", "unknown"]
"""How far it is proven that a pair or a partner is needed.

everywhere: no portfolio within the tolerance does without it; others_kept: none does in which all other States
keep exactly what the given portfolio has for them; unknown: the search for one came to no end, or what it found
was not right to the last unit, or the work allowed was used up before it was tried."""

Role = Literal["pays", "works"]
"""What a partner does in a State."""

Why = Literal["reached", "none_found", "work"]
"""reached: as many as asked for; none_found: the search found no further set of pairs, which does not prove that
there is none; work: the work allowed was used up."""


class Bound(Frozen):
    """How far one objective may fall behind the given portfolio."""

    objective: Text
    """Name of the objective, or ``weighted``."""
    sense: Literal["max", "min"]
    """Whether more or less is better."""
    given: Annotated[str, Strict(), Field(pattern=r"^-?\d+(/\d+)?$")]
    """Figure of the given portfolio, as an integer or a fraction p/q."""
    limit: Annotated[str, Strict(), Field(pattern=r"^-?\d+(/\d+)?$")]
    """Worst figure that an alternative may have."""


class Alternative(Frozen):
    """One portfolio within the tolerance."""

    digest: Text
    """SHA-256 of the portfolio as canonical JSON."""
    figures: tuple[Figure, ...]
    """Its objectives, by the checker."""
    pairs: Count
    """Pairs of partners that it uses."""
    from_first: Count
    """Pairs that are in this one or in the given portfolio, but not in both."""
    from_nearest: Count
    """The same against the nearest of those listed before it; 0 for the first."""
    portfolio: Portfolio
    """The portfolio."""


class Witness(Frozen):
    """A further portfolio, found to do without a pair or a partner: the given one but for some States."""

    digest: Text
    """SHA-256 of the whole portfolio as canonical JSON."""
    figures: tuple[Figure, ...]
    """Its objectives, by the checker."""
    states: tuple[Id, ...]
    """States that have something else than in the given portfolio."""
    flows: tuple[Flow, ...]
    """All flows of those States."""
    engagements: tuple[Engagement, ...]
    """All engagements in those States."""


class Standing(Frozen):
    """How many portfolios have something in a State, and whether it can be done without."""

    state: Id
    """State that is supported."""
    used: Count
    """Portfolios listed that have it."""
    share: Annotated[str, Strict(), Field(pattern=r"^\d+/\d+$")]
    """The same of all listed, as ``k/n`` and not reduced; the given portfolio is one of the n."""
    verdict: Verdict
    """Whether every portfolio found has it; witnesses count here, though not in the share."""
    needed: Needed | None = None
    """How far it is proven to be needed; None where it is contested."""
    witness: Text | None = None
    """Digest of a witness that does without it, where all those listed have it."""


class Pair(Standing):
    """One partnership as far as it can be recognised in several portfolios: who pays and who works in a State."""

    financier: Id | None
    """Provider that pays; None for work in kind."""
    implementer: Id
    """Provider that does the work."""


class Partner(Standing):
    """One partner of a State, with whomever."""

    provider: Id
    """The provider."""
    role: Role
    """What it does there."""


class Unused(Frozen):
    """What could be done in a State, and no portfolio found does. That none could is not proven."""

    state: Id
    """The State."""
    pairs: Count
    """Pairs of providers that the rules of eligibility let work together there, and that none listed uses."""


class Alternatives(Frozen):
    """Near-optimal alternatives to a portfolio, and what they have in common."""

    alternatives: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the format."""
    scenario: Id
    """Name of the scenario."""
    scenario_hash: Text
    """SHA-256 of the resolved scenario."""
    count_asked: Count
    """Alternatives asked for, beside the given portfolio."""
    tolerance: Share
    """Share of each objective's figure by which an alternative may be worse than the given portfolio."""
    bounds: tuple[Bound, ...]
    """What that comes to, in the order of the objectives; those that seek few engagements or low cost as well."""
    why: Why
    """Why there are no more."""
    portfolios: tuple[Alternative, ...]
    """The given portfolio first, then the others in the order in which they were found."""
    pairs: tuple[Pair, ...]
    """Pairs used by at least one of them, by State, financier and implementer."""
    partners: tuple[Partner, ...]
    """Partners in at least one of them, by role, State and provider."""
    witnesses: tuple[Witness, ...] = ()
    """Further portfolios, each found by forbidding a pair or a partner that all those listed have."""
    unused: tuple[Unused, ...] = ()
    """By State, how many eligible pairs none of those listed uses."""
