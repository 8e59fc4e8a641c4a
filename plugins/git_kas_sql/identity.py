"""Which file a SQLite database is: whoever has it open does not notice when it is removed or replaced.

What is written then goes to a file without a name and is gone at the end, whatever was acknowledged; with
another file's log the new one is damaged (https://www.sqlite.org/howtocorrupt.html, 1.4 and 2.4).
"""

from __future__ import annotations

import os

from git_kas.errors import Unreachable


class FileIdentity:
    """Remembers the file that is at ``path`` when it is first looked at."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def is_there(self) -> bool:
        """Whether there is a file.

        Raises:
            Unreachable: there was one, and it is gone or another one.
        """
        try:
            found = os.stat(self._path)
        except OSError:
            identity = None
        else:
            identity = found.st_dev, found.st_ino
        if self._known is None:
            self._known = identity
        elif identity != self._known:
            raise Unreachable(
                f"plan store unreachable: the file {self._path} was removed or replaced while it was open.",
                next_step="Put it back, or start anew what has it open; nothing is written elsewhere.",
            )
        return identity is not None

    def forget(self) -> None:
        """Nothing has the file open any more."""
        self._known = None
