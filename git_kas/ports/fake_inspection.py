"""Memory fakes of the ports in :mod:`git_kas.ports.inspection`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from git_kas.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.doctor import FileStamp
    from git_kas.domain.lock_files import SeenProcess
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.inspection import FileFacts


@dataclass
class FakeAdminFiles:
    """Files as they were given, by path; ``kept`` and ``aside`` are what was put away."""

    files: dict[str, FileFacts] = field(default_factory=dict)
    gitfiles: Mapping[str, str] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    touched: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aside: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def facts(self, path: str) -> FileFacts | None:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return self.files.get(path)

    def gitfile_target(self, folder: str) -> str | None:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return self.gitfiles.get(folder)

    def resolved(self, path: str) -> str:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return path

    def is_folder(self, path: str) -> bool:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return path in self.folders

    def last_touched(self, worktree: Worktree) -> int | None:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return self.touched.get(worktree.path)

    def other_folders(self, worktrees: Sequence[Worktree]) -> Mapping[str, Sequence[str]]:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        del worktrees
        return self.others

    def set_aside(self, path: str, stamp: FileStamp) -> str:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        found = self.files.get(path)
        if found is None or found.stamp != stamp:
            raise Conflict(f"{path} has changed.", next_step="Look again.")
        del self.files[path]
        self.aside.append(path)
        return f"/aside/{len(self.aside)}"

    def keep(self, name: str, text: str) -> str:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        self.kept[name] = text
        return f"/aside/{name}"


@dataclass
class FakeProcessTable:
    """Processes as they were given; ``starts`` are those that are alive."""

    listed: Sequence[SeenProcess] = ()
    starts: Mapping[int, int] = field(default_factory=dict)
    name: str = "box"
    blind: str = ""

    def host(self) -> str:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        return self.name

    def unseen(self, path: str) -> str:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        del path
        return self.blind

    def start_of(self, pid: int) -> int | None:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        return self.starts.get(pid)

    def processes(self) -> Sequence[SeenProcess]:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        return self.listed
