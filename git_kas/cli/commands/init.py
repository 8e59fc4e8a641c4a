"""``git kas init``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.scaffold_view import check_status, effect_text, left_warnings, placed_data, state_text
from git_kas.cli.untrack_view import untrack_data, untrack_text
from git_kas.domain.mutation import Request

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.untrack import Untracked

DESCRIPTION = (
    "Prepare this worktree for plans: make the folder that agents leave signals in, with a .gitignore of its\n"
    "own, and have Git ignore the folder of worktrees (in its info/exclude, so nothing needs to be\n"
    "committed). A second run changes nothing.\n\n"
    "With --untrack take plan-state.json out of version control instead, without losing a plan: its plans\n"
    "are imported into the store and read back, a rule is written to .gitignore, and the path is taken out\n"
    "of the index. The file itself is left alone, and nothing is committed: the commands for that and for\n"
    "the server are printed. Each step can be repeated."
)
EXAMPLES = (
    ("git kas init", "prepare a repository, and see each file that was written"),
    ("git kas init --check", "exit with 1 if something is missing"),
    ("git kas init --remove", "take it away again"),
    ("git kas init --untrack --dry-run", "what would be imported, ignored and taken out"),
    ("git kas init --untrack", "do it, and see what is left to do"),
)
_BY_HAND = "It is not as git-kas would write it."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--check", action="store_true", help="only say what is there; exit with 1 if not all is")
    ways.add_argument("--remove", action="store_true", help="remove what a run has written")
    ways.add_argument("--untrack", action="store_true", help="take plan state out of version control")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if not arguments.untrack:
        return _init(app, arguments)
    done = _untrack(app, dry_run=arguments.dry_run)
    data = {"dry_run": arguments.dry_run, "files": [], "untrack": untrack_data(done)}
    return Result("init", lambda: data, lambda _: untrack_text(done), list(done.warnings))


def _init(app: App, arguments: argparse.Namespace) -> Result:
    from git_kas.scaffolding import Scaffolding

    scaffolding, dry_run = Scaffolding(app), arguments.dry_run
    sites = scaffolding.init_sites()
    if arguments.check:
        placed = scaffolding.look(sites)
        text, warnings, status = state_text(placed), [], check_status(placed)
    else:
        if arguments.remove:
            scaffolding.refuse_if_signals_lie_here(app.signal_places)
        placed = (scaffolding.take if arguments.remove else scaffolding.put)(sites, dry_run=dry_run)
        text, warnings, status = effect_text(placed, dry_run=dry_run), left_warnings(placed, _BY_HAND), 0
    data = {"dry_run": dry_run, "files": placed_data(placed), "untrack": None}
    return Result("init", lambda: data, lambda _: text, warnings, status)


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
