"""From an old project with history to a server into which the file cannot come back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName, ShimOptions
from git_kas_hooks.shims import shim
from guard_untrack.worlds import TWO_PLANS, OldProject, state
from plan_commands import EARLIER
from support import Repo

GUARDED = ShimOptions(("plan-state.json",))


class Pushed(Repo):
    """A repository of which some commands are refused."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        super().__init__(path, environment)
        self.environment = environment

    def refused(self, *arguments: str) -> str:
        """What ``git *arguments`` complains about."""
        finished = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert finished.returncode != 0
        return finished.stdout


@pytest.fixture
def server(new_repo: Callable[..., Repo]) -> Repo:
    """A bare repository with the guard."""
    bare = new_repo("server.git", "--bare")
    add_hook(bare.path / "hooks", HookName.PRE_RECEIVE)
    return bare


def add_hook(folder: Path, name: HookName) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(shim(name, GUARDED))
    (folder / name).chmod(0o755)


def test_from_the_old_project_to_a_server_that_keeps_it_out(
    project: OldProject, server: Repo, environment: dict[str, str], tmp_path: Path
) -> None:
    project.repo.commit("more", {EARLIER: state({**TWO_PLANS, "2026-01-03-c.md": "ready"})})
    add_hook(project.path / ".git/hooks", HookName.PRE_COMMIT)
    add_hook(project.path / ".git/hooks", HookName.PRE_PUSH)
    here = Pushed(project.path, environment)

    done = project.untrack()
    project.run_shell(done["commit"])  # the guard lets a file go
    assert project.status_lines() == []

    here.git("remote", "add", "origin", str(server.path))
    for options, place in ([], project.path), (["--no-verify"], server.path):
        assert "git config --add kas.guard.baseline" in here.refused("push", "-q", *options, "origin", "main")
        project.run_shell(done["baseline"]["command"], cwd=place)
    here.git("push", "-q", "origin", "main")

    here.git("clone", "-q", str(server.path), str(tmp_path / "clone"))
    clone = Pushed(tmp_path / "clone", environment)
    assert not (clone.path / EARLIER).exists()
    clone.commit("it comes back", {"docs/plans/other.txt": "x\n"})
    (clone.path / EARLIER).write_text("{}\n")
    clone.git("add", "--force", EARLIER)
    clone.git("commit", "-q", "--no-verify", "-m", "it comes back")
    assert f"added: {EARLIER}" in clone.refused("push", "-q", "origin", "HEAD:main")
    assert f"added: {EARLIER}" in clone.refused("push", "-q", "origin", "HEAD:refs/heads/other")

    (project.path / "later.txt").write_text("later\n")
    project.repo.git("add", "--force", EARLIER, "later.txt")
    assert EARLIER in here.refused("commit", "-qm", "again")
    assert project.listed() == {**TWO_PLANS, "2026-01-03-c.md": "ready"}


def test_another_clone_pulls_the_commit_and_has_its_plans(
    project: OldProject, server: Repo, environment: dict[str, str], tmp_path: Path
) -> None:
    done = project.untrack("--dry-run")
    project.run_shell(done["baseline"]["command"], cwd=server.path)
    project.repo.git("push", "-q", str(server.path), "main")
    project.repo.git("clone", "-q", str(server.path), str(tmp_path / "clone"))
    clone = OldProject(Repo(tmp_path / "clone", environment), environment)
    project.run_shell(project.untrack()["commit"])
    project.repo.git("push", "-q", str(server.path), "main")

    clone("import")  # as the warning says
    clone.repo.git("pull", "-q")
    assert not clone.file.exists()
    assert clone.listed() == TWO_PLANS


def test_a_branch_that_began_before_can_still_be_merged_and_pushed(
    project: OldProject, server: Repo, environment: dict[str, str]
) -> None:
    project.repo.git("switch", "-qc", "feature")
    project.repo.commit("feature", {"feature.txt": "x\n"})
    project.repo.git("switch", "-q", "main")
    done = project.untrack()
    project.run_shell(done["commit"])
    project.run_shell(done["baseline"]["command"], cwd=server.path)
    project.repo.git("push", "-q", str(server.path), "main", "feature")
    project.file.unlink()
    project.repo.git("merge", "-q", "-m", "land", "feature")
    project.repo.git("push", "-q", str(server.path), "main")
    assert EARLIER not in project.tracked()
