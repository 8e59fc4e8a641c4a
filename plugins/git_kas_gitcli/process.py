"""Starts Git for reading: one function, through which every child of the plumbing adapters starts.

GitPython runs what acts (:mod:`git_kas_gitcli.porcelain`). It is not used here: importing it takes longer
than triage may take in all (170 ms against 23 ms for ``subprocess`` on the machine of benchmarks/README).
"""

import os
import subprocess
from collections.abc import Mapping, Sequence

from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.messages import first_line


class GitReader:
    """Runs Git commands that read one repository."""

    def __init__(self, git_dir: str, environment: Mapping[str, str]) -> None:
        self._git_dir = git_dir
        self._environment = child_environment(environment)

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What ``git *arguments`` printed.

        Raises:
            ProgramFailed: Git ended with an error; the message quotes its first line.
        """
        status, output, errors = self.attempt(*arguments, stdin=stdin)
        if status:
            command = next(word for word in arguments if not word.startswith("-"))
            raise ProgramFailed(
                f"git {command} failed: {first_line(os.fsdecode(errors))}.",
                next_step="'git fsck' says whether the repository is whole.",
            )
        return output

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
        raise ProgramFailed(
            f"The git program cannot be started: {error.strerror}.", next_step="Install git 2.30 or later."
        ) from error
    return finished.returncode, finished.stdout, finished.stderr
