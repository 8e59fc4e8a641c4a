"""Answers that are remembered take a shorter way, and are the same ones."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.timestamps import timestamp
from git_kas.domain.tokens import Granted, Role, make_token
from git_kas.ports.fake_tokens import FakeTokens
from git_kas.ports.fakes import FakeClock
from git_kas.server.access import OpenAccess, TokenAccess
from git_kas.server.application import Application
from git_kas.server.hosts import HostCheck
from git_kas.server.services import Services
from git_kas_sql.store import StoreAtOnce
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Client, Running, host_at
from support import EPOCH

Serve = Callable[..., Running]


def recall(application: Application, uri: str, method: str = "GET", **headers: str) -> Any:
    """What is answered on the shorter way."""
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "REQUEST_URI": uri, "HTTP_HOST": "127.0.0.1:7433"}
    environ.update({f"HTTP_{name}": value for name, value in headers.items()})
    return application.recall(environ)


@pytest.fixture
def application(services: Services) -> Application:
    """Open to all, with one plan."""
    made = Application(services, OpenAccess(Role.USER), HostCheck(["plans.example"]))
    assert Client(made)("POST", PLANS, {"filename": PLAN, "content": "x", "topic": "t"}).status == 201
    return made


@pytest.mark.parametrize("path", [PLANS, PLANS + "?status=ready", ONE, ONE + "/content", ONE + "/history"])
def test_the_shorter_way_gives_the_same_answer(application: Application, path: str) -> None:
    ask = Client(application)
    assert recall(application, path) is None  # nothing is remembered yet, no text either
    asked = ask("GET", path)
    found = recall(application, path)
    assert (found.status, found.body, found.kind) == (200, asked.body, asked.headers["content-type"])
    assert dict(found.headers)["ETag"] == asked.headers["etag"]
    known = recall(application, path, IF_NONE_MATCH=asked.headers["etag"])
    assert (known.status, known.body) == (304, b"")
    assert recall(application, path, IF_NONE_MATCH='"0", "x"').status == 200
    assert ask("PUT", ONE, {"content": "y"}).status == 200
    assert recall(application, path) is None  # nobody knows how long it takes to read a text


@pytest.mark.parametrize(
    "path",
    [PLANS, PLANS + "?content=0", PLANS + "?status=done&topic=t", "/v1/projects/%73hop/plans", ONE, ONE + "?x"],
)
def test_plans_are_read_on_the_shorter_way_right_after_a_commit(
    application: Application, url: str, path: str
) -> None:
    ask, other = Client(application), Services(host_at(url, FakeClock(EPOCH)))
    elsewhere = Client(Application(other, OpenAccess(Role.USER), HostCheck([])))
    ask("GET", PLANS)  # so that the text is known
    for number in range(10):
        writer = elsewhere if number % 2 else ask
        assert writer("PUT", ONE, {"description": str(number), "topic": "t", "status": "done"}).status == 200
        found = recall(application, path)
        asked = elsewhere("GET", path)
        assert (found.status, found.body, found.kind) == (200, asked.body, asked.headers["content-type"])
        assert f'"{number}"'.encode() in found.body
        assert dict(found.headers)["ETag"] == asked.headers["etag"]
        assert recall(application, path, IF_NONE_MATCH=asked.headers["etag"]).status == 304
        assert recall(application, path) is found  # it is remembered
    other.close()


def test_what_is_read_on_the_shorter_way_is_counted_as_such(application: Application) -> None:
    ask = Client(application)
    ask("GET", PLANS)
    for path in (PLANS, ONE):
        for number in range(2):
            assert recall(application, f"{path}?{number}").status == 200
    text = ask("GET", "/metrics").body.decode()
    for route, number in (("plans", 3), ("plans/{filename}", 2)):
        line = f'{{method="GET",route="/v1/projects/{{project}}/{route}",status="200"}} {number}'
        assert f"kas_http_requests_total{line}" in text
    assert 'kas_answer_cache_lookups_total{result="miss"} 5' in text
    assert 'kas_answer_cache_lookups_total{result="hit"} 0' in text


def test_who_has_the_list_is_told_so_on_the_shorter_way_without_reading_it(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = Client(application)("GET", PLANS).headers["etag"]
    monkeypatch.setattr(StoreAtOnce, "list_plans", None)
    assert recall(application, PLANS + "?anew", IF_NONE_MATCH=tag).status == 304


@pytest.mark.parametrize(
    "path",
    [
        PLANS + "/none.md",
        PLANS + "/x",
        PLANS + "/%FF.md",
        PLANS + "?status=%FF",
        ONE + "/",
        PLANS + "/",
        "/v1/projects/shop/topics",
        "/v1/projects/shop/state",
        ONE + "/history",
    ],
)
def test_what_is_wrong_or_takes_longer_is_not_read_on_the_shorter_way(
    application: Application, path: str
) -> None:
    Client(application)("GET", PLANS)
    assert recall(application, path) is None


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        (PLANS, "HEAD", {}),
        (PLANS, "GET", {"HOST": "elsewhere.example"}),
        (PLANS, "GET", {"ORIGIN": "https://elsewhere.example"}),
        (PLANS, "GET", {"KAS_REPOSITORY": "0" * 40}),
        ("/v1/projects/sh%FFop/plans", "GET", {}),
        ("/v1/projects/../plans", "GET", {}),
        ("/v1/projects", "GET", {}),
        ("http://127.0.0.1:7433" + PLANS, "GET", {}),
        ("/v1/ping", "GET", {}),
        ("", "GET", {}),
    ],
)
def test_what_is_in_doubt_takes_the_longer_way(
    application: Application, path: str, method: str, headers: dict[str, str]
) -> None:
    assert Client(application)("GET", PLANS).status == 200
    assert recall(application, PLANS) is not None
    assert recall(application, path, method, **headers) is None


def test_the_repository_is_minded_on_the_shorter_way(services: Services) -> None:
    made = Application(services, OpenAccess(Role.USER), HostCheck([]))
    ours = {"Kas-Repository": "a" * 40}
    assert Client(made, ours)("POST", PLANS, {"filename": PLAN}).status == 201
    assert Client(made)("GET", PLANS).status == 200
    assert recall(made, PLANS, KAS_REPOSITORY="a" * 40) is None  # what it is bound to was not asked for yet
    assert Client(made, ours)("GET", PLANS).status == 200
    assert recall(made, PLANS, KAS_REPOSITORY="a" * 40).status == 200
    assert recall(made, PLANS, KAS_REPOSITORY="b" * 40) is None
    assert Client(made, {"Kas-Repository": "b" * 40})("GET", PLANS).status == 409


def test_what_is_remembered_is_counted(application: Application) -> None:
    ask = Client(application)
    ask("GET", PLANS)
    for _ in range(3):
        assert recall(application, PLANS).status == 200
    text = ask("GET", "/metrics").body.decode()
    assert 'kas_http_requests_total{method="GET",route="remembered",status="200"} 3' in text
    assert 'kas_answer_cache_lookups_total{result="hit"} 3' in text


def test_a_token_is_minded_on_the_shorter_way(url: str) -> None:
    clock, tokens = FakeClock(EPOCH), FakeTokens()
    services = Services(host_at(url, clock))
    application = Application(services, TokenAccess(tokens, clock), HostCheck([]))
    bearers: dict[str, str] = {}
    for number, (name, project) in enumerate((("any", None), ("own", "shop"), ("other", "other"))):
        granted = Granted(name, Role.AGENT, project, timestamp((EPOCH + 60) * 10**9))
        made = make_token(bytes([number]) * 38, granted, timestamp(clock.now_ns()))
        tokens.add(made.token)
        bearers[name] = f"Bearer {made.text}"
    assert (
        Client(application, {"Authorization": bearers["any"]})("POST", PLANS, {"filename": PLAN}).status == 201
    )

    def recalled(authorization: str) -> Any:
        Client(application, {"Authorization": authorization})(
            "GET", PLANS
        )  # who bears it is known for a moment
        return recall(application, PLANS, AUTHORIZATION=authorization)

    deadline = time.monotonic() + PATIENCE
    for name in ("any", "own"):
        while recalled(bearers[name]) is None:
            assert time.monotonic() < deadline
    assert recalled(bearers["other"]) is None
    assert recalled(bearers["any"][:-1] + ("0" if bearers["any"][-1] != "0" else "1")) is None
    assert recalled("Basic eDp5") is None
    assert recall(application, PLANS) is None
    clock.time += 61
    assert recalled(bearers["any"]) is None
    services.close()


def test_it_waits_for_nobody(url: str) -> None:
    host = host_at(url, FakeClock(EPOCH))
    services = Services(host)
    application = Application(services, OpenAccess(Role.USER), HostCheck([]))
    ask = Client(application)
    ask("POST", PLANS, {"filename": PLAN})
    ask("GET", PLANS)
    assert recall(application, PLANS) is not None
    with host._database._observing:
        assert recall(application, PLANS) is None
    assert recall(application, PLANS) is not None
    services.close()
    assert recall(application, PLANS) is None


def test_what_fails_there_is_told_on_the_longer_way(url: str, caplog: pytest.LogCaptureFixture) -> None:
    class Host:
        def __init__(self) -> None:
            self._host = host_at(url, FakeClock(EPOCH))

        def __getattr__(self, name: str) -> Any:
            if name == "recalled_change_of":
                raise AttributeError(name)
            return getattr(self._host, name)

    services = Services(Host())
    application = Application(services, OpenAccess(Role.USER), HostCheck([]))
    assert recall(application, PLANS) is None
    assert "Unexpected failure" in caplog.text
    assert Client(application)("GET", PLANS).status == 200
    services.close()


def test_a_connection_outlives_answers_without_a_body(serve: Serve) -> None:
    running = serve()
    connection = http.client.HTTPConnection(*running.address, timeout=PATIENCE)
    connection.connect()
    first = connection.sock

    def ask(method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        found = connection.getresponse()
        found.read()
        assert found.headers["Kas-Protocol"] == "1"
        assert connection.sock is first
        return found

    assert ask("POST", PLANS, {"filename": PLAN}).status == 201
    tag = ask("GET", PLANS).headers["ETag"]
    for _ in range(3):
        known = ask("GET", PLANS, **{"If-None-Match": tag})
        assert (known.status, known.headers["Content-Type"], known.headers["ETag"]) == (304, None, tag)
    assert ask("HEAD", PLANS).headers["Content-Length"] == ask("GET", PLANS).headers["Content-Length"]
    assert ask("DELETE", ONE).status == 204
    assert ask("GET", PLANS).status == 200
    connection.request("GET", PLANS, headers={"Connection": "close"})
    last = connection.getresponse()
    assert (last.read(), last.headers["Connection"]) == (b"[]\n", "close")


def test_requests_that_come_together_are_answered_in_order(serve: Serve) -> None:
    running = serve()
    assert running("POST", PLANS, {"filename": PLAN, "description": "0"}).status == 201
    sent, expected = b"", []
    for number in range(1, 30):
        body = json.dumps({"description": str(number)}).encode()
        sent += f"PUT {ONE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        sent += f"GET {ONE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 3
        expected += [str(number)] * 4
    sent += b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    received = running.raw(sent).decode()
    assert re.findall(r'"description":"(\d+)"', received) == expected
    assert received.endswith("ok\n")


def test_threads_are_started_when_they_are_needed(serve: Serve) -> None:
    running = serve()
    assert running("POST", PLANS, {"filename": PLAN}).status == 201
    folder = Path(f"/proc/{running.process.pid}/task")
    if not folder.is_dir():
        pytest.skip("threads are counted in /proc")
    few = len(list(folder.iterdir()))
    assert few < 16
    answers: list[int] = []

    def wait() -> None:
        answers.append(running("GET", "/v1/projects/shop/changes?since=1&wait=60").json()["change"])

    waiting = [threading.Thread(target=wait) for _ in range(40)]
    for thread in waiting:
        thread.start()
    while len(list(folder.iterdir())) < 40:  # each that waits holds one
        assert all(thread.is_alive() for thread in waiting)
        time.sleep(0.01)
    assert running("PUT", ONE, {"description": "x"}).status == 200
    for thread in waiting:
        thread.join()
    assert answers == [2] * 40
