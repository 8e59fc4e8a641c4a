"""``git kas store check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store
from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable
from git_kas.errors import ChecksFailed
from git_kas.places import Places

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.places import Checked

DESCRIPTION = (
    "Look through a plan store: everything is read and decoded, texts are held against their hashes, plans\n"
    "against their history. A database is looked through with all of its projects, a SQLite file also by\n"
    "SQLite itself. Nothing is changed. Exit status 1 if anything is wrong."
)
EXAMPLES = (
    ("git kas store check", "the configured store"),
    ("git kas store check --store sqlite:////home/ada/plans.db", "a database with all of its projects"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    found = Places(app).check()
    return Result(
        "store.check",
        lambda: _data(found),
        lambda style: _text(found, style),
        exit_status=ChecksFailed.exit_status if found.findings else 0,
    )


def _data(found: Checked) -> dict[str, object]:
    return {
        "store": found.place,
        "sound": not found.findings,
        "projects": [
            {"project": one.name, "plans": one.plans, "entries": one.entries} for one in found.projects
        ],
        "findings": [{"project": one.project, "message": one.sentence} for one in found.findings],
    }


def _text(found: Checked, style: Style) -> str:
    del style
    lines = [f"{one.name}: plans {one.plans}, history entries {one.entries}" for one in found.projects]
    for finding in found.findings:
        where = f"{finding.project}: " if finding.project is not None else ""
        lines.append(f"{where}{finding.sentence}")
    count = len(found.findings)
    verdict = f"{count} finding{'s' * (count != 1)}" if count else "sound"
    lines.append(f"{found.place}: {verdict}.")
    return "".join(f"{printable(line)}\n" for line in lines)
