"""Finishing by pull request, with a stand-in for gh and a bare repository; no real forge is reached."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from finish.forges import HostedWorld
from finish.journals import Killed
from finish.worlds import BRANCH, PLAN, Removal, World
from git_kas.domain.finish import Choice
from git_kas.domain.lifecycle import Event
from git_kas.errors import (
    Busy,
    ChecksFailed,
    Conflict,
    KasError,
    NotAllowed,
    NotFound,
    ProgramFailed,
    Unreachable,
    WouldLoseData,
)
from git_kas.usecases.finish_ports import Finish, State, Wish


@pytest.fixture
def hosted(world: World, tmp_path: Path) -> HostedWorld:
    return HostedWorld(world, tmp_path)


def ask(hosted: HostedWorld, *, draft: bool = False) -> Finish:
    return hosted.world.finishing().begin(Wish(PLAN, Choice.PULL_REQUEST, draft=draft))


def test_pushed_asked_for_and_completed_when_merged(hosted: HostedWorld) -> None:
    world = hosted.world
    world.move(Event.REVIEW_CHANGES_REQUESTED)
    answer = ask(hosted)
    assert (answer.state, answer.to_status, world.status) == (State.WAITING, "reviewing", "reviewing")
    assert answer.pull_request is not None
    assert answer.pull_request.url == "https://github.invalid/ada/project/pull/1"
    assert hosted.tip(BRANCH) == world.tip(BRANCH)
    assert world.repo.git("rev-parse", "--abbrev-ref", f"{BRANCH}@{{upstream}}") == f"origin/{BRANCH}"
    (request,) = hosted.requests
    assert (request["title"], request["headRefName"], request["baseRefName"]) == (
        "Count requests",
        BRANCH,
        "main",
    )
    assert world.go_on().state is State.WAITING
    assert world.moves == ["implement_finished"]
    hosted.merge()
    answer = world.go_on()
    assert (answer.state, world.status) == (State.DONE, "done")
    assert world.moves == ["implement_finished", "review_approved"]
    assert len(hosted.requests) == 1
    assert world.removal is not None
    (landed,) = world.removal.asked
    assert (landed.branch, landed.tip, landed.landed_at) == (BRANCH, world.tip(BRANCH), None)
    with pytest.raises(NotFound):
        world.go_on()


def test_the_text_of_the_pull_request(hosted: HostedWorld) -> None:
    ask(hosted, draft=True)
    (request,) = hosted.requests
    assert request["isDraft"] is True
    body = request["body"]
    for part in (
        "count the requests",
        "know the rate",
        "### Wave 1",
        "- Task 1: a counter",
        "### History",
        PLAN,
    ):
        assert part in body
    (create,) = [call for call in hosted.calls if call["arguments"][1] == "create"]
    assert all(len(word) < 120 for word in create["arguments"])
    assert create["cwd"] == str(hosted.world.repo.path)


def test_one_that_exists_is_found_and_reported(hosted: HostedWorld) -> None:
    ask(hosted)
    hosted.world.abort()
    answer = ask(hosted)
    assert (answer.state, len(hosted.requests)) == (State.WAITING, 1)


def test_one_that_somebody_asks_for_at_the_same_moment(hosted: HostedWorld) -> None:
    forge = hosted.world.forge
    assert forge is not None
    find, blind = forge.find, [True]

    def find_late(head: Any) -> Any:
        return () if blind and blind.pop() else find(head)

    ask(hosted)
    hosted.world.abort()
    vars(forge)["find"] = find_late
    assert ask(hosted).state is State.WAITING
    assert len(hosted.requests) == 1


def test_queued_is_not_merged(hosted: HostedWorld) -> None:
    ask(hosted)
    hosted.update(autoMergeRequest={"mergeMethod": "SQUASH"})
    answer = hosted.world.go_on()
    assert answer.state is State.WAITING
    assert "merge queue" in answer.left[0]
    assert hosted.world.status == "reviewing"


def test_merged_without_a_commit_that_is_here(hosted: HostedWorld) -> None:
    world = hosted.world
    ask(hosted)
    hosted.merge()
    world.repo.commit("forgotten", {"late.txt": "l\n"}, cwd=world.tree)
    with pytest.raises(WouldLoseData, match=r"these commits were not merged: .* forgotten"):
        world.go_on()
    assert world.status == "reviewing"
    assert world.removal is not None
    assert world.removal.asked == []
    assert world.abort().left == ["what is on origin stays there, a pull request too; close it on the forge"]


def test_merged_at_a_commit_that_nobody_knows_here(hosted: HostedWorld) -> None:
    ask(hosted)
    hosted.merge("e" * 40)
    with pytest.raises(WouldLoseData, match=r"these commits were not merged: \S+ add a, \S+ add b"):
        hosted.world.go_on()


def test_merged_with_more_than_is_here(hosted: HostedWorld) -> None:
    world = hosted.world
    ask(hosted)
    tip = world.tip(BRANCH)
    more = world.repo.commit("by a reviewer", {"r.txt": "r\n"}, cwd=world.tree)
    world.repo.git("reset", "-q", "--keep", tip, cwd=world.tree)
    hosted.merge(more)
    with pytest.raises(Conflict, match="without some of the commits that were merged"):
        world.go_on()
    world.repo.git("merge", "-q", "--ff-only", more, cwd=world.tree)
    assert world.go_on().state is State.DONE


def test_closed_without_a_merge(hosted: HostedWorld) -> None:
    ask(hosted)
    hosted.update(state="CLOSED")
    with pytest.raises(Conflict, match="closed without a merge"):
        hosted.world.go_on()
    assert hosted.world.abort().state is State.ABORTED
    assert hosted.world.status == "reviewing"


def test_a_fork_s_branch_of_the_same_name_is_not_ours(hosted: HostedWorld) -> None:
    ask(hosted)
    hosted.update(isCrossRepository=True, state="MERGED", headRefOid="d" * 40, mergeCommit={"oid": "c" * 40})
    with pytest.raises(NotFound, match="does not show"):
        hosted.world.go_on()


@pytest.mark.parametrize(
    ("mode", "error", "match"),
    [
        ("logged-out", NotAllowed, "not logged in"),
        ("bad-token", NotAllowed, "not logged in"),
        ("rate-limited", Busy, "asks to wait"),
        ("forbidden", NotAllowed, "does not allow"),
        ("offline", Unreachable, "cannot be reached"),
        ("garbage", ProgramFailed, "not JSON"),
        ("not-a-list", ProgramFailed, "not a list"),
        ("no-oid", ProgramFailed, "no usable"),
    ],
)
def test_a_forge_that_fails_can_be_asked_again(
    hosted: HostedWorld, mode: str, error: type[KasError], match: str
) -> None:
    hosted.mode(mode)
    with pytest.raises(error, match=match) as raised:
        ask(hosted)
    assert raised.value.next_step
    hosted.mode("")
    assert hosted.world.go_on().state is State.WAITING
    assert len(hosted.requests) == 1


def test_without_gh(hosted: HostedWorld) -> None:
    world = hosted.world
    world.environment["PATH"] = "/usr/bin:/bin"
    world.forge = world.app().forge
    with pytest.raises(ProgramFailed, match="gh is not on PATH"):
        ask(hosted)
    assert world.abort().state is State.ABORTED


def test_no_token_is_ever_said(hosted: HostedWorld) -> None:
    world = hosted.world
    world.environment["GH_TOKEN"] = "secret-of-ada"  # noqa: S105 - of nobody
    world.forge = world.app().forge
    hosted.mode("leaky")
    with pytest.raises(ProgramFailed) as raised:
        ask(hosted)
    assert raised.value.message == "gh failed: something about *** and *** went wrong."
    assert "secret-of-ada" not in str(hosted.calls)


def test_open_requests_are_listed_with_base_and_head(hosted: HostedWorld) -> None:
    ask(hosted)
    forge = hosted.world.forge
    assert forge is not None
    (request,) = forge.open_requests()
    assert (request.head, request.base, request.head_id) == (BRANCH, "main", hosted.world.tip(BRANCH))
    hosted.merge()
    assert forge.open_requests() == []


# -- the push ------------------------------------------------------------------------------------------------


def test_a_hook_that_refuses_the_push(hosted: HostedWorld) -> None:
    world = hosted.world
    hook = world.hook("pre-push", "echo not today >&2; exit 1")
    with pytest.raises(ChecksFailed, match="pre-push refused the push: not today"):
        ask(hosted)
    assert world.repo.git("--git-dir", str(hosted.remote), "for-each-ref", "refs/heads/plan") == ""
    hook.unlink()
    assert world.go_on().state is State.WAITING


def test_what_is_on_the_remote_is_never_overwritten(hosted: HostedWorld) -> None:
    world = hosted.world
    world.repo.git("push", "-q", "origin", f"main:refs/heads/{BRANCH}")
    other = world.repo.git("commit-tree", "-m", "theirs", "-p", "main", "main^{tree}")
    world.repo.git("push", "-q", "origin", f"{other}:refs/heads/{BRANCH}")
    with pytest.raises(Conflict, match="has commits on 'plan/x' that are not here"):
        ask(hosted)
    assert hosted.tip(BRANCH) == other
    assert world.abort().state is State.ABORTED


def test_there_must_be_a_remote(world: World) -> None:
    with pytest.raises(NotFound, match="no remote to push"):
        world.finishing().begin(Wish(PLAN, Choice.PULL_REQUEST))


def test_which_remote(hosted: HostedWorld) -> None:
    world = hosted.world
    world.repo.git("remote", "rename", "origin", "upstream")
    answer = world.dry_run(Choice.PULL_REQUEST)
    assert answer.did[0] == "plan/x would be pushed to upstream"
    world.repo.git("remote", "add", "fork", str(hosted.remote))
    assert any(check.problem for check in world.dry_run(Choice.PULL_REQUEST).checks)
    world.repo.git("config", "remote.pushDefault", "fork")
    assert world.dry_run(Choice.PULL_REQUEST).did[0] == "plan/x would be pushed to fork"


class Reaper:
    """Lets what is done die at one of the journal's writes after the other, until it survives."""

    def __init__(self, world: World, when: str) -> None:
        self.world = world
        self.when = when
        self.deaths = 0

    def run(self, action: Callable[[], object], number: int) -> bool:
        """Whether it died at the ``number``-th write, before or after it."""
        writes = itertools.count(1)

        def die(step: Mapping[str, Any]) -> None:
            del step
            if next(writes) == number:
                raise Killed

        setattr(self.world.journal, f"{self.when}_write", die)
        try:
            action()
        except Killed:
            self.deaths += 1
            return True
        finally:
            setattr(self.world.journal, f"{self.when}_write", lambda _: None)
        return False

    def until_it_survives(self, action: Callable[[], object]) -> None:
        number = 1
        while self.run(action, number):  # to die before the first write for ever would lead nowhere
            self.world.fsck()
            number = number % 3 + 1
            assert self.deaths < 50


