"""The JSON Schema of what is said about branches, worktrees and the trash."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import (
    COUNT,
    OBJECT_ID,
    PLAN_NAME,
    PRECISE_TIME,
    TEXT,
    YES_NO,
    Schema,
    described,
    list_of,
    object_of,
    one_of,
    or_null,
)
from git_kas.domain.branch import LandingMethod, Presence, UnknownReason, VerdictKind
from git_kas.domain.doctor import Check
from git_kas.domain.doctor import Severity as CheckSeverity
from git_kas.domain.janitor import LOSS_FLAGS, ReasonCode

VERDICT: Final = {
    "verdict": described(or_null(one_of(VerdictKind)), "null for the base branch and without a branch"),
    "reason": described(or_null(one_of(UnknownReason)), "set exactly if the verdict is unknown"),
    "how": described(or_null(one_of(LandingMethod)), "set exactly if the verdict is landed"),
    "landed_at": described(or_null(OBJECT_ID), "the base commit from which on all of it was there"),
    "now": described(or_null(one_of(Presence)), "what has become of it in the base of today"),
    "commits": described(or_null(COUNT), "own commits that change something; set if the verdict is partial"),
    "landed_commits": described(or_null(COUNT), "how many of them have landed"),
    "conflicts": described(
        or_null(YES_NO),
        "whether merging it into the base as it is now would stop at conflicts; null where that is not known, "
        "and unless the verdict is unmerged or partial",
    ),
}

_FINDING: Final = object_of(
    check=one_of(Check),
    severity=one_of(CheckSeverity),
    subject=described(TEXT, "path, branch, plan or setting; empty where the check could not look"),
    evidence=list_of(TEXT),
    fix=described(or_null(TEXT), "what --fix does about it; null where nothing can be done safely"),
    fixed=YES_NO,
    note=described(TEXT, "what --fix has to say about it; may be empty"),
    look=described(or_null(TEXT), "a command that shows more"),
    failed_to_look=described(YES_NO, "the check could not look; evidence says why"),
)

_CHECK: Final = object_of(
    check=one_of(Check),
    severity=one_of(CheckSeverity),
    meaning=TEXT,
    fix=or_null(TEXT),
)

_REMOVABLE: Final = one_of(("worktree", "branch", "plan"))
_ITEMS: Final = list_of(object_of(kind=_REMOVABLE, name=TEXT))

_CLEANUP_ROW: Final = object_of(
    kind=_REMOVABLE,
    name=described(TEXT, "absolute path of a worktree, name of a branch or plan"),
    plan=or_null(PLAN_NAME),
    action=described(one_of(("remove", "keep")), "keep exactly if there are reasons"),
    done=described(YES_NO, "whether it was removed"),
    reasons=list_of(
        object_of(
            code=one_of(ReasonCode),
            text=TEXT,
            flag=described(or_null(one_of(LOSS_FLAGS)), "the option that accepts the loss"),
        )
    ),
    evidence=list_of(TEXT),
    size=described(or_null(COUNT), "bytes of a folder on the disk"),
)

_TRASH_ENTRY: Final = object_of(
    operation=TEXT,
    kind=TEXT,
    began=PRECISE_TIME,
    items=_ITEMS,
    undone=YES_NO,
    size=or_null(COUNT),
    purged=YES_NO,
)

JANITOR_DATA: Final[dict[str, Schema]] = {
    "verdict": list_of(
        object_of(
            branch=TEXT,
            tip=or_null(OBJECT_ID),
            ahead=or_null(COUNT),
            behind=or_null(COUNT),
            **VERDICT,
            explanation=list_of(TEXT),
        )
    ),
    "cleanup": object_of(
        operation=described(or_null(TEXT), "what 'git kas undo' takes"),
        executed=YES_NO,
        rows=list_of(_CLEANUP_ROW),
    ),
    "undo": {
        "anyOf": [
            object_of(
                operation=TEXT,
                undone=TEXT,
                restored=list_of(
                    object_of(kind=_REMOVABLE, name=TEXT, **{"as": described(or_null(TEXT), "its new name")})
                ),
            ),
            list_of(object_of(operation=TEXT, kind=TEXT, began=PRECISE_TIME, items=_ITEMS)),
        ]
    },
    "trash.list": list_of(_TRASH_ENTRY),
    "trash.purge": object_of(executed=YES_NO, entries=list_of(_TRASH_ENTRY)),
    "doctor": {"anyOf": [list_of(_FINDING), list_of(_CHECK)]},
}
