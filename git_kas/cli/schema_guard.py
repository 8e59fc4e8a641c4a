"""The JSON Schema of what ``git kas guard --json`` prints."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import OBJECT_ID, TEXT, YES_NO, described, list_of, object_of, one_of, or_null
from git_kas.domain.guard import EntryKind, GuardedChange
from git_kas.domain.guard_text import Occasion

GUARD: Final = object_of(
    passed=YES_NO,
    occasion=described(one_of(Occasion), "what was looked at"),
    patterns=described(list_of(TEXT), "the guarded paths"),
    findings=described(
        list_of(
            object_of(
                path=described(TEXT, "from the top of the tree; bytes that are no UTF-8 as escapes"),
                change=one_of(GuardedChange),
                entry=one_of(EntryKind),
                commit=described(or_null(OBJECT_ID), "null for what is staged, and for a bare tree"),
                refs=described(list_of(TEXT), "of the receiver, that would bring it"),
            )
        ),
        "what is refused, oldest commits first",
    ),
    advice=described(
        list_of(object_of(purpose=TEXT, commands=list_of(TEXT))),
        "ways on, the nearest first; words in <> are to be filled in",
    ),
)
