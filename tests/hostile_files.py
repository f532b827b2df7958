"""Files made to do harm: each says one thing that no scenario may say, or says it without end.

Measures what each of the large ones takes to refuse, in a process of its own::

    python tests/hostile_files.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smallest_scenario import small_document

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


@dataclass(frozen=True)
class Load:
    """Files that would fill the memory or take minutes, and the program that is given them."""

    name: str
    program: tuple[str, ...]
    """``-m matcher COMMAND``, or the checker's folder; names of files stand where they are given."""
    files: dict[str, str]

    def write(self, folder: Path) -> None:
        """Writes the files."""
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Taken:
    """What became of a program in limits."""

    code: int
    """Exit code; negative if a limit, or anything else, killed it."""
    output: str
    seconds: float
    """Of a core: other work on the machine does not count."""
    peak: int
    """MiB."""


MOST_SECONDS = 10
"""Of a core: four times what the slowest takes."""
MOST_MEMORY = 400
"""MiB of data: more than twice what the largest takes."""
WITHIN_LIMITS = """
import resource, runpy, sys
seconds, mebibytes, report, *sys.argv = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
resource.setrlimit(resource.RLIMIT_DATA, (int(mebibytes) << 20, int(mebibytes) << 20))
code = 0
try:
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as stop:
    code = stop.code
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
open(report, "w").write(f"{code} {used.ru_utime + used.ru_stime} {int(peak) >> 10}")
"""


def taken(load: Load, folder: Path) -> Taken:
    """Runs a load's program on its files within the limits, and returns what it took."""
    load.write(folder)
    report = folder / "taken"
    limits = [str(MOST_SECONDS), str(MOST_MEMORY), str(report)]
    command = [sys.executable, "-c", WITHIN_LIMITS, *limits, *load.program]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False, env=environment
    )
    output = done.stdout + done.stderr
    if not report.exists():
        return Taken(done.returncode or -1, output, float("inf"), MOST_MEMORY)
    code, seconds, peak = report.read_text(encoding="utf-8").split()
    return Taken(int(code), output, float(seconds), int(peak))


MANY = 1_000_000
CHECKER = str(Path(__file__).resolve().parent.parent / "matcher" / "verification")


def loads() -> Iterator[Load]:
    """Yields every load; none of them may come to a limit, and none of the files is right."""
    yield from _heavy_scenarios()
    yield from _heavy_portfolios()
    yield from _heavy_results()
    yield from _heavy_for_the_checker()


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def _instead(path: str, placeholder: str, text: str) -> str:
    """The small scenario with a text where a value stands: quicker than to write a list of millions."""
    return _text(small_document({path: placeholder})).replace(f'"{placeholder}"', text)


def _ones(times: int) -> str:
    return "[" + ",".join(["1"] * times) + "]"


