"""``git kas waves skip``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.waves_decision import add_decision, add_jobs, decided
from git_kas.domain.names import plan_name_from_argument
from git_kas.driving import Driving

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.cli.result import Result

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
    add_decision(parser)
    add_jobs(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    driving = Driving(app)
    name = plan_name_from_argument(arguments.plan)
    return decided("waves.skip", driving.skip(name, arguments.job, arguments.note), driving)
