"""The JSON Schema of everything ``--json`` prints, made from the tables of the code.

``tools/generate.py`` writes it to ``docs/reference/output.schema.json``; the tests validate every command's
output against it.
"""

from __future__ import annotations

import json
from typing import Final

from git_kas.cli.envelope import SCHEMA_VERSION
from git_kas.cli.schema_finish import FINISH
from git_kas.cli.schema_guard import GUARD
from git_kas.cli.schema_hooks import HOOKS_DATA
from git_kas.cli.schema_janitor import JANITOR_DATA, VERDICT
from git_kas.cli.schema_places import PLACES_DATA
from git_kas.cli.schema_scaffold import INIT, PRIME, SETUP
from git_kas.cli.schema_signals import SIGNAL
from git_kas.cli.schema_types import (
    COUNT,
    OBJECT_ID,
    PLAN_NAME,
    PRECISE_TIME,
    TEXT,
    TIME,
    YES_NO,
    Schema,
    described,
    list_of,
    object_of,
    one_of,
    or_null,
)
from git_kas.cli.schema_waves import WAVES_DATA
from git_kas.domain.anomalies import AnomalyKind
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.plan_rules import Rule, Severity
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.domain.triage import Flag
from git_kas.domain.worktree import FolderState, Operation
from git_kas.errors import error_types
from git_kas.usecases.apply_signals import Handling
from git_kas.usecases.faults import FAULT_MEANINGS, Fault
from git_kas.usecases.import_plans import ImportEffect

_MOVE: Final = object_of(
    time=PRECISE_TIME,
    event=described(or_null(one_of(Event)), "null where the status was set without one"),
    **{"from": TEXT},
    actor=one_of(Actor),
    by=TEXT,
)

_PLAN: Final = object_of(
    filename=PLAN_NAME,
    status=described(TEXT, f"{', '.join(Status)}, or an unknown word as it was found"),
    description=TEXT,
    branch=TEXT,
    topic=TEXT,
    created_at=described(TEXT, "RFC 3339 as it was sent; 0001-01-01T00:00:00Z for none"),
    implemented=TEXT,
    revision={"type": "integer", "minimum": 1},
    round=described(COUNT, "how often its implementation was finished"),
    content_id=described(or_null(TEXT), "the SHA-256 of the text that the store holds"),
    moved=or_null(_MOVE),
    extra={"type": "object"},
)

_ENTRY: Final = object_of(
    change={"type": "integer", "minimum": 1},
    time=PRECISE_TIME,
    actor=one_of(Actor),
    by=TEXT,
    action=one_of(Action),
    plan=or_null(PLAN_NAME),
    revision=or_null(COUNT),
    event=or_null(one_of(Event)),
    **{"from": or_null(TEXT)},
    to=or_null(TEXT),
    note=TEXT,
    key=or_null(TEXT),
    detail={"type": "object"},
)

_MOVED: Final = object_of(
    filename=PLAN_NAME,
    **{"from": TEXT},
    to=one_of(Status),
    event=described(or_null(one_of(Event)), "the last one; null where the status was forced"),
    events=list_of(one_of(Event)),
    revision={"type": "integer", "minimum": 1},
    change={"type": "integer", "minimum": 1},
    replayed=described(YES_NO, "whether this was done before under the same key"),
)

_TASK: Final = object_of(
    number=COUNT,
    label=TEXT,
    title=TEXT,
    line=COUNT,
    files=list_of(object_of(action=TEXT, path=TEXT)),
    depends_on=list_of(object_of(part=TEXT, label=TEXT)),
    body=TEXT,
)

_PLAN_SHOWN: Final = object_of(
    plan=_PLAN,
    events=described(list_of(one_of(Event)), "those that this actor may apply now"),
    text=or_null(TEXT),
    text_from=or_null(one_of(("store", "worktree"))),
    title=TEXT,
    goal=TEXT,
    architecture=TEXT,
    tech_stack=TEXT,
    size=TEXT,
    waves=list_of(object_of(number=COUNT, title=TEXT, line=COUNT, introduction=TEXT, tasks=list_of(_TASK))),
)

_WORKTREE_DETAILS: Final = object_of(
    main=YES_NO,
    folder=one_of(FolderState),
    moved_to=or_null(TEXT),
    head=described(or_null(OBJECT_ID), "the commit of a detached HEAD"),
    locked=YES_NO,
    lock_reason=TEXT,
    operations=list_of(one_of(Operation)),
    lock_files=list_of(TEXT),
)

_TRIAGE_ROW: Final = object_of(
    plan=or_null(PLAN_NAME),
    status=or_null(TEXT),
    topic=or_null(TEXT),
    moved=described(or_null(_MOVE), "how the plan came into its status; null where that was not seen"),
    branch=described(or_null(TEXT), "without refs/heads/; one that a plan names may not exist: see tip"),
    is_base=YES_NO,
    tip=or_null(OBJECT_ID),
    ahead=described(or_null(COUNT), "commits of the branch that the local base branch lacks"),
    behind=described(or_null(COUNT), "commits of the local base branch that the branch lacks"),
    last_commit=described(or_null(TIME), "committer date of the tip"),
    upstream=or_null(object_of(ref=TEXT, gone=YES_NO, unpushed=or_null(COUNT))),
    worktree=described(or_null(TEXT), "absolute path"),
    worktree_details=or_null(_WORKTREE_DETAILS),
    dirty=described(or_null(COUNT), "paths that no commit holds; null where that is not known"),
    dirt=or_null(object_of(changed=COUNT, untracked=COUNT, conflicts=COUNT)),
    **VERDICT,
    flags=list_of(one_of(Flag)),
    notes=described(
        {"type": "object", "propertyNames": one_of(Flag), "additionalProperties": TEXT},
        "evidence, by flag",
    ),
    settled=YES_NO,
    next=described(or_null(TEXT), "the command to run next, for a POSIX shell"),
)

