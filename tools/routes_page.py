"""The page about the routes of the server, from the tables of the code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from git_kas.domain.mutation import LARGEST_BODY
from git_kas.errors import error_types
from git_kas.server.contract import HEADERS
from git_kas.server.openapi import describe
from git_kas.server.routes import ROUTES
from git_kas.server.v1 import PROTOCOL

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]


def openapi_file() -> str:
    """What ``git kas serve`` answers at ``/v1/openapi.json``."""
    return json.dumps(describe(), indent=1) + "\n"


def routes_page(notice: str, table: Table) -> str:
    """What ``git kas serve`` answers."""
    rows = [
        (
            f"`{route.method}`",
            f"`{route.path}`",
            f"`{route.role.word}`" if route.role else "none",
            route.meaning,
        )
        for route in ROUTES
    ]
    errors = [
        (str(error.http_status), f"`{error.code}`", error.meaning)
        for error in sorted(error_types(), key=lambda error: error.http_status or 0)
        if error.http_status
    ]
    return (
        f"# Routes of `git kas serve`\n\n{notice}"
        "Bodies are JSON unless it is said otherwise; `{project}` and `{filename}` are one percent-encoded "
        "segment each. The role is the lowest that may use a route: `read` < `agent` < `user` < `admin`. "
        f"`HEAD` is answered where `GET` is. Every answer bears `Kas-Protocol: {PROTOCOL}`.\n\n"
        + table(("method", "path", "role", "meaning"), rows)
        + "\n## Headers of requests\n\n"
        + table(("header", "meaning"), [(f"`{name}`", header.meaning) for name, header in HEADERS.items()])
        + "\n## Errors\n\n"
        '`{"error": "…", "code": "…", "next": "…"}`; a conflict says the plan as it is under `current`. A '
        "stale `If-Match` is answered with 412. Busy ones bear `Retry-After`.\n\n"
        + table(("status", "code", "meaning"), errors)
        + f"\n404 `unknown_path`, 405 `method_not_allowed`, 400, 413 (bodies of more than "
        f"{LARGEST_BODY // 1024**2} MiB), 431 and 501 `bad_request` concern HTTP alone; 500 `internal` is a "
        "defect, and the server's standard error says more.\n"
    )
