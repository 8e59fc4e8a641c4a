"""``git kas waves status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.waves_view import driven_data, driven_text
from git_kas.driving import Driving

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Say how far plans are driven: which agents are at work, what they have finished, what failed and why,\n"
    "and what waits for a decision. Without PLAN, all plans in work that are or were driven. Changes\n"
    "nothing."
)
EXAMPLES = (
    ("git kas waves status", "everything that is driven"),
    ("git kas waves status rate-limit", "one plan"),
    ("git kas waves status rate-limit --json | jq '.data[].stage.jobs[].state'", "for a script"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="a plan; a part of the name will do")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.find_plan import find_plan

    driving = Driving(app)
    name = find_plan(app.store, arguments.plan) if arguments.plan else None
    driven = driving.driven(name)
    return Result(
        "waves.status",
        lambda: [driven_data(one) for one in driven],
        lambda style: (
            "\n".join(driven_text(one, driving.attach_hint, style) for one in driven) or "No plan is driven.\n"
        ),
    )
