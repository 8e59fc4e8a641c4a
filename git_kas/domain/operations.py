"""What clients asked of a plan store, when, and what they were told: the history that a check is made of.

Times are nanoseconds of a clock that all processes of the machine share. Answers are kept as plain documents;
:func:`digest` stands for parts that would make them long.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from git_kas.domain.codec import Document, decoding, encode_entry, encode_outcome, encode_plan
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import (
    Author,
    ClaimRun,
    Create,
    CreateTopic,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Request,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.names import PlanName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from git_kas.domain.ledger import HistoryEntry, Outcome
    from git_kas.domain.plan import Plan, Topic

_DIGEST_BYTES: Final = 8
_MUTATIONS: Final = {
    kind.__name__: kind
    for kind in (
        Create,
        Update,
        Transition,
        SetStatus,
        Rename,
        Remove,
        Restore,
        SetContent,
        CreateTopic,
        PutRun,
        ClaimRun,
    )
}


class ReadKind(StrEnum):
    """Which reading of the store."""

    GET = "get"
    CONTENT = "content"
    RUN = "run"
    LIST = "list"
    TOPICS = "topics"
    HISTORY = "history"
    CHANGES = "changes"


class Read(NamedTuple):
    """A reading, with the arguments that its kind takes."""

    kind: ReadKind
    plan: PlanName | None = None
    statuses: tuple[Status, ...] = ()
    topic: str | None = None
    since: int = 0


class Write(NamedTuple):
    """A mutation. ``token`` is its note, by which the history tells it from all others; attempts share it."""

    mutation: Mutation
    token: str
    key: str
    by: Author

    @property
    def request(self) -> Request:
        """What goes with the mutation."""
        return Request(self.by, self.key, self.token)


Asked: TypeAlias = Read | Write


class Operation(NamedTuple):
    """One call. ``return_ns`` is None where nobody learned how it ended; ``error`` is the code of a refusal.

    ``value`` is what was answered, for a conflict the plan that was named with it.
    """

    client: str
    number: int
    asked: Asked
    call_ns: int
    return_ns: int | None = None
    value: Any = None
    error: str = ""

    @property
    def name(self) -> str:
        """How to name it to a person: client and number."""
        return f"{self.client}#{self.number}"

    def describe(self) -> str:
        """The call in one short line."""
        asked = self.asked
        if isinstance(asked, Read):
            words = [asked.kind.value, *([asked.plan] if asked.plan else [])]
        else:
            words = [type(asked.mutation).__name__, *_subjects(asked.mutation)]
        return f"{self.name} {' '.join(words)}"


def _subjects(mutation: Mutation) -> list[str]:
    fields = mutation._asdict()
    words = [str(fields[field]) for field in ("filename", "new_filename", "name") if fields.get(field)]
    words += [str(event) for event in fields.get("events", ())]
    if fields.get("if_revision") is not None:
        words.append(f"if revision {fields['if_revision']}")
    return words


# -- answers as documents ------------------------------------------------------------------------------------


def canonical(document: object) -> str:
    """The one text of a JSON document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=dict)


def digest(document: object) -> str:
    """A short stand-in for a document; equal documents have equal ones."""
    return blake2b(canonical(document).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def plan_stamp(plan: Plan) -> list[Any]:
    """A plan in a list: name, revision, status, and the digest of all of it."""
    return [str(plan.filename), plan.revision, str(plan.status), digest(encode_plan(plan))]


def entry_stamp(entry: HistoryEntry) -> list[Any]:
    """An entry of a history: change number, and the digest of all of it."""
    return [entry.change, digest(encode_entry(entry))]


def topic_stamps(topics: Iterable[Topic]) -> list[list[str]]:
    """Topics as they were listed."""
    return [[topic.name, topic.created_at] for topic in topics]


def outcome_document(outcome: Outcome) -> Document:
    """An outcome, with the remark whether it was one of old."""
    return {**encode_outcome(outcome), "replayed": outcome.replayed}


# -- records: a line when an operation is called, and one when it returns ------------------------------------


def called_record(operation: Operation) -> Document:
    """What is written down before the call."""
    return {
        "called": operation.number,
        "client": operation.client,
        "at": operation.call_ns,
        "asked": encode_asked(operation.asked),
    }


def returned_record(operation: Operation) -> Document:
    """What is written down after the call."""
    record: Document = {"returned": operation.number, "at": operation.return_ns}
    if operation.error:
        record["error"] = operation.error
    if operation.value is not None:
        record["value"] = operation.value
    return record


def decode_records(records: Iterable[Document]) -> list[Operation]:
    """The operations of one client from its records, in order; other records are passed over.

    Raises:
        ValueError: a record is not of the known form.
    """
    operations: dict[int, Operation] = {}
    with decoding("a record of an operation"):
        for record in records:
            if "called" in record:
                number = record["called"]
                asked = decode_asked(record["asked"])
                operations[number] = Operation(record["client"], number, asked, record["at"])
            elif "returned" in record:
                operations[record["returned"]] = operations[record["returned"]]._replace(
                    return_ns=record["at"], value=record.get("value"), error=record.get("error", "")
                )
    return list(operations.values())


def encode_asked(asked: Asked) -> Document:
    """A reading or a mutation."""
    if isinstance(asked, Read):
        return {"read": str(asked.kind), **_members(asked._asdict(), Read._field_defaults)}
    mutation = asked.mutation
    return {
        "write": type(mutation).__name__,
        "arguments": _members(mutation._asdict(), mutation._field_defaults),
        "token": asked.token,
        "key": asked.key,
        "actor": str(asked.by.actor),
        "by": asked.by.name,
    }


def decode_asked(document: Document) -> Asked:
    """See :func:`encode_asked`."""
    if "read" in document:
        values = {name: _decode(name, value) for name, value in document.items() if name != "read"}
        return Read(ReadKind(document["read"]), **values)
    kind: Callable[..., Mutation] = _MUTATIONS[document["write"]]
    arguments = {name: _decode(name, value) for name, value in document["arguments"].items()}
    by = Author(Actor(document["actor"]), document["by"])
    return Write(kind(**arguments), document["token"], document["key"], by)


def _members(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Document:
    return {
        name: _encode(value)
        for name, value in values.items()
        if name != "kind" and (name not in defaults or value != defaults[name])
    }


def _encode(value: object) -> object:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [str(word) for word in value]
    return dict(value) if isinstance(value, Mapping) else value


def _decode(name: str, value: Any) -> Any:  # noqa: ANN401 - any member of a JSON document
    return _DECODERS[name](value) if name in _DECODERS and value is not None else value


def _events(words: Sequence[str]) -> tuple[Event, ...]:
    return tuple(Event(word) for word in words)


def _statuses(words: Sequence[str]) -> tuple[Status, ...]:
    return tuple(Status(word) for word in words)


_DECODERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "filename": PlanName,
    "new_filename": PlanName,
    "plan": PlanName,
    "status": Status,
    "statuses": _statuses,
    "events": _events,
    "content": b64decode,
}
