"""The memory fake of :mod:`git_kas.ports.operations`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from git_kas.domain.operation_ids import next_operation_id
from git_kas.domain.timestamps import timestamp
from git_kas.errors import Busy, NotFound
from git_kas.ports.operations import OperationRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass
class FakeOperationJournal:
    """Operations in memory; as on disk, only JSON comes back."""

    records: dict[str, OperationRecord] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    held: bool = False

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        if self.held:
            raise Busy("Somebody else is at it.", next_step="Try again.")
        self.held = True
        try:
            yield
        finally:
            self.held = False

    def begin(self, kind: str, asked: Mapping[str, Any], now_ns: int) -> str:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        operation = next_operation_id(now_ns, max(self.records, default=""))
        self.records[operation] = OperationRecord(operation, kind, timestamp(now_ns), (_plain(asked),))
        return operation

    def record(self, operation: str, step: Mapping[str, Any]) -> None:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        found = self.read(operation)
        self.records[operation] = found._replace(steps=(*found.steps, _plain(step)))

    def keep(self, operation: str, name: str, content: bytes) -> None:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        self.read(operation)
        self.files[operation, name] = content

    def kept(self, operation: str, name: str) -> bytes:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        if (operation, name) not in self.files:
            raise NotFound(f"There is no file '{name}'.", next_step="Keep it first.")
        return self.files[operation, name]

    def read(self, operation: str) -> OperationRecord:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        if operation not in self.records:
            raise NotFound(f"There is no operation {operation!r}.", next_step="Begin it first.")
        return self.records[operation]

    def operations(self) -> Sequence[OperationRecord]:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        return [self.records[operation] for operation in sorted(self.records)]

    def forget(self, operation: str) -> None:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        self.read(operation)
        del self.records[operation]
        self.files = {key: content for key, content in self.files.items() if key[0] != operation}


def _plain(step: Mapping[str, Any]) -> Mapping[str, Any]:
    copied: Mapping[str, Any] = json.loads(json.dumps(step))
    return copied
