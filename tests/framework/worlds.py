"""The pre-commit framework in repositories of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support import Finished, Repo

STATE = "docs/plans/plan-state.json"


def run(command: list[str], cwd: Path, environment: Mapping[str, str]) -> str:
    """What a command that succeeds prints."""
    finished = subprocess.run(
        command, cwd=cwd, env=dict(environment), capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@dataclass(frozen=True)
class Framework:
    """``hooks`` is the repository of our hooks, ``home`` what the framework keeps."""

    hooks: Path
    home: Path
    dependencies: Path

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment in which the framework fetches nothing."""
        kept = {name: value for name, value in environment.items() if not name.startswith(("GIT_DIR", "PIP_"))}
        return kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
            "PRE_COMMIT_HOME": str(self.home),
            "PRE_COMMIT_COLOR": "never",
            "PYTHONPATH": str(self.dependencies),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip's word for: without it
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    @property
    def revision(self) -> str:
        """The commit that has the hooks."""
        return run(["git", "rev-parse", "HEAD"], self.hooks, os.environ).strip()

    def config(self, *ids: str) -> str:
        """A ``.pre-commit-config.yaml`` with these hooks."""
        hooks = "".join(f"      - id: {id_}\n" for id_ in ids)
        return (
            "default_install_hook_types: [pre-commit, pre-merge-commit, pre-push]\n"
            f"repos:\n  - repo: {self.hooks}\n    rev: {self.revision}\n    hooks:\n{hooks}"
        )


class FrameworkRepo(Repo):
    """A repository in which the framework can be used."""

    def __init__(self, path: Path, environment: Mapping[str, str], framework: Framework) -> None:
        super().__init__(path, environment)
        self.environment = environment
        self.framework = framework

    def configure(self, *ids: str, install: bool = True) -> None:
        """Commit a configuration with these hooks, and have the framework install itself."""
        self.commit("configuration", {".pre-commit-config.yaml": self.framework.config(*ids)})
        if install:
            run(["pre-commit", "install"], self.path, self.environment)

    def attempt(self, *command: str, cwd: Path | None = None) -> Finished:
        """A command that may fail; both outputs are in ``out``."""
        finished = subprocess.run(
            command,
            cwd=cwd or self.path,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, "")

    def refused(self, *command: str) -> str:
        """What is said by a command that the guard refuses."""
        finished = self.attempt(*command)
        assert finished.status != 0, finished.out
        assert "git-kas: refused" in finished.out, finished.out
        return finished.out

    def passes(self, *command: str) -> str:
        """What is said by a command that succeeds."""
        finished = self.attempt(*command)
        assert finished.status == 0, finished.out
        return finished.out

    def stage_state(self, text: str = "{}\n") -> None:
        """Stage a plan state file."""
        (self.path / STATE).parent.mkdir(parents=True, exist_ok=True)
        (self.path / STATE).write_text(text)
        self.git("add", "--force", STATE)
