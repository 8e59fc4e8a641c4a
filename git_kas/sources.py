"""Where plans may be imported from: a part of the composition root."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Final, cast

from git_kas.config import Setting
from git_kas.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.ports.earlier_database import EarlierDatabase
    from git_kas.usecases.import_plans import Incoming
    from git_kas.workspace import Workspace

_DATABASE_PLUGIN: Final = "sqlite"
_SERVERS: Final = ("http:", "https:")
_TOKENS: Final = frozenset({"KAS_TOKEN", "KAS_TOKEN_FILE"})


class Sources:
    """Sources as seen by the run ``app``."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    def file(self, path: str, data: bytes, *, is_remembered: bool) -> Incoming:
        """An export or a state file, as read from ``path``; ``is_remembered``: by the store."""
        from hashlib import sha256

        from git_kas.usecases.import_plans import ImportFile, from_file

        return from_file(ImportFile(data, path, sha256(data).hexdigest() if is_remembered else ""))

    def database(self, path: str, project: str | None) -> Incoming:
        """The earlier system's database at ``path``."""
        from git_kas.usecases.import_plans import from_database

        absolute = os.path.join(self._app.folder, path)
        found = self._app.plugins.call(_DATABASE_PLUGIN, "kas_earlier_database", path=absolute)
        with closing(cast("EarlierDatabase", found)) as database:
            return from_database(database, path, project, self._app.project.value)

    def store(self, url: str, project: str | None) -> Incoming:
        """The project of another store, by default of the name that this one has.

        Raises:
            UsageError: the URL is empty, or names the place where the plans go.
        """
        from git_kas.usecases.import_plans import from_store

        if not url:
            raise UsageError("The URL of the other store is empty.", next_step="Name one with --from.")
        own = self._app.project.value
        name = own if project is None else project
        setting = Setting("store", url, "option --from")
        opened = self._app.open_store(setting, lambda: name, environment=self._environment_for(url))
        with closing(opened) as source:
            return from_store(source, self._app.store, name, is_same_project=name == own)

    def _environment_for(self, url: str) -> Mapping[str, str]:
        """The environment, without the token that is for the server which is configured, where that is another.

        A token in the user's file of tokens is for the origin that stands beside it.
        """
        configured = self._app.config.setting("store").value
        if configured == url or not configured.startswith(_SERVERS):
            return self._app.environment
        return {name: value for name, value in self._app.environment.items() if name not in _TOKENS}
