"""Answers that are remembered, for whoever may not wait: the thread that reads from all sockets."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from git_kas.errors import KasError
from git_kas.server.access import Role, require
from git_kas.server.exchange import checked_project
from git_kas.server.v1 import PROTOCOL

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from git_kas.server.access import Access
    from git_kas.server.exchange import Answer
    from git_kas.server.hosts import HostCheck
    from git_kas.server.services import Services

ALWAYS: Final = (("Kas-Protocol", str(PROTOCOL)), ("X-Content-Type-Options", "nosniff"))
"""The headers of every answer."""

_LOG: Final = logging.getLogger(__name__)
_REPOSITORY: Final = "HTTP_KAS_REPOSITORY"
_PROJECTS: Final = "/v1/projects/"


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
            segment = path[len(_PROJECTS) :].partition("/")[0]
            project = checked_project(unquote_to_bytes(segment).decode("utf-8"))
            require(self._access.grant(authorization, project), Role.READ)
            if not self._services.knows_as_bound(project, environ.get(_REPOSITORY, "")):
                return None
            return self._recalled(project, f"{path}?{query}", environ.get("HTTP_IF_NONE_MATCH", ""))
        except (KasError, UnicodeDecodeError):
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
