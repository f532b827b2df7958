"""Files made to do harm: each says one thing that no scenario may say, or says it without end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from small import small_document

BASE = json.dumps(small_document())
"""A right scenario, as JSON."""


RIGHT: list[tuple[str, Any]] = [("offers.t.years", None), ("offers.f.amount", {})]
"""Of the wrong values those that are right somewhere: years of its own, and amounts by year, may be left out."""


def attacks() -> Iterator[tuple[str, bytes]]:
    """Yields names with the ending that tells the format, and contents; none of them is a scenario."""
    parts = (_yaml_structures, _yaml_scalars, _json_texts, _encodings, _values, _identifiers, _sizes, _cut_short)
    for part in parts:
        for name, content in part():
            yield f"{part.__name__[1:]}-{name}", content if isinstance(content, bytes) else content.encode("utf-8")


Attack = tuple[str, str | bytes]


def _yaml_structures() -> Iterator[Attack]:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    texts = {
        "laughs": laughs,
        "alias": "name: &a x\ntitle: *a\n",
        "anchor": "name: &a x\n",
        "itself": "&a [*a]\n",
        "merge": "a: &a {name: x}\nb:\n  <<: *a\n",
        "merge-inline": "<<: {name: x}\n",
        "object": "name: !!python/object/apply:os.system ['true']\n",
        "object-new": "!!python/object/new:type [x]\n",
        "module": "name: !!python/module:os\n",
        "binary": "name: !!binary aGVsbG8=\n",
        "set": "states: !!set {A, B}\n",
        "omap": "states: !!omap [A: 1]\n",
        "timestamp": "name: !!timestamp 2015-01-01\n",
        "own-tag": "name: !danger x\n",
        "verbatim-tag": "name: !<tag:example.org,2000:x> y\n",
        "str-tag": "name: !!str 5\n",
        "documents": "name: a\n---\nname: b\n",
        "directive": "%YAML 9.9\n---\nname: a\n",
        "tag-directive": "%TAG ! tag:example.org,2000:\n---\nname: !x a\n",
        "complex-key": "? [a, b]\n: c\n",
        "mapping-key": "? {a: b}\n: c\n",
        "null-key": "~: x\n",
        "number-key": "5: x\n",
        "bool-key": "true: x\n",
        "duplicate": "name: a\nname: b\n",
        "duplicate-quoted": 'name: a\n"name": b\n',
        "duplicate-deep": "states:\n  A: {name: x, name: y}\n",
        "tab": "states:\n\tA: x\n",
        "unclosed": "states: [A, B\n",
        "unclosed-brace": "states: {A: 1\n",
        "unclosed-quote": 'name: "abc\n',
        "colon": "a: b: c\n",
        "dash": "- a\n- b\n",
        "scalar": "hello\n",
        "comment": "# nothing\n",
        "indent": "a:\n   b: 1\n  c: 2\n",
        "block-scalar": "name: |\n  a\n  b\nstates: >\n  c\n",
        "flow-end": "]\n",
        "percent": "%\n",
        "at": "name: @x\n",
        "backtick": "name: `x`\n",
    }
    yield from ((f"{name}.yaml", text) for name, text in texts.items())
    for depth in (100, 1_000, 20_000):
        yield f"lists-{depth}.yaml", "[" * depth
        yield f"lists-closed-{depth}.yaml", "[" * depth + "]" * depth
        yield f"maps-{depth}.yaml", "{a: " * depth
        yield f"dashes-{depth}.yaml", "- " * depth + "x\n"
    yield "indents.yaml", "".join(f"{' ' * n}a:\n" for n in range(400))


def _yaml_scalars() -> Iterator[Attack]:
    scalars = ["yes", "NO", "on", "~", "null", ".inf", "-.inf", ".nan", "1e999999", "0x", "0o8", "0b11", "1_00"]
    scalars += ["1:30", "2015-01-01", "++5", "1e3", "-1", "0.5", "9" * 400, "9" * 6000, "1." + "0" * 400, "true", "''"]
    for at, scalar in enumerate(scalars):
        yield f"quantity-{at}.yaml", BASE.replace('"quantity": 10', f'"quantity": {scalar}')


def _json_texts() -> Iterator[Attack]:
    texts = {
        "comment": '{"name": "a" /* x */}',
        "line-comment": '// x\n{"name": "a"}',
        "trailing-comma": '{"name": "a",}',
        "single-quotes": "{'name': 'a'}",
        "nan": BASE.replace("1000", "NaN"),
        "infinity": BASE.replace("1000", "Infinity"),
        "minus-infinity": BASE.replace("1000", "-Infinity"),
        "duplicate": BASE.replace('{"name": "small"', '{"name": "small", "name": "other"'),
        "duplicate-escaped": BASE.replace('{"name": "small"', '{"name": "small", "n\\u0061me": "other"'),
        "exponent": BASE.replace("1000", "1e999999999"),
        "leading-zero": BASE.replace("1000", "01000"),
        "bare-point": BASE.replace("1000", "1."),
        "point-first": BASE.replace("1000", ".5"),
        "digits": BASE.replace("1000", "9" * 5000),
        "half-pair": BASE.replace('"small"', '"\\ud800"'),
        "bad-escape": BASE.replace('"small"', '"\\x41"'),
        "control": BASE.replace('"small"', '"a\x01b"'),
        "escaped-null": BASE.replace('"small"', '"a\\u0000b"'),
        "newline": BASE.replace('"small"', '"a\nb"'),
        "array": "[]",
        "number": "5",
        "text": '"name"',
        "null": "null",
        "two": "{} {}",
        "after": BASE + "x",
        "lists": "[" * 100_000,
        "lists-closed": "[" * 100_000 + "]" * 100_000,
        "maps": '{"a":' * 50_000,
    }
    yield from ((f"{name}.json", text) for name, text in texts.items())


def _encodings() -> Iterator[Attack]:
    for ending in ("yaml", "json"):
        yield f"latin.{ending}", BASE.replace("Arland", "\u00c5land").encode("latin-1")
        yield f"mark.{ending}", b"\xef\xbb\xbf" + BASE.encode()
        yield f"utf16.{ending}", BASE.encode("utf-16")
        yield f"utf32.{ending}", BASE.encode("utf-32")
        yield f"utf16-bare.{ending}", BASE.encode("utf-16-le")
        yield f"overlong.{ending}", BASE.encode().replace(b"Arland", b"\xc0\xaf")
        yield f"surrogate.{ending}", BASE.encode().replace(b"Arland", b"\xed\xa0\x80")
        yield f"cut.{ending}", BASE.encode().replace(b"Arland", b"\xe2\x82")
        yield f"null.{ending}", BASE.encode().replace(b"Arland", b"A\x00B")
        yield f"zip.{ending}", b"PK\x03\x04" + bytes(200)
        yield f"random.{ending}", bytes(range(256)) * 4
        yield f"empty.{ending}", b""
        yield f"blank.{ending}", b" \n" * 50


def _values() -> Iterator[Attack]:
    wrong: list[Any] = [True, None, "5", [], {}, 1.5, -1, 10**18, 10**40, "\u0661\u0662", "1e3"]
    places = ["needs.n.quantity", "offers.f.amount", "offers.t.price", "states.A.deadline", "horizon", "offers.t.years"]
    for place in places:
        for at, value in enumerate(wrong):
            if (place, value) in RIGHT:
                continue
            document = small_document()
            *parents, last = place.split(".")
            here = document
            for part in parents:
                here = here[part]
            here[last] = value
            yield f"{place}-{at}.json", json.dumps(document)


def _identifiers() -> Iterator[Attack]:
    names = ["../../etc/passwd", "/etc/passwd", "C:\\x", "..", ".", "", " ", "a b", "-rf", ".hidden", "a/b", "a\\b"]
    names += ["\u0410rland", "A\u200bB", "\u202eA", "a\u0301", "A\u00ad", "\ufeffA", "\U0001f4a3", "a\tb", "a\x7f"]
    names += ["x" * 300, "%2e%2e", "a:b", "a;b", "$(true)", "`true`", "a|b", "a*b", "\u2028", "con "]
    for at, name in enumerate(names):
        yield f"scenario-{at}.json", json.dumps(small_document({"name": name}))
        document = small_document()
        document["states"] = {name: document["states"]["A"]}
        document["needs"]["n"]["state"] = name
        yield f"state-{at}.json", json.dumps(document)


def _sizes() -> Iterator[Attack]:
    yield "keys.json", json.dumps({f"k{n}": n for n in range(20_000)})
    yield "needs.json", json.dumps({"needs": {f"n{n}": {} for n in range(10_000)}})
    yield "text.json", BASE.replace("Arland", "x" * 900_000)
    yield "elements.json", json.dumps({"horizon": list(range(40_000))})
    yield "spaces.yaml", "name:" + " " * 500_000 + "x\n"
    yield "comments.yaml", "# x\n" * 100_000
    yield "keys.yaml", "".join(f"k{n}: {n}\n" for n in range(8_000))


def _cut_short() -> Iterator[Attack]:
    for at in range(1, 20):
        yield f"{at}.json", BASE[: len(BASE) * at // 20]
