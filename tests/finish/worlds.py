"""A repository with a plan whose branch can be finished."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finish.journals import WatchedJournal
from git_kas.app import App
from git_kas.domain.finish import Choice, Strategy
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Author, Create, Request, Transition
from git_kas.domain.names import BranchName, PlanName
from git_kas.ports.fakes import FakeProgress
from git_kas.ports.forge import Forge
from git_kas.usecases.finish import Finishing
from git_kas.usecases.finish_ports import Finish, Landed, Wish
from support import Repo

PLAN = PlanName("2026-01-01-x.md")
BRANCH = BranchName("plan/x")
USER = Author(Actor.USER, "Ada")
TEXT = b"# Count requests\n\n**Goal:** know the rate\n\n## Wave 1\n\n### Task 1: a counter\n\nDo it.\n"


@dataclass
class Removal:
    """Keeps what it is asked to remove; ``check`` is called with it first."""

    asked: list[Landed] = field(default_factory=list)
    kept: Sequence[str] = ()
    check: Callable[[Landed], None] = lambda _: None

    def __call__(self, operation: str, plan: PlanName, landed: Landed) -> Sequence[str]:
        assert (bool(operation), plan) == (True, PLAN)
        self.check(landed)
        self.asked.append(landed)
        return self.kept


class World:
    """The repository ``repo`` with the plan x in review; its branch has two commits and a worktree."""

    def __init__(self, repo: Repo, environment: Mapping[str, str]) -> None:
        self.repo = repo
        self.environment = dict(environment)
        self.journal = WatchedJournal(self.app().operation_journal)
        self.removal: Removal | None = Removal()
        self.forge: Forge | None = None
        repo.commit("base file", {"base.txt": "one\ntwo\nthree\nfour\nfive\n"})
        self.tree = repo.worktree("plan/x")
        repo.commit("add a", {"a.txt": "a\n"}, cwd=self.tree)
        repo.commit("add b", {"b.txt": "b\n"}, cwd=self.tree)
        self.new_plan(PLAN, Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)

    # -- plans -----------------------------------------------------------------------------------------------

    def new_plan(self, name: PlanName, *events: Event, branch: str = BRANCH) -> None:
        store = self.app().store
        created = Create(name, description="count the requests", branch=branch, content=TEXT)
        store.commit(created, Request(USER))
        if events:
            store.commit(Transition(name, events), Request(USER))

    def move(self, *events: Event) -> None:
        self.app().store.commit(Transition(PLAN, events), Request(USER))

    @property
    def status(self) -> str:
        return str(self.app().store.get_plan(PLAN).status)

    @property
    def moves(self) -> list[str]:
        """The events of the plan's history that finishing has added."""
        entries = self.app().store.history(PLAN)
        return [str(entry.event) for entry in entries if entry.event and entry.key.startswith("finish:")]

    # -- git -------------------------------------------------------------------------------------------------

    def tip(self, ref: str = "main") -> str:
        return self.repo.git("rev-parse", "--verify", ref)

    def log(self, ref: str = "main") -> list[str]:
        """Subjects, newest first."""
        return self.repo.git("log", "--format=%s", ref).splitlines()

    def message(self, ref: str = "main") -> str:
        return self.repo.git("log", "-1", "--format=%B", ref)

    def parents(self, ref: str = "main") -> list[str]:
        return self.repo.git("rev-list", "--parents", "-1", ref).split()[1:]

    def status_of(self, folder: Path) -> str:
        return self.repo.git("status", "--porcelain", cwd=folder)

    def base_elsewhere(self) -> Path:
        """Check the base out in a linked worktree only; its path."""
        self.base_nowhere()
        path = self.repo.path.parent / "wt base"
        self.repo.git("worktree", "add", "-q", str(path), "main")
        return path

    def base_nowhere(self) -> None:
        """Check the base out nowhere."""
        self.repo.git("switch", "-q", "--detach")

    def advance(self) -> str:
        """A commit that only the base has."""
        path = self.repo.path.parent / "for a moment"
        head = self.repo.git("rev-parse", "--abbrev-ref", "HEAD")
        self.repo.git("switch", "-q", "--detach")
        self.repo.git("worktree", "add", "-q", "--force", str(path), "main")
        new = self.repo.commit("meanwhile", {"meanwhile.txt": "m\n"}, cwd=path)
        self.repo.git("worktree", "remove", str(path))
        if head == "main":
            self.repo.git("switch", "-q", "main")
        return new

    def hook(self, name: str, text: str) -> Path:
        path = self.repo.path / ".git/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def snapshot(self) -> dict[str, Any]:
        """All that a command which changes nothing must leave as it is."""
        worktrees = [
            line.removeprefix("worktree ")
            for line in self.repo.git("worktree", "list", "--porcelain").splitlines()
            if line.startswith("worktree ")
        ]
        return {
            "refs": self.repo.git("for-each-ref"),
            "objects": self.repo.git("count-objects", "-v"),
            "status": {path: self.status_of(Path(path)) for path in worktrees},
            "heads": {path: self.repo.git("rev-parse", "HEAD", cwd=Path(path)) for path in worktrees},
            "plan": self.app().store.get_plan(PLAN),
        }

    def fsck(self) -> None:
        finished = subprocess.run(
            ["git", "fsck", "--no-dangling", "--strict"],
            cwd=self.repo.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (finished.returncode, finished.stderr) == (0, ""), finished

    # -- finishing -------------------------------------------------------------------------------------------

    def app(self, folder: Path | None = None) -> App:
        return App(str(folder or self.repo.path), self.environment, {}, FakeProgress())

    def finishing(self, folder: Path | None = None) -> Finishing:
        app = self.app(folder)
        ports = replace(app.finish_ports, journal=self.journal, remove=self.removal)
        return Finishing(ports, app.finish_scope, self._forge)

    def _forge(self) -> Forge:
        assert self.forge is not None
        return self.forge

    def merge(self, strategy: str = "no-ff", folder: Path | None = None, *, cleanup: bool = True) -> Finish:
        wish = Wish(PLAN, Choice.MERGE, Strategy(strategy), cleanup=cleanup)
        return self.finishing(folder).begin(wish)

    def dry_run(self, choice: Choice = Choice.MERGE, strategy: str = "no-ff") -> Finish:
        return self.finishing().plan(Wish(PLAN, choice, Strategy(strategy)))

    def go_on(self) -> Finish:
        return self.finishing().go_on(None, None)

    def abort(self) -> Finish:
        return self.finishing().abort(None, None)

    @property
    def is_done(self) -> bool:
        return self.status == Status.DONE
