"""The rules of taking a guarded file out of version control: what is read, and what goes to ``.gitignore``.

Sources: gitignore(5) for the form of a rule, git-ls-files(1) and git-ls-tree(1) for entries.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.guard import EntryKind, matches
from git_kas.domain.names import ObjectId
from git_kas.domain.state_file import STATE_FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from git_kas.domain.guard import GuardPattern

IGNORE_FILE: Final = ".gitignore"
EMPTY_BLOBS: Final = frozenset(
    {
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    }
)
"""The name of an empty file, by SHA-1 and by SHA-256; an entry that was only announced has it, too."""
_LINK: Final = 0o120000
_SUBMODULE: Final = 0o160000
_SPECIAL: Final = re.compile(r"([\\*?\[])")
_LINE_ENDS: Final = re.compile(r"[\r\n]")
_TRAILING_SPACES: Final = re.compile(r" +$")
_SUBJECT_LENGTH: Final = 72


class Entry(NamedTuple):
    """What an index or a tree has at a path: mode and object name; ``stage`` is above 0 in a conflict."""

    mode: int
    object: ObjectId
    stage: int = 0


class TrackedPath(NamedTuple):
    """A guarded path that is tracked here: its entries in the index and in HEAD, None where it has none."""

    path: str
    staged: Entry | None
    head: Entry | None

    @property
    def kind(self) -> EntryKind:
        """What is tracked, by the index, else by HEAD."""
        entry = self.staged or self.head
        kinds = {_LINK: EntryKind.SYMLINK, _SUBMODULE: EntryKind.SUBMODULE}
        return kinds.get(entry.mode if entry else 0, EntryKind.FILE)

    @property
    def holds_plans(self) -> bool:
        """Whether this is a plan state file. Other guarded paths hold no plans; nor do links and submodules."""
        name = self.path.rpartition("/")[2]
        return self.kind is EntryKind.FILE and name.lower() == STATE_FILE_NAME


def parse_index(listed: str) -> Iterator[tuple[str, Entry]]:
    """The entries that ``git ls-files --stage -z`` printed, by path."""
    for line in filter(None, listed.split("\0")):
        facts, _, path = line.partition("\t")
        mode, name, stage = facts.split(" ")
        yield path, Entry(int(mode, 8), ObjectId.trusted(name), int(stage))


def parse_tree(listed: str) -> Iterator[tuple[str, Entry]]:
    """The entries that ``git ls-tree -r -z --full-tree`` printed, by path."""
    for line in filter(None, listed.split("\0")):
        facts, _, path = line.partition("\t")
        mode, _, name = facts.split(" ")
        yield path, Entry(int(mode, 8), ObjectId.trusted(name))


def tracked_paths(
    index: Mapping[str, Entry], head: Mapping[str, Entry], patterns: Sequence[GuardPattern]
) -> list[TrackedPath]:
    """The guarded paths of either, in bytewise order."""
    names = sorted((path.encode("utf-8", "surrogateescape"), path) for path in {*index, *head})
    found = [path for name, path in names if matches(patterns, name)]
    return [TrackedPath(path, index.get(path), head.get(path)) for path in found]


def ignore_rule(path: str, folder: str = "") -> str:
    """The line by which the ``.gitignore`` in ``folder`` ignores exactly ``path``; both relative to the top."""
    relative = path.removeprefix(f"{folder}/") if folder else path
    escaped = _SPECIAL.sub(r"\\\1", relative)
    escaped = _TRAILING_SPACES.sub(lambda spaces: r"\ " * len(spaces[0]), escaped)
    return "/" + _LINE_ENDS.sub("?", escaped)  # a rule is one line, and no escape stands for its end


def lines_to_append(text: bytes, rules: Sequence[str]) -> bytes:
    """What is written behind ``text`` to add ``rules``: with its line ends, and the last one if it lacks it."""
    end = b"\r\n" if text[: text.rfind(b"\n") + 1].endswith(b"\r\n") else b"\n"
    before = b"" if not text or text.endswith(b"\n") else end
    return before + b"".join(rule.encode("utf-8", "surrogateescape") + end for rule in rules)


def adds_only(before: bytes, after: bytes, rules: Collection[str]) -> bool:
    """Whether ``after`` is ``before`` with some of ``rules`` behind it, whatever the line ends."""
    old, new = _lines(before), _lines(after)
    known = {rule.encode("utf-8", "surrogateescape") for rule in rules}
    return new[: len(old)] == old and len(new) > len(old) and known.issuperset(new[len(old) :])


def _lines(text: bytes) -> list[bytes]:
    return text.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n") if text else []


def commit_command(paths: Sequence[str]) -> str:
    """The command that commits what was staged, for a POSIX shell."""
    subject = f"Stop tracking {paths[0]}" if len(paths) == 1 else f"Stop tracking {len(paths)} plan state files"
    if len(subject) > _SUBJECT_LENGTH or not subject.isprintable():
        subject = "Stop tracking plan state"
    return shlex.join(["git", "commit", "-m", subject])
