"""The forms of what is sent and answered: JSON Schemas, members of queries, and headers.

Whatever says something about them takes it from here: the table of routes, the OpenAPI document, the reference.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation_codec import KINDS

Schema = dict[str, Any]

LONGEST_WAIT: Final = 60
_NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}
_TEXT: Final[Schema] = {"type": "string"}
_OBJECT: Final[Schema] = {"type": "object"}
_PLAN_NAME: Final[Schema] = {
    "type": "string",
    "pattern": r"^[^./\\\x00-\x1f\x7f-\x9f\u2028\u2029][^/\\\x00-\x1f\x7f-\x9f\u2028\u2029]*\.md$",
    "maxLength": 200,
}


class Member(NamedTuple):
    """A member of a query, or a header of a request; a query's may come several times if it ``repeats``."""

    schema: Schema
    meaning: str
    is_required: bool = False
    repeats: bool = False


QUERY: Final[dict[str, Member]] = {
    "status": Member(_TEXT, "only plans in this status", repeats=True),
    "topic": Member(_TEXT, "only plans of this topic"),
    "content": Member({"enum": ["0", "1"]}, "0 leaves out the texts of plans"),
    "since": Member(_NUMBER, "the number of the last change that is known already"),
    "wait": Member(
        {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT}, "seconds to wait if there is nothing new"
    ),
    "plan": Member(_TEXT, "only what happened to this plan"),
    "key": Member({"type": "string", "minLength": 1}, "an idempotency key", is_required=True),
}

HEADERS: Final[dict[str, Member]] = {
    "If-None-Match": Member(_TEXT, "an `ETag` that was answered before: 304 and no body while it is true"),
    "If-Match": Member(
        _TEXT, "the plan's revision, as its `ETag` says it: a change is refused with 412 if it has another"
    ),
    "Idempotency-Key": Member(
        {"type": "string", "maxLength": 300},
        "makes a repetition of the same change harmless: the first outcome is answered again",
    ),
    "Kas-Actor": Member(
        {"enum": list(map(str, Actor))},
        "`user`, `agent` or `system`: on whose behalf a change is made; agents are always agents",
    ),
    "Kas-By": Member(_TEXT, "a person's name for the history, in UTF-8"),
    "Kas-Repository": Member(
        {"type": "string", "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"},
        (
            "the root commit of the repository that asks; the first change binds the project to it, and others "
            "get 409 `project_mismatch` then"
        ),
    ),
    "Last-Event-ID": Member(_NUMBER, "as `since`, from who comes again to a stream of events"),
}

ALWAYS: Final = ("Kas-Repository",)
"""Headers of every request about a project."""

OF_READING: Final = ("If-None-Match",)
OF_CHANGING: Final = ("If-Match", "Idempotency-Key", "Kas-Actor", "Kas-By")
OF_MAKING: Final = ("Idempotency-Key", "Kas-Actor", "Kas-By")


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _or_null(of: Schema) -> Schema:
    return {"anyOf": [of, {"type": "null"}]}


