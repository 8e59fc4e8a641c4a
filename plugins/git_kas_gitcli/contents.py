"""The port :class:`~git_kas.ports.contents.Contents` over Git's plumbing commands."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from git_kas.domain.landing import PathChange, TreeEntry
from git_kas.domain.names import ObjectId
from git_kas.errors import ProgramFailed
from git_kas_gitcli.blobs import BlobReader
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.process import GitReader
from git_kas_gitcli.trial_merges import BackgroundMerges, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.contents import PendingMerges

# Git compares trees entry by entry here; whatever a configuration says about submodules does not count.
_DIFF: Final = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--always", "--ignore-submodules=none")
# log.showSignature would put what gpg says between the lines.
_LOG: Final = ("log", "--no-show-signature")
_KEPT_BYTES: Final = 64 * 1024 * 1024
_REVERTS: Final = "This reverts commit "


class PlumbingContents:
    """Reads one repository; blobs come from one child that is started when the first one is asked for.

    In a partial clone (git-clone(1), ``--filter``) no blob is read: Git would fetch what is missing.
    """

    def __init__(self, location: RepositoryLocation, environment: Mapping[str, str]) -> None:
        self._git_dir = location.common_dir
        # What stands for another object (git-replace(1)) is not what is kept when a branch is removed.
        own = {**environment, "GIT_NO_REPLACE_OBJECTS": "1"}
        self._environment = child_environment(own)
        self._git = GitReader(location.common_dir, own)
        self._blob_reader: BlobReader | None = None
        self._known: dict[ObjectId, bytes | None] = {}
        self._known_bytes = 0
        self._merges: list[BackgroundMerges] = []

    def changes(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], *, renames: bool = False
    ) -> Iterator[Sequence[PathChange]]:
        """See :class:`git_kas.ports.contents.Contents`."""
        if not pairs:
            return iter(())
        asked = "".join(f"{after} {before}\n" for before, after in pairs).encode()
        output = self._git.read_much(*_DIFF, "-M" if renames else "--no-renames", stdin=asked)
        return parse_changes(output, [after for _, after in pairs])

    def blob(self, id_: ObjectId) -> bytes | None:
        """See :class:`git_kas.ports.contents.Contents`."""
        if id_ not in self._known:
            self.expect([id_])
        return self._known[id_]

    def expect(self, ids: Sequence[ObjectId]) -> None:
        """See :class:`git_kas.ports.contents.Contents`."""
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._known]
        if self._known_bytes > _KEPT_BYTES:
            self._known = {id_: self._known[id_] for id_ in ids if id_ in self._known}
            self._known_bytes = sum(len(data) for data in self._known.values() if data)
        if self._is_partial:
            self._known |= dict.fromkeys(missing)
            return
        if self._blob_reader is None:
            self._blob_reader = BlobReader(self._git_dir, self._environment)
        for id_, data in zip(missing, self._blob_reader.read(missing), strict=True):
            self._known[id_] = data
            self._known_bytes += len(data or b"")

    def author_lines(self, commits: Sequence[ObjectId]) -> Sequence[str]:
        """See :class:`git_kas.ports.contents.Contents`."""
        if not commits:
            return []
        asked = "".join(f"{commit}\n" for commit in commits).encode()
        output = self._git.read(
            *_LOG, "--no-walk=unsorted", "--format=%H%x00%an%x00%ae%x00%at", "--stdin", stdin=asked
        )
        found = dict(line.split("\0", 1) for line in os.fsdecode(output).split("\n") if line)
        return [found.get(commit, "") for commit in commits]

    def reverted_by(self, tip: ObjectId, since: ObjectId) -> Sequence[tuple[ObjectId, ObjectId]]:
        """See :class:`git_kas.ports.contents.Contents`."""
        output = self._git.read(*_LOG, "-z", "--format=%H%n%b", f"--grep=^{_REVERTS}", f"{since}..{tip}", "--")
        found: list[tuple[ObjectId, ObjectId]] = []
        for message in os.fsdecode(output).split("\0"):
            reverting, _, body = message.partition("\n")
            for part in body.split(_REVERTS)[1:]:
                reverted = part[: len(reverting)]
                found.append((ObjectId.trusted(reverting), ObjectId.trusted(reverted)))
        return found

    def start_merges(self, base: ObjectId, tips: Sequence[ObjectId]) -> PendingMerges:
        """See :class:`git_kas.ports.contents.Contents`."""
        if self._is_partial or not tips:
            return _NoMerges()
        merges = BackgroundMerges(Source(self._git_dir, self._environment, self.blob), base, tips)
        self._merges.append(merges)
        return merges

    def close(self) -> None:
        """See :class:`git_kas.ports.contents.Contents`."""
        for merges in self._merges:
            merges.cancel()
        if self._blob_reader is not None:
            self._blob_reader.close()
            self._blob_reader = None

    @cached_property
    def _is_partial(self) -> bool:
        """Whether objects may be missing here that Git would fetch (partial-clone.txt, "Design Details")."""
        packs = os.path.join(self._git_dir, "objects", "pack")
        try:
            return any(name.endswith(".promisor") for name in os.listdir(packs))
        except OSError:
            return False


class _NoMerges:
    """The port :class:`~git_kas.ports.contents.PendingMerges` where nothing is known."""

    def collect(self) -> Mapping[ObjectId, bool]:
        """See :class:`git_kas.ports.contents.PendingMerges`."""
        return {}


def parse_changes(output: bytes, afters: Sequence[ObjectId]) -> Iterator[Sequence[PathChange]]:
    """What ``git diff-tree --stdin --always --raw -z`` printed, one list for each commit asked about.

    Raises:
        ProgramFailed: one is missing, as Git leaves out what it cannot read.
    """
    fields = iter(output.split(b"\0"))
    following = next(fields)
    for after in afters:
        if following.strip() != after.encode():
            raise ProgramFailed(
                f"git diff-tree did not answer for {after}.",
                next_step="'git fsck' says whether the repository is whole.",
            )
        changes: list[PathChange] = []
        following = parse_raw(next(fields, b""), fields, changes)
        yield changes


def parse_raw(following: bytes, fields: Iterator[bytes], changes: list[PathChange]) -> bytes:
    """Append the changes that begin with ``following``, and return the field after them.

    See git-diff-tree(1), RAW OUTPUT FORMAT.
    """
    while following.startswith(b":"):
        changes += _change(following, fields)
        following = next(fields, b"")
    return following


def _change(header: bytes, fields: Iterator[bytes]) -> Iterator[PathChange]:
    mode_before, mode_after, id_before, id_after, kind = header[1:].split(b" ")
    before, after = tree_entry(mode_before, id_before), tree_entry(mode_after, id_after)
    path = next(fields)
    if kind.startswith(b"R"):
        yield PathChange(path, before, None)
        yield PathChange(next(fields), before, after, renamed_from=path)
        return
    if kind.startswith(b"C"):
        path, before = next(fields), None
    yield PathChange(path, before, after)


@lru_cache(maxsize=4096)
def tree_entry(mode: bytes, id_: bytes) -> TreeEntry | None:
    """What a tree has, by the words that Git prints for it; mode 0 is nothing."""
    number = int(mode, 8)
    return TreeEntry(number, ObjectId.trusted(id_.decode("ascii"))) if number else None
