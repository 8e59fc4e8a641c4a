"""``git kas token revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.cli.token_view import add_database, token_data
from git_kas.places import Places

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Have a token open nothing any more. A server that runs knows of it within a second. A token that was\n"
    "revoked stays on the list."
)
EXAMPLES = (
    ("git kas token revoke builder --db /srv/plans.db", "by its name"),
    ("git kas token revoke 4b1c0d7e92aa", "by its id, as in 'git kas token list'"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("token", metavar="TOKEN", help="its id, its name, or the token itself")
    add_database(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.tokens import revoke_token

    with Places(app).tokens(arguments.db) as ports:
        token = revoke_token(ports, app.actor, arguments.token)
    return Result(
        "token.revoke",
        lambda: token_data(token, token.revoked_at),
        lambda _: printable(f"Token {token.id} of {token.name} opens nothing any more.") + "\n",
    )
