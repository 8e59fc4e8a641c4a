"""Undo brings back what cleanup removed, whatever Git's housekeeping did in between."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from git_kas.app import App
from git_kas.domain.janitor import Reason, ReasonCode
from git_kas.domain.names import BranchName, ObjectId
from git_kas.ports.fakes import FakeProgress
from git_kas.usecases.removal import BranchToRemove, WorktreeToRemove, remove
from git_kas_files.operations import DiskOperationJournal
from janitor import assert_restored, codes, finish, merged_branch, merged_worktree, picture, rows
from support import Repo, Run

ACCEPT_ALL = (
    "--discard-uncommitted",
    "--discard-untracked",
    "--discard-ignored",
    "--discard-hidden",
    "--discard-commits",
    "--discard-fresh",
    "--discard-submodules",
    "--assume-idle",
)


def housekeeping(repo: Repo) -> None:
    """Whatever nothing leads to is gone after this."""
    repo.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "refs/heads/main")
    repo.git("gc", "-q", "--prune=now")


def test_everything_comes_back(kas: Run, repo: Repo) -> None:
    for name in ("merged", "also/merged"):
        merged_branch(repo, name)
        repo.git("config", f"branch.{name}.remote", "origin")
        repo.git("config", f"branch.{name}.description", 'with "quotes";\n# and lines')
    repo.git("config", "core.later", "x")
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    (path / "spaced name\nline").write_text("untracked")
    os.utime(path / "spaced name\nline", ns=(1, 1_234_567_891_234_567_891))
    (path / "run.sh").write_text("#!/bin/sh\n")
    (path / "run.sh").chmod(0o751)
    (path / "link").symlink_to("nowhere")
    repo.git("add", "run.sh", cwd=path)
    (path / "run.sh").unlink()
    before = picture(repo)
    done = kas("cleanup", "--execute", *ACCEPT_ALL, "--json", cwd=repo.path).data
    assert all(row["done"] for row in done["rows"]), done
    assert len(done["rows"]) == 4
    assert "branch" not in (repo.path / ".git/config").read_text()
    assert list((repo.path / ".git/logs/refs/heads").iterdir()) == [repo.path / ".git/logs/refs/heads/main"]
    housekeeping(repo)
    before_main = picture(repo).reflogs["main"]
    undone = kas("undo", "--json", cwd=repo.path).data
    assert undone["undone"] == done["operation"]
    assert {(item["kind"], item["as"]) for item in undone["restored"]} == {("worktree", None), ("branch", None)}
    before.reflogs["main"] = before_main  # type: ignore[index]
    assert_restored(before, picture(repo), done["operation"])
    assert repo.git("fsck", "--full") == ""
    again = kas("undo", done["operation"], cwd=repo.path)
    assert again.status == 4


def test_commits_that_only_reflogs_know_come_back(kas: Run, repo: Repo) -> None:
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    forgotten = repo.commit("forgotten", cwd=path)
    repo.git("reset", "-q", "--keep", "HEAD~1", cwd=path)
    staged = repo.git("hash-object", "-w", "--stdin", stdin="staged once", cwd=path)
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{staged},staged", cwd=path)
    repo.git("update-ref", "refs/worktree/own", forgotten, cwd=path)
    assert kas("cleanup", "--execute", *ACCEPT_ALL, cwd=repo.path).status == 0
    assert not path.exists()
    housekeeping(repo)
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("cat-file", "-t", forgotten) == "commit"
    assert repo.git("cat-file", "blob", staged) == "staged once"
    assert repo.git("rev-parse", "refs/worktree/own", cwd=path) == forgotten
    assert forgotten in repo.git("reflog", "--format=%H", "plan/done")
    assert repo.git("fsck", "--full") == ""


def test_a_repository_of_one_and_a_half_thousand_reflog_lines(kas: Run, repo: Repo) -> None:
    tip = merged_branch(repo, "merged")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    log = repo.path / ".git/logs/refs/heads/merged"
    commits = [repo.git("commit-tree", "-m", str(number), tree) for number in range(20)]
    lines = [f"{commits[n % 20]} {commits[(n + 1) % 20]} A <a> {n} +0000\tx\n" for n in range(1500)]
    log.write_text("".join(lines) + log.read_text())
    assert kas("cleanup", "--execute", cwd=repo.path).status == 0
    housekeeping(repo)
    assert {repo.git("cat-file", "-t", commit) for commit in commits} == {"commit"}
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("rev-parse", "merged") == tip


def test_a_reused_name_changes_nothing_and_as_gives_another(kas: Run, repo: Repo) -> None:
    tip = merged_branch(repo, "merged")
    repo.git("config", "branch.merged.remote", "origin")
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    content = (path / ".git").read_text()
    assert kas("cleanup", "--execute", cwd=repo.path).status == 0
    repo.git("branch", "merged", "main")
    repo.git("worktree", "add", "-q", "-b", "other", str(path))
    before = picture(repo)
    refused = kas("undo", "--json", cwd=repo.path)
    assert (refused.status, refused.json()["error"]["code"]) == (4, "already_exists")
    assert "branch merged exists" in refused.json()["error"]["message"]
    assert str(path) in refused.json()["error"]["message"]
    assert "--as" in refused.json()["error"]["next"]
    assert picture(repo) == before
    undone = kas("undo", "--as", "plan/again", "--json", cwd=repo.path).data
    names = {(item["kind"], item["name"]): item["as"] for item in undone["restored"]}
    new_path = path.parent / "plan-again"
    assert names == {
        ("worktree", str(path)): str(new_path),
        ("branch", "plan/done"): None,
        ("branch", "merged"): "plan/again",
    }
    assert repo.git("rev-parse", "plan/again") == tip
    assert repo.git("config", "branch.plan/again.remote") == "origin"
    assert repo.git("status", "--porcelain", cwd=new_path) == ""
    assert repo.git("symbolic-ref", "HEAD", cwd=new_path) == "refs/heads/plan/done"
    assert (path / ".git").read_text() == content
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 3


def test_a_worktree_whose_branch_went_elsewhere_gets_a_new_one(kas: Run, repo: Repo) -> None:
    path = repo.worktree("plan/done")
    head = repo.commit(cwd=path)
    finish(kas, repo, "done", "plan/done")
    assert kas("cleanup", "--execute", cwd=repo.path).status == 0
    other = path.parent / "elsewhere"
    repo.git("worktree", "add", "-q", str(other), "plan/done")
    refused = kas("undo", cwd=repo.path)
    assert refused.status == 4
    assert f"branch plan/done is checked out at {other}" in refused.err
    assert not path.exists()
    assert kas("undo", "--as", "back", cwd=repo.path).status == 0
    assert repo.git("symbolic-ref", "HEAD", cwd=path) == "refs/heads/back"
    assert repo.git("rev-parse", "back") == head
    assert repo.git("status", "--porcelain", cwd=path) == ""


def test_a_branch_below_a_restored_one_is_in_the_way(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "a")
    assert kas("cleanup", "--execute", cwd=repo.path).status == 0
    repo.git("branch", "a/b")
    refused = kas("undo", cwd=repo.path)
    assert (refused.status, "branch a cannot be beside a/b" in refused.err) == (4, True)
    repo.git("branch", "-m", "a/b", "c")
    assert kas("undo", cwd=repo.path).status == 0


def test_operations_are_undone_one_after_the_other(kas: Run, repo: Repo) -> None:
    ids = []
    for name in ("one", "two"):
        merged_branch(repo, name)
        ids.append(kas("cleanup", "--execute", "--json", cwd=repo.path).data["operation"])
    listed = kas("undo", "--list", "--json", cwd=repo.path).data
    assert [entry["operation"] for entry in listed] == ids
    assert listed[0]["items"] == [{"kind": "branch", "name": "one"}]
    assert kas("undo", ids[0], "--json", cwd=repo.path).data["undone"] == ids[0]
    second = kas("undo", "--json", cwd=repo.path).data
    assert second["undone"] == ids[1]
    undo_of_undo = kas("undo", second["operation"], cwd=repo.path)
    assert (undo_of_undo.status, "is an undo itself" in undo_of_undo.err) == (2, True)
    assert kas("undo", cwd=repo.path).status == 3


def test_purging_is_for_good_and_only_on_request(kas: Run, repo: Repo) -> None:
    tip = merged_branch(repo, "merged")
    path = merged_worktree(repo, "plan/done")
    (path / "folder").mkdir()
    (path / "folder" / "file").write_text("x" * 5000)
    (path / "folder").chmod(0o555)
    finish(kas, repo, "done", "plan/done")
    done = kas("cleanup", "--execute", *ACCEPT_ALL, "--json", cwd=repo.path).data
    listed = kas("trash", "list", "--json", cwd=repo.path).data
    assert [(entry["operation"], entry["undone"]) for entry in listed] == [(done["operation"], False)]
    assert listed[0]["size"] >= 5000
    young = kas("trash", "purge", "--older-than", "1h", "--execute", "--json", cwd=repo.path).data
    assert young["entries"] == []
    dry = kas("trash", "purge", "--older-than", "0", "--json", cwd=repo.path).data
    assert (dry["executed"], [entry["purged"] for entry in dry["entries"]]) == (False, [False])
    assert kas("undo", "--list", "--json", cwd=repo.path).data != []
    purged = kas("trash", "purge", "--older-than", "0", "--execute", "--json", cwd=repo.path).data
    assert [entry["purged"] for entry in purged["entries"]] == [True]
    assert repo.git("for-each-ref", "refs/kas") == ""
    assert kas("trash", "list", "--json", cwd=repo.path).data == []
    assert not (repo.path / ".git/kas/trash").exists()
    assert list((repo.path / ".git/kas/operations").iterdir()) == []
    refused = kas("undo", done["operation"], cwd=repo.path)
    assert refused.status == 3
    assert repo.git("cat-file", "-t", tip) == "commit"


def test_a_refused_transaction_keeps_all(kas: Run, repo: Repo) -> None:
    for name in ("a", "b"):
        merged_branch(repo, name)
    hook = repo.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ntest "$1" = prepared && grep -q refs/heads/a && exit 1\nexit 0\n')
    hook.chmod(0o755)
    done = kas("cleanup", "--execute", "--json", cwd=repo.path).data
    assert [codes(row) for row in done["rows"]] == [["failed"], ["failed"]]
    assert repo.git("branch", "--format=%(refname:short)").split() == ["a", "b", "main"]
    hook.unlink()
    assert kas("undo", "--list", "--json", cwd=repo.path).data == []
    done = kas("cleanup", "--execute", "--json", cwd=repo.path).data
    assert all(row["done"] for row in done["rows"])


def test_what_changed_since_it_was_judged_is_kept_and_the_rest_goes(
    repo: Repo, environment: dict[str, str]
) -> None:
    tips = {BranchName(name): ObjectId(merged_branch(repo, name)) for name in ("a", "b", "c")}
    main = ObjectId(repo.git("rev-parse", "main"))
    path = repo.worktree("wt")
    app = App(str(repo.path), environment, {}, FakeProgress())
    ports, scope = app.removal_ports, app.removal_scope()
    worktree = WorktreeToRemove(ports.git_folders.worktrees(app.location)[1])
    repo.git("update-ref", "refs/heads/b", "main")
    repo.git("checkout", "-q", "-b", "another", cwd=path)
    wanted = [BranchToRemove(name, tip) for name, tip in tips.items()]
    operation = ports.journal.begin("cleanup", {}, 1)
    removed = remove(ports, scope, operation, [worktree], wanted, {"refs/heads/main": main})
    assert removed.branches == {"b": Reason(ReasonCode.CHANGED)}
    assert removed.worktrees == {str(path): [Reason(ReasonCode.CHANGED)]}
    assert repo.git("branch", "--format=%(refname:short)").split() == ["another", "b", "main", "wt"]
    repo.git("commit", "-q", "--allow-empty", "-m", "the base moves on")
    branch = BranchName("b")
    removed = remove(ports, scope, operation, [], [BranchToRemove(branch, main)], {"refs/heads/main": main})
    assert removed.branches[branch].code is ReasonCode.CHANGED


def test_a_locked_reference_is_kept_and_the_others_go(kas: Run, repo: Repo) -> None:
    for name in ("a", "b", "c"):
        merged_branch(repo, name)
    repo.git("config", "core.filesRefLockTimeout", "0")
    (repo.path / ".git/refs/heads/b.lock").touch()
    found = rows(kas("cleanup", "--execute", "--json", cwd=repo.path).data)
    assert codes(found["branch", "b"]) == ["failed"]
    assert found["branch", "a"]["done"]
    assert found["branch", "c"]["done"]
    assert repo.git("branch", "--format=%(refname:short)").split() == ["b", "main"]


def test_configuration_that_is_locked_stays_and_is_reported(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "a")
    repo.git("config", "branch.a.remote", "origin")
    (repo.path / ".git/config.lock").touch()
    done = kas("cleanup", "--execute", "--json", cwd=repo.path).json()
    assert rows(done["data"])["branch", "a"]["done"]
    assert any("config.lock" in warning for warning in done["warnings"])
    (repo.path / ".git/config.lock").unlink()
    assert repo.git("config", "branch.a.remote") == "origin"
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("config", "--get-all", "branch.a.remote") == "origin"


def test_250_branches_go_in_one_transaction(kas: Run, repo: Repo) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    commits = [repo.git("commit-tree", "-p", "HEAD", "-m", "x", tree, at=number) for number in range(1, 6)]
    repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", *_parents(commits), "-m", "all", tree))
    created = [f"create refs/heads/many/{n} {commits[n % 5]}\n" for n in range(250)]
    repo.git("update-ref", "--stdin", "-m", "commit: own work", stdin="".join(created))
    with (repo.path / ".git/config").open("a") as config:
        config.writelines(f'[branch "many/{n}"]\n\tremote = origin\n' for n in range(250))
    hook = repo.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f'#!/bin/sh\ntest "$1" = committed && grep -c " refs/heads/many" >> {repo.path.parent}/count\nexit 0\n'
    )
    hook.chmod(0o755)
    before = picture(repo)
    done = kas("cleanup", "--execute", "--json", cwd=repo.path).data
    assert len([row for row in done["rows"] if row["done"]]) == 250
    assert "250" in (repo.path.parent / "count").read_text().split()
    assert repo.git("branch", "--format=%(refname:short)") == "main"
    assert kas("undo", cwd=repo.path).status == 0
    assert_restored(before, picture(repo), done["operation"])


def _parents(commits: list[str]) -> list[str]:
    return [word for commit in commits for word in ("-p", commit)]


@pytest.mark.parametrize("broken", ["index", "journal"])
def test_what_is_damaged_is_kept(kas: Run, repo: Repo, broken: str) -> None:
    path = merged_worktree(repo, "plan/done")
    finish(kas, repo, "done", "plan/done")
    admin = Path(repo.git("rev-parse", "--absolute-git-dir", cwd=path))
    if broken == "index":
        (admin / "index").write_bytes(b"DIRC nonsense")
        row = rows(kas("cleanup", "--execute", "--json", cwd=repo.path).data)["worktree", path.name]
        assert codes(row) == ["not_inspected"]
    else:
        shutil.rmtree(repo.path / ".git/kas/operations", ignore_errors=True)
        (repo.path / ".git/kas/operations").write_text("in the way")
        assert kas("cleanup", "--execute", cwd=repo.path).status == 1
    assert path.exists()


def test_an_undo_that_was_cut_short_comes_first(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "a")
    done = kas("cleanup", "--execute", "--json", cwd=repo.path).data["operation"]
    DiskOperationJournal(str(repo.path / ".git")).begin("undo", {"undo": done, "as": None}, 2 * 10**18)
    refused = kas("cleanup", "--execute", cwd=repo.path)
    assert (refused.status, f"git kas undo {done}" in refused.err) == (4, True)
    assert kas("cleanup", cwd=repo.path).status == 0
    assert kas("undo", cwd=repo.path).status == 0
    assert "a" in repo.git("branch", "--format=%(refname:short)").split()
    assert kas("cleanup", "--execute", cwd=repo.path).status == 0
    assert kas("undo", "--list", "--json", cwd=repo.path).data[0]["operation"] != done


def test_another_file_system_means_a_trash_beside(
    repo: Repo, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, kas: Run
) -> None:
    path = merged_worktree(repo, "plan/done")
    before = picture(repo)
    rename = os.rename

    def far_apart(source: str, target: str) -> None:
        if "kas/trash" in target and target.endswith("tree"):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    def refuse(source: str, target: str) -> None:
        raise OSError(errno.EACCES, f"Permission denied: {source}, {target}")

    monkeypatch.setattr(os, "rename", far_apart)
    app = App(str(repo.path), environment, {}, FakeProgress())
    ports = app.removal_ports
    worktree = WorktreeToRemove(ports.git_folders.worktrees(app.location)[1])
    operation = ports.journal.begin("cleanup", {}, 1)
    assert remove(ports, app.removal_scope(), operation, [worktree], [], {}).worktrees == {}
    assert (path.parent / f".kas-trash/{operation}-1/tree/.git").exists()
    listed = kas("trash", "list", "--json", cwd=repo.path).data
    assert listed[0]["size"] > 0
    assert kas("undo", cwd=repo.path).status == 0
    assert_restored(before, picture(repo))
    monkeypatch.setattr(os, "rename", refuse)
    operation = ports.journal.begin("cleanup", {}, 2)
    kept = remove(ports, app.removal_scope(), operation, [worktree], [], {}).worktrees
    assert kept[str(path)][0].code is ReasonCode.FAILED
    assert path.exists()
