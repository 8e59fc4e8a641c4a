"""``git kas plan rename``."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from git_kas.cli.plan_options import add_plan, add_writing, request_of
from git_kas.cli.plan_view import plan_data
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.mutation import Rename
from git_kas.domain.names import PLAN_SUFFIX, plan_name_from_argument, slugify
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.domain.names import PlanName

DESCRIPTION = (
    "Give a plan another name. Its history, text and branch go with it; the date in front stays unless\n"
    "the new name has one. A working copy of its text is not moved: the command for that is printed."
)
EXAMPLES = (
    ("git kas plan rename 2026-02-28-rate-limit throttle", "it becomes 2026-02-28-throttle.md"),
    ("git kas plan rename rate-limit 2026-03-01-throttle", "with another date"),
)

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}-")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser)
    parser.add_argument("new_name", metavar="NEW", help="the new name, or a title in words")
    add_writing(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    old = plan_name_from_argument(arguments.plan)
    new = _new_name(old, arguments.new_name)
    outcome = app.store.commit(Rename(old, new, arguments.if_revision), request_of(app, arguments))
    plan = outcome.plan or app.store.get_plan(new)
    folder = app.plans_folder.value
    move = shlex.join(["git", "mv", "--", f"{folder}/{old}", f"{folder}/{new}"])
    working_copies = app.plan_files.names(app.text_places.worktrees, folder).values()
    copied = any(old in names for names in working_copies) and printable(move) == move
    hint = f"its text, where it is tracked: {move}\n" if copied else ""
    return Result(
        "plan.rename",
        lambda: {"old": old, "plan": plan_data(plan)},
        lambda _: f"renamed: {printable(old)} → {printable(new)}\n{hint}",
    )


def _new_name(old: PlanName, given: str) -> PlanName:
    name = given
    if any(character.isspace() for character in given) and not given.endswith(PLAN_SUFFIX):
        name = slugify(given)
        if not name:
            raise UsageError(
                f"No name can be made from the title {given!r}.", next_step="Use letters and digits."
            )
    date = _DATE.match(old)
    new = plan_name_from_argument(name)
    if date is not None and not _DATE.match(new):
        new = plan_name_from_argument(date.group() + new)
    return new
