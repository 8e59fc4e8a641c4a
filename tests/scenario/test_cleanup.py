"""What cleanup removes, what it keeps and why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from janitor import assert_restored, codes, finish, flags, merged_branch, merged_worktree, picture, rows
from support import EPOCH, Repo, Run

Obstacle = Callable[[Repo, Path, Run], Any]


def test_a_dry_run_says_what_would_go_and_changes_nothing(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "merged")
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    dry = kas("cleanup", "--json", cwd=repo.path)
    assert (dry.status, dry.data["operation"], dry.data["executed"]) == (0, None, False)
    found = rows(dry.data)
    assert found["branch", "merged"]["action"] == "remove"
    assert found["branch", "plan/done"]["action"] == "remove"
    row = found["worktree", path.name]
    assert (row["action"], row["done"], row["plan"]) == ("remove", False, "done.md")
    assert row["size"] > 0
    assert path.exists()
    assert "merged" in repo.git("branch")
    assert not (repo.path / ".git/kas/operations").exists()


def test_what_is_safe_goes(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "merged")
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    done = kas("cleanup", "--execute", "--json", cwd=repo.path)
    assert done.status == 0, done
    assert all(row["done"] == (row["action"] == "remove") for row in done.data["rows"])
    assert not path.exists()
    assert repo.git("branch", "--format=%(refname:short)") == "main"
    assert repo.git("worktree", "list").count("\n") == 0
    again = kas("cleanup", "--execute", "--json", cwd=repo.path)
    assert (again.data["operation"], again.data["rows"]) == (None, [])


def test_the_reflog_of_head_tells_nothing_new(kas: Run, repo: Repo) -> None:
    repo.git("branch", "side")
    repo.commit("merged", {"a.txt": "1\n"})
    repo.git("branch", "-f", "side", "main")
    repo.commit("more", {"b.txt": "1\n"})
    log = repo.path / ".git/logs/HEAD"
    before = log.read_bytes(), (repo.path / ".git/logs/refs/heads/main").read_bytes()
    finished = kas("cleanup", "side", "--discard-fresh", "--execute", "--json", cwd=repo.path)
    assert [row["done"] for row in finished.data["rows"]] == [True]
    assert (log.read_bytes(), (repo.path / ".git/logs/refs/heads/main").read_bytes()) == before
    assert kas("undo", cwd=repo.path).status == 0
    assert log.read_bytes() == before[0]


def write(name: str, text: str = "changed\n") -> Obstacle:
    def make(repo: Repo, path: Path, kas: Run) -> None:
        (path / name).write_text(text)

    return make


def overlooked(option: str) -> Obstacle:
    def make(repo: Repo, path: Path, kas: Run) -> None:
        repo.git("update-index", option, "kept.txt", cwd=path)
        (path / "kept.txt").write_text("changed\n")

    return make


def staged(repo: Repo, path: Path, kas: Run) -> None:
    (path / "kept.txt").write_text("staged\n")
    repo.git("add", "kept.txt", cwd=path)
    (path / "kept.txt").write_text("a\n")


def rebasing(repo: Repo, path: Path, kas: Run) -> None:
    folder = admin_folder(repo, path) / "rebase-merge"
    folder.mkdir()
    (folder / "head-name").write_text("refs/heads/plan/done\n")


def admin_folder(repo: Repo, path: Path) -> Path:
    return Path(repo.git("rev-parse", "--absolute-git-dir", cwd=path))


def running(repo: Repo, path: Path, kas: Run) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=path)


def claim_waves(repo: Repo, path: Path, kas: Run) -> None:
    from git_kas.domain.lifecycle import Actor
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.mutation import Author, ClaimRun, Request
    from git_kas.domain.names import PlanName
    from git_kas.ports.store import StoreRequest
    from git_kas.system_clock import SystemClock
    from git_kas_files.watch import DiskWatch
    from git_kas_json.store import open_store

    common, top = str(repo.path / ".git"), str(repo.path)
    location = RepositoryLocation(common, common, top, top)
    store = open_store(
        StoreRequest("json", location, lambda: "repo", lambda: "docs/plans", SystemClock(), DiskWatch)
    )
    store.commit(ClaimRun(PlanName("done.md"), "athena", 3600), Request(Author(Actor.USER)))
    store.close()


OBSTACLES: dict[str, tuple[Obstacle, str | None]] = {
    "uncommitted": (write("kept.txt"), "--discard-uncommitted"),
    "uncommitted in the index": (staged, "--discard-uncommitted"),
    "untracked": (write("new.txt"), "--discard-untracked"),
    "ignored": (write("a.log"), "--discard-ignored"),
    "hidden_changes": (overlooked("--assume-unchanged"), "--discard-hidden"),
    "hidden_changes of a sparse checkout": (overlooked("--skip-worktree"), "--discard-hidden"),
    "locked": (lambda repo, path, _: repo.git("worktree", "lock", str(path)), None),
    "operation": (rebasing, None),
    "lock_file": (lambda repo, path, _: (admin_folder(repo, path) / "index.lock").touch(), None),
    "signals": (lambda _, path, kas: kas("signal", "review_approved", "done", cwd=path), None),
    "nested_worktree": (
        lambda repo, path, _: repo.git("worktree", "add", "-q", "-b", "inner", str(path / "inner")),
        None,
    ),
    "foreign_folder": (write(".git", "gitdir: /nowhere/worktrees/other\n"), None),
    "in_use": (running, None),
    "lease": (claim_waves, None),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_a_worktree_is_kept(name: str, kas: Run, repo: Repo) -> None:
    make, flag = OBSTACLES[name]
    code = name.partition(" ")[0]
    repo.commit("ignore", {".gitignore": "*.log\n", "kept.txt": "a\n", "other.txt": "b\n"})
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    process = make(repo, path, kas)
    try:
        check_kept(code, flag, path, kas, repo)
    finally:
        if isinstance(process, subprocess.Popen):
            process.kill()
            process.wait()


def check_kept(code: str, flag: str | None, path: Path, kas: Run, repo: Repo) -> None:
    found = rows(kas("cleanup", "--json", cwd=repo.path).data)
    row = found["worktree", path.name]
    assert row["action"] == "keep"
    assert [reason["flag"] for reason in row["reasons"] if reason["code"] == code] == [flag], row
    assert codes(found["branch", "plan/done"]) == ["checked_out"]
    named = kas("cleanup", "plan/done", "--execute", "--json", cwd=repo.path)
    assert named.status == 8
    assert path.exists()
    if flag:
        accepted = kas("cleanup", "--execute", *flags(row), "--json", cwd=repo.path)
        assert rows(accepted.data)["worktree", path.name]["done"], accepted
        assert not path.exists()


def test_an_unedited_overlooked_file_is_no_loss(kas: Run, repo: Repo) -> None:
    repo.commit("files", {"a.txt": "a\n", "folder/b.txt": "b\n"})
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    repo.git("update-index", "--assume-unchanged", "a.txt", cwd=path)
    repo.git("sparse-checkout", "set", "nothing", cwd=path)
    assert not (path / "folder").exists()
    row = rows(kas("cleanup", "--execute", "--json", cwd=repo.path).data)["worktree", path.name]
    assert row["done"], row
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("status", "--porcelain", cwd=path) == ""


def test_branches_are_judged(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "merged")
    repo.git("branch", "fresh")
    repo.git("checkout", "-q", "-b", "unmerged")
    repo.commit()
    repo.git("checkout", "-q", "-b", "in-work", "main")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "m", "in-work")
    finish(kas, repo, "working", "in-work", "implementing")
    repo.git("config", "kas.protected", "release")
    merged_branch(repo, "release")
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/merged")
    repo.git("tag", "merged", "unmerged")
    looked = rows(kas("cleanup", "--json", cwd=repo.path).data)
    assert codes(looked["branch", "merged"]) == codes(looked["branch", "alias"]) == ["symbolic"]
    done = kas("cleanup", "--execute", "--json", cwd=repo.path)
    found = rows(done.data)
    assert codes(found["branch", "fresh"]) == ["fresh"]
    assert flags(found["branch", "fresh"]) == ["--discard-fresh"]
    assert found["branch", "unmerged"]["action"] == "keep"
    assert flags(found["branch", "unmerged"]) == []
    assert ("branch", "in-work") not in found
    assert ("branch", "release") not in found
    assert ("branch", "main") not in found
    assert codes(found["branch", "merged"]) == ["symbolic"]
    assert codes(found["branch", "alias"]) == ["symbolic"]
    repo.git("symbolic-ref", "--delete", "refs/heads/alias")
    for name, code in (("in-work", "plan_in_work"), ("release", "protected"), ("main", "base_branch")):
        named = kas("cleanup", name, "--execute", "--json", cwd=repo.path)
        assert (named.status, code in codes(rows(named.data)["branch", name])) == (8, True)
    both = kas("cleanup", "--execute", "--discard-fresh", "--json", cwd=repo.path)
    assert both.status == 0
    branches = repo.git("branch", "--format=%(refname:short)").split()
    assert sorted(branches) == ["in-work", "main", "release", "unmerged"]


def test_a_branch_that_two_plans_claim_is_kept_while_one_is_in_work(kas: Run, repo: Repo) -> None:
    path = merged_worktree(repo, "shared")
    finish(kas, repo, "one", "shared")
    finish(kas, repo, "two", "shared", "implementing")
    assert kas("cleanup", "--json", cwd=repo.path).data["rows"] == []
    named = kas("cleanup", "shared", "--execute", "--json", cwd=repo.path)
    assert named.status == 8
    assert "plan_in_work" in codes(rows(named.data)["worktree", path.name])
    assert "plan_in_work" in codes(rows(named.data)["branch", "shared"])


def test_from_inside_the_worktree_it_is_kept(kas: Run, repo: Repo) -> None:
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    (path / "below").mkdir()
    row = rows(kas("cleanup", "--execute", "--json", cwd=path / "below").data)["worktree", path.name]
    assert "current" in codes(row)
    assert path.exists()


def test_entries_without_a_folder_go_one_at_a_time(kas: Run, repo: Repo) -> None:
    paths = {name: repo.worktree(name) for name in ("gone", "locked", "empty", "moved", "detached")}
    repo.git("worktree", "lock", str(paths["locked"]))
    repo.git("checkout", "-q", "--detach", cwd=paths["detached"])
    lost = repo.commit(cwd=paths["detached"])
    for name in ("gone", "locked", "detached"):
        subprocess.run(["rm", "-r", str(paths[name])], check=True)
    subprocess.run(["rm", "-r", str(paths["empty"])], check=True)
    paths["empty"].mkdir()
    paths["moved"].rename(paths["moved"].parent / "elsewhere")
    found = rows(kas("cleanup", "--worktrees", "--execute", "--json", cwd=repo.path).data)
    assert found["worktree", "wt-gone"]["done"]
    assert codes(found["worktree", "wt-locked"]) == ["locked"]
    assert codes(found["worktree", "wt-empty"]) == ["empty_folder"]
    assert codes(found["worktree", "wt-moved"]) == ["moved"]
    assert codes(found["worktree", "wt-detached"]) == ["unreachable_head"]
    assert lost in found["worktree", "wt-detached"]["reasons"][0]["text"]
    assert sorted(os.listdir(repo.path / ".git/worktrees")) == [
        "wt-detached",
        "wt-empty",
        "wt-locked",
        "wt-moved",
    ]


def test_a_detached_worktree_goes_if_it_is_named_and_its_commit_is_elsewhere(kas: Run, repo: Repo) -> None:
    path = repo.worktree("x", "--detach")
    assert kas("cleanup", "--json", cwd=repo.path).data["rows"] == []
    lost = repo.commit(cwd=path)
    refused = kas("cleanup", path.name, "--execute", "--json", cwd=repo.path)
    assert (refused.status, codes(refused.data["rows"][0])) == (8, ["unreachable_head"])
    done = kas("cleanup", str(path), "--execute", "--discard-commits", "--json", cwd=repo.path)
    assert (done.status, path.exists()) == (0, False)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("rev-parse", "HEAD", cwd=path) == lost


def test_plans_without_text_go_only_if_nothing_else_is_left(kas: Run, repo: Repo) -> None:
    for name in ("textless", "onbranch", "stored", "open"):
        assert kas("plan", "create", name, cwd=repo.path).status == 0
    finish(kas, repo, "withtext", "")
    for name in ("textless", "onbranch"):
        kas("plan", "set-status", name, "cancelled", "--force", cwd=repo.path)
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("text", {"docs/plans/onbranch.md": "# text\n"})
    repo.git("checkout", "-q", "main")
    done = kas("cleanup", "--plans", "--execute", "--json", cwd=repo.path)
    found = rows(done.data)
    assert found["plan", "textless.md"]["done"]
    assert codes(found["plan", "onbranch.md"]) == ["has_text"]
    assert len(found) == 2
    assert kas("undo", cwd=repo.path).status == 0
    shown = kas("plan", "show", "textless", "--json", cwd=repo.path).data["plan"]
    assert (shown["status"], shown["revision"]) == ("cancelled", 4)
    history = kas("plan", "history", "textless", "--json", cwd=repo.path).data
    assert [entry["action"] for entry in history][-2:] == ["removed", "restored"]


def test_age_kinds_and_remote(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "old")
    repo.git("checkout", "-q", "-b", "young")
    repo.git("commit", "-q", "--allow-empty", "-m", "now", at=EPOCH * 2)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "m", "young")
    found = rows(kas("cleanup", "--older-than", "1d", "--json", cwd=repo.path).data)
    assert found["branch", "old"]["action"] == "remove"
    assert codes(found["branch", "young"]) == ["too_young"]
    assert kas("cleanup", "--worktrees", "--json", cwd=repo.path).data["rows"] == []
    merged_branch(repo, "tracked")
    repo.git("config", "branch.tracked.remote", "origin")
    repo.git("config", "branch.tracked.merge", "refs/heads/tracked")
    repo.git("config", "remote.origin.url", "nowhere")
    repo.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    finish(kas, repo, "working", "tracked", "implementing")
    assert ("branch", "tracked") not in rows(kas("cleanup", "--json", cwd=repo.path).data)
    remote = rows(kas("cleanup", "--remote", "--json", cwd=repo.path).data)
    assert remote["branch", "tracked"]["action"] == "remove"


def test_bad_names_and_ages(kas: Run, repo: Repo) -> None:
    assert kas("cleanup", "nonsense", cwd=repo.path).status == 3
    assert kas("cleanup", "--older-than", "soon", cwd=repo.path).status == 2
    assert kas("undo", cwd=repo.path).status == 3
    assert kas("undo", "nonsense", cwd=repo.path).status == 3
    assert kas("undo", "--list", "--as", "x", cwd=repo.path).status == 2


def test_an_agent_may_not_remove_plans(kas: Run, repo: Repo) -> None:
    kas("plan", "create", "textless", cwd=repo.path)
    kas("plan", "set-status", "textless", "cancelled", "--force", cwd=repo.path)
    done = kas("cleanup", "--execute", "--json", cwd=repo.path, env={"KAS_ACTOR": "agent"})
    assert codes(rows(done.data)["plan", "textless.md"]) == ["failed"]
    assert kas("plan", "show", "textless", cwd=repo.path).status == 0


def test_the_text_for_people(kas: Run, repo: Repo) -> None:
    assert kas("cleanup", cwd=repo.path).out == "Nothing to clean up.\n"
    merged_branch(repo, "merged")
    repo.git("branch", "fresh")
    dry = kas("cleanup", cwd=repo.path).out
    assert "--execute removes 1 branch; 'git kas undo' takes it back." in dry
    assert "the branch has nothing of its own yet (--discard-fresh)" in dry
    done = kas("cleanup", "--execute", cwd=repo.path).out
    assert done.startswith("action   kind    name")
    assert "'git kas undo' takes it back." in done
    assert "restored branch merged\n" in kas("undo", cwd=repo.path).out
    assert kas("undo", "--list", cwd=repo.path).out == "There is no operation that can be undone.\n"


def test_a_bare_repository_with_worktrees(kas: Run, repo: Repo, new_repo: Callable[..., Repo]) -> None:
    bare = repo.path.parent / "bare.git"
    merged_branch(repo, "merged")
    merged_branch(repo, "trunk")
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    repo.git("symbolic-ref", "HEAD", "refs/heads/trunk", cwd=bare)
    path = repo.path.parent / "wt of bare"
    repo.git("worktree", "add", "-q", str(path), "merged", cwd=bare)
    env = {"KAS_BASE": "main"}
    repo.git("config", "kas.base", "main", cwd=bare)
    named = kas("cleanup", "merged", "--discard-fresh", "--execute", "--json", cwd=bare, env=env)
    assert (named.status, path.exists()) == (0, False), named
    found = rows(kas("cleanup", "--discard-fresh", "--execute", "--json", cwd=bare, env=env).data)
    assert codes(found["branch", "trunk"]) == ["checked_out"]
    assert kas("undo", cwd=bare).status == 0
    assert repo.git("status", "--porcelain", "--branch", cwd=path) == "## merged"


def test_names_and_paths_of_every_kind(kas: Run, repo: Repo) -> None:
    names = ["plan/x", "refs/heads/x", "ünï/cödé", "a'b\"c$d;e"]
    paths = [repo.path.parent / name for name in ("with space", "line\nend", "-dash", "ünï")]
    for name, path in zip(names, paths, strict=True):
        repo.git("worktree", "add", "-q", "-b", name, str(path))
        repo.commit(f"on {name}", cwd=path)
        repo.git("merge", "-q", "--no-ff", "-m", f"merge {name}", "--", name)
        repo.git("config", f"branch.{name}.remote", "origin")
    before = picture(repo)
    done = kas("cleanup", *names, "--execute", "--json", cwd=repo.path)
    assert done.status == 0, done
    assert len([row for row in done.data["rows"] if row["done"]]) == 8
    assert not any(path.exists() for path in paths)
    assert kas("undo", cwd=repo.path).status == 0
    assert_restored(before, picture(repo))


def test_a_worktree_behind_a_link_is_kept(kas: Run, repo: Repo) -> None:
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    path.rename(path.parent / "real")
    path.symlink_to(path.parent / "real")
    row = rows(kas("cleanup", "--execute", "--json", cwd=repo.path).data)["worktree", path.name]
    assert codes(row) == ["not_inspected"]
    assert path.is_symlink()
