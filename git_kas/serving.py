"""The part of the composition root that serves plan stores to others."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from git_kas.errors import PluginUnusable, UsageError
from git_kas.ports.store_host import HostRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.ports.store_host import StoreHost
    from git_kas.server.access import Access
    from git_kas.server.runner import Runner
    from git_kas.server.services import Services
    from git_kas.workspace import Workspace

PORT: Final = 7433
BIND: Final = "127.0.0.1"
WATCHERS: Final = 512
_LARGEST_PORT: Final = 65_535
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*):")


class ServeOptions(NamedTuple):
    """How to serve; ``database`` is a path or a store's URL, None for the user's own."""

    port: int
    bind: str
    database: str | None
    open_role: str | None
    read_only: bool
    allowed_hosts: Sequence[str]
    most_watchers: int


class Server(NamedTuple):
    """A server that listens, but does not answer before :meth:`run`."""

    url: str
    database: str
    services: Services
    runner: Runner

    def run(self) -> None:
        """Answer until a signal says otherwise."""
        try:
            self.runner.run()
        finally:
            self.services.close()


class Serving:
    """Serves from within ``app``; no repository is needed."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    def database_url(self, database: str | None) -> str:
        """The URL of the store that ``database`` names: a path, a URL, or None for the user's own file."""
        if database is None:
            return "sqlite:///" + os.path.join(self._data_folder(), "git-kas", "plans.sqlite")
        if _URL.match(database):
            return database
        if not database:
            raise UsageError("The path of the database is empty.", next_step="Name a file with --db.")
        return "sqlite:///" + os.path.abspath(os.path.join(self._app.folder, database))

    def open_host(self, url: str) -> StoreHost:
        """All projects of a place.

        Raises:
            PluginUnusable, UsageError: it is no place that holds many projects.
        """
        request = HostRequest(url, self._app.clock, lambda: self._app.watch)
        return cast(
            "StoreHost", self._app.plugins.call(url.partition(":")[0], "kas_store_host", request=request)
        )

    def open(self, options: ServeOptions) -> Server:
        """Open the database and listen.

        Raises:
            PluginUnusable: what serves is not installed.
            UsageError: the options name nothing that can be served, or no address to listen at.
            KasError: the database cannot be read.
        """
        if not 0 <= options.port <= _LARGEST_PORT:
            raise UsageError(f"{options.port} is no port.", next_step=f"Use 0 to {_LARGEST_PORT}.")
        try:
            from git_kas.server.application import Application
            from git_kas.server.hosts import HostCheck
            from git_kas.server.runner import WORKING_THREADS, Runner, listen, url_of
            from git_kas.server.services import Services
        except ModuleNotFoundError as error:
            raise PluginUnusable(
                f"'git kas serve' needs the package '{error.name}', which is not installed.",
                next_step="Install it: pip install 'git-kas[server]'.",
            ) from error
        access = self._access(options)
        host = self.open_host(self.database_url(options.database))
        host.projects()  # a database that cannot be read is not served
        listener = listen(options.bind, options.port)
        services = Services(host, most_watchers=options.most_watchers, read_only=options.read_only)
        hosts = HostCheck([options.bind, *options.allowed_hosts])
        runner = Runner(
            Application(services, access, hosts),
            listener,
            options.most_watchers + WORKING_THREADS,
            before_end=services.hub.release,
        )
        runner.heed_signals()
        return Server(url_of(listener), host.describe().place, services, runner)

    def _access(self, options: ServeOptions) -> Access:
        from git_kas.server.access import OpenAccess, Role

        if options.open_role is None:
            raise UsageError(
                "A server without tokens lets everybody in who can reach it, and that must be asked for.",
                next_step="Say --no-auth, or --no-auth=read, agent or admin.",
            )
        return OpenAccess(Role[options.open_role.upper()])

    def _data_folder(self) -> str:
        environment = self._app.environment
        folder = environment.get("XDG_DATA_HOME", "")
        if os.path.isabs(folder):  # the XDG Base Directory Specification has relative paths ignored
            return folder
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            raise UsageError(
                "There is no home folder to keep a database in.", next_step="Name a file with --db."
            )
        return os.path.join(home, ".local", "share")
