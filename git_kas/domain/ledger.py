"""What a plan store keeps beside the plans: their history, runs, and the commits that all of it is made of."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from git_kas.domain.lifecycle import Actor, Event
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan, Topic

NOTHING: Mapping[str, object] = MappingProxyType({})


class Action(StrEnum):
    """What happened, in one entry of a history."""

    CREATED = "created"
    UPDATED = "updated"
    TRANSITION = "transition"
    FORCED = "forced"
    RENAMED = "renamed"
    REMOVED = "removed"
    RESTORED = "restored"
    CONTENT = "content"
    TOPIC_CREATED = "topic_created"
    RUN_CLAIMED = "run_claimed"
    RUN_RELEASED = "run_released"
    RUN_WRITTEN = "run_written"
    IMPORTED = "imported"
    EDITED = "edited"


ACTION_MEANINGS: Mapping[Action, str] = {
    Action.CREATED: "the plan was created or registered",
    Action.UPDATED: "fields of the plan got other values",
    Action.TRANSITION: "an event of the lifecycle",
    Action.FORCED: "the status was set without an event",
    Action.RENAMED: "the plan got another name",
    Action.REMOVED: "the plan was taken off the list",
    Action.RESTORED: "the plan was put back",
    Action.CONTENT: "the store got another text of the plan",
    Action.TOPIC_CREATED: "a topic was created",
    Action.RUN_CLAIMED: "somebody took or renewed the right to drive the plan's waves",
    Action.RUN_RELEASED: "that right was given back",
    Action.RUN_WRITTEN: "the progress of the plan's waves was written",
    Action.IMPORTED: "the plan came from another store or an earlier state file",
    Action.EDITED: "somebody changed the stored state outside git-kas; it was taken over",
}


MOVES: Final = frozenset({Action.TRANSITION, Action.FORCED})
"""What gives a plan another status."""


class HistoryEntry(NamedTuple):
    """Something that happened; never changed once it is written.

    ``change`` is the project's number of the commit it belongs to. ``time`` is RFC 3339 in UTC with
    microseconds and never goes back. ``plan`` is the name at that time, None for what concerns no plan;
    ``identity`` stays the same through renames. Of several entries of one commit the first carries the note.
    ``detail`` depends on the action.
    """

    change: int
    time: str
    actor: Actor
    by: str
    action: Action
    plan: PlanName | None = None
    identity: str = ""
    revision: int = 0
    event: Event | None = None
    from_status: str = ""
    to_status: str = ""
    note: str = ""
    key: str = ""
    detail: Mapping[str, object] = NOTHING


class Run(NamedTuple):
    """The progress of a plan's waves, and who may write it.

    ``fence`` rises with each owner; ``expires`` is the time at which the claim of ``owner`` ends, RFC 3339 in
    UTC with microseconds, empty without one.
    """

    document: Mapping[str, object] = NOTHING
    revision: int = 0
    owner: str = ""
    fence: int = 0
    expires: str = ""


class PlanRecord(NamedTuple):
    """All that is kept about the name of a plan.

    ``identity`` is the plan's, through renames. ``gone`` is empty for a plan on the list; otherwise ``plan``
    is as it was last, and ``gone`` says where it went: ``removed``, or ``renamed`` with the new name behind a
    space.
    """

    plan: Plan
    identity: str
    run: Run | None = None
    gone: str = ""

    @property
    def live(self) -> bool:
        """Whether the plan is on the list."""
        return not self.gone


class Outcome(NamedTuple):
    """What came of a mutation: the plan as it is afterwards (None where no one plan is concerned).

    ``entries`` are what the history gained, ``replayed`` whether all this was done before under the same key.
    """

    change: int
    plan: Plan | None
    entries: tuple[HistoryEntry, ...]
    run: Run | None = None
    replayed: bool = False


class KeyedOutcome(NamedTuple):
    """The outcome that an idempotency key stands for, and the fingerprint of what was asked with it."""

    fingerprint: str
    outcome: Outcome


class Commit(NamedTuple):
    """The effect of one mutation, ready to be stored: all values as they are after it.

    ``contents`` are new texts by their SHA-256. ``keys`` holds the commit's own key, and those that an import
    brings along. ``passengers`` is what a state file holds beside plans and topics, None for no change of it:
    members that are not known (``extra``) and entries that are no plans (``unread``).
    """

    change: int
    time: str
    entries: tuple[HistoryEntry, ...]
    records: Mapping[PlanName, PlanRecord]
    topics: Mapping[str, Topic]
    keys: Mapping[str, KeyedOutcome]
    contents: Mapping[str, bytes]
    outcome: Outcome
    passengers: Mapping[str, Any] | None = None
