"""The oracle that is not ours: would merging a branch into a commit add anything, as plain git has it?"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from support import Repo

_REGULAR = ("100644", "100755")


class Outcome(StrEnum):
    """What a merge of a branch into a commit does."""

    NOTHING = "adds nothing"
    SOMETHING = "adds something"
    CONFLICT = "conflicts"


class Entry(NamedTuple):
    """What a tree has at a path."""

    mode: str
    oid: str


Delta = dict[str, tuple[Entry | None, Entry | None]]


def merge_outcome(repo: Repo, at: str, branch: str) -> Outcome:
    """What ``git merge-tree`` (2.38 or newer), which renames may lead to other paths, says of the merge."""
    finished = _run(repo, "merge-tree", "--write-tree", "--no-messages", at, branch)
    if finished.returncode == 1 or b"unrelated histories" in finished.stderr:
        return Outcome.CONFLICT
    assert finished.returncode == 0, finished.stderr
    tree = finished.stdout.split()[0].decode()
    return Outcome.NOTHING if tree == repo.git("rev-parse", f"{at}^{{tree}}") else Outcome.SOMETHING


def delta(repo: Repo, old: str, new: str) -> Delta:
    """Path → what it is in ``old`` and in ``new``, for every path that differs; renames are two paths."""
    arguments = ["-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none", old, new]
    fields = repo.git("diff-tree", *arguments).split("\0")
    found: Delta = {}
    for heading, path in zip(fields[0::2], fields[1::2], strict=False):
        modes_and_ids = heading.removeprefix(":").split(" ")
        before, after = Entry(modes_and_ids[0], modes_and_ids[2]), Entry(modes_and_ids[1], modes_and_ids[3])
        found[path] = (_present(before), _present(after))
    return found


def inverse(changes: Delta) -> Delta:
    """The changes that take ``changes`` back."""
    return {path: (after, before) for path, (before, after) in changes.items()}


def tree_of(repo: Repo, commit: str) -> dict[str, Entry]:
    """Every path of a commit."""
    found = {}
    for line in filter(None, repo.git("ls-tree", "-r", "-z", commit).split("\0")):
        heading, _, path = line.partition("\t")
        mode, _, oid = heading.split(" ")
        found[path] = Entry(mode, oid)
    return found


def missing_paths(repo: Repo, changes: Delta, tree: Mapping[str, Entry]) -> list[str]:
    """The paths whose change a three-way merge by ``git merge-file`` would still bring into ``tree``."""
    return [path for path, (old, new) in changes.items() if not contained(repo, old, tree.get(path), new)]


def contained(repo: Repo, old: Entry | None, ours: Entry | None, new: Entry | None) -> bool:
    """Whether ``ours`` already has what leads from ``old`` to ``new``."""
    if ours == new:
        return True
    if old is None or ours is None or new is None:
        return False
    if not all(entry.mode in _REGULAR for entry in (old, ours, new)):
        return False
    if new.mode not in {old.mode, ours.mode}:
        return False
    return ours.oid == new.oid or _merges_to_ours(repo, old.oid, ours.oid, new.oid)


def _merges_to_ours(repo: Repo, old: str, ours: str, new: str) -> bool:
    if new == old:
        return True
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, oid in enumerate((ours, old, new)):
            path = Path(folder) / str(number)
            path.write_bytes(_run(repo, "cat-file", "blob", oid).stdout)
            names.append(str(path))
        merged = _run(repo, "merge-file", "-p", "-q", *names)
        return merged.returncode == 0 and merged.stdout == Path(names[0]).read_bytes()


def base_chain(repo: Repo, branch: str, base: str) -> list[str]:
    """The base's own states after the fork of ``branch``, oldest first."""
    fork = merge_base(repo, branch, base)
    return repo.git("rev-list", "--first-parent", "--reverse", base, f"^{fork}").split()


def merge_base(repo: Repo, branch: str, base: str) -> str:
    """One best common ancestor; empty where there is none."""
    return _run(repo, "merge-base", base, branch).stdout.decode().strip()


def is_ancestor(repo: Repo, commit: str, base: str) -> bool:
    """Whether ``base`` contains the commit."""
    return _run(repo, "merge-base", "--is-ancestor", commit, base).returncode == 0


def _present(entry: Entry) -> Entry | None:
    return None if set(entry.oid) == {"0"} and entry.mode == "000000" else entry


def _run(repo: Repo, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", *arguments], cwd=repo.path, env=repo._environment, capture_output=True, check=False
    )
