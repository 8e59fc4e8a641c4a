"""What users and others do while an operation stands open: nothing of theirs is taken for ours."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from finish.journals import Killed
from finish.worlds import BRANCH, World
from git_kas.errors import ChecksFailed, KasError, WouldLoseData
from git_kas.usecases.finish_ports import State


def stop_at_conflict(world: World, strategy: str) -> str:
    """The base moves between trial and merge, so that the merge stops where it is checked out; its tip."""

    def move_base(step: Mapping[str, Any]) -> None:
        if step.get("intent") == "land":
            world.journal.after_write = lambda _: None
            world.repo.commit("meanwhile", {"a.txt": "theirs\n"})

    world.journal.after_write = move_base
    with pytest.raises(ChecksFailed, match=r"The merge stopped in .* at conflicts in a\.txt"):
        world.merge(strategy)
    return world.tip()


def stage(world: World, name: str = "mine.txt") -> Path:
    """Work of the user's own, staged where the base is checked out."""
    path = world.repo.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine\n")
    world.repo.git("add", "--", name)
    return path


@pytest.mark.parametrize("strategy", ["no-ff", "squash"])
@pytest.mark.parametrize("end", ["continue", "abort"])
def test_a_merge_that_the_user_has_given_up_is_not_ended_with_his_next_work(
    world: World, strategy: str, end: str
) -> None:
    base = stop_at_conflict(world, strategy)
    world.repo.git("reset", "--merge")
    mine = stage(world)
    if end == "continue":
        with pytest.raises(KasError):
            world.go_on()
        assert not world.is_done
    world.abort()
    assert (world.tip(), world.status_of(world.repo.path)) == (base, "A  mine.txt")
    assert mine.read_text() == "mine\n"
    assert world.tip(BRANCH)


@pytest.mark.parametrize("strategy", ["no-ff", "squash"])
def test_what_the_user_stages_while_a_hook_runs_survives_its_refusal(world: World, strategy: str) -> None:
    world.hook("commit-msg", "echo mine > mine.txt; git add mine.txt; exit 1")
    with pytest.raises(ChecksFailed, match="Something was left behind"):
        world.merge(strategy)
    if strategy == "no-ff":
        with pytest.raises(WouldLoseData, match="could not be aborted"):
            world.abort()
        world.repo.git("rm", "-q", "--cached", "mine.txt")
    world.abort()
    assert (world.repo.path / "mine.txt").read_text() == "mine\n"
    assert not world.is_done


def test_looking_at_staged_work_leaves_the_index_sound(world: World) -> None:
    def die(step: Mapping[str, Any]) -> None:
        if step.get("intent") == "land":
            raise Killed

    world.journal.after_write = die
    with pytest.raises(Killed):
        world.merge("squash")
    world.journal.after_write = lambda _: None
    stage(world, "folder/mine.txt")
    with pytest.raises(KasError):
        world.go_on()
    world.fsck()
    world.repo.git("gc", "--prune=now", "--quiet")
    world.abort()
    assert world.status_of(world.repo.path) == "A  folder/mine.txt"


def test_a_rebase_lands_what_the_base_has_taken_and_reverted(world: World) -> None:
    """Git leaves out a commit whose copy is in the base, although its revert is there, too."""
    world.repo.git("cherry-pick", world.tip(f"{BRANCH}~1"))
    world.repo.git("revert", "--no-edit", "HEAD")
    world.merge("rebase")
    assert world.is_done
    assert world.repo.git("ls-tree", "--name-only", "main", "a.txt", "b.txt").split() == ["a.txt", "b.txt"]


def test_a_rebase_leaves_out_what_the_base_still_has(world: World) -> None:
    world.repo.git("cherry-pick", world.tip(f"{BRANCH}~1"))
    world.merge("rebase")
    assert world.is_done
    assert world.log()[:3] == ["add b", "add a", "base file"]


