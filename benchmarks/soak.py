"""Whether the memory of a server stays flat: reads, writes, long polls and errors against a real one."""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from benchmarks.common import GIT_KAS, Aim, print_aims, print_machine, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

PLANS: Final = "/v1/projects/soak/plans"
NAMES: Final = [f"2026-01-01-plan-{number:02}.md" for number in range(50)]
TEXTS: Final = [f"# Plan {number}\n\n".encode() * 100 for number in range(16)]
SAMPLES: Final = 60
ROWS: Final = 12
WATCHERS: Final = 16
WARM_UP: Final = 1 / 3
"""Of the time: caches fill, threads and connections are opened."""

MOST_GROWTH: Final = 0.05
"""Of the memory, over the time after the warm-up, by the slope of a line through the samples."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A server at one moment: seconds since the beginning, megabytes, open files, threads, answers so far."""

    seconds: float
    memory: float
    files: int
    threads: int
    answers: int


@dataclass
class Load:
    """Asks a server whatever clients ask, from several threads, until :meth:`stop`."""

    port: int
    trust: ssl.SSLContext | None = None
    counts: dict[str, int] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended = Event()
        self._lock = Lock()
        work = [self._read] * 2 + [self._write] * 2 + [self._err] + [self._wait] * WATCHERS
        self._threads = [Thread(target=self._repeat, args=(one, seed)) for seed, one in enumerate(work)]

    def start(self) -> None:
        """Make the plans, and begin."""
        for name in NAMES:
            self._ask("write", "POST", PLANS, {"filename": name, "content": "# A\n"}, expected=(201,))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask nothing more."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def answers(self) -> int:
        """How many there have been."""
        return sum(self.counts.values())

    def _repeat(self, action: Any, seed: int) -> None:  # noqa: ANN401 - a method of ours
        chance = random.Random(seed)
        while not self._ended.is_set():
            action(chance)

    def _ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: object = None,
        *,
        expected: tuple[int, ...],
        **headers: str,
    ) -> http.client.HTTPResponse | None:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.trust)
            if self.trust
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        )
        try:
            connection.request(
                method, path, data, {key.replace("_", "-"): text for key, text in headers.items()}
            )
            answer = connection.getresponse()
            answer.read()
        except OSError as error:
            self._note(kind, repr(error))
            return None
        finally:
            connection.close()
        self._note(kind, "" if answer.status in expected else f"{method} {path}: {answer.status}")
        return answer

    def _note(self, kind: str, surprise: str) -> None:
        with self._lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if surprise:
                self.surprises.append(surprise)

    def _read(self, chance: random.Random) -> None:
        path = chance.choice([PLANS, f"{PLANS}?status=ready", *(f"{PLANS}/{name}" for name in NAMES[:5])])
        answer = self._ask("read", "GET", path, expected=(200,))
        if answer is not None:
            tag = answer.headers["ETag"] or ""
            self._ask("read", "GET", path, expected=(200, 304), If_None_Match=tag)
        self._ask("read", "GET", f"{PLANS}/{chance.choice(NAMES)}/content", expected=(200,))

    def _write(self, chance: random.Random) -> None:
        path = f"{PLANS}/{chance.choice(NAMES)}"
        key = f"{chance.getrandbits(64):x}"
        self._ask("write", "PUT", path, {"description": key}, expected=(200,), Idempotency_Key=key)
        self._ask("write", "PUT", path + "/content", chance.choice(TEXTS), expected=(200,))
        event = chance.choice(["plan_start", "planner_finished"])
        self._ask("write", "POST", path + "/transition", {"event": event}, expected=(200, 409))

    def _err(self, chance: random.Random) -> None:
        one = f"{PLANS}/{chance.choice(NAMES)}"
        self._ask("error", "POST", PLANS, b"{", expected=(400,))
        self._ask("error", "PUT", one, {"topic": "x"}, expected=(412,), If_Match='"999999999"')
        self._ask("error", "GET", f"/nothing/{chance.getrandbits(64):x}", expected=(404,))
        self._ask("error", "GET", f"{PLANS}/{chance.getrandbits(64):x}.md", expected=(404,))
        self._ask("error", "GET", f"/v1/projects/{chance.getrandbits(64):x}/plans", expected=(200,))
        self._ask("error", "GET", PLANS, expected=(403,), Host="evil.example")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as broken:
            broken.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")

    def _wait(self, chance: random.Random) -> None:
        since = chance.choice([0, 10**9])
        path = f"/v1/projects/soak/changes?since={since}&wait={chance.choice([0, 1, 2])}"
        self._ask("long poll", "GET", path, expected=(200,))


