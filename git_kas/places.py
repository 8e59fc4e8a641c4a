"""Whole places of plans, all their projects and tokens: a part of the composition root."""

from __future__ import annotations

import os
import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from git_kas.domain.secrets import without_password
from git_kas.errors import StoreCorrupt, UsageError
from git_kas.ports.store_host import HostRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git_kas.ports.store import Store
    from git_kas.ports.store_host import StoreHost
    from git_kas.ports.tokens import TokenStore
    from git_kas.usecases.store_care import Copied, Finding, Looked
    from git_kas.usecases.tokens import TokenPorts
    from git_kas.workspace import Workspace

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII)
_FILE_PLUGIN: Final = "sqlite"


class Checked(NamedTuple):
    """What came of looking through a place; ``place`` names it for people."""

    place: str
    projects: Sequence[Looked]
    findings: Sequence[Finding]


class BackedUp(NamedTuple):
    """What was copied from a place, and the new file."""

    place: str
    file: str
    projects: Sequence[Copied]


class Places:
    """The place that is configured, or another one, as seen by the run ``app``."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    def check(self) -> Checked:
        """Look through the configured store, and where it is a database through all of it."""
        from git_kas.usecases.store_care import Finding, look_through

        url = self._place_url()
        hook = "kas_store_damages"
        damages: Sequence[str] = ()
        if self._app.plugins.provides(_plugin_of(url), hook):
            damages = self._app.plugins.call(_plugin_of(url), hook, request=self._request(url))
        findings = [Finding(None, sentence) for sentence in damages]
        looked: list[Looked] = []
        try:
            with self._stores() as stores:
                looked += [look_through(name, store) for name, store in stores]
        except StoreCorrupt as error:
            if not damages:
                findings.append(Finding(None, error.message))
        told = {finding.sentence for finding in findings}
        findings += [finding for one in looked for finding in one.findings if finding.sentence not in told]
        return Checked(without_password(url), looked, findings)

    def back_up(self, file: str) -> BackedUp:
        """Copy the configured store, and where it is a database all of it, into the new file ``file``."""
        from git_kas.usecases.store_care import back_up

        path = os.path.abspath(os.path.join(self._app.folder, file))
        with self._stores() as stores:
            copied = back_up(stores, path, self._app.new_files, self._open_file)
        return BackedUp(without_password(self._place_url()), path, copied)

    @contextmanager
    def tokens(self, database: str | None) -> Iterator[TokenPorts]:
        """The tokens in ``database``, a path or a URL, or in the configured store.

        Raises:
            UsageError: no tokens are kept there.
        """
        url = self.database_url(database) if database is not None else self._place_url()
        with closing(self.open_tokens(url)) as tokens:
            yield self.token_ports(tokens)

    def open_tokens(self, url: str) -> TokenStore:
        """The tokens in the database ``url``.

        Raises:
            UsageError: no tokens are kept there.
        """
        plugins, plugin = self._app.plugins, _plugin_of(url)
        if plugins.provides(plugin, "kas_store") and not plugins.provides(plugin, "kas_tokens"):
            raise UsageError(
                f"The plan store '{without_password(url)}' keeps no tokens.",
                next_step="Name the database that 'git kas serve' serves: --db PATH or --db URL.",
            )
        return cast("TokenStore", plugins.call(plugin, "kas_tokens", request=self._request(url)))

    def token_ports(self, tokens: TokenStore) -> TokenPorts:
        """What new tokens are made with."""
        from secrets import token_bytes

        from git_kas.usecases.tokens import TokenPorts

        return TokenPorts(tokens, self._app.clock, token_bytes)

    def database_url(self, text: str) -> str:
        """``text`` if it is a URL, else that of the SQLite database at the path ``text``.

        Raises:
            UsageError: it is empty.
        """
        if _URL.match(text):
            return text
        if not text:
            raise UsageError("The path of the database is empty.", next_step="Name a file with --db.")
        return f"{_FILE_PLUGIN}:///{os.path.abspath(os.path.join(self._app.folder, text))}"

    def _place_url(self) -> str:
        """The configured store; the database in Git's common directory by its path."""
        url = self._app.config.setting("store").value
        if url == _FILE_PLUGIN:
            return self.database_url(self._app.store.describe().place)
        return url

    @contextmanager
    def _stores(self) -> Iterator[Iterator[tuple[str, Store]]]:
        """The stores of all projects of the configured place, or of this one where a store has no others."""
        url = self._place_url()
        if not self._app.plugins.provides(_plugin_of(url), "kas_store_host"):
            yield iter([(self._app.project.value, self._app.store)])
            return
        with closing(self._open_host(url)) as host:
            yield ((name, host.store(name)) for name in host.projects())

    def _open_file(self, path: str) -> StoreHost:
        return self._open_host(f"{_FILE_PLUGIN}:///{path}")

    def _open_host(self, url: str) -> StoreHost:
        found = self._app.plugins.call(_plugin_of(url), "kas_store_host", request=self._request(url))
        return cast("StoreHost", found)

    def _request(self, url: str) -> HostRequest:
        return HostRequest(url, self._app.clock, lambda: self._app.watch)


def _plugin_of(url: str) -> str:
    return url.partition(":")[0]
