"""Who can meet which need with whom: every eligible option, and why any other pair is not one.

An option is (financier or none, implementer, need). Eligibility is a graph: an edge leads from an
offer to each need that it can serve; the options of a need are the pairs of a financier and an
implementer among its predecessors whose channel is open and whose kind the model knows.

Readings where the model's table of kinds leaves room: work in kind has no financier and is of its
implementer's kind (a donor State's own experts are bilateral); the money of a UN agency or
regional organisation that pays the State's own programme is multilateral; pairs that no row of
the table covers (an operator's own money, a State's money for another State's programme) are not
options. Rows are tried in the order national, south-south, triangular, public-private, bilateral,
operator, multilateral.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from matcher.scenario.decisions import Forbid
from matcher.scenario.entities import (
    PRIVATE_KINDS,
    PUBLIC_KINDS,
    FundingOffer,
    Need,
    Provider,
    ProviderKind,
    ReasonCode,
    TechnicalOffer,
)
from matcher.scenario.fields import OptionKind
from matcher.scenario.scenario import Scenario

AGENCIES = frozenset({"un_agency", "regional_organisation"})


@dataclass(frozen=True)
class Reason:
    """Why an offer or pair cannot serve a need: data, made into words elsewhere."""

    code: ReasonCode
    """Which rule removes it."""
    offer: str | None
    """Offer that the rule concerns; None where it concerns the pair."""
    found: str
    """What was found; empty where the code says it all."""
    wanted: str
    """What the rule wants; empty where the code says it all."""


@dataclass(frozen=True)
class Option:
    """One eligible way to meet one need."""

    financier: str | None
    """Funding offer; None for work in kind."""
    implementer: str
    """Technical offer."""
    need: str
    """Need served."""
    state: str
    """State of the need."""
    kind: OptionKind
    """Kind of partnership."""
    years: tuple[int, ...]
    """Years in which it can flow (at least one)."""
    granule_price: int
    """Minor units per granule."""

    def key(self) -> tuple[str, str, str]:
        """Returns what orders options and tells them apart."""
        return (self.need, self.financier or "", self.implementer)


@dataclass(frozen=True)
class OptionSet:
    """All eligible options of a scenario, sorted, and the reasons against all others."""

    scenario: Scenario
    options: tuple[Option, ...]

    @cached_property
    def of_need(self) -> dict[str, tuple[Option, ...]]:
        """Options by need; a need without any has an empty tuple."""
        found: dict[str, list[Option]] = {need.id: [] for need in self.scenario.needs}
        for option in self.options:
            found[option.need].append(option)
        return {need: tuple(options) for need, options in found.items()}

    def why_not(self, financier: str | None, implementer: str, need: str) -> tuple[Reason, ...]:
        """Returns every reason why this is not an option; empty if it is one.

        Raises
        ------
        KeyError, TypeError
            if there is no such offer or need, or the offer is of the other kind.
        """
        scenario = self.scenario
        payer = None if financier is None else scenario.funding_offer(financier)
        return tuple(_reasons(scenario, payer, scenario.technical_offer(implementer), scenario.need(need)))

    def refusals(self, need: str) -> dict[tuple[str | None, str], tuple[Reason, ...]]:
        """Returns, for every pair that is not an option of the need, the reasons."""
        financiers = [None, *(offer.id for offer in self.scenario.funding)]
        pairs = ((payer, worker.id) for payer in financiers for worker in self.scenario.technical)
        found = {pair: self.why_not(*pair, need) for pair in pairs}
        return {pair: reasons for pair, reasons in found.items() if reasons}


def find_options(scenario: Scenario) -> OptionSet:
    """Returns every eligible option of every kind, sorted by need, financier and implementer."""
    graph = reach(scenario)
    found: list[Option] = []
    for need in scenario.needs:
        offers = [scenario.offer(offer) for offer in sorted(graph.predecessors(need_node(need.id)))]
        found += _options_of(scenario, need, offers)
    return OptionSet(scenario, tuple(sorted(found, key=Option.key)))


def reach(scenario: Scenario) -> nx.DiGraph[str]:
    """Returns the graph with an edge from each offer to each need that its own filters let it serve."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(offer.id for offer in scenario.offers)
    near = _offers_by_state(scenario)
    reaching: dict[tuple[str, str], list[str]] = {}
    for need in scenario.needs:
        asked = (need.state, need.capability)  # all that an offer's own filters look at
        if asked not in reaching:
            reaching[asked] = [
                offer.id for offer in near[need.state] if next(_offer_reasons(scenario, offer, need), None) is None
            ]
        graph.add_node(need_node(need.id))
        graph.add_edges_from((offer, need_node(need.id)) for offer in reaching[asked])
    return graph


