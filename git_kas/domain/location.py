"""Where a repository is on disk, and the configuration entries Git has for it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class GitFolders(NamedTuple):
    """What the file system says before Git's configuration is read; all paths absolute.

    ``git_dir`` is this worktree's own administrative folder, ``common_dir`` the one all worktrees share
    (gitrepository-layout(5)). ``gitfile_folder`` is the folder whose ``.git`` led to ``git_dir``, None when
    the search ended inside an administrative folder or a bare repository. ``work_tree_override`` is
    ``GIT_WORK_TREE``.
    """

    git_dir: str
    common_dir: str
    gitfile_folder: str | None = None
    work_tree_override: str | None = None


class RepositoryLocation(NamedTuple):
    """Where a repository is; all paths absolute.

    ``worktree`` is the top of the worktree we are in (None in a bare repository or inside an administrative
    folder), ``main_worktree`` the first worktree (None where the repository is bare, and where it cannot be
    told: from a linked worktree of a ``--separate-git-dir``). ``known_everywhere`` says whether every worktree
    finds the same main worktree; only then may anything be read from it that all must agree on.
    """

    git_dir: str
    common_dir: str
    worktree: str | None
    main_worktree: str | None
    known_everywhere: bool = True

    @property
    def top(self) -> str:
        """Where Git is run for what concerns no one worktree: in the main one, or in a bare repository."""
        return self.main_worktree or self.common_dir


def project_name(location: RepositoryLocation) -> str:
    """What to call the project if nobody has said: the folder name of the main worktree.

    Where the administrative folder is kept elsewhere (``--separate-git-dir``), Git cannot tell from a linked
    worktree where the main one is; then, and in a bare repository, it is the administrative folder's name.
    """
    parts = location.common_dir.replace("\\", "/").rstrip("/").split("/")
    if parts[-1] == ".git":
        return parts[-2] or "root"
    if location.main_worktree and "modules" in parts:  # a submodule, which core.worktree leads to
        return location.main_worktree.replace("\\", "/").rstrip("/").split("/")[-1]
    return parts[-1].removesuffix(".git") or parts[-1]


class ConfigScope(StrEnum):
    """Where a configuration entry comes from, in rising precedence (git-config(1), SCOPES)."""

    SYSTEM = "system"
    GLOBAL = "global"
    LOCAL = "local"
    WORKTREE = "worktree"
    COMMAND = "command"


class ConfigEntry(NamedTuple):
    """One value of Git's configuration. ``key`` as Git prints it: section and name in lower case."""

    scope: ConfigScope
    origin: str
    key: str
    value: str


class ConfigEntries:
    """Git's configuration as it stood when it was read once, in rising precedence.

    ``main_worktree`` are the entries of the main worktree's own file, where it is read from a linked one:
    they are not in effect there (git-worktree(1), CONFIGURATION FILE).
    """

    def __init__(self, entries: Sequence[ConfigEntry], main_worktree: Sequence[ConfigEntry] = ()) -> None:
        self._entries = tuple(entries)
        self._main_worktree = tuple(main_worktree)

    def seen_from_main_worktree(self) -> ConfigEntries:
        """The configuration as it would be in the main worktree."""
        if not self._main_worktree:
            return self
        shared = [entry for entry in self._entries if entry.scope is not ConfigScope.WORKTREE]
        return ConfigEntries((*shared, *self._main_worktree))

    def __iter__(self) -> Iterator[ConfigEntry]:
        return iter(self._entries)

    def all(self, key: str) -> tuple[ConfigEntry, ...]:
        """Every entry of ``key``, the one that counts last."""
        return tuple(entry for entry in self._entries if entry.key == key)

    def last(self, key: str) -> ConfigEntry | None:
        """The entry of ``key`` that counts, or None."""
        found = self.all(key)
        return found[-1] if found else None

    def text(self, key: str) -> str:
        """The value of ``key`` that counts, or an empty text."""
        entry = self.last(key)
        return entry.value if entry else ""

    def is_true(self, key: str) -> bool:
        """Whether ``key`` is set to one of Git's words for true (git-config(1), Values)."""
        entry = self.last(key)
        return entry is not None and entry.value.lower() in {"true", "yes", "on", "1"}

    def has_scope(self, scope: ConfigScope) -> bool:
        """Whether any entry comes from ``scope``."""
        return any(entry.scope is scope for entry in self._entries)
