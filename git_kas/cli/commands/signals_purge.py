"""``git kas signals purge``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.signal_view import chosen_lines, signal_data
from git_kas.errors import UsageError
from git_kas.usecases.signals import rejected_row

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Say which rejected signals would be removed, and with --execute remove them, for good: their texts exist\n"
    "nowhere else. Nothing is ever removed by itself."
)
EXAMPLES = (
    ("git kas signals purge --older-than 30", "what is older than a month"),
    ("git kas signals purge --older-than 30 --execute", "and remove it"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "--older-than", type=int, default=0, metavar="DAYS", help="only those rejected so many days ago"
    )
    parser.add_argument("--execute", action="store_true", help="remove them")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.rejected_signals import purge_signals

    days, execute = arguments.older_than, arguments.execute
    if days < 0:
        raise UsageError(f"--older-than {days} is no age.", next_step="Give a number of days.")
    purged = purge_signals(app.signal_box, app.signal_places, app.clock, days, execute=execute)
    rows = [rejected_row(signal) for signal in purged]
    return Result(
        "signals.purge",
        lambda: {"executed": execute, "signals": signal_data(rows)},
        lambda _: chosen_lines(rows, "removed" if execute else "would be removed"),
    )
