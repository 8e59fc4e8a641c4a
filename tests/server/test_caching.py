"""Answers that are remembered, and that are never stale."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Status
from git_kas.domain.mutation import Author, Create, Request, Update
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan
from git_kas.errors import KasError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store_host import Asked
from git_kas.server.caches import AnswerCache, ContentCache, EntryCache
from git_kas.server.exchange import Answer
from git_kas.server.services import Services
from git_kas_sql.host import SqlHost
from server.hosting import ONE, PLAN, PLANS, Client, application, host_at
from support import EPOCH

NAME = PlanName(PLAN)
USER = Request(Author(Actor.USER))
READS = (
    PLANS,
    ONE,
    ONE + "/content",
    "/v1/projects/shop/topics",
    "/v1/projects/shop/state",
    "/v1/projects/shop/history",
    f"/v1/projects/shop/state/{PLAN}",
    "/v1/projects/shop/remarks",
    ONE + "/history",
)


class Counting:
    """A host that counts how often somebody reads a project's rows."""

    def __init__(self, host: SqlHost) -> None:
        self._host = host
        self.opened = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def moment(self, project: str) -> Any:
        self.opened += 1
        return self._host.moment(project)


@pytest.mark.parametrize("path", READS)
def test_who_has_the_answer_gets_none_and_no_row_is_read(url: str, path: str) -> None:
    host = Counting(host_at(url, FakeClock(EPOCH)))
    services = Services(host)
    ask = application(services)
    ask("POST", PLANS, {"filename": PLAN, "content": "x", "topic": "t"})
    first = ask("GET", path)
    read = host.opened
    assert read == 1
    for wanted in (first.headers["etag"], "W/" + first.headers["etag"], f'"x", {first.headers["etag"]}'):
        same = ask("GET", path, None, {"If-None-Match": wanted})
        assert (same.status, same.body, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert ask("GET", path).body == first.body
    assert ask("HEAD", path).body == b""
    assert ask("HEAD", path).headers["content-length"] == str(len(first.body))
    assert host.opened == read
    ask("PUT", ONE, {"content": "y"})
    assert ask("GET", path, None, {"If-None-Match": first.headers["etag"]}).status == 200
    services.close()


def test_a_commit_behind_our_back_is_seen(url: str, ask: Client) -> None:
    other = host_at(url, FakeClock(EPOCH))
    for number in range(20):
        mutation = Update(NAME, description=str(number)) if number else Create(NAME, description="0")
        other.store("shop").commit(mutation, USER)
        assert ask("GET", ONE).json()["description"] == str(number)
        assert ask("GET", PLANS).json()[0]["description"] == str(number)
    other.close()


def test_readers_never_see_an_older_state_than_was_acknowledged(services: Services) -> None:
    ask = application(services)
    ask("POST", PLANS, {"filename": PLAN, "description": "0", "content": "0"})
    done = threading.Event()
    acknowledged = [0]
    failures: list[str] = []

    def write() -> None:
        for number in range(1, 120):
            ask("PUT", ONE, {"description": str(number), "content": str(number)})
            acknowledged[0] = number
        done.set()

    def read(path: str) -> None:
        last = 0
        while not done.is_set():
            least = max(acknowledged[0], last)
            found = ask("GET", path).json()
            entry = found[0] if isinstance(found, list) else found
            last = int(entry["description"])
            if last < least or entry["content"] != str(last):
                failures.append(f"{path}: {entry} after {least}")

    threads = [threading.Thread(target=read, args=(path,)) for path in (PLANS, ONE, PLANS, ONE)]
    threads.append(threading.Thread(target=write))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_caches_keep_to_their_budgets() -> None:
    answers = AnswerCache(50_000)
    for number in range(1_000):
        answers.put(f"p{number % 30}", number // 30, f"/{number}", Answer(200, bytes(3_000)))
        assert answers._size <= 50_000
    assert answers.get("p9", 33, "/999") is not None
    assert answers.get("p9", 32, "/999") is None
    answers.put("p9", 1, "/old", Answer(200))
    assert answers.get("p9", 33, "/999") is not None  # what is older does not replace what is newer
    answers.put("p9", 33, "/large", Answer(200, bytes(40_000)))
    assert answers.get("p9", 33, "/large") is None


def test_a_text_is_kept_only_under_its_own_hash() -> None:
    contents = ContentCache(10_000)
    wrong = "0" * 64
    assert contents.text(wrong, lambda: b"newer") == b"newer"
    assert contents.text(wrong, lambda: b"newest") == b"newest"
    assert contents.text(wrong, lambda: None) == b""


def test_an_entry_is_given_for_the_plan_that_it_was_made_of() -> None:
    entries = EntryCache(50_000)
    plan = Plan(NAME, Status.READY, extra={"x": 1})
    entries.put("p", plan, b"1")
    assert entries.get("p", plan) == b"1"
    assert entries.get("q", plan) is None
    alike = Plan(NAME, Status.READY, extra={"x": True})
    assert alike == plan
    assert entries.get("p", alike) is None
    entries.put("p", alike, b"true")
    assert (entries.get("p", plan), entries.get("p", alike)) == (None, b"true")


def test_entries_keep_to_their_budget() -> None:
    entries = EntryCache(50_000)
    plans = [Plan(PlanName(f"{number}.md"), Status.READY) for number in range(200)]
    for number, plan in enumerate(plans):
        entries.put("p", plan, bytes(3_000))
        entries.put("p", plan, bytes(2_000))
        assert entries.get("p", plans[0]) is not None, number  # what is asked for stays
        assert entries._size == 3_000 * len(entries._entries) <= 50_000
    assert entries.get("p", plans[100]) is None
    entries.put("p", plans[100], bytes(40_000))
    assert entries.get("p", plans[100]) is None


def test_a_text_that_is_missing_is_not_remembered_as_an_empty_one(
    services: Services, ask: Client, tmp_path: Path
) -> None:
    ask("POST", PLANS, {"filename": PLAN, "content": "x"})
    with sqlite3.connect(tmp_path / "plans.db") as connection:
        connection.execute("UPDATE contents SET id = 'away'")
    assert "content" not in ask("GET", ONE).json()
    with sqlite3.connect(tmp_path / "plans.db") as connection:
        connection.execute("UPDATE contents SET id = ?", (sha256(b"x").hexdigest(),))
    assert ask("GET", ONE + "?again").json()["content"] == "x"
    connection.close()


# -- group commit ----------------------------------------------------------------------------------------------


class Slow:
    """A host whose first commit takes until it is let go."""

    def __init__(self, host: SqlHost) -> None:
        self._host = host
        self.begun, self.go = threading.Event(), threading.Event()
        self.together: list[int] = []
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        self.together.append(len(asked))
        self.begun.set()
        self.go.wait(60)
        if self.failure is not None and any(one.project == "broken" for one in asked):
            raise self.failure
        return self._host.commit_all(asked)


def create_all(ask: Client, paths: Sequence[str], slow: Slow) -> list[int]:
    """The statuses of creating a plan in each; all but the first are asked for while the first is written."""
    statuses = dict.fromkeys(paths, 0)

    def create(path: str) -> None:
        statuses[path] = ask("POST", path, {"filename": PLAN}).status

    threads = [threading.Thread(target=create, args=(path,)) for path in paths]
    threads[0].start()
    assert slow.begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    while slow_waiting(ask) < len(paths) - 1:
        pass
    slow.go.set()
    for thread in threads:
        thread.join()
    return list(statuses.values())


def slow_waiting(ask: Client) -> int:
    application: Any = ask.application
    waiting: int = application._services._writer.waiting
    return waiting


def test_who_waits_meanwhile_is_written_together(url: str) -> None:
    slow = Slow(host_at(url, FakeClock(EPOCH)))
    services = Services(slow)
    paths = [f"/v1/projects/p{number}/plans" for number in range(12)] + ["/v1/projects/p1/plans"]
    ask = application(services)
    assert sorted(create_all(ask, list(dict.fromkeys(paths)), slow)) == [201] * 12
    assert slow.together == [1, 11]
    assert [ask("GET", f"/v1/projects/p{number}/changes").json()["change"] for number in range(12)] == [1] * 12
    services.close()


def test_the_end_waits_for_what_was_asked_before_it(url: str) -> None:
    slow = Slow(host_at(url, FakeClock(EPOCH)))
    services = Services(slow)
    ask = application(services)
    statuses: list[int] = []
    paths = [f"/v1/projects/p{number}/plans" for number in range(5)]
    writers = [
        threading.Thread(target=lambda path=path: statuses.append(ask("POST", path, {"filename": PLAN}).status))
        for path in paths
    ]
    writers[0].start()
    assert slow.begun.wait(60)
    for writer in writers[1:]:
        writer.start()
    while slow_waiting(ask) < len(paths) - 1:
        pass
    closing = threading.Thread(target=services.close)
    closing.start()
    while not services._writer._closed:
        pass
    assert ask("POST", "/v1/projects/late/plans", {"filename": PLAN}).status == 503
    assert closing.is_alive()
    slow.go.set()
    for thread in (*writers, closing):
        thread.join()
    assert statuses == [201] * 5
    assert slow.together == [1, 4]


def test_one_project_that_fails_does_not_stop_the_others(url: str, caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow(host_at(url, FakeClock(EPOCH)))
    slow.failure = RuntimeError("secret detail")
    services = Services(slow)
    ask = application(services)
    paths = [f"/v1/projects/{name}/plans" for name in ("a", "b", "broken", "c")]
    assert create_all(ask, paths, slow) == [201, 201, 500, 201]
    broken = ask("POST", "/v1/projects/broken/plans", {"filename": PLAN})
    assert broken.json() == {"error": "internal error", "code": "internal"}
    assert "secret detail" in caplog.text
    services.close()
    late = ask("POST", paths[0], {"filename": "x.md"})
    assert (late.status, late.headers["retry-after"]) == (503, "1")
