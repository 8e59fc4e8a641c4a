"""Tokens as the token commands show them: never their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.style import Style, render_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.domain.tokens import Token


def add_database(parser: argparse.ArgumentParser) -> None:
    """``--db``."""
    parser.add_argument(
        "--db", metavar="URL", help="the database that is served, or its path; default: the configured store"
    )


def token_data(token: Token, now: str) -> dict[str, object]:
    """A token for ``--json``."""
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.word,
        "project": token.project,
        "state": str(token.state(now)),
        "created_at": token.created_at,
        "expires_at": token.expires_at or None,
        "revoked_at": token.revoked_at or None,
    }


def token_table(tokens: Sequence[Token], now: str, style: Style) -> str:
    """Tokens for people."""
    headings = ("id", "state", "role", "project", "name", "created", "expires")
    rows = [
        (
            token.id,
            str(token.state(now)),
            token.role.word,
            "(all)" if token.project is None else token.project,
            token.name,
            _short(token.created_at),
            _short(token.expires_at),
        )
        for token in tokens
    ]
    return render_table(headings, rows, style) if rows else "There are no tokens.\n"


def _short(time: str) -> str:
    return f"{time[:19]}Z" if time else ""
