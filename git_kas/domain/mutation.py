"""What can be asked of a plan store: each mutation is a value, committed as one atomic step (DESIGN 4).

``if_revision`` is a precondition, not an argument: it is not part of the :func:`fingerprint` that binds an
idempotency key to what was asked with it. Texts count by their hashes.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from git_kas.domain.lifecycle import Actor, Event, Status, StatusWord
from git_kas.domain.names import PlanName
from git_kas.domain.project import Project

LONGEST_NOTE: Final = 1024 * 1024
LONGEST_KEY: Final = 300
LARGEST_CONTENT: Final = 16 * 1024 * 1024
LARGEST_BODY: Final = LARGEST_CONTENT * 3 // 2
"""Of one request to a server: a text of the largest size in Base64, with room for what stands around it."""

LARGEST_REQUEST: Final = 256 * 1024 * 1024
"""Of one that is sent in pieces: an import."""

NO_EXTRA: Final[Mapping[str, object]] = MappingProxyType({})


class Author(NamedTuple):
    """On whose behalf a mutation is made: the role that decides what is allowed, and a name for people."""

    actor: Actor
    name: str = ""


class Request(NamedTuple):
    """What goes with a mutation. ``key`` makes a repetition harmless; ``note`` is kept in the history."""

    by: Author
    key: str = ""
    note: str = ""


class Create(NamedTuple):
    """A new plan. Without ``created_at`` it is now; ``content`` is the plan's text, None for none."""

    filename: PlanName
    status: StatusWord = Status.READY
    description: str = ""
    branch: str = ""
    topic: str = ""
    created_at: str = ""
    implemented: str = ""
    extra: Mapping[str, object] = NO_EXTRA
    content: bytes | None = None


class Update(NamedTuple):
    """New values for fields of a plan; None leaves a field, or the plan's text in ``content``, as it is.

    ``status`` serves clients that replace whole entries: a change that is one move of the lifecycle is recorded
    as that event, any other as forced.
    """

    filename: PlanName
    description: str | None = None
    branch: str | None = None
    topic: str | None = None
    created_at: str | None = None
    implemented: str | None = None
    extra: Mapping[str, object] | None = None
    status: Status | None = None
    content: bytes | None = None
    if_revision: int | None = None


class Transition(NamedTuple):
    """Events of the lifecycle, applied in order as one step; ``content`` replaces the plan's text with them.

    ``allow_collision``: start it although another plan of its topic is being implemented.
    """

    filename: PlanName
    events: tuple[Event, ...]
    content: bytes | None = None
    if_revision: int | None = None
    allow_collision: bool = False


class SetStatus(NamedTuple):
    """A status forced by a user, whatever the lifecycle says."""

    filename: PlanName
    status: Status
    if_revision: int | None = None


class Rename(NamedTuple):
    """Another name for a plan; its history, text and branch follow."""

    filename: PlanName
    new_filename: PlanName
    if_revision: int | None = None


class Remove(NamedTuple):
    """Take a plan off the list; everything about it is kept for :class:`Restore`. Agents may not do this."""

    filename: PlanName
    if_revision: int | None = None


class Restore(NamedTuple):
    """Put a removed plan back, under ``new_filename`` if that is given."""

    filename: PlanName
    new_filename: PlanName | None = None


class SetContent(NamedTuple):
    """Another text for a plan."""

    filename: PlanName
    content: bytes
    if_revision: int | None = None


class CreateTopic(NamedTuple):
    """A label that plans may share. Without ``created_at`` it is now."""

    name: str
    created_at: str = ""


class PutRun(NamedTuple):
    """The progress of a plan's waves, written by the holder of ``fence``; ``if_revision`` is the run's."""

    filename: PlanName
    document: Mapping[str, object]
    fence: int
    if_revision: int | None = None


class ClaimRun(NamedTuple):
    """The right to drive a plan for ``ttl`` seconds; 0 gives it back. The same owner renews it."""

    filename: PlanName
    owner: str
    ttl: float


class Import(NamedTuple):
    """Plans, topics and history from elsewhere; ``source`` names the place, for the history.

    Plans that exist are left alone, or with ``update`` given the incoming values. Into an empty project
    everything comes as it is, change numbers included. ``source_bytes`` is the imported file and ``source_id``
    its SHA-256, where the store is to remember what it has seen of it.
    """

    project: Project
    source: str
    update: bool = False
    source_id: str = ""
    source_bytes: bytes = b""


class AdoptEdit(NamedTuple):
    """What somebody changed in the stored state behind the store's back, taken over as it was found.

    ``plans`` maps names to their values (revision and other numbers do not count), None for one that is gone.
    ``passengers`` is as in :class:`~git_kas.domain.ledger.Commit`.
    """

    plans: Mapping[PlanName, Create | None]
    topics: tuple[CreateTopic, ...]
    source: str
    passengers: Mapping[str, object] | None = None


Mutation: TypeAlias = (
    Create
    | Update
    | Transition
    | SetStatus
    | Rename
    | Remove
    | Restore
    | SetContent
    | CreateTopic
    | PutRun
    | ClaimRun
    | Import
    | AdoptEdit
)


def fingerprint(mutation: Mutation, note: str) -> str:
    """A hash of what is asked, without its preconditions; equal requests have equal fingerprints."""
    from hashlib import sha256

    fields = mutation._asdict()
    fields.pop("if_revision", None)
    if not fields.get("allow_collision", True):
        del fields["allow_collision"]  # keys are older than this field
    if isinstance(mutation, Import):
        from git_kas.domain.codec import encode_project

        fields["project"] = encode_project(mutation.project, with_contents=False)
        del fields["source_bytes"]
    canonical = json.dumps(
        [type(mutation).__name__, fields, note], sort_keys=True, ensure_ascii=True, default=_plain
    )
    return sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        from hashlib import sha256

        return sha256(value).hexdigest()
    return dict(value) if isinstance(value, Mapping) else repr(value)
