"""In which folder Git looks for a hook, and in which one ours has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.hook_layouts import Layout
from git_kas.domain.hooks import HookSide
from git_kas.domain.location import ConfigScope
from git_kas.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.location import ConfigEntries, RepositoryLocation

HOOKS_PATH: Final = "core.hookspath"
HUSKY_RUNNER: Final = "h"
"""The file in the folder of husky 9 that all its hooks read."""

_LAYOUT_OF_SCOPE: Final[Mapping[ConfigScope, Layout]] = {
    ConfigScope.SYSTEM: Layout.SHARED_PATH,
    ConfigScope.GLOBAL: Layout.SHARED_PATH,
    ConfigScope.LOCAL: Layout.LOCAL_PATH,
    ConfigScope.WORKTREE: Layout.WORKTREE_PATH,
    ConfigScope.COMMAND: Layout.COMMAND_PATH,
}


class HookPlace(NamedTuple):
    """``effective`` is the folder in which Git looks, ``folder`` the one where ours has to be; both absolute.

    ``origin`` names what sets ``core.hooksPath``, empty where nothing does. ``is_relative`` tells that each
    worktree has a folder of its own.
    """

    layout: Layout
    effective: str
    folder: str
    origin: str = ""
    is_relative: bool = False

    @property
    def by_shell(self) -> bool:
        """Whether what is in ``folder`` is read by a shell, whatever its mode."""
        return self.layout is Layout.HUSKY_9


def own_folder(location: RepositoryLocation) -> str:
    """The hooks folder that counts where ``core.hooksPath`` is not set (gitrepository-layout(5))."""
    return f"{location.common_dir}/hooks"


def hook_place(
    location: RepositoryLocation, config: ConfigEntries, expanded: str, side: HookSide, *, has_husky: bool
) -> HookPlace:
    """The place of the hooks of one side (git-config(1), ``core.hooksPath``).

    ``expanded`` is the value of ``core.hooksPath`` with a home folder in place of ``~``; ``has_husky`` says
    whether the folder it names holds what husky 9 puts there.

    Raises:
        InvalidConfiguration: the value is empty, which makes Git look in the root of the file system.
    """
    entry = config.last(HOOKS_PATH)
    if entry is None:
        return HookPlace(Layout.PLAIN, own_folder(location), own_folder(location))
    if not expanded:
        raise InvalidConfiguration(
            f"core.hooksPath is empty in {entry.origin}, so that Git finds no hook.",
            next_step="Remove the setting, or name a folder.",
        )
    effective = _absolute(expanded, base_folder(location, side))
    place = HookPlace(
        _LAYOUT_OF_SCOPE[entry.scope],
        effective,
        effective,
        f"{entry.scope}, {entry.origin}",
        not expanded.startswith("/"),
    )
    parent, _, name = effective.rpartition("/")
    is_husky = name == "_" and (has_husky or parent.endswith("/.husky"))
    if is_husky and side is HookSide.CLIENT and place.layout in {Layout.LOCAL_PATH, Layout.WORKTREE_PATH}:
        return place._replace(layout=Layout.HUSKY_9, folder=parent)
    return place


def base_folder(location: RepositoryLocation, side: HookSide) -> str:
    """What a relative ``core.hooksPath`` is relative to: where Git runs the hook (githooks(5))."""
    if side is HookSide.SERVER:
        return location.common_dir
    return location.worktree or location.main_worktree or location.git_dir


def _absolute(path: str, base: str) -> str:
    while path.startswith("./"):
        path = path.removeprefix("./").lstrip("/")
    joined = path if path.startswith("/") else f"{base}/{path}"
    return joined.rstrip("/").removesuffix("/.") or "/"
