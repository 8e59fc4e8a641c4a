"""The JSON Schema of everything ``--json`` prints, made from the tables of the code.

``tools/generate.py`` writes it to ``docs/reference/output.schema.json``; the tests validate every command's
output against it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from git_kas.cli.envelope import SCHEMA_VERSION
from git_kas.domain.branch import UnknownReason, VerdictKind
from git_kas.domain.lifecycle import Status
from git_kas.domain.triage import Flag
from git_kas.domain.worktree import FolderState, Operation
from git_kas.errors import error_types

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_YES_NO: Final[Schema] = {"type": "boolean"}
_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_OBJECT_ID: Final[Schema] = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}
_PLAN_NAME: Final[Schema] = {"type": "string", "pattern": r"[^/\\]\.md$"}


def _object(**properties: Schema) -> Schema:
    """An object that has exactly these members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        # Closed, as the tests want it; open_schema() opens it for the published file.
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(words: Any) -> Schema:  # noqa: ANN401 - any enumeration
    return {"enum": [str(word) for word in words]}


def _described(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema}


_PLAN: Final = _object(
    filename=_PLAN_NAME,
    status=_described(_TEXT, f"{', '.join(Status)}, or an unknown word as it was found"),
    description=_TEXT,
    branch=_TEXT,
    topic=_TEXT,
    created_at=_described(_TEXT, "RFC 3339 as it was sent; 0001-01-01T00:00:00Z for none"),
    implemented=_TEXT,
    revision={"type": "integer", "minimum": 1},
    extra={"type": "object"},
)

_WORKTREE_DETAILS: Final = _object(
    main=_YES_NO,
    folder=_one_of(FolderState),
    moved_to=_or_null(_TEXT),
    head=_described(_or_null(_OBJECT_ID), "the commit of a detached HEAD"),
    locked=_YES_NO,
    lock_reason=_TEXT,
    operations=_list(_one_of(Operation)),
    lock_files=_list(_TEXT),
)

_TRIAGE_ROW: Final = _object(
    plan=_or_null(_PLAN_NAME),
    status=_or_null(_TEXT),
    topic=_or_null(_TEXT),
    branch=_described(_or_null(_TEXT), "without refs/heads/; one that a plan names may not exist: see tip"),
    is_base=_YES_NO,
    tip=_or_null(_OBJECT_ID),
    ahead=_described(_or_null(_COUNT), "commits of the branch that the local base branch lacks"),
    behind=_described(_or_null(_COUNT), "commits of the local base branch that the branch lacks"),
    last_commit=_described(_or_null(_TIME), "committer date of the tip"),
    upstream=_or_null(_object(ref=_TEXT, gone=_YES_NO, unpushed=_or_null(_COUNT))),
    worktree=_described(_or_null(_TEXT), "absolute path"),
    worktree_details=_or_null(_WORKTREE_DETAILS),
    dirty=_described(_or_null(_COUNT), "paths that no commit holds; null where that is not known"),
    dirt=_or_null(_object(changed=_COUNT, untracked=_COUNT, conflicts=_COUNT)),
    verdict=_described(_or_null(_one_of(VerdictKind)), "null for the base branch and without a branch"),
    reason=_described(_or_null(_one_of(UnknownReason)), "set exactly if the verdict is unknown"),
    flags=_list(_one_of(Flag)),
    notes=_described(
        {"type": "object", "propertyNames": _one_of(Flag), "additionalProperties": _TEXT},
        "evidence, by flag",
    ),
    settled=_YES_NO,
    next=_described(_or_null(_TEXT), "the command to run next, for a POSIX shell"),
)

_TRIAGE: Final = _object(base=_or_null(_TEXT), rows=_list(_TRIAGE_ROW))

DATA_BY_KIND: Final[dict[str, Schema]] = {
    "triage": _TRIAGE,
    "plan.list": _list(_PLAN),
    "where": _object(
        store=_TEXT,
        source=_TEXT,
        place=_TEXT,
        project=_TEXT,
        base=_or_null(_TEXT),
        plans=_TEXT,
        repository=_TEXT,
        main_worktree=_or_null(_TEXT),
        worktree=_or_null(_TEXT),
    ),
    "config": _list(_object(key=_TEXT, value=_TEXT, source=_TEXT, meaning=_TEXT)),
    "plugins": _list(_object(name=_TEXT, module=_TEXT, distribution=_TEXT, hooks=_list(_TEXT), problem=_TEXT)),
    "demo": _object(project=_or_null(_TEXT), situations=_list(_object(row=_TEXT, story=_TEXT)), triage=_TRIAGE),
    "completion": _object(shell=_one_of(("bash", "zsh", "fish")), script=_TEXT),
    "version": _object(version=_TEXT, python=_TEXT),
    "help": _object(text=_TEXT),
}
"""What stands under ``data``, by ``kind``."""


def output_schema() -> Schema:
    """The schema of one document."""
    successes = [
        _object(
            schema={"const": SCHEMA_VERSION},
            kind={"const": kind},
            data={"$ref": f"#/$defs/{kind}"},
            warnings=_list(_TEXT),
        )
        for kind in DATA_BY_KIND
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What git kas prints with --json",
        "oneOf": [*successes, _error_schema()],
        "$defs": DATA_BY_KIND,
    }


def open_schema() -> Schema:
    """The same for readers of the future: members that they do not know may be added."""
    opened: Schema = json.loads(json.dumps(output_schema()).replace('"additionalProperties": false', '"": 0'))
    _drop_empty_keys(opened)
    return opened


def _drop_empty_keys(value: object) -> None:
    if isinstance(value, dict):
        value.pop("", None)
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _drop_empty_keys(member)


def _error_schema() -> Schema:
    statuses = sorted({error.exit_status for error in error_types()})
    error = _object(
        code=_one_of(dict.fromkeys(error.code for error in error_types())),
        exit={"enum": statuses},
        message=_TEXT,
        next=_described(_TEXT, "what to do; may be empty"),
    )
    return _object(schema={"const": SCHEMA_VERSION}, kind={"const": "error"}, error=error)
