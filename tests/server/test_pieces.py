"""Requests that are too large for one: kept in pieces, then taken as if they had come at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.codec import encode_project
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Create, Import, Request
from git_kas.domain.mutation_codec import encode_asked
from git_kas.domain.names import PlanName
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.server import services as services_module
from git_kas.server.access import OpenAccess, Role
from git_kas.server.services import Services
from git_kas_sql import pieces
from git_kas_sql.host import SqlHost
from postgresql import new_database
from server.hosting import Client, application, host_at
from support import EPOCH

PIECES = "/v1/projects/shop/pieces"
COMMITS = "/v1/projects/shop/commits"
EXPORT = "/v1/projects/shop/export"
USER = Request(Author(Actor.USER, "Ada"), key="once")


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the server."""
    return FakeClock(EPOCH)


@pytest.fixture(params=["sqlite", "postgresql"])
def host(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[SqlHost]:
    """A host of each kind of database."""
    if request.param == "sqlite":
        yield host_at(f"sqlite:///{tmp_path}/plans.db", clock)
        return
    with new_database() as url:
        made = host_at(url, clock)
        yield made
        made.close()


@pytest.fixture
def ask(host: SqlHost) -> Iterator[Client]:
    """A user's client."""
    services = Services(host)
    yield application(services)
    services.close()


def project() -> Any:
    """The document of a project that has been used."""
    store = MemoryStore(FakeClock(EPOCH))
    for number in range(3):
        store.commit(Create(PlanName(f"{number}.md"), content=b"\xff" * 100 * number), USER._replace(key=""))
    return store.export()


def body(request: Request = USER) -> bytes:
    return json.dumps({"commits": [encode_asked(Import(project(), "there"), request)]}).encode()


def send(ask: Client, data: bytes, size: int = 300) -> list[str]:
    ids = []
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        ids.append(ask("POST", PIECES, piece).json()["id"])
        assert ids[-1] == sha256(piece).hexdigest()
    return ids


def test_all_pieces_together_are_one_commit(ask: Client, host: SqlHost) -> None:
    ids = send(ask, body())
    assert len(ids) > 5
    assert (host.projects(), host.change_of("shop")) == ([], 0)
    assert ask("GET", "/v1/projects/shop/plans").json() == []
    assert ask("GET", EXPORT).json()["change"] == 0
    (answer,) = ask("POST", COMMITS, {"pieces": ids}).json()["answers"]
    assert answer["outcome"]["change"] == 3
    exported = ask("GET", EXPORT).json()
    assert exported.pop("keys").keys() == {"once"}
    assert exported == {key: value for key, value in encode_project(project()).items() if key != "keys"}
    assert host.projects() == ["shop"]
    gone = ask("POST", COMMITS, {"pieces": ids})
    assert (gone.status, gone.json()["code"]) == (404, "not_found")


def test_sent_again_under_its_key_nothing_happens_twice(ask: Client) -> None:
    for turn in range(2):
        (answer,) = ask("POST", COMMITS, {"pieces": send(ask, body())}).json()["answers"]
        assert answer["outcome"].get("replayed", False) is bool(turn)
    assert ask("GET", EXPORT).json()["change"] == 3


def test_a_missing_piece_means_that_nothing_is_done(ask: Client, host: SqlHost) -> None:
    ids = send(ask, body())
    assert ask("POST", COMMITS, {"pieces": [*ids[:-1], "0" * 64]}).status == 404
    assert ask("POST", COMMITS, {"pieces": ids[:-1]}).status == 400  # half of a document is none
    assert host.change_of("shop") == 0


@pytest.mark.parametrize("named", ["x", [1], {"a": 1}, ["0"] * 1001, None])
def test_what_names_no_pieces(ask: Client, named: object) -> None:
    assert ask("POST", COMMITS, {"pieces": named}).status == 400


def test_another_project_does_not_get_them(ask: Client) -> None:
    ids = send(ask, body())
    assert ask("POST", "/v1/projects/other/commits", {"pieces": ids}).status == 404


@pytest.mark.parametrize("role", [Role.READ, Role.AGENT])
def test_they_are_for_users(ask: Client, host: SqlHost, role: Role) -> None:
    ids = send(ask, body())
    services = Services(host)
    other = application(services, OpenAccess(role))
    assert other("POST", PIECES, b"x").status == 403
    assert other("POST", COMMITS, {"pieces": ids}).status == 403
    assert ask("POST", COMMITS, {"pieces": ids}).status == 200


def test_an_agent_may_not_import_either_way(ask: Client, host: SqlHost) -> None:
    ids = send(ask, body(Request(Author(Actor.AGENT, "a"), "once")))
    (answer,) = ask("POST", COMMITS, {"pieces": ids}).json()["answers"]
    assert answer["error"]["code"] == "not_allowed"
    assert host.change_of("shop") == 0


def test_a_server_that_only_reads_keeps_none(host: SqlHost) -> None:
    reading = application(Services(host, read_only=True))
    assert reading("POST", PIECES, b"x").status == 403


def test_there_is_an_end_to_what_is_kept(
    ask: Client, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_MOST", 1000)
    first = ask("POST", PIECES, b"a" * 900).json()["id"]
    assert ask("POST", PIECES, b"a" * 900).status == 503  # though it is there: it may be another's
    full = ask("POST", PIECES, b"b" * 900)
    assert (full.status, full.json()["code"], full.headers["retry-after"].isdigit()) == (503, "busy", True)
    assert ask("POST", "/v1/projects/other/pieces", b"b" * 900).status == 200
    clock.time += 3601
    assert ask("POST", PIECES, b"b" * 900).status == 200
    assert ask("POST", COMMITS, {"pieces": [first]}).status == 404


def test_more_than_the_most_is_refused(ask: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_module, "LARGEST_REQUEST", 1000)
    ids = send(ask, body())
    assert ask("POST", COMMITS, {"pieces": ids}).status == 400
    assert ask("POST", COMMITS, {"pieces": [ids[0]] * 1000}).status == 400


def test_a_backup_and_a_check_know_nothing_of_them(ask: Client, host: SqlHost) -> None:
    send(ask, body())
    ask("POST", COMMITS, body())
    assert host.projects() == ["shop"]
