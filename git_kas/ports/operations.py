"""The journal of operations that act on a repository: what was begun, each step of it, and what undo needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager


class OperationRecord(NamedTuple):
    """One operation, such as a cleanup or a finish, as its journal tells it.

    ``id`` is unique in the repository, a file name, and sorts by time. ``kind`` is the command's word.
    ``steps`` are JSON objects, in the order in which they were recorded; the first one says what was asked.
    A step whose recording was cut short by a crash is not among them.
    """

    id: str
    kind: str
    began: str
    steps: Sequence[Mapping[str, Any]]


class OperationJournal(Protocol):
    """The operations of one repository, kept in Git's common directory.

    Every operation that writes raises:
        ReadOnly, StoreFull: the journal cannot be written; the record was not kept.
    """

    def exclusive(self) -> AbstractContextManager[None]:
        """Be the only one who acts on this repository's branches and worktrees.

        Raises:
            Busy: somebody else is, for longer than is worth waiting; the message names who.
        """

    def begin(self, kind: str, asked: Mapping[str, Any], now_ns: int) -> str:
        """Record the begin of an operation, durably; its id. ``now_ns`` is in nanoseconds since 1970 (UTC)."""

    def record(self, operation: str, step: Mapping[str, Any]) -> None:
        """Record a step; on return it is durable."""

    def keep(self, operation: str, name: str, content: bytes) -> None:
        """Keep a file that belongs to the operation, such as a reflog; on return it is durable."""

    def kept(self, operation: str, name: str) -> bytes:
        """The content of a file that was kept.

        Raises:
            NotFound: there is none of that name.
        """

    def read(self, operation: str) -> OperationRecord:
        """One operation.

        Raises:
            NotFound: there is none with that id.
            StoreCorrupt: its journal is damaged elsewhere than at its end.
        """

    def operations(self) -> Sequence[OperationRecord]:
        """All operations, oldest first. Those that cannot be read raise as :meth:`read` does."""

    def forget(self, operation: str) -> None:
        """Remove the journal of an operation and the files kept with it."""
