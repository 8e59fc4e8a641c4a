"""Tries merges with one ``git merge-tree`` for all of them, and leaves nothing of them behind.

Objects go to a folder that is gone afterwards. Attributes, and where submodules are, Git reads from files of a
working tree: those of the base are laid out for it, as ``git merge`` finds them in a worktree of the base.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.names import ObjectId
from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import quoted_path
from git_kas_gitcli.process import GitReader
from git_kas_gitcli.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Objects that are gone in a moment are not worth compressing.
_OPTIONS: Final = ("-c", "core.looseCompression=0")
_MERGE_TREE: Final = ("merge-tree", "--write-tree", "--stdin", "--name-only", "-z", "--no-messages")
_BAD_USAGE: Final = 129  # how Git ends that does not know an option
_MOST_RUNS: Final = 40

_IN_MEMORY: Final = "/dev/shm"  # noqa: S108 - what is written there is in a new folder of our own
_LAID_OUT: Final = (b".gitattributes", b".gitmodules")
_REGULAR_FILE: Final = b"100"
_LEADS_OUT: Final = frozenset({b"", b".", b".."})

_DRIVERS: Final = r"^merge\..*\.driver$"
_DRIVER: Final = "KAS_MERGE_DRIVER"
_ASKED: Final = "KAS_MERGE_DRIVER_ASKED"
_NOTE_AND_FAIL: Final = f"""printf '%%s\\0' %P >>"${_ASKED}"; exit 1"""


class Source(NamedTuple):
    """The repository, the environment of Git there, and what reads its blobs."""

    git_dir: str
    environment: Mapping[str, str]
    read_blob: Callable[[ObjectId], bytes | None]


class BackgroundMerges:
    """The port :class:`~git_kas.ports.contents.PendingMerges`."""

    def __init__(self, source: Source, base: ObjectId, tips: Sequence[ObjectId]) -> None:
        self._source = source
        self._base = base
        self._run: _Run | None = None
        with suppress(OSError, ProgramFailed):
            self._run = _Run(source, base, tips, _folder_in_memory(source.environment))

    def collect(self) -> Mapping[ObjectId, bool]:
        """See :class:`git_kas.ports.contents.PendingMerges`."""
        known: dict[ObjectId, bool] = {}
        waiting: list[Sequence[ObjectId]] = []
        with suppress(OSError, ProgramFailed):
            for runs_left in reversed(range(_MOST_RUNS)):
                if self._run is None:
                    break
                run, self._run = self._run, None
                status, answers = run.end()
                if status == _BAD_USAGE:
                    break
                answered = zip(run.tips, answers, strict=False)
                known |= {tip: conflicts for tip, conflicts in answered if conflicts is not None}
                waiting += _halves(run.tips[len(answers) :])
                if waiting and runs_left:  # on the disk, as there may be no room left in memory
                    self._run = _Run(self._source, self._base, waiting.pop(), None)
        return known

    def cancel(self) -> None:
        """Stop, whatever is known."""
        if self._run is not None:
            self._run.stop()
            self._run = None


class _Run:
    """One ``git merge-tree`` at work; ``folder`` is where its own folder is made, None for the usual place."""

    def __init__(self, source: Source, base: ObjectId, tips: Sequence[ObjectId], folder: str | None) -> None:
        self.tips = tips
        self._source = source
        self._git = GitReader(source.git_dir, source.environment)
        self._scratch = Scratch(folder)
        try:
            for name in ("objects", "tree"):
                os.mkdir(self._place(name))
            self._lay_out(base)
            with open(self._place("asked"), "w+b") as asked, open(self._place("answers"), "wb") as answers:
                asked.write("".join(f"{base} {tip}\n" for tip in tips).encode())
                asked.seek(0)
                self._process = subprocess.Popen(
                    self._command(),
                    env={**source.environment, **self._variables()},
                    stdin=asked,
                    stdout=answers,
                    stderr=subprocess.DEVNULL,
                )
        except BaseException:
            self._scratch.cleanup()
            raise

    def end(self) -> tuple[int, list[bool | None]]:
        """Wait for it: its exit status, and its answers as far as it came, None where a driver would decide."""
        with self._scratch:
            status = self._process.wait()
            drivers = set(self._read("drivers").split(b"\0"))
            return status, [
                None if paths and drivers.issuperset(paths) else conflicts
                for conflicts, paths in _answers(self._read("answers"))
            ]

    def stop(self) -> None:
        """End it at once."""
        with self._scratch:
            self._process.kill()
            self._process.wait()

    def _place(self, name: str) -> str:
        return os.path.join(self._scratch.name, name)

    def _read(self, name: str) -> bytes:
        with suppress(FileNotFoundError), open(self._place(name), "rb") as file:
            return file.read()
        return b""

    def _command(self) -> list[str]:
        """The command, in which a merge driver of the user only notes the path it is asked for, and fails."""
        _, output, _ = self._git.attempt("config", "-z", "--name-only", "--get-regexp", _DRIVERS)
        drivers = [f"--config-env={os.fsdecode(key)}={_DRIVER}" for key in output.split(b"\0") if key]
        tree = self._place("tree")
        places = ["-C", tree, "--git-dir", self._source.git_dir, "--work-tree", tree]
        return ["git", *places, *_OPTIONS, *drivers, *_MERGE_TREE]

    def _variables(self) -> dict[str, str]:
        environment = self._source.environment
        own = environment.get("GIT_OBJECT_DIRECTORY") or os.path.join(self._source.git_dir, "objects")
        others = environment.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        alternates = [quoted_path(os.path.abspath(own)), *([others] if others else [])]
        return {
            "GIT_OBJECT_DIRECTORY": self._place("objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(alternates),
            _DRIVER: _NOTE_AND_FAIL,
            _ASKED: self._place("drivers"),
        }

    def _lay_out(self, base: ObjectId) -> None:
        listed = self._git.read_much("ls-tree", "-r", "-z", "--full-tree", base, stdin=b"")
        for entry in listed.split(b"\0"):
            if not entry.endswith(_LAID_OUT):
                continue
            header, _, path = entry.partition(b"\t")
            mode, _, id_ = header.split()
            *folders, name = path.split(b"/")
            # Git itself reads no symbolic link there, and checks out no path that leads out of the tree; a tree
            # made by hand can name one, also one from the root of the file system.
            if name in _LAID_OUT and mode.startswith(_REGULAR_FILE) and _LEADS_OUT.isdisjoint(folders):
                self._write(os.path.join(os.fsencode(self._place("tree")), path), ObjectId(id_.decode("ascii")))

    def _write(self, path: bytes, id_: ObjectId) -> None:
        data = self._source.read_blob(id_)
        if data is None:
            raise ProgramFailed(f"{os.fsdecode(path)} cannot be laid out.", next_step="Run 'git fsck'.")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)


def _folder_in_memory(environment: Mapping[str, str]) -> str | None:
    """A file system in memory, where making thousands of small files takes a quarter of the time.

    None if there is none, or the user has said where temporary files go.
    """
    usable = not environment.get("TMPDIR") and os.access(_IN_MEMORY, os.W_OK | os.X_OK)
    return _IN_MEMORY if usable else None


def _halves(tips: Sequence[ObjectId]) -> list[Sequence[ObjectId]]:
    """What to try again where Git ended too soon: at a missing object, or in a crash that lost answers.

    A single one is what it ended at.
    """
    middle = len(tips) // 2
    return [tips[middle:], tips[:middle]] if middle else []


def _answers(output: bytes) -> Iterator[tuple[bool, Sequence[bytes]]]:
    """Whether each merge conflicts, and where (git-merge-tree(1), OUTPUT), as far as that was written."""
    fields = iter(output.split(b"\0")[:-1])
    for status in fields:
        next(fields, b"")  # the tree
        paths: list[bytes] = []
        for path in fields:
            if not path:
                yield status == b"0", paths
                break
            paths.append(path)
