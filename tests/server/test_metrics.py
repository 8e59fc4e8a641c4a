"""What the server counts, read by Prometheus's own parser."""

from __future__ import annotations

import threading
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from git_kas.errors import NotAllowed, Unauthenticated
from git_kas.server.access import Grant, Role
from git_kas.server.metrics import Metrics
from git_kas.server.services import Services
from server.hosting import ONE, PLAN, PLANS, Client, application


def samples(ask: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    found = ask("GET", "/metrics")
    assert (found.status, found.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(found.body.decode())
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


ROUTE = "/v1/projects/{project}/plans"


def test_requests_are_counted_by_the_template_of_their_path(ask: Client) -> None:
    ask("POST", PLANS, {"filename": PLAN})
    ask("POST", PLANS, {"filename": PLAN})
    first = ask("GET", PLANS)
    ask("HEAD", PLANS)
    ask("GET", PLANS, None, {"If-None-Match": first.headers["etag"]})
    ask("GET", "/v1/projects/secret/nowhere")
    ask("BREW", "/v1/ping")
    found = samples(ask)
    requests = {
        tuple(dict(labels)[name] for name in ("method", "route", "status")): value
        for (name, labels), value in found.items()
        if name == "kas_http_requests_total"
    }
    assert requests == {
        ("POST", ROUTE, "201"): 1,
        ("POST", ROUTE, "409"): 1,
        ("GET", ROUTE, "200"): 1,
        ("HEAD", ROUTE, "200"): 1,
        ("GET", ROUTE, "304"): 1,
        ("GET", "other", "404"): 1,
        ("other", "other", "405"): 1,
    }
    assert found[key("kas_http_not_modified_total")] == 1
    assert found[key("kas_answer_cache_lookups_total", result="miss")] == 1
    assert found[key("kas_answer_cache_lookups_total", result="hit")] == 1
    assert found[key("kas_http_request_duration_seconds_count", method="GET", route=ROUTE)] == 2
    assert found[key("kas_http_request_duration_seconds_bucket", method="GET", route=ROUTE, le="+Inf")] == 2
    assert found[key("kas_uptime_seconds")] >= 0
    assert found[key("process_start_time_seconds")] > 1_700_000_000


def test_commits_and_their_groups_are_counted(ask: Client) -> None:
    ask("POST", PLANS, {"filename": PLAN})
    for _ in range(2):
        ask("PUT", ONE, {"description": "x"}, {"Idempotency-Key": "k"})  # the second is no commit
    two = [{"mutation": {"kind": "create", "filename": f"{number}.md"}} for number in range(2)]
    ask("POST", "/v1/projects/shop/commits", {"commits": two})
    found = samples(ask)
    assert found[key("kas_commits_total")] == 4
    assert found[key("kas_commit_group_size_count")] == 4
    assert found[key("kas_commit_group_size_sum")] == 5
    assert found[key("kas_commit_group_size_bucket", le="1")] == 3
    assert found[key("kas_commit_group_size_bucket", le="2")] == 4


def test_no_name_of_a_project_or_plan_is_told(ask: Client) -> None:
    for path in (PLANS, ONE, PLANS + "/secret.md", "/secret", "/v1/projects/secret/plans"):
        ask("GET", path)
    ask("SECRET", PLANS)
    text = ask("GET", "/metrics").body.decode()
    assert "secret" not in text.lower()
    assert "shop" not in text
    assert PLAN not in text


def test_who_shows_no_token_is_told_nothing(services: Services) -> None:
    class Readers:
        def grant(self, authorization: str | None, project: str | None) -> Grant:
            if authorization is None:
                raise Unauthenticated("Who is it?", next_step="Say so.")
            if project is not None:
                raise NotAllowed("Not there.", next_step="Elsewhere.")
            return Grant(Role.READ)

    ask = application(services, Readers())
    for path in ("/metrics", "/v1/openapi.json"):
        assert ask("GET", path).status == 401
        assert ask("GET", path, None, {"Authorization": "Bearer x"}).status == 200


def test_many_threads_lose_no_count() -> None:
    metrics = Metrics()

    def count() -> None:
        for number in range(2_000):
            metrics.answered("GET", "/x", 200, number / 1000)
            metrics.committed(2, 1)
            metrics.looked_up(found=True)

    threads: list[Any] = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = metrics.text(0).decode().splitlines()
    assert 'kas_http_requests_total{method="GET",route="/x",status="200"} 8000' in lines
    assert "kas_commits_total 8000" in lines
    assert 'kas_answer_cache_lookups_total{result="hit"} 8000' in lines
    assert 'kas_http_request_duration_seconds_bucket{method="GET",route="/x",le="1"} 4004' in lines
