"""Many real processes that start at one moment.

:func:`race_executed` starts the installed program: each process waits at a named pipe, then executes it.
:func:`race_forked` saves the start-up, so that more of them meet in the store: run as a script, this module
loads the program, forks, and each child goes through the program's own entry once the barrier is lifted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

GIT_KAS = Path(sys.executable).with_name("git-kas")
_WAIT_THEN_EXECUTE = 'printf . >&3; read -r _ <&4; exec 3>&- 4<&-; exec "$@"'
_LONGEST = 300
_MODULES = (
    "filelock",
    "git_kas.cli.commands.plan_transition",
    "git_kas.domain.decide",
    "git_kas.usecases.plan_texts",
    "git_kas_gitcli.config",
    "git_kas_json.lock",
    "git_kas_json.store",
    "git_kas_json.writer",
)


@dataclass(frozen=True)
class Ended:
    """How one process of a race ended."""

    status: int
    out: str


def race_executed(commands: Sequence[Sequence[str]], cwd: Path, env: Mapping[str, str]) -> list[Ended]:
    """Run the program once for each of ``commands``, all let go together."""
    ready, tell_ready = os.pipe()
    wait_for_go, go = os.pipe()
    with open_files(cwd.parent / "answers", len(commands)) as files:
        processes = []
        for command, file in zip(commands, files, strict=True):
            script = _WAIT_THEN_EXECUTE.replace("&3", f"&{tell_ready}").replace("&4", f"&{wait_for_go}")
            script = script.replace("exec 3", f"exec {tell_ready}").replace(" 4<", f" {wait_for_go}<")
            processes.append(
                subprocess.Popen(
                    ["bash", "-c", script, "bash", str(GIT_KAS), *command],
                    cwd=cwd,
                    env=env,
                    pass_fds=(tell_ready, wait_for_go),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                )
            )
        _lift(ready, go, len(processes))
        statuses = [process.wait(_LONGEST) for process in processes]
        for descriptor in (ready, tell_ready, wait_for_go, go):
            os.close(descriptor)
        return [Ended(status, _text(file)) for status, file in zip(statuses, files, strict=True)]


def race_forked(commands: Sequence[Sequence[str]], cwd: Path, env: Mapping[str, str]) -> list[Ended]:
    """The same, by children of one process that has loaded the program."""
    finished = subprocess.run(
        [sys.executable, __file__],
        cwd=cwd,
        env={**env, "RACE_FOLDER": str(cwd.parent / "answers")},
        input=json.dumps(commands).encode(),
        capture_output=True,
        check=False,
        timeout=_LONGEST,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return [Ended(status, out) for status, out in json.loads(finished.stdout)]


@contextmanager
def open_files(folder: Path, count: int) -> Iterator[list[BinaryIO]]:
    """Files for what each process prints."""
    folder.mkdir(exist_ok=True)
    files: list[BinaryIO] = [(folder / str(number)).open("w+b") for number in range(count)]
    try:
        yield files
    finally:
        for file in files:
            file.close()


def _lift(ready: int, go: int, count: int) -> None:
    """Wait until each process has said that it is there, then let all go: each takes one line."""
    there = 0
    while there < count:
        there += len(os.read(ready, 4096))
    os.write(go, b"\n" * count)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


def _child(command: Sequence[str], file: BinaryIO, tell_ready: int, wait_for_go: int) -> None:
    from git_kas.cli.entry import run

    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    sys.argv = [str(GIT_KAS), *command]
    os.write(tell_ready, b".")
    os.read(wait_for_go, 1)
    run()


def _load_program() -> None:
    for name in _MODULES:
        import_module(name)


def main() -> None:
    """Fork a child for each command on standard input, and print how they ended."""
    _load_program()
    commands = json.load(sys.stdin)
    ready, tell_ready = os.pipe()
    wait_for_go, go = os.pipe()
    with open_files(Path(os.environ["RACE_FOLDER"]), len(commands)) as files:
        children = []
        for command, file in zip(commands, files, strict=True):
            child = os.fork()
            if not child:
                try:
                    _child(command, file, tell_ready, wait_for_go)
                finally:
                    os._exit(70)
            children.append(child)
        _lift(ready, go, len(children))
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        json.dump([(status, _text(file)) for status, file in zip(statuses, files, strict=True)], sys.stdout)


if __name__ == "__main__":
    main()
