"""Repositories for the janitor's tests, and everything of them that undo has to bring back."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from support import Repo, Run


def finish(kas: Run, repo: Repo, plan: str, branch: str, status: str = "done") -> None:
    """Have a plan of that status, which names the branch, with its text in the store."""
    text = repo.path.parent / f"{plan}-text.md"
    text.write_text(f"# {plan}\n")
    created = kas("plan", "create", plan, "--branch", branch, "-F", str(text), cwd=repo.path)
    assert created.status == 0, created
    if status != "ready":
        assert kas("plan", "set-status", plan, status, "--force", cwd=repo.path).status == 0


def merged_branch(repo: Repo, name: str) -> str:
    """A branch with a commit of its own that the base has; its tip."""
    repo.git("checkout", "-q", "-b", name)
    tip = repo.commit(f"on {name}")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", f"merge {name}", name)
    return tip


def merged_worktree(repo: Repo, name: str) -> Path:
    """A worktree on a branch that was merged."""
    path = repo.worktree(name)
    repo.commit(f"on {name}", cwd=path)
    repo.git("merge", "-q", "--no-ff", "-m", f"merge {name}", name)
    return path


def rows(data: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of ``cleanup --json`` by kind and name; of worktrees the last part of the path."""
    return {
        (row["kind"], row["name"].rpartition("/")[2] if row["kind"] == "worktree" else row["name"]): row
        for row in data["rows"]
    }


def codes(row: Mapping[str, Any]) -> list[str]:
    """The codes of a row's reasons."""
    return [reason["code"] for reason in row["reasons"]]


def flags(row: Mapping[str, Any]) -> Sequence[str]:
    """The options that a row's reasons name."""
    return [reason["flag"] for reason in row["reasons"] if reason["flag"]]


@dataclass(frozen=True)
class Picture:
    """Everything of a repository with its worktrees that promise 4 speaks of."""

    references: Mapping[str, str]
    config: bytes
    reflogs: Mapping[str, bytes]
    admins: Mapping[str, bytes]
    files: Mapping[str, tuple[Any, ...]]
    statuses: Mapping[str, str]


def picture(repo: Repo) -> Picture:
    """Take it."""
    common = repo.path / ".git"
    listed = repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
    worktrees = [
        Path(line.removeprefix("worktree "))
        for line in repo.git("worktree", "list", "--porcelain", "-z").split("\0")
        if line.startswith("worktree ")
    ]
    files: dict[str, tuple[Any, ...]] = {}
    for worktree in worktrees:
        if worktree != repo.path:
            files |= {str(path): _facts(path) for path in _below(worktree)}
    folder = common / "worktrees"
    return Picture(
        references=dict(line.split(" ") for line in listed.splitlines()),
        config=(common / "config").read_bytes(),
        reflogs=_bytes_below(common / "logs" / "refs" / "heads"),
        admins=_bytes_below(folder),
        files=files,
        statuses={str(worktree): _status(repo, worktree) for worktree in worktrees if worktree.exists()},
    )


def assert_restored(before: Picture, after: Picture, undone: str = "") -> None:
    """All is as before, but for one line that each restored branch's reflog gained."""
    assert after.references == before.references
    assert after.config == before.config
    assert after.files == before.files
    assert after.admins == before.admins
    assert after.statuses == before.statuses
    assert after.reflogs.keys() == before.reflogs.keys()
    for name, old in before.reflogs.items():
        new = after.reflogs[name]
        assert new.startswith(old), name
        gained = new[len(old) :]
        assert gained == b"" or (gained.count(b"\n") == 1 and f"\tkas: undo {undone}".encode() in gained)


def _status(repo: Repo, worktree: Path) -> str:
    return repo.git("--no-optional-locks", "status", "--porcelain=v2", "--ignored", "--branch", cwd=worktree)


def _below(folder: Path) -> list[Path]:
    found = [folder] if folder.exists() else []
    for above, folders, names in os.walk(folder):
        found += [Path(above) / name for name in (*folders, *names)]
    return sorted(found)


def _bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in _below(folder)
        if path.is_file() and not path.is_symlink()
    }


def _facts(path: Path) -> tuple[Any, ...]:
    facts = path.lstat()
    if stat.S_ISLNK(facts.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(facts.st_mode):
        content = sha256(path.read_bytes()).hexdigest()
    else:
        content = ""
    return facts.st_mode, facts.st_mtime_ns, facts.st_ino, facts.st_uid, content
