"""``git kas doctor`` on settings, plans, state files, operations, clones and readers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scenario.doctoring import Doctor, age, only, set_aside
from support import DAY, Repo, Run

STATE = "docs/plans/plan-state.json"


# -- sections of branches ----------------------------------------------------------------------------------

ODD_BRANCHES = ["plain", "plan/deep/er", "a.b.c", "ünï", 'with"quote', "Case"]


@pytest.mark.parametrize("branch", ODD_BRANCHES)
def test_section_without_its_branch_is_removed_and_kept(repo: Repo, doctor: Doctor, branch: str) -> None:
    repo.git("branch", branch)
    for key, value in (("remote", "origin"), ("description", 'two\nlines, "quoted" \\ back')):
        repo.git("config", f"branch.{branch}.{key}", value)
    repo.git("config", "branch.main.remote", "origin")
    assert doctor() == []
    repo.git("update-ref", "-d", f"refs/heads/{branch}")
    assert only(doctor(), "branch_settings")["subject"] == branch
    assert only(doctor("--fix"), "branch_settings")["fixed"]
    (kept,) = set_aside(repo)
    read = repo.git("config", "--file", str(kept), "--get", f"branch.{branch}.description")
    assert read == 'two\nlines, "quoted" \\ back'
    assert repo.git("config", "--get-regexp", r"^branch\.") == "branch.main.remote origin"


def test_section_of_a_branch_about_to_be_born_is_left(repo: Repo, doctor: Doctor) -> None:
    repo.git("checkout", "-q", "--orphan", "unborn", cwd=repo.worktree("side"))
    repo.git("config", "branch.unborn.remote", "origin")
    assert doctor("--fix") == []


def test_section_of_a_damaged_branch_is_left(repo: Repo, doctor: Doctor) -> None:
    """A power failure may leave an empty file where the branch was."""
    (repo.path / ".git/refs/heads/damaged").touch()
    repo.git("config", "branch.damaged.remote", "origin")
    assert doctor("--fix") == []


def test_user_s_own_configuration_is_not_touched(
    repo: Repo, doctor: Doctor, environment: dict[str, str]
) -> None:
    config = Path(environment["HOME"]) / ".gitconfig"
    config.write_text(config.read_text() + '[branch "gone"]\n\trebase = true\n')
    assert doctor("--fix") == []


def test_each_section_is_settled_on_its_own(repo: Repo, doctor: Doctor) -> None:
    for name in ("one", "two", "three"):
        repo.git("config", f"branch.{name}.remote", "origin")
    assert [row["fixed"] for row in doctor("--fix")] == [True, True, True]
    assert len(set_aside(repo)) == 3


def test_a_fix_that_fails_is_told(repo: Repo, doctor: Doctor) -> None:
    for name in ("one", "two"):
        repo.git("config", f"branch.{name}.remote", "origin")
    (repo.path / ".git/config.lock").touch()
    rows = doctor("--fix")
    assert [row["fixed"] for row in rows] == [False, False]
    assert "config" in rows[0]["note"]


# -- settings of the main worktree -------------------------------------------------------------------------


def test_shared_core_worktree_is_moved(repo: Repo, doctor: Doctor) -> None:
    """The linked worktree works on the main one's files until this is mended."""
    linked = repo.worktree("side")
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--file", str(repo.path / ".git/config"), "core.worktree", str(repo.path))
    assert repo.git("rev-parse", "--show-toplevel", cwd=linked) == str(repo.path)
    row = only(doctor("--fix"), "shared_settings")
    assert (row["subject"], row["fixed"]) == ("core.worktree", True)
    for path in (repo.path, linked):
        assert repo.git("rev-parse", "--show-toplevel", cwd=path) == str(path)
    assert doctor() == []


