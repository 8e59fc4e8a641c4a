"""The port :class:`~git_kas.ports.trash.AdminRecords`: names of objects in Git's administrative folders."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import sync, write_file, writing
from git_kas.domain.git_index import objects_of_index
from git_kas.errors import ReadOnly, StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git_kas.domain.names import BranchName

# The bases of a split index, and its like: gitrepository-layout(5) calls the first one sharedindex.<hash>.
_SHARED_INDEX: Final = "sharedindex."
_OBJECT: Final = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")
_SHA1_BYTES: Final = 20
_SHA256_BYTES: Final = 32
_FOLDERS: Final = ("refs", "logs")
_OTHER_FILES: Final = ("AUTO_MERGE", "packed-refs")


class DiskAdminRecords:
    """Reads and writes below the common directory of one repository."""

    def __init__(self, common_dir: str) -> None:
        self._common_dir = common_dir

    def supported(self) -> bool:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        return not os.path.isdir(os.path.join(self._common_dir, "reftable"))

    def branch_log(self, branch: BranchName) -> bytes | None:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        path = self._log_path(branch)
        try:
            with open(path, "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise ReadOnly(f"{path} cannot be read: {error.strerror}.", next_step="Look at it.") from error

    def put_branch_log(self, branch: BranchName, content: bytes) -> None:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        path = self._log_path(branch)
        with writing(path):
            _remove_empty_folders(path)
            # Unfinished it lies elsewhere: what is in Git's folder of reflogs is a reflog.
            temporary = os.path.join(self._common_dir, "kas", "reflog.tmp")
            for folder in (os.path.dirname(temporary), os.path.dirname(path)):
                os.makedirs(folder, exist_ok=True)
            write_file(temporary, [content], os.O_TRUNC)
            os.replace(temporary, path)
            sync(os.path.dirname(path))

    def objects_of_worktree(self, admin: str) -> Sequence[str]:
        """See :class:`git_kas.ports.trash.AdminRecords`."""
        found: dict[str, None] = {}
        try:
            for path in _text_files(admin):
                with open(path, "rb") as file:
                    found |= dict.fromkeys(name.decode("ascii") for name in _OBJECT.findall(file.read()))
            for path in self._index_files(admin):
                found |= dict.fromkeys(self._objects_of_index(path))
        except OSError as error:
            raise StoreCorrupt(
                f"{error.filename or admin} cannot be read: {error.strerror}.", next_step="Look at that file."
            ) from error
        return [name for name in found if name.strip("0")]

    def _objects_of_index(self, path: str) -> Sequence[str]:
        with open(path, "rb") as file:
            data = file.read()
        problem: ValueError | None = None
        for hash_bytes in self._hash_sizes():
            try:
                return sorted(objects_of_index(data, hash_bytes).names)
            except ValueError as error:
                problem = error
        raise StoreCorrupt(f"{path} is not understood: {problem}.", next_step="'git fsck' looks at it.")

    def _hash_sizes(self) -> Sequence[int]:
        """Git says in its configuration which one it is; here the shape of a name tells."""
        with suppress(OSError), open(os.path.join(self._common_dir, "config"), "rb") as file:
            if re.search(rb"(?im)^\s*objectformat\s*=\s*\"?sha256", file.read()):
                return (_SHA256_BYTES,)
        return (_SHA1_BYTES,)

    def _index_files(self, admin: str) -> Iterator[str]:
        for name in sorted(os.listdir(admin)):
            if name == "index" or name.startswith(_SHARED_INDEX):
                yield os.path.join(admin, name)

    def _log_path(self, branch: BranchName) -> str:
        return os.path.join(self._common_dir, "logs", *branch.ref.split("/"))


def _text_files(admin: str) -> Iterator[str]:
    for name in sorted(os.listdir(admin)):
        path = os.path.join(admin, name)
        if (name.endswith("HEAD") or name in _OTHER_FILES) and os.path.isfile(path):
            yield path
    for folder in _FOLDERS:
        for above, _, names in os.walk(os.path.join(admin, folder)):
            yield from (os.path.join(above, name) for name in sorted(names))


def _remove_empty_folders(path: str) -> None:
    """What branches below this one have left behind; Git takes such folders away as well."""
    if os.path.isdir(path) and not os.path.islink(path):
        for above, _, _ in os.walk(path, topdown=False):
            os.rmdir(above)
