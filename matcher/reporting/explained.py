"""An explanation in words, addressed to somebody: Markdown that also reads well on a terminal."""

from __future__ import annotations

from matcher.explanation import Explanation
from matcher.reporting.languages import table_of
from matcher.reporting.layout import escaped
from matcher.reporting.shortfalls import ShortfallSpeaker
from matcher.scenario import Scenario


def explanation_markdown(scenario: Scenario, explanation: Explanation, language: str = "en") -> str:
    """Returns an explanation in a language.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    say, speaker = table_of(language), ShortfallSpeaker(scenario, language)
    lines = [f"# {say['title'].format(scenario=escaped(scenario.title or scenario.name))}", "", say["opening"]]
    if not explanation.shortfalls:
        lines += ["", say["nothing"]]
    for state in dict.fromkeys(each.state for each in explanation.shortfalls):
        lines += ["", f"## {escaped(scenario.state(state).name)}"]
        for each in explanation.shortfalls:
            if each.state == state:
                lines += ["", *speaker.shortfall(each)]
    return "\n".join(lines) + "\n"
