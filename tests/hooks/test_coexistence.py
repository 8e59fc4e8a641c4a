"""The guard beside the tools that people use, in both orders, and after they are installed once more.

What a tool's hooks do without us is the measure of what they do with us.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.tools import HOOKS, TOOLS, ByHand, Husky4, Husky9, Lefthook, PreCommit, Tool
from hooks.worlds import NOBODY, HookWorld, Seen, snapshot

Make = Callable[..., Tool]


@pytest.fixture
def make(tmp_path: Path, environment: dict[str, str]) -> Make:
    """A world with a tool in it that is configured, not installed; ``twin`` for a second one."""

    def made(kind: type[Tool], name: str = "world") -> Tool:
        tool = kind(HookWorld(tmp_path / name, environment))
        tool.configure()
        return tool

    return made


def everything(tool: Tool) -> list[Seen]:
    """What the hooks are given and how they end, over commits, merges and pushes, by Git and directly."""
    world = tool.world
    seen = []
    for status in (0, 3):
        world.end_with(status)
        seen += [world.commit(f"a-{status}.txt"), world.merge(), world.push()]
    tip = world.repo.git("rev-parse", "HEAD")
    line = f"refs/heads/main {tip} refs/heads/x {NOBODY}\n".encode()
    for status in (0, 3, 42):
        world.end_with(status)
        seen += [
            world.call(tool.effective / "pre-commit"),
            world.call(tool.effective / "pre-merge-commit"),
            world.call(tool.effective / "pre-push", "a remote", "file:///x", stdin=line),
            world.call(tool.effective / "pre-push", "a remote", "file:///x", stdin=line * 2),
        ]
    world.end_with(0)
    return [without_tips(one) for one in seen]


def without_tips(seen: Seen) -> Seen:
    """Object names are of one world, and so is the folder that the remote is in."""
    words = seen.log.replace("twin/", "world/").split(" ")
    return Seen(seen.status, " ".join("TIP" if len(word) == 40 else word for word in words))


@pytest.mark.parametrize("kind", TOOLS, ids=lambda kind: str(kind.name))
@pytest.mark.parametrize("ours_first", [False, True], ids=["theirs-first", "ours-first"])
def test_their_hooks_do_what_they_do_without_us(kind: type[Tool], make: Make, *, ours_first: bool) -> None:
    twin, tool = make(kind, "twin"), make(kind)
    if ours_first:
        tool.world.install()
    assert twin.install() == 0
    assert tool.install() == 0
    if ours_first and kind is Husky4:  # which leaves a hook alone that it did not write
        assert tool.world.commit("x.txt") == Seen(0, "")
        assert tool.world.kas("uninstall").status == 0
        assert tool.install() == 0
    reference = everything(twin)
    assert [one.status for one in reference[:3]] == [0, 0, 0]
    assert 0 not in [one.status for one in reference[3:5]]
    assert {one.log.split()[0] for one in reference if one.log} == {f"theirs-{hook}" for hook in HOOKS}
    tool.world.install()
    assert everything(tool) == reference
    tool.world.check_guarded()
    assert tool.world.states()["pre-commit"]["layout"] == (
        "other" if kind is TOOLS[0] else expected_layout(tool)
    )


def expected_layout(tool: Tool) -> str:
    return "other" if isinstance(tool, Husky9) and tool.name == "husky-9" else tool.name


@pytest.mark.parametrize("kind", TOOLS, ids=lambda kind: str(kind.name))
def test_nothing_is_left_of_us(kind: type[Tool], make: Make) -> None:
    tool = make(kind)
    assert tool.install() == 0
    before = [snapshot(tool.folder), snapshot(tool.effective), snapshot(tool.world.hooks)]
    configuration = (tool.world.top / ".git/config").read_bytes()
    tool.world.install()
    tool.world.check_guarded()
    assert tool.world.kas("uninstall").status == 0
    assert [snapshot(tool.folder), snapshot(tool.effective), snapshot(tool.world.hooks)] == before
    assert (tool.world.top / ".git/config").read_bytes() == configuration
    assert not tool.world.refuses_commit()


@pytest.mark.parametrize(
    ("kind", "by_hand"),
    [(kind, by_hand) for kind in TOOLS[:-1] for by_hand in (False, True) if kind is not ByHand or not by_hand],
)
def test_ours_first_and_gone_as_if_never_there(kind: type[Tool], make: Make, *, by_hand: bool) -> None:
    twin, tool = make(kind, "twin"), make(kind)
    for one in (twin, tool):
        if by_hand:
            for hook in HOOKS:
                one.world.write_hook(hook)
    tool.world.install()
    assert twin.install() == 0
    assert tool.install() == 0
    tool.world.install()
    tool.world.check_guarded()
    assert tool.world.kas("uninstall").status == 0
    expected, found = [snapshot(one.world.hooks, times=False) for one in (twin, tool)]
    assert of_one_world(found) == of_one_world(expected)
    assert snapshot(tool.folder, times=False).keys() == snapshot(twin.folder, times=False).keys()


def of_one_world(entries: dict[str, tuple[object, ...]]) -> dict[str, str]:
    return {name: repr(entry).replace("/twin/", "/world/") for name, entry in entries.items()}


@pytest.mark.parametrize("kind", TOOLS[1:], ids=lambda kind: str(kind.name))
@pytest.mark.parametrize("ours_first", [False, True], ids=["theirs-first", "ours-first"])
def test_installed_once_more_the_guard_holds_or_status_says_so(
    kind: type[Tool], make: Make, *, ours_first: bool
) -> None:
    tool = make(kind)
    if ours_first:
        tool.world.install()
        tool.install()
        check_truth(tool)
    else:
        tool.install()
    tool.world.install()
    for words in (*kind.again, *reversed(kind.again)):
        tool.install(*words.split())
        active = check_truth(tool)
        assert active or words or tool.name == "lefthook"
        tool.world.install()
        tool.world.check_guarded()
        if not ours_first or kind is not Husky4:
            tool.world.end_with(3)
            assert tool.world.commit("x.txt").status != 0
            tool.world.end_with(0)


def check_truth(tool: Tool) -> bool:
    """Status says of a hook that it is active exactly if the guard refuses there."""
    said = tool.world.states()
    active = {hook: state["force"] == "active" for hook, state in said.items()}
    assert active["pre-commit"] == tool.world.refuses_commit(), said
    assert active["pre-push"] == tool.world.refuses_push(), said
    return bool(active["pre-commit"])


def test_lefthook_renames_ours_when_its_configuration_changes(make: Make) -> None:
    tool = make(Lefthook)
    tool.install()
    tool.world.install()
    text = (tool.world.top / "lefthook.yml").read_text()
    later(tool, text.replace("note", "notes"), 100)
    tool.world.commit("a.txt")
    assert tool.world.troubles() == ["moved_aside"]
    assert "no_auto_install" in tool.world.kas("status").out
    assert not tool.world.refuses_commit()
    tool.world.install()
    tool.world.check_guarded()
    later(tool, text.replace('"output"', '"no_auto_install": true, "output"'), 200)
    tool.world.commit("b.txt")
    tool.world.check_guarded()
    assert tool.world.kas("uninstall").status == 0
    assert not [name for name in snapshot(tool.folder) if "kas" in name or name.endswith(".old")]


def later(tool: Tool, text: str, seconds: int) -> None:
    """Write lefthook's configuration with a time of its own: it looks at whole seconds before anything else."""
    tool.file("lefthook.yml", text)
    path = tool.world.top / "lefthook.yml"
    when = int(path.stat().st_mtime) + seconds
    os.utime(path, (when, when))


