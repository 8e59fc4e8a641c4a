"""A network that loses answers: a relay on the loopback interface, whose connections have two threads each."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST: Final = "127.0.0.1"
_PIECE: Final = 64 * 1024
_PATIENCE: Final = 5.0  # seconds to reach the server
_CHANGES: Final = (b"POST ", b"PUT ", b"DELETE ")


class SystemRelay:
    """The port :class:`~git_kas.ports.processes.Relay`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._to_lose = 0
        self._lost = 0
        self._open: set[socket.socket] = set()
        try:
            self._reserved = _bound()
            self._listener = _bound()
            self._listener.listen(128)
        except OSError as error:
            raise ProgramFailed(
                f"There is no port to be had: {error.strerror}.", next_step="See what uses them all: ss -tan"
            ) from error
        self.server_port: int = self._reserved.getsockname()[1]
        self.port: int = self._listener.getsockname()[1]
        if sys.platform != "linux":  # elsewhere a port that is only held cannot be listened at by another
            self._reserved.close()
        self._thread = Thread(target=self._accept, name="kas-relay", daemon=True)
        self._thread.start()

    def lose_answer(self) -> None:
        """See :class:`git_kas.ports.processes.Relay`."""
        with self._lock:
            self._to_lose += 1

    def lost(self) -> int:
        """See :class:`git_kas.ports.processes.Relay`."""
        with self._lock:
            return self._lost

    def close(self) -> None:
        """See :class:`git_kas.ports.processes.Relay`."""
        _end(self._listener)
        self._reserved.close()
        with self._lock:
            for one in self._open:
                _shut(one)
        self._thread.join(_PATIENCE)

    def _connect(self) -> socket.socket:
        return socket.create_connection((_HOST, self.server_port), timeout=_PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # it was closed
            Thread(target=self._serve, args=(client,), name="kas-relayed", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = (client, server)
        for one in pair:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.update(pair)
        passage = _Passage(client, server, self._take_loss)
        answers = Thread(target=passage.pass_answers, name="kas-relayed-answers", daemon=True)
        answers.start()
        passage.pass_questions()
        answers.join()
        with self._lock:
            self._open.difference_update(pair)
        for one in pair:
            one.close()

    def _take_loss(self) -> int:
        """The number of the loss, from 1, where an answer is to be lost now; otherwise 0."""
        with self._lock:
            if not self._to_lose:
                return 0
            self._to_lose -= 1
            self._lost += 1
            return self._lost


class _Passage:
    """One client's connection. A client asks again only when it has all of an answer, or on another one."""

    def __init__(self, client: socket.socket, server: socket.socket, take_loss: Callable[[], int]) -> None:
        self._client = client
        self._server = server
        self._take_loss = take_loss
        self._is_asked = False
        self._changes_something = False

    def pass_questions(self) -> None:
        """From the client to the server, to the end of the connection."""
        with suppress(OSError):
            while data := self._client.recv(_PIECE):
                if not self._is_asked:
                    self._is_asked, self._changes_something = True, data.startswith(_CHANGES)
                self._server.sendall(data)
        _shut(self._server)

    def pass_answers(self) -> None:
        """From the server to the client, to the end of the connection or of luck."""
        with suppress(OSError):
            while data := self._server.recv(_PIECE):
                begins, self._is_asked = self._is_asked, False
                loss = self._take_loss() if begins and self._changes_something else 0
                if loss:
                    self._client.sendall(data[: len(data) // 2] if loss % 2 else b"")
                    break
                self._client.sendall(data)
        _shut(self._client)
        _shut(self._server)


def _bound() -> socket.socket:
    """A socket at a free port, which others may listen at who say so, too (SO_REUSEADDR in socket(7))."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((_HOST, 0))
    return made


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


def _end(one: socket.socket) -> None:
    _shut(one)
    one.close()
