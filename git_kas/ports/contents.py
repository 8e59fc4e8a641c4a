"""What commits changed, and the contents of files, read in bulk for comparing branches with their base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git_kas.domain.landing import PathChange
    from git_kas.domain.names import ObjectId


class Contents(Protocol):
    """Reads trees and blobs. Never writes, never fetches.

    Every operation raises ProgramFailed where the repository cannot be read.
    """

    def changes(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], *, renames: bool = False
    ) -> Iterator[Sequence[PathChange]]:
        """What differs between the commits of each pair (before, after), in the order of the pairs.

        With ``renames`` files that were moved are looked for, as git-diff(1) does with ``-M``: such a change
        names where the file came from, and the change that removes it there comes with it.
        """

    def blob(self, id: ObjectId) -> bytes | None:  # noqa: A002 - Git's word
        """The content of a blob; None if it is not here, or larger than is worth comparing."""

    def expect(self, ids: Sequence[ObjectId]) -> None:
        """Read some blobs at once that will be asked for soon."""

    def author_lines(self, commits: Sequence[ObjectId]) -> Sequence[str]:
        """Author, e-mail address and author date of each commit, as one text to compare."""

    def reverted_by(self, tip: ObjectId, since: ObjectId) -> Sequence[tuple[ObjectId, ObjectId]]:
        """Which commits after ``since`` up to ``tip`` say in their message that they revert which commit."""

    def close(self) -> None:
        """End what was started for reading."""


class FileMerge(Protocol):
    """Merges texts as Git does."""

    def merged(self, ancestor: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """The result of git-merge-file(1) without drivers or favours; None where it conflicts or is binary."""
