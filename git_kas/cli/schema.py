"""The JSON Schema of everything ``--json`` prints, made from the tables of the code.

``tools/generate.py`` writes it to ``docs/reference/output.schema.json``; the tests validate every command's
output against it.
"""

from __future__ import annotations

import json
from typing import Final

from git_kas.cli.envelope import SCHEMA_VERSION
from git_kas.cli.schema_finish import FINISH
from git_kas.cli.schema_shapes import COUNT as _COUNT
from git_kas.cli.schema_shapes import OBJECT_ID as _OBJECT_ID
from git_kas.cli.schema_shapes import PLAN_NAME as _PLAN_NAME
from git_kas.cli.schema_shapes import PRECISE_TIME as _PRECISE_TIME
from git_kas.cli.schema_shapes import TEXT as _TEXT
from git_kas.cli.schema_shapes import TIME as _TIME
from git_kas.cli.schema_shapes import YES_NO as _YES_NO
from git_kas.cli.schema_shapes import Schema
from git_kas.cli.schema_shapes import a_list as _list
from git_kas.cli.schema_shapes import an_object as _object
from git_kas.cli.schema_shapes import described as _described
from git_kas.cli.schema_shapes import one_of as _one_of
from git_kas.cli.schema_shapes import or_null as _or_null
from git_kas.domain.anomalies import AnomalyKind
from git_kas.domain.branch import UnknownReason, VerdictKind
from git_kas.domain.janitor import LOSS_FLAGS, ReasonCode
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.plan_rules import Rule, Severity
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.domain.triage import Flag
from git_kas.domain.worktree import FolderState, Operation
from git_kas.errors import error_types
from git_kas.usecases.apply_signals import Handling
from git_kas.usecases.import_plans import ImportEffect
from git_kas.usecases.signals import SignalState

_MOVE: Final = _object(
    time=_PRECISE_TIME,
    event=_described(_or_null(_one_of(Event)), "null where the status was set without one"),
    **{"from": _TEXT},
    actor=_one_of(Actor),
    by=_TEXT,
)

_PLAN: Final = _object(
    filename=_PLAN_NAME,
    status=_described(_TEXT, f"{', '.join(Status)}, or an unknown word as it was found"),
    description=_TEXT,
    branch=_TEXT,
    topic=_TEXT,
    created_at=_described(_TEXT, "RFC 3339 as it was sent; 0001-01-01T00:00:00Z for none"),
    implemented=_TEXT,
    revision={"type": "integer", "minimum": 1},
    round=_described(_COUNT, "how often its implementation was finished"),
    content_id=_described(_or_null(_TEXT), "the SHA-256 of the text that the store holds"),
    moved=_or_null(_MOVE),
    extra={"type": "object"},
)

_ENTRY: Final = _object(
    change={"type": "integer", "minimum": 1},
    time=_PRECISE_TIME,
    actor=_one_of(Actor),
    by=_TEXT,
    action=_one_of(Action),
    plan=_or_null(_PLAN_NAME),
    revision=_or_null(_COUNT),
    event=_or_null(_one_of(Event)),
    **{"from": _or_null(_TEXT)},
    to=_or_null(_TEXT),
    note=_TEXT,
    key=_or_null(_TEXT),
    detail={"type": "object"},
)

_MOVED: Final = _object(
    filename=_PLAN_NAME,
    **{"from": _TEXT},
    to=_one_of(Status),
    event=_described(_or_null(_one_of(Event)), "the last one; null where the status was forced"),
    events=_list(_one_of(Event)),
    revision={"type": "integer", "minimum": 1},
    change={"type": "integer", "minimum": 1},
    replayed=_described(_YES_NO, "whether this was done before under the same key"),
)

_TASK: Final = _object(
    number=_COUNT,
    label=_TEXT,
    title=_TEXT,
    line=_COUNT,
    files=_list(_object(action=_TEXT, path=_TEXT)),
    depends_on=_list(_object(part=_TEXT, label=_TEXT)),
    body=_TEXT,
)

