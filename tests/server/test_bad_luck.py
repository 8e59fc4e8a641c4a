"""What happens to a server's database, clock and guests: a typed answer, nothing lost, and it lives on."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from git_kas.ports.fakes import FakeClock
from git_kas.server.access import OpenAccess, Role
from git_kas.server.application import Application
from git_kas.server.hosts import HostCheck
from git_kas.server.runner import IDLE_CONNECTIONS, Limits, Runner, listen
from git_kas.server.services import Services
from git_kas_sql import database
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Client, Reply, Running, host_at, start
from small_disks import mount, unmount
from support import DAY, EPOCH, Run

Serve = Callable[..., Running]
CLOCKED = Path(__file__).parents[1] / "clocked"
TRANSITION = ONE + "/transition"


def check_refusal(answer: Reply, status: int, code: str, *secrets: object) -> None:
    """The answer is of that kind, and tells nothing about the machine."""
    assert (answer.status, answer.json()["code"]) == (status, code), answer
    told = answer.body.decode()
    for secret in ("plans.db", "Traceback", *map(str, secrets)):
        assert secret not in told


def check_alive(running: Running) -> None:
    """The server answers, and ends as it should."""
    assert running("GET", "/v1/ping").status == 200
    status, said = running.stop()
    assert status == 0
    assert "Traceback" not in said


# -- the database --------------------------------------------------------------------------------------------


def test_a_file_that_is_removed_or_replaced_takes_no_more_changes(serve: Serve, tmp_path: Path) -> None:
    """What is written to a file without a name is lost at the end, whatever is acknowledged."""
    running, path = serve(), tmp_path / "plans.db"
    assert running("POST", PLANS, {"filename": PLAN}).status == 201
    assert running("GET", PLANS).status == 200
    away = tmp_path / "away.db"
    path.rename(away)
    for method, where, body in (
        ("PUT", ONE, {"description": "x"}),
        ("POST", PLANS, {"filename": "2026-01-02-b.md"}),
        ("GET", PLANS, None),
        ("GET", ONE, None),
    ):
        check_refusal(running(method, where, body), 503, "unreachable", tmp_path)
    assert not path.exists()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE x (y)")
    check_refusal(running("POST", PLANS, {"filename": "2026-01-02-b.md"}), 503, "unreachable", tmp_path)
    path.unlink()
    away.rename(path)
    assert running("PUT", ONE, {"description": "back"}).status == 200
    assert running("GET", PLANS).json()[0]["description"] == "back"
    check_alive(running)


def test_a_file_that_is_damaged_meanwhile_is_said(serve: Serve, tmp_path: Path) -> None:
    serve_once, path = serve(), tmp_path / "plans.db"
    for number in range(20):
        name = f"2026-01-01-{number}.md"
        assert serve_once("POST", PLANS, {"filename": name, "content": name * 500}).status == 201
    serve_once.stop()
    running = serve()
    assert running("GET", "/v1/projects/other/plans").status == 200
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    with path.open("r+b") as file:
        file.seek(size)
        file.write(b"\xff" * (len(data) - size))
    for method, where, body in (("GET", PLANS, None), ("PUT", ONE, {"description": "x"})):
        check_refusal(running(method, where, body), 500, "store_corrupt", tmp_path)
    check_alive(running)


def test_a_file_that_stays_locked_is_said(ask: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    assert ask("POST", PLANS, {"filename": PLAN}).status == 201
    holder = sqlite3.connect(tmp_path / "plans.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused = ask("PUT", ONE, {"description": "x"})
    check_refusal(refused, 503, "busy", tmp_path)
    assert refused.headers["retry-after"] == "1"
    assert ask("GET", ONE).json()["revision"] == 1  # readers wait for nobody
    holder.execute("ROLLBACK")
    holder.close()
    assert ask("PUT", ONE, {"description": "x"}).status == 200


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of half a megabyte."""
    folder = tmp_path / "mounted"
    mount(folder, "512k")
    yield folder
    unmount(folder)


@pytest.fixture
def on_mount(environment: Mapping[str, str], mounted: Path) -> Iterator[Running]:
    """A server whose database is there, with a plan."""
    running = start(environment, mounted, "--db", "plans.db", "--no-auth")
    assert running("POST", PLANS, {"filename": PLAN}).status == 201
    yield running
    if running.process.poll() is None:
        running.stop()


