"""Checks the recorded history of a plan store against the sequential specification (DESIGN 1, promise 2).

Every store numbers its commits, so the order of the mutations is known and need not be searched for. What is
left is to run them through the rules in that order and to place every other call between them. Both take time
in proportion to the number of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.domain.codec import encode_keyed, encode_record
from git_kas.domain.explanation import Bounds, Explainer, Horizon, Interval
from git_kas.domain.mutation import ClaimRun
from git_kas.domain.operations import Operation, Read, ReadKind, Write, canonical, entry_stamp
from git_kas.domain.replay import Replay, first_difference, wrong_outcome
from git_kas.errors import (
    AlreadyExists,
    Busy,
    Conflict,
    InvalidName,
    InvalidTransition,
    KeyReused,
    NotAllowed,
    NotFound,
    ReadOnly,
    StoreFull,
    TopicCollision,
    Unreachable,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.ledger import HistoryEntry
    from git_kas.domain.project import Project

UNKNOWN_OUTCOME: Final = frozenset({Unreachable.code})
"""Errors after which a mutation may have been made or not."""

_BY_THE_RULES: Final = frozenset(
    kind.code
    for kind in (
        NotFound,
        AlreadyExists,
        Conflict,
        KeyReused,
        InvalidTransition,
        TopicCollision,
        NotAllowed,
        UsageError,
        InvalidName,
    )
)
_IN_NEED: Final = frozenset({Busy.code, StoreFull.code, ReadOnly.code})


class FinalState(NamedTuple):
    """What the store says when all clients have ended: its history, and everything about the project.

    ``asks_again``: the way to the store repeats requests under their keys by itself, as one over a network
    does, so that an outcome may be of an earlier request that nobody took down.
    """

    history: Sequence[HistoryEntry]
    project: Project
    asks_again: bool = False


def check_consistency(operations: Iterable[Operation], final: FinalState) -> list[Anomaly]:
    """Everything that is wrong with a history, causes before consequences; nothing if it is sound."""
    return _Check(list(operations), final).run()


def broken_operations(operations: Iterable[Operation]) -> list[Anomaly]:
    """Every operation that ended with an error that a sound store does not give."""
    known = {"", *_BY_THE_RULES, *_IN_NEED, *UNKNOWN_OUTCOME}
    return [
        Anomaly(
            AnomalyKind.BROKEN, f"{operation.describe()} ended with the error {operation.error}.", (operation,)
        )
        for operation in operations
        if operation.error not in known
    ]


class _Check:
    def __init__(self, operations: list[Operation], final: FinalState) -> None:
        self._operations = operations
        self._final = final
        self._attempts: dict[str, list[Operation]] = {}
        for operation in operations:
            if isinstance(operation.asked, Write):
                self._attempts.setdefault(operation.asked.token, []).append(operation)
        self._replay = Replay(final.history, self._attempts)
        self._explainer = Explainer(self._replay.timeline)
        self._anomalies = self._replay.anomalies
        self._written = _stamps_by_change(final.history)

    def run(self) -> list[Anomaly]:
        """All anomalies."""
        self._anomalies += broken_operations(self._operations)
        for token, attempts in self._attempts.items():
            self._check_outcomes(self._replay.change_of.get(token), attempts)
        intervals = self._intervals()
        self._check_order(intervals)
        self._check_explanations(Horizon(intervals))
        self._check_final_state()
        ranks = {kind: rank for rank, kind in enumerate(AnomalyKind)}
        return sorted(self._anomalies, key=lambda anomaly: ranks[anomaly.kind])

    def _report(self, kind: AnomalyKind, sentence: str, *operations: Operation | None) -> None:
        self._anomalies.append(Anomaly(kind, sentence, tuple(filter(None, operations))))

    # -- mutations -------------------------------------------------------------------------------------------

    def _check_outcomes(self, change: int | None, attempts: Sequence[Operation]) -> None:
        acknowledged = [attempt for attempt in attempts if _is_acknowledged(attempt)]
        if change is None:
            for attempt in acknowledged[:1]:
                number = attempt.value["change"]
                text = f"{attempt.describe()} was acknowledged as change {number}, and no commit is its own."
                self._report(AnomalyKind.LOST_WRITE, text, *attempts)
            return
        if all(attempt.error in _BY_THE_RULES | _IN_NEED for attempt in attempts):
            text = f"{attempts[0].describe()} was refused with {attempts[0].error}, and is change {change}."
            self._report(AnomalyKind.REFUSED_BUT_APPLIED, text, *attempts)
        for attempt in acknowledged:
            self._check_outcome(change, attempt, attempts)

    def _check_outcome(self, change: int, attempt: Operation, attempts: Sequence[Operation]) -> None:
        outcome, key = self._replay.outcome(change), cast("Write", attempt.asked).key
        wrong = wrong_outcome(attempt.value, outcome) if outcome else ""
        if attempt.value["change"] != change:
            wrong = f"it names change {attempt.value['change']}, the history change {change}"
        elif attempt.value["replayed"] and len(attempts) == 1 and not (self._final.asks_again and key):
            wrong = "it is said to be of an earlier request, and there was none"
        if wrong:
            text = f"{attempt.describe()} was acknowledged with a wrong outcome: {wrong}."
            self._report(AnomalyKind.WRONG_OUTCOME, text, attempt)

    def _intervals(self) -> list[Interval]:
        """When each commit can have been made, in the order of the commits."""
        times = self._replay.timeline.times.changes
        token_of = {change: token for token, change in self._replay.change_of.items()}
        return [_interval(change, self._attempts.get(token_of.get(change, ""), ())) for change in times]

    def _check_order(self, intervals: Sequence[Interval]) -> None:
        latest: Interval | None = None
        for interval in intervals:
            if latest and interval.return_ns is not None and latest.call_ns > interval.return_ns:
                early, late = latest.operation, interval.operation
                text = (
                    f"{early.describe() if early else 'A mutation'} became change {latest.change}, but "
                    f"{late.describe() if late else 'another one'}, change {interval.change}, had ended before."
                )
                self._report(AnomalyKind.WRONG_ORDER, text, early, late)
            if latest is None or interval.call_ns > latest.call_ns:
                latest = interval

    # -- everything else -------------------------------------------------------------------------------------

    def _check_explanations(self, horizon: Horizon) -> None:
        for operation in sorted(self._operations, key=lambda operation: operation.call_ns):
            if operation.return_ns is None or not _needs_explanation(operation):
                continue
            bounds = horizon.bounds(operation)
            change = self._met(operation, bounds)
            if change is not None:
                horizon.learn(operation, change)

    def _met(self, operation: Operation, bounds: Bounds) -> int | None:
        """The state that explains ``operation``, if any; its lack is reported."""
        asked = operation.asked
        if isinstance(asked, Write) and _is_acknowledged(operation):
            return self._replay.change_of.get(asked.token)  # a repetition; its outcome has been compared
        change = self._explainer.explain(operation, bounds)
        if change is not None:
            return change
        if isinstance(asked, Write):
            text = (
                f"{operation.describe()} was refused with {operation.error}, "
                f"which no state from change {bounds.low} to {bounds.high} explains."
            )
            self._report(AnomalyKind.UNEXPLAINED_REFUSAL, text, operation)
        else:
            self._report_read(operation, bounds)
        return None

    def _report_read(self, operation: Operation, bounds: Bounds) -> None:
        known = f", known from {bounds.witness.describe()}," if bounds.witness else ""
        window = f"it met a state from change {bounds.low}{known} to change {bounds.high}"
        told = f"{operation.describe()} {operation.error}".strip()
        if fault := self._history_fault(operation):
            self._report(fault[0], f"{told} {fault[1]}.", operation)
        elif (before := self._explainer.nearest_before(operation, bounds.low)) is not None:
            text = f"{told} gave the state after change {before}, but {window}."
            self._report(AnomalyKind.STALE_READ, text, operation, bounds.witness)
        elif (after := self._explainer.nearest_after(operation, bounds.high)) is not None:
            text = f"{told} gave the state after change {after}, but {window}."
            self._report(AnomalyKind.EARLY_READ, text, operation)
        else:
            text = f"{told} gave what no state near it was; {window}."
            self._report(AnomalyKind.IMPOSSIBLE_READ, text, operation, bounds.witness)

    def _history_fault(self, operation: Operation) -> tuple[AnomalyKind, str] | None:
        """What is wrong with the entries that a reading of the history gave, whenever it was."""
        asked, stamps = operation.asked, operation.value
        if not isinstance(asked, Read) or asked.kind is not ReadKind.HISTORY or not stamps:
            return None
        for change, stamp in stamps:
            if stamp not in self._written.get(change, ()):
                return (
                    AnomalyKind.HISTORY_CHANGED,
                    f"gave an entry of change {change} that changed later",
                )
        last = stamps[-1][0]
        expected = self._replay.timeline.entries.slice(asked.since, last)
        if asked.plan is None and len(stamps) != len(expected):
            found = f"gave {len(stamps)} of {len(expected)} entries after change {asked.since} up to {last}"
            return AnomalyKind.HISTORY_TORN, found
        return None

    def _check_final_state(self) -> None:
        stored, expected = self._final.project, self._replay.project
        timeline = self._replay.timeline
        last = timeline.last_change
        for name in sorted({*stored.records, *expected.records}):
            one, other = stored.records.get(name), expected.records.get(name)
            if not timeline.is_unclear(name, last):
                found = encode_record(one) if one else None
                wanted = encode_record(other) if other else None
                self._compare(f"{name} at the end", found, wanted)
                content_id = other.plan.content_id if other else ""
                if content_id and content_id not in stored.contents:
                    self._report(AnomalyKind.WRONG_FINAL_STATE, f"The text of {name} is not in the store.")
        self._compare("The number of commits", stored.change, expected.change)
        self._compare("The history of the export", len(stored.entries), len(self._final.history))
        if not timeline.unclear:
            self._compare("The topics", sorted(stored.topics.values()), sorted(expected.topics.values()))
        for key, keyed in expected.keys.items():
            kept = stored.keys.get(key)
            self._compare(f"The key {key}", encode_keyed(kept) if kept else None, encode_keyed(keyed))

    def _compare(self, what: str, found: object, expected: object) -> None:
        if canonical(found) != canonical(expected):
            text = f"{what}: {first_difference(found, expected)}."
            self._report(AnomalyKind.WRONG_FINAL_STATE, text)


def _interval(change: int, attempts: Sequence[Operation]) -> Interval:
    acknowledged = [attempt for attempt in attempts if _is_acknowledged(attempt)]
    made = next((attempt for attempt in acknowledged if not attempt.value["replayed"]), None)
    call_ns = made.call_ns if made else min((attempt.call_ns for attempt in attempts), default=0)
    ends = [attempt.return_ns for attempt in acknowledged if attempt.return_ns is not None]
    return Interval(change, call_ns, min(ends, default=None), made or next(iter(attempts), None))


def _is_acknowledged(operation: Operation) -> bool:
    return operation.return_ns is not None and not operation.error and operation.value is not None


def _stamps_by_change(history: Iterable[HistoryEntry]) -> Mapping[int, Sequence[str]]:
    stamps: dict[int, list[str]] = {}
    for change, stamp in map(entry_stamp, history):
        stamps.setdefault(change, []).append(stamp)
    return stamps


def _needs_explanation(operation: Operation) -> bool:
    """Whether a call that returned was told something about the state without changing it."""
    asked = operation.asked
    if isinstance(asked, Read):
        return not operation.error or operation.error == NotFound.code
    if operation.error == Busy.code:
        return isinstance(asked.mutation, ClaimRun)
    return operation.error in _BY_THE_RULES or (_is_acknowledged(operation) and operation.value["replayed"])
