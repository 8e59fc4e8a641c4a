"""``git kas init``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.untrack_view import untrack_data, untrack_text
from git_kas.domain.mutation import Request
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.untrack import Untracked

DESCRIPTION = (
    "Set up a repository. So far there is --untrack, to take plan-state.json out of version control without\n"
    "losing a plan. Its plans are imported into the store and read back, a rule is written to .gitignore,\n"
    "and the path is taken out of the index. The file itself is left alone, and nothing is committed: the\n"
    "commands for that and for the server are printed. Each step can be repeated."
)
EXAMPLES = (
    ("git kas init --untrack --dry-run", "what would be imported, ignored and taken out"),
    ("git kas init --untrack", "do it, and see what is left to do"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("--untrack", action="store_true", help="take plan state out of version control")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if not arguments.untrack:
        raise UsageError(
            "It was not said what is to be set up.",
            next_step="So far there is 'git kas init --untrack'; with --dry-run it changes nothing.",
        )
    done = _untrack(app, dry_run=arguments.dry_run)
    return Result(
        "init", lambda: {"untrack": untrack_data(done)}, lambda _: untrack_text(done), list(done.warnings)
    )


def _untrack(app: App, *, dry_run: bool) -> Untracked:
    from git_kas.guarding import Guarding
    from git_kas.usecases.untrack import UntrackPorts, UntrackScope, untrack

    ports = UntrackPorts(lambda: app.again().store, app.porcelain, app.comparison.contents, app.worktree_files)
    scope = UntrackScope(
        location=app.location,
        here=app.worktree_here,
        worktrees=app.git_folders.worktrees(app.location),
        references=app.references,
        earlier=app.earlier_state_file,
        patterns=Guarding(app).patterns,
        request=Request(app.author, note="git kas init --untrack"),
    )
    return untrack(ports, scope, dry_run=dry_run)
