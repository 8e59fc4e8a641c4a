"""The JSON Schema of what is said about driving plans."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import (
    COUNT,
    PLAN_NAME,
    TEXT,
    YES_NO,
    Schema,
    described,
    list_of,
    object_of,
    one_of,
    or_null,
)
from git_kas.domain.agents import Mode
from git_kas.domain.stage import Condition, JobState
from git_kas.usecases.drive_ports import Step

_ATTEMPT: Final = object_of(
    run=described(TEXT, "the id of the run"),
    worktree=TEXT,
    branch=described(or_null(TEXT), "the task's own; null where it works on the plan's"),
    began=or_null(TEXT),
    ended=or_null(TEXT),
    exit_status=described(or_null({"type": "integer"}), "below zero for a signal; null while it is not known"),
    reason=TEXT,
)

_JOB: Final = object_of(
    id=TEXT,
    title=TEXT,
    wave=or_null(COUNT),
    task=or_null(TEXT),
    state=one_of(JobState),
    reason=TEXT,
    attempts=list_of(_ATTEMPT),
)

_STAGE: Final = object_of(
    mode=one_of(Mode),
    round=COUNT,
    condition=one_of(Condition),
    wave=described(or_null(COUNT), "the number of the current wave"),
    waves=COUNT,
    began=TEXT,
    ended=or_null(TEXT),
    feedback=described(list_of(COUNT), "change numbers of the verdicts whose texts were handed on"),
    jobs=list_of(_JOB),
)

_DRIVEN: Final = object_of(
    filename=PLAN_NAME,
    status=TEXT,
    round=COUNT,
    driven_by=or_null(TEXT),
    driven_until=or_null(TEXT),
    notice=described(TEXT, "why nothing is started although something could be; may be empty"),
    stage=or_null(_STAGE),
    past=list_of(_STAGE),
)

_IMPLEMENTED: Final = object_of(
    filename=PLAN_NAME,
    wave=COUNT,
    waves=COUNT,
    begun=described(YES_NO, "whether the plan came into 'implementing' by this"),
    signal=described(TEXT, "the file that tells the watcher"),
    watched=YES_NO,
)

WAVES_DATA: Final[dict[str, Schema]] = {
    **dict.fromkeys(("implement", "plan.implement"), _IMPLEMENTED),
    "waves.status": list_of(_DRIVEN),
    "waves.retry": _DRIVEN,
    "waves.skip": _DRIVEN,
    "waves.abort": _DRIVEN,
    "watch": object_of(
        happened=list_of(object_of(step=one_of(Step), plan=or_null(PLAN_NAME), job=TEXT, detail=TEXT))
    ),
}
