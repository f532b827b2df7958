"""What the engine's search was tuned by, in one place: settings by concern, each with its unit and its reason.

The defaults are what `matcher.solve` uses and what its results are promised for. Whoever studies the search passes
others: ``solve(scenario, settings=Settings(neighbourhoods=NeighbourhoodSettings(most_states=6)))``. They change
which portfolio is found and how tight its bound is, never what counts as a right portfolio or a valid bound.
Work is deterministic: a unit takes about a second of one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from matcher.solvers.engines import Limits
from matcher.solvers.settings import DEFAULT_SOLVER_SETTINGS, SolverSettings


@dataclass(frozen=True)
class MethodSettings:
    """Which scenarios are solved as one model, and what each objective may use."""

    most_columns: int = 2500
    """Scenarios whose model has at most this many columns are solved as one, however many States they have: there its
    bound is the tighter, and its portfolio as good; from 3,000 on, States tied by counts and terms find none in it."""
    objective_share: float = 0.5
    """Largest share of the work and time left that one objective may use while others follow: what it leaves goes to
    them ..."""
    even_shares: float = 1.5
    """... and as a rule so many times an even share of what is left."""

    def share(self, left: int) -> float:
        """Returns the share of the work and time left for the next of so many objectives."""
        return 1.0 if left == 1 else min(self.objective_share, self.even_shares / left)

    def takes_one_model(self, columns: int) -> bool:
        """Returns whether a scenario of so many columns is solved as one model."""
        return columns <= self.most_columns


@dataclass(frozen=True)
class SingleModelSettings:
    """The method for small scenarios: one model."""

    search_share: float = 0.8
    """Share of the time left for the search; the rest is for whole units."""
    most_exact_columns: int = 4000
    """A model whose columns number at most this and are all coarse goes to CP-SAT."""


@dataclass(frozen=True)
class SubproblemSettings:
    """Groups of States that are freed: when their search ends, and what they cost beside it."""

    state_work: float = 1.0
    """Work allowed for one State."""
    settled_work: float = 2.0
    """Work allowed for a group in which who is engaged where stays, however many its States."""
    least_work: float = 0.05
    """Work allowed for a group in any case, however little is left."""
    gap: float = 1e-3
    """Relative gap at which a group counts as solved."""
    cutting: float = 1.5e-7
    """Work of cutting a group out of the whole and putting it back, for each term of the whole."""


@dataclass(frozen=True)
class NeighbourhoodSettings:
    """Which States are freed together."""

    most_states: int = 4
    """Largest group of States."""
    least_groups: int = 2
    """Groups freed at once, at least; the same for any number of workers, so that the result is too."""
    patience: float = 0.15
    """Share of an objective's work after which, if no group has won anything, the rest is left to others."""
    reserved_share: float = 0.4
    """Share of the work left that sweeps leave to groups once what links have come to is kept: on geneva-2015 they
    took all of it."""
    settled_states: int = 16
    """Largest group of States in which who is engaged where stays. On geneva-2015 the blend ended at 3.66e9 with so
    many and at 3.72e9 with eight, in the mean of four seeds, and one by one at 4.08e9."""
    settled_patience: int = 8
    """So many of them that win nothing, one after another, are enough."""
    other_kind: int = 4
    """One round in so many is of the kind that has won less for its work so far."""
    remembered: float = 0.8
    """What the last round of a kind still counts for when the next one has been."""
    lifting_gap: Fraction = Fraction(1, 500)
    """Distance from the bound, as a share of it, within which lifting other States than the worst is no gain."""
    states_per_group: int = 25
    """One more group is freed at once for so many States: what a round costs beside its groups grows with the whole."""


@dataclass(frozen=True)
class SweepSettings:
    """Sweeps over the States, each served on its own."""

    price_shares: tuple[float, ...] = (0.85, 0.7, 0.85, 0.4, 0.7, 0.85)
    """Shares of the prices at which States are served, sweep after sweep: at full prices too little flows."""
    fresh_shares: tuple[float, ...] = (1.0, 0.6)
    """Further shares at which few States are served from the start: one start may lead nowhere good."""
    few_states: int = 20
    """So many States are few."""
    kept_share: float = 16.0
    """Share of the prices of what earlier objectives have reached, at first: the relaxation can keep that more cheaply
    than whole plans."""
    restoring: float = 16.0
    """Factor by which it rises to win back what a sweep has lost ..."""
    dearer: float = 8.0
    """... by which it is dearer in the next sweep where that was not won back ..."""
    cheaper: float = 0.5
    """... and cheaper where it was."""
    least_gain: Fraction = Fraction(1, 200)
    """Sweeps go on while each gains more than this share of the objective."""
    time_share: float = 0.4
    """Share of the time left for sweeps."""
    first_states: int = 40
    """Most States served before there are prices."""


@dataclass(frozen=True)
class CompletionSettings:
    """The search for States that can never complete, whatever the others leave them."""

    share: float = 0.25
    """Share of time and work for it."""
    most_states: int = 500
    """Beyond so many States none is tried: it would take longer than it wins."""


