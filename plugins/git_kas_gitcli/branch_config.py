"""The port :class:`~git_kas.ports.branch_config.BranchConfig`: one rewrite of the file under Git's own lock.

As Git does it (gitrepository-layout(5)): the new text is in ``config.lock``, which nobody may make while it is
there, and takes the file's place by a rename. It is written and judged under another name before.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from git_kas.disk import refusal, sync, write_all
from git_kas.domain.config_text import put_back, take_out
from git_kas.errors import Busy, ProgramFailed
from git_kas.ports.branch_config import ConfigChange
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.messages import first_line
from git_kas_gitcli.process import run_git

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from git_kas.domain.config_text import Piece

_PATIENCE: Final = 1.0  # seconds; Git waits as long for other locks
_PAUSE: Final = 0.05
_ATTEMPTS: Final = 5
_TEMPORARY: Final = "config.kas-tmp"


class FileBranchConfig:
    """The file ``config`` of the repository whose common directory this is."""

    def __init__(self, common_dir: str, environment: Mapping[str, str]) -> None:
        self._common_dir = common_dir
        self._environment = child_environment(environment)

    def take_out(self, branches: Collection[str], announce: Callable[[ConfigChange], None]) -> bool:
        """See :class:`git_kas.ports.branch_config.BranchConfig`."""

        def change(text: bytes) -> tuple[bytes, Sequence[Piece]]:
            return take_out(text, branches)

        return self._rewrite(change, announce, lambda entry: _branch_of(entry) in branches)

    def put_back(self, change: ConfigChange, announce: Callable[[ConfigChange], None]) -> bool:
        """See :class:`git_kas.ports.branch_config.BranchConfig`."""
        branches = {piece.branch for piece in change.pieces}

        def restore(text: bytes) -> tuple[bytes, Sequence[Piece]]:
            digest = _digest(text)
            untouched = digest == change.after
            _, present = take_out(text, branches)
            there = {piece.text.strip() for piece in present}
            missing = [piece for piece in change.pieces if piece.text.strip() not in there]
            if digest == change.before or not missing:
                return text, ()
            return put_back(text, missing, untouched=untouched and missing == list(change.pieces)), missing

        return self._rewrite(restore, announce, lambda entry: _branch_of(entry) in branches)

    def release(self, after: str) -> None:
        """See :class:`git_kas.ports.branch_config.BranchConfig`."""
        lock = f"{self._path}.lock"
        with suppress(OSError):
            with open(lock, "rb") as file:
                ours = _digest(file.read()) == after
            if ours:
                os.unlink(lock)

    @property
    def _path(self) -> str:
        """The file itself; Git follows a link in its place, too."""
        return os.path.realpath(os.path.join(self._common_dir, "config"))

    def _rewrite(
        self,
        change: Callable[[bytes], tuple[bytes, Sequence[Piece]]],
        announce: Callable[[ConfigChange], None],
        is_concerned: Callable[[bytes], bool],
    ) -> bool:
        try:
            for _ in range(_ATTEMPTS):
                before = self._read()
                after, pieces = change(before)
                if after == before:
                    return False
                temporary = self._write(after)
                self._judge(temporary, is_concerned)
                announce(ConfigChange(pieces, _digest(before), _digest(after)))
                if self._replace(temporary, before):
                    return True
        except OSError as error:
            message = f"{self._path} cannot be written: {error.strerror}."
            raise refusal(error, message, next_step="Look at it.") from error
        except ValueError as error:
            raise ProgramFailed(
                f"{self._path} is not understood: {error}.", next_step="Remove the branches' sections by hand."
            ) from error
        raise Busy(f"{self._path} keeps changing.", next_step="Try again.")

    def _read(self) -> bytes:
        with open(self._path, "rb") as file:
            return file.read()

    def _write(self, text: bytes) -> str:
        """Write the new text beside the file, with its mode, down to the disk."""
        path = os.path.join(os.path.dirname(self._path), _TEMPORARY)
        mode = stat.S_IMODE(os.stat(self._path).st_mode)
        with suppress(FileNotFoundError):
            os.unlink(path)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            write_all(opened, text)
            os.fchmod(opened, mode)
            os.fsync(opened)
        finally:
            os.close(opened)
        return path

    def _judge(self, temporary: str, is_concerned: Callable[[bytes], bool]) -> None:
        """Insist that Git reads the same from both files, but for the branches that are concerned."""
        old = [entry for entry in self._entries(self._path) if not is_concerned(entry)]
        new = [entry for entry in self._entries(temporary) if not is_concerned(entry)]
        if old != new:
            raise ProgramFailed(
                f"Git reads {self._path} differently than expected; it was left as it is.",
                next_step="Remove the branches' sections by hand.",
            )

    def _entries(self, path: str) -> list[bytes]:
        command = ["config", "--file", path, "--no-includes", "--list", "-z"]
        status, output, errors = run_git(command, self._environment)
        if status:
            raise ProgramFailed(
                f"Git cannot read {path}: {first_line(os.fsdecode(errors))}.", next_step="Mend that file."
            )
        return output.split(b"\0")

    def _replace(self, temporary: str, before: bytes) -> bool:
        """Put the new file in the old one's place, unless that has changed meanwhile."""
        lock = f"{self._path}.lock"
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                os.link(temporary, lock)
                break
            except FileExistsError as error:
                if time.monotonic() >= deadline:
                    raise Busy(
                        f"The file {lock} is there: Git is changing its configuration, or has died doing so.",
                        next_step="Try again; if no Git process runs, look at that file.",
                    ) from error
                time.sleep(_PAUSE)
        if self._read() != before:
            os.unlink(lock)
            return False
        os.replace(lock, self._path)
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        sync(os.path.dirname(self._path))
        return True


def _digest(text: bytes) -> str:
    return sha256(text).hexdigest()


def _branch_of(entry: bytes) -> str | None:
    """The branch that an entry ``key`` line end ``value`` is about."""
    section, _, rest = entry.partition(b"\n")[0].partition(b".")
    if section != b"branch" or b"." not in rest:
        return None
    return os.fsdecode(rest.rpartition(b".")[0])
