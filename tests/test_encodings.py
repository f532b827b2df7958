"""Whatever a terminal or pipe can write, no command dies of a character that it cannot."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from matcher.cli import app, doctor, run
from matcher.cli.exits import Exit
from matcher.cli.substitutes import ESCAPED, LIKE, READABLE, plain, with_names_read
from matcher.io import scenario_document
from sample_result import SCENARIO

if TYPE_CHECKING:
    from fake_engine import StandIn

pytest_plugins = ("fake_engine",)
TREE = Path(__file__).parents[1]
ENCODINGS = ("ascii", "latin-1", "cp1252", "cp850", "utf-8")
IVORY = "Côte d\N{RIGHT SINGLE QUOTATION MARK}Ivoire"
SHOWN = {
    "ascii": "Cote d'Ivoire",
    "latin-1": "Côte d'Ivoire",
    "cp1252": IVORY,
    "cp850": "Côte d'Ivoire",
    "utf-8": IVORY,
}
"""How the name of a State is written."""
FOREIGN = "Türkiye \N{RIGHTWARDS ARROW} Мир \N{GREATER-THAN OR EQUAL TO} \N{PARTY POPPER}"
DATA: tuple[str, ...] = (
    "check named.json --json",
    "check faulty.json --json",
    "show out --json",
    "show out --state AAA --json",
    "explain out --only idle --json",
    "compare out out --json",
    "verify out --json",
    "round talks --scenario named.json --json",
    "solve named.json -o other --json",
    "schema result",
    "doctor --json",
)
"""Commands that write a document."""
WORDS: tuple[str, ...] = (
    "check named.json",
    "show out",
    "show out --state AAA",
    "explain out --only idle",
    "explain out --only why_not --no-ledger --language fr",
    "compare out changed --language fr",
    "verify out",
    "round talks --scenario named.json --language fr",
    "solve named.json -o other --bundle",
    "new Türkiye.yaml",
    "doctor",
    "--version",
    "--help",
    *(f"{command} --help" for command in app.COMMANDS),
)
"""Commands that write words and succeed."""
INCOMPLETE = "verify out"
"""Finds fault with the result of the stand-in, which does not state every figure."""
REFUSALS: tuple[str, ...] = (
    "check faulty.json",
    "check Çorum→.yaml",
    "check caf\udce9.yaml",
    "show out --state Côte",
    "show Çorum→",
    "compare out out --language ō",
    "solve named.json --order →",
    "solve named.json --override Ōta",
    "new Çorum/→.yaml",
    "new --name Čáp",
    "round talks --scenario named.json --veto →",
    "schema →",
    "→",
    "--→",
)
"""Commands that are refused, with what was wrong in the words."""


def named() -> dict[str, Any]:
    """Returns the sample with names that not every encoding can write."""
    document = deepcopy(SCENARIO)
    document["states"]["AAA"]["name"] = IVORY
    document["states"]["BBB"]["name"] = FOREIGN
    document["objectives"] = {
        "order": [{"objective": "completions"}, {"objective": "cost"}]
    }  # as the stand-in's result
    document["providers"]["nor"]["name"] = f"{FOREIGN} \N{NO-BREAK SPACE}½"
    return document


@pytest.fixture
def folder(home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the current directory, with a scenario, a faulty one and two saved runs in it."""
    monkeypatch.setattr(doctor, "ENGINES", ())
    document = named()
    (home / "named.json").write_text(json.dumps(document), encoding="utf-8")
    assert run(["solve", "named.json", "-o", "out", "--quiet"]) == 0
    document["offers"]["nor-grant"]["amount"] = 999
    (home / "changed.json").write_text(json.dumps(document), encoding="utf-8")
    assert run(["solve", "changed.json", "-o", "changed", "--quiet"]) == 0
    document["needs"]["A1"]["state"] = FOREIGN
    document["Zoë→"] = 1
    (home / "faulty.json").write_text(json.dumps(document), encoding="utf-8")
    return home


def told(monkeypatch: pytest.MonkeyPatch, command: str, encoding: str) -> tuple[int, str, str]:
    """Runs a command with streams of an encoding; returns its exit code, and what is on stdout and stderr."""
    out, talk = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", talk)
        patch.setattr(sys, "argv", ["matcher", *command.split(" ")])
        with pytest.raises(SystemExit) as stop:
            app.main()
    written, said = (each.buffer.getvalue().decode(encoding) for each in (out, talk))  # type: ignore[attr-defined]
    assert isinstance(stop.value.code, int)
    assert "internal error" not in said
    return stop.value.code, written, said


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", WORDS)
def test_words_are_written(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, encoding: str) -> None:
    """A like character stands for one that is lacking; names that can be written are."""
    code, out, talk = told(monkeypatch, command, encoding)
    assert code == (Exit.FAILED if command == INCOMPLETE else Exit.DONE), talk
    assert out or command.startswith("new")
    if command in ("show out", "show out --state AAA"):
        assert SHOWN[encoding] in out
    if command == "new Türkiye.yaml":
        assert ("Turkiye.yaml" if encoding == "ascii" else "Türkiye.yaml") in talk
        assert (folder / "Türkiye.yaml").exists()
    assert "\N{REPLACEMENT CHARACTER}" not in out + talk


