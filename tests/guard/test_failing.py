"""Whatever cannot be looked at is refused, in words that say how to mend it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName, ShimOptions
from guarded import OPTIONS, REFUSED, STATE, ZERO, World, install, run
from support import Finished, needs_program

NO_PROGRAM = ShimOptions((STATE,))


@pytest.fixture
def tools(tmp_path: Path, world: World) -> Path:
    """A folder that is the whole PATH of hooks: git and what shims use, but no git-kas."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("git", "cat", "cut", "sed", "sh"):
        (folder / name).symlink_to(shutil.which(name) or name)
    world.extra["PATH"] = str(folder)
    return folder


def stand_in(folder: Path, name: str, script: str) -> None:
    """Replace a program by a shell script."""
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


# -- git-kas itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["missing", "not executable", "a folder", "fails", "is another program"])
def test_git_kas_that_cannot_be_run(world: World, tools: Path, tmp_path: Path, state: str) -> None:
    program = tmp_path / "there is/git-kas"
    program.parent.mkdir()
    if state == "not executable":
        program.write_text("#!/bin/sh\nexit 0\n")
    elif state == "a folder":
        program.mkdir()
    elif state != "missing":
        stand_in(program.parent, "git-kas", "exit 3" if state == "fails" else "echo usage >&2; exit 2")
    options = OPTIONS._replace(program=str(program))
    for folder in (world.path / ".git/hooks", world.server.path / "hooks"):
        install(folder, *HookName, options=options)
    world.write(STATE)
    world.repo.git("add", STATE)
    told = world.git("commit", "-m", "x")
    assert told.status != 0
    assert "git-kas: Refused: guarded files may be in this" in told.err
    expected = (
        "could not look (exit status" if program.is_file() and os.access(program, os.X_OK) else "is not found"
    )
    assert expected in told.err
    world.commit({})
    for arguments in (("main",), ("--no-verify", "main")):
        told = world.push(*arguments)
        assert told.status != 0
        assert expected in told.err
    world.repo.git("reset", "-q", "--hard", "HEAD~1")
    world.commit({"a": "1"})
    assert world.push("main").status == 0, "with nothing to decide git-kas is not needed"


def test_program_from_the_path(world: World, tools: Path, tmp_path: Path) -> None:
    """A program that has moved away is looked for on the PATH."""
    install(
        world.path / ".git/hooks", HookName.PRE_COMMIT, options=OPTIONS._replace(program=str(tmp_path / "gone"))
    )
    stand_in(tools, "git-kas", "echo asked: $* >&2; exit 1")
    world.write(STATE)
    world.repo.git("add", STATE)
    assert "asked: guard --staged" in world.git("commit", "-m", "x").err


# -- parts of the pipe ---------------------------------------------------------------------------------------

BROKEN = [
    "cat",
    "cut",
    "sed",
    "rev-list",
    "diff-tree",
    "cat-file",
    "empty sed",
    "no cut",
    "no sed",
    "dying rev-list",
]


def break_part(tools: Path, part: str) -> None:
    git = shutil.which("git")
    if part.startswith("no "):
        (tools / part.removeprefix("no ")).unlink()
    elif part in {"cat", "cut", "sed"}:
        stand_in(tools, part, "exit 1")
    elif part == "empty sed":
        stand_in(tools, "sed", "exit 3")
    elif part == "dying rev-list":
        stand_in(tools, "git", f'[ "$1" = rev-list ] && kill -9 $$\nexec {git} "$@"')
    else:
        stand_in(tools, "git", f'for w; do [ "$w" = {part} ] && exit 1; done\nexec {git} "$@"')


@pytest.mark.parametrize("hook", [HookName.PRE_RECEIVE, HookName.UPDATE, HookName.PRE_PUSH])
@pytest.mark.parametrize("part", BROKEN)
def test_broken_part_lets_nothing_through(world: World, tools: Path, hook: HookName, part: str) -> None:
    """The hook is run as Git runs it; only its own commands are broken."""
    folder = world.path / ".git/hooks"
    install(folder, hook)
    old = world.head
    bad = world.commit({STATE: "{}\n"})
    world.repo.git("checkout", "-q", "--detach", old)
    world.repo.git("branch", "-q", "-D", "main")
    break_part(tools, part)
    line = f"{old} {bad} refs/heads/main\n"
    if hook is HookName.PRE_PUSH:
        told = _run_hook(world, hook, "origin", "url", stdin=f"HEAD~1 x {bad} refs/heads/main {old}\n")
    elif hook is HookName.UPDATE:
        told = _run_hook(world, hook, "refs/heads/main", old, bad, stdin="")
    else:
        told = _run_hook(world, hook, stdin=line)
    assert told.status != 0
    assert told.out + told.err


