"""Whether a signal still counts: the order of signals, stale verdicts, contradicting verdicts (DESIGN 6)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.timestamps import nanoseconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.plan import Plan

VERDICTS: Final = frozenset({Event.REVIEW_APPROVED, Event.REVIEW_CHANGES_REQUESTED})

# Systems stamp files with the time of the last tick of their clock, which may be 10 ms ago.
_CLOCK_TICK_NS: Final = 20_000_000


class Cause(StrEnum):
    """Why a signal was rejected."""

    MALFORMED = "malformed"
    USER_ONLY = "user_only"
    STALE = "stale"
    CONTRADICTED = "contradicted"
    LATE = "late"
    INVALID = "invalid"
    NO_PLAN = "no_plan"
    CHANGED = "changed"
    UNFINISHED = "unfinished"


CAUSE_MEANINGS: Final[Mapping[Cause, str]] = {
    Cause.MALFORMED: "its name, header or size is not that of a signal",
    Cause.USER_ONLY: "it asks for an event that only a user may apply",
    Cause.STALE: "it belongs to an earlier round of the plan, or approves what the branch has left behind",
    Cause.CONTRADICTED: "an approval and a request for changes were found together; both are set aside",
    Cause.LATE: "the other verdict had been applied when it came",
    Cause.INVALID: "the event is not valid in the plan's status",
    Cause.NO_PLAN: "there is no such plan",
    Cause.CHANGED: "its text was changed after it had been applied; it cannot be retried",
    Cause.UNFINISHED: "tasks of the plan's waves are not done yet",
}


class Rejection(NamedTuple):
    """Why a signal was rejected; ``reason`` is a sentence."""

    cause: Cause
    reason: str


class Dated(NamedTuple):
    """What the rules look at: an event, the round it names (None: none), and when it was written."""

    event: Event
    round: int | None
    mtime_ns: int


def entered_ns(plan: Plan) -> int | None:
    """When the plan came into its status, in nanoseconds since 1970; None where nobody has seen that."""
    return nanoseconds_of(plan.moved.time) if plan.moved else None


def stale_or_late(plan: Plan, signal: Dated, entered: int | None) -> Rejection | None:
    """Why ``signal`` does not belong to the present round of ``plan``; None if it does, or cannot be told.

    ``entered`` is when the plan came into its status.
    """
    if signal.event is Event.IMPLEMENT_FINISHED and plan.status is Status.IMPLEMENTING:
        return _other_round(plan, signal)
    if signal.event not in VERDICTS:
        return None
    if plan.status is not Status.REVIEWING:
        return _late(plan, signal)
    if signal.round is not None:
        return _other_round(plan, signal)
    if entered is not None and signal.mtime_ns + _CLOCK_TICK_NS < entered:
        return Rejection(Cause.STALE, "It was written before this review began.")
    return None


def contradicting(plan: Plan, signals: Sequence[Dated], entered: int | None) -> list[int]:
    """The positions of ``signals`` that contradict the first of them, with the first; empty if none does.

    ``signals`` are those of one plan that are not applied yet, in order. What comes after the next event that
    is no verdict belongs to another review.
    """
    if plan.status is not Status.REVIEWING:
        return []
    current = [
        position
        for position, signal in enumerate(_until_no_verdict(signals))
        if stale_or_late(plan, signal, entered) is None
    ]
    events = {signals[position].event for position in current}
    return current if len(events) > 1 else []


def contradiction(event: Event) -> Rejection:
    """Why a verdict is set aside that was found together with another one."""
    other = next(iter(VERDICTS - {event}))
    return Rejection(Cause.CONTRADICTED, f"'{other}' was found with it for the same round; both are set aside.")


def _until_no_verdict(signals: Iterable[Dated]) -> Iterable[Dated]:
    from itertools import takewhile

    return takewhile(lambda signal: signal.event in VERDICTS, signals)


def _other_round(plan: Plan, signal: Dated) -> Rejection | None:
    if signal.round is None or signal.round == plan.round:
        return None
    return Rejection(Cause.STALE, f"It is for round {signal.round}; the plan is in round {plan.round}.")


def _late(plan: Plan, signal: Dated) -> Rejection | None:
    moved = plan.moved
    if moved is None or moved.event not in VERDICTS or moved.event is signal.event:
        return None
    return Rejection(
        Cause.LATE, f"'{moved.event}' was applied on {moved.time[:19]}Z already; the plan is {plan.status}."
    )
