"""The trash: where worktrees go, and the small files in Git's folders that undo has to bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.janitor import FolderFacts
    from git_kas.domain.names import BranchName
    from git_kas.domain.worktree import Worktree


class TrashPlace(NamedTuple):
    """Where a worktree's folder and its administrative folder would go; nothing is there yet."""

    tree: str
    admin: str


class Trash(Protocol):
    """Moves worktrees out of the way and back, always by rename, so that nothing in them is touched.

    Every operation that writes raises:
        ReadOnly, StoreFull: the system refuses.
    """

    def look(self, worktree: Worktree, worktrees: Sequence[Worktree]) -> FolderFacts:
        """What the file system says about ``worktree``, which is one of ``worktrees``. Never raises."""

    def size(self, path: str) -> int | None:
        """Bytes in the files at and below ``path``, as they count on the disk; None where that is not known."""

    def place(self, operation: str, number: int, worktree: Worktree) -> TrashPlace:
        """Where ``worktree`` is to go: into the common directory.

        Raises:
            WouldLoseData: its administrative folder cannot be moved there.
        """

    def place_beside(self, operation: str, number: int, worktree: Worktree) -> TrashPlace:
        """Where it is to go if its folder is on another file system than the common directory: beside it."""

    def move(self, source: str, target: str) -> bool:
        """Rename the folder ``source`` to ``target``, making the folders above; durable on return.

        Of an empty folder at ``target`` nothing is left. False if it was done before: ``source`` is not there
        and ``target`` is.

        Raises:
            WouldLoseData: they are on different file systems.
            AlreadyExists: something is at ``target``.
            NotFound: neither is there.
        """

    def exists(self, path: str) -> bool:
        """Whether something other than an empty folder is at ``path``."""

    def point(self, admin: str, path: str, tree: str) -> None:
        """Have the administrative folder ``admin`` and the folder ``tree`` name each other, as if at ``path``.

        Only for a worktree that comes back under another name; what is so already is left as it is.
        """

    def check_out(self, admin: str, branch: BranchName) -> None:
        """Have ``branch`` checked out in the worktree with the administrative folder ``admin``."""

    def discard(self, paths: Sequence[str]) -> None:
        """Remove folders in the trash for good.

        Raises:
            WouldLoseData: one is not in a trash.
        """

    def leftovers(self, operation: str) -> Sequence[str]:
        """The folders in the common directory's trash that belong to the operation."""

    def operations(self) -> Sequence[str]:
        """The operations that have folders in the common directory's trash."""


class AdminRecords(Protocol):
    """Small files in Git's administrative folders that hold names of objects.

    Every operation that writes raises:
        ReadOnly, StoreFull: the system refuses.
    """

    def supported(self) -> bool:
        """Whether reflogs are files here; in a repository with the reftable format they are not."""

    def branch_log(self, branch: BranchName) -> bytes | None:
        """The bytes of the branch's reflog, None without one.

        Raises:
            ReadOnly: it cannot be read.
        """

    def put_branch_log(self, branch: BranchName, content: bytes) -> None:
        """Have ``content`` as the reflog of a branch that does not exist; durable on return."""

    def objects_of_worktree(self, admin: str) -> Sequence[str]:
        """The name of every object that a worktree with this administrative folder refers to.

        That is its HEAD and its like (ORIG_HEAD …), its own references, both sides of every line of its
        reflogs, and everything in its index. Some may not exist.

        Raises:
            StoreCorrupt: a file is not understood, so that something might be missed.
        """
