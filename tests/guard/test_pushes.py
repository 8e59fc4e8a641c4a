"""What pre-receive, update and pre-push refuse, and what passes; with the real git and the real program."""

from __future__ import annotations

import pytest

from git_kas.domain.hooks import HookName
from guarded import STATE, World

DEEP = f"docs/plans/{STATE}"
CHANGED_AND_REMOVED = ({STATE: "{}\n"}, {STATE: '{"plans": {}}\n'}, {STATE: None})


@pytest.mark.parametrize(
    "target", ["main", "HEAD:refs/heads/new", "HEAD:refs/odd/place", "+HEAD:refs/heads/main"]
)
def test_a_commit_that_adds_it_is_refused_wherever_it_goes(guarded_world: World, target: str) -> None:
    bad = guarded_world.commit({DEEP: "{}\n"})
    said = guarded_world.refused_push(target)
    assert f"added: {DEEP} in commit {bad[:12]} of refs/" in said


def test_other_commits_pass(guarded_world: World) -> None:
    world = guarded_world
    world.commit({"a": "1"})
    world.accepted_push("main")
    world.commit({"a": None})
    world.accepted_push("main", "HEAD:refs/heads/new", "HEAD:refs/tags/light")
    world.accepted_push("main")


def test_added_and_removed_again_is_refused_with_each_commit(guarded_world: World) -> None:
    """Only the tip is clean: the commits before it would be shared as well."""
    commits = [guarded_world.commit(files) for files in CHANGED_AND_REMOVED]
    said = guarded_world.refused_push("main")
    assert f"added: {STATE} in commit {commits[0][:12]}" in said
    assert f"changed: {STATE} in commit {commits[1][:12]}" in said
    assert commits[2][:12] not in said


def test_side_branch_that_adds_and_removes_it(guarded_world: World) -> None:
    """History simplified by path would leave it out, as the merge looks like its first parent there."""
    world = guarded_world
    world.repo.git("checkout", "-q", "-b", "side")
    bad = world.commit({STATE: "{}\n"})
    world.commit({STATE: None})
    world.repo.git("checkout", "-q", "main")
    world.commit({"main.txt": "1"})
    world.repo.git("merge", "-q", "--no-edit", "side")
    assert world.repo.git("log", "--format=%H", "--", STATE) == ""
    assert bad[:12] in world.refused_push("main")


def test_evil_merge(guarded_world: World) -> None:
    world = guarded_world
    world.repo.git("checkout", "-q", "-b", "side")
    world.commit({"side.txt": "1"})
    world.repo.git("checkout", "-q", "main")
    world.commit({"main.txt": "1"})
    world.repo.git("merge", "-q", "--no-commit", "side")
    merge = world.commit({STATE: "{}\n"}, "merge")
    assert merge[:12] in world.refused_push("main")


def test_merge_is_judged_against_its_first_parent(world: World) -> None:
    """main has stopped tracking the file; a branch from before, which has it, may be merged if it stays out."""
    world.commit({STATE: "{}\n"})
    world.accepted_push("main", "main:refs/heads/old")
    world.repo.git("branch", "old")
    world.commit({STATE: None})
    world.guard_server()
    world.accepted_push("main")
    world.repo.git("checkout", "-q", "old")
    world.commit({"old.txt": "1"})
    world.accepted_push("old")  # it has the file, and does not touch it
    world.repo.git("checkout", "-q", "main")
    world.repo.git("merge", "-q", "--no-edit", "old")
    world.accepted_push("main")
    world.repo.git("checkout", "-q", "-b", "wrong", "main~1")
    world.repo.git("merge", "-q", "--no-commit", "--no-ff", "old")
    world.repo.git("checkout", "old", "--", STATE)
    merge = world.commit({}, "brings it back")
    assert f"added: {STATE} in commit {merge[:12]}" in world.refused_push("wrong")


def test_removing_it_passes(world: World) -> None:
    world.commit({STATE: "{}\n", DEEP: "{}\n"})
    world.accepted_push("main")
    world.guard_server()
    world.guard_client(HookName.PRE_PUSH)
    world.commit({STATE: None})
    world.accepted_push("main")
    world.repo.git("mv", DEEP, "kept.json")
    world.commit({})
    world.accepted_push("main")


def test_deleting_a_branch_passes(guarded_world: World) -> None:
    world = guarded_world
    world.commit({STATE: "{}\n"})
    world.server.git("fetch", "-q", str(world.path), "main:refs/heads/bad")
    world.accepted_push("--delete", "bad")
    assert "refs/heads/bad" not in world.refs()


def test_what_the_message_says_works(world: World) -> None:
    """The commands are run as they are said, in a history whose second commit brings the file."""
    world.guard_client(*HookName)
    world.guard_server()
    for files in ({"a": "1"}, {DEEP: "{}\n", "b": "1"}, {"c": "1"}):
        world.commit(files)
    said = world.refused_push("main").splitlines()
    start = next(place for place, line in enumerate(said) if "git rebase --interactive" in line)
    world.extra |= {"GIT_SEQUENCE_EDITOR": "sed -i 1s/^pick/edit/", "GIT_EDITOR": "true"}
    for line in said[start : start + 4]:
        told = world.git(*line.split()[1:])
        assert told.status == 0, told
    world.accepted_push("main")
    assert world.repo.git("ls-tree", "-r", "--name-only", "HEAD").split() == ["README.md", "a", "b", "c"]
    assert (world.path / DEEP).exists()
