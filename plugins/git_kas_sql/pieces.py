"""Pieces of large requests, kept until all of them are there.

They are texts of a project that no request can name and that is never committed to: so it is on no list, in no
export and in no backup, and older versions of the tables can keep them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select

from git_kas.domain.mutation import LARGEST_REQUEST
from git_kas.domain.timestamps import later
from git_kas.errors import Busy, NotFound, StoreCorrupt
from git_kas_sql.rows import find_head
from git_kas_sql.schema import CONTENTS, PROJECTS
from git_kas_sql.session import Session
from git_kas_sql.writing import lock_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_MARK: Final = "\0pieces of "
_LONGEST: Final = 3600
"""Seconds after which pieces are given up that nobody has added to."""

_MOST: Final = 2 * LARGEST_REQUEST


def keep(connection: Connection, project: str, piece: bytes, now: str) -> str:
    """Keep a piece; see :class:`~git_kas.ports.store_host.StoreHost`."""
    _give_up(connection, later(now, -_LONGEST))
    session = Session.of(connection)
    head = lock_project(session, _MARK + project)
    size = func.coalesce(func.sum(func.length(CONTENTS.c.data)), 0)
    kept: int = connection.execute(select(size).where(CONTENTS.c.project == head.id)).scalar_one()
    if kept + len(piece) > _MOST:
        raise Busy(
            "Other large requests for this project are under way.",
            next_step="Try again; what nobody goes on with is given up after an hour.",
        )
    id_ = sha256(piece).hexdigest()
    session.insert(CONTENTS, [{"project": head.id, "id": id_, "data": piece}])
    connection.execute(PROJECTS.update().where(PROJECTS.c.id == head.id).values(last_time=now))
    return id_


def read(connection: Connection, project: str, ids: Sequence[str]) -> list[bytes]:
    """The pieces by their ids, in that order."""
    head = find_head(Session.of(connection), _MARK + project)
    found = []
    for id_ in ids:
        asked = select(CONTENTS.c.data).where(
            CONTENTS.c.project == (head.id if head else 0), CONTENTS.c.id == id_
        )
        data = connection.execute(asked).scalar_one_or_none()
        if data is None:
            raise missing()
        if sha256(bytes(data)).hexdigest() != id_:
            raise StoreCorrupt(f"A piece of a request was changed: {id_[:12]}….", next_step="Send it again.")
        found.append(bytes(data))
    return found


def drop(connection: Connection, project: str, ids: Sequence[str]) -> None:
    """Keep the pieces no longer."""
    head = find_head(Session.of(connection), _MARK + project)
    if head is not None:
        connection.execute(delete(CONTENTS).where(CONTENTS.c.project == head.id, CONTENTS.c.id.in_(ids)))


def missing() -> NotFound:
    """The error for pieces that are not kept."""
    return NotFound("Not all pieces of the request are here.", next_step="Send them again.")


def _give_up(connection: Connection, before: str) -> None:
    """Drop all pieces of projects to which none was added since ``before``."""
    asked = select(PROJECTS.c.id, PROJECTS.c.name).where(PROJECTS.c.change == 0, PROJECTS.c.last_time < before)
    for id_, name in connection.execute(asked).all():
        if name.startswith(_MARK):
            connection.execute(delete(CONTENTS).where(CONTENTS.c.project == id_))
