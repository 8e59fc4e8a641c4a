"""What may be forgotten at any time: results that are expensive to find again."""

from __future__ import annotations

from typing import Protocol


class Cache(Protocol):
    """Bytes by name, kept in Git's common directory. Nobody depends on it, so nothing here fails."""

    def read(self, name: str) -> bytes | None:
        """What was kept under ``name``; None if nothing was, or it cannot be read."""

    def write(self, name: str, data: bytes) -> None:
        """Keep ``data``, all of it or nothing, if that can be done."""
