"""An outage of PostgreSQL for a few: what its restart is to them, and nothing to others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url, text

from git_kas_sql.database import Database
from git_kas_sql.engines import APPLICATION

if TYPE_CHECKING:
    from sqlalchemy import URL

_CUT: Final = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = :name AND datname = current_database() AND pid <> pg_backend_pid()"
)
"""An account may end its own sessions; no right of the operating system is needed (manual, 9.28.2)."""


class PostgresqlOutage:
    """The port :class:`~git_kas.ports.store_host.Outage`; sessions are told by the name that they have."""

    def __init__(self, url: str, name: str) -> None:
        self._asked: URL = make_url(url)
        self._name = name

    @property
    def url(self) -> str:
        """See :class:`git_kas.ports.store_host.Outage`."""
        return self._asked.update_query_dict({APPLICATION: self._name}).render_as_string(hide_password=False)

    def cut(self) -> int:
        """See :class:`git_kas.ports.store_host.Outage`."""
        database = Database(self._asked.render_as_string(hide_password=False))
        try:
            with database.writing() as connection:
                count: int = connection.execute(_CUT, {"name": self._name}).scalar_one()
                return count
        finally:
            database.close()
