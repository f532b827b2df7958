"""Every report says the same of a portfolio: what the checker counts, and needs met in quantities."""

from __future__ import annotations

import ast
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from generators import Seeded, draw_document
from matcher.alternatives.finding import find_alternatives
from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.comparison.comparison import Comparison, StateChange, compare
from matcher.comparison.tally import tally
from matcher.engine.solving import solve
from matcher.explanation.account import explain
from matcher.explanation.contributions import without_flows
from matcher.explanation.explanation import Question
from matcher.portfolio.partnerships import flows_of
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, SolveOptions
from matcher.reporting import amounts
from matcher.reporting.alternatives import alternatives_lines
from matcher.reporting.compared import comparison_markdown
from matcher.reporting.explained import account_markdown
from matcher.reporting.layout import escaped
from matcher.reporting.markdown import summary_markdown
from matcher.reporting.rounds import round_markdown
from matcher.reporting.terminal import summary_text
from matcher.rounds.decisions import Decision
from matcher.rounds.play import play, price
from matcher.rounds.record import DecisionInForce
from matcher.rounds.session import Session
from matcher.scenario import Decisions, Forbid, Goal, Objectives, Scenario
from matcher.units import fraction, plain
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario

CASE = Path(__file__).parent / "data" / "same-plan-two-discounts.yaml"
MODULES = Path(__file__).parents[1] / "matcher"
SOONER = {"en": "sooner counts more", "fr": "priorité au plus tôt"}
MET = {"en": "needs met", "fr": "besoins couverts"}
QUICK = SolveOptions(work=2)
SEEDS = range(50)


