"""Which paths may never enter shared history, and what counts as entering it (DESIGN 9).

A pattern without ``/`` is a name at any depth, one with ``/`` a path from the top of the tree; both cover what
lies below. ASCII letters match in either case, as a clone on a file system that ignores case takes one for the
other. Removing a guarded path passes; a rename is a removal and an addition.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from git_kas.errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from git_kas.domain.landing import PathChange, TreeEntry
    from git_kas.domain.names import ObjectId

DEFAULT_PATTERNS: Final = ("plan-state.json",)

_ANY_DEPTH: Final = "**"
_MAGIC: Final = ":(top,icase,glob)"
_ROUGH_MAGIC: Final = ":(top,icase)"
# '[' and '\' mean something to Git's own globs and nothing here: misread, they would guard nothing.
_NOT_IN_PATTERN: Final = re.compile(r"[\x00-\x1f\x7f\[\]\\]")
_STARS: Final = re.compile(r"\*{2,}")


class GuardPattern(str):
    """A guarded path: ``*`` and ``?`` stand for anything but ``/``, a part ``**`` for any number of parts.

    It is kept in one spelling: no ``/`` at the end, and one at the beginning only where nothing else says
    that it starts at the top (``/plan-state.json``).
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:  # noqa: D102
        parts = text.removeprefix("/").removesuffix("/").split("/")
        if _NOT_IN_PATTERN.search(text) or not {"", ".", ".."}.isdisjoint(parts):
            raise InvalidName(
                f"{text!r} is no path that can be guarded.",
                next_step="Use a name such as plan-state.json or a path from the top; * and ? are special.",
            )
        kept = "/".join(part if part == _ANY_DEPTH else _STARS.sub("*", part) for part in parts)
        return super().__new__(cls, f"/{kept}" if text.startswith("/") and len(parts) == 1 else kept)

    @property
    def glob(self) -> str:
        """The same as a glob from the top of the tree (gitglossary(7), pathspec, ``glob``)."""
        return self.removeprefix("/") if "/" in self else f"{_ANY_DEPTH}/{self}"

    def matches(self, path: bytes) -> bool:
        """Whether ``path``, as Git stores it, is guarded."""
        return _expression(self.glob).fullmatch(path) is not None


def matches(patterns: Iterable[GuardPattern], path: bytes) -> bool:
    """Whether any pattern guards ``path``."""
    return any(pattern.matches(path) for pattern in patterns)


def pathspecs(patterns: Iterable[GuardPattern]) -> list[str]:
    """What makes Git itself tell of exactly the guarded paths, from whatever folder it is asked."""
    return [spec for pattern in patterns for spec in (_MAGIC + pattern.glob, f"{_MAGIC}{pattern.glob}/**")]


def rough_pathspecs(patterns: Iterable[GuardPattern]) -> list[str]:
    """What makes Git tell of all guarded paths, and perhaps of some others, in a good half of the time.

    ``*`` and ``?`` stand for ``/``, too, so that one comparison covers a path and what lies below it.
    """
    return [f"{_ROUGH_MAGIC}{pattern.glob.replace(_ANY_DEPTH + '/', '*')}*" for pattern in patterns]


def guard_patterns(texts: Iterable[str]) -> tuple[GuardPattern, ...]:
    """The patterns of ``texts``, each once.

    Raises:
        InvalidName: one of them cannot be guarded, or there is none, which would guard nothing.
    """
    patterns = tuple(dict.fromkeys(GuardPattern(text) for text in texts))
    if not patterns:
        raise InvalidName("No path is named that is to be guarded.", next_step="Name at least one.")
    return patterns


class GuardedChange(StrEnum):
    """What was done to a guarded path; removing it is none of these."""

    ADDED = "added"
    CHANGED = "changed"


class EntryKind(StrEnum):
    """What a tree has at a path (git-fast-import(1), the modes of ``filemodify``)."""

    FILE = "file"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


class GuardFinding(NamedTuple):
    """A guarded path that was added or changed.

    ``commit`` is None for what is staged and for a ref that holds a bare tree; ``refs`` are those that would
    bring it, where refs are updated.
    """

    path: bytes
    change: GuardedChange
    entry: EntryKind
    commit: ObjectId | None = None
    refs: tuple[str, ...] = ()


def findings_of(
    changes: Iterable[PathChange],
    patterns: Sequence[GuardPattern],
    commit: ObjectId | None = None,
    refs: tuple[str, ...] = (),
) -> list[GuardFinding]:
    """Those of ``changes`` that are refused."""
    return [
        GuardFinding(path, _change(before), _kind(after), commit, refs)
        for path, before, after, _ in changes
        if after is not None and before != after and matches(patterns, path)
    ]


def _change(before: TreeEntry | None) -> GuardedChange:
    return GuardedChange.ADDED if before is None else GuardedChange.CHANGED


def _kind(entry: TreeEntry) -> EntryKind:
    types = {0o120000: EntryKind.SYMLINK, 0o160000: EntryKind.SUBMODULE}
    return types.get(entry.mode & 0o170000, EntryKind.FILE)


@lru_cache(maxsize=256)
def _expression(glob: str) -> re.Pattern[bytes]:
    """What matches the paths of ``glob`` and all that lies below them, byte by byte as Git does."""
    expression = b"(?:/.+)?"
    parts = glob.split("/")
    if parts[-1] == _ANY_DEPTH:
        parts[-1] = ""
        expression = b".+"
    for number, part in reversed(list(enumerate(parts))):
        last = number == len(parts) - 1
        if part == _ANY_DEPTH:
            expression = b"(?:.+/)?" + expression
        else:
            expression = _part(part) + (b"" if last else b"/") + expression
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def _part(part: str) -> bytes:
    escaped = re.escape(part.encode("utf-8", "surrogateescape"))
    return escaped.replace(rb"\*", b"[^/]*").replace(rb"\?", b"[^/]")
