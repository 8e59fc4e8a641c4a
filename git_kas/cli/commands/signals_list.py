"""``git kas signals list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.signal_view import signal_data, signal_table

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "List the signals of all worktrees: those that wait, were taken and not finished, or were rejected, and\n"
    "the files beside them that are none. Changes nothing."
)
EXAMPLES = (
    ("git kas signals list", "what agents have reported, and what was not accepted and why"),
    ("git kas signals list --json | jq '.data[] | select(.state == \"rejected\").path'", "the kept texts"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.signals import list_signals

    rows, problems = list_signals(app.signal_box, app.signal_places)
    return Result("signals.list", lambda: signal_data(rows), lambda style: signal_table(rows, style), problems)
