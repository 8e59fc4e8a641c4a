"""What every test starts from: a scrubbed environment, pinned dates, real repositories, the real program."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support import GIT_KAS, Finished, Repo, Run, user_environment


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has configured nothing but a name."""
    return user_environment(tmp_path)


@pytest.fixture
def kas(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run ``git-kas`` as a process: ``kas("triage", cwd=…, env=…)``."""

    def run(*arguments: str, cwd: Path | str = tmp_path, env: Mapping[str, str] | None = None) -> Finished:
        finished = subprocess.run(
            [str(GIT_KAS), *arguments],
            cwd=cwd,
            env=environment | dict(env or {}),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
        return Finished(finished.returncode, finished.stdout.decode(), finished.stderr.decode())

    return run


@pytest.fixture
def new_repo(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Repo]:
    """Make an empty repository: ``new_repo("name", *arguments of git init)``."""

    def make(name: str = "repo", *arguments: str) -> Repo:
        path = tmp_path / name
        path.mkdir()
        repo = Repo(path, environment)
        repo.git("init", "-q", *arguments)
        return repo

    return make


@pytest.fixture
def repo(new_repo: Callable[..., Repo]) -> Repo:
    """A repository with one commit on main."""
    made = new_repo()
    made.commit("first", {"README.md": "# hello\n"})
    return made
