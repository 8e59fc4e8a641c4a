"""``git kas trash list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.janitor_view import trash_data, trash_text
from git_kas.cli.result import Result

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = "List what operations have moved to the trash, with its size on the disk."
EXAMPLES = (("git kas trash list", "what could be brought back, or purged"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    entries = app.trash_list()
    return Result("trash.list", lambda: trash_data(entries), lambda style: trash_text(entries, style))
