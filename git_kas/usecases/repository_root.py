"""Finds by which id shared stores know a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain.binding import ROOT_REFS, is_root_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.ports.cache import Cache
    from git_kas.ports.git import Repository

_NAME: Final = "root-commit"


def find_repository_id(cache: Cache, open_repository: Callable[[], Repository]) -> str:
    """The root commit of the repository, empty where it is not known; looked for once, as it stays the same."""
    kept = (cache.read(_NAME) or b"").decode("ascii", "replace").strip()
    if is_root_id(kept):
        return kept
    found = open_repository().root_of(ROOT_REFS) or ""
    if found:
        cache.write(_NAME, f"{found}\n".encode("ascii"))
    return found
