"""The one error tree of git-kas, and with it the table of exit and HTTP statuses (DESIGN 11).

::

    KasError
    ├── UsageError                 2   400
    │   ├── InvalidName            2   422
    │   ├── InvalidStatus          2   422
    │   ├── UnknownEvent           2   422
    │   ├── PreconditionRequired   2   428
    │   ├── InvalidConfiguration   2   -
    │   └── PluginUnusable         2   -
    ├── NotFound                   3   404
    │   └── NotARepository         3   -
    ├── AlreadyExists              4   409
    ├── Conflict                   4   409
    ├── ProjectMismatch            4   409
    ├── KeyReused                  4   422
    ├── TopicCollision             4   409
    ├── InvalidTransition          5   409
    ├── Unreachable                6   503
    ├── Busy                       7   503
    ├── WouldLoseData              8   -
    ├── NotAllowed                 9   403
    │   └── Unauthenticated        9   401
    ├── StoreFull                  1   507
    ├── StoreCorrupt               1   500
    ├── ReadOnly                   1   500
    ├── SchemaTooNew               1   500
    ├── UnsupportedRepository      1   -
    ├── ProgramFailed              1   -
    ├── ChecksFailed               1   -
    └── Interrupted              130   -

Every adapter maps the exceptions of its library to one of these with ``raise … from``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN_PIPE_EXIT = 141


class KasError(Exception):
    """Something the caller can understand and act on.

    ``message`` is one sentence that names the place; ``next_step`` says what to do, and never holds a
    complete destructive command. ``code`` is the stable word of ``--json`` and HTTP bodies, ``exit_status``
    the status of the process, ``http_status`` the answer of ``git kas serve`` (None: never sent by a server).
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int | None] = None
    meaning: ClassVar[str] = "any other error"

    def __init__(self, message: str, *, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class UsageError(KasError):
    """The command line or the request is not of the documented form."""

    code = "usage"
    exit_status = 2
    http_status: ClassVar[int | None] = 400
    meaning = "wrong usage: unknown command, option or argument"


class InvalidName(UsageError):
    """A name of a plan, branch, topic, object or ref is not a valid one."""

    code = "invalid_name"
    http_status = 422
    meaning = "a name that cannot be a plan, branch, topic or object name"


class InvalidStatus(UsageError):
    """A word is not one of the statuses of the lifecycle."""

    code = "invalid_status"
    http_status = 422
    meaning = "a word that is no plan status"


class UnknownEvent(UsageError):
    """A word is not one of the events of the lifecycle."""

    code = "unknown_event"
    http_status = 422
    meaning = "a word that is no lifecycle event"


class PreconditionRequired(UsageError):
    """A server that was started with ``--strict`` takes no change of what its sender may not have seen."""

    code = "precondition_required"
    http_status = 428
    meaning = "a strict server wants to know by If-Match which revision is replaced"


class InvalidConfiguration(UsageError):
    """A configuration file or value cannot be used; the message names file, line and key."""

    code = "invalid_configuration"
    http_status = None
    meaning = "a configuration value or file that cannot be used"


class PluginUnusable(UsageError):
    """The plugin that was asked for by name is missing, ambiguous, broken or lacks the hook."""

    code = "plugin_unusable"
    http_status = None
    meaning = "a plugin that is missing, ambiguous or broken"


class NotFound(KasError):
    """The thing that was named does not exist."""

    code = "not_found"
    exit_status = 3
    http_status: ClassVar[int | None] = 404
    meaning = "the plan, topic, branch or file does not exist"


class NotARepository(NotFound):
    """The command needs a Git repository and there is none here."""

    code = "not_a_repository"
    http_status = None
    meaning = "outside a Git repository"


class AlreadyExists(KasError):
    """The thing to be created is there already."""

    code = "already_exists"
    exit_status = 4
    http_status = 409
    meaning = "the plan or topic exists already"


class Conflict(KasError):
    """Somebody else changed the plan first; the message names its current state, ``current`` is the plan."""

    code = "conflict"
    exit_status = 4
    http_status = 409
    meaning = "somebody else won the race; a stale If-Match is answered with 412"

    def __init__(self, message: str, *, next_step: str, current: object = None) -> None:
        super().__init__(message, next_step=next_step)
        self.current = current


class ProjectMismatch(KasError):
    """The project of that name belongs to another repository; nothing was read or changed."""

    code = "project_mismatch"
    exit_status = 4
    http_status = 409
    meaning = "on that server, the project of that name belongs to another repository"


class KeyReused(KasError):
    """An idempotency key was seen before with another operation or other arguments."""

    code = "key_reused"
    exit_status = 4
    http_status = 422
    meaning = "an idempotency key was used for something else before"


class TopicCollision(KasError):
    """Another plan of the same topic is being implemented, and topics keep plans from colliding."""

    code = "topic_collision"
    exit_status = 4
    http_status = 409
    meaning = "another plan of the topic is being implemented"


class InvalidTransition(KasError):
    """The lifecycle has no such move from the plan's current status."""

    code = "invalid_transition"
    exit_status = 5
    http_status = 409
    meaning = "the event is not valid in the plan's current status"


class Unreachable(KasError):
    """The plan store or the forge cannot be reached; nothing was written elsewhere."""

    code = "unreachable"
    exit_status = 6
    http_status = 503
    meaning = "the plan store or the forge cannot be reached"


class Busy(KasError):
    """A lock or lease was not free in time; the message names the holder."""

    code = "busy"
    exit_status = 7
    http_status = 503
    meaning = "a lock, lease or database was not free in time (HTTP adds Retry-After)"


class WouldLoseData(KasError):
    """Refused, because going on would lose something that exists nowhere else."""

    code = "would_lose_data"
    exit_status = 8
    meaning = "refused because something would be lost"


class NotAllowed(KasError):
    """The actor may not do this (401 without a token)."""

    code = "not_allowed"
    exit_status = 9
    http_status: ClassVar[int | None] = 403
    meaning = "this actor may not do that"


class Unauthenticated(NotAllowed):
    """The server wants to know who asks, and the request holds no token that it accepts."""

    code = "unauthenticated"
    http_status = 401
    meaning = "the server wants a token, and there was none that it accepts"


class StoreFull(KasError):
    """No space is left for the plan store; nothing was acknowledged."""

    code = "store_full"
    http_status = 507
    meaning = "no space left for the plan store"


class StoreCorrupt(KasError):
    """The stored bytes are not what the store wrote; they are left untouched."""

    code = "store_corrupt"
    http_status = 500
    meaning = "the stored plan state is damaged and was left untouched"


class ReadOnly(KasError):
    """The plan store, or a folder that is to be written, cannot be written."""

    code = "read_only"
    http_status = 500
    meaning = "the plan store or a folder cannot be written"


class SchemaTooNew(KasError):
    """The plan store was written by a newer git-kas."""

    code = "schema_too_new"
    http_status = 500
    meaning = "the plan store was written by a newer git-kas"


class UnsupportedRepository(KasError):
    """The repository uses a format that no installed reader answers correctly."""

    code = "unsupported_repository"
    meaning = "a repository format that no installed reader answers correctly"


class ProgramFailed(KasError):
    """A program that was started (git, gh, tmux …) failed; the message quotes its first line."""

    code = "program_failed"
    meaning = "a program that git-kas started failed"


class ChecksFailed(KasError):
    """A check found something: a guard refusal, lint findings, a failed verification."""

    code = "checks_failed"
    meaning = "a check has findings, or the guard refused"


class Interrupted(KasError):
    """The user stopped the command (Ctrl-C)."""

    code = "interrupted"
    exit_status = 130
    meaning = "interrupted by Ctrl-C"


def error_types() -> Iterator[type[KasError]]:
    """All error types, parents before children, in the order of the table in this module's docstring."""
    pending: list[type[KasError]] = [KasError]
    while pending:
        error_type = pending.pop(0)
        yield error_type
        pending[:0] = error_type.__subclasses__()
