"""Finds the repository that a folder belongs to, by Git's own rules, without starting Git.

Source: gitrepository-layout(5); git(1), GIT_DIR, GIT_COMMON_DIR, GIT_WORK_TREE, GIT_CEILING_DIRECTORIES.
Ownership (``safe.directory``) is not judged here: reading the configuration with Git itself does that.
"""

import os
from collections.abc import Mapping

from git_kas.domain.location import ConfigEntries, GitFolders, RepositoryLocation

_GITFILE_PREFIX = "gitdir: "


def find_git_folders(start: str, environment: Mapping[str, str]) -> GitFolders | None:
    """The repository that ``start`` lies in, or None; see :class:`git_kas.ports.git.GitFolderReader`."""
    if explicit := environment.get("GIT_DIR"):
        return _explicit(start, explicit, environment)
    folder = os.path.abspath(start)
    ceilings = _ceilings(environment)
    while True:
        found = _found_at(folder, environment)
        if found or os.path.isfile(os.path.join(folder, ".git")):
            return found  # Git does not look further up from a .git file that leads nowhere
        parent = os.path.dirname(folder)
        if parent == folder or parent in ceilings:
            return None
        folder = parent


def locate(folders: GitFolders, config: ConfigEntries) -> RepositoryLocation:
    """Where the worktrees are; see :class:`git_kas.ports.git.GitFolderReader`."""
    linked = folders.git_dir != folders.common_dir
    main = _main_worktree(folders, config, linked=linked)
    if folders.work_tree_override:
        current: str | None = folders.work_tree_override
    elif linked:
        gitfile = read_line(os.path.join(folders.git_dir, "gitdir"))
        registered = os.path.dirname(os.path.join(folders.git_dir, gitfile)) if gitfile else None
        current = folders.gitfile_folder or registered
    else:
        current = main if folders.gitfile_folder else None
    by_convention = main is not None and os.path.join(main, ".git") == folders.common_dir
    configured = bool(config.seen_from_main_worktree().text("core.worktree"))
    return RepositoryLocation(folders.git_dir, folders.common_dir, current, main, by_convention or configured)


def _main_worktree(folders: GitFolders, config: ConfigEntries, *, linked: bool) -> str | None:
    seen_from_main = config.seen_from_main_worktree()
    if configured := seen_from_main.text("core.worktree"):
        return os.path.normpath(os.path.join(folders.common_dir, configured))
    if seen_from_main.is_true("core.bare"):
        return None
    if not linked and folders.gitfile_folder:
        return folders.gitfile_folder
    parent, name = os.path.split(folders.common_dir)
    return parent if name == ".git" else None


def read_gitfile(path: str) -> str | None:
    """The administrative folder that the ``.git`` file at ``path`` names, or None if it is no such file."""
    text = read_line(path)
    if not text.startswith(_GITFILE_PREFIX):
        return None
    return os.path.normpath(os.path.join(os.path.dirname(path), text.removeprefix(_GITFILE_PREFIX)))


def read_line(path: str) -> str:
    """The text of a small administrative file without its line end; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read().rstrip("\r\n")
    except (OSError, ValueError):
        return ""


def common_dir_of(git_dir: str) -> str:
    """The folder that the worktree with the administrative folder ``git_dir`` shares with all others."""
    shared = read_line(os.path.join(git_dir, "commondir"))
    return os.path.normpath(os.path.join(git_dir, shared)) if shared else git_dir


def _explicit(start: str, git_dir: str, environment: Mapping[str, str]) -> GitFolders | None:
    path = os.path.normpath(os.path.join(os.path.abspath(start), git_dir))
    resolved = read_gitfile(path) if os.path.isfile(path) else path
    if resolved is None or not _is_git_dir(resolved):
        return None
    override = environment.get("GIT_WORK_TREE")
    work_tree = os.path.normpath(os.path.join(os.path.abspath(start), override)) if override else None
    return GitFolders(resolved, _shared(resolved, environment), None, work_tree)


def _found_at(folder: str, environment: Mapping[str, str]) -> GitFolders | None:
    candidate = os.path.join(folder, ".git")
    if os.path.islink(candidate):
        candidate = os.path.realpath(candidate)
    if os.path.isfile(candidate):
        candidate = read_gitfile(candidate) or candidate
    if _is_git_dir(candidate):
        return GitFolders(candidate, _shared(candidate, environment), folder)
    if _is_git_dir(folder):
        return GitFolders(folder, _shared(folder, environment))
    return None


def _shared(git_dir: str, environment: Mapping[str, str]) -> str:
    override = environment.get("GIT_COMMON_DIR")
    return os.path.abspath(override) if override else common_dir_of(git_dir)


def _is_git_dir(path: str) -> bool:
    if not os.path.lexists(os.path.join(path, "HEAD")):
        return False
    common = common_dir_of(path)
    return os.path.isdir(os.path.join(common, "objects")) and os.path.isdir(os.path.join(common, "refs"))


def _ceilings(environment: Mapping[str, str]) -> frozenset[str]:
    listed = environment.get("GIT_CEILING_DIRECTORIES", "")
    return frozenset(os.path.normpath(path) for path in listed.split(os.pathsep) if os.path.isabs(path))
