"""The journal of operations on disk: ``kas/operations/<id>`` in Git's common directory.

``steps.jsonl`` is only ever appended to, one JSON object a line; the first line says what was begun. What is
behind the last line end was cut short by a crash: it is passed over, and taken away by the next record.
Kept files lie beside it, in ``kept``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

from git_kas.disk import sync, write_all, writing
from git_kas.domain.operation_ids import is_operation_id, next_operation_id
from git_kas.domain.timestamps import timestamp
from git_kas.errors import NotFound, StoreCorrupt
from git_kas.ports.operations import OperationRecord
from git_kas_files.durable import replace_durably
from git_kas_files.folder_lock import exclusive_lock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

_PATIENCE: Final = 30.0  # seconds
_STEPS: Final = "steps.jsonl"
_KEPT: Final = "kept"
_KEPT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


class DiskOperationJournal:
    """The port :class:`~git_kas.ports.operations.OperationJournal` below this common directory."""

    def __init__(self, common_dir: str, patience: float = _PATIENCE) -> None:
        self._folder = os.path.join(common_dir, "kas", "operations")
        self._patience = patience

    def exclusive(self) -> AbstractContextManager[None]:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        return exclusive_lock(
            f"{self._folder}.lock",
            self._patience,
            "Branches and worktrees of this repository are being changed",
        )

    def begin(self, kind: str, asked: Mapping[str, Any], now_ns: int) -> str:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        with writing(self._folder):
            os.makedirs(self._folder, exist_ok=True)
            operation = next_operation_id(now_ns, max(self._ids(), default=""))
            path = os.path.join(self._folder, operation)
            os.mkdir(path)
            header = {"format": 1, "kind": kind, "began": timestamp(now_ns), "asked": asked}
            _append(os.path.join(path, _STEPS), header)
            sync(path)
            sync(self._folder)
        return operation

    def record(self, operation: str, step: Mapping[str, Any]) -> None:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        path = self._path(operation, _STEPS)
        with writing(path):
            _append(path, step)

    def keep(self, operation: str, name: str, content: bytes) -> None:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        folder = os.path.dirname(self._kept_path(operation, name))
        with writing(folder):
            if not os.path.isdir(folder):
                os.mkdir(folder)
                sync(os.path.dirname(folder))
            opened = os.open(folder, os.O_RDONLY)
            try:
                replace_durably(opened, name, [content])
            finally:
                os.close(opened)

    def kept(self, operation: str, name: str) -> bytes:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        try:
            with open(self._kept_path(operation, name), "rb") as file:
                return file.read()
        except FileNotFoundError as error:
            raise NotFound(
                f"Operation {operation} keeps no file '{name}'.",
                next_step="'git kas undo --list' lists operations.",
            ) from error

    def read(self, operation: str) -> OperationRecord:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        found = self._read(operation)
        if found is None:
            raise _unknown(operation)
        return found

    def operations(self) -> Sequence[OperationRecord]:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        found = (self._read(operation) for operation in sorted(self._ids()))
        return [record for record in found if record]

    def forget(self, operation: str) -> None:
        """See :class:`git_kas.ports.operations.OperationJournal`."""
        path = self._path(operation)
        with writing(path):
            # Without its steps it is no operation any more, whatever else is still there.
            os.unlink(os.path.join(path, _STEPS))
            sync(path)
            shutil.rmtree(path)

    def _ids(self) -> list[str]:
        try:
            return [name for name in os.listdir(self._folder) if is_operation_id(name)]
        except FileNotFoundError:
            return []

    def _path(self, operation: str, *names: str) -> str:
        path = os.path.join(self._folder, operation)
        if not is_operation_id(operation) or not os.path.isfile(os.path.join(path, _STEPS)):
            raise _unknown(operation)
        return os.path.join(path, *names)

    def _kept_path(self, operation: str, name: str) -> str:
        if not _KEPT_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a kept file")
        return self._path(operation, _KEPT, name)

    def _read(self, operation: str) -> OperationRecord | None:
        """The operation, or None where it was never begun: its first line is not there as a whole."""
        if not is_operation_id(operation):
            return None
        path = os.path.join(self._folder, operation, _STEPS)
        try:
            with open(path, "rb") as file:
                lines = _whole_lines(file.read(), path)
        except FileNotFoundError:
            return None
        if not lines:
            return None
        header = lines[0]
        try:
            steps = (header["asked"], *lines[1:])
            return OperationRecord(operation, header["kind"], header["began"], steps)
        except KeyError as error:
            raise _damaged(path, 1) from error


def _append(path: str, step: Mapping[str, Any]) -> None:
    """Add a line, on the disk on return; first take away what is left of one that was cut short."""
    line = json.dumps(step, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        size = os.fstat(opened).st_size
        if size and os.pread(opened, 1, size - 1) != b"\n":
            os.ftruncate(opened, os.pread(opened, size, 0).rfind(b"\n") + 1)
        write_all(opened, line)
        os.fsync(opened)
    finally:
        os.close(opened)


def _whole_lines(data: bytes, path: str) -> list[dict[str, Any]]:
    lines = data.split(b"\n")[:-1]
    steps: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            step = json.loads(line)
        except ValueError as error:
            raise _damaged(path, number) from error
        if not isinstance(step, dict):
            raise _damaged(path, number)
        steps.append(step)
    return steps


def _damaged(path: str, line: int) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path}: line {line} is not one that git-kas wrote; it was left as it is.",
        next_step="Look at that file; moved elsewhere with its folder, it stands in nobody's way.",
    )


def _unknown(operation: str) -> NotFound:
    return NotFound(f"There is no operation {operation!r}.", next_step="'git kas undo --list' lists them.")
