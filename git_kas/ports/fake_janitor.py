"""The memory fakes of :mod:`git_kas.ports.trash`, ``activity`` and ``branch_config``. None does I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from git_kas.domain.config_text import put_back, take_out
from git_kas.domain.janitor import FolderFacts, Usage
from git_kas.errors import AlreadyExists, NotFound, WouldLoseData
from git_kas.ports.branch_config import ConfigChange
from git_kas.ports.trash import TrashPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from git_kas.domain.names import BranchName
    from git_kas.domain.worktree import Worktree

_TRASH = "/common/kas/trash"


@dataclass
class FakeTrash:
    """Folders by path, each with what it holds; ``elsewhere`` are paths on another file system.

    An empty folder holds an empty text. ``facts`` is what a look at a worktree finds, by its path.
    """

    folders: dict[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    facts: Mapping[str, FolderFacts] = field(default_factory=dict)

    def look(self, worktree: Worktree, worktrees: Sequence[Worktree]) -> FolderFacts:
        """See :class:`git_kas.ports.trash.Trash`."""
        del worktrees
        return self.facts.get(worktree.path, FolderFacts())

    def size(self, path: str) -> int | None:
        """See :class:`git_kas.ports.trash.Trash`."""
        found = [text for name, text in self.folders.items() if name == path or name.startswith(f"{path}/")]
        return sum(map(len, found)) if found else None

    def place(self, operation: str, number: int, worktree: Worktree) -> TrashPlace:
        """See :class:`git_kas.ports.trash.Trash`."""
        del worktree
        return TrashPlace(f"{_TRASH}/{operation}/{number}/tree", f"{_TRASH}/{operation}/{number}/admin")

    def place_beside(self, operation: str, number: int, worktree: Worktree) -> TrashPlace:
        """See :class:`git_kas.ports.trash.Trash`."""
        above = worktree.path.rpartition("/")[0]
        beside = f"{above}/.kas-trash/{operation}-{number}/tree"
        return self.place(operation, number, worktree)._replace(tree=beside)

    def move(self, source: str, target: str) -> bool:
        """See :class:`git_kas.ports.trash.Trash`."""
        if source not in self.folders:
            if target in self.folders:
                return False
            raise NotFound(f"Neither {source} nor {target} is there.", next_step="Make one.")
        if self.exists(target):
            raise AlreadyExists(f"{target} is there already.", next_step="Use another place.")
        if (source in self.elsewhere) != (".kas-trash" in target or target in self.elsewhere):
            raise WouldLoseData(f"{source} and {target} are far apart.", next_step="Put it beside.")
        self.folders[target] = self.folders.pop(source)
        return True

    def exists(self, path: str) -> bool:
        """See :class:`git_kas.ports.trash.Trash`."""
        return bool(self.folders.get(path))

    def point(self, admin: str, path: str, tree: str) -> None:
        """See :class:`git_kas.ports.trash.Trash`."""
        self.folders[admin] = f"gitdir {path}"
        self.folders[tree] = f"admin {admin}"

    def check_out(self, admin: str, branch: BranchName) -> None:
        """See :class:`git_kas.ports.trash.Trash`."""
        self.folders[admin] = f"HEAD {branch.ref}"

    def discard(self, paths: Sequence[str]) -> None:
        """See :class:`git_kas.ports.trash.Trash`."""
        for path in paths:
            if not path.startswith(f"{_TRASH}/") and "/.kas-trash/" not in path:
                raise WouldLoseData(f"{path} is in no trash.", next_step="Look at it.")
            for name in [name for name in self.folders if name == path or name.startswith(f"{path}/")]:
                del self.folders[name]

    def leftovers(self, operation: str) -> Sequence[str]:
        """See :class:`git_kas.ports.trash.Trash`."""
        return [f"{_TRASH}/{operation}"] if operation in self.operations() else []

    def operations(self) -> Sequence[str]:
        """See :class:`git_kas.ports.trash.Trash`."""
        inside = (name.removeprefix(f"{_TRASH}/") for name in self.folders if name.startswith(f"{_TRASH}/"))
        return sorted({name.partition("/")[0] for name in inside})


@dataclass
class FakeAdminRecords:
    """Reflogs by branch, and names of objects by administrative folder."""

    logs: dict[BranchName, bytes] = field(default_factory=dict)
    objects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    are_files: bool = True

    def supported(self) -> bool:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        return self.are_files

    def branch_log(self, branch: BranchName) -> bytes | None:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        return self.logs.get(branch)

    def put_branch_log(self, branch: BranchName, content: bytes) -> None:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        self.logs[branch] = content

    def objects_of_worktree(self, admin: str) -> Sequence[str]:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        return self.objects.get(admin, ())


@dataclass
class FakeActivity:
    """Processes as they were given, by the folder they use."""

    users: Mapping[str, Usage] = field(default_factory=dict)

    def users_of(self, folders: Sequence[str]) -> Mapping[str, Usage]:
        """See :class:`git_kas.ports.activity.Activity`."""
        return {folder: self.users.get(folder, Usage()) for folder in folders}


@dataclass
class FakeBranchConfig:
    """A configuration file in memory, which nobody else changes."""

    text: bytes = b""

    def take_out(self, branches: Collection[str], announce: Callable[[ConfigChange], None]) -> bool:
        """See :class:`git_kas.ports.branch_config.BranchConfig`."""
        after, pieces = take_out(self.text, branches)
        if not pieces:
            return False
        announce(ConfigChange(pieces, _digest(self.text), _digest(after)))
        self.text = after
        return True

    def put_back(self, change: ConfigChange, announce: Callable[[ConfigChange], None]) -> bool:
        """See :class:`git_kas.ports.branch_config.BranchConfig`."""
        _, present = take_out(self.text, {piece.branch for piece in change.pieces})
        there = {piece.text.strip() for piece in present}
        missing = [piece for piece in change.pieces if piece.text.strip() not in there]
        if not missing:
            return False
        untouched = _digest(self.text) == change.after and missing == list(change.pieces)
        after = put_back(self.text, missing, untouched=untouched)
        announce(ConfigChange(missing, _digest(self.text), _digest(after)))
        self.text = after
        return True

    def release(self, after: str) -> None:
        """See :class:`git_kas.ports.branch_config.BranchConfig`; there is no lock."""


def _digest(text: bytes) -> str:
    return sha256(text).hexdigest()
