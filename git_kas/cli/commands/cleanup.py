"""``git kas cleanup``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.janitor_view import cleanup_data, cleanup_text
from git_kas.cli.result import Result
from git_kas.domain.janitor import LOSS_FLAGS
from git_kas.errors import WouldLoseData

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Say what could be removed: worktrees of finished plans and entries without a folder, branches of\n"
    "finished plans or of none whose content the base holds, finished plans without text. What is kept is\n"
    "listed with the reason and, if there is one, the option by which its owner accepts the loss. With\n"
    "--execute it is moved to the trash; 'git kas undo' brings it back as it was. Nothing is ever removed\n"
    "from a remote."
)
EXAMPLES = (
    ("git kas cleanup", "what would go, what would stay, and why"),
    ("git kas cleanup --execute", "do it"),
    ("git kas cleanup rate-limit plan/old --execute", "only a plan's worktree and branch, and one branch"),
    ("git kas cleanup --branches --older-than 2w", "only branches, and only old ones"),
    ("git kas undo", "take it back"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("name", nargs="*", metavar="NAME", help="only this plan, branch or worktree")
    parser.add_argument("--execute", action="store_true", help="move to the trash what is shown as removable")
    kinds = parser.add_argument_group("kinds; all unless some are given")
    kinds.add_argument("--worktrees", action="store_true", help="worktrees")
    kinds.add_argument("--branches", action="store_true", help="branches")
    kinds.add_argument("--plans", action="store_true", help="plan entries")
    parser.add_argument(
        "--remote", action="store_true", help="also branches of plans in work whose upstream is gone"
    )
    parser.add_argument("--older-than", metavar="AGE", help="only what was not used for so long: 30d, 12h, 2w")
    losses = parser.add_argument_group("losses that you accept; all of it goes to the trash, too")
    for flag, meaning in LOSS_FLAGS.items():
        losses.add_argument(flag, action="append_const", dest="accepted", const=flag, help=meaning)
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.domain.ages import parse_age
    from git_kas.usecases.cleanup import Asked, RowKind

    chosen = {
        RowKind.WORKTREE: arguments.worktrees,
        RowKind.BRANCH: arguments.branches,
        RowKind.PLAN: arguments.plans,
    }
    kinds = frozenset(kind for kind, wanted in chosen.items() if wanted) or frozenset(RowKind)
    asked = Asked(
        execute=arguments.execute,
        names=tuple(arguments.name),
        kinds=kinds,
        remote=arguments.remote,
        older_than=parse_age(arguments.older_than) if arguments.older_than is not None else None,
        accepted=frozenset(arguments.accepted or ()),
    )
    found = app.cleanup(asked)
    return Result(
        "cleanup",
        lambda: cleanup_data(found),
        lambda style: cleanup_text(found, style),
        found.warnings,
        WouldLoseData.exit_status if found.refused else 0,
    )
