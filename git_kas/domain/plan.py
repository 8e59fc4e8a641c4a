"""What a store knows about a plan and a topic.

``NamedTuple`` instead of ``dataclass``: these values are on the path of ``git kas plan list``, and importing
``dataclasses`` costs as much as starting Python itself (DESIGN 12 and 13).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from git_kas.domain.lifecycle import Actor, Event, StatusWord
from git_kas.domain.names import BranchName, PlanName
from git_kas.errors import InvalidName

ZERO_TIME: Final = "0001-01-01T00:00:00Z"
"""How the earlier system wrote "no time" (ORIGIN 1.1)."""


class Move(NamedTuple):
    """A change of status: when, by which event (None: forced), from which status, and by whom.

    ``time`` is RFC 3339 in UTC with microseconds.
    """

    time: str
    event: Event | None
    from_status: str
    actor: Actor
    by: str = ""


class Plan(NamedTuple):
    """One plan, without its text.

    ``branch``, ``topic``, ``created_at`` (RFC 3339, up to nanoseconds, any offset) and ``implemented`` are
    the stored words, kept as they were sent. ``revision`` counts the plan's changes from 1. ``extra`` holds
    keys that git-kas does not know; they are preserved. ``round`` counts how often its implementation was
    finished. ``content_id`` is the SHA-256 of the text that the store holds, empty without one.
    ``moved`` is how the plan came into its status, None where the store has not seen that.
    """

    filename: PlanName
    status: StatusWord
    description: str = ""
    branch: str = ""
    topic: str = ""
    created_at: str = ZERO_TIME
    implemented: str = ""
    revision: int = 1
    extra: Mapping[str, object] = MappingProxyType({})
    round: int = 0
    content_id: str = ""
    moved: Move | None = None

    def branch_name(self) -> BranchName | None:
        """The stored branch, or None if there is none or Git would not accept it."""
        try:
            return BranchName(self.branch)
        except InvalidName:
            return None


class Topic(NamedTuple):
    """A label that plans share; ``created_at`` as in :class:`Plan`."""

    name: str
    created_at: str = ZERO_TIME
