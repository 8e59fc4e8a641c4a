"""The port :class:`~git_kas.ports.signals.SignalBox` over folders of worktrees.

A claimed signal is ``processing/<identity>/<name>`` in the folder it was found in: so its name may be as long
as the system allows, and the earlier system, which uses ``processing`` too, does not take it for a signal.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import writing
from git_kas.domain.signal_text import LARGEST_SIGNAL, signal_identity
from git_kas.errors import AlreadyExists, KasError, WouldLoseData
from git_kas.ports.signals import ClaimedSignal, FoundSignals, WaitingSignal
from git_kas_files.durable import link_new, remove_quietly, temporary_name, write_synced
from git_kas_files.folder_lock import exclusive_lock
from git_kas_files.kept_signals import IDENTITY, REJECTED, RETRIED, KeptSignals
from git_kas_files.safe_folder import folder_inside, read_up_to, regular_file, subfolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from git_kas.ports.signals import RejectedSignal, RejectionRecord, SignalPlace

_PROCESSING: Final = "processing"
_PATIENCE: Final = 30.0  # seconds
_HEAD: Final = 4096
_LARGEST_KEPT: Final = 64 * 1024 * 1024
_OUR_HEADER: Final = b"Kas-Signal:"

# A shell that writes ``cat > file <<EOF`` makes the file some milliseconds before its text.
_SETTLED_NS: Final = 50_000_000


class FolderSignalBox:
    """The sentinel files of the repository whose common directory this is."""

    def __init__(self, common_dir: str, patience: float = _PATIENCE) -> None:
        self._common_dir = common_dir
        self._patience = patience
        self._kept = KeptSignals(common_dir)

    def exclusive(self) -> AbstractContextManager[None]:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        path = os.path.join(self._common_dir, "kas", "signals", "lock")
        return exclusive_lock(path, self._patience, "Signals of this repository are being applied")

    def find(self, places: Sequence[SignalPlace]) -> FoundSignals:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        seen: set[tuple[int, int]] = set()
        waiting: list[WaitingSignal] = []
        claimed = list(self._kept.retried())
        problems: list[str] = []
        for place in places:
            for relative in place.folders:
                try:
                    with folder_inside(place.worktree, relative) as folder:
                        facts = os.fstat(folder)
                        if (facts.st_dev, facts.st_ino) in seen:
                            continue
                        seen.add((facts.st_dev, facts.st_ino))
                        waiting += _waiting(folder, place, relative)
                        claimed += self._claimed(folder, place, relative)
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError as error:
                    problems.append(f"{place.worktree}/{relative} cannot be read: {error.strerror}.")
                except KasError as error:
                    problems.append(error.message)
        return FoundSignals(waiting, claimed, problems)

    def write(self, place: SignalPlace, name: str, content: bytes) -> str:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        path = os.path.join(place.worktree, *place.folders[0].split("/"), name)
        with writing(path), folder_inside(place.worktree, place.folders[0], create=True) as folder:
            _ignore_all(folder)
            temporary = temporary_name()
            try:
                write_synced(folder, temporary, [content])
                link_new(folder, temporary, folder, name)
                os.fsync(folder)
            except FileExistsError:
                if _content_of(folder, name) != content:
                    raise AlreadyExists(
                        f"Another signal is waiting in {path}.", next_step="'git kas signals apply' applies it."
                    ) from None
            finally:
                remove_quietly(folder, temporary)
        return path

    def claim(self, waiting: WaitingSignal) -> ClaimedSignal | None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        place, name = waiting.place, waiting.name
        with writing(f"{place.worktree}/{waiting.folder}/{name}"):
            try:
                with (
                    folder_inside(place.worktree, waiting.folder) as folder,
                    regular_file(folder, name) as (opened, facts),
                ):
                    if (facts.st_mtime_ns, facts.st_size) != (waiting.mtime_ns, waiting.size):
                        return None
                    content = read_up_to(opened, LARGEST_SIGNAL + 1)
                    identity = self._identity(place, name, content, facts.st_mtime_ns)
                    taken = _move_to_processing(folder, name, identity)
            except FileNotFoundError:
                return None
        claimed = ClaimedSignal(
            identity, place, waiting.folder, name, facts.st_mtime_ns, facts.st_size, content
        )
        if (taken.st_ino, taken.st_mtime_ns, taken.st_size) != (
            facts.st_ino,
            facts.st_mtime_ns,
            facts.st_size,
        ):
            self.give_back(claimed)
            return None
        return claimed

    def finish(self, claimed: ClaimedSignal) -> bool:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        if not claimed.folder:
            self._kept.remove(RETRIED, claimed.identity)
            return True
        with writing(_claimed_path(claimed)), suppress(FileNotFoundError), _processing(claimed) as processing:
            with subfolder(processing, claimed.identity) as folder:
                if not _is_unchanged(folder, claimed):
                    return False
                os.unlink(claimed.name, dir_fd=folder)
            _remove_if_empty(processing, claimed.identity)
        return True

    def give_back(self, claimed: ClaimedSignal) -> None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        if not claimed.folder:
            return
        with writing(_claimed_path(claimed)):
            try:
                with (
                    folder_inside(claimed.place.worktree, claimed.folder) as folder,
                    folder_inside(claimed.place.worktree, _claimed_folder(claimed)) as source,
                ):
                    link_new(source, claimed.name, folder, claimed.name)
                    remove_quietly(source, claimed.name)
            except (FileExistsError, FileNotFoundError):
                return
            _sweep(claimed)

    def reject(self, claimed: ClaimedSignal, record: RejectionRecord) -> RejectedSignal:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        if claimed.size > _LARGEST_KEPT:
            raise WouldLoseData(
                f"The signal {claimed.place.worktree}/{claimed.folder}/{claimed.name} is too large to be kept.",
                next_step="Shorten it.",
            )
        if not claimed.folder:
            kept = self._kept.keep(claimed, record, [self._kept.retried_content(claimed.identity)])
            self._kept.remove(RETRIED, claimed.identity)
            return kept
        while True:
            with writing(_claimed_path(claimed)):
                content, mtime_ns, size = _everything(claimed)
            kept = self._kept.keep(claimed, record, [content])
            if self.finish(claimed._replace(mtime_ns=mtime_ns, size=size)):
                return kept

    def tidy(self, places: Sequence[SignalPlace]) -> None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        for place in places:
            for relative in place.folders:
                try:
                    with folder_inside(place.worktree, relative) as folder:
                        with subfolder(folder, _PROCESSING) as processing:
                            for name in os.listdir(processing):
                                _remove_if_empty(processing, name)
                        _remove_if_empty(folder, _PROCESSING)
                except (OSError, KasError):
                    continue

    def rejected(self) -> Sequence[RejectedSignal]:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        return self._kept.rejected()

    def retry(self, rejected: RejectedSignal) -> str:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        return self._kept.retry(rejected)

    def purge(self, rejected: RejectedSignal) -> None:
        """See :class:`git_kas.ports.signals.SignalBox`."""
        self._kept.remove(REJECTED, rejected.identity)

    def _claimed(self, folder: int, place: SignalPlace, relative: str) -> Iterator[ClaimedSignal]:
        try:
            with subfolder(folder, _PROCESSING) as processing:
                for identity in os.listdir(processing):
                    if IDENTITY.fullmatch(identity):
                        with suppress(OSError), subfolder(processing, identity) as inner:  # not ours, or gone
                            yield from self._left(inner, place, relative, identity)
        except (FileNotFoundError, NotADirectoryError):
            return

    def _left(self, inner: int, place: SignalPlace, relative: str, identity: str) -> Iterator[ClaimedSignal]:
        for name in os.listdir(inner):
            try:
                with regular_file(inner, name) as (opened, facts):
                    content = read_up_to(opened, LARGEST_SIGNAL + 1)
            except OSError:
                continue
            intact = self._identity(place, name, content, facts.st_mtime_ns) == identity
            yield ClaimedSignal(
                identity, place, relative, name, facts.st_mtime_ns, facts.st_size, content, intact
            )

    def _identity(self, place: SignalPlace, name: str, content: bytes, mtime_ns: int) -> str:
        return signal_identity(self._common_dir, place.worktree_id, name, content, mtime_ns)


def _waiting(folder: int, place: SignalPlace, relative: str) -> list[WaitingSignal]:
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
        ]
    found = [signal for name in names if (signal := _look_at(folder, name, place, relative))]
    now = time.time_ns()
    young = {
        signal.name: now - signal.mtime_ns
        for signal in found
        if not signal.head.startswith(_OUR_HEADER) and 0 <= now - signal.mtime_ns < _SETTLED_NS
    }
    if not young:
        return found
    time.sleep((_SETTLED_NS - min(young.values())) / 1_000_000_000)
    settled = [_look_at(folder, name, place, relative) for name in young]
    return [signal for signal in found if signal.name not in young] + [signal for signal in settled if signal]


def _look_at(folder: int, name: str, place: SignalPlace, relative: str) -> WaitingSignal | None:
    try:
        with regular_file(folder, name) as (opened, facts):
            head = read_up_to(opened, _HEAD)
    except OSError:
        return None
    return WaitingSignal(place, relative, name, facts.st_mtime_ns, facts.st_size, head)


def _content_of(folder: int, name: str) -> bytes | None:
    try:
        with regular_file(folder, name) as (opened, _):
            return read_up_to(opened, LARGEST_SIGNAL + 1)
    except OSError:
        return None


def _ignore_all(folder: int) -> None:
    """Have Git ignore the folder, if nobody has said anything about that."""
    try:
        write_synced(folder, ".gitignore", [b"*\n"])
    except FileExistsError:
        return


def _move_to_processing(folder: int, name: str, identity: str) -> os.stat_result:
    with (
        subfolder(folder, _PROCESSING, create=True) as processing,
        subfolder(processing, identity, create=True) as target,
    ):
        os.rename(name, name, src_dir_fd=folder, dst_dir_fd=target)
        return os.stat(name, dir_fd=target, follow_symlinks=False)


def _claimed_folder(claimed: ClaimedSignal) -> str:
    return f"{claimed.folder}/{_PROCESSING}/{claimed.identity}"


@contextmanager
def _processing(claimed: ClaimedSignal) -> Iterator[int]:
    with (
        folder_inside(claimed.place.worktree, claimed.folder) as folder,
        subfolder(folder, _PROCESSING) as processing,
    ):
        yield processing


def _claimed_path(claimed: ClaimedSignal) -> str:
    return f"{claimed.place.worktree}/{_claimed_folder(claimed)}/{claimed.name}"


def _is_unchanged(folder: int, claimed: ClaimedSignal) -> bool:
    facts = os.stat(claimed.name, dir_fd=folder, follow_symlinks=False)
    return (facts.st_mtime_ns, facts.st_size) == (claimed.mtime_ns, claimed.size)


def _everything(claimed: ClaimedSignal) -> tuple[bytes, int, int]:
    """All bytes of a claimed signal, when it was written and how long it is."""
    try:
        with (
            folder_inside(claimed.place.worktree, _claimed_folder(claimed)) as folder,
            regular_file(folder, claimed.name) as (opened, facts),
        ):
            return read_up_to(opened, facts.st_size), facts.st_mtime_ns, facts.st_size
    except FileNotFoundError:
        return claimed.content, claimed.mtime_ns, claimed.size


def _sweep(claimed: ClaimedSignal) -> None:
    """Remove the folders that were made for this claim."""
    try:
        with folder_inside(claimed.place.worktree, claimed.folder) as folder:
            with subfolder(folder, _PROCESSING) as processing:
                _remove_if_empty(processing, claimed.identity)
            _remove_if_empty(folder, _PROCESSING)
    except OSError:
        return


def _remove_if_empty(folder: int, name: str) -> None:
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError:
        return
