"""``git kas reset-plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_plan, add_writing, request_of
from git_kas.cli.plan_view import move_of
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.lifecycle import Status, parse_status
from git_kas.domain.mutation import SetStatus
from git_kas.domain.names import plan_name_from_argument

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Put a plan back to a status, whatever the lifecycle says, and show it before and after. Its branch,\n"
    "worktree and text stay as they are. Only a user may do this; the history says that it was forced."
)
EXAMPLES = (
    ("git kas reset-plan rate-limit ready", "begin anew with a plan whose agent was lost"),
    ('git kas reset-plan rate-limit reviewing -m "approved by mistake"', "take a verdict back, and say why"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser)
    parser.add_argument("status", metavar="STATUS", help=f"one of: {', '.join(Status)}")
    add_writing(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    status = parse_status(arguments.status)
    name = plan_name_from_argument(arguments.plan)
    outcome = app.store.commit(SetStatus(name, status, arguments.if_revision), request_of(app, arguments))
    data = move_of(outcome)
    before, after = printable(data["from"]), f"{status} (revision {data['revision']})"
    text = f"{printable(name)}\nbefore: {before}\nafter:  {after}\n"
    return Result("reset-plan", lambda: data, lambda _: text)
