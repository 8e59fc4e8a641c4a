"""The real program under strace(1), which records its calls and makes one of them kill or fail."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support import GIT_KAS, Finished

KINDS: Final = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "ftruncate",
    "openat",
    "mkdir",
    "mkdirat",
    "rmdir",
)
_LINE: Final = re.compile(r"^(\w+)\((.*)$")


@dataclass(frozen=True)
class Call:
    """The ``number``-th system call of a ``kind`` in a run, as strace printed it."""

    kind: str
    number: int
    text: str

    @property
    def changes_something(self) -> bool:
        """Whether it is more than the opening of a file that is there."""
        return self.kind != "openat" or "O_CREAT" in self.text

    @property
    def is_output(self) -> bool:
        """Whether it writes what the user reads."""
        return self.kind == "write" and self.text.startswith(("write(1<", "write(2<"))

    def does_the_same_as(self, other: Call) -> bool:
        """Whether both are of one place in the program; what they write holds times and process numbers."""
        return (self.kind, self.number, self._target()) == (other.kind, other.number, other._target())

    def _target(self) -> str:
        """The open file, or where there is none the path, that the call is about."""
        pattern = r"<([^>]*)>" if "(AT_FDCWD" not in self.text and "<" in self.text[:14] else r'"([^"]*)"'
        found = re.search(pattern, self.text)
        return re.sub(r":\[\d+\]", "", found.group(1)) if found else ""


@dataclass(frozen=True)
class Traced:
    """A finished run and its calls; the status of a killed one is the negative number of the signal."""

    finished: Finished
    calls: Sequence[Call]

    @property
    def steps(self) -> list[Call]:
        """The calls that change something, or speak to the user."""
        return [call for call in self.calls if call.changes_something]


def run_traced(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], *options: str, inject: str = ""
) -> Traced:
    """Run ``git-kas`` with ``arguments``; ``inject`` as in strace's ``-e inject=``. Children are left alone."""
    record = cwd.parent / "strace.txt"
    command = ["strace", "-y", "-s", "160", "-o", str(record), "-e", "trace=?" + ",?".join(KINDS)]
    if inject:
        command += ["-e", f"inject={inject}"]
    finished = subprocess.run(
        [*command, *options, str(GIT_KAS), *arguments],
        cwd=cwd,
        env=quiet(environment),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )
    out, err = finished.stdout.decode(), finished.stderr.decode()
    assert "strace:" not in err, err
    return Traced(Finished(finished.returncode, out, err), _calls(record.read_text(errors="replace")))


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what makes Python write files of its own."""
    kept = {name: value for name, value in environment.items() if name != "COVERAGE_PROCESS_START"}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def _calls(record: str) -> list[Call]:
    counted: Counter[str] = Counter()
    calls = []
    for line in record.splitlines():
        if found := _LINE.match(line):
            counted[found.group(1)] += 1
            calls.append(Call(found.group(1), counted[found.group(1)], line))
    return calls
