"""The version of the installed program: one place for the command, the node and the gateway."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The version as installed, such as `0.1.0`; `0` where it runs from sources that nobody installed."""
    try:
        return version("tongguan")
    except PackageNotFoundError:
        return "0"
