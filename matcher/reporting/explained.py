"""An explanation in words, addressed to somebody: Markdown that also reads well on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.explanation import Explanation
from matcher.reporting.audiences import Audience, asked_of
from matcher.reporting.layout import escaped
from matcher.reporting.shortfalls import ShortfallSpeaker
from matcher.scenario import Scenario

COMMITTEE = Audience()


def explanation_markdown(
    scenario: Scenario, explanation: Explanation, language: str = "en", audience: Audience = COMMITTEE
) -> str:
    """Returns an explanation in a language, with what concerns the audience.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = ShortfallSpeaker(scenario, language)
    lines = audience.head(scenario, speaker)
    if audience.provider is not None:
        lines += asked_of(audience.provider, scenario, explanation, speaker)
    else:
        lines += _remaining(scenario, explanation, speaker)
    return "\n".join(lines) + "\n"


def _remaining(scenario: Scenario, explanation: Explanation, speaker: ShortfallSpeaker) -> Iterator[str]:
    """Yields the lines of what remains, State by State."""
    table = speaker.table
    yield from ("", f"## {table['audiences']['remains']}", "", table["opening"])
    if not explanation.shortfalls:
        yield from ("", table["nothing"])
    for state in dict.fromkeys(each.state for each in explanation.shortfalls):
        yield from ("", f"### {escaped(scenario.state(state).name)}")
        for each in explanation.shortfalls:
            if each.state == state:
                yield from ("", *speaker.shortfall(each))