def test_a_full_disk_is_said_and_room_is_all_that_is_needed(on_mount: Running, mounted: Path) -> None:
    filler = mounted / "filler"
    filler.write_bytes(b"x" * 100_000)
    acknowledged, refused = [PLAN], 0
    for number in range(60):
        name = f"2026-02-01-{number:03}.md"
        answer = on_mount("POST", PLANS, {"filename": name, "content": name * 500})
        if answer.status == 201:
            acknowledged.append(name)
        else:
            check_refusal(answer, 507, "store_full", mounted)
            refused += 1
    assert refused
    assert [entry["filename"] for entry in on_mount("GET", PLANS).json()] == acknowledged
    filler.unlink()
    assert on_mount("PUT", ONE, {"description": "room"}).status == 200
    check_alive(on_mount)
    with sqlite3.connect(mounted / "plans.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM plans").fetchone() == (len(acknowledged),)
    connection.close()


def test_a_disk_that_may_only_be_read_is_said(
    environment: Mapping[str, str], mounted: Path, on_mount: Running
) -> None:
    on_mount.stop()
    remount = ["mount", "-o", "remount,{}", str(mounted)]
    with sqlite3.connect(mounted / "plans.db") as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # a log could not even be opened there
    connection.close()
    subprocess.run([word.format("ro") for word in remount], check=True)
    running = start(environment, mounted, "--db", "plans.db", "--no-auth")
    try:
        check_refusal(running("PUT", ONE, {"description": "x"}), 500, "read_only", mounted)
        assert running("GET", ONE).json()["revision"] == 1
        subprocess.run([word.format("rw") for word in remount], check=True)
        # A connection that a reader has opened meanwhile goes on only reading; with its refusal it is closed.
        statuses = [running("PUT", ONE, {"description": "x"}).status for _ in range(2)]
        assert statuses[-1] == 200, statuses
        check_alive(running)
    finally:
        if running.process.poll() is None:
            running.stop()


# -- the clock, and tokens -----------------------------------------------------------------------------------


def test_a_clock_that_jumps_ends_tokens_and_nothing_else(
    environment: dict[str, str], tmp_path: Path, kas: Run
) -> None:
    clock = tmp_path / "clock"

    def set_to(days: float) -> None:
        new = clock.with_suffix(".new")
        new.write_text(str(int((EPOCH + days * DAY) * 10**9)))
        new.replace(clock)

    set_to(0)
    clocked = {"PYTHONPATH": str(CLOCKED), "KAS_TEST_CLOCK": str(clock)}
    options = ("--role", "user", "--expires", "1d", "--db", "plans.db")
    token = kas("token", "create", "Ada", *options, env=clocked).out.strip()
    agent = kas("token", "create", "bot", "--role", "agent", "--db", "plans.db", env=clocked).out.strip()
    running = start(environment | clocked, tmp_path, "--db", "plans.db")
    user, robot = {"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {agent}"}
    assert running("POST", PLANS, {"filename": PLAN}, user).status == 201
    for days, accepted in ((0.9, True), (400, False), (-400, True), (1.5, False), (0.5, True)):
        set_to(days)
        answer = running("PUT", ONE, {"description": f"{days}"}, user)
        if accepted:
            assert answer.status == 200
        else:
            check_refusal(answer, 401, "unauthenticated", token, tmp_path)
        assert running("PUT", ONE, {"topic": f"{days}"}, robot).status == 200
    entries = running("GET", f"{ONE}/history", headers=user).json()
    entries = entries["entries"] if isinstance(entries, dict) else entries
    times = [entry["time"] for entry in entries]
    assert (times, len(times)) == (sorted(times), 9)
    for event in ("cancel", "reopen", "start_over"):
        check_refusal(running("POST", TRANSITION, {"event": event}, robot), 403, "not_allowed", agent, tmp_path)
    assert running("POST", TRANSITION, {"event": "plan_start"}, robot).status == 200
    status, said = running.stop()
    assert status == 0
    for secret in (token, agent, token.rpartition("_")[2], agent.rpartition("_")[2]):
        assert secret not in said


# -- guests --------------------------------------------------------------------------------------------------


def test_more_connections_than_there_may_be_are_outlived(url: str) -> None:
    """Those that ask nothing make room after a while, and whoever comes then is answered."""
    services = Services(host_at(url, FakeClock(EPOCH)))
    listener = listen("127.0.0.1", 0)
    address = listener.getsockname()
    application = Application(services, OpenAccess(Role.USER), HostCheck(()))
    runner = Runner(application, listener, 4, limits=Limits(idle=2, receiving=2, stopping=5))
    thread = threading.Thread(target=runner.run)
    thread.start()
    flood = [socket.create_connection(address, timeout=PATIENCE) for _ in range(IDLE_CONNECTIONS + 100)]
    for connection in flood[::2]:
        connection.sendall(b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX: ")
    with socket.create_connection(address, timeout=PATIENCE) as late:
        late.sendall(b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert late.recv(100).startswith(b"HTTP/1.1 200")
    for connection in flood:
        connection.close()
    began = time.monotonic()
    runner.stop()
    thread.join()
    assert time.monotonic() - began < PATIENCE
    services.close()
