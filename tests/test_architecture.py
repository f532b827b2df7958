"""The shape of the tree: imports point down, the README and the command line agree."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
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


PLANTED = {
    "a solver in the explanations": ("explanation/curves.py", "import ortools"),
    "our exceptions in the checker": ("verification/checker.py", "import matcher.errors"),
    "a solver in the reports": ("reporting/terminal.py", "import matcher.solvers.engines"),
    "a command line in the runs": ("runs/reading.py", "import typer"),
    "reports in the screening": ("screening/cautions.py", "import matcher.reporting.amounts"),
    "rows in the columns": ("formulation/columns.py", "import matcher.formulation.rules"),
    "an upward import": ("scenario/fields.py", "import matcher.portfolio.result"),
    "a method in the problem": ("engine/problem.py", "import matcher.engine.by_state"),
    "a cycle": ("rounds/decisions.py", "import matcher.rounds.play"),
    "a drawer for odds and ends": ("utils.py", ""),
}
"""Imports that the contract forbids: where each is put, and what it says."""


@pytest.mark.parametrize("case", [None, *PLANTED])
def test_planted_imports_break_the_contract(case: str | None, tmp_path: Path) -> None:
    """A copy of the tree keeps the contract, and breaks it with each of these."""
    shutil.copytree(PACKAGE, tmp_path / "matcher", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TREE / "pyproject.toml", tmp_path)
    if case is not None:
        name, planted = PLANTED[case]
        path = tmp_path / "matcher" / name
        text = path.read_text(encoding="utf-8") if path.exists() else '"""Odds and ends."""\n'
        path.write_text(f"{text}\n{planted}\n", encoding="utf-8")
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == (0 if case is None else 1), ended.stdout


IMPORTS = {"typer": "verification/report.py", "numpy": "verification/facts.py"}
"""Libraries that the checker must not know, and where they are planted."""


def foreign_imports(folder: Path) -> set[str]:
    """Returns the names of modules that files of a folder import beside its own and the standard library's."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in imports_at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found |= set(names)
    ours = ("matcher.verification", "matcher.verification.")
    others = {name for name in found if not (name == ours[0] or name.startswith(ours[1]))}
    return {name for name in others if name.partition(".")[0] not in sys.stdlib_module_names}


def test_the_checker_needs_the_standard_library_only(tmp_path: Path) -> None:
    """Whatever it imports is its own or Python's; a library planted in it is found."""
    assert foreign_imports(PACKAGE / "verification") == set()
    for library, name in IMPORTS.items():
        folder = tmp_path / library
        shutil.copytree(PACKAGE / "verification", folder / "verification")
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {library}\n")
        assert foreign_imports(folder) == {library}


def imports_of(package: Path) -> dict[str, set[str]]:
    """Returns what each module of a package imports of it, at its head or inside a function."""
    paths = {".".join(path.relative_to(TREE).with_suffix("").parts): path for path in package.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        named: set[str] = set()
        for node in imports_at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            else:
                named |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
        found[name] = {each for each in named if each in modules and each != name}
    return found


def imports_at_run_time(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yields the imports below a node that are not for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        yield from imports_at_run_time(child)


@pytest.mark.parametrize("package", ["matcher", "benchmarks"])
def test_no_module_imports_itself_by_way_of_others(package: str) -> None:
    """Imports have an order, those inside functions too."""
    graph = imports_of(TREE / package)
    parents = {name: {name.rpartition(".")[0]} & graph.keys() for name in graph}  # a package may name what is in it
    order = TopologicalSorter({name: found - parents[name] for name, found in graph.items()})
    assert set(order.static_order()) >= set(graph)


def test_few_entries_at_the_top() -> None:
    """Every room is a folder; only what all rooms share is a file."""
    entries = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert len(entries) <= 26
    files = {"__init__.py", "__main__.py", "errors.py", "units.py", "py.typed", "README.md"}
    assert {name for name in entries if (PACKAGE / name).is_file()} <= files


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
    found = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.name[0] not in "_." and path.name not in ("py.typed", "README.md")
    }
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


def test_every_lower_bound_is_installed_by_the_checks() -> None:
    """The lowest versions of all extras are installed together, and what the tests do not need is imported."""
    extras = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    checks = (TREE / ".ci" / "run").read_text(encoding="utf-8")
    (installed,) = re.findall(r"\.ci/lowest\.py ([a-z ]+) >", checks)
    (imported,) = re.findall(r"import %s.*?\" ([a-z ]+)\)\"", checks)
    assert set(installed.split()) == set(extras)
    others = {each.partition(">=")[0] for extra in set(extras) - {"test"} for each in extras[extra]}
    assert set(imported.split()) == others


DEVELOPERS = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_recipes_name_files_that_exist() -> None:
    """Every path that the developers' page names is there, seen from the package's folder."""
    named = re.findall(r"`((?:\.\./)?[a-z_]+/[a-z_/.]+?(?:\.py|\.yaml|\.toml)?)`", DEVELOPERS)
    assert len(named) > 40
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_the_path_of_a_scenario_names_functions_that_exist() -> None:
    """Each step names a function that the module beside it defines."""
    steps = re.findall(r"^\| .+ \| `([\w.]+)` \| (`.+`) \|$", DEVELOPERS, flags=re.MULTILINE)
    assert len(steps) == 10
    for function, files in steps:
        for name in re.findall(r"`([^`]+)`", files):
            text = (PACKAGE / name).read_text(encoding="utf-8")
            assert re.search(rf"def {function.rpartition('.')[2]}\(", text), (function, name)


def imported(path: Path) -> set[str]:
    """Modules of the package that a module imports where it starts, types alone aside."""
    found: set[str] = set()
    inside: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while inside:
        for node in ast.iter_child_nodes(inside.pop()):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                continue
            if isinstance(node, ast.ImportFrom) and node.module:
                found.update({node.module, *(f"{node.module}.{each.name}" for each in node.names)})
            elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside.append(node)
    return found


def test_no_chain_of_imports_is_long() -> None:
    """A newcomer reaches the ground in at most twenty steps, from whatever module."""
    names = {".".join(path.relative_to(TREE).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    own = {name: path for name, path in names.items() if name.startswith("matcher")}
    known = {name: (imported(path) & own.keys()) - {name} for name, path in own.items()}
    depth: dict[str, int] = {}

    def reach(name: str) -> int:
        if name not in depth:
            specific = {each for each in known[name] if not any(other.startswith(each + ".") for other in known[name])}
            depth[name] = 1 + max((reach(each) for each in specific), default=0)
        return depth[name]

    assert len(own) > 100
    assert max(map(reach, own)) <= 20
