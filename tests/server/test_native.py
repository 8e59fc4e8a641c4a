"""The routes of our own client, without a socket."""

from __future__ import annotations

import json

import pytest

from git_kas.domain.codec import decode_plan, decode_project, decode_record, encode_project
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import (
    Author,
    ClaimRun,
    Create,
    Mutation,
    Request,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.mutation_codec import decode_answer, encode_asked
from git_kas.domain.names import PlanName
from git_kas.errors import Conflict, InvalidName, NotAllowed
from git_kas.server.access import OpenAccess, Role
from git_kas.server.services import Services
from server.hosting import Client, application

PROJECT = "/v1/projects/a%2Fb%20%C3%A9"
ONE, OTHER = PlanName("one.md"), PlanName("otherø.md")
USER = Request(Author(Actor.USER, "Ada"))


def commit(ask: Client, *mutations: Mutation, request: Request = USER) -> list[object]:
    body = {"commits": [encode_asked(mutation, request) for mutation in mutations]}
    found = ask("POST", PROJECT + "/commits", body)
    assert found.status == 200, found
    return [decode_answer(answer) for answer in found.json()["answers"]]


def test_commits_are_answered_in_order_and_read_back_exactly(ask: Client, services: Services) -> None:
    answers = commit(
        ask,
        Create(ONE, content=b"\xff text", extra={"a": [1.5, None]}),
        Create(ONE),
        Create(OTHER, topic="t"),
        Update(ONE, description="x", if_revision=7),
        Transition(OTHER, (Event.PLAN_START,)),
        ClaimRun(OTHER, "me", 60.0),
    )
    assert [type(answer).__name__ for answer in answers] == [
        "Outcome",
        "AlreadyExists",
        "Outcome",
        "Conflict",
        "Outcome",
        "Outcome",
    ]
    store = services.host.store("a/b é")
    conflict = answers[3]
    assert isinstance(conflict, Conflict)
    assert conflict.current == store.get_plan(ONE)
    assert [answer.change for answer in answers if isinstance(answer, Outcome)] == [1, 2, 3, 4]
    state = ask("GET", PROJECT + "/state").json()
    assert (state["change"], [decode_plan(plan) for plan in state["plans"]]) == (4, list(store.list_plans()))
    assert ask("GET", PROJECT + "/state?status=planning").json()["plans"] == [state["plans"][1]]
    assert ask("GET", PROJECT + "/state?topic=").json()["plans"] == [state["plans"][0]]
    found = decode_record(ask("GET", PROJECT + "/state/other%C3%B8.md").json()["record"])
    assert (found.plan, found.run) == (store.get_plan(OTHER), store.get_run(OTHER))
    assert ask("GET", PROJECT + "/history?since=2").json()["entries"][0]["change"] == 3
    assert len(ask("GET", PROJECT + "/history?plan=one.md").json()["entries"]) == 1
    exported = encode_project(decode_project(ask("GET", PROJECT + "/export").json()))
    assert json.dumps(exported, default=dict) == json.dumps(encode_project(store.export()), default=dict)


def test_a_replayed_commit_says_so(ask: Client) -> None:
    keyed = Request(USER.by, "key")
    first, again = commit(ask, Create(ONE), Create(ONE), request=keyed)
    assert isinstance(first, Outcome)
    assert again == first._replace(replayed=True)


def test_an_agents_token_is_always_an_agent(ask: Client, services: Services) -> None:
    commit(ask, Create(ONE))
    agent = application(services, OpenAccess(Role.AGENT))
    (refused,) = commit(agent, SetStatus(ONE, Status.DONE))
    assert isinstance(refused, NotAllowed)
    (moved,) = commit(agent, Transition(ONE, (Event.PLAN_START,)))
    assert isinstance(moved, Outcome)
    assert (moved.entries[0].actor, moved.entries[0].by) == (Actor.AGENT, "Ada")


def test_what_is_no_commit_is_answered_in_its_place(ask: Client) -> None:
    good = encode_asked(Create(ONE), USER)
    bad = {"mutation": {"kind": "create", "filename": "../x"}}
    found = ask("POST", PROJECT + "/commits", {"commits": [bad, good, 1]}).json()["answers"]
    assert isinstance(decode_answer(found[0]), InvalidName)
    assert isinstance(decode_answer(found[1]), Outcome)
    assert found[2]["error"]["code"] == "usage"
    assert ask("POST", PROJECT + "/commits", {"commits": []}).json() == {"answers": []}


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"commits": {}}', b"[" * 100_000, b'{"commits": [NaN]}'])
def test_what_is_no_list_of_commits_is_refused(ask: Client, body: bytes) -> None:
    found = ask("POST", PROJECT + "/commits", body)
    assert (found.status, found.json()["code"]) == (400, "usage")


@pytest.mark.parametrize(
    "query",
    [
        "history?since=x",
        "history?since=-1",
        "history?since=%D9%A1",
        "changes?wait=1e9",
        "outcomes",
        "state?status=%FF",
        "plans/x.md/history?since=1.5",
    ],
)
def test_a_query_that_cannot_be_read_is_refused(ask: Client, query: str) -> None:
    found = ask("GET", f"{PROJECT}/{query}")
    assert (found.status, found.json()["code"]) == (400, "usage")
