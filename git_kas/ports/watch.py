"""Being told that something has changed on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager


SETTLING: Final = 0.1
"""Seconds."""


class WatchedFolder(NamedTuple):
    """A folder by its absolute path; where it is not there yet, that it appears is a change.

    With ``names``, only what happens to files of these names is a change.
    """

    path: str
    recursive: bool = False
    names: frozenset[str] = frozenset()


class Changes(Protocol):
    """What happens in the folders that are watched."""

    def wait(self, seconds: float | None) -> bool:
        """Return True as soon as something has changed since the last call, False after ``seconds``.

        Changes that follow one another at once count as one. Nothing is done while waiting.
        """

    def notify(self) -> None:
        """Count as a change what somebody else has noticed; from any thread."""


class Watch(Protocol):
    """Watches folders."""

    def changes(
        self, folders: Sequence[WatchedFolder], settling: float = SETTLING
    ) -> AbstractContextManager[Changes]:
        """Watch ``folders`` until the context ends; nothing that happens in it is missed.

        What changes within ``settling`` seconds after a change counts as one with it.

        Raises:
            KasError: the system cannot watch more folders.
        """
