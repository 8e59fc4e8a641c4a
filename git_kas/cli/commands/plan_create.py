"""``git kas plan create``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from git_kas.cli.input_files import read_input
from git_kas.cli.plan_options import add_writing, request_of
from git_kas.cli.plan_view import plan_data
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.mutation import Create
from git_kas.domain.names import PLAN_SUFFIX, BranchName, plan_name_from_argument, slugify
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.domain.names import PlanName

DESCRIPTION = (
    "Create a plan in the store, with the status 'ready'. NAME is a plan's name, or a title in words,\n"
    "from which the name is made with today's date. No file is written; 'git kas plan register' takes a\n"
    "text that is there."
)
EXAMPLES = (
    ('git kas plan create "limit the rate of requests"', "a plan of today, named after its title"),
    ("git kas plan create 2026-02-28-rate-limit --topic api", "one with a given name"),
    ("git kas plan create rate-limit -F draft.md", "one with a text"),
)

_PLAN_NAME: Final = re.compile(r"[^\s]+")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("name", metavar="NAME", help="the plan's name, or a title in words")
    parser.add_argument("-d", "--description", default="", metavar="TEXT", help="default: the title, if given")
    parser.add_argument(
        "-b", "--branch", default="", metavar="BRANCH", help="default: plan/<name without date>"
    )
    parser.add_argument("-t", "--topic", default="", metavar="TOPIC", help="the topic it shares with others")
    parser.add_argument("-F", "--file", metavar="FILE", help="the plan's text; - for standard input")
    add_writing(parser, revision=False)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    is_name = _PLAN_NAME.fullmatch(arguments.name) or arguments.name.endswith(PLAN_SUFFIX)
    title = "" if is_name else arguments.name.strip()
    name = _name_of(title, app.clock.now()) if title else plan_name_from_argument(arguments.name)
    branch = BranchName(arguments.branch) if arguments.branch else name.default_branch
    content = read_input(arguments.file, app.folder) if arguments.file else None
    asked = Create(
        name,
        description=arguments.description or title,
        branch=branch,
        topic=arguments.topic,
        content=content,
    )
    plan = app.store.commit(asked, request_of(app, arguments)).plan or app.store.get_plan(name)
    return Result(
        "plan.create", lambda: plan_data(plan), lambda _: f"created: {printable(name)} → {plan.status}\n"
    )


def _name_of(title: str, now: int) -> PlanName:
    import time

    slug = slugify(title)
    if not slug:
        raise UsageError(
            f"No name can be made from the title {title!r}.",
            next_step="Give a name of letters and digits, and the title with --description.",
        )
    return plan_name_from_argument(f"{time.strftime('%Y-%m-%d', time.localtime(now))}-{slug[:100].strip('-')}")
