"""``kas.store = json:docs/plans/plan-state.json``: the state file where the earlier system had it."""

from __future__ import annotations

import json

import pytest

from support import Repo, Run

URL = "json:docs/plans/plan-state.json"
PLANS = {"a.md": {"status": "ready"}, "b.md": {"status": "reviewing"}}


@pytest.fixture
def in_place(repo: Repo) -> Repo:
    repo.git("config", "kas.store", URL)
    return repo


def status_in_file(repo: Repo, plan: str) -> str:
    text = (repo.path / "docs/plans/plan-state.json").read_text()
    return str(json.loads(text)["plans"][plan]["status"])


def test_changes_are_written_there(in_place: Repo, kas: Run) -> None:
    in_place.write_state(PLANS, shared=False)
    assert kas("plan", "transition", "a", "implement_start", cwd=in_place.path).status == 0
    assert status_in_file(in_place, "a.md") == "implementing"
    assert not (in_place.path / ".git/kas/plan-state.json").exists()
    worktree = in_place.worktree("other")
    assert kas("plan", "transition", "b", "review_approved", cwd=worktree).status == 0
    assert status_in_file(in_place, "b.md") == "done"
    assert kas("where", cwd=worktree).out.count(f"{in_place.path}/docs/plans/plan-state.json") == 1


def test_a_first_plan_makes_the_file(in_place: Repo, kas: Run) -> None:
    assert kas("plan", "create", "a", cwd=in_place.path).status == 0
    assert status_in_file(in_place, "a.md") == "ready"


@pytest.mark.parametrize("remote", [False, True])
def test_a_tracked_file_is_refused(in_place: Repo, kas: Run, *, remote: bool) -> None:
    in_place.git("switch", "-q", "-c", "side")
    in_place.write_state(PLANS, shared=False)
    in_place.commit("state", {"docs/plans/plan-state.json": "{}\n"})
    in_place.git("switch", "-q", "main")
    if remote:
        in_place.git("update-ref", "refs/remotes/origin/side", "side")
        in_place.git("branch", "-q", "-D", "side")
    finished = kas("plan", "create", "a", cwd=in_place.path)
    assert finished.status == 2
    assert ("refs/remotes/origin/side" if remote else "refs/heads/side") in finished.err
    assert not (in_place.path / "docs/plans/plan-state.json").exists()
    assert not (in_place.path / ".git/kas").exists()


def test_a_file_that_was_cleaned_away_comes_back(in_place: Repo, kas: Run) -> None:
    kas("plan", "create", "a", cwd=in_place.path)
    in_place.git("clean", "-fdxq", "docs")
    assert kas("plan", "list", cwd=in_place.path).out.split()[:2] == ["ready", "a.md"]
    assert kas("plan", "create", "b", cwd=in_place.path).status == 0
    assert status_in_file(in_place, "a.md") == status_in_file(in_place, "b.md") == "ready"


def test_moving_there_later_keeps_the_newer_state(repo: Repo, kas: Run) -> None:
    repo.write_state(PLANS, shared=False)
    kas("plan", "transition", "a", "implement_start", cwd=repo.path)
    repo.git("config", "kas.store", URL)
    assert kas("plan", "list", "--status", "implementing", cwd=repo.path).out.split()[1] == "a.md"
    kas("plan", "transition", "b", "review_approved", cwd=repo.path)
    assert (status_in_file(repo, "a.md"), status_in_file(repo, "b.md")) == ("implementing", "done")


@pytest.mark.parametrize("url", ["json:", "json:elsewhere.json", "json:/etc/plan-state.json", "json:../x"])
def test_no_other_place(repo: Repo, kas: Run, url: str) -> None:
    assert kas("plan", "list", "--store", url, cwd=repo.path).status == 2
