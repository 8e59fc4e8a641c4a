"""Landing by merge commit, forward move, one commit and copies; with the base here, elsewhere and nowhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from finish.worlds import BRANCH, PLAN, World
from git_kas.domain.lifecycle import Event
from git_kas.errors import ChecksFailed, ProgramFailed, WouldLoseData
from git_kas.usecases.finish_ports import State

STRATEGIES = ("ff", "no-ff", "squash", "rebase")


def place_base(world: World, where: str) -> Path | None:
    """Where the base is checked out then."""
    if where == "here":
        return world.repo.path
    if where == "elsewhere":
        return world.base_elsewhere()
    world.base_nowhere()
    return None


@pytest.mark.parametrize("where", ["here", "elsewhere", "nowhere"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_branch_lands(world: World, strategy: str, where: str) -> None:
    if strategy != "ff":
        world.advance()
    folder = place_base(world, where)
    before, tip = world.tip(), world.tip(BRANCH)
    answer = world.merge(strategy)
    assert (answer.state, answer.to_status, world.status) == (State.DONE, "done", "done")
    assert world.repo.git("show", "main:a.txt") == "a"
    check_shape(world, strategy, before, tip)
    for place in filter(None, [folder, world.repo.path, world.tree]):
        assert world.status_of(place) == ""
    if folder is not None:
        assert (folder / "b.txt").read_text() == "b\n"
    assert world.removal is not None
    landed = world.removal.asked[0]
    assert (landed.branch, landed.worktree, landed.landed_at) == (BRANCH, str(world.tree), world.tip())
    assert landed.tip == world.tip(BRANCH)
    assert ".git/kas/finish" not in world.repo.git("worktree", "list")
    world.fsck()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_branch_that_a_reviewer_has_approved_lands_without_another_event(world: World, strategy: str) -> None:
    world.move(Event.REVIEW_APPROVED)
    before = world.app().store.get_plan(PLAN)
    answer = world.merge(strategy)
    assert (answer.state, answer.from_status, answer.to_status) == (State.DONE, "done", "done")
    assert world.repo.git("show", "main:a.txt") == "a"
    assert world.app().store.get_plan(PLAN) == before


def check_shape(world: World, strategy: str, before: str, tip: str) -> None:
    """The history is what the strategy promises."""
    if strategy == "ff":
        assert (world.tip(), world.tip(BRANCH)) == (tip, tip)
    elif strategy == "no-ff":
        assert world.parents() == [before, tip]
        assert world.message() == "merge plan branch plan/x\n\nCount requests\n"
    elif strategy == "squash":
        assert world.parents() == [before]
        lines = world.message().splitlines()
        assert lines[:3] == ["merge plan branch plan/x", "", "Count requests"]
        assert [line.split(" ", 2)[2] for line in lines if line.startswith("* ")] == ["add a", "add b"]
        assert world.tip(BRANCH) == tip
    else:
        assert world.log()[:3] == ["add b", "add a", "meanwhile"]
        assert world.tip(BRANCH) == world.tip() != tip


def test_history_says_what_happened_once(world: World) -> None:
    world.merge()
    assert world.moves == ["review_approved"]
    entry = world.app().store.history()[-1]
    assert entry.note == f"landed on main at {world.tip()} (no-ff)"


def test_implementing_goes_through_review_in_one_step(world: World) -> None:
    world.move(Event.REVIEW_CHANGES_REQUESTED)
    world.merge()
    assert world.moves == ["implement_finished", "review_approved"]


def test_it_works_from_the_branch_s_own_worktree(world: World) -> None:
    assert world.merge(folder=world.tree).state is State.DONE
    assert (world.repo.path / "a.txt").exists()


def test_untracked_files_beside_the_base_do_no_harm(world: World) -> None:
    (world.repo.path / "notes.txt").write_text("mine\n")
    world.merge()
    assert (world.repo.path / "notes.txt").read_text() == "mine\n"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_untracked_file_in_the_way_is_not_overwritten(world: World, strategy: str) -> None:
    (world.repo.path / "a.txt").write_text("mine\n")
    before = world.snapshot()
    with pytest.raises(WouldLoseData, match=r"would be overwritten: a\.txt"):
        world.merge(strategy)
    assert (world.repo.path / "a.txt").read_text() == "mine\n"
    assert world.snapshot() == before


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_changed_files_where_the_base_is_are_never_touched(world: World, strategy: str) -> None:
    (world.repo.path / "base.txt").write_text("mine\n")
    before = world.snapshot()
    with pytest.raises(WouldLoseData, match=f"1 tracked path is changed in {world.repo.path}"):
        world.merge(strategy)
    assert world.snapshot() == before
    assert list(world.journal.operations()) == []


@pytest.mark.parametrize(
    ("strategy", "hook"),
    [
        ("no-ff", "pre-merge-commit"),
        ("no-ff", "commit-msg"),
        ("squash", "pre-commit"),
        ("squash", "commit-msg"),
        ("rebase", "pre-rebase"),
        ("ff", "reference-transaction"),
        ("no-ff", "reference-transaction"),
        ("squash", "reference-transaction"),
        ("rebase", "reference-transaction"),
    ],
)
@pytest.mark.parametrize("where", ["here", "nowhere"])
def test_a_hook_that_fails_stops_it_and_can_be_repaired(
    world: World, strategy: str, hook: str, where: str
) -> None:
    if strategy == "rebase":
        world.advance()
    place_base(world, where)
    before = world.snapshot()
    refusal = "echo not on a friday >&2; exit 1"
    if hook == "reference-transaction":  # which hears of moves that move nothing, too
        moved = '[ "$ref" = refs/heads/main ] && [ "$old" != "$new" ]'
        refusal = (
            f'[ "$1" = prepared ] || exit 0\nwhile read old new ref; do if {moved}; then {refusal}; fi; done'
        )
    path = world.hook(hook, refusal)
    with pytest.raises(ChecksFailed, match=rf"{hook} refused .*Everything is as before") as raised:
        world.merge(strategy)
    assert "--continue" in raised.value.next_step
    assert "--abort" in raised.value.next_step
    after = world.snapshot()
    assert (after["refs"], after["plan"]) == (before["refs"], before["plan"])
    assert all(text == "" for text in after["status"].values())
    path.unlink()
    assert world.go_on().state is State.DONE
    assert world.is_done
    world.fsck()


@pytest.mark.parametrize("strategy", ["no-ff", "squash"])
def test_signing_that_fails_stops_it(world: World, strategy: str) -> None:
    world.repo.git("config", "commit.gpgSign", "true")
    world.repo.git("config", "gpg.program", "false")
    before = world.snapshot()
    with pytest.raises(ProgramFailed, match=r"Signing failed.*Everything is as before"):
        world.merge(strategy)
    assert world.snapshot()["refs"] == before["refs"]
    assert world.snapshot()["status"] == before["status"]
    world.abort()
    assert world.status == "reviewing"
    assert (world.tip("main"), world.status_of(world.repo.path)) == (before["heads"][str(world.repo.path)], "")


def test_settings_that_contradict_the_strategy_do_not_count(world: World) -> None:
    world.repo.git("config", "merge.ff", "false")
    world.repo.git("config", "branch.main.mergeOptions", "--squash --no-commit")
    world.repo.git("config", "commit.cleanup", "scissors")
    before = world.tip()
    world.merge("no-ff")
    assert world.parents() == [before, world.tip(BRANCH)]


def test_squash_in_spite_of_settings(world: World) -> None:
    world.repo.git("config", "merge.ff", "false")
    world.repo.git("config", "branch.main.mergeOptions", "--no-ff --commit")
    before = world.tip()
    world.merge("squash")
    assert world.parents() == [before]


def test_forward_is_refused_where_the_base_has_moved_on(world: World) -> None:
    world.repo.commit("meanwhile")
    before = world.snapshot()
    with pytest.raises(ChecksFailed, match="cannot be moved forward"):
        world.merge("ff")
    assert world.snapshot() == before


def test_what_landed_by_other_hands_is_not_landed_twice(world: World) -> None:
    world.repo.git("merge", "-q", "--squash", BRANCH)
    world.repo.commit("squashed by hand", {"c.txt": "c\n"})
    before = world.tip()
    assert world.merge("squash").state is State.DONE
    assert world.tip() == before


def test_without_cleanup_and_without_remover_both_are_left(world: World) -> None:
    answer = world.merge(cleanup=False)
    assert world.removal is not None
    assert world.removal.asked == []
    assert answer.left == [f"the branch plan/x and its worktree {world.tree} are left"]


def test_a_branch_that_moved_after_landing_is_kept(world: World) -> None:
    tips: list[str] = []

    def commit_more(step: object) -> None:
        if isinstance(step, dict) and step.get("fact") == "land" and not tips:
            tips.append(world.repo.commit("one more", {"more.txt": "m"}, cwd=world.tree))

    world.journal.after_write = commit_more
    answer = world.merge()
    assert world.removal is not None
    assert world.removal.asked == []
    assert "one more" in answer.left[0]
    assert world.tip(BRANCH) == tips[0]


def test_removal_comes_after_the_landing_was_read_again(world: World) -> None:
    assert world.removal is not None

    def check(landed: object) -> None:
        assert world.repo.git("merge-base", "--is-ancestor", world.tip(BRANCH), "main") == ""
        assert world.is_done
        del landed

    world.removal.check = check
    world.merge()
    assert len(world.removal.asked) == 1


def test_the_base_moved_back_after_landing_keeps_the_branch(world: World) -> None:
    before = world.tip()

    def move_back(step: object) -> None:
        if isinstance(step, dict) and step.get("fact") == "done":
            world.repo.git("reset", "-q", "--keep", before)

    world.journal.after_write = move_back
    answer = world.merge()
    assert world.removal is not None
    assert world.removal.asked == []
    assert "no longer holds" in answer.left[0]


def test_names_with_spaces_and_newlines(world: World) -> None:
    world.repo.git("worktree", "remove", str(world.tree))
    odd = world.repo.path.parent / "wt with\nnewline"
    world.repo.git("worktree", "add", "-q", str(odd), BRANCH)
    world.repo.commit("odd", {"-rf name\nx.txt": "o\n"}, cwd=odd)
    world.base_nowhere()
    assert world.merge("rebase").state is State.DONE
    assert world.repo.git("show", "main:-rf name\nx.txt") == "o"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_branch_without_a_worktree(world: World, strategy: str) -> None:
    world.repo.git("worktree", "remove", str(world.tree))
    answer = world.merge(strategy)
    assert (answer.state, world.repo.git("show", "main:a.txt")) == (State.DONE, "a")
    assert world.removal is not None
    assert world.removal.asked[0].worktree == ""


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_branch_in_the_main_worktree(world: World, strategy: str) -> None:
    """The base is checked out nowhere then, and the main worktree stays."""
    world.repo.git("worktree", "remove", str(world.tree))
    if strategy != "ff":
        world.advance()
    world.repo.git("switch", "-q", BRANCH)
    assert world.merge(strategy).state is State.DONE
    assert world.status_of(world.repo.path) == ""
    assert world.repo.git("show", "main:b.txt") == "b"
    assert ".git/kas/finish" not in world.repo.git("worktree", "list")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_bare_repository_with_worktrees(world: World, strategy: str) -> None:
    world.repo.git("config", "core.bare", "true")
    assert world.merge(strategy, folder=world.tree).state is State.DONE
    assert world.repo.git("show", "main:b.txt") == "b"


OLD_GIT = """#!/bin/sh
for word; do if [ "$word" = merge-tree ]; then echo "usage: git merge-tree" >&2; exit 129; fi; done
exec '{git}' "$@"
"""


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_git_that_cannot_try_a_merge(world: World, tmp_path: Path, strategy: str) -> None:
    git = shutil.which("git", path=world.environment["PATH"])
    (tmp_path / "old").mkdir()
    (tmp_path / "old/git").write_text(OLD_GIT.format(git=git))
    (tmp_path / "old/git").chmod(0o755)
    world.environment["PATH"] = f"{tmp_path / 'old'}{os.pathsep}{world.environment['PATH']}"
    before = world.tip()
    answer = world.merge(strategy)
    assert answer.warnings == ["The merge could not be tried beforehand: this git is older than 2.38."]
    if strategy != "rebase":
        check_shape(world, strategy, before, world.tip(BRANCH))
    assert world.is_done


def test_git_in_the_middle_of_a_hook_does_not_lead_astray(world: World) -> None:
    """Variables that Git sets for hooks would send every child to the wrong repository."""
    world.environment["GIT_INDEX_FILE"] = str(world.repo.path / "nonsense")
    assert world.merge("squash").state is State.DONE