@pytest.mark.parametrize("later", [True, False])
def test_a_rebase_that_the_user_has_left_in_the_middle_is_not_taken_for_ended(
    world: World, *, later: bool
) -> None:
    world.repo.commit("first try", {"base.txt": "1\ntwo\nthree\nfour\nfive\n"}, cwd=world.tree)
    world.repo.commit("no, back", {"base.txt": "one\ntwo\nthree\nfour\nfive\n"}, cwd=world.tree)
    if later:
        world.repo.commit("c", {"c.txt": "c\n"}, cwd=world.tree)
    base = world.repo.commit("theirs", {"base.txt": "uno\ntwo\nthree\nfour\nfive\n"})
    with pytest.raises(ChecksFailed, match=r"The rebase stopped in .* at conflicts in base\.txt") as raised:
        world.merge("rebase")
    folder = str(raised.value).split(" in ")[1].split(" at conflicts")[0]
    if not later:
        with pytest.raises(AssertionError, match="no, back"):
            world.repo.git("-C", folder, "rebase", "--skip")
    world.repo.git("-C", folder, "rebase", "--quit")
    with suppress(KasError):
        world.go_on()
    assert not world.is_done
    assert world.tip() == base
    assert world.abort().state is State.ABORTED
    assert world.tip() == base


def test_a_rebase_does_not_drop_what_only_a_merge_commit_has(world: World) -> None:
    world.advance()
    world.repo.git("merge", "-q", "--no-commit", "--no-ff", "main", cwd=world.tree)
    world.repo.commit("merge, and mend what goes with it", {"mended.txt": "m\n"}, cwd=world.tree)
    base, tip = world.tip(), world.tip(BRANCH)
    with pytest.raises(ChecksFailed, match="would not give what a merge gives; nothing landed"):
        world.merge("rebase")
    world.abort()
    assert (world.tip(), world.tip(BRANCH), world.is_done) == (base, tip, False)
    assert ".git/kas/finish" not in world.repo.git("worktree", "list")


def die_before_landing(world: World, strategy: str) -> None:
    def die(step: Mapping[str, Any]) -> None:
        if step.get("intent") == "land":
            raise Killed

    world.journal.after_write = die
    with pytest.raises(Killed):
        world.merge(strategy)
    world.journal.after_write = lambda _: None


def merge_by_hand(world: World, strategy: str) -> None:
    """Just what finishing was about to do."""
    if strategy == "squash":
        world.repo.git("merge", "-q", "--squash", BRANCH)
        world.repo.git("commit", "-q", "-m", "by hand")
    elif strategy == "rebase":
        copies = world.journal.operations()[-1].steps
        result = next(str(step["result"]) for step in copies if step.get("fact") == "rebase")
        world.repo.git("merge", "-q", "--ff-only", result)
    else:
        world.repo.git("merge", "-q", f"--{strategy}", "--no-edit", BRANCH)


@pytest.mark.parametrize("strategy", ["ff", "no-ff", "squash", "rebase"])
@pytest.mark.parametrize("reflogs", [True, False])
def test_a_merge_made_by_hand_after_our_death_is_never_taken_back(
    world: World, strategy: str, *, reflogs: bool
) -> None:
    if not reflogs:
        world.repo.git("config", "core.logAllRefUpdates", "false")
    if strategy == "rebase":
        world.advance()
    die_before_landing(world, strategy)
    merge_by_hand(world, strategy)
    theirs = world.tip()
    assert "holds the branch already, by other hands; that stays" in world.abort().left[0]
    assert (world.tip(), world.status, world.status_of(world.repo.path)) == (theirs, "reviewing", "")


@pytest.mark.parametrize("strategy", ["ff", "no-ff", "squash", "rebase"])
def test_the_reflog_of_the_base_names_the_operation(world: World, strategy: str) -> None:
    done = world.merge(strategy)
    reason = world.repo.git("log", "-g", "-1", "--format=%gs", "main", "--")
    assert reason.startswith(f"git kas finish {done.operation}: ")
