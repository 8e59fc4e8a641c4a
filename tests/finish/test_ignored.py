"""Git overwrites ignored files without a word (git-merge(1), --overwrite-ignore); finish does not let it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from finish.journals import Killed
from finish.worlds import BRANCH, World
from git_kas.errors import WouldLoseData

STRATEGIES = ("ff", "no-ff", "squash", "rebase")


def ignore(world: World, *patterns: str) -> None:
    path = world.repo.path / ".git/info/exclude"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{pattern}\n" for pattern in patterns))


def write(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious\n")
    return path


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_ignored_file_where_the_base_is_checked_out_is_not_overwritten(world: World, strategy: str) -> None:
    ignore(world, "a.txt")
    path = write(world.repo.path, "a.txt")
    before = world.snapshot()
    with pytest.raises(WouldLoseData, match=r"untracked or ignored .* would be overwritten: a\.txt"):
        world.merge(strategy)
    assert (path.read_text(), world.snapshot()) == ("precious\n", before)


@pytest.mark.parametrize(
    ("added", "there"), [("[x] *.txt", "[x] *.txt"), ("d", "d/file"), ("d/e/file", "d"), ("-f", "-f")]
)
def test_whatever_its_name_and_kind(world: World, added: str, there: str) -> None:
    world.repo.commit("more", {added: "theirs\n"}, cwd=world.tree)
    ignore(world, "*")
    path = write(world.repo.path, there)
    with pytest.raises(WouldLoseData, match="would be overwritten"):
        world.merge()
    assert path.read_text() == "precious\n"


def test_other_ignored_files_are_in_nobodys_way(world: World) -> None:
    world.repo.commit("more", {"d/new": "theirs\n"}, cwd=world.tree)
    ignore(world, "d", "*.env")
    paths = [write(world.repo.path, name) for name in ("d/other", "a.txt.env", ".env")]
    world.merge()
    assert world.is_done
    assert [path.read_text() for path in paths] == ["precious\n"] * 3


def test_one_that_the_base_has_ceased_to_track(world: World) -> None:
    world.repo.git("rm", "-q", "--cached", "base.txt")
    world.repo.git("commit", "-q", "-m", "base.txt is local now")
    ignore(world, "base.txt")
    path = write(world.repo.path, "base.txt")
    world.merge()
    assert (world.is_done, path.read_text()) == (True, "precious\n")


def test_one_that_appears_after_the_checks(world: World) -> None:
    ignore(world, "a.txt")

    def appear(step: Mapping[str, Any]) -> None:
        if "intent" not in step:
            world.journal.after_write = lambda _: None
            write(world.repo.path, "a.txt")

    world.journal.after_write = appear
    appear({})
    with pytest.raises(WouldLoseData, match="would be overwritten"):
        world.merge()
    assert (world.repo.path / "a.txt").read_text() == "precious\n"


def test_a_rebased_branch_does_not_move_over_one(world: World) -> None:
    """The branch's worktree would get what the base has."""
    world.advance()
    ignore(world, "meanwhile.txt")
    path = write(world.tree, "meanwhile.txt")
    tip = world.tip(BRANCH)
    world.merge("rebase")
    assert (world.is_done, path.read_text(), world.tip(BRANCH)) == (True, "precious\n", tip)


def test_a_base_is_not_moved_back_over_one(world: World) -> None:
    world.repo.git("rm", "-q", "base.txt", cwd=world.tree)
    world.repo.git("commit", "-q", "-m", "base.txt goes", cwd=world.tree)

    def die(step: Mapping[str, Any]) -> None:
        if step.get("fact") == "land":
            raise Killed

    world.journal.after_write = die
    with pytest.raises(Killed):
        world.merge()
    world.journal.after_write = lambda _: None
    ignore(world, "base.txt")
    path = write(world.repo.path, "base.txt")
    landed = world.tip()
    with pytest.raises(WouldLoseData, match="would be overwritten"):
        world.abort()
    assert (path.read_text(), world.tip()) == ("precious\n", landed)
