"""What commits changed, and the contents of files, read in bulk for comparing branches with their base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.landing import PathChange
    from git_kas.domain.names import ObjectId


class Contents(Protocol):
    """Reads trees and blobs, and tries merges. Leaves nothing behind, never fetches.

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

    def start_merges(self, base: ObjectId, tips: Sequence[ObjectId]) -> PendingMerges:
        """Begin to try to merge each of ``tips`` into the base. Never raises."""

    def close(self) -> None:
        """End what was started."""


class PendingMerges(Protocol):
    """Merges that are being tried in the background."""

    def collect(self) -> Mapping[ObjectId, bool]:
        """Wait for all of them; by tip, whether ``git merge`` would stop at conflicts, as far as that is known.

        That is what git-merge-tree(1) says of them, with the user's configuration of merges and renames
        (git-config(1)) and with the attributes that the base has (gitattributes(5)). Replace refs do not count,
        and neither do options that the base has for its merges (``branch.<name>.mergeOptions``) or another
        strategy (``pull.twohead``).

        Left out is what nobody knows: if this Git is older than 2.39, or cannot make the merge (an object is
        missing, say); if it depends on a merge driver that the user has configured, because none is run; and
        everything in a partial clone. Never raises.
        """


class FileMerge(Protocol):
    """Merges texts as Git does."""

    def merged(self, ancestor: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """The result of git-merge-file(1) without drivers or favours; None where it conflicts or is binary."""
