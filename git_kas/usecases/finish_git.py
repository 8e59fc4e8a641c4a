"""What finishing asks Git, and has Git do; each method is one question or one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.finish_text import MOST_COMMITS_LISTED, complaint
from git_kas.domain.names import ObjectId
from git_kas.domain.signals import signal_folders
from git_kas.errors import ProgramFailed, WouldLoseData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.names import BranchName
    from git_kas.domain.worktree import Dirt, Worktree
    from git_kas.ports.files import Scratch
    from git_kas.ports.git import Ended, GitFolderReader, Porcelain

_USAGE: Final = 129
_CONFLICTS: Final = 1
_MOST_PATHS: Final = 500
"""On one command line."""


class Trial(NamedTuple):
    """A merge that was tried without leaving anything behind.

    ``tree`` is what it gives, empty with ``conflicts`` (paths) or where it could not be tried: ``untried`` says
    why.
    """

    tree: str = ""
    conflicts: tuple[str, ...] = ()
    untried: str = ""


class FinishGit:
    """Git in one repository, asked from a folder that finishing never removes."""

    def __init__(
        self, porcelain: Porcelain, git_folders: GitFolderReader, location: RepositoryLocation, scratch: Scratch
    ) -> None:
        self._porcelain = porcelain
        self._git_folders = git_folders
        self._scratch = scratch
        self.location = location
        self.home = location.main_worktree or location.common_dir

    # -- looking ---------------------------------------------------------------------------------------------

    def tip(self, ref: str, folder: str = "") -> ObjectId | None:
        """The commit that ``ref`` leads to, None if there is none."""
        question = ("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        ended = self._porcelain.attempt(folder or self.home, *question)
        return ObjectId(ended.out.strip()) if ended.status == 0 else None

    def count(self, without: str, tip: str) -> int:
        """How many commits ``tip`` has that ``without`` lacks."""
        return int(self._porcelain.run(self.home, "rev-list", "--count", f"{without}..{tip}", "--"))

    def contains(self, commit: str, other: str) -> bool:
        """Whether ``other`` is in the history of ``commit``."""
        ended = self._porcelain.attempt(self.home, "merge-base", "--is-ancestor", other, commit)
        if ended.status not in {0, 1}:
            raise ProgramFailed(
                f"The history of {commit} cannot be read: {complaint(ended.err)}.",
                next_step="'git fsck' says what is missing.",
            )
        return ended.status == 0

    def parents(self, commit: str) -> list[str]:
        """The parents of a commit."""
        line = self._porcelain.run(self.home, "rev-list", "--no-walk", "--parents", commit, "--")
        return line.split()[1:]

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self._porcelain.run(self.home, "rev-parse", "--verify", f"{commit}^{{tree}}").strip()

    def last_copied(self, without: str, tip: str) -> str:
        """The commit that a rebase of ``tip`` onto ``without`` copies last; empty if there is none."""
        asked = ("--max-count=1", "--topo-order", "--no-merges", f"{without}..{tip}", "--")
        return self._porcelain.run(self.home, "rev-list", *asked).strip()

    def subjects(self, without: str, tip: str, most: int = MOST_COMMITS_LISTED) -> list[str]:
        """Short name and subject of the oldest commits that ``tip`` has and ``without`` lacks."""
        listed = self._porcelain.run(
            self.home, "log", "--reverse", "--no-show-signature", "--format=%h %s", f"{without}..{tip}", "--"
        )
        return listed.splitlines()[:most]

    def pushed(self, commit: str) -> bool:
        """Whether a remote-tracking branch contains ``commit``."""
        return bool(
            self._porcelain.run(self.home, "for-each-ref", "--count=1", "--contains", commit, "refs/remotes/")
        )

    def moved_by(self, ref: str, to: str, action: str) -> bool:
        """Whether the reflog of ``ref`` says at its end that ``action`` brought it to ``to``.

        Without a reflog nobody can say.
        """
        options = ("--walk-reflogs", "--max-count=1", "--no-show-signature", "--format=%H %gs")
        newest = self._porcelain.attempt(self.home, "log", *options, ref, "--").out
        return newest.startswith(f"{to} {action}:")

    def unmerged(self, folder: str) -> list[str]:
        """The paths in conflict in the worktree at ``folder``."""
        listed = self._porcelain.run(folder, "diff", "--name-only", "--diff-filter=U", "--no-relative", "-z")
        return [path for path in listed.split("\0") if path]

    def staged_tree(self, folder: str) -> str:
        """The tree that the index of the worktree at ``folder`` would make, empty while it has conflicts."""
        scratch = self._scratch.create(None)
        try:
            ended = self._porcelain.attempt(folder, "write-tree", scratch=scratch.path)
        finally:
            scratch.delete()
        return ended.out.strip() if ended.status == 0 else ""

    def squash_message(self, folder: str) -> str:
        """The name of the message that Git keeps while a squash waits to be committed; empty without one.

        Whatever ends that merge removes it: a commit, a reset, a switch to another branch.
        """
        path = self._porcelain.run(folder, "rev-parse", "--git-path", "SQUASH_MSG").removesuffix("\n")
        ended = self._porcelain.attempt(folder, "hash-object", "--no-filters", "--", path)
        return ended.out.strip() if ended.status == 0 else ""

    def trial(self, base: str, tip: str) -> Trial:
        """Merge ``tip`` into ``base`` in memory and a scratch folder.

        ``merge-tree --write-tree`` came with Git 2.38; with an older one a merge cannot be tried.
        """
        scratch = self._scratch.create(None)
        try:
            asked = ("merge-tree", "--write-tree", "--name-only", "-z", base, tip)
            ended = self._porcelain.attempt(self.home, *asked, scratch=scratch.path)
        finally:
            scratch.delete()
        first, _, rest = ended.out.partition("\0")
        if ended.status == 0:
            return Trial(first)
        if ended.status == _CONFLICTS:
            names = rest.partition("\0\0")[0].split("\0")
            return Trial(conflicts=tuple(dict.fromkeys(name for name in names if name)))
        if ended.status == _USAGE:
            return Trial(untried="this git is older than 2.38")
        return Trial(untried=complaint(ended.err))

    def worktrees(self) -> Sequence[Worktree]:
        """All worktrees, as they are now."""
        return self._git_folders.worktrees(self.location)

    def worktree_of(self, branch: BranchName) -> Worktree | None:
        """The worktree that has ``branch`` checked out, or will return to it.

        Raises:
            WouldLoseData: there are several, as Git allows if it is forced. One would follow the branch; in
                the others the way back would show as a change to be committed.
        """
        found = [worktree for worktree in self.worktrees() if worktree.branch == branch]
        if len(found) > 1:
            places = ", ".join(worktree.path for worktree in found)
            raise WouldLoseData(
                f"{branch} is checked out more than once: {places}.",
                next_step="Let all but one of them switch to another branch.",
            )
        return found[0] if found else None

    def worktree_at(self, path: str) -> Worktree | None:
        """The worktree that is registered at ``path``."""
        return next((worktree for worktree in self.worktrees() if worktree.path == path), None)

    def dirt(self, worktree: Worktree, plans_folder: str) -> Dirt:
        """What in ``worktree`` no commit holds; signals and nested worktrees do not count."""
        above = worktree.path.rstrip("/") + "/"
        inside = [other for other in self.worktrees() if other.readable and other.path.startswith(above)]
        pending = self._porcelain.start_statuses([worktree, *inside])
        return pending.collect(signal_folders(plans_folder))[worktree.path]

    def in_the_way(self, folder: str, now: str, to: str, *, merged: bool = False) -> list[str]:
        """Untracked files at ``folder`` that Git would replace between ``now`` and ``to``; ignored ones, too.

        ``merged``: ``to`` is merged into ``now``, so that only what it has added counts.
        """
        related = merged and self._porcelain.attempt(self.home, "merge-base", now, to).status == 0
        ends = (f"{now}...{to}",) if related else (now, to)
        options = ("--name-only", "--no-renames", "--diff-filter=A", "--no-relative", "-z")
        listed = self._porcelain.run(self.home, "diff", *options, *ends, "--")
        added = {path for path in listed.split("\0") if path}
        above = {path[:at] for path in added for at, letter in enumerate(path) if letter == "/"}
        found = set(self._untracked(folder, sorted(added)))
        found |= above.intersection(self._untracked(folder, sorted(above), "--directory"))
        return sorted(found)

    def _untracked(self, folder: str, paths: list[str], *options: str) -> list[str]:
        """Untracked files at and below ``paths``; ignored ones, too."""
        found: list[str] = []
        for start in range(0, len(paths), _MOST_PATHS):
            some = paths[start : start + _MOST_PATHS]
            asked = ("ls-files", "--others", *options, "--full-name", "-z", "--", *some)
            listed = self._porcelain.run(folder, "--literal-pathspecs", *asked)
            found += [path for path in listed.split("\0") if path]
        return found

    # -- acting ----------------------------------------------------------------------------------------------

    def act(self, folder: str, *arguments: str, stdin: str = "", reflog_action: str = "") -> Ended:
        """Run a command that changes something."""
        return self._porcelain.attempt(folder, *arguments, stdin=stdin, reflog_action=reflog_action)

    def move_ref(self, ref: str, new: str, old: str, reason: str) -> Ended:
        """Let ``ref``, which no worktree has checked out, lead to ``new`` if it still leads to ``old``."""
        return self._porcelain.attempt(self.home, "update-ref", "-m", reason, ref, new, old)

    def move_checked_out(self, folder: str, new: str) -> Ended:
        """Let the branch checked out at ``folder`` lead to ``new``, and its files with it.

        Git compares the branch with what it was a moment before, and refuses to overwrite a changed file.
        """
        return self._porcelain.attempt(folder, "reset", "--quiet", "--keep", new)

    def half_moved(self, folder: str, to: str) -> bool:
        """Whether Git was stopped in moving the branch at ``folder`` to ``to``: files first, branch last."""
        head = self.tip("HEAD", folder)
        if head is None or head == to:
            return False
        staged = self.staged_tree(folder)
        return staged == self.tree(to) != self.tree(head)

    def restore_index(self, folder: str) -> bool:
        """Put index and files at ``folder`` back to the commit there; whether that worked.

        It is what ``git merge --abort`` does, too: changes that are not staged stay, or it is refused.
        """
        return self._porcelain.attempt(folder, "reset", "--quiet", "--merge").status == 0
