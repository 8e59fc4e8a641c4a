"""``git kas init --untrack``: plans that stand in other versions of the file, and who else has it."""

from __future__ import annotations

import pytest

from guard_untrack.worlds import TWO_PLANS, OldProject, state
from plan_commands import EARLIER
from support import Repo


def commit_on(project: OldProject, branch: str, plans: dict[str, str]) -> None:
    """A branch whose version of the file says something else."""
    project.repo.git("switch", "-qc", branch)
    project.repo.commit(f"on {branch}", {EARLIER: state(plans)})
    project.repo.git("switch", "-q", "main")


def test_plans_of_another_branch_are_named_with_the_command_that_imports_them(project: OldProject) -> None:
    commit_on(project, "plan/old", {"2026-01-01-a.md": "done", "2025-01-01-old.md": "ready"})
    done = project.untrack()
    assert done["elsewhere"] == [
        {
            "place": "branch plan/old",
            "plans": ["2025-01-01-old.md"],
            "command": f"git cat-file blob heads/plan/old:{EARLIER} | git kas import -",
        }
    ]
    assert project.listed() == TWO_PLANS
    project.run_shell(done["elsewhere"][0]["command"])
    assert project.listed() == {**TWO_PLANS, "2025-01-01-old.md": "ready"}
    assert project.untrack()["elsewhere"] == []


def test_each_plan_is_named_once(project: OldProject) -> None:
    for number in range(3):
        commit_on(
            project, f"old-{number}", {"2025-01-01-old.md": "ready", f"2025-01-0{number + 2}.md": "ready"}
        )
    found = project.untrack()["elsewhere"]
    plans = [plan for other in found for plan in other["plans"]]
    assert sorted(plans) == ["2025-01-01-old.md", "2025-01-02.md", "2025-01-03.md", "2025-01-04.md"]
    for other in found:
        project.run_shell(other["command"])
    assert project.untrack()["elsewhere"] == []


def test_what_was_removed_from_the_file_since_the_last_commit(project: OldProject) -> None:
    project.file.write_text(state({"2026-01-01-a.md": "ready"}))
    done = project.untrack()
    (other,) = done["elsewhere"]
    assert other["plans"] == ["2026-01-02-b.md"]
    project.run_shell(done["commit"])
    assert project.listed() == {"2026-01-01-a.md": "ready"}
    project.run_shell(other["command"])
    assert project.listed() == TWO_PLANS


def test_what_is_staged_and_no_longer_in_the_file(project: OldProject) -> None:
    project.file.write_text(state({"2026-01-07-staged.md": "ready"}))
    project.repo.git("add", EARLIER)
    project.file.unlink()
    done = project.untrack()
    assert project.listed() == {"2026-01-07-staged.md": "ready"}
    assert done["elsewhere"][0]["plans"] == sorted(TWO_PLANS)
    project.run_shell(done["elsewhere"][0]["command"])
    assert project.listed() == {**TWO_PLANS, "2026-01-07-staged.md": "ready"}


def test_a_remote_tracking_branch(project: OldProject, environment: dict[str, str]) -> None:
    clone = OldProject(Repo(project.path.parent / "clone", environment), environment)
    project.repo.git("clone", "-q", str(project.path), str(clone.path))
    project.repo.commit("later", {EARLIER: state({**TWO_PLANS, "2026-02-01-later.md": "ready"})})
    clone.repo.git("fetch", "-q")
    done = clone.untrack()
    (other,) = done["elsewhere"]
    assert (other["place"], other["plans"]) == ("branch origin/main", ["2026-02-01-later.md"])
    assert {"kind": "remote", "name": "origin/main", "path": EARLIER} in done["still_there"]
    clone.run_shell(other["command"])
    assert "2026-02-01-later.md" in clone.listed()


def test_another_worktree_has_more_plans(project: OldProject) -> None:
    linked = project.repo.worktree("feature")
    (linked / EARLIER).write_text(state({"2026-03-01-there.md": "implementing"}))
    done = project.untrack()
    (other,) = done["elsewhere"]
    assert (other["place"], other["plans"]) == (str(linked / EARLIER), ["2026-03-01-there.md"])
    assert {"kind": "worktree", "name": str(linked), "path": EARLIER} in done["still_there"]
    project.run_shell(other["command"])
    assert project.listed() == {**TWO_PLANS, "2026-03-01-there.md": "implementing"}


def test_in_a_linked_worktree(project: OldProject) -> None:
    """The store shows the main worktree's file: both must be in it before anything is taken out."""
    linked = project.repo.worktree("feature")
    (linked / EARLIER).write_text(state({"2026-01-01-a.md": "done", "2026-03-01-there.md": "ready"}))
    done = project.untrack(cwd=linked)
    plans = done["files"][0]["plans"]
    assert (plans["new"], plans["different"]) == (["2026-03-01-there.md"], ["2026-01-01-a.md"])
    assert project.status_lines(cwd=linked) == ["A  .gitignore", f"D  {EARLIER}"]
    assert project.status_lines() == []
    project.file.unlink()
    assert project.listed() == {**TWO_PLANS, "2026-03-01-there.md": "ready"}


def test_in_a_linked_worktree_that_says_the_same(project: OldProject) -> None:
    linked = project.repo.worktree("feature")
    project.untrack(cwd=linked)
    project.file.unlink()
    assert project.listed() == TWO_PLANS


def test_other_versions_that_are_damaged_are_told(project: OldProject) -> None:
    project.repo.git("switch", "-qc", "broken")
    project.repo.commit("broken", {EARLIER: "<<<<<<< HEAD\n"})
    project.repo.git("switch", "-q", "main")
    finished = project("init", "--untrack")
    assert finished.status == 0
    assert "branch broken: " in finished.err
    assert "merge conflict marker" in finished.err


@pytest.mark.parametrize("name", ["öd d", "a'b", "-x"])
def test_commands_that_are_printed_work_for_any_name(project: OldProject, name: str) -> None:
    path = f"{name}/plan-state.json"
    project.repo.commit("more", {path: state({"2026-05-01-x.md": "ready"})})
    (project.path / path).write_text("{}")
    done = project.untrack()
    (other,) = done["elsewhere"]
    project.run_shell(other["command"])
    assert "2026-05-01-x.md" in project.listed()


def test_the_baseline_and_branches_with_more_of_the_old_history(project: OldProject) -> None:
    commit_on(project, "old", {"2026-01-01-a.md": "done"})
    project.repo.git("branch", "merged")
    head = project.repo.git("rev-parse", "HEAD")
    done = project.untrack()
    assert done["baseline"] == {
        "commit": head,
        "command": f"git config --add kas.guard.baseline {head}",
        "other_branches": ["old"],
    }
    assert {holder["name"] for holder in done["still_there"]} == {"old"}


def test_what_was_never_committed_needs_no_baseline(repo: Repo, environment: dict[str, str]) -> None:
    project = OldProject(repo, environment)
    project.write("plan-state.json", state(TWO_PLANS))
    repo.git("add", "-A")
    done = project.untrack()
    assert done["baseline"] is None
    assert project.listed() == TWO_PLANS
    project.run_shell(done["commit"])
