"""All commands in one place, and what becomes of their errors."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, cast

import typer

from matcher.cli.check import check_command
from matcher.cli.compare import compare_command
from matcher.cli.doctor import doctor_command
from matcher.cli.exits import Exit
from matcher.cli.explain import explain_command
from matcher.cli.migrate import migrate_command
from matcher.cli.new import new_command
from matcher.cli.round import round_command
from matcher.cli.schema import schema_command
from matcher.cli.show import show_command
from matcher.cli.solve import solve_command
from matcher.cli.streams import open_closed_streams, tell, write_readably
from matcher.cli.talk import out, reason, say, say_faults
from matcher.cli.verify import verify_command
from matcher.errors import InvalidInput, InvalidOptions, MatcherError

# typer exports no name for all wrong usage, only for one kind of it; `show` and `exit_code` are the base's own.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
COMMANDS: Mapping[str, Callable[..., None]] = {
    "new": new_command,
    "check": check_command,
    "solve": solve_command,
    "verify": verify_command,
    "show": show_command,
    "explain": explain_command,
    "compare": compare_command,
    "round": round_command,
    "migrate": migrate_command,
    "schema": schema_command,
    "doctor": doctor_command,
}
"""Every command by name, in the order of the help."""

app = typer.Typer(
    name="matcher",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Propose multi-year mine-action partnerships between affected States, donors and implementers.",
)
for name, command in COMMANDS.items():
    app.command(name)(command)


def _version(wanted: bool) -> None:
    """Writes the version and ends."""
    if wanted:
        from matcher.cli.packages import version_of

        out(f"matcher {version_of('matcher') or 'unknown: not installed'}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")] = False,
) -> None:
    """Options before the command; both are acted upon elsewhere."""


def main() -> None:
    """Runs the command line on the arguments of the process, and ends the process."""
    open_closed_streams()
    write_readably()
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        tell(stream, "")  # what could not be written was said, and the interpreter must not fail on its way out
    raise SystemExit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code."""
    try:
        return app(args=list(arguments), prog_name="matcher", standalone_mode=False) or Exit.DONE
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(Exit.DONE if stop.code is None else Exit.FAILED)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.DONE
    except InvalidInput as error:
        say_faults(error)
        return Exit.INVALID
    except InvalidOptions as error:
        say(f"matcher: {error}")
        return Exit.INVALID
    except UsageError as error:
        return _misused(error)
    except Exception as error:
        return _failed(error, debug="--debug" in arguments)


def _misused(error: typer.BadParameter) -> int:
    """Says what is wrong with the arguments, as every stream can: on one of ASCII typer itself writes UTF-8."""
    shown = io.StringIO()
    error.show(shown)
    say(shown.getvalue().rstrip())
    return error.exit_code


def _failed(error: Exception, *, debug: bool) -> Exit:
    """Says what went wrong inside, with the traceback only if it was asked for."""
    if debug:
        say("".join(traceback.format_exception(error)).rstrip())
    known = isinstance(error, MatcherError | OSError)
    say(f"matcher: {reason(error)}" if known else f"matcher: internal error: {type(error).__name__}: {error}")
    if not debug:
        say("For the traceback: matcher --debug COMMAND ...")
    return Exit.FAILED
