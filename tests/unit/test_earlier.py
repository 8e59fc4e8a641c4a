"""Rows of the earlier system's database, read into plans; and which of its projects is meant."""

from __future__ import annotations

from hashlib import sha256

import pytest

from git_kas.domain.earlier import (
    EarlierPlan,
    EarlierProject,
    choose_project,
    read_earlier,
    remarks_on_others,
)
from git_kas.domain.lifecycle import Status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import ZERO_TIME
from git_kas.domain.state_file import RemarkKind
from git_kas.errors import NotFound, UsageError
from git_kas.ports.earlier_database import MemoryEarlierDatabase
from git_kas.usecases.import_plans import from_database

A = PlanName("a.md")


@pytest.mark.parametrize(
    ("names", "wanted", "own", "chosen"),
    [
        (["a", "b"], "b", "a", "b"),
        (["a", "b"], None, "a", "a"),
        (["a"], None, "x", "a"),
        ([], None, "x", None),
    ],
)
def test_which_project(names: list[str], wanted: str | None, own: str, chosen: str | None) -> None:
    assert choose_project(names, wanted, own, "there") == chosen


def test_which_is_not_known() -> None:
    with pytest.raises(UsageError, match="2 projects in there") as several:
        choose_project(["a", "b"], None, "x", "there")
    assert several.value.next_step.endswith("a, b.")
    with pytest.raises(NotFound, match="no project 'x' in there"):
        choose_project(["a", "b"], "x", "a", "there")


@pytest.mark.parametrize(
    ("word", "status", "kind"),
    [
        ("ready", Status.READY, None),
        ("in_progress", Status.IMPLEMENTING, RemarkKind.LEGACY_STATUS),
        ("finished", Status.DONE, RemarkKind.LEGACY_STATUS),
        ("", "", RemarkKind.UNKNOWN_STATUS),
        ("paused", "paused", RemarkKind.UNKNOWN_STATUS),
    ],
)
def test_a_status(word: str, status: str, kind: RemarkKind | None) -> None:
    project, remarks = read_earlier(EarlierProject([EarlierPlan("a.md", word)]))
    assert str(project.records[A].plan.status) == status
    assert [remark.kind for remark in remarks] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ZERO_TIME),
        ("2026-02-28T17:16:33.633408661Z", "2026-02-28T17:16:33.633408661Z"),
        ("2026-02-28T17:16:33+01:00", "2026-02-28T17:16:33+01:00"),
        ("2026-02-28", ZERO_TIME),
        ("2026-13-28T17:16:33Z", ZERO_TIME),
    ],
)
def test_a_time(text: str, kept: str) -> None:
    found = EarlierProject([EarlierPlan("a.md", "ready", created_at=text)], {"t": text})
    project, remarks = read_earlier(found)
    assert (project.records[A].plan.created_at, project.topics["t"].created_at) == (kept, kept)
    expected = [] if not text or kept == text else [RemarkKind.UNREADABLE_TIME] * 2
    assert [remark.kind for remark in remarks] == expected


def test_texts_are_kept_by_their_hash_and_empty_ones_are_none() -> None:
    rows = [EarlierPlan("a.md", "ready", content=b"\xff"), EarlierPlan("b.md", "ready")]
    project, _ = read_earlier(EarlierProject(rows))
    assert project.contents == {sha256(b"\xff").hexdigest(): b"\xff"}
    assert project.records[A].plan.content_id in project.contents
    assert project.records[PlanName("b.md")].plan.content_id == ""


def test_what_is_no_plan_is_kept_as_an_entry() -> None:
    project, remarks = read_earlier(EarlierProject([EarlierPlan("x", "done", branch="b", content=b"t")]))
    assert project.records == {}
    assert project.passengers == {"unread": {"x": {"status": "done", "branch": "b", "content": "t"}}}
    assert [remark.kind for remark in remarks] == [RemarkKind.UNREADABLE_NAME]


def test_what_else_is_there() -> None:
    texts = [remark.text for remark in remarks_on_others({"signals": 1, "audit_events": 2})]
    assert texts == [
        "the table audit_events is left behind, with 2 rows",
        "the table signals is left behind, with 1 row",
    ]


def test_an_incoming_project_says_where_it_is_from() -> None:
    database = MemoryEarlierDatabase({"shop": EarlierProject([EarlierPlan("a.md", "ready")])}, {"signals": 1})
    incoming = from_database(database, "plans.db", None, "other")
    assert incoming.told_source == "plans.db (project shop)"
    assert list(incoming.project.records) == [A]
    assert [remark.kind for remark in incoming.remarks] == [RemarkKind.LEFT_BEHIND]
