"""What goes wrong between here and a server: each has its own words and exit status, and nothing is kept."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from double_server import Double, Reply
from git_kas.domain.names import PlanName
from git_kas.errors import SchemaTooNew, Unreachable
from git_kas.ports.store import Store, StoreRequest
from git_kas_remote import transport
from git_kas_remote.opening import open_store
from raw_server import Script, raw_server, reply
from support import Finished, Repo, Run

COMMANDS = (("plan", "list"), ("plan", "create", "x"), ("triage",))
SOME = b'{"change": 0, "plans": [], "remarks": []}'


def send(data: bytes) -> Script:
    """Answer everything with ``data``."""
    return lambda connection, _: connection.sendall(data)


def send_and_close(data: bytes) -> Script:
    """The same, and then end the connection."""

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return script


def half_close(connection: socket.socket, _: bytes) -> None:
    """Read on, but say no more."""
    connection.shutdown(socket.SHUT_WR)


def refusal(status: str, code: str, message: str = "No.", *headers: str) -> Script:
    return send(reply(status, json.dumps({"error": message, "code": code, "next": "Ask."}).encode(), *headers))


FAULTS: Mapping[str, tuple[Script, int, str]] = {
    "closed at once": (send_and_close(b""), 6, "the connection ended before the answer was complete"),
    "half closed": (half_close, 6, "the connection ended before the answer was complete"),
    "head cut off": (send_and_close(b"HTTP/1.1 200 OK\r\nContent-"), 6, ""),
    "body cut off": (send_and_close(reply("200 OK", SOME, length=99)), 6, "before the answer was complete"),
    "chunk cut off": (
        send_and_close(b"HTTP/1.1 200 OK\r\nKas-Protocol: 1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
        6,
        "before the answer was complete",
    ),
    "no HTTP": (send_and_close(b"SSH-2.0-OpenSSH_9.6\r\n"), 6, "does not speak HTTP"),
    "endless headers": (
        send_and_close(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n"),
        6,
        "does not speak HTTP",
    ),
    "a stranger": (
        send(reply("200 OK", b"<html>Welcome</html>", protocol="")),
        6,
        "with status 200 there is not git-kas",
    ),
    "an earlier server": (send(reply("404 Not Found", b"404 page not found\n", protocol="")), 6, "status 404"),
    "a proxy's error": (send(reply("502 Bad Gateway", b"<h1>502</h1>", protocol="")), 6, "status 502"),
    "another protocol": (send(reply("200 OK", SOME, protocol="2")), 1, "speaks protocol 2"),
    "a strange protocol": (send(reply("200 OK", SOME, protocol="x" * 300)), 1, "speaks protocol xxx"),
    "redirect": (
        send(reply("302 Found", b"", "Location: http://u:hunter2@elsewhere.invalid/")),
        6,
        "it redirects to http://***@elsewhere.invalid/, which is not followed",
    ),
    "no JSON": (send(reply("200 OK", b"{")), 6, "cannot be understood: it is no JSON"),
    "not even a text": (send(reply("200 OK", b"\xff\xfe\x00")), 6, "it is no JSON"),
    "deep JSON": (send(reply("200 OK", b"[" * 200_000)), 6, "cannot be understood"),
    "JSON of another form": (send(reply("200 OK", b'{"plans": [{"x": 1}]}')), 6, "cannot be understood"),
    "JSON of another kind": (send(reply("200 OK", b"null")), 6, "cannot be understood"),
    "larger than all": (send(reply("200 OK", b"", length=10**12)), 6, "its answer is larger than 256 MiB"),
    "asks for a token": (refusal("401 Unauthorized", "unauthenticated"), 9, "asks for a token"),
    "forbids": (refusal("403 Forbidden", "not_allowed", "You may not."), 9, "You may not."),
    "takes no more": (refusal("413 Too Large", "bad_request"), 2, "too large for http://127.0.0.1:"),
    "busy for long": (refusal("503 Busy", "busy", "All is locked.", "Retry-After: 60"), 7, "All is locked."),
    "its database is gone": (
        refusal("503 Gone", "unreachable", "plan store unreachable: x."),
        6,
        "unreachable: x",
    ),
    "full": (refusal("507 Full", "store_full", "No room is left."), 1, "No room is left."),
    "a defect": (refusal("500 Oops", "internal", "internal error"), 1, "failed: internal error."),
    "no reason": (send(reply("500 Oops", b"oops")), 6, "it answers with status 500 and no reason"),
}


def trees(repo: Repo, environment: dict[str, str]) -> list[tuple[str, bytes]]:
    """All that a command could have written."""
    roots = (repo.path, Path(environment["HOME"]))
    files = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return [(str(path), path.read_bytes()) for path in files if "kas/cache" not in path.as_posix()]


@pytest.mark.parametrize(("script", "status", "says"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_told_and_nothing_is_written_elsewhere(
    repo: Repo, kas: Run, environment: dict[str, str], script: Script, status: int, says: str
) -> None:
    before = trees(repo, environment)
    with raw_server(script) as server:
        for command in COMMANDS:
            finished = kas(*command, cwd=repo.path, env={"KAS_STORE": server.url})
            told_well(finished, status, says, server.url)
            document = kas(*command, "--json", cwd=repo.path, env={"KAS_STORE": server.url}).json()
            assert (document["kind"], document["error"]["exit"]) == ("error", status)
    assert trees(repo, environment) == before


def told_well(finished: Finished, status: int, says: str, url: str) -> None:
    assert finished.status == status, finished
    assert finished.out == ""
    assert says in finished.err
    assert "Traceback" not in finished.err
    assert "hunter2" not in finished.err
    if status == 6:
        assert finished.err.startswith("git-kas: plan store unreachable: ")
        assert url in finished.err or says == "unreachable: x"
    assert len(finished.err.splitlines()) == 2  # what is wrong, and what to do


SLOW: Mapping[str, Callable[[socket.socket, bytes, Callable[[], bool]], None]] = {
    "silent": lambda _, __, ___: None,
    "slow head": lambda connection, _, ended: drip(
        connection, b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 90, ended
    ),
    "slow body": lambda connection, _, ended: drip(connection, reply("200 OK", b" " * 900), ended, 70),
}


def drip(connection: socket.socket, data: bytes, ended: Callable[[], bool], at_once: int = 0) -> None:
    """Send a byte now and then, so that no single reading takes long."""
    connection.sendall(data[:at_once])
    for byte in data[at_once:]:
        connection.sendall(bytes([byte]))
        if ended():
            return


@pytest.mark.parametrize("how", SLOW)
def test_a_slow_server_is_given_up(repo: Repo, kas: Run, how: str) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        SLOW[how](connection, request, lambda: server.ended.wait(0.3))

    with raw_server(script) as server:
        finished = kas("plan", "create", "x", cwd=repo.path, env={"KAS_STORE": server.url})
        assert len(server.requests) == 1
    told_well(finished, 6, "it does not answer in time", server.url)
    assert "not known whether the change was made" in finished.err


def test_nobody_there(repo: Repo, kas: Run, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    before = trees(repo, environment)
    for command in COMMANDS:
        finished = kas(*command, cwd=repo.path, env={"KAS_STORE": url})
        told_well(finished, 6, f"{url}: it cannot be reached: Connection refused.", url)
        assert "nothing was written elsewhere" in finished.err
    assert trees(repo, environment) == before


def test_where_asks_nobody(repo: Repo, kas: Run) -> None:
    finished = kas("where", "--json", cwd=repo.path, env={"KAS_STORE": "http://127.0.0.1:1/plans/"})
    assert finished.data["place"] == "http://127.0.0.1:1/plans"


# -- a busy server -----------------------------------------------------------------------------------------


def test_a_busy_server_is_asked_again(double: Double, repo: Repo, kas: Run) -> None:
    busy = [Reply(503, b'{"error": "locked", "code": "busy", "next": ""}', {"Retry-After": "0"})] * 2
    double.instead = lambda _: busy.pop() if busy else None
    env = {"KAS_STORE": double.url, "KAS_PROJECT": "p"}
    assert kas("plan", "create", "x", cwd=repo.path, env=env).status == 0
    assert len(double.seen) == 3
    assert [plan.revision for plan in double.store("p").list_plans()] == [1]


def test_but_not_for_ever(double: Double, repo: Repo, kas: Run) -> None:
    double.instead = lambda _: Reply(
        503, b'{"error": "locked", "code": "busy", "next": ""}', {"Retry-After": "0"}
    )
    assert kas("plan", "list", cwd=repo.path, env={"KAS_STORE": double.url}).status == 7
    assert len(double.seen) == 3


# -- in this process ---------------------------------------------------------------------------------------


def opened(url: str, **environment: str) -> Store:
    return open_store(
        StoreRequest(url, None, lambda: "p", lambda: "", None, None, environment=environment)  # type: ignore[arg-type]  # not asked for
    )


@pytest.mark.parametrize(
    "head",
    [
        "Kas-Protocol: 1\r\nKas-Content-Id: {id}\r\nContent-Le",
        "Kas-Protocol: 1\r\nKas-Content-Id: {id:.7}",
        "Kas-Protocol: 1\r\nKas-Con",
    ],
)
def test_a_text_whose_head_is_cut_off_is_no_text(head: str) -> None:
    """The library takes what has come of the headers for all of them."""
    cut_off = f"HTTP/1.1 200 OK\r\n{head.format(id=sha256(b'text').hexdigest())}"
    with raw_server(send_and_close(cut_off.encode())) as server:
        store = opened(server.url)
        with pytest.raises(Unreachable, match="cannot be understood"):
            store.get_content(PlanName("a.md"))
        store.close()


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 2 * 1024 * 1024)

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nKas-Protocol: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")

    with raw_server(script) as server:
        store = opened(server.url)
        with pytest.raises(Unreachable, match="larger than 2 MiB"):
            store.list_plans()
        store.close()


def test_more_answers_than_questions_are_told() -> None:
    from git_kas.domain.lifecycle import Actor
    from git_kas.domain.mutation import Author, CreateTopic, Request

    with raw_server(send(reply("200 OK", b'{"answers": []}'))) as server:
        store = opened(server.url)
        with pytest.raises(Unreachable, match="0 answers to 1 commits") as caught:
            store.commit(CreateTopic("x"), Request(Author(Actor.USER)))
        assert "not known whether" in caught.value.next_step
        store.close()


def test_ping_wants_git_kas_to_answer() -> None:
    with raw_server(send(reply("200 OK", b""))) as server:
        store = opened(server.url)
        store.ping()
        store.close()
    with raw_server(send(reply("200 OK", b"", protocol="2"))) as server:
        store = opened(server.url)
        with pytest.raises(SchemaTooNew):
            store.ping()
        store.close()


# -- certificates ------------------------------------------------------------------------------------------

SELF_SIGNED = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
)


def test_a_certificate_that_nobody_vouches_for_is_refused(repo: Repo, kas: Run, tmp_path: Path) -> None:
    import ssl
    from threading import Thread

    from support import needs_program

    needs_program("openssl")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [*SELF_SIGNED.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    seen: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(reply("200 OK", SOME, "Connection: close"))
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, args=(listener,), daemon=True).start()
        url = f"https://localhost:{listener.getsockname()[1]}"
        refused = kas("plan", "list", cwd=repo.path, env={"KAS_STORE": url})
        told_well(refused, 6, "its certificate or TLS cannot be trusted: ", url)
        create = kas("plan", "create", "x", cwd=repo.path, env={"KAS_STORE": url})
        assert "nothing was written elsewhere" in create.err  # it was never sent
        assert seen == []
        trusted = kas("plan", "list", cwd=repo.path, env={"KAS_STORE": url, "SSL_CERT_FILE": str(certificate)})
        assert (trusted.status, trusted.err) == (0, "")


def test_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time an answer has grows with what it brings, not with how often it brings something."""
    monkeypatch.setattr("git_kas_remote.store.PATIENCE", 0.4)
    began = time.monotonic()
    body = SOME[:-1] + b" " * 600_000 + b"}"

    def script(connection: socket.socket, _: bytes) -> None:
        data = reply("200 OK", body)
        for start in range(0, len(data), 60_000):
            connection.sendall(data[start : start + 60_000])
            time.sleep(0.1)

    with raw_server(script) as server:
        store = opened(server.url)
        assert store.list_plans() == []
        store.close()
    assert time.monotonic() - began > 0.4
