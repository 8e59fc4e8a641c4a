"""A journal of operations as plain as can be, for tests that need no other one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from git_kas.errors import NotFound
from git_kas.ports.operations import OperationRecord


class Killed(BaseException):
    """The process ends here."""


class PlainJournal:
    """One file of lines for each operation; ``before_write`` is called with each step before it is recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before_write: Callable[[Mapping[str, Any]], None] = lambda _: None
        self.after_write: Callable[[Mapping[str, Any]], None] = lambda _: None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        yield

    def begin(self, kind: str, asked: Mapping[str, Any], now_ns: int) -> str:
        self.before_write(asked)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("*.jsonl"))) + 1
        id_ = f"{now_ns // 10**9}-{number:03}"
        self._path(id_).write_text(f"{json.dumps({'kind': kind})}\n{json.dumps(asked)}\n")
        self.after_write(asked)
        return id_

    def record(self, operation: str, step: Mapping[str, Any]) -> None:
        self.before_write(step)
        with self._path(operation).open("a") as file:
            file.write(json.dumps(step) + "\n")
        self.after_write(step)

    def keep(self, operation: str, name: str, content: bytes) -> None:
        (self.folder / f"{operation}-{name}").write_bytes(content)

    def kept(self, operation: str, name: str) -> bytes:
        return (self.folder / f"{operation}-{name}").read_bytes()

    def read(self, operation: str) -> OperationRecord:
        if not self._path(operation).exists():
            raise NotFound(f"no operation {operation}.", next_step="Look.")
        first, *steps = map(json.loads, self._path(operation).read_text().splitlines())
        return OperationRecord(operation, first["kind"], "2026-01-01T00:00:00.000000Z", steps)

    def operations(self) -> Sequence[OperationRecord]:
        return [self.read(path.stem) for path in sorted(self.folder.glob("*.jsonl"))]

    def forget(self, operation: str) -> None:
        self._path(operation).unlink()

    def _path(self, operation: str) -> Path:
        return self.folder / f"{operation}.jsonl"
