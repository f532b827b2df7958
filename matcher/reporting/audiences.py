"""To whom a text is addressed: the Committee, one State, or one provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.explanation.findings import Shortfall
from matcher.reporting.layout import escaped
from matcher.reporting.shortfalls import ShortfallSpeaker
from matcher.scenario import Scenario


@dataclass(frozen=True)
class Audience:
    """Who reads a text: a State or a provider by id; the Committee where neither is given."""

    state: str | None = None
    provider: str | None = None

    def head(self, scenario: Scenario, speaker: ShortfallSpeaker) -> list[str]:
        """Returns the title and the first sentences."""
        key, name = "committee", ""
        if self.state is not None:
            key, name = "state", scenario.state(self.state).name
        elif self.provider is not None:
            key, name = "provider", scenario.provider(self.provider).name
        said = speaker.table["audiences"][key]
        names = {"scenario": escaped(scenario.title or scenario.name), "name": escaped(name)}
        return [f"# {said['title'].format(**names)}", "", said["opening"].format(**names)]


def asked_of(provider: str, scenario: Scenario, found: Sequence[Shortfall], speaker: ShortfallSpeaker) -> Iterator[str]:
    """Yields the lines of what more of a provider's offers would do for what remains in any State."""
    offers = {offer.id for offer in scenario.offers if offer.provider == provider}
    table, asks, limits = speaker.table["audiences"], [], []
    for each in found:
        goal = _goal(each, scenario, speaker)
        for remedy in each.remedies:
            if len(remedy.changes) == 1 and remedy.changes[0].subject in offers:
                asks.append(table["ask"].format(change=speaker.remedy(remedy), goal=goal))
        for cause in each.causes:
            if cause.subjects[0] in offers:
                limits.append(table["limit"].format(limit=speaker.limit(cause), goal=goal))
    yield from ("", f"## {escaped(table['asks'].format(name=scenario.provider(provider).name))}", "")
    yield from (f"- {escaped(ask)}" for ask in asks)
    if not asks:
        yield table["no_asks"]
    if limits:
        yield from ("", f"### {table['limits']}", "", *(f"- {escaped(limit)}" for limit in limits))


def _goal(each: Shortfall, scenario: Scenario, speaker: ShortfallSpeaker) -> str:
    """What remains, as something to be reached."""
    state, table = scenario.state(each.state), speaker.table["audiences"]
    if each.need is None:
        return str(table["completion"].format(state=state.name, deadline=state.deadline))
    need = scenario.need(each.need)
    return str(table["need"].format(need=need.name or need.id, state=state.name))
