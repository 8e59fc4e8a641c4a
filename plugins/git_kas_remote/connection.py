"""Connections whose answers come within a time: the library's own time-outs begin anew with each byte."""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket

SLOWEST: Final = 64 * 1024
"""Bytes per second that a connection must carry at least, beside the time it is given anyway."""


class _TimelyBytes(io.RawIOBase):
    """What comes from a socket until a deadline, which moves as bytes come.

    The socket's time-out, when an answer begins, is the time that it may take.
    """

    def __init__(self, connected: socket.socket, raw: io.RawIOBase) -> None:
        self._socket = connected
        self._raw = raw
        patience = connected.gettimeout()
        self._deadline = None if patience is None else time.monotonic() + patience

    def readable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 - a buffer, as the base class has it
        """See :class:`io.RawIOBase`."""
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer takes too long")
            self._socket.settimeout(left)
        count = self._raw.readinto(buffer)
        if self._deadline is not None:
            self._deadline += (count or 0) / SLOWEST
        return count

    def close(self) -> None:
        """See :class:`io.RawIOBase`."""
        self._raw.close()
        super().close()


class _TimelyResponse(HTTPResponse):
    """An answer that comes in time or not at all."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(sock, *arguments, **named)
        self.fp: Any = io.BufferedReader(_TimelyBytes(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _TimelyResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimelyResponse


class TimelyPool(HTTPConnectionPool):
    """Connections to a server."""

    ConnectionCls = _Connection


class TimelySecurePool(HTTPSConnectionPool):
    """Connections to a server, through TLS."""

    ConnectionCls = _SecureConnection
