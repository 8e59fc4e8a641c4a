"""Reads ``plan-state.json``: from Git's common directory, or the earlier system's file until that exists."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from git_kas.domain.state_file import EMPTY_STATE, STATE_FILE_NAME, Remark, StateFile, parse_state_file
from git_kas.errors import StoreCorrupt, UsageError
from git_kas.ports.store import StoreDescription, StoreRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.plan import Plan, Topic

STORE_FOLDER = "kas"
_LARGEST_FILE = 256 * 1024 * 1024  # bytes; a hundred thousand plans take about 20 MB
EARLIER_FILE = ("docs", "plans", STATE_FILE_NAME)


def open_store(request: StoreRequest) -> JsonStore:
    """The store of the repository that ``request`` names.

    Raises:
        UsageError: the store URL has a part that this store does not know.
    """
    if request.url != "json":
        raise UsageError(
            f"The plan store '{request.url}' cannot be used: the json store takes no path.",
            next_step="Set kas.store to 'json'.",
        )
    own = os.path.join(request.location.common_dir, STORE_FOLDER, STATE_FILE_NAME)
    return JsonStore(own if os.path.lexists(own) else _earlier_file(request) or own)


def _earlier_file(request: StoreRequest) -> str | None:
    """The state file of the earlier system in the main worktree, if there is one.

    It knew one place only (ORIGIN 2), so kas.plans does not move it.
    """
    if request.location.main_worktree is None or not request.location.known_everywhere:
        return None
    path = os.path.join(request.location.main_worktree, *EARLIER_FILE)
    return path if os.path.lexists(path) else None


class JsonStore:
    """The port :class:`~git_kas.ports.store.Store` over the state file at ``path``."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._state: StateFile | None = None

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`."""
        return StoreDescription("json", self._path)

    def list_plans(self) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`."""
        return list(self._read().plans.values())

    def list_topics(self) -> Sequence[Topic]:
        """See :class:`git_kas.ports.store.Store`."""
        return list(self._read().topics.values())

    def remarks(self) -> Sequence[Remark]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._read().remarks

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`; nothing is held open."""

    def _read(self) -> StateFile:
        if self._state is None:
            self._state = _read_state_file(self._path)
        return self._state


def _read_state_file(path: str) -> StateFile:
    if not os.path.lexists(path):
        return EMPTY_STATE
    try:
        facts = os.stat(path)  # before opening: that would wait for a writer of a named pipe
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST_FILE:
            raise _unreadable(path, "it is no regular file of a sensible size")
        with open(path, "rb") as file:
            return parse_state_file(file.read(_LARGEST_FILE), path)
    except OSError as error:
        target = f" ({os.readlink(path)})" if os.path.islink(path) else ""
        raise _unreadable(path, f"{error.strerror}{target}") from error


def _unreadable(path: str, reason: str) -> StoreCorrupt:
    return StoreCorrupt(f"The plan state {path} cannot be read: {reason}.", next_step="Look at that path.")
