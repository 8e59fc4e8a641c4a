"""Files that somebody names on the command line."""

from __future__ import annotations

import os
import sys
from typing import Final

from git_kas.errors import AlreadyExists, KasError, NotFound, ReadOnly, UsageError

STANDARD_INPUT: Final = "-"
LARGEST_INPUT: Final = 256 * 1024 * 1024


def read_input(path: str, folder: str) -> bytes:
    """The bytes of the file ``path`` (relative to ``folder``), or of standard input for ``-``.

    Raises:
        NotFound: there is no such file.
        UsageError: it is too large, or standard input is a terminal.
    """
    if path == STANDARD_INPUT:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("Nothing comes in on standard input.", next_step="Use a pipe, or name a file.")
        return _bounded(sys.stdin.buffer.read(LARGEST_INPUT + 1), "standard input")
    try:
        with open(os.path.join(folder, path), "rb") as file:
            return _bounded(file.read(LARGEST_INPUT + 1), path)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", next_step="Name a file that exists.") from error
    except OSError as error:
        raise KasError(
            f"{path} cannot be read: {error.strerror}.", next_step="Name a file that can be read."
        ) from error


def begins_with(path: str, folder: str, header: bytes) -> bool:
    """Whether the file ``path`` (relative to ``folder``) can be read and begins so; standard input does not."""
    if path == STANDARD_INPUT:
        return False
    try:
        with open(os.path.join(folder, path), "rb") as file:
            return file.read(len(header)) == header
    except OSError:  # whoever reads all of it says why
        return False


def write_output(path: str, folder: str, text: str) -> None:
    """Write a new file ``path`` (relative to ``folder``).

    Raises:
        AlreadyExists: something is there.
        ReadOnly: it cannot be written.
    """
    try:
        with open(os.path.join(folder, path), "x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise AlreadyExists(f"{path} exists.", next_step="Name a new file.") from error
    except OSError as error:
        raise ReadOnly(
            f"{path} cannot be written: {error.strerror}.", next_step="Name another file."
        ) from error


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST_INPUT:
        raise UsageError(
            f"{name} is larger than {LARGEST_INPUT // 1024**2} MiB.", next_step="Give a smaller one."
        )
    return data
