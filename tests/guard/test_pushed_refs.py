"""Refs that are moved, tags, and several refs at once; with the real git and the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName
from guarded import REFUSED, STATE, World, run
from support import Repo

DEEP = f"docs/plans/{STATE}"
CHANGED_AND_REMOVED = ({STATE: "{}\n"}, {STATE: '{"plans": {}}\n'}, {STATE: None})


# -- refs that go elsewhere ----------------------------------------------------------------------------------


def test_refs_that_go_to_known_commits(world: World) -> None:
    """Nothing is new to the server, but its main would hold the file again."""
    clean = world.head
    with_it = world.commit({STATE: "{}\n"})
    without = world.commit({STATE: None})
    world.accepted_push("main", f"{clean}:refs/heads/clean", f"{with_it}:refs/heads/old")
    world.guard_server()
    assert f"added: {STATE} in commit {with_it[:12]} of refs/heads/main" in world.refused_push(
        f"+{with_it}:main"
    )
    assert "of refs/heads/clean" in world.refused_push(f"{with_it}:clean")
    world.accepted_push(f"{without}:clean")
    world.accepted_push(f"+{clean}:main")
    world.accepted_push(f"{with_it}:refs/heads/another")  # a new ref is judged by its commits alone
    # Between commits that are accepted anything goes, but not from others.
    world.server.git("config", "kas.guard.baseline", without)
    world.push(f"{without}:main")
    told = world.push(f"+{with_it}:main")
    assert told.status == 0, told


@pytest.mark.parametrize("ref", ["refs/pull/1/head", "refs/notes/x", "refs/changes/1"])
def test_only_branches_and_tags_make_a_commit_known(world: World, ref: str) -> None:
    """A forge keeps what others propose under refs of its own; that has not entered anything yet."""
    proposed = world.commit({STATE: "{}\n"})
    world.accepted_push(f"{proposed}:{ref}")
    world.guard_server()
    assert f"added: {STATE} in commit {proposed[:12]}" in world.refused_push(f"{proposed}:refs/heads/taken")
    world.guard_server(HookName.UPDATE)
    world.refused_push(f"{proposed}:refs/tags/taken")


def test_client_sees_going_back_as_well(world: World) -> None:
    with_it = world.commit({STATE: "{}\n"})
    world.commit({STATE: None})
    world.accepted_push("main")
    world.guard_client(HookName.PRE_PUSH)
    assert "of refs/heads/main" in world.refused_push(f"+{with_it}:main")


def test_root_that_replaces_a_branch(world: World) -> None:
    """The old tip has the same file; as a new root it adds it all the same."""
    world.commit({STATE: "{}\n"})
    world.accepted_push("main")
    world.guard_server()
    world.repo.git("checkout", "-q", "--orphan", "other")
    root = world.commit({STATE: "{}\n"})
    assert root[:12] in world.refused_push("+other:main")


def test_forced_update(guarded_world: World) -> None:
    world = guarded_world
    world.commit({"a": "1"})
    world.accepted_push("main")
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    bad = world.commit({STATE: "{}\n"})
    assert bad[:12] in world.refused_push("--force-with-lease", "main")
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    world.commit({"b": "1"})
    assert world.push("--force-with-lease", "main").status == 0


def test_remote_that_is_ahead_of_what_is_known_here(world: World, tmp_path: Path) -> None:
    """pre-push is told of an object that is not here; it judges what it can."""
    other = Repo(tmp_path / "other", world.environment)
    run("git", "clone", "-q", str(world.server.path), str(other.path), cwd=tmp_path, env=world.environment)
    other.commit("ahead")
    other.git("push", "-q", "origin", "main")
    world.guard_client(HookName.PRE_PUSH)
    world.commit({"a": "1"})
    assert world.push("+main").status == 0
    other.commit("ahead again")
    other.git("fetch", "-q")
    other.git("push", "-q", "origin", "+main")
    world.commit({STATE: "{}\n"})
    world.refused_push("+main")


# -- tags ----------------------------------------------------------------------------------------------------


def test_tags(guarded_world: World) -> None:
    world = guarded_world
    world.repo.git("tag", "-a", "-m", "good", "good")
    world.repo.git("tag", "light")
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin="{}\n")
    world.repo.git("tag", "blob", blob)
    world.repo.git("tag", "tree", "HEAD^{tree}")
    world.repo.git("tag", "-a", "-m", "tree", "annotated-tree", "HEAD^{tree}")
    world.accepted_push("--tags")
    world.commit({DEEP: "{}\n"})
    world.repo.git("tag", "-a", "-m", "bad", "bad")
    world.repo.git("tag", "-a", "-m", "nested", "nested", "bad")
    world.repo.git("tag", "bad-light")
    world.repo.git("tag", "bad-tree", "HEAD^{tree}")
    world.repo.git("tag", "-a", "-m", "tree", "bad-annotated-tree", "HEAD:docs")
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    for name in ("bad", "nested", "bad-light", "bad-tree", "bad-annotated-tree"):
        assert f"refs/tags/{name}" in world.refused_push(name), name
    for name in ("tree", "annotated-tree", "good", "blob"):
        world.refused_push(f"+bad-tree:refs/tags/{name}")
    world.accepted_push("+good:refs/tags/tree", "+tree:refs/tags/blob")


# -- several refs --------------------------------------------------------------------------------------------


@pytest.fixture
def two_branches(world: World) -> World:
    world.repo.git("branch", "good")
    world.commit({STATE: "{}\n"})
    world.repo.git("branch", "bad")
    world.repo.git("checkout", "-q", "good")
    world.commit({"good.txt": "1"})
    return world


def test_pre_receive_refuses_all(two_branches: World) -> None:
    two_branches.guard_server()
    said = two_branches.refused_push("good", "bad")
    assert "of refs/heads/bad" in said
    assert "refs/heads/good " not in "".join(line for line in said.splitlines() if "added:" in line)


def test_update_refuses_only_the_bad_one(two_branches: World) -> None:
    two_branches.guard_server(HookName.UPDATE)
    told = two_branches.push("good", "bad", "bad:refs/heads/another")
    assert told.status != 0
    assert told.err.count(REFUSED) == 2
    assert set(two_branches.refs()) == {"refs/heads/main", "refs/heads/good"}


def test_atomic_push(two_branches: World) -> None:
    two_branches.guard_server(HookName.UPDATE)
    two_branches.refused_push("--atomic", "good", "bad")


def test_mirror_of_many_refs(world: World) -> None:
    world.guard_server()
    good = [world.commit({f"{number}": "1"}) for number in range(20)]
    lines = [f"create refs/heads/b{number} {good[number % 20]}\n" for number in range(400)]
    world.repo.git("update-ref", "--stdin", stdin="".join(lines))
    world.accepted_push("--mirror")
    assert len(world.refs()) == 402
    bad = world.commit({STATE: "{}\n"})
    more = [f"create refs/heads/m{number} {bad if number % 2 else good[0]}\n" for number in range(400)]
    world.repo.git("update-ref", "--stdin", stdin="".join(more))
    assert "and 198 more refs" in world.refused_push("--mirror")
