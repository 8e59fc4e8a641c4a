"""The values of a plan store as JSON documents and back: journals, exports, keyed outcomes.

Members that have their default are left out. Decoding accepts only what encoding gives, and raises ValueError
(KeyError and TypeError included by :func:`decoding`) for anything else.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.ledger import Action, HistoryEntry, KeyedOutcome, Outcome, PlanRecord, Run
from git_kas.domain.lifecycle import Actor, Event, read_status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Move, Plan, Topic
from git_kas.domain.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]

_PLAN_DEFAULTS: Final = Plan._field_defaults
_ENTRY_DEFAULTS: Final = HistoryEntry._field_defaults
_RUN_DEFAULTS: Final = Run._field_defaults


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn every error that a document of the wrong form causes into a ValueError that names ``what``."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, LookupError) as error:
        raise ValueError(f"{what} is not of the known form: {type(error).__name__} {error}") from error


def encode_plan(plan: Plan) -> Document:
    """A plan."""
    document = _without_defaults(plan._asdict(), _PLAN_DEFAULTS)
    document["status"] = str(plan.status)
    if plan.extra:
        document["extra"] = dict(plan.extra)
    if plan.moved is not None:
        document["moved"] = _without_empty(plan.moved._asdict())
    return document


def decode_plan(document: Document) -> Plan:
    """See :func:`encode_plan`."""
    values = dict(document)
    moved = values.pop("moved", None)
    return Plan(
        PlanName(values.pop("filename")),
        read_status(values.pop("status")),
        moved=_decode_move(moved) if moved else None,
        **values,
    )


def encode_record(record: PlanRecord) -> Document:
    """What is kept about a name."""
    document: Document = {"plan": encode_plan(record.plan), "identity": record.identity}
    if record.run is not None:
        document["run"] = encode_run(record.run)
    if record.gone:
        document["gone"] = record.gone
    return document


def decode_record(document: Document) -> PlanRecord:
    """See :func:`encode_record`."""
    run = document.get("run")
    return PlanRecord(
        decode_plan(document["plan"]),
        document["identity"],
        decode_run(run) if run is not None else None,
        document.get("gone", ""),
    )


def encode_run(run: Run) -> Document:
    """A run."""
    document = _without_defaults(run._asdict(), _RUN_DEFAULTS)
    if run.document:
        document["document"] = dict(run.document)
    return document


def decode_run(document: Document) -> Run:
    """See :func:`encode_run`."""
    return Run(**document)


def encode_entry(entry: HistoryEntry) -> Document:
    """An entry of a history."""
    document = _without_defaults(entry._asdict(), _ENTRY_DEFAULTS)
    if entry.detail:
        document["detail"] = dict(entry.detail)
    return document


def decode_entry(document: Document) -> HistoryEntry:
    """See :func:`encode_entry`."""
    values = dict(document)
    plan, event = values.pop("plan", None), values.pop("event", None)
    return HistoryEntry(
        values.pop("change"),
        values.pop("time"),
        Actor(values.pop("actor")),
        values.pop("by"),
        Action(values.pop("action")),
        plan=PlanName(plan) if plan is not None else None,
        event=Event(event) if event is not None else None,
        **values,
    )


def encode_outcome(outcome: Outcome) -> Document:
    """What came of a mutation."""
    return {
        "change": outcome.change,
        "plan": encode_plan(outcome.plan) if outcome.plan else None,
        "entries": [encode_entry(entry) for entry in outcome.entries],
        "run": encode_run(outcome.run) if outcome.run else None,
    }


def decode_outcome(document: Document) -> Outcome:
    """See :func:`encode_outcome`."""
    plan, run = document["plan"], document["run"]
    return Outcome(
        document["change"],
        decode_plan(plan) if plan is not None else None,
        tuple(decode_entry(entry) for entry in document["entries"]),
        decode_run(run) if run is not None else None,
    )


def encode_keyed(keyed: KeyedOutcome) -> Document:
    """What an idempotency key stands for."""
    return {"fingerprint": keyed.fingerprint, "outcome": encode_outcome(keyed.outcome)}


def decode_keyed(document: Document) -> KeyedOutcome:
    """See :func:`encode_keyed`."""
    return KeyedOutcome(document["fingerprint"], decode_outcome(document["outcome"]))


def encode_project(project: Project, *, with_contents: bool = True) -> Document:
    """Everything about a project, in a fixed order. Texts that are not UTF-8 come as Base64.

    Without the contents, only their hashes.
    """
    contents: dict[str, Any] = {
        key: _encode_bytes(project.contents[key]) if with_contents else None for key in sorted(project.contents)
    }
    return {
        "change": project.change,
        "last_time": project.last_time,
        "plans": [encode_record(project.records[name]) for name in sorted(project.records)],
        "topics": [project.topics[name]._asdict() for name in sorted(project.topics)],
        "history": [encode_entry(entry) for entry in project.entries],
        "keys": {key: encode_keyed(project.keys[key]) for key in sorted(project.keys)},
        "contents": contents,
        "passengers": dict(project.passengers),
    }


def decode_project(document: Document) -> Project:
    """See :func:`encode_project`."""
    project = Project()
    project.change = document["change"]
    project.last_time = document["last_time"]
    for record in map(decode_record, document["plans"]):
        project.records[record.plan.filename] = record
    project.topics = {topic["name"]: Topic(**topic) for topic in document["topics"]}
    project.entries = [decode_entry(entry) for entry in document["history"]]
    project.keys = {key: decode_keyed(keyed) for key, keyed in document["keys"].items()}
    project.passengers = document["passengers"]
    project.contents = {key: _decode_content(key, text) for key, text in document["contents"].items()}
    return project


def _decode_content(content_id: str, value: str | dict[str, str]) -> bytes:
    """A text; no store could keep it under a hash that is not its own."""
    from hashlib import sha256

    content = _decode_bytes(value)
    if sha256(content).hexdigest() != content_id:
        raise ValueError(f"the text {content_id[:12]!r} was changed")
    return content


def _decode_move(document: Document) -> Move:
    event = document.get("event")
    return Move(
        document["time"],
        Event(event) if event is not None else None,
        document.get("from_status", ""),
        Actor(document["actor"]),
        document.get("by", ""),
    )


def _encode_bytes(data: bytes) -> str | dict[str, str]:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode("ascii")}


def _decode_bytes(value: str | dict[str, str]) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else b64decode(value["base64"], validate=True)


def _without_defaults(values: dict[str, Any], defaults: dict[str, Any]) -> Document:
    return {key: value for key, value in values.items() if key not in defaults or value != defaults[key]}


def _without_empty(values: dict[str, Any]) -> Document:
    return {key: value for key, value in values.items() if value}
