"""What is decided between two rounds, from short texts to decisions of a scenario.

A text names fields of one decision: ``offer=NOR-grant,state=AAA,years=2016-2018``. Partnerships of the
round before are kept or vetoed by their id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

from matcher.errors import Fault, InvalidScenario, nearest
from matcher.portfolio.partnerships import flows_of, forbidding
from matcher.portfolio.portfolio import Partnership, Portfolio
from matcher.scenario import Cap, Commitment, Decisions, Forbid, Pin, Scenario
from matcher.scenario.edits import WithDecisions, decisions_with, edited
from matcher.scenario.fields import Frozen, Text

Kind = Literal["pin", "forbid", "cap", "fix", "keep", "veto"]
"""pin: an engagement that must be there; forbid: what must not be used; cap: a limit on money; fix: a flow that
must be at least so large; keep: all flows of a partnership, at least as large; veto: a pair of partners in a State
that must not be."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_MODELS: Mapping[str, type[Frozen]] = {"pin": Pin, "forbid": Forbid, "cap": Cap, "fix": Commitment}
_FIELDS: Mapping[str, str] = {"pin": "pins", "forbid": "forbids", "cap": "caps", "fix": "commitments"}
_WHOLE = frozenset({"year", "quantity", "money"})


class Decision(Frozen):
    """One decision, as it was said and as a scenario holds it."""

    kind: Kind
    said: Text
    """Its fields as text, or the id of a partnership."""
    makes: Decisions
    """What it adds to a scenario."""


@dataclass(frozen=True)
class DecisionText:
    """A decision in words, not read yet."""

    kind: Kind
    said: str


@dataclass(frozen=True)
class _Entry:
    """What a wish adds to a scenario's document, under one field of its decisions."""

    wish: int
    field: str
    document: dict[str, Any]


def decided(
    scenario: Scenario, wishes: Sequence[DecisionText], portfolio: Portfolio | None, partnerships: Sequence[Partnership]
) -> tuple[Decision, ...]:
    """Returns decisions read against a scenario and the portfolio of the round before.

    Raises
    ------
    InvalidScenario
        with every fault that can be told: unknown fields and names, wrong numbers, contradictions.
    """
    faults: list[Fault] = []
    entries: list[_Entry] = []
    for at, wish in enumerate(wishes):
        found = _read(at, wish, scenario, portfolio, partnerships)
        for each in found:
            if isinstance(each, Fault):
                faults.append(each)
            else:
                entries.append(each)
    order = {name: [each.wish for each in entries if each.field == name] for name in _FIELDS.values()}
    added = {name: [each.document for each in entries if each.field == name] for name in order}
    starts = {name: len(getattr(scenario.decisions, name)) for name in order}
    changed, wrong = decisions_with(scenario, added)
    faults += [_at_wish(fault, wishes, order, starts) for fault in wrong]
    if faults:
        raise InvalidScenario(faults, "decisions")
    made: list[dict[str, list[Any]]] = [{name: [] for name in order} for _ in wishes]
    for name, indices in order.items():
        for at, entry in zip(indices, getattr(changed, name)[starts[name] :], strict=True):
            made[at][name].append(entry)
    return tuple(
        Decision(kind=wish.kind, said=wish.said, makes=Decisions(**{name: tuple(e) for name, e in each.items()}))
        for wish, each in zip(wishes, made, strict=True)
    )


def with_decisions(scenario: Scenario, decisions: Iterable[Decision]) -> Scenario:
    """Returns a scenario with further decisions; they were read against it, or against one with more of them."""
    return edited(scenario, *(WithDecisions(each.makes) for each in decisions))


def _option(wish: DecisionText) -> str:
    return f"--{wish.kind} {wish.said}"


def _at_wish(
    fault: Fault, wishes: Sequence[DecisionText], order: Mapping[str, list[int]], starts: Mapping[str, int]
) -> Fault:
    """A fault of the changed scenario, told of the wish that it comes from."""
    match fault.path:
        case ("decisions", str(name), int(at), *rest) if name in order and at >= starts[name]:
            wish = wishes[order[name][at - starts[name]]]
            return Fault((_option(wish), *rest), fault.found, fault.expected, fault.suggestion)
    return fault


def _read(
    at: int, wish: DecisionText, scenario: Scenario, portfolio: Portfolio | None, partnerships: Sequence[Partnership]
) -> Iterator[_Entry | Fault]:
    """What a wish adds, or what is wrong with it."""
    if not wish.said.isprintable():
        yield Fault((f"--{wish.kind}",), repr(wish.said), "printable characters")
        return
    if wish.kind in _MODELS:
        yield from _fields_of(at, wish)
        return
    named = {each.id: each for each in partnerships}
    partnership = named.get(wish.said)
    if partnership is None or portfolio is None:
        expected = "the id of a partnership of the round before"
        yield Fault((_option(wish),), repr(wish.said), expected, nearest(wish.said, named))
    elif wish.kind == "keep":
        yield from _kept(at, wish, scenario, portfolio, partnership)
    else:
        for each in forbidding(scenario, partnership):
            yield _Entry(at, "forbids", each.model_dump(exclude_none=True))


def _kept(
    at: int, wish: DecisionText, scenario: Scenario, portfolio: Portfolio, partnership: Partnership
) -> Iterator[_Entry | Fault]:
    """The flows of a partnership as commitments: those ahead, where the horizon has moved on since."""
    known = {need.id for need in scenario.needs}
    if not known.issuperset(partnership.needs):
        yield Fault((_option(wish),), repr(wish.said), "a partnership whose needs the scenario has")
        return
    here = portfolio.model_copy(update={"flows": tuple(flow for flow in portfolio.flows if flow.need in known)})
    ahead = [flow for flow in flows_of(scenario, here, partnership) if flow.year >= scenario.horizon.first]
    if not ahead:
        yield Fault(
            (_option(wish),), repr(wish.said), f"a partnership that goes on in {scenario.horizon.first} or later"
        )
    for flow in ahead:
        yield _Entry(
            at, "commitments", flow.model_dump(include={"financier", "implementer", "need", "year", "quantity"})
        )


def _fields_of(at: int, wish: DecisionText) -> Iterator[_Entry | Fault]:
    known = _MODELS[wish.kind].model_fields
    document: dict[str, Any] = {}
    faulty = False
    for part in wish.said.split(","):
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if name not in known or not equals or not text:
            faulty = True
            expected = f"FIELD=VALUE with one of {', '.join(sorted(known))}"
            yield Fault((_option(wish),), repr(part.strip()), expected, nearest(name, known))
        elif name in document:
            faulty = True
            yield Fault((_option(wish), name), repr(text), "each field once")
        else:
            document[name] = _value(name, text)
    if not faulty:
        yield _Entry(at, _FIELDS[wish.kind], document)


def _value(name: str, text: str) -> object:
    """A value as a scenario file would hold it; what is no such thing stays text, for the reader to refuse."""
    if name in _WHOLE:
        return int(text) if text.isascii() and text.isdigit() else text
    if name == "years":
        ends = text.split("-")
        if len(ends) in (1, 2) and all(end.isascii() and end.isdigit() for end in ends):
            return [int(ends[0]), int(ends[-1])]
    if name == "share":
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text