def _heavy_scenarios() -> Iterator[Load]:
    many_states = {f"state-number-{n}": {"name": "x", "deadline": 2016} for n in range(1900)}
    needs = {f"n{n}": {"state": f"stat-numbre-{n}", "capability": "clearanse", "quantity": 1} for n in range(4000)}
    alike = {f"{'a' * 59}{n}": {"name": "x", "deadline": 2016} for n in range(1900)}
    unlike = {f"n{n}": {"state": f"b{'a' * 58}{n}", "capability": "clearance", "quantity": 1} for n in range(2000)}
    texts = {
        "numbers.json": _instead("horizon", "@", _ones(3 * MANY)),
        "numbers.yaml": _instead("horizon", "@", _ones(3 * MANY)),
        "lines.yaml": "horizon:\n" + "- 1\n" * (MANY + MANY // 2),
        "unclosed.json": '{"horizon":[' + "1," * (3 * MANY),
        "late.json": _instead("horizon", "@", "[" + "1," * MANY + "01]"),
        "late-again.json": _instead("horizon", "@", "[" + "1," * MANY + '{"a":1,"a":2}]'),
        "lists.json": _instead("horizon", "@", "[" + ",".join(["[]"] * MANY) + "]"),
        "pins.json": _instead("decisions", "@", '{"pins":' + _ones(2 * MANY) + "}"),
        "order.json": _instead("objectives", "@", '{"order":' + _ones(MANY) + "}"),
        "same-order.json": _text(small_document({"objectives": {"order": [{"objective": "cost"}] * 15_000}})),
        "states.json": _instead("offers.f.states", "@", _ones(MANY)),
        "fit.json": _text(small_document({"offers.f.fit": {f"s{n}": 7 for n in range(300_000)}})),
        "years.json": _text(small_document({"offers.f.amount": {f"2025-{n}": 7 for n in range(300_000)}})),
        "unknown-in-need.json": _text(small_document({"needs.n": {f"k{n}": n for n in range(300_000)}})),
        "unknown.json": _text({f"k{n}": n for n in range(400_000)}),
        "needs.json": _text(small_document({"needs": {f"n{n}": {} for n in range(300_000)}})),
        "unknown-names.json": _text(small_document({"states": many_states, "needs": needs})),
        "alike-names.json": _text(small_document({"states": alike, "needs": unlike})),
        "long-key.json": _text(small_document({"needs.n": {"k" * MANY: 1, **{f"k{n}": 1 for n in range(900)}}})),
        "long-keys.json": _text({f"{n}{'k' * 5000}": 1 for n in range(1000)}),
        "digits.json": _instead("needs.n.quantity", "@", "9" * 6 * MANY),
        "digits.yaml": _instead("needs.n.quantity", "@", "9" * 6 * MANY),
        "overrides.json": _instead("overrides", "@", _ones(3 * MANY)),
        "override-names.json": _text(small_document({"overrides": {f"o{n}": 1 for n in range(300_000)}})),
    }
    for name, text in texts.items():
        yield Load(name, ("-m", "matcher", "check", name), {name: text})


def _heavy_portfolios() -> Iterator[Load]:
    head = f'{{"portfolio":1,"scenario":"small","scenario_hash":"{"0" * 64}",'
    engagement = {"offer": "f", "state": "A", "years": [2015, 10**7]}
    texts = {
        "late-year": f'{head}"engagements":[{_text(engagement)}]}}',
        "flows": f'{head}"flows":{_ones(3 * MANY)}}}',
        "empty-flows": f'{head}"flows":[{",".join(["{}"] * MANY)}]}}',
        "wide-flow": f'{head}"flows":[{_text({f"k{n}": n for n in range(300_000)})}]}}',
        "wide": head + _text({f"k{n}": n for n in range(300_000)})[1:],
        "deep": head + '"flows":' + "[" * MANY,
        "nested": '{"portfolio":' * 100_000,
    }
    for name, text in texts.items():
        files = {"s.json": BASE, "p.json": text}
        yield Load(f"verify-{name}", ("-m", "matcher", "verify", "s.json", "p.json"), files)


def _heavy_results() -> Iterator[Load]:
    texts = {
        "stages": f'{{"result":1,"stages":{_ones(3 * MANY)}}}',
        "flows": f'{{"result":1,"portfolio":{{"flows":{_ones(3 * MANY)}}}}}',
        "unknown": _text({f"k{n}": n for n in range(400_000)}),
        "deep": '{"result":' + "[" * MANY,
        "conflicts": f'{{"result":1,"conflicts":{_ones(3 * MANY)}}}',
    }
    for name, text in texts.items():
        files = {"s.json": BASE, "result.json": text, "scenario.resolved.json": BASE}
        yield Load(f"show-{name}", ("-m", "matcher", "show", "result.json"), files)
    yield Load("compare", ("-m", "matcher", "compare", "result.json", "result.json"), files)
    yield Load("explain", ("-m", "matcher", "explain", "result.json"), files)


def _heavy_for_the_checker() -> Iterator[Load]:
    portfolio = {"scenario": "small", "scenario_hash": "0" * 64}
    run = {"offer": "f", "state": "A", "years": [2015, 10**7]}
    flow = {"financier": "f", "implementer": "t", "need": "n", "kind": "operator", "quantity": 1, "money": 72}
    flows = [{**flow, "year": year} for year in range(10**9, 10**9 + 30_000)]
    runs = [{**run, "years": [year, year + 10**9]} for year in range(30_000)]
    figure = {"objective": "coverage", "exact": "7" * 3 * MANY}
    after = {"needs.n.after": [{"need": "n", "lag": -(10**9)}] * 2000}
    pins = {"decisions": {"pins": [{"offer": "f", "state": "A", "years": [1, 10**9]}] * 1000}}
    cases: dict[str, tuple[str, str]] = {
        "late-year": (BASE, _text({**portfolio, "engagements": [run]})),
        "later-year": (BASE, _text({**portfolio, "engagements": [{**run, "years": [2015, 10**30]}]})),
        "flows-in-odd-years": (BASE, _text({**portfolio, "flows": flows})),
        "runs-without-end": (BASE, _text({**portfolio, "engagements": runs})),
        "horizon": (_text(small_document({"horizon": [1, 10**9]})), _text(portfolio)),
        "pins": (_text(small_document(pins)), _text(portfolio)),
        "lags": (_text(small_document(after)), _text({**portfolio, "flows": flows[:5]})),
        "min-years": (
            _text(small_document({"offers.f.min_years": 10**18})),
            _text({**portfolio, "engagements": [run]}),
        ),
        "exponent": (_instead("needs.n.weight", "@", "1e400"), _text(portfolio)),
        "digits": (_instead("needs.n.quantity", "@", "9" * 6 * MANY), _text(portfolio)),
        "decimals": (_instead("needs.n.weight", "@", "1." + "9" * 6 * MANY), _text(portfolio)),
        "figure": (BASE, _text({"result": 1, "portfolio": portfolio, "figures": [figure]})),
        "flows": (BASE, _text(portfolio)[:-1] + f',"flows":{_ones(3 * MANY)}}}'),
        "flow-of-a-list": (BASE, _text({**portfolio, "flows": [{"implementer": 1}]}).replace("1}", _ones(MANY) + "}")),
        "deep": ("[" * MANY, "{}"),
    }
    for name, (scenario, answer) in cases.items():
        yield Load(f"checker-{name}", (CHECKER, "s.json", "p.json"), {"s.json": scenario, "p.json": answer})


def main() -> None:
    """Writes what every load takes."""
    for load in loads():
        with tempfile.TemporaryDirectory() as folder:
            found = taken(load, Path(folder))
        size = sum(len(text) for text in load.files.values())
        row = f"{load.name:28} {size / 10**6:6.1f} MB {found.seconds:7.2f} s {found.peak:5} MiB, exit {found.code}"
        sys.stdout.write(f"{row}: {found.output.strip().splitlines()[-1][:80] if found.output.strip() else ''}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
