"""``git kas init``: what it prepares, and that it leaves no trace."""

from __future__ import annotations

import os
from pathlib import Path

from plan_commands import Plans
from support import Repo

SIGNALS = "docs/plans/.signals/.gitignore"


def found(plans: Plans, *options: str, status: int = 0, cwd: Path | None = None) -> dict[str, tuple[str, str]]:
    finished = plans("init", *options, "--json", cwd=cwd)
    assert finished.status == status, finished
    assert finished.data["untrack"] is None
    return {file["path"]: (file["state"], file["effect"]) for file in finished.data["files"]}


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "index")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_there_and_back(plans: Plans) -> None:
    exclude = plans.path / ".git/info/exclude"
    exclude.write_bytes(b"*.o\n*.tmp")  # without an end of the last line
    before = everything(plans.path)
    assert found(plans, "--check", status=1)[SIGNALS] == ("missing", "unchanged")
    assert found(plans, "--dry-run")[SIGNALS] == ("missing", "created")
    assert everything(plans.path) == before
    assert set(found(plans).values()) == {("missing", "created")}
    written = everything(plans.path)
    assert set(written) - set(before) == {SIGNALS}
    assert exclude.read_bytes() == b"*.o\n*.tmp\n# git kas init: worktrees of plans\n/.worktrees/\n"
    assert set(found(plans, "--check").values()) == {("current", "unchanged")}
    assert set(found(plans).values()) == {("current", "unchanged")}
    assert everything(plans.path) == written
    assert set(found(plans, "--remove").values()) == {("current", "removed")}
    after = everything(plans.path)
    assert after.pop(".git/info/exclude") == b"*.o\n*.tmp\n"
    del before[".git/info/exclude"]
    assert after == before
    assert not (plans.path / "docs").exists()


def test_each_file_is_listed_by_its_whole_path(plans: Plans) -> None:
    assert plans.out("init") == (
        f"created   {plans.path}/{SIGNALS}\ncreated   {plans.path}/.git/info/exclude\n"
    )


def test_git_sees_neither_signals_nor_worktrees(plans: Plans, repo: Repo) -> None:
    plans.out("init")
    plans.out("plan", "create", "a")
    plans.out("signal", "planner_finished", "a")
    repo.git("worktree", "add", "-q", "-b", "plan/a", ".worktrees/plan-a")
    assert repo.git("status", "--porcelain") == ""


def test_a_linked_worktree_gets_its_own_folder_and_shares_the_rule(plans: Plans, repo: Repo) -> None:
    linked = repo.worktree("linked")
    plans.out("init")
    assert [effect for _, effect in found(plans, cwd=linked).values()] == ["created", "unchanged"]
    assert (linked / SIGNALS).is_file()
    assert repo.git("status", "--porcelain", cwd=linked) == ""


def test_the_configured_plans_folder_is_used(plans: Plans, repo: Repo) -> None:
    repo.git("config", "kas.plans", "notes/plans")
    assert "notes/plans/.signals/.gitignore" in found(plans)


def test_what_is_not_ours_is_left_alone(plans: Plans) -> None:
    ignore = plans.path / SIGNALS
    ignore.parent.mkdir(parents=True)
    ignore.write_text("*\n!.gitignore\n")
    finished = plans("init")
    assert finished.status == 0
    assert f"{SIGNALS} is foreign and was left alone" in finished.err
    assert found(plans, "--remove")[SIGNALS] == ("foreign", "left")
    assert ignore.read_text() == "*\n!.gitignore\n"


def test_the_folder_of_waiting_signals_stays(plans: Plans) -> None:
    plans.out("init")
    plans.out("plan", "create", "a")
    plans.out("signal", "planner_finished", "a")
    before = everything(plans.path)
    error = plans.refused("init", "--remove")
    assert (error.exit, error.code) == (8, "would_lose_data")
    assert everything(plans.path) == before


def test_no_link_is_followed(plans: Plans, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(outside, plans.path / "docs")
    assert plans.refused("init").exit == 1
    assert list(outside.iterdir()) == []


def test_a_bare_repository_has_nothing_to_prepare(plans: Plans) -> None:
    assert plans.refused("init", cwd=plans.path / ".git").code == "not_found"
    assert plans.refused("init", "--check", "--untrack").exit == 2
