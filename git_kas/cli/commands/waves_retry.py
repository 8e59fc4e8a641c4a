"""``git kas waves retry``."""

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
    "Have jobs tried again that failed, were stopped, or have been at work for too long (their agents are\n"
    "asked to end first): those of the current wave, or those named. Of a plan that is held after as many\n"
    "reviews as kas.reviewCap allows, what the last one found is handed to a coder."
)
EXAMPLES = (
    ("git kas waves retry rate-limit", "try all again that failed"),
    ("git kas waves retry rate-limit --job W2-T3", "one of them"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_decision(parser)
    add_jobs(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    driving = Driving(app)
    name = plan_name_from_argument(arguments.plan)
    return decided("waves.retry", driving.retry(name, arguments.job, arguments.note), driving)
