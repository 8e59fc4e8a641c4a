"""Old projects, settings of the receiver, and repositories of other kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName
from guarded import REFUSED, STATE, World, install, make_world, run
from support import Repo

DEEP = f"docs/plans/{STATE}"
CHANGED_AND_REMOVED = ({STATE: "{}\n"}, {STATE: '{"plans": {}}\n'}, {STATE: None})


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
