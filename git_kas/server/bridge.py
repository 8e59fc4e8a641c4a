"""From ASGI, which granian speaks when it is embedded, to WSGI: bodies and answers have bounds."""

from __future__ import annotations

import asyncio
import logging
import sys
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from git_kas.server.failures import RETRY_AFTER, plain_failure
from git_kas.server.v1 import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
    from wsgiref.types import WSGIApplication

    from git_kas.server.exchange import Answer
    from git_kas.server.workers import Workers

    Message = MutableMapping[str, Any]
    Scope = Mapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_LOG: Final = logging.getLogger(__name__)
_IN_MEMORY: Final = 512 * 1024
_PIECE: Final = 64 * 1024
_SEPARATORS: Final = {"cookie": "; "}
_UNPREFIXED: Final = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Bounds(NamedTuple):
    """What one request may take: bytes, seconds to arrive, seconds until a piece of its answer is taken.

    ``together`` is how many requests there may be at once.
    """

    body: int
    receiving: float
    taking: float
    together: int


class _Gone(Exception):
    """Nobody takes the answer any more."""


class Bridge:
    """The ASGI application that runs ``application`` in the threads of ``workers``.

    ``began`` and ``ended`` are told of each request's peer, an address and a port.
    """

    def __init__(self, application: WSGIApplication, workers: Workers, bounds: Bounds) -> None:
        self._application = application
        self._workers = workers
        self._bounds = bounds
        self._arriving: set[asyncio.Timeout] = set()
        self.answering = 0
        self.began: Callable[[Sequence[Any]], None] = lambda _peer: None
        self.ended: Callable[[Sequence[Any]], None] = lambda _peer: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification, HTTP."""
        if scope["type"] != "http":
            return
        peer = scope.get("client") or ("", 0)
        self.answering += 1
        self.began(peer)
        try:
            await self._answer(scope, receive, _Sender(send, self._bounds.taking))
        except (_Gone, asyncio.CancelledError):
            return  # at a forced end there is nothing left to clean up, and granian would call it a failure
        finally:
            self.answering -= 1
            self.ended(peer)

    def hurry(self) -> None:
        """Wait no longer for requests that are still arriving; in the loop's thread."""
        for arriving in self._arriving:
            arriving.reschedule(asyncio.get_running_loop().time())

    async def _answer(self, scope: Scope, receive: Receive, sender: _Sender) -> None:
        if self.answering > self._bounds.together:
            await sender.answer(plain_failure(503, "busy", "The server is busy.", "Try again."), RETRY_AFTER)
            return
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            arriving = asyncio.timeout(self._bounds.receiving)
            self._arriving.add(arriving)
            try:
                async with arriving:
                    length = await self._receive(scope, receive, body)
            except TimeoutError:
                await sender.answer(plain_failure(408, "bad_request", "The request takes too long to arrive."))
                return
            finally:
                self._arriving.discard(arriving)
            if length is None:
                await sender.answer(plain_failure(413, "bad_request", "The request is too large."))
                return
            body.seek(0)
            await self._apply(_environ(scope, body, length), receive, sender)

    async def _receive(self, scope: Scope, receive: Receive, body: SpooledTemporaryFile[bytes]) -> int | None:
        """The length of the body, written to ``body``; None if it is too large.

        Raises:
            _Gone: whoever sent it went away before its end.
        """
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if int(declared) > self._bounds.body:
            return None
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            piece = message.get("body", b"")
            length += len(piece)
            if length > self._bounds.body:
                return None
            body.write(piece)
            if not message.get("more_body", False):
                return length

    async def _apply(self, environ: dict[str, Any], receive: Receive, sender: _Sender) -> None:
        """Have a thread run the application, and send what it answers."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bytes | None] = loop.create_future()
        run = _Run(self._application, environ, sender, loop)
        self._workers.submit(lambda: run.to_end(done))
        left = asyncio.ensure_future(_left(receive))
        left.add_done_callback(lambda _: run.leave())
        try:
            body = await done
        finally:
            left.cancel()
        if body is not None:
            await sender.start(run.status, run.headers)
            await sender.whole(body)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Run:
    """One run of the application in a thread, whose answer is whole or comes piece by piece."""

    def __init__(
        self,
        application: WSGIApplication,
        environ: dict[str, Any],
        sender: _Sender,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._application = application
        self._environ = environ
        self._sender = sender
        self._loop = loop
        self._has_left = False
        self._in_pieces = False
        self.status = 500
        self.headers: Sequence[tuple[str, str]] = ()

    def leave(self) -> None:
        """Nobody waits for the answer any more; what was asked is done nevertheless."""
        self._has_left = True

    def to_end(self, done: asyncio.Future[bytes | None]) -> None:
        """Set ``done`` to the whole answer, to None if all pieces were sent, or to what went wrong."""
        try:
            body = self._answer()
        except _Gone:
            body = None
        except Exception:
            _LOG.exception("The application failed.")
            body = self._failure()
        self._tell(done, lambda: done.set_result(body))

    def _tell(self, done: asyncio.Future[bytes | None], told: Callable[[], None]) -> None:
        def tell() -> None:
            if not done.done():
                told()

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(tell)

    def _answer(self) -> bytes | None:
        found: Iterable[bytes] = self._application(self._environ, self._start)
        try:
            if isinstance(found, list | tuple):
                return b"".join(found)
            self._in_pieces = True
            self._wait(self._sender.start(self.status, self.headers))
            for piece in found:
                if self._has_left:
                    raise _Gone
                self._wait(self._sender.piece(piece, more=True))
            self._wait(self._sender.piece(b"", more=False))
            return None
        finally:
            close = getattr(found, "close", None)
            if close is not None:
                close()

    def _failure(self) -> bytes | None:
        """What is answered then, if nothing has been yet."""
        if self._in_pieces:
            return None
        failure = plain_failure(500, "internal", "internal error")
        self.status, self.headers = failure.status, own_headers(failure)
        return failure.body

    def _start(
        self, status: str, headers: Sequence[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        """See PEP 3333; no application of ours writes in the manner of old ones."""
        del exc_info
        self.status = int(status.split(maxsplit=1)[0])
        self.headers = headers
        return _cannot_write

    def _wait(self, sending: Any) -> None:  # noqa: ANN401 - a coroutine
        try:
            asyncio.run_coroutine_threadsafe(sending, self._loop).result()
        except RuntimeError as error:  # the server has ended without us
            sending.close()
            raise _Gone from error


def _cannot_write(_: bytes) -> object:
    raise NotImplementedError("answers are returned, not written")


class _Sender:
    """Sends an answer in pieces, each of which must be taken in time."""

    def __init__(self, send: Send, patience: float) -> None:
        self._send = send
        self._patience = patience

    async def answer(self, answer: Answer, *headers: tuple[str, str]) -> None:
        """An answer without the application."""
        await self.start(answer.status, [*own_headers(answer), *headers])
        await self.whole(answer.body)

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Status and headers."""
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._in_time(
            {"type": "http.response.start", "status": int(HTTPStatus(status)), "headers": encoded}
        )

    async def whole(self, body: bytes) -> None:
        """All of the body, in pieces so that one who is slow takes it at his speed."""
        for start in range(0, len(body) - _PIECE, _PIECE):
            await self.piece(body[start : start + _PIECE], more=True)
        rest = (len(body) - 1) // _PIECE * _PIECE if body else 0
        await self.piece(body[rest:], more=False)

    async def piece(self, piece: bytes, *, more: bool) -> None:
        """A piece of the body."""
        await self._in_time({"type": "http.response.body", "body": piece, "more_body": more})

    async def _in_time(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._send(message)
        except (TimeoutError, OSError, RuntimeError) as error:
            raise _Gone from error


def own_headers(answer: Answer) -> list[tuple[str, str]]:
    """The headers of an answer that does not come from the application."""
    length = ("Content-Length", str(len(answer.body)))
    return [("Content-Type", answer.kind), length, ("Kas-Protocol", str(PROTOCOL))]


def _environ(scope: Scope, body: IO[bytes], length: int) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333)."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"].decode("latin-1")
    path = raw.decode("latin-1")
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "REQUEST_URI": f"{path}?{query}" if query else path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **_headers(scope["headers"]),
        "CONTENT_LENGTH": str(length),
    }


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers as WSGI has them; a name with ``_`` could pass for another and is left out."""
    found: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if "_" in name:
            continue
        variable = _UNPREFIXED.get(name) or "HTTP_" + name.upper().replace("-", "_")
        earlier = found.get(variable)
        found[variable] = value if earlier is None else f"{earlier}{_SEPARATORS.get(name, ', ')}{value}"
    return found
