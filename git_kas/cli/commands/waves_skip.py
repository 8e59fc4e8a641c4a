"""``git kas waves skip``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_plan, add_store
from git_kas.cli.result import Result
from git_kas.cli.waves_view import driven_data, driven_text
from git_kas.domain.names import plan_name_from_argument
from git_kas.driving import Driving

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Pass jobs over that failed, were stopped, or have been at work for too long: those of the current wave,\n"
    "or those named. When all jobs of a wave are complete or passed over, the next one begins."
)
EXAMPLES = (
    ("git kas waves skip rate-limit", "go on without what failed"),
    ("git kas waves skip rate-limit --job W2-T3", "without one of them"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser)
    parser.add_argument(
        "--job",
        action="append",
        default=[],
        metavar="ID",
        help="a job, as 'git kas waves status' names it; may be repeated",
    )
    parser.add_argument("-m", "--note", default="", metavar="TEXT", help="why, for the history")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    driving = Driving(app)
    name = plan_name_from_argument(arguments.plan)
    done = driving.skip(name, arguments.job, arguments.note)
    return Result(
        "waves.skip",
        lambda: driven_data(done),
        lambda style: driven_text(done, driving.attach_hint, style),
    )
