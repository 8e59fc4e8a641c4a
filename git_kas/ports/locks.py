"""Being the only one in a repository who does something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Locks(Protocol):
    """Locks that the system gives back when their holder dies, by a name that is one file name."""

    def exclusive(self, name: str, doing: str) -> AbstractContextManager[None]:
        """Hold the lock ``name``, without waiting for who holds it; ``doing`` begins a sentence about that.

        Raises:
            Busy: another process holds it; the message names it.
            ReadOnly, StoreFull: the lock's file cannot be written.
        """

    def holder(self, name: str) -> str:
        """Who holds the lock ``name``; empty if nobody does. Writes nothing."""
