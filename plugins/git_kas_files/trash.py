"""The port :class:`~git_kas.ports.trash.Trash`: folders that are moved by rename.

``kas/trash/<operation>/<number>`` in Git's common directory holds ``tree`` and ``admin``. A folder on another
file system goes to ``.kas-trash`` beside it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from git_kas.disk import sync, write_file, writing
from git_kas.domain.janitor import FolderFacts
from git_kas.domain.operation_ids import is_operation_id
from git_kas.errors import AlreadyExists, NotFound, WouldLoseData
from git_kas.ports.trash import TrashPlace
from git_kas_files.gitdir import read_gitfile, read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from git_kas.domain.names import BranchName
    from git_kas.domain.worktree import Worktree

BESIDE: Final = ".kas-trash"
_PLACE: Final = re.compile(r"\d{8}-\d{6}-\d{9}-\d+")
_USED_FILES: Final = ("HEAD", "index", "logs/HEAD", "ORIG_HEAD")
_BLOCK: Final = 512  # bytes, whatever the file system's own blocks are: stat(2)
_MOUNTS: Final = "/proc/self/mountinfo"


class FolderTrash:
    """The trash of the repository whose common directory this is."""

    def __init__(self, common_dir: str) -> None:
        self._common_dir = os.path.abspath(common_dir)
        self._folder = os.path.join(self._common_dir, "kas", "trash")

    def look(self, worktree: Worktree, worktrees: Sequence[Worktree]) -> FolderFacts:
        """See :class:`git_kas.ports.trash.Trash`."""
        try:
            facts = FolderFacts(
                submodules=_has_entries(os.path.join(worktree.admin_dir, "modules")),
                used_at=_last_used(worktree.admin_dir),
            )
            if not os.path.lexists(worktree.path):
                return facts._replace(found_at=_found_again(worktree, worktrees))
            top = os.path.realpath(worktree.path)
            if os.path.islink(worktree.path):  # a rename would move the link, and leave the folder
                return facts._replace(problem=f"{worktree.path} is a symbolic link")
            if not worktree.readable:
                return facts._replace(is_empty=os.path.isdir(top) and not os.listdir(top))
            return facts._replace(
                here=_is_inside(os.path.realpath(os.getcwd()), top),
                mounts=_mounts(top),
                nested=[
                    other.path
                    for other in worktrees
                    if other.id != worktree.id and _is_inside(os.path.realpath(other.path), top)
                ],
            )
        except OSError as error:
            return FolderFacts(problem=f"{error.filename or worktree.path}: {error.strerror}")

    def size(self, path: str) -> int | None:
        """See :class:`git_kas.ports.trash.Trash`."""
        try:
            return _size(path)
        except OSError:
            return None

    def place(self, operation: str, number: int, worktree: Worktree) -> TrashPlace:
        """See :class:`git_kas.ports.trash.Trash`."""
        folder = os.path.join(self._folder, operation, str(number))
        if _device(worktree.admin_dir) != _device(self._common_dir):
            raise WouldLoseData(
                f"{worktree.admin_dir} is on another file system than {self._common_dir}.",
                next_step="Remove that worktree by hand, when you have looked at it.",
            )
        return TrashPlace(os.path.join(folder, "tree"), os.path.join(folder, "admin"))

    def place_beside(self, operation: str, number: int, worktree: Worktree) -> TrashPlace:
        """See :class:`git_kas.ports.trash.Trash`."""
        beside = os.path.join(os.path.dirname(os.path.abspath(worktree.path)), BESIDE, f"{operation}-{number}")
        admin = self.place(operation, number, worktree).admin
        return TrashPlace(os.path.join(beside, "tree"), admin)

    def move(self, source: str, target: str) -> bool:
        """See :class:`git_kas.ports.trash.Trash`."""
        with writing(target):
            if not os.path.lexists(source):
                if os.path.lexists(target):
                    return False
                raise NotFound(f"Neither {source} nor {target} is there.", next_step="Look at these folders.")
            if self.exists(target):
                raise AlreadyExists(f"{target} is there already.", next_step="Look at that folder.")
            above = os.path.dirname(target)
            self._make(above)
            try:
                os.rename(source, target)
            except OSError as error:
                if error.errno not in {errno.EXDEV, errno.EBUSY}:
                    raise
                raise WouldLoseData(
                    f"{source} cannot be moved to {target} by renaming it: {error.strerror}.",
                    next_step="Remove that worktree by hand, when you have looked at it.",
                ) from error
            sync(above)
            sync(os.path.dirname(source))
        return True

    def exists(self, path: str) -> bool:
        """See :class:`git_kas.ports.trash.Trash`."""
        if not os.path.lexists(path):
            return False
        return os.path.islink(path) or not os.path.isdir(path) or bool(os.listdir(path))

    def point(self, admin: str, path: str, tree: str) -> None:
        """See :class:`git_kas.ports.trash.Trash`."""
        registered = os.path.join(path, ".git")
        gitfile = os.path.join(tree, ".git")
        with writing(admin):
            if read_line(os.path.join(admin, "gitdir")) != registered:
                _replace(os.path.join(admin, "gitdir"), f"{registered}\n")
            if os.path.isfile(gitfile) and read_gitfile(gitfile) != admin:
                _replace(gitfile, f"gitdir: {admin}\n")

    def check_out(self, admin: str, branch: BranchName) -> None:
        """See :class:`git_kas.ports.trash.Trash`."""
        head = os.path.join(admin, "HEAD")
        with writing(head):
            if read_line(head) != f"ref: {branch.ref}":
                _replace(head, f"ref: {branch.ref}\n")

    def discard(self, paths: Sequence[str]) -> None:
        """See :class:`git_kas.ports.trash.Trash`."""
        for path in paths:
            if not self._is_in_a_trash(path):
                raise WouldLoseData(f"{path} is in no trash of git-kas.", next_step="Look at that folder.")
            with writing(path):
                if os.path.lexists(path):
                    _remove_tree(path)
                with suppress(OSError):  # others are still in it
                    os.rmdir(os.path.dirname(path))

    def leftovers(self, operation: str) -> Sequence[str]:
        """See :class:`git_kas.ports.trash.Trash`."""
        folder = os.path.join(self._folder, operation)
        return [folder] if is_operation_id(operation) and os.path.isdir(folder) else []

    def operations(self) -> Sequence[str]:
        """See :class:`git_kas.ports.trash.Trash`."""
        try:
            return sorted(filter(is_operation_id, os.listdir(self._folder)))
        except OSError:
            return []

    def _make(self, folder: str) -> None:
        """Make the folder and those above it; a trash beside a worktree is ignored by a worktree around it."""
        missing = []
        above = folder
        while not os.path.isdir(above):
            missing.append(above)
            above = os.path.dirname(above)
        for path in reversed(missing):
            os.mkdir(path)
            sync(os.path.dirname(path))
        beside = os.path.dirname(folder)
        if os.path.basename(beside) == BESIDE and not os.path.exists(os.path.join(beside, ".gitignore")):
            _replace(os.path.join(beside, ".gitignore"), "*\n")

    def _is_in_a_trash(self, path: str) -> bool:
        parent, name = os.path.split(os.path.normpath(path))
        if parent == self._folder:
            return is_operation_id(name)
        above, place = os.path.split(parent)
        return name == "tree" and _PLACE.fullmatch(place) is not None and os.path.basename(above) == BESIDE


def _device(path: str) -> int:
    try:
        return os.stat(path).st_dev
    except OSError:
        return -1


def _is_inside(path: str, top: str) -> bool:
    return path == top or path.startswith(top.rstrip(os.sep) + os.sep)


def _has_entries(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


def _last_used(admin: str) -> int | None:
    times = []
    for name in _USED_FILES:
        with suppress(OSError):
            times.append(int(os.stat(os.path.join(admin, name)).st_mtime))
    return max(times, default=None)


def _found_again(worktree: Worktree, worktrees: Sequence[Worktree]) -> str:
    """A folder beside a known worktree whose ``.git`` names this one's administrative folder, or nothing."""
    wanted = os.path.realpath(worktree.admin_dir)
    known = {os.path.realpath(other.path) for other in worktrees if other.readable}
    for folder in dict.fromkeys(os.path.dirname(other.path) for other in (worktree, *worktrees)):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            path = os.path.join(folder, name)
            target = read_gitfile(os.path.join(path, ".git"))
            if target and os.path.realpath(target) == wanted and os.path.realpath(path) not in known:
                return path
    return ""


