"""What is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def version_of(package: str) -> str | None:
    """Returns the installed version of a package, or None outside an installation."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