_PLAN_SHOWN: Final = _object(
    plan=_PLAN,
    events=_described(_list(_one_of(Event)), "those that this actor may apply now"),
    text=_or_null(_TEXT),
    text_from=_or_null(_one_of(("store", "worktree"))),
    title=_TEXT,
    goal=_TEXT,
    architecture=_TEXT,
    tech_stack=_TEXT,
    size=_TEXT,
    waves=_list(_object(number=_COUNT, title=_TEXT, line=_COUNT, introduction=_TEXT, tasks=_list(_TASK))),
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
    moved=_described(_or_null(_MOVE), "how the plan came into its status; null where that was not seen"),
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

_SIGNAL: Final = _object(
    state=_one_of(SignalState),
    name=_described(_TEXT, "the file's name"),
    plan=_or_null(_PLAN_NAME),
    event=_or_null(_one_of(form.word for form in SIGNAL_FORMS)),
    worktree=_described(_TEXT, "absolute path"),
    written=_described(_or_null(_TIME), "null where the file's time is in no calendar"),
    reason=_TEXT,
    id=_described(_or_null(_TEXT), "of a rejected one, for 'git kas signals retry'"),
    path=_described(_or_null(_TEXT), "where a rejected one is kept"),
)

_HANDLED: Final = _object(
    handling=_one_of(Handling),
    name=_TEXT,
    plan=_or_null(_PLAN_NAME),
    event=_or_null(_one_of(form.word for form in SIGNAL_FORMS)),
    worktree=_TEXT,
    **{"from": _or_null(_TEXT)},
    to=_or_null(_TEXT),
    reason=_TEXT,
    id=_or_null(_TEXT),
)

_REMOVABLE: Final = _one_of(("worktree", "branch", "plan"))
_ITEMS: Final = _list(_object(kind=_REMOVABLE, name=_TEXT))

_CLEANUP_ROW: Final = _object(
    kind=_REMOVABLE,
    name=_described(_TEXT, "absolute path of a worktree, name of a branch or plan"),
    plan=_or_null(_PLAN_NAME),
    action=_described(_one_of(("remove", "keep")), "keep exactly if there are reasons"),
    done=_described(_YES_NO, "whether it was removed"),
    reasons=_list(
        _object(
            code=_one_of(ReasonCode),
            text=_TEXT,
            flag=_described(_or_null(_one_of(LOSS_FLAGS)), "the option that accepts the loss"),
        )
    ),
    evidence=_list(_TEXT),
    size=_described(_or_null(_COUNT), "bytes of a folder on the disk"),
)

_TRASH_ENTRY: Final = _object(
    operation=_TEXT,
    kind=_TEXT,
    began=_PRECISE_TIME,
    items=_ITEMS,
    undone=_YES_NO,
    size=_or_null(_COUNT),
    purged=_YES_NO,
)

DATA_BY_KIND: Final[dict[str, Schema]] = {
    "triage": _TRIAGE,
    "cleanup": _object(
        operation=_described(_or_null(_TEXT), "what 'git kas undo' takes"),
        executed=_YES_NO,
        rows=_list(_CLEANUP_ROW),
    ),
    "undo": {
        "anyOf": [
            _object(
                operation=_TEXT,
                undone=_TEXT,
                restored=_list(
                    _object(kind=_REMOVABLE, name=_TEXT, **{"as": _described(_or_null(_TEXT), "its new name")})
                ),
            ),
            _list(_object(operation=_TEXT, kind=_TEXT, began=_PRECISE_TIME, items=_ITEMS)),
        ]
    },
    "trash.list": _list(_TRASH_ENTRY),
    "trash.purge": _object(executed=_YES_NO, entries=_list(_TRASH_ENTRY)),
    "plan.list": _list(_PLAN),
    "plan.show": _PLAN_SHOWN,
    "plan.create": _PLAN,
    "plan.register": _PLAN,
    "plan.transition": _MOVED,
    "plan.set-status": _MOVED,
    "reset-plan": _MOVED,
    "plan.rename": _object(old=_PLAN_NAME, plan=_PLAN),
    "plan.topic": _object(
        plan=_or_null(_PLAN), topics=_or_null(_list(_object(name=_TEXT, created_at=_TEXT, plans=_COUNT)))
    ),
    "plan.history": _list(_ENTRY),
    "import": _object(
        file=_TEXT,
        dry_run=_YES_NO,
        topics=_COUNT,
        plans=_list(
            _object(filename=_PLAN_NAME, status=_TEXT, effect=_one_of(ImportEffect), fields=_list(_TEXT))
        ),
    ),
    "export": _object(file=_or_null(_TEXT), document={"type": ["object", "null"]}),
    "signal": _object(
        plan=_PLAN_NAME,
        event=_one_of(form.word for form in SIGNAL_FORMS),
        wave=_or_null(_COUNT),
        task=_or_null(_COUNT),
        round=_described(_or_null(_COUNT), "null where the store could not be asked"),
        head=_or_null(_OBJECT_ID),
        path=_TEXT,
    ),
    "signals.list": _list(_SIGNAL),
    "signals.apply": _object(handled=_list(_HANDLED), left=_list(_SIGNAL)),
    "signals.retry": _list(_SIGNAL),
    "signals.purge": _object(executed=_YES_NO, signals=_list(_SIGNAL)),
    "lint": _object(
        findings=_list(
            _object(
                file=_described(_TEXT, "path, relative to the current folder unless it was named otherwise"),
                line={"type": "integer", "minimum": 1},
                rule=_one_of(Rule),
                severity=_one_of(Severity),
                message=_TEXT,
            )
        ),
        files=_described(_COUNT, "how many were checked"),
    ),
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
    "verify-store": _object(
        store=_TEXT,
        project=_described(_TEXT, "the new project that was used"),
        clients=_COUNT,
        plans=_COUNT,
        seed={"type": "integer"},
        operations=_COUNT,
        commits=_COUNT,
        repetitions=_described(_COUNT, "operations that repeated one under its key"),
        faults=_object(kill=_COUNT, stop=_COUNT, drop=_COUNT),
        seconds={"type": "number", "minimum": 0},
        operations_per_second={"type": "number", "minimum": 0},
        sound=_described(_YES_NO, "whether there is no anomaly"),
        anomalies=_list(
            _object(
                kind=_one_of(AnomalyKind),
                message=_TEXT,
                operations=_described(_list(_TEXT), "client#number, and what it asked"),
            )
        ),
    ),
    "finish": FINISH,
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