def _offers_by_state(scenario: Scenario) -> dict[str, list[FundingOffer | TechnicalOffer]]:
    """Returns, for each State, the offers that name it, or its region, or no State at all, sorted by id."""
    in_region: dict[str | None, list[str]] = {}
    for state in scenario.states:
        in_region.setdefault(state.region, []).append(state.id)
    near: dict[str, list[FundingOffer | TechnicalOffer]] = {state.id: [] for state in scenario.states}
    for each in scenario.offers:
        offer = scenario.offer(each.id)
        named: Iterable[str] = near if offer.states is None else offer.states
        if offer.states is None and offer.regions is not None:
            named = (state for region in offer.regions for state in in_region[region])
        for key in named:
            near[key].append(offer)
    return near


def need_node(need: str) -> str:
    """Returns a need's node in the graph of reach, a name that no offer can have: ids hold no colon."""
    return f"need:{need}"


def _options_of(scenario: Scenario, need: Need, offers: Iterable[FundingOffer | TechnicalOffer]) -> Iterator[Option]:
    """Yields the options of one need among the offers that reach it."""
    for payer, worker in options_between(scenario, need, offers):
        kind = kind_of(scenario, payer, worker, need.state)
        assert kind is not None  # it is an option
        years = tuple(option_years(scenario, payer, worker, need))
        price = scenario.granule_price(worker)
        yield Option(payer.id if payer else None, worker.id, need.id, need.state, kind, years, price)


def options_between(
    scenario: Scenario, need: Need, offers: Iterable[FundingOffer | TechnicalOffer]
) -> Iterator[tuple[FundingOffer | None, TechnicalOffer]]:
    """Yields who can pay (or nobody) and who can work for a need together, among offers that reach it."""
    known = list(offers)
    payers: list[FundingOffer | None] = [None, *(offer for offer in known if isinstance(offer, FundingOffer))]
    for worker in known:
        if isinstance(worker, TechnicalOffer):
            for payer in payers:
                if next(_pair_reasons(scenario, payer, worker, need), None) is None:
                    yield payer, worker


def _reasons(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need) -> Iterator[Reason]:
    yield from _offer_reasons(scenario, worker, need)
    if payer is not None:
        yield from _offer_reasons(scenario, payer, need)
    yield from _pair_reasons(scenario, payer, worker, need)


def _offer_reasons(scenario: Scenario, offer: FundingOffer | TechnicalOffer, need: Need) -> Iterator[Reason]:
    """Yields why an offer's own filters keep it from a need."""
    state = scenario.state(need.state)
    if isinstance(offer, TechnicalOffer):
        if offer.capability != need.capability:
            yield Reason("other_capability", offer.id, offer.capability, need.capability)
    elif offer.capabilities is not None and need.capability not in offer.capabilities:
        yield Reason("capability_not_funded", offer.id, need.capability, ", ".join(offer.capabilities))
    if offer.states is not None and state.id not in offer.states:
        yield Reason("state_not_in_reach", offer.id, state.id, ", ".join(offer.states))
    if offer.regions is not None and state.region not in offer.regions:
        yield Reason("region_not_in_reach", offer.id, str(state.region), ", ".join(offer.regions))
    if state.ownership_score() < offer.ownership_floor:
        score = f"{float(state.ownership_score()):.3f}"
        yield Reason("ownership_below_floor", offer.id, score, str(offer.ownership_floor))


def _pair_reasons(
    scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need
) -> Iterator[Reason]:
    """Yields why a financier (or none) and an implementer cannot serve a need together."""
    price = scenario.granule_price(worker)
    if payer is None and price > 0:
        yield Reason("work_needs_money", worker.id, str(price), "0")
    if payer is not None and price == 0:
        yield Reason("work_is_in_kind", worker.id, "0", "")
    if payer is not None and payer.channels is not None:
        channel = channel_of(scenario.provider(worker.provider), need.state)
        if channel not in payer.channels:
            yield Reason("channel_closed", payer.id, channel, ", ".join(payer.channels))
    if kind_of(scenario, payer, worker, need.state) is None:
        pays = scenario.provider(payer.provider).kind if payer else "none"
        pair = f"{pays}, {channel_of(scenario.provider(worker.provider), need.state)}"
        yield Reason("no_kind", None, pair, "")
    common = _common_years(scenario, payer, worker, need)
    if not common:
        yield Reason("no_common_year", None, "", "")
    elif not option_years(scenario, payer, worker, need):
        yield Reason("forbidden", None, "", "")


