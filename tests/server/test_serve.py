"""``git kas serve`` as a process: its start, its end, and what is left when it is killed."""

from __future__ import annotations

import http.client
import json
import select
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema

from git_kas.cli.schema import output_schema
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Running
from support import GIT_KAS, Run

Serve = Callable[..., Running]
CHANGES = "/v1/projects/shop/changes"


def test_one_line_says_where_and_a_signal_ends_it(serve: Serve, tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        running = serve()
        assert running.url.startswith("http://127.0.0.1:")
        assert running("GET", "/v1/ping").status == 200
        assert running.stop(number) == (0, "")
    assert not (tmp_path / "plans.db").exists()  # reading makes no database


def test_the_database_of_a_server_is_made_for_its_account_alone(serve: Serve, kas: Run, tmp_path: Path) -> None:
    """Whoever could read it would need no token; one that is there keeps the mode that somebody gave it."""
    database = tmp_path / "plans.db"
    running = serve()
    assert running("POST", PLANS, {"filename": PLAN}).status == 201
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("plans.db*")} == {0o600}
    assert running.stop() == (0, "")
    assert kas("token", "create", "Ada", "--db", "tokens.db").status == 0
    assert stat.S_IMODE((tmp_path / "tokens.db").stat().st_mode) == 0o600
    database.chmod(0o640)
    running = serve()
    assert running("DELETE", ONE).status == 204
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("plans.db*")} == {0o640}


def test_the_line_is_a_document_with_json(environment: dict[str, str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(GIT_KAS), "serve", "--json", "--no-auth", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    document = json.loads(process.stdout.readline())
    process.terminate()
    assert process.communicate(timeout=60)[0] == b""
    jsonschema.Draft202012Validator(output_schema()).validate(document)
    assert (process.returncode, document["kind"]) == (0, "serve")
    assert document["data"]["database"] == f"{environment['HOME']}/.local/share/git-kas/plans.sqlite"


_SLOW = """
import sys, threading, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("git_kas_") and threading.current_thread() is not threading.main_thread():
            time.sleep(1)

sys.meta_path.insert(0, Slow())
"""


def test_the_line_is_on_standard_output_however_long_plugins_take(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """What plugins print while they are loaded goes elsewhere, and standard output is one for all threads."""
    (tmp_path / "sitecustomize.py").write_text(_SLOW)
    (tmp_path / "plans.db").touch()
    process = subprocess.Popen(
        [str(GIT_KAS), "serve", "--no-auth", "--port", "0", "--db", "plans.db"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    ready, _, _ = select.select([process.stdout, process.stderr], [], [], PATIENCE)
    assert ready == [process.stdout]
    process.terminate()
    said, complaints = process.communicate(timeout=PATIENCE)
    assert (said.startswith(b"Serving "), said.count(b"\n"), complaints) == (True, 1, b"")


def test_what_cannot_be_served_is_said(kas: Run, serve: Serve, tmp_path: Path) -> None:
    port = str(serve().address[1])
    taken = kas("serve", "--no-auth", "--port", port)
    assert (taken.status, "in use" in taken.err) == (2, True)
    assert kas("serve", "--no-auth", "--port", "65536").status == 2
    assert kas("serve", "--no-auth", "--bind", "203.0.113.7", "--port", "0").status == 2
    assert kas("serve", "--no-auth", "--db", "json:x").status == 2
    (tmp_path / "other.db").write_text("this is no database, whatever its name says\n" * 50)
    damaged = kas("serve", "--no-auth", "--port", "0", "--db", "other.db")
    assert (damaged.status, "cannot be understood" in damaged.err) == (1, True)


def test_what_is_not_installed_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    script = "import sys; sys.modules['bottle'] = None; from git_kas.cli.main import main; sys.exit(main())"
    finished = subprocess.run(
        [sys.executable, "-c", script, "serve", "--no-auth"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "pip install '.[server]'" in finished.stderr


def test_a_request_that_has_begun_is_answered_at_the_end(serve: Serve) -> None:
    running = serve()
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(running("GET", CHANGES + "?since=0&wait=60").status))
    waiting.start()
    time.sleep(0.3)
    assert running.stop() == (0, "")
    waiting.join()
    assert found == [200]


def test_what_was_acknowledged_is_there_after_a_kill(serve: Serve) -> None:
    running = serve()
    acknowledged: list[str] = []
    lock = threading.Lock()

    def write(worker: int) -> None:
        for number in range(1_000):
            name = f"{worker}-{number:04}.md"
            try:
                status = running("POST", PLANS, {"filename": name, "content": name}).status
            except (OSError, http.client.HTTPException):  # the answer may be cut short anywhere
                return
            assert status == 201
            with lock:
                acknowledged.append(name)

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 40:
        time.sleep(0.01)
    running.process.kill()
    for worker in workers:
        worker.join()
    running.process.communicate()
    again = serve()
    stored = {entry["filename"]: entry["content"] for entry in again("GET", PLANS).json()}
    assert set(acknowledged) <= set(stored)
    assert all(name == content for name, content in stored.items())
    assert len(stored) <= len(acknowledged) + len(workers)
    assert again("GET", CHANGES).json()["change"] == len(stored)


def test_a_commit_of_another_process_is_seen_at_once(serve: Serve) -> None:
    one, other = serve(), serve()
    assert one("POST", PLANS, {"filename": PLAN}).status == 201
    for number in range(1, 30):
        writer, reader = (one, other) if number % 2 else (other, one)
        etag = reader("GET", PLANS).headers["etag"]
        assert writer("PUT", ONE, {"description": str(number)}).status == 200
        fresh = reader("GET", PLANS, None, {"If-None-Match": etag})
        assert (fresh.status, fresh.json()[0]["description"]) == (200, str(number))
        assert reader("GET", ONE).json()["description"] == str(number)


def test_who_waits_hears_of_the_commit_of_another_process(serve: Serve) -> None:
    one, other = serve(), serve()
    one("POST", PLANS, {"filename": PLAN})
    found: list[int] = []
    waiting = threading.Thread(
        target=lambda: found.append(one("GET", CHANGES + "?since=1&wait=60").json()["change"])
    )
    waiting.start()
    time.sleep(0.3)
    other("PUT", ONE, {"description": "x"})
    waiting.join()
    assert found == [2]


def test_a_locked_database_is_said_and_outlived(serve: Serve, tmp_path: Path) -> None:
    running = serve()
    running("POST", PLANS, {"filename": PLAN})
    path = tmp_path / "plans.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    late: list[int] = []
    writing = threading.Thread(target=lambda: late.append(running("PUT", ONE, {"description": "x"}).status))
    writing.start()
    assert running("GET", ONE).status == 200
    holder.execute("COMMIT")
    holder.close()
    writing.join()
    assert late == [200]


def test_a_silent_client_keeps_nobody_waiting(serve: Serve) -> None:
    running = serve("--max-watchers", "0")  # sixteen threads
    slow = [socket.create_connection(running.address) for _ in range(100)]
    for connection in slow[:50]:
        connection.sendall(b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    for connection in slow[50:]:
        connection.sendall(
            b"PUT " + ONE.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"
        )
    assert running("GET", "/v1/ping").status == 200
    assert running("POST", PLANS, {"filename": PLAN}).status == 201
    for connection in slow:
        connection.close()
