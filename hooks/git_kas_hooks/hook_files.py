"""The port :class:`~git_kas.ports.hook_files.HookFiles` over the disk."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import write_all, writing
from git_kas.domain.hook_layouts import CHAINED_SUFFIX, FOLDER_MARK, NEW_SUFFIX
from git_kas.domain.hook_plan import Act, HookFile, HookView, Step, names_of
from git_kas.errors import AlreadyExists, Busy, ReadOnly
from git_kas_hooks.shims import recognise, shim

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from git_kas.domain.hooks import HookName, ShimOptions

_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_ANY_FILE: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_MODE: Final = 0o755  # whatever the umask: Git passes by a hook that its user may not execute
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_PATIENCE: Final = 10.0  # seconds; a change takes milliseconds
_PAUSE: Final = 0.02
_PROGRAM: Final = "git-kas"


class DiskHookFiles:
    """Hooks folders on disk."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._path = environment.get("PATH", os.defpath)

    def shim(self, hook: HookName, options: ShimOptions) -> bytes:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return shim(hook, options)

    def program(self) -> str:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        own = os.path.abspath(sys.argv[0])
        if os.path.basename(own) == _PROGRAM and _is_program(own):
            return own
        found = shutil.which(_PROGRAM, path=self._path)
        return os.path.abspath(found) if found else ""

    def finds_program(self, program: str) -> bool:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return _is_program(program) or shutil.which(_PROGRAM, path=self._path) is not None

    def resolved(self, folder: str) -> str:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return os.path.realpath(folder)

    def is_folder(self, folder: str) -> bool:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return os.path.isdir(folder)

    def make_folder(self, folder: str) -> None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        if os.path.isdir(folder):
            return
        if os.path.lexists(folder):
            raise AlreadyExists(f"{folder} is no folder.", next_step="Move it out of the way.")
        with writing(folder):
            os.makedirs(folder)
            os.close(os.open(os.path.join(folder, FOLDER_MARK), _NEW_FILE, 0o644))

    def leave_folder(self, folder: str) -> None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        mark = os.path.join(folder, FOLDER_MARK)
        if not os.path.lexists(mark):
            return
        with writing(folder):
            others = [name for name in os.listdir(folder) if name != FOLDER_MARK]
            if any((found := self.look(folder, name)) and found.own for name in others):
                return
            os.unlink(mark)
            if not others:
                os.rmdir(folder)

    @contextmanager
    def exclusive(self, folder: str) -> Iterator[None]:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        with writing(folder):
            opened = os.open(folder, _FOLDER)
        try:
            _lock(opened, folder)
            yield
        finally:
            os.close(opened)

    def look(self, folder: str, name: str) -> HookFile | None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        path = os.path.join(folder, name)
        try:
            facts = os.lstat(path)
            if stat.S_ISLNK(facts.st_mode):
                data = _data(path)
                stamp: tuple[object, ...] = ("link", os.readlink(path))
            elif stat.S_ISREG(facts.st_mode):
                data = _data(path)
                stamp = (stat.S_IMODE(facts.st_mode), facts.st_mtime_ns, data)
            else:
                return HookFile(b"", (name,), executable=False, replaceable=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ReadOnly(
                f"{path} cannot be read: {error.strerror}.", next_step="Look at that path."
            ) from error
        return HookFile(data, stamp, os.access(path, os.X_OK), own=recognise(data))

    def view(self, folder: str, hook: HookName) -> HookView:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        seen = {name: self.look(folder, name) for name in names_of(hook)}
        view = HookView(hook, folder, {name: found for name, found in seen.items() if found})
        return view._replace(links=_links_to(folder, view.slot))

    def take(self, folder: str, step: Step) -> None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        with writing(folder):
            opened = os.open(folder, _FOLDER)
            try:
                _take(opened, step)
                os.fsync(opened)
            finally:
                os.close(opened)


def _take(folder: int, step: Step) -> None:
    if step.act is Act.KEEP:
        _keep(folder, step.name, step.to)
    elif step.act is Act.PUT:
        with _new_file(folder, step.to) as opened:
            write_all(opened, step.data)
            os.fchmod(opened, _MODE)
            os.fsync(opened)
            os.replace(step.to, step.name, src_dir_fd=folder, dst_dir_fd=folder)
    elif step.act is Act.MOVE:
        os.replace(step.name, step.to, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.unlink(step.name, dir_fd=folder)


def _keep(folder: int, name: str, new_name: str) -> None:
    try:
        os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError as error:
        raise AlreadyExists(f"{new_name} is there already.", next_step="Run it again.") from error
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _copy(folder, name, new_name)


def _copy(folder: int, name: str, new_name: str) -> None:
    """A faithful copy, where a file system has no second names for a file."""
    unfinished = new_name.removesuffix(CHAINED_SUFFIX) + NEW_SUFFIX
    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(facts.st_mode):
        os.symlink(os.readlink(name, dir_fd=folder), new_name, dir_fd=folder)
        return
    with _new_file(folder, unfinished) as opened:
        source = os.open(name, _ANY_FILE, dir_fd=folder)
        try:
            while part := os.read(source, 65_536):
                write_all(opened, part)
        finally:
            os.close(source)
        os.fchmod(opened, stat.S_IMODE(facts.st_mode))
        os.utime(opened, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        os.fsync(opened)
        os.replace(unfinished, new_name, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _new_file(folder: int, name: str) -> Iterator[int]:
    """A new file, open while the block runs, which also gives it its name.

    What an interrupted run has left there goes, and so does ours when the system refuses.
    """
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    opened = os.open(name, _NEW_FILE, 0o600, dir_fd=folder)
    try:
        yield opened
    except OSError:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise
    finally:
        os.close(opened)


def _data(path: str) -> bytes:
    """The bytes of a file, through links; none of a link that leads nowhere, or to something else."""
    try:
        opened = os.open(path, _ANY_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            return b""
        raise
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return b""
        return b"".join(iter(lambda: os.read(opened, 65_536), b""))
    finally:
        os.close(opened)


def _links_to(folder: str, name: str) -> tuple[str, ...]:
    """Other names in the folder that are symbolic links to the name ``name``."""
    top = os.path.realpath(folder)
    try:
        with os.scandir(folder) as entries:
            links = {entry.name: os.readlink(entry.path) for entry in entries if entry.is_symlink()}
    except (FileNotFoundError, NotADirectoryError):
        return ()
    targets = {link: os.path.split(os.path.join(top, target)) for link, target in links.items()}
    return tuple(
        sorted(link for link, (place, end) in targets.items() if end == name and os.path.realpath(place) == top)
    )


def _lock(opened: int, folder: str) -> None:
    import fcntl

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise Busy(
                    f"The hooks in {folder} are being changed by another git-kas.",
                    next_step="Try again when it has finished.",
                ) from error
            time.sleep(_PAUSE)
        except OSError:  # a file system without locks; each step is whole all the same
            return


def _is_program(path: str) -> bool:
    return os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK)
