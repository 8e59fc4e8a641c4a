"""The lifecycle of a plan: which event moves it from which status to which, and who may do it.

Source: DESIGN 3. The tables below are the only place where statuses, events, aliases and legacy words are
written; help, documentation, JSON schema and templates are generated from them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from git_kas.errors import InvalidStatus, InvalidTransition, NotAllowed, UnknownEvent


class Status(StrEnum):
    """Where a plan stands."""

    READY = "ready"
    PLANNING = "planning"
    IMPLEMENTING = "implementing"
    REVIEWING = "reviewing"
    DONE = "done"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What can happen to a plan."""

    PLAN_START = "plan_start"
    PLANNER_FINISHED = "planner_finished"
    IMPLEMENT_START = "implement_start"
    IMPLEMENT_FINISHED = "implement_finished"
    REVIEW_APPROVED = "review_approved"
    REVIEW_CHANGES_REQUESTED = "review_changes_requested"
    START_OVER = "start_over"
    REIMPLEMENT = "reimplement"
    REQUEST_REVIEW = "request_review"
    CANCEL = "cancel"
    REOPEN = "reopen"


class Actor(StrEnum):
    """On whose behalf an event is applied."""

    USER = "user"
    AGENT = "agent"
    SYSTEM = "system"


class UnknownStatus(str):
    """A status word that the lifecycle does not know, kept as it was found; it has no transitions."""

    __slots__ = ()


StatusWord: TypeAlias = Status | UnknownStatus

TRANSITIONS: Final[Mapping[Status, Mapping[Event, Status]]] = {
    Status.READY: {
        Event.PLAN_START: Status.PLANNING,
        Event.IMPLEMENT_START: Status.IMPLEMENTING,
        Event.CANCEL: Status.CANCELLED,
    },
    Status.PLANNING: {
        Event.PLANNER_FINISHED: Status.READY,
        # A restart after a crash. It is never a claim: two planners may both see it succeed.
        Event.PLAN_START: Status.PLANNING,
        Event.CANCEL: Status.CANCELLED,
    },
    Status.IMPLEMENTING: {
        Event.IMPLEMENT_FINISHED: Status.REVIEWING,
        Event.CANCEL: Status.CANCELLED,
    },
    Status.REVIEWING: {
        Event.REVIEW_APPROVED: Status.DONE,
        Event.REVIEW_CHANGES_REQUESTED: Status.IMPLEMENTING,
        Event.CANCEL: Status.CANCELLED,
    },
    Status.DONE: {
        Event.START_OVER: Status.PLANNING,
        Event.REIMPLEMENT: Status.IMPLEMENTING,
        Event.REQUEST_REVIEW: Status.REVIEWING,
        Event.CANCEL: Status.CANCELLED,
    },
    Status.CANCELLED: {
        Event.REOPEN: Status.PLANNING,
    },
}

USER_ONLY: Final = frozenset(
    {Event.START_OVER, Event.REIMPLEMENT, Event.REQUEST_REVIEW, Event.CANCEL, Event.REOPEN}
)

STARTS_IMPLEMENTING: Final = frozenset({Event.IMPLEMENT_START, Event.REIMPLEMENT})
"""Events that only one plan of a topic at a time may pass, unless somebody allows it: topics keep plans apart.

That a review asks for changes is none of them, as feedback must never be lost.
"""

FINISHED: Final = frozenset({Status.DONE, Status.CANCELLED})
"""Statuses in which nothing more is expected to happen to a plan."""

IN_WORK: Final = frozenset({Status.PLANNING, Status.IMPLEMENTING, Status.REVIEWING})
"""Statuses in which somebody is expected to be working on a plan."""

LEGACY_STATUSES: Final[Mapping[str, Status]] = {
    "in_progress": Status.IMPLEMENTING,
    "completed": Status.DONE,
    "finished": Status.DONE,
}
"""Words of earlier state files (ORIGIN 2.1) and what they mean today."""

EVENT_ALIASES: Final[Mapping[str, Event]] = {"review_changes": Event.REVIEW_CHANGES_REQUESTED}
"""Other spellings of events that are accepted on input, besides hyphens for underscores."""


def parse_status(word: str) -> Status:
    """The status that ``word`` names.

    Raises:
        InvalidStatus: the word is none of the six; legacy words are not accepted as input.
    """
    try:
        return Status(word)
    except ValueError as error:
        known = ", ".join(Status)
        raise InvalidStatus(f"'{word}' is no plan status.", next_step=f"Use one of: {known}.") from error


def read_status(word: str) -> StatusWord:
    """The status that a stored ``word`` stands for: legacy words mapped, any other kept as unknown."""
    try:
        return Status(word)
    except ValueError:
        return LEGACY_STATUSES.get(word) or UnknownStatus(word)


def parse_event(word: str) -> Event:
    """The event that ``word`` names, aliases and hyphens accepted.

    Raises:
        UnknownEvent: no event has that name.
    """
    canonical = word.replace("-", "_")
    try:
        return EVENT_ALIASES.get(canonical) or Event(canonical)
    except ValueError as error:
        known = ", ".join(sorted(Event))
        raise UnknownEvent(f"'{word}' is no event.", next_step=f"Use one of: {known}.") from error


def valid_events(status: StatusWord, actor: Actor = Actor.USER) -> tuple[Event, ...]:
    """The events that ``actor`` may apply to a plan in ``status``, sorted by name."""
    if not isinstance(status, Status):
        return ()
    return tuple(sorted(event for event in TRANSITIONS[status] if may_apply(actor, event)))


def may_apply(actor: Actor, event: Event) -> bool:
    """Whether ``actor`` may ever apply ``event``."""
    return actor is Actor.USER or event not in USER_ONLY


def next_status(status: StatusWord, event: Event, actor: Actor) -> Status:
    """The status that ``event`` leads to.

    Raises:
        NotAllowed: the event is for users only and ``actor`` is not one.
        InvalidTransition: the table has no such move; the message names the status and the valid events.
    """
    if not may_apply(actor, event):
        raise NotAllowed(
            f"Only a user may apply '{event}'; this was asked for by the {actor}.",
            next_step="Ask the person in charge to decide.",
        )
    target = TRANSITIONS[status].get(event) if isinstance(status, Status) else None
    if target is None:
        choices = ", ".join(valid_events(status, actor))
        raise InvalidTransition(
            f"'{event}' is not valid in status '{status}'.",
            next_step=f"Valid events: {choices}." if choices else "No event is valid in this status.",
        )
    return target
