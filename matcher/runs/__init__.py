"""A run on disk: what is saved of a solve, how it is read again, and whether what it says is true.

`files` says what a run's folder and a bundle hold, `reading` reads them again, `restating` writes a run
again from its own result, and `verifying` puts that together with the independent checker. Nothing here
writes to a terminal: what is to be said is returned, raised, or handed to who asked.
"""

from matcher.runs.files import RunFolder, bundle_files, opinion_files, run_files, source_of
from matcher.runs.reading import read_portfolio, read_run
from matcher.runs.verifying import verify_run

__all__ = [
    "RunFolder",
    "bundle_files",
    "opinion_files",
    "read_portfolio",
    "read_run",
    "run_files",
    "source_of",
    "verify_run",
]
