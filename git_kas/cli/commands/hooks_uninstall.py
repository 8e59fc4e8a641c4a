"""``git kas hooks uninstall``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.hooks_view import add_choice, asked_for, outcomes_data, outcomes_text
from git_kas.cli.result import Result
from git_kas.guarding import Guarding

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Take the guard's hooks away, wherever they have got to. What was there before has its name again, with\n"
    "its bytes, mode and time. A file of ours that somebody has edited is left, and named."
)
EXAMPLES = (
    ("git kas hooks uninstall", "all of them"),
    ("git kas hooks uninstall --hook pre-push", "only one"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_choice(parser, "only take away")
    parser.add_argument(
        "--shared", action="store_true", help="also from a folder that serves other repositories"
    )


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    changed = Guarding(app).hooks.uninstall(asked_for(arguments))
    return Result(
        "hooks.uninstall",
        lambda: outcomes_data(changed.outcomes),
        lambda _: outcomes_text(changed.outcomes),
        changed.remarks,
    )
