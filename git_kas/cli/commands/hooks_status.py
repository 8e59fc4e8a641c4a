"""``git kas hooks status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.hooks_view import add_choice, asked_for, states_data, states_text
from git_kas.cli.result import Result
from git_kas.errors import ChecksFailed
from git_kas.guarding import Guarding

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Say for each hook whether the guard is in force, where it is, what it runs afterwards, what is wrong and\n"
    "what to do, and what would pass it by: other tools that write hooks, other folders, commands of Git that\n"
    "run no hook. Exit status 1 if anything is wrong."
)
EXAMPLES = (
    ("git kas hooks status", "the hooks of this worktree"),
    ("git kas hooks status --server", "what judges pushes to this repository"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_choice(parser, "look at")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    states = Guarding(app).hooks.status(asked_for(arguments))
    return Result(
        "hooks.status",
        lambda: states_data(states),
        lambda style: states_text(states, style),
        exit_status=ChecksFailed.exit_status if any(state.troubles for state in states) else 0,
    )
