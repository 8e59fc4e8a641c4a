"""Starts Git for reading: one function, through which every child of the plumbing adapters starts.

GitPython runs what acts (:mod:`git_kas_gitcli.porcelain`). It is not used here: importing it takes longer
than triage may take in all (170 ms against 23 ms for ``subprocess`` on the machine of benchmarks/README).
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.messages import first_line


class GitReader:
    """Runs Git commands that read one repository; ``kept`` are variables of its hooks that count here."""

    def __init__(
        self, git_dir: str, environment: Mapping[str, str], kept: Mapping[str, str] | None = None
    ) -> None:
        self._git_dir = git_dir
        self._environment = child_environment(environment) | dict(kept or {})

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What ``git *arguments`` printed.

        Raises:
            ProgramFailed: Git ended with an error; the message quotes its first line.
        """
        status, output, errors = self.attempt(*arguments, stdin=stdin)
        if status:
            raise _failed(arguments, errors)
        return output

    def read_much(self, *arguments: str, stdin: bytes) -> bytes:
        """The same as :meth:`read` for megabytes of input and output, which pipes take long for."""
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answers:
            asked.write(stdin)
            asked.seek(0)
            command = ["git", "--git-dir", self._git_dir, *arguments]
            try:
                finished = subprocess.run(
                    command,
                    env=self._environment,
                    stdin=asked,
                    stdout=answers,
                    stderr=subprocess.PIPE,
                    check=False,
                )
            except OSError as error:
                raise _not_started(error) from error
            if finished.returncode:
                raise _failed(arguments, finished.stderr)
            answers.seek(0)
            return answers.read()

    def attempt(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Exit status, output and error output of ``git *arguments``."""
        return run_git(["--git-dir", self._git_dir, *arguments], self._environment, stdin=stdin)


def run_git(
    arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes = b""
) -> tuple[int, bytes, bytes]:
    """Exit status, output and error output of ``git *arguments``.

    Raises:
        ProgramFailed: there is no git program.
    """
    try:
        finished = subprocess.run(
            ["git", *arguments], env=dict(environment), input=stdin, capture_output=True, check=False
        )
    except OSError as error:
        raise _not_started(error) from error
    return finished.returncode, finished.stdout, finished.stderr


def _failed(arguments: Sequence[str], errors: bytes) -> ProgramFailed:
    command = next(word for word in arguments if not word.startswith("-"))
    return ProgramFailed(
        f"git {command} failed: {first_line(os.fsdecode(errors))}.",
        next_step="'git fsck' says whether the repository is whole.",
    )


def _not_started(error: OSError) -> ProgramFailed:
    return ProgramFailed(
        f"The git program cannot be started: {error.strerror}.", next_step="Install git 2.30 or later."
    )
