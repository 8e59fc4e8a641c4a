"""Requests to a server and their answers, over connections that are kept."""

from __future__ import annotations

import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from git_kas.errors import UsageError
from git_kas.ports.store import no_repository
from git_kas.version import VERSION
from git_kas_remote.connection import SLOWEST, TimelyPool, TimelySecurePool
from git_kas_remote.exchange import PATIENCE, Asking, Received
from git_kas_remote.faults import Faults, is_cut_off, pause_asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.response import BaseHTTPResponse

    from git_kas_remote.address import Address
    from git_kas_remote.token import Token

LARGEST_ANSWER: Final = 256 * 1024 * 1024
_PIECE: Final = 64 * 1024
_CONNECTIONS: Final = 4
_LONGEST_PAUSE: Final = 2.0
_PAUSES: Final = 2


class Transport:
    """The way to one server; from any thread."""

    def __init__(
        self,
        address: Address,
        token: Token,
        proxy: str | None = None,
        repository_id: Callable[[], str] = no_repository,
    ) -> None:
        self.address = address
        self._repository_id = repository_id
        self._faults = Faults(address, token)
        self._headers = {"User-Agent": f"git-kas/{VERSION}", "Accept-Encoding": "identity"}
        if token.text:
            self._headers["Authorization"] = f"Bearer {token.text}"
        self._manager = self._make_manager(proxy)

    def get_json(self, path: str, patience: float = PATIENCE) -> Any:  # noqa: ANN401 - JSON
        """What is answered to a GET."""
        return self.json_of(Asking("GET", path, patience=patience))

    def json_of(self, asking: Asking) -> Any:  # noqa: ANN401 - JSON
        """What is answered, as JSON; errors as of :meth:`ask`."""
        answer = self.ask(asking)
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise self._faults.malformed(asking, "it is no JSON") from error

    def ask(self, asking: Asking) -> Received:
        """Send a request, once, and wait for the answer.

        It is sent again, if that is safe, where the connection ends too early; and after a pause, where the
        server says that it is busy and has done nothing.

        Raises:
            Unreachable: there was no answer that can be understood; the message says whether the change may
                have been made.
            SchemaTooNew: the server speaks another protocol.
            NotAllowed: it accepts no such token.
            KasError: what the server says.
        """
        body = asking.body if isinstance(asking.body, bytes) else encoded(asking.body)
        again, pauses = asking.is_safe, 0
        while True:
            try:
                received = self._exchange(asking, body)
            except HTTPError as error:
                if not (again and is_cut_off(error)):
                    raise self._faults.of_transport(asking, error) from error
                again = False
                continue
            except _TooLargeError as error:
                raise self._faults.too_large(asking, LARGEST_ANSWER) from error
            pause = pause_asked(received)
            if pause is None or pause > _LONGEST_PAUSE or pauses == _PAUSES:
                return self._faults.judged(asking, received)
            pauses += 1
            time.sleep(pause)

    def malformed(self, asking: Asking, why: str) -> NoReturn:
        """Say that what was answered has another form than it should.

        Raises:
            Unreachable: always.
        """
        raise self._faults.malformed(asking, why)

    def close(self) -> None:
        """Close all connections."""
        self._manager.clear()

    @cached_property
    def _own_headers(self) -> Mapping[str, str]:
        """What goes with every request; the server learns from which repository it comes."""
        repository = self._repository_id()
        return {**self._headers, "Kas-Repository": repository} if repository else self._headers

    def _make_manager(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy is None:
            manager = urllib3.PoolManager(maxsize=_CONNECTIONS)
        else:
            try:
                manager = urllib3.ProxyManager(proxy, maxsize=_CONNECTIONS)
            except HTTPError as error:
                raise UsageError(
                    "The proxy in the environment is no URL.", next_step="Mend http_proxy."
                ) from error
        manager.pool_classes_by_scheme = {"http": TimelyPool, "https": TimelySecurePool}
        return manager

    def _exchange(self, asking: Asking, body: bytes | None) -> Received:
        """Send a request and read the answer; errors are the library's own."""
        more = len(body) / SLOWEST if body else 0.0
        headers = self._own_headers
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        response = self._manager.urlopen(
            asking.method,
            self.address.base + asking.path,
            body=body,
            headers=headers,
            timeout=Timeout(connect=PATIENCE + more, read=asking.patience + more),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            content = _read(response)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return Received(response.status, response.headers, content)


class _TooLargeError(Exception):
    """An answer is larger than any that is taken."""


def _read(response: BaseHTTPResponse) -> bytes:
    announced = response.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > LARGEST_ANSWER:
        raise _TooLargeError
    pieces, size = [], 0
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise _TooLargeError
    return b"".join(pieces)


def encoded(value: Any) -> bytes | None:  # noqa: ANN401 - JSON
    """A body; JSON in ASCII, so that every text of Python goes through.

    Raises:
        UsageError: it holds what is no JSON.
    """
    if value is None:
        return None
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(
            f"This cannot be sent: {str(error).splitlines()[0]}.", next_step="Use values of JSON."
        ) from error
