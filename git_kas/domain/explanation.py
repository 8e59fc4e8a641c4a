"""Looks for a state of the project that explains what a call was told.

The order of the commits is known, so a call that wrote nothing is explained by the earliest state that fits,
not older than anything known before the call and not newer than what was asked for before its return. Taking
the earliest one leaves most room to the calls that come later, so no sound history is called wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from git_kas.domain.codec import encode_plan, encode_run
from git_kas.domain.decide import decide
from git_kas.domain.lifecycle import STARTS_IMPLEMENTING
from git_kas.domain.mutation import Transition
from git_kas.domain.operations import Operation, Read, ReadKind, Write, canonical, topic_stamps
from git_kas.domain.plan import Plan
from git_kas.domain.project import all_topics
from git_kas.domain.replay import named_plans
from git_kas.errors import Conflict, KasError, NotFound, TopicCollision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.timeline import Moment, Timeline

_FARTHEST_LOOK: Final = 1000  # commits before and after a call's own time, to say which state it saw


class Interval(NamedTuple):
    """When a commit can have been made; ``return_ns`` is None if nobody was told."""

    change: int
    call_ns: int
    return_ns: int | None
    operation: Operation | None


class Bounds(NamedTuple):
    """The change numbers between which the state lies that a call met, and what the lower one is known from."""

    low: int
    high: int
    witness: Operation | None


class Horizon:
    """For calls in the order in which they were made, the bounds of the states they can have met."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self._changes = [interval.change for interval in intervals]
        self._asked_at: list[int] = []
        for interval in intervals:
            latest = self._asked_at[-1] if self._asked_at else interval.call_ns
            self._asked_at.append(max(latest, interval.call_ns))
        self._known: list[tuple[int, int, int, Operation | None]] = []
        for number, interval in enumerate(intervals):
            if interval.return_ns is not None:
                self._push(interval.return_ns, interval.change, number, interval.operation)
        self._pushed = len(intervals)
        self._low = 0
        self._witness: Operation | None = None

    def bounds(self, operation: Operation) -> Bounds:
        """The bounds of ``operation``, which was called after those asked about before."""
        while self._known and self._known[0][0] < operation.call_ns:
            _, change, _, witness = heappop(self._known)
            if change > self._low:
                self._low, self._witness = change, witness
        return Bounds(self._low, max(self._low, self._newest(operation)), self._witness)

    def learn(self, operation: Operation, change: int) -> None:
        """``operation`` met the state after ``change``, so calls after its return know of that."""
        if operation.return_ns is not None:
            self._pushed += 1
            self._push(operation.return_ns, change, self._pushed, operation)

    def _newest(self, operation: Operation) -> int:
        position = bisect_right(self._asked_at, cast("int", operation.return_ns))
        return self._changes[position - 1] if position else 0

    def _push(self, at: int, change: int, number: int, operation: Operation | None) -> None:
        heappush(self._known, (at, change, number, operation))


