"""What the cases of verdicts are made of: real histories, what is true of them, and git as the witness."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenario import replay
from scenario.replay import Outcome
from support import Repo

Content = str | bytes | Path | None
Files = Mapping[str, Content]
Row = dict[str, Any]


def lines(changes: Mapping[int, str] | None = None, count: int = 20) -> str:
    """Numbered lines, some of them changed."""
    return "".join((changes or {}).get(number, f"line {number}") + "\n" for number in range(1, count + 1))


class History(Repo):
    """A repository with a text on ``main``; every command of git is a minute later than the one before."""

    def begin(self) -> None:
        """The first commit."""
        self.put({"README.md": "# hello\n", "story.txt": lines(), "other.txt": lines(count=9)})

    def git(self, *arguments: str, cwd: Path | None = None, at: int | None = None, stdin: str = "") -> str:
        self._clock += 60
        return super().git(*arguments, cwd=cwd, at=at, stdin=stdin)

    def put(self, files: Files, message: str = "work") -> str:
        """A commit of these contents: text, bytes, a Path for a symbolic link, None for removal."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None or path.is_symlink() or isinstance(content, Path):
                path.unlink(missing_ok=True)
            if isinstance(content, Path):
                path.symlink_to(content)
            elif content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        return self.close(message)

    def close(self, message: str = "work") -> str:
        """Commit what is staged; its object name."""
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def head(self) -> str:
        """The object name of HEAD."""
        return self.git("rev-parse", "HEAD")

    def on(self, branch: str, start: str = "main") -> None:
        """Be on a new branch."""
        self.git("switch", "-q", "--no-track", "-c", branch, start)

    def main(self) -> None:
        """Be on main."""
        self.git("switch", "-q", "main")

    def side(self, *commits: Files, name: str = "side", start: str = "main") -> list[str]:
        """A new branch with these commits, or more of them on one that is there; on main afterwards."""
        if self.git("branch", "--list", name):
            self.git("switch", "-q", name)
        else:
            self.on(name, start)
        made = [self.put(files, f"{name} {number}") for number, files in enumerate(commits)]
        self.main()
        return made

    def squash(self, branch: str = "side") -> str:
        """Squash-merge a branch; the commit."""
        self.git("merge", "-q", "--squash", branch)
        return self.close(f"squash of {branch}")

    def merge(self, *arguments: str) -> str:
        """A merge, by default of the branch ``side``; its commit."""
        self.git("merge", "-q", "--no-ff", "-m", "merge", *(arguments or ("side",)))
        return self.head()

    def pick(self, *commits: str) -> str:
        """Cherry-pick; the last commit."""
        self.git("cherry-pick", "--allow-empty", *commits)
        return self.head()

    def revert(self, *commits: str) -> str:
        """Revert; the last commit."""
        self.git("revert", "--no-edit", *commits)
        return self.head()

    def go_on(self, number: int = 1) -> str:
        """The base goes on elsewhere."""
        return [self.put({f"elsewhere-{self._clock}.txt": "more\n"}, "elsewhere") for _ in range(number)][-1]


@dataclass(frozen=True)
class Truth:
    """What is true of a branch; the fields are those of the row that ``git kas verdict`` gives."""

    verdict: str
    how: str | None = None
    landed_at: str | None = None
    now: str | None = None
    reason: str | None = None
    landed_commits: int | None = None
    commits: int | None = None

    def fits(self, row: Row) -> bool:
        """Whether the row says this. Counts matter for ``partial`` where they are given."""
        if self.verdict == "partial" and self.commits is not None:
            counts = (row["landed_commits"], row["commits"])
            return row["verdict"] == "partial" and counts == (self.landed_commits, self.commits)
        names = ("verdict", "how", "landed_at", "now", "reason")
        return all(row[name] == getattr(self, name) for name in names)


@dataclass(frozen=True)
class Expected:
    """The truth about ``branch``, and what else would be true enough: careful, and never a false landing."""

    truth: Truth
    tolerated: tuple[Truth, ...] = ()
    branch: str = "side"
    base: str = "main"
    folder: Path | None = None

    def allows(self, row: Row) -> bool:
        """Whether the row is right."""
        return any(truth.fits(row) for truth in (self.truth, *self.tolerated))

    def or_else(self, *tolerated: Truth) -> Expected:
        """The same, and this may be said as well."""
        return replace(self, tolerated=(*self.tolerated, *tolerated))


def landed(how: str, at: str, now: str = "present") -> Truth:
    """At ``at`` the base contained all of it for the first time."""
    return Truth("landed", how=how, landed_at=at, now=now)


def partial(landed_commits: int | None = None, commits: int | None = None) -> Truth:
    """Some of its commits landed."""
    return Truth("partial", landed_commits=landed_commits, commits=commits)


ANCESTOR, FRESH, EMPTY, UNRELATED, UNMERGED = (
    Truth(word) for word in ("ancestor", "fresh", "empty", "unrelated", "unmerged")
)
NOT_LANDED = (UNMERGED, partial())


def only(truth: Truth, *tolerated: Truth, branch: str = "side", base: str = "main") -> Expected:
    """This is true, and nothing else but ``tolerated`` may be said."""
    return Expected(truth, tolerated, branch, base)


def hows(at: str, *nows: str) -> Expected:
    """Landed at ``at`` in one commit that may be called a squash as well as a copy; the first of ``nows`` is
    true, the others are true enough.
    """
    first, *others = (landed(how, at, now) for now in nows or ("present",) for how in ("squash", "rebase"))
    return only(first, *others)


Build = Callable[[History], Expected]


@dataclass(frozen=True)
class Case:
    """A history and the reason for its verdict. ``git_differs`` says why a merge by git is no witness."""

    build: Build
    reason: str
    git_differs: str = ""

    @property
    def name(self) -> str:
        """Its name in the list of tests."""
        return self.build.__name__


class Cases(list[Case]):
    """The cases of one module, in order."""

    def because(self, reason: str, git_differs: str = "") -> Callable[[Build], Build]:
        """Register the decorated function as a case whose verdict has this reason."""

        def register(build: Build) -> Build:
            self.append(Case(build, reason, git_differs))
            return build

        return register


def check_with_git(history: Repo, expected: Expected) -> None:
    """Plain git must agree with what the case calls the truth, else the case is wrong."""
    truth, branch, base = expected.truth, f"refs/heads/{expected.branch}", expected.base
    inside = replay.is_ancestor(history, branch, base)
    assert inside == (truth.verdict in {"ancestor", "fresh"})
    fork = replay.merge_base(history, branch, base)
    assert bool(fork) == (truth.verdict != "unrelated")
    if inside or not fork:
        return
    changes = replay.delta(history, fork, branch)
    assert (not changes) == (truth.verdict == "empty")
    if not changes:
        return
    chain = replay.base_chain(history, branch, base)
    adding = itertools.takewhile(lambda commit: _adds(history, commit, branch), chain)
    first = dict(enumerate(chain)).get(len(list(adding)))
    assert first == truth.landed_at, (chain, first)
    if first:
        _check_presence(history, expected, changes)


def _adds(history: Repo, commit: str, branch: str) -> bool:
    return replay.merge_outcome(history, commit, branch) is not Outcome.NOTHING


def _check_presence(history: Repo, expected: Expected, changes: replay.Delta) -> None:
    tip = replay.tree_of(history, expected.base)
    present = not _adds(history, expected.base, f"refs/heads/{expected.branch}")
    taken_back = not replay.missing_paths(history, replay.inverse(changes), tip)
    word = "present" if present else "reverted" if taken_back else "edited"
    assert word == expected.truth.now
