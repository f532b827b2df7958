"""Reading a saved run again, once its files are what its manifest lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matcher.errors import InvalidOptions
from matcher.io import MANIFEST, RESULT_FILE, SCENARIO_FILE, load, load_result
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, scenario_hash
from matcher.reporting.verified import finding_text
from matcher.scenario import Scenario
from matcher.verification import file_findings
from matcher.verification.documents import read_document
from matcher.verification.first_edition import first_edition_hash
from matcher.verification.manifest import UNLISTED

Warn = Callable[[str], None]
"""Is told, a line each, how a folder is not as it was saved where it can be read all the same."""


def read_portfolio(run: Path, warn: Warn, language: str = "en") -> tuple[Scenario, Portfolio]:
    """Reads the portfolio of a saved run, with its scenario; arguments as of `read_run`.

    Raises
    ------
    InvalidOptions
        if the run holds none, and as `read_run`.
    InvalidInput
        as `read_run`.
    """
    scenario, result = read_run(run, warn, language=language)
    if result.portfolio is None:
        raise InvalidOptions(f"{run} holds no portfolio: its summary says why")
    return scenario, result.portfolio


def read_run(path: Path, warn: Warn, scenario: Path | None = None, *, language: str = "en") -> tuple[Scenario, Result]:
    """Reads a saved result, from its file or its directory, with the scenario saved beside it.

    Parameters
    ----------
    warn
        Is told how the directory is not what its manifest lists, or that it has no manifest.
    scenario
        File of the scenario, where it is not saved beside the result.
    language
        Of what is not the independent checker's: that speaks English.

    Raises
    ------
    InvalidOptions
        if the manifest, or a file that is read, is not as it was saved; or if there is no scenario, or another one.
    InvalidInput
        if the result or the scenario cannot be understood.
    """
    file = path / RESULT_FILE if path.is_dir() else path
    _check_manifest(file, warn, (file.name,) if scenario else (file.name, SCENARIO_FILE), language)
    result = load_result(file)
    beside = scenario or file.parent / SCENARIO_FILE
    if not beside.is_file():
        raise InvalidOptions(f"{beside} is not there: name the scenario of {file} (matcher show: --scenario FILE)")
    loaded = load(beside)
    if scenario_hash(loaded) == result.scenario_hash:
        return loaded, result
    if _first_edition_hash(beside) == result.scenario_hash:
        return loaded, _readdressed(result, scenario_hash(loaded))
    raise InvalidOptions(f"{file} answers another scenario than {beside}")


def _first_edition_hash(scenario: Path) -> str | None:
    """The hash that a run of the first edition gave the scenario saved in a file; None for other files."""
    try:
        return first_edition_hash(read_document(scenario))
    except ValueError:  # a file of the user's own, in YAML
        return None


def _readdressed(result: Result, digest: str) -> Result:
    """A result of the first edition as one for the same scenario in the second."""
    portfolio = result.portfolio
    if portfolio is not None:
        portfolio = portfolio.with_fields(scenario_hash=digest)
    return result.with_fields(scenario_hash=digest, portfolio=portfolio)


def _check_manifest(file: Path, warn: Warn, read: Sequence[str], language: str) -> None:
    """Says how the directory of a result is not as it was saved; refuses to read a changed file of it.

    A result under a name of the user's own, which no run wrote, may stand beside: that nothing lists it is a warning.
    """
    folder = file.parent
    if not file.is_file():
        return  # told by who reads it
    if not (folder / MANIFEST).exists():
        warn(finding_text("no_manifest", {"file": file}, language=language))
        return
    off = [each for each in file_findings(folder) if not each.ok]
    for each in off:
        warn(f"{folder}: {each.text}")
    beside = "" if file.name == RESULT_FILE else f"{file.name} {UNLISTED}"
    changed = [each.where for each in off if each.where in (MANIFEST, *read) and each.text != beside]
    if changed:
        raise InvalidOptions(
            f"{folder} is not as it was saved ({', '.join(changed)}), so it is not read; "
            f"'matcher verify {folder}' says what no longer holds"
        )
