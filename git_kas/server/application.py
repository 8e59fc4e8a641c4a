"""The web application: Bottle finds the route, and everything else is plain functions."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import bottle

from git_kas.errors import KasError, UsageError
from git_kas.server.access import Grant, Role, require
from git_kas.server.exchange import Answer, Call, checked_project, decoded_segment, read_query
from git_kas.server.failures import failure_answer, plain_failure, without_place
from git_kas.server.routes import ROUTES
from git_kas.server.shortcut import ALWAYS, Shortcut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from git_kas.server.access import Access
    from git_kas.server.hosts import HostCheck
    from git_kas.server.routes import Route
    from git_kas.server.services import Services

_LOG: Final = logging.getLogger(__name__)
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_WITH_BODY: Final = frozenset({"POST", "PUT"})
_METHODS: Final = frozenset({"GET", "HEAD", *_WITH_BODY, "DELETE", "OPTIONS", "PATCH"})
_OTHER: Final = "other"
"""How methods and paths are counted that are none of ours."""


class Application:
    """The WSGI application over ``services``; ``access`` says who may do what, ``hosts`` what we are called."""

    def __init__(self, services: Services, access: Access, hosts: HostCheck) -> None:
        self._services = services
        self._access = access
        self._hosts = hosts
        self.recall = Shortcut(services, access, hosts).answer
        self._bottle = bottle.Bottle()
        self._bottle.default_error_handler = self._routing_failure
        for route in ROUTES:
            path = _PLACEHOLDER.sub(r"<\1>", route.path)
            self._bottle.route(path, route.method, self._responder(route))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        environ["PATH_INFO"] = _raw_path(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 - PEP 3333
            return start_response(status, [*headers, *ALWAYS], exc_info)

        answered: Iterable[bytes] = self._bottle.wsgi(environ, start)
        return answered

    def _responder(self, route: Route) -> Callable[..., Any]:
        def respond(**segments: str) -> Any:  # noqa: ANN401 - Bottle has no types
            began = time.perf_counter()
            environ = bottle.request.environ
            answer = self._answer(route, segments, environ)
            seconds = time.perf_counter() - began
            self._services.metrics.answered(environ["REQUEST_METHOD"], route.path, answer.status, seconds)
            headers = [("Content-Type", answer.kind), *answer.headers]
            body = answer.body if answer.stream is None else answer.stream
            return bottle.HTTPResponse(body, answer.status, headers)

        return respond

    def _answer(self, route: Route, segments: Mapping[str, str], environ: WSGIEnvironment) -> Answer:
        try:
            call = self._call(route, segments, environ)
            if call.project and route.method == "GET":  # what changes something is checked as part of that
                self._services.check_repository(call)
            return route.handler(call, self._services)
        except KasError as error:
            if (error.http_status or 500) >= 500:
                _LOG.warning("%s %s: %s", route.method, route.path, error.message)
            shown = without_place(error, self._services.host.describe())
            return failure_answer(shown, has_precondition="HTTP_IF_MATCH" in environ)
        except Exception:
            _LOG.exception("Unexpected failure of %s %s", route.method, route.path)
            return plain_failure(500, "internal", "internal error")

    def _call(self, route: Route, segments: Mapping[str, str], environ: WSGIEnvironment) -> Call:
        """The request taken apart, once it is known that whoever sent it may.

        Raises:
            NotAllowed, Unauthenticated, UsageError, InvalidName: as the request is.
        """
        self._hosts.check(environ)
        parts = {name: decoded_segment(segment) for name, segment in segments.items()}
        project = checked_project(parts["project"]) if "project" in parts else None
        grant = Grant(Role.READ)
        if route.role is not None:
            grant = self._access.grant(environ.get("HTTP_AUTHORIZATION"), project)
            require(grant, route.role)
        query = environ.get("QUERY_STRING", "")
        return Call(
            f"{environ['bottle.raw_path']}?{query}",
            project or "",
            parts.get("filename", ""),
            read_query(query),
            environ,
            _body(environ) if route.method in _WITH_BODY else b"",
            grant,
        )

    def _routing_failure(self, failure: Any) -> bytes:  # noqa: ANN401 - Bottle has no types
        method = bottle.request.environ["REQUEST_METHOD"]
        self._services.metrics.answered(
            method if method in _METHODS else _OTHER, _OTHER, failure.status_code, 0.0
        )
        return _refused(failure)


def _raw_path(environ: WSGIEnvironment) -> str:
    """The path as it was sent: in a decoded one, ``%2F`` could not be told from ``/``."""
    uri = environ.get("REQUEST_URI")
    if uri is None:  # not from our own server
        return quote(environ.get("PATH_INFO", "").encode("latin-1"))
    path: str = uri.partition("?")[0]
    if not path.startswith("/"):  # the absolute form (RFC 9112, 3.2.2)
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) < int(length):
        raise UsageError("The body ends too early.", next_step="Send as much as Content-Length says.")
    return body


class _Words(NamedTuple):
    code: str
    message: str


_ROUTING: Final[Mapping[int, _Words]] = {
    404: _Words("unknown_path", "There is nothing at this path."),
    405: _Words("method_not_allowed", "This path does not take that method."),
}
_OTHERWISE: Final = _Words("internal", "internal error")


def _refused(failure: Any) -> bytes:  # noqa: ANN401 - Bottle has no types
    """What Bottle refuses itself, as JSON."""
    words = _ROUTING.get(failure.status_code, _OTHERWISE)
    allowed: str = failure.headers.get("Allow", "")
    if "GET" in allowed.split(","):
        allowed = f"{allowed},HEAD"
    if allowed:
        bottle.response.set_header("Allow", allowed.replace(",", ", "))
    step = f"Use one of: {allowed.replace(',', ', ')}." if allowed else "See the reference of routes."
    answer = plain_failure(failure.status_code, words.code, words.message, step)
    bottle.response.set_header("Content-Type", answer.kind)
    return answer.body
