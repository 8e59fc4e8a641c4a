"""The OpenAPI document: true of the running server, as schemathesis finds by trying it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from git_kas.server.exchange import BYTES, MARKDOWN
from git_kas.server.openapi import describe
from git_kas.server.routes import ROUTES
from server.hosting import ONE, PLAN, PLANS, Client, Running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 15, GenerationMode.NEGATIVE: 5}
GROUPS = 3
RESTORE = {"mutation": {"kind": "restore", "filename": PLAN}}


class Tried(NamedTuple):
    """Which statuses were answered, and what was not as the document has it."""

    statuses: set[int]
    failures: list[str]


def attempt(
    document: dict[str, Any],
    running: Running,
    method: str,
    path: str,
    mode: GenerationMode = GenerationMode.POSITIVE,
) -> Tried:
    """Ask one operation of the running server many things, right or wrong ones."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.base_url = running.url
    tried, numbers = Tried(set(), []), count()
    cases = schema[path][method].as_strategy(generation_mode=mode)

    @seed(7433)
    @settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        make_near(case, next(numbers))
        if method != "GET":
            fill(running)
        answer = case.call(timeout=60)
        tried.statuses.add(answer.status_code)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            tried.failures.extend(f"{method} {path}: {failure}" for failure in group.exceptions)

    ask()
    return tried


def make_near(case: Any, number: int) -> None:
    """Have a case concern what is there, often enough, and wait for nothing."""
    if isinstance(case.path_parameters, dict):
        case.path_parameters["project"] = "shop"
        if number % 5:
            case.path_parameters["filename"] = PLAN if number % 5 > 1 else "missing.md"
    if isinstance(case.query, dict) and "wait" in case.query:
        case.query["wait"] = 0
    for name in ("If-Match", "If-None-Match", "Kas-Repository", "Idempotency-Key"):  # nearly all are refused
        case.headers.pop(name, None)


@pytest.fixture
def running(serve: Callable[..., Running]) -> Iterator[Running]:
    """A server."""
    made = serve()
    fill(made)
    yield made
    assert made("GET", "/v1/ping").status == 200


def fill(running: Running) -> None:
    """See to it that there is a plan that has everything a plan can have."""
    running("POST", PLANS, {"filename": PLAN, "content": "# Plan\n", "topic": "api", "x": [1]})
    running("POST", "/v1/projects/shop/commits", {"commits": [RESTORE]})  # if it was removed
    running("POST", ONE + "/transition", {"event": "implement_start"})


@pytest.mark.parametrize("group", range(GROUPS))
def test_the_server_does_what_the_document_says(running: Running, group: int) -> None:
    for route in ROUTES[group::GROUPS]:
        fill(running)
        tried = attempt(describe(), running, route.method, route.path)
        assert tried.failures == []
        good = {route.status, 409} if route.path.endswith("/transition") else {route.status}
        assert good & tried.statuses, (route.path, tried.statuses)
        if route.body not in {"", MARKDOWN, BYTES}:  # of which any bytes will do
            tried = attempt(describe(), running, route.method, route.path, GenerationMode.NEGATIVE)
            assert tried.failures == []
            assert tried.statuses & {400, 422}, (route.path, tried.statuses)


def test_a_document_that_is_wrong_is_found_out(running: Running) -> None:
    wrong = json.loads(json.dumps(describe()))
    wrong["components"]["schemas"]["Version"]["properties"]["protocol"] = {"type": "string"}
    del wrong["paths"]["/v1/projects/{project}/plans/{filename}"]["get"]["responses"]["404"]
    answers = wrong["paths"]["/v1/projects/{project}/plans"]["get"]["responses"]["200"]["content"]
    answers["text/html"] = answers.pop("application/json")
    for path, words in (
        ("/v1/version", "violates schema"),
        ("/v1/projects/{project}/plans/{filename}", "Undocumented status code"),
        ("/v1/projects/{project}/plans", "Undocumented Content-Type"),
    ):
        assert any(words in one for one in attempt(wrong, running, "GET", path).failures), path


def test_the_document_is_answered_and_kept_beside_the_code(ask: Client) -> None:
    found = ask("GET", "/v1/openapi.json").json()
    assert found == describe()
    kept = Path(__file__).parents[2] / "docs/reference/openapi.json"
    assert json.loads(kept.read_text()) == found


def test_every_route_is_in_it_once_and_every_schema_is_one() -> None:
    document = describe()
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) == len(ROUTES)
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in json.dumps(document), name