_TRIAGE: Final = object_of(base=or_null(TEXT), rows=list_of(_TRIAGE_ROW))

_HANDLED: Final = object_of(
    handling=one_of(Handling),
    name=TEXT,
    plan=or_null(PLAN_NAME),
    event=or_null(one_of(form.word for form in SIGNAL_FORMS)),
    worktree=TEXT,
    **{"from": or_null(TEXT)},
    to=or_null(TEXT),
    reason=TEXT,
    id=or_null(TEXT),
)

DATA_BY_KIND: Final[dict[str, Schema]] = {
    "triage": _TRIAGE,
    **JANITOR_DATA,
    **HOOKS_DATA,
    **PLACES_DATA,
    **WAVES_DATA,
    "finish": FINISH,
    "init": INIT,
    "setup": SETUP,
    "prime": PRIME,
    "plan.list": list_of(_PLAN),
    "plan.show": _PLAN_SHOWN,
    "plan.create": _PLAN,
    "plan.register": _PLAN,
    "plan.transition": _MOVED,
    "plan.set-status": _MOVED,
    "reset-plan": _MOVED,
    "plan.rename": object_of(old=PLAN_NAME, plan=_PLAN),
    "plan.topic": object_of(
        plan=or_null(_PLAN), topics=or_null(list_of(object_of(name=TEXT, created_at=TEXT, plans=COUNT)))
    ),
    "plan.history": list_of(_ENTRY),
    "import": object_of(
        file=described(TEXT, "or the place of the store"),
        project=described(or_null(TEXT), "null where the source has one only"),
        dry_run=YES_NO,
        topics=COUNT,
        plans=list_of(
            object_of(filename=PLAN_NAME, status=TEXT, effect=one_of(ImportEffect), fields=list_of(TEXT))
        ),
    ),
    "export": object_of(file=or_null(TEXT), document={"type": ["object", "null"]}),
    "signal": object_of(
        plan=PLAN_NAME,
        event=one_of(form.word for form in SIGNAL_FORMS),
        wave=or_null(COUNT),
        task=or_null(COUNT),
        round=described(or_null(COUNT), "null where the store could not be asked"),
        head=or_null(OBJECT_ID),
        path=TEXT,
    ),
    "signals.list": list_of(SIGNAL),
    "signals.apply": object_of(handled=list_of(_HANDLED), left=list_of(SIGNAL)),
    "signals.retry": list_of(SIGNAL),
    "signals.purge": object_of(executed=YES_NO, signals=list_of(SIGNAL)),
    "lint": object_of(
        findings=list_of(
            object_of(
                file=described(TEXT, "path, relative to the current folder unless it was named otherwise"),
                line={"type": "integer", "minimum": 1},
                rule=one_of(Rule),
                severity=one_of(Severity),
                message=TEXT,
            )
        ),
        files=described(COUNT, "how many were checked"),
    ),
    "guard": GUARD,
    "serve": object_of(url=TEXT, database=described(TEXT, "a path, or a URL without password")),
    "where": object_of(
        store=TEXT,
        source=TEXT,
        place=TEXT,
        project=TEXT,
        base=or_null(TEXT),
        plans=TEXT,
        repository=TEXT,
        main_worktree=or_null(TEXT),
        worktree=or_null(TEXT),
    ),
    "config": list_of(object_of(key=TEXT, value=TEXT, source=TEXT, meaning=TEXT)),
    "plugins": list_of(object_of(name=TEXT, module=TEXT, distribution=TEXT, hooks=list_of(TEXT), problem=TEXT)),
    "verify-store": object_of(
        store=TEXT,
        project=described(TEXT, "the new project that was used"),
        servers=described(COUNT, "how many stood between clients and store"),
        clients=COUNT,
        plans=COUNT,
        seed={"type": "integer"},
        operations=COUNT,
        commits=COUNT,
        repetitions=described(COUNT, "operations that repeated one under its key"),
        unanswered=described(COUNT, "operations that were made or not: nobody was told"),
        faults=object_of(**{str(fault): described(COUNT, FAULT_MEANINGS[fault]) for fault in Fault}),
        seconds={"type": "number", "minimum": 0},
        operations_per_second={"type": "number", "minimum": 0},
        sound=described(YES_NO, "whether there is no anomaly"),
        anomalies=list_of(
            object_of(
                kind=one_of(AnomalyKind),
                message=TEXT,
                operations=described(list_of(TEXT), "client#number, and what it asked"),
            )
        ),
    ),
    "demo": object_of(
        project=or_null(TEXT),
        situations=list_of(object_of(row=TEXT, story=TEXT)),
        triage=_TRIAGE,
        cleanup=or_null(JANITOR_DATA["cleanup"]),
        undo=or_null(JANITOR_DATA["undo"]),
        finish=or_null(FINISH),
    ),
    "completion": object_of(shell=one_of(("bash", "zsh", "fish")), script=TEXT),
    "version": object_of(version=TEXT, python=TEXT),
    "help": object_of(text=TEXT),
}
"""What stands under ``data``, by ``kind``."""


def output_schema() -> Schema:
    """The schema of one document."""
    successes = [
        object_of(
            schema={"const": SCHEMA_VERSION},
            kind={"const": kind},
            data={"$ref": f"#/$defs/{kind}"},
            warnings=list_of(TEXT),
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
    error = object_of(
        code=one_of(dict.fromkeys(error.code for error in error_types())),
        exit={"enum": statuses},
        message=TEXT,
        next=described(TEXT, "what to do; may be empty"),
    )
    return object_of(schema={"const": SCHEMA_VERSION}, kind={"const": "error"}, error=error)