def channel_of(implementer: Provider, state: str) -> str:
    """Returns the kind of implementer in a State as a financier's channels name it."""
    return channel(implementer.kind, implementer.state == state)


def channel(kind: ProviderKind, home: bool) -> str:
    """Returns what a financier's channels call an implementer of a kind, at home or abroad."""
    return "own_programme" if home else kind


def kind_of(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, state: str) -> OptionKind | None:
    """Returns the kind of partnership that a financier (or none) and an implementer form in a State."""
    implementer = scenario.provider(worker.provider)
    works = Role(implementer.kind, implementer.state == state)
    if payer is None:
        return kind_by_role(None, works, True)
    financier = scenario.provider(payer.provider)
    pays = Role(financier.kind, financier.state == state, payer.match > 0)
    return kind_by_role(pays, works, financier.id == implementer.id)


@dataclass(frozen=True)
class Role:
    """All about one side of a pair that the kind of their partnership depends on."""

    kind: ProviderKind
    """Kind of provider."""
    home: bool
    """Whether the provider is the State that is supported."""
    matched: bool = False
    """Whether its money must be matched."""


def kind_by_role(pays: Role | None, works: Role, same: bool) -> OptionKind | None:
    """Returns the kind of partnership by the two sides' roles and whether they are the same provider."""
    if works.home and (pays is None or pays.home):
        return "national"
    if works.kind == "affected_state" and not works.home:
        if pays is None or same:
            return "south-south"
        if not pays.home and pays.kind in {"donor_state", "foundation"} | AGENCIES:
            return "triangular"
    return _other_kind(pays, works, pays is None or same)


def _other_kind(pays: Role | None, works: Role, same: bool) -> OptionKind | None:
    """The kinds that do not rest on an affected State's work or money."""
    payer_kind = pays.kind if pays else None
    public = pays is None or payer_kind in PUBLIC_KINDS
    if works.kind in PRIVATE_KINDS or payer_kind in PRIVATE_KINDS or (pays is not None and pays.matched):
        return "public-private"
    if (works.home and payer_kind == "donor_state") or (works.kind == "donor_state" and same):
        return "bilateral"
    if works.kind == "operator" and public:
        return "operator"
    if (works.kind in AGENCIES and public) or (works.home and payer_kind in AGENCIES):
        return "multilateral"
    return None


def _common_years(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need) -> list[int]:
    windows = [scenario.window(need), scenario.window(worker)]
    if payer is not None:
        windows.append(scenario.window(payer))
    return list(range(max(window.start for window in windows), min(window.stop for window in windows)))


def option_years(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need) -> list[int]:
    """Returns the years in which all are there, less those that the user's decisions forbid."""
    kind = kind_of(scenario, payer, worker, need.state)
    near = scenario.forbids_on(need, (offer.id for offer in (payer, worker) if offer is not None))
    matching = [forbid for forbid in near if _matches(scenario, forbid, payer, worker, need, kind)]
    common = _common_years(scenario, payer, worker, need)
    return [year for year in common if not any(forbid.years is None or year in forbid.years for forbid in matching)]


def _matches(
    scenario: Scenario,
    forbid: Forbid,
    payer: FundingOffer | None,
    worker: TechnicalOffer,
    need: Need,
    kind: OptionKind | None,
) -> bool:
    """Whether an option matches every field of a forbid except its years."""
    offers = {worker.id} | ({payer.id} if payer else set())
    providers = {worker.provider} | ({payer.provider} if payer else set())
    pair = {forbid.offer, forbid.partner} - {None}
    return (
        (forbid.kind is None or forbid.kind == kind)
        and (forbid.provider is None or forbid.provider in providers)
        and pair <= offers
        and (forbid.partner is None or forbid.partner != forbid.offer)
        and (forbid.state is None or forbid.state == need.state)
        and (forbid.need is None or forbid.need == need.id)
    )
