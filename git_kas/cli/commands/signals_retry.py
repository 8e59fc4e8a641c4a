"""``git kas signals retry``."""

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
    "Have rejected signals judged anew by the next 'git kas signals apply'. One that would be applied twice\n"
    "counts once; one that is still not valid is rejected again."
)
EXAMPLES = (
    ("git kas signals retry 3f9c21", "one signal, by the beginning of its id"),
    ("git kas signals retry --all && git kas signals apply", "after a plan was put right"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("id", nargs="*", metavar="ID", help="the id of a rejected signal, or its beginning")
    parser.add_argument("--all", action="store_true", help="all rejected signals")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.rejected_signals import retry_signals

    if bool(arguments.id) == arguments.all:
        raise UsageError("Which signals are meant?", next_step="Give ids, or --all.")
    retried = retry_signals(app.signal_box, app.signal_places, None if arguments.all else arguments.id)
    rows = [rejected_row(signal) for signal in retried.signals]
    return Result(
        "signals.retry",
        lambda: signal_data(rows),
        lambda _: chosen_lines(rows, "will be judged anew"),
        retried.warnings,
    )