class Explainer:
    """Compares what calls were told with the states of a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def explain(self, operation: Operation, bounds: Bounds) -> int | None:
        """The number of the change after which the project was as ``operation`` says; None if there is none."""
        return self._first_fit(operation, self._candidates(operation, bounds.low, bounds.high))

    def nearest_before(self, operation: Operation, low: int) -> int | None:
        """The last fitting state before ``low``."""
        start = max(-1, low - _FARTHEST_LOOK)
        candidates = list(self._candidates(operation, start, low - 1)) if low > 0 else []
        return self._first_fit(operation, (change for change in reversed(candidates) if change >= 0))

    def nearest_after(self, operation: Operation, high: int) -> int | None:
        """The first fitting state after ``high``."""
        last = self._timeline.last_change
        after = islice(self._candidates(operation, high, last), 1, _FARTHEST_LOOK)
        return self._first_fit(operation, after)

    def _first_fit(self, operation: Operation, candidates: Iterable[int]) -> int | None:
        for change in candidates:
            if self._is_unclear(operation, change) or self._fits(operation, self._timeline.at(change)):
                return change
        return None

    def _candidates(self, operation: Operation, low: int, high: int) -> Iterator[int]:
        """``low``, and each change up to ``high`` that can make a difference to ``operation``."""
        yield low
        asked = operation.asked
        if isinstance(asked, Read) and asked.kind is ReadKind.CHANGES:
            yield from [operation.value] if low < operation.value <= high else ()
        elif _depends_on_all_plans(operation):
            yield from range(low + 1, high + 1)
        else:
            yield from self._changes_about(asked, low, high)

    def _changes_about(self, asked: Read | Write, low: int, high: int) -> list[int]:
        found: set[int] = set()
        for name in named_plans(asked):
            track = self._timeline.records.get(name)
            found.update(track.between(low, high) if track else ())
            if (unclear := self._timeline.unclear.get(name)) is not None and low < unclear <= high:
                found.add(unclear)
        if isinstance(asked, Write):
            topic = getattr(asked.mutation, "name", "")
            marks = (self._timeline.keys.get(asked.key), self._timeline.topics.get(topic))
            found.update(mark[0] for mark in marks if mark and low < mark[0] <= high)
        elif asked.kind is ReadKind.HISTORY and asked.plan is not None:
            record = self._timeline.at(high).record(asked.plan)
            track_of_plan = self._timeline.entries_by_identity.get(record.identity) if record else None
            found.update(track_of_plan.between(low, high) if track_of_plan else ())
        return sorted(found)

    def _is_unclear(self, operation: Operation, change: int) -> bool:
        if not self._timeline.unclear:
            return False
        if operation.error == TopicCollision.code:
            return True
        return any(self._timeline.is_unclear(name, change) for name in named_plans(operation.asked))

    def _fits(self, operation: Operation, moment: Moment) -> bool:
        asked = operation.asked
        if isinstance(asked, Write):
            return _refuses(operation, asked, moment)
        return _READERS[asked.kind](self._timeline, operation, asked, moment)


def _depends_on_all_plans(operation: Operation) -> bool:
    """Whether the change of any plan can make a difference, not only of those that were named."""
    asked = operation.asked
    if isinstance(asked, Read):
        return asked.kind in _OF_THE_PROJECT and asked.plan is None
    mutation = asked.mutation
    may_collide = isinstance(mutation, Transition) and not STARTS_IMPLEMENTING.isdisjoint(mutation.events)
    return may_collide and bool(operation.error)  # whether it does decides which of two refusals comes first


def _refuses(operation: Operation, asked: Write, moment: Moment) -> bool:
    """Whether the rules refuse a mutation in that state as it was refused."""
    try:
        decide(moment, asked.mutation, asked.request, "")  # the time of the state itself: claims are not over
    except KasError as error:
        if error.code != operation.error:
            return False
        current = error.current if isinstance(error, Conflict) else None
        if operation.value is None or not isinstance(current, Plan):
            return True
        return canonical(operation.value) == canonical(encode_plan(current))
    return False


# -- readings ------------------------------------------------------------------------------------------------


def _fits_get(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    del timeline
    record = moment.record(asked.plan) if asked.plan else None
    if record is None or not record.live:
        return operation.error == NotFound.code
    return not operation.error and canonical(operation.value) == canonical(encode_plan(record.plan))


def _fits_content(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    del timeline
    record = moment.record(asked.plan) if asked.plan else None
    if record is None or not record.live:
        return operation.error == NotFound.code
    return not operation.error and operation.value == (record.plan.content_id or None)


def _fits_run(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    del timeline
    record = moment.record(asked.plan) if asked.plan else None
    if record is None or not record.live:
        return operation.error == NotFound.code
    expected = encode_run(record.run) if record.run is not None else None
    return not operation.error and canonical(operation.value) == canonical(expected)


def _fits_list(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    expected = sorted(
        stamp
        for plan, stamp in moment.plans()
        if (not asked.statuses or plan.status in asked.statuses)
        and (asked.topic is None or plan.topic == asked.topic)
    )
    found = operation.value
    if timeline.unclear:
        found = [stamp for stamp in found if not timeline.is_unclear(stamp[0], moment.change)]
    return bool(found == expected)


def _fits_topics(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    del asked
    if timeline.unclear:
        return True
    expected = all_topics(moment.topics(), [plan for plan, _ in moment.plans()])
    return bool(operation.value == topic_stamps(expected))


def _fits_history(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    del timeline
    expected = moment.entries(asked.plan, asked.since)
    if expected is None:
        return operation.error == NotFound.code
    found = operation.value or []
    return not operation.error and len(found) == len(expected) and found == list(expected)


def _fits_changes(timeline: Timeline, operation: Operation, asked: Read, moment: Moment) -> bool:
    del timeline, asked
    return bool(operation.value == moment.change)


_OF_THE_PROJECT: Final = frozenset({ReadKind.LIST, ReadKind.TOPICS, ReadKind.HISTORY, ReadKind.CHANGES})
_READERS: Final[Mapping[ReadKind, Callable[[Timeline, Operation, Read, Moment], bool]]] = {
    ReadKind.GET: _fits_get,
    ReadKind.CONTENT: _fits_content,
    ReadKind.RUN: _fits_run,
    ReadKind.LIST: _fits_list,
    ReadKind.TOPICS: _fits_topics,
    ReadKind.HISTORY: _fits_history,
    ReadKind.CHANGES: _fits_changes,
}
