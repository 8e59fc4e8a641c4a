"""The JSON Schema of what ``git kas init``, ``setup`` and ``prime`` print with ``--json``."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_signals import SIGNAL
from git_kas.cli.schema_types import (
    COUNT,
    PLAN_NAME,
    PRECISE_TIME,
    TEXT,
    YES_NO,
    described,
    list_of,
    object_of,
    one_of,
    or_null,
)
from git_kas.cli.schema_untrack import UNTRACK
from git_kas.domain.agent_files import Harness
from git_kas.domain.lifecycle import Event
from git_kas.domain.scaffold import FileState
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.usecases.scaffold import Effect

_FILES: Final = list_of(
    object_of(
        root=described(TEXT, "absolute path of the worktree or of Git's common directory"),
        path=described(TEXT, "relative to root"),
        state=described(one_of(FileState), "what was found"),
        effect=described(one_of(Effect), "what was done; with --dry-run, what would be"),
    )
)

INIT: Final = object_of(
    dry_run=YES_NO,
    files=described(_FILES, "empty with --untrack"),
    untrack=described(or_null(UNTRACK), "null without --untrack"),
)

SETUP: Final = object_of(
    harness=one_of(Harness),
    dry_run=YES_NO,
    files=_FILES,
    yours=described(list_of(TEXT), "agents that opencode.jsonc defines otherwise, which counts"),
    texts=described(
        list_of(object_of(path=TEXT, text=TEXT)), "with --print, the files as they would be; else empty"
    ),
)

PRIME: Final = object_of(
    project=TEXT,
    store=TEXT,
    base=or_null(TEXT),
    plans=described(TEXT, "the folder of plan texts, relative to the worktree"),
    worktree=TEXT,
    branch=or_null(TEXT),
    role=described(or_null(TEXT), "from KAS_ROLE"),
    wave=or_null(COUNT),
    task=or_null(COUNT),
    plan=or_null(
        object_of(
            filename=PLAN_NAME,
            status=TEXT,
            description=TEXT,
            branch=TEXT,
            topic=TEXT,
            round=COUNT,
            revision=COUNT,
        )
    ),
    events=described(list_of(one_of(Event)), "those that an agent may bring about now"),
    reports=list_of(
        object_of(
            signal=one_of(form.word for form in SIGNAL_FORMS),
            meaning=TEXT,
            command=described(TEXT, "for a POSIX shell; words in capitals are to be filled in"),
        )
    ),
    feedback=described(
        or_null(object_of(time=PRECISE_TIME, round=COUNT, by=TEXT, text=TEXT)),
        "what the last review asks for, while the plan is implementing after it",
    ),
    signals=described(list_of(SIGNAL), "those about the plan that were not applied"),
    never=list_of(TEXT),
    problem=described(TEXT, "why there is no plan; may be empty"),
    store_problem=described(TEXT, "why the store cannot be read; may be empty"),
)
