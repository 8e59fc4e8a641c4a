"""How branches are judged against their base, with every reader (DESIGN 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest

from scenario.rows import READERS, Answer, Triage, ask_triage, configuration
from support import Repo, Run

ANCESTOR = ("ancestor", None)
FRESH = ("fresh", None)
UNRELATED = ("unrelated", None)
UNMERGED = ("unmerged", None)
EMPTY = ("empty", None)
SHALLOW = ("unknown", "shallow_history")
NO_BASE = ("unknown", "no_base")


@pytest.fixture(params=READERS)
def triage(request: pytest.FixtureRequest, kas: Run, repo: Repo) -> Triage:
    """Triage with the reader under test."""
    reader = cast("str", request.param)

    def ask(cwd: Path | str = repo.path, *arguments: str, env: Mapping[str, str] | None = None) -> Answer:
        return ask_triage(kas, cwd, *arguments, env={**configuration(kas__reader=reader), **(env or {})})

    return ask


def branch_with_work(repo: Repo, name: str = "side", start: str = "main", commits: int = 2) -> list[str]:
    """A branch with commits of its own; we are back on main afterwards."""
    repo.git("switch", "-q", "-c", name, start)
    made = [repo.commit(f"{name} {number}") for number in range(commits)]
    repo.git("switch", "-q", "main")
    return made


def merge(repo: Repo, *arguments: str) -> None:
    repo.git("merge", "-q", "-m", "merge", *arguments)


# -- ancestor ----------------------------------------------------------------------------------------------


def merged(repo: Repo) -> None:
    branch_with_work(repo)
    merge(repo, "--no-ff", "side")


def merged_and_base_went_on(repo: Repo) -> None:
    merged(repo)
    repo.commit("later")


def merged_by_fast_forward(repo: Repo) -> None:
    branch_with_work(repo)
    merge(repo, "--ff-only", "side")


def merged_by_fast_forward_and_base_went_on(repo: Repo) -> None:
    merged_by_fast_forward(repo)
    repo.commit("later")


def merged_by_way_of_another(repo: Repo) -> None:
    branch_with_work(repo)
    branch_with_work(repo, "other", "side")
    merge(repo, "--no-ff", "other")


def merged_in_an_octopus(repo: Repo) -> None:
    branch_with_work(repo)
    branch_with_work(repo, "other")
    merge(repo, "side", "other")


def merged_then_reverted(repo: Repo) -> None:
    merged(repo)
    repo.git("revert", "--no-edit", "-m", "1", "HEAD")


def rebased_then_merged_by_fast_forward(repo: Repo) -> None:
    branch_with_work(repo)
    repo.commit("meanwhile")
    repo.git("rebase", "-q", "main", "side")
    repo.git("switch", "-q", "main")
    merge(repo, "--ff-only", "side")


def merged_then_rewritten_message(repo: Repo) -> None:
    branch_with_work(repo, commits=1)
    repo.git("switch", "-q", "side")
    repo.git("commit", "-q", "--amend", "-m", "better")
    repo.git("switch", "-q", "main")
    merge(repo, "--ff-only", "side")


ANCESTORS = [
    merged,
    merged_and_base_went_on,
    merged_by_fast_forward,
    merged_by_fast_forward_and_base_went_on,
    merged_by_way_of_another,
    merged_in_an_octopus,
    merged_then_reverted,
    rebased_then_merged_by_fast_forward,
    merged_then_rewritten_message,
]


@pytest.mark.parametrize("history", ANCESTORS)
def test_ancestor(repo: Repo, triage: Triage, history: Callable[[Repo], None]) -> None:
    history(repo)
    answer = triage()
    assert answer.verdict("side") == ANCESTOR
    assert answer.branch("side")["ahead"] == 0


def test_reflog_kept_in_a_linked_worktree_tells_of_own_work(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.commit(cwd=linked)
    merge(repo, "--ff-only", "side")
    assert triage(linked).verdict("side") == ANCESTOR


def test_base_itself_is_not_judged(repo: Repo, triage: Triage) -> None:
    row = triage().branch("main")
    assert (row["is_base"], row["verdict"], row["reason"], row["ahead"], row["behind"]) == (
        True,
        None,
        None,
        0,
        0,
    )


# -- fresh -------------------------------------------------------------------------------------------------


def just_created(repo: Repo) -> None:
    repo.git("branch", "side")


def created_with_a_worktree(repo: Repo) -> None:
    repo.worktree("side")


def created_and_base_went_on(repo: Repo) -> None:
    repo.git("branch", "side")
    repo.commit("later")


def created_at_an_old_commit(repo: Repo) -> None:
    repo.commit("later")
    repo.git("branch", "side", "main~1")


def created_and_fast_forwarded(repo: Repo) -> None:
    linked = repo.worktree("side")
    repo.commit("later")
    repo.git("merge", "-q", "--ff-only", "main", cwd=linked)


def created_and_pulled(repo: Repo) -> None:
    linked = repo.worktree("side")
    repo.commit("later")
    repo.git("pull", "-q", "--ff-only", str(repo.path), "main", cwd=linked)


def created_and_reset_to_base(repo: Repo) -> None:
    linked = repo.worktree("side")
    repo.commit("later")
    repo.git("reset", "-q", "--hard", "main", cwd=linked)


def created_and_rebased(repo: Repo) -> None:
    linked = repo.worktree("side")
    repo.commit("later")
    repo.git("rebase", "-q", "main", cwd=linked)


def created_and_pulled_with_rebase(repo: Repo) -> None:
    linked = repo.worktree("side")
    repo.commit("later")
    repo.git("pull", "-q", "--rebase", str(repo.path), "main", cwd=linked)


def created_and_renamed(repo: Repo) -> None:
    repo.git("branch", "draft")
    repo.git("branch", "-m", "draft", "side")


def created_without_reflog(repo: Repo) -> None:
    repo.git("-c", "core.logAllRefUpdates=false", "branch", "side")


def created_with_uncommitted_work(repo: Repo) -> None:
    (repo.worktree("side") / "new.txt").write_text("new")


FRESH_ONES = [
    just_created,
    created_with_a_worktree,
    created_and_base_went_on,
    created_at_an_old_commit,
    created_and_fast_forwarded,
    created_and_pulled,
    created_and_reset_to_base,
    created_and_rebased,
    created_and_pulled_with_rebase,
    created_and_renamed,
    created_without_reflog,
    created_with_uncommitted_work,
]


@pytest.mark.parametrize("history", FRESH_ONES)
def test_fresh(repo: Repo, triage: Triage, history: Callable[[Repo], None]) -> None:
    history(repo)
    assert triage().verdict("side") == FRESH


# -- unmerged, unrelated ------------------------------------------------------------------------------------


def test_branch_ahead_is_unmerged(repo: Repo, triage: Triage) -> None:
    branch_with_work(repo)
    answer = triage()
    assert answer.verdict("side") == UNMERGED
    assert (answer.branch("side")["ahead"], answer.branch("side")["behind"]) == (2, 0)


def test_squash_merged_branch_has_landed(repo: Repo, triage: Triage) -> None:
    branch_with_work(repo)
    repo.git("merge", "-q", "--squash", "side")
    repo.git("commit", "-q", "-m", "squashed")
    answer = triage()
    assert answer.verdict("side") == ("landed", None)
    assert (answer.branch("side")["ahead"], answer.branch("side")["behind"]) == (2, 1)


def test_work_after_the_merge_is_unmerged(repo: Repo, triage: Triage) -> None:
    merged(repo)
    repo.git("switch", "-q", "side")
    repo.commit("after the merge")
    assert triage().verdict("side") == UNMERGED


def test_branch_with_an_empty_commit_is_empty(repo: Repo, triage: Triage) -> None:
    repo.git("switch", "-q", "-c", "side")
    repo.git("commit", "-q", "--allow-empty", "-m", "empty")
    assert triage().verdict("side") == EMPTY


def test_branch_without_common_commit_is_unrelated(repo: Repo, triage: Triage) -> None:
    repo.git("switch", "-q", "--orphan", "side")
    repo.commit("alone")
    answer = triage()
    assert answer.verdict("side") == UNRELATED
    assert (answer.branch("side")["ahead"], answer.branch("side")["behind"]) == (1, 1)


# -- the base and its upstream -----------------------------------------------------------------------------


def publish(repo: Repo, branch: str = "main", tip: str = "main") -> None:
    """Make ``origin/<branch>`` stand at ``tip`` and let the local branch track it."""
    if "origin" not in repo.git("remote").split():
        repo.git("remote", "add", "origin", "/nowhere")
    repo.git("update-ref", f"refs/remotes/origin/{branch}", tip)
    repo.git("config", f"branch.{branch}.remote", "origin")
    repo.git("config", f"branch.{branch}.merge", f"refs/heads/{branch}")


def test_stale_local_base(repo: Repo, triage: Triage) -> None:
    old = repo.git("rev-parse", "main")
    branch_with_work(repo)
    merge(repo, "--no-ff", "side")
    publish(repo)
    repo.git("reset", "-q", "--hard", old)
    answer = triage()
    assert answer.verdict("side") == ANCESTOR
    assert (answer.branch("side")["ahead"], answer.branch("side")["behind"]) == (2, 0)


def test_diverged_base(repo: Repo, triage: Triage) -> None:
    first = repo.git("rev-parse", "main")
    for name in ("here", "there", "nowhere"):
        branch_with_work(repo, name)
    merge(repo, "--no-ff", "there")
    publish(repo)
    repo.git("reset", "-q", "--hard", first)
    merge(repo, "--no-ff", "here")
    answer = triage()
    assert [answer.verdict(name) for name in ("here", "there", "nowhere")] == [ANCESTOR, ANCESTOR, UNMERGED]


def test_upstream_of_the_base_behind_it(repo: Repo, triage: Triage) -> None:
    publish(repo)
    merged(repo)
    assert triage().verdict("side") == ANCESTOR


def test_branch_from_the_tip_of_a_newer_upstream_is_fresh(repo: Repo, triage: Triage) -> None:
    old = repo.git("rev-parse", "main")
    publish(repo, tip=repo.commit("newer"))
    repo.git("reset", "-q", "--hard", old)
    repo.git("branch", "--no-track", "side", "origin/main")
    assert triage().verdict("side") == FRESH


def test_branch_that_only_the_upstream_of_the_base_is_related_to(repo: Repo, triage: Triage) -> None:
    repo.git("switch", "-q", "--orphan", "imported")
    repo.commit("another root")
    branch_with_work(repo, "side", "imported")
    publish(repo, tip="imported")
    assert triage().verdict("side") == UNMERGED


def test_gone_upstream_is_not_merged(repo: Repo, triage: Triage) -> None:
    branch_with_work(repo)
    publish(repo, "side", "side")
    repo.git("update-ref", "-d", "refs/remotes/origin/side")
    row = triage().branch("side")
    assert row["upstream"] == {"ref": "refs/remotes/origin/side", "gone": True, "unpushed": None}
    assert (row["verdict"], "gone_upstream" in row["flags"]) == ("unmerged", True)


def test_unpushed_commits(repo: Repo, triage: Triage) -> None:
    first, *_ = branch_with_work(repo, commits=3)
    publish(repo, "side", first)
    upstream = triage().branch("side")["upstream"]
    assert upstream == {"ref": "refs/remotes/origin/side", "gone": False, "unpushed": 2}


def test_upstream_that_is_a_tag(repo: Repo, triage: Triage) -> None:
    branch_with_work(repo)
    repo.git("tag", "-a", "-m", "a tag", "v1")
    publish(repo, "side")
    repo.git("update-ref", "refs/remotes/origin/side", "v1")
    answer = triage()
    assert answer.verdict("side") == UNMERGED
    assert answer.branch("side")["upstream"]["unpushed"] == 2


@pytest.mark.parametrize("target", ["main^{tree}", ""], ids=["tree", "missing"])
def test_upstream_that_leads_to_no_commit_means_keep(repo: Repo, triage: Triage, target: str) -> None:
    branch_with_work(repo)
    publish(repo, "side")
    loose = repo.path / ".git/refs/remotes/origin/side"
    loose.write_text((repo.git("rev-parse", target) if target else "deadbeef" * 5) + "\n")
    assert triage().branch("side")["verdict"] == "unmerged"


# -- shallow clones ----------------------------------------------------------------------------------------


def shallow(repo: Repo, depth: int) -> Path:
    clone = repo.path.parent / "shallow"
    repo.git("clone", "-q", f"--depth={depth}", "--no-single-branch", repo.path.as_uri(), str(clone))
    repo.git("branch", "-q", "--track", "side", "origin/side", cwd=clone)
    return clone


@pytest.mark.parametrize(("depth", "verdict"), [(1, SHALLOW), (2, SHALLOW), (3, SHALLOW), (9, UNMERGED)])
def test_shallow_clone(repo: Repo, triage: Triage, depth: int, verdict: tuple[str, str]) -> None:
    branch_with_work(repo)
    for _ in range(2):
        repo.commit()
    clone = shallow(repo, depth)
    answer = triage(clone)
    assert answer.verdict("side") == verdict
    counted = repo.git("rev-list", "--left-right", "--count", "main...side", cwd=clone).split()
    assert [answer.branch("side")["behind"], answer.branch("side")["ahead"]] == list(map(int, counted))


def test_merged_branch_in_a_shallow_clone(repo: Repo, triage: Triage) -> None:
    merged(repo)
    assert triage(shallow(repo, 2)).verdict("side") == ANCESTOR