def test_the_same_plan_under_two_discounts_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1,000,000 m2 in each of two years: all is met in both, and only the scenarios differ."""
    for name, options in (("one", []), ("two", ["--override", "early"])):
        assert run(["solve", str(CASE), "-o", str(tmp_path / name), "--quiet", *options]) == Exit.DONE
    runs = [str(tmp_path / "one"), str(tmp_path / "two")]
    capsys.readouterr()
    assert run(["compare", *runs]) == Exit.DONE
    text = capsys.readouterr().out
    assert "Nothing is different between the portfolios, only between the scenarios." in text
    assert "- objectives.discount: 1, then 0.5" in text
    assert "- needs met (weighted sum over States): 1, unchanged\n" in text
    assert "- needs met in the least served State: 100.0 %, unchanged" in text
    assert "Aland" not in text
    assert run(["compare", *runs, "--language", "fr"]) == Exit.DONE
    assert "Rien ne diffère entre les portefeuilles" in capsys.readouterr().out
    assert run(["compare", *runs, "--json"]) == Exit.DONE
    found = Comparison.model_validate_json(capsys.readouterr().out)
    assert (found.states, found.offers, found.retimed) == ((), (), ())
    for folder, discounted in zip(runs, (False, True), strict=True):
        assert run(["show", folder]) == Exit.DONE
        text = capsys.readouterr().out
        assert next(line for line in text.splitlines() if line.startswith("Aland")).split()[4:6] == ["100.0", "%"]
        objective = next(line for line in text.splitlines() if line.startswith("needs met"))
        assert objective.startswith("needs met, sooner counts more (weighted)") is discounted
        assert objective.rpartition(")")[2].split()[0] == ("0.75" if discounted else "1")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_discounted_share_has_a_name_of_its_own(language: str) -> None:
    """In comparisons, rounds, value curves, prices of limits and alternatives; without a discount, nowhere."""
    for discount in (Decimal(1), Decimal("0.5")):
        scenario = small_scenario({"objectives.discount": discount, "needs.n.quantity": 20})
        portfolio = solve(scenario, QUICK).portfolio
        assert portfolio is not None
        texts = [
            comparison_markdown(scenario, scenario, compare(scenario, portfolio, scenario, portfolio), language),
            account_markdown(scenario, portfolio, explain(scenario, portfolio, Question(parts=("curves",))), language),
            _round_text(scenario, language),
            "\n".join(alternatives_lines(scenario, find_alternatives(scenario, portfolio, count=1), language)),
        ]
        assert [SOONER[language] in text for text in texts] == [discount != 1] * len(texts)
        assert all(MET[language] in text for text in texts)
        poor = small_scenario({"objectives.discount": discount, "offers.f.amount": 300})
        plan = solve(poor, QUICK).portfolio
        assert plan is not None
        why = account_markdown(poor, plan, explain(poor, plan, Question(parts=("why",))), language)
        first = {"en": "of weight 1 met in the first year", "fr": "de poids 1 couvert la première année"}[language]
        assert (first in why) is (discount != 1)


def test_an_offer_in_other_years_is_not_nothing() -> None:
    """The same amounts a year later: the State is named, though no figure of it moves."""
    changes: Changes = {"needs.n.quantity": 5}
    early, late = (small_scenario(changes | {"needs.n.years": [year, year]}) for year in (2015, 2016))
    plans = [solve(scenario, QUICK).portfolio for scenario in (early, late)]
    found = compare(early, plans[0], late, plans[1])  # type: ignore[arg-type]
    assert (found.states, found.offers, found.retimed) == ((), (), ("A",))
    assert "## States that get the same in other years\n\n- Arland\n" in comparison_markdown(early, late, found)


def test_a_state_without_weights_has_no_share_to_show() -> None:
    """A dash, as in the summary, and not 0 %."""
    scenario = small_scenario({"needs.n.weight": 0, "objectives.order": [{"objective": "firmness"}]})
    portfolio = solve(scenario, QUICK).portfolio
    assert portfolio is not None
    nothing = Portfolio(scenario=scenario.name, scenario_hash=scenario.digest)
    found = compare(scenario, nothing, scenario, portfolio)
    assert [each.coverage for each in found.states] == [(None, None)]
    assert "Arland: needs met -, unchanged; " in comparison_markdown(scenario, scenario, found)


class Recount:
    """A portfolio counted from its flows and engagements alone, a few lines for each figure."""

    def __init__(self, scenario: Scenario, portfolio: Portfolio, state: str) -> None:
        needs = {need.id: need for need in scenario.needs if need.state == state}
        flows = [flow for flow in portfolio.flows if flow.need in needs]
        weights = sum(Fraction(need.weight) for need in needs.values())
        met = sum((Fraction(needs[flow.need].weight) * flow.quantity / needs[flow.need].quantity for flow in flows), 0)
        self.coverage = Fraction(met) / weights if weights else None
        self.exact = None if self.coverage is None else plain(self.coverage)
        home = {offer.id: scenario.provider(offer.provider).state for offer in scenario.offers}
        self.external = sum(flow.money for flow in flows if flow.financier and home[flow.financier] != state)
        self.own = sum(flow.money for flow in flows) - self.external
        engaged = {each.offer for each in portfolio.engagements if each.state == state}
        self.partners = {scenario.offer(offer).provider for offer in engaged if home[offer] != state}
        required = {key: need.quantity for key, need in needs.items() if need.completes}
        ends = [
            year
            for year in scenario.years
            if all(
                sum(flow.quantity for flow in flows if flow.need == key and flow.year <= year) >= sought
                for key, sought in required.items()
            )
        ]
        self.year = ends[0] if ends and required else None
        self.completes = None if not required else bool(ends and ends[0] <= scenario.state(state).deadline)


@cache
def drawn(seed: int) -> tuple[Scenario, Result, Portfolio]:
    """Returns a random scenario with a discount, what is proposed for it, and another portfolio of it."""
    at = seed
    while True:
        document = draw_document(Seeded(at))
        document["objectives"]["discount"] = (Decimal("0.5"), Decimal("0.9"), Decimal("0.97"))[seed % 3]
        if seed % 4 == 0:
            weights = [{"objective": "coverage", "weight": 3}, {"objective": "worst_off", "weight": Decimal("0.5")}]
            document["objectives"] = {"weights": weights, "discount": document["objectives"]["discount"]}
        scenario = Scenario.from_data(document)
        result = solve(scenario, QUICK)
        if result.portfolio is not None and result.portfolio.flows:
            break
        at += len(SEEDS)
    cheap = scenario.with_fields(objectives=Objectives(order=(Goal(objective="cost", give_up=Decimal(0)),)))
    other = solve(cheap, QUICK).portfolio
    assert other is not None
    return scenario, result, answering(scenario, other)


def answering(scenario: Scenario, portfolio: Portfolio) -> Portfolio:
    """Returns the flows and engagements of a portfolio as an answer to a scenario."""
    return portfolio.with_fields(scenario_hash=scenario.digest)


def undiscounted(scenario: Scenario) -> Scenario:
    """Returns the scenario in which later counts no less."""
    return scenario.with_fields(objectives=scenario.objectives.with_fields(discount=Decimal(1)))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_count_is_the_checkers(seed: int) -> None:
    """Completion, money, and where nothing is discounted coverage and the least served State."""
    scenario, result, other = drawn(seed)
    assert result.portfolio is not None
    plainly = undiscounted(scenario)
    for portfolio in (result.portfolio, other):
        counted, report = tally(scenario, portfolio), verify(scenario, portfolio)
        quantities = verify(plainly, answering(plainly, portfolio))
        assert report.ok
        assert quantities.ok
        totals, figures = counted.totals, quantities.figures
        assert (totals.completions, totals.external) == (report.figures["completions"], report.figures["cost"])
        assert (totals.coverage, totals.worst_off) == (figures["coverage"], figures["worst_off"])
        for key, state in counted.states.items():
            mine = Recount(scenario, portfolio, key)
            assert state.completes == report.states[key].completes == mine.completes
            assert (state.coverage or 0) == quantities.states[key].coverage
            assert (state.coverage, state.completion_year, state.partners) == (mine.coverage, mine.year, mine.partners)
            assert (state.external, state.own) == (mine.external, mine.own)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_summary_says_what_the_checker_counts(seed: int) -> None:
    """State by State, on the terminal and on paper, and the objectives under their names."""
    scenario, result, _ = drawn(seed)
    portfolio = result.portfolio
    assert portfolio is not None
    report = verify(scenario, portfolio)
    assert {each.objective: fraction(each.exact) for each in result.figures} == report.figures
    lines, paper = summary_text(scenario, result).splitlines(), summary_markdown(scenario, result).splitlines()
    rows = lines[lines.index("States") : lines.index("Kinds of partnership")] if "States" in lines else lines
    wanted = []
    for state in scenario.states:
        mine = Recount(scenario, portfolio, state.id)
        late = "no" if mine.year is None else f"late, in {mine.year}"
        done = "not applicable" if mine.completes is None else f"in {mine.year}" if mine.completes else late
        money = [amounts.money(each, scenario.currency) for each in (mine.external, mine.own)]
        wanted.append([state.name, str(state.deadline), done, amounts.share(mine.coverage), *money])
        cells = [*wanted[-1], ", ".join(scenario.provider(key).name for key in sorted(mine.partners)) or "-"]
        assert "| " + " | ".join(escaped(cell) for cell in cells) + " |" in paper
        words = " ".join([*wanted[-1], str(len(mine.partners))])
        assert words in [" ".join(row.split()) for row in rows]
    for stage in result.stages:
        if stage.objective in ("coverage", "worst_off"):  # only the first is discounted
            name = SOONER["en"] if stage.objective == "coverage" else "needs met in the least served State"
            named = [line for line in lines if name in line]
            value = amounts.objective(stage.objective, plain(report.figures[stage.objective]), scenario.currency)
            assert any(value in line for line in named)


def assert_change(
    each: StateChange, sides: tuple[tuple[Scenario, Portfolio] | None, tuple[Scenario, Portfolio] | None]
) -> None:
    """Holds what is said of one State against a recount of the portfolios that are known."""
    gained = set(each.partners_gained), set(each.partners_lost)  # not there before, not there after
    found = [None if side is None else Recount(*side, each.state) for side in sides]
    for at, mine in enumerate(found):
        if mine is not None:
            said = each.coverage[at], each.completes[at], each.completion_year[at], each.money[at]
            assert said == (mine.exact, mine.completes, mine.year, mine.external)
            assert not gained[at] & mine.partners
            assert gained[1 - at] <= mine.partners
    one, other = found
    if one is not None and other is not None:
        assert gained == (other.partners - one.partners, one.partners - other.partners)


def change_of(each: StateChange) -> str:
    """Returns how the share of a State's needs that is met is said to change."""
    before, after = (amounts.share(None if side is None else fraction(side)) for side in each.coverage)
    if before != after:
        return f"{before}, then {after}"
    return f"{after}, unchanged" if each.coverage[0] == each.coverage[1] else f"{after}, hardly changed"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_comparison_says_what_the_checker_counts(seed: int) -> None:
    """Of two portfolios under one discount and under two, as data and in words; States not named are the same."""
    scenario, result, other = drawn(seed)
    assert result.portfolio is not None
    plainly = undiscounted(scenario)
    for first in (scenario, plainly):
        sides = (first, answering(first, other)), (scenario, result.portfolio)
        found = compare(*sides[0], *sides[1])
        text = comparison_markdown(first, scenario, found)
        for each in found.states:
            assert_change(each, sides)
            assert f"needs met {change_of(each)}" in text
        for name in {state.id for state in scenario.states} - {each.state for each in found.states}:
            one, after = (vars(Recount(*side, name)) for side in sides)
            assert one == after
        figures = [verify(*side).figures for side in sides]
        if first is plainly:
            figures[1] = verify(plainly, answering(plainly, result.portfolio)).figures | {
                name: figures[1][name] for name in figures[1] if name not in ("coverage", "worst_off")
            }
        said = {each.subject: (fraction(each.before), fraction(each.after)) for each in found.objectives}
        assert said == {name: (figures[0][name], figures[1][name]) for name in figures[0]}
        assert (f"needs met, {SOONER['en']}" in text) is (first is scenario)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_explanation_says_what_the_checker_counts(seed: int) -> None:
    """What a partnership adds, what remains of needs and completion, and by when a State completes."""
    scenario, result, _ = drawn(seed)
    portfolio = result.portfolio
    assert portfolio is not None
    found = explain(scenario, portfolio, Question(parts=("why", "why_not", "clocks"), ledger=False))
    text = account_markdown(scenario, portfolio, found, "en")
    partnerships = {each.id: each for each in result.partnerships}
    for each in found.why:
        left = without_flows(scenario, portfolio, set(flows_of(scenario, portfolio, partnerships[each.partnership])))
        if each.adds is not None:
            assert_change(each.adds, ((scenario, portfolio), (scenario, left)))
            assert f"needs met {change_of(each.adds)}" in text
        for state in each.veto.comparison.states if each.veto.comparison else ():
            assert_change(state, ((scenario, portfolio), None))
    delivered = {need.id: need.quantity for need in scenario.needs}
    for flow in portfolio.flows:
        delivered[flow.need] -= flow.quantity
    assert {each.need: each.missing for each in found.why_not if each.need} == {k: v for k, v in delivered.items() if v}
    open_states = {state.id for state in scenario.states if Recount(scenario, portfolio, state.id).completes is False}
    assert {each.state for each in found.why_not if each.need is None} == open_states
    for clock in found.clocks:
        assert clock.year == Recount(scenario, portfolio, clock.state).year


