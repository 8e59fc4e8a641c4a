"""Servers of plans as contestants: starting them, filling them, and loading them with ``wrk``."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.common import GIT_KAS

PROJECT: Final = "/v1/projects/shop"
LISTED: Final = 100
READING: Final = 8
"""Connections that read at once."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PATIENCE: Final = 60
_TEXT: Final = "# A plan\n\n" + "It says what is to be done. " * 8

_REPORT: Final = """
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
"""

UPDATES: Final = """
local number = 0
function request()
  number = number + 1
  local path = string.format("/v1/projects/shop/plans/2026-01-01-plan-%05d.md", number % 100)
  local body = '{"status":"ready","description":"change ' .. number .. '","branch":"plan/changed"}'
  return wrk.format("PUT", path, {["Content-Type"] = "application/json"}, body)
end
"""
"""Each request changes another plan than the one before."""

TRANSITIONS: Final = """
local number = 0
function request()
  number = number + 1
  local event = number % 2 == 1 and "implement_finished" or "review_changes_requested"
  return wrk.format("POST", wrk.path .. "/transition", {["Content-Type"] = "application/json"},
    '{"event":"' .. event .. '"}')
end
"""
"""Over one connection: a plan that is being implemented goes to and fro."""

READ_ANEW: Final = """
local number = 0
function request()
  number = number + 1
  return wrk.format("GET", wrk.path .. "?anew=" .. number)
end
"""
"""No request is like one before it, so that none finds its answer remembered."""


def plan_name(number: int) -> str:
    """The name of a plan."""
    return f"2026-01-01-plan-{number:05}.md"


def plan_entry(number: int) -> dict[str, str]:
    """A plan as it is sent."""
    return {
        "filename": plan_name(number),
        "status": "ready",
        "description": f"What plan number {number} is about",
        "branch": f"plan/plan-{number}",
        "topic": "topic",
        "created_at": "2026-01-01T00:00:00Z",
        "content": _TEXT,
    }


@dataclass(frozen=True, slots=True)
class Load:
    """What came of loading a server for a while; ``refused`` counts errors and lost connections."""

    requests: int
    seconds: float
    refused: int
    median_ms: float
    p99_ms: float
    cpu_us: float
    peak_mb: float

    @property
    def per_second(self) -> float:
        """Requests that were answered well, a second."""
        return (self.requests - self.refused) / self.seconds


@dataclass(frozen=True, slots=True)
class Loads:
    """The loads of one server in the order in which they were measured."""

    taken: Sequence[Load]

    @property
    def per_second(self) -> float:
        """The middle throughput."""
        return statistics.median(load.per_second for load in self.taken)

    @property
    def cpu_us(self) -> float:
        """The middle processor time of the server for a request, in microseconds."""
        return statistics.median(load.cpu_us for load in self.taken)

    @property
    def p99_ms(self) -> float:
        """The middle of the times within which 99 of 100 requests were answered."""
        return statistics.median(load.p99_ms for load in self.taken)

    @property
    def refused(self) -> int:
        """How many requests were refused, all in all."""
        return sum(load.refused for load in self.taken)

    @property
    def acknowledged(self) -> int:
        """How many were not."""
        return sum(load.requests - load.refused for load in self.taken)

    @property
    def median_ms(self) -> float:
        """The middle of the middle times of one request."""
        return statistics.median(load.median_ms for load in self.taken)

    def costs(self, other: "Loads") -> float:
        """How many times the processor time of ``other`` a request takes: the middle of the rounds' ratios."""
        pairs = zip(self.taken, other.taken, strict=True)
        return statistics.median(mine.cpu_us / theirs.cpu_us for mine, theirs in pairs)

    def times(self, other: "Loads") -> float:
        """How many times the throughput of ``other``: the middle of the ratios within each round."""
        pairs = zip(self.taken, other.taken, strict=True)
        return statistics.median(mine.per_second / theirs.per_second for mine, theirs in pairs)


class Server:
    """A server that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def fill(self) -> None:
        """Have it keep :data:`LISTED` plans."""
        for number in range(LISTED):
            status, _, said = self.ask("POST", f"{PROJECT}/plans", plan_entry(number))
            if status != http.client.CREATED:
                raise RuntimeError(f"a plan was not created: {status} {said!r}")

    def change(self) -> int:
        """The number of the project's last commit; only our own server knows one."""
        found: dict[str, Any] = json.loads(self.ask("GET", f"{PROJECT}/changes")[2])
        return int(found["change"])

    def load(
        self, path: str, connections: int, seconds: int, *, script: str = "", headers: Sequence[str] = ()
    ) -> Load:
        """Ask for ``path`` over so many connections at once, or for what the Lua ``script`` says."""
        file = Path(f"/proc/{self.process.pid}/cwd").resolve() / "load.lua"
        file.write_text(script + _REPORT)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(file)]
        for header in headers:
            command += ["-H", header]
        before = self._cpu()
        said = subprocess.run(
            [*command, f"http://127.0.0.1:{self.port}{path}"], capture_output=True, text=True, check=True
        ).stdout
        cpu = self._cpu() - before
        found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", said, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"wrk says nothing of its result: {said}")
        requests, duration, refused, median, p99, _ = map(int, found.groups())
        return Load(
            requests,
            duration / 1e6,
            refused,
            median / 1e3,
            p99 / 1e3,
            cpu / max(1, requests) * 1e6,
            self._peak_mb(),
        )

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1_000 if found else 0.0

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it, and wait for that."""
        self.process.send_signal(number)
        self.process.wait(timeout=_PATIENCE)


@contextmanager
def our_server(folder: Path, database: str) -> Iterator[Server]:
    """``git kas serve`` over ``database``, as it is by default but for tokens."""
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(
            [str(GIT_KAS), "serve", "--port", "0", "--no-auth", "--db", database],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        with process.stdout or said as printed:
            line = printed.readline().decode()
        found = re.search(r":(\d+)$", line.strip())
        if found is None:
            process.kill()
            raise RuntimeError(f"git kas serve does not start: {(folder / 'said').read_text()}")
        with _ended(Server(process, int(found[1]))) as server:
            yield server


@contextmanager
def rival_server(folder: Path, threads: int) -> Iterator[Server]:
    """The plain server, over a SQLite file in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    root = Path(__file__).resolve().parent.parent
    command = (sys.executable, "-m", "benchmarks.rival_server", str(folder / "rival.db"), "--port", str(port))
    process = subprocess.Popen(
        [*command, "--threads", str(threads)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
    )
    with _ended(Server(process, port)) as server:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                server.ask("GET", "/v1/ping")
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                break
        yield server


@contextmanager
def _ended(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def insist_on_wrk() -> str:
    """The version of ``wrk``.

    Raises:
        SystemExit: it is not installed.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    return said.split("\n", 1)[0].partition("[")[0].strip()