@dataclass(frozen=True)
class PriceSettings:
    """The relaxation of the whole, whose prices bound the objective and guide the sweeps."""

    relaxation_work: float = 60.0
    """Work allowed for the relaxation; cut short, its prices bound less well but they do."""
    primal_work: float = 7.0
    """Work after which the primal simplex method gives way to an interior-point method ..."""
    dual_work: float = 1.0
    """... and the dual simplex method ..."""
    loose_dual_work: float = 12.0
    """... which has so much where the row that ties links together is open."""
    relaxation_share: float = 0.9
    """Share of an objective's work for its relaxation: where it would take more, there are no prices."""
    usual_passes: int = 60
    """Passes that an interior-point method is expected to make."""
    most_factored_terms: int = 400_000
    """Most terms of a model that an interior-point method prices; beyond, and where it fails, a first-order one."""
    valuing_share: float = 0.25
    """Share of the time and work left for valuing States in whole numbers."""
    valued_at_once: int = 4
    """States valued in one round."""
    valuing_gain: float = 0.02
    """Valuing ends with a round of States that closes less than this share of the gap."""
    first_steps: int = 24
    """Steps towards better prices before the first sweep, where the relaxation was solved roughly ..."""
    next_steps: int = 8
    """... and after each sweep."""


@dataclass(frozen=True)
class BundleSettings:
    """Steps towards better prices in a box around the best ones known."""

    first_box: float = 0.1
    """Share by which prices may move in the first step."""
    least_price: float = 0.1
    """Share of the mean price that counts as the price of rows that are cheaper."""
    serious_share: float = 0.1
    """Share of the gain that the model promised at which prices become the best."""
    good_share: float = 0.3
    """Share of that gain at which the box grows."""
    growth: float = 1.5
    """Factor by which the box grows after a good step."""
    shrinking: float = 0.6
    """Factor by which the box shrinks after a step that was not serious."""
    forgotten_after: int = 3
    """Steps after which an idle point is forgotten."""
    least_gain: float = 1e-4
    """Relative gain below which the model promises too little to go on."""
    master_work: float = 4.0
    """Work allowed for one model of the points: beyond, there are too many blocks for this."""
    block_work: float = 1.0
    """Work allowed for one State's relaxation."""


@dataclass(frozen=True)
class JointSettings:
    """All States searched in one model, once each has been served."""

    most_columns: int = 10_000
    """Most columns of a model that is worth it ..."""
    most_exact_columns: int = 15_000
    """... and of one whose flows are all coarse: CP-SAT proves locations of 12,000 columns in seconds, and finds
    nothing where 22,000 tie equal States by counts and terms."""
    first_node: float = 0.5
    """Without a clock a fine model is searched only with work left for its first node, which no limit ends: so much
    for 1,000 columns ..."""
    first_node_growth: float = 1.5
    """... and for others by this power of their number, as measured."""
    states_share: float = 0.3
    """Under a clock, share of the time left for serving States before it."""
    search_share: float = 0.9
    """Share of the time left for the search: the rest is for whole units."""
    real_share: float = 0.75
    """Share of that time, or work, for the search in real numbers."""

    def first_node_work(self, columns: int) -> float:
        """Returns the work that the first node of so many columns takes about."""
        return self.first_node * float((columns / 1000) ** self.first_node_growth)


@dataclass(frozen=True)
class LikenessSettings:
    """Equal States, served alike."""

    most_partners: int = 8
    """Most of equal providers that the first State is served by, where it may have more partners at once."""


@dataclass(frozen=True)
class ConflictSettings:
    """Trials whether a model has any point: the question behind every conflict."""

    work: float = 20.0
    """Work of each trial."""
    most_exact_columns: int = 4000
    """A model of at most this many columns is decided by CP-SAT, in whole numbers."""


@dataclass(frozen=True)
class CertificateSettings:
    """The prices that prove a result's bounds."""

    steps: int = 40
    """Steps towards better prices where the first ones are rough."""
    work: float = 600.0
    """Work allowed for a relaxation."""


@dataclass(frozen=True)
class AgreementSettings:
    """Who pays whom, once all else is settled."""

    share: float = 0.05
    """Share of a solve's work for it ..."""
    state_work: float = 1.0
    """... of which one search of one State's pairs takes so much at most."""
    at_once: int = 4
    """States searched at once; the same for any number of workers, so that the result is too."""


@dataclass(frozen=True)
class SteadyingSettings:
    """Who works when, once all else is settled."""

    share: float = 0.05
    """Share of a solve's work for it ..."""
    state_work: float = 1.0
    """... of which one State takes so much at most."""
    room: Fraction = Fraction(1, 1000)
    """Share of each objective that it may cost, where its tolerance leaves as much."""
    least_gain: Fraction = Fraction(1, 1000)
    """A plan that moves less by no more than this share is none better."""


@dataclass(frozen=True)
class Settings:
    """All of the engine's settings."""

    method: MethodSettings = MethodSettings()
    single_model: SingleModelSettings = SingleModelSettings()
    subproblems: SubproblemSettings = SubproblemSettings()
    neighbourhoods: NeighbourhoodSettings = NeighbourhoodSettings()
    sweeps: SweepSettings = SweepSettings()
    completions: CompletionSettings = CompletionSettings()
    prices: PriceSettings = PriceSettings()
    bundle: BundleSettings = BundleSettings()
    joint: JointSettings = JointSettings()
    likeness: LikenessSettings = LikenessSettings()
    conflicts: ConflictSettings = ConflictSettings()
    certificates: CertificateSettings = CertificateSettings()
    steadying: SteadyingSettings = SteadyingSettings()
    agreements: AgreementSettings = AgreementSettings()
    solvers: SolverSettings = DEFAULT_SOLVER_SETTINGS

    def limits(self, work: float, gap: float = 0.0, *, quick: bool = False) -> Limits:
        """Returns when an engine stops: at so much work, of which each engine does as much as the settings say."""
        return Limits(work, gap, quick, self.solvers.rates, self.solvers.effort, self.solvers.seed)


DEFAULT_SETTINGS = Settings()
"""What is used where none are passed."""
