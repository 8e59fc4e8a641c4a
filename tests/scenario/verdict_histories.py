"""Seeded random repositories whose branches landed, or did not, in every way, by git-fast-import(1)."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from scenario.random_files import Change, State, Writer, carry, changes_between
from support import EPOCH, Repo

BRANCHES = 28


@dataclass(frozen=True)
class Commit:
    """A commit to write. Its number is its place in the list of all."""

    parents: tuple[int, ...]
    state: State


@dataclass
class Branch:
    """A branch, the way in which it came to the base, and whether anything of it certainly never did."""

    name: str
    way: str
    tip: int
    fork: int
    own: list[int] = field(default_factory=list)
    never: bool = False
    landed_at: int | None = None


Step = Callable[[], None]


class World:
    """The repository of one seed."""

    def __init__(self, seed: int, branches: int = BRANCHES) -> None:
        self.dice = random.Random(seed)
        self.writer = Writer(self.dice)
        self.commits = [Commit((), self.writer.begin())]
        self.chain = [0]
        self.branches: list[Branch] = []
        self._scripts: list[list[Step]] = []
        self._work(12)
        ways = [*WAYS, *self.dice.choices(list(WAYS), k=branches - len(WAYS))]
        self.dice.shuffle(ways)
        for way in ways:
            self._begin(way)
            self._go_on(self.dice.randint(0, 4))
        while self._scripts:
            self._go_on(1)
        self._work(self.dice.randint(0, 3))

    @property
    def base(self) -> Commit:
        """The tip of the base."""
        return self.commits[self.chain[-1]]

    # -- making commits ------------------------------------------------------------------------------------

    def _commit(self, state: State, *parents: int) -> int:
        self.commits.append(Commit(parents, state))
        return len(self.commits) - 1

    def _land(self, state: State, *others: int) -> int:
        """A commit on the base."""
        self.chain.append(self._commit(state, self.chain[-1], *others))
        return self.chain[-1]

    def _work(self, number: int) -> None:
        for _ in range(number):
            self._land(self.writer.work(self.base.state))

    def _go_on(self, number: int) -> None:
        """Steps of the branches that are on their way, among work on the base."""
        for _ in range(number):
            if self._scripts and self.dice.random() < 0.6:
                script = self.dice.choice(self._scripts)
                script.pop(0)()
                if not script:
                    self._scripts.remove(script)
            else:
                self._work(1)

    # -- branches ------------------------------------------------------------------------------------------

    def _begin(self, way: str) -> None:
        place = self.dice.randint(max(0, len(self.chain) - 12), len(self.chain) - 1)
        start = fork = self.chain[place]
        stacked = [branch for branch in self.branches if branch.own]
        if way == "stacked" and stacked:
            lower = self.dice.choice(stacked[-5:])
            start, fork = lower.tip, self.dice.choice([lower.fork, lower.tip])
        branch = Branch(f"{len(self.branches)}-{way}", way, start, fork)
        self.branches.append(branch)
        if way == "unrelated":
            branch.tip = self._commit(self.writer.begin())
        if way not in {"fresh", "unrelated"}:
            self._fill(branch, place)
        script = list(WAYS[way](self, branch))
        if script:
            self._scripts.append(script)

    def _fill(self, branch: Branch, place: int) -> None:
        """Own commits, and now and then a merge of the base."""
        for _ in range(self.dice.choice([1, 2, 2, 3, 3, 4, 6])):
            state = self.commits[branch.tip].state
            if branch.way != "empty":
                self._add(branch, self.writer.work(state))
            if place < len(self.chain) - 1 and self.dice.random() < 0.12:
                newer = self.dice.randint(place + 1, len(self.chain) - 1)
                self._update(branch, self.chain[place], self.chain[newer])
                place = newer
        if branch.way == "empty":
            kept = self.commits[branch.tip].state
            if self.dice.random() < 0.5:
                self._add(branch, self.writer.work(kept))
            self._add(branch, kept)

    def _add(self, branch: Branch, state: State) -> None:
        branch.tip = self._commit(state, branch.tip)
        branch.own.append(branch.tip)

    def _update(self, branch: Branch, merged: int, newer: int) -> None:
        news = changes_between(self.commits[merged].state, self.commits[newer].state)
        state, _ = carry(self.commits[branch.tip].state, news)
        branch.tip = self._commit(state, branch.tip, newer)
        branch.fork = newer

    def changes(self, branch: Branch) -> list[Change]:
        """All that it changes."""
        return changes_between(self.commits[branch.fork].state, self.commits[branch.tip].state)

    def changes_of(self, commit: int) -> list[Change]:
        """What one commit changes."""
        parent = self.commits[commit].parents[0]
        return changes_between(self.commits[parent].state, self.commits[commit].state)

    # -- ways to the base ----------------------------------------------------------------------------------

    def _take(self, branch: Branch, changes: Sequence[Change]) -> None:
        """A commit of the base with these changes, as far as they fit."""
        state, complete = carry(self.base.state, changes)
        at = self._land(state)
        branch.landed_at = at if complete else None

    def nothing(self, branch: Branch) -> Iterator[Step]:
        """Never landed."""
        branch.never = branch.way == "unmerged"
        return iter(())

    def merge(self, branch: Branch) -> Iterator[Step]:
        """A merge commit."""

        def act() -> None:
            state, _ = carry(self.base.state, self.changes(branch))
            self._land(state, branch.tip)

        yield act

    def squash(self, branch: Branch) -> Iterator[Step]:
        """All at once."""
        yield lambda: self._take(branch, self.changes(branch))

    def rebase(self, branch: Branch) -> Iterator[Step]:
        """Commit by commit."""
        for commit in branch.own:
            yield lambda commit=commit: self._take(branch, self.changes_of(commit))  # type: ignore[misc]

    def shuffled(self, branch: Branch) -> Iterator[Step]:
        """Commit by commit, in another order."""
        steps = list(self.rebase(branch))
        self.dice.shuffle(steps)
        return iter(steps)

    def some(self, branch: Branch) -> Iterator[Step]:
        """Some commits, never all."""
        steps = list(self.rebase(branch))
        return iter(self.dice.sample(steps, self.dice.randint(0, len(steps) - 1)))

    def half(self, branch: Branch) -> Iterator[Step]:
        """Some of the files."""

        def act() -> None:
            changes = self.changes(branch)
            self._take(branch, self.dice.sample(changes, len(changes) // 2))

        yield act

    def parts(self, branch: Branch) -> Iterator[Step]:
        """Two squashes."""
        middle = self.dice.choice(branch.own)
        fork = self.commits[branch.fork].state
        yield lambda: self._take(branch, changes_between(fork, self.commits[middle].state))
        yield lambda: self._take(
            branch, changes_between(self.commits[middle].state, self.commits[branch.tip].state)
        )

    def respaced(self, branch: Branch) -> Iterator[Step]:
        """All at once, but for the white space of one line."""

        def act() -> None:
            changes = self.changes(branch)
            for number, change in enumerate(changes):
                other = self.writer.respaced(change)
                if other:
                    changes[number] = other
                    branch.never = True
                    break
            self._take(branch, changes if branch.never else [])

        yield act

    def reverted(self, branch: Branch) -> Iterator[Step]:
        """All at once, and taken back."""
        yield from self.squash(branch)
        yield lambda: self._take(branch, [change.inverse for change in self.changes(branch)])

    def again(self, branch: Branch) -> Iterator[Step]:
        """All at once, taken back, and landed again."""
        yield from self.reverted(branch)
        yield from self.squash(branch)

    def copy(self, branch: Branch) -> Iterator[Step]:
        """A copy of it is merged."""

        def act() -> None:
            start = tip = self.chain[-1]
            for commit in branch.own:
                state, _ = carry(self.commits[tip].state, self.changes_of(commit))
                tip = self._commit(state, tip)
            self._work(self.dice.randint(0, 2))
            news = changes_between(self.commits[start].state, self.commits[tip].state)
            state, complete = carry(self.base.state, news)
            at = self._land(state, tip)
            branch.landed_at = at if complete else None

        yield act

    def onward(self, branch: Branch) -> Iterator[Step]:
        """A merge commit; afterwards more commits, all at once."""

        def act() -> None:
            branch.fork = branch.tip
            for _ in range(self.dice.randint(1, 2)):
                self._add(branch, self.writer.work(self.commits[branch.tip].state))

        yield from self.merge(branch)
        yield act
        yield from self.squash(branch)

    def longer(self, branch: Branch) -> Iterator[Step]:
        """All at once; afterwards one more commit on the branch."""

        def act() -> None:
            self._add(branch, self.writer.work(self.commits[branch.tip].state))
            branch.never, branch.landed_at = True, None

        yield from self.squash(branch)
        yield act


WAYS: dict[str, Callable[[World, Branch], Iterator[Step]]] = {
    "unmerged": World.nothing,
    "fresh": World.nothing,
    "empty": World.nothing,
    "unrelated": World.nothing,
    "merge": World.merge,
    "squash": World.squash,
    "squash-2": World.squash,
    "rebase": World.rebase,
    "rebase-2": World.rebase,
    "shuffled": World.shuffled,
    "some": World.some,
    "half": World.half,
    "parts": World.parts,
    "respaced": World.respaced,
    "reverted": World.reverted,
    "reverted-2": World.reverted,
    "reverted-3": World.reverted,
    "reverted-4": World.reverted,
    "again": World.again,
    "copy": World.copy,
    "copy-2": World.copy,
    "longer": World.longer,
    "onward": World.onward,
    "stacked": World.squash,
}


# -- writing it down ---------------------------------------------------------------------------------------


def build(repo: Repo, world: World) -> list[str]:
    """Write the repository; the object name of each commit, by its number."""
    subprocess.run(
        ["git", "fast-import", "--quiet"],
        cwd=repo.path,
        env=repo._environment,
        input=b"".join(_stream(world)),
        check=True,
    )
    numbers = range(len(world.commits))
    names = repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/scratch").splitlines()
    found = dict(line.split() for line in names)
    repo.git("update-ref", "--stdin", stdin="".join(f"delete {name}\n" for name in found))
    return [found[f"refs/scratch/{number}"] for number in numbers]


def _stream(world: World) -> Iterator[bytes]:
    blobs: dict[bytes, int] = {}
    for number, commit in enumerate(world.commits):
        for file in commit.state.values():
            if file.content not in blobs:
                blobs[file.content] = len(world.commits) + len(blobs) + 1
                yield b"blob\nmark :%d\ndata %d\n%s\n" % (
                    blobs[file.content],
                    len(file.content),
                    file.content,
                )
        date = EPOCH + 600 * number
        yield b"commit refs/scratch/%d\nmark :%d\ncommitter Ada <a@b.invalid> %d +0000\ndata 4\nwork\n" % (
            number,
            number + 1,
            date,
        )
        for place, parent in enumerate(commit.parents):
            yield b"%s :%d\n" % (b"merge" if place else b"from", parent + 1)
        yield b"deleteall\n"
        for file in commit.state.values():
            yield b'M %s :%d "%s"\n' % (file.mode.encode(), blobs[file.content], file.path.encode())
        yield b"\n"
    refs = {branch.name: branch.tip for branch in world.branches} | {"main": world.chain[-1]}
    for name, number in refs.items():
        yield b"reset refs/heads/%s\nfrom :%d\n\n" % (name.encode(), number + 1)
