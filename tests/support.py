"""What tests share: running the program and building real repositories."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

GIT_KAS = Path(sys.executable).with_name("git-kas")
EPOCH = 1_767_225_600  # 2026-01-01T00:00:00Z
DAY = 86_400


def needs_program(name: str) -> None:
    """Skip the test, saying so, where the program ``name`` is not installed; in CI fail instead."""
    if shutil.which(name) is None:
        message = f"the program '{name}' is not installed (.ci/apt-packages.txt names its package)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def user_environment(folder: Path) -> dict[str, str]:
    """The environment of a user who has configured nothing but a name; the home is made in ``folder``."""
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.invalid\n[init]\n\tdefaultBranch = main\n"
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "TMPDIR", "COVERAGE_PROCESS_START"}
    }
    return kept | {
        "PATH": f"{GIT_KAS.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def heed_interrupts() -> None:
    """What a child does first, as a run of the tests in the background hands down that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Finished:
    """A process that has ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on standard output."""
        document = json.loads(self.out)
        assert self.out.count("\n") == 1
        return document

    @property
    def data(self) -> Any:
        """The data of a success."""
        document = self.json()
        assert document["kind"] != "error", document
        return document["data"]


Run = Callable[..., Finished]


class Repo:
    """A real repository with pinned dates; each commit is one minute later than the one before."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path = path
        self._environment = environment
        self._clock = EPOCH

    def git(self, *arguments: str, cwd: Path | None = None, at: int | None = None, stdin: str = "") -> str:
        """What ``git *arguments`` printed, without the last line end."""
        when = f"@{self._clock if at is None else at} +0000"
        finished = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.path,
            env={**self._environment, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
            capture_output=True,
            input=stdin.encode(),
            check=False,
        )
        if finished.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: {finished.stderr.decode()}")
        return finished.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def commit(
        self, message: str = "work", files: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        """A commit of ``files`` (default: one new file) in the worktree ``cwd``; its object name."""
        self._clock += 60
        folder = cwd or self.path
        for name, text in (files or {f"file-{self._clock}.txt": message}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            self.git("add", "--", name, cwd=folder)
        self.git("commit", "-q", "--allow-empty", "-m", message, cwd=folder)
        return self.git("rev-parse", "HEAD", cwd=folder)

    def worktree(self, name: str, *arguments: str) -> Path:
        """A linked worktree beside the repository, on a new branch of that name unless told otherwise."""
        path = self.path.parent / f"wt-{name.replace('/', '-')}"
        self.git("worktree", "add", "-q", *(arguments or ("-b", name)), str(path))
        return path

    def write_state(self, plans: Mapping[str, Mapping[str, str]], *, shared: bool = True) -> Path:
        """Put a state file where the store keeps it, or where the earlier system did."""
        path = self.path / (".git/kas" if shared else "docs/plans") / "plan-state.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"plans": plans}, indent=2) + "\n")
        return path
