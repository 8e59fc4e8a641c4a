"""Going on and taking back: after a death at any step, conflicts, and what others have done meanwhile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from finish.journals import Killed
from finish.worlds import BRANCH, PLAN, World
from git_kas.domain.finish import Choice
from git_kas.domain.lifecycle import Event
from git_kas.errors import AlreadyExists, ChecksFailed, Conflict, NotFound, StoreCorrupt, WouldLoseData
from git_kas.usecases.finish_ports import State, Wish
from support import Repo

STRATEGIES = ("ff", "no-ff", "squash", "rebase")
PLACES = ("here", "elsewhere", "nowhere")
ENDS = ("continue", "abort")
FULL = os.environ.get("KAS_FAULT_WALK") == "full"


def place_base(world: World, where: str) -> None:
    if where == "elsewhere":
        world.base_elsewhere()
    elif where == "nowhere":
        world.base_nowhere()


def kill_at(world: World, number: int, when: str) -> bool:
    """Merge, dying at the ``number``-th write of the journal, before or after it; whether it came to that."""
    seen = 0

    def die(step: Mapping[str, Any]) -> None:
        nonlocal seen
        del step
        seen += 1
        if seen == number:
            raise Killed

    setattr(world.journal, f"{when}_write", die)
    try:
        world.merge(world_strategy(world))
    except Killed:
        return True
    finally:
        setattr(world.journal, f"{when}_write", lambda _: None)
    return False


def world_strategy(world: World) -> str:
    return str(vars(world).get("strategy", "no-ff"))


ALL = [(strategy, where, end) for strategy in STRATEGIES for where in PLACES for end in ENDS]
SOME = [
    ("ff", "elsewhere", "continue"),
    ("no-ff", "here", "continue"),
    ("no-ff", "nowhere", "abort"),
    ("squash", "nowhere", "continue"),
    ("squash", "here", "abort"),
    ("rebase", "here", "continue"),
    ("rebase", "nowhere", "abort"),
]


@pytest.mark.parametrize(("strategy", "where", "end"), ALL if FULL else SOME)
def test_killed_at_every_step(
    repo: Repo, environment: dict[str, str], strategy: str, where: str, end: str
) -> None:
    """One repository, killed at each step in turn: aborted it is as before, continued it is done."""
    world = World(repo, environment)
    vars(world)["strategy"] = strategy
    if strategy != "ff":
        world.advance()
    place_base(world, where)
    before = {"main": world.tip(), BRANCH: world.tip(BRANCH)}
    steps = 0
    for number in range(1, 40):
        for when in ("before", "after"):
            if not kill_at(world, number, when):
                assert world.is_done
                break
            steps += 1
            world.fsck()
            if end == "continue":
                check_continues(world)
            elif world.is_done and any_open(world):
                with pytest.raises(ChecksFailed, match="not taken back"):
                    world.abort()
                check_continues(world)
            elif not world.is_done:
                check_aborts(world, before)
            start_anew(world, before)
        else:
            continue
        break
    assert steps > 10


def check_continues(world: World) -> None:
    if any_open(world):
        assert world.go_on().state is State.DONE
        assert world.is_done
        assert world.moves.count("review_approved") == vars(world).get("rounds", 0) + 1
        assert world.repo.git("show", "main:b.txt") == "b"
    check_nothing_lies_about(world)


def check_aborts(world: World, before: Mapping[str, str]) -> None:
    if any_open(world):
        assert world.abort().state is State.ABORTED
    assert {name: world.tip(name) for name in before} == before
    assert world.status == "reviewing"
    check_nothing_lies_about(world)


def any_open(world: World) -> bool:
    return any(record.steps[-1].get("fact") != "end" for record in world.journal.operations())


def check_nothing_lies_about(world: World) -> None:
    world.fsck()
    assert ".git/kas/finish" not in world.repo.git("worktree", "list")
    assert all(status == "" for status in world.snapshot()["status"].values())
    with pytest.raises(NotFound, match="No finish is open"):
        world.go_on()


def start_anew(world: World, before: Mapping[str, str]) -> None:
    """Put branches and plan back for the next death."""
    for name, commit in before.items():
        if world.tip(name) != commit:
            worktree = world.app().git_folders.worktrees(world.app().location)
            folder = next((tree.path for tree in worktree if tree.branch == name), None)
            if folder:
                world.repo.git("-C", folder, "reset", "-q", "--keep", commit)
            else:
                world.repo.git("update-ref", f"refs/heads/{name}", commit)
    if world.is_done:
        vars(world)["rounds"] = vars(world).get("rounds", 0) + 1
        world.move(Event.REQUEST_REVIEW)


# -- conflicts -----------------------------------------------------------------------------------------------


def conflicting_rebase(world: World) -> None:
    """A branch that merges cleanly, but whose first commit alone does not."""
    world.repo.commit("first try", {"base.txt": "1\ntwo\nthree\nfour\nfive\n"}, cwd=world.tree)
    world.repo.commit("no, back", {"base.txt": "one\ntwo\nthree\nfour\nfive\n"}, cwd=world.tree)
    world.repo.commit("theirs", {"base.txt": "uno\ntwo\nthree\nfour\nfive\n"})


def stop_at_conflict(world: World) -> str:
    """The folder where the rebase stopped."""
    conflicting_rebase(world)
    before = world.snapshot()
    with pytest.raises(ChecksFailed, match=r"The rebase stopped in .* at conflicts in base\.txt") as raised:
        world.merge("rebase")
    after = world.snapshot()
    assert after["refs"] == before["refs"]
    assert {k: after["status"][k] for k in before["status"]} == before["status"]
    return str(raised.value).split(" in ")[1].split(" at conflicts")[0]


def test_a_rebase_goes_on_when_its_conflicts_are_settled(world: World) -> None:
    folder = stop_at_conflict(world)
    with pytest.raises(ChecksFailed, match="stopped"):
        world.go_on()
    while world.repo.git("-C", folder, "diff", "--name-only", "--diff-filter=U"):
        world.repo.git("-C", folder, "checkout", "--ours", "base.txt")
        world.repo.git("-C", folder, "add", "base.txt")
        try:
            world.go_on()
        except ChecksFailed:
            continue
        break
    assert world.is_done
    assert world.repo.git("show", "main:base.txt").startswith("uno")
    assert world.log()[:2] == ["add b", "add a"]
    assert ".git/kas/finish" not in world.repo.git("worktree", "list")


def test_no_editor_is_opened_where_nobody_can_type(world: World) -> None:
    world.environment |= {"EDITOR": "false", "VISUAL": "false", "GIT_EDITOR": "false"}
    world.repo.git("config", "core.editor", "false")
    folder = stop_at_conflict(world)
    for text in ("settled\n", "settled otherwise\n"):
        (Path(folder) / "base.txt").write_text(text)
        world.repo.git("-C", folder, "add", "base.txt")
        with suppress(ChecksFailed):
            world.go_on()
    assert world.is_done
    assert world.log()[:2] == ["no, back", "first try"]


def test_a_rebase_that_the_user_has_ended_himself_goes_on(world: World) -> None:
    folder = stop_at_conflict(world)
    with pytest.raises(AssertionError, match="no, back"):
        world.repo.git("-C", folder, "rebase", "--skip")
    world.repo.git("-C", folder, "rebase", "--skip")
    world.go_on()
    assert world.is_done


def test_a_rebase_can_be_taken_back(world: World) -> None:
    stop_at_conflict(world)
    base = world.tip("main")
    assert world.abort().did == ["the rebase was aborted"]
    assert (world.tip("main"), world.status) == (base, "reviewing")
    assert ".git/kas/finish" not in world.repo.git("worktree", "list")


@pytest.mark.parametrize("strategy", ["no-ff", "squash"])
@pytest.mark.parametrize("end", ["continue", "abort"])
def test_a_merge_that_stops_at_conflicts(world: World, strategy: str, end: str) -> None:
    """The trial said nothing: the base has moved between trial and merge."""
    moved: list[str] = []

    def move_base(step: Mapping[str, Any]) -> None:
        if step.get("intent") == "land" and not moved:
            moved.append(world.repo.commit("meanwhile", {"a.txt": "theirs\n"}))

    world.journal.after_write = move_base
    with pytest.raises(ChecksFailed, match=r"The merge stopped in .* at conflicts in a\.txt"):
        world.merge(strategy)
    with pytest.raises(AlreadyExists, match="was begun and is not over") as raised:
        world.merge(strategy)
    assert "--continue" in raised.value.next_step
    assert "--abort" in raised.value.next_step
    if end == "abort":
        world.abort()
        assert (world.tip(), world.status_of(world.repo.path), world.status) == (moved[0], "", "reviewing")
        return
    with pytest.raises(ChecksFailed, match="stopped"):
        world.go_on()
    (world.repo.path / "a.txt").write_text("both\n")
    world.repo.git("add", "a.txt")
    world.go_on()
    assert world.is_done
    assert world.message().splitlines()[0] == "merge plan branch plan/x"
    assert len(world.parents()) == (2 if strategy == "no-ff" else 1)


def test_settled_conflicts_survive_a_hook_that_refuses(world: World) -> None:
    test_hook = world.hook("commit-msg", "exit 1")
    test_hook.rename(test_hook.with_suffix(".off"))

    def move_base(step: Mapping[str, Any]) -> None:
        if step.get("intent") == "land":
            world.journal.after_write = lambda _: None
            world.repo.commit("meanwhile", {"a.txt": "theirs\n"})

    world.journal.after_write = move_base
    with pytest.raises(ChecksFailed, match="stopped"):
        world.merge()
    (world.repo.path / "a.txt").write_text("both\n")
    world.repo.git("add", "a.txt")
    test_hook.with_suffix(".off").rename(test_hook)
    with pytest.raises(ChecksFailed, match=r"commit-msg refused .* stay settled"):
        world.go_on()
    assert (world.repo.path / "a.txt").read_text() == "both\n"
    test_hook.unlink()
    world.go_on()
    assert world.repo.git("show", "main:a.txt") == "both"


# -- what others do meanwhile --------------------------------------------------------------------------------


def die_after(world: World, kind: str, stage: str) -> None:
    def die(step: Mapping[str, Any]) -> None:
        if step.get(kind) == stage:
            raise Killed

    world.journal.after_write = die


def merge_and_die(world: World, kind: str, stage: str, strategy: str = "no-ff") -> None:
    die_after(world, kind, stage)
    with pytest.raises(Killed):
        world.merge(strategy)
    world.journal.after_write = lambda _: None


@pytest.mark.parametrize("strategy", ["no-ff", "squash", "rebase"])
def test_a_base_that_has_moved_meanwhile_is_landed_on(world: World, strategy: str) -> None:
    merge_and_die(world, "intent", "land", strategy)
    world.repo.commit("meanwhile", {"other.txt": "o\n"})
    world.go_on()
    assert world.repo.git("show", "main:other.txt") == "o"
    assert world.repo.git("show", "main:a.txt") == "a"


def test_a_base_that_has_moved_meanwhile_cannot_be_moved_forward(world: World) -> None:
    merge_and_die(world, "intent", "land", "ff")
    world.repo.commit("meanwhile", {"other.txt": "o\n"})
    with pytest.raises(Conflict, match="no longer be moved forward"):
        world.go_on()
    assert world.abort().state is State.ABORTED
    assert world.log()[0] == "meanwhile"


def test_a_base_that_somebody_has_moved_on_is_never_moved_back(world: World) -> None:
    merge_and_die(world, "fact", "land")
    landed = world.tip()
    new = world.repo.commit("on top", {"top.txt": "t\n"})
    with pytest.raises(WouldLoseData, match=f"has moved on from {landed[:12]}"):
        world.abort()
    assert world.tip() == new
    assert world.go_on().state is State.DONE


def test_a_base_that_was_pushed_is_never_moved_back(world: World) -> None:
    merge_and_die(world, "fact", "land")
    landed = world.tip()
    world.repo.git("update-ref", "refs/remotes/origin/main", landed)
    with pytest.raises(WouldLoseData, match="has been pushed"):
        world.abort()
    assert world.tip() == landed


def test_files_changed_since_are_not_touched_by_taking_back(world: World) -> None:
    merge_and_die(world, "fact", "land")
    landed = world.tip()
    (world.repo.path / "base.txt").write_text("mine\n")
    with pytest.raises(WouldLoseData, match="1 tracked path is changed"):
        world.abort()
    assert (world.tip(), (world.repo.path / "base.txt").read_text()) == (landed, "mine\n")


def test_staged_work_of_the_user_is_not_taken_for_ours(world: World) -> None:
    """Killed before it began; then somebody staged something of his own in the base's worktree."""
    merge_and_die(world, "intent", "land", "squash")
    (world.repo.path / "mine.txt").write_text("mine\n")
    world.repo.git("add", "mine.txt")
    with pytest.raises(WouldLoseData, match="1 tracked path is changed"):
        world.go_on()
    assert world.abort().did == []
    assert world.status_of(world.repo.path) == "A  mine.txt"


def test_a_plan_that_somebody_else_has_ended(world: World) -> None:
    merge_and_die(world, "fact", "land")
    world.move(Event.REVIEW_APPROVED)
    assert world.go_on().state is State.DONE
    assert world.moves == []


def test_which_one_is_meant(world: World) -> None:
    with pytest.raises(NotFound, match="No finish of"):
        world.finishing().go_on(PLAN, None)
    merge_and_die(world, "intent", "land")
    with pytest.raises(AlreadyExists):
        world.finishing().begin(Wish(PLAN, Choice.KEEP))
    with pytest.raises(AlreadyExists):
        world.dry_run()
    assert world.finishing().go_on(PLAN, None).state is State.DONE


def test_a_journal_without_a_question(world: World) -> None:
    world.journal.begin("finish", {"plan": "../x"}, 1)
    with pytest.raises(StoreCorrupt, match="does not say what was asked"):
        world.go_on()
