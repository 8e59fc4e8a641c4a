"""The rules and texts of finish, without a repository."""

from __future__ import annotations

import pytest

from git_kas.domain.finish import (
    CHOICE_MEANINGS,
    STRATEGY_MEANINGS,
    Asked,
    Choice,
    Progress,
    Stage,
    Strategy,
    encode_asked,
    finishing_events,
    reviewing_events,
)
from git_kas.domain.finish_text import (
    LONGEST_BODY,
    LONGEST_TITLE,
    complaint,
    merge_message,
    plan_title,
    request_body,
    squash_message,
)
from git_kas.domain.lifecycle import Actor, Event, Status, StatusWord, UnknownStatus, next_status
from git_kas.domain.names import BranchName, PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.plan_document import PlanDocument, parse_plan
from git_kas.errors import InvalidTransition, StoreCorrupt
from git_kas.ports.fake_forge import FakeForge
from git_kas.ports.forge import NewPullRequest

NAME = PlanName("2026-01-01-rate-limit.md")
BRANCH = BranchName("plan/rate-limit")


def plan(status: StatusWord = Status.REVIEWING, description: str = "") -> Plan:
    return Plan(NAME, status, description)


@pytest.mark.parametrize("status", [*Status, UnknownStatus("frozen")])
def test_which_plans_may_be_finished(status: StatusWord) -> None:
    if status not in {Status.REVIEWING, Status.IMPLEMENTING, Status.DONE}:
        with pytest.raises(InvalidTransition, match=f"is {status}") as raised:
            finishing_events(plan(status))
        assert "git kas plan" in raised.value.next_step
        return
    reached: StatusWord = status
    for event in finishing_events(plan(status)):
        reached = next_status(reached, event, Actor.AGENT)
    assert reached is Status.DONE


def test_the_way_to_review() -> None:
    assert reviewing_events(plan(Status.IMPLEMENTING)) == (Event.IMPLEMENT_FINISHED,)
    assert reviewing_events(plan(Status.REVIEWING)) == ()


def test_every_word_has_a_meaning() -> None:
    assert set(CHOICE_MEANINGS) == set(Choice)
    assert set(STRATEGY_MEANINGS) == set(Strategy)


# -- the journal ---------------------------------------------------------------------------------------------


def test_progress_is_read_from_steps() -> None:
    asked = Asked(NAME, Choice.MERGE, BRANCH, "a" * 40, "main", "b" * 40)
    progress = Progress("op", [encode_asked(asked), {"intent": "land", "base_was": "b"}, {"stopped": "land"}])
    assert progress.asked == asked
    assert (progress.begun(Stage.LAND), progress.done(Stage.LAND), progress.open) == (True, False, True)
    assert progress.stopped(Stage.LAND) is not None
    progress.add({"intent": "land", "base_was": "c"})
    assert (progress.stopped(Stage.LAND), progress.intent(Stage.LAND)) == (
        None,
        {"intent": "land", "base_was": "c"},
    )
    progress.add({"fact": "land"})
    progress.add({"step": "branches", "number": 1})  # what removal records in the same journal
    progress.add({"fact": "end"})
    assert (progress.done(Stage.LAND), progress.open) == (True, False)


def test_words_of_a_later_version_are_passed_over() -> None:
    steps = [{**encode_asked(Asked(NAME, Choice.KEEP)), "later": 1}]
    assert Progress("op", steps).asked.plan_name == NAME


@pytest.mark.parametrize("steps", [[], [{}], [{"plan": "a/b.md", "choice": "keep"}]])
def test_a_question_that_cannot_be_read(steps: list[dict[str, str]]) -> None:
    with pytest.raises(StoreCorrupt):
        Progress("op", steps)


# -- texts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "description", "expected"),
    [
        ("Count requests", "ignored", "Count requests"),
        ("", "Limit the rate. And more.", "Limit the rate"),
        ("", "", "rate-limit"),
        ("one\x1b[31m two\nthree\udc80", "", "one [31m two three"),
        ("word " * 40, "", " ".join(["word"] * 14)),
        ("x" * 100, "", "x" * LONGEST_TITLE),
        ("...", "", "2026-01-01-rate-limit"),
    ],
)
def test_titles(title: str, description: str, expected: str) -> None:
    found = plan_title(plan(description=description), PlanDocument(title=title))
    assert found == expected
    assert len(found) <= LONGEST_TITLE


def test_commit_messages() -> None:
    assert merge_message(BRANCH, "Title") == "merge plan branch plan/rate-limit\n\nTitle\n"
    assert squash_message(BRANCH, "Title", ["1a add a", "2b add\tb"], 3) == (
        "merge plan branch plan/rate-limit\n\nTitle\n\n* 1a add a\n* 2b add b\n* and 1 more\n"
    )


def test_a_long_text_is_cut_at_a_line() -> None:
    document = parse_plan(
        "# T\n\n## Wave 1\n\n" + "".join(f"### Task {n}: {'t' * 90}\n\n" for n in range(1, 900))
    )
    body = request_body(plan(), document, ())
    assert len(body) < LONGEST_BODY + 20
    assert body.endswith("\n\n… (cut off)\n")
    assert body.splitlines()[-3].startswith("- Task")


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ("", "it gave no reason"),
        ("no merges\nNot committing merge.", "no merges"),
        ("warning: x\nfatal: bad object.\nmore", "bad object"),
        (
            "error: would be overwritten by merge:\n\ta.txt\n\tb c.txt\nPlease move",
            "would be overwritten by merge: a.txt, b c.txt",
        ),
    ],
)
def test_complaints_of_git(errors: str, expected: str) -> None:
    assert complaint(errors) == expected


def test_the_fake_forge_keeps_the_contract() -> None:
    from git_kas.domain.names import ObjectId
    from git_kas.errors import AlreadyExists, Busy

    forge = FakeForge({BRANCH: ObjectId("a" * 40)})
    new = NewPullRequest(BRANCH, BranchName("main"), "t", "b", draft=True)
    forge.create(new)
    with pytest.raises(AlreadyExists):
        forge.create(new)
    (request,) = forge.find(BRANCH)
    assert (request.draft, request.head_id, forge.open_requests()) == (True, "a" * 40, [request])
    forge.error = Busy("wait.", next_step="Wait.")
    with pytest.raises(Busy):
        forge.open_requests()
