"""The port :class:`~git_kas.ports.activity.Activity` over ``/proc`` (proc(5)), which Linux has."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.domain.janitor import Usage
from git_kas_process.table import network_file_systems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROC: Final = "/proc"
_LINKS: Final = ("cwd", "root", "exe")
_DELETED: Final = b" (deleted)"


class ProcActivity:
    """Looks into ``/proc``.

    Processes that may not be looked at are passed over: those of other accounts, and the few that keep even
    their own account out, such as agents that hold keys. Every machine has some. So
    is whatever runs outside of a container, where every worktree would be kept otherwise. Of a folder on a
    network file system it is said that somebody unseen may use it.
    """

    def users_of(self, folders: Sequence[str]) -> Mapping[str, Usage]:
        """See :class:`git_kas.ports.activity.Activity`."""
        if not folders:
            return {}
        if not os.path.isdir(f"{_PROC}/self/fd"):
            unseen = "this system has no /proc to look into"
            return dict.fromkeys(folders, Usage(unseen=unseen))
        tops = {folder: os.fsencode(os.path.realpath(folder)) for folder in folders}
        users: dict[str, list[str]] = {folder: [] for folder in folders}
        for pid in _others():
            paths = _paths_of(pid)
            used = b"\n".join(paths) + b"\n"
            for folder, top in tops.items():
                if top in used and any(path == top or path.startswith(top + b"/") for path in paths):
                    users[folder].append(f"{_name_of(pid)} (process {pid})")
        remote = {
            folder: f"other machines may use a file system of the kind {kind}"
            for folder, kind in zip(folders, network_file_systems(folders), strict=True)
            if kind
        }
        return {folder: Usage(tuple(users[folder]), remote.get(folder, "")) for folder in folders}


def _others() -> Iterator[int]:
    ourselves = os.getpid()
    pids = (int(name) for name in os.listdir(_PROC) if name.isdecimal())
    return (pid for pid in pids if pid != ourselves)


def _paths_of(pid: int) -> set[bytes]:
    """Every path that the process has to do with, as far as we may see."""
    base = os.fsencode(f"{_PROC}/{pid}")
    links = [os.path.join(base, os.fsencode(name)) for name in _LINKS]
    paths: set[bytes] = set()
    with suppress(OSError):
        links += [os.path.join(base, b"fd", name) for name in os.listdir(os.path.join(base, b"fd"))]
    for link in links:
        with suppress(OSError):  # closed since, or a thread of the kernel, or not for us to see
            paths.add(os.readlink(link).removesuffix(_DELETED))
    with suppress(OSError), open(os.path.join(base, b"maps"), "rb") as file:
        paths.update(_mapped(file.read()))
    return paths


def _mapped(maps: bytes) -> Iterator[bytes]:
    for line in maps.split(b"\n"):
        place = line.find(b"/")
        if place > 0:
            yield line[place:].removesuffix(_DELETED)


def _name_of(pid: int) -> str:
    try:
        with open(f"{_PROC}/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "a process"
