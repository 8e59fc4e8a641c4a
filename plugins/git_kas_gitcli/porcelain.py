"""The port :class:`~git_kas.ports.git.Porcelain`: Git commands that act, run through GitPython."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

from git_kas.errors import ProgramFailed, ReadOnly
from git_kas.ports.git import Ended
from git_kas_gitcli.environment import acting_environment, inherited_names_to_unset, quoted_path
from git_kas_gitcli.lifeline import bound_to_us
from git_kas_gitcli.messages import first_line
from git_kas_gitcli.trace import failed_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.worktree import Worktree
    from git_kas.ports.git import PendingInspections, PendingStatuses


class GitProgramPorcelain:
    """Runs the git program."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def start_statuses(self, worktrees: Sequence[Worktree]) -> PendingStatuses:
        """See :class:`git_kas.ports.git.Porcelain`."""
        from git_kas_gitcli.status import BackgroundStatuses

        return BackgroundStatuses(worktrees, self._environment)

    def start_inspections(self, worktrees: Sequence[Worktree]) -> PendingInspections:
        """See :class:`git_kas.ports.git.Porcelain`."""
        from git_kas_gitcli.inspection import BackgroundInspections

        return BackgroundInspections(worktrees, self._environment)

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        """See :class:`git_kas.ports.git.Porcelain`."""
        environment = acting_environment(self._environment)
        if at is not None:
            environment |= {"GIT_AUTHOR_DATE": f"@{at} +0000", "GIT_COMMITTER_DATE": f"@{at} +0000"}
        ended = _execute(folder, arguments, environment, None)
        if ended.status:
            raise ProgramFailed(
                f"git {_subcommand(arguments)} failed in {folder}: {first_line(ended.err)}.",
                next_step="Run it by hand to see more.",
            )
        return ended.out

    def attempt(
        self, folder: str, *arguments: str, stdin: str = "", scratch: str = "", reflog_action: str = ""
    ) -> Ended:
        """See :class:`git_kas.ports.git.Porcelain`."""
        environment = acting_environment(self._environment)
        if scratch:
            objects = self.run(folder, "rev-parse", "--git-path", "objects").removesuffix("\n")
            environment["GIT_OBJECT_DIRECTORY"] = scratch
            environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = quoted_path(os.path.join(folder, objects))
        else:
            del environment["GIT_NO_LAZY_FETCH"]  # who merges in a partial clone wants what it takes
        if reflog_action:
            environment["GIT_REFLOG_ACTION"] = reflog_action
        with _temporary_folder() as own, open(os.path.join(own, "given"), "w+b") as given:
            given.write(os.fsencode(stdin))
            given.seek(0)
            if scratch:
                environment |= self._copied_index(folder, own)
            trace = os.path.join(own, "trace")
            environment["GIT_TRACE2_EVENT"] = trace
            ended = _execute(folder, arguments, environment, given, bound_to_us())
            return ended._replace(failed_hook=failed_hook(trace)) if ended.status else ended

    def _copied_index(self, folder: str, to: str) -> dict[str, str]:
        """Have Git use a copy of the index: write-tree notes in it the trees that it makes (git-write-tree(1)).

        In the index itself they would name objects that are gone with the scratch folder.
        """
        index = self.run(folder, "rev-parse", "--git-path", "index").removesuffix("\n")
        copy = os.path.join(to, "index")
        try:
            shutil.copyfile(os.path.join(folder, index), copy)
        except FileNotFoundError:  # an empty one, as in a bare repository
            pass
        except OSError as error:
            raise ReadOnly(
                f"The index of {folder} cannot be copied: {error.strerror}.",
                next_step="Make room, or set TMPDIR.",
            ) from error
        return {"GIT_INDEX_FILE": copy}


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="git-kas-")
    except OSError as error:
        raise ReadOnly(
            f"No temporary folder can be made: {error.strerror}.", next_step="Make room, or set TMPDIR."
        ) from error


def _execute(
    folder: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    given: BinaryIO | None,
    before: Callable[[], None] | None = None,
) -> Ended:
    try:
        from git import Git
        from git.exc import GitCommandNotFound
    except ImportError as error:  # GitPython looks for the program while it is imported
        raise ProgramFailed(
            "GitPython finds no git program.", next_step="Install git 2.30 or later."
        ) from error

    # GitPython adds the environment of this process to the one it is given; env(1) takes away from it.
    unset = [word for name in inherited_names_to_unset(environment) for word in ("-u", name)]
    # And where it cannot enter the folder it stays in that of this process, which -C makes an error.
    located = ["git", "-C", os.path.abspath(folder), *arguments]
    command = ["env", *unset, *located] if os.name == "posix" else located
    try:
        answer: Any = Git(folder).execute(
            command,
            istream=given,
            env=environment,
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=True,
            strip_newline_in_stdout=False,
            preexec_fn=before,
        )
    except GitCommandNotFound as error:
        raise ProgramFailed(
            f"git {_subcommand(arguments)} cannot be run in {folder}.",
            next_step="Look whether the folder and the git program are there.",
        ) from error
    status, out, err = answer
    return Ended(status, out, err)


def _subcommand(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")
