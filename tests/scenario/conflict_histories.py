"""Random small histories in which branch and base do everything to a few paths that merges can stop at."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from support import EPOCH, Repo

PLAIN, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
NAMES = ("a", "b", "c")
TEXTS = tuple(
    "".join(f"{topic} {number}\n" for number in range(8)).encode() for topic in ("red", "green", "blue")
)


@dataclass(frozen=True)
class Thing:
    """What is at a path."""

    mode: str
    data: bytes


State = Mapping[str, Thing]


class Writer:
    """Somebody who changes things, by the dice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def begin(self) -> State:
        """What a history starts with."""
        state: State = {}
        for _ in range(self.dice.randint(2, 7)):
            state = self.add(state)
        return state

    def work(self, state: State, steps: int) -> State:
        """``state`` after some steps."""
        doings: tuple[Callable[[State], State], ...] = (
            *(self.add, self.add, self.edit, self.edit, self.remove, self.move, self.move_folder),
            *(self.move_folder, self.swap, self.change_kind, self.make_room),
        )
        for _ in range(steps):
            state = self.dice.choice(doings)(state)
        return state

    def add(self, state: State) -> State:
        """One more thing, of any kind."""
        return self._put(state, self._path(), self._thing())

    def edit(self, state: State) -> State:
        """Other lines, often so few that the file is still recognised."""
        path, thing = self._any(state)
        if thing.mode in {LINK, SUBMODULE}:
            return self._put(state, path, Thing(thing.mode, self._thing(thing.mode).data))
        lines = thing.data.splitlines(keepends=True) or [b"empty\n"]
        lines[self.dice.randrange(len(lines))] = b"edited %d\n" % self.dice.randrange(3)
        return self._put(state, path, Thing(thing.mode, b"".join(lines)))

    def remove(self, state: State) -> State:
        """One thing less."""
        path, _ = self._any(state)
        return {name: thing for name, thing in state.items() if name != path} if len(state) > 1 else state

    def move(self, state: State) -> State:
        """A file elsewhere, now and then edited."""
        path, thing = self._any(state)
        moved = self._put(self.remove_path(state, path), self._path(), thing)
        return self.edit(moved) if self.dice.random() < 0.3 else moved

    def move_folder(self, state: State) -> State:
        """All of a folder elsewhere."""
        folders = sorted({path.rpartition("/")[0] for path in state if "/" in path})
        if not folders:
            return state
        old, new = self.dice.choice(folders), self._path()
        moved = state
        for path in [path for path in state if path.startswith(f"{old}/")]:
            moved = self._put(self.remove_path(moved, path), new + path.removeprefix(old), state[path])
        return moved

    def swap(self, state: State) -> State:
        """Two things in each other's places."""
        (one, first), (other, second) = self._any(state), self._any(state)
        return {**state, one: second, other: first}

    def change_kind(self, state: State) -> State:
        """The same path, another kind of thing."""
        path, thing = self._any(state)
        modes = {PLAIN: PROGRAM, PROGRAM: PLAIN}
        if thing.mode in modes and self.dice.random() < 0.7:
            return {**state, path: Thing(modes[thing.mode], thing.data)}
        return {**state, path: self._thing()}

    def make_room(self, state: State) -> State:
        """A folder where a file was, or the other way round."""
        path, thing = self._any(state)
        inside, outside = f"{path}/{self.dice.choice(NAMES)}", path.rpartition("/")[0] or path
        return self._put(self.remove_path(state, path), self.dice.choice([inside, outside]), thing)

    @staticmethod
    def remove_path(state: State, path: str) -> State:
        """Without it."""
        return {name: thing for name, thing in state.items() if name != path}

    def _put(self, state: State, path: str, thing: Thing) -> State:
        """With it, and without whatever it leaves no room for."""
        kept = {
            name: other
            for name, other in state.items()
            if not name.startswith(f"{path}/") and not path.startswith(f"{name}/")
        }
        return {**kept, path: thing}

    def _any(self, state: State) -> tuple[str, Thing]:
        path = self.dice.choice(sorted(state))
        return path, state[path]

    def _path(self) -> str:
        return "/".join(self.dice.choice(NAMES) for _ in range(self.dice.choice([1, 2, 2, 2, 3])))

    def _thing(self, mode: str = "") -> Thing:
        mode = mode or self.dice.choice([PLAIN] * 8 + [PROGRAM, LINK, SUBMODULE])
        if mode == LINK:
            return Thing(mode, self.dice.choice(NAMES).encode())
        if mode == SUBMODULE:
            return Thing(mode, self.dice.choice("123").encode() * 40)
        binary = bytes([0, self.dice.randrange(3)])
        return Thing(mode, self.dice.choice([*TEXTS, *TEXTS, TEXTS[0] + b"more\n", b"", binary]))


@dataclass(frozen=True)
class Split:
    """A base and a branch that left it at ``fork``, by the names of their references.

    ``chain`` is the base's, the oldest first. The fork is the first of it; or, if ``beside``, something that
    the second of it has merged.
    """

    fork: str
    chain: tuple[str, ...]
    tip: str
    beside: bool


def build(repo: Repo, seed: int, number: int) -> list[Split]:
    """Write ``number`` of them with git-fast-import(1)."""
    dice = random.Random(seed)
    writer, script = Writer(dice), Script()
    splits = []
    for name in (f"refs/splits/{place}" for place in range(number)):
        state = root = writer.begin()
        chain = [script.commit(f"{name}/root", root)]
        fork, forked = chain[0], root
        beside = dice.random() < 0.25
        if beside:
            forked = writer.work(root, dice.randint(1, 2))
            fork = script.commit(f"{name}/fork", forked, chain[0])
        for place in range(dice.choice([1, 1, 2])):
            merged = [fork] if beside and place == 0 else []
            if merged and dice.random() < 0.5:
                state = forked
            state = writer.work(state, dice.randint(0, 3))
            chain.append(script.commit(f"{name}/base-{place}", state, chain[-1], *merged))
        tip = script.commit(f"{name}/tip", writer.work(forked, dice.randint(1, 3)), fork)
        splits.append(Split(fork, tuple(chain), tip, beside))
    repo.git("fast-import", "--quiet", stdin=b"".join(script.lines).decode("ascii"))
    return splits


class Script:
    """What git-fast-import(1) reads."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._marks: dict[str, int] = {}

    def commit(self, ref: str, state: State, *parents: str) -> str:
        """One more commit, at a reference of its own, which is returned."""
        mark = self._marks[ref] = len(self._marks) + 1
        header = f"commit {ref}\nmark :{mark}\ncommitter Ada <ada@example.invalid> {EPOCH + mark} +0000\n"
        self.lines.append(f"{header}data 1\nx\n".encode())
        for word, parent in zip(("from", "merge"), parents, strict=False):
            self.lines.append(f"{word} :{self._marks[parent]}\n".encode())
        self.lines.append(b"deleteall\n")
        for path, thing in state.items():
            if thing.mode == SUBMODULE:
                self.lines.append(f"M {thing.mode} {thing.data.decode()} {path}\n".encode())
            else:
                file = f"M {thing.mode} inline {path}\ndata {len(thing.data)}\n"
                self.lines.append(file.encode() + thing.data + b"\n")
        self.lines.append(b"\n")
        return ref
