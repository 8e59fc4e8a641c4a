"""``git kas undo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.janitor_view import operations_data, operations_text, undone_data, undone_text
from git_kas.cli.result import Result
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Bring back what the last operation removed, or the one named: branches with their tips, reflogs and\n"
    "configuration, worktrees with every file as it was, plans. If a name or path is in use by now, nothing\n"
    "is changed; --as gives another one. An undo that was interrupted goes on when it is asked for again."
)
EXAMPLES = (
    ("git kas undo", "take the last cleanup back"),
    ("git kas undo --list", "which operations can be taken back"),
    ("git kas undo 20260102-030405-000000000 --as plan/again", "beside what has taken its place"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="an operation, as --list shows it; the last one if left out"
    )
    parser.add_argument("--list", action="store_true", help="list the operations that can be undone")
    parser.add_argument("--as", dest="new_name", metavar="NAME", help="another name for what has lost its own")
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if arguments.list:
        if arguments.id or arguments.new_name:
            raise UsageError("--list takes no operation and no name.", next_step="Leave them out.")
        listed = [entry for entry in app.undoable() if not entry.undone]
        return Result("undo", lambda: operations_data(listed), lambda style: operations_text(listed, style))
    undone = app.undo(arguments.id, arguments.new_name)
    return Result("undo", lambda: undone_data(undone), lambda _: undone_text(undone), undone.warnings)