def _closed(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {**_open(required, **properties), "additionalProperties": False}


def _open(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {**_OBJECT, "properties": properties, "required": list(required)}


_SENT_PLAN: Final[dict[str, Schema]] = {
    "status": {"enum": list(map(str, Status))},
    "description": _TEXT,
    "branch": _TEXT,
    "topic": _TEXT,
    "created_at": {"type": "string", "minLength": 1},
    "implemented": _TEXT,
    "content": _TEXT,
}
_ANSWERED_PLAN: Final[dict[str, Schema]] = {
    **dict.fromkeys([*_SENT_PLAN, "filename"], _TEXT),
    "revision": {"type": "integer", "minimum": 1},
    "round": _NUMBER,
}
_STORED_PLAN: Final[dict[str, Schema]] = {
    **{name: schema for name, schema in _ANSWERED_PLAN.items() if name != "content"},
    "extra": _OBJECT,
    "content_id": _TEXT,
    "moved": _OBJECT,
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Error": _open(("error", "code"), error=_TEXT, code=_TEXT, next=_TEXT, current=_reference("Plan")),
    "Version": _closed(
        ("name", "version", "protocol"), name={"const": "git-kas"}, version=_TEXT, protocol=_NUMBER
    ),
    "NewPlan": _open(("filename",), filename=_PLAN_NAME, **_SENT_PLAN),
    "PlanValues": _open((), **_SENT_PLAN),
    "Plan": _open(("filename", "status", "created_at", "revision"), **_ANSWERED_PLAN),
    "Plans": _list(_reference("Plan")),
    "NewName": _open(("new_filename",), new_filename=_PLAN_NAME),
    "Move": _open(("event",), event={"enum": list(map(str, Event))}, note=_TEXT),
    "Topic": _open(("name",), name=_TEXT, created_at={"type": "string", "minLength": 1}),
    "Topics": _list(_reference("Topic")),
    "Change": _closed(("change",), change=_NUMBER),
    "Entry": _closed(
        ("change", "time", "actor", "by", "action"),
        change=_NUMBER,
        time=_TEXT,
        actor={"enum": list(map(str, Actor))},
        by=_TEXT,
        action={"enum": list(map(str, Action))},
        plan=_TEXT,
        identity=_TEXT,
        revision=_NUMBER,
        event={"enum": list(map(str, Event))},
        from_status=_TEXT,
        to_status=_TEXT,
        note=_TEXT,
        key=_TEXT,
        detail=_OBJECT,
    ),
    "Entries": _list(_reference("Entry")),
    "History": _closed(("change", "entries"), change=_NUMBER, entries=_list(_reference("Entry"))),
    "StoredPlan": _closed(("filename", "status"), **_STORED_PLAN),
    "Run": _closed(document=_OBJECT, revision=_NUMBER, owner=_TEXT, fence=_NUMBER, expires=_TEXT),
    "Record": _closed(
        ("plan", "identity"),
        plan=_reference("StoredPlan"),
        identity=_TEXT,
        run=_reference("Run"),
        gone=_TEXT,
    ),
    "Remark": _closed(("kind", "text", "plan"), kind=_TEXT, text=_TEXT, plan=_or_null(_TEXT)),
    "Remarks": _list(_reference("Remark")),
    "State": _closed(
        ("change", "plans", "remarks"),
        change=_NUMBER,
        plans=_list(_reference("StoredPlan")),
        remarks=_list(_reference("Remark")),
    ),
    "StateOfPlan": _closed(("change", "record"), change=_NUMBER, record=_reference("Record")),
    "Outcome": _closed(
        ("change", "plan", "entries", "run"),
        change=_NUMBER,
        plan=_or_null(_reference("StoredPlan")),
        entries=_list(_reference("Entry")),
        run=_or_null(_reference("Run")),
        replayed={"const": True},
    ),
    "Found": _closed(("outcome",), outcome=_or_null(_reference("Outcome"))),
    "Export": _closed(
        ("change", "last_time", "plans", "topics", "history", "keys", "contents", "passengers"),
        change=_NUMBER,
        last_time=_TEXT,
        plans=_list(_reference("Record")),
        topics=_list(_reference("Topic")),
        history=_list(_reference("Entry")),
        keys=_OBJECT,
        contents=_OBJECT,
        passengers=_OBJECT,
    ),
    "Mutation": _open(("kind",), kind={"enum": list(KINDS)}),
    "Asked": _closed(
        ("mutation",),
        mutation=_reference("Mutation"),
        actor={"enum": list(map(str, Actor))},
        by=_TEXT,
        key=_TEXT,
        note=_TEXT,
    ),
    "Commits": {
        "anyOf": [
            _open(("commits",), commits=_list(_reference("Asked"))),
            _closed(("pieces",), pieces=_list(_TEXT)),
        ]
    },
    "Piece": _closed(("id",), id=_TEXT),
    "Refusal": _closed(
        ("code", "message", "next"),
        code=_TEXT,
        message=_TEXT,
        next=_TEXT,
        current=_reference("StoredPlan"),
    ),
    "Answers": _closed(
        ("answers",),
        answers=_list(
            {
                "oneOf": [
                    _closed(("outcome",), outcome=_reference("Outcome")),
                    _closed(("error",), error=_reference("Refusal")),
                ]
            }
        ),
    ),
}
"""JSON Schemas (draft 2020-12) by name."""
