"""``git kas finish``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from git_kas.cli.finish_view import finish_data, finish_text
from git_kas.cli.interact import ask
from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.domain.finish import CHOICE_MEANINGS, STRATEGY_MEANINGS, Choice, Strategy
from git_kas.domain.names import PlanName, plan_name_from_argument
from git_kas.errors import InvalidConfiguration, UsageError
from git_kas.usecases.finish_ports import State, Wish

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.finish_ports import Finish

DESCRIPTION = (
    "Finish a plan: check its branch, bring it to the base, mark the plan done, and remove branch and\n"
    "worktree by the safe path of cleanup. Without PLAN it is the plan of the branch checked out here.\n"
    "Whatever fails or is interrupted can be gone on with (--continue) or taken back (--abort); what was\n"
    "pushed is not taken back."
)
EXAMPLES = (
    ("git kas finish --merge --dry-run", "see what would be checked and done"),
    ("git kas finish rate-limit --merge --strategy squash", "land it as one commit"),
    ("git kas finish rate-limit --pr --draft", "push it and ask for a draft pull request"),
    (
        "git kas finish --continue",
        "conflicts are settled, a hook is mended, or the pull request is merged: go on",
    ),
)
_ASKED = "What becomes of the branch"


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "plan", nargs="?", default="", metavar="PLAN", help="a plan, with or without folder and .md"
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--merge", action="store_true", help=CHOICE_MEANINGS[Choice.MERGE])
    ways.add_argument("--pr", action="store_true", help=CHOICE_MEANINGS[Choice.PULL_REQUEST])
    ways.add_argument("--keep", action="store_true", help=CHOICE_MEANINGS[Choice.KEEP])
    ways.add_argument(
        "--continue", dest="go_on", action="store_true", help="go on with what was begun, wherever it stopped"
    )
    ways.add_argument(
        "--abort", action="store_true", help="take back what was begun, as far as nothing was pushed"
    )
    meanings = "; ".join(f"{strategy}: {meaning}" for strategy, meaning in STRATEGY_MEANINGS.items())
    parser.add_argument(
        "--strategy",
        choices=[str(strategy) for strategy in Strategy],
        help=f"how to merge, instead of kas.mergeStrategy. {meanings}",
    )
    parser.add_argument("--draft", action="store_true", help="ask for the pull request as a draft")
    parser.add_argument("--test", metavar="COMMAND", help="the test command instead of kas.testCommand")
    parser.add_argument("--no-cleanup", action="store_true", help="leave the branch and its worktree")
    parser.add_argument(
        "--dry-run", action="store_true", help="check, say what would be done, and change nothing"
    )
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if arguments.go_on or arguments.abort:
        return _result(_resume(app, arguments))
    _insist_on_sense(arguments)
    choice = _choice(arguments)
    wish = Wish(_plan(app, arguments), choice, _strategy(app), arguments.draft, not arguments.no_cleanup)
    finishing = app.finishing
    return _result(finishing.plan(wish) if arguments.dry_run else finishing.begin(wish))


def _resume(app: App, arguments: argparse.Namespace) -> Finish:
    options = ("strategy", "draft", "test", "no_cleanup", "dry_run")
    if given := [name for name in options if getattr(arguments, name)]:
        word = f"--{given[0].replace('_', '-')}"
        step = "What was asked at the beginning counts."
        raise UsageError(f"{word} does not go with --continue or --abort.", next_step=step)
    plan = plan_name_from_argument(arguments.plan) if arguments.plan else None
    finishing = app.finishing
    return (finishing.abort if arguments.abort else finishing.go_on)(plan, app.branch_here)


def _insist_on_sense(arguments: argparse.Namespace) -> None:
    if arguments.draft and not arguments.pr:
        raise UsageError("--draft is about a pull request.", next_step="Use it with --pr.")
    if arguments.strategy and (arguments.pr or arguments.keep):
        raise UsageError("--strategy is about a merge.", next_step="Use it with --merge.")


def _choice(arguments: argparse.Namespace) -> Choice:
    """What was asked for, or what a person answers.

    Raises:
        UsageError: nothing was asked for, and nobody is there to answer.
    """
    for choice, given in (
        (Choice.MERGE, arguments.merge or arguments.strategy),
        (Choice.PULL_REQUEST, arguments.pr),
        (Choice.KEEP, arguments.keep),
    ):
        if given:
            return choice
    step = "Use --merge, --pr or --keep; 'git kas finish -h' explains them."
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("It was not said what becomes of the branch.", next_step=step)
    answer = ask(_ASKED, ("merge", "pull request", "keep", "quit"))
    found = {"m": Choice.MERGE, "p": Choice.PULL_REQUEST, "k": Choice.KEEP}.get(answer)
    if found is None:
        raise UsageError("Nothing was chosen, and nothing was changed.", next_step=step)
    return found


def _plan(app: App, arguments: argparse.Namespace) -> PlanName:
    if arguments.plan:
        return plan_name_from_argument(arguments.plan)
    from git_kas.usecases.find_plan import plan_of_branch

    return plan_of_branch(
        app.store.list_plans(), app.branch_here, "Name the plan behind 'git kas finish'."
    ).filename


def _strategy(app: App) -> Strategy:
    setting = app.config.setting("merge_strategy")
    try:
        return Strategy(setting.value)
    except ValueError as error:
        raise InvalidConfiguration(
            f"{setting.source}: '{setting.value}' is no way to merge.",
            next_step=f"Use one of: {', '.join(Strategy)}.",
        ) from error


def _result(finish: Finish) -> Result:
    refusal = next((check.problem for check in finish.checks if check.problem is not None), None)
    status = refusal.exit_status if refusal is not None and finish.state is State.PLANNED else 0
    return Result("finish", lambda: finish_data(finish), lambda _: finish_text(finish), finish.warnings, status)
