"""Words that lose their last letter before a vowel, as French "de" and "que" do: where names are put into sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any, Self

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
VOWELS = frozenset("aeiouœæ")
MUTE = ("habit", "hect", "helvét", "heure", "haïti", "hiver", "homme", "humain", "humanit", "hôpita", "hydr")
"""How words with a mute h open; no rule tells it from the other h, so before the rest nothing is elided."""


class Sentence(str):
    """A sentence with fields, before which its language elides some words: "de {unit}" loses its e before "ares"."""

    __slots__ = ("elided",)
    elided: tuple[str, ...]

    def __new__(cls, text: str, elided: Collection[str]) -> Self:
        sentence = super().__new__(cls, text)
        sentence.elided = tuple(elided)
        return sentence

    def __str__(self) -> str:
        return self  # still a sentence, and not its bare text

    def format(self, *values: object, **fields: object) -> str:
        """Returns the sentence with its fields filled in, as text."""

        def joined(found: re.Match[str]) -> str:
            word, name = found.groups()
            return f"{word[:-1]}{APOSTROPHE}{{{name}}}" if opens_with_vowel(str(fields.get(name, ""))) else found[0]

        words = "|".join(self.elided)
        return str.format(re.sub(rf"\b({words}) \{{(\w+)\}}", joined, self, flags=re.IGNORECASE), *values, **fields)


def opens_with_vowel(text: str) -> bool:
    """Returns whether a word before which French elides comes first: an opening vowel or mute h."""
    plain = text.casefold()
    if plain.startswith("y"):  # "Ypres" does, "Yaoundé" does not
        return len(plain) > 1 and plain[1].isalpha() and not _is_vowel(plain[1])
    return _is_vowel(plain[:1]) or plain.startswith(MUTE)


def _is_vowel(letter: str) -> bool:
    return unicodedata.normalize("NFD", letter)[:1] in VOWELS


def sentences(table: dict[Any, Any], elided: Collection[str]) -> dict[Any, Any]:
    """Returns the table of a language with every text a sentence in which those words are elided."""
    return {key: _said(value, elided) for key, value in table.items()}


def _said(value: Any, elided: Collection[str]) -> Any:
    if isinstance(value, dict):
        return sentences(value, elided)
    return Sentence(value, elided) if isinstance(value, str) else value
