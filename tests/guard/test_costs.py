"""What a hook costs: counted processes, and the seconds of a large push (printed, not asserted)."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName
from guarded import STATE, World, run
from support import needs_program

_EXEC = re.compile(r'^execve\("([^"]+)", \[(.*)\],? .* = 0$', re.MULTILINE)
COMMITS = 10_000
PYTHON = {"git-kas", *(f"python{version}" for version in ("", "3", "3.11", "3.12", "3.13"))}


def name(process: str) -> str:
    """The name of the program that a process has run."""
    return process.split(" ", 1)[0].rpartition("/")[2]


def traced(world: World, *arguments: str) -> list[str]:
    """The processes of ``git *arguments``, each by what it ran last: program and arguments."""
    folder = world.path.parent / f"strace-{time.monotonic_ns()}"
    folder.mkdir()
    strace = ("strace", "-ff", "-qq", "-s", "300", "-o", folder / "of", "-e", "trace=execve")
    run(*strace, "git", *arguments, cwd=world.path, env=world.environment, status=0)
    records = (path.read_text(errors="replace") for path in sorted(folder.iterdir()))
    return [" ".join((["", ""], *_EXEC.findall(record))[-1]) for record in records]


@pytest.mark.parametrize("hook", [HookName.PRE_COMMIT, HookName.PRE_MERGE_COMMIT])
def test_two_processes_and_no_python_when_nothing_is_staged_for_it(world: World, hook: HookName) -> None:
    needs_program("strace")
    world.repo.git("config", "maintenance.auto", "false")
    world.repo.git("config", "gc.auto", "0")
    world.commit({STATE: "{}\n"})
    costs = []
    for guarded in (False, True):
        if guarded:
            world.guard_client(hook)
        if hook is HookName.PRE_COMMIT:
            world.write("a", str(guarded))
            world.repo.git("add", "a")
            costs.append(traced(world, "commit", "-q", "-m", "x"))
        else:
            world.repo.git("checkout", "-q", "-b", f"side-{guarded}")
            world.commit({f"side-{guarded}": "1"})
            world.repo.git("checkout", "-q", "main")
            world.commit({f"main-{guarded}": "1"})
            costs.append(traced(world, "merge", "-q", "--no-edit", f"side-{guarded}"))
    without, with_hook = costs
    assert len(with_hook) - len(without) == 2, with_hook
    assert sum(f"hooks/{hook}" in program for program in with_hook) == 1
    assert sum('"diff", "--cached"' in program for program in with_hook) == 1
    assert not PYTHON.intersection(map(name, with_hook))


@pytest.mark.parametrize("hook", [HookName.PRE_PUSH, HookName.PRE_RECEIVE, HookName.UPDATE])
def test_no_python_when_nothing_is_pushed_for_it(world: World, hook: HookName) -> None:
    needs_program("strace")
    (world.guard_client if hook is HookName.PRE_PUSH else world.guard_server)(hook)
    world.commit({"a": "1"})
    programs = traced(world, "push", "-q", "origin", "main", "HEAD:refs/heads/new")
    assert any(f"hooks/{hook}" in program for program in programs)
    assert not PYTHON.intersection(map(name, programs))


def history(folder: Path, world: World, bad: int | None) -> None:
    """Import so many commits on main, one of which adds the file and the next one removes it."""
    lines = []
    for number in range(COMMITS):
        lines.append(
            f"commit refs/heads/main\ncommitter A <a@b> {1_700_000_000 + number} +0000\ndata 1\nx\n"
            + (f"from {world.head}\n" if number == 0 else "")
            + f"M 100644 inline src/{number % 50}/file-{number % 997}.txt\ndata {len(str(number))}\n{number}\n"
        )
        if number == bad:
            lines.append(f"M 100644 inline docs/{STATE}\ndata 1\nx\n")
        elif bad is not None and number == bad + 1:
            lines.append(f"D docs/{STATE}\n")
    run(
        "git",
        "fast-import",
        "--quiet",
        cwd=folder,
        env=world.environment,
        stdin="".join(lines).encode(),
        status=0,
    )


@pytest.mark.parametrize("bad", [None, 5_000])
def test_large_push(world: World, bad: int | None) -> None:
    history(world.path, world, bad)
    began = time.perf_counter()
    run("git", "rev-list", "--objects", "main", cwd=world.path, env=world.environment, status=0)
    walk = time.perf_counter() - began
    world.guard_server()
    began = time.perf_counter()
    if bad is None:
        world.accepted_push("main")
    else:
        assert world.refused_push("main").count("added: ") == 1
    push = time.perf_counter() - began
    end = "refused" if bad else "accepted"
    print(f"\n{COMMITS} commits, {end}: push {push:.2f} s, rev-list --objects {walk:.2f} s")
