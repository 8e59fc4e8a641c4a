"""The JSON Schema of what ``git kas finish --json`` prints."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import (
    COUNT,
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
from git_kas.domain.finish import Choice, Strategy
from git_kas.ports.forge import RequestState
from git_kas.usecases.finish_ports import CheckName, State

FINISH: Final = object_of(
    operation=described(or_null(TEXT), "of the journal; null where nothing was done"),
    state=one_of(State),
    plan=PLAN_NAME,
    **{"from": described(or_null(TEXT), "the plan's status before; null where that was not asked")},
    to=or_null(TEXT),
    choice=one_of(Choice),
    strategy=or_null(one_of(Strategy)),
    branch=or_null(TEXT),
    base=or_null(TEXT),
    landed_at=described(or_null(OBJECT_ID), "the commit of the base that holds the branch"),
    pull_request=or_null(object_of(number=COUNT, url=TEXT, state=one_of(RequestState))),
    checks=list_of(
        object_of(
            check=one_of(CheckName),
            passed=YES_NO,
            text=TEXT,
            code=described(or_null(TEXT), "of the error, where it did not pass"),
            next=or_null(TEXT),
        )
    ),
    did=described(list_of(TEXT), "what was done; with --dry-run what would be"),
    left=described(list_of(TEXT), "what was not, and why"),
)
