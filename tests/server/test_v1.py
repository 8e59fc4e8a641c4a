"""Wire protocol v1, one route after the other, without a socket."""

from __future__ import annotations

import hashlib

import pytest

from git_kas.errors import NotAllowed, Unauthenticated
from git_kas.server.access import Grant, OpenAccess, Role
from git_kas.server.services import Services
from server.hosting import ONE, PLAN, PLANS, Client, application

ENTRY = {
    "filename": PLAN,
    "status": "ready",
    "description": "limit <it>",
    "branch": "plan/rate-limit",
    "topic": "api",
    "created_at": "2026-02-28T17:16:33.633408661Z",
    "content": "# Rate limit\n",
}


def test_of_a_project_that_nobody_has_written_to_all_is_empty(ask: Client) -> None:
    for path in (PLANS, "/v1/projects/shop/topics", "/v1/projects/shop/history", "/v1/projects/shop/remarks"):
        found = ask("GET", path)
        assert (found.status, found.headers["etag"]) == (200, '"0"')
    assert ask("GET", PLANS).body == b"[]\n"
    assert ask("GET", "/v1/projects/shop/changes").json() == {"change": 0}
    assert ask("GET", "/v1/projects/shop/state").json() == {"change": 0, "plans": [], "remarks": []}


def test_a_plan_is_created_with_its_topic_and_echoed_as_stored(ask: Client) -> None:
    made = ask("POST", PLANS, ENTRY | {"unknown": [1]})
    stored = ENTRY | {"revision": 1, "round": 0, "unknown": [1]}
    assert (made.status, made.json()) == (201, stored)
    assert b"\\u003cit\\u003e" in made.body
    assert ask("GET", ONE).json() == stored
    assert ask("GET", PLANS).json() == [stored]
    assert ask("GET", PLANS + "?content=0").json() == [{k: v for k, v in stored.items() if k != "content"}]
    assert [topic["name"] for topic in ask("GET", "/v1/projects/shop/topics").json()] == ["api"]


def test_what_is_there_or_missing_is_said_in_the_earlier_words(ask: Client) -> None:
    ask("POST", PLANS, ENTRY)
    again = ask("POST", PLANS, ENTRY)
    assert (again.status, again.json()["code"]) == (409, "already_exists")
    assert "plan already exists" in again.json()["error"]
    assert ask("POST", "/v1/projects/shop/topics", {"name": "web"}).status == 201
    assert "topic already exists" in ask("POST", "/v1/projects/shop/topics", {"name": "web"}).json()["error"]
    missing = f"{PLANS}/missing.md"
    for found in (
        ask("GET", missing),
        ask("PUT", missing, ENTRY),
        ask("GET", missing + "/content"),
        ask("PUT", missing + "/content", b"x"),
        ask("POST", missing + "/rename", {"new_filename": "x.md"}),
        ask("POST", missing + "/transition", {"event": "plan_start"}),
        ask("GET", missing + "/history"),
        ask("DELETE", missing),
    ):
        assert (found.status, found.json()["code"]) == (404, "not_found")
        assert "plan not found: missing.md" in found.json()["error"]
        assert found.json()["next"]


def test_both_filters_intersect_and_a_status_may_be_repeated(ask: Client) -> None:
    for name, status, topic in (
        ("a", "ready", "x"),
        ("b", "done", "x"),
        ("c", "planning", "y"),
        ("d", "ready", ""),
    ):
        ask("POST", PLANS, {"filename": f"{name}.md", "status": status, "topic": topic})

    def names(query: str) -> str:
        return "".join(entry["filename"][0] for entry in ask("GET", f"{PLANS}?{query}").json())

    assert names("") == "abcd"
    assert names("status=ready&status=done") == "abd"
    assert names("topic=x") == "ab"
    assert names("topic=x&status=ready") == "a"
    assert names("topic=") == "abcd"
    assert names("status=nonsense") == ""


