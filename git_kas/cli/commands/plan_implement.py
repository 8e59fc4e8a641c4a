"""``git kas plan implement``, as the earlier system called it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.commands import implement
from git_kas.cli.commands.implement import DESCRIPTION, arguments

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.cli.result import Result

__all__ = ["DESCRIPTION", "EXAMPLES", "arguments", "run"]

EXAMPLES = tuple(
    (line.replace("git kas implement", "git kas plan implement"), use) for line, use in implement.EXAMPLES
)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    return implement.run(app, arguments)._replace(kind="plan.implement")
