"""Trying plan stores: the part of the composition root that is about stores nobody works with."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, cast

from git_kas.domain.secrets import without_password
from git_kas.errors import KasError, PluginUnusable, ProgramFailed, UsageError
from git_kas.ports.store import Store, StoreRequest
from git_kas.ports.store_host import HostRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from git_kas.ports.store_host import Outage
    from git_kas.usecases.crew import Target, Trial
    from git_kas.usecases.faults import Fault
    from git_kas.usecases.trial_servers import Launch
    from git_kas.usecases.verify_store import Place, Verification
    from git_kas.workspace import Workspace

_FILE_KIND: Final = "sqlite"
_WATCHERS: Final = "16"
_TOKEN_SECONDS: Final = 7 * 24 * 3600


class StoreTrial:
    """Tries stores from within ``app``.

    ``restart`` is a shell command that restarts the database of the store, empty for none.
    """

    def __init__(self, app: Workspace, restart: str = "") -> None:
        self._app = app
        self._restart = restart

    def run(self, url: str | None, trial: Trial, keep: str | None) -> Verification:
        """Try the store at ``url``, or one of the configured kind, in a project that nobody uses.

        Raises:
            PluginUnusable: servers are asked for, and cannot serve such a store.
        """
        from git_kas.usecases.crew import Target
        from git_kas.usecases.verify_store import VerifyPorts, verify_store

        target = Target(url or self._store_kind(trial), f"verify-{self._app.clock.now_ns():x}")
        ports = VerifyPorts(
            self._app.processes,
            self._app.scratch,
            self._app.progress,
            self._find_place,
            self._open_target,
            self._admission,
        )
        return verify_store(ports, target, trial, os.path.join(self._app.folder, keep) if keep else None)

    def run_client(self, job: str, wait_for_word: Callable[[], str]) -> None:
        """Be one of the clients that try a store."""
        from git_kas.usecases.crew import Target
        from git_kas.usecases.store_client import decode_job, run_client

        todo = decode_job(job)
        stores = [self._open_target(Target(url, todo.project), todo.folder) for url in todo.urls]
        try:
            run_client(todo, stores, self._app.processes, wait_for_word)
        finally:
            for store in stores:
                store.close()

    def _store_kind(self, trial: Trial) -> str:
        if trial.servers:
            return _FILE_KIND
        setting = self._app.config.setting("store")
        if ":" in setting.value:
            raise UsageError(
                f"{setting.source}: the plan store '{setting.shown}' is a place that others may use.",
                next_step="Name it as the argument if a new project may be left there.",
            )
        return setting.value

    def _find_place(self, target: Target, trial: Trial, folder: str) -> Place:
        from git_kas.usecases.faults import Fault
        from git_kas.usecases.verify_store import Place

        url = target.url
        if trial.servers and not self._app.plugins.provides(_plugin_of(url), "kas_store_host"):
            raise PluginUnusable(
                f"'git kas serve' cannot serve the plan store '{without_password(url)}'.",
                next_step="Name a database: sqlite, or the URL of one.",
            )
        if trial.servers and url == _FILE_KIND:
            url = f"{_FILE_KIND}:///{os.path.join(folder, 'served.sqlite')}"
        outages: dict[Fault, Callable[[], bool]] = {}
        outage = self._outage(url, target.project)
        if outage is not None:
            url = outage.url
            outages[Fault.DATABASE_CUT] = lambda: _cut(outage)
        if self._restart:
            outages[Fault.DATABASE_RESTART] = self._restart_database
        return Place(url, outages)

    def _outage(self, url: str, name: str) -> Outage | None:
        plugin, hook = _plugin_of(url), "kas_store_outage"
        if ":" not in url or not self._app.plugins.provides(plugin, hook):
            return None
        found = self._app.plugins.call(plugin, hook, request=self._host_request(url), user=name)
        return cast("Outage | None", found)

    def _restart_database(self) -> bool:
        status = self._app.commands.run(self._restart, self._app.folder)
        if status:
            raise ProgramFailed(
                f"The command that restarts the database ended with status {status}.",
                next_step="See what it said, and try it by itself.",
            )
        return True

    @contextmanager
    def _admission(self, target: Target, trial: Trial) -> Iterator[Launch]:
        """Have a token for as long as the run lasts, as others of this machine reach its servers, too.

        A place that keeps no tokens can only be served to everybody.
        """
        from git_kas.usecases.trial_servers import Launch

        if not trial.servers:
            yield Launch()
            return
        options = ["--db", target.url, "--max-watchers", _WATCHERS]
        if not self._app.plugins.provides(_plugin_of(target.url), "kas_tokens"):
            yield Launch(trial.servers, [*options, "--no-auth"])
            return
        with self._token(target) as token:
            yield Launch(trial.servers, options, {"KAS_TOKEN": token})

    @contextmanager
    def _token(self, target: Target) -> Iterator[str]:
        from git_kas.domain.lifecycle import Actor
        from git_kas.domain.tokens import Role
        from git_kas.places import Places
        from git_kas.usecases.tokens import Wanted, create_token, revoke_token

        places = Places(self._app)
        with closing(places.open_tokens(target.url)) as tokens:
            ports = places.token_ports(tokens)
            wanted = Wanted(target.project, Role.USER, target.project, _TOKEN_SECONDS)
            token = create_token(ports, Actor.USER, wanted).text
            try:
                yield token
            finally:
                revoke_token(ports, Actor.USER, token)

    def _open_target(self, target: Target, folder: str) -> Store:
        """The store ``target``, as if ``folder`` were the administrative folder of a bare repository."""
        from git_kas.domain.location import RepositoryLocation

        location = RepositoryLocation(folder, folder, None, None)
        request = StoreRequest(
            target.url,
            location,
            lambda: target.project,
            lambda: "docs/plans",
            self._app.clock,
            lambda: self._app.watch,
            environment=self._app.environment,
        )
        return cast("Store", self._app.plugins.call(_plugin_of(target.url), "kas_store", request=request))

    def _host_request(self, url: str) -> HostRequest:
        return HostRequest(url, self._app.clock, lambda: self._app.watch)


def _plugin_of(url: str) -> str:
    return url.partition(":")[0]


def _cut(outage: Outage) -> bool:
    """Whether somebody was cut off."""
    try:
        return outage.cut() > 0
    except KasError:
        return False  # it is away already
