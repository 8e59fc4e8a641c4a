"""What the commands share by which people decide how the waves of a plan go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_plan, add_store
from git_kas.cli.result import Result
from git_kas.cli.waves_view import driven_data, driven_text

if TYPE_CHECKING:
    import argparse

    from git_kas.driving import Driving
    from git_kas.usecases.waves import Driven


def add_decision(parser: argparse.ArgumentParser) -> None:
    """The plan that is decided about, and why."""
    add_plan(parser)
    parser.add_argument("-m", "--note", default="", metavar="TEXT", help="why, for the history")
    add_store(parser)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """The jobs that are decided about."""
    parser.add_argument(
        "--job",
        action="append",
        default=[],
        metavar="ID",
        help="a job, as 'git kas waves status' names it; may be repeated",
    )


def decided(kind: str, done: Driven, driving: Driving) -> Result:
    """The plan as it is after a decision."""
    return Result(kind, lambda: driven_data(done), lambda style: driven_text(done, driving.attach_hint, style))
