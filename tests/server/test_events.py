"""The commits of a project as server-sent events."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from git_kas.ports.fakes import FakeClock
from git_kas.server import events
from git_kas.server.events import EventStream, wants_events
from git_kas.server.services import Services
from git_kas_sql import file_feed
from server.hosting import ONE, PATIENCE, PLAN, PLANS, Client, Running, application, host_at
from server.test_hub import Counting, is_quiet, until
from support import EPOCH

Serve = Callable[..., Running]
CHANGES = "/v1/projects/shop/changes"
ACCEPT = {"Accept": "text/event-stream"}


class Stream:
    """A client that reads events as they come, like a browser's EventSource."""

    def __init__(self, running: Running, query: str = "", **headers: str) -> None:
        self.connection = http.client.HTTPConnection(*running.address, timeout=PATIENCE)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", CHANGES + query, headers={**ACCEPT, **names})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def next(self) -> dict[str, str] | None:
        """The members of the next event, None at the end; what is no event is left out."""
        members: dict[str, str] = {}
        for raw in self.response:
            line = raw.decode().rstrip("\n")
            if not line and "data" in members:
                return members
            name, _, value = line.partition(": ")
            if not line:
                members = {}
            elif name:
                members[name] = value
        return None

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def event(change: int) -> dict[str, str]:
    return {"id": str(change), "event": "change", "data": f'{{"change": {change}}}'}


def test_an_event_comes_for_what_is_committed(serve: Serve) -> None:
    running = serve()
    stream = Stream(running)
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    assert stream.response.headers["Cache-Control"] == "no-store"
    running("POST", PLANS, {"filename": PLAN})
    assert stream.next() == event(1)
    running("PUT", ONE, {"description": "x"})
    assert stream.next() == event(2)
    stream.close()


def test_who_comes_again_says_what_it_has_seen(serve: Serve) -> None:
    running = serve()
    running("POST", PLANS, {"filename": PLAN})
    running("PUT", ONE, {"description": "x"})
    for stream in (
        Stream(running),
        Stream(running, "?since=1"),
        Stream(running, Last_Event_ID="1"),
        Stream(running, "?since=2", Last_Event_ID="0"),
    ):
        assert stream.next() == event(2)
        stream.close()
    late = [Stream(running, "?since=2"), Stream(running, "?since=0", Last_Event_ID="2")]
    running("PUT", ONE, {"description": "y"})
    for stream in late:
        assert stream.next() == event(3)
        stream.close()
    refused = running("GET", CHANGES, None, {**ACCEPT, "Last-Event-ID": "x"})
    assert (refused.status, refused.json()["code"]) == (400, "usage")


def test_a_graceful_stop_ends_streams(serve: Serve) -> None:
    running = serve()
    streams = [Stream(running) for _ in range(5)]
    found: list[Any] = []
    threads = [threading.Thread(target=lambda one=one: found.append(one.next())) for one in streams]
    for thread in threads:
        thread.start()
    assert running.stop() == (0, "")
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [None] * 5
    for stream in streams:
        stream.close()


def test_streams_and_long_polls_are_counted_together(serve: Serve) -> None:
    running = serve("--max-watchers", "2")
    stream = Stream(running)
    poll = threading.Thread(target=running, args=("GET", CHANGES + "?since=0&wait=60"))
    poll.start()
    until(lambda: watchers(running) == 2)
    for headers in (ACCEPT, {}):
        refused = running("GET", CHANGES + "?since=0&wait=60", None, headers)
        assert (refused.status, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
    running("POST", PLANS, {"filename": PLAN})
    poll.join(PATIENCE)
    assert stream.next() == event(1)
    assert watchers(running) == 1
    status, said = running.stop()
    assert (status, said.count("no more can")) == (0, 2)
    stream.close()


def watchers(running: Running) -> int:
    text = running("GET", "/metrics").body.decode()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("kas_watchers ")))


def test_who_has_gone_is_found(serve: Serve) -> None:
    running = serve()
    stream = Stream(running)
    assert watchers(running) == 1
    stream.close()
    number = iter(range(10_000))

    def has_gone() -> bool:
        running("POST", PLANS, {"filename": f"{next(number)}.md"})  # something to be told
        return watchers(running) == 0

    until(has_gone)


# -- without a socket ----------------------------------------------------------------------------------------


@pytest.fixture
def following(services: Services) -> Iterator[Callable[..., EventStream]]:
    """Streams on the project, which are closed."""
    made: list[EventStream] = []

    def follow(since: int = 0, **options: float) -> EventStream:
        made.append(EventStream(services.hub.follow("shop", since), **options))
        return made[-1]

    yield follow
    for stream in made:
        stream.close()
    assert services.hub.watchers == 0


def test_silence_is_broken_and_a_stream_ends_after_a_while(following: Callable[..., EventStream]) -> None:
    pieces = list(following(beat=0.02, longest=0.3))
    assert pieces[0] == b"retry: 1000\n\n"
    assert len(pieces) > 2
    assert set(pieces[1:]) == {b": still here\n\n"}


def test_nothing_is_kept_for_who_reads_slowly(ask: Client, following: Callable[..., EventStream]) -> None:
    stream = following()
    next(stream)
    ask("POST", PLANS, {"filename": PLAN})
    for number in range(50):
        ask("PUT", ONE, {"description": str(number)})
    assert next(stream) == b'id: 51\nevent: change\ndata: {"change": 51}\n\n'


def test_events_come_at_a_pace(
    ask: Client, following: Callable[..., EventStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_PACE", 3600.0)
    stream = following()
    next(stream)
    ask("POST", PLANS, {"filename": PLAN})
    next(stream)
    waited: list[float] = []
    monkeypatch.setattr(stream._followed, "pause", waited.append)
    ask("PUT", ONE, {"description": "x"})
    next(stream)
    assert 3000 < waited[0] <= 3600


def test_closing_twice_lets_go_once(services: Services) -> None:
    first, second = (EventStream(services.hub.follow("shop", 0)) for _ in range(2))
    first.close()
    first.close()
    assert services.hub.watchers == 1
    second.close()
    assert services.hub.watchers == 0


def test_head_holds_nothing(services: Services, ask: Client) -> None:
    found = ask("HEAD", CHANGES, None, ACCEPT)
    assert (found.status, found.body, found.headers["content-type"]) == (200, b"", "text/event-stream")
    assert services.hub.watchers == 0


def test_a_host_that_fails_leaves_no_watcher(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(project: str) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(services.host, "change_of", fail)
    with pytest.raises(ZeroDivisionError):
        services.hub.follow("shop", 0)
    assert services.hub.watchers == 0
    monkeypatch.undo()


def test_streams_cost_no_query(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_feed, "LOOK_AGAIN", (0.1,))
    host = Counting(host_at(url, FakeClock(EPOCH)))
    services = Services(host)
    application(services)("POST", PLANS, {"filename": PLAN})
    streams = [EventStream(services.hub.follow("shop", 1), beat=0.05) for _ in range(20)]
    until(lambda: is_quiet(host))
    before = host.asked
    for _ in range(5):
        for stream in streams:
            next(stream)
    assert host.asked == before
    for stream in streams:
        stream.close()
    services.close()


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/event-stream", True),
        ("application/json, Text/Event-Stream;q=0.9", True),
        ("*/*", False),
        ("text/event-streams", False),
        ("", False),
    ],
)
def test_what_is_accepted(accept: str, *, wanted: bool) -> None:
    assert wants_events(accept) is wanted
