"""How often a server is asked, and what happens when an answer is lost on the way."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event as ThreadEvent

import pytest

from double_server import Double, Reply
from git_kas.domain.lifecycle import Actor, Event
from git_kas.domain.mutation import Author, Create, Request, SetContent, Transition
from git_kas.domain.names import PlanName
from git_kas.errors import Unreachable
from git_kas.ports.store import Store, StoreRequest
from git_kas_remote.opening import open_store
from raw_server import RawServer, raw_server, reply
from support import Repo, Run

PLAN = PlanName("2026-01-01-rate-limit.md")
USER = Request(Author(Actor.USER, "Ada"))
KEYED = USER._replace(key="the key")


def opened(url: str, **environment: str) -> Store:
    return open_store(
        StoreRequest(url, None, lambda: "p", lambda: "", None, None, environment=environment)  # type: ignore[arg-type]  # not asked for
    )


# -- one round trip ----------------------------------------------------------------------------------------

ONE_REQUEST = {
    "plan list": ("GET", "/v1/projects/p/state"),
    "plan list --status ready --topic api --json": ("GET", "/v1/projects/p/state?status=ready&topic=api"),
    "triage": ("GET", "/v1/projects/p/state"),
    "triage --json": ("GET", "/v1/projects/p/state"),
    "plan transition 2026-01-01-rate-limit plan_start": ("POST", "/v1/projects/p/commits"),
    "plan set-status 2026-01-01-rate-limit done --force": ("POST", "/v1/projects/p/commits"),
    "plan rename 2026-01-01-rate-limit 2026-01-01-limits": ("POST", "/v1/projects/p/commits"),
    "plan create 2026-01-02-billing --topic api": ("POST", "/v1/projects/p/commits"),
    "export": ("GET", "/v1/projects/p/export"),
}


@pytest.mark.parametrize("command", ONE_REQUEST)
def test_a_command_is_one_request(double: Double, repo: Repo, kas: Run, command: str) -> None:
    double.store("p").commit(Create(PLAN, branch="plan/rate-limit", topic="api", content=b"# Limit\n"), USER)
    env = {"KAS_STORE": double.url, "KAS_PROJECT": "p"}
    finished = kas(*command.split(), cwd=repo.path, env=env)
    assert (finished.status, finished.err) == (0, ""), finished
    assert [(seen.method, seen.path) for seen in double.seen] == [ONE_REQUEST[command]]


def test_what_is_remarked_comes_with_the_list_once(double: Double) -> None:
    said = {"change": 1, "plans": [], "remarks": [{"kind": "unreadable_name", "text": "x", "plan": None}]}
    double.instead = lambda seen: (
        Reply(200, json.dumps(said).encode()) if seen.path.endswith("/state") else None
    )
    store = opened(double.url)
    store.list_plans()
    assert [remark.text for remark in store.remarks()] == ["x"]
    assert store.remarks() == []  # asked anew
    assert len(double.seen) == 2
    store.close()


def test_a_connection_is_kept(double: Double) -> None:
    with relay(double.url) as (between, connections):
        store = opened(between.url)
        for _ in range(5):
            store.list_plans()
        store.commit(Create(PLAN), USER)
        store.close()
        assert (len(double.seen), connections()) == (6, 1)


REPORT = """
import sys
from git_kas.cli.main import main
status = main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(status)
"""
HEAVY = {"asyncio", "bottle", "dulwich", "git", "pluggy", "pygit2", "rich", "sqlalchemy", "textual", "waitress"}


@pytest.mark.parametrize("command", ["plan list", "plan transition 2026-01-01-rate-limit plan_start"])
def test_no_other_library_is_loaded(
    double: Double, repo: Repo, environment: Mapping[str, str], command: str
) -> None:
    double.store("p").commit(Create(PLAN), USER)
    finished = subprocess.run(
        [sys.executable, "-c", REPORT, *command.split()],
        cwd=repo.path,
        env={**environment, "KAS_STORE": double.url, "KAS_PROJECT": "p"} | {"COVERAGE_PROCESS_START": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    modules = set(finished.stderr.split())
    assert "urllib3" in modules
    assert modules & (HEAVY | {"git_kas.server"}) == set()
    others = {name for name in modules if name.startswith(("git_kas_sql.", "git_kas_json."))}
    assert others <= {
        "git_kas_sql.plugin",
        "git_kas_json.plugin",
    }  # who asks which plugins observe looks into them


# -- lost answers ------------------------------------------------------------------------------------------


class Relay:
    """Stands between a client and a server; ``lose`` says which answers do not come back."""

    def __init__(self, url: str) -> None:
        self.lose = 0
        self.connections: set[int] = set()
        self._address = ("127.0.0.1", int(url.rpartition(":")[2]))

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        self.connections.add(id(connection))
        with socket.create_connection(self._address) as behind:
            behind.sendall(re.sub(rb"(?i)\r\n\r\n", b"\r\nConnection: close\r\n\r\n", request, count=1))
            answer = b""
            while piece := behind.recv(65536):
                answer += piece
        if self.lose:
            self.lose -= 1
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(answer.replace(b"Connection: close\r\n", b""))


class relay:  # noqa: N801 - used as a function
    """A relay that runs, and how many connections it was asked through."""

    def __init__(self, url: str) -> None:
        self._relay = Relay(url)
        self._server = raw_server(self._relay)

    def __enter__(self) -> tuple[RawServer, Callable[[], int]]:
        return self._server.__enter__(), lambda: len(self._relay.connections)

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(None, None, None)


@pytest.fixture
def lossy(double: Double) -> Relay:
    """A relay to the server."""
    return Relay(double.url)


def test_with_a_key_a_lost_answer_is_asked_for_again_and_nothing_happens_twice(
    double: Double, lossy: Relay
) -> None:
    double.store("p").commit(Create(PLAN), USER)
    start = Transition(PLAN, (Event.PLAN_START,))
    with raw_server(lossy) as between:
        store = opened(between.url)
        lossy.lose = 1
        outcome = store.commit(start, KEYED)
        assert outcome.replayed
        assert (outcome.change, outcome.plan and outcome.plan.revision) == (2, 2)
        lossy.lose = 2
        with pytest.raises(Unreachable) as caught:
            store.commit(SetContent(PLAN, b"x"), KEYED._replace(key="another"))
        assert "nothing happens twice" in caught.value.next_step
        assert store.commit(SetContent(PLAN, b"x"), KEYED._replace(key="another")).replayed
        store.close()
    assert [entry.key for entry in double.store("p").history()] == ["", "the key", "another"]


def test_without_a_key_nobody_asks_again(double: Double, lossy: Relay) -> None:
    with raw_server(lossy) as between:
        store = opened(between.url)
        lossy.lose = 1
        with pytest.raises(Unreachable, match="plan store unreachable") as caught:
            store.commit(Create(PLAN), USER)
        assert "not known whether the change was made" in caught.value.next_step
        assert len(between.requests) == 1
        lossy.lose = 1
        asked = [(SetContent(PLAN, b"x"), KEYED), (SetContent(PLAN, b"y"), USER)]
        with pytest.raises(Unreachable):
            store.commit_all(asked)
        assert len(between.requests) == 2
        store.close()
    assert len(double.store("p").history()) == 3


def test_a_reading_is_repeated_once(double: Double, lossy: Relay) -> None:
    with raw_server(lossy) as between:
        store = opened(between.url)
        lossy.lose = 1
        assert store.list_plans() == []
        lossy.lose = 2
        with pytest.raises(Unreachable):
            store.list_plans()
        assert len(between.requests) == 4
        store.close()


def test_a_lost_answer_through_the_program(double: Double, lossy: Relay, repo: Repo, kas: Run) -> None:
    with raw_server(lossy) as between:
        env = {"KAS_STORE": between.url, "KAS_PROJECT": "p"}
        lossy.lose = 1
        finished = kas("plan", "create", "x", cwd=repo.path, env=env)
        assert (finished.status, len(between.requests)) == (6, 1)
        assert "look before you repeat" in finished.err
        lossy.lose = 1
        finished = kas("plan", "transition", "x", "plan_start", "--key", "k", cwd=repo.path, env=env)
        assert (finished.status, finished.err) == (0, "")
    assert [entry.revision for entry in double.store("p").history()] == [1, 2]


def test_a_connection_that_was_closed_meanwhile_is_no_fault(double: Double) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        Relay(double.url)(connection, request)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    closed = ThreadEvent()
    with raw_server(script) as between:
        store = opened(between.url)
        for number in range(3):
            store.commit(Create(PlanName(f"{number}.md")), USER)
            assert closed.wait(10)
            closed.clear()
        store.close()
    assert len(double.store("p").list_plans()) == 3


# -- waiting -----------------------------------------------------------------------------------------------


def test_a_long_wait_is_a_few_requests(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git_kas_remote.store._LONGEST_WAIT", 0.2)
    store = opened(double.url)
    assert store.changes(0, 0.5) == 0
    asked = [seen.path.partition("?")[2] for seen in double.seen]
    assert asked[0] == "since=0&wait=0.200"
    assert 2 <= len(asked) <= 4
    store.close()


def test_a_server_that_lets_go_of_who_waits_is_not_pestered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that ends does, or one that knows of no waiting."""
    pauses: list[float] = []
    monkeypatch.setattr("git_kas_remote.store.time.sleep", pauses.append)

    def script(connection: socket.socket, request: bytes) -> None:
        change = 3 if len(pauses) < 5 else 4
        connection.sendall(reply("200 OK", b'{"change": %d}' % change))

    with raw_server(script) as server:
        store = opened(server.url)
        assert store.changes(3, 600.0) == 4
        assert len(server.requests) == 6
        assert len(pauses) == 5
        assert pauses[0] < 1
        assert pauses[4] > 5
        store.close()


def test_project_names_that_a_path_cannot_hold_are_refused(repo: Repo, kas: Run, tmp_path: Path) -> None:
    env = {"KAS_STORE": "http://127.0.0.1:1", "KAS_PROJECT": ".."}
    finished = kas("plan", "list", cwd=repo.path, env=env)
    assert finished.status == 2
    assert "no project of the name '..'" in finished.err
