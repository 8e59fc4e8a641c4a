"""The JSON Schema of what ``git kas init --untrack --json`` prints."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import (
    OBJECT_ID,
    PLAN_NAME,
    TEXT,
    YES_NO,
    described,
    list_of,
    object_of,
    one_of,
    or_null,
)
from git_kas.domain.guard import EntryKind
from git_kas.usecases.untrack_versions import HolderKind

_PLANS: Final = object_of(
    source=described(TEXT, "absolute path of the file, or the name of an object"),
    new=described(list_of(PLAN_NAME), "imported; with --dry-run, to be imported"),
    same=list_of(PLAN_NAME),
    different=described(list_of(PLAN_NAME), "the store has other values, and keeps them"),
    gone=described(list_of(PLAN_NAME), "were removed or renamed in the store, and stay so"),
)

UNTRACK: Final = object_of(
    dry_run=YES_NO,
    files=list_of(
        object_of(
            path=described(TEXT, "relative to the top of the worktree"),
            kind=one_of(EntryKind),
            was_in_index=YES_NO,
            was_in_head=YES_NO,
            plans=described(or_null(_PLANS), "null for what is no plan state file"),
        )
    ),
    elsewhere=described(
        list_of(object_of(place=TEXT, plans=list_of(PLAN_NAME), command=TEXT)),
        "plans that stand in other versions of a file only; they were not imported",
    ),
    ignore=list_of(
        object_of(
            file=TEXT,
            rules=described(list_of(TEXT), "those that were missing"),
            written=YES_NO,
            staged=YES_NO,
            note=described(TEXT, "what is left to do by hand; may be empty"),
        )
    ),
    commit=described(or_null(TEXT), "the command that commits it; null if there is nothing to commit"),
    other_staged=described(list_of(TEXT), "paths that would be in that commit, too"),
    baseline=described(
        or_null(
            object_of(
                commit=OBJECT_ID,
                command=described(TEXT, "for the server's repository"),
                other_branches=described(list_of(TEXT), "have history with the file that the commit lacks"),
            )
        ),
        "null where no history has the file",
    ),
    still_there=list_of(object_of(kind=one_of(HolderKind), name=TEXT, path=TEXT)),
)