def test_shared_core_bare_is_moved(repo: Repo, doctor: Doctor, new_repo: Callable[..., Repo]) -> None:
    bare = new_repo("bare.git", "--bare")
    repo.git("push", "-q", str(bare.path), "main")
    linked = bare.path.parent / "linked"
    bare.git("worktree", "add", "-q", str(linked), "main")
    bare.git("config", "extensions.worktreeConfig", "true")
    with pytest.raises(AssertionError, match="work tree"):
        bare.git("status", cwd=linked)
    assert only(doctor("--fix", cwd=linked), "shared_settings")["fixed"]
    assert bare.git("status", "--porcelain", cwd=linked) == ""
    assert bare.git("rev-parse", "--is-bare-repository") == "true"
    assert doctor(cwd=linked) == []


def test_contradicting_settings_are_left(repo: Repo, doctor: Doctor) -> None:
    repo.worktree("side")
    repo.git("config", "extensions.worktreeConfig", "true")
    for file, value in (("config", str(repo.path)), ("config.worktree", "/elsewhere")):
        repo.git("config", "--file", str(repo.path / ".git" / file), "core.worktree", value)
    row = next(row for row in doctor("--fix") if row["check"] == "shared_settings")
    assert (row["fix"], row["fixed"]) == (None, False)


def test_core_worktree_that_leads_to_a_linked_worktree(repo: Repo, doctor: Doctor) -> None:
    linked = repo.worktree("side")
    repo.git("config", "core.worktree", str(linked))
    row = only(doctor("--fix"), "core_worktree")
    assert (row["subject"], row["fixed"]) == (str(linked), False)


def test_core_worktree_that_leads_nowhere(repo: Repo, doctor: Doctor) -> None:
    linked = repo.worktree("side")
    repo.git("config", "core.worktree", "/nowhere")
    assert only(doctor(cwd=linked), "core_worktree")["evidence"][1] == "/nowhere is missing"


def test_repository_that_calls_itself_bare(repo: Repo, doctor: Doctor) -> None:
    linked = repo.worktree("side")
    repo.git("config", "core.bare", "true")
    row = only(doctor("--fix", cwd=linked), "core_bare")
    assert (row["subject"], row["fixed"]) == (str(repo.path), False)


# -- plans and state files ---------------------------------------------------------------------------------


def test_plans_in_work_without_branch(repo: Repo, doctor: Doctor) -> None:
    repo.git("branch", "plan/here")
    repo.write_state(
        {
            "2026-01-01-gone.md": {"status": "implementing", "branch": "plan/gone"},
            "2026-01-01-here.md": {"status": "reviewing", "branch": "plan/here"},
            "2026-01-01-later.md": {"status": "ready"},
        }
    )
    row = only(doctor("--fix"), "no_branch")
    assert (row["subject"], row["fixed"]) == ("2026-01-01-gone.md", False)
    assert row["evidence"][1] == "there is no branch plan/gone"


def test_two_plans_on_one_branch(repo: Repo, doctor: Doctor) -> None:
    repo.git("branch", "shared")
    repo.write_state({f"{name}.md": {"status": "ready", "branch": "shared"} for name in ("a", "b")})
    row = only(doctor(), "shared_branch")
    assert (row["subject"], row["evidence"]) == ("shared", ["of a.md, b.md"])


def test_tracked_state_file(repo: Repo, doctor: Doctor) -> None:
    repo.git("switch", "-q", "-c", "side")
    repo.commit("state", {STATE: '{"plans": {}}\n'})
    repo.git("switch", "-q", "main")
    row = only(doctor(), "tracked_state")
    assert (row["subject"], row["evidence"]) == (STATE, ["tracked by refs/heads/side"])


def test_store_that_cannot_be_opened_hides_nothing_else(repo: Repo, doctor: Doctor) -> None:
    repo.git("config", "branch.gone.remote", "origin")
    rows = {row["check"]: row for row in doctor("--store", "nonsense")}
    assert rows.keys() == {"no_branch", "shared_branch", "branch_settings"}
    assert [row["failed_to_look"] for row in rows.values()] == [False, True, True]


