"""``git kas prime``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.prime_view import prime_data, prime_text
from git_kas.cli.result import Result

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Say what an agent must know before it begins: which plan, branch and worktree this is, the plan's\n"
    "status and round, what the last review asks for, the exact commands by which to report, and what never\n"
    "to do. The plan is that of the branch checked out here, unless it is named. Changes nothing, and works\n"
    "without a plan and without a reachable store. Less than 60 lines."
)
EXAMPLES = (
    ("git kas prime", "the first thing an agent runs"),
    ("git kas prime rate-limit", "about a plan of another branch"),
    ("git kas prime --json", "for a script"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "plan",
        nargs="?",
        default="",
        metavar="PLAN",
        help="a plan, with or without folder and .md; a part of the name will do if it is unambiguous",
    )
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.scaffolding import Scaffolding

    briefing = Scaffolding(app).briefing(arguments.plan, app.branch_here, lambda: app.signal_places)
    places = {
        "project": app.project.value,
        "store": app.config.setting("store").shown,
        "base": app.base.name if app.base else None,
        "plans": app.plans_folder.value,
    }
    return Result("prime", lambda: prime_data(briefing, places), lambda _: prime_text(briefing, places))
