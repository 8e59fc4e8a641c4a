"""``git kas serve --cert``: the same server through TLS, over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import certificates
from certificates import Made
from git_kas.domain.mutation import LARGEST_BODY
from git_kas.ports.fakes import FakeClock
from git_kas.server.access import OpenAccess, Role
from git_kas.server.application import Application
from git_kas.server.certificates import Certificate
from git_kas.server.hosts import HostCheck
from git_kas.server.runner import Limits, listen, url_of
from git_kas.server.secure_runner import SecureRunner
from git_kas.server.services import Services
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Running, host_at
from support import EPOCH, Repo, Run, needs_program

Serve = Callable[..., Running]
CHANGES = "/v1/projects/shop/changes"
HEAD = b" HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return certificates.make(tmp_path / "tls")


@pytest.fixture
def running(serve: Serve, made: Made) -> Iterator[Running]:
    """A server with one plan, alive at the end."""
    started = serve(*made.options)
    started.trust = made.trust
    assert started("POST", PLANS, {"filename": PLAN, "content": "text"}).status == 201
    yield started
    if started.process.poll() is None:
        assert started("GET", PLANS).json()[0]["content"] == "text"


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_our_client_works_through_it(running: Running, made: Made, repo: Repo, kas: Run) -> None:
    assert running.url.startswith("https://127.0.0.1:")
    repo.git("config", "kas.store", running.url)
    trusting = {"SSL_CERT_FILE": str(made.authority)}
    for command in (
        ("plan", "create", "2026-02-02-search", "--description", "find it"),
        ("plan", "transition", "2026-02-02-search", "plan_start"),
    ):
        finished = kas(*command, cwd=repo.path, env=trusting)
        assert finished.status == 0, finished.err
    listed = kas("plan", "list", cwd=repo.path, env=trusting)
    assert (listed.status, "planning" in listed.out, "search" in listed.out) == (0, True, True)


def test_whoever_is_not_vouched_for_gets_nothing(
    running: Running, tmp_path: Path, repo: Repo, kas: Run
) -> None:
    other = certificates.make(tmp_path / "other")
    repo.git("config", "kas.store", running.url)
    for trusting in ({}, {"SSL_CERT_FILE": str(other.authority)}):
        refused = kas("plan", "list", cwd=repo.path, env={"KAS_TOKEN": "kas_secret", **trusting})
        assert refused.status == 6
        assert "its certificate or TLS cannot be trusted" in refused.err
        assert "kas_secret" not in refused.err


def test_it_speaks_both_versions_of_http(running: Running, made: Made) -> None:
    needs_program("curl")
    for option, version in (("--http2", "2"), ("--http1.1", "1.1")):
        said = subprocess.run(
            ["curl", "-sS", option, "--noproxy", "*", "--cacert", str(made.authority),
             "-w", " %{http_version} %{http_code}", running.url + PLANS],
            capture_output=True, text=True, check=True, timeout=PATIENCE,
        ).stdout  # fmt: skip
        assert (said.split()[-2:], PLAN in said) == ([version, "200"], True)


def test_requests_are_taken_as_they_come(running: Running) -> None:
    """Paths are not decoded too early, headers not mixed up, and answers have their form."""
    etag = running("GET", PLANS).headers["etag"]
    assert running("GET", PLANS, None, {"If-None-Match": etag}).status == 304
    head = running("HEAD", PLANS)
    assert (head.status, head.body, int(head.headers["content-length"]) > 0) == (200, b"", True)
    assert running("GET", f"{PLANS}/a%2Fb.md").status == 422
    assert running("GET", "/v1/projects/a%2Fb/plans").json() == []
    assert running("GET", PLANS + "?status=done").json() == []
    assert running("GET", "/nothing").status == 404
    assert running("GET", PLANS, None, {"Host": "evil.example"}).status == 403
    assert running("GET", PLANS, None, {"Origin": "https://evil.example"}).status == 403
    stale = running("PUT", ONE, {"description": "x"}, {"If-Match": '"9"'})
    assert (stale.status, stale.headers["kas-protocol"]) == (412, "1")
    spoofed = running("PUT", ONE, {"description": "x"}, {"If_Match": '"9"', "If-Match": '"1"'})
    assert spoofed.status == 200


def test_bodies_have_a_bound(running: Running) -> None:
    largest = b"0123456789abcde\n" * 2**20
    assert running("PUT", ONE + "/content", largest).status == 200
    assert running("GET", ONE + "/content").body == largest
    assert running("PUT", ONE + "/content", b"text").status == 200
    put = b"PUT " + ONE.encode() + HEAD
    declared = running.raw(put + f"Content-Length: {LARGEST_BODY + 1}\r\n\r\n".encode())
    assert declared.startswith(b"HTTP/1.1 413")
    with running.connect() as connection:
        connection.sendall(put + b"Transfer-Encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + bytes(2**20) + b"\r\n"
        try:
            for _ in range(LARGEST_BODY // 2**20 + 2):
                connection.sendall(piece)
            assert connection.recv(100).startswith(b"HTTP/1.1 413")
        except ConnectionError:  # it was answered and cut off before we had sent all
            pass
    chunked = (
        put + b'Connection: close\r\nIf-Match: "99"\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'
    )
    assert running.raw(chunked).startswith(b"HTTP/1.1 412")


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"])
def test_what_is_no_request_is_refused(running: Running, sent: bytes) -> None:
    try:
        answer = running.raw(sent)
    except (ssl.SSLEOFError, ConnectionError):  # it was answered and cut off before we had sent all
        assert running("GET", "/v1/ping").status == 200
        return
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"/" not in answer.partition(b"\r\n")[2].replace(b"HTTP/1.1", b"")


def test_whoever_speaks_no_tls_is_told_nothing(running: Running) -> None:
    with socket.create_connection(running.address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP" not in connection.recv(1000)


def test_the_end_is_graceful(running: Running, made: Made) -> None:
    """A long poll is let go and answered; who sends slowly, or nothing, holds nobody up."""
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(running("GET", CHANGES + "?since=9&wait=60").status))
    idle, slow = running.connect(), running.connect()
    slow.sendall(b"PUT " + ONE.encode() + HEAD + b"Content-Length: 100\r\n\r\n{")
    waiting.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert running.stop(signal.SIGINT) == (0, "")
    assert time.monotonic() - began < 10  # what it would wait for answers at most
    waiting.join()
    assert found == [200]
    for connection in (idle, slow):
        connection.close()


def test_the_key_should_be_nobody_elses(serve: Serve, made: Made) -> None:
    made.key.chmod(0o644)
    running = serve(*made.options)
    status, said = running.stop()
    assert (status, said.count("chmod o-rwx"), str(made.key) in said) == (0, 1, True)


def _broken(folder: Path, made: Made) -> dict[str, list[str]]:
    other = certificates.make(folder / "other")
    nonsense = folder / "nonsense.pem"
    nonsense.write_text("-----BEGIN NOTHING-----\n")
    return {
        "A certificate needs its key": ["--cert", str(made.chain)],
        "needs its key": ["--key", str(made.key)],
        "cannot be read: No such file": ["--cert", str(folder / "none"), "--key", str(made.key)],
        "cannot be read: Is a directory": ["--cert", str(made.chain), "--key", str(folder)],
        "does not belong to the certificate": ["--cert", str(made.chain), "--key", str(other.key)],
        "cannot be used": ["--cert", str(nonsense), "--key", str(made.key)],
        "with the key": ["--cert", str(made.chain), "--key", str(nonsense)],
    }


def test_what_cannot_be_used_is_said_before_anything_is_served(kas: Run, tmp_path: Path, made: Made) -> None:
    for says, options in _broken(tmp_path, made).items():
        refused = kas("serve", "--port", "0", "--no-auth", "--db", "new/plans.db", *options)
        assert (refused.status, refused.out) == (2, "")
        assert says in refused.err
    assert not (tmp_path / "new").exists()


def test_a_key_with_a_passphrase_is_refused_without_a_question(kas: Run, tmp_path: Path, made: Made) -> None:
    needs_program("openssl")
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", str(made.key), "-out", str(locked), "-passout", "pass:secret"],
        check=True,
        capture_output=True,
    )
    refused = kas("serve", "--port", "0", "--no-auth", "--cert", str(made.chain), "--key", str(locked))
    assert (refused.status, "without a passphrase" in refused.err) == (2, True)


def test_without_granian_it_is_said_how_to_get_it(
    environment: dict[str, str], tmp_path: Path, made: Made
) -> None:
    script = "import sys; sys.modules['granian'] = None; from git_kas.cli.main import main; sys.exit(main())"
    finished = subprocess.run(
        [sys.executable, "-c", script, "serve", "--no-auth", *made.options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "pip install '.[granian]'" in finished.stderr


@pytest.fixture
def impatient(url: str, made: Made) -> Iterator[Running]:
    """A server in this process that waits for nobody longer than two seconds."""
    services = Services(host_at(url, FakeClock(EPOCH)))
    listener = listen("127.0.0.1", 0)
    runner = SecureRunner(
        Application(services, OpenAccess(Role.USER), HostCheck(())),
        listener,
        4,
        certificate=Certificate(str(made.chain), str(made.key)),
        before_end=services.hub.release,
        limits=Limits(idle=2, receiving=2, stopping=5),
    )
    nobody = subprocess.Popen([sys.executable, "-c", ""])
    nobody.wait()
    running = Running(nobody, url_of(listener, "https"), made.trust)
    thread = threading.Thread(target=runner.run)
    thread.start()
    yield running
    runner.stop()
    thread.join()
    services.close()


def test_whoever_is_too_slow_is_let_go_and_others_are_answered(impatient: Running) -> None:
    assert impatient("POST", PLANS, {"filename": PLAN}).status == 201
    before = open_files()
    slow = [impatient.connect() for _ in range(40)]
    for connection in slow[10:20]:
        connection.sendall(b"GET /v1/ping" + HEAD + b"X-Slow: ")
    for connection in slow[20:30]:
        connection.sendall(b"PUT " + ONE.encode() + HEAD + b"Content-Length: 100\r\n\r\n{")
    for connection in slow[30:]:
        connection.sendall(b"GET /v1/ping" + HEAD + b"\r\n")
    assert impatient("PUT", ONE, {"description": "x"}).status == 200
    for connection in slow[:30]:
        while not has_ended(connection):
            pass
    for connection in slow:
        connection.close()
    until(lambda: open_files() <= before + 20)  # threads open databases


def test_whoever_waits_for_an_answer_is_not_idle(impatient: Running) -> None:
    began = time.monotonic()
    assert impatient("GET", CHANGES + "?since=9&wait=6").status == 200
    assert time.monotonic() - began >= 5


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


def has_ended(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection, after an answer or not; it is waited for."""
    try:
        return connection.recv(4096) == b""
    except TimeoutError:
        raise
    except OSError:
        return True
