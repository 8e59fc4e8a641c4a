"""Opens what a URL names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from git_kas.ports.store_host import HostRequest
from git_kas_sql.database import Database
from git_kas_sql.feed import NotifyFeed
from git_kas_sql.file_feed import FileFeed
from git_kas_sql.host import SqlHost
from git_kas_sql.store import SqlStore
from git_kas_sql.tokens import SqlTokens

if TYPE_CHECKING:
    from git_kas.ports.store import StoreRequest

_FOLDER: Final = "kas"
_FILE: Final = "plans.sqlite"


class OwnStore(SqlStore):
    """A store that nobody shares, and that closes its host."""

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._host.close()


def open_store(request: StoreRequest) -> SqlStore:
    """The store of one project in the database that ``request.url`` names.

    ``sqlite`` alone is a file in Git's common directory, which all worktrees share.

    Raises:
        UsageError: the URL names no database that can be used.
    """
    url = request.url
    if url == "sqlite":
        url = "sqlite:///" + os.path.join(request.location.common_dir, _FOLDER, _FILE)
    return OwnStore(
        _host(Database(url), HostRequest(url, request.clock, request.open_watch)), request.project()
    )


def open_host(request: HostRequest) -> SqlHost:
    """The database that ``request.url`` names, to be served: who may see it is up to the server.

    Raises:
        UsageError: it names no database that can be used.
    """
    return _host(Database(request.url, private=True), request)


def _host(database: Database, request: HostRequest) -> SqlHost:
    feed = FileFeed(database, request.open_watch) if database.is_sqlite else NotifyFeed(database)
    return SqlHost(database, feed, request.clock)


def open_tokens(request: HostRequest) -> SqlTokens:
    """The tokens in the database that ``request.url`` names.

    Raises:
        UsageError: it names no database that can be used.
    """
    return SqlTokens(Database(request.url, private=True))
