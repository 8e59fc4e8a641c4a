"""``git kas where``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from git_kas.app import App

DESCRIPTION = (
    "Say which plan store this is and why, and what project, base branch and plans folder are.\n"
    "The answer is the same in every worktree and subdirectory."
)
EXAMPLES = (
    ("git kas where", "when two terminals seem to disagree"),
    ("git kas where --json", "for a script"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    del arguments
    location = app.location
    store = app.config.setting("store")
    data = {
        "store": store.shown,
        "source": store.source,
        "place": app.store.describe().place,
        "project": app.project.value,
        "base": app.base.name if app.base else None,
        "plans": app.plans_folder.value,
        "repository": location.common_dir,
        "main_worktree": location.main_worktree,
        "worktree": location.worktree,
    }
    return Result("where", lambda: data, lambda style: _text(data, style), app.config.ignored())


def _text(data: Mapping[str, str | None], style: Style) -> str:
    del style
    width = max(map(len, data))
    return "".join(f"{key.ljust(width)}  {printable(value or '-')}\n" for key, value in data.items())
