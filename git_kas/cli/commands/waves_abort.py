"""``git kas waves abort``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.waves_decision import add_decision, decided
from git_kas.domain.names import plan_name_from_argument
from git_kas.driving import Driving

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.cli.result import Result

DESCRIPTION = (
    "Start nothing more for a plan, and ask its agents to end. What they have done stays where it is, and\n"
    "the plan in its status; 'git kas waves retry' goes on."
)
EXAMPLES = (("git kas waves abort rate-limit", "stop driving it"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_decision(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    driving = Driving(app)
    name = plan_name_from_argument(arguments.plan)
    return decided("waves.abort", driving.abort(name, arguments.note), driving)
