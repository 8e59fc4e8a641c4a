"""Readers and writers at two servers of one database: no answer is older than a commit acknowledged before."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from postgresql import new_database
from server.hosting import PATIENCE, PLANS, Running, start

WRITES = 80
READERS = 4
NAMES = ("2026-01-01-one.md", "2026-01-01-two.md")
STATE = "/v1/projects/shop/state"
Seen = Mapping[str, int]


def listed(document: Any) -> Seen:
    """What a list of plans says."""
    return {entry["filename"]: int(entry["description"]) for entry in document}


READS: Mapping[str, Callable[[Any], Seen]] = {
    PLANS: listed,
    PLANS + "?content=0": listed,
    STATE: lambda document: listed(document["plans"]),
    f"{PLANS}/{NAMES[0]}": lambda document: listed([document]),
    f"{PLANS}/{NAMES[1]}": lambda document: listed([document]),
    f"/v1/projects/shop/state/{NAMES[0]}": lambda document: listed([document["record"]["plan"]]),
}


class Connection:
    """One connection to a server that is kept."""

    def __init__(self, server: Running) -> None:
        self._kept = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
        self._known: dict[str, tuple[str, Seen]] = {}

    def write(self, name: str, number: int) -> None:
        self._kept.request("PUT", f"{PLANS}/{name}", json.dumps({"description": str(number)}))
        answer = self._kept.getresponse()
        assert (answer.status, json.loads(answer.read())["description"]) == (200, str(number))

    def read(self, path: str, *, conditional: bool) -> Seen:
        """What the server says; a 304 says once more what it said under that tag."""
        tag, known = self._known.get(path, ("", {}))
        self._kept.request("GET", path, headers={"If-None-Match": tag} if tag and conditional else {})
        answer = self._kept.getresponse()
        body = answer.read()
        if answer.status == 304:
            assert conditional
            return known
        assert answer.status == 200, body
        found = READS[path](json.loads(body))
        self._known[path] = (answer.headers["ETag"], found)
        return found

    def close(self) -> None:
        self._kept.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def servers(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path
) -> Iterator[tuple[Running, Running]]:
    """Two processes that serve the same database."""

    def both(database: str) -> Iterator[tuple[Running, Running]]:
        started = [start(environment, tmp_path, "--db", database, "--no-auth") for _ in range(2)]
        yield started[0], started[1]
        assert [running.stop() for running in started] == [(0, "")] * 2

    if request.param == "sqlite":
        yield from both("plans.db")
        return
    with new_database() as url:
        yield from both(url)


class Race:
    """Writers, each of one plan, and readers, all at both servers."""

    def __init__(self, servers: tuple[Running, Running]) -> None:
        self._servers = servers
        self.acknowledged = dict.fromkeys(NAMES, 0)
        self.wrong: list[str] = []
        self._writing = set(NAMES)
        self._deadline = time.monotonic() + PATIENCE * 2

    def run(self) -> None:
        threads = [threading.Thread(target=self._write, args=(name,)) for name in NAMES]
        threads += [threading.Thread(target=self._read) for _ in range(READERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @contextmanager
    def _connections(self) -> Iterator[list[Connection]]:
        connections = [Connection(server) for server in self._servers]
        yield connections
        for connection in connections:
            connection.close()

    def _write(self, name: str) -> None:
        try:
            with self._connections() as connections:
                for number in range(1, WRITES + 1):
                    random.choice(connections).write(name, number)
                    self.acknowledged[name] = number
        finally:
            self._writing.discard(name)

    def _read(self) -> None:
        last = dict.fromkeys(NAMES, 0)
        with self._connections() as connections:
            while self._writing and time.monotonic() < self._deadline:
                path, conditional = random.choice(list(READS)), random.random() < 0.5
                least = {name: max(self.acknowledged[name], last[name]) for name in NAMES}
                seen = random.choice(connections).read(path, conditional=conditional)
                self.wrong.extend(
                    f"{path}: {name} was {least[name]}, and is {number}"
                    for name, number in seen.items()
                    if number < least[name]
                )
                last.update(seen)


def test_no_answer_is_older_than_what_was_acknowledged_before_it(servers: tuple[Running, Running]) -> None:
    for name in NAMES:
        assert servers[0]("POST", PLANS, {"filename": name, "description": "0"}).status == 201
    race = Race(servers)
    race.run()
    assert race.wrong == []
    assert race.acknowledged == dict.fromkeys(NAMES, WRITES)
