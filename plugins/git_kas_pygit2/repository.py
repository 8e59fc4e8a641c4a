"""The port :class:`~git_kas.ports.git.Repository` over libgit2.

It opens the *common* directory and never asks libgit2 about worktrees: opened from a worktree that was moved,
libgit2 takes every live sibling for prunable (GIT-FACTS 5). Formats that libgit2 does not read, and replace
refs, which it ignores where Git honours them, are refused rather than answered wrongly.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import Option, ReferenceType, RepositoryOpenFlag, SortMode

from git_kas.domain.branch import LocalBranch, usable_time
from git_kas.domain.names import BranchName, ObjectId
from git_kas.domain.tracking import TrackingReferences
from git_kas.errors import InvalidName, ProgramFailed, UnsupportedRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.history import Parents
    from git_kas.domain.location import RepositoryLocation

_HEADS = "refs/heads/"
_REMOTES = "refs/remotes/"
_ELSEWHERE = "Use the reader 'gitcli' (git config kas.reader gitcli)."


def open_repository(location: RepositoryLocation) -> LibgitRepository:
    """The reader of the repository at ``location``.

    Raises:
        UnsupportedRepository: libgit2 would not read it, or not as Git does.
    """
    # Git has judged ownership by safe.directory when its configuration was read; libgit2, given the
    # administrative folder, would compare the wrong path with it.
    pygit2.option(Option.SET_OWNER_VALIDATION, 0)
    try:
        repository = pygit2.Repository(
            location.common_dir, RepositoryOpenFlag.NO_SEARCH | RepositoryOpenFlag.BARE
        )
    except (pygit2.GitError, KeyError) as error:
        raise UnsupportedRepository(
            f"libgit2 does not open {location.common_dir}: {error}.", next_step=_ELSEWHERE
        ) from error
    if any(name.startswith("refs/replace/") for name in repository.references):
        raise UnsupportedRepository(
            "The repository has replace refs, which libgit2 ignores.", next_step=_ELSEWHERE
        )
    return LibgitRepository(location.common_dir, repository)


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except (pygit2.GitError, KeyError, ValueError) as error:
        raise ProgramFailed(f"libgit2 cannot read the repository: {error}.", next_step=_ELSEWHERE) from error


class LibgitRepository:
    """Reads references and history of one repository."""

    def __init__(self, common_dir: str, repository: pygit2.Repository) -> None:
        self._common_dir = common_dir
        self._repository = repository
        # libgit2's own branch.upstream reads the configuration again for every branch, 8 ms each (GIT-FACTS 3).
        self._tracking = TrackingReferences((entry.name, entry.value or "") for entry in repository.config)

    def local_branches(self) -> Sequence[LocalBranch]:
        """See :class:`git_kas.ports.git.Repository`."""
        with _typed_errors():
            names = sorted(name for name in self._repository.references if name.startswith(_HEADS))
            branches = (self._local_branch(name) for name in names)
            return [branch for branch in branches if branch]

    def _local_branch(self, ref: str) -> LocalBranch | None:
        try:
            name = BranchName(ref.removeprefix(_HEADS))
            reference = self._repository.references[ref]
            target = reference.resolve().target
        except (InvalidName, KeyError, pygit2.GitError):
            return None  # a name no command of ours could give back, or a symbolic reference to nothing
        upstream = self._tracking.upstream_of(name)
        leads_to = str(reference.target) if reference.type == ReferenceType.SYMBOLIC else ""
        commit: object = self._repository.get(target)
        if not isinstance(commit, pygit2.Commit):
            return LocalBranch(name, None, None, upstream, leads_to)
        tip = ObjectId.trusted(str(commit.id))
        return LocalBranch(name, tip, usable_time(commit.commit_time), upstream, leads_to)

    def remote_branches(self) -> Mapping[str, ObjectId]:
        """See :class:`git_kas.ports.git.Repository`."""
        with _typed_errors():
            names = (name for name in self._repository.references if name.startswith(_REMOTES))
            tips = {name: self._commit(self._repository.references[name]) for name in names}
        return {name: tip for name, tip in tips.items() if tip}

    def _commit(self, reference: pygit2.Reference) -> ObjectId | None:
        """The commit that a direct reference leads to, if it is here."""
        if reference.type != ReferenceType.DIRECT:
            return None
        try:
            return ObjectId.trusted(str(reference.peel(pygit2.Commit).id))
        except (pygit2.GitError, KeyError):
            return None

    def symbolic_target(self, ref: str) -> str:
        """See :class:`git_kas.ports.git.Repository`."""
        try:
            reference = self._repository.references[ref]
        except (KeyError, pygit2.GitError):
            return ""
        return str(reference.target) if reference.type == ReferenceType.SYMBOLIC else ""

    def parents(self, tips: Iterable[ObjectId]) -> Parents:
        """See :class:`git_kas.ports.git.Repository`."""
        trusted = ObjectId.trusted
        with _typed_errors():
            walker = self._repository.walk(None, SortMode.NONE)
            for tip in tips:
                walker.push(pygit2.Oid(hex=tip))
            return {
                trusted(str(commit.id)): [trusted(str(parent)) for parent in commit.parent_ids]
                for commit in walker
            }

    def is_shallow(self) -> bool:
        """See :class:`git_kas.ports.git.Repository`."""
        return self._repository.is_shallow

    def root_of(self, refs: Sequence[str]) -> ObjectId | None:
        """See :class:`git_kas.ports.git.Repository`."""
        if self._repository.is_shallow:
            return None
        found = next(filter(None, map(self._commit_at, refs)), None)
        try:
            while found is not None and found.parent_ids:
                found = self._repository[found.parent_ids[0]].peel(pygit2.Commit)
        except (KeyError, pygit2.GitError):
            return None
        return ObjectId.trusted(str(found.id)) if found is not None else None

    def _commit_at(self, ref: str) -> pygit2.Commit | None:
        try:
            return self._repository.references[ref].peel(pygit2.Commit)
        except (KeyError, pygit2.GitError):
            return None

    def reflog(self, branch: BranchName) -> Sequence[str]:
        """See :class:`git_kas.ports.git.Repository`."""
        with _typed_errors():
            reference = self._repository.references.get(branch.ref)
            return [entry.message or "" for entry in reference.log()][::-1] if reference else []

    def read_file(self, commit: ObjectId, path: str) -> bytes | None:
        """See :class:`git_kas.ports.git.Repository`."""
        with _typed_errors():
            entry = self._entry(commit, path)
            return entry.data if isinstance(entry, pygit2.Blob) else None

    def existing_paths(self, candidates: Sequence[tuple[ObjectId, str]]) -> Sequence[bool]:
        """See :class:`git_kas.ports.git.Repository`."""
        with _typed_errors():
            return [self._entry(commit, path) is not None for commit, path in candidates]

    def _entry(self, commit: ObjectId, path: str) -> pygit2.Object | None:
        target = self._repository[pygit2.Oid(hex=commit)]
        tree = target.peel(pygit2.Tree)
        try:
            return tree[path]
        except KeyError:
            return None
