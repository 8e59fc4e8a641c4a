"""Sentinel files: found in worktrees, claimed, and kept where they were rejected (DESIGN 6).

A signal is *waiting* in a signal folder, *claimed* in a folder ``processing`` below it, or *rejected* in Git's
common directory. Each step may be the last one of the process; the next run sees what was begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from git_kas.domain.signal_rules import Cause


class SignalPlace(NamedTuple):
    """A worktree that may hold signals: its id (empty for the main one), its path, and folders below it."""

    worktree_id: str
    worktree: str
    folders: tuple[str, ...]

    @property
    def label(self) -> str:
        """How to call it in a history."""
        return self.worktree_id or "main worktree"


class WaitingSignal(NamedTuple):
    """A file that lies in a signal folder.

    ``folder`` is relative to the worktree. ``head`` is the beginning of its bytes, enough for a header, and
    ``size`` counts all of them.
    """

    place: SignalPlace
    folder: str
    name: str
    mtime_ns: int
    size: int
    head: bytes


class ClaimedSignal(NamedTuple):
    """A signal that is being applied, or was when the process ended.

    ``folder`` is empty for one that was put back after a rejection. ``content`` is cut off behind
    :data:`~git_kas.domain.signal_text.LARGEST_SIGNAL`; ``size`` counts all. ``intact`` says whether the bytes
    are those that ``identity`` was made of.
    """

    identity: str
    place: SignalPlace
    folder: str
    name: str
    mtime_ns: int
    size: int
    content: bytes
    intact: bool = True


class RejectionRecord(NamedTuple):
    """Why and when a signal was rejected.

    ``time`` is RFC 3339 in UTC with microseconds, ``together`` the identities of those that were set aside
    together with it.
    """

    cause: Cause
    reason: str
    time: str
    together: tuple[str, ...] = ()


class RejectedSignal(NamedTuple):
    """A signal that is kept with the reason why it was not applied; ``path`` is where."""

    identity: str
    worktree_id: str
    worktree: str
    name: str
    mtime_ns: int
    record: RejectionRecord
    path: str


class FoundSignals(NamedTuple):
    """What lies in the signal folders, and sentences about folders that could not be read."""

    waiting: Sequence[WaitingSignal]
    claimed: Sequence[ClaimedSignal]
    problems: Sequence[str] = ()


class SignalBox(Protocol):
    """The sentinel files of one repository.

    What lies in a worktree may come from anybody: only regular files in folders of the worktree are touched,
    links are not followed.

    Every operation that writes raises:
        ReadOnly, StoreFull: a file or folder cannot be written.
    """

    def exclusive(self) -> AbstractContextManager[None]:
        """Be the only one who claims signals of this repository.

        Raises:
            Busy: somebody else is, for longer than is worth waiting; the message names who.
        """

    def find(self, places: Sequence[SignalPlace]) -> FoundSignals:
        """All signals that wait or are claimed, in no particular order. Writes nothing.

        Files whose name begins with a dot, and folders, are left out.
        """

    def write(self, place: SignalPlace, name: str, content: bytes) -> str:
        """Leave a signal in the first folder of ``place``, all of it or nothing; the path of the file.

        The same signal twice is one.

        Raises:
            AlreadyExists: another one of that name is waiting there.
            KasError: the folder leads out of the worktree.
        """

    def claim(self, waiting: WaitingSignal) -> ClaimedSignal | None:
        """Take a waiting signal, or give None if it is gone or is still being written."""

    def finish(self, claimed: ClaimedSignal) -> bool:
        """Remove a signal that was applied; False, and it stays, if its bytes are not those of ``claimed``."""

    def give_back(self, claimed: ClaimedSignal) -> None:
        """Let a signal wait again. It stays claimed if a newer one has taken its name."""

    def reject(self, claimed: ClaimedSignal, record: RejectionRecord) -> RejectedSignal:
        """Keep a signal with the reason, and only then remove it.

        Raises:
            WouldLoseData: it is too large to be kept.
        """

    def tidy(self, places: Sequence[SignalPlace]) -> None:
        """Remove what claims have left behind and is empty."""

    def rejected(self) -> Sequence[RejectedSignal]:
        """The rejected signals, oldest rejection first. Writes nothing."""

    def retry(self, rejected: RejectedSignal) -> str:
        """Have a rejected signal judged anew, as a claimed one under the identity that is returned."""

    def purge(self, rejected: RejectedSignal) -> None:
        """Remove a rejected signal for good."""
