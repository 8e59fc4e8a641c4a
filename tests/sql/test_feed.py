"""The feed of a SQLite file: told before a commit can be seen, one looks again, and then no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Create, Transition
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store_host import HostRequest
from git_kas.ports.watch import WatchedFolder
from git_kas_files.watch import DiskWatch
from git_kas_sql import file_feed, store
from git_kas_sql.host import SqlHost
from git_kas_sql.opening import open_host
from sql.test_host import PLAN, USER
from support import EPOCH

STARTED = Transition(PLAN, (Event.PLAN_START,))
DAY = 86_400.0


class Script:
    """A watch whose time passes only while somebody waits, and that tells at the times it is given."""

    def __init__(self, *tells: float) -> None:
        self.now = 0.0
        self.watched: list[str] = []
        self.waits: list[float | None] = []
        self.at: list[tuple[float, Callable[[], object]]] = []
        self._tells = list(tells)

    def monotonic(self) -> float:
        return self.now

    @contextmanager
    def changes(self, folders: Sequence[WatchedFolder], settling: float = 0.0) -> Iterator[Script]:  # noqa: ARG002
        self.watched += [folder.path for folder in folders]
        yield self

    def wait(self, seconds: float | None) -> bool:
        self.waits.append(seconds)
        end = self.now + (DAY if seconds is None else seconds)
        told = bool(self._tells) and self._tells[0] <= end
        self._pass(max(self.now, self._tells.pop(0)) if told else end)
        return told

    def notify(self) -> None:
        self._tells.insert(0, self.now)

    def _pass(self, end: float) -> None:
        for one in [one for one in self.at if one[0] <= end]:
            self.at.remove(one)
            one[1]()
        self.now = end


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/plans.db"


@pytest.fixture
def writer(url: str) -> Iterator[SqlHost]:
    """Somebody else, who has committed once."""
    made = open_host(HostRequest(url, FakeClock(EPOCH), Script))
    made.store("p").commit(Create(PLAN), USER)
    yield made
    made.close()


@pytest.fixture
def follow(url: str, writer: SqlHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], SqlHost]]:
    hosts: list[SqlHost] = []

    def follow_(script: Script) -> SqlHost:
        for module in (file_feed, store):
            monkeypatch.setattr(module, "monotonic", script.monotonic)
        hosts.append(open_host(HostRequest(url, FakeClock(EPOCH), lambda: script)))
        return hosts[-1]

    yield follow_
    for host in hosts:
        host.close()


@pytest.mark.parametrize("late", [0.05, 0.7, 20.0], ids=lambda late: f"{late} s")
def test_a_commit_that_is_told_before_it_can_be_seen_is_not_slept_over(
    follow: Callable[[Script], SqlHost], writer: SqlHost, late: float
) -> None:
    script = Script(100.0)
    script.at.append((100.0 + late, lambda: writer.store("p").commit(STARTED, USER)))
    assert follow(script).store("p").changes(1, 600.0) == 2
    assert script.now <= 100.0 + 4 * max(late, 0.1)


def test_what_was_written_just_before_one_began_to_watch_is_seen(
    follow: Callable[[Script], SqlHost], writer: SqlHost
) -> None:
    script = Script()
    script.at.append((0.2, lambda: writer.store("p").commit(STARTED, USER)))
    assert follow(script).store("p").changes(1, 600.0) == 2
    assert script.now < 1


def test_after_a_while_nobody_looks_until_told(follow: Callable[[Script], SqlHost]) -> None:
    script = Script(100.0, 100.2)
    looks: list[float] = []
    with follow(script).watch() as changes:
        while script.now < DAY:
            if changes.wait(None):
                looks.append(script.now)
    again = [0.1, 0.4, 1.4, 4.4, 14.4, 44.4]
    expected = [*again, 100.0, 100.1, 100.2, *(100.2 + seconds for seconds in again)]
    assert looks == pytest.approx(expected)
    assert script.waits[-1] is None


def test_one_does_not_wait_longer_than_asked(follow: Callable[[Script], SqlHost]) -> None:
    script = Script()
    with follow(script).watch() as changes:
        assert not changes.wait(0.05)
        assert changes.wait(0.06)  # it is time to look again
        assert not changes.wait(0.2)
    assert round(script.now, 2) == 0.3


def test_other_files_beside_a_database_are_no_commits(
    url: str, writer: SqlHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_feed, "LOOK_AGAIN", ())
    host = open_host(HostRequest(url, FakeClock(EPOCH), DiskWatch))
    with host.watch() as changes:
        while changes.wait(0.3):
            pass
        (tmp_path / "plans.db.log").write_text("noise")
        assert not changes.wait(0.5)
        writer.store("p").commit(STARTED, USER)
        assert changes.wait(60.0)
    host.close()


def test_a_folder_that_comes_is_watched_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(1.0, 500.0)
    monkeypatch.setattr(file_feed, "monotonic", script.monotonic)
    folder = tmp_path / "later"
    host = open_host(HostRequest(f"sqlite:///{folder}/plans.db", FakeClock(EPOCH), lambda: script))
    with host.watch() as changes:
        script.at.append((0.9, folder.mkdir))
        while script.now < 1:
            assert changes.wait(None)
        assert script.watched == [str(folder)] * 2
        while script.now < 500:
            assert changes.wait(None)
    assert script.watched == [str(folder)] * 2
    host.close()
