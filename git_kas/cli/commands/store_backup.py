"""``git kas store backup``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.places import Places

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.places import BackedUp

DESCRIPTION = (
    "Copy a plan store, whatever its kind, into a new SQLite database: plans, texts, topics, history,\n"
    "progress and idempotency keys of all its projects, each as of one moment, while others may go on\n"
    "working. The copy is read back before the file gets its name; only you may read it. Tokens are not\n"
    "copied. To use the copy, name it as the store, or export from it what you need."
)
EXAMPLES = (
    ("git kas store backup plans-2026-03-01.db", "a copy of the configured store"),
    ("git kas export --store sqlite:////home/ada/plans-2026-03-01.db", "what it holds of this project"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("file", metavar="FILE", help="the copy, which must be new")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    done = Places(app).back_up(arguments.file)
    warnings = [
        f"{one.name} contradicts itself in {one.contradictions} ways; 'git kas store check' shows them."
        for one in done.projects
        if one.contradictions
    ]
    return Result("store.backup", lambda: _data(done), lambda _: _text(done), warnings)


def _data(done: BackedUp) -> dict[str, object]:
    projects = [{"project": one.name, "plans": one.plans, "entries": one.entries} for one in done.projects]
    return {"store": done.place, "file": done.file, "projects": projects}


def _text(done: BackedUp) -> str:
    lines = [f"{one.name}: plans {one.plans}, history entries {one.entries}" for one in done.projects]
    lines.append(f"{done.place} copied to {done.file}.")
    return "".join(f"{printable(line)}\n" for line in lines)
