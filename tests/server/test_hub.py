"""Requests that wait for changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from git_kas.ports.fakes import FakeClock
from git_kas.server import hub
from git_kas.server.services import Services
from git_kas_sql import file_feed
from git_kas_sql.host import SqlHost
from server.hosting import ONE, PLAN, PLANS, Client, application, host_at
from support import EPOCH

CHANGES = "/v1/projects/shop/changes"


class Counting:
    """A host that counts how often it is asked for a change number."""

    def __init__(self, host: SqlHost) -> None:
        self._host = host
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def change_of(self, project: str) -> int:
        self.asked += 1
        return self._host.change_of(project)


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def waiting(services: Services) -> int:
    return services.hub._waiting


def test_a_commit_wakes_those_who_wait_for_its_project_only(services: Services, ask: Client) -> None:
    ask("POST", PLANS, {"filename": PLAN})
    found: list[object] = []
    paths = [CHANGES + "?since=1&wait=60"] * 20 + ["/v1/projects/other/changes?since=0&wait=60"]
    threads = [
        threading.Thread(target=lambda path=path: found.append(ask("GET", path).json()["change"]))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    until(lambda: waiting(services) == 21)
    ask("PUT", ONE, {"description": "x"})
    until(lambda: len(found) == 20)
    assert found == [2] * 20
    assert waiting(services) == 1
    services.hub.release()
    for thread in threads:
        thread.join()
    assert found[-1] == 0


def test_there_is_no_waiting_for_what_has_come_and_an_end_to_it(ask: Client) -> None:
    ask("POST", PLANS, {"filename": PLAN})
    assert ask("GET", CHANGES).json() == {"change": 1}
    assert ask("GET", CHANGES + "?since=0&wait=60").json() == {"change": 1}
    assert ask("GET", CHANGES + "?since=1&wait=1").json() == {"change": 1}


def test_who_waits_costs_no_query(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_feed, "LOOK_AGAIN", (0.1,))
    host = Counting(host_at(url, FakeClock(EPOCH)))
    services = Services(host)
    ask = application(services)
    ask("POST", PLANS, {"filename": PLAN})
    threads = [threading.Thread(target=ask, args=("GET", CHANGES + "?since=1&wait=60")) for _ in range(100)]
    for thread in threads:
        thread.start()
    until(lambda: waiting(services) == 100)
    until(lambda: is_quiet(host))
    before = host.asked
    time.sleep(1.0)
    assert host.asked == before
    services.hub.release()
    for thread in threads:
        thread.join()
    services.close()


def is_quiet(host: Counting) -> bool:
    before = host.asked
    time.sleep(0.5)
    return host.asked == before


def test_it_listens_only_while_somebody_waits(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Heard(Counting):
        listening = 0

        @contextmanager
        def watch(self) -> Iterator[Any]:
            with self._host.watch() as changes:
                self.listening += 1
                yield changes
            self.listening -= 1

    monkeypatch.setattr(hub, "_LINGERING", 0.0)
    host, other = Heard(host_at(url, FakeClock(EPOCH))), Services(host_at(url, FakeClock(EPOCH)))
    services, elsewhere = Services(host), application(other)
    ask = application(services)
    ask("POST", PLANS, {"filename": PLAN})
    assert host.listening == 0
    for change in range(1, 4):
        found: list[object] = []
        path = f"{CHANGES}?since={change}&wait=60"
        thread = threading.Thread(target=lambda path=path, found=found: found.append(ask("GET", path).json()))
        thread.start()
        until(lambda: host.listening == 1)
        elsewhere("PUT", ONE, {"description": str(change)})
        thread.join()
        assert found == [{"change": change + 1}]
        until(lambda: host.listening == 0)  # what was told then let it see that nobody waits
    services.close()
    other.close()


def test_too_many_are_asked_to_come_again(url: str) -> None:
    services = Services(host_at(url, FakeClock(EPOCH)), most_watchers=1)
    ask = application(services)
    first = threading.Thread(target=ask, args=("GET", CHANGES + "?since=0&wait=60"))
    first.start()
    until(lambda: waiting(services) == 1)
    refused = ask("GET", CHANGES + "?since=0&wait=60")
    assert (refused.status, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
    assert ask("GET", CHANGES).status == 200
    services.hub.release()
    first.join()
    assert waiting(services) == 0
    services.close()


def test_a_host_that_cannot_be_listened_to_is_looked_at(url: str, caplog: pytest.LogCaptureFixture) -> None:
    class Deaf(Counting):
        def watch(self) -> Any:
            raise RuntimeError("no more watches")

    services, writer = Services(Deaf(host_at(url, FakeClock(EPOCH)))), host_at(url, FakeClock(EPOCH))
    ask, other = application(services), Services(writer)
    found: list[int] = []
    thread = threading.Thread(
        target=lambda: found.append(ask("GET", CHANGES + "?since=0&wait=60").json()["change"])
    )
    thread.start()
    until(lambda: waiting(services) == 1)
    application(other)("POST", PLANS, {"filename": PLAN})
    thread.join()
    assert found == [1]
    assert "cannot listen" in caplog.text
    services.close()
    other.close()


def test_a_commit_that_is_told_before_it_can_be_seen_is_seen_later(url: str) -> None:
    class Early(Counting):
        """Shows a commit only the third time that somebody looks after it."""

        hidden = 0

        def change_of(self, project: str) -> int:
            found = super().change_of(project)
            if found > 1 and self.hidden < 3:
                self.hidden += 1
                return 1
            return found

    host, writer = Early(host_at(url, FakeClock(EPOCH))), Services(host_at(url, FakeClock(EPOCH)))
    services, other = Services(host), application(writer)
    other("POST", PLANS, {"filename": PLAN})
    found: list[int] = []
    ask = application(services)
    thread = threading.Thread(
        target=lambda: found.append(ask("GET", CHANGES + "?since=1&wait=60").json()["change"])
    )
    thread.start()
    until(lambda: waiting(services) == 1)
    other("PUT", ONE, {"description": "x"})
    thread.join()
    assert found == [2]
    services.close()
    writer.close()