def _mounts(top: str) -> list[str]:
    """What is mounted at or below ``top``; where the system does not list it, by the numbers of devices."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            points = [_unescaped(line.split(" ")[4]) for line in file]
        return [point for point in points if _is_inside(point, top)]
    except OSError:
        own = os.stat(os.path.dirname(top)).st_dev
        return [folder for folder, _, _ in os.walk(top) if os.stat(folder).st_dev != own][:1]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)


def _size(path: str) -> int:
    total = 0
    pending = [path]
    seen: set[int] = set()
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    pending.append(entry.path)
                elif facts.st_nlink == 1 or facts.st_ino not in seen:
                    seen.add(facts.st_ino)
                    total += getattr(facts, "st_blocks", 0) * _BLOCK or facts.st_size
    return total


def _replace(path: str, text: str) -> None:
    """Have ``text`` in the file at ``path``, all of it or what was there before."""
    temporary = f"{path}.kas-tmp"
    write_file(temporary, [os.fsencode(text)], os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0))
    os.replace(temporary, path)
    sync(os.path.dirname(path))


def _remove_tree(path: str) -> None:
    def open_up(_function: Callable[..., Any], _path: str, error: Any) -> None:  # noqa: ANN401 - 3.11 and 3.12
        del error
        for folder in _folders(path):
            with suppress(OSError):
                os.chmod(folder, stat.S_IRWXU)

    shutil.rmtree(path, onerror=open_up)
    if os.path.lexists(path):  # folders that could not be written are now open
        shutil.rmtree(path)


def _folders(top: str) -> Iterator[str]:
    yield top
    for folder, names, _ in os.walk(top):
        for path in (os.path.join(folder, name) for name in names):
            if not os.path.islink(path):  # os.walk lists links to folders, which may lie anywhere
                yield path
