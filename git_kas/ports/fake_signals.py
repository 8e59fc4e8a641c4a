"""The memory fake of the port :class:`~git_kas.ports.signals.SignalBox`."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from git_kas.domain.signal_text import LARGEST_SIGNAL, retried_identity, signal_identity
from git_kas.errors import AlreadyExists
from git_kas.ports.signals import ClaimedSignal, FoundSignals, RejectedSignal, SignalPlace, WaitingSignal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from git_kas.ports.signals import RejectionRecord

Key = tuple[str, str, str]
"""Worktree path, folder and name."""


@dataclass
class MemorySignalBox:
    """Signals as values: waiting ones by place and name, the others by identity."""

    files: dict[Key, tuple[bytes, int]] = field(default_factory=dict)
    taken: dict[tuple[str, str], ClaimedSignal] = field(default_factory=dict)
    kept: dict[str, tuple[RejectedSignal, bytes]] = field(default_factory=dict)
    now_ns: int = 0

    def put(self, place: SignalPlace, name: str, text: str = "", mtime_ns: int = 0) -> None:
        """Leave a file, as an agent does."""
        self.files[place.worktree, place.folders[0], name] = (text.encode(), mtime_ns)

    def exclusive(self) -> AbstractContextManager[None]:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        return nullcontext()

    def find(self, places: Sequence[SignalPlace]) -> FoundSignals:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        where = {(place.worktree, folder): place for place in places for folder in place.folders}
        waiting = [
            WaitingSignal(where[worktree, folder], folder, name, mtime_ns, len(content), content[:4096])
            for (worktree, folder, name), (content, mtime_ns) in self.files.items()
            if (worktree, folder) in where and not name.startswith(".")
        ]
        known = {("", ""), *where}
        claimed = [
            signal
            for signal in self.taken.values()
            if ((signal.place.worktree, signal.folder) if signal.folder else ("", "")) in known
        ]
        return FoundSignals(waiting, claimed)

    def write(self, place: SignalPlace, name: str, content: bytes) -> str:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        path = f"{place.worktree}/{place.folders[0]}/{name}"
        there = self.files.setdefault((place.worktree, place.folders[0], name), (content, self.now_ns))
        if there[0] != content:
            raise AlreadyExists(
                f"Another signal is waiting in {path}.", next_step="'git kas signals apply' applies it."
            )
        return path

    def claim(self, waiting: WaitingSignal) -> ClaimedSignal | None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        key = (waiting.place.worktree, waiting.folder, waiting.name)
        content, mtime_ns = self.files.get(key, (b"", -1))
        if (mtime_ns, len(content)) != (waiting.mtime_ns, waiting.size):
            return None
        del self.files[key]
        identity = signal_identity(
            "memory", waiting.place.worktree_id, waiting.name, content[: LARGEST_SIGNAL + 1], mtime_ns
        )
        claimed = ClaimedSignal(
            identity,
            waiting.place,
            waiting.folder,
            waiting.name,
            mtime_ns,
            len(content),
            content[: LARGEST_SIGNAL + 1],
        )
        self.taken[waiting.folder, identity] = claimed
        return claimed

    def finish(self, claimed: ClaimedSignal) -> bool:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        there = self.taken.get((claimed.folder, claimed.identity), claimed)
        if (there.mtime_ns, there.size) != (claimed.mtime_ns, claimed.size):
            return False
        self.taken.pop((claimed.folder, claimed.identity), None)
        return True

    def give_back(self, claimed: ClaimedSignal) -> None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        key = (claimed.place.worktree, claimed.folder, claimed.name)
        taken = (claimed.folder, claimed.identity)
        if claimed.folder and key not in self.files and taken in self.taken:
            del self.taken[taken]
            self.files[key] = (claimed.content, claimed.mtime_ns)

    def reject(self, claimed: ClaimedSignal, record: RejectionRecord) -> RejectedSignal:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        there = self.taken.pop((claimed.folder, claimed.identity), claimed)
        rejected = RejectedSignal(
            claimed.identity,
            claimed.place.worktree_id,
            claimed.place.worktree,
            claimed.name,
            claimed.mtime_ns,
            record,
            f"memory/{claimed.identity}",
        )
        self.kept[claimed.identity] = (rejected, there.content)
        return rejected

    def tidy(self, places: Sequence[SignalPlace]) -> None:
        """See :class:`git_kas.ports.signals.SignalBox`."""

    def rejected(self) -> Sequence[RejectedSignal]:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        found = [rejected for rejected, _ in self.kept.values()]
        return sorted(found, key=lambda signal: (signal.record.time, signal.identity))

    def retry(self, rejected: RejectedSignal) -> str:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        kept, content = self.kept.pop(rejected.identity)
        identity = retried_identity(kept.identity)
        place = SignalPlace(kept.worktree_id, kept.worktree, ())
        self.taken["", identity] = ClaimedSignal(
            identity, place, "", kept.name, kept.mtime_ns, len(content), content
        )
        return identity

    def purge(self, rejected: RejectedSignal) -> None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        self.kept.pop(rejected.identity, None)
