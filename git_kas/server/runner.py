"""The one place that knows the web server: waitress, with bounds for the slow and an end without loss."""

from __future__ import annotations

import logging
import signal
import socket
import time
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ErrorTask

from git_kas.domain.mutation import LARGEST_BODY
from git_kas.errors import UsageError
from git_kas.server.application import Application
from git_kas.server.failures import plain_failure
from git_kas.server.quick import QuickChannel, QuickServer, Threads
from git_kas.server.v1 import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

WORKING_THREADS: Final = 16
"""Beside those that wait for changes."""

LARGEST_HEADER: Final = 64 * 1024
IDLE_CONNECTIONS: Final = 512
"""Beside those that ask for something."""


class Limits(NamedTuple):
    """What a client may take, in seconds: silent, for one whole request, and for answers at the end."""

    idle: int = 60
    receiving: int = 120
    stopping: int = 10


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers a request that is none in the form of all other errors."""

    def execute(self) -> None:
        """See waitress."""
        error = self.request.error
        answer = plain_failure(error.code, "bad_request" if error.code < 500 else "internal", str(error.reason))
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", answer.kind), ("Kas-Protocol", str(PROTOCOL))]
        self.set_close_on_finish()
        self.content_length = len(answer.body)
        self.write(answer.body)


class _Channel(QuickChannel):
    """A connection that remembers since when its next request has been arriving."""

    error_task_class = _JsonErrorTask
    receiving_since: float | None = None

    def received(self, data: bytes) -> Any:  # noqa: ANN401 - waitress has no types
        """See waitress."""
        taken = super().received(data)
        if self.request is None:
            self.receiving_since = None
        elif self.receiving_since is None:
            self.receiving_since = time.time()
        return taken


class _Server(QuickServer):
    """Closes connections that send a byte now and then, which waitress takes for a sign of life."""

    channel_class = _Channel
    longest_receiving = Limits().receiving

    def maintenance(self, now: float) -> None:
        """See waitress."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            since = channel.receiving_since
            if since is not None and since < now - self.longest_receiving:
                channel.will_close = True

    def is_answering(self) -> bool:
        """Whether some request has come and its answer has not gone."""
        return any(channel.requests or channel.total_outbufs_len for channel in self.active_channels.values())


class Runner:
    """A server on a socket that listens; ``before_end`` lets go of requests that wait for something."""

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        threads: int,
        *,
        before_end: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._before_end = before_end
        self._stop_asked = 0
        self._handlers: dict[int, Any] = {}
        self._sockets: dict[int, Any] = {}
        adjustments = Adjustments(
            sockets=[listener],
            threads=threads,
            connection_limit=threads + IDLE_CONNECTIONS,
            channel_timeout=self._limits.idle,
            cleanup_interval=max(1, min(5, self._limits.idle // 2)),
            max_request_header_size=LARGEST_HEADER,
            max_request_body_size=LARGEST_BODY,
            log_socket_errors=False,
            ident="git-kas",
        )
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it counts threads that are just starting
        self._dispatcher = Threads(adjustments.threads)
        self._server = _Server(
            application,
            self._sockets,
            _sock=listener,
            dispatcher=self._dispatcher,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )
        self._server.longest_receiving = self._limits.receiving
        if isinstance(application, Application):
            self._server.recall = application.recall
        self._poll_seconds = adjustments.cleanup_interval

    def heed_signals(self) -> None:
        """Have SIGINT and SIGTERM stop the server, from now to the end of :meth:`run`; in the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, lambda _number, _frame: self.stop())

    def run(self) -> None:
        """Serve until :meth:`stop`; then finish what has begun."""
        self._server.looping = get_ident()
        try:
            while not self._stop_asked:
                self._look(self._poll_seconds)
            self._finish()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Have :meth:`run` come to its end; asked for a second time, at once. From any thread."""
        self._stop_asked += 1
        self._server.pull_trigger()

    def _finish(self) -> None:
        """Answer what was asked, and take nothing new."""
        self._server.del_channel()
        self._server.socket.close()
        self._before_end()
        deadline = time.monotonic() + self._limits.stopping
        while self._server.is_answering() and time.monotonic() < deadline and self._stop_asked == 1:
            self._look(0.1)
        self._dispatcher.shutdown(cancel_pending=True, timeout=1)
        wasyncore.close_all(self._sockets)

    def _look(self, seconds: float) -> None:
        """Read and write what can be, once; waitress's own loop has no end."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)


def listen(bind: str, port: int) -> socket.socket:
    """A socket at that address; port 0 is any free one.

    Raises:
        UsageError: there is no such address here, or it is in use.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _cannot_listen(bind, port, str(error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _cannot_listen(bind, port, getattr(error, "strerror", None) or str(error)) from error
    return listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL of what listens there."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _cannot_listen(bind: str, port: int, why: str) -> UsageError:
    return UsageError(
        f"Nothing can be served at {bind}, port {port}: {why}.", next_step="Choose another --bind or --port."
    )
