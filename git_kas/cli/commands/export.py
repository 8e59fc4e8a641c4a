"""``git kas export``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from git_kas.cli.input_files import write_output
from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.style import printable

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Print everything the store knows about the project as one JSON document: plans, texts, topics,\n"
    "history, progress and idempotency keys. 'git kas import' of it into an empty store gives the same\n"
    "again."
)
EXAMPLES = (
    ("git kas export -o plans-backup.json", "a copy of everything"),
    ("git kas export --state", "a plan-state.json as the earlier system wrote it"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file, which must be new")
    parser.add_argument("--state", action="store_true", help="only plans and topics, as a plan-state.json")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.domain.exchange import export_text
    from git_kas.domain.state_text import state_text

    project = app.store.export()
    if arguments.state:
        unread, extra = (project.passengers.get(key, {}) for key in ("unread", "extra"))
        text = state_text(project.plans(), project.topics.values(), unread, extra).decode()
    else:
        text = export_text(project)
    data = {"file": arguments.output, "document": None if arguments.output else json.loads(text)}
    if not arguments.output:
        return Result("export", lambda: data, lambda _: text)
    write_output(arguments.output, app.folder, text)
    count = len(project.plans())
    plans = "1 plan" if count == 1 else f"{count} plans"
    return Result("export", lambda: data, lambda _: f"{plans} written to {printable(arguments.output)}.\n")
