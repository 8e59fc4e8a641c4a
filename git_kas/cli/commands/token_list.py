"""``git kas token list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.token_view import add_database, token_data, token_table
from git_kas.places import Places

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = "List the tokens of a server on this database, without their secrets, which nobody has kept."
EXAMPLES = (("git kas token list --db /srv/plans.db", "who may do what, and until when"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_database(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.domain.timestamps import timestamp

    with Places(app).tokens(arguments.db) as ports:
        tokens = ports.tokens.tokens()
    now = timestamp(app.clock.now_ns())
    return Result(
        "token.list",
        lambda: [token_data(token, now) for token in tokens],
        lambda style: token_table(tokens, now, style),
    )
