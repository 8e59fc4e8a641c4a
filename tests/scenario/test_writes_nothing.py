"""Reading commands leave every file of the repository as it was (DESIGN 7: inspection writes nothing)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scenario.rows import READERS, configuration, differences, listing
from support import Repo, Run

OLD = 1_600_000_000


def make_old(folder: Path) -> None:
    """Give every file another time, so that a careless status would refresh the index."""
    for top, _, files in os.walk(folder):
        for name in files:
            os.utime(os.path.join(top, name), (OLD, OLD), follow_symlinks=False)


@pytest.fixture
def lively(repo: Repo, new_repo: Callable[..., Repo]) -> list[Path]:
    """The worktrees of a repository in which there is much to refresh, cache, prune and repair."""
    library = new_repo("library")
    library.commit("library", {"lib.txt": "lib"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "module")
    repo.commit("plans", {"docs/plans/a.md": "a", "docs/b.txt": "b"})
    repo.git("config", "core.untrackedCache", "true")
    worktrees = [repo.path, repo.worktree("clean"), repo.worktree("dirty"), repo.worktree("sparse")]
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "docs/plans", cwd=worktrees[3])
    repo.git("update-index", "--split-index", cwd=worktrees[2])
    missing = repo.worktree("missing")
    missing.rename(missing.with_name("moved"))
    (worktrees[2] / "README.md").write_text("edited")
    (worktrees[2] / "new.txt").write_text("new")
    repo.write_state({"a.md": {"status": "implementing", "branch": "dirty"}})
    for folder in (*worktrees, missing.with_name("moved")):
        make_old(folder)
    return [*worktrees, missing.with_name("moved")]


COMMANDS = [["triage"], ["triage", "--json"], ["where"], ["config"], ["plan", "list"], ["plugins"]]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_reading_command_writes_nothing(
    kas: Run, lively: list[Path], environment: dict[str, str], command: list[str], reader: str
) -> None:
    watched = [*lively, Path(environment["HOME"])]
    before = listing(*watched)
    for place in (lively[0], lively[2], lively[-1]):
        finished = kas(*command, cwd=place, env=configuration(kas__reader=reader))
        assert finished.status == 0, finished
    assert differences(before, listing(*watched)) == []


def test_plain_status_would_have_written(repo: Repo, lively: list[Path]) -> None:
    """The proof that the listing sees what triage must not do."""
    before = listing(repo.path)
    repo.git("status")
    assert str(repo.path / ".git/index") in differences(before, listing(repo.path))


def test_index_that_is_about_to_become_sparse_is_left_as_it_is(repo: Repo, kas: Run) -> None:
    """Git writes tree objects when it makes an index sparse, even in memory for a status without locks."""
    repo.commit("folders", {"in/a.txt": "a", "out/b.txt": "b"})
    repo.git("sparse-checkout", "set", "--cone", "in")
    (repo.path / "in/new.txt").write_text("new")
    repo.git("add", "in/new.txt")
    repo.git("config", "index.sparse", "true")
    before = listing(repo.path)
    assert kas("triage", cwd=repo.path).status == 0
    assert differences(before, listing(repo.path)) == []


@pytest.mark.parametrize("reader", READERS)
def test_triage_of_a_partial_clone_fetches_nothing(repo: Repo, kas: Run, tmp_path: Path, reader: str) -> None:
    repo.commit("policy and plan", {".kas.toml": "# none\n", "docs/plans/a.md": "a"})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", repo.path.as_uri(), str(clone))
    before = listing(clone)
    kas("triage", "--json", cwd=clone, env=configuration(kas__reader=reader))
    assert differences(before, listing(clone)) == []


@pytest.mark.parametrize("reader", READERS)
def test_partial_clone_whose_base_has_a_plan_is_triaged(
    repo: Repo, kas: Run, tmp_path: Path, reader: str
) -> None:
    repo.commit("plan", {"docs/plans/a.md": "a"})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = Repo(tmp_path / "clone", repo._environment)
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", repo.path.as_uri(), str(clone.path))
    clone.write_state({"a.md": {"status": "ready"}, "b.md": {"status": "ready"}})
    rows = kas("triage", "--json", cwd=clone.path, env=configuration(kas__reader=reader)).data["rows"]
    flags = {row["plan"]: row["flags"] for row in rows if row["plan"]}
    assert {plan: "missing_plan_file" in found for plan, found in flags.items()} == {
        "a.md": False,
        "b.md": True,
    }
