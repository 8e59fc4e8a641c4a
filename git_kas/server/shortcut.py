"""Answers that are remembered or soon read, for the thread that reads from all sockets, which may not wait."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.errors import KasError
from git_kas.server.access import Role, require
from git_kas.server.exchange import Call, checked_project, decoded_segment, read_query
from git_kas.server.v1 import PROTOCOL, get_plan, list_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from wsgiref.types import WSGIEnvironment

    from git_kas.server.access import Access
    from git_kas.server.exchange import Answer
    from git_kas.server.hosts import HostCheck
    from git_kas.server.services import Services, Snapshot

ALWAYS: Final = (("Kas-Protocol", str(PROTOCOL)), ("X-Content-Type-Options", "nosniff"))
"""The headers of every answer."""

_LOG: Final = logging.getLogger(__name__)
_REPOSITORY: Final = "HTTP_KAS_REPOSITORY"
_PROJECTS: Final = "/v1/projects/"
_PLANS: Final = "plans"


class _Reading(NamedTuple):
    """How a route is answered; see :meth:`git_kas.server.services.Services.read`."""

    route: str
    reader: Callable[[Call, Snapshot], Answer]
    by_change: bool


_LIST: Final = _Reading(_PROJECTS + "{project}/plans", list_plans, by_change=True)
_ONE: Final = _Reading(_PROJECTS + "{project}/plans/{filename}", get_plan, by_change=False)


class Shortcut:
    """What :class:`~git_kas.server.application.Application` would answer, if that takes no waiting.

    Whoever asks is checked as always. Where anything is in doubt, wrong or not known yet, nothing is answered
    here, and the application says what there is to say.
    """

    def __init__(self, services: Services, access: Access, hosts: HostCheck) -> None:
        self._services = services
        self._access = access
        self._hosts = hosts

    def answer(self, environ: WSGIEnvironment) -> Answer | None:
        """The answer to a GET, None where the application must be asked.

        ``environ`` is as in PEP 3333, of which headers, ``REQUEST_METHOD`` and ``REQUEST_URI`` are enough.
        """
        uri: str = environ.get("REQUEST_URI", "")
        if environ["REQUEST_METHOD"] != "GET" or not uri.startswith(_PROJECTS) or not uri.isascii():
            return None
        authorization = environ.get("HTTP_AUTHORIZATION")
        if not self._access.remembers(authorization):
            return None
        path, _, query = uri.partition("?")
        try:
            self._hosts.check(environ)
            segments = path[len(_PROJECTS) :].split("/")
            project = checked_project(decoded_segment(segments[0]))
            grant = self._access.grant(authorization, project)
            require(grant, Role.READ)
            if not self._services.knows_as_bound(project, environ.get(_REPOSITORY, "")):
                return None
            url = f"{path}?{query}"
            answer = self._recalled(project, url, environ.get("HTTP_IF_NONE_MATCH", ""))
            if answer is None:
                reading = _reading(segments)
                if reading is not None:
                    name = decoded_segment(segments[2]) if len(segments) > 2 else ""
                    call = Call(url, project, name, read_query(query), environ, b"", grant)
                    answer = self._read(call, reading)
            return answer
        except KasError:
            return None
        except Exception:  # who is asked next answers that something is wrong here
            _LOG.exception("Unexpected failure of a remembered answer")
            return None

    def _recalled(self, project: str, url: str, wanted: str) -> Answer | None:
        began = time.perf_counter()
        answer = self._services.recall(project, url, wanted)
        if answer is not None:
            self._services.metrics.recalled(answer.status, time.perf_counter() - began)
        return answer

    def _read(self, call: Call, reading: _Reading) -> Answer | None:
        began = time.perf_counter()
        answer = self._services.read_at_once(call, reading.reader, by_change=reading.by_change)
        if answer is not None:
            self._services.metrics.answered("GET", reading.route, answer.status, time.perf_counter() - began)
        return answer


def _reading(segments: Sequence[str]) -> _Reading | None:
    """How what is at that path below all projects is read, None for what nobody reads without waiting."""
    if len(segments) not in {2, 3} or segments[1] != _PLANS:
        return None
    return _LIST if len(segments) == 2 else _ONE
