"""Tokens in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from git_kas.domain.tokens import ROLES, Token, no_such_token, token_exists
from git_kas.errors import StoreCorrupt
from git_kas.ports.store import StoreDescription
from git_kas_sql.schema import TOKENS
from git_kas_sql.session import Session
from git_kas_sql.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from git_kas_sql.database import Database

_SINCE = 2
"""The version of the schema that brought them."""


class SqlTokens:
    """The port :class:`~git_kas.ports.tokens.TokenStore` over a table; older databases have none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = Tables(database)

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        return StoreDescription(self._database.kind, self._database.place)

    def tokens(self) -> Sequence[Token]:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        with self._tables.reading(_SINCE) as connection:
            if connection is None:
                return []
            rows = connection.execute(select(TOKENS)).all()
            return sorted(map(self._token, rows), key=lambda token: (token.created_at, token.id))

    def find(self, id_: str) -> Token | None:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        with self._tables.reading(_SINCE) as connection:
            return self._find(connection, id_) if connection is not None else None

    def add(self, token: Token) -> None:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        with self._tables.writing() as connection:
            try:
                connection.execute(TOKENS.insert().values(token._asdict() | {"role": token.role.word}))
            except IntegrityError as error:
                raise token_exists(token) from error
            self._tables.insist(Session.of(connection))

    def revoke(self, id_: str, now: str) -> Token:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        if self.find(id_) is None:
            raise no_such_token(id_)
        with self._tables.writing() as connection:
            chosen = TOKENS.update().where(TOKENS.c.id == id_, TOKENS.c.revoked_at == "")
            connection.execute(chosen.values(revoked_at=now))
            self._tables.insist(Session.of(connection))
            revoked = self._find(connection, id_)
        if revoked is None:
            raise no_such_token(id_)
        return revoked

    def close(self) -> None:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        self._database.close()

    def _find(self, connection: Connection, id_: str) -> Token | None:
        row = connection.execute(select(TOKENS).where(TOKENS.c.id == id_)).one_or_none()
        return self._token(row) if row is not None else None

    def _token(self, row: Row[tuple[str, ...]]) -> Token:
        values = dict(row._mapping)  # noqa: SLF001 - its public name in SQLAlchemy
        role = ROLES.get(values["role"])
        if role is None:
            raise StoreCorrupt(
                f"The database {self._database.place} is damaged: the token {values['id']} has no known role.",
                next_step="Revoke it there, or restore the database from a backup.",
            )
        return Token(**{**values, "role": role})
