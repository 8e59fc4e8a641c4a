"""The history of a benchmark repository, written as one stream for ``git fast-import``.

Lines of the files fall into two kinds that are far enough apart never to meet in a diff: those that the base
changes by itself and those that branches change. A branch lands soon enough after its fork that no other
branch has reused its lines, so every merge, squash and cherry-pick here is one that Git does without conflict.

Some things are there because they are hard to judge. Lines that the base changes lie in the context of those
that branches change, so that some patches look different when they land. Of some squashed and rebased branches
one line landed otherwise, as after a conflict that somebody resolved. And some open branches are twins of a
squashed one: they change the same lines to the same text, indented.
"""

import heapq
import random
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PLANS_FOLDER: Final = "docs/plans"

_FILES: Final = 300
_FILES_PER_FOLDER: Final = 15
_LINES: Final = 48
_BASE_LINES: Final = range(0, _LINES, 8)
_CONTEXT_LINES: Final = range(2, _LINES, 8)  # near enough to be in a patch, too far for a conflict
_CONTEXT_SHARE: Final = 0.25  # of the base's own commits
_ALTERED_EVERY: Final = 60  # branches, of those that have landed as copies
_TWIN_EVERY: Final = 25  # open branches
_BRANCH_LINES: Final = range(4, _LINES, 8)
_LONGEST_LIFE: Final = 300  # commits of the base between fork and landing
_LAST_COMMIT_AT: Final = 1_767_225_600  # 2026-01-01T00:00:00Z
_SECONDS_BETWEEN_COMMITS: Final = 1_800


