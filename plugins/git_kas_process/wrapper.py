"""The program that a runner starts for a run: it runs the agent once, and keeps how it ended.

``python -P -m git_kas_process.wrapper FOLDER``. In the folder of the run it finds

- ``spec.json``: command, folder and grace; ``environment.json``, which it takes away, as secrets are in it
- ``lock``: an flock(2) held by us and by the agent, so that it is free only when both are gone
- ``stopped``, perhaps: the run must not begin

and leaves ``begun``, with a record lock (fcntl(2)) as long as we live, and ``status``. A run begins once,
because ``begun`` is made under the lock. Every agent waits for this module to load, so it imports little.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from contextlib import suppress

LOCK = "lock"
BEGUN = "begun"
STOPPED = "stopped"
STATUS = "status"
SPEC = "spec.json"
ENVIRONMENT = "environment.json"

_PAUSE = 0.005
_LONG_PAUSE = 0.5
_NOT_STARTED = 127  # as a shell says it
_SIGNALLED = 128  # as shells count
_AFTER_KILLING = 1.0

# Where there is a terminal, it is ours that counts, not the one of whoever prepared the run.
_OF_TERMINALS = (
    "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM", "TMUX", "TMUX_PANE", "LINES", "COLUMNS"
)  # fmt: skip
_FORWARDED = (signal.SIGHUP, signal.SIGTERM)
_NOT_FOR_US = (signal.SIGINT, signal.SIGQUIT)
_PERHAPS_IGNORED = (
    *_FORWARDED, *_NOT_FOR_US, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
    signal.SIGALRM, signal.SIGCHLD,
)  # fmt: skip


def run(path: str) -> int:
    """Run the agent of the run in the folder ``path``, if it has not begun; the status that we exit with.

    It is 0 after an agent that was told to end, so that tmux keeps open what went wrong, and nothing else.
    """
    folder = os.open(path, os.O_RDONLY)
    agent = _Agent()
    lock = _take_lock(folder)
    if lock is None:
        return 0
    specification, environment = _read(folder, SPEC), _environment(folder)
    if not _begin(folder):
        return 0
    os.unlink(ENVIRONMENT, dir_fd=folder)
    try:
        agent.start(specification, environment, lock)
    except OSError as error:
        _say(f"the agent cannot be started: {error}")
        status = _NOT_STARTED
    else:
        status = agent.wait()
    _record(folder, {"status": status, "time_ns": time.time_ns()})
    if agent.told_to_end:
        return 0
    return status if status >= 0 else _SIGNALLED - status


def _take_lock(folder: int) -> int | None:
    """The lock, or None where the run has begun before, or must not.

    Others hold it for a moment: those that look whether it is held, and starts that are about to begin.
    """
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600, dir_fd=folder)
    while not _is_settled(folder):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
            continue
        return None if _is_settled(folder) else lock
    return None


def _is_settled(folder: int) -> bool:
    return _exists(folder, BEGUN) or _exists(folder, STOPPED)


def _begin(folder: int) -> bool:
    """Make ``begun``, and keep it open and locked as long as we live; False if it is there."""
    unfinished = f".{BEGUN}-{os.getpid()}"
    opened = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=folder)
    try:
        fcntl.lockf(opened, fcntl.LOCK_EX)
        _write(opened, {"pid": os.getpid(), "host": os.uname().nodename, "time_ns": time.time_ns()})
        try:
            os.link(unfinished, BEGUN, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:  # on a file system whose locks do not hold
            return False
        except OSError:  # on one without hard links
            os.rename(unfinished, BEGUN, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(OSError):
            os.unlink(unfinished, dir_fd=folder)
    os.fsync(folder)
    return True


class _Agent:
    """The agent, in a process group of its own; from the beginning on, what tells us to end is meant for it."""

    def __init__(self) -> None:
        self.told_to_end = 0
        self._pid = 0
        self._grace = 0.0
        self._deadline = 0.0
        for number in _FORWARDED:
            signal.signal(number, self._forward)
        for number in _NOT_FOR_US:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, self._kill)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def start(self, specification: dict[str, object], environment: dict[str, str], lock: int) -> None:
        """Start it."""
        self._grace = float(str(specification["grace"]))
        os.set_inheritable(lock, True)  # noqa: FBT003 - it has no name
        pid = os.fork()
        if not pid:
            try:
                _become_agent(str(specification["command"]), str(specification["folder"]), environment)
            finally:
                os._exit(_NOT_STARTED)
        with suppress(OSError):
            os.setpgid(pid, pid)  # whoever is first, it or we
        self._pid = pid
        if self.told_to_end:
            self._forward(self.told_to_end)

    def wait(self) -> int:
        """Wait for its end; its exit status, below zero for a signal.

        Whoever presses Ctrl-Z in the terminal would be left without any shell, so it goes on.
        """
        while True:
            _, status = os.waitpid(self._pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                break
            if os.WSTOPSIG(status) == signal.SIGTSTP:
                self._send(signal.SIGCONT)
        if self.told_to_end:
            self._wait_for_others()
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def _wait_for_others(self) -> None:
        while self._send(0) and time.monotonic() < self._deadline + _AFTER_KILLING:
            time.sleep(_PAUSE)

    def _forward(self, number: int, _frame: object = None) -> None:
        self.told_to_end = number
        if not self._pid:
            return
        self._send(number)
        self._send(signal.SIGCONT)  # one that is stopped cannot heed
        if not signal.getitimer(signal.ITIMER_REAL)[0]:
            self._deadline = time.monotonic() + self._grace
            signal.setitimer(signal.ITIMER_REAL, self._grace)

    def _kill(self, _number: int, _frame: object) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> bool:
        """Send its group a signal; False if there is nobody in it."""
        if not self._pid:
            return False
        try:
            os.killpg(self._pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:  # they became somebody else, as by sudo
            return True
        return True


def _become_agent(command: str, folder: str, environment: dict[str, str]) -> None:
    """Become the shell that runs the command; return only if that fails."""
    try:
        os.setpgid(0, 0)
        if os.isatty(0):
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            with suppress(OSError):  # a terminal, but not ours
                os.tcsetpgrp(0, os.getpid())
        os.chdir(folder)
        for number in _PERHAPS_IGNORED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execve("/bin/sh", ["sh", "-c", command], environment)  # noqa: S606 - the shell is it
    except (OSError, ValueError) as error:  # a ValueError: a zero byte in a text
        _say(f"the agent cannot be started in {folder}: {error}")


def _environment(folder: int) -> dict[str, str]:
    environment = {str(name): str(value) for name, value in _read(folder, ENVIRONMENT).items()}
    if os.isatty(0):
        ours = {name: os.environ[name] for name in _OF_TERMINALS if name in os.environ}
        others = {name: value for name, value in environment.items() if name not in _OF_TERMINALS}
        return others | ours
    return environment


def _record(folder: int, record: dict[str, object]) -> None:
    """Write ``status`` so that it is there as a whole or not at all; wait for a disk that is full."""
    unfinished = f".{STATUS}-{os.getpid()}"
    while True:
        try:
            opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=folder)
            try:
                _write(opened, record)
            finally:
                os.close(opened)
            os.rename(unfinished, STATUS, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        except FileNotFoundError:  # the whole folder is gone
            return
        except OSError as error:
            _say(f"the exit status cannot be written: {error}; trying again")
            for number in _FORWARDED:
                signal.signal(number, signal.SIG_DFL)
            time.sleep(_LONG_PAUSE)
        else:
            return


def _write(opened: int, record: dict[str, object]) -> None:
    data = json.dumps(record).encode() + b"\n"
    while data:
        data = data[os.write(opened, data) :]
    os.fsync(opened)


def _read(folder: int, name: str) -> dict[str, object]:
    opened = os.open(name, os.O_RDONLY, dir_fd=folder)
    with open(opened, "rb") as file:
        found: dict[str, object] = json.load(file)
    return found


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _say(text: str) -> None:
    with suppress(OSError):  # nobody is there to read it
        os.write(2, f"git-kas: {text}\n".encode(errors="backslashreplace"))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
