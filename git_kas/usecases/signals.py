"""The signals of all worktrees, and what there is to say about each. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.signal_text import LARGEST_SIGNAL, read_signal_text
from git_kas.domain.signals import NameKind, NameReading, read_signal_name, signal_folders
from git_kas.ports.signals import ClaimedSignal, SignalPlace, WaitingSignal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.lifecycle import Event
    from git_kas.domain.names import PlanName
    from git_kas.domain.signals import Signal
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.signals import FoundSignals, RejectedSignal, SignalBox


class SignalState(StrEnum):
    """Where a signal stands."""

    WAITING = "waiting"
    FOR_WATCHER = "for_watcher"
    PROCESSING = "processing"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    USER_ONLY = "user_only"
    NEAR_MISS = "near_miss"
    UNKNOWN = "unknown"


STATE_MEANINGS: Mapping[SignalState, str] = {
    SignalState.WAITING: "`git kas signals apply` will judge and apply it",
    SignalState.FOR_WATCHER: "it concerns waves and tasks and waits for the watcher",
    SignalState.PROCESSING: "it was taken and not finished, or is to be judged anew; `apply` goes on with it",
    SignalState.REJECTED: "it was not applied; its text is kept with the reason",
    SignalState.MALFORMED: "`apply` will reject it: its name, header or size is not that of a signal",
    SignalState.USER_ONLY: "`apply` will reject it: it asks for an event that only a user may apply",
    SignalState.NEAR_MISS: "it is left alone; its name is not far from that of a signal",
    SignalState.UNKNOWN: "it is left alone; it is no signal",
}

_STATE_BY_NAME = {
    NameKind.MALFORMED: SignalState.MALFORMED,
    NameKind.USER_ONLY: SignalState.USER_ONLY,
    NameKind.NEAR_MISS: SignalState.NEAR_MISS,
    NameKind.UNKNOWN: SignalState.UNKNOWN,
}


class SignalItem(NamedTuple):
    """A signal file that was found, and what its name and header say. ``round`` is what the header names."""

    source: WaitingSignal | ClaimedSignal
    reading: NameReading
    round: int | None = None

    @property
    def signal(self) -> Signal | None:
        """The signal, if it is one."""
        return self.reading.signal

    @property
    def event(self) -> Event | None:
        """What it does to a plan's status."""
        return self.reading.signal.event if self.reading.signal else None

    @property
    def state(self) -> SignalState:
        """Where it stands."""
        if self.reading.kind is not NameKind.SIGNAL:
            return _STATE_BY_NAME[self.reading.kind]
        if self.event is None:
            return SignalState.FOR_WATCHER
        return SignalState.PROCESSING if isinstance(self.source, ClaimedSignal) else SignalState.WAITING


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One signal, for people. ``id`` and ``path`` are set for a rejected one; it was written at ``time_ns``."""

    state: SignalState
    name: str
    worktree: str
    time_ns: int
    plan: PlanName | None = None
    event: str = ""
    reason: str = ""
    id: str = ""
    path: str = ""


def signal_places(worktrees: Iterable[Worktree], plans_folder: str) -> Sequence[SignalPlace]:
    """Where signals may lie: in every worktree that is there, where it really is."""
    folders = signal_folders(plans_folder)
    return [
        SignalPlace(worktree.id, worktree.moved_to or worktree.path, folders)
        for worktree in worktrees
        if worktree.readable or worktree.moved_to
    ]


def signal_items(found: FoundSignals) -> list[SignalItem]:
    """What was found, in the order in which it was written."""
    sources: list[WaitingSignal | ClaimedSignal] = [*found.claimed, *found.waiting]
    items = [_item(source) for source in sources]
    return sorted(items, key=lambda item: (item.source.mtime_ns, item.source.name, item.source.place.worktree))


def list_signals(box: SignalBox, places: Sequence[SignalPlace]) -> tuple[Sequence[SignalRow], Sequence[str]]:
    """Rejected signals, then the others in the order in which they were written; and what could not be read."""
    found = box.find(places)
    rows = [*map(rejected_row, box.rejected()), *map(item_row, signal_items(found))]
    return rows, found.problems


def item_row(item: SignalItem) -> SignalRow:
    """A found signal, for people."""
    source, signal = item.source, item.signal
    return SignalRow(
        item.state,
        source.name,
        source.place.worktree,
        source.mtime_ns,
        plan=signal.plan if signal else None,
        event=signal.form.word if signal else "",
        reason=item.reading.reason,
    )


def rejected_row(rejected: RejectedSignal) -> SignalRow:
    """A rejected signal, for people."""
    signal = read_signal_name(rejected.name).signal
    return SignalRow(
        SignalState.REJECTED,
        rejected.name,
        rejected.worktree,
        rejected.mtime_ns,
        plan=signal.plan if signal else None,
        event=signal.form.word if signal else "",
        reason=rejected.record.reason,
        id=rejected.identity,
        path=rejected.path,
    )


def _item(source: WaitingSignal | ClaimedSignal) -> SignalItem:
    reading = read_signal_name(source.name)
    if reading.kind is not NameKind.SIGNAL:
        return SignalItem(source, reading)
    if source.size > LARGEST_SIGNAL:
        return SignalItem(source, _malformed(f"it is larger than {LARGEST_SIGNAL} bytes"))
    text = read_signal_text(source.content if isinstance(source, ClaimedSignal) else source.head)
    if text.problem:
        return SignalItem(source, _malformed(text.problem))
    return SignalItem(source, reading, text.round)


def _malformed(reason: str) -> NameReading:
    return NameReading(NameKind.MALFORMED, reason=reason)
