"""The hooks for the pre-commit framework, run by the real framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.worlds import STATE, FrameworkRepo
from support import Repo

SUBMODULE = "160000"


def test_try_repo(framework_repo: FrameworkRepo) -> None:
    command = ("pre-commit", "try-repo", str(framework_repo.framework.hooks), "kas-guard")
    framework_repo.passes(*command)
    framework_repo.stage_state()
    assert f"added: {STATE}" in framework_repo.refused(*command)


def test_an_installed_configuration_refuses_and_lets_pass(framework_repo: FrameworkRepo) -> None:
    framework_repo.configure("kas-guard")
    framework_repo.stage_state()
    said = framework_repo.refused("git", "commit", "-m", "state")
    assert f"git restore --staged :/{STATE}" in said
    assert "git kas plan transition" in said
    framework_repo.git("restore", "--staged", STATE)
    framework_repo.commit("other work")


def test_removing_it_passes(framework_repo: FrameworkRepo) -> None:
    framework_repo.commit("old state", {STATE: "{}\n"})
    framework_repo.configure("kas-guard")
    framework_repo.git("rm", "-q", "--cached", STATE)
    framework_repo.passes("git", "commit", "-m", "stop tracking it")


def test_what_a_filter_by_names_would_miss(framework_repo: FrameworkRepo) -> None:
    """Staged but gone from the worktree, a submodule, a link and another spelling: all in the index only."""
    framework_repo.configure("kas-guard")
    blob = framework_repo.git("hash-object", "-w", "--stdin", stdin="{}\n")
    head = framework_repo.git("rev-parse", "HEAD")
    for mode, object_ in (("100644", blob), (SUBMODULE, head), ("120000", blob)):
        for path in (STATE, "Plan-State.JSON"):
            framework_repo.git("update-index", "--add", "--cacheinfo", f"{mode},{object_},{path}")
            assert path in framework_repo.refused("git", "commit", "-m", "hidden")
            framework_repo.git("update-index", "--force-remove", path)


def test_a_partial_commit_is_judged_by_its_own_index(framework_repo: FrameworkRepo) -> None:
    framework_repo.configure("kas-guard")
    framework_repo.stage_state()
    (framework_repo.path / "README.md").write_text("# new\n")
    framework_repo.passes("git", "commit", "-m", "only this", "--", "README.md")
    assert STATE in framework_repo.refused("git", "commit", "-m", "both", "--", STATE)


def test_a_merge(framework_repo: FrameworkRepo) -> None:
    framework_repo.configure("kas-guard")
    framework_repo.git("switch", "-qc", "side")
    framework_repo.stage_state()
    framework_repo.git("commit", "-q", "--no-verify", "-m", "past the hook")
    framework_repo.git("switch", "-q", "main")
    framework_repo.commit("main goes on")
    assert f"added: {STATE}" in framework_repo.refused("git", "merge", "--no-edit", "side")


def test_a_push_with_a_commit_made_past_the_hook(framework_repo: FrameworkRepo, new_bare: Repo) -> None:
    framework_repo.git("remote", "add", "origin", str(new_bare.path))
    framework_repo.configure("kas-guard")
    framework_repo.passes("git", "push", "origin", "main")
    framework_repo.stage_state()
    framework_repo.git("commit", "-q", "--no-verify", "-m", "past the hook")
    bad = framework_repo.git("rev-parse", "HEAD")
    framework_repo.git("rm", "-q", "--cached", STATE)
    framework_repo.git("commit", "-q", "-m", "away again")  # the tip is clean, a commit on the way is not
    assert f"in commit {bad[:12]}" in framework_repo.refused("git", "push", "origin", "main")
    assert f"in commit {bad[:12]}" in framework_repo.refused("git", "push", "origin", "main:refs/heads/other")


def test_the_first_push_of_everything(framework_repo: FrameworkRepo, new_bare: Repo) -> None:
    """A push that brings a root commit: the framework names no range, only the ref."""
    framework_repo.configure("kas-guard")
    framework_repo.stage_state()
    framework_repo.git("commit", "-q", "--no-verify", "-m", "past the hook")
    framework_repo.git("rm", "-q", "--cached", STATE)
    framework_repo.git("commit", "-q", "-m", "away again")
    framework_repo.git("remote", "add", "origin", str(new_bare.path))
    said = framework_repo.refused("git", "push", "origin", "main")
    assert "git config --add kas.guard.baseline" in said
    framework_repo.git("config", "kas.guard.baseline", framework_repo.git("rev-parse", "HEAD"))
    framework_repo.passes("git", "push", "origin", "main")


def test_the_first_push_by_an_expression(framework_repo: FrameworkRepo, new_bare: Repo) -> None:
    framework_repo.configure("kas-guard")
    framework_repo.stage_state()
    framework_repo.git("commit", "-q", "--no-verify", "-m", "past the hook")
    framework_repo.commit("later", {"later.txt": "x\n"})
    framework_repo.git("remote", "add", "origin", str(new_bare.path))
    assert STATE in framework_repo.refused("git", "push", "origin", "HEAD~1:refs/heads/main")
    framework_repo.passes("git", "push", "origin", "HEAD~2:refs/heads/main")


def test_of_several_refs_the_framework_looks_at_one(framework_repo: FrameworkRepo, new_bare: Repo) -> None:
    """A limit of the framework, which the page tells: the native hook and the server see all refs."""
    framework_repo.git("remote", "add", "origin", str(new_bare.path))
    framework_repo.configure("kas-guard")
    framework_repo.passes("git", "push", "origin", "main")
    framework_repo.git("branch", "a-good")
    framework_repo.git("switch", "-q", "a-good")
    framework_repo.commit("good")
    framework_repo.git("switch", "-qc", "z-bad", "main")
    framework_repo.stage_state()
    framework_repo.git("commit", "-q", "--no-verify", "-m", "past the hook")
    framework_repo.passes("git", "push", "origin", "a-good", "z-bad")
    page = Path(__file__).parents[2] / "docs/how-to/keep-state-out-of-commits.md"
    assert "of several refs only the first" in " ".join(page.read_text().split())


def test_hooks_that_were_there_before_still_run(framework_repo: FrameworkRepo) -> None:
    hook = framework_repo.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho the old hook ran\n")
    hook.chmod(0o755)
    framework_repo.configure("kas-guard")
    assert (hook.parent / "pre-commit.legacy").exists()
    (framework_repo.path / "a.txt").write_text("a\n")
    framework_repo.git("add", "a.txt")
    assert "the old hook ran" in framework_repo.passes("git", "commit", "-m", "fine")
    framework_repo.stage_state()
    assert "the old hook ran" in framework_repo.refused("git", "commit", "-m", "state")


def test_run_over_a_range_as_in_ci(framework_repo: FrameworkRepo) -> None:
    framework_repo.configure("kas-guard", install=False)
    before = framework_repo.git("rev-parse", "HEAD")
    framework_repo.stage_state()
    framework_repo.git("commit", "-qm", "state")
    run = ("pre-commit", "run", "kas-guard", "--hook-stage", "pre-push", "--to-ref", "HEAD", "--from-ref")
    assert STATE in framework_repo.refused(*run, before)
    framework_repo.passes(*run, "HEAD")


def test_changed_plans_are_linted(framework_repo: FrameworkRepo) -> None:
    framework_repo.configure("kas-lint")
    plan = framework_repo.path / "docs/plans/2026-01-01-a.md"
    plan.parent.mkdir(parents=True)
    plan.write_text("# A\n\n## Wave 1\n\n### Task 1: x\n\n### Task 1: y\n")
    framework_repo.git("add", "-A")
    finished = framework_repo.attempt("git", "commit", "-m", "a plan")
    assert finished.status != 0
    assert "docs/plans/2026-01-01-a.md:7" in finished.out
    plan.write_text("# A\n\n**Goal:** one\n\n## Wave 1\n\n### Task 1: x\n\nDo it.\n")
    framework_repo.git("add", "-A")
    framework_repo.passes("git", "commit", "-m", "a plan")
    (framework_repo.path / "notes.md").write_text("### Task 1: x\n")
    framework_repo.git("add", "-A")
    assert "no files to check" in framework_repo.passes("git", "commit", "-m", "no plan")


def test_triage_on_request(framework_repo: FrameworkRepo) -> None:
    framework_repo.configure("kas-triage")
    assert "where every plan" not in framework_repo.passes("git", "commit", "--allow-empty", "-m", "silent")
    said = framework_repo.passes("pre-commit", "run", "--hook-stage", "manual", "kas-triage")
    assert "main" in said
    assert framework_repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("stage", ["pre-commit", "pre-merge-commit", "pre-push"])
def test_the_framework_runs_at_every_stage(framework_repo: FrameworkRepo, stage: str) -> None:
    framework_repo.configure("kas-guard")
    assert (framework_repo.path / ".git/hooks" / stage).exists()
    said = framework_repo.passes("pre-commit", "run", "--hook-stage", stage, "--all-files")
    assert "keep plan-state.json out of shared history" in said


def test_the_manifest_is_valid(framework_repo: FrameworkRepo) -> None:
    manifest = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    framework_repo.passes("pre-commit", "validate-manifest", str(manifest))
