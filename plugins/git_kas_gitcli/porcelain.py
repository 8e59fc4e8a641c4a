"""The port :class:`~git_kas.ports.git.Porcelain`: Git commands that act, run through GitPython."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import acting_environment, inherited_names_to_unset
from git_kas_gitcli.messages import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.worktree import Worktree
    from git_kas.ports.git import PendingStatuses


class GitProgramPorcelain:
    """Runs the git program."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def start_statuses(self, worktrees: Sequence[Worktree]) -> PendingStatuses:
        """See :class:`git_kas.ports.git.Porcelain`."""
        from git_kas_gitcli.status import BackgroundStatuses

        return BackgroundStatuses(worktrees, self._environment)

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        """See :class:`git_kas.ports.git.Porcelain`."""
        try:
            from git import Git
            from git.exc import GitCommandError, GitCommandNotFound
        except ImportError as error:  # GitPython looks for the program while it is imported
            raise ProgramFailed(
                "GitPython finds no git program.", next_step="Install git 2.30 or later."
            ) from error

        environment = acting_environment(self._environment)
        if at is not None:
            environment |= {"GIT_AUTHOR_DATE": f"@{at} +0000", "GIT_COMMITTER_DATE": f"@{at} +0000"}
        # GitPython adds the environment of this process to the one it is given; env(1) takes away from it.
        unset = [word for name in inherited_names_to_unset(environment) for word in ("-u", name)]
        command = ["env", *unset, "git", *arguments] if os.name == "posix" else ["git", *arguments]
        try:
            output = Git(folder).execute(
                command, env=environment, stdout_as_string=True, strip_newline_in_stdout=False
            )
        except (GitCommandError, GitCommandNotFound) as error:
            reason = first_line(str(error.stderr).strip().removeprefix("stderr: '").removesuffix("'"))
            raise ProgramFailed(
                f"git {arguments[0]} failed in {folder}: {reason}.", next_step="Run it by hand to see more."
            ) from error
        return str(output)
