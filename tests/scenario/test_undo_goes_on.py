"""What was cut short, and what somebody made in between: nothing is taken for something else."""

from __future__ import annotations

from git_kas_files.operations import DiskOperationJournal
from janitor import merged_branch
from support import Repo, Run


def test_where_nothing_went_there_is_no_operation_to_take_back(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "a")
    (repo.path / ".git/refs/heads/a.lock").touch()
    data = kas("cleanup", "--execute", "--json", cwd=repo.path).data
    assert [row["done"] for row in data["rows"]] == [False]
    assert (data["executed"], data["operation"]) == (True, None)


def begun_undo(repo: Repo, operation: str) -> None:
    """An undo that was killed when it had said under which names everything comes back."""
    journal = DiskOperationJournal(str(repo.path / ".git"))
    begun = journal.begin("undo", {"undo": operation, "as": None}, 2 * 10**18)
    journal.record(begun, {"step": "names", "branches": {}, "new_branches": {}, "plans": {}, "places": {}})


def test_an_undo_that_goes_on_takes_no_other_branch_for_its_own(kas: Run, repo: Repo) -> None:
    tip = merged_branch(repo, "a")
    begun_undo(repo, kas("cleanup", "--execute", "--json", cwd=repo.path).data["operation"])
    repo.git("branch", "a", "main~1")
    refused = kas("undo", "--json", cwd=repo.path)
    assert (refused.status, refused.json()["error"]["code"]) == (4, "already_exists")
    repo.git("branch", "-m", "a", "b")
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("rev-parse", "a") == tip


def test_an_undo_that_goes_on_knows_a_branch_that_was_worked_on_since(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "a")
    kas("cleanup", "--execute", cwd=repo.path)
    undone = kas("undo", "--json", cwd=repo.path).data["operation"]
    steps = repo.path / ".git/kas/operations" / undone / "steps.jsonl"
    steps.write_text(steps.read_text().replace('{"step":"end"}\n', ""))
    repo.git("switch", "-q", "a")
    newer = repo.commit("goes on")
    assert kas("undo", cwd=repo.path).status == 0
    assert repo.git("rev-parse", "a") == newer


def test_an_undo_of_what_was_purged_stands_in_nobodys_way(kas: Run, repo: Repo) -> None:
    merged_branch(repo, "a")
    begun_undo(repo, kas("cleanup", "--execute", "--json", cwd=repo.path).data["operation"])
    assert kas("cleanup", "--execute", cwd=repo.path).status == 4
    assert kas("trash", "purge", "--older-than", "0", "--execute", cwd=repo.path).status == 0
    assert kas("cleanup", "--execute", cwd=repo.path).status == 0


def test_a_branch_made_again_after_a_sudden_end_does_not_hide_the_removed_one(kas: Run, repo: Repo) -> None:
    tip = merged_branch(repo, "a")
    done = kas("cleanup", "--execute", "--json", cwd=repo.path).data["operation"]
    steps = repo.path / ".git/kas/operations" / done / "steps.jsonl"
    begun, branches, *_ = steps.read_text().splitlines(keepends=True)
    steps.write_text(begun + branches)
    repo.git("branch", "a", "main~1")
    repo.git("config", "branch.a.remote", "origin")
    assert kas("undo", cwd=repo.path).status == 4
    assert repo.git("config", "branch.a.remote") == "origin"
    assert kas("undo", "--as", "again", cwd=repo.path).status == 0
    assert repo.git("rev-parse", "again") == tip
