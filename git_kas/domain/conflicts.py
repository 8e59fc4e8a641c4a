"""Whether merging a branch into its base could stop at conflicts, told without merging (DESIGN 8).

Most branches change nothing that the base has touched since they left it. The others must be merged to know. An
error is made on one side only: where Git would stop, a conflict is always held to be possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from git_kas.domain.landing import ChainStates, Demand, Fork, PathChange, TreeEntry


class ConflictFilter:
    """What one base has done to paths and folders, and since when, for one branch after another."""

    def __init__(self, states: ChainStates) -> None:
        self._states = states
        self._added_below: dict[bytes, int] = {}
        self._removed_below: dict[bytes, int] = {}
        self._kept_folders: set[bytes] = set()
        for path, events in states.by_path():
            position, last = events[-1]
            if last.after is None:
                _note(self._removed_below, path, position)
                continue
            self._kept_folders.update(_folders(path))
            added = (place for place, change in reversed(events) if change.before is None)
            _note(self._added_below, path, next(added, -1))

    def might_conflict(self, demands: Sequence[Demand]) -> bool:
        """Whether merging a branch that asks this of the base could stop at conflicts.

        Several demands stand for several merge bases, which Git merges with each other first.
        """
        if len(demands) != 1:
            return True
        ((fork, changes),) = demands
        base = _BaseSince(fork, self._added_below, self._removed_below)
        kept = {folder for change in changes if change.after for folder in _folders(change.path)}
        return any(
            self._is_disputed(fork, change)
            or (change.before is None and self._is_in_the_way(base, change.path))
            or (change.after is None and any(map(base.added_below, _folders(change.path, kept))))
            for change in changes
        )

    def _is_disputed(self, fork: Fork, change: PathChange) -> bool:
        """Whether branch and base made different things of a path; what both removed, each may have moved."""
        held = self._held(fork, change.path, change.before)
        return held != change.before and (held is None or held != change.after)

    def _is_in_the_way(self, base: _BaseSince, path: bytes) -> bool:
        """Whether the base has a folder where the branch adds a file, or a file where that needs a folder.

        Or the base gave up the file's folder: if it moved it, Git asks whether the file should go along
        (git-config(1), merge.directoryRenames).
        """
        if base.added_below(path):
            return True
        return any(
            self._held(base.fork, folder, None) is not None
            or (folder not in self._kept_folders and base.removed_below(folder))
            for folder in _folders(path)
        )

    def _held(self, fork: Fork, path: bytes, otherwise: TreeEntry | None) -> TreeEntry | None:
        """What the base has at ``path`` if it touched it since the fork, else ``otherwise``."""
        events = self._states.events(path, fork.position)
        return events[-1][1].after if events else fork.differing.get(path, otherwise)


class _BaseSince:
    """Below which folders a base has added or removed files since one fork."""

    def __init__(self, fork: Fork, added: dict[bytes, int], removed: dict[bytes, int]) -> None:
        self.fork = fork
        self._added, self._removed = added, removed
        differing = fork.differing.items()
        self._differing_added = {folder for path, held in differing if held for folder in _folders(path)}
        self._differing_removed = {folder for path, held in differing if not held for folder in _folders(path)}

    def added_below(self, folder: bytes) -> bool:
        return self._added.get(folder, -1) > self.fork.position or folder in self._differing_added

    def removed_below(self, folder: bytes) -> bool:
        return self._removed.get(folder, -1) > self.fork.position or folder in self._differing_removed


def _note(latest: dict[bytes, int], path: bytes, position: int) -> None:
    for folder in _folders(path):
        latest[folder] = max(latest.get(folder, -1), position)


def _folders(path: bytes, without: Iterable[bytes] = ()) -> Iterator[bytes]:
    """The folders that ``path`` lies in, but for the top and those that ``without`` holds."""
    while slash := path.rfind(b"/") + 1:
        path = path[: slash - 1]
        if path not in without:
            yield path
