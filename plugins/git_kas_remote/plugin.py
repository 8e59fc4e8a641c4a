"""Entry points ``http`` and ``https``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_kas.ports.store import Store, StoreRequest


def kas_store(request: StoreRequest) -> Store:
    """The plan store of one project on a server."""
    from git_kas_remote.opening import open_store

    return open_store(request)
