"""``git kas signals apply``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.signal_view import handled_data, handled_lines, signal_data
from git_kas.usecases.signals import SignalState

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Apply the signals of all worktrees to their plans, in the order in which they were written, each exactly\n"
    "once. What is not valid is rejected: its text is kept with the reason, and the exit status is 1. Signals\n"
    "about waves and tasks are left for the watcher. If the store fails, the rest stays where it is."
)
EXAMPLES = (
    ("git kas signals apply", "act on what agents have reported"),
    ("git kas signals apply --json | jq '.data.handled[]'", "for a script"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    applied = app.apply_signals()
    near = [row for row in applied.left if row.state is SignalState.NEAR_MISS]
    warnings = [*applied.warnings, *(f"{row.worktree}, {row.name}: {row.reason}." for row in near)]
    return Result(
        "signals.apply",
        lambda: {"handled": handled_data(applied.handled), "left": signal_data(applied.left)},
        lambda _: handled_lines(applied.handled, applied.left),
        warnings,
        applied.exit_status,
    )