def test_put_without_content_keeps_the_text_and_with_it_overwrites(ask: Client) -> None:
    ask("POST", PLANS, ENTRY | {"unknown": 1})
    put = ask("PUT", ONE, {"filename": "ignored.md", "status": "planning", "created_at": ENTRY["created_at"]})
    assert put.status == 200
    assert put.json()["filename"] == PLAN
    found = ask("GET", ONE).json()
    assert (found["status"], found["content"], found["unknown"]) == ("planning", ENTRY["content"], 1)
    assert "description" not in found
    before = ask("GET", "/v1/projects/shop/changes").json()["change"]
    assert ask("PUT", ONE, ENTRY | {"status": "planning", "content": "new"}).json()["content"] == "new"
    assert ask("GET", ONE + "/content").body == b"new"
    assert ask("GET", "/v1/projects/shop/changes").json()["change"] == before + 1
    actions = [entry["action"] for entry in ask("GET", ONE + "/history").json()]
    assert actions == ["created", "transition", "updated", "content"]


def test_the_text_comes_as_markdown_with_its_hash(ask: Client) -> None:
    ask("POST", PLANS, {"filename": PLAN})
    none = ask("GET", ONE + "/content")
    assert (none.status, none.body, none.headers["kas-content-id"]) == (200, b"", "")
    done = ask("PUT", ONE + "/content", b"\xff# not UTF-8\n")
    assert (done.status, done.body) == (200, b"")
    text = ask("GET", ONE + "/content")
    assert (text.body, text.headers["content-type"]) == (b"\xff# not UTF-8\n", "text/markdown")
    assert text.headers["kas-content-id"] == hashlib.sha256(text.body).hexdigest()
    assert text.headers["etag"] == ask("GET", ONE).headers["etag"] == '"2"'


def test_rename_transition_and_removal(ask: Client) -> None:
    ask("POST", PLANS, ENTRY)
    moved = ask("POST", ONE + "/transition", {"event": "plan_start", "note": "now"})
    assert (moved.status, moved.json()["status"]) == (200, "planning")
    assert ask("POST", ONE + "/transition", {"event": "reopen"}).status == 409
    assert ask("POST", ONE + "/transition", {"event": "nonsense"}).json()["code"] == "unknown_event"
    assert ask("POST", ONE + "/rename", {}).json()["error"].startswith("new_filename is required")
    renamed = ask("POST", ONE + "/rename", {"new_filename": "b.md"})
    assert (renamed.status, renamed.body) == (200, b"")
    assert ask("GET", ONE).status == 404
    assert [entry["action"] for entry in ask("GET", f"{PLANS}/b.md/history").json()] == [
        "created",
        "transition",
        "renamed",
    ]
    assert ask("DELETE", f"{PLANS}/b.md").status == 204
    assert ask("GET", f"{PLANS}/b.md").status == 404
    assert ask("GET", f"{PLANS}/b.md/history").json()[-1]["action"] == "removed"


def test_a_stale_writer_is_told_the_plan_as_it_is(ask: Client) -> None:
    ask("POST", PLANS, ENTRY)
    stale = {"If-Match": '"1"'}
    assert ask("PUT", ONE, ENTRY | {"description": "x"}, stale).headers["etag"] == '"2"'
    for found in (
        ask("PUT", ONE, ENTRY, stale),
        ask("PUT", ONE + "/content", b"", stale),
        ask("POST", ONE + "/transition", {"event": "plan_start"}, stale),
        ask("POST", ONE + "/rename", {"new_filename": "b.md"}, stale),
        ask("DELETE", ONE, None, stale),
        ask("DELETE", ONE, None, {"If-Match": '"nonsense"'}),
        ask("DELETE", ONE, None, {"If-Match": 'W/"2"'}),
    ):
        assert (found.status, found.json()["code"]) == (412, "conflict")
        assert (found.json()["current"]["revision"], found.json()["current"]["description"]) == (2, "x")
    assert ask("DELETE", ONE, None, {"If-Match": '"1", "2"'}).status == 400
    assert ask("DELETE", ONE, None, {"If-Match": "*"}).status == 204


def test_a_key_makes_a_repetition_harmless(ask: Client) -> None:
    key = {"Idempotency-Key": "k-ü"}
    first = ask("POST", PLANS, ENTRY, key)
    assert ask("POST", PLANS, ENTRY, key).body == first.body
    other = ask("POST", PLANS, ENTRY | {"description": "other"}, key)
    assert (other.status, other.json()["code"]) == (422, "key_reused")
    assert ask("GET", "/v1/projects/shop/outcomes?key=k-%C3%BC").json()["outcome"]["change"] == 1
    assert ask("GET", "/v1/projects/shop/outcomes?key=other").json() == {"outcome": None}