@pytest.mark.parametrize("hook", [HookName.PRE_RECEIVE, HookName.PRE_PUSH])
@pytest.mark.parametrize("refs", [1, 3_000])
def test_shell_for_which_printf_is_a_program(world: World, hook: HookName, refs: int) -> None:
    """As mksh and that of OpenBSD; Linux starts none with an argument of more than 128 KiB."""
    needs_program("bash")
    install(world.path / ".git/hooks", hook)
    old, bad = world.head, world.commit({STATE: "{}\n"})
    world.repo.git("update-ref", "refs/heads/main", old)
    lines = [f"{old} {bad} refs/heads/branch-{number}\n" for number in range(refs)]
    if hook is HookName.PRE_PUSH:
        lines = [f"x {bad} refs/heads/branch-{number} {old}\n" for number in range(refs)]
    command = ("bash", "-c", 'enable -n printf; . "$0"', f".git/hooks/{hook}", "origin", "url")
    env = {**world.environment, "GIT_DIR": ".git"}
    told = run(*command, cwd=world.path, env=env, stdin="".join(lines).encode())
    assert told.status == 1
    assert REFUSED in told.out


def _run_hook(world: World, hook: HookName, *arguments: str, stdin: str) -> Finished:
    env = {**world.environment, **world.extra, "GIT_DIR": ".git"}
    path = Path(".git/hooks") / hook
    return run(path, *arguments, cwd=world.path, env=env, stdin=stdin.encode())


# -- objects that are missing --------------------------------------------------------------------------------


def missing_tree(world: World) -> None:
    _remove(world, world.repo.git("rev-parse", "HEAD~1^{tree}"))


def missing_commit(world: World) -> None:
    _remove(world, world.repo.git("rev-parse", "HEAD~1"))


def missing_subtree(world: World) -> None:
    _remove(world, world.repo.git("rev-parse", "HEAD~1:docs"))


def damaged_tree(world: World) -> None:
    path = _object(world, world.repo.git("rev-parse", "HEAD^{tree}"))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_bytes(b"damaged")


def _object(world: World, id_: str) -> Path:
    return world.path / ".git/objects" / id_[:2] / id_[2:]


def _remove(world: World, id_: str) -> None:
    _object(world, id_).unlink()


@pytest.mark.parametrize("damage", [missing_tree, missing_commit, missing_subtree, damaged_tree])
@pytest.mark.parametrize("hook", [HookName.PRE_RECEIVE, HookName.UPDATE])
def test_missing_objects(world: World, damage: Callable[[World], None], hook: HookName) -> None:
    old = world.head
    for text in "123":
        world.commit({"docs/a.txt": text, f"{text}.txt": text})
    new = world.head
    damage(world)
    world.repo.git("update-ref", "--no-deref", "refs/heads/main", old)
    install(world.path / ".git/hooks", hook)
    if hook is HookName.UPDATE:
        told = _run_hook(world, hook, "refs/heads/main", old, new, stdin="")
    else:
        told = _run_hook(world, hook, stdin=f"{old} {new} refs/heads/main\n")
    assert told.status != 0
    assert "git-kas: git " in told.err
    assert "could not look" in told.err or REFUSED in told.out or told.status == 1


@pytest.mark.parametrize("object_", ["1" * 40, "not an object", ZERO[:-1] + "1"])
def test_objects_that_are_not_here(world: World, object_: str) -> None:
    install(world.path / ".git/hooks", HookName.PRE_RECEIVE)
    told = _run_hook(world, HookName.PRE_RECEIVE, stdin=f"{ZERO} {object_} refs/heads/x\n")
    assert told.status != 0
    told = _run_hook(world, HookName.PRE_RECEIVE, stdin=f"{object_} {world.head} refs/heads/x\n")
    assert told.status != 0


def test_damaged_index(world: World) -> None:
    install(world.path / ".git/hooks", HookName.PRE_COMMIT)
    (world.path / ".git/index").write_bytes(b"damaged")
    told = _run_hook(world, HookName.PRE_COMMIT, stdin="")
    assert told.status != 0
    assert "git diff-index failed" in told.err
