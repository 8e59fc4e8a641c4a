"""The JSON Schema of what the store and token commands print with ``--json``."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import (
    COUNT,
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
from git_kas.domain.tokens import ROLES, TokenState

_PROJECTS: Final = list_of(object_of(project=TEXT, plans=COUNT, entries=described(COUNT, "of its history")))

_TOKEN_MEMBERS: Final[dict[str, Schema]] = {
    "id": TEXT,
    "name": TEXT,
    "role": one_of(ROLES),
    "project": described(or_null(TEXT), "the only one that it opens; null for all"),
    "state": one_of(TokenState),
    "created_at": PRECISE_TIME,
    "expires_at": or_null(PRECISE_TIME),
    "revoked_at": or_null(PRECISE_TIME),
}

PLACES_DATA: Final[dict[str, Schema]] = {
    "store.check": object_of(
        store=TEXT,
        sound=described(YES_NO, "whether there is no finding"),
        projects=_PROJECTS,
        findings=list_of(
            object_of(project=described(or_null(TEXT), "null for what concerns the place"), message=TEXT)
        ),
    ),
    "store.backup": object_of(store=TEXT, file=described(TEXT, "absolute path"), projects=_PROJECTS),
    "token.create": object_of(token=described(TEXT, "shown this once"), **_TOKEN_MEMBERS),
    "token.list": list_of(object_of(**_TOKEN_MEMBERS)),
    "token.revoke": object_of(**_TOKEN_MEMBERS),
}
"""What stands under ``data``, by ``kind``."""
