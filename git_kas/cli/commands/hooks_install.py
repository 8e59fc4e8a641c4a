"""``git kas hooks install``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.hooks_view import add_choice, asked_for, hook_named, outcomes_data, outcomes_text
from git_kas.cli.result import Result
from git_kas.guarding import Guarding

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Have the guard refuse guarded paths (plan-state.json, or what kas.guard.path names) when somebody\n"
    "commits or pushes here: pre-commit, pre-merge-commit and pre-push. A hook that is there keeps running,\n"
    "after ours, with its arguments, its input and its exit status; 'git kas hooks uninstall' gives it its\n"
    "name back. core.hooksPath is honoured and never set. Running it again renews what has changed."
)
EXAMPLES = (
    ("git kas hooks install", "guard commits, merges and pushes made here"),
    ("git kas hooks install --server", "guard what is pushed to this repository"),
    ("git kas hooks install --hook pre-push", "only one hook"),
    ("git kas hooks install --print pre-receive", "the script, for the pre-receive.d folder of a forge"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_choice(parser, "install")
    parser.add_argument(
        "--shared",
        action="store_true",
        help="also into a folder that the user's or the system's core.hooksPath gives to all repositories",
    )
    parser.add_argument("--print", dest="printed", metavar="HOOK", help="print this hook; change nothing")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if arguments.printed is not None:
        hook = hook_named(arguments.printed)
        script = Guarding(app).printed_hook(hook).decode("utf-8", "surrogateescape")
        return Result("hooks.install", lambda: {"hook": hook, "script": script}, lambda _: script)
    changed = Guarding(app).hooks.install(asked_for(arguments))
    return Result(
        "hooks.install",
        lambda: outcomes_data(changed.outcomes),
        lambda _: outcomes_text(changed.outcomes),
        changed.remarks,
    )
