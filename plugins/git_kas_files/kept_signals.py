"""Rejected signals in Git's common directory: ``kas/signals/rejected``, one file each.

A file's first line is a JSON object with the reason and where the signal came from; behind it stand the
signal's bytes, untouched. One that is to be judged anew moves to ``kas/signals/retried`` by one rename, so that
it is never in both.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from git_kas.disk import writing
from git_kas.domain.signal_rules import Cause
from git_kas.domain.signal_text import LARGEST_SIGNAL, retried_identity
from git_kas.ports.signals import ClaimedSignal, RejectedSignal, RejectionRecord, SignalPlace
from git_kas_files.durable import replace_durably
from git_kas_files.safe_folder import folder_inside, read_up_to, regular_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

REJECTED: Final = "kas/signals/rejected"
RETRIED: Final = "kas/signals/retried"
IDENTITY: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_LINE: Final = 64 * 1024


class KeptSignals:
    """The rejected and retried signals of the repository whose common directory this is."""

    def __init__(self, common_dir: str) -> None:
        self._common_dir = common_dir

    def keep(self, claimed: ClaimedSignal, record: RejectionRecord, content: Iterable[bytes]) -> RejectedSignal:
        """Write a rejected signal, down to the disk."""
        rejected = RejectedSignal(
            claimed.identity,
            claimed.place.worktree_id,
            claimed.place.worktree,
            claimed.name,
            claimed.mtime_ns,
            record,
            self._path(REJECTED, claimed.identity),
        )
        with writing(rejected.path), self._folder(REJECTED, create=True) as folder:
            replace_durably(folder, claimed.identity, [_line(rejected), *content])
        return rejected

    def rejected(self) -> Sequence[RejectedSignal]:
        """The rejected ones, oldest rejection first."""
        found = [
            _from_line(identity, line, self._path(REJECTED, identity))
            for identity, line, _, _ in self._read(REJECTED)
        ]
        return sorted(found, key=lambda signal: (signal.record.time, signal.identity))

    def retried(self) -> Iterator[ClaimedSignal]:
        """Those that are to be judged anew."""
        for identity, line, content, size in self._read(RETRIED, LARGEST_SIGNAL + 1):
            kept = _from_line(identity, line, "")
            place = SignalPlace(kept.worktree_id, kept.worktree, ())
            yield ClaimedSignal(identity, place, "", kept.name, kept.mtime_ns, size, content)

    def retried_content(self, identity: str) -> bytes:
        """All bytes of a retried signal."""
        with self._folder(RETRIED) as folder:
            return _read_kept(folder, identity, None)[1]

    def retry(self, rejected: RejectedSignal) -> str:
        """See :meth:`git_kas.ports.signals.SignalBox.retry`."""
        identity = retried_identity(rejected.identity)
        with (
            writing(self._path(RETRIED, identity)),
            self._folder(REJECTED) as source,
            self._folder(RETRIED, create=True) as target,
        ):
            os.replace(rejected.identity, identity, src_dir_fd=source, dst_dir_fd=target)
            os.fsync(target)
            os.fsync(source)
        return identity

    def remove(self, place: str, identity: str) -> None:
        """Remove a file, if it is there."""
        path = self._path(place, identity)
        with writing(path):
            try:
                os.unlink(path)
            except FileNotFoundError:
                return

    def _read(self, place: str, count: int = 0) -> Iterator[tuple[str, bytes, bytes, int]]:
        """Identity, first line, first ``count`` bytes of the signal and its size, of each file."""
        try:
            with self._folder(place) as folder:
                names = sorted(name for name in os.listdir(folder) if IDENTITY.fullmatch(name))
                for name in names:
                    yield (name, *_read_kept(folder, name, count))
        except FileNotFoundError:
            return

    @contextmanager
    def _folder(self, place: str, *, create: bool = False) -> Iterator[int]:
        with folder_inside(self._common_dir, place, create=create) as folder:
            yield folder

    def _path(self, place: str, identity: str) -> str:
        return os.path.join(self._common_dir, *place.split("/"), identity)


def _read_kept(folder: int, name: str, count: int | None) -> tuple[bytes, bytes, int]:
    with regular_file(folder, name) as (opened, facts):
        wanted = facts.st_size if count is None else _LONGEST_LINE + count
        line, _, content = read_up_to(opened, wanted).partition(b"\n")
    return line, content if count is None else content[:count], facts.st_size - len(line) - 1


def _line(rejected: RejectedSignal) -> bytes:
    record = rejected.record
    fields = {
        "cause": record.cause,
        "reason": record.reason,
        "time": record.time,
        "name": rejected.name,
        "worktree": rejected.worktree,
        "worktree_id": rejected.worktree_id,
        "mtime_ns": rejected.mtime_ns,
        "identity": rejected.identity,
        "together": record.together,
    }
    return json.dumps(fields, ensure_ascii=True).encode() + b"\n"


def _from_line(identity: str, line: bytes, path: str) -> RejectedSignal:
    fields: dict[str, Any] = {}
    try:
        fields = json.loads(line)
        record = RejectionRecord(
            Cause(fields["cause"]), str(fields["reason"]), str(fields["time"]), tuple(fields["together"])
        )
        where = (str(fields["worktree_id"]), str(fields["worktree"]), str(fields["name"]))
        return RejectedSignal(identity, *where, int(fields["mtime_ns"]), record, path)
    except (ValueError, KeyError, TypeError):
        record = RejectionRecord(Cause.MALFORMED, f"The record of it cannot be read: {path}.", "")
        return RejectedSignal(identity, "", "", identity, 0, record, path)
