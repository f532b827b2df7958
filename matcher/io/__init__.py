"""Scenarios and portfolios from files, and results into files.

`reading` (of scenarios) and `answers` (of portfolios and results) are the way in, over `text_file`,
`yaml_text` or `json_text` with `json_places`, and `overrides`; every one of them says what is wrong as faults
of a `document`. `writing` and `run_directory` are the way out.
"""

from matcher.io.answers import load_portfolio, load_result
from matcher.io.overrides import FIELD as OVERRIDES
from matcher.io.portfolio_table import portfolio_csv
from matcher.io.reading import Format, load, loads, override_names
from matcher.io.run_directory import (
    MANIFEST,
    RESULT_FILE,
    SCENARIO_FILE,
    check_run_directory,
    recover,
    write_run,
)
from matcher.io.writing import canonical_json, default_run_directory, scenario_document, write_atomically, write_new

__all__ = [
    "MANIFEST",
    "OVERRIDES",
    "RESULT_FILE",
    "SCENARIO_FILE",
    "Format",
    "canonical_json",
    "check_run_directory",
    "default_run_directory",
    "load",
    "load_portfolio",
    "load_result",
    "loads",
    "override_names",
    "portfolio_csv",
    "recover",
    "scenario_document",
    "write_atomically",
    "write_new",
    "write_run",
]
