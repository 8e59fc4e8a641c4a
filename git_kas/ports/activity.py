"""Who uses folders: the processes of this machine, as far as they can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.janitor import Usage


class Activity(Protocol):
    """Looks at the processes of this machine. Never raises."""

    def users_of(self, folders: Sequence[str]) -> Mapping[str, Usage]:
        """For each folder, the processes that work in it, run from it, or have or map a file in it.

        This process does not count.
        """