def _round_text(scenario: Scenario, language: str) -> str:
    """A first round in words."""
    played = play(scenario, (), "plan", QUICK, None, _engine)
    return round_markdown(
        played.scenario, played.result, Session(Path("talks"), ()).record(played, (), ()), None, language
    )


def _engine(scenario: Scenario, options: SolveOptions, start: Portfolio | None, /) -> Result:
    return solve(scenario, options, start=start)


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % 4])
def test_a_round_says_what_the_checker_counts(seed: int) -> None:
    """What the plan comes to, what its decision costs, and what is different from before."""
    scenario, result, _ = drawn(seed)
    assert result.portfolio is not None
    offer = result.portfolio.flows[0].implementer
    state = scenario.need(result.portfolio.flows[0].need).state
    makes = Decisions(forbids=(Forbid(offer=offer, state=state),))
    standing = (DecisionInForce(number=1, round=2, decision=Decision(kind="forbid", said="it", makes=makes)),)
    played = play(scenario, standing, "replan", QUICK, result.portfolio, _engine)
    if played.result.portfolio is None:
        return
    after = played.scenario, played.result.portfolio
    report = verify(*after)
    assert {each.objective: fraction(each.exact) for each in played.result.figures} == report.figures
    cost = price(played, 1, _engine)
    assert cost is not None
    for each in cost.comparison.states:
        assert_change(each, (None, after))
    since = compare(scenario, result.portfolio, *after)
    for each in since.states:
        assert_change(each, ((scenario, result.portfolio), after))
    record = Session(Path("talks"), ()).record(played, (cost,), ())
    text = round_markdown(*after[:1], played.result, record, (scenario, since))
    value = amounts.objective("coverage", plain(report.figures["coverage"]), scenario.currency)
    assert f"- needs met, sooner counts more (weighted): {value}" in text


