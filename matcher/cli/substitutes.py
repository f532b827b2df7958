"""What is written in place of characters that a stream cannot write, so that output never fails for them."""

from __future__ import annotations

import codecs
import re
import unicodedata

READABLE = "matcher-readable"
"""Error handler of streams for people: a like character where there is one, else an escape."""
ESCAPED = "matcher-escaped"
"""Error handler of JSON documents, which stay exact: the escape that JSON has for any character."""
LIKE = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),  # hyphens, dashes, minus
        **dict.fromkeys("\u2018\u2019\u201a\u02bc\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2022\u00b7\u2219", "*"),
        "\u2026": "...",
        "\u2190": "<-",
        "\u2192": "->",
        "\u2194": "<->",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u2260": "!=",
        "\u2248": "~",
        "\u00d7": "x",
        "\u2044": "/",
        "\u20ac": "EUR",
        "\u00a3": "GBP",
        "\u00a5": "JPY",
        "\u0131": "i",  # without a dot
        "\u00c6": "AE",
        "\u00e6": "ae",
        "\u0152": "OE",
        "\u0153": "oe",
        "\u00d8": "O",
        "\u00f8": "o",
        "\u0110": "D",
        "\u0111": "d",
        "\u0141": "L",
        "\u0142": "l",
        "\u00d0": "D",
        "\u00f0": "d",
        "\u00de": "Th",
        "\u00fe": "th",
        "\u00df": "ss",
    }
)
"""Like characters of those that are no letter with a mark on it."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def with_names_read(text: str) -> str:
    """Returns text with the bytes of file names read as UTF-8, whatever the locale took them for.

    Python keeps bytes that it cannot read as lone surrogates, which no file of text can hold. Those that are no
    UTF-8 either, and any other lone surrogate, are written as escapes.
    """
    if not _SURROGATES.search(text):
        return text
    text = _NO_BYTES.sub(lambda found: f"\\u{ord(found[0]):x}", text)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plain(text: str) -> str:
    """Returns text in ASCII: each character, or what is like it, or else an escape."""
    return "".join(map(_plain, with_names_read(text)))


def _plain(character: str) -> str:
    bare = "".join(each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each))
    likely = (character, character.translate(LIKE), bare.translate(LIKE))
    return next((like for like in likely if like.isascii()), character.encode("ascii", "backslashreplace").decode())


def _readably(error: UnicodeError) -> tuple[str | bytes, int]:
    """Substitutes in ASCII, as an error does not say what else the stream can write; UTF-8 lacks only surrogates."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    run = error.object[error.start : error.end]
    return with_names_read(run).encode() if error.encoding == "utf-8" else plain(run), error.end


def _escaping(error: UnicodeError) -> tuple[str, int]:
    """Escapes as JSON does: characters beyond the first 65,536 as two halves."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    halves = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    codes = (halves[at : at + 2].hex() for at in range(0, len(halves), 2))
    return "".join(f"\\u{code}" for code in codes), error.end


codecs.register_error(READABLE, _readably)
codecs.register_error(ESCAPED, _escaping)
