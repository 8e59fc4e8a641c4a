"""Locks in memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from git_kas.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator


class FakeLocks:
    """The port :class:`~git_kas.ports.locks.Locks`; whoever is in ``held`` holds the lock of that name."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    @contextmanager
    def exclusive(self, name: str, doing: str) -> Iterator[None]:
        """See :class:`git_kas.ports.locks.Locks`."""
        if name in self.held:
            raise Busy(f"{doing} by {self.held[name]}.", next_step="Try again when it has finished.")
        self.held[name] = "this process"
        try:
            yield
        finally:
            del self.held[name]

    def holder(self, name: str) -> str:
        """See :class:`git_kas.ports.locks.Locks`."""
        return self.held.get(name, "")
