"""The OpenAPI 3.1 document of the server, made from the table of routes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.wire import encode
from git_kas.errors import error_types
from git_kas.server.contract import ALWAYS, HEADERS, QUERY, SCHEMAS
from git_kas.server.events import KIND as EVENTS
from git_kas.server.exchange import JSON
from git_kas.server.routes import ROUTES
from git_kas.server.v1 import PROTOCOL
from git_kas.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from git_kas.server.contract import Member
    from git_kas.server.routes import Route

_BY_HTTP: Final = {412: "a stale `If-Match`", 413: "the body is too large"}
_STATUSES: Final = {
    status: "; ".join(error.meaning for error in error_types() if error.http_status == status)
    for status in {error.http_status for error in error_types() if error.http_status}
} | _BY_HTTP


@cache
def document() -> bytes:
    """The document as it is answered."""
    return encode(describe())


def describe() -> dict[str, Any]:
    """The document."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "git kas serve",
            "version": VERSION,
            "description": f"Plans of many projects. Every answer bears `Kas-Protocol: {PROTOCOL}`.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "kas_…"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.meaning,
        "parameters": list(_parameters(route)),
        "responses": {
            str(route.status): _answer(route),
            **({"304": {"description": "it is as it was"}} if "If-None-Match" in route.headers else {}),
            **{str(status): _refusal(status) for status in sorted(_refusals(route))},
        },
        "security": [{"token": []}] if route.role else [],
    }
    if route.role:
        operation["x-kas-role"] = route.role.word
    if route.body:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    return operation


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    for name in route.query:
        yield _parameter(name, "query", QUERY[name])
    for name in (*route.headers, *(ALWAYS if _concerns_project(route) else ())):
        yield _parameter(name, "header", HEADERS[name])


def _parameter(name: str, place: str, member: Member) -> dict[str, Any]:
    schema = {"type": "array", "items": member.schema} if member.repeats else member.schema
    return {
        "name": name,
        "in": place,
        "required": member.is_required,
        "description": member.meaning,
        "schema": schema,
    }


def _answer(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.meaning}
    content = _content(route.answer) if route.answer else {}
    if route.streams:
        content[EVENTS] = {"schema": {"type": "string"}}
    return {**answer, "content": content} if content else answer


def _content(named: str) -> dict[str, Any]:
    """``named`` is a schema's name, or the type of a body that is no JSON."""
    if named in SCHEMAS:
        return {JSON: {"schema": {"$ref": f"#/components/schemas/{named}"}}}
    return {named: {"schema": {"type": "object"} if named == JSON else {"type": "string"}}}


def _refusal(status: int) -> dict[str, Any]:
    return {"description": _STATUSES[status], "content": _content("Error")}


def _refusals(route: Route) -> set[int]:
    """What may go wrong; 404 too where nothing is looked for, as a path with dots leads elsewhere."""
    found = {400, 403, 500}
    if route.role:
        found |= {401}
    if route.asks_database:
        found |= {503}
    if _concerns_project(route):
        found |= {404, 409, 422}
    if route.method != "GET":
        found |= {507}
    if route.body:
        found |= {413}
    if "If-Match" in route.headers:
        found |= {412}
    if route.method == "PUT":
        found |= {428}
    return found


def _concerns_project(route: Route) -> bool:
    return "{project}" in route.path