COUNTERS = {
    "comparison/tally.py": "the one count",
    "portfolio/portfolio.py": "a portfolio puts its flows in order",
    "portfolio/partnerships.py": "flows become agreements: who, how much, until when",
    "io/portfolio_table.py": "a row for each flow",
    "formulation/need_aggregation.py": "flows of like needs, merged and parted",
    "formulation/plans.py": "flows become columns of the model",
    "portfolio/handover.py": "what the years of an earlier plan before the horizon leave, of another scenario",
    "engine/lots.py": "flows of equals change places, whole",
    "engine/by_state/copying.py": "one State's flows become those of its equal, whole",
    "engine/replanning.py": "what an earlier portfolio gave, of another scenario: offers and needs may be gone",
    "explanation/contributions.py": "a portfolio without some flows, or with one of them larger",
    "rounds/decisions.py": "a partnership's flows become commitments; an earlier scenario's needs may be gone",
    "comparison/plausibility.py": "who pays at all, not how much",
    "alternatives/finding.py": "flows State by State, to put one part in place of another",
    "alternatives/pairs.py": "pairs of partners, not amounts; a portfolio under another scenario's name",
}
"""Modules that may look at a portfolio's flows one by one, and why; the checker counts for itself."""


def takes_flows(node: ast.AST) -> bool:
    """Returns whether an expression is the flows of something that is not the columns of a model."""
    if not (isinstance(node, ast.Attribute) and node.attr == "flows"):
        return False
    return not ast.unparse(node.value).endswith(("columns", "piece"))


