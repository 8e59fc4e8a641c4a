"""Files that git-kas puts into a repository: whether they are ours, up to date, or somebody else's by now.

A file of ours says so in one line with the version that wrote it and a hash of the rest. While the hash is
right nobody has edited it, and it may be replaced or removed; otherwise it belongs to whoever edited it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from git_kas.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASH_LENGTH: Final = 16
_MARKER: Final = re.compile(
    r"^# git-kas (?P<version>\S+) wrote this \(sha256:(?P<hash>[0-9a-f]{16})\)[^\n]*\n", re.MULTILINE
)


class FileState(StrEnum):
    """What is there of something that git-kas writes."""

    MISSING = "missing"
    CURRENT = "current"
    OUTDATED = "outdated"
    EDITED = "edited"
    FOREIGN = "foreign"


FILE_STATE_MEANINGS: Final[Mapping[FileState, str]] = {
    FileState.MISSING: "it is not there",
    FileState.CURRENT: "it is as this version writes it",
    FileState.OUTDATED: "git-kas wrote it, and would write something else now; nobody has edited it",
    FileState.EDITED: "git-kas wrote it, and somebody has edited it since; it is left alone",
    FileState.FOREIGN: "git-kas did not write it; it is left alone",
}

OURS: Final = frozenset({FileState.CURRENT, FileState.OUTDATED})
"""What may be replaced and removed."""


class Piece(Protocol):
    """A file, or the part of one, that git-kas writes. ``path`` is relative to its root."""

    @property
    def path(self) -> str:
        """Where it is, with ``/`` between segments."""

    def state(self, found: bytes | None) -> FileState:
        """What the bytes that were found there are; None if there is no file.

        Raises:
            InvalidConfiguration: they cannot be understood.
        """

    def put(self, found: bytes | None) -> bytes:
        """The file with this in it, made of one in which it is missing or outdated."""

    def take(self, found: bytes) -> bytes | None:
        """The file without this, made of one in which it is current or outdated; None for no file."""


class MarkedFile(NamedTuple):
    """A whole file with a marker as its second line, in the front matter where no agent reads it."""

    path: str
    text: str

    def state(self, found: bytes | None) -> FileState:
        """See :class:`Piece`."""
        if found is None:
            return FileState.MISSING
        text = found.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        marker = _MARKER.search(text)
        if marker is None:
            return FileState.FOREIGN
        rest = text[: marker.start()] + text[marker.end() :]
        if short_hash(rest) != marker["hash"]:
            return FileState.EDITED
        return FileState.CURRENT if rest == self.text else FileState.OUTDATED

    def put(self, found: bytes | None) -> bytes:
        """See :class:`Piece`."""
        del found
        first, rest = self.text.split("\n", 1)
        marker = f"# git-kas {VERSION} wrote this (sha256:{short_hash(self.text)}); edit it, and it is yours"
        return f"{first}\n{marker}\n{rest}".encode()

    def take(self, found: bytes) -> bytes | None:
        """See :class:`Piece`."""
        del found
        return None


class PlainFile(NamedTuple):
    """A whole file that has no room for a marker: it is ours if it is exactly that."""

    path: str
    data: bytes

    def state(self, found: bytes | None) -> FileState:
        """See :class:`Piece`."""
        if found is None:
            return FileState.MISSING
        return FileState.CURRENT if found == self.data else FileState.FOREIGN

    def put(self, found: bytes | None) -> bytes:
        """See :class:`Piece`."""
        del found
        return self.data

    def take(self, found: bytes) -> bytes | None:
        """See :class:`Piece`."""
        del found
        return None


class Lines(NamedTuple):
    """Lines at the end of a file of somebody else's; the first one is a comment that says whose they are."""

    path: str
    data: bytes

    def state(self, found: bytes | None) -> FileState:
        """See :class:`Piece`."""
        return FileState.CURRENT if self._start(found or b"") is not None else FileState.MISSING

    def put(self, found: bytes | None) -> bytes:
        """See :class:`Piece`."""
        before = found or b""
        return before + (b"" if not before or before.endswith(b"\n") else b"\n") + self.data

    def take(self, found: bytes) -> bytes | None:
        """See :class:`Piece`."""
        start = self._start(found)
        rest = found if start is None else found[:start] + found[start + len(self.data) :]
        return rest or None

    def _start(self, found: bytes) -> int | None:
        if found.startswith(self.data):
            return 0
        offset = found.find(b"\n" + self.data)
        return None if offset < 0 else offset + 1


def short_hash(text: str) -> str:
    """The beginning of the SHA-256 of ``text``, whatever its line ends are."""
    return sha256(text.replace("\r\n", "\n").encode("utf-8", "surrogateescape")).hexdigest()[:_HASH_LENGTH]
