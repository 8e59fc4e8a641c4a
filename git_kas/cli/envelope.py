"""The one shape of everything that ``--json`` prints (DESIGN 11)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.errors import KasError

SCHEMA_VERSION: Final = 1


def success_document(kind: str, data: object, warnings: Sequence[str]) -> str:
    """One JSON document on one line."""
    return _dump({"schema": SCHEMA_VERSION, "kind": kind, "data": data, "warnings": list(warnings)})


def error_document(error: KasError) -> str:
    """The document of a failure, on one line."""
    return _dump(
        {
            "schema": SCHEMA_VERSION,
            "kind": "error",
            "error": {
                "code": error.code,
                "exit": error.exit_status,
                "message": error.message,
                "next": error.next_step,
            },
        }
    )


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as RFC 3339 in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
