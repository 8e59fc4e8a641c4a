"""Looks for everything that would be lost with a worktree's files, several worktrees at a time.

Beside ``git status`` with ignored files that is ``git ls-files``: it tells of files that Git was told to
overlook, which no status shows, and of submodules.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.janitor import Inspection
from git_kas.errors import ProgramFailed
from git_kas_gitcli.messages import first_line
from git_kas_gitcli.process import run_git
from git_kas_gitcli.status import BackgroundGit, parse_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.worktree import Worktree

# An entry of ``git ls-files -v -s -z`` that is no plain file of the index: overlooked, or a submodule.
# What decides about removal is read from the files themselves, not from those who watch them.
_TRUST_NOBODY: Final = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")

_ODD: Final = re.compile(rb"(?:^|(?<=\0))(?!H 1[02])([A-Za-z?]) (\d{6}) ([0-9a-f]+) (\d)\t([^\0]*)")
_SKIP_WORKTREE: Final = b"S"
_GITLINK: Final = b"160000"
_LINK: Final = b"120000"
_MOST_EXAMPLES: Final = 4
_REFERENCES: Final = ("refs/heads/", "refs/remotes/", "refs/tags/")
_KINDS: Final = {
    b"1": "changed",
    b"2": "changed",
    b"u": "changed",
    b"?": "untracked",
    b"!": "ignored",
}


class _Odd(NamedTuple):
    tag: bytes
    mode: bytes
    object: bytes
    stage: bytes
    path: bytes


class BackgroundInspections(BackgroundGit):
    """The port :class:`~git_kas.ports.git.PendingInspections`."""

    SETTINGS = _TRUST_NOBODY

    def __init__(self, worktrees: Sequence[Worktree], environment: Mapping[str, str]) -> None:
        self._found: dict[str, Inspection] = {}
        super().__init__(worktrees, environment, "--ignored=traditional")

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Inspection]:
        """See :class:`git_kas.ports.git.PendingInspections`."""
        self._join()
        return {worktree.path: self._inspection(worktree, signal_folders) for worktree in self._worktrees}

    def _ask_git(self, worktree: Worktree, *pathspecs: str) -> tuple[int, bytes, bytes]:
        if not worktree.readable:
            self._found[worktree.path] = self._unreachable(worktree, Inspection())
            return 0, b"", b""
        if not pathspecs:
            self._found[worktree.path] = self._unreachable(worktree, self._overlooked(worktree))
        return super()._ask_git(worktree, *pathspecs)

    def _inspection(self, worktree: Worktree, signal_folders: Sequence[str]) -> Inspection:
        found = self._found[worktree.path]
        status, output, errors = self._outcome(worktree, signal_folders)
        if status:
            return found._replace(problem=found.problem or first_line(os.fsdecode(errors)))
        examples = _examples(output)
        ignored = sum(entry.startswith(b"! ") for entry in output.split(b"\0"))
        return found._replace(dirt=parse_status(output), ignored=ignored, examples=examples)

    def _overlooked(self, worktree: Worktree) -> Inspection:
        status, output, errors = self._git(worktree, "ls-files", "-v", "-s", "-z")
        if status:
            return Inspection(problem=first_line(os.fsdecode(errors)))
        hidden: list[_Odd] = []
        submodules: list[str] = []
        for odd in (_Odd(*found.groups()) for found in _ODD.finditer(output)):
            there = os.path.lexists(os.path.join(os.fsencode(worktree.path), odd.path))
            if odd.mode == _GITLINK:
                if os.path.lexists(os.path.join(os.fsencode(worktree.path), odd.path, b".git")):
                    submodules.append(os.fsdecode(odd.path))
            elif odd.tag.islower() or (there and odd.tag == _SKIP_WORKTREE):
                hidden.append(odd)  # what a sparse checkout leaves out is not there
        return Inspection(hidden=self._changed(worktree, hidden), submodules=submodules)

    def _changed(self, worktree: Worktree, overlooked: Sequence[_Odd]) -> Sequence[str]:
        """Those of the files whose content is not that of the index; where Git cannot say, all."""
        asked = [odd for odd in overlooked if self._can_be_hashed(worktree, odd)]
        changed = [os.fsdecode(odd.path) for odd in overlooked if odd not in asked]
        if asked:
            paths = b"".join(odd.path + b"\n" for odd in asked)
            status, output, _ = self._git(worktree, "hash-object", "--stdin-paths", stdin=paths)
            names = output.split() if status == 0 else []
            pairs = zip(asked, [*names, *[b""] * (len(asked) - len(names))], strict=False)
            changed += [os.fsdecode(odd.path) for odd, name in pairs if odd.object != name]
        return sorted(changed)

    @staticmethod
    def _can_be_hashed(worktree: Worktree, odd: _Odd) -> bool:
        path = os.path.join(os.fsencode(worktree.path), odd.path)
        plain = os.path.isfile(path) and not os.path.islink(path) and odd.mode != _LINK
        return plain and b"\n" not in odd.path and not odd.path.startswith(b'"')

    def _unreachable(self, worktree: Worktree, found: Inspection) -> Inspection:
        if worktree.head is None or worktree.branch is not None:
            return found
        asked = ["for-each-ref", "--count=1", "--format=%(refname)", f"--contains={worktree.head}"]
        status, output, errors = self._git(worktree, *asked, *_REFERENCES)
        if status:
            return found._replace(problem=first_line(os.fsdecode(errors)))
        return found if output.strip() else found._replace(unreachable=worktree.head)

    def _git(self, worktree: Worktree, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        located = ["--git-dir", worktree.admin_dir, *_TRUST_NOBODY]
        if worktree.readable:
            located += ["--work-tree", worktree.path, "-C", worktree.path]
        try:
            return run_git([*located, *arguments], self._environment, stdin)
        except ProgramFailed as error:
            return 1, b"", error.message.encode()


def _examples(output: bytes) -> Mapping[str, Sequence[str]]:
    examples: dict[str, list[str]] = {}
    for kind, path in _entries(output):
        named = examples.setdefault(kind, [])
        if len(named) < _MOST_EXAMPLES:
            named.append(os.fsdecode(path))
    return examples


def _entries(output: bytes) -> Iterator[tuple[str, bytes]]:
    for entry in output.split(b"\0"):
        kind = _KINDS.get(entry[:1])
        if kind:
            fields_before_path = {b"?": 1, b"!": 1, b"u": 10}.get(entry[:1], 8)
            yield kind, entry.split(b" ", fields_before_path)[-1]
