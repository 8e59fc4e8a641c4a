"""Real servers for the tests: one of each kind a run of Python, which the processes that it starts share."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from git_kas.ports.clock import Clock
from git_kas.ports.store import Store
from postgresql import postgresql_url
from shared_clock import SharedClock
from support import GIT_KAS

KINDS = ("http-over-sqlite", "http-over-postgresql")
PATIENCE = 60
_VARIABLE = "KAS_TEST_{}"
_CLOCKED = Path(__file__).with_name("clocked")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


def server_url(kind: str) -> str:
    """The URL of the server of that kind; started at the first call."""
    variable = _VARIABLE.format(kind.upper().replace("-", "_"))
    if not os.environ.get(variable):
        os.environ[variable] = _start(kind)
    return os.environ[variable]


def shared_clock() -> SharedClock:
    """The clock of these servers."""
    return SharedClock(_folder() / "clock")


def project_of(folder: Path) -> str:
    """A name for the project of the repository in ``folder``."""
    return f"{folder.name} {sha256(str(folder).encode()).hexdigest()[:16]}"


class OnClock:
    """A store on a server whose clock shows what the test's clock shows."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._shared = shared_clock()

    def __getattr__(self, name: str) -> Any:
        operation: Callable[..., Any] = getattr(self._store, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            self._shared.follow(self._clock)
            return operation(*arguments, **named)

        return timed


def _folder() -> Path:
    """Where the servers keep what they need; removed when the first of our processes ends."""
    variable = _VARIABLE.format("SERVERS")
    if not os.environ.get(variable):
        made = os.environ[variable] = tempfile.mkdtemp(prefix="kas-servers-")
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        (Path(made) / "clock").write_text("0")
    return Path(os.environ[variable])


def _start(kind: str) -> str:
    folder = _folder()
    place = f"{folder / 'plans.db'}" if kind == "http-over-sqlite" else postgresql_url()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{_CLOCKED}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "KAS_TEST_CLOCK": str(folder / "clock"),
        "HOME": str(folder),
    }
    log = (folder / f"{kind}.log").open("wb")
    server = subprocess.Popen(
        [str(GIT_KAS), "serve", "--port", "0", "--db", place, "--no-auth"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        cwd=folder,
    )
    atexit.register(_stop, server)
    assert server.stdout is not None
    line = server.stdout.readline().decode()
    found = _URL.search(line)
    assert found, (line, (folder / f"{kind}.log").read_text())
    return found.group()


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
