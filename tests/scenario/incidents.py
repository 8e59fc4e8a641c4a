"""What the cases of incidents are made of: repositories like those in which people lost work."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from scenario import picture
from scenario.verdict_corpus import Files, History, lines

WORK = {"story.txt": lines({10: "ten"}), "new.txt": "new\n"}
Thing = str | Path


class Scene(History):
    """A repository in which plans are finished and branches lie about. ``exits`` tidies up after the test."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        super().__init__(path, environment)
        self.exits = ExitStack()
        self.common = path / ".git"
        self._plans: dict[str, dict[str, str]] = {}

    @property
    def around(self) -> Path:
        """The folder in which everything lies."""
        return self.path.parent

    def begin(self) -> None:
        super().begin()
        self.put({".gitignore": ".env\n*.log\nbuild/\n"}, "ignore")

    def plan(self, status: str, branch: str, name: str = "2026-01-01-plan.md") -> None:
        """A plan in the store of this clone."""
        self._plans[name] = {"status": status, "branch": branch, "description": "a plan"}
        path = self.common / "kas/plan-state.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"plans": self._plans}, indent=2) + "\n")

    def linked(self, branch: str = "plan/done", path: Path | None = None) -> Path:
        """A linked worktree with a commit of its own on a new branch."""
        place = path or self.around / f"wt-{branch.replace('/', '-')}"
        self.git("worktree", "add", "-q", "-b", branch, str(place))
        self.work_in(place, {f"{place.name}.txt": "work\n", **WORK} if branch == "plan/done" else None)
        return place

    def work_in(self, place: Path, files: Files | None = None) -> str:
        """A commit in a linked worktree, of a file of its own unless told otherwise."""
        return self.at(place).put(files or {f"{place.name}.txt": "work\n"}, f"work in {place.name}")

    def at(self, place: Path) -> History:
        """The same repository, seen from another worktree."""
        other = History(place, self._environment)
        other._clock = self._clock + 60
        self._clock += 600
        return other

    def finished(self, branch: str = "plan/done", path: Path | None = None) -> Path:
        """The worktree of a plan that is done, whose branch was squash-merged: all of it may go."""
        place = self.linked(branch, path)
        self.squash(branch)
        self.plan("done", branch)
        return place

    def track(self, branch: str, tip: str | None = None, remote: str = "origin") -> None:
        """Let a branch track one of the same name on a remote that nobody can reach; None: which is gone."""
        if remote not in self.git("remote").split():
            self.git("remote", "add", remote, "/nowhere")
        self.git("config", f"branch.{branch}.remote", remote)
        self.git("config", f"branch.{branch}.merge", f"refs/heads/{branch}")
        if tip:
            self.git("update-ref", f"refs/remotes/{remote}/{branch}", tip)

    def picture(self) -> picture.Picture:
        """Everything as it is now."""
        return picture.take(self, self.common, self.around)


@dataclass(frozen=True)
class Fate:
    """What must become of things: branches are text, worktrees are paths.

    ``kept`` gives for each one a reason that must be named, empty for one that need not be listed at all.
    ``names`` and ``options`` are what is asked for, ``verdicts`` what branches are judged to be.
    """

    verdicts: Mapping[str, str]
    removed: tuple[Thing, ...] = ()
    kept: Mapping[Thing, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


Build = Callable[[Scene], Fate]


@dataclass(frozen=True)
class Incident:
    """What happened to people, and what must happen instead."""

    build: Build
    story: str

    @property
    def name(self) -> str:
        """Its name in the list of tests."""
        return self.build.__name__


class Incidents(list[Incident]):
    """The incidents of one module, in order."""

    def when(self, story: str) -> Callable[[Build], Build]:
        """Register the decorated function as an incident."""

        def register(build: Build) -> Build:
            self.append(Incident(build, story))
            return build

        return register


def stays(place: Path, code: str, branch: str = "plan/done", verdict: str = "landed") -> Fate:
    """The worktree stays for a reason, and so does its branch, which is checked out there."""
    return Fate({branch: verdict}, kept={place: code, branch: "checked_out"})


def goes(*things: Thing, **verdicts: str) -> Fate:
    """These go."""
    branches = {thing: "landed" for thing in things if isinstance(thing, str)}
    return Fate(branches | verdicts, removed=things)
