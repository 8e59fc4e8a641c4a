"""``git kas trash purge``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.janitor_view import trash_data, trash_text
from git_kas.cli.result import Result
from git_kas.domain.ages import parse_age

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Say what operations of some age have left in the trash, and with --execute remove it for good: folders,\n"
    "the references that keep commits, and the journal. Nothing is ever purged by itself."
)
EXAMPLES = (
    ("git kas trash purge --older-than 30d", "what is older than a month"),
    ("git kas trash purge --older-than 30d --execute", "and remove it"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "--older-than",
        metavar="AGE",
        required=True,
        help="only operations that began so long ago: 30d, 12h, 2w",
    )
    parser.add_argument("--execute", action="store_true", help="remove it")
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    purge = app.trash_purge(parse_age(arguments.older_than), execute=arguments.execute)
    return Result(
        "trash.purge",
        lambda: {"executed": purge.executed, "entries": trash_data(purge.entries)},
        lambda style: trash_text(purge.entries, style),
        purge.warnings,
    )
