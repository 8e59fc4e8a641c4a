"""A client written from ORIGIN 1.3 alone, with the standard library alone, makes the full round trip."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from server.hosting import Running

Serve = Callable[..., Running]


class StoreError(Exception):
    """What the client tells its caller."""


class EarlierClient:
    """Speaks v1 as the earlier program did: no token, no conditions, five seconds a request, two for a ping."""

    def __init__(self, base: str, project: str) -> None:
        self._base = f"{base.rstrip('/')}/v1"
        self._project = f"{self._base}/projects/{urllib.parse.quote(project, safe='')}"

    def _send(self, method: str, url: str, body: bytes | None = None, seconds: float = 5) -> tuple[int, bytes]:
        request = urllib.request.Request(url, body, method=method)  # noqa: S310 - http alone
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError as error:
            raise StoreError(f"plan store unreachable: {error}") from error

    def _expect(self, status: int, found: tuple[int, bytes]) -> bytes:
        if found[0] == status:
            return found[1]
        try:
            text = json.loads(found[1])["error"]
        except (ValueError, KeyError):
            raise StoreError(f"plan store: unexpected status {found[0]}") from None
        raise StoreError(f"plan store: {text} (status {found[0]})")

    def _plan(self, name: str) -> str:
        return f"{self._project}/plans/{urllib.parse.quote(name, safe='')}"

    def ping(self) -> None:
        assert self._expect(200, self._send("GET", f"{self._base}/ping", seconds=2)) == b""

    def create(self, entry: dict[str, str]) -> Any:
        return json.loads(
            self._expect(201, self._send("POST", f"{self._project}/plans", json.dumps(entry).encode()))
        )

    def create_topic(self, name: str) -> None:
        self._expect(201, self._send("POST", f"{self._project}/topics", json.dumps({"name": name}).encode()))

    def get(self, name: str) -> Any:
        found = self._send("GET", self._plan(name))
        if found[0] == 404:
            raise StoreError(f"plan not found: {name}")
        return json.loads(self._expect(200, found))

    def update(self, name: str, entry: dict[str, str]) -> Any:
        return json.loads(self._expect(200, self._send("PUT", self._plan(name), json.dumps(entry).encode())))

    def names(self, **query: Any) -> list[str]:
        url = f"{self._project}/plans?{urllib.parse.urlencode(query, doseq=True)}".rstrip("?")
        return [entry["filename"] for entry in json.loads(self._expect(200, self._send("GET", url))) or []]

    def topics(self) -> list[str]:
        found = self._expect(200, self._send("GET", f"{self._project}/topics"))
        return [topic["name"] for topic in json.loads(found) or []]

    def content(self, name: str) -> bytes:
        return self._expect(200, self._send("GET", self._plan(name) + "/content"))

    def set_content(self, name: str, text: bytes) -> None:
        assert self._expect(200, self._send("PUT", self._plan(name) + "/content", text)) == b""

    def rename(self, name: str, new: str) -> None:
        body = json.dumps({"new_filename": new}).encode()
        assert self._expect(200, self._send("POST", self._plan(name) + "/rename", body)) == b""


@pytest.fixture(params=["shop", "a b/c?ü&#"])
def client(request: pytest.FixtureRequest, serve: Serve) -> EarlierClient:
    """A client of a real server, for projects of usual and unusual names."""
    return EarlierClient(serve().url + "/", request.param)


FIRST = {
    "filename": "2026-02-28-first.md",
    "status": "ready",
    "description": "first",
    "branch": "plan/first",
    "topic": "api",
    "created_at": "2026-02-28T17:16:33.633408661Z",
}
SECOND = {
    "filename": "2026-02-28-zweiter plan ü.md",
    "status": "implementing",
    "created_at": "0001-01-01T00:00:00Z",
}


def test_the_full_round_trip(client: EarlierClient) -> None:
    client.ping()
    assert (client.names(), client.topics()) == ([], [])
    assert client.create(FIRST).items() >= FIRST.items()
    with pytest.raises(StoreError, match=r"topic already exists: .*\(status 409\)"):
        client.create_topic("api")  # the earlier client lets this pass by these words
    client.create_topic("web")
    client.set_content(FIRST["filename"], b"# First\n")
    client.create(SECOND)
    assert client.get(FIRST["filename"])["content"] == "# First\n"
    assert client.get(SECOND["filename"]).items() >= SECOND.items()
    assert client.names() == [FIRST["filename"], SECOND["filename"]]
    assert client.names(status=["implementing", "done"]) == [SECOND["filename"]]
    assert client.names(topic="api") == [FIRST["filename"]]
    assert client.topics() == ["api", "web"]
    changed = client.get(FIRST["filename"]) | {"status": "planning"}
    del changed["content"]
    client.update(FIRST["filename"], changed)
    assert client.get(FIRST["filename"])["status"] == "planning"
    assert client.content(FIRST["filename"]) == b"# First\n"
    client.rename(FIRST["filename"], "2026-02-28-renamed.md")
    assert client.content("2026-02-28-renamed.md") == b"# First\n"
    assert client.names() == ["2026-02-28-renamed.md", SECOND["filename"]]


def test_what_is_doubled_or_missing(client: EarlierClient) -> None:
    client.create(FIRST)
    client.create(SECOND)
    with pytest.raises(StoreError, match=r"^plan store: plan already exists: .*\(status 409\)$"):
        client.create(FIRST)
    with pytest.raises(StoreError, match=r"already exists"):
        client.rename(SECOND["filename"], FIRST["filename"])
    with pytest.raises(StoreError, match=r"^plan not found: missing.md$"):
        client.get("missing.md")
    with pytest.raises(StoreError, match=r"not found.*\(status 404\)"):
        client.update("missing.md", FIRST)
    with pytest.raises(StoreError, match=r"not found.*\(status 404\)"):
        client.content("missing.md")
    with pytest.raises(StoreError, match=r"not found.*\(status 404\)"):
        client.rename("missing.md", "other.md")


def test_a_server_that_is_gone(serve: Serve) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = EarlierClient(f"http://127.0.0.1:{unused.getsockname()[1]}", "shop")
        with pytest.raises(StoreError, match=r"^plan store unreachable:"):
            client.ping()
    running = serve()
    gone = EarlierClient(running.url, "shop")
    gone.create(FIRST)
    running.stop()
    with pytest.raises(StoreError, match=r"^plan store unreachable:"):
        gone.get(FIRST["filename"])
