"""Where the files of the store are, and the bytes of the state files among them."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from typing import Final, NamedTuple

from git_kas.domain.state_file import EARLIER_FOLDER, STATE_FILE_NAME
from git_kas.errors import StoreCorrupt
from git_kas_json.disk import reading

STORE_FOLDER: Final = "kas"
EARLIER_FILE: Final = "/".join((*EARLIER_FOLDER, STATE_FILE_NAME))
_LARGEST_FILE: Final = 256 * 1024 * 1024  # bytes; a hundred thousand plans take about 20 MB


class Layout(NamedTuple):
    """The paths of a store: ``folder`` holds all of it but perhaps the state file, ``state``.

    The latter is derived from the journal. ``earlier`` is the earlier system's file, if known.
    """

    folder: str
    state: str
    earlier: str | None

    @property
    def journal(self) -> str:
        """The journal, which is the authority."""
        return os.path.join(self.folder, "plan-journal.jsonl")

    @property
    def snapshot(self) -> str:
        """A cache."""
        return os.path.join(self.folder, "cache", "plan-snapshot")

    @property
    def contents(self) -> str:
        """The folder of plan texts."""
        return os.path.join(self.folder, "content")

    @property
    def saved(self) -> str:
        """The folder of copies of state files that were changed from outside."""
        return os.path.join(self.folder, "saved")

    def content(self, content_id: str) -> str:
        """The file of one text."""
        return os.path.join(self.contents, f"{content_id}.md")


def hash_of(data: bytes | None) -> str:
    """The SHA-256 of a file's bytes; empty where there is no file."""
    return "" if data is None else sha256(data).hexdigest()


def read_state_bytes(path: str) -> bytes | None:
    """The bytes of a state file, None where there is none.

    Raises:
        StoreCorrupt: it cannot be read, or is no regular file of a sensible size.
    """
    if not os.path.lexists(path):
        return None
    with reading(path):
        facts = os.stat(path)  # before opening: that would wait for a writer of a named pipe
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST_FILE:
            raise StoreCorrupt(
                f"The plan state {path} cannot be read: it is no regular file of a sensible size.",
                next_step="Look at that path.",
            )
        with open(path, "rb") as file:
            return file.read(_LARGEST_FILE)
