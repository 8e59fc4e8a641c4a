"""Five hundred that wait: nothing is done for them while nothing happens, and one commit wakes them all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy

from benchmarks.long_polls import LongPolls, cpu_ticks
from postgresql import driven, new_database
from server.hosting import PATIENCE, Running
from support import GIT_KAS, needs_program

WATCHERS = 512
WAKING = 500
IDLE = 5.0
CALLS = "trace=read,pread64,write,pwrite64,openat,fcntl,fsync,fdatasync,execve,clone,clone3"
Work = Callable[[], object]


@pytest.fixture
def database() -> Iterator[str]:
    with new_database() as url:
        yield url


def traced(environment: dict[str, str], folder: Path, log: Path) -> tuple[subprocess.Popen[bytes], Running]:
    """A server whose work on files is written down; and itself."""
    process = subprocess.Popen(
        ["strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", CALLS, str(GIT_KAS), *serving("plans.db")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    return process, Running(process, process.stdout.readline().decode().split()[-1])


def serving(place: str) -> list[str]:
    return ["serve", "--port", "0", "--no-auth", "--db", place, "--max-watchers", str(WATCHERS)]


def create(server: Running, project: str, name: str) -> int:
    return server("POST", f"/v1/projects/{project}/plans", {"filename": name}).status


def stays_the_same(work: Work) -> bool:
    """Whether within a minute there is a while without work: at first one looks again, ever less often."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        before = work()
        time.sleep(IDLE)
        if work() == before:
            return True
    return False


def check(server: Running, pid: int, work: Work) -> None:
    assert create(server, "shop", "a.md") == create(server, "other", "a.md") == 201
    shop = LongPolls(server.address, "shop", WAKING, since=1)
    other = LongPolls(server.address, "other", WATCHERS - WAKING, since=1)
    with closing(shop), closing(other):
        ticks = cpu_ticks(pid)
        assert stays_the_same(work)
        assert cpu_ticks(pid) - ticks < 200, "two seconds of work in all that time are no rest"
        refused = server("GET", "/v1/projects/third/changes?since=0&wait=60")  # and all others do wait
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert shop.gather(0.1) == other.gather(0.1) == 0
        assert create(server, "shop", "b.md") == 201
        assert shop.gather(PATIENCE, WAKING) == WAKING
        documents = [json.loads(answer.partition(b"\r\n\r\n")[2]) for _, answer in shop.answers]
        assert documents == [{"change": 2}] * WAKING
        assert other.gather(0.5) == 0


def test_a_server_over_a_file_rests(environment: dict[str, str], tmp_path: Path) -> None:
    needs_program("strace")
    log = tmp_path / "calls"
    (tmp_path / "database").mkdir()  # what is written down is not to be noticed itself
    process, server = traced(environment, tmp_path / "database", log)
    pid = int(log.read_text().split(maxsplit=1)[0])
    try:
        check(server, pid, lambda: log.stat().st_size)
    finally:
        os.kill(pid, signal.SIGKILL)  # strace ends with it
        process.communicate(timeout=PATIENCE)


def test_a_server_over_postgresql_rests(environment: dict[str, str], tmp_path: Path, database: str) -> None:
    process = subprocess.Popen(
        [str(GIT_KAS), *serving(database)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    server = Running(process, process.stdout.readline().decode().split()[-1])
    observed = sqlalchemy.make_url(database)
    beside = sqlalchemy.create_engine(driven(database).set(database="postgres"), isolation_level="AUTOCOMMIT")
    counted = sqlalchemy.text("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = :name")

    def transactions() -> object:
        with beside.connect() as connection:
            return connection.execute(counted, {"name": observed.database}).scalar_one()

    try:
        check(server, process.pid, transactions)
        before = transactions()
        assert create(server, "shop", f"{uuid4().hex}.md") == 201
        deadline = time.monotonic() + PATIENCE
        while transactions() == before:  # so it does count
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        beside.dispose()
        process.terminate()
        process.communicate(timeout=PATIENCE)
