"""Where a conflict is held to be possible, and the nearest case where it is not."""

from __future__ import annotations

import pytest

from git_kas.domain.conflicts import ConflictFilter
from git_kas.domain.landing import ChainStates, Demand, Fork, PathChange, TreeEntry
from git_kas.domain.names import ObjectId

FORK = Fork(1, {})


def entry(letter: str, mode: int = 0o100644) -> TreeEntry | None:
    return TreeEntry(mode, ObjectId(letter * 40)) if letter else None


def change(text: str) -> PathChange:
    """``path: before after``, both as letters, ``-`` for nothing."""
    path, _, letters = text.partition(": ")
    before, after = (letter.replace("-", "") for letter in letters.split())
    return PathChange(path.encode(), entry(before), entry(after))


def possible(branch: str, *base: str, fork: Fork = FORK) -> bool:
    """Of a branch and the commits of its base from position 2 on; changes are parted by commas."""
    states = ChainStates(2, [[change(each) for each in commit.split(", ")] for commit in base])
    return ConflictFilter(states).might_conflict([Demand(fork, [change(each) for each in branch.split(", ")])])


@pytest.mark.parametrize(
    ("branch", "base"),
    [
        ("f: a b", ["f: a c"]),
        ("f: a b", ["f: a b", "f: b c"]),
        ("f: - b", ["f: - c"]),
        ("f: a -", ["f: a c"]),
        ("f: a b", ["f: a -"]),
        ("f: a -", ["f: a -"]),  # both may have moved it
        ("d: - a", ["d/f: - b"]),
        ("d/e/f: - a", ["d: - b"]),
        ("d/f: - a", ["d/g: a -, e/g: - a"]),
        ("d/f: - a", ["d/e/g: a -, e/g: - a"]),
        ("d/g: a -, e/g: - a", ["d/f: - a"]),
        ("d/e/g: a -, e/g: - a", ["d/f: - a"]),
    ],
)
def test_possible(branch: str, base: list[str]) -> None:
    assert possible(branch, *base)


@pytest.mark.parametrize(
    ("branch", "base"),
    [
        ("f: a b", ["g: a c"]),
        ("f: a b", ["f: a b"]),
        ("f: - b", ["f: - b"]),
        ("f: a b", ["f: a c", "f: c a"]),
        ("d: - a", ["e/d/f: - b"]),
        ("d/f: - a", ["d/g: a b"]),
        ("d/f: - a", ["d/g: a -", "d/h: a b"]),  # the folder is still there
        ("d/f: - a", ["g: a -"]),
        ("d/g: a -, d/h: a b", ["d/f: - a"]),
        ("d/g: a -", ["d/f: a b"]),
    ],
)
def test_not_possible(branch: str, base: list[str]) -> None:
    assert not possible(branch, *base)


def test_what_the_base_did_before_the_fork_does_not_count() -> None:
    assert possible("f: a b", "f: a c")
    assert not possible("f: c b", "f: a c", fork=Fork(2, {}))
    assert not possible("d/f: - a", "d/g: a -", fork=Fork(2, {}))


def test_modes_count() -> None:
    changes = [PathChange(b"f", entry("a"), entry("b"))]
    states = ChainStates(2, [[PathChange(b"f", entry("a"), entry("b", 0o100755))]])
    assert ConflictFilter(states).might_conflict([Demand(FORK, changes)])


@pytest.mark.parametrize(
    ("branch", "differing"),
    [
        ("f: a b", {b"f": entry("c")}),
        ("f: a b", {b"f": None}),
        ("d: - a", {b"d/f": entry("a")}),
        ("d/f: - a", {b"d": entry("a")}),
        ("d/f: - a", {b"d/g": None}),
        ("d/f: a -", {b"d/g": entry("a")}),
    ],
)
def test_what_the_base_held_otherwise_where_it_took_the_fork_in(
    branch: str, differing: dict[bytes, TreeEntry | None]
) -> None:
    assert possible(branch, "x: a b", fork=Fork(1, differing))
    assert not possible(branch, "x: a b", fork=Fork(1, {b"y": entry("a"), b"z": None}))


def test_of_several_merge_bases_nothing_is_said() -> None:
    assert ConflictFilter(ChainStates(2, [])).might_conflict([Demand(FORK, []), Demand(FORK, [])])
    assert not ConflictFilter(ChainStates(2, [])).might_conflict([Demand(FORK, [])])
