"""Old projects: repositories in which plan state is tracked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plan_commands import EARLIER, LONG_AGO, Plans
from support import Repo

TWO_PLANS = {"2026-01-01-a.md": "ready", "2026-01-02-b.md": "reviewing"}
RULE = f"/{EARLIER}"


def state(plans: Mapping[str, str]) -> str:
    """A state file with these plans and their statuses."""
    return json.dumps({"plans": {name: {"status": status} for name, status in plans.items()}}, indent=2) + "\n"


class OldProject(Plans):
    """One such repository: ``project("init", "--untrack")`` runs the program in it."""

    @classmethod
    def of(cls, repo: Repo, environment: Mapping[str, str]) -> OldProject:
        """The repository ``repo`` with a commit that has two plans."""
        repo.commit("plans", {EARLIER: state(TWO_PLANS), "README.md": "# shop\n"})
        os.utime(repo.path / EARLIER, ns=(LONG_AGO, LONG_AGO))
        return cls(repo, environment)

    @property
    def file(self) -> Path:
        """The state file."""
        return self.path / EARLIER

    def untrack(self, *options: str, **how: Any) -> Any:
        """The answer of a run that succeeds."""
        return self.data("init", "--untrack", *options, **how)["untrack"]

    def run_shell(self, command: str, cwd: Path | None = None) -> None:
        """Run a command that was printed, as a user would."""
        finished = subprocess.run(
            ["sh", "-ec", command],
            cwd=cwd or self.path,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    def status_lines(self, cwd: Path | None = None) -> list[str]:
        """What ``git status`` says in short."""
        return self.repo.git("status", "--porcelain", cwd=cwd).splitlines()

    def listed(self, **how: Any) -> dict[str, str]:
        """The plans of the store by name, with their statuses."""
        return {plan["filename"]: plan["status"] for plan in self.data("plan", "list", **how)}

    def tracked(self, cwd: Path | None = None) -> list[str]:
        """The paths in the index."""
        return self.repo.git("ls-files", cwd=cwd).splitlines()

    def everything(self) -> dict[str, tuple[int, bytes]]:
        """Time and bytes of each file of the worktree and of Git's folder."""
        files = (path for path in sorted(self.path.rglob("*")) if path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def deadly_git(folder: Path, word: str, count: int = 1) -> str:
    """A folder for the front of PATH whose ``git`` kills its starter the ``count``-th time it sees ``word``."""
    real = shutil.which("git")
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        f'#!/bin/sh\ncase " $* " in *" {word} "*)\n'
        f"  echo x >> {folder}/seen\n"
        f'  [ "$(wc -l < {folder}/seen)" -eq {count} ] && kill -9 $PPID && exit 1 ;;\nesac\n'
        f'exec {real} "$@"\n'
    )
    script.chmod(0o755)
    return str(folder)
