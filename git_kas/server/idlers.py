"""Connections that ask nothing: they are found among the process's own files, and closed after a while.

granian bounds a TLS handshake and the headers of HTTP/1, but whoever has shaken hands and then says nothing, or
only answers the pings of HTTP/2, could stay for ever and keep others out.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Peer = tuple[str, int]

_FILES: Final = "/dev/fd"


class Idlers:
    """Closes connections to ``port`` that have had no request for ``seconds``."""

    def __init__(self, port: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._seconds = seconds
        self._clock = clock
        self._busy: dict[Peer, int] = {}
        self._since: dict[Peer, float] = {}

    def began(self, peer: Sequence[Any]) -> None:
        """A request of ``peer`` is being answered."""
        key = _key(peer)
        self._busy[key] = self._busy.get(key, 0) + 1

    def ended(self, peer: Sequence[Any]) -> None:
        """One fewer is."""
        key = _key(peer)
        left = self._busy.get(key, 1) - 1
        if left:
            self._busy[key] = left
        else:
            self._busy.pop(key, None)
        self._since[key] = self._clock()

    def close_idle(self) -> None:
        """Look at all connections once."""
        now = self._clock()
        seen: dict[Peer, float] = {}
        for peer, connection in _connections_to(self._port):
            with connection:
                since = now if peer in self._busy else self._since.get(peer, now)
                seen[peer] = since
                if now - since > self._seconds:
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
        self._since = seen


def _connections_to(port: int) -> Iterator[tuple[Peer, socket.socket]]:
    """Each connection of this process that came in at ``port``, as a copy that is the caller's to close."""
    for name in os.listdir(_FILES):
        try:
            copy = os.dup(int(name))
        except (OSError, ValueError):
            continue
        try:
            connection = socket.socket(fileno=copy)
        except OSError:  # no socket
            os.close(copy)
            continue
        try:
            is_ours = connection.family != socket.AF_UNIX and connection.getsockname()[1] == port
            peer = _key(connection.getpeername()) if is_ours else None
        except OSError:  # it listens, or has been closed
            peer = None
        if peer is None:
            connection.close()
        else:
            yield peer, connection


def _key(peer: Sequence[Any]) -> Peer:
    return str(peer[0]).partition("%")[0].removeprefix("::ffff:"), int(peer[1])
