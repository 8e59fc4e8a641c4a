"""Git as the use cases see it: where a repository is, what it holds, and what the git program can do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from git_kas.domain.branch import LocalBranch
from git_kas.domain.history import Parents
from git_kas.domain.janitor import Inspection
from git_kas.domain.location import ConfigEntries, GitFolders, RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId
from git_kas.domain.worktree import Dirt, Worktree


class GitFolderReader(Protocol):
    """Reads Git's administrative folders without starting Git. Never writes."""

    def find(self, start: str, environment: Mapping[str, str]) -> GitFolders | None:
        """The repository that ``start`` lies in, found by Git's own rules (gitrepository-layout(5)).

        ``GIT_DIR``, ``GIT_COMMON_DIR``, ``GIT_WORK_TREE`` and ``GIT_CEILING_DIRECTORIES`` in ``environment``
        count as they do for Git. None where there is no repository.
        """

    def locate(self, folders: GitFolders, config: ConfigEntries) -> RepositoryLocation:
        """Where the worktrees of the repository found at ``folders`` are, according to its configuration."""

    def worktrees(self, location: RepositoryLocation) -> Sequence[Worktree]:
        """The main worktree, if there is one, then the linked ones in order of their paths."""


class GitConfig(Protocol):
    """Reads Git's configuration."""

    def read(self, start: str, folders: GitFolders | None) -> ConfigEntries:
        """All entries in effect at ``start``, in rising precedence, with one call of Git.

        Raises:
            NotARepository: ``folders`` were found, but Git refuses them (for example because they belong to
                somebody else); the message is Git's.
            InvalidConfiguration: Git cannot parse a configuration file.
        """


class Repository(Protocol):
    """Reads references and history in bulk. Never writes, never fetches.

    Every operation raises UnsupportedRepository where the reader cannot answer correctly, and ProgramFailed
    where the repository itself cannot be read.
    """

    def local_branches(self) -> Sequence[LocalBranch]:
        """All branches under ``refs/heads/``, in bytewise order."""

    def remote_branches(self) -> Mapping[str, ObjectId]:
        """Full name → tip of everything under ``refs/remotes/``; symbolic references are left out."""

    def symbolic_target(self, ref: str) -> str:
        """What the symbolic reference ``ref`` points to, as a full name; empty if it is none."""

    def parents(self, tips: Iterable[ObjectId]) -> Parents:
        """Every commit reachable from ``tips`` with its parents, cut off where a shallow clone is."""

    def is_shallow(self) -> bool:
        """Whether history is cut off by a shallow clone."""

    def root_of(self, refs: Sequence[str]) -> ObjectId | None:
        """The commit that first parents lead to from the first of ``refs`` that names a commit.

        ``refs`` are full names, or ``HEAD``. None where none of them names one, and where history is cut off or
        not all here.
        """

    def reflog(self, branch: BranchName) -> Sequence[str]:
        """The messages of the branch's reflog, oldest first; empty where none is kept."""

    def read_file(self, commit: ObjectId, path: str) -> bytes | None:
        """The bytes of the file at ``path`` in ``commit``, or None where there is no file."""

    def existing_paths(self, candidates: Sequence[tuple[ObjectId, str]]) -> Sequence[bool]:
        """For each pair of a commit and a path, whether the path exists in that commit."""


class PendingStatuses(Protocol):
    """Statuses that are being determined in the background."""

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Dirt]:
        """Wait for all of them; worktree path → what is not committed there.

        ``signal_folders`` (relative to a worktree) and worktrees nested in one another do not count. A status
        that fails gives a :class:`Dirt` with a problem.
        """


class PendingInspections(Protocol):
    """Inspections that are being made in the background."""

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Inspection]:
        """Wait for all of them; worktree path → what would be lost with its files, as far as Git can say.

        ``signal_folders`` and worktrees nested in one another do not count, as in :class:`PendingStatuses`.
        """


class Ended(NamedTuple):
    """How a run of the git program ended: exit status, and what it printed to both outputs.

    ``failed_hook`` names the hook that refused, empty where none did.
    """

    status: int
    out: str
    err: str
    failed_hook: str = ""


class Porcelain(Protocol):
    """What only the git program does right: status, and whatever runs hooks or honours user settings."""

    def start_statuses(self, worktrees: Sequence[Worktree]) -> PendingStatuses:
        """Begin to determine what is not committed in ``worktrees``, several at a time, taking no locks."""

    def start_inspections(self, worktrees: Sequence[Worktree]) -> PendingInspections:
        """Begin to look for everything in ``worktrees`` that would be lost with them, taking no locks.

        Of one whose folder is not there, only whether a reference contains its detached HEAD.
        """

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        """Run ``git *arguments`` in ``folder`` and return what it printed.

        ``at`` (seconds since 1970, UTC) becomes author and committer date.

        Raises:
            ProgramFailed: Git ended with an error; the message quotes its first line.
        """

    def attempt(
        self, folder: str, *arguments: str, stdin: str = "", scratch: str = "", reflog_action: str = ""
    ) -> Ended:
        """Run ``git *arguments`` in ``folder``, which may end as it likes; ``stdin`` is what it can read.

        With ``scratch``, a folder of our own, objects are read from the repository and written there, and the
        index is a copy. ``reflog_action`` is how reflogs name what moves a reference (GIT_REFLOG_ACTION).

        Raises:
            ProgramFailed: there is no git program, or no folder to run it in.
        """
