"""The part of the composition root that serves plan stores to others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from git_kas.errors import PluginUnusable, UsageError
from git_kas.places import Places
from git_kas.ports.store_host import HostRequest

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from wsgiref.types import WSGIApplication

    from git_kas.ports.store_host import StoreHost
    from git_kas.server.access import OpenAccess, TokenAccess
    from git_kas.server.certificates import Certificate
    from git_kas.server.runner import Runner
    from git_kas.server.secure_runner import SecureRunner
    from git_kas.server.services import Services
    from git_kas.workspace import Workspace

PORT: Final = 7433
BIND: Final = "127.0.0.1"
WATCHERS: Final = 512
_LARGEST_PORT: Final = 65_535


class ServeOptions(NamedTuple):
    """How to serve; ``database`` is a path or a store's URL, None for the user's own.

    ``cert`` and ``key`` are the files of a certificate, for HTTPS.
    """

    port: int
    bind: str
    database: str | None
    open_role: str | None
    read_only: bool
    allowed_hosts: Sequence[str]
    most_watchers: int
    cert: str | None = None
    key: str | None = None
    strict: bool = False


class Server(NamedTuple):
    """A server that listens, but does not answer before :meth:`run`.

    ``token_file`` is where a user's token was written to because there was none yet; empty if that was not so.
    ``access`` decides who is answered, ``warnings`` are sentences for whoever starts it.
    """

    url: str
    database: str
    services: Services
    runner: Runner | SecureRunner
    access: OpenAccess | TokenAccess
    token_file: str
    warnings: Sequence[str] = ()

    def run(self) -> None:
        """Answer until a signal says otherwise."""
        try:
            self.runner.run()
        finally:
            self.services.close()
            self.access.close()


class Serving:
    """Serves from within ``app``; no repository is needed."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    def database_url(self, database: str | None) -> str:
        """The URL of the store that ``database`` names: a path, a URL, or None for the user's own file."""
        if database is None:
            folder = self._folder("XDG_DATA_HOME", ".local/share", "Name the database with --db.")
            return "sqlite:///" + os.path.join(folder, "git-kas", "plans.sqlite")
        return Places(self._app).database_url(database)

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
            from git_kas.server.certificates import read_certificate
            from git_kas.server.hosts import HostCheck
            from git_kas.server.runner import WORKING_THREADS, listen, url_of
            from git_kas.server.services import Services
        except ModuleNotFoundError as error:
            raise _not_installed("'git kas serve'", "server", error) from error
        certificate = read_certificate(options.cert, options.key)
        run = _runner_for(certificate)
        url = self.database_url(options.database)
        # A plugin is loaded with standard output turned away, for all threads: so before there are others.
        _ = self._app.watch
        host = self.open_host(url)
        host.projects()  # a database that cannot be read is not served
        access = self._access(options, url)
        listener = listen(options.bind, options.port)
        address = url_of(listener, "https" if certificate else "http")
        token_file = self._first_token(access, address) if not options.read_only else ""
        rules = {"read_only": options.read_only, "strict": options.strict}
        services = Services(host, most_watchers=options.most_watchers, **rules)
        hosts = HostCheck([options.bind, *options.allowed_hosts])
        threads = options.most_watchers + WORKING_THREADS
        runner = run(Application(services, access, hosts), listener, threads, services.hub.release)
        runner.heed_signals()
        warnings = [certificate.warning] if certificate and certificate.warning else []
        return Server(address, host.describe().place, services, runner, access, token_file, warnings)

    def _access(self, options: ServeOptions, url: str) -> OpenAccess | TokenAccess:
        from git_kas.server.access import OpenAccess, Role, TokenAccess

        if options.open_role is None:
            return TokenAccess(Places(self._app).open_tokens(url), self._app.clock)
        return OpenAccess(Role[options.open_role.upper()])

    def _first_token(self, access: OpenAccess | TokenAccess, url: str) -> str:
        """Give whoever starts a server that has no tokens one for themselves; the file that it is in, if so."""
        from git_kas.domain.token_file import TOKEN_FILE, with_token
        from git_kas.server.access import OpenAccess
        from git_kas.usecases.tokens import first_token

        if isinstance(access, OpenAccess):
            return ""
        origin, paths = _origin(url), []

        def keep(token: str) -> None:
            step = "Set HOME, or make a token first: git kas token create NAME --db PATH"
            folder = self._folder("XDG_CONFIG_HOME", ".config", step)
            paths.append(os.path.join(folder, "git-kas", TOKEN_FILE))
            self._app.private_files.update(paths[0], lambda text: with_token(text, origin, token))

        first_token(Places(self._app).token_ports(access.tokens), f"first user of {origin}", keep)
        return paths[0] if paths else ""

    def _folder(self, variable: str, default: str, step: str) -> str:
        """The folder of the XDG Base Directory Specification, which has relative paths ignored."""
        environment = self._app.environment
        folder = environment.get(variable, "")
        if os.path.isabs(folder):
            return folder
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            raise UsageError(f"There is no home folder, and {variable} names no folder.", next_step=step)
        return os.path.join(home, *default.split("/"))


def _runner_for(
    certificate: Certificate | None,
) -> Callable[[WSGIApplication, socket.socket, int, Callable[[], None]], Runner | SecureRunner]:
    """What runs an application on a socket: the one place where the web server is chosen.

    It is waitress, as slow clients cannot stop it and it is small; with a certificate it is granian, which
    speaks TLS and HTTP/2.

    Raises:
        PluginUnusable: it is not installed.
    """
    from git_kas.server.runner import Runner

    if certificate is None:
        return lambda application, listener, threads, before_end: Runner(
            application, listener, threads, before_end=before_end
        )
    try:
        from git_kas.server.secure_runner import SecureRunner
    except ModuleNotFoundError as error:
        raise _not_installed("--cert", "granian", error) from error
    return lambda application, listener, threads, before_end: SecureRunner(
        application, listener, threads, certificate=certificate, before_end=before_end
    )


def _not_installed(what: str, extra: str, error: ModuleNotFoundError) -> PluginUnusable:
    return PluginUnusable(
        f"{what} needs the package '{error.name}', which is not installed.",
        next_step=f"Install git-kas with this extra: pip install '.[{extra}]' in its clone.",
    )


def _origin(url: str) -> str:
    """How clients on this machine call the server at ``url``, which may listen at all addresses."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
