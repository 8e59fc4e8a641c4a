"""``git kas version``."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.version import VERSION

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = "Print the version of git-kas."
EXAMPLES = (("git kas version", "for a bug report"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    del app, arguments
    python = platform.python_version()
    return Result("version", lambda: {"version": VERSION, "python": python}, lambda _: f"git-kas {VERSION}\n")