def looks_at_flows(source: str) -> bool:
    """Returns whether a module goes through flows, hands them on or keeps them under another name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.For | ast.comprehension):
            taken = list(ast.walk(node.iter))
        elif isinstance(node, ast.Call):
            taken = [*node.args, *(each.value for each in node.keywords)]
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.Starred | ast.YieldFrom | ast.Return):
            taken = [] if node.value is None else [node.value]
        else:
            continue
        if any(takes_flows(each) for each in taken):
            return True
    return False


def test_nobody_else_counts_flows() -> None:
    """Modules that go through a portfolio's flows are those listed, each with its reason."""
    found = {
        path.relative_to(MODULES).as_posix()
        for path in MODULES.rglob("*.py")
        if "verification" not in path.parts and looks_at_flows(path.read_text(encoding="utf-8"))
    }
    assert found == set(COUNTERS)


@pytest.mark.parametrize(
    "planted",
    [
        "met = sum(flow.quantity for flow in portfolio.flows)",
        "for at, flow in enumerate(self.portfolio.flows): pass",
        "flows = result.portfolio.flows",
        "total = sum(map(money, portfolio.flows))",
        "def flows(portfolio): return portfolio.flows",
        "found = [*portfolio.flows]",
    ],
)
def test_a_planted_counter_is_found(planted: str) -> None:
    """However the flows are reached; the columns of a model are none."""
    assert looks_at_flows(planted)
    assert not looks_at_flows(
        "chosen = np.flatnonzero(columns.flow_year[: columns.flows])\ncount = len(portfolio.flows[0:])"
    )
