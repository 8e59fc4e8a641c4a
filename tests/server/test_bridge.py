"""From ASGI to WSGI, without a web server: what no client can be made to do at will."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from git_kas.server.bridge import Bounds, Bridge
from git_kas.server.idlers import Idlers
from git_kas.server.workers import Workers

BOUNDS = Bounds(body=1000, receiving=60, taking=60, together=8)
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Visit:
    """A request by ASGI, and what came back; ``leave`` ends it from the client's side."""

    def __init__(self, *bodies: bytes, **scope: Any) -> None:
        self.scope = {
            "type": "http", "method": "PUT", "http_version": "2", "scheme": "https", "path": "/a/b",
            "raw_path": b"/a%2Fb", "query_string": b"", "headers": [], "client": ("192.0.2.1", "5"), **scope,
        }  # fmt: skip
        self.sent: list[dict[str, Any]] = []
        self._left = asyncio.Event()
        self._bodies = [*bodies] or [b""]

    async def receive(self) -> dict[str, Any]:
        if self._bodies:
            body = self._bodies.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._bodies)}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self._left.set()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


def bridge(application: WSGI, bounds: Bounds = BOUNDS, threads: int = 4) -> Bridge:
    made: Any = application
    return Bridge(made, Workers(threads), bounds)


async def ask(made: Bridge, visit: Visit) -> Visit:
    async with asyncio.timeout(60):
        await made(visit.scope, visit.receive, visit.send)
    return visit


