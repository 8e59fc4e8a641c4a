"""Reads Git's configuration with one call of Git.

``git kas plan list`` waits for this call, and importing ``subprocess`` takes longer than the call itself, so
Git is started with :func:`os.posix_spawnp` where the system has it (DESIGN 12).
"""

import os
from collections.abc import Iterator, Mapping

from git_kas.domain.location import ConfigEntries, ConfigEntry, ConfigScope, GitFolders
from git_kas.errors import InvalidConfiguration, NotARepository, ProgramFailed
from git_kas_gitcli.environment import located_environment
from git_kas_gitcli.messages import first_line

_LIST = ("config", "--list", "-z", "--show-scope", "--show-origin")


class GitProgramConfig:
    """The port :class:`~git_kas.ports.git.GitConfig` over ``git config``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def read(self, start: str, folders: GitFolders | None) -> ConfigEntries:
        """See :class:`git_kas.ports.git.GitConfig`."""
        status, output, errors = self._git(start, *_LIST)
        if status:
            raise InvalidConfiguration(
                f"Git cannot read its configuration: {first_line(errors)}.",
                next_step="Mend the file that Git names.",
            )
        entries = ConfigEntries(tuple(_entries(output)), self._of_main_worktree(start, folders, output))
        if folders is not None and not entries.has_scope(ConfigScope.LOCAL):
            self._insist_on_repository(start)
        return entries

    def _of_main_worktree(self, start: str, folders: GitFolders | None, output: str) -> tuple[ConfigEntry, ...]:
        """The main worktree's own entries, seen from a linked one; without worktreeConfig there are none."""
        if folders is None or folders.git_dir == folders.common_dir:
            return ()
        if "extensions.worktreeconfig" not in output:
            return ()
        file = os.path.join(folders.common_dir, "config.worktree")
        _, own, _ = self._git(start, *_LIST, "--file", file)
        return tuple(entry._replace(scope=ConfigScope.WORKTREE) for entry in _entries(own))

    def _insist_on_repository(self, start: str) -> None:
        status, _, errors = self._git(start, "rev-parse", "--git-dir")
        if status:
            raise NotARepository(
                f"Git does not open the repository at {start}: {first_line(errors)}.",
                next_step="See git-config(1) on safe.directory if the repository belongs to somebody else.",
            )

    def _git(self, folder: str, *arguments: str) -> tuple[int, str, str]:
        command = ("git", "-C", folder, *arguments)
        environment = located_environment(self._environment)
        run = _spawn if hasattr(os, "posix_spawnp") else _subprocess
        try:
            status, output, errors = run(command, environment)
        except OSError as error:
            raise ProgramFailed(
                f"The git program cannot be started: {error.strerror}.", next_step="Install git 2.30 or later."
            ) from error
        return status, _text(output), _text(errors)


def _entries(output: str) -> Iterator[ConfigEntry]:
    fields = output.split("\0")
    for scope, origin, item in zip(fields[0::3], fields[1::3], fields[2::3], strict=False):
        key, separator, value = item.partition("\n")
        yield ConfigEntry(ConfigScope(scope), origin, key, value if separator else "true")


def _spawn(command: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    out_read, out_write = os.pipe()
    error_read, error_write = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, out_write, 1),
        (os.POSIX_SPAWN_DUP2, error_write, 2),
    ]
    try:
        process = os.posix_spawnp(command[0], command, environment, file_actions=actions)
    except BaseException:
        os.close(out_read)
        os.close(error_read)
        raise
    finally:
        os.close(out_write)
        os.close(error_write)
    output, errors = _drain(out_read, error_read)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), output, errors


def _drain(*descriptors: int) -> tuple[bytes, bytes]:
    """Read both to their ends at once, so that a child that fills one of them is never blocked by the other."""
    import select

    received = {descriptor: bytearray() for descriptor in descriptors}
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    open_descriptors = set(descriptors)
    while open_descriptors:
        for descriptor, _ in poll.poll():
            data = os.read(descriptor, 65_536)
            received[descriptor] += data
            if not data:
                poll.unregister(descriptor)
                os.close(descriptor)
                open_descriptors.remove(descriptor)
    output, errors = received.values()
    return bytes(output), bytes(errors)


def _subprocess(command: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    import subprocess

    finished = subprocess.run(
        command, env=dict(environment), capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    return finished.returncode, finished.stdout, finished.stderr


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
