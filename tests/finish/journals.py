"""The journal of operations, with somebody who watches it being written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from git_kas.ports.operations import OperationJournal, OperationRecord


class Killed(BaseException):
    """The process ends here."""


class WatchedJournal:
    """``before_write`` and ``after_write`` are called with each step that is recorded."""

    def __init__(self, journal: OperationJournal) -> None:
        self._journal = journal
        self.before_write: Callable[[Mapping[str, Any]], None] = lambda _: None
        self.after_write: Callable[[Mapping[str, Any]], None] = lambda _: None

    def exclusive(self) -> AbstractContextManager[None]:
        return self._journal.exclusive()

    def begin(self, kind: str, asked: Mapping[str, Any], now_ns: int) -> str:
        self.before_write(asked)
        id_ = self._journal.begin(kind, asked, now_ns)
        self.after_write(asked)
        return id_

    def record(self, operation: str, step: Mapping[str, Any]) -> None:
        self.before_write(step)
        self._journal.record(operation, step)
        self.after_write(step)

    def keep(self, operation: str, name: str, content: bytes) -> None:
        self._journal.keep(operation, name, content)

    def kept(self, operation: str, name: str) -> bytes:
        return self._journal.kept(operation, name)

    def read(self, operation: str) -> OperationRecord:
        return self._journal.read(operation)

    def operations(self) -> Sequence[OperationRecord]:
        return self._journal.operations()

    def forget(self, operation: str) -> None:
        self._journal.forget(operation)
