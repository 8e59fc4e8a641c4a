"""``git kas init --untrack``: what it refuses, with nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from guard_untrack.worlds import TWO_PLANS, OldProject, state
from plan_commands import AS_AGENT, EARLIER
from support import Repo


@contextmanager
def unchanged(project: OldProject) -> Iterator[None]:
    """Insist that nothing of the repository changes but what reading rewrites: nothing."""
    before = project.everything()
    yield
    assert project.everything() == before


def try_git(project: OldProject, *arguments: str) -> None:
    """A Git command that is meant to stop half-way."""
    with pytest.raises(AssertionError):
        project.repo.git(*arguments)


def branches_apart(project: OldProject, path: str) -> None:
    """Two branches that change ``path`` differently."""
    project.repo.commit("base", {path: "base\n"})
    project.repo.git("switch", "-qc", "side")
    project.repo.commit("side", {path: "side\n"})
    project.repo.git("switch", "-q", "main")
    project.repo.commit("main", {path: "main\n"})


def test_without_an_option_nothing_is_taken_out(project: OldProject) -> None:
    before = project.file.read_bytes()
    assert project.data("init")["untrack"] is None
    assert project.file.read_bytes() == before
    assert EARLIER in project.tracked()


def test_the_file_in_conflict(project: OldProject) -> None:
    branches_apart(project, EARLIER)
    try_git(project, "merge", "side")
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.exit, "merge is not finished" in error.message) == (8, True)


def test_conflicts_without_a_merge(project: OldProject) -> None:
    branches_apart(project, EARLIER)
    project.file.write_text("mine\n")
    project.repo.git("stash")
    project.file.write_text("other\n")
    project.repo.git("commit", "-qam", "other")
    try_git(project, "stash", "pop")
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.exit, error.message) == (8, f"The index has conflicts: {EARLIER}.")


@pytest.mark.parametrize(
    ("begin", "word"),
    [
        (("merge", "--no-commit", "--no-ff", "side"), "merge"),
        (("cherry-pick", "--no-commit", "side"), ""),
        (("cherry-pick", "side"), "cherry-pick"),
        (("revert", "HEAD~1"), "revert"),
        (("rebase", "side"), "rebase"),
    ],
)
def test_something_unfinished(project: OldProject, begin: tuple[str, ...], word: str) -> None:
    branches_apart(project, "other.txt")
    if begin[0] == "merge":
        project.repo.git("switch", "-qc", "clean", "side")
        project.repo.commit("more")
        project.repo.git("switch", "-q", "side")
        project.repo.git("merge", "--no-commit", "--no-ff", "clean")
    else:
        try_git(project, *begin)
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert error.exit == 8
    assert (f"{word} is not finished" if word else "conflicts") in error.message


@pytest.mark.parametrize("damage", ["<<<<<<< ours\n{}\n", "{", "", '{"plans": []}', "\xff"])
def test_a_damaged_file(project: OldProject, damage: str) -> None:
    project.file.write_bytes(damage.encode("latin-1"))
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.exit, error.code) == (1, "store_corrupt")
    assert f"{project.file}:1:1:" in error.message or f"{project.file}:1:" in error.message


def test_one_damaged_file_of_several(project: OldProject) -> None:
    project.repo.commit("more", {"zz/plan-state.json": "{"})
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.code, "zz/plan-state.json:1:2" in error.message) == ("store_corrupt", True)


def test_what_is_staged_and_stands_nowhere_else(project: OldProject) -> None:
    project.file.write_text(state({"2026-01-07-staged.md": "ready"}))
    project.repo.git("add", EARLIER)
    project.file.write_text(state({"2026-01-08-later.md": "ready"}))
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.exit, error.code) == (8, "would_lose_data")


def test_another_git_at_work(project: OldProject) -> None:
    (project.path / ".git/index.lock").write_text("")
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.exit, error.code) == (7, "busy")


def test_an_agent_may_not_import(project: OldProject) -> None:
    with unchanged(project):
        assert project.refused("init", "--untrack", env=AS_AGENT).code == "not_allowed"


def test_a_store_that_cannot_be_written_to(project: OldProject) -> None:
    (project.path / ".git/kas").write_text("in the way")
    with unchanged(project):
        assert project.refused("init", "--untrack").code in {"read_only", "store_corrupt"}


def test_a_bare_repository(new_repo: Callable[..., Repo], environment: dict[str, str]) -> None:
    bare = OldProject(new_repo("bare.git", "--bare"), environment)
    error = bare.refused("init", "--untrack")
    assert (error.exit, error.code) == (3, "not_found")


def test_a_store_in_place_of_the_tracked_file(project: OldProject) -> None:
    project.repo.git("config", "kas.store", f"json:{EARLIER}")
    with unchanged(project):
        error = project.refused("init", "--untrack")
    assert (error.code, "kas.store" in error.next) == ("usage", True)
    assert sorted(TWO_PLANS) == sorted(project.listed(env={"KAS_STORE": "json"}))
