"""The port :class:`~git_kas.ports.inspection.ProcessTable` over ``/proc`` (proc(5)), which Linux has."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.lock_files import SeenProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROC: Final = "/proc"
_FIRST_NAMESPACE: Final = "pid:[4026531836]"  # PROC_PID_INIT_INO of the kernel
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"fuse.sshfs", "nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "lustre", "afs"}
)
_SHARED_FILE_SYSTEMS: Final = _NETWORK_FILE_SYSTEMS | {"9p", "virtiofs", "vboxsf", "prl_fs"}
_HIDING: Final = ("hidepid=1", "hidepid=2", "hidepid=4", "hidepid=noaccess", "hidepid=invisible")
_LOCATING_OPTIONS: Final = ("--git-dir", "--work-tree")
_LOCATING_VARIABLES: Final = frozenset({"GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"})
_GONE: Final = frozenset({"Z", "X", "x"})
_ESCAPES: Final = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))
_MOST_ANCESTORS: Final = 100


class _Stat(NamedTuple):
    """What is taken from ``/proc/<pid>/stat``."""

    name: str
    state: str
    parent: int
    start: int


class _Mount(NamedTuple):
    """A line of ``/proc/self/mountinfo``."""

    point: str
    kind: str
    options: str


def network_file_systems(paths: Sequence[str]) -> list[str]:
    """For each path the kind of the file system that other machines on the network may use, empty if none."""
    try:
        mounts = list(_mounts())
    except OSError:
        return [""] * len(paths)
    kinds = [_file_system(os.path.realpath(path), mounts) for path in paths]
    return [kind if kind in _NETWORK_FILE_SYSTEMS else "" for kind in kinds]


class ProcProcessTable:
    """Looks into ``/proc``; where there is none, it says so."""

    def host(self) -> str:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        return platform.node()

    def unseen(self, path: str) -> str:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        try:
            namespace = os.readlink(f"{_PROC}/self/ns/pid")
            mounts = list(_mounts())
        except OSError:
            return "this system has no /proc to look into"
        if namespace != _FIRST_NAMESPACE:
            return "processes outside of this container cannot be seen"
        hidden = any(mount.point == _PROC and _hides(mount.options) for mount in mounts)
        if hidden and os.geteuid() != 0:
            return "/proc hides the processes of other accounts"
        kind = _file_system(os.path.realpath(path), mounts)
        if kind in _SHARED_FILE_SYSTEMS or kind.startswith("fuse."):
            return f"other machines may use a file system of the kind {kind}"
        return ""

    def start_of(self, pid: int) -> int | None:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        found = _stat(pid)
        return found.start if found and found.state not in _GONE else None

    def processes(self) -> Sequence[SeenProcess]:
        """See :class:`git_kas.ports.inspection.ProcessTable`."""
        ancestors = list(_ancestors())
        left_out = {os.getpid()}
        if ancestors and _runs_us(ancestors[0]):
            left_out.add(ancestors[0])
        pids = [int(name) for name in _names(_PROC) if name.isdecimal()]
        found = (_process(pid, is_ancestor=pid in ancestors) for pid in pids if pid not in left_out)
        return [process for process in found if process]


def _process(pid: int, *, is_ancestor: bool) -> SeenProcess | None:
    found = _stat(pid)
    if found is None or found.state in _GONE:
        return None
    files: set[str] = set()
    for name in _names(f"{_PROC}/{pid}/fd"):
        with suppress(OSError):
            files.add(os.readlink(f"{_PROC}/{pid}/fd/{name}"))
    try:
        places: frozenset[str] | None = frozenset(_places(pid, found.name))
    except PermissionError:
        places = None
    except OSError:
        return None  # it is ending, and has let go of everything
    return SeenProcess(pid, found.name, places, frozenset(files), is_ancestor)


def _places(pid: int, name: str) -> Iterator[str]:
    """Where the process works; of Git also what its command line and environment name (git(1)).

    Raises:
        PermissionError: we may not look, or its paths are those of another mount namespace, as in a container.
        OSError: it has ended.
    """
    if os.readlink(f"{_PROC}/{pid}/ns/mnt") != os.readlink(f"{_PROC}/self/ns/mnt"):
        raise PermissionError(pid)
    folder = os.readlink(f"{_PROC}/{pid}/cwd")
    yield folder
    if not name.startswith("git"):
        return
    words = _words(f"{_PROC}/{pid}/cmdline")
    told = [after for word, after in pairwise(words) if word in _LOCATING_OPTIONS]
    told += [
        word.partition("=")[2] for word in words if word.startswith(tuple(f"{o}=" for o in _LOCATING_OPTIONS))
    ]
    variables = (word.partition("=") for word in _words(f"{_PROC}/{pid}/environ"))
    told += [value for variable, _, value in variables if variable in _LOCATING_VARIABLES]
    yield from (os.path.realpath(os.path.join(folder, path)) for path in told if path)


def _words(path: str) -> list[str]:
    with open(path, "rb") as file:
        return [os.fsdecode(word) for word in file.read().split(b"\0")]


def _stat(pid: int) -> _Stat | None:
    """proc_pid_stat(5). The name may hold blanks and parentheses, so the last closing one ends it."""
    try:
        with open(f"{_PROC}/{pid}/stat", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return None
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return _Stat(head.partition("(")[2], fields[0], int(fields[1]), int(fields[19]))


def _ancestors() -> Iterator[int]:
    pid = os.getppid()
    for _ in range(_MOST_ANCESTORS):
        if pid <= 0:
            return
        yield pid
        found = _stat(pid)
        pid = found.parent if found else 0


def _runs_us(pid: int) -> bool:
    """Whether this is ``git kas …``, which waits for us and holds nothing."""
    try:
        words = _words(f"{_PROC}/{pid}/cmdline")
    except OSError:
        return False
    return os.path.basename(words[0]) == "git" and "kas" in words[1:]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _mounts() -> Iterator[_Mount]:
    """proc_pid_mountinfo(5): the fields behind a lone hyphen begin with the kind of the file system."""
    with open(f"{_PROC}/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            point, options = before.split(" ")[4:6]
            kind, _, specific = after.split(" ", 2)
            yield _Mount(_unescaped(point), kind, f"{options},{specific.strip()}")


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES:
        text = text.replace(escape, character)
    return text


def _hides(options: str) -> bool:
    return not set(options.split(",")).isdisjoint(_HIDING)


def _file_system(path: str, mounts: Sequence[_Mount]) -> str:
    """The kind of the file system that ``path`` is on; of mounts on one point the last one counts."""
    best, kind = -1, ""
    for mount in mounts:
        inside = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if inside and len(mount.point) >= best:
            best, kind = len(mount.point), mount.kind
    return kind
