"""The one place that knows granian: HTTPS, over HTTP/1.1 and HTTP/2, in this process.

granian's own command starts workers as other processes, each with a copy of the application. A store's writer,
its caches and those who wait for changes belong to one process; so its embedded server is used, on our socket.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # its types do not say so
from granian.server.embed import Server as Embedded

from git_kas.domain.mutation import LARGEST_BODY
from git_kas.server.bridge import Bounds, Bridge
from git_kas.server.idlers import Idlers
from git_kas.server.runner import IDLE_CONNECTIONS, LARGEST_HEADER, Limits
from git_kas.server.workers import Workers

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from git_kas.server.certificates import Certificate

_BACKLOG: Final = 1024
_STREAMS: Final = 100
_ERRORS_ONLY: Final = {
    "handlers": {
        "console": {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"},
        "access": {"class": "logging.NullHandler"},
    }
}


class _Embedded(Embedded):
    """granian's embedded server, on a socket that listens already."""

    descriptor: int

    def _init_shared_socket(self) -> None:
        """See granian, which would bind a socket of its own, and another one in each worker."""
        holder: Any = SocketHolder
        self._shd: Any = holder(self.descriptor, False, _BACKLOG)  # noqa: FBT003 - not a Unix socket
        self._ssp = None


class SecureRunner:
    """Like :class:`git_kas.server.runner.Runner`, for HTTPS."""

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        threads: int,
        *,
        certificate: Certificate,
        before_end: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
    ) -> None:
        self._listener = listener
        self._limits = limits or Limits()
        self._certificate = certificate
        self._before_end = before_end
        self._connections = threads + IDLE_CONNECTIONS
        bounds = Bounds(LARGEST_BODY, self._limits.receiving, self._limits.idle, self._connections)
        self._bridge = Bridge(application, Workers(threads), bounds)
        self._idlers = Idlers(listener.getsockname()[1], self._limits.idle)
        self._bridge.began, self._bridge.ended = self._idlers.began, self._idlers.ended
        self._stop_asked = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked_again = asyncio.Event()
        self._handlers: dict[int, Any] = {}

    def heed_signals(self) -> None:
        """See :class:`git_kas.server.runner.Runner`."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, lambda _number, _frame: self.stop())

    def run(self) -> None:
        """Serve until :meth:`stop`; then finish what has begun."""
        try:
            asyncio.run(self._serve())
        finally:
            self._listener.close()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """See :class:`git_kas.server.runner.Runner`."""
        self._stop_asked += 1
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # it was closed a moment ago
                loop.call_soon_threadsafe(self._asked_again.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = self._server()
        serving = asyncio.ensure_future(server.serve())
        keeping = asyncio.ensure_future(self._close_idle())
        while not self._stop_asked and not serving.done():
            await _first(serving, asyncio.ensure_future(self._asked()))
        if serving.done():
            await serving
            raise RuntimeError("granian has ended by itself")
        self._listener.close()
        server.stop()  # type: ignore[no-untyped-call]
        self._bridge.hurry()
        await asyncio.to_thread(self._before_end)
        await self._finish(serving)
        keeping.cancel()

    async def _finish(self, serving: asyncio.Future[None]) -> None:
        """Let granian answer what was asked, for a while; asked to stop again, no longer."""
        deadline = self._loop_time() + self._limits.stopping
        while not serving.done() and self._stop_asked == 1 and (left := deadline - self._loop_time()) > 0:
            await _first(serving, asyncio.ensure_future(self._asked()), timeout=left)

    async def _asked(self) -> None:
        await self._asked_again.wait()
        self._asked_again.clear()

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(max(1, min(5, self._limits.idle // 2)))
            await asyncio.to_thread(self._idlers.close_idle)

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    def _server(self) -> _Embedded:
        milliseconds = self._limits.idle * 1000
        server = _Embedded(
            self._bridge,
            interface=Interfaces.ASGINL,
            http=HTTPModes.auto,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=self._connections,
            http1_settings=HTTP1Settings(header_read_timeout=milliseconds, max_buffer_size=LARGEST_HEADER),
            http2_settings=HTTP2Settings(
                keep_alive_interval=milliseconds,
                keep_alive_timeout=self._limits.idle,
                max_concurrent_streams=_STREAMS,
                max_headers_size=LARGEST_HEADER,
            ),
            log_level=LogLevels.error,
            log_dictconfig=_ERRORS_ONLY,
            ssl_cert=Path(self._certificate.chain),
            ssl_key=Path(self._certificate.key),
            ssl_protocol_min=SSLProtocols.tls12,
        )
        server.descriptor = os.dup(self._listener.fileno())  # granian closes its own
        return server


async def _first(*awaited: asyncio.Future[None], timeout: float | None = None) -> None:
    """Wait for the first; the last is not waited for afterwards."""
    await asyncio.wait(awaited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    awaited[-1].cancel()
