"""What the tests of the server share: hosts, applications without a socket, and the real program."""

from __future__ import annotations

import http.client
import io
import json
import signal
import socket
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from git_kas.ports.clock import Clock
from git_kas.ports.store_host import HostRequest
from git_kas.server.access import Access, OpenAccess, Role
from git_kas.server.application import Application
from git_kas.server.hosts import HostCheck
from git_kas.server.services import Services
from git_kas_files.watch import DiskWatch
from git_kas_sql.host import SqlHost
from git_kas_sql.opening import open_host
from support import GIT_KAS

PATIENCE = 60.0
PLAN = "2026-01-01-rate-limit.md"
PLANS = "/v1/projects/shop/plans"
ONE = f"{PLANS}/{PLAN}"


def host_at(url: str, clock: Clock) -> SqlHost:
    """The host of a database."""
    return open_host(HostRequest(url, clock, DiskWatch))


@dataclass
class Reply:
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which says that it is JSON."""
        assert self.headers["content-type"] == "application/json", self
        return json.loads(self.body)


@dataclass
class Client:
    """Asks an application in this process."""

    application: WSGIApplication
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, uri: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        path, _, query = uri.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": uri,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        for name, value in {**self.headers, **(headers or {})}.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value.encode().decode("latin-1")
        seen: list[Any] = []

        def start(status: str, sent: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen[:] = [int(status.split(maxsplit=1)[0]), {name.lower(): value for name, value in sent}]

        answered = b"".join(self.application(environ, start))
        assert seen[1]["kas-protocol"] == "1"
        return Reply(seen[0], seen[1], answered)


def application(services: Services, access: Access | None = None, *allowed: str) -> Client:
    """A client of an application over ``services``."""
    return Client(Application(services, access or OpenAccess(Role.USER), HostCheck(allowed)))


@dataclass
class Running:
    """The real program, serving."""

    process: subprocess.Popen[bytes]
    url: str
    trust: ssl.SSLContext | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def connect(self) -> socket.socket:
        """A connection, through TLS where there is something to trust."""
        connection = socket.create_connection(self.address, timeout=PATIENCE)
        return self.trust.wrap_socket(connection, server_hostname="127.0.0.1") if self.trust else connection

    def __call__(
        self, method: str, uri: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        connection.sock = self.connect()
        try:
            connection.request(method, uri, data, dict(headers or {}))
            found = connection.getresponse()
            return Reply(
                found.status, {name.lower(): value for name, value in found.getheaders()}, found.read()
            )
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """What comes back to bytes that need not be HTTP, to the end of the connection."""
        with self.connect() as connection:
            connection.sendall(sent)
            received = b""
            while more := connection.recv(65_536):
                received += more
            return received

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit status and what it said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said.decode()


def start(environment: Mapping[str, str], folder: Path, *options: str) -> Running:
    """Start the program in ``folder``, and wait for its one line."""
    process = subprocess.Popen(
        [str(GIT_KAS), "serve", "--port", "0", *options],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    assert line.startswith("Serving "), process.communicate()
    return Running(process, line.split()[-1])
