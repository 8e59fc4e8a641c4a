"""What the guard asks of Git: what is staged, what commits change, and what refs are moved to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.guard import GuardPattern
    from git_kas.domain.landing import PathChange
    from git_kas.domain.names import ObjectId


class ObjectKind(StrEnum):
    """What a name stands for once tags are followed to their end."""

    COMMIT = "commit"
    TREE = "tree"
    BLOB = "blob"


class Peeled(NamedTuple):
    """An object that is no tag."""

    id: ObjectId
    kind: ObjectKind


class Span(NamedTuple):
    """Commits that ``tips`` reach, but neither ``known`` nor the refs that are named do.

    ``here``: the branches and tags of this repository; ``remote``: what is remembered of that remote.
    """

    tips: tuple[ObjectId, ...]
    known: tuple[ObjectId, ...] = ()
    here: bool = False
    remote: str = ""


class Guarded(Protocol):
    """Reads one repository as the hook that runs in it sees it: its index, its objects not yet accepted.

    Objects that stand for others (git-replace(1)) do not count, as what was replaced is shared. Changes are
    those of guarded paths; others may be among them. Every operation raises ProgramFailed where Git cannot
    answer in full.
    """

    def staged(self, patterns: Sequence[GuardPattern]) -> Sequence[PathChange]:
        """The index against HEAD, or against nothing on a branch without a commit."""

    def peel(self, names: Sequence[str]) -> Sequence[Peeled | None]:
        """What each revision (gitrevisions(7)) stands for; None for what is not there."""

    def introduced(
        self, span: Span, patterns: Sequence[GuardPattern]
    ) -> Sequence[tuple[ObjectId, Sequence[PathChange]]]:
        """What commits of the span change against their first parent, or against nothing; those that do."""

    def between(
        self, pairs: Sequence[tuple[Peeled | None, Peeled]], patterns: Sequence[GuardPattern]
    ) -> Sequence[Sequence[PathChange]]:
        """What differs in each pair of commits or trees (before, after), in the order of the pairs."""

    def history(self, span: Span) -> Sequence[tuple[ObjectId, Sequence[ObjectId]]]:
        """The commits of the span and their parents, each before its parents."""

    def reaches(self, tips: Sequence[ObjectId], commit: ObjectId) -> bool:
        """Whether ``commit`` is one of ``tips`` or an ancestor of one."""

    def merge_bases(self, one: ObjectId, other: ObjectId) -> Sequence[ObjectId]:
        """The best common ancestors of two commits (git-merge-base(1)); none of histories that do not meet."""
