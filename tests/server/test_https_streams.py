"""Answers that come piece by piece, through TLS: at once, until the client or the server leaves."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import certificates
from certificates import Made
from git_kas.server.certificates import Certificate
from git_kas.server.runner import Limits, listen, url_of
from git_kas.server.secure_runner import SecureRunner
from server.hosting import PATIENCE, Running

ASK = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Stream:
    """An application that sends a piece whenever it is told to, and none after its end."""

    def __init__(self) -> None:
        self.next = threading.Semaphore(0)
        self.ended = threading.Event()
        self.closed = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        assert environ["wsgi.url_scheme"] == "https"
        start("200 OK", [("Content-Type", "text/event-stream")])
        return self.pieces()

    def pieces(self) -> Iterator[bytes]:
        try:
            while True:
                self.next.acquire(timeout=0.2)
                if self.ended.is_set():
                    return
                yield b": piece\n\n"
        finally:
            self.closed.release()


Serve = Callable[[Any], tuple[Running, SecureRunner, threading.Thread]]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return certificates.make(tmp_path / "tls")


@pytest.fixture
def serve(made: Made) -> Iterator[Serve]:
    """Serve an application in this process; it is told of the end by its ``ended``."""
    started: list[tuple[SecureRunner, threading.Thread]] = []

    def run(application: Any) -> tuple[Running, SecureRunner, threading.Thread]:
        listener = listen("127.0.0.1", 0)
        runner = SecureRunner(
            application,
            listener,
            4,
            certificate=Certificate(str(made.chain), str(made.key)),
            before_end=application.ended.set,
            limits=Limits(idle=5, receiving=5, stopping=5),
        )
        thread = threading.Thread(target=runner.run)
        running: Any = Running
        found = running(None, url_of(listener, "https"), made.trust)
        thread.start()
        started.append((runner, thread))
        return found, runner, thread

    yield run
    for runner, thread in started:
        runner.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_piece_arrives_before_the_next_one_is_made(serve: Serve) -> None:
    stream = Stream()
    running, _, _ = serve(stream)
    with running.connect() as connection:
        connection.sendall(ASK)
        received = b""
        for number in range(1, 4):
            stream.next.release()
            while received.count(b": piece") < number:
                more = connection.recv(4096)
                assert more
                received += more


def test_a_client_that_leaves_frees_its_thread(serve: Serve) -> None:
    stream = Stream()
    running, _, _ = serve(stream)
    for _ in range(10):  # more than there are threads
        with running.connect() as connection:
            connection.sendall(ASK)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert stream.closed.acquire(timeout=PATIENCE)


def test_a_stream_ends_with_the_server(serve: Serve) -> None:
    stream = Stream()
    running, runner, thread = serve(stream)
    with running.connect() as connection:
        connection.sendall(ASK)
        received = connection.recv(4096)
        runner.stop()
        with contextlib.suppress(ConnectionError):
            while more := connection.recv(4096):
                received += more
        assert received.endswith(b"0\r\n\r\n")  # it is complete
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert stream.closed.acquire(timeout=PATIENCE)


def test_an_answer_that_does_not_end_holds_the_server_up_only_for_a_while(serve: Serve) -> None:
    """And not at all for one who stops it twice."""

    class Deaf(Stream):
        def pieces(self) -> Iterator[bytes]:
            yield b"x"
            awake.wait(PATIENCE)
            try:
                yield b"too late"
            finally:
                gone.set()

    awake, gone = threading.Event(), threading.Event()
    running, runner, thread = serve(Deaf())
    with running.connect() as connection:
        connection.sendall(ASK)
        assert connection.recv(100)
        began = time.monotonic()
        runner.stop()
        runner.stop()
        thread.join(PATIENCE)
        assert time.monotonic() - began < 20
    assert not thread.is_alive()
    awake.set()
    assert gone.wait(PATIENCE)  # whoever is left finds nobody to send to, and says nothing
