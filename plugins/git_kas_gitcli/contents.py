"""The port :class:`~git_kas.ports.contents.Contents` over Git's plumbing commands."""

from __future__ import annotations

import os
import subprocess
from functools import cached_property, lru_cache
from typing import IO, TYPE_CHECKING, Final, cast

from git_kas.domain.landing import PathChange, TreeEntry
from git_kas.domain.names import ObjectId
from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.process import GitReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.location import RepositoryLocation

# Git compares trees entry by entry here; whatever a configuration says about submodules does not count.
_DIFF: Final = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--always", "--ignore-submodules=none")
_LARGEST: Final = 4 * 1024 * 1024  # bytes of a blob that is compared
_KEPT_BLOBS: Final = 512
_REVERTS: Final = "This reverts commit "


class PlumbingContents:
    """Reads one repository; blobs come from one child that is started when the first one is asked for.

    In a partial clone (git-clone(1), ``--filter``) no blob is read.
    """

    def __init__(self, location: RepositoryLocation, environment: Mapping[str, str]) -> None:
        self._git_dir = location.common_dir
        self._environment = child_environment(environment)
        self._git = GitReader(location.common_dir, environment)
        self._blobs: subprocess.Popen[bytes] | None = None
        self.blob = lru_cache(_KEPT_BLOBS)(self._blob)

    def changes(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], *, renames: bool = False
    ) -> Iterator[Sequence[PathChange]]:
        """See :class:`git_kas.ports.contents.Contents`."""
        if not pairs:
            return iter(())
        asked = "".join(f"{after} {before}\n" for before, after in pairs).encode()
        output = self._git.read(*_DIFF, "-M" if renames else "--no-renames", stdin=asked)
        return _parsed(output, pairs)

    def _blob(self, id_: ObjectId) -> bytes | None:
        if self._is_partial:
            return None  # Git would fetch what is missing
        if self._blobs is None or self._blobs.poll() is not None:
            self._blobs = self._start()
        asked, answers = cast("IO[bytes]", self._blobs.stdin), cast("IO[bytes]", self._blobs.stdout)
        try:
            asked.write(f"{id_}\n".encode())
            asked.flush()
            header = answers.readline().split()
            if len(header) != 3 or header[1] != b"blob":
                if len(header) == 3:
                    _skip(answers, int(header[2]) + 1)
                return None
            size = int(header[2])
            if size > _LARGEST:
                _skip(answers, size + 1)
                return None
            return answers.read(size + 1)[:-1]
        except (OSError, ValueError) as error:
            raise ProgramFailed(
                f"git cat-file failed: {error}.", next_step="'git fsck' says whether the repository is whole."
            ) from error

    def author_lines(self, commits: Sequence[ObjectId]) -> Sequence[str]:
        """See :class:`git_kas.ports.contents.Contents`."""
        if not commits:
            return []
        asked = "".join(f"{commit}\n" for commit in commits).encode()
        output = self._git.read(
            "log", "--no-walk=unsorted", "--format=%H%x00%an%x00%ae%x00%at", "--stdin", stdin=asked
        )
        found = dict(line.split("\0", 1) for line in os.fsdecode(output).split("\n") if line)
        return [found.get(commit, "") for commit in commits]

    def reverted_by(self, tip: ObjectId, since: ObjectId) -> Sequence[tuple[ObjectId, ObjectId]]:
        """See :class:`git_kas.ports.contents.Contents`."""
        output = self._git.read("log", "-z", "--format=%H%n%b", f"--grep=^{_REVERTS}", f"{since}..{tip}", "--")
        found: list[tuple[ObjectId, ObjectId]] = []
        for message in os.fsdecode(output).split("\0"):
            reverting, _, body = message.partition("\n")
            for part in body.split(_REVERTS)[1:]:
                reverted = part[: len(reverting)]
                found.append((ObjectId.trusted(reverting), ObjectId.trusted(reverted)))
        return found

    def close(self) -> None:
        """See :class:`git_kas.ports.contents.Contents`."""
        if self._blobs is None:
            return
        for stream in (self._blobs.stdin, self._blobs.stdout):
            if stream is not None:
                stream.close()
        self._blobs.wait()
        self._blobs = None

    @cached_property
    def _is_partial(self) -> bool:
        """Whether objects may be missing here that Git would fetch (partial-clone.txt, "Design Details")."""
        packs = os.path.join(self._git_dir, "objects", "pack")
        try:
            return any(name.endswith(".promisor") for name in os.listdir(packs))
        except OSError:
            return False

    def _start(self) -> subprocess.Popen[bytes]:
        command = ["git", "--git-dir", self._git_dir, "cat-file", "--batch"]
        try:
            return subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise ProgramFailed(
                f"The git program cannot be started: {error.strerror}.", next_step="Install git 2.30 or later."
            ) from error


def _skip(stream: IO[bytes], size: int) -> None:
    while size > 0:
        size -= len(stream.read(min(size, 1 << 20))) or size


def _parsed(output: bytes, pairs: Sequence[tuple[ObjectId, ObjectId]]) -> Iterator[Sequence[PathChange]]:
    """What ``git diff-tree --raw -z`` printed (git-diff-tree(1), RAW OUTPUT FORMAT), one list for each pair."""
    fields = iter(output.split(b"\0"))
    following = next(fields)
    for _, after in pairs:
        if following.strip() != after.encode():
            raise ProgramFailed(
                f"git diff-tree did not answer for {after}.",
                next_step="'git fsck' says whether the repository is whole.",
            )
        changes: list[PathChange] = []
        while (following := next(fields, b"")).startswith(b":"):
            changes += _change(following, fields)
        yield changes


def _change(header: bytes, fields: Iterator[bytes]) -> Iterator[PathChange]:
    mode_before, mode_after, id_before, id_after, kind = header[1:].split(b" ")
    before, after = _entry(mode_before, id_before), _entry(mode_after, id_after)
    path = next(fields)
    if kind.startswith(b"R"):
        yield PathChange(path, before, None)
        yield PathChange(next(fields), before, after, renamed_from=path)
        return
    if kind.startswith(b"C"):
        path, before = next(fields), None
    yield PathChange(path, before, after)


def _entry(mode: bytes, id_: bytes) -> TreeEntry | None:
    number = int(mode, 8)
    return TreeEntry(number, ObjectId.trusted(id_.decode("ascii"))) if number else None
