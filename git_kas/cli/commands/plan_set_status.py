"""``git kas plan set-status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_plan, add_writing, request_of
from git_kas.cli.plan_view import move_of
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.lifecycle import Status, parse_status
from git_kas.domain.mutation import SetStatus
from git_kas.domain.names import plan_name_from_argument
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Set a plan's status whatever the lifecycle says. Only a user may do this; the history says that it\n"
    "was forced. 'git kas plan transition' is the way that checks."
)
EXAMPLES = (("git kas plan set-status rate-limit ready --force", "after something went wrong"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser)
    parser.add_argument("status", metavar="STATUS", help=f"one of: {', '.join(Status)}")
    parser.add_argument("--force", action="store_true", help="required: the lifecycle is not asked")
    add_writing(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    status = parse_status(arguments.status)
    name = plan_name_from_argument(arguments.plan)
    if not arguments.force:
        raise UsageError(
            "set-status passes the lifecycle by, so it needs --force.",
            next_step="'git kas plan transition' applies an event that the lifecycle allows.",
        )
    asked = SetStatus(name, status, arguments.if_revision)
    outcome = app.store.commit(asked, request_of(app, arguments))
    data = move_of(outcome)
    return Result("plan.set-status", lambda: data, lambda _: f"{printable(name)} → {status}\n")