@pytest.mark.parametrize("command", DATA)
def test_documents_stay_exact(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """In every encoding a document is the same data."""
    found = {}
    for encoding in ENCODINGS:
        code, out, talk = told(monkeypatch, command.replace("talks", f"talks-{encoding}"), encoding)
        refused = Exit.INVALID if "faulty" in command else Exit.FAILED if INCOMPLETE in command else Exit.DONE
        assert code == refused, talk
        found[encoding] = json.loads(out)
    assert all(each == found["utf-8"] for each in found.values())
    if "faulty" in command:
        assert FOREIGN in json.dumps(found["ascii"], ensure_ascii=False)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", REFUSALS)
def test_refusals_are_written(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, encoding: str) -> None:
    """What was wrong is told with something like it, on stderr alone."""
    code, out, talk = told(monkeypatch, command, encoding)
    assert (code, out) == (2, "")
    if "→" in command and "veto" not in command:
        assert ("→" if encoding == "utf-8" else "->") in talk
    if "caf" in command:
        assert "caf\\xe9.yaml" in talk


def test_substitutes_are_like_what_they_stand_for() -> None:
    """Letters lose their marks, signs become the nearest in ASCII, and what is like nothing is escaped."""
    assert plain("Côte d\N{RIGHT SINGLE QUOTATION MARK}Ivoire, Łódź, Đà Nẵng, \u0130zmir, Diyarbak\u0131r") == (
        "Cote d'Ivoire, Lodz, Da Nang, Izmir, Diyarbakir"
    )
    assert plain("œuvre ß ø 3 m² ½ … → ≥ ≤ \u00ab\u00a0x\u00a0\u00bb 1\u202f000 €") == (
        'oeuvre ss o 3 m2 1/2 ... -> >= <= " x " 1 000 EUR'
    )
    assert plain("n\u0303 Мир \N{PARTY POPPER}") == "n \\u041c\\u0438\\u0440 \\U0001f389"
    assert all(plain(chr(each)).isascii() for each in range(0x10FFFF + 1)[::97])
    assert all(like.isascii() for like in LIKE.values())


def test_names_of_files_are_read_whatever_the_locale() -> None:
    """Bytes that a locale could not read are UTF-8 nearly always; others are escaped, as is no character at all."""
    assert with_names_read(os.fsencode("Çorum.yaml").decode("ascii", "surrogateescape")) == "Çorum.yaml"
    assert with_names_read("caf\udce9 \ud800 é") == "caf\\xe9 \\ud800 é"
    assert "C\udcc3\udc87".encode("utf-8", READABLE) == "CÇ".encode()
    assert "C\udcc3\udc87".encode("latin-1", READABLE) == b"CC"


@pytest.mark.parametrize("handler", [READABLE, ESCAPED])
def test_substitutes_are_for_writing_only(handler: str) -> None:
    """What cannot be read is an error as ever."""
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", handler)


def test_a_stream_that_is_no_file_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller may have put something of its own in place of stdout; it takes any character."""
    out = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "argv", ["matcher", "show", "out"])
        with pytest.raises(SystemExit):
            app.main()
    assert IVORY in out.getvalue()


# Real processes: the locale of the system decides


def environment(**more: str) -> dict[str, str]:
    """Returns an environment of a locale in which this tree's package is run, and files need a named encoding."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    return {**usual, "PYTHONPATH": str(TREE), "PYTHONWARNDEFAULTENCODING": "1", **more}


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SURROUNDINGS = {
    "C locale": C_LOCALE,
    "POSIX locale": {**C_LOCALE, "LC_ALL": "POSIX"},
    "latin-1": {**C_LOCALE, "PYTHONIOENCODING": "latin-1"},
    "cp850": {"PYTHONUTF8": "1", "PYTHONIOENCODING": "cp850"},
}


def ran(folder: Path, arguments: list[str | bytes], **more: str) -> tuple[bytes, bytes]:
    """Runs the interpreter and returns stdout and stderr."""
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment(**more), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "backslashreplace")
    return done.stdout, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes, and C is a locale of ASCII")
def test_files_are_utf_8_in_every_locale(tmp_path: Path) -> None:
    """A scenario whose name the locale cannot read is solved, saved, shown and checked, with the same bytes."""
    document = named()
    document["objectives"] = {"order": [{"objective": "completions"}]}
    (tmp_path / "Çorum.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    found = []
    for name, surroundings in {"UTF-8": {"PYTHONUTF8": "1"}, **SURROUNDINGS}.items():
        place = f"Ürün {name}"
        solve = ["-m", "matcher", "solve", "Çorum.json".encode(), "--bundle", "-o", place.encode()]
        _, talk = ran(tmp_path, solve, **surroundings)
        assert b"Urun" in talk or "Ürün".encode(surroundings.get("PYTHONIOENCODING", "utf-8")) in talk
        written = {each.name: each.read_bytes() for each in (tmp_path / place).iterdir()}
        found.append({each: written[each] for each in ("bundle.json", "result.json", "summary.md", "portfolio.csv")})
        assert "Ürün" in written["log.txt"].decode("utf-8")
    assert all(each == found[0] for each in found)
    assert json.loads(found[0]["bundle.json"])["inputs"][0]["name"] == "Çorum.json"
    assert IVORY in found[0]["summary.md"].decode("utf-8")
    out, _ = ran(tmp_path, ["-m", "matcher", "show", "Ürün C locale".encode()], **C_LOCALE)
    assert b"Cote d'Ivoire" in out
    out, _ = ran(tmp_path, [str(TREE / "matcher" / "verification"), "Ürün C locale".encode()], **C_LOCALE)
    assert out.isascii()


def test_the_program_alone_does_not_die_of_a_name(tmp_path: Path) -> None:
    """The checker without the package escapes what it cannot write."""
    from matcher.scenario import Scenario

    scenario = scenario_document(Scenario.from_data(named()))
    (tmp_path / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
    missing = {"\N{RIGHTWARDS ARROW}": 1}
    (tmp_path / "portfolio.json").write_text(json.dumps(missing), encoding="utf-8")
    command = [sys.executable, str(TREE / "matcher" / "verification"), "scenario.json", "→.json"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(PYTHONIOENCODING="ascii"), capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"\\u2192.json" in done.stderr
