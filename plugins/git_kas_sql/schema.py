"""The tables of a plan database.

What plans, history entries and keyed outcomes hold is kept as JSON documents in ASCII, as
:mod:`git_kas.domain.codec` makes them: PostgreSQL's ``text`` can keep neither NUL nor lone surrogates, and what
was taken over from elsewhere is kept as it was found. Columns beside a document are what rows are looked up by.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect

VERSION: Final = 3
"""The number of the newest schema; see :mod:`git_kas_sql.migrations`."""

_TO_ESCAPE: Final = re.compile("[\\\\\0\ud800-\udfff]")
_ESCAPED: Final = re.compile(r"\\u([0-9a-f]{4})")


class Word(TypeDecorator[str]):
    """Any text, as one that every database can keep: backslash, NUL and surrogates are escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """From Python to the database."""
        del dialect
        return _TO_ESCAPE.sub(_escape, value) if value is not None else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """And back."""
        del dialect
        if value is None or "\\" not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


METADATA: Final = MetaData()

SCHEMA = Table("kas_schema", METADATA, Column("version", Integer, nullable=False))

PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Word, nullable=False, unique=True),
    Column("change", BigInteger, nullable=False),
    Column("last_time", Text, nullable=False),
    Column("passengers", Text, nullable=False),
    Column("repository", Text, nullable=False, server_default=""),
)
"""``change`` and ``last_time`` are those of the project's last commit. Writers lock the row.

``repository`` is the root commit of the repository that the project is bound to, empty before that
(:mod:`git_kas.domain.binding`). Since version 3.
"""

PLANS = Table(
    "plans",
    METADATA,
    Column("project", ForeignKey("projects.id"), primary_key=True),
    Column("name", Word, primary_key=True),
    Column("live", Boolean, nullable=False),
    Column("status", Word, nullable=False),
    Column("topic", Word, nullable=False),
    Column("document", Text, nullable=False),
)
"""What is kept about each name, gone plans included."""

TOPICS = Table(
    "topics",
    METADATA,
    Column("project", ForeignKey("projects.id"), primary_key=True),
    Column("name", Word, primary_key=True),
    Column("created_at", Word, nullable=False),
)

HISTORY = Table(
    "history",
    METADATA,
    Column("project", ForeignKey("projects.id"), primary_key=True),
    Column("change", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("identity", Word, nullable=False),
    Column("document", Text, nullable=False),
)
"""What happened, by change number and position within the commit."""

Index("history_of_plan", HISTORY.c.project, HISTORY.c.identity, HISTORY.c.change)

KEYS = Table(
    "keys",
    METADATA,
    Column("project", ForeignKey("projects.id"), primary_key=True),
    Column("key", Word, primary_key=True),
    Column("document", Text, nullable=False),
)
"""What idempotency keys stand for."""

CONTENTS = Table(
    "contents",
    METADATA,
    Column("project", ForeignKey("projects.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
"""Plan texts by their SHA-256."""

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("project", Word),
    Column("name", Word, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("revoked_at", Text, nullable=False),
)
"""Who may do what through a server (:class:`git_kas.domain.tokens.Token`). Since version 2."""

_NOT_REVOKED: Final = text("revoked_at = ''")

Index("name_of_token", TOKENS.c.name, unique=True, sqlite_where=_NOT_REVOKED, postgresql_where=_NOT_REVOKED)
