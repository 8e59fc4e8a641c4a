"""What an observer of transitions is given beside the transition itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.location import RepositoryLocation


class Surroundings(NamedTuple):
    """Where a transition was asked for.

    ``command`` is the user's shell command from ``kas.onTransition``, empty without one; ``environment`` is
    that of the process.
    """

    location: RepositoryLocation
    environment: Mapping[str, str]
    command: str = ""
