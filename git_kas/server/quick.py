"""What we do otherwise than waitress, so that little is spent on a request beside its answer.

- An answer that is remembered is given by the thread that read the request: handing it to another one and
  waking the first again costs more than the answer.
- Threads are started when they are needed, so that those for watchers are not there before the watchers.
- The head of an answer goes with its body, and 204 and 304, which have none, do not end the connection.
"""

from __future__ import annotations

from http.client import responses
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import build_http_date

from git_kas.server.shortcut import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

    from git_kas.server.exchange import Answer

    Recall = Callable[[WSGIEnvironment], Answer | None]

_NEXT_LINE: Final = "\r\n"
_STATUS_LINES: Final = {status: f"{status} {words}" for status, words in responses.items()}


class QuickTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """One request and its answer, which may have been found while it was read."""

    wrote_header: bool

    def execute(self) -> None:
        """See waitress."""
        answer: Answer | None = getattr(self.request, "answer", None)
        if answer is None:
            super().execute()
            return
        self.status = _STATUS_LINES[answer.status]
        self.response_headers += [*ALWAYS, *answer.headers]
        if self.has_body:
            self.content_length = len(answer.body)
            self.response_headers.append(("Content-Type", answer.kind))
        self.complete = True
        self.write(answer.body)

    def build_response_header(self) -> bytes:
        """See waitress, which for an answer of ours takes longer than all else together."""
        request = self.request
        if not hasattr(request, "answer") or self.version != "1.1" or "CONNECTION" in request.headers:
            found: bytes = super().build_response_header()
            return found
        lines = [f"{name}: {value}" for name, value in self.response_headers]
        if self.has_body:
            lines.append(f"Content-Length: {self.content_length}")
        server = f"Server: {self.channel.adj.ident}\r\nDate: {build_http_date(self.start_time)}"
        return f"HTTP/1.1 {self.status}\r\n{server}\r\n{_NEXT_LINE.join(lines)}\r\n\r\n".encode("latin-1")

    def write(self, data: bytes) -> None:
        """See waitress; the head waits for the first piece of the body."""
        if self.complete and not self.wrote_header:
            self.channel.head = self.build_response_header()
            self.wrote_header = True
        super().write(data)
        if self.channel.head:  # there is no body
            head, self.channel.head = self.channel.head, b""
            self.channel.write_soon(head)

    def set_close_on_finish(self) -> None:
        """See waitress, which would do so after every answer without a body."""
        asked: str = self.request.headers.get("CONNECTION", "")
        if self.has_body or self.version == "1.0" or asked.lower() == "close":
            super().set_close_on_finish()


class QuickChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection."""

    task_class = QuickTask
    head = b""
    is_new = False
    """Whether a request has come for which nothing was done yet."""

    def received(self, data: bytes) -> Any:  # noqa: ANN401 - waitress has no types
        """See waitress."""
        taken = super().received(data)
        if self.is_new:
            self.is_new = False
            if self._is_recalled():
                self.server.answer_here(self)
            else:
                self.server.hand_over(self)
        return taken

    def write_soon(self, data: bytes) -> Any:  # noqa: ANN401 - waitress has no types
        """See waitress."""
        if self.head:
            data, self.head = self.head + data, b""
        return super().write_soon(data)

    def _is_recalled(self) -> bool:
        """Whether the answer is known, to the only request, and nothing has to be sent before it.

        So writing it need not wait, which this thread must not do.
        """
        request = self.requests[0]
        if len(self.requests) > 1 or self.total_outbufs_len or request.error or request.command != "GET":
            return False
        environ = {"HTTP_" + name: value for name, value in request.headers.items()}
        environ["REQUEST_METHOD"], environ["REQUEST_URI"] = request.command, request.request_uri
        answer = self.server.recall(environ)
        if answer is not None:
            request.answer = answer
        return answer is not None


class QuickServer(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """``recall`` gives the answer to a request if it is known without waiting.

    ``looping`` is the thread that runs the loop.
    """

    channel_class = QuickChannel
    looping = 0
    recall: Recall = staticmethod(lambda _environ: None)
    _is_answering = False

    def add_task(self, task: QuickChannel) -> None:
        """See waitress; whoever calls holds a lock that answering takes too."""
        if get_ident() == self.looping:
            task.is_new = True
        else:
            self.hand_over(task)

    def hand_over(self, channel: QuickChannel) -> None:
        """Have another thread answer."""
        super().add_task(channel)

    def answer_here(self, channel: QuickChannel) -> None:
        """Answer in this thread, which is the loop's."""
        self._is_answering = True
        try:
            channel.service()
        finally:
            self._is_answering = False

    def pull_trigger(self) -> None:
        """See waitress; the loop need not wake itself."""
        if not (self._is_answering and get_ident() == self.looping):
            super().pull_trigger()


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Up to ``most`` threads, each started when there is more to do than others are free for."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def add_task(self, task: Any) -> None:  # noqa: ANN401 - waitress has no types
        """See waitress."""
        with self.lock:
            self.queue.append(task)
            idle = len(self.threads) - self.stop_count - self.active_count
            if len(self.queue) <= idle or len(self.threads) >= self._most or self.stop_count:
                self.queue_cv.notify()
                return
            number = len(self.threads)
            self.threads.add(number)
            self.active_count += 1
            self.start_new_thread(self.handler_thread, number)