# -- operations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["merge", "rebase"])
def test_operation_that_stands_still(repo: Repo, doctor: Doctor, kind: str) -> None:
    repo.commit("common", {"file.txt": "common"})
    linked = repo.worktree("theirs")
    repo.commit("theirs", {"file.txt": "theirs"}, cwd=linked)
    repo.commit("ours", {"file.txt": "ours"})
    with pytest.raises(AssertionError):
        repo.git(kind, "theirs" if kind == "merge" else "--merge", *([] if kind == "merge" else ["theirs"]))
    assert doctor() == []
    marker = repo.path / ".git" / ("MERGE_HEAD" if kind == "merge" else "rebase-merge")
    for path in [marker, *marker.glob("*")]:
        age(path, 8 * DAY)
    row = only(doctor("--fix"), "old_operation")
    assert (row["subject"], row["evidence"]) == (str(repo.path), [f"{kind}, untouched for 8 days"])
    repo.git(kind, "--abort")
    assert doctor() == []


# -- clones, readers and versions --------------------------------------------------------------------------


def test_shallow_clone(repo: Repo, doctor: Doctor, tmp_path: Path) -> None:
    repo.commit()
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--depth=1", repo.path.as_uri(), str(clone))
    assert only(doctor(cwd=clone), "shallow")["subject"] == str(clone / ".git")


def test_reader_that_refuses(repo: Repo, doctor: Doctor) -> None:
    repo.commit()
    repo.git("replace", "--graft", "main")
    repo.git("config", "kas.reader", "pygit2")
    rows = {row["check"]: row for row in doctor()}
    assert not rows["reader"]["failed_to_look"]
    assert rows["branch_settings"]["failed_to_look"]
    repo.git("config", "kas.reader", "gitcli")
    assert doctor() == []


@pytest.mark.parametrize(
    ("version", "partial", "count"),
    [
        ("2.29.1", "no", 1),
        ("2.30.0", "no", 0),
        ("2.39.5", "yes", 1),
        ("2.45.0", "yes", 0),
        ("2.29.9", "yes", 1),
    ],
)
def test_version_of_git(
    repo: Repo, doctor: Doctor, environment: dict[str, str], version: str, partial: str, count: int
) -> None:
    if partial == "yes":
        repo.git("config", "remote.origin.promisor", "true")
    fake = repo.path.parent / "fake"
    fake.mkdir()
    real = repo.git("--exec-path")
    (fake / "git").write_text(
        f'#!/bin/sh\ncase " $* " in *" version ") echo "git version {version} (some build)";;\n'
        f'*) exec {real}/git "$@";; esac\n'
    )
    (fake / "git").chmod(0o755)
    path = f"{fake}{os.pathsep}{environment['PATH']}"
    rows = doctor("git_version", env={"PATH": path})
    assert [row["check"] for row in rows] == ["git_version"] * count


# -- the command itself ------------------------------------------------------------------------------------


def test_checks_are_chosen_by_name(repo: Repo, doctor: Doctor, kas: Run) -> None:
    repo.git("config", "branch.gone.remote", "origin")
    assert doctor("lock_file", "missing-folder") == []
    assert len(doctor("branch-settings")) == 1
    refused = kas("doctor", "nonsense", cwd=repo.path)
    assert (refused.status, refused.err.splitlines()[0]) == (2, "git-kas: 'nonsense' is no check.")


def test_text_for_a_pipe(repo: Repo, kas: Run) -> None:
    repo.git("config", "branch.gone.remote", "origin")
    finished = kas("doctor", cwd=repo.path)
    assert (finished.status, finished.out.split("\n")[1].split()[:3]) == (
        1,
        ["hint", "branch_settings", "gone"],
    )


def test_list_names_every_check(repo: Repo, kas: Run) -> None:
    finished = kas("doctor", "--list", "--json", cwd=repo.path)
    assert finished.status == 0
    assert {"lock_file", "shallow"} < {row["check"] for row in finished.data}
