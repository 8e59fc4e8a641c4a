"""The port ``Repository``, roots: every installed reader finds the same, and every clone has the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contract.readers import READERS, OpenWith
from git_kas.domain.binding import ROOT_REFS, is_root_id
from support import Repo

NewRepo = Callable[..., Repo]


@pytest.fixture(params=READERS)
def root(request: pytest.FixtureRequest, open_with: OpenWith) -> Callable[[Repo], str]:
    """The root of a repository, as one of the readers finds it."""
    return lambda repo: open_with(request.param, repo.path).root_of(ROOT_REFS) or ""


@pytest.fixture
def clone(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Repo]:
    """Clone a repository: ``clone(repo, *options)``."""
    made: list[Repo] = []

    def make(repo: Repo, *options: str) -> Repo:
        path = tmp_path / f"clone-{len(made)}"
        repo.git("clone", "-q", *options, f"file://{repo.path}", str(path))
        made.append(Repo(path, environment))
        return made[-1]

    return make


def orphan(repo: Repo, branch: str) -> str:
    """A commit without parents on a new branch."""
    tree = repo.git("hash-object", "-t", "tree", "-w", "/dev/null").strip()
    commit = repo.git("commit-tree", "-m", f"begin {branch}", tree).strip()
    repo.git("branch", branch, commit)
    return commit


def test_without_commits_there_is_none(root: Callable[[Repo], str], new_repo: NewRepo) -> None:
    assert root(new_repo()) == ""


def test_it_is_what_first_parents_lead_to(root: Callable[[Repo], str], repo: Repo) -> None:
    first = repo.git("rev-list", "--max-parents=0", "HEAD").strip()
    assert is_root_id(first)
    assert root(repo) == first
    repo.commit("more")
    other = orphan(repo, "imported")
    repo.git("merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "import it", "imported")
    assert set(repo.git("rev-list", "--max-parents=0", "HEAD").split()) == {first, other}
    assert root(repo) == first


def test_another_beginning_beside_the_base_does_not_count(root: Callable[[Repo], str], repo: Repo) -> None:
    first = repo.git("rev-list", "--max-parents=0", "HEAD").strip()
    orphan(repo, "a-page")
    repo.git("checkout", "-q", "a-page")
    assert root(repo) == first


def test_a_branch_that_is_the_only_one_counts(root: Callable[[Repo], str], repo: Repo) -> None:
    first = repo.git("rev-list", "--max-parents=0", "HEAD").strip()
    repo.git("branch", "-m", "trunk")
    assert root(repo) == first


def test_every_clone_has_the_same_but_a_shallow_one(
    root: Callable[[Repo], str], repo: Repo, clone: Callable[..., Repo]
) -> None:
    repo.commit("more")
    repo.git("checkout", "-q", "-b", "plan/x")
    first = root(repo)
    assert root(clone(repo)) == first
    assert root(clone(repo, "--branch", "plan/x", "--single-branch")) == first
    assert root(clone(repo, "--bare")) == first
    shallow = clone(repo, "--depth", "1")
    assert root(shallow) == ""
    shallow.git("fetch", "-q", "--unshallow")
    assert root(shallow) == first


def test_history_that_is_damaged_has_none(root: Callable[[Repo], str], repo: Repo) -> None:
    first = repo.git("rev-list", "--max-parents=0", "HEAD").strip()
    repo.commit("more")
    (repo.path / ".git/objects" / first[:2] / first[2:]).unlink()
    assert root(repo) == ""
