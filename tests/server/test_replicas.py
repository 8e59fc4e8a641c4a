"""Two servers on one PostgreSQL: one truth, whichever of them is asked, whatever happens to one of them."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from postgresql import driven, new_database
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Running, start

CHANGES = "/v1/projects/shop/changes"
SOON = 5.0
"""Seconds; a replica that were not told would notice only when it looks by itself, after up to thirty."""


@pytest.fixture
def database() -> Iterator[str]:
    with new_database() as url:
        yield url


Replica = Callable[[], Running]


@pytest.fixture
def replica(environment: Mapping[str, str], tmp_path: Path, database: str) -> Iterator[Replica]:
    """Start one more server on the database."""
    started: list[Running] = []

    def run() -> Running:
        started.append(start(environment, tmp_path, "--db", database, "--no-auth", "--max-watchers", "32"))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
        running.process.communicate(timeout=PATIENCE)


@pytest.fixture
def pair(replica: Replica) -> tuple[Running, Running]:
    """Two servers, and a plan that was made through the first."""
    one, other = replica(), replica()
    assert one("POST", PLANS, {"filename": PLAN, "description": "0"}).status == 201
    return one, other


def later(action: Callable[[], Any]) -> Callable[[], Any]:
    """Begin ``action`` now; what is returned waits for its result."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(action)
    pool.shutdown(wait=False)
    return lambda: future.result(PATIENCE)


def waits(running: Running, since: int = 1) -> Callable[[], Any]:
    """A long poll for the next change, which has arrived at the server when this returns."""
    poll = later(lambda: running("GET", f"{CHANGES}?since={since}&wait=50").json()["change"])
    time.sleep(
        1.0
    )  # nothing shows from outside that it waits; if it came late, it would see the change at once
    return poll


def test_what_one_has_acknowledged_the_other_shows_at_once(pair: tuple[Running, Running]) -> None:
    """Lists, single plans, texts and their ETags, both ways; each answer is remembered before it gets old."""
    for number in range(1, 25):
        writer, reader = pair if number % 2 else pair[::-1]
        tags = {path: reader("GET", path).headers["etag"] for path in (PLANS, ONE)}
        assert all(
            reader("GET", path, None, {"If-None-Match": tag}).status == 304 for path, tag in tags.items()
        )
        assert writer("PUT", ONE, {"description": str(number), "content": f"text {number}"}).status == 200
        for path, tag in tags.items():
            fresh = reader("GET", path, None, {"If-None-Match": tag})
            entry = fresh.json()[0] if path == PLANS else fresh.json()
            assert (fresh.status, entry["description"], entry["content"]) == (
                200,
                str(number),
                f"text {number}",
            )
        assert reader("GET", ONE + "/content").body == f"text {number}".encode()
        assert reader("GET", CHANGES).json() == {"change": number + 1}


def test_who_waits_at_the_other_is_woken(pair: tuple[Running, Running]) -> None:
    one, other = pair
    found = waits(other)
    began = time.monotonic()
    assert one("PUT", ONE, {"description": "x"}).status == 200
    assert found() == 2
    assert time.monotonic() - began < SOON


def test_of_racing_writers_over_both_exactly_one_wins(pair: tuple[Running, Running]) -> None:
    for revision in range(1, 9):
        barrier = threading.Barrier(8)

        def write(worker: int, revision: int = revision, barrier: threading.Barrier = barrier) -> int:
            barrier.wait(PATIENCE)
            answer = pair[worker % 2]("PUT", ONE, {"description": f"{worker}"}, {"If-Match": f'"{revision}"'})
            assert answer.status == 200 or answer.json()["current"]["revision"] == revision + 1
            return answer.status

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(write, range(8))) == [200] + [412] * 7
        assert {running("GET", ONE).json()["revision"] for running in pair} == {revision + 1}


def test_a_key_that_is_repeated_at_the_other_gives_the_first_outcome(pair: tuple[Running, Running]) -> None:
    one, other = pair
    keyed, path = {"Idempotency-Key": "build-1"}, ONE + "/transition"
    first = one("POST", path, {"event": "plan_start"}, keyed)
    again = other("POST", path, {"event": "plan_start"}, keyed)
    assert (first.status, again.status, first.json()) == (200, 200, again.json())
    assert other("POST", path, {"event": "cancel"}, keyed).json()["code"] == "key_reused"
    assert other("GET", CHANGES).json() == {"change": 2}
    with ThreadPoolExecutor(8) as pool:
        raced = pool.map(
            lambda running: running("PUT", ONE, {"topic": "a"}, {"Idempotency-Key": "k"}).status, pair * 4
        )
        assert list(raced) == [200] * 8
    assert one("GET", CHANGES).json() == {"change": 3}


def test_a_kill_of_one_loses_nothing(pair: tuple[Running, Running], replica: Replica) -> None:
    one, other = pair
    acknowledged: set[str] = set()
    asked: set[str] = set()
    lock = threading.Lock()

    def write(worker: int) -> None:
        for number in range(10_000):
            name = f"{worker}-{number:05}.md"
            with lock:
                asked.add(name)
            try:
                status = one("POST", PLANS, {"filename": name, "content": name}).status
            except (OSError, http.client.HTTPException):
                return
            assert status == 201
            with lock:
                acknowledged.add(name)

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + PATIENCE
    while len(acknowledged) < 40:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    one.process.kill()
    for worker in workers:
        worker.join(PATIENCE)
    stored = {entry["filename"]: entry.get("content") for entry in other("GET", PLANS).json()}
    assert acknowledged <= stored.keys() <= asked | {PLAN}
    assert all(stored[name] == name for name in stored.keys() & asked)
    assert other("PUT", ONE, {"description": "goes on"}).status == 200
    assert replica()("GET", PLANS).body == other("GET", PLANS).body


def test_lost_connections_to_the_database_are_survived_by_both(
    pair: tuple[Running, Running], database: str
) -> None:
    """All of them, those that listen included; what was changed meanwhile is told as soon as they are back."""
    one, other = pair
    server = sqlalchemy.create_engine(driven(database), isolation_level="AUTOCOMMIT")
    for number in range(2, 5):
        found = waits(other, number - 1)
        with server.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        began = time.monotonic()
        assert one("PUT", ONE, {"description": str(number)}).status == 200
        assert found() == number
        assert time.monotonic() - began < SOON
        for running in pair:
            assert running("GET", ONE).json()["description"] == str(number)
    server.dispose()
    for running in pair:
        status, said = running.stop()
        assert status == 0
        assert "Traceback" not in said
        assert "postgres@" not in said
