"""Many projects in one database, and being told of commits without asking."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy

from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Event
from git_kas.domain.mutation import Author, Create, Request, Transition
from git_kas.domain.names import PlanName
from git_kas.domain.project import ProjectView
from git_kas.errors import InvalidTransition, NotFound
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store_host import Asked, HostRequest
from git_kas_files.watch import DiskWatch
from git_kas_sql.host import SqlHost
from git_kas_sql.opening import open_host
from git_kas_sql.writing import DraftRows
from postgresql import driven
from support import EPOCH

PLAN = PlanName("2026-01-01-a.md")
USER = Request(Author(Actor.USER, "Ada"))
SOON = 10.0


def test_a_draft_answers_everything_that_a_mutation_asks_itself() -> None:
    """Not from the rows alone, in which the commits before it in its group do not stand yet."""
    asked = {name for name in vars(ProjectView) if not name.startswith("_")}
    assert asked - set(vars(DraftRows)) == {"change", "last_time"}  # of the head, which is always the newest


@pytest.fixture
def host(url: str) -> Iterator[SqlHost]:
    made = opened(url)
    yield made
    made.close()


def opened(url: str) -> SqlHost:
    return open_host(HostRequest(url, FakeClock(EPOCH), DiskWatch))


def test_projects_are_those_that_hold_something(host: SqlHost) -> None:
    assert list(host.projects()) == []
    asked = [Asked(name, Create(PLAN), USER) for name in ("zebra", "Äpfel", "a/b")]
    asked.append(Asked("nothing", Transition(PLAN, (Event.PLAN_START,)), USER))
    answers = host.commit_all(asked)
    assert [type(answer) for answer in answers] == [Outcome, Outcome, Outcome, NotFound]
    assert list(host.projects()) == sorted(["zebra", "Äpfel", "a/b"])


def test_each_answer_belongs_to_its_question(host: SqlHost) -> None:
    other = PlanName("2026-01-02-b.md")
    answers = host.commit_all(
        [
            Asked("p", Create(PLAN), USER),
            Asked("q", Create(other), USER),
            Asked("p", Transition(PLAN, (Event.PLAN_START,)), USER),
            Asked("p", Transition(PLAN, (Event.REOPEN,)), USER),
            Asked("q", Create(PLAN), USER),
        ]
    )
    words = [
        (answer.change, answer.plan.filename) if isinstance(answer, Outcome) and answer.plan else type(answer)
        for answer in answers
    ]
    assert words == [(1, PLAN), (1, other), (2, PLAN), InvalidTransition, (2, PLAN)]
    assert host.store("p").get_plan(PLAN).revision == 2


def test_a_commit_of_another_host_is_told_at_once(host: SqlHost, url: str) -> None:
    host.store("p").commit(Create(PLAN), USER)
    other = opened(url)
    with host.watch() as changes:
        while changes.wait(0.5):  # what is left of the first commit
            pass
        timer = threading.Timer(0.2, lambda: other.store("q").commit(Create(PLAN), USER))
        timer.start()
        began = time.monotonic()
        assert changes.wait(SOON)
        assert time.monotonic() - began < SOON
        timer.join()
    other.close()


def test_a_waiting_store_returns_with_the_commit_it_waits_for(host: SqlHost, url: str) -> None:
    host.store("p").commit(Create(PLAN), USER)
    other = opened(url)
    timer = threading.Timer(0.3, lambda: other.store("p").commit(Transition(PLAN, (Event.PLAN_START,)), USER))
    timer.start()
    assert host.store("p").changes(1, SOON) == 2
    timer.join()
    assert host.store("p").changes(2, 0.2) == 2
    other.close()


def test_whoever_waits_can_be_called(host: SqlHost) -> None:
    host.store("p").commit(Create(PLAN), USER)
    with host.watch() as changes:
        while changes.wait(0.5):
            pass
        timer = threading.Timer(0.2, changes.notify)
        timer.start()
        assert changes.wait(SOON)
        timer.join()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_lost_connection_is_made_again_and_counts_as_a_change(host: SqlHost, url: str) -> None:
    host.store("p").commit(Create(PLAN), USER)
    server = sqlalchemy.create_engine(driven(url))
    with host.watch() as changes:
        while changes.wait(0.5):
            pass
        with server.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN kas_changes' "
                "AND datname = current_database()"
            )
        assert changes.wait(SOON)
        started = Transition(PLAN, (Event.PLAN_START,))
        timer = threading.Timer(0.2, lambda: host.store("p").commit(started, USER))
        timer.start()
        assert changes.wait(SOON)
        timer.join()
    assert host.store("p").get_plan(PLAN).revision == 2
    server.dispose()


def test_the_number_of_the_last_commit_is_never_an_old_one(host: SqlHost, url: str) -> None:
    assert host.change_of("p") == 0
    other = opened(url)
    host.store("p").commit(Create(PLAN), USER)
    for number in range(2, 40):
        writer = host if number % 2 else other
        event = Event.PLAN_START if number % 2 == 0 else Event.PLANNER_FINISHED
        writer.store("p").commit(Transition(PLAN, (event,)), USER)
        assert (host.change_of("p"), other.change_of("p")) == (number, number)
        assert host.change_of("q") == 0
    other.close()
