"""The command line: reads arguments and files, calls the library, writes tables and documents.

Data go to stdout, messages go to stderr. Nothing heavy is imported before a command needs it, so
that ``matcher --help`` answers at once.
"""

from matcher.cli.app import main, run

__all__ = ["main", "run"]