def is_open(world: World) -> bool:
    return any(record.steps[-1].get("fact") != "end" for record in world.journal.operations())


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_step(hosted: HostedWorld, when: str) -> None:
    """One pull request, however often it is begun and killed; then it is completed, killed at each step."""
    world = hosted.world
    world.move(Event.REVIEW_CHANGES_REQUESTED)
    reaper = Reaper(world, when)
    reaper.until_it_survives(lambda: world.go_on() if world.journal.operations() else ask(hosted))
    assert (world.status, len(hosted.requests)) == ("reviewing", 1)
    hosted.merge()
    reaper.until_it_survives(lambda: world.go_on() if is_open(world) else None)
    assert world.moves == ["implement_finished", "review_approved"]
    assert (len(hosted.requests), world.is_done) == (1, True)
    assert reaper.deaths > 8


def test_merged_into_another_branch_is_not_merged_into_the_base(hosted: HostedWorld) -> None:
    """Whoever may edit a pull request may choose another branch to merge it into."""
    ask(hosted)
    hosted.update(baseRefName="develop")
    hosted.merge()
    with pytest.raises(Conflict, match="was merged into develop, and not into main"):
        hosted.world.go_on()
    assert hosted.world.status == "reviewing"
    assert hosted.world.tip(BRANCH)


def test_commits_that_the_review_has_asked_for_are_merged_with_the_rest(hosted: HostedWorld) -> None:
    world = hosted.world
    removal = world.removal
    assert isinstance(removal, Removal)
    ask(hosted)
    new = world.repo.commit("asked for in review", {"review.txt": "r\n"}, cwd=world.tree)
    world.repo.git("push", "-q", "origin", BRANCH, cwd=world.tree)
    hosted.merge()
    answer = world.go_on()
    assert (answer.state, answer.left) == (State.DONE, [])
    assert [landed.tip for landed in removal.asked] == [new]
