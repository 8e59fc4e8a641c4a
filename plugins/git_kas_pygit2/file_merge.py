"""The port :class:`~git_kas.ports.contents.FileMerge` over libgit2, without any repository.

libgit2 merges only blobs of a repository. So it is given one in memory that holds the three texts at hand: that
works for every object format, and nothing is written.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import pygit2
from pygit2.enums import ObjectType

if TYPE_CHECKING:
    from collections.abc import Iterator

# pygit2's own function decodes the result as UTF-8, and fails for binary files (GIT-FACTS 3); it calls this.
from pygit2.ffi import C, ffi

_REGULAR_FILE: Final = 0o100644


class _Memory(pygit2.OdbBackend):
    """Blobs in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs: dict[pygit2.Oid, bytes] = {}

    def put(self, data: bytes) -> pygit2.Oid:
        header = b"blob %d\0" % len(data)
        id_ = pygit2.Oid(raw=hashlib.sha1(header + data, usedforsecurity=False).digest())
        self.blobs[id_] = data
        return id_

    def read_cb(self, oid: pygit2.Oid) -> tuple[int, bytes]:
        return ObjectType.BLOB, self.blobs[oid]

    def read_header_cb(self, oid: pygit2.Oid) -> tuple[int, int]:
        return ObjectType.BLOB, len(self.blobs[oid])

    def exists_cb(self, oid: pygit2.Oid) -> bool:
        return oid in self.blobs

    def refresh_cb(self) -> None:
        """Nothing else knows of these blobs."""

    def __iter__(self) -> Iterator[pygit2.Oid]:
        return iter(self.blobs)


class LibgitFileMerge:
    """Merges texts."""

    def __init__(self) -> None:
        self._memory = _Memory()
        database = pygit2.Odb()
        database.add_backend(self._memory, 1)
        self._repository = pygit2.Repository()
        self._repository.set_odb(database)
        self._path = ffi.new("char[]", b"file")

    def merged(self, ancestor: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """See :class:`git_kas.ports.contents.FileMerge`."""
        entries = [self._entry(data) for data in (ancestor, ours, theirs)]
        result = ffi.new("git_merge_file_result *")
        try:
            if C.git_merge_file_from_index(result, self._repository._repo, *entries, ffi.NULL):  # noqa: SLF001 - no other way
                return None
            try:
                if not result.automergeable:
                    return None
                return bytes(ffi.buffer(result.ptr, result.len)) if result.len else b""
            finally:
                C.git_merge_file_result_free(result)
        finally:
            self._memory.blobs.clear()

    def _entry(self, data: bytes) -> Any:  # noqa: ANN401 - a value of libgit2
        entry = ffi.new("git_index_entry *")
        entry.mode = _REGULAR_FILE
        entry.path = self._path
        ffi.buffer(ffi.addressof(entry, "id"))[:] = self._memory.put(data).raw
        return entry
