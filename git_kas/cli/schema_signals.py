"""The JSON Schema of a signal, as several commands print it."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import PLAN_NAME, TEXT, TIME, described, object_of, one_of, or_null
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.usecases.signals import SignalState

SIGNAL: Final = object_of(
    state=one_of(SignalState),
    name=described(TEXT, "the file's name"),
    plan=or_null(PLAN_NAME),
    event=or_null(one_of(form.word for form in SIGNAL_FORMS)),
    worktree=described(TEXT, "absolute path"),
    written=described(or_null(TIME), "null where the file's time is in no calendar"),
    reason=TEXT,
    id=described(or_null(TEXT), "of a rejected one, for 'git kas signals retry'"),
    path=described(or_null(TEXT), "where a rejected one is kept"),
)
