"""What scenarios share: asking ``git kas triage --json`` and finding the row that is meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import Repo, Run

Row = dict[str, Any]
READERS = ("gitcli", "pygit2", "dulwich")


@dataclass
class Answer:
    """The data of one ``git kas triage --json``."""

    base: str | None
    rows: list[Row]
    warnings: list[str]

    def branch(self, name: str) -> Row:
        """The only row of the branch ``name``."""
        (row,) = [row for row in self.rows if row["branch"] == name]
        return row

    def worktree(self, path: Path | str) -> Row:
        """The only row of the worktree registered at ``path``."""
        wanted = str(path)
        found = [row for row in self.rows if row["worktree"] == wanted]
        assert len(found) == 1, (wanted, [row["worktree"] for row in self.rows])
        return found[0]

    def worktrees(self) -> list[str]:
        """The paths of all worktrees that have a row, sorted."""
        return sorted(row["worktree"] for row in self.rows if row["worktree"] is not None)

    def verdict(self, name: str) -> tuple[str | None, str | None]:
        """Verdict and reason of the branch ``name``."""
        row = self.branch(name)
        return row["verdict"], row["reason"]


Triage = Callable[..., Answer]


def ask_triage(kas: Run, cwd: Path | str, *arguments: str, env: Mapping[str, str] | None = None) -> Answer:
    """One triage in ``cwd``."""
    finished = kas("triage", "--json", *arguments, cwd=cwd, env=env)
    assert finished.status == 0, finished
    document = finished.json()
    assert document["kind"] == "triage"
    return Answer(document["data"]["base"], document["data"]["rows"], document["warnings"])


def configuration(**entries: str) -> dict[str, str]:
    """Environment that sets Git configuration for one command; ``__`` stands for the dot in a key."""
    environment = {"GIT_CONFIG_COUNT": str(len(entries))}
    for number, (key, value) in enumerate(entries.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key.replace("__", ".")
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def registered_worktrees(repo: Repo) -> list[str]:
    """The paths that ``git worktree list`` names, sorted; a bare repository itself left out."""
    blocks = repo.git("worktree", "list", "--porcelain", "-z").split("\0\0")
    fields = [block.split("\0") for block in blocks if block]
    return sorted(block[0].removeprefix("worktree ") for block in fields if "bare" not in block)


def git_version(repo: Repo) -> tuple[int, int]:
    """Major and minor version of the git program in use."""
    major, minor = repo.git("version").split()[2].split(".")[:2]
    return int(major), int(minor)


Listing = dict[str, tuple[int, int, int]]


def listing(*tops: Path) -> Listing:
    """Every path below ``tops`` with its mode, size and time of modification; folders' times included.

    Of shared index files the time is left out: Git marks them as used whenever it reads a split index
    (git-update-index(1), splitIndex.sharedIndexExpire), and nothing can forbid it.
    """
    found = {}
    for top in tops:
        for parent, folders, files in os.walk(top):
            for name in (*folders, *files):
                path = os.path.join(parent, name)
                status = os.lstat(path)
                time = 0 if name.startswith("sharedindex.") else status.st_mtime_ns
                found[path] = (status.st_mode, status.st_size, time)
    return found


def differences(before: Listing, after: Listing) -> list[str]:
    """The paths that came, went or changed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