def test_the_history_says_who_it_was(ask: Client, services: Services) -> None:
    ask("POST", PLANS, ENTRY, {"Kas-By": "Ada Løvelace"})
    agent = application(services, OpenAccess(Role.AGENT))
    agent("POST", ONE + "/transition", {"event": "plan_start"}, {"Kas-Actor": "user", "Kas-By": "bot"})
    entries = ask("GET", ONE + "/history").json()
    assert [(entry["actor"], entry["by"]) for entry in entries] == [("user", "Ada Løvelace"), ("agent", "bot")]
    assert ask("PUT", ONE, ENTRY, {"Kas-Actor": "god"}).status == 400


def test_agents_may_not_do_what_is_the_users(ask: Client, services: Services) -> None:
    ask("POST", PLANS, ENTRY | {"status": "done"})
    agent = application(services, OpenAccess(Role.AGENT))
    for found in (
        agent("POST", ONE + "/transition", {"event": "start_over"}),
        agent("PUT", ONE, ENTRY | {"status": "ready"}),
        agent("DELETE", ONE),
    ):
        assert (found.status, found.json()["code"]) == (403, "not_allowed")
    reader = application(services, OpenAccess(Role.READ))
    assert reader("GET", ONE).status == 200
    for method, path in (("PUT", ONE), ("POST", PLANS), ("DELETE", ONE), ("POST", "/v1/projects/shop/commits")):
        assert reader(method, path, {}).status == 403
    assert len(ask("GET", ONE + "/history").json()) == 1


def test_who_shows_no_token_is_asked_for_one(services: Services) -> None:
    class Tokens:
        def grant(self, authorization: str | None, project: str | None) -> Grant:
            if authorization != "Bearer good":
                raise Unauthenticated("There is no token.", next_step="Send one.")
            if project == "other":
                raise NotAllowed("Not there.", next_step="Ask.")
            return Grant(Role.USER, "Ada")

        def remembers(self, authorization: str | None) -> bool:
            del authorization
            return False

    ask = application(services, Tokens())
    found = ask("GET", PLANS)
    assert (found.status, found.json()["code"]) == (401, "unauthenticated")
    assert found.headers["www-authenticate"].startswith("Bearer")
    assert [ask("GET", path).status for path in ("/v1/ping", "/healthz", "/v1/version")] == [200, 200, 401]
    good = {"Authorization": "Bearer good"}
    assert ask("POST", PLANS, ENTRY, good).status == 201
    assert ask("GET", ONE + "/history", None, good).json()[0]["by"] == "Ada"
    assert ask("GET", "/v1/projects/other/plans", None, good).status == 403


def test_a_server_may_only_read(url: str, services: Services, ask: Client) -> None:
    ask("POST", PLANS, ENTRY)
    reading = Services(services.host, read_only=True)
    found = application(reading)
    assert found("GET", ONE).status == 200
    assert found("PUT", ONE, ENTRY).status == 403
    assert (
        found(
            "POST",
            "/v1/projects/shop/commits",
            {"commits": [{"mutation": {"kind": "remove", "filename": PLAN}}]},
        ).status
        == 403
    )
    reading.close()


def test_the_server_says_what_it_is(ask: Client) -> None:
    assert ask("GET", "/v1/version").json().keys() == {"name", "version", "protocol"}
    assert (ask("GET", "/v1/ping").status, ask("GET", "/v1/ping").body) == (200, b"")
    assert ask("GET", "/healthz").body == b"ok\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"filename": 1}',
        b"[" * 100_000,
        b'{"filename":"a.md","created_at":""}',
        b'{"filename":"a.md","x":NaN}',
    ],
)
def test_what_is_no_entry_is_refused(ask: Client, body: bytes) -> None:
    for method, path in (("POST", PLANS), ("PUT", ONE)):
        found = ask(method, path, body)
        assert (found.status, found.json()["code"]) == (400, "usage")
        assert found.json()["error"].startswith("invalid request body")
    assert ask("GET", "/v1/projects/shop/changes").json() == {"change": 0}


def test_a_word_that_is_no_status_and_a_name_that_is_none_are_unprocessable(ask: Client) -> None:
    assert ask("POST", PLANS, ENTRY | {"status": "nonsense"}).json()["code"] == "invalid_status"
    for name in ("", "a", "a/b.md", "../a.md", "a\x00.md", "x" * 300 + ".md"):
        found = ask("POST", PLANS, ENTRY | {"filename": name})
        assert (found.status, found.json()["code"]) == (422, "invalid_name")
