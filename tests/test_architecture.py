"""The shape of the tree: imports point down, the README and the command line agree."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import typer
from importlinter.cli import lint_imports

from matcher.cli.app import COMMANDS, app
from matcher.cli.exits import Exit

TREE = Path(__file__).parent.parent
PACKAGE = TREE / "matcher"
README = (TREE / "README.md").read_text(encoding="utf-8")
MODULES = sorted(PACKAGE.rglob("*.py"))


def marked_commands() -> list[str]:
    """Returns the commands of the README that the build runs word for word."""
    return re.findall(r"<!-- ci: \w+ -->\n```sh\n(.+)\n```", README)


def test_import_contracts_hold() -> None:
    """Imports only point downwards, the checker stands alone, only backends know the solvers."""
    assert lint_imports(config_filename=str(TREE / "pyproject.toml"), no_cache=True) == 0


def test_every_command_is_in_the_readme() -> None:
    """The README's table of commands is the command line's."""
    table = re.findall(r"^\| `matcher (\w+)", README, flags=re.MULTILINE)
    assert table == list(COMMANDS)


def test_every_option_of_solve_is_in_the_readme() -> None:
    """The README names every option of the main command."""
    solve = typer.main.get_command(app).commands["solve"]  # type: ignore[attr-defined]
    options = {name for parameter in solve.params for name in parameter.opts if name.startswith("-")}
    missing = sorted(option for option in options if f"`{option}" not in README)
    assert missing == []


def test_every_exit_code_is_in_the_readme() -> None:
    """The README explains every exit code."""
    rows = re.findall(r"^\| (\d+) \|", README, flags=re.MULTILINE)
    assert [int(row) for row in rows] == [int(code) for code in Exit]


def test_readme_commands_exist() -> None:
    """What the README calls with ``matcher`` are commands of the command line."""
    called = re.findall(r"(?:^|[/ ])matcher (\w+) ", "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)))
    assert called
    assert set(called) <= set(COMMANDS)


def test_readme_has_the_two_commands_that_the_build_runs() -> None:
    """One command installs and solves, one installs and tests; both files that they name exist."""
    solve, test = marked_commands()
    (scenario,) = re.findall(r"matcher solve (\S+)", solve)
    assert (TREE / scenario).is_file()
    assert "pytest" in test


def test_readme_layout_names_files_that_exist() -> None:
    """The README's layout lists every module and package, and nothing else."""
    listed = set(re.findall(r"^  ([a-z_]+)(?:\.py|/)", README.partition("## Layout")[2], flags=re.MULTILINE))
    found = {path.stem for path in PACKAGE.iterdir() if path.name[0] not in "_." and path.name != "py.typed"}
    assert listed == found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TREE)))
def test_modules_are_small_and_explained(path: Path) -> None:
    """A module has a docstring and at most 500 lines, a function at most 60."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 500
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 60]
    assert long == []


def test_lower_bounds_are_stated() -> None:
    """Every dependency states the oldest version that will do, and none is pinned from above."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        assert re.fullmatch(r"[A-Za-z]+>=[\d.]+", requirement)
