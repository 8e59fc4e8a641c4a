"""Reads blobs from one ``git cat-file --batch`` (git-cat-file(1), BATCH OUTPUT)."""

from __future__ import annotations

import subprocess
from typing import IO, TYPE_CHECKING, Final, cast

from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.names import ObjectId

LARGEST: Final = 4 * 1024 * 1024  # bytes of a blob that is worth comparing
_AT_ONCE: Final = 64  # names that are written before the first answer is read; they always fit into a pipe


class BlobReader:
    """One child for many questions."""

    def __init__(self, git_dir: str, environment: Mapping[str, str]) -> None:
        command = ["git", "--git-dir", git_dir, "cat-file", "--batch"]
        try:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise ProgramFailed(
                f"The git program cannot be started: {error.strerror}.", next_step="Install git 2.30 or later."
            ) from error
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)

    def read(self, ids: Sequence[ObjectId]) -> Iterator[bytes | None]:
        """The contents of blobs, None for what is missing, no blob, or larger than :data:`LARGEST`.

        Raises:
            ProgramFailed: Git ended.
        """
        for start in range(0, len(ids), _AT_ONCE):
            asked = ids[start : start + _AT_ONCE]
            try:
                self._questions.write("".join(f"{id_}\n" for id_ in asked).encode())
                self._questions.flush()
                answers = [self._answer() for _ in asked]
            except OSError as error:
                raise _ended(str(error.strerror)) from error
            yield from answers

    def _answer(self) -> bytes | None:
        header = self._answers.readline()
        if not header:
            raise _ended("it ended")
        fields = header.split()
        if len(fields) != 3:
            return None  # "<id> missing"
        size = int(fields[2])
        if fields[1] != b"blob" or size > LARGEST:
            self._skip(size + 1)
            return None
        data = self._answers.read(size + 1)
        if len(data) != size + 1:
            raise _ended("it ended")
        return data[:-1]

    def _skip(self, size: int) -> None:
        while size > 0:
            size -= len(self._answers.read(min(size, LARGEST))) or size

    def close(self) -> None:
        """End the child."""
        self._questions.close()
        self._answers.close()
        self._process.wait()


def _ended(problem: str) -> ProgramFailed:
    return ProgramFailed(
        f"git cat-file failed: {problem}.", next_step="'git fsck' says whether the repository is whole."
    )
