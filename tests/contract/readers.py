"""The installed readers, and where plain git says a repository is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import ObjectId
from git_kas.plugin.manager import PluginManager
from git_kas.ports.git import Repository

PLUGINS = PluginManager(sys.path)
READERS = [report.entry_point.name for report in PLUGINS.reports() if "kas_repository" in report.hooks]
Open = Callable[[Path], Repository]
OpenWith = Callable[[str, Path], Repository]


def open_repository(name: str, folder: Path, environment: Mapping[str, str]) -> Repository:
    """The repository at ``folder``, opened with the reader ``name``."""
    location = location_of(folder, environment)
    opened: Any = PLUGINS.call(name, "kas_repository", location=location, environment=environment)
    return cast("Repository", opened)


def location_of(folder: Path, environment: Mapping[str, str]) -> RepositoryLocation:
    """Where plain git says the repository at ``folder`` is."""

    def ask(*arguments: str) -> str:
        finished = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, check=False
        )
        return os.fsdecode(finished.stdout).removesuffix("\n")

    git_dir = ask("rev-parse", "--absolute-git-dir")
    common_dir = ask("rev-parse", "--path-format=absolute", "--git-common-dir")
    first = ask("worktree", "list", "--porcelain", "-z").split("\0\0")[0].split("\0")
    main = None if "bare" in first else first[0].removeprefix("worktree ")
    return RepositoryLocation(git_dir, common_dir, ask("rev-parse", "--show-toplevel") or None, main)


def object_ids(names: Iterable[str]) -> list[ObjectId]:
    """Names that git printed, one to a line or separated by blanks."""
    return [ObjectId(word) for name in names for word in name.split()]
