"""Entry point ``json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_kas.ports.store import Store, StoreRequest


def kas_store(request: StoreRequest) -> Store:
    """The plan store in ``kas/plan-state.json`` of the common directory."""
    from git_kas_json.store import open_store

    return open_store(request)
