"""A server that says, byte for byte, what a test wants."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Script = Callable[[socket.socket, bytes], None]
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def reply(
    status: str, body: bytes = b"", *headers: str, protocol: str = "1", length: int | None = None
) -> bytes:
    """An answer as git-kas gives it; ``length`` is what it claims, ``protocol`` empty for a stranger's."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    lines += [f"Kas-Protocol: {protocol}"] if protocol else []
    return "\r\n".join([*lines, "", ""]).encode() + body


class RawServer:
    """Reads requests, one at a time on each connection, and leaves the rest to ``script``."""

    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self.ended = Event()
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._connections: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.ended.set()
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while request := _read_request(connection):
                self.requests.append(request)
                self._script(connection, request)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    while len(body) < (int(found[1]) if found else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def raw_server(script: Script) -> Iterator[RawServer]:
    """A server that runs until the context ends."""
    server = RawServer(script)
    try:
        yield server
    finally:
        server.close()
