"""Processes and files of lines, by the operating system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from git_kas.disk import write_all
from git_kas.errors import AlreadyExists, ProgramFailed, ReadOnly, StoreFull
from git_kas.ports.processes import Signal
from git_kas_process.relay import SystemRelay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

_SIGNALS: Final = {
    Signal.END: "SIGTERM",
    Signal.KILL: "SIGKILL",
    Signal.STOP: "SIGSTOP",
    Signal.CONTINUE: "SIGCONT",
}


class SystemProcesses:
    """The port :class:`~git_kas.ports.processes.Processes`; children get ``environment``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def start(
        self, module: str, arguments: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
    ) -> SystemProcess:
        """See :class:`git_kas.ports.processes.Processes`.

        ``-P`` keeps the current folder, which anybody may have filled, from being searched for modules. In a
        process group of its own a child that is stopped when we die is hung up on by the kernel (setpgid(2)).
        """
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
        command = [sys.executable, "-P", "-m", module, *arguments]
        try:
            process = subprocess.Popen(
                command,
                env={**self._environment, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                process_group=0,
            )
        except OSError as error:
            errors.close()
            raise ProgramFailed(
                f"Python cannot be started: {error.strerror}.", next_step=f"Look at {sys.executable}."
            ) from error
        return SystemProcess(process, errors)

    def open_relay(self) -> SystemRelay:
        """See :class:`git_kas.ports.processes.Processes`."""
        return SystemRelay()

    def create_log(self, path: str) -> FileLog:
        """See :class:`git_kas.ports.processes.Processes`."""
        try:
            return FileLog(path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666))
        except FileExistsError as error:
            raise AlreadyExists(f"{path} exists.", next_step="Name a new file.") from error
        except OSError as error:
            raise ReadOnly(
                f"The file {path} cannot be made: {error.strerror}.", next_step="Name another file."
            ) from error

    def read_log(self, path: str, offset: int = 0) -> tuple[Sequence[str], int]:
        """See :class:`git_kas.ports.processes.Processes`."""
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return (), offset
        whole = data[: data.rfind(b"\n") + 1]
        return whole.decode("utf-8").splitlines(), offset + len(whole)

    def monotonic_ns(self) -> int:
        """See :class:`git_kas.ports.processes.Processes`."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """See :class:`git_kas.ports.processes.Processes`."""
        time.sleep(seconds)


class SystemProcess:
    """The port :class:`~git_kas.ports.processes.ChildProcess`."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._said = ""

    def send(self, line: str) -> None:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        stream = self._process.stdin
        try:
            if stream is not None:
                stream.write(f"{line}\n".encode())
                stream.flush()
        except (BrokenPipeError, ValueError):
            return  # it has ended, and we may have closed its input

    def signal(self, signal_: Signal) -> None:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        self._process.send_signal(getattr(signal, _SIGNALS[signal_]))  # which Windows lacks

    def exit_status(self) -> int | None:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        return self._process.poll()

    def wait(self) -> None:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        self._process.wait()
        self._said = self.errors()
        self._errors.close()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # what it has not read is lost with it
                self._process.stdin.close()

    def errors(self) -> str:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        if self._errors.closed:
            return self._said
        number = self._errors.fileno()
        said = os.pread(number, os.fstat(number).st_size, 0)  # the child writes where we would leave the file
        return said.decode("utf-8", "replace")


class FileLog:
    """The port :class:`~git_kas.ports.processes.LineLog`: each line is handed to the system at once."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def append(self, line: str) -> None:
        """See :class:`git_kas.ports.processes.LineLog`."""
        data = f"{line}\n".encode()
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            raise StoreFull(
                f"The file {self._path} cannot be written: {error.strerror}.",
                next_step="Make room on the disk.",
            ) from error

    def close(self) -> None:
        """See :class:`git_kas.ports.processes.LineLog`."""
        os.close(self._descriptor)
