"""Trying plan stores: the part of the composition root that is about stores nobody works with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from git_kas.errors import UsageError
from git_kas.ports.store import Store, StoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.usecases.crew import Target, Trial
    from git_kas.usecases.verify_store import Verification
    from git_kas.workspace import Workspace


class StoreTrial:
    """Tries stores from within ``app``."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    def run(self, url: str | None, trial: Trial, keep: str | None) -> Verification:
        """Try the store at ``url``, or one of the configured kind, in a project that nobody uses."""
        from git_kas.usecases.crew import Target
        from git_kas.usecases.verify_store import VerifyPorts, verify_store

        target = Target(url or self._store_kind(), f"verify-{self._app.clock.now_ns():x}")
        ports = VerifyPorts(self._app.processes, self._app.scratch, self._app.progress, self._open_target)
        return verify_store(ports, target, trial, os.path.join(self._app.folder, keep) if keep else None)

    def run_client(self, job: str, wait_for_word: Callable[[], str]) -> None:
        """Be one of the clients that try a store."""
        from git_kas.usecases.crew import Target
        from git_kas.usecases.store_client import decode_job, run_client

        todo = decode_job(job)
        store = self._open_target(Target(todo.url, todo.project), todo.folder)
        try:
            run_client(todo, store, self._app.processes, wait_for_word)
        finally:
            store.close()

    def _store_kind(self) -> str:
        setting = self._app.config.setting("store")
        if ":" in setting.value:
            raise UsageError(
                f"{setting.source}: the plan store '{setting.shown}' is a place that others may use.",
                next_step="Name it as the argument if a new project may be left there.",
            )
        return setting.value

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
        return cast("Store", self._app.plugins.call(target.url.partition(":")[0], "kas_store", request=request))