def test_pre_commit_is_asked_after_ours_and_a_hook_by_hand(make: Make) -> None:
    tool = make(PreCommit)
    tool.world.write_hook("pre-commit")
    before = snapshot(tool.folder)
    tool.world.install()
    tool.install()
    assert tool.world.commit("a.txt") == Seen(0, "mine-pre-commit\ntheirs-pre-commit\n")
    assert tool.world.states()["pre-commit"]["path"].endswith("pre-commit.legacy")
    tool.world.check_guarded()
    tool.world.ok("pre-commit", "uninstall")
    tool.world.check_guarded()
    assert tool.world.kas("uninstall").status == 0
    assert snapshot(tool.folder) == before


def test_what_pre_commit_throws_away_is_named(make: Make) -> None:
    tool = make(PreCommit)
    tool.world.write_hook("pre-commit")
    tool.world.install()
    tool.install()
    tool.install("-f")
    assert tool.world.troubles() == ["left_over"]
    assert tool.world.commit("a.txt") == Seen(0, "theirs-pre-commit\n")
    said = tool.world.kas("uninstall")
    assert "pre-commit.chained-by-git-kas stays" in said.err
    tool.world.install()
    assert tool.world.commit("b.txt") == Seen(0, "mine-pre-commit\ntheirs-pre-commit\n")


def test_husky_in_a_worktree_where_it_was_not_run(make: Make) -> None:
    tool = make(Husky9)
    tool.install()
    tool.world.install()
    tool.world.ok("git", "add", "-A")
    tool.world.ok("git", "commit", "-qm", "the guard for everybody")
    assert "/bin/git-kas" not in (tool.folder / "pre-commit").read_text()
    linked = tool.world.repo.worktree("linked")
    assert tool.world.troubles(cwd=linked) == ["no_runner"]
    assert not tool.world.refuses_commit(cwd=linked)
    tool.world.run("cp", "-r", tool.effective, linked / ".husky/_")
    assert tool.world.troubles(cwd=linked) == []
    assert tool.world.refuses_commit(cwd=linked)
    assert tool.world.commit("a.txt", cwd=linked) == Seen(0, "theirs-pre-commit\n")
