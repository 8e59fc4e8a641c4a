"""The objects that an index file refers to (gitformat-index(5)): what ``git gc`` keeps as long as it is there.

That is more than ``git ls-files`` tells: trees of the cached-tree extension and blobs of resolved conflicts are
looked for by ``git fsck`` as well.
"""

from __future__ import annotations

from hashlib import sha1, sha256
from struct import error as struct_error
from struct import unpack_from
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.names import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE: Final = b"DIRC"
_GITLINK: Final = 0o160000
_STAT_BYTES: Final = 40  # ten numbers before the object name, of which the seventh is the mode
_MODE_AT: Final = 24
_EXTENDED: Final = 0x4000
_LONG_NAME: Final = 0xFFF
_HASHES: Final = {20: sha1, 32: sha256}


class IndexObjects(NamedTuple):
    """Object names in an index; ``base`` is the hash of the shared index of a split one, or empty."""

    names: frozenset[ObjectId]
    base: str = ""


def objects_of_index(data: bytes, hash_bytes: int) -> IndexObjects:
    """What the index file with the content ``data`` refers to; ``hash_bytes`` is 20 for SHA-1, 32 for SHA-256.

    Entries of all stages count, submodules (which are commits of other repositories) do not.

    Raises:
        ValueError: it is no index that this understands.
    """
    if data[:4] != _SIGNATURE or len(data) < 12 + hash_bytes:
        raise ValueError("not an index")
    written = data[-hash_bytes:]
    if any(written) and written != _HASHES[hash_bytes](data[:-hash_bytes]).digest():  # zeros: index.skipHash
        raise ValueError("an index whose checksum is wrong")
    version, count = unpack_from(">II", data, 4)
    if version not in {2, 3, 4}:
        raise ValueError(f"index version {version}")
    try:
        found, place = _entries(data, version, count, hash_bytes)
        base = ""
        for signature, content in _extensions(data[: len(data) - hash_bytes], place):
            if signature == b"TREE":
                found.update(_cached_trees(content, hash_bytes))
            elif signature == b"REUC":
                found.update(_resolved(content, hash_bytes))
            elif signature == b"link":
                base = content[:hash_bytes].hex()
    except (IndexError, ValueError, OverflowError, struct_error) as error:
        raise ValueError("a damaged index") from error
    return IndexObjects(frozenset(ObjectId.trusted(name.hex()) for name in found if any(name)), base)


def _entries(data: bytes, version: int, count: int, hash_bytes: int) -> tuple[set[bytes], int]:
    found: set[bytes] = set()
    place = 12
    flags_at = _STAT_BYTES + hash_bytes
    for _ in range(count):
        (mode,) = unpack_from(">I", data, place + _MODE_AT)
        (flags,) = unpack_from(">H", data, place + flags_at)
        if mode & 0o170000 != _GITLINK:
            found.add(data[place + _STAT_BYTES : place + flags_at])
        name_at = place + flags_at + (4 if flags & _EXTENDED else 2)
        if version == 4:
            while data[name_at] & 0x80:  # how much of the name before is dropped; its value does not matter
                name_at += 1
            place = data.index(b"\0", name_at + 1) + 1
        else:
            length = flags & _LONG_NAME
            end = data.index(b"\0", name_at + length) if length == _LONG_NAME else name_at + length
            place += (end - place + 8) // 8 * 8
    return found, place


def _extensions(data: bytes, place: int) -> Iterator[tuple[bytes, bytes]]:
    while place + 8 <= len(data):
        signature = data[place : place + 4]
        (size,) = unpack_from(">I", data, place + 4)
        content = data[place + 8 : place + 8 + size]
        if len(content) != size:
            raise ValueError("an extension that is cut off")
        yield signature, content
        place += 8 + size


def _cached_trees(content: bytes, hash_bytes: int) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        numbers = content.index(b"\0", place) + 1
        end = content.index(b"\n", numbers)
        place = end + 1
        if int(content[numbers:end].split(b" ")[0]) >= 0:  # below zero: not known
            yield content[place : place + hash_bytes]
            place += hash_bytes


def _resolved(content: bytes, hash_bytes: int) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        place = content.index(b"\0", place) + 1
        modes = []
        for _ in range(3):
            end = content.index(b"\0", place)
            modes.append(int(content[place:end], 8))
            place = end + 1
        for mode in modes:
            if mode:
                if mode & 0o170000 != _GITLINK:
                    yield content[place : place + hash_bytes]
                place += hash_bytes