class Fate(StrEnum):
    """What becomes of a branch."""

    MERGED = "merged"
    SQUASHED = "squashed"
    REBASED = "rebased"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch to be written: its name, its fate, and how many commits of its own it gets.

    ``altered``: its last commit lands otherwise. ``twin``: it is a squashed branch before it, but indented.
    """

    name: str
    fate: Fate
    own_commits: int
    altered: bool = False
    twin: bool = False

    @property
    def commits_on_base(self) -> int:
        """How many commits the base reaches more when the branch has landed."""
        return {
            Fate.MERGED: self.own_commits + 1,
            Fate.SQUASHED: 1,
            Fate.REBASED: self.own_commits,
            Fate.OPEN: 0,
        }[self.fate]


@dataclass(frozen=True, slots=True)
class Edit:
    """A new text for one line of one file."""

    file: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Forked:
    """A branch that has been written: the marks of where it begins and ends, and the edits of each commit.

    ``before`` are the lines of the files that it changes, as they were when it began.
    """

    branch: Branch
    start: int
    tip: int
    commits: Sequence[Sequence[Edit]]
    before: Mapping[int, Sequence[str]]


def draft_branches(number: int, seed: int) -> list[Branch]:
    """As many branches, a quarter of each fate in random order, with 1 to 5 own commits."""
    choose = random.Random(seed)
    fates = list(islice(cycle(Fate), number))
    choose.shuffle(fates)
    seen: Counter[Fate] = Counter()
    drafted: list[Branch] = []
    for index, fate in enumerate(fates):
        own_commits = choose.randint(1, 5)
        altered = fate in {Fate.SQUASHED, Fate.REBASED} and seen[fate] % _ALTERED_EVERY == 7 and own_commits > 1
        twin = fate is Fate.OPEN and seen[fate] % _TWIN_EVERY == 7 and seen[Fate.SQUASHED] > 0
        seen[fate] += 1
        drafted.append(Branch(f"plan/{fate}-{index:05}", fate, own_commits, altered, twin))
    return drafted


def steps_of_base(commits: int, branches: Sequence[Branch]) -> int:
    """How many of the base's ``commits`` are its own, when ``branches`` bring the others.

    Raises:
        ValueError: too few for the branches to lie apart.
    """
    steps = commits - sum(branch.commits_on_base for branch in branches)
    if steps < max(1, len(branches)):
        raise ValueError(f"{commits} commits are too few for {len(branches)} branches")
    return steps


class Stream:
    """A running ``git fast-import`` (git-fast-import(1))."""

    def __init__(self, repository: Path, environment: Mapping[str, str]) -> None:
        command = ["git", "fast-import", "--quiet", "--done"]
        self._process = subprocess.Popen(command, cwd=repository, env=environment, stdin=subprocess.PIPE)
        self._marks = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write(b"done\n")
        if self._process.stdin:
            self._process.stdin.close()
        status = self._process.wait()
        if kind is None and status:
            raise RuntimeError(f"git fast-import ended with status {status}")

    def commit(
        self, ref: str, parents: Sequence[int], message: str, files: Mapping[str, str], *, at: int
    ) -> int:
        """Add a commit on top of ``parents`` that sets ``files``, let ``ref`` point at it; its mark."""
        mark = next(self._marks)
        text = message.encode()
        head = f"commit {ref}\nmark :{mark}\ncommitter Bench <bench@example.invalid> {at} +0000\n"
        parts = [head.encode(), b"data %d\n" % len(text), text, b"\n"]
        for word, parent in zip(("from", *["merge"] * len(parents)), parents, strict=False):
            parts.append(f"{word} :{parent}\n".encode())
        for path, content in files.items():
            data = content.encode()
            parts += [f"M 100644 inline {path}\n".encode(), b"data %d\n" % len(data), data, b"\n"]
        self._write(b"".join(parts) + b"\n")
        return mark

    def _write(self, data: bytes) -> None:
        if self._process.stdin is None:
            raise RuntimeError("git fast-import has no input")
        self._process.stdin.write(data)


class HistoryWriter:
    """Writes a base of exactly ``commits`` commits and all branches, oldest commit first."""

    def __init__(self, stream: Stream, commits: int, seed: int, plan_texts: Sequence[str]) -> None:
        self._stream = stream
        self._commits = commits
        self._choose = random.Random(seed + 1)
        self._plan_texts = plan_texts
        self._files = [[f"file {file} line {line}" for line in range(_LINES)] for file in range(_FILES)]
        self._tip = 0
        self._written = 0
        self._started_at = 0
        self._branch_slots = _endless_slots()
        self._latest_squashed: Forked | None = None

    def write(self, branches: Sequence[Branch]) -> None:
        """Write everything; ``branches`` must fit, see :func:`steps_of_base`."""
        steps = steps_of_base(self._commits, branches)
        own = sum(branch.own_commits for branch in branches if branch.fate is not Fate.MERGED)
        self._started_at = _LAST_COMMIT_AT - _SECONDS_BETWEEN_COMMITS * (self._commits + own)
        landings: list[tuple[int, int, Forked]] = []
        forked = 0
        for step in range(steps):
            self._commit_on_base(step)
            while landings and landings[0][0] <= step:
                self._land(heapq.heappop(landings)[2])
            while forked < len(branches) and forked * steps <= step * len(branches):
                landing = step + self._choose.randint(1, _LONGEST_LIFE)
                heapq.heappush(landings, (landing, forked, self._fork(branches[forked])))
                forked += 1
        for branch in branches[forked:]:
            heapq.heappush(landings, (steps, len(landings), self._fork(branch)))
        while landings:
            self._land(heapq.heappop(landings)[2])

    def _commit_on_base(self, step: int) -> None:
        if step == 0:
            texts = {f"{PLANS_FOLDER}/{name}": f"# {name}\n\nWhat to do.\n" for name in self._plan_texts}
            files = {_path(file): _text(lines) for file, lines in enumerate(self._files)}
            self._tip = self._commit("main", [], "Begin", texts | files)
            return
        lines = _CONTEXT_LINES if self._choose.random() < _CONTEXT_SHARE else _BASE_LINES
        file, line = self._choose.randrange(_FILES), self._choose.choice(lines)
        edit = Edit(file, line, f"changed by the base, step {step}")
        self._tip = self._commit("main", [self._tip], f"Step {step}", self._edited([edit]))

    def _fork(self, branch: Branch) -> Forked:
        if branch.twin and self._latest_squashed:
            model = self._latest_squashed
            commits = [
                [Edit(edit.file, edit.line, f"    {edit.text}") for edit in edits] for edits in model.commits
            ]
            return self._write_branch(branch, model.start, commits, model.before)
        commits = [
            [
                Edit(file, line, f"changed by {branch.name}, {number}")
                for file, line in islice(self._branch_slots, self._choose.randint(1, 2))
            ]
            for number in range(branch.own_commits)
        ]
        before = {edit.file: tuple(self._files[edit.file]) for edits in commits for edit in edits}
        forked = self._write_branch(branch, self._tip, commits, before)
        if branch.fate is Fate.SQUASHED:
            self._latest_squashed = forked
        return forked

    def _write_branch(
        self,
        branch: Branch,
        start: int,
        commits: Sequence[Sequence[Edit]],
        before: Mapping[int, Sequence[str]],
    ) -> Forked:
        copies = {file: list(lines) for file, lines in before.items()}
        tip = start
        for number, edits in enumerate(commits):
            for edit in edits:
                copies[edit.file][edit.line] = edit.text
            changed = {_path(edit.file): _text(copies[edit.file]) for edit in edits}
            tip = self._commit(branch.name, [tip], _message(branch, number), changed)
        return Forked(branch, start, tip, commits, before)

    def _land(self, forked: Forked) -> None:
        branch, commits = forked.branch, list(forked.commits)
        if branch.altered:
            commits[-1] = [Edit(edit.file, edit.line, f"{edit.text}, and resolved") for edit in commits[-1]]
        everything = [edit for edits in commits for edit in edits]
        if branch.fate is Fate.MERGED:
            parents = [self._tip, forked.tip]
            self._tip = self._commit("main", parents, f"Merge {branch.name}", self._edited(everything))
        elif branch.fate is Fate.SQUASHED:
            message = f"Everything of {branch.name}"
            self._tip = self._commit("main", [self._tip], message, self._edited(everything))
        elif branch.fate is Fate.REBASED:
            for number, edits in enumerate(commits):
                message = _message(branch, number)
                self._tip = self._commit("main", [self._tip], message, self._edited(edits))

    def _edited(self, edits: Iterable[Edit]) -> dict[str, str]:
        """Make ``edits`` on the base; the files that they change."""
        changed = set()
        for edit in edits:
            self._files[edit.file][edit.line] = edit.text
            changed.add(edit.file)
        return {_path(file): _text(self._files[file]) for file in sorted(changed)}

    def _commit(self, branch: str, parents: Sequence[int], message: str, files: Mapping[str, str]) -> int:
        at = self._started_at + _SECONDS_BETWEEN_COMMITS * self._written
        self._written += 1
        return self._stream.commit(f"refs/heads/{branch}", parents, f"{message}\n", files, at=at)


def _endless_slots() -> Iterator[tuple[int, int]]:
    """File and line for the next edit of a branch; each comes again only after all others."""
    while True:
        for line in _BRANCH_LINES:
            for file in range(_FILES):
                yield file, line


def _message(branch: Branch, number: int) -> str:
    return f"Part {number + 1} of {branch.name}"


def _path(file: int) -> str:
    return f"src/part-{file // _FILES_PER_FOLDER:02}/file-{file:03}.txt"


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
