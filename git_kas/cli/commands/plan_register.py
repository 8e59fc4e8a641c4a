"""``git kas plan register``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_writing, request_of
from git_kas.cli.plan_view import plan_data
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.mutation import Create
from git_kas.domain.names import BranchName, plan_name_from_argument

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Make a plan of a text that lies in the plans folder of this worktree, and keep the text in the\n"
    "store. What is not given is taken from the text: the description from its title, the time from the\n"
    "file."
)
EXAMPLES = (
    ("git kas plan register docs/plans/2026-02-28-rate-limit.md", "a text that was just written"),
    ("git kas plan register 2026-02-28-rate-limit --branch feature/limit", "with a branch of another name"),
    ("git kas plan register 2026-02-28-rate-limit --update", "take over the text after it was changed"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("file", metavar="FILE", help="the text's name, with or without folder and .md")
    parser.add_argument("-d", "--description", default="", metavar="TEXT", help="default: the text's title")
    parser.add_argument(
        "-b", "--branch", default="", metavar="BRANCH", help="default: plan/<name without date>"
    )
    parser.add_argument("-t", "--topic", default="", metavar="TOPIC", help="the topic it shares with others")
    parser.add_argument("--update", action="store_true", help="the plan is registered; take over its new text")
    add_writing(parser, revision=False)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.plan_texts import register_plan, update_text

    name = plan_name_from_argument(arguments.file)
    request = request_of(app, arguments)
    if arguments.update:
        outcome = update_text(app.store, name, app.own_text_places, request)
    else:
        branch = BranchName(arguments.branch) if arguments.branch else ""
        asked = Create(name, description=arguments.description, branch=branch, topic=arguments.topic)
        outcome = register_plan(app.store, asked, app.own_text_places, request)
    plan = outcome.plan or app.store.get_plan(name)
    verb = "text taken over" if arguments.update else "registered"
    return Result(
        "plan.register", lambda: plan_data(plan), lambda _: f"{verb}: {printable(name)} → {plan.status}\n"
    )
