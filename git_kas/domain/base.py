"""Which branch finished work lands on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from git_kas.domain.branch import LocalBranch
from git_kas.domain.names import BranchName, ObjectId
from git_kas.errors import InvalidName

_REMOTES = "refs/remotes/"


@dataclass(frozen=True, slots=True)
class References:
    """The references of a repository at one moment.

    ``remote_head`` is the full name of what ``refs/remotes/origin/HEAD`` points to, empty where it does not.
    """

    branches: Sequence[LocalBranch]
    remote_branches: Mapping[str, ObjectId]
    remote_head: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """The base branch as it was found.

    ``ref`` and ``tip`` are those that ahead and behind count against: the local branch, or the remote-tracking
    one where no local one exists. ``upstream`` and ``upstream_tip`` are the reference it tracks; a branch is
    judged against both, because either may lag behind.
    """

    name: BranchName
    ref: str
    tip: ObjectId
    upstream: str = ""
    upstream_tip: ObjectId | None = None

    @property
    def word(self) -> str:
        """How to name ``ref`` on a command line of Git."""
        return short_name(self.ref)

    @property
    def names(self) -> frozenset[str]:
        """Every way to write the base in a command or a reflog."""
        refs = [self.ref, self.name.ref, *filter(None, [self.upstream])]
        return frozenset([*refs, *map(short_name, refs)])

    @property
    def tips(self) -> tuple[ObjectId, ...]:
        """Every tip that counts as the base."""
        return (self.tip, self.upstream_tip) if self.upstream_tip else (self.tip,)


def short_name(ref: str) -> str:
    """A reference without ``refs/heads/`` or ``refs/remotes/``."""
    return ref.removeprefix("refs/heads/").removeprefix(_REMOTES)


def choose_base(candidates: Sequence[str], references: References) -> Base | None:
    """The first of ``candidates`` (branch names) that exists here, as a local or a remote-tracking branch."""
    remote_branches = references.remote_branches
    local = {branch.name: branch for branch in references.branches}
    for candidate in candidates:
        try:
            name = BranchName(candidate)
        except InvalidName:
            continue
        branch = local.get(name)
        if branch and branch.tip:
            return Base(name, name.ref, branch.tip, branch.upstream, remote_branches.get(branch.upstream))
        for ref in (f"{_REMOTES}origin/{name}", f"{_REMOTES}{name}"):
            if ref in remote_branches:
                return Base(name, ref, remote_branches[ref])
    return None


def default_candidates(remote_head: str, default_branch: str) -> list[str]:
    """The names to try when nobody has configured a base.

    ``remote_head`` is what ``refs/remotes/origin/HEAD`` points to, ``default_branch`` the value of
    ``init.defaultBranch``; both may be empty.
    """
    named = [remote_head.removeprefix(f"{_REMOTES}origin/"), default_branch, "main", "master"]
    return list(dict.fromkeys(name for name in named if name))
