"""Files whose every line has an identity, so that changes can be carried from one state to another.

This only *makes* histories; what is true of them is for git to say.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import NamedTuple

PLAIN, EXECUTABLE, LINK = "100644", "100755", "120000"
COMMON = ["}", "", "    }", "    return x", "    call()", "else:", "end", "{"]
FOLDERS = ["", "src/", "src/deep/", "docs/", "with space/", "ünï/"]


class Line(NamedTuple):
    """A line of text; ``key`` stays when the text changes."""

    key: int
    text: str


class File(NamedTuple):
    """A file: text as lines, or bytes (of a binary file or of a symbolic link)."""

    path: str
    mode: str
    lines: tuple[Line, ...] = ()
    blob: bytes | None = None

    @property
    def content(self) -> bytes:
        """What git stores."""
        if self.blob is not None:
            return self.blob
        return "".join(f"{line.text}\n" for line in self.lines).encode()


State = dict[int, File]


class Change(NamedTuple):
    """What became of one file."""

    key: int
    before: File | None
    after: File | None

    @property
    def inverse(self) -> Change:
        """The change that takes it back."""
        return Change(self.key, self.after, self.before)


def changes_between(old: State, new: State) -> list[Change]:
    """What leads from one state to another."""
    keys = sorted(old.keys() | new.keys())
    return [Change(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def carry(state: State, changes: Iterable[Change]) -> tuple[State, bool]:
    """``state`` with these changes, and whether every one of them fitted; those that do not are left out."""
    made, complete = dict(state), True
    for change in changes:
        done, current = _carried(made, change)
        complete = complete and done
        if done and current is None:
            made.pop(change.key, None)
        elif done and current is not None:
            made[change.key] = current
    return made, complete


def _carried(state: State, change: Change) -> tuple[bool, File | None]:
    current = state.get(change.key)
    if current == change.after:
        return True, current
    if change.after is None:
        return current == change.before, None
    taken = {file.path for key, file in state.items() if key != change.key}
    if change.before is None or current is None:
        fits = change.before is None and current is None and change.after.path not in taken
        return fits, change.after
    return _three_way(current, change.before, change.after, taken)


def _three_way(current: File, before: File, after: File, taken: set[str]) -> tuple[bool, File | None]:
    if before.path != after.path and (current.path != before.path or after.path in taken):
        return False, None
    if before.blob not in {after.blob, current.blob}:
        return False, None
    if before.mode != after.mode and current.mode not in {before.mode, after.mode}:
        return False, None
    lines = _carried_lines(current.lines, before.lines, after.lines)
    if lines is None:
        return False, None
    return True, File(
        current.path if before.path == after.path else after.path,
        current.mode if before.mode == after.mode else after.mode,
        lines,
        current.blob if before.blob == after.blob else after.blob,
    )


def _carried_lines(
    current: tuple[Line, ...], before: tuple[Line, ...], after: tuple[Line, ...]
) -> tuple[Line, ...] | None:
    texts, old, new = dict(current), dict(before), dict(after)
    touched = [key for key in old if old[key] != new.get(key)]
    if any(texts.get(key) not in {old[key], new.get(key)} or key not in texts for key in touched):
        return None
    made = [
        Line(line.key, new[line.key]) if line.key in touched and line.key in new else line for line in current
    ]
    made = [line for line in made if line.key in new or line.key not in old]
    previous: int | None = None
    for line in after:
        if line.key not in old and line.key not in texts:
            places = [number for number, other in enumerate(made) if other.key == previous]
            made.insert(places[0] + 1 if places else 0, line)
        previous = line.key if line.key in dict(made) else previous
    return tuple(made)


class Writer:
    """Somebody who works on files, by the dice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._last_key = 0

    def key(self) -> int:
        """A number that nothing has yet."""
        self._last_key += 1
        return self._last_key

    def line(self, text: str | None = None) -> Line:
        """A new line, often one that stands elsewhere, too."""
        key = self.key()
        common = self.dice.random() < 0.4
        return Line(key, text if text is not None else self.dice.choice(COMMON) if common else f"work {key}")

    def new_file(self) -> File:
        """A new file of any kind."""
        path = f"{self.dice.choice(FOLDERS)}file-{self.key()}.txt"
        kind = self.dice.random()
        if kind < 0.1:
            return File(path, PLAIN, blob=bytes([0]) + self.dice.randbytes(60))
        if kind < 0.15:
            return File(path, LINK, blob=f"file-{self.key()}.txt".encode())
        if kind < 0.2:  # as many files have, so that one looks like the other moved
            return File(path, PLAIN, tuple(self.line(text) for text in COMMON[: self.dice.choice([0, 0, 2])]))
        mode = EXECUTABLE if kind < 0.3 else PLAIN
        return File(path, mode, tuple(self.line() for _ in range(self.dice.randint(1, 40))))

    def begin(self) -> State:
        """The files that a repository starts with; some are longer, and edited often."""
        state = {self.key(): self.new_file() for _ in range(16)}
        for _ in range(6):
            lines = tuple(self.line() for _ in range(self.dice.randint(30, 60)))
            state[self.key()] = File(f"{self.dice.choice(FOLDERS)}hot-{self.key()}.txt", PLAIN, lines)
        return state

    def work(self, state: State) -> State:
        """``state`` after a commit's worth of work."""
        made = dict(state)
        for _ in range(self.dice.choice([1, 1, 1, 2, 3])):
            kind = self.dice.random()
            key = self.dice.choice(sorted(made))
            if kind < 0.2:
                made[self.key()] = self.new_file()
            elif kind < 0.26 and len(made) > 4:
                del made[key]
            elif kind < 0.27:
                moved = made[key]._replace(path=f"{self.dice.choice(FOLDERS)}moved-{self.key()}.txt")
                made[key] = self.edited(moved) if self.dice.random() < 0.3 else moved
            elif kind < 0.273:
                other = self.dice.choice(sorted(made))
                one, two = made[key], made[other]
                made[key], made[other] = one._replace(path=two.path), two._replace(path=one.path)
            else:
                made[key] = self.edited(made[key])
        return made

    def edited(self, file: File) -> File:
        """The file after an edit of its mode or content."""
        if file.mode != LINK and self.dice.random() < 0.08:
            return file._replace(mode=EXECUTABLE if file.mode == PLAIN else PLAIN)
        if file.blob is not None:
            prefix = b"" if file.mode == LINK else b"\0"
            return file._replace(blob=prefix + f"{self.key()}".encode() * 3)
        lines = list(file.lines)
        for _ in range(self.dice.randint(1, 3)):
            self._edit_lines(lines)
        return file._replace(lines=tuple(lines))

    def _edit_lines(self, lines: list[Line]) -> None:
        place = self.dice.randint(0, len(lines))
        kind = self.dice.random()
        if kind < 0.45 or place == len(lines):
            lines[place:place] = [self.line() for _ in range(self.dice.randint(1, 3))]
        elif kind < 0.65:
            del lines[place : place + self.dice.randint(1, 2)]
        elif kind < 0.75:
            lines[place] = lines[place]._replace(text=f"    {lines[place].text}")
        elif kind < 0.8:
            lines[place] = lines[place]._replace(text=f"{lines[place].text}\r")
        else:
            lines[place] = lines[place]._replace(text=f"edited {self.key()}")

    def respaced(self, change: Change) -> Change | None:
        """The same change but for the white space of one line; None where it adds no line."""
        if change.after is None or change.after.blob is not None:
            return None
        old = set(change.before.lines) if change.before else set()
        own = [
            number for number, line in enumerate(change.after.lines) if line not in old and line.text.strip()
        ]
        if not own:
            return None
        lines = list(change.after.lines)
        place = self.dice.choice(own)
        lines[place] = lines[place]._replace(text=f"\t{lines[place].text.lstrip()}")
        if lines[place] == change.after.lines[place]:
            return None
        return change._replace(after=change.after._replace(lines=tuple(lines)))
