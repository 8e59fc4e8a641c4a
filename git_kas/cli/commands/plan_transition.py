"""``git kas plan transition``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_plan, add_writing, request_of
from git_kas.cli.plan_view import move_of
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.lifecycle import Event, parse_event
from git_kas.domain.mutation import Transition
from git_kas.domain.names import plan_name_from_argument

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Apply an event to a plan, or several as one step: all of them or none. Of many that try at once\n"
    "exactly one succeeds. With planner_finished the plan's text goes from this worktree into the store."
)
EXAMPLES = (
    ("git kas plan transition rate-limit implement_start", "begin with the implementation"),
    ('git kas plan transition rate-limit review_changes -m "name the unit"', "ask for changes, and say which"),
    ("git kas plan transition rate-limit implement_finished review_approved", "two events as one step"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser)
    parser.add_argument("event", nargs="+", metavar="EVENT", help=f"one or more of: {', '.join(sorted(Event))}")
    parser.add_argument(
        "--allow-collision",
        action="store_true",
        help="start it although another plan of its topic is being implemented; the history says so",
    )
    add_writing(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.plan_texts import transition_plan

    events = tuple(parse_event(word) for word in arguments.event)
    asked = Transition(
        plan_name_from_argument(arguments.plan),
        events,
        if_revision=arguments.if_revision,
        allow_collision=arguments.allow_collision,
    )
    outcome = transition_plan(app.store, asked, lambda: app.own_text_places, request_of(app, arguments))
    data = move_of(outcome, events)
    return Result("plan.transition", lambda: data, lambda _: f"{printable(asked.filename)} → {data['to']}\n")
