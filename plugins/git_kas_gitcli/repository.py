"""The port :class:`~git_kas.ports.git.Repository` over Git's plumbing commands.

Two children answer everything triage asks: ``for-each-ref`` and one ``rev-list`` over all tips. That is
several times faster than libgit2's walk, uses the commit-graph, and is right for every repository format,
shallow clone and replace ref that Git itself understands (benchmarks/README).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from git_kas.domain.branch import LocalBranch
from git_kas.domain.history import Parents
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId
from git_kas.errors import InvalidName, ProgramFailed
from git_kas_gitcli.process import GitReader, first_line

_BRANCH_FIELDS = "%(objectname)%00%(objecttype)%00%(committerdate:unix)%00%(upstream)%00%(refname:lstrip=2)"


class PlumbingRepository:
    """Reads references and history of one repository."""

    def __init__(self, location: RepositoryLocation, environment: Mapping[str, str]) -> None:
        self._common_dir = location.common_dir
        self._git = GitReader(location.common_dir, environment)

    def local_branches(self) -> Sequence[LocalBranch]:
        """See :class:`git_kas.ports.git.Repository`."""
        status, output, _ = self._git.attempt("for-each-ref", f"--format={_BRANCH_FIELDS}", "refs/heads/")
        lines = _lines(output) if status == 0 else self._branch_lines_one_by_one()
        branches = (_local_branch(line) for line in lines)
        return [branch for branch in branches if branch]

    def remote_branches(self) -> Mapping[str, ObjectId]:
        """See :class:`git_kas.ports.git.Repository`."""
        output = self._git.read("for-each-ref", "--format=%(objectname) %(symref) %(refname)", "refs/remotes/")
        fields = (line.split(" ", 2) for line in _lines(output))
        return {name: ObjectId.trusted(tip) for tip, symref, name in fields if not symref}

    def symbolic_target(self, ref: str) -> str:
        """See :class:`git_kas.ports.git.Repository`."""
        _, output, _ = self._git.attempt("symbolic-ref", "--quiet", ref)
        return os.fsdecode(output).strip()

    def parents(self, tips: Iterable[ObjectId]) -> Parents:
        """See :class:`git_kas.ports.git.Repository`."""
        wanted = "".join(f"{tip}\n" for tip in tips)
        output = self._git.read("rev-list", "--parents", "--stdin", stdin=wanted.encode())
        history: dict[ObjectId, Sequence[ObjectId]] = {}
        for line in output.decode("ascii").splitlines():
            commit, *parents = map(ObjectId.trusted, line.split(" "))
            history[commit] = parents
        return history

    def is_shallow(self) -> bool:
        """See :class:`git_kas.ports.git.Repository`."""
        return os.path.exists(os.path.join(self._common_dir, "shallow"))

    def reflog(self, branch: BranchName) -> Sequence[str]:
        """See :class:`git_kas.ports.git.Repository`."""
        if os.path.isdir(os.path.join(self._common_dir, "reftable")):
            output = self._git.read("log", "--walk-reflogs", "--reverse", "--format=%gs", branch.ref, "--")
            return list(_lines(output))[::-1]
        try:
            with open(os.path.join(self._common_dir, "logs", *branch.ref.split("/")), "rb") as file:
                return [_message(line) for line in file]
        except OSError:
            return []

    def read_file(self, commit: ObjectId, path: str) -> bytes | None:
        """See :class:`git_kas.ports.git.Repository`."""
        status, output, errors = self._git.attempt("cat-file", "blob", f"{commit}:{path}")
        if status == 0:
            return output
        if any(self.existing_paths([(commit, path)])):
            raise ProgramFailed(f"{path} in commit {commit} cannot be read: {first_line(errors)}.")
        return None

    def existing_paths(self, candidates: Sequence[tuple[ObjectId, str]]) -> Sequence[bool]:
        """See :class:`git_kas.ports.git.Repository`."""
        if not candidates:
            return []
        wanted = "".join(f"{commit}:{path}\n" for commit, path in candidates)
        output = self._git.read("cat-file", "--batch-check=%(objecttype)", stdin=os.fsencode(wanted))
        return [not line.endswith((b" missing", b" ambiguous")) for line in output.splitlines()]

    def _branch_lines_one_by_one(self) -> Iterator[str]:
        """What the bulk call would print if Git did not give up at the first branch without its object."""
        names = self._git.read("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/")
        for line in _lines(names):
            tip, _, name = line.partition(" ")
            status, output, _ = self._git.attempt("for-each-ref", f"--format={_BRANCH_FIELDS}", name)
            if status == 0 and output:
                yield os.fsdecode(output).rstrip("\n")
            else:
                yield "\0".join([tip, "missing", "", "", name.removeprefix("refs/heads/")])


def _local_branch(line: str) -> LocalBranch | None:
    tip, kind, committed_at, upstream, name = line.split("\0")
    try:
        branch = BranchName(name)
    except InvalidName:  # Git lists what update-ref was forced to write; no command of ours could name it
        return None
    if kind != "commit":
        return LocalBranch(branch, None, None, upstream)
    return LocalBranch(branch, ObjectId.trusted(tip), int(committed_at), upstream)


def _lines(output: bytes) -> Iterator[str]:
    return (line for line in os.fsdecode(output).split("\n") if line)


def _message(line: bytes) -> str:
    return os.fsdecode(line.partition(b"\t")[2]).rstrip("\n")
