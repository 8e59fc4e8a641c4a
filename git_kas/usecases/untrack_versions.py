"""The versions of a state file: the one that counts in this worktree, and all others that can be found."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.untrack import EMPTY_BLOBS
from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from git_kas.domain.base import References
    from git_kas.domain.names import ObjectId
    from git_kas.domain.untrack import TrackedPath
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.files import WorktreeFiles
    from git_kas.usecases.untrack_git import UntrackGit

_HEADS: Final = "refs/heads/"
_REMOTES: Final = "refs/remotes/"


class Version(NamedTuple):
    """One version of a state file: ``place`` names it for people, ``command`` imports what is missing from it.

    ``path`` is absolute for a file on disk, else the name of an object (gitrevisions(7)).
    """

    place: str
    path: str
    data: bytes
    command: str


class _Named(NamedTuple):
    """A blob that Git has: where, and how git-cat-file(1) finds it."""

    blob: ObjectId
    place: str
    name: str


class HolderKind(StrEnum):
    """Who still has a file that is no longer tracked here."""

    WORKTREE = "worktree"
    BRANCH = "branch"
    REMOTE = "remote"


class Holder(NamedTuple):
    """A worktree (by its path) or a branch that still has the file at ``path``."""

    kind: HolderKind
    name: str
    path: str


@dataclass(slots=True)
class Versions:
    """Looks for them from the worktree ``here``; what cannot be read is told in ``warnings``.

    ``registered_as`` is how Git names that worktree, which may differ by links.
    """

    git: UntrackGit
    files: WorktreeFiles
    read_blob: Callable[[ObjectId], bytes | None]
    here: str
    registered_as: str
    worktrees: Sequence[Worktree]
    references: References
    head: ObjectId | None
    warnings: list[str]
    _tips: dict[str, ObjectId] = field(default_factory=dict)
    _found: dict[str, list[tuple[str, ObjectId]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        local = {branch.name.ref: branch.tip for branch in self.references.branches if branch.tip}
        self._tips = {**local, **self.references.remote_branches}

    def of_here(self, tracked: TrackedPath) -> Version | None:
        """The version that counts: the file, where there is none what is staged, else HEAD's.

        None if there is nothing but an entry that was only announced (git-add(1), ``--intent-to-add``).

        Raises:
            KasError: it cannot be read.
        """
        data = self.files.read(self.here, tracked.path)
        if data is not None:
            path = f"{self.here}/{tracked.path}"
            return Version(path, path, data, shlex.join(["git", "kas", "import", path]))
        staged = next(_in_git_here(tracked, self.head), None)
        return self._of_blob(staged) if staged is not None else None

    def others(self, tracked: TrackedPath) -> Iterator[Version]:
        """All other versions, each content once: other worktrees', staged, HEAD's, other branches'."""
        on_disk = self.files.read(self.here, tracked.path)
        seen = {on_disk}
        for version in (*self._in_worktrees(tracked), *self._in_git(tracked)):
            if version.data not in seen and version.data.strip():
                seen.add(version.data)
                yield version

    def holders(self, tracked: TrackedPath) -> Iterator[Holder]:
        """Who else has the file."""
        for worktree in self._other_worktrees():
            if self._read_there(worktree, tracked.path) is not None:
                yield Holder(HolderKind.WORKTREE, worktree.path, tracked.path)
        for ref, _ in self._blobs(tracked.path):
            if ref.startswith(_REMOTES):
                yield Holder(HolderKind.REMOTE, _shown(ref), tracked.path)
            elif self._tips[ref] != self.head:
                yield Holder(HolderKind.BRANCH, _shown(ref), tracked.path)

    def _in_worktrees(self, tracked: TrackedPath) -> Iterator[Version]:
        for worktree in self._other_worktrees():
            data = self._read_there(worktree, tracked.path)
            if data is not None:
                path = f"{worktree.path}/{tracked.path}"
                yield Version(path, path, data, shlex.join(["git", "kas", "import", path]))

    def _in_git(self, tracked: TrackedPath) -> Iterator[Version]:
        named = list(_in_git_here(tracked, self.head))
        for ref, blob in self._blobs(tracked.path):
            short = ref.removeprefix("refs/")
            named.append(_Named(blob, f"branch {_shown(ref)}", f"{short}:{tracked.path}"))
        first: dict[ObjectId, _Named] = {}
        for version in named:
            first.setdefault(version.blob, version)
        for version in first.values():
            try:
                yield self._of_blob(version)
            except KasError as error:
                self.warnings.append(error.message)

    def _of_blob(self, named: _Named) -> Version:
        data = self.read_blob(named.blob) if named.blob not in EMPTY_BLOBS else b""
        if data is None:
            raise KasError(
                f"{named.name} cannot be read: it is too large, or not in this partial clone.",
                next_step="Check the file out, so that it lies in the worktree.",
            )
        command = f"{shlex.join(['git', 'cat-file', 'blob', named.name])} | git kas import -"
        return Version(named.place, named.name, data, command)

    def _other_worktrees(self) -> Iterator[Worktree]:
        for worktree in self.worktrees:
            if worktree.readable and worktree.path not in {self.here, self.registered_as}:
                yield worktree

    def _read_there(self, worktree: Worktree, path: str) -> bytes | None:
        try:
            return self.files.read(worktree.path, path)
        except KasError as error:
            self.warnings.append(error.message)
            return None

    def _blobs(self, path: str) -> list[tuple[str, ObjectId]]:
        """The refs whose tips have a file at ``path``, and which blob; looked for once."""
        if path not in self._found:
            try:
                blobs = self.git.objects_at(list(self._tips.values()), path)
            except KasError as error:
                self.warnings.append(f"Other branches could not be looked at: {error.message}")
                blobs = []
            pairs = zip(self._tips, blobs, strict=False)
            self._found[path] = [(ref, blob) for ref, blob in pairs if blob is not None]
        return self._found[path]


def _in_git_here(tracked: TrackedPath, head: ObjectId | None) -> Iterator[_Named]:
    """What is staged, if HEAD has something else, and what HEAD has; by names that outlive the index."""
    staged = tracked.staged
    if staged is not None and staged.object not in EMPTY_BLOBS and staged != tracked.head:
        yield _Named(staged.object, "what is staged", staged.object)
    if tracked.head is not None:
        yield _Named(tracked.head.object, f"commit {head}", f"{head}:{tracked.path}")


def _shown(ref: str) -> str:
    return ref.removeprefix(_HEADS).removeprefix(_REMOTES)