def saying(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    shown = {name: value for name, value in environ.items() if isinstance(value, str)}
    return [json.dumps(shown | {"body": environ["wsgi.input"].read().decode()}).encode()]


def test_a_request_is_what_wsgi_says_it_is() -> None:
    headers = [
        (b"host", b"athena"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-a", b"1"), (b"x-a", b"2"),
        (b"x_a", b"forged"), (b"content-type", b"text/plain"), (b"content-length", b"5"),
    ]  # fmt: skip
    visit = asyncio.run(ask(bridge(saying), Visit(b"he", b"llo", headers=headers, query_string=b"x=1%202")))
    found = json.loads(visit.body)
    assert found == found | {
        "body": "hello", "CONTENT_LENGTH": "5", "CONTENT_TYPE": "text/plain", "HTTP_HOST": "athena",
        "HTTP_COOKIE": "a=1; b=2", "HTTP_X_A": "1, 2", "PATH_INFO": "/a/b", "REQUEST_URI": "/a%2Fb?x=1%202",
        "QUERY_STRING": "x=1%202", "REMOTE_ADDR": "192.0.2.1", "SERVER_PROTOCOL": "HTTP/2",
    }  # fmt: skip
    assert (visit.status, visit.sent[0]["headers"]) == (200, [(b"content-type", b"application/json")])


@pytest.mark.parametrize("length", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_whole_answers_arrive_whole(length: int) -> None:
    def large(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [])
        return [bytes(length)]

    visit = asyncio.run(ask(bridge(large), Visit()))
    assert visit.body == bytes(length)
    assert [message["more_body"] for message in visit.sent[1:]][-1] is False


@pytest.mark.parametrize(
    ("bodies", "headers", "status"),
    [
        ([b"x" * 1001], [], 413),
        ([b"x" * 600, b"x" * 600], [], 413),
        ([b""], [(b"content-length", b"1001")], 413),
        ([b"x" * 1000], [], 200),
    ],
)
def test_a_body_has_a_bound(bodies: list[bytes], headers: list[tuple[bytes, bytes]], status: int) -> None:
    visit = asyncio.run(ask(bridge(saying), Visit(*bodies, headers=headers)))
    assert visit.status == status


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def run() -> Visit:
        visit = Visit()
        visit._bodies = []
        return await ask(bridge(saying, BOUNDS._replace(receiving=0.05)), visit)

    assert asyncio.run(run()).status == 408


def test_a_body_that_is_broken_off_is_not_acted_upon() -> None:
    asked: list[str] = []

    def noting(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        asked.append(environ["REQUEST_METHOD"])
        return saying(environ, start)

    async def run() -> Visit:
        visit = Visit()
        visit._bodies = []
        visit.leave()
        return await ask(bridge(noting), visit)

    assert (asyncio.run(run()).sent, asked) == ([], [])


def test_pieces_come_one_by_one_until_the_client_leaves() -> None:
    closed = threading.Event()

    def endless(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/event-stream")])
        return pieces()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"data: x\n\n"
                time.sleep(0.01)
        finally:
            closed.set()

    async def run() -> Visit:
        visit = Visit()
        asking = asyncio.ensure_future(ask(bridge(endless), visit))
        while len(visit.sent) < 4:
            await asyncio.sleep(0.01)
        assert not closed.is_set()
        visit.leave()
        return await asking

    visit = asyncio.run(run())
    assert closed.wait(60)
    assert visit.sent[1] == {"type": "http.response.body", "body": b"data: x\n\n", "more_body": True}


def test_whoever_does_not_take_the_answer_frees_the_thread() -> None:
    closed = threading.Event()

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            yield from [b"x"] * 3

        def close(self) -> None:
            closed.set()

    def streaming(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [])
        return Pieces()

    class Stuck(Visit):
        async def send(self, message: Any) -> None:
            self.sent.append(message)
            await asyncio.Event().wait()

    asyncio.run(ask(bridge(streaming, BOUNDS._replace(taking=0.05)), Stuck()))
    assert closed.is_set()


def test_an_application_that_fails_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    def failing(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        raise ZeroDivisionError("secret")

    visit = asyncio.run(ask(bridge(failing), Visit()))
    assert (visit.status, json.loads(visit.body)["code"]) == (500, "internal")
    assert b"secret" not in visit.body
    assert "ZeroDivisionError: secret" in caplog.text


def test_too_many_at_once_are_asked_to_come_again() -> None:
    go = threading.Event()

    def waiting(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        assert go.wait(60)
        return saying(environ, start)

    async def run() -> list[int]:
        made = bridge(waiting, BOUNDS._replace(together=3), threads=2)
        visits = [Visit() for _ in range(4)]
        asking = [asyncio.ensure_future(ask(made, visit)) for visit in visits]
        await asking[-1]
        assert (b"retry-after", b"1") in visits[-1].sent[0]["headers"]
        go.set()
        await asyncio.gather(*asking)
        assert made.answering == 0
        return [visit.status for visit in visits]

    assert asyncio.run(run()) == [200, 200, 200, 503]


def test_threads_are_used_again_and_are_not_too_many() -> None:
    workers, at_once, most, done = Workers(3), 0, 0, threading.Semaphore(0)
    lock = threading.Lock()

    def job() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.005)
        with lock:
            at_once -= 1
        done.release()

    for _ in range(30):
        workers.submit(job)
    for _ in range(30):
        assert done.acquire(timeout=60)
    assert (workers.count, most) == (3, 3)


def test_only_idle_connections_are_closed() -> None:
    import socket

    now = 0.0
    listener = socket.create_server(("127.0.0.1", 0))
    idlers = Idlers(listener.getsockname()[1], 10, lambda: now)
    pairs = []
    for _ in range(3):
        client = socket.create_connection(listener.getsockname(), timeout=60)
        pairs.append((client, listener.accept()[0]))
    busy, used, silent = pairs
    peer = (busy[0].getsockname()[0], str(busy[0].getsockname()[1]))  # as granian has it
    idlers.close_idle()
    idlers.began(peer)
    now = 8.0
    idlers.began(used[0].getsockname())
    idlers.ended(used[0].getsockname())
    idlers.close_idle()
    now = 11.0
    idlers.close_idle()
    assert silent[0].recv(1) == b""
    for client, server in (busy, used):
        server.sendall(b"x")
        assert client.recv(1) == b"x"
    now = 100.0
    idlers.close_idle()
    assert used[0].recv(1) == b""
    idlers.ended(peer)
    now = 105.0
    idlers.close_idle()
    busy[1].sendall(b"x")
    assert busy[0].recv(1) == b"x"
    now = 111.0
    idlers.close_idle()
    assert busy[0].recv(1) == b""
    for client, server in pairs:
        client.close()
        server.close()
    listener.close()
