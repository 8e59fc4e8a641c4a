"""A project belongs to the repository that first changed it under its name."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from git_kas.domain.binding import check_binding, is_root_id
from git_kas.errors import ProjectMismatch
from git_kas.ports.fakes import FakeClock
from git_kas.server.services import Services
from server.hosting import ONE, PLAN, PLANS, Client, Running, application, host_at
from support import EPOCH

MINE = {"Kas-Repository": "a" * 40}
THEIRS = {"Kas-Repository": "b" * 64}
COMMITS = "/v1/projects/shop/commits"
READS = (
    PLANS,
    ONE,
    ONE + "/content",
    ONE + "/history",
    "/v1/projects/shop/topics",
    "/v1/projects/shop/changes?since=0&wait=60",
    "/v1/projects/shop/state",
    "/v1/projects/shop/history",
    "/v1/projects/shop/outcomes?key=k",
    "/v1/projects/shop/export",
    "/v1/projects/shop/remarks",
)


def refused(found: Any) -> bool:
    """Whether it was, and the way out named."""
    if found.status != 409:
        return False
    assert found.json()["code"] == "project_mismatch"
    assert "kas.project" in found.json()["next"]
    return True


def test_the_first_change_binds_and_others_are_refused(services: Services, ask: Client) -> None:
    assert ask("GET", PLANS, None, THEIRS).status == 200
    assert ask("POST", PLANS, {"filename": PLAN}, MINE).status == 201
    assert services.host.repository_of("shop") == "a" * 40
    for path in READS:
        assert refused(ask("GET", path, None, THEIRS)), path
        assert ask("GET", path, None, MINE).status == 200
        assert ask("GET", path).status == 200
    assert refused(ask("PUT", ONE, {"description": "x"}, THEIRS))
    assert refused(ask("PUT", ONE, {"description": "x"}, THEIRS | {"If-Match": '"1"'}))
    assert refused(ask("DELETE", ONE, None, THEIRS))
    assert refused(ask("POST", "/v1/projects/shop/topics", {"name": "x"}, THEIRS))
    asked = {"mutation": {"kind": "create", "filename": "x.md"}}
    (answer,) = ask("POST", COMMITS, {"commits": [asked]}, THEIRS).json()["answers"]
    assert answer["error"]["code"] == "project_mismatch"
    assert ask("GET", "/v1/projects/shop/changes").json() == {"change": 1}
    assert ask("POST", "/v1/projects/other/plans", {"filename": PLAN}, THEIRS).status == 201
    assert ask("PUT", ONE, {"description": "y"}).status == 200


def test_what_is_refused_binds_nothing(services: Services, ask: Client) -> None:
    ask("POST", PLANS, {"filename": PLAN})
    assert ask("POST", PLANS, {"filename": PLAN}, THEIRS).status == 409
    assert ask("GET", PLANS, None, THEIRS).status == 200
    assert services.host.repository_of("shop") == ""
    assert ask("PUT", ONE, {"description": "x"}, MINE).status == 200
    assert refused(ask("GET", PLANS, None, THEIRS))


def test_of_two_first_ones_one_is_first(services: Services) -> None:
    ask = application(services)
    found: list[int] = []
    barrier = threading.Barrier(8)

    def create(number: int) -> None:
        barrier.wait()
        headers = {"Kas-Repository": f"{number % 2}" * 40}
        found.append(ask("POST", PLANS, {"filename": f"{number}.md"}, headers).status)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [201] * 4 + [409] * 4


def test_it_is_kept_and_seen_by_other_servers(url: str, ask: Client) -> None:
    other = Services(host_at(url, FakeClock(EPOCH)))
    there = application(other)
    assert there("GET", PLANS, None, THEIRS).status == 200
    ask("POST", PLANS, {"filename": PLAN}, MINE)
    assert refused(there("GET", PLANS, None, THEIRS))
    other.close()


def test_what_is_bound_is_looked_up_once(
    services: Services, ask: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("POST", PLANS, {"filename": PLAN}, MINE)
    ask("GET", PLANS, None, MINE)
    monkeypatch.delattr(type(services.host), "repository_of")
    assert ask("GET", PLANS, None, MINE).status == 200
    assert refused(ask("GET", PLANS, None, THEIRS))


@pytest.mark.parametrize("word", ["x", "a" * 39, "A" * 40, "a" * 40 + "\n", "g" * 40, "a" * 41, "ä" * 40])
def test_what_is_no_commit_is_refused(ask: Client, word: str) -> None:
    assert not is_root_id(word)
    for method, path in (("GET", PLANS), ("POST", COMMITS)):
        commits = {"commits": [{"mutation": {"kind": "create", "filename": PLAN}}]}
        found = ask(method, path, commits, {"Kas-Repository": word})
        assert (found.status, found.json()["code"]) == (400, "usage")


def test_a_server_that_only_reads_binds_nothing(url: str) -> None:
    services = Services(host_at(url, FakeClock(EPOCH)), read_only=True)
    ask = application(services)
    assert ask("GET", PLANS, None, MINE).status == 200
    assert ask("POST", PLANS, {"filename": PLAN}, MINE).status == 403
    assert ask("GET", PLANS, None, THEIRS).status == 200
    services.close()


def test_what_is_not_known_is_let_be() -> None:
    check_binding("shop", "", "b")
    check_binding("shop", "a", "")
    check_binding("shop", "a", "a")
    with pytest.raises(ProjectMismatch, match="'shop'"):
        check_binding("shop", "a", "b")


# -- --strict ------------------------------------------------------------------------------------------------


def test_a_strict_server_replaces_only_what_was_read(url: str) -> None:
    services = Services(host_at(url, FakeClock(EPOCH)), strict=True)
    ask = application(services)
    made = ask("POST", PLANS, {"filename": PLAN})
    for path, body in ((ONE, {"description": "x"}), (ONE + "/content", b"x"), (PLANS + "/missing.md", {})):
        found = ask("PUT", path, body)
        assert (found.status, found.json()["code"]) == (428, "precondition_required")
        assert "If-Match" in found.json()["next"]
    assert ask("GET", "/v1/projects/shop/changes").json() == {"change": 1}
    seen = {"If-Match": made.headers["etag"]}
    assert ask("PUT", ONE, {"description": "x"}, seen).status == 200
    assert ask("PUT", ONE + "/content", b"x", seen).status == 412
    assert ask("PUT", ONE + "/content", b"x", {"If-Match": "*"}).status == 200
    assert ask("POST", ONE + "/transition", {"event": "plan_start"}).status == 200  # checked by the lifecycle
    assert ask("POST", ONE + "/rename", {"new_filename": "x.md"}).status == 200
    assert ask("DELETE", PLANS + "/x.md").status == 204
    services.close()


def test_strict_is_an_option_of_the_program(serve: Any) -> None:
    running: Running = serve("--strict")
    running("POST", PLANS, {"filename": PLAN})
    assert running("PUT", ONE, {"description": "x"}).status == 428


# -- what is told --------------------------------------------------------------------------------------------


def test_no_place_of_the_server_is_told_in_answers_to_commits(
    services: Services, ask: Client, url: str
) -> None:
    import sqlite3

    ask("POST", PLANS, {"filename": PLAN})
    path = url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE plans SET document = 'x'")
    database.close()
    asked = {"mutation": {"kind": "update", "filename": PLAN, "description": "x"}}
    found = ask("POST", COMMITS, {"commits": [asked]})
    assert found.json()["answers"][0]["error"]["code"] == "store_corrupt"
    assert path.rpartition("/")[0] not in found.body.decode()


def test_what_libpq_says_of_a_place_is_not_told(
    ask: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from git_kas.errors import Unreachable

    def fail(project: str) -> int:
        raise Unreachable(
            'plan store unreachable: the database x: connection to server at "10.1.2.3", port 5432 failed: '
            'FATAL: password authentication failed for user "secret".',
            next_step="See whether it runs; nothing was written elsewhere.",
        )

    monkeypatch.setattr(services.host, "change_of", fail)
    found = ask("GET", PLANS)
    assert (found.status, found.json()["code"]) == (503, "unreachable")
    assert "10.1.2.3" not in found.body.decode()
    assert "secret" not in found.body.decode()
    monkeypatch.undo()


def test_names_that_there_are_not_take_no_room(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    from git_kas_sql import host

    monkeypatch.setattr(host, "_MOST_KNOWN", 10)
    ask = application(services)
    ask("POST", PLANS, {"filename": PLAN})
    for number in range(50):
        assert ask("GET", f"/v1/projects/no-{number}/changes").json() == {"change": 0}
    found: Any = services.host
    assert len(found._seen[1]) <= 10
    assert ask("GET", "/v1/projects/shop/changes").json() == {"change": 1}
