"""``git kas watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.waves_view import look_data, look_lines
from git_kas.driving import Driving

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.drive import Look

DESCRIPTION = (
    "Drive the plans of this repository until Ctrl-C: apply the signals of all worktrees as they appear,\n"
    "start agents for planning, for the tasks of waves and for reviews, advance from wave to wave, and hand\n"
    "what a review has found to the next coder. Agents are started by the commands in kas.agent,\n"
    "kas.agent.planner, kas.agent.coder and kas.agent.reviewer; without one, only signals are applied. One\n"
    "process watches a repository. It can be killed at any moment, and started again: everything goes on,\n"
    "and nothing is done twice. While nothing happens, nothing is done."
)
EXAMPLES = (
    ("git kas watch", "drive"),
    ("git config kas.agent 'claude -p < \"$KAS_PROMPT_FILE\"'", "how agents are started"),
    ("git kas watch --once", "do what there is to do now, for scripts"),
    ("git kas watch --json | jq -c '.data.happened[]'", "every step, one line each"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("--once", action="store_true", help="do what there is to do now, and end")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    driving = Driving(app)
    if arguments.once:
        return _shown(driving.look_once())
    looks = driving.looks()
    return _shown(next(looks))._replace(more=map(_shown, looks))


def _shown(look: Look) -> Result:
    return Result("watch", lambda: look_data(look), lambda _: look_lines(look), look.warnings)
