"""``git kas signal``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.input_files import STANDARD_INPUT, read_input
from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.signals import SIGNAL_FORMS, form_of_word

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Report, as an agent, that something is done: leave a signal file in this worktree, with the plan's round\n"
    "and the commit it is about. 'git kas signals apply' or the watcher acts on it. The plan is that of the\n"
    "branch that is checked out here, unless it is named."
)
EXAMPLES = (
    ("git kas signal implement_finished", "the implementation on this branch can be reviewed"),
    ('git kas signal review_approved rate-limit -m "reads well"', "the reviewer's verdict, and a summary"),
    ("git kas signal review_changes rate-limit -F findings.md", "ask for changes, and say which"),
    ("git kas signal implement_task_finished --wave 2 --task 3", "one task of a wave is done"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    words = ", ".join(form.word for form in SIGNAL_FORMS)
    parser.add_argument("event", metavar="EVENT", help=f"one of: {words}; hyphens will do, too")
    parser.add_argument(
        "plan", nargs="?", default="", metavar="PLAN", help="a plan, with or without folder and .md"
    )
    text = parser.add_mutually_exclusive_group()
    text.add_argument("-m", "--message", default="", metavar="TEXT", help="what there is to say about it")
    text.add_argument("-F", "--file", metavar="FILE", help="the same from a file, - for standard input")
    parser.add_argument("--wave", type=int, default=0, metavar="N", help="the wave, for signals about waves")
    parser.add_argument("--task", type=int, default=0, metavar="T", help="the task, for signals about tasks")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.send_signal import Report, send_signal

    form = form_of_word(arguments.event)
    body = arguments.message
    if arguments.file:
        path = arguments.file if arguments.file == STANDARD_INPUT else app.absolute(arguments.file)
        body = read_input(path, app.folder).decode("utf-8", "replace")
    report = Report(form, arguments.plan, body, arguments.wave, arguments.task)
    desk = app.desk
    sent = send_signal(app.signal_box, app.store, desk, report)
    data: dict[str, Any] = {
        "plan": sent.plan,
        "event": form.word,
        "wave": report.wave or None,
        "task": report.task or None,
        "round": sent.round,
        "head": desk.head,
        "path": sent.path,
    }
    return Result("signal", lambda: data, lambda _: f"{printable(sent.path)}\n", sent.warnings)
