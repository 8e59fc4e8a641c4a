"""The network between clients and a server that loses answers: the server has done what it was asked."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from git_kas_process.relay import SystemRelay

PATIENCE = 60
ANSWER = b"all of the answer"


class Served(ThreadingHTTPServer):
    """A server that counts what was done."""

    daemon_threads = True
    done = 0


class Handler(BaseHTTPRequestHandler):
    """Says the same to everybody, and keeps the connection."""

    protocol_version = "HTTP/1.1"
    server: Served

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.done += 1
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def relay() -> Iterator[SystemRelay]:
    made = SystemRelay()
    yield made
    made.close()


@pytest.fixture
def server(relay: SystemRelay) -> Iterator[Served]:
    """Listens where the relay has kept a port for it."""
    with Served(("127.0.0.1", relay.server_port), Handler) as made:
        thread = Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(relay: SystemRelay, method: str = "POST") -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=PATIENCE)
    with suppress(ConnectionError):  # which shows when the answer is read
        connection.request(method, "/", body=b"x" * 200_000 if method == "POST" else None)
    return connection


def is_answered(connection: http.client.HTTPConnection) -> bool:
    """Whether all of the answer comes; the library takes headers that end early for complete ones."""
    try:
        return connection.getresponse().read() == ANSWER
    except (http.client.HTTPException, ConnectionError):
        return False
    finally:
        connection.close()


def test_all_goes_through(relay: SystemRelay, server: Served) -> None:
    connection = ask(relay)
    for _ in range(3):
        assert connection.getresponse().read() == ANSWER
        connection.request("POST", "/", body=b"more")
    assert connection.getresponse().read() == ANSWER
    connection.close()
    assert (server.done, relay.lost()) == (4, 0)


def test_an_answer_is_lost_after_all_was_done(relay: SystemRelay, server: Served) -> None:
    relay.lose_answer()
    assert is_answered(ask(relay, "GET"))
    for lost in (1, 2):  # one answer is cut short, the other one does not come at all
        assert not is_answered(ask(relay))
        assert (server.done, relay.lost()) == (lost, lost)
        relay.lose_answer()


def test_one_answer_is_lost_at_a_time(relay: SystemRelay, server: Served) -> None:
    relay.lose_answer()
    assert not is_answered(ask(relay))
    assert is_answered(ask(relay))
    assert (server.done, relay.lost()) == (2, 1)


def test_without_a_server_the_connection_ends(relay: SystemRelay) -> None:
    assert not is_answered(ask(relay))


def test_the_port_is_kept_while_the_server_is_away(relay: SystemRelay) -> None:
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", relay.server_port))


def test_at_the_end_all_connections_end(relay: SystemRelay, server: Served) -> None:
    connection = ask(relay, "GET")
    assert connection.getresponse().read() == ANSWER
    relay.close()
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", relay.port), timeout=PATIENCE)
    assert server.done == 0
