"""The port :class:`~git_kas.ports.inspection.AdminFiles` over the disk."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import writing
from git_kas.domain.doctor import FileStamp
from git_kas.domain.next_step import WORKTREES_FOLDER
from git_kas.errors import Conflict
from git_kas.ports.inspection import FileFacts
from git_kas_files.durable import temporary_name, write_synced
from git_kas_files.gitdir import read_gitfile
from git_kas_files.safe_folder import folder_inside
from git_kas_files.worktrees import OPERATION_FILES, SEQUENCER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.worktree import Worktree

ASIDE: Final = "kas/set-aside"
_MOST_ENTRIES: Final = 10_000
"""Of a folder in which moved worktrees are looked for; a larger one is not a folder of worktrees."""


class DiskAdminFiles:
    """Administrative files of the repository whose common directory this is."""

    def __init__(self, common_dir: str) -> None:
        self._common_dir = common_dir

    def facts(self, path: str) -> FileFacts | None:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        try:
            found = os.lstat(path)
        except OSError:
            return None
        is_ours = found.st_uid == os.geteuid() if hasattr(os, "geteuid") else False
        return FileFacts(_stamp(found), int(found.st_mtime), is_ours)

    def gitfile_target(self, folder: str) -> str | None:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return read_gitfile(os.path.join(folder, ".git"))

    def resolved(self, path: str) -> str:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return os.path.realpath(path)

    def is_folder(self, path: str) -> bool:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        return os.path.isdir(path)

    def last_touched(self, worktree: Worktree) -> int | None:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        names = [name for name, _ in OPERATION_FILES] + [SEQUENCER]
        times = [time for name in names for time in _times(os.path.join(worktree.admin_dir, name))]
        return int(max(times)) if times else None

    def other_folders(self, worktrees: Sequence[Worktree]) -> Mapping[str, Sequence[str]]:
        """See :class:`git_kas.ports.inspection.AdminFiles`.

        Looked at are the folders around and directly in the known worktrees; nobody waits for a whole disk.
        """
        admin_dirs = {os.path.realpath(tree.admin_dir): tree for tree in worktrees if not tree.is_main}
        around = {os.path.dirname(tree.path) for tree in worktrees}
        main = [tree.path for tree in worktrees if tree.is_main]
        inside = [*main, *(os.path.join(path, WORKTREES_FOLDER) for path in main)]
        found: dict[str, list[str]] = {}
        for folder in sorted({*around, *inside, *(os.path.dirname(self._common_dir),)}):
            for path, target in _linked_folders(folder):
                tree = admin_dirs.get(os.path.realpath(target))
                if tree and os.path.realpath(path) != os.path.realpath(tree.path):
                    found.setdefault(tree.id, []).append(path)
        return {id_: sorted(set(paths)) for id_, paths in found.items()}

    def set_aside(self, path: str, stamp: FileStamp) -> str:
        """See :class:`git_kas.ports.inspection.AdminFiles`.

        The rename takes whatever lies there at that moment. Only then it is compared, and a file that is not
        the one that was judged goes back, unless somebody has already made a new one.
        """
        kept = self._new_path(os.path.basename(path))
        with writing(kept), folder_inside(self._common_dir, ASIDE, create=True):
            if self._stamp_of(path) != stamp:
                raise _changed(path)
            os.rename(path, kept)
            if self._stamp_of(kept) != stamp:
                with suppress(FileExistsError):
                    os.link(kept, path)
                    os.unlink(kept)
                raise _changed(path)
        return kept

    def keep(self, name: str, text: str) -> str:
        """See :class:`git_kas.ports.inspection.AdminFiles`."""
        path = self._new_path(name)
        with writing(path), folder_inside(self._common_dir, ASIDE, create=True) as folder:
            write_synced(folder, os.path.basename(path), [os.fsencode(text)])
            os.fsync(folder)
        return path

    def _new_path(self, name: str) -> str:
        unique = temporary_name().removeprefix(".kas-").removesuffix(".tmp")
        return os.path.join(self._common_dir, *ASIDE.split("/"), f"{name}.{unique}")

    def _stamp_of(self, path: str) -> FileStamp | None:
        found = self.facts(path)
        return found.stamp if found else None


def _changed(path: str) -> Conflict:
    return Conflict(f"{path} has changed since it was looked at.", next_step="Run 'git kas doctor' again.")


def _stamp(found: os.stat_result) -> FileStamp:
    return FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _times(path: str) -> Iterator[float]:
    """When ``path`` and, in a folder, each file directly in it were last written."""
    try:
        found = os.lstat(path)
        yield found.st_mtime
        if stat.S_ISDIR(found.st_mode):
            with os.scandir(path) as entries:
                yield from [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
    except OSError:
        return


def _linked_folders(folder: str) -> Iterator[tuple[str, str]]:
    """Each folder in ``folder`` with a ``.git`` file, and the administrative folder that this one names."""
    try:
        with os.scandir(folder) as entries:
            for count, entry in enumerate(entries):
                if count >= _MOST_ENTRIES:
                    return
                if entry.is_dir(follow_symlinks=False):
                    gitfile = os.path.join(entry.path, ".git")
                    target = read_gitfile(gitfile) if os.path.isfile(gitfile) else None
                    if target:
                        yield entry.path, target
    except OSError:
        return
