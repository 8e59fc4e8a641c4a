"""The port :class:`~git_kas.ports.git.Porcelain`: Git commands that act, run through GitPython."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import child_environment

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

        environment = child_environment(self._environment)
        if at is not None:
            environment |= {"GIT_AUTHOR_DATE": f"@{at} +0000", "GIT_COMMITTER_DATE": f"@{at} +0000"}
        try:
            output = Git(folder).execute(
                ["git", *arguments], env=environment, stdout_as_string=True, strip_newline_in_stdout=False
            )
        except (GitCommandError, GitCommandNotFound) as error:
            reason = str(error.stderr).strip().removeprefix("stderr: '").split("\n", 1)[0].rstrip(".'")
            raise ProgramFailed(f"git {arguments[0]} failed in {folder}: {reason or error.status}.") from error
        return str(output)
