"""What the tests with the pre-commit framework start from: our hooks, installed by it once for all of them.

Nothing is fetched: the framework's ``pip install`` builds this checkout with what is installed here, and the
dependencies are those of this environment (by PYTHONPATH, without the git-kas that is in it).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from framework.worlds import Framework, FrameworkRepo, run
from support import Repo

ROOT = Path(__file__).parents[2]
PURELIB = sysconfig.get_paths()["purelib"]


@pytest.fixture(scope="session")
def framework(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Framework:
    """A repository of our hooks as they are here, and a folder of the framework that knows them."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "framework"
    made = Framework(shared / "git-kas", shared / "home", shared / "dependencies")
    with FileLock(f"{shared}.lock"):
        if not (shared / "complete").exists():
            shared.mkdir(exist_ok=True)
            _copy_checkout(made)
            _link_dependencies(made.dependencies)
            _install(made, shared / "trial")
            (shared / "complete").touch()
    return made


@pytest.fixture
def framework_repo(framework: Framework, repo: Repo, environment: dict[str, str]) -> FrameworkRepo:
    """A repository with one commit, in which the framework can be used."""
    return FrameworkRepo(repo.path, framework.environment(environment), framework)


@pytest.fixture
def new_bare(new_repo: Callable[..., Repo]) -> Repo:
    """A server without the guard."""
    return new_repo("server.git", "--bare")


def _copy_checkout(made: Framework) -> None:
    """What git tracks here, or would, as a commit of a repository of its own."""
    made.hooks.mkdir()
    listed = run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT, dict(os.environ)
    )
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (made.hooks / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, made.hooks / name)
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.invalid"]
    for command in (["init", "-q"], ["add", "-A", "-f"], [*identity, "commit", "-qm", "hooks"]):
        run(["git", *command], made.hooks, made.environment(dict(os.environ)))


def _link_dependencies(folder: Path) -> None:
    folder.mkdir()
    for entry in os.scandir(PURELIB):
        if not entry.name.lower().startswith(("git_kas", "_git_kas", "pip", "__editable__", "coverage", "a1_")):
            (folder / entry.name).symlink_to(entry.path)


def _install(made: Framework, trial: Path) -> None:
    """Let the framework make its environment for our hooks; every later use finds it."""
    trial.mkdir()
    environment = made.environment(dict(os.environ))
    run(["git", "init", "-q"], trial, environment)
    (trial / ".pre-commit-config.yaml").write_text(made.config("kas-guard", "kas-lint", "kas-triage"))
    subprocess.run(
        ["pre-commit", "install-hooks"], cwd=trial, env=environment, check=True, stdout=subprocess.DEVNULL
    )
