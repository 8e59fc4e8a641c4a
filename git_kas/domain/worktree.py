"""What is known of a worktree: where it is, what it has checked out, and what stands in the way."""

from dataclasses import dataclass
from enum import StrEnum

from git_kas.domain.names import BranchName, ObjectId


class Operation(StrEnum):
    """Something that Git has begun in a worktree and not finished."""

    REBASE = "rebase"
    AM = "am"
    MERGE = "merge"
    CHERRY_PICK = "cherry-pick"
    REVERT = "revert"
    BISECT = "bisect"


class FolderState(StrEnum):
    """What is found at the path where a worktree is registered."""

    PRESENT = "present"
    MISSING = "missing"
    """Nothing is there: deleted, moved by hand, or on a volume that is not mounted."""
    FOREIGN = "foreign"
    """Something is there that does not point back at this worktree's administrative folder."""


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree, main or linked, as its administrative folder describes it.

    ``id`` names the folder under ``worktrees/`` (empty for the main worktree). ``branch`` is what HEAD names,
    or during a rebase or bisect the branch that will be returned to; ``head`` the commit of a detached HEAD.
    ``moved_to`` is set when we stand in this worktree at another path than the registered one.
    ``moving`` are other branches that an unfinished rebase moves as well (git-rebase(1), ``--update-refs``).
    ``lock_files`` are names of files that another Git process holds or has left behind.
    """

    id: str
    path: str
    admin_dir: str
    branch: BranchName | None = None
    head: ObjectId | None = None
    folder: FolderState = FolderState.PRESENT
    moved_to: str | None = None
    locked: bool = False
    lock_reason: str = ""
    operations: tuple[Operation, ...] = ()
    lock_files: tuple[str, ...] = ()
    moving: tuple[BranchName, ...] = ()

    @property
    def is_main(self) -> bool:
        """Whether this is the main worktree."""
        return not self.id

    @property
    def held_branches(self) -> tuple[BranchName, ...]:
        """The branches that Git lets nobody remove because of this worktree."""
        return (*([self.branch] if self.branch else []), *self.moving)

    @property
    def readable(self) -> bool:
        """Whether its files can be looked at where it is registered."""
        return self.folder is FolderState.PRESENT


@dataclass(frozen=True, slots=True)
class Dirt:
    """What in a worktree no commit holds, in entries of git-status(1).

    ``changed`` counts tracked paths that differ from HEAD in index or worktree, conflicts included;
    an untracked folder counts once. Signal folders and nested worktrees do not count.
    ``problem`` says why it could not be determined; then the counts mean nothing.
    """

    changed: int = 0
    untracked: int = 0
    conflicts: int = 0
    problem: str = ""
