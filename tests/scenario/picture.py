"""A full picture of a repository and everything around it, to tell what a command changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from support import Repo

# Told apart by what Git says of them, not by files; and what is our own.
_BY_GIT = ("objects", "kas", "refs", "logs/refs", "packed-refs", "config")


class Facts(NamedTuple):
    """What is at a path."""

    mode: int
    changed_ns: int
    content: str


@dataclass(frozen=True)
class Picture:
    """``files`` are all paths below a folder but Git's own stores; folders without their time."""

    refs: dict[str, str]
    reflogs: dict[str, bytes]
    config: list[str]
    worktrees: dict[str, str]
    admins: dict[str, str]
    files: dict[str, Facts]


def take(repo: Repo, common: Path, top: Path) -> Picture:
    """The repository with the common directory ``common``, and every path below ``top``."""
    repo_at = Repo(common, repo._environment)
    refs = [line.split(" ", 1) for line in repo_at.git("for-each-ref", f"--format={_REF}").splitlines()]
    skipped = {str(common / name) for name in _BY_GIT}
    return Picture(
        refs={name: value for name, value in refs if not name.startswith("refs/kas/")},
        reflogs={str(path.relative_to(common)): path.read_bytes() for path in _files(common / "logs/refs")},
        config=repo_at.git("config", "--file", str(common / "config"), "--list", "-z").split("\0"),
        worktrees=_registered(repo_at),
        admins=_admins(common),
        files=dict(_facts_below(top, skipped)),
    )


_REF = "%(refname) %(objectname) %(symref)"


def _registered(repo: Repo) -> dict[str, str]:
    blocks = filter(None, repo.git("worktree", "list", "--porcelain", "-z").split("\0\0"))
    return {block.split("\0")[0].removeprefix("worktree "): block for block in blocks}


def _admins(common: Path) -> dict[str, str]:
    """Path of a linked worktree → its administrative folder."""
    found = {}
    for path in sorted(common.glob("worktrees/*/gitdir")):
        text = os.fsdecode(path.read_bytes()).removesuffix("\n")
        found[text.removesuffix("/.git")] = str(path.parent)
    return found


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _facts_below(top: Path, skipped: set[str]) -> Iterator[tuple[str, Facts]]:
    for parent, folders, names in os.walk(top):
        folders[:] = [name for name in folders if f"{parent}/{name}" not in skipped]
        for name in (*folders, *names):
            path = f"{parent}/{name}"
            if path not in skipped and not name.startswith("sharedindex."):
                yield path, _facts(path)


def _facts(path: str) -> Facts:
    found = os.lstat(path)
    if stat.S_ISDIR(found.st_mode):
        return Facts(found.st_mode, 0, "")
    if stat.S_ISLNK(found.st_mode):
        return Facts(found.st_mode, found.st_mtime_ns, os.readlink(path))
    content = sha256(Path(path).read_bytes()).hexdigest() if stat.S_ISREG(found.st_mode) else ""
    return Facts(found.st_mode, found.st_mtime_ns, content)


def assert_unchanged(before: Picture, after: Picture) -> None:
    """Nothing changed at all."""
    assert after.refs == before.refs
    assert after.reflogs == before.reflogs
    assert after.config == before.config
    assert after.worktrees == before.worktrees
    assert _different(before.files, after.files) == []


def assert_only_gone(
    before: Picture, after: Picture, branches: Iterable[str], paths: Iterable[str], trash: str = ""
) -> None:
    """These branches and worktrees are gone, whole, and nothing else came, went or changed.

    ``trash`` is the beginning of paths at which there may be more than before.
    """
    names = sorted(branches)
    worktrees = sorted(paths)
    refs = {f"refs/heads/{name}" for name in names}
    assert after.refs == {name: value for name, value in before.refs.items() if name not in refs}
    logs = {f"logs/{ref}" for ref in refs}
    assert after.reflogs == {name: log for name, log in before.reflogs.items() if name not in logs}
    sections = tuple(f"branch.{name}." for name in names)
    assert after.config == [line for line in before.config if not line.startswith(sections or "\0")]
    assert after.worktrees.keys() == before.worktrees.keys() - set(worktrees)
    tops = [top for path in worktrees for top in (path, before.admins[path])]
    gone = [path for path in before.files if any(path == top or path.startswith(f"{top}/") for top in tops)]
    expected = {path: facts for path, facts in before.files.items() if path not in set(gone)}
    there = {path: facts for path, facts in after.files.items() if not (trash and path.startswith(trash))}
    assert [path for path in _different(expected, there) if not _is_emptied(path, after)] == []


def assert_restored(before: Picture, after: Picture, trash: str = "") -> None:
    """All is there again as it was, but for a line more in reflogs; what begins with ``trash`` may be left."""
    assert after.refs == before.refs
    assert after.config == before.config
    assert after.worktrees == before.worktrees
    there = {path: facts for path, facts in after.files.items() if not (trash and path.startswith(trash))}
    assert _different(before.files, there) == []
    assert after.reflogs.keys() == before.reflogs.keys()
    for name, log in before.reflogs.items():
        gained = after.reflogs[name].removeprefix(log)
        assert after.reflogs[name].startswith(log), name
        assert gained.count(b"\n") <= 1, name


def _is_emptied(path: str, after: Picture) -> bool:
    """The folder of all administrative folders goes with the last of them."""
    return path.endswith("/worktrees") and path not in after.files


def _different(before: dict[str, Facts], after: dict[str, Facts]) -> list[str]:
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
