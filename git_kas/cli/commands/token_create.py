"""``git kas token create``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.cli.token_view import add_database, token_data
from git_kas.domain.ages import parse_age
from git_kas.domain.tokens import ROLE_MEANINGS, ROLES, Role
from git_kas.errors import UsageError
from git_kas.places import Places

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.domain.tokens import Token

DESCRIPTION = (
    "Make a token for a server on this database, and print it on standard output. It is shown this once:\n"
    "the database keeps only a hash of it.\n\nroles, each of which may do what those before it may:\n"
    + "".join(f"  {role.word.ljust(6)} {meaning}\n" for role, meaning in ROLE_MEANINGS.items())
).rstrip()
EXAMPLES = (
    ("git kas token create Ada --db /srv/plans.db", "for a person"),
    ("git kas token create builder --role agent --project shop --expires 30d", "for an agent, for a month"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("name", metavar="NAME", help="whose it is; no two tokens that are valid have the same")
    parser.add_argument(
        "--role", choices=tuple(ROLES), default=Role.USER.word, help=f"default: {Role.USER.word}"
    )
    parser.add_argument("--project", metavar="PROJECT", help="the only project it opens; default: all")
    parser.add_argument(
        "--expires", type=_seconds, metavar="AGE", help="when it ends, such as 30d, 12h, 2w; default: never"
    )
    add_database(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.tokens import Wanted, create_token

    wanted = Wanted(arguments.name, ROLES[arguments.role], arguments.project, arguments.expires)
    with Places(app).tokens(arguments.db) as ports:
        new = create_token(ports, app.actor, wanted)
        place = ports.tokens.describe().place
    token = new.token
    return Result(
        "token.create",
        lambda: {"token": new.text, **token_data(token, token.created_at)},
        lambda _: f"{new.text}\n",
        aside=_aside(token, place),
    )


def _aside(token: Token, place: str) -> str:
    project = "all projects" if token.project is None else f"project {token.project}"
    end = f"until {token.expires_at[:19]}Z" if token.expires_at else "without end"
    told = f"Token {token.id} of {token.name}: {token.role.word}, {project}, {end}, in {place}."
    return f"{printable(told)}\nKeep it now: it is not shown again.\n"


def _seconds(text: str) -> int:
    seconds = parse_age(text)
    if seconds < 1:
        raise UsageError(f"'{text}' is over at once.", next_step="Name a longer time.")
    return seconds
