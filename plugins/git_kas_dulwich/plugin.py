"""Entry point ``dulwich``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.git import Repository


def kas_repository(location: RepositoryLocation) -> Repository:
    """Read references and history with dulwich, a second opinion that shares no code with Git."""
    from git_kas_dulwich.repository import open_repository

    return open_repository(location)