def sample(process: int, seconds: float, answers: int) -> Sample:
    """The server as the system sees it now (proc(5))."""
    status = Path(f"/proc/{process}/status").read_text()
    memory, threads = (
        int(re.findall(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[0]) for name in ("VmRSS", "Threads")
    )
    files = sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
    return Sample(seconds, memory / 1024, files, threads, answers)


def slope(samples: list[Sample]) -> float:
    """Megabytes per second, by the line that fits best."""
    found = statistics.linear_regression([one.seconds for one in samples], [one.memory for one in samples])
    return found.slope


def certified(folder: str) -> tuple[list[str], ssl.SSLContext]:
    """A certificate made in ``folder``: options of the server, and what a client trusts."""
    chain, key = f"{folder}/chain.pem", f"{folder}/key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-subj", "/CN=soak", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, *name, "-keyout", key, "-out", chain],
        check=True,
        capture_output=True,
    )
    return ["--cert", chain, "--key", key], ssl.create_default_context(cafile=chain)


def soak(
    url: str, seconds: float, options: Sequence[str], trust: ssl.SSLContext | None = None
) -> tuple[list[Sample], Load]:
    """Serve ``url``, ask for that many seconds, and look at the server meanwhile."""
    command = [str(GIT_KAS), "serve", "--port", "0", "--no-auth", "--db", url, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it is a pipe
        load = Load(int(server.stdout.readline().rpartition(":")[2]), trust)
        load.start()
        began, samples = time.monotonic(), []
        try:
            for number in count(1):
                time.sleep(max(0.0, began + number * seconds / SAMPLES - time.monotonic()))
                passed = time.monotonic() - began
                samples.append(sample(server.pid, passed, load.answers))
                if passed >= seconds:
                    break
        finally:
            load.stop()
            server.terminate()
        return samples, load


def verdict(samples: list[Sample]) -> list[Aim]:
    """What was grown after the warm-up."""
    after = [one for one in samples if one.seconds >= samples[-1].seconds * WARM_UP]
    growth = slope(after) * (after[-1].seconds - after[0].seconds) / after[0].memory
    half = len(after) // 2
    files = max(one.files for one in after[half:]) - max(one.files for one in after[:half])
    threads = max(one.threads for one in after[half:]) - max(one.threads for one in after[:half])
    return [
        Aim.at_most("memory grows after the warm-up by at most 5 %", growth * 100, MOST_GROWTH * 100, " %"),
        Aim.at_most("files opened in the second half beyond the most of the first: 16", files, 16, ""),
        Aim.at_most("threads likewise: 16", threads, 16, ""),
    ]


def main() -> None:
    """Soak a server, and say whether it has grown."""
    parser = argparse.ArgumentParser(description="Watch the memory of a server under load.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--db", help="a path or the URL of a store that may be written; default: a temporary file"
    )
    parser.add_argument("--https", action="store_true", help="serve HTTPS, with a certificate made by openssl")
    parser.add_argument("--json", action="store_true", help="print the samples, and nothing else")
    given = parser.parse_args()
    if not Path("/proc/self/status").exists():
        sys.exit("Memory and open files of another process are read from /proc, which is not here.")
    with tempfile.TemporaryDirectory(prefix="git-kas-soak-") as folder:
        options, trust = certified(folder) if given.https else ([], None)
        place = given.db or f"{folder}/plans.db"
        samples, load = soak(place, given.minutes * 60, ["--max-watchers", "64", *options], trust)
    if given.json:
        keys = Sample.__slots__
        rows = [{key: getattr(one, key) for key in keys} for one in samples]
        print(json.dumps({"samples": rows, "counts": load.counts, "surprises": load.surprises[:10]}))
        return
    print(f"## A server for {given.minutes:g} minutes\n")
    print_machine()
    shown = samples[:: max(1, len(samples) // ROWS)]
    print_table(
        ["minutes", "MB", "files", "threads", "answers"],
        [
            [f"{s.seconds / 60:.1f}", f"{s.memory:.1f}", str(s.files), str(s.threads), f"{s.answers:,}"]
            for s in shown
        ],
    )
    print(", ".join(f"{number:,} of the kind {kind}" for kind, number in sorted(load.counts.items())))
    print(f"answers that were not expected: {len(load.surprises)} {load.surprises[:3] or ''}\n")
    print_aims(verdict(samples))


if __name__ == "__main__":
    main()
