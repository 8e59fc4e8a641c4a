"""Repositories with hooks: what is in a hooks folder, what hooks were given, and whether the guard holds."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from git_kas.domain.hook_layouts import CHAINED_SUFFIX
from support import GIT_KAS, Finished, Repo

STATE = "plan-state.json"
NOBODY = "0" * 40

# Whoever calls it: keeps its name, arguments and standard input, and ends as the file "status" says.
RECORDER = """#!/bin/sh
what=$1
shift
{ printf '%s' "$what"; for word in "$@"; do printf ' <%s>' "$word"; done; echo; } >> '@LOG@'
case $what in *push*|*receive*|*update*) cat >> '@LOG@' ;; esac
if [ -f '@STATUS@' ]; then exit "$(cat '@STATUS@')"; fi
"""


@dataclass(frozen=True)
class Seen:
    """How a hook ended, and what the hooks behind it have noted."""

    status: int
    log: str


def snapshot(folder: Path, *, times: bool = True) -> dict[str, tuple[object, ...]]:
    """Every entry of a hooks folder that is no sample: kind, mode, time, and bytes or target."""
    return {
        path.name: _entry(path, times=times)
        for path in sorted(folder.iterdir())
        if path.suffix != ".sample" and not path.is_dir()
    }


def _entry(path: Path, *, times: bool) -> tuple[object, ...]:
    facts = path.lstat()
    time = facts.st_mtime_ns if times else 0
    if path.is_symlink():
        return ("link", os.readlink(path))
    return (stat.S_IMODE(facts.st_mode), time, path.read_bytes())


class HookWorld:
    """A repository with a remote, and hooks in it that note what they were given."""

    def __init__(self, folder: Path, environment: Mapping[str, str], name: str = "repo") -> None:
        self.folder = folder
        self.environment = {**environment, "GIT_TERMINAL_PROMPT": "0"}
        self.attempts = 0
        self.log = folder / "log"
        self.status = folder / "status"
        self.recorder = folder / "record"
        folder.mkdir(exist_ok=True)
        text = RECORDER.replace("@LOG@", str(self.log)).replace("@STATUS@", str(self.status))
        self.recorder.write_text(text)
        self.recorder.chmod(0o755)
        self.repo = Repo(folder / name, self.environment)
        self.repo.path.mkdir()
        self.repo.git("init", "-q")
        self.repo.commit("first", {"README.md": "# hello\n"})
        self.remote = folder / "remote.git"
        self.repo.git("init", "-q", "--bare", str(self.remote))
        self.repo.git("remote", "add", "origin", str(self.remote))

    @property
    def top(self) -> Path:
        """The main worktree."""
        return self.repo.path

    @property
    def hooks(self) -> Path:
        """The repository's own hooks folder."""
        return self.top / ".git" / "hooks"

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a program."""
        finished = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.top,
            env=self.environment | dict(env or {}),
            capture_output=True,
            input=stdin,
            check=False,
            timeout=120,
        )
        out, err = finished.stdout.decode("utf-8", "replace"), finished.stderr.decode("utf-8", "replace")
        return Finished(finished.returncode, out, err)

    def ok(self, *command: str | Path, **options: Any) -> Finished:
        """Run a program that must succeed."""
        finished = self.run(*command, **options)
        assert finished.status == 0, (command, finished)
        return finished

    def kas(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Finished:
        """Run ``git-kas hooks *words``."""
        return self.run(GIT_KAS, "hooks", *words, cwd=cwd, env=env)

    def install(self, *words: str, **options: Any) -> Any:
        """Install, and what it says it did."""
        finished = self.kas("install", "--json", *words, **options)
        assert finished.status == 0, finished
        return finished.data

    def states(self, *words: str, **options: Any) -> dict[str, Any]:
        """Hook → what status says of it."""
        return {state["hook"]: state for state in self.kas("status", "--json", *words, **options).data}

    def troubles(self, hook: str = "pre-commit", **options: Any) -> list[str]:
        """What status finds wrong with a hook."""
        return [trouble["code"] for trouble in self.states(**options)[hook]["troubles"]]

    def script(self, what: str) -> str:
        """A hook by hand that notes what it is given."""
        return f'#!/bin/sh\nexec "{self.recorder}" {what} "$@"\n'

    def write_hook(self, hook: str, what: str = "", folder: Path | None = None, mode: int = 0o755) -> Path:
        """Write such a hook."""
        path = (folder or self.hooks) / hook
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.script(what or f"mine-{hook}"))
        path.chmod(mode)
        os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
        return path

    def end_with(self, status: int) -> None:
        """Have every hook that notes end so."""
        self.status.write_text(f"{status}\n") if status else self.status.unlink(missing_ok=True)

    def taken_log(self) -> str:
        """What was noted since the last time."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return text

    def call(self, path: Path, *arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> Seen:
        """Run a hook file as Git does."""
        finished = self.run(path, *arguments, stdin=stdin, cwd=cwd)
        return Seen(finished.status, self.taken_log())

    def commit(self, *files: str, cwd: Path | None = None) -> Seen:
        """Try to commit new files, and take what is staged back if it is refused."""
        folder = cwd or self.top
        before = self.repo.git("rev-parse", "HEAD", cwd=folder)
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"{name} after {before}\n")
            self.ok("git", "add", "-f", "--", name, cwd=folder)
        finished = self.run("git", "commit", "-qm", "work", cwd=folder)
        after = self.repo.git("rev-parse", "HEAD", cwd=folder)
        assert (finished.status == 0) == (after != before), finished
        if finished.status:
            self.ok("git", "reset", "-q", cwd=folder)
        return Seen(finished.status, self.taken_log())

    def merge(self) -> Seen:
        """Try a merge without conflicts."""
        self.repo.git("branch", "-f", "side", "HEAD")
        name = f"side-{self.repo.git('rev-list', '--count', '--all')}"
        side = self.folder / name
        self.repo.git("worktree", "add", "-q", str(side), "side")
        (side / name).write_text("side\n")
        self.ok("git", "add", name, cwd=side)
        self.ok("git", "commit", "--no-verify", "-qm", "side", cwd=side)
        self.repo.git("worktree", "remove", "--force", str(side))
        self.taken_log()
        finished = self.run("git", "merge", "-q", "--no-ff", "--no-edit", "side")
        if finished.status:
            self.run("git", "merge", "--abort")
        return Seen(finished.status, self.taken_log())

    def push(self) -> Seen:
        """Try to push the branch that is checked out to a new one."""
        count = self.ok("git", "ls-remote", "origin").out.count("\n")
        finished = self.run("git", "push", "-q", "origin", f"HEAD:refs/heads/pushed-{count}")
        return Seen(finished.status, self.taken_log())

    def refuses_commit(self, cwd: Path | None = None) -> bool:
        """Whether the guard keeps the state file out of a commit."""
        refused = self.commit("docs/plans/" + STATE, cwd=cwd).status != 0
        if not refused:
            self.ok("git", "reset", "-q", "HEAD~1", cwd=cwd)
        ((cwd or self.top) / "docs/plans" / STATE).unlink()
        return refused

    def refuses_push(self) -> bool:
        """Whether the guard keeps the state file, once it is committed, out of a push."""
        self.attempts += 1  # the same commit once more would be none that is new to the remote
        (self.top / STATE).write_text(f'{{"attempt": {self.attempts}}}\n')
        self.ok("git", "add", "-f", STATE)
        self.ok("git", "commit", "--no-verify", "-qm", "bypassed")
        refused = self.push().status != 0
        self.ok("git", "reset", "-q", "HEAD~1")
        (self.top / STATE).unlink()
        return refused

    def check_guarded(self) -> None:
        """Commits and pushes of the state file are refused, others pass, and status says so."""
        assert self.refuses_commit()
        assert self.refuses_push()
        self.end_with(0)
        assert self.commit("plain.txt").status == 0
        assert self.push().status == 0
        states = self.states()
        assert {hook: state["force"] for hook, state in states.items()} == dict.fromkeys(states, "active"), (
            states
        )

    def chained(self, hook: str, folder: Path | None = None) -> Path:
        """Where a hook is that ours runs."""
        return (folder or self.hooks) / (hook + CHAINED_SUFFIX)
