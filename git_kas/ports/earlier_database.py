"""A database in which the earlier system kept its plans (ORIGIN 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.earlier import EarlierProject


class EarlierDatabase(Protocol):
    """Such a database as of one moment. Whoever uses it goes on undisturbed, and nothing is written to it."""

    def projects(self) -> Sequence[str]:
        """The names of its projects, in bytewise order."""

    def read(self, project: str) -> EarlierProject:
        """What it holds of one project.

        Raises:
            StoreCorrupt: a row cannot be understood.
        """

    def other_rows(self) -> Mapping[str, int]:
        """How many rows there are in tables that are not read, empty tables left out."""

    def close(self) -> None:
        """Free what is held open."""


class MemoryEarlierDatabase:
    """The fake: what it is given, by project."""

    def __init__(self, held: Mapping[str, EarlierProject], others: Mapping[str, int]) -> None:
        self._held = held
        self._others = others

    def projects(self) -> Sequence[str]:
        """See :class:`EarlierDatabase`."""
        return sorted(self._held)

    def read(self, project: str) -> EarlierProject:
        """See :class:`EarlierDatabase`."""
        return self._held[project]

    def other_rows(self) -> Mapping[str, int]:
        """See :class:`EarlierDatabase`."""
        return self._others

    def close(self) -> None:
        """See :class:`EarlierDatabase`."""
