"""Applies the signals of all worktrees, each exactly once (DESIGN 6).

A signal is claimed, then judged and committed under a key made of its identity; at the end of the run it is
removed. Wherever that is interrupted, the next run meets the claimed file or the kept rejection and goes on.
Applied ones stay until the end: what comes after them is judged by when they were written.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from git_kas.domain.signal_rules import (
    VERDICTS,
    Cause,
    Dated,
    Rejection,
    contradicting,
    contradiction,
    stale_or_late,
)
from git_kas.domain.signal_text import signal_key
from git_kas.domain.timestamps import timestamp
from git_kas.errors import (
    Busy,
    ChecksFailed,
    InvalidConfiguration,
    InvalidTransition,
    KasError,
    KeyReused,
    NotAllowed,
    NotFound,
    ReadOnly,
    SchemaTooNew,
    StoreCorrupt,
    StoreFull,
    Unreachable,
    UsageError,
)
from git_kas.ports.signals import ClaimedSignal, RejectionRecord
from git_kas.usecases.commit_signal import Committed, Prepared, SignalCommitter, SignalPorts, SignalScope
from git_kas.usecases.signals import SignalItem, SignalRow, SignalState, item_row, signal_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.lifecycle import Event
    from git_kas.domain.names import PlanName
    from git_kas.domain.signals import Signal

# So many are committed together: the price of one, and others do not wait long meanwhile.
_TOGETHER: Final = 200

ONLY_OF_STORES: Final = (Unreachable, Busy, StoreCorrupt, SchemaTooNew)
"""Whatever signal comes next, the store would answer the same. Files can be full or read-only, too."""

_STORE_TROUBLE: Final = (*ONLY_OF_STORES, StoreFull, ReadOnly)

_CAUSES: Final[Mapping[type[KasError], Cause]] = {
    InvalidTransition: Cause.INVALID,
    NotFound: Cause.NO_PLAN,
    NotAllowed: Cause.USER_ONLY,
    UsageError: Cause.MALFORMED,
}

_CAUSES_BY_STATE: Final[Mapping[SignalState, Cause]] = {
    SignalState.MALFORMED: Cause.MALFORMED,
    SignalState.USER_ONLY: Cause.USER_ONLY,
}


class Handling(StrEnum):
    """What became of a signal."""

    APPLIED = "applied"
    APPLIED_BEFORE = "applied_before"
    REJECTED = "rejected"
    POSTPONED = "postponed"


@dataclass(frozen=True, slots=True)
class Handled:
    """A signal, and what became of it. ``id`` is set for rejected ones, ``error`` for some of the postponed."""

    row: SignalRow
    handling: Handling
    from_status: str = ""
    to_status: str = ""
    reason: str = ""
    id: str = ""
    error: KasError | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """All that was done, what is left alone or waits for the watcher, and what to warn of."""

    handled: Sequence[Handled]
    left: Sequence[SignalRow]
    warnings: Sequence[str]

    @property
    def exit_status(self) -> int:
        """0 if nothing was rejected and nothing failed."""
        errors = [handled.error.exit_status for handled in self.handled if handled.error]
        if errors:
            return errors[0]
        rejected = any(handled.handling is Handling.REJECTED for handled in self.handled)
        return ChecksFailed.exit_status if rejected else 0


def apply_signals(ports: SignalPorts, scope: SignalScope) -> Applied:
    """Apply what waits, in the order in which it was written.

    Raises:
        Busy: somebody else is applying signals.
        KasError: the store cannot be read; then every signal is where it was.
    """
    ports.progress.step("reading signals")
    with ports.box.exclusive():
        return _Run(ports, scope).run()


class _Run:
    def __init__(self, ports: SignalPorts, scope: SignalScope) -> None:
        self._ports = ports
        self._box = ports.box
        self._places = scope.places
        self._committer = SignalCommitter(ports, scope)
        found = ports.box.find(scope.places)
        self._problems = found.problems
        self._items = signal_items(found)
        self._applied: list[tuple[SignalItem, ClaimedSignal]] = []
        self._done: set[str] = set()
        self._records = {kept.identity: kept.record for kept in ports.box.rejected()}
        self._set_aside = {other for record in self._records.values() for other in record.together}
        self._queues = self._by_plan()
        self._judged: list[tuple[SignalItem, Prepared]] = []
        self._handled: dict[int, Handled] = {}
        self._seen: set[int] = set()
        self._claims: dict[int, ClaimedSignal | None] = {}
        self._trouble: KasError | None = None

    def run(self) -> Applied:
        left: list[SignalRow] = []
        for position, item in enumerate(self._items):
            if item.event is None and item.state not in _CAUSES_BY_STATE:
                left.append(item_row(item))
            elif id(item) not in self._seen:
                self._ports.progress.step(f"applying signal {position + 1} of {len(self._items)}")
                self._next(item)
        self._commit_judged()
        self._clean_up()
        handled = [self._handled[id(item)] for item in self._items if id(item) in self._handled]
        return Applied(handled, left, [*self._problems, *self._committer.warnings])

    def _next(self, item: SignalItem) -> None:
        """Handle one item; no error of one keeps the next one from its turn."""
        plans = {judged.plan for _, judged in self._judged}
        if len(plans) == _TOGETHER or (item.signal and self._committer.name_of(item.signal) in plans):
            self._commit_judged()
        self._seen.add(id(item))
        if self._trouble is not None:
            self._note(item, Handled(item_row(item), Handling.POSTPONED))
            return
        claimed: ClaimedSignal | None = None
        try:
            claimed = self._claim(item)
            if claimed is not None and not self._settled(item, claimed):
                self._judge(item, claimed)
        except KasError as error:
            if isinstance(error, ONLY_OF_STORES):
                self._trouble = error
            self._postpone(item, claimed, error)

    def _note(self, item: SignalItem, handled: Handled) -> None:
        self._handled[id(item)] = handled

    def _claim(self, item: SignalItem) -> ClaimedSignal | None:
        if id(item) not in self._claims:
            source = item.source
            self._claims[id(item)] = source if isinstance(source, ClaimedSignal) else self._box.claim(source)
        return self._claims[id(item)]

    def _settled(self, item: SignalItem, claimed: ClaimedSignal) -> bool:
        """Finish what an earlier run, or an earlier file of the same identity, has begun; whether it had."""
        if record := self._records.get(claimed.identity):
            self._keep(item, claimed, record)
        elif claimed.identity in self._done or (
            isinstance(item.source, ClaimedSignal) and self._was_committed(item, claimed)
        ):
            self._applied_before(item, claimed)
        elif claimed.identity in self._set_aside and item.event:
            self._reject(item, claimed, contradiction(item.event))
        else:
            return False
        return True

    def _judge(self, item: SignalItem, claimed: ClaimedSignal) -> None:
        if cause := _CAUSES_BY_STATE.get(item.state):
            reason = item.reading.reason
            self._reject(item, claimed, Rejection(cause, f"{reason[:1].upper()}{reason[1:]}."))
        elif item.signal and item.event and not self._contradicted(item, claimed, item.signal, item.event):
            self._prepare(item, claimed, item.signal, item.event)

    def _contradicted(self, item: SignalItem, claimed: ClaimedSignal, signal: Signal, event: Event) -> bool:
        """Set aside the verdicts that contradict each other, if this one is among such."""
        plan = self._committer.known(signal) if event in VERDICTS else None
        if plan is None or stale_or_late(plan, _dated(item), self._committer.entered(plan)):
            return False
        queue = self._rest_of_queue(item, signal)
        positions = contradicting(plan, [_dated(other) for other in queue], self._committer.entered(plan))
        others = [(queue[position], self._claim(queue[position])) for position in positions[1:]]
        group = [
            (other, taken)
            for other, taken in [(item, claimed), *others]
            if taken is not None and not self._is_settled(other, taken)
        ]
        if group[:1] != [(item, claimed)] or len({other.event for other, _ in group}) < 2:
            return False
        together = tuple(taken.identity for _, taken in group)
        for other, taken in group:
            self._seen.add(id(other))
            self._reject(other, taken, contradiction(other.event or event), together)
        return True

    def _is_settled(self, item: SignalItem, claimed: ClaimedSignal) -> bool:
        """Whether its own turn will find that it was rejected or applied before."""
        identity = claimed.identity
        known = identity in self._records or identity in self._done or identity in self._set_aside
        return known or self._was_committed(item, claimed)

    def _prepare(self, item: SignalItem, claimed: ClaimedSignal, signal: Signal, event: Event) -> None:
        """Judge a signal; what may be applied is committed soon, together with others."""
        try:
            prepared = self._committer.prepare(claimed, signal, event)
        except KasError as error:
            self._conclude(item, claimed, error)
            return
        if isinstance(prepared, Rejection):
            self._conclude(item, claimed, prepared)
        else:
            self._judged.append((item, prepared))

    def _commit_judged(self) -> None:
        judged, self._judged = self._judged, []
        if not judged:
            return
        answers: Sequence[Committed | Rejection | KasError]
        try:
            answers = self._committer.commit_all([prepared for _, prepared in judged])
        except KasError as error:
            answers = [error] * len(judged)
        for (item, prepared), answer in zip(judged, answers, strict=True):
            try:
                self._conclude(item, prepared.claimed, answer)
            except KasError as error:
                self._postpone(item, prepared.claimed, error)

    def _conclude(
        self, item: SignalItem, claimed: ClaimedSignal, answer: Committed | Rejection | KasError
    ) -> None:
        """Do with a signal as was found out about it.

        Raises:
            KasError: it can neither be applied nor rejected now.
        """
        if isinstance(answer, Committed):
            self._count(item, claimed, answer)
        elif isinstance(answer, Rejection):
            if self._was_committed(item, claimed):
                self._applied_before(item, claimed)
            else:
                self._reject(item, claimed, answer)
        elif isinstance(answer, KeyReused):  # the plan's text has changed since
            self._applied_before(item, claimed)
        elif isinstance(answer, _STORE_TROUBLE):
            self._trouble = answer
            raise answer
        elif cause := _cause_of(answer):
            self._reject(item, claimed, Rejection(cause, _reason(answer)))
        else:
            raise answer

    def _count(self, item: SignalItem, claimed: ClaimedSignal, done: Committed) -> None:
        handling = Handling.APPLIED_BEFORE if done.replayed else Handling.APPLIED
        row = _named(item_row(item), done.plan)
        self._note(item, Handled(row, handling, done.from_status, done.to_status))
        self._applied.append((item, claimed))
        self._done.add(claimed.identity)

    def _applied_before(self, item: SignalItem, claimed: ClaimedSignal) -> None:
        self._note(item, Handled(item_row(item), Handling.APPLIED_BEFORE))
        self._applied.append((item, claimed))
        self._done.add(claimed.identity)

    def _was_committed(self, item: SignalItem, claimed: ClaimedSignal) -> bool:
        """Whether the history knows the signal, whose answer or removal got lost then."""
        time = self._committed.get(signal_key(claimed.identity))
        if time is not None and item.signal:
            self._committer.entered_by(item.signal, claimed, time)
        return time is not None

    @cached_property
    def _committed(self) -> Mapping[str, str]:
        """When each signal in the history was applied, by its key. Rarely needed."""
        prefix = signal_key("")
        return {entry.key: entry.time for entry in self._ports.store.history() if entry.key.startswith(prefix)}

    def _clean_up(self) -> None:
        """Remove the applied signals; if the store failed, the next run does, which has to know them."""
        if self._trouble is not None:
            return
        for item, claimed in self._applied:
            try:
                if not claimed.intact or not self._box.finish(claimed):
                    reason = "It was applied; then its text was changed."
                    self._reject(item, claimed, Rejection(Cause.CHANGED, reason))
            except KasError as error:
                self._problems = [*self._problems, error.message]
        self._box.tidy(self._places)

    def _reject(
        self, item: SignalItem, claimed: ClaimedSignal, rejection: Rejection, together: tuple[str, ...] = ()
    ) -> None:
        now = timestamp(self._ports.clock.now_ns())
        others = tuple(other for other in together if other != claimed.identity)
        self._keep(item, claimed, RejectionRecord(rejection.cause, rejection.reason, now, others))

    def _keep(self, item: SignalItem, claimed: ClaimedSignal, record: RejectionRecord) -> None:
        self._box.reject(claimed, record)
        self._records[claimed.identity] = record
        row = item_row(item)
        self._note(item, Handled(row, Handling.REJECTED, reason=record.reason, id=claimed.identity))

    def _postpone(self, item: SignalItem, claimed: ClaimedSignal | None, error: KasError) -> None:
        row = item_row(item)
        self._note(item, Handled(row, Handling.POSTPONED, reason=error.message, error=error))
        if claimed is not None:
            try:
                self._box.give_back(claimed)
            except KasError as refused:  # it stays claimed; the next run goes on with it
                self._problems = [*self._problems, refused.message]

    def _by_plan(self) -> Mapping[PlanName, list[SignalItem]]:
        queues: dict[PlanName, list[SignalItem]] = defaultdict(list)
        for item in reversed(self._items):
            if item.signal and item.event:
                queues[self._committer.name_of(item.signal)].append(item)
        return queues

    def _rest_of_queue(self, item: SignalItem, signal: Signal) -> list[SignalItem]:
        """The signals of the same plan from this one on."""
        queue = self._queues.get(self._committer.name_of(signal), [])
        while queue and queue[-1] is not item:
            queue.pop()
        return queue[::-1]


def _dated(item: SignalItem) -> Dated:
    assert item.event is not None  # noqa: S101 - only such items are in the queues
    return Dated(item.event, item.round, item.source.mtime_ns)


def _named(row: SignalRow, plan: PlanName) -> SignalRow:
    from dataclasses import replace

    return row if row.plan == plan else replace(row, plan=plan)


def _cause_of(error: KasError) -> Cause | None:
    """Why a signal is rejected, None if it is not its fault."""
    if isinstance(error, InvalidConfiguration):
        return None
    return next((cause for kind, cause in _CAUSES.items() if isinstance(error, kind)), None)


def _reason(error: KasError) -> str:
    return f"{error.message.removesuffix('.')}. {error.next_step}".strip()
