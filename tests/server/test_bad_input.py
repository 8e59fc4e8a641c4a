"""Requests that are wrong, hostile or slow, over real sockets: a typed answer each, and the server lives on."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from git_kas.domain.mutation import LARGEST_BODY
from git_kas.ports.fakes import FakeClock
from git_kas.server.access import OpenAccess, Role
from git_kas.server.application import Application
from git_kas.server.hosts import HostCheck
from git_kas.server.routes import ROUTES
from git_kas.server.runner import Limits, Runner, listen, url_of
from git_kas.server.services import Services
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Client, Running, application, host_at
from support import EPOCH

Serve = Callable[..., Running]


@pytest.fixture
def running(serve: Serve) -> Iterator[Running]:
    """A server with one plan, which must still be what it was at the end, and the server alive."""
    made = serve("--allowed-host", "Athena")
    made("POST", PLANS, {"filename": PLAN, "content": "text"})
    yield made
    assert made("GET", PLANS).json()[0]["content"] == "text"
    assert made("GET", "/v1/projects/shop/changes").json() == {"change": 1}


@pytest.mark.parametrize(
    ("segment", "status"),
    [
        ("..", 422), ("%2e%2e", 422), (".", 422), ("a%00b", 422), ("x" * 201, 422), ("%0A", 422), ("%FF", 400),
        ("%E2%80%A8", 422), ("a%2Fb", 200), ("%C3%BC", 200), ("a;b", 200), ("+", 200), ("%25", 200),
        ("'%20OR%201=1--", 200), ("...", 200),
    ],
)  # fmt: skip
def test_names_of_projects(running: Running, segment: str, status: int) -> None:
    assert running("GET", f"/v1/projects/{segment}/plans").status == status


@pytest.mark.parametrize(
    "segment",
    [
        "..",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd.md",
        "a%2Fb.md",
        "a%5Cb.md",
        "a%00.md",
        "x" * 5_000 + ".md",
        ".md",
        "a",
    ],
)
def test_names_that_no_plan_can_have(running: Running, segment: str) -> None:
    for method, end in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/content"),
        ("PUT", "/content"),
        ("GET", "/history"),
    ):
        found = running(method, f"{PLANS}/{segment}{end}", {"filename": "x.md"} if method == "PUT" else None)
        assert (found.status, found.json()["code"]) == (422, "invalid_name")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v1/projects",
        "/v1/projects/shop",
        "/v1/projects//plans",
        PLANS + "/",
        "//v1/ping",
        "/v1/ping/",
        "/v1/../v1/ping",
        "/admin/",
        "/%",
        PLANS + "%2f" + PLAN,
    ],
)
def test_paths_that_lead_nowhere(running: Running, path: str) -> None:
    found = running("GET", path)
    assert (found.status, found.json()["code"]) == (404, "unknown_path")
    assert found.headers["kas-protocol"] == "1"


def test_every_route_refuses_other_methods_and_answers_head(running: Running) -> None:
    by_path: dict[str, set[str]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, set()).add(route.method)
    for path, methods in by_path.items():
        filled = path.replace("{project}", "shop").replace("{filename}", PLAN)
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        for method in ("PATCH", "OPTIONS", "TRACE", "FOO", *{"PUT", "POST", "DELETE"} - methods):
            found = running(method, filled)
            assert (found.status, found.json()["code"]) == (405, "method_not_allowed")
            assert set(found.headers["allow"].split(", ")) == allowed
        if "GET" in methods and not path.endswith("/outcomes"):
            get, head = running("GET", filled), running("HEAD", filled)
            assert (head.status, head.body) == (200, b"")
            if path != "/metrics":  # which counts both
                assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:7433"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "ATHENA:7433"}, 200),
        ({"Host": "[::1]:7433"}, 200),
        ({"Host": "192.168.1.7"}, 200),
        ({"Host": "athena", "Origin": "http://athena"}, 200),
        ({"Host": "athena", "Origin": "http://evil.example"}, 403),
        ({"Host": "athena", "Origin": "null"}, 403),
        ({"Origin": "http://localhost:8000"}, 403),
    ],
)
def test_hosts_and_origins(running: Running, headers: dict[str, str], status: int) -> None:
    for method, path, body in (
        ("GET", ONE, None),
        ("GET", "/v1/ping", None),
        ("POST", PLANS, {"filename": PLAN}),
    ):
        found = running(method, path, body, headers)
        assert found.status == (409 if status == 200 and body else status)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400),
        ((b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX: ".ljust(64 * 1024, b"x")), 431),
        (b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (
            b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + str(LARGEST_BODY + 1).encode()
            + b"\r\n\r\n",
            413,
        ),
        (b"GET http://localhost/v1/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200),
        (b"GET /v1/ping HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_is_no_request_or_an_odd_one(running: Running, sent: bytes, status: int) -> None:
    head, _, body = running.raw(sent).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"Kas-Protocol: 1" in head
    if status != 200:
        assert json.loads(body).keys() >= {"error", "code"}


def test_a_chunked_body_is_read(running: Running) -> None:
    head = f'PUT {ONE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-Match: "9"\r\n'
    answer = running.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 412")


def test_the_largest_text_goes_in_and_out_and_a_larger_one_does_not(serve: Serve) -> None:
    running, largest = serve(), b"0123456789abcde\n" * 2**20
    running("POST", PLANS, {"filename": PLAN})
    assert running("PUT", ONE + "/content", largest).status == 200
    assert running("GET", ONE + "/content").body == largest
    refused = running("PUT", ONE + "/content", largest + b"x")
    assert (refused.status, refused.json()["code"]) == (400, "usage")


def test_headers_that_are_no_text(running: Running) -> None:
    head = f"PUT {ONE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n"
    assert running.raw(head.encode() + b"Kas-By: \xff\r\n\r\n{}").startswith(b"HTTP/1.1 400")


def test_no_place_of_the_server_is_told(
    ask: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from git_kas.errors import Busy, StoreCorrupt, StoreFull

    place = services.host.describe().place
    for kind, status in ((Busy, 503), (StoreFull, 507), (StoreCorrupt, 500)):

        def fail(project: str, kind: Any = kind) -> int:
            raise kind(f"The database {place} is what it is.", next_step=f"Look at {place}.")

        monkeypatch.setattr(services.host, "change_of", fail)
        found = ask("GET", PLANS)
        assert (found.status, found.json()["code"]) == (status, kind.code)
        assert "/" not in found.body.decode()
    monkeypatch.undo()
    assert ask("GET", PLANS).status == 200


def test_an_unexpected_failure_is_told_to_the_log_alone(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(project: str) -> int:
        raise ZeroDivisionError("secret")

    ask = application(services)
    monkeypatch.setattr(services.host, "change_of", fail)
    found = ask("GET", PLANS, None, {"Authorization": "Bearer kas_token"})
    assert (found.status, found.json()) == (500, {"error": "internal error", "code": "internal"})
    assert "ZeroDivisionError: secret" in caplog.text
    assert "kas_token" not in caplog.text


def test_clients_that_are_too_slow_are_let_go(url: str) -> None:
    services = Services(host_at(url, FakeClock(EPOCH)))
    listener = listen("127.0.0.1", 0)
    address = listener.getsockname()
    made = Application(services, OpenAccess(Role.USER), HostCheck(()))
    runner = Runner(made, listener, 4, limits=Limits(idle=2, receiving=2, stopping=5))
    assert url_of(listener) == f"http://127.0.0.1:{address[1]}"
    thread = threading.Thread(target=runner.run)
    thread.start()
    silent = socket.create_connection(address, timeout=PATIENCE)
    dripping = socket.create_connection(address, timeout=PATIENCE)
    dripping.sendall(b"PUT /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    deadline = time.monotonic() + PATIENCE
    while is_open(dripping):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert silent.recv(10) == b""
    for connection in (silent, dripping):
        connection.close()
    runner.stop()
    thread.join()
    services.close()


def is_open(connection: socket.socket) -> bool:
    """Whether one more byte can be sent."""
    try:
        connection.sendall(b"x")
    except OSError:
        return False
    return True
