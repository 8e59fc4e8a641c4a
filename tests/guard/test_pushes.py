"""What pre-receive, update and pre-push refuse, and what passes; with the real git and the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName
from guarded import REFUSED, STATE, World, install, make_world, run
from support import Repo

DEEP = f"docs/plans/{STATE}"
SERVERS = [HookName.PRE_RECEIVE, HookName.UPDATE]
CHANGED_AND_REMOVED = ({STATE: "{}\n"}, {STATE: '{"plans": {}}\n'}, {STATE: None})


@pytest.fixture(params=[*SERVERS, HookName.PRE_PUSH])
def guarded_world(world: World, request: pytest.FixtureRequest) -> World:
    """A world with one hook that sees pushes."""
    if request.param is HookName.PRE_PUSH:
        world.guard_client(HookName.PRE_PUSH)
    else:
        world.guard_server(request.param)
    return world


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


# -- what stays of a refused push ----------------------------------------------------------------------------


def test_refused_objects_are_gone(world: World) -> None:
    world.guard_server()
    bad = world.commit({STATE: "{}\n"})
    world.refused_push("main")
    assert not world.has(bad)
    assert not world.has(world.repo.git("rev-parse", f"HEAD:{STATE}"))
    assert list((world.server.path / "objects").glob("*incoming*")) == []


# -- old projects --------------------------------------------------------------------------------------------


def test_first_push_of_an_old_project(tmp_path: Path, environment: dict[str, str]) -> None:
    world = make_world(tmp_path, environment)
    for files in CHANGED_AND_REMOVED:
        world.commit(files)
    last = world.head
    world.commit({"new.txt": "1"})
    new = Repo(tmp_path / "new.git", environment)
    run("git", "init", "-q", "--bare", str(new.path), cwd=tmp_path, env=environment)
    install(new.path / "hooks", HookName.PRE_RECEIVE)
    world.repo.git("remote", "set-url", "origin", str(new.path))
    world.server = new
    assert "git config --add kas.guard.baseline" in world.refused_push("main")
    new.git("config", "--add", "kas.guard.baseline", last)
    world.accepted_push("main")
    world.commit({STATE: "{}\n"})
    world.refused_push("main")


@pytest.mark.parametrize("value", ["no-such-commit", "1" * 40, "HEAD^{tree}", "", "--all", "a\nb"])
def test_baseline_that_is_no_commit(world: World, value: str) -> None:
    """What it was meant to accept cannot be told, so nothing that has to be judged passes."""
    world.guard_server()
    world.server.git("config", "kas.guard.baseline", value)
    world.commit({STATE: "{}\n"})
    told = world.push("main")
    assert told.status != 0
    assert ("is no commit here" if value else REFUSED) in told.err
    assert not world.has(world.head)


@pytest.mark.parametrize("value", ["", "a[b]", "a\\b", "../x"])
def test_paths_that_cannot_be_guarded(world: World, value: str) -> None:
    world.guard_server()
    world.server.git("config", "kas.guard.path", value)
    world.commit({STATE: "{}\n"})
    told = world.push("main")
    assert told.status != 0
    assert "kas.guard.path" in told.err
    assert not world.has(world.head)


def test_committed_file_does_not_disarm_the_server(world: World) -> None:
    world.guard_server()
    world.commit({STATE: "{}\n", ".kas.toml": 'guard_paths = ["x"]\nguard_path = "x"\n'})
    world.refused_push("main")


def test_replaced_objects_do_not_hide_it(world: World) -> None:
    """A bad commit for which the server would read a good one (git-replace(1))."""
    bad = world.commit({STATE: "{}\n"})
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    good = world.commit({"good.txt": "1"})
    world.accepted_push("main", f"{good}:refs/replace/{bad}")
    world.repo.git("replace", bad, good)
    world.guard_server()
    world.guard_client(HookName.PRE_PUSH)
    world.refused_push(f"{bad}:refs/heads/x")
    world.refused_push("--no-verify", f"{bad}:refs/heads/x")


# -- other repositories --------------------------------------------------------------------------------------


def test_sha256(tmp_path: Path, environment: dict[str, str]) -> None:
    world = make_world(tmp_path, environment, "--object-format=sha256")
    world.guard_server()
    world.guard_client(*(hook for hook in HookName if hook.side == "client"))
    world.commit({"a": "1"})
    world.accepted_push("main", "HEAD:refs/heads/new")
    world.accepted_push("--delete", "new")
    world.write(STATE)
    world.repo.git("add", STATE)
    world.refused_commit()
    bad = world.commit({})
    assert len(bad) == 64
    assert bad[:12] in world.refused_push("main")
    assert bad[:12] in world.refused_push("--no-verify", "main")


def test_push_from_a_shallow_clone(world: World, tmp_path: Path) -> None:
    for number in range(5):
        world.commit({f"{number}": "1"})
    world.accepted_push("main")
    world.guard_server()
    url = f"file://{world.server.path}"
    run("git", "clone", "-q", "--depth=2", url, "shallow", cwd=tmp_path, env=world.environment, status=0)
    shallow = World(Repo(tmp_path / "shallow", world.environment), world.server, world.environment)
    shallow.guard_client(HookName.PRE_PUSH)
    shallow.commit({"a": "1"})
    shallow.accepted_push("main")
    shallow.commit({STATE: "{}\n"})
    shallow.refused_push("main")
    shallow.refused_push("--no-verify", "main")


def test_shallow_receiver(world: World, tmp_path: Path) -> None:
    world.commit({STATE: "{}\n"})
    world.commit({"a": "1"})
    world.accepted_push("main")
    url = f"file://{world.server.path}"
    run(
        "git", "clone", "-q", "--bare", "--depth=1", url, "s.git", cwd=tmp_path, env=world.environment, status=0
    )
    world.server = Repo(tmp_path / "s.git", world.environment)
    world.repo.git("remote", "set-url", "origin", str(world.server.path))
    world.guard_server()
    world.commit({"b": "1"})
    world.accepted_push("main")
    world.commit({STATE: "changed"})
    world.refused_push("main")


@pytest.mark.parametrize("bad", [True, False])
def test_receiver_that_becomes_shallow(world: World, tmp_path: Path, *, bad: bool) -> None:
    """receive.shallowUpdate: the history behind what is pushed is on neither side."""
    world.commit({STATE: "{}\n"} if bad else {"a": "1"})
    world.commit({"b": "1"})
    world.accepted_push("main")
    url = f"file://{world.server.path}"
    run("git", "clone", "-q", "--depth=1", url, "shallow", cwd=tmp_path, env=world.environment, status=0)
    run("git", "init", "-q", "--bare", "new.git", cwd=tmp_path, env=world.environment, status=0)
    new = Repo(tmp_path / "new.git", world.environment)
    new.git("config", "receive.shallowUpdate", "true")
    shallow = World(Repo(tmp_path / "shallow", world.environment), new, world.environment)
    shallow.repo.git("remote", "set-url", "origin", str(new.path))
    shallow.guard_server()
    told = shallow.push("main")
    print(told)
    assert (told.status == 0) is not bad
